package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// sample binds TABLESAMPLE: each row is taken with the given probability, which with
// REPEATABLE follows from its key. SYSTEM, which in PostgreSQL takes whole blocks, takes
// rows one by one too.
func (b *binder) sample(s *scope, scan *LScan, c *ast.Sample) Rel {
	if c.Method != "bernoulli" && c.Method != "system" {
		failAt(c.Pos(), dberr.StateUndefinedObject, "tablesample method %s does not exist", c.Method)
	}
	if len(c.Args) != 1 {
		fail(dberr.SQL("2202H", "tablesample method %s requires 1 argument, not %d", c.Method, len(c.Args)).At(c.Pos()))
	}
	in := outer(s)
	in.what, in.noAgg, in.noWin = "TABLESAMPLE", "TABLESAMPLE", "TABLESAMPLE"
	percent := b.assign(b.expr(in, c.Args[0]), sqltype.TFloat8, "", c.Args[0].Pos())
	f := fn.Sample(c.Seed != nil)
	args := []Expr{b.q.Ref(b.rowKey(scan)), percent}
	if c.Seed != nil {
		args = append(args, b.assign(b.expr(in, c.Seed), sqltype.TFloat8, "", c.Seed.Pos()))
	} else {
		b.q.Volatile = true
	}
	return &LFilter{Input: scan, Conds: []Expr{&Call{Typ: sqltype.TBool, Func: f, Args: args, Pos: c.Pos()}}}
}
