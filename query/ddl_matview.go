package query

import (
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// createTableAs makes a table or a materialized view of a query's columns and fills it.
func (d *definer) createTableAs(st *ast.CreateTableAs) error {
	if len(st.Options) > 0 {
		return refuse(st.Options[0].Pos(), "the storage parameter %q", st.Options[0].Name)
	}
	name, err := d.placed(st.Name, st.Persistence, "CREATE UNLOGGED TABLE AS", st.Pos())
	if err != nil {
		return err
	}
	schema, exists, err := d.target(name, st.IfNotExists)
	if err != nil {
		return err
	}
	if exists {
		return d.r.done(ddlName(st))
	}
	t := &catalog.Table{DB: d.s.db.ID, Schema: schema, Name: name.Name, NextColumn: 1}
	if t.ID, err = d.e.NewID(); err != nil {
		return err
	}
	q, params, err := d.sourceOf(st, t)
	if err != nil {
		return err
	}
	if err := asColumns(t, q, st); err != nil {
		return err
	}
	m := &tableMaker{definer: d, t: t}
	if err := m.primaryKey(); err != nil {
		return err
	}
	if err := d.noteOnCommit(t, st.OnCommit, st.Pos()); err != nil {
		return err
	}
	if err := d.put(t); err != nil {
		return err
	}
	n := int64(0)
	if !st.NoData {
		if n, err = d.fill(d.e.Table(t.ID), q, params); err != nil {
			return err
		}
	}
	if st.NoData {
		return d.r.done(ddlName(st))
	}
	d.r.command, d.r.rows = "SELECT", n
	if err := d.r.sink.Begin(d.r.number, nil); err != nil {
		return err
	}
	return d.r.sink.End(Tag{Command: "SELECT", Rows: n, Write: true})
}

// sourceOf binds the query of CREATE … AS, which for a materialized view is kept.
func (d *definer) sourceOf(st *ast.CreateTableAs, t *catalog.Table) (*plan.Query, []Param, error) {
	switch src := st.Query.(type) {
	case *ast.Select:
		if st.Kind != ast.KindMatView {
			q, err := plan.Bind(d.s.scope(d.e.Snapshot, d.r.given()), src)
			return q, nil, err
		}
		stored, err := d.storeQuery(src, st.Columns, st.Pos())
		if err != nil {
			return nil, nil, err
		}
		if stored.temp {
			return nil, nil, dberr.SQL(dberr.StateFeatureNotSupported, "materialized views must not use temporary tables or views").At(st.Pos())
		}
		t.Kind, t.Query, t.Reads, t.Populated = catalog.Materialized, stored.text, stored.reads, !st.NoData
		q, err := d.storedPlan(stored.text)
		return q, nil, err
	case *ast.Execute:
		if st.Kind == ast.KindMatView {
			break
		}
		p, params, err := d.r.bindExecute(src)
		if err != nil {
			return nil, nil, err
		}
		q, err := plan.Bind(d.s.scope(d.e.Snapshot, params), p.stmt)
		if err == nil && q.Out == nil {
			err = dberr.SQL(dberr.StateWrongObjectType, "prepared statement is not a SELECT").At(st.Pos())
		}
		return q, params, err
	}
	return nil, nil, refuse(st.Pos(), "%s of this statement", ddlName(st))
}

// asColumns gives a table the columns of a query.
func asColumns(t *catalog.Table, q *plan.Query, st *ast.CreateTableAs) error {
	if len(st.Columns) > len(q.Out) {
		return dberr.SQL(dberr.StateSyntax, "too many column names were specified").At(st.Pos())
	}
	for i, c := range q.Out {
		col := catalog.Column{ID: t.NextColumn, Name: q.Info[c].Name, Type: q.Info[c].Type}
		if i < len(st.Columns) {
			col.Name = st.Columns[i]
		}
		if t.Column(col.Name) >= 0 {
			return dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", col.Name).At(st.Pos())
		}
		if err := ownColumnName(col.Name, st.Pos()); err != nil {
			return err
		}
		if err := storable(col.Type, col.Name, st.Pos()); err != nil {
			return err
		}
		t.NextColumn++
		t.Columns = append(t.Columns, col)
	}
	return nil
}

// storable refuses the types that a column cannot have.
func storable(t sqltype.Type, name string, pos int) error {
	row := t.ID == sqltype.Record || t.ID == sqltype.Array && t.Elem == sqltype.Record
	if row && t.Mod <= 0 { // a row without a type of its own
		return dberr.SQL(dberr.StateInvalidTableDefinition, "column %q has pseudo-type record", name).
			WithHint("CREATE TYPE name AS (…) makes a type, to which the row can be cast.").At(pos)
	}
	if t.ID == sqltype.Void || t.ID == sqltype.Unknown {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "column %q has pseudo-type %s", name, t.Name()).At(pos)
	}
	return nil
}

