package fn

import (
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Checked makes a function that gives its first argument, unless one of the others,
// which are conditions, is false: then fail tells the error of condition i.
func Checked(args []sqltype.Type, fail func(i int) error) *Func {
	return &Func{Name: "checked", Args: args, Ret: args[0], Volatility: Immutable,
		Eval: func(_ *Env, n int, sel []int32, in []*vec.Vector, out *vec.Vector) error {
			for _, i := range vec.Live(n, sel) {
				for k, c := range in[1:] {
					if !c.IsNull(int(i)) && c.I[c.At(int(i))] == 0 {
						return fail(k)
					}
				}
				out.Set(int(i), in[0].Get(int(i)))
			}
			return nil
		}}
}
