package wal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

var (
	ctx     = context.Background()
	storeID = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
)

// small is a log of many tiny segments whose timer never fires.
var small = Options{SegmentBytes: 16 << 10, SyncInterval: time.Hour}

type entry struct {
	ts      uint64
	typ     byte
	payload string
}

// opened opens a log and returns what it replayed.
func opened(t testing.TB, fs vfs.FS, dir string, opts Options, after uint64) (*Log, []entry, Recovered) {
	t.Helper()
	l, got, rec, err := tryOpen(fs, dir, opts, after)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return l, got, rec
}

func tryOpen(fs vfs.FS, dir string, opts Options, after uint64) (*Log, []entry, Recovered, error) {
	var got []entry
	l, rec, err := Open(fs, dir, storeID, opts, after, collect(&got))
	return l, got, rec, err
}

func collect(into *[]entry) func(Record) error {
	return func(r Record) error {
		*into = append(*into, entry{r.Timestamp, r.Type, string(r.Payload)})
		return nil
	}
}

func closed(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// put appends and waits for sync.
func put(t testing.TB, l *Log, e entry) {
	t.Helper()
	tk, err := l.Append(e.ts, e.typ, []byte(e.payload))
	if err != nil {
		t.Fatalf("append %d: %v", e.ts, err)
	}
	if err := l.Wait(ctx, tk, true); err != nil {
		t.Fatalf("wait %d: %v", e.ts, err)
	}
}

// entries makes n records of varied lengths with timestamps from first on.
func entries(first uint64, n int) []entry {
	es := make([]entry, n)
	for i := range es {
		ts := first + uint64(i)
		es[i] = entry{ts, byte(ts), string(bytes.Repeat([]byte{byte('a' + ts%26)}, int(ts*37%900)))}
	}
	return es
}

func same(t testing.TB, got, want []entry) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("record %d: got %d/%d/%d bytes, want %d/%d/%d bytes", i,
				got[i].ts, got[i].typ, len(got[i].payload), want[i].ts, want[i].typ, len(want[i].payload))
		}
	}
}

// disks runs a test on each kind of disk.
func disks(t *testing.T, run func(t *testing.T, fs vfs.FS, dir string)) {
	t.Run("disk=memory", func(t *testing.T) { run(t, vfs.NewMem(), "log") })
	t.Run("disk=direct-memory", func(t *testing.T) { run(t, vfs.NewFault(vfs.NewMem(), noFault), "log") })
	t.Run("disk=os", func(t *testing.T) { run(t, vfs.OS(), filepath.Join(t.TempDir(), "log")) })
}

func noFault(vfs.Op) error { return nil }

func TestReopenReadsBackWhatWasAppended(t *testing.T) {
	disks(t, func(t *testing.T, fs vfs.FS, dir string) {
		for _, opts := range []Options{small, {SegmentBytes: 8 << 10, Recycle: -1, Buffered: true}, {Compression: compress.Codec{Algorithm: compress.Zstd}, SegmentBytes: 1 << 20}} {
			sub := fs.PathJoin(dir, fmt.Sprint(opts.SegmentBytes))
			var want []entry
			for life := range 4 {
				l, got, rec := opened(t, fs, sub, opts, 0)
				same(t, got, want)
				if rec.Records != int64(len(want)) || rec.TornBytes != 0 {
					t.Fatalf("life %d: recovered %+v, want %d records and no torn bytes", life, rec, len(want))
				}
				more := entries(uint64(len(want)+1), 60)
				for _, e := range more {
					put(t, l, e)
				}
				want = append(want, more...)
				var read []entry
				if err := l.ReadFrom(1, collect(&read)); err != nil {
					t.Fatal(err)
				}
				same(t, read, want)
				closed(t, l)
			}
		}
	})
}

func TestGroupCommit(t *testing.T) {
	disks(t, func(t *testing.T, fs vfs.FS, dir string) {
		l, _, _ := opened(t, fs, dir, small, 0)
		const clients, each = 16, 50
		var lock sync.Mutex
		var want []entry
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() {
				ctx := ctx
				if c%2 == 0 { // others may write by themselves also where they wait for sync
					bounded, cancel := context.WithCancel(ctx)
					defer cancel()
					ctx = bounded
				}
				for range each {
					lock.Lock()
					e := entries(uint64(len(want)+1), 1)[0]
					tk, err := l.Append(e.ts, e.typ, []byte(e.payload[:len(e.payload)/2]), []byte(e.payload[len(e.payload)/2:]))
					if err == nil {
						want = append(want, e)
					}
					lock.Unlock()
					if err := errors.Join(err, l.Wait(ctx, tk, c%3 != 0)); err != nil {
						t.Errorf("client %d: %v", c, err)
						return
					}
				}
			})
		}
		wg.Wait()
		closed(t, l)
		if _, err := l.Append(1<<40, 1); !errors.Is(err, dberr.ErrUnavailable) {
			t.Fatalf("append after close: got %v, want class unavailable", err)
		}
		l, got, _ := opened(t, fs, dir, small, 0)
		same(t, got, want)
		closed(t, l)
	})
}

// TestWriterHandsOver: who finds somebody writing is not forgotten, though nothing else
// ever wakes the log: whether they wait for a write or for a sync, and can stop waiting
// or not.
func TestWriterHandsOver(t *testing.T) {
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, c := range []struct {
		ctx  context.Context
		sync bool
	}{{ctx, false}, {bounded, false}, {ctx, true}, {bounded, true}} {
		writing, release := make(chan struct{}), make(chan struct{})
		var held atomic.Bool
		fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
			if op.Kind == vfs.OpWrite && held.CompareAndSwap(true, false) {
				close(writing)
				<-release
			}
			return nil
		})
		l, _, _ := opened(t, fault, "log", Options{SegmentBytes: 64 << 10, SyncInterval: time.Hour}, 0)
		put(t, l, entry{1, 1, ""})
		held.Store(true)
		done := make(chan error, 2)
		for i, sync := range []bool{false, c.sync} {
			tk, err := l.Append(uint64(2+i), 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			go func() { done <- l.Wait(c.ctx, tk, sync) }()
			if i == 0 {
				<-writing
			}
		}
		for !l.asked.Load() && (!c.sync || c.ctx == ctx) {
			runtime.Gosched()
		}
		close(release)
		for range 2 {
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-bounded.Done():
				t.Fatalf("waiting with sync %v: forgotten", c.sync)
			}
		}
		closed(t, l)
	}
}
