package query

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
)

// rename renames an object. Stored texts that name it follow.
func (d *definer) rename(st *ast.Rename) error {
	if err := validName(st.New, st.Pos()); err != nil {
		return err
	}
	switch {
	case st.Kind == ast.KindFunction:
		return d.renameFunction(st)
	case st.Kind == ast.KindSchema:
		return d.renameSchema(st)
	case st.Kind == ast.KindDatabase:
		return refuse(st.Pos(), "renaming a database")
	case st.Kind == ast.KindType || st.Kind == ast.KindDomain || st.Of == ast.KindDomain:
		return d.renameType(st)
	}
	if st.Of == ast.KindType {
		return d.renameAttribute(st)
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		if st.IfExists {
			return nil
		}
		return err
	}
	if rel.Index == nil {
		if err := d.notKept(rel.Table, "renaming", st.Pos()); err != nil {
			return err
		}
	}
	d.changed = true
	switch st.Kind {
	case ast.KindColumn:
		return d.renameColumn(rel, st)
	case ast.KindConstraint:
		return d.renameConstraint(rel, st)
	}
	if want := kindWord(st.Kind); st.Kind != ast.KindTable && rel.Kind() != want {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not %s", st.Name.Name, article(want)).At(st.Name.Pos())
	}
	return d.move(rel, relationSchema(rel), st.New, st.Pos())
}

func relationSchema(r catalog.Relation) string {
	switch {
	case r.Table != nil:
		return r.Table.Schema
	case r.View != nil:
		return r.View.Schema
	}
	return r.Sequence.Schema
}

// move gives a relation another name or schema.
func (d *definer) move(rel catalog.Relation, schema, name string, pos int) error {
	if _, taken := d.e.Lookup(schema, name); taken {
		if schema != relationSchema(rel) {
			return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists in schema %q", name, schema).At(pos)
		}
		return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", name).At(pos)
	}
	if rel.Index != nil {
		t := rel.Table.Clone()
		for i := range t.Indexes {
			if t.Indexes[i].ID == rel.Index.ID {
				t.Indexes[i].Name = name
			}
		}
		return d.e.PutTable(t)
	}
	if rel.Sequence != nil {
		q := *rel.Sequence
		q.Schema, q.Name = schema, name
		return d.moveSequence(rel.Sequence, &q)
	}
	id := relationID(rel)
	list, err := d.follow(id, func(sel *ast.Select, u *plan.Uses) bool {
		u.Rename(sel, id, schema, name)
		return true
	})
	if err != nil {
		return err
	}
	if rel.View != nil {
		v := *rel.View
		v.Schema, v.Name = schema, name
		if err := d.e.PutView(&v); err != nil {
			return err
		}
		return d.store(list)
	}
	if err := d.moveTable(rel.Table, schema, name); err != nil {
		return err
	}
	return d.store(list)
}

// moveTable renames a table, or takes it to another schema with its indexes and the
// sequences of its columns.
func (d *definer) moveTable(old *catalog.Table, schema, name string) error {
	t := old.Clone()
	t.Schema, t.Name = schema, name
	if schema != old.Schema {
		for _, x := range t.Indexes {
			if _, taken := d.e.Lookup(schema, x.Name); taken && x.Name != "" {
				return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists in schema %q", x.Name, schema)
			}
		}
	}
	if err := d.e.PutTable(t); err != nil {
		return err
	}
	if schema == old.Schema {
		return nil
	}
	for _, q := range d.e.Sequences() {
		if q.OwnerTable != t.ID {
			continue
		}
		if _, taken := d.e.Lookup(schema, q.Name); taken {
			return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists in schema %q", q.Name, schema)
		}
		n := *q
		n.Schema = schema
		if err := d.moveSequence(q, &n); err != nil {
			return err
		}
	}
	return nil
}

// moveSequence replaces a sequence by one of another name; defaults follow.
func (d *definer) moveSequence(old, q *catalog.Sequence) error {
	err := d.rewriteTexts(func(e ast.Expr) bool {
		any := false
		for _, l := range sequenceNames(e) {
			if s := d.namedSequence(l); s != nil && s.ID == old.ID {
				l.Text, any = qualified(q.Schema, q.Name), true
			}
		}
		return any
	})
	if err != nil {
		return err
	}
	return d.putSequence(q)
}

// rewriteTexts gives all stored expressions to change, and stores those of which it
// says that it has changed them.
func (d *definer) rewriteTexts(change func(e ast.Expr) bool) error {
	return d.rewriteTextsOver(func(e ast.Expr, _ *catalog.Table) bool { return change(e) })
}

