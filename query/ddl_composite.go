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
		field, err := d.field(f.Name, f.Type, f.Collate, f.Pos())
		if err != nil {
			return err
		}
		t.Fields = append(t.Fields, field)
	}
	return nil
}

func fieldIndex(t *catalog.UserType, name string) int {
	return slices.IndexFunc(t.Fields, func(f catalog.Field) bool { return f.Name == name })
}

// field describes a field.
func (d *definer) field(name string, n *ast.TypeName, collate []string, pos int) (f catalog.Field, err error) {
	typ, user, err := plan.ResolveType(d.scope(), n)
	if err != nil {
		return f, err
	}
	f = catalog.Field{Name: name, Type: typ}
	if user != nil && user.Kind == catalog.Domain {
		f.Domain = user.ID
	}
	if serial, ok := serials[n.Name]; ok && serial == typ && n.Schema == "" {
		return f, dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", n.Name).At(n.Pos())
	}
	if err := storable(typ, name, n.Pos()); err != nil {
		return f, err
	}
	return f, collation(collate, pos)
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
// Values in tables are written anew, where fields are added or dropped; where one gets another
// type, nothing may have any, as in PostgreSQL.
func (d *definer) alterAttributes(st *ast.AlterTable) error {
	t, err := d.compositeType(st.Name)
	if err != nil {
		return err
	}
	retypes := slices.ContainsFunc(st.Cmds, func(c ast.AlterCmd) bool { return c.Action == ast.SetType })
	if err := d.typeUnused(t, retypes, st.Pos()); err != nil {
		return err
	}
	d.changed = true
	from := make([]int, len(t.Fields)) // which field each one was
	for i := range from {
		from[i] = i
	}
	for i := range st.Cmds {
		if from, err = d.alterAttribute(t, &st.Cmds[i], from); err != nil {
			return err
		}
	}
	err = d.reshapeType(t, from)
	if e := dberr.As(err); e != nil && e.SQLState == dberr.StateUndefinedColumn {
		i := max(slices.IndexFunc(st.Cmds, func(c ast.AlterCmd) bool { return c.Action == ast.DropColumn }), 0)
		return dberr.SQL(dberr.StateDependentObjects, "cannot drop column %s of composite type %s because other objects depend on it", st.Cmds[i].Name, t.Name).
			WithDetail("%s", e.Message).At(st.Pos())
	}
	return err
}

// reshapeType stores a composite type with other fields, of which from tells which of the old
// ones they were, and writes its values anew.
func (d *definer) reshapeType(t *catalog.UserType, from []int) error {
	old := t.Handle
	newHandle(t)
	t.Register()
	sqltype.RegisterReshape(old, t.Handle, from)
	if err := d.e.PutType(t); err != nil {
		return err
	}
	return d.changeHandles(map[int32]int32{old: t.Handle})
}

// changeHandles brings new handles of composite types to what is made of them: other types,
// which get new ones too, and columns, of which the rows are written anew.
func (d *definer) changeHandles(to map[int32]int32) error {
	moved := func(t *sqltype.Type) bool {
		handle, ok := to[t.Mod]
		if ok = ok && t.IsComposite(); ok {
			t.Mod = handle
		}
		return ok
	}
	for again := true; again; {
		again = false
		for _, o := range d.e.UserTypes() {
			o, any := o.Clone(), false
			same := make([]int, len(o.Fields))
			for i := range o.Fields {
				same[i] = i
				any = moved(&o.Fields[i].Type) || any
			}
			if !any {
				continue
			}
			again = true
			old := o.Handle
			newHandle(o)
			o.Register()
			sqltype.RegisterReshape(old, o.Handle, same)
			to[old] = o.Handle
			if err := d.e.PutType(o); err != nil {
				return err
			}
		}
	}
	for _, tab := range d.e.Tables() {
		t, any := tab.Clone(), false
		for i := range t.Columns {
			any = moved(&t.Columns[i].Type) || any
		}
		if !any {
			continue
		}
		for i := range t.Indexes {
			for k := range t.Indexes[i].Columns {
				moved(&t.Indexes[i].Columns[k].Type)
			}
		}
		if err := d.rewrite(tab, t, nil); err != nil {
			return err
		}
	}
	for _, v := range d.e.Views() {
		c, any := *v, false
		c.Columns = slices.Clone(v.Columns)
		for i := range c.Columns {
			any = moved(&c.Columns[i].Type) || any
		}
		if any {
			if err := d.e.PutView(&c); err != nil {
				return err
			}
		}
	}
	for _, f := range d.e.Functions() {
		c := f.Clone()
		any := moved(&c.Returns)
		for i := range c.Args {
			any = moved(&c.Args[i].Type) || any
		}
		if any {
			if err := d.e.PutFunction(c); err != nil {
				return err
			}
		}
	}
	for _, v := range d.e.Views() {
		if _, err := d.storedPlan(v.Query); err != nil {
			return err
		}
	}
	return nil
}

// alterAttribute runs one action; from tells which field of before each one is.
func (d *definer) alterAttribute(t *catalog.UserType, c *ast.AlterCmd, from []int) (_ []int, err error) {
	switch c.Action {
	case ast.AddColumn:
		f := c.Def
		if len(f.Constraints) > 0 {
			return nil, dberr.SQL(dberr.StateSyntax, "an attribute of a type has no constraints").At(f.Pos())
		}
		if fieldIndex(t, f.Name) >= 0 {
			return nil, dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", f.Name, t.Name).At(f.Pos())
		}
		field, err := d.field(f.Name, f.Type, f.Collate, f.Pos())
		if err != nil {
			return nil, err
		}
		if typ := field.Type; typ.IsComposite() && d.holders(t)[typ.Mod] {
			return nil, dberr.SQL(dberr.StateInvalidTableDefinition, "composite type %s cannot be made a member of itself", t.Name).At(f.Pos())
		}
		t.Fields = append(t.Fields, field)
		return append(from, -1), nil
	case ast.DropColumn, ast.SetType:
	default:
		return nil, refuse(c.Pos(), "%s of ALTER TYPE", actionWords[c.Action])
	}
	i := fieldIndex(t, c.Name)
	switch {
	case i < 0 && c.IfExists:
		return from, nil
	case i < 0:
		return nil, dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", c.Name, t.Name)
	case c.Action == ast.DropColumn:
		t.Fields = slices.Delete(t.Fields, i, i+1)
		return slices.Delete(from, i, i+1), nil
	case c.Expr != nil:
		return nil, refuse(c.Pos(), "USING of an attribute")
	}
	t.Fields[i], err = d.field(c.Name, c.Type, c.Collate, c.Pos())
	return from, err
}

// typeUnused refuses to change the fields of a type that something depends on which cannot
// change with it; retypes says that stored values cannot either.
func (d *definer) typeUnused(t *catalog.UserType, retypes bool, pos int) error {
	used := func(what string, args ...any) error {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot alter type %q because %s uses it", t.Name, fmt.Sprintf(what, args...)).
			WithHint("Make a type with other fields, and change the columns to it by ALTER COLUMN … TYPE … USING.").At(pos)
	}
	holds := d.holders(t)
	for _, tab := range d.e.Tables() {
		for _, c := range tab.Columns {
			if c.Type.IsComposite() && holds[c.Type.Mod] && (retypes || c.Generated != "" || tab.Kind == catalog.Materialized) {
				return used("column \"%s.%s\"", tab.Name, c.Name)
			}
		}
	}
	for _, o := range d.e.UserTypes() {
		if o.Kind == catalog.Domain && isType(t, o.Base, 0) && !d.dropping[o.ID] {
			return used("domain %q", o.Name)
		}
	}
	d.dropping = nil
	for _, o := range d.e.UserTypes() {
		if o.Kind != catalog.Composite || !holds[o.Handle] {
			continue
		}
		if d.dropTypeViews(o, false) != nil {
			return used("a view")
		}
		if d.dropTypeTexts(o, false) != nil {
			return used("a default, a constraint or an index")
		}
	}
	return nil
}

// holders are the handles of a composite type and of those that have fields of it.
func (d *definer) holders(t *catalog.UserType) map[int32]bool {
	holds := map[int32]bool{t.Handle: true}
	for n := 0; n != len(holds); {
		n = len(holds)
		for _, o := range d.e.UserTypes() {
			for _, f := range o.Fields {
				if f.Type.IsComposite() && holds[f.Type.Mod] {
					holds[o.Handle] = true
				}
			}
		}
	}
	return holds
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
