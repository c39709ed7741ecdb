package jsonin

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

func raw(in string) error {
	var s Scanner
	s.Reset([]byte(in))
	if _, err := s.Raw(); err != nil {
		return err
	}
	return s.End()
}

func TestRefuses(t *testing.T) {
	for in, want := range map[string]string{
		``:                               "it ends where a value must stand at byte 0",
		`{`:                              "it ends where '\"' must stand at byte 1",
		`{"a":1,}`:                       `'}' where '"' must stand at byte 7`,
		`{"a" 1}`:                        `'1' where ':' must stand at byte 5`,
		`[1 2]`:                          "where ',' or ']' must stand at byte 3",
		`[1`:                             "it ends inside a value",
		`"a`:                             "it ends inside a string",
		`"\x"`:                           "an unknown escape",
		`"\ud800"`:                       "no character",
		`"\ud800\u0041"`:                 "no character",
		"\"a\nb\"":                       "control character",
		"\"\xff\"":                       "not UTF-8",
		"\"\\n\xff\"":                    "not UTF-8",
		`01`:                             "leading zero",
		`1.`:                             "ends in a point",
		`1e`:                             "empty exponent",
		`-`:                              "without digits",
		`tru`:                            "no true",
		`nul`:                            "no null",
		`1 1`:                            "more data after the value",
		`{"a":1,"a":2}`:                  `"a" twice (at byte 7)`,
		`{"a":1,"\u0061":2}`:             `"a" twice`,
		strings.Repeat("[", MaxDepth+1):  "nested deeper than 200",
		`'a'`:                            `'\'' where a value must stand`,
		many(20, "k7"):                   `"k7" twice`,
		many(20, "k19"):                  `"k19" twice`,
		`{"a":` + strings.Repeat("[", 5): "it ends where a value",
	} {
		err := raw(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", in, err, want)
		} else if !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%s: class of %v", in, err)
		}
	}
}

// many is an object of n names and then one more.
func many(n int, last string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		b.WriteString(`"k` + strings.TrimLeft(string(rune('0'+i/10)), "0") + string(rune('0'+i%10)) + `":1,`)
	}
	return b.String() + `"` + last + `":1}`
}

func TestStrings(t *testing.T) {
	for in, want := range map[string]string{
		`"plain ä€😀"`:                 "plain ä€😀",
		`"\"\\\/\b\f\n\r\t"`:          "\"\\/\b\f\n\r\t",
		`"x\u00e4\u20ac\ud83d\ude00"`: "xä€😀",
		`"\u0000"`:                    "\x00",
		` ""`:                         "",
	} {
		var s Scanner
		s.Reset([]byte(in))
		if got, err := s.Str(); err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", in, got, err, want)
		}
	}
}

func TestIntField(t *testing.T) {
	for in, ok := range map[string]bool{"5": true, "-1": false, "11": false, "5.0": false, "5e0": false, `"5"`: false, "null": false, "99999999999999999999": false} {
		var s Scanner
		s.Reset([]byte(in))
		if got, err := s.IntField("f", 0, 10); (err == nil) != ok || ok && got != 5 {
			t.Errorf("%s: got %d %v", in, got, err)
		}
	}
}

// FuzzRaw: what is accepted is JSON by the standard library's reading, and what
// that refuses is refused. (It lets duplicates, bad UTF-8 and lone surrogates pass.)
func FuzzRaw(f *testing.F) {
	for _, s := range []string{`{"sql":"SELECT $1","params":[1,-2.5e3,"x\u00e4",null,true,{"a":[]}]}`, `[1,2`, `"\ud83d\ude00"`, ` { "a" : [ ] } `, "0", "-0.0E+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		err := raw(in)
		valid := json.Valid([]byte(in))
		if err == nil && (!valid || !utf8.ValidString(in)) {
			t.Fatalf("accepted %q", in)
		}
		if err != nil && valid && utf8.ValidString(in) {
			for _, reason := range []string{"twice", "no character", "deeper"} {
				if strings.Contains(err.Error(), reason) {
					return
				}
			}
			t.Fatalf("refused %q: %v", in, err)
		}
		var want string
		if err == nil && json.Unmarshal([]byte(in), &want) == nil && in != "null" {
			var s Scanner
			s.Reset([]byte(in))
			if got, err := s.Str(); err == nil && got != want {
				t.Fatalf("string %q: got %q, want %q", in, got, want)
			}
		}
	})
}
