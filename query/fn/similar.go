package fn

import (
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// runeLen is the number of bytes of the first character.
func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// similarTo turns a SIMILAR TO pattern into a regular expression that matches the
// whole string; with an empty esc no character escapes.
func similarTo(p, esc string) (string, error) {
	if utf8.RuneCountInString(esc) > 1 {
		return "", dberr.SQL(dberr.StateInvalidEscape, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	var b strings.Builder
	b.WriteString("^(?:")
	inClass, marks := false, 0
	for i := 0; i < len(p); {
		if esc != "" && strings.HasPrefix(p[i:], esc) {
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
			w := runeLen(p[i:])
			b.WriteString(`\` + p[i:i+w]) // what may follow a backslash there, may here
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
