package sqldiff

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	weft "github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/testkit/pgtest"
)

var update = flag.Bool("update", false, "ask PostgreSQL for the answers in testdata/golden and rewrite them")

// TestGolden compares with the answers that PostgreSQL gave to fixed statements, one a
// line in testdata/golden. A line that begins with no word of a statement is an
// expression. The indented line below holds PostgreSQL's answer: types, then rows, or !
// and the SQLSTATE. A line that begins with ~ below it is ours, where it differs on
// purpose or where the function is of a later version than the server asked.
// = begins statements that only prepare what follows. A file whose name ends with _pgN is
// only asked of a server of version N or later.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	var pgc *pgtest.Cluster
	if *update {
		pgc = pgtest.Start(t)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
			if pgc != nil && pgc.Version() >= needs(file) {
				lines = askAll(t, pgc.Dir, lines)
				if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			checkGolden(t, file, lines)
		})
	}
}

// needs is the version of PostgreSQL that a file's name asks for.
func needs(file string) int {
	_, v, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".sql"), "_pg")
	n, _ := strconv.Atoi(v)
	return n
}

func checkGolden(t *testing.T, file string, lines []string) {
	w := bareWeft(t)
	for i, l := range lines {
		sql := goldenSQL(l)
		switch {
		case sql == "":
			continue
		case l[0] == '=':
			if a := ask(t, w, sql); a.state != "" {
				t.Errorf("%s:%d: %s\n%s", file, i+1, sql, a)
			}
			continue
		}
		if i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "  ") {
			t.Errorf("%s:%d: no answer below: run with -update", file, i+1)
			continue
		}
		want := lines[i+1][2:]
		if i+2 < len(lines) && strings.HasPrefix(lines[i+2], "~") {
			want = strings.TrimSpace(lines[i+2][1:])
		}
		a := ask(t, w, sql)
		if got := goldenText(a); got != want {
			t.Errorf("%s:%d: %s\n got  %s %s\n want %s", file, i+1, l, got, a.message, want)
		}
	}
}

// bareWeft is an engine without tables.
func bareWeft(t *testing.T) *embedded {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := db.Engine().NewSession(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &embedded{db, s}
}

// goldenSQL is the statement that a line holds, or nothing.
func goldenSQL(l string) string {
	if l == "" || strings.ContainsAny(l[:1], " ~#") {
		return ""
	}
	if l[0] == '=' {
		return strings.TrimSpace(l[1:])
	}
	for _, w := range []string{"SELECT ", "WITH ", "VALUES ", "TABLE ", "INSERT ", "UPDATE ", "DELETE "} {
		if strings.HasPrefix(l, w) {
			return l
		}
	}
	return "SELECT " + l
}

func askAll(t *testing.T, dir string, lines []string) (out []string) {
	pg, err := dialPostgres(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.close()
	ask(t, pg, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	for _, l := range lines {
		sql := goldenSQL(l)
		switch {
		case strings.HasPrefix(l, "  "):
			continue
		case sql == "":
			out = append(out, l)
			continue
		case l[0] == '=':
			if a := ask(t, pg, sql); a.state != "" {
				t.Errorf("%s\n%s", l, a)
			}
			out = append(out, l)
			continue
		}
		out = append(out, l, "  "+goldenText(ask(t, pg, sql)))
	}
	return out
}

// goldenText is an answer on one line.
func goldenText(a answer) string {
	if a.state != "" {
		return "!" + a.state
	}
	var b strings.Builder
	for i, c := range a.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		if c.oid >= 16384 {
			b.WriteString("made")
			continue
		}
		b.WriteString(typeName(c.oid))
	}
	for i, row := range a.rows {
		b.WriteString([]string{": ", " | "}[min(i, 1)])
		for k, v := range row {
			if k > 0 {
				b.WriteString(", ")
			}
			switch {
			case v == nil:
				b.WriteString("NULL")
			case a.columns[k].oid == oidFloat8 || a.columns[k].oid == oidFloat4:
				b.WriteString(canonical(a.columns[k].oid, *v))
			default:
				b.WriteString(strconv.Quote(*v))
			}
		}
	}
	return b.String()
}
