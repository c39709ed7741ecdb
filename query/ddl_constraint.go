package query

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage/keyspace"
)

func (d *definer) addConstraint(t *catalog.Table, c *ast.Constraint) error {
	m := &tableMaker{definer: d, t: t}
	if c.UsingIndex != "" {
		return m.usingIndex(c)
	}
	switch c.Kind {
	case ast.ConstrCheck:
		if err := m.check(keyDef{*c, nil}); err != nil {
			return err
		}
		if !c.NotValid {
			if err := d.verifyCheck(t, &t.Checks[len(t.Checks)-1]); err != nil {
				return err
			}
		}
		return d.put(t)
	case ast.ConstrPrimary:
		return m.addPrimaryKey(c)
	case ast.ConstrUnique:
		if err := m.unique(keyDef{*c, c.Columns}); err != nil {
			return err
		}
		return d.buildIndex(t, len(t.Indexes)-1)
	case ast.ConstrForeign:
		if err := m.foreignKey(*c); err != nil {
			return err
		}
		if !c.NotValid {
			if err := d.verifyForeignKey(t, &t.ForeignKeys[len(t.ForeignKeys)-1]); err != nil {
				return err
			}
		}
		return d.put(t)
	case ast.ConstrNotNull:
		return m.addNotNull(c)
	}
	return refuse(c.Pos(), "adding this constraint")
}

// addNotNull is ADD CONSTRAINT … NOT NULL column, of PostgreSQL 18.
func (m *tableMaker) addNotNull(c *ast.Constraint) error {
	if c.NotValid || c.NotEnforced || c.Name != "" || len(c.Columns) != 1 {
		return refuse(c.Pos(), "a named or not valid NOT NULL constraint")
	}
	i, err := columnIndex(m.t, c.Columns[0], c.Pos())
	if err != nil {
		return err
	}
	if err := m.verifyNotNull(m.t, c.Columns[0]); err != nil {
		return err
	}
	m.t.Columns[i].NotNull = true
	return m.put(m.t)
}

func (d *definer) verifyCheck(t *catalog.Table, k *catalog.Check) error {
	n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s WHERE NOT (%s) LIMIT 1", qualified(t.Schema, t.Name), k.Expr))
	if err != nil {
		return err
	}
	if n > 0 {
		return dberr.SQL(dberr.StateCheckViolation, "check constraint %q of relation %q is violated by some row", k.Name, t.Name)
	}
	return nil
}

// addPrimaryKey moves the rows to an index over the key.
func (m *tableMaker) addPrimaryKey(c *ast.Constraint) error {
	if !m.t.HiddenKey() {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "multiple primary keys for table %q are not allowed", m.t.Name).At(c.Pos())
	}
	old := m.t.Clone()
	m.keys = []keyDef{{*c, c.Columns}}
	m.t.Indexes = m.t.Indexes[1:]
	if err := m.primaryKey(); err != nil {
		return err
	}
	return m.rewrite(old, m.t, nil)
}

// usingIndex makes a constraint of a unique index that is there.
func (m *tableMaker) usingIndex(c *ast.Constraint) error {
	t := m.t
	i := slices.IndexFunc(t.Indexes, func(x catalog.Index) bool { return x.Name == c.UsingIndex && !x.Primary })
	bad := func(format string) error {
		return dberr.SQL(dberr.StateWrongObjectType, format, c.UsingIndex).At(c.Pos()).
			WithDetail("Cannot create a primary key or unique constraint using such an index.")
	}
	switch {
	case i < 0:
		if rel, ok := m.e.Lookup(t.Schema, c.UsingIndex); ok && rel.Index != nil {
			return dberr.SQL(dberr.StateObjectNotReady, "index %q does not belong to table %q", c.UsingIndex, t.Name).At(c.Pos())
		}
		return dberr.SQL(dberr.StateUndefinedObject, "index %q does not exist", c.UsingIndex).At(c.Pos())
	case t.Indexes[i].Constraint:
		return dberr.SQL(dberr.StateObjectNotReady, "index %q is already associated with a constraint", c.UsingIndex).At(c.Pos())
	case !t.Indexes[i].Unique:
		return bad("%q is not a unique index")
	case t.Indexes[i].Predicate != "":
		return bad("%q is a partial index")
	case t.Indexes[i].Building:
		return dberr.SQL(dberr.StateObjectNotReady, "index %q is not valid", c.UsingIndex).At(c.Pos())
	case slices.ContainsFunc(t.Indexes[i].Columns, func(k catalog.IndexColumn) bool { return k.Expr != "" }):
		return bad("index %q contains expressions")
	case slices.ContainsFunc(t.Indexes[i].Columns, func(k catalog.IndexColumn) bool { return k.Desc || k.NullsFirst }):
		return bad("index %q column number 1 does not have default sorting behavior")
	case c.Deferrable:
		return refuse(c.Pos(), "USING INDEX with a deferrable constraint")
	}
	x := t.Indexes[i]
	if c.Name != "" && c.Name != x.Name {
		if _, taken := m.e.Lookup(t.Schema, c.Name); taken {
			return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", c.Name).At(c.Pos())
		}
		x.Name = c.Name
	}
	x.Constraint = true
	if c.Kind == ast.ConstrUnique {
		t.Indexes[i] = x
		return m.put(t)
	}
	if !t.HiddenKey() {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "multiple primary keys for table %q are not allowed", t.Name).At(c.Pos())
	}
	old := t.Clone()
	x.Primary, x.NullsNotDistinct = true, false
	for _, k := range x.Columns {
		t.Columns[t.Ordinal(k.Column)].NotNull = true
	}
	t.Indexes = append([]catalog.Index{x}, slices.Delete(t.Indexes[1:], i-1, i)...)
	return m.rewrite(old, t, nil)
}

