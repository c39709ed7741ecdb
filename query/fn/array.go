package fn

import "github.com/weftdb/weft/query/sqltype"

// textArray makes a text[] of one dimension.
func textArray(vals []string) *sqltype.ArrayValue {
	ds := make([]sqltype.Datum, len(vals))
	for i, v := range vals {
		ds[i].Str = v
	}
	return newArray(sqltype.TText, ds)
}

// newArray makes an array of one dimension, which it keeps vals for.
func newArray(elem sqltype.Type, vals []sqltype.Datum) *sqltype.ArrayValue {
	a := &sqltype.ArrayValue{Elem: elem, Vals: vals}
	if len(vals) > 0 {
		a.Dims, a.Lower = []int{len(vals)}, []int{1}
	}
	return a
}
