package txn_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestScanWhileKeysLeaveMemory stops a scan after each number of rows, while everything
// leaves memory and leaves that have become empty are taken out, and goes on. Each key is
// given once, in order, in both directions.
func TestScanWhileKeysLeaveMemory(t *testing.T) {
	ctx := context.Background()
	const keys = 100
	for _, reverse := range []bool{false, true} {
		var want []string
		for i := range keys {
			want = append(want, fmt.Sprintf("k%03d", i))
		}
		if reverse {
			slices.Reverse(want)
		}
		for after := range keys {
			b := openBacked(t, vfs.NewMem(), txn.Options{History: -1})
			err := b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
				for _, k := range want {
					if err := tx.Put([]byte(k), []byte(k)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
			tx, err := b.Begin(ctx, txn.TxOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			it := tx.Iter(txn.IterOptions{Reverse: reverse})
			for it.Next() {
				if got = append(got, string(it.Key())); len(got) == after+1 {
					b.EvictForTesting(100, 100) // takes the marks of use
					b.EvictForTesting(100, 100)
					if b.GoneForTesting() == 0 {
						t.Fatal("nothing left memory")
					}
				}
			}
			if err := it.Err(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("reverse=%t, evicted after row %d: got %q", reverse, after, got)
			}
			it.Close()
			tx.Rollback()
			b.close(t)
		}
	}
}
