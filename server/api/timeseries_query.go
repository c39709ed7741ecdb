package api

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/timeseries"
)

// tsQueryFields are the fields of the body of a query, and its parameters in a URL.
var (
	tsRangeFields = []string{"metric", "tags", "start", "end", "start_time", "end_time", "database"}
	tsQueryFields = slices.Concat(tsRangeFields, []string{"field", "fields", "limit", "order", "aggregation", "group_by", "fill", "timezone", "precision", "tier"})
	tsBodyFields  = slices.Concat(tsQueryFields, []string{"queries", "expression"})
	tsURLFields   = slices.Concat(tsRangeFields, []string{"field", "fields", "limit", "order", "type", "function", "interval", "window", "offset", "group_by", "fill", "timezone", "precision", "format", "tier"})
)

// tsQuery is a query as a request says it.
type tsQuery struct {
	timeseries.Query
	database   string
	start, end string // as written
	kind       string // of the aggregation
	function   string
	interval   string
	window     string
	offset     string
	zone       string
	fill       string
	precision  string
	aggregated bool
	expression string
	queries    map[string]*tsQuery // that the expression names
	format     string              // of the URL
}

func (s *Server) queryPoints(c echo.Context) error {
	var q tsQuery
	q.format = c.QueryParam("format")
	if err := s.bindSeriesWith(c, []string{"database", "format"}, tsBodyFields, &q.database, q.field); err != nil {
		return err
	}
	return s.answerPoints(c, &q)
}

// getPoints takes the same from the URL; tags are the JSON object that the body has.
func (s *Server) getPoints(c echo.Context) error {
	p, err := queryParams(c, tsURLFields)
	if err != nil {
		return err
	}
	q := tsQuery{database: p.Get("database"), kind: p.Get("type"), function: p.Get("function"), interval: p.Get("interval"), window: p.Get("window"),
		offset: p.Get("offset"), zone: p.Get("timezone"), fill: p.Get("fill"), precision: p.Get("precision"), format: p.Get("format")}
	q.aggregated = q.kind != "" || q.function != "" || q.interval != "" || q.window != "" || q.offset != ""
	q.Metric = p.Get("metric")
	for _, name := range []string{"start", "start_time", "end", "end_time"} {
		if v := p.Get(name); v != "" {
			if err := q.bound(name, strconv.Quote(v)); err != nil {
				return err
			}
		}
	}
	if q.Limit, err = intParam(p, "limit", 1, math.MaxInt32); err != nil {
		return err
	}
	if err := q.order(p.Get("order")); err != nil {
		return err
	}
	if err := q.tier(p.Get("tier")); err != nil {
		return err
	}
	if v := p.Get("fields"); v != "" {
		q.Fields = strings.Split(v, ",")
	}
	if v := p.Get("field"); v != "" {
		q.Fields = append(q.Fields, v)
	}
	if p.Has("group_by") {
		q.Grouped = true
		if v := p.Get("group_by"); v != "" {
			q.GroupBy = strings.Split(v, ",")
		}
	}
	if v := p.Get("tags"); v != "" {
		var sc jsonin.Scanner
		sc.Reset([]byte(v))
		if q.Matchers, err = decodeMatchers(&sc); err == nil {
			err = sc.End()
		}
		if e := dberr.As(err); e != nil && e.Code == "INVALID_JSON" {
			return invalid("INVALID_FIELD", `the parameter "tags" must be a JSON object such as {"host":"a"}, not %q`, shorten(v, 40)).WithField("tags")
		}
		if err != nil {
			return err
		}
	}
	return s.answerPoints(c, &q)
}

