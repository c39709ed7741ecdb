package opt

import (
	"slices"

	"github.com/weftdb/weft/query/plan"
)

func (b *builder) buildInsert(r *plan.LInsert) (cand, error) {
	in, err := b.build(r.Input, need{})
	if err != nil {
		return in, err
	}
	in = b.only(in, r.Input.Cols())
	n := &plan.Insert{Table: r.Table, Input: in.node, Checks: r.Checks, IndexExprs: r.Parts}
	if r.Conflict != nil {
		k := &plan.OnConflict{Index: r.Conflict.Index, Nothing: r.Conflict.Nothing, Replace: r.Conflict.Replace}
		both := concatCols(r.Conflict.Old, r.TableCols)
		for _, s := range r.Conflict.Sets {
			x, err := b.emit(s.Expr, both)
			if err != nil {
				return in, err
			}
			k.Sets = append(k.Sets, plan.SetColumn{Col: s.Col, Expr: x})
		}
		if k.Where, err = b.emitOpt(r.Conflict.Where, both); err != nil {
			return in, err
		}
		n.Conflict = k
	}
	if n.Returning, err = b.emitAll(r.Returning, concatCols(r.TableCols, r.Along)); err != nil {
		return in, err
	}
	if n.Views, err = b.emitViews(r.Views, concatCols(r.TableCols, r.Along)); err != nil {
		return in, err
	}
	c := b.written(in, r.ColIDs, len(r.Table.Indexes))
	n.Base = b.base(&c)
	c.node = n
	return c, nil
}

// emitViews emits the conditions of views over the columns of rows that were written.
func (b *builder) emitViews(list []plan.ViewCheck, cols []plan.Col) (out []plan.ViewCheck, err error) {
	for _, v := range list {
		if v.Cond, err = b.emit(v.Cond, cols); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (b *builder) written(in cand, cols []plan.Col, indexes int) cand {
	c := cand{cols: cols, rows: in.rows, startup: in.startup, total: in.total + in.rows*costWriteRow*float64(indexes)}
	if cols == nil {
		c.rows = 0
	}
	return c
}

// rowFirst puts the columns of the table and the row key before the others, which have the key
// again where what is returned names it.
func (b *builder) rowFirst(in cand, table []plan.Col, key plan.Col, returning []plan.Expr) (cand, []plan.Col) {
	cols := append(append([]plan.Col(nil), table...), key)
	have := plan.SetOf(cols)
	var rest []plan.Col
	for _, c := range in.cols {
		if !have.Has(c) {
			rest = append(rest, c)
		}
	}
	if slices.ContainsFunc(returning, func(e plan.Expr) bool { return refers(e, plan.SetOf([]plan.Col{key})) }) {
		rest = append(rest, key)
	}
	return b.only(in, append(cols, rest...)), rest
}

func (b *builder) buildUpdate(r *plan.LUpdate) (cand, error) {
	in, err := b.build(r.Input, need{})
	if err != nil {
		return in, err
	}
	in, rest := b.rowFirst(in, r.TableCols, r.RowKey, r.Returning)
	n := &plan.Update{Table: r.Table, Strict: r.Strict, Input: in.node, Checks: r.Checks, IndexExprs: r.Parts}
	for _, s := range r.Sets {
		x, err := b.emit(s.Expr, in.cols)
		if err != nil {
			return in, err
		}
		n.Sets = append(n.Sets, plan.SetColumn{Col: s.Col, Expr: x})
	}
	if n.Returning, err = b.emitAll(r.Returning, concatCols(r.NewCols, rest)); err != nil {
		return in, err
	}
	if n.Views, err = b.emitViews(r.Views, concatCols(r.NewCols, rest)); err != nil {
		return in, err
	}
	c := b.written(in, r.ColIDs, len(r.Table.Indexes))
	n.Base = b.base(&c)
	c.node = n
	return c, nil
}

func (b *builder) buildDelete(r *plan.LDelete) (cand, error) {
	in, err := b.build(r.Input, need{})
	if err != nil {
		return in, err
	}
	in, rest := b.rowFirst(in, r.TableCols, r.RowKey, r.Returning)
	n := &plan.Delete{Table: r.Table, Strict: r.Strict, Input: in.node, IndexExprs: r.Parts}
	if n.Returning, err = b.emitAll(r.Returning, concatCols(r.TableCols, rest)); err != nil {
		return in, err
	}
	c := b.written(in, r.ColIDs, len(r.Table.Indexes))
	n.Base = b.base(&c)
	c.node = n
	return c, nil
}

func (b *builder) buildLock(r *plan.LLock, n need) (cand, error) {
	in, err := b.build(r.Input, n)
	if err != nil {
		return in, err
	}
	l := &plan.LockRows{Input: in.node, Shared: r.Shared, NoWait: r.NoWait, SkipLocked: r.SkipLocked}
	for _, k := range r.Keys {
		for i, c := range in.cols {
			if c == k {
				l.KeySlots = append(l.KeySlots, i)
			}
		}
	}
	c := in
	l.Base = b.base(&c)
	c.node = l
	return c, nil
}
