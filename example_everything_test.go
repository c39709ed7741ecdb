package weft_test

import (
	"context"
	"fmt"
	"log"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// One transaction over every model: a row, a key, a document, a point and a message, which
// one statement then joins.
func ExampleDB_Update_everyModel() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	must(db.Exec(ctx, "CREATE TABLE orders (id int PRIMARY KEY, total numeric)"))
	if err := db.Update(ctx, func(tx *weft.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO orders VALUES (7, 9.90)"); err != nil {
			return err
		}
		if _, _, err := tx.KV().Increment(ctx, "sold", []byte("7"), 3, kv.PutOptions{}); err != nil {
			return err
		}
		text := must(doc.ParseObject([]byte(`{"state": "new"}`)))
		if _, _, err := tx.Documents().Insert(ctx, "order_log", "7", text); err != nil {
			return err
		}
		point := timeseries.Point{Metric: "sales", Time: 1, Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(9.9)}}}
		if err := tx.TimeSeries().Write(ctx, []timeseries.Point{point}); err != nil {
			return err
		}
		_, err := tx.Streaming().Publish(ctx, "sold", streaming.Content{Key: "7", Type: "sold", JSON: true, Data: []byte(`{"by": "web"}`)})
		return err
	}); err != nil {
		log.Fatal(err)
	}
	rows := must(db.Query(ctx, `SELECT o.total, k.value, d.data->>'state', m.type, m.data->>'by'
		FROM orders o JOIN kv.sold k ON k.key = o.id::text JOIN doc.order_log d ON d._id = k.key JOIN stream.sold m ON m.key = k.key
		WHERE m."offset" <= 10`))
	for rows.Next() {
		var total, sold, state, kind, by string
		if err := rows.Scan(&total, &sold, &state, &kind, &by); err != nil {
			log.Fatal(err)
		}
		fmt.Println(total, sold, state, kind, by)
	}
	// Output: 9.90 3 new sold web
}

// The changes of a table are a channel: what is there, and then what changes.
func ExampleDB_Streaming_changes() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	must(db.Exec(ctx, "CREATE TABLE stock (id int PRIMARY KEY, n int); INSERT INTO stock VALUES (1, 5)"))
	sub := must(db.Streaming().Subscribe(ctx, "cdc.default.stock", streaming.SubscribeOptions{From: streaming.Snapshot}))
	defer sub.Close()
	must(db.Exec(ctx, "UPDATE stock SET n = 4 WHERE id = 1"))
	for seen := 0; seen < 3; {
		for _, m := range must(sub.Next(ctx)).Messages {
			fmt.Println(m.Key + ": " + m.Type)
			seen++
		}
	}
	// Output:
	// 1: read
	// : snapshot_end
	// 1: update
}
