package query

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

func explained(t testing.TB, e *Engine, sql string) string {
	t.Helper()
	return one(t, e, "EXPLAIN "+sql)
}

// skewed makes a table in which k = 1 is nearly all rows and k = 2 is one.
func skewed(t testing.TB, e *Engine) {
	mustExec(t, e, "CREATE TABLE s (id int PRIMARY KEY, k int, v text); CREATE INDEX s_k ON s (k); CREATE INDEX s_v ON s (lower(v), k)")
	mustExec(t, e, "INSERT INTO s SELECT g, CASE WHEN g = 77 THEN 2 ELSE 1 END, 'V' || g % 10 FROM generate_series(1, 2000) g")
}

// TestAnalyzeChangesPlans checks that a kept plan is made anew once statistics say more.
func TestAnalyzeChangesPlans(t *testing.T) {
	e := testEngine(t, Options{})
	skewed(t, e)
	const common, rare = "SELECT v FROM s WHERE k = 1", "SELECT v FROM s WHERE k = 2"
	if got := explained(t, e, common); !strings.Contains(got, "Index Scan") {
		t.Errorf("without statistics: got\n%s\nwant an index scan", got)
	}
	mustExec(t, e, "ANALYZE s")
	if got := explained(t, e, common); !strings.Contains(got, "Seq Scan") || !strings.Contains(got, "rows=1999") {
		t.Errorf("nearly all rows: got\n%s\nwant a scan of 1999 rows", got)
	}
	if got := explained(t, e, rare); !strings.Contains(got, "Index Scan") || !strings.Contains(got, "rows=1 ") {
		t.Errorf("one row: got\n%s\nwant an index scan of 1 row", got)
	}
}

