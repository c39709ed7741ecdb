package query

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// bindText checks a stored expression; t nil means that no column may be named.
func bindText(s *plan.Scope, t *catalog.Table, text string, want sqltype.Type, what string) error {
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return err
	}
	if t == nil && len(columnsOf(e)) > 0 {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot use column reference in %s", what)
	}
	_, err = plan.BindRowExpr(s, t, e, want, what)
	return unplaced(err)
}

// unplaced drops the position of an error, which is one in a stored text.
func unplaced(err error) error {
	if e := dberr.As(err); e != nil {
		e.Position = 0
	}
	return err
}

func namesIn(text string) []string {
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return nil
	}
	return columnsOf(e)
}

// truncate gives tables new, empty indexes; the old ones are removed after the commit.
func (d *definer) truncate(st *ast.Truncate) error {
	for _, ref := range st.Tables {
		rel, err := d.s.lookup(d.e.Snapshot, ref.Name)
		if err != nil {
			return err
		}
		if rel.Table == nil || rel.Index != nil {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", ref.Name.Name).At(ref.Pos())
		}
		t := rel.Table.Clone()
		for i := range t.Indexes {
			if err := d.e.DropIndexData(t.Indexes[i].ID); err != nil {
				return err
			}
			if t.Indexes[i].ID, err = d.e.NewID(); err != nil {
				return err
			}
		}
		if err := d.e.PutTable(t); err != nil {
			return err
		}
		if st.RestartIdentity {
			for _, q := range d.e.Sequences() {
				if q.OwnerTable == t.ID {
					if err := d.s.e.seqs.reset(q, q.Start, true); err != nil {
						return err
					}
				}
			}
		}
		d.s.touch(keyOf(t))
	}
	d.changed, d.s.work.drops = true, true
	return nil
}

