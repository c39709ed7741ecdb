package sqltype

import (
	"strconv"
	"time"
)

// Style says how dates, times and intervals are written as text, and in which order the numbers
// of a date are read. The zero value is ISO, month first, and PostgreSQL's intervals.
type Style struct {
	Dates     DateForm
	Order     DateOrder
	Intervals IntervalForm
	// EscapeBytes writes binary strings with escapes (bytea_output = escape) and not in hex.
	EscapeBytes bool
}

// DateForm is a form of dates and times.
type DateForm uint8

// The forms of dates.
const (
	DatesISO DateForm = iota
	DatesSQL
	DatesPostgres
	DatesGerman
)

// DateOrder is the order of the numbers of a date.
type DateOrder uint8

// The orders of dates.
const (
	OrderMDY DateOrder = iota
	OrderDMY
	OrderYMD
)

// IntervalForm is a form of intervals.
type IntervalForm uint8

// The forms of intervals.
const (
	IntervalsPostgres IntervalForm = iota
	IntervalsVerbose
	IntervalsSQL
	IntervalsISO
)

// style returns the session's style; a nil Env has the zero one.
func (e *Env) style() Style {
	if e == nil {
		return Style{}
	}
	return e.Style
}

// ISO is the environment in which dates are written in ISO form, as within JSON.
func (e *Env) ISO() *Env {
	if e.style().Dates == DatesISO {
		return e
	}
	iso := *e
	iso.Style.Dates = DatesISO
	return &iso
}

var monthNames = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// appendStyledYMD appends a date of numbers, and tells whether its year is before Christ.
func appendStyledYMD(dst []byte, s Style, sep byte, c Civil) (out []byte, bc bool) {
	first, second, year := c.Month, c.Day, c.Year
	if s.Order == OrderDMY || s.Dates == DatesGerman {
		first, second = c.Day, c.Month
	}
	if year <= 0 {
		year, bc = 1-year, true
	}
	dst = append(appendPadded(dst, first, 2), sep)
	dst = append(appendPadded(dst, second, 2), sep)
	return appendPadded(dst, year, 4), bc
}

