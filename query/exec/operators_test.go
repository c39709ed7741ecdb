package exec

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

func TestFilterAndProject(t *testing.T) {
	rel := random(seeded(t, 1), 2500, 20)
	sum := op(t, "+", rel.slot(0), rel.slot(4))
	cond := &plan.Or{Args: []plan.Expr{op(t, ">", rel.slot(0), intConst(3)), &plan.IsNull{Arg: rel.slot(1)}}}
	n := &plan.Project{
		Base:  plan.Base{Out: []plan.Field{{Name: "s", Type: sum.Type()}, {Name: "k", Type: sqltype.TInt4}}},
		Input: &plan.Filter{Base: plan.Base{Out: rel.fields()}, Input: rel.in("r"), Cond: cond},
		Exprs: []plan.Expr{sum, intConst(9)},
	}
	var want []row
	for _, r := range rel.rows {
		if r[1].Null || !r[0].Null && r[0].Int > 3 {
			s := sqltype.Datum{Int: r[0].Int + r[4].Int, Null: r[0].Null}
			want = append(want, row{s, {Int: 9}})
		}
	}
	verify(t, map[string]relation{"r": rel}, n, want, true)
}

// TestDeadRowsAreNotEvaluated: only rows that a condition lets through are divided.
func TestDeadRowsAreNotEvaluated(t *testing.T) {
	rel := random(seeded(t, 2), 500, 6)
	div := op(t, ">", op(t, "/", intConst(10), rel.slot(0)), intConst(2))
	guard := op(t, "<>", rel.slot(0), intConst(0))
	zero := op(t, "=", rel.slot(0), intConst(0))
	for name, cond := range map[string]plan.Expr{
		"and":  &plan.And{Args: []plan.Expr{guard, div}},
		"or":   &plan.Or{Args: []plan.Expr{zero, div}},
		"case": &plan.Case{Typ: sqltype.TBool, Conds: []plan.Expr{guard}, Results: []plan.Expr{div}},
	} {
		t.Run(name, func(t *testing.T) {
			n := &plan.Filter{Base: plan.Base{Out: rel.fields()}, Input: rel.in("r"), Cond: cond}
			var want []row
			for _, r := range rel.rows {
				v := r[0].Int
				if !r[0].Null && (v != 0 && 10/v > 2 || v == 0 && name == "or") {
					want = append(want, r)
				}
			}
			verify(t, map[string]relation{"r": rel}, n, want, true)
		})
	}
}

func TestSort(t *testing.T) {
	rel := random(seeded(t, 3), 3000, 12)
	for _, limit := range []int64{-1, 0, 1, 10, 2000, 5000} {
		for _, prefix := range []int{0, 1} {
			t.Run(fmt.Sprintf("limit=%d,prefix=%d", limit, prefix), func(t *testing.T) {
				keys := []plan.SortKey{{Expr: rel.slot(1)}, {Expr: rel.slot(2), Desc: true, NullsFirst: true}, {Expr: rel.slot(3), NullsFirst: true}}
				less := func(k int) func(a, b row) int {
					return func(a, b row) int {
						for i, key := range keys[:k] {
							col := i + 1
							if c := compareCol(rel.types[col], a[col], b[col], key.Desc, key.NullsFirst); c != 0 {
								return c
							}
						}
						return 0
					}
				}
				in := relation{rel.types, slices.Clone(rel.rows)}
				slices.SortStableFunc(in.rows, less(prefix))
				want := slices.Clone(in.rows)
				slices.SortStableFunc(want, less(3))
				if limit >= 0 {
					want = want[:min(int(limit), len(want))]
				}
				n := &plan.Sort{Base: plan.Base{Out: rel.fields()}, Input: in.in("r"), Keys: keys, Limit: limit, Prefix: prefix}
				verify(t, map[string]relation{"r": in}, n, want, true)
			})
		}
	}
}

func TestLimit(t *testing.T) {
	rel := random(seeded(t, 4), 300, 5)
	slices.SortStableFunc(rel.rows, func(a, b row) int { return compareCol(sqltype.TInt4, a[0], b[0], false, false) })
	for _, c := range []struct {
		offset, count int
		ties          bool
	}{{0, 10, false}, {5, 0, false}, {250, 100, false}, {400, 5, false}, {3, -1, false}, {0, 1, true}, {7, 50, true}, {0, 0, true}} {
		n := &plan.Limit{Base: plan.Base{Out: rel.fields()}, Input: rel.in("r"), Offset: intConst(int64(c.offset)), WithTies: c.ties}
		from := min(c.offset, len(rel.rows))
		to := len(rel.rows)
		if c.count >= 0 {
			n.Count = intConst(int64(c.count))
			to = min(from+c.count, to)
		}
		if c.ties {
			n.Ties = []plan.Expr{rel.slot(0)}
			for to > from && to < len(rel.rows) && sameKey(rel.types, rel.rows[to-1], rel.rows[to], []int{0}) {
				to++
			}
		}
		t.Run(fmt.Sprint(c), func(t *testing.T) { verify(t, map[string]relation{"r": rel}, n, rel.rows[from:to], true) })
	}
}

