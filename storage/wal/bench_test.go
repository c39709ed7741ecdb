package wal

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft/storage/vfs"
)

// BenchmarkCommit appends records of 200 bytes and waits for each, from many
// goroutines, on the disk that the temporary directory is on.
func BenchmarkCommit(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, clients := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("sync=%t/clients=%d", sync, clients), func(b *testing.B) { benchCommit(b, Options{}, clients, sync) })
		}
	}
	b.Run("sync=true/buffered/clients=64", func(b *testing.B) { benchCommit(b, Options{Buffered: true}, 64, true) })
}

func benchCommit(b *testing.B, opts Options, clients int, synced bool) {
	l, _, err := Open(vfs.OS(), filepath.Join(b.TempDir(), "log"), storeID, opts, 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 200)
	var lock sync.Mutex
	var ts uint64
	commit := func() {
		lock.Lock()
		ts++
		t, err := l.Append(ts, 1, payload)
		lock.Unlock()
		if err == nil {
			err = l.Wait(ctx, t, synced)
		}
		if err != nil {
			b.Error(err)
		}
	}
	commit() // the first segment is reserved by then
	var left atomic.Int64
	left.Store(int64(b.N))
	took := make([][]time.Duration, clients)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := 0; left.Add(-1) >= 0; i++ {
				if i%64 != 0 {
					commit()
					continue
				}
				began := time.Now()
				commit()
				took[c] = append(took[c], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkReplay opens a log of records of 200 bytes.
func BenchmarkReplay(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "log")
	l, _, err := Open(vfs.OS(), dir, storeID, Options{}, 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 200)
	for ts := range uint64(1_000_000) {
		if _, err := l.Append(ts+1, 1, payload); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		sum := 0
		l, rec, err := Open(vfs.OS(), dir, storeID, Options{}, 0, func(r Record) error { sum += len(r.Payload); return nil })
		if err != nil || sum != 200_000_000 {
			b.Fatal(sum, err)
		}
		b.SetBytes(rec.Bytes)
		b.ReportMetric(float64(rec.Records)/rec.Duration.Seconds(), "records/s")
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend frames records that nobody waits for.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{16, 200, 4096} {
		b.Run(fmt.Sprintf("record=%d", size), func(b *testing.B) {
			l, _, err := Open(vfs.NewMem(), "log", storeID, Options{Recycle: 8}, 0, nil)
			if err != nil {
				b.Fatal(err)
			}
			payload := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			ts := uint64(0)
			for b.Loop() {
				ts++
				if _, err := l.Append(ts, 1, payload); err != nil {
					b.Fatal(err)
				}
				if ts%100_000 == 0 {
					if err := l.TruncateBefore(ts); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
