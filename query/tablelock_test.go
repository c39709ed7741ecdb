package query

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/testkit/pgtest"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

const lockSchema = `CREATE TABLE p (id int PRIMARY KEY, v int); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
	CREATE VIEW pv AS SELECT id, v FROM p; CREATE TABLE other (id int); INSERT INTO p VALUES (1, 1)`

// lockAsks are the modes of LOCK TABLE, in PostgreSQL's order, and lockUses statements that
// use table p.
var (
	lockAsks = []string{"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}
	lockUses = []string{
		"SELECT count(*) FROM p", "SELECT count(*) FROM pv", "SELECT 1 WHERE EXISTS (SELECT FROM p)", "SELECT * FROM p WHERE id < 0 FOR UPDATE",
		"INSERT INTO p VALUES (2, 2)", "UPDATE p SET v = 1 WHERE id < 0", "DELETE FROM p WHERE id < 0", "UPDATE pv SET v = 1 WHERE id < 0",
		"MERGE INTO p USING other ON p.id = other.id WHEN MATCHED THEN DELETE", "INSERT INTO c VALUES (1, 1)",
		"INSERT INTO other SELECT id FROM p WHERE id < 0", "WITH d AS (DELETE FROM p WHERE id < 0) SELECT 1", "SELECT 1 FROM other",
		"EXPLAIN ANALYZE SELECT * FROM p", "DECLARE k CURSOR FOR SELECT * FROM p",
		"ALTER TABLE p ADD COLUMN z int", "TRUNCATE p, c", "CREATE INDEX ON p (v)", "DROP TABLE p CASCADE", "ALTER TABLE p RENAME TO q",
		"COMMENT ON TABLE p IS 'x'",
	}
)

// lockMatrix runs every pair of which one is LOCK TABLE in two sessions, and writes down
// which second ones are refused, by the number of the statement.
func lockMatrix(first, second func(sql string) string, timeout string) string {
	second("SET lock_timeout = '" + timeout + "'")
	var out strings.Builder
	all := make([]string, 0, len(lockAsks)+len(lockUses))
	for _, m := range lockAsks {
		all = append(all, "LOCK TABLE p IN "+m+" MODE")
	}
	all = append(all, lockUses...)
	for i, held := range all {
		fmt.Fprintf(&out, "%s:", held)
		first("BEGIN")
		first(held)
		for k, then := range all {
			if i >= len(lockAsks) && k >= len(lockAsks) {
				break // what statements imply is no matter of locks here
			}
			second("BEGIN")
			fmt.Fprintf(&out, " %d=%s", k, second(then))
			second("ROLLBACK")
		}
		first("ROLLBACK")
		out.WriteString("\n")
	}
	return out.String()
}

func ourLockMatrix(t *testing.T) string {
	e := testEngine(t, Options{})
	mustExec(t, e, lockSchema)
	run := func(s *Session) func(string) string {
		return func(sql string) string {
			if _, err := in(s, sql); err != nil {
				return state(err)
			}
			return "ok"
		}
	}
	return lockMatrix(run(session(t, e)), run(session(t, e)), "3ms")
}

// TestLockMatrix holds who is kept out by whom to what PostgreSQL 15 gave.
func TestLockMatrix(t *testing.T) {
	const file = "testdata/lockmatrix.txt"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := ourLockMatrix(t); got != string(want) {
		for i, line := range strings.Split(got, "\n") {
			if w := strings.Split(string(want), "\n")[i]; w != line {
				t.Errorf("got  %s\nwant %s", line, w)
			}
		}
	}
}

// TestLockMatrixAgainstPostgres holds the file to a real PostgreSQL.
func TestLockMatrixAgainstPostgres(t *testing.T) {
	if os.Getenv("WEFT_LONG") == "" {
		t.Skip("set WEFT_LONG=1 to compare with PostgreSQL")
	}
	c := pgtest.Start(t)
	first := psqlSession(t, c.Dir)
	if got := first(lockSchema); got != "ok" {
		t.Fatal(got)
	}
	got := lockMatrix(first, psqlSession(t, c.Dir), "30ms")
	if *fromPostgres {
		if err := os.WriteFile("testdata/lockmatrix.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/lockmatrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("PostgreSQL:\n%s\nfile:\n%s", got, want)
	}
}

// psqlSession is a session of psql that stays; it gives SQLSTATEs.
func psqlSession(t *testing.T, dir string) func(sql string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", `exec psql -h "$0" -U postgres -X -q -A -t -v VERBOSITY=sqlstate 2>&1`, dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no psql: %v", err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	failed := regexp.MustCompile(`ERROR:  ([0-9A-Z]{5})$`)
	return func(sql string) string {
		if _, err := fmt.Fprintf(stdin, "%s;\n\\echo @@\n", sql); err != nil {
			t.Fatal(err)
		}
		got := "ok"
		for lines.Scan() && lines.Text() != "@@" {
			if m := failed.FindStringSubmatch(lines.Text()); m != nil {
				got = m[1]
			}
		}
		return got
	}
}

// TestLockTableWaits: a writer waits for the holder, reads what that has done, and is not
// told of a conflict; nobody is lost.
func TestLockTableWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := txn.NewMemory(txn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		e, err := New(store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)")
		holder := session(t, e)
		must(t, holder, "BEGIN; LOCK TABLE t IN EXCLUSIVE MODE")
		const writers = 4
		var wg sync.WaitGroup
		for i := range 2 * writers {
			s := session(t, e)
			if i%2 == 0 {
				must(t, s, "BEGIN") // its first statement
			}
			wg.Go(func() {
				if _, err := in(s, "UPDATE t SET v = v + 1"); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
				if i%2 == 0 {
					must(t, s, "ROLLBACK")
				}
			})
		}
		synctest.Wait()
		if got := one(t, e, "SELECT v FROM t"); got != "0" {
			t.Errorf("written while locked: %s", got)
		}
		must(t, holder, "UPDATE t SET v = 100; COMMIT")
		wg.Wait()
		if got := one(t, e, "SELECT v FROM t"); got != fmt.Sprint(100+writers) {
			t.Errorf("v is %s", got)
		}

		// LOCK TABLE itself waits for those who have written, and sees what they did.
		writer, locker := session(t, e), session(t, e)
		must(t, writer, "BEGIN; UPDATE t SET v = 7")
		must(t, locker, "BEGIN; SET LOCAL timezone = 'Asia/Tokyo'")
		var got string
		wg.Go(func() {
			must(t, locker, "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE")
			got = must(t, locker, "SELECT v || current_setting('timezone') FROM t")
			must(t, locker, "UPDATE t SET v = v + 1; COMMIT")
		})
		synctest.Wait()
		must(t, writer, "UPDATE t SET v = 8; COMMIT")
		if wg.Wait(); got != "8Asia/Tokyo" {
			t.Errorf("the holder read %q", got)
		}
		if got := one(t, e, "SELECT v FROM t"); got != "9" {
			t.Errorf("v is %s", got)
		}
	})
}

