package fn

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// pathMoment is a value that datetime() and its like make. A timestamptz remembers the
// offset with which it was written.
type pathMoment struct {
	typ    sqltype.Type
	d      sqltype.Datum
	offset int // seconds east, of a timestamptz
}

// text is the moment as JSON shows it.
func (m *pathMoment) text(env *Env) string {
	te := env.types()
	if m.typ.ID == sqltype.TimestampTZ {
		te = &sqltype.Env{Location: time.FixedZone("", m.offset)}
	}
	return jsonMoment(te, m.typ, m.d)
}

var isoMoment = regexp.MustCompile(`^(?:(\d{1,4}-\d{1,2}-\d{1,2})(?:[ T]|$))?(?:(\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,6})?) ?([+-]\d{1,2}(?::?\d{2})?)?)?$`)

// datetime is .datetime(), with a template or without, and .date() and the like.
func (r *pathRun) datetime(p *sqltype.JSONPathItem, v pathValue) (pathValue, error) {
	target := map[string]sqltype.Type{"date": sqltype.TDate, "time": sqltype.TTime, "time_tz": {ID: sqltype.TimeTZ},
		"timestamp": sqltype.TTimestamp, "timestamp_tz": sqltype.TTimestampTZ}[p.Text]
	var m *pathMoment
	var err error
	switch {
	case v.when != nil && p.Text != "datetime":
		m = v.when
	case !v.is(sqltype.JSONString):
		return v, r.fail(statePathDatetime, "jsonpath item method .%s() can only be applied to a string", p.Text)
	case p.Text == "datetime" && len(p.Args) > 0:
		m, err = momentByTemplate(v.v.Str, p.Args[0].Text)
	default:
		m, err = isoDatetime(v.v.Str)
		if m == nil && err == nil {
			e := dberr.SQL(statePathDatetime, "%s format is not recognized: \"%s\"", p.Text, v.v.Str)
			if p.Text == "datetime" {
				e = e.WithHint("Use a datetime template argument to specify the input data format.")
			}
			err = e
		}
	}
	if err != nil {
		if !r.throw {
			err = errPathSilent
		}
		return v, err
	}
	if p.Text == "datetime" {
		return pathValue{when: m}, nil
	}
	if len(p.Args) > 0 {
		prec, err := p.Args[0].Num.Int64("integer")
		if err != nil || prec < 0 {
			return v, r.fail(statePathDatetime, "time precision of jsonpath item method .%s() is out of range for type integer", p.Text)
		}
		target.Mod = int32(min(prec, 6)) + 1
	}
	m, err = r.momentAs(p.Text, v, m, target)
	return pathValue{when: m}, err
}

// momentAs converts for .date(), .time() and so on.
func (r *pathRun) momentAs(method string, v pathValue, m *pathMoment, to sqltype.Type) (*pathMoment, error) {
	from := m.typ.Base()
	zoned := func(t sqltype.Type) bool { return t.ID == sqltype.TimestampTZ || t.ID == sqltype.TimeTZ }
	if from != to.Base() {
		can := sqltype.CanCast(from, to.Base())
		if can < sqltype.CastAssignment || from.ID == sqltype.Time && to.ID != sqltype.TimeTZ || from.ID == sqltype.TimeTZ && to.ID != sqltype.Time {
			text := ""
			if v.when == nil {
				text = v.v.Str
			} else {
				text = m.text(r.env)
			}
			return nil, r.fail(statePathDatetime, "%s format is not recognized: \"%s\"", method, text)
		}
		if zoned(from) != zoned(to) && !r.zones {
			return nil, errNeedsZone(from, to.Base())
		}
	}
	d, err := sqltype.CastDatum(m.d, m.typ, to, true, r.env.types())
	if err != nil {
		return nil, err
	}
	out := &pathMoment{typ: to.Base(), d: d, offset: m.offset}
	if to.ID == sqltype.TimestampTZ && from.ID != sqltype.TimestampTZ {
		out.offset = zoneOffset(r.env, d.Int)
	}
	return out, nil
}

func zoneOffset(env *Env, us int64) int {
	if env == nil || env.Location == nil || infinite(us) {
		return 0
	}
	_, off := sqltype.TimestampToGo(us).In(env.Location).Zone()
	return off
}

