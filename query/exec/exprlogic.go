package exec

import (
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

const volatile = fn.Volatile

func compileLogic(c *Context, e plan.Expr) (evaluator, error) {
	switch e := e.(type) {
	case *plan.And:
		args, err := compileAll(c, e.Args)
		return &logic{args: args, and: true, out: newOut(sqltype.TBool)}, err
	case *plan.Or:
		args, err := compileAll(c, e.Args)
		return &logic{args: args, out: newOut(sqltype.TBool)}, err
	case *plan.Not:
		arg, err := compile(c, e.Arg)
		return &not{arg: arg, out: newOut(sqltype.TBool)}, err
	case *plan.IsNull:
		arg, err := compile(c, e.Arg)
		return &isNull{arg: arg, not: e.Not, record: e.Arg.Type().ID == sqltype.Record, out: newOut(sqltype.TBool)}, err
	case *plan.IsBool:
		arg, err := compile(c, e.Arg)
		return &isBool{arg: arg, want: e.Want, not: e.Not, out: newOut(sqltype.TBool)}, err
	case *plan.IsDistinct:
		args, err := compileAll(c, []plan.Expr{e.L, e.R})
		return &isDistinct{args: args, not: e.Not, typ: e.L.Type(), out: newOut(sqltype.TBool)}, err
	}
	return nil, unsupported(e)
}

// logic is AND or OR in three-valued logic: rows that an argument decides are not
// shown to the following ones.
type logic struct {
	args []evaluator
	and  bool
	out  *vec.Vector
	buf  []int32
}

func (l *logic) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	l.out.Reset(b.Len)
	out, open := l.out.I, sel
	if !l.and { // rows that nothing decides are false under OR, true under AND
		for _, i := range vec.Live(b.Len, sel) {
			out[i] = 0
		}
	} else {
		for _, i := range vec.Live(b.Len, sel) {
			out[i] = 1
		}
	}
	decides := int64(1)
	if l.and {
		decides = 0
	}
	for k, a := range l.args {
		v, err := a.eval(b, open)
		if err != nil {
			return nil, err
		}
		rows := vec.Live(b.Len, open)
		if k == 0 {
			l.buf = l.buf[:0]
		} else {
			l.buf = rows[:0] // compacts in place: open is buf
		}
		nulls, mask := v.HasNulls(), v.Mask()
		for _, i := range rows {
			switch {
			case nulls && v.IsNull(int(i)):
				l.out.Nulls = l.out.Nulls.With(int(i))
				l.buf = append(l.buf, i)
			case v.I[int(i)&mask] == decides:
				l.out.Nulls.Clear(int(i))
				out[i] = decides
			default:
				l.buf = append(l.buf, i)
			}
		}
		if open = l.buf; len(open) == 0 {
			break
		}
	}
	if l.out.Nulls.Any() {
		l.out.Nulls.Each(func(i int) { out[i] = 0 })
	}
	return l.out, nil
}

type not struct {
	arg evaluator
	out *vec.Vector
}

func (x *not) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	v, err := x.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	nulls, mask := v.HasNulls(), v.Mask()
	for _, i := range vec.Live(b.Len, sel) {
		if nulls && v.IsNull(int(i)) {
			x.out.SetNull(int(i))
			continue
		}
		x.out.I[i] = 1 - v.I[int(i)&mask]
	}
	return x.out, nil
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

type isNull struct {
	arg    evaluator
	not    bool
	record bool
	out    *vec.Vector
}

func (x *isNull) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	v, err := x.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	for _, i := range vec.Live(b.Len, sel) {
		if x.record && !v.IsNull(int(i)) {
			x.out.I[i] = b2i(recordIsNull(v.Get(int(i)), x.not))
			continue
		}
		x.out.I[i] = b2i(v.IsNull(int(i)) != x.not)
	}
	return x.out, nil
}

// recordIsNull is IS [NOT] NULL of a row value: whether all fields are (not) NULL.
func recordIsNull(d sqltype.Datum, not bool) bool {
	r, ok := d.Any.(*sqltype.RecordValue)
	if !ok {
		return not
	}
	for _, v := range r.Vals {
		if v.Null == not {
			return false
		}
	}
	return true
}

type isBool struct {
	arg  evaluator
	want byte
	not  bool
	out  *vec.Vector
}

func (x *isBool) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	v, err := x.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	mask := v.Mask()
	for _, i := range vec.Live(b.Len, sel) {
		var is bool
		switch null := v.IsNull(int(i)); x.want {
		case 'u':
			is = null
		case 't':
			is = !null && v.I[int(i)&mask] != 0
		default:
			is = !null && v.I[int(i)&mask] == 0
		}
		x.out.I[i] = b2i(is != x.not)
	}
	return x.out, nil
}

type isDistinct struct {
	args []evaluator
	not  bool
	typ  sqltype.Type
	out  *vec.Vector
}

func (x *isDistinct) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	l, err := x.args[0].eval(b, sel)
	if err != nil {
		return nil, err
	}
	r, err := x.args[1].eval(b, sel)
	if err != nil {
		return nil, err
	}
	x.out.Reset(b.Len)
	ints, lm, rm := x.typ.Phys() == sqltype.PhysInt, l.Mask(), r.Mask()
	for _, i := range vec.Live(b.Len, sel) {
		ln, rn := l.IsNull(int(i)), r.IsNull(int(i))
		distinct := ln != rn
		if !ln && !rn {
			if ints {
				distinct = l.I[int(i)&lm] != r.I[int(i)&rm]
			} else {
				distinct = !sqltype.Equal(x.typ, l.Get(int(i)), r.Get(int(i)))
			}
		}
		x.out.I[i] = b2i(distinct != x.not)
	}
	return x.out, nil
}

// condition keeps the rows of batches for which an expression is true.
type condition struct {
	x   evaluator
	buf []int32
}

// apply narrows b's selection and returns whether a row is left. b.Sel then
// points into memory of the condition.
func (f *condition) apply(b *vec.Batch) (bool, error) {
	v, err := f.x.eval(b, b.Sel)
	if err != nil {
		return false, err
	}
	if v.Const {
		if v.IsNull(0) || v.I[0] == 0 {
			b.Sel = []int32{}
			return false, nil
		}
		return b.Rows() > 0, nil
	}
	n := b.Len
	if cap(f.buf) < n {
		f.buf = make([]int32, 0, max(n, min(vec.BatchSize, 4*n)))
	}
	buf, k, vals := f.buf[:n], 0, v.I // slots of NULLs are zero, so none of them is in
	if b.Sel == nil {
		vals = vals[:n]
		for i, t := range vals {
			buf[k] = int32(i)
			k += int(t & 1)
		}
	} else {
		for _, i := range b.Sel {
			buf[k] = i
			k += int(vals[i] & 1)
		}
	}
	if k == n {
		return k > 0, nil // nothing was removed
	}
	b.Sel = buf[:k]
	return k > 0, nil
}