func TestDistinctAndSetOps(t *testing.T) {
	rng := seeded(t, 5)
	l, r := narrow(random(rng, 700, 4)), narrow(random(rng, 500, 4))
	rels := map[string]relation{"l": l, "r": r}
	count := func(rows []row, x row) (n int) {
		for _, y := range rows {
			if sameKey(l.types, x, y, []int{0, 1}) {
				n++
			}
		}
		return n
	}
	unique := func(rows []row) (out []row) {
		for _, x := range rows {
			if count(out, x) == 0 {
				out = append(out, x)
			}
		}
		return out
	}
	base := plan.Base{Out: l.fields()}
	verify(t, rels, &plan.Distinct{Base: base, Input: l.in("l")}, unique(l.rows), true)
	both := append(slices.Clone(l.rows), r.rows...)
	for _, kind := range []plan.SetOpKind{plan.Union, plan.Intersect, plan.Except} {
		for _, all := range []bool{false, true} {
			var want []row
			switch {
			case kind == plan.Union && all:
				want = both
			case kind == plan.Union:
				want = unique(both)
			case !all:
				for _, x := range unique(l.rows) {
					if (count(r.rows, x) > 0) == (kind == plan.Intersect) {
						want = append(want, x)
					}
				}
			default:
				for _, x := range unique(l.rows) {
					a, b := count(l.rows, x), count(r.rows, x)
					n := min(a, b)
					if kind == plan.Except {
						n = max(a-b, 0)
					}
					for range n {
						want = append(want, x)
					}
				}
			}
			t.Run(fmt.Sprintf("kind=%d,all=%t", kind, all), func(t *testing.T) {
				verify(t, rels, &plan.SetOp{Base: base, Kind: kind, All: all, Left: l.in("l"), Right: r.in("r")}, want, false)
			})
		}
	}
}

// narrow keeps the two columns of which equal values are the same.
func narrow(r relation) relation {
	out := relation{types: []sqltype.Type{r.types[0], r.types[1]}}
	for _, x := range r.rows {
		out.rows = append(out.rows, x[:2])
	}
	return out
}

