package opt

import (
	"math"
	"math/bits"

	"github.com/weftdb/weft/query/plan"
)

// buildJoin plans a join: inner joins as a graph of relations in the best order,
// others as they stand.
func (b *builder) buildJoin(j *plan.LJoin, n need) (cand, error) {
	if j.Kind == plan.Inner && !j.Lateral {
		g := &graph{b: b}
		g.flatten(j)
		if len(g.rels) > 1 {
			return g.plan(n)
		}
	}
	if j.Lateral {
		return b.buildLateral(j, n)
	}
	leftNeed := need{}
	if j.Kind != plan.Full && j.Kind != plan.Right {
		leftNeed.order = ordersWithin(n.order, j.Left.Cols())
	}
	left, err := b.build(j.Left, leftNeed)
	if err != nil {
		return cand{}, err
	}
	right, err := b.build(j.Right, need{})
	if err != nil {
		return cand{}, err
	}
	list, err := b.joinPair(j.Kind, left, right, j.Right, j.On)
	if err != nil {
		return cand{}, err
	}
	return b.cheapest(list, n), nil
}

// ordersWithin returns the order if it is of these columns only.
func ordersWithin(o []ordering, cols []plan.Col) []ordering {
	set := plan.SetOf(cols)
	for _, x := range o {
		if !set.Has(x.col) {
			return nil
		}
	}
	return o
}

// buildLateral plans a join whose right side reads the left row.
func (b *builder) buildLateral(j *plan.LJoin, n need) (cand, error) {
	left, err := b.build(j.Left, need{order: ordersWithin(n.order, j.Left.Cols())})
	if err != nil {
		return cand{}, err
	}
	args, regs, undo := b.correlate(plan.FreeCols(j.Right), left.cols)
	right, err := b.build(j.Right, need{})
	undo()
	if err != nil {
		return cand{}, err
	}
	return b.apply(j.Kind, left, right, args, regs, j.On, b.joinRows(j.Kind, left, right, j.On))
}

// apply makes an Apply of a right side that has been planned with registers.
func (b *builder) apply(kind plan.JoinKind, left, right cand, args []plan.Expr, regs []int, on []plan.Expr, rows float64) (cand, error) {
	c := cand{cols: joinCols(kind, left, right), order: left.order, rows: rows, unique: left.unique && (kind >= plan.Semi || right.unique)}
	cond, err := b.emitCond(on, concatCols(left.cols, right.cols))
	if err != nil {
		return cand{}, err
	}
	c.startup = left.startup + right.startup
	c.total = left.total + math.Max(left.rows, 1)*(costRestart+right.total) + c.rows*costJoinRow
	if b.set.NoNestLoop {
		b.disable(&c)
	}
	c.node = &plan.Apply{Base: b.base(&c), Kind: kind, Left: left.node, Right: right.node, Args: args, Regs: regs, Cond: cond}
	return c, nil
}

func concatCols(a, c []plan.Col) []plan.Col {
	return append(append(make([]plan.Col, 0, len(a)+len(c)), a...), c...)
}

func joinCols(kind plan.JoinKind, l, r cand) []plan.Col {
	if kind >= plan.Semi {
		return l.cols
	}
	return concatCols(l.cols, r.cols)
}

// joinRows estimates the rows of a join.
func (b *builder) joinRows(kind plan.JoinKind, l, r cand, on []plan.Expr) float64 {
	sel := b.selectivity(on)
	inner := l.rows * r.rows * sel
	switch kind {
	case plan.Left:
		return math.Max(inner, l.rows)
	case plan.Right:
		return math.Max(inner, r.rows)
	case plan.Full:
		return math.Max(inner, math.Max(l.rows, r.rows))
	case plan.Semi:
		return math.Min(l.rows, math.Max(inner*0.9, l.rows*math.Min(semiMatchFrac, r.rows*sel)))
	case plan.Anti, plan.NullAnti:
		return math.Max(l.rows-math.Min(l.rows, inner*0.9), l.rows*0.1)
	}
	return inner
}

