package fn

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/unicode/norm"
)

func errParam(format string, args ...any) *dberr.Error {
	return dberr.SQL(dberr.StateInvalidParameterValue, format, args...)
}

func encode(b, format string) (string, error) {
	switch strings.ToLower(format) {
	case "hex":
		return hex.EncodeToString([]byte(b)), nil
	case "base64":
		s := base64.StdEncoding.EncodeToString([]byte(b))
		var out strings.Builder
		for len(s) > 76 {
			out.WriteString(s[:76] + "\n")
			s = s[76:]
		}
		return out.String() + s, nil
	case "escape":
		var out strings.Builder
		for i := 0; i < len(b); i++ {
			switch c := b[i]; {
			case c == 0 || c >= 0x80:
				fmt.Fprintf(&out, "\\%03o", c)
			case c == '\\':
				out.WriteString(`\\`)
			default:
				out.WriteByte(c)
			}
		}
		return out.String(), nil
	}
	return "", errParam("unrecognized encoding: \"%s\"", format)
}

// decodeHex skips blanks between bytes, but not within one.
func decodeHex(s string) (string, error) {
	var out []byte
	high, half := 0, false
	for _, r := range s {
		if !half && dropSpace(r) < 0 {
			continue
		}
		d := strings.IndexRune("0123456789abcdef", unicode.ToLower(r))
		switch {
		case d < 0 || r >= utf8.RuneSelf:
			return "", errParam("invalid hexadecimal digit: \"%c\"", r)
		case half:
			out = append(out, byte(high<<4|d))
		}
		high, half = d, !half
	}
	if half {
		return "", errParam("invalid hexadecimal data: odd number of digits")
	}
	return string(out), nil
}

func decode(s, format string) (string, error) {
	switch strings.ToLower(format) {
	case "hex":
		return decodeHex(s)
	case "base64":
		s = strings.Map(dropSpace, s)
		for _, r := range s {
			if r >= utf8.RuneSelf || !strings.ContainsRune("+/=", r) && !isWordByte(byte(r)) || r == '_' {
				return "", errParam("invalid symbol \"%c\" found while decoding base64 sequence", r)
			}
		}
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return "", errParam("invalid base64 end sequence").WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
		}
		return string(b), nil
	case "escape":
		if strings.HasPrefix(s, `\x`) {
			s = `\\` + s[1:]
		}
		return sqltype.ParseBytea(s)
	}
	return "", errParam("unrecognized encoding: \"%s\"", format)
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
		return -1
	}
	return r
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// byteAt checks an index into a bytea.
func byteAt(b string, i, size int64) error {
	if i < 0 || i >= size {
		return dberr.SQL("2202E", "index %d out of valid range, 0..%d", i, size-1)
	}
	return nil
}

func getByte(b string, i int64) (int64, error) {
	if err := byteAt(b, i, int64(len(b))); err != nil {
		return 0, err
	}
	return int64(b[i]), nil
}

func setByte(b string, i, v int64) (string, error) {
	if err := byteAt(b, i, int64(len(b))); err != nil {
		return "", err
	}
	return b[:i] + string([]byte{byte(v)}) + b[i+1:], nil
}

func getBit(b string, i int64) (int64, error) {
	if err := byteAt(b, i, int64(len(b))*8); err != nil {
		return 0, err
	}
	return int64(b[i/8]>>(i%8)) & 1, nil
}

func setBit(b string, i, v int64) (string, error) {
	if err := byteAt(b, i, int64(len(b))*8); err != nil {
		return "", err
	}
	if v != 0 && v != 1 {
		return "", errParam("new bit must be 0 or 1")
	}
	return setByte(b, i/8, int64(b[i/8])&^(1<<(i%8))|v<<(i%8))
}

func normalize(s, form string) (string, error) {
	f, err := normForm(form)
	if err != nil {
		return "", err
	}
	return f.String(s), nil
}

func normForm(form string) (norm.Form, error) {
	switch strings.ToUpper(form) {
	case "NFC":
		return norm.NFC, nil
	case "NFD":
		return norm.NFD, nil
	case "NFKC":
		return norm.NFKC, nil
	case "NFKD":
		return norm.NFKD, nil
	}
	return 0, errParam("invalid normalization form: %s", form)
}

