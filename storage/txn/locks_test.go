package txn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// locker runs the calls of one transaction in a goroutine, so that they may wait.
type locker struct {
	t  *testing.T
	tx *txn.Tx
}

func lockers(t *testing.T, s *txn.Store, n int) []locker {
	ls := make([]locker, n)
	for i := range ls {
		ls[i] = locker{t, begin(t, s, txn.TxOptions{})}
	}
	return ls
}

// pending is a call that may wait.
type pending struct {
	t    *testing.T
	done atomic.Bool
	ok   bool
	err  error
}

func (l locker) start(ctx context.Context, fn func(context.Context) (bool, error)) *pending {
	p := &pending{t: l.t}
	go func() {
		p.ok, p.err = fn(ctx)
		p.done.Store(true)
	}()
	synctest.Wait()
	return p
}

func (l locker) lock(key string, mode txn.LockMode) *pending {
	return l.start(context.Background(), func(ctx context.Context) (bool, error) {
		return l.tx.Lock(ctx, []byte(key), mode, txn.LockWait)
	})
}

func (l locker) commit() *pending {
	return l.start(context.Background(), func(ctx context.Context) (bool, error) { return true, l.tx.Commit(ctx) })
}

func (l locker) put(key, value string) {
	l.t.Helper()
	if err := l.tx.Put([]byte(key), []byte(value)); err != nil {
		l.t.Fatal(err)
	}
}

func (p *pending) waits() {
	p.t.Helper()
	synctest.Wait()
	if p.done.Load() {
		p.t.Fatalf("did not wait: %v, %v", p.ok, p.err)
	}
}

func (p *pending) granted() {
	p.t.Helper()
	synctest.Wait()
	if !p.done.Load() {
		p.t.Fatal("still waits")
	}
	if !p.ok || p.err != nil {
		p.t.Fatalf("got %v, %v; want it granted", p.ok, p.err)
	}
}

func (p *pending) failed(class error, code string) {
	p.t.Helper()
	synctest.Wait()
	if !p.done.Load() {
		p.t.Fatal("still waits")
	}
	wantCode(p.t, p.err, class, code)
}

func lockTest(name string, n int, f func(t *testing.T, s *txn.Store, tx []locker)) func(*testing.T) {
	return func(t *testing.T) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memory(t, txn.Options{})
				f(t, s, lockers(t, s, n))
				for _, l := range lockers(t, s, 1) { // whatever happened, nothing is left locked
					for k := 'a'; k <= 'e'; k++ {
						if ok, err := l.tx.Lock(t.Context(), []byte{byte(k)}, txn.LockExclusive, txn.LockSkip); !ok && err == nil {
							t.Errorf("%c is still locked", k)
						}
					}
				}
			})
		})
	}
}

const (
	shared    = txn.LockShared
	exclusive = txn.LockExclusive
)

