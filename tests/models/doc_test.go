package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query"
)

func insert(t *testing.T, db *weft.DB, collection, text string) {
	t.Helper()
	v, err := doc.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Documents().Insert(t.Context(), collection, "", v); err != nil {
		t.Fatal(err)
	}
}

func index(t *testing.T, db *weft.DB, collection string, x document.Index) {
	t.Helper()
	if _, _, err := db.Documents().CreateIndex(t.Context(), collection, x); err != nil {
		t.Fatal(err)
	}
}

func shop(t *testing.T) *weft.DB {
	t.Helper()
	db := open(t)
	insert(t, db, "products", `{"_id":"b","name":"shoe","price":10,"tags":["red","x"]}`)
	insert(t, db, "products", `{"_id":"a","name":"boot","price":25.5,"size":{"eu":42}}`)
	index(t, db, "products", document.Index{Name: "by_name", Fields: []document.IndexField{{Path: "name"}}})
	index(t, db, "products", document.Index{Name: "by_price", Fields: []document.IndexField{{Path: "price"}}})
	index(t, db, "products", document.Index{Name: "by_eu", Fields: []document.IndexField{{Path: "size.eu"}}})
	index(t, db, "products", document.Index{Name: "by_tag", Fields: []document.IndexField{{Path: "tags"}}})
	return db
}

