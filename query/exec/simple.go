package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// values gives computed rows.
type values struct {
	c   *Context
	n   *plan.Values
	at  int
	out *vec.Batch
}

func newValues(c *Context, n *plan.Values) (Operator, error) {
	return &values{c: c, n: n, out: vec.NewBatch(typesOf(n.Out))}, nil
}

func (v *values) Next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	n := min(len(v.n.Rows)-v.at, vec.BatchSize)
	if n == 0 {
		return nil, nil
	}
	for _, col := range v.out.Cols {
		col.Reset(n)
	}
	for r, row := range v.n.Rows[v.at : v.at+n] {
		for k, col := range v.out.Cols {
			d, err := evalOnce(v.c, row[k])
			if err != nil {
				return nil, err
			}
			col.Set(r, d)
		}
	}
	v.at += n
	v.out.Len, v.out.Sel = n, nil
	return v.out, nil
}

func (v *values) restart() bool { v.at = 0; return true }
func (v *values) Close() error  { return nil }

// filter keeps the rows for which a condition is true.
type filter struct {
	in   Operator
	cond condition
	out  vec.Batch
}

func newFilter(c *Context, n *plan.Filter) (Operator, error) {
	x, err := compile(c, n.Cond)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	return &filter{in: in, cond: condition{x: x}}, nil
}

func (f *filter) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		b, err := f.in.Next(ctx)
		if b == nil || err != nil {
			return nil, err
		}
		f.out = *b
		some, err := f.cond.apply(&f.out)
		if err != nil {
			return nil, err
		}
		if some {
			return &f.out, nil
		}
	}
}

func (f *filter) restart() bool { return restartInput(f.in) }
func (f *filter) Close() error  { return f.in.Close() }

// project computes columns.
type project struct {
	n     *plan.Project
	in    Operator
	exprs []evaluator
	out   vec.Batch
	cols  []*vec.Vector
	byRow []*vec.Vector // where values depend on what the row before and the column before have done
}

func newProject(c *Context, n *plan.Project) (Operator, error) {
	for _, s := range n.Sets {
		if s != nil {
			return newProjectSet(c, n)
		}
	}
	exprs, err := compileAll(c, n.Exprs)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	p := &project{n: n, in: in, exprs: exprs, cols: make([]*vec.Vector, len(exprs))}
	if sequenceCalls(n.Exprs) > 1 {
		for _, e := range n.Exprs {
			p.byRow = append(p.byRow, newOut(e.Type()))
		}
	}
	return p, nil
}

// sequenceCalls counts the calls that take or tell values of sequences: of several, each row must
// be done with before the next.
func sequenceCalls(list []plan.Expr) (n int) {
	for _, e := range list {
		plan.Walk(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.Call); ok {
				switch c.Func.Name {
				case "nextval", "currval", "lastval", "setval":
					n++
				}
			}
			return true
		})
	}
	return n
}

func (p *project) Next(ctx context.Context) (*vec.Batch, error) {
	b, err := p.in.Next(ctx)
	if b == nil || err != nil {
		return nil, err
	}
	if p.byRow != nil {
		return p.rows(b)
	}
	for i, x := range p.exprs {
		if p.cols[i], err = x.eval(b, b.Sel); err != nil {
			return nil, err
		}
	}
	p.out = vec.Batch{Len: b.Len, Sel: b.Sel, Cols: p.cols}
	return &p.out, nil
}

// rows computes one row after the other.
func (p *project) rows(b *vec.Batch) (*vec.Batch, error) {
	for _, v := range p.byRow {
		v.Reset(b.Len)
	}
	for _, i := range live(b) {
		sel := []int32{i}
		for k, x := range p.exprs {
			v, err := x.eval(b, sel)
			if err != nil {
				return nil, err
			}
			p.byRow[k].Set(int(i), v.Get(int(i)))
		}
	}
	p.out = vec.Batch{Len: b.Len, Sel: b.Sel, Cols: p.byRow}
	return &p.out, nil
}

func (p *project) restart() bool { return restartInput(p.in) }
func (p *project) Close() error  { return p.in.Close() }

