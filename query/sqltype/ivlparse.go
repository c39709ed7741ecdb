package sqltype

import (
	"math"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// unit is a unit of time in intervals, date_trunc and extract.
type unit uint8

const (
	uNone unit = iota
	uMicro
	uMilli
	uSecond
	uMinute
	uHour
	uDay
	uWeek
	uMonth
	uQuarter
	uYear
	uDecade
	uCentury
	uMillennium
	uAgo
	uIgnore
)

var intervalUnits = map[string]unit{
	"us": uMicro, "usec": uMicro, "usecs": uMicro, "usecond": uMicro, "useconds": uMicro,
	"microsecond": uMicro, "microseconds": uMicro, "microsecon": uMicro,
	"ms": uMilli, "msec": uMilli, "msecs": uMilli, "mseconds": uMilli, "millisecond": uMilli, "milliseconds": uMilli, "millisecon": uMilli,
	"s": uSecond, "sec": uSecond, "secs": uSecond, "second": uSecond, "seconds": uSecond,
	"m": uMinute, "min": uMinute, "mins": uMinute, "minute": uMinute, "minutes": uMinute,
	"h": uHour, "hr": uHour, "hrs": uHour, "hour": uHour, "hours": uHour,
	"d": uDay, "day": uDay, "days": uDay, "w": uWeek, "week": uWeek, "weeks": uWeek,
	"mon": uMonth, "mons": uMonth, "month": uMonth, "months": uMonth,
	"qtr": uQuarter, "quarter": uQuarter,
	"y": uYear, "yr": uYear, "yrs": uYear, "year": uYear, "years": uYear,
	"dec": uDecade, "decs": uDecade, "decade": uDecade, "decades": uDecade,
	"c": uCentury, "cent": uCentury, "century": uCentury, "centuries": uCentury,
	"mil": uMillennium, "mils": uMillennium, "millennia": uMillennium, "millennium": uMillennium, "millenniums": uMillennium,
	"ago": uAgo, "@": uIgnore,
}

// ivlBuilder adds up the parts of an interval and watches for overflow.
type ivlBuilder struct {
	years, months, days, us int64
	seen                    fieldMask16
	bad                     bool
}

type fieldMask16 uint32

func (b *ivlBuilder) add(p *int64, v, mul int64) {
	x, ok := mulInt64(v, mul)
	s := *p + x
	if !ok || (s > *p) != (x > 0) && x != 0 {
		b.bad = true
		return
	}
	*p = s
}

// addFrac adds a fraction of a unit of mul microseconds. Half a microsecond is cut off.
func (b *ivlBuilder) addFrac(frac float64, mul int64) {
	frac *= float64(mul)
	us := int64(frac)
	switch frac -= float64(us); {
	case frac > 0.5:
		us++
	case frac < -0.5:
		us--
	}
	b.add(&b.us, us, 1)
}

// addFracDays adds a fraction of a unit of days: whole days, and the rest as time.
func (b *ivlBuilder) addFracDays(frac float64, days int64) {
	f := frac * float64(days)
	whole := int64(f)
	b.add(&b.days, whole, 1)
	b.addFrac(f-float64(whole), MicrosPerDay)
}

// addUnit adds v and a fraction of a unit; false where the unit came before.
func (b *ivlBuilder) addUnit(u unit, v int64, frac float64) dtErr {
	mask := fieldMask16(1) << u
	if u == uSecond && frac != 0 {
		mask |= 1<<uMicro | 1<<uMilli
	}
	if b.seen&mask != 0 {
		return dtBadFormat
	}
	b.seen |= mask
	switch u {
	case uMicro:
		b.add(&b.us, v, 1)
		b.addFrac(frac, 1)
	case uMilli:
		b.add(&b.us, v, 1000)
		b.addFrac(frac, 1000)
	case uSecond:
		b.add(&b.us, v, MicrosPerSecond)
		b.addFrac(frac, MicrosPerSecond)
	case uMinute:
		b.add(&b.us, v, MicrosPerMinute)
		b.addFrac(frac, MicrosPerMinute)
	case uHour:
		b.add(&b.us, v, MicrosPerHour)
		b.addFrac(frac, MicrosPerHour)
	case uDay:
		b.add(&b.days, v, 1)
		b.addFrac(frac, MicrosPerDay)
	case uWeek:
		b.add(&b.days, v, 7)
		b.addFracDays(frac, 7)
	case uMonth:
		b.add(&b.months, v, 1)
		b.addFracDays(frac, 30)
	case uYear, uDecade, uCentury, uMillennium:
		y := map[unit]int64{uYear: 1, uDecade: 10, uCentury: 100, uMillennium: 1000}[u]
		b.add(&b.years, v, y)
		b.add(&b.months, int64(math.RoundToEven(frac*float64(y*12))), 1)
	default:
		return dtBadFormat
	}
	if b.bad {
		return dtFieldRange
	}
	return dtOK
}

func (b *ivlBuilder) value(negate bool) (IntervalValue, dtErr) {
	if negate {
		if b.us == math.MinInt64 {
			return IntervalValue{}, dtFieldRange
		}
		b.years, b.months, b.days, b.us = -b.years, -b.months, -b.days, -b.us
	}
	if b.bad || b.years != int64(int32(b.years)) || b.months != int64(int32(b.months)) || b.days != int64(int32(b.days)) {
		return IntervalValue{}, dtFieldRange
	}
	m := b.years*12 + b.months
	if m != int64(int32(m)) {
		return IntervalValue{}, dtIntervalRange
	}
	return IntervalValue{Months: int32(m), Days: int32(b.days), Micros: b.us}, dtOK
}

// ParseInterval reads an interval in the postgres, verbose, SQL and ISO 8601
// forms. A bare number counts the default unit ("" means second), as in
// INTERVAL '3' DAY.
func ParseInterval(s, defaultUnit string) (IntervalValue, error) {
	def := uSecond
	if defaultUnit != "" {
		def = intervalUnits[strings.ToLower(defaultUnit)]
	}
	v, code := parseInterval(s, def)
	return v, dtError(code, "interval", s)
}

// parseStyledInterval reads an interval in the session's style: in that of the SQL standard the
// only sign, before everything, is that of all fields.
func parseStyledInterval(env *Env, s string) (IntervalValue, error) {
	if env.style().Intervals == IntervalsSQL {
		if fields, ok := oneSign(s); ok {
			v, code := decodeInterval(fields, uSecond)
			return v, dtError(code, "interval", s)
		}
	}
	return ParseInterval(s, "")
}

// oneSign gives the fields of a text whose only sign is a minus before everything, each with it.
func oneSign(s string) ([]dtField, bool) {
	fields, ok := splitDatetime(s)
	if !ok || len(fields) < 2 || fields[0].text[0] != '-' {
		return nil, false
	}
	for i := range fields[1:] {
		f := &fields[i+1]
		if f.text == "" || f.text[0] == '-' || f.text[0] == '+' {
			return nil, false
		}
		switch f.kind {
		case fTime:
			f.kind, f.text = fZone, "-"+f.text
		case fDate, fNumber:
			f.text = "-" + f.text
		}
	}
	return fields, true
}

func parseInterval(s string, def unit) (IntervalValue, dtErr) {
	fields, ok := splitDatetime(s)
	if ok {
		v, code := decodeInterval(fields, def)
		if code == dtBadFormat {
			if iv, code2 := parseISOInterval(s); code2 != dtBadFormat {
				return iv, code2
			}
		}
		return v, code
	}
	return parseISOInterval(s)
}

// decodeInterval walks backwards, so that a unit is known when its number comes.
func decodeInterval(fields []dtField, def unit) (IntervalValue, dtErr) {
	var b ivlBuilder
	u, pending, negate, any := uNone, false, false, false
	for i := len(fields) - 1; i >= 0; i-- {
		f := fields[i]
		var code dtErr
		switch f.kind {
		case fTime:
			code = b.clock(f.text, false)
			u, pending, any = uDay, false, true
		case fZone:
			if strings.Contains(f.text, ":") {
				code = b.clock(f.text[1:], f.text[0] == '-')
				u, pending, any = uDay, false, true
				break
			}
			fallthrough
		case fDate, fNumber:
			if u == uNone {
				u = def
			}
			code = b.number(f.text, u)
			pending, any = false, true
		default:
			t, ok := intervalUnits[f.text]
			if !ok || pending || t == uQuarter {
				return IntervalValue{}, dtBadFormat
			}
			switch t {
			case uAgo:
				negate = true
			case uIgnore:
			default:
				u, pending = t, true
			}
		}
		if code != dtOK {
			return IntervalValue{}, code
		}
	}
	if !any || pending {
		return IntervalValue{}, dtBadFormat
	}
	return b.value(negate)
}

// clock adds hh:mm[:ss[.fff]].
func (b *ivlBuilder) clock(s string, neg bool) dtErr {
	h, m, sec, us, code := clockParts(s)
	if code != dtOK {
		return code
	}
	const mask = 1<<uHour | 1<<uMinute | 1<<uSecond | 1<<uMilli | 1<<uMicro
	if b.seen&mask != 0 {
		return dtBadFormat
	}
	b.seen |= mask
	t := h*MicrosPerHour + int64(m)*MicrosPerMinute + int64(sec)*MicrosPerSecond + int64(us)
	if neg {
		t = -t
	}
	b.add(&b.us, t, 1)
	return dtOK
}

// number adds a number of units, or years-months.
func (b *ivlBuilder) number(s string, u unit) dtErr {
	sign := ""
	body := s
	if s[0] == '-' || s[0] == '+' {
		sign, body = s[:1], s[1:]
	}
	i := 0
	for i < len(body) && isDigit(body[i]) {
		i++
	}
	v, err := strconv.ParseInt(strings.TrimPrefix(sign, "+")+zeroIfEmpty(body[:i]), 10, 64)
	if err != nil {
		return dtFieldRange
	}
	rest := body[i:]
	frac := 0.0
	switch {
	case rest == "":
	case rest[0] == '-':
		m, ok := smallInt(rest[1:])
		if !ok {
			return dtBadFormat
		}
		if m >= 12 {
			return dtFieldRange
		}
		if v > math.MaxInt32/12 || v < math.MinInt32/12 {
			return dtFieldRange
		}
		if sign == "-" {
			m = -m
		}
		u, v = uMonth, v*12+int64(m)
	case rest[0] == '.':
		if !allDigits(rest[1:]) {
			return dtBadFormat
		}
		if frac, err = strconv.ParseFloat("0"+rest, 64); err != nil {
			return dtBadFormat
		}
		if sign == "-" {
			frac = -frac
		}
	default:
		return dtBadFormat
	}
	return b.addUnit(u, v, frac)
}

func zeroIfEmpty(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// badZone finds the name in a text that is no zone's.
func badZone(s string) string {
	fields, _ := splitDatetime(s)
	for _, f := range fields {
		if f.kind == fDate && !isDigit(f.text[0]) {
			if _, err := LoadLocation(f.text); err != nil {
				return f.text
			}
		}
	}
	return s
}

// dtError turns a code into PostgreSQL's error; nil for dtOK.
func dtError(code dtErr, typeName, s string) error {
	switch code {
	case dtOK:
		return nil
	case dtFieldRange:
		if typeName == "interval" {
			return dberr.SQL("22015", "interval field value out of range: \"%s\"", s)
		}
		return errDatetimeField(s)
	case dtMonthDayRange:
		return dberr.SQL(dberr.StateDatetimeOverflow, "date/time field value out of range: \"%s\"", s).
			WithHint("Perhaps you need a different \"datestyle\" setting.")
	case dtIntervalRange:
		return errOutOf("interval")
	case dtZoneRange:
		return dberr.SQL("22009", "time zone displacement out of range: \"%s\"", s)
	case dtBadZone:
		return dberr.SQL(dberr.StateInvalidParameterValue, "time zone \"%s\" not recognized", badZone(s))
	}
	return errDatetime(typeName, s)
}
