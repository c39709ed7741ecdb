package fn

import (
	"sync"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// selections lends the buffers in which Call lists the rows without NULLs.
var selections = sync.Pool{New: func() any {
	s := make([]int32, 0, vec.BatchSize)
	return &s
}}

// Call computes out for the live rows, as Eval does, with arguments that may
// hold NULLs: a strict function is NULL where one of them is and is computed for
// the other rows only. Arguments and out must be different vectors; out has been
// Reset to n rows, or holds no NULL bit at live rows.
func (f *Func) Call(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
	if !f.Strict {
		return f.Eval(env, n, sel, args, out)
	}
	var first *vec.Vector
	rest := false
	for _, a := range args {
		switch {
		case !a.HasNulls():
		case a.Const:
			for _, i := range vec.Live(n, sel) {
				out.SetNull(int(i))
			}
			return nil
		case first == nil:
			first = a
		default:
			rest = true
		}
	}
	if first == nil {
		return f.Eval(env, n, sel, args, out)
	}
	nulls := first.Nulls
	if rest {
		nulls = append(vec.Bitmap(nil), nulls...)
		for _, a := range args {
			if !a.Const {
				nulls = nulls.Or(a.Nulls)
			}
		}
	}
	if f.total {
		if err := f.Eval(env, n, sel, args, out); err != nil {
			return err
		}
	} else {
		buf := selections.Get().(*[]int32)
		live := nulls.AppendClear((*buf)[:0], n, sel)
		err := f.Eval(env, n, live, args, out)
		*buf = live[:0]
		selections.Put(buf)
		if err != nil {
			return err
		}
	}
	if sel == nil {
		nulls.Each(func(i int) {
			if i < n {
				out.SetNull(i)
			}
		})
		return nil
	}
	for _, i := range sel {
		if nulls.Get(int(i)) {
			out.SetNull(int(i))
		}
	}
	return nil
}

// CallRow computes the function for one row of values, for constants and paths
// that go row by row. The values have the types of f.Args.
func (f *Func) CallRow(env *Env, args ...sqltype.Datum) (sqltype.Datum, error) {
	vs := make([]*vec.Vector, len(args))
	for i, d := range args {
		vs[i] = vec.ConstVector(f.Args[i], d)
	}
	out := vec.NewVector(f.Ret, 1)
	if err := f.Call(env, 1, nil, vs, out); err != nil {
		return sqltype.NullDatum, err
	}
	return out.Get(0), nil
}
