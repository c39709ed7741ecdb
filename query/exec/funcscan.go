package exec

import (
	"context"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// setCall is a call of a set-returning function, or a value that is one row.
type setCall struct {
	c     *Context
	set   *fn.SetFunc
	args  []evaluator
	given []*vec.Vector // the arguments of a batch
	vals  []sqltype.Datum
	it    fn.SetIter    // of the current row; nil once it has ended
	rows  []*vec.Vector // what the iterator gave, a vector for each column
	n     int           // rows that it gave
}

func newSetCall(c *Context, n *plan.SetCall, rows []*vec.Vector) (*setCall, error) {
	compiled, err := compileAll(c, n.Args)
	return &setCall{c: c, set: n.Set, args: compiled, vals: make([]sqltype.Datum, len(n.Args)), rows: rows}, err
}

// load evaluates the arguments for a batch.
func (s *setCall) load(b *vec.Batch) (err error) {
	s.given, err = evalAll(s.args, b, b.Sel, s.given)
	return err
}

// open calls the function with row i of the arguments.
func (s *setCall) open(i int) (err error) {
	for k, v := range s.given {
		s.vals[k] = v.Get(i)
	}
	if s.set == nil {
		s.it = &oneValue{d: s.vals[0]}
		return nil
	}
	s.it, err = s.set.Open(s.c.Env, s.vals)
	return err
}

// next fills rows, whose vectors are empty, with up to want rows.
func (s *setCall) next(want int) error {
	s.n = 0
	for s.it != nil && s.n < want {
		n, err := s.it.Next(s.rows, want-s.n)
		if err != nil {
			return err
		}
		if n == 0 {
			s.it = nil
		}
		s.n += n
	}
	return nil
}

// nextTogether takes rows of several calls side by side; those that have fewer are filled
// up with NULLs.
func nextTogether(calls []*setCall, want int) (rows int, err error) {
	for _, s := range calls {
		if err := s.next(want); err != nil {
			return 0, err
		}
		rows = max(rows, s.n)
	}
	for _, s := range calls {
		for range rows - s.n {
			for _, v := range s.rows {
				v.AppendDatum(sqltype.NullDatum)
			}
		}
	}
	return rows, nil
}

// oneValue is the row of a scalar function.
type oneValue struct {
	d    sqltype.Datum
	done bool
}

func (o *oneValue) Next(out []*vec.Vector, _ int) (int, error) {
	if o.done {
		return 0, nil
	}
	o.done = true
	out[0].AppendDatum(o.d)
	return 1, nil
}

// funcScan gives the rows of functions side by side.
type funcScan struct {
	n     *plan.FuncScan
	calls []*setCall
	rows  int64
	open  bool
	done  bool
	out   *vec.Batch
}

func newFuncScan(c *Context, n *plan.FuncScan) (Operator, error) {
	f := &funcScan{n: n, out: newColumns(n.Out)}
	at := 0
	for _, s := range n.Calls {
		call, err := newSetCall(c, s, f.out.Cols[at:at+s.Width()])
		if err != nil {
			return nil, err
		}
		f.calls = append(f.calls, call)
		at += s.Width()
	}
	return f, nil
}

func (f *funcScan) Next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil || f.done {
		return nil, err
	}
	if !f.open {
		for _, s := range f.calls {
			if err := s.load(oneRow); err != nil {
				return nil, err
			}
			if err := s.open(0); err != nil {
				return nil, err
			}
		}
		f.open = true
	}
	f.out.Reset()
	n, err := nextTogether(f.calls, vec.BatchSize)
	if n == 0 || err != nil {
		f.done = true
		return nil, err
	}
	if f.n.Ordinality {
		ord := f.out.Cols[len(f.out.Cols)-1]
		for range n {
			f.rows++
			ord.I = append(ord.I, f.rows)
		}
	}
	f.out.Len = n
	return f.out, nil
}

func (f *funcScan) restart() bool {
	f.rows, f.open, f.done = 0, false, false
	return true
}

func (f *funcScan) Close() error {
	f.done = true
	return nil
}

