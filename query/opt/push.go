package opt

import (
	"github.com/weftdb/weft/query/plan"
)

// push moves the conditions conds, and those of filters and joins on the way, as
// far down as they go.
func (b *builder) push(r plan.Rel, conds []plan.Expr) plan.Rel {
	conds, fixed := splitVolatile(conds)
	return filter(b.pushStable(r, conds), fixed)
}

// neverTrue is the condition of several that is never true, by itself: the others are not
// computed. It is nil where there is none.
func neverTrue(conds []plan.Expr) []plan.Expr {
	for _, c := range conds {
		if constBool(c, false) || isNullConst(c) {
			return []plan.Expr{c}
		}
	}
	return nil
}

// splitVolatile keeps apart the conditions that must be computed where they stand.
func splitVolatile(conds []plan.Expr) (stable, volatile []plan.Expr) {
	for _, c := range conds {
		if isVolatile(c) {
			volatile = append(volatile, c)
		} else {
			stable = append(stable, c)
		}
	}
	return stable, volatile
}

func isVolatile(e plan.Expr) bool { return plan.Volatile(e) }

func filter(r plan.Rel, conds []plan.Expr) plan.Rel {
	if len(conds) == 0 {
		return r
	}
	if f, ok := r.(*plan.LFilter); ok {
		return &plan.LFilter{Input: f.Input, Conds: append(append([]plan.Expr(nil), f.Conds...), conds...)}
	}
	return &plan.LFilter{Input: r, Conds: conds}
}

func (b *builder) pushStable(r plan.Rel, conds []plan.Expr) plan.Rel {
	switch r := r.(type) {
	case *plan.LFilter:
		if none := neverTrue(r.Conds); none != nil {
			return filter(b.push(r.Input, nil), none)
		}
		return b.push(r.Input, append(append([]plan.Expr(nil), conds...), r.Conds...))
	case *plan.LProject:
		return b.pushProject(r, conds)
	case *plan.LJoin:
		return b.pushJoin(r, conds)
	case *plan.LAgg:
		return b.pushAgg(r, conds)
	case *plan.LWindow:
		below, above := splitBy(conds, varSet(r.Partition))
		c := *r
		c.Input = b.push(r.Input, below)
		return filter(&c, above)
	case *plan.LSort:
		return &plan.LSort{Input: b.push(r.Input, conds), Keys: r.Keys}
	case *plan.LDistinct:
		return b.pushDistinct(r, conds)
	case *plan.LSetOp:
		return b.pushSetOp(r, conds)
	case *plan.LWith:
		c := *r
		c.Plan, c.Body = b.push(r.Plan, nil), b.push(r.Body, conds)
		if r.Step != nil {
			c.Step = b.push(r.Step, nil)
		}
		return &c
	}
	in := plan.Inputs(r)
	for i := range in {
		in[i] = b.push(in[i], nil)
	}
	return filter(plan.WithInputs(r, in), conds)
}

// varSet is the set of those expressions that are plain columns.
func varSet(list []plan.Expr) plan.ColSet {
	s := plan.ColSet{}
	for _, e := range list {
		if v, ok := e.(*plan.Var); ok {
			s.Add(v.Col)
		}
	}
	return s
}

// splitBy tells the conditions that refer to at least one column of the set, and
// otherwise only to columns from outside, from the others.
func splitBy(conds []plan.Expr, set plan.ColSet) (in, out []plan.Expr) {
	for _, c := range conds {
		vars := plan.ColSet{}
		plan.VarsOf(c, vars)
		ok := len(vars) > 0
		for v := range vars {
			ok = ok && set.Has(v)
		}
		if ok {
			in = append(in, c)
		} else {
			out = append(out, c)
		}
	}
	return in, out
}

func (b *builder) pushProject(r *plan.LProject, conds []plan.Expr) plan.Rel {
	subst := map[plan.Col]plan.Expr{}
	for i, e := range r.Exprs {
		if (r.Sets == nil || r.Sets[i] == nil) && !isVolatile(e) && !hasSubquery(e) {
			subst[r.ColIDs[i]] = e
		}
	}
	made := plan.SetOf(r.ColIDs)
	var below, above []plan.Expr
	for _, c := range conds {
		vars, ok := plan.ColSet{}, true
		plan.VarsOf(c, vars)
		for v := range vars {
			ok = ok && (!made.Has(v) || subst[v] != nil)
		}
		if !ok || r.Sets != nil {
			above = append(above, c)
			continue
		}
		below = append(below, substitute(c, subst))
	}
	c := *r
	c.Input = b.push(r.Input, below)
	return filter(&c, above)
}

