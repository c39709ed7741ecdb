package sqltype

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

func appendRange(dst []byte, env *Env, r *RangeValue) []byte {
	if r.Empty {
		return append(dst, "empty"...)
	}
	open, shut := byte('('), byte(')')
	if r.Lower.Inc {
		open = '['
	}
	if r.Upper.Inc {
		shut = ']'
	}
	dst = append(appendBound(append(dst, open), env, r.Elem, r.Lower), ',')
	return append(appendBound(dst, env, r.Elem, r.Upper), shut)
}

func appendBound(dst []byte, env *Env, elem Type, b RangeBound) []byte {
	if b.Inf {
		return dst
	}
	s := string(AppendTextEnv(nil, env, elem, b.Val))
	if s != "" && !strings.ContainsAny(s, "()[],\"\\ \t\n\r\v\f") {
		return append(dst, s...)
	}
	return append(append(append(dst, '"'), strings.NewReplacer(`"`, `""`, `\`, `\\`).Replace(s)...), '"')
}

func appendMultirange(dst []byte, env *Env, m *MultirangeValue) []byte {
	dst = append(dst, '{')
	for i, r := range m.Ranges {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRange(dst, env, r)
	}
	return append(dst, '}')
}

// rangeParser reads the text form of ranges.
type rangeParser struct {
	env  *Env
	elem Type
	src  string
	i    int
	what string // range or multirange
}

func (p *rangeParser) bad(detail string) error {
	return dberr.SQL(dberr.StateInvalidTextRepr, "malformed %s literal: \"%s\"", p.what, p.src).WithDetail("%s", detail)
}

func (p *rangeParser) blank() {
	for p.i < len(p.src) && strings.IndexByte(" \t\n\r\v\f", p.src[p.i]) >= 0 {
		p.i++
	}
}

// at reports whether c follows, and passes it.
func (p *rangeParser) at(c byte) bool {
	if p.i < len(p.src) && p.src[p.i] == c {
		p.i++
		return true
	}
	return false
}

func parseRange(env *Env, t Type, s string) (Datum, error) {
	p := &rangeParser{env: env, elem: t.RangeElem(), src: s, what: "range"}
	r, err := p.one()
	if err != nil {
		return Datum{}, err
	}
	if p.blank(); p.i < len(s) {
		if r.Empty && !strings.ContainsAny(s[:p.i], "[(") {
			return Datum{}, p.bad("Junk after \"empty\" key word.")
		}
		return Datum{}, p.bad("Junk after right parenthesis or bracket.")
	}
	return Datum{Any: r}, nil
}

// one reads a range.
func (p *rangeParser) one() (*RangeValue, error) {
	p.blank()
	if rest := p.src[p.i:]; len(rest) >= 5 && strings.EqualFold(rest[:5], "empty") {
		p.i += 5
		return &RangeValue{Elem: p.elem, Empty: true}, nil
	}
	var lower, upper RangeBound
	switch {
	case p.at('['):
		lower.Inc = true
	case !p.at('('):
		return nil, p.bad("Missing left parenthesis or bracket.")
	}
	if err := p.bound(&lower); err != nil {
		return nil, err
	}
	if !p.at(',') {
		return nil, p.bad("Missing comma after lower bound.")
	}
	if err := p.bound(&upper); err != nil {
		return nil, err
	}
	switch {
	case p.at(']'):
		upper.Inc = true
	case !p.at(')'):
		return nil, p.bad("Too many commas.")
	}
	return NewRange(p.elem, lower, upper)
}

func (p *rangeParser) bound(b *RangeBound) error {
	var text []byte
	quoted, any := false, false
	for ; ; p.i++ {
		if p.i >= len(p.src) {
			return p.bad("Unexpected end of input.")
		}
		c := p.src[p.i]
		if !quoted && (c == ',' || c == ')' || c == ']') {
			break
		}
		any = true
		switch {
		case c == '\\':
			if p.i++; p.i >= len(p.src) {
				return p.bad("Unexpected end of input.")
			}
			text = append(text, p.src[p.i])
		case c == '"' && quoted && p.i+1 < len(p.src) && p.src[p.i+1] == '"':
			p.i++
			text = append(text, c)
		case c == '"':
			quoted = !quoted
		default:
			text = append(text, c)
		}
	}
	if b.Inf = !any; b.Inf {
		return nil
	}
	var err error
	b.Val, err = ParseEnv(p.env, p.elem, string(text))
	return err
}

func parseMultirange(env *Env, t Type, s string) (Datum, error) {
	p := &rangeParser{env: env, elem: t.RangeElem(), src: s, what: "multirange"}
	p.blank()
	if !p.at('{') {
		return Datum{}, p.bad("Missing left brace.")
	}
	var list []*RangeValue
	for p.blank(); !p.at('}'); p.blank() {
		if len(list) > 0 && p.i < len(s) && !p.at(',') {
			return Datum{}, p.bad("Expected comma or end of multirange.")
		}
		p.blank()
		rest := s[p.i:]
		switch {
		case rest == "":
			return Datum{}, p.bad("Unexpected end of input.")
		case rest[0] != '[' && rest[0] != '(' && (len(rest) < 5 || !strings.EqualFold(rest[:5], "empty")):
			return Datum{}, p.bad("Expected range start.")
		}
		r, err := p.one()
		if err != nil {
			return Datum{}, err
		}
		list = append(list, r)
	}
	if p.blank(); p.i < len(s) {
		return Datum{}, p.bad("Junk after closing right brace.")
	}
	return Datum{Any: NewMultirange(p.elem, list)}, nil
}
