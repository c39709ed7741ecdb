package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// bindPrometheus binds the interface of Prometheus' server, for clients that know only
// that: Grafana's data source above all.
func (s *Server) bindPrometheus(e *echo.Echo) {
	g := e.Group("/prometheus/api/v1")
	for path, h := range map[string]promHandler{
		"/query": s.promQuery, "/query_range": s.promQueryRange, "/series": s.promSeries, "/labels": s.promLabels,
	} {
		get(g, path, s.prometheus(h))
		g.POST(path, s.prometheus(h))
	}
	get(g, "/label/:name/values", s.prometheus(s.promLabelValues))
	get(g, "/metadata", s.prometheus(s.promMetadata))
	get(g, "/status/buildinfo", s.prometheus(s.promBuildInfo))
	g.POST("/write", s.remoteWrite)
	g.POST("/read", s.remoteRead)
}

// promAnswer is what a handler has to tell.
type promAnswer struct {
	data            func(b []byte) []byte // appends JSON
	warnings, infos []string
}

type promHandler func(c echo.Context, q url.Values, reply func(promAnswer) error) error

// prometheus makes a handler answer as Prometheus does, failures too.
func (s *Server) prometheus(h promHandler) echo.HandlerFunc {
	return func(c echo.Context) error {
		buf := getBuffer()
		defer putBuffer(buf)
		q, err := s.promParams(c)
		if err == nil {
			err = h(c, q, func(a promAnswer) error {
				buf.b = a.append(buf.b)
				if int64(len(buf.b)) > s.opts.ResultBytes {
					return &prom.Failure{Kind: "execution", Err: errors.New("the answer is longer than server.result_bytes allows; ask for less")}
				}
				return nil
			})
		}
		status := http.StatusOK
		if err != nil {
			status, buf.b = s.promFailure(of(c), err, buf.b[:0])
		}
		c.Response().Header()["Content-Type"] = typeJSON
		c.Response().WriteHeader(status)
		_, err = c.Response().Write(buf.b)
		return err
	}
}

func (a *promAnswer) append(b []byte) []byte {
	b = append(b, `{"status":"success","data":`...)
	b = a.data(b)
	for _, list := range []struct {
		name  string
		texts []string
	}{{"warnings", a.warnings}, {"infos", a.infos}} {
		if len(list.texts) > 0 {
			b = append(append(append(b, `,"`...), list.name...), `":`...)
			b = prom.AppendTexts(b, list.texts)
		}
	}
	return append(b, "}\n"...)
}

// promStatus are the statuses of Prometheus' kinds of errors.
var promStatus = map[string]int{
	"bad_data": http.StatusBadRequest, "execution": http.StatusUnprocessableEntity, "canceled": 499, "timeout": http.StatusServiceUnavailable,
	"internal": http.StatusInternalServerError, "not_found": http.StatusNotFound, "unavailable": http.StatusServiceUnavailable,
}

// promFailure renders an error. What is the server's own fault is not told, but logged.
func (s *Server) promFailure(x *exchange, err error, b []byte) (int, []byte) {
	var f *prom.Failure
	if !errors.As(prom.Tell(err), &f) {
		f = &prom.Failure{Kind: "internal", Err: err}
	}
	status, text := promStatus[f.Kind], f.Err.Error()
	if e := dberr.As(f.Err); e != nil {
		text = e.Message
		if e.Code == "BODY_TOO_LARGE" {
			status = http.StatusRequestEntityTooLarge
		}
	}
	if f.Kind == "internal" {
		s.logFailure(x, x.describe(err), err)
		text = "the server met an error of its own; its log has the cause under the request id " + x.id
	}
	b = append(b, `{"status":"error","errorType":`...)
	b = append(prom.AppendText(b, f.Kind), `,"error":`...)
	return status, append(prom.AppendText(b, text), "}\n"...)
}

// promParams are the parameters of the URL and, of a POST, of the form in its body.
// Unknown ones are let pass, as Prometheus does: its clients send what its versions know.
func (s *Server) promParams(c echo.Context) (url.Values, error) {
	r := c.Request()
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("INVALID_URL", "the parameters of the URL cannot be read")
	}
	if r.Method != http.MethodPost {
		return q, nil
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readWhole(of(c), buf.b, s.opts.BodyBytes); err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(buf.b))
	if err != nil {
		return nil, invalid("INVALID_BODY", "the body is not a form: it must be application/x-www-form-urlencoded")
	}
	for name, values := range form {
		q[name] = append(values, q[name]...)
	}
	return q, nil
}

