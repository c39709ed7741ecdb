package txn_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/wal"
)

// gatedLog is a log whose waits end when the test says so.
type gatedLog struct {
	mu      sync.Mutex
	changed *sync.Cond
	appends []uint64
	refuse  error // what Append says
	failed  error
	wrote   bool // waits without sync end
	synced  bool // waits with sync end
}

func newGatedLog() *gatedLog {
	l := &gatedLog{}
	l.changed = sync.NewCond(&l.mu)
	return l
}

func (l *gatedLog) set(fn func()) {
	l.mu.Lock()
	fn()
	l.mu.Unlock()
	l.changed.Broadcast()
}

func (l *gatedLog) Append(ts uint64, typ byte, payload ...[]byte) (wal.Ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return wal.Ticket{}, l.refuse
	}
	if l.failed != nil {
		return wal.Ticket{}, l.failed
	}
	if n := len(l.appends); n > 0 && l.appends[n-1] >= ts {
		return wal.Ticket{}, errors.New("timestamps go back")
	}
	l.appends = append(l.appends, ts)
	return wal.Ticket{}, nil
}

func (l *gatedLog) Wait(ctx context.Context, t wal.Ticket, sync bool) error {
	stop := context.AfterFunc(ctx, func() { l.set(func() {}) })
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.failed != nil:
			return dberr.New(dberr.ErrUndetermined, "COMMIT_UNDETERMINED", "the log failed").Wrap(l.failed)
		case l.synced || (l.wrote && !sync):
			return nil
		case ctx.Err() != nil:
			return dberr.New(dberr.ErrUndetermined, "COMMIT_UNDETERMINED", "stopped waiting").Wrap(ctx.Err())
		}
		l.changed.Wait()
	}
}

func (l *gatedLog) Sync(ctx context.Context) error { return l.Wait(ctx, wal.Ticket{}, true) }

func (l *gatedLog) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// gated runs fn in a bubble with a store over a gated log.
func gated(t *testing.T, fn func(t *testing.T, s *txn.Store, log *gatedLog)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := txn.New(txn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		log := newGatedLog()
		s.Start(log, 0)
		fn(t, s, log)
		log.set(func() { log.synced = true })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func put(ctx context.Context, s *txn.Store, d txn.Durability, key, value string) error {
	tx, err := s.Begin(ctx, txn.TxOptions{Durability: d})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := tx.Put([]byte(key), []byte(value)); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func get(t *testing.T, s *txn.Store, key string) (value string) {
	t.Helper()
	if err := s.View(context.Background(), func(tx *txn.Tx) error {
		v, _, err := tx.Get([]byte(key))
		value = string(v)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestCommitIsVisibleOnceSynced(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		var done [2]bool
		go func() { done[0] = put(ctx, s, txn.DurabilitySync, "a", "1") == nil }()
		synctest.Wait()
		// Another one is validated, appended and waits beside it: group commit.
		go func() { done[1] = put(ctx, s, txn.DurabilitySync, "b", "2") == nil }()
		synctest.Wait()
		log.set(func() { log.wrote = true })
		synctest.Wait()
		if len(log.appends) != 2 || done[0] || done[1] || get(t, s, "a") != "" || s.LastCommit() != 0 {
			t.Fatalf("written, not synced: %d appended, acknowledged %v, a = %q", len(log.appends), done, get(t, s, "a"))
		}
		log.set(func() { log.synced = true })
		synctest.Wait()
		if !done[0] || !done[1] || get(t, s, "a") != "1" || get(t, s, "b") != "2" {
			t.Fatalf("synced: acknowledged %v, a = %q, b = %q", done, get(t, s, "a"), get(t, s, "b"))
		}
	})
}

func TestIntervalCommitDoesNotPublishAnUnsyncedOneBefore(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		log.set(func() { log.wrote = true })
		if err := put(ctx, s, txn.DurabilityInterval, "a", "1"); err != nil || get(t, s, "a") != "1" {
			t.Fatalf("interval commit alone: %v, a = %q", err, get(t, s, "a"))
		}
		go put(ctx, s, txn.DurabilitySync, "b", "2")
		synctest.Wait()
		acked := false
		go func() { acked = put(ctx, s, txn.DurabilityInterval, "c", "3") == nil }()
		synctest.Wait()
		if acked || get(t, s, "b") != "" || get(t, s, "c") != "" {
			t.Fatalf("acknowledged %v; b = %q is not synced yet", acked, get(t, s, "b"))
		}
		log.set(func() { log.synced = true })
		synctest.Wait()
		if !acked || get(t, s, "b") != "2" || get(t, s, "c") != "3" {
			t.Fatalf("after the sync: acknowledged %v, b = %q, c = %q", acked, get(t, s, "b"), get(t, s, "c"))
		}
	})
}

func TestAsyncCommitDoesNotWait(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		if err := put(ctx, s, txn.DurabilityAsync, "a", "1"); err != nil || get(t, s, "a") != "1" {
			t.Fatalf("alone: %v, a = %q", err, get(t, s, "a"))
		}
		go put(ctx, s, txn.DurabilityInterval, "b", "2")
		synctest.Wait()
		if err := put(ctx, s, txn.DurabilityAsync, "c", "3"); err != nil || get(t, s, "c") != "3" {
			t.Fatalf("behind one that is not written: %v, c = %q", err, get(t, s, "c"))
		}
		go put(ctx, s, txn.DurabilitySync, "d", "4")
		synctest.Wait()
		acked := false
		go func() { acked = put(ctx, s, txn.DurabilityAsync, "e", "5") == nil }()
		synctest.Wait()
		if acked || get(t, s, "d") != "" || get(t, s, "e") != "" {
			t.Fatalf("acknowledged %v before the one before is synced; d = %q", acked, get(t, s, "d"))
		}
		log.set(func() { log.wrote, log.synced = true, true })
		synctest.Wait()
		if !acked || get(t, s, "d") != "4" || get(t, s, "e") != "5" {
			t.Fatalf("after the sync: acknowledged %v, d = %q, e = %q", acked, get(t, s, "d"), get(t, s, "e"))
		}
	})
}

