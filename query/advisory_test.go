package query

import (
	"testing"
	"testing/synctest"

	"github.com/weftdb/weft/storage/txn"
)

// asked is SQL that runs in a session in the background.
type asked struct {
	end chan struct{}
	got string
	err error
}

func later(s *Session, sql string) *asked {
	a := &asked{end: make(chan struct{})}
	go func() {
		a.got, a.err = in(s, sql)
		close(a.end)
	}()
	return a
}

// answers waits for it to end, in rows or with a SQLSTATE.
func (a *asked) answers(t *testing.T, want string) {
	t.Helper()
	<-a.end
	switch {
	case a.err != nil && state(a.err) != want:
		t.Errorf("%v, want %s", a.err, want)
	case a.err == nil && a.got != want:
		t.Errorf("%q, want %q", a.got, want)
	}
}

func (a *asked) waits(t *testing.T) {
	t.Helper()
	synctest.Wait()
	select {
	case <-a.end:
		t.Errorf("did not wait: %s, %v", a.got, a.err)
	default:
	}
}

func advisoryTest(t *testing.T, name string, f func(t *testing.T, e *Engine, a, b *Session)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store, err := txn.NewMemory(txn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			e, err := New(store, Options{Timeout: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1), (2, 2)")
			a, b := session(t, e), session(t, e)
			f(t, e, a, b)
			a.Close()
			b.Close()
			if len(e.advisory.used)+len(e.advisory.keys) != 0 || len(store.ObjectLocks()) != 0 {
				t.Errorf("left: %v, %v", e.advisory.keys, store.ObjectLocks())
			}
		})
	})
}

// TestAdvisoryLocks: advisory locks between sessions.
func TestAdvisoryLocks(t *testing.T) {
	advisoryTest(t, "a session has it beyond its transaction", func(t *testing.T, _ *Engine, a, b *Session) {
		must(t, a, "SELECT pg_advisory_lock(1)")
		later(b, "SELECT pg_try_advisory_lock(1), pg_try_advisory_lock(1, 0), pg_try_advisory_lock_shared(2)").answers(t, "f|t|t")
		p := later(b, "SELECT pg_advisory_lock_shared(1)")
		p.waits(t)
		if got := must(t, a, "SELECT mode, granted, pid = pg_backend_pid() FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND objsubid = 1 ORDER BY 1"); got != "ExclusiveLock|t|t\nShareLock|f|f" {
			t.Errorf("listed: %s", got)
		}
		must(t, a, "BEGIN; SELECT 1; COMMIT")
		p.waits(t)
		must(t, a, "SELECT pg_advisory_unlock(1)")
		p.answers(t, "")
		later(a, "SELECT pg_try_advisory_lock(1), pg_try_advisory_lock_shared(1)").answers(t, "f|t")
		b.Close()
		later(a, "SELECT pg_try_advisory_lock(1)").answers(t, "t")
	})
	advisoryTest(t, "a request is a session", func(t *testing.T, e *Engine, a, _ *Session) {
		mustExec(t, e, "SELECT pg_advisory_lock(1)")
		later(a, "SELECT pg_try_advisory_lock(1)").answers(t, "t")
		if got := one(t, e, "SELECT pg_try_advisory_lock(1)"); got != "f" {
			t.Errorf("got %s", got)
		}
	})
	for _, commit := range []bool{true, false} {
		advisoryTest(t, "a transaction that spans requests is a session", func(t *testing.T, e *Engine, a, _ *Session) {
			tx, err := e.Begin(bg, "", txn.TxOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := tx.Execute(bg, Request{SQL: "SELECT pg_advisory_lock(1)"}, &MemorySink{}); err != nil {
					t.Fatal(err)
				}
			}
			later(a, "SELECT pg_try_advisory_lock(1)").answers(t, "f")
			if tx.Rollback(); commit {
				if tx, err = e.Begin(bg, "", txn.TxOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := tx.Execute(bg, Request{SQL: "SELECT pg_advisory_lock(1)"}, &MemorySink{}); err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Commit(bg); err != nil {
					t.Fatal(err)
				}
			}
			later(a, "SELECT pg_try_advisory_lock(1)").answers(t, "t")
		})
	}
	advisoryTest(t, "who has waited at first sees what was done", func(t *testing.T, _ *Engine, a, b *Session) {
		must(t, a, "BEGIN; SELECT pg_advisory_xact_lock(1); UPDATE t SET v = 10 WHERE id = 1")
		p := later(b, "BEGIN; SELECT pg_advisory_xact_lock(1); SELECT v FROM t WHERE id = 1")
		p.waits(t)
		must(t, a, "COMMIT")
		p.answers(t, "10")
		later(a, "SELECT pg_try_advisory_xact_lock(1)").answers(t, "f")
		must(t, b, "UPDATE t SET v = v + 1 WHERE id = 1; COMMIT")
		later(a, "SELECT v, pg_try_advisory_xact_lock(1) FROM t WHERE id = 1").answers(t, "11|t")
	})
	advisoryTest(t, "later it keeps its snapshot", func(t *testing.T, _ *Engine, a, b *Session) {
		must(t, a, "BEGIN; SELECT pg_advisory_xact_lock(1); UPDATE t SET v = 10 WHERE id = 1")
		must(t, b, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT v FROM t WHERE id = 2")
		p := later(b, "SELECT pg_advisory_xact_lock(1); SELECT v FROM t WHERE id = 1")
		p.waits(t)
		must(t, a, "COMMIT")
		p.answers(t, "1")
	})
	advisoryTest(t, "a circle with a row", func(t *testing.T, _ *Engine, a, b *Session) {
		must(t, a, "SELECT pg_advisory_lock(1)")
		must(t, b, "BEGIN; SELECT v FROM t WHERE id = 1 FOR UPDATE")
		p := later(b, "SELECT pg_advisory_lock(1)")
		p.waits(t)
		must(t, a, "BEGIN; SELECT v FROM t WHERE id = 2")
		later(a, "SELECT v FROM t WHERE id = 1 FOR UPDATE").answers(t, "40P01")
		p.waits(t) // the lock is the session's
		must(t, a, "ROLLBACK; SELECT pg_advisory_unlock(1)")
		p.answers(t, "")
	})
	advisoryTest(t, "lock_timeout", func(t *testing.T, _ *Engine, a, b *Session) {
		must(t, a, "SELECT pg_advisory_lock(1)")
		must(t, b, "SET lock_timeout = '100ms'")
		p := later(b, "SELECT pg_advisory_lock(1)")
		p.waits(t)
		p.answers(t, "55P03")
		if p.err == nil || p.err.Error() != "canceling statement due to lock timeout" {
			t.Errorf("got %v", p.err)
		}
		must(t, b, "SET lock_timeout = 0")
		must(t, a, "SELECT pg_advisory_unlock_all()")
		later(b, "SELECT pg_advisory_xact_lock(1)").answers(t, "")
	})
	advisoryTest(t, "a request that is run again", func(t *testing.T, _ *Engine, a, b *Session) {
		must(t, b, "SELECT pg_advisory_lock(5)")
		p := later(a, "SELECT pg_advisory_lock(1); UPDATE t SET v = v + 1 WHERE id = 1; SELECT pg_advisory_lock(5); SELECT pg_advisory_unlock(5)")
		p.waits(t)
		must(t, b, "UPDATE t SET v = v + 1 WHERE id = 1")
		must(t, b, "SELECT pg_advisory_unlock(5)")
		p.answers(t, "t")
		later(a, "SELECT v, pg_advisory_unlock(1), pg_advisory_unlock(1) FROM t WHERE id = 1").answers(t, "3|t|f")
	})
}
