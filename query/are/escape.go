package are

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

var escapeClass = map[byte]string{'d': "digit", 's': "space", 'w': "word"}

var escapeAssert = map[byte]assertion{'A': aBegin, 'Z': aEnd, 'm': aWordBegin, 'M': aWordEnd, 'y': aBoundary, 'Y': aInside}

var errEscape = SyntaxError(`invalid escape \ sequence`)

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// escape reads a backslash and what follows, outside brackets.
func (p *parser) escape() (*node, error) {
	if p.i+1 >= len(p.src) {
		return nil, errEscape
	}
	c := p.src[p.i+1]
	switch {
	case p.f.Basic:
		switch {
		case c == '<', c == '>':
			p.i += 2
			return constraint(map[byte]assertion{'<': aWordBegin, '>': aWordEnd}[c]), nil
		case c >= '1' && c <= '9':
			return p.back()
		}
		fallthrough
	case p.f.NoARE:
		r, w := utf8.DecodeRuneInString(p.src[p.i+1:])
		p.i += 1 + w
		return p.char(r), nil
	case escapeClass[c] != "" || escapeClass[c|0x20] != "" && c < 'a':
		p.i += 2
		s := &set{}
		if c < 'a' {
			s.outside = append(s.outside, escapeClass[c|0x20])
		} else {
			s.classes = append(s.classes, escapeClass[c])
		}
		return &node{kind: kSet, set: s.done()}, nil
	case c >= '1' && c <= '9':
		return p.back()
	}
	if a, ok := escapeAssert[c]; ok {
		p.i += 2
		return constraint(a), nil
	}
	r, err := p.charEscape()
	if err != nil {
		return nil, err
	}
	return p.char(r), nil
}

