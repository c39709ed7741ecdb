package sqltype

import "testing"

// FuzzJSONPath: no text panics, and the canonical form of a path reads back as itself.
func FuzzJSONPath(f *testing.F) {
	for _, s := range []string{`strict $.a[*] ? (@.b > 1 && exists(@.c)).size()`, `$.**{2 to last}`, `-(1 + $x) * 2`, `$ ? (@ like_regex "a" flag "iq")`, `$."a\u0041"[last - 1, 0 to 2]`, `($ < 1) is unknown`, `$.datetime("HH24").type()`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := CanonicalJSONPath(s)
		if err != nil {
			return
		}
		d, err := CanonicalJSONPath(c)
		if err != nil || d != c {
			t.Fatalf("%q gives %q, which gives %q, %v", s, c, d, err)
		}
	})
}
