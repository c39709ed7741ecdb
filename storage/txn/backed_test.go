package txn_test

import (
	"errors"
	"testing"

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
