package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// maxColumns is PostgreSQL's limit.
const maxColumns = 1600

// tableMaker builds the description of a new table.
type tableMaker struct {
	*definer
	t    *catalog.Table
	seqs []*catalog.Sequence
	keys []keyDef // unique constraints in the order written
}

type keyDef struct {
	c       ast.Constraint
	columns []string
}

func (d *definer) createTable(st *ast.CreateTable) error {
	switch {
	case st.Persistence == ast.Temporary:
		return refuse(st.Pos(), "CREATE TEMPORARY TABLE")
	case st.Persistence == ast.Unlogged:
		return refuse(st.Pos(), "CREATE UNLOGGED TABLE")
	case len(st.Likes) > 0:
		return refuse(st.Likes[0].Table.Pos(), "LIKE in CREATE TABLE")
	case len(st.Options) > 0:
		return refuse(st.Options[0].Pos(), "the storage parameter %q", st.Options[0].Name)
	}
	schema, exists, err := d.target(st.Name, st.IfNotExists)
	if err != nil || exists {
		return err
	}
	m := &tableMaker{definer: d, t: &catalog.Table{DB: d.s.db.ID, Schema: schema, Name: st.Name.Name, NextColumn: 1}}
	if m.t.ID, err = d.e.NewID(); err != nil {
		return err
	}
	if len(st.Columns) > maxColumns {
		return dberr.SQL(dberr.StateTooManyColumns, "tables can have at most %d columns", maxColumns).At(st.Pos())
	}
	for i := range st.Columns {
		if err := m.column(&st.Columns[i]); err != nil {
			return err
		}
	}
	return m.finish(st)
}

// finish adds the constraints once all columns are known, and stores the table.
func (m *tableMaker) finish(st *ast.CreateTable) error {
	var checks, foreign []keyDef
	for i := range st.Columns {
		def := &st.Columns[i]
		for _, c := range def.Constraints {
			if len(c.Columns) == 0 {
				c.Columns = []string{def.Name}
			}
			m.sort(c, &checks, &foreign)
		}
	}
	for _, c := range st.Constraints {
		m.sort(c, &checks, &foreign)
	}
	if err := m.primaryKey(); err != nil {
		return err
	}
	for _, k := range m.keys {
		if k.c.Kind == ast.ConstrUnique {
			if err := m.unique(k); err != nil {
				return err
			}
		}
	}
	for _, k := range checks {
		if err := m.check(k); err != nil {
			return err
		}
	}
	if err := m.expressions(); err != nil {
		return err
	}
	for _, k := range foreign {
		if err := m.foreignKey(k.c); err != nil {
			return err
		}
	}
	m.changed = true
	for _, q := range m.seqs {
		if err := m.e.PutSequence(q); err != nil {
			return err
		}
	}
	return m.e.PutTable(m.t)
}

func (m *tableMaker) sort(c ast.Constraint, checks, foreign *[]keyDef) {
	switch c.Kind {
	case ast.ConstrPrimary, ast.ConstrUnique:
		m.keys = append(m.keys, keyDef{c, c.Columns})
	case ast.ConstrCheck:
		*checks = append(*checks, keyDef{c, c.Columns})
	case ast.ConstrForeign:
		*foreign = append(*foreign, keyDef{c, c.Columns})
	}
}

// serials are the type names that stand for a sequence.
var serials = map[string]sqltype.Type{
	"smallserial": sqltype.TInt2, "serial2": sqltype.TInt2, "serial": sqltype.TInt4, "serial4": sqltype.TInt4,
	"bigserial": sqltype.TInt8, "serial8": sqltype.TInt8,
}

