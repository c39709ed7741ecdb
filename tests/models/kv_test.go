package models_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/kv"
)

func open(t *testing.T) *weft.DB {
	t.Helper()
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// ask runs a statement and returns its rows as lines of values with | between.
func ask(t *testing.T, db *weft.DB, sql string, args ...any) string {
	t.Helper()
	out, err := try(t, db, sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func try(t *testing.T, db *weft.DB, sql string, args ...any) (string, error) {
	t.Helper()
	rows, err := db.Engine().Query(t.Context(), "", sql, args...)
	if err != nil {
		return "", err
	}
	var lines []string
	for rows.Next() {
		lines = append(lines, strings.Join(rows.Strings(), "|"))
	}
	return strings.Join(lines, "\n"), nil
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestKVReads(t *testing.T) {
	db := open(t)
	for _, k := range []string{"b", "a", "ab", "abc", "c", "z/1", "z/2"} {
		if _, err := db.KV().Put(t.Context(), "users", []byte(k), kv.JSON([]byte(`{"k": "`+k+`" }`)), kv.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	want(t, ask(t, db, "SELECT key, value->>'k' FROM kv.users"), "a|a\nab|ab\nabc|abc\nb|b\nc|c\nz/1|z/1\nz/2|z/2")
	want(t, ask(t, db, "SELECT key FROM kv.users WHERE key LIKE 'ab%' ORDER BY key DESC"), "abc\nab")
	want(t, ask(t, db, "SELECT key, value FROM kv.users WHERE key IN ('z/2','a','nope')"), "a|{\"k\": \"a\"}\nz/2|{\"k\": \"z/2\"}")
}

// TestKVPlans: conditions on the key are searches, in the order of keys.
func TestKVPlans(t *testing.T) {
	db := open(t)
	put(t, db, "users", "a", `{"k":1}`)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT key FROM kv.users WHERE key LIKE 'z/%' ORDER BY key LIMIT 3"), `Limit
  ->  Primary Key Scan on users
        Index Cond: (key >= 'z/'::text AND key < 'z0'::text)
        Filter: (key ~~ 'z/%'::text)
        Rows Wanted: 3`)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT value FROM kv.users WHERE key = $1", "a"), `Project
  ->  Primary Key Lookup on users
        Index Cond: (key = $1)`)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT key FROM kv.users ORDER BY key DESC LIMIT 1"), `Limit
  ->  Primary Key Scan Backward on users
        Rows Wanted: 1`)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT key FROM kv.users WHERE key IN ('b', 'a') AND value->>'k' = '1'"), `Project
  ->  Primary Key Scan on users
        Index Cond: (key = 'a'::text) OR (key = 'b'::text)
        Filter: ((value ->> 'k'::text) = '1'::text)`)
}

func TestKVWrites(t *testing.T) {
	db := open(t)
	for _, k := range []string{"a", "ab", "abc", "b"} {
		put(t, db, "users", k, `{"k":"`+k+`"}`)
	}
	want(t, ask(t, db, "INSERT INTO kv.users (key, value) VALUES ('n', '[1,2]') RETURNING key, value, raw, content_type, ttl, version"), "n|[1, 2]|NULL|application/json|NULL|NULL")
	want(t, ask(t, db, "UPDATE kv.users SET value = value || '{\"x\":1}', ttl = '1 hour' WHERE key < 'b' RETURNING key, value, ttl > '59 min' AND ttl < '61 min'"),
		"a|{\"k\": \"a\", \"x\": 1}|t\nab|{\"k\": \"ab\", \"x\": 1}|t\nabc|{\"k\": \"abc\", \"x\": 1}|t")
	want(t, ask(t, db, `INSERT INTO kv.users (key, raw) VALUES ('a', '\x00ff'), ('r', '\x01')
		ON CONFLICT (key) DO UPDATE SET raw = excluded.raw RETURNING key, value, raw, content_type, ttl IS NULL`),
		"a|NULL|\\x00ff|application/octet-stream|f\nr|NULL|\\x01|application/octet-stream|t")
	want(t, ask(t, db, "DELETE FROM kv.users WHERE key >= 'b' RETURNING key"), "b\nn\nr")
	want(t, ask(t, db, "INSERT INTO kv.users (key, value) VALUES ('a', '1'), ('z', '2') ON CONFLICT DO NOTHING RETURNING key"), "z")
	want(t, ask(t, db, "SELECT key, raw, value, ttl IS NULL, version > 0, created_at <= updated_at FROM kv.users"),
		"a|\\x00ff|NULL|f|t|t\nab|NULL|{\"k\": \"ab\", \"x\": 1}|f|t|t\nabc|NULL|{\"k\": \"abc\", \"x\": 1}|f|t|t\nz|NULL|2|t|t|t")
	// Keys may be exchanged, and take what they have along.
	ask(t, db, "UPDATE kv.users SET key = CASE key WHEN 'a' THEN 'z' ELSE 'a' END WHERE key IN ('a', 'z')")
	want(t, ask(t, db, "SELECT key, raw, value, ttl IS NULL FROM kv.users WHERE key IN ('a', 'z')"), "a|NULL|2|t\nz|\\x00ff|NULL|f")
	e, _, err := db.KV().Get(t.Context(), "users", []byte("z"))
	if err != nil || string(e.Value.Data) != "\x00\xff" || e.Expires.IsZero() {
		t.Errorf("the model has %v, %v", e, err)
	}
	// What is not assigned stays to the letter.
	put(t, db, "users", "w", `{ "b":1.0,  "a":1 }`)
	ask(t, db, "UPDATE kv.users SET ttl = '1 day' WHERE key = 'w'")
	if e, _, _ := db.KV().Get(t.Context(), "users", []byte("w")); string(e.Value.Data) != `{ "b":1.0,  "a":1 }` {
		t.Errorf("the value became %s", e.Value.Data)
	}
	// JSON that jsonb cannot hold is there as bytes.
	put(t, db, "users", "nul", `"\u0000"`)
	want(t, ask(t, db, "SELECT value, convert_from(raw, 'UTF8'), content_type FROM kv.users WHERE key = 'nul'"), `NULL|"\u0000"|application/json`)
}

// TestKVRefusals: each says what to do.
func TestKVRefusals(t *testing.T) {
	db := open(t)
	put(t, db, "users", "a", "1")
	for sql, state := range map[string]string{
		"SELECT * FROM kv.nope":                                                               "42P01",
		"INSERT INTO kv.nope (key, value) VALUES ('a', '1')":                                  "42P01",
		"INSERT INTO kv.users (key, value, version) VALUES ('q', '1', 2)":                     "428C9",
		"UPDATE kv.users SET updated_at = now()":                                              "428C9",
		"INSERT INTO kv.users (key) VALUES ('q')":                                             "23502",
		"INSERT INTO kv.users (value) VALUES ('1')":                                           "23502",
		"INSERT INTO kv.users (key, value, raw) VALUES ('q', '1', '')":                        "23514",
		"INSERT INTO kv.users (key, value) VALUES ('a', '1')":                                 "23505",
		"INSERT INTO kv.users (key, value) VALUES ('', '1')":                                  "22023",
		"INSERT INTO kv.users (key, value) VALUES (repeat('x', 5000), '1')":                   "54000",
		"INSERT INTO kv.users (key, value, ttl) VALUES ('q', '1', '-1 s')":                    "22023",
		"INSERT INTO kv.users (key, value, content_type) VALUES ('q', '1', 'text/plain')":     "23514",
		"INSERT INTO kv.users (key, raw, content_type) VALUES ('q', 'x', 'application/json')": "22023",
		"CREATE TABLE kv.t (a int)":                                                           "42501",
		"CREATE TABLE kv.users (a int)":                                                       "42809",
		"CREATE TABLE t (a text REFERENCES kv.users)":                                         "42809",
		"CREATE SCHEMA kv":                      "42939",
		"DROP SCHEMA kv":                        "42939",
		"DROP TABLE kv.users":                   "42809",
		"DROP TABLE kv.nope":                    "42501",
		"ALTER TABLE kv.users ADD COLUMN x int": "42809",
		"ALTER TABLE kv.users RENAME TO y":      "42809",
		"CREATE INDEX ON kv.users (value)":      "42809",
		"TRUNCATE kv.users":                     "42809",
		"ANALYZE kv.users":                      "42809",
		"COMMENT ON TABLE kv.users IS 'x'":      "42809",
	} {
		_, err := try(t, db, sql)
		var e *weft.Error
		if !errors.As(err, &e) || e.SQLState != state || e.Hint == "" && strings.HasPrefix(state, "42") && state != "428C9" {
			t.Errorf("%s: %+v, want %s", sql, err, state)
		}
	}
	want(t, ask(t, db, "SELECT * FROM kv.default"), "")
	ask(t, db, "INSERT INTO kv.default (key, value) VALUES ('a', '1')")
	want(t, ask(t, db, "SELECT key, value FROM kv.default"), "a|1")
}

// TestKVCatalog: tools find the tables.
func TestKVCatalog(t *testing.T) {
	db := open(t)
	put(t, db, "users", "a", "1")
	if _, err := db.KV().CreateBucket(t.Context(), "sessions", kv.BucketOptions{DefaultTTL: 90 * time.Second}); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, "SELECT table_schema, table_name, table_type, is_insertable_into FROM information_schema.tables WHERE table_schema = 'kv'"), "kv|sessions|BASE TABLE|YES\nkv|users|BASE TABLE|YES")
	want(t, ask(t, db, "SELECT column_name, data_type, is_nullable, column_default, is_generated FROM information_schema.columns WHERE table_schema = 'kv' AND table_name = 'sessions'"),
		`key|text|NO|NULL|NEVER
value|jsonb|YES|NULL|NEVER
raw|bytea|YES|NULL|NEVER
content_type|text|YES|NULL|NEVER
ttl|interval|YES|'00:01:30'::interval|NEVER
version|bigint|YES|NULL|ALWAYS
created_at|timestamp with time zone|YES|NULL|ALWAYS
updated_at|timestamp with time zone|YES|NULL|ALWAYS`)
	want(t, ask(t, db, "SELECT relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'kv' ORDER BY 1"),
		"sessions|r\nsessions_pkey|i\nusers|r\nusers_pkey|i")
	want(t, ask(t, db, "DESCRIBE kv.users")[:16], "key|text|f|t|NUL")
	// A default TTL is that of SQL's rows, and NULL is for ever.
	want(t, ask(t, db, "INSERT INTO kv.sessions (key, value, ttl) VALUES ('a', '1', DEFAULT), ('b', '1', NULL) RETURNING key, ttl > '80 s'"), "a|t\nb|NULL")
}

func put(t *testing.T, db *weft.DB, bucket, key, value string) {
	t.Helper()
	if _, err := db.KV().Put(t.Context(), bucket, []byte(key), kv.JSON([]byte(value)), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestDatabasesAreApart: the tables of a database are its own.
func TestDatabasesAreApart(t *testing.T) {
	db := open(t)
	sales, err := db.KVIn(t.Context(), "sales", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sales.Put(t.Context(), "users", []byte("a"), kv.JSON([]byte("1")), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := try(t, db, "SELECT * FROM kv.users"); err == nil {
		t.Error("a bucket of another database is seen")
	}
	rows, err := db.Engine().Query(t.Context(), "sales", "SELECT key FROM kv.users")
	if err != nil || !rows.Next() || rows.Strings()[0] != "a" {
		t.Errorf("the database does not see its own bucket: %v", err)
	}
}

// TestPast: AS OF SYSTEM TIME reads entries and documents as they were, with the
// definitions that there were.
func TestPast(t *testing.T) {
	db := open(t)
	put(t, db, "users", "a", "1")
	insert(t, db, "people", `{"_id":"1","n":1}`)
	at := strconv.FormatUint(uint64(db.Store().LastCommit()), 10)
	ask(t, db, "UPDATE kv.users SET value = '2'; UPDATE doc.people SET data = '{\"n\":2}'")
	if err := db.KV().DropBucket(t.Context(), "users"); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, "SELECT value FROM kv.users AS OF SYSTEM TIME '"+at+"'"), "1")
	want(t, ask(t, db, "SELECT data->'n' FROM doc.people AS OF SYSTEM TIME '"+at+"'"), "1")
	want(t, ask(t, db, "SELECT data->'n' FROM doc.people"), "2")
}

// TestEarlyReads: where a statement changes data and reads it, it reads what was there before.
func TestEarlyReads(t *testing.T) {
	db := open(t)
	put(t, db, "users", "a", "1")
	want(t, ask(t, db, "WITH d AS (DELETE FROM kv.users RETURNING key) SELECT u.key, d.key FROM d, kv.users u"), "a|a")
	want(t, ask(t, db, "SELECT count(*) FROM kv.users"), "0")
	put(t, db, "users", "a", "1")
	want(t, ask(t, db, "INSERT INTO kv.users (key, value) SELECT key || '2', value FROM kv.users RETURNING key"), "a2")
	want(t, ask(t, db, "SELECT u.key, v.value FROM kv.users u CROSS JOIN LATERAL (SELECT value FROM kv.users w WHERE w.key = u.key || '2') v"), "a|1")
	if _, err := try(t, db, "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT key FROM kv.users FOR UPDATE; COMMIT"); err != nil {
		t.Error(err)
	}
	ask(t, db, "CREATE VIEW grown AS SELECT key, value FROM kv.users WHERE value > '0'")
	want(t, ask(t, db, "SELECT key FROM grown"), "a\na2")
	ask(t, db, "CREATE TABLE copy AS SELECT * FROM kv.users")
	want(t, ask(t, db, "SELECT count(*) FROM copy"), "2")
}
