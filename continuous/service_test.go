package continuous_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/streaming"
)

// open opens a database whose queries run.
func open(t *testing.T, dir string) *weft.DB {
	t.Helper()
	db, err := weft.Open(dir, weft.Options{Continuous: continuous.Options{Retry: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // some tests have closed it
	return db
}

func publish(t *testing.T, db *weft.DB, channel string, data ...string) {
	t.Helper()
	var list []streaming.Content
	for _, d := range data {
		list = append(list, streaming.Content{JSON: true, Data: []byte(d)})
	}
	if _, err := db.Streaming().Publish(t.Context(), channel, list...); err != nil {
		t.Fatal(err)
	}
}

// wait waits until the query has taken in what is there.
func wait(t *testing.T, db *weft.DB, name string) continuous.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	st, err := db.Continuous().Wait(ctx, "", name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// rows is a result, a line for each row.
func rows(t *testing.T, db *weft.DB, sql string) string {
	t.Helper()
	r, err := db.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var lines []string
	for v := range r.All() {
		lines = append(lines, strings.Trim(fmt.Sprint(v), "[]"))
	}
	return strings.Join(lines, "\n")
}

// sums is a query that sums up v by k, in windows of 10 s.
func sums(name string) continuous.Query {
	return continuous.Query{Name: name, Channel: "in", Window: window.Spec{Kind: window.Tumbling, Size: 10 * time.Second}, Time: must(continuous.FieldTime("at")),
		Keys:       []continuous.Column{{Name: "k", SQL: "data->>'k'"}},
		Aggregates: []continuous.Aggregate{{Name: "total", Function: window.Sum, SQL: must(continuous.FieldOf(window.Sum, "v"))}},
		Output:     continuous.Output{Table: name}}
}

func create(t *testing.T, db *weft.DB, q continuous.Query) {
	t.Helper()
	if _, err := db.Continuous().Create(t.Context(), "", q, streaming.Earliest); err != nil {
		t.Fatal(err)
	}
}

// TestRuns runs a query through restarts, a pause and its removal.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`, `{"k":"b","v":2,"at":2}`)
	create(t, db, sums("q"))
	if st := wait(t, db, "q"); st.Windows != 2 || st.Read != 2 || st.State() != "running" {
		t.Fatalf("%+v", st)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	publish(t, db, "in", `{"k":"a","v":4,"at":9}`, `{"k":"a","v":100,"at":10}`)
	wait(t, db, "q")
	if got := rows(t, db, "SELECT extract(epoch FROM window_start)::int, extract(epoch FROM window_end)::int, k, total::int FROM q ORDER BY k"); got != "0 10 a 5\n0 10 b 2" {
		t.Fatalf("the table has\n%s", got)
	}
	if err := db.Continuous().SetPaused(t.Context(), "", "q", true); err != nil {
		t.Fatal(err)
	}
	publish(t, db, "in", `{"k":"a","v":1,"at":20}`)
	if st := wait(t, db, "q"); st.State() != "paused" || st.Lag != 1 {
		t.Fatalf("a paused query: %+v", st)
	}
	if err := db.Continuous().SetPaused(t.Context(), "", "q", false); err != nil {
		t.Fatal(err)
	}
	if st := wait(t, db, "q"); st.Lag != 0 || st.Results != 3 {
		t.Fatalf("a resumed query: %+v", st)
	}
	if err := db.Continuous().Drop(t.Context(), "", "q"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Continuous().Status(t.Context(), "", "q"); !errors.Is(err, weft.ErrNotFound) {
		t.Fatalf("a query that was dropped: %v", err)
	}
	create(t, db, func() continuous.Query { q := sums("q2"); q.Output.Table = "q"; return q }())
	if st := wait(t, db, "q2"); st.Results != 3 {
		t.Fatalf("another query into the same table: %+v", st)
	}
}

// TestClock closes windows of the time of publishing as time goes by, though nothing is
// committed meanwhile.
func TestClock(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "in", `{"v":1}`, `{"v":2}`)
	q := sums("q")
	q.Time, q.Keys, q.Window.Size, q.Output = "", nil, 2*time.Second, continuous.Output{Channel: "out"}
	sub, err := db.Streaming().Subscribe(t.Context(), "out", streaming.SubscribeOptions{From: streaming.Earliest})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	create(t, db, q)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := sub.Next(ctx)
	if err != nil || !strings.Contains(string(d.Messages[0].Data), `"total":3`) || d.Messages[0].Type != "closed" || d.Messages[0].Source != "q" {
		t.Fatalf("%v %v", d, err)
	}
}

// TestIdle closes windows of a time of their own once nothing comes any more.
func TestIdle(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`)
	q := sums("q")
	q.Idle, q.Output = 5*time.Millisecond, continuous.Output{Channel: "out"}
	sub, err := db.Streaming().Subscribe(t.Context(), "out", streaming.SubscribeOptions{From: streaming.Earliest})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	create(t, db, q)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := sub.Next(ctx)
	if err != nil || string(d.Messages[0].Data) != `{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","k":"a","total":1}` || d.Messages[0].Key != "a" {
		t.Fatalf("%s %v", d.Messages[0].Data, err)
	}
}

// TestFaultyMessages has a query stop at a message for which an expression fails, or
// skip it.
func TestFaultyMessages(t *testing.T) {
	db := open(t, t.TempDir())
	var list []string
	for i := range 40 {
		list = append(list, fmt.Sprintf(`{"k":"a","v":%d,"at":1}`, i))
	}
	list[17] = `{"k":"a","v":"many","at":1}`
	list[30] = `{"k":"a","v":30}`
	publish(t, db, "in", append(list, `{"k":"a","v":0,"at":10}`)...)
	q := sums("stops")
	q.Aggregates[0].SQL = "(data->>'v')::int"
	create(t, db, q)
	st := wait(t, db, "stops") // it finds the message in smaller and smaller steps
	if st.State() != "failing" || st.Faulty != 0 || st.Err.Error() != `offset 18: invalid input syntax for type integer: "many"` {
		t.Fatalf("%+v", st)
	}
	q.Name, q.Output.Table, q.SkipFaulty = "skips", "skips", true
	create(t, db, q)
	for st = wait(t, db, "skips"); st.Lag > 0; {
		st = wait(t, db, "skips")
	}
	if st.Faulty != 2 || st.Read != 39 || st.Err != nil {
		t.Fatalf("%+v", st)
	}
	if got, want := rows(t, db, "SELECT total FROM skips"), fmt.Sprint(39*40/2-17-30); got != want {
		t.Fatalf("the sum is %s, want %s", got, want)
	}
}

// TestTooManyWindows stops a query before the message that needs more windows than it may
// have.
func TestTooManyWindows(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "in", `{"k":"a","at":1}`, `{"k":"b","at":1}`, `{"k":"c","at":1}`)
	q := sums("q")
	q.MaxWindows = 2
	create(t, db, q)
	st := wait(t, db, "q")
	for st.Next != 3 || st.Err == nil {
		st = wait(t, db, "q")
	}
	if st.Windows != 2 || !strings.Contains(st.Err.Error(), "offset 3: the query has 2 windows, and may have 2") {
		t.Fatalf("%+v", st)
	}
}

// TestChannelMadeAgain goes on with the first message of a channel that was dropped and
// made again.
func TestChannelMadeAgain(t *testing.T) {
	db := open(t, t.TempDir())
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`, `{"k":"a","v":1,"at":1}`)
	create(t, db, sums("q"))
	wait(t, db, "q")
	if err := db.Streaming().DropChannel(t.Context(), "in"); err != nil {
		t.Fatal(err)
	}
	publish(t, db, "in", `{"k":"a","v":1,"at":10}`)
	st := wait(t, db, "q")
	for st.Results == 0 {
		st = wait(t, db, "q")
	}
	if got := rows(t, db, "SELECT k, total FROM q"); got != "a 2" || st.Next != 2 {
		t.Fatalf("%s, and %+v", got, st)
	}
}

// TestFeedWaits: a query over changes commits nothing where there are none, and closes
// its windows as time goes by.
func TestFeedWaits(t *testing.T) {
	db := open(t, t.TempDir())
	if _, err := db.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)"); err != nil {
		t.Fatal(err)
	}
	sub, err := db.Streaming().Subscribe(t.Context(), "out", streaming.SubscribeOptions{From: streaming.Earliest})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	create(t, db, continuous.Query{Name: "q", Channel: "cdc.default.t", Window: window.Spec{Kind: window.Tumbling, Size: time.Second},
		Aggregates: []continuous.Aggregate{{Name: "n", Function: window.Count}}, Output: continuous.Output{Channel: "out"}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := sub.Next(ctx)
	if err != nil || !strings.Contains(string(d.Messages[0].Data), `"n":2`) {
		t.Fatalf("%v %v", d, err)
	}
	st := wait(t, db, "q")
	publish(t, db, "other", `{}`) // which moves the end of every feed
	if again := wait(t, db, "q"); again.Next != st.Next || again.Lag != 0 {
		t.Fatalf("without changes it went from %d to %d, with a lag of %d", st.Next, again.Next, again.Lag)
	}
}

// TestFeed aggregates the changes of a table.
func TestFeed(t *testing.T) {
	db := open(t, t.TempDir())
	if _, err := db.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 5), (2, 6)"); err != nil {
		t.Fatal(err)
	}
	q := continuous.Query{Name: "q", Channel: "cdc.default.t", Window: window.Spec{Kind: window.Tumbling, Size: time.Second}, Time: "'2026-01-01'::timestamptz",
		Keys: []continuous.Column{{Name: "op", SQL: "type"}}, Aggregates: []continuous.Aggregate{{Name: "n", Function: window.Count}}, OnChange: true, Output: continuous.Output{Table: "changes"}}
	create(t, db, q)
	if _, err := db.Exec(t.Context(), "UPDATE t SET v = 7 WHERE id = 2; DELETE FROM t WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	wait(t, db, "q")
	q.Name, q.Output.Table, q.SkipFaulty = "skips", "skips", true
	q.Keys[0].SQL = "CASE type WHEN 'update' THEN (1 / length(repeat('', 5)))::text ELSE type END"
	create(t, db, q)
	if st := wait(t, db, "skips"); st.Faulty != 1 || st.Read != 3 {
		t.Fatalf("a feed with a message that fails: %+v", st)
	}
	if got := rows(t, db, "SELECT op, n FROM changes ORDER BY op"); got != "delete 1\ninsert 2\nupdate 1" {
		t.Fatalf("the changes are\n%s", got)
	}
}
