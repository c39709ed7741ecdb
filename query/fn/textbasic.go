package fn

import (
	"strings"
	"unicode/utf8"
)

func registerTextBasic(t *tables) {
	t.op("||(text,text) text", p2(func(a, b string) string { return a + b }))
	length := p1(func(s string) int64 { return int64(utf8.RuneCountInString(s)) })
	t.defs("length(text) int4 total", length, "char_length", "character_length")
	t.def("upper(text) text total", p1(strings.ToUpper))
	t.def("lower(text) text total", p1(strings.ToLower))
}
