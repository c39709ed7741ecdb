package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// aggregate groups its input and computes aggregates.
//
// Each grouping set (there is one unless the plan names more) has its own table
// of groups. Where the input is ordered by the keys and there is one set, groups are
// given out when there are many and a row begins another one.
type aggregate struct {
	c        *Context
	n        *plan.Aggregate
	in       Operator
	keys     []evaluator
	keyTypes []sqltype.Type
	args     *aggArgs
	sets     []*groupSet
	held     reserved
	spill    *aggSpill

	vals    []*vec.Vector
	groups  []int32
	unsized int // rows since held was measured,
	measure int // which is done after so many
	loaded  bool
	rest    *vec.Batch // ordered input: rows behind the groups that are being given
	set     int        // that is being given
	at      int        // group of it
	out     *vec.Batch
}

// groupSet is the groups of one grouping set.
type groupSet struct {
	keys  []int // numbers of the keys in the set
	in    []bool
	table *keyTable
	first *vec.Batch // the values of the keys of each group
	aggs  []accumulator
	n     int // groups
}

func newAggregate(c *Context, n *plan.Aggregate) (Operator, error) {
	keys, err := compileAll(c, n.Keys)
	if err != nil {
		return nil, err
	}
	args, err := compileAggs(c, n.Aggs)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	a := &aggregate{c: c, n: n, in: in, keys: keys, keyTypes: exprTypes(n.Keys), args: args, out: vec.NewBatch(typesOf(n.Out))}
	a.held.c = c
	sets := n.Sets
	if sets == nil {
		all := make([]int, len(n.Keys))
		for i := range all {
			all[i] = i
		}
		sets = [][]int{all}
	}
	for _, s := range sets {
		a.sets = append(a.sets, a.newSet(s))
	}
	return a, nil
}

func (a *aggregate) newSet(keys []int) *groupSet {
	g := &groupSet{keys: keys, in: make([]bool, len(a.keys))}
	types := make([]sqltype.Type, len(keys))
	for i, k := range keys {
		g.in[k] = true
		types[i] = a.keyTypes[k]
	}
	g.first = vec.NewBatch(types)
	if len(keys) > 0 {
		g.table = newKeyTable(types)
	}
	g.aggs = a.args.accumulators(a.c)
	if len(keys) == 0 {
		g.grow(1) // there is a group even of no rows
	}
	return g
}

func (g *groupSet) grow(n int) {
	if n <= g.n {
		return
	}
	g.n = n
	for _, acc := range g.aggs {
		acc.grow(n)
	}
}

func (g *groupSet) size() int64 {
	n := int64(0)
	if g.table != nil {
		n += g.table.size()
	}
	n += batchBytes(g.first)
	for _, acc := range g.aggs {
		n += acc.size()
	}
	return n
}

// assign writes the group of each live row to groups and adds new groups.
func (g *groupSet) assign(b *vec.Batch, sel []int32, vals []*vec.Vector, groups []int32) {
	if g.table == nil {
		for _, i := range vec.Live(b.Len, sel) {
			groups[i] = 0
		}
		return
	}
	var buf [8]*vec.Vector
	keys := buf[:0]
	for _, k := range g.keys {
		keys = append(keys, vals[k])
	}
	before := g.table.len()
	g.table.assign(keys, b.Len, sel, groups)
	if g.table.len() == before {
		return
	}
	next := int32(before)
	for _, i := range vec.Live(b.Len, sel) {
		if groups[i] == next { // the first row of its group
			for k, v := range keys {
				g.first.Cols[k].AppendRow(v, int(i))
			}
			next++
		}
	}
	g.first.Len = int(next)
	g.grow(int(next))
}

func (a *aggregate) Next(ctx context.Context) (*vec.Batch, error) {
	if !a.loaded {
		if err := a.load(ctx); err != nil {
			return nil, err
		}
		a.loaded = true
	}
	for {
		for a.set < len(a.sets) {
			g := a.sets[a.set]
			if a.at < g.n {
				return a.out, a.emit(g)
			}
			a.set, a.at = a.set+1, 0
		}
		if a.rest != nil {
			if err := a.sets[0].close(); err != nil {
				return nil, err
			}
			a.sets[0] = a.newSet(a.sets[0].keys)
			if err := a.load(ctx); err != nil {
				return nil, err
			}
			a.set, a.at = 0, 0
			continue
		}
		if a.spill == nil {
			return nil, nil
		}
		more, err := a.spill.next(ctx)
		if err != nil || !more {
			return nil, err
		}
		a.set, a.at = 0, 0
	}
}

func (a *aggregate) load(ctx context.Context) error {
	if b := a.rest; b != nil {
		a.rest = nil
		if err := a.add(b); err != nil {
			return err
		}
	}
	for {
		b, err := a.in.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if a.streams() && a.sets[0].n >= vec.BatchSize {
			if b, err = a.cut(b); err != nil {
				return err
			}
		}
		if err := a.add(b); err != nil {
			return err
		}
		if a.rest != nil {
			break
		}
	}
	if a.spill != nil {
		return a.spill.finish()
	}
	return a.finish()
}

// streams reports whether a group is complete when the next one begins.
func (a *aggregate) streams() bool {
	return a.n.Sorted && len(a.sets) == 1 && a.sets[0].table != nil
}