// projectSet computes columns of which some are set-returning: each input row
// gives as many rows as the longest set, with NULLs where others have ended.
type projectSet struct {
	in    Operator
	exprs []evaluator // nil where sets has a call
	sets  []*setCall
	calls []*setCall // those of sets
	take  []int      // which column of a call, or plan.WholeRow
	cur   *vec.Batch
	rows  []int32
	at    int
	vals  []*vec.Vector // of exprs
	open  bool
	out   *vec.Batch
}

func newProjectSet(c *Context, n *plan.Project) (Operator, error) {
	k := len(n.Out)
	p := &projectSet{
		exprs: make([]evaluator, k), sets: make([]*setCall, k), take: make([]int, k), vals: make([]*vec.Vector, k), out: newColumns(n.Out),
	}
	for i := range n.Out {
		var err error
		if s := n.Sets[i]; s != nil {
			rows := make([]*vec.Vector, s.Width())
			for col := range rows {
				rows[col] = newOut(s.Set.Cols[col].Type)
			}
			p.sets[i], err = newSetCall(c, s, rows)
			p.calls, p.take[i] = append(p.calls, p.sets[i]), s.Column
		} else {
			p.exprs[i], err = compile(c, n.Exprs[i])
		}
		if err != nil {
			return nil, err
		}
	}
	in, err := Build(c, n.Input)
	p.in = in
	return p, err
}

func (p *projectSet) Next(ctx context.Context) (*vec.Batch, error) {
	p.out.Reset()
	for p.out.Len < vec.BatchSize {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if p.cur == nil {
			if p.out.Len > 0 {
				break
			}
			more, err := p.load(ctx)
			if !more || err != nil {
				return nil, err
			}
		}
		if p.at == len(p.rows) {
			p.cur = nil
			continue
		}
		if err := p.row(); err != nil {
			return nil, err
		}
	}
	if p.out.Len == 0 {
		return nil, nil
	}
	return p.out, nil
}

func (p *projectSet) load(ctx context.Context) (more bool, err error) {
	b, err := p.in.Next(ctx)
	if b == nil || err != nil {
		return false, err
	}
	p.cur, p.rows, p.at = b, live(b), 0
	for i := range p.exprs {
		if p.sets[i] != nil {
			err = p.sets[i].load(b)
		} else {
			p.vals[i], err = p.exprs[i].eval(b, b.Sel)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// row adds the next rows that the current input row gives.
func (p *projectSet) row() (err error) {
	i := int(p.rows[p.at])
	for _, s := range p.calls {
		if !p.open {
			if err := s.open(i); err != nil {
				return err
			}
		}
		for _, v := range s.rows {
			v.Reset(0)
		}
	}
	p.open = true
	want := vec.BatchSize - p.out.Len
	n, err := nextTogether(p.calls, want)
	if err != nil {
		return err
	}
	for k, col := range p.out.Cols {
		switch s := p.sets[k]; {
		case s == nil:
			for range n {
				col.AppendRow(p.vals[k], i)
			}
		case p.take[k] == plan.WholeRow:
			appendRecords(col, s.rows, s.n)
			for range n - s.n {
				col.AppendDatum(sqltype.NullDatum)
			}
		default:
			col.Append(s.rows[p.take[k]], n, nil)
		}
	}
	p.out.Len += n
	if n < want {
		p.at, p.open = p.at+1, false
	}
	return nil
}

// appendRecords adds n rows of columns as records.
func appendRecords(out *vec.Vector, cols []*vec.Vector, n int) {
	types := make([]sqltype.Type, len(cols))
	for k, c := range cols {
		types[k] = c.Type
	}
	for i := range n {
		r := &sqltype.RecordValue{Types: types, Vals: make([]sqltype.Datum, len(cols))}
		for k, c := range cols {
			r.Vals[k] = c.Get(i)
		}
		out.AppendDatum(sqltype.Datum{Any: r})
	}
}

func (p *projectSet) Close() error {
	p.cur = nil
	return p.in.Close()
}
