package txn_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// TestContended: a transaction that is run again has the keys to itself over which it
// failed before, in their newest versions.
func TestContended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s := memory(t, txn.Options{History: -1})
		defer s.Close()
		var met txn.Contended
		attempt := func(between func()) error {
			tx, err := s.Begin(ctx, txn.TxOptions{After: &met})
			if err != nil {
				return err
			}
			defer tx.Rollback()
			for _, key := range []string{"b", "a"} {
				v, _, err := tx.Get([]byte(key))
				if err != nil {
					return err
				}
				if err := tx.Put([]byte(key), append(v, '+')); err != nil {
					return err
				}
			}
			between()
			return tx.Commit(ctx)
		}
		var done atomic.Int32
		other := func(key string) func() {
			return func() {
				go func() {
					if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte(key), []byte("other")) }); err != nil {
						t.Error(err)
					}
					done.Add(1)
				}()
				synctest.Wait()
			}
		}
		if err := attempt(other("b")); !errors.Is(err, dberr.ErrConflict) || done.Load() != 1 || !met.Learn(err) || met.Learn(err) {
			t.Fatalf("first: %v, %d others done", err, done.Load())
		}
		if err := attempt(other("a")); !errors.Is(err, dberr.ErrConflict) || done.Load() != 2 || !met.Learn(err) {
			t.Fatalf("over another key: %v, %d others done", err, done.Load())
		}
		if err := attempt(func() {
			other("b")()
			other("a")()
			if done.Load() != 2 {
				t.Errorf("%d others did not wait", done.Load()-2)
			}
		}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if a, b := get(t, s, "a"), get(t, s, "b"); done.Load() != 4 || a != "other" || b != "other" {
			t.Errorf("a = %q, b = %q, %d others done", a, b, done.Load())
		}
		if err := attempt(func() {}); err != nil || get(t, s, "a") != "other+" {
			t.Errorf("%v, a = %q", err, get(t, s, "a"))
		}
		if met.Learn(dberr.New(dberr.ErrConflict, "X", "names no key")) {
			t.Error("learned nothing")
		}
	})
}

// TestContendedUpdate: Update may be told what another loop has learned, and what is
// written on behalf of a transaction does not wait for its locks.
func TestContendedUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s := memory(t, txn.Options{History: -1})
		defer s.Close()
		put := func(key string, opts txn.TxOptions) error {
			return s.Update(ctx, opts, func(tx *txn.Tx) error { return tx.Put([]byte(key), []byte("x")) })
		}
		var met txn.Contended
		fail := func(key string) error {
			tx, err := s.Begin(ctx, txn.TxOptions{After: &met})
			if err != nil {
				return err
			}
			defer tx.Rollback()
			if _, _, err := tx.Get([]byte(key)); err != nil {
				return err
			}
			if err := put(key, txn.TxOptions{PassLocks: true}); err != nil {
				return err
			}
			return errors.Join(tx.Put([]byte("own"), nil), tx.Commit(ctx))
		}
		if err := fail("k"); !met.Learn(err) {
			t.Fatalf("not learned: %v", err)
		}
		if err := fail("k"); !errors.Is(err, dberr.ErrConflict) {
			t.Fatalf("over a key that it holds itself: %v", err)
		}
		attempts := 0
		if err := s.Update(ctx, txn.TxOptions{After: &met}, func(tx *txn.Tx) error {
			attempts++
			if _, _, err := tx.Get([]byte("other")); err != nil {
				return err
			}
			if attempts == 1 {
				if err := put("other", txn.TxOptions{}); err != nil {
					return err
				}
			}
			return tx.Put([]byte("k"), []byte("y"))
		}); err != nil || attempts != 2 || get(t, s, "k") != "y" {
			t.Fatalf("%v after %d attempts, k = %q", err, attempts, get(t, s, "k"))
		}
	})
}
