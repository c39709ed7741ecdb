package storage_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// seenLife has clients that write with and without sync, large and small, give up
// waiting now and then, and read; it notes what a crash must not change.
type seenLife struct {
	mu      sync.Mutex
	must    map[int]bool // acknowledged with sync, or seen by a reader and written with sync
	mustNot map[int]bool // refused with a class that says that nothing was written
	classes map[error]int
}

const seenKeys = 50 // of one transaction; enough to be installed in bulk

func seenKey(tx, i int) []byte { return fmt.Appendf(nil, "%02d/%06d", i, tx) }

// write makes one transaction, which has sync where its number is even.
func (l *seenLife) write(t *testing.T, s *storage.Store, r *rand.Rand, n int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch r.IntN(6) {
	case 0:
		cancel()
	case 1:
		go cancel()
	}
	opts := txn.TxOptions{Durability: txn.DurabilitySync}
	switch n % 4 {
	case 1:
		opts.Durability = txn.DurabilityInterval
	case 3:
		opts.Durability = txn.DurabilityAsync
	}
	keys := 1
	if n%3 == 0 {
		keys = seenKeys
	}
	err := s.Update(ctx, opts, func(tx *txn.Tx) error {
		for i := range keys {
			if err := tx.Put(seenKey(n, i), binary.BigEndian.AppendUint32(make([]byte, 60), uint32(keys))); err != nil {
				return err
			}
		}
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	class := dberr.ClassOf(err)
	l.classes[class]++
	switch {
	case err == nil:
		l.must[n] = l.must[n] || n%2 == 0
	case errors.Is(class, dberr.ErrUndetermined):
	case errors.Is(class, dberr.ErrReadOnly), errors.Is(class, dberr.ErrCanceled), errors.Is(class, dberr.ErrFull), errors.Is(class, dberr.ErrUnavailable):
		l.mustNot[n] = true
	default:
		t.Errorf("transaction %d: error of no expected class: %v", n, err)
	}
}

// read returns which transactions are there, and wants each of them whole.
func (l *seenLife) read(t *testing.T, s *storage.Store) map[int]bool {
	there, want := map[int]int{}, map[int]int{}
	if err := s.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			n, err := strconv.Atoi(string(it.Key()[len("00/"):]))
			if err != nil {
				return err
			}
			there[n]++
			want[n] = int(binary.BigEndian.Uint32(it.Value()[60:]))
		}
		return it.Err()
	}); err != nil {
		t.Error(err)
	}
	seen := map[int]bool{}
	for n, keys := range there {
		seen[n] = true
		if keys != want[n] {
			t.Errorf("transaction %d has %d of %d keys", n, keys, want[n])
		}
	}
	return seen
}

// TestSeenIsDurable breaks the disk under them and pulls the plug.
func TestSeenIsDurable(t *testing.T) {
	rounds := uint64(60)
	if testing.Short() {
		rounds = 8
	}
	classes := map[error]int{}
	for round := range rounds {
		r := rand.New(rand.NewPCG(round, 3))
		disk := vfs.NewCrashableMem()
		fault := vfs.NewFault(disk, vfs.FailFrom(10+r.IntN(100), r.IntN(2) == 0, io.ErrUnexpectedEOF, func(op vfs.Op) bool {
			for i := 0; op.Kind == vfs.OpSync && i < 20; i++ {
				runtime.Gosched() // time for others to see what they must not
			}
			return op.Kind == vfs.OpWrite || op.Kind == vfs.OpSync
		}))
		opts := storage.Options{SegmentBytes: 32 << 10}
		if round%2 == 1 { // with checkpoints all the time, and next to no memory
			opts.BufferBytes, opts.CheckpointBytes = 128<<10, 4<<10
		}
		l := seenLife{must: map[int]bool{}, mustNot: map[int]bool{}, classes: classes}
		s, err := storage.Open(fault, "d", opts)
		if err != nil {
			t.Fatal(err)
		}
		var clients sync.WaitGroup
		for c := range 4 {
			rc := rand.New(rand.NewPCG(round, uint64(10+c)))
			clients.Go(func() {
				for n := c; n < 120; n += 4 {
					if l.write(t, s, rc, n); n/4%3 == 0 {
						seen := l.read(t, s)
						l.mu.Lock()
						for n := range seen {
							l.must[n] = l.must[n] || n%2 == 0
						}
						l.mu.Unlock()
					}
				}
			})
		}
		clients.Wait()
		s.Close() // its error is the one injected
		if s, err = storage.Open(crash(disk, r), "d", opts); err != nil {
			t.Fatalf("round %d: open after a crash: %v", round, err)
		}
		there := l.read(t, s)
		for n, must := range l.must {
			if must && !there[n] {
				t.Errorf("round %d: transaction %d is lost", round, n)
			}
		}
		for n := range l.mustNot {
			if there[n] {
				t.Errorf("round %d: transaction %d is there, though it was refused", round, n)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
	for _, class := range []error{nil, dberr.ErrUndetermined, dberr.ErrReadOnly, dberr.ErrCanceled} {
		if classes[class] == 0 {
			t.Errorf("no commit ended with class %v", class)
		}
	}
}
