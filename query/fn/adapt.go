package fn

import (
	"errors"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// errNull is returned by a row function whose result is NULL.
var errNull = errors.New("null")

// slice returns the slice of v that holds values of Go type T.
func slice[T any](v *vec.Vector) []T {
	var s any
	switch any((*T)(nil)).(type) {
	case *int64:
		s = v.I
	case *float64:
		s = v.F
	case *string:
		s = v.S
	case *sqltype.Num:
		s = v.N
	case *sqltype.IntervalValue:
		s = v.V
	default:
		s = v.A
	}
	return s.([]T)
}

// The row adapters turn a function of one row into an Eval: e is for functions
// that may fail, p for pure ones, n for those that need the Env. The digit is the
// number of arguments. Hot operators have loops of their own instead.

func n0[R any](f func(*Env) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, _ []*vec.Vector, out *vec.Vector) error {
		o := slice[R](out)
		for _, i := range vec.Live(n, sel) {
			r, err := f(env)
			if err != nil {
				if errors.Is(err, errNull) {
					out.SetNull(int(i))
					continue
				}
				return err
			}
			o[i] = r
		}
		return nil
	}
}

func n1[A, R any](f func(*Env, A) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		a, o := slice[A](args[0]), slice[R](out)
		ma := args[0].Mask()
		for _, i := range vec.Live(n, sel) {
			r, err := f(env, a[int(i)&ma])
			if err != nil {
				if errors.Is(err, errNull) {
					out.SetNull(int(i))
					continue
				}
				return err
			}
			o[i] = r
		}
		return nil
	}
}

func n2[A, B, R any](f func(*Env, A, B) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		a, b, o := slice[A](args[0]), slice[B](args[1]), slice[R](out)
		ma, mb := args[0].Mask(), args[1].Mask()
		for _, i := range vec.Live(n, sel) {
			r, err := f(env, a[int(i)&ma], b[int(i)&mb])
			if err != nil {
				if errors.Is(err, errNull) {
					out.SetNull(int(i))
					continue
				}
				return err
			}
			o[i] = r
		}
		return nil
	}
}

func n3[A, B, C, R any](f func(*Env, A, B, C) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		a, b, c, o := slice[A](args[0]), slice[B](args[1]), slice[C](args[2]), slice[R](out)
		ma, mb, mc := args[0].Mask(), args[1].Mask(), args[2].Mask()
		for _, i := range vec.Live(n, sel) {
			r, err := f(env, a[int(i)&ma], b[int(i)&mb], c[int(i)&mc])
			if err != nil {
				if errors.Is(err, errNull) {
					out.SetNull(int(i))
					continue
				}
				return err
			}
			o[i] = r
		}
		return nil
	}
}

func n4[A, B, C, D, R any](f func(*Env, A, B, C, D) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		a, b, c, d, o := slice[A](args[0]), slice[B](args[1]), slice[C](args[2]), slice[D](args[3]), slice[R](out)
		ma, mb, mc, md := args[0].Mask(), args[1].Mask(), args[2].Mask(), args[3].Mask()
		for _, i := range vec.Live(n, sel) {
			r, err := f(env, a[int(i)&ma], b[int(i)&mb], c[int(i)&mc], d[int(i)&md])
			if err != nil {
				if errors.Is(err, errNull) {
					out.SetNull(int(i))
					continue
				}
				return err
			}
			o[i] = r
		}
		return nil
	}
}

func e1[A, R any](f func(A) (R, error)) Eval {
	return n1(func(_ *Env, a A) (R, error) { return f(a) })
}

func e2[A, B, R any](f func(A, B) (R, error)) Eval {
	return n2(func(_ *Env, a A, b B) (R, error) { return f(a, b) })
}

func e3[A, B, C, R any](f func(A, B, C) (R, error)) Eval {
	return n3(func(_ *Env, a A, b B, c C) (R, error) { return f(a, b, c) })
}

func e4[A, B, C, D, R any](f func(A, B, C, D) (R, error)) Eval {
	return n4(func(_ *Env, a A, b B, c C, d D) (R, error) { return f(a, b, c, d) })
}

func p1[A, R any](f func(A) R) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		a, o := slice[A](args[0]), slice[R](out)
		ma := args[0].Mask()
		for _, i := range vec.Live(n, sel) {
			o[i] = f(a[int(i)&ma])
		}
		return nil
	}
}

func p2[A, B, R any](f func(A, B) R) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		a, b, o := slice[A](args[0]), slice[B](args[1]), slice[R](out)
		ma, mb := args[0].Mask(), args[1].Mask()
		for _, i := range vec.Live(n, sel) {
			o[i] = f(a[int(i)&ma], b[int(i)&mb])
		}
		return nil
	}
}

func p3[A, B, C, R any](f func(A, B, C) R) Eval {
	return e3(func(a A, b B, c C) (R, error) { return f(a, b, c), nil })
}

// call is what a row function sees that takes any number of arguments of any type.
type call struct {
	env *Env
	typ []sqltype.Type  // of the arguments
	arg []sqltype.Datum // of this row; reused for the next one
	ret sqltype.Type
}

// rowwise adapts a function of whole rows; for non-strict functions arguments
// may be NULL.
func rowwise(f func(c *call) (sqltype.Datum, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		c := &call{env: env, ret: out.Type, typ: make([]sqltype.Type, len(args)), arg: make([]sqltype.Datum, len(args))}
		for k, a := range args {
			c.typ[k] = a.Type
		}
		for _, i := range vec.Live(n, sel) {
			for k, a := range args {
				c.arg[k] = a.Get(int(i))
			}
			d, err := f(c)
			if err != nil && !errors.Is(err, errNull) {
				return err
			}
			if errors.Is(err, errNull) || d.Null {
				out.SetNull(int(i))
				continue
			}
			out.Set(int(i), d)
		}
		return nil
	}
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
