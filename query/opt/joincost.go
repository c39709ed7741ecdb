package opt

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// joinSpec is a join of two relations that have plans.
type joinSpec struct {
	kind   plan.JoinKind
	on     []plan.Expr
	lk, rk []plan.Expr // keys of equalities,
	safe   []bool      // compared as by IS NOT DISTINCT FROM
	rest   []plan.Expr // the other conditions
	rows   float64
	inner  *innerPath // to search the right side for each left row, nil where that cannot be
}

// candidates gives the ways to join two sets, l on the left.
func (g *graph) candidates(l, r uint64, s split, n need, give func(cand)) error {
	b := g.b
	ls, rs := g.best[l], g.best[r]
	j := joinSpec{kind: s.kind, on: s.on, rows: g.rowsOf(l, r, s)}
	final := give
	if len(s.filter) > 0 {
		j.rows = b.joinRows(s.kind, ls[0], rs[0], s.on)
		give = func(c cand) { final(b.lazyFilter(c, s.filter, g.rows[l|r])) }
	}
	j.lk, j.rk, j.safe, j.rest = equi(s.on, plan.SetOf(ls[0].cols), plan.SetOf(rs[0].cols))
	if bits.OnesCount64(r) == 1 && !b.set.NoIndexJoin {
		var err error
		if j.inner, err = g.innerOf(bits.TrailingZeros64(r), s.on, ls[0].cols); err != nil {
			return err
		}
	}
	b.joinWays(&j, ls, rs, give)
	if s.kind == plan.Semi && len(j.rest) == 0 && plainVars(j.rk) {
		return g.asDistinct(&j, l, r, give)
	}
	return nil
}

// joinWays gives the ways to join, without making their nodes.
func (b *builder) joinWays(j *joinSpec, ls, rs []cand, give func(cand)) {
	right := cheapestTotal(rs)
	hashable := len(j.lk) > 0 && (j.kind != plan.NullAnti || len(j.rest) == 0 && len(j.lk) == 1)
	merge := b.mergeable(j.kind, j.lk, j.rk, j.safe)
	for _, l := range ls {
		given := false
		if hashable {
			give(b.hashWay(j, l, right))
			if j.kind == plan.Semi || j.kind == plan.Anti {
				give(b.turnedWay(j, l, right))
			}
			given = true
		}
		if j.inner != nil {
			give(b.indexWay(j, l))
		}
		if merge {
			for _, r := range rs {
				give(b.mergeWay(j, l, r))
			}
			given = true
		}
		loops := j.kind != plan.NullAnti && b.loopPays(l, right, !given || len(j.lk) == 0)
		if loops || !given {
			give(b.loopWay(j, l, right))
		}
		if loops && b.set.NoMaterial && j.kind != plan.Right && j.kind != plan.Full {
			give(b.rescanWay(j, l, right))
		}
	}
	if hashable && j.kind == plan.Left { // the same join with its sides changed builds the left one
		m := *j
		m.kind, m.lk, m.rk = plan.Right, j.rk, j.lk
		give(b.hashWay(&m, right, cheapestTotal(ls)))
	}
}

func cheapestTotal(list []cand) cand {
	best := list[0]
	for _, c := range list[1:] {
		if c.total < best.total {
			best = c
		}
	}
	return best
}

func plainVars(list []plan.Expr) bool {
	for _, e := range list {
		if _, ok := e.(*plan.Var); !ok {
			return false
		}
	}
	return len(list) > 0
}

// asDistinct joins with the distinct keys of the right side of a semi join, so that they
// may be the side that drives an index search or the one that is probed with.
func (g *graph) asDistinct(j *joinSpec, l, r uint64, give func(cand)) error {
	b := g.b
	right := cheapestTotal(g.best[r])
	cols := make([]plan.Col, 0, len(j.rk))
	for _, k := range j.rk {
		cols = append(cols, k.(*plan.Var).Col)
	}
	cols = dedupe(cols)
	keys := make([]plan.Expr, len(cols))
	for i, c := range cols {
		keys[i] = b.q.Ref(c)
	}
	d := cand{cols: cols, rows: b.groups(keys, right.rows), unique: right.unique}
	d.startup = right.startup
	d.total = right.total + right.rows*costGroupRow
	if b.set.NoHashAgg {
		b.disable(&d)
	}
	d.make = func() (plan.Node, error) {
		in, err := b.finish(right)
		if err != nil {
			return nil, err
		}
		in = b.only(in, cols)
		return &plan.Distinct{Base: b.base(&d), Input: in.node}, nil
	}
	m := *j
	m.kind, m.inner = plan.Inner, nil
	b.joinWays(&m, g.best[l], []cand{d}, give)
	turned := m // plans keep what they were given
	turned.lk, turned.rk = j.rk, j.lk
	if bits.OnesCount64(l) == 1 && !b.set.NoIndexJoin {
		var err error
		if turned.inner, err = g.innerOf(bits.TrailingZeros64(l), j.on, d.cols); err != nil {
			return err
		}
	}
	b.joinWays(&turned, []cand{d}, g.best[l], give)
	return nil
}

