package exec

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// manyTyped has a column of most types, and indexes of all shapes.
func manyTyped(hidden bool) *catalog.Table {
	cols := columns(
		catalog.Column{Name: "a", Type: sqltype.TInt4, NotNull: true}, catalog.Column{Name: "b", Type: sqltype.TText, NotNull: true},
		catalog.Column{Name: "n", Type: sqltype.TNumeric}, catalog.Column{Name: "f", Type: sqltype.TFloat8},
		catalog.Column{Name: "v", Type: sqltype.TInterval}, catalog.Column{Name: "c", Type: sqltype.Type{ID: sqltype.Bpchar, Mod: 5}},
		catalog.Column{Name: "arr", Type: sqltype.ArrayOf(sqltype.TInt4)}, catalog.Column{Name: "u", Type: sqltype.TInt8},
	)
	part := func(id catalog.ColumnID, desc bool) catalog.IndexColumn {
		return catalog.IndexColumn{Column: id, Type: cols[id-1].Type, Desc: desc, NullsFirst: desc}
	}
	primary := key(1, 2)
	if hidden {
		primary = key(catalog.RowID)
	}
	return newTable(10, "m", cols, primary,
		catalog.Index{Name: "m_n", Columns: []catalog.IndexColumn{part(3, false), part(1, true)}},
		catalog.Index{Name: "m_u", Unique: true, Columns: []catalog.IndexColumn{part(8, true)}, Include: []catalog.ColumnID{4}},
		catalog.Index{Name: "m_v", Columns: []catalog.IndexColumn{part(5, true), part(6, false)}},
		catalog.Index{Name: "m_f", Columns: []catalog.IndexColumn{part(4, false), part(7, false)}, Include: []catalog.ColumnID{8}},
	)
}

func manyRows(r *rand.Rand, n int) (rows []row) {
	for i := range n {
		x := row{
			{Int: int64(i % 40)}, {Str: fmt.Sprintf("k%d\x00", i)}, {Num: sqltype.NumScaled(int64(r.IntN(9))*10, r.IntN(2))},
			{Float: []float64{0, -1.5, 7, 1e300}[r.IntN(4)]}, {Ivl: sqltype.IntervalValue{Months: int32(r.IntN(2)), Days: int32(r.IntN(2)) * 30}},
			{Str: fmt.Sprintf("%-5d", r.IntN(4))}, {Any: &sqltype.ArrayValue{Elem: sqltype.TInt4, Dims: []int{1}, Lower: []int{1}, Vals: []sqltype.Datum{{Int: int64(r.IntN(3))}}}},
			{Int: int64(i * 3)},
		}
		for k := 2; k < len(x); k++ {
			if r.IntN(6) == 0 {
				x[k] = sqltype.NullDatum
			}
		}
		rows = append(rows, x)
	}
	return rows
}

// naiveRange is a condition that goes with a key range.
type naiveRange struct {
	r    plan.KeyRange
	keep func(r row) bool
}

// randomRange makes a range of an index from values of a row.
func randomRange(rng *rand.Rand, tb *catalog.Table, x *catalog.Index, rows []row) naiveRange {
	pivot, other := rows[rng.IntN(len(rows))], rows[rng.IntN(len(rows))]
	out := naiveRange{keep: func(row) bool { return true }}
	parts := len(x.Columns)
	eq := rng.IntN(parts + 1)
	constant := func(o int, r row) plan.Expr { return &plan.Const{Typ: tb.Columns[o].Type, Value: r[o]} }
	for _, p := range x.Columns[:eq] {
		o := tb.Ordinal(p.Column)
		out.r.Eq = append(out.r.Eq, constant(o, pivot))
		out.r.EqNull = append(out.r.EqNull, pivot[o].Null)
		prev, typ := out.keep, tb.Columns[o].Type
		out.keep = func(r row) bool { return prev(r) && compareCol(typ, r[o], pivot[o], false, false) == 0 }
	}
	if eq == parts {
		return out
	}
	p := x.Columns[eq]
	o := tb.Ordinal(p.Column)
	typ := tb.Columns[o].Type
	end := func(low bool, from row) {
		if from[o].Null || rng.IntN(3) == 0 {
			return
		}
		b := &plan.Bound{Vals: []plan.Expr{constant(o, from)}, Inclusive: rng.IntN(2) == 0}
		if low {
			out.r.Lower = b
		} else {
			out.r.Upper = b
		}
		prev := out.keep
		out.keep = func(r row) bool {
			if r[o].Null || !prev(r) {
				return false
			}
			c := compareCol(typ, r[o], from[o], p.Desc, false)
			if !low {
				c = -c
			}
			return c > 0 || c == 0 && b.Inclusive
		}
	}
	end(true, pivot)
	end(false, other)
	if rng.IntN(3) == 0 {
		out.r.NotNull = true
		prev := out.keep
		out.keep = func(r row) bool { return prev(r) && !r[o].Null }
	}
	return out
}

// TestScans compares ranges of all indexes, in both directions, with and without
// limit and filter, with a walk over the rows.
func TestScans(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		rng := seeded(t, 21)
		s, tb := memoryStore(t), manyTyped(hidden)
		rows := manyRows(rng, 600)
		_, n := do(t, s, &plan.Insert{Table: tb, Input: rowsNode(tableTypes(tb), rows...)})
		if n != 600 {
			t.Fatalf("inserted %d rows, want 600", n)
		}
		consistent(t, s, tb)
		scans := 600
		if testing.Short() { // as under the race detector
			scans = 100
		}
		for range scans {
			checkScan(t, rng, s, tb, rows)
		}
	}
}

