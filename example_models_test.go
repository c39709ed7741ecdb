package weft_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// memory opens a database for an example.
func memory() *weft.DB {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return db
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// A row, a key and a document change together, or none of them does.
func ExampleDB_Update() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	must(db.Exec(ctx, "CREATE TABLE orders (id int PRIMARY KEY, total numeric)"))

	order := func(id int, fail bool) error {
		return db.Update(ctx, func(tx *weft.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, 9.90)", id); err != nil {
				return err
			}
			if _, _, err := tx.KV().Increment(ctx, "counters", []byte("orders"), 1, kv.PutOptions{}); err != nil {
				return err
			}
			text, err := doc.ParseObject([]byte(`{"state": "new"}`))
			if err != nil {
				return err
			}
			if _, _, err := tx.Documents().Insert(ctx, "order_log", fmt.Sprint(id), text); err != nil {
				return err
			}
			if fail {
				return errors.New("no stock")
			}
			return nil
		})
	}
	fmt.Println(order(1, false))
	fmt.Println(order(2, true))

	if err := db.View(ctx, func(tx *weft.Tx) error {
		rows, err := tx.Query(ctx, "SELECT id FROM orders")
		if err != nil {
			return err
		}
		counter, _, err := tx.KV().Get(ctx, "counters", []byte("orders"))
		if err != nil {
			return err
		}
		_, second, err := tx.Documents().Get(ctx, "order_log", "2")
		fmt.Println(rows.Len(), string(counter.Value.Data), second)
		return err
	}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// no stock
	// 1 1 false
}

// What writes in a View is refused, by its class.
func ExampleDB_View() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	err := db.View(ctx, func(tx *weft.Tx) error {
		_, err := tx.KV().Put(ctx, "b", []byte("k"), kv.Raw([]byte("v")), kv.PutOptions{})
		return err
	})
	fmt.Println(errors.Is(err, weft.ErrReadOnly))
	// Output: true
}

// Keys are ordered bytes: pages of a prefix, and of a range in reverse.
func ExampleDB_KV() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	keys := db.KV()
	for _, k := range []string{"city/bergen", "city/oslo", "city/tromso", "country/no"} {
		must(keys.Put(ctx, "places", []byte(k), kv.JSON([]byte(`{}`)), kv.PutOptions{TTL: time.Hour}))
	}
	page := must(keys.List(ctx, "places", kv.PageOptions{Scan: kv.Scan{Range: kv.Range{Prefix: []byte("city/")}}, Limit: 2}))
	for _, e := range page.Entries {
		fmt.Println(string(e.Key))
	}
	page = must(keys.List(ctx, "places", kv.PageOptions{Scan: kv.Scan{Range: kv.Range{Prefix: []byte("city/")}}, Limit: 2, Cursor: page.Next}))
	fmt.Println("next page:", string(page.Entries[0].Key))
	page = must(keys.List(ctx, "places", kv.PageOptions{Scan: kv.Scan{Range: kv.Range{Start: []byte("city/o"), End: []byte("country")}, Reverse: true}}))
	fmt.Println("range, backwards:", string(page.Entries[0].Key), string(page.Entries[1].Key))
	// Output:
	// city/bergen
	// city/oslo
	// next page: city/tromso
	// range, backwards: city/tromso city/oslo
}

// A watcher sees changes in the order of commits, and goes on where it was.
func ExampleDB_KV_watch() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	keys := db.KV()
	w := must(keys.Watch(ctx, "b", kv.WatchOptions{}))
	for i := range 3 {
		must(keys.Put(ctx, "b", fmt.Append(nil, i), kv.Raw([]byte("v")), kv.PutOptions{}))
	}
	first := must(w.Next(ctx))
	fmt.Println(first.Kind, string(first.Entry.Key))
	w.Close()

	w = must(keys.Watch(ctx, "b", kv.WatchOptions{Since: first.At}))
	defer w.Close()
	second := must(w.Next(ctx))
	fmt.Println(second.Kind, string(second.Entry.Key))
	// Output:
	// put 0
	// put 1
}

