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
