package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
)

// withOf opens a scope for the WITH clause of a statement.
func (b *binder) withOf(w *ast.With, parent *scope) (*scope, []*LWith) {
	if w == nil {
		return parent, nil
	}
	s := &scope{parent: parent, ctes: map[string]*cte{}}
	return s, b.with(w, s)
}

// insert binds INSERT.
func (b *binder) insert(st *ast.Insert, parent *scope) *bound {
	parent, wraps := b.withOf(st.With, parent)
	tg := b.dmlTarget(st.Table, "insert into")
	cols, given := b.insertTargets(tg, st.Columns), len(st.Columns) > 0
	in := &LInsert{Table: tg.t}
	in.Input = b.insertRows(st, parent, tg, cols, given)
	in.TableCols = in.Input.Cols()
	s := b.newScope(parent)
	s.add(b.targetEntry(tg, in.TableCols))
	in.Checks, in.Parts = b.tableExprs(tg.t)
	in.Views = b.viewChecks(tg, in.TableCols)
	if st.Conflict != nil {
		in.Conflict = b.conflict(st.Conflict, parent, tg, in)
	}
	out := &bound{}
	if st.Returning != nil {
		if st.Conflict != nil && !st.Conflict.Nothing && namesOldOrNew(st.Returning, "old") {
			unsupported(st.Returning[0].Pos(), "old in RETURNING of ON CONFLICT DO UPDATE")
		}
		b.oldAndNew(s, tg, nil, in.TableCols)
		in.Returning, in.ColIDs, out.names = b.returning(s, st.Returning)
		out.cols = in.ColIDs
	}
	out.rel = wrapWith(in, wraps)
	return out
}

// returning binds RETURNING.
func (b *binder) returning(s *scope, list []ast.Target) (exprs []Expr, cols []Col, names []string) {
	s.noAgg, s.noWin, s.returning = "RETURNING", "RETURNING", true
	agg, win := s.agg, s.win
	targets := b.targetsPlain(s, list)
	s.agg, s.win = agg, win
	for _, t := range targets {
		x := b.settled(t.expr)
		exprs, cols, names = append(exprs, x), append(cols, b.q.NewCol(t.name, x.Type())), append(names, t.name)
	}
	return exprs, cols, names
}

// targetsPlain binds a list in which aggregates and the like are refused.
func (b *binder) targetsPlain(s *scope, list []ast.Target) (out []target) {
	for _, t := range list {
		if ref, ok := t.Expr.(*ast.ColumnRef); ok && ref.Star {
			out = append(out, b.star(s, ref)...)
			continue
		}
		n := target{expr: b.expr(s, t.Expr), name: t.Alias, pos: t.Pos()}
		if n.name == "" {
			n.name = ast.ColumnName(t.Expr)
		}
		out = append(out, n)
	}
	return out
}

// insertRows binds the source of an INSERT to rows of all columns of the table.
func (b *binder) insertRows(st *ast.Insert, parent *scope, tg *dmlTarget, cols []insertTarget, given bool) Rel {
	q, t := st.Query, tg.t
	if q == nil {
		row := make([]Expr, len(t.Columns))
		for i := range t.Columns {
			row[i] = b.targetDefault(tg, i, st.Pos())
		}
		return b.fullRows([][]Expr{row}, t)
	}
	if len(q.Values) == 1 && valuesSets(q.Values[0]) {
		q = b.rowAsSelect(q)
	}
	if q.Values != nil && q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil {
		return b.insertValues(st, q, parent, tg, cols, given)
	}
	hints := make([]sqltype.Type, len(cols))
	for i, c := range cols {
		hints[i] = b.hint(tg, c)
	}
	src := b.query(q, parent, hints)
	b.countColumns(len(src.cols), len(cols), given, func(i int) int { return targetPos(q, i) }, st)
	b.resolveTargets(tg, cols[:len(src.cols)], "insert into")
	p := &LProject{Input: src.rel, Exprs: make([]Expr, len(t.Columns))}
	for i, c := range src.cols {
		to := cols[i]
		b.identity(st, t, to.col, targetPos(q, i))
		if b.q.TypeOf(c).ID == sqltype.Unknown {
			b.retype(src, i, sqltype.TText)
			p.Input, c = src.rel, src.cols[i]
		}
		p.Exprs[to.col] = b.insertValue(b.newScope(parent), t, to, p.Exprs[to.col], b.q.Ref(c), targetPos(q, i))
	}
	for i := range p.Exprs {
		if p.Exprs[i] == nil || st.Overriding == ast.OverridingUser && t.Columns[i].Identity != 0 {
			p.Exprs[i] = b.targetDefault(tg, i, st.Pos())
		}
		p.ColIDs = append(p.ColIDs, b.q.NewCol(t.Columns[i].Name, t.Columns[i].Type))
	}
	b.generated(t, p)
	return p
}

