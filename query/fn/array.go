package fn

import (
	"math"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

type array = sqltype.ArrayValue

// textArray makes a text[] of one dimension.
func textArray(vals []string) *array {
	ds := make([]sqltype.Datum, len(vals))
	for i, v := range vals {
		ds[i].Str = v
	}
	return newArray(sqltype.TText, ds)
}

// newArray makes an array of one dimension, which it keeps vals for.
func newArray(elem sqltype.Type, vals []sqltype.Datum) *array {
	a := &array{Elem: elem, Vals: vals}
	if len(vals) > 0 {
		a.Dims, a.Lower = []int{len(vals)}, []int{1}
	}
	return a
}

func arrayOfDatum(d sqltype.Datum) *array { return d.Any.(*array) }

func errDims(what string) error {
	return dberr.SQL("2202E", "%s", what)
}

// stringsOf returns the elements of a text[].
func stringsOf(a *array) (vals []string, nulls bool) {
	for _, v := range a.Vals {
		nulls = nulls || v.Null
		vals = append(vals, v.Str)
	}
	return vals, nulls
}

// dim1 returns lower bound and length of the first dimension.
func dim1(a *array) (lower, n int) {
	if len(a.Dims) == 0 {
		return 1, 0
	}
	return a.Lower[0], a.Dims[0]
}

// arrayGet is a[i] or a[i][j]…; anything outside is NULL.
func arrayGet(c *call) (sqltype.Datum, error) {
	a := arrayOfDatum(c.arg[0])
	if len(c.arg)-1 != len(a.Dims) {
		return sqltype.NullDatum, nil
	}
	at := 0
	for k, d := range c.arg[1:] {
		i := d.Int - int64(a.Lower[k])
		if i < 0 || i >= int64(a.Dims[k]) {
			return sqltype.NullDatum, nil
		}
		at = at*a.Dims[k] + int(i)
	}
	return a.Vals[at], nil
}

// arraySlice is a[lo:hi][lo:hi]…, NULL where a bound is. The least and the greatest int4 stand for
// bounds that were left out.
func arraySlice(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	a := arrayOfDatum(c.arg[0])
	empty := sqltype.Datum{Any: newArray(a.Elem, nil)}
	bounds := c.arg[1:]
	for _, b := range bounds {
		if b.Null {
			return sqltype.NullDatum, nil
		}
	}
	if len(bounds)%2 != 0 || len(bounds)/2 > len(a.Dims) {
		return empty, nil
	}
	lo, n := make([]int, len(a.Dims)), make([]int, len(a.Dims))
	total := 1
	for k := range a.Dims {
		l, h := int64(a.Lower[k]), int64(a.Lower[k]+a.Dims[k]-1)
		if 2*k < len(bounds) {
			l, h = max(l, bounds[2*k].Int), min(h, bounds[2*k+1].Int)
		}
		if h < l {
			return empty, nil
		}
		lo[k], n[k] = int(l)-a.Lower[k], int(h-l+1)
		total *= n[k]
	}
	out := &array{Elem: a.Elem, Dims: n, Lower: make([]int, len(n)), Vals: make([]sqltype.Datum, 0, total)}
	for k := range out.Lower {
		out.Lower[k] = 1
	}
	idx := make([]int, len(n))
	for range total {
		at := 0
		for k := range idx {
			at = at*a.Dims[k] + lo[k] + idx[k]
		}
		out.Vals = append(out.Vals, a.Vals[at])
		for k := len(idx) - 1; k >= 0; k-- {
			if idx[k]++; idx[k] < n[k] {
				break
			}
			idx[k] = 0
		}
	}
	return sqltype.Datum{Any: out}, nil
}

// extend adds an element at one end of an array of at most one dimension.
func extend(arr, elem sqltype.Datum, elemType sqltype.Type, front bool) (sqltype.Datum, error) {
	a := newArray(elemType, nil)
	if !arr.Null {
		a = arrayOfDatum(arr)
	}
	if len(a.Dims) > 1 {
		return sqltype.NullDatum, dberr.SQL("22000", "argument must be empty or one-dimensional array")
	}
	lower, n := dim1(a)
	vals := make([]sqltype.Datum, 0, n+1)
	if front {
		vals = append(append(vals, elem), a.Vals...)
	} else {
		vals = append(append(vals, a.Vals...), elem)
	}
	return sqltype.Datum{Any: &array{Elem: a.Elem, Dims: []int{n + 1}, Lower: []int{lower}, Vals: vals}}, nil
}

func arrayAppend(c *call) (sqltype.Datum, error) {
	return extend(c.arg[0], c.arg[1], c.ret.ElemType(), false)
}

func arrayPrepend(c *call) (sqltype.Datum, error) {
	return extend(c.arg[1], c.arg[0], c.ret.ElemType(), true)
}

func arrayCat(c *call) (sqltype.Datum, error) {
	l, r := c.arg[0], c.arg[1]
	switch {
	case l.Null:
		return r, nil
	case r.Null:
		return l, nil
	}
	a, b := arrayOfDatum(l), arrayOfDatum(r)
	switch {
	case len(a.Dims) == 0:
		return r, nil
	case len(b.Dims) == 0:
		return l, nil
	}
	mismatch := errDims("cannot concatenate incompatible arrays")
	dims, lower := append([]int(nil), a.Dims...), a.Lower
	inner := func(x, y []int) bool {
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	switch len(a.Dims) - len(b.Dims) {
	case 0:
		if !inner(a.Dims[1:], b.Dims[1:]) {
			return sqltype.NullDatum, mismatch
		}
		dims[0] += b.Dims[0]
	case 1:
		if !inner(a.Dims[1:], b.Dims) {
			return sqltype.NullDatum, mismatch
		}
		dims[0]++
	case -1:
		if !inner(b.Dims[1:], a.Dims) {
			return sqltype.NullDatum, mismatch
		}
		dims, lower = append([]int(nil), b.Dims...), b.Lower
		dims[0]++
	default:
		return sqltype.NullDatum, mismatch
	}
	vals := append(append(make([]sqltype.Datum, 0, len(a.Vals)+len(b.Vals)), a.Vals...), b.Vals...)
	return sqltype.Datum{Any: &array{Elem: a.Elem, Dims: dims, Lower: lower, Vals: vals}}, nil
}

func sameElem(t sqltype.Type, a, b sqltype.Datum) bool {
	if a.Null || b.Null {
		return a.Null && b.Null
	}
	return sqltype.Equal(t, a, b)
}

func oneDim(a *array, what string) error {
	if len(a.Dims) > 1 {
		return dberr.SQL(dberr.StateFeatureNotSupported, "%s", what)
	}
	return nil
}

// positions calls f with the subscripts at which an element is found.
func positions(c *call, f func(at int64) bool) error {
	a := arrayOfDatum(c.arg[0])
	if err := oneDim(a, "searching for elements in multidimensional arrays is not supported"); err != nil {
		return err
	}
	lower, _ := dim1(a)
	from := int64(lower)
	if len(c.arg) > 2 {
		if c.arg[2].Null {
			return dberr.SQL("22004", "initial position must not be null")
		}
		from = c.arg[2].Int
	}
	for i, v := range a.Vals {
		if at := int64(lower + i); at >= from && sameElem(a.Elem, v, c.arg[1]) && !f(at) {
			return nil
		}
	}
	return nil
}

func arrayPosition(c *call) (d sqltype.Datum, err error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	d = sqltype.NullDatum
	err = positions(c, func(at int64) bool { d = sqltype.Datum{Int: at}; return false })
	return d, err
}

func arrayPositions(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	var vals []sqltype.Datum
	err := positions(c, func(at int64) bool { vals = append(vals, sqltype.Datum{Int: at}); return true })
	return sqltype.Datum{Any: newArray(sqltype.TInt4, vals)}, err
}

func arrayRemove(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	a := arrayOfDatum(c.arg[0])
	if err := oneDim(a, "removing elements from multidimensional arrays is not supported"); err != nil {
		return sqltype.NullDatum, err
	}
	vals := make([]sqltype.Datum, 0, len(a.Vals))
	for _, v := range a.Vals {
		if !sameElem(a.Elem, v, c.arg[1]) {
			vals = append(vals, v)
		}
	}
	out := newArray(a.Elem, vals)
	if len(vals) > 0 {
		out.Lower = a.Lower
	}
	return sqltype.Datum{Any: out}, nil
}

func arrayReplace(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	a := arrayOfDatum(c.arg[0])
	out := *a
	out.Vals = append([]sqltype.Datum(nil), a.Vals...)
	for i, v := range out.Vals {
		if sameElem(a.Elem, v, c.arg[1]) {
			out.Vals[i] = c.arg[2]
		}
	}
	return sqltype.Datum{Any: &out}, nil
}

func arrayToString(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null || c.arg[1].Null {
		return sqltype.NullDatum, nil
	}
	a := arrayOfDatum(c.arg[0])
	var b strings.Builder
	first := true
	for _, v := range a.Vals {
		s := ""
		if v.Null {
			if len(c.arg) < 3 || c.arg[2].Null {
				continue
			}
			s = c.arg[2].Str
		} else {
			s = string(sqltype.AppendTextEnv(nil, c.env.types(), a.Elem, v))
		}
		if !first {
			b.WriteString(c.arg[1].Str)
		}
		first = false
		b.WriteString(s)
	}
	return sqltype.Datum{Str: b.String()}, nil
}

// splitText is string_to_array: a NULL separator cuts between all characters.
func splitText(args []sqltype.Datum) []sqltype.Datum {
	var parts []string
	switch s, sep := args[0].Str, args[1]; {
	case s == "":
	case sep.Null:
		for _, r := range s {
			parts = append(parts, string(r))
		}
	case sep.Str == "":
		parts = []string{s}
	default:
		parts = strings.Split(s, sep.Str)
	}
	vals := make([]sqltype.Datum, len(parts))
	for i, p := range parts {
		vals[i] = sqltype.Datum{Str: p}
		if len(args) > 2 && !args[2].Null && args[2].Str == p {
			vals[i] = sqltype.NullDatum
		}
	}
	return vals
}

func stringToArray(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	return sqltype.Datum{Any: newArray(sqltype.TText, splitText(c.arg))}, nil
}

func arrayFill(c *call) (sqltype.Datum, error) {
	for _, d := range c.arg[1:] {
		if d.Null {
			return sqltype.NullDatum, dberr.SQL("22004", "dimension array or low bound array cannot be null")
		}
	}
	dims := arrayOfDatum(c.arg[1])
	if len(dims.Dims) > 1 {
		return sqltype.NullDatum, dberr.SQL("2202E", "wrong number of array subscripts").WithDetail("Dimension array must be one dimensional.")
	}
	out := &array{Elem: c.ret.ElemType()}
	total := int64(1)
	for i, d := range dims.Vals {
		if d.Null {
			return sqltype.NullDatum, dberr.SQL("22004", "dimension values cannot be null")
		}
		lower := 1
		if len(c.arg) > 2 {
			lows := arrayOfDatum(c.arg[2])
			if len(lows.Vals) != len(dims.Vals) {
				return sqltype.NullDatum, errDims("wrong number of array subscripts")
			}
			lower = int(lows.Vals[i].Int)
		}
		if total *= d.Int; d.Int < 0 || total > maxText/128 {
			return sqltype.NullDatum, dberr.SQL(dberr.StateProgramLimit, "array size exceeds the maximum allowed")
		}
		out.Dims, out.Lower = append(out.Dims, int(d.Int)), append(out.Lower, lower)
	}
	if total == 0 || len(dims.Vals) == 0 {
		return sqltype.Datum{Any: newArray(out.Elem, nil)}, nil
	}
	out.Vals = make([]sqltype.Datum, total)
	for i := range out.Vals {
		out.Vals[i] = c.arg[0]
	}
	return sqltype.Datum{Any: out}, nil
}

func arrayDims(a any) (string, error) {
	arr := a.(*array)
	if len(arr.Dims) == 0 {
		return "", errNull
	}
	var b strings.Builder
	for k, n := range arr.Dims {
		b.WriteString("[" + strconv.Itoa(arr.Lower[k]) + ":" + strconv.Itoa(arr.Lower[k]+n-1) + "]")
	}
	return b.String(), nil
}

// dimension answers from one dimension, NULL where there is none.
func dimension(f func(lower, n int) int) Eval {
	return e2(func(a any, k int64) (int64, error) {
		arr := a.(*array)
		if k < 1 || k > int64(len(arr.Dims)) {
			return 0, errNull
		}
		return int64(f(arr.Lower[k-1], arr.Dims[k-1])), nil
	})
}

func contains(l, r any) int64 {
	a, b := l.(*array), r.(*array)
	for _, y := range b.Vals {
		found := false
		for _, x := range a.Vals {
			if found = !x.Null && !y.Null && sqltype.Equal(a.Elem, x, y); found {
				break
			}
		}
		if !found {
			return 0
		}
	}
	return 1
}

func overlaps(l, r any) int64 {
	a, b := l.(*array), r.(*array)
	for _, y := range b.Vals {
		for _, x := range a.Vals {
			if !x.Null && !y.Null && sqltype.Equal(a.Elem, x, y) {
				return 1
			}
		}
	}
	return 0
}

func registerArray(t *tables) {
	for _, c := range cmpOps {
		test := c.test
		t.op(c.op+"(record,record) bool", rowwise(func(c *call) (sqltype.Datum, error) {
			n, err := sqltype.CompareRows(c.arg[0], c.arg[1])
			return sqltype.Datum{Int: b2i(test(n))}, err
		}))
		for _, typ := range []string{"anyarray", "oidvector", "anyrange", "anymultirange"} {
			t.op(c.op+"("+typ+","+typ+") bool", rowwise(func(c *call) (sqltype.Datum, error) {
				return sqltype.Datum{Int: b2i(test(sqltype.Compare(c.typ[0], c.arg[0], c.arg[1])))}, nil
			}))
		}
	}
	t.op("@>(anyarray,anyarray) bool", p2(contains))
	t.op("<@(anyarray,anyarray) bool", p2(func(a, b any) int64 { return contains(b, a) }))
	t.op("&&(anyarray,anyarray) bool", p2(overlaps))
	t.op("||(anycompatiblearray,anycompatible) anycompatiblearray called", rowwise(arrayAppend))
	t.op("||(anycompatible,anycompatiblearray) anycompatiblearray called", rowwise(arrayPrepend))
	t.op("||(anycompatiblearray,anycompatiblearray) anycompatiblearray called", rowwise(arrayCat))
	t.def("array_get(anyarray,variadic int4) anyelement", rowwise(arrayGet))
	t.def("array_slice(anyarray,variadic int4) anyarray called", rowwise(arraySlice))
	t.def("array_append(anycompatiblearray,anycompatible) anycompatiblearray called", rowwise(arrayAppend))
	t.def("array_prepend(anycompatible,anycompatiblearray) anycompatiblearray called", rowwise(arrayPrepend))
	t.def("array_cat(anycompatiblearray,anycompatiblearray) anycompatiblearray called", rowwise(arrayCat))
	t.def("array_position(anycompatiblearray,anycompatible) int4 called", rowwise(arrayPosition))
	t.def("array_position(anycompatiblearray,anycompatible,int4) int4 called", rowwise(arrayPosition))
	t.def("array_positions(anycompatiblearray,anycompatible) int4[] called", rowwise(arrayPositions))
	t.def("array_remove(anycompatiblearray,anycompatible) anycompatiblearray called", rowwise(arrayRemove))
	t.def("array_replace(anycompatiblearray,anycompatible,anycompatible) anycompatiblearray called", rowwise(arrayReplace))
	t.def("array_to_string(anyarray,text) text called stable", rowwise(arrayToString))
	t.def("array_to_string(anyarray,text,text) text called stable", rowwise(arrayToString))
	t.def("string_to_array(text,text) text[] called", rowwise(stringToArray))
	t.def("string_to_array(text,text,text) text[] called", rowwise(stringToArray))
	t.def("array_fill(anyelement,int4[]) anyarray called", rowwise(arrayFill))
	t.def("array_fill(anyelement,int4[],int4[]) anyarray called", rowwise(arrayFill))
	t.def("array_dims(anyarray) text", e1(arrayDims))
	t.def("array_length(anyarray,int4) int4", dimension(func(_, n int) int { return n }))
	t.def("array_lower(anyarray,int4) int4", dimension(func(l, _ int) int { return l }))
	t.def("array_upper(anyarray,int4) int4", dimension(func(l, n int) int { return l + n - 1 }))
	t.def("cardinality(anyarray) int4", p1(func(a any) int64 { return int64(len(a.(*array).Vals)) }))
	t.def("array_ndims(anyarray) int4", e1(func(a any) (int64, error) {
		if n := len(a.(*array).Dims); n > 0 {
			return int64(n), nil
		}
		return 0, errNull
	}))
	t.def("trim_array(anyarray,int4) anyarray", rowwise(func(c *call) (sqltype.Datum, error) {
		a := arrayOfDatum(c.arg[0])
		lower, n := dim1(a)
		if c.arg[1].Int < 0 || c.arg[1].Int > int64(n) {
			return sqltype.NullDatum, errDims("number of elements to trim must be between 0 and " + strconv.Itoa(n))
		}
		c2 := *c
		c2.arg = []sqltype.Datum{c.arg[0], {Int: math.MinInt32}, {Int: int64(lower + n - 1 - int(c.arg[1].Int))}}
		return arraySlice(&c2)
	}))
}