func badParam(name, format string, args ...any) error {
	return &prom.Failure{Kind: "bad_data", Err: invalid("INVALID_FIELD", "invalid parameter %q: "+format, append([]any{name}, args...)...).WithField(name)}
}

// promTime reads a time: seconds, or RFC 3339.
func promTime(q url.Values, name string, missing time.Time) (time.Time, error) {
	v := q.Get(name)
	if v == "" {
		return missing, nil
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil {
		whole, part := math.Modf(f)
		if math.IsNaN(f) || math.Abs(f) > math.MaxInt64/1e9 {
			return time.Time{}, badParam(name, "cannot parse %q to a valid timestamp", shorten(v, 40))
		}
		return time.Unix(int64(whole), int64(math.Round(part*1000))*1e6).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		return t, badParam(name, "cannot parse %q to a valid timestamp", shorten(v, 40))
	}
	return t, nil
}

// promDuration reads seconds, or a duration as PromQL writes it.
func promDuration(q url.Values, name string) (time.Duration, error) {
	v := q.Get(name)
	if f, err := strconv.ParseFloat(v, 64); err == nil {
		if ns := f * 1e9; !math.IsNaN(f) && math.Abs(ns) < math.MaxInt64 {
			return time.Duration(ns), nil
		}
	} else if d, err := model.ParseDuration(v); err == nil {
		return time.Duration(d), nil
	}
	return 0, badParam(name, "cannot parse %q to a valid duration", shorten(v, 40))
}

// promLimit reads a bound of a list; 0 is none.
func promLimit(q url.Values, name string) (int, error) {
	v := q.Get(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, badParam(name, "limit must be non-negative")
	}
	return n, nil
}

// promStore is the model of the database that the request names. One that is not there
// is an error, and is not made.
func (s *Server) promStore(c echo.Context, q url.Values) (*timeseries.Store, error) {
	return s.timeSeries(c, q.Get("database"), false)
}

func (s *Server) promQuery(c echo.Context, q url.Values, reply func(promAnswer) error) error {
	at, err := promTime(q, "time", time.Now())
	if err != nil {
		return err
	}
	return s.runPromQL(c, q, prom.Query{Start: at, End: at}, reply)
}

func (s *Server) promQueryRange(c echo.Context, q url.Values, reply func(promAnswer) error) error {
	var run prom.Query
	var err error
	for name, to := range map[string]*time.Time{"start": &run.Start, "end": &run.End} {
		if q.Get(name) == "" {
			return badParam(name, "cannot parse \"\" to a valid timestamp")
		}
		if *to, err = promTime(q, name, time.Time{}); err != nil {
			return err
		}
	}
	if run.Step, err = promDuration(q, "step"); err != nil {
		return err
	}
	if run.Step < time.Millisecond {
		return badParam("step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
	}
	return s.runPromQL(c, q, run, reply)
}

// runPromQL runs a query as the engine's limits and those of the request allow. It is
// among the queries that GET /api/v1/queries lists, and can be ended there.
func (s *Server) runPromQL(c echo.Context, q url.Values, run prom.Query, reply func(promAnswer) error) (err error) {
	run.Expr = q.Get("query")
	if q.Get("lookback_delta") != "" {
		if run.Lookback, err = promDuration(q, "lookback_delta"); err != nil {
			return err
		}
	}
	limit, err := promLimit(q, "limit")
	if err != nil {
		return err
	}
	x := of(c)
	ctx, cancel := context.WithCancelCause(x.Request().Context())
	defer cancel(nil)
	if q.Get("timeout") != "" {
		d, err := promDuration(q, "timeout")
		if err != nil {
			return err
		}
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, d)
		defer stop()
	}
	store, err := s.promStore(c, q)
	if err != nil {
		return err
	}
	st := &statement{id: x.id, sql: run.Expr, database: q.Get("database"), client: clientOf(x.Request()), start: x.start, cancel: cancel}
	s.running.add(st)
	defer s.running.remove(st)
	return s.promql.Run(ctx, store, run, func(r prom.Result) error {
		if r.Limit(limit) {
			r.Warnings = append(r.Warnings, "results truncated due to limit")
		}
		return reply(promAnswer{data: r.AppendJSON, warnings: r.Warnings, infos: r.Infos})
	})
}

// promRange reads start and end, which without a value are all of time.
func promRange(q url.Values) (start, end time.Time, err error) {
	if start, err = promTime(q, "start", prom.MinTime); err == nil {
		end, err = promTime(q, "end", prom.MaxTime)
	}
	if err == nil && end.Before(start) {
		err = badParam("end", "end timestamp must not be before start time")
	}
	return start, end, err
}

// promSearch reads what the searches for labels have in common.
func (s *Server) promSearch(c echo.Context, q url.Values) (store *timeseries.Store, f prom.Find, err error) {
	if f.Start, f.End, err = promRange(q); err != nil {
		return nil, f, err
	}
	if f.Limit, err = promLimit(q, "limit"); err != nil {
		return nil, f, err
	}
	if f.Sets, err = s.promql.Selectors(q["match[]"]); err != nil {
		return nil, f, err
	}
	store, err = s.promStore(c, q)
	return store, f, err
}

const truncated = "results truncated due to limit"

func warnIf(cut bool) []string {
	if cut {
		return []string{truncated}
	}
	return nil
}

func (s *Server) promSeries(c echo.Context, q url.Values, reply func(promAnswer) error) error {
	store, f, err := s.promSearch(c, q)
	if err == nil && len(f.Sets) == 0 {
		err = badParam("match[]", "no match[] parameter provided")
	}
	if err != nil {
		return err
	}
	list, cut, err := prom.FindSeries(c.Request().Context(), store, f)
	if err != nil {
		return err
	}
	return reply(promAnswer{warnings: warnIf(cut), data: func(b []byte) []byte {
		b = append(b, '[')
		for i, ls := range list {
			if i > 0 {
				b = append(b, ',')
			}
			b = prom.AppendLabels(b, ls)
		}
		return append(b, ']')
	}})
}

func (s *Server) promLabels(c echo.Context, q url.Values, reply func(promAnswer) error) error {
	store, f, err := s.promSearch(c, q)
	if err != nil {
		return err
	}
	return replyTexts(reply)(prom.FindLabels(c.Request().Context(), store, f))
}

func (s *Server) promLabelValues(c echo.Context, q url.Values, reply func(promAnswer) error) error {
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "U__") { // how clients write names that old ones do not know
		name = model.UnescapeName(name, model.ValueEncodingEscaping)
	}
	if name == "" {
		return badParam("name", "invalid label name: %q", name)
	}
	store, f, err := s.promSearch(c, q)
	if err != nil {
		return err
	}
	return replyTexts(reply)(prom.FindValues(c.Request().Context(), store, name, f))
}

