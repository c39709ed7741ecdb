package query

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// texts keeps the values of a result as text.
type texts struct{ got []string }

func (k *texts) Begin(int, []Column) error { return nil }
func (k *texts) End(Tag) error             { return nil }
func (k *texts) Batch(b *vec.Batch) error {
	for i := range b.Rows() {
		row := i
		if b.Sel != nil {
			row = int(b.Sel[i])
		}
		for c := range b.Cols {
			v := b.Cols[c]
			if v.IsNull(row) {
				k.got = append(k.got, "NULL")
				continue
			}
			k.got = append(k.got, string(sqltype.AppendText(nil, v.Type, v.Get(row))))
		}
	}
	return nil
}

// TestTurnsAreApart: requests whose sessions use memory again, and such as may not, see
// nothing of each other: values, settings, transactions, temporary tables, failures.
func TestTurnsAreApart(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, s text); CREATE TABLE n (id int8 PRIMARY KEY, s text, CHECK (s <> 'bad'))")
	mustExec(t, e, "INSERT INTO t SELECT g, 'row ' || g FROM generate_series(0, 999) g")
	ask := func(sql string, params ...any) (string, error) {
		k, req := &texts{}, Request{SQL: sql}
		for _, p := range params {
			switch p := p.(type) {
			case int:
				req.Params = append(req.Params, Param{Type: sqltype.TInt8, Datum: sqltype.Datum{Int: int64(p)}})
			case string:
				req.Params = append(req.Params, Param{Type: sqltype.TText, Datum: sqltype.Datum{Str: p}})
			}
		}
		err := e.Execute(bg, req, k)
		return strings.Join(k.got, " "), err
	}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 300 {
				id := w*1000 + i
				for _, c := range []struct {
					sql, want string
					fails     bool
					params    []any
				}{
					{sql: "SELECT s FROM t WHERE id = $1", params: []any{id % 1000}, want: fmt.Sprintf("row %d", id%1000)},
					{sql: "INSERT INTO n VALUES ($1, $2)", params: []any{id, fmt.Sprint("of ", w)}},
					{sql: "SELECT s FROM n WHERE id = $1", params: []any{id}, want: fmt.Sprint("of ", w)},
					{sql: "INSERT INTO n VALUES ($1, $2) RETURNING s, id", params: []any{-1 - id, "x"}, want: fmt.Sprintf("x %d", -1-id)},
					{sql: "INSERT INTO n VALUES ($1, $2)", params: []any{id, "twice"}, fails: true},
					{sql: "INSERT INTO n VALUES ($1, $2)", params: []any{-10_000 - id, "bad"}, fails: true},
					{sql: "SET TIME ZONE 'Asia/Tokyo'; SET application_name = 'one'; SELECT current_setting('application_name')", want: "one"},
					{sql: "SELECT current_setting('application_name') || current_setting('TimeZone')", want: "UTC"},
					{sql: "CREATE TEMP TABLE own AS SELECT 1 AS a; SELECT a FROM own", want: "1"},
					{sql: "SELECT a FROM own", fails: true},
					{sql: "BEGIN", fails: true},
					{sql: "SELECT 1 / (id - $1) FROM t WHERE id = $1", params: []any{id % 1000}, fails: true},
					{sql: "SELECT count(*), $1::text, $2::text, $3::text, $4::text, $5::text FROM t WHERE id < 10", params: []any{"a", "b", "c", "d", fmt.Sprint(id)}, want: fmt.Sprintf("10 a b c d %d", id)},
				} {
					got, err := ask(c.sql, c.params...)
					if (err != nil) != c.fails || !c.fails && got != c.want {
						t.Errorf("%s %v: %q (%v), want %q", c.sql, c.params, got, err, c.want)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// TestTurnsAreUsedAgain: a request whose plan was kept takes little memory.
func TestTurnsAreUsedAgain(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int8 PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a')")
	sink := &discard{}
	req := Request{SQL: "SELECT * FROM t WHERE id = $1", Params: []Param{{Type: sqltype.TInt8, Datum: sqltype.Datum{Int: 1}}}}
	const runs = 2000
	least := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if err := e.Execute(bg, req, sink); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/runs)
	}
	if most := uint64(unsafe.Sizeof(turn{})); least > most {
		t.Errorf("a request takes %d bytes, want at most %d: its turn is made anew", least, most)
	}
}

// TestTurnsThatMayBeUsedAgain: only the memory of one statement that ran well by a kept
// plan, and none of it as it was.
func TestTurnsThatMayBeUsedAgain(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE t (id int8 PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a')")
	mustExec(t, e, "CREATE TABLE child (id int8, of int8 REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
	db, err := e.database(bg, "", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql  string
		want bool // the second time, when plans are kept
	}{
		{"SELECT s FROM t WHERE id = 1", true},
		{"UPDATE t SET s = 'b' WHERE id = 1", true},
		{"SELECT 1; SELECT 2", false},
		{"SELECT s FROM t WHERE id = 1; SELECT s FROM t WHERE id = 1", false},
		{"SET application_name = 'x'", false},
		{"SET application_name = 'x'; SELECT s FROM t WHERE id = 1", false},
		{"BEGIN; SELECT s FROM t WHERE id = 1", false}, // fails, being left open
		{"SELECT 1 / (id - 1) FROM t", false},
		{"INSERT INTO t VALUES (1, 'twice')", false},
		{"INSERT INTO child VALUES (1, 1)", true},
		{"INSERT INTO child VALUES (1, 9)", false}, // fails at the commit
		{"SELECT s FROM t WHERE id = 1; SHOW application_name", false},
		{"CREATE TEMP TABLE own (a int)", false},
		{"EXPLAIN SELECT 1", false},
		{"PREPARE p AS SELECT s FROM t; EXECUTE p", false},
		{"BEGIN; DECLARE c CURSOR FOR SELECT s FROM t; FETCH c; COMMIT", false},
	} {
		for second := range 2 {
			u := e.turn(db)
			err := u.execute(bg, Request{SQL: c.sql}, &discard{})
			if got, want := u.reusable(), c.want && second == 1; got != want {
				t.Errorf("%s (%v), time %d: may be used again: %v, want %v", c.sql, err, second+1, got, want)
			}
			may := u.reusable()
			u.done()
			for i, v := 0, reflect.ValueOf(u).Elem(); may && i < v.NumField(); i++ {
				if name := v.Type().Field(i).Name; name != "waits" && !v.Field(i).IsZero() {
					t.Errorf("%s: %s is left as it was", c.sql, name)
				}
			}
		}
	}
}

// TestTurnLendsOnce: what comes after the first of each is memory of its own.
func TestTurnLendsOnce(t *testing.T) {
	e := testEngine(t, Options{})
	db, err := e.database(bg, "", false)
	if err != nil {
		t.Fatal(err)
	}
	u := e.turn(db)
	defer u.done()
	s := &u.session
	if a := s.stage(); a == s.stage() {
		t.Error("two statements share their memory")
	}
	if a := s.environment(); a == s.environment() {
		t.Error("two statements share what functions are told")
	}
	if a, b := s.room(2), s.room(2); &a[0] == &b[0] || cap(a) != 2 {
		t.Error("two statements share their parameters")
	}
	if a := s.running(); u.known || a == s.running() || !u.known {
		t.Error("two statements share their run, or the second is not noted")
	}
}
