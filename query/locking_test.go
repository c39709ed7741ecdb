package query

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// in runs SQL in a session and returns its rows.
func in(s *Session, sql string) (string, error) {
	m := &MemorySink{}
	if err := s.Execute(bg, Request{SQL: sql}, m); err != nil {
		return "", err
	}
	last := m.Results[len(m.Results)-1]
	rows := &Rows{Columns: last.Columns, batches: last.Batches, row: -1}
	var list []string
	for rows.Next() {
		list = append(list, strings.Join(rows.Strings(), "|"))
	}
	return strings.Join(list, "\n"), nil
}

func session(t testing.TB, e *Engine) *Session {
	t.Helper()
	s, err := e.NewSession(bg, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func must(t testing.TB, s *Session, sql string) string {
	t.Helper()
	got, err := in(s, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// TestJobQueue: 16 workers take jobs with SKIP LOCKED under either isolation, in
// transactions that span statements; each job is done once.
func TestJobQueue(t *testing.T) {
	for _, level := range []string{"REPEATABLE READ", "SERIALIZABLE"} {
		t.Run(level, func(t *testing.T) {
			const jobs = 120
			e := testEngine(t, Options{})
			mustExec(t, e, "CREATE TABLE job (id int PRIMARY KEY, done int NOT NULL DEFAULT 0); CREATE INDEX ON job (id) WHERE done = 0")
			mustExec(t, e, fmt.Sprintf("INSERT INTO job (id) SELECT * FROM generate_series(1, %d)", jobs))
			var wg sync.WaitGroup
			var done, conflicts atomic.Int64
			for range 16 {
				s := session(t, e)
				wg.Go(func() {
					for {
						must(t, s, "BEGIN ISOLATION LEVEL "+level)
						id, err := in(s, "SELECT id FROM job WHERE done = 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
						if err == nil && id == "" {
							must(t, s, "ROLLBACK")
							if one(t, e, "SELECT count(*) FROM job WHERE done = 0") == "0" {
								return
							}
							continue // others hold what is left
						}
						if err == nil {
							_, err = in(s, "UPDATE job SET done = done + 1 WHERE id = "+id)
						}
						if err == nil {
							_, err = in(s, "COMMIT")
						}
						switch state(err) {
						case "<nil>":
							done.Add(1)
						case dberr.StateSerializationFailure, dberr.StateDeadlock:
							conflicts.Add(1)
							must(t, s, "ROLLBACK")
						default:
							t.Errorf("worker: %v", err)
							return
						}
					}
				})
			}
			wg.Wait()
			if got := one(t, e, "SELECT count(*), sum(done), min(done), max(done) FROM job"); got != fmt.Sprintf("%d|%d|1|1", jobs, jobs) || done.Load() != jobs {
				t.Errorf("jobs: %s, %d were done", got, done.Load())
			}
			t.Logf("%d conflicts", conflicts.Load())
			if level == "REPEATABLE READ" && conflicts.Load() > 0 {
				t.Errorf("%d conflicts where locks keep workers apart", conflicts.Load())
			}
		})
	}
}

// TestLocksAreAsMany as come out: a limit leaves the others free.
func TestLocksAreAsManyAsComeOut(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT n, -n FROM generate_series(1, 50) n")
	a, b := session(t, e), session(t, e)
	must(t, a, "BEGIN")
	if got := must(t, a, "SELECT id FROM t ORDER BY v LIMIT 2 OFFSET 1 FOR UPDATE"); got != "49\n48" {
		t.Errorf("got %q", got)
	}
	must(t, b, "BEGIN")
	if got := must(t, b, "SELECT count(*) FROM (SELECT id FROM t FOR UPDATE SKIP LOCKED) x"); got != "47" {
		t.Errorf("%s rows are free", got) // 50, 49 and 48 are locked: the offset passes one over that it locks
	}
	for sql, want := range map[string]string{
		"SELECT DISTINCT v FROM t FOR UPDATE":                "0A000",
		"SELECT count(*) FROM t FOR UPDATE":                  "0A000",
		"SELECT v FROM t GROUP BY v FOR SHARE":               "0A000",
		"SELECT row_number() OVER () FROM t FOR UPDATE":      "0A000",
		"SELECT generate_series(1, v) FROM t FOR UPDATE":     "0A000",
		"SELECT 1 UNION SELECT 2 FOR UPDATE":                 "0A000",
		"SELECT v FROM t FOR UPDATE OF x":                    "42P01",
		"SELECT v FROM (VALUES (1)) x(v) FOR UPDATE OF x":    "0A000",
		"SELECT t.v FROM t, t u FOR UPDATE OF u NOWAIT":      "55P03",
		"SELECT v FROM t WHERE id = 49 FOR KEY SHARE NOWAIT": "55P03",
	} {
		s := session(t, e)
		if _, err := in(s, sql); state(err) != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	c := session(t, e)
	must(t, c, "BEGIN READ ONLY")
	if _, err := in(c, "SELECT v FROM t FOR UPDATE"); state(err) != dberr.StateReadOnlyTransaction {
		t.Errorf("locked in a transaction that only reads: %v", err)
	}
}

func TestLockTimeoutAndDeadlock(t *testing.T) {
	e := testEngine(t, Options{Retries: -1})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)")
	a, b := session(t, e), session(t, e)
	must(t, a, "BEGIN; SELECT * FROM t WHERE id = 1 FOR UPDATE")
	must(t, b, "BEGIN; SET LOCAL lock_timeout = '20ms'; SELECT * FROM t WHERE id = 2 FOR UPDATE; SAVEPOINT s")
	if _, err := in(b, "SELECT * FROM t WHERE id = 1 FOR UPDATE"); state(err) != dberr.StateLockNotAvailable || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("lock timeout: %v", err)
	}
	must(t, b, "ROLLBACK TO s; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = '20ms'")
	if _, err := in(b, "SELECT * FROM t WHERE id = 1 FOR UPDATE"); state(err) != dberr.StateQueryCanceled {
		t.Errorf("statement timeout: %v", err)
	}
	must(t, b, "ROLLBACK TO s; RELEASE s; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
	waited := make(chan error)
	go func() {
		_, err := in(b, "SELECT * FROM t WHERE id = 1 FOR UPDATE")
		waited <- err
	}()
	// Whoever closes the circle is told; the other goes on.
	_, err := in(a, "SELECT * FROM t WHERE id = 2 FOR UPDATE")
	if err != nil {
		must(t, a, "ROLLBACK")
	}
	other := <-waited
	if got := []string{state(err), state(other)}; got[0] != dberr.StateDeadlock && got[1] != dberr.StateDeadlock {
		t.Errorf("deadlock: %v and %v", err, other)
	}
}

// TestFirstQueryOfBlockRunsAgain: a transaction that waited for a lock with its first
// query sees what the holder committed, and is not told of a conflict.
func TestFirstQueryOfBlockRunsAgain(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)")
	holder := session(t, e)
	must(t, holder, "BEGIN; SELECT v FROM t WHERE id = 1 FOR UPDATE")
	var wg sync.WaitGroup
	for i := range 4 {
		s := session(t, e)
		must(t, s, "BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL timezone = 'Europe/Oslo'")
		wg.Go(func() {
			v, err := in(s, "SELECT v FROM t WHERE id = 1 FOR UPDATE")
			if err != nil {
				t.Errorf("waiter %d: %v", i, err)
				return
			}
			if _, err := in(s, "UPDATE t SET v = "+v+" + 1 WHERE id = 1; COMMIT"); err != nil {
				t.Errorf("waiter %d: %v", i, err)
			}
		})
	}
	must(t, holder, "UPDATE t SET v = v + 1; COMMIT")
	wg.Wait()
	if got := one(t, e, "SELECT v FROM t"); got != "5" {
		t.Errorf("v is %s", got)
	}
	s := session(t, e) // the second query is not run again
	must(t, s, "BEGIN; SELECT v FROM t")
	mustExec(t, e, "UPDATE t SET v = 9")
	if _, err := in(s, "SELECT v FROM t FOR UPDATE"); state(err) != dberr.StateSerializationFailure {
		t.Errorf("got %v", err)
	}
}

func TestSettings(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (v int)")
	s := session(t, e)
	show := func(name, want string) {
		t.Helper()
		if got := must(t, s, "SHOW "+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	must(t, s, "SET timezone = 'Europe/Oslo'; SET lock_timeout = '2s'; SET application_name = 'x y'; SET idle_in_transaction_session_timeout = 1500")
	show("timezone", "Europe/Oslo")
	show("lock_timeout", "2s")
	show("idle_in_transaction_session_timeout", "1500ms")
	must(t, s, "BEGIN; SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL search_path = a, b; SET lock_timeout = '3s'")
	show("timezone", "Asia/Tokyo")
	must(t, s, "COMMIT") // local ones go back, others stay
	show("timezone", "Europe/Oslo")
	show("search_path", `"$user", public`)
	show("lock_timeout", "3s")
	must(t, s, "BEGIN; SET LOCAL timezone = 'Asia/Tokyo'; SET timezone = 'UTC'; COMMIT")
	show("timezone", "UTC")
	must(t, s, "BEGIN; SET timezone = 'Asia/Tokyo'; ROLLBACK") // rolled back, all go back
	show("timezone", "UTC")
	must(t, s, "BEGIN; SET timezone = 'Asia/Tokyo'; SAVEPOINT a; SET timezone = 'Europe/Oslo'; ROLLBACK TO a")
	show("timezone", "Asia/Tokyo")
	must(t, s, "COMMIT; RESET timezone; RESET ALL")
	show("timezone", "UTC")
	show("lock_timeout", "0")
	show("application_name", "")

	must(t, s, "BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	show("transaction_isolation", "repeatable read")
	if s.tx.Isolation() != txn.Snapshot {
		t.Error("the isolation was shown and not set")
	}
	if _, err := in(s, "INSERT INTO t VALUES (1)"); state(err) != dberr.StateReadOnlyTransaction {
		t.Errorf("wrote: %v", err)
	}
	must(t, s, "ROLLBACK; BEGIN; SELECT 1")
	if _, err := in(s, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); state(err) != dberr.StateActiveTransaction {
		t.Errorf("after a query: %v", err)
	}
	must(t, s, "ROLLBACK; SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on")
	must(t, s, "BEGIN; SELECT 1")
	show("transaction_isolation", "repeatable read")
	show("transaction_read_only", "on")
	if s.tx.Isolation() != txn.Snapshot || !s.tx.ReadOnly() {
		t.Error("the defaults were not used")
	}
	must(t, s, "COMMIT")
	if _, err := in(s, "INSERT INTO t VALUES (1)"); state(err) != dberr.StateReadOnlyTransaction {
		t.Errorf("wrote: %v", err)
	}
	must(t, s, "BEGIN READ WRITE; INSERT INTO t VALUES (1); COMMIT")
	must(t, s, "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
	must(t, s, "INSERT INTO t VALUES (2)")
	for sql, want := range map[string]string{
		"LISTEN a": "0A000", "NOTIFY a": "0A000", "UNLISTEN *": "0A000", "SET nonsense = 1": "42704", "SHOW nonsense": "42704",
		"SET datestyle = 'Martian'": "22023", "SET lock_timeout = 'soon'": "22023", "SET lock_timeout = -1": "22023", "SET server_version = '1'": "55P02",
	} {
		if _, err := in(s, sql); state(err) != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}

// TestTransactionOfOwner: what spans calls is ended by its owner, and steps of other
// models are undone alone.
func TestTransactionOfOwner(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (v int)")
	ctx, cancel := context.WithTimeout(bg, time.Minute)
	defer cancel()
	tx, err := e.Begin(ctx, "", txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) error { return tx.Execute(ctx, Request{SQL: sql}, &MemorySink{}) }
	if err := exec("INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	boom := dberr.New(dberr.ErrNotFound, "X", "x")
	if err := tx.Do(func() error {
		if err := tx.Tx().Put([]byte{0xf0, 1}, []byte("x")); err != nil {
			return err
		}
		return boom
	}); err != boom { //nolint:errorlint // it is the same
		t.Fatal(err)
	}
	if _, ok, _ := tx.Tx().Get([]byte{0xf0, 1}); ok {
		t.Error("a failed step left a write")
	}
	ts, err := tx.Commit(ctx)
	if err != nil || ts == 0 || ts != tx.Tx().CommitTimestamp() {
		t.Fatalf("commit: %v %v", ts, err)
	}
	tx.Rollback()
	if got := one(t, e, "SELECT count(*) FROM t"); got != "1" {
		t.Errorf("%s rows", got)
	}
	if err := exec("SELECT 1"); err == nil {
		t.Error("a statement ran after the end")
	}
}
