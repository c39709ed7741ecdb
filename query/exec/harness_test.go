package exec

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// The harness runs one plan over the same rows in many shapes: batches of
// different sizes, with and without dead rows between the live ones, with values that
// stand for all rows as constants, with and without memory. The rows that come out
// must be those of a naive implementation every time, and every batch must keep the
// contract of Operator.

type row []sqltype.Datum

// relation is test data.
type relation struct {
	types []sqltype.Type
	rows  []row
}

func (r relation) fields() []plan.Field {
	out := make([]plan.Field, len(r.types))
	for i, t := range r.types {
		out[i] = plan.Field{Name: fmt.Sprintf("c%d", i), Type: t}
	}
	return out
}

// shape is how a relation arrives.
type shape struct {
	batch  int
	dead   bool // dead rows between the live ones
	memory int64
}

var shapes = []shape{
	{1, false, 0}, {3, true, 0}, {1024, false, 0}, {1024, true, 0}, {7, true, 12_000}, {1024, false, 4_000},
}

func (s shape) String() string {
	return fmt.Sprintf("batch=%d,dead=%t,memory=%d", s.batch, s.dead, s.memory)
}

// sources opens relations by name.
type sources struct {
	rels  map[string]relation
	shape shape
}

func (s *sources) OpenVirtual(_ context.Context, _ *Context, n *plan.Virtual) (Operator, error) {
	return &feed{rel: s.rels[n.Object], shape: s.shape}, nil
}

// feed gives a relation in a shape.
type feed struct {
	rel    relation
	shape  shape
	at     int
	closed bool
}

func (f *feed) Next(context.Context) (*vec.Batch, error) {
	n := min(len(f.rel.rows)-f.at, f.shape.batch)
	if n <= 0 || f.closed {
		return nil, nil
	}
	b := vec.NewBatch(f.rel.types)
	if f.shape.dead {
		b.Sel = []int32{}
	}
	for _, r := range f.rel.rows[f.at : f.at+n] {
		if f.shape.dead {
			b.Sel = append(b.Sel, int32(b.Len))
			if (f.at+b.Len)%3 == 0 {
				b.Sel[len(b.Sel)-1]++
				f.add(b, nil)
			}
		}
		f.add(b, r)
	}
	f.at += n
	return b, nil
}

// add appends a row, or for nil a dead one whose values no operator may look at.
func (f *feed) add(b *vec.Batch, r row) {
	for k, col := range b.Cols {
		if r == nil {
			col.AppendDatum(sqltype.Datum{Int: 0, Str: "dead", Float: math.NaN()})
		} else {
			col.AppendDatum(r[k])
		}
	}
	b.Len++
}

func (f *feed) Close() error { f.closed = true; return nil }

// in is a plan node that reads a relation of the sources.
func (r relation) in(name string) plan.Node {
	cols := make([]int, len(r.types))
	return &plan.Virtual{Base: plan.Base{Out: r.fields()}, Object: name, Cols: cols}
}

// drain runs a plan to its end, checking the contract.
func drain(t *testing.T, c *Context, n plan.Node) ([]row, error) {
	t.Helper()
	op, err := Build(c, n)
	if err != nil {
		return nil, err
	}
	defer func() {
		for range 2 {
			if err := op.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
		if err := firstError(c.dropKept(), c.closeSpill()); err != nil {
			t.Fatal(err)
		}
		if c.mem.used != 0 {
			t.Errorf("%d bytes are still reserved after Close", c.mem.used)
		}
	}()
	var out []row
	for {
		b, err := op.Next(context.Background())
		if err != nil {
			return nil, err
		}
		if b == nil {
			break
		}
		checkBatch(t, n, b)
		for _, i := range live(b) {
			r := make(row, len(b.Cols))
			for k, col := range b.Cols {
				r[k] = col.Get(int(i))
			}
			out = append(out, r)
		}
	}
	for range 2 {
		if b, err := op.Next(context.Background()); b != nil || err != nil {
			t.Fatalf("Next after the end gave %v, %v", b, err)
		}
	}
	return out, nil
}

func checkBatch(t *testing.T, n plan.Node, b *vec.Batch) {
	t.Helper()
	if b.Rows() == 0 {
		t.Fatal("a batch without rows")
	}
	if len(b.Cols) != len(n.Fields()) {
		t.Fatalf("got %d columns, want %d", len(b.Cols), len(n.Fields()))
	}
	last := int32(-1)
	for _, i := range b.Sel {
		if i <= last || int(i) >= b.Len {
			t.Fatalf("selection %v of %d rows is not ascending within them", b.Sel, b.Len)
		}
		last = i
	}
	for k, col := range b.Cols {
		if !col.Const && col.Len() < b.Len || col.Const && col.Len() < 1 {
			t.Fatalf("column %d has %d rows of %d", k, col.Len(), b.Len)
		}
		if col.Type.Phys() != n.Fields()[k].Type.Phys() {
			t.Fatalf("column %d is of type %v, want %v", k, col.Type, n.Fields()[k].Type)
		}
	}
}

func (r row) text(types []plan.Field) string {
	var b strings.Builder
	for i, d := range r {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(showValue(types[i].Type, d))
	}
	return b.String()
}

func texts(rows []row, fields []plan.Field, sorted bool) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.text(fields)
	}
	if sorted {
		sort.Strings(out)
	}
	return out
}

