package txn_test

import (
	"context"
	"errors"
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
		done := 0
		other := func(key string) func() {
			return func() {
				go func() {
					if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte(key), []byte("other")) }); err != nil {
						t.Error(err)
					}
					done++
				}()
				synctest.Wait()
			}
		}
		if err := attempt(other("b")); !errors.Is(err, dberr.ErrConflict) || done != 1 || !met.Learn(err) || met.Learn(err) {
			t.Fatalf("first: %v, %d others done", err, done)
		}
		if err := attempt(other("a")); !errors.Is(err, dberr.ErrConflict) || done != 2 || !met.Learn(err) {
			t.Fatalf("over another key: %v, %d others done", err, done)
		}
		if err := attempt(func() {
			other("b")()
			other("a")()
			if done != 2 {
				t.Errorf("%d others did not wait", done-2)
			}
		}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if a, b := get(t, s, "a"), get(t, s, "b"); done != 4 || a != "other" || b != "other" {
			t.Errorf("a = %q, b = %q, %d others done", a, b, done)
		}
		if err := attempt(func() {}); err != nil || get(t, s, "a") != "other+" {
			t.Errorf("%v, a = %q", err, get(t, s, "a"))
		}
		if met.Learn(dberr.New(dberr.ErrConflict, "X", "names no key")) {
			t.Error("learned nothing")
		}
	})
}