// isoDatetime reads the ISO forms of a date, time or timestamp; nil for others.
func isoDatetime(s string) (*pathMoment, error) {
	g := isoMoment.FindStringSubmatch(s)
	if g == nil || g[1] == "" && g[2] == "" {
		return nil, nil
	}
	typ, text := sqltype.TDate, g[1]
	switch {
	case g[1] == "" && g[3] != "":
		typ, text = sqltype.Type{ID: sqltype.TimeTZ}, g[2]+g[3]
	case g[1] == "":
		typ, text = sqltype.TTime, g[2]
	case g[3] != "":
		typ, text = sqltype.TTimestampTZ, g[1]+" "+g[2]+g[3]
	case g[2] != "":
		typ, text = sqltype.TTimestamp, g[1]+" "+g[2]
	}
	d, err := sqltype.Parse(typ, text)
	if err != nil {
		return nil, err
	}
	m := &pathMoment{typ: typ, d: d}
	if typ.ID == sqltype.TimestampTZ {
		m.offset = offsetOf(g[3])
	}
	return m, nil
}

// offsetOf reads ±HH, ±HHMM or ±HH:MM.
func offsetOf(s string) int {
	sign := 1
	if s[0] == '-' {
		sign = -1
	}
	num := func(t string) int {
		n, _ := strconv.Atoi(t) // digits or nothing
		return n
	}
	s = s[1:]
	h, m, ok := strings.Cut(s, ":")
	if !ok && len(s) > 2 {
		h, m = s[:len(s)-2], s[len(s)-2:]
	}
	return sign * (num(h)*3600 + num(m)*60)
}

// momentByTemplate reads by a template, which also decides the type.
func momentByTemplate(s, template string) (*pathMoment, error) {
	p, err := parseStrict(s, template)
	if err != nil {
		return nil, err
	}
	date, clock, zone := false, false, false
	for _, it := range dateTemplate(template) {
		switch it.key {
		case "":
		case "TZH", "TZM":
			zone = true
		case "HH", "HH12", "HH24", "MI", "SS", "MS", "US", "SSSS", "SSSSS", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "AM", "PM", "A.M.", "P.M.":
			clock = true
		default:
			date = true
		}
	}
	us := int64(0)
	if date {
		us, err = p.instant(time.UTC)
	} else {
		q := *p
		q.has = map[string]bool{"YYYY": true, "TZH": p.has["TZH"]}
		q.year, q.month, q.day = 2000, 1, 1
		us, err = q.instant(time.UTC)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case date && clock && zone:
		return &pathMoment{typ: sqltype.TTimestampTZ, d: sqltype.Datum{Int: us}, offset: p.offset}, nil
	case date && clock:
		return &pathMoment{typ: sqltype.TTimestamp, d: sqltype.Datum{Int: us}}, nil
	case date && zone:
		return nil, dberr.SQL(dberr.StateInvalidDatetime, "datetime format is zoned but not timed")
	case date:
		d, err := sqltype.CastDatum(sqltype.Datum{Int: us}, sqltype.TTimestamp, sqltype.TDate, true, nil)
		return &pathMoment{typ: sqltype.TDate, d: d}, err
	case clock && zone:
		return &pathMoment{typ: sqltype.Type{ID: sqltype.TimeTZ}, d: sqltype.Datum{Any: sqltype.TimeTZValue{
			Micros: us + int64(p.offset)*sqltype.MicrosPerSecond, OffsetSec: int32(p.offset)}}}, nil
	case clock:
		return &pathMoment{typ: sqltype.TTime, d: sqltype.Datum{Int: us}}, nil
	}
	return nil, dberr.SQL(dberr.StateInvalidDatetime, "datetime format is not dated and not timed")
}

func errNeedsZone(from, to sqltype.Type) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "cannot convert value from %s to %s without time zone usage", from.ShortName(), to.ShortName()).
		WithHint("Use *_tz() function for time zone support.")
}

// compareMoments compares moments of types that can be; ok is false for others.
func (r *pathRun) compareMoments(a, b *pathMoment) (cmp int, ok bool, err error) {
	timeOf := func(m *pathMoment) bool { return m.typ.ID == sqltype.Time || m.typ.ID == sqltype.TimeTZ }
	if timeOf(a) != timeOf(b) {
		return 0, false, nil
	}
	to := a.typ
	if a.typ != b.typ {
		rank := map[sqltype.ID]int{sqltype.Date: 0, sqltype.Timestamp: 1, sqltype.TimestampTZ: 2, sqltype.Time: 0, sqltype.TimeTZ: 2}
		low := a.typ
		if rank[a.typ.ID] < rank[b.typ.ID] {
			to = b.typ
		} else {
			low = b.typ
		}
		if rank[to.ID] == 2 && !r.zones {
			return 0, false, errNeedsZone(low, to)
		}
	}
	te := r.env.types()
	x, err := sqltype.CastDatum(a.d, a.typ, to, true, te)
	if err != nil {
		return 0, false, err
	}
	y, err := sqltype.CastDatum(b.d, b.typ, to, true, te)
	if err != nil {
		return 0, false, err
	}
	return sqltype.Compare(to, x, y), true, nil
}
