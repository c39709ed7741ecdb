package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

// selectivity estimates the fraction of rows for which all conditions are true.
func (b *builder) selectivity(conds []plan.Expr) float64 {
	s := 1.0
	ranges := map[plan.Col]float64{}
	for _, c := range conds {
		if col, frac, ok := b.rangeFrac(c); ok {
			if have, again := ranges[col]; again { // both ends of a range
				ranges[col] = math.Max(have+frac-1, stats.DefaultBetweenFrac*math.Min(have, frac))
			} else {
				ranges[col] = frac
			}
			continue
		}
		s *= b.oneSelectivity(c)
	}
	for _, f := range ranges {
		s *= f
	}
	return s
}

func (b *builder) oneSelectivity(e plan.Expr) float64 {
	switch e := e.(type) {
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
		f := math.Min(1, float64(len(e.List))*b.eqFrac(e.Arg, nil))
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
		return 1 - b.equalFrac(e)
	case "<", "<=", ">", ">=":
		if _, f, ok := b.rangeFrac(e); ok {
			return f
		}
		return stats.DefaultRangeFrac
	case "~~", "~~*", "~", "~*":
		return stats.DefaultLikeFrac
	case "!~~", "!~~*", "!~", "!~*":
		return 1 - stats.DefaultLikeFrac
	}
	return stats.DefaultRangeFrac
}

func (b *builder) equalFrac(e *plan.Call) float64 {
	l, lok := unwrapVar(e.Args[0])
	r, rok := unwrapVar(e.Args[1])
	switch {
	case lok && rok:
		return 1 / math.Max(1, math.Max(b.ndv(l), b.ndv(r)))
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

// groups estimates the number of distinct values of keys among rows.
func (b *builder) groups(keys []plan.Expr, rows float64) float64 {
	if len(keys) == 0 {
		return 1
	}
	n := 1.0
	for _, k := range keys {
		d := math.Max(1, rows/10)
		if c, ok := unwrapVar(k); ok {
			d = b.ndv(c)
		} else {
			vars := plan.ColSet{}
			plan.VarsOf(k, vars)
			if len(vars) > 0 {
				d = 1
				for v := range vars {
					d *= b.ndv(v)
				}
			}
		}
		n *= d
	}
	return math.Max(1, math.Min(n, rows))
}
