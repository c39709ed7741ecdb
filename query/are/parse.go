package are

import (
	"strings"
	"unicode/utf8"
)

// parser reads an expression by recursive descent.
type parser struct {
	src    string
	i      int
	f      Flags
	groups int
	open   []bool // which groups are closed, by number - 1
	depth  int
	inLook int // within a constraint, where parentheses do not capture
	behind []*node
}

func isBlank(c byte) bool { return strings.IndexByte(" \t\n\r\v\f", c) >= 0 }

// prefix reads the director *** and embedded options.
func (p *parser) prefix() error {
	switch {
	case p.f.Literal:
		return nil
	case strings.HasPrefix(p.src, "***="):
		p.src, p.f = p.src[4:], Flags{Literal: true, Fold: p.f.Fold, DotLine: p.f.DotLine, Anchor: p.f.Anchor}
		return nil
	case strings.HasPrefix(p.src, "***:"):
		p.src, p.f.Basic, p.f.NoARE = p.src[4:], false, false
	case strings.HasPrefix(p.src, "***"):
		return SyntaxError("invalid regexp (reg version 0.8)")
	}
	if p.f.Basic || p.f.NoARE {
		return nil
	}
	if len(p.src) > 2 && strings.HasPrefix(p.src, "(?") && p.src[2]|0x20 >= 'a' && p.src[2]|0x20 <= 'z' {
		end := 2
		for end < len(p.src) && p.src[end]|0x20 >= 'a' && p.src[end]|0x20 <= 'z' {
			end++
		}
		if end == len(p.src) || p.src[end] != ')' || !p.f.Set(p.src[2:end], true) {
			return SyntaxError("invalid embedded option")
		}
		p.src = p.src[end+1:]
	}
	return nil
}

// Set reads options by their letters, as they stand within an expression where
// embedded, and reports whether all are known.
func (f *Flags) Set(letters string, embedded bool) bool {
	for _, c := range letters {
		switch c {
		case 'i':
			f.Fold = true
		case 'c':
			f.Fold = false
		case 'n', 'm':
			f.DotLine, f.Anchor = true, true
		case 's':
			f.DotLine, f.Anchor = false, false
		case 'p':
			f.DotLine, f.Anchor = true, false
		case 'w':
			f.DotLine, f.Anchor = false, true
		case 'x':
			f.Expand = true
		case 't':
			f.Expand = false
		case 'q':
			f.Literal, f.Basic, f.NoARE = true, false, false
		case 'b':
			f.Basic, f.Literal, f.NoARE = true, false, false
		case 'e': // as an option, PostgreSQL takes it for b
			f.NoARE, f.Literal, f.Basic = embedded, false, !embedded
		case 'a':
			if embedded {
				return false
			}
			f.Basic, f.Literal, f.NoARE = false, false, false
		default:
			return false
		}
	}
	return true
}

func (p *parser) parse() (*node, error) {
	if p.f.Literal {
		n := &node{}
		for _, r := range p.src {
			n = plain(n, p.char(r), 0, 1, 1)
		}
		return n, nil
	}
	n, err := p.alternation(false)
	if err != nil {
		return nil, err
	}
	if p.i < len(p.src) {
		return nil, SyntaxError("parentheses () not balanced")
	}
	return n, nil
}

func (p *parser) char(r rune) *node {
	s := &set{}
	s.addFolded(r, p.f.Fold)
	return &node{kind: kSet, set: s.done()}
}

// blanks skips what an expanded expression ignores, and comments.
func (p *parser) blanks() error {
	for p.i < len(p.src) {
		switch c := p.src[p.i]; {
		case p.f.Expand && isBlank(c):
			p.i++
		case p.f.Expand && c == '#':
			for p.i < len(p.src) && p.src[p.i] != '\n' {
				p.i++
			}
		case !p.f.Basic && !p.f.NoARE && strings.HasPrefix(p.src[p.i:], "(?#"):
			end := strings.IndexByte(p.src[p.i:], ')')
			if end < 0 {
				p.i = len(p.src)
				return nil
			}
			p.i += end + 1
		default:
			return nil
		}
	}
	return nil
}

