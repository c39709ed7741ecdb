package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// asks is what a plan does where a hash join above knows the values of some of its columns
// that it wants (exec/joinfilter.go): a scan of kept columns below then gives no others.
type asks struct {
	node plan.Node   // the plan that this is said of: plans made of it are others
	cols plan.ColSet // that may be asked for
	// least is what the plan costs where none of its rows is wanted.
	least float64
}

// askScan says that a scan may be asked for its integers.
func (b *builder) askScan(n plan.Node, cols []plan.Col, least float64) *asks {
	a := &asks{node: n, cols: plan.ColSet{}, least: least}
	for _, c := range cols {
		if b.q.Info[c].Type.Phys() == sqltype.PhysInt {
			a.cols.Add(c)
		}
	}
	return a
}

// asked says it of a node over c of which each of the columns cols is, at its place, a column
// of c or 0.
func (c cand) asked(n plan.Node, cols []plan.Col, from func(i int) plan.Col) *asks {
	if c.asks == nil || c.asks.node != c.node || c.make != nil {
		return nil
	}
	a := &asks{node: n, cols: plan.ColSet{}, least: c.asks.least}
	for i, col := range cols {
		if c.asks.cols.Has(from(i)) {
			a.cols.Add(col)
		}
	}
	return a
}

// varAt gives the columns that expressions are; 0 for other expressions.
func varAt(exprs []plan.Expr) func(i int) plan.Col {
	return func(i int) plan.Col {
		if v, ok := exprs[i].(*plan.Var); ok {
			return v.Col
		}
		return 0
	}
}

// askedCost is the cost of the left side of a hash join that is no scan itself: the least, and of the
// rest as much as one of the keys lets pass.
func (b *builder) askedCost(j *joinSpec, l, r cand) float64 {
	if l.asks == nil || l.asks.node != l.node || l.make != nil {
		return l.total
	}
	switch j.kind {
	case plan.Inner, plan.Right, plan.Semi, plan.RightSemi, plan.RightAnti:
	default:
		return l.total
	}
	pass := 1.0
	for i, k := range j.lk {
		if j.safe[i] {
			return l.total
		}
		if v, ok := k.(*plan.Var); ok && l.asks.cols.Has(v.Col) {
			pass = math.Min(pass, b.groups(j.rk[i:i+1], r.rows)/b.keyValues(j.lk[i:i+1]))
		}
	}
	return math.Min(l.total, l.asks.least+pass*l.total)
}
