package opt

import (
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// unnest turns subqueries into joins where that keeps the meaning, bottom up.
func (b *builder) unnest(r plan.Rel) plan.Rel {
	if b.set.NoDecorrelate {
		return r
	}
	in := plan.Inputs(r)
	for i := range in {
		in[i] = b.unnest(in[i])
	}
	r = plan.WithInputs(r, in)
	switch r := r.(type) {
	case *plan.LFilter:
		return b.unnestFilter(r)
	case *plan.LProject:
		if r.Sets != nil {
			return r
		}
		input, exprs := b.unnestScalars(r.Input, r.Exprs)
		return &plan.LProject{Input: input, Exprs: exprs, ColIDs: r.ColIDs}
	}
	return r
}

func (b *builder) unnestFilter(r *plan.LFilter) plan.Rel {
	input := r.Input
	var keep []plan.Expr
	for _, c := range r.Conds {
		if joined := b.unnestCond(input, c); joined != nil {
			input = joined
		} else {
			keep = append(keep, c)
		}
	}
	input, keep = b.unnestScalars(input, keep)
	out := filter(input, keep)
	if sameCols(out.Cols(), r.Cols()) {
		return out
	}
	return b.passThrough(out, r.Cols())
}

func sameCols(a, b []plan.Col) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// passThrough keeps only the given columns.
func (b *builder) passThrough(r plan.Rel, cols []plan.Col) plan.Rel {
	exprs := make([]plan.Expr, len(cols))
	for i, c := range cols {
		exprs[i] = b.q.Ref(c)
	}
	return &plan.LProject{Input: r, Exprs: exprs, ColIDs: cols}
}

// unnestCond turns [NOT] EXISTS, [NOT] IN and = ANY into a join with input; nil
// where it cannot.
func (b *builder) unnestCond(input plan.Rel, cond plan.Expr) plan.Rel {
	negated := false
	if n, ok := cond.(*plan.Not); ok {
		cond, negated = n.Arg, true
	}
	s, ok := cond.(*plan.SubLink)
	if !ok || b.writesOrLocks(s.Rel) {
		return nil
	}
	switch s.Kind {
	case plan.SubExists:
		return b.unnestExists(input, s, negated)
	case plan.SubAny:
		return b.unnestAny(input, s, negated)
	}
	return nil
}

func (b *builder) writesOrLocks(r plan.Rel) bool {
	switch r.(type) {
	case *plan.LLock, *plan.LInsert, *plan.LUpdate, *plan.LDelete:
		return true
	}
	for _, in := range plan.Inputs(r) {
		if b.writesOrLocks(in) {
			return true
		}
	}
	return false
}

// rowsOnly leaves away what does not matter where only the existence of rows does.
func rowsOnly(rel plan.Rel) plan.Rel {
	for {
		switch r := rel.(type) {
		case *plan.LProject:
			if r.Sets != nil {
				return rel
			}
			rel = r.Input
			continue
		case *plan.LSort:
			rel = r.Input
			continue
		case *plan.LDistinct:
			rel = r.Input
			continue
		case *plan.LLimit:
			if c, ok := r.Count.(*plan.Const); ok && r.Offset == nil && !c.Value.Null && c.Value.Int > 0 {
				rel = r.Input
				continue
			}
		}
		return rel
	}
}

func (b *builder) unnestExists(input plan.Rel, s *plan.SubLink, negated bool) plan.Rel {
	rel := rowsOnly(s.Rel)
	if p, ok := rel.(*plan.LProject); ok && p.Sets != nil {
		return nil
	}
	rel, on, ok := b.pullUp(rel)
	if !ok || len(on) == 0 {
		return nil // uncorrelated: it is run once
	}
	kind := plan.Semi
	if negated {
		kind = plan.Anti
	}
	return &plan.LJoin{Kind: kind, Left: input, Right: b.unnest(rel), On: on}
}

func (b *builder) unnestAny(input plan.Rel, s *plan.SubLink, negated bool) plan.Rel {
	for _, l := range s.Left {
		if hasSubquery(l) || isVolatile(l) {
			return nil
		}
	}
	rel, on, ok := b.pullUp(s.Rel)
	if !ok {
		return nil
	}
	rel = b.unnest(rel)
	subst := map[plan.Col]plan.Expr{}
	for i, c := range s.LeftCols {
		subst[c] = s.Left[i]
	}
	test := plan.Conjuncts(substitute(s.Test, subst))
	if !negated {
		return &plan.LJoin{Kind: plan.Semi, Left: input, Right: rel, On: append(test, on...)}
	}
	if !s.Equal {
		return nil
	}
	if b.neverNull(s.Left, input) && b.colsNeverNull(rel, s.Rel.Cols()) {
		return &plan.LJoin{Kind: plan.Anti, Left: input, Right: rel, On: append(test, on...)}
	}
	if len(on) > 0 || len(test) != 1 {
		return nil
	}
	return &plan.LJoin{Kind: plan.NullAnti, Left: input, Right: rel, On: test}
}

func (b *builder) neverNull(list []plan.Expr, r plan.Rel) bool {
	cols := make([]plan.Col, 0, len(list))
	for _, e := range list {
		switch e := e.(type) {
		case *plan.Var:
			cols = append(cols, e.Col)
		case *plan.Const:
			if e.Value.Null {
				return false
			}
		default:
			return false
		}
	}
	return b.colsNeverNull(r, cols)
}

// colsNeverNull reports whether columns of r cannot be NULL, as far as the schema tells.
func (b *builder) colsNeverNull(r plan.Rel, cols []plan.Col) bool {
	for _, c := range cols {
		if !colNeverNull(r, c) {
			return false
		}
	}
	return true
}

func colNeverNull(r plan.Rel, c plan.Col) bool {
	switch r := r.(type) {
	case *plan.LScan:
		for i, id := range r.ColIDs {
			if id == c {
				return r.Ords[i] < 0 || r.Table.Columns[r.Ords[i]].NotNull
			}
		}
		return false
	case *plan.LFilter:
		return colNeverNull(r.Input, c) || rejectsNull(&plan.And{Args: r.Conds}, plan.ColSet{c: {}})
	case *plan.LProject:
		for i, id := range r.ColIDs {
			if id != c {
				continue
			}
			switch e := r.Exprs[i].(type) {
			case *plan.Var:
				return colNeverNull(r.Input, e.Col)
			case *plan.Const:
				return !e.Value.Null
			}
			return false
		}
		return false
	case *plan.LJoin:
		if r.Kind == plan.Full || r.Kind == plan.Right {
			return false
		}
		if hasCol(r.Left, c) {
			return colNeverNull(r.Left, c)
		}
		return r.Kind == plan.Inner && colNeverNull(r.Right, c)
	case *plan.LSort, *plan.LLimit, *plan.LDistinct:
		return colNeverNull(plan.Inputs(r)[0], c)
	}
	return false
}

func hasCol(r plan.Rel, c plan.Col) bool {
	for _, x := range r.Cols() {
		if x == c {
			return true
		}
	}
	return false
}

// pullUp takes the correlated conditions out of a subquery. ok is false where
// something correlated is left.
func (b *builder) pullUp(r plan.Rel) (out plan.Rel, conds []plan.Expr, ok bool) {
	if len(plan.FreeCols(r)) == 0 {
		return r, nil, true
	}
	out, conds = b.pull(r)
	if len(plan.FreeCols(out)) != 0 {
		return r, nil, false
	}
	have := plan.SetOf(out.Cols())
	for _, c := range conds {
		// What the conditions need of the subquery must come out of it.
		vars := plan.ColSet{}
		plan.VarsOf(c, vars)
		for v := range vars {
			if !have.Has(v) && b.madeWithin(r, v) {
				return r, nil, false
			}
		}
	}
	return out, conds, true
}

func (b *builder) madeWithin(r plan.Rel, c plan.Col) bool {
	for _, p := range plan.Produced(r) {
		if p == c {
			return true
		}
	}
	for _, in := range plan.Inputs(r) {
		if b.madeWithin(in, c) {
			return true
		}
	}
	return false
}

func (b *builder) pull(r plan.Rel) (plan.Rel, []plan.Expr) {
	switch r := r.(type) {
	case *plan.LFilter:
		input, conds := b.pull(r.Input)
		free := plan.FreeCols(r)
		var keep []plan.Expr
		for _, c := range r.Conds {
			if refers(c, free) && !isVolatile(c) && !hasSubquery(c) {
				conds = append(conds, c)
			} else {
				keep = append(keep, c)
			}
		}
		return filter(input, keep), conds
	case *plan.LProject:
		if r.Sets != nil {
			return r, nil
		}
		input, conds := b.pull(r.Input)
		p := &plan.LProject{Input: input, Exprs: append([]plan.Expr(nil), r.Exprs...), ColIDs: append([]plan.Col(nil), r.ColIDs...)}
		have := plan.SetOf(p.ColIDs)
		for _, c := range conds {
			vars := plan.ColSet{}
			plan.VarsOf(c, vars)
			for _, v := range input.Cols() {
				if vars.Has(v) && !have.Has(v) {
					have.Add(v)
					p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(v)), append(p.ColIDs, v)
				}
			}
		}
		return p, conds
	case *plan.LJoin:
		return b.pullJoin(r)
	case *plan.LSort:
		input, conds := b.pull(r.Input)
		return input, conds // a subquery's order means nothing without a limit
	}
	return r, nil
}