func (b *binder) countColumns(have, want int, given bool, pos func(i int) int, st *ast.Insert) {
	if have > want {
		failAt(pos(want), dberr.StateSyntax, "INSERT has more expressions than target columns")
	}
	if have < want && given {
		failAt(st.Columns[have].Pos(), dberr.StateSyntax, "INSERT has more target columns than expressions")
	}
}

func (b *binder) insertValues(st *ast.Insert, q *ast.Select, parent *scope, tg *dmlTarget, cols []insertTarget, given bool) Rel {
	t, s := tg.t, b.newScope(parent)
	s.what, s.noAgg, s.noWin = "VALUES", "VALUES", "VALUES"
	width := len(q.Values[0])
	rows := make([][]Expr, 0, len(q.Values))
	defaults := make([]Expr, len(t.Columns))
	for n, list := range q.Values {
		if len(list) != width {
			failAt(list[min(width, len(list)-1)].Pos(), dberr.StateSyntax, "VALUES lists must all be the same length")
		}
		b.countColumns(width, len(cols), given, func(i int) int { return list[i].Pos() }, st)
		if n == 0 {
			b.resolveTargets(tg, cols[:width], "insert into")
		}
		row := make([]Expr, len(t.Columns))
		for i, e := range list {
			c := cols[i].col
			if _, ok := e.(*ast.Default); ok {
				if len(cols[i].target.Path) > 0 {
					b.noPartDefault(cols[i].target)
				}
				continue
			}
			col := &t.Columns[c]
			b.identity(st, t, c, e.Pos())
			if st.Overriding == ast.OverridingUser && col.Identity != 0 {
				continue
			}
			if col.Generated != "" {
				fail(dberr.SQL(dberr.StateGeneratedAlways, "cannot insert a non-DEFAULT value into column %q", col.Name).
					WithDetail("Column %q is a generated column.", col.Name).At(e.Pos()))
			}
			row[c] = b.insertValue(s, t, cols[i], row[c], b.expr(s, e), e.Pos())
		}
		for i := range row {
			if row[i] == nil {
				if defaults[i] == nil {
					defaults[i] = b.targetDefault(tg, i, st.Pos())
				}
				row[i] = defaults[i]
			}
		}
		rows = append(rows, row)
	}
	return b.fullRows(rows, t)
}

func (b *binder) fullRows(rows [][]Expr, t *catalog.Table) Rel {
	v := &LValues{Rows: rows}
	for _, c := range t.Columns {
		v.ColIDs = append(v.ColIDs, b.q.NewCol(c.Name, c.Type))
	}
	p := &LProject{Input: v}
	for i, c := range v.ColIDs {
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, c)
		if t.Columns[i].Generated != "" {
			p.ColIDs[i] = b.q.NewCol(t.Columns[i].Name, t.Columns[i].Type)
		}
	}
	if !b.generated(t, p) {
		return v
	}
	return p
}

// generated fills in the generated columns of rows that a projection makes.
func (b *binder) generated(t *catalog.Table, p *LProject) (any bool) {
	for i, c := range t.Columns {
		if c.Generated == "" {
			continue
		}
		any = true
		x := b.overTable(t, c.Generated, c.Type, "column generation expression")
		p.Exprs[i] = slotsTo(x, func(k int) Expr { return p.Exprs[k] })
	}
	return any
}

// slotsTo replaces slots by expressions.
func slotsTo(e Expr, f func(i int) Expr) Expr {
	return Map(e, func(x Expr) Expr {
		if s, ok := x.(*Slot); ok {
			return f(s.Index)
		}
		return x
	})
}

// identity refuses a value for a column that is GENERATED ALWAYS AS IDENTITY.
func (b *binder) identity(st *ast.Insert, t *catalog.Table, i, pos int) {
	c := &t.Columns[i]
	if c.Identity == 'a' && st.Overriding == ast.OverridingNone {
		fail(dberr.SQL(dberr.StateGeneratedAlways, "cannot insert a non-DEFAULT value into column %q", c.Name).
			WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", c.Name).
			WithHint("Use OVERRIDING SYSTEM VALUE to override.").At(pos))
	}
}

