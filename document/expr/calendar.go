package expr

import (
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/document/doc"
)

// Calculating with dates: parts, units and the days on which weeks begin.

var partNames = []string{"year", "month", "day", "hour", "minute", "second", "millisecond"}

// dateFromParts takes {"year","month"?,"day"?,…,"timezone"?}. Parts out of range carry
// over, as in MongoDB.
func dateFromParts(c *Compiler, name string, arg doc.Value) (Expr, error) {
	p, err := c.parts(name, arg, 1, append(slices.Clone(partNames), "timezone")...)
	return evalFunc(func(e *Env) (doc.Value, error) {
		n := [...]int{0, 1, 1, 0, 0, 0, 0}
		for i, part := range partNames {
			if p[i] == nil {
				continue
			}
			v, err := p[i].Eval(e)
			if err != nil || isNull(v) {
				return null, err
			}
			if n[i], err = whole(name, part, v); err != nil {
				return null, err
			}
			if i == 0 && (n[0] < 1 || n[0] > 9999) || n[i] < -32768 || n[i] > 32767 {
				return null, Failed(name, "the %s %d of %s is out of range", part, n[i], name)
			}
		}
		where, isNull, err := location(e, name, p[len(partNames)])
		if err != nil || isNull {
			return null, err
		}
		return within(name, time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1e6, where))
	}), err
}

// within is a time as text, which has years of four digits.
func within(name string, t time.Time) (doc.Value, error) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return null, Failed(name, "the result of %s is not within the years 1 and 9999", name)
	}
	return moment(t), nil
}

// dateToParts takes {"date","timezone"?,"iso8601"?=false}.
func dateToParts(c *Compiler, name string, arg doc.Value) (Expr, error) {
	iso := arg.Field("iso8601")
	if iso.Exists() && iso.Kind() != doc.Bool {
		return nil, invalid(name, `the field "iso8601" of %s must be true or false`, name)
	}
	if arg.Kind() == doc.Object {
		arg = without(arg, "iso8601")
	}
	p, err := c.parts(name, arg, 1, "date", "timezone")
	return evalFunc(func(e *Env) (doc.Value, error) {
		t, isNull, err := zoned(e, name, p[0], p[1])
		if err != nil || isNull {
			return null, err
		}
		names, n := partNames, []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1e6}
		if iso.Bool() {
			names = append([]string{"isoWeekYear", "isoWeek", "isoDayOfWeek"}, partNames[3:]...)
			n[0], n[1] = t.ISOWeek()
			n[2] = isoWeekday(t)
		}
		fields := make([]doc.Field, len(names))
		for i := range names {
			fields[i] = doc.Field{Name: names[i], Value: doc.FromInt(int64(n[i]))}
		}
		return doc.FromFields(fields), nil
	}), err
}

var units = []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"}

// lengths are those of the units that always have one.
var lengths = map[string]time.Duration{"hour": time.Hour, "minute": time.Minute, "second": time.Second, "millisecond": time.Millisecond}

func unitOf(name string, v doc.Value) (string, error) {
	u := string(v.Str())
	if v.Kind() != doc.String || !slices.Contains(units, u) {
		return "", Failed(name, "the unit of %s is %s, not %.60s", name, join(units), v.JSON())
	}
	return u, nil
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// weekday evaluates on which day weeks begin: a name or its first three letters, or
// Sunday where that was left out.
func weekday(e *Env, name string, x Expr) (time.Weekday, error) {
	if x == nil {
		return time.Sunday, nil
	}
	v, err := x.Eval(e)
	if err != nil {
		return 0, err
	}
	s := strings.ToLower(string(v.Str()))
	for i, d := range weekdays {
		if s == d || s == d[:3] {
			return time.Weekday(i), nil
		}
	}
	return 0, Failed(name, "the startOfWeek of %s is a day such as \"monday\", not %.60s", name, v.JSON())
}

// dateAdd takes {"startDate","unit","amount","timezone"?}.
func dateAdd(sign int) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		p, err := c.parts(name, arg, 3, "startDate", "unit", "amount", "timezone")
		return evalFunc(func(e *Env) (doc.Value, error) {
			t, isT, err := zoned(e, name, p[0], p[3])
			if err != nil || isT {
				return null, err
			}
			args, err := evalAll(e, p[1:3])
			if err != nil || isNull(args[0]) || isNull(args[1]) {
				return null, err
			}
			unit, err := unitOf(name, args[0])
			if err != nil {
				return null, err
			}
			n, err := whole(name, "amount", args[1])
			if err != nil {
				return null, err
			}
			if n > 1e12 || n < -1e12 {
				return null, Failed(name, "the amount %d of %s is out of range", n, name)
			}
			return within(name, later(t, unit, sign*n))
		}), err
	}
}

