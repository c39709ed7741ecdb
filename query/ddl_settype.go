package query

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// setType changes the type of a column. Its values are converted, and indexes and
// constraints made anew, unless the old values are values of the new type as they are.
func (d *definer) setType(t *catalog.Table, c *ast.AlterCmd) error {
	i, err := columnIndex(t, c.Name, c.Pos())
	if err != nil {
		return err
	}
	old, col := t.Clone(), &t.Columns[i]
	typ, user, err := plan.ResolveType(d.scope(), c.Type)
	if err != nil {
		return err
	}
	if err := storable(typ, col.Name, c.Type.Pos()); err != nil {
		return err
	}
	if err := collation(c.Collate, c.Pos()); err != nil {
		return err
	}
	if err := d.typeUsers(t, col); err != nil {
		return err
	}
	col.Domain = 0
	if user != nil && user.Kind == catalog.Domain {
		col.Domain = user.ID
	}
	using := c.Expr
	if using == nil {
		if typ.ID != col.Type.ID && fn.AssignCast(col.Type, typ) == nil || (typ.IsEnum() || typ.IsComposite()) && typ != col.Type {
			return dberr.SQL(dberr.StateDatatypeMismatch, "column %q cannot be cast automatically to type %s", col.Name, typ.Name()).
				WithHint("You might need to specify \"USING %s::%s\".", ast.QuoteIdent(col.Name), typ)
		}
	}
	if using != nil {
		c := *col
		c.Type = typ
		if err := plan.CheckUsing(d.scope(), old, &c, using); err != nil {
			return err
		}
	}
	same := using == nil && col.Domain == 0 && sameStored(col.Type, typ)
	col.Type = typ
	if err := d.retypeColumn(t, i); err != nil {
		return err
	}
	if same {
		return d.put(t)
	}
	exprs := map[catalog.ColumnID]ast.Expr{}
	if using != nil {
		exprs[col.ID] = using
	}
	if err := d.rewrite(old, t, exprs); err != nil {
		return err
	}
	return d.verifyKeysOf(d.e.Table(t.ID), col.ID)
}

// verifyKeysOf checks the foreign keys that a column is part of.
func (d *definer) verifyKeysOf(t *catalog.Table, id catalog.ColumnID) error {
	for i := range t.ForeignKeys {
		if k := &t.ForeignKeys[i]; slices.Contains(k.Columns, id) && !k.NotValid {
			if err := d.verifyForeignKey(t, k); err != nil {
				return err
			}
		}
	}
	for _, ref := range d.e.References(t.ID) {
		if slices.Contains(ref.Key.RefColumns, id) && !ref.Key.NotValid {
			if err := d.verifyForeignKey(ref.Table, ref.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// typeUsers refuses to change the type of a column that something depends on whose own
// type could change with it.
func (d *definer) typeUsers(t *catalog.Table, col *catalog.Column) error {
	if col.Generated == "" {
		for _, o := range t.Columns {
			if o.Generated != "" && slices.Contains(namesIn(o.Generated), col.Name) {
				return dberr.SQL(dberr.StateFeatureNotSupported, "cannot alter type of a column used by a generated column").
					WithDetail("Column %q is used by generated column %q.", col.Name, o.Name)
			}
		}
	}
	readers, err := d.columnReaders(plan.ColumnUse{Relation: t.ID, Column: col.ID})
	if err != nil {
		return err
	}
	for _, r := range readers {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot alter type of a column used by a view or rule").
			WithDetail("rule _RETURN on %s depends on column %q", r.name(), col.Name)
	}
	return nil
}

// retypeColumn makes what is built on a column fit for its new type.
func (d *definer) retypeColumn(t *catalog.Table, i int) error {
	col := &t.Columns[i]
	if col.Identity != 0 {
		if _, ok := sequenceLimits[col.Type.ID]; !ok {
			return dberr.SQL(dberr.StateInvalidParameterValue, "identity column type must be smallint, integer, or bigint")
		}
		if q := d.e.OwnedSequence(t.ID, col.ID); q != nil {
			c := *q
			name := ast.TypeName{Name: col.Type.ShortName()}
			if err := d.changeSequence(&c, ast.SequenceOptions{Type: &name}, 0); err != nil {
				return err
			}
		}
	}
	if col.Default != "" {
		if err := bindText(d.scope(), nil, col.Default, col.Type, "DEFAULT expression"); err != nil {
			return dberr.SQL(dberr.StateDatatypeMismatch, "default for column %q cannot be cast automatically to type %s", col.Name, col.Type.Name())
		}
	}
	for k := range t.Indexes {
		for p := range t.Indexes[k].Columns {
			part := &t.Indexes[k].Columns[p]
			switch {
			case part.Column == col.ID:
				part.Type = col.Type
				if err := indexable(col.Type, 0); err != nil {
					return err
				}
			case part.Expr != "" && slices.Contains(namesIn(part.Expr), col.Name):
				e, err := parse.ParseExpr(part.Expr, parse.Limits{})
				if err != nil {
					return err
				}
				x, err := plan.BindRowExpr(d.scope(), t, e, sqltype.TUnknown, "index expression")
				if err != nil {
					return unplaced(err)
				}
				part.Type = x.Type()
			}
		}
	}
	return d.retypeKeys(t, col)
}

// retypeKeys checks that foreign keys still join columns of one type.
func (d *definer) retypeKeys(t *catalog.Table, col *catalog.Column) error {
	check := func(k *catalog.ForeignKey, from, to *catalog.Table) error {
		for i := range k.Columns {
			mine, theirs := from.Columns[from.Ordinal(k.Columns[i])], to.Columns[to.Ordinal(k.RefColumns[i])]
			if !joinable(mine.Type, theirs.Type) {
				return cannotImplement(k.Name, mine, theirs)
			}
		}
		return nil
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		to := t
		if k.RefTable != t.ID {
			to = d.e.Table(k.RefTable)
		}
		if slices.Contains(k.Columns, col.ID) || k.RefTable == t.ID && slices.Contains(k.RefColumns, col.ID) {
			if err := check(k, t, to); err != nil {
				return err
			}
		}
	}
	for _, ref := range d.e.References(t.ID) {
		if ref.Table.ID != t.ID && slices.Contains(ref.Key.RefColumns, col.ID) {
			if err := check(ref.Key, ref.Table, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameStored reports whether stored values and keys of one type are such of another as
// they are, so that nothing need be written anew.
func sameStored(from, to sqltype.Type) bool {
	if from == to {
		return true
	}
	text := func(t sqltype.Type) bool { return t.ID == sqltype.Text || t.ID == sqltype.Varchar }
	switch {
	case text(from) && text(to):
		return to.Mod == 0 || from.ID == sqltype.Varchar && from.Mod > 0 && from.Mod <= to.Mod
	case from.ID == sqltype.Int2 && to.ID == sqltype.Int4, from.ID == sqltype.Int2 && to.ID == sqltype.Int8,
		from.ID == sqltype.Int4 && to.ID == sqltype.Int8:
		return true
	}
	return false
}
