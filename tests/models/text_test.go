package models_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/query"
)

// TestFullText: words are searched in SQL, with a score, beside other conditions.
func TestFullText(t *testing.T) {
	db := shop(t)
	for _, d := range []string{`{"_id":"t1","name":"red running shoes","price":50}`, `{"_id":"t2","name":"blue shoes","price":20}`, `{"_id":"t3","name":"a red red red hat","price":5}`} {
		insert(t, db, "products", d)
	}
	cfg := &fulltext.Config{Fields: []fulltext.Field{{Path: "name"}}, Analyzer: "en"}
	if err := db.Documents().SetText(t.Context(), "products", cfg); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, "SELECT _id FROM doc.products WHERE doc.products @@ 'red' ORDER BY _id"), "t1\nt3")
	want(t, ask(t, db, "SELECT _id FROM doc.products p WHERE p @@ 'shoe' AND (data->>'price')::numeric < 30 ORDER BY _id"), "b\nt2")
	want(t, ask(t, db, "SELECT _id FROM doc.products p WHERE NOT p @@ 'shoe' ORDER BY _id"), "a\nt3")
	want(t, ask(t, db, "SELECT count(*) FROM doc.products WHERE products @@ $1", "hat"), "1")
	want(t, ask(t, db, "SELECT _id, score > 0 FROM fts.search('products', 'red') ORDER BY score DESC"), "t3|t\nt1|t")
	want(t, ask(t, db, "SELECT _id FROM fts.search('products', 'red', 1)"), "t3")
	want(t, ask(t, db, `SELECT _id FROM fts.search('products', '{"phrase":"running shoes"}'::jsonb)`), "t1")
	want(t, ask(t, db, `SELECT data->>'name' FROM fts.search('products', 'red shoe', hits => 3) f JOIN doc.products USING (_id) WHERE data->>'price' = '50'`), "red running shoes")
	want(t, ask(t, db, "SELECT w, count(_id) FROM (VALUES ('red'), ('hat'), ('sea')) v(w) LEFT JOIN LATERAL fts.search('products', w) f ON true GROUP BY w ORDER BY w"), "hat|1\nred|2\nsea|0")
	want(t, ask(t, db, "UPDATE doc.products p SET data = data || '{\"name\":\"sold\"}' WHERE p @@ 'hat' RETURNING _id"), "t3")
	want(t, ask(t, db, "SELECT _id FROM doc.products p WHERE p @@ 'red'"), "t1")
	want(t, ask(t, db, "SELECT _id FROM doc.products p WHERE p @@ 'sold'"), "t3")
	if plan := ask(t, db, "EXPLAIN (COSTS OFF) SELECT data FROM doc.products p WHERE p @@ 'red'"); !strings.Contains(plan, "Function Scan on fts.found") || !strings.Contains(plan, "on products p") {
		t.Error(plan)
	}
	want(t, ask(t, db, `SELECT '{"a":1}'::jsonb @@ '$.a == 1'`), "t")

	for sql, state := range map[string]string{
		"SELECT * FROM fts.search('nope', 'x')":                                   "42P01",
		"SELECT * FROM fts.search('products', 'x', -1)":                           "22023",
		`SELECT * FROM fts.search('products', '{"nope":1}'::jsonb)`:               "22023",
		"INSERT INTO doc.bare (data) VALUES ('{}'); SELECT 1":                     "42P01",
		"SELECT * FROM fts.nope('products', 'x')":                                 "3F000",
		"DELETE FROM doc.products; SELECT _id FROM fts.search('products', 'red')": "0A000",
		"SELECT _id FROM kv.default d WHERE d @@ 'red'":                           "0A000",
	} {
		_, err := try(t, db, sql)
		var e *weft.Error
		if !errors.As(err, &e) || e.SQLState != state {
			t.Errorf("%s: %+v, want %s", sql, err, state)
		}
	}
	insert(t, db, "plain", `{"a":1}`)
	if _, err := try(t, db, "SELECT * FROM fts.search('plain', 'x')"); !errors.Is(err, weft.ErrNotFound) {
		t.Errorf("a collection without full text gives %v", err)
	}
	want(t, ask(t, db, "SELECT count(*) FROM doc.products"), "5")
}

