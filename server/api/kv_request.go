package api

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

// keyRequest is what the URL of a key says.
type keyRequest struct {
	key              []byte
	database, bucket string
	raw              *bool // nil: as the media types say
	ttl              time.Duration
	keepTTL          bool
}

func (s *Server) keyRequest(c echo.Context, known []string) (p keyRequest, err error) {
	key, err := pathParam(c, "*")
	if err != nil {
		return p, err
	}
	p.key = []byte(key)
	q, err := queryParams(c, known)
	if err != nil {
		return p, err
	}
	p.database, p.bucket = q.Get("database"), q.Get("bucket")
	if q.Has("raw") {
		v, err := boolParam(q, "raw")
		if err != nil {
			return p, err
		}
		p.raw = &v
	}
	if p.keepTTL, err = boolParam(q, "keep_ttl"); err != nil {
		return p, err
	}
	if q.Has("ttl") {
		p.ttl, err = parseTTL("ttl", q.Get("ttl"))
	}
	return p, err
}

// queryParams returns the parameters of the URL, which must be known and come once.
func queryParams(c echo.Context, known []string) (url.Values, error) {
	if c.Request().URL.RawQuery == "" {
		return nil, nil
	}
	q, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, invalid("INVALID_URL", "the parameters of the URL cannot be read").Wrap(err)
	}
	for name, values := range q {
		if !slices.Contains(known, name) {
			return nil, invalid("UNKNOWN_FIELD", "unknown parameter %q in the URL", name).WithField(name).WithHint("known: %s", quoted(known))
		}
		if len(values) > 1 {
			return nil, invalid("DUPLICATE_FIELD", "the parameter %q comes more than once in the URL", name).WithField(name)
		}
	}
	return q, nil
}

// boolParam takes true or false; a name alone is true.
func boolParam(q url.Values, name string) (bool, error) {
	if !q.Has(name) {
		return false, nil
	}
	switch v := q.Get(name); v {
	case "true", "1", "":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		return false, invalid("INVALID_FIELD", "the parameter %q must be true or false, not %q", name, v).WithField(name)
	}
}