func TestLocks(t *testing.T) {
	rollback := func(ls ...locker) {
		for _, l := range ls {
			l.tx.Rollback()
		}
	}
	for _, run := range []func(*testing.T){
		lockTest("who holds it, again", 1, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", exclusive).granted()
			tx[0].lock("a", exclusive).granted()
			tx[0].lock("a", shared).granted()
			rollback(tx...)
		}),
		lockTest("exclusive waits", 2, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", exclusive).granted()
			p := tx[1].lock("a", exclusive)
			p.waits()
			rollback(tx[0])
			p.granted()
			rollback(tx...)
		}),
		lockTest("shared together", 3, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", shared).granted()
			tx[1].lock("a", shared).granted()
			p := tx[2].lock("a", exclusive)
			p.waits()
			rollback(tx[0])
			p.waits()
			rollback(tx[1])
			p.granted()
			rollback(tx...)
		}),
		lockTest("in order", 4, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", shared).granted()
			x := tx[1].lock("a", exclusive)
			sh := tx[2].lock("a", shared) // does not overtake
			x2 := tx[3].lock("a", exclusive)
			x.waits()
			sh.waits()
			rollback(tx[0])
			x.granted()
			sh.waits()
			rollback(tx[1])
			sh.granted()
			x2.waits()
			rollback(tx[2])
			x2.granted()
			rollback(tx...)
		}),
		lockTest("upgrade goes first", 3, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", shared).granted()
			tx[1].lock("a", shared).granted()
			other := tx[2].lock("a", exclusive)
			up := tx[0].lock("a", exclusive)
			up.waits()
			rollback(tx[1])
			up.granted()
			other.waits()
			rollback(tx[0])
			other.granted()
			rollback(tx...)
		}),
		lockTest("two upgrades", 2, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", shared).granted()
			tx[1].lock("a", shared).granted()
			up := tx[0].lock("a", exclusive)
			up.waits()
			tx[1].lock("a", exclusive).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
			up.waits()
			rollback(tx[1])
			up.granted()
			rollback(tx...)
		}),
		lockTest("circle of two", 2, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", exclusive).granted()
			tx[1].lock("b", exclusive).granted()
			p := tx[0].lock("b", exclusive)
			p.waits()
			tx[1].lock("a", shared).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
			rollback(tx[1])
			p.granted()
			rollback(tx...)
		}),
		lockTest("circle over a queue", 4, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", shared).granted()
			tx[1].lock("b", exclusive).granted()
			x := tx[1].lock("a", exclusive) // waits for 0
			x.waits()
			sh := tx[2].lock("a", shared) // waits for 1, in the queue only
			sh.waits()
			tx[3].lock("c", exclusive).granted()
			// 0 asks for c, 3 for b: no circle yet, and 3 waits for 1, which waits for 0.
			p := tx[3].lock("b", shared)
			p.waits()
			tx[0].lock("c", shared).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
			rollback(tx[0])
			x.granted()
			rollback(tx[1])
			sh.granted()
			p.granted()
			rollback(tx...)
		}),
		lockTest("a circle that only a queue closes", 3, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", shared).granted()
			tx[2].lock("b", exclusive).granted()
			x := tx[1].lock("b", exclusive) // waits for 2
			x.waits()
			y := tx[0].lock("b", shared) // waits for 1 and so for 2
			y.waits()
			tx[2].lock("a", exclusive).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
			rollback(tx[2])
			x.granted()
			rollback(tx[1])
			y.granted()
			rollback(tx...)
		}),
		lockTest("a commit waits, and meets a deadlock", 2, func(t *testing.T, s *txn.Store, tx []locker) {
			tx[0].lock("a", exclusive).granted()
			tx[1].lock("b", exclusive).granted()
			tx[0].put("b", "0")
			tx[1].put("a", "1")
			p := tx[0].commit()
			p.waits()
			tx[1].commit().failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
			p.granted()
		}),
	} {
		run(t)
	}
}

func TestLockDoesNotWait(t *testing.T) {
	s := memory(t, txn.Options{})
	tx := lockers(t, s, 3)
	ctx := t.Context()
	if ok, err := tx[0].tx.Lock(ctx, []byte("a"), exclusive, txn.LockNoWait); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, err := tx[1].tx.Lock(ctx, []byte("a"), shared, txn.LockNoWait)
	wantCode(t, err, dberr.ErrConflict, "LOCK_NOT_AVAILABLE")
	if ok, err := tx[1].tx.Lock(ctx, []byte("a"), shared, txn.LockSkip); ok || err != nil {
		t.Errorf("skip: got %v, %v, want false", ok, err)
	}
	runs := 0
	err = s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		runs++
		_, err := tx.Lock(ctx, []byte("a"), shared, txn.LockNoWait)
		return err
	})
	wantCode(t, err, dberr.ErrConflict, "LOCK_NOT_AVAILABLE")
	if runs != 1 {
		t.Errorf("Update ran %d times what asked to be told", runs)
	}
	_, err = tx[2].tx.Lock(ctx, nil, shared, txn.LockWait)
	wantCode(t, err, dberr.ErrInvalid, "EMPTY_KEY")
	_, err = tx[2].tx.Lock(ctx, []byte("k"), 0, txn.LockWait)
	wantCode(t, err, dberr.ErrInvalid, "LOCK_MODE")
	_, err = tx[2].tx.Lock(ctx, []byte("k"), shared, 9)
	wantCode(t, err, dberr.ErrInvalid, "LOCK_WAIT")
	_, err = begin(t, s, txn.TxOptions{ReadOnly: true}).Lock(ctx, []byte("k"), shared, txn.LockWait)
	wantCode(t, err, dberr.ErrReadOnly, "READ_ONLY_TRANSACTION")
}

