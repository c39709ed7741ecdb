package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// MERGE is bound to what the planner knows already: a named query joins source and
// target and says for each row which WHEN clause is its, and each clause is a change
// of data over the rows that are its, in a named query of its own. Deletions come
// first, then updates, then insertions.

// merging is a MERGE on the way.
type merging struct {
	b      *binder
	st     *ast.Merge
	parent *scope
	t      *catalog.Table
	tg     *dmlTarget

	source  *fromItem
	target  *entry
	scan    *LScan
	key     Col // of the target row, NULL where there is none
	present Col // true where there is a source row
	join    *LWith
	action  int // of LWith.Plan's columns: the number of the clause, from 1; 0 for none
}

func (b *binder) merge(st *ast.Merge, parent *scope) *bound {
	parent, wraps := b.withOf(st.With, parent)
	tg := b.dmlTarget(st.Table, mergeVerbs(st)...)
	m := &merging{b: b, st: st, parent: parent, t: tg.t, tg: tg}
	m.checkWhens()
	m.bindJoin()
	return m.finish(wraps)
}

// mergeVerbs are the kinds of change that a MERGE makes.
func mergeVerbs(st *ast.Merge) (verbs []string) {
	for _, w := range st.Whens {
		switch w.Action {
		case ast.MergeInsert:
			verbs = append(verbs, "insert into")
		case ast.MergeUpdate:
			verbs = append(verbs, "update")
		case ast.MergeDelete:
			verbs = append(verbs, "delete from")
		}
	}
	return verbs
}

// checkWhens refuses clauses that no row can come to.
func (m *merging) checkWhens() {
	done := map[ast.MergeMatch]bool{}
	for i := range m.st.Whens {
		w := &m.st.Whens[i]
		if done[w.Match] {
			failAt(m.st.Pos(), dberr.StateSyntax, "unreachable WHEN clause specified after unconditional WHEN clause")
		}
		done[w.Match] = w.Cond == nil
	}
}

// bindJoin binds the join of source and target, with the clause of each row.
func (m *merging) bindJoin() {
	b := m.b
	src := b.newScope(m.parent)
	m.source = b.tableExpr(src, m.st.Using)
	src.tables, src.vis, src.hidden = m.source.tables, m.source.vis, []string{m.tg.alias}
	e, rows, scan, key := b.scanTarget(m.tg)
	target := (&fromItem{rel: rows}).single(e)
	m.target, m.scan, m.key = e, scan, key
	b.noDuplicates(m.source.tables, target.tables, m.st.Using.Pos())
	m.present = b.q.NewCol("present", sqltype.TBool)
	mark := &LProject{Input: m.source.rel}
	for _, c := range m.source.rel.Cols() {
		mark.Exprs, mark.ColIDs = append(mark.Exprs, b.q.Ref(c)), append(mark.ColIDs, c)
	}
	mark.Exprs, mark.ColIDs = append(mark.Exprs, &Const{Typ: sqltype.TBool, Value: sqltype.Datum{Int: 1}}), append(mark.ColIDs, m.present)
	both := b.newScope(m.parent)
	both.tables = append(append(both.tables, m.source.tables...), target.tables...)
	both.vis = append(append(both.vis, m.source.vis...), target.vis...)
	both.what, both.noAgg, both.noWin = "MERGE", "JOIN conditions", "JOIN conditions"
	join := &LJoin{Kind: Inner, Left: mark, Right: rows, On: Conjuncts(b.boolean(both, m.st.On, "JOIN/ON"))}
	has := map[ast.MergeMatch]bool{}
	for _, w := range m.st.Whens {
		has[w.Match] = true
	}
	switch {
	case has[ast.NotMatched] && has[ast.NotMatchedBySource]:
		join.Kind = Full
	case has[ast.NotMatched]:
		join.Kind = Left
	case has[ast.NotMatchedBySource]:
		join.Kind, join.Left, join.Right = Left, join.Right, join.Left
	}
	p := &LProject{Input: join}
	for _, c := range join.Cols() {
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, c)
	}
	m.action = len(p.ColIDs)
	which := m.clause(src, b.tableScope(m.parent, target), both)
	p.Exprs, p.ColIDs = append(p.Exprs, which), append(p.ColIDs, b.q.NewCol("action", sqltype.TInt4))
	b.q.withIDs++
	m.join = &LWith{ID: b.q.withIDs, Name: "merge", Plan: p, Materialized: true}
}