// joined begins a plan of a join.
func (j *joinSpec) joined(l, r cand) cand {
	c := cand{cols: joinCols(j.kind, l, r), rows: j.rows, order: l.order}
	c.unique = l.unique && (j.kind >= plan.Semi || r.unique)
	if j.kind == plan.Right || j.kind == plan.Full {
		c.order = nil
	}
	return c
}

// both makes the nodes of both sides.
func (b *builder) both(l, r cand) (cand, cand, error) {
	l, err := b.finish(l)
	if err != nil {
		return l, r, err
	}
	r, err = b.finish(r)
	return l, r, err
}

func (b *builder) hashWay(j *joinSpec, l, r cand) cand {
	c := j.joined(l, r)
	c.startup = l.startup + r.total + r.rows*hashBuildCost(r)
	c.total = b.probeCost(j, l, r) + r.total + r.rows*hashBuildCost(r) + c.rows*(costJoinRow+costFilter*float64(len(j.rest)))
	if b.set.NoHashJoin {
		b.disable(&c)
	}
	c.make = func() (plan.Node, error) { return b.hashJoin(j, &c, j.kind, l, r) }
	return c
}

// turnedWay is a semi or anti join that builds the left side and marks its rows.
func (b *builder) turnedWay(j *joinSpec, l, r cand) cand {
	c := j.joined(l, r)
	c.order = nil
	t := *j
	t.lk, t.rk = j.rk, j.lk
	kind := plan.RightSemi
	if j.kind == plan.Anti {
		kind = plan.RightAnti
	}
	t.kind, t.rows = kind, math.Max(b.joinRows(plan.Inner, r, l, j.on), 1)
	c.total = b.probeCost(&t, r, l) + l.total + l.rows*hashBuildCost(l) + t.rows*(costJoinRow+costFilter*float64(len(j.rest))) + c.rows*costJoinRow
	c.startup = c.total
	if b.set.NoHashJoin {
		b.disable(&c)
	}
	c.make = func() (plan.Node, error) { return b.hashJoin(&t, &c, kind, r, l) }
	return c
}

// hashJoin makes the node of a hash join that builds r.
func (b *builder) hashJoin(j *joinSpec, c *cand, kind plan.JoinKind, l, r cand) (plan.Node, error) {
	l, r, err := b.both(l, r)
	if err != nil {
		return nil, err
	}
	h := &plan.HashJoin{Base: b.base(c), Kind: kind, Left: l.node, Right: r.node}
	if h.LeftKeys, err = b.emitAll(j.lk, l.cols); err != nil {
		return nil, err
	}
	if h.RightKeys, err = b.emitAll(j.rk, r.cols); err != nil {
		return nil, err
	}
	for _, s := range j.safe {
		if s {
			h.NullSafe = j.safe
		}
	}
	h.Residual, err = b.emitCond(j.rest, concatCols(l.cols, r.cols))
	return h, err
}

// probeCost is the cost of reading the left side of a hash join and looking its rows up. A
// scan of columns that are kept asks for the key first, and reads the other columns of the
// rows only that may have a match.
func (b *builder) probeCost(j *joinSpec, l, r cand) float64 {
	probe := l.rows * (costHashProbe + costCacheMiss*missFrac(r.rows))
	if scan, ok := l.node.(*plan.Scan); !ok || scan.Limit != 0 || l.make != nil {
		return b.askedCost(j, l, r) + probe
	}
	if l.late == 0 || len(j.lk) != 1 || j.safe[0] || j.kind == plan.Left || j.kind == plan.Anti || j.kind == plan.Full || j.kind == plan.NullAnti {
		return l.total + probe
	}
	if v, ok := j.lk[0].(*plan.Var); !ok || v.Typ.Phys() != sqltype.PhysInt {
		return l.total + probe
	}
	pass := math.Min(1, j.rows/math.Max(l.rows, 1))
	return l.total + math.Min(probe, pass*probe-(1-pass)*l.late+l.rows*costKeyFilter)
}

// hashBuildCost is the cost of one row of the built side.
func hashBuildCost(r cand) float64 { return costHashBuild + costCacheMiss*missFrac(r.rows) }

// missFrac says how likely a look into a table of so many rows leaves the caches.
func missFrac(rows float64) float64 { return math.Min(1, rows/cacheRows) }

