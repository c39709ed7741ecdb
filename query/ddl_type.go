package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// enumGap is the distance between the codes of neighbouring labels of a new type, so
// that labels can be put between them.
const enumGap = 1 << 40

// newType begins a type: it decides its schema and that its name is free.
func (d *definer) newType(n ast.Name) (*catalog.UserType, error) {
	schema := n.Schema
	var err error
	if schema == tempAlias {
		if schema, err = d.tempSchema(); err != nil {
			return nil, err
		}
	}
	if schema == "" {
		if schema, err = d.creationSchema(n.Pos()); err != nil {
			return nil, err
		}
	}
	if !d.e.HasSchema(schema) {
		return nil, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", schema).At(n.Pos())
	}
	if catalog.Reserved(schema) && !isTemp(schema) {
		return nil, dberr.SQL(dberr.StateInsufficientPrivilege, "permission denied for schema %s", schema).At(n.Pos())
	}
	if err := validName(n.Name, n.Pos()); err != nil {
		return nil, err
	}
	if err := d.freeTypeName(schema, n.Name, n.Pos()); err != nil {
		return nil, err
	}
	id, err := d.e.NewID()
	return &catalog.UserType{ID: id, Schema: schema, Name: n.Name}, err
}

func (d *definer) freeTypeName(schema, name string, pos int) error {
	rel, taken := d.e.Lookup(schema, name) // a table is a type too
	if taken && (rel.Index != nil || rel.Sequence != nil) {
		taken = false
	}
	if taken || d.e.UserType(schema, name) != nil {
		return dberr.SQL(dberr.StateDuplicateObject, "type %q already exists", name).At(pos)
	}
	return nil
}