// column adds a column with its own properties.
func (m *tableMaker) column(def *ast.ColumnDef) error {
	if err := validName(def.Name, def.Pos()); err != nil {
		return err
	}
	if m.t.Column(def.Name) >= 0 {
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", def.Name).At(def.Pos())
	}
	c := catalog.Column{ID: m.t.NextColumn, Name: def.Name}
	m.t.NextColumn++
	serial, isSerial := serials[def.Type.Name]
	if isSerial && def.Type.Schema == "" && def.Type.Dims == 0 {
		c.Type, c.NotNull = serial, true
	} else {
		t, err := def.Type.Resolve()
		if err != nil {
			if e := dberr.As(err); e != nil {
				e.At(def.Type.Pos())
			}
			return err
		}
		if t.ID == sqltype.Record || t.ID == sqltype.Void || t.ID == sqltype.Unknown {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "column %q has pseudo-type %s", def.Name, t.Name()).At(def.Type.Pos())
		}
		c.Type, isSerial = t, false
	}
	if err := collation(def.Collate, def.Pos()); err != nil {
		return err
	}
	if isSerial {
		if err := m.ownSequence(&c, c.Type, ast.SequenceOptions{}, def.Pos()); err != nil {
			return err
		}
	}
	if err := m.properties(&c, def); err != nil {
		return err
	}
	m.t.Columns = append(m.t.Columns, c)
	return nil
}

func collation(name []string, pos int) error {
	if len(name) == 0 {
		return nil
	}
	switch n := name[len(name)-1]; n {
	case "C", "POSIX", "default", "ucs_basic", "C.UTF-8":
		return nil
	default:
		return dberr.SQL(dberr.StateUndefinedObject, "collation %q for encoding \"UTF8\" does not exist", n).At(pos)
	}
}

// properties applies the column's constraints that are not of the table.
func (m *tableMaker) properties(c *catalog.Column, def *ast.ColumnDef) error {
	sawNull := false
	for _, k := range def.Constraints {
		switch k.Kind {
		case ast.ConstrNull:
			sawNull = true
		case ast.ConstrNotNull:
			c.NotNull = true
		case ast.ConstrDefault:
			if c.Default != "" || c.Identity != 0 {
				return dberr.SQL(dberr.StateSyntax, "multiple default values specified for column %q of table %q", c.Name, m.t.Name).At(k.Pos())
			}
			c.Default = ast.String(k.Expr)
			if lit, ok := k.Expr.(*ast.Literal); ok && lit.Kind == ast.LitNull {
				c.Default = ""
			}
		case ast.ConstrIdentity:
			if c.Default != "" || c.Identity != 0 {
				return dberr.SQL(dberr.StateSyntax, "both default and identity specified for column %q of table %q", c.Name, m.t.Name).At(k.Pos())
			}
			c.Identity, c.NotNull = k.Identity, true
			if err := m.ownSequence(c, c.Type, k.Sequence, k.Pos()); err != nil {
				return err
			}
		case ast.ConstrGenerated:
			if !k.Stored {
				return refuse(k.Pos(), "a virtual generated column")
			}
			c.Generated = ast.String(k.Expr)
		case ast.ConstrPrimary:
			c.NotNull = true
		}
	}
	if sawNull && c.NotNull {
		return dberr.SQL(dberr.StateSyntax, "conflicting NULL/NOT NULL declarations for column %q of table %q", c.Name, m.t.Name).At(def.Pos())
	}
	return nil
}

// ownSequence makes the sequence of a serial or identity column.
func (m *tableMaker) ownSequence(c *catalog.Column, t sqltype.Type, o ast.SequenceOptions, pos int) error {
	if t.ID != sqltype.Int2 && t.ID != sqltype.Int4 && t.ID != sqltype.Int8 {
		return dberr.SQL(dberr.StateInvalidParameterValue, "identity column type must be smallint, integer, or bigint").At(pos)
	}
	name := m.freeName(m.t.Schema, m.t.Name, c.Name, "seq")
	if o.Name != nil {
		name = o.Name.Name
	}
	q, err := m.sequence(m.t.Schema, name, t, o, pos)
	if err != nil {
		return err
	}
	q.OwnerTable, q.OwnerColumn = m.t.ID, c.ID
	m.seqs = append(m.seqs, q)
	if c.Identity == 0 {
		c.Default = fmt.Sprintf("nextval(%s)", ast.QuoteLiteral(qualified(q.Schema, q.Name)))
	}
	return nil
}

func qualified(schema, name string) string {
	return ast.QuoteIdent(schema) + "." + ast.QuoteIdent(name)
}

