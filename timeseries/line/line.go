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
	"sync"
	"unicode/utf8"

	"github.com/weftdb/weft/timeseries"
)

// Options says what lines do not.
type Options struct {
	Now  int64 // the time of points without one, in nanoseconds; cut down to the unit
	Unit int64 // of timestamps, in nanoseconds
	Refs *Refs // where set, series are named by references, which are kept there
}

// Fault is a line that was refused.
type Fault struct {
	Line int // from 1
	Err  error
}

// Parse reads lines. lines[i] is the line of points[i].
func Parse(text []byte, o Options) (points []timeseries.Point, lines []int, faults []Fault) {
	return new(Parser).Parse(text, o)
}

// Parser reads lines as Parse does, and uses its memory again: points and lines hold until
// the next call.
type Parser struct {
	points []timeseries.Point
	lines  []int
	fields []timeseries.Field
}

// Parse reads lines. lines[i] is the line of points[i].
func (x *Parser) Parse(text []byte, o Options) (points []timeseries.Point, lines []int, faults []Fault) {
	x.points, x.lines, x.fields = x.points[:0], x.lines[:0], x.fields[:0]
	p := parser{b: text, line: 1, o: o, fields: x.fields}
	for p.i < len(p.b) {
		at := p.line
		point, ok, err := p.next()
		switch {
		case err != nil:
			faults = append(faults, Fault{at, err})
			p.skip()
		case ok:
			x.points = append(x.points, point)
			x.lines = append(x.lines, at)
		}
	}
	x.fields = p.fields
	return x.points, x.lines, faults
}

// Forget empties the memory of texts that it held.
func (x *Parser) Forget() {
	clear(x.points)
	clear(x.fields)
}

// Refs keeps the references of series by what stands before the first space of their lines,
// so that a series is read once. Safe for concurrent use.
type Refs struct {
	mu sync.RWMutex
	by map[string]*timeseries.Ref
}

// maxRefs bounds what is kept; over it all are made anew.
const maxRefs = 1 << 17

func (r *Refs) find(raw []byte) *timeseries.Ref {
	if r == nil {
		return nil
	}
	r.mu.RLock()
	ref := r.by[string(raw)]
	r.mu.RUnlock()
	return ref
}

// keep makes the reference of a series that was read; nil where its names are refused,
// which the store tells better.
func (r *Refs) keep(raw []byte, p *timeseries.Point) *timeseries.Ref {
	if r == nil {
		return nil
	}
	ref, err := timeseries.NewRef(p.Metric, p.Tags)
	if err != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil || len(r.by) >= maxRefs {
		r.by = make(map[string]*timeseries.Ref)
	}
	r.by[string(raw)] = ref
	return ref
}

type parser struct {
	b      []byte
	i      int
	line   int
	o      Options
	fields []timeseries.Field // of all points, one after the other
	last   string             // the name of a field that was read
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
	if err := p.series(&point); err != nil {
		return point, false, err
	}
	if !p.spaces() {
		return point, false, fmt.Errorf("%s where a tag or a field must stand", p.here())
	}
	if err := p.readFields(&point); err != nil {
		return point, false, err
	}
	point.Time, err = p.timestamp()
	if err != nil {
		return point, false, err
	}
	return point, true, p.end()
}

// series reads the measurement and its tags, or knows them by what stands up to the space.
func (p *parser) series(point *timeseries.Point) (err error) {
	start := p.i
	if p.o.Refs != nil {
		if n := bytes.IndexByte(p.b[start:], ' '); n > 0 { // of another line there is no reference
			if point.Ref = p.o.Refs.find(p.b[start : start+n]); point.Ref != nil {
				p.i += n
				return nil
			}
		}
	}
	if point.Metric, err = p.word("the measurement", &endsMeasurement); err != nil {
		return err
	}
	for p.peek() == ',' {
		p.i++
		t, err := p.tag()
		if err != nil {
			return err
		}
		for _, have := range point.Tags {
			if have.Key == t.Key {
				return fmt.Errorf("tag %q comes twice", t.Key)
			}
		}
		point.Tags = append(point.Tags, t)
	}
	if raw := p.b[start:p.i]; p.peek() == ' ' && bytes.IndexByte(raw, ' ') < 0 {
		point.Ref = p.o.Refs.keep(raw, point)
	}
	return nil
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

// What ends names.
var (
	endsMeasurement = [256]bool{',': true, ' ': true}
	endsName        = [256]bool{',': true, ' ': true, '=': true}
)

// fieldName takes the name of a field, which is mostly the one that was read last.
func (p *parser) fieldName() (string, error) {
	if n := len(p.last); n > 0 && len(p.b)-p.i > n && p.b[p.i+n] == '=' && string(p.b[p.i:p.i+n]) == p.last {
		p.i += n
		return p.last, nil
	}
	start := p.i
	name, err := p.word("the name of a field", &endsName)
	if err == nil && string(p.b[start:p.i]) == name { // else it has escapes
		p.last = name
	}
	return name, err
}

// word takes a name, up to one of the bytes that end it. A backslash takes its meaning
// from these bytes, and else stands for itself.
func (p *parser) word(what string, stop *[256]bool) (string, error) {
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
	if t.Key, err = p.word("the name of a tag", &endsName); err != nil {
		return t, err
	}
	if err := p.equals("tag", t.Key); err != nil {
		return t, err
	}
	t.Value, err = p.word("the value of tag "+t.Key, &endsName)
	return t, err
}

func (p *parser) readFields(point *timeseries.Point) error {
	start := len(p.fields)
	for {
		name, err := p.fieldName()
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
		p.fields = append(p.fields, timeseries.Field{Name: name, Value: v})
		if p.peek() != ',' {
			point.Fields = p.fields[start:len(p.fields):len(p.fields)]
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
	if x, ok := plain(p.b[start:p.i]); ok {
		return timeseries.FloatValue(x), nil
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

// exact are the powers of ten that a float holds as they are.
var exact = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// plain reads a float of up to 15 digits without an exponent: it is the quotient of two
// numbers that floats hold as they are, which is rounded once.
func plain(b []byte) (x float64, ok bool) {
	if len(b) == 0 || len(b) > 17 {
		return 0, false
	}
	i, n, digits, point := 0, uint64(0), 0, -1
	if b[0] == '-' {
		i = 1
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= '0' && c <= '9':
			n = n*10 + uint64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = digits
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	x = float64(n)
	if point >= 0 {
		x /= exact[digits-point]
	}
	if b[0] == '-' {
		x = -x
	}
	return x, true
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
	if n, ok := count(p.b[start:p.i]); ok && n <= math.MaxInt64/p.o.Unit {
		p.spaces()
		return n * p.o.Unit, nil
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

// count reads up to 19 digits that fit into 63 bits.
func count(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	n := uint64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), n <= math.MaxInt64
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