// alterTable runs the actions of ALTER TABLE one after the other.
func (d *definer) alterTable(st *ast.AlterTable) error {
	if st.Kind != ast.KindTable {
		return refuse(st.Pos(), "ALTER %s", st.Kind)
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		if st.IfExists {
			return nil
		}
		return err
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", st.Name.Name).At(st.Name.Pos())
	}
	d.changed = true
	for i := range st.Cmds {
		t := d.e.Table(rel.Table.ID).Clone()
		if err := d.alter(t, &st.Cmds[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *definer) alter(t *catalog.Table, c *ast.AlterCmd) error {
	switch c.Action {
	case ast.AddColumn:
		return d.addColumn(t, c)
	case ast.DropColumn:
		return d.dropColumn(t, c)
	case ast.SetDefault, ast.DropDefault, ast.SetNotNull, ast.DropNotNull:
		return d.alterColumn(t, c)
	case ast.AddConstraint:
		return d.addConstraint(t, c.Constraint)
	case ast.DropConstraint:
		return d.dropConstraint(t, c)
	}
	return refuse(c.Pos(), "this action of ALTER TABLE")
}

func columnIndex(t *catalog.Table, name string, pos int) (int, error) {
	i := t.Column(name)
	if i < 0 {
		return 0, dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", name, t.Name).At(pos)
	}
	return i, nil
}

// addColumn adds a column. Rows that are there already have NULL in it, or are given
// its default by an update.
func (d *definer) addColumn(t *catalog.Table, c *ast.AlterCmd) error {
	if t.Column(c.Def.Name) >= 0 {
		if c.IfExists {
			return nil
		}
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", c.Def.Name, t.Name).At(c.Pos())
	}
	m := &tableMaker{definer: d, t: t}
	if err := m.column(c.Def); err != nil {
		return err
	}
	if len(t.Columns) > maxColumns {
		return dberr.SQL(dberr.StateTooManyColumns, "tables can have at most %d columns", maxColumns).At(c.Pos())
	}
	col := &t.Columns[len(t.Columns)-1]
	for _, k := range c.Def.Constraints {
		k.Columns = []string{col.Name}
		switch k.Kind {
		case ast.ConstrPrimary, ast.ConstrUnique, ast.ConstrForeign:
			return refuse(k.Pos(), "a key in ADD COLUMN")
		case ast.ConstrCheck:
			if err := m.check(keyDef{k, k.Columns}); err != nil {
				return err
			}
		}
	}
	if err := m.expressions(); err != nil {
		return err
	}
	notNull := col.NotNull
	col.NotNull = false
	for _, q := range m.seqs {
		if err := d.e.PutSequence(q); err != nil {
			return err
		}
	}
	fill := col.Default
	switch {
	case col.Identity != 0:
		fill = fmt.Sprintf("nextval(%s)", ast.QuoteLiteral(qualified(m.seqs[0].Schema, m.seqs[0].Name)))
	case col.Generated != "":
		fill = col.Generated
	}
	identity, generated := col.Identity, col.Generated
	if fill != "" { // the values are stored before the column gets its rules
		col.Identity, col.Generated = 0, ""
		if err := d.put(t); err != nil {
			return err
		}
		if _, err := d.internal(fmt.Sprintf("UPDATE %s SET %s = %s", qualified(t.Schema, t.Name), ast.QuoteIdent(col.Name), fill)); err != nil {
			return err
		}
		t = d.e.Table(t.ID).Clone()
		col = &t.Columns[len(t.Columns)-1]
		col.Identity, col.Generated = identity, generated
	}
	col.NotNull = notNull
	if err := d.put(t); err != nil {
		return err
	}
	if notNull {
		return d.verifyNotNull(t, col.Name)
	}
	return nil
}

// put stores a changed table so that statements see it at once.
func (d *definer) put(t *catalog.Table) error {
	if err := d.e.PutTable(t); err != nil {
		return err
	}
	if err := d.e.Finish(); err != nil {
		return err
	}
	e, err := d.s.e.cat.Edit(d.r.ctx, d.s.tx, d.s.db.ID)
	d.e = e
	return err
}

func (d *definer) verifyNotNull(t *catalog.Table, column string) error {
	n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s WHERE %s IS NULL LIMIT 1", qualified(t.Schema, t.Name), ast.QuoteIdent(column)))
	if err != nil {
		return err
	}
	if n > 0 {
		return dberr.SQL(dberr.StateNotNullViolation, "column %q of relation %q contains null values", column, t.Name)
	}
	return nil
}

func (d *definer) dropColumn(t *catalog.Table, c *ast.AlterCmd) error {
	i := t.Column(c.Name)
	if i < 0 {
		if c.IfExists {
			return nil
		}
		_, err := columnIndex(t, c.Name, c.Pos())
		return err
	}
	col := t.Columns[i]
	if views := d.e.ViewsOn(t.ID); len(views) > 0 && !c.Cascade {
		return dependent(fmt.Sprintf("column %s of table", col.Name), t.Name, fmt.Sprintf("view %s depends on table %s", views[0].Name, t.Name))
	} else if len(views) > 0 {
		if err := d.dropViewsOn("table", t.Name, t.ID, true); err != nil {
			return err
		}
	}
	var indexes []catalog.Index
	for _, x := range t.Indexes {
		uses := slices.Contains(x.Include, col.ID) || slices.Contains(namesIn(x.Predicate), col.Name)
		for _, k := range x.Columns {
			uses = uses || k.Column == col.ID || k.Expr != "" && slices.Contains(namesIn(k.Expr), col.Name)
		}
		if uses && x.Primary {
			return refuse(c.Pos(), "dropping a column of the primary key")
		}
		if !uses {
			indexes = append(indexes, x)
			continue
		}
		d.s.work.drops = true
		if err := d.e.DropIndexData(x.ID); err != nil {
			return err
		}
	}
	for _, o := range t.Columns {
		if o.Generated != "" && slices.Contains(namesIn(o.Generated), col.Name) {
			return dependent(fmt.Sprintf("column %s of table", col.Name), t.Name, fmt.Sprintf("column %s depends on column %s", o.Name, col.Name))
		}
	}
	t.Indexes = indexes
	t.Checks = slices.DeleteFunc(t.Checks, func(k catalog.Check) bool { return slices.Contains(namesIn(k.Expr), col.Name) })
	t.Columns = slices.Delete(t.Columns, i, i+1)
	if q := d.e.OwnedSequence(t.ID, col.ID); q != nil {
		d.s.work.drops = true
		if err := d.e.DropSequence(q); err != nil {
			return err
		}
	}
	return d.put(t)
}

func (d *definer) alterColumn(t *catalog.Table, c *ast.AlterCmd) error {
	i, err := columnIndex(t, c.Name, c.Pos())
	if err != nil {
		return err
	}
	col := &t.Columns[i]
	switch c.Action {
	case ast.SetDefault, ast.DropDefault:
		if col.Identity != 0 {
			return dberr.SQL(dberr.StateSyntax, "column %q of relation %q is an identity column", col.Name, t.Name).At(c.Pos())
		}
		col.Default = ""
		if c.Action == ast.SetDefault {
			col.Default = ast.String(c.Expr)
			if err := bindText(d.scope(), nil, col.Default, col.Type, "DEFAULT expression"); err != nil {
				return err
			}
		}
	case ast.DropNotNull:
		if slices.Contains(t.PrimaryKey(), col.ID) {
			return dberr.SQL(dberr.StateInvalidTableDefinition, "column %q is in a primary key", col.Name).At(c.Pos())
		}
		if col.Identity != 0 {
			return dberr.SQL(dberr.StateSyntax, "column %q of relation %q is an identity column", col.Name, t.Name).At(c.Pos())
		}
		col.NotNull = false
	case ast.SetNotNull:
		if err := d.verifyNotNull(t, col.Name); err != nil {
			return err
		}
		col.NotNull = true
	}
	return d.put(t)
}

func (d *definer) addConstraint(t *catalog.Table, c *ast.Constraint) error {
	m := &tableMaker{definer: d, t: t}
	switch c.Kind {
	case ast.ConstrCheck:
		if err := m.check(keyDef{*c, nil}); err != nil {
			return err
		}
		k := t.Checks[len(t.Checks)-1]
		n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s WHERE NOT (%s) LIMIT 1", qualified(t.Schema, t.Name), k.Expr))
		if err != nil {
			return err
		}
		if n > 0 {
			return dberr.SQL(dberr.StateCheckViolation, "check constraint %q of relation %q is violated by some row", k.Name, t.Name)
		}
		return d.put(t)
	case ast.ConstrUnique:
		if err := m.unique(keyDef{*c, c.Columns}); err != nil {
			return err
		}
		return d.buildIndex(t, len(t.Indexes)-1)
	case ast.ConstrForeign:
		if err := m.foreignKey(*c); err != nil {
			return err
		}
		if err := d.verifyForeignKey(t, &t.ForeignKeys[len(t.ForeignKeys)-1]); err != nil {
			return err
		}
		return d.put(t)
	}
	return refuse(c.Pos(), "adding this constraint")
}

// verifyForeignKey checks the rows that are there against a new foreign key.
func (d *definer) verifyForeignKey(t *catalog.Table, k *catalog.ForeignKey) error {
	ref := d.e.Table(k.RefTable)
	if ref == nil || ref.ID == t.ID {
		ref = t
	}
	match, set := "", ""
	for i, id := range k.Columns {
		mine := "c." + ast.QuoteIdent(t.Columns[t.Ordinal(id)].Name)
		match += " AND " + mine + " = p." + ast.QuoteIdent(ref.Columns[ref.Ordinal(k.RefColumns[i])].Name)
		set += " AND " + mine + " IS NOT NULL"
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
	for _, x := range t.Indexes {
		if x.Constraint && x.Name == c.Name {
			if x.Primary {
				return refuse(c.Pos(), "dropping a primary key")
			}
			return d.removeIndex(t, x.ID)
		}
	}
	if c.IfExists {
		return nil
	}
	return dberr.SQL(dberr.StateUndefinedObject, "constraint %q of relation %q does not exist", c.Name, t.Name).At(c.Pos())
}

// rename renames a table, an index, a view, a sequence or a column. Stored
// expressions name columns, so a column that they use cannot be renamed.
func (d *definer) rename(st *ast.Rename) error {
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		if st.IfExists {
			return nil
		}
		return err
	}
	if err := validName(st.New, st.Pos()); err != nil {
		return err
	}
	d.changed = true
	if st.Kind == ast.KindColumn {
		return d.renameColumn(rel, st)
	}
	schema := catalog.PublicSchema
	switch {
	case rel.Table != nil:
		schema = rel.Table.Schema
	case rel.View != nil:
		schema = rel.View.Schema
	case rel.Sequence != nil:
		schema = rel.Sequence.Schema
	}
	if _, taken := d.e.Lookup(schema, st.New); taken {
		return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", st.New).At(st.Pos())
	}
	switch {
	case st.Kind == ast.KindConstraint:
		return refuse(st.Pos(), "RENAME CONSTRAINT")
	case rel.Index != nil:
		t := rel.Table.Clone()
		for i := range t.Indexes {
			if t.Indexes[i].ID == rel.Index.ID {
				t.Indexes[i].Name = st.New
			}
		}
		return d.e.PutTable(t)
	case rel.Table != nil:
		if len(d.e.ViewsOn(rel.Table.ID)) > 0 {
			return refuse(st.Pos(), "renaming a table that a view reads")
		}
		t := rel.Table.Clone()
		t.Name = st.New
		return d.e.PutTable(t)
	case rel.View != nil:
		if len(d.e.ViewsOn(rel.View.ID)) > 0 {
			return refuse(st.Pos(), "renaming a view that another view reads")
		}
		v := *rel.View
		v.Name = st.New
		return d.e.PutView(&v)
	}
	return refuse(st.Pos(), "renaming a sequence")
}

func (d *definer) renameColumn(rel catalog.Relation, st *ast.Rename) error {
	if rel.Table == nil || rel.Index != nil {
		return refuse(st.Pos(), "renaming a column of anything but a table")
	}
	t := rel.Table.Clone()
	i, err := columnIndex(t, st.Old, st.Pos())
	if err != nil {
		return err
	}
	if t.Column(st.New) >= 0 {
		return dberr.SQL(dberr.StateDuplicateColumn, "column %q of relation %q already exists", st.New, t.Name).At(st.Pos())
	}
	if len(d.e.ViewsOn(t.ID)) > 0 {
		return refuse(st.Pos(), "renaming a column of a table that a view reads")
	}
	var texts []string
	for _, c := range t.Columns {
		texts = append(texts, c.Generated)
	}
	for _, c := range t.Checks {
		texts = append(texts, c.Expr)
	}
	for _, x := range t.Indexes {
		texts = append(texts, x.Predicate)
		for _, k := range x.Columns {
			texts = append(texts, k.Expr)
		}
	}
	for _, text := range texts {
		if text != "" && slices.Contains(namesIn(text), st.Old) {
			return refuse(st.Pos(), "renaming a column that a constraint or expression uses")
		}
	}
	t.Columns[i].Name = st.New
	return d.e.PutTable(t)
}
