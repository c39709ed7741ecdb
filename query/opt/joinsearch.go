package opt

import (
	"math"
	"math/bits"

	"github.com/weftdb/weft/query/plan"
)

// buildGraph plans a tree of joins, or a filter over one, in the best order. ok is false
// where it cannot be taken apart.
func (b *builder) buildGraph(r plan.Rel, n need) (c cand, ok bool, err error) {
	if b.set.NoReorder {
		return c, false, nil
	}
	g := &graph{b: b, made: map[[2]plan.Col]plan.Expr{}, inner: map[string]*innerPath{}, rows: map[uint64]float64{}}
	g.flatten(r)
	if len(g.rels) < 2 || len(g.rels) > 60 {
		return c, false, nil
	}
	g.addClasses()
	c, ok, err = g.plan(n)
	if err != nil || !ok {
		return c, false, err
	}
	c.order = g.named(c.order, n.order)
	c, err = b.finish(c)
	return c, err == nil, err
}

// finish makes the node of a plan that was only costed.
func (b *builder) finish(c cand) (cand, error) {
	if c.make == nil {
		return c, nil
	}
	node, err := c.make()
	c.node, c.make = node, nil
	return c, err
}

// named says an order by the columns that are asked for, where those are equal.
func (g *graph) named(order, want []ordering) []ordering {
	out := append([]ordering(nil), order...)
	for i := range out {
		if i >= len(want) || out[i].col == want[i].col {
			continue
		}
		if a, ok := g.b.sameAs[out[i].col]; ok && a == g.b.sameAs[want[i].col] && out[i].desc == want[i].desc {
			out[i] = want[i] // equal columns are not NULL
		}
	}
	return out
}

func (g *graph) plan(n need) (c cand, ok bool, err error) {
	g.best = map[uint64][]cand{}
	for i, r := range g.rels {
		list, err := g.b.leafPaths(r, g.interesting(i, n), n)
		if err != nil {
			return c, false, err
		}
		g.best[1<<i] = g.pruned(list, n)
		g.rows[1<<i] = list[0].rows
	}
	if len(g.rels) > maxDPRelations {
		return g.greedy(n)
	}
	full := uint64(1)<<len(g.rels) - 1
	for _, cross := range []bool{false, true} {
		if err := g.dynamic(n, cross); err != nil {
			return c, false, err
		}
		if list := g.best[full]; len(list) > 0 {
			return g.b.cheapest(list, n), true, nil
		}
	}
	return c, false, nil
}

// interesting lists the orders of a leaf that joins or what stands above could use.
func (g *graph) interesting(leaf int, n need) (list [][]ordering) {
	if o := ordersWithin(n.order, g.rels[leaf].Cols()); len(o) > 0 {
		list = append(list, o)
	}
	seen := plan.ColSet{}
	for _, c := range g.classes {
		for i, col := range c.cols {
			if c.leaf[i] == leaf && !seen.Has(col) {
				seen.Add(col)
				list = append(list, []ordering{{col: col}})
			}
		}
	}
	return list
}

