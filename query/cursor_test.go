package query

import (
	"context"
	"strings"
	"testing"
)

// TestCursorMemory checks that the rows of all open cursors of a session are bounded together, and
// that closing one makes room.
func TestCursorMemory(t *testing.T) {
	e := testEngine(t, Options{MemoryBytes: 4 << 20})
	s, err := e.NewSession(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run := func(sql string) error {
		return s.Execute(context.Background(), Request{SQL: sql, MaxRows: -1}, &MemorySink{})
	}
	big := " CURSOR WITH HOLD FOR SELECT repeat('x', 1000) FROM generate_series(1, 2000)"
	for _, step := range []struct{ sql, state string }{
		{"DECLARE a" + big, ""},
		{"DECLARE b" + big, "54000"},
		{"CLOSE a", ""},
		{"DECLARE b" + big, ""},
		{"CLOSE ALL", ""},
		{"SET work_mem = '1MB'", ""},
		{"DECLARE a" + big, "54000"},
	} {
		err := run(step.sql)
		if got := state(err); err != nil && got != step.state || err == nil && step.state != "" {
			t.Fatalf("%s: %v, want %q", step.sql, err, step.state)
		}
	}
}

// TestCursorsListed checks that pg_cursors and pg_prepared_statements tell what the session has.
func TestCursorsListed(t *testing.T) {
	e := testEngine(t, Options{})
	s, err := e.NewSession(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask(t, s, "DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT 1")
	ask(t, s, "PREPARE p (int, text) AS SELECT $1, $2")
	if got := ask(t, s, "SELECT name, statement, is_holdable, is_scrollable, creation_time IS NOT NULL FROM pg_cursors"); !strings.HasPrefix(got, "c|DECLARE c SCROLL CURSOR") || !strings.HasSuffix(got, "|t|t|t") {
		t.Errorf("pg_cursors: %s", got)
	}
	if got := ask(t, s, "SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements"); got != "p|PREPARE p (int, text) AS SELECT $1, $2|{integer,text}|t" {
		t.Errorf("pg_prepared_statements: %s", got)
	}
}
