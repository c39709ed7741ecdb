package query

import (
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// refuse says that a feature is not supported, by name.
func refuse(pos int, what string, args ...any) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "%s is not supported", fmt.Sprintf(what, args...)).At(pos)
}

// ddl runs a change of the catalog.
func (r *running) ddl(st ast.Stmt) error {
	if r.s.set.readOnly {
		return dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute %s in a read-only transaction", ddlName(st))
	}
	d := &definer{r: r, s: r.s}
	var err error
	if d.e, err = r.s.e.cat.Edit(r.ctx, r.s.tx, r.s.db.ID); err != nil {
		return err
	}
	tag := ddlName(st)
	switch st := st.(type) {
	case *ast.CreateTable:
		err = d.createTable(st)
	case *ast.CreateTableAs:
		return d.createTableAs(st)
	case *ast.Drop:
		err = d.drop(st)
	case *ast.CreateIndex:
		err = d.createIndex(st)
	case *ast.CreateSchema:
		err = d.createSchema(st)
	case *ast.CreateView:
		err = d.createView(st)
	case *ast.CreateSequence:
		err = d.createSequence(st)
	case *ast.Truncate:
		err = d.truncate(st)
	case *ast.AlterTable:
		err = d.alterTable(st)
	case *ast.Rename:
		err = d.rename(st)
	case *ast.Comment:
		err = d.comment(st)
	default:
		return refuse(st.Pos(), "%s", tag)
	}
	if err != nil {
		return err
	}
	if d.changed {
		if err := d.e.Finish(); err != nil {
			return err
		}
	}
	return r.done(tag)
}

func ddlName(st ast.Stmt) string {
	switch st := st.(type) {
	case *ast.CreateTable:
		return "CREATE TABLE"
	case *ast.CreateTableAs:
		if st.Kind == ast.KindMatView {
			return "CREATE MATERIALIZED VIEW"
		}
		return "CREATE TABLE AS"
	case *ast.Drop:
		return "DROP " + st.Kind.String()
	case *ast.CreateIndex:
		return "CREATE INDEX"
	case *ast.CreateSchema:
		return "CREATE SCHEMA"
	case *ast.CreateView:
		return "CREATE VIEW"
	case *ast.CreateSequence:
		return "CREATE SEQUENCE"
	case *ast.AlterSequence:
		return "ALTER SEQUENCE"
	case *ast.Truncate:
		return "TRUNCATE TABLE"
	case *ast.AlterTable:
		return "ALTER " + st.Kind.String()
	case *ast.Rename:
		return "ALTER TABLE"
	case *ast.SetSchema:
		return "ALTER TABLE SET SCHEMA"
	case *ast.Comment:
		return "COMMENT"
	case *ast.RefreshMatView:
		return "REFRESH MATERIALIZED VIEW"
	}
	return fmt.Sprintf("%T", st)
}

// definer makes one change of the catalog.
type definer struct {
	r       *running
	s       *Session
	e       *catalog.Editor
	changed bool
}

// target decides the schema of a new relation and that its name is free.
func (d *definer) target(n ast.Name, ifNotExists bool) (schema string, exists bool, err error) {
	schema = n.Schema
	if schema == "" {
		if len(d.s.set.path) == 0 {
			return "", false, dberr.SQL(dberr.StateInvalidSchemaName, "no schema has been selected to create in").At(n.Pos())
		}
		schema = d.s.set.path[0]
	}
	if n.Catalog != "" && n.Catalog != d.s.db.Name {
		return "", false, dberr.SQL(dberr.StateFeatureNotSupported, "cross-database references are not implemented").At(n.Pos())
	}
	if !d.e.HasSchema(schema) {
		return "", false, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", schema).At(n.Pos())
	}
	if catalog.Reserved(schema) {
		return "", false, dberr.SQL(dberr.StateInsufficientPrivilege, "permission denied to create in schema %q", schema).
			WithDetail("System catalogs cannot be changed.").At(n.Pos())
	}
	if err := validName(n.Name, n.Pos()); err != nil {
		return "", false, err
	}
	if _, ok := d.e.Lookup(schema, n.Name); ok {
		if ifNotExists {
			return schema, true, nil
		}
		return schema, true, dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", n.Name).At(n.Pos())
	}
	return schema, false, nil
}

func validName(name string, pos int) error {
	if len(name) > catalog.MaxNameLength {
		return dberr.SQL(dberr.StateNameTooLong, "identifier %q is longer than %d bytes", name, catalog.MaxNameLength).At(pos)
	}
	if name == "" {
		return dberr.SQL(dberr.StateSyntax, "zero-length delimited identifier").At(pos)
	}
	return nil
}