// TestLocksShown: pg_locks tells who holds a table and who waits for it.
func TestLocksShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := txn.NewMemory(txn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		e, err := New(store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int)")
		a, b, c := session(t, e), session(t, e), session(t, e)
		must(t, a, "BEGIN; INSERT INTO u VALUES (1); LOCK TABLE t IN SHARE MODE")
		holder, waiter := must(t, a, "SELECT pg_backend_pid()"), must(t, b, "SELECT pg_backend_pid()")
		done := make(chan error)
		go func() {
			_, err := in(b, "INSERT INTO t VALUES (1)")
			done <- err
		}()
		synctest.Wait()
		want := fmt.Sprintf("%[1]s|t|ShareLock|t\n%[2]s|t|RowExclusiveLock|f\n%[1]s|u|RowExclusiveLock|t", holder, waiter)
		sql := "SELECT pid, relation::regclass, mode, granted FROM pg_locks WHERE locktype = 'relation' ORDER BY relation::regclass::text, granted DESC"
		if got := must(t, c, sql); got != want {
			t.Errorf("%s gives\n%s\nwant\n%s", sql, got, want)
		}
		must(t, a, "COMMIT")
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := must(t, c, "SELECT count(*) FROM pg_locks WHERE locktype = 'relation'"); got != "0" {
			t.Errorf("%s locks are left", got)
		}
	})
}

