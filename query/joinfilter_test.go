package query

import (
	"fmt"
	"strings"
	"testing"
)

// TestJoinFilter: what a hash join has built is asked by the scan of the other side, if that
// reads kept columns; no kind of join then has another answer, whatever the keys are like.
func TestJoinFilter(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, `CREATE TABLE fact (id int PRIMARY KEY, near int, far bigint, s smallint, d date, payload text);
		INSERT INTO fact SELECT i, nullif(i % 700, 3), (i % 900) * 8000000000000 - 4000000000000000, i % 300 - 150, date '2000-01-01' + i % 500, 'p' || i % 1000
		FROM generate_series(1, 60000) AS s(i);
		CREATE TABLE dim (near int, far bigint, s smallint, d date, tag text);
		INSERT INTO dim SELECT nullif(i * 20, 100), (i * 7) * 8000000000000 - 4000000000000000, i - 100, date '2000-02-01' + i, 't' || i % 3 FROM generate_series(1, 40) AS s(i);
		INSERT INTO dim VALUES (40, NULL, NULL, NULL, 'again'), (NULL, 9223372036854775807, -32768, 'infinity', 'ends');
		CREATE TABLE none (LIKE dim);
		ANALYZE`)
	joins := []string{
		"SELECT count(*), sum(id), min(payload), max(tag) FROM fact JOIN %s USING (%s)",
		"SELECT count(*), sum(id), max(payload) FROM fact WHERE %[2]s IN (SELECT %[2]s FROM %[1]s)",
		"SELECT count(*), sum(id), max(payload) FROM fact f WHERE NOT EXISTS (SELECT FROM %[1]s x WHERE x.%[2]s = f.%[2]s)",
		"SELECT count(*), sum(id), max(payload), count(tag) FROM fact LEFT JOIN %s USING (%s)",
		"SELECT count(*), sum(id), max(payload), count(tag) FROM fact RIGHT JOIN %s USING (%s)",
		"SELECT count(*), max(tag) FROM %[1]s x WHERE EXISTS (SELECT FROM fact f WHERE f.%[2]s = x.%[2]s AND f.id > 30)",
		"SELECT count(*), max(tag) FROM %[1]s x WHERE NOT EXISTS (SELECT FROM fact f WHERE f.%[2]s = x.%[2]s AND f.id <> 31)",
		"SELECT count(*), sum(id), min(payload) FROM fact JOIN (SELECT DISTINCT %[2]s FROM %[1]s) x USING (%[2]s) WHERE payload LIKE 'p1%%' AND id %% 2 = 0",
	}
	hash := sessionWith(t, e, "SET enable_nestloop = off; SET enable_mergejoin = off")
	merge := sessionWith(t, e, "SET enable_hashjoin = off")
	for range 3 { // until the columns are kept
		ask(t, hash, "SELECT sum(id), min(near), min(far), min(s), min(d), min(payload) FROM fact WHERE id >= 0")
	}
	asked := 0
	for _, dim := range []string{"dim", "none"} {
		for _, key := range []string{"near", "far", "s", "d"} {
			for _, j := range joins {
				sql := fmt.Sprintf(j, dim, key)
				plan := ask(t, hash, "EXPLAIN (ANALYZE, COSTS OFF) "+sql)
				if strings.Contains(plan, "Rows Removed by Join Filter") {
					asked++
				}
				if got, want := ask(t, hash, sql), ask(t, merge, sql); got != want {
					t.Errorf("%s\ngot:  %s\nwant: %s\n%s", sql, got, want, plan)
				}
			}
		}
	}
	if asked < 16 {
		t.Errorf("only %d plans asked for keys: too few to prove anything", asked)
	}
}