// at reports whether the next token is the operator c, which basic expressions
// write with a backslash.
func (p *parser) at(c byte) bool {
	if p.f.Basic {
		return c != '|' && p.i+1 < len(p.src) && p.src[p.i] == '\\' && p.src[p.i+1] == c
	}
	return p.i < len(p.src) && p.src[p.i] == c
}

func (p *parser) skip() {
	if p.f.Basic {
		p.i++
	}
	p.i++
}

func (p *parser) alternation(inside bool) (*node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, SyntaxError("regular expression is too complex")
	}
	defer func() { p.depth-- }()
	alt := &node{kind: kAlt, flags: longer}
	for {
		b, err := p.branch(inside, false)
		if err != nil {
			return nil, err
		}
		alt.kids = append(alt.kids, b)
		alt.flags |= up(alt.flags&^pref | b.flags)
		if err := p.blanks(); err != nil {
			return nil, err
		}
		if !p.at('|') {
			break
		}
		p.i++
	}
	if len(alt.kids) == 1 {
		return alt.kids[0], nil
	}
	return alt, nil
}

// plain adds min to max of atom to the leaf n.
func plain(n, atom *node, q nodeFlags, min, max int) *node {
	f := n.flags | q | atom.flags
	if min != 1 || max != 1 {
		atom = &node{kind: kRepeat, kids: []*node{atom}, min: min, max: max}
	}
	if n.kind == kEmpty {
		c := *atom
		c.flags = f
		return &c
	}
	if n.kind != kConcat || len(n.kids) > 0 && n.flags&messy != 0 {
		n = &node{kind: kConcat, kids: []*node{n}}
	}
	return &node{kind: kConcat, kids: append(n.kids[:len(n.kids):len(n.kids)], atom), flags: f}
}

// branch reads quantified atoms. As in PostgreSQL, those that need no attention make
// one leaf; one that does divides what is before it from the rest.
func (p *parser) branch(inside, rest bool) (*node, error) {
	left := &node{}
	first := true
	for {
		if err := p.blanks(); err != nil {
			return nil, err
		}
		if p.i >= len(p.src) || p.at('|') || inside && p.at(')') {
			return left, nil
		}
		atom, err := p.atom(first && !rest)
		if err != nil {
			return nil, err
		}
		first = p.f.Basic && atom.kind == kAssert && atom.assert == aLineBegin
		min, max, q, err := p.quantifier(atom)
		if err != nil {
			return nil, err
		}
		f := left.flags | q | atom.flags
		if max == 0 {
			continue
		}
		if atom.kind != kGroup && atom.kind != kBack && up(f)&messy == 0 {
			left = plain(left, atom, q, min, max)
			continue
		}
		t := quantified(atom, q, min, max)
		tail, err := p.branch(inside, true)
		if err != nil {
			return nil, err
		}
		return join(left, join(t, tail)), nil
	}
}

// join puts one node after another.
func join(l, r *node) *node {
	switch {
	case l.kind == kEmpty:
		return r
	case r.kind == kEmpty:
		return l
	}
	return &node{kind: kConcat, kids: []*node{l, r}, flags: combine(l.flags, r.flags)}
}

// quantified repeats an atom that needs attention.
func quantified(atom *node, q nodeFlags, min, max int) *node {
	own := atom.flags & (pref | mixed)
	switch {
	case atom.kind == kBack:
		atom.min, atom.max = min, max
		atom.flags = hasBack | q
		return atom
	case min == 1 && max == 1 && (q == 0 || own == 0 || q == own):
		return atom
	case atom.flags&(hasGroup|hasBack) == 0:
		return &node{kind: kRepeat, kids: []*node{atom}, min: min, max: max, flags: combine(q, atom.flags) & pref}
	case min > 0 && atom.flags&hasBack == 0:
		// Only the last iteration's groups count, so what is before it is a leaf.
		f := combine(q, atom.flags)
		less := max
		if max != inf {
			less = max - 1
		}
		if less == 0 {
			return &node{kind: kConcat, kids: []*node{{}, atom}, flags: f}
		}
		before := &node{kind: kRepeat, kids: []*node{atom}, min: min - 1, max: less, flags: f & pref}
		return &node{kind: kConcat, kids: []*node{before, atom}, flags: f}
	}
	return &node{kind: kRepeat, kids: []*node{atom}, min: min, max: max, flags: combine(q, atom.flags)}
}