// A feed gives what each commit changed in the key space of all models, from a
// timestamp on as long as the history lasts.
func ExampleDB_Store_feed() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	since := db.Store().LastCommit()
	for _, v := range []string{"a", "b"} {
		if err := db.Store().Update(ctx, weft.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("key"), []byte(v)) }); err != nil {
			log.Fatal(err)
		}
	}
	feed := must(db.Store().Feed(ctx, txn.FeedOptions{Since: since, Lower: []byte("key"), Upper: []byte("key\x00")}))
	defer feed.Close()
	for range 2 {
		set := must(feed.Next(ctx))
		fmt.Printf("%s = %s\n", set.Ops[0].Key, set.Ops[0].Value)
	}
	fmt.Println(feed.Position() == db.Store().LastCommit())
	// Output:
	// key = a
	// key = b
	// true
}

// A message is in its channel with the row that it tells of, or not at all.
func ExampleTx_Streaming() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	must(db.Exec(ctx, "CREATE TABLE orders (id int PRIMARY KEY, total int)"))
	sub := must(db.Streaming().Subscribe(ctx, "orders", streaming.SubscribeOptions{}))
	defer sub.Close()
	order := func(id, total int) error {
		return db.Update(ctx, func(tx *weft.Tx) error {
			m := streaming.Content{Type: "created", JSON: true, Data: fmt.Appendf(nil, `{"id":%d}`, id)}
			if _, err := tx.Streaming().Publish(ctx, "orders", m); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, $2)", id, total)
			return err
		})
	}
	fmt.Println(order(1, 20), order(1, 30) != nil, order(2, 40))
	for n := 0; n < 2; {
		d := must(sub.Next(ctx))
		for _, m := range d.Messages {
			fmt.Println(m.Offset, m.Type, string(m.Data))
		}
		n += len(d.Messages)
	}
	// Output:
	// <nil> true <nil>
	// 1 created {"id":1}
	// 2 created {"id":2}
}

// A transaction reads the past, as far as the history goes.
func ExampleDB_Run() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	keys := db.KV()
	must(keys.Put(ctx, "b", []byte("k"), kv.Raw([]byte("old")), kv.PutOptions{}))
	before := db.Store().LastCommit()
	must(keys.Put(ctx, "b", []byte("k"), kv.Raw([]byte("new")), kv.PutOptions{}))
	if err := db.Run(ctx, weft.TxOptions{AsOf: before}, func(tx *weft.Tx) error {
		e, _, err := tx.KV().Get(ctx, "b", []byte("k"))
		fmt.Println(string(e.Value.Data))
		return err
	}); err != nil {
		log.Fatal(err)
	}
	// Output: old
}

// A lock on a key keeps others from writing it until the transaction ends; who does
// not want to wait is told.
func ExampleTx_Txn() {
	ctx, db := context.Background(), memory()
	defer db.Close()
	job := []byte("job/1")
	err := db.Update(ctx, func(tx *weft.Tx) error {
		if _, err := tx.Txn().Lock(ctx, job, txn.LockExclusive, txn.LockWait); err != nil {
			return err
		}
		return db.Update(ctx, func(other *weft.Tx) error {
			_, err := other.Txn().Lock(ctx, job, txn.LockExclusive, txn.LockNoWait)
			return err
		})
	})
	var e *weft.Error
	fmt.Println(errors.As(err, &e), e.Code)
	// Output: true LOCK_NOT_AVAILABLE
}

// What may be lost need not wait for the disk: a counter of visits, say. The last commit,
// which does wait, takes all before it to the disk with it.
func ExampleDB_KV_durability() {
	dir := must(os.MkdirTemp("", "weft"))
	defer os.RemoveAll(dir)
	db := must(weft.Open(dir, weft.Options{}))
	defer db.Close()

	quick := txn.WithDurability(context.Background(), txn.DurabilityAsync)
	visit := func(ctx context.Context) int64 {
		n, _, err := db.KV().Increment(ctx, "site", []byte("visits"), 1, kv.PutOptions{})
		if err != nil {
			log.Fatal(err)
		}
		return n
	}
	for range 1000 {
		visit(quick)
	}
	fmt.Println(visit(context.Background()))
	// Output: 1001
}
