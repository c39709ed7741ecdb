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
	"github.com/weftdb/weft/storage/keyspace"
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
	if text == "" {
		return nil
	}
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return nil
	}
	return columnsOf(e)
}

// alterTable runs the actions of ALTER TABLE, in the order of their phases.
func (d *definer) alterTable(st *ast.AlterTable) error {
	if st.Kind == ast.KindType {
		return d.alterAttributes(st)
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		if st.IfExists {
			return nil
		}
		return err
	}
	if c := st.Cmds[0]; c.Action == ast.OwnerTo && len(st.Cmds) == 1 {
		return ownOwner(c.Name, c.Pos())
	}
	if rel.View != nil && (st.Kind == ast.KindView || st.Kind == ast.KindTable) && st.Cmds[0].Action != ast.OwnerTo {
		return d.alterView(rel.View, st)
	}
	if err := d.alterable(st, rel); err != nil {
		return err
	}
	d.changed = true
	cmds := slices.Clone(st.Cmds)
	slices.SortStableFunc(cmds, func(a, b ast.AlterCmd) int { return phase(&a) - phase(&b) })
	for i := range cmds {
		t := d.e.Table(rel.Table.ID).Clone()
		if err := d.alter(t, &cmds[i]); err != nil {
			return err
		}
	}
	return nil
}

// ownOwner checks that an owner is the user, who owns everything.
func ownOwner(name string, pos int) error {
	switch name {
	case sqlUser, "current_user", "current_role", "session_user":
		return nil
	}
	return dberr.SQL(dberr.StateUndefinedObject, "role \"%s\" does not exist", name).WithHint("The owner of everything is %s.", sqlUser).At(pos)
}

// alterable checks that a relation is what ALTER says, and can be changed so.
func (d *definer) alterable(st *ast.AlterTable, rel catalog.Relation) error {
	kind, want := rel.Kind(), kindWord(st.Kind)
	if kind == "table" && st.Kind == ast.KindTable {
		return nil
	}
	if len(st.Cmds) > 0 && st.Cmds[0].Action == ast.OwnerTo {
		return refuse(st.Pos(), "OWNER TO")
	}
	if kind == want || st.Kind == ast.KindTable {
		if st.Kind == ast.KindTable {
			return dberr.SQL(dberr.StateWrongObjectType, "ALTER action %s cannot be performed on relation %q", actionWords[st.Cmds[0].Action], st.Name.Name).
				WithDetail("This operation is not supported for %s.", plural(kind)).At(st.Name.Pos())
		}
		return refuse(st.Pos(), "%s of ALTER %s", actionWords[st.Cmds[0].Action], st.Kind)
	}
	return dberr.SQL(dberr.StateWrongObjectType, "%q is not %s", st.Name.Name, article(want)).At(st.Name.Pos())
}

func plural(kind string) string {
	if kind == "index" {
		return "indexes"
	}
	return kind + "s"
}

// actionWords are the actions in the words of error messages.
var actionWords = map[ast.AlterAction]string{
	ast.AddColumn: "ADD COLUMN", ast.DropColumn: "DROP COLUMN", ast.SetDefault: "ALTER COLUMN ... SET DEFAULT",
	ast.DropDefault: "ALTER COLUMN ... DROP DEFAULT", ast.SetNotNull: "ALTER COLUMN ... SET NOT NULL",
	ast.DropNotNull: "ALTER COLUMN ... DROP NOT NULL", ast.SetType: "ALTER COLUMN ... SET DATA TYPE",
	ast.SetExpression: "ALTER COLUMN ... SET EXPRESSION", ast.DropExpression: "ALTER COLUMN ... DROP EXPRESSION",
	ast.AddIdentity: "ALTER COLUMN ... ADD IDENTITY", ast.SetIdentity: "ALTER COLUMN ... SET",
	ast.DropIdentity: "ALTER COLUMN ... DROP IDENTITY", ast.AddConstraint: "ADD CONSTRAINT",
	ast.DropConstraint: "DROP CONSTRAINT", ast.ValidateConstraint: "VALIDATE CONSTRAINT",
	ast.SetOptions: "SET", ast.ResetOptions: "RESET", ast.OwnerTo: "OWNER TO",
}

// phase orders the actions of one ALTER TABLE as PostgreSQL runs them: what is dropped
// goes first, so that its name is free again; keys come before what refers to them.
func phase(c *ast.AlterCmd) int {
	switch c.Action {
	case ast.DropColumn, ast.DropConstraint, ast.DropIdentity, ast.DropExpression, ast.DropDefault, ast.DropNotNull:
		return 0
	case ast.SetType:
		return 1
	case ast.AddColumn:
		return 2
	case ast.AddConstraint:
		switch c.Constraint.Kind {
		case ast.ConstrPrimary, ast.ConstrUnique:
			return 4
		}
		return 5
	case ast.SetDefault:
		return 5
	case ast.ValidateConstraint:
		return 6
	}
	return 3
}

