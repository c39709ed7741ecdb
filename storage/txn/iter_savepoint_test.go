package txn_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/weftdb/weft/storage/txn"
)

// TestIteratorAfterRollbackTo: an iterator that looked ahead does not give
// writes that were undone meanwhile, nor what was written in their place.
func TestIteratorAfterRollbackTo(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("reverse=%v again=%v", reverse, again), func(t *testing.T) {
				s, err := txn.NewMemory(txn.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				ctx := context.Background()
				put := func(tx *txn.Tx, key, value string) {
					if err := tx.Put([]byte(key), []byte(value)); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
					for _, key := range []string{"a", "d", "e", "h"} {
						put(tx, key, "old")
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				tx, err := s.Begin(ctx, txn.TxOptions{})
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback()
				put(tx, "f", "first")
				put(tx, "c", "first")
				sp := tx.Savepoint()
				for _, key := range []string{"b", "c", "f", "g"} {
					put(tx, key, "undone")
				}
				it := tx.Iter(txn.IterOptions{Reverse: reverse})
				defer it.Close()
				var got []string
				for it.Next() {
					got = append(got, string(it.Key())+"="+string(it.Value()))
					if len(got) != 1 {
						continue
					}
					if err := tx.RollbackTo(sp); err != nil {
						t.Fatal(err)
					}
					for i := 0; again && i < 4; i++ {
						put(tx, fmt.Sprint("d", i), "new")
					}
				}
				want := []string{"a=old", "c=first", "d=old", "e=old", "f=first", "h=old"}
				if reverse {
					slices.Reverse(want)
				}
				if !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}
