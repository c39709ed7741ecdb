package query

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

var bg = context.Background()

func mustExec(t testing.TB, e *Engine, sql string, args ...any) Tag {
	t.Helper()
	tag, err := e.Exec(bg, "", sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return tag
}

func one(t testing.TB, e *Engine, sql string, args ...any) string {
	t.Helper()
	r, err := e.Query(bg, "", sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var lines []string
	for r.Next() {
		lines = append(lines, strings.Join(r.Strings(), "|"))
	}
	return strings.Join(lines, "\n")
}

func state(err error) string {
	if e := dberr.As(err); e != nil {
		return e.SQLState
	}
	return fmt.Sprint(err)
}

func TestParameters(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, n numeric, at timestamptz, s text)")
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	mustExec(t, e, "INSERT INTO t VALUES ($1, $2, $3, $4)", 1, "1.50", at, nil)
	if got := one(t, e, "SELECT id, n, at, s FROM t WHERE id = $1", int64(1)); got != "1|1.50|2024-05-06 07:08:09+00|NULL" {
		t.Errorf("row is %q", got)
	}
	if got := one(t, e, "SELECT count(*) FROM t WHERE id = $1 AND s IS NOT DISTINCT FROM $2", 1, nil); got != "1" {
		t.Errorf("count is %q", got)
	}
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{"SELECT id FROM t WHERE id = $1", nil, dberr.StateUndefinedParameter},
		{"SELECT id FROM t WHERE id = $1", []any{1, 2}, dberr.StateUndefinedParameter},
		{"SELECT id FROM t WHERE id = $1", []any{"x"}, dberr.StateInvalidTextRepr},
		{"SELECT id FROM t WHERE id = $1", []any{1 << 40}, dberr.StateNumericOutOfRange},
	} {
		if _, err := e.Query(bg, "", c.sql, c.args...); state(err) != c.want {
			t.Errorf("%s %v: %v, want %s", c.sql, c.args, err, c.want)
		}
	}
}

// TestPlanCache checks that plans are reused, and never after DDL has changed what
// the text means.
func TestPlanCache(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10)")
	const sql = "SELECT * FROM t WHERE id = $1"
	one(t, e, sql, 1)
	before := e.PlanCacheStats()
	for range 10 {
		one(t, e, sql, 1)
	}
	if after := e.PlanCacheStats(); after.Hits-before.Hits != 10 || after.Misses != before.Misses {
		t.Errorf("10 runs hit %d times and missed %d times", after.Hits-before.Hits, after.Misses-before.Misses)
	}
	mustExec(t, e, "ALTER TABLE t ADD COLUMN w text DEFAULT 'new'")
	if got := one(t, e, sql, 1); got != "1|10|new" {
		t.Errorf("after ADD COLUMN: %q", got)
	}
	mustExec(t, e, "ALTER TABLE t DROP COLUMN v")
	if got := one(t, e, sql, 1); got != "1|new" {
		t.Errorf("after DROP COLUMN: %q", got)
	}
	mustExec(t, e, "DROP TABLE t; CREATE TABLE t (id text PRIMARY KEY)")
	if got := one(t, e, sql, "x"); got != "" {
		t.Errorf("after another table took the name: %q", got)
	}
	if _, err := e.Exec(bg, "", "BEGIN; DROP TABLE t; ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if got := one(t, e, sql, "x"); got != "" {
		t.Errorf("after a rolled back DROP: %q", got)
	}
}

func TestMissingCommit(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY)")
	_, err := e.Exec(bg, "", "BEGIN; INSERT INTO t VALUES (1)")
	if state(err) != dberr.StateActiveTransaction {
		t.Errorf("error is %v", err)
	}
	if got := one(t, e, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("%s rows were kept", got)
	}
}

// TestSeveralStatements checks that a text is one transaction.
func TestSeveralStatements(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY)")
	_, err := e.Exec(bg, "", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)")
	if state(err) != dberr.StateUniqueViolation {
		t.Errorf("error is %v", err)
	}
	if got := one(t, e, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("%s rows of a failed text were kept", got)
	}
	m := &MemorySink{}
	if err := e.Execute(bg, Request{SQL: "INSERT INTO t VALUES (1), (2); SELECT id FROM t ORDER BY id; DELETE FROM t WHERE id = 1"}, m); err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, r := range m.Results {
		tags = append(tags, fmt.Sprintf("%s %d %t", r.Tag.Command, r.Tag.Rows, r.Tag.Write))
	}
	if got := strings.Join(tags, ", "); got != "INSERT 2 true, SELECT 2 false, DELETE 1 true" {
		t.Errorf("tags are %s", got)
	}
}

