package opt

import (
	"math"
	"slices"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

// nullFrac is the fraction of NULLs of a column, 0 for other expressions.
func (b *builder) nullFrac(e plan.Expr) float64 {
	if v, ok := unwrapVar(e); ok {
		if st := b.colStats[v].stats; st != nil {
			return st.NullFrac
		}
	}
	return 0
}

// columnsEqualFrac estimates the fraction of pairs of rows in which two columns are
// equal: exactly for the common values of both, for the rest by the numbers of distinct
// values.
func (b *builder) columnsEqualFrac(l, r plan.Col) float64 {
	ls, rs := b.colStats[l].stats, b.colStats[r].stats
	if ls == nil || rs == nil {
		return (1 - b.nullsOf(l)) * (1 - b.nullsOf(r)) / math.Max(1, math.Max(b.ndv(l), b.ndv(r)))
	}
	lfree, rfree := 1-ls.NullFrac, 1-rs.NullFrac
	ln, rn := ls.NDV, rs.NDV
	matched := 0.0
	if ls.Type.Base() == rs.Type.Base() && len(ls.MCV) > 0 && len(rs.MCV) > 0 {
		for _, m := range ls.MCV {
			for _, o := range rs.MCV {
				if sqltype.Equal(ls.Type, m.Value, o.Value) {
					matched += m.Frac * o.Frac
					lfree -= m.Frac
					rfree -= o.Frac
					ln--
					rn--
				}
			}
		}
	}
	return math.Min(1, matched+math.Max(0, lfree)*math.Max(0, rfree)*overlap(ls, rs)/math.Max(1, math.Max(ln, rn)))
}

// overlap is the part of the values of either column that lies where the other has
// values too.
func overlap(l, r *stats.Column) float64 {
	if l.Type.Base() != r.Type.Base() || len(l.Bounds) < 2 || len(r.Bounds) < 2 {
		return 1
	}
	part := func(c, o *stats.Column) float64 {
		lo := c.LessFrac(o.Bounds[0], false)
		hi := c.LessFrac(o.Bounds[len(o.Bounds)-1], true)
		return math.Max(0.01, math.Min(1, (hi-lo)/math.Max(1-c.NullFrac, 1e-9)))
	}
	return math.Max(part(l, r)*part(r, l), 1e-3)
}

func (b *builder) nullsOf(c plan.Col) float64 {
	if st := b.colStats[c].stats; st != nil {
		return st.NullFrac
	}
	return 0
}

// inFrac estimates IN: the sum over its values.
func (b *builder) inFrac(e *plan.In) float64 {
	f := 0.0
	for _, x := range e.List {
		f += b.eqFrac(e.Arg, x)
	}
	return math.Min(1-b.nullFrac(e.Arg), f)
}

// simple reports whether a condition has a form of which more is known than what a trial
// on some values tells: comparisons of columns, and what is made of others.
func simple(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.And, *plan.Or, *plan.Const, *plan.Var, *plan.IsDistinct:
		return true
	case *plan.Not:
		return simple(e.Arg)
	case *plan.IsNull:
		_, ok := e.Arg.(*plan.Var)
		return ok
	case *plan.In:
		_, ok := unwrapVar(e.Arg)
		return ok
	case *plan.Call:
		if !e.Op || len(e.Args) != 2 || flipped[e.Func.Name] == "" && e.Func.Name != "<>" {
			return false
		}
		_, l := unwrapVar(e.Args[0])
		_, r := unwrapVar(e.Args[1])
		_, lc := e.Args[0].(*plan.Const)
		_, rc := e.Args[1].(*plan.Const)
		return l && rc || lc && r || l && r
	}
	return true
}

// triedValues is how many values a condition is tried on at most, of each kind.
const triedValues = 40

// triedFrac estimates a condition over one column by trying it: on common values, which
// count as often as they come, and on bounds of the histogram, which stand for the rest.
func (b *builder) triedFrac(e plan.Expr) (float64, bool) {
	vars := plan.ColSet{}
	plan.VarsOf(e, vars)
	if len(vars) != 1 || hasSubquery(e) || isVolatile(e) {
		return 0, false
	}
	col := sortedCols(vars)[0]
	st := b.colStats[col].stats
	if st == nil || len(st.MCV)+len(st.Bounds) == 0 {
		return 0, false
	}
	holds := func(d sqltype.Datum) (yes, known bool) {
		x := b.foldExpr(substitute(e, map[plan.Col]plan.Expr{col: &plan.Const{Typ: b.q.Info[col].Type, Value: d}}))
		c, ok := x.(*plan.Const)
		return ok && !c.Value.Null && c.Value.Int != 0, ok
	}
	hit, seen := 0.0, 0.0
	for i, m := range st.MCV {
		if i == triedValues {
			break
		}
		yes, known := holds(m.Value)
		if !known {
			return 0, false
		}
		seen += m.Frac
		if yes {
			hit += m.Frac
		}
	}
	if yes, _ := holds(sqltype.NullDatum); yes {
		hit += st.NullFrac
	}
	rest := math.Max(0, 1-st.NullFrac-seen)
	if len(st.Bounds) == 0 {
		if seen > 0 {
			hit += rest * hit / seen
		}
		return math.Max(hit, 1e-5), true
	}
	n, yeses := 0, 0
	for i := 0; i < len(st.Bounds); i += max(1, len(st.Bounds)/triedValues) {
		yes, known := holds(st.Bounds[i])
		if !known {
			return 0, false
		}
		if n++; yes {
			yeses++
		}
	}
	part := float64(yeses) / float64(n)
	if yeses == 0 {
		part = 0.3 / float64(n)
		if c, ok := e.(*plan.Call); ok && len(c.Args) == 2 {
			if k, ok := c.Args[1].(*plan.Const); ok && k.Typ.Phys() == sqltype.PhysString {
				part = math.Min(part, patternFrac(k.Value.Str))
			}
		}
	}
	return math.Max(hit+rest*part, 1e-5), true
}

