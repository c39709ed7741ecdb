package query

import (
	"testing"

	"github.com/weftdb/weft/storage/txn"
)

// TestCompositeTypesSurvive: types are of the catalog, so values of them are read by an engine
// that opens the store anew, and a rollback takes a type back.
func TestCompositeTypesSurvive(t *testing.T) {
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, e, "CREATE TYPE pair AS (a int, b text); CREATE TABLE p (id int PRIMARY KEY, v pair, list pair[]); CREATE INDEX ON p (v)")
	mustExec(t, e, `INSERT INTO p VALUES (1, '(1,x)', '{"(2,y)"}'), (2, ROW(0, NULL), NULL)`)
	s := session(t, e)
	must(t, s, "BEGIN; CREATE TYPE gone AS (x int); SELECT ROW(1)::gone; ROLLBACK")
	if _, err := in(s, "SELECT ROW(1)::gone"); state(err) != "42704" {
		t.Errorf("a type that was rolled back: %v", err)
	}
	e, err = New(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if got := one(t, e, "SELECT id, (v).b, (list[1]).b, row_to_json(p) FROM p ORDER BY v"); got != `2|NULL|NULL|{"id":2,"v":{"a":0,"b":null},"list":null}`+"\n"+`1|x|y|{"id":1,"v":{"a":1,"b":"x"},"list":[{"a":2,"b":"y"}]}` {
		t.Errorf("got %s", got)
	}
	mustExec(t, e, "ALTER TYPE pair RENAME TO couple")
	if got := one(t, e, "SELECT pg_typeof(v), ROW(5, 'z')::couple FROM p WHERE id = 1"); got != "couple|(5,z)" {
		t.Errorf("renamed: %s", got)
	}
}

// TestCompositeDDL holds the statements about composite types that are errors.
func TestCompositeDDL(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TYPE pair AS (a int, b text); CREATE TYPE nest AS (p pair); CREATE DOMAIN pos AS int CHECK (value > 0); CREATE TABLE t (v pair); CREATE TABLE u (n nest[]); INSERT INTO u VALUES (ARRAY[ROW(ROW(1, 'a')::pair)::nest])")
	for _, c := range []struct{ sql, state string }{
		{"CREATE TYPE pair AS (x int)", "42710"},
		{"CREATE TYPE t AS (x int)", "42710"},
		{"CREATE TYPE x AS (a int, a int)", "42701"},
		{"CREATE TYPE x AS (a nothing)", "42704"},
		{"CREATE TYPE x AS (a serial)", "42704"},
		{"CREATE TYPE x AS (a t)", "42704"},
		{"CREATE TABLE x (v t)", "42704"},
		{"DROP TYPE pair", "2BP01"},
		{"ALTER TYPE pair ADD VALUE 'x'", "42809"},
		{"CREATE TABLE x AS SELECT t FROM t", "42P16"},
		{"CREATE VIEW x AS SELECT row_to_json(t) FROM t", "0A000"},
		{"ALTER TABLE t ALTER v TYPE nest", "42804"},
	} {
		if _, err := e.Exec(bg, "", c.sql); state(err) != c.state {
			t.Errorf("%s: %v, want %s", c.sql, err, c.state)
		}
	}
	mustExec(t, e, "CREATE TYPE empty AS (); SELECT '()'::empty")
	mustExec(t, e, "DROP TYPE pair CASCADE")
	if got := one(t, e, "SELECT n FROM u"); got != "{()}" {
		t.Errorf("a row whose only field was dropped: %s", got)
	}
	mustExec(t, e, "DROP TYPE nest CASCADE")
	if got := one(t, e, "SELECT count(*) FROM information_schema.columns WHERE table_name IN ('t', 'u')"); got != "0" {
		t.Errorf("%s columns are left", got)
	}
}
