package expr

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed

	"github.com/weftdb/weft/document/doc"
)

// Times in documents are text by RFC 3339, or numbers of seconds since 1970. The
// operators read them in UTC, or in the time zone that they are given, and write
// text in UTC.

var dateParts = map[string]func(time.Time) int{
	"$year":         time.Time.Year,
	"$month":        func(t time.Time) int { return int(t.Month()) },
	"$dayOfMonth":   time.Time.Day,
	"$dayOfYear":    time.Time.YearDay,
	"$dayOfWeek":    func(t time.Time) int { return int(t.Weekday()) + 1 },
	"$isoDayOfWeek": isoWeekday,
	"$hour":         time.Time.Hour,
	"$minute":       time.Time.Minute,
	"$second":       time.Time.Second,
	"$millisecond":  func(t time.Time) int { return t.Nanosecond() / 1e6 },
	"$week":         func(t time.Time) int { return (t.YearDay() - int(t.Weekday()) + 6) / 7 },
	"$isoWeek":      func(t time.Time) int { _, w := t.ISOWeek(); return w },
	"$isoWeekYear":  func(t time.Time) int { y, _ := t.ISOWeek(); return y },
}

func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// moment is a time as the operators write it: to the millisecond, or further where it
// has more.
func moment(t time.Time) doc.Value {
	layout := "2006-01-02T15:04:05.000Z"
	if t.Nanosecond()%1e6 != 0 {
		layout = "2006-01-02T15:04:05.000000000Z"
	}
	return doc.FromText(t.UTC().Format(layout))
}

// instant reads a time.
func instant(name string, v doc.Value) (time.Time, error) {
	switch v.Kind() {
	case doc.String:
		if t, err := time.Parse(time.RFC3339Nano, string(v.Str())); err == nil {
			return t.UTC(), nil
		}
		if t, err := time.Parse(time.DateOnly, string(v.Str())); err == nil {
			return t, nil
		}
	case doc.Number:
		if f, _ := v.Float(); f > -6e10 && f < 2.5e11 {
			return time.Unix(int64(f), int64((f-float64(int64(f)))*1e9)).UTC(), nil
		}
	}
	return time.Time{}, Failed(name, "%s takes a time, text by RFC 3339 or seconds since 1970, not %.60s", name, v.JSON())
}

// zoned evaluates a time and its zone, where the latter was given. Null is true where
// one of them is.
func zoned(e *Env, name string, date, zone Expr) (t time.Time, null bool, err error) {
	v, err := date.Eval(e)
	if err != nil || isNull(v) {
		return t, true, err
	}
	where, null, err := location(e, name, zone)
	if err != nil || null {
		return t, true, err
	}
	t, err = instant(name, v)
	return t.In(where), false, err
}

// location evaluates a time zone: a name such as "Europe/Paris", or an offset.
func location(e *Env, name string, zone Expr) (where *time.Location, null bool, err error) {
	if zone == nil {
		return time.UTC, false, nil
	}
	v, err := zone.Eval(e)
	if err != nil || isNull(v) {
		return nil, true, err
	}
	s := string(v.Str())
	if v.Kind() == doc.String && s != "" && s != "Local" {
		for _, layout := range []string{"-07:00", "-0700", "-07"} {
			if t, err := time.Parse(layout, s); err == nil {
				_, seconds := t.Zone()
				return time.FixedZone(s, seconds), false, nil
			}
		}
		if where, err := time.LoadLocation(s); err == nil {
			return where, false, nil
		}
	}
	return nil, false, Failed(name, "the timezone of %s is a name such as \"Europe/Paris\" or an offset such as \"+02:00\", not %.60s", name, v.JSON())
}

// datePart takes a time, or {"date","timezone"?}.
func datePart(part func(time.Time) int) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		var p []Expr
		var err error
		switch {
		case arg.Kind() == doc.Object && arg.Field("date").Exists():
			p, err = c.parts(name, arg, 1, "date", "timezone")
		case arg.Kind() == doc.Array && arg.Len() != 1:
			return nil, invalid(name, "%s takes one argument, not %d", name, arg.Len())
		default:
			if arg.Kind() == doc.Array {
				arg = arg.At(0)
			}
			p = make([]Expr, 2)
			p[0], err = c.Expression(arg)
		}
		return evalFunc(func(e *Env) (doc.Value, error) {
			t, isNull, err := zoned(e, name, p[0], p[1])
			if err != nil || isNull {
				return null, err
			}
			return doc.FromInt(int64(part(t))), nil
		}), err
	}
}

// toDate is a time as text in UTC.
func toDate(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	t, err := instant("$toDate", args[0])
	if err != nil {
		return null, err
	}
	return moment(t), nil
}

