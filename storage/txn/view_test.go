package txn_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// content is all that a transaction reads, by Get and by iterators of both directions.
func content(t *testing.T, tx *txn.Tx, keys int) []string {
	t.Helper()
	var got, forward, back []string
	for k := range keys {
		key := fmt.Sprintf("%03d", k)
		v, ok, err := tx.Get([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			got = append(got, key+"="+string(v))
		}
	}
	for _, reverse := range []bool{false, true} {
		it := tx.Iter(txn.IterOptions{Reverse: reverse})
		for it.Next() {
			e := string(it.Key()) + "=" + string(it.Value())
			if reverse {
				back = append(back, e)
			} else {
				forward = append(forward, e)
			}
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(back)
	var walked []string
	if err := tx.Each(txn.IterOptions{}, func(key, value []byte, _ txn.Timestamp) bool {
		walked = append(walked, string(key)+"="+string(value))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, forward) || !slices.Equal(got, back) || !slices.Equal(got, walked) {
		t.Fatalf("Get gives %v, iterators %v and %v, Each %v", got, forward, back, walked)
	}
	return got
}

// TestViewStays: a view of a transaction reads what the transaction read at its savepoint,
// whatever is written, undone and written again later.
func TestViewStays(t *testing.T) {
	const keys = 40
	rng := rand.New(rand.NewPCG(1, 2))
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	change := func(tx *txn.Tx, n int) {
		for range n {
			key := fmt.Appendf(nil, "%03d", rng.IntN(keys))
			err := tx.Put(key, fmt.Append(nil, rng.IntN(1000)))
			if rng.IntN(3) == 0 {
				err = tx.Delete(key)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 50 {
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { change(tx, 5); return nil }); err != nil {
			t.Fatal(err)
		}
		tx, err := s.Begin(context.Background(), txn.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var views []*txn.Tx
		var want [][]string
		for range 4 {
			change(tx, rng.IntN(10))
			want, views = append(want, content(t, tx, keys)), append(views, tx.Before(tx.Savepoint()))
			if rng.IntN(2) == 0 {
				sp := tx.Savepoint()
				change(tx, rng.IntN(10))
				if err := tx.RollbackTo(sp); err != nil {
					t.Fatal(err)
				}
			}
		}
		change(tx, 10)
		for i, v := range views {
			if got := content(t, v, keys); !slices.Equal(got, want[i]) {
				t.Fatalf("view %d: got %v, want %v", i, got, want[i])
			}
			if got := content(t, views[3].Before(v.Savepoint()), keys); !slices.Equal(got, want[i]) {
				t.Fatalf("view %d of a view: got %v, want %v", i, got, want[i])
			}
		}
		tx.Rollback()
	}
}

// TestViewIsTheTransaction: what is read through a view is validated, and nothing is written
// or ended through it.
func TestViewIsTheTransaction(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	for _, read := range []func(v *txn.Tx) error{
		func(v *txn.Tx) error { _, _, err := v.Get([]byte("a")); return err },
		func(v *txn.Tx) error { it := v.Iter(txn.IterOptions{}); it.Next(); return it.Close() },
		func(v *txn.Tx) error { _, err := v.Taken([]byte("a")); return err },
		func(v *txn.Tx) error { return v.ReadRange([]byte("a"), []byte("b")) },
		func(v *txn.Tx) error { return v.Guard([]byte("a")) },
		func(v *txn.Tx) error { return v.GuardRange([]byte("a"), []byte("b")) },
	} {
		tx, err := s.Begin(ctx, txn.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		v := tx.Before(tx.Savepoint())
		for _, err := range []error{v.Put([]byte("b"), nil), v.Delete([]byte("b")), v.Commit(ctx), v.RollbackTo(txn.Savepoint{})} {
			if e := dberr.As(err); e == nil || e.Code != "READ_ONLY_TRANSACTION" {
				t.Errorf("a write of a view: %v", err)
			}
		}
		v.Rollback()
		if err := read(v); err != nil {
			t.Fatal(err)
		}
		if err := tx.Put([]byte("z"), nil); err != nil {
			t.Fatal(err)
		}
		if v.HasWrites() || v.WroteWithin([]byte("z"), nil) || !tx.WroteWithin([]byte("z"), nil) {
			t.Error("the view sees what was written after it")
		}
		if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("a"), []byte("1")) }); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(ctx); dberr.As(err) == nil || dberr.As(err).Class != dberr.ErrConflict {
			t.Errorf("commit after a read of what changed: %v", err)
		}
		if _, _, err := v.Get([]byte("a")); err == nil {
			t.Error("a view outlives its transaction")
		}
	}
}
