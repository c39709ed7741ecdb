package sqltype

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// goldenEnv is the session in which PostgreSQL's answers in testdata were taken.
func goldenEnv(t testing.TB) *Env {
	t.Helper()
	loc, err := LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return &Env{Location: loc, Now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)}
}

// typeOf reads a type as SQL writes it.
func typeOf(t testing.TB, s string) Type {
	t.Helper()
	base, arr := strings.CutSuffix(s, "[]")
	var mods []int
	if i := strings.IndexByte(base, '('); i >= 0 {
		for _, m := range strings.Split(strings.TrimSuffix(base[i+1:], ")"), ",") {
			v, err := strconv.Atoi(m)
			if err != nil {
				t.Fatal(err)
			}
			mods = append(mods, v)
		}
		base = base[:i]
	}
	typ, err := TypeByName(base, mods...)
	if err != nil {
		t.Fatalf("type %s: %v", s, err)
	}
	if arr {
		typ = ArrayOf(typ)
	}
	return typ
}

// outcome writes a result as testdata does: =text, null, or !SQLSTATE message.
func outcome(env *Env, t Type, d Datum, err error) string {
	if err != nil {
		e := dberr.As(err)
		if e == nil {
			return "!?" + err.Error()
		}
		s := "!" + e.SQLState + " " + e.Message
		if e.Detail != "" {
			s += " D:" + e.Detail
		}
		if e.Hint != "" {
			s += " H:" + e.Hint
		}
		return s
	}
	d, err = CastDatum(d, t, TText, true, env)
	if err != nil {
		return "!" + err.Error()
	}
	if d.Null {
		return "null"
	}
	return "=" + d.Str
}

func golden(t *testing.T, file string, f func(row []string)) {
	fh, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer fh.Close()
	sc := bufio.NewScanner(fh)
	sc.Buffer(nil, 1<<20)
	n := 0
	for sc.Scan() {
		var row []string
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v", sc.Text(), err)
		}
		f(row)
		n++
	}
	if err := sc.Err(); err != nil || n < 50 {
		t.Fatalf("%s: %d rows, %v", file, n, err)
	}
}

// TestTextAsPostgres compares text input and output with PostgreSQL 15's.
func TestTextAsPostgres(t *testing.T) {
	env := goldenEnv(t)
	golden(t, "pg15_text.jsonl", func(row []string) {
		typ := typeOf(t, row[0])
		d, err := ParseEnv(env, typ, row[1])
		if typ.ID == Varchar || typ.ID == Bpchar || typ.Elem == Varchar {
			d, err = CastDatum(Datum{Str: row[1]}, TText, typ, true, env)
		}
		if got := outcome(env, typ, d, err); got != row[2] {
			t.Errorf("%s %q\n got %s\nwant %s", row[0], row[1], got, row[2])
		}
	})
}
