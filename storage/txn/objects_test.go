package txn_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

func (l locker) object(id txn.ObjectID, mode txn.ObjectMode, implied bool) *pending {
	return l.start(context.Background(), func(ctx context.Context) (bool, error) {
		_, err := l.tx.LockObject(ctx, id, mode, implied, txn.LockWait)
		return true, err
	})
}

func (l locker) objectNow(id txn.ObjectID, mode txn.ObjectMode, implied bool) error {
	_, err := l.tx.LockObject(context.Background(), id, mode, implied, txn.LockNoWait)
	return err
}

// conflictTable is the table of PostgreSQL's manual (13.3.1, table 13.2).
var conflictTable = [8]string{
	".......X",
	"......XX",
	"....XXXX",
	"...XXXXX",
	"..XX.XXX",
	"..XXXXXX",
	".XXXXXXX",
	"XXXXXXXX",
}

// TestObjectModes: who asks for a mode meets another who asked for one, or whose statement
// implies one, as PostgreSQL's table says; implied modes go with each other.
func TestObjectModes(t *testing.T) {
	s := memory(t, txn.Options{})
	for held := range txn.ObjectMode(8) {
		for asked := range txn.ObjectMode(8) {
			for _, implied := range []struct{ held, asked bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
				ls := lockers(t, s, 2)
				if err := ls[0].objectNow(7, held, implied.held); err != nil {
					t.Fatal(err)
				}
				err := ls[1].objectNow(7, asked, implied.asked)
				want := conflictTable[held][asked] == 'X' && !(implied.held && implied.asked)
				if (err != nil) != want {
					t.Errorf("%v (implied %v) beside %v (implied %v): %v, want refused %v", asked, implied.asked, held, implied.held, err, want)
				}
				if err != nil {
					wantCode(t, err, dberr.ErrConflict, "LOCK_NOT_AVAILABLE")
				}
				if err := ls[1].objectNow(8, asked, implied.asked); err != nil {
					t.Errorf("another object: %v", err)
				}
				ls[0].tx.Rollback()
				if err := ls[1].objectNow(7, asked, implied.asked); err != nil {
					t.Errorf("%v after the end of the holder: %v", asked, err)
				}
				ls[1].tx.Rollback()
			}
		}
	}
	if list := s.ObjectLocks(); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}

