package query

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"syscall"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// spillSchema makes tables of a few megabytes, which is more than the smallest budget.
const spillSchema = `
CREATE TABLE big (id int PRIMARY KEY, g int, u int, s text, n numeric, f float8);
INSERT INTO big SELECT i, i % 700, (i * 7919) % 30011, 'row ' || (i * 31 % 5003) || repeat('x', i % 60),
  CASE WHEN i % 11 = 0 THEN NULL ELSE (i % 900) * 1.25 END, i * 0.5 FROM generate_series(1, 18000) i;
CREATE TABLE other (id int PRIMARY KEY, u int, s text);
INSERT INTO other SELECT i, (i::bigint * 104729) % 30011, 'row ' || (i % 5003) || repeat('x', i % 60) FROM generate_series(1, 18000) i;
CREATE TABLE few (id int PRIMARY KEY, u int);
INSERT INTO few SELECT i, i * 11 FROM generate_series(1, 30) i;
`

// spillQueries each hold more rows than the smallest budget, but for those marked. Those with an ORDER BY over
// all that is shown are compared in order.
var spillQueries = []string{
	// sets
	"SELECT DISTINCT s FROM big",
	"SELECT DISTINCT s, n FROM big",
	"SELECT count(*), sum(length(s)) FROM (SELECT DISTINCT u, s FROM big) x",
	"SELECT s FROM big INTERSECT SELECT s FROM other",
	"SELECT s FROM big INTERSECT ALL SELECT s FROM other",
	"SELECT u, s FROM big EXCEPT SELECT u, s FROM other",
	"SELECT s FROM big EXCEPT ALL SELECT s FROM other",
	"SELECT s FROM big UNION SELECT s FROM other",
	// joins
	"SELECT count(*), sum(length(b.s)), sum(length(o.s)) FROM big b JOIN other o ON b.u = o.u",
	"SELECT b.id, o.id FROM big b FULL JOIN other o ON b.s = o.s AND b.u = o.u ORDER BY 1, 2",
	"SELECT count(*), sum(id) FROM big b WHERE EXISTS (SELECT 1 FROM other o WHERE o.s = b.s)",
	"SELECT count(*), sum(id) FROM big b WHERE NOT EXISTS (SELECT 1 FROM other o WHERE o.s = b.s AND o.u = b.u)",
	"SELECT count(*) FROM big b WHERE s NOT IN (SELECT s FROM other WHERE id < 12000)",
	"/* fits */ SELECT count(*) FROM big b WHERE u = ANY (SELECT u FROM other)",
	"/* fits */ SELECT b.id, f.id FROM few f JOIN big b ON b.u BETWEEN f.u AND f.u + 3 ORDER BY 1, 2",
	"/* fits */ SELECT b.id, f.id FROM few f LEFT JOIN big b ON b.u < f.u AND b.u > f.u - 4 ORDER BY 1, 2",
	"/* fits */ SELECT count(*), count(f.id), count(b.id), sum(b.id) FROM few f FULL JOIN big b ON b.u = f.u AND b.g <> f.id",
	"/* fits */ SELECT f.id FROM few f WHERE NOT EXISTS (SELECT 1 FROM big b WHERE b.u > f.u AND b.u < f.u + 2) ORDER BY 1",
	// aggregates
	"SELECT s, count(*), sum(n), min(f) FROM big GROUP BY s",
	"SELECT g, s, count(*) FROM big GROUP BY GROUPING SETS ((g), (s), (g, s), ())",
	"SELECT count(DISTINCT s), sum(DISTINCT u), count(DISTINCT n) FROM big",
	"SELECT g, count(DISTINCT s), sum(DISTINCT n) FROM big GROUP BY g",
	"SELECT length(string_agg(s, ',' ORDER BY u, id)), md5(string_agg(s, ',' ORDER BY u, id)) FROM big",
	"SELECT md5(array_to_string(array_agg(DISTINCT s), ',')) FROM big",
	"SELECT g, md5(string_agg(s, ',' ORDER BY f DESC)) FROM big GROUP BY g",
	"SELECT md5(string_agg(DISTINCT s, ',' ORDER BY s DESC)) FROM big WHERE g < 600",
	"SELECT s, first(id, u % 3), last(s, u % 2), last(n, f) FROM big GROUP BY s",
	"/* fits */ SELECT first(DISTINCT s, -(id / 8000)), last(DISTINCT s, id / 8000) FROM big",
	"SELECT id % 100, time_bucket_gapfill(40, u, 0, 30000) b, count(*), locf(max(s)), interpolate(sum(n)) FROM big GROUP BY 1, b",
	// order
	"SELECT id, s FROM big ORDER BY s, id",
	"SELECT id FROM big ORDER BY n DESC NULLS LAST, u, id",
	// windows
	"SELECT id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(7) OVER w FROM big WINDOW w AS (ORDER BY g) ORDER BY id",
	"SELECT id, lag(s) OVER w, lead(s, 3, 'none') OVER w, first_value(s) OVER w, last_value(u) OVER w, nth_value(s, 5) OVER w FROM big WINDOW w AS (ORDER BY u, id) ORDER BY id",
	"SELECT id, sum(n) OVER (ORDER BY u, id), count(*) OVER (ORDER BY g), avg(f) OVER () FROM big ORDER BY id",
	"SELECT id, sum(g) OVER (ORDER BY u, id ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING), max(s) OVER (ORDER BY u, id ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING) FROM big ORDER BY id",
	"SELECT id, count(*) OVER (ORDER BY n RANGE BETWEEN 10 PRECEDING AND 5 FOLLOWING) FROM big WHERE id < 13000 ORDER BY id",
	"SELECT id, sum(g) FILTER (WHERE u % 2 = 0) OVER (ORDER BY u GROUPS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM big ORDER BY id",
	"SELECT id, sum(u) OVER (PARTITION BY g % 3 ORDER BY id), row_number() OVER (PARTITION BY g % 3 ORDER BY s, id) FROM big ORDER BY id",
	// kept rows
	"WITH w AS MATERIALIZED (SELECT * FROM big) SELECT count(*), sum(a.id), sum(length(b.s)) FROM w a JOIN w b ON a.id = b.u",
	"WITH RECURSIVE r AS (SELECT id, s, 0 AS d FROM big UNION ALL SELECT id, s || 'y', d + 1 FROM r WHERE d < 2) SELECT count(*), sum(length(s)), max(d) FROM r",
	"WITH RECURSIVE r AS (SELECT u AS x, s FROM big WHERE id < 9000 UNION SELECT x / 2, s FROM r WHERE x > 9000) SELECT count(*), sum(x) FROM r",
	"SELECT count(*) FROM few WHERE 'row ' || u < ALL (SELECT 'row 7' || s || s FROM other)",
}