// loopPays reports whether trying all pairs is worth a thought. Where there is another
// way, it is so only if a side is known to have at most one row: a loop that was
// planned for few rows and meets many costs their product.
func (b *builder) loopPays(l, r cand, only bool) bool {
	return only || l.unique || r.unique || b.set.NoHashJoin || b.set.NoMergeJoin
}

// loopWay tries all pairs; the right side is kept in memory.
func (b *builder) loopWay(j *joinSpec, l, r cand) cand {
	c := j.joined(l, r)
	c.startup = l.startup + r.total
	c.total = l.total + r.total + l.rows*r.rows*costLoopPair*float64(max(1, len(j.on))) + c.rows*costJoinRow
	if b.set.NoNestLoop {
		b.disable(&c)
	}
	if b.set.NoMaterial {
		b.disable(&c)
	}
	c.make = func() (plan.Node, error) {
		l, r, err := b.both(l, r)
		if err != nil {
			return nil, err
		}
		n := &plan.NestedLoop{Base: b.base(&c), Kind: j.kind, Left: l.node, Right: r.node}
		n.Cond, err = b.emitCond(j.on, concatCols(l.cols, r.cols))
		return n, err
	}
	return c
}

// rescanWay runs the right side again for each left row.
func (b *builder) rescanWay(j *joinSpec, l, r cand) cand {
	c := j.joined(l, r)
	c.startup = l.startup + r.startup
	c.total = l.total + math.Max(l.rows, 1)*(costRestart+r.total) + c.rows*costJoinRow
	if b.set.NoNestLoop {
		b.disable(&c)
	}
	c.make = func() (plan.Node, error) {
		l, r, err := b.both(l, r)
		if err != nil {
			return nil, err
		}
		a := &plan.Apply{Base: b.base(&c), Kind: j.kind, Left: l.node, Right: r.node}
		a.Cond, err = b.emitCond(j.on, concatCols(l.cols, r.cols))
		return a, err
	}
	return c
}

func (b *builder) mergeWay(j *joinSpec, l, r cand) cand {
	perm := mergeOrder(l, r, j.lk, j.rk)
	lkeys, rkeys := make([]plan.SortKey, len(perm)), make([]plan.SortKey, len(perm))
	for i, p := range perm {
		lkeys[i], rkeys[i] = plan.SortKey{Expr: j.lk[p]}, plan.SortKey{Expr: j.rk[p]}
	}
	l, r = b.lazySort(l, lkeys), b.lazySort(r, rkeys)
	c := j.joined(l, r)
	c.startup = l.startup + r.startup
	c.total = l.total + r.total + (l.rows+r.rows)*costMergeRow*float64(len(perm)) + c.rows*(costJoinRow+costFilter*float64(len(j.rest)))
	if b.set.NoMergeJoin {
		b.disable(&c)
	}
	c.make = func() (plan.Node, error) {
		l, r, err := b.both(l, r)
		if err != nil {
			return nil, err
		}
		m := &plan.MergeJoin{Base: b.base(&c), Kind: j.kind, Left: l.node, Right: r.node}
		if m.LeftKeys, err = b.emitKeys(lkeys, l.cols); err != nil {
			return nil, err
		}
		if m.RightKeys, err = b.emitKeys(rkeys, r.cols); err != nil {
			return nil, err
		}
		m.Residual, err = b.emitCond(j.rest, concatCols(l.cols, r.cols))
		return m, err
	}
	return c
}

// lazySort puts a plan in the order of keys, where it is not so already.
func (b *builder) lazySort(in cand, keys []plan.SortKey) cand {
	want := make([]ordering, 0, len(keys))
	for _, k := range keys {
		v, ok := k.Expr.(*plan.Var)
		if !ok {
			break
		}
		want = append(want, ordering{v.Col, k.Desc, k.NullsFirst})
	}
	if len(want) == len(keys) && hasOrder(in, want) || in.unique {
		return in
	}
	prefix := 0
	for prefix < len(want) && prefix < len(in.order) && in.order[prefix] == want[prefix] {
		prefix++
	}
	c := in
	c.total += sortCost(in.rows)
	c.startup = c.total
	if b.set.NoSort {
		b.disable(&c)
	}
	c.order = want
	c.make = func() (plan.Node, error) {
		in, err := b.finish(in)
		if err != nil {
			return nil, err
		}
		s := &plan.Sort{Base: b.base(&c), Input: in.node, Limit: -1, Prefix: prefix}
		s.Keys, err = b.emitKeys(keys, in.cols)
		return s, err
	}
	return c
}

