package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestCompact: afterwards the sorted store holds what can be read and nothing else, in
// one layer; before that, an older snapshot keeps what it sees; and it can be given up.
func TestCompact(t *testing.T) {
	ctx := context.Background()
	s, err := storage.Open(vfs.NewMem(), "d", storage.Options{History: -1, SegmentBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const keys = 300
	update := func(fn func(tx *txn.Tx) error) {
		t.Helper()
		if err := s.Update(ctx, txn.TxOptions{}, fn); err != nil {
			t.Fatal(err)
		}
	}
	versions := func() (n int) {
		t.Helper()
		it := s.Sorted().NewVersions(sorted.VersionOptions{})
		for it.Next() {
			n++
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	fill(t, s, 0, keys)
	if _, err := s.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	old, err := s.Begin(ctx, txn.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Rollback()
	for i := 100; i < keys; i += 2 {
		update(func(tx *txn.Tx) error { return tx.Delete(fmt.Appendf(nil, "k%06d", i)) })
	}
	if err := s.DropRange(ctx, []byte("k000000"), []byte("k000100")); err != nil {
		t.Fatal(err)
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	if _, err := s.Compact(gone); !errors.Is(err, dberr.ErrCanceled) {
		t.Errorf("with a context that has ended: got %v, want class ErrCanceled", err)
	}
	if _, err := s.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := old.Get([]byte("k000200")); !ok || err != nil {
		t.Errorf("what an older snapshot sees is gone: %v, %v", ok, err)
	}
	old.Rollback()
	done, err := s.Compact(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if n := versions(); n != 100 || done.Versions != 200 {
		t.Errorf("%d versions are left and %d went, want 100 and 200", n, done.Versions)
	}
	st := s.Sorted().Stats()
	if st.Deletions != 0 || st.Levels[0].Files != 0 || done.After != st.Bytes || done.After >= done.Before {
		t.Errorf("got %+v; %d deletions, %d files in the first level, %d bytes", done, st.Deletions, st.Levels[0].Files, st.Bytes)
	}
	again, err := s.Compact(ctx) // of nothing
	if err != nil || again.Versions != 0 || versions() != 100 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// TestCompactInMemory: there is nothing to merge.
func TestCompactInMemory(t *testing.T) {
	s, err := storage.Open(nil, "", storage.Options{Backend: storage.BackendMemory})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if done, err := s.Compact(t.Context()); err != nil || done.Before != 0 || done.Versions != 0 {
		t.Errorf("got %+v, %v", done, err)
	}
}
