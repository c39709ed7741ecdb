package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// assigned are the columns that a statement gives values to. One may come several times where
// each time a part of it is meant.
type assigned struct {
	tg   *dmlTarget
	cols []ColInfo
	seen map[int]bool
	part map[int]bool
}

func (b *binder) targetsOf(tg *dmlTarget) *assigned {
	return &assigned{tg: tg, cols: tg.columns(), seen: map[int]bool{}, part: map[int]bool{}}
}

// add finds the column of a target, by its number in the relation that is named; twice is
// the error.
func (a *assigned) add(target ast.SetTarget, state, twice string) int {
	i := slices.IndexFunc(a.cols, func(c ColInfo) bool { return c.Name == target.Name })
	if i < 0 && state == dberr.StateSyntax && IsSystemColumn(target.Name) && len(a.tg.views) == 0 {
		failAt(target.Pos(), dberr.StateFeatureNotSupported, "cannot assign to system column %q", target.Name)
	}
	if i < 0 {
		failAt(target.Pos(), dberr.StateUndefinedColumn, "column %q of relation %q does not exist", target.Name, a.tg.name())
	}
	part := len(target.Path) > 0
	if a.seen[i] && !(part && a.part[i]) {
		failAt(target.Pos(), state, twice, target.Name)
	}
	a.seen[i], a.part[i] = true, part
	return i
}

// insertTarget is a column that an INSERT gives a value to, or a part of it.
type insertTarget struct {
	top    int // in the relation that is named
	col    int // in the table, once it is resolved
	target ast.SetTarget
}

// insertTargets finds the columns that an INSERT names; none means all.
func (b *binder) insertTargets(tg *dmlTarget, list []ast.SetTarget) (out []insertTarget) {
	a := b.targetsOf(tg)
	for _, c := range list {
		out = append(out, insertTarget{top: a.add(c, dberr.StateDuplicateColumn, "column %q specified more than once"), target: c})
	}
	if len(list) == 0 {
		for i := range a.cols {
			out = append(out, insertTarget{top: i})
		}
	}
	return out
}

// resolveTargets finds the columns of the table that the targets are.
func (b *binder) resolveTargets(tg *dmlTarget, list []insertTarget, verb string) {
	if len(tg.views) == 0 {
		for i := range list {
			list[i].col = list[i].top
		}
		return
	}
	seen := map[int]int{}
	for i := range list {
		c := tg.base(list[i].top, verb, list[i].target.Pos())
		if top, twice := seen[c]; twice && top != list[i].top {
			failAt(list[i].target.Pos(), dberr.StateSyntax, "multiple assignments to same column %q", tg.t.Columns[c].Name)
		}
		list[i].col, seen[c] = c, list[i].top
	}
}

// noPartDefault refuses DEFAULT for a part of a column.
func (b *binder) noPartDefault(target ast.SetTarget) {
	if target.Path[0].Subs != nil {
		failAt(target.Pos(), dberr.StateFeatureNotSupported, "cannot set an array element to DEFAULT")
	}
	failAt(target.Pos(), dberr.StateFeatureNotSupported, "cannot set a subfield to DEFAULT")
}

// insertValue binds the value for a target of an INSERT; cur is what earlier targets have made of
// the column, nil for nothing.
func (b *binder) insertValue(s *scope, t *catalog.Table, to insertTarget, cur, e Expr, pos int) Expr {
	col := &t.Columns[to.col]
	if len(to.target.Path) == 0 {
		return b.assign(e, col.Type, col.Name, pos)
	}
	if cur == nil {
		cur = &Const{Typ: col.Type, Value: sqltype.NullDatum}
	}
	return b.assignPart(s, cur, to.target, e, pos)
}

// hint is the type that a value for the target should have.
func (b *binder) hint(tg *dmlTarget, to insertTarget) sqltype.Type {
	w := &partWalk{b: b, target: to.target}
	return w.walk(tg.columns()[to.top].Type)
}

// assignPart makes what a column becomes where a part of cur is assigned to.
func (b *binder) assignPart(s *scope, cur Expr, target ast.SetTarget, e Expr, pos int) Expr {
	w := &partWalk{b: b, s: s, target: target}
	part := w.walk(cur.Type())
	v := b.convert(e, part, pos, fn.AssignCast)
	if v == nil {
		what := "subfield %q is of type %s but expression is of type %s"
		name := target.Path[len(target.Path)-1].Field
		if name == "" {
			what, name = "subscripted assignment to %q requires type %s but expression is of type %s", target.Name
		}
		fail(dberr.SQL(dberr.StateDatatypeMismatch, what, name, part.Name(), e.Type().Name()).
			WithHint("You will need to rewrite or cast the expression.").At(pos))
	}
	if w.domain != 0 {
		v = partChecked(v, b.domainParts(part, w.domain, nil), pos)
	}
	types := make([]sqltype.Type, len(w.subs))
	for i, x := range w.subs {
		types[i] = x.Type()
	}
	return &Call{Typ: cur.Type(), Func: fn.Assign(cur.Type(), part, types, w.steps), Args: append([]Expr{cur, v}, w.subs...), Pos: pos}
}