func hasSubquery(e plan.Expr) (found bool) {
	plan.Walk(e, func(x plan.Expr) bool {
		if _, ok := x.(*plan.SubLink); ok {
			found = true
		}
		return !found
	})
	return found
}

// substitute replaces columns by expressions.
func substitute(e plan.Expr, subst map[plan.Col]plan.Expr) plan.Expr {
	return plan.Map(e, func(x plan.Expr) plan.Expr {
		if v, ok := x.(*plan.Var); ok {
			if s := subst[v.Col]; s != nil {
				return s
			}
		}
		return x
	})
}

func (b *builder) pushAgg(r *plan.LAgg, conds []plan.Expr) plan.Rel {
	c := *r
	if r.Sets != nil || len(r.Keys) == 0 {
		c.Input = b.push(r.Input, nil)
		return filter(&c, conds)
	}
	subst := map[plan.Col]plan.Expr{}
	for i, k := range r.Keys {
		if !isVolatile(k) && !hasSubquery(k) {
			subst[r.KeyCols[i]] = k
		}
	}
	own := plan.SetOf(r.Cols())
	var below, above []plan.Expr
	for _, cond := range conds {
		vars := plan.ColSet{}
		plan.VarsOf(cond, vars)
		ok := len(vars) > 0
		for v := range vars {
			ok = ok && (!own.Has(v) || subst[v] != nil)
		}
		if ok {
			below = append(below, substitute(cond, subst))
		} else {
			above = append(above, cond)
		}
	}
	c.Input = b.push(r.Input, below)
	return filter(&c, above)
}

func (b *builder) pushDistinct(r *plan.LDistinct, conds []plan.Expr) plan.Rel {
	if r.On == nil {
		return &plan.LDistinct{Input: b.push(r.Input, conds)}
	}
	below, above := splitBy(conds, varSet(r.On))
	return filter(&plan.LDistinct{Input: b.push(r.Input, below), On: r.On}, above)
}

func (b *builder) pushSetOp(r *plan.LSetOp, conds []plan.Expr) plan.Rel {
	side := func(in plan.Rel) plan.Rel {
		subst := map[plan.Col]plan.Expr{}
		for i, c := range in.Cols() {
			subst[r.ColIDs[i]] = b.q.Ref(c)
		}
		mapped := make([]plan.Expr, len(conds))
		for i, c := range conds {
			mapped[i] = substitute(c, subst)
		}
		return b.push(in, mapped)
	}
	for _, c := range conds {
		if hasSubquery(c) { // its relation must not stand in the plan twice
			n := *r
			n.Left, n.Right = b.push(r.Left, nil), b.push(r.Right, nil)
			return filter(&n, conds)
		}
	}
	n := *r
	n.Left, n.Right = side(r.Left), side(r.Right)
	return &n
}

func (b *builder) pushJoin(r *plan.LJoin, conds []plan.Expr) plan.Rel {
	j := *r
	if j.Kind == plan.Right && !j.Lateral {
		j.Kind, j.Left, j.Right = plan.Left, r.Right, r.Left
	}
	j = *b.weaken(&j, conds).(*plan.LJoin)
	left, right := plan.SetOf(j.Left.Cols()), plan.SetOf(j.Right.Cols())
	on, fixedOn := splitVolatile(j.On)
	if none := neverTrue(j.On); none != nil {
		on, fixedOn = none, nil
	}
	if j.Kind == plan.Inner {
		on = b.transitive(append(append([]plan.Expr(nil), on...), conds...))
		conds = nil
		more := append(b.implied(on, left, right), b.implied(on, right, left)...)
		on = append(on, more...)
	}
	var toLeft, toRight, stay, above []plan.Expr
	for _, c := range on {
		inL, inR := refers(c, left), refers(c, right)
		switch {
		case inL && !inR && (j.Kind == plan.Inner || j.Kind == plan.Semi):
			toLeft = append(toLeft, c)
		case inR && !inL && j.Kind != plan.Full && j.Kind != plan.NullAnti && j.Kind != plan.Right:
			toRight = append(toRight, c)
		default:
			stay = append(stay, c)
		}
	}
	for _, c := range conds {
		if j.Kind >= plan.Semi && hasSubquery(c) { // it is run for fewer rows above
			above = append(above, c)
			continue
		}
		if refers(c, left) && !refers(c, right) && j.Kind != plan.Full && j.Kind != plan.Right {
			toLeft = append(toLeft, c)
		} else {
			above = append(above, c)
		}
	}
	j.On = append(stay, fixedOn...)
	j.Left, j.Right = b.push(j.Left, toLeft), b.push(j.Right, toRight)
	return filter(&j, above)
}

