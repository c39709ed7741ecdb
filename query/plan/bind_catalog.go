package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// catalogCall calls a function that looks into the catalog.
func (b *binder) catalogCall(name string, args []Expr, pos int) Expr {
	f := b.CatalogFunc(name, len(args))
	if f == nil {
		failAt(pos, dberr.StateUndefinedFunction, "function %s does not exist", name)
	}
	for i := range args {
		context := fn.AssignCast
		if f.Args[i].Reg() == sqltype.RegClass && args[i].Type().ID == sqltype.Text { // text names a relation without a cast
			context = fn.Cast
		}
		x := b.convert(args[i], f.Args[i], pos, context)
		if x == nil {
			failAt(pos, dberr.StateUndefinedFunction, "function %s(%s) does not exist", name, args[i].Type().Name())
		}
		args[i] = x
	}
	return &Call{Typ: f.Ret, Func: f, Args: args, Pos: pos}
}
