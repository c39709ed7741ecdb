package query

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/storage/txn"
)

// checkIndexes compares the entries of all secondary indexes of a database with those
// that building them anew from the rows gives.
func checkIndexes(t testing.TB, e *Engine) {
	t.Helper()
	s := e.session(catalog.Database{ID: catalog.DefaultDatabaseID, Name: catalog.DefaultDatabase})
	if err := s.begin(bg, nil, txn.TxOptions{}); err != nil {
		t.Fatal(err)
	}
	defer s.rollback()
	snap, err := e.cat.At(s.tx, s.db.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, tab := range snap.Tables() {
		for i := 1; i < len(tab.Indexes); i++ {
			x := &tab.Indexes[i]
			if x.Building {
				t.Errorf("index %s is still being built", x.Name)
			}
			got := entries(t, s.tx, tab, x)
			c, err := s.execContext(bg, (&running{s: s, ctx: bg}).env())
			if err != nil {
				t.Fatal(err)
			}
			rules, err := c.Host.Rules(tab)
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range got {
				if err := s.tx.Delete(kv.key); err != nil {
					t.Fatal(err)
				}
			}
			var from []byte
			for {
				if from, err = exec.FillIndex(c, tab, i, rules, from, 500); err != nil {
					t.Fatalf("rebuild %s: %v", x.Name, err)
				}
				if from == nil {
					break
				}
			}
			if want := entries(t, s.tx, tab, x); !sameEntries(got, want) {
				t.Errorf("index %s of table %s has %d entries that differ from the %d of a rebuild", x.Name, tab.Name, len(got), len(want))
			}
		}
	}
}

type pair struct{ key, value []byte }

func entries(t testing.TB, tx *txn.Tx, tab *catalog.Table, x *catalog.Index) (list []pair) {
	t.Helper()
	prefix := indexPrefix(tab, x)
	it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: prefixEnd(prefix)})
	defer it.Close()
	for it.Next() {
		list = append(list, pair{bytes.Clone(it.Key()), bytes.Clone(it.Value())})
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func sameEntries(a, b []pair) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i].key, b[i].key) || !bytes.Equal(a[i].value, b[i].value) {
			return false
		}
	}
	return true
}

// retryable reports whether an error is what a client runs again for.
func retryable(err error) bool { return errors.Is(err, dberr.ErrConflict) }

// writeRows is a client that changes random rows of t until stop.
func writeRows(t *testing.T, e *Engine, seed uint64, stop *atomic.Bool, done *atomic.Int64) {
	r := rand.New(rand.NewPCG(seed, 1))
	iso := txn.Serializable
	if seed%2 == 0 {
		iso = txn.Snapshot
	}
	for !stop.Load() {
		id := r.IntN(3000)
		sql := [...]string{
			fmt.Sprintf("INSERT INTO t VALUES (%d, %d, 'n%d') ON CONFLICT (id) DO NOTHING", id, r.IntN(50), id),
			fmt.Sprintf("UPDATE t SET a = %d WHERE id = %d", r.IntN(50), id),
			fmt.Sprintf("UPDATE t SET id = %d WHERE id = %d", 3000+r.IntN(3000), id),
			fmt.Sprintf("DELETE FROM t WHERE id BETWEEN %d AND %d", id, id+2),
			fmt.Sprintf("BEGIN; UPDATE t SET b = b || 'x' WHERE id = %d; UPDATE t SET a = a + 1 WHERE id = %d; COMMIT", id, id+1),
		}[r.IntN(5)]
		err := e.Execute(bg, Request{SQL: sql, Isolation: iso}, &MemorySink{})
		if err != nil && !retryable(err) && state(err) != dberr.StateUniqueViolation {
			t.Errorf("%s: %v", sql, err)
			return
		}
		if err == nil {
			done.Add(1)
		}
	}
}

// TestIndexBuiltWhileWritesGoOn builds indexes of all kinds while clients change rows
// at both isolations, and compares each with a rebuild.
func TestIndexBuiltWhileWritesGoOn(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t SELECT i, i % 50, 'r' || i FROM generate_series(0, 2999) i")
	var stop atomic.Bool
	var done atomic.Int64
	var wg sync.WaitGroup
	for c := range 6 {
		wg.Go(func() { writeRows(t, e, uint64(c), &stop, &done) })
	}
	for i, def := range []string{
		"INDEX x0 ON t (a)", "INDEX CONCURRENTLY x1 ON t (a DESC NULLS LAST, b)", "INDEX x2 ON t (lower(b)) INCLUDE (a)",
		"INDEX x3 ON t (b) WHERE a > 20", "INDEX x4 ON t USING hash (a)", "UNIQUE INDEX x5 ON t (id, a)",
	} {
		if err := e.Execute(bg, Request{SQL: "CREATE " + def, Timeout: -1}, &MemorySink{}); err != nil {
			t.Errorf("%d: %s: %v", i, def, err)
		}
	}
	stop.Store(true)
	wg.Wait()
	if done.Load() == 0 {
		t.Error("no client has written anything")
	}
	checkIndexes(t, e)
	if _, err := e.Exec(bg, "", "CREATE UNIQUE INDEX dup ON t (a)"); state(err) != dberr.StateUniqueViolation {
		t.Errorf("a unique index over duplicates: %v", err)
	}
	if got := one(t, e, "SELECT count(*) FROM pg_indexes WHERE indexname = 'dup'"); got != "0" {
		t.Error("the index that could not be built is still there")
	}
}