// uncommitted runs statements in a transaction that is rolled back, and returns the one
// text that the last one gives.
func uncommitted(t *testing.T, db *weft.DB, sql string) string {
	t.Helper()
	tx, err := db.Engine().Begin(t.Context(), "", weft.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var sink query.MemorySink
	if err := tx.Execute(t.Context(), query.Request{SQL: sql, MaxRows: -1}, &sink); err != nil {
		t.Fatalf("%.300s: %v", sql, err)
	}
	return sink.Results[len(sink.Results)-1].Batches[0].Cols[0].Get(0).Str
}

// TestOwnWritesInFullText: @@ sees what the transaction has written, and not what it took
// back, and leaves out what it changed or removed; others see nothing of it.
func TestOwnWritesInFullText(t *testing.T) {
	db := open(t)
	for _, d := range []string{`{"_id":"a","name":"red shoes"}`, `{"_id":"b","name":"blue shoes"}`, `{"_id":"c","name":"red hat"}`, `{"_id":"d","name":"green coat"}`} {
		insert(t, db, "wear", d)
	}
	cfg := &fulltext.Config{Fields: []fulltext.Field{{Path: "name"}}, Analyzer: "en"}
	if err := db.Documents().SetText(t.Context(), "wear", cfg); err != nil {
		t.Fatal(err)
	}
	large := `{"name":"red ` + strings.Repeat("x", 100_000) + `"}`
	const found = "SELECT coalesce(string_agg(_id, ' ' ORDER BY _id), '') FROM doc.wear w WHERE w @@ 'red'"
	want(t, uncommitted(t, db, `
		UPDATE doc.wear SET data = '{"name":"a pink shoe"}' WHERE _id = 'a';
		UPDATE doc.wear SET data = '{"name":"the reddest red coats"}' WHERE _id = 'd';
		DELETE FROM doc.wear WHERE _id = 'c';
		INSERT INTO doc.wear (_id, data) VALUES ('e', '`+large+`'), ('f', '{"name":"nothing"}');
		SAVEPOINT s;
		INSERT INTO doc.wear (_id, data) VALUES ('g', '{"name":"red, for a while"}');
		ROLLBACK TO s;
		`+found+``), "d e")
	want(t, ask(t, db, found), "a c")
	want(t, uncommitted(t, db, `DELETE FROM doc.wear; `+found+``), "")
	want(t, uncommitted(t, db, `INSERT INTO doc.wear (_id, data) VALUES ('e', '{"name":"red tie"}');
		UPDATE doc.wear w SET data = data || '{"sold":true}' WHERE w @@ '{"phrase":"red tie"}'::jsonb;
		INSERT INTO doc.wear (data) SELECT data - '_id' FROM doc.wear w WHERE w @@ 'red';
		SELECT count(*) || ' ' || count(data->'sold') FROM doc.wear w WHERE w @@ 'red'`), "6 2")
	want(t, ask(t, db, found), "a c")
}

// TestTextsInSQL: the full-text indexes that stand alone are searched in SQL, too.
func TestTextsInSQL(t *testing.T) {
	db := open(t)
	texts := db.Documents().Texts()
	if err := texts.Create(t.Context(), "notes", "en", false); err != nil {
		t.Fatal(err)
	}
	about, err := doc.Parse([]byte(`{"by":"ann","n":2}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := texts.Put(t.Context(), "notes", []document.Item{{ID: "1", Text: "call the plumber", Metadata: about}, {ID: "2", Text: "a plumber, a plumber"}}); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, "SELECT _id, score > 0, text, metadata->>'by' FROM fts.search_index('notes', 'plumbers') ORDER BY _id"), "1|t|call the plumber|ann\n2|t|a plumber, a plumber|NULL")
	want(t, ask(t, db, "SELECT _id FROM fts.search_index('notes', 'plumbers', 1)"), "2")
	want(t, ask(t, db, `SELECT _id FROM fts.search_index('notes', '{"phrase":"call the plumber"}'::jsonb) WHERE (metadata->>'n')::int > 1`), "1")
	for sql, state := range map[string]string{
		"SELECT * FROM fts.search_index('nope', 'x')":      "42P01",
		"SELECT * FROM fts.search('notes', 'x')":           "42P01", // which is no collection
		"SELECT * FROM fts.search_index('notes', 'x', -1)": "22023",
	} {
		_, err := try(t, db, sql)
		var e *weft.Error
		if !errors.As(err, &e) || e.SQLState != state {
			t.Errorf("%s: %+v, want %s", sql, err, state)
		}
	}
}
