package are

import (
	"errors"
	"strings"
	"testing"
)

func compile(t *testing.T, src string) *Regexp {
	t.Helper()
	re, err := Compile(src, Flags{})
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return re
}

// TestStepsAreBounded: what would take for ever ends with an error.
func TestStepsAreBounded(t *testing.T) {
	re := compile(t, `^(a*)(a*)(a*)(a*)b\1\2\3\4\1$`)
	if _, err := re.Find(strings.Repeat("a", 200)+"b"+strings.Repeat("a", 600), 0); !errors.Is(err, ErrSteps) {
		t.Errorf("got %v, want ErrSteps", err)
	}
	for _, src := range []string{`(a+)+$`, `(a|aa)*b`, `(?:a*)*c`, `(.*)(.*)(.*)(.*)x`} {
		if m, err := compile(t, src).Find(strings.Repeat("a", 2000)+"!", 0); m != nil || err != nil {
			t.Errorf("%s: %v, %v", src, m, err)
		}
	}
}

func TestTooComplex(t *testing.T) {
	for _, src := range []string{strings.Repeat("(", 5000) + strings.Repeat(")", 5000), `((((a{255}){255}){255}){255})`, `(((((){255}){255}){255}){255}){255}`} {
		if _, err := Compile(src, Flags{}); err == nil || !strings.Contains(err.Error(), "too complex") {
			t.Errorf("%.20s: got %v", src, err)
		}
	}
}

// FuzzCompile: no expression panics, and a match lies where it says.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{`(a)\1`, `[[:alpha:]]+?`, `(?<=a)b|c{2,3}`, `\m\w+\M`, `***=a.b`, `(?i)É`, `a{1,2}{3}`, `[a-`, `(?:(x)|(y))*?\2`} {
		f.Add(s, "aab xyz é", uint8(0))
	}
	f.Fuzz(func(t *testing.T, src, text string, flags uint8) {
		if len(src) > 40 || len(text) > 60 {
			return
		}
		fl := Flags{Fold: flags&1 != 0, DotLine: flags&2 != 0, Anchor: flags&4 != 0, Expand: flags&8 != 0, Basic: flags&16 != 0, NoARE: flags&32 != 0}
		re, err := Compile(src, fl)
		if err != nil {
			return
		}
		m, err := re.Find(text, 0)
		if err != nil {
			return
		}
		ok, err := re.Match(text)
		if err == nil && ok != (m != nil) {
			t.Fatalf("%q on %q: Match says %v, Find %v", src, text, ok, m)
		}
		if m != nil && (len(m) != 2*re.Groups() || m[0] > m[1] || m[1] > len(text)) {
			t.Fatalf("%q on %q: %v", src, text, m)
		}
	})
}