// verifyForeignKey checks the rows that are there against a new foreign key.
func (d *definer) verifyForeignKey(t *catalog.Table, k *catalog.ForeignKey) error {
	ref := d.e.Table(k.RefTable)
	if ref == nil || ref.ID == t.ID {
		ref = t
	}
	match, set, some := "", "", ""
	for i, id := range k.Columns {
		mine := "c." + ast.QuoteIdent(t.Columns[t.Ordinal(id)].Name)
		match += " AND " + mine + " = p." + ast.QuoteIdent(ref.Columns[ref.Ordinal(k.RefColumns[i])].Name)
		set += " AND " + mine + " IS NOT NULL"
		if i > 0 {
			some += " OR "
		}
		some += mine + " IS NOT NULL"
	}
	if k.Match == 'f' {
		n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s c WHERE (%s) AND NOT (true%s) LIMIT 1", qualified(t.Schema, t.Name), some, set))
		if err == nil && n > 0 {
			err = dberr.SQL(dberr.StateForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", t.Name, k.Name).
				WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
		}
		if err != nil {
			return err
		}
	}
	n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s c WHERE NOT EXISTS (SELECT 1 FROM %s p WHERE true%s)%s LIMIT 1",
		qualified(t.Schema, t.Name), qualified(ref.Schema, ref.Name), match, set))
	if err != nil {
		return err
	}
	if n > 0 {
		return dberr.SQL(dberr.StateForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", t.Name, k.Name)
	}
	return nil
}

func (d *definer) dropConstraint(t *catalog.Table, c *ast.AlterCmd) error {
	for i, k := range t.Checks {
		if k.Name == c.Name {
			t.Checks = slices.Delete(t.Checks, i, i+1)
			return d.put(t)
		}
	}
	for i, k := range t.ForeignKeys {
		if k.Name == c.Name {
			t.ForeignKeys = slices.Delete(t.ForeignKeys, i, i+1)
			return d.put(t)
		}
	}
	for i := range t.Indexes {
		x := &t.Indexes[i]
		if !x.Constraint || x.Name != c.Name {
			continue
		}
		if err := d.dropKeyUsers(t, x, c.Cascade); err != nil {
			return err
		}
		if x.Primary {
			t = d.e.Table(t.ID).Clone()
			old := t.Clone()
			t.Indexes[0] = hiddenKey()
			if err := d.rewrite(old, t, nil); err != nil {
				return err
			}
			return d.dropGrouped(t.ID, c.Name, c.Cascade)
		}
		return d.removeIndex(t.ID, x.ID)
	}
	if c.IfExists {
		return nil
	}
	return dberr.SQL(dberr.StateUndefinedObject, "constraint %q of relation %q does not exist", c.Name, t.Name).At(c.Pos())
}

// dropGrouped refuses to drop a primary key by which views are grouped, or drops those.
func (d *definer) dropGrouped(table keyspace.ObjectID, name string, cascade bool) error {
	for _, r := range d.readers(table) {
		_, _, err := d.uses(r)
		if msg := dberr.As(err); msg == nil || msg.SQLState != dberr.StateGrouping {
			continue
		}
		what := name + " on table " + d.e.Table(table).Name
		if !cascade {
			return dependent("constraint", what, r.name()+" depends on constraint "+what)
		}
		if err := d.dropReader(r); err != nil {
			return err
		}
	}
	return nil
}

// validateConstraint checks the rows that were there before a constraint.
func (d *definer) validateConstraint(t *catalog.Table, c *ast.AlterCmd) error {
	for i := range t.Checks {
		if k := &t.Checks[i]; k.Name == c.Name {
			if !k.NotValid {
				return nil
			}
			if err := d.verifyCheck(t, k); err != nil {
				return err
			}
			k.NotValid = false
			return d.put(t)
		}
	}
	for i := range t.ForeignKeys {
		if k := &t.ForeignKeys[i]; k.Name == c.Name {
			if !k.NotValid {
				return nil
			}
			if err := d.verifyForeignKey(t, k); err != nil {
				return err
			}
			k.NotValid = false
			return d.put(t)
		}
	}
	for i := range t.Indexes {
		if t.Indexes[i].Constraint && t.Indexes[i].Name == c.Name {
			return dberr.SQL(dberr.StateWrongObjectType, "constraint %q of relation %q is not a foreign key or check constraint", c.Name, t.Name)
		}
	}
	return dberr.SQL(dberr.StateUndefinedObject, "constraint %q of relation %q does not exist", c.Name, t.Name)
}