func checkScan(t *testing.T, rng *rand.Rand, s *txn.Store, tb *catalog.Table, rows []row) {
	t.Helper()
	x := &tb.Indexes[rng.IntN(len(tb.Indexes))]
	if x.Columns[0].Column == catalog.RowID {
		return
	}
	n := scanOf(tb)
	n.Index, n.Fetch, n.Reverse = x, true, rng.IntN(2) == 0
	if rng.IntN(2) == 0 { // what the index holds
		n.Cols, n.Out, n.Fetch = nil, nil, false
		for o, c := range tb.Columns {
			if rowstore.Of(tb).Find(x.ID).Holds(o) {
				n.Cols, n.Out = append(n.Cols, o), append(n.Out, plan.Field{Name: c.Name, Type: c.Type})
			}
		}
	}
	var ranges []naiveRange
	for range rng.IntN(3) {
		ranges = append(ranges, randomRange(rng, tb, x, rows))
		n.Ranges = append(n.Ranges, ranges[len(ranges)-1].r)
	}
	var found []row
	for _, r := range rows {
		if len(ranges) == 0 || slices.ContainsFunc(ranges, func(nr naiveRange) bool { return nr.keep(r) }) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b row) int {
		for _, p := range x.Columns {
			o := tb.Ordinal(p.Column)
			if c := compareCol(tb.Columns[o].Type, a[o], b[o], p.Desc, p.NullsFirst); c != 0 {
				if n.Reverse {
					return -c
				}
				return c
			}
		}
		return 0
	})
	if rng.IntN(3) == 0 {
		n.Limit = int64(1 + rng.IntN(60))
	}
	var got []string
	var order []string
	err := s.View(context.Background(), func(tx *txn.Tx) (err error) {
		got, _, err = runIn(t, tx, n, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		var cut row
		for _, o := range n.Cols {
			cut = append(cut, r[o])
		}
		order = append(order, cut.text(n.Out))
	}
	total := len(order)
	if n.Limit > 0 {
		total = min(total, int(n.Limit))
	} else {
		got, order = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(order))
	}
	if len(got) != total || n.Limit == 0 && !slices.Equal(got, order) {
		t.Fatalf("index %s, reverse %t, limit %d, ranges %+v:\ngot  %q\nwant %q", x.Name, n.Reverse, n.Limit, n.Ranges, got, order)
	}
}

// TestScanOrder: rows come in the order of the index, or against it.
func TestScanOrder(t *testing.T) {
	s, tb := memoryStore(t), manyTyped(false)
	do(t, s, &plan.Insert{Table: tb, Input: rowsNode(tableTypes(tb), manyRows(seeded(t, 22), 400)...)})
	for i := range tb.Indexes {
		x := &tb.Indexes[i]
		for _, reverse := range []bool{false, true} {
			n := scanOf(tb)
			n.Index, n.Reverse = x, reverse
			err := s.View(context.Background(), func(tx *txn.Tx) error {
				all, err := runCollect(context.Background(), &Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}, n)
				if err != nil {
					return err
				}
				for r := 1; r < all.Len; r++ {
					if c := orderOf(tb, x, all, r-1, r); c > 0 != reverse && c != 0 {
						return fmt.Errorf("index %s, reverse %t: rows %d and %d are out of order", x.Name, reverse, r-1, r)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func orderOf(tb *catalog.Table, x *catalog.Index, b *vec.Batch, i, j int) int {
	for _, p := range x.Columns {
		o := tb.Ordinal(p.Column)
		if c := compareCol(tb.Columns[o].Type, b.Cols[o].Get(i), b.Cols[o].Get(j), p.Desc, p.NullsFirst); c != 0 {
			return c
		}
	}
	return 0
}

func TestPointScans(t *testing.T) {
	s, tb := memoryStore(t), manyTyped(false)
	rows := manyRows(seeded(t, 23), 100)
	do(t, s, &plan.Insert{Table: tb, Input: rowsNode(tableTypes(tb), rows...)})
	for i := range 2 {
		x := &tb.Indexes[2*i] // the primary one and m_u
		n := scanOf(tb)
		n.Index, n.Point, n.Fetch = x, true, true
		r := plan.KeyRange{}
		for k, p := range x.Columns {
			r.Eq = append(r.Eq, &plan.Param{Typ: p.Type, Index: k})
		}
		n.Ranges = []plan.KeyRange{r}
		for _, x0 := range append(rows, rows[0]) {
			params := make([]Param, len(x.Columns))
			null := false
			for k, p := range x.Columns {
				params[k].Datum = x0[tb.Ordinal(p.Column)]
				null = null || params[k].Datum.Null
			}
			err := s.View(context.Background(), func(tx *txn.Tx) error {
				got, _, err := runIn(t, tx, n, func(c *Context) { c.Params = params })
				want := []string{x0.text(n.Out)}
				if null {
					want = nil
				}
				if err == nil && !slices.Equal(got, want) {
					err = fmt.Errorf("index %s: got %q, want %q", x.Name, got, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
