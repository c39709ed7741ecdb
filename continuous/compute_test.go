package continuous_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/streaming"
)

// computed are expressions over the groups of random messages, and conditions of them.
var (
	computed = []string{
		"sum((data->>'v')::numeric) / count(*)",
		"max((data->>'i')::int) - min((data->>'i')::int)",
		"(max((data->>'f')::float8) + min((data->>'f')::float8)) / 2",
		"coalesce(sum((data->>'i')::int), -1) * 2",
		"round(avg((data->>'v')::numeric), 3)",
		"CASE WHEN count((data->>'v')::numeric) > 1 THEN sum((data->>'v')::numeric)::text ELSE data->>'k' END",
		"coalesce(data->>'k', '-') || ':' || count(*)",
		"count(*) FILTER (WHERE (data->>'i')::int > 0) * 100 / count(*)",
		"avg((data->>'i')::int) BETWEEN -1 AND 1",
		"sum((data->>'i')::bigint) % 7",
		"nullif(count((data->>'i')::int), 0) IS NULL",
		"greatest(max((data->>'i')::int), count(*))",
		"ARRAY[min((data->>'i')::int), max((data->>'i')::int)]",
		"avg((data->>'f')::float8) * 2",
		"-sum((data->>'f')::float8)",
		"17",
	}
	conditions = []string{
		"count(*) > 1", "sum((data->>'i')::int) > 0", "max((data->>'v')::numeric) - min((data->>'v')::numeric) < 10", "data->>'k' <> 'a' OR count(*) > 2",
		"avg((data->>'f')::float8) IS NOT NULL AND NOT count(*) = 3", "false", "NULL::boolean",
	}
)

// randomData is messages whose times are within some seconds, out of order.
func randomData(r *rand.Rand, n int) (list []string) {
	for i := range n {
		parts := []string{fmt.Sprintf(`"at":%d`, 1_700_000_000_000+int64(i*40+r.IntN(3000)))}
		for _, p := range []string{
			fmt.Sprintf(`"k":%q`, string(rune('a'+r.IntN(3)))), fmt.Sprintf(`"i":%d`, r.IntN(21)-10),
			fmt.Sprintf(`"v":%d.%02d`, r.IntN(40)-20, r.IntN(100)), fmt.Sprintf(`"f":%v`, float64(r.IntN(80)-40)/8),
		} {
			if r.IntN(5) > 0 {
				parts = append(parts, p)
			}
		}
		list = append(list, "{"+strings.Join(parts, ",")+"}")
	}
	return list
}

