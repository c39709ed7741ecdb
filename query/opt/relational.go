package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

type sqlType = sqltype.Type

const jsonID = sqltype.JSON

func isText(t sqlType) bool {
	return t.ID == sqltype.Text || t.ID == sqltype.Varchar || t.ID == sqltype.Name
}

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
		if v, ok := r.Exprs[i].(*plan.Var); ok && (r.Sets == nil || r.Sets[i] == nil) {
			from[c] = v.Col
			if st, ok := b.colStats[v.Col]; ok {
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
			if v, ok := e.(*plan.Var); ok && v.Col == x.col {
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

// orderOf turns sort keys into an order, where all are columns.
func (b *builder) orderOf(keys []plan.SortKey, r plan.Rel) []ordering {
	var out []ordering
	for _, k := range keys {
		v, ok := k.Expr.(*plan.Var)
		if !ok {
			return nil
		}
		o := ordering{v.Col, k.Desc, k.NullsFirst}
		if colNeverNull(r, v.Col) {
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

func (b *builder) buildWindow(r *plan.LWindow) (cand, error) {
	keys := make([]plan.SortKey, 0, len(r.Partition)+len(r.Order))
	for _, p := range r.Partition {
		keys = append(keys, plan.SortKey{Expr: p})
	}
	keys = append(keys, r.Order...)
	in, err := b.sortBy(r.Input, keys, 0, -1)
	if len(keys) == 0 {
		in, err = b.build(r.Input, need{})
	}
	if err != nil {
		return in, err
	}
	w := &plan.Window{Input: in.node}
	c := in
	c.cols = append([]plan.Col(nil), in.cols...)
	if w.Partition, err = b.emitAll(r.Partition, in.cols); err != nil {
		return c, err
	}
	if w.Order, err = b.emitKeys(r.Order, in.cols); err != nil {
		return c, err
	}
	for i, call := range r.Calls {
		if !b.used.Has(r.CallCols[i]) {
			continue
		}
		x := call
		if x.Args, err = b.emitAll(call.Args, in.cols); err != nil {
			return c, err
		}
		if x.Filter, err = b.emitOpt(call.Filter, in.cols); err != nil {
			return c, err
		}
		if x.Frame.Start.Offset, err = b.emitOpt(call.Frame.Start.Offset, in.cols); err != nil {
			return c, err
		}
		if x.Frame.End.Offset, err = b.emitOpt(call.Frame.End.Offset, in.cols); err != nil {
			return c, err
		}
		w.Calls = append(w.Calls, x)
		c.cols = append(c.cols, r.CallCols[i])
	}
	c.total += in.rows * costWindowRow * float64(len(w.Calls))
	w.Base = b.base(&c)
	c.node = w
	return c, nil
}

func (b *builder) buildValues(r *plan.LValues) (cand, error) {
	c := cand{cols: r.ColIDs, rows: float64(len(r.Rows)), total: costExpr * float64(len(r.Rows)), unique: len(r.Rows) <= 1}
	v := &plan.Values{Rows: make([][]plan.Expr, len(r.Rows))}
	for i, row := range r.Rows {
		out, err := b.emitAll(row, nil)
		if err != nil {
			return c, err
		}
		v.Rows[i] = out
	}
	v.Base = b.base(&c)
	c.node = v
	return c, nil
}

func (b *builder) buildFunc(r *plan.LFunc) (cand, error) {
	c := cand{cols: r.ColIDs, rows: funcRows(r)}
	f := &plan.FuncScan{Ordinality: r.Ordinality, Alias: r.Alias}
	for _, s := range r.Calls {
		args, err := b.emitAll(s.Args, nil)
		if err != nil {
			return c, err
		}
		f.Calls = append(f.Calls, &plan.SetCall{Set: s.Set, Args: args, Column: s.Column})
	}
	c.total = c.rows * costFuncRow
	f.Base = b.base(&c)
	c.node = f
	return c, nil
}

func funcRows(r *plan.LFunc) float64 {
	rows := 0.0
	for _, s := range r.Calls {
		rows = math.Max(rows, callRows(s))
	}
	return rows
}

func callRows(s *plan.SetCall) float64 {
	if s.Set == nil {
		return 1
	}
	if s.Set.Name == "generate_series" && len(s.Args) >= 2 {
		lo, ok1 := constInt(s.Args[0])
		hi, ok2 := constInt(s.Args[1])
		if ok1 && ok2 && s.Args[0].Type().Phys() == sqltype.PhysInt && isInt(s.Args[0].Type()) {
			return math.Max(0, float64(hi)-float64(lo)+1)
		}
		return stats.DefaultRows
	}
	return 10
}

func (b *builder) buildVirtual(r *plan.LVirtual, conds []plan.Expr) (cand, error) {
	v := &plan.Virtual{Source: r.Source, Object: r.Object}
	c := cand{rows: 100 * b.selectivity(conds), total: 100}
	for i, col := range r.ColIDs {
		if b.used.Has(col) {
			v.Cols, c.cols = append(v.Cols, r.Ords[i]), append(c.cols, col)
		}
	}
	var err error
	if v.Filter, err = b.emitCond(conds, c.cols); err != nil {
		return c, err
	}
	v.Base = b.base(&c)
	c.node = v
	return c, nil
}

func (b *builder) buildSetOp(r *plan.LSetOp) (cand, error) {
	l, err := b.build(r.Left, need{})
	if err != nil {
		return l, err
	}
	right, err := b.build(r.Right, need{})
	if err != nil {
		return right, err
	}
	l, right = b.only(l, r.Left.Cols()), b.only(right, r.Right.Cols())
	c := cand{cols: r.ColIDs, rows: l.rows + right.rows, total: l.total + right.total}
	if r.Kind == plan.Union {
		c.startup = math.Min(l.startup, right.startup)
		app := &plan.Append{Inputs: []plan.Node{l.node, right.node}}
		if a, ok := l.node.(*plan.Append); ok {
			app.Inputs = append(append([]plan.Node(nil), a.Inputs...), right.node)
		}
		app.Base = b.base(&c)
		c.node = app
		if r.All {
			return c, nil
		}
		c.total += c.rows * costGroupRow
		c.node = &plan.Distinct{Base: b.base(&c), Input: app}
		return c, nil
	}
	c.rows = l.rows / 2
	c.total += (l.rows + right.rows) * costGroupRow
	c.startup = c.total
	c.node = &plan.SetOp{Base: b.base(&c), Kind: r.Kind, All: r.All, Left: l.node, Right: right.node}
	return c, nil
}

func (b *builder) buildWith(r *plan.LWith, n need) (cand, error) {
	p, err := b.build(r.Plan, need{})
	if err != nil {
		return p, err
	}
	cols := r.Plan.Cols()
	if len(cols) > 0 {
		p = b.only(p, cols)
	}
	info := &cteInfo{rows: p.rows, cols: cols}
	b.ctes[r.ID] = info
	w := &plan.CTE{ID: r.ID, Plan: p.node, Recursive: r.Recursive, Union: r.Union, Modifies: r.Modifies}
	cost := p.total
	if r.Recursive {
		info.rows *= 10
		step, err := b.build(r.Step, need{})
		if err != nil {
			return step, err
		}
		step = b.only(step, r.Step.Cols())
		w.Step = step.node
		cost += 10 * step.total
	}
	body, err := b.build(r.Body, n)
	if err != nil {
		return body, err
	}
	c := body
	c.total += cost
	w.Body = body.node
	w.Base = b.base(&c)
	c.node = w
	return c, nil
}

func (b *builder) buildWithRef(r *plan.LWithRef) (cand, error) {
	c := cand{cols: r.ColIDs, rows: stats.DefaultRows}
	if info := b.ctes[r.ID]; info != nil {
		c.rows = info.rows
	}
	for i, src := range r.Source {
		if st, ok := b.colStats[src]; ok {
			b.colStats[r.ColIDs[i]] = st
		}
	}
	c.total = c.rows * costFuncRow
	if r.Work {
		c.node = &plan.WorkScan{Base: b.base(&c), ID: r.ID}
	} else {
		c.node = &plan.CTEScan{Base: b.base(&c), ID: r.ID, Name: r.Name}
	}
	return c, nil
}