// verify runs a plan over relations in all shapes and compares its rows.
func verify(t *testing.T, rels map[string]relation, n plan.Node, want []row, ordered bool) {
	t.Helper()
	wants := texts(want, n.Fields(), !ordered)
	for _, s := range shapes {
		c := &Context{Env: &fn.Env{}, Virtual: &sources{rels, s}, Memory: s.memory, SpillDir: t.TempDir()}
		got, err := drain(t, c, n)
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		gots := texts(got, n.Fields(), !ordered)
		if !slices.Equal(gots, wants) {
			t.Fatalf("%v:\ngot  %s\nwant %s", s, clip(gots), clip(wants))
		}
	}
}

func clip(rows []string) string {
	more := ""
	if len(rows) > 30 {
		rows, more = rows[:30], "…"
	}
	return fmt.Sprintf("%q%s", rows, more)
}

// random makes rows of int4, text, numeric and float8 with few different values,
// NULLs, and values that are equal without being the same.
func random(r *rand.Rand, n, spread int) relation {
	rel := relation{types: []sqltype.Type{sqltype.TInt4, sqltype.TText, sqltype.TNumeric, sqltype.TFloat8, sqltype.TInt4}}
	for i := range n {
		row := make(row, 5)
		v := int64(r.IntN(spread)) - int64(spread/2)
		row[0] = sqltype.Datum{Int: v}
		row[1] = sqltype.Datum{Str: strings.Repeat("x", r.IntN(3)) + fmt.Sprint(r.IntN(spread))}
		row[2] = sqltype.Datum{Num: sqltype.NumInt(int64(r.IntN(spread)))}
		if r.IntN(2) == 0 {
			row[2].Num = sqltype.NumScaled(int64(r.IntN(spread))*100, 2)
		}
		row[3] = sqltype.Datum{Float: []float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1), -7}[r.IntN(6)]}
		row[4] = sqltype.Datum{Int: int64(i)}
		for k := range 4 {
			if r.IntN(8) == 0 {
				row[k] = sqltype.NullDatum
			}
		}
		rel.rows = append(rel.rows, row)
	}
	return rel
}

func (r relation) slot(i int) *plan.Slot { return &plan.Slot{Typ: r.types[i], Index: i} }

func op(t testing.TB, name string, l, r plan.Expr) plan.Expr {
	t.Helper()
	f, _, err := fn.ResolveOp(name, l.Type(), r.Type())
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Call{Typ: f.Ret, Func: f, Args: []plan.Expr{l, r}, Op: true}
}

func intConst(v int64) plan.Expr {
	return &plan.Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: v}}
}

// compareRows is the order of sort keys on single columns.
func compareCol(t sqltype.Type, a, b sqltype.Datum, desc, nullsFirst bool) int {
	switch {
	case a.Null && b.Null:
		return 0
	case a.Null:
		if nullsFirst {
			return -1
		}
		return 1
	case b.Null:
		if nullsFirst {
			return 1
		}
		return -1
	}
	c := sqltype.Compare(t, a, b)
	if desc {
		return -c
	}
	return c
}

func sameKey(types []sqltype.Type, a, b row, cols []int) bool {
	for _, k := range cols {
		if a[k].Null != b[k].Null || !a[k].Null && sqltype.Compare(types[k], a[k], b[k]) != 0 {
			return false
		}
	}
	return true
}

func seeded(t testing.TB, seed uint64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}
