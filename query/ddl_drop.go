package query

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage/keyspace"
)

// drop runs DROP of relations, types and schemas. Objects that depend on others of the
// list do not stand in the way.
func (d *definer) drop(st *ast.Drop) error {
	switch st.Kind {
	case ast.KindSchema:
		for _, n := range st.Names {
			if err := d.dropSchema(st, n); err != nil {
				return err
			}
		}
		return nil
	case ast.KindType, ast.KindDomain:
		return d.dropTypes(st)
	case ast.KindFunction:
		return d.dropFunctions(st)
	}
	d.dropping = map[keyspace.ObjectID]bool{}
	var list []catalog.Relation
	for _, n := range st.Names {
		rel, ok, err := d.dropTarget(st, n)
		if err != nil {
			return err
		}
		if ok {
			list = append(list, rel)
			if rel.Index == nil {
				d.dropping[relationID(rel)] = true
			}
		}
	}
	for _, rel := range list {
		d.changed = true
		if err := d.dropRelation(rel, st.Cascade); err != nil {
			return err
		}
	}
	return nil
}

func relationID(r catalog.Relation) keyspace.ObjectID {
	switch {
	case r.Index != nil:
		return r.Index.ID
	case r.Table != nil:
		return r.Table.ID
	case r.View != nil:
		return r.View.ID
	}
	return r.Sequence.ID
}

func kindWord(k ast.ObjectKind) string {
	return map[ast.ObjectKind]string{ast.KindTable: "table", ast.KindIndex: "index", ast.KindView: "view",
		ast.KindMatView: "materialized view", ast.KindSequence: "sequence", ast.KindSchema: "schema",
		ast.KindType: "type", ast.KindDomain: "domain"}[k]
}

var kindStatement = map[string]string{"table": "TABLE", "index": "INDEX", "view": "VIEW", "sequence": "SEQUENCE",
	"materialized view": "MATERIALIZED VIEW"}

// dropTarget finds a relation of DROP; ok is false where IF EXISTS lets it be missing.
func (d *definer) dropTarget(st *ast.Drop, n ast.Name) (rel catalog.Relation, ok bool, err error) {
	rel, err = d.s.lookup(d.e.Snapshot, n)
	if err != nil {
		if n.Schema != "" && !d.e.HasSchema(n.Schema) && n.Schema != tempAlias && !st.IfExists {
			return rel, false, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", n.Schema).At(n.Pos())
		}
		if st.IfExists {
			return rel, false, nil
		}
		state := dberr.StateUndefinedTable
		if st.Kind == ast.KindIndex {
			state = dberr.StateUndefinedObject
		}
		return rel, false, dberr.SQL(state, "%s %q does not exist", kindWord(st.Kind), dotted(n)).At(n.Pos())
	}
	if got := rel.Kind(); got != kindWord(st.Kind) {
		return rel, false, dberr.SQL(dberr.StateWrongObjectType, "%q is not %s", n.Name, article(kindWord(st.Kind))).
			WithHint("Use DROP %s to remove %s.", kindStatement[got], article(got)).At(n.Pos())
	}
	return rel, true, nil
}

func article(word string) string {
	if word == "index" {
		return "an " + word
	}
	return "a " + word
}

func dotted(n ast.Name) string {
	if n.Schema != "" {
		return n.Schema + "." + n.Name
	}
	return n.Name
}

func (d *definer) dropRelation(rel catalog.Relation, cascade bool) error {
	switch {
	case rel.Index != nil: // the description of its table may have changed by now
		t := d.e.Table(rel.Table.ID)
		if t == nil || !slices.ContainsFunc(t.Indexes, func(x catalog.Index) bool { return x.ID == rel.Index.ID }) {
			return nil
		}
		return d.dropIndex(t, rel.Index, cascade)
	case rel.Table != nil:
		return d.dropTable(rel.Table.ID, cascade)
	case rel.View != nil:
		return d.dropView(rel.View.ID, cascade)
	}
	return d.dropSequence(rel.Sequence.ID, cascade)
}

// dropReaders refuses to drop what views read, or drops them too.
func (d *definer) dropReaders(kind, name string, id keyspace.ObjectID, cascade bool) error {
	for _, v := range d.e.ViewsOn(id) {
		if !cascade && !d.dropping[v.ID] {
			return dependent(kind, name, fmt.Sprintf("view %s depends on %s %s", d.shown(v.Schema, v.Name), kind, name))
		}
		if err := d.dropView(v.ID, true); err != nil {
			return err
		}
	}
	for _, t := range d.e.MaterializedOn(id) {
		if !cascade && !d.dropping[t.ID] {
			return dependent(kind, name, fmt.Sprintf("materialized view %s depends on %s %s", t.Name, kind, name))
		}
		if err := d.dropTable(t.ID, true); err != nil {
			return err
		}
	}
	for _, f := range d.e.Functions() {
		if !slices.Contains(f.Reads, id) && f.RowOf != id {
			continue
		}
		if !cascade {
			of := kind
			if f.RowOf == id {
				of = "type"
			}
			return dependent(kind, name, fmt.Sprintf("function %s depends on %s %s", signature(f), of, name))
		}
		if err := d.dropFunction(f.ID, true); err != nil {
			return err
		}
	}
	return nil
}

