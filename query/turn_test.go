package query

import (
	"fmt"
	"math"
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
