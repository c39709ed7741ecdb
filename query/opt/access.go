package opt

import (
	"math"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

// scanStats notes what is known of the columns of a scan.
func (b *builder) scanStats(s *plan.LScan) *stats.Table {
	t := b.source.TableStats(s.Table)
	for i, ord := range s.Ords {
		if ord < 0 {
			continue
		}
		col := &s.Table.Columns[ord]
		st := colStat{ndv: t.NDVOf(col), rows: t.Rows, stats: t.Column(col), scan: s, table: t, id: col.ID}
		if st.stats == nil && uniqueColumn(s.Table, col.ID) {
			st.ndv = math.Max(1, t.Rows)
		}
		b.colStats[s.ColIDs[i]] = st
	}
	return t
}

func uniqueColumn(t *catalog.Table, id catalog.ColumnID) bool {
	for _, x := range t.Indexes {
		if x.Distinct() && len(x.Columns) == 1 && x.Columns[0].Column == id && x.Predicate == "" {
			return true
		}
	}
	return false
}

// buildScan chooses the cheapest way to read a table under conditions.
func (b *builder) buildScan(s *plan.LScan, conds []plan.Expr, n need) (cand, error) {
	paths, err := b.paths(s, conds, n)
	if err != nil {
		return cand{}, err
	}
	return b.cheapest(paths, n), nil
}

// cheapest picks the plan of least cost, where one that is not in the wanted order
// costs a sort more, and few rows wanted make the startup count.
func (b *builder) cheapest(list []cand, n need) cand {
	best, bestCost := list[0], math.Inf(1)
	for _, c := range list {
		cost := c.total
		ordered := hasOrder(c, n.order)
		if !ordered {
			cost += sortCost(c.rows)
			if b.set.NoSort {
				cost += costDisabled
			}
		} else if n.rows > 0 && c.rows > n.rows {
			cost = c.startup + (c.total-c.startup)*n.rows/c.rows
		}
		if cost < bestCost {
			best, bestCost = c, cost
		}
	}
	return best
}

func sortCost(rows float64) float64 { return costSortRow * rows * math.Log2(rows+2) }

func hasOrder(c cand, want []ordering) bool {
	if c.unique {
		return true
	}
	if len(want) > len(c.order) {
		return false
	}
	for i, w := range want {
		if c.order[i] != w {
			return false
		}
	}
	return true
}

// matcher finds which conditions of a scan an index can serve.
type matcher struct {
	b     *builder
	scan  *plan.LScan
	col   map[catalog.ColumnID]plan.Col
	own   plan.ColSet
	conds []plan.Expr
	// search is conds with the columns that stand for indexed expressions.
	search []plan.Expr
	index  *indexed // nil where no index holds more than columns
	prover *prover
	// ignore leaves the conditions to the filter: the index is read as a whole.
	ignore bool
}

func (b *builder) paths(s *plan.LScan, conds []plan.Expr, n need) ([]cand, error) {
	st := b.scanStats(s)
	m := &matcher{b: b, scan: s, col: map[catalog.ColumnID]plan.Col{}, own: plan.SetOf(s.ColIDs), conds: conds}
	for i, ord := range s.Ords {
		if ord >= 0 {
			m.col[s.Table.Columns[ord].ID] = s.ColIDs[i]
		}
	}
	m.search = conds
	if s.Indexed != nil {
		m.index, m.search, m.prover = b.nameScan(s), b.named(conds), b.prove(s, conds)
		for _, parts := range m.index.parts {
			for _, c := range parts {
				m.own.Add(c)
			}
		}
	}
	var list []cand
	var found []probed
	if x := s.Table.External; x != nil && (x.Probes || x.Columns) {
		found = m.probes()
		m.ignore = x.Columns
	}
	for i := range s.Table.Indexes {
		x := &s.Table.Indexes[i]
		if len(x.Columns) > 0 && x.Columns[0].Path != nil {
			if c, ok := m.byPath(x, list[0]); ok && !x.Building {
				list = append(list, c)
			}
			continue
		}
		pred, ok := m.within(i)
		if x.Building || !ok {
			continue
		}
		c, useful, err := m.path(i, pred, st, n)
		if err != nil {
			return nil, err
		}
		if err := m.ask(c, found); err != nil {
			return nil, err
		}
		if useful || x.Primary {
			list = append(list, c...)
		}
	}
	if searchesPrimary(list) && !list[0].unique || b.set.NoIndexScan {
		whole := *m
		whole.ignore = true
		c, _, err := whole.path(0, nil, st, n)
		if err != nil {
			return nil, err
		}
		list = append(list, c...)
	}
	if s.Table.External == nil && !list[0].unique {
		unions, err := m.unions(st)
		if err != nil {
			return nil, err
		}
		list = append(list, unions...)
	}
	for i := range list {
		b.discourage(&list[i])
	}
	return list, nil
}

// searchesPrimary reports whether the path by the primary index is no whole scan.
func searchesPrimary(list []cand) bool {
	return len(list) > 0 && list[0].node.(*plan.Scan).Ranges != nil
}

// discourage makes a scan that a setting switches off cost more than all others.
func (b *builder) discourage(c *cand) {
	s := c.node.(*plan.Scan)
	off := b.set.NoIndexScan
	switch {
	case s.Union != nil:
		off = off || b.set.NoIndexUnion
	case s.Ranges == nil && s.Index.Primary && !s.Reverse:
		off = b.set.NoSeqScan
	case !s.Fetch && !s.Index.Primary:
		off = b.set.NoIndexOnlyScan
	}
	if off {
		b.disable(c)
		s.Est.Startup, s.Est.Total = c.startup, c.total
	}
}

// disable adds the cost of a method that is switched off.
func (b *builder) disable(c *cand) {
	c.startup += costDisabled
	c.total += costDisabled
}

// within gives the predicate of an index; ok is false where rows of the scan may be
// without an entry.
func (m *matcher) within(i int) (pred []plan.Expr, ok bool) {
	if m.scan.Table.Indexes[i].Predicate == "" {
		return nil, true
	}
	if m.index == nil {
		return nil, false
	}
	pred, ok = m.index.preds[i]
	for _, e := range pred {
		ok = ok && m.prover.implies(e)
	}
	return pred, ok
}

// partCol is the column of the scan that a key part holds, or that stands for it.
func (m *matcher) partCol(i, part int) (plan.Col, bool) {
	k := &m.scan.Table.Indexes[i].Columns[part]
	if k.Column != 0 {
		c, ok := m.col[k.Column]
		return c, ok
	}
	if m.index == nil || m.index.parts[i] == nil {
		return 0, false
	}
	c := m.index.parts[i][part]
	return c, c != 0
}

// path plans reading through index no, which holds the rows for which pred is true. It is
// useful where it searches, holds fewer rows, gives an order, or holds all columns.
func (m *matcher) path(no int, pred []plan.Expr, st *stats.Table, n need) ([]cand, bool, error) {
	b, x := m.b, &m.scan.Table.Indexes[no]
	var ranges []plan.KeyRange
	used, point := map[int]bool{}, false
	var search []plan.Expr
	if !m.ignore {
		ranges, used, search, point = m.ranges(no)
	}
	frac := m.readFrac(search, pred, used)
	if x.Kind == catalog.Hash && !point {
		return nil, false, nil
	}
	if err := m.emitRanges(ranges); err != nil {
		return nil, false, err
	}
	scan, cols := m.output(x)
	scan.Ranges, scan.Point = ranges, point
	covered := x.Primary || m.covers(x, scan.Cols)
	scan.Fetch = !covered
	var rest []plan.Expr
	for i, c := range m.conds {
		if !used[i] {
			rest = append(rest, c)
		}
	}
	rows := math.Max(st.Rows, 1)
	read := rows * frac
	if point {
		read = 1
	}
	c := cand{cols: cols, unique: point}
	c.rows = math.Max(rows*b.selectivity(m.conds), 1e-3)
	if point {
		c.rows = math.Min(c.rows, 1)
	}
	width := 0.0
	for _, col := range cols {
		width += stats.WidthOf(b.q.Info[col].Type)
	}
	starts := math.Max(1, float64(len(ranges)))
	perRow := costScanRow + costScanByte*width
	if m.scan.Table.External != nil {
		perRow += costExternalRow
	}
	if x.Primary && read/starts >= columnRows && !scan.NeedRowKey && m.scan.Table.External == nil {
		perRow = costColumnRow + costColumnByte*width
		c.late = c.rows * costColumnByte * (width - m.widthOf(m.conds))
	}
	if point {
		c.total = costPointRead
	} else {
		c.total = starts*costStartScan + read*perRow
	}
	if scan.Fetch {
		c.total += read * costFetchRow
	}
	c.total += read * costFilter * float64(len(rest))
	c.startup = math.Min(costStartScan, c.total)
	filter, err := b.emitCond(b.cheapFirst(rest), cols)
	if err != nil {
		return nil, false, err
	}
	scan.Filter = filter
	c.order = m.order(no, ranges)
	scan.Base = b.base(&c)
	c.node = scan
	if c.late > 0 {
		c.asks = b.askScan(scan, cols, starts*costStartScan+read*(costColumnRow+costKeyFilter))
	}
	list := []cand{c}
	useful := ranges != nil || len(pred) > 0 || covered && !x.Primary || len(c.order) > 0 && hasOrder(c, n.order) && len(n.order) > 0
	if rev, ok := reversed(c, scan, n); ok {
		list = append(list, rev)
		useful = true
	}
	return list, useful, nil
}

// output is a scan of an index that gives the columns which are used.
func (m *matcher) output(x *catalog.Index) (scan *plan.Scan, cols []plan.Col) {
	scan = &plan.Scan{Table: m.scan.Table, Index: x, Alias: m.scan.Alias, AsOf: m.scan.AsOf}
	for i, ord := range m.scan.Ords {
		c := m.scan.ColIDs[i]
		if !m.b.used.Has(c) {
			continue
		}
		if ord == plan.RowKeyOrd {
			scan.NeedRowKey = true
			continue
		}
		cols = append(cols, c)
		scan.Cols = append(scan.Cols, ord)
	}
	if scan.NeedRowKey {
		cols = append(cols, m.rowKeyCol())
	}
	return scan, cols
}

// readFrac estimates the fraction of the table that is read by searching an index with a
// predicate, and marks the conditions that the predicate has checked.
func (m *matcher) readFrac(search, pred []plan.Expr, used map[int]bool) float64 {
	if len(pred) == 0 {
		return m.b.selectivity(search)
	}
	p := m.b.prove(m.scan, search)
	for _, e := range pred {
		for i, c := range m.conds {
			used[i] = used[i] || plan.Same(c, e)
		}
		if !p.implies(e) {
			search = append(search[:len(search):len(search)], e)
		}
	}
	return m.b.selectivity(search)
}

// reversed is the same scan backwards, where that gives the wanted order.
func reversed(c cand, s *plan.Scan, n need) (cand, bool) {
	if len(n.order) == 0 || s.Index.Kind == catalog.Hash || hasOrder(c, n.order) {
		return c, false
	}
	r := c
	r.order = nil
	for _, o := range c.order {
		r.order = append(r.order, ordering{o.col, !o.desc, !o.nullsFirst})
	}
	if !hasOrder(r, n.order) {
		return c, false
	}
	scan := *s
	scan.Reverse = true
	scan.Ranges = nil
	for i := len(s.Ranges) - 1; i >= 0; i-- {
		scan.Ranges = append(scan.Ranges, s.Ranges[i])
	}
	r.node = &scan
	return r, true
}

// widthOf is the width of the columns that conditions read.
func (m *matcher) widthOf(conds []plan.Expr) (width float64) {
	vars := plan.ColSet{}
	for _, c := range conds {
		plan.VarsOf(c, vars)
	}
	for c := range vars {
		if m.own.Has(c) {
			width += stats.WidthOf(m.b.q.Info[c].Type)
		}
	}
	return width
}

func (m *matcher) rowKeyCol() plan.Col {
	for i, ord := range m.scan.Ords {
		if ord == plan.RowKeyOrd {
			return m.scan.ColIDs[i]
		}
	}
	return 0
}

// covers reports whether an index entry holds all of the columns.
func (m *matcher) covers(x *catalog.Index, ords []int) bool {
	has := map[catalog.ColumnID]bool{}
	for _, k := range m.scan.Table.Indexes[0].Columns { // what a key cannot restore is kept for an index's own parts only
		has[k.Column] = sqltype.KeyRestores(k.Type)
	}
	for _, k := range x.Columns {
		has[k.Column] = has[k.Column] || k.Column != 0
	}
	for _, id := range x.Include {
		has[id] = true
	}
	for _, o := range ords {
		if o < 0 && !has[catalog.RowID] || o >= 0 && !has[m.scan.Table.Columns[o].ID] {
			return false
		}
	}
	return true
}

// order is the order in which an index gives rows; key parts that are fixed to one
// value do not count.
func (m *matcher) order(no int, ranges []plan.KeyRange) (out []ordering) {
	x := &m.scan.Table.Indexes[no]
	if x.Kind == catalog.Hash || len(ranges) > 1 && !sortedRanges(ranges) {
		return nil
	}
	skip := 0
	if len(ranges) == 1 {
		skip = len(ranges[0].Eq)
	}
	for i, k := range x.Columns {
		if i < skip {
			continue
		}
		c, ok := m.partCol(no, i)
		if !ok {
			break
		}
		o := ordering{c, k.Desc, k.NullsFirst}
		if k.Column != 0 && !m.nullable(k.Column) { // either place of NULLs will do: the usual one is named
			o.nullsFirst = k.Desc
		}
		out = append(out, o)
	}
	return out
}

func (m *matcher) nullable(id catalog.ColumnID) bool {
	o := m.scan.Table.Ordinal(id)
	return o < 0 || !m.scan.Table.Columns[o].NotNull
}
