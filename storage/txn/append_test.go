package txn_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// readLog reads a log and holds that its numbers have no gap and follow its commits.
func readLog(t *testing.T, s *txn.Store, prefix string) (values []string) {
	t.Helper()
	var last txn.Timestamp
	err := s.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{Lower: []byte(prefix), Upper: []byte(prefix + "\xff\xff\xff\xff\xff\xff\xff\xff\xff")})
		defer it.Close()
		for it.Next() {
			p, n, ok := txn.LogNumber(it.Key())
			if !ok || string(p) != prefix || n != uint64(len(values))+1 {
				t.Errorf("key %d of the log is %x", len(values), it.Key())
			}
			if it.Timestamp() < last {
				t.Errorf("number %d is of a commit before that of the one before it", n)
			}
			last = it.Timestamp()
			values = append(values, string(it.Value()))
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// TestAppendsDoNotConflict: transactions that overlap append to the same logs, each
// commits at its first try, and each value has the number that its transaction is told.
func TestAppendsDoNotConflict(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	var mu sync.Mutex
	told := map[uint64]string{}
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() {
			for i := range 50 {
				tx, err := s.Begin(ctx, txn.TxOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				for j := range 3 {
					if h, err := tx.Append([]byte("log"), fmt.Appendf(nil, "%d.%d.%d", client, i, j)); err != nil || h != 2*j {
						t.Errorf("handle %d, %v", h, err)
					}
					_, _ = tx.Append([]byte("other"), []byte("x"))
				}
				if err := tx.Put(fmt.Appendf(nil, "m%d", client), nil); err != nil {
					t.Error(err)
				}
				if err := tx.Commit(ctx); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for j := range 3 {
					told[tx.Appended(2*j)] = fmt.Sprintf("%d.%d.%d", client, i, j)
				}
				mu.Unlock()
				if tx.Appended(2) != tx.Appended(0)+1 {
					t.Error("the values of one transaction do not follow each other")
				}
			}
		})
	}
	wg.Wait()
	values := readLog(t, s, "log")
	if len(values) != 1200 || len(told) != 1200 || len(readLog(t, s, "other")) != 1200 {
		t.Fatalf("the log has %d values, %d were told", len(values), len(told))
	}
	for i, v := range values {
		if told[uint64(i)+1] != v {
			t.Fatalf("number %d is %s, its transaction was told that it is %s", i+1, v, told[uint64(i)+1])
		}
	}
}

// TestAppendIsUndone: by a rollback to a savepoint and by a rollback, without a gap.
func TestAppendIsUndone(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	begin := func() *txn.Tx {
		tx, err := s.Begin(ctx, txn.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	tx := begin()
	_, _ = tx.Append([]byte("log"), []byte("a"))
	sp := tx.Savepoint()
	_, _ = tx.Append([]byte("log"), []byte("b"))
	if err := tx.RollbackTo(sp); err != nil || tx.Appends() != 1 {
		t.Fatalf("%d appends are left, %v", tx.Appends(), err)
	}
	_, _ = tx.Append([]byte("log"), []byte("c"))
	gone := begin()
	_, _ = gone.Append([]byte("log"), []byte("d"))
	gone.Rollback()
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(readLog(t, s, "log")); got != "[a c]" {
		t.Errorf("the log is %s", got)
	}
}

// TestAppendRefuses: what would put the log out of order, instead of writing it.
func TestAppendRefuses(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		if err := tx.Put(txn.AppendLogKey(nil, []byte("log"), 7), nil); err != nil {
			return err
		}
		_, err := tx.Append([]byte("log"), []byte("a"))
		return err
	}); err == nil {
		t.Error("a key behind the end of the log was written")
	}
	if got := readLog(t, s, "log"); len(got) != 0 {
		t.Errorf("the log is %q", got)
	}
	if err := s.View(ctx, func(tx *txn.Tx) error { _, err := tx.Append([]byte("log"), nil); return err }); err == nil {
		t.Error("a transaction that only reads has appended")
	}
}

// TestReadsOfLogConflict: under serializable, who has read the end of a log does not
// commit beside who appends to it.
func TestReadsOfLogConflict(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	reader, err := s.Begin(ctx, txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	it := reader.Iter(txn.IterOptions{Lower: []byte("log"), Upper: []byte("loh")})
	for it.Next() {
	}
	it.Close()
	if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { _, err := tx.Append([]byte("log"), nil); return err }); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Append([]byte("seen"), []byte("nothing")); err != nil {
		t.Fatal(err)
	}
	if err := reader.Commit(ctx); err == nil {
		t.Error("both committed")
	}
}

// TestAppendCrash pulls the plug at disk operations: numbers go on without a gap, and
// what was acknowledged has the number that was told.
func TestAppendCrash(t *testing.T) {
	for n := 1; ; n += 2 {
		r := rand.New(rand.NewPCG(uint64(n), 7))
		disk := vfs.NewCrashableMem()
		told := map[uint64]string{}
		done := true
		for life := range 3 {
			fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
			appendLife(fault, life, told)
			done = done && fault.Ops() < n
			disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
			s, err := storage.Open(disk, "d", storage.Options{SegmentBytes: 16 << 10, CheckpointBytes: 4 << 10, BufferBytes: 128 << 10})
			if err != nil {
				t.Fatal(err)
			}
			values := readLog(t, s.Store, "log")
			for number, v := range told {
				if number > uint64(len(values)) || values[number-1][:4] != v {
					t.Fatalf("crash at %d, life %d: number %d is not %s", n, life, number, v)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if done {
			if len(told) != 30 {
				t.Fatalf("without a crash %d were acknowledged", len(told))
			}
			return
		}
	}
}

func appendLife(disk vfs.FS, life int, told map[uint64]string) {
	s, err := storage.Open(disk, "d", storage.Options{SegmentBytes: 16 << 10, CheckpointBytes: 4 << 10, BufferBytes: 128 << 10})
	if err != nil {
		return
	}
	defer s.Close()
	ctx := context.Background()
	for i := range 10 {
		var last *txn.Tx
		value := fmt.Sprintf("%d.%02d", life, i)
		err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
			last = tx
			_, err := tx.Append([]byte("log"), append([]byte(value), make([]byte, 900)...))
			return err
		})
		if err != nil {
			return
		}
		told[last.Appended(0)] = value
	}
}
