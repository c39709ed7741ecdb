package opt

import (
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// prover tells whether a condition is true of every row for which some others are, which is
// when a partial index holds all rows that a scan may give. It proves and never refutes:
// false means that it does not know.
type prover struct {
	b     *builder
	scan  *plan.LScan
	given []plan.Expr
	fixed map[plan.Col]plan.Expr // columns that are given to be a constant
}

// prove begins with what is known of the rows of a scan.
func (b *builder) prove(s *plan.LScan, given []plan.Expr) *prover {
	p := &prover{b: b, scan: s, given: given, fixed: map[plan.Col]plan.Expr{}}
	for _, c := range given {
		switch c := c.(type) {
		case *plan.Var: // a boolean
			p.fixed[c.Col] = boolConst(true)
		case *plan.Not:
			if v, ok := c.Arg.(*plan.Var); ok {
				p.fixed[v.Col] = boolConst(false)
			}
		}
		if v, value, call := equality(c); call != nil && identical(v.Typ) {
			if k, ok := value.(*plan.Const); ok && !k.Value.Null && (k.Typ.Base() == v.Typ.Base() || isInt(k.Typ) && isInt(v.Typ) && fitsInt(k.Value.Int, v.Typ)) {
				p.fixed[v.Col] = &plan.Const{Typ: v.Typ, Value: k.Value}
			}
		}
	}
	return p
}

// identical reports whether equal values of a type are the same in every respect, unlike
// 1.0 and 1.00.
func identical(t sqltype.Type) bool {
	switch t.ID {
	case sqltype.Bool, sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Text, sqltype.Varchar, sqltype.Bytea, sqltype.Date,
		sqltype.Time, sqltype.Timestamp, sqltype.TimestampTZ, sqltype.UUID, sqltype.Enum:
		return true
	}
	return false
}

// implies reports whether the given conditions imply e.
func (p *prover) implies(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.And:
		for _, x := range e.Args {
			if !p.implies(x) {
				return false
			}
		}
		return true
	case *plan.Or:
		for _, x := range e.Args {
			if p.implies(x) {
				return true
			}
		}
	}
	if p.always(e) {
		return true
	}
	for _, g := range p.given {
		if p.from(g, e) {
			return true
		}
	}
	return false
}

// always reports whether e is true of all rows that have the given constants.
func (p *prover) always(e plan.Expr) bool {
	if n, ok := e.(*plan.IsNull); ok && n.Not {
		if v, ok := n.Arg.(*plan.Var); ok && colNeverNull(p.scan, v.Col) {
			return true
		}
	}
	if len(p.fixed) == 0 {
		return false
	}
	return constBool(p.b.foldExpr(substitute(e, p.fixed)), true)
}

// from reports whether g implies e.
func (p *prover) from(g, e plan.Expr) bool {
	switch g := g.(type) {
	case *plan.And:
		for _, x := range g.Args {
			if p.from(x, e) {
				return true
			}
		}
		return false
	case *plan.Or:
		for _, x := range g.Args {
			if arm := p.b.prove(p.scan, append(plan.Conjuncts(x), p.simple()...)); !arm.implies(e) {
				return false
			}
		}
		return true
	case *plan.In:
		if !g.Not && p.listImplies(g, e) {
			return true
		}
	case *plan.IsBool: // x IS TRUE says x, x IS FALSE says NOT x
		if !g.Not && g.Want == 't' {
			return p.from(g.Arg, e)
		}
		if n, ok := e.(*plan.Not); ok && !g.Not && g.Want == 'f' && plan.Same(g.Arg, n.Arg) {
			return true
		}
	}
	if plan.Same(g, e) {
		return true
	}
	switch e := e.(type) {
	case *plan.IsNull:
		if v, ok := e.Arg.(*plan.Var); ok && e.Not {
			return rejectsNull(g, plan.ColSet{v.Col: {}})
		}
		return e.Not && rejectsNullOf(g, e.Arg)
	case *plan.In:
		return !e.Not && within(g, e)
	case *plan.Or:
		for _, x := range e.Args {
			if p.from(g, x) {
				return true
			}
		}
		return false
	}
	return compareImplies(g, e)
}

