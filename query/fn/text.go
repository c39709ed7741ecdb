package fn

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// maxText bounds the strings that functions build, as PostgreSQL does (1 GB there);
// here it keeps one call from taking the whole memory budget.
const maxText = 64 << 20

func errTooLong() error {
	return dberr.SQL(dberr.StateProgramLimit, "requested length too large")
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func runeCount(s string) int64 { return int64(utf8.RuneCountInString(s)) }

// runeAt returns the byte offset of rune number n (from 0), or len(s).
func runeAt(s string, n int64) int {
	if n <= 0 {
		return 0
	}
	if n >= int64(len(s)) {
		return len(s)
	}
	if isASCII(s[:n]) {
		return int(n)
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// cut returns the runes of s from position start (1-based) for count of them; a
// start before the string eats into the count.
func cut(s string, start, count int64) (string, error) {
	if count < 0 {
		return "", dberr.SQL(dberr.StateSubstringError, "negative substring length not allowed")
	}
	end := start + count
	if end < start {
		end = math.MaxInt64
	}
	if end < 1 || start > int64(len(s)) {
		return "", nil
	}
	s = s[runeAt(s, start-1):]
	return s[:runeAt(s, end-max(start, 1))], nil
}

func from(s string, start int64) string { return s[runeAt(s, start-1):] }

func left(s string, n int64) string {
	if n < 0 {
		n = max(runeCount(s)+n, 0)
	}
	return s[:runeAt(s, n)]
}

func right(s string, n int64) string {
	if n < 0 {
		return s[runeAt(s, -n):]
	}
	return s[runeAt(s, max(runeCount(s)-n, 0)):]
}

func pad(s string, width int64, fill string, front bool) (string, error) {
	width = max(width, 0)
	if width > maxText {
		return "", errTooLong()
	}
	have := runeCount(s)
	if have >= width {
		return s[:runeAt(s, width)], nil
	}
	if fill == "" {
		return s, nil
	}
	miss := width - have
	per := runeCount(fill)
	p := strings.Repeat(fill, int(miss/per)) + fill[:runeAt(fill, miss%per)]
	if front {
		return p + s, nil
	}
	return s + p, nil
}

func repeat(s string, n int64) (string, error) {
	if n <= 0 || s == "" {
		return "", nil
	}
	if n > maxText/int64(len(s)) {
		return "", errTooLong()
	}
	return strings.Repeat(s, int(n)), nil
}

func reverse(s string) string {
	b := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, w := utf8.DecodeRuneInString(s[i:])
		at -= w
		copy(b[at:], s[i:i+w])
		i += w
	}
	return string(b)
}

func strpos(s, sub string) int64 {
	i := strings.Index(s, sub)
	if i < 0 {
		return 0
	}
	return runeCount(s[:i]) + 1
}

func initcap(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteRune(unicode.ToUpper(r))
		}
		inWord = unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return b.String()
}

func translate(s, old, repl string) string {
	o, r := []rune(old), []rune(repl)
	return strings.Map(func(c rune) rune {
		for i, x := range o {
			if x == c {
				if i < len(r) {
					return r[i]
				}
				return -1
			}
		}
		return c
	}, s)
}

func replace(s, old, repl string) string {
	if old == "" {
		return s
	}
	return strings.ReplaceAll(s, old, repl)
}

func splitPart(s, sep string, n int64) (string, error) {
	if n == 0 {
		return "", dberr.SQL(dberr.StateInvalidParameterValue, "field position must not be zero")
	}
	if s == "" {
		return "", nil
	}
	if sep == "" {
		if n == 1 || n == -1 {
			return s, nil
		}
		return "", nil
	}
	if n < 0 {
		n += int64(strings.Count(s, sep)) + 2
	}
	for ; n > 1; n-- {
		i := strings.Index(s, sep)
		if i < 0 {
			return "", nil
		}
		s = s[i+len(sep):]
	}
	if n < 1 {
		return "", nil
	}
	head, _, _ := strings.Cut(s, sep)
	return head, nil
}

func overlay(s, repl string, start, count int64) (string, error) {
	if start <= 0 {
		return "", dberr.SQL(dberr.StateSubstringError, "negative substring length not allowed")
	}
	if start+count < start && count > 0 {
		return "", errIntRange(32)
	}
	return s[:runeAt(s, start-1)] + repl + from(s, max(start+count, 1)), nil
}

func chr(n int64) (string, error) {
	switch {
	case n == 0:
		return "", dberr.SQL(dberr.StateProgramLimit, "null character not permitted")
	case n < 0:
		return "", errParam("character number must be positive")
	case n > unicode.MaxRune || n >= 0xD800 && n < 0xE000:
		return "", dberr.SQL(dberr.StateProgramLimit, "requested character too large for encoding: %d", n)
	}
	return string(rune(n)), nil
}

func ascii(s string) int64 {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	return int64(r)
}

// textOf is the value as a cast to text shows it.
func textOf(env *Env, t sqltype.Type, d sqltype.Datum) string {
	switch t.ID {
	case sqltype.Text, sqltype.Varchar, sqltype.Name, sqltype.JSON, sqltype.JSONB, sqltype.Unknown:
		return d.Str
	case sqltype.Int2, sqltype.Int4, sqltype.Int8:
		return strconv.FormatInt(d.Int, 10)
	}
	return string(sqltype.AppendTextEnv(nil, env.types(), t, d))
}

func concat(c *call) (sqltype.Datum, error) {
	var b strings.Builder
	for i, a := range c.arg {
		if !a.Null {
			b.WriteString(textOf(c.env, c.typ[i], a))
		}
	}
	return sqltype.Datum{Str: b.String()}, nil
}

func concatWS(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	var b strings.Builder
	first := true
	for i, a := range c.arg[1:] {
		if a.Null {
			continue
		}
		if !first {
			b.WriteString(c.arg[0].Str)
		}
		first = false
		b.WriteString(textOf(c.env, c.typ[i+1], a))
	}
	return sqltype.Datum{Str: b.String()}, nil
}

// concatAny is text || anything: unlike concat() it casts, which shows booleans in full.
func concatAny(c *call) (sqltype.Datum, error) {
	var b strings.Builder
	for i, a := range c.arg {
		d, err := sqltype.CastDatum(a, c.typ[i], sqltype.TText, true, c.env.types())
		if err != nil {
			return d, err
		}
		b.WriteString(d.Str)
	}
	return sqltype.Datum{Str: b.String()}, nil
}

func toHex(v int64, size uint) string {
	return strconv.FormatUint(uint64(v)&(math.MaxUint64>>(64-size)), 16)
}

func registerText(t *tables) {
	concatText := p2(func(a, b string) string { return a + b })
	t.op("||(text,text) text", concatText)
	t.op("||(bytea,bytea) bytea", concatText)
	t.op("||(text,anynonarray) text stable", rowwise(concatAny))
	t.op("||(anynonarray,text) text stable", rowwise(concatAny))
	t.def("textcat(text,text) text", concatText)

	t.defs("length(text) int4 total", p1(runeCount), "char_length", "character_length")
	t.defs("length(bpchar) int4 total", p1(func(s string) int64 { return runeCount(trimBlanks(s)) }), "char_length", "character_length")
	bytes := p1(func(s string) int64 { return int64(len(s)) })
	t.defs("length(bytea) int4 total", bytes, "octet_length")
	t.def("octet_length(text) int4 total", bytes)
	t.def("octet_length(bpchar) int4 total", bytes)
	bits := p1(func(s string) int64 { return int64(len(s)) * 8 })
	t.def("bit_length(text) int4 total", bits)
	t.def("bit_length(bytea) int4 total", bits)
	t.def("upper(text) text total", p1(strings.ToUpper))
	t.def("lower(text) text total", p1(strings.ToLower))
	t.def("initcap(text) text total", p1(initcap))
	t.defs("substr(text,int4,int4) text", e3(cut), "substring")
	t.defs("substr(text,int4) text total", p2(from), "substring")
	t.defs("substr(bytea,int4,int4) bytea", e3(cutBytes), "substring")
	t.defs("substr(bytea,int4) bytea total", p2(func(s string, at int64) string { return s[min(max(at-1, 0), int64(len(s))):] }), "substring")
	t.def("left(text,int4) text total", p2(left))
	t.def("right(text,int4) text total", p2(right))
	t.def("lpad(text,int4,text) text", e3(func(s string, n int64, f string) (string, error) { return pad(s, n, f, true) }))
	t.def("lpad(text,int4) text", e2(func(s string, n int64) (string, error) { return pad(s, n, " ", true) }))
	t.def("rpad(text,int4,text) text", e3(func(s string, n int64, f string) (string, error) { return pad(s, n, f, false) }))
	t.def("rpad(text,int4) text", e2(func(s string, n int64) (string, error) { return pad(s, n, " ", false) }))
	t.defs("btrim(text) text total", p1(func(s string) string { return strings.Trim(s, " ") }), "trim")
	t.defs("btrim(text,text) text total", p2(strings.Trim), "trim")
	t.def("ltrim(text) text total", p1(func(s string) string { return strings.TrimLeft(s, " ") }))
	t.def("ltrim(text,text) text total", p2(strings.TrimLeft))
	t.def("rtrim(text) text total", p1(trimBlanks))
	t.def("rtrim(text,text) text total", p2(strings.TrimRight))
	t.def("replace(text,text,text) text total", p3(replace))
	t.def("translate(text,text,text) text total", p3(translate))
	t.def("repeat(text,int4) text", e2(repeat))
	t.def("reverse(text) text total", p1(reverse))
	t.def("strpos(text,text) int4 total", p2(strpos))
	t.def("position(text,text) int4 total", p2(strpos)) // arguments as the grammar passes them: string, substring
	t.def("position(bytea,bytea) int4 total", p2(func(s, sub string) int64 { return int64(strings.Index(s, sub) + 1) }))
	t.def("starts_with(text,text) bool total", p2(func(s, p string) int64 { return b2i(strings.HasPrefix(s, p)) }))
	t.op("^@(text,text) bool total", p2(func(s, p string) int64 { return b2i(strings.HasPrefix(s, p)) }))
	t.def("split_part(text,text,int4) text", e3(splitPart))
	t.def("overlay(text,text,int4,int4) text", e4(overlay))
	t.def("overlay(text,text,int4) text", e3(func(s, r string, at int64) (string, error) { return overlay(s, r, at, runeCount(r)) }))
	t.def("ascii(text) int4 total", p1(ascii))
	t.def("chr(int4) text", e1(chr))
	t.def("concat(variadic any) text called stable", rowwise(concat))
	t.def("concat_ws(text,variadic any) text called stable", rowwise(concatWS))
	t.def("to_hex(int4) text total", p1(func(v int64) string { return toHex(v, 32) }))
	t.def("to_hex(int8) text total", p1(func(v int64) string { return toHex(v, 64) }))
	registerTextCompare(t)
}

func cutBytes(s string, start, count int64) (string, error) {
	if count < 0 {
		return "", dberr.SQL(dberr.StateSubstringError, "negative substring length not allowed")
	}
	lo, hi := max(start-1, 0), start-1+count
	if hi < lo || lo > int64(len(s)) {
		return "", nil
	}
	return s[lo:min(hi, int64(len(s)))], nil
}

// registerTextCompare adds the comparisons by bytes that pattern indexes use.
func registerTextCompare(t *tables) {
	for op, f := range map[string]func(a, b string) bool{
		"~<~": func(a, b string) bool { return a < b }, "~<=~": func(a, b string) bool { return a <= b },
		"~>~": func(a, b string) bool { return a > b }, "~>=~": func(a, b string) bool { return a >= b },
	} {
		t.op(op+"(text,text) bool total", p2(func(a, b string) int64 { return b2i(f(a, b)) }))
	}
}
