package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// ResolveVariadic chooses the function for a call whose last argument is VARIADIC: an
// array whose elements are the arguments from there on. The call is NULL where the
// array is, but that of format.
func ResolveVariadic(name string, args []sqltype.Type) (*Func, []sqltype.Type, error) {
	last := len(args) - 1
	if args[last].ID != sqltype.Array {
		return nil, nil, dberr.SQL(dberr.StateDatatypeMismatch, "VARIADIC argument must be an array")
	}
	elem := args[last].ElemType().Base()
	for _, f := range registry.funcs[name] {
		if !f.Variadic || len(f.Args) != len(args) {
			continue
		}
		fixed := append(append([]sqltype.Type(nil), args[:last]...), elem)
		one, want, err := Resolve(name, fixed)
		if err != nil || want[last].Base() != elem {
			continue
		}
		want = append(want[:last:last], args[last])
		g := &Func{Name: name, Args: want, Ret: one.Ret, Volatility: one.Volatility}
		g.Eval = spreading(name, want, one.Strict)
		return g, want, nil
	}
	return nil, nil, funcError("function", name, args, false)
}

// spreading calls the function with the elements of the last argument, as many as there are.
func spreading(name string, types []sqltype.Type, strict bool) Eval {
	last := len(types) - 1
	elem := types[last].ElemType().Base()
	return rowwise(func(c *call) (sqltype.Datum, error) {
		for i, a := range c.arg {
			if a.Null && (strict || i == last && name != "format") { // to which it is no values
				return sqltype.NullDatum, nil
			}
		}
		var vals []sqltype.Datum
		if !c.arg[last].Null {
			vals = arrayOfDatum(c.arg[last]).Vals
		}
		spread := append([]sqltype.Type(nil), types[:last]...)
		args := append([]sqltype.Datum(nil), c.arg[:last]...)
		for _, v := range vals {
			spread, args = append(spread, elem), append(args, v)
		}
		f, _, err := Resolve(name, spread)
		if err != nil && len(vals) == 0 { // it asks for one at least: NULL adds nothing
			if name == "num_nulls" {
				return sqltype.Datum{}, nil
			}
			args = append(args, sqltype.NullDatum)
			f, _, err = Resolve(name, append(spread, elem))
		}
		if err != nil {
			return sqltype.NullDatum, err
		}
		return f.CallRow(c.env, args...)
	})
}
