package models_test

import (
	"fmt"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/kv"
)

// BenchmarkModels compares statements on the tables of models with the model's own calls
// and with plain tables, over the same 20,000 rows.
func BenchmarkModels(b *testing.B) {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx := b.Context()
	const rows = 20_000
	err = db.Update(ctx, func(tx *weft.Tx) error {
		if _, err := tx.Exec(ctx, "CREATE TABLE plain (key text PRIMARY KEY, value jsonb)"); err != nil {
			return err
		}
		for i := range rows {
			text := fmt.Sprintf(`{"n":%d,"name":"name %d","tags":["a","b"],"address":{"city":"Bern","zip":"%d"}}`, i, i%1000, i)
			if _, err := tx.KV().PutTx(tx.Txn(), "b", fmt.Appendf(nil, "%06d", i), kv.JSON([]byte(text)), kv.PutOptions{}); err != nil {
				return err
			}
			v, err := doc.Parse([]byte(text))
			if err != nil {
				return err
			}
			if _, _, err := tx.Documents().InsertTx(tx.Txn(), "c", fmt.Sprintf("%06d", i), v); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "INSERT INTO plain SELECT key, value FROM kv.b")
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := db.Documents().CreateIndex(ctx, "c", document.Index{Fields: []document.IndexField{{Path: "n"}}}); err != nil {
		b.Fatal(err)
	}
	query := func(name, sql string, args ...any) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Query(ctx, sql, args...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	query("point/plain", "SELECT value FROM plain WHERE key = $1", "010000")
	query("point/kv", "SELECT value FROM kv.b WHERE key = $1", "010000")
	b.Run("point/kv/model", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := db.KV().Get(ctx, "b", []byte("010000")); err != nil {
				b.Fatal(err)
			}
		}
	})
	query("point/doc", "SELECT data FROM doc.c WHERE _id = $1", "010000")
	query("scan/plain", "SELECT count(*) FROM plain WHERE value->>'name' = 'name 7'")
	query("scan/kv", "SELECT count(*) FROM kv.b WHERE value->>'name' = 'name 7'")
	query("scan/doc", "SELECT count(*) FROM doc.c WHERE data->>'name' = 'name 7'")
	query("scan/doc/whole", "SELECT count(data) FROM doc.c")
	query("range/doc", "SELECT _id, data FROM doc.c WHERE (data->>'n')::int BETWEEN 5000 AND 5019")
	f, err := match.Parse([]byte(`{"n":{"$gte":5000,"$lte":5019}}`))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("range/doc/model", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Documents().Find(ctx, "c", document.Query{Filter: f}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