func (s *Server) answerPoints(c echo.Context, q *tsQuery) error {
	began := time.Now()
	form, err := pickFormat(q.format, c.Request().Header.Get("Accept"))
	if err == nil && form != formatJSON && form != formatNDJSON {
		err = dberr.New(dberr.ErrInvalid, "NOT_ACCEPTABLE", "points come as application/json or application/x-ndjson").WithField("format")
	}
	if err != nil {
		return err
	}
	unit, err := parsePrecision(strings.TrimSuffix(q.precision, "rfc3339"))
	if err != nil {
		return err
	}
	if q.expression != "" || q.queries != nil {
		return s.answerExpression(c, q, form, unit, began)
	}
	if err := q.settle(); err != nil {
		return err
	}
	store, err := s.timeSeries(c, q.database, false)
	if err != nil {
		return err
	}
	q.MaxPoints = s.mostPoints()
	if form == formatNDJSON {
		return s.streamPoints(c, store, q, unit, began)
	}
	a, err := store.Query(c.Request().Context(), q.Query)
	if err != nil {
		return err
	}
	return sendAnswer(c, a, unit, began)
}

// mostPoints is how many points an answer has that is rendered whole.
func (s *Server) mostPoints() int {
	return int(min(timeseries.DefaultMaxPoints, s.opts.ResultBytes/32))
}

func sendAnswer(c echo.Context, a *timeseries.Answer, unit int64, began time.Time) error {
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = appendAnswer(buf.b, a, unit, time.Since(began))
	return writeJSON(of(c), buf.b)
}

func (q *tsQuery) field(sc *jsonin.Scanner, name string) (err error) {
	switch name {
	case "metric":
		q.Metric, err = sc.StrField(name)
	case "tags":
		q.Matchers, err = decodeMatchers(sc)
	case "start", "end", "start_time", "end_time":
		var text string
		if text, err = rawTime(sc, name); err == nil && text != "" {
			err = q.bound(name, text)
		}
	case "field":
		var v string
		v, err = sc.StrField(name)
		q.Fields = append(q.Fields, v)
	case "fields":
		q.Fields, err = textList(sc, name)
	case "limit":
		var n int64
		n, err = sc.IntField(name, 1, math.MaxInt32)
		q.Limit = int(n)
	case "order":
		var v string
		if v, err = optionalString(sc, name); err == nil {
			err = q.order(v)
		}
	case "aggregation":
		err = q.aggregation(sc)
	case "group_by":
		q.Grouped = true
		q.GroupBy, err = textList(sc, name)
	case "fill":
		err = q.fillField(sc)
	case "timezone":
		q.zone, err = optionalString(sc, name)
	case "precision":
		q.precision, err = optionalString(sc, name)
	case "tier":
		var v string
		if v, err = optionalString(sc, name); err == nil {
			err = q.tier(v)
		}
	case "expression":
		q.expression, err = sc.StrField(name)
	case "queries":
		err = q.subqueries(sc)
	}
	return err
}

func (q *tsQuery) bound(name, text string) error {
	to := &q.start
	if strings.HasPrefix(name, "end") {
		to = &q.end
	}
	if *to != "" {
		return invalid("DUPLICATE_FIELD", "%q is given under both of its names", strings.TrimSuffix(name, "_time")).WithField(name)
	}
	*to = text
	return nil
}

func (q *tsQuery) order(v string) error {
	switch v {
	case "", "oldest", "asc":
	case "newest", "desc":
		q.Newest = true
	default:
		return invalid("INVALID_FIELD", `field "order" must be "oldest" or "newest", not %q`, shorten(v, 40)).WithField("order")
	}
	return nil
}

// tier takes "auto", or "raw" to keep to points.
func (q *tsQuery) tier(v string) error {
	switch v {
	case "", "auto":
	case "raw":
		q.RawOnly = true
	default:
		return invalid("INVALID_FIELD", `field "tier" must be "auto" or "raw", not %q`, shorten(v, 40)).WithField("tier")
	}
	return nil
}

// textList takes an array of strings, or one.
func textList(sc *jsonin.Scanner, name string) (list []string, err error) {
	switch k := sc.Peek(); k {
	case jsonin.Null:
		return nil, sc.Null()
	case jsonin.Array, jsonin.Invalid:
		list = []string{}
		err = sc.Array(func(int) error {
			v, err := sc.StrField(name)
			list = append(list, v)
			return err
		})
		return list, err
	}
	v, err := sc.StrField(name)
	return []string{v}, err
}

