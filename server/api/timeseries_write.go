package api

import (
	"math"
	"math/big"
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

// writeFields are the fields of the body of a write: those of one point, or what holds
// for all of "points".
var (
	pointFields = []string{"metric", "value", "fields", "tags", "timestamp"}
	writeFields = slices.Concat(pointFields, []string{"points", "precision", "database"})
)

// pointInput is a point as a body says it.
type pointInput struct {
	metric  string
	tags    []timeseries.Tag
	fields  []timeseries.Field
	hasTime bool
	time    string // as written; quoted where it was a string
}

// writePoints takes one point, or {"metric"?,"tags"?,"points":[…]}, or an array of points.
func (s *Server) writePoints(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "precision"})
	if err != nil {
		return err
	}
	in := writeInput{database: q.Get("database"), precision: q.Get("precision")}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(of(c), buf.b); err != nil {
		return err
	}
	if err := in.decode(buf.b); err != nil {
		return err
	}
	store, err := s.timeSeries(c, in.database, true)
	if err != nil {
		return err
	}
	points, err := in.points(store.Now())
	if err != nil {
		return err
	}
	refused, err := store.WriteAll(c.Request().Context(), points)
	if refused != nil && in.isList {
		err = within(in.place(refused.Point), err)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "written": len(points)})
}

type writeInput struct {
	database, precision string
	all                 pointInput // what stands outside of points
	list                []pointInput
	isList              bool
}

func (in *writeInput) decode(body []byte) error {
	var sc jsonin.Scanner
	sc.Reset(body)
	var err error
	switch k := sc.Peek(); k {
	case jsonin.Array:
		err = in.array(&sc)
	case jsonin.Object, jsonin.Invalid:
		err = sc.Object(func(name []byte) error { return in.field(&sc, string(name)) })
	default:
		if _, err := sc.Raw(); err != nil { // no null nor number, but begins like one
			return err
		}
		return invalid("INVALID_JSON", "the body must be a point, an object with points or an array of points, not %s", k)
	}
	if err != nil {
		return err
	}
	return sc.End()
}

func (in *writeInput) array(sc *jsonin.Scanner) error {
	in.isList = true
	return sc.Array(func(i int) error {
		if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
			return jsonin.WantError("points", "an array of objects", k)
		}
		var p pointInput
		err := sc.Object(func(name []byte) error { return p.field(sc, string(name), pointFields) })
		in.list = append(in.list, p)
		return within(in.place(i), err)
	})
}

// within says where of a body what is wrong is; malformed JSON says so itself.
func within(place string, err error) error {
	e := dberr.As(err)
	if e == nil || e.Code == "INVALID_JSON" {
		return err
	}
	x := *e
	x.Message = place + ": " + x.Message
	return &x
}

func (in *writeInput) field(sc *jsonin.Scanner, name string) (err error) {
	switch name {
	case "points":
		if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
			return jsonin.WantError(name, "an array", k)
		}
		return in.array(sc)
	case "precision":
		in.precision, err = optionalString(sc, name)
	case "database":
		in.database, err = optionalString(sc, name)
	default:
		err = in.all.field(sc, name, writeFields)
	}
	return err
}

func (p *pointInput) field(sc *jsonin.Scanner, name string, known []string) (err error) {
	switch name {
	case "metric":
		p.metric, err = sc.StrField(name)
	case "value":
		if p.fields != nil {
			return invalid("DUPLICATE_FIELD", `"value" and "fields" are both given`).WithField(name)
		}
		err = p.value(sc, timeseries.DefaultField)
	case "fields":
		if p.fields != nil {
			return invalid("DUPLICATE_FIELD", `"value" and "fields" are both given`).WithField(name)
		}
		if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
			return jsonin.WantError(name, "an object", k)
		}
		err = sc.Object(func(field []byte) error { return p.value(sc, string(field)) })
	case "tags":
		p.tags, err = decodeTags(sc)
	case "timestamp":
		p.time, err = rawTime(sc, name)
		p.hasTime = p.time != ""
	default:
		err = jsonin.UnknownField(name, known)
	}
	return err
}

func decodeTags(sc *jsonin.Scanner) (tags []timeseries.Tag, err error) {
	switch k := sc.Peek(); k {
	case jsonin.Null:
		return nil, sc.Null()
	case jsonin.Object, jsonin.Invalid:
	default:
		return nil, jsonin.WantError("tags", "an object", k)
	}
	err = sc.Object(func(name []byte) error {
		v, err := sc.StrField("tags." + string(name))
		tags = append(tags, timeseries.Tag{Key: string(name), Value: v})
		return err
	})
	return tags, err
}

// value takes the value of a field. A whole number is an int where the field is one, and
// else a float; "NaN", "Infinity" and "-Infinity" are floats where the field is one.
func (p *pointInput) value(sc *jsonin.Scanner, field string) error {
	f := timeseries.Field{Name: field}
	switch k := sc.Peek(); k {
	case jsonin.Bool:
		v, err := sc.Bool()
		if err != nil {
			return err
		}
		f.Value = timeseries.BoolValue(v)
	case jsonin.String:
		v, err := sc.Str()
		if err != nil {
			return err
		}
		f.Value = timeseries.TextValue(v)
		f.Loose = v == "NaN" || v == "Infinity" || v == "-Infinity"
	case jsonin.Number:
		raw, whole, err := sc.Num()
		if err != nil {
			return err
		}
		if f.Value, f.Loose, err = number(field, string(raw), whole); err != nil {
			return err
		}
	default:
		if k == jsonin.Invalid {
			_, err := sc.Raw()
			return err
		}
		return jsonin.WantError(field, "a number, a boolean or a string", k)
	}
	p.fields = append(p.fields, f)
	return nil
}

