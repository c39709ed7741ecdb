package continuous_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weftdb/weft"
)

const viewSQL = `CREATE MATERIALIZED VIEW per_minute WITH (delay = '10 seconds', late_channel = 'late') AS
	SELECT data->>'shop' AS shop, window_start, count(*) AS orders, sum((data->>'amount')::numeric) AS total,
		count(*) FILTER (WHERE (data->>'amount')::numeric > 5) AS large, last(data->>'amount') AS newest
	FROM STREAM orders WHERE type IS NULL OR type <> 'test'
	GROUP BY tumble((data->>'at')::timestamptz, INTERVAL '1 minute'), shop`

func order(shop string, amount float64, at string) string {
	return fmt.Sprintf(`{"shop":%q,"amount":%v,"at":"2026-01-31T%s"}`, shop, amount, at)
}

// TestSQL makes a materialized view over a stream, reads it as a table, and drops it.
func TestSQL(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("CREATE STREAM orders WITH (max_age = '30 days', partitions = 4)")
	exec("CREATE STREAM IF NOT EXISTS orders")
	exec(viewSQL)
	publish(t, db, "orders", order("north", 12.5, "12:00:05Z"), order("south", 3, "12:00:40Z"), order("north", 4, "12:01:05Z"), order("north", 7.5, "12:00:58Z"),
		order("north", 1, "12:01:10Z"), order("north", 9, "12:00:59Z"))
	if st := wait(t, db, "per_minute"); st.Late != 1 || st.Output.View == 0 {
		t.Fatalf("%+v", st)
	}
	const want = "north 2 20.0 2 7.5\nsouth 1 3 0 3"
	read := func() string {
		return rows(t, db, "SELECT shop, orders, total, large, newest FROM per_minute WHERE window_start = '2026-01-31 12:00:00+00' ORDER BY shop")
	}
	if got := read(); got != want {
		t.Fatalf("the view has\n%s", got)
	}
	if got := rows(t, db, "SELECT attname FROM pg_attribute WHERE attrelid = 'per_minute'::regclass AND attnum > 0 ORDER BY attnum"); got != "window_end\nshop\nwindow_start\norders\ntotal\nlarge\nnewest" {
		t.Fatalf("its columns are\n%s", got)
	}
	if got := rows(t, db, "SELECT definition FROM pg_matviews"); !strings.Contains(got, "tumble(") {
		t.Fatalf("its definition is\n%s", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	publish(t, db, "orders", order("west", 1, "12:05:00Z"))
	wait(t, db, "per_minute")
	if got := rows(t, db, "SELECT count(*) FROM per_minute"); got != "3" || read() != want {
		t.Fatalf("after a restart it has %s rows, and\n%s", got, read())
	}
	exec("CREATE VIEW v AS SELECT shop FROM per_minute")
	refused(t, db, "DROP MATERIALIZED VIEW per_minute", "2BP01", "depend on it")
	if err := db.Continuous().Drop(t.Context(), "", "per_minute"); !errors.Is(err, weft.ErrConstraint) {
		t.Fatalf("the query of a view is dropped: %v", err)
	}
	exec("DROP MATERIALIZED VIEW per_minute CASCADE")
	if _, err := db.Continuous().Status(t.Context(), "", "per_minute"); !errors.Is(err, weft.ErrNotFound) {
		t.Fatalf("the query of a view that was dropped: %v", err)
	}
	exec("DROP STREAM orders; DROP STREAM IF EXISTS orders")
	refused(t, db, "DROP STREAM orders", "42P01", `no channel "orders"`)
}

func refused(t *testing.T, db *weft.DB, sql, state, piece string) {
	t.Helper()
	_, err := db.Exec(t.Context(), sql)
	var e *weft.Error
	if !errors.As(err, &e) || e.SQLState != state || !strings.Contains(err.Error(), piece) {
		t.Errorf("%s\n  is answered by %v, want %s and %q", sql, err, state, piece)
	}
}

// TestSQLRefuses: what has no meaning over a stream is refused by name, and a view is
// written by nobody else.
func TestSQLRefuses(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "orders", order("north", 1, "12:00:00Z"))
	if _, err := db.Exec(t.Context(), viewSQL); err != nil {
		t.Fatal(err)
	}
	view := func(sel, group string) string {
		return "CREATE MATERIALIZED VIEW v AS SELECT " + sel + " FROM STREAM orders GROUP BY " + group
	}
	const w = "tumble(time, INTERVAL '1 minute')"
	for _, c := range []struct{ sql, state, piece string }{
		{"INSERT INTO per_minute SELECT * FROM per_minute", "42809", "cannot change materialized view"},
		{"DELETE FROM per_minute", "42809", "cannot change materialized view"},
		{`INSERT INTO "public"."per_minute" ("window_start", "window_end", "shop", "orders", "total", "large", "newest") VALUES (now(), now(), 'x', 1, 1, 1, 'x') ON CONFLICT ("window_start", "shop") DO UPDATE SET "orders" = EXCLUDED."orders"`, "42809", "cannot change materialized view"},
		{"REFRESH MATERIALIZED VIEW per_minute", "0A000", "REFRESH of a materialized view over a stream"},
		{"ALTER MATERIALIZED VIEW per_minute RENAME TO p", "0A000", "renaming a materialized view over a stream"},
		{"ALTER MATERIALIZED VIEW per_minute RENAME COLUMN shop TO p", "0A000", "renaming a materialized view over a stream"},
		{viewSQL, "42P07", "already exists"},
		{"CREATE STREAM orders", "42P07", `channel "orders" is there already`},
		{"CREATE STREAM", "42601", "needs a name"},
		{"CREATE STREAM a.b", "0A000", `a stream in schema "a"`},
		{"CREATE STREAM s (a int)", "42601", "syntax error"},
		{"CREATE STREAM s (a)", "0A000", "a list of columns"},
		{"CREATE STREAM s WITH (max_age = 'never')", "22023", "max_age must be"},
		{"CREATE STREAM s WITH (size = 5)", "22023", `unrecognized parameter "size"`},
		{"CREATE STREAM s AS SELECT 1", "0A000", "FROM STREAM"},
		{"CREATE STREAM orders AS SELECT count(*) FROM STREAM orders GROUP BY " + w, "42P07", "is there already"},
		{view("count(*)", "1"), "0A000", "without a window"},
		{view("count(*)", w+", "+w), "0A000", "two windows"},
		{view("count(*)", "tumble(time)"), "42883", "tumble takes the time and size"},
		{view("count(*)", "tumble(time, '1 month')"), "22023", "months"},
		{view("count(*)", "tumble(time, key)"), "22023", "size must be a constant"},
		{view("count(*)", "hop(time, '2 minutes', '1 minute')"), "22023", "slide"},
		{view("count(*)", "session(time, '0 seconds')"), "22023", "gap"},
		{view("key, count(*)", w), "42803", `column "key" must appear in the GROUP BY clause`},
		{view("count(*) + length(key) AS n", w), "42803", `column "key" must appear in the GROUP BY clause`},
		{view("stddev(length(key)) + 1 AS n", w), "0A000", "the aggregate stddev over a stream"},
		{view("sum(count(*)) + 1 AS n", w), "42803", ""},
		{view("sum(sum(1)) OVER () AS n", w), "0A000", "OVER"},
		{view("row_number() OVER () + count(*) AS n", w), "0A000", "a window function"},
		{view("count(*) + (SELECT 1) AS n", w), "0A000", "a sub-query"},
		{view("count(*) + 1", w), "42601", "needs a name"},
		{view("count(*) || true AS n", w), "42883", "operator does not exist"},
		{view("(count(*) + 1).x AS n", w), "42809", ""},
		{view("count(*) AS n", w+" HAVING n > 1"), "42803", `column "n" must appear`},
		{view("count(*) AS n", w+" HAVING count(*)"), "22023", "boolean, not bigint"},
		{view("count(*) AS n", w+" HAVING key > ''"), "42803", `column "key" must appear`},
		{view("count(*) AS n, count(*) + 1 AS n", w), "22023", "twice"},
		{view("count(*)", w+", key"), "0A000", "not in the select list"},
		{view("count(DISTINCT key)", w), "0A000", "DISTINCT"},
		{view("sum(offset)", w), "42601", "syntax error"},
		{view("sum(key)", w), "22023", "sum takes numbers"},
		{view("sum(nothing)", w), "42703", "nothing"},
		{view("count(*), count(key)", w), "22023", "twice"},
		{view("window_start AS s, count(*)", w), "0A000", "another name for window_start"},
		{view("count(*)", w) + " ORDER BY 1", "0A000", "ORDER BY"},
		{view("count(*)", w) + " LIMIT 1", "0A000", "LIMIT"},
		{"CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM STREAM orders, pg_class GROUP BY " + w, "0A000", "a join"},
		{"CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM STREAM nothing GROUP BY " + w, "42P01", `no channel "nothing"`},
		{"CREATE MATERIALIZED VIEW v WITH (emit = 'often') AS SELECT count(*) FROM STREAM orders GROUP BY " + w, "22023", `"emit"`},
		{"CREATE MATERIALIZED VIEW v WITH (watermark = '1 s') AS SELECT count(*) FROM STREAM orders GROUP BY " + w, "22023", `unrecognized parameter "watermark"`},
		{"CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM STREAM orders WHERE EXISTS (SELECT 1) GROUP BY " + w, "0A000", "sub-query"},
		{"CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM STREAM orders GROUP BY " + w + " WITH NO DATA", "0A000", "WITH NO DATA"},
		{"SELECT count(*) FROM STREAM orders", "42P01", `"stream" does not exist`},
	} {
		refused(t, db, c.sql, c.state, c.piece)
	}
	if got := rows(t, db, "SELECT count(*) FROM pg_matviews"); got != "1" {
		t.Errorf("%s views are left", got)
	}
}

// TestStreamAs writes windows to a stream, in a transaction that is also rolled back.
func TestStreamAs(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "clicks", `{"at":"2026-01-31T12:00:00Z"}`, `{"at":"2026-01-31T12:00:20Z"}`, `{"at":"2026-01-31T13:00:00Z"}`)
	const create = `CREATE STREAM visits WITH (emit = 'close') AS SELECT count(*) AS n, first(data->>'at', (data->>'at')::timestamptz) AS "from" FROM STREAM clicks
		GROUP BY session((data->>'at')::timestamptz, '30 seconds')`
	if _, err := db.Exec(t.Context(), create+"; SELECT 1/0"); err == nil {
		t.Fatal("1/0 went well")
	}
	if list, err := db.Continuous().List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Fatalf("after a rollback there are %d queries, %v", len(list), err)
	}
	if _, err := db.Exec(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	wait(t, db, "visits")
	if got := rows(t, db, `SELECT type, data->>'n', data->>'from', data->>'window_end' FROM stream.visits`); got != "closed 2 2026-01-31T12:00:00Z 2026-01-31T12:00:50Z" {
		t.Fatalf("the stream has\n%s", got)
	}
	if _, err := db.Exec(t.Context(), "DROP STREAM visits"); err != nil {
		t.Fatal(err)
	}
	if list, err := db.Continuous().List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Fatalf("after DROP STREAM there are %d queries, %v", len(list), err)
	}
	// A table of the name is what FROM STREAM means then, as in PostgreSQL.
	if _, err := db.Exec(t.Context(), "CREATE TABLE stream (a int); CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM STREAM orders"); err != nil {
		t.Fatal(err)
	}
}
