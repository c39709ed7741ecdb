package query

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// typeFields gives a new composite type its fields.
func (d *definer) typeFields(t *catalog.UserType, st *ast.CreateType) error {
	for i := range st.Fields {
		f := &st.Fields[i]
		if fieldIndex(t, f.Name) >= 0 {
			return dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", f.Name).At(f.Pos())
		}
		typ, err := d.fieldType(f.Name, f.Type, f.Collate, f.Pos())
		if err != nil {
			return err
		}
		t.Fields = append(t.Fields, catalog.ViewColumn{Name: f.Name, Type: typ})
	}
	return nil
}

func fieldIndex(t *catalog.UserType, name string) int {
	return slices.IndexFunc(t.Fields, func(f catalog.ViewColumn) bool { return f.Name == name })
}

// fieldType is the type of a field.
func (d *definer) fieldType(name string, n *ast.TypeName, collate []string, pos int) (sqltype.Type, error) {
	typ, user, err := plan.ResolveType(d.scope(), n)
	if err != nil {
		return typ, err
	}
	if user != nil && user.Kind == catalog.Domain {
		return typ, refuse(pos, "a domain as the type of a field")
	}
	if serial, ok := serials[n.Name]; ok && serial == typ && n.Schema == "" {
		return typ, dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", n.Name).At(n.Pos())
	}
	if err := storable(typ, name, n.Pos()); err != nil {
		return typ, err
	}
	return typ, collation(collate, pos)
}

// compositeType finds the type of ALTER TYPE … ATTRIBUTE.
func (d *definer) compositeType(n ast.Name) (*catalog.UserType, error) {
	t := d.findType(n)
	if t == nil || t.Kind != catalog.Composite {
		if _, err := d.s.lookup(d.e.Snapshot, n); err != nil {
			return nil, err
		}
		return nil, dberr.SQL(dberr.StateWrongObjectType, "%q is not a composite type", n.Name).At(n.Pos())
	}
	return t.Clone(), nil
}

// alterAttributes adds, drops and retypes fields of a composite type. The type gets a new
// handle, so that what the old one describes, for transactions that see it, stays as it is.
func (d *definer) alterAttributes(st *ast.AlterTable) error {
	t, err := d.compositeType(st.Name)
	if err != nil {
		return err
	}
	if err := d.typeUnused(t, st.Pos()); err != nil {
		return err
	}
	d.changed = true
	for i := range st.Cmds {
		if err := d.alterAttribute(t, &st.Cmds[i]); err != nil {
			return err
		}
	}
	newHandle(t)
	t.Register()
	return d.e.PutType(t)
}

func (d *definer) alterAttribute(t *catalog.UserType, c *ast.AlterCmd) error {
	switch c.Action {
	case ast.AddColumn:
		f := c.Def
		if len(f.Constraints) > 0 {
			return dberr.SQL(dberr.StateSyntax, "an attribute of a type has no constraints").At(f.Pos())
		}
		if fieldIndex(t, f.Name) >= 0 {
			return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", f.Name, t.Name).At(f.Pos())
		}
		typ, err := d.fieldType(f.Name, f.Type, f.Collate, f.Pos())
		if err != nil {
			return err
		}
		if isType(t, typ, 0) {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "composite type %s cannot be made a member of itself", t.Name).At(f.Pos())
		}
		t.Fields = append(t.Fields, catalog.ViewColumn{Name: f.Name, Type: typ})
		return nil
	case ast.DropColumn, ast.SetType:
	default:
		return refuse(c.Pos(), "%s of ALTER TYPE", actionWords[c.Action])
	}
	i := fieldIndex(t, c.Name)
	switch {
	case i < 0 && c.IfExists:
		return nil
	case i < 0:
		return dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", c.Name, t.Name)
	case c.Action == ast.DropColumn:
		t.Fields = slices.Delete(t.Fields, i, i+1)
		return nil
	case c.Expr != nil:
		return refuse(c.Pos(), "USING of an attribute")
	}
	typ, err := d.fieldType(c.Name, c.Type, c.Collate, c.Pos())
	t.Fields[i].Type = typ
	return err
}

// typeUnused refuses to change the fields of a type that something has values of, which
// would have to change with it.
func (d *definer) typeUnused(t *catalog.UserType, pos int) error {
	used := func(what string, args ...any) error {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot alter type %q because %s uses it", t.Name, fmt.Sprintf(what, args...)).
			WithHint("Make a type with other fields, and change the columns to it by ALTER COLUMN … TYPE … USING.").At(pos)
	}
	for _, tab := range d.e.Tables() {
		for _, c := range tab.Columns {
			if isType(t, c.Type, 0) {
				return used("column \"%s.%s\"", tab.Name, c.Name)
			}
		}
	}
	for _, o := range d.e.UserTypes() {
		for _, f := range o.Fields {
			if isType(t, f.Type, 0) {
				return used("column \"%s.%s\"", o.Name, f.Name)
			}
		}
		if o.Kind == catalog.Domain && isType(t, o.Base, 0) {
			return used("domain %q", o.Name)
		}
	}
	d.dropping = nil
	if d.dropTypeViews(t, false) != nil {
		return used("a view")
	}
	if d.dropTypeTexts(t, false) != nil {
		return used("a default, a constraint or an index")
	}
	return nil
}

// renameAttribute changes the name of a field, which values do not have.
func (d *definer) renameAttribute(st *ast.Rename) error {
	t, err := d.compositeType(st.Name)
	if err != nil {
		return err
	}
	i := fieldIndex(t, st.Old)
	switch {
	case i < 0:
		return dberr.SQL(dberr.StateUndefinedColumn, "column %q does not exist", st.Old).At(st.Pos())
	case fieldIndex(t, st.New) >= 0:
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", st.New, t.Name).At(st.Pos())
	}
	if d.dropTypeViews(t, false) != nil || d.dropTypeTexts(t, false) != nil {
		return refuse(st.Pos(), "RENAME ATTRIBUTE of a type that views, defaults, constraints or indexes name")
	}
	d.changed = true
	t.Fields[i].Name = st.New
	if d.s.work.made[t.ID] {
		t.Register()
	}
	d.s.work.types = append(d.s.work.types, t)
	return d.e.PutType(t)
}
