package query

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
)

// TestRecentPlan checks that the plan which a text ran last is not taken where the text now
// means something else: under another path, zone, database or type of a parameter.
func TestRecentPlan(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (x int); CREATE TABLE b.t (x text); INSERT INTO a.t VALUES (1); INSERT INTO b.t VALUES ('one')")
	if err := e.CreateDatabase(bg, "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Exec(bg, "other", "CREATE SCHEMA a; CREATE TABLE a.t (x bool); INSERT INTO a.t VALUES (true)"); err != nil {
		t.Fatal(err)
	}
	open := func(database, set string) *Session {
		s, err := e.NewSession(bg, database)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		if set != "" {
			column(t, s, set)
		}
		return s
	}
	sides := []struct {
		s         *Session
		sql, want string
	}{
		{open("", "SET search_path = a"), "SELECT x FROM t", "1"},
		{open("", "SET search_path = b"), "SELECT x FROM t", "one"},
		{open("other", "SET search_path = a"), "SELECT x FROM t", "t"},
		{open("", ""), "SELECT timestamptz '2024-01-01 12:00' = timestamptz '2024-01-01 12:00+00'", "t"},
		{open("", "SET timezone = 'Europe/Berlin'"), "SELECT timestamptz '2024-01-01 12:00' = timestamptz '2024-01-01 12:00+00'", "f"},
	}
	for range 3 { // the first makes the plan, the second finds it, the third has it at hand
		for _, side := range sides {
			if got := strings.Join(column(t, side.s, side.sql), "|"); got != side.want {
				t.Errorf("%s: got %q, want %q", side.sql, got, side.want)
			}
		}
		for typ, want := range map[sqltype.Type]string{sqltype.TInt4: "integer", sqltype.TInt8: "bigint"} {
			sink := &MemorySink{}
			req := Request{SQL: "SELECT pg_typeof($1)::text", Params: []Param{{Type: typ, Datum: sqltype.Datum{Int: 1}}}}
			if err := e.Execute(bg, req, sink); err != nil {
				t.Fatal(err)
			}
			if got := sink.Results[0].Batches[0].Cols[0].Get(0).Str; got != want {
				t.Errorf("a parameter of type %s: got %s", want, got)
			}
		}
	}
}

// TestReferencesFollowTables checks that a foreign key holds from the statement on that
// makes it, and no longer than until it is dropped, also within one transaction.
func TestReferencesFollowTables(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int); INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1)")
	mustExec(t, e, "DELETE FROM p WHERE id = 2") // what refers to p is known now
	mustExec(t, e, "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES p")
	if _, err := e.Exec(bg, "", "DELETE FROM p"); state(err) != "23503" {
		t.Errorf("deleting what is referenced: %v", err)
	}
	mustExec(t, e, "BEGIN; ALTER TABLE c DROP CONSTRAINT fk; DELETE FROM p; COMMIT")
	if got := one(t, e, "SELECT count(*) FROM p"); got != "0" {
		t.Errorf("%s rows are left", got)
	}
}