// TestStatisticsSurvive checks that a new engine on the same store plans with what
// ANALYZE found, and that the figures go with the table.
func TestStatisticsSurvive(t *testing.T) {
	store, err := storage.Open(vfs.NewMem(), "d", storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	open := func() *Engine {
		e, err := New(store.Store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	skewed(t, e)
	mustExec(t, e, "ANALYZE")
	e.Close()
	e = open()
	defer e.Close()
	if got := explained(t, e, "SELECT v FROM s WHERE k = 1"); !strings.Contains(got, "rows=1999") {
		t.Errorf("after a restart: got\n%s\nwant 1999 rows", got)
	}
	var id keyspace.ObjectID
	found := func() (ok bool) {
		err := store.Store.View(bg, func(tx *txn.Tx) (err error) {
			snap, err := e.cat.At(tx, catalog.DefaultDatabaseID)
			if err != nil {
				return err
			}
			rel, _ := snap.Lookup("public", "s")
			if rel.Table != nil {
				id = rel.Table.ID
			}
			_, ok, err = tx.Get(catalog.StatsKey(catalog.DefaultDatabaseID, id))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !found() {
		t.Error("the statistics were not stored")
	}
	mustExec(t, e, "DROP TABLE s")
	if found() {
		t.Error("the statistics have outlived their table")
	}
}

// TestAnalyzeInBlock checks that what ANALYZE finds within a transaction block belongs to it.
func TestAnalyzeInBlock(t *testing.T) {
	e := testEngine(t, Options{})
	skewed(t, e)
	mustExec(t, e, "BEGIN; ANALYZE s; ROLLBACK")
	if got := explained(t, e, "SELECT v FROM s WHERE k = 1"); strings.Contains(got, "rows=1999") {
		t.Errorf("statistics were rolled back, but are used:\n%s", got)
	}
	mustExec(t, e, "BEGIN; DELETE FROM s WHERE id > 1000; ANALYZE s; COMMIT")
	if got := explained(t, e, "SELECT v FROM s WHERE k = 1"); !strings.Contains(got, "rows=999 ") {
		t.Errorf("after the block: got\n%s\nwant 999 rows", got)
	}
}

// TestAnalyzeDoesNotConflict lets a transaction write a table while it is analyzed.
func TestAnalyzeDoesNotConflict(t *testing.T) {
	e := testEngine(t, Options{Retries: -1})
	skewed(t, e)
	s, err := e.NewSession(bg, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	column(t, s, "BEGIN")
	column(t, s, "UPDATE s SET v = 'w' WHERE id = 5")
	mustExec(t, e, "ANALYZE s")
	column(t, s, "COMMIT")
	if got := one(t, e, "SELECT v FROM s WHERE id = 5"); got != "w" {
		t.Errorf("got %q, want the update", got)
	}
}

// TestAutoAnalyze waits for the statistics of a table to come by themselves.
func TestAutoAnalyze(t *testing.T) {
	events := make(chan AnalyzeEvent, 100)
	e := testEngine(t, Options{AutoAnalyze: AutoAnalyze{Interval: time.Millisecond},
		Events: Events{Analyzed: func(a AnalyzeEvent) { events <- a }}})
	skewed(t, e)
	wait := func(rows int64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(bg, 2*time.Minute)
		defer cancel()
		for {
			select {
			case a := <-events:
				if a.Rows == rows {
					return
				}
			case <-ctx.Done():
				t.Fatalf("no statistics of %d rows have come", rows)
			}
		}
	}
	wait(2000)
	if got := explained(t, e, "SELECT v FROM s WHERE k = 1"); !strings.Contains(got, "rows=1999") {
		t.Errorf("got\n%s\nwant 1999 rows", got)
	}
	mustExec(t, e, "DELETE FROM s WHERE id <= 40")
	if due := e.stats.due(e.opts.AutoAnalyze); len(due) != 0 {
		t.Errorf("40 of 2000 changed rows are enough to analyze %v", due)
	}
	mustExec(t, e, "DELETE FROM s WHERE id <= 500")
	wait(1500)
}

// TestDamagedStatistics plans without them, and tells.
func TestDamagedStatistics(t *testing.T) {
	var told []error
	e := testEngine(t, Options{Events: Events{Background: func(err error) { told = append(told, err) }}})
	skewed(t, e)
	mustExec(t, e, "ANALYZE s")
	err := e.store.Update(bg, txn.TxOptions{}, func(tx *txn.Tx) error {
		snap, err := e.cat.At(tx, catalog.DefaultDatabaseID)
		if err != nil {
			return err
		}
		rel, _ := snap.Lookup("public", "s")
		e.stats.committed(keyOf(rel.Table), nil)
		return tx.Put(catalog.StatsKey(rel.Table.DB, rel.Table.ID), []byte{1, 2, 3})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := one(t, e, "SELECT count(*) FROM s WHERE k = 1"); got != "1999" {
		t.Errorf("got %s rows, want 1999", got)
	}
	if len(told) == 0 {
		t.Error("nobody was told of the damage")
	}
	mustExec(t, e, "ANALYZE s")
	if got := explained(t, e, "SELECT v FROM s WHERE k = 1"); !strings.Contains(got, "rows=1999") {
		t.Errorf("after ANALYZE: got\n%s\nwant 1999 rows", got)
	}
}

// TestStatsView shows what ANALYZE found.
func TestStatsView(t *testing.T) {
	e := testEngine(t, Options{})
	skewed(t, e)
	if got := one(t, e, "SELECT * FROM pg_stats"); got != "" {
		t.Errorf("before ANALYZE: got %s", got)
	}
	mustExec(t, e, "ANALYZE s")
	got := one(t, e, "SELECT attname, null_frac, avg_width, n_distinct, most_common_vals, most_common_freqs, correlation FROM pg_stats WHERE tablename = 's' AND attname <> 'v'")
	want := "id|0|8|-1|NULL|NULL|1\nk|0|8|2|{1,2}|{0.9995,0.0005}|-0.0009\n(lower(v))|0|2|10|{v0,v1,v2,v3,v4,v5,v6,v7,v8,v9}|{0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1}|0.1"
	if !strings.HasPrefix(got, "id|0|8|-1|") || !strings.Contains(got, "\nk|0|8|2|{1,2}|{0.9995,0.0005}|") || !strings.Contains(got, "\n(lower(v))|0|2|10|{v0,v1,v2,v3,v4,v5,v6,v7,v8,v9}|{0.1,") {
		t.Errorf("got\n%s\nwant like\n%s", got, want)
	}
}
