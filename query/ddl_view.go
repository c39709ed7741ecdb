package query

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// storedQuery is a query as it is kept: its text with full names, its columns and
// what it reads.
type storedQuery struct {
	text    string
	columns []catalog.ViewColumn
	reads   []keyspace.ObjectID
	temp    bool // it reads something temporary
}

// storeQuery binds a query and writes it with full names, so that neither the search
// path nor columns added later change what it means.
func (d *definer) storeQuery(sel *ast.Select, names []string, pos int) (*storedQuery, error) {
	if ast.MaxParam(sel) > 0 {
		return nil, dberr.SQL(dberr.StateUndefinedParameter, "there is no parameter $1").At(pos)
	}
	plainText := ast.QueryString(sel)
	q, u, err := plan.BindUses(d.scope(), sel)
	if err != nil {
		return nil, err
	}
	if len(names) > len(q.Out) {
		return nil, dberr.SQL(dberr.StateSyntax, "CREATE VIEW specifies more column names than columns").At(pos)
	}
	out := &storedQuery{text: plainText, reads: u.Reads}
	seen := map[string]bool{}
	for i, c := range q.Out {
		name := q.Info[c].Name
		if i < len(names) {
			name = names[i]
		}
		if seen[name] {
			return nil, dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", name).At(pos)
		}
		seen[name] = true
		if t := q.Info[c].Type; t.ID == sqltype.Record && t.Mod == 0 {
			return nil, dberr.SQL(dberr.StateInvalidTableDefinition, "column %q has pseudo-type record", name).At(pos)
		}
		out.columns = append(out.columns, catalog.ViewColumn{Name: name, Type: q.Info[c].Type})
	}
	for _, rel := range u.Tables {
		out.temp = out.temp || rel.Table != nil && isTemp(rel.Table.Schema) || rel.View != nil && isTemp(rel.View.Schema)
	}
	u.Expand(sel)
	if full := ast.QueryString(sel); d.sameQuery(full, q) {
		out.text = full
	}
	return out, nil
}

// sameQuery checks that a rewritten text still binds to the same columns.
func (d *definer) sameQuery(text string, q *plan.Query) bool {
	sel, err := parseQuery(text)
	if err != nil {
		return false
	}
	again, _, err := plan.BindUses(d.scope(), sel)
	if err != nil || len(again.Out) != len(q.Out) {
		return false
	}
	for i, c := range again.Out {
		if again.Info[c] != q.Info[q.Out[i]] {
			return false
		}
	}
	return true
}

var errNoQuery = errors.New("the stored text is no query")

func parseQuery(text string) (*ast.Select, error) {
	stmts, err := parse.Parse(text, parse.Limits{})
	if err != nil {
		return nil, err
	}
	if len(stmts) == 1 {
		if sel, ok := stmts[0].(*ast.Select); ok {
			return sel, nil
		}
	}
	return nil, errNoQuery
}

// createView checks the query and stores its text.
func (d *definer) createView(st *ast.CreateView) error {
	if st.Persistence == ast.Unlogged {
		return dberr.SQL(dberr.StateSyntax, "views cannot be unlogged because they do not have storage").At(st.Pos())
	}
	options, err := viewOptions(nil, st.Options, st.Check)
	if err != nil {
		return err
	}
	q, err := d.storeQuery(st.Query, st.Columns, st.Pos())
	if err != nil {
		return err
	}
	name := st.Name
	if (st.Persistence == ast.Temporary || q.temp) && name.Schema == "" {
		if name.Schema, err = d.tempSchema(); err != nil {
			return err
		}
	}
	schema, exists, err := d.target(name, st.OrReplace)
	if err != nil {
		return err
	}
	v := &catalog.View{Schema: schema, Name: name.Name, Query: q.text, Columns: q.columns, DependsOn: q.reads, Options: options}
	if err := d.checkable(v, st.Pos()); err != nil {
		return err
	}
	if exists {
		old, _ := d.e.Lookup(schema, name.Name)
		if old.View == nil {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not a view", name.Name).At(name.Pos())
		}
		if err := sameView(old.View, v); err != nil {
			return err
		}
		if d.reads(v.DependsOn, old.View.ID) {
			return dberr.SQL("42P17", "infinite recursion detected in rules for relation %q", name.Name)
		}
		v.ID, v.Comment = old.View.ID, old.View.Comment
		for i := range old.View.Columns {
			v.Columns[i].Comment, v.Columns[i].Default = old.View.Columns[i].Comment, old.View.Columns[i].Default
		}
	} else if v.ID, err = d.e.NewID(); err != nil {
		return err
	}
	d.changed = true
	return d.e.PutView(v)
}

// reads reports whether one of the relations is or reads another.
func (d *definer) reads(list []keyspace.ObjectID, id keyspace.ObjectID) bool {
	for _, r := range list {
		if r == id {
			return true
		}
		if v := d.e.View(r); v != nil && d.reads(v.DependsOn, id) {
			return true
		}
	}
	return false
}