func TestObjectLocks(t *testing.T) {
	run := func(name string, n int, f func(t *testing.T, s *txn.Store, tx []locker)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memory(t, txn.Options{})
				ls := lockers(t, s, n)
				f(t, s, ls)
				for _, l := range ls {
					l.tx.Rollback()
				}
				if list := s.ObjectLocks(); len(list) != 0 {
					t.Errorf("left: %v", list)
				}
				probe := lockers(t, s, 2)
				for _, l := range probe { // nobody is sent to the lock table any more
					if err := l.objectNow(1, txn.RowExclusive, true); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
	run("waits for those who wrote, keeps others out", 4, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].object(1, txn.RowExclusive, true).granted()
		x := tx[1].object(1, txn.Exclusive, false)
		x.waits()
		late := tx[2].object(1, txn.RowExclusive, true)
		late.waits() // in the queue behind it
		tx[3].object(1, txn.AccessShare, true).granted()
		tx[0].object(1, txn.RowExclusive, true).granted() // it has that
		tx[0].tx.Rollback()
		x.granted()
		late.waits()
		tx[1].commit().granted()
		late.granted()
	})
	run("a mode that goes with those who wait passes them", 4, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].object(1, txn.RowExclusive, true).granted()
		x := tx[1].object(1, txn.Share, false)
		x.waits()
		tx[2].object(1, txn.RowShare, true).granted()
		tx[3].object(1, txn.AccessShare, false).granted()
		tx[0].tx.Rollback()
		x.granted()
	})
	run("who gives up lets others on", 4, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].object(1, txn.RowExclusive, true).granted()
		ctx, cancel := context.WithCancel(context.Background())
		x := tx[1].start(ctx, func(ctx context.Context) (bool, error) {
			_, err := tx[1].tx.LockObject(ctx, 1, txn.Share, false, txn.LockWait)
			return true, err
		})
		w := tx[2].object(1, txn.RowExclusive, true)
		w.waits()
		cancel()
		x.failed(dberr.ErrCanceled, "CANCELED")
		w.granted()
	})
	run("a circle of two objects", 2, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].object(1, txn.Exclusive, false).granted()
		tx[1].object(2, txn.Exclusive, false).granted()
		p := tx[0].object(2, txn.RowExclusive, true)
		p.waits()
		tx[1].object(1, txn.RowExclusive, true).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
		tx[1].tx.Rollback()
		p.granted()
	})
	run("a circle of two that wrote and want more", 2, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].object(1, txn.RowExclusive, true).granted()
		tx[1].object(1, txn.RowExclusive, true).granted()
		p := tx[0].object(1, txn.ShareRowExclusive, false)
		p.waits()
		tx[1].object(1, txn.ShareRowExclusive, false).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
		tx[1].tx.Rollback()
		p.granted()
	})
	run("a circle of an object and a key", 2, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].lock("a", exclusive).granted()
		tx[1].object(1, txn.AccessExclusive, false).granted()
		p := tx[1].lock("a", exclusive)
		p.waits()
		tx[0].object(1, txn.AccessShare, true).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
		tx[0].tx.Rollback()
		p.granted()
	})
	run("a commit that waits for a key closes a circle", 2, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].put("a", "1")
		tx[0].object(1, txn.RowExclusive, true).granted()
		tx[1].lock("a", exclusive).granted()
		p := tx[1].object(1, txn.Exclusive, false)
		p.waits()
		tx[0].commit().failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
		p.granted()
	})
	run("savepoints give back what was asked for, not what was written", 3, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].object(1, txn.RowExclusive, true).granted()
		sp := tx[0].tx.Savepoint()
		tx[0].object(2, txn.Exclusive, false).granted()
		x := tx[1].object(1, txn.Share, false) // takes the weak lock over after the savepoint
		x.waits()
		w := tx[2].object(2, txn.RowExclusive, true)
		w.waits()
		if err := tx[0].tx.RollbackTo(sp); err != nil {
			t.Fatal(err)
		}
		w.granted()
		x.waits()
		tx[0].tx.Rollback()
		x.granted()
	})
	run("a new snapshot keeps the locks", 2, func(t *testing.T, s *txn.Store, tx []locker) {
		tx[0].put("k", "1")
		tx[0].object(1, txn.RowExclusive, true).granted()
		if _, ok, _ := tx[1].tx.Get([]byte("k")); ok {
			t.Fatal("there already")
		}
		tx[1].object(2, txn.RowExclusive, true).granted()
		x := tx[1].object(1, txn.Exclusive, false)
		tx[0].commit().granted()
		x.granted()
		if err := tx[1].tx.Renew(); err != nil {
			t.Fatal(err)
		}
		if v, ok, _ := tx[1].tx.Get([]byte("k")); !ok || string(v) != "1" {
			t.Errorf("k is %q, %v in the new snapshot", v, ok)
		}
		for id, mode := range map[txn.ObjectID]txn.ObjectMode{1: txn.RowExclusive, 2: txn.Share} {
			wantCode(t, lockers(t, s, 1)[0].objectNow(id, mode, false), dberr.ErrConflict, "LOCK_NOT_AVAILABLE")
		}
		tx[1].put("k", "2")
		if err := tx[1].tx.Renew(); err == nil {
			t.Error("a new snapshot after a write")
		}
		tx[1].commit().granted()
	})
}

// TestObjectLocksExclude: writers with implied locks and holders of strong ones, of two
// objects in any order: nobody writes while a strong one is held, and nothing is left.
func TestObjectLocksExclude(t *testing.T) {
	s := memory(t, txn.Options{})
	var writers, holders [2]atomic.Int64
	var wg sync.WaitGroup
	var had, deadlocks atomic.Int64
	work := func(rnd *rand.Rand, strong bool) {
		tx := begin(t, s, txn.TxOptions{})
		defer tx.Rollback()
		mode, count := txn.RowExclusive, &writers
		if strong {
			mode, count = txn.Exclusive, &holders
		}
		first := rnd.IntN(2)
		for i := range 1 + rnd.IntN(2) {
			id := first ^ i
			if _, err := tx.LockObject(context.Background(), txn.ObjectID(id+1), mode, !strong, txn.LockWait); err != nil {
				wantCode(t, err, dberr.ErrConflict, "DEADLOCK_DETECTED")
				deadlocks.Add(1)
				return
			}
			count[id].Add(1)
			defer count[id].Add(-1) // before the rollback
			runtime.Gosched()
			if strong && (writers[id].Load() != 0 || holders[id].Load() != 1) || !strong && holders[id].Load() != 0 {
				t.Errorf("object %d: %d writers beside %d holders", id, writers[id].Load(), holders[id].Load())
			}
			had.Add(1)
		}
	}
	for w := range 8 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(w)))
			for range 500 {
				work(rnd, w%4 == 0)
			}
		})
	}
	wg.Wait()
	t.Logf("%d locks, %d deadlocks", had.Load(), deadlocks.Load())
	if list := s.ObjectLocks(); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}
