package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

func (b *builder) buildDistinct(r *plan.LDistinct, n need) (cand, error) {
	in, err := b.build(r.Input, need{order: n.order})
	if err != nil {
		return in, err
	}
	c := in
	d := &plan.Distinct{Input: in.node}
	if r.On != nil {
		if d.On, err = b.emitAll(r.On, in.cols); err != nil {
			return c, err
		}
		d.Sorted = sortedBy(in, r.On)
		c.rows = b.groups(r.On, in.rows)
	} else {
		want := r.Input.Cols()
		in = b.only(in, dedupe(want))
		d.Input = in.node
		c = in
		keys := make([]plan.Expr, len(in.cols))
		for i, col := range in.cols {
			keys[i] = b.q.Ref(col)
		}
		c.rows = b.groups(keys, in.rows)
		if in, err = b.distinctInput(in, keys); err != nil {
			return c, err
		}
		d.Input, c.node, c.order, c.startup, c.total = in.node, in.node, in.order, in.startup, in.total
		d.Sorted = sortedBy(in, keys)
	}
	c.total += in.rows * costGroupRow
	if b.set.NoHashAgg && !d.Sorted {
		b.disable(&c)
	}
	d.Base = b.base(&c)
	c.node = d
	return c, nil
}

// distinctInput sorts what is to be made distinct where hashing is switched off.
func (b *builder) distinctInput(in cand, keys []plan.Expr) (cand, error) {
	return b.groupInput(&plan.LAgg{Keys: keys}, in)
}

func dedupe(cols []plan.Col) (out []plan.Col) {
	seen := plan.ColSet{}
	for _, c := range cols {
		if !seen.Has(c) {
			out = append(out, c)
		}
		seen.Add(c)
	}
	return out
}

// sortedBy reports whether rows that are equal in all keys arrive together.
func sortedBy(c cand, keys []plan.Expr) bool {
	set := varSet(keys)
	if len(set) != len(keys) || len(c.order) < len(keys) {
		return false
	}
	for _, o := range c.order[:len(keys)] {
		if !set.Has(o.col) {
			return false
		}
	}
	return true
}

func (b *builder) buildAgg(r *plan.LAgg, n need) (cand, error) {
	if c, ok, err := b.minMax(r); ok || err != nil {
		return c, err
	}
	in, err := b.build(r.Input, need{order: keysWithin(n.order, r)})
	if err != nil {
		return in, err
	}
	if in, err = b.groupInput(r, in); err != nil {
		return in, err
	}
	c := cand{startup: in.total, unique: len(r.Keys) == 0 && r.Sets == nil}
	a := &plan.Aggregate{Input: in.node, Sets: r.Sets, Grouping: r.Grouping}
	if a.Keys, err = b.emitAll(r.Keys, in.cols); err != nil {
		return c, err
	}
	c.cols = append(c.cols, r.KeyCols...)
	for i, call := range r.Aggs {
		if !b.used.Has(r.AggCols[i]) {
			continue
		}
		x, err := b.emitAgg(call, in.cols)
		if err != nil {
			return c, err
		}
		a.Aggs = append(a.Aggs, x)
		c.cols = append(c.cols, r.AggCols[i])
	}
	c.cols = append(c.cols, r.GroupCols...)
	c.rows = b.groups(r.Keys, in.rows)
	for i, k := range r.Keys {
		d := b.groups([]plan.Expr{k}, in.rows)
		b.colStats[r.KeyCols[i]] = colStat{ndv: d, rows: c.rows}
	}
	c.rows *= math.Max(1, float64(len(r.Sets)))
	a.Sorted = len(r.Keys) > 0 && r.Sets == nil && sortedBy(in, r.Keys)
	per := costGroupRow
	if a.Sorted {
		per = costGroupSort
		for _, o := range in.order[:len(r.Keys)] {
			for i, k := range r.Keys {
				if v, ok := k.(*plan.Var); ok && v.Col == o.col {
					c.order = append(c.order, ordering{r.KeyCols[i], o.desc, o.nullsFirst})
				}
			}
		}
	}
	c.total = in.total + in.rows*(per+costExpr*float64(len(a.Aggs))) + c.rows*costExpr
	if b.set.NoHashAgg && len(r.Keys) > 0 && !a.Sorted {
		b.disable(&c)
	}
	if a.Sorted {
		c.startup = in.startup
	}
	a.Base = b.base(&c)
	c.node = a
	if a.Prunable() {
		c.asks = in.asked(a, r.KeyCols, varAt(r.Keys))
	}
	return c, nil
}

