package doc

import (
	"encoding/binary"
	"unicode/utf8"
)

// AppendJSON appends v as JSON without white space; Missing as null.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind() {
	case Number:
		return v.AppendNumberText(dst)
	case String:
		return appendQuoted(dst, v.Str())
	case Bool:
		if v.Bool() {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Object:
		l := layout(v.b)
		dst = append(dst, '{')
		for i := range l.count {
			if i > 0 {
				dst = append(dst, ',')
			}
			name, f := l.field(i)
			dst = f.AppendJSON(append(appendQuoted(dst, name), ':'))
		}
		return append(dst, '}')
	case Array:
		l := layout(v.b)
		dst = append(dst, '[')
		for i := range l.count {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = Value{l.item(i)}.AppendJSON(dst)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// JSON is v as text.
func (v Value) JSON() string { return string(v.AppendJSON(nil)) }

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

const hexDigits = "0123456789abcdef"

// appendQuoted appends a string in JSON's quotes. U+2028 and U+2029 are escaped,
// since JavaScript took them for ends of lines.
func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	from, slow := 0, 0 // where what is not appended yet begins, and up to where bytes are looked at one by one
	for i := 0; i < len(s); {
		for i >= slow && i+8 <= len(s) {
			if special(binary.LittleEndian.Uint64(s[i:])) {
				slow = i + 8
				break
			}
			i += 8
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c != 0xe2 {
			i++
			continue
		}
		if c == 0xe2 {
			r, n := utf8.DecodeRune(s[i:])
			if r == 0x2028 || r == 0x2029 {
				dst = append(append(dst, s[from:i]...), `\u202`...)
				dst = append(dst, hexDigits[r&0xf])
				from = i + n
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&0xf])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// special says whether one of eight bytes is a control character, a quote, a backslash or
// the first byte of U+2028. It is never wrong where it says no.
func special(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash, line := w^'"'*ones, w^'\\'*ones, w^0xe2*ones
	return ((w-0x20*ones)&^w|(quote-ones)&^quote|(slash-ones)&^slash|(line-ones)&^line)&tops != 0
}

func appendUvarint(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(n)) }

func uvarint(b []byte) (n, k int) {
	v, k := binary.Uvarint(b)
	return int(v), k
}