// unistr reads \XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX and \\.
func unistr(s string) (string, error) {
	var b strings.Builder
	bad := func() error {
		return dberr.SQL(dberr.StateSyntax, "invalid Unicode escape").
			WithHint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
	}
	high := rune(0)
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i != 0 {
			if i < 0 {
				i = len(s)
			}
			if high != 0 {
				return "", dberr.SQL(dberr.StateSyntax, "invalid Unicode surrogate pair")
			}
			b.WriteString(s[:i])
			s = s[i:]
			continue
		}
		digits, skip := 4, 1
		switch {
		case strings.HasPrefix(s, `\\`):
			b.WriteByte('\\')
			s = s[2:]
			continue
		case strings.HasPrefix(s, `\+`):
			digits, skip = 6, 2
		case strings.HasPrefix(s, `\u`):
			skip = 2
		case strings.HasPrefix(s, `\U`):
			digits, skip = 8, 2
		}
		if len(s) < skip+digits {
			return "", bad()
		}
		v, err := strconv.ParseUint(s[skip:skip+digits], 16, 32)
		if err != nil {
			return "", bad()
		}
		s = s[skip+digits:]
		r := rune(v)
		switch {
		case r >= 0xD800 && r < 0xDC00 && high == 0:
			high = r
			continue
		case high != 0 && r >= 0xDC00 && r < 0xE000:
			r, high = 0x10000+(high-0xD800)<<10+(r-0xDC00), 0
		case high != 0 || r >= 0xDC00 && r < 0xE000:
			return "", dberr.SQL(dberr.StateSyntax, "invalid Unicode surrogate pair")
		case v == 0 || v > utf8.MaxRune:
			return "", dberr.SQL(dberr.StateSyntax, "invalid Unicode code point: %04X", v)
		}
		b.WriteRune(r)
	}
	if high != 0 {
		return "", dberr.SQL(dberr.StateSyntax, "invalid Unicode surrogate pair")
	}
	return b.String(), nil
}

// overlayBytes is overlay of binary and bit strings.
func overlayBytes(s, repl string, start, count int64) (string, error) {
	if start <= 0 {
		return "", dberr.SQL(dberr.StateSubstringError, "negative substring length not allowed")
	}
	end := start + count
	if end != int64(int32(end)) {
		return "", errIntRange(32)
	}
	size := int64(len(s))
	return s[:min(start-1, size)] + repl + s[min(max(end-1, 0), size):], nil
}

// encodings are those that text can be converted from and to.
var encodings = map[string]encoding.Encoding{
	"LATIN1": charmap.ISO8859_1, "ISO88591": charmap.ISO8859_1, "LATIN2": charmap.ISO8859_2, "ISO88592": charmap.ISO8859_2,
	"LATIN3": charmap.ISO8859_3, "LATIN4": charmap.ISO8859_4, "LATIN5": charmap.ISO8859_9, "LATIN6": charmap.ISO8859_10,
	"LATIN7": charmap.ISO8859_13, "LATIN8": charmap.ISO8859_14, "LATIN9": charmap.ISO8859_15, "LATIN10": charmap.ISO8859_16,
	"ISO88595": charmap.ISO8859_5, "ISO88596": charmap.ISO8859_6, "ISO88597": charmap.ISO8859_7, "ISO88598": charmap.ISO8859_8,
	"KOI8R": charmap.KOI8R, "KOI8U": charmap.KOI8U, "WIN866": charmap.CodePage866, "WIN874": charmap.Windows874,
	"WIN1250": charmap.Windows1250, "WIN1251": charmap.Windows1251, "WIN1252": charmap.Windows1252, "WIN1253": charmap.Windows1253,
	"WIN1254": charmap.Windows1254, "WIN1255": charmap.Windows1255, "WIN1256": charmap.Windows1256, "WIN1257": charmap.Windows1257,
	"WIN1258": charmap.Windows1258, "SJIS": japanese.ShiftJIS, "EUCJP": japanese.EUCJP, "EUCKR": korean.EUCKR,
	"GBK": simplifiedchinese.GBK, "GB18030": simplifiedchinese.GB18030, "BIG5": traditionalchinese.Big5,
}

// encodingOf finds an encoding by its name; nil is UTF-8.
func encodingOf(name, role string) (encoding.Encoding, string, error) {
	key := strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(name))
	switch key {
	case "UTF8", "UNICODE", "SQLASCII":
		return nil, "UTF8", nil
	}
	e, ok := encodings[key]
	if !ok {
		return nil, "", errParam("invalid %s encoding name \"%s\"", role, name)
	}
	return e, key, nil
}

func convertFrom(b, name string) (string, error) {
	e, key, err := encodingOf(name, "source")
	if err != nil {
		return "", err
	}
	if e != nil {
		if b, err = e.NewDecoder().String(b); err != nil || strings.ContainsRune(b, utf8.RuneError) {
			return "", dberr.SQL("22021", "invalid byte sequence for encoding \"%s\"", key)
		}
	}
	if i := strings.IndexByte(b, 0); i >= 0 || !utf8.ValidString(b) {
		return "", dberr.SQL("22021", "invalid byte sequence for encoding \"%s\"", key)
	}
	return b, nil
}

