package opt

import (
	"math"
	"sort"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
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
	// ignore leaves the conditions to the filter: the index is read as a whole.
	ignore bool
}

// sarg is a condition on one key part that an index can search for.
type sarg struct {
	op    string // = < <= > >= in null
	value plan.Expr
	list  []plan.Expr
	cond  int
	lossy bool // the condition must still be checked
}

func (b *builder) paths(s *plan.LScan, conds []plan.Expr, n need) ([]cand, error) {
	st := b.scanStats(s)
	m := &matcher{b: b, scan: s, col: map[catalog.ColumnID]plan.Col{}, own: plan.SetOf(s.ColIDs), conds: conds}
	for i, ord := range s.Ords {
		if ord >= 0 {
			m.col[s.Table.Columns[ord].ID] = s.ColIDs[i]
		}
	}
	var list []cand
	var found []probed
	if s.Table.External != nil && s.Table.External.Probes {
		found = m.probes()
	}
	for i := range s.Table.Indexes {
		x := &s.Table.Indexes[i]
		if x.Building || x.Predicate != "" {
			continue
		}
		if len(x.Columns) > 0 && x.Columns[0].Path != nil {
			if c, ok := m.byPath(x, list[0]); ok {
				list = append(list, c)
			}
			continue
		}
		c, useful, err := m.path(x, st, n)
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
		c, _, err := whole.path(&s.Table.Indexes[0], st, n)
		if err != nil {
			return nil, err
		}
		list = append(list, c...)
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

// path plans reading through one index. It is useful where it searches, gives an
// order, or holds all columns.
func (m *matcher) path(x *catalog.Index, st *stats.Table, n need) ([]cand, bool, error) {
	b := m.b
	var ranges []plan.KeyRange
	used, frac, point := map[int]bool{}, 1.0, false
	if !m.ignore {
		ranges, used, frac, point = m.ranges(x)
	}
	if x.Kind == catalog.Hash && !point {
		return nil, false, nil
	}
	if err := m.emitRanges(ranges); err != nil {
		return nil, false, err
	}
	scan := &plan.Scan{Table: m.scan.Table, Index: x, Ranges: ranges, Point: point, Alias: m.scan.Alias, AsOf: m.scan.AsOf}
	var cols []plan.Col
	for i, ord := range m.scan.Ords {
		c := m.scan.ColIDs[i]
		if !b.used.Has(c) {
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
	filter, err := b.emitCond(rest, cols)
	if err != nil {
		return nil, false, err
	}
	scan.Filter = filter
	c.order = m.order(x, ranges)
	scan.Base = b.base(&c)
	c.node = scan
	list := []cand{c}
	useful := ranges != nil || covered && !x.Primary || len(c.order) > 0 && hasOrder(c, n.order) && len(n.order) > 0
	if rev, ok := reversed(c, scan, n); ok {
		list = append(list, rev)
		useful = true
	}
	return list, useful, nil
}

// emitRanges turns the columns in key values, which are of rows further out, into
// registers. Ranges share bounds and heads of Eq, so those are made anew.
func (m *matcher) emitRanges(ranges []plan.KeyRange) (err error) {
	bound := func(bd *plan.Bound) *plan.Bound {
		if bd == nil || err != nil {
			return bd
		}
		out := *bd
		out.Vals, err = m.b.emitAll(bd.Vals, nil)
		return &out
	}
	for i := range ranges {
		r := &ranges[i]
		if r.Eq, err = m.b.emitAll(r.Eq, nil); err != nil {
			return err
		}
		r.Lower, r.Upper = bound(r.Lower), bound(r.Upper)
	}
	return err
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
func (m *matcher) order(x *catalog.Index, ranges []plan.KeyRange) (out []ordering) {
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
		c, ok := m.col[k.Column]
		if !ok || k.Column == 0 {
			break
		}
		o := ordering{c, k.Desc, k.NullsFirst}
		if !m.nullable(k.Column) { // either place of NULLs will do: the usual one is named
			o.nullsFirst = k.Desc
		}
		out = append(out, o)
	}
	return out
}

// sortedRanges is true for the ranges of an IN list of constants, which were sorted.
func sortedRanges(ranges []plan.KeyRange) bool {
	for _, r := range ranges {
		for _, e := range r.Eq {
			if _, ok := e.(*plan.Const); !ok {
				return false
			}
		}
	}
	return true
}

func (m *matcher) nullable(id catalog.ColumnID) bool {
	o := m.scan.Table.Ordinal(id)
	return o < 0 || !m.scan.Table.Columns[o].NotNull
}

// maxRanges is how many ranges an IN list may become.
const maxRanges = 1000

// ranges turns conditions into key ranges of an index. used marks the conditions
// that need no further check.
func (m *matcher) ranges(x *catalog.Index) (ranges []plan.KeyRange, used map[int]bool, frac float64, point bool) {
	used = map[int]bool{}
	var search []plan.Expr // what is searched for
	ranges = []plan.KeyRange{{}}
	full, nulls := true, false
	searched := false
	for _, k := range x.Columns {
		col, ok := m.col[k.Column]
		if !ok || k.Column == 0 {
			full = false
			break
		}
		args := m.sargs(col)
		if eq := pick(args, "="); eq != nil {
			searched = true
			search = append(search, m.conds[eq.cond])
			used[eq.cond] = !eq.lossy
			m.appendEq(ranges, eq.value, false)
			continue
		}
		if in := pick(args, "in"); in != nil && len(ranges)*len(in.list) <= maxRanges {
			searched = true
			search = append(search, m.conds[in.cond])
			used[in.cond] = true
			ranges = product(ranges, in.list)
			continue
		}
		if null := pick(args, "null"); null != nil {
			searched, nulls = true, true
			search = append(search, m.conds[null.cond])
			used[null.cond] = true
			m.appendEq(ranges, &plan.Const{Typ: k.Type, Value: sqltype.NullDatum}, true)
			continue
		}
		full = false
		if x.Kind == catalog.Ordered && m.bound(ranges, args, k, used) {
			searched = true
			seen := map[int]bool{}
			for _, a := range args {
				if a.op != "=" && a.op != "in" && a.op != "null" && !seen[a.cond] {
					seen[a.cond] = true
					search = append(search, m.conds[a.cond])
				}
			}
		}
		break
	}
	if !searched {
		return nil, used, 1, false
	}
	point = full && x.Distinct() && !nulls && len(ranges) == 1
	return ranges, used, m.b.selectivity(search), point
}

func (m *matcher) appendEq(ranges []plan.KeyRange, v plan.Expr, null bool) {
	for i := range ranges {
		r := &ranges[i]
		if null && r.EqNull == nil {
			r.EqNull = make([]bool, len(r.Eq))
		}
		r.Eq = append(r.Eq[:len(r.Eq):len(r.Eq)], v)
		if r.EqNull != nil {
			r.EqNull = append(r.EqNull[:len(r.EqNull):len(r.EqNull)], null)
		}
	}
}

func product(ranges []plan.KeyRange, list []plan.Expr) (out []plan.KeyRange) {
	for _, r := range ranges {
		for _, v := range list {
			n := r
			n.Eq = append(r.Eq[:len(r.Eq):len(r.Eq)], v)
			if r.EqNull != nil {
				n.EqNull = append(r.EqNull[:len(r.EqNull):len(r.EqNull)], false)
			}
			out = append(out, n)
		}
	}
	return out
}

func pick(list []sarg, op string) *sarg {
	for i := range list {
		if list[i].op == op {
			return &list[i]
		}
	}
	return nil
}

// bound sets the ends of the ranges on the next key part, in the order of keys.
func (m *matcher) bound(ranges []plan.KeyRange, args []sarg, k catalog.IndexColumn, used map[int]bool) bool {
	any := false
	for _, a := range args {
		bd := &plan.Bound{Vals: []plan.Expr{a.value}, Inclusive: a.op == "<=" || a.op == ">="}
		low := a.op == ">" || a.op == ">="
		if !low && a.op != "<" && a.op != "<=" {
			continue
		}
		if k.Desc { // limits are in the order of keys
			low = !low
		}
		if low && ranges[0].Lower != nil || !low && ranges[0].Upper != nil {
			continue
		}
		for i := range ranges {
			if low {
				ranges[i].Lower = bd
			} else {
				ranges[i].Upper = bd
			}
			ranges[i].NotNull = true
		}
		used[a.cond] = !a.lossy
		any = true
	}
	return any
}

// sargs lists what the conditions say about one column.
func (m *matcher) sargs(col plan.Col) (out []sarg) {
	t := m.b.q.Info[col].Type
	for i, c := range m.conds {
		switch e := c.(type) {
		case *plan.Call:
			if e.Op && len(e.Args) == 2 {
				out = append(out, m.compareSarg(e, i, col, t)...)
			}
		case *plan.In:
			if s, ok := m.inSarg(e, i, col, t); ok {
				out = append(out, s)
			}
		case *plan.IsNull:
			if v, ok := e.Arg.(*plan.Var); ok && v.Col == col && !e.Not {
				out = append(out, sarg{op: "null", cond: i})
			}
		case *plan.Var:
			if e.Col == col && t.ID == sqltype.Bool {
				out = append(out, sarg{op: "=", value: boolConst(true), cond: i})
			}
		case *plan.Not:
			if v, ok := e.Arg.(*plan.Var); ok && v.Col == col && t.ID == sqltype.Bool {
				out = append(out, sarg{op: "=", value: boolConst(false), cond: i})
			}
		}
	}
	return out
}

func (m *matcher) compareSarg(e *plan.Call, i int, col plan.Col, t sqltype.Type) []sarg {
	op, value := e.Func.Name, e.Args[1]
	if v, ok := e.Args[0].(*plan.Var); !ok || v.Col != col {
		v, ok := e.Args[1].(*plan.Var)
		if !ok || v.Col != col || flipped[op] == "" {
			return nil
		}
		op, value = flipped[op], e.Args[0]
	}
	if op == "~~" {
		return likeSargs(value, i, t)
	}
	if flipped[op] == "" || !m.outside(value) {
		return nil
	}
	v, ok := keyValue(value, t)
	if !ok {
		return nil
	}
	return []sarg{{op: op, value: v, cond: i}}
}

// outside reports whether e can be computed before the scan starts.
func (m *matcher) outside(e plan.Expr) bool {
	return !refers(e, m.own) && !isVolatile(e) && !hasSubquery(e)
}

// keyValue makes a value have the type of a key part, where its order is the same.
func keyValue(e plan.Expr, t sqltype.Type) (plan.Expr, bool) {
	have := e.Type()
	if have == t || fn.SameValue(have, t.Base()) {
		return e, true
	}
	if isInt(have) && isInt(t) {
		if c, ok := e.(*plan.Const); ok {
			return &plan.Const{Typ: t, Value: c.Value}, c.Value.Null || fitsInt(c.Value.Int, t)
		}
		return e, true // integers of all sizes have one encoding and one order
	}
	return nil, false
}

func isInt(t sqltype.Type) bool {
	return t.ID == sqltype.Int2 || t.ID == sqltype.Int4 || t.ID == sqltype.Int8
}

func fitsInt(v int64, t sqltype.Type) bool {
	switch t.ID {
	case sqltype.Int2:
		return v == int64(int16(v))
	case sqltype.Int4:
		return v == int64(int32(v))
	}
	return true
}

func (m *matcher) inSarg(e *plan.In, i int, col plan.Col, t sqltype.Type) (sarg, bool) {
	v, ok := e.Arg.(*plan.Var)
	if !ok || v.Col != col || e.Not || len(e.List) > maxRanges {
		return sarg{}, false
	}
	s := sarg{op: "in", cond: i}
	var values []*plan.Const
	for _, x := range e.List {
		c, ok := x.(*plan.Const)
		if !ok {
			v, ok := keyValue(x, t)
			if !ok || !m.outside(x) {
				return sarg{}, false
			}
			s.list = append(s.list, v) // the executor joins ranges that turn out equal
			continue
		}
		if c.Value.Null {
			continue
		}
		if isInt(c.Typ) && isInt(t) && !fitsInt(c.Value.Int, t) {
			continue // no row can have it
		}
		k, ok := keyValue(c, t)
		if !ok {
			return sarg{}, false
		}
		values = append(values, k.(*plan.Const))
	}
	sort.SliceStable(values, func(i, j int) bool { return sqltype.Compare(t, values[i].Value, values[j].Value) < 0 })
	for k, c := range values {
		if k == 0 || sqltype.Compare(t, values[k-1].Value, c.Value) != 0 {
			s.list = append(s.list, c)
		}
	}
	return s, len(s.list) > 0
}

// likeSargs turns LIKE 'abc%' into a range.
func likeSargs(pattern plan.Expr, i int, t sqltype.Type) []sarg {
	c, ok := pattern.(*plan.Const)
	if !ok || c.Value.Null || t.ID != sqltype.Text && t.ID != sqltype.Varchar {
		return nil
	}
	prefix := c.Value.Str
	if k := strings.IndexAny(prefix, `%_\`); k >= 0 {
		prefix = prefix[:k]
	} else {
		return []sarg{{op: "=", value: &plan.Const{Typ: t, Value: c.Value}, cond: i, lossy: true}}
	}
	if prefix == "" {
		return nil
	}
	out := []sarg{{op: ">=", value: &plan.Const{Typ: t, Value: sqltype.Datum{Str: prefix}}, cond: i, lossy: true}}
	end := []byte(prefix)
	if last := end[len(end)-1]; last < 0x7f { // the following character is one byte too
		end[len(end)-1]++
		out = append(out, sarg{op: "<", value: &plan.Const{Typ: t, Value: sqltype.Datum{Str: string(end)}}, cond: i, lossy: true})
	}
	return out
}