// equi tells the conditions that compare an expression of the left with one of the
// right by an equality of one type from the others.
func equi(on []plan.Expr, left, right plan.ColSet) (lk, rk []plan.Expr, safe []bool, rest []plan.Expr) {
	only := func(e plan.Expr, in, out plan.ColSet) bool {
		return refers(e, in) && !refers(e, out) && !hasSubquery(e)
	}
	for _, c := range on {
		var x, y plan.Expr
		nullSafe := false
		switch e := c.(type) {
		case *plan.Call:
			if e.Op && e.Func.Name == "=" && len(e.Args) == 2 && hashable(e.Args[0].Type().Base(), e.Args[1].Type().Base()) {
				x, y = e.Args[0], e.Args[1]
			}
		case *plan.IsDistinct:
			if e.Not {
				x, y, nullSafe = e.L, e.R, true
			}
		}
		switch {
		case x != nil && only(x, left, right) && only(y, right, left):
			lk, rk = append(lk, x), append(rk, y)
		case x != nil && only(x, right, left) && only(y, left, right):
			lk, rk = append(lk, y), append(rk, x)
		default:
			rest = append(rest, c)
			continue
		}
		safe = append(safe, nullSafe)
	}
	return lk, rk, safe, rest
}

// joinPair gives the ways to join two planned relations. rightRel is the logical
// form of the right one, to plan it anew for an index join.
func (b *builder) joinPair(kind plan.JoinKind, l, r cand, rightRel plan.Rel, on []plan.Expr) ([]cand, error) {
	rows := b.joinRows(kind, l, r, on)
	lk, rk, safe, rest := equi(on, plan.SetOf(l.cols), plan.SetOf(r.cols))
	var list []cand
	if len(lk) > 0 && (kind != plan.NullAnti || len(rest) == 0 && len(lk) == 1) {
		c, err := b.hashJoin(kind, l, r, lk, rk, safe, rest, rows)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if b.mergeable(kind, lk, rk, safe) {
		c, err := b.mergeJoin(kind, l, r, lk, rk, rest, rows)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if !b.set.NoIndexJoin && rightRel != nil && (kind == plan.Inner || kind == plan.Left || kind == plan.Semi || kind == plan.Anti) {
		c, ok, err := b.indexJoin(kind, l, rightRel, on, rows)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, c)
		}
	}
	if kind != plan.NullAnti && b.loopPays(l, r, len(list) == 0 || len(lk) == 0) || len(list) == 0 {
		c, err := b.nestedLoop(kind, l, r, on, rows)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		if b.set.NoMaterial && (kind == plan.Inner || kind == plan.Left || kind == plan.Semi || kind == plan.Anti) {
			// The right side is run again for each row of the left instead of being kept.
			c, err := b.apply(kind, l, r, nil, nil, on, rows)
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	return list, nil
}

// loopPays reports whether trying all pairs is worth a thought. Where there is another
// way, it is so only if a side is known to have at most one row: a loop that was
// planned for few rows and meets many costs their product.
func (b *builder) loopPays(l, r cand, only bool) bool {
	return only || l.unique || r.unique || b.set.NoHashJoin || b.set.NoMergeJoin
}

// nestedLoop tries all pairs; the right side is kept in memory.
func (b *builder) nestedLoop(kind plan.JoinKind, l, r cand, on []plan.Expr, rows float64) (cand, error) {
	c := cand{cols: joinCols(kind, l, r), rows: rows, order: l.order}
	if kind == plan.Right || kind == plan.Full {
		c.order = nil
	}
	cond, err := b.emitCond(on, concatCols(l.cols, r.cols))
	if err != nil {
		return c, err
	}
	c.startup = l.startup + r.total
	c.total = l.total + r.total + l.rows*r.rows*costLoopPair*float64(max(1, len(on))) + rows*costJoinRow
	if b.set.NoNestLoop {
		b.disable(&c)
	}
	if b.set.NoMaterial {
		b.disable(&c)
	}
	c.node = &plan.NestedLoop{Base: b.base(&c), Kind: kind, Left: l.node, Right: r.node, Cond: cond}
	return c, nil
}

func (b *builder) hashJoin(kind plan.JoinKind, l, r cand, lk, rk []plan.Expr, safe []bool, rest []plan.Expr, rows float64) (cand, error) {
	c := cand{cols: joinCols(kind, l, r), rows: rows, order: l.order}
	if kind == plan.Right || kind == plan.Full {
		c.order = nil
	}
	c.startup = l.startup + r.total + r.rows*costHashBuild
	c.total = l.total + r.total + r.rows*costHashBuild + l.rows*costHashProbe + rows*costJoinRow
	c.total += rows * costFilter * float64(len(rest))
	if b.set.NoHashJoin {
		b.disable(&c)
	}
	h := &plan.HashJoin{Kind: kind, Left: l.node, Right: r.node}
	var err error
	if h.LeftKeys, err = b.emitAll(lk, l.cols); err != nil {
		return c, err
	}
	if h.RightKeys, err = b.emitAll(rk, r.cols); err != nil {
		return c, err
	}
	if h.Residual, err = b.emitCond(rest, concatCols(l.cols, r.cols)); err != nil {
		return c, err
	}
	for _, s := range safe {
		if s {
			h.NullSafe = safe
		}
	}
	h.Base = b.base(&c)
	c.node = h
	return c, nil
}

// indexJoin plans the right side anew for each left row, with the join's
// conditions as searches of an index. It is worth it only where one is used.
func (b *builder) indexJoin(kind plan.JoinKind, l cand, right plan.Rel, on []plan.Expr, rows float64) (cand, bool, error) {
	scan, conds := leaf(right)
	if scan == nil {
		return cand{}, false, nil
	}
	own := plan.SetOf(scan.ColIDs)
	lset := plan.SetOf(l.cols)
	var inner, stay []plan.Expr
	free := plan.ColSet{}
	for _, c := range on {
		if refers(c, own) && refers(c, lset) && !hasSubquery(c) && !isVolatile(c) {
			inner = append(inner, c)
			plan.VarsOf(c, free)
		} else {
			stay = append(stay, c)
		}
	}
	if len(inner) == 0 {
		return cand{}, false, nil
	}
	for c := range own {
		delete(free, c)
	}
	for _, c := range conds {
		plan.VarsOf(c, free)
	}
	for c := range own {
		delete(free, c)
	}
	args, regs, undo := b.correlate(free, l.cols)
	paths, err := b.paths(scan, append(append([]plan.Expr(nil), conds...), inner...), need{})
	undo()
	if err != nil {
		return cand{}, false, err
	}
	var searched []cand
	for _, p := range paths {
		s := p.node.(*plan.Scan)
		if s.Ranges != nil && usesOuter(s.Ranges, regs) {
			searched = append(searched, p)
		}
	}
	if len(searched) == 0 {
		return cand{}, false, nil
	}
	c, err := b.apply(kind, l, b.cheapest(searched, need{}), args, regs, stay, rows)
	return c, err == nil, err
}

// leaf takes a filtered scan apart; nil where the relation is something else.
func leaf(r plan.Rel) (*plan.LScan, []plan.Expr) {
	switch r := r.(type) {
	case *plan.LScan:
		return r, nil
	case *plan.LFilter:
		if s, ok := r.Input.(*plan.LScan); ok {
			for _, c := range r.Conds {
				if isVolatile(c) || hasSubquery(c) {
					return nil, nil
				}
			}
			return s, r.Conds
		}
	}
	return nil, nil
}

// usesOuter reports whether a key range depends on one of the registers.
func usesOuter(ranges []plan.KeyRange, regs []int) bool {
	set := map[int]bool{}
	for _, r := range regs {
		set[r] = true
	}
	found := false
	look := func(e plan.Expr) {
		plan.Walk(e, func(x plan.Expr) bool {
			if o, ok := x.(*plan.Outer); ok && set[o.Index] {
				found = true
			}
			return !found
		})
	}
	for _, r := range ranges {
		for _, e := range r.Eq {
			look(e)
		}
		for _, bd := range []*plan.Bound{r.Lower, r.Upper} {
			if bd != nil {
				look(bd.Vals[0])
			}
		}
	}
	return found
}

// graph is a set of relations joined by inner joins.
type graph struct {
	b     *builder
	rels  []plan.Rel
	conds []plan.Expr
	cols  []plan.ColSet
	base  []cand
	best  map[uint64]cand
	masks []uint64 // of conds: the relations that each refers to
}

// flatten collects the relations and conditions of a tree of inner joins.
func (g *graph) flatten(r plan.Rel) {
	if j, ok := r.(*plan.LJoin); ok && j.Kind == plan.Inner && !j.Lateral {
		g.flatten(j.Left)
		g.flatten(j.Right)
		g.conds = append(g.conds, j.On...)
		return
	}
	if f, ok := r.(*plan.LFilter); ok {
		if j, ok := f.Input.(*plan.LJoin); ok && j.Kind == plan.Inner && !j.Lateral {
			g.flatten(j)
			g.conds = append(g.conds, f.Conds...)
			return
		}
	}
	g.rels = append(g.rels, r)
}

func (g *graph) plan(n need) (cand, error) {
	if len(g.rels) > 60 {
		return g.inOrder(n)
	}
	for _, r := range g.rels {
		g.cols = append(g.cols, plan.SetOf(r.Cols()))
		want := need{}
		if len(g.base) == 0 || len(n.order) > 0 {
			want.order = ordersWithin(n.order, r.Cols())
		}
		c, err := g.b.build(r, want)
		if err != nil {
			return cand{}, err
		}
		g.base = append(g.base, c)
	}
	for _, c := range g.conds {
		m := uint64(0)
		for i, cols := range g.cols {
			if refers(c, cols) {
				m |= 1 << i
			}
		}
		g.masks = append(g.masks, m)
	}
	switch {
	case g.b.set.NoReorder:
		return g.greedy(n, true)
	case len(g.rels) <= maxDPRelations:
		return g.dynamic(n)
	}
	return g.greedy(n, false)
}

// inOrder joins more relations than a mask has bits, as written.
func (g *graph) inOrder(n need) (cand, error) {
	out, err := g.b.build(g.rels[0], need{})
	if err != nil {
		return out, err
	}
	conds := g.conds
	for i, r := range g.rels[1:] {
		right, err := g.b.build(r, need{})
		if err != nil {
			return out, err
		}
		have := plan.SetOf(out.cols, right.cols)
		var on, later []plan.Expr
		for _, c := range conds {
			if i == len(g.rels)-2 || coveredBy(c, have, g.rels) {
				on = append(on, c)
			} else {
				later = append(later, c)
			}
		}
		conds = later
		list, err := g.b.joinPair(plan.Inner, out, right, r, on)
		if err != nil {
			return out, err
		}
		out = g.b.cheapest(list, need{})
	}
	return out, nil
}

// coveredBy reports whether all columns of e that the relations make are in the set.
func coveredBy(e plan.Expr, have plan.ColSet, rels []plan.Rel) bool {
	vars := plan.ColSet{}
	plan.VarsOf(e, vars)
	for v := range vars {
		if have.Has(v) {
			continue
		}
		for _, r := range rels {
			if hasCol(r, v) {
				return false
			}
		}
	}
	return true
}

// on lists the conditions that can be checked once l and r are joined, and not before.
func (g *graph) on(l, r uint64) (out []plan.Expr) {
	for i, m := range g.masks {
		if m&^(l|r) == 0 && (m&l != 0 && m&r != 0 || m == 0 && l|r == 1<<len(g.rels)-1) {
			out = append(out, g.conds[i])
		}
	}
	return out
}

func (g *graph) connected(l, r uint64) bool {
	for _, m := range g.masks {
		if m&l != 0 && m&r != 0 && m&^(l|r) == 0 {
			return true
		}
	}
	return false
}

// join gives the best way to join two sets of relations.
func (g *graph) join(lm, rm uint64, l, r cand, n need) (cand, error) {
	var right plan.Rel
	if bits.OnesCount64(rm) == 1 {
		right = g.rels[bits.TrailingZeros64(rm)]
	}
	list, err := g.b.joinPair(plan.Inner, l, r, right, g.on(lm, rm))
	if err != nil {
		return cand{}, err
	}
	return g.b.cheapest(list, n), nil
}

// dynamic finds the best join order by trying all, smaller sets first. Sets without
// a condition between them are joined only where there is no other way.
func (g *graph) dynamic(n need) (cand, error) {
	full := uint64(1)<<len(g.rels) - 1
	g.best = map[uint64]cand{}
	for i, c := range g.base {
		g.best[1<<i] = c
	}
	for set := uint64(3); set <= full; set++ {
		if bits.OnesCount64(set) < 2 {
			continue
		}
		want := need{}
		if set == full {
			want = n
		}
		for _, cross := range []bool{false, true} {
			found := false
			for l := (set - 1) & set; l > 0; l = (l - 1) & set {
				r := set &^ l
				lc, lok := g.best[l]
				rc, rok := g.best[r]
				if !lok || !rok || !cross && !g.connected(l, r) {
					continue
				}
				c, err := g.join(l, r, lc, rc, want)
				if err != nil {
					return c, err
				}
				if old, ok := g.best[set]; ok {
					c = g.b.cheapest([]cand{old, c}, want)
				}
				g.best[set] = c
				found = true
			}
			if found || set != full && !g.isolated(set) {
				break
			}
		}
	}
	if c, ok := g.best[full]; ok {
		return c, nil
	}
	return g.greedy(n, false)
}

// isolated reports whether no condition between two relations links the set to the
// rest, so that it must be joined within itself even by a cross product. A condition over
// three or more is no such link: it needs all but one of them joined before.
func (g *graph) isolated(set uint64) bool {
	full := uint64(1)<<len(g.rels) - 1
	for _, m := range g.masks {
		if bits.OnesCount64(m) == 2 && m&set != 0 && m&(full&^set) != 0 {
			return false
		}
	}
	return true
}

// greedy joins the pair with the fewest rows, again and again; or, asWritten, from
// left to right.
func (g *graph) greedy(n need, asWritten bool) (cand, error) {
	type part struct {
		mask uint64
		c    cand
	}
	var parts []part
	for i, c := range g.base {
		parts = append(parts, part{1 << i, c})
	}
	for len(parts) > 1 {
		bi, bj, bestRows, bestConn := 0, 1, math.Inf(1), false
		for i := 0; i < len(parts) && !asWritten; i++ {
			for j := i + 1; j < len(parts); j++ {
				conn := g.connected(parts[i].mask, parts[j].mask)
				rows := g.b.joinRows(plan.Inner, parts[i].c, parts[j].c, g.on(parts[i].mask, parts[j].mask))
				if conn && !bestConn || conn == bestConn && rows < bestRows {
					bi, bj, bestRows, bestConn = i, j, rows, conn
				}
			}
		}
		want := need{}
		if len(parts) == 2 {
			want = n
		}
		l, r := parts[bi], parts[bj]
		c, err := g.join(l.mask, r.mask, l.c, r.c, want)
		if err != nil {
			return c, err
		}
		if !asWritten {
			other, err := g.join(r.mask, l.mask, r.c, l.c, want)
			if err != nil {
				return c, err
			}
			c = g.b.cheapest([]cand{c, other}, want)
		}
		parts[bi] = part{l.mask | r.mask, c}
		parts = append(parts[:bj], parts[bj+1:]...)
	}
	return parts[0].c, nil
}

// hashable reports whether equal values of two types have equal hashes.
func hashable(a, c sqlType) bool {
	if a == c {
		return a.ID != jsonID
	}
	return isInt(a) && isInt(c) || isText(a) && isText(c)
}
