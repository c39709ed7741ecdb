package txn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
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
		disk, err := sorted.Open(fs, "sorted", backedID, sorted.Options{TargetFileBytes: 64 << 10, BlockBytes: 1 << 10, CacheBytes: 1 << 20})
		b.disk = disk
		return disk, err
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
	if replayed := b.Replayed(); err == nil {
		err = replayed
	}
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

// TestConflictWithDeletion: two transactions that write a key conflict also where one
// deleted it though it was not there, which the sorted store does not keep.
func TestConflictWithDeletion(t *testing.T) {
	ctx, key := context.Background(), []byte("absent")
	b := openBacked(t, vfs.NewMem(), txn.Options{History: -1})
	defer func() { b.close(t) }()
	tx, err := b.Begin(ctx, txn.TxOptions{Isolation: txn.Snapshot})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Delete(key) }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	b.EvictForTesting(100, 100)
	if err := tx.Put(key, []byte("late")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); !errors.Is(err, dberr.ErrConflict) {
		t.Errorf("a write of what another deleted: got %v, want a conflict", err)
	}
	b.Sweep()
	if st := b.Stats(); st.Keys != 0 {
		t.Errorf("%d keys stay in memory once nobody needs the deletion", st.Keys)
	}
}

// TestHistoryOnDisk: superseded versions are on disk as long as they can be read, also
// after a restart, and go when they cannot.
func TestHistoryOnDisk(t *testing.T) {
	ctx := context.Background()
	fs, c := vfs.NewMem(), clock.NewManual(time.Unix(1000, 0))
	opts := txn.Options{Clock: c, History: time.Minute}
	b := openBacked(t, fs, opts)
	const keys, rounds = 50, 4
	var times []txn.Timestamp
	for round := range rounds {
		c.Advance(time.Second)
		if err := b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
			for i := range keys {
				if err := tx.Put(fmt.Appendf(nil, "k%02d", i), fmt.Appendf(nil, "%d", round)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		times = append(times, b.LastCommit())
		if _, err := b.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
		b.EvictForTesting(100, 1000)
	}
	b.close(t)
	b = openBacked(t, fs, opts)
	defer func() { b.close(t) }()
	versions := func() (n int) {
		it := b.disk.NewVersions(sorted.VersionOptions{})
		for it.Next() {
			n++
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	read := func(at txn.Timestamp) (string, error) {
		tx, err := b.Begin(ctx, txn.TxOptions{AsOf: at})
		if err != nil {
			return "", err
		}
		defer tx.Rollback()
		v, _, err := tx.Get([]byte("k07"))
		return string(v), err
	}
	for round, at := range times {
		if v, err := read(at); v != fmt.Sprint(round) || err != nil {
			t.Errorf("as of round %d: got %q, %v", round, v, err)
		}
	}
	seen := 0
	if err := b.History(ctx, []byte("k07"), []byte("k08"), times[0], times[3], func(txn.Timestamp, txn.Op) bool { seen++; return true }); err != nil || seen != rounds-1 {
		t.Errorf("history: %d writes, %v, want %d", seen, err, rounds-1)
	}
	if n := versions(); n != keys*rounds {
		t.Errorf("%d versions on disk, want %d", n, keys*rounds)
	}
	c.Advance(2 * time.Minute)
	if err := b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k00"), []byte("last")) }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	c.Advance(2 * time.Minute)
	b.CollectForTesting()
	if n := versions(); n != keys {
		t.Errorf("%d versions on disk once only the newest can be read, want %d", n, keys)
	}
	if _, err := read(times[1]); dberr.As(err) == nil || dberr.As(err).Code != "HISTORY_GONE" {
		t.Errorf("as of a time before the history: got %v", err)
	}
	if v, err := read(b.LastCommit()); v != "3" || err != nil {
		t.Errorf("the newest version: got %q, %v", v, err)
	}
}