// later adds units on the calendar of the time's zone. A month that is too short
// gives its last day.
func later(t time.Time, unit string, n int) time.Time {
	if d, ok := lengths[unit]; ok {
		if n > int((1<<62)/d) || n < -int((1<<62)/d) {
			return time.Time{}.AddDate(-1, 0, 0) // out of range
		}
		return t.Add(time.Duration(n) * d)
	}
	if n > 1e7 || n < -1e7 {
		return time.Time{}.AddDate(-1, 0, 0)
	}
	switch unit {
	case "day":
		return t.AddDate(0, 0, n)
	case "week":
		return t.AddDate(0, 0, 7*n)
	case "year":
		n *= 12
	case "quarter":
		n *= 3
	}
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d, last)-1)
}

// dateDiff takes {"startDate","endDate","unit","timezone"?,"startOfWeek"?}: how many
// bounds of the unit lie between them.
func dateDiff(c *Compiler, name string, arg doc.Value) (Expr, error) {
	p, err := c.parts(name, arg, 3, "startDate", "endDate", "unit", "timezone", "startOfWeek")
	return evalFunc(func(e *Env) (doc.Value, error) {
		var at [2]time.Time
		for i := range at {
			t, isNull, err := zoned(e, name, p[i], p[3])
			if err != nil || isNull {
				return null, err
			}
			at[i] = t
		}
		v, err := p[2].Eval(e)
		if err != nil || isNull(v) {
			return null, err
		}
		unit, err := unitOf(name, v)
		if err != nil {
			return null, err
		}
		start, err := weekday(e, name, p[4])
		if err != nil {
			return null, err
		}
		if lengths[unit] != 0 { // an hour that comes twice, or never, counts as it passes
			_, offset := at[0].Zone()
			at[1] = at[1].In(time.FixedZone("", offset))
		}
		return doc.FromInt(bin(at[1], unit, start) - bin(at[0], unit, start)), nil
	}), err
}

// bin numbers the units of the calendar; weeks begin on a day. Bins of months and
// longer ones count from the year 0, of days from 1970, and of weeks from the first
// start of one in 2000, from where MongoDB's bins count.
func bin(t time.Time, unit string, start time.Weekday) int64 {
	y, m, d := t.Date()
	months := int64(y)*12 + int64(m) - 1
	switch unit {
	case "year":
		return int64(y)
	case "quarter":
		return floor(months, 3)
	case "month":
		return months
	}
	days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	switch unit {
	case "day":
		return days
	case "week":
		return floor(days-firstWeek(start), 7)
	case "hour", "minute", "second":
		_, offset := t.Zone()
		return floor(t.Unix()+int64(offset), int64(lengths[unit]/time.Second))
	}
	_, offset := t.Zone()
	return t.UnixMilli() + int64(offset)*1000
}

// firstWeek is the first start of a week in 2000, in days since 1970.
func firstWeek(start time.Weekday) int64 {
	const saturday = 10957 // the first of January 2000
	return saturday + int64(start-time.Saturday+7)%7
}

func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// dateTrunc takes {"date","unit","binSize"?=1,"timezone"?,"startOfWeek"?}: the start of
// the bin in which the time is, where bins count from the year 2000.
func dateTrunc(c *Compiler, name string, arg doc.Value) (Expr, error) {
	p, err := c.parts(name, arg, 2, "date", "unit", "binSize", "timezone", "startOfWeek")
	return evalFunc(func(e *Env) (doc.Value, error) {
		t, isT, err := zoned(e, name, p[0], p[3])
		if err != nil || isT {
			return null, err
		}
		v, err := p[1].Eval(e)
		if err != nil || isNull(v) {
			return null, err
		}
		unit, err := unitOf(name, v)
		if err != nil {
			return null, err
		}
		size := 1
		if p[2] != nil {
			n, err := p[2].Eval(e)
			if err != nil || isNull(n) {
				return null, err
			}
			if size, err = whole(name, "binSize", n); err == nil && (size < 1 || size > 1e11) {
				err = Failed(name, "the binSize of %s must be a whole number from 1, not %.60s", name, n.JSON())
			}
			if err != nil {
				return null, err
			}
		}
		start, err := weekday(e, name, p[4])
		if err != nil {
			return null, err
		}
		return within(name, truncate(t, unit, int64(size), start))
	}), err
}

func truncate(t time.Time, unit string, size int64, start time.Weekday) time.Time {
	zone := t.Location()
	origin := time.Date(2000, 1, 1, 0, 0, 0, 0, zone)
	if unit == "week" {
		origin = origin.AddDate(0, 0, int(firstWeek(start)-firstWeek(time.Saturday)))
	}
	n := size * floor(bin(t, unit, start)-bin(origin, unit, start), size)
	switch unit {
	case "year":
		return time.Date(2000+int(n), 1, 1, 0, 0, 0, 0, zone)
	case "quarter":
		return time.Date(2000, 1+time.Month(3*n), 1, 0, 0, 0, 0, zone)
	case "month":
		return time.Date(2000, 1+time.Month(n), 1, 0, 0, 0, 0, zone)
	case "week":
		return origin.AddDate(0, 0, 7*int(n))
	case "day":
		return origin.AddDate(0, 0, int(n))
	}
	// Shorter bins are of one length; the offset is that of the time itself, so that
	// hours that come twice stay apart.
	_, here := t.Zone()
	base := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - int64(here)*1000
	return time.UnixMilli(base + n*lengths[unit].Milliseconds()).In(zone)
}
