package query

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

const checkSchema = `
CREATE TABLE a (id int PRIMARY KEY, n numeric, s text, f float8);
CREATE INDEX a_s ON a (s DESC);
CREATE UNIQUE INDEX a_n ON a (n) INCLUDE (s);
CREATE INDEX a_h ON a USING hash (s);
CREATE INDEX a_part ON a (f) WHERE f > 3;
CREATE INDEX a_expr ON a (lower(s), (id % 7));
CREATE TABLE hidden (v text);
CREATE INDEX hidden_v ON hidden (v);
INSERT INTO a SELECT g, nullif(g % 50, 0) + g * 1000.5, 'Name ' || (g % 13), g FROM generate_series(1, 300) g;
INSERT INTO hidden SELECT 'x' || (g % 5) FROM generate_series(1, 40) g;
UPDATE a SET s = 'Other' WHERE id % 5 = 0;
DELETE FROM a WHERE id % 11 = 0;
CREATE TABLE gone (id int PRIMARY KEY);
INSERT INTO gone VALUES (1);
DROP TABLE gone`

// TestCheck: a database is as it should be, and is found not to be once anything is
// changed behind the engine's back.
func TestCheck(t *testing.T) {
	ctx := context.Background()
	open := func() (*txn.Store, *Engine) {
		store, err := txn.NewMemory(txn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := New(store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close(); store.Close() })
		if _, err := e.Exec(ctx, "", checkSchema); err != nil {
			t.Fatal(err)
		}
		return store, e
	}
	check := func(e *Engine) (n CheckCounts, all []string) {
		n, err := e.Check(ctx, func(f Finding) { all = append(all, f.String()) })
		if err != nil {
			t.Fatal(err)
		}
		return n, all
	}
	store, e := open()
	n, found := check(e)
	if len(found) > 0 || n != (CheckCounts{Databases: 1, Tables: 2, Rows: 273 + 40, Indexes: 8, Entries: 273*4 + 270 + 40}) {
		t.Errorf("%+v, found %v", n, found)
	}
	snap := catalogOf(t, store, e)
	index := func(table, name string) *rowstore.Index {
		for _, tb := range snap.Tables() {
			if tb.Name != table {
				continue
			}
			for i := range tb.Indexes {
				if tb.Indexes[i].Name == name {
					return &rowstore.Of(tb).Indexes[i]
				}
			}
		}
		t.Fatalf("no index %s", name)
		return nil
	}
	first := func(x *rowstore.Index) (key, value []byte) {
		err := store.View(ctx, func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{Lower: x.All().Lower, Upper: x.All().Upper})
			defer it.Close()
			it.Next()
			key, value = slices.Clone(it.Key()), slices.Clone(it.Value())
			return it.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		return key, value
	}
	for name, c := range map[string]struct {
		harm func(tx *txn.Tx) error
		want string
	}{
		"entry removed": {func(tx *txn.Tx) error { k, _ := first(index("a", "a_s")); return tx.Delete(k) }, "index a_s: the row with key"},
		"row removed":   {func(tx *txn.Tx) error { k, _ := first(index("a", "a_pkey")); return tx.Delete(k) }, "which is not there"},
		"row damaged":   {func(tx *txn.Tx) error { k, _ := first(index("a", "a_pkey")); return tx.Put(k, []byte{0xff, 1}) }, "index a_pkey: "},
		"row changed": {func(tx *txn.Tx) error {
			x := index("a", "a_pkey")
			it := tx.Iter(txn.IterOptions{Lower: x.All().Lower, Upper: x.All().Upper})
			defer it.Close()
			it.Next()
			k := slices.Clone(it.Key())
			it.Next()
			return tx.Put(k, slices.Clone(it.Value())) // the columns of another row
		}, "index a_h: the row with key"},
		"entry for another row": {func(tx *txn.Tx) error {
			k, v := first(index("hidden", "hidden_v"))
			return tx.Put(append(k[:len(k)-1:len(k)-1], k[len(k)-1]+100), v)
		}, "index hidden_v: "},
		"entry that covers something else": {func(tx *txn.Tx) error {
			k, v := first(index("a", "a_n"))
			return tx.Put(k, append(slices.Clone(v), 1))
		}, "index a_n: "},
		"unknown object": {func(tx *txn.Tx) error {
			return tx.Put(append(keyspace.AppendPrefix(nil, 1, keyspace.SpaceIndex, 9999), 1), nil)
		}, "objects that the catalog does not know: 9999"},
		"table record": {func(tx *txn.Tx) error {
			return tx.Put(keyspace.AppendPrefix(nil, 1, keyspace.SpaceCatalog, 1), nil)
		}, "database default: "},
	} {
		store, e = open()
		snap = catalogOf(t, store, e)
		if err := store.Update(ctx, txn.TxOptions{}, c.harm); err != nil {
			t.Fatal(err)
		}
		if name == "table record" { // a new process: nothing is decoded yet
			var err error
			if e, err = New(store, Options{}); err != nil {
				t.Fatal(err)
			}
			defer e.Close()
		}
		if _, found := check(e); !strings.Contains(strings.Join(found, "\n"), c.want) {
			t.Errorf("%s: found %q, want %q", name, found, c.want)
		}
	}
}

func catalogOf(t *testing.T, store *txn.Store, e *Engine) (snap *catalog.Snapshot) {
	t.Helper()
	err := store.View(context.Background(), func(tx *txn.Tx) (err error) {
		snap, err = e.cat.At(tx, catalog.DefaultDatabaseID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}
