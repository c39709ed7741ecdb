package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
)

// orderOf turns sort keys into an order, where all are columns.
func (b *builder) orderOf(keys []plan.SortKey, r plan.Rel) []ordering {
	var out []ordering
	for _, k := range keys {
		col, ok := b.colOf(k.Expr)
		if !ok {
			return nil
		}
		o := ordering{col, k.Desc, k.NullsFirst}
		if colNeverNull(r, col) {
			o.nullsFirst = k.Desc
		}
		out = append(out, o)
	}
	return out
}

func (b *builder) buildSort(r *plan.LSort, n need) (cand, error) {
	return b.sortBy(r.Input, r.Keys, n.rows, -1)
}

// sortBy plans a relation in an order; limit ≥ 0 is how many rows are wanted.
func (b *builder) sortBy(input plan.Rel, keys []plan.SortKey, rows float64, limit int64) (cand, error) {
	want := b.orderOf(keys, input)
	in, err := b.build(input, need{order: want, rows: rows})
	if err != nil {
		return in, err
	}
	if want != nil && hasOrder(in, want) || in.unique {
		return in, nil
	}
	c := in
	s := &plan.Sort{Input: in.node, Limit: limit}
	if s.Keys, err = b.emitKeys(keys, in.cols); err != nil {
		return c, err
	}
	for s.Prefix < len(want) && s.Prefix < len(in.order) && in.order[s.Prefix] == want[s.Prefix] {
		s.Prefix++
	}
	sorted := in.rows
	if limit >= 0 {
		sorted = math.Min(sorted, float64(limit))
		c.rows = math.Min(c.rows, float64(limit))
	}
	c.total += costSortRow * in.rows * math.Log2(sorted+2)
	c.startup = c.total
	if b.set.NoSort {
		b.disable(&c)
	}
	c.order = want
	s.Base = b.base(&c)
	c.node = s
	return c, nil
}

func (b *builder) buildLimit(r *plan.LLimit, n need) (cand, error) {
	count, known := constInt(r.Count)
	offset, offKnown := constInt(r.Offset)
	want := need{order: n.order}
	bounded := known && offKnown && r.Count != nil && !r.WithTies && count >= 0 && offset >= 0 && count+offset >= 0
	if bounded {
		want.rows = math.Max(1, float64(count+offset))
	}
	in, err := b.limitInput(r, want, bounded, count+offset)
	if err != nil {
		return in, err
	}
	c := in
	l := &plan.Limit{Input: in.node, WithTies: r.WithTies}
	if l.Count, err = b.emitOpt(r.Count, nil); err != nil {
		return c, err
	}
	if l.Offset, err = b.emitOpt(r.Offset, nil); err != nil {
		return c, err
	}
	if l.Ties, err = b.emitAll(r.Ties, in.cols); err != nil {
		return c, err
	}
	if bounded && in.rows > want.rows {
		c.total = c.startup + (c.total-c.startup)*want.rows/in.rows
		pushLimit(in.node, count+offset)
	} else if bounded {
		pushLimit(in.node, count+offset)
	}
	if bounded {
		c.rows = math.Min(c.rows, float64(count))
	} else if r.Count != nil {
		c.rows /= 10
	}
	l.Base = b.base(&c)
	c.node = l
	return c, nil
}

// limitInput plans what a limit cuts: under a sort, the best n rows are enough.
func (b *builder) limitInput(r *plan.LLimit, want need, bounded bool, limit int64) (cand, error) {
	if !bounded {
		return b.build(r.Input, want)
	}
	switch in := r.Input.(type) {
	case *plan.LSort:
		return b.sortBy(in.Input, in.Keys, want.rows, limit)
	case *plan.LProject:
		if s, ok := in.Input.(*plan.LSort); ok && in.Sets == nil {
			c, err := b.sortBy(s.Input, s.Keys, want.rows, limit)
			if err != nil {
				return c, err
			}
			return b.projectOn(in, c)
		}
	}
	return b.build(r.Input, want)
}

// projectOn puts a projection on a plan that has been made.
func (b *builder) projectOn(r *plan.LProject, input cand) (cand, error) {
	c := input
	c.cols = nil
	var exprs []plan.Expr
	for i, col := range r.ColIDs {
		if b.used.Has(col) {
			c.cols, exprs = append(c.cols, col), append(exprs, r.Exprs[i])
		}
	}
	c.order = b.mapOrder(input.order, exprs, c.cols)
	if b.identityProject(exprs, c.cols, input.cols) {
		return input, nil
	}
	out, err := b.emitAll(exprs, input.cols)
	if err != nil {
		return c, err
	}
	c.total += input.rows * costExpr * float64(computed(out))
	c.node = &plan.Project{Base: b.base(&c), Input: input.node, Exprs: out}
	return c, nil
}

// pushLimit tells a scan below how many rows will be read.
func pushLimit(n plan.Node, limit int64) {
	switch n := n.(type) {
	case *plan.Project:
		if n.Sets == nil {
			pushLimit(n.Input, limit)
		}
	case *plan.Scan:
		if limit > 0 {
			n.Limit = limit
		}
	}
}

func constInt(e plan.Expr) (int64, bool) {
	if e == nil {
		return 0, true
	}
	c, ok := e.(*plan.Const)
	if !ok || c.Value.Null {
		return 0, false
	}
	return c.Value.Int, true
}

func (b *builder) emitOpt(e plan.Expr, cols []plan.Col) (plan.Expr, error) {
	if e == nil {
		return nil, nil
	}
	return b.emit(e, cols)
}
