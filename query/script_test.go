package query

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/storage/txn"
)

var (
	rewrite      = flag.Bool("rewrite", false, "rewrite the expected results of testdata scripts (review the diff)")
	fromPostgres = flag.Bool("from-postgres", false, "take expected results from PostgreSQL")
)

// testEngine is an engine in memory. Its statements take as long as they take, unless a
// test says otherwise: the race detector and other work make some of them slow.
func testEngine(t testing.TB, opts Options) *Engine {
	t.Helper()
	if opts.Timeout == 0 {
		opts.Timeout = -1
	}
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(store, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// A script is a list of steps. Each is a head line, SQL, "----", and what comes
// out, up to an empty line:
//
//	statement            nothing but an error comes out
//	query [rowsort]      rows with columns parted by |
//	plan                 EXPLAIN (COSTS OFF)
//	session NAME         the following steps run in this session
//
// Lines that begin with # are comments.
type scriptStep struct {
	head, sql, want string
	line            int
}

func readScript(t *testing.T, file string) (steps []scriptStep, text string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	for i := 0; i < len(lines); {
		head := strings.TrimSpace(lines[i])
		i++
		if head == "" || strings.HasPrefix(head, "#") {
			continue
		}
		s := scriptStep{head: head, line: i}
		var sql, want []string
		for ; i < len(lines) && lines[i] != "----" && lines[i] != ""; i++ {
			sql = append(sql, lines[i])
		}
		if i < len(lines) && lines[i] == "----" {
			for i++; i < len(lines) && lines[i] != ""; i++ {
				want = append(want, lines[i])
			}
		}
		s.sql, s.want = strings.Join(sql, "\n"), strings.Join(want, "\n")
		steps = append(steps, s)
	}
	return steps, string(b)
}

type scriptRunner struct {
	t        *testing.T
	e        *Engine
	sessions map[string]*Session
	current  *Session
}

func (r *scriptRunner) run(s scriptStep) string {
	fields := strings.Fields(s.head)
	if fields[0] == "session" {
		name := fields[1]
		if r.sessions[name] == nil {
			n, err := r.e.NewSession(context.Background(), "")
			if err != nil {
				r.t.Fatal(err)
			}
			r.sessions[name] = n
		}
		r.current = r.sessions[name]
		return ""
	}
	sql := s.sql
	if fields[0] == "plan" {
		sql = "EXPLAIN (COSTS OFF) " + sql
	}
	m := &MemorySink{}
	err := r.current.Execute(context.Background(), Request{SQL: sql, MaxRows: -1}, m)
	if err != nil {
		return errorText(err)
	}
	if fields[0] == "statement" {
		return ""
	}
	last := m.Results[len(m.Results)-1]
	rows := &Rows{Columns: last.Columns, batches: last.Batches, row: -1, env: r.current.TextEnv()}
	var out []string
	for rows.Next() {
		line := strings.Join(rows.Strings(), "|")
		if line == "" {
			line = "(empty)"
		}
		out = append(out, line)
	}
	if len(fields) > 1 && fields[1] == "rowsort" {
		sort.Strings(out)
	}
	return strings.Join(out, "\n")
}

func errorText(err error) string {
	e := dberr.As(err)
	if e == nil {
		return "ERROR: " + err.Error()
	}
	s := fmt.Sprintf("ERROR %s: %s", e.SQLState, e.Message)
	if e.Position > 0 {
		s += fmt.Sprintf(" at %d", e.Position)
	}
	if e.Hint != "" && strings.HasPrefix(e.Hint, "Perhaps") {
		s += " (" + e.Hint + ")"
	}
	return s
}

// TestScripts runs the scripts of testdata. All but the plans must come out the
// same whatever the planner is allowed to use.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		for _, v := range []struct {
			name string
			set  opt.Settings
		}{
			{"default", opt.Settings{}},
			{"nohash", opt.Settings{NoHashJoin: true, NoDecorrelate: true}},
			{"merge", opt.Settings{NoHashJoin: true, NoNestLoop: true, NoHashAgg: true}},
			{"loops", opt.Settings{NoHashJoin: true, NoMergeJoin: true, NoMaterial: true, NoSort: true, NoIndexOnlyScan: true}},
			{"noseq", opt.Settings{NoSeqScan: true}},
			{"noindex", opt.Settings{NoIndexScan: true, NoIndexJoin: true, NoReorder: true}},
		} {
			t.Run(filepath.Base(f)+"/"+v.name, func(t *testing.T) {
				runScript(t, f, v.set, *rewrite && v.name == "default")
			})
		}
	}
}

func runScript(t *testing.T, file string, set opt.Settings, rewrite bool) {
	steps, old := readScript(t, file)
	e := testEngine(t, Options{Planner: set})
	main, err := e.NewSession(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	r := &scriptRunner{t: t, e: e, sessions: map[string]*Session{"main": main}, current: main}
	defer func() {
		for _, s := range r.sessions {
			s.Close()
		}
	}()
	var out bytes.Buffer
	for _, s := range steps {
		if strings.HasPrefix(s.head, "plan") && set != (opt.Settings{}) {
			continue
		}
		got := r.run(s)
		if rewrite {
			fmt.Fprintf(&out, "%s\n", s.head)
			if s.sql != "" {
				fmt.Fprintf(&out, "%s\n", s.sql)
			}
			if got != "" {
				fmt.Fprintf(&out, "----\n%s\n", got)
			}
			out.WriteByte('\n')
			continue
		}
		if !ourPlace.MatchString(s.want) { // a step may leave out positions and hints
			got = ourPlace.ReplaceAllString(got, "")
		}
		if got != s.want {
			t.Errorf("%s:%d: %s\ngot:\n%s\nwant:\n%s", file, s.line, s.sql, got, s.want)
		}
	}
	if rewrite && out.String() != old {
		if err := os.WriteFile(file, append(comments(old), out.Bytes()...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// comments keeps the comment at the head of a script.
func comments(old string) []byte {
	var b []byte
	for _, l := range strings.SplitAfter(old, "\n") {
		if !strings.HasPrefix(l, "#") {
			break
		}
		b = append(b, l...)
	}
	if b != nil {
		b = append(b, '\n')
	}
	return b
}