// limit passes count rows after the first offset.
type limit struct {
	c     *Context
	n     *plan.Limit
	in    Operator
	open  bool
	skip  int64
	left  int64 // -1 for no bound
	ties  []evaluator
	last  []byte // key of the last row, where ties are passed
	key   []byte
	done  bool
	out   vec.Batch
	types []sqltype.Type
}

func newLimit(c *Context, n *plan.Limit) (Operator, error) {
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	l := &limit{c: c, n: n, in: in, types: exprTypes(n.Ties)}
	if n.WithTies {
		l.ties, err = compileAll(c, n.Ties)
	}
	return l, err
}

func limitValue(c *Context, e plan.Expr, none int64, state, word string) (int64, error) {
	if e == nil {
		return none, nil
	}
	d, err := evalOnce(c, e)
	if err != nil || d.Null {
		return none, err
	}
	if d.Int < 0 {
		return 0, dberr.SQL(state, "%s must not be negative", word)
	}
	return d.Int, nil
}

func (l *limit) start() (err error) {
	l.open = true
	if l.skip, err = limitValue(l.c, l.n.Offset, 0, dberr.StateInvalidOffset, "OFFSET"); err != nil {
		return err
	}
	l.left, err = limitValue(l.c, l.n.Count, -1, dberr.StateInvalidLimit, "LIMIT")
	return err
}

func (l *limit) Next(ctx context.Context) (*vec.Batch, error) {
	if !l.open {
		if err := l.start(); err != nil {
			return nil, err
		}
	}
	for {
		if l.done || l.left == 0 && l.last == nil {
			return nil, nil
		}
		b, err := l.in.Next(ctx)
		if b == nil || err != nil {
			l.done = l.done || err == nil
			return nil, err
		}
		rows := live(b)
		if int64(len(rows)) <= l.skip {
			l.skip -= int64(len(rows))
			continue
		}
		rows, l.skip = rows[l.skip:], 0
		take := len(rows)
		if l.left >= 0 && int64(take) > l.left {
			take = int(l.left)
		}
		l.left -= min(int64(take), max(l.left, 0))
		if l.left == 0 && l.ties != nil {
			if take, err = l.extend(b, rows, take); err != nil {
				return nil, err
			}
		}
		if take == 0 {
			l.done = true
			return nil, nil
		}
		l.out = *b
		if take != b.Rows() {
			l.out.Sel = rows[:take]
		}
		return &l.out, nil
	}
}

// extend adds to the first take rows those that tie with the last one.
func (l *limit) extend(b *vec.Batch, rows []int32, take int) (int, error) {
	keys, err := evalAll(l.ties, b, b.Sel, nil)
	if err != nil {
		return 0, err
	}
	encode := func(dst []byte, i int32) []byte {
		for k, v := range keys {
			dst = appendKeyAt(dst, l.types[k], v, int(i), false, false)
		}
		return dst
	}
	if take > 0 {
		l.last = encode(append(l.last[:0], 0), rows[take-1])
	}
	for take < len(rows) && l.last != nil {
		l.key = encode(append(l.key[:0], 0), rows[take])
		if string(l.key) != string(l.last) {
			l.done = true
			break
		}
		take++
	}
	return take, nil
}

func (l *limit) restart() bool {
	l.open, l.done, l.last = false, false, nil
	return restartInput(l.in)
}

func (l *limit) Close() error { return l.in.Close() }

// appendOp gives the rows of its inputs one after the other.
type appendOp struct {
	c    *Context
	n    *plan.Append
	cur  Operator
	next int
}

func newAppend(c *Context, n *plan.Append) (Operator, error) { return &appendOp{c: c, n: n}, nil }

func (a *appendOp) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		if a.cur == nil {
			if a.next == len(a.n.Inputs) {
				return nil, nil
			}
			op, err := Build(a.c, a.n.Inputs[a.next])
			if err != nil {
				return nil, err
			}
			a.cur = op
			a.next++
		}
		b, err := a.cur.Next(ctx)
		if b != nil || err != nil {
			return b, err
		}
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
}

func (a *appendOp) Close() error {
	if a.cur == nil {
		return nil
	}
	err := a.cur.Close()
	a.cur = nil
	return err
}
