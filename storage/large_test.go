package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/gcpace"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// large is a data set many times the memory that the store may take.
type large struct {
	records uint64
	value   int
	opts    storage.Options
	rss     int64 // most that the process may take, 0 is not looked at
	dir     string
	s       *storage.Store
	version []byte // of each record: what its value says
}

// besideBuffer is what docs/design/storage.md says that a process takes beside its buffer.
const besideBuffer = 192 << 20

// TestLarge holds 16 times the buffer, or with WEFT_LONG=1 10 GB under 256 MiB: it
// loads in random order, updates, deletes and reads everything, point by point and by
// ranges, opens the store again, and does not take more memory than it was given: the
// process BufferBytes and besideBuffer at most, with the pace of collections that the
// server has. WEFT_RECORDS and WEFT_BUFFER_MIB make a long run of another size.
func TestLarge(t *testing.T) {
	l := &large{records: 30_000, value: 500, dir: t.TempDir(), opts: storage.Options{
		BufferBytes: 1 << 20, SegmentBytes: 1 << 20, CheckpointLogBytes: 4 << 20, History: -1, Durability: txn.DurabilityInterval,
	}}
	if testing.Short() { // as under the race detector
		l.records /= 3
	}
	if os.Getenv("WEFT_LONG") == "1" {
		l.records, l.value = 10_000_000, 1000
		l.opts.BufferBytes, l.opts.SegmentBytes, l.opts.CheckpointLogBytes = 256<<20, 0, 0
		if n, err := strconv.ParseUint(os.Getenv("WEFT_RECORDS"), 10, 64); err == nil {
			l.records = n
		}
		if n, err := strconv.ParseInt(os.Getenv("WEFT_BUFFER_MIB"), 10, 64); err == nil {
			l.opts.BufferBytes = n << 20
		}
		gcpace.Set(l.opts.Memory())
		l.rss = l.opts.BufferBytes + besideBuffer + int64(l.records) // which is l.version
	}
	l.version = make([]byte, l.records)
	l.open(t)
	defer func() { l.close(t) }()
	l.phase(t, "load", func() { l.write(t, l.records, func(i uint64) uint64 { return i }, 1) })
	l.phase(t, "update", func() {
		l.write(t, l.records/10, func(uint64) uint64 { return rand.Uint64N(l.records) }, 2)
	})
	l.phase(t, "delete", func() { l.write(t, l.records/50, func(i uint64) uint64 { return i * 37 % l.records }, 0) })
	l.phase(t, "get", func() { l.gets(t, l.records/5) })
	l.phase(t, "scan", func() { l.scan(t) })
	if a := l.s.Activity(); a.Evicted == 0 || a.ColdFound == 0 {
		t.Errorf("nothing left memory or was read from disk: %+v", a)
	}
	l.close(t)
	l.phase(t, "open", func() { l.open(t) })
	l.phase(t, "get again", func() { l.gets(t, l.records/5) })
	l.phase(t, "insert beside", func() { l.write(t, l.records/20, func(i uint64) uint64 { return i * 37 % l.records }, 3) })
	l.phase(t, "scan again", func() { l.scan(t) })
}

func (l *large) open(t *testing.T) {
	t.Helper()
	var err error
	if l.s, err = storage.Open(vfs.OS(), l.dir, l.opts); err != nil {
		t.Fatal(err)
	}
}

func (l *large) close(t *testing.T) {
	t.Helper()
	if err := l.s.Close(); err != nil {
		t.Fatal(err)
	}
}