// cut keeps the rows of b from the first that begins a group in rest and returns
// those before it.
func (a *aggregate) cut(b *vec.Batch) (*vec.Batch, error) {
	vals, err := evalAll(a.keys, b, b.Sel, a.vals)
	if err != nil {
		return nil, err
	}
	a.vals = vals
	g := a.sets[0]
	keys := make([]*vec.Vector, len(g.keys))
	for i, k := range g.keys {
		keys[i] = vals[k]
	}
	if cap(a.groups) < b.Len {
		a.groups = make([]int32, b.Len)
	}
	groups, rows := a.groups[:b.Len], live(b)
	g.table.lookup(keys, b.Len, b.Sel, groups)
	for at, i := range rows {
		if groups[i] < 0 {
			tail := vec.Batch{Len: b.Len, Sel: rows[at:], Cols: b.Cols}
			a.rest = tail.Clone()
			return &vec.Batch{Len: b.Len, Sel: rows[:at:at], Cols: b.Cols}, nil
		}
	}
	return b, nil
}

// finish ends the accumulation: what was put off (ordered aggregates) is done.
func (a *aggregate) finish() error {
	for _, g := range a.sets {
		for _, acc := range g.aggs {
			if err := acc.finish(a.c); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes the rows of a batch.
func (a *aggregate) add(b *vec.Batch) (err error) {
	if a.vals, err = evalAll(a.keys, b, b.Sel, a.vals); err != nil {
		return err
	}
	if err := a.args.load(b); err != nil {
		return err
	}
	if cap(a.groups) < b.Len {
		a.groups = make([]int32, max(b.Len, min(vec.BatchSize, 4*b.Len)))
	}
	groups := a.groups[:b.Len]
	for s, g := range a.sets {
		sel := b.Sel
		if a.spill != nil {
			if sel, err = a.spill.divert(s, g, b, a.vals, groups); err != nil {
				return err
			}
		} else {
			g.assign(b, sel, a.vals, groups)
		}
		if err := a.accumulate(g, b, sel, groups); err != nil {
			return err
		}
	}
	if a.unsized += b.Rows(); a.unsized >= a.measure {
		return a.bound()
	}
	return nil
}

// bound measures what is held, which takes time by the number of groups, so it is
// done once for as many rows. Past the budget, new groups go to files, and then what
// aggregates keep of rows.
func (a *aggregate) bound() error {
	size, groups := int64(0), 0
	for _, g := range a.sets {
		size += g.size()
		groups += g.n
	}
	fits := a.held.set(size)
	a.unsized, a.measure = 0, a.c.nextMeasure(size, groups)
	if fits {
		return nil
	}
	if a.spill == nil && a.canSpill() {
		a.spill = newAggSpill(a)
		return nil
	}
	for _, g := range a.sets {
		if err := g.shed(a.c); err != nil {
			return err
		}
	}
	return nil
}

// nextMeasure is after how many rows groups are to be measured again: at most as many as
// there are groups, and fewer the less of the budget is left.
func (c *Context) nextMeasure(size int64, groups int) int {
	n := int64(groups)
	if left := c.budget() - c.mem.used; size > 0 && left > 0 {
		n = min(n, left/2/max(1, size/int64(max(groups, 1))))
	}
	return int(max(n, vec.BatchSize))
}

func (g *groupSet) shed(c *Context) error {
	for _, acc := range g.aggs {
		if err := acc.shed(c); err != nil {
			return err
		}
	}
	return nil
}

func (g *groupSet) close() (err error) {
	for _, acc := range g.aggs {
		err = firstError(err, acc.close())
	}
	return err
}

func (a *aggregate) accumulate(g *groupSet, b *vec.Batch, sel, groups []int32) error {
	for i, acc := range g.aggs {
		if err := acc.add(a.c, b, sel, groups, a.args, i); err != nil {
			return err
		}
	}
	return nil
}

// emit gives the next groups of a set.
func (a *aggregate) emit(g *groupSet) error {
	n := min(g.n-a.at, vec.BatchSize)
	a.out.Len, a.out.Sel = n, nil
	var buf [vec.BatchSize]int32
	idx := buf[:n]
	for i := range idx {
		idx[i] = int32(a.at + i)
	}
	at := 0
	for k := range a.keys {
		col := a.out.Cols[k]
		if !g.in[k] {
			setNulls(col, n)
			continue
		}
		for j, key := range g.keys {
			if key == k {
				at = j
				break
			}
		}
		col.Gather(g.first.Cols[at], idx)
	}
	for i, acc := range g.aggs {
		col := a.out.Cols[len(a.keys)+i]
		col.Reset(n)
		if err := acc.result(a.at, a.at+n, col); err != nil {
			return err
		}
	}
	for i, args := range a.n.Grouping {
		bits := int64(0)
		for _, k := range args {
			bits = bits<<1 | b2i(!g.in[k])
		}
		col := a.out.Cols[len(a.keys)+len(g.aggs)+i]
		col.Reset(n)
		for r := range col.I {
			col.I[r] = bits
		}
	}
	a.at += n
	return nil
}

func setNulls(v *vec.Vector, n int) {
	v.Reset(n)
	v.Nulls = v.Nulls.Fill(n)
}

// restart begins anew where there is one group and nothing in files.
func (a *aggregate) restart() bool {
	if len(a.sets) != 1 || a.sets[0].table != nil || a.spill != nil || a.sets[0].close() != nil || !restartInput(a.in) {
		return false
	}
	a.held.set(0)
	a.sets[0] = a.newSet(nil)
	a.loaded, a.set, a.at, a.unsized = false, 0, 0, 0
	return true
}

func (a *aggregate) Close() error {
	a.held.set(0)
	var err error
	for _, g := range a.sets {
		err = firstError(err, g.close())
	}
	a.loaded, a.set, a.sets, a.rest = true, 0, nil, nil
	if a.spill != nil {
		err = firstError(err, a.spill.close())
		a.spill = nil
	}
	return firstError(err, a.in.Close())
}

// canSpill: only groups whose rows can be set aside and aggregated later.
func (a *aggregate) canSpill() bool {
	for _, g := range a.sets {
		if g.table != nil {
			return !a.streams()
		}
	}
	return false
}
