package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// existsJoin is a semi or anti join on keys alone: it keeps the keys of the right side.
type existsJoin struct {
	n       *plan.HashJoin
	left    Operator
	right   Operator
	lkeys   *joinKeys
	rkeys   *joinKeys
	set     *setCore
	built   bool
	rows    int64 // of the right side
	hasNull bool  // one of its keys was NULL
	sel     []int32
	view    vec.Batch
}

func newExistsJoin(c *Context, n *plan.HashJoin) (Operator, error) {
	lkeys, err := newJoinKeys(c, n.LeftKeys, n.NullSafe)
	if err != nil {
		return nil, err
	}
	rkeys, err := newJoinKeys(c, n.RightKeys, n.NullSafe)
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
	j := &existsJoin{n: n, left: left, right: right, lkeys: lkeys, rkeys: rkeys}
	take := func(count *int64) bool { return *count == 0 }
	if n.Kind == plan.Semi {
		take = func(count *int64) bool { return *count > 0 }
	}
	j.set = newSetCore(c, typesOf(n.Left.Fields()), rkeys.types, j.keys, take)
	j.set.look = true
	return j, nil
}

func (j *existsJoin) keys(b *vec.Batch) ([]*vec.Vector, error) {
	err := j.lkeys.load(b)
	return j.lkeys.vals, err
}

func (j *existsJoin) Next(ctx context.Context) (*vec.Batch, error) {
	if !j.built {
		if err := j.build(ctx); err != nil {
			return nil, err
		}
		j.built = true
	}
	switch {
	case j.n.Kind == plan.Semi && j.rows == 0, j.n.Kind == plan.NullAnti && j.hasNull:
		return nil, nil
	}
	return j.set.next(ctx, leftRows{j})
}

// build reads the keys of the right side.
func (j *existsJoin) build(ctx context.Context) error {
	for {
		b, err := j.right.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			if !j.set.top.full {
				offerKeys(j.left, j.n, j.set.top.table)
			}
			return j.right.Close()
		}
		if err := j.rkeys.load(b); err != nil {
			return err
		}
		j.rows += int64(b.Rows())
		part := vec.Batch{Len: b.Len, Sel: b.Sel, Cols: j.rkeys.vals}
		if j.rkeys.nullable() {
			part.Sel = j.notNull(b, j.rkeys)
			j.hasNull = j.hasNull || len(part.Sel) < b.Rows()
		}
		if err := j.set.top.addRight(&part); err != nil {
			return err
		}
	}
}

// notNull is the live rows without a NULL that equals nothing.
func (j *existsJoin) notNull(b *vec.Batch, k *joinKeys) []int32 {
	if cap(j.sel) < b.Len {
		j.sel = make([]int32, 0, max(b.Len, vec.BatchSize))
	}
	sel := j.sel[:0]
	for _, i := range live(b) {
		if !k.null(i) {
			sel = append(sel, i)
		}
	}
	return sel
}

// leftRows is the left side as the set sees it: for NOT IN, without the rows of which
// nothing is known, unless the right side is empty.
type leftRows struct{ j *existsJoin }

func (l leftRows) Next(ctx context.Context) (*vec.Batch, error) {
	j := l.j
	for {
		b, err := j.left.Next(ctx)
		if b == nil || err != nil || j.n.Kind != plan.NullAnti || j.rows == 0 {
			return b, err
		}
		if err := j.lkeys.load(b); err != nil {
			return nil, err
		}
		if !j.lkeys.nullable() {
			return b, nil
		}
		if sel := j.notNull(b, j.lkeys); len(sel) > 0 {
			j.view = vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
			return &j.view, nil
		}
	}
}

func (l leftRows) Close() error { return nil }

func (j *existsJoin) Close() error {
	j.built = true
	return firstError(j.set.close(), j.left.Close(), j.right.Close())
}