// rewriteTextsOver is rewriteTexts where change wants the table over whose columns an expression is.
func (d *definer) rewriteTextsOver(change func(e ast.Expr, t *catalog.Table) bool) error {
	var over *catalog.Table
	changed := func(text *string) bool {
		if *text == "" {
			return false
		}
		e, err := parse.ParseExpr(*text, parse.Limits{})
		if err != nil || !change(e, over) {
			return false
		}
		*text = ast.String(e)
		return true
	}
	for _, t := range d.e.Tables() {
		t = t.Clone()
		over = t
		any := false
		for i := range t.Columns {
			any = changed(&t.Columns[i].Default) || any
			any = changed(&t.Columns[i].Generated) || any
		}
		for i := range t.Checks {
			any = changed(&t.Checks[i].Expr) || any
		}
		for i := range t.Indexes {
			any = changed(&t.Indexes[i].Predicate) || any
			for k := range t.Indexes[i].Columns {
				any = changed(&t.Indexes[i].Columns[k].Expr) || any
			}
		}
		if any {
			if err := d.e.PutTable(t); err != nil {
				return err
			}
		}
	}
	over = nil
	for _, f := range d.e.Functions() {
		c, any := f.Clone(), false
		for i := range c.Args {
			any = changed(&c.Args[i].Default) || any
		}
		if any {
			if err := d.e.PutFunction(c); err != nil {
				return err
			}
		}
	}
	for _, v := range d.e.Views() {
		c, any := *v, false
		c.Columns = slices.Clone(v.Columns)
		for i := range c.Columns {
			any = changed(&c.Columns[i].Default) || any
		}
		if any {
			if err := d.e.PutView(&c); err != nil {
				return err
			}
		}
	}
	for _, u := range d.e.UserTypes() {
		u = u.Clone()
		over = domainRow(u)
		any := changed(&u.Default)
		for i := range u.Checks {
			any = changed(&u.Checks[i].Expr) || any
		}
		if any {
			if err := d.e.PutType(u); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *definer) renameColumn(rel catalog.Relation, st *ast.Rename) error {
	if rel.View != nil {
		return d.renameViewColumn(rel.View, st)
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "cannot rename columns of relation %q", st.Name.Name).
			WithDetail("This operation is not supported for %s.", plural(rel.Kind())).At(st.Name.Pos())
	}
	t := rel.Table.Clone()
	i := t.Column(st.Old)
	if i < 0 && plan.IsSystemColumn(st.Old) {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot rename system column %q", st.Old).At(st.Pos())
	}
	if err := ownColumnName(st.New, st.Pos()); err != nil {
		return err
	}
	if i < 0 {
		return dberr.SQL(dberr.StateUndefinedColumn, "column %q does not exist", st.Old).At(st.Pos())
	}
	if t.Column(st.New) >= 0 {
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", st.New, t.Name).At(st.Pos())
	}
	use := plan.ColumnUse{Relation: t.ID, Column: t.Columns[i].ID}
	list, err := d.follow(t.ID, func(sel *ast.Select, u *plan.Uses) bool { return u.RenameColumn(sel, use, st.New) })
	if err != nil {
		return err
	}
	renameInTexts(t, st.Old, st.New)
	t.Columns[i].Name = st.New
	if err := d.e.PutTable(t); err != nil {
		return err
	}
	return d.store(list)
}

// renameInTexts gives a column its new name in the expressions of its own table.
func renameInTexts(t *catalog.Table, from, to string) {
	fix := func(text *string) {
		if !slices.Contains(namesIn(*text), from) {
			return
		}
		e, err := parse.ParseExpr(*text, parse.Limits{})
		if err != nil {
			return
		}
		ast.Walk(e, func(n any) bool {
			if c, ok := n.(*ast.ColumnRef); ok && len(c.Names) > 0 && c.Names[len(c.Names)-1] == from {
				c.Names[len(c.Names)-1] = to
			}
			return true
		})
		*text = ast.String(e)
	}
	for i := range t.Columns {
		fix(&t.Columns[i].Generated)
	}
	for i := range t.Checks {
		fix(&t.Checks[i].Expr)
	}
	for i := range t.Indexes {
		fix(&t.Indexes[i].Predicate)
		for k := range t.Indexes[i].Columns {
			fix(&t.Indexes[i].Columns[k].Expr)
		}
	}
}

func (d *definer) renameViewColumn(v *catalog.View, st *ast.Rename) error {
	c := *v
	c.Columns = slices.Clone(v.Columns)
	at := func(name string) int {
		return slices.IndexFunc(c.Columns, func(c catalog.ViewColumn) bool { return c.Name == name })
	}
	i := at(st.Old)
	if i < 0 {
		return dberr.SQL(dberr.StateUndefinedColumn, "column %q does not exist", st.Old).At(st.Pos())
	}
	if at(st.New) >= 0 {
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", st.New, v.Name).At(st.Pos())
	}
	use := plan.ColumnUse{Relation: v.ID, Column: catalog.ColumnID(i + 1)}
	list, err := d.follow(v.ID, func(sel *ast.Select, u *plan.Uses) bool { return u.RenameColumn(sel, use, st.New) })
	if err != nil {
		return err
	}
	c.Columns[i].Name = st.New
	if err := d.e.PutView(&c); err != nil {
		return err
	}
	return d.store(list)
}

func (d *definer) renameConstraint(rel catalog.Relation, st *ast.Rename) error {
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", st.Name.Name).At(st.Name.Pos())
	}
	t := rel.Table.Clone()
	if (&tableMaker{t: t}).hasConstraint(st.New) {
		return dberr.SQL(dberr.StateDuplicateObject, "constraint %q for relation %q already exists", st.New, t.Name).At(st.Pos())
	}
	for i := range t.Checks {
		if t.Checks[i].Name == st.Old {
			t.Checks[i].Name = st.New
			return d.e.PutTable(t)
		}
	}
	for i := range t.ForeignKeys {
		if t.ForeignKeys[i].Name == st.Old {
			t.ForeignKeys[i].Name = st.New
			return d.e.PutTable(t)
		}
	}
	for i := range t.Indexes {
		if t.Indexes[i].Constraint && t.Indexes[i].Name == st.Old {
			return d.move(catalog.Relation{Table: rel.Table, Index: &rel.Table.Indexes[i]}, t.Schema, st.New, st.Pos())
		}
	}
	return dberr.SQL(dberr.StateUndefinedObject, "constraint %q for table %q does not exist", st.Old, t.Name).At(st.Pos())
}

