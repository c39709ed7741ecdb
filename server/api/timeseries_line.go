package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/line"
)

// bindLines binds the two paths of InfluxDB by which clients write lines.
func (s *Server) bindLines(e *echo.Echo) {
	e.POST("/write", s.writeLines)
	e.POST("/api/v2/write", s.writeLines)
}

// lineUnits are the precisions of InfluxDB 1 and 2.
var lineUnits = map[string]int64{"": 1, "ns": 1, "n": 1, "us": 1e3, "u": 1e3, "µ": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}

// lineParams are the parameters of both versions: db or bucket names the database. One
// server holds all of the data, so every consistency is met, and every organisation.
var lineParams = []string{"db", "rp", "precision", "consistency", "bucket", "org", "orgID", "atomic"}

var lineParsers = sync.Pool{New: func() any { return new(line.Parser) }}

// faultsShown is how many refused lines an answer names.
const faultsShown = 10

func (s *Server) writeLines(c echo.Context) error {
	q, err := queryParams(c, lineParams)
	if err != nil {
		return err
	}
	unit, ok := lineUnits[q.Get("precision")]
	if !ok {
		return invalid("INVALID_FIELD", "the parameter \"precision\" must be ns, us, ms, s, m or h, not %q", shorten(q.Get("precision"), 40)).WithField("precision")
	}
	database, retention := q.Get("db"), q.Get("rp")
	if bucket := q.Get("bucket"); database == "" && bucket != "" {
		var of string
		if database, of, _ = strings.Cut(bucket, "/"); of != "" {
			retention = of
		}
	}
	if retention != "" && retention != "autogen" && retention != "default" {
		return dberr.New(dberr.ErrUnsupported, "FEATURE_NOT_SUPPORTED", "points are kept as the policy says whose pattern matches their metric, so a write cannot name the policy %q", shorten(retention, 40)).WithField("rp")
	}
	atomic, err := boolParam(q, "atomic")
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readLines(of(c), buf.b); err != nil {
		return err
	}
	store, err := s.timeSeries(c, database, true)
	if err != nil {
		return err
	}
	parser := lineParsers.Get().(*line.Parser)
	defer func() {
		parser.Forget()
		lineParsers.Put(parser)
	}()
	points, lines, faults := parser.Parse(buf.b, line.Options{Now: store.Now().UnixNano(), Unit: unit, Refs: &s.lineRefs})
	if err := s.keepLines(c, store, points, lines, faults, atomic); err != nil {
		return err
	}
	c.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// keepLines writes the points; where lines were refused it tells which, and how many
// points it has written all the same.
func (s *Server) keepLines(c echo.Context, store *timeseries.Store, points []timeseries.Point, lines []int, faults []line.Fault, atomic bool) error {
	if atomic && len(faults) > 0 {
		return refusedLines(faults, 0)
	}
	if atomic {
		first, err := store.WriteAll(c.Request().Context(), points)
		if first != nil {
			err = within(fmt.Sprintf("line %d", lines[first.Point]), err)
		}
		return err
	}
	refused, err := store.WriteEach(c.Request().Context(), points)
	if err != nil {
		return err
	}
	for _, r := range refused {
		faults = append(faults, line.Fault{Line: lines[r.Point], Err: r.Err})
	}
	if len(faults) > 0 {
		return refusedLines(faults, len(points)-len(refused))
	}
	return nil
}

func refusedLines(faults []line.Fault, written int) error {
	var list []string
	for _, f := range faults[:min(len(faults), faultsShown)] {
		text := f.Err.Error()
		if e := dberr.As(f.Err); e != nil {
			text = e.Message
		}
		list = append(list, fmt.Sprintf("line %d: %s", f.Line, text))
	}
	if n := len(faults) - len(list); n > 0 {
		list = append(list, fmt.Sprintf("and %d more", n))
	}
	code := "LINES_REFUSED"
	if written > 0 {
		code = "PARTIAL_WRITE"
	}
	return dberr.New(dberr.ErrInvalid, code, "partial write: %d points written, dropped=%d: %s", written, len(faults), strings.Join(list, "; "))
}

// readLines reads a body of lines, plain or compressed by gzip.
func (s *Server) readLines(x *exchange, buf []byte) ([]byte, error) {
	r := x.Request()
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
		return s.readWhole(x, buf, s.opts.BodyBytes)
	case "gzip":
	default:
		return buf, dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding %q is not accepted here, only gzip", shorten(enc, 40))
	}
	raw, err := s.readWhole(x, nil, s.opts.BodyBytes)
	if err != nil {
		return buf, err
	}
	z, err := gzip.NewReader(strings.NewReader(string(raw)))
	if err == nil {
		w := appender{buf}
		_, err = io.Copy(&w, io.LimitReader(z, s.opts.BodyBytes+1))
		buf = w.b
	}
	if err != nil {
		return buf, invalid("INVALID_BODY", "the body is not what gzip writes").Wrap(err)
	}
	if int64(len(buf)) > s.opts.BodyBytes {
		return buf, bodyTooLarge(s.opts.BodyBytes)
	}
	return buf, nil
}

type appender struct{ b []byte }

// Write implements io.Writer.
func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}
