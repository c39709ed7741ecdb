package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/streaming"
)

func publish(t *testing.T, db *weft.DB, channel string, list ...streaming.Content) {
	t.Helper()
	if _, err := db.Streaming().Publish(t.Context(), channel, list...); err != nil {
		t.Fatal(err)
	}
}

// TestStream: messages are rows, found by offset and by time in the log, forwards and
// backwards, and what is inserted is published with the transaction.
func TestStream(t *testing.T) {
	db := open(t)
	for i := range 20 {
		publish(t, db, "orders", streaming.Content{Key: fmt.Sprint("c", i%3), Type: "made", Source: "shop", JSON: true, Data: fmt.Appendf(nil, `{"id":%d}`, i),
			Headers: []streaming.Header{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}}})
	}
	publish(t, db, "orders", streaming.Content{Data: []byte{0xff}, ContentType: "image/png"})
	same := func(want, sql string, args ...any) {
		t.Helper()
		if have := ask(t, db, sql, args...); have != want {
			t.Errorf("%s:\n%s\nwant\n%s", sql, have, want)
		}
	}
	same(`3|c2|made|shop|{"a": "1", "b": "2"}|{"id": 2}|NULL|application/json|0`,
		`SELECT "offset", key, type, source, headers, data, raw, content_type, partition FROM stream.orders WHERE "offset" = 3`)
	same(`21|NULL|NULL|NULL|{}|NULL|\xff|image/png`, `SELECT "offset", key, type, source, headers, data, raw, content_type FROM stream.orders WHERE "offset" > 20`)
	same("2\n3\n4\n7", `SELECT "offset" FROM stream.orders WHERE "offset" BETWEEN 2 AND 4 OR "offset" IN (7, 99, -1) ORDER BY "offset"`)
	same("21\n20", `SELECT "offset" FROM stream.orders ORDER BY "offset" DESC LIMIT 2`)
	same("18\n17", `SELECT "offset" FROM stream.orders WHERE "offset" < 19 AND "offset" > 16 ORDER BY time DESC, "offset" DESC`)
	same("21", `SELECT count(*) FROM stream.orders`)
	same("15|6", `SELECT count(*) FILTER (WHERE time < (SELECT time FROM stream.orders WHERE "offset" = 16)), count(*) FILTER (WHERE time >= (SELECT time FROM stream.orders WHERE "offset" = 16)) FROM stream.orders`)
	for _, op := range []string{"<", "<=", "=", ">=", ">"} {
		at := ask(t, db, `SELECT time FROM stream.orders WHERE "offset" = 16`)
		sql := `SELECT count(*) FROM stream.orders WHERE time%s ` + op + ` $1::timestamptz`
		same(ask(t, db, fmt.Sprintf(sql, " + '0'::interval"), at), fmt.Sprintf(sql, ""), at)
	}
	has := func(plan string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(plan, w) {
				t.Errorf("%q is missing in\n%s", w, plan)
			}
		}
	}
	has(ask(t, db, `EXPLAIN SELECT * FROM stream.orders WHERE "offset" > 5 AND "offset" <= 9`), "Primary Key Scan on orders", `Index Cond: ("offset" > 5 AND "offset" <= 9)`)
	has(ask(t, db, `EXPLAIN SELECT * FROM stream.orders WHERE time >= '2020-01-01' AND time < '2020-02-01'`), "orders_time", "Index Cond:")

	same("NULL|NULL|x", `INSERT INTO stream.orders (key, type, data, headers) VALUES ('x', 'made', '{"id": 100}', '{"h": "v"}') RETURNING "offset", time, key`)
	same(`22|{"id": 100}|{"h": "v"}`, `SELECT "offset", data, headers FROM stream.orders WHERE key = 'x'`)
	if _, err := db.Exec(t.Context(), `INSERT INTO stream.orders (key) VALUES ('y'); SELECT 1/0`); err == nil {
		t.Error("divided by zero")
	}
	same("22", `SELECT max("offset") FROM stream.orders`)
	for sql, want := range map[string]string{
		`UPDATE stream.orders SET key = 'z' WHERE "offset" = 1`:              "cannot change",
		`DELETE FROM stream.orders WHERE "offset" = 1`:                       "cannot be deleted",
		`INSERT INTO stream.orders (data, raw) VALUES ('1', '\x00')`:         "both data and raw",
		`INSERT INTO stream.orders (headers) VALUES ('{"a": 1}')`:            "object of texts",
		`INSERT INTO stream.orders ("offset") VALUES (1)`:                    "offset",
		`SELECT * FROM stream.nothing`:                                       "does not exist",
		`DROP TABLE stream.orders`:                                           "channel",
		`INSERT INTO stream.orders (content_type, data) VALUES ('a/b', '1')`: "content type of JSON",
	} {
		if out, err := try(t, db, sql); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v; want %q", sql, out, err, want)
		}
	}
}