// TestLockTellsOfConflict: a lock on what was written after the snapshot is
// refused at once, and one that was granted keeps the key from others, at each
// isolation and for a key that is not there, too.
func TestLockTellsOfConflict(t *testing.T) {
	for _, level := range []txn.Isolation{txn.Serializable, txn.Snapshot} {
		synctest.Test(t, func(t *testing.T) {
			s := memory(t, txn.Options{})
			old := locker{t, begin(t, s, txn.TxOptions{Isolation: level})}
			blank := locker{t, begin(t, s, txn.TxOptions{Isolation: level})}
			if _, _, err := old.tx.Get([]byte("other")); err != nil {
				t.Fatal(err)
			}
			w := lockers(t, s, 1)[0]
			w.put("a", "1")
			w.commit().granted()
			blank.lock("a", exclusive).granted() // it has seen nothing: its snapshot can move
			if v, _, err := blank.tx.Get([]byte("a")); string(v) != "1" || err != nil {
				t.Errorf("after the lock, got %q, %v", v, err)
			}
			blank.tx.Rollback()
			old.lock("a", exclusive).failed(dberr.ErrConflict, "SERIALIZATION_FAILURE")
			old.tx.Rollback()

			holder := locker{t, begin(t, s, txn.TxOptions{Isolation: level})}
			plain := lockers(t, s, 2)
			for _, key := range []string{"a", "new"} {
				holder.lock(key, exclusive).granted()
			}
			plain[0].put("a", "plain")
			plain[1].put("new", "plain")
			first, second := plain[0].commit(), plain[1].commit()
			first.waits()
			second.waits()
			if v, _, err := lockers(t, s, 1)[0].tx.Get([]byte("a")); string(v) != "1" || err != nil {
				t.Errorf("a reader got %q, %v", v, err)
			}
			holder.put("a", "holder")
			holder.commit().granted()
			first.failed(dberr.ErrConflict, "SERIALIZATION_FAILURE")
			second.granted() // the holder did not write it
		})
	}
}

// TestSharedLockHoldsWritesUp: a writer waits for all who share the key.
func TestSharedLockHoldsWritesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t, txn.Options{})
		tx := lockers(t, s, 3)
		tx[0].lock("a", shared).granted()
		tx[1].lock("a", shared).granted()
		tx[2].put("a", "2")
		p := tx[2].commit()
		p.waits()
		tx[0].tx.Rollback()
		p.waits()
		tx[1].put("a", "1") // its own lock does not hold it up
		q := tx[1].commit() // but it waits behind nobody either: an upgrade
		q.granted()
		p.failed(dberr.ErrConflict, "SERIALIZATION_FAILURE")
	})
}

func TestLockGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t, txn.Options{})
		tx := lockers(t, s, 4)
		tx[0].lock("a", shared).granted()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		lock := func(mode txn.LockMode) func(context.Context) (bool, error) {
			return func(ctx context.Context) (bool, error) { return tx[1].tx.Lock(ctx, []byte("a"), mode, txn.LockWait) }
		}
		p := tx[1].start(ctx, lock(exclusive))
		behind := tx[2].lock("a", shared)
		tx[3].put("a", "3")
		writer := tx[3].start(ctx, func(ctx context.Context) (bool, error) { return true, tx[3].tx.Commit(ctx) })
		p.waits()
		behind.waits()
		writer.waits()
		time.Sleep(2 * time.Second) // of the test's clock
		p.failed(dberr.ErrTimeout, "TIMEOUT")
		writer.failed(dberr.ErrTimeout, "TIMEOUT")
		behind.granted() // nothing is in its way any more
		if v, ok, _ := lockers(t, s, 1)[0].tx.Get([]byte("a")); ok {
			t.Errorf("the commit that gave up wrote %q", v)
		}
		_, err := lock(shared)(ctx)
		wantCode(t, err, dberr.ErrTimeout, "TIMEOUT")
	})
}