func (d *definer) createType(st *ast.CreateType) error {
	t, err := d.newType(st.Name)
	if err != nil {
		return err
	}
	if t.Kind = catalog.Composite; st.Enum {
		t.Kind = catalog.Enum
	}
	newHandle(t)
	if err := d.typeFields(t, st); err != nil {
		return err
	}
	for i, l := range st.Labels {
		if err := enumLabel(l, st.Pos()); err != nil {
			return err
		}
		if slices.Contains(st.Labels[:i], l) {
			return dberr.SQL(dberr.StateUniqueViolation, "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"")
		}
		t.Labels = append(t.Labels, catalog.EnumLabel{Code: int64(i+1) * enumGap, Name: l})
	}
	d.changed = true
	if d.s.work.made == nil {
		d.s.work.made = map[keyspace.ObjectID]bool{}
	}
	d.s.work.made[t.ID] = true
	return d.e.PutType(t)
}

// newHandle gives a type a handle that no type of this process has.
func newHandle(t *catalog.UserType) {
	for t.Handle = 0; t.Handle == 0; {
		t.Handle = rand.Int32()
		_, enum := sqltype.EnumOf(t.Type())
		_, composite := sqltype.CompositeOf(t.Type())
		if enum || composite {
			t.Handle = 0
		}
	}
}

func enumLabel(l string, pos int) error {
	if len(l) > catalog.MaxNameLength {
		return dberr.SQL("42602", "invalid enum label %q", l).WithDetail("Labels must be %d bytes or less.", catalog.MaxNameLength).At(pos)
	}
	return nil
}

// findType finds a type by name; nil where there is none.
func (d *definer) findType(n ast.Name) *catalog.UserType {
	_, t, err := plan.ResolveType(d.scope(), &ast.TypeName{Schema: n.Schema, Name: n.Name})
	if err != nil {
		return nil
	}
	return t
}

func (d *definer) namedType(n ast.Name, kind catalog.TypeKind) (*catalog.UserType, error) {
	t := d.findType(n)
	if t == nil {
		return nil, dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", dotted(n)).At(n.Pos())
	}
	if t.Kind != kind {
		return nil, dberr.SQL(dberr.StateWrongObjectType, "%q is not %s", n.Name, map[catalog.TypeKind]string{catalog.Enum: "an enum", catalog.Domain: "a domain", catalog.Composite: "a composite type"}[kind]).At(n.Pos())
	}
	return t, nil
}

// alterEnum adds a label, or renames one.
func (d *definer) alterEnum(st *ast.AlterEnum) error {
	old, err := d.namedType(st.Name, catalog.Enum)
	if err != nil {
		if e := dberr.As(err); e != nil && e.SQLState == dberr.StateWrongObjectType {
			e.Message = fmt.Sprintf("%s is not an enum", dotted(st.Name))
		}
		return err
	}
	t := old.Clone()
	at := func(name string) int {
		return slices.IndexFunc(t.Labels, func(l catalog.EnumLabel) bool { return l.Name == name })
	}
	if err := enumLabel(st.New, st.Pos()); err != nil {
		return err
	}
	switch {
	case st.Old != "":
		i := at(st.Old)
		if i < 0 {
			return dberr.SQL(dberr.StateInvalidParameterValue, "%q is not an existing enum label", st.Old)
		}
		if at(st.New) >= 0 {
			return dberr.SQL(dberr.StateDuplicateObject, "enum label %q already exists", st.New)
		}
		t.Labels[i].Name = st.New
	case at(st.New) >= 0:
		if st.IfNotExists {
			return nil
		}
		return dberr.SQL(dberr.StateDuplicateObject, "enum label %q already exists", st.New)
	default:
		i := len(t.Labels)
		if st.Neighbor != "" {
			if i = at(st.Neighbor); i < 0 {
				return dberr.SQL(dberr.StateInvalidParameterValue, "%q is not an existing enum label", st.Neighbor)
			}
			if st.After {
				i++
			}
		}
		code, err := labelCode(t.Labels, i)
		if err != nil {
			return err
		}
		t.Labels = slices.Insert(t.Labels, i, catalog.EnumLabel{Code: code, Name: st.New})
	}
	d.changed = true
	if d.s.work.made[t.ID] { // nobody else can have seen the type yet
		t.Register()
	}
	d.s.work.types = append(d.s.work.types, t)
	return d.e.PutType(t)
}

// labelCode gives the code of a new label at place i.
func labelCode(list []catalog.EnumLabel, i int) (int64, error) {
	switch {
	case len(list) == 0:
		return enumGap, nil
	case i == len(list):
		return list[i-1].Code + enumGap, nil
	case i == 0:
		return list[0].Code - enumGap, nil
	}
	low, high := list[i-1].Code, list[i].Code
	if high-low < 2 {
		return 0, dberr.SQL(dberr.StateProgramLimit, "there is no room for another value between %q and %q", list[i-1].Name, list[i].Name).
			WithHint("Make a new type with all of the values, and change the columns to it.")
	}
	return low + (high-low)/2, nil
}

func (d *definer) dropTypes(st *ast.Drop) error {
	d.dropping = map[keyspace.ObjectID]bool{}
	var list []*catalog.UserType
	for _, n := range st.Names {
		t := d.findType(n)
		if t == nil {
			if st.IfExists {
				continue
			}
			if _, _, err := plan.ResolveType(d.scope(), &ast.TypeName{Schema: n.Schema, Name: n.Name}); err == nil {
				return dberr.SQL(dberr.StateDependentObjects, "cannot drop type %s because it is required by the database system", n.Name)
			}
			return dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", dotted(n)).At(n.Pos())
		}
		if st.Kind == ast.KindDomain && t.Kind != catalog.Domain {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not a domain", n.Name).At(n.Pos())
		}
		d.dropping[t.ID] = true
		list = append(list, t)
	}
	for _, t := range list {
		d.changed = true
		if err := d.dropType(t.ID, st.Cascade); err != nil {
			return err
		}
	}
	return nil
}

// isType reports whether a column is of a type.
func isType(t *catalog.UserType, typ sqltype.Type, domain keyspace.ObjectID) bool {
	if t.Kind != catalog.Domain {
		return (typ.IsEnum() || typ.IsComposite()) && typ.Mod == t.Handle
	}
	return domain == t.ID
}

func (d *definer) dropType(id keyspace.ObjectID, cascade bool) error {
	t := d.e.TypeByID(id)
	if t == nil {
		return nil
	}
	for _, o := range d.e.UserTypes() {
		if err := d.dropTypeInFields(o.ID, t, cascade); err != nil {
			return err
		}
		if o.BaseDomain != t.ID && !(t.Kind != catalog.Domain && o.Kind == catalog.Domain && isType(t, o.Base, 0)) {
			continue
		}
		if !cascade && !d.dropping[o.ID] {
			return dependent("type", t.Name, fmt.Sprintf("type %s depends on type %s", o.Name, t.Name))
		}
		if err := d.dropType(o.ID, true); err != nil {
			return err
		}
	}
	if err := d.dropTypeViews(t, cascade); err != nil {
		return err
	}
	if err := d.dropTypeFunctions(t, cascade); err != nil {
		return err
	}
	for _, tab := range d.e.Tables() {
		for i := len(tab.Columns) - 1; i >= 0; i-- {
			c := tab.Columns[i]
			if !isType(t, c.Type, c.Domain) {
				continue
			}
			if !cascade {
				return dependent("type", t.Name, fmt.Sprintf("column %s of table %s depends on type %s", c.Name, tab.Name, t.Name))
			}
			cur := d.e.Table(tab.ID).Clone()
			if err := d.removeColumn(cur, cur.Ordinal(c.ID), true); err != nil {
				return err
			}
		}
	}
	if err := d.dropTypeTexts(t, cascade); err != nil {
		return err
	}
	return d.e.DropType(d.e.TypeByID(id))
}

// dropTypeInFields refuses to drop a type that fields of another are of, or drops those.
func (d *definer) dropTypeInFields(id keyspace.ObjectID, t *catalog.UserType, cascade bool) error {
	o := d.e.TypeByID(id)
	if o == nil || d.dropping[id] {
		return nil
	}
	c, from := o.Clone(), []int(nil)
	c.Fields = c.Fields[:0]
	for i, f := range o.Fields {
		if !isType(t, f.Type, f.Domain) {
			c.Fields, from = append(c.Fields, f), append(from, i)
			continue
		}
		if !cascade {
			return dependent("type", t.Name, fmt.Sprintf("column %s of composite type %s depends on type %s", f.Name, o.Name, t.Name))
		}
	}
	if len(from) == len(o.Fields) {
		return nil
	}
	dropping := d.dropping
	err := d.typeUnused(o, false, 0)
	d.dropping = dropping
	if err != nil {
		return err
	}
	return d.reshapeType(c, from)
}

// dropTypeViews refuses to drop a type that views name, or drops those.
func (d *definer) dropTypeViews(t *catalog.UserType, cascade bool) error {
	var list []reader
	for _, v := range d.e.Views() {
		list = append(list, reader{view: v})
	}
	for _, m := range d.e.Tables() {
		if m.Kind == catalog.Materialized {
			list = append(list, reader{table: m})
		}
	}
	for _, r := range list {
		if !strings.Contains(r.text(), t.Name) {
			continue
		}
		_, u, err := d.uses(r)
		if err != nil {
			return err
		}
		for _, used := range u.Types {
			if used.ID != t.ID {
				continue
			}
			if !cascade {
				return dependent("type", t.Name, fmt.Sprintf("%s depends on type %s", r.name(), t.Name))
			}
			if err := d.dropReader(r); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

func (d *definer) renameType(st *ast.Rename) error {
	t := d.findType(st.Name)
	if t == nil {
		if rel, err := d.s.lookup(d.e.Snapshot, st.Name); err == nil && rel.Table != nil {
			return dberr.SQL(dberr.StateWrongObjectType, "%s is a table's row type", st.Name.Name).WithHint("Use ALTER TABLE instead.")
		}
		return dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", dotted(st.Name)).At(st.Name.Pos())
	}
	if (st.Kind == ast.KindDomain || st.Of == ast.KindDomain) && t.Kind != catalog.Domain {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a domain", st.Name.Name).At(st.Name.Pos())
	}
	d.changed = true
	if st.Kind == ast.KindConstraint {
		c := t.Clone()
		for i := range c.Checks {
			if c.Checks[i].Name == st.Old {
				c.Checks[i].Name = st.New
				return d.e.PutType(c)
			}
		}
		return dberr.SQL(dberr.StateUndefinedObject, "constraint %q for domain %s does not exist", st.Old, t.Name)
	}
	if err := d.freeTypeName(t.Schema, st.New, st.Pos()); err != nil {
		return err
	}
	return d.moveType(t, t.Schema, st.New)
}

func (d *definer) setTypeSchema(st *ast.SetSchema) error {
	t := d.findType(st.Name)
	if t == nil {
		return dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", dotted(st.Name)).At(st.Name.Pos())
	}
	if err := d.newSchema(st.Schema, st.Pos()); err != nil {
		return err
	}
	if t.Schema == st.Schema {
		return nil
	}
	if d.e.UserType(st.Schema, t.Name) != nil {
		return dberr.SQL(dberr.StateDuplicateObject, "type %q already exists in schema %q", t.Name, st.Schema).At(st.Pos())
	}
	d.changed = true
	return d.moveType(t, st.Schema, t.Name)
}

// moveType gives a type another name or schema. Stored texts that name it follow.
func (d *definer) moveType(t *catalog.UserType, schema, name string) error {
	err := d.rewriteTexts(func(e ast.Expr) bool {
		named := false
		ast.Walk(e, func(n any) bool {
			c, ok := n.(*ast.Cast)
			if !ok {
				return true
			}
			if _, user, err := plan.ResolveType(d.scope(), c.Type); err == nil && user != nil && user.ID == t.ID {
				c.Type.Schema, c.Type.Name, named = schema, name, true
			}
			return true
		})
		return named
	})
	if err != nil {
		return err
	}
	var list []rewritten
	var all []reader
	for _, v := range d.e.Views() {
		all = append(all, reader{view: v})
	}
	for _, f := range d.e.Functions() {
		if f.Form != catalog.BodyText && strings.Contains(f.Body, t.Name) {
			all = append(all, reader{fn: f})
		}
	}
	for _, r := range all {
		sel, u, err := d.uses(r)
		if err != nil {
			return err
		}
		named := false
		for n, used := range u.Types {
			if used.ID == t.ID {
				n.Schema, n.Name, named = schema, name, true
			}
		}
		if named {
			list = append(list, rewritten{r, ast.QueryString(sel)})
		}
	}
	c := d.e.TypeByID(t.ID).Clone()
	c.Schema, c.Name = schema, name
	d.s.work.types = append(d.s.work.types, c)
	if err := d.e.PutType(c); err != nil {
		return err
	}
	return d.store(list)
}
