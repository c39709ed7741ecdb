package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

// selectivity estimates the fraction of rows for which all conditions are true.
func (b *builder) selectivity(conds []plan.Expr) float64 {
	conds = b.named(conds)
	s, taken := b.equalitiesFrac(conds)
	ranges := map[plan.Col]float64{}
	fixed, product := []plan.Col{}, 1.0
	for i, c := range conds {
		if taken[i] {
			continue
		}
		if col, frac, ok := b.rangeFrac(c); ok {
			if have, again := ranges[col]; again { // both ends of a range
				ranges[col] = math.Max(have+frac-(1-b.nullsOf(col)), stats.DefaultBetweenFrac*math.Min(have, frac))
			} else {
				ranges[col] = frac
			}
			continue
		}
		f := b.oneSelectivity(c)
		if v, other, call := equality(c); call != nil && isFixed(other) && (len(fixed) == 0 || b.colStats[v.Col].scan == b.colStats[fixed[0]].scan) && b.colStats[v.Col].scan != nil {
			fixed, product = append(fixed, v.Col), product*f
			continue
		}
		s *= f
	}
	s *= b.fixedFrac(fixed, product)
	for _, f := range ranges {
		s *= f
	}
	return s
}

// oneSelectivity estimates one condition. Those of a form that nothing is known of are
// tried on the values that the statistics keep.
func (b *builder) oneSelectivity(e plan.Expr) float64 {
	if !simple(e) {
		if f, ok := b.prefixFrac(e); ok {
			return f
		}
		if f, ok := b.triedFrac(e); ok {
			return f
		}
	}
	switch e := e.(type) {
	case *plan.Var:
		if st := b.colStats[e.Col].stats; st != nil {
			return st.EqFrac(b.colStats[e.Col].rows, &sqltype.Datum{Int: 1})
		}
		return stats.DefaultFrac
	case *plan.IsDistinct:
		f := b.equalFrac(&plan.Call{Args: []plan.Expr{e.L, e.R}})
		if e.Not {
			return f
		}
		return 1 - f
	case *plan.Const:
		if e.Value.Null || e.Value.Int == 0 {
			return 0
		}
		return 1
	case *plan.And:
		return b.selectivity(e.Args)
	case *plan.Or:
		miss := 1.0
		for _, a := range e.Args {
			miss *= 1 - b.oneSelectivity(a)
		}
		s := 1 - miss
		for _, x := range b.follows[e] { // which has been checked before
			if f := b.oneSelectivity(x); f > 0 {
				s /= f
			}
		}
		return math.Min(1, s)
	case *plan.Not:
		return 1 - b.oneSelectivity(e.Arg)
	case *plan.IsNull:
		f := stats.DefaultNullFrac
		if v, ok := e.Arg.(*plan.Var); ok {
			if st := b.colStats[v.Col]; st.stats != nil {
				f = st.stats.NullFrac
			}
		}
		if e.Not {
			return 1 - f
		}
		return f
	case *plan.In:
		f := b.inFrac(e)
		if e.Not {
			return 1 - f
		}
		return f
	case *plan.Call:
		return b.callSelectivity(e)
	}
	return stats.DefaultFrac
}

func (b *builder) callSelectivity(e *plan.Call) float64 {
	if !e.Op || len(e.Args) != 2 {
		return stats.DefaultRangeFrac
	}
	switch e.Func.Name {
	case "=":
		return b.equalFrac(e)
	case "<>":
		return math.Max(0, 1-b.equalFrac(e)-b.nullFrac(e.Args[0])-b.nullFrac(e.Args[1]))
	case "<", "<=", ">", ">=":
		if _, f, ok := b.rangeFrac(e); ok {
			return f
		}
		return stats.DefaultRangeFrac
	case "~~", "~~*", "~", "~*":
		return b.likeFrac(e)
	case "!~~", "!~~*", "!~", "!~*":
		return math.Max(0, 1-b.likeFrac(e))
	}
	return stats.DefaultRangeFrac
}

func (b *builder) equalFrac(e *plan.Call) float64 {
	l, lok := unwrapVar(e.Args[0])
	r, rok := unwrapVar(e.Args[1])
	switch {
	case lok && rok:
		return b.columnsEqualFrac(l, r)
	case lok:
		return b.eqFrac(e.Args[0], e.Args[1])
	case rok:
		return b.eqFrac(e.Args[1], e.Args[0])
	}
	return stats.DefaultEqFrac
}

// eqFrac estimates the fraction of rows where a column equals a value; value nil is unknown.
func (b *builder) eqFrac(e, value plan.Expr) float64 {
	v, ok := unwrapVar(e)
	if !ok {
		return stats.DefaultEqFrac
	}
	st, ok := b.colStats[v]
	if !ok {
		return stats.DefaultEqFrac
	}
	if st.stats == nil {
		return 1 / math.Max(1, st.ndv)
	}
	var d *sqltype.Datum
	if c, ok := value.(*plan.Const); ok && c.Typ.Base() == b.q.Info[v].Type.Base() {
		d = &c.Value
	}
	return st.stats.EqFrac(st.rows, d)
}

func (b *builder) ndv(c plan.Col) float64 {
	if st, ok := b.colStats[c]; ok {
		return math.Max(1, st.ndv)
	}
	return stats.DefaultNDV
}

// unwrapVar finds the column under casts.
func unwrapVar(e plan.Expr) (plan.Col, bool) {
	for {
		switch x := e.(type) {
		case *plan.Var:
			return x.Col, true
		case *plan.Call:
			if x.Func.Name == "cast" && len(x.Args) == 1 {
				e = x.Args[0]
				continue
			}
		}
		return 0, false
	}
}

// rangeFrac estimates column < value and its like.
func (b *builder) rangeFrac(e plan.Expr) (plan.Col, float64, bool) {
	c, ok := e.(*plan.Call)
	if !ok || !c.Op || len(c.Args) != 2 {
		return 0, 0, false
	}
	name := c.Func.Name
	if name != "<" && name != "<=" && name != ">" && name != ">=" {
		return 0, 0, false
	}
	v, isVar := c.Args[0].(*plan.Var)
	value := c.Args[1]
	if !isVar {
		if v, isVar = c.Args[1].(*plan.Var); !isVar {
			return 0, 0, false
		}
		value, name = c.Args[0], flipped[name]
	}
	k, isConst := value.(*plan.Const)
	st := b.colStats[v.Col]
	if !isConst || st.stats == nil || k.Value.Null || k.Typ.Base() != b.q.Info[v.Col].Type.Base() {
		return v.Col, stats.DefaultRangeFrac, true
	}
	less := st.stats.LessFrac(k.Value, name == "<=" || name == ">")
	if name == "<" || name == "<=" {
		return v.Col, math.Max(less, 1e-6), true
	}
	return v.Col, math.Max(1-st.stats.NullFrac-less, 1e-6), true
}

var flipped = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