func (b *binder) tableScope(parent *scope, item *fromItem) *scope {
	s := b.newScope(parent)
	s.tables, s.vis = item.tables, item.vis
	return s
}

// clause is the number of the clause that a row of the join comes to.
func (m *merging) clause(source, target, both *scope) Expr {
	b := m.b
	c := &Case{Typ: sqltype.TInt4, Else: number(0)}
	for i := range m.st.Whens {
		w := &m.st.Whens[i]
		s, conds := both, []Expr(nil)
		switch w.Match {
		case ast.Matched:
			conds = []Expr{m.is(m.key, true), m.is(m.present, true)}
		case ast.NotMatched:
			s, conds = source, []Expr{m.is(m.key, false)}
		case ast.NotMatchedBySource:
			s, conds = target, []Expr{m.is(m.present, false)}
		}
		if w.Cond != nil {
			s.what, s.noAgg, s.noWin = "MERGE WHEN", "MERGE WHEN conditions", "MERGE WHEN conditions"
			conds = append(conds, b.boolean(s, w.Cond, "WHEN"))
		}
		n := i + 1
		if w.Action == ast.MergeNothing {
			n = 0
		}
		c.Conds, c.Results = append(c.Conds, Conjunction(conds)), append(c.Results, number(n))
	}
	return c
}

func number(n int) *Const {
	return &Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: int64(n)}}
}

// is tests whether a column of the join is there.
func (m *merging) is(c Col, there bool) Expr { return &IsNull{Arg: m.b.q.Ref(c), Not: there} }

// rows are the rows of the join that come to clause n, under new columns.
type mergeRows struct {
	rel    Rel
	of     map[Col]Col // columns of the join as they are here
	source *scope      // what the names of the source are here
	both   *scope
	target []Col
}

func (m *merging) rows(n int) *mergeRows {
	b := m.b
	ref := &LWithRef{ID: m.join.ID, Name: m.join.Name, Source: m.join.Plan.Cols()}
	r := &mergeRows{of: map[Col]Col{}}
	for _, c := range ref.Source {
		id := b.q.NewCol(b.q.Info[c].Name, b.q.Info[c].Type)
		ref.ColIDs = append(ref.ColIDs, id)
		r.of[c] = id
	}
	r.rel = &LFilter{Input: ref, Conds: []Expr{b.operator("=", b.q.Ref(ref.ColIDs[m.action]), number(n), 0)}}
	for i := range m.t.Columns {
		r.target = append(r.target, r.of[m.scan.ColIDs[i]])
	}
	r.source, r.both = b.newScope(m.parent), b.newScope(m.parent)
	for _, e := range m.source.tables {
		r.source.tables = append(r.source.tables, r.moved(b, e))
	}
	for _, v := range m.source.vis {
		v.expr = r.expr(b, v.expr)
		r.source.vis = append(r.source.vis, v)
	}
	r.both.tables = append([]*entry(nil), r.source.tables...)
	r.both.vis = append([]visible(nil), r.source.vis...)
	r.source.hidden = []string{m.tg.alias}
	r.both.add(r.moved(b, m.target))
	return r
}

// expr is an expression over the join in the columns of the rows.
func (r *mergeRows) expr(b *binder, e Expr) Expr {
	return Map(e, func(x Expr) Expr {
		if v, ok := x.(*Var); ok {
			if c, ok := r.of[v.Col]; ok {
				return b.q.Ref(c)
			}
		}
		return x
	})
}

func (r *mergeRows) moved(b *binder, e *entry) *entry {
	c := &entry{schema: e.schema, name: e.name, table: e.table}
	for _, v := range e.cols {
		v.expr, v.from = r.expr(b, v.expr), c
		c.cols = append(c.cols, v)
	}
	return c
}

