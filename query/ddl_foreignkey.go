package query

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// foreignKey adds a REFERENCES constraint.
func (m *tableMaker) foreignKey(c ast.Constraint) error {
	if err := m.constraintOptions(c); err != nil {
		return err
	}
	if c.Match == 'p' {
		return dberr.SQL(dberr.StateFeatureNotSupported, "MATCH PARTIAL not yet implemented").At(c.Pos())
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
	k.Deferrable, k.InitiallyDeferred, k.NotValid = c.Deferrable, c.InitiallyDeferred, c.NotValid && m.e.Table(m.t.ID) != nil
	if ref.Kind != catalog.Plain {
		return dberr.SQL(dberr.StateWrongObjectType, "referenced relation %q is not a table", ref.Name).At(c.RefTable.Pos())
	}
	if isTemp(ref.Schema) != isTemp(m.t.Schema) {
		kind := "permanent"
		if isTemp(m.t.Schema) {
			kind = "temporary"
		}
		return dberr.SQL(dberr.StateInvalidTableDefinition, "constraints on %s tables may reference only %s tables", kind, kind).At(c.Pos())
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
	if err := m.deleteColumns(&k, c); err != nil {
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

// deleteColumns finds the columns of ON DELETE SET NULL (columns).
func (m *tableMaker) deleteColumns(k *catalog.ForeignKey, c ast.Constraint) error {
	for _, n := range c.OnDeleteCols {
		i := m.t.Column(n)
		if i < 0 {
			return dberr.SQL(dberr.StateUndefinedColumn, "column %q referenced in foreign key constraint does not exist", n).At(c.Pos())
		}
		if !slices.Contains(k.Columns, m.t.Columns[i].ID) {
			return dberr.SQL(dberr.StateInvalidColumnRef, "column %q referenced in ON DELETE SET action must be part of foreign key", n).At(c.Pos())
		}
		k.OnDeleteCols = append(k.OnDeleteCols, m.t.Columns[i].ID)
	}
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
		mine, theirs := m.t.Columns[m.t.Ordinal(k.Columns[i])], ref.Columns[ref.Ordinal(id)]
		if !joinable(mine.Type, theirs.Type) {
			name := k.Name
			if name == "" {
				name = m.checkName(append(append([]string{m.t.Name}, c.Columns...), "fkey"))
			}
			return at(cannotImplement(name, mine, theirs), c.Pos())
		}
	}
	for _, x := range ref.Indexes {
		if x.Unique && x.Predicate == "" && !x.Building && sameColumns(x.Columns, k.RefColumns) {
			if x.Deferrable {
				return dberr.SQL(dberr.StateObjectNotReady, "cannot use a deferrable unique constraint for referenced table %q", ref.Name).At(c.Pos())
			}
			return nil
		}
	}
	return dberr.SQL(dberr.StateInvalidForeignKey, "there is no unique constraint matching given keys for referenced table %q", ref.Name).At(c.Pos())
}

// joinable reports whether a foreign key may join columns of two types: integers of
// any sizes, texts, and others of one type.
func joinable(a, b sqltype.Type) bool {
	group := func(t sqltype.Type) sqltype.Type {
		switch t.ID {
		case sqltype.Int2, sqltype.Int4:
			return sqltype.TInt8
		case sqltype.Varchar:
			return sqltype.TText
		}
		return t.Base()
	}
	return group(a) == group(b)
}

func cannotImplement(name string, mine, theirs catalog.Column) *dberr.Error {
	return dberr.SQL(dberr.StateDatatypeMismatch, "foreign key constraint %q cannot be implemented", name).
		WithDetail("Key columns %q and %q are of incompatible types: %s and %s.", mine.Name, theirs.Name, mine.Type.Name(), theirs.Type.Name())
}

func at(e *dberr.Error, pos int) error { return e.At(pos) }

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
