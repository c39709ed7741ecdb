package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// distinct passes the first of equal rows, in the order in which they come.
type distinct struct {
	c     *Context
	n     *plan.Distinct
	in    Operator
	on    []evaluator // nil for all columns
	types []sqltype.Type
	set   *setCore // nil where equal rows come together
	vals  []*vec.Vector
	last  []byte // key of the last row, where equal rows come together
	key   []byte
	sel   []int32
	out   vec.Batch
}

func newDistinct(c *Context, n *plan.Distinct) (Operator, error) {
	on, err := compileAll(c, n.On)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	types := exprTypes(n.On)
	if n.On == nil {
		types = typesOf(n.Out)
	}
	d := &distinct{c: c, n: n, in: in, on: on, types: types}
	if !n.Sorted {
		d.set = newSetCore(c, typesOf(n.Input.Fields()), types, d.keys, firstOnly)
	}
	return d, nil
}

// firstOnly takes the first row of a key.
func firstOnly(count *int64) bool {
	first := *count == 0
	*count = used
	return first
}

func (d *distinct) keys(b *vec.Batch) ([]*vec.Vector, error) {
	if d.n.On == nil {
		return b.Cols, nil
	}
	var err error
	d.vals, err = evalAll(d.on, b, b.Sel, d.vals)
	return d.vals, err
}

func (d *distinct) Next(ctx context.Context) (*vec.Batch, error) {
	if d.set != nil {
		return d.set.next(ctx, d.in)
	}
	for {
		b, err := d.in.Next(ctx)
		if b == nil || err != nil {
			return nil, err
		}
		vals, err := d.keys(b)
		if err != nil {
			return nil, err
		}
		d.changes(b, vals)
		if len(d.sel) > 0 {
			d.out = vec.Batch{Len: b.Len, Sel: d.sel, Cols: b.Cols}
			return &d.out, nil
		}
	}
}

// changes selects rows whose key differs from the row before.
func (d *distinct) changes(b *vec.Batch, vals []*vec.Vector) {
	d.sel = d.sel[:0]
	for _, i := range live(b) {
		d.key = append(d.key[:0], 0)
		for k, v := range vals {
			d.key = appendKeyAt(d.key, d.types[k], v, int(i), false, false)
		}
		if string(d.key) != string(d.last) {
			d.sel = append(d.sel, i)
			d.last, d.key = d.key, d.last
		}
	}
}

func (d *distinct) Close() error {
	var err error
	if d.set != nil {
		err = d.set.close()
	}
	return firstError(err, d.in.Close())
}

// setOp is INTERSECT and EXCEPT, which count how often a row is on the right, and
// UNION, which removes duplicates.
type setOp struct {
	n     *plan.SetOp
	left  Operator
	right Operator
	set   *setCore
	built bool
}

func newSetOp(c *Context, n *plan.SetOp) (Operator, error) {
	if n.Kind == plan.Union {
		both := &plan.Append{Base: n.Base, Inputs: []plan.Node{n.Left, n.Right}}
		if n.All {
			return newAppend(c, both)
		}
		return newDistinct(c, &plan.Distinct{Base: n.Base, Input: both})
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
	types := typesOf(n.Out)
	s := &setOp{n: n, left: left, right: right}
	s.set = newSetCore(c, types, types, func(b *vec.Batch) ([]*vec.Vector, error) { return b.Cols, nil }, s.take)
	return s, nil
}

func (s *setOp) Next(ctx context.Context) (*vec.Batch, error) {
	for !s.built {
		b, err := s.right.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			s.built = true
			break
		}
		if err := s.set.top.addRight(b); err != nil {
			return nil, err
		}
	}
	return s.set.next(ctx, s.left)
}

// used marks a key whose row has been given.
const used = -1 << 62

// take decides on a left row.
func (s *setOp) take(n *int64) bool {
	switch {
	case s.n.All && s.n.Kind == plan.Intersect:
		*n--
		return *n >= 0
	case s.n.All:
		*n--
		return *n < 0
	case *n == used:
		return false
	}
	on := *n > 0
	*n = used
	return on == (s.n.Kind == plan.Intersect)
}

func (s *setOp) Close() error {
	s.built = true
	return firstError(s.set.close(), s.left.Close(), s.right.Close())
}
