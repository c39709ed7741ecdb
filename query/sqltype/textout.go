package sqltype

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// AppendText appends the text form of a value as a session in UTC would show it;
// nothing for NULL.
func AppendText(dst []byte, t Type, d Datum) []byte { return AppendTextEnv(dst, nil, t, d) }

// AppendTextEnv appends the text form of a value as PostgreSQL's output functions
// write it; nothing for NULL.
func AppendTextEnv(dst []byte, env *Env, t Type, d Datum) []byte {
	if d.Null {
		return dst
	}
	switch t.ID {
	case Bool:
		if d.Int != 0 {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case OID:
		if k := t.Reg(); k != 0 {
			return append(dst, env.regName(k, d.Int)...)
		}
		return strconv.AppendInt(dst, d.Int, 10)
	case Char:
		return appendChar(dst, d.Str)
	case TID:
		return appendTID(dst, d.Int)
	case Int2, Int4, Int8:
		return strconv.AppendInt(dst, d.Int, 10)
	case Enum:
		return appendEnum(dst, t, d.Int)
	case Float4, Float8:
		return AppendFloat(dst, d.Float, t.ID == Float4)
	case Numeric:
		return d.Num.AppendText(dst)
	case Bytea:
		if env.style().EscapeBytes {
			return appendEscaped(dst, d.Str)
		}
		return hex.AppendEncode(append(dst, '\\', 'x'), []byte(d.Str))
	case UUID:
		return appendUUID(dst, d.Str)
	case Inet, Cidr:
		return appendInet(dst, d.Str, t.ID == Cidr)
	case Macaddr, Macaddr8:
		return appendMAC(dst, d.Str)
	case Date:
		return appendStyledDate(dst, env.style(), d.Int)
	case Time:
		return appendClock(dst, splitTime(d.Int))
	case Timestamp:
		return appendStyledTimestamp(dst, env.style(), d.Int, nil)
	case TimestampTZ:
		return appendStyledTimestamp(dst, env.style(), d.Int, env.loc())
	case Interval:
		return appendStyledInterval(dst, env.style(), d.Ivl)
	case TimeTZ:
		v, _ := d.Any.(TimeTZValue)
		return appendTimeTZ(dst, v)
	case Array:
		if a, ok := d.Any.(*ArrayValue); ok {
			return appendArray(dst, env, a, t.IsVector())
		}
		return dst
	case Record:
		if r, ok := d.Any.(*RecordValue); ok {
			return appendRecord(dst, env, r)
		}
		return dst
	}
	switch x := d.Any.(type) {
	case *RangeValue:
		return appendRange(dst, env, x)
	case *MultirangeValue:
		return appendMultirange(dst, env, x)
	}
	return append(dst, d.Str...)
}

// appendEscaped writes bytes that are not printable as \ooo.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			dst = append(dst, '\\', '\\')
		case c < ' ' || c > '~':
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// FormatText returns the text form of a value in UTC.
func FormatText(t Type, d Datum) string { return string(AppendText(nil, t, d)) }

func appendArray(dst []byte, env *Env, a *ArrayValue, vector bool) []byte {
	if vector {
		for i, v := range a.Vals {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = strconv.AppendInt(dst, v.Int, 10)
		}
		return dst
	}
	if len(a.Vals) == 0 {
		return append(dst, "{}"...)
	}
	for i := range a.Dims {
		if a.lower(i) != 1 {
			for j, n := range a.Dims {
				dst = append(dst, '[')
				dst = strconv.AppendInt(dst, int64(a.lower(j)), 10)
				dst = append(dst, ':')
				dst = strconv.AppendInt(dst, int64(a.lower(j)+n-1), 10)
				dst = append(dst, ']')
			}
			dst = append(dst, '=')
			break
		}
	}
	dims := a.Dims
	if len(dims) == 0 {
		dims = []int{len(a.Vals)}
	}
	dst, _ = appendDim(dst, env, a, dims, a.Vals)
	return dst
}

func appendDim(dst []byte, env *Env, a *ArrayValue, dims []int, vals []Datum) ([]byte, []Datum) {
	dst = append(dst, '{')
	for i := range dims[0] {
		if i > 0 {
			dst = append(dst, ',')
		}
		if len(dims) > 1 {
			dst, vals = appendDim(dst, env, a, dims[1:], vals)
			continue
		}
		if vals[0].Null {
			dst = append(dst, "NULL"...)
		} else {
			dst = appendElem(dst, string(AppendTextEnv(nil, env, a.Elem, vals[0])))
		}
		vals = vals[1:]
	}
	return append(dst, '}'), vals
}

// appendElem quotes an array element where it must be.
func appendElem(dst []byte, s string) []byte {
	if s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{}\"\\, \t\n\r\v\f") {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

func appendRecord(dst []byte, env *Env, r *RecordValue) []byte {
	dst = append(dst, '(')
	for i, v := range r.Vals {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Null {
			continue
		}
		s := string(AppendTextEnv(nil, env, r.Types[i], v))
		if s != "" && !strings.ContainsAny(s, "()\"\\, \t\n\r\v\f") {
			dst = append(dst, s...)
			continue
		}
		dst = append(dst, '"')
		for j := range len(s) {
			if s[j] == '"' || s[j] == '\\' {
				dst = append(dst, s[j])
			}
			dst = append(dst, s[j])
		}
		dst = append(dst, '"')
	}
	return append(dst, ')')
}

const maxArrayDims = 6

// arrayParser reads the text form of an array.
type arrayParser struct {
	env   *Env
	elem  Type
	src   string
	i     int
	dims  []int
	vals  []Datum
	fixed int // how many dimensions have their length
}

func parseArray(env *Env, t Type, s string) (Datum, error) {
	p := &arrayParser{env: env, elem: t.ElemType(), src: s}
	lower, bounds, err := p.bounds()
	if err != nil {
		return Datum{}, err
	}
	p.space()
	if p.i >= len(s) || s[p.i] != '{' {
		if bounds != nil {
			return Datum{}, p.malformed("Missing array dimensions.")
		}
		return Datum{}, p.malformed("Array value must start with \"{\" or dimension information.")
	}
	if err := p.level(0); err != nil {
		return Datum{}, err
	}
	p.space()
	if p.i < len(s) {
		return Datum{}, p.malformed("Junk after closing right brace.")
	}
	a := &ArrayValue{Elem: p.elem, Vals: p.vals}
	if len(p.vals) > 0 {
		a.Dims, a.Lower = p.dims, lower
		if bounds != nil {
			if len(bounds) != len(a.Dims) {
				return Datum{}, p.malformed("Specified array dimensions do not match array contents.")
			}
			for i := range bounds {
				if bounds[i] != a.Dims[i] {
					return Datum{}, p.malformed("Specified array dimensions do not match array contents.")
				}
			}
		} else {
			a.Lower = ones(len(a.Dims))
		}
	}
	return Datum{Any: a}, nil
}

func ones(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

func (p *arrayParser) malformed(detail string) error {
	e := dberr.SQL(dberr.StateInvalidTextRepr, "malformed array literal: \"%s\"", p.src)
	if detail != "" {
		_ = e.WithDetail("%s", detail)
	}
	return e
}

func (p *arrayParser) space() {
	for p.i < len(p.src) && isSpace(p.src[p.i]) {
		p.i++
	}
}

// bounds reads [lower:upper]…= where it is there.
func (p *arrayParser) bounds() (lower, length []int, err error) {
	p.space()
	for p.i < len(p.src) && p.src[p.i] == '[' {
		end := strings.IndexByte(p.src[p.i:], ']')
		if end < 0 {
			return nil, nil, p.malformed("Missing \"]\" after array dimensions.")
		}
		lo, hi, ok := strings.Cut(p.src[p.i+1:p.i+end], ":")
		if !ok {
			lo, hi = "1", lo
		}
		l, err1 := strconv.ParseInt(lo, 10, 32)
		h, err2 := strconv.ParseInt(hi, 10, 32)
		if err1 != nil || err2 != nil {
			return nil, nil, p.malformed("\"[\" must introduce explicitly-specified array dimensions.")
		}
		if h < l {
			return nil, nil, dberr.SQL("2202E", "upper bound cannot be less than lower bound")
		}
		lower, length = append(lower, int(l)), append(length, int(h-l+1))
		p.i += end + 1
		p.space()
	}
	if length != nil {
		if p.i >= len(p.src) || p.src[p.i] != '=' {
			return nil, nil, p.malformed("Missing \"=\" after array dimensions.")
		}
		p.i++
	}
	return lower, length, nil
}

func (p *arrayParser) level(depth int) error {
	if depth >= maxArrayDims {
		return dberr.SQL(dberr.StateProgramLimit, "number of array dimensions (%d) exceeds the maximum allowed (%d)", depth+1, maxArrayDims)
	}
	p.i++ // the opening brace
	if depth == len(p.dims) {
		p.dims = append(p.dims, -1)
	}
	n := 0
	for {
		p.space()
		if p.i >= len(p.src) {
			return p.malformed("Unexpected end of input.")
		}
		switch c := p.src[p.i]; {
		case c == '}' && n == 0 && depth == 0:
			p.i++
			p.dims = nil
			return nil
		case c == '{':
			if p.fixed == depth+1 {
				return p.malformed("Unexpected \"{\" character.")
			}
			if err := p.level(depth + 1); err != nil {
				return err
			}
		default:
			if depth+1 < len(p.dims) {
				return p.malformed("Unexpected array element.")
			}
			if err := p.element(); err != nil {
				return err
			}
			p.fixed = depth + 1
		}
		if p.fixed != 0 && p.fixed != len(p.dims) {
			return p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
		}
		n++
		p.space()
		if p.i >= len(p.src) {
			return p.malformed("Unexpected end of input.")
		}
		c := p.src[p.i]
		p.i++
		if c == '}' {
			break
		}
		if c != ',' {
			return p.malformed("Unexpected array element.")
		}
	}
	if p.dims[depth] >= 0 && p.dims[depth] != n {
		return p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	p.dims[depth] = n
	return nil
}

func (p *arrayParser) element() error {
	var b []byte
	quoted := p.src[p.i] == '"'
	if quoted {
		p.i++
	}
	end := 0 // without trailing blanks
	for {
		if p.i >= len(p.src) {
			return p.malformed("Unexpected end of input.")
		}
		c := p.src[p.i]
		switch {
		case c == '\\':
			p.i++
			if p.i >= len(p.src) {
				return p.malformed("Unexpected end of input.")
			}
			b = append(b, p.src[p.i])
			end = len(b)
		case quoted && c == '"':
			p.i++
			return p.addElement(string(b), true)
		case !quoted && (c == ',' || c == '}'):
			return p.addElement(string(b[:end]), end == 0)
		case !quoted && c == '"':
			return p.malformed("Unexpected array element.")
		case !quoted && c == '{':
			return p.malformed("Unexpected \"{\" character.")
		default:
			b = append(b, c)
			if !isSpace(c) {
				end = len(b)
			}
		}
		p.i++
	}
}

func (p *arrayParser) addElement(s string, quoted bool) error {
	if !quoted && strings.EqualFold(s, "null") {
		p.vals = append(p.vals, NullDatum)
		return nil
	}
	if s == "" && p.src[p.i-1] != '"' {
		return p.malformed("Unexpected \"" + p.src[p.i:p.i+1] + "\" character.")
	}
	d, err := ParseEnv(p.env, p.elem, s)
	if err != nil {
		return err
	}
	p.vals = append(p.vals, d)
	return nil
}
