package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/stats"
)

// buildJoin plans a join: what can be taken apart in the best order, others as they
// stand.
func (b *builder) buildJoin(j *plan.LJoin, n need) (cand, error) {
	if reorderable(j) {
		if c, ok, err := b.buildGraph(j, n); ok || err != nil {
			return c, err
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
	s := joinSpec{kind: j.Kind, on: j.On, rows: b.joinRows(j.Kind, left, right, j.On)}
	s.lk, s.rk, s.safe, s.rest = equi(j.On, plan.SetOf(left.cols), plan.SetOf(right.cols))
	if scan, conds := leaf(j.Right); scan != nil && !b.set.NoIndexJoin && j.Kind != plan.Full && j.Kind != plan.Right && j.Kind != plan.NullAnti {
		if s.inner, err = b.innerSearch(scan, conds, j.On, left.cols); err != nil {
			return cand{}, err
		}
	}
	var list []cand
	b.joinWays(&s, []cand{left}, []cand{right}, func(c cand) { list = append(list, c) })
	return b.finish(b.cheapest(list, n))
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
		return math.Max(l.rows*b.matchFrac(l, r, on, sel), 1e-3)
	case plan.Anti, plan.NullAnti:
		return l.rows * math.Max(1-b.matchFrac(l, r, on, sel), 0.02)
	}
	return inner
}

// matchFrac estimates the part of the left rows that have a match: by the values of the
// keys that the right side still has, thinned by the other conditions.
func (b *builder) matchFrac(l, r cand, on []plan.Expr, sel float64) float64 {
	lk, rk, _, rest := equi(on, plan.SetOf(l.cols), plan.SetOf(r.cols))
	if len(lk) == 0 {
		return math.Min(1, r.rows*sel)
	}
	values := b.groups(rk, r.rows)
	have := b.keyValues(lk)
	frac := 1.0
	if values < have {
		frac = values / have
	}
	// Of several rows with the key, one that meets the rest is enough.
	each := math.Max(1, r.rows/values)
	return frac * (1 - math.Pow(1-math.Min(1, b.selectivity(rest)), each))
}

// keyValues is the number of values that keys have in their tables.
func (b *builder) keyValues(keys []plan.Expr) float64 {
	n, rows := 1.0, 0.0
	for _, k := range keys {
		v, ok := unwrapVar(k)
		if !ok {
			n *= stats.DefaultNDV
			continue
		}
		n *= b.ndv(v)
		rows = math.Max(rows, b.colStats[v].rows)
	}
	if rows > 0 {
		n = math.Min(n, rows)
	}
	return math.Max(1, n)
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

// hashable reports whether equal values of two types have equal hashes.
func hashable(a, c sqlType) bool {
	if a == c {
		return a.ID != jsonID
	}
	return isInt(a) && isInt(c) || isText(a) && isText(c)
}

// unionUsesOuter is usesOuter of the arms of a union.
func unionUsesOuter(s *plan.Scan, regs []int) bool {
	for _, a := range s.Union {
		if usesOuter(a.Ranges, regs) {
			return true
		}
	}
	return false
}
