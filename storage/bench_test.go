package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// BenchmarkDurableCommit: one put of 16 + 100 bytes for each commit, synced.
func BenchmarkDurableCommit(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n atomic.Uint64
			value := make([]byte, 100)
			b.SetParallelism((clients + 1) / 2)
			if clients == 1 {
				for b.Loop() {
					commitOne(b, s, n.Add(1), value)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						commitOne(b, s, n.Add(1), value)
					}
				})
			}
			b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

func commitOne(b *testing.B, s *storage.Store, i uint64, value []byte) {
	key := binary.BigEndian.AppendUint64(make([]byte, 0, 16), i*0x9e3779b97f4a7c15)
	key = binary.BigEndian.AppendUint64(key, i)
	if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put(key, value) }); err != nil {
		b.Error(err)
	}
}

// BenchmarkHotKey has 16 clients increment one key, each increment synced.
func BenchmarkHotKey(b *testing.B) {
	key := []byte("n")
	for _, locked := range []bool{false, true} {
		b.Run(fmt.Sprintf("lock=%v", locked), func(b *testing.B) {
			var retries atomic.Int64
			s, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{MaxRetries: 1 << 20, Events: txn.Events{Retried: func(int) { retries.Add(1) }}})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
						if locked {
							if _, err := tx.Lock(context.Background(), key, txn.LockExclusive, txn.LockWait); err != nil {
								return err
							}
						}
						v, _, err := tx.Get(key)
						if err != nil {
							return err
						}
						return tx.Put(key, binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(append(bytes.Clone(v), make([]byte, 8)...))+1))
					}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(retries.Load())/float64(b.N), "retries/op")
		})
	}
}

// BenchmarkEncryption: durable commits, and a load that goes to SSTables, with and
// without encryption.
func BenchmarkEncryption(b *testing.B) {
	key, err := crypt.KeyFromBytes(make([]byte, crypt.KeyBytes), "benchmark")
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range []crypt.Provider{nil, key} {
		b.Run(fmt.Sprintf("what=commit/encrypted=%v", p != nil), func(b *testing.B) {
			s, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{Encryption: p})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n atomic.Uint64
			value := make([]byte, 100)
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					commitOne(b, s, n.Add(1), value)
				}
			})
		})
		b.Run(fmt.Sprintf("what=load/encrypted=%v", p != nil), func(b *testing.B) {
			value := make([]byte, 100)
			for b.Loop() {
				s, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{Encryption: p, Durability: txn.DurabilityInterval})
				if err != nil {
					b.Fatal(err)
				}
				for from := uint64(0); from < 200_000; from += 1000 {
					if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
						for i := from; i < from+1000; i++ {
							key := binary.BigEndian.AppendUint64(make([]byte, 0, 16), i*0x9e3779b97f4a7c15)
							if err := tx.Put(binary.BigEndian.AppendUint64(key, i), value); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := s.Checkpoint(context.Background()); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
