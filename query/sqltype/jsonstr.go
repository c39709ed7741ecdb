package sqltype

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// str reads a string at the opening quote. Without build, escapes are checked for
// form only, as the json type does.
func (p *jsonParser) str() string {
	p.quote = p.i
	p.i++
	from := p.i
	for p.i < len(p.src) {
		switch c := p.src[p.i]; {
		case c == '"':
			s := p.src[from:p.i]
			p.i++
			return s
		case c == '\\':
			return p.escaped(from)
		case c < 0x20:
			p.fail("Character with value 0x%02x must be escaped.", c)
			return ""
		}
		p.i++
	}
	p.unterminated()
	return ""
}

// escaped goes on from the first backslash.
func (p *jsonParser) escaped(from int) string {
	var b strings.Builder
	if p.build {
		b.WriteString(p.src[from:p.i])
	}
	for p.i < len(p.src) {
		c := p.src[p.i]
		switch {
		case c == '"':
			p.i++
			return b.String()
		case c < 0x20:
			p.fail("Character with value 0x%02x must be escaped.", c)
			return ""
		case c == '\\':
			if !p.escape(&b) {
				return ""
			}
			continue
		case p.build:
			b.WriteByte(c)
		}
		p.i++
	}
	p.unterminated()
	return ""
}

// unterminated complains of the string whose end is missing.
func (p *jsonParser) unterminated() {
	p.fail("Token \"%s\" is invalid.", p.src[p.quote:])
}

func (p *jsonParser) escape(b *strings.Builder) bool {
	if p.i+1 >= len(p.src) {
		p.unterminated()
		return false
	}
	c := p.src[p.i+1]
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if k := strings.IndexByte(from, c); k >= 0 {
		b.WriteByte(to[k])
		p.i += 2
		return true
	}
	if c != 'u' {
		_, n := utf8.DecodeRuneInString(p.src[p.i+1:])
		p.fail("Escape sequence \"\\%s\" is invalid.", p.src[p.i+1:p.i+1+n])
		return false
	}
	r, ok := p.hex4(p.i + 2)
	if !ok {
		return false
	}
	p.i += 6
	if !p.build {
		return true
	}
	return p.unicode(b, r)
}

func (p *jsonParser) unicode(b *strings.Builder, r rune) bool {
	switch {
	case r == 0:
		if p.err == nil {
			p.err = dberr.SQL(dberr.StateUntranslatable, "unsupported Unicode escape sequence").
				WithDetail("\\u0000 cannot be converted to text.")
		}
		return false
	case r >= 0xdc00 && r <= 0xdfff:
		p.fail("Unicode low surrogate must follow a high surrogate.")
		return false
	case r >= 0xd800 && r <= 0xdbff:
		if !strings.HasPrefix(p.src[p.i:], "\\u") {
			p.fail("Unicode low surrogate must follow a high surrogate.")
			return false
		}
		low, ok := p.hex4(p.i + 2)
		if !ok {
			return false
		}
		if low >= 0xd800 && low <= 0xdbff {
			p.fail("Unicode high surrogate must not follow a high surrogate.")
			return false
		}
		if low < 0xdc00 || low > 0xdfff {
			p.fail("Unicode low surrogate must follow a high surrogate.")
			return false
		}
		p.i += 6
		r = utf16.DecodeRune(r, low)
	}
	b.WriteRune(r)
	return true
}

func (p *jsonParser) hex4(at int) (rune, bool) {
	var r rune
	for i := at; i < at+4; i++ {
		if i >= len(p.src) {
			p.unterminated()
			return 0, false
		}
		d, ok := hexDigit(p.src[i])
		if !ok {
			p.fail("\"\\u\" must be followed by four hexadecimal digits.")
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string, escaping only what must be.
func AppendJSONString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}