func dependent(kind, name, detail string) error {
	return dberr.SQL(dberr.StateDependentObjects, "cannot drop %s %s because other objects depend on it", kind, name).
		WithDetail("%s", detail).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

// shown is the name of an object in messages: with its schema where the search path
// does not lead to it.
func (d *definer) shown(schema, name string) string {
	if schema == d.s.temp && schema != "" {
		return name
	}
	for _, p := range d.s.set.path {
		if p == schema {
			return name
		}
		if _, hidden := d.e.Lookup(p, name); hidden {
			break
		}
	}
	return schema + "." + name
}

func tableWord(t *catalog.Table) string { return catalog.Relation{Table: t}.Kind() }

func (d *definer) dropTable(id keyspace.ObjectID, cascade bool) error {
	t := d.e.Table(id)
	if t == nil {
		return nil
	}
	kind, name := tableWord(t), d.shown(t.Schema, t.Name)
	if err := d.dropReaders(kind, name, t.ID, cascade); err != nil {
		return err
	}
	for _, ref := range d.e.References(t.ID) {
		if ref.Table.ID == t.ID {
			continue
		}
		if !cascade && !d.dropping[ref.Table.ID] {
			return dependent(kind, name, fmt.Sprintf("constraint %s on table %s depends on table %s", ref.Key.Name, d.shown(ref.Table.Schema, ref.Table.Name), name))
		}
		if err := d.removeForeignKey(ref.Table.ID, ref.Key.Name); err != nil {
			return err
		}
	}
	for _, q := range d.e.Sequences() {
		if q.OwnerTable == t.ID {
			if err := d.dropReaders("sequence", q.Name, q.ID, cascade); err != nil {
				return err
			}
			if err := d.dropDefaults(q, t.ID, cascade); err != nil {
				return err
			}
			if err := d.e.DropSequence(q); err != nil {
				return err
			}
		}
	}
	if err := d.dropKeeper(t); err != nil {
		return err
	}
	d.s.touch(t)
	d.s.work.drops = true
	return d.e.DropTable(d.e.Table(id))
}

func (d *definer) removeForeignKey(table keyspace.ObjectID, name string) error {
	c := d.e.Table(table).Clone()
	c.ForeignKeys = slices.DeleteFunc(c.ForeignKeys, func(k catalog.ForeignKey) bool { return k.Name == name })
	return d.e.PutTable(c)
}

func (d *definer) dropView(id keyspace.ObjectID, cascade bool) error {
	v := d.e.View(id)
	if v == nil {
		return nil
	}
	if err := d.dropReaders("view", d.shown(v.Schema, v.Name), v.ID, cascade); err != nil {
		return err
	}
	return d.e.DropView(v)
}

func (d *definer) dropSequence(id keyspace.ObjectID, cascade bool) error {
	q := d.e.Sequence(id)
	if q == nil {
		return nil
	}
	if t := d.e.Table(q.OwnerTable); t != nil {
		if o := t.Ordinal(q.OwnerColumn); o >= 0 && t.Columns[o].Identity != 0 {
			return dberr.SQL(dberr.StateDependentObjects, "cannot drop sequence %s because column %s of table %s requires it", q.Name, t.Columns[o].Name, t.Name).
				WithHint("You can drop column %s of table %s instead.", t.Columns[o].Name, t.Name)
		}
	}
	if err := d.dropDefaults(q, 0, cascade); err != nil {
		return err
	}
	d.s.work.drops = true
	return d.e.DropSequence(q)
}

// dropDefaults refuses to drop a sequence that defaults use, or drops those too.
// Defaults of the table own do not count.
func (d *definer) dropDefaults(q *catalog.Sequence, own keyspace.ObjectID, cascade bool) error {
	for _, t := range d.e.Tables() {
		if t.ID == own || d.dropping[t.ID] {
			continue
		}
		var c *catalog.Table
		for i := range t.Columns {
			if !d.usesSequence(t.Columns[i].Default, q) {
				continue
			}
			if !cascade {
				return dependent("sequence", d.shown(q.Schema, q.Name), fmt.Sprintf("default value for column %s of table %s depends on sequence %s", t.Columns[i].Name, t.Name, q.Name))
			}
			if c == nil {
				c = t.Clone()
			}
			c.Columns[i].Default = ""
		}
		if c != nil {
			if err := d.e.PutTable(c); err != nil {
				return err
			}
		}
	}
	return d.dropViewDefaults(q, cascade)
}

// dropViewDefaults is dropDefaults for the columns of views.
func (d *definer) dropViewDefaults(q *catalog.Sequence, cascade bool) error {
	for _, v := range d.e.Views() {
		if d.dropping[v.ID] {
			continue
		}
		c := *v
		c.Columns = slices.Clone(v.Columns)
		used := false
		for i := range c.Columns {
			if !d.usesSequence(c.Columns[i].Default, q) {
				continue
			}
			if !cascade {
				return dependent("sequence", d.shown(q.Schema, q.Name), fmt.Sprintf("default value for column %s of view %s depends on sequence %s", c.Columns[i].Name, v.Name, q.Name))
			}
			used, c.Columns[i].Default = true, ""
		}
		if used {
			if err := d.e.PutView(&c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *definer) dropIndex(t *catalog.Table, x *catalog.Index, cascade bool) error {
	if x.Constraint {
		return dberr.SQL(dberr.StateDependentObjects, "cannot drop index %s because constraint %s on table %s requires it", x.Name, x.Name, t.Name).
			WithHint("You can drop constraint %s on table %s instead.", x.Name, t.Name)
	}
	if err := d.dropKeyUsers(t, x, cascade); err != nil {
		return err
	}
	return d.removeIndex(t.ID, x.ID)
}

// dropKeyUsers refuses to drop a unique index that foreign keys need, or drops those.
func (d *definer) dropKeyUsers(t *catalog.Table, x *catalog.Index, cascade bool) error {
	if !x.Unique {
		return nil
	}
	for _, ref := range d.e.References(t.ID) {
		if !sameColumns(x.Columns, ref.Key.RefColumns) || otherKey(t, x, ref.Key.RefColumns) {
			continue
		}
		if !cascade {
			what, on := "index", ""
			if x.Constraint {
				what, on = "constraint", " on table "+t.Name
			}
			return dependent(what, x.Name+on, fmt.Sprintf("constraint %s on table %s depends on index %s", ref.Key.Name, ref.Table.Name, x.Name))
		}
		if err := d.removeForeignKey(ref.Table.ID, ref.Key.Name); err != nil {
			return err
		}
	}
	return nil
}

// otherKey reports whether another unique index than x covers the columns.
func otherKey(t *catalog.Table, x *catalog.Index, ids []catalog.ColumnID) bool {
	for i := range t.Indexes {
		if o := &t.Indexes[i]; o.ID != x.ID && o.Unique && o.Predicate == "" && sameColumns(o.Columns, ids) {
			return true
		}
	}
	return false
}

func (d *definer) removeIndex(table, id keyspace.ObjectID) error {
	c := d.e.Table(table).Clone()
	c.Indexes = slices.DeleteFunc(c.Indexes, func(x catalog.Index) bool { return x.ID == id })
	if err := d.e.PutTable(c); err != nil {
		return err
	}
	d.s.work.drops = true
	return d.e.DropIndexData(id)
}

func (d *definer) dropSchema(st *ast.Drop, n ast.Name) error {
	name := n.Name
	if catalog.Reserved(name) && d.e.HasSchema(name) {
		return dberr.SQL(dberr.StateDependentObjects, "cannot drop schema %s because it is required by the database system", name)
	}
	if !d.e.HasSchema(name) {
		if st.IfExists {
			return nil
		}
		return dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", name).At(n.Pos())
	}
	if name == catalog.PublicSchema {
		return refuse(n.Pos(), "dropping the schema public")
	}
	d.changed = true
	if what := firstIn(d.e.Snapshot, name); what != "" && !st.Cascade {
		return dependent("schema", name, fmt.Sprintf("%s depends on schema %s", what, name))
	}
	return d.emptySchema(name)
}

// emptySchema drops a schema with all that is in it, and what depends on that.
func (d *definer) emptySchema(name string) error {
	for _, f := range d.e.Functions() {
		if f.Schema == name {
			if err := d.dropFunction(f.ID, true); err != nil {
				return err
			}
		}
	}
	for _, v := range d.e.Views() {
		if v.Schema == name {
			if err := d.dropView(v.ID, true); err != nil {
				return err
			}
		}
	}
	for _, t := range d.e.Tables() {
		if t.Schema == name {
			if err := d.dropTable(t.ID, true); err != nil {
				return err
			}
		}
	}
	for _, q := range d.e.Sequences() {
		if q.Schema == name {
			if err := d.dropSequence(q.ID, true); err != nil {
				return err
			}
		}
	}
	for _, t := range d.e.UserTypes() {
		if t.Schema == name {
			if err := d.dropType(t.ID, true); err != nil {
				return err
			}
		}
	}
	return d.e.DropSchema(name)
}

func firstIn(s *catalog.Snapshot, schema string) string {
	for _, v := range s.Views() {
		if v.Schema == schema {
			return "view " + v.Name
		}
	}
	for _, t := range s.Tables() {
		if t.Schema == schema {
			return tableWord(t) + " " + t.Name
		}
	}
	for _, q := range s.Sequences() {
		if q.Schema == schema {
			return "sequence " + q.Name
		}
	}
	for _, t := range s.UserTypes() {
		if t.Schema == schema {
			return "type " + t.Name
		}
	}
	for _, f := range s.Functions() {
		if f.Schema == schema {
			return "function " + signature(f)
		}
	}
	return ""
}
