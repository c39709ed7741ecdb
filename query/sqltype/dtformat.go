package sqltype

import "time"

func appendPadded(dst []byte, v, width int) []byte {
	var b [20]byte
	i := len(b)
	for v > 0 || width > 0 {
		i--
		b[i] = byte('0' + v%10)
		v /= 10
		width--
	}
	return append(dst, b[i:]...)
}

// appendMicros appends .ddd without trailing zeros, or nothing for 0.
func appendMicros(dst []byte, us int) []byte {
	if us == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), us, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendYMD appends the date; the caller adds " BC" where bc.
func appendYMD(dst []byte, y, m, d int) (out []byte, bc bool) {
	if y <= 0 {
		y, bc = 1-y, true
	}
	dst = append(appendPadded(dst, y, 4), '-')
	dst = append(appendPadded(dst, m, 2), '-')
	return appendPadded(dst, d, 2), bc
}

func appendClock(dst []byte, c Civil) []byte {
	dst = append(appendPadded(dst, c.Hour, 2), ':')
	dst = append(appendPadded(dst, c.Minute, 2), ':')
	return appendMicros(appendPadded(dst, c.Second, 2), c.Micro)
}

func appendInfinity(dst []byte, v int64) ([]byte, bool) {
	switch v {
	case IntInfinity:
		return append(dst, "infinity"...), true
	case IntNInfinity:
		return append(dst, "-infinity"...), true
	}
	return dst, false
}

func appendDate(dst []byte, days int64) []byte {
	if dst, ok := appendInfinity(dst, days); ok {
		return dst
	}
	y, m, d := CivilFromDays(days)
	dst, bc := appendYMD(dst, y, m, d)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendTimestamp(dst []byte, us int64) []byte {
	return appendTimestampSep(dst, us, ' ', nil)
}

// appendTimestampTZ shows an instant as clocks in loc do.
func appendTimestampTZ(dst []byte, us int64, loc *time.Location) []byte {
	return appendTimestampSep(dst, us, ' ', loc)
}

func appendTimestampSep(dst []byte, us int64, sep byte, loc *time.Location) []byte {
	if dst, ok := appendInfinity(dst, us); ok {
		return dst
	}
	off := 0
	if loc != nil {
		off = offsetAt(loc, us)
	}
	c := SplitTimestamp(us + int64(off)*MicrosPerSecond)
	dst, bc := appendYMD(dst, c.Year, c.Month, c.Day)
	dst = appendClock(append(dst, sep), c)
	if loc != nil {
		dst = appendOffset(dst, off)
	}
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

// appendOffset appends ±hh[:mm[:ss]].
func appendOffset(dst []byte, off int) []byte {
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	dst = appendPadded(append(dst, sign), off/3600, 2)
	if off%3600 != 0 {
		dst = appendPadded(append(dst, ':'), off/60%60, 2)
	}
	if off%60 != 0 {
		dst = appendPadded(append(dst, ':'), off%60, 2)
	}
	return dst
}

func appendTimeTZ(dst []byte, v TimeTZValue) []byte {
	return appendOffset(appendClock(dst, splitTime(v.Micros)), int(v.OffsetSec))
}

// appendInterval writes the postgres style: 1 year 2 mons -3 days +04:05:06.
func appendInterval(dst []byte, v IntervalValue) []byte {
	zero, before := true, false
	part := func(n int64, name string) {
		if n == 0 {
			return
		}
		if !zero {
			dst = append(dst, ' ')
		}
		if before && n > 0 {
			dst = append(dst, '+')
		}
		dst = append(dst, itoa(int(n))...)
		dst = append(dst, ' ')
		dst = append(dst, name...)
		if n != 1 {
			dst = append(dst, 's')
		}
		before, zero = n < 0, false
	}
	part(int64(v.Months/12), "year")
	part(int64(v.Months%12), "mon")
	part(int64(v.Days), "day")
	if v.Micros == 0 && !zero {
		return dst
	}
	if !zero {
		dst = append(dst, ' ')
	}
	t := v.Micros
	switch {
	case t < 0:
		dst = append(dst, '-')
	case before:
		dst = append(dst, '+')
	}
	u := absU64(t)
	dst = append(appendPadded(dst, int(u/uint64(MicrosPerHour)), 2), ':')
	dst = append(appendPadded(dst, int(u/uint64(MicrosPerMinute)%60), 2), ':')
	dst = appendPadded(dst, int(u/uint64(MicrosPerSecond)%60), 2)
	return appendMicros(dst, int(u%uint64(MicrosPerSecond)))
}

// RFC 3339 forms, for JSON. Years beyond four digits and BC keep PostgreSQL's form,
// since RFC 3339 has none for them.
func appendRFC3339(dst []byte, us int64, loc *time.Location) []byte {
	if us < DaysFromCivil(1, 1, 2)*MicrosPerDay || us >= DaysFromCivil(9999, 12, 31)*MicrosPerDay {
		if loc != nil {
			return appendTimestampTZ(dst, us, loc)
		}
		return appendTimestamp(dst, us)
	}
	off := 0
	if loc != nil {
		off = offsetAt(loc, us)
	}
	c := SplitTimestamp(us + int64(off)*MicrosPerSecond)
	dst, _ = appendYMD(dst, c.Year, c.Month, c.Day)
	dst = appendClock(append(dst, 'T'), c)
	switch {
	case loc == nil:
		return dst
	case off == 0:
		return append(dst, 'Z')
	}
	dst = appendOffset(dst, off)
	if off%3600 == 0 {
		dst = append(dst, ":00"...)
	}
	return dst
}
