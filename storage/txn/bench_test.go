package txn_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/storage/txn"
)

const benchRecords = 1_000_000

// benchKey is the key of record i, 16 bytes, in no order.
func benchKey(dst []byte, i uint64) []byte {
	h := i * 0x9e3779b97f4a7c15
	h ^= h >> 29
	dst = binary.BigEndian.AppendUint64(dst[:0], h*0xbf58476d1ce4e5b9)
	return binary.BigEndian.AppendUint64(dst, i)
}

func benchStore(b *testing.B, records int) *txn.Store {
	b.Helper()
	s, err := txn.NewMemory(txn.Options{History: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var key, value []byte
	value = make([]byte, 100)
	for from := 0; from < records; from += 1000 {
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			for i := from; i < min(from+1000, records); i++ {
				key = benchKey(key, uint64(i))
				if err := tx.Put(key, value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkGet(b *testing.B) {
	s := benchStore(b, benchRecords)
	b.Run("tx=one", func(b *testing.B) {
		tx, _ := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
		defer tx.Rollback()
		var key []byte
		for b.Loop() {
			key = benchKey(key, rand.Uint64N(benchRecords))
			if _, ok, err := tx.Get(key); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("tx=each", func(b *testing.B) {
		b.ReportAllocs()
		var key []byte
		for b.Loop() {
			key = benchKey(key, rand.Uint64N(benchRecords))
			if err := s.View(context.Background(), func(tx *txn.Tx) error {
				_, _, err := tx.Get(key)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tx=one/parallel", func(b *testing.B) {
		tx, _ := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
		defer tx.Rollback()
		b.RunParallel(func(pb *testing.PB) {
			var key []byte
			for pb.Next() {
				key = benchKey(key, rand.Uint64N(benchRecords))
				if _, ok, err := tx.Get(key); !ok || err != nil {
					b.Error(ok, err)
				}
			}
		})
	})
}

func BenchmarkPut(b *testing.B) {
	for _, how := range []string{"insert", "update"} {
		b.Run("what="+how, func(b *testing.B) {
			records := 0
			if how == "update" {
				records = benchRecords
			}
			s := benchStore(b, records)
			var key []byte
			value := make([]byte, 100)
			i := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				k := i
				if how == "update" {
					k = rand.Uint64N(benchRecords)
				}
				i++
				key = benchKey(key, k)
				if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
					return tx.Put(key, value)
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTransfer moves one unit between two of 100 k accounts: two reads, a
// check, two writes, serializable.
func BenchmarkTransfer(b *testing.B) {
	const accounts = 100_000
	s, err := txn.NewMemory(txn.Options{History: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		for i := range uint64(accounts) {
			if err := tx.Put(benchKey(nil, i), binary.BigEndian.AppendUint64(nil, 1000)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	transfer := func(tx *txn.Tx, from, to []byte) error {
		a, _, err := tx.Get(from)
		if err != nil {
			return err
		}
		c, _, err := tx.Get(to)
		if err != nil {
			return err
		}
		x, y := binary.BigEndian.Uint64(a), binary.BigEndian.Uint64(c)
		if x == 0 {
			return nil
		}
		var buf [8]byte
		binary.BigEndian.PutUint64(buf[:], x-1)
		if err := tx.Put(from, buf[:]); err != nil {
			return err
		}
		binary.BigEndian.PutUint64(buf[:], y+1)
		return tx.Put(to, buf[:])
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var from, to []byte
		for pb.Next() {
			i := rand.Uint64N(accounts)
			from, to = benchKey(from, i), benchKey(to, (i+1+rand.Uint64N(accounts-1))%accounts)
			if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return transfer(tx, from, to) }); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	s := benchStore(b, benchRecords)
	for _, n := range []int{100, benchRecords} {
		for _, reverse := range []bool{false, true} {
			b.Run(fmt.Sprintf("rows=%d/reverse=%v", n, reverse), func(b *testing.B) {
				tx, _ := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
				defer tx.Rollback()
				var key []byte
				rows := 0
				for b.Loop() {
					it := tx.Iter(txn.IterOptions{Reverse: reverse})
					if n < benchRecords {
						key = benchKey(key, rand.Uint64N(benchRecords))
						it.Seek(key)
					}
					for i := 0; i < n && it.Next(); i++ {
						rows++
					}
					it.Close()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
			})
		}
	}
}
