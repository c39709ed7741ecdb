package exec

import (
	"fmt"
	"testing"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// TestSubPlans compares every kind of subquery, correlated or not, with a walk
// over the inner rows.
func TestSubPlans(t *testing.T) {
	rng := seeded(t, 51)
	outer, inner := random(rng, 120, 30), random(rng, 25, 30)
	inner.rows[3][0] = sqltype.NullDatum
	noNull := relation{types: inner.types}
	for _, r := range inner.rows {
		if !r[0].Null {
			noNull.rows = append(noNull.rows, r)
		}
	}
	rels := map[string]relation{"o": outer, "nulls": inner, "clean": noNull, "none": {types: inner.types}}
	for name, rel := range rels {
		if name == "o" {
			continue
		}
		for _, correlated := range []bool{false, true} {
			for _, kind := range []plan.SubPlanKind{plan.SubExists, plan.SubAny, plan.SubAll, plan.SubArray} {
				for _, hashable := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s,correlated=%t,kind=%d,hash=%t", name, correlated, kind, hashable), func(t *testing.T) {
						checkSubPlan(t, rels, outer, rel, name, kind, correlated, hashable)
					})
				}
			}
		}
	}
}

func checkSubPlan(t *testing.T, rels map[string]relation, outer, inner relation, name string, kind plan.SubPlanKind, correlated, hashable bool) {
	one := plan.Base{Out: inner.fields()[:1]}
	var in plan.Node = inner.in(name)
	sub := &plan.SubPlan{Typ: sqltype.TBool, Kind: kind, Hashable: hashable && !correlated}
	if correlated {
		sub.Args, sub.Regs = []plan.Expr{outer.slot(4)}, []int{3}
		in = &plan.Filter{Base: plan.Base{Out: inner.fields()}, Input: in, Cond: op(t, "<", inner.slot(4), &plan.Outer{Typ: sqltype.TInt4, Index: 3})}
	}
	sub.Plan = &plan.Project{Base: one, Input: in, Exprs: []plan.Expr{inner.slot(0)}}
	switch kind {
	case plan.SubArray:
		sub.Typ = sqltype.ArrayOf(sqltype.TInt4)
	case plan.SubAny, plan.SubAll:
		sub.Left = []plan.Expr{outer.slot(0)}
		sub.Test = op(t, "=", inner.slot(0), &plan.Slot{Typ: sqltype.TInt4, Index: 1})
	}
	n := &plan.Project{Base: plan.Base{Out: []plan.Field{{Type: sqltype.TInt4}, {Type: sub.Typ}}}, Input: outer.in("o"), Exprs: []plan.Expr{outer.slot(0), sub}}
	var want []row
	for _, o := range outer.rows {
		var vals []sqltype.Datum
		for _, r := range inner.rows {
			if !correlated || r[4].Int < o[4].Int {
				vals = append(vals, r[0])
			}
		}
		want = append(want, row{o[0], naiveSub(kind, o[0], vals)})
	}
	verify(t, rels, n, want, true)
}

func naiveSub(kind plan.SubPlanKind, left sqltype.Datum, vals []sqltype.Datum) sqltype.Datum {
	equal, unknown := 0, 0
	for _, v := range vals {
		switch {
		case v.Null || left.Null:
			unknown++
		case v.Int == left.Int:
			equal++
		}
	}
	switch kind {
	case plan.SubExists:
		return sqltype.Datum{Int: b2i(len(vals) > 0)}
	case plan.SubArray:
		a := &sqltype.ArrayValue{Elem: sqltype.TInt4, Vals: vals}
		if len(vals) > 0 {
			a.Dims, a.Lower = []int{len(vals)}, []int{1}
		}
		return sqltype.Datum{Any: a}
	case plan.SubAny:
		if equal == 0 && unknown > 0 {
			return sqltype.NullDatum
		}
		return sqltype.Datum{Int: b2i(equal > 0)}
	}
	if equal+unknown < len(vals) {
		return sqltype.Datum{}
	}
	if unknown > 0 {
		return sqltype.NullDatum
	}
	return sqltype.Datum{Int: 1}
}

// TestIn compares lists of constants, with a hash, and of other expressions.
func TestIn(t *testing.T) {
	rel := random(seeded(t, 52), 200, 8)
	for _, withNull := range []bool{false, true} {
		for _, withSlot := range []bool{false, true} {
			for _, not := range []bool{false, true} {
				eq := op(t, "=", rel.slot(0), rel.slot(0)).(*plan.Call).Func
				in := &plan.In{Arg: rel.slot(0), List: []plan.Expr{intConst(1), intConst(-2)}, Not: not, Eq: eq}
				if withNull {
					in.List = append(in.List, &plan.Const{Typ: sqltype.TInt4, Value: sqltype.NullDatum})
				}
				if withSlot {
					in.List = append(in.List, op(t, "-", rel.slot(4), intConst(100)))
				}
				n := &plan.Project{Base: plan.Base{Out: []plan.Field{{Type: sqltype.TBool}}}, Input: rel.in("r"), Exprs: []plan.Expr{in}}
				var want []row
				for _, r := range rel.rows {
					d := sqltype.Datum{Int: b2i(not)}
					switch v := r[0].Int; {
					case r[0].Null:
						d = sqltype.NullDatum
					case v == 1 || v == -2 || withSlot && v == r[4].Int-100:
						d.Int = 1 - d.Int
					case withNull:
						d = sqltype.NullDatum
					}
					want = append(want, row{d})
				}
				verify(t, map[string]relation{"r": rel}, n, want, true)
			}
		}
	}
}

// TestRecursiveCTE counts, with and without duplicates, and stops where nobody
// asks for more.
func TestRecursiveCTE(t *testing.T) {
	base := plan.Base{Out: []plan.Field{{Type: sqltype.TInt4}}}
	start := rowsNode([]sqltype.Type{sqltype.TInt4}, row{{Int: 1}}, row{{Int: 1}})
	slot := &plan.Slot{Typ: sqltype.TInt4}
	work := &plan.WorkScan{Base: base, ID: 7}
	next := &plan.Project{Base: base, Input: work, Exprs: []plan.Expr{op(t, "+", slot, intConst(1))}}
	bounded := &plan.Filter{Base: base, Input: next, Cond: op(t, "<", slot, intConst(4))}
	scan := &plan.CTEScan{Base: base, ID: 7}
	ints := func(list ...int64) (rows []row) {
		for _, v := range list {
			rows = append(rows, row{{Int: v}})
		}
		return rows
	}
	verify(t, nil, &plan.CTE{Base: base, ID: 7, Recursive: true, Plan: start, Step: bounded, Body: scan}, ints(1, 1, 2, 2, 3, 3), true)
	verify(t, nil, &plan.CTE{Base: base, ID: 7, Recursive: true, Union: true, Plan: start, Step: bounded, Body: scan}, ints(1, 2, 3), true)
	endless := &plan.CTE{Base: base, ID: 7, Recursive: true, Union: true, Plan: start, Step: next, Body: &plan.Limit{Base: base, Input: scan, Count: intConst(5)}}
	verify(t, nil, endless, ints(1, 2, 3, 4, 5), true)
	twice := &plan.Append{Base: base, Inputs: []plan.Node{scan, scan}}
	verify(t, nil, &plan.CTE{Base: base, ID: 7, Plan: start, Body: twice}, ints(1, 1, 1, 1), true)
}
