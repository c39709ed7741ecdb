package opt

import (
	"fmt"
	"math"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/stats"
)

// cand is a physical plan of a relation, with what it gives.
type cand struct {
	node    plan.Node // nil until finish where make is set
	make    func() (plan.Node, error)
	cols    []plan.Col
	rows    float64
	startup float64
	total   float64
	order   []ordering // by which the rows are ordered
	unique  bool       // at most one row
	// late is the cost of the columns of a scan that are read only of rows that a join above
	// may match; 0 of other plans.
	late float64
	asks *asks // nil where no join above can say which rows it wants
}

// ordering is one column of an order.
type ordering struct {
	col        plan.Col
	desc       bool
	nullsFirst bool
}

// need is what the operator above wants.
type need struct {
	order []ordering
	// rows is how many rows will be read, 0 for all: then startup cost counts more.
	rows float64
	// groups are columns by which rows are to be grouped: any order that begins with all
	// of them helps.
	groups plan.ColSet
}

// builder plans one statement.
type builder struct {
	q          *plan.Query
	source     stats.Source
	set        Settings
	keepScalar bool
	unnested   int
	regs       int
	outer      map[plan.Col]int // registers of columns from outside
	colStats   map[plan.Col]colStat
	ctes       map[int]*cteInfo
	used       plan.ColSet              // columns that somebody needs
	follows    map[*plan.Or][]plan.Expr // what was taken out of disjunctions over two sides of a join
	sameAs     map[plan.Col]plan.Col    // of columns that inner joins make equal: the first of them
	indexed    map[*plan.LScan]*indexed
	exprCols   map[string]plan.Col // columns that stand for indexed expressions, by plan.Key
}

// colStat is what is known of a column of a plan.
type colStat struct {
	ndv   float64
	rows  float64 // of the table
	stats *stats.Column
	// of a column of a table:
	scan  *plan.LScan
	table *stats.Table
	id    catalog.ColumnID
}

type cteInfo struct {
	rows float64
	cols []plan.Col
	free plan.ColSet // columns from outside, with which its rows change
}

func newBuilder(q *plan.Query, source stats.Source, set Settings) *builder {
	return &builder{
		q: q, source: source, set: set,
		outer: map[plan.Col]int{}, colStats: map[plan.Col]colStat{}, ctes: map[int]*cteInfo{}, used: plan.ColSet{},
		follows: map[*plan.Or][]plan.Expr{},
		sameAs:  map[plan.Col]plan.Col{},
		indexed: map[*plan.LScan]*indexed{}, exprCols: map[string]plan.Col{},
	}
}

func (b *builder) planRoot(r plan.Rel) (c cand, err error) {
	r = b.rewriteRel(r)
	b.collectUsed(r)
	for _, o := range b.q.Out {
		b.used.Add(o)
	}
	c, err = b.build(r, need{})
	if err != nil || b.q.Out == nil {
		return c, err
	}
	return b.only(c, b.q.Out), nil
}

// collectUsed notes all columns that an expression refers to, so that scans and
// projections need not make the others.
func (b *builder) collectUsed(r plan.Rel) {
	plan.WalkRel(r, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Var:
			b.used.Add(e.Col)
		case *plan.SubLink:
			for _, c := range e.Rel.Cols() {
				b.used.Add(c)
			}
		}
		return true
	})
	b.collectPositional(r)
	b.nameExprs(r)
}

