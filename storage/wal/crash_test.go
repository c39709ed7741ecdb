package wal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/testkit/seed"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/vfs"
)

var errPower = errors.New("power is gone")

// history is what one log was told and what it promised.
type history struct {
	appended []entry // in order; a record whose Append failed is not there
	written  int     // of appended, how many were acknowledged as written
	synced   int     // and as synced
	after    uint64  // everything up to here is durable elsewhere
	torn     int64   // bytes cut so far
}

// life opens the log, checks what it reads back and works on it until something
// fails or the script is done. power says whether the machine stopped before.
func (h *history) life(t *testing.T, fs vfs.FS, power bool, opts Options) error {
	t.Helper()
	l, got, rec, err := tryOpen(view(fs), "d/log", opts, h.after)
	if err != nil {
		return err
	}
	h.check(t, got, power)
	h.torn += rec.TornBytes
	defer l.Close()
	for i := range 36 {
		e := entries(uint64(len(h.appended)+1), 1)[0]
		if i == 20 {
			e.payload = string(make([]byte, 30<<10)) // a segment of its own
		}
		tk, err := l.Append(e.ts, e.typ, []byte(e.payload))
		if err != nil {
			return err
		}
		h.appended = append(h.appended, e)
		if i%3 == 0 {
			continue // nobody waits
		}
		if err := l.Wait(ctx, tk, i%3 == 1); err != nil {
			return err
		}
		h.written = len(h.appended)
		if i%3 == 1 {
			h.synced = len(h.appended)
		}
		if i%12 == 11 && h.synced > 8 {
			h.after = h.appended[h.synced-8].ts
			if err := l.TruncateBefore(h.after + 1); err != nil {
				return err
			}
		}
	}
	if err := l.Close(); err != nil {
		return err
	}
	h.written, h.synced = len(h.appended), len(h.appended)
	return nil
}

// check holds what was read back against the promises, and makes it the truth
// from here on.
func (h *history) check(t *testing.T, got []entry, power bool) {
	t.Helper()
	promised := h.written
	if power {
		promised = h.synced
	}
	all := h.appended[:min(int(h.after), len(h.appended))]
	all = append(all[:len(all):len(all)], got...)
	if len(all) < promised {
		t.Fatalf("read back up to record %d, promised were %d", len(all), promised)
	}
	if len(all) > len(h.appended) {
		t.Fatalf("read back %d records, appended were %d", len(all), len(h.appended))
	}
	same(t, all, h.appended[:len(all)])
	h.appended = all
	h.written, h.synced = len(all), len(all) // Open synced them
}

func crashed(disk *vfs.Mem, seed uint64, percent int) *vfs.Mem {
	return disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 1))})
}

// view is what the log sees of a disk.
var (
	view      = func(fs vfs.FS) vfs.FS { return fs }
	encrypted bool
	stride    = 1 // one of so many operations is tried, others with each seed
)

// TestEncryptedCrashes runs the crash tests over an encrypted disk.
func TestEncryptedCrashes(t *testing.T) {
	keys := crypt.EphemeralKeys()
	plain := view
	view = func(fs vfs.FS) vfs.FS { return crypt.New(fs, keys) }
	encrypted = true
	if testing.Short() { // as under the race detector, where it takes long
		stride = 5
	}
	defer func() { view, encrypted, stride = plain, false, 1 }()
	t.Run("crash", TestCrashAtEveryOperation)
	t.Run("error", TestErrorAtEveryOperation)
	t.Run("short write", TestShortWriteAtEveryWrite)
}

var crashOptions = []Options{
	{SegmentBytes: 16 << 10, SyncInterval: time.Hour},
	{SegmentBytes: 8 << 10, SyncInterval: time.Hour, Recycle: -1, Buffered: true},
}

// TestCrashAtEveryOperation stops the machine at the nth operation of two lives
// of a log, for every n, and once more at the mth of the recovery that follows.
// What was acknowledged as synced is there, in order, and nothing else but what
// was appended; a third life works.
func TestCrashAtEveryOperation(t *testing.T) {
	for i, opts := range crashOptions {
		t.Run(fmt.Sprintf("options=%d", i), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed.Of(t), 1))
			for n := 1 + r.IntN(stride); crashAt(t, opts, n); n += stride {
			}
		})
	}
}