// simple are the given conditions but for disjunctions, of which one is cut at a time.
func (p *prover) simple() (out []plan.Expr) {
	for _, g := range p.given {
		if _, or := g.(*plan.Or); !or {
			out = append(out, g)
		}
	}
	return out
}

// listImplies reports whether every value of x IN (constants) implies e.
func (p *prover) listImplies(g *plan.In, e plan.Expr) bool {
	if len(g.List) == 0 || len(g.List) > 100 || g.Eq == nil {
		return false
	}
	for _, k := range g.List {
		c, ok := k.(*plan.Const)
		if !ok {
			return false
		}
		if c.Value.Null {
			continue
		}
		one := p.b.prove(p.scan, []plan.Expr{&plan.Call{Typ: sqltype.TBool, Func: g.Eq, Args: []plan.Expr{g.Arg, c}, Op: true}})
		if !one.implies(e) {
			return false
		}
	}
	return true
}

// rejectsNullOf reports whether g can be true only where an expression is not NULL.
func rejectsNullOf(g, e plan.Expr) bool {
	stand := &plan.Var{Typ: e.Type(), Col: -1}
	key := plan.Key(e)
	found := false
	g = plan.Replace(g, func(x plan.Expr) (plan.Expr, bool) {
		if plan.Key(x) == key {
			found = true
			return stand, true
		}
		return x, false
	})
	return found && rejectsNull(g, plan.ColSet{stand.Col: {}})
}

// compared takes x op constant apart, with the constant on the right.
func compared(e plan.Expr) (x plan.Expr, op string, k *plan.Const) {
	c, ok := e.(*plan.Call)
	if !ok || !c.Op || len(c.Args) != 2 {
		return nil, "", nil
	}
	op = c.Func.Name
	if flipped[op] == "" && op != "<>" {
		return nil, "", nil
	}
	if k, ok := c.Args[1].(*plan.Const); ok && !k.Value.Null {
		return c.Args[0], op, k
	}
	if k, ok := c.Args[0].(*plan.Const); ok && !k.Value.Null {
		if op != "<>" {
			op = flipped[op]
		}
		return c.Args[1], op, k
	}
	return nil, "", nil
}

// within reports whether g says that the argument of an IN list is one of its constants.
func within(g plan.Expr, e *plan.In) bool {
	x, op, k := compared(g)
	if k == nil || op != "=" || !plan.Same(x, e.Arg) {
		return false
	}
	for _, v := range e.List {
		if c, ok := v.(*plan.Const); ok && !c.Value.Null && comparable(c.Typ, k.Typ) && sqltype.Compare(c.Typ, c.Value, k.Value) == 0 {
			return true
		}
	}
	return false
}

// comparable reports whether values of two types are held alike and in one order.
func comparable(a, b sqltype.Type) bool { return a.Base() == b.Base() || isInt(a) && isInt(b) }

// compareImplies reports whether x op a implies x op b.
func compareImplies(g, e plan.Expr) bool {
	x, have, a := compared(g)
	y, want, b := compared(e)
	if a == nil || b == nil || !comparable(a.Typ, b.Typ) || !plan.Same(x, y) {
		return false
	}
	cmp := sqltype.Compare(a.Typ, a.Value, b.Value)
	switch have {
	case "=":
		switch want {
		case "=":
			return cmp == 0
		case "<>":
			return cmp != 0
		case "<":
			return cmp < 0
		case "<=":
			return cmp <= 0
		case ">":
			return cmp > 0
		}
		return cmp >= 0
	case "<":
		return (want == "<" || want == "<=" || want == "<>") && cmp <= 0
	case "<=":
		return want == "<=" && cmp <= 0 || (want == "<" || want == "<>") && cmp < 0
	case ">":
		return (want == ">" || want == ">=" || want == "<>") && cmp >= 0
	case ">=":
		return want == ">=" && cmp >= 0 || (want == ">" || want == "<>") && cmp > 0
	}
	return want == "<>" && cmp == 0
}