// defaultOf binds the default of a column.
func (b *binder) defaultOf(t *catalog.Table, i, pos int) Expr {
	c := &t.Columns[i]
	if c.Identity != 0 {
		seq := b.Catalog.OwnedSequence(t.ID, c.ID)
		if seq == nil || b.Sequence == nil {
			fail(fmt.Errorf("identity column %q has no sequence: %w", c.Name, dberr.ErrCorrupt))
		}
		b.q.Volatile = true
		f := b.Sequence("nextval", seq)
		return b.assign(&Call{Typ: f.Ret, Func: f}, c.Type, c.Name, pos)
	}
	text := c.Default
	for d := b.Catalog.TypeByID(c.Domain); text == "" && d != nil; d = b.Catalog.TypeByID(d.BaseDomain) {
		text = d.Default
	}
	if text == "" || c.Generated != "" {
		return &Const{Typ: c.Type, Value: sqltype.NullDatum}
	}
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		fail(fmt.Errorf("read default of column %q: %w", c.Name, err))
	}
	defer b.plainly()()
	s := b.newScope(nil)
	s.what = "DEFAULT"
	return b.assign(b.expr(s, e), c.Type, c.Name, 0)
}

// overTable binds a stored expression over the columns of a table as slots.
func (b *binder) overTable(t *catalog.Table, text string, want sqltype.Type, what string) Expr {
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		fail(fmt.Errorf("read %s of table %q: %w", what, t.Name, err))
	}
	x, err := BindRowExpr(b.Scope, t, e, want, what)
	if err != nil {
		fail(fmt.Errorf("bind %s of table %q: %w", what, t.Name, err))
	}
	return x
}