// finish binds the clauses and puts all together.
func (m *merging) finish(wraps []*LWith) *bound {
	b := m.b
	b.q.Writes = true
	out := &bound{}
	wraps = append(wraps, m.join)
	var body Rel
	for _, action := range []ast.MergeAction{ast.MergeDelete, ast.MergeUpdate, ast.MergeInsert} {
		for i := range m.st.Whens {
			w := &m.st.Whens[i]
			if w.Action != action {
				continue
			}
			rel, cols, names := m.change(i+1, w)
			b.q.withIDs++
			lw := &LWith{ID: b.q.withIDs, Name: "change", Plan: rel, Modifies: true, Materialized: true}
			wraps = append(wraps, lw)
			ref := &LWithRef{ID: lw.ID, Name: lw.Name, Source: cols}
			for _, c := range cols {
				ref.ColIDs = append(ref.ColIDs, b.q.NewCol(b.q.Info[c].Name, b.q.Info[c].Type))
			}
			if body == nil {
				body, out.cols, out.names = ref, ref.ColIDs, names
				continue
			}
			op := &LSetOp{Kind: Union, All: true, Left: body, Right: ref}
			for k, c := range ref.ColIDs {
				op.ColIDs = append(op.ColIDs, b.q.NewCol(names[k], b.q.TypeOf(c)))
			}
			body, out.cols = op, op.ColIDs
		}
	}
	if body == nil {
		body = m.nothing(out)
	}
	out.rel = wrapWith(body, wraps)
	if m.st.Returning == nil {
		out.cols, out.names = nil, nil
	}
	return out
}

// nothing is the result of a MERGE that changes nothing.
func (m *merging) nothing(out *bound) Rel {
	b := m.b
	r := m.rows(0)
	p := &LProject{Input: &LFilter{Input: r.rel, Conds: []Expr{&Const{Typ: sqltype.TBool}}}}
	p.Exprs, p.ColIDs, out.names = m.returning(r.both, "")
	if m.st.Returning == nil {
		p.Exprs, p.ColIDs, out.names = []Expr{number(1)}, []Col{b.q.NewCol("one", sqltype.TInt4)}, []string{"one"}
	}
	out.cols = p.ColIDs
	return p
}

// change binds what a clause does to its rows.
func (m *merging) change(n int, w *ast.MergeWhen) (rel Rel, cols []Col, names []string) {
	b, t, r := m.b, m.t, m.rows(n)
	key := r.of[m.key]
	switch w.Action {
	case ast.MergeDelete:
		del := &LDelete{Table: t, Input: r.rel, TableCols: r.target, RowKey: key, Strict: true}
		_, del.Parts = b.tableExprs(t)
		b.oldAndNew(r.both, m.tg, r.target, nil)
		del.Returning, del.ColIDs, names = m.returning(r.both, "DELETE")
		return del, del.ColIDs, names
	case ast.MergeUpdate:
		up := &LUpdate{Table: t, TableCols: r.target, RowKey: key, Strict: true}
		old := b.copied(&r.rel, r.target)
		up.Input = r.rel
		r.both.noAgg, r.both.noWin, r.both.what = "UPDATE", "UPDATE", "UPDATE"
		up.Sets = b.sets(r.both, m.tg, r.target, w.Sets, "merge into")
		b.regenerate(t, up)
		for _, c := range t.Columns {
			up.NewCols = append(up.NewCols, b.q.NewCol(c.Name, c.Type))
		}
		up.Checks, up.Parts = b.tableExprs(t)
		up.Views = b.viewChecks(m.tg, up.NewCols)
		after := b.newScope(m.parent)
		after.tables = append(after.tables, r.source.tables...)
		after.vis = append(after.vis, r.source.vis...)
		after.add(b.targetEntry(m.tg, up.NewCols))
		b.oldAndNew(after, m.tg, old, up.NewCols)
		up.Returning, up.ColIDs, names = m.returning(after, "UPDATE")
		return up, up.ColIDs, names
	}
	return m.insertion(w, r)
}

// insertion binds WHEN NOT MATCHED THEN INSERT. What it returns is over the columns of
// the new row alone, so those of the source are computed beside it.
func (m *merging) insertion(w *ast.MergeWhen, r *mergeRows) (rel Rel, cols []Col, names []string) {
	b, t := m.b, m.t
	p := &LProject{Input: r.rel, Exprs: make([]Expr, len(t.Columns))}
	m.insertValues(w, r, p)
	for i := range p.Exprs {
		if p.Exprs[i] == nil {
			p.Exprs[i] = b.targetDefault(m.tg, i, m.st.Pos())
		}
		p.ColIDs = append(p.ColIDs, b.q.NewCol(t.Columns[i].Name, t.Columns[i].Type))
	}
	b.generated(t, p)
	in := &LInsert{Table: t, TableCols: p.ColIDs[:len(t.Columns):len(t.Columns)]}
	for _, c := range r.rel.Cols() { // the source's columns go along, for RETURNING
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, c)
	}
	in.Input, in.Along = p, p.ColIDs[len(t.Columns):]
	in.Checks, in.Parts = b.tableExprs(t)
	in.Views = b.viewChecks(m.tg, in.TableCols)
	after := b.newScope(m.parent)
	after.tables = append(after.tables, r.source.tables...)
	after.vis = append(after.vis, r.source.vis...)
	after.add(b.targetEntry(m.tg, in.TableCols))
	b.oldAndNew(after, m.tg, nil, in.TableCols)
	in.Returning, in.ColIDs, names = m.returning(after, "INSERT")
	return in, in.ColIDs, names
}

