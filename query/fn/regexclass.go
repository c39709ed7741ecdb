package fn

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// classes are the character classes as they stand within brackets.
var classes = map[string]string{
	"alpha": `\pL`, "digit": `0-9`, "alnum": `\pL\pN`, "upper": `\p{Lu}`, "lower": `\p{Ll}`,
	"space": `\s\v\x{85}\x{2028}\x{2029}\x{3000}`, "blank": ` \t`, "punct": `!-/:-@\[-` + "`" + `{-~`, "cntrl": `\x00-\x1f\x7f`,
	"graph": `!-~\pL\pN\pP\pS`, "print": ` -~\pL\pN\pP\pS`, "xdigit": `0-9A-Fa-f`, "word": `\pL\pN_`,
}

var escapeClass = map[byte]string{'d': "digit", 's': "space", 'w': "word"}

// escape translates a backslash and what it escapes, outside brackets.
func (t *regexTranslator) escape() error {
	if t.i+1 >= len(t.src) {
		return errRegex("invalid escape \\ sequence")
	}
	switch c := t.src[t.i+1]; c {
	case 'd', 's', 'w':
		t.out.WriteString("[" + classes[escapeClass[c]] + "]")
	case 'D', 'S', 'W':
		t.out.WriteString("[^" + classes[escapeClass[c|0x20]] + "]")
	case 'A':
		t.out.WriteString(`\A`)
	case 'Z':
		t.out.WriteString(`\z`)
	case 'm', 'M', 'y':
		t.out.WriteString(`\b`)
	case 'Y':
		t.out.WriteString(`\B`)
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return errRegexUnsupported("back references")
	default:
		r, err := t.charEscape()
		if err != nil {
			return err
		}
		t.out.WriteString(quoteRune(r))
		return nil
	}
	t.i += 2
	return nil
}

func quoteRune(r rune) string {
	if r < utf8.RuneSelf && !isWordByte(byte(r)) || r == utf8.RuneError {
		return `\x{` + strconv.FormatInt(int64(r), 16) + `}`
	}
	return string(r)
}

// charEscape reads an escape that stands for one character and moves past it.
func (t *regexTranslator) charEscape() (rune, error) {
	c := t.src[t.i+1]
	t.i += 2
	hex := func(n int) (rune, error) {
		end := t.i
		for end < len(t.src) && end-t.i < n && strings.IndexByte("0123456789abcdefABCDEF", t.src[end]) >= 0 {
			end++
		}
		if end == t.i || n < 255 && end-t.i != n {
			return 0, errRegex("invalid escape \\ sequence")
		}
		v, err := strconv.ParseInt(t.src[t.i:end], 16, 32)
		if err != nil || v > utf8.MaxRune {
			return 0, errRegex("invalid escape \\ sequence")
		}
		t.i = end
		return rune(v), nil
	}
	switch c {
	case 'a':
		return '\a', nil
	case 'b':
		return '\b', nil
	case 'B':
		return '\\', nil
	case 'e':
		return 0x1b, nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'v':
		return '\v', nil
	case '0':
		return 0, nil
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	case 'x':
		return hex(255)
	case 'c':
		if t.i < len(t.src) {
			r, w := utf8.DecodeRuneInString(t.src[t.i:])
			t.i += w
			return r & 0x1f, nil
		}
		return 0, errRegex("invalid escape \\ sequence")
	}
	if c != '_' && isWordByte(c) {
		return 0, errRegex("invalid escape \\ sequence")
	}
	t.i--
	r, w := utf8.DecodeRuneInString(t.src[t.i:])
	t.i += w
	return r, nil
}

// bracket translates a bracket expression.
func (t *regexTranslator) bracket() error {
	t.i++
	t.out.WriteByte('[')
	if strings.HasPrefix(t.src[t.i:], "^") {
		t.out.WriteByte('^')
		t.i++
		if t.dotLine {
			t.out.WriteString(`\n`)
		}
	}
	for first := true; ; first = false {
		if t.i >= len(t.src) {
			return errRegex("brackets [] not balanced")
		}
		rest := t.src[t.i:]
		switch {
		case rest[0] == ']' && !first:
			t.out.WriteByte(']')
			t.i++
			return nil
		case strings.HasPrefix(rest, "[:"):
			name, _, ok := strings.Cut(rest[2:], ":]")
			if classes[name] == "" || !ok {
				return errRegex("invalid character class")
			}
			t.out.WriteString(classes[name])
			t.i += len(name) + 4
		case len(rest) > 1 && rest[0] == '\\' && escapeClass[rest[1]] != "":
			t.out.WriteString(classes[escapeClass[rest[1]]])
			t.i += 2
		default:
			if err := t.classRange(); err != nil {
				return err
			}
		}
	}
}

// classRange translates one character, or a range of them, within brackets.
func (t *regexTranslator) classRange() error {
	lo, err := t.classChar()
	if err != nil {
		return err
	}
	t.out.WriteString(quoteRune(lo))
	if len(t.src)-t.i < 2 || t.src[t.i] != '-' || t.src[t.i+1] == ']' {
		return nil
	}
	t.i++
	hi, err := t.classChar()
	if err != nil {
		return err
	}
	if hi < lo {
		return errRegex("invalid character range")
	}
	t.out.WriteString("-" + quoteRune(hi))
	return nil
}

func (t *regexTranslator) classChar() (rune, error) {
	rest := t.src[t.i:]
	if rest[0] == '\\' {
		if len(rest) < 2 {
			return 0, errRegex("invalid escape \\ sequence")
		}
		return t.charEscape()
	}
	for _, d := range []string{".", "="} {
		if strings.HasPrefix(rest, "["+d) {
			name, _, ok := strings.Cut(rest[2:], d+"]")
			if !ok || utf8.RuneCountInString(name) != 1 {
				return 0, errRegex("invalid collating element")
			}
			t.i += len(name) + 4
			r, _ := utf8.DecodeRuneInString(name)
			return r, nil
		}
	}
	r, w := utf8.DecodeRuneInString(rest)
	t.i += w
	return r, nil
}

// similarTo turns a SIMILAR TO pattern into a regular expression that matches the
// whole string; noEscape says that no character escapes.
func similarTo(p, esc string, noEscape bool) (string, error) {
	if utf8.RuneCountInString(esc) > 1 {
		return "", dberr.SQL(dberr.StateInvalidEscape, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	var b strings.Builder
	b.WriteString("^(?:")
	inClass, marks := false, 0
	for i := 0; i < len(p); {
		if !noEscape && esc != "" && strings.HasPrefix(p[i:], esc) {
			i += len(esc)
			if i >= len(p) {
				return "", dberr.SQL(dberr.StateInvalidEscape, "invalid escape sequence")
			}
			if p[i] == '"' && !inClass {
				// escape-double-quote marks the part that substring() returns
				b.WriteString([]string{"){1,1}?(", "){1,1}(?:"}[min(marks, 1)])
				if marks++; marks > 2 {
					return "", dberr.SQL("2200C", "SQL regular expression may not contain more than two escape-double-quote separators")
				}
				i++
				continue
			}
			r, w := utf8.DecodeRuneInString(p[i:])
			if r < utf8.RuneSelf && !isWordByte(byte(r)) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			i += w
			continue
		}
		c := p[i]
		i++
		switch {
		case inClass:
			if c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
			inClass = c != ']'
		case c == '[':
			inClass = true
			b.WriteByte(c)
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteByte('.')
		case c == '(':
			b.WriteString("(?:")
		case c == '\\' || c == '.' || c == '^' || c == '$':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString(")$")
	return b.String(), nil
}
