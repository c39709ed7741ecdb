package query

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
)

// TestPlannerSettings checks that each enable_ setting takes its method out of a plan
// that had it, and that DISCARD and RESET bring it back.
func TestPlannerSettings(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE a (id int PRIMARY KEY, b int, c text); CREATE INDEX a_b ON a (b)")
	mustExec(t, e, "INSERT INTO a SELECT g, g % 50, 'x' || g FROM generate_series(1, 3000) g")
	s, err := e.NewSession(bg, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	explain := func(sql string) string {
		return strings.Join(column(t, s, "EXPLAIN (COSTS OFF) "+sql), "\n")
	}
	for _, c := range []struct{ setting, sql, method string }{
		{"enable_seqscan", "SELECT c FROM a WHERE b > 3", "Seq Scan"},
		{"enable_indexscan", "SELECT c FROM a WHERE id = 5", "Primary Key Lookup"},
		{"enable_indexonlyscan", "SELECT id FROM a WHERE b = 5", "Index Only Scan"},
		{"enable_hashjoin", "SELECT 1 FROM a JOIN a x ON a.b = x.b", "Hash Join"},
		{"enable_nestloop", "SELECT 1 FROM a JOIN a x ON a.id = x.id WHERE a.id = 5 AND x.c > 'a'", "Nested Loop"},
		{"enable_hashagg", "SELECT c, count(*) FROM a GROUP BY c", "HashAggregate"},
		{"enable_sort", "SELECT c FROM a ORDER BY b", "Sort"},
		{"enable_material", "SELECT 1 FROM a JOIN a x ON a.b < x.b", "Join Filter"},
	} {
		before := explain(c.sql)
		if !strings.Contains(before+"\n", c.method) {
			t.Errorf("%s: the plan has no %s to begin with:\n%s", c.setting, c.method, before)
		}
		column(t, s, "SET "+c.setting+" = off")
		if got := column(t, s, "SHOW "+c.setting)[0]; got != "off" {
			t.Errorf("SHOW %s is %q, want off", c.setting, got)
		}
		if after := explain(c.sql); strings.Contains(after, c.method) {
			t.Errorf("%s = off still gives %s:\n%s", c.setting, c.method, after)
		}
		column(t, s, "RESET "+c.setting)
		if again := explain(c.sql); again != before {
			t.Errorf("after RESET %s:\n%s\nwant\n%s", c.setting, again, before)
		}
	}
	column(t, s, "SET enable_hashjoin = off")
	if got := explain("SELECT 1 FROM a JOIN a x ON a.b = x.b"); !strings.Contains(got, "Merge Join") {
		t.Errorf("without hash joins: got\n%s\nwant a Merge Join", got)
	}
	column(t, s, "DISCARD ALL")
	if got := column(t, s, "SHOW enable_hashjoin")[0]; got != "on" {
		t.Errorf("SHOW enable_hashjoin after DISCARD ALL is %q, want on", got)
	}
}

// column runs a statement in a session and gives the first column of its last result
// as text.
func column(t testing.TB, s *Session, sql string) (list []string) {
	t.Helper()
	var sink MemorySink
	if err := s.Execute(bg, Request{SQL: sql}, &sink); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	r := sink.Results[len(sink.Results)-1]
	for _, b := range r.Batches {
		for i := range b.Rows() {
			at := i
			if b.Sel != nil {
				at = int(b.Sel[i])
			}
			list = append(list, sqltype.FormatText(r.Columns[0].Type, b.Cols[0].Get(at)))
		}
	}
	return list
}
