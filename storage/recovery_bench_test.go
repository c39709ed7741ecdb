//go:build unix

package storage_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// BenchmarkRecovery opens what a crash leaves of a store: a log of 1 M records of
// 16 + 100 bytes, keys in no order.
func BenchmarkRecovery(b *testing.B) {
	for _, perTx := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("writes=%d", perTx), func(b *testing.B) {
			benchRecovery(b, 1_000_000/perTx, perTx, make([]byte, 100), func(i uint64) []byte {
				key := binary.BigEndian.AppendUint64(make([]byte, 0, 16), i*0x9e3779b97f4a7c15)
				return binary.BigEndian.AppendUint64(key, i)
			})
		})
	}
}

// BenchmarkRecoveryImport opens a store that was filled by an import: commits of
// 8192 rows in key order, each after the one before.
func BenchmarkRecoveryImport(b *testing.B) {
	benchRecovery(b, 369, 8192, make([]byte, 70), func(i uint64) []byte {
		return binary.BigEndian.AppendUint64([]byte{1, 0x10, 7}, i)
	})
}

// benchRecovery fills a store by commits of perTx writes each, leaves everything in its
// log, and opens copies of its directory.
func benchRecovery(b *testing.B, commits, perTx int, value []byte, key func(uint64) []byte) {
	o := storage.Options{Durability: txn.DurabilityInterval, BufferBytes: 2 << 30, CheckpointBytes: 4 << 30, CheckpointLogBytes: 4 << 30}
	dir := b.TempDir()
	s, err := storage.Open(vfs.OS(), dir, o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := range commits {
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			for j := range perTx {
				if err := tx.Put(key(uint64(i*perTx+j)), value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		b.StopTimer()
		to := b.TempDir()
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		before := cpuTime(b)
		b.StartTimer()
		r, err := storage.Open(vfs.OS(), to, o)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		rec := r.Recovery()
		b.SetBytes(rec.Bytes)
		b.ReportMetric(float64(cpuTime(b)-before)/float64(commits*perTx), "cpu-ns/write")
		if err := errors.Join(r.Close(), os.RemoveAll(to)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// cpuTime is what this process has used of the processors, which other processes do not
// change as they change the time on the wall.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
