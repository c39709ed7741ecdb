package query

import (
	"strings"
	"testing"
)

// TestAttributesOfUsedType: a type keeps its fields where something depends on it that does
// not follow, and takes new names of them where there are values.
func TestAttributesOfUsedType(t *testing.T) {
	for _, use := range []string{
		"CREATE DOMAIN u AS pair", "CREATE TABLE s (x pair); CREATE MATERIALIZED VIEW u AS SELECT x FROM s",
		"CREATE VIEW u AS SELECT ROW(1, 2)::pair AS r", "CREATE TABLE u (x text DEFAULT ROW(1, 2)::pair::text)",
	} {
		e := testEngine(t, Options{})
		mustExec(t, e, "CREATE TYPE pair AS (a int, b int)")
		mustExec(t, e, use)
		for _, change := range []string{"ADD ATTRIBUTE c int", "DROP ATTRIBUTE b", "ALTER ATTRIBUTE b TYPE text"} {
			if _, err := fieldsOf(e, "ALTER TYPE pair "+change); err == nil || !strings.Contains(err.Error(), `cannot alter type "pair" because`) {
				t.Errorf("%s after %s: %v", change, use, err)
			}
		}
	}
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TYPE pair AS (a int, b int)")
	mustExec(t, e, "CREATE TABLE u (x pair)")
	mustExec(t, e, "INSERT INTO u VALUES (ROW(1, 2))")
	mustExec(t, e, "BEGIN; ALTER TYPE pair RENAME ATTRIBUTE b TO c; ROLLBACK")
	mustExec(t, e, "SELECT (x).b FROM u")
	mustExec(t, e, "ALTER TYPE pair RENAME ATTRIBUTE b TO c")
	mustExec(t, e, "SELECT (x).c FROM u WHERE (x).c = 2")
}
