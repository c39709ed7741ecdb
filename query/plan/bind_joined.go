package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// MySQL's UPDATE and DELETE of several tables change rows of tables that are joined, each row
// once, however many rows of the join it is in. Where one table is changed and every row of the
// join has a row of it, the change reads the join itself. Otherwise a named query keeps the join,
// and each table is changed over it in a named query of its own, so that all changes see the
// values from before; a row of the join without a row of the table changes none.

// joined is such a statement on the way.
type joined struct {
	b       *binder
	s       *scope // over the join
	rel     Rel
	verb    string
	targets []*joinTarget
	keep    bool // a named query keeps the join
}

// joinTarget is a table that is changed.
type joinTarget struct {
	e    *entry
	key  Col
	sets []ast.SetClause
}

func (b *binder) joinedRows(from []ast.TableExpr, where ast.Expr, parent *scope, verb string) *joined {
	j := &joined{b: b, s: b.newScope(parent), verb: verb}
	j.rel = b.dmlFrom(j.s, nil, from, where)
	for _, f := range from {
		j.keep = j.keep || outerJoins(f)
	}
	return j
}

// outerJoins reports whether rows of a table may be missing in a join.
func outerJoins(t ast.TableExpr) bool {
	j, ok := t.(*ast.Join)
	return ok && (j.Kind != ast.InnerJoin && j.Kind != ast.CrossJoin || outerJoins(j.Left) || outerJoins(j.Right))
}

// target is the table of an entry of the join, which must be one that can be changed.
func (j *joined) target(e *entry, pos int) *joinTarget {
	for _, t := range j.targets {
		if t.e == e {
			return t
		}
	}
	if e.scan == nil || e.table == nil || e.table.Kind == catalog.Materialized {
		failAt(pos, dberr.StateWrongObjectType, "cannot %s %q, which is no table", j.verb, e.name)
	}
	for _, t := range j.targets {
		if t.e.table.ID == e.table.ID && j.verb == "update" {
			failAt(pos, dberr.StateFeatureNotSupported, "an UPDATE of table %q under two names is not supported", e.table.Name)
		}
	}
	t := &joinTarget{e: e, key: j.b.rowKey(e.scan)}
	j.targets = append(j.targets, t)
	return t
}

// named finds a table of the join by its name there.
func (j *joined) named(name string, pos int) *entry {
	for _, e := range j.s.tables {
		if e.name == name {
			return e
		}
	}
	failAt(pos, dberr.StateUndefinedTable, "missing FROM-clause entry for table %q", name)
	return nil
}

// owner finds the table whose column is assigned.
func (j *joined) owner(t ast.SetTarget) *entry {
	if t.Table != "" {
		return j.named(t.Table, t.Pos())
	}
	var found *entry
	for _, e := range j.s.tables {
		for _, c := range e.cols {
			if c.name != t.Name {
				continue
			}
			if found != nil && found != e {
				failAt(t.Pos(), dberr.StateAmbiguousColumn, "column reference %q is ambiguous", t.Name)
			}
			found = e
		}
	}
	if found == nil {
		failAt(t.Pos(), dberr.StateUndefinedColumn, "column %q does not exist", t.Name)
	}
	return found
}

func (b *binder) updateJoined(st *ast.Update, parent *scope) *bound {
	j := b.joinedRows(st.From, st.Where, parent, "update")
	for _, set := range st.Sets {
		t := j.target(j.owner(set.Targets[0]), set.Pos())
		t.sets = append(t.sets, set)
	}
	return j.finish(parent, func(t *joinTarget, r *joinRows) Rel {
		b.notes(t.e.table, UseWrite)
		b.writesTo(t.e.table)
		up := &LUpdate{Table: t.e.table, Input: r.rel, TableCols: r.columns(t), RowKey: r.col(t.key)}
		r.s.noAgg, r.s.noWin, r.s.what = "UPDATE", "UPDATE", "UPDATE"
		up.Sets = b.sets(r.s, tableTarget(t.e.table, t.e.name), up.TableCols, t.sets, "update")
		b.regenerate(t.e.table, up)
		for _, c := range t.e.table.Columns {
			up.NewCols = append(up.NewCols, b.q.NewCol(c.Name, c.Type))
		}
		up.Checks, up.Parts = b.tableExprs(t.e.table)
		if r.returns != 0 {
			up.Returning, up.ColIDs = []Expr{number(1)}, []Col{r.returns}
		}
		return up
	})
}