// spillWrites change tables; what they leave behind is compared.
var spillWrites = []string{
	"INSERT INTO other SELECT id + 100000, u, s FROM big",
	"UPDATE big SET id = id + 1000000, s = s || '!'",
	"UPDATE big SET s = o.s, u = o.u FROM other o WHERE o.id = big.id",
	"DELETE FROM big USING other o WHERE o.u = big.u AND o.id % 2 = 0",
	"INSERT INTO big SELECT id, 1, u, s, 2, 3 FROM other ON CONFLICT (id) DO UPDATE SET s = excluded.s || big.s RETURNING id",
	"WITH gone AS (DELETE FROM other RETURNING id, s) INSERT INTO few SELECT id + 1000000, length(s) FROM gone",
}

// answer runs a query on an engine and gives its rows, sorted unless the query says how.
func answer(t *testing.T, e *Engine, sql string) []string {
	t.Helper()
	lines := strings.Split(one(t, e, sql), "\n")
	if !strings.Contains(sql, "ORDER BY 1") && !strings.HasSuffix(sql, "ORDER BY id") && !strings.HasSuffix(sql, "id") {
		sort.Strings(lines)
	}
	return lines
}

// TestSpilled: with the smallest budget every query gives the rows that it gives with a
// large one, uses files and leaves none.
func TestSpilled(t *testing.T) {
	files := 0
	mem := vfs.NewMem()
	disk := vfs.NewFault(mem, func(op vfs.Op) error {
		if op.Kind == vfs.OpCreate {
			files++
		}
		return nil
	})
	small := testEngine(t, Options{MemoryBytes: 1 << 20, SpillFS: disk, SpillDir: "tmp", SpillOwned: true, MaxRows: -1})
	large := testEngine(t, Options{MemoryBytes: 1 << 30, MaxRows: -1})
	mustExec(t, small, spillSchema)
	mustExec(t, large, spillSchema)
	compare := func(sql string) {
		t.Helper()
		got, want := answer(t, small, sql), answer(t, large, sql)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d rows, want %d: %s", sql, len(got), len(want), firstDifference(got, want))
		}
		if left, _ := mem.List("tmp"); len(left) > 0 {
			t.Fatalf("%s: files are left: %v", sql, left)
		}
	}
	for _, sql := range spillQueries {
		files = 0
		compare(sql)
		if files == 0 && !strings.HasPrefix(sql, "/* fits */") {
			t.Errorf("%s: used no files", sql)
		}
	}
	for _, sql := range spillWrites {
		compare(sql)
		for _, table := range []string{"big", "other", "few"} {
			compare("SELECT * FROM " + table + " ORDER BY id")
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return "got " + got[i] + ", want " + want[i]
		}
	}
	return "one is a part of the other"
}