// tableExprs binds the checks, key expressions and predicates of a table.
func (b *binder) tableExprs(t *catalog.Table) (checks []RowCheck, parts *IndexExprs) {
	for i, c := range t.Columns {
		if d := b.Catalog.TypeByID(c.Domain); d != nil {
			checks = append(checks, b.domainChecks(d, &Slot{Typ: c.Type, Index: i, Name: c.Name})...)
		}
	}
	list := slices.SortedFunc(slices.Values(t.Checks), func(a, b catalog.Check) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range list {
		checks = append(checks, RowCheck{Name: c.Name, Cond: b.overTable(t, c.Expr, sqltype.TBool, "check constraint")})
	}
	return checks, b.indexExprs(t)
}

// BindRules binds the checks, key expressions, predicates and defaults of a table.
func BindRules(s *Scope, t *catalog.Table) (checks []RowCheck, parts *IndexExprs, defaults []Expr, err error) {
	defer catch(&err)
	b := newBinder(s)
	checks, parts = b.tableExprs(t)
	for i := range t.Columns {
		defaults = append(defaults, b.defaultOf(t, i, 0))
	}
	return checks, parts, defaults, nil
}

func (b *binder) indexExprs(t *catalog.Table) *IndexExprs {
	x := &IndexExprs{Parts: map[int][]Expr{}, Predicates: map[int]Expr{}}
	for i := range t.Indexes {
		idx := &t.Indexes[i]
		if idx.Predicate != "" {
			x.Predicates[i] = b.overTable(t, idx.Predicate, sqltype.TBool, "index predicate")
		}
		for k, c := range idx.Columns {
			if c.Expr == "" {
				continue
			}
			if x.Parts[i] == nil {
				x.Parts[i] = make([]Expr, len(idx.Columns))
			}
			x.Parts[i][k] = b.overTable(t, c.Expr, c.Type, "index expression")
		}
	}
	if len(x.Parts) == 0 && len(x.Predicates) == 0 {
		return nil
	}
	return x
}

// BindIndexExprs binds the key expressions and predicates of a table's indexes.
func BindIndexExprs(s *Scope, t *catalog.Table) (x *IndexExprs, err error) {
	defer catch(&err)
	return newBinder(s).indexExprs(t), nil
}

// conflict binds ON CONFLICT.
func (b *binder) conflict(c *ast.OnConflict, parent *scope, tg *dmlTarget, in *LInsert) *LConflict {
	t := tg.t
	out := &LConflict{Index: -1, Nothing: c.Nothing, Replace: c.Replace}
	switch {
	case c.Constraint != "":
		out.Index = -2
		for i, x := range t.Indexes {
			if x.Name == c.Constraint && x.Unique && len(tg.views) == 0 {
				if x.Deferrable {
					fail(dberr.SQL(dberr.StateObjectNotReady, "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"))
				}
				out.Index = i
			}
		}
		if out.Index == -2 {
			failAt(c.Pos(), dberr.StateUndefinedObject, "constraint %q for table %q does not exist", c.Constraint, tg.name())
		}
	case len(c.Columns) > 0:
		out.Index = b.arbiter(c, tg)
	case b.anyConflict(c):
	case !c.Nothing:
		failAt(c.Pos(), dberr.StateSyntax, "ON CONFLICT DO UPDATE requires inference specification or constraint name")
	}
	if c.Nothing || c.Replace {
		return out
	}
	for _, col := range t.Columns {
		out.Old = append(out.Old, b.q.NewCol(col.Name, col.Type))
	}
	s := b.newScope(parent)
	s.noAgg, s.noWin = "UPDATE", "UPDATE"
	s.add(b.targetEntry(tg, out.Old))
	excluded := b.targetEntry(tg, in.TableCols)
	excluded.name = "excluded"
	s.tables = append(s.tables, excluded) // only by its name: bare columns are the existing row's
	out.Sets = b.sets(s, tg, out.Old, c.Sets, "insert into")
	if c.UpdateIf != nil {
		out.Where = b.boolean(s, c.UpdateIf, "WHERE")
	}
	return out
}

// update binds UPDATE.
func (b *binder) update(st *ast.Update, parent *scope) *bound {
	parent, wraps := b.withOf(st.With, parent)
	tg := b.dmlTarget(st.Table, "update")
	t, s := tg.t, b.newScope(parent)
	e, rel, scan, key := b.scanTarget(tg)
	s.add(e)
	cols := scan.ColIDs[:len(t.Columns)]
	rel = b.ordered(s, b.dmlFrom(s, rel, st.From, st.Where), st.OrderBy, st.Limit)
	s.noAgg, s.noWin, s.what = "UPDATE", "UPDATE", "UPDATE"
	var old []Col
	if namesOldOrNew(st.Returning, "old") {
		old = b.copied(&rel, cols)
	}
	up := &LUpdate{Table: t, Input: rel, TableCols: cols, RowKey: key}
	up.Sets = b.sets(s, tg, cols, st.Sets, "update")
	b.regenerate(t, up)
	for _, c := range t.Columns {
		up.NewCols = append(up.NewCols, b.q.NewCol(c.Name, c.Type))
	}
	up.Checks, up.Parts = b.tableExprs(t)
	up.Views = b.viewChecks(tg, up.NewCols)
	out := &bound{}
	if st.Returning != nil {
		after := b.newScope(parent)
		after.add(b.targetEntry(tg, up.NewCols))
		after.tables = append(after.tables, s.tables[1:]...)
		after.vis = append(after.vis, s.vis[len(e.cols):]...)
		b.oldAndNew(after, tg, old, up.NewCols)
		up.Returning, up.ColIDs, out.names = b.returning(after, st.Returning)
		out.cols = up.ColIDs
	}
	out.rel = wrapWith(up, wraps)
	return out
}

// regenerate computes generated columns anew from the new values.
func (b *binder) regenerate(t *catalog.Table, up *LUpdate) {
	value := func(k int) Expr {
		for _, s := range up.Sets {
			if s.Col == k {
				return s.Expr
			}
		}
		return b.q.Ref(up.TableCols[k])
	}
	for i, c := range t.Columns {
		if c.Generated != "" {
			x := b.overTable(t, c.Generated, c.Type, "column generation expression")
			up.Sets = append(up.Sets, SetColumn{Col: i, Expr: slotsTo(x, value)})
		}
	}
}

func (b *binder) dmlFrom(s *scope, rel Rel, from []ast.TableExpr, where ast.Expr) Rel {
	var target *entry // none of a statement that changes several tables
	if len(s.tables) > 0 {
		target = s.tables[0]
	}
	for _, f := range from {
		seen := s
		if target != nil { // it is not to the left of FROM: LATERAL does not reach it
			seen = &scope{parent: s.parent, ctes: s.ctes, tables: s.tables[1:], vis: s.vis[len(target.cols):], beyond: target}
		}
		rel = b.addItem(s, rel, b.tableExpr(seen, f), f.Pos())
	}
	if at, ok := where.(*ast.CurrentOf); ok {
		return &LFilter{Input: rel, Conds: b.currentOf(s, at)}
	}
	if where != nil {
		s.what, s.noAgg, s.noWin = "WHERE", "WHERE", "WHERE"
		rel = &LFilter{Input: rel, Conds: Conjuncts(b.boolean(s, where, "WHERE"))}
	}
	return rel
}

// delete binds DELETE.
func (b *binder) delete(st *ast.Delete, parent *scope) *bound {
	parent, wraps := b.withOf(st.With, parent)
	tg := b.dmlTarget(st.Table, "delete from")
	t, s := tg.t, b.newScope(parent)
	e, rel, scan, key := b.scanTarget(tg)
	s.add(e)
	del := &LDelete{Table: t, TableCols: scan.ColIDs[:len(t.Columns)], RowKey: key}
	del.Input = b.ordered(s, b.dmlFrom(s, rel, st.Using, st.Where), st.OrderBy, st.Limit)
	_, del.Parts = b.tableExprs(t)
	out := &bound{}
	if st.Returning != nil {
		b.oldAndNew(s, tg, del.TableCols, nil)
		del.Returning, del.ColIDs, out.names = b.returning(s, st.Returning)
		out.cols = del.ColIDs
	}
	out.rel = wrapWith(del, wraps)
	return out
}