func (l *large) phase(t *testing.T, name string, fn func()) {
	began := time.Now()
	fn()
	rss, most := residentBytes()
	st := l.s.Status()
	t.Logf("%-13s %8v  rss %4d MiB, at most %d  used %d held %d index %d dirty %d MiB, keys %d, sublevels %d, %d checkpoints, stalls %d %v, log %d MiB, sst %d MiB, cold %d", name,
		time.Since(began).Round(time.Millisecond), rss>>20, most>>20, st.UsedBytes>>20, st.HeldBytes>>20, st.IndexBytes>>20, st.DirtyBytes>>20, st.Keys,
		st.Sorted.Levels[0].Sublevels, st.Checkpoints, st.Stalls, st.StallTime.Round(time.Millisecond), st.LogBytes>>20, st.Sorted.Bytes>>20, st.ColdReads)
	if limit := l.opts.BufferBytes; st.UsedBytes+st.IndexBytes > limit*3/2+4<<20 {
		t.Errorf("%s: records take %d bytes, of %d", name, st.UsedBytes+st.IndexBytes, limit)
	}
	if l.rss > 0 && most > l.rss {
		t.Errorf("%s: the process took up to %d bytes, more than %d", name, most, l.rss)
	}
}

// residentBytes is what the process takes of memory, and the most that it took so far.
func residentBytes() (now, most int64) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			switch f[0] {
			case "VmRSS:":
				now = n << 10
			case "VmHWM:":
				most = n << 10
			}
		}
	}
	return now, most
}

func largeKey(dst []byte, i uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst[:0], i*0x9e3779b97f4a7c15), i)
}

// write gives n records a version, 0 for deleted, two clients at once.
func (l *large) write(t *testing.T, n uint64, which func(uint64) uint64, version byte) {
	t.Helper()
	const batch = 100
	var wg sync.WaitGroup
	var mu sync.Mutex
	for client := range uint64(2) {
		wg.Go(func() {
			var key []byte
			var value []byte
			for from := client * batch; from < n; from += 2 * batch {
				picked := make([]uint64, 0, batch)
				for i := from; i < min(from+batch, n); i++ {
					picked = append(picked, which(i))
				}
				err := l.s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
					for _, id := range picked {
						key = largeKey(key, id)
						value = l.content(value, id, version)
						err := error(nil)
						if version == 0 {
							err = tx.Delete(key)
						} else {
							err = tx.Put(key, value)
						}
						if err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, id := range picked {
					l.version[id] = version
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// noise does not compress.
var noise = func() []byte {
	b := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{7}).Read(b) // never fails
	return b
}()

// content is the value of a record in a version.
func (l *large) content(dst []byte, id uint64, version byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst[:0], version), id)
	at := id * 7919 % uint64(len(noise)-l.value)
	return append(dst, noise[at:at+uint64(l.value)-9]...)
}

func (l *large) check(id uint64, value []byte, ok bool) error {
	switch {
	case ok != (l.version[id] != 0):
		return fmt.Errorf("record %d: found %v, want version %d", id, ok, l.version[id])
	case ok && !bytes.Equal(value, l.content(nil, id, l.version[id])):
		return fmt.Errorf("record %d: got %x…, want version %d", id, value[:min(len(value), 9)], l.version[id])
	}
	return nil
}

func (l *large) gets(t *testing.T, n uint64) {
	t.Helper()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var key []byte
			for range n / 2 / 50 {
				if err := l.s.View(context.Background(), func(tx *txn.Tx) error {
					for range 50 {
						id := rand.Uint64N(l.records)
						key = largeKey(key, id)
						v, ok, err := tx.Get(key)
						if err := errors.Join(err, l.check(id, v, ok)); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func (l *large) scan(t *testing.T) {
	t.Helper()
	want := 0
	for _, v := range l.version {
		if v != 0 {
			want++
		}
	}
	for _, reverse := range []bool{false, true} {
		n := 0
		var last []byte
		if err := l.s.View(context.Background(), func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{Reverse: reverse})
			defer it.Close()
			for ; it.Next(); n++ {
				if last != nil && (bytes.Compare(last, it.Key()) >= 0) != reverse {
					return fmt.Errorf("key %x after %x", it.Key(), last)
				}
				last = append(last[:0], it.Key()...)
				if err := l.check(binary.BigEndian.Uint64(last[8:]), it.Value(), true); err != nil {
					return err
				}
			}
			return it.Err()
		}); err != nil {
			t.Error(err)
		}
		if n != want {
			t.Errorf("reverse %v: %d records, want %d", reverse, n, want)
		}
	}
}