// refers reports whether e uses a column of the set.
func refers(e plan.Expr, set plan.ColSet) bool {
	vars := plan.ColSet{}
	plan.VarsOf(e, vars)
	for v := range vars {
		if set.Has(v) {
			return true
		}
	}
	return false
}

// strengthen makes an outer join a weaker one where a condition above it is never
// true for the rows that the outer join adds.
func (b *builder) strengthen(j *plan.LJoin, conds []plan.Expr) {
	if j.Kind != plan.Left && j.Kind != plan.Full && j.Kind != plan.Right {
		return
	}
	left, right := plan.SetOf(j.Left.Cols()), plan.SetOf(j.Right.Cols())
	needL, needR := false, false
	for _, c := range conds {
		needL = needL || rejectsNull(c, left)
		needR = needR || rejectsNull(c, right)
	}
	switch j.Kind {
	case plan.Left:
		if needR {
			j.Kind = plan.Inner
		}
	case plan.Right:
		if needL {
			j.Kind = plan.Inner
		}
	case plan.Full:
		switch {
		case needL && needR:
			j.Kind = plan.Inner
		case needL:
			j.Kind = plan.Left
		case needR:
			j.Kind, j.Left, j.Right = plan.Left, j.Right, j.Left
		}
	}
}

// rejectsNull reports whether cond cannot be true where all columns of the set
// are NULL.
func rejectsNull(cond plan.Expr, set plan.ColSet) bool {
	switch e := cond.(type) {
	case *plan.And:
		for _, a := range e.Args {
			if rejectsNull(a, set) {
				return true
			}
		}
		return false
	case *plan.Or:
		for _, a := range e.Args {
			if !rejectsNull(a, set) {
				return false
			}
		}
		return len(e.Args) > 0
	case *plan.Not:
		return nullIfNull(e.Arg, set)
	case *plan.IsNull:
		return e.Not && nullIfNull(e.Arg, set)
	case *plan.IsBool:
		return !e.Not && e.Want != 'u' && nullIfNull(e.Arg, set)
	}
	return nullIfNull(cond, set)
}

// nullIfNull reports whether e is NULL where all columns of the set are.
func nullIfNull(e plan.Expr, set plan.ColSet) bool {
	switch e := e.(type) {
	case *plan.Var:
		return set.Has(e.Col)
	case *plan.Call:
		if !e.Func.Strict {
			return false
		}
		for _, a := range e.Args {
			if nullIfNull(a, set) {
				return true
			}
		}
	case *plan.In:
		return nullIfNull(e.Arg, set)
	case *plan.Not:
		return nullIfNull(e.Arg, set)
	case *plan.And, *plan.Or:
		for _, a := range plan.Children(e) {
			if !nullIfNull(a, set) {
				return false
			}
		}
		return true
	}
	return false
}

// transitive adds y = constant where x = y and x = constant are known.
func (b *builder) transitive(conds []plan.Expr) []plan.Expr {
	values := map[plan.Col]*plan.Call{} // x = value
	seen := map[string]bool{}
	for _, c := range conds {
		seen[plan.Key(c)] = true
		if v, other, call := equality(c); v != nil && isFixed(other) {
			values[v.Col] = call
		}
	}
	if len(values) == 0 {
		return conds
	}
	for changed := true; changed; {
		changed = false
		for _, c := range conds {
			v, other, call := equality(c)
			w, ok := other.(*plan.Var)
			if v == nil || !ok || call.Func.Args[0] != call.Func.Args[1] {
				continue
			}
			for _, p := range [][2]*plan.Var{{v, w}, {w, v}} {
				known := values[p[0].Col]
				if known == nil || values[p[1].Col] != nil || known.Func != call.Func {
					continue
				}
				_, value, _ := equality(known)
				n := &plan.Call{Typ: call.Typ, Func: call.Func, Op: true, Args: []plan.Expr{p[1], value}}
				values[p[1].Col] = n
				changed = true
				if !seen[plan.Key(n)] {
					conds = append(conds, n)
				}
			}
		}
	}
	return conds
}

// equality takes x = e apart, where x is a column.
func equality(e plan.Expr) (*plan.Var, plan.Expr, *plan.Call) {
	c, ok := e.(*plan.Call)
	if !ok || !c.Op || c.Func.Name != "=" || len(c.Args) != 2 {
		return nil, nil, nil
	}
	if v, ok := c.Args[0].(*plan.Var); ok {
		return v, c.Args[1], c
	}
	if v, ok := c.Args[1].(*plan.Var); ok {
		return v, c.Args[0], c
	}
	return nil, nil, nil
}

func isFixed(e plan.Expr) bool {
	switch e.(type) {
	case *plan.Const, *plan.Param:
		return true
	}
	return false
}