func TestLockTableOther(t *testing.T) {
	var retries atomic.Int64 // none: who runs again goes on to hold what it has locked
	e := testEngine(t, Options{Events: Events{Retry: func(int) { retries.Add(1) }}})
	mustExec(t, e, lockSchema+"; CREATE TABLE t (id int PRIMARY KEY)")
	a, b := session(t, e), session(t, e)
	wants := func(s *Session, sql, want, message string) {
		t.Helper()
		_, err := in(s, sql)
		if e := dberr.As(err); state(err) != want || e != nil && !strings.Contains(e.Message, message) {
			t.Errorf("%s: %v, want %s %s", sql, err, want, message)
		}
	}
	must(t, b, "SET lock_timeout = '10ms'")

	// The isolation can be chosen after a lock, which stays.
	must(t, a, "BEGIN; LOCK TABLE t IN EXCLUSIVE MODE; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
	wants(b, "INSERT INTO t VALUES (1)", "55P03", "canceling statement due to lock timeout")
	wants(b, "BEGIN; LOCK t NOWAIT", "55P03", `could not obtain lock on relation "t"`)
	must(t, b, "ROLLBACK")
	must(t, a, "ROLLBACK")

	// Going back to a savepoint gives back what was locked after it, and nothing else.
	must(t, a, "BEGIN; INSERT INTO p VALUES (9, 9); SAVEPOINT s; LOCK TABLE t; INSERT INTO other VALUES (1); ROLLBACK TO s")
	must(t, b, "INSERT INTO t VALUES (1)")
	wants(b, "BEGIN; LOCK TABLE p IN SHARE MODE NOWAIT", "55P03", "")
	must(t, b, "ROLLBACK")
	must(t, a, "ROLLBACK")
	must(t, b, "BEGIN; LOCK TABLE p, c, pv IN SHARE MODE NOWAIT; ROLLBACK")

	// Who holds a lock of a table that somebody wants who holds what it wants.
	must(t, a, "BEGIN; LOCK TABLE p IN EXCLUSIVE MODE")
	must(t, b, "SET lock_timeout = 0; BEGIN; LOCK TABLE t IN EXCLUSIVE MODE")
	waits := make(chan error)
	go func() {
		_, err := in(a, "INSERT INTO t VALUES (3)")
		waits <- err
	}()
	_, err := in(b, "INSERT INTO p VALUES (3, 3)")
	if err != nil {
		must(t, b, "ROLLBACK")
	}
	other := <-waits
	if other != nil {
		must(t, a, "ROLLBACK")
	}
	if (state(err) == "40P01") == (state(other) == "40P01") {
		t.Errorf("deadlock: %v and %v", err, other)
	}
	if n := retries.Load(); n != 0 {
		t.Errorf("%d runs again", n)
	}
	for _, s := range []*Session{a, b} {
		if s.InTransaction() {
			must(t, s, "ROLLBACK")
		}
	}

	// A bulk load is a writer.
	must(t, a, "BEGIN; LOCK TABLE t IN SHARE MODE")
	tx, err := e.Begin(bg, "", txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := tx.Execute(bg, Request{SQL: "SET lock_timeout = '10ms'"}, &MemorySink{}); err != nil {
		t.Fatal(err)
	}
	next := func() (*vec.Batch, error) {
		b := vec.NewBatch([]sqltype.Type{sqltype.TInt4})
		b.Cols[0].AppendDatum(sqltype.Datum{Int: 4})
		b.Len = 1
		return b, nil
	}
	if _, err := tx.BulkInsert(bg, "", "t", []string{"id"}, next); state(err) != "55P03" {
		t.Errorf("bulk: %v", err)
	}
}

// TestCommitOfFirstQueryFails: a block whose first query and COMMIT come as one text, which
// meets a conflict, has ended, and the session goes on.
func TestCommitOfFirstQueryFails(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int)")
	mustExec(t, e, "INSERT INTO t VALUES (1, 0)")
	s := session(t, e)
	must(t, s, "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT v FROM t")
	mustExec(t, e, "UPDATE t SET v = 1")
	if _, err := in(s, "UPDATE t SET v = v + 10; COMMIT"); state(err) != "40001" {
		t.Errorf("a conflict gives %v", err)
	}
	must(t, s, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := e.Exec(bg, "", "UPDATE t SET v = v + 1"); err != nil && state(err) != "40001" {
					t.Error(err)
					return
				}
			}
		}
	}()
	for met := 0; met < 3; {
		_, err := in(s, "UPDATE t SET v = v + 10; COMMIT")
		if err != nil && state(err) != "40001" {
			t.Fatal(err)
		}
		if err != nil {
			met++
		}
		must(t, s, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	}
	close(stop)
	<-done
	must(t, s, "ROLLBACK; SELECT v FROM t")
}
