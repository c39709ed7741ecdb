package exec

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// subResult is what an uncorrelated subquery gave; it is kept for the run.
type subResult struct {
	rows  *rowList    // for SubAny and SubAll
	set   *keyTable   // of rows without NULL, where a hash answers
	nulls bool        // some row of set's columns holds a NULL
	value *vec.Vector // of the other kinds
	held  reserved    // for set
}

// subPlan is a subquery in an expression.
type subPlan struct {
	c     *Context
	e     *plan.SubPlan
	args  []evaluator
	left  []evaluator
	test  evaluator
	op    Operator // of correlated ones: kept, to be run again
	in    []*vec.Vector
	lvals []*vec.Vector
	out   *vec.Vector
	nums  []int32
}

func compileSub(c *Context, e *plan.SubPlan) (evaluator, error) {
	args, err := compileAll(c, e.Args)
	if err != nil {
		return nil, err
	}
	left, err := compileAll(c, e.Left)
	if err != nil {
		return nil, err
	}
	if e.Test != nil && e.Test.Type().ID != sqltype.Bool {
		return nil, dberr.SQL(dberr.StateWrongObjectType, "op ANY/ALL (array) requires operator to yield boolean")
	}
	test, err := compileOpt(c, e.Test)
	return &subPlan{c: c, e: e, args: args, left: left, test: test, out: newOut(e.Typ)}, err
}

func (s *subPlan) eval(b *vec.Batch, sel []int32) (v *vec.Vector, err error) {
	rows := vec.Live(b.Len, sel)
	if len(rows) == 0 {
		s.out.Reset(b.Len)
		return s.out, nil
	}
	if s.lvals, err = evalAll(s.left, b, sel, s.lvals); err != nil {
		return nil, err
	}
	if len(s.e.Args) == 0 && !s.e.EachRow {
		return s.once(b, rows)
	}
	if s.in, err = evalAll(s.args, b, sel, s.in); err != nil {
		return nil, err
	}
	s.out.Reset(b.Len)
	for _, i := range rows {
		for k, reg := range s.e.Regs {
			*s.c.reg(reg) = s.in[k].Get(int(i))
		}
		if s.op, err = restart(s.c, s.op, s.e.Plan); err != nil {
			return nil, err
		}
		d, err := s.read(s.op, int(i))
		if err != nil {
			s.op.Close()
			return nil, err
		}
		s.out.Set(int(i), d)
	}
	err = s.op.Close()
	s.op = nil
	return s.out, err
}

// read makes the value of the subquery from its rows, for outer row i.
func (s *subPlan) read(op Operator, i int) (sqltype.Datum, error) {
	switch s.e.Kind {
	case plan.SubExists:
		b, err := op.Next(s.c.Ctx)
		return sqltype.Datum{Int: b2i(b != nil)}, err
	case plan.SubScalar:
		return s.scalar(op)
	case plan.SubArray:
		return s.array(op)
	}
	found, null := false, false
	for {
		b, err := op.Next(s.c.Ctx)
		if err != nil {
			return sqltype.NullDatum, err
		}
		if b == nil {
			break
		}
		if found, null, err = s.scanRows(b, i, null); found || err != nil {
			return s.verdict(true, null), err
		}
	}
	return s.verdict(false, null), nil
}

// verdict is ANY or ALL, once it is known whether a row decided it (true for ANY,
// false for ALL) and whether one was unknown.
func (s *subPlan) verdict(decided, null bool) sqltype.Datum {
	all := s.e.Kind == plan.SubAll
	switch {
	case decided:
		return sqltype.Datum{Int: b2i(!all)}
	case null:
		return sqltype.NullDatum
	}
	return sqltype.Datum{Int: b2i(all)}
}

// scanRows tests the rows of b against outer row i.
func (s *subPlan) scanRows(b *vec.Batch, i int, null bool) (decided, sawNull bool, err error) {
	cols := append([]*vec.Vector(nil), b.Cols...)
	for _, l := range s.lvals {
		cols = append(cols, vec.ConstVector(l.Type, l.Get(i)))
	}
	v, err := s.test.eval(&vec.Batch{Len: b.Len, Sel: b.Sel, Cols: cols}, b.Sel)
	if err != nil {
		return false, null, err
	}
	want := b2i(s.e.Kind == plan.SubAny)
	for _, r := range live(b) {
		switch {
		case v.IsNull(int(r)):
			null = true
		case v.I[v.At(int(r))] == want:
			return true, null, nil
		}
	}
	return false, null, nil
}

func errManyRows() error {
	return dberr.SQL(dberr.StateCardinalityViolation, "more than one row returned by a subquery used as an expression")
}

func (s *subPlan) scalar(op Operator) (sqltype.Datum, error) {
	d := sqltype.NullDatum
	for n := 0; ; {
		b, err := op.Next(s.c.Ctx)
		if err != nil {
			return d, err
		}
		if b == nil {
			return d, nil
		}
		if n += b.Rows(); n > 1 {
			return d, errManyRows()
		}
		d = b.Cols[0].Get(int(live(b)[0]))
	}
}

func (s *subPlan) array(op Operator) (sqltype.Datum, error) {
	var vals []sqltype.Datum
	nested := false
	for {
		b, err := op.Next(s.c.Ctx)
		if err != nil {
			return sqltype.NullDatum, err
		}
		if b == nil {
			break
		}
		nested = b.Cols[0].Type.ID == sqltype.Array
		for _, r := range live(b) {
			vals = append(vals, b.Cols[0].Get(int(r)))
		}
	}
	a, err := makeArray(s.e.Typ.ElemType(), vals, nested)
	return sqltype.Datum{Any: a}, err
}

