package fn

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weftdb/weft/query/sqltype"
)

// likeNaive is LIKE as its definition says.
func likeNaive(s, p []rune) bool {
	if len(p) == 0 {
		return len(s) == 0
	}
	switch p[0] {
	case '%':
		return likeNaive(s, p[1:]) || len(s) > 0 && likeNaive(s[1:], p)
	case '_':
		return len(s) > 0 && likeNaive(s[1:], p[1:])
	case '\\':
		p = p[1:]
	}
	return len(s) > 0 && len(p) > 0 && s[0] == p[0] && likeNaive(s[1:], p[1:])
}

func randomText(rng *rand.Rand, alphabet []string, n int) string {
	var b strings.Builder
	for range rng.IntN(n) {
		b.WriteString(alphabet[rng.IntN(len(alphabet))])
	}
	return b.String()
}

func TestLikeAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 50000 {
		s := randomText(rng, []string{"a", "b", "ä", "%", "_"}, 9)
		p := randomText(rng, []string{"a", "b", "ä", "%", "%", "_", `\%`, `\_`, `\\`}, 7)
		l := compileLike(p)
		if met, err := likeSteps(s, p); err != nil || (met == likeYes) != l.match(s) {
			t.Fatalf("%q LIKE %q: step by step %v, %v", s, p, met, err)
		}
		if got, want := l.match(s), likeNaive([]rune(s), []rune(p)); got != want {
			t.Fatalf("%q LIKE %q: got %v, want %v", s, p, got, want)
		}
		prefix, exact, _ := LikePrefix(p)
		if l.match(s) && (!strings.HasPrefix(s, prefix) || exact && s != prefix) {
			t.Fatalf("%q matches %q but not its prefix %q", s, p, prefix)
		}
	}
}

// TestRawJSONAgainstTree compares walking the text with parsing it.
func TestRawJSONAgainstTree(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 20000 {
		text := randomJSON(rng, 4)
		v, err := sqltype.ParseJSON(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, key := range []string{"a", "b\"", "ä"} {
			got, ok := rawKey(text, key)
			want, wantOK := v.Get(key)
			if ok != wantOK || ok && !sameJSON(t, got, want) {
				t.Fatalf("%s -> %q: got %q %v", text, key, got, ok)
			}
		}
		for i := int64(-3); i < 3; i++ {
			got, ok := rawIndex(text, i)
			at := i
			if v.Kind == sqltype.JSONArray && at < 0 {
				at += int64(len(v.Arr))
			}
			wantOK := v.Kind == sqltype.JSONArray && at >= 0 && at < int64(len(v.Arr))
			if ok != wantOK || ok && !sameJSON(t, got, &v.Arr[at]) {
				t.Fatalf("%s -> %d: got %q %v", text, i, got, ok)
			}
		}
	}
}

func sameJSON(t *testing.T, text string, v *jsonValue) bool {
	w, err := sqltype.ParseJSON(text)
	if err != nil {
		t.Fatalf("piece %q: %v", text, err)
	}
	return w.Compare(v) == 0
}

func randomJSON(rng *rand.Rand, depth int) string {
	blank := []string{"", " ", "\n\t"}[rng.IntN(3)]
	kind := rng.IntN(7)
	if depth == 0 {
		kind = rng.IntN(5)
	}
	switch kind {
	case 0:
		return blank + "null" + blank
	case 1:
		return "-1.5e3" + blank
	case 2:
		return blank + `"x\"]},\\"`
	case 3:
		return "true"
	case 4:
		return `"\u00e4{["`
	}
	var parts []string
	for range rng.IntN(4) {
		p := randomJSON(rng, depth-1)
		if kind == 5 {
			p = []string{`"a"`, `"b\""`, `"\u00e4"`, `"ä"`}[rng.IntN(4)] + blank + ":" + p
		}
		parts = append(parts, p)
	}
	if kind == 5 {
		return "{" + blank + strings.Join(parts, ",") + blank + "}"
	}
	return blank + "[" + strings.Join(parts, ","+blank) + "]"
}

var wide = regexp.MustCompile(`[0-9]{4}`)

// FuzzTemplates feeds any text to the functions that read templates, patterns and
// escapes: they may refuse it, and must neither panic nor give invalid UTF-8.
func FuzzTemplates(f *testing.F) {
	for _, seed := range [][2]string{
		{"2024-01-02", "YYYY-MM-DD"}, {"12,345.6-", "99G999D9S"}, {"ab", `a(b|[[:alpha:]\d]){1,2}?$`},
		{`\0061\+000061\u0441`, `%#"o_a#"_`}, {"x", `%1$s|%-*2$I`}, {"x", `"q\"uoted" FMDDth TZ`}, {"5", "RN EEEE V99"},
		{"", `\`}, {"ä", `[^]a-\x41[.-.]]`}, {"a.b", `(?#c)(?ix) a`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, s, p string) {
		if !utf8.ValidString(s) || !utf8.ValidString(p) || len(p) > 200 || len(s) > 200 {
			return
		}
		text := func(out string, err error) {
			if err == nil && !utf8.ValidString(out) {
				t.Fatalf("invalid UTF-8 %q from %q and %q", out, s, p)
			}
		}
		for _, us := range []int64{0, -1, 762_000_000_000_000_001, -70_000_000_000_000_000} {
			text(toCharTimestamp(us, p))
			text(toCharTimestampTZ(testEnv.types(), us, p))
		}
		text(toCharInterval(interval{Months: -13, Days: 5, Micros: 1}, p))
		text(toCharNum(sqltype.NumScaled(-123456, 3), p))
		text(toCharNum(sqltype.NumInf, p))
		text(unistr(s))
		text(regexReplace(s, p, p, 1, 0, ""))
		text(substringSimilar(s, p, "#"))
		text(substringRegex(s, p))
		text(likeEscape(p, "#"))
		text(splitPart(s, p, -1))
		if wide.MatchString(p) {
			return // format() would build megabytes, as asked
		}
		c := &call{env: testEnv, typ: []sqltype.Type{sqltype.TText, sqltype.TText}, arg: []sqltype.Datum{{Str: p}, {Str: s}}}
		d, err := format(c)
		text(d.Str, err)
		if parts, err := parseByTemplate(s, p); err == nil {
			if _, err := parts.instant(testEnv.Location); err != nil && err.Error() == "" {
				t.Fatal("error without a message")
			}
		}
		if _, err := toNumber(s, p); err != nil && err.Error() == "" {
			t.Fatal("error without a message")
		}
		if _, err := quoteIdentArray(s, true); err != nil && err.Error() == "" {
			t.Fatal("error without a message")
		}
	})
}