func TestMaxRows(t *testing.T) {
	e := testEngine(t, Options{MaxRows: 5})
	err := e.Execute(bg, Request{SQL: "SELECT * FROM generate_series(1, 6)"}, &MemorySink{})
	if state(err) != dberr.StateProgramLimit {
		t.Errorf("6 rows with a bound of 5: %v", err)
	}
	for _, req := range []Request{{SQL: "SELECT * FROM generate_series(1, 5)"}, {SQL: "SELECT * FROM generate_series(1, 6)", MaxRows: -1}, {SQL: "SELECT * FROM generate_series(1, 6)", MaxRows: 6}} {
		if err := e.Execute(bg, req, &MemorySink{}); err != nil {
			t.Errorf("%+v: %v", req, err)
		}
	}
}

func TestTimeoutAndCancel(t *testing.T) {
	e := testEngine(t, Options{})
	const long = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b WHERE a.a + b.b < 0"
	err := e.Execute(bg, Request{SQL: long, Timeout: 30 * time.Millisecond}, &MemorySink{})
	if !errors.Is(err, dberr.ErrTimeout) || state(err) != dberr.StateQueryCanceled {
		t.Errorf("timeout: %v", err)
	}
	err = e.Execute(bg, Request{SQL: "SET statement_timeout = '30ms'; " + long}, &MemorySink{})
	if !errors.Is(err, dberr.ErrTimeout) || state(err) != dberr.StateQueryCanceled {
		t.Errorf("statement_timeout of the same request: %v", err)
	}
	if err := e.Execute(bg, Request{SQL: "SET statement_timeout = '1h'; SELECT 1; SET statement_timeout = 0; SELECT 2"}, &MemorySink{}); err != nil {
		t.Errorf("statements that end in time: %v", err)
	}
	ctx, cancel := context.WithCancel(bg)
	time.AfterFunc(20*time.Millisecond, cancel)
	err = e.Execute(ctx, Request{SQL: long}, &MemorySink{}) // or its time would be over first
	if !errors.Is(err, dberr.ErrCanceled) {
		t.Errorf("cancel: %v", err)
	}
}

// TestRetry has several writers add to one row: all succeed, since conflicts are run again.
func TestRetry(t *testing.T) {
	var retries int
	var mu sync.Mutex
	e := testEngine(t, Options{Retries: 1000, Events: Events{Retry: func(int) { mu.Lock(); retries++; mu.Unlock() }}})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)")
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 25 {
				if _, err := e.Exec(bg, "", "UPDATE t SET v = v + 1 WHERE id = 1"); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if got := one(t, e, "SELECT v FROM t"); got != "100" {
		t.Errorf("100 increments made %s", got)
	}
}

func TestSequences(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id serial PRIMARY KEY, v text); CREATE SEQUENCE s START 10 INCREMENT 5 MAXVALUE 20")
	mustExec(t, e, "INSERT INTO t (v) VALUES ('a'), ('b')")
	if _, err := e.Exec(bg, "", "INSERT INTO t (v) VALUES ('c'); SELECT 1/0"); err == nil {
		t.Fatal("no error")
	}
	mustExec(t, e, "INSERT INTO t (v) VALUES ('d')")
	if got := one(t, e, "SELECT * FROM t ORDER BY id"); got != "1|a\n2|b\n4|d" {
		t.Errorf("rows are %q; a rolled back value must not come again", got)
	}
	if got := one(t, e, "SELECT nextval('s'), currval('s'), lastval()"); got != "10|10|10" {
		t.Errorf("first values are %q", got)
	}
	one(t, e, "SELECT nextval('s')")
	if got := one(t, e, "SELECT nextval('s')"); got != "20" {
		t.Errorf("third value is %q", got)
	}
	if _, err := e.Query(bg, "", "SELECT nextval('s')"); state(err) != dberr.StateSequenceLimit {
		t.Errorf("beyond the maximum: %v", err)
	}
	if got := one(t, e, "SELECT setval('s', 15); SELECT nextval('s')"); got != "20" {
		t.Errorf("after setval: %q", got)
	}
}