// TestComputesAsGroupBy holds materialized views over a stream with random expressions
// over aggregates, and conditions, against a plain GROUP BY of the same messages, also
// where windows are given again and again as messages come late.
func TestComputesAsGroupBy(t *testing.T) {
	seeds := uint64(30)
	if testing.Short() {
		seeds = 6
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 21))
		dir := t.TempDir()
		db := open(t, dir)
		var list, names []string
		for i := range 1 + r.IntN(4) {
			names = append(names, fmt.Sprintf("c%d", i))
			list = append(list, computed[r.IntN(len(computed))]+" AS "+names[i])
		}
		if r.IntN(2) == 0 {
			list, names = append(list, "count(*) AS n"), append(names, "n")
		} else {
			list = append(list, "count(*) + 0 AS n") // there is an aggregate
			names = append(names, "n")
		}
		keys, group := "", ""
		if r.IntN(4) > 0 {
			keys, group = "data->>'k' AS k, ", ", data->>'k'"
			names = append(names, "k")
		} else {
			list = slices.DeleteFunc(list, func(s string) bool { return strings.Contains(s, "data->>'k'") })
			names = slices.DeleteFunc(names, func(n string) bool { return n != "n" && !strings.Contains(strings.Join(list, ","), " AS "+n) })
		}
		having := ""
		if c := conditions[r.IntN(len(conditions))]; r.IntN(4) > 0 && (keys != "" || !strings.Contains(c, "'k'")) {
			having = " HAVING " + c
		}
		at := "to_timestamp((data->>'at')::bigint / 1000.0)"
		win := "tumble(" + at + ", INTERVAL '1 second')"
		from, start := "stream.in", "date_bin(INTERVAL '1 second', "+at+", '1970-01-01 00:00:00+00')"
		if r.IntN(3) == 0 {
			win = "hop(" + at + ", INTERVAL '500 ms', INTERVAL '1 second')"
			start = "date_bin(INTERVAL '500 ms', " + at + ", '1970-01-01 00:00:00+00') - h * INTERVAL '500 ms'"
			from = "stream.in, generate_series(0, 1) h"
		}
		with := []string{"lateness = '1 hour'", "lateness = '1 hour', emit = 'change'", "delay = '4 seconds'"}[r.IntN(3)]
		if _, err := db.Exec(t.Context(), `CREATE STREAM "in"`); err != nil {
			t.Fatal(err)
		}
		view := `CREATE MATERIALIZED VIEW v WITH (` + with + `) AS SELECT ` + keys + strings.Join(list, ", ") + ` FROM STREAM "in" GROUP BY ` + win + group + having
		if _, err := db.Exec(t.Context(), view); err != nil {
			t.Fatalf("seed %d: %s: %v", seed, view, err)
		}
		data := randomData(r, 120)
		for len(data) > 0 {
			n := min(1+r.IntN(40), len(data))
			publish(t, db, "in", data[:n]...)
			data = data[n:]
			if st := wait(t, db, "v"); st.Err != nil || st.Late != 0 {
				t.Fatalf("seed %d: %s: %+v", seed, view, st)
			}
		}
		publish(t, db, "in", `{"at":1800000000000}`) // closes all that is before
		wait(t, db, "v")
		before := " < '2025-01-01'"
		slices.Sort(names)
		cols := strings.Join(names, ", ")
		got := rows(t, db, "SELECT window_start, "+cols+" FROM v WHERE window_start"+before+" ORDER BY window_start, "+cols)
		want := rows(t, db, "SELECT ws, "+cols+" FROM (SELECT "+start+" AS ws, "+keys+strings.Join(list, ", ")+" FROM "+from+" GROUP BY 1"+group+having+") x WHERE ws"+before+" ORDER BY ws, "+cols)
		if got != want {
			t.Fatalf("seed %d: %s\nhas\n%s\nand GROUP BY\n%s", seed, view, got, want)
		}
		if err := errors.Join(db.Close(), os.RemoveAll(dir)); err != nil { // its log alone takes 128 MiB
			t.Fatal(err)
		}
	}
}

// spread is a query whose results hold only where there are two values.
func spread(output continuous.Output) continuous.Query {
	q := sums("q")
	q.Aggregates = []continuous.Aggregate{{Name: "n", Hidden: true}, {Name: "least", Function: window.Min, SQL: "(data->>'v')::int", Hidden: true}, {Name: "most", Function: window.Max, SQL: "(data->>'v')::int"}}
	q.Computed, q.Having, q.Output = []continuous.Column{{Name: "spread", SQL: "most - least"}, {Name: "per", SQL: "60 / n"}}, "n > 1", output
	return q
}

// TestHavingOfMessages: a result that does not hold is no message, one that holds no
// longer is retracted, and one that never held is not.
func TestHavingOfMessages(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	publish(t, db, "in", `{"v":1,"at":1}`, `{"v":9,"at":11}`) // closes the first
	q := spread(continuous.Output{Channel: "out"})
	q.Keys, q.Lateness, q.Having = nil, time.Hour, "n BETWEEN 3 AND 4"
	create(t, db, q)
	if st := wait(t, db, "q"); st.Results != 0 {
		t.Fatalf("%+v", st)
	}
	publish(t, db, "in", `{"v":5,"at":2}`, `{"v":6,"at":3}`)
	wait(t, db, "q")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	publish(t, db, "in", `{"v":7,"at":4}`, `{"v":7,"at":5}`, `{"v":7,"at":6}`)
	wait(t, db, "q")
	const want = "updated 6 5 20\nupdated 7 6 15\nretracted <nil> <nil> <nil>"
	if got := rows(t, db, `SELECT type, data->>'most', data->>'spread', data->>'per' FROM stream.out ORDER BY "offset"`); got != want {
		t.Fatalf("the messages are\n%s, want\n%s", got, want)
	}
	if got := rows(t, db, `SELECT data FROM stream.out ORDER BY "offset" LIMIT 1`); strings.Contains(got, `"n"`) || strings.Contains(got, "least") {
		t.Fatalf("a message has what is hidden: %s", got)
	}
	sound(t, db)
}

