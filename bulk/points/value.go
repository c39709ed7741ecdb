package points

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// point makes a point of a record, or says why there is none.
func (l *loader) point(rec *bulk.Record) (p timeseries.Point, reason string) {
	p.Metric = l.spec.Metric
	timed := false
	for i, f := range rec.Fields {
		if f.Kind == bulk.Missing || f.Kind == bulk.Null || i >= len(l.columns) {
			continue
		}
		c := &l.columns[i]
		switch c.role {
		case roleTime:
			if p.Time, reason = l.time(f); reason != "" {
				return p, fmt.Sprintf("column %q: %s", shorten(c.name), reason)
			}
			timed = true
		case roleTag:
			if f.Kind == bulk.JSONRaw {
				return p, fmt.Sprintf("column %q: a tag is a text, and this is JSON", shorten(c.name))
			}
			p.Tags = append(p.Tags, timeseries.Tag{Key: c.name, Value: string(f.Text)})
		case roleField:
			reason = l.field(&p, c.name, f)
		case roleTags, roleFields:
			reason = l.object(&p, c, f)
		}
		if reason != "" {
			return p, fmt.Sprintf("column %q: %s", shorten(c.name), reason)
		}
	}
	switch {
	case !timed:
		return p, "the record has no time"
	case len(p.Fields) == 0:
		return p, "the record has no value"
	}
	return p, ""
}

// object takes the tags or fields of a JSON object.
func (l *loader) object(p *timeseries.Point, c *column, f bulk.Field) (reason string) {
	v := gjson.ParseBytes(f.Text)
	if f.Kind != bulk.JSONRaw || !v.IsObject() {
		return "must be a JSON object, with names and values"
	}
	v.ForEach(func(key, value gjson.Result) bool {
		if c.role == roleTags {
			if value.Type != gjson.String && value.Type != gjson.Null {
				reason = fmt.Sprintf("the tag %q must be a text", shorten(key.Str))
				return false
			}
			if slices.ContainsFunc(p.Tags, func(t timeseries.Tag) bool { return t.Key == key.Str }) {
				reason = fmt.Sprintf("the tag %q comes twice", shorten(key.Str))
				return false
			}
			p.Tags = append(p.Tags, timeseries.Tag{Key: key.Str, Value: value.Str})
			return true
		}
		field := bulk.Field{Kind: bulk.JSONString, Text: []byte(value.Str)}
		switch value.Type {
		case gjson.Null:
			return true
		case gjson.Number:
			field = bulk.Field{Kind: bulk.JSONNumber, Text: []byte(value.Raw)}
		case gjson.True, gjson.False:
			field = bulk.Field{Kind: bulk.JSONBool, Text: []byte(value.Raw)}
		case gjson.JSON:
			field.Kind = bulk.JSONRaw
		}
		reason = l.field(p, key.Str, field)
		return reason == ""
	})
	return reason
}

// field adds the value of a field.
func (l *loader) field(p *timeseries.Point, name string, f bulk.Field) (reason string) {
	text := string(f.Text)
	if f.Kind == bulk.JSONRaw {
		return fmt.Sprintf("the field %q is JSON, and fields are numbers, booleans or texts", shorten(name))
	}
	if slices.ContainsFunc(p.Fields, func(have timeseries.Field) bool { return have.Name == name }) {
		return fmt.Sprintf("the field %q comes twice", shorten(name))
	}
	var v timeseries.Value
	loose := false
	kind := l.kinds[name]
	switch {
	case kind == block.Text:
		v = timeseries.TextValue(text)
	case kind == block.Bool:
		b, err := parseBool(text)
		if err != nil {
			return fmt.Sprintf("field %q is of type %v, and %q is none", shorten(name), kind, shorten(text))
		}
		v = timeseries.BoolValue(b)
	case kind == 0 && f.Kind == bulk.JSONString:
		v, loose = timeseries.TextValue(text), isOddFloat(text)
		if loose {
			v, _ = parseNumber(text)
		}
	case kind == 0 && f.Kind == bulk.JSONBool, kind == 0 && f.Kind != bulk.JSONNumber && isBool(text):
		v = timeseries.BoolValue(text == "true")
	default:
		var ok bool
		v, ok = parseNumber(text)
		switch {
		case ok:
			loose = true
		case kind == 0:
			v = timeseries.TextValue(text)
		default:
			return fmt.Sprintf("field %q is of type %v, and %q is none", shorten(name), kind, shorten(text))
		}
	}
	if kind == block.Int {
		if v.Kind == block.Float {
			if v.Float != math.Trunc(v.Float) || math.Abs(v.Float) > 1<<53 {
				return fmt.Sprintf("field %q is of type %v, and %q is none", shorten(name), kind, shorten(text))
			}
			v = timeseries.IntValue(int64(v.Float))
		}
		loose = false
	}
	p.Fields = append(p.Fields, timeseries.Field{Name: name, Value: v, Loose: loose})
	return ""
}

