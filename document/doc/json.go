package doc

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// Parse reads one JSON text.
func Parse(text []byte) (Value, error) {
	p := parser{b: text}
	return p.whole()
}

func (p *parser) whole() (Value, error) {
	p.space()
	out, err := p.value(make([]byte, 0, len(p.b)+len(p.b)/4+16), 0)
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.i < len(p.b) {
		return Value{}, p.errorf("there is more after the value")
	}
	return Value{out}, nil
}

// ParseUnique is Parse of a text in which no object may name a field twice: one that says
// what is to be done, of which nothing may be passed over.
func ParseUnique(text []byte) (Value, error) {
	p := parser{b: text, unique: true}
	return p.whole()
}

// ParseObject is Parse for a text that must be an object.
func ParseObject(text []byte) (Value, error) {
	v, err := Parse(text)
	if err == nil && v.Kind() != Object {
		err = dberr.New(dberr.ErrInvalid, "INVALID_DOCUMENT", "a document must be an object, not %s", v.Kind())
	}
	return v, err
}

// parser writes values as it reads them. The items of an open container are at the
// end of out; when it closes, they move to make room for its header.
type parser struct {
	b    []byte
	i    int
	ends []int  // of the items of open containers
	text []byte // a string with escapes

	unique bool // a field may not be named twice
}

func (p *parser) errorf(format string, args ...any) error {
	e := dberr.New(dberr.ErrInvalid, "INVALID_JSON", format, args...)
	e.Message = "not valid JSON: " + e.Message
	return e.WithDetail("at byte %d", p.i)
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) value(out []byte, depth int) ([]byte, error) {
	if p.i >= len(p.b) {
		return nil, p.errorf("it ends where a value should be")
	}
	switch c := p.b[p.i]; {
	case c == '{':
		return p.object(out, depth+1)
	case c == '[':
		return p.array(out, depth+1)
	case c == '"':
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		return AppendString(out, s), nil
	case c == '-' || c >= '0' && c <= '9':
		return p.number(out)
	}
	for _, w := range [...]struct {
		word string
		tag  byte
	}{{"null", tagNull}, {"false", tagFalse}, {"true", tagTrue}} {
		if bytes.HasPrefix(p.b[p.i:], []byte(w.word)) {
			p.i += len(w.word)
			return append(out, w.tag), nil
		}
	}
	return nil, p.errorf("unexpected %q", p.b[p.i])
}

func (p *parser) number(out []byte) ([]byte, error) {
	rest, ok := cutNumber(p.b[p.i:])
	if !ok {
		return nil, p.errorf("a malformed number")
	}
	text := p.b[p.i : len(p.b)-len(rest)]
	if exponentTooLong(text) {
		return nil, p.errorf("the exponent of a number has more than %d digits", maxExponentDigits)
	}
	p.i += len(text)
	return AppendNumber(out, text), nil
}

// more steps over a comma, or the closing bracket.
func (p *parser) more(closing byte, first bool) (bool, error) {
	p.space()
	if p.i >= len(p.b) {
		return false, p.errorf("it ends inside an array or object")
	}
	switch c := p.b[p.i]; {
	case c == closing:
		p.i++
		return false, nil
	case first:
		return true, nil
	case c == ',':
		p.i++
		p.space()
		if p.i < len(p.b) && p.b[p.i] == closing {
			return false, p.errorf("a comma before %q", closing)
		}
		return true, nil
	}
	return false, p.errorf("%q where a comma or %q should be", p.b[p.i], closing)
}

func (p *parser) array(out []byte, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, p.errorf("it is nested deeper than %d", MaxDepth)
	}
	p.i++
	from, mark := len(out), len(p.ends)
	for first := true; ; first = false {
		more, err := p.more(']', first)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		p.space()
		if out, err = p.value(out, depth); err != nil {
			return nil, err
		}
		p.ends = append(p.ends, len(out)-from)
	}
	out = p.close(out, from, mark, tagArray, nil)
	p.ends = p.ends[:mark]
	return out, nil
}

func (p *parser) object(out []byte, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, p.errorf("it is nested deeper than %d", MaxDepth)
	}
	p.i++
	from, mark := len(out), len(p.ends)
	var seen names
	for first := true; ; first = false {
		more, err := p.more('}', first)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != '"' {
			return nil, p.errorf("the name of a field must be a string")
		}
		name, err := p.str()
		if err != nil {
			return nil, err
		}
		twice := seen.add(name)
		if twice >= 0 && p.unique {
			return nil, dberr.New(dberr.ErrInvalid, "DUPLICATE_FIELD", "the field %.80q is named twice in one object", name).WithDetail("at byte %d", p.i).
				WithHint("Join conditions on one field in one object, or with $and.")
		}
		out = appendUvarint(out, len(name))
		out = append(out, name...)
		if p.space(); p.i >= len(p.b) || p.b[p.i] != ':' {
			return nil, p.errorf("a colon is missing after a name")
		}
		p.i++
		p.space()
		at := len(out)
		if out, err = p.value(out, depth); err != nil {
			return nil, err
		}
		if twice >= 0 {
			out = p.replace(out, from, mark, twice, at)
			continue
		}
		p.ends = append(p.ends, len(out)-from)
	}
	tag := byte(tagObject)
	var order []int
	if n := len(p.ends) - mark; n >= wideFields {
		tag = tagWide
		order = nameOrder(n, func(i int) string { return seen.list[i] })
	}
	out = p.close(out, from, mark, tag, order)
	p.ends = p.ends[:mark]
	return out, nil
}

