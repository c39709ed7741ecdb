package query

import (
	"errors"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// crowd runs texts from several clients at once, each until it has gone through a number
// of times.
func crowd(t *testing.T, e *Engine, clients, times int, run func(client int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for done := 0; done < times; {
				err := run(c)
				if err != nil && !errors.Is(err, dberr.ErrConflict) {
					t.Errorf("client %d: %v", c, err)
					return
				}
				if err == nil {
					done++
				}
			}
		})
	}
	wg.Wait()
}

// TestRestartWithContendedKeys: what begins its transaction anew, for another isolation or
// since its first query met a conflict, does not wait for the keys that it holds itself.
func TestRestartWithContendedKeys(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE h (id int PRIMARY KEY, n int); INSERT INTO h VALUES (1, 0), (2, 0)")
	run := func(sql string) error { _, err := e.Exec(t.Context(), "", sql); return err }
	crowd(t, e, 8, 25, func(int) error {
		return run("BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; UPDATE h SET n = n + 1 WHERE id = 1; COMMIT")
	})
	if got := one(t, e, "SELECT n FROM h WHERE id = 1"); got != "200" {
		t.Errorf("n = %s", got)
	}
	crowd(t, e, 8, 25, func(client int) error {
		if client < 2 {
			return run("UPDATE h SET n = n + 1 WHERE id = 2")
		}
		var met txn.Contended
		for {
			err := func() error {
				tx, err := e.Begin(t.Context(), "", txn.TxOptions{Isolation: txn.Snapshot, After: &met})
				if err != nil {
					return err
				}
				defer tx.Rollback()
				for _, sql := range []string{"SELECT n FROM h WHERE id = 2 FOR UPDATE", "UPDATE h SET n = n + 1 WHERE id = 1"} {
					if err := tx.Execute(t.Context(), Request{SQL: sql}, &discard{}); err != nil {
						return err
					}
				}
				_, err = tx.Commit(t.Context())
				return err
			}()
			if err == nil || !met.Learn(err) {
				return err
			}
		}
	})
	if got := one(t, e, "SELECT sum(n) FROM h"); got != "400" {
		t.Errorf("sum = %s", got)
	}
}

// TestSequenceReadBeforeItIsTaken: who reads a sequence and takes values of it in one
// transaction is not in conflict with itself.
func TestSequenceReadBeforeItIsTaken(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE sq (id serial PRIMARY KEY, x int)")
	mustExec(t, e, "BEGIN; SELECT last_value FROM sq_id_seq; INSERT INTO sq (x) SELECT g FROM generate_series(1, 1000) g; COMMIT")
	if got := one(t, e, "SELECT max(id) FROM sq"); got != "1000" {
		t.Errorf("max(id) = %s", got)
	}
	mustExec(t, e, "BEGIN; SELECT setval('sq_id_seq', 5000); ALTER SEQUENCE sq_id_seq INCREMENT 2; INSERT INTO sq (x) VALUES (0); COMMIT")
	if got := one(t, e, "SELECT max(id) FROM sq"); got != "5002" {
		t.Errorf("max(id) = %s", got)
	}
}