func agg(t testing.TB, name string, args ...plan.Expr) plan.AggCall {
	t.Helper()
	types := make([]sqltype.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	f, _, err := fn.ResolveAgg(name, types)
	if err != nil {
		t.Fatal(err)
	}
	return plan.AggCall{Func: f, Args: args}
}

// group is a naive group of rows.
type group struct {
	key  row
	rows []row
}

func groupBy(rel relation, cols []int) (out []*group) {
	for _, r := range rel.rows {
		var g *group
		for _, x := range out {
			if sameKey(rel.types, x.key, r, cols) {
				g = x
				break
			}
		}
		if g == nil {
			g = &group{key: r}
			out = append(out, g)
		}
		g.rows = append(g.rows, r)
	}
	return out
}

// TestAggregate groups by keys of every kind of table: an integer, a string, and
// what has to be encoded; by sets of them; and without any.
func TestAggregate(t *testing.T) {
	rel := random(seeded(t, 6), 2000, 30)
	filtered := agg(t, "count")
	filtered.Star, filtered.Filter = true, op(t, ">", rel.slot(0), intConst(0))
	distinct := agg(t, "count", rel.slot(0))
	distinct.Distinct = true
	ordered := agg(t, "array_agg", rel.slot(4))
	ordered.Order = []plan.SortKey{{Expr: rel.slot(4), Desc: true}}
	calls := []plan.AggCall{agg(t, "count"), agg(t, "sum", rel.slot(4)), filtered, distinct, ordered, agg(t, "max", rel.slot(1))}
	calls[0].Star = true
	for _, sets := range [][][]int{{{0}}, {{1}}, {{2}}, {{3}}, {{0, 1}}, {{}}, {{0, 1}, {0}, {}}} {
		for _, empty := range []bool{false, true} {
			in := rel
			if empty {
				in = relation{types: rel.types}
			}
			t.Run(fmt.Sprintf("sets=%v,empty=%t", sets, empty), func(t *testing.T) { checkAggregate(t, in, calls, sets) })
		}
	}
}

func checkAggregate(t *testing.T, in relation, calls []plan.AggCall, sets [][]int) {
	n := &plan.Aggregate{Input: in.in("r"), Aggs: calls}
	keys := sets[0]
	for _, k := range keys {
		n.Keys = append(n.Keys, in.slot(k))
		n.Out = append(n.Out, plan.Field{Type: in.types[k]})
	}
	for _, c := range calls {
		n.Out = append(n.Out, plan.Field{Type: c.Func.Ret})
	}
	if len(sets) > 1 {
		n.Sets = nil
		n.Sets = append(n.Sets, sets...) // key numbers are column numbers here
		all := make([]int, len(keys))
		for i := range all {
			all[i] = i
		}
		n.Grouping = [][]int{all}
		n.Out = append(n.Out, plan.Field{Type: sqltype.TInt4})
	}
	var want []row
	for _, set := range sets {
		groups := groupBy(in, set)
		if len(set) == 0 && len(groups) == 0 {
			groups = []*group{{}}
		}
		for _, g := range groups {
			var out row
			bits := int64(0)
			for _, k := range keys {
				v := sqltype.NullDatum
				if slices.Contains(set, k) {
					v, bits = g.key[k], bits<<1
				} else {
					bits = bits<<1 | 1
				}
				out = append(out, v)
			}
			out = append(out, naive(g.rows)...)
			if len(sets) > 1 {
				out = append(out, sqltype.Datum{Int: bits})
			}
			want = append(want, out)
		}
	}
	verify(t, map[string]relation{"r": in}, n, want, false)
}

// naive computes the aggregates of TestAggregate.
func naive(rows []row) row {
	sum, filtered := int64(0), int64(0)
	seen := map[int64]bool{}
	arr := &sqltype.ArrayValue{Elem: sqltype.TInt4}
	top := sqltype.NullDatum
	for i := len(rows) - 1; i >= 0; i-- {
		r := rows[i]
		sum += r[4].Int
		if !r[0].Null {
			seen[r[0].Int] = true
			if r[0].Int > 0 {
				filtered++
			}
		}
		arr.Vals = append(arr.Vals, r[4])
		if !r[1].Null && (top.Null || r[1].Str > top.Str) {
			top = r[1]
		}
	}
	arr.Dims, arr.Lower = []int{len(arr.Vals)}, []int{1}
	out := row{{Int: int64(len(rows))}, {Int: sum}, {Int: filtered}, {Int: int64(len(seen))}, {Any: arr}, top}
	if len(rows) == 0 {
		out[1], out[4] = sqltype.NullDatum, sqltype.NullDatum
	}
	return out
}

// TestSortedAggregate gives groups out while its input goes on.
func TestSortedAggregate(t *testing.T) {
	rel := random(seeded(t, 8), 9000, 40_000)
	slices.SortStableFunc(rel.rows, func(a, b row) int { return compareCol(sqltype.TInt4, a[0], b[0], false, false) })
	count := agg(t, "count")
	count.Star = true
	n := &plan.Aggregate{
		Base:  plan.Base{Out: []plan.Field{{Type: sqltype.TInt4}, {Type: sqltype.TInt8}}},
		Input: rel.in("r"), Keys: []plan.Expr{rel.slot(0)}, Aggs: []plan.AggCall{count}, Sorted: true,
	}
	var want []row
	for _, r := range rel.rows {
		if k := len(want); k > 0 && sameKey(rel.types, row{want[k-1][0]}, r, []int{0}) {
			want[k-1][1].Int++
		} else {
			want = append(want, row{r[0], {Int: 1}})
		}
	}
	verify(t, map[string]relation{"r": rel}, n, want, true)
}

func TestScalarSubqueryOfTwoRowsFails(t *testing.T) {
	rel := random(seeded(t, 7), 2, 3)
	sub := &plan.SubPlan{Typ: sqltype.TInt4, Kind: plan.SubScalar, Plan: rel.in("r")}
	n := &plan.Project{
		Base:  plan.Base{Out: []plan.Field{{Type: sqltype.TInt4}}},
		Input: &plan.Values{Rows: [][]plan.Expr{{}}}, Exprs: []plan.Expr{sub},
	}
	c := &Context{Env: &fn.Env{}, Virtual: &sources{map[string]relation{"r": rel}, shapes[0]}}
	_, err := drain(t, c, n)
	wantState(t, err, "21000")
}

func TestNaNAndZeroAreOneKeyEach(t *testing.T) {
	rel := relation{types: []sqltype.Type{sqltype.TFloat8}}
	for _, f := range []float64{0, math.Copysign(0, -1), math.NaN(), -math.NaN()} {
		rel.rows = append(rel.rows, row{{Float: f}})
	}
	count := agg(t, "count")
	count.Star = true
	n := &plan.Aggregate{
		Base:  plan.Base{Out: []plan.Field{{Type: sqltype.TFloat8}, {Type: sqltype.TInt8}}},
		Input: rel.in("r"), Keys: []plan.Expr{rel.slot(0)}, Aggs: []plan.AggCall{count},
	}
	verify(t, map[string]relation{"r": rel}, n, []row{{{Float: 0}, {Int: 2}}, {{Float: math.NaN()}, {Int: 2}}}, true)
}