// TestIndexSeesOldWriters has a transaction begin before an index and commit after it:
// it must not commit a row without an entry.
func TestIndexSeesOldWriters(t *testing.T) {
	for _, iso := range []string{"SERIALIZABLE", "REPEATABLE READ"} {
		e := testEngine(t, Options{})
		mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, a int)")
		s, err := e.NewSession(bg, "")
		if err != nil {
			t.Fatal(err)
		}
		run := func(sql string) error { return s.Execute(bg, Request{SQL: sql}, &MemorySink{}) }
		if err := errors.Join(run("BEGIN ISOLATION LEVEL "+iso), run("INSERT INTO t VALUES (1, 1)")); err != nil {
			t.Fatal(err)
		}
		mustExec(t, e, "CREATE INDEX x ON t (a)")
		if err := run("COMMIT"); !retryable(err) {
			t.Errorf("%s: a writer that did not know the index commits: %v", iso, err)
		}
		s.Close()
		checkIndexes(t, e)
	}
}

// TestUnfinishedIndexIsDropped ends the engine in the middle of a build, as a crash
// does, and opens it again.
func TestUnfinishedIndexIsDropped(t *testing.T) {
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i")
	batches := 0
	e.onlineHook = func() {
		if batches++; batches == 3 {
			panic("crash")
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the build did not come to its third batch")
			}
		}()
		s := e.session(catalog.Database{ID: catalog.DefaultDatabaseID, Name: catalog.DefaultDatabase})
		_ = s.Execute(bg, Request{SQL: "CREATE INDEX x ON t (a)"}, &MemorySink{})
	}()
	if got := one(t, e, "SELECT count(*) FROM t WHERE a = 4000"); got != "1" {
		t.Errorf("a query finds %s rows while the index is incomplete", got)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err = New(store, Options{}); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if got := one(t, e, "SELECT count(*) FROM pg_indexes WHERE indexname = 'x'"); got != "0" {
		t.Error("the unfinished index is still there")
	}
	mustExec(t, e, "CREATE INDEX x ON t (a)")
	checkIndexes(t, e)
}