// primaryKey adds the primary index.
func (m *tableMaker) primaryKey() error {
	var found *keyDef
	for i := range m.keys {
		if k := &m.keys[i]; k.c.Kind == ast.ConstrPrimary {
			if found != nil {
				return dberr.SQL(dberr.StateInvalidTableDefinition, "multiple primary keys for table %q are not allowed", m.t.Name).At(k.c.Pos())
			}
			found = k
		}
	}
	id, err := m.e.NewID()
	if err != nil {
		return err
	}
	x := catalog.Index{ID: id, Unique: true, Primary: true}
	if found == nil {
		x.Columns = []catalog.IndexColumn{{Column: catalog.RowID, Type: sqltype.TInt8}}
		m.t.Indexes = append([]catalog.Index{x}, m.t.Indexes...)
		return nil
	}
	if err := m.constraintOptions(found.c); err != nil {
		return err
	}
	x.Constraint, x.Name = true, found.c.Name
	if x.Name == "" {
		x.Name = m.freeName(m.t.Schema, m.t.Name, "pkey")
	}
	if x.Columns, err = m.parts(found.columns, found.c.Pos()); err != nil {
		return err
	}
	for _, k := range x.Columns {
		m.t.Columns[m.t.Ordinal(k.Column)].NotNull = true
	}
	m.t.Indexes = append([]catalog.Index{x}, m.t.Indexes...)
	return m.nameFree(x.Name, found.c.Pos())
}

func (m *tableMaker) constraintOptions(c ast.Constraint) error {
	switch {
	case c.Deferrable || c.InitiallyDeferred:
		return refuse(c.Pos(), "a deferrable constraint")
	case c.NotEnforced:
		return refuse(c.Pos(), "NOT ENFORCED")
	case c.NotValid:
		return refuse(c.Pos(), "NOT VALID")
	case c.UsingIndex != "":
		return refuse(c.Pos(), "USING INDEX")
	case len(c.Options) > 0:
		return refuse(c.Pos(), "a storage parameter of a constraint")
	case len(c.Include) > 0:
		return refuse(c.Pos(), "INCLUDE in a constraint")
	}
	return nil
}

// nameFree checks that no relation of the schema has the name of a new index.
func (m *tableMaker) nameFree(name string, pos int) error {
	if _, taken := m.e.Lookup(m.t.Schema, name); taken || name == m.t.Name {
		return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", name).At(pos)
	}
	for i, n := 0, 0; i < len(m.t.Indexes); i++ {
		if m.t.Indexes[i].Name == name {
			if n++; n > 1 {
				return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", name).At(pos)
			}
		}
	}
	return nil
}

// parts makes key parts of columns.
func (m *tableMaker) parts(columns []string, pos int) (list []catalog.IndexColumn, err error) {
	seen := map[string]bool{}
	for _, name := range columns {
		i := m.t.Column(name)
		if i < 0 {
			return nil, dberr.SQL(dberr.StateUndefinedColumn, "column %q named in key does not exist", name).At(pos)
		}
		if seen[name] {
			return nil, dberr.SQL(dberr.StateDuplicateColumn, "column %q appears twice in primary key or unique constraint", name).At(pos)
		}
		seen[name] = true
		if err := indexable(m.t.Columns[i].Type, pos); err != nil {
			return nil, err
		}
		list = append(list, catalog.IndexColumn{Column: m.t.Columns[i].ID, Type: m.t.Columns[i].Type})
	}
	return list, nil
}

// indexable refuses types without an order.
func indexable(t sqltype.Type, pos int) error {
	if t.ID == sqltype.JSON || t.ID == sqltype.Array && t.Elem == sqltype.JSON {
		return dberr.SQL(dberr.StateUndefinedObject, "data type %s has no default operator class for access method \"btree\"", t.Name()).
			WithHint("You must specify an operator class for the index or define a default operator class for the data type.").At(pos)
	}
	return nil
}

