package storage_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// write makes or replaces a file.
func write(t *testing.T, disk vfs.FS, name, content string) {
	t.Helper()
	f, err := disk.Create(name, vfs.CategoryLog)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, disk vfs.FS, name string) string {
	t.Helper()
	f, err := disk.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func reopen(t *testing.T, disk vfs.FS) (*storage.Store, error) {
	t.Helper()
	s, err := storage.Open(disk, "d", storage.Options{})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// TestFormatFile may only gain cases: a directory written once opens for ever.
func TestFormatFile(t *testing.T) {
	const golden = "weft store\nversion 1\nid 000102030405060708090a0b0c0d0e0f\ncheck 626c6936\n"
	open := func(content string) error {
		disk := vfs.NewMem()
		if err := wal.Create(disk, "d/log"); err != nil {
			t.Fatal(err)
		}
		write(t, disk, "d/FORMAT", content)
		s, err := storage.Open(disk, "d", storage.Options{})
		if err == nil {
			if id := s.ID(); id[1] != 1 || id[15] != 15 {
				t.Errorf("id is %x", id)
			}
			s.Close()
		}
		return err
	}
	if err := open(golden); err != nil {
		t.Fatal(err)
	}
	err := open(strings.Replace(golden, "version 1", "version 3", 1) + "more: lines\n")
	if e := dberr.As(err); !errors.Is(err, dberr.ErrUnsupported) || !strings.Contains(e.Message, "format 3") || e.Hint == "" {
		t.Errorf("newer version: got %v", err)
	}
	for n := range golden {
		if err := open(golden[:n]); !errors.Is(err, dberr.ErrCorrupt) || !strings.Contains(err.Error(), "FORMAT") {
			t.Errorf("cut to %d bytes: got %v, want class ErrCorrupt naming the file", n, err)
		}
	}
	for n := range golden {
		flipped := []byte(golden)
		flipped[n] ^= 1
		if err := open(string(flipped)); !errors.Is(err, dberr.ErrCorrupt) && !errors.Is(err, dberr.ErrUnsupported) {
			t.Errorf("bit flipped at %d: got %v", n, err)
		}
	}
}

func TestFormatIsWrittenOnce(t *testing.T) {
	disk := vfs.NewMem()
	s, err := reopen(t, disk)
	if err != nil || !s.Recovery().Created {
		t.Fatal(err, "not created")
	}
	id, text := s.ID(), read(t, disk, "d/FORMAT")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = reopen(t, disk)
	if err != nil || s.Recovery().Created || s.ID() != id || read(t, disk, "d/FORMAT") != text {
		t.Fatalf("%v: created %v, id %x, want %x", err, s.Recovery().Created, s.ID(), id)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := disk.Remove("d/FORMAT"); err != nil {
		t.Fatal(err)
	}
	if _, err := reopen(t, disk); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("a log without a format: got %v, want class ErrCorrupt", err)
	}
	write(t, disk, "d/FORMAT", strings.Replace(text, text[24:26], "zz", 1))
	if _, err := reopen(t, disk); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("damaged format: got %v, want class ErrCorrupt", err)
	}
}

// TestLogIsMissing: a store whose log is gone, as with a file system that is not
// mounted, is refused, and not taken for an empty one.
func TestLogIsMissing(t *testing.T) {
	for _, what := range []string{"directory", "segments"} {
		for _, commits := range []int{0, 1} {
			disk := vfs.NewMem()
			s, err := reopen(t, disk)
			if err != nil {
				t.Fatal(err)
			}
			for range commits {
				if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k"), nil) }); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := disk.RemoveAll("d/log"); err != nil {
				t.Fatal(err)
			}
			if what == "segments" {
				if err := disk.MkdirAll("d/log", 0o755); err != nil {
					t.Fatal(err)
				}
				write(t, disk, "d/log/LOCK", "")
			}
			if _, err := reopen(t, disk); !errors.Is(err, dberr.ErrCorrupt) || !strings.Contains(err.Error(), "log") {
				t.Errorf("a store of %d commits without log %s: got %v, want class ErrCorrupt", commits, what, err)
			}
			if names, err := disk.List("d/log"); err == nil && len(names) > 1 {
				t.Errorf("a log was begun all the same: %v", names)
			}
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s, err := storage.Open(vfs.OS(), dir, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = storage.Open(vfs.OS(), dir, storage.Options{})
	if e := dberr.As(err); !errors.Is(err, dberr.ErrLocked) || !strings.Contains(err.Error(), dir) || e.Hint == "" {
		t.Errorf("got %v, want class ErrLocked naming %s and what to do", err, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = storage.Open(vfs.OS(), dir, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOptionsNameEveryFault(t *testing.T) {
	_, err := storage.Open(nil, "", storage.Options{Backend: "cloud", MaxTxAge: -1, MaxKeyBytes: -1})
	for _, name := range []string{"Backend", "cloud", "MaxTxAge", "MaxKeyBytes"} {
		if err == nil || !errors.Is(err, dberr.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	if _, err := storage.Open(vfs.NewMem(), "d", storage.Options{SegmentBytes: 5}); !errors.Is(err, dberr.ErrInvalid) || !strings.Contains(err.Error(), "SegmentBytes") {
		t.Errorf("SegmentBytes: got %v", err)
	}
}

// TestMemory: the memory backend in a bubble, which fails where a goroutine is
// left behind by Close.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := storage.Open(nil, "", storage.Options{Backend: storage.BackendMemory})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k"), []byte("v")) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

// TestCloseLeavesNoGoroutine also for a store whose log failed, and one that
// could not be opened.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for n := 1; n < 120; n += 7 {
		fault := vfs.NewFault(vfs.NewMem(), vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		s, err := storage.Open(fault, "d", storage.Options{SegmentBytes: 16 << 10})
		if err != nil {
			continue
		}
		for i := range 5 {
			s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return writeTriple(tx, i) })
		}
		s.Close()
	}
	// A goroutine that Close has waited for may not quite have ended yet.
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Fatalf("%d goroutines before, %d after:\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
	}
}

func TestProgress(t *testing.T) {
	disk := vfs.NewMem()
	s, err := storage.Open(disk, "d", storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k"), []byte("v")) }); err != nil {
			t.Fatal(err)
		}
	}
	last := s.LastCommit()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var calls []storage.Progress
	s, err = storage.Open(disk, "d", storage.Options{Progress: func(p storage.Progress) { calls = append(calls, p) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(calls) != 3 || calls[2].Records <= calls[1].Records || calls[2].Bytes <= calls[1].Bytes || calls[2].Timestamp <= calls[1].Timestamp {
		t.Errorf("progress: %+v", calls)
	}
	if r := s.Recovery(); r.Records != 3000 || r.LastCommit != last || r.Bytes == 0 || r.Duration <= 0 {
		t.Errorf("recovery: %+v, last commit %d", r, last)
	}
}

// TestCloseTwice: from two goroutines at once, and again; the directory is free
// when the first of them returns.
func TestCloseTwice(t *testing.T) {
	disk := vfs.NewMem()
	s, err := reopen(t, disk)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	for range 2 {
		go func() { closed <- s.Close() }()
	}
	if err := errors.Join(<-closed, <-closed, s.Close()); err != nil {
		t.Error(err)
	}
	if s, err = reopen(t, disk); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
