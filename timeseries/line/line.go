// Package line reads InfluxDB's line protocol:
//
//	measurement,tag=value,… field=value,… timestamp
//
// It promises to take what the published grammar takes and nothing else, to tell for
// each line that it refuses where and why, and to go on behind it. It owns nothing; the
// points hold copies. A line becomes one point with the measurement as its metric. It
// refuses unsigned integers beyond 63 bits, which no field holds.
package line

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/weftdb/weft/timeseries"
)

// Options says what lines do not.
type Options struct {
	Now  int64 // the time of points without one, in nanoseconds; cut down to the unit
	Unit int64 // of timestamps, in nanoseconds
}

// Fault is a line that was refused.
type Fault struct {
	Line int // from 1
	Err  error
}

// Parse reads lines. lines[i] is the line of points[i].
func Parse(text []byte, o Options) (points []timeseries.Point, lines []int, faults []Fault) {
	p := parser{b: text, line: 1, o: o}
	for p.i < len(p.b) {
		at := p.line
		point, ok, err := p.next()
		switch {
		case err != nil:
			faults = append(faults, Fault{at, err})
			p.skip()
		case ok:
			points = append(points, point)
			lines = append(lines, at)
		}
	}
	return points, lines, faults
}

type parser struct {
	b    []byte
	i    int
	line int
	o    Options
}

// skip goes to the next line.
func (p *parser) skip() {
	n := bytes.IndexByte(p.b[p.i:], '\n')
	if n < 0 {
		p.i = len(p.b)
		return
	}
	p.i += n + 1
	p.line++
}

func (p *parser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return '\n'
}

// atEnd says whether the line ends here.
func (p *parser) atEnd() bool {
	return p.i >= len(p.b) || p.b[p.i] == '\n' || p.b[p.i] == '\r' && (p.i+1 == len(p.b) || p.b[p.i+1] == '\n')
}

// end takes the end of a line, which must be here.
func (p *parser) end() error {
	if !p.atEnd() {
		return fmt.Errorf("%s where the line must end", p.here())
	}
	p.skip()
	return nil
}

func (p *parser) spaces() (any bool) {
	for p.i < len(p.b) && p.b[p.i] == ' ' {
		p.i++
		any = true
	}
	return any
}

// here names what stands here.
func (p *parser) here() string {
	if p.atEnd() {
		return "the line ends"
	}
	r, _ := utf8.DecodeRune(p.b[p.i:])
	return strconv.QuoteRune(r)
}

func (p *parser) next() (point timeseries.Point, ok bool, err error) {
	p.spaces()
	if p.atEnd() {
		return point, false, p.end()
	}
	if p.b[p.i] == '#' {
		return point, false, p.comment()
	}
	if point.Metric, err = p.word("the measurement", ",", " "); err != nil {
		return point, false, err
	}
	for p.peek() == ',' {
		p.i++
		t, err := p.tag()
		if err != nil {
			return point, false, err
		}
		for _, have := range point.Tags {
			if have.Key == t.Key {
				return point, false, fmt.Errorf("tag %q comes twice", t.Key)
			}
		}
		point.Tags = append(point.Tags, t)
	}
	if !p.spaces() {
		return point, false, fmt.Errorf("%s where a tag or a field must stand", p.here())
	}
	if err := p.fields(&point); err != nil {
		return point, false, err
	}
	point.Time, err = p.timestamp()
	if err != nil {
		return point, false, err
	}
	return point, true, p.end()
}

func (p *parser) comment() error {
	for !p.atEnd() {
		if c := p.b[p.i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("%q in a comment", c)
		}
		p.i++
	}
	return p.end()
}

// word takes a name, up to one of the bytes that end it. A backslash takes its meaning
// from these bytes, and else stands for itself.
func (p *parser) word(what string, ends ...string) (string, error) {
	stop := [256]bool{}
	for _, e := range ends {
		stop[e[0]] = true
	}
	var out []byte
	start := p.i
	for !p.atEnd() && !stop[p.b[p.i]] {
		c := p.b[p.i]
		switch {
		case c == '\\':
			n := 0
			for p.i < len(p.b) && p.b[p.i] == '\\' {
				p.i++
				n++
			}
			if p.atEnd() {
				return "", fmt.Errorf("%s after a backslash in %s", p.here(), what)
			}
			if stop[p.b[p.i]] {
				n-- // the last one is no part of it
			}
			out = append(out, bytes.Repeat([]byte{'\\'}, n)...)
			if c := p.b[p.i]; stop[c] {
				out = append(out, c)
				p.i++
			}
		case c < ' ' || c == 0x7f:
			return "", fmt.Errorf("%q in %s", c, what)
		case c < utf8.RuneSelf:
			out = append(out, c)
			p.i++
		default:
			r, n := utf8.DecodeRune(p.b[p.i:])
			if r == utf8.RuneError && n == 1 {
				return "", fmt.Errorf("%s is not UTF-8", what)
			}
			out = append(out, p.b[p.i:p.i+n]...)
			p.i += n
		}
	}
	if p.i == start {
		return "", fmt.Errorf("%s where %s must stand", p.here(), what)
	}
	return string(out), nil
}