// fill inserts the rows of a bound query into a new table.
func (d *definer) fill(t *catalog.Table, q *plan.Query, values []Param) (int64, error) {
	p := &plan.LProject{Input: q.Rel}
	for _, c := range q.Out {
		p.Exprs, p.ColIDs = append(p.Exprs, q.Ref(c)), append(p.ColIDs, q.NewCol(q.Info[c].Name, q.Info[c].Type))
	}
	in := &plan.LInsert{Table: t, Input: p, TableCols: p.ColIDs}
	var err error
	if in.Parts, err = plan.BindIndexExprs(d.scope(), t); err != nil {
		return 0, err
	}
	q.Rel = in
	q.Out = nil
	if _, err := d.s.lockUsed(d.r.ctx, usedTables(q, d.e.Snapshot)); err != nil {
		return 0, err
	}
	source := d.s.e.newPlanSource(d.r.ctx)
	res, err := opt.Optimize(q, source, d.s.e.opts.Planner)
	if err != nil {
		return 0, err
	}
	c := &compiled{root: res.Root, params: q.Params}
	if values != nil {
		d.r.params = values
	}
	params, err := d.r.values(c)
	if err != nil {
		return 0, err
	}
	return d.s.runPlan(d.r.ctx, c, params, d.r.env(), nil)
}

// refreshView runs the query of a materialized view again. Readers see the old rows
// until the commit.
func (d *definer) refreshView(st *ast.RefreshMatView) error {
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		return err
	}
	if rel.Table == nil || rel.Index != nil || rel.Table.Kind != catalog.Materialized {
		return dberr.SQL(dberr.StateFeatureNotSupported, "%q is not a materialized view", st.Name.Name).At(st.Name.Pos())
	}
	if err := d.notKept(rel.Table, "REFRESH of", st.Pos()); err != nil {
		return err
	}
	t := rel.Table.Clone()
	if st.Concurrently {
		switch {
		case st.NoData:
			return dberr.SQL(dberr.StateSyntax, "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together").At(st.Pos())
		case !t.Populated:
			return dberr.SQL(dberr.StateFeatureNotSupported, "CONCURRENTLY cannot be used when the materialized view is not populated").At(st.Pos())
		case !plainKey(t):
			return dberr.SQL(dberr.StateObjectNotReady, "cannot refresh materialized view %q concurrently", t.Schema+"."+t.Name).
				WithHint("Create a unique index with no WHERE clause on one or more columns of the materialized view.")
		}
	}
	if err := d.freshIndexes(t); err != nil {
		return err
	}
	t.Populated = !st.NoData
	if err := d.put(t); err != nil {
		return err
	}
	d.s.touch(t)
	if st.NoData {
		return nil
	}
	q, err := d.storedPlan(t.Query)
	if err != nil {
		return fmt.Errorf("refresh %q: %w", t.Name, unplaced(err))
	}
	_, err = d.fill(d.e.Table(t.ID), q, nil)
	return err
}

// storedPlan binds a stored query.
func (d *definer) storedPlan(text string) (*plan.Query, error) {
	sel, err := parseQuery(text)
	if err != nil {
		return nil, err
	}
	return plan.Bind(d.scope(), sel)
}

// plainKey reports whether a unique index covers all rows of a table by columns alone.
func plainKey(t *catalog.Table) bool {
	for i := range t.Indexes {
		x := &t.Indexes[i]
		if x.Primary || !x.Unique || x.Predicate != "" || x.Building {
			continue
		}
		plain := true
		for _, k := range x.Columns {
			plain = plain && k.Expr == ""
		}
		if plain {
			return true
		}
	}
	return false
}