func (b *builder) lazyFilter(in cand, conds []plan.Expr, rows float64) cand {
	c := in
	c.rows = rows
	c.total += in.rows * costFilter * float64(len(conds))
	c.make = func() (plan.Node, error) {
		in, err := b.finish(in)
		if err != nil {
			return nil, err
		}
		f := &plan.Filter{Base: b.base(&c), Input: in.node}
		f.Cond, err = b.emitCond(conds, in.cols)
		return f, err
	}
	return c
}

// innerPath is a search of a table by an index with values of the left row.
type innerPath struct {
	scan cand
	cols []plan.Col // of the left row, or of one further out,
	regs []int      // in these registers
	stay []plan.Expr
}

// innerOf finds the best search of a leaf by conditions over what the left side gives;
// nil where no index serves.
func (g *graph) innerOf(leafNo int, on []plan.Expr, left []plan.Col) (*innerPath, error) {
	scan, conds := leaf(g.rels[leafNo])
	if scan == nil {
		return nil, nil
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%d", leafNo)
	for _, c := range on {
		fmt.Fprintf(&key, " %p", c)
	}
	if p, ok := g.inner[key.String()]; ok {
		return p, nil
	}
	p, err := g.b.innerSearch(scan, conds, on, left)
	g.inner[key.String()] = p
	return p, err
}

func (b *builder) innerSearch(scan *plan.LScan, conds, on []plan.Expr, left []plan.Col) (*innerPath, error) {
	own, lset := plan.SetOf(scan.ColIDs), plan.SetOf(left)
	p := &innerPath{}
	var inner []plan.Expr
	free := plan.ColSet{}
	for _, c := range on {
		if refers(c, own) && refers(c, lset) && !hasSubquery(c) && !isVolatile(c) {
			inner = append(inner, c)
		} else {
			p.stay = append(p.stay, c)
		}
	}
	if len(inner) == 0 {
		return nil, nil
	}
	conds = append(append([]plan.Expr(nil), conds...), inner...)
	for _, c := range conds {
		plan.VarsOf(c, free)
	}
	for c := range own {
		delete(free, c)
	}
	undo := b.correlateLater(p, free, lset)
	paths, err := b.paths(scan, conds, need{})
	undo()
	if err != nil {
		return nil, err
	}
	var searched []cand
	for _, c := range paths {
		if s := c.node.(*plan.Scan); usesOuter(s.Ranges, p.regs) || unionUsesOuter(s, p.regs) || probesOuter(s, p.regs) {
			searched = append(searched, c)
		}
	}
	if len(searched) == 0 {
		return nil, nil
	}
	p.scan = b.cheapest(searched, need{})
	return p, nil
}

// correlateLater gives registers to columns of the left row, which indexWay fills in once
// the plan of that row is known. undo takes them away again.
func (b *builder) correlateLater(p *innerPath, free, left plan.ColSet) (undo func()) {
	saved := map[plan.Col]int{}
	var added []plan.Col
	for _, c := range sortedCols(free) {
		old, outside := b.outer[c]
		if !left.Has(c) && !outside {
			continue
		}
		p.cols, p.regs = append(p.cols, c), append(p.regs, b.newReg())
		if outside {
			saved[c] = old
		} else {
			added = append(added, c)
		}
		b.outer[c] = p.regs[len(p.regs)-1]
	}
	return func() {
		for _, c := range added {
			delete(b.outer, c)
		}
		for c, r := range saved {
			b.outer[c] = r
		}
	}
}

// indexWay searches the right side for each left row.
func (b *builder) indexWay(j *joinSpec, l cand) cand {
	p := j.inner
	c := j.joined(l, p.scan)
	each := p.scan.total
	if j.kind == plan.Semi || j.kind == plan.Anti { // the first match is enough
		each = p.scan.startup + (each-p.scan.startup)/math.Max(1, math.Min(2, p.scan.rows))
	}
	c.startup = l.startup + p.scan.startup
	c.total = l.total + math.Max(l.rows, 1)*(costRestart+each) + c.rows*(costJoinRow+costFilter*float64(len(p.stay)))
	if b.set.NoNestLoop {
		b.disable(&c)
	}
	c.make = func() (plan.Node, error) {
		l, err := b.finish(l)
		if err != nil {
			return nil, err
		}
		a := &plan.Apply{Base: b.base(&c), Kind: j.kind, Left: l.node, Right: p.scan.node, Regs: p.regs}
		for _, col := range p.cols {
			a.Args = append(a.Args, b.slot(l.cols, col))
		}
		a.Cond, err = b.emitCond(p.stay, concatCols(l.cols, p.scan.cols))
		if s, ok := a.Right.(*plan.Scan); ok && (j.kind == plan.Semi || j.kind == plan.Anti) && len(p.stay) == 0 {
			one := *s
			one.Limit = 1
			a.Right = &one
		}
		return a, err
	}
	return c
}
