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

// addColumn adds a column. Rows that are there already have NULL in it, or are written
// anew with its default.
func (d *definer) addColumn(t *catalog.Table, c *ast.AlterCmd) error {
	if t.Column(c.Def.Name) >= 0 {
		if c.IfExists {
			return nil
		}
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", c.Def.Name, t.Name).At(c.Pos())
	}
	old := t.Clone()
	m := &tableMaker{definer: d, t: t}
	if err := m.column(c.Def); err != nil {
		return err
	}
	if len(t.Columns) > maxColumns {
		return dberr.SQL(dberr.StateTooManyColumns, "tables can have at most %d columns", maxColumns).At(c.Pos())
	}
	i := len(t.Columns) - 1
	var keys []ast.Constraint
	for _, k := range c.Def.Constraints {
		k.Columns = []string{t.Columns[i].Name}
		switch k.Kind {
		case ast.ConstrPrimary:
			t.Columns[i].NotNull = false // until the key is made
			keys = append(keys, k)
		case ast.ConstrUnique, ast.ConstrForeign:
			keys = append(keys, k)
		case ast.ConstrCheck:
			if err := m.check(keyDef{k, k.Columns}); err != nil {
				return err
			}
		}
	}
	for _, q := range m.seqs {
		if err := d.putSequence(q); err != nil {
			return err
		}
	}
	if err := m.expressions(); err != nil {
		return err
	}
	if err := d.fillColumn(old, t, i); err != nil {
		return err
	}
	slices.SortStableFunc(keys, func(a, b ast.Constraint) int { return int(a.Kind) - int(b.Kind) })
	for k := range keys {
		if err := d.addConstraint(d.e.Table(t.ID).Clone(), &keys[k]); err != nil {
			return err
		}
	}
	return nil
}

// fillColumn stores a table with a new column i, whose values in the rows that are
// there follow from its default.
func (d *definer) fillColumn(old, t *catalog.Table, i int) error {
	c := &t.Columns[i]
	if c.Default == "" && c.Identity == 0 && c.Generated == "" && c.Domain == 0 && len(t.Checks) == len(old.Checks) {
		if err := d.put(t); err != nil || !c.NotNull {
			return err
		}
		n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s LIMIT 1", qualified(t.Schema, t.Name)))
		if err == nil && n > 0 {
			err = dberr.SQL(dberr.StateNotNullViolation, "column %q of relation %q contains null values", c.Name, t.Name)
		}
		return err
	}
	return d.rewrite(old, t, nil)
}

// dropColumn drops a column with what consists of it. Views that use it stand in the way.
func (d *definer) dropColumn(t *catalog.Table, c *ast.AlterCmd) error {
	i := t.Column(c.Name)
	if i < 0 && plan.IsSystemColumn(c.Name) {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot drop system column %q", c.Name).At(c.Pos())
	}
	if i < 0 {
		if c.IfExists {
			return nil
		}
		_, err := columnIndex(t, c.Name, c.Pos())
		return err
	}
	return d.removeColumn(t, i, c.Cascade)
}

func (d *definer) removeColumn(t *catalog.Table, i int, cascade bool) error {
	col := t.Columns[i]
	what := fmt.Sprintf("column %s of table", col.Name)
	readers, err := d.columnReaders(plan.ColumnUse{Relation: t.ID, Column: col.ID})
	if err != nil {
		return err
	}
	for _, r := range readers {
		if !cascade {
			return dependent(what, t.Name, fmt.Sprintf("%s depends on column %s of table %s", r.name(), col.Name, t.Name))
		}
		if err := d.dropReader(r); err != nil {
			return err
		}
	}
	for k := len(t.Columns) - 1; k >= 0; k-- {
		if o := t.Columns[k]; o.Generated != "" && k != i && slices.Contains(namesIn(o.Generated), col.Name) {
			if !cascade {
				return dependent(what, t.Name, fmt.Sprintf("column %s of table %s depends on column %s of table %s", o.Name, t.Name, col.Name, t.Name))
			}
			if err := d.removeColumn(t, k, true); err != nil {
				return err
			}
			t = d.e.Table(t.ID).Clone()
			i = t.Column(col.Name)
		}
	}
	for _, ref := range d.e.References(t.ID) {
		if ref.Table.ID == t.ID || !slices.Contains(ref.Key.RefColumns, col.ID) {
			continue
		}
		if !cascade {
			return dependent(what, t.Name, fmt.Sprintf("constraint %s on table %s depends on column %s of table %s", ref.Key.Name, ref.Table.Name, col.Name, t.Name))
		}
		if err := d.removeForeignKey(ref.Table.ID, ref.Key.Name); err != nil {
			return err
		}
	}
	return d.cutColumn(t, i)
}

