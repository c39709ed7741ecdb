package fn

import (
	"github.com/weftdb/weft/query/sqltype"
)

// AnyOf makes value op ANY (array), or ALL, of the operator over the array's elements: for
// what is computed of a row alone, where there are no subqueries.
func AnyOf(op *Func, all bool, array sqltype.Type) *Func {
	name := op.Name + " ANY"
	if all {
		name = op.Name + " ALL"
	}
	f := &Func{Name: name, Args: []sqltype.Type{op.Args[0], array}, Ret: sqltype.TBool, Volatility: op.Volatility}
	f.Eval = rowwise(func(c *call) (sqltype.Datum, error) {
		if c.arg[1].Null {
			return sqltype.NullDatum, nil
		}
		unknown := false
		for _, v := range arrayOfDatum(c.arg[1]).Vals {
			r, err := op.CallRow(c.env, c.arg[0], v)
			switch {
			case err != nil:
				return sqltype.NullDatum, err
			case r.Null:
				unknown = true
			case (r.Int != 0) != all:
				return r, nil
			}
		}
		if unknown {
			return sqltype.NullDatum, nil
		}
		return sqltype.Datum{Int: int64(map[bool]int{true: 1}[all])}, nil
	})
	return f
}
