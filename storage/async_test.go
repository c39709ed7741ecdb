package storage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

func putAsync(t *testing.T, s *storage.Store, key string, value []byte) error {
	t.Helper()
	return s.Update(context.Background(), txn.TxOptions{Durability: txn.DurabilityAsync}, func(tx *txn.Tx) error { return tx.Put([]byte(key), value) })
}

// keysOf opens the store as a power failure leaves it, and tells what keys it has.
func keysOf(t *testing.T, disk *vfs.Mem) (keys []string) {
	t.Helper()
	s, err := storage.Open(disk.CrashClone(vfs.CrashConfig{}), "db", storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			keys = append(keys, string(it.Key()))
		}
		return it.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestAsyncComesToDiskByItself: what nobody waits for is on the disk after the interval,
// with the next commit that is synced, and with Close.
func TestAsyncComesToDiskByItself(t *testing.T) {
	disk := vfs.NewCrashableMem()
	wrote := make(chan wal.WriteInfo, 100)
	open := func(interval time.Duration) *storage.Store {
		s, err := storage.Open(disk, "db", storage.Options{SyncInterval: interval, LogEvents: wal.Events{Wrote: func(i wal.WriteInfo) { wrote <- i }}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(5 * time.Millisecond)
	if err := putAsync(t, s, "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	for i := range wrote { // Wrote is told before others are: the sync is done
		if i.Synced {
			break
		}
	}
	if got := keysOf(t, disk); len(got) != 1 {
		t.Errorf("after the interval: %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(time.Hour)
	if err := putAsync(t, s, "b", []byte("2")); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, disk); len(got) != 1 {
		t.Errorf("it waited for the disk: %q", got)
	}
	if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("c"), nil) }); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, disk); len(got) != 3 {
		t.Errorf("with one that was synced: %q", got)
	}
	for len(wrote) > 0 {
		<-wrote
	}
	if err := putAsync(t, s, "d", make([]byte, 300<<10)); err != nil { // so much is written at once
		t.Fatal(err)
	}
	if i := <-wrote; i.Bytes < 300<<10 {
		t.Errorf("wrote %d bytes", i.Bytes)
	}
	if err := putAsync(t, s, "e", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, disk); len(got) != 5 {
		t.Errorf("after Close: %q", got)
	}
}

// TestAsyncFailureIsKnown: a log that fails while nobody waits makes the store read-only.
func TestAsyncFailureIsKnown(t *testing.T) {
	broken, failed := make(chan struct{}), make(chan error, 1)
	fs := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		select {
		case <-broken:
			if op.Kind == vfs.OpSync || op.Kind == vfs.OpWrite {
				return vfs.ErrInjected
			}
		default:
		}
		return nil
	})
	s, err := storage.Open(fs, "db", storage.Options{SyncInterval: 5 * time.Millisecond, LogEvents: wal.Events{Failed: func(err error) { failed <- err }}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it failed
	if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("first"), nil) }); err != nil {
		t.Fatal(err)
	}
	close(broken)
	if err := putAsync(t, s, "a", nil); err != nil {
		t.Fatal(err)
	}
	<-failed
	if err := s.Err(); !errors.Is(err, dberr.ErrReadOnly) || !errors.Is(err, vfs.ErrInjected) {
		t.Errorf("got %v, want class ErrReadOnly with the cause", err)
	}
	if err := putAsync(t, s, "b", nil); !errors.Is(err, dberr.ErrReadOnly) {
		t.Errorf("got %v, want class ErrReadOnly", err)
	}
}
