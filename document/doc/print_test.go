package doc

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestQuotedAtAnyPlace: every character is printed as itself or by its escape, wherever it
// stands among others.
func TestQuotedAtAnyPlace(t *testing.T) {
	chars := []string{"\u2028", "\u2029", "\u2027", "é", "€", "𝄞"}
	for c := range rune(utf8.RuneSelf) {
		chars = append(chars, string(c))
	}
	for _, c := range chars {
		for before := range 20 {
			for _, after := range []int{0, 1, 7, 8, 9} {
				text := strings.Repeat("a", before) + c + strings.Repeat("é", after/2) + strings.Repeat("~", after)
				got := appendQuoted(nil, []byte(text))
				var back string
				if err := json.Unmarshal(got, &back); err != nil || back != text {
					t.Fatalf("%q is printed as %s: %v", text, got, err)
				}
				if bytes.ContainsAny(got, "\u2028\u2029") || bytes.ContainsFunc(got, func(r rune) bool { return r < 0x20 }) {
					t.Fatalf("%q is printed as %q", text, got)
				}
			}
		}
	}
}
