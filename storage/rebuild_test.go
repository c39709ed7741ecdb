package storage_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// TestKeepLog: what is kept stays through checkpoints and processes that know
// nothing of it, until it is let go.
func TestKeepLog(t *testing.T) {
	ctx, fs := context.Background(), vfs.NewMem()
	opts := storage.Options{SegmentBytes: 8 << 10, History: -1}
	open := func() *storage.Store {
		s, err := storage.Open(fs, "d", opts)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	fill := func(s *storage.Store) txn.Timestamp {
		for i := range 40 {
			if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte{1, byte(i)}, make([]byte, 1000)) }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
		return s.LastCommit()
	}
	records := func(s *storage.Store, since txn.Timestamp) (n int, err error) {
		err = s.ReadLog(ctx, since, s.LastCommit(), func(wal.Record) error { n++; return nil })
		return n, err
	}
	s := open()
	at := fill(s)
	if _, err := s.KeepLog("archive", at); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		fill(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
		fill(s)
	}
	if n, err := records(s, at); n != 240 || err != nil {
		t.Errorf("%d records are kept, want 240: %v", n, err)
	}
	k, err := s.KeepLog("archive", at)
	if err != nil || k.After() != at {
		t.Fatalf("kept after %d, want %d: %v", k.After(), at, err)
	}
	later := fill(s)
	if err := k.Advance(later); err != nil {
		t.Fatal(err)
	}
	fill(s)
	if n, err := records(s, later); n != 40 || err != nil {
		t.Errorf("%d records are kept, want 40: %v", n, err)
	}
	if _, err := records(s, at); dberr.As(err) == nil || dberr.As(err).Code != "LOG_TRUNCATED" {
		t.Errorf("records that are not kept any more: %v", err)
	}
	if err := errors.Join(s.DropKept("archive"), s.DropKept("archive")); err != nil {
		t.Fatal(err)
	}
	fill(s)
	if _, err := records(s, later); err == nil {
		t.Error("records are kept that were let go")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A file that is damaged is not taken for no holds.
	f, err := fs.Create("d/HOLDS", vfs.CategoryLog)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("weft holds\nversion 1\narchive 5\ncheck 00000000\n")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := storage.Open(fs, "d", opts); !errors.Is(err, dberr.ErrCorrupt) || !strings.Contains(err.Error(), "HOLDS") {
		t.Errorf("open with a damaged file: %v", err)
	}
}
