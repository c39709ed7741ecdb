package sqltype

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// pathTokenKind is the kind of a token of a path.
type pathTokenKind uint8

const (
	pathEnd   pathTokenKind = iota
	pathIdent               // a word without quotes
	pathText                // a quoted string
	pathVar
	pathInt
	pathNumeric
	pathPunct
)

type pathToken struct {
	kind pathTokenKind
	text string
	from int // byte offset, for messages
}

// pathLexer cuts the text of a path into tokens.
type pathLexer struct {
	src string
	i   int
}

const pathSpecial = "?%$.[]{}()|&!=<>@#,*:-+/"

func errPath(format string, args ...any) *dberr.Error {
	return dberr.SQL(dberr.StateSyntax, format, args...)
}

// blanks skips blanks and comments.
func (l *pathLexer) blanks() error {
	for l.i < len(l.src) {
		switch {
		case isSpace(l.src[l.i]):
			l.i++
		case strings.HasPrefix(l.src[l.i:], "/*"):
			end := strings.Index(l.src[l.i+2:], "*/")
			if end < 0 {
				return errPath("unexpected end of comment at end of jsonpath input")
			}
			l.i += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (l *pathLexer) next() (t pathToken, err error) {
	if err := l.blanks(); err != nil {
		return t, err
	}
	t.from = l.i
	if l.i >= len(l.src) {
		return t, nil
	}
	rest := l.src[l.i:]
	c := rest[0]
	switch {
	case c == '"':
		t.kind = pathText
		t.text, err = l.quoted()
	case c == '$' && len(rest) > 1 && rest[1] == '"':
		l.i++
		t.kind = pathVar
		t.text, err = l.quoted()
	case c == '$' && len(rest) > 1 && !strings.ContainsRune(pathSpecial+" \t\n\r\f\"\\", rune(rest[1])):
		l.i++
		t.kind = pathVar
		t.text, err = l.word()
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return l.number(t.from)
	case strings.IndexByte(pathSpecial, c) >= 0:
		t.kind, t.text = pathPunct, rest[:1]
		for _, two := range []string{"&&", "||", "**", "==", "<=", ">=", "<>", "!="} {
			if strings.HasPrefix(rest, two) {
				t.text = two
			}
		}
		l.i += len(t.text)
	default:
		t.kind = pathIdent
		t.text, err = l.word()
	}
	return t, err
}

// word reads a name without quotes, which may hold escapes.
func (l *pathLexer) word() (string, error) {
	var b strings.Builder
	for l.i < len(l.src) {
		c := l.src[l.i]
		switch {
		case isSpace(c), c == '"', strings.IndexByte(pathSpecial, c) >= 0:
			return b.String(), nil
		case c == '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			l.i++
		}
	}
	return b.String(), nil
}

func (l *pathLexer) quoted() (string, error) {
	var b strings.Builder
	for l.i++; l.i < len(l.src); {
		switch c := l.src[l.i]; c {
		case '"':
			l.i++
			return b.String(), nil
		case '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			l.i++
		}
	}
	return "", errPath("unterminated quoted string at end of jsonpath input")
}

var pathEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

func (l *pathLexer) escape(b *strings.Builder) error {
	if l.i+1 >= len(l.src) || l.src[l.i+1] == '\n' { // which ends the input as well, to PostgreSQL
		return errPath("unexpected end after backslash at end of jsonpath input")
	}
	c := l.src[l.i+1]
	switch c {
	case 'x':
		v, err := strconv.ParseUint(l.take(2, 2), 16, 8)
		if err != nil {
			return errPath("invalid hexadecimal character sequence in jsonpath input")
		}
		b.WriteRune(rune(v))
		return nil
	case 'u':
		return l.unicode(b)
	}
	if e, ok := pathEscapes[c]; ok {
		b.WriteByte(e)
		l.i += 2
		return nil
	}
	_, w := utf8.DecodeRuneInString(l.src[l.i+1:])
	b.WriteString(l.src[l.i+1 : l.i+1+w])
	l.i += 1 + w
	return nil
}

// take moves past an escape of skip bytes and n more, which it returns.
func (l *pathLexer) take(skip, n int) string {
	from := min(l.i+skip, len(l.src))
	l.i = min(from+n, len(l.src))
	return l.src[from:l.i]
}

// unicode reads \uXXXX and \u{X…}, and pairs of surrogates.
func (l *pathLexer) unicode(b *strings.Builder) error {
	one := func() (rune, error) {
		digits := ""
		if strings.HasPrefix(l.src[min(l.i+2, len(l.src)):], "{") {
			end := strings.IndexByte(l.src[l.i:], '}')
			if end < 0 || end > 9 {
				return 0, errPath("invalid Unicode escape sequence in jsonpath input")
			}
			digits = l.src[l.i+3 : l.i+end]
			l.i += end + 1
		} else {
			digits = l.take(2, 4)
			if len(digits) != 4 {
				return 0, errPath("invalid Unicode escape sequence in jsonpath input")
			}
		}
		v, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || v > utf8.MaxRune {
			return 0, errPath("invalid Unicode escape sequence in jsonpath input")
		}
		return rune(v), nil
	}
	r, err := one()
	if err != nil {
		return err
	}
	if r >= 0xd800 && r < 0xdc00 {
		if !strings.HasPrefix(l.src[l.i:], `\u`) {
			return dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type json").WithDetail("Unicode low surrogate must follow a high surrogate.")
		}
		low, err := one()
		if err != nil {
			return err
		}
		if low < 0xdc00 || low > 0xdfff {
			return dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type json").WithDetail("Unicode low surrogate must follow a high surrogate.")
		}
		r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
	} else if r >= 0xdc00 && r <= 0xdfff {
		return dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type json").WithDetail("Unicode low surrogate must follow a high surrogate.")
	}
	if r == 0 {
		return dberr.SQL("22P05", "unsupported Unicode escape sequence").WithDetail("\\u0000 cannot be converted to text.")
	}
	b.WriteRune(r)
	return nil
}

// number reads an integer or a decimal number.
func (l *pathLexer) number(from int) (pathToken, error) {
	t := pathToken{kind: pathInt, from: from}
	rest := l.src[l.i:]
	if len(rest) > 2 && rest[0] == '0' && strings.IndexByte("xXoObB", rest[1]) >= 0 {
		n := 2
		for n < len(rest) && (isJSONWord(rest[n])) {
			n++
		}
		v, err := strconv.ParseInt(rest[:n], 0, 64)
		if err != nil {
			return t, errPath("trailing junk after numeric literal at or near \"%s\" of jsonpath input", rest[:n])
		}
		l.i += n
		t.text = strconv.FormatInt(v, 10)
		return t, nil
	}
	n := 0
	digits := func() {
		for n < len(rest) && (isDigit(rest[n]) || rest[n] == '_' && n > 0 && isDigit(rest[n-1]) && n+1 < len(rest) && isDigit(rest[n+1])) {
			n++
		}
	}
	digits()
	junk := n > 1 && rest[0] == '0'
	if n < len(rest) && rest[n] == '.' {
		t.kind = pathNumeric
		n++
		digits()
	}
	if n < len(rest) && rest[n]|0x20 == 'e' {
		m := n + 1
		if m < len(rest) && (rest[m] == '+' || rest[m] == '-') {
			m++
		}
		if m < len(rest) && isDigit(rest[m]) {
			t.kind, n = pathNumeric, m
			digits()
		}
	}
	if junk || n < len(rest) && (isJSONWord(rest[n]) || rest[n] == '\\') {
		return t, errPath("trailing junk after numeric literal at or near \"%s\" of jsonpath input", rest[:min(n+1, len(rest))])
	}
	l.i += n
	t.text = strings.ReplaceAll(rest[:n], "_", "")
	return t, nil
}