// once answers from the kept result of an uncorrelated subquery.
func (s *subPlan) once(b *vec.Batch, rows []int32) (*vec.Vector, error) {
	r, err := s.result()
	if err != nil {
		return nil, err
	}
	if r.value != nil {
		return r.value, nil
	}
	s.out.Reset(b.Len)
	if r.set != nil {
		return s.out, s.lookup(r, b, rows)
	}
	for _, i := range rows {
		decided, null := false, false
		for reader := r.rows.reader(); !decided; {
			part, err := reader.next(s.c.Ctx)
			if err != nil {
				return nil, err
			}
			if part == nil {
				break
			}
			if decided, null, err = s.scanRows(part, int(i), null); err != nil {
				return nil, err
			}
		}
		s.out.Set(int(i), s.verdict(decided, null))
	}
	return s.out, nil
}

// result runs an uncorrelated subquery, the first time that it is needed.
func (s *subPlan) result() (*subResult, error) {
	if r := s.c.subs[s.e]; r != nil {
		return r, nil
	}
	op, err := Build(s.c, s.e.Plan)
	if err != nil {
		return nil, err
	}
	defer op.Close()
	r := &subResult{}
	switch s.e.Kind {
	case plan.SubAny, plan.SubAll:
		types := typesOf(s.e.Plan.Fields())
		r.rows = newRowList(s.c, types)
		s.c.keep(r)
		if err = collectInto(s.c.Ctx, r.rows, op); err != nil {
			return nil, err
		}
		if s.e.Hashable && s.e.Kind == plan.SubAny && sameKeys(types, s.e.Left) && r.rows.file == nil {
			r.hash(s.c, types[:len(s.e.Left)])
		}
	default:
		d, err := s.read(op, 0)
		if err != nil {
			return nil, err
		}
		r.value = vec.ConstVector(s.e.Typ, d)
	}
	if s.c.subs == nil {
		s.c.subs = map[*plan.SubPlan]*subResult{}
	}
	s.c.subs[s.e] = r
	return r, nil
}

// sameKeys reports whether the first columns may be looked up by values of left
// as they are.
func sameKeys(types []sqltype.Type, left []plan.Expr) bool {
	for i, l := range left {
		a, b := types[i], l.Type()
		if (a.ID != b.ID || a.Elem != b.Elem) && !(isInteger(a.ID) && isInteger(b.ID)) && !(isText(a.ID) && isText(b.ID)) {
			return false
		}
	}
	return len(left) > 0
}

func isInteger(id sqltype.ID) bool {
	return id == sqltype.Int2 || id == sqltype.Int4 || id == sqltype.Int8
}

func isText(id sqltype.ID) bool {
	return id == sqltype.Text || id == sqltype.Varchar || id == sqltype.Name
}

// hash puts the rows without a NULL in a table.
func (r *subResult) hash(c *Context, types []sqltype.Type) {
	r.set = newKeyTable(types)
	nums := make([]int32, chunkRows)
	for _, chunk := range r.rows.chunks {
		sel := make([]int32, 0, chunk.Len)
		for i := range chunk.Len {
			null := false
			for k := range types {
				null = null || chunk.Cols[k].IsNull(i)
			}
			if null {
				r.nulls = true
				continue
			}
			sel = append(sel, int32(i))
		}
		r.set.assign(chunk.Cols[:len(types)], chunk.Len, sel, nums)
	}
	r.held.c = c
	r.held.set(r.set.size())
}

// keep has r given back when the run ends.
func (c *Context) keep(r *subResult) { c.kept = append(c.kept, r) }

// dropKept gives back what subqueries have kept.
func (c *Context) dropKept() error {
	var err error
	for _, r := range c.kept {
		r.held.drop()
		err = firstError(err, r.rows.reset())
	}
	c.kept = nil
	return err
}

// lookup answers ANY by the hash table. Where NULLs are involved and more than
// one column is compared, rows are tested one by one.
func (s *subPlan) lookup(r *subResult, b *vec.Batch, rows []int32) error {
	if cap(s.nums) < b.Len {
		s.nums = make([]int32, b.Len)
	}
	nums := s.nums[:b.Len]
	r.set.lookup(s.lvals, b.Len, rows, nums)
	for _, i := range rows {
		null := false
		for _, l := range s.lvals {
			null = null || l.IsNull(int(i))
		}
		switch {
		case r.rows.len() == 0:
			s.out.I[i] = 0
		case !null && nums[i] >= 0:
			s.out.I[i] = 1
		case !null && !r.nulls:
			s.out.I[i] = 0
		case len(s.lvals) == 1:
			s.out.SetNull(int(i))
		default:
			maybe, err := s.maybe(r, int(i))
			if err != nil {
				return err
			}
			if maybe {
				s.out.SetNull(int(i))
			} else {
				s.out.I[i] = 0
			}
		}
	}
	return nil
}

// maybe reports whether outer row i may equal some row, taking NULL for any value.
func (s *subPlan) maybe(r *subResult, i int) (bool, error) {
	for _, chunk := range r.rows.chunks { // where there is a table, the rows are in memory
		if err := canceled(s.c.Ctx); err != nil {
			return false, err
		}
		for row := range chunk.Len {
			all := true
			for k, l := range s.lvals {
				col := chunk.Cols[k]
				if !l.IsNull(i) && !col.IsNull(row) && !sqltype.Equal(l.Type, l.Get(i), col.Get(row)) {
					all = false
					break
				}
			}
			if all {
				return true, nil
			}
		}
	}
	return false, nil
}