// leafPaths are the ways to get the rows of a leaf: the cheapest one, and those that give
// an order of interest.
func (b *builder) leafPaths(r plan.Rel, orders [][]ordering, n need) ([]cand, error) {
	scan, conds := leaf(r)
	if scan == nil {
		want := need{}
		if len(orders) > 0 && len(n.order) > 0 {
			want.order = orders[0]
		}
		c, err := b.build(r, want)
		return []cand{c}, err
	}
	for _, c := range conds {
		if constBool(c, false) || isNullConst(c) {
			return []cand{b.nothing(r.Cols())}, nil
		}
	}
	list, err := b.paths(scan, conds, need{rows: n.rows})
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		more, err := b.paths(scan, conds, need{order: o, rows: n.rows})
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if hasOrder(c, o) {
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// maxPaths is how many plans of one set of relations are kept: the cheapest, and the
// cheapest of different orders.
const maxPaths = 5

// pruned keeps the plans that nothing else is better than.
func (g *graph) pruned(list []cand, n need) (out []cand) {
	for _, c := range list {
		out = g.keep(out, c, n)
	}
	return out
}

// keep adds a plan to those of its set, unless one of them is as good in every way, and
// drops those that it is better than.
func (g *graph) keep(list []cand, c cand, n need) []cand {
	for i := range list {
		if g.covers(&list[i], &c, n) {
			return list
		}
	}
	out := list[:0]
	for i := range list {
		if !g.covers(&c, &list[i], n) {
			out = append(out, list[i])
		}
	}
	out = append(out, c)
	if len(out) > maxPaths { // the costliest is one of an order that hardly pays
		worst := 0
		for i := range out {
			if out[i].total > out[worst].total {
				worst = i
			}
		}
		out = append(out[:worst], out[worst+1:]...)
	}
	return out
}

// covers reports whether a is not worse than c in any way that matters.
func (g *graph) covers(a, c *cand, n need) bool {
	if a.total > c.total*1.0001 || n.rows > 0 && a.startup > c.startup {
		return false
	}
	if a.unique || len(c.order) == 0 {
		return true
	}
	for i, o := range c.order {
		if !g.interestingColumn(o.col, n) {
			return true
		}
		if i >= len(a.order) || a.order[i] != o {
			return false
		}
	}
	return true
}

func (g *graph) interestingColumn(c plan.Col, n need) bool {
	for _, o := range n.order {
		if o.col == c || g.b.sameAs[c] != 0 && g.b.sameAs[o.col] == g.b.sameAs[c] {
			return true
		}
	}
	return g.b.sameAs[c] != 0 || n.groups.Has(c)
}

// dynamic finds the best plans of all sets of relations that have none yet, smaller ones
// first. cross allows products of sets that no condition links.
func (g *graph) dynamic(n need, cross bool) error {
	full := uint64(1)<<len(g.rels) - 1
	for set := uint64(3); set <= full; set++ {
		if bits.OnesCount64(set) < 2 || len(g.best[set]) > 0 {
			continue
		}
		var list []cand
		for _, r := range inners(set) {
			l := set &^ r
			if len(g.best[l]) == 0 || len(g.best[r]) == 0 {
				continue
			}
			s, ok := g.splitOf(l, r)
			if !ok || !s.linked && !cross {
				continue
			}
			err := g.candidates(l, r, s, n, func(c cand) { list = g.keep(list, c, n) })
			if err != nil {
				return err
			}
		}
		if len(list) > 0 {
			g.best[set] = list
		}
	}
	return nil
}

// inners lists what of a set may be the inner side of a join, in the order in which plans of one cost
// are wanted, that of FROM: first one relation behind the others, and last what begins with the first.
func inners(set uint64) []uint64 {
	list := make([]uint64, 0, 1<<bits.OnesCount64(set)-2)
	first := set & -set
	for r := (set - 1) & set; r > 0; r = (r - 1) & set {
		if r&first == 0 && bits.OnesCount64(r) == 1 {
			list = append(list, r)
		}
	}
	for r := (set - 1) & set; r > 0; r = (r - 1) & set {
		if r&first == 0 && bits.OnesCount64(r) > 1 {
			list = append(list, r)
		}
	}
	for r := (set - 1) & set; r > 0; r = (r - 1) & set {
		if r&first != 0 {
			list = append(list, r)
		}
	}
	return list
}

// greedy joins the pair of sets that gives the fewest rows, again and again.
func (g *graph) greedy(n need) (c cand, ok bool, err error) {
	var parts []uint64
	for i := range g.rels {
		parts = append(parts, 1<<i)
	}
	for len(parts) > 1 {
		bi, bj, ok := g.nextPair(parts)
		if !ok {
			return c, false, nil
		}
		l, r := parts[bi], parts[bj]
		var list []cand
		for _, p := range [][2]uint64{{l, r}, {r, l}} {
			s, ok := g.splitOf(p[0], p[1])
			if !ok {
				continue
			}
			if err := g.candidates(p[0], p[1], s, n, func(c cand) { list = g.keep(list, c, n) }); err != nil {
				return c, false, err
			}
		}
		g.best[l|r] = list
		parts[bi] = l | r
		parts = append(parts[:bj], parts[bj+1:]...)
	}
	return g.b.cheapest(g.best[parts[0]], n), true, nil
}

func (g *graph) nextPair(parts []uint64) (bi, bj int, found bool) {
	best, linked := math.Inf(1), false
	for i := range parts {
		for j := range parts {
			if i == j {
				continue
			}
			s, ok := g.splitOf(parts[i], parts[j])
			if !ok || linked && !s.linked {
				continue
			}
			rows := g.rowsOf(parts[i], parts[j], s)
			if s.linked && !linked || rows < best {
				bi, bj, best, linked, found = i, j, rows, s.linked, true
			}
		}
	}
	if bi > bj {
		bi, bj = bj, bi
	}
	return bi, bj, found
}

// rowsOf estimates the rows of a set: the same however it is joined, so that plans differ
// by their costs only.
func (g *graph) rowsOf(l, r uint64, s split) float64 {
	if rows, ok := g.rows[l|r]; ok {
		return rows
	}
	rows := g.b.joinRows(s.kind, g.best[l][0], g.best[r][0], s.on) * g.b.selectivity(s.filter)
	rows = math.Max(rows, 1e-3)
	if len(g.rels) <= maxDPRelations {
		g.rows[l|r] = rows
	}
	return rows
}