// partWalk follows the path of a target.
type partWalk struct {
	b      *binder
	s      *scope // nil: only the type is asked for
	target ast.SetTarget
	steps  []fn.Step
	subs   []Expr
	// domain is that of the part, or of the elements of one that is an array; a column's own
	// rules are checked when its row is written.
	domain keyspace.ObjectID
}

// walk gives the type of the part.
func (w *partWalk) walk(t sqltype.Type) sqltype.Type {
	for _, step := range w.target.Path {
		switch {
		case step.Subs == nil:
			t = w.field(t, step.Field)
		case t.ID == sqltype.JSONB:
			w.json(step.Subs)
		case t.ID == sqltype.Array:
			t = w.elements(t, step.Subs)
		default:
			failAt(w.target.Pos(), dberr.StateDatatypeMismatch, "cannot subscript type %s because it does not support subscripting", t.Name())
		}
	}
	return t
}

func (w *partWalk) field(t sqltype.Type, name string) sqltype.Type {
	c, ok := sqltype.CompositeOf(t)
	if !ok || t.ID != sqltype.Record {
		failAt(w.target.Pos(), dberr.StateDatatypeMismatch, "cannot assign to field %q of column %q because its type %s is not a composite type", name, w.target.Name, t.Name())
	}
	i := c.Field(name)
	if i < 0 {
		failAt(w.target.Pos(), dberr.StateUndefinedColumn, "cannot assign to field %q of column %q because there is no such column in data type %s", name, w.target.Name, t.Name())
	}
	step := fn.Step{Field: i}
	for _, f := range c.Fields {
		step.Fields = append(step.Fields, f.Type)
	}
	w.steps = append(w.steps, step)
	w.domain = keyspace.ObjectID(c.Fields[i].Domain)
	return c.Fields[i].Type
}

// json binds subscripts of jsonb.
func (w *partWalk) json(subs []ast.Subscript) {
	step := fn.Step{Subs: len(subs), JSON: true}
	for i, sub := range subs {
		if sub.Slice {
			failAt(w.target.Pos(), dberr.StateDatatypeMismatch, "jsonb subscript does not support slices")
		}
		if w.s == nil {
			continue
		}
		x := w.b.expr(w.s, sub.Lo)
		switch x.Type().ID {
		case sqltype.Int2, sqltype.Int4, sqltype.Int8:
			step.Index = step.Index || i == 0
			x = w.b.cast(w.b.assign(x, sqltype.TInt4, "", sub.Lo.Pos()), sqltype.TText, sub.Lo.Pos())
		default:
			text := w.b.convert(x, sqltype.TText, sub.Lo.Pos(), fn.ImplicitCast)
			if text == nil {
				failAt(sub.Lo.Pos(), dberr.StateDatatypeMismatch, "subscript type %s is not supported", x.Type().Name())
			}
			x = text
		}
		w.subs = append(w.subs, x)
	}
	w.steps = append(w.steps, step)
}

// elements binds subscripts of an array.
func (w *partWalk) elements(t sqltype.Type, subs []ast.Subscript) sqltype.Type {
	step := fn.Step{Subs: len(subs), Elem: t.ElemType()}
	step.Slice = slices.ContainsFunc(subs, func(sub ast.Subscript) bool { return sub.Slice })
	bound := func(e ast.Expr) {
		step.Given = append(step.Given, e != nil)
		switch {
		case e == nil:
			w.subs = append(w.subs, &Const{Typ: sqltype.TInt4, Value: sqltype.NullDatum})
		case w.s != nil:
			w.subs = append(w.subs, w.b.assign(w.b.expr(w.s, e), sqltype.TInt4, "", e.Pos()))
		}
	}
	for _, sub := range subs {
		if step.Slice && !sub.Slice { // among slices a single index stands for everything up to it
			step.Given = append(step.Given, true)
			w.subs = append(w.subs, number(1))
		}
		bound(sub.Lo)
		if sub.Slice {
			bound(sub.Hi)
		}
	}
	w.steps = append(w.steps, step)
	if step.Slice {
		return t
	}
	if d := w.b.Catalog.TypeByID(w.domain); d != nil && d.Base.ID == sqltype.Array {
		w.domain = 0 // the elements are of none
	}
	return t.ElemType()
}