func (p *parser) quantifier(atom *node) (min, max int, q nodeFlags, err error) {
	if err := p.blanks(); err != nil {
		return 0, 0, 0, err
	}
	min, max = 1, 1
	switch {
	case p.i < len(p.src) && p.src[p.i] == '*':
		min, max, q = 0, inf, longer
		p.i++
	case !p.f.Basic && p.at('+'):
		min, max, q = 1, inf, longer
		p.i++
	case !p.f.Basic && p.at('?'):
		min, max, q = 0, 1, longer
		p.i++
	case p.at('{') && (p.f.Basic || p.i+1 < len(p.src) && p.src[p.i+1] >= '0' && p.src[p.i+1] <= '9'):
		if min, max, q, err = p.bounds(); err != nil {
			return 0, 0, 0, err
		}
		if q == 0 { // {m} passes the preference of what it repeats
			if p.lazy() && min != max {
				q = shorter
			}
			return min, max, 0, p.again(atom)
		}
	default:
		return 1, 1, 0, nil
	}
	if p.lazy() {
		q = shorter
	}
	return min, max, q, p.again(atom)
}

// again refuses a quantifier of a quantifier and of a constraint.
func (p *parser) again(atom *node) error {
	if atom.kind == kAssert {
		return SyntaxError("quantifier operand invalid")
	}
	if err := p.blanks(); err != nil {
		return err
	}
	if p.i >= len(p.src) {
		return nil
	}
	c := p.src[p.i]
	if c == '*' || !p.f.Basic && (c == '+' || c == '?' || c == '{' && p.i+1 < len(p.src) && p.src[p.i+1] >= '0' && p.src[p.i+1] <= '9') || p.f.Basic && p.at('{') {
		return SyntaxError("quantifier operand invalid")
	}
	return nil
}

func (p *parser) lazy() bool {
	if !p.f.Basic && !p.f.NoARE && p.i < len(p.src) && p.src[p.i] == '?' {
		p.i++
		return true
	}
	return false
}

const maxBound = 255

func (p *parser) bounds() (min, max int, q nodeFlags, err error) {
	p.skip()
	number := func() (int, bool) {
		n, from := 0, p.i
		for p.i < len(p.src) && p.src[p.i] >= '0' && p.src[p.i] <= '9' {
			if n = n*10 + int(p.src[p.i]-'0'); n > maxBound {
				err = SyntaxError("invalid repetition count(s)")
				return 0, false
			}
			p.i++
		}
		return n, p.i > from
	}
	min, ok := number()
	if err == nil && !ok {
		err = SyntaxError("invalid repetition count(s)")
	}
	if err != nil {
		return 0, 0, 0, err
	}
	max = min
	if p.i < len(p.src) && p.src[p.i] == ',' {
		p.i++
		q = longer
		if max, ok = number(); err != nil {
			return 0, 0, 0, err
		}
		if !ok {
			max = inf
		} else if max < min {
			return 0, 0, 0, SyntaxError("invalid repetition count(s)")
		}
	}
	if !p.at('}') {
		if p.i >= len(p.src) {
			return 0, 0, 0, SyntaxError("braces {} not balanced")
		}
		return 0, 0, 0, SyntaxError("invalid repetition count(s)")
	}
	p.skip()
	return min, max, q, nil
}

func constraint(a assertion) *node { return &node{kind: kAssert, assert: a} }