// dateFormats are the parts that $dateToString knows.
var dateFormats = map[byte]func(t time.Time) string{
	'Y': func(t time.Time) string { return fmt.Sprintf("%04d", t.Year()) },
	'm': func(t time.Time) string { return fmt.Sprintf("%02d", t.Month()) },
	'd': func(t time.Time) string { return fmt.Sprintf("%02d", t.Day()) },
	'H': func(t time.Time) string { return fmt.Sprintf("%02d", t.Hour()) },
	'M': func(t time.Time) string { return fmt.Sprintf("%02d", t.Minute()) },
	'S': func(t time.Time) string { return fmt.Sprintf("%02d", t.Second()) },
	'L': func(t time.Time) string { return fmt.Sprintf("%03d", t.Nanosecond()/1e6) },
	'j': func(t time.Time) string { return fmt.Sprintf("%03d", t.YearDay()) },
	'u': func(t time.Time) string { return fmt.Sprint(isoWeekday(t)) },
	'w': func(t time.Time) string { return fmt.Sprint(int(t.Weekday()) + 1) },
	'U': func(t time.Time) string { return fmt.Sprintf("%02d", dateParts["$week"](t)) },
	'V': func(t time.Time) string { _, w := t.ISOWeek(); return fmt.Sprintf("%02d", w) },
	'G': func(t time.Time) string { y, _ := t.ISOWeek(); return fmt.Sprintf("%04d", y) },
	'b': func(t time.Time) string { return t.Format("Jan") },
	'B': func(t time.Time) string { return t.Format("January") },
	'z': func(t time.Time) string { return t.Format("-0700") },
	'Z': func(t time.Time) string { _, s := t.Zone(); return fmt.Sprintf("%+d", s/60) },
	'%': func(time.Time) string { return "%" },
}

// checkFormat holds a format against the parts that an operator knows.
func checkFormat(name, format, known string) error {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		if i++; i == len(format) || strings.IndexByte(known, format[i]) < 0 {
			return invalid(name, "the format %q has a part that is not known", format).
				WithHint("%s", "known: %"+strings.Join(strings.Split(known, ""), " %"))
		}
	}
	return nil
}

// formatOf takes the field "format" out of an argument.
func formatOf(name string, arg doc.Value, otherwise string) (format string, rest doc.Value, err error) {
	if arg.Kind() != doc.Object {
		return "", arg, invalid(name, "%s takes an object, not %s", name, arg.Kind())
	}
	f := arg.Field("format")
	switch {
	case !f.Exists():
		return otherwise, arg, nil
	case f.Kind() != doc.String:
		return "", arg, invalid(name, `the field "format" of %s must be text`, name)
	}
	return string(f.Str()), without(arg, "format"), nil
}

// dateToString takes {"date","format"?,"timezone"?,"onNull"?}, the format text with
// parts such as %Y-%m-%d.
func dateToString(c *Compiler, name string, arg doc.Value) (Expr, error) {
	format, arg, err := formatOf(name, arg, "")
	if err == nil {
		err = checkFormat(name, format, "YmdHMSLjuwUVGbBzZ%")
	}
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, arg, 1, "date", "timezone", "onNull")
	if format == "" && err == nil {
		format = "%Y-%m-%dT%H:%M:%S.%LZ"
		if p[1] != nil {
			format = "%Y-%m-%dT%H:%M:%S.%L"
		}
	}
	return evalFunc(func(e *Env) (doc.Value, error) {
		t, isNull, err := zoned(e, name, p[0], p[1])
		if err != nil {
			return null, err
		}
		if isNull {
			return orElse(e, p[2])
		}
		var b strings.Builder
		for i := 0; i < len(format); i++ {
			if format[i] != '%' {
				b.WriteByte(format[i])
				continue
			}
			i++
			b.WriteString(dateFormats[format[i]](t))
		}
		return doc.FromText(b.String()), nil
	}), err
}

// layouts are Go's words for the parts that $dateFromString knows.
var layouts = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'L': "000", 'j': "002", 'b': "Jan", 'B': "January", 'z': "-0700", '%': "%"}

// dateFromString takes {"dateString","format"?,"timezone"?,"onError"?,"onNull"?} and
// gives text by RFC 3339 in UTC.
func dateFromString(c *Compiler, name string, arg doc.Value) (Expr, error) {
	format, arg, err := formatOf(name, arg, "")
	if err == nil {
		err = checkFormat(name, format, "YmdHMSLjbBz%")
	}
	if err != nil {
		return nil, err
	}
	layout := ""
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c != '%':
			if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' && c != 'T' && c != 'Z' || c == '_' {
				return nil, invalid(name, "the format %q has the letter %q, which is no part", format, c)
			}
			layout += string(rune(c))
		default:
			i++
			if format[i] == 'L' && !strings.HasSuffix(layout, ".") && !strings.HasSuffix(layout, ",") {
				return nil, invalid(name, "%%L stands behind a point or a comma")
			}
			layout += layouts[format[i]]
		}
	}
	p, err := c.parts(name, arg, 1, "dateString", "timezone", "onError", "onNull")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		where, isZoneNull, err := location(e, name, p[1])
		if err != nil {
			return null, err
		}
		if isNull(v) || isZoneNull {
			return orElse(e, p[3])
		}
		t, err := parseDate(name, v, layout, where)
		if err != nil && p[2] != nil {
			return p[2].Eval(e)
		}
		if err != nil {
			return null, err
		}
		return moment(t), nil
	}), err
}

func parseDate(name string, v doc.Value, layout string, where *time.Location) (time.Time, error) {
	tries := []string{layout}
	if layout == "" {
		tries = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", time.DateOnly}
	}
	if v.Kind() == doc.String {
		for _, l := range tries {
			if t, err := time.ParseInLocation(l, string(v.Str()), where); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, Failed(name, "%.60s is no time of the format of %s", v.JSON(), name)
}
