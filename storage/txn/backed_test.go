package txn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// backed is a store with a log and a sorted store, in memory.
type backed struct {
	*txn.Store
	log  *wal.Log
	disk *sorted.Store
}

var backedID = [16]byte{1: 7}

// openBacked opens the store on a disk; close ends it.
func openBacked(t testing.TB, fs vfs.FS, opts txn.Options) *backed {
	t.Helper()
	b, err := tryBacked(fs, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tryBacked(fs vfs.FS, opts txn.Options) (_ *backed, err error) {
	b := &backed{}
	if b.Store, err = txn.New(opts); err != nil {
		return nil, err
	}
	make := func() (*sorted.Store, error) {
		b.disk, err = sorted.Open(fs, "sorted", backedID, sorted.Options{TargetFileBytes: 64 << 10, BlockBytes: 1 << 10, CacheBytes: 1 << 20})
		return b.disk, err
	}
	backing := txn.Backing{Make: make, Cut: func(ts uint64) error { return b.log.TruncateBefore(ts) }}
	after := uint64(0)
	if _, err := fs.Stat("sorted"); err == nil {
		if backing.Sorted, err = make(); err != nil {
			return nil, err
		}
		after = b.disk.Applied()
	}
	b.Back(backing)
	log, rec, err := wal.Open(fs, "log", backedID, wal.Options{SegmentBytes: 64 << 10}, after, b.Replay)
	if err != nil {
		return nil, err
	}
	b.log = log
	b.Start(log, txn.Timestamp(rec.LastTimestamp))
	return b, nil
}

func (b *backed) close(t testing.TB) {
	t.Helper()
	err := errors.Join(b.Close(), b.log.Close())
	if b.disk != nil {
		err = errors.Join(err, b.disk.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestConflictWithEvicted: what a transaction would have had to see makes it conflict
// also where the other's write has left memory.
func TestConflictWithEvicted(t *testing.T) {
	ctx := context.Background()
	set := func(s *txn.Store, key string) {
		if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte(key), []byte("x")) }); err != nil {
			t.Fatal(err)
		}
	}
	for name, read := range map[string]func(tx *txn.Tx) error{
		"key": func(tx *txn.Tx) error { _, _, err := tx.Get([]byte("k5")); return err },
		"range": func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{Lower: []byte("k4"), Upper: []byte("k6")})
			defer it.Close()
			for it.Next() {
			}
			return it.Err()
		},
		"write": func(tx *txn.Tx) error { return tx.Put([]byte("k5"), nil) },
	} {
		for _, other := range []string{"k5", "k7"} {
			b := openBacked(t, vfs.NewMem(), txn.Options{History: -1})
			for i := range 10 {
				set(b.Store, fmt.Sprintf("k%d", i))
			}
			tx, err := b.Begin(ctx, txn.TxOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(read(tx), tx.Put([]byte("own"), nil)); err != nil {
				t.Fatal(err)
			}
			set(b.Store, other)
			if _, err := b.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
			b.EvictForTesting(100, 100)
			b.EvictForTesting(100, 100)
			if st := b.Stats(); st.Keys > 0 {
				t.Fatalf("%s: %d keys are still in memory", name, st.Keys)
			}
			err = tx.Commit(ctx)
			if conflict := errors.Is(err, dberr.ErrConflict); conflict != (other == "k5") || (err != nil && !conflict) {
				t.Errorf("read or wrote a %s, then %s was written and left memory: got %v", name, other, err)
			}
			b.close(t)
		}
	}
}
