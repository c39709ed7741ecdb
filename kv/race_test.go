package kv_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

const clients = 16

// TestIncrementsLoseNothing: 16 clients add to one counter and to counters of a batch.
func TestIncrementsLoseNothing(t *testing.T) {
	f := open(t, kv.Options{})
	const each = 50
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				if _, _, err := f.Increment(t.Context(), "b", []byte("n"), 1, kv.PutOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := f.Batch(t.Context(), []kv.Op{
					{Kind: kv.OpIncrement, Bucket: "b", Key: []byte("x"), By: 1},
					{Kind: kv.OpIncrement, Bucket: "b", Key: []byte("y"), By: -1},
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	total := fmt.Sprint(clients * each)
	f.want("n", total)
	f.want("x", total)
	f.want("y", "-"+total)
}

// TestSwapsLoseNothing: each value of a chain of swaps is made by one client only.
func TestSwapsLoseNothing(t *testing.T) {
	f := open(t, kv.Options{})
	f.put("k", "0")
	const each = 25
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for done := 0; done < each; {
				e, _, err := f.Get(t.Context(), "b", []byte("k"))
				if err != nil {
					t.Error(err)
					return
				}
				var n int
				fmt.Sscan(string(e.Value.Data), &n)
				next := kv.JSON(fmt.Appendf(nil, "%d", n+1))
				if done%2 == 0 {
					_, _, swapped, err := f.CompareAndSwap(t.Context(), "b", []byte("k"), &e.Value, &next, kv.PutOptions{})
					if err != nil {
						t.Error(err)
						return
					}
					if swapped {
						done++
					}
					continue
				}
				_, err = f.Put(t.Context(), "b", []byte("k"), next, kv.PutOptions{If: kv.IfVersion(e.Version)})
				if err == nil {
					done++
				} else if !errors.Is(err, dberr.ErrConstraint) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	f.want("k", fmt.Sprint(clients*each))
}

// TestFirstWritesMakeOneBucket: clients that meet a bucket that is not there make
// it once, and one of them gets a key that must be new.
func TestFirstWritesMakeOneBucket(t *testing.T) {
	f := open(t, kv.Options{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range clients {
		wg.Go(func() {
			_, err := f.Put(t.Context(), "b", []byte("k"), kv.JSON(fmt.Appendf(nil, "%d", i)), kv.PutOptions{If: kv.Condition{Absent: true}})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, dberr.ErrConstraint) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := f.Buckets(t.Context()); won != 1 || len(list) != 1 || err != nil {
		t.Errorf("%d clients won, the buckets are %v %v", won, list, err)
	}
}

// TestBackgroundSweep: keys vanish on time, are swept at the rate, and the sweeper
// ends with the store.
func TestBackgroundSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		txns, err := txn.NewMemory(txn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var batches []int
		removed := func() []int {
			mu.Lock()
			defer mu.Unlock()
			return batches
		}
		s, err := kv.Open(txns, kv.Options{SweepRate: 512, Events: kv.Events{
			Expired: func(n int) {
				mu.Lock()
				defer mu.Unlock()
				batches = append(batches, n)
			},
			SweepFailed: func(err error) { t.Error(err) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{Store: s, t: t, txns: txns}
		var ops []kv.Op
		v := kv.JSON([]byte("1"))
		for i := range 1100 {
			ops = append(ops, kv.Op{Kind: kv.OpSet, Bucket: "b", Key: fmt.Appendf(nil, "%d", i), Value: &v, Options: kv.PutOptions{TTL: 1500 * time.Millisecond}})
		}
		if _, err := s.Batch(t.Context(), ops); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500*time.Millisecond - 1)
		f.want("7", "1")
		time.Sleep(time.Nanosecond)
		f.want("7", "-")
		time.Sleep(600 * time.Millisecond) // the sweep at 2 s
		synctest.Wait()
		if got := removed(); len(got) != 1 || got[0] != 512 {
			t.Errorf("the first batch is %v", got)
		}
		time.Sleep(2 * time.Second) // two more batches, a second apart
		synctest.Wait()
		if got := removed(); len(got) != 3 || got[2] != 1100-1024 {
			t.Errorf("the batches are %v", got)
		}
		if n := f.records(); n != bucketRecords {
			t.Errorf("%d records are left", n)
		}
		s.Close()
		txns.Close()
	})
}

// TestBucketDroppedMeanwhile: a transaction under snapshot isolation that still sees a
// bucket cannot commit writes to it once it is gone: they would be lost.
func TestBucketDroppedMeanwhile(t *testing.T) {
	for name, write := range map[string]func(f fixture, tx *txn.Tx) error{
		"put": func(f fixture, tx *txn.Tx) error {
			_, err := f.PutTx(tx, "b", []byte("new"), kv.JSON([]byte("1")), kv.PutOptions{})
			return err
		},
		"increment": func(f fixture, tx *txn.Tx) error {
			_, _, err := f.IncrementTx(tx, "b", []byte("n"), 1, kv.PutOptions{})
			return err
		},
		"touch": func(f fixture, tx *txn.Tx) error {
			_, err := f.TouchTx(tx, "b", []byte("k"), kv.PutOptions{TTL: time.Hour})
			return err
		},
		"delete": func(f fixture, tx *txn.Tx) error {
			_, err := f.DeleteTx(tx, "b", []byte("k"), kv.Condition{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, kv.Options{})
			f.put("k", "0")
			tx, err := f.txns.Begin(t.Context(), txn.TxOptions{Isolation: txn.Snapshot})
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			if _, ok, err := f.GetTx(tx, "b", []byte("k")); err != nil || !ok {
				t.Fatal(ok, err)
			}
			if err := f.DropBucket(t.Context(), "b"); err != nil {
				t.Fatal(err)
			}
			if err := write(f, tx); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); !errors.Is(err, dberr.ErrConflict) {
				t.Errorf("committed into a bucket that is gone: %v", err)
			}
		})
	}
}
