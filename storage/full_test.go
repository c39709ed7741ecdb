package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestDiskFull fills the disk: first the sorted store finds no room, then commits are
// refused, reads go on; and once there is room, so does everything else, by itself.
func TestDiskFull(t *testing.T) {
	var full atomic.Bool
	mem := vfs.NewCrashableMem()
	room := make(map[string]int64) // what is allocated of each file beyond its end
	disk := vfs.NewFault(mem, func(op vfs.Op) error {
		switch {
		case full.Load() && (op.Kind == vfs.OpCreate || op.Kind == vfs.OpPreallocate || op.Kind == vfs.OpWrite && vfs.On("sorted")(op) && room[op.Path] < int64(op.Length)):
			return fmt.Errorf("%s: %w", op, syscall.ENOSPC)
		case op.Kind == vfs.OpPreallocate:
			room[op.Path] += int64(op.Length)
		case op.Kind == vfs.OpWrite:
			room[op.Path] -= int64(op.Length)
		}
		return nil
	})
	failed := make(chan error, 100)
	opts := storage.Options{SegmentBytes: 16 << 10, BufferBytes: 256 << 10, CheckpointBytes: 16 << 10, History: -1}
	opts.Events.CheckpointFailed = func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	s, err := storage.Open(disk, "d", opts)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, 0, 100)
	if _, err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	n := 100
	for err = nil; err == nil && n < 5000; n++ {
		err = s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			return tx.Put(fmt.Appendf(nil, "k%06d", n), fmt.Appendf(make([]byte, 900), "%d", n))
		})
	}
	n--
	if e := dberr.As(err); !errors.Is(err, dberr.ErrFull) || e.Hint == "" {
		t.Fatalf("after %d commits: got %v, want class ErrFull with what to do", n, err)
	}
	if err := s.Err(); err != nil {
		t.Fatalf("a full disk has ended the store: %v", err)
	}
	count(t, s, n)
	full.Store(false)
	deadline := time.Now().Add(time.Minute)
	for err = errors.New("not tried"); err != nil && time.Now().Before(deadline); {
		err = s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			return tx.Put(fmt.Appendf(nil, "k%06d", n), make([]byte, 900))
		})
	}
	if err != nil {
		t.Fatalf("with room again: %v", err)
	}
	fill(t, s, n, n+200)
	if _, err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	count(t, s, n+200)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = storage.Open(disk, "d", opts); err != nil {
		t.Fatal(err)
	}
	count(t, s, n+200)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
