package storage_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// BenchmarkColdGet reads keys at random from data that is ten times the memory which
// the store may take, and the same from Pebble with all of that memory as its cache.
func BenchmarkColdGet(b *testing.B) {
	const records, buffer = 400_000, 6 << 20
	value := noise[:100]
	b.Run("store=weft", func(b *testing.B) {
		s, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{BufferBytes: buffer, History: -1, Durability: txn.DurabilityInterval})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		ctx := context.Background()
		var key []byte
		for from := uint64(0); from < records; from += 1000 {
			if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
				for i := from; i < from+1000; i++ {
					key = largeKey(key, i)
					if err := tx.Put(key, value); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.Checkpoint(ctx); err != nil {
			b.Fatal(err)
		}
		if err := s.Sorted().Settle(ctx); err != nil {
			b.Fatal(err)
		}
		tx, err := s.Begin(ctx, txn.TxOptions{ReadOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { tx.Rollback() }()
		n := 0
		for b.Loop() {
			if n++; n%1000 == 0 {
				tx.Rollback()
				if tx, err = s.Begin(ctx, txn.TxOptions{ReadOnly: true}); err != nil {
					b.Fatal(err)
				}
			}
			key = largeKey(key, rand.Uint64N(records))
			if _, ok, err := tx.Get(key); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("store=pebble", func(b *testing.B) {
		cache := pebble.NewCache(buffer)
		defer cache.Unref()
		opts := &pebble.Options{Cache: cache, DisableWAL: true, Logger: quiet{}}
		for i := range opts.Levels {
			opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		}
		db, err := pebble.Open(b.TempDir(), opts)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		var key []byte
		for from := uint64(0); from < records; from += 1000 {
			batch := db.NewBatch()
			for i := from; i < from+1000; i++ {
				key = largeKey(key, i)
				if err := batch.Set(key, value, nil); err != nil {
					b.Fatal(err)
				}
			}
			if err := batch.Commit(pebble.NoSync); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Flush(); err != nil {
			b.Fatal(err)
		}
		if err := db.Compact(context.Background(), []byte{0}, []byte{255, 255}, true); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			key = largeKey(key, rand.Uint64N(records))
			v, closer, err := db.Get(key)
			if err != nil || len(v) != 100 {
				b.Fatal(err)
			}
			if err := closer.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

type quiet struct{}

func (quiet) Infof(string, ...any)      {}
func (quiet) Errorf(string, ...any)     {}
func (quiet) Fatalf(f string, a ...any) { panic(f) }
