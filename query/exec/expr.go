package exec

import (
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// evaluator computes a bound expression for the live rows of a batch: sel, or all
// where it is nil. The result is addressed by row number and holds until the next eval;
// it may be a column of b or a constant, so nobody writes to it.
type evaluator interface {
	eval(b *vec.Batch, sel []int32) (*vec.Vector, error)
}

func compileAll(c *Context, es []plan.Expr) ([]evaluator, error) {
	if len(es) == 0 {
		return nil, nil
	}
	out := make([]evaluator, len(es))
	for i, e := range es {
		x, err := compile(c, e)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

// compileOpt is compile, and nil for nil.
func compileOpt(c *Context, e plan.Expr) (evaluator, error) {
	if e == nil {
		return nil, nil
	}
	return compile(c, e)
}

func newOut(t sqltype.Type) *vec.Vector { return &vec.Vector{Type: t} }

func compile(c *Context, e plan.Expr) (evaluator, error) {
	switch e := e.(type) {
	case *plan.Const:
		return constant{vec.ConstVector(e.Typ, e.Value)}, nil
	case *plan.Param:
		if e.Index >= len(c.Params) {
			return nil, dberr.SQL(dberr.StateUndefinedParameter, "there is no value for parameter $%d", e.Index+1)
		}
		return constant{vec.ConstVector(e.Typ, c.Params[e.Index].Datum)}, nil
	case *plan.Slot:
		return slot(e.Index), nil
	case *plan.Outer:
		return &outer{c: c, at: e.Index, out: &vec.Vector{Type: e.Typ}}, nil
	case *plan.Call:
		return compileCall(c, e)
	case *plan.Case:
		return compileCase(c, e)
	case *plan.Coalesce:
		args, err := compileAll(c, e.Args)
		return &coalesce{args: args, out: newOut(e.Typ)}, err
	case *plan.In:
		return compileIn(c, e)
	case *plan.ArrayExpr:
		args, err := compileAll(c, e.Elems)
		return &arrayExpr{args: args, typ: e.Typ, out: newOut(e.Typ)}, err
	case *plan.RowExpr:
		args, err := compileAll(c, e.Elems)
		return &rowExpr{args: args, types: exprTypes(e.Elems), nullable: e.Nullable, out: newOut(e.Type())}, err
	case *plan.PartCheck:
		return compileParts(c, e)
	case *plan.SubPlan:
		return compileSub(c, e)
	}
	return compileLogic(c, e)
}

// constant is one value for all rows.
type constant struct{ v *vec.Vector }

func (k constant) eval(*vec.Batch, []int32) (*vec.Vector, error) { return k.v, nil }

// slot is a column of the input.
type slot int

func (s slot) eval(b *vec.Batch, _ []int32) (*vec.Vector, error) { return b.Cols[s], nil }

// outer is a register.
type outer struct {
	c   *Context
	at  int
	out *vec.Vector
}

func (o *outer) eval(*vec.Batch, []int32) (*vec.Vector, error) {
	o.out.Reset(1)
	o.out.Set(0, *o.c.reg(o.at))
	o.out.Const = true
	return o.out, nil
}

// call is a function of the values of its arguments.
type call struct {
	c    *Context
	e    *plan.Call
	args []evaluator
	in   []*vec.Vector
	out  *vec.Vector
	// same says that equal arguments give equal results, so that constant arguments
	// are computed once.
	same bool
	pace pace
}

func compileCall(c *Context, e *plan.Call) (evaluator, error) {
	args, err := compileAll(c, e.Args)
	if err != nil {
		return nil, err
	}
	return &call{
		c: c, e: e, args: args, in: make([]*vec.Vector, len(args)), out: newOut(e.Typ),
		same: e.Func.Volatility != volatile && len(args) > 0,
	}, nil
}

func (x *call) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	allConst := x.same
	for i, a := range x.args {
		v, err := a.eval(b, sel)
		if err != nil {
			return nil, err
		}
		x.in[i] = v
		allConst = allConst && v.Const
	}
	n := b.Len
	if allConst {
		if n == 0 || sel != nil && len(sel) == 0 {
			x.out.Reset(n)
			return x.out, nil
		}
		n, sel = 1, nil
	}
	x.out.Reset(n)
	err := x.pace.run(x.c, n, sel, func(sel []int32) error { return x.e.Func.Call(x.c.Env, n, sel, x.in, x.out) })
	if err != nil {
		return nil, at(err, x.e.Pos)
	}
	x.out.Const = allConst
	return x.out, nil
}

// pace cuts the rows of a batch for functions that take long for each of them, so that the
// context is looked at in between.
type pace struct {
	slow bool // the last batch took longer than slowBatch
}

const (
	slowBatch = 5 * time.Millisecond
	slowRows  = 16
	paceFrom  = 64 // live rows from which it is worth to look at the clock
)

// run calls f for the live rows, all at once unless that is known to take long.
func (p *pace) run(c *Context, n int, sel []int32, f func(sel []int32) error) error {
	if n < paceFrom || sel != nil && len(sel) < paceFrom {
		if !p.slow {
			return f(sel)
		}
	}
	began := time.Now()
	if !p.slow {
		err := f(sel)
		p.slow = time.Since(began) > slowBatch
		if err == nil && p.slow {
			err = canceled(c.Ctx)
		}
		return err
	}
	for rows := vec.Live(n, sel); len(rows) > 0; {
		if err := canceled(c.Ctx); err != nil {
			return err
		}
		k := min(slowRows, len(rows))
		if err := f(rows[:k:k]); err != nil {
			return err
		}
		rows = rows[k:]
	}
	p.slow = time.Since(began) > slowBatch
	return nil
}

// at gives an error a position where it has none.
func at(err error, pos int) error {
	if e := dberr.As(err); e != nil && pos > 0 && e.Position == 0 {
		shown := *e // errors may be shared
		return shown.At(pos)
	}
	return err
}

// live returns the live rows of b.
func live(b *vec.Batch) []int32 { return vec.Live(b.Len, b.Sel) }

// oneRow is a batch of one row without columns, on which expressions without
// slots are evaluated.
var oneRow = &vec.Batch{Len: 1}

// evalOnce evaluates an expression that has no slots.
func evalOnce(c *Context, e plan.Expr) (sqltype.Datum, error) {
	switch e := e.(type) {
	case *plan.Const:
		return e.Value, nil
	case *plan.Param:
		if e.Index < len(c.Params) {
			return c.Params[e.Index].Datum, nil
		}
	case *plan.Outer:
		return *c.reg(e.Index), nil
	case *plan.Call:
		if e.Func.Widens() {
			return evalOnce(c, e.Args[0])
		}
	}
	x, err := compile(c, e)
	if err != nil {
		return sqltype.NullDatum, err
	}
	v, err := x.eval(oneRow, nil)
	if err != nil {
		return sqltype.NullDatum, err
	}
	return v.Get(0), nil
}

func unsupported(what any) error {
	return dberr.SQL(dberr.StateInternal, "no evaluation for %s", fmt.Sprintf("%T", what))
}
