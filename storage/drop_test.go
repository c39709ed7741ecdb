package storage_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestCrashAroundDropRange: after a crash a drop took effect as a whole or not at
// all, and took nothing that was written after it.
func TestCrashAroundDropRange(t *testing.T) {
	t.Run("log", func(t *testing.T) { crashAroundDropRange(t, crashOptions) })
	t.Run("checkpoints", func(t *testing.T) {
		opts := checkpointOptions
		opts.CheckpointInterval = 1 // due whenever something was written
		crashAroundDropRange(t, opts)
	})
}

func crashAroundDropRange(t *testing.T, opts storage.Options) {
	ctx := context.Background()
	put := func(s *storage.Store, from, to int, value string) error {
		return s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
			for i := from; i < to; i++ {
				if err := tx.Put(fmt.Appendf(nil, "k%03d", i), []byte(value)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for n := 1; ; n++ {
		disk := vfs.NewCrashableMem()
		s, err := storage.Open(disk, "d", opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := put(s, 0, 200, "old"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		dropped, written := false, false
		if s, err = storage.Open(fault, "d", opts); err == nil {
			dropped = s.DropRange(ctx, []byte("k050"), []byte("k150")) == nil
			written = put(s, 100, 160, "new") == nil
			if opts.CheckpointBytes > 0 {
				_, _ = s.Checkpoint(ctx) // its error is the one injected
			}
			s.Close()
		}
		if s, err = storage.Open(crash(disk, rand.New(rand.NewPCG(uint64(n), 4))), "d", opts); err != nil {
			t.Fatalf("fault at %d: %v", n, err)
		}
		found := map[string]int{}
		if err := s.View(ctx, func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{})
			defer it.Close()
			for it.Next() {
				found[string(it.Value())]++
			}
			return it.Err()
		}); err != nil {
			t.Fatal(err)
		}
		state := [2]int{found["old"], found["new"]}
		ok := state == [2]int{90, 60} || (!written && state == [2]int{100, 0}) || (!dropped && state == [2]int{200, 0})
		if !ok {
			t.Errorf("fault at %d: dropped %v, written %v: %d old and %d new keys", n, dropped, written, state[0], state[1])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if fault.Ops() < n {
			if !dropped || !written || n < 5 {
				t.Errorf("without a fault: dropped %v, written %v, %d operations", dropped, written, n)
			}
			return
		}
	}
}
