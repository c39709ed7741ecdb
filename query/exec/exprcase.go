package exec

import (
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// caseExpr is CASE: a row is shown to the conditions until one is true, and to
// that one's result only.
type caseExpr struct {
	conds, results []evaluator
	other          evaluator // nil for NULL
	out            *vec.Vector
	open, taken    []int32
}

func compileCase(c *Context, e *plan.Case) (evaluator, error) {
	conds, err := compileAll(c, e.Conds)
	if err != nil {
		return nil, err
	}
	results, err := compileAll(c, e.Results)
	if err != nil {
		return nil, err
	}
	other, err := compileOpt(c, e.Else)
	return &caseExpr{conds: conds, results: results, other: other, out: newOut(e.Typ)}, err
}

func (x *caseExpr) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	x.out.Reset(b.Len)
	x.open = append(x.open[:0], vec.Live(b.Len, sel)...)
	for k, cond := range x.conds {
		if len(x.open) == 0 {
			return x.out, nil
		}
		v, err := cond.eval(b, x.open)
		if err != nil {
			return nil, err
		}
		x.taken = x.taken[:0]
		rest, mask := x.open[:0], v.Mask()
		for _, i := range x.open {
			if v.I[int(i)&mask] != 0 && !v.IsNull(int(i)) {
				x.taken = append(x.taken, i)
			} else {
				rest = append(rest, i)
			}
		}
		x.open = rest
		if err := x.take(x.results[k], b, x.taken); err != nil {
			return nil, err
		}
	}
	if x.other == nil {
		for _, i := range x.open {
			x.out.SetNull(int(i))
		}
		return x.out, nil
	}
	return x.out, x.take(x.other, b, x.open)
}

// take copies the results of the rows of sel into out.
func (x *caseExpr) take(from evaluator, b *vec.Batch, sel []int32) error {
	if len(sel) == 0 {
		return nil
	}
	v, err := from.eval(b, sel)
	if err != nil {
		return err
	}
	x.out.CopyRows(v, b.Len, sel)
	return nil
}

// coalesce is the first argument that is not NULL.
type coalesce struct {
	args []evaluator
	out  *vec.Vector
	open []int32
}

func (x *coalesce) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	x.open = append(x.open[:0], vec.Live(b.Len, sel)...)
	for k, a := range x.args {
		if k > 0 && len(x.open) == 0 {
			break
		}
		v, err := a.eval(b, x.open)
		if err != nil {
			return nil, err
		}
		if k == 0 {
			if !v.HasNulls() {
				return v, nil
			}
			x.out.Reset(b.Len)
		}
		x.out.CopyRows(v, b.Len, x.open)
		rest := x.open[:0]
		for _, i := range x.open {
			if v.IsNull(int(i)) {
				rest = append(rest, i)
			}
		}
		x.open = rest
	}
	return x.out, nil
}

// arrayExpr is ARRAY[…]. Elements that are arrays themselves make one more dimension.
type arrayExpr struct {
	args []evaluator
	typ  sqltype.Type
	out  *vec.Vector
}

func evalAll(args []evaluator, b *vec.Batch, sel []int32, into []*vec.Vector) ([]*vec.Vector, error) {
	into = into[:0]
	for _, a := range args {
		v, err := a.eval(b, sel)
		if err != nil {
			return nil, err
		}
		into = append(into, v)
	}
	return into, nil
}

func (x *arrayExpr) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	in, err := evalAll(x.args, b, sel, nil)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	for _, i := range vec.Live(b.Len, sel) {
		vals := make([]sqltype.Datum, len(in))
		nested := false
		for k, v := range in {
			vals[k] = v.Get(int(i))
			nested = nested || v.Type.ID == sqltype.Array
		}
		a, err := makeArray(x.typ.ElemType(), vals, nested)
		if err != nil {
			return nil, err
		}
		x.out.A[i] = a
	}
	return x.out, nil
}

// makeArray builds an array of values, or of arrays of equal dimensions.
func makeArray(elem sqltype.Type, vals []sqltype.Datum, nested bool) (*sqltype.ArrayValue, error) {
	a := &sqltype.ArrayValue{Elem: elem}
	if len(vals) == 0 {
		return a, nil
	}
	if !nested {
		a.Vals, a.Dims, a.Lower = vals, []int{len(vals)}, []int{1}
		return a, nil
	}
	for k, d := range vals {
		sub, ok := d.Any.(*sqltype.ArrayValue)
		if d.Null || !ok {
			return nil, errArrayShape()
		}
		if k == 0 {
			a.Dims = append([]int{len(vals)}, sub.Dims...)
			for range a.Dims {
				a.Lower = append(a.Lower, 1)
			}
		} else if !equalInts(a.Dims[1:], sub.Dims) {
			return nil, errArrayShape()
		}
		a.Vals = append(a.Vals, sub.Vals...)
	}
	if len(a.Vals) == 0 {
		a.Dims, a.Lower = nil, nil
	}
	return a, nil
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// rowExpr is ROW(…).
type rowExpr struct {
	args  []evaluator
	types []sqltype.Type
	// nullable rows are NULL where all of their fields are.
	nullable bool
	out      *vec.Vector
}

func (x *rowExpr) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	in, err := evalAll(x.args, b, sel, nil)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	for _, i := range vec.Live(b.Len, sel) {
		r := &sqltype.RecordValue{Types: x.types, Vals: make([]sqltype.Datum, len(in))}
		null := x.nullable
		for k, v := range in {
			r.Vals[k] = v.Get(int(i))
			null = null && r.Vals[k].Null
		}
		if null {
			x.out.SetNull(int(i))
			continue
		}
		x.out.A[i] = r
	}
	return x.out, nil
}
