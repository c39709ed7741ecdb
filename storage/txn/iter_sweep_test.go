package txn_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestIterDeletionSwept: a key that was deleted before an iteration began stays deleted
// in it, though the deletion is flushed and leaves memory while it goes on: the picture
// of the sorted store that it walks still has the key.
func TestIterDeletionSwept(t *testing.T) {
	ctx := context.Background()
	for _, reverse := range []bool{false, true} {
		b := openBacked(t, vfs.NewMem(), txn.Options{History: -1})
		const keys = 200
		key := func(i int) []byte { return fmt.Appendf(nil, "k%03d", i) }
		write := func(fn func(tx *txn.Tx, i int) error) {
			t.Helper()
			if err := b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
				for i := range keys {
					if err := fn(tx, i); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		checkpoint := func() {
			t.Helper()
			if _, err := b.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *txn.Tx, i int) error { return tx.Put(key(i), []byte("stored")) })
		checkpoint()
		b.EvictForTesting(100, 1000)
		b.EvictForTesting(100, 1000)
		// Half of the keys are in memory again, so that there are several pages, and none
		// that is whole; and two deletions.
		first, last := keys/10, keys*9/10
		write(func(tx *txn.Tx, i int) error {
			switch {
			case i == first || i == last:
				return tx.Delete(key(i))
			case i%2 == 1:
				return tx.Put(key(i), []byte("new"))
			}
			return nil
		})
		reader, err := b.Begin(ctx, txn.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		it := reader.Iter(txn.IterOptions{Reverse: reverse})
		rows := 0
		for it.Next() {
			if rows++; rows == 3 {
				checkpoint()
				b.Sweep()
			}
			if k := string(it.Key()); k == string(key(first)) || k == string(key(last)) {
				t.Errorf("reverse %v: %s, which was deleted before, is row %d", reverse, k, rows)
			}
		}
		if err := it.Err(); err != nil || rows != keys-2 {
			t.Errorf("reverse %v: %d rows, %v, want %d", reverse, rows, err, keys-2)
		}
		it.Close()
		reader.Rollback()
		b.close(t)
	}
}
