package sqltype

import (
	"math"
	"strconv"
)

// isoReader reads an interval of ISO 8601: P1Y2M3DT4H5M6S, P3W, P0001-02-03T04:05:06 and
// P00010203T040506, whose last parts may be left out, as PostgreSQL does.
type isoReader struct {
	b ivlBuilder
	s string // what is left
}

func parseISOInterval(s string) (IntervalValue, dtErr) {
	if len(s) < 2 || s[0] != 'P' {
		return IntervalValue{}, dtBadFormat
	}
	r := isoReader{s: s[1:]}
	code := r.date()
	switch {
	case code != dtOK:
		return IntervalValue{}, code
	case r.b.bad:
		return IntervalValue{}, dtFieldRange
	}
	return r.b.value(false)
}

// number reads one with a fraction and an exponent. It is a float, and loses what a float does.
func (r *isoReader) number() (v int64, frac float64, text string, code dtErr) {
	n := numberLen(r.s)
	if n == 0 {
		return 0, 0, "", dtBadFormat
	}
	text, r.s = r.s[:n], r.s[n:]
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, 0, "", dtBadFormat
	}
	if f < -1e15 || f > 1e15 {
		return 0, 0, "", dtFieldRange
	}
	whole := math.Trunc(f)
	return int64(whole), f - whole, text, dtOK
}

// numberLen is the length of the number at the beginning of a text.
func numberLen(s string) int {
	i, digits := 0, 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	for ; i < len(s) && isDigit(s[i]); i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]); i++ {
			digits++
		}
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		k := i + 1
		if k < len(s) && (s[k] == '-' || s[k] == '+') {
			k++
		}
		for ; k < len(s) && isDigit(s[k]); k++ {
			i = k + 1
		}
	}
	return i
}

// width is the number of digits at the beginning of a number, without its sign.
func width(s string) int {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// next takes the letter behind a number; 0 at the end.
func (r *isoReader) next() byte {
	if r.s == "" {
		return 0
	}
	c := r.s[0]
	r.s = r.s[1:]
	return c
}

func (r *isoReader) add(u unit, v int64, frac float64) {
	r.b.seen = 0 // units may come again
	if r.b.addUnit(u, v, frac) != dtOK {
		r.b.bad = true
	}
}

var isoDateUnits = map[byte]unit{'Y': uYear, 'M': uMonth, 'W': uWeek, 'D': uDay}

func (r *isoReader) date() dtErr {
	for have := false; r.s != ""; have = true {
		if r.s[0] == 'T' {
			r.next()
			return r.clock()
		}
		v, frac, text, code := r.number()
		if code != dtOK {
			return code
		}
		c := r.next()
		if u, ok := isoDateUnits[c]; ok {
			r.add(u, v, frac)
			continue
		}
		switch {
		case c != 0 && c != 'T' && c != '-':
			return dtBadFormat
		case c != '-' && width(text) == 8 && !have:
			r.add(uYear, v/10000, 0)
			r.add(uMonth, v/100%100, 0)
			r.add(uDay, v%100, frac)
		case have:
			return dtBadFormat
		default:
			r.add(uYear, v, frac)
			if c == '-' {
				return r.parts('-', uMonth, uDay)
			}
		}
		if c == 'T' {
			return r.clock()
		}
	}
	return dtOK
}

var isoTimeUnits = map[byte]unit{'H': uHour, 'M': uMinute, 'S': uSecond}

func (r *isoReader) clock() dtErr {
	for have := false; r.s != ""; have = true {
		if r.s[0] == 'T' {
			r.next()
			return r.clock()
		}
		v, frac, text, code := r.number()
		if code != dtOK {
			return code
		}
		c := r.next()
		if u, ok := isoTimeUnits[c]; ok {
			r.add(u, v, frac)
			continue
		}
		switch {
		case c != 0 && c != ':':
			return dtBadFormat
		case c == 0 && width(text) == 6 && !have:
			r.add(uHour, v/10000, 0)
			r.add(uMinute, v/100%100, 0)
			r.add(uSecond, v%100, frac)
		case have:
			return dtBadFormat
		default:
			r.add(uHour, v, frac)
			if c == ':' {
				return r.parts(':', uMinute, uSecond)
			}
		}
	}
	return dtOK
}

// parts reads the further parts of a date or a time between which c stands.
func (r *isoReader) parts(c byte, units ...unit) dtErr {
	for _, u := range units {
		v, frac, _, code := r.number()
		if code != dtOK {
			return code
		}
		r.add(u, v, frac)
		switch {
		case r.s == "":
			return dtOK
		case c == '-' && r.s[0] == 'T':
			r.next()
			return r.clock()
		case r.s[0] != c:
			return dtBadFormat
		}
		r.next()
	}
	return dtBadFormat
}