func isBool(s string) bool { return s == "true" || s == "false" }

// parseBool reads what files have for booleans.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "on":
		return true, nil
	case "no", "off":
		return false, nil
	}
	return strconv.ParseBool(s)
}

func isOddFloat(s string) bool { return s == "NaN" || s == "Infinity" || s == "-Infinity" }

// parseNumber reads a number: whole ones as ints where they fit, so that no digit is lost.
func parseNumber(s string) (v timeseries.Value, ok bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && s[0] != '+' && s != "-0" {
		return timeseries.IntValue(n), true
	}
	if strings.ContainsAny(s, "xXpP_") {
		return v, false
	}
	if first := strings.TrimLeft(s, "+-"); !isOddFloat(s) && (first == "" || (first[0] < '0' || first[0] > '9') && first[0] != '.') {
		switch s {
		case "nan", "inf", "+inf", "-inf", "Inf", "+Inf", "-Inf":
		default:
			return v, false // a word such as infinity is a text
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return v, false
	}
	return timeseries.FloatValue(f), true
}

// time reads a time.
func (l *loader) time(f bulk.Field) (ns int64, reason string) {
	text := strings.TrimSpace(string(f.Text))
	if f.Kind == bulk.JSONRaw || f.Kind == bulk.JSONBool {
		return 0, "is no time"
	}
	if l.layout != "" {
		t, err := time.ParseInLocation(l.layout, text, l.spec.Zone)
		if err != nil {
			return 0, fmt.Sprintf("%q is not a time as %q has it", shorten(text), shorten(l.spec.TimeFormat))
		}
		return nanos(t)
	}
	ns, number, ok := timeseries.NumberTime(text, l.spec.Unit)
	switch {
	case number && !ok:
		return 0, fmt.Sprintf("the time %s is out of range", shorten(text))
	case number:
		return ns, ""
	}
	if utc, ok := strings.CutSuffix(text, " UTC"); ok {
		text = utc + "Z"
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, l.spec.Zone); err == nil {
			return nanos(t)
		}
	}
	return 0, fmt.Sprintf("%q is no time: want RFC 3339, such as 2026-01-02T03:04:05.678Z, a date with or without a time, or a number since 1970; time_format tells of others", shorten(text))
}

func nanos(t time.Time) (int64, string) {
	if t.Before(minTime) || t.After(maxTime) {
		return 0, fmt.Sprintf("the time %s is out of range", t.Format(time.RFC3339))
	}
	return t.UnixNano(), ""
}

var minTime, maxTime = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

// layouts are the times that are understood without a format. Of the numbers of a date
// the year comes first, so that no order has to be guessed.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999 Z07:00",
	"2006-01-02 15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999 Z0700", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

// directives are the letters of strftime in Go's words.
var directives = map[byte]string{'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'b': "Jan", 'B': "January",
	'a': "Mon", 'A': "Monday", 'z': "-0700", 'j': "002", 'T': "15:04:05", 'F': "2006-01-02", 'R': "15:04", '%': "%"}

// layoutOf makes a layout of a format of strftime. %f is the fraction of a second.
func layoutOf(format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' {
			if c >= '0' && c <= '9' || c == '_' { // Go would take them for parts of a time
				return "", invalid("INVALID_FIELD", "time_format", "the time format %q has a digit or _ that is no directive", shorten(format))
			}
			b.WriteByte(c)
			continue
		}
		if i++; i == len(format) {
			return "", invalid("INVALID_FIELD", "time_format", "the time format %q ends in %%", shorten(format))
		}
		if format[i] == 'f' {
			if s := b.String(); !strings.HasSuffix(s, "05.") && !strings.HasSuffix(s, "05,") {
				return "", invalid("INVALID_FIELD", "time_format", "%%f stands behind %%S and a point in a time format, not as in %q", shorten(format))
			}
			b.WriteString("999999999")
			continue
		}
		d, ok := directives[format[i]]
		if !ok {
			return "", invalid("INVALID_FIELD", "time_format", "the time format %q has %%%c, which is not known", shorten(format), format[i]).
				WithHint("known: %%Y %%y %%m %%d %%e %%H %%I %%M %%S %%f %%p %%b %%B %%a %%A %%z %%j %%F %%T %%R %%%%")
		}
		b.WriteString(d)
	}
	return b.String(), nil
}