var aggregationFields = []string{"type", "function", "interval", "window", "offset"}

// aggregation takes {"function","interval"} or {"type","function","interval"|"window","offset"?}.
func (q *tsQuery) aggregation(sc *jsonin.Scanner) error {
	switch k := sc.Peek(); k {
	case jsonin.Null:
		return sc.Null()
	case jsonin.Object, jsonin.Invalid:
	default:
		return jsonin.WantError("aggregation", "an object", k)
	}
	q.aggregated = true
	return sc.Object(func(name []byte) (err error) {
		switch n := string(name); n {
		case "type":
			q.kind, err = optionalString(sc, n)
		case "function":
			q.function, err = optionalString(sc, n)
		case "interval":
			q.interval, err = optionalString(sc, n)
		case "window":
			q.window, err = optionalString(sc, n)
		case "offset":
			q.offset, err = optionalString(sc, n)
		default:
			err = jsonin.UnknownField("aggregation."+n, aggregationFields)
		}
		return err
	})
}

func (q *tsQuery) fillField(sc *jsonin.Scanner) (err error) {
	switch sc.Peek() {
	case jsonin.Null:
		q.fill = "null"
		return sc.Null()
	case jsonin.Number:
		raw, _, err := sc.Num()
		q.fill = string(raw)
		return err
	}
	q.fill, err = sc.StrField("fill")
	return err
}

// matcherOps are the conditions on a tag.
var matcherOps = map[string]timeseries.MatchOp{"eq": timeseries.MatchIn, "ne": timeseries.MatchNotIn, "in": timeseries.MatchIn, "not_in": timeseries.MatchNotIn,
	"regex": timeseries.MatchRegex, "not_regex": timeseries.MatchNotRegex}

// decodeMatchers takes {"host":"a","region":["eu","us"],"disk":{"regex":"sd."}}.
func decodeMatchers(sc *jsonin.Scanner) (list []timeseries.Matcher, err error) {
	switch k := sc.Peek(); k {
	case jsonin.Null:
		return nil, sc.Null()
	case jsonin.Object, jsonin.Invalid:
	default:
		return nil, jsonin.WantError("tags", "an object", k)
	}
	err = sc.Object(func(name []byte) error {
		tag := string(name)
		switch sc.Peek() {
		case jsonin.Object:
			return sc.Object(func(name []byte) error {
				op, ok := matcherOps[string(name)]
				if !ok {
					return jsonin.UnknownField("tags."+tag+"."+string(name), []string{"eq", "ne", "in", "not_in", "regex", "not_regex"})
				}
				m := timeseries.Matcher{Tag: tag, Op: op}
				if strings.HasSuffix(string(name), "in") {
					m.Values, err = textList(sc, "tags."+tag)
				} else {
					var v string
					v, err = sc.StrField("tags." + tag)
					m.Values = []string{v}
				}
				list = append(list, m)
				return err
			})
		default:
			values, err := textList(sc, "tags."+tag)
			if values == nil && err == nil {
				values = []string{""} // null: without the tag
			}
			list = append(list, timeseries.Matcher{Tag: tag, Values: values})
			return err
		}
	})
	return list, err
}

// settle makes the query of what was written.
func (q *tsQuery) settle() (err error) {
	if q.Metric == "" {
		return invalid("MISSING_FIELD", `the query needs the field "metric"`).WithField("metric")
	}
	if err := q.settleRange(); err != nil {
		return err
	}
	if q.Zone, err = timeseries.LoadZone(q.zone); err != nil {
		return err
	}
	if err := q.settleFill(); err != nil {
		return err
	}
	if !q.aggregated {
		return nil
	}
	if q.function == "" {
		return invalid("MISSING_FIELD", `an aggregation needs the field "function"`).WithField("function").WithHint("known: %s", timeseries.FunctionNames)
	}
	if q.Function, err = timeseries.ParseFunction(q.function); err != nil {
		return err
	}
	return q.settleWindow()
}

