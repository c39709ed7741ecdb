package query

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
)

// comment runs COMMENT ON.
func (d *definer) comment(st *ast.Comment) error {
	value := ""
	if st.Text != nil {
		value = *st.Text
	}
	d.changed = true
	switch st.Kind {
	case ast.KindSchema:
		name := st.Name.Name
		if !d.e.HasSchema(name) {
			return dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", name).At(st.Pos())
		}
		if catalog.Reserved(name) {
			return dberr.SQL(dberr.StateInsufficientPrivilege, "must be owner of schema %s", name).At(st.Pos())
		}
		return d.e.PutSchema(&catalog.Schema{Name: name, Comment: value})
	case ast.KindType, ast.KindDomain:
		t := d.findType(st.Name)
		if t == nil {
			return dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", dotted(st.Name)).At(st.Name.Pos())
		}
		t = t.Clone()
		t.Comment = value
		return d.e.PutType(t)
	case ast.KindFunction:
		f, err := d.findFunction(st.Func)
		if err != nil {
			return err
		}
		f = f.Clone()
		f.Comment = value
		return d.e.PutFunction(f)
	case ast.KindDatabase:
		return refuse(st.Pos(), "COMMENT ON DATABASE")
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		return err
	}
	switch st.Kind {
	case ast.KindColumn:
		return d.commentColumn(rel, st, value)
	case ast.KindConstraint:
		return d.commentConstraint(rel, st, value)
	}
	if want := kindWord(st.Kind); rel.Kind() != want {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not %s", st.Name.Name, article(want)).At(st.Name.Pos())
	}
	switch {
	case rel.Index != nil:
		t := rel.Table.Clone()
		for i := range t.Indexes {
			if t.Indexes[i].ID == rel.Index.ID {
				t.Indexes[i].Comment = value
			}
		}
		return d.e.PutTable(t)
	case rel.Table != nil:
		t := rel.Table.Clone()
		t.Comment = value
		return d.e.PutTable(t)
	case rel.View != nil:
		v := *rel.View
		v.Comment = value
		return d.e.PutView(&v)
	}
	q := *rel.Sequence
	q.Comment = value
	return d.putSequence(&q)
}

func (d *definer) commentColumn(rel catalog.Relation, st *ast.Comment, value string) error {
	if rel.Table == nil || rel.Index != nil {
		if rel.View != nil {
			return d.commentViewColumn(*rel.View, st, value)
		}
		return dberr.SQL(dberr.StateWrongObjectType, "cannot set comment on relation %q", st.Name.Name).
			WithDetail("This operation is not supported for %s.", plural(rel.Kind())).At(st.Name.Pos())
	}
	t := rel.Table.Clone()
	i, err := columnIndex(t, st.Sub, st.Pos())
	if err != nil {
		return err
	}
	t.Columns[i].Comment = value
	return d.e.PutTable(t)
}

func (d *definer) commentViewColumn(v catalog.View, st *ast.Comment, value string) error {
	i := slices.IndexFunc(v.Columns, func(c catalog.ViewColumn) bool { return c.Name == st.Sub })
	if i < 0 {
		return dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", st.Sub, v.Name).At(st.Pos())
	}
	v.Columns = slices.Clone(v.Columns)
	v.Columns[i].Comment = value
	return d.e.PutView(&v)
}

func (d *definer) commentConstraint(rel catalog.Relation, st *ast.Comment, value string) error {
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", st.Name.Name).At(st.Name.Pos())
	}
	t := rel.Table.Clone()
	found := false
	for i := range t.Checks {
		if t.Checks[i].Name == st.Sub {
			t.Checks[i].Comment, found = value, true
		}
	}
	for i := range t.ForeignKeys {
		if t.ForeignKeys[i].Name == st.Sub {
			t.ForeignKeys[i].Comment, found = value, true
		}
	}
	for i := range t.Indexes {
		if t.Indexes[i].Constraint && t.Indexes[i].Name == st.Sub {
			t.Indexes[i].Comment, found = value, true
		}
	}
	if !found {
		return dberr.SQL(dberr.StateUndefinedObject, "constraint %q for table %q does not exist", st.Sub, t.Name).At(st.Pos())
	}
	return d.e.PutTable(t)
}