func (b *builder) pullJoin(r *plan.LJoin) (plan.Rel, []plan.Expr) {
	if r.Lateral {
		return r, nil
	}
	j := *r
	var conds, more []plan.Expr
	switch r.Kind {
	case plan.Inner:
		j.Left, conds = b.pull(r.Left)
		j.Right, more = b.pull(r.Right)
		conds = append(conds, more...)
		free := plan.FreeCols(&j)
		j.On = nil
		for _, c := range r.On {
			if refers(c, free) && !isVolatile(c) && !hasSubquery(c) {
				conds = append(conds, c)
			} else {
				j.On = append(j.On, c)
			}
		}
		return &j, conds
	case plan.Left, plan.Semi, plan.Anti, plan.NullAnti:
		j.Left, conds = b.pull(r.Left)
		return &j, conds
	}
	return r, nil
}

// unnestScalars turns correlated scalar subqueries in exprs into left joins.
func (b *builder) unnestScalars(input plan.Rel, exprs []plan.Expr) (plan.Rel, []plan.Expr) {
	if b.keepScalar {
		return input, exprs
	}
	out := make([]plan.Expr, len(exprs))
	for i, e := range exprs {
		if conditional(e) {
			out[i] = e
			continue
		}
		out[i] = plan.Map(e, func(x plan.Expr) plan.Expr {
			s, ok := x.(*plan.SubLink)
			if !ok || s.Kind != plan.SubScalar {
				return x
			}
			joined, value := b.unnestScalar(input, s)
			if joined == nil {
				return x
			}
			input = joined
			b.unnested++
			return value
		})
	}
	return input, out
}