// sets binds the assignments of an UPDATE; old are the columns of the row that it changes.
func (b *binder) sets(s *scope, tg *dmlTarget, old []Col, list []ast.SetClause, verb string) (out []SetColumn) {
	t, assigned := tg.t, b.targetsOf(tg)
	at, top := map[int]int{}, map[int]int{}
	add := func(target ast.SetTarget, e Expr, isDefault bool, pos int) {
		named := assigned.add(target, dberr.StateSyntax, "multiple assignments to same column %q")
		i := tg.base(named, verb, target.Pos())
		col := &t.Columns[i]
		if was, twice := top[i]; twice && was != named {
			failAt(target.Pos(), dberr.StateSyntax, "multiple assignments to same column %q", col.Name)
		}
		top[i] = named
		part := len(target.Path) > 0
		switch {
		case isDefault && part:
			b.noPartDefault(target)
		case isDefault:
			e = b.updateDefault(tg, named, i, pos)
		case col.Identity == 'a':
			fail(dberr.SQL(dberr.StateGeneratedAlways, "column %q can only be updated to DEFAULT", col.Name).
				WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", col.Name).At(target.Pos()))
		case col.Generated != "":
			fail(dberr.SQL(dberr.StateGeneratedAlways, "column %q can only be updated to DEFAULT", col.Name).
				WithDetail("Column %q is a generated column.", col.Name).At(target.Pos()))
		case part:
			var cur Expr = b.q.Ref(old[i])
			if k, ok := at[i]; ok {
				cur = out[k].Expr
			}
			e = b.assignPart(s, cur, target, e, pos)
		default:
			e = b.assign(e, col.Type, col.Name, pos)
		}
		if k, ok := at[i]; ok {
			out[k].Expr = e
			return
		}
		at[i] = len(out)
		out = append(out, SetColumn{Col: i, Expr: e})
	}
	for _, c := range list {
		if !c.Multi {
			_, isDefault := c.Value.(*ast.Default)
			var e Expr
			if !isDefault {
				e = b.expr(s, c.Value)
			}
			add(c.Targets[0], e, isDefault, c.Value.Pos())
			continue
		}
		row, ok := c.Value.(*ast.Row)
		if !ok {
			if len(c.Targets) == 1 {
				add(c.Targets[0], b.expr(s, c.Value), false, c.Value.Pos())
				continue
			}
			for i, x := range b.columnsOf(s, c) {
				add(c.Targets[i], x, false, c.Value.Pos())
			}
			continue
		}
		list := b.spread(s, row.Args)
		if len(list) != len(c.Targets) {
			failAt(c.Value.Pos(), dberr.StateSyntax, "number of columns does not match number of values")
		}
		for i, v := range list {
			_, isDefault := v.(*ast.Default)
			var e Expr
			if !isDefault {
				e = b.expr(s, v)
			}
			add(c.Targets[i], e, isDefault, v.Pos())
		}
	}
	return out
}

// columnsOf binds the subquery of SET (a, b) = (SELECT …) to one scalar subquery for
// each of its columns.
func (b *binder) columnsOf(s *scope, c ast.SetClause) (out []Expr) {
	sub, ok := c.Value.(*ast.Subquery)
	if !ok || sub.Kind != ast.ScalarSubquery {
		failAt(c.Value.Pos(), dberr.StateFeatureNotSupported, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression")
	}
	if n := len(b.query(sub.Query, s, nil).cols); n != len(c.Targets) {
		failAt(c.Value.Pos(), dberr.StateSyntax, "number of columns does not match number of values")
	}
	alias := &ast.Alias{Name: "*source"}
	for i := range c.Targets {
		alias.Columns = append(alias.Columns, "c"+itoa(i))
	}
	for i := range c.Targets {
		one := *sub
		one.Query = &ast.Select{Span: sub.Query.Span,
			Targets: []ast.Target{{Loc: c.Loc, Expr: &ast.ColumnRef{Loc: c.Loc, Names: []string{alias.Name, alias.Columns[i]}}}},
			From:    []ast.TableExpr{&ast.SubqueryRef{Loc: c.Loc, Query: sub.Query, Alias: alias}}}
		out = append(out, b.expr(s, &one))
	}
	return out
}
