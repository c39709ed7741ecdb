package wal

import (
	"errors"
	"sync"
	"syscall"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// TestPoison fails one write or sync. Its waiters learn that the outcome is
// open, everybody later that the log is read-only, and the cause is in both.
func TestPoison(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpWrite, vfs.OpSync} {
		t.Run(string(kind), func(t *testing.T) {
			var broken bool
			fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
				if broken && op.Kind == kind {
					return syscall.EIO
				}
				return nil
			})
			opts, failed := small, 0
			opts.Buffered = true
			opts.Events.Failed = func(error) { failed++ }
			l, _, _ := opened(t, fault, "log", opts, 0)
			put(t, l, entry{1, 1, "kept"})
			broken = true
			tk, err := l.Append(2, 1, []byte("lost?"))
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Wait(ctx, tk, true); !errors.Is(err, dberr.ErrUndetermined) || !errors.Is(err, syscall.EIO) {
				t.Fatalf("wait: got %v, want undetermined around EIO", err)
			}
			broken = false // it stays failed all the same
			if _, err := l.Append(3, 1, nil); dberr.ClassOf(err) != dberr.ErrReadOnly || !errors.Is(err, syscall.EIO) {
				t.Fatalf("append: got %v, want read-only around EIO", err)
			}
			for what, err := range map[string]error{"sync": l.Sync(ctx), "err": l.Err(), "close": l.Close()} {
				if !errors.Is(err, dberr.ErrReadOnly) {
					t.Errorf("%s: got %v, want read-only", what, err)
				}
			}
			if failed != 1 {
				t.Errorf("Events.Failed was called %d times, want once", failed)
			}
			_, got, _ := opened(t, fault, "log", small, 0)
			same(t, got[:1], []entry{{1, 1, "kept"}})
		})
	}
}

// TestNeverWrittenIsKnown: a record that was framed while an earlier write was
// failing is known not to be in the log.
func TestNeverWrittenIsKnown(t *testing.T) {
	writing, release := make(chan struct{}), make(chan struct{})
	var broken bool
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		if broken && op.Kind == vfs.OpWrite {
			close(writing)
			<-release
			return syscall.EIO
		}
		return nil
	})
	l, _, _ := opened(t, fault, "log", small, 0)
	put(t, l, entry{1, 1, "x"})
	broken = true
	first, err := l.Append(2, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.wakeWriter()
	<-writing
	second, err := l.Append(3, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := l.Wait(ctx, first, false); !errors.Is(err, dberr.ErrUndetermined) {
		t.Errorf("the one being written: got %v, want undetermined", err)
	}
	if err := l.Wait(ctx, second, true); dberr.ClassOf(err) != dberr.ErrReadOnly {
		t.Errorf("the one behind it: got %v, want read-only", err)
	}
	l.Close()
}

// TestDiskFull fills the disk: the current segment can be filled to its end, then
// Append is refused without a trace, and works again once there is room.
func TestDiskFull(t *testing.T) {
	var mu sync.Mutex
	full := false
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if full && (op.Kind == vfs.OpPreallocate || op.Kind == vfs.OpCreate) {
			return syscall.ENOSPC
		}
		return nil
	})
	l, _, _ := opened(t, fault, "log", small, 0)
	put(t, l, entry{1, 1, "first"})
	mu.Lock()
	full = true
	mu.Unlock()
	want := []entry{{1, 1, "first"}}
	payload := string(make([]byte, 1000))
	for ts := uint64(2); ; ts++ {
		tk, err := l.Append(ts, 1, []byte(payload))
		if err != nil {
			if dberr.ClassOf(err) != dberr.ErrFull || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("got %v, want class full around ENOSPC", err)
			}
			break
		}
		if err := l.Wait(ctx, tk, true); err != nil {
			t.Fatal(err)
		}
		want = append(want, entry{ts, 1, payload})
	}
	if len(want) < 10 {
		t.Fatalf("refused after %d records, though the segment had room", len(want))
	}
	if err := l.Err(); err != nil {
		t.Fatalf("poisoned: %v", err)
	}
	mu.Lock()
	full = false
	mu.Unlock()
	again := entry{uint64(len(want) + 1), 1, "room again"}
	put(t, l, again)
	closed(t, l)
	l, got, _ := opened(t, fault, "log", small, 0)
	same(t, got, append(want, again))
	closed(t, l)
}

// TestAttemptedIsUndetermined: a write that fails may have reached the disk, also
// where something else has poisoned the log meanwhile.
func TestAttemptedIsUndetermined(t *testing.T) {
	var l *Log
	var broken bool
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		if broken && op.Kind == vfs.OpWrite {
			l.poison(errors.New("the name of the next segment is lost"))
			return syscall.EIO
		}
		return nil
	})
	l, _, _ = opened(t, fault, "log", small, 0)
	put(t, l, entry{1, 1, "x"})
	broken = true
	tk, err := l.Append(2, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Wait(ctx, tk, true); !errors.Is(err, dberr.ErrUndetermined) {
		t.Errorf("got %v, want undetermined", err)
	}
	l.Close()
}
