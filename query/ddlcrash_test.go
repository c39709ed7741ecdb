package query

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// ddlCrash is a change of the schema with what it must leave behind: everything of it or nothing.
type ddlCrash struct {
	name   string
	setup  string // beyond ddlCrashSchema
	change string
	probe  string // one value that tells before from after; an error counts as the value "error"
	before string
	after  string
}

// ddlCrashSchema has rows enough for several batches of an index, wide enough for several segments of
// the log and several checkpoints.
const ddlCrashSchema = `
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE INDEX t_a ON t (a);
INSERT INTO t SELECT i, i % 7, repeat('x', 20) || i FROM generate_series(1, 2500) i;
CREATE TABLE other (k serial PRIMARY KEY, r int REFERENCES t);
INSERT INTO other (r) SELECT i FROM generate_series(1, 20) i;
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS n FROM t GROUP BY a;
CREATE UNIQUE INDEX m_a ON m (a);
CREATE TABLE gone (id serial PRIMARY KEY, v text UNIQUE);
INSERT INTO gone (v) SELECT 'v' || i FROM generate_series(1, 500) i`

var ddlCrashes = []ddlCrash{
	{"create index", "", "CREATE INDEX t_b ON t (b)", "SELECT count(*) FROM pg_indexes WHERE indexname = 't_b'", "0", "1"},
	{"create unique index", "", "CREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b)", "SELECT count(*) FROM pg_indexes WHERE indexname = 't_b'", "0", "1"},
	{"create index in a block", "", "BEGIN; CREATE INDEX t_b ON t (lower(b)); COMMIT", "SELECT count(*) FROM pg_indexes WHERE indexname = 't_b'", "0", "1"},
	{"failing unique index", "", "CREATE UNIQUE INDEX t_dup ON t (a)", "SELECT count(*) FROM pg_indexes WHERE indexname = 't_dup'", "0", "0"},
	{"set type", "DROP MATERIALIZED VIEW m", "ALTER TABLE t ALTER a TYPE bigint USING a * 10", "SELECT sum(a) FROM t", "7498", "74980"},
	{"rewrite by default", "", "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 7, ADD COLUMN d text DEFAULT 'd'", "SELECT sum(c) FROM t", "error", "17500"},
	{"change of the primary key", "DROP TABLE other", "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (b)", "SELECT indexdef FROM pg_indexes WHERE indexname = 't_pkey'",
		"CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)", "CREATE UNIQUE INDEX t_pkey ON public.t USING btree (b)"},
	{"drop table", "", "DROP TABLE gone", "SELECT count(*) FROM gone", "500", "error"},
	{"drop index", "", "DROP INDEX t_a", "SELECT count(*) FROM pg_indexes WHERE indexname = 't_a'", "1", "0"},
	{"drop cascade", "", "DROP TABLE t CASCADE", "SELECT count(*) FROM t", "2500", "error"},
	{"truncate", "", "TRUNCATE gone RESTART IDENTITY", "SELECT count(*) FROM gone", "500", "0"},
	{"create table as", "", "CREATE TABLE copy AS SELECT * FROM t WHERE a < 5", "SELECT count(*) FROM copy", "error", "1786"},
	{"create materialized view", "", "CREATE MATERIALIZED VIEW m2 AS SELECT * FROM t", "SELECT count(*) FROM m2", "error", "2500"},
	{"refresh", "UPDATE t SET a = a + 100", "REFRESH MATERIALIZED VIEW m", "SELECT min(a) FROM m", "0", "100"},
	{"refresh concurrently", "UPDATE t SET a = a + 100", "REFRESH MATERIALIZED VIEW CONCURRENTLY m", "SELECT min(a) FROM m", "0", "100"},
	{"reindex", "", "REINDEX TABLE t", "SELECT count(*) FROM t", "2500", "2500"},
	{"drop sequence and schema", "CREATE SCHEMA s; CREATE SEQUENCE s.q; SELECT nextval('s.q'); CREATE TABLE s.x AS SELECT generate_series(1, 100) i", "DROP SCHEMA s CASCADE",
		"SELECT count(*) FROM pg_namespace WHERE nspname = 's'", "1", "0"},
	{"create function", "", "CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t WHERE t.a < f.a'", "SELECT f(100)", "error", "2500"},
	{"replace function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql RETURN 2", "SELECT f()", "1", "2"},
	{"drop function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1; CREATE VIEW uses_f AS SELECT f()", "DROP FUNCTION f CASCADE", "SELECT * FROM uses_f", "1", "error"},
	{"several in one transaction", "", "BEGIN; ALTER TABLE t RENAME TO u; CREATE TABLE t AS SELECT * FROM gone; DROP TABLE gone; COMMIT", "SELECT count(*) FROM t", "2500", "500"},
}