func (m *tableMaker) unique(k keyDef) error {
	if err := m.constraintOptions(k.c); err != nil {
		return err
	}
	parts, err := m.parts(k.columns, k.c.Pos())
	if err != nil {
		return err
	}
	id, err := m.e.NewID()
	if err != nil {
		return err
	}
	x := catalog.Index{ID: id, Name: k.c.Name, Unique: true, Constraint: true, Columns: parts, NullsNotDistinct: k.c.NullsNotDistinct}
	if x.Name == "" {
		x.Name = m.indexName(append(append([]string{m.t.Name}, k.columns...), "key")...)
	}
	m.t.Indexes = append(m.t.Indexes, x)
	return m.nameFree(x.Name, k.c.Pos())
}

// indexName makes a name that neither the schema nor the new table has yet.
func (m *tableMaker) indexName(parts ...string) string {
	for i := 0; ; i++ {
		last := parts[len(parts)-1]
		if i > 0 {
			last = fmt.Sprintf("%s%d", last, i)
		}
		name := m.freeName(m.t.Schema, append(append([]string(nil), parts[:len(parts)-1]...), last)...)
		taken := false
		for _, x := range m.t.Indexes {
			taken = taken || x.Name == name
		}
		if !taken {
			return name
		}
	}
}

// check adds a CHECK constraint.
func (m *tableMaker) check(k keyDef) error {
	if k.c.NotEnforced || k.c.NotValid {
		return m.constraintOptions(k.c)
	}
	name := k.c.Name
	if name == "" {
		parts := []string{m.t.Name}
		if cols := columnsOf(k.c.Expr); len(cols) == 1 {
			parts = append(parts, cols[0])
		}
		name = m.checkName(append(parts, "check"))
	} else if m.hasConstraint(name) {
		return dberr.SQL(dberr.StateDuplicateObject, "constraint %q for relation %q already exists", name, m.t.Name).At(k.c.Pos())
	}
	if _, err := plan.BindRowExpr(m.scope(), m.t, k.c.Expr, sqltype.TBool, "check constraint"); err != nil {
		return err
	}
	m.t.Checks = append(m.t.Checks, catalog.Check{Name: name, Expr: ast.String(k.c.Expr)})
	return nil
}

func (m *tableMaker) checkName(parts []string) string {
	base := strings.Join(parts, "_")
	name := base
	for i := 1; m.hasConstraint(name); i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	return name
}

func (m *tableMaker) hasConstraint(name string) bool {
	for _, c := range m.t.Checks {
		if c.Name == name {
			return true
		}
	}
	for _, c := range m.t.ForeignKeys {
		if c.Name == name {
			return true
		}
	}
	for _, x := range m.t.Indexes {
		if x.Constraint && x.Name == name {
			return true
		}
	}
	return false
}

