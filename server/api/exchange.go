package api

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/wire"
	"github.com/weftdb/weft/storage/txn"
)

// exchange is one request and its answer: echo's context with what the pipeline
// knows. It lives until the pipeline ends.
type exchange struct {
	echo.Context
	id    string      // request id
	start time.Time   // when the pipeline took it
	sql   string      // the SQL text, for the position of an error
	tx    Transaction // in which the handler runs; nil: in its own
	conn  *wire.Conn  // to which the standard headers were given; nil: they are among the others
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// of returns the exchange that the pipeline made of c.
func of(c echo.Context) *exchange { return c.(*exchange) }

func (x *exchange) free() {
	*x = exchange{}
	exchanges.Put(x)
}

// pipeline surrounds every request. One function instead of a chain: echo builds
// a chain anew for each request.
func (s *Server) pipeline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		x := exchanges.Get().(*exchange)
		*x = exchange{Context: c, id: requestID(c.Request()), start: time.Now()}
		defer x.free()
		x.conn = wire.Of(c.Request().Context())
		s.headers(x)
		packer := s.compress(x)
		defer func() {
			if v := recover(); v != nil { // only http.ErrAbortHandler gets here
				packer.abort()
				s.observe(x)
				panic(v)
			}
			packer.finish()
			s.observe(x)
		}()
		s.serve(x, next)
		return nil
	}
}

// serve admits the request, runs the handler and renders its failure. A handler
// that gives its connection up on purpose (http.ErrAbortHandler) is let through;
// any other panic is a 500.
func (s *Server) serve(x *exchange, next echo.HandlerFunc) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			s.opts.Log.Error("panic", "request_id", x.id, "method", x.Request().Method, "path", x.Request().URL.Path,
				"panic", v, "stack", string(debug.Stack()))
			s.renderError(x, dberr.SQL(dberr.StateInternal, "panic"))
		}
	}()
	err := s.admit(x)
	if err == nil {
		defer s.inFlight.Add(-1)
		err = s.through(x, next)
	}
	if err != nil {
		s.renderError(x, err)
	}
}

// through runs the handler, within the gate where it uses the database.
func (s *Server) through(x *exchange, next echo.HandlerFunc) error {
	if !usesDatabase(x.Path()) {
		return s.dispatch(x, next)
	}
	if !s.gate.enter() {
		return errExchanging()
	}
	defer s.gate.leave()
	return s.dispatch(x, next)
}

// headers sets what every answer carries: as lines where the connection takes them, which
// costs less than to have net/http copy, sort and check them.
func (s *Server) headers(x *exchange) {
	if x.conn != nil {
		x.conn.Lead(standardLines)
		x.conn.Add("X-Request-Id", x.id)
	} else {
		x.ownHeaders()
	}
	if s.origins != nil {
		s.cors(x, x.Response().Header())
	}
}

// ownHeaders puts the standard headers among the others of the answer, for a handler that
// changes them, or answers without net/http.
func (x *exchange) ownHeaders() {
	if x.conn != nil {
		x.conn.Drop()
		x.conn = nil
	}
	h := x.Response().Header()
	h["X-Request-Id"] = []string{x.id}
	for i := range standardHeaders {
		h[standardHeaders[i].name] = standardHeaders[i].values
	}
}

// setETag names the version of what an answer holds, unless that comes only with the commit
// of the request's transaction.
func (x *exchange) setETag(version txn.Timestamp) {
	switch {
	case version == 0:
	case x.conn != nil && x.tx == nil: // else the answer may be kept, and its headers with it
		var b [24]byte
		x.conn.AddBytes("Etag", appendETag(b[:0], version))
	default:
		x.Response().Header()["Etag"] = []string{etag(version)}
	}
}

// standardHeaders are those of every answer that are always the same. Answers share the
// slices.
var standardHeaders = []struct {
	name   string
	values []string
}{
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Frame-Options", []string{"DENY"}},
	{"Referrer-Policy", []string{"strict-origin-when-cross-origin"}},
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
	{"Cache-Control", []string{"no-store"}},
}

// standardLines are standardHeaders as they are sent.
var standardLines = func() string {
	var b strings.Builder
	for _, h := range standardHeaders {
		b.WriteString(h.name + ": " + h.values[0] + "\r\n")
	}
	return b.String()
}()

var typeJSON = []string{"application/json"}

// requestID takes the client's id where it is fit for logs and headers, or makes one.
func requestID(r *http.Request) string {
	if v := r.Header["X-Request-Id"]; len(v) == 1 && validID(v[0]) {
		return v[0]
	}
	var b [16]byte
	hi, lo := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		b[i], b[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	b[6] = b[6]&0x0f | 0x40 // a version 4 UUID
	b[8] = b[8]&0x3f | 0x80
	var t [36]byte
	hex.Encode(t[:8], b[:4])
	hex.Encode(t[9:13], b[4:6])
	hex.Encode(t[14:18], b[6:8])
	hex.Encode(t[19:23], b[8:10])
	hex.Encode(t[24:], b[10:])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	return string(t[:])
}

// validID accepts 1 to 128 letters, digits and the signs of usual ids.
func validID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '=' || c == '+':
		default:
			return false
		}
	}
	return true
}
