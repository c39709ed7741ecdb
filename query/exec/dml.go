package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// writing is what INSERT, UPDATE and DELETE share: all of the input is read
// before anything is written, everything is written before the first row comes out, and
// what comes out is Returning over the rows that were written.
type writing struct {
	c         *Context
	in        Operator
	types     []sqltype.Type // of the input
	returning []evaluator    // nil for none
	returns   bool
	do        func(rows *vec.Batch) (result *vec.Batch, n int64, err error)

	ran    bool
	n      int64
	result *vec.Batch // what Returning is over
	at     int
	out    vec.Batch
}

func newWriting(c *Context, input plan.Node, returning []plan.Expr) (*writing, error) {
	if c.Tx == nil {
		return nil, dberr.SQL(dberr.StateInternal, "a write without a transaction")
	}
	exprs, err := compileAll(c, returning)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, input)
	if err != nil {
		return nil, err
	}
	return &writing{c: c, in: in, types: typesOf(input.Fields()), returning: exprs, returns: returning != nil}, nil
}

func (w *writing) Next(ctx context.Context) (*vec.Batch, error) {
	if !w.ran {
		if err := w.run(ctx); err != nil {
			return nil, err
		}
	}
	if !w.returns || w.result == nil || w.at >= w.result.Len {
		return nil, nil
	}
	b := rowsOf(w.result, w.at, min(w.at+vec.BatchSize, w.result.Len))
	w.at += b.Len
	cols, err := evalAll(w.returning, b, nil, w.out.Cols)
	w.out = vec.Batch{Len: b.Len, Cols: cols}
	return &w.out, err
}

func (w *writing) run(ctx context.Context) error {
	rows, err := collect(ctx, w.in, w.types)
	if err != nil {
		return err
	}
	w.ran = true
	sp := w.c.Tx.Savepoint()
	w.result, w.n, err = w.do(rows)
	if err != nil {
		w.n, w.result = 0, nil
		if rerr := w.c.Tx.RollbackTo(sp); rerr != nil {
			return rerr
		}
	}
	return err
}

func (w *writing) written() int64 { return w.n }

func (w *writing) Close() error {
	w.ran, w.result = true, nil
	return w.in.Close()
}

// inBatches calls f for rows [from, to) of a dense batch, a batch at a time.
func inBatches(c *Context, rows *vec.Batch, f func(b *vec.Batch) error) error {
	if rows.Len <= vec.BatchSize {
		if rows.Len == 0 {
			return nil
		}
		return f(rows)
	}
	for at := 0; at < rows.Len; at += vec.BatchSize {
		if err := canceled(c.Ctx); err != nil {
			return err
		}
		if err := f(rowsOf(rows, at, min(at+vec.BatchSize, rows.Len))); err != nil {
			return err
		}
	}
	return nil
}

func newInsert(c *Context, n *plan.Insert) (Operator, error) {
	w, err := newWriting(c, n.Input, n.Returning)
	if err != nil {
		return nil, err
	}
	w.do = func(rows *vec.Batch) (*vec.Batch, int64, error) {
		ch := newChanges(c)
		t, err := ch.writer(n.Table, &TableRules{Checks: n.Checks, IndexExprs: n.IndexExprs})
		if err != nil {
			return nil, 0, err
		}
		result := rows
		if n.Conflict != nil {
			u, err := newUpserter(t, n.Conflict)
			if err != nil {
				return nil, 0, err
			}
			if err := inBatches(c, rows, u.insert); err != nil {
				return nil, 0, err
			}
			result = u.result
		} else if err := inBatches(c, rows, func(b *vec.Batch) error { return t.insert(b, nil) }); err != nil {
			return nil, 0, err
		}
		return result, int64(result.Len), ch.finish()
	}
	return w, nil
}

func newDelete(c *Context, n *plan.Delete) (Operator, error) {
	w, err := newWriting(c, n.Input, n.Returning)
	if err != nil {
		return nil, err
	}
	k := len(n.Table.Columns)
	w.do = func(rows *vec.Batch) (*vec.Batch, int64, error) {
		rows = c.firstTargets(rows, k)
		ch := newChanges(c)
		t, err := ch.writer(n.Table, &TableRules{IndexExprs: n.IndexExprs})
		if err != nil {
			return nil, 0, err
		}
		err = inBatches(c, rows, func(b *vec.Batch) error {
			return t.remove(&vec.Batch{Len: b.Len, Cols: b.Cols[:k]}, b.Cols[k])
		})
		if err != nil {
			return nil, 0, err
		}
		result := &vec.Batch{Len: rows.Len, Cols: append(append([]*vec.Vector(nil), rows.Cols[:k]...), rows.Cols[k+1:]...)}
		return result, int64(rows.Len), ch.finish()
	}
	return w, nil
}

func newUpdate(c *Context, n *plan.Update) (Operator, error) {
	w, err := newWriting(c, n.Input, n.Returning)
	if err != nil {
		return nil, err
	}
	exprs := make([]plan.Expr, len(n.Sets))
	changed := make([]bool, len(n.Table.Columns))
	for i, s := range n.Sets {
		exprs[i] = s.Expr
		changed[s.Col] = true
	}
	sets, err := compileAll(c, exprs)
	if err != nil {
		return nil, err
	}
	k := len(n.Table.Columns)
	w.do = func(rows *vec.Batch) (*vec.Batch, int64, error) {
		rows = c.firstTargets(rows, k)
		ch := newChanges(c)
		t, err := ch.writer(n.Table, &TableRules{Checks: n.Checks, IndexExprs: n.IndexExprs})
		if err != nil {
			return nil, 0, err
		}
		old := &vec.Batch{Len: rows.Len, Cols: rows.Cols[:k]}
		fresh := &vec.Batch{Cols: append([]*vec.Vector(nil), rows.Cols[:k]...)}
		for _, s := range n.Sets {
			fresh.Cols[s.Col] = newOut(n.Table.Columns[s.Col].Type)
		}
		err = inBatches(c, rows, func(b *vec.Batch) error {
			for i, x := range sets {
				v, err := x.eval(b, nil)
				if err != nil {
					return err
				}
				fresh.Cols[n.Sets[i].Col].Append(v, b.Len, nil)
			}
			return nil
		})
		fresh.Len = rows.Len
		if err == nil && rows.Len > 0 {
			err = t.update(old, fresh, rows.Cols[k], changed)
		}
		if err != nil {
			return nil, 0, err
		}
		result := &vec.Batch{Len: rows.Len, Cols: append(append([]*vec.Vector(nil), fresh.Cols...), rows.Cols[k+1:]...)}
		return result, int64(rows.Len), ch.finish()
	}
	return w, nil
}

// firstTargets keeps the first of the rows that name the same target row, whose
// key is in column k: a row is changed once by a statement.
func (c *Context) firstTargets(rows *vec.Batch, k int) *vec.Batch {
	rows = onlyNewBy(newKeyTable([]sqltype.Type{sqltype.TBytea}), rows, rows.Cols[k:k+1])
	if c.changed == nil {
		return rows
	}
	sel := make([]int32, 0, rows.Len)
	for i, key := range rows.Cols[k].S {
		if _, twice := c.changed[key]; !twice {
			c.changed[key] = struct{}{}
			sel = append(sel, int32(i))
		}
	}
	left := vec.Batch{Len: rows.Len, Sel: sel, Cols: rows.Cols}
	return left.Clone()
}
