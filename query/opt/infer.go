package opt

import (
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
)

// Implies reports whether every row of a table for which given is true has pred true: both are
// over slots for its columns. It proves and never refutes.
func Implies(t *catalog.Table, given, pred plan.Expr) bool {
	scan := &plan.LScan{Table: t}
	for i := range t.Columns {
		scan.Ords, scan.ColIDs = append(scan.Ords, i), append(scan.ColIDs, plan.Col(i+1))
	}
	columns := func(e plan.Expr) plan.Expr {
		return plan.Map(e, func(x plan.Expr) plan.Expr {
			if s, ok := x.(*plan.Slot); ok {
				return &plan.Var{Typ: s.Typ, Col: plan.Col(s.Index + 1)}
			}
			return x
		})
	}
	b := &builder{}
	return b.prove(scan, plan.Conjuncts(b.foldExpr(columns(given)))).implies(b.foldExpr(columns(pred)))
}
