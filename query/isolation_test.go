package query

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestIsolation runs the cases of testdata/isolation. A transaction begins with its
// first step.
func TestIsolation(t *testing.T) {
	const file = "testdata/isolation/hermitage.txt"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var steps []string
	cases := 0
	flush := func() {
		if len(steps) == 0 {
			return
		}
		cases++
		snapshot, serializable := isolated(t, "repeatable read", steps), isolated(t, "serializable", steps)
		for i, s := range steps {
			fmt.Fprintln(&out, s)
			if snapshot[i] == serializable[i] {
				fmt.Fprintf(&out, "    %s\n", snapshot[i])
				continue
			}
			fmt.Fprintf(&out, "    snapshot: %s\n    serializable: %s\n", snapshot[i], serializable[i])
		}
		steps = nil
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(old), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "T"):
			steps = append(steps, line)
		case strings.HasPrefix(line, "    "):
		default:
			flush()
			fmt.Fprintln(&out, line)
		}
	}
	flush()
	if *rewrite {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(old, out.Bytes()) {
		got, want := strings.Split(out.String(), "\n"), strings.Split(string(old), "\n")
		for i := range got {
			if i >= len(want) || got[i] != want[i] {
				t.Fatalf("%s:%d: got %q; run with -rewrite and review the diff", file, i+1, got[i])
			}
		}
	}
	if cases < 16 {
		t.Errorf("only %d cases", cases)
	}
}

func isolated(t *testing.T, level string, steps []string) (out []string) {
	t.Helper()
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE test (id int PRIMARY KEY, value int); INSERT INTO test VALUES (1, 10), (2, 20)")
	sessions := map[string]*Session{}
	run := func(s *Session, sql string) string {
		m := &MemorySink{}
		if err := s.Execute(context.Background(), Request{SQL: sql}, m); err != nil {
			return errorText(err)
		}
		last := m.Results[len(m.Results)-1]
		if len(last.Columns) == 0 {
			return fmt.Sprintf("%s %d", last.Tag.Command, last.Tag.Rows)
		}
		rows := &Rows{Columns: last.Columns, batches: last.Batches, row: -1}
		var list []string
		for rows.Next() {
			list = append(list, strings.Join(rows.Strings(), "=>"))
		}
		return "rows " + strings.Join(list, ", ")
	}
	for _, step := range steps {
		name, sql, _ := strings.Cut(step, ": ")
		s := sessions[name]
		if s == nil {
			var err error
			if s, err = e.NewSession(context.Background(), ""); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			sessions[name] = s
			if got := run(s, "BEGIN ISOLATION LEVEL "+level); got != "BEGIN 0" {
				t.Fatal(got)
			}
		}
		out = append(out, run(s, sql))
	}
	return out
}
