package plan

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
)

// A change of a view is a change of the table below it. The rows that it sees are those of
// the table for which the conditions of all views between hold; names stand for what the
// views make of the table's columns; only columns that are columns of the table can be given
// values. What RETURNING, ON CONFLICT and the conditions of CHECK OPTION see of new rows is
// made of the table's new columns in the same way.

// dmlTarget is what a statement changes: a table, or views over one.
type dmlTarget struct {
	t     *catalog.Table
	alias string
	// views leads from the view that the statement names down to the table.
	views []*viewLevel
}

// tableTarget is a table that is changed itself.
func tableTarget(t *catalog.Table, alias string) *dmlTarget { return &dmlTarget{t: t, alias: alias} }

// dmlTarget finds what a statement changes. Verbs are the kinds of change.
func (b *binder) dmlTarget(ref *ast.TableRef, verbs ...string) *dmlTarget {
	if ref.AsOf != nil {
		failAt(ref.AsOf.Pos(), dberr.StateFeatureNotSupported, "the past cannot be changed: AS OF SYSTEM TIME on the table of a write")
	}
	rel, virtual := b.relation(ref.Name)
	tg := &dmlTarget{alias: ref.Name.Name}
	if ref.Alias != nil {
		tg.alias = ref.Alias.Name
	}
	for rel.View != nil {
		l, why := b.viewLevel(rel.View)
		for _, verb := range verbs {
			reason := why
			if reason == "" && verb != "delete from" && !l.anyColumn() {
				reason = noColumns
			}
			if reason != "" {
				fail(dberr.SQL(dberr.StateObjectNotReady, "cannot %s view %q", verb, rel.View.Name).WithDetail("%s", reason).At(ref.Pos()))
			}
		}
		if why != "" {
			fail(dberr.SQL(dberr.StateObjectNotReady, "cannot merge into view %q", rel.View.Name).WithDetail("%s", why).At(ref.Pos()))
		}
		tg.views = append(tg.views, l)
		rel = l.below
	}
	switch {
	case virtual != nil:
		failAt(ref.Pos(), dberr.StateInsufficientPrivilege, "cannot change system view %q", ref.Name.Name)
	case rel.Sequence != nil:
		failAt(ref.Pos(), dberr.StateWrongObjectType, "cannot change sequence %q", ref.Name.Name)
	case rel.Table == nil || rel.Index != nil:
		failAt(ref.Pos(), dberr.StateWrongObjectType, "cannot open relation %q", ref.Name.Name)
	case rel.Table.Kind == catalog.Materialized && !b.Maintains:
		failAt(ref.Pos(), dberr.StateWrongObjectType, "cannot change materialized view %q", ref.Name.Name)
	}
	tg.t = rel.Table
	b.notes(tg.t, UseWrite)
	b.writesTo(tg.t)
	return tg
}

// name is that of the relation that the statement names.
func (tg *dmlTarget) name() string {
	if len(tg.views) > 0 {
		return tg.views[0].view.Name
	}
	return tg.t.Name
}

// columns are the names of its columns, with their types.
func (tg *dmlTarget) columns() (out []ColInfo) {
	if len(tg.views) > 0 {
		for _, c := range tg.views[0].view.Columns {
			out = append(out, ColInfo{Name: c.Name, Type: c.Type})
		}
		return out
	}
	for _, c := range tg.t.Columns {
		out = append(out, ColInfo{Name: c.Name, Type: c.Type})
	}
	return out
}

// base is the column of the table that column i is; it must be one.
func (tg *dmlTarget) base(i int, verb string, pos int) int {
	for _, l := range tg.views {
		c := l.columns[i]
		if c.below < 0 {
			why := "View columns that are not columns of their base relation are not updatable."
			if c.below == wholeRowColumn {
				why = "View columns that return whole-row references are not updatable."
			}
			what := "cannot update column %q of view %q"
			switch verb {
			case "insert into":
				what = "cannot insert into column %q of view %q"
			case "merge into":
				what = "cannot merge into column %q of view %q"
			}
			fail(dberr.SQL(dberr.StateFeatureNotSupported, what, l.view.Columns[i].Name, l.view.Name).WithDetail("%s", why).At(pos))
		}
		i = c.below
	}
	return i
}

// targetEntry is what names see of a row of the target, of which ids are the table's columns.
func (b *binder) targetEntry(tg *dmlTarget, ids []Col) *entry {
	if len(tg.views) == 0 {
		return b.tableEntry(tg.t, tg.alias, ids)
	}
	top, _ := b.targetEntries(tg, ids)
	return top
}

// targetEntries also gives what each view reads, of views.
func (b *binder) targetEntries(tg *dmlTarget, ids []Col) (top *entry, reads []*entry) {
	defer b.plainly()()
	uses := b.uses
	b.uses = nil
	defer func() { b.uses = uses }()
	reads = make([]*entry, len(tg.views))
	e := b.tableEntry(tg.t, tg.alias, ids)
	for k := len(tg.views) - 1; k >= 0; k-- {
		l := tg.views[k]
		e.name = l.alias
		for i := range e.cols {
			e.cols[i].name = l.names[i]
		}
		reads[k] = e
		s := b.newScope(nil)
		s.add(e)
		up := &entry{schema: l.view.Schema}
		for i, c := range l.columns {
			var x Expr
			if c.below >= 0 {
				x = e.cols[c.below].expr
			} else {
				x = b.settled(b.expr(s, c.expr))
			}
			up.cols = append(up.cols, visible{name: l.view.Columns[i].Name, expr: x, from: up, origin: ColumnUse{l.view.ID, catalog.ColumnID(i + 1)}})
		}
		e = up
	}
	e.name = tg.alias
	return e, reads
}

