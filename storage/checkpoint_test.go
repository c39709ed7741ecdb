package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

func fill(t *testing.T, s *storage.Store, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			return tx.Put(fmt.Appendf(nil, "k%06d", i), fmt.Appendf(make([]byte, 900), "%d", i))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// count checks that keys 0 to n are there, by ranges and one by one.
func count(t *testing.T, s *storage.Store, n int) {
	t.Helper()
	if err := s.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		i := 0
		for ; it.Next(); i++ {
			if want := fmt.Sprintf("k%06d", i); string(it.Key()) != want {
				return fmt.Errorf("got %s, want %s", it.Key(), want)
			}
		}
		if i != n {
			return fmt.Errorf("got %d keys, want %d: %w", i, n, it.Err())
		}
		for i := range n {
			if _, ok, err := tx.Get(fmt.Appendf(nil, "k%06d", i)); !ok || err != nil {
				return fmt.Errorf("get %d: %v %w", i, ok, err)
			}
		}
		return it.Err()
	}); err != nil {
		t.Fatal(err)
	}
}

// TestCheckpointCutsLog: after a checkpoint the log is short, what opens the store
// replays little, and all is there.
func TestCheckpointCutsLog(t *testing.T) {
	disk := vfs.NewMem()
	opts := storage.Options{SegmentBytes: 64 << 10}
	s, err := storage.Open(disk, "d", opts)
	if err != nil {
		t.Fatal(err)
	}
	if s.Sorted() != nil {
		t.Error("a sorted store before the first checkpoint")
	}
	fill(t, s, 0, 300)
	before := len(s.Log().Segments())
	at, err := s.Checkpoint(context.Background())
	if err != nil || at != s.LastCommit() {
		t.Fatalf("checkpoint: %d, %v, want %d", at, err, s.LastCommit())
	}
	if after := len(s.Log().Segments()); before < 4 || after != 1 {
		t.Errorf("%d segments before the checkpoint, %d after it, want 1", before, after)
	}
	if got := s.Sorted().Applied(); got != uint64(at) {
		t.Errorf("the sorted store has everything up to %d, want %d", got, at)
	}
	fill(t, s, 300, 310)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = storage.Open(disk, "d", opts); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r := s.Recovery(); r.Records != 10 || r.Applied != at {
		t.Errorf("recovery: %+v, want 10 records after %d", r, at)
	}
	count(t, s, 310)
}

// TestHoldLog: what somebody holds is not cut, whatever checkpoints there are.
func TestHoldLog(t *testing.T) {
	s, err := storage.Open(vfs.NewMem(), "d", storage.Options{SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	read := func(from txn.Timestamp) (n int, err error) {
		err = s.Log().ReadFrom(uint64(from), func(wal.Record) error { n++; return nil })
		return n, err
	}
	fill(t, s, 0, 100)
	half := s.LastCommit() + 1
	early, late := s.HoldLog("early", 1), s.HoldLog("late", half)
	fill(t, s, 100, 300)
	if _, err := s.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := read(1); n != 300 || err != nil {
		t.Errorf("held from 1: %d records, %v, want 300", n, err)
	}
	if holds := s.LogHolds(); len(holds) != 2 {
		t.Errorf("holds: %v", holds)
	}
	if err := early.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := read(1); !errors.Is(err, dberr.ErrNotFound) {
		t.Errorf("released: got %v, want class ErrNotFound", err)
	}
	if n, err := read(half); n != 200 || err != nil {
		t.Errorf("held from the middle: %d records, %v, want 200", n, err)
	}
	if err := errors.Join(late.Advance(s.LastCommit()+1), late.Advance(5), early.Advance(1), early.Release()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Log().Segments()); n != 1 || late.From() != s.LastCommit()+1 {
		t.Errorf("advanced to %d: %d segments, want 1", late.From(), n)
	}
}

// TestRangeComesBack: a range that is read after a restart is in memory as a whole
// before long, so that nothing in it has to be looked for on disk, not even keys that
// are not there.
func TestRangeComesBack(t *testing.T) {
	disk := vfs.NewMem()
	s, err := storage.Open(disk, "d", storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	fill(t, s, 0, n)
	if _, err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = storage.Open(disk, "d", storage.Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scan := func() {
		if err := s.View(context.Background(), func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{Lower: []byte("k"), Upper: []byte("l")})
			defer it.Close()
			rows := 0
			for it.Next() {
				rows++
			}
			if rows != n {
				return fmt.Errorf("%d rows, want %d", rows, n)
			}
			return it.Err()
		}); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(time.Minute); s.Stats().Keys < n && time.Now().Before(deadline); {
		scan()
	}
	scan()
	before := s.Activity().ColdReads
	if err := s.View(context.Background(), func(tx *txn.Tx) error {
		for i := range n - 1 {
			for _, suffix := range []string{"", "-absent"} {
				if _, ok, err := tx.Get(fmt.Appendf(nil, "k%06d%s", i, suffix)); ok != (suffix == "") || err != nil {
					return fmt.Errorf("get %d%s: %v %w", i, suffix, ok, err)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if after := s.Activity().ColdReads; after != before {
		t.Errorf("%d keys of a range that is in memory were looked for on disk", after-before)
	}
}

// TestLongLogSmallBuffer opens a store with nothing but a log that is many times what
// memory may take: recovery moves it into the sorted store on the way.
func TestLongLogSmallBuffer(t *testing.T) {
	disk := vfs.NewMem()
	s, err := storage.Open(disk, "d", storage.Options{SegmentBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	const n = 3000
	fill(t, s, 0, n)
	if s.Sorted() != nil {
		t.Fatal("there was a checkpoint")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	small := storage.Options{SegmentBytes: 256 << 10, BufferBytes: 256 << 10}
	if s, err = storage.Open(disk, "d", small); err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); st.Applied == 0 || st.UsedBytes > 1<<20 || s.Recovery().Records != n {
		t.Errorf("after recovery: everything up to %d is stored, memory takes %d bytes, %d records were replayed", st.Applied, st.UsedBytes, s.Recovery().Records)
	}
	count(t, s, n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = storage.Open(disk, "d", small); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r := s.Recovery(); r.Records >= n {
		t.Errorf("%d records were replayed again", r.Records)
	}
	count(t, s, n)
}