// freeName makes a name for an object that was not given one, as PostgreSQL does.
func (d *definer) freeName(schema string, parts ...string) string {
	base := ""
	for i, p := range parts {
		if i > 0 {
			base += "_"
		}
		base += p
	}
	if over := len(base) - catalog.MaxNameLength; over > 0 && len(parts[0]) > over {
		return d.freeName(schema, append([]string{parts[0][:len(parts[0])-over]}, parts[1:]...)...)
	}
	for i := 0; ; i++ {
		name := base
		if i > 0 {
			name = fmt.Sprintf("%s%d", base, i)
		}
		if _, taken := d.e.Lookup(schema, name); !taken {
			return name
		}
	}
}

func (d *definer) scope() *plan.Scope { return d.s.scope(d.e.Snapshot, nil) }

// drop runs DROP of relations and schemas.
func (d *definer) drop(st *ast.Drop) error {
	for _, n := range st.Names {
		var err error
		if st.Kind == ast.KindSchema {
			err = d.dropSchema(st, n)
		} else {
			err = d.dropRelation(st, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func kindWord(k ast.ObjectKind) string {
	return map[ast.ObjectKind]string{ast.KindTable: "table", ast.KindIndex: "index", ast.KindView: "view",
		ast.KindMatView: "materialized view", ast.KindSequence: "sequence", ast.KindSchema: "schema"}[k]
}

func (d *definer) dropRelation(st *ast.Drop, n ast.Name) error {
	rel, err := d.s.lookup(d.e.Snapshot, n)
	if err != nil {
		if st.IfExists {
			return nil
		}
		full := n.Name
		if n.Schema != "" {
			full = n.Schema + "." + n.Name
		}
		state := dberr.StateUndefinedTable
		if st.Kind == ast.KindIndex {
			state = dberr.StateUndefinedObject
		}
		return dberr.SQL(state, "%s %q does not exist", kindWord(st.Kind), full).At(n.Pos())
	}
	if got := rel.Kind(); got != kindWord(st.Kind) {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a %s", n.Name, kindWord(st.Kind)).
			WithHint("Use DROP %s to remove a %s.", map[string]string{"table": "TABLE", "index": "INDEX", "view": "VIEW", "sequence": "SEQUENCE"}[got], got).At(n.Pos())
	}
	d.changed = true
	switch {
	case rel.Index != nil:
		return d.dropIndex(rel.Table, rel.Index, st.Cascade)
	case rel.Table != nil:
		return d.dropTable(rel.Table, st.Cascade)
	case rel.View != nil:
		return d.dropView(rel.View, st.Cascade)
	}
	return d.dropSequence(rel.Sequence, st.Cascade)
}

// dependents refuses to drop what views or foreign keys need, or drops them too.
func (d *definer) dropViewsOn(kind, name string, id keyspace.ObjectID, cascade bool) error {
	for _, v := range d.e.ViewsOn(id) {
		if !cascade {
			return dependent(kind, name, fmt.Sprintf("view %s depends on %s %s", v.Name, kind, name))
		}
		if err := d.dropView(v, true); err != nil {
			return err
		}
	}
	return nil
}

func dependent(kind, name, detail string) error {
	return dberr.SQL(dberr.StateDependentObjects, "cannot drop %s %s because other objects depend on it", kind, name).
		WithDetail("%s", detail).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

func (d *definer) dropTable(t *catalog.Table, cascade bool) error {
	if err := d.dropViewsOn("table", t.Name, t.ID, cascade); err != nil {
		return err
	}
	for _, ref := range d.e.References(t.ID) {
		if ref.Table.ID == t.ID {
			continue
		}
		if !cascade {
			return dependent("table", t.Name, fmt.Sprintf("constraint %s on table %s depends on table %s", ref.Key.Name, ref.Table.Name, t.Name))
		}
		c := ref.Table.Clone()
		for i := range c.ForeignKeys {
			if c.ForeignKeys[i].Name == ref.Key.Name {
				c.ForeignKeys = append(c.ForeignKeys[:i:i], c.ForeignKeys[i+1:]...)
				break
			}
		}
		if err := d.e.PutTable(c); err != nil {
			return err
		}
	}
	for _, q := range d.e.Sequences() {
		if q.OwnerTable == t.ID {
			if err := d.e.DropSequence(q); err != nil {
				return err
			}
		}
	}
	d.s.touch(keyOf(t))
	d.s.work.drops = true
	return d.e.DropTable(t)
}

func (d *definer) dropView(v *catalog.View, cascade bool) error {
	if err := d.dropViewsOn("view", v.Name, v.ID, cascade); err != nil {
		return err
	}
	return d.e.DropView(v)
}

func (d *definer) dropSequence(q *catalog.Sequence, cascade bool) error {
	if t := d.e.Table(q.OwnerTable); t != nil {
		o := t.Ordinal(q.OwnerColumn)
		if !cascade || t.Columns[o].Identity != 0 {
			return dependent("sequence", q.Name, fmt.Sprintf("default value for column %s of table %s depends on sequence %s", t.Columns[o].Name, t.Name, q.Name))
		}
		c := t.Clone()
		c.Columns[o].Default = ""
		if err := d.e.PutTable(c); err != nil {
			return err
		}
	}
	d.s.work.drops = true
	return d.e.DropSequence(q)
}

func (d *definer) dropIndex(t *catalog.Table, x *catalog.Index, cascade bool) error {
	if x.Constraint {
		return dberr.SQL(dberr.StateDependentObjects, "cannot drop index %s because constraint %s on table %s requires it", x.Name, x.Name, t.Name).
			WithHint("You can drop constraint %s on table %s instead.", x.Name, t.Name)
	}
	return d.removeIndex(t, x.ID)
}

func (d *definer) removeIndex(t *catalog.Table, id keyspace.ObjectID) error {
	c := t.Clone()
	for i := range c.Indexes {
		if c.Indexes[i].ID == id {
			c.Indexes = append(c.Indexes[:i:i], c.Indexes[i+1:]...)
			break
		}
	}
	if err := d.e.PutTable(c); err != nil {
		return err
	}
	d.s.work.drops = true
	return d.e.DropIndexData(id)
}

func (d *definer) dropSchema(st *ast.Drop, n ast.Name) error {
	name := n.Name
	if catalog.Reserved(name) {
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
	for {
		rel, what := firstIn(d.e.Snapshot, name)
		if what == "" {
			break
		}
		if !st.Cascade {
			return dependent("schema", name, fmt.Sprintf("%s depends on schema %s", what, name))
		}
		var err error
		switch {
		case rel.Table != nil:
			err = d.dropTable(rel.Table, true)
		case rel.View != nil:
			err = d.dropView(rel.View, true)
		default:
			err = d.dropSequence(rel.Sequence, true)
		}
		if err != nil {
			return err
		}
	}
	return d.e.DropSchema(name)
}

func firstIn(s *catalog.Snapshot, schema string) (catalog.Relation, string) {
	for _, v := range s.Views() {
		if v.Schema == schema {
			return catalog.Relation{View: v}, "view " + v.Name
		}
	}
	for _, t := range s.Tables() {
		if t.Schema == schema {
			return catalog.Relation{Table: t}, "table " + t.Name
		}
	}
	for _, q := range s.Sequences() {
		if q.Schema == schema {
			return catalog.Relation{Sequence: q}, "sequence " + q.Name
		}
	}
	return catalog.Relation{}, ""
}

func (d *definer) createSchema(st *ast.CreateSchema) error {
	if d.e.HasSchema(st.Name) {
		if st.IfNotExists {
			return nil
		}
		if catalog.Reserved(st.Name) {
			return dberr.SQL(dberr.StateReservedName, "unacceptable schema name %q", st.Name).WithDetail("The prefix \"pg_\" is reserved for system schemas.").At(st.Pos())
		}
		return dberr.SQL(dberr.StateDuplicateSchema, "schema %q already exists", st.Name).At(st.Pos())
	}
	if err := validName(st.Name, st.Pos()); err != nil {
		return err
	}
	d.changed = true
	return d.e.AddSchema(st.Name)
}

// createView checks the query and stores its text.
func (d *definer) createView(st *ast.CreateView) error {
	if st.Persistence == ast.Temporary {
		return refuse(st.Pos(), "CREATE TEMPORARY VIEW")
	}
	if len(st.Options) > 0 || st.Check != ast.CheckNone {
		return refuse(st.Pos(), "an option of CREATE VIEW")
	}
	if ast.MaxParam(st.Query) > 0 {
		return dberr.SQL(dberr.StateUndefinedParameter, "there is no parameter $1").At(st.Pos())
	}
	schema, exists, err := d.target(st.Name, st.OrReplace)
	if err != nil {
		return err
	}
	q, reads, err := plan.BindReads(d.scope(), st.Query)
	if err != nil {
		return err
	}
	v := &catalog.View{Schema: schema, Name: st.Name.Name, Query: ast.QueryString(st.Query)}
	if len(st.Columns) > len(q.Out) {
		return dberr.SQL(dberr.StateSyntax, "CREATE VIEW specifies more column names than columns").At(st.Pos())
	}
	seen := map[string]bool{}
	for i, c := range q.Out {
		name := q.Info[c].Name
		if i < len(st.Columns) {
			name = st.Columns[i]
		}
		if seen[name] {
			return dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", name).At(st.Pos())
		}
		seen[name] = true
		v.Columns = append(v.Columns, catalog.ViewColumn{Name: name, Type: q.Info[c].Type})
	}
	v.DependsOn = reads
	if exists {
		old, _ := d.e.Lookup(schema, st.Name.Name)
		if old.View == nil {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not a view", st.Name.Name).At(st.Name.Pos())
		}
		if err := sameView(old.View, v); err != nil {
			return err
		}
		v.ID = old.View.ID
	} else if v.ID, err = d.e.NewID(); err != nil {
		return err
	}
	d.changed = true
	return d.e.PutView(v)
}

// sameView checks that a view replaces another without changing its columns.
func sameView(old, v *catalog.View) error {
	if len(v.Columns) < len(old.Columns) {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "cannot drop columns from view")
	}
	for i, c := range old.Columns {
		if v.Columns[i].Name != c.Name {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "cannot change name of view column %q to %q", c.Name, v.Columns[i].Name)
		}
		if v.Columns[i].Type != c.Type {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "cannot change data type of view column %q from %s to %s", c.Name, c.Type, v.Columns[i].Type)
		}
	}
	return nil
}

func (d *definer) createSequence(st *ast.CreateSequence) error {
	if st.Persistence == ast.Temporary {
		return refuse(st.Pos(), "CREATE TEMPORARY SEQUENCE")
	}
	schema, exists, err := d.target(st.Name, st.IfNotExists)
	if err != nil || exists {
		return err
	}
	q, err := d.sequence(schema, st.Name.Name, sqltype.TInt8, st.Options, st.Pos())
	if err != nil {
		return err
	}
	d.changed = true
	return d.e.PutSequence(q)
}

// sequence makes a sequence from its options.
func (d *definer) sequence(schema, name string, t sqltype.Type, o ast.SequenceOptions, pos int) (*catalog.Sequence, error) {
	if o.Type != nil {
		typ, err := o.Type.Resolve()
		if err != nil {
			return nil, err
		}
		t = typ
	}
	limits := map[sqltype.ID][2]int64{sqltype.Int2: {-1 << 15, 1<<15 - 1}, sqltype.Int4: {-1 << 31, 1<<31 - 1}, sqltype.Int8: {-1 << 63, 1<<63 - 1}}
	limit, ok := limits[t.ID]
	if !ok {
		return nil, dberr.SQL(dberr.StateInvalidParameterValue, "sequence type must be smallint, integer, or bigint").At(pos)
	}
	q := &catalog.Sequence{Schema: schema, Name: name, Type: t, Increment: 1, Cache: 1}
	set := func(dst *int64, v *int64) {
		if v != nil {
			*dst = *v
		}
	}
	set(&q.Increment, o.Increment)
	q.Min, q.Max = 1, limit[1]
	if q.Increment < 0 {
		q.Min, q.Max = limit[0], -1
	}
	set(&q.Min, o.Min)
	set(&q.Max, o.Max)
	q.Start = q.Min
	if q.Increment < 0 {
		q.Start = q.Max
	}
	set(&q.Start, o.Start)
	set(&q.Cache, o.Cache)
	if o.Cycle != nil {
		q.Cycle = *o.Cycle
	}
	bad := func(format string, args ...any) error {
		return dberr.SQL(dberr.StateInvalidParameterValue, format, args...).At(pos)
	}
	switch {
	case q.Increment == 0:
		return nil, bad("INCREMENT must not be zero")
	case q.Min < limit[0]:
		return nil, bad("MINVALUE (%d) is out of range for sequence data type %s", q.Min, t.Name())
	case q.Max > limit[1]:
		return nil, bad("MAXVALUE (%d) is out of range for sequence data type %s", q.Max, t.Name())
	case q.Min >= q.Max:
		return nil, bad("MINVALUE (%d) must be less than MAXVALUE (%d)", q.Min, q.Max)
	case q.Start < q.Min:
		return nil, bad("START value (%d) cannot be less than MINVALUE (%d)", q.Start, q.Min)
	case q.Start > q.Max:
		return nil, bad("START value (%d) cannot be greater than MAXVALUE (%d)", q.Start, q.Max)
	case q.Cache < 1:
		return nil, bad("CACHE (%d) must be greater than zero", q.Cache)
	}
	if len(o.OwnedBy) > 1 {
		return nil, refuse(pos, "OWNED BY in CREATE SEQUENCE")
	}
	id, err := d.e.NewID()
	q.ID = id
	return q, err
}

func (d *definer) comment(st *ast.Comment) error {
	if st.Kind != ast.KindTable && st.Kind != ast.KindColumn {
		return refuse(st.Pos(), "COMMENT ON %s", st.Kind)
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		return err
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", st.Name.Name).At(st.Name.Pos())
	}
	value := ""
	if st.Text != nil {
		value = *st.Text
	}
	t := rel.Table.Clone()
	if st.Kind == ast.KindTable {
		t.Comment = value
	} else {
		i := t.Column(st.Sub)
		if i < 0 {
			return dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", st.Sub, t.Name).At(st.Pos())
		}
		t.Columns[i].Comment = value
	}
	d.changed = true
	return d.e.PutTable(t)
}