// TestSpillDiskFull: a statement that finds the disk full fails with 53100, leaves no file
// and no write, and the engine goes on.
func TestSpillDiskFull(t *testing.T) {
	mem := vfs.NewMem()
	budget := 0
	disk := vfs.NewFault(mem, func(op vfs.Op) error {
		if op.Kind != vfs.OpWrite && op.Kind != vfs.OpCreate {
			return nil
		}
		if budget--; budget < 0 {
			return syscall.ENOSPC
		}
		return nil
	})
	e := testEngine(t, Options{MemoryBytes: 1 << 20, SpillFS: disk, SpillDir: "tmp", SpillOwned: true, MaxRows: -1})
	budget = 1 << 30
	mustExec(t, e, spillSchema)
	const sums = "SELECT count(*), sum(id), sum(u), (SELECT sum(length(s)) FROM big) FROM other"
	before := one(t, e, sums)
	for _, sql := range append(slices.Clone(spillQueries), spillWrites[2]) {
		for _, allowed := range []int{1} {
			budget = allowed
			_, err := e.Exec(bg, "", sql)
			if err == nil && budget >= 0 {
				continue // it was done by then
			}
			if state(err) != dberr.StateDiskFull || !errors.Is(err, dberr.ErrFull) {
				t.Errorf("%s: got %v, want %s", sql, err, dberr.StateDiskFull)
			}
			if left, _ := mem.List("tmp"); len(left) > 0 {
				t.Fatalf("%s: files are left: %v", sql, left)
			}
		}
	}
	budget = 1 << 30
	if got := one(t, e, sums); got != before {
		t.Errorf("after the failures: %s, want %s", got, before)
	}
}

// TestSpillCanceled: a statement that is canceled while it uses files ends with 57014 and
// leaves neither a file nor a write.
func TestSpillCanceled(t *testing.T) {
	mem := vfs.NewMem()
	left := 0
	cancel := func() {}
	disk := vfs.NewFault(mem, func(op vfs.Op) error {
		if left--; left == 0 {
			cancel()
		}
		return nil
	})
	e := testEngine(t, Options{MemoryBytes: 1 << 20, SpillFS: disk, SpillDir: "tmp", SpillOwned: true, MaxRows: -1})
	mustExec(t, e, spillSchema)
	const sums = "SELECT count(*), sum(id), sum(u), (SELECT sum(length(s)) FROM big) FROM other"
	before := one(t, e, sums)
	for _, sql := range append(slices.Clone(spillQueries), spillWrites[2]) {
		for _, at := range []int{1, 30} {
			ctx, stop := context.WithCancel(bg)
			cancel, left = stop, at
			_, err := e.Exec(ctx, "", sql)
			stop()
			if left > 0 {
				continue // it had ended by then
			}
			if err == nil || state(err) != dberr.StateQueryCanceled {
				t.Errorf("%s: got %v, want %s", sql, err, dberr.StateQueryCanceled)
			}
			if files, _ := mem.List("tmp"); len(files) > 0 {
				t.Fatalf("%s: files are left: %v", sql, files)
			}
			left = 0
		}
	}
	if got := one(t, e, sums); got != before {
		t.Errorf("after it: %s, want %s", got, before)
	}
}
