package feeds_test

import (
	"context"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/streaming"
)

// BenchmarkFollowTable: inserts of one row each, with somebody who follows the table.
func BenchmarkFollowTable(b *testing.B) {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	if _, err := db.Exec(ctx, "CREATE TABLE entry (id bigint PRIMARY KEY, account int, note text)"); err != nil {
		b.Fatal(err)
	}
	sub, err := db.Streaming().Subscribe(ctx, "cdc.default.entry", streaming.SubscribeOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	done := make(chan error, 1)
	go func() {
		for n := 0; n < b.N; {
			d, err := sub.Next(ctx)
			if err != nil {
				done <- err
				return
			}
			n += len(d.Messages)
		}
		done <- nil
	}()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := db.Exec(ctx, "INSERT INTO entry VALUES ($1, $2, $3)", i, 7, "a row as they come"); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