// conditional reports whether e holds a subquery that may not be computed at all
// or that stands within another subquery.
func conditional(e plan.Expr) (found bool) {
	plan.Walk(e, func(x plan.Expr) bool {
		switch x := x.(type) {
		case *plan.Case, *plan.Coalesce:
			found = found || hasSubquery(x)
			return false
		case *plan.SubLink:
			plan.WalkRel(x.Rel, func(y plan.Expr) bool {
				_, ok := y.(*plan.SubLink)
				found = found || ok
				return !found
			})
			return false
		}
		return !found
	})
	return found
}

// unnestScalar joins input with a subquery of the form SELECT f(aggregates) FROM …
// WHERE inner = outer, grouped by the inner expressions.
func (b *builder) unnestScalar(input plan.Rel, s *plan.SubLink) (plan.Rel, plan.Expr) {
	p, ok := s.Rel.(*plan.LProject)
	if !ok || p.Sets != nil || len(p.Exprs) != 1 || hasSubquery(p.Exprs[0]) || isVolatile(p.Exprs[0]) {
		return nil, nil
	}
	agg, ok := p.Input.(*plan.LAgg)
	if !ok || len(agg.Keys) != 0 || agg.Sets != nil || len(plan.FreeCols(s.Rel)) == 0 {
		return nil, nil
	}
	rel, conds, ok := b.pullUp(agg.Input)
	if !ok || len(conds) == 0 {
		return nil, nil
	}
	test := &plan.LAgg{Input: rel, Aggs: agg.Aggs}
	if len(plan.FreeCols(test)) != 0 || refers(p.Exprs[0], plan.FreeCols(s.Rel)) {
		return nil, nil
	}
	inner := plan.SetOf(rel.Cols())
	group := &plan.LAgg{Input: rel, Aggs: agg.Aggs, AggCols: agg.AggCols}
	var on []plan.Expr
	for _, c := range conds {
		key, call, side := correlatedEquality(c, inner)
		if call == nil {
			return nil, nil
		}
		col := b.q.NewCol("key", key.Type())
		group.Keys, group.KeyCols = append(group.Keys, key), append(group.KeyCols, col)
		args := append([]plan.Expr(nil), call.Args...)
		args[side] = b.q.Ref(col)
		on = append(on, &plan.Call{Typ: call.Typ, Func: call.Func, Args: args, Op: true, Pos: call.Pos})
	}
	joined := &plan.LJoin{Kind: plan.Left, Left: input, Right: group, On: on}
	// Without a match the subquery is f over no rows, not NULL: the key tells.
	empty, ok := b.overNoRows(p.Exprs[0], agg)
	if !ok {
		return nil, nil
	}
	if c, isConst := empty.(*plan.Const); isConst && c.Value.Null && nullIfNull(p.Exprs[0], plan.SetOf(agg.AggCols)) {
		return joined, p.Exprs[0]
	}
	return joined, &plan.Case{
		Typ:     p.Exprs[0].Type(),
		Conds:   []plan.Expr{&plan.IsNull{Arg: b.q.Ref(group.KeyCols[0])}},
		Results: []plan.Expr{empty},
		Else:    p.Exprs[0],
	}
}