func TestTables(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v varchar(10) NOT NULL DEFAULT 'x', UNIQUE (v)); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
	info, err := e.Table(bg, "", "t")
	if err != nil {
		t.Fatal(err)
	}
	if info.RowCount != 2 || info.SizeBytes == 0 || len(info.Indexes) != 2 || !info.Columns[0].PrimaryKey ||
		info.Columns[1].DataType != "character varying(10)" || info.Columns[1].Nullable || info.Columns[1].Default != "'x'" {
		t.Errorf("table is %+v", info)
	}
	mustExec(t, e, "INSERT INTO t VALUES (3, 'c'); DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (9, 'a')")
	mustExec(t, e, "INSERT INTO t VALUES (4, 'd'), (3, 'e') ON CONFLICT DO NOTHING")
	if info, err = e.Table(bg, "", "t"); err != nil || info.RowCount != 4 {
		t.Errorf("count is %d, %v; want 4", info.RowCount, err)
	}
	mustExec(t, e, "TRUNCATE t")
	if list, err := e.Tables(bg, ""); err != nil || len(list) != 1 || list[0].RowCount != 0 {
		t.Errorf("tables are %+v, %v", list, err)
	}
	if _, err := e.Table(bg, "", "nope"); !errors.Is(err, dberr.ErrNotFound) {
		t.Errorf("a table that is not there: %v", err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	e := testEngine(t, Options{})
	if _, err := e.Exec(bg, "other", "SELECT 1"); state(err) != dberr.StateInvalidCatalogName {
		t.Errorf("unknown database: %v", err)
	}
	if err := e.Execute(bg, Request{SQL: "CREATE TABLE t (id int)", Database: "other", CreateDatabase: true}, &MemorySink{}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Query(bg, "", "SELECT * FROM t"); state(err) != dberr.StateUndefinedTable {
		t.Errorf("a table of another database: %v", err)
	}
	if err := e.DropDatabase(bg, "other"); err != nil {
		t.Fatal(err)
	}
	if list, err := e.Databases(bg); err != nil || len(list) != 1 {
		t.Errorf("databases are %v, %v", list, err)
	}
}

func TestBulkInsert(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v < 100), d text DEFAULT 'd')")
	left := 3
	next := func() (*vec.Batch, error) {
		if left == 0 {
			return nil, nil
		}
		left--
		b := vec.NewBatch([]sqltype.Type{sqltype.TInt8})
		for i := range 1000 {
			b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(left*1000 + i)})
		}
		b.Len = 1000
		return b, nil
	}
	if n, err := e.BulkInsert(bg, "", "t", []string{"id"}, next); err != nil || n != 3000 {
		t.Fatalf("inserted %d, %v", n, err)
	}
	if got := one(t, e, "SELECT count(*), min(d), count(v) FROM t"); got != "3000|d|0" {
		t.Errorf("table has %q", got)
	}
	b := vec.NewBatch([]sqltype.Type{sqltype.TInt8, sqltype.TInt4})
	for i := range 10 { // rows 3 and 7 break the check, row 5 the key
		v := int64(i)
		if i == 3 || i == 7 {
			v = 100
		}
		id := int64(5000 + i)
		if i == 5 {
			id = 1
		}
		b.Cols[0].AppendDatum(sqltype.Datum{Int: id})
		b.Cols[1].AppendDatum(sqltype.Datum{Int: v})
	}
	b.Len = 10
	bad, err := e.BulkInsertBatch(bg, "", "t", []string{"id", "v"}, b)
	if err != nil || len(bad) != 3 || bad[0].Row != 3 || bad[1].Row != 5 || bad[2].Row != 7 {
		t.Errorf("refused %v, %v; want rows 3, 5 and 7", bad, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := New(nil, Options{MaxNesting: 10000, MemoryBytes: 5}); !errors.Is(err, dberr.ErrInvalid) ||
		!strings.Contains(err.Error(), "max_nesting") || !strings.Contains(err.Error(), "memory_bytes") {
		t.Errorf("error is %v", err)
	}
}

// FuzzExecute checks that no text makes the engine panic or say something of no class.
func FuzzExecute(f *testing.F) {
	for _, s := range []string{
		"SELECT * FROM t WHERE a = 1", "SELECT t.*, (SELECT max(b) FROM u WHERE u.a = t.a) FROM t",
		"INSERT INTO t SELECT a, b FROM u ON CONFLICT (a) DO UPDATE SET b = excluded.b",
		"WITH RECURSIVE r AS (SELECT 1 x UNION ALL SELECT x+1 FROM r WHERE x<3) SELECT * FROM r",
		"SELECT a, sum(b) OVER (PARTITION BY a ORDER BY b) FROM t GROUP BY GROUPING SETS ((a),(b))",
		"UPDATE t SET a = u.a FROM u WHERE t.b = u.b RETURNING *", "ALTER TABLE t ADD COLUMN c int DEFAULT 1",
		"SELECT a FROM t NATURAL FULL JOIN u ORDER BY 1 LIMIT 2", "VALUES (1,2),(3,NULL) ORDER BY 1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		e := testEngine(t, Options{MaxRows: 1000, Timeout: 2 * time.Second})
		mustExec(t, e, "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE u (a int, b text); INSERT INTO t VALUES (1, 'x'); INSERT INTO u VALUES (1, 'y'), (NULL, NULL)")
		_, err := e.Exec(bg, "", sql)
		if err != nil && dberr.ClassOf(err) == nil {
			t.Fatalf("%q: %v has no class", sql, err)
		}
	})
}
