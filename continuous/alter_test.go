package continuous_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/storage/vfs"
)

func alter(t *testing.T, db *weft.DB, name string, c continuous.Change) {
	t.Helper()
	if err := db.Continuous().Alter(t.Context(), "", name, c); err != nil {
		t.Fatal(err)
	}
}

// TestAlter changes a query that runs, and finds it changed after a restart.
func TestAlter(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`, `{"k":"b","v":2,"at":2}`, `{"k":"b","v":2,"at":11}`)
	create(t, db, sums("q"))
	if st := wait(t, db, "q"); st.Results != 2 {
		t.Fatalf("%+v", st)
	}
	lateness, delay, idle, most := 20*time.Second, time.Second, time.Hour, 7
	yes, late := true, "late"
	alter(t, db, "q", continuous.Change{Lateness: &lateness, Delay: &delay, Idle: &idle, MaxWindows: &most, SkipFaulty: &yes, LateTo: &late, Output: &continuous.Output{Table: "other"}})
	// The window of 0 s was given up before there was lateness; that of 10 s is kept.
	publish(t, db, "in", `{"k":"a","v":50,"at":3}`, `{"k":"b","v":3,"at":21}`, `{"k":"b","v":4,"at":12}`, `{"k":"b","v":"x","at":"soon"}`, `{"k":"b","v":5,"at":13}`)
	st := wait(t, db, "q")
	for st.Next < 9 { // it finds the faulty one in steps
		st = wait(t, db, "q")
	}
	if st.Late != 1 || st.Lateness != lateness || st.Delay != delay || st.Idle != idle || st.MaxWindows != most || !st.SkipFaulty || st.Faulty != 1 || st.Output.Table != "other" {
		t.Fatalf("%+v", st)
	}
	const old, now = "0 a 1\n0 b 2", "10 b 11"
	check := func() {
		t.Helper()
		if got := rows(t, db, "SELECT extract(epoch FROM window_start)::int, k, total::int FROM q ORDER BY k"); got != old {
			t.Fatalf("the table from before has\n%s", got)
		}
		if got := rows(t, db, "SELECT extract(epoch FROM window_start)::int, k, total::int FROM other"); got != now {
			t.Fatalf("the other table has\n%s", got)
		}
		if got := rows(t, db, "SELECT data->>'v' FROM stream.late"); got != "50" {
			t.Fatalf("late are\n%s", got)
		}
	}
	check()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	publish(t, db, "in", `{"k":"a","v":60,"at":4}`)
	if again := wait(t, db, "q"); again.Late != 2 || again.Delay != delay || again.State() != "running" {
		t.Fatalf("after a restart: %+v", again)
	}
	if got := rows(t, db, "SELECT sum(total)::int FROM q"); got != "3" {
		t.Fatalf("after a restart the sums are %s", got)
	}
	sound(t, db)
}

// TestAlterRefused: what cannot be is refused by the field, and changes nothing.
func TestAlterRefused(t *testing.T) {
	db := open(t, t.TempDir())
	if _, err := db.Exec(t.Context(), `CREATE TABLE unfit (x int); CREATE STREAM "in"; CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM STREAM "in" GROUP BY tumble(time, INTERVAL '1 hour')`); err != nil {
		t.Fatal(err)
	}
	create(t, db, sums("q"))
	before, err := db.Continuous().Status(t.Context(), "", "q")
	if err != nil {
		t.Fatal(err)
	}
	minus, second, many := -time.Second, time.Second, continuous.MaxWindows+1
	in, feed := "in", "cdc.default.unfit"
	refuse := func(name string, c continuous.Change, code, field string) {
		t.Helper()
		var e *weft.Error
		if err := db.Continuous().Alter(t.Context(), "", name, c); !errors.As(err, &e) || e.Code != code || e.Field != field {
			t.Errorf("%+v is answered by %v, want %s about %q", c, err, code, field)
		}
	}
	refuse("q", continuous.Change{}, "MISSING_FIELD", "")
	refuse("none", continuous.Change{Delay: &second}, "QUERY_NOT_FOUND", "")
	refuse("q", continuous.Change{Delay: &minus}, "INVALID_FIELD", "delay_ms")
	refuse("q", continuous.Change{Lateness: &minus}, "INVALID_FIELD", "lateness_ms")
	refuse("v", continuous.Change{Idle: &second}, "INVALID_FIELD", "idle_ms") // it has no time of its own
	refuse("q", continuous.Change{MaxWindows: &many}, "INVALID_FIELD", "max_windows")
	refuse("q", continuous.Change{LateTo: &in}, "INVALID_FIELD", "late_channel")
	refuse("q", continuous.Change{LateTo: &feed}, "INVALID_CHANNEL", "late_channel")
	refuse("q", continuous.Change{Output: &continuous.Output{}}, "MISSING_FIELD", "output")
	refuse("q", continuous.Change{Output: &continuous.Output{Channel: "in"}}, "INVALID_FIELD", "output")
	refuse("q", continuous.Change{Output: &continuous.Output{Table: "unfit"}}, "TABLE_UNFIT", "output")
	refuse("q", continuous.Change{Delay: &second, Output: &continuous.Output{Table: "unfit"}}, "TABLE_UNFIT", "output")
	refuse("v", continuous.Change{Output: &continuous.Output{Channel: "out"}}, "QUERY_OF_VIEW", "output")
	after, err := db.Continuous().Status(t.Context(), "", "q")
	if err != nil || fmt.Sprint(after.Query) != fmt.Sprint(before.Query) {
		t.Fatalf("what was refused made of it %+v, and of\n%+v (%v)", after.Query, before.Query, err)
	}
}

// TestWaitEndsWithPause: who waits for a query hears that it was paused.
func TestWaitEndsWithPause(t *testing.T) {
	db, err := weft.Open(t.TempDir(), weft.Options{Continuous: continuous.Options{Idle: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`)
	create(t, db, sums("q"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	states := make(chan string)
	go func() {
		st, _ := db.Continuous().Wait(ctx, "", "q") //nolint:errcheck // the state is that of none then
		states <- st.State()
	}()
	paused := true
	alter(t, db, "q", continuous.Change{Paused: &paused})
	if got := <-states; got != "paused" || ctx.Err() != nil {
		t.Fatalf("it is %s (%v)", got, ctx.Err())
	}
}

// TestAlterAgainstStep changes where results go before a step, and while one is about to
// commit: both write to what is the output then.
func TestAlterAgainstStep(t *testing.T) {
	db, err := weft.Open(t.TempDir(), weft.Options{Continuous: continuous.Options{Idle: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	publish(t, db, "in", `{"k":"a","v":1,"at":1}`, `{"k":"a","v":2,"at":11}`)
	q := sums("q")
	q.Output = continuous.Output{Channel: "one"}
	create(t, db, q)
	r, err := db.Continuous().NewRunner(t.Context(), "", "q", 100)
	if err != nil {
		t.Fatal(err)
	}
	to := func(name string) error {
		return db.Continuous().Alter(t.Context(), "", "q", continuous.Change{Output: &continuous.Output{Channel: name}})
	}
	catchUp := func() {
		t.Helper()
		if err := r.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	catchUp()
	if err := to("two"); err != nil {
		t.Fatal(err)
	}
	publish(t, db, "in", `{"k":"a","v":3,"at":21}`)
	catchUp()
	publish(t, db, "in", `{"k":"a","v":4,"at":31}`)
	once := true
	r.Disturb(func() bool { defer func() { once = false }(); return once }, func() error { return to("three") })
	catchUp()
	const want = "one 1\ntwo 2\nthree 3"
	if got := rows(t, db, `SELECT 'one', data->>'total' FROM stream.one UNION ALL SELECT 'two', data->>'total' FROM stream.two UNION ALL SELECT 'three', data->>'total' FROM stream.three`); got != want {
		t.Fatalf("the results are\n%s, want\n%s", got, want)
	}
}

// TestAlterWhileItRuns changes where results go, and what a step may read, between steps
// and while one is about to commit, and pulls the plug: each result is in one of the
// outputs, once, and in order.
func TestAlterWhileItRuns(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 12
	}
	conflicts, moved := 0, 0
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 11))
		l := &life{rnd: rnd, q: randomQuery(rnd), disk: vfs.NewCrashableMem()}
		l.q.OnChange, l.q.Output = false, continuous.Output{Channel: "out"}
		l.alter = func(db *weft.DB) error {
			moved++
			out := continuous.Output{Channel: []string{"out", "out2"}[rnd.IntN(2)]}
			most, skip := 1000+rnd.IntN(1000), rnd.IntN(2) == 0
			return db.Continuous().Alter(context.Background(), "", "q", continuous.Change{Output: &out, MaxWindows: &most, SkipFaulty: &skip})
		}
		conflicts += l.throughFailures(t, seed)
	}
	if conflicts < int(seeds) || moved < int(seeds) {
		t.Errorf("only %d steps met a conflict, and %d changes were made", conflicts, moved)
	}
}

// TestFillAlter changes how long windows are waited for, and finds that after a restart.
func TestFillAlter(t *testing.T) {
	l := newFillLife(t)
	l.write("cpu", "a", time.Unix(60, 0), 1)
	_, err := l.fills().Create(t.Context(), minutely("q", "INSERT INTO ts.out SELECT $1 AS time, host, sum(value) AS value FROM ts.cpu WHERE time >= $1 AND time < $2 GROUP BY host"))
	l.must(err)
	late, delay, paused := time.Hour, 10*time.Second, true
	st, err := l.fills().Alter(t.Context(), "q", continuous.FillChange{Late: &late, Delay: &delay})
	l.must(err)
	if st.Late != late || st.Delay != delay || st.Paused {
		t.Fatalf("%+v", st)
	}
	_, err = l.fills().Alter(t.Context(), "q", continuous.FillChange{Paused: &paused})
	l.must(err)
	l.reopen()
	if st, err = l.fills().Get(t.Context(), "q"); err != nil || st.Late != late || st.Delay != delay || !st.Paused {
		t.Fatalf("after a restart it is %+v (%v)", st, err)
	}
	minus := -time.Second
	for _, c := range []continuous.FillChange{{}, {Delay: &minus}, {Late: &minus}} {
		if _, err := l.fills().Alter(t.Context(), "q", c); !errors.Is(err, weft.ErrInvalid) {
			t.Errorf("%+v is answered by %v", c, err)
		}
	}
	if _, err := l.fills().Alter(t.Context(), "none", continuous.FillChange{Paused: &paused}); code(err) != "CONTINUOUS_QUERY_NOT_FOUND" {
		t.Errorf("of none: %v", err)
	}
}

// unionOut reads the results of a query whose output was another now and then, in the
// order in which they were committed.
const unionOut = `(SELECT "offset", time, type, data FROM stream.out UNION ALL SELECT "offset", time, type, data FROM stream.out2) o ORDER BY time, "offset"`
