package api

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/problem"
	"github.com/weftdb/weft/server/wire"
)

// describe makes the problem document of a failure of this request.
func (x *exchange) describe(err error) *problem.Problem {
	p := describeRoute(x.Context, err)
	if p == nil {
		p = problem.From(err)
		sql := x.sql
		if op := new(operationError); errors.As(err, &op) {
			sql, p.Operation, p.OperationID = op.sql, &op.index, op.id
		}
		if e := dberr.As(err); e != nil && e.Text == "" {
			p.Locate(sql, e.Position)
		}
	}
	p.RequestID, p.Instance = x.id, x.Request().URL.Path
	return p
}

// describeRoute describes the failures that echo's router finds; nil for others.
func describeRoute(c echo.Context, err error) *problem.Problem {
	var he *echo.HTTPError
	if dberr.As(err) != nil || !errors.As(err, &he) {
		return nil
	}
	p := &problem.Problem{Status: he.Code, Code: "INTERNAL"}
	switch he.Code {
	case http.StatusNotFound:
		p.Code = "NOT_FOUND"
		p.Detail = "no such path: " + c.Request().URL.Path
		p.Hint = "GET /docs lists the paths"
	case http.StatusMethodNotAllowed:
		p.Code = "METHOD_NOT_ALLOWED"
		methods := strings.Split(c.Response().Header().Get("Allow"), ", ")
		slices.Sort(methods) // the router names them in any order
		p.Allow = strings.Join(methods, ", ")
		c.Response().Header().Set("Allow", p.Allow)
		p.Detail = c.Request().Method + " is not allowed here"
		if p.Allow != "" {
			p.Detail += ", only " + p.Allow
		}
	case http.StatusRequestedRangeNotSatisfiable:
		p.Code, p.Detail = "RANGE_NOT_SATISFIABLE", "the value has no such range: "+c.Request().Header.Get("Range")
	default:
		p.Status, p.Detail = http.StatusInternalServerError, "the server met an error of its own; its log has the cause under this request id"
	}
	return p
}

// renderError answers with a problem document, or, where the answer has begun,
// ends the connection, so that nobody takes the part for the whole.
func (s *Server) renderError(x *exchange, err error) {
	p := x.describe(err)
	s.logFailure(x, p, err)
	res := x.Response()
	if res.Committed {
		panic(http.ErrAbortHandler)
	}
	h := res.Header()
	h.Del("Content-Disposition")
	h["Content-Type"] = []string{problem.ContentType}
	if p.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(p.RetryAfter)}
	}
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = append(p.AppendJSON(buf.b), '\n')
	h["Content-Length"] = []string{strconv.Itoa(len(buf.b))}
	res.WriteHeader(p.Status)
	if _, err := res.Write(buf.b); err != nil {
		s.opts.Log.Debug("write error answer", "request_id", x.id, "error", err)
	}
}

// logFailure logs the private cause of what is the server's fault.
func (s *Server) logFailure(x *exchange, p *problem.Problem, err error) {
	level := slog.LevelDebug
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusServiceUnavailable && p.Status != http.StatusGatewayTimeout {
		level = slog.LevelError
	}
	s.opts.Log.LogAttrs(x.Request().Context(), level, "request failed",
		slog.String("request_id", x.id), slog.String("code", p.Code), slog.Int("status", p.Status), slog.String("error", err.Error()))
}

// lastResort answers what failed outside the pipeline.
func (s *Server) lastResort(err error, c echo.Context) {
	x := &exchange{Context: c, id: requestID(c.Request())}
	x.conn = wire.Of(c.Request().Context())
	x.ownHeaders()
	s.renderError(x, err)
}

// invalid is a 400 with a code.
func invalid(code, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...)
}

// quoted joins names for a message.
func quoted(names []string) string { return strings.Join(names, ", ") }
