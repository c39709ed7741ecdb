package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// nestedLoop tries every pair of rows. The right side is read once and kept.
type nestedLoop struct {
	c     *Context
	n     *plan.NestedLoop
	left  Operator
	right Operator
	pairs *pairs
	store *vec.Batch
	held  reserved

	loaded bool
	ended  bool
	cur    *vec.Batch
	rows   []int32
	at     int // left row,
	next   int // and the right row to go on with
	li, ri []int32
	tail   int
}

func newNestedLoop(c *Context, n *plan.NestedLoop) (Operator, error) {
	p, err := newPairs(c, n.Kind, n.Left.Fields(), n.Right.Fields(), n.Cond)
	if err != nil {
		return nil, err
	}
	left, err := Build(c, n.Left)
	if err != nil {
		return nil, err
	}
	right, err := Build(c, n.Right)
	if err != nil {
		left.Close()
		return nil, err
	}
	l := &nestedLoop{c: c, n: n, left: left, right: right, pairs: p, store: vec.NewBatch(typesOf(n.Right.Fields()))}
	l.held.c = c
	return l, nil
}

func (l *nestedLoop) load(ctx context.Context) error {
	for {
		b, err := l.right.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			return l.right.Close()
		}
		l.store.Append(b)
		l.held.add(rowBytes(b))
	}
}

func (l *nestedLoop) Next(ctx context.Context) (*vec.Batch, error) {
	if !l.loaded {
		if err := l.load(ctx); err != nil {
			return nil, err
		}
		l.loaded = true
	}
	for !l.ended {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if l.cur == nil {
			b, err := l.left.Next(ctx)
			if err != nil {
				return nil, err
			}
			if b == nil {
				l.ended = true
				break
			}
			l.cur, l.rows, l.at, l.next = b, live(b), 0, 0
			l.pairs.begin()
		}
		if l.at == len(l.rows) {
			out := l.pairs.end(l.cur)
			l.cur = nil
			if out != nil {
				return out, nil
			}
			continue
		}
		out, err := l.chunk()
		if out != nil || err != nil {
			return out, err
		}
	}
	if !keepsRight(l.n.Kind) {
		return nil, nil
	}
	var out *vec.Batch
	out, l.tail = l.pairs.unmatched(l.store, l.tail)
	return out, nil
}

func (l *nestedLoop) chunk() (*vec.Batch, error) {
	li, ri, from := l.li[:0], l.ri[:0], l.at
	more := false
	for l.at < len(l.rows) && !more {
		n := min(l.store.Len-l.next, vec.BatchSize-len(li))
		for k := range n {
			li, ri = append(li, l.rows[l.at]), append(ri, int32(l.next+k))
		}
		l.next += n
		if more = l.next < l.store.Len; !more {
			l.at, l.next = l.at+1, 0
		}
	}
	l.li, l.ri = li, ri
	to := l.at
	if more {
		to++
	}
	return l.pairs.chunk(l.cur, l.store, l.rows[from:to], li, ri, more)
}

func (l *nestedLoop) Close() error {
	l.held.set(0)
	l.loaded, l.ended, l.store = true, true, &vec.Batch{}
	return firstError(l.left.Close(), l.right.Close())
}

// apply runs the right side anew for each left row, whose values are in registers.
type apply struct {
	c     *Context
	n     *plan.Apply
	left  Operator
	right Operator // nil before the first row
	args  []evaluator
	pairs *pairs
	store *vec.Batch // right rows of the current chunk

	ended  bool
	cur    *vec.Batch
	rows   []int32
	vals   []*vec.Vector
	at     int
	inner  bool // the right side of row at is being read
	li, ri []int32
}

func newApply(c *Context, n *plan.Apply) (Operator, error) {
	p, err := newPairs(c, n.Kind, n.Left.Fields(), n.Right.Fields(), n.Cond)
	if err != nil {
		return nil, err
	}
	args, err := compileAll(c, n.Args)
	if err != nil {
		return nil, err
	}
	left, err := Build(c, n.Left)
	if err != nil {
		return nil, err
	}
	return &apply{c: c, n: n, left: left, args: args, pairs: p, store: vec.NewBatch(typesOf(n.Right.Fields()))}, nil
}

func (a *apply) Next(ctx context.Context) (*vec.Batch, error) {
	for !a.ended {
		if a.cur == nil {
			b, err := a.left.Next(ctx)
			if err != nil {
				return nil, err
			}
			if b == nil {
				a.ended = true
				return nil, nil
			}
			a.cur, a.rows, a.at = b, live(b), 0
			a.pairs.begin()
			if a.vals, err = evalAll(a.args, b, b.Sel, a.vals); err != nil {
				return nil, err
			}
		}
		if a.at == len(a.rows) {
			out := a.pairs.end(a.cur)
			a.cur = nil
			if out != nil {
				return out, nil
			}
			continue
		}
		out, err := a.chunk(ctx)
		if out != nil || err != nil {
			return out, err
		}
	}
	return nil, nil
}

// open runs the right side for row at.
func (a *apply) open() (err error) {
	row := int(a.rows[a.at])
	for k, reg := range a.n.Regs {
		*a.c.reg(reg) = a.vals[k].Get(row)
	}
	a.right, err = restart(a.c, a.right, a.n.Right)
	a.inner = true
	return err
}

func (a *apply) chunk(ctx context.Context) (*vec.Batch, error) {
	a.store.Reset()
	li, ri, from := a.li[:0], a.ri[:0], a.at
	for a.at < len(a.rows) && len(li) < vec.BatchSize {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if !a.inner {
			if err := a.open(); err != nil {
				return nil, err
			}
		}
		b, err := a.right.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			a.at, a.inner = a.at+1, false
			continue
		}
		n := b.Rows()
		if one := leftOnly(a.n.Kind) && a.n.Cond == nil; one {
			n = 1 // a row is there, no matter which
			b = &vec.Batch{Len: b.Len, Sel: live(b)[:1], Cols: b.Cols}
		}
		for k := range n {
			li, ri = append(li, a.rows[a.at]), append(ri, int32(a.store.Len+k))
		}
		a.store.Append(b)
		if leftOnly(a.n.Kind) && a.n.Cond == nil {
			a.at, a.inner = a.at+1, false
		}
	}
	a.li, a.ri = li, ri
	to := a.at
	if a.inner {
		to++
	}
	return a.pairs.chunk(a.cur, a.store, a.rows[from:to], li, ri, a.inner)
}

func (a *apply) restart() bool {
	a.ended, a.cur, a.inner = false, nil, false
	return restartInput(a.left)
}

func (a *apply) Close() error {
	a.ended, a.cur = true, nil
	var err error
	if a.right != nil {
		err = a.right.Close()
	}
	return firstError(err, a.left.Close())
}

// collect keeps the whole output of an operator.
func collect(ctx context.Context, op Operator, types []sqltype.Type) (*vec.Batch, error) {
	out := vec.NewBatch(types)
	for {
		b, err := op.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			return out, nil
		}
		out.Append(b)
	}
}
