package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// distinct passes the first of equal rows, as they come.
type distinct struct {
	c     *Context
	n     *plan.Distinct
	in    Operator
	on    []evaluator // nil for all columns
	types []sqltype.Type
	seen  *keyTable
	held  reserved
	nums  []int32
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
	d := &distinct{c: c, n: n, in: in, on: on, types: types, seen: newKeyTable(types)}
	d.held.c = c
	return d, nil
}

func (d *distinct) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		b, err := d.in.Next(ctx)
		if b == nil || err != nil {
			return nil, err
		}
		d.vals = b.Cols
		if d.n.On != nil {
			if d.vals, err = evalAll(d.on, b, b.Sel, nil); err != nil {
				return nil, err
			}
		}
		if d.n.Sorted {
			d.changes(b)
		} else {
			d.fresh(b)
		}
		if len(d.sel) > 0 {
			d.out = vec.Batch{Len: b.Len, Sel: d.sel, Cols: b.Cols}
			return &d.out, nil
		}
	}
}

// fresh selects rows whose key has not been seen.
func (d *distinct) fresh(b *vec.Batch) {
	d.sel = d.sel[:0]
	if cap(d.nums) < b.Len {
		d.nums = make([]int32, max(b.Len, min(vec.BatchSize, 4*b.Len)))
	}
	next := int32(d.seen.len())
	d.seen.assign(d.vals, b.Len, b.Sel, d.nums[:b.Len])
	for _, i := range live(b) {
		if d.nums[i] == next {
			d.sel = append(d.sel, i)
			next++
		}
	}
	d.held.set(d.seen.size())
}

// changes selects rows whose key differs from the row before.
func (d *distinct) changes(b *vec.Batch) {
	d.sel = d.sel[:0]
	for _, i := range live(b) {
		d.key = append(d.key[:0], 0)
		d.key = d.seen.appendKey(d.key, d.vals, int(i))
		if string(d.key) != string(d.last) {
			d.sel = append(d.sel, i)
			d.last, d.key = d.key, d.last
		}
	}
}

func (d *distinct) Close() error {
	d.held.set(0)
	return d.in.Close()
}

// setOp is INTERSECT and EXCEPT, which count how often a row is on the right, and
// UNION, which removes duplicates.
type setOp struct {
	n     *plan.SetOp
	left  Operator
	right Operator
	types []sqltype.Type
	keys  *keyTable
	count []int64 // by key: how often the right has it, less what was used
	nums  []int32
	sel   []int32
	held  reserved
	built bool
	out   vec.Batch
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
	s := &setOp{n: n, left: left, right: right, types: types, keys: newKeyTable(types)}
	s.held.c = c
	return s, nil
}

func (s *setOp) assign(b *vec.Batch) []int32 {
	if cap(s.nums) < b.Len {
		s.nums = make([]int32, max(b.Len, vec.BatchSize))
	}
	nums := s.nums[:b.Len]
	s.keys.assign(b.Cols, b.Len, b.Sel, nums)
	for len(s.count) < s.keys.len() {
		s.count = append(s.count, 0)
	}
	s.held.set(s.keys.size() + int64(8*cap(s.count)))
	return nums
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
		nums := s.assign(b)
		for _, i := range live(b) {
			s.count[nums[i]]++
		}
	}
	for {
		b, err := s.left.Next(ctx)
		if b == nil || err != nil {
			return nil, err
		}
		nums := s.assign(b)
		s.sel = s.sel[:0]
		for _, i := range live(b) {
			if s.take(nums[i]) {
				s.sel = append(s.sel, i)
			}
		}
		if len(s.sel) > 0 {
			s.out = vec.Batch{Len: b.Len, Sel: s.sel, Cols: b.Cols}
			return &s.out, nil
		}
	}
}

// used marks a key whose row has been given.
const used = -1 << 62

// take decides on a left row.
func (s *setOp) take(g int32) bool {
	n := &s.count[g]
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
	s.held.set(0)
	return firstError(s.left.Close(), s.right.Close())
}