// prefixFrac estimates LIKE 'abc%' of a column as the range of texts that it is.
func (b *builder) prefixFrac(e plan.Expr) (float64, bool) {
	c, ok := e.(*plan.Call)
	if !ok || c.Func.Name != "~~" || len(c.Args) != 2 {
		return 0, false
	}
	v, isVar := c.Args[0].(*plan.Var)
	k, isConst := c.Args[1].(*plan.Const)
	if !isVar || !isConst || k.Value.Null {
		return 0, false
	}
	st := b.colStats[v.Col].stats
	ends := likeSargs(k, 0, b.q.Info[v.Col].Type)
	if st == nil || len(ends) != 2 || k.Value.Str != ends[0].value.(*plan.Const).Value.Str+"%" {
		return 0, false
	}
	least, past := ends[0].value.(*plan.Const).Value, ends[1].value.(*plan.Const).Value
	return math.Max(st.WithinFrac(least, past), math.Min(0.3/triedValues, patternFrac(k.Value.Str))*(1-st.NullFrac)), true
}

// likeFrac estimates LIKE and regular expressions of which no value could be tried, from
// the fixed characters of the pattern.
func (b *builder) likeFrac(e *plan.Call) float64 {
	k, isConst := e.Args[1].(*plan.Const)
	if !isConst || k.Value.Null {
		return stats.DefaultLikeFrac
	}
	return patternFrac(k.Value.Str)
}

// patternFrac guesses how many values a pattern selects: fewer the more it fixes.
func patternFrac(p string) float64 {
	f := 1.0
	fixed := 0
	for _, r := range p {
		switch r {
		case '%', '_':
			continue
		}
		if fixed++; fixed <= 6 {
			f *= 0.4
		}
	}
	return math.Max(f, 0.002)
}

// equalitiesFrac estimates several equalities of columns of one table, which may depend on
// each other: where their combinations have been counted, by their number. taken marks
// the conditions that it has accounted for.
func (b *builder) equalitiesFrac(conds []plan.Expr) (frac float64, taken map[int]bool) {
	if len(conds) < 2 {
		return 1, nil
	}
	type side struct {
		conds       []int
		cols, other []plan.Col
	}
	sides := map[*plan.LScan]*side{}
	var order []*plan.LScan
	add := func(i int, own, other plan.Col) {
		scan := b.colStats[own].scan
		if scan == nil {
			return
		}
		s := sides[scan]
		if s == nil {
			s = &side{}
			sides[scan] = s
			order = append(order, scan)
		}
		s.conds, s.cols, s.other = append(s.conds, i), append(s.cols, own), append(s.other, other)
	}
	for i, c := range conds {
		if l, r, call := columnsEqual(c); call != nil && b.colStats[l].scan != b.colStats[r].scan {
			add(i, l, r)
			add(i, r, l)
		}
	}
	frac = 1
	for _, scan := range order {
		s := sides[scan]
		n, counted := b.combined(s.cols)
		if len(s.conds) < 2 || !counted || slices.ContainsFunc(s.conds, func(i int) bool { return taken[i] }) {
			continue
		}
		if scan := b.colStats[s.other[0]].scan; scan != nil {
			same := true
			for _, c := range s.other {
				same = same && b.colStats[c].scan == scan
			}
			if m, ok := b.combined(s.other); same && ok {
				n = math.Max(n, m)
			}
		}
		if taken == nil {
			taken = map[int]bool{}
		}
		for _, i := range s.conds {
			taken[i] = true
		}
		frac /= math.Max(1, n)
	}
	return frac, taken
}

// fixedFrac estimates several columns of one table that are compared with values, given the
// product of what is known of each: together they select no less than one of the
// combinations that were counted.
func (b *builder) fixedFrac(cols []plan.Col, product float64) float64 {
	if len(cols) < 2 {
		return product
	}
	if n, counted := b.combined(cols); counted {
		return math.Max(product, 1/math.Max(1, n))
	}
	return product
}