var ddlCrashOptions = storage.Options{SegmentBytes: 64 << 10, BufferBytes: 512 << 10, CheckpointBytes: 32 << 10, History: -1}

// life is an engine over a directory.
type life struct {
	store *storage.Store
	e     *Engine
}

func openLife(disk vfs.FS) (*life, error) {
	s, err := storage.Open(disk, "d", ddlCrashOptions)
	if err != nil {
		return nil, err
	}
	e, err := New(s.Store, Options{})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &life{s, e}, nil
}

func (l *life) close() error { return errors.Join(l.e.Close(), l.store.Close()) }

// TestCrashInSchemaChanges pulls the plug in the middle of changes of the schema, and again in the
// middle of what the next start does about them. After that the catalog is that of before or of after
// the change, and of after where it was acknowledged; no index is half built, and nothing is left of
// what was dropped or rolled back.
func TestCrashInSchemaChanges(t *testing.T) {
	for i, c := range ddlCrashes {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && i%3 != 0 {
				t.Skip("another one, under the race detector, where all take minutes")
			}
			t.Parallel()
			crashSchemaChange(t, c)
		})
	}
}

func crashSchemaChange(t *testing.T, c ddlCrash) {
	base := vfs.NewCrashableMem()
	l, err := openLife(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range append(strings.Split(ddlCrashSchema, ";\n"), strings.Split(c.setup, "; ")...) {
		if sql == "" {
			continue
		}
		if _, err := l.e.Exec(bg, "", sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if got := probe(l.e, c.probe); got != c.before {
		t.Fatalf("before the change: %s gives %s, want %s", c.probe, got, c.before)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	total := 0
	_, total = c.live(t, base.CrashClone(vfs.CrashConfig{}), math.MaxInt)
	points := 16
	if testing.Short() {
		points = 2 // as under the race detector, where each takes long
	}
	if os.Getenv("WEFT_LONG") != "" {
		points = 300
	}
	stride := max(1, total/points)
	seen := map[string]int{}
	for n := 1; ; n += stride {
		if n > total {
			n = math.MaxInt // what is acknowledged is there, though nothing was written after it
		}
		r := rand.New(rand.NewPCG(uint64(n), 3))
		disk := base.CrashClone(vfs.CrashConfig{})
		acked, _ := c.live(t, disk, n)
		disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
		if l, err := openLife(vfs.NewFault(disk, vfs.FailFrom(1+r.IntN(80), true, io.ErrUnexpectedEOF, nil))); err == nil {
			l.close() //nolint:errcheck // its disk fails
		}
		disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
		seen[c.checkCrash(t, disk, acked)]++
		if t.Failed() {
			t.Fatalf("with the crash at operation %d of %d", n, total)
		}
		if n == math.MaxInt {
			break
		}
	}
	if c.before != c.after && (seen[c.before] == 0 || seen[c.after] == 0) {
		t.Errorf("in %d operations the crashes left %v: they are not in the middle of the change", total, seen)
	}
}

// live runs the change on a disk that fails from the nth operation after the open on. It says whether the
// change was acknowledged, and how many operations there were.
func (c *ddlCrash) live(t *testing.T, disk vfs.FS, n int) (acked bool, ops int) {
	var count atomic.Int64
	var armed atomic.Bool
	fault := vfs.NewFault(disk, func(op vfs.Op) error {
		if armed.Load() && int(count.Add(1)) >= n {
			return fmt.Errorf("%s: %w", op, vfs.ErrInjected)
		}
		return nil
	})
	l, err := openLife(fault)
	if err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	acked = l.e.Execute(bg, Request{SQL: c.change, Timeout: -1}, &MemorySink{}) == nil
	l.close() //nolint:errcheck // its disk fails
	return acked, int(count.Load())
}

// checkCrash opens what is left, and returns what the probe says.
func (c *ddlCrash) checkCrash(t *testing.T, disk vfs.FS, acked bool) string {
	l, err := openLife(disk)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := l.e.Check(bg, func(f Finding) { t.Error(f) }); err != nil {
		t.Error(err)
	}
	got := probe(l.e, c.probe)
	if got != c.before && got != c.after || acked && got != c.after {
		t.Errorf("%s gives %s; want %s, or where the change is there %s; acknowledged: %v", c.probe, got, c.before, c.after, acked)
	}
	if got := probe(l.e, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); got != "0" {
		t.Errorf("%s indexes are half built", got)
	}
	if err := noPendingDrops(l.e); err != nil {
		t.Error(err)
	}
	// The change can be made now, or has been made.
	err = l.e.Execute(bg, Request{SQL: c.change, Timeout: -1}, &MemorySink{})
	if got == c.before && c.before != c.after && err != nil {
		t.Errorf("again: %v", err)
	}
	if _, err := l.e.Check(bg, func(f Finding) { t.Errorf("after the change was made again: %s", f) }); err != nil {
		t.Error(err)
	}
	return got
}

// noPendingDrops finds data of dropped objects that the start did not remove.
func noPendingDrops(e *Engine) error {
	return e.store.View(bg, func(tx *txn.Tx) error {
		pending, err := e.cat.PendingDrops(tx)
		if err != nil {
			return err
		}
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			if pending(it.Key()) {
				return fmt.Errorf("the key %x of what was dropped is still there after a start", it.Key())
			}
		}
		return it.Err()
	})
}

// probe gives the only value of a query as text.
func probe(e *Engine, sql string) string {
	rows, err := e.Query(bg, "", sql)
	if err != nil {
		if dberr.As(err) == nil {
			return err.Error()
		}
		return "error"
	}
	if !rows.Next() {
		return "nothing"
	}
	return rows.Strings()[0]
}

// TestNoValuesWithoutSequence: the values of a sequence go with it, however it goes.
func TestNoValuesWithoutSequence(t *testing.T) {
	e := testEngine(t, Options{})
	clean := func(when string) {
		t.Helper()
		n := 0
		err := e.store.View(bg, func(tx *txn.Tx) error {
			prefix := keyspace.AppendSpacePrefix(nil, catalog.DefaultDatabaseID, keyspace.SpaceSequence)
			it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
			defer it.Close()
			for it.Next() {
				n++
			}
			return it.Err()
		})
		if err != nil || n > 0 {
			t.Errorf("%s: %d values are stored, %v", when, n, err)
		}
	}
	s, err := e.NewSession(bg, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run := func(sql string) error { return s.Execute(bg, Request{SQL: sql}, &MemorySink{}) }
	if err := errors.Join(run("BEGIN"), run("CREATE SEQUENCE q; CREATE SEQUENCE r; SELECT nextval('q'), setval('r', 5)")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Check(bg, func(f Finding) { t.Errorf("while the transaction is open: %s", f) }); err != nil {
		t.Fatal(err)
	}
	if err := run("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	clean("after a rollback")
	if err := errors.Join(run("BEGIN; SAVEPOINT a"), run("CREATE SEQUENCE q; SELECT nextval('q')"), run("ROLLBACK TO a; COMMIT")); err != nil {
		t.Fatal(err)
	}
	clean("after a rollback to a savepoint")

	// A transaction that still knows the sequence after it was dropped.
	mustExec(t, e, "CREATE SEQUENCE q")
	if err := errors.Join(run("BEGIN ISOLATION LEVEL REPEATABLE READ"), run("SELECT 1")); err != nil {
		t.Fatal(err)
	}
	mustExec(t, e, "DROP SEQUENCE q")
	if err := run("SELECT nextval('q')"); !retryable(err) {
		t.Errorf("a value of a sequence that was dropped meanwhile: %v", err)
	}
	if err := run("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	clean("after a drop")
}
