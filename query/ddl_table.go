package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
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
	if len(st.Options) > 0 {
		return refuse(st.Options[0].Pos(), "the storage parameter %q", st.Options[0].Name)
	}
	name, err := d.placed(st.Name, st.Persistence, "CREATE UNLOGGED TABLE", st.Pos())
	if err != nil {
		return err
	}
	schema, exists, err := d.target(name, st.IfNotExists)
	if err != nil || exists {
		return err
	}
	if d.e.UserType(schema, name.Name) != nil {
		return dberr.SQL(dberr.StateDuplicateObject, "type %q already exists", name.Name).
			WithHint("A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.").At(st.Name.Pos())
	}
	m := &tableMaker{definer: d, t: &catalog.Table{DB: d.s.db.ID, Schema: schema, Name: name.Name, NextColumn: 1}}
	if m.t.ID, err = d.e.NewID(); err != nil {
		return err
	}
	if len(st.Columns) > maxColumns {
		return dberr.SQL(dberr.StateTooManyColumns, "tables can have at most %d columns", maxColumns).At(st.Pos())
	}
	likes := st.Likes
	var later []func() error
	for i := 0; ; i++ {
		for len(likes) > 0 && likes[0].At == i {
			if err := m.likeTable(likes[0], &later); err != nil {
				return err
			}
			likes = likes[1:]
		}
		if i == len(st.Columns) {
			break
		}
		if err := m.column(&st.Columns[i]); err != nil {
			return err
		}
	}
	if err := d.noteOnCommit(m.t, st.OnCommit, st.Pos()); err != nil {
		return err
	}
	return m.finish(st, later)
}

// finish adds the constraints once all columns are known, and stores the table.
func (m *tableMaker) finish(st *ast.CreateTable, later []func() error) error {
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
	for _, f := range later {
		if err := f(); err != nil {
			return err
		}
	}
	for _, k := range checks {
		if err := m.check(k); err != nil {
			return err
		}
	}
	m.changed = true
	for _, q := range m.seqs {
		if err := m.putSequence(q); err != nil {
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
	if err := ownColumnName(def.Name, def.Pos()); err != nil {
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
		t, user, err := plan.ResolveType(m.scope(), def.Type)
		if err != nil {
			if e := dberr.As(err); e != nil {
				e.At(def.Type.Pos())
			}
			return err
		}
		if err := storable(t, def.Name, def.Type.Pos()); err != nil {
			return err
		}
		if user != nil && user.Kind == catalog.Domain {
			c.Domain = user.ID
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
			c.Default = defaultText(m.storedText(k.Expr), k.Expr)
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
			c.Generated = m.storedText(k.Expr)
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
	name := m.freeSequence(c.Name)
	if o.Name != nil {
		name = o.Name.Name
	}
	q, err := m.newSequence(m.t.Schema, name, t, o, pos)
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

// freeSequence makes a name for the sequence of a column.
func (m *tableMaker) freeSequence(column string) string {
	for i := 0; ; i++ {
		last := "seq"
		if i > 0 {
			last = fmt.Sprintf("seq%d", i)
		}
		name := m.freeName(m.t.Schema, m.t.Name, column, last)
		if !slices.ContainsFunc(m.seqs, func(q *catalog.Sequence) bool { return q.Name == name }) {
			return name
		}
	}
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
		x.Columns = hiddenKey().Columns
		m.t.Indexes = append([]catalog.Index{x}, m.t.Indexes...)
		return nil
	}
	if err := m.constraintOptions(found.c); err != nil {
		return err
	}
	if found.c.Deferrable {
		return refuse(found.c.Pos(), "a deferrable primary key")
	}
	if x.Include, err = m.include(found.c.Include, found.c.Pos()); err != nil {
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
	case c.NotEnforced:
		return refuse(c.Pos(), "NOT ENFORCED")
	case c.UsingIndex != "":
		return refuse(c.Pos(), "USING INDEX")
	case len(c.Options) > 0:
		return refuse(c.Pos(), "a storage parameter of a constraint")
	}
	return nil
}

// include finds the columns of INCLUDE.
func (m *tableMaker) include(names []string, pos int) (ids []catalog.ColumnID, err error) {
	for _, name := range names {
		i := m.t.Column(name)
		if i < 0 {
			return nil, dberr.SQL(dberr.StateUndefinedColumn, "column %q named in key does not exist", name).At(pos)
		}
		ids = append(ids, m.t.Columns[i].ID)
	}
	return ids, nil
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
	x := catalog.Index{ID: id, Name: k.c.Name, Unique: true, Constraint: true, Columns: parts, NullsNotDistinct: k.c.NullsNotDistinct,
		Deferrable: k.c.Deferrable, InitiallyDeferred: k.c.InitiallyDeferred}
	if x.Include, err = m.include(k.c.Include, k.c.Pos()); err != nil {
		return err
	}
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
	if err := m.constraintOptions(k.c); err != nil {
		return err
	}
	if k.c.Deferrable {
		return dberr.SQL(dberr.StateFeatureNotSupported, "CHECK constraints cannot be marked DEFERRABLE").At(k.c.Pos())
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
	m.t.Checks = append(m.t.Checks, catalog.Check{Name: name, Expr: m.storedText(k.c.Expr), NotValid: k.c.NotValid && m.e.Table(m.t.ID) != nil, NoInherit: k.c.NoInherit})
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

// generatedLasts checks that a generated column means the same whenever it is computed.
func (m *tableMaker) generatedLasts(c *catalog.Column) error {
	const what = "column generation expression"
	e, err := parse.ParseExpr(c.Generated, parse.Limits{})
	if err != nil {
		return err
	}
	x, err := plan.BindRowExpr(m.scope(), m.t, e, c.Type, what)
	if err != nil {
		return err
	}
	if !plan.Immutable(x) {
		return dberr.SQL("42P17", "generation expression is not immutable")
	}
	return m.lasting(x, e, c.Type, what)
}

// expressions checks that defaults and generated columns can be computed.
func (m *tableMaker) expressions() error {
	snap := m.scope()
	for i := range m.t.Columns {
		c := &m.t.Columns[i]
		if c.Default != "" {
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
			if err := m.generatedLasts(c); err != nil {
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
