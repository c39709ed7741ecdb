package kv_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

func benchStore(b *testing.B, keys int) *kv.Store {
	b.Helper()
	txns, err := txn.NewMemory(txn.Options{History: -1})
	if err != nil {
		b.Fatal(err)
	}
	s, err := kv.Open(txns, kv.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		s.Close()
		txns.Close()
	})
	v := kv.Raw(make([]byte, 64))
	for from := 0; from < keys; from += 1000 {
		ops := make([]kv.Op, 0, 1000)
		for i := from; i < min(from+1000, keys); i++ {
			ops = append(ops, kv.Op{Kind: kv.OpSet, Bucket: "bench", Key: benchKey(nil, i), Value: &v})
		}
		if _, err := s.Batch(context.Background(), ops); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func benchKey(dst []byte, i int) []byte { return fmt.Appendf(dst[:0], "user:%010d", i) }

func BenchmarkGet(b *testing.B) {
	for _, keys := range []int{10_000, 1_000_000} {
		s := benchStore(b, keys)
		list := make([][]byte, 1<<16)
		for i := range list {
			list[i] = benchKey(nil, rand.IntN(keys))
		}
		ctx := context.Background()
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok, err := s.Get(ctx, "bench", list[i&(len(list)-1)]); !ok || err != nil {
					b.Fatal(ok, err)
				}
				i++
			}
		})
		b.Run(fmt.Sprintf("keys=%d/append", keys), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			var dst []byte
			for b.Loop() {
				var ok bool
				var err error
				if dst, ok, err = s.AppendValue(ctx, dst[:0], "bench", list[i&(len(list)-1)]); !ok || err != nil {
					b.Fatal(ok, err)
				}
				i++
			}
		})
		b.Run(fmt.Sprintf("keys=%d/onetx", keys), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			if err := s.View(ctx, func(tx *txn.Tx) error {
				for b.Loop() {
					if _, ok, err := s.GetTx(tx, "bench", list[i&(len(list)-1)]); !ok || err != nil {
						b.Fatal(ok, err)
					}
					i++
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	for _, keys := range []int{10_000, 1_000_000} {
		s := benchStore(b, keys)
		list := make([][]byte, 1<<16)
		for i := range list {
			list[i] = benchKey(nil, rand.IntN(keys))
		}
		ctx, v := context.Background(), kv.Raw(make([]byte, 64))
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := s.Put(ctx, "bench", list[i&(len(list)-1)], v, kv.PutOptions{}); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	s := benchStore(b, 1_000_000)
	ctx := context.Background()
	n := 0
	for b.Loop() {
		if err := s.View(ctx, func(tx *txn.Tx) error {
			start := benchKey(nil, rand.IntN(1_000_000))
			rows := 0
			for _, err := range s.AllTx(tx, "bench", kv.Scan{Range: kv.Range{Start: start}}) {
				if err != nil {
					return err
				}
				n++
				if rows++; rows == 100 {
					break
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
}

// BenchmarkHotKey: 64 clients count up one key, each commit synced.
func BenchmarkHotKey(b *testing.B) {
	txns, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{MaxRetries: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer txns.Close()
	s, err := kv.Open(txns.Store, kv.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range 64 {
		wg.Go(func() {
			for range (b.N + c) / 64 {
				if _, _, err := s.Increment(b.Context(), "b", []byte("n"), 1, kv.PutOptions{}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