// TestComputeFails: where an expression fails for a result the query waits before it, or
// leaves it out; from one to the other it is changed.
func TestComputeFails(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`, `{"k":"a","v":5,"at":2}`, `{"k":"b","v":1,"at":1}`, `{"k":"b","v":5,"at":2}`, `{"k":"b","v":6,"at":3}`, `{"k":"a","v":1,"at":11}`)
	q := spread(continuous.Output{Table: "out"})
	q.Computed[1].SQL = "60 / (n - 2)"
	create(t, db, q)
	st := wait(t, db, "q")
	for i := 0; st.Err == nil; i++ {
		if i > 100 {
			t.Fatalf("%+v %s", st, rows(t, db, "TABLE out"))
		}
		st = wait(t, db, "q")
	}
	if st.Results != 0 || !strings.Contains(st.Err.Error(), "the result of the window from 1970-01-01T00:00:00Z: division by zero") {
		t.Fatalf("%+v", st)
	}
	skip := true
	alter(t, db, "q", continuous.Change{SkipFaulty: &skip})
	for st = wait(t, db, "q"); st.Lag > 0; {
		st = wait(t, db, "q")
	}
	if got := rows(t, db, "SELECT k, most, spread, per FROM out"); got != "b 6 5 60" || st.Faulty != 1 || st.Read != 6 {
		t.Fatalf("the table has\n%s, and %+v", got, st)
	}
}

// TestComputeRefused: expressions over results are of names that there are, and of one
// result.
func TestComputeRefused(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "in", `{}`)
	for _, c := range []struct{ compute, having, code, field string }{
		{"n +", "", "SYNTAX_ERROR", "compute"},
		{"nothing + 1", "", "UNDEFINED_COLUMN", "compute"},
		{"key", "", "UNDEFINED_COLUMN", "compute"}, // a column of messages
		{"sum(n)", "", "GROUPING_ERROR", "compute"},
		{"(SELECT 1)", "", "UNSUPPORTED_EXPRESSION", "compute"},
		{"rank() OVER ()", "", "UNSUPPORTED_EXPRESSION", "compute"},
		{"$1", "", "UNSUPPORTED_EXPRESSION", "compute"},
		{"n) FROM x; DROP TABLE y; SELECT (1", "", "SYNTAX_ERROR", "compute"},
		{"ROW(1, 2)", "", "INVALID_FIELD", "compute"},
		{"1", "n", "INVALID_FIELD", "having"},
		{"1", "other > 1", "UNDEFINED_COLUMN", "having"},
		{"1", "x > 1", "UNDEFINED_COLUMN", "having"}, // what is computed
	} {
		q := spread(continuous.Output{Channel: "out"})
		q.Computed, q.Having = []continuous.Column{{Name: "x", SQL: c.compute}}, c.having
		_, err := db.Continuous().Create(t.Context(), "", q, streaming.Earliest)
		var e *weft.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Field != c.field {
			t.Errorf("%+v is answered by %v (%+v)", c, err, e)
		}
	}
	q := spread(continuous.Output{Channel: "out"})
	q.Computed[0].Name = "k"
	if _, err := db.Continuous().Create(t.Context(), "", q, streaming.Earliest); code(err) != "DUPLICATE_COLUMN" {
		t.Errorf("a name that is there twice: %v", err)
	}
	q.Computed = slices.Repeat([]continuous.Column{{Name: "x", SQL: "1"}}, continuous.MaxAggregates+1)
	if _, err := db.Continuous().Create(t.Context(), "", q, streaming.Earliest); code(err) != "FIELD_TOO_LARGE" {
		t.Errorf("too many: %v", err)
	}
}
