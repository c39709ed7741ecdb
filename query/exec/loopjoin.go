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
	store *rowList

	loaded bool
	spill  *loopSpill // where the right side is in a file
	ended  bool
	cur    *vec.Batch
	rows   []int32
	at     int // left row,
	chunk  int // and the chunk of the right side,
	next   int // and its row to go on with
	li, ri []int32
	tail   int // chunk of the right side that is looked at for being unmatched,
	row    int // and its row
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
	return &nestedLoop{c: c, n: n, left: left, right: right, pairs: p, store: newRowList(c, typesOf(n.Right.Fields()))}, nil
}

func (l *nestedLoop) load(ctx context.Context) error {
	if err := collectInto(ctx, l.store, l.right); err != nil {
		return err
	}
	if l.store.file != nil {
		l.spill = newLoopSpill(l)
	}
	return l.right.Close()
}

func (l *nestedLoop) Next(ctx context.Context) (*vec.Batch, error) {
	if !l.loaded {
		if err := l.load(ctx); err != nil {
			return nil, err
		}
		l.loaded = true
	}
	if l.spill != nil {
		return l.spill.next(ctx)
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
			l.cur, l.rows, l.at, l.chunk, l.next = b, live(b), 0, 0, 0
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
		out, err := l.step()
		if out != nil || err != nil {
			return out, err
		}
	}
	return l.unmatched(), nil
}

// step tries the next pairs: those of one chunk of the right side. Where it is the only
// one, left rows share a step.
func (l *nestedLoop) step() (*vec.Batch, error) {
	li, ri, from := l.li[:0], l.ri[:0], l.at
	right := &vec.Batch{Cols: l.pairs.none}
	if len(l.store.chunks) > 0 {
		right = l.store.chunks[l.chunk]
	}
	l.pairs.base = int32(l.chunk * chunkRows)
	more := false
	for l.at < len(l.rows) && !more {
		n := min(right.Len-l.next, vec.BatchSize-len(li))
		for k := range n {
			li, ri = append(li, l.rows[l.at]), append(ri, int32(l.next+k))
		}
		l.next += n
		switch {
		case l.next < right.Len:
			more = true
		case l.chunk+1 < len(l.store.chunks):
			l.chunk, l.next, more = l.chunk+1, 0, true
		default:
			l.at, l.next = l.at+1, 0
			if l.chunk > 0 { // the next left row begins with the first chunk
				l.chunk = 0
				l.li, l.ri = li, ri
				return l.pairs.chunk(l.cur, right, l.rows[from:l.at], li, ri, false)
			}
		}
	}
	l.li, l.ri = li, ri
	to := l.at
	if more {
		to++
	}
	return l.pairs.chunk(l.cur, right, l.rows[from:to], li, ri, more)
}

// unmatched gives the next right rows without a match.
func (l *nestedLoop) unmatched() *vec.Batch {
	if !keepsRight(l.n.Kind) {
		return nil
	}
	for l.tail < len(l.store.chunks) {
		l.pairs.base = int32(l.tail * chunkRows)
		out, at := l.pairs.unmatched(l.store.chunks[l.tail], l.row)
		l.row = at
		if out != nil {
			return out
		}
		l.tail, l.row = l.tail+1, 0
	}
	return nil
}

func (l *nestedLoop) Close() error {
	l.loaded, l.ended = true, true
	var err error
	if l.spill != nil {
		err = l.spill.close()
	}
	return firstError(err, l.store.reset(), l.left.Close(), l.right.Close())
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
