package models_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/streaming"
)

// BenchmarkTransaction writes a row, a document, a key and an event in one transaction, in
// memory: what the path costs by itself, for one client and for as many as cores.
func BenchmarkTransaction(b *testing.B) {
	for _, clients := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			db, err := weft.OpenMemory(weft.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(b.Context(), "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, note text)"); err != nil {
				b.Fatal(err)
			}
			order, err := doc.ParseObject([]byte(`{"customer":7,"items":[{"sku":"a-1","n":2}],"state":"new"}`))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for client := range clients {
				wg.Go(func() {
					for id := range b.N / clients {
						if err := everything(b.Context(), db, int64(client)<<40|int64(id), order); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

var event = make([]byte, 100)

func everything(ctx context.Context, db *weft.DB, id int64, order doc.Value) error {
	return db.Update(ctx, func(tx *weft.Tx) error {
		key := strconv.FormatInt(id, 10)
		if _, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, $2, $3)", id, 7, "an order"); err != nil {
			return err
		}
		if _, _, err := tx.Documents().Insert(ctx, "order_log", key, order); err != nil {
			return err
		}
		if _, err := tx.KV().Put(ctx, "sold", []byte(key), kv.Value{Data: event[:20]}, kv.PutOptions{}); err != nil {
			return err
		}
		_, err := tx.Streaming().Publish(ctx, "sold", streaming.Content{Type: "sold", Data: event})
		return err
	})
}