func TestContextEndsWhileWaiting(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx, cancel := context.WithCancel(context.Background())
		var err error
		go func() { err = put(ctx, s, txn.DurabilitySync, "a", "1") }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if !errors.Is(err, dberr.ErrUndetermined) {
			t.Fatalf("got %v, want class ErrUndetermined", err)
		}
		// It is on its way: one more on the same key conflicts until it is visible,
		// and Update waits for that instead of spending its retries.
		retried := make(chan error, 1)
		attempts := 0
		go func() {
			retried <- s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
				attempts++
				return tx.Put([]byte("a"), []byte("2"))
			})
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if attempts != 1 {
			t.Fatalf("%d attempts against a commit that is not visible yet", attempts)
		}
		log.set(func() { log.synced = true })
		if err := <-retried; err != nil || attempts != 2 {
			t.Fatalf("%v after %d attempts", err, attempts)
		}
		synctest.Wait()
		if got := get(t, s, "a"); got != "2" {
			t.Fatalf("a = %q", got)
		}
	})
}

// TestReadUnsynced: writers of one key do not wait for one another's sync, and are told
// nothing of what is not synced.
func TestReadUnsynced(t *testing.T) {
	opts := txn.TxOptions{ReadUnsynced: true}
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		go put(ctx, s, txn.DurabilitySync, "n", "1")
		synctest.Wait()
		var seen []string
		results := make([]error, 3)
		try := func(i int, fn func(tx *txn.Tx, old string) error) {
			results[i] = errors.New("still waits")
			go func() {
				results[i] = s.Update(ctx, opts, func(tx *txn.Tx) error {
					v, _, err := tx.Get([]byte("n"))
					if err != nil {
						return err
					}
					seen = append(seen, string(v))
					if err := tx.Put([]byte("n"), append(v, '+')); err != nil { // so that it meets the conflict
						return err
					}
					return fn(tx, string(v))
				})
			}()
			synctest.Wait()
		}
		try(0, func(*txn.Tx, string) error { return nil })
		refused := errors.New("refused")
		try(1, func(tx *txn.Tx, old string) error {
			if old != "" {
				return refused
			}
			return nil
		})
		try(2, func(tx *txn.Tx, old string) error {
			if old != "" {
				return tx.RollbackTo(txn.Savepoint{}) // writes nothing
			}
			return nil
		})
		if want := []string{"", "1", "", "1+", "", "1+"}; !slices.Equal(seen, want) {
			t.Errorf("read %q, want %q", seen, want)
		}
		for i, err := range results {
			if err == nil || err.Error() != "still waits" || get(t, s, "n") != "" {
				t.Errorf("%d ended before what it read was synced: %v; n = %q", i, err, get(t, s, "n"))
			}
		}
		log.set(func() { log.wrote, log.synced = true, true })
		synctest.Wait()
		if results[0] != nil || !errors.Is(results[1], refused) || results[2] != nil || get(t, s, "n") != "1+" {
			t.Errorf("after the sync: %v; n = %q", results, get(t, s, "n"))
		}
	})
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) { // who stops waiting learns whether it was committed
		ctx, cancel := context.WithCancel(context.Background())
		go put(context.Background(), s, txn.DurabilitySync, "n", "1")
		synctest.Wait()
		refused := errors.New("refused")
		var errs [2]error
		for i := range errs {
			go func() {
				errs[i] = s.Update(ctx, opts, func(tx *txn.Tx) error {
					v, _, err := tx.Get([]byte("n"))
					if i == 1 && string(v) != "" {
						return refused
					}
					return errors.Join(err, tx.Put([]byte("n"), []byte("2")))
				})
			}()
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if !errors.Is(errs[0], dberr.ErrUndetermined) || !errors.Is(errs[1], dberr.ErrCanceled) {
			t.Errorf("got %v", errs)
		}
		log.set(func() { log.wrote, log.synced = true, true })
		synctest.Wait()
		if v := get(t, s, "n"); v != "2" {
			t.Errorf("n = %q", v)
		}
	})
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) { // the log fails: nobody acts on what was read
		ctx := context.Background()
		go put(ctx, s, txn.DurabilitySync, "n", "1")
		synctest.Wait()
		var errs [2]error
		for i := range errs {
			go func() {
				errs[i] = s.Update(ctx, opts, func(tx *txn.Tx) error {
					v, _, err := tx.Get([]byte("n"))
					if err == nil && string(v) != "" && i == 1 {
						return errors.New("acted on it")
					}
					return errors.Join(err, tx.Put([]byte("n"), []byte("2")))
				})
			}()
			synctest.Wait()
		}
		log.set(func() { log.failed = errors.New("input/output error") })
		synctest.Wait()
		if !errors.Is(errs[0], dberr.ErrUndetermined) || !errors.Is(errs[1], dberr.ErrReadOnly) {
			t.Errorf("got %v", errs)
		}
		if v := get(t, s, "n"); v != "" {
			t.Errorf("n = %q", v)
		}
	})
}

