package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// crashLife is what clients know of the store after it went away under them:
// every transaction wrote its number under three keys.
type crashLife struct {
	acked    []int // Commit returned nil, with sync
	tried    int   // transactions begun
	readOnly bool  // a commit was refused with class ErrReadOnly
}

var crashOptions = storage.Options{SegmentBytes: 16 << 10, History: -1}

// checkpointOptions make a checkpoint every few commits, and let everything leave
// memory that can.
var checkpointOptions = storage.Options{SegmentBytes: 16 << 10, History: -1, BufferBytes: 128 << 10, CheckpointBytes: 4 << 10}

// crashTxs is how many transactions a life tries; they fill more than a segment.
const crashTxs = 12

// live opens the store and commits transactions from first on, until the disk
// fails or all are done. Two clients, so that commits share a sync.
func live(t *testing.T, disk vfs.FS, first int, opts storage.Options) (l crashLife) {
	s, err := storage.Open(disk, "d", opts)
	if err != nil {
		return l
	}
	defer s.Close() // its error is the one injected
	ctx := context.Background()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for client := range 2 {
		wg.Go(func() {
			for i := first + client; i < first+crashTxs; i += 2 {
				err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return writeTriple(tx, i) })
				mu.Lock()
				l.tried = max(l.tried, i+1)
				if err == nil {
					l.acked = append(l.acked, i)
				}
				l.readOnly = l.readOnly || errors.Is(err, dberr.ErrReadOnly)
				mu.Unlock()
				if err != nil && !errors.Is(err, dberr.ErrUndetermined) && !errors.Is(err, dberr.ErrReadOnly) && !errors.Is(err, dberr.ErrFull) && !errors.Is(err, vfs.ErrInjected) {
					t.Errorf("transaction %d: error of no expected class: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Err(); err != nil {
		if werr := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return writeTriple(tx, 1) }); !errors.Is(werr, dberr.ErrReadOnly) {
			t.Errorf("write to a store that failed: got %v, want class ErrReadOnly", werr)
		}
		l.checkVisible(t, s)
	}
	return l
}

func writeTriple(tx *txn.Tx, i int) error {
	value := fmt.Appendf(make([]byte, 900), "%d", i)
	for _, part := range []string{"a", "m", "z"} {
		if err := tx.Put(fmt.Appendf(nil, "%s%06d", part, i), value); err != nil {
			return err
		}
	}
	return nil
}

// checkVisible checks that every acknowledged transaction is there and that none
// is there in part.
func (l *crashLife) checkVisible(t *testing.T, s *storage.Store) {
	t.Helper()
	found := map[string]int{}
	err := s.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			found[string(it.Key()[1:])]++
		}
		return it.Err()
	})
	if errors.Is(err, vfs.ErrInjected) {
		return // what is not in memory cannot be read from a disk that fails
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range l.acked {
		if n := found[fmt.Sprintf("%06d", i)]; n != 3 {
			t.Errorf("acknowledged transaction %d has %d of 3 keys", i, n)
		}
	}
	for k, n := range found {
		if n != 3 {
			t.Errorf("transaction %s has %d of 3 keys", k, n)
		}
	}
}

// TestCrashEverywhere fails the nth disk operation, for every n, once alone and
// once with all that follow, pulls the plug, does the same to the recovery at a
// random operation, and then wants every acknowledged transaction.
func TestCrashEverywhere(t *testing.T) {
	sealed := checkpointOptions
	sealed.Encryption = testKey(t, 1)
	for name, opts := range map[string]storage.Options{"log": crashOptions, "checkpoints": checkpointOptions, "encrypted": sealed} {
		for _, forever := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/forever=%v", name, forever), func(t *testing.T) { crashEverywhere(t, forever, opts) })
		}
	}
}

func crashEverywhere(t *testing.T, forever bool, opts storage.Options) {
	stride := 1
	if testing.Short() {
		stride = 7
	}
	poisoned := false
	n := 1
	for ; ; n += stride {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		done, readOnly := crashAt(t, n, forever, r, opts)
		poisoned = poisoned || readOnly
		if t.Failed() {
			t.Fatalf("with the fault at operation %d", n)
		}
		if done {
			break
		}
	}
	// With checkpoints in the background a stride may miss the log.
	if n < 30 || !poisoned && (stride == 1 || opts.CheckpointBytes == 0) {
		t.Fatalf("%d operations, poisoned %v: the test does not reach the log", n, poisoned)
	}
}

// crashAt says whether there was no nth operation, and whether the store became
// read-only on the way.
func crashAt(t *testing.T, n int, forever bool, r *rand.Rand, opts storage.Options) (done, readOnly bool) {
	disk := vfs.NewCrashableMem()
	base := live(t, disk, 0, opts)
	if len(base.acked) != crashTxs {
		t.Fatalf("without faults %d of %d were acknowledged", len(base.acked), crashTxs)
	}
	fault := vfs.NewFault(disk, vfs.FailFrom(n, forever, io.ErrUnexpectedEOF, nil))
	first := live(t, fault, crashTxs, opts)
	done = fault.Ops() < n
	disk = crash(disk, r)

	// The second life ends in the middle of its recovery, or soon after.
	fault = vfs.NewFault(disk, vfs.FailFrom(1+r.IntN(60), true, io.ErrUnexpectedEOF, nil))
	second := live(t, fault, 2*crashTxs, opts)
	disk = crash(disk, r)

	s, err := storage.Open(disk, "d", opts)
	if err != nil {
		t.Fatalf("open after two crashes: %v", err)
	}
	all := crashLife{acked: append(append(base.acked, first.acked...), second.acked...)}
	all.checkVisible(t, s)
	if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return writeTriple(tx, 999) }); err != nil {
		t.Errorf("write after two crashes: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return done, first.readOnly
}

// crash returns the disk as a power failure leaves it: a random part of what was
// not synced is there.
func crash(disk *vfs.Mem, r *rand.Rand) *vfs.Mem {
	return disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
}

// TestCrashWhileCreating pulls the plug at every operation of the very first Open.
func TestCrashWhileCreating(t *testing.T) {
	crashWhileCreating(t, storage.Options{})
	crashWhileCreating(t, storage.Options{Encryption: testKey(t, 1)})
}

func crashWhileCreating(t *testing.T, opts storage.Options) {
	for n := 1; ; n++ {
		r := rand.New(rand.NewPCG(uint64(n), 2))
		disk := vfs.NewCrashableMem()
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		if s, err := storage.Open(fault, "a/b/d", opts); err == nil {
			s.Close()
		}
		if fault.Ops() < n {
			return
		}
		s, err := storage.Open(crash(disk, r), "a/b/d", opts)
		if err != nil {
			t.Fatalf("open after a crash at operation %d of the first: %v", n, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
