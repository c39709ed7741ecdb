package opt

import (
	"math"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/stats"
)

// maxArms is how many searches a union may have.
const maxArms = 64

// arm is a search by one of the disjuncts of a condition.
type arm struct {
	m      *matcher // with the disjunct and the other conditions of the scan
	index  int
	ranges []plan.KeyRange
	read   float64 // entries
	cost   float64
}

// unions plans, for each condition that is an OR, the rows that searches by its disjuncts
// find together, each by the index that suits it.
func (m *matcher) unions(st *stats.Table) (list []cand, err error) {
	for i, c := range m.conds {
		or, ok := c.(*plan.Or)
		if !ok || len(or.Args) > maxArms {
			continue
		}
		arms := make([]arm, len(or.Args))
		for k, e := range or.Args {
			if arms[k], ok = m.arm(e, i, st); !ok {
				break
			}
		}
		if !ok {
			continue
		}
		u, err := m.union(arms, st)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}

// arm finds the cheapest search for the rows for which disjunct e of condition no, and all
// other conditions, are true; not ok where no index serves.
func (m *matcher) arm(e plan.Expr, no int, st *stats.Table) (best arm, ok bool) {
	a := *m
	a.conds = plan.Conjuncts(e)
	for i, c := range m.conds {
		if i != no {
			a.conds = append(a.conds[:len(a.conds):len(a.conds)], c)
		}
	}
	a.search = a.conds
	if m.index != nil {
		a.search, a.prover = m.b.named(a.conds), m.b.prove(m.scan, a.conds)
	}
	for i := range m.scan.Table.Indexes {
		x := &m.scan.Table.Indexes[i]
		pred, within := a.within(i)
		if x.Building || !within {
			continue
		}
		ranges, used, search, point := a.ranges(i)
		if ranges == nil || x.Kind == catalog.Hash && !point {
			continue
		}
		read := math.Max(st.Rows, 1) * a.readFrac(search, pred, used)
		if point {
			read = math.Min(read, 1)
		}
		cost := float64(len(ranges))*costStartScan + read*costScanRow
		if !ok || cost < best.cost {
			best, ok = arm{m: &a, index: i, ranges: ranges, read: read, cost: cost}, true
		}
	}
	return best, ok
}

// union is the scan of the rows that any of the arms finds. All conditions are checked of
// them: an arm searches for part of its disjunct, and of the other conditions.
func (m *matcher) union(arms []arm, st *stats.Table) (c cand, err error) {
	b := m.b
	scan, cols := m.output(&m.scan.Table.Indexes[0])
	scan.Fetch = true
	read := 0.0
	for _, a := range arms {
		if err := a.m.emitRanges(a.ranges); err != nil {
			return c, err
		}
		scan.Union = append(scan.Union, plan.UnionArm{Index: &m.scan.Table.Indexes[a.index], Ranges: a.ranges})
		read += a.read
		c.startup += a.cost
	}
	rows := math.Max(st.Rows, 1)
	c.cols = cols
	c.rows = math.Max(rows*b.selectivity(m.conds), 1e-3)
	c.startup += sortCost(read)
	c.total = c.startup + math.Min(read, rows)*(costFetchRow+costFilter*float64(len(m.conds)))
	if scan.Filter, err = b.emitCond(b.cheapFirst(m.conds), cols); err != nil {
		return c, err
	}
	c.order = m.order(0, nil)
	scan.Base = b.base(&c)
	c.node = scan
	return c, nil
}
