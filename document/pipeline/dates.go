package pipeline

import (
	"fmt"
	"strings"
	"time"

	"github.com/weftdb/weft/document/doc"
)

// Times in documents are text by RFC 3339, or numbers of seconds since 1970. The
// operators read them in UTC.

var dateParts = map[string]function{
	"$year":        part("$year", func(t time.Time) int { return t.Year() }),
	"$month":       part("$month", func(t time.Time) int { return int(t.Month()) }),
	"$dayOfMonth":  part("$dayOfMonth", func(t time.Time) int { return t.Day() }),
	"$dayOfYear":   part("$dayOfYear", func(t time.Time) int { return t.YearDay() }),
	"$dayOfWeek":   part("$dayOfWeek", func(t time.Time) int { return int(t.Weekday()) + 1 }),
	"$hour":        part("$hour", func(t time.Time) int { return t.Hour() }),
	"$minute":      part("$minute", func(t time.Time) int { return t.Minute() }),
	"$second":      part("$second", func(t time.Time) int { return t.Second() }),
	"$millisecond": part("$millisecond", func(t time.Time) int { return t.Nanosecond() / 1e6 }),
	"$isoWeek":     part("$isoWeek", func(t time.Time) int { _, w := t.ISOWeek(); return w }),
	"$isoWeekYear": part("$isoWeekYear", func(t time.Time) int { y, _ := t.ISOWeek(); return y }),
}

func part(name string, fn func(time.Time) int) function {
	return function{1, 1, func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		t, err := instant(name, args[0])
		return integer(int64(fn(t))), err
	}}
}

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
	return time.Time{}, cannot(name, "%s takes a time, text by RFC 3339 or seconds since 1970, not %.60s", name, v.JSON())
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
	'u': func(t time.Time) string { return fmt.Sprint((int(t.Weekday())+6)%7 + 1) },
	'w': func(t time.Time) string { return fmt.Sprint(int(t.Weekday()) + 1) },
	'V': func(t time.Time) string { _, w := t.ISOWeek(); return fmt.Sprintf("%02d", w) },
	'G': func(t time.Time) string { y, _ := t.ISOWeek(); return fmt.Sprintf("%04d", y) },
	'%': func(time.Time) string { return "%" },
}

// dateToString takes {"date","format"?}, the format text with parts such as %Y-%m-%d.
func dateToString(c *compiler, name string, arg doc.Value) (expr, error) {
	format := "%Y-%m-%dT%H:%M:%S.%LZ"
	if f := arg.Field("format"); f.Exists() {
		if f.Kind() != doc.String {
			return nil, invalid(name, `the field "format" of %s must be text`, name)
		}
		format = string(f.Str())
	}
	for i := 0; i < len(format); i++ {
		if format[i] == '%' {
			i++
			if i == len(format) || dateFormats[format[i]] == nil {
				return nil, invalid(name, "the format %q has a part that is not known", format).WithHint("known: %%Y %%m %%d %%H %%M %%S %%L %%j %%u %%w %%V %%G %%%%")
			}
		}
	}
	p, err := c.parts(name, without(arg, "format"), 1, "date", "onNull")
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := p[0].eval(e)
		if err != nil {
			return v, err
		}
		if isNull(v) {
			if p[1] == nil {
				return null, nil
			}
			return p[1].eval(e)
		}
		t, err := instant(name, v)
		if err != nil {
			return v, err
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
		return text(b.String()), nil
	}), err
}
