package query

import (
	"fmt"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

type discard struct{ rows int }

func (d *discard) Begin(int, []Column) error { return nil }
func (d *discard) Batch(b *vec.Batch) error  { d.rows += b.Rows(); return nil }
func (d *discard) End(Tag) error             { return nil }

func benchTable(b *testing.B, rows int) *Engine {
	e := testEngine(b, Options{})
	mustExec(b, e, "CREATE TABLE t (id int PRIMARY KEY, a int, s text)")
	mustExec(b, e, fmt.Sprintf("INSERT INTO t SELECT g, g %% 100, 'row ' || g FROM generate_series(1, %d) g", rows))
	return e
}

// BenchmarkPointSelect reads one row by its key, with the plan kept.
func BenchmarkPointSelect(b *testing.B) {
	e := benchTable(b, 10_000)
	sink := &discard{}
	req := Request{SQL: "SELECT * FROM t WHERE id = $1", Params: []Param{{Type: sqltype.TInt4, Datum: sqltype.Datum{Int: 77}}}}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Execute(bg, req, sink); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScanAggregate filters and sums a table of 100,000 rows.
func BenchmarkScanAggregate(b *testing.B) {
	e := benchTable(b, 100_000)
	sink := &discard{}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Execute(bg, Request{SQL: "SELECT count(*), sum(id) FROM t WHERE a < 50"}, sink); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInsert adds one row per transaction.
func BenchmarkInsert(b *testing.B) {
	e := testEngine(b, Options{})
	mustExec(b, e, "CREATE TABLE t (id int8 PRIMARY KEY, a int, s text)")
	sink := &discard{}
	n := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		n++
		req := Request{SQL: "INSERT INTO t VALUES ($1, 5, 'x')", Params: []Param{{Type: sqltype.TInt8, Datum: sqltype.Datum{Int: n}}}}
		if err := e.Execute(bg, req, sink); err != nil {
			b.Fatal(err)
		}
	}
}
