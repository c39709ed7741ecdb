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
	"array_agg": true, "string_agg": true, "json_agg": true, "jsonb_agg": true,
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
	finish(c *Context) error
	result(from, to int, out *vec.Vector) error
	size() int64
}

func (a *aggArgs) accumulators(c *Context) []accumulator {
	out := make([]accumulator, len(a.calls))
	for i := range a.calls {
		call := &a.calls[i]
		p := &plainAgg{agg: call.plan.Func.New(c.Env)}
		if call.plan.Distinct {
			p.seen = newKeyTable(append([]sqltype.Type{sqltype.TInt8}, call.types...))
		}
		if call.order == nil {
			out[i] = p
			continue
		}
		types := append([]sqltype.Type{sqltype.TInt8}, call.types...)
		out[i] = &orderedAgg{plainAgg: p, rows: newKeyed(types)}
	}
	return out
}

// plainAgg adds rows as they come; with seen, only one of equal rows.
type plainAgg struct {
	agg  fn.Aggregator
	seen *keyTable // of group and arguments, for DISTINCT
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

func (p *plainAgg) finish(*Context) error { return nil }

func (p *plainAgg) result(from, to int, out *vec.Vector) error { return p.agg.Result(from, to, out) }

func (p *plainAgg) add(_ *Context, b *vec.Batch, sel, groups []int32, args *aggArgs, i int) error {
	call := &args.calls[i]
	if sel = p.rows(call, b, sel, groups); sel != nil && len(sel) == 0 {
		return nil
	}
	return p.agg.Add(b.Len, sel, groups, call.vals)
}

// rows returns the live rows that are to be added.
func (p *plainAgg) rows(call *aggCall, b *vec.Batch, sel, groups []int32) []int32 {
	if call.cond != nil {
		if p.sel == nil {
			p.sel = make([]int32, 0, vec.BatchSize)
		}
		p.sel = call.pass(p.sel[:0], b.Len, sel)
		sel = p.sel
	}
	if p.seen == nil {
		return sel
	}
	if p.gvec == nil {
		p.gvec = newOut(sqltype.TInt8)
	}
	p.gvec.Reset(b.Len)
	rows := vec.Live(b.Len, sel)
	for _, r := range rows {
		p.gvec.I[r] = int64(groups[r])
	}
	p.keys = append(append(p.keys[:0], p.gvec), call.vals...)
	if cap(p.nums) < b.Len {
		p.nums = make([]int32, b.Len)
	}
	next := int32(p.seen.len())
	p.seen.assign(p.keys, b.Len, sel, p.nums[:b.Len])
	fresh := make([]int32, 0, len(rows))
	for _, r := range rows {
		if p.nums[r] == next {
			fresh = append(fresh, r)
			next++
		}
	}
	return fresh
}

// orderedAgg keeps the rows and adds them in order when all have come.
type orderedAgg struct {
	*plainAgg
	rows *keyed // group, then arguments
}

func (o *orderedAgg) size() int64 { return o.plainAgg.size() + o.rows.size() }

func (o *orderedAgg) add(_ *Context, b *vec.Batch, sel, groups []int32, args *aggArgs, i int) error {
	call := &args.calls[i]
	live := vec.Live(b.Len, o.plainAgg.rows(call, b, sel, groups))
	k := o.rows
	for _, r := range live {
		from := len(k.bytes)
		k.bytes = sqltype.AppendIntKey(k.bytes, sqltype.Int8, int64(groups[r]))
		k.bytes = call.order.append(k.bytes, int(r), 0, len(call.order.keys))
		k.note(from)
		k.rows.Cols[0].I = append(k.rows.Cols[0].I, int64(groups[r]))
	}
	for j, v := range call.vals {
		k.rows.Cols[j+1].Append(v, b.Len, live)
	}
	k.rows.Len = len(k.order)
	k.held += rowBytes(&vec.Batch{Len: b.Len, Sel: live, Cols: call.vals}) + int64(8*len(live))
	return nil
}

func (o *orderedAgg) finish(c *Context) error {
	k := o.rows
	if err := k.sort(c.Ctx); err != nil {
		return err
	}
	types := make([]sqltype.Type, len(k.rows.Cols))
	for i, col := range k.rows.Cols {
		types[i] = col.Type
	}
	out := vec.NewBatch(types)
	groups := make([]int32, vec.BatchSize)
	for at := 0; at < k.len(); {
		if err := canceled(c.Ctx); err != nil {
			return err
		}
		n := k.emit(out, at, vec.BatchSize)
		at += n
		for i, g := range out.Cols[0].I[:n] {
			groups[i] = int32(g)
		}
		if err := o.agg.Add(n, nil, groups[:n], out.Cols[1:]); err != nil {
			return err
		}
	}
	k.reset()
	return nil
}
