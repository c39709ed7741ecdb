package exec

import (
	"context"
	"fmt"
	"testing"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// narrowTable has nine narrow columns, as in a typical import.
func narrowTable() *catalog.Table {
	return newTable(100, "n", columns(
		catalog.Column{Name: "id", Type: sqltype.TInt8, NotNull: true}, catalog.Column{Name: "a", Type: sqltype.TInt4},
		catalog.Column{Name: "b", Type: sqltype.TInt4}, catalog.Column{Name: "c", Type: sqltype.TText},
		catalog.Column{Name: "d", Type: sqltype.TFloat8}, catalog.Column{Name: "e", Type: sqltype.TBool},
		catalog.Column{Name: "f", Type: sqltype.TDate}, catalog.Column{Name: "g", Type: sqltype.TText},
		catalog.Column{Name: "h", Type: sqltype.TInt4},
	), key(1))
}

func narrowBatch(t *catalog.Table, from, n int) *vec.Batch {
	b := vec.NewBatch(tableTypes(t))
	for i := from; i < from+n; i++ {
		for k, v := range []sqltype.Datum{
			{Int: int64(i)}, {Int: int64(i % 1000)}, {Int: int64(i * 7)}, {Str: fmt.Sprintf("name %d", i%5000)},
			{Float: float64(i) / 3}, {Int: int64(i & 1)}, {Int: int64(i % 9000)}, {Str: "xyz"}, {Int: -int64(i)},
		} {
			b.Cols[k].AppendDatum(v)
		}
		b.Len++
	}
	return b
}

func fill(t testing.TB, s *txn.Store, tb *catalog.Table, n int) {
	t.Helper()
	all := make([]int, len(tb.Columns))
	for i := range all {
		all[i] = i
	}
	for at := 0; at < n; at += 64 << 10 {
		err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			c := &Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}
			for i := at; i < min(at+64<<10, n); i += vec.BatchSize {
				if err := InsertBatch(c, tb, all, narrowBatch(tb, i, min(vec.BatchSize, n-i))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkInsertBatch(b *testing.B) {
	tb := narrowTable()
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	s := memoryStore(b)
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		batches := make([]*vec.Batch, 32)
		for i := range batches {
			batches[i] = narrowBatch(tb, at, vec.BatchSize)
			at += vec.BatchSize
		}
		b.StartTimer()
		err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			c := &Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}
			for _, batch := range batches {
				if err := InsertBatch(c, tb, all, batch); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*32*vec.BatchSize/b.Elapsed().Seconds(), "rows/s")
}

// benchRun runs a plan over a table of n rows and reports rows of the table per second.
func benchRun(b *testing.B, n int, make func(t *catalog.Table) plan.Node) {
	s, tb := memoryStore(b), narrowTable()
	fill(b, s, tb, n)
	node := make(tb)
	b.ReportAllocs()
	for b.Loop() {
		err := s.View(context.Background(), func(tx *txn.Tx) error {
			_, err := Run(&Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}, node, nil)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "rows/s")
}

func some(t *catalog.Table, cols ...int) *plan.Scan {
	n := &plan.Scan{Table: t, Index: &t.Indexes[0], Cols: cols}
	for _, o := range cols {
		n.Out = append(n.Out, plan.Field{Name: t.Columns[o].Name, Type: t.Columns[o].Type})
	}
	return n
}

func slotOf(n plan.Node, i int) *plan.Slot { return &plan.Slot{Typ: n.Fields()[i].Type, Index: i} }

func BenchmarkScanFilterSum(b *testing.B) {
	benchRun(b, 200_000, func(t *catalog.Table) plan.Node {
		scan := some(t, 1, 2)
		scan.Filter = op(b, "<", slotOf(scan, 0), intConst(500))
		sum := agg(b, "sum", slotOf(scan, 1))
		return &plan.Aggregate{Base: plan.Base{Out: []plan.Field{{Type: sum.Func.Ret}}}, Input: scan, Aggs: []plan.AggCall{sum}}
	})
}

func BenchmarkGroupBy(b *testing.B) {
	for name, col := range map[string]int{"int": 1, "text": 3} {
		b.Run("key="+name, func(b *testing.B) {
			benchRun(b, 200_000, func(t *catalog.Table) plan.Node {
				scan := some(t, col, 2)
				sum := agg(b, "sum", slotOf(scan, 1))
				return &plan.Aggregate{
					Base: plan.Base{Out: []plan.Field{scan.Out[0], {Type: sum.Func.Ret}}}, Input: scan,
					Keys: []plan.Expr{slotOf(scan, 0)}, Aggs: []plan.AggCall{sum},
				}
			})
		})
	}
}

func BenchmarkHashJoin(b *testing.B) {
	benchRun(b, 200_000, func(t *catalog.Table) plan.Node {
		l, r := some(t, 0, 2), some(t, 0, 3)
		return &plan.HashJoin{
			Base: plan.Base{Out: append(append([]plan.Field(nil), l.Out...), r.Out...)}, Left: l, Right: r,
			LeftKeys: []plan.Expr{slotOf(l, 0)}, RightKeys: []plan.Expr{slotOf(r, 0)},
		}
	})
}

func BenchmarkSort(b *testing.B) {
	for name, limit := range map[string]int64{"all": -1, "top10": 10} {
		b.Run("rows="+name, func(b *testing.B) {
			benchRun(b, 200_000, func(t *catalog.Table) plan.Node {
				scan := some(t, 3, 2)
				return &plan.Sort{Base: plan.Base{Out: scan.Out}, Input: scan, Keys: []plan.SortKey{{Expr: slotOf(scan, 0)}, {Expr: slotOf(scan, 1), Desc: true}}, Limit: limit}
			})
		})
	}
}

// BenchmarkOperators leaves the store out: the rows are in memory.
func BenchmarkOperators(b *testing.B) {
	const n = 1 << 20
	rel := vec.NewBatch([]sqltype.Type{sqltype.TInt4, sqltype.TInt8})
	for i := range n {
		rel.Cols[0].I = append(rel.Cols[0].I, int64(i*7919%100_003))
		rel.Cols[1].I = append(rel.Cols[1].I, int64(i))
	}
	rel.Len = n
	fields := []plan.Field{{Name: "a", Type: sqltype.TInt4}, {Name: "b", Type: sqltype.TInt8}}
	in := &plan.Virtual{Base: plan.Base{Out: fields}, Cols: []int{0, 1}}
	sum := agg(b, "sum", slotOf(in, 1))
	sumOut := plan.Field{Type: sum.Func.Ret}
	nodes := map[string]plan.Node{
		"filter+sum": &plan.Aggregate{
			Base: plan.Base{Out: []plan.Field{sumOut}}, Aggs: []plan.AggCall{sum},
			Input: &plan.Filter{Base: plan.Base{Out: fields}, Input: in, Cond: op(b, "<", slotOf(in, 0), intConst(50_000))},
		},
		"group": &plan.Aggregate{
			Base: plan.Base{Out: []plan.Field{fields[0], sumOut}}, Input: in, Keys: []plan.Expr{slotOf(in, 0)}, Aggs: []plan.AggCall{sum},
		},
		"sort": &plan.Sort{Base: plan.Base{Out: fields}, Input: in, Keys: []plan.SortKey{{Expr: slotOf(in, 0)}}, Limit: -1},
		"topn": &plan.Sort{Base: plan.Base{Out: fields}, Input: in, Keys: []plan.SortKey{{Expr: slotOf(in, 0)}}, Limit: 100},
		"join": &plan.HashJoin{
			Base: plan.Base{Out: append(append([]plan.Field(nil), fields...), fields...)}, Left: in, Right: in,
			LeftKeys: []plan.Expr{slotOf(in, 1)}, RightKeys: []plan.Expr{slotOf(in, 1)},
		},
	}
	for _, name := range []string{"filter+sum", "group", "sort", "topn", "join"} {
		b.Run("op="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := &Context{Ctx: context.Background(), Env: &fn.Env{}, Virtual: columnSource{rel}, Memory: 1 << 40}
				if _, err := Run(c, nodes[name], nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// columnSource gives slices of a batch without copying.
type columnSource struct{ rows *vec.Batch }

func (s columnSource) OpenVirtual(context.Context, *Context, *plan.Virtual) (Operator, error) {
	return &columnFeed{rows: s.rows}, nil
}

type columnFeed struct {
	rows *vec.Batch
	at   int
}

func (f *columnFeed) Next(context.Context) (*vec.Batch, error) {
	n := min(vec.BatchSize, f.rows.Len-f.at)
	if n == 0 {
		return nil, nil
	}
	b := &vec.Batch{Len: n}
	for _, c := range f.rows.Cols {
		b.Cols = append(b.Cols, &vec.Vector{Type: c.Type, I: c.I[f.at : f.at+n]})
	}
	f.at += n
	return b, nil
}

func (f *columnFeed) Close() error { return nil }

func BenchmarkPointGet(b *testing.B) {
	s, tb := memoryStore(b), narrowTable()
	fill(b, s, tb, 100_000)
	scan := some(tb, 0, 1, 3)
	scan.Point = true
	scan.Ranges = []plan.KeyRange{{Eq: []plan.Expr{&plan.Param{Typ: sqltype.TInt8}}}}
	node := &plan.Project{Base: plan.Base{Out: scan.Out[1:]}, Input: scan, Exprs: []plan.Expr{slotOf(scan, 1), slotOf(scan, 2)}}
	env := &fn.Env{}
	b.ReportAllocs()
	i := int64(0)
	for b.Loop() {
		i = (i + 7919) % 100_000
		tx, err := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		n, err := Run(&Context{Ctx: context.Background(), Tx: tx, Env: env, Params: []Param{{sqltype.TInt8, sqltype.Datum{Int: i}}}}, node, nil)
		if n != 1 || err != nil {
			b.Fatal(n, err)
		}
		tx.Rollback()
	}
}