// TestSavepointReleasesLocks: RollbackTo lets go of what was acquired since, and
// takes an upgrade back to what it was.
func TestSavepointReleasesLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t, txn.Options{})
		tx := lockers(t, s, 4)
		tx[0].lock("a", shared).granted()
		tx[0].lock("k", exclusive).granted()
		sp := tx[0].tx.Savepoint()
		tx[0].lock("a", exclusive).granted()
		tx[0].lock("b", exclusive).granted()
		tx[0].lock("k", exclusive).granted()
		a, b, k := tx[1].lock("a", shared), tx[2].lock("b", exclusive), tx[3].lock("k", exclusive)
		a.waits()
		b.waits()
		for range 2 { // it stays valid
			if err := tx[0].tx.RollbackTo(sp); err != nil {
				t.Fatal(err)
			}
			a.granted()
			b.granted()
			k.waits()
		}
		x := lockers(t, s, 1)[0].lock("a", exclusive)
		x.waits() // 0 and 1 share it
		tx[1].tx.Rollback()
		x.waits()
		tx[0].tx.Rollback()
		x.granted()
		k.granted()
	})
}

func TestLocksEndWithTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t, txn.Options{MaxTxAge: time.Minute})
		tx := lockers(t, s, 2)
		tx[0].lock("a", exclusive).granted()
		fresh := func() locker { return lockers(t, s, 1)[0] }
		p := tx[1].lock("b", exclusive)
		p.granted()
		stuck := tx[1].lock("a", exclusive)
		time.Sleep(50 * time.Second)
		late := fresh()
		waits := late.lock("a", exclusive)
		waits.waits()
		time.Sleep(11 * time.Second) // both are too old now, and let go
		stuck.failed(dberr.ErrTimeout, "TRANSACTION_TOO_OLD")
		waits.granted()
		fresh().lock("b", exclusive).granted()
	})
	synctest.Test(t, func(t *testing.T) {
		s, err := txn.NewMemory(txn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tx := lockers(t, s, 2)
		tx[0].lock("a", exclusive).granted()
		p := tx[1].lock("a", exclusive)
		p.waits()
		s.Close()
		p.failed(dberr.ErrUnavailable, "STORE_CLOSED")
		_, err = tx[0].tx.Lock(t.Context(), []byte("b"), exclusive, txn.LockWait)
		wantCode(t, err, dberr.ErrUnavailable, "STORE_CLOSED")
	})
}

func TestLocksCountAgainstLimit(t *testing.T) {
	s := memory(t, txn.Options{MaxTxBytes: 64 << 10})
	tx := begin(t, s, txn.TxOptions{})
	sp := tx.Savepoint()
	for range 2 {
		var err error
		n := 0
		for ; err == nil; n++ {
			_, err = tx.Lock(t.Context(), fmt.Appendf(nil, "k%d", n), exclusive, txn.LockWait)
		}
		wantCode(t, err, dberr.ErrTooLarge, "TRANSACTION_TOO_LARGE")
		if n < 100 || n > 400 {
			t.Errorf("%d locks fit into 64 KiB", n)
		}
		if err := tx.RollbackTo(sp); err != nil { // makes room
			t.Fatal(err)
		}
	}
}

