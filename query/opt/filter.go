package opt

import (
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

func (b *builder) buildFilter(r *plan.LFilter, n need) (cand, error) {
	for _, c := range r.Conds {
		if constBool(c, false) || isNullConst(c) {
			return b.nothing(r.Cols()), nil
		}
	}
	var plain, late []plan.Expr
	for _, c := range r.Conds {
		if isVolatile(c) || hasSubquery(c) {
			late = append(late, c)
		} else {
			plain = append(plain, c)
		}
	}
	switch in := r.Input.(type) {
	case *plan.LScan:
		c, err := b.buildScan(in, plain, n)
		if err != nil || len(late) == 0 {
			return c, err
		}
		return b.filterOn(c, late)
	case *plan.LVirtual:
		c, err := b.buildVirtual(in, plain)
		if err != nil || len(late) == 0 {
			return c, err
		}
		return b.filterOn(c, late)
	case *plan.LJoin:
		if reorderable(in) {
			c, ok, err := b.buildGraph(filter(in, plain), n)
			if err != nil || ok && len(late) == 0 {
				return c, err
			}
			if ok {
				return b.filterOn(c, late)
			}
		}
	}
	c, err := b.build(r.Input, n)
	if err != nil {
		return c, err
	}
	return b.filterOn(c, append(plain, late...))
}

func isNullConst(e plan.Expr) bool {
	c, ok := e.(*plan.Const)
	return ok && c.Value.Null
}

// nothing is a relation without rows.
func (b *builder) nothing(cols []plan.Col) cand {
	c := cand{cols: cols, unique: true}
	c.node = &plan.Values{Base: b.base(&c)}
	return c
}

func (b *builder) filterOn(in cand, conds []plan.Expr) (cand, error) {
	cond, err := b.emitCond(conds, in.cols)
	if err != nil {
		return in, err
	}
	c := in
	c.rows = in.rows * b.selectivity(conds)
	c.total += in.rows * costFilter * float64(len(conds))
	for _, s := range subPlans(cond) {
		if len(s.Args) > 0 {
			c.total += in.rows * (costSubplan + s.Plan.Estimate().Total)
		} else {
			c.total += s.Plan.Estimate().Total
			c.startup += s.Plan.Estimate().Total
		}
	}
	c.node = &plan.Filter{Base: b.base(&c), Input: in.node, Cond: cond}
	return c, nil
}

func subPlans(e plan.Expr) (list []*plan.SubPlan) {
	plan.Walk(e, func(x plan.Expr) bool {
		if s, ok := x.(*plan.SubPlan); ok {
			list = append(list, s)
		}
		return true
	})
	return list
}

func (b *builder) buildProject(r *plan.LProject, n need) (cand, error) {
	var exprs []plan.Expr
	var cols []plan.Col
	var sets []*plan.SetCall
	from := map[plan.Col]plan.Col{} // output column to input column
	for i, c := range r.ColIDs {
		if !b.used.Has(c) && (r.Sets == nil || r.Sets[i] == nil) {
			continue
		}
		if v, ok := b.colOf(r.Exprs[i]); ok && (r.Sets == nil || r.Sets[i] == nil) {
			from[c] = v
			if st, ok := b.colStats[v]; ok {
				b.colStats[c] = st
			}
		}
		exprs, cols = append(exprs, r.Exprs[i]), append(cols, c)
		if r.Sets != nil {
			sets = append(sets, r.Sets[i])
		}
	}
	in := need{rows: n.rows}
	for _, o := range n.order {
		src, ok := from[o.col]
		if !ok {
			in.order = nil
			break
		}
		in.order = append(in.order, ordering{src, o.desc, o.nullsFirst})
	}
	input, err := b.build(r.Input, in)
	if err != nil {
		return input, err
	}
	for i, c := range cols { // statistics of columns below are known only now
		if v, ok := exprs[i].(*plan.Var); ok {
			if st, ok := b.colStats[v.Col]; ok {
				b.colStats[c] = st
			}
		} else if !hasSubquery(exprs[i]) {
			b.colStats[c] = colStat{ndv: b.groups(exprs[i:i+1], input.rows), rows: input.rows}
		}
	}
	c := input
	c.cols = cols
	c.order = nil
	if sets == nil {
		c.order = b.mapOrder(input.order, exprs, cols)
		if b.identityProject(exprs, cols, input.cols) {
			c.cols, c.order = input.cols, input.order
			return c, nil
		}
	}
	p := &plan.Project{Input: input.node}
	if p.Exprs, p.Sets, err = b.emitProject(exprs, sets, input.cols); err != nil {
		return c, err
	}
	c.total += input.rows * costExpr * float64(computed(p.Exprs))
	for _, e := range p.Exprs {
		for _, s := range subPlans(e) {
			if len(s.Args) > 0 {
				c.total += input.rows * (costSubplan + s.Plan.Estimate().Total)
			} else {
				c.total += s.Plan.Estimate().Total
			}
		}
	}
	if sets != nil {
		c.rows *= 10
		c.unique = false
	}
	p.Base = b.base(&c)
	c.node = p
	if sets == nil && plan.Repeatable(p.Exprs...) {
		c.asks = input.asked(p, cols, varAt(exprs))
	}
	return c, nil
}

func (b *builder) emitProject(exprs []plan.Expr, sets []*plan.SetCall, cols []plan.Col) ([]plan.Expr, []*plan.SetCall, error) {
	if sets == nil {
		out, err := b.emitAll(exprs, cols)
		return out, nil, err
	}
	out := make([]plan.Expr, len(exprs))
	calls := make([]*plan.SetCall, len(exprs))
	for i, e := range exprs {
		if sets[i] != nil {
			args, err := b.emitAll(sets[i].Args, cols)
			if err != nil {
				return nil, nil, err
			}
			calls[i] = &plan.SetCall{Set: sets[i].Set, Args: args, Column: sets[i].Column}
			out[i] = &plan.Const{Typ: e.Type(), Value: sqltype.NullDatum}
			continue
		}
		x, err := b.emit(e, cols)
		if err != nil {
			return nil, nil, err
		}
		out[i] = x
	}
	return out, calls, nil
}

// identityProject reports whether a projection only passes its input on.
func (b *builder) identityProject(exprs []plan.Expr, cols, input []plan.Col) bool {
	if !sameCols(cols, input) {
		return false
	}
	for i, e := range exprs {
		if v, ok := e.(*plan.Var); !ok || v.Col != cols[i] {
			return false
		}
	}
	return true
}

func computed(list []plan.Expr) (n int) {
	for _, e := range list {
		if _, ok := e.(*plan.Slot); !ok {
			n++
		}
	}
	return n
}

// mapOrder says an order in terms of a projection's columns.
func (b *builder) mapOrder(o []ordering, exprs []plan.Expr, cols []plan.Col) (out []ordering) {
	for _, x := range o {
		found := false
		for i, e := range exprs {
			if c, ok := b.colOf(e); ok && c == x.col {
				out = append(out, ordering{cols[i], x.desc, x.nullsFirst})
				found = true
				break
			}
		}
		if !found {
			break
		}
	}
	return out
}