func (q *tsQuery) settleRange() (err error) {
	q.From, q.To = math.MinInt64, math.MaxInt64
	if q.start != "" {
		if q.From, err = parseTime("start", q.start, 0); err != nil {
			return err
		}
	}
	if q.end != "" {
		q.To, err = parseTime("end", q.end, 0)
	}
	return err
}

func (q *tsQuery) settleFill() error {
	switch q.fill {
	case "", "none":
	case "null":
		q.Fill = timeseries.FillNull
	case "previous":
		q.Fill = timeseries.FillPrevious
	case "linear":
		q.Fill = timeseries.FillLinear
	default:
		v, err := strconv.ParseFloat(q.fill, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return invalid("INVALID_FIELD", `field "fill" must be none, null, previous, linear or a number, not %q`, shorten(q.fill, 40)).WithField("fill")
		}
		q.Fill, q.FillWith = timeseries.FillValue, v
	}
	return nil
}

func (q *tsQuery) settleWindow() (err error) {
	kind := q.kind
	if kind == "" {
		kind = "downsample"
		if q.interval == "" && q.window == "" {
			kind = "instant"
		}
	}
	text, field := q.interval, "interval"
	switch kind {
	case "downsample":
		q.Mode = timeseries.Downsample
		if text == "" {
			text, field = q.window, "window"
		}
	case "rolling", "rolling_window":
		q.Mode = timeseries.Rolling
		if q.window != "" {
			text, field = q.window, "window"
		}
	case "instant":
		q.Mode = timeseries.Instant
		if q.interval != "" || q.window != "" || q.offset != "" {
			return invalid("INVALID_FIELD", `an aggregation of type "instant" has no interval, window or offset`).WithField("interval")
		}
		return nil
	default:
		return invalid("INVALID_FIELD", `field "type" must be downsample, rolling or instant, not %q`, shorten(q.kind, 40)).WithField("type")
	}
	if q.interval != "" && q.window != "" {
		return invalid("DUPLICATE_FIELD", `"interval" and "window" are both given`).WithField("window")
	}
	if text == "" {
		return invalid("MISSING_FIELD", `an aggregation of type %q needs the field "interval"`, kind).WithField("interval")
	}
	if q.Interval, err = timeseries.ParseInterval(field, text); err != nil || q.offset == "" {
		return err
	}
	o, err := timeseries.ParseInterval("offset", q.offset)
	if err != nil {
		return err
	}
	if q.Mode == timeseries.Rolling || o.Fixed == 0 {
		return invalid("INVALID_INTERVAL", `field "offset" must be a fixed span of time, and moves the windows of a downsample only`).WithField("offset")
	}
	q.Offset = o.Fixed
	return nil
}

// deletePoints takes {"metric","tags"?,"start"?,"end"?}, one of the three at least.
func (s *Server) deletePoints(c echo.Context) error {
	var q tsQuery
	if err := s.bindSeries(c, tsRangeFields, &q.database, q.field); err != nil {
		return err
	}
	if q.Metric == "" {
		return invalid("MISSING_FIELD", `the body needs the field "metric"`).WithField("metric")
	}
	if q.Matchers == nil && q.start == "" && q.end == "" {
		return invalid("MISSING_FIELD", `the body needs "tags", "start" or "end"`).WithField("start").
			WithHint("DELETE /api/v1/timeseries/metrics/{name} removes a metric whole")
	}
	if err := q.settleRange(); err != nil {
		return err
	}
	store, err := s.timeSeries(c, q.database, false)
	if err != nil {
		return err
	}
	d := timeseries.Deletion{Metric: q.Metric, Matchers: q.Matchers, From: q.From, To: q.To}
	if q.end != "" {
		if q.From >= q.To {
			return invalid("INVALID_RANGE", "the range ends before it starts").WithField("end")
		}
		d.To--
	}
	n, err := store.Delete(c.Request().Context(), d)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "series": n})
}
