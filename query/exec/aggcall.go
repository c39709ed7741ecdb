package exec

import (
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// aggArgs evaluates the arguments of all aggregates of a node, once for a batch.
type aggArgs struct {
	calls []aggCall
}

// aggCall is one aggregate with its compiled parts.
type aggCall struct {
	plan   *plan.AggCall
	args   []evaluator // direct ones first
	direct int
	types  []sqltype.Type
	filter evaluator
	order  *orderKeys // nil where rows are added as they come
	vals   []*vec.Vector
	cond   *vec.Vector
}

// sortsDistinct are the aggregates whose result shows the order of their rows:
// with DISTINCT and no order they get them sorted, as in PostgreSQL.
var sortsDistinct = map[string]bool{
	"array_agg": true, "string_agg": true, "json_agg": true, "jsonb_agg": true, "json_agg_strict": true, "jsonb_agg_strict": true,
}

func compileAggs(c *Context, calls []plan.AggCall) (*aggArgs, error) {
	a := &aggArgs{calls: make([]aggCall, len(calls))}
	for i := range calls {
		p, call := &calls[i], &a.calls[i]
		call.plan, call.direct = p, len(p.Direct)
		var err error
		all := append(append([]plan.Expr(nil), p.Direct...), p.Args...)
		if call.args, err = compileAll(c, all); err != nil {
			return nil, err
		}
		call.types = exprTypes(all)
		if call.filter, err = compileOpt(c, p.Filter); err != nil {
			return nil, err
		}
		order := p.Order
		if p.Distinct && len(order) == 0 && sortsDistinct[p.Func.Name] {
			for _, x := range p.Args {
				order = append(order, plan.SortKey{Expr: x})
			}
		}
		if len(order) > 0 {
			if call.order, err = newOrderKeys(c, order); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// load evaluates filters, and arguments for the rows that pass them.
func (a *aggArgs) load(b *vec.Batch) (err error) {
	for i := range a.calls {
		call := &a.calls[i]
		part := vec.Batch{Len: b.Len, Sel: b.Sel, Cols: b.Cols}
		call.cond = nil
		if call.filter != nil {
			if call.cond, err = call.filter.eval(b, b.Sel); err != nil {
				return err
			}
			part.Sel = call.pass(nil, b.Len, b.Sel)
		}
		if call.vals, err = evalAll(call.args, &part, part.Sel, call.vals); err != nil {
			return err
		}
		if call.order != nil {
			if err := call.order.load(&part); err != nil {
				return err
			}
		}
	}
	return nil
}

// pass appends the rows that the filter lets through.
func (call *aggCall) pass(dst []int32, n int, sel []int32) []int32 {
	if dst == nil {
		dst = make([]int32, 0, n)
	}
	mask := call.cond.Mask()
	for _, i := range vec.Live(n, sel) {
		if call.cond.I[int(i)&mask] != 0 && !call.cond.IsNull(int(i)) {
			dst = append(dst, i)
		}
	}
	return dst
}

// accumulator is one aggregate's state for the groups of one grouping set.
type accumulator interface {
	grow(n int)
	add(c *Context, b *vec.Batch, sel, groups []int32, args *aggArgs, call int) error
	// shed moves to files what can be moved; what comes later goes there, too.
	shed(c *Context) error
	finish(c *Context) error
	result(from, to int, out *vec.Vector) error
	// size is what is held in memory, but for what a rowSort accounts for itself.
	size() int64
	close() error
}

func (a *aggArgs) accumulators(c *Context) []accumulator {
	out := make([]accumulator, len(a.calls))
	for i := range a.calls {
		call := &a.calls[i]
		p := &plainAgg{agg: call.plan.Func.New(c.Env)}
		types := append([]sqltype.Type{sqltype.TInt8}, call.types...)
		switch {
		case call.order != nil:
			out[i] = &orderedAgg{plainAgg: p, call: call, rows: newRowSort(c, types)}
			continue
		case call.plan.Distinct:
			p.seen = newKeyTable(types)
		}
		out[i] = p
	}
	return out
}

// plainAgg adds rows as they come; with seen, only one of equal rows. Rows that shed
// has no room for are put in order first, so that equal ones meet.
type plainAgg struct {
	agg  fn.Aggregator
	seen *keyTable // of group and arguments, for DISTINCT
	late *rowSort  // rows that are not in seen, once it grows no more
	sel  []int32
	nums []int32
	gvec *vec.Vector
	keys []*vec.Vector
}

func (p *plainAgg) grow(n int) { p.agg.Grow(n) }

func (p *plainAgg) size() int64 {
	if p.seen != nil {
		return p.agg.Bytes() + p.seen.size()
	}
	return p.agg.Bytes()
}

func (p *plainAgg) shed(c *Context) error {
	if p.seen != nil && p.late == nil {
		p.late = newRowSort(c, p.seen.types)
	}
	return nil
}

func (p *plainAgg) finish(c *Context) error {
	if p.late == nil {
		return nil
	}
	p.seen = newKeyTable(p.seen.types)
	return p.addSorted(c, p.late, true)
}

func (p *plainAgg) close() error { return p.late.close() }

func (p *plainAgg) result(from, to int, out *vec.Vector) error { return p.agg.Result(from, to, out) }

func (p *plainAgg) add(c *Context, b *vec.Batch, sel, groups []int32, args *aggArgs, i int) error {
	call := &args.calls[i]
	sel = p.pass(call, b, sel)
	if p.seen != nil {
		var err error
		if sel, err = p.fresh(c, call, b, sel, groups); err != nil {
			return err
		}
	}
	if sel != nil && len(sel) == 0 {
		return nil
	}
	return p.agg.Add(b.Len, sel, groups, call.vals)
}

// pass returns the live rows that the filter lets through.
func (p *plainAgg) pass(call *aggCall, b *vec.Batch, sel []int32) []int32 {
	if call.cond == nil {
		return sel
	}
	if p.sel == nil {
		p.sel = make([]int32, 0, vec.BatchSize)
	}
	p.sel = call.pass(p.sel[:0], b.Len, sel)
	return p.sel
}

// withGroup is the groups of rows and the arguments, as columns.
func (p *plainAgg) withGroup(call *aggCall, n int, rows, groups []int32) []*vec.Vector {
	if p.gvec == nil {
		p.gvec = newOut(sqltype.TInt8)
	}
	p.gvec.Reset(n)
	for _, r := range rows {
		p.gvec.I[r] = int64(groups[r])
	}
	p.keys = append(append(p.keys[:0], p.gvec), call.vals...)
	return p.keys
}

// fresh returns the rows that have not been seen. Those of which that is not known yet
// are put aside.
func (p *plainAgg) fresh(c *Context, call *aggCall, b *vec.Batch, sel, groups []int32) ([]int32, error) {
	rows := vec.Live(b.Len, sel)
	keys := p.withGroup(call, b.Len, rows, groups)
	if cap(p.nums) < b.Len {
		p.nums = make([]int32, b.Len)
	}
	nums := p.nums[:b.Len]
	fresh := make([]int32, 0, len(rows))
	if p.late == nil {
		next := int32(p.seen.len())
		p.seen.assign(keys, b.Len, sel, nums)
		for _, r := range rows {
			if nums[r] == next {
				fresh = append(fresh, r)
				next++
			}
		}
		return fresh, nil
	}
	p.seen.lookup(keys, b.Len, sel, nums)
	for _, r := range rows {
		if nums[r] < 0 {
			fresh = append(fresh, r)
		}
	}
	err := p.late.add(c.Ctx, &vec.Batch{Len: b.Len, Sel: fresh, Cols: keys}, func(dst []byte, i int) []byte {
		return p.seen.appendKey(dst, keys, i)
	})
	return fresh[:0], err
}

// addSorted adds the rows of a sort (group, then arguments); with once, one of those
// that are equal and follow each other.
func (p *plainAgg) addSorted(c *Context, rows *rowSort, once bool) error {
	if err := rows.finish(c.Ctx); err != nil {
		return err
	}
	var groups, sel []int32
	var key, last []byte
	for {
		b, err := rows.next(c.Ctx)
		if err != nil {
			return err
		}
		if b == nil {
			return rows.close()
		}
		groups = groups[:0]
		for _, g := range b.Cols[0].I[:b.Len] {
			groups = append(groups, int32(g))
		}
		part := []int32(nil)
		if once {
			sel = sel[:0]
			for i := range b.Len {
				key = append(key[:0], 0)
				for k, col := range b.Cols {
					key = appendKeyAt(key, rows.types[k], col, i, false, false)
				}
				if string(key) != string(last) {
					sel = append(sel, int32(i))
					key, last = last, key
				}
			}
			if part = sel; len(sel) == 0 {
				continue
			}
		}
		if err := p.agg.Add(b.Len, part, groups, b.Cols[1:]); err != nil {
			return err
		}
	}
}

// orderedAgg keeps the rows and adds them in order when all have come.
type orderedAgg struct {
	*plainAgg
	call *aggCall
	rows *rowSort // group, then arguments
}

func (o *orderedAgg) add(c *Context, b *vec.Batch, sel, groups []int32, args *aggArgs, i int) error {
	call := &args.calls[i]
	live := vec.Live(b.Len, o.pass(call, b, sel))
	cols := o.withGroup(call, b.Len, live, groups)
	return o.rows.add(c.Ctx, &vec.Batch{Len: b.Len, Sel: live, Cols: cols}, func(dst []byte, i int) []byte {
		dst = sqltype.AppendIntKey(dst, sqltype.Int8, int64(groups[i]))
		dst = call.order.append(dst, i, 0, len(call.order.keys))
		if call.plan.Distinct { // equal rows come together
			for k, v := range call.vals {
				dst = appendKeyAt(dst, call.types[k], v, i, false, false)
			}
		}
		return dst
	})
}

func (o *orderedAgg) shed(c *Context) error { return o.rows.shed(c.Ctx) }

func (o *orderedAgg) finish(c *Context) error { return o.addSorted(c, o.rows, o.call.plan.Distinct) }

func (o *orderedAgg) close() error { return o.rows.close() }
