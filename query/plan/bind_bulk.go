package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
)

// BulkSource is the name under which the rows of a bulk insertion stand in plans.
const BulkSource = "bulk"

// BindBulk binds the insertion of batches with columns of the given types; other
// columns get their defaults.
func BindBulk(s *Scope, table ast.Name, columns []string, types []sqltype.Type) (q *Query, err error) {
	defer catch(&err)
	b := newBinder(s)
	tg := b.dmlTarget(&ast.TableRef{Name: table}, "insert into")
	t, named := tg.t, tg.columns()
	src := &LVirtual{Source: BulkSource, Object: t.Name}
	for i, typ := range types {
		src.Ords, src.ColIDs = append(src.Ords, i), append(src.ColIDs, b.q.NewCol(columns[i], typ))
	}
	p := &LProject{Input: src, Exprs: make([]Expr, len(t.Columns))}
	for i, name := range columns {
		o := slices.IndexFunc(named, func(c ColInfo) bool { return c.Name == name })
		if o < 0 {
			failAt(0, dberr.StateUndefinedColumn, "column %q of relation %q does not exist", name, tg.name())
		}
		o = tg.base(o, "insert into", 0)
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
			p.Exprs[i] = b.targetDefault(tg, i, 0)
		}
		p.ColIDs = append(p.ColIDs, b.q.NewCol(c.Name, c.Type))
	}
	b.generated(t, p)
	in := &LInsert{Table: t, Input: p, TableCols: p.ColIDs}
	in.Checks, in.Parts = b.tableExprs(t)
	in.Views = b.viewChecks(tg, in.TableCols)
	b.q.Rel, b.q.Command, b.q.Writes = in, "INSERT", true
	return b.q, nil
}