// TestDocPlans: conditions of SQL search the collection's indexes, and find what SQL says.
func TestDocPlans(t *testing.T) {
	db := shop(t)
	want(t, ask(t, db, "SELECT _id, data, version > 0, created_at = updated_at FROM doc.products"),
		`a|{"_id": "a", "name": "boot", "size": {"eu": 42}, "price": 25.5}|t|t
b|{"_id": "b", "name": "shoe", "tags": ["red", "x"], "price": 10}|t|t`)
	for _, c := range []struct{ index, cond, found string }{
		{"by_name", "data->>'name' = 'shoe'", "b"},
		{"by_name", "'shoe' = data->>'name'", "b"},
		{"by_name", "data->>'name' LIKE 'sh%'", "b"},
		{"by_name", "data->>'name' IN ('boot', 'cap')", "a"},
		{"by_name", "data->'name' = '\"boot\"'", "a"},
		{"by_price", "(data->>'price')::int > 5 AND (data->>'price')::int < 20", "b"},
		{"by_price", "(data->>'price')::numeric BETWEEN 20 AND 30", "a"},
		{"by_price", "(data->'price')::numeric = 25.5", "a"},
		{"by_price", "(data->>'price')::float8 >= 25.5", "a"},
		{"by_eu", "data->'size'->>'eu' IN ('42', '43')", "a"},
		{"by_eu", "data#>>'{size,eu}' = '42'", "a"},
		{"by_eu", `data @> '{"size":{"eu":42}}'`, "a"},
		{"by_tag", `data @> '{"tags":["red"]}'`, "b"},
		{"by_tag", `data @> '{"tags":"red"}'`, ""},
	} {
		want(t, ask(t, db, "SELECT _id FROM doc.products WHERE "+c.cond), c.found)
		if plan := ask(t, db, "EXPLAIN SELECT _id FROM doc.products WHERE "+c.cond); !strings.Contains(plan, "Index Scan using "+c.index+" on products") {
			t.Errorf("%s\n%s", c.cond, plan)
		}
	}
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT data FROM doc.products WHERE _id = $1 AND data->>'name' = 'boot'", "a"), `Project
  ->  Primary Key Lookup on products
        Index Cond: (_id = $1)
        Pushed Down: ((data ->> 'name'::text) = 'boot'::text)
        Filter: ((data ->> 'name'::text) = 'boot'::text)`)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT _id FROM doc.products ORDER BY _id DESC LIMIT 1"), `Limit
  ->  Primary Key Scan Backward on products
        Rows Wanted: 1`)
	join := "SELECT v, _id FROM (VALUES ('shoe'), ('boot')) t(v) JOIN doc.products ON data->>'name' = v ORDER BY 1"
	want(t, ask(t, db, join), "boot|a\nshoe|b")
	if plan := ask(t, db, "EXPLAIN "+join); !strings.Contains(plan, "Index Nested Loop") || !strings.Contains(plan, "Index Scan using by_name") {
		t.Errorf("%s", plan)
	}
	want(t, ask(t, db, "SELECT _id FROM doc.products WHERE data->>'name' = $1", "boot"), "a")
}

// TestDocWrites: SQL's writes are the model's, with its schema, indexes and changes.
func TestDocWrites(t *testing.T) {
	db := shop(t)
	made := ask(t, db, `INSERT INTO doc.products (data) VALUES ('{"n":1}') RETURNING _id, data->>'_id' = _id`)
	if !strings.HasSuffix(made, "|t") || len(made) < 30 {
		t.Errorf("made %s", made)
	}
	want(t, ask(t, db, `INSERT INTO doc.products (_id, data) VALUES ('z', '{"n":1}') RETURNING _id, data, version`), `z|{"n": 1, "_id": "z"}|NULL`)
	want(t, ask(t, db, `INSERT INTO doc.products (data) VALUES ('{"_id":"y","n":1}') RETURNING _id`), "y")
	want(t, ask(t, db, `INSERT INTO doc.products (_id, data) VALUES ('z', '{"n":5}'), ('w', '{}')
		ON CONFLICT (_id) DO UPDATE SET data = products.data || excluded.data RETURNING _id, data`), "z|{\"n\": 5, \"_id\": \"z\"}\nw|{\"_id\": \"w\"}")
	want(t, ask(t, db, `UPDATE doc.products SET data = data || '{"n":2}' WHERE data @> '{"n":1}' AND _id = 'y' RETURNING data`), `{"n": 2, "_id": "y"}`)
	want(t, ask(t, db, `UPDATE doc.products p SET data = data || jsonb_build_object('to', v) FROM (VALUES ('y', 7)) t(k, v) WHERE p._id = k RETURNING data->'to', v`), "7|7")
	want(t, ask(t, db, `MERGE INTO doc.products p USING (VALUES ('y'), ('v')) t(k) ON p._id = k
		WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (_id, data) VALUES (k, '{}') RETURNING p._id, merge_action()`), "y|DELETE\nv|INSERT")
	want(t, ask(t, db, `DELETE FROM doc.products WHERE data->>'name' = 'boot' RETURNING _id`), "a")
	if _, ok, err := db.Documents().Get(t.Context(), "products", "a"); ok || err != nil {
		t.Errorf("a is there: %v, %v", ok, err)
	}
	d, ok, err := db.Documents().Get(t.Context(), "products", "z")
	if err != nil || !ok || d.Value.JSON() != `{"_id":"z","n":5}` {
		t.Errorf("the model has %s, %v", d.Value.JSON(), err)
	}
	if _, err := db.Documents().Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

func TestDocRefusals(t *testing.T) {
	db := shop(t)
	index(t, db, "people", document.Index{Name: "mail", Unique: true, Fields: []document.IndexField{{Path: "mail"}}})
	if _, err := db.Documents().AlterCollection(t.Context(), "people", document.CollectionOptions{Schema: `{"required":["mail"]}`}); err != nil {
		t.Fatal(err)
	}
	ask(t, db, `INSERT INTO doc.people (data) VALUES ('{"_id":"1","mail":"a@x"}')`)
	for sql, state := range map[string]string{
		"SELECT * FROM doc.nope":                                                                "42P01",
		`INSERT INTO doc.people (data) VALUES ('{"mail":"a@x"}')`:                               "23505",
		`INSERT INTO doc.people (data) VALUES ('{"_id":"1","mail":"b@x"}')`:                     "23505",
		`INSERT INTO doc.people (data) VALUES ('{"name":"b"}')`:                                 "23514",
		`UPDATE doc.people SET data = data - 'mail'`:                                            "23514",
		`INSERT INTO doc.people (data) VALUES ('[1]')`:                                          "23514",
		`INSERT INTO doc.people (_id) VALUES ('q')`:                                             "23502",
		`INSERT INTO doc.people (_id, data) VALUES ('', '{"mail":"c"}')`:                        "22023",
		`INSERT INTO doc.people (_id, data) VALUES ('q', '{"_id":"r","mail":"c"}')`:             "22023",
		`UPDATE doc.people SET _id = 'q'`:                                                       "23514",
		`UPDATE doc.people SET version = 1`:                                                     "428C9",
		`INSERT INTO doc.people (data) VALUES ('{"mail":"a@x"}') ON CONFLICT (data) DO NOTHING`: "42P10",
		"DROP TABLE doc.people":                                                                 "42809",
		"ALTER TABLE doc.people ADD COLUMN x int":                                               "42809",
		"CREATE TABLE doc.other (a int)":                                                        "42501",
		"CREATE SCHEMA doc":                                                                     "42939",
		"TRUNCATE doc.people":                                                                   "42809",
	} {
		_, err := try(t, db, sql)
		var e *weft.Error
		if !errors.As(err, &e) || e.SQLState != state {
			t.Errorf("%s: %+v, want %s", sql, err, state)
		}
	}
	want(t, ask(t, db, `INSERT INTO doc.people (data) VALUES ('{"mail":"a@x"}'), ('{"_id":"2","mail":"b@x"}') ON CONFLICT DO NOTHING RETURNING _id`), "2")
	want(t, ask(t, db, "SELECT _id FROM doc.people"), "1\n2")
	want(t, ask(t, db, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'doc' AND tablename = 'people' ORDER BY 1"), `mail|CREATE UNIQUE INDEX mail ON doc.people USING btree ((data->'mail') NULLS FIRST) NULLS NOT DISTINCT
people_pkey|CREATE UNIQUE INDEX people_pkey ON doc.people USING btree (_id)`)
}

// TestPlansFollowDefinitions: a plan that is kept is not used once a bucket, a collection
// or an index was made, changed or dropped, in the same transaction too.
func TestPlansFollowDefinitions(t *testing.T) {
	db := shop(t)
	find := "SELECT _id FROM doc.products WHERE data->>'color' = 'red'"
	insert(t, db, "products", `{"_id":"r","color":"red"}`)
	explain := func() string { return ask(t, db, "EXPLAIN "+find) }
	for range 2 {
		want(t, ask(t, db, find), "r")
	}
	if strings.Contains(explain(), "by_color") {
		t.Error("an index that nobody made")
	}
	index(t, db, "products", document.Index{Name: "by_color", Fields: []document.IndexField{{Path: "color"}}})
	if !strings.Contains(explain(), "by_color") {
		t.Error(explain())
	}
	want(t, ask(t, db, find), "r")
	if err := db.Documents().DropIndex(t.Context(), "products", "by_color"); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, find), "r")
	if err := db.Documents().DropCollection(t.Context(), "products"); err != nil {
		t.Fatal(err)
	}
	if _, err := try(t, db, find); err == nil {
		t.Error("the collection is gone, and still answers")
	}
	insert(t, db, "products", `{"_id":"s","color":"red"}`)
	want(t, ask(t, db, find), "s")

	put(t, db, "users", "a", "1")
	add := "INSERT INTO kv.users (key, value) VALUES ($1, '1') RETURNING ttl"
	want(t, ask(t, db, add, "x"), "NULL")
	if _, err := db.KV().AlterBucket(t.Context(), "users", kv.BucketOptions{DefaultTTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, add, "y"); got == "NULL" {
		t.Error("the new default is not heeded")
	}
	if err := db.KV().DropBucket(t.Context(), "users"); err != nil {
		t.Fatal(err)
	}
	if _, err := try(t, db, add, "z"); err == nil {
		t.Error("the bucket is gone, and still takes keys")
	}
	err := db.Update(t.Context(), func(tx *weft.Tx) error {
		if _, err := tx.Documents().CreateCollectionTx(tx.Txn(), "fresh", document.CollectionOptions{}); err != nil {
			return err
		}
		n, err := tx.Exec(t.Context(), "INSERT INTO doc.fresh (data) VALUES ('{}')")
		if err == nil && n != 1 {
			t.Errorf("%d rows", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, "SELECT count(*) FROM doc.fresh"), "1")
}

// TestOneTransaction: rows, entries and documents commit together or not at all, and a
// transaction sees what it wrote through any of the interfaces.
func TestOneTransaction(t *testing.T) {
	db := shop(t)
	put(t, db, "stock", "b", "5")
	ask(t, db, "CREATE TABLE orders (id int PRIMARY KEY, product text)")
	order := func(fail bool) error {
		return db.Update(t.Context(), func(tx *weft.Tx) error {
			if _, err := tx.Exec(t.Context(), "INSERT INTO orders VALUES (1, 'b')"); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "UPDATE kv.stock SET value = to_jsonb(value::int - 1) WHERE key = 'b'"); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `UPDATE doc.products SET data = data || '{"sold":true}' WHERE _id = 'b'`); err != nil {
				return err
			}
			e, _, err := tx.KV().GetTx(tx.Txn(), "stock", []byte("b"))
			if err != nil || string(e.Value.Data) != "4" {
				t.Errorf("within it the stock is %s, %v", e.Value.Data, err)
			}
			if _, err := tx.KV().PutTx(tx.Txn(), "stock", []byte("c"), kv.JSON([]byte("9")), kv.PutOptions{}); err != nil {
				return err
			}
			rows, err := tx.Query(t.Context(), "SELECT o.id, s.value::int, p.data->>'sold' FROM orders o JOIN kv.stock s ON s.key = o.product JOIN doc.products p ON p._id = o.product")
			if err != nil {
				return err
			}
			for rows.Next() {
				var id, left int
				var sold string
				if err := rows.Scan(&id, &left, &sold); err != nil || id != 1 || left != 4 || sold != "true" {
					t.Errorf("%d %d %s %v", id, left, sold, err)
				}
			}
			if fail {
				return errors.New("no")
			}
			return nil
		})
	}
	state := "SELECT (SELECT count(*) FROM orders), (SELECT string_agg(key || value::text, ',') FROM kv.stock), (SELECT count(*) FROM doc.products WHERE data ? 'sold')"
	if order(true) == nil {
		t.Error("it did not fail")
	}
	want(t, ask(t, db, state), "0|b5|0")
	if err := order(false); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, state), "1|b4,c9|1")
}

// TestIsolation: two transactions that read and write the same entries and documents
// conflict as they do over rows.
func TestIsolation(t *testing.T) {
	db := shop(t)
	put(t, db, "stock", "a", "1")
	put(t, db, "stock", "b", "1")
	for _, sql := range [][3]string{
		{"SELECT sum(value::int) FROM kv.stock WHERE key IN ('a', 'b')", "UPDATE kv.stock SET value = '0' WHERE key = 'a'", "UPDATE kv.stock SET value = '0' WHERE key = 'b'"},
		{"SELECT count(*) FROM kv.stock WHERE key >= 'c'", "INSERT INTO kv.stock (key, value) VALUES ('c', '1')", "INSERT INTO kv.stock (key, value) VALUES ('d', '1')"},
		{"SELECT count(*) FROM doc.products WHERE data->>'name' = 'cap'", `INSERT INTO doc.products (data) VALUES ('{"_id":"c1","name":"cap"}')`, `INSERT INTO doc.products (data) VALUES ('{"_id":"c2","name":"cap"}')`},
	} {
		first, err := db.Engine().Begin(t.Context(), "", weft.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		second, err := db.Engine().Begin(t.Context(), "", weft.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		run := func(tx *query.Transaction, text string) {
			t.Helper()
			if err := tx.Execute(t.Context(), query.Request{SQL: text, MaxRows: -1}, &query.MemorySink{}); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		run(first, sql[0])
		run(second, sql[0])
		run(first, sql[1])
		run(second, sql[2])
		if _, err := first.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Commit(t.Context()); !errors.Is(err, weft.ErrConflict) {
			t.Errorf("%s: the second commit gives %v", sql[0], err)
		}
		second.Rollback()
	}
}
