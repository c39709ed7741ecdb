package fn

import (
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

var psql = flag.String("psql", "", "command line of psql (time zone America/New_York): ask PostgreSQL for the answers in testdata and rewrite them")

// TestExpressions compares with PostgreSQL. Each file in testdata/expr holds one
// expression per line, followed by an indented line with PostgreSQL's answer: type
// and quoted text, NULL, or ! with SQLSTATE and message. A line beginning with ~
// instead of blanks is our answer where it differs on purpose; PostgreSQL's stays above it.
func TestExpressions(t *testing.T) {
	files, err := filepath.Glob("testdata/expr/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no expressions: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
		if *psql != "" {
			lines = askPostgres(t, lines)
			if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for i, expr := range lines {
			if expr == "" || strings.ContainsAny(expr[:1], " ~#") {
				continue
			}
			want := strings.TrimSpace(lines[i+1])
			if i+2 < len(lines) && strings.HasPrefix(lines[i+2], "~") {
				want = strings.TrimSpace(lines[i+2][1:])
			}
			if got := answer(expr); got != want && !nearly(got, want) {
				t.Errorf("%s:%d: %s\n got  %s\n want %s", file, i+1, expr, got, want)
			}
		}
	}
}

func answer(expr string) string {
	v, err := evalText(expr)
	if err == nil && v.t.ID == sqltype.Unknown {
		v.t = sqltype.TText
	}
	switch e := dberr.As(err); {
	case e != nil:
		return "!" + e.SQLState + " " + e.Message
	case err != nil:
		return "!" + err.Error()
	case v.d.Null:
		return v.t.Name() + " NULL"
	}
	d, err := sqltype.CastDatum(v.d, v.t, sqltype.TText, true, testEnv.types())
	if err != nil {
		return "!" + err.Error()
	}
	return v.t.Name() + " " + strconv.Quote(d.Str)
}

func askPostgres(t *testing.T, lines []string) []string {
	var out []string
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, "  "):
			continue
		case l == "" || strings.ContainsAny(l[:1], "~#"):
			out = append(out, l)
			continue
		}
		args := append(strings.Fields(*psql), "-XAt", "-F", "\x1f", "-v", "VERBOSITY=verbose",
			"-P", "null=\x1e", "-R", "\x1d", "-c", "SELECT pg_typeof(e), e::text FROM (SELECT "+l+" AS e) q")
		b, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		s := strings.TrimSuffix(string(b), "\n")
		if err != nil {
			_, msg, ok := strings.Cut(s, "ERROR:  ")
			if !ok {
				t.Fatalf("%s: %s", l, s)
			}
			msg, _, _ = strings.Cut(msg, "\n")
			out = append(out, l, "  !"+strings.Replace(msg, ": ", " ", 1))
			continue
		}
		typ, val, _ := strings.Cut(s, "\x1f")
		if val == "\x1e" {
			val = "NULL"
		} else {
			val = strconv.Quote(val)
		}
		out = append(out, l, "  "+typ+" "+val)
	}
	return out
}

// nearly accepts floats that differ in the last digits: C libraries do too.
func nearly(got, want string) bool {
	const typ = "double precision "
	g, ok1 := strings.CutPrefix(got, typ)
	w, ok2 := strings.CutPrefix(want, typ)
	if !ok1 || !ok2 {
		return false
	}
	a, err1 := strconv.ParseFloat(strings.Trim(g, `"`), 64)
	b, err2 := strconv.ParseFloat(strings.Trim(w, `"`), 64)
	return err1 == nil && err2 == nil && math.Abs(a-b) <= 4e-15*math.Abs(b)
}