// setSchema takes an object to another schema.
func (d *definer) setSchema(st *ast.SetSchema) error {
	if st.Kind == ast.KindFunction {
		return d.setFunctionSchema(st)
	}
	if st.Kind == ast.KindType || st.Kind == ast.KindDomain {
		return d.setTypeSchema(st)
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		if st.IfExists {
			return nil
		}
		return err
	}
	if err := d.newSchema(st.Schema, st.Pos()); err != nil {
		return err
	}
	if err := d.notKept(rel.Table, "another schema for", st.Pos()); err != nil {
		return err
	}
	if want := kindWord(st.Kind); rel.Index != nil || st.Kind != ast.KindTable && rel.Kind() != want {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not %s", st.Name.Name, article(want)).At(st.Name.Pos())
	}
	if q := rel.Sequence; q != nil && q.OwnerTable != 0 {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot move an owned sequence into another schema").
			WithDetail("Sequence %q is linked to table %q.", q.Name, d.e.Table(q.OwnerTable).Name)
	}
	if relationSchema(rel) == st.Schema {
		return nil
	}
	name := st.Name.Name
	d.changed = true
	return d.move(rel, st.Schema, name, st.Pos())
}

// newSchema checks that objects may be made in a schema.
func (d *definer) newSchema(name string, pos int) error {
	switch {
	case !d.e.HasSchema(name):
		return dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", name).At(pos)
	case isTemp(name) || name == tempAlias:
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot move objects into or out of temporary schemas").At(pos)
	case catalog.Reserved(name):
		return dberr.SQL(dberr.StateInsufficientPrivilege, "permission denied for schema %s", name).At(pos)
	}
	return nil
}

func (d *definer) renameSchema(st *ast.Rename) error {
	from := st.Name.Name
	switch {
	case !d.e.HasSchema(from):
		return dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", from).At(st.Pos())
	case d.e.HasSchema(st.New):
		return dberr.SQL(dberr.StateDuplicateSchema, "schema %q already exists", st.New).At(st.Pos())
	case catalog.Reserved(st.New) || catalog.Reserved(from):
		return dberr.SQL(dberr.StateReservedName, "unacceptable schema name %q", st.New).WithDetail("The prefix \"pg_\" is reserved for system schemas.").At(st.Pos())
	case from == catalog.PublicSchema:
		return refuse(st.Pos(), "renaming the schema public")
	}
	d.changed = true
	if err := d.e.PutSchema(&catalog.Schema{Name: st.New, Comment: d.e.SchemaComment(from)}); err != nil {
		return err
	}
	for _, u := range d.e.UserTypes() {
		if u.Schema == from {
			if err := d.moveType(u, st.New, u.Name); err != nil {
				return err
			}
		}
	}
	for _, f := range d.e.Functions() {
		if f.Schema == from {
			if err := d.moveFunction(f, st.New, f.Name); err != nil {
				return err
			}
		}
	}
	for _, t := range d.e.Tables() {
		if t.Schema == from {
			if err := d.move(catalog.Relation{Table: d.e.Table(t.ID)}, st.New, t.Name, st.Pos()); err != nil {
				return err
			}
		}
	}
	for _, q := range d.e.Sequences() {
		if q.Schema == from {
			if err := d.move(catalog.Relation{Sequence: q}, st.New, q.Name, st.Pos()); err != nil {
				return err
			}
		}
	}
	for _, v := range d.e.Views() {
		if v.Schema == from {
			if err := d.move(catalog.Relation{View: d.e.View(v.ID)}, st.New, v.Name, st.Pos()); err != nil {
				return err
			}
		}
	}
	return d.e.DropSchema(from)
}
