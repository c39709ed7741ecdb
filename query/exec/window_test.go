package exec

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// ends are the kinds of frame ends with an offset of 2 where they have one.
func frameEnds(t *testing.T, start bool) []plan.FrameBound {
	plus, _, err := fn.ResolveOp("+", sqltype.TInt4, sqltype.TInt4)
	if err != nil {
		t.Fatal(err)
	}
	minus, _, err := fn.ResolveOp("-", sqltype.TInt4, sqltype.TInt4)
	if err != nil {
		t.Fatal(err)
	}
	out := []plan.FrameBound{
		{Kind: plan.CurrentRow}, {Kind: plan.Preceding, Offset: intConst(2), RangeFn: minus},
		{Kind: plan.Following, Offset: intConst(1), RangeFn: plus},
	}
	if start {
		return append(out, plan.FrameBound{Kind: plan.UnboundedPreceding})
	}
	return append(out, plan.FrameBound{Kind: plan.UnboundedFollowing})
}

// naiveFrame lists the rows of a partition, which is ordered by column 0, that are
// in the frame of row i.
func naiveFrame(f plan.Frame, part []row, i int) (out []int) {
	peer := func(j int) bool { return compareCol(sqltype.TInt4, part[i][0], part[j][0], false, false) == 0 }
	group := func(j int) (g int) {
		for k := 1; k <= j; k++ {
			if compareCol(sqltype.TInt4, part[k-1][0], part[k][0], false, false) != 0 {
				g++
			}
		}
		return g
	}
	// distance of row j from row i in the frame's unit; far where it has none.
	const far = 1 << 40
	distance := func(j int) int {
		switch f.Mode {
		case plan.FrameRows:
			return j - i
		case plan.FrameGroups:
			return group(j) - group(i)
		}
		a, b := part[i][0], part[j][0]
		switch {
		case peer(j):
			return 0
		case b.Null:
			return far
		case a.Null:
			return -far
		}
		return int(b.Int - a.Int)
	}
	offset := func(b plan.FrameBound) int {
		switch b.Kind {
		case plan.CurrentRow:
			return 0
		case plan.Preceding:
			if f.Mode == plan.FrameRange && part[i][0].Null {
				return 0
			}
			return -2
		case plan.Following:
			if f.Mode == plan.FrameRange && part[i][0].Null {
				return 0
			}
			return 1
		case plan.UnboundedPreceding:
			return -2 * far
		}
		return 2 * far
	}
	for j := range part {
		d := distance(j)
		switch {
		case d < offset(f.Start) || d > offset(f.End):
		case f.Exclude == 'c' && j == i, f.Exclude == 'g' && peer(j), f.Exclude == 't' && peer(j) && j != i:
		default:
			out = append(out, j)
		}
	}
	return out
}

// TestWindowFrames computes sum, count with a filter, array_agg, first_value,
// last_value and nth_value over all frames there are.
func TestWindowFrames(t *testing.T) {
	rng := seeded(t, 41)
	rel := random(rng, 70, 12)
	for i := range rel.rows { // the partition is column 4
		rel.rows[i][4].Int %= 3
	}
	slices.SortStableFunc(rel.rows, func(a, b row) int {
		if c := compareCol(sqltype.TInt4, a[4], b[4], false, false); c != 0 {
			return c
		}
		return compareCol(sqltype.TInt4, a[0], b[0], false, false)
	})
	sum, count, arr := agg(t, "sum", rel.slot(0)), agg(t, "count", rel.slot(1)), agg(t, "array_agg", rel.slot(1))
	for _, mode := range []plan.FrameMode{plan.FrameRange, plan.FrameRows, plan.FrameGroups} {
		for _, start := range frameEnds(t, true) {
			for _, end := range frameEnds(t, false) {
				for _, exclude := range []byte{0, 'c', 'g', 't'} {
					f := plan.Frame{Mode: mode, Start: start, End: end, Exclude: exclude}
					calls := []plan.WindowCall{
						{Agg: sum.Func, Args: sum.Args, Typ: sum.Func.Ret, Frame: f},
						{Agg: count.Func, Args: count.Args, Typ: count.Func.Ret, Frame: f, Filter: op(t, ">", rel.slot(0), intConst(0))},
						{Agg: arr.Func, Args: arr.Args, Typ: arr.Func.Ret, Frame: f},
						{Name: "first_value", Args: []plan.Expr{rel.slot(1)}, Typ: sqltype.TText, Frame: f},
						{Name: "last_value", Args: []plan.Expr{rel.slot(1)}, Typ: sqltype.TText, Frame: f},
						{Name: "nth_value", Args: []plan.Expr{rel.slot(1), intConst(2)}, Typ: sqltype.TText, Frame: f},
					}
					t.Run(fmt.Sprintf("mode=%d,%d..%d,exclude=%d", mode, start.Kind, end.Kind, exclude), func(t *testing.T) {
						checkWindow(t, rel, calls, func(part []row, i int) row { return naiveFrameCalls(part, naiveFrame(f, part, i)) })
					})
				}
			}
		}
	}
}