// combined is the number of distinct combinations of columns of one table; counted tells
// a number that was found from a product.
func (b *builder) combined(cols []plan.Col) (n float64, counted bool) {
	st := b.colStats[cols[0]]
	var ids []catalog.ColumnID
	product := 1.0
	for _, c := range cols {
		if id := b.colStats[c].id; !slices.Contains(ids, id) {
			ids = append(ids, id)
			product *= b.ndv(c)
		}
	}
	rows := math.Max(st.rows, 1)
	if st.scan != nil {
		if uniqueWithin(st.scan.Table, ids) {
			return rows, true
		}
		if n, ok := st.table.GroupNDV(ids); ok {
			return math.Min(n, rows), true
		}
	}
	return math.Min(product, rows), len(ids) == 1
}

// uniqueWithin reports whether columns include a unique key of a table.
func uniqueWithin(t *catalog.Table, ids []catalog.ColumnID) bool {
	for i := range t.Indexes {
		x := &t.Indexes[i]
		if !x.Distinct() || x.Predicate != "" || x.Building {
			continue
		}
		all := true
		for _, k := range x.Columns {
			all = all && k.Column != 0 && slices.Contains(ids, k.Column)
		}
		if all {
			return true
		}
	}
	return false
}

// groups estimates the number of distinct values of keys among rows. Columns of one
// table have no more combinations than were counted of them, or than it has rows; those
// of a table whose key is among them, or equal to one that is, add nothing.
func (b *builder) groups(keys []plan.Expr, rows float64) float64 {
	if len(keys) == 0 {
		return 1
	}
	vars := plan.ColSet{}
	n := 1.0
	for _, k := range keys {
		if v, ok := unwrapVar(k); ok {
			vars.Add(v)
			continue
		}
		own := plan.ColSet{}
		plan.VarsOf(k, own)
		d := math.Max(1, rows/10)
		if f, ok := exprGroups(k); ok {
			d = f
		} else if len(own) > 0 {
			d = 1
			for v := range own {
				d *= b.ndv(v)
			}
		}
		n *= math.Min(d, math.Max(1, rows))
	}
	byScan := map[*plan.LScan][]plan.Col{}
	var scans []*plan.LScan
	for _, v := range sortedCols(vars) {
		st := b.colStats[v]
		if st.scan == nil {
			n *= b.ndv(v)
			continue
		}
		if byScan[st.scan] == nil {
			scans = append(scans, st.scan)
		}
		byScan[st.scan] = append(byScan[st.scan], v)
	}
	for _, s := range scans {
		if b.determined(s, byScan[s], vars) {
			continue
		}
		d, _ := b.combined(byScan[s])
		n *= d
	}
	return math.Max(1, math.Min(distinctAmong(n, rows), rows))
}

// distinctAmong is how many of n values are met in so many rows that are drawn at random.
func distinctAmong(n, rows float64) float64 {
	if n <= 1 || rows <= 0 || rows > 20*n {
		return n
	}
	return n * (1 - math.Exp(-rows/n))
}

// determined reports whether the key of a table equals columns of other tables that are
// grouped by as well.
func (b *builder) determined(s *plan.LScan, own []plan.Col, all plan.ColSet) bool {
	var ids []catalog.ColumnID
	for i, ord := range s.Ords {
		if ord < 0 {
			continue
		}
		same, ok := b.sameAs[s.ColIDs[i]]
		if !ok {
			continue
		}
		for v := range all {
			if st := b.colStats[v]; st.scan != s && st.scan != nil && b.sameAs[v] == same {
				ids = append(ids, s.Table.Columns[ord].ID)
			}
		}
	}
	return len(ids) > 0 && uniqueWithin(s.Table, ids)
}

// exprGroups knows how many values some expressions have, whatever their arguments.
func exprGroups(e plan.Expr) (float64, bool) {
	c, ok := e.(*plan.Call)
	if !ok {
		if e.Type().ID == sqltype.Bool {
			return 2, true
		}
		return 0, false
	}
	if c.Typ.ID == sqltype.Bool {
		return 2, true
	}
	if c.Func.Name != "extract" && c.Func.Name != "date_part" || len(c.Args) == 0 {
		return 0, false
	}
	for _, a := range c.Args {
		if k, ok := a.(*plan.Const); ok && !k.Value.Null {
			if n, ok := fieldValues[k.Value.Str]; ok {
				return n, true
			}
		}
	}
	return 0, false
}

var fieldValues = map[string]float64{"year": 10, "month": 12, "day": 31, "hour": 24, "minute": 60, "second": 60, "dow": 7, "isodow": 7,
	"quarter": 4, "week": 53, "doy": 366, "decade": 5, "century": 2}
