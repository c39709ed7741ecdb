package query

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
)

// uneven makes a table in which k = 0 is nine rows of ten and the others are rare, so that
// one plan for all values of k is a poor one.
func uneven(t testing.TB, e *Engine) {
	mustExec(t, e, "CREATE TABLE u (id int PRIMARY KEY, k int, v text); CREATE INDEX u_k ON u (k)")
	mustExec(t, e, "INSERT INTO u SELECT g, CASE WHEN g % 10 < 9 THEN 0 ELSE g END, repeat('x', 50) || g FROM generate_series(1, 20000) g")
	mustExec(t, e, "ANALYZE u")
}

// TestCustomPlans checks that values decide about a plan where that pays, and that the plan
// for all values is used where it does not.
func TestCustomPlans(t *testing.T) {
	e := testEngine(t, Options{})
	uneven(t, e)
	s, err := e.NewSession(bg, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	column(t, s, "PREPARE p (int) AS SELECT count(v) FROM u WHERE k > $1")
	rare, common := "EXPLAIN (COSTS OFF) EXECUTE p(19900)", "EXPLAIN (COSTS OFF) EXECUTE p(-1)"
	for range 2 * customTries {
		if got := strings.Join(column(t, s, rare), "\n"); !strings.Contains(got, "Index Scan using u_k") || !strings.Contains(got, "k > 19900") {
			t.Errorf("few rows: got\n%s\nwant an index scan with the value", got)
		}
	}
	if got := strings.Join(column(t, s, common), "\n"); !strings.Contains(got, "Seq Scan") {
		t.Errorf("all rows: got\n%s\nwant a scan", got)
	}
	if got := column(t, s, "EXECUTE p(19990)")[0]; got != "1" {
		t.Errorf("p(19990) counts %s, want 1", got)
	}
	if got := column(t, s, "EXECUTE p(-1)")[0]; got != "20000" {
		t.Errorf("p(-1) counts %s, want 20000", got)
	}
	if e.PlanCacheStats().Custom == 0 {
		t.Error("no execution counts as one with a plan of its own")
	}
}

// TestHitRate runs parameterised statements again and again: at least 99 % of the lookups
// find a plan, and searches by key never plan for a value.
func TestHitRate(t *testing.T) {
	e := testEngine(t, Options{})
	uneven(t, e)
	before := e.PlanCacheStats()
	for i := range 1000 {
		p := []Param{{Type: sqltype.TInt4, Datum: sqltype.Datum{Int: int64(i)}}}
		for _, sql := range []string{"SELECT v FROM u WHERE id = $1", "UPDATE u SET v = 'y' WHERE id = $1", "SELECT count(*) FROM u WHERE id BETWEEN $1 AND $1 + 10"} {
			if err := e.Execute(context.Background(), Request{SQL: sql, Params: p}, &discard{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	after := e.PlanCacheStats()
	hits, misses := after.Hits-before.Hits, after.Misses-before.Misses
	if rate := float64(hits) / float64(hits+misses); rate < 0.99 {
		t.Errorf("%d hits and %d misses: %.1f %%, want 99 %%", hits, misses, 100*rate)
	}
	if n := after.Custom - before.Custom; n > customTries {
		t.Errorf("%d executions had a plan of their own, want at most %d", n, customTries)
	}
}

// TestPlanCacheInvalidation checks that neither DDL nor statistics leave a stale plan.
func TestPlanCacheInvalidation(t *testing.T) {
	e := testEngine(t, Options{})
	uneven(t, e)
	const sql = "SELECT v FROM u WHERE k = 19999"
	explainPlan := func() string { return one(t, e, "EXPLAIN (COSTS OFF) "+sql) }
	if got := explainPlan(); !strings.Contains(got, "u_k") {
		t.Fatalf("got\n%s\nwant a search of u_k", got)
	}
	mustExec(t, e, "DROP INDEX u_k")
	if got := explainPlan(); strings.Contains(got, "u_k") || one(t, e, "SELECT count(*) FROM u WHERE k = 19999") != "1" {
		t.Errorf("after DROP INDEX: got\n%s", got)
	}
	mustExec(t, e, "CREATE INDEX u_new ON u (k)")
	if got := explainPlan(); !strings.Contains(got, "u_new") {
		t.Errorf("after CREATE INDEX: got\n%s", got)
	}
	mustExec(t, e, "UPDATE u SET k = 19999; ANALYZE u")
	if got := explainPlan(); !strings.Contains(got, "Seq Scan") {
		t.Errorf("after the values have changed: got\n%s", got)
	}
}

// TestExplainOptions shows what was asked for, and no more.
func TestExplainOptions(t *testing.T) {
	e := testEngine(t, Options{})
	uneven(t, e)
	s, err := e.NewSession(bg, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	explain := func(options, sql string) string {
		return strings.Join(column(t, s, "EXPLAIN ("+options+") "+sql), "\n")
	}
	const search = "SELECT v FROM u WHERE k = 19999"
	check := func(options, sql, with, without string) {
		t.Helper()
		got := explain(options, sql)
		for _, w := range strings.Split(with, "|") {
			if !strings.Contains(got, w) {
				t.Errorf("EXPLAIN (%s): %q is missing in\n%s", options, w, got)
			}
		}
		for _, w := range strings.Split(without, "|") {
			if w != "" && strings.Contains(got, w) {
				t.Errorf("EXPLAIN (%s): %q is in\n%s", options, w, got)
			}
		}
	}
	check("COSTS OFF", search, "Index Scan", "cost=|Planning")
	check("SUMMARY", search, "cost=|Planning Time: |Plan Cache: ", "Execution Time")
	check("ANALYZE", search, "actual time=|rows=1 loops=1|Planning Time: |Execution Time: ", "Buffers")
	check("ANALYZE, TIMING OFF, SUMMARY OFF", search, "actual rows=1 loops=1", "time=|Planning|Execution")
	check("ANALYZE, BUFFERS", search, "Buffers: entries=1 fetched=1 bytes=", "")
	check("ANALYZE, BUFFERS", "SELECT v FROM u WHERE id = 7", "Buffers: entries=1 bytes=", "fetched")
	check("VERBOSE", search, "Output: v", "")
	check("SETTINGS", search, "", "Settings:")
	check("ANALYZE, BUFFERS, FORMAT JSON", search, `"Read Entries": 1|"Read Fetched": 1|"Actual Rows": 1|"Plan Cache": {|"Execution Time"`, "")
	column(t, s, "SET enable_indexscan = off")
	check("SETTINGS", search, "Settings: enable_indexscan = 'off'", "Index Scan")
	for options, want := range map[string]string{"WAL": "0A000", "MEMORY": "0A000", "GENERIC_PLAN": "0A000", "FORMAT XML": "0A000", "TIMING": "22023", "BUFFERS": "22023"} {
		err := s.Execute(bg, Request{SQL: fmt.Sprintf("EXPLAIN (%s) SELECT 1", options)}, &discard{})
		if state(err) != want {
			t.Errorf("EXPLAIN (%s): %v, want SQLSTATE %s", options, err, want)
		}
	}
}