// TestTemporaryObjectsEnd leaves a session open at the end of the engine.
func TestTemporaryObjectsEnd(t *testing.T) {
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Engine {
		e, err := New(store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	session := func() *Session {
		s, err := e.NewSession(bg, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Execute(bg, Request{SQL: "CREATE TEMP TABLE x (a int); INSERT INTO x VALUES (1)"}, &MemorySink{}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b := session(), session()
	a.Close()
	if got := one(t, e, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'x'"); got != "1" {
		t.Errorf("%s temporary tables are there after one of two sessions has ended", got)
	}
	if _, err := e.Query(bg, "", "SELECT * FROM x"); state(err) != dberr.StateUndefinedTable {
		t.Errorf("another session sees the temporary table: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open()
	defer e.Close()
	b.Close() // its engine is gone: nothing to do
	if got := one(t, e, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'x'"); got != "0" {
		t.Errorf("%s temporary tables are there after the next start", got)
	}
}

// TestConstraintsHammered has 16 clients fight over a few keys with unique and foreign
// keys, checks, identity, sequences and deferred constraints, at both isolations.
func TestConstraintsHammered(t *testing.T) {
	e := testEngine(t, Options{Retries: 5})
	mustExec(t, e, `CREATE SEQUENCE s; CREATE TABLE parent (id int PRIMARY KEY, u int UNIQUE, n int CHECK (n BETWEEN 0 AND 5));
		CREATE TABLE child (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, v bigint);
		CREATE TABLE node (id int PRIMARY KEY, next int REFERENCES node DEFERRABLE INITIALLY DEFERRED, k int, UNIQUE (k) DEFERRABLE INITIALLY DEFERRED);
		CREATE INDEX child_p ON child (p); CREATE INDEX child_v ON child (v) WHERE p > 3`)
	var values sync.Map
	var wg sync.WaitGroup
	var ok, refused atomic.Int64
	for c := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 7))
			iso := txn.Isolation(c % 2)
			for range 60 {
				a, b := r.IntN(8), r.IntN(8)
				sql := [...]string{
					fmt.Sprintf("INSERT INTO parent VALUES (%d, %d, %d)", a, b, r.IntN(7)),
					fmt.Sprintf("INSERT INTO child (p, v) VALUES (%d, nextval('s'))", a),
					fmt.Sprintf("DELETE FROM parent WHERE id = %d", a),
					fmt.Sprintf("UPDATE parent SET u = %d, n = n + 1 WHERE id = %d", b, a),
					fmt.Sprintf("UPDATE parent SET id = %d WHERE id = %d", b, a),
					fmt.Sprintf("BEGIN; INSERT INTO node VALUES (%d, %d, %d); INSERT INTO node VALUES (%d, %d, %d); COMMIT", a, b, a, b, a, b),
					fmt.Sprintf("DELETE FROM node WHERE id = %d", a),
					fmt.Sprintf("UPDATE node SET k = %d WHERE id = %d", b, a),
					"SELECT nextval('s')",
				}[r.IntN(9)]
				m := &MemorySink{}
				err := e.Execute(bg, Request{SQL: sql, Isolation: iso}, m)
				switch {
				case err == nil:
					ok.Add(1)
					if strings.HasPrefix(sql, "SELECT") {
						v := m.Results[0].Batches[0].Cols[0].I[0]
						if _, twice := values.LoadOrStore(v, true); twice {
							t.Errorf("nextval has given %d twice", v)
						}
					}
				case retryable(err) || errors.Is(err, dberr.ErrConstraint):
					refused.Add(1)
				default:
					t.Errorf("%s: %v", sql, err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d statements succeeded, %d were refused", ok.Load(), refused.Load())
	for what, sql := range map[string]string{
		"children without parent": "SELECT count(*) FROM child WHERE p IS NOT NULL AND p NOT IN (SELECT id FROM parent)",
		"duplicate unique values": "SELECT count(*) FROM (SELECT u FROM parent WHERE u IS NOT NULL GROUP BY u HAVING count(*) > 1) x",
		"rows beyond the check":   "SELECT count(*) FROM parent WHERE n NOT BETWEEN 0 AND 5",
		"nodes without next":      "SELECT count(*) FROM node WHERE next NOT IN (SELECT id FROM node)",
		"duplicate deferred keys": "SELECT count(*) FROM (SELECT k FROM node GROUP BY k HAVING count(*) > 1) x",
		"duplicate identities":    "SELECT count(*) FROM (SELECT v FROM child GROUP BY v HAVING count(*) > 1) x",
	} {
		if got := one(t, e, sql); got != "0" {
			t.Errorf("%s: %s", what, got)
		}
	}
	if ok.Load() < 100 || refused.Load() == 0 {
		t.Error("the clients were not in each other's way, or never succeeded")
	}
	checkIndexes(t, e)
}

// TestRewriteWhileWritesGoOn changes the shape of a table again and again while clients
// change its rows, and rolls every second change back.
func TestRewriteWhileWritesGoOn(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX x ON t (a); INSERT INTO t SELECT i, i % 50, 'r' || i FROM generate_series(0, 999) i")
	var stop atomic.Bool
	var done atomic.Int64
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() { writeRows(t, e, uint64(c), &stop, &done) })
	}
	changes := []string{"ALTER TABLE t ALTER a TYPE numeric", "ALTER TABLE t ALTER a TYPE int", "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id)",
		"REINDEX TABLE t", "ALTER TABLE t ADD COLUMN c int DEFAULT 7", "ALTER TABLE t DROP COLUMN c"}
	for i := range 24 {
		sql := changes[i%len(changes)]
		end := "COMMIT"
		if i%2 == 1 && i < 12 {
			end = "ROLLBACK"
		}
		err := e.Execute(bg, Request{SQL: "BEGIN; " + sql + "; " + end, Timeout: -1}, &MemorySink{})
		if st := state(err); err != nil && st != dberr.StateDuplicateColumn && st != dberr.StateUndefinedColumn {
			t.Errorf("%s: %v", sql, err)
		}
	}
	stop.Store(true)
	wg.Wait()
	checkIndexes(t, e)
	rows := strings.Split(one(t, e, "SELECT id FROM t ORDER BY id"), "\n")
	if len(rows) == 0 {
		t.Error("no rows are left")
	}
	if got := one(t, e, "SELECT count(*) = count(DISTINCT id) FROM t"); got != "t" {
		t.Error("ids are there twice")
	}
}