func appendStyledDate(dst []byte, s Style, days int64) []byte {
	if s.Dates == DatesISO {
		return appendDate(dst, days)
	}
	if dst, ok := appendInfinity(dst, days); ok {
		return dst
	}
	var c Civil
	c.Year, c.Month, c.Day = CivilFromDays(days)
	sep := map[DateForm]byte{DatesSQL: '/', DatesPostgres: '-', DatesGerman: '.'}[s.Dates]
	dst, bc := appendStyledYMD(dst, s, sep, c)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

// appendStyledTimestamp shows a moment; with loc as clocks there do.
func appendStyledTimestamp(dst []byte, s Style, us int64, loc *time.Location) []byte {
	if s.Dates == DatesISO {
		return appendTimestampSep(dst, us, ' ', loc)
	}
	if dst, ok := appendInfinity(dst, us); ok {
		return dst
	}
	off := 0
	if loc != nil {
		off = offsetAt(loc, us)
	}
	c := SplitTimestamp(us + int64(off)*MicrosPerSecond)
	bc := false
	if s.Dates == DatesPostgres {
		days, _ := floorDivMod(us+int64(off)*MicrosPerSecond, MicrosPerDay)
		dst = append(dst, [...]string{"Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"}[((days%7)+7)%7]...)
		dst = append(dst, ' ')
		if s.Order == OrderDMY {
			dst = append(append(appendPadded(dst, c.Day, 2), ' '), monthNames[c.Month-1]...)
		} else {
			dst = appendPadded(append(append(dst, monthNames[c.Month-1]...), ' '), c.Day, 2)
		}
		dst = append(appendClock(append(dst, ' '), c), ' ')
		year := c.Year
		if year <= 0 {
			year, bc = 1-year, true
		}
		dst = appendPadded(dst, year, 4)
	} else {
		sep := byte('/')
		if s.Dates == DatesGerman {
			sep = '.'
		}
		dst, bc = appendStyledYMD(dst, s, sep, c)
		dst = appendClock(append(dst, ' '), c)
	}
	if loc != nil {
		name, _ := TimestampToGo(us).In(loc).Zone()
		dst = append(append(dst, ' '), name...)
	}
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

// ivlParts are the fields of an interval, of which each may have its own sign.
type ivlParts struct{ year, mon, day, hour, min, sec, us int64 }

func splitInterval(v IntervalValue) ivlParts {
	t := v.Micros
	return ivlParts{int64(v.Months / 12), int64(v.Months % 12), int64(v.Days), t / MicrosPerHour, t / MicrosPerMinute % 60,
		t / MicrosPerSecond % 60, t % MicrosPerSecond}
}

func abs64(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

func (p ivlParts) negative() bool {
	return p.year < 0 || p.mon < 0 || p.day < 0 || p.hour < 0 || p.min < 0 || p.sec < 0 || p.us < 0
}

func (p ivlParts) positive() bool {
	return p.year > 0 || p.mon > 0 || p.day > 0 || p.hour > 0 || p.min > 0 || p.sec > 0 || p.us > 0
}

// appendSeconds appends the seconds without their sign.
func (p ivlParts) appendSeconds(dst []byte, width int) []byte {
	return appendMicros(appendPadded(dst, int(abs64(p.sec)), width), int(abs64(p.us)))
}

func appendStyledInterval(dst []byte, s Style, v IntervalValue) []byte {
	switch s.Intervals {
	case IntervalsVerbose:
		return splitInterval(v).appendVerbose(dst)
	case IntervalsSQL:
		return splitInterval(v).appendSQL(dst)
	case IntervalsISO:
		return splitInterval(v).appendISO(dst)
	}
	return appendInterval(dst, v)
}

// appendVerbose writes @ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago.
func (p ivlParts) appendVerbose(dst []byte) []byte {
	dst = append(dst, '@')
	zero, before := true, false
	unit := func(n int64, name string) {
		if n == 0 {
			return
		}
		if zero {
			before = n < 0
			n = abs64(n)
		} else if before {
			n = -n
		}
		dst = append(append(strconv.AppendInt(append(dst, ' '), n, 10), ' '), name...)
		if n != 1 {
			dst = append(dst, 's')
		}
		zero = false
	}
	unit(p.year, "year")
	unit(p.mon, "mon")
	unit(p.day, "day")
	unit(p.hour, "hour")
	unit(p.min, "min")
	if p.sec != 0 || p.us != 0 {
		dst = append(dst, ' ')
		switch minus := p.sec < 0 || p.us < 0; {
		case minus && zero:
			before = true
		case minus != before:
			dst = append(dst, '-')
		}
		dst = append(p.appendSeconds(dst, 1), " sec"...)
		if abs64(p.sec) != 1 || p.us != 0 {
			dst = append(dst, 's')
		}
		zero = false
	}
	if zero {
		dst = append(dst, " 0"...)
	}
	if before {
		dst = append(dst, " ago"...)
	}
	return dst
}

// appendISO writes P1Y2M3DT4H5M6S.
func (p ivlParts) appendISO(dst []byte) []byte {
	dst = append(dst, 'P')
	if p == (ivlParts{}) {
		return append(dst, "T0S"...)
	}
	unit := func(n int64, letter byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, n, 10), letter)
		}
	}
	unit(p.year, 'Y')
	unit(p.mon, 'M')
	unit(p.day, 'D')
	if p.hour != 0 || p.min != 0 || p.sec != 0 || p.us != 0 {
		dst = append(dst, 'T')
	}
	unit(p.hour, 'H')
	unit(p.min, 'M')
	if p.sec != 0 || p.us != 0 {
		if p.sec < 0 || p.us < 0 {
			dst = append(dst, '-')
		}
		dst = append(p.appendSeconds(dst, 1), 'S')
	}
	return dst
}

// appendSQL writes the form of the SQL standard, 1-2 or 3 4:05:06, with signs where it has none
// for an interval.
func (p ivlParts) appendSQL(dst []byte) []byte {
	minus, plus := p.negative(), p.positive()
	months := p.year != 0 || p.mon != 0
	clock := p.day != 0 || p.hour != 0 || p.min != 0 || p.sec != 0 || p.us != 0
	if !minus && !plus {
		return append(dst, '0')
	}
	number := func(n int64) { dst = strconv.AppendInt(dst, abs64(n), 10) }
	time := func() {
		number(p.hour)
		dst = append(appendPadded(append(dst, ':'), int(abs64(p.min)), 2), ':')
		dst = p.appendSeconds(dst, 2)
	}
	sign := func(negative bool) {
		if negative {
			dst = append(dst, '-')
		} else {
			dst = append(dst, '+')
		}
	}
	if minus && plus || months && clock {
		sign(p.year < 0 || p.mon < 0)
		number(p.year)
		dst = append(dst, '-')
		number(p.mon)
		dst = append(dst, ' ')
		sign(p.day < 0)
		number(p.day)
		dst = append(dst, ' ')
		sign(p.hour < 0 || p.min < 0 || p.sec < 0 || p.us < 0)
		time()
		return dst
	}
	if minus {
		dst = append(dst, '-')
	}
	switch {
	case months:
		number(p.year)
		dst = append(dst, '-')
		number(p.mon)
		return dst
	case p.day != 0:
		number(p.day)
		dst = append(dst, ' ')
	}
	time()
	return dst
}
