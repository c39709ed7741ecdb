package jsonb

import (
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/query/sqltype"
)

// FuzzOf: the text is the one that jsonb makes of the same JSON.
func FuzzOf(f *testing.F) {
	for _, s := range []string{
		`{"b":1,"aa":[1.50,-0,-0.0,1e2,1E-2,12345678901234567890123],"a":{"z":"\u2028\n\"","":null}}`, `"\u0000"`, `{"\u0000":1}`, `{"a":1,"b":2,"a":3}`,
		`1e999999999`, `[]`, `{}`, `[[],{}]`, `true`, `"é"`, `0.0000001`, `1.0`, `-5`, `1e-400000`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := doc.Parse([]byte(s))
		if err != nil {
			return
		}
		want, wantErr := sqltype.CanonicalJSON(s)
		for _, make := range []func() (string, error){func() (string, error) { return Of(v) }, func() (string, error) { return OfText([]byte(s)) }} {
			got, err := make()
			if (err == nil) != (wantErr == nil) || err == nil && got != want {
				t.Fatalf("%s: got %s, %v, want %s, %v", s, got, err, want, wantErr)
			}
		}
	})
}
