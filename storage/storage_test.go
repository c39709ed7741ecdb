package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

func TestReopen(t *testing.T) {
	disk := vfs.NewMem()
	for life := range 3 {
		s, err := storage.Open(disk, "d", storage.Options{SegmentBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Recovery().Records; got != int64(life*100) {
			t.Fatalf("life %d: replayed %d records, want %d", life, got, life*100)
		}
		if s.Recovery().LastCommit != s.LastCommit() {
			t.Fatalf("life %d: recovery says %d, store %d", life, s.Recovery().LastCommit, s.LastCommit())
		}
		if _, err := storage.Open(disk, "d", storage.Options{}); !errors.Is(err, dberr.ErrLocked) {
			t.Fatalf("second open: got %v, want class ErrLocked", err)
		}
		ctx := context.Background()
		for i := range 100 {
			if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
				return tx.Put(fmt.Appendf(nil, "k%d-%d", life, i), []byte("v"))
			}); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		if err := s.View(ctx, func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{})
			for it.Next() {
				n++
			}
			return it.Close()
		}); err != nil {
			t.Fatal(err)
		}
		if n != (life+1)*100 {
			t.Fatalf("life %d: %d keys, want %d", life, n, (life+1)*100)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
