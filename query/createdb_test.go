package query_test

import (
	"context"
	"errors"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/query"
)

// TestOnlyWritesCreateDatabases: a mistyped database in a query is an error, and
// the first write makes it.
func TestOnlyWritesCreateDatabases(t *testing.T) {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(sql string) error {
		return db.Engine().Execute(context.Background(), query.Request{SQL: sql, Database: "shop", CreateDatabase: true}, &query.MemorySink{})
	}
	for _, sql := range []string{"SELECT 1", "EXPLAIN SELECT 1", "SHOW TABLES"} {
		if err := run(sql); !errors.Is(err, weft.ErrNotFound) {
			t.Errorf("%s: got %v, want not found", sql, err)
		}
	}
	if err := run("CREATE TABLE t (a int)"); err != nil {
		t.Fatal(err)
	}
	if err := run("SELECT * FROM t"); err != nil {
		t.Fatal(err)
	}
}