// collectPositional notes the columns that operators read by position.
func (b *builder) collectPositional(r plan.Rel) {
	add := func(cols []plan.Col) {
		for _, c := range cols {
			b.used.Add(c)
		}
	}
	switch r := r.(type) {
	case *plan.LSetOp:
		add(r.Left.Cols())
		add(r.Right.Cols())
		add(r.ColIDs)
	case *plan.LDistinct:
		if r.On == nil {
			add(r.Input.Cols())
		}
	case *plan.LWith:
		add(r.Plan.Cols())
		if r.Step != nil {
			add(r.Step.Cols())
		}
	case *plan.LInsert:
		add(r.Input.Cols())
		add(r.ColIDs)
	case *plan.LUpdate:
		add(r.TableCols)
		add([]plan.Col{r.RowKey})
		add(r.ColIDs)
	case *plan.LDelete:
		add(r.TableCols)
		add([]plan.Col{r.RowKey})
		add(r.ColIDs)
	case *plan.LLock:
		add(r.Keys)
	case *plan.LValues:
		add(r.ColIDs)
	case *plan.LFunc:
		add(r.ColIDs)
	case *plan.LWithRef:
		add(r.ColIDs)
	}
	for _, in := range plan.Inputs(r) {
		b.collectPositional(in)
	}
	for _, e := range plan.RelExprs(r) {
		plan.Walk(e, func(x plan.Expr) bool {
			if s, ok := x.(*plan.SubLink); ok {
				b.collectPositional(s.Rel)
			}
			return true
		})
	}
}

// build plans a relation.
func (b *builder) build(r plan.Rel, n need) (cand, error) {
	switch r := r.(type) {
	case *plan.LScan:
		return b.buildScan(r, nil, n)
	case *plan.LFilter:
		return b.buildFilter(r, n)
	case *plan.LProject:
		return b.buildProject(r, n)
	case *plan.LJoin:
		return b.buildJoin(r, n)
	case *plan.LSort:
		return b.buildSort(r, n)
	case *plan.LLimit:
		return b.buildLimit(r, n)
	case *plan.LDistinct:
		return b.buildDistinct(r, n)
	case *plan.LAgg:
		return b.buildAgg(r, n)
	case *plan.LWindow:
		return b.buildWindow(r)
	case *plan.LValues:
		return b.buildValues(r)
	case *plan.LFunc:
		return b.buildFunc(r)
	case *plan.LVirtual:
		return b.buildVirtual(r, nil)
	case *plan.LSetOp:
		return b.buildSetOp(r)
	case *plan.LWith:
		return b.buildWith(r, n)
	case *plan.LWithRef:
		return b.buildWithRef(r)
	case *plan.LInsert:
		return b.buildInsert(r)
	case *plan.LUpdate:
		return b.buildUpdate(r)
	case *plan.LDelete:
		return b.buildDelete(r)
	case *plan.LLock:
		return b.buildLock(r, n)
	}
	return cand{}, fmt.Errorf("plan %T: no such operator", r)
}

func (b *builder) fields(cols []plan.Col) []plan.Field {
	out := make([]plan.Field, len(cols))
	for i, c := range cols {
		out[i] = plan.Field{Name: b.q.Info[c].Name, Type: b.q.Info[c].Type}
	}
	return out
}

func (b *builder) base(c *cand) plan.Base {
	w := 0.0
	for _, col := range c.cols {
		w += stats.WidthOf(b.q.Info[col].Type)
	}
	c.rows = math.Max(c.rows, 0)
	return plan.Base{Out: b.fields(c.cols), Est: plan.Est{Rows: math.Max(1, math.Round(c.rows)), Width: w, Startup: c.startup, Total: c.total}}
}

// only makes a plan give just these columns, in this order.
func (b *builder) only(c cand, cols []plan.Col) cand {
	if sameCols(c.cols, cols) {
		return c
	}
	exprs := make([]plan.Expr, len(cols))
	for i, col := range cols {
		exprs[i] = b.slot(c.cols, col)
	}
	out := c
	out.cols = cols
	out.total += c.rows * costExpr
	out.node = &plan.Project{Base: b.base(&out), Input: c.node, Exprs: exprs}
	out.asks = c.asked(out.node, cols, func(i int) plan.Col { return cols[i] })
	return out
}

func (b *builder) slot(cols []plan.Col, c plan.Col) plan.Expr {
	for i, x := range cols {
		if x == c {
			return &plan.Slot{Typ: b.q.Info[c].Type, Index: i, Name: b.q.Info[c].Name}
		}
	}
	if r, ok := b.outer[c]; ok {
		return &plan.Outer{Typ: b.q.Info[c].Type, Index: r, Name: b.q.Info[c].Name}
	}
	panic(fmt.Sprintf("opt: column %d (%s) is not in the input", c, b.q.Info[c].Name))
}

func (b *builder) newReg() int {
	b.regs++
	return b.regs - 1
}