// line is ^ or $, marked where it looks at lines.
func (p *parser) line(a assertion) *node {
	n := constraint(a)
	if p.f.Anchor {
		n.n = 1
	}
	return n
}

// atom reads what a quantifier may follow. first says that nothing is before it in
// its branch.
func (p *parser) atom(first bool) (*node, error) {
	if p.at('(') {
		return p.parens()
	}
	rest := p.src[p.i:]
	c := rest[0]
	switch {
	case strings.HasPrefix(rest, "[[:<:]]"), strings.HasPrefix(rest, "[[:>:]]"):
		p.i += 7
		if rest[3] == '<' {
			return constraint(aWordBegin), nil
		}
		return constraint(aWordEnd), nil
	case c == '[':
		return p.bracket()
	case c == '.':
		p.i++
		s := &set{any: true, noLine: p.f.DotLine}
		return &node{kind: kSet, set: s.done()}, nil
	case c == '^' && (!p.f.Basic || first):
		p.i++
		return p.line(aLineBegin), nil
	case c == '$' && (!p.f.Basic || len(rest) == 1 || strings.HasPrefix(rest[1:], `\)`)):
		p.i++
		return p.line(aLineEnd), nil
	case p.f.Basic && p.at(')'):
		return nil, SyntaxError("parentheses () not balanced")
	case !p.f.Basic && c == ')':
		if p.f.NoARE && p.depth == 1 {
			break
		}
		return nil, SyntaxError("parentheses () not balanced")
	case c == '*' && p.f.Basic && first:
	case c == '*', !p.f.Basic && (c == '+' || c == '?'), !p.f.Basic && c == '{' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9', p.f.Basic && p.at('{'):
		return nil, SyntaxError("quantifier operand invalid")
	case c == '\\':
		return p.escape()
	}
	r, w := utf8.DecodeRuneInString(rest)
	p.i += w
	return p.char(r), nil
}

func (p *parser) parens() (*node, error) {
	p.skip()
	rest := p.src[p.i:]
	look, capture := assertion(0), p.inLook == 0
	if !p.f.Basic && !p.f.NoARE && strings.HasPrefix(rest, "?") {
		capture = false
		switch {
		case strings.HasPrefix(rest, "?:"):
			p.i += 2
		case strings.HasPrefix(rest, "?="):
			look, p.i = aAhead, p.i+2
		case strings.HasPrefix(rest, "?!"):
			look, p.i = aNotAhead, p.i+2
		case strings.HasPrefix(rest, "?<="):
			look, p.i = aBehind, p.i+3
		case strings.HasPrefix(rest, "?<!"):
			look, p.i = aNotBehind, p.i+3
		default:
			return nil, SyntaxError("quantifier operand invalid")
		}
	}
	number := 0
	if capture {
		p.groups++
		p.open = append(p.open, false)
		number = p.groups
	}
	if look != 0 {
		p.inLook++
	}
	in, err := p.alternation(true)
	if err != nil {
		return nil, err
	}
	if look != 0 {
		p.inLook--
	}
	if !p.at(')') {
		return nil, SyntaxError("parentheses () not balanced")
	}
	p.skip()
	switch {
	case look == aBehind || look == aNotBehind:
		p.behind = append(p.behind, in)
		return &node{kind: kAssert, assert: look, kids: []*node{in}, n: len(p.behind) - 1}, nil
	case look != 0:
		return &node{kind: kAssert, assert: look, kids: []*node{in}}, nil
	case capture:
		p.open[number-1] = true
		return &node{kind: kGroup, kids: []*node{in}, n: number, flags: in.flags | hasGroup}, nil
	}
	switch in.kind {
	case kAssert: // which, unlike the constraint alone, may be repeated
		return &node{kind: kConcat, kids: []*node{in}}, nil
	case kBack: // which, unlike the reference alone, may be repeated no times where its group is not set
		return &node{kind: kConcat, kids: []*node{{}, in}, flags: in.flags}, nil
	}
	return in, nil
}