// correlatedEquality takes inner = outer apart; side is the number of the inner argument.
func correlatedEquality(e plan.Expr, inner plan.ColSet) (key plan.Expr, call *plan.Call, side int) {
	c, ok := e.(*plan.Call)
	if !ok || !c.Op || c.Func.Name != "=" || c.Func.Args[0] != c.Func.Args[1] {
		return nil, nil, 0
	}
	l, r := refers(c.Args[0], inner), refers(c.Args[1], inner)
	if l == r {
		return nil, nil, 0
	}
	if r {
		side = 1
	}
	vars := plan.ColSet{}
	plan.VarsOf(c.Args[side], vars)
	for v := range vars {
		if !inner.Has(v) {
			return nil, nil, 0
		}
	}
	return c.Args[side], c, side
}

// overNoRows gives e with the aggregates replaced by their values over no rows.
func (b *builder) overNoRows(e plan.Expr, agg *plan.LAgg) (plan.Expr, bool) {
	subst := map[plan.Col]plan.Expr{}
	for i, a := range agg.Aggs {
		c := &plan.Const{Typ: a.Func.Ret, Value: sqltype.NullDatum}
		if a.Func.Name == "count" {
			c.Value = sqltype.Datum{}
		} else if !nullOverNoRows[a.Func.Name] {
			return nil, false
		}
		subst[agg.AggCols[i]] = c
	}
	return b.foldExpr(substitute(e, subst)), true
}

// nullOverNoRows are the aggregates that are NULL where there are no rows.
var nullOverNoRows = map[string]bool{
	"sum": true, "avg": true, "min": true, "max": true, "string_agg": true, "array_agg": true,
	"bool_and": true, "bool_or": true, "every": true, "stddev": true, "stddev_samp": true,
	"stddev_pop": true, "variance": true, "var_samp": true, "var_pop": true, "bit_and": true,
	"bit_or": true, "json_agg": true, "jsonb_agg": true,
}