func convertTo(s, name string) (string, error) {
	e, key, err := encodingOf(name, "destination")
	if err != nil || e == nil {
		return s, err
	}
	out, err := e.NewEncoder().String(s)
	if err != nil {
		return "", dberr.SQL("22P05", "character in encoding \"UTF8\" has no equivalent in encoding \"%s\"", key)
	}
	return out, nil
}

func registerEncode(t *tables) {
	t.def("encode(bytea,text) text", e2(encode))
	t.def("decode(text,text) bytea", e2(decode))
	md := p1(func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) })
	t.def("md5(text) text total", md)
	t.def("md5(bytea) text total", md)
	t.def("sha224(bytea) bytea total", p1(func(s string) string { h := sha256.Sum224([]byte(s)); return string(h[:]) }))
	t.def("sha256(bytea) bytea total", p1(func(s string) string { h := sha256.Sum256([]byte(s)); return string(h[:]) }))
	t.def("sha384(bytea) bytea total", p1(func(s string) string { h := sha512.Sum384([]byte(s)); return string(h[:]) }))
	t.def("sha512(bytea) bytea total", p1(func(s string) string { h := sha512.Sum512([]byte(s)); return string(h[:]) }))
	t.def("crc32(bytea) int8 total", p1(func(s string) int64 { return int64(crc32.ChecksumIEEE([]byte(s))) }))
	t.def("get_byte(bytea,int4) int4", e2(getByte))
	t.def("set_byte(bytea,int4,int4) bytea", e3(setByte))
	t.def("get_bit(bytea,int8) int4", e2(getBit))
	t.def("set_bit(bytea,int8,int4) bytea", e3(setBit))
	t.def("btrim(bytea,bytea) bytea total", p2(func(s, cut string) string { return trimBytes(s, cut, true, true) }))
	t.def("ltrim(bytea,bytea) bytea total", p2(func(s, cut string) string { return trimBytes(s, cut, true, false) }))
	t.def("rtrim(bytea,bytea) bytea total", p2(func(s, cut string) string { return trimBytes(s, cut, false, true) }))
	t.def("bit_count(bytea) int8 total", p1(func(s string) int64 {
		n := 0
		for i := 0; i < len(s); i++ {
			n += bits.OnesCount8(s[i])
		}
		return int64(n)
	}))
	t.def("overlay(bytea,bytea,int4,int4) bytea", e4(overlayBytes))
	t.def("overlay(bytea,bytea,int4) bytea", e3(func(s, r string, at int64) (string, error) { return overlayBytes(s, r, at, int64(len(r))) }))
	t.def("convert_from(bytea,name) text", e2(convertFrom))
	t.def("convert_to(text,name) bytea", e2(convertTo))
	t.def("convert(bytea,name,name) bytea", e3(func(s, from, to string) (string, error) {
		u, err := convertFrom(s, from)
		if err != nil {
			return "", err
		}
		return convertTo(u, to)
	}))
	t.def("length(bytea,name) int4", e2(func(s, encoding string) (int64, error) {
		u, err := convertFrom(s, encoding)
		return runeCount(u), err
	}))
	t.def("normalize(text) text total", p1(norm.NFC.String))
	t.def("normalize(text,text) text", e2(normalize))
	t.def("is_normalized(text) bool total", p1(func(s string) int64 { return b2i(norm.NFC.IsNormalString(s)) }))
	t.def("is_normalized(text,text) bool", e2(func(s, form string) (int64, error) {
		f, err := normForm(form)
		return b2i(err == nil && f.IsNormalString(s)), err
	}))
	t.def("unistr(text) text", e1(unistr))
	t.def("to_ascii(text) text", e1(func(s string) (string, error) {
		return "", dberr.SQL(dberr.StateFeatureNotSupported, "encoding conversion from UTF8 to ASCII not supported")
	}))
}

func trimBytes(s, set string, front, back bool) string {
	for front && s != "" && strings.IndexByte(set, s[0]) >= 0 {
		s = s[1:]
	}
	for back && s != "" && strings.IndexByte(set, s[len(s)-1]) >= 0 {
		s = s[:len(s)-1]
	}
	return s
}

func errNumRange(format string, args ...any) *dberr.Error {
	return dberr.SQL(dberr.StateNumericOutOfRange, format, args...)
}