func TestLogFailureMakesReadOnly(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		log.set(func() { log.wrote, log.synced = true, true })
		if err := put(ctx, s, 0, "a", "1"); err != nil {
			t.Fatal(err)
		}
		before, err := s.Begin(ctx, txn.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer before.Rollback()
		log.set(func() { log.synced = false })
		var failed error
		go func() { failed = put(ctx, s, 0, "a", "2") }()
		synctest.Wait()
		cause := errors.New("fsync: input/output error")
		log.set(func() { log.failed = cause })
		synctest.Wait()
		if !errors.Is(failed, dberr.ErrUndetermined) {
			t.Errorf("commit under way: got %v, want class ErrUndetermined", failed)
		}
		if err := s.Err(); !errors.Is(err, dberr.ErrReadOnly) || !errors.Is(err, cause) {
			t.Errorf("Err: got %v", err)
		}
		if err := put(ctx, s, 0, "b", "1"); !errors.Is(err, dberr.ErrReadOnly) {
			t.Errorf("write: got %v, want class ErrReadOnly", err)
		}
		if err := before.Put([]byte("x"), nil); !errors.Is(err, dberr.ErrReadOnly) {
			t.Errorf("write in an open transaction: got %v, want class ErrReadOnly", err)
		}
		if err := s.DropRange(ctx, nil, nil); !errors.Is(err, dberr.ErrReadOnly) {
			t.Errorf("drop: got %v, want class ErrReadOnly", err)
		}
		if got := get(t, s, "a"); got != "1" {
			t.Errorf("a = %q, want what was acknowledged", got)
		}
		err = s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("a"), []byte("3")) })
		if !errors.Is(err, dberr.ErrReadOnly) {
			t.Errorf("update: got %v, want class ErrReadOnly", err)
		}
	})
}