func (p *parser) equals(what, name string) error {
	if p.peek() != '=' {
		return fmt.Errorf("%s where '=' must stand after %s %q", p.here(), what, name)
	}
	p.i++
	return nil
}

func (p *parser) tag() (t timeseries.Tag, err error) {
	if t.Key, err = p.word("the name of a tag", ",", "=", " "); err != nil {
		return t, err
	}
	if err := p.equals("tag", t.Key); err != nil {
		return t, err
	}
	t.Value, err = p.word("the value of tag "+t.Key, ",", "=", " ")
	return t, err
}

func (p *parser) fields(point *timeseries.Point) error {
	for {
		name, err := p.word("the name of a field", ",", "=", " ")
		if err != nil {
			return err
		}
		if err := p.equals("field", name); err != nil {
			return err
		}
		v, err := p.value()
		if err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
		point.Fields = append(point.Fields, timeseries.Field{Name: name, Value: v})
		if p.peek() != ',' {
			return nil
		}
		p.i++
	}
}

func (p *parser) value() (v timeseries.Value, err error) {
	if p.peek() == '"' {
		return p.text()
	}
	start := p.i
	for p.i < len(p.b) && p.b[p.i] != ',' && p.b[p.i] != ' ' && !p.atEnd() {
		p.i++
	}
	raw := string(p.b[start:p.i])
	switch raw {
	case "":
		return v, fmt.Errorf("%s where its value must stand", p.here())
	case "t", "T", "true", "True", "TRUE":
		return timeseries.BoolValue(true), nil
	case "f", "F", "false", "False", "FALSE":
		return timeseries.BoolValue(false), nil
	}
	switch last := raw[len(raw)-1]; {
	case last == 'i' && integer(raw[:len(raw)-1], true), last == 'u' && integer(raw[:len(raw)-1], false):
		n, err := strconv.ParseInt(raw[:len(raw)-1], 10, 64)
		if err != nil {
			return v, fmt.Errorf("%.40s is beyond an int of 64 bits", raw)
		}
		return timeseries.IntValue(n), nil
	case float(raw):
		x, err := strconv.ParseFloat(raw, 64)
		if err != nil || math.IsInf(x, 0) {
			return v, fmt.Errorf("%.40s is beyond double precision", raw)
		}
		return timeseries.FloatValue(x), nil
	}
	return v, fmt.Errorf("%.40q is no value", raw)
}

var textEscapes = [256]byte{'"': '"', '\\': '\\', 'n': '\n', 'r': '\r', 't': '\t'}

// text takes a string with the escapes above; other backslashes stand for themselves. It
// may hold line breaks.
func (p *parser) text() (v timeseries.Value, err error) {
	var out []byte
	for i := p.i + 1; i < len(p.b); i++ {
		switch c := p.b[i]; {
		case c == '"':
			p.line += bytes.Count(p.b[p.i:i], []byte{'\n'})
			p.i = i + 1
			if !utf8.Valid(out) {
				return v, fmt.Errorf("its text is not UTF-8")
			}
			return timeseries.TextValue(string(out)), nil
		case c == '\\' && i+1 < len(p.b) && textEscapes[p.b[i+1]] != 0:
			i++
			out = append(out, textEscapes[p.b[i]])
		default:
			out = append(out, c)
		}
	}
	return v, fmt.Errorf("its text has no end")
}

func (p *parser) timestamp() (int64, error) {
	if !p.spaces() || p.atEnd() {
		return p.o.Now - p.o.Now%p.o.Unit, nil
	}
	start := p.i
	for p.i < len(p.b) && (p.b[p.i] >= '0' && p.b[p.i] <= '9' || p.b[p.i] == '-') {
		p.i++
	}
	raw := string(p.b[start:p.i])
	if !integer(raw, true) {
		return 0, fmt.Errorf("%s where a timestamp must stand", p.here())
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n > math.MaxInt64/p.o.Unit || n < math.MinInt64/p.o.Unit {
		return 0, fmt.Errorf("the timestamp %.40s is out of range", raw)
	}
	p.spaces()
	return n * p.o.Unit, nil
}

func integer(s string, signed bool) bool {
	if signed && len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	return digits(s) == len(s) && s != ""
}

func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// float says whether s is written as a float: digits, with a point, an exponent or
// neither.
func float(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	whole := digits(s)
	s = s[whole:]
	if s != "" && s[0] == '.' {
		n := digits(s[1:])
		if s = s[1+n:]; whole == 0 && n == 0 {
			return false
		}
	} else if whole == 0 {
		return false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n == len(s)
	}
	return s == ""
}
