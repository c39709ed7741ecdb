package wal

import (
	"bytes"
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
	"github.com/weftdb/weft/storage/vfs"
)

func TestLargeRecords(t *testing.T) {
	disks(t, func(t *testing.T, fs vfs.FS, dir string) {
		opts := small
		opts.BufferBytes = 8 << 10
		l, _, _ := opened(t, fs, dir, opts, 0)
		var want []entry
		for i, size := range []int{10, 100_000, 0, 3 << 20, 16<<10 - firstFrame - 2*frameLen, 16<<10 - firstFrame - 2*frameLen + 1, 5} {
			e := entry{uint64(i + 1), 2, strings.Repeat(string(rune('a'+i)), size)}
			put(t, l, e)
			want = append(want, e)
		}
		if err := l.TruncateBefore(4); err != nil {
			t.Fatal(err)
		}
		closed(t, l)
		l, got, _ := opened(t, fs, dir, opts, 3)
		same(t, got, want[3:])
		part := make([]byte, 1<<20)
		if _, err := l.Append(9, 1, slices.Repeat([][]byte{part}, MaxPayload/len(part)+1)...); !errors.Is(err, dberr.ErrTooLarge) {
			t.Errorf("over the maximum: got %v, want class too large", err)
		}
		closed(t, l)
	})
}

// TestTruncateAndRecycle: segments past their use are written again, the log
// takes no more space than it holds, and what was given up is refused by name.
func TestTruncateAndRecycle(t *testing.T) {
	disks(t, func(t *testing.T, fs vfs.FS, dir string) {
		events := map[SegmentEvent]int{}
		var mu sync.Mutex
		opts := small
		opts.Recycle = 2
		opts.Events.Segment = func(_ uint64, what SegmentEvent) { mu.Lock(); events[what]++; mu.Unlock() }
		l, _, _ := opened(t, fs, dir, opts, 0)
		es := entries(1, 600)
		for _, e := range es {
			put(t, l, e)
			if e.ts%20 == 0 {
				if err := l.TruncateBefore(e.ts - 10); err != nil {
					t.Fatal(err)
				}
			}
		}
		segs := l.Segments()
		first := segs[0]
		if len(segs) > 3 || first.Previous == 0 {
			t.Errorf("%d segments left, the first after %d", len(segs), first.Previous)
		}
		names, err := fs.List(dir)
		if err != nil || len(names) > len(segs)+opts.Recycle+2 {
			t.Errorf("files left: %v %v", names, err)
		}
		mu.Lock()
		if events[SegmentRecycled] < 10 {
			t.Errorf("events: %v, want segments recycled", events)
		}
		mu.Unlock()
		if err := l.ReadFrom(first.Previous, nil); dberr.ClassOf(err) != dberr.ErrNotFound {
			t.Errorf("reading what is gone: got %v, want class not found", err)
		}
		var got []entry
		if err := l.ReadFrom(first.Previous+1, collect(&got)); err != nil {
			t.Fatal(err)
		}
		same(t, got, es[first.Previous:])
		closed(t, l)
		_, _, _, err = tryOpen(fs, dir, opts, first.Previous-1)
		if !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("opened from before the first record: got %v, want a missing segment", err)
		}
		l, got, _ = opened(t, fs, dir, opts, 595)
		same(t, got, es[595:])
		closed(t, l)
	})
}