// sameView checks that a view replaces another without changing its columns.
func sameView(old, v *catalog.View) error {
	if len(v.Columns) < len(old.Columns) {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "cannot drop columns from view")
	}
	for i, c := range old.Columns {
		if v.Columns[i].Name != c.Name {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "cannot change name of view column %q to %q", c.Name, v.Columns[i].Name).
				WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
		}
		if v.Columns[i].Type != c.Type {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "cannot change data type of view column %q from %s to %s", c.Name, c.Type, v.Columns[i].Type)
		}
	}
	return nil
}

// reader is a view or materialized view with its query.
type reader struct {
	view  *catalog.View
	table *catalog.Table
	fn    *catalog.Function // or a function whose body has full names
}

func (r reader) text() string {
	if r.view != nil {
		return r.view.Query
	}
	if r.fn != nil {
		return r.fn.Body
	}
	return r.table.Query
}

func (r reader) name() string {
	if r.view != nil {
		return "view " + r.view.Name
	}
	if r.fn != nil {
		return "function " + signature(r.fn)
	}
	return "materialized view " + r.table.Name
}

// readers lists the views and materialized views that read a relation directly.
func (d *definer) readers(id keyspace.ObjectID) (list []reader) {
	for _, v := range d.e.ViewsOn(id) {
		list = append(list, reader{view: v})
	}
	for _, t := range d.e.MaterializedOn(id) {
		list = append(list, reader{table: t})
	}
	for _, f := range d.e.Functions() {
		if slices.Contains(f.Reads, id) {
			list = append(list, reader{fn: f})
		}
	}
	return list
}

// uses binds the query of a view.
func (d *definer) uses(r reader) (*ast.Select, *plan.Uses, error) {
	sel, err := parseQuery(r.text())
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", r.name(), err)
	}
	var u *plan.Uses
	if r.fn != nil {
		u, err = plan.FunctionUses(d.scope(), r.fn, sel)
	} else {
		_, u, err = plan.BindUses(d.scope(), sel)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", r.name(), unplaced(err))
	}
	return sel, u, nil
}

// columnReaders lists the views that use a column of a relation.
func (d *definer) columnReaders(c plan.ColumnUse) (list []reader, err error) {
	for _, r := range d.readers(c.Relation) {
		_, u, err := d.uses(r)
		if err != nil {
			return nil, err
		}
		if u.Used[c] {
			list = append(list, r)
		}
	}
	return list, nil
}

func (d *definer) dropReader(r reader) error {
	if r.fn != nil {
		return d.dropFunction(r.fn.ID, true)
	}
	if r.view != nil {
		return d.dropView(r.view.ID, true)
	}
	return d.dropTable(r.table.ID, true)
}

// rewritten is the text of a view that is to be stored once what it names has changed.
type rewritten struct {
	r    reader
	text string
}

// follow rewrites the texts of the views that read a relation. change is given each
// query with its uses; where it returns false the statement is refused.
func (d *definer) follow(id keyspace.ObjectID, change func(sel *ast.Select, u *plan.Uses) bool) (list []rewritten, err error) {
	for _, r := range d.readers(id) {
		sel, u, err := d.uses(r)
		if err != nil {
			return nil, err
		}
		if !change(sel, u) {
			return nil, refuse(0, "a rename that %s would have to follow through USING or NATURAL", r.name())
		}
		list = append(list, rewritten{r, ast.QueryString(sel)})
	}
	return list, nil
}

// store keeps rewritten texts, and checks that they are still right.
func (d *definer) store(list []rewritten) error {
	for _, w := range list {
		if w.r.view != nil {
			v := *d.e.View(w.r.view.ID)
			v.Query = w.text
			if err := d.e.PutView(&v); err != nil {
				return err
			}
			continue
		}
		if w.r.fn != nil {
			f := d.e.Function(w.r.fn.ID).Clone()
			f.Body = w.text
			if err := d.e.PutFunction(f); err != nil {
				return err
			}
			continue
		}
		t := d.e.Table(w.r.table.ID).Clone()
		t.Query = w.text
		if err := d.e.PutTable(t); err != nil {
			return err
		}
	}
	for _, w := range list {
		sel, err := parseQuery(w.text)
		if err != nil {
			return fmt.Errorf("rewrite %s: %w", w.r.name(), err)
		}
		if w.r.fn != nil {
			if _, err := plan.FunctionUses(d.scope(), d.e.Function(w.r.fn.ID), sel); err != nil {
				return dberr.SQL(dberr.StateFeatureNotSupported, "a rename that %s would have to follow is not supported", w.r.name()).Wrap(err)
			}
			continue
		}
		q, _, err := plan.BindUses(d.scope(), sel)
		if err != nil {
			return dberr.SQL(dberr.StateFeatureNotSupported, "a rename that %s would have to follow is not supported", w.r.name()).Wrap(err)
		}
		if w.r.view != nil && len(q.Out) != len(w.r.view.Columns) {
			return dberr.SQL(dberr.StateFeatureNotSupported, "a rename that %s would have to follow is not supported", w.r.name())
		}
	}
	return nil
}