// TestStreamOfChanges: the changes of a table are rows, too.
func TestStreamOfChanges(t *testing.T) {
	db := open(t)
	ask(t, db, "CREATE TABLE x (id int PRIMARY KEY, v int)")
	ask(t, db, "INSERT INTO x VALUES (1,1),(2,2)")
	ask(t, db, "UPDATE x SET v = 5 WHERE id = 2")
	feed := `stream."cdc.default.x"`
	if have := ask(t, db, "SELECT type, key, data->'after'->>'v' FROM "+feed+` ORDER BY "offset"`); have != "insert|1|1\ninsert|2|2\nupdate|2|5" {
		t.Error(have)
	}
	if have := ask(t, db, "SELECT type, key FROM "+feed+` ORDER BY "offset" DESC LIMIT 2`); have != "update|2\ninsert|2" {
		t.Error(have)
	}
	if have := ask(t, db, "SELECT count(*) FROM "+feed+" WHERE time > now() - interval '5 minutes'"); have != "3" {
		t.Error(have)
	}
	if _, err := try(t, db, "INSERT INTO "+feed+" (key) VALUES ('a')"); err == nil || !strings.Contains(err.Error(), "cannot be published to") {
		t.Error(err)
	}
}

// TestJoinOfModels: one statement joins a table, a collection, a bucket and a channel, as
// of one snapshot, and its conditions reach each of them.
func TestJoinOfModels(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	ask(t, db, "CREATE TABLE customer (id int PRIMARY KEY, name text)")
	ask(t, db, "INSERT INTO customer SELECT i, 'n' || i FROM generate_series(1, 50) i")
	for i := 1; i <= 50; i++ {
		v, err := doc.ParseObject(fmt.Appendf(nil, `{"customer":%d,"city":"t%d"}`, i, i%5))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.Documents().Insert(ctx, "profiles", fmt.Sprint("p", i), v); err != nil {
			t.Fatal(err)
		}
		if _, err := db.KV().Put(ctx, "sessions", fmt.Append(nil, "s", i), kv.JSON(fmt.Append(nil, i*10)), kv.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		publish(t, db, "visits", streaming.Content{Key: fmt.Sprint("s", i), Type: "visit", JSON: true, Data: fmt.Appendf(nil, `{"customer":%d}`, i)})
	}
	const join = `SELECT c.name, d.data->>'city', k.value, v."offset" FROM stream.visits v
		JOIN customer c ON c.id = (v.data->>'customer')::int
		JOIN doc.profiles d ON d._id = 'p' || c.id
		JOIN kv.sessions k ON k.key = v.key
		WHERE v."offset" BETWEEN 7 AND 9 ORDER BY v."offset"`
	if have := ask(t, db, join); have != "n7|t2|70|7\nn8|t3|80|8\nn9|t4|90|9" {
		t.Error(have)
	}
	plan := ask(t, db, "EXPLAIN "+join)
	for _, want := range []string{"Primary Key Scan on visits", `Index Cond: ("offset" >= 7 AND "offset" <= 9)`, "Lookup on sessions", "Lookup on profiles", "Lookup on customer"} {
		if !strings.Contains(plan, want) {
			t.Errorf("%q is missing in\n%s", want, plan)
		}
	}
}