// emit turns an expression over columns into one over the slots of cols.
func (b *builder) emit(e plan.Expr, cols []plan.Col) (plan.Expr, error) {
	var err error
	out := plan.Replace(e, func(x plan.Expr) (plan.Expr, bool) {
		switch x := x.(type) {
		case *plan.Var:
			return b.slot(cols, x.Col), true
		case *plan.SubLink:
			s, e := b.subPlan(x, cols)
			if e != nil && err == nil {
				err = e
			}
			return s, true
		}
		return x, false
	})
	return out, err
}

func (b *builder) emitAll(list []plan.Expr, cols []plan.Col) ([]plan.Expr, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]plan.Expr, len(list))
	for i, e := range list {
		if e == nil {
			continue
		}
		x, err := b.emit(e, cols)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (b *builder) emitCond(conds []plan.Expr, cols []plan.Col) (plan.Expr, error) {
	list, err := b.emitAll(conds, cols)
	return plan.Conjunction(list), err
}

func (b *builder) emitKeys(keys []plan.SortKey, cols []plan.Col) ([]plan.SortKey, error) {
	out := make([]plan.SortKey, len(keys))
	for i, k := range keys {
		x, err := b.emit(k.Expr, cols)
		if err != nil {
			return nil, err
		}
		out[i] = plan.SortKey{Expr: x, Desc: k.Desc, NullsFirst: k.NullsFirst}
	}
	return out, nil
}

// correlate gives registers to the columns that an inner plan reads from the row
// of cols, or from further out. undo takes them away again.
func (b *builder) correlate(free plan.ColSet, cols []plan.Col) (args []plan.Expr, regs []int, undo func()) {
	saved := map[plan.Col]int{}
	var added []plan.Col
	for _, c := range sortedCols(free) {
		here := false
		for _, x := range cols {
			here = here || x == c
		}
		old, outside := b.outer[c]
		if !here && !outside {
			continue
		}
		args = append(args, b.slot(cols, c))
		r := b.newReg()
		regs = append(regs, r)
		if outside {
			saved[c] = old
		} else {
			added = append(added, c)
		}
		b.outer[c] = r
	}
	return args, regs, func() {
		for _, c := range added {
			delete(b.outer, c)
		}
		for c, r := range saved {
			b.outer[c] = r
		}
	}
}

func sortedCols(s plan.ColSet) []plan.Col {
	out := make([]plan.Col, 0, len(s))
	for c := range s {
		out = append(out, c)
	}
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// subPlan plans a subquery that stays one.
func (b *builder) subPlan(s *plan.SubLink, cols []plan.Col) (plan.Expr, error) {
	left, err := b.emitAll(s.Left, cols)
	if err != nil {
		return nil, err
	}
	in := s.Rel
	if s.Kind == plan.SubExists {
		in = rowsOnly(in)
	}
	rel := b.rewriteRel(in)
	b.collectUsed(rel)
	if s.Kind != plan.SubExists {
		for _, c := range in.Cols() {
			b.used.Add(c)
		}
	}
	free := plan.FreeCols(rel)
	for id, info := range b.ctes { // what reads a query that changes with the row changes with it
		if total, _ := countRefs(rel, id); len(info.free) > 0 && total > 0 {
			for c := range info.free {
				free.Add(c)
			}
		}
	}
	args, regs, undo := b.correlate(free, cols)
	defer undo()
	n := need{}
	if s.Kind == plan.SubExists {
		n.rows = 1
	}
	c, err := b.build(rel, n)
	if err != nil {
		return nil, err
	}
	out := &plan.SubPlan{Typ: s.Typ, Kind: s.Kind, Args: args, Regs: regs, Left: left, EachRow: s.EachRow}
	if s.Kind != plan.SubExists {
		c = b.only(c, s.Rel.Cols())
	}
	out.Plan = c.node
	if s.Test != nil {
		all := append(append([]plan.Col(nil), s.Rel.Cols()...), s.LeftCols...)
		if out.Test, err = b.emit(s.Test, all); err != nil {
			return nil, err
		}
		out.Hashable = s.Equal && len(args) == 0
	}
	return out, nil
}