// back reads a back reference. Two digits or more are one where there are as many
// groups, else an octal escape.
func (p *parser) back() (*node, error) {
	end := p.i + 2
	for !p.f.Basic && end < len(p.src) && p.src[end] >= '0' && p.src[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(p.src[p.i+1 : end])
	if err != nil || n > p.groups {
		if end > p.i+2 {
			r, err := p.octal()
			if err != nil {
				return nil, err
			}
			return p.char(r), nil
		}
		return nil, SyntaxError("invalid backreference number")
	}
	if p.inLook > 0 || !p.open[n-1] {
		return nil, SyntaxError("invalid backreference number")
	}
	p.i = end
	b := &node{kind: kBack, n: n, min: 1, max: 1, flags: hasBack}
	if p.f.Fold {
		b.set = &set{} // marks that case does not matter
	}
	return b, nil
}

func (p *parser) octal() (rune, error) {
	p.i++
	end := p.i
	for end < len(p.src) && end-p.i < 3 && p.src[end] >= '0' && p.src[end] <= '7' {
		end++
	}
	v, err := strconv.ParseInt(p.src[p.i:end], 8, 32)
	if err != nil || v > 255 {
		return 0, errEscape
	}
	p.i = end
	return rune(v), nil
}

// hex reads exactly n digits, or any number of them where n is 0.
func (p *parser) hex(n int) (rune, error) {
	end := p.i
	for end < len(p.src) && (n == 0 || end-p.i < n) && strings.IndexByte("0123456789abcdefABCDEF", p.src[end]) >= 0 {
		end++
	}
	v, err := strconv.ParseInt(p.src[p.i:end], 16, 32)
	if err != nil || n > 0 && end-p.i != n || v > utf8.MaxRune {
		return 0, errEscape
	}
	p.i = end
	return rune(v), nil
}

var charEscapes = map[byte]rune{'a': '\a', 'b': '\b', 'B': '\\', 'e': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// charEscape reads an escape that stands for one character.
func (p *parser) charEscape() (rune, error) {
	c := p.src[p.i+1]
	if r, ok := charEscapes[c]; ok {
		p.i += 2
		return r, nil
	}
	switch c {
	case '0':
		return p.octal()
	case 'u':
		p.i += 2
		return p.hex(4)
	case 'U':
		p.i += 2
		return p.hex(8)
	case 'x':
		p.i += 2
		return p.hex(0)
	case 'c':
		if p.i += 2; p.i >= len(p.src) {
			return 0, errEscape
		}
		r, w := utf8.DecodeRuneInString(p.src[p.i:])
		p.i += w
		return r & 0x1f, nil
	}
	if isAlnum(c) {
		return 0, errEscape
	}
	r, w := utf8.DecodeRuneInString(p.src[p.i+1:])
	p.i += 1 + w
	return r, nil
}

// bracket reads a bracket expression.
func (p *parser) bracket() (*node, error) {
	p.i++
	s := &set{}
	if strings.HasPrefix(p.src[p.i:], "^") {
		s.not, s.noLine = true, p.f.DotLine
		p.i++
	}
	are := !p.f.Basic && !p.f.NoARE
	for first := true; ; first = false {
		if p.i >= len(p.src) {
			return nil, SyntaxError("brackets [] not balanced")
		}
		rest := p.src[p.i:]
		switch {
		case rest[0] == ']' && !first:
			p.i++
			return &node{kind: kSet, set: s.done()}, nil
		case strings.HasPrefix(rest, "[:"):
			name, _, ok := strings.Cut(rest[2:], ":]")
			if classFns[name] == nil || !ok {
				return nil, SyntaxError("invalid character class")
			}
			if p.f.Fold && (name == "upper" || name == "lower") {
				name = "alpha"
			}
			s.classes = append(s.classes, name)
			p.i += len(rest[2:2+strings.Index(rest[2:], ":]")]) + 4
		case are && len(rest) > 1 && rest[0] == '\\' && escapeClass[rest[1]|0x20] != "" && isAlnum(rest[1]):
			if rest[1] < 'a' {
				s.outside = append(s.outside, escapeClass[rest[1]|0x20])
			} else {
				s.classes = append(s.classes, escapeClass[rest[1]])
			}
			p.i += 2
		default:
			if err := p.bracketRange(s, first); err != nil {
				return nil, err
			}
		}
	}
}

// bracketRange reads one character within brackets, or a range of them.
func (p *parser) bracketRange(s *set, first bool) error {
	if p.src[p.i] == '-' && !first && !strings.HasPrefix(p.src[p.i:], "-]") {
		return SyntaxError("invalid character range")
	}
	lo, err := p.bracketChar()
	if err != nil {
		return err
	}
	if len(p.src)-p.i < 2 || p.src[p.i] != '-' || p.src[p.i+1] == ']' {
		s.addFolded(lo, p.f.Fold)
		return nil
	}
	p.i++
	hi, err := p.bracketChar()
	if err != nil {
		return err
	}
	if hi < lo {
		return SyntaxError("invalid character range")
	}
	s.add(lo, hi)
	if p.f.Fold {
		for r := lo; r <= min(hi, lo+0xffff); r++ {
			s.addFolded(r, true)
		}
	}
	return nil
}

func (p *parser) bracketChar() (rune, error) {
	rest := p.src[p.i:]
	if rest[0] == '\\' && !p.f.Basic && !p.f.NoARE {
		if len(rest) < 2 || rest[1] >= '1' && rest[1] <= '9' {
			return 0, errEscape
		}
		return p.charEscape()
	}
	for _, d := range []string{".", "="} {
		if strings.HasPrefix(rest, "["+d) {
			name, _, ok := strings.Cut(rest[2:], d+"]")
			if !ok {
				return 0, SyntaxError("brackets [] not balanced")
			}
			r, ok := collating[name]
			if utf8.RuneCountInString(name) == 1 {
				r, _ = utf8.DecodeRuneInString(name)
			} else if !ok {
				return 0, SyntaxError("invalid collating element")
			}
			p.i += len(name) + 4
			return r, nil
		}
	}
	r, w := utf8.DecodeRuneInString(rest)
	p.i += w
	return r, nil
}

// collating are the names of characters.
var collating = map[string]rune{
	"NUL": 0, "SOH": 1, "STX": 2, "ETX": 3, "EOT": 4, "ENQ": 5, "ACK": 6, "BEL": 7, "alert": 7, "BS": 8, "backspace": 8, "HT": 9, "tab": 9,
	"LF": 10, "newline": 10, "VT": 11, "vertical-tab": 11, "FF": 12, "form-feed": 12, "CR": 13, "carriage-return": 13, "SO": 14, "SI": 15,
	"DLE": 16, "DC1": 17, "DC2": 18, "DC3": 19, "DC4": 20, "NAK": 21, "SYN": 22, "ETB": 23, "CAN": 24, "EM": 25, "SUB": 26, "ESC": 27,
	"IS4": 28, "FS": 28, "IS3": 29, "GS": 29, "IS2": 30, "RS": 30, "IS1": 31, "US": 31, "space": ' ', "exclamation-mark": '!',
	"quotation-mark": '"', "number-sign": '#', "dollar-sign": '$', "percent-sign": '%', "ampersand": '&', "apostrophe": '\'',
	"left-parenthesis": '(', "right-parenthesis": ')', "asterisk": '*', "plus-sign": '+', "comma": ',', "hyphen": '-', "hyphen-minus": '-',
	"period": '.', "full-stop": '.', "slash": '/', "solidus": '/', "zero": '0', "one": '1', "two": '2', "three": '3', "four": '4', "five": '5',
	"six": '6', "seven": '7', "eight": '8', "nine": '9', "colon": ':', "semicolon": ';', "less-than-sign": '<', "equals-sign": '=',
	"greater-than-sign": '>', "question-mark": '?', "commercial-at": '@', "left-square-bracket": '[', "backslash": '\\',
	"reverse-solidus": '\\', "right-square-bracket": ']', "circumflex": '^', "circumflex-accent": '^', "underscore": '_', "low-line": '_',
	"grave-accent": '`', "left-brace": '{', "left-curly-bracket": '{', "vertical-line": '|', "right-brace": '}', "right-curly-bracket": '}',
	"tilde": '~', "DEL": 127,
}