func (b *binder) deleteJoined(st *ast.Delete, parent *scope) *bound {
	j := b.joinedRows(st.Using, st.Where, parent, "delete from")
	for _, n := range st.Targets {
		j.target(j.named(n.Name, n.Pos()), n.Pos())
	}
	return j.finish(parent, func(t *joinTarget, r *joinRows) Rel {
		b.notes(t.e.table, UseWrite)
		b.writesTo(t.e.table)
		del := &LDelete{Table: t.e.table, Input: r.rel, TableCols: r.columns(t), RowKey: r.col(t.key)}
		_, del.Parts = b.tableExprs(t.e.table)
		if r.returns != 0 {
			del.Returning, del.ColIDs = []Expr{number(1)}, []Col{r.returns}
		}
		return del
	})
}

// joinRows are the rows of the join that one change reads.
type joinRows struct {
	rel     Rel
	s       *scope
	of      map[Col]Col // columns of the join as they are here; nil: they are the same
	returns Col         // the column that the change returns, 0 for none
}

func (r *joinRows) col(c Col) Col {
	if r.of == nil {
		return c
	}
	return r.of[c]
}

// columns are those of a target.
func (r *joinRows) columns(t *joinTarget) []Col {
	out := make([]Col, len(t.e.table.Columns))
	for i := range out {
		out[i] = r.col(t.e.scan.ColIDs[i])
	}
	return out
}

// finish makes the changes.
func (j *joined) finish(parent *scope, change func(t *joinTarget, r *joinRows) Rel) *bound {
	b := j.b
	if len(j.targets) == 1 && !j.keep {
		return &bound{rel: change(j.targets[0], &joinRows{rel: j.rel, s: j.s})}
	}
	p := &LProject{Input: j.rel}
	for _, c := range j.rel.Cols() {
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, c)
	}
	b.q.withIDs++
	join := &LWith{ID: b.q.withIDs, Name: "join", Plan: p, Materialized: true}
	if len(j.targets) == 1 {
		return &bound{rel: wrapWith(change(j.targets[0], j.rows(join, j.targets[0], parent)), []*LWith{join})}
	}
	wraps, body := []*LWith{join}, Rel(nil)
	for _, t := range j.targets {
		r := j.rows(join, t, parent)
		r.returns = b.q.NewCol("changed", sqltype.TInt4)
		b.q.withIDs++
		w := &LWith{ID: b.q.withIDs, Name: "change", Plan: change(t, r), Modifies: true, Materialized: true}
		wraps = append(wraps, w)
		ref := &LWithRef{ID: w.ID, Name: w.Name, Source: []Col{r.returns}, ColIDs: []Col{b.q.NewCol("changed", sqltype.TInt4)}}
		if body == nil {
			body = ref
			continue
		}
		body = &LSetOp{Kind: Union, All: true, Left: body, Right: ref, ColIDs: []Col{b.q.NewCol("changed", sqltype.TInt4)}}
	}
	return &bound{rel: wrapWith(body, wraps)}
}

// rows reads the rows of the kept join that have a row of the target.
func (j *joined) rows(join *LWith, t *joinTarget, parent *scope) *joinRows {
	b := j.b
	ref := &LWithRef{ID: join.ID, Name: join.Name, Source: join.Plan.Cols()}
	m := &mergeRows{of: map[Col]Col{}}
	for _, c := range ref.Source {
		id := b.q.NewCol(b.q.Info[c].Name, b.q.Info[c].Type)
		ref.ColIDs, m.of[c] = append(ref.ColIDs, id), id
	}
	r := &joinRows{of: m.of, s: b.newScope(parent)}
	r.rel = &LFilter{Input: ref, Conds: []Expr{&IsNull{Arg: b.q.Ref(m.of[t.key]), Not: true}}}
	for _, e := range j.s.tables {
		r.s.tables = append(r.s.tables, m.moved(b, e))
	}
	for _, v := range j.s.vis {
		v.expr = m.expr(b, v.expr)
		r.s.vis = append(r.s.vis, v)
	}
	return r
}