// cutColumn takes a column out of a table with the indexes and constraints that
// consist of it.
func (d *definer) cutColumn(t *catalog.Table, i int) error {
	old, col := t.Clone(), t.Columns[i]
	key := false
	for k := range t.Indexes {
		x := &t.Indexes[k]
		if !usesColumn(x, col) {
			continue
		}
		if x.Primary {
			key = true
			continue
		}
		d.s.work.drops = true
		if err := d.e.DropIndexData(x.ID); err != nil {
			return err
		}
	}
	t.Indexes = slices.DeleteFunc(t.Indexes, func(x catalog.Index) bool { return !x.Primary && usesColumn(&x, col) })
	t.Checks = slices.DeleteFunc(t.Checks, func(k catalog.Check) bool { return slices.Contains(namesIn(k.Expr), col.Name) })
	t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(k catalog.ForeignKey) bool {
		return slices.Contains(k.Columns, col.ID) || k.RefTable == t.ID && slices.Contains(k.RefColumns, col.ID)
	})
	t.Columns = slices.Delete(t.Columns, i, i+1)
	if q := d.e.OwnedSequence(t.ID, col.ID); q != nil {
		if err := d.dropDefaults(q, t.ID, true); err != nil {
			return err
		}
		d.s.work.drops = true
		if err := d.e.DropSequence(q); err != nil {
			return err
		}
	}
	if key { // rows move to a hidden key
		t.Indexes[0] = hiddenKey()
		return d.rewrite(old, t, nil)
	}
	return d.put(t)
}

// hiddenKey is the primary index of a table without a primary key.
func hiddenKey() catalog.Index {
	return catalog.Index{Unique: true, Primary: true, Columns: []catalog.IndexColumn{{Column: catalog.RowID, Type: sqltype.TInt8}}}
}

func usesColumn(x *catalog.Index, col catalog.Column) bool {
	if slices.Contains(x.Include, col.ID) || slices.Contains(namesIn(x.Predicate), col.Name) {
		return true
	}
	return slices.ContainsFunc(x.Columns, func(k catalog.IndexColumn) bool {
		return k.Column == col.ID || k.Expr != "" && slices.Contains(namesIn(k.Expr), col.Name)
	})
}