func TestFullDiskIsNotTheEnd(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		full := dberr.New(dberr.ErrFull, "DISK_FULL", "the disk is full")
		log.set(func() { log.synced, log.refuse = true, full })
		if err := put(ctx, s, 0, "a", "1"); !errors.Is(err, dberr.ErrFull) {
			t.Fatalf("got %v, want class ErrFull", err)
		}
		log.set(func() { log.refuse = nil })
		if got := get(t, s, "a"); got != "" || s.Err() != nil {
			t.Fatalf("a = %q, store: %v", got, s.Err())
		}
		if err := put(ctx, s, 0, "a", "2"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCloseWaitsForCommits(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		acked, closed := false, false
		go func() { acked = put(ctx, s, 0, "a", "1") == nil }()
		synctest.Wait()
		go func() { s.Close(); closed = true }()
		synctest.Wait()
		if closed {
			t.Fatal("closed with a commit under way")
		}
		if err := put(ctx, s, 0, "b", "1"); !errors.Is(err, dberr.ErrUnavailable) {
			t.Fatalf("commit while closing: got %v, want class ErrUnavailable", err)
		}
		log.set(func() { log.synced = true })
		synctest.Wait()
		if !closed || !acked {
			t.Fatalf("closed %v, acknowledged %v", closed, acked)
		}
	})
}

func TestHooks(t *testing.T) {
	gated(t, func(t *testing.T, s *txn.Store, log *gatedLog) {
		ctx := context.Background()
		log.set(func() { log.synced = true })
		if err := put(ctx, s, 0, "early", ""); err != nil {
			t.Fatal(err)
		}
		var seen []string
		var last txn.Timestamp
		stop := s.OnCommit(func(c *txn.ChangeSet) {
			if c.Timestamp <= last || s.LastCommit() < c.Timestamp {
				t.Errorf("change set of %d after %d, visible %d", c.Timestamp, last, s.LastCommit())
			}
			last = c.Timestamp
			for _, op := range c.Ops {
				if op.Deleted != (op.Value == nil) {
					t.Errorf("%s: deleted %v, value %v", op.Key, op.Deleted, op.Value)
				}
				seen = append(seen, fmt.Sprintf("%s=%s,%v", op.Key, op.Value, op.Deleted))
			}
		})
		log.set(func() { log.synced = false })
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				tx, _ := s.Begin(ctx, txn.TxOptions{})
				tx.Put(fmt.Appendf(nil, "k%02d", i), []byte("v"))
				tx.Put(fmt.Appendf(nil, "k%02d", i), []byte("w"))
				tx.Delete(fmt.Appendf(nil, "d%02d", i))
				if err := tx.Commit(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if len(seen) != 0 {
			t.Fatalf("called before the commits are visible: %v", seen)
		}
		log.set(func() { log.synced = true })
		wg.Wait()
		if len(seen) != 40 {
			t.Fatalf("%d ops, want 40: %v", len(seen), seen)
		}
		for i := 0; i < len(seen); i += 2 {
			if !strings.HasSuffix(seen[i], "=,true") || !strings.HasSuffix(seen[i+1], "=w,false") {
				t.Fatalf("ops %v", seen[i:i+2])
			}
		}
		stop()
		if err := put(ctx, s, 0, "late", ""); err != nil || slices.Contains(seen, "late=,false") || slices.Contains(seen, "early=,false") {
			t.Fatalf("%v, saw %v", err, seen)
		}
	})
}
