package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// BindBulk binds the insertion of a batch into columns of a table; other columns get
// their defaults.
func BindBulk(s *Scope, table ast.Name, columns []string, types []sqltype.Type, batch *vec.Batch) (q *Query, err error) {
	defer catch(&err)
	b := newBinder(s)
	t, _ := b.dmlTarget(&ast.TableRef{Name: table}, "insert into")
	src := &LValues{}
	for i, typ := range types {
		src.ColIDs = append(src.ColIDs, b.q.NewCol(columns[i], typ))
	}
	for _, r := range vec.Live(batch.Len, batch.Sel) {
		row := make([]Expr, len(types))
		for i, typ := range types {
			row[i] = &Const{Typ: typ, Value: batch.Cols[i].Get(int(r))}
		}
		src.Rows = append(src.Rows, row)
	}
	p := &LProject{Input: src, Exprs: make([]Expr, len(t.Columns))}
	for i, name := range columns {
		o := t.Column(name)
		if o < 0 {
			failAt(0, dberr.StateUndefinedColumn, "column %q of relation %q does not exist", name, t.Name)
		}
		if p.Exprs[o] != nil {
			failAt(0, dberr.StateDuplicateColumn, "column %q specified more than once", name)
		}
		if t.Columns[o].Generated != "" {
			failAt(0, dberr.StateGeneratedAlways, "cannot insert a non-DEFAULT value into column %q", name)
		}
		p.Exprs[o] = b.assign(b.q.Ref(src.ColIDs[i]), t.Columns[o].Type, name, 0)
	}
	for i, c := range t.Columns {
		if p.Exprs[i] == nil {
			p.Exprs[i] = b.defaultOf(t, i, 0)
		}
		p.ColIDs = append(p.ColIDs, b.q.NewCol(c.Name, c.Type))
	}
	b.generated(t, p)
	in := &LInsert{Table: t, Input: p, TableCols: p.ColIDs}
	in.Checks, in.Parts = b.tableExprs(t)
	b.q.Rel, b.q.Command, b.q.Writes = in, "INSERT", true
	return b.q, nil
}
