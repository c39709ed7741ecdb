package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// BindRewrite binds the move of all rows of a table to another description of it. exprs
// gives values over the old row by column; other columns keep what they had, and those
// that are new get their default.
func BindRewrite(s *Scope, old, t *catalog.Table, exprs map[catalog.ColumnID]ast.Expr) (q *Query, err error) {
	defer catch(&err)
	b := newBinder(s)
	scan := &LScan{Table: old, Alias: old.Name}
	for i, c := range old.Columns {
		scan.Ords = append(scan.Ords, i)
		scan.ColIDs = append(scan.ColIDs, b.q.NewCol(c.Name, c.Type))
	}
	row := b.newScope(nil)
	row.what, row.noAgg, row.noWin = "transform expressions", "transform expressions", "transform expressions"
	row.add(b.tableEntry(old, old.Name, scan.ColIDs))
	p := &LProject{Input: scan}
	for i, c := range t.Columns {
		p.Exprs = append(p.Exprs, b.rewriteColumn(row, old, t, i, scan.ColIDs, exprs[c.ID]))
		p.ColIDs = append(p.ColIDs, b.q.NewCol(c.Name, c.Type))
	}
	b.generated(t, p)
	in := &LInsert{Table: t, Input: p, TableCols: p.ColIDs}
	in.Checks, in.Parts = b.tableExprs(t)
	in.Checks = validChecks(t, in.Checks)
	b.q.Rel, b.q.Writes, b.q.Command = in, true, "INSERT"
	return b.q, nil
}

// CheckUsing checks that a USING expression gives values of a column's type.
func CheckUsing(s *Scope, old *catalog.Table, c *catalog.Column, using ast.Expr) (err error) {
	t := &catalog.Table{Name: old.Name, Columns: []catalog.Column{*c}, Indexes: old.Indexes[:0:0]}
	defer catch(&err)
	b := newBinder(s)
	row := b.newScope(nil)
	row.what, row.noAgg, row.noWin = "transform expressions", "transform expressions", "transform expressions"
	var ids []Col
	for _, c := range old.Columns {
		ids = append(ids, b.q.NewCol(c.Name, c.Type))
	}
	row.add(b.tableEntry(old, old.Name, ids))
	b.rewriteColumn(row, old, t, 0, ids, using)
	return nil
}

// validChecks leaves out the constraints that the rows have never been checked for.
func validChecks(t *catalog.Table, list []RowCheck) (out []RowCheck) {
	for _, c := range list {
		skip := false
		for _, k := range t.Checks {
			skip = skip || k.NotValid && c.Domain == "" && k.Name == c.Name
		}
		if !skip {
			out = append(out, c)
		}
	}
	return out
}

func (b *binder) rewriteColumn(row *scope, old, t *catalog.Table, i int, cols []Col, using ast.Expr) Expr {
	c := &t.Columns[i]
	if using != nil {
		x := b.expr(row, using)
		if out := b.convert(x, c.Type, using.Pos(), fn.AssignCast); out != nil {
			return out
		}
		fail(dberr.SQL(dberr.StateDatatypeMismatch, "result of USING clause for column %q cannot be cast automatically to type %s", c.Name, c.Type.Name()).
			WithHint("You might need to add an explicit cast."))
	}
	o := old.Ordinal(c.ID)
	if o < 0 {
		return b.defaultOf(t, i, 0)
	}
	if from := b.q.Ref(cols[o]); sqltype.Reshapes(from.Type(), c.Type) { // what is there meets no rules anew
		return b.converted(from, c.Type, 0, fn.AssignCast)
	}
	x := b.convert(b.q.Ref(cols[o]), c.Type, 0, fn.AssignCast)
	if x == nil {
		x = b.cast(b.q.Ref(cols[o]), c.Type, 0)
	}
	return x
}
