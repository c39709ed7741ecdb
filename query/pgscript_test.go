package query

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
)

var (
	pgError  = regexp.MustCompile(`(?m)^(?:psql:.*?: )?ERROR:  ([0-9A-Z]{5}): (.*)$`)
	ourPlace = regexp.MustCompile(` at \d+( \(Perhaps.*\))?$`)
)

// TestScriptsAgainstPostgres holds the expected results of the scripts to a real
// PostgreSQL: rows exactly, errors by SQLSTATE and message.
func TestScriptsAgainstPostgres(t *testing.T) {
	if os.Getenv("WEFT_LONG") == "" {
		t.Skip("set WEFT_LONG=1 to compare the scripts with PostgreSQL")
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql is installed")
	}
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "plans.sql") || strings.HasSuffix(f, "weft.sql") {
			continue
		}
		t.Run(filepath.Base(f), func(t *testing.T) {
			c := pgtest.Start(t)
			steps, _ := readScript(t, f)
			got := psqlScript(t, psql, c.Dir, steps)
			for i, s := range steps {
				if strings.HasPrefix(s.head, "plan") {
					continue
				}
				want := ourPlace.ReplaceAllString(s.want, "")
				if got[i] != want {
					t.Errorf("%s:%d: %s\nPostgreSQL:\n%s\nscript:\n%s", f, s.line, s.sql, got[i], want)
				}
			}
		})
	}
}

// psqlScript runs the steps in one session and cuts what comes out.
func psqlScript(t *testing.T, psql, dir string, steps []scriptStep) []string {
	var in strings.Builder
	in.WriteString("\\set VERBOSITY verbose\n\\pset null NULL\n")
	for i, s := range steps {
		sql := s.sql
		if strings.HasPrefix(s.head, "plan") { // ours are not PostgreSQL's
			sql = ""
		}
		fmt.Fprintf(&in, "\\echo @@%d\n%s;\n", i, sql)
	}
	in.WriteString("\\echo @@end\n")
	cmd := exec.Command(psql, "-h", dir, "-U", "postgres", "-X", "-q", "-A", "-t")
	cmd.Stdin = strings.NewReader(in.String())
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, b)
	}
	out := make([]string, len(steps))
	rest := string(b)
	for i, s := range steps {
		_, after, _ := strings.Cut(rest, fmt.Sprintf("@@%d\n", i))
		body, _, _ := strings.Cut(after, "@@")
		rest = after
		if m := pgError.FindStringSubmatch(body); m != nil {
			out[i] = fmt.Sprintf("ERROR %s: %s", m[1], m[2])
			continue
		}
		if strings.HasPrefix(s.head, "statement") || strings.HasPrefix(s.head, "session") {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
		if strings.HasSuffix(s.head, "rowsort") {
			sort.Strings(lines)
		}
		for k, l := range lines {
			if l == "" && body != "" {
				lines[k] = "(empty)"
			}
		}
		out[i] = strings.Join(lines, "\n")
	}
	return out
}

// TestTakeFromPostgres writes PostgreSQL's results into the scripts that are named as
// arguments of the test, for new steps.
func TestTakeFromPostgres(t *testing.T) {
	if !*fromPostgres {
		t.Skip("set -from-postgres to take expected results from PostgreSQL")
	}
	for _, f := range flag.Args() {
		steps, old := readScript(t, f)
		got := psqlScript(t, "psql", pgtest.Start(t).Dir, steps)
		out := comments(old)
		for i, s := range steps {
			out = fmt.Appendf(out, "%s\n%s\n", s.head, s.sql)
			if got[i] != "" {
				out = fmt.Appendf(out, "----\n%s\n", got[i])
			}
			out = append(out, '\n')
		}
		if err := os.WriteFile(f, out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