func (d *definer) alter(t *catalog.Table, c *ast.AlterCmd) error {
	switch c.Action {
	case ast.AddColumn:
		return d.addColumn(t, c)
	case ast.DropColumn:
		return d.dropColumn(t, c)
	case ast.SetDefault, ast.DropDefault, ast.SetNotNull, ast.DropNotNull, ast.SetExpression, ast.DropExpression:
		return d.alterColumn(t, c)
	case ast.SetType:
		return d.setType(t, c)
	case ast.AddIdentity, ast.SetIdentity, ast.DropIdentity:
		return d.alterIdentity(t, c)
	case ast.AddConstraint:
		return d.addConstraint(t, c.Constraint)
	case ast.DropConstraint:
		return d.dropConstraint(t, c)
	case ast.ValidateConstraint:
		return d.validateConstraint(t, c)
	case ast.OwnerTo:
		return ownOwner(c.Name, c.Pos())
	}
	if len(c.Options) > 0 {
		return refuse(c.Options[0].Pos(), "the storage parameter %q", c.Options[0].Name)
	}
	return refuse(c.Pos(), "%s of ALTER TABLE", actionWords[c.Action])
}

func columnIndex(t *catalog.Table, name string, pos int) (int, error) {
	i := t.Column(name)
	if i < 0 && plan.IsSystemColumn(name) {
		return 0, dberr.SQL(dberr.StateFeatureNotSupported, "cannot alter system column %q", name).At(pos)
	}
	if i < 0 {
		return 0, dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", name, t.Name).At(pos)
	}
	return i, nil
}

// put stores a changed table so that statements see it at once.
func (d *definer) put(t *catalog.Table) error {
	if err := d.e.PutTable(t); err != nil {
		return err
	}
	return d.refresh()
}

// refresh makes what has been changed so far seen by statements.
func (d *definer) refresh() error {
	if err := d.lockChanged(); err != nil {
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

// truncate gives tables new, empty indexes; the old ones are removed after the commit.
func (d *definer) truncate(st *ast.Truncate) error {
	var list []*catalog.Table
	in := func(id keyspace.ObjectID) bool {
		return slices.ContainsFunc(list, func(t *catalog.Table) bool { return t.ID == id })
	}
	for _, ref := range st.Tables {
		rel, err := d.s.lookup(d.e.Snapshot, ref.Name)
		if err != nil {
			return err
		}
		if rel.Table == nil || rel.Index != nil || rel.Table.Kind != catalog.Plain {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", ref.Name.Name).At(ref.Pos())
		}
		if !in(rel.Table.ID) {
			list = append(list, rel.Table)
		}
	}
	for i := 0; i < len(list); i++ {
		for _, ref := range d.e.References(list[i].ID) {
			if in(ref.Table.ID) {
				continue
			}
			if !st.Cascade {
				return dberr.SQL(dberr.StateFeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint").
					WithDetail("Table %q references %q.", ref.Table.Name, list[i].Name).
					WithHint("Truncate table %q at the same time, or use TRUNCATE ... CASCADE.", ref.Table.Name)
			}
			list = append(list, ref.Table)
		}
	}
	for _, t := range list {
		if err := d.empty(t, st.RestartIdentity); err != nil {
			return err
		}
	}
	d.changed = true
	return nil
}

// empty gives a table new indexes without entries.
func (d *definer) empty(t *catalog.Table, restart bool) error {
	t = t.Clone()
	if err := d.freshIndexes(t); err != nil {
		return err
	}
	if err := d.e.PutTable(t); err != nil {
		return err
	}
	d.s.touch(t)
	if !restart {
		return nil
	}
	for _, q := range d.e.Sequences() {
		if q.OwnerTable == t.ID {
			if err := d.restartSequence(q, q.Start, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// freshIndexes gives all indexes of a table new ids; what the old ones hold goes after
// the commit.
func (d *definer) freshIndexes(t *catalog.Table) (err error) {
	d.s.work.drops = true
	for i := range t.Indexes {
		if t.Indexes[i].ID != 0 {
			if err := d.e.DropIndexData(t.Indexes[i].ID); err != nil {
				return err
			}
		}
		if t.Indexes[i].ID, err = d.e.NewID(); err != nil {
			return err
		}
	}
	return nil
}
