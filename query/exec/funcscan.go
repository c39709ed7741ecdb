package exec

import (
	"context"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// setCall is a call of a set-returning function, or of a scalar one that then
// gives one row.
type setCall struct {
	c      *Context
	args   []evaluator
	set    *fn.SetFunc
	scalar *fn.Func
	vals   []sqltype.Datum
}

func newSetCall(c *Context, name string, args []plan.Expr) (*setCall, error) {
	compiled, err := compileAll(c, args)
	if err != nil {
		return nil, err
	}
	s := &setCall{c: c, args: compiled, vals: make([]sqltype.Datum, len(args))}
	if fn.IsSet(name) {
		s.set, _, err = fn.ResolveSet(name, exprTypes(args))
		return s, err
	}
	s.scalar, _, err = fn.Resolve(name, exprTypes(args))
	return s, err
}

// load evaluates the arguments for a batch.
func (s *setCall) load(b *vec.Batch, into []*vec.Vector) ([]*vec.Vector, error) {
	return evalAll(s.args, b, b.Sel, into)
}

// open calls the function with row i of the arguments.
func (s *setCall) open(vals []*vec.Vector, i int) (fn.SetIter, error) {
	for k, v := range vals {
		s.vals[k] = v.Get(i)
	}
	if s.set != nil {
		return s.set.Open(s.c.Env, s.vals)
	}
	d, err := s.scalar.CallRow(s.c.Env, s.vals...)
	return &oneValue{d: d}, err
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
	if r, ok := o.d.Any.(*sqltype.RecordValue); ok && len(out) > 1 {
		for i, v := range out {
			v.AppendDatum(r.Vals[i])
		}
		return 1, nil
	}
	out[0].AppendDatum(o.d)
	return 1, nil
}

// funcScan gives the rows of a function.
type funcScan struct {
	n    *plan.FuncScan
	call *setCall
	it   fn.SetIter
	rows int64
	done bool
	out  *vec.Batch
}

func newFuncScan(c *Context, n *plan.FuncScan) (Operator, error) {
	call, err := newSetCall(c, n.Name, n.Args)
	if err != nil {
		return nil, err
	}
	return &funcScan{n: n, call: call, out: newColumns(n.Out)}, nil
}

func (f *funcScan) Next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil || f.done {
		return nil, err
	}
	if f.it == nil {
		vals, err := f.call.load(oneRow, nil)
		if err != nil {
			return nil, err
		}
		if f.it, err = f.call.open(vals, 0); err != nil {
			return nil, err
		}
	}
	f.out.Reset()
	cols := f.out.Cols
	if f.n.Ordinality {
		cols = cols[:len(cols)-1]
	}
	n, err := f.it.Next(cols, vec.BatchSize)
	if n == 0 || err != nil {
		f.done = true
		return nil, err
	}
	if f.n.Ordinality {
		ord := f.out.Cols[len(cols)]
		for range n {
			f.rows++
			ord.I = append(ord.I, f.rows)
		}
	}
	f.out.Len = n
	return f.out, nil
}

func (f *funcScan) restart() bool {
	f.it, f.rows, f.done = nil, 0, false
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
	cur   *vec.Batch
	rows  []int32
	at    int
	vals  []*vec.Vector   // of exprs
	args  [][]*vec.Vector // of sets
	its   []fn.SetIter    // of the current row; nil once ended
	open  bool
	part  []*vec.Vector // what an iterator gave
	out   *vec.Batch
}

func newProjectSet(c *Context, n *plan.Project) (Operator, error) {
	k := len(n.Out)
	p := &projectSet{
		exprs: make([]evaluator, k), sets: make([]*setCall, k), vals: make([]*vec.Vector, k),
		args: make([][]*vec.Vector, k), its: make([]fn.SetIter, k), part: make([]*vec.Vector, k), out: newColumns(n.Out),
	}
	for i := range n.Out {
		var err error
		if i < len(n.Sets) && n.Sets[i] != nil {
			p.sets[i], err = newSetCall(c, n.Sets[i].Name, n.Sets[i].Args)
			p.part[i] = newOut(n.Out[i].Type)
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
			p.args[i], err = p.sets[i].load(b, p.args[i])
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
	if !p.open {
		for k, s := range p.sets {
			if s == nil {
				continue
			}
			if p.its[k], err = s.open(p.args[k], i); err != nil {
				return err
			}
		}
		p.open = true
	}
	want, most := vec.BatchSize-p.out.Len, 0
	for k, it := range p.its {
		if p.sets[k] == nil {
			continue
		}
		p.part[k].Reset(0)
		for it != nil && p.part[k].Len() < want {
			n, err := it.Next([]*vec.Vector{p.part[k]}, want-p.part[k].Len())
			if err != nil {
				return err
			}
			if n == 0 {
				it, p.its[k] = nil, nil
			}
		}
		most = max(most, p.part[k].Len())
	}
	for k, col := range p.out.Cols {
		if p.sets[k] == nil {
			for range most {
				col.AppendRow(p.vals[k], i)
			}
			continue
		}
		col.Append(p.part[k], p.part[k].Len(), nil)
		for n := p.part[k].Len(); n < most; n++ {
			col.AppendDatum(sqltype.NullDatum)
		}
	}
	p.out.Len += most
	if most < want {
		p.at, p.open = p.at+1, false
	}
	return nil
}

func (p *projectSet) Close() error {
	p.cur = nil
	return p.in.Close()
}