// crashAt says whether there was an nth operation.
func crashAt(t *testing.T, opts Options, n int) bool {
	disk := vfs.NewCrashableMem()
	fault := vfs.NewFault(disk, vfs.FailFrom(n, true, errPower, nil))
	h := &history{}
	err := h.life(t, fault, true, opts)
	if err == nil {
		err = h.life(t, fault, true, opts)
	}
	if fault.Ops() < n {
		if err != nil {
			t.Fatalf("without a fault: %v", err)
		}
		return false
	}
	if err != nil && errors.Is(err, dberr.ErrCorrupt) {
		t.Fatalf("crash at operation %d of %d: reported as damage: %v", n, fault.Ops(), err)
	}
	step := 13
	if os.Getenv("WEFT_LONG") != "" {
		step = 1
	}
	for _, percent := range []int{0, 50, 100} {
		for m := 1 + n%step; ; m += step {
			again := crashed(disk, uint64(n), percent)
			h2 := *h
			second := vfs.NewFault(again, vfs.FailFrom(m, true, errPower, nil))
			err := h2.life(t, second, true, opts)
			if errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("crash at %d keeping %d%%, then at %d: reported as damage: %v", n, percent, m, err)
			}
			last := crashed(again, uint64(m), 50)
			if err := h2.life(t, last, true, opts); err != nil {
				t.Fatalf("crash at %d keeping %d%%, then at %d: third life: %v", n, percent, m, err)
			}
			if second.Ops() < m || m > 60 {
				break
			}
		}
	}
	return true
}

// TestErrorAtEveryOperation fails one operation, for each, and lets the disk work
// again. The log may go on or be poisoned; after a restart of the process all
// that was acknowledged, synced or only written, is there.
func TestErrorAtEveryOperation(t *testing.T) {
	for i, opts := range crashOptions {
		t.Run(fmt.Sprintf("options=%d", i), func(t *testing.T) {
			for n := 1; ; n++ {
				disk := vfs.NewCrashableMem()
				fault := vfs.NewFault(disk, vfs.FailFrom(n, false, errPower, nil))
				h := &history{}
				err := h.life(t, fault, false, opts)
				if fault.Ops() < n {
					break
				}
				if err != nil && !errors.Is(err, errPower) {
					t.Fatalf("error at operation %d: got %v, want the disk's error inside", n, err)
				}
				power, h2 := crashed(disk, uint64(n), 30), *h
				if err := h.life(t, disk, false, opts); err != nil {
					t.Fatalf("error at operation %d, then restart: %v", n, err)
				}
				if err := h2.life(t, power, true, opts); err != nil {
					t.Fatalf("error at operation %d, then crash: %v", n, err)
				}
			}
		})
	}
}

// TestShortWriteAtEveryWrite stores part of a write and then fails.
func TestShortWriteAtEveryWrite(t *testing.T) {
	for _, part := range []int{1, 20, 512, 4096, 4097} {
		for n := 1; ; n++ {
			disk := vfs.NewCrashableMem()
			seen := 0
			fault := vfs.NewFault(disk, func(op vfs.Op) error {
				if op.Kind != vfs.OpWrite {
					return nil
				}
				if seen++; seen == n {
					return &vfs.ShortWrite{Bytes: part, Err: errPower}
				}
				return nil
			})
			h := &history{}
			err := h.life(t, fault, false, small)
			if seen < n {
				break
			}
			if err == nil && encrypted { // of a header that was made ready ahead, and again
				continue
			}
			if err == nil || !errors.Is(err, errPower) {
				t.Fatalf("short write %d: got %v, want the disk's error", n, err)
			}
			if err := h.life(t, disk, false, small); err != nil {
				t.Fatalf("after short write %d of %d bytes: %v", n, part, err)
			}
		}
	}
}