// intParam takes a whole number between low and high, 0 where there is none.
func intParam(q url.Values, name string, low, high int) (int, error) {
	if !q.Has(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < low || n > high {
		return 0, invalid("INVALID_FIELD", "the parameter %q must be a whole number from %d to %d, not %q", name, low, high, q.Get(name)).WithField(name)
	}
	return n, nil
}

// parseTTL reads seconds, with a fraction or without; 0 is forever.
func parseTTL(name, text string) (time.Duration, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > math.MaxInt64/1e9 {
		return 0, invalid("INVALID_TTL", "the TTL must be a number of seconds, 0 for none, not %q", shorten(text, 40)).WithField(name)
	}
	if n == 0 {
		return kv.NoTTL, nil
	}
	return max(time.Duration(n*1e9), 1), nil
}

// rawAnswer says whether a GET is answered with the value itself.
func (p *keyRequest) rawAnswer(c echo.Context, e *kv.Entry) bool {
	if p.raw != nil {
		return *p.raw
	}
	h := c.Request().Header
	accept := h.Get("Accept")
	switch {
	case strings.HasPrefix(h.Get("Range"), "bytes="):
		return true
	case accept == "" || strings.Contains(accept, "*/*"):
		return !e.Value.JSON
	}
	return !strings.Contains(accept, "application/json")
}

// mediaType is the Content-Type of a request; that which curl and browsers send
// without being told to is none.
func mediaType(h http.Header) string {
	v := h.Get("Content-Type")
	if strings.HasPrefix(strings.ToLower(v), "application/x-www-form-urlencoded") {
		return ""
	}
	return v
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// rawBody says whether the body is the value itself.
func (p *keyRequest) rawBody(c echo.Context) bool {
	if p.raw != nil {
		return *p.raw
	}
	return !isJSON(mediaType(c.Request().Header))
}

func (p *keyRequest) rawValue(c echo.Context, body []byte) kv.Value {
	t := mediaType(c.Request().Header)
	if isJSON(t) {
		return kv.JSON(body)
	}
	return kv.Value{Data: body, ContentType: t}
}

// readAnyBody reads a body of any media type into buf.
func (s *Server) readAnyBody(x *exchange, buf []byte) ([]byte, error) {
	r := x.Request()
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return buf, dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding %q is not accepted here", enc)
	}
	limit := min(s.opts.BodyBytes, kv.MaxValueBytes)
	if r.ContentLength > limit {
		return buf, bodyTooLarge(limit)
	}
	control := http.NewResponseController(x.Response())
	buf = slices.Grow(buf, int(max(r.ContentLength, 0))+1)
	for {
		control.SetReadDeadline(time.Now().Add(streamStall)) //nolint:errcheck // a recorder in a test has none
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf, bodyTooLarge(limit)
		case errors.Is(err, io.EOF):
			control.SetReadDeadline(time.Time{}) //nolint:errcheck // as above
			return buf, nil
		case err != nil: // the deadline stays, or net/http would wait for the rest without one
			return buf, dberr.New(dberr.ErrCanceled, "BODY_INCOMPLETE", "the body ended early").Wrap(err)
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
	}
}

// etag is the version of an entry as a strong entity tag.
func etag(v txn.Timestamp) string { return string(appendETag(nil, v)) }

func appendETag(dst []byte, v txn.Timestamp) []byte {
	return append(strconv.AppendUint(append(dst, '"'), uint64(v), 10), '"')
}

// readConditions reads If-Match and If-None-Match, as a condition for writes; unchanged
// says what the second means for reads.
func readConditions(h http.Header) (c kv.Condition, err error) {
	if v := h["If-Match"]; len(v) > 0 {
		if c.AnyOf, c.Present, err = entityTags(strings.Join(v, ","), "If-Match", true); err != nil {
			return c, err
		}
	}
	if v := h["If-None-Match"]; len(v) > 0 {
		c.NoneOf, c.Absent, err = entityTags(strings.Join(v, ","), "If-None-Match", false)
	}
	return c, err
}

// writeConditions are those of readConditions and of If-Unmodified-Since, which counts
// where there is no If-Match. A time that cannot be read is ignored, as RFC 9110 has it.
func writeConditions(h http.Header) (kv.Condition, error) {
	c, err := readConditions(h)
	if v := h.Get("If-Unmodified-Since"); v != "" && c.AnyOf == nil && !c.Present {
		c.UnchangedSince, _ = http.ParseTime(v) //nolint:errcheck // as said
	}
	return c, err
}

// unchanged says whether If-None-Match names a version.
func unchanged(c *kv.Condition, v txn.Timestamp) bool {
	return c.Absent || slices.Contains(c.NoneOf, v)
}

// entityTags reads a list of entity tags, or *. A tag that is no version of this
// server, or is weak where only strong ones count, stands for a version that never is.
func entityTags(list, header string, strong bool) (versions []txn.Timestamp, star bool, err error) {
	if strings.TrimSpace(list) == "*" {
		return nil, true, nil
	}
	versions = []txn.Timestamp{}
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		bare, weak := strings.CutPrefix(tag, "W/")
		if len(bare) < 2 || bare[0] != '"' || bare[len(bare)-1] != '"' {
			return nil, false, invalid("INVALID_HEADER", "%s holds %q, which is no entity tag", header, shorten(tag, 64)).WithField(header).
				WithHint(`send the ETag as it came, with its quotes`)
		}
		n, err := strconv.ParseUint(bare[1:len(bare)-1], 10, 63)
		if err != nil || weak && strong {
			n = math.MaxUint64
		}
		versions = append(versions, txn.Timestamp(n))
	}
	return versions, false, nil
}
