package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// TestAsOf reads tables, views and transactions as of a time, across changes of rows
// and of the schema.
func TestAsOf(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); CREATE INDEX x ON t (v); INSERT INTO t VALUES (1, 10), (2, 20); CREATE VIEW w AS SELECT * FROM t")
	then := fmt.Sprint(time.Now().UnixNano())
	mustExec(t, e, "UPDATE t SET v = v + 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 30)")
	mustExec(t, e, "ALTER TABLE t ADD COLUMN c int DEFAULT 7")
	for sql, want := range map[string]string{
		"SELECT * FROM t AS OF SYSTEM TIME '@' ORDER BY id":                     "1|10\n2|20",
		"SELECT * FROM w AS OF SYSTEM TIME '@' ORDER BY id":                     "1|10\n2|20",
		"SELECT id FROM t AS OF SYSTEM TIME '@' WHERE v = 20":                   "2",
		"SELECT v FROM t AS OF SYSTEM TIME '@' WHERE id = 1":                    "10",
		"SELECT a.v, b.v FROM t a JOIN t AS OF SYSTEM TIME '@' AS b USING (id)": "11|10",
		"SELECT count(*) FROM t":                                                "2",
		"SELECT count(*) FROM t AS OF SYSTEM TIME (now() - interval '1 us')":    "2",
	} {
		if got := one(t, e, strings.ReplaceAll(sql, "@", then)); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
	for sql, want := range map[string]string{
		"BEGIN AS OF SYSTEM TIME '@'; INSERT INTO t VALUES (9, 9); COMMIT": dberr.StateReadOnlyTransaction,
		"SELECT * FROM t AS OF SYSTEM TIME '@' FOR UPDATE":                 dberr.StateFeatureNotSupported,
		"SELECT c FROM t AS OF SYSTEM TIME '@'":                            dberr.StateUndefinedColumn,
		"SELECT 1 FROM nope AS OF SYSTEM TIME '@'":                         dberr.StateUndefinedTable,
		"BEGIN; SELECT 1 FROM t; SET TRANSACTION AS OF SYSTEM TIME '@'":    dberr.StateActiveTransaction,
	} {
		if err := e.Execute(bg, Request{SQL: strings.ReplaceAll(sql, "@", then)}, &MemorySink{}); state(err) != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	for _, begin := range []string{"BEGIN AS OF SYSTEM TIME '@'", "BEGIN; SET TRANSACTION AS OF SYSTEM TIME '@'"} {
		s, err := e.NewSession(bg, "")
		if err != nil {
			t.Fatal(err)
		}
		m := &MemorySink{}
		err = s.Execute(bg, Request{SQL: strings.ReplaceAll(begin, "@", then)}, m)
		if err == nil {
			m = &MemorySink{}
			err = s.Execute(bg, Request{SQL: "SELECT sum(v) FROM t"}, m)
		}
		if err != nil || m.Results[0].Batches[0].Cols[0].I[0] != 30 {
			t.Errorf("%s: sum is %+v, %v", begin, m.Results, err)
		}
		s.Close()
	}
	// The time is read anew every time, although the text is the same.
	const ago = "SELECT count(*) FROM t AS OF SYSTEM TIME '-1us'"
	before := one(t, e, ago)
	mustExec(t, e, "INSERT INTO t VALUES (10, 1, 1)")
	for range 1000 {
		if one(t, e, ago) != before {
			return
		}
	}
	t.Errorf("a relative time stands still at %s rows", before)
}

// TestAsOfEnds: the transactions in which a statement reads the past end with it, whether it
// runs, is only explained or planned, or fails; and it can be explained with what it took.
func TestAsOfEnds(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20)")
	from := "FROM t AS OF SYSTEM TIME '" + fmt.Sprint(time.Now().UnixNano()) + "'"
	mustExec(t, e, "DELETE FROM t")
	locker := session(t, e)
	for sql, want := range map[string]string{
		"SELECT * " + from:                 "",
		"EXPLAIN SELECT * " + from:         "",
		"EXPLAIN ANALYZE SELECT * " + from: "",
		"PREPARE p AS SELECT * " + from:    "",
		"SELECT nope " + from:              dberr.StateUndefinedColumn,
		"SELECT 1/(v-v) " + from:           "22012",
		"SET lock_timeout = '1ms'; SELECT * FROM t, (SELECT v " + from + ") o": dberr.StateLockNotAvailable,
	} {
		s := session(t, e)
		s.turn = new(turn)
		texts := strings.Split(sql, "; ")
		if len(texts) > 1 {
			must(t, s, texts[0])
			must(t, locker, "BEGIN; LOCK TABLE t")
			s.turn = new(turn)
		}
		text := texts[len(texts)-1]
		out, err := in(s, text)
		if err != nil && state(err) != want || err == nil && want != "" {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if strings.HasPrefix(text, "EXPLAIN ANALYZE") && !strings.Contains(out, "rows=2") {
			t.Errorf("%s gave\n%s", text, out)
		}
		if p := s.turn.run.pasts; p == nil || len(p.txs) > 0 {
			t.Errorf("%s: transactions of the past are %+v", text, p)
		}
		if len(texts) > 1 {
			must(t, locker, "ROLLBACK")
		}
	}
}