func (d *definer) alterColumn(t *catalog.Table, c *ast.AlterCmd) error {
	i, err := columnIndex(t, c.Name, c.Pos())
	if err != nil {
		return err
	}
	col := &t.Columns[i]
	identity := func() error {
		return dberr.SQL(dberr.StateSyntax, "column %q of relation %q is an identity column", col.Name, t.Name).At(c.Pos())
	}
	switch c.Action {
	case ast.SetDefault, ast.DropDefault:
		if col.Identity != 0 {
			return identity()
		}
		if col.Generated != "" {
			return dberr.SQL(dberr.StateSyntax, "column %q of relation %q is a generated column", col.Name, t.Name).At(c.Pos())
		}
		col.Default = ""
		if c.Action == ast.SetDefault {
			col.Default = defaultText(d.storedText(c.Expr), c.Expr)
			if col.Default != "" {
				if err := bindText(d.scope(), nil, col.Default, col.Type, "DEFAULT expression"); err != nil {
					return defaultError(err, col)
				}
			}
		}
	case ast.DropNotNull:
		if slices.Contains(t.PrimaryKey(), col.ID) {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "column %q is in a primary key", col.Name).At(c.Pos())
		}
		if col.Identity != 0 {
			return identity()
		}
		col.NotNull = false
	case ast.SetNotNull:
		if err := d.verifyNotNull(t, col.Name); err != nil {
			return err
		}
		col.NotNull = true
	case ast.DropExpression:
		if col.Generated == "" {
			if c.IfExists {
				return nil
			}
			return dberr.SQL(dberr.StateObjectNotReady, "column %q of relation %q is not a stored generated column", col.Name, t.Name)
		}
		col.Generated = ""
	case ast.SetExpression:
		if col.Generated == "" {
			return dberr.SQL(dberr.StateObjectNotReady, "column %q of relation %q is not a generated column", col.Name, t.Name)
		}
		old := t.Clone()
		col.Generated = d.storedText(c.Expr)
		m := &tableMaker{definer: d, t: t}
		if err := m.expressions(); err != nil {
			return err
		}
		return d.rewrite(old, t, nil)
	}
	return d.put(t)
}

// defaultError names the column of a default that does not fit its type.
func defaultError(err error, col *catalog.Column) error {
	if e := dberr.As(err); e != nil && (e.SQLState == dberr.StateDatatypeMismatch || e.SQLState == dberr.StateCannotCoerce) {
		e.SQLState = dberr.StateDatatypeMismatch
	}
	return err
}

// defaultText is the text of a default; that of NULL is none.
func defaultText(text string, e ast.Expr) string {
	if lit, ok := e.(*ast.Literal); ok && lit.Kind == ast.LitNull {
		return ""
	}
	return text
}

// alterIdentity adds, changes or drops the identity of a column.
func (d *definer) alterIdentity(t *catalog.Table, c *ast.AlterCmd) error {
	i, err := columnIndex(t, c.Name, c.Pos())
	if err != nil {
		return err
	}
	col := &t.Columns[i]
	fault := func(format string) error {
		return dberr.SQL(dberr.StateObjectNotReady, format, col.Name, t.Name)
	}
	if c.Action == ast.AddIdentity {
		switch {
		case !col.NotNull:
			return fault("column %q of relation %q must be declared NOT NULL before identity can be added")
		case col.Identity != 0:
			return fault("column %q of relation %q is already an identity column")
		case col.Default != "":
			return fault("column %q of relation %q already has a default value")
		}
		m := &tableMaker{definer: d, t: t}
		col.Identity = c.Constraint.Identity
		if err := m.ownSequence(col, col.Type, c.Constraint.Sequence, c.Pos()); err != nil {
			return err
		}
		if err := d.putSequence(m.seqs[0]); err != nil {
			return err
		}
		return d.put(t)
	}
	if col.Identity == 0 {
		if c.IfExists {
			return nil
		}
		return fault("column %q of relation %q is not an identity column")
	}
	q := d.e.OwnedSequence(t.ID, col.ID)
	if c.Action == ast.DropIdentity {
		col.Identity = 0
		if q != nil {
			d.s.work.drops = true
			if err := d.e.DropSequence(q); err != nil {
				return err
			}
		}
		return d.put(t)
	}
	if c.Identity != 0 {
		col.Identity = c.Identity
	}
	if err := d.put(t); err != nil || q == nil || !anyOption(&c.Sequence) {
		return err
	}
	n := *q
	return d.changeSequence(&n, c.Sequence, c.Pos())
}

func anyOption(o *ast.SequenceOptions) bool {
	return o.Type != nil || o.Start != nil || o.Increment != nil || o.Min != nil || o.Max != nil || o.NoMin || o.NoMax ||
		o.Cache != nil || o.Cycle != nil || o.Restart || o.RestartWith != nil || len(o.OwnedBy) > 0
}