func replyTexts(reply func(promAnswer) error) func(list []string, cut bool, err error) error {
	return func(list []string, cut bool, err error) error {
		if err != nil {
			return err
		}
		return reply(promAnswer{warnings: warnIf(cut), data: func(b []byte) []byte { return prom.AppendTexts(b, list) }})
	}
}

func (s *Server) promMetadata(c echo.Context, q url.Values, reply func(promAnswer) error) error {
	limit, err := promLimit(q, "limit")
	if err != nil {
		return err
	}
	if _, err := promLimit(q, "limit_per_metric"); err != nil { // a metric has one description
		return err
	}
	store, err := s.promStore(c, q)
	if err != nil {
		return err
	}
	list, err := store.Metrics(c.Request().Context())
	if err != nil {
		return err
	}
	if name := q.Get("metric"); name != "" {
		list = slices.DeleteFunc(list, func(m *timeseries.Metric) bool { return m.Name != name })
	}
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return reply(promAnswer{data: func(b []byte) []byte {
		b = append(b, '{')
		for i, m := range list {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(prom.AppendText(b, m.Name), `:[{"type":`...)
			b = append(prom.AppendText(b, m.Type.String()), `,"help":`...)
			b = append(prom.AppendText(b, m.Description), `,"unit":`...)
			b = append(prom.AppendText(b, m.Unit), `}]`...)
		}
		return append(b, '}')
	}})
}

// promBuildInfo names the version of Prometheus whose PromQL this is, by which Grafana
// tells what it can ask for.
func (s *Server) promBuildInfo(_ echo.Context, _ url.Values, reply func(promAnswer) error) error {
	info := labels.FromStrings("version", prom.PrometheusVersion, "revision", s.opts.Commit, "branch", "weft "+s.opts.Version, "buildUser", "", "buildDate", "", "goVersion", runtime.Version())
	names := []string{"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
	return reply(promAnswer{data: func(b []byte) []byte {
		for i, name := range names {
			b = append(b, "{,"[min(i, 1)])
			b = append(prom.AppendText(b, name), ':')
			b = prom.AppendText(b, info.Get(name))
		}
		return append(b, '}')
	}})
}
