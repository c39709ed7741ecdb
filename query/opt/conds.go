package opt

import (
	"sort"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// splitConds cuts the conditions of filters and joins into the parts that must all be
// true, as they are after folding, and drops those that always are.
func (b *builder) splitConds(r plan.Rel) plan.Rel {
	in := plan.Inputs(r)
	for i := range in {
		in[i] = b.splitConds(in[i])
	}
	r = plan.WithInputs(r, in)
	switch r := r.(type) {
	case *plan.LFilter:
		conds := conjuncts(r.Conds)
		if len(conds) == 0 {
			return r.Input
		}
		return &plan.LFilter{Input: r.Input, Conds: conds}
	case *plan.LJoin:
		j := *r
		j.On = conjuncts(r.On)
		return &j
	}
	return r
}

// cheapFirst orders conditions by what checking them costs and, of those that compare plain
// columns, by how few rows they leave. Others keep their order among themselves: one may
// be there to keep the next from failing.
func (b *builder) cheapFirst(conds []plan.Expr) []plan.Expr {
	if len(conds) < 2 {
		return conds
	}
	type ranked struct {
		cond plan.Expr
		cost int
		frac float64
	}
	list := make([]ranked, len(conds))
	for i, c := range conds {
		list[i] = ranked{cond: c, cost: effort(c)}
		if list[i].cost == 0 {
			list[i].frac = b.oneSelectivity(c)
		}
	}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].cost != list[j].cost {
			return list[i].cost < list[j].cost
		}
		return list[i].frac < list[j].frac
	})
	out := make([]plan.Expr, len(conds))
	for i, r := range list {
		out[i] = r.cond
	}
	return out
}

// effort says how much work a condition is: 0 comparisons of columns of numbers or times, 1 of
// other columns, 2 lists of such, 3 all else.
func effort(e plan.Expr) int {
	level := func(list []plan.Expr) int {
		n := 0
		for _, a := range list {
			switch a.(type) {
			case *plan.Var, *plan.Const, *plan.Param, *plan.Outer:
			default:
				return 3
			}
			if p := a.Type().Phys(); p != sqltype.PhysInt && p != sqltype.PhysFloat {
				n = 1
			}
		}
		return n
	}
	switch e := e.(type) {
	case *plan.Var, *plan.Const:
		return 0
	case *plan.IsNull:
		if level([]plan.Expr{e.Arg}) < 3 {
			return 0
		}
	case *plan.Not:
		return effort(e.Arg)
	case *plan.Call:
		if e.Op && len(e.Args) == 2 && (flipped[e.Func.Name] != "" || e.Func.Name == "<>") {
			return level(e.Args)
		}
	case *plan.In:
		if n := level([]plan.Expr{e.Arg}); n < 3 && level(e.List) < 3 {
			return 1 + n
		}
	}
	return 3
}

func conjuncts(list []plan.Expr) (out []plan.Expr) {
	seen := map[string]bool{}
	for _, c := range list {
		for _, x := range plan.Conjuncts(c) {
			if constBool(x, true) {
				continue
			}
			if k := plan.Key(x); !seen[k] || isVolatile(x) {
				seen[k] = true
				out = append(out, x)
			}
		}
	}
	return out
}

// implied finds what a disjunction over both sides of a join says about one side: of
// (a AND x) OR (b AND y), where a and b are over the side, a OR b. The disjunction itself
// stays; its selectivity is then what it says besides.
func (b *builder) implied(conds []plan.Expr, side, other plan.ColSet) (out []plan.Expr) {
	for _, c := range conds {
		or, ok := c.(*plan.Or)
		if !ok || !refers(c, side) || !refers(c, other) || isVolatile(c) || hasSubquery(c) {
			continue
		}
		arms := make([]plan.Expr, 0, len(or.Args))
		for _, arm := range or.Args {
			var own []plan.Expr
			for _, x := range plan.Conjuncts(arm) {
				if refers(x, side) && !refers(x, other) {
					own = append(own, x)
				}
			}
			if len(own) == 0 {
				break
			}
			arms = append(arms, plan.Conjunction(own))
		}
		if len(arms) != len(or.Args) {
			continue
		}
		x := b.foldNode(&plan.Or{Args: arms})
		if b.saidBefore(or, x) {
			continue
		}
		out = append(out, x)
	}
	return conjuncts(out)
}

// saidBefore notes that x follows from or, and reports whether that was known.
func (b *builder) saidBefore(or *plan.Or, x plan.Expr) bool {
	k := plan.Key(x)
	for _, y := range b.follows[or] {
		if plan.Key(y) == k {
			return true
		}
	}
	b.follows[or] = append(b.follows[or], x)
	return false
}

// weaken turns the outer joins of a tree into weaker ones where a condition above, which
// must be true of every row that is kept, rejects the rows that they add.
func (b *builder) weaken(r plan.Rel, conds []plan.Expr) plan.Rel {
	switch r := r.(type) {
	case *plan.LFilter:
		return &plan.LFilter{Input: b.weaken(r.Input, conds), Conds: r.Conds}
	case *plan.LJoin:
		j := *r
		b.strengthen(&j, conds)
		switch j.Kind {
		case plan.Inner:
			all := append(append([]plan.Expr(nil), conds...), j.On...)
			j.Left = b.weaken(j.Left, all)
			if !j.Lateral {
				j.Right = b.weaken(j.Right, all)
			}
		case plan.Left, plan.Semi, plan.Anti, plan.NullAnti:
			j.Left = b.weaken(j.Left, conds)
		}
		return &j
	}
	return r
}
