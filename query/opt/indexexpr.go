package opt

import (
	"math"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/stats"
)

// indexed is what the indexes of a scan hold besides columns, over its columns.
type indexed struct {
	// parts are the columns that stand for key expressions, by index and key part; 0 is none.
	parts map[int][]plan.Col
	// preds are the predicates of partial indexes, by index: all of them must be true. An
	// index without an entry has none that could be told.
	preds map[int][]plan.Expr
}

// nameExprs gives every expression that an index of r holds a column of its own, by which
// conditions and orders are matched: an expression of the statement that is the same, once
// both have been simplified, is that column.
func (b *builder) nameExprs(r plan.Rel) {
	if s, ok := r.(*plan.LScan); ok && s.Indexed != nil {
		b.nameScan(s)
	}
	for _, in := range plan.Inputs(r) {
		b.nameExprs(in)
	}
}

func (b *builder) nameScan(s *plan.LScan) *indexed {
	if x := b.indexed[s]; x != nil {
		return x
	}
	x := &indexed{parts: map[int][]plan.Col{}, preds: map[int][]plan.Expr{}}
	b.indexed[s] = x
	st := b.source.TableStats(s.Table)
	for i, parts := range s.Indexed.Parts {
		x.parts[i] = make([]plan.Col, len(parts))
		for k, e := range parts {
			if e != nil {
				x.parts[i][k] = b.nameExpr(s, &s.Table.Indexes[i].Columns[k], e, st)
			}
		}
	}
	for i, e := range s.Indexed.Predicates {
		if p, ok := b.overScan(s, e); ok && plan.Immutable(p) {
			x.preds[i] = conjuncts([]plan.Expr{p})
		}
	}
	return x
}

func (b *builder) nameExpr(s *plan.LScan, part *catalog.IndexColumn, e plan.Expr, st *stats.Table) plan.Col {
	e, ok := b.overScan(s, e)
	if !ok {
		return 0
	}
	switch e := e.(type) {
	case *plan.Var:
		return e.Col
	case *plan.Const:
		return 0
	}
	key := plan.Key(e)
	col, have := b.exprCols[key]
	if !have {
		col = b.q.NewCol("expr", part.Type)
		b.exprCols[key] = col
	}
	known := colStat{ndv: b.groups([]plan.Expr{e}, st.Rows), rows: st.Rows, stats: st.Exprs[part.Expr]}
	if known.stats != nil && known.stats.Type.Base() != part.Type.Base() {
		known.stats = nil
	}
	if known.stats != nil {
		known.ndv = math.Max(1, known.stats.NDV)
	}
	b.colStats[col] = known
	return col
}

// overScan says a stored expression, which is over the columns of a table, in terms of a
// scan; ok is false where the scan lacks a column.
func (b *builder) overScan(s *plan.LScan, e plan.Expr) (out plan.Expr, ok bool) {
	cols := map[int]plan.Col{}
	for i, o := range s.Ords {
		cols[o] = s.ColIDs[i]
	}
	ok = true
	out = plan.Replace(e, func(x plan.Expr) (plan.Expr, bool) {
		v, is := x.(*plan.Slot)
		if !is {
			return x, false
		}
		c, have := cols[v.Index]
		if !have {
			ok = false
			return x, true
		}
		return b.q.Ref(c), true
	})
	if !ok {
		return nil, false
	}
	return b.foldExpr(out), true
}

// named puts the columns that stand for indexed expressions in their places.
func (b *builder) named(list []plan.Expr) []plan.Expr {
	if len(b.exprCols) == 0 {
		return list
	}
	out := make([]plan.Expr, len(list))
	for i, e := range list {
		out[i] = plan.Replace(e, func(x plan.Expr) (plan.Expr, bool) {
			switch x.(type) {
			case *plan.Var, *plan.Const, *plan.Param:
				return x, true
			}
			if c, ok := b.exprCols[plan.Key(x)]; ok {
				return b.q.Ref(c), true
			}
			return x, false
		})
	}
	return out
}

// colOf is the column that an expression is, or that stands for it.
func (b *builder) colOf(e plan.Expr) (plan.Col, bool) {
	if v, ok := e.(*plan.Var); ok {
		return v.Col, true
	}
	if len(b.exprCols) == 0 {
		return 0, false
	}
	c, ok := b.exprCols[plan.Key(e)]
	return c, ok
}