// columnsOf lists the columns that an expression names.
func columnsOf(e ast.Expr) (names []string) {
	seen := map[string]bool{}
	ast.Walk(e, func(n any) bool {
		if c, ok := n.(*ast.ColumnRef); ok && len(c.Names) > 0 {
			name := c.Names[len(c.Names)-1]
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
		return true
	})
	return names
}

// expressions checks that defaults and generated columns can be computed.
func (m *tableMaker) expressions() error {
	snap := m.scope()
	// The sequences of the table are not in the catalog yet: nextval of them is fine.
	for i := range m.t.Columns {
		c := &m.t.Columns[i]
		if c.Default != "" && !strings.HasPrefix(c.Default, "nextval(") {
			if err := bindText(snap, nil, c.Default, c.Type, "DEFAULT expression"); err != nil {
				return err
			}
		}
		if c.Generated != "" {
			if c.Default != "" || c.Identity != 0 {
				return dberr.SQL(dberr.StateSyntax, "both default and generation expression specified for column %q of table %q", c.Name, m.t.Name)
			}
			if err := bindText(snap, m.t, c.Generated, c.Type, "column generation expression"); err != nil {
				return err
			}
			for _, n := range namesIn(c.Generated) {
				if o := m.t.Column(n); o >= 0 && m.t.Columns[o].Generated != "" {
					return dberr.SQL("42P17", "cannot use generated column %q in column generation expression", n)
				}
			}
		}
	}
	return nil
}

// foreignKey adds a REFERENCES constraint.
func (m *tableMaker) foreignKey(c ast.Constraint) error {
	if err := m.constraintOptions(c); err != nil {
		return err
	}
	if c.Match == 'p' {
		return dberr.SQL(dberr.StateFeatureNotSupported, "MATCH PARTIAL not yet implemented").At(c.Pos())
	}
	if len(c.OnDeleteCols) > 0 {
		return refuse(c.Pos(), "a column list of ON DELETE SET")
	}
	ref := m.t
	if c.RefTable.Name != m.t.Name || c.RefTable.Schema != "" && c.RefTable.Schema != m.t.Schema {
		rel, err := m.s.lookup(m.e.Snapshot, c.RefTable)
		if err != nil {
			return err
		}
		if rel.Table == nil || rel.Index != nil {
			return dberr.SQL(dberr.StateWrongObjectType, "referenced relation %q is not a table", c.RefTable.Name).At(c.RefTable.Pos())
		}
		ref = rel.Table
	}
	k := catalog.ForeignKey{Name: c.Name, RefTable: ref.ID, OnDelete: action(c.OnDelete), OnUpdate: action(c.OnUpdate), Match: c.Match}
	if k.Match == 0 {
		k.Match = 's'
	}
	for _, n := range c.Columns {
		i := m.t.Column(n)
		if i < 0 {
			return dberr.SQL(dberr.StateUndefinedColumn, "column %q referenced in foreign key constraint does not exist", n).At(c.Pos())
		}
		k.Columns = append(k.Columns, m.t.Columns[i].ID)
	}
	if err := m.referenced(&k, ref, c); err != nil {
		return err
	}
	if k.Name == "" {
		k.Name = m.checkName(append(append([]string{m.t.Name}, c.Columns...), "fkey"))
	} else if m.hasConstraint(k.Name) {
		return dberr.SQL(dberr.StateDuplicateObject, "constraint %q for relation %q already exists", k.Name, m.t.Name).At(c.Pos())
	}
	m.t.ForeignKeys = append(m.t.ForeignKeys, k)
	return nil
}

func action(b byte) byte {
	if b == 0 {
		return 'a'
	}
	return b
}

// referenced finds the referenced columns, which a unique index must cover.
func (m *tableMaker) referenced(k *catalog.ForeignKey, ref *catalog.Table, c ast.Constraint) error {
	if len(c.RefColumns) == 0 {
		if k.RefColumns = ref.PrimaryKey(); k.RefColumns == nil {
			return dberr.SQL(dberr.StateUndefinedObject, "there is no primary key for referenced table %q", ref.Name).At(c.Pos())
		}
	}
	for _, n := range c.RefColumns {
		i := ref.Column(n)
		if i < 0 {
			return dberr.SQL(dberr.StateUndefinedColumn, "column %q referenced in foreign key constraint does not exist", n).At(c.Pos())
		}
		k.RefColumns = append(k.RefColumns, ref.Columns[i].ID)
	}
	if len(k.RefColumns) != len(k.Columns) {
		return dberr.SQL(dberr.StateInvalidForeignKey, "number of referencing and referenced columns for foreign key disagree").At(c.Pos())
	}
	for i, id := range k.RefColumns {
		mine, theirs := m.t.Columns[m.t.Ordinal(k.Columns[i])].Type, ref.Columns[ref.Ordinal(id)].Type
		if mine.Base() != theirs.Base() {
			return dberr.SQL(dberr.StateDatatypeMismatch, "foreign key constraint %q cannot be implemented", k.Name).
				WithDetail("Key columns %q and %q are of different types: %s and %s.", c.Columns[i], ref.Columns[ref.Ordinal(id)].Name, mine.Name(), theirs.Name()).At(c.Pos())
		}
	}
	for _, x := range ref.Indexes {
		if x.Unique && x.Predicate == "" && sameColumns(x.Columns, k.RefColumns) {
			return nil
		}
	}
	return dberr.SQL(dberr.StateInvalidForeignKey, "there is no unique constraint matching given keys for referenced table %q", ref.Name).At(c.Pos())
}

func sameColumns(parts []catalog.IndexColumn, ids []catalog.ColumnID) bool {
	if len(parts) != len(ids) {
		return false
	}
	for _, p := range parts {
		if !slices.Contains(ids, p.Column) || p.Column == 0 {
			return false
		}
	}
	return true
}