func number(field, raw string, whole bool) (v timeseries.Value, loose bool, err error) {
	if whole && raw != "-0" {
		n, err := strconv.ParseInt(raw, 10, 64)
		if err == nil {
			return timeseries.IntValue(n), true, nil
		}
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return v, false, invalid("INVALID_FIELD", "field %q is %s, which is beyond double precision", field, shorten(raw, 40)).WithField(field)
	}
	if whole && raw != "-0" { // more digits than an int has: none may be lost
		if len(raw) > 400 {
			return v, false, invalid("INVALID_FIELD", "field %q has %d digits", field, len(raw)).WithField(field)
		}
		if r, ok := new(big.Rat).SetString(raw); !ok || new(big.Rat).SetFloat64(x).Cmp(r) != 0 {
			return v, false, invalid("INVALID_FIELD", "field %q is %s, which neither 64 bits nor double precision hold", field, shorten(raw, 40)).WithField(field)
		}
	}
	return timeseries.FloatValue(x), false, nil
}

// points makes points of what was read; what is given for all counts where a point says
// nothing itself, and its tags are added to each.
func (in *writeInput) points(now time.Time) ([]timeseries.Point, error) {
	unit, err := parsePrecision(in.precision)
	if err != nil {
		return nil, err
	}
	list := in.list
	if !in.isList {
		list = []pointInput{in.all}
	} else if in.all.fields != nil {
		return nil, invalid("INVALID_FIELD", `a value stands beside "points"`).WithField("value")
	}
	points := make([]timeseries.Point, len(list))
	for i := range list {
		p := &list[i]
		if in.isList {
			p.inherit(&in.all)
		}
		if p.metric == "" {
			return nil, invalid("MISSING_FIELD", `%s needs the field "metric"`, in.place(i)).WithField("metric")
		}
		if p.fields == nil {
			return nil, invalid("MISSING_FIELD", `%s needs the field "value" or "fields"`, in.place(i)).WithField("value")
		}
		at := now.UnixNano()
		if p.hasTime {
			if at, err = parseTime("timestamp", p.time, unit); err != nil {
				if in.isList {
					err = within(in.place(i), err)
				}
				return nil, err
			}
		}
		points[i] = timeseries.Point{Metric: p.metric, Tags: p.tags, Time: at, Fields: p.fields}
	}
	return points, nil
}

func (in *writeInput) place(i int) string {
	if in.isList {
		return "point " + strconv.Itoa(i)
	}
	return "the body"
}

func (p *pointInput) inherit(all *pointInput) {
	if p.metric == "" {
		p.metric = all.metric
	}
	if !p.hasTime {
		p.time, p.hasTime = all.time, all.hasTime
	}
	for _, t := range all.tags {
		if !slices.ContainsFunc(p.tags, func(own timeseries.Tag) bool { return own.Key == t.Key }) {
			p.tags = append(p.tags, t)
		}
	}
}

// rawTime takes a time, a number or a string, as written; empty for null.
func rawTime(sc *jsonin.Scanner, name string) (string, error) {
	switch k := sc.Peek(); k {
	case jsonin.Null:
		return "", sc.Null()
	case jsonin.Number:
		raw, _, err := sc.Num()
		return string(raw), err
	case jsonin.String:
		v, err := sc.Str()
		return strconv.Quote(v), err
	case jsonin.Invalid:
		_, err := sc.Raw()
		return "", err
	default:
		return "", jsonin.WantError(name, "a time, as a number or a string of RFC 3339", k)
	}
}

// units are the units of times that are numbers.
var units = map[string]int64{"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1}

func parsePrecision(name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	u, ok := units[name]
	if !ok {
		return 0, invalid("INVALID_FIELD", `field "precision" must be s, ms, us or ns, not %q`, shorten(name, 40)).WithField("precision")
	}
	return u, nil
}

// parseTime reads a time as rawTime gives it, or as a URL does: RFC 3339, or a number of
// units since 1970. Without a unit the magnitude tells it: below 10^11 seconds, below
// 10^14 milliseconds, below 10^17 microseconds, and nanoseconds else.
func parseTime(field, text string, unit int64) (int64, error) {
	bad := func(why string) error {
		return invalid("INVALID_TIME", "field %q is %s, %s", field, shorten(text, 40), why).WithField(field).
			WithHint("times are numbers since 1970, or RFC 3339 such as 2026-01-02T03:04:05.678Z, between 1677-09-21 and 2262-04-11")
	}
	if quotedText, err := strconv.Unquote(text); err == nil {
		text = quotedText
	}
	first := strings.TrimLeft(text, "-")
	if first == "" || len(text) > 40 {
		return 0, bad("which is no time")
	}
	if strings.ContainsAny(first, ":T-") {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return 0, bad("which is no time")
		}
		if t.Before(minTime) || t.After(maxTime) {
			return 0, bad("which is out of range")
		}
		return t.UnixNano(), nil
	}
	ns, number, ok := timeseries.NumberTime(text, unit)
	switch {
	case !number:
		return 0, bad("which is no time")
	case !ok:
		return 0, bad("which is out of range")
	}
	return ns, nil
}

var minTime, maxTime = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)
