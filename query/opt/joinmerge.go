package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// mergeable tells the pairs of join keys by which two inputs can be merged: plain
// columns of types that sort alike, none of them compared NULL-safely. At least one
// is needed; ok is false where there is none.
func (b *builder) mergeable(kind plan.JoinKind, lk, rk []plan.Expr, safe []bool) bool {
	if kind == plan.NullAnti || len(lk) == 0 {
		return false
	}
	for i := range lk {
		lt, rt := lk[i].Type().Base(), rk[i].Type().Base()
		if safe[i] || !sortsAlike(lt, rt) {
			return false
		}
	}
	return true
}

// sortsAlike reports whether the values of two types have one order and, where they
// are equal, one key.
func sortsAlike(a, c sqlType) bool {
	switch a.ID {
	case sqltype.JSON, sqltype.JSONB, sqltype.Float4, sqltype.Float8, sqltype.Bpchar:
		return false
	}
	return hashable(a, c)
}

// mergeOrder is the order of the join keys that spares the most sorting.
func mergeOrder(l, r cand, lk, rk []plan.Expr) []int {
	best := make([]int, 0, len(lk))
	seen := make([]bool, len(lk))
	for _, side := range []struct {
		c    cand
		keys []plan.Expr
	}{{l, lk}, {r, rk}} {
		for _, o := range side.c.order {
			found := false
			for i, k := range side.keys {
				if v, ok := k.(*plan.Var); ok && v.Col == o.col && !seen[i] && !o.desc && !o.nullsFirst {
					best, seen[i], found = append(best, i), true, true
					break
				}
			}
			if !found {
				break
			}
		}
		if len(best) > 0 {
			break
		}
	}
	for i := range lk {
		if !seen[i] {
			best = append(best, i)
		}
	}
	return best
}

// sorted puts a plan in the order of keys, which are emitted.
func (b *builder) sorted(in cand, keys []plan.SortKey) (cand, []plan.SortKey, error) {
	out, err := b.emitKeys(keys, in.cols)
	if err != nil {
		return in, nil, err
	}
	want := make([]ordering, 0, len(keys))
	for _, k := range keys {
		v, ok := k.Expr.(*plan.Var)
		if !ok {
			break
		}
		want = append(want, ordering{v.Col, k.Desc, k.NullsFirst})
	}
	if len(want) == len(keys) && hasOrder(in, want) || in.unique {
		return in, out, nil
	}
	c := in
	s := &plan.Sort{Input: in.node, Keys: out, Limit: -1}
	for s.Prefix < len(want) && s.Prefix < len(in.order) && in.order[s.Prefix] == want[s.Prefix] {
		s.Prefix++
	}
	c.total += costSortRow * in.rows * math.Log2(in.rows+2)
	c.startup = c.total
	if b.set.NoSort {
		b.disable(&c)
	}
	c.order = want
	s.Base = b.base(&c)
	c.node = s
	return c, out, nil
}
