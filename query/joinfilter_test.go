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

// TestJoinFilterThrough: keys reach a scan through aggregates, projections and other joins, for
// each column of a key by itself, and no answer changes: not where a filter of the scan comes
// first or last, and not where what stands between must see all rows.
func TestJoinFilterThrough(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, `CREATE TABLE fact (id int PRIMARY KEY, a int, b bigint, c int, ts timestamp, flag bool, payload text);
		INSERT INTO fact SELECT i, nullif(i % 701, 3), nullif(i % 53, 5) - 20, i % 7, timestamp '2000-01-01' + i % 400 * interval '1 hour', i % 3 = 0, 'p' || i % 1000
		FROM generate_series(1, 60000) AS s(i);
		CREATE TABLE dim (a int, b bigint, c int, ts timestamp, flag bool, tag text);
		INSERT INTO dim SELECT nullif(i * 20, 100), i - 21, i % 4, timestamp '2000-01-02' + i * interval '1 hour', i % 2 = 0, 't' || i % 3 FROM generate_series(1, 12) AS s(i);
		INSERT INTO dim VALUES (40, NULL, NULL, NULL, NULL, 'again'), (NULL, 9223372036854775807, -1, 'infinity', true, 'ends'), (60, -18, 3, NULL, false, NULL);
		CREATE TABLE other (c int PRIMARY KEY, w text);
		INSERT INTO other SELECT i, 'w' || i FROM generate_series(0, 4) AS s(i);
		CREATE SEQUENCE calls;
		ANALYZE`)
	hash := sessionWith(t, e, "SET enable_nestloop = off; SET enable_mergejoin = off")
	merge := sessionWith(t, e, "SET enable_hashjoin = off")
	for range 3 { // until the columns are kept
		ask(t, hash, "SELECT sum(id), min(a), min(b), min(c), min(ts), bool_or(flag), min(payload) FROM fact WHERE id >= 0")
	}
	const grouped = "(SELECT a, b, count(*) AS n, max(payload) AS p FROM fact WHERE %s GROUP BY a, b) x"
	for _, test := range []struct {
		sql  string
		asks int // scans that leave rows out
	}{
		{"SELECT count(*), sum(id), min(payload), max(tag) FROM fact JOIN dim USING (a, b)", 1},
		{"SELECT count(*), sum(id), min(payload), max(tag) FROM fact JOIN dim USING (flag, ts)", 1},
		{"SELECT count(*), sum(id), max(payload) FROM fact f WHERE (a, b) IN (SELECT a, b FROM dim)", 1},
		{"SELECT count(*), sum(id), max(payload) FROM fact f WHERE NOT EXISTS (SELECT FROM dim x WHERE x.a = f.a AND x.b = f.b)", 0},
		{"SELECT count(*), sum(n), max(p), max(tag) FROM dim JOIN " + fmt.Sprintf(grouped, "c < 5") + " USING (a, b)", 1},
		{"SELECT count(*), sum(n), max(p), max(tag) FROM dim JOIN " + fmt.Sprintf(grouped, "id % 10 < 9 AND payload LIKE 'p%'") + " ON dim.a = x.a", 1},
		{"SELECT count(*), sum(n), max(p), count(tag) FROM dim LEFT JOIN " + fmt.Sprintf(grouped, "c < 5") + " USING (a, b)", 1},
		{"SELECT count(*), sum(n), max(p), count(tag) FROM dim RIGHT JOIN " + fmt.Sprintf(grouped, "c < 5") + " USING (a, b)", 0},
		{"SELECT count(*), sum(n) FROM dim JOIN (SELECT a, b, count(*) AS n FROM fact GROUP BY ROLLUP (a, b)) x USING (a, b)", 0},
		{"SELECT count(*), sum(n) FROM dim JOIN (SELECT a, count(*) AS n, sum(count(*)) OVER () AS o FROM fact GROUP BY a) x USING (a) WHERE o > 0", 0},
		{"SELECT count(*), sum(n) FROM dim JOIN (SELECT a, count(*) AS n FROM fact GROUP BY a ORDER BY a LIMIT 30) x USING (a)", 0},
		{"SELECT count(*), sum(id), max(w), max(tag) FROM fact JOIN other USING (c) JOIN dim ON dim.a = fact.a AND dim.b = fact.b", 1},
		{"SELECT count(*), sum(x.a), max(tag) FROM dim JOIN (SELECT a, id FROM fact g WHERE id < 4000 AND EXISTS (SELECT FROM fact f WHERE f.b = g.b AND f.c > g.c AND f.id > 5) OFFSET 0) x USING (a)", -1},
		{"SELECT count(*), sum(g.a), max(tag) FROM dim JOIN fact g USING (a) WHERE g.id < 4000 AND EXISTS (SELECT FROM fact f WHERE f.id = g.id * 7 + 1)", -1},
		{"SELECT count(*), sum(g.a), max(tag) FROM dim LEFT JOIN other o USING (c) RIGHT JOIN fact g ON g.b = dim.b AND g.a = dim.a JOIN (VALUES (1), (2), (3)) v(c) ON v.c = g.c", -1},
		{"SELECT tag, (SELECT sum(id) FROM fact f WHERE f.a = d.a AND f.b = d.b AND c < 6) FROM dim d ORDER BY 1, 2", -1},
		{"SELECT tag, (SELECT count(*) FROM fact f WHERE f.a = d.a AND f.b = d.b) FROM dim d ORDER BY 1, 2", -1},
	} {
		plan := ask(t, hash, "EXPLAIN (ANALYZE, COSTS OFF) "+test.sql)
		if n := strings.Count(plan, "Rows Removed by Join Filter"); test.asks >= 0 && n != test.asks {
			t.Errorf("%s\n%d scans ask, want %d\n%s", test.sql, n, test.asks, plan)
		}
		if got, want := ask(t, hash, test.sql), ask(t, merge, test.sql); got != want {
			t.Errorf("%s\ngot:  %s\nwant: %s\n%s", test.sql, got, want, plan)
		}
	}
	// What is called for each row is called for all of them.
	ask(t, hash, "SELECT count(*), sum(m) FROM dim JOIN (SELECT a, max(nextval('calls')) AS m FROM fact GROUP BY a) x USING (a)")
	if got := ask(t, hash, "SELECT last_value FROM calls"); !strings.Contains(got, "60000") {
		t.Errorf("nextval was called %s times, want 60000", got)
	}
}