// TestLockedIncrements: clients that lock one key before they read it pass it
// from one to the next; none gives up and no update is lost.
func TestLockedIncrements(t *testing.T) {
	const clients, each = 16, 100
	s := memory(t, txn.Options{MaxRetries: 2}) // few: locks leave hardly any conflict
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error { return increment(tx, "n", true) }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	v, _, err := begin(t, s, txn.TxOptions{}).Get([]byte("n"))
	if err != nil || binary.BigEndian.Uint64(v) != clients*each {
		t.Errorf("counted to %d, %v, want %d", binary.BigEndian.Uint64(v), err, clients*each)
	}
}

func increment(tx *txn.Tx, key string, lock bool) error {
	if lock {
		if _, err := tx.Lock(context.Background(), []byte(key), exclusive, txn.LockWait); err != nil {
			return err
		}
	}
	v, ok, err := tx.Get([]byte(key))
	if err != nil {
		return err
	}
	var n uint64
	if ok {
		n = binary.BigEndian.Uint64(v)
	}
	return tx.Put([]byte(key), binary.BigEndian.AppendUint64(nil, n+1))
}

// TestLocksAtRandom: clients lock a few of few keys in any order, some upgrade,
// some skip, some write without locks, and all get through: every deadlock is
// found, none is made up for ever, and the sum of what they moved is kept.
func TestLocksAtRandom(t *testing.T) {
	const clients, keys = 8, 6
	each := 300
	if testing.Short() {
		each = 60
	}
	s := memory(t, txn.Options{MaxRetries: 10000})
	var total, deadlocks atomic.Int64
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 9))
			for n := 0; n < each || deadlocks.Load() == 0 && n < 100*each; n++ {
				var wrote int64
				err := s.Update(t.Context(), txn.TxOptions{Isolation: txn.Isolation(r.IntN(2))}, func(tx *txn.Tx) error {
					wrote = 0
					for _, k := range r.Perm(keys)[:1+r.IntN(3)] {
						key := fmt.Sprint("k", k)
						mode := txn.LockMode(1 + r.IntN(2))
						ok, err := tx.Lock(t.Context(), []byte(key), mode, []txn.LockPolicy{txn.LockWait, txn.LockWait, txn.LockSkip}[r.IntN(3)])
						if e := dberr.As(err); e != nil && e.Code == "DEADLOCK_DETECTED" {
							deadlocks.Add(1)
						}
						if err != nil {
							return err
						}
						runtime.Gosched() // so that others come in between, however few processors there are
						if ok || r.IntN(4) == 0 {
							wrote++
							if err := increment(tx, key, false); err != nil {
								return err
							}
						}
					}
					return nil
				})
				if err != nil {
					t.Errorf("client %d: %v", c, err)
					return
				}
				total.Add(wrote)
			}
		})
	}
	wg.Wait()
	tx := begin(t, s, txn.TxOptions{})
	var sum int64
	for k := range keys {
		if v, ok, err := tx.Get(fmt.Appendf(nil, "k%d", k)); err != nil {
			t.Fatal(err)
		} else if ok {
			sum += int64(binary.BigEndian.Uint64(v))
		}
	}
	if sum != total.Load() {
		t.Errorf("the keys count %d, the clients %d", sum, total.Load())
	}
	if deadlocks.Load() == 0 {
		t.Error("the clients met no deadlock")
	}
	for k := range keys { // nothing is left behind
		if ok, err := tx.Lock(t.Context(), fmt.Appendf(nil, "k%d", k), exclusive, txn.LockSkip); !ok && !errors.Is(err, dberr.ErrConflict) {
			t.Errorf("k%d: %v, %v", k, ok, err)
		}
	}
}

// BenchmarkHotKey has 16 clients increment one key.
func BenchmarkHotKey(b *testing.B) {
	for _, locked := range []bool{false, true} {
		b.Run(fmt.Sprintf("lock=%v", locked), func(b *testing.B) {
			var retries atomic.Int64
			s, err := txn.NewMemory(txn.Options{History: -1, MaxRetries: 1 << 20, Events: txn.Events{Retried: func(int) { retries.Add(1) }}})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return increment(tx, "n", locked) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(retries.Load())/float64(b.N), "retries/op")
		})
	}
}