// likeTable adds the columns of another table at a place of CREATE TABLE, with what
// INCLUDING asks for.
func (m *tableMaker) likeTable(l ast.LikeClause, later *[]func() error) error {
	rel, err := m.s.lookup(m.e.Snapshot, l.Table)
	if err != nil {
		return err
	}
	if rel.View != nil {
		for _, c := range rel.View.Columns {
			if err := m.likeColumn(catalog.Column{Name: c.Name, Type: c.Type}, l.Table.Pos()); err != nil {
				return err
			}
		}
		return nil
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "relation %q is invalid in LIKE clause", l.Table.Name).At(l.Table.Pos())
	}
	from, ids := rel.Table, map[catalog.ColumnID]catalog.ColumnID{}
	for _, c := range from.Columns {
		src := c.ID
		n := catalog.Column{Name: c.Name, Type: c.Type, NotNull: c.NotNull, Domain: c.Domain}
		if l.Including&ast.LikeDefaults != 0 {
			n.Default = c.Default
		}
		if l.Including&ast.LikeGenerated != 0 {
			n.Generated = c.Generated
		}
		if l.Including&ast.LikeComments != 0 {
			n.Comment = c.Comment
		}
		if err := m.likeColumn(n, l.Table.Pos()); err != nil {
			return err
		}
		made := &m.t.Columns[len(m.t.Columns)-1]
		ids[src] = made.ID
		if c.Identity != 0 && l.Including&ast.LikeIdentity != 0 {
			made.Identity = c.Identity
			if err := m.likeSequence(made, from.ID, src, l.Table.Pos()); err != nil {
				return err
			}
		}
	}
	if l.Including&ast.LikeConstraints != 0 {
		for _, k := range from.Checks {
			if l.Including&ast.LikeComments == 0 {
				k.Comment = ""
			}
			m.t.Checks = append(m.t.Checks, k)
		}
	}
	if l.Including&ast.LikeIndexes != 0 {
		*later = append(*later, func() error { return m.likeIndexes(from, ids, l.Including&ast.LikeComments != 0) })
	}
	return nil
}

func (m *tableMaker) likeColumn(c catalog.Column, pos int) error {
	if m.t.Column(c.Name) >= 0 {
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", c.Name).At(pos)
	}
	c.ID = m.t.NextColumn
	m.t.NextColumn++
	m.t.Columns = append(m.t.Columns, c)
	return nil
}

// likeSequence gives an identity column a sequence with the options of another's.
func (m *tableMaker) likeSequence(c *catalog.Column, from keyspace.ObjectID, col catalog.ColumnID, pos int) error {
	var o ast.SequenceOptions
	if q := m.e.OwnedSequence(from, col); q != nil {
		o = ast.SequenceOptions{Start: &q.Start, Increment: &q.Increment, Min: &q.Min, Max: &q.Max, Cache: &q.Cache, Cycle: &q.Cycle}
	}
	return m.ownSequence(c, c.Type, o, pos)
}

// likeIndexes copies the indexes of another table under names of their own.
func (m *tableMaker) likeIndexes(from *catalog.Table, ids map[catalog.ColumnID]catalog.ColumnID, comments bool) error {
	for _, x := range from.Indexes {
		if x.Primary && from.HiddenKey() || x.Building {
			continue
		}
		id, err := m.e.NewID()
		if err != nil {
			return err
		}
		x.ID = id
		if !comments {
			x.Comment = ""
		}
		x.Columns, x.Include = slices.Clone(x.Columns), slices.Clone(x.Include)
		names := []string{m.t.Name}
		for i := range x.Columns {
			k := &x.Columns[i]
			name := "expr"
			if k.Expr == "" {
				name = from.Columns[from.Ordinal(k.Column)].Name
				k.Column = ids[k.Column]
			}
			names = append(names, name)
		}
		for i := range x.Include {
			x.Include[i] = ids[x.Include[i]]
		}
		switch {
		case x.Primary:
			if !m.t.HiddenKey() {
				return dberr.SQL(dberr.StateInvalidTableDefinition, "multiple primary keys for table %q are not allowed", m.t.Name)
			}
			x.Name = m.indexName(m.t.Name, "pkey")
			for _, k := range x.Columns {
				m.t.Columns[m.t.Ordinal(k.Column)].NotNull = true
			}
			m.t.Indexes[0] = x
			continue
		case x.Constraint:
			x.Name = m.indexName(append(names, "key")...)
		default:
			x.Name = m.indexName(append(names, "idx")...)
		}
		m.t.Indexes = append(m.t.Indexes, x)
	}
	return nil
}