// replace makes the value at the end of out that of the field that had the same
// name before.
func (p *parser) replace(out []byte, from, mark, field, at int) []byte {
	value := bytes.Clone(out[at:])
	ends := p.ends[mark:]
	out = out[:from+ends[len(ends)-1]]
	begin := 0
	if field > 0 {
		begin = ends[field-1]
	}
	item := out[from+begin : from+ends[field]]
	n, k := uvarint(item)
	keep := begin + k + n
	tail := bytes.Clone(out[from+ends[field]:])
	out = append(append(out[:from+keep], value...), tail...)
	shift := keep + len(value) - ends[field]
	for i := field; i < len(ends); i++ {
		ends[i] += shift
	}
	return out
}

// close puts the header before the items that begin at from.
func (p *parser) close(out []byte, from, mark int, tag byte, order []int) []byte {
	ends := p.ends[mark:]
	h := newHeader(tag, len(ends), len(out)-from)
	room := 1 + h.width*(1+len(ends)+len(order))
	items := len(out) - from
	for range room {
		out = append(out, 0)
	}
	copy(out[from+room:], out[from:from+items])
	head := h.begin(out[from:from:len(out)])
	for _, e := range ends {
		head = h.number(head, e)
	}
	for _, i := range order {
		head = h.number(head, i)
	}
	return out
}

// names finds names that come twice.
type names struct {
	list  []string
	index map[string]int
}

// add returns the place of an equal name that came before, or -1.
func (n *names) add(name []byte) int {
	if n.index != nil {
		if i, ok := n.index[string(name)]; ok {
			return i
		}
		n.index[string(name)] = len(n.list)
		n.list = append(n.list, string(name))
		return -1
	}
	for i, other := range n.list {
		if other == string(name) {
			return i
		}
	}
	n.list = append(n.list, string(name))
	if len(n.list) > 16 {
		n.index = make(map[string]int, 64)
		for i, other := range n.list {
			n.index[other] = i
		}
	}
	return -1
}

// str reads a string. What it returns holds until the next call.
func (p *parser) str() ([]byte, error) {
	p.i++
	start := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			s := p.b[start:p.i]
			p.i++
			if !utf8.Valid(s) {
				return nil, p.errorf("a string is not UTF-8")
			}
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return nil, p.errorf("a control character in a string must be escaped")
		}
		p.i++
	}
	return nil, p.errorf("it ends inside a string")
}

func (p *parser) escaped(start int) ([]byte, error) {
	out := append(p.text[:0], p.b[start:p.i]...)
	for p.i < len(p.b) {
		c := p.b[p.i]
		p.i++
		switch {
		case c == '"':
			p.text = out
			if !utf8.Valid(out) {
				return nil, p.errorf("a string is not UTF-8")
			}
			return out, nil
		case c < 0x20:
			return nil, p.errorf("a control character in a string must be escaped")
		case c != '\\':
			out = append(out, c)
			continue
		}
		if p.i >= len(p.b) {
			break
		}
		var err error
		if out, err = p.escape(out); err != nil {
			return nil, err
		}
	}
	return nil, p.errorf("it ends inside a string")
}

const escapes, escaped = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

func (p *parser) escape(out []byte) ([]byte, error) {
	c := p.b[p.i]
	p.i++
	if i := bytes.IndexByte([]byte(escapes), c); i >= 0 {
		return append(out, escaped[i]), nil
	}
	if c != 'u' {
		return nil, p.errorf("the unknown escape \\%c", c)
	}
	r, ok := p.hex4()
	if !ok {
		return nil, p.errorf("\\u must be followed by four hexadecimal digits")
	}
	if utf16.IsSurrogate(r) {
		if p.i+1 >= len(p.b) || p.b[p.i] != '\\' || p.b[p.i+1] != 'u' {
			return nil, p.errorf("a lone surrogate in a string")
		}
		p.i += 2
		low, ok := p.hex4()
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return nil, p.errorf("a lone surrogate in a string")
		}
	}
	return utf8.AppendRune(out, r), nil
}

func (p *parser) hex4() (r rune, ok bool) {
	if len(p.b)-p.i < 4 {
		return 0, false
	}
	for _, c := range p.b[p.i : p.i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	p.i += 4
	return r, true
}
