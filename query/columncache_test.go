package query

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// TestColumnsGoWithTheirTable: what scans have left in memory of a table goes when its rows do, and
// a transaction that still sees them reads them all.
func TestColumnsGoWithTheirTable(t *testing.T) {
	e := testEngine(t, Options{ColumnCacheBytes: 16 << 20})
	for _, c := range []struct{ name, change string }{
		{"drop", "DROP TABLE t"},
		{"truncate", "TRUNCATE t"},
		{"rewrite", "ALTER TABLE t ALTER a TYPE numeric"},
	} {
		mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT i, i FROM generate_series(1, 20000) i")
		s, err := e.NewSession(bg, "")
		if err != nil {
			t.Fatal(err)
		}
		sum := func() string {
			m := &MemorySink{}
			if err := s.Execute(bg, Request{SQL: "SELECT sum(a) FROM t"}, m); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			return m.Results[0].Batches[0].Cols[0].Get(0).Num.String()
		}
		if err := s.Execute(bg, Request{SQL: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}, &MemorySink{}); err != nil {
			t.Fatal(err)
		}
		want := sum()
		for range 3 {
			sum()
		}
		if n := e.columns.Stats().Segments; n == 0 {
			t.Fatalf("%s: no columns are kept, so the test shows nothing", c.name)
		}
		mustExec(t, e, c.change)
		for range 3 {
			if got := e.columns.Stats(); got.Segments != 0 || got.Bytes != 0 {
				t.Errorf("%s: %d segments of %d bytes are kept of what is gone", c.name, got.Segments, got.Bytes)
			}
			if got := sum(); got != want {
				t.Errorf("%s: a transaction that began before sees %s, want %s", c.name, got, want)
			}
		}
		s.Close()
		mustExec(t, e, "DROP TABLE IF EXISTS t")
	}
	if _, err := e.Exec(bg, "", "CREATE DATABASE other"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"CREATE TABLE t AS SELECT i FROM generate_series(1, 20000) i", "SELECT sum(i) FROM t", "SELECT sum(i) FROM t"} {
		if _, err := e.Exec(bg, "other", sql); err != nil {
			t.Fatal(err)
		}
	}
	if n := e.columns.Stats().Segments; n == 0 {
		t.Fatal("no columns are kept of the other database")
	}
	mustExec(t, e, "DROP DATABASE other")
	if got := e.columns.Stats(); got.Segments != 0 || got.Bytes != 0 {
		t.Errorf("%d segments of %d bytes are kept of the database that is gone", got.Segments, got.Bytes)
	}
}

// TestScansWhileTablesGo has scans of all of a table, which build columns, run while the table is
// emptied and filled again and again: each sees it full or empty.
func TestScansWhileTablesGo(t *testing.T) {
	e := testEngine(t, Options{ColumnCacheBytes: 16 << 20})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, a int)")
	var stop atomic.Bool
	var wg sync.WaitGroup
	var full atomic.Int64
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				r, err := e.Query(bg, "", "SELECT count(*), coalesce(sum(a), 0) FROM t")
				if err != nil {
					t.Error(err)
					return
				}
				r.Next()
				switch got := fmt.Sprint(r.Strings()); got {
				case "[6000 18003000]":
					full.Add(1)
				case "[0 0]":
				default:
					t.Errorf("a scan sees %s", got)
				}
			}
		})
	}
	for i := 0; i < 20 || full.Load() < 10; i++ {
		mustExec(t, e, "INSERT INTO t SELECT i, i FROM generate_series(1, 6000) i")
		if i%3 == 0 {
			mustExec(t, e, "ALTER TABLE t ALTER a TYPE numeric; ALTER TABLE t ALTER a TYPE int")
		}
		mustExec(t, e, "TRUNCATE t")
	}
	stop.Store(true)
	wg.Wait()
	if got := e.columns.Stats(); got.Segments != 0 || got.Bytes != 0 {
		t.Errorf("%d segments of %d bytes are kept of rows that are gone", got.Segments, got.Bytes)
	}
}