// scanTarget reads the rows of the target: all columns of the table, the row key, and what
// its views compute.
func (b *binder) scanTarget(tg *dmlTarget) (e *entry, rel Rel, scan *LScan, key Col) {
	item, scan := b.scan(tg.t, tg.alias)
	key = b.rowKey(scan)
	if len(tg.views) == 0 {
		item.tables[0].scan = scan
		return item.tables[0], scan, scan, key
	}
	top, reads := b.targetEntries(tg, scan.ColIDs[:len(tg.t.Columns)])
	rel = scan
	for k := len(reads) - 1; k >= 0; k-- {
		if cond := b.viewCond(tg, reads, k); cond != nil {
			rel = &LFilter{Input: rel, Conds: Conjuncts(cond)}
		}
	}
	var p *LProject
	for i := range top.cols {
		c := &top.cols[i]
		if _, plain := c.expr.(*Var); plain {
			continue
		}
		if p == nil {
			p = &LProject{Input: rel}
			for _, in := range rel.Cols() {
				p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(in)), append(p.ColIDs, in)
			}
		}
		id := b.q.NewCol(c.name, c.expr.Type())
		p.Exprs, p.ColIDs = append(p.Exprs, c.expr), append(p.ColIDs, id)
		c.expr = b.q.Ref(id)
	}
	if p != nil {
		rel = p
	}
	return top, rel, scan, key
}

// viewCond binds the condition of view k over what it reads; nil where it has none.
func (b *binder) viewCond(tg *dmlTarget, reads []*entry, k int) Expr {
	where := tg.views[k].sel.Where
	if where == nil {
		return nil
	}
	defer b.plainly()()
	s := b.newScope(nil)
	s.add(reads[k])
	s.what, s.noAgg, s.noWin = "WHERE", "WHERE", "WHERE"
	return b.boolean(s, where, "WHERE")
}

// viewChecks binds the conditions of CHECK OPTION over new rows of the table. Those of
// inner views come first. CASCADED holds for all views below it.
func (b *binder) viewChecks(tg *dmlTarget, ids []Col) (list []ViewCheck) {
	if len(tg.views) == 0 {
		return nil
	}
	_, reads := b.targetEntries(tg, ids)
	cascaded := false
	for k, l := range tg.views {
		check := l.view.CheckOption()
		cascaded = cascaded || check == catalog.CheckCascaded
		if !cascaded && check == catalog.CheckNone {
			continue
		}
		if cond := b.viewCond(tg, reads, k); cond != nil {
			list = append(list, ViewCheck{View: l.view.Name, Cond: cond})
		}
	}
	slices.Reverse(list)
	return list
}

// targetDefault binds what an INSERT gives to a column of the table that it does not name: the
// default of the outermost view that has one, else the table's.
func (b *binder) targetDefault(tg *dmlTarget, i, pos int) Expr {
	for k, l := range tg.views {
		for n := range l.columns {
			if l.view.Columns[n].Default != "" && tg.leads(k, n, i) {
				return b.viewDefault(tg, l, n, i)
			}
		}
	}
	return b.defaultOf(tg.t, i, pos)
}

// updateDefault binds DEFAULT in UPDATE, of column named of the target, which is column i of
// the table. Of a view it is the view's own default alone, as in PostgreSQL.
func (b *binder) updateDefault(tg *dmlTarget, named, i, pos int) Expr {
	if len(tg.views) == 0 {
		return b.defaultOf(tg.t, i, pos)
	}
	if l := tg.views[0]; l.view.Columns[named].Default != "" {
		return b.viewDefault(tg, l, named, i)
	}
	return &Const{Typ: tg.t.Columns[i].Type, Value: sqltype.NullDatum}
}

// viewDefault binds the default of column n of a view, which is column i of the table.
func (b *binder) viewDefault(tg *dmlTarget, l *viewLevel, n, i int) Expr {
	e, err := parse.ParseExpr(l.view.Columns[n].Default, parse.Limits{})
	if err != nil {
		fail(fmt.Errorf("read default of column %q of view %q: %w", l.view.Columns[n].Name, l.view.Name, err))
	}
	defer b.plainly()()
	s := b.newScope(nil)
	s.what = "DEFAULT"
	return b.assign(b.expr(s, e), tg.t.Columns[i].Type, tg.t.Columns[i].Name, 0)
}

// leads reports whether column n of view k is column i of the table.
func (tg *dmlTarget) leads(k, n, i int) bool {
	for _, l := range tg.views[k:] {
		if n = l.columns[n].below; n < 0 {
			return false
		}
	}
	return n == i
}

// overTarget binds an expression over the columns of the target; those of the table become
// slots.
func (b *binder) overTarget(tg *dmlTarget, e ast.Expr, want sqltype.Type, what string) Expr {
	if len(tg.views) == 0 {
		x, err := BindRowExpr(b.Scope, tg.t, e, want, what)
		if err != nil {
			fail(err)
		}
		return x
	}
	ids, slots := make([]Col, len(tg.t.Columns)), map[Col]int{}
	for i, c := range tg.t.Columns {
		ids[i] = b.q.NewCol(c.Name, c.Type)
		slots[ids[i]] = i
	}
	s := b.newScope(nil)
	s.what = what
	s.add(b.targetEntry(tg, ids))
	x := b.expr(s, e)
	if want.ID != sqltype.Unknown {
		x = b.assign(x, want, "", e.Pos())
	} else {
		x = b.settled(x)
	}
	return Map(x, func(x Expr) Expr {
		switch x := x.(type) {
		case *Var:
			return &Slot{Typ: x.Typ, Index: slots[x.Col], Name: x.Name}
		case *SubLink:
			failAt(e.Pos(), dberr.StateFeatureNotSupported, "cannot use subquery in %s", what)
		}
		return x
	})
}