func naiveFrameCalls(part []row, in []int) row {
	sum, filtered := sqltype.NullDatum, int64(0)
	list := &sqltype.ArrayValue{Elem: sqltype.TText}
	for _, j := range in {
		r := part[j]
		if !r[0].Null {
			sum = sqltype.Datum{Int: sum.Int + r[0].Int}
			if r[0].Int > 0 && !r[1].Null {
				filtered++
			}
		}
		list.Vals = append(list.Vals, r[1])
	}
	out := row{sum, {Int: filtered}, {Any: list}, sqltype.NullDatum, sqltype.NullDatum, sqltype.NullDatum}
	if len(in) == 0 {
		out[2] = sqltype.NullDatum
		return out
	}
	list.Dims, list.Lower = []int{len(in)}, []int{1}
	out[3], out[4] = part[in[0]][1], part[in[len(in)-1]][1]
	if len(in) > 1 {
		out[5] = part[in[1]][1]
	}
	return out
}

// checkWindow runs calls over partitions by column 4 in the order of column 0.
func checkWindow(t *testing.T, rel relation, calls []plan.WindowCall, naive func(part []row, i int) row) {
	t.Helper()
	n := &plan.Window{
		Base: plan.Base{Out: rel.fields()}, Input: rel.in("r"), Partition: []plan.Expr{rel.slot(4)},
		Order: []plan.SortKey{{Expr: rel.slot(0)}}, Calls: calls,
	}
	for _, c := range calls {
		n.Out = append(n.Out, plan.Field{Type: c.Typ})
	}
	var want []row
	for from := 0; from < len(rel.rows); {
		to := from
		for to < len(rel.rows) && rel.rows[to][4].Int == rel.rows[from][4].Int {
			to++
		}
		for i := range to - from {
			want = append(want, slices.Concat(rel.rows[from+i], naive(rel.rows[from:to], i)))
		}
		from = to
	}
	verify(t, map[string]relation{"r": rel}, n, want, true)
}

// TestWindowRanks are the functions that do not look at the frame.
func TestWindowRanks(t *testing.T) {
	rel := random(seeded(t, 42), 300, 9)
	for i := range rel.rows {
		rel.rows[i][4].Int %= 4
	}
	slices.SortStableFunc(rel.rows, func(a, b row) int {
		if c := compareCol(sqltype.TInt4, a[4], b[4], false, false); c != 0 {
			return c
		}
		return compareCol(sqltype.TInt4, a[0], b[0], false, false)
	})
	text := rel.slot(1)
	calls := []plan.WindowCall{
		{Name: "row_number", Typ: sqltype.TInt8}, {Name: "rank", Typ: sqltype.TInt8}, {Name: "dense_rank", Typ: sqltype.TInt8},
		{Name: "percent_rank", Typ: sqltype.TFloat8}, {Name: "cume_dist", Typ: sqltype.TFloat8},
		{Name: "ntile", Args: []plan.Expr{intConst(7)}, Typ: sqltype.TInt4},
		{Name: "lag", Args: []plan.Expr{text}, Typ: sqltype.TText},
		{Name: "lead", Args: []plan.Expr{text, rel.slot(0), &plan.Const{Typ: sqltype.TText, Value: sqltype.Datum{Str: "none"}}}, Typ: sqltype.TText},
	}
	checkWindow(t, rel, calls, func(part []row, i int) row {
		before, upTo, groups := 0, 0, map[string]bool{}
		for j, r := range part {
			c := compareCol(sqltype.TInt4, r[0], part[i][0], false, false)
			before += int(b2i(c < 0))
			upTo += int(b2i(c <= 0))
			if c <= 0 {
				groups[showValue(sqltype.TInt4, part[j][0])] = true
			}
		}
		bucket, left := 0, i // the first len%7 buckets have one row more
		for size := 0; ; bucket++ {
			if size = len(part) / 7; bucket < len(part)%7 {
				size++
			}
			if left < size {
				break
			}
			left -= size
		}
		out := row{
			{Int: int64(i + 1)}, {Int: int64(before + 1)}, {Int: int64(len(groups))}, {Float: float64(before) / float64(len(part)-1)},
			{Float: float64(upTo) / float64(len(part))}, {Int: int64(bucket + 1)}, sqltype.NullDatum, {Str: "none"},
		}
		if i > 0 {
			out[6] = part[i-1][1]
		}
		switch at := i + int(part[i][0].Int); {
		case part[i][0].Null:
			out[7] = sqltype.NullDatum
		case at >= 0 && at < len(part):
			out[7] = part[at][1]
		}
		return out
	})
}