func (m *merging) insertValues(w *ast.MergeWhen, r *mergeRows, p *LProject) {
	b, t := m.b, m.t
	if w.Values == nil {
		return
	}
	at := b.insertTargets(m.tg, w.Columns)
	switch {
	case len(w.Values) > len(at):
		failAt(w.Values[len(at)].Pos(), dberr.StateSyntax, "INSERT has more expressions than target columns")
	case len(w.Values) < len(at) && len(w.Columns) > 0:
		failAt(w.Columns[len(w.Values)].Pos(), dberr.StateSyntax, "INSERT has more target columns than expressions")
	}
	b.resolveTargets(m.tg, at[:len(w.Values)], "merge into")
	st := &ast.Insert{Overriding: w.Overriding}
	r.source.what, r.source.noAgg, r.source.noWin = "VALUES", "VALUES", "VALUES"
	for k, e := range w.Values {
		i := at[k].col
		if _, ok := e.(*ast.Default); ok {
			if len(at[k].target.Path) > 0 {
				b.noPartDefault(at[k].target)
			}
			continue
		}
		c := &t.Columns[i]
		b.identity(st, t, i, e.Pos())
		if w.Overriding == ast.OverridingUser && c.Identity != 0 {
			continue
		}
		if c.Generated != "" {
			fail(dberr.SQL(dberr.StateGeneratedAlways, "cannot insert a non-DEFAULT value into column %q", c.Name).
				WithDetail("Column %q is a generated column.", c.Name).At(e.Pos()))
		}
		p.Exprs[i] = b.insertValue(r.source, t, at[k], p.Exprs[i], b.expr(r.source, e), e.Pos())
	}
}

// returning binds RETURNING of one clause, in which merge_action() is known.
func (m *merging) returning(s *scope, action string) (exprs []Expr, cols []Col, names []string) {
	b := m.b
	if m.st.Returning == nil {
		return []Expr{number(1)}, []Col{b.q.NewCol("one", sqltype.TInt4)}, []string{"one"}
	}
	old := b.mergeAction
	b.mergeAction = &action
	defer func() { b.mergeAction = old }()
	return b.returning(s, m.st.Returning)
}

// copied adds copies of columns to a relation, which keep what they were before a change.
func (b *binder) copied(rel *Rel, cols []Col) (copies []Col) {
	p := &LProject{Input: *rel}
	for _, c := range (*rel).Cols() {
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, c)
	}
	for _, c := range cols {
		id := b.q.NewCol(b.q.Info[c].Name, b.q.Info[c].Type)
		copies = append(copies, id)
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, id)
	}
	*rel = p
	return copies
}

// oldAndNew lets RETURNING name the row before and after the change, as old and new,
// where no table has such a name. Nil columns are those of a row that is not there.
func (b *binder) oldAndNew(s *scope, tg *dmlTarget, old, new []Col) {
	add := func(name string, cols []Col) {
		for _, e := range s.tables {
			if e.name == name {
				return
			}
		}
		e := &entry{name: name}
		if cols != nil {
			row := b.targetEntry(tg, cols)
			row.name, row.schema, row.table = name, "", nil
			s.tables = append(s.tables, row)
			return
		}
		for _, c := range tg.columns() {
			e.cols = append(e.cols, visible{name: c.Name, expr: &Const{Typ: c.Type, Value: sqltype.NullDatum}, from: e})
		}
		s.tables = append(s.tables, e) // by its name only
	}
	add("old", old)
	add("new", new)
}

// namesOldOrNew reports whether a list names a row as old or new.
func namesOldOrNew(list []ast.Target, name string) (found bool) {
	for _, t := range list {
		ast.Walk(t.Expr, func(n any) bool {
			if c, ok := n.(*ast.ColumnRef); ok && len(c.Names) > 0 && c.Names[0] == name && (len(c.Names) > 1 || c.Star) {
				found = true
			}
			return !found
		})
	}
	return found
}
