package exec

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

func errArrayShape() error {
	return dberr.SQL("2202E", "multidimensional arrays must have array expressions with matching dimensions")
}

// inSet is IN with a list of constants: a hash lookup.
type inSet struct {
	arg     evaluator
	not     bool
	hasNull bool // in the list
	set     *keyTable
	find    []int32
	keys    [1]*vec.Vector
	out     *vec.Vector
}

// inList is IN with a list of which something depends on the row.
type inList struct {
	c    *Context
	e    *plan.In
	arg  evaluator
	list []evaluator
	cmp  *vec.Vector
	out  *vec.Vector
	open []int32
	in   [2]*vec.Vector
}

func compileIn(c *Context, e *plan.In) (evaluator, error) {
	arg, err := compile(c, e.Arg)
	if err != nil {
		return nil, err
	}
	for _, x := range e.List {
		switch x.(type) {
		case *plan.Const, *plan.Param:
			continue
		}
		list, err := compileAll(c, e.List)
		return &inList{c: c, e: e, arg: arg, list: list, cmp: newOut(sqltype.TBool), out: newOut(sqltype.TBool)}, err
	}
	typ := e.Arg.Type()
	vals := vec.NewVector(typ, 0)
	hasNull := false
	for _, x := range e.List {
		d, err := evalOnce(c, x)
		if err != nil {
			return nil, err
		}
		if d.Null {
			hasNull = true
			continue
		}
		vals.AppendDatum(d)
	}
	set := newKeyTable([]sqltype.Type{typ})
	set.assign([]*vec.Vector{vals}, vals.Len(), nil, make([]int32, vals.Len()))
	return &inSet{arg: arg, not: e.Not, hasNull: hasNull, set: set, out: newOut(sqltype.TBool)}, nil
}

func (x *inSet) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	v, err := x.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	if cap(x.find) < b.Len {
		x.find = make([]int32, b.Len)
	}
	x.keys[0] = v
	found := x.find[:b.Len]
	x.set.lookup(x.keys[:], b.Len, sel, found)
	nulls := v.HasNulls()
	for _, i := range vec.Live(b.Len, sel) {
		switch {
		case nulls && v.IsNull(int(i)):
			if x.set.len() > 0 || x.hasNull {
				x.out.SetNull(int(i))
			} else {
				x.out.I[i] = b2i(x.not)
			}
		case found[i] >= 0:
			x.out.I[i] = b2i(!x.not)
		case x.hasNull:
			x.out.SetNull(int(i))
		default:
			x.out.I[i] = b2i(x.not)
		}
	}
	return x.out, nil
}

func (x *inList) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	arg, err := x.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	x.open = append(x.open[:0], vec.Live(b.Len, sel)...)
	for _, i := range x.open {
		x.out.I[i] = b2i(x.e.Not)
	}
	for _, item := range x.list {
		if len(x.open) == 0 {
			break
		}
		v, err := item.eval(b, x.open)
		if err != nil {
			return nil, err
		}
		x.in = [2]*vec.Vector{arg, v}
		if arg == v { // both are the same column: compare it with a copy
			x.in[1] = &vec.Vector{Type: v.Type}
			*x.in[1] = *v
		}
		x.cmp.Reset(b.Len)
		if err := x.e.Eq.Call(x.c.Env, b.Len, x.open, x.in[:], x.cmp); err != nil {
			return nil, err
		}
		rest := x.open[:0]
		for _, i := range x.open {
			switch {
			case x.cmp.IsNull(int(i)):
				x.out.SetNull(int(i))
				rest = append(rest, i)
			case x.cmp.I[i] != 0:
				x.out.Nulls.Clear(int(i))
				x.out.I[i] = b2i(!x.e.Not)
			default:
				rest = append(rest, i)
			}
		}
		x.open = rest
	}
	return x.out, nil
}
