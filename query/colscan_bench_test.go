package query

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// scanRows is the size of the table of BenchmarkColumnScan; WEFT_SCAN_ROWS sets it.
func scanRows() int {
	if n, err := strconv.Atoi(os.Getenv("WEFT_SCAN_ROWS")); err == nil {
		return n
	}
	return 1_000_000
}

// BenchmarkColumnScan scans a table with a filter and aggregates, as rows and as columns.
func BenchmarkColumnScan(b *testing.B) {
	n := scanRows()
	for _, mode := range []struct {
		name string
		opts Options
	}{{"rows", Options{ColumnCacheBytes: -1, Timeout: -1}}, {"columns", Options{ColumnCacheBytes: 1 << 30, Timeout: -1}}} {
		e := testEngine(b, mode.opts)
		mustExec(b, e, "CREATE TABLE t (id int PRIMARY KEY, a int, b int, s text, n numeric(12,2))")
		for from := 0; from < n; from += 100_000 {
			mustExec(b, e, fmt.Sprintf("INSERT INTO t SELECT i, (i * 7919) %% 1000, i %% 100000, 'value ' || i %% 50, (i %% 10000) * 1.01 FROM generate_series(%d::bigint, %d) i", from, min(from+100_000, n)-1))
		}
		for _, q := range []struct{ name, sql string }{
			{"sum", "SELECT sum(b), count(*) FROM t WHERE a < 500"},
			{"plain", "SELECT sum(a), sum(b) FROM t"},
			{"group", "SELECT a, sum(b) FROM t GROUP BY a"},
			{"text", "SELECT s, count(*) FROM t WHERE b < 50000 GROUP BY s"},
			{"numeric", "SELECT sum(n) FROM t WHERE a < 500"},
			{"zone", "SELECT count(*) FROM t WHERE id BETWEEN 500000 AND 510000 AND a < 500"},
		} {
			b.Run(fmt.Sprintf("mode=%s/query=%s", mode.name, q.name), func(b *testing.B) {
				for range 3 {
					one(b, e, q.sql)
				}
				b.ResetTimer()
				for b.Loop() {
					one(b, e, q.sql)
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
	}
}