// TestReadWhileTruncating: a reader keeps what it reads.
func TestReadWhileTruncating(t *testing.T) {
	l, _, _ := opened(t, vfs.NewMem(), "log", small, 0)
	es := entries(1, 200)
	for _, e := range es {
		put(t, l, e)
	}
	var got []entry
	err := l.ReadFrom(1, func(r Record) error {
		if len(got) == 1 {
			if err := l.TruncateBefore(200); err != nil {
				return err
			}
			for _, e := range entries(201, 100) {
				put(t, l, e)
			}
		}
		return collect(&got)(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, es)
	closed(t, l)
}

// TestReaderOutlivesLog: a reader that is not done when the log is closed does
// not touch a directory that may be another's by then.
func TestReaderOutlivesLog(t *testing.T) {
	disk := vfs.NewMem()
	l, _, _ := opened(t, disk, "log", small, 0)
	for _, e := range entries(1, 200) {
		put(t, l, e)
	}
	var next *Log
	err := l.ReadFrom(1, func(r Record) error {
		if next != nil {
			return nil
		}
		if err := l.TruncateBefore(200); err != nil {
			return err
		}
		closed(t, l)
		next, _, _ = opened(t, disk, "log", small, 200)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []entry
	if err := next.ReadFrom(1, collect(&got)); err != nil {
		t.Fatalf("the files of the log that is open now: %v", err)
	}
	if err := l.TruncateBefore(1); !errors.Is(err, dberr.ErrUnavailable) {
		t.Errorf("truncate after close: got %v, want class unavailable", err)
	}
	closed(t, next)
}

// TestWipedRecordsStayDead: frames behind a torn one are readable, and would be
// read once the gap in front of them is filled to the byte, were they not wiped.
func TestWipedRecordsStayDead(t *testing.T) {
	disk := vfs.NewMem()
	opts := Options{SegmentBytes: 64 << 10, SyncInterval: time.Hour, Buffered: true}
	l, _, _ := opened(t, disk, "log", opts, 0)
	put(t, l, entry{1, 1, "synced"})
	at := l.Segments()[0].Bytes
	for ts := uint64(2); ts <= 3; ts++ {
		if _, err := l.Append(ts, 1, make([]byte, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	tk := Ticket{b: l.mu.batch}
	if err := l.Wait(ctx, tk, false); err != nil {
		t.Fatal(err)
	}
	image := vfs.NewMem() // the machine stops: the block of record 2 is lost, that of 3 is not
	if err := image.MkdirAll("log", 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := disk.UnsafeGetFileDataBuffer("log/wal-0000000000000001.log")
	if err != nil {
		t.Fatal(err)
	}
	torn := bytes.Clone(data)
	clear(torn[at : at+100])
	f, err := image.Create("log/wal-0000000000000001.log", vfs.CategoryLog)
	if err == nil {
		_, err = f.Write(torn)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.Close()

	l, got, rec := opened(t, image, "log", opts, 0)
	same(t, got, []entry{{1, 1, "synced"}})
	if rec.TornBytes != 2*(5000+frameLen) {
		t.Errorf("torn bytes: got %d", rec.TornBytes)
	}
	put(t, l, entry{2, 9, string(make([]byte, 5000))})
	l.mu.Lock()
	l.mu.marked = true // close without a mark: it would hide what is behind
	l.mu.Unlock()
	closed(t, l)
	l, got, _ = opened(t, image, "log", opts, 0)
	same(t, got, []entry{{1, 1, "synced"}, {2, 9, string(make([]byte, 5000))}})
	closed(t, l)
}

// TestOpenSyncsWhatItRead: records that a process left in the page cache are on
// stable storage before anybody is told of them.
func TestOpenSyncsWhatItRead(t *testing.T) {
	disk := vfs.NewCrashableMem()
	opts := small
	opts.Buffered = true
	l, _, _ := opened(t, disk, "log", opts, 0)
	put(t, l, entry{1, 1, "synced"})
	tk, _ := l.Append(2, 1, []byte("written"))
	if err := l.Wait(ctx, tk, false); err != nil {
		t.Fatal(err)
	}
	image := disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 0})
	_, got, _ := opened(t, image, "log", opts, 0)
	same(t, got, []entry{{1, 1, "synced"}}) // so it was not synced before

	l.lock.Close() // the process is killed; the machine goes on
	_, got, _ = opened(t, disk, "log", opts, 0)
	same(t, got, []entry{{1, 1, "synced"}, {2, 1, "written"}})
	_, got, _ = opened(t, disk.CrashClone(vfs.CrashConfig{}), "log", opts, 0)
	same(t, got, []entry{{1, 1, "synced"}, {2, 1, "written"}})
}

// TestNoDirectWriteOverUnsynced: a direct write while the page cache holds
// unsynced bytes of the file would be acknowledged before what is in front of it.
func TestNoDirectWriteOverUnsynced(t *testing.T) {
	dirty, direct := map[string]bool{}, 0
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		switch {
		case op.Kind == vfs.OpSync:
			delete(dirty, op.Path)
		case op.Kind == vfs.OpWrite && op.Direct:
			if direct++; dirty[op.Path] {
				return fmt.Errorf("direct write to %s, which has unsynced bytes", op.Path)
			}
		case op.Kind == vfs.OpWrite:
			dirty[op.Path] = true
		}
		return nil
	})
	l, _, _ := opened(t, fault, "log", small, 0)
	for i, e := range entries(1, 300) {
		tk, err := l.Append(e.ts, e.typ, []byte(e.payload))
		if err == nil {
			err = l.Wait(ctx, tk, i%5 > 2)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	closed(t, l)
	if direct < 50 {
		t.Fatalf("%d direct writes: the test shows nothing", direct)
	}
}

// TestIntervalWhenIdle: what nobody waits for is written and synced within the
// interval, and a log at rest ends in a mark that proves it.
func TestIntervalWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		opts := Options{SegmentBytes: 64 << 10, SyncInterval: time.Second}
		l, _, _ := opened(t, disk, "log", opts, 0)
		var want []entry
		for ts := uint64(1); ts <= 5; ts++ {
			e := entry{ts, 1, "nobody waits"}
			if _, err := l.Append(e.ts, e.typ, []byte(e.payload)); err != nil {
				t.Fatal(err)
			}
			want = append(want, e)
			time.Sleep(time.Second) // fake time
			synctest.Wait()
			got, _, err := reopenImage(disk.CrashClone(vfs.CrashConfig{}), opts)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		at := l.Segments()[0].Bytes
		image := disk.CrashClone(vfs.CrashConfig{})
		flip(t, image, "log/wal-0000000000000001.log", at-frameLen-1) // the last byte of the last record
		if _, _, err := reopenImage(image, opts); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("damage in the last record of a log at rest: got %v, want it reported", err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if b := l.Segments()[0].Bytes; b != at {
			t.Errorf("a log at rest grew from %d to %d bytes", at, b)
		}
		closed(t, l)
	})
}

func reopenImage(fs vfs.FS, opts Options) ([]entry, Recovered, error) {
	l, got, rec, err := tryOpen(fs, "log", opts, 0)
	if err == nil {
		err = l.Close()
	}
	return got, rec, err
}

func flip(t *testing.T, fs *vfs.Mem, path string, at int64) {
	t.Helper()
	data, err := fs.UnsafeGetFileDataBuffer(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
}

// TestCloseWhileAppending: each record is either refused or there afterwards.
func TestCloseWhileAppending(t *testing.T) {
	for range 30 {
		disk := vfs.NewMem()
		l, _, _ := opened(t, disk, "log", small, 0)
		var want []entry
		started, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for ts := uint64(1); ; ts++ {
				e := entries(ts, 1)[0]
				if _, err := l.Append(e.ts, e.typ, []byte(e.payload)); err != nil {
					if !errors.Is(err, dberr.ErrUnavailable) {
						t.Errorf("append: got %v, want class unavailable", err)
					}
					return
				}
				if want = append(want, e); len(want) == 20 {
					close(started)
				}
			}
		}()
		<-started
		closed(t, l)
		<-done
		l, got, _ := opened(t, disk, "log", small, 0)
		same(t, got, want)
		closed(t, l)
		if err := l.Close(); err != nil {
			t.Fatalf("second close: %v", err)
		}
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	hold := make(chan struct{})
	var held bool
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		if held && op.Kind == vfs.OpWrite {
			<-hold
		}
		return nil
	})
	l, _, _ := opened(t, fault, "log", small, 0)
	put(t, l, entry{1, 1, ""})
	held = true
	tk, err := l.Append(2, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := l.Wait(canceled, tk, true); !errors.Is(err, dberr.ErrUndetermined) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want undetermined around canceled", err)
	}
	close(hold)
	if err := l.Wait(ctx, tk, true); err != nil {
		t.Errorf("waiting again: %v", err)
	}
	closed(t, l)
}

// TestBackPressure: Append waits while the disk does not take what is framed.
func TestBackPressure(t *testing.T) {
	hold := make(chan struct{})
	var held bool
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		if held && op.Kind == vfs.OpWrite {
			<-hold
		}
		return nil
	})
	stalls := 0
	opts := Options{SegmentBytes: 1 << 20, SyncInterval: time.Hour, BufferBytes: 10_000}
	opts.Events.Stalled = func(time.Duration) { stalls++ }
	l, _, _ := opened(t, fault, "log", opts, 0)
	put(t, l, entry{1, 1, ""})
	held, stalls = true, 0
	es := entries(2, 200)
	ahead := make(chan int, len(es))
	go func() {
		defer close(ahead)
		for i, e := range es {
			if _, err := l.Append(e.ts, e.typ, []byte(e.payload)); err != nil {
				t.Errorf("append: %v", err)
				return
			}
			ahead <- i
		}
	}()
	for range 10 {
		<-ahead
	}
	l.mu.Lock()
	if l.mu.batch.bytes > opts.BufferBytes {
		t.Errorf("%d bytes are waiting, the bound is %d", l.mu.batch.bytes, opts.BufferBytes)
	}
	l.mu.Unlock()
	close(hold)
	for range ahead {
	}
	if stalls == 0 {
		t.Error("nothing was ever stalled")
	}
	closed(t, l)
	_, got, _ := opened(t, fault, "log", opts, 1)
	same(t, got, es)
}

func TestRefusals(t *testing.T) {
	fs := vfs.NewMem()
	l, _, _ := opened(t, fs, "log", small, 100)
	if _, _, _, err := tryOpen(fs, "log", small, 0); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("opened twice: got %v, want class locked", err)
	}
	if _, err := l.Append(99, 1, nil); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("timestamp going back: got %v, want class invalid", err)
	}
	put(t, l, entry{101, 1, "a"})
	put(t, l, entry{101, 1, "b"}) // the same is no step back
	closed(t, l)
	if err := l.ReadFrom(1, nil); !errors.Is(err, dberr.ErrUnavailable) {
		t.Errorf("read after close: got %v, want class unavailable", err)
	}
	stop := errors.New("enough")
	if _, _, err := Open(fs, "log", storeID, small, 100, func(Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("callback's error: got %v", err)
	}
	l, got, _ := opened(t, fs, "log", small, 100) // and the lock is free again
	same(t, got, []entry{{101, 1, "a"}, {101, 1, "b"}})
	closed(t, l)
	_, _, _, err := tryOpen(fs, "other", Options{SegmentBytes: 5, SyncInterval: -1, GroupDelay: -1, BufferBytes: -1}, 0)
	for _, field := range []string{"SegmentBytes", "SyncInterval", "GroupDelay", "BufferBytes"} {
		if !errors.Is(err, dberr.ErrInvalid) || !strings.Contains(err.Error(), field) {
			t.Errorf("bad options: got %v, want %s named", err, field)
		}
	}
}