// groupInput sorts what is to be grouped where hashing is switched off.
func (b *builder) groupInput(r *plan.LAgg, in cand) (cand, error) {
	if !b.set.NoHashAgg || b.set.NoSort || len(r.Keys) == 0 || r.Sets != nil || sortedBy(in, r.Keys) {
		return in, nil
	}
	keys := make([]plan.SortKey, len(r.Keys))
	for i, k := range r.Keys {
		if _, ok := k.(*plan.Var); !ok || k.Type().ID == jsonID {
			return in, nil
		}
		keys[i].Expr = k
	}
	out, _, err := b.sorted(in, keys)
	return out, err
}

// keysWithin says an order of groups in terms of the input.
func keysWithin(o []ordering, r *plan.LAgg) (out []ordering) {
	for _, x := range o {
		found := false
		for i, c := range r.KeyCols {
			if v, ok := r.Keys[i].(*plan.Var); ok && c == x.col {
				out = append(out, ordering{v.Col, x.desc, x.nullsFirst})
				found = true
			}
		}
		if !found {
			return nil
		}
	}
	return out
}

func (b *builder) emitAgg(a plan.AggCall, cols []plan.Col) (plan.AggCall, error) {
	var err error
	if a.Args, err = b.emitAll(a.Args, cols); err != nil {
		return a, err
	}
	if a.Direct, err = b.emitAll(a.Direct, cols); err != nil {
		return a, err
	}
	if a.Filter, err = b.emitOpt(a.Filter, cols); err != nil {
		return a, err
	}
	a.Order, err = b.emitKeys(a.Order, cols)
	if len(a.Order) == 0 {
		a.Order = nil
	}
	return a, err
}

// minMax answers SELECT min(x) or max(x) from the end of an index: the aggregate
// is kept over the single row that decides.
func (b *builder) minMax(r *plan.LAgg) (cand, bool, error) {
	if len(r.Keys) != 0 || r.Sets != nil || len(r.Aggs) != 1 || r.Aggs[0].Filter != nil || len(r.Aggs[0].Args) != 1 {
		return cand{}, false, nil
	}
	a := r.Aggs[0]
	v, ok := a.Args[0].(*plan.Var)
	scan, conds := leaf(r.Input)
	if !ok || scan == nil || a.Func.Name != "min" && a.Func.Name != "max" || isFloat(v.Typ) {
		return cand{}, false, nil
	}
	if !colNeverNull(scan, v.Col) {
		conds = append(append([]plan.Expr(nil), conds...), &plan.IsNull{Arg: v, Not: true})
	}
	// NULLs are filtered out, so either place of them will do.
	desc := a.Func.Name == "max"
	var best cand
	found := false
	for _, nulls := range []bool{desc, !desc} {
		want := []ordering{{v.Col, desc, nulls}}
		c, err := b.buildScan(scan, conds, need{order: want, rows: 1})
		if err != nil {
			return cand{}, false, err
		}
		if hasOrder(c, want) {
			best, found = c, true
			break
		}
	}
	if !found {
		return cand{}, false, nil
	}
	s := *(best.node.(*plan.Scan))
	s.Limit = 1
	in := best
	if in.rows > 1 {
		in.total = in.startup + (in.total-in.startup)/in.rows
	}
	in.rows = math.Min(in.rows, 1)
	s.Base = b.base(&in)
	in.node = &s
	c := cand{unique: true, rows: 1, startup: in.total, total: in.total + costExpr}
	node := &plan.Aggregate{Input: in.node, Grouping: r.Grouping}
	if b.used.Has(r.AggCols[0]) {
		x, err := b.emitAgg(a, in.cols)
		if err != nil {
			return c, false, err
		}
		node.Aggs = []plan.AggCall{x}
		c.cols = append(c.cols, r.AggCols[0])
	}
	c.cols = append(c.cols, r.GroupCols...)
	node.Base = b.base(&c)
	c.node = node
	return c, true, nil
}

func isFloat(t sqlType) bool { return t.ID == sqltype.Float4 || t.ID == sqltype.Float8 }
