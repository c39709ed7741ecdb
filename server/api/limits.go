package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// admit counts a request in or says why not.
func (s *Server) admit(x *exchange) error {
	if s.hosts != nil && !s.hostKnown(x.Request().Host) {
		return dberr.New(dberr.ErrInvalid, "HOST_NOT_ALLOWED", "the host name %q is not one of this server's", x.Request().Host).
			WithHint("a page in a browser must not reach a local server under a name of its own; allow the name with --set server.allowed_hosts=NAME")
	}
	if err := s.checkOrigin(x.Request()); err != nil {
		return err
	}
	if n := s.inFlight.Add(1); n > int64(s.opts.MaxInFlight) && !alwaysAdmitted(x.Path()) {
		s.inFlight.Add(-1)
		return dberr.New(dberr.ErrUnavailable, "OVERLOADED", "the server runs %d requests, as many as it is set to", s.opts.MaxInFlight).
			WithHint("retry later, or raise server.max_in_flight")
	}
	return nil
}

// alwaysAdmitted says which paths must answer however busy the server is.
func alwaysAdmitted(path string) bool {
	switch path {
	case "/livez", "/readyz", "/health", "/healthz", "/health/live", "/health/ready", "/metrics", "/api/v1/queries", "/api/v1/queries/:id":
		return true
	}
	return false
}

// checkOrigin refuses what a page of another site makes a browser send. Browsers
// name the page in Origin with everything but plain reading; other clients send none.
func (s *Server) checkOrigin(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	return s.checkPage(r)
}

// checkPage refuses requests of the pages of other sites, whatever their method.
func (s *Server) checkPage(r *http.Request) error {
	origin := ""
	if v := r.Header["Origin"]; len(v) > 0 {
		origin = v[0]
	}
	if origin == "" || s.origins["*"] || s.origins[origin] {
		return nil
	}
	if _, host, ok := strings.Cut(origin, "://"); ok && strings.EqualFold(host, r.Host) {
		return nil
	}
	return dberr.New(dberr.ErrInvalid, "ORIGIN_NOT_ALLOWED", "pages of %q may not use this server", origin).
		WithHint("allow them with --set server.cors_origins=%s", origin)
}

// hostKnown is hostAllowed that remembers the name that was last allowed: clients name the
// server as they did before.
func (s *Server) hostKnown(host string) bool {
	if last := s.lastHost.Load(); last != nil && *last == host {
		return true
	}
	if !s.hostAllowed(host) {
		return false
	}
	allowed := host // host itself would be on the heap for every request
	s.lastHost.Store(&allowed)
	return true
}

// hostAllowed says whether a Host header names this server. IP addresses and
// localhost cannot be taken over by somebody else's DNS, other names can.
func (s *Server) hostAllowed(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || s.hosts["*"] || s.hosts[name] {
		return true
	}
	return net.ParseIP(strings.Trim(name, "[]")) != nil
}

// readBody reads a JSON body into buf.
func (s *Server) readBody(x *exchange, buf []byte) ([]byte, error) {
	if err := checkMedia(x.Request().Header); err != nil {
		return buf, err
	}
	return s.readWhole(x, buf, s.opts.BodyBytes)
}

// readWhole reads a body of at most limit bytes into buf.
func (s *Server) readWhole(x *exchange, buf []byte, limit int64) ([]byte, error) {
	r := x.Request()
	if r.ContentLength > limit {
		return buf, bodyTooLarge(limit)
	}
	var control *http.ResponseController
	for reads := 0; ; reads++ {
		if reads == 1 {
			control = http.NewResponseController(x.Response())
		}
		if control != nil {
			control.SetReadDeadline(time.Now().Add(streamStall)) //nolint:errcheck // a recorder in a test has none
		}
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), max(2*cap(buf), 4<<10))
			copy(grown, buf)
			buf = grown
		}
		room := min(int64(cap(buf)), limit+1) // a pooled buffer may be larger than the limit
		n, err := r.Body.Read(buf[len(buf):room])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return buf, bodyTooLarge(limit)
		}
		if errors.Is(err, io.EOF) {
			if control != nil {
				control.SetReadDeadline(time.Time{}) //nolint:errcheck // as above
			}
			return buf, nil
		}
		if err != nil { // the deadline stays, or net/http would wait for the rest without one
			return buf, dberr.New(dberr.ErrCanceled, "BODY_INCOMPLETE", "the body ended early").Wrap(err)
		}
	}
}

func bodyTooLarge(limit int64) error {
	return dberr.New(dberr.ErrTooLarge, "BODY_TOO_LARGE", "the body is larger than %d bytes", limit).
		WithHint("send less at once, or raise server.body_bytes")
}

// checkMedia accepts JSON, also where a client such as `curl -d` does not call it
// that. Pages of other sites, which can send such a body unasked, are refused by checkOrigin.
func checkMedia(h http.Header) error {
	if enc := h["Content-Encoding"]; len(enc) > 0 && enc[0] != "" && !strings.EqualFold(enc[0], "identity") {
		return dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding %q is not accepted here", enc[0])
	}
	v := h["Content-Type"]
	if len(v) == 1 && v[0] == "application/json" {
		return nil
	}
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return nil
	case media == "" || media == "text/plain" || media == "application/x-www-form-urlencoded":
		return nil
	}
	return dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "the body must have Content-Type application/json, not %s", media).
		WithHint("with curl: --json '…'")
}
