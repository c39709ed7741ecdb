package fn

import (
	"slices"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// Step leads from a value to the part of it that is assigned to: a field of a row, or, where
// Subs is not 0, what subscripts of an array or of jsonb name.
type Step struct {
	Field  int
	Fields []sqltype.Type // of the row

	Subs  int
	JSON  bool
	Elem  sqltype.Type // of the array
	Slice bool         // the subscripts are pairs of bounds
	Given []bool       // of each bound of a slice: false where it was left out
	Index bool         // jsonb: the first subscript is a number
}

// count is how many arguments a step takes.
func (s *Step) count() int {
	if s.Slice {
		return 2 * s.Subs
	}
	return s.Subs
}

// Assign gives the function that changes a part of a value: its arguments are the value,
// what the part becomes, and the subscripts of all steps.
func Assign(t, part sqltype.Type, subs []sqltype.Type, steps []Step) *Func {
	return &Func{Name: "assign", Args: append([]sqltype.Type{t, part}, subs...), Ret: t, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		return assignPart(c.arg[0], c.arg[1], steps, c.arg[2:])
	})}
}

func assignPart(cur, value sqltype.Datum, steps []Step, subs []sqltype.Datum) (sqltype.Datum, error) {
	if len(steps) == 0 {
		return value, nil
	}
	s := &steps[0]
	switch {
	case s.Subs == 0:
		return assignField(cur, value, s, steps[1:], subs)
	case s.JSON:
		return assignJSON(cur, value, s, subs)
	}
	mine, rest := subs[:s.count()], subs[s.count():]
	for i, d := range mine {
		if d.Null && (!s.Slice || s.Given[i]) {
			return sqltype.NullDatum, dberr.SQL("22004", "array subscript in assignment must not be null")
		}
	}
	a := newArray(s.Elem, nil)
	if !cur.Null {
		a = arrayOfDatum(cur)
	}
	if s.Slice {
		if value.Null { // nothing is assigned, as in PostgreSQL
			return cur, nil
		}
		return assignSlice(a, arrayOfDatum(value), s, mine)
	}
	if len(steps) > 1 {
		old := sqltype.NullDatum
		if !cur.Null {
			var err error
			if old, err = arrayGet(&call{arg: append([]sqltype.Datum{cur}, mine...)}); err != nil {
				return old, err
			}
		}
		var err error
		if value, err = assignPart(old, value, steps[1:], rest); err != nil {
			return value, err
		}
	}
	return assignElement(a, value, mine)
}

func assignField(cur, value sqltype.Datum, s *Step, rest []Step, subs []sqltype.Datum) (sqltype.Datum, error) {
	out := &sqltype.RecordValue{Types: s.Fields, Vals: make([]sqltype.Datum, len(s.Fields))}
	for i := range out.Vals {
		out.Vals[i] = sqltype.NullDatum
	}
	if !cur.Null {
		copy(out.Vals, cur.Any.(*sqltype.RecordValue).Vals)
	}
	v, err := assignPart(out.Vals[s.Field], value, rest, subs)
	out.Vals[s.Field] = v
	return sqltype.Datum{Any: out}, err
}

// maxElements bounds an array that an assignment makes.
const maxElements = maxText / 128

func errArraySize() error {
	return dberr.SQL(dberr.StateProgramLimit, "array size exceeds the maximum allowed (%d)", maxElements)
}

// assignElement is a[i] = value; an array of one dimension grows to hold it.
func assignElement(a *array, value sqltype.Datum, subs []sqltype.Datum) (sqltype.Datum, error) {
	out := &array{Elem: a.Elem}
	if len(a.Dims) == 0 {
		for _, d := range subs {
			out.Dims, out.Lower = append(out.Dims, 1), append(out.Lower, int(d.Int))
		}
		out.Vals = []sqltype.Datum{value}
		return sqltype.Datum{Any: out}, nil
	}
	if len(subs) != len(a.Dims) {
		return sqltype.NullDatum, errDims("wrong number of array subscripts")
	}
	out.Dims, out.Lower = slices.Clone(a.Dims), slices.Clone(a.Lower)
	if len(a.Dims) == 1 {
		vals, lower, err := grown(a, subs[0].Int, subs[0].Int)
		if err != nil {
			return sqltype.NullDatum, err
		}
		vals[int(subs[0].Int)-lower] = value
		out.Dims[0], out.Lower[0], out.Vals = len(vals), lower, vals
		return sqltype.Datum{Any: out}, nil
	}
	at := 0
	for k, d := range subs {
		i := d.Int - int64(a.Lower[k])
		if i < 0 || i >= int64(a.Dims[k]) {
			return sqltype.NullDatum, errDims("array subscript out of range")
		}
		at = at*a.Dims[k] + int(i)
	}
	out.Vals = slices.Clone(a.Vals)
	out.Vals[at] = value
	return sqltype.Datum{Any: out}, nil
}

// grown copies the elements of an array of one dimension, with NULLs in what it lacked to have
// subscripts lo to hi.
func grown(a *array, lo, hi int64) (vals []sqltype.Datum, lower int, err error) {
	first, last := int64(a.Lower[0]), int64(a.Lower[0]+a.Dims[0]-1)
	n := max(last, hi) - min(first, lo) + 1
	if n > maxElements {
		return nil, 0, errArraySize()
	}
	lower = int(min(first, lo))
	vals = make([]sqltype.Datum, n)
	for i := range vals {
		if k := int64(lower+i) - first; k >= 0 && k < int64(len(a.Vals)) {
			vals[i] = a.Vals[k]
		} else {
			vals[i] = sqltype.NullDatum
		}
	}
	return vals, lower, nil
}

// sliceBounds are the first and last subscripts of a slice in each dimension of an array.
func sliceBounds(a *array, s *Step, subs []sqltype.Datum) (lo, hi []int64, err error) {
	dims := len(a.Dims)
	if dims == 0 {
		dims = s.Subs
	} else if s.Subs > dims {
		return nil, nil, errDims("wrong number of array subscripts")
	}
	for k := range dims {
		l, h := int64(0), int64(-1)
		if len(a.Dims) > 0 {
			l, h = int64(a.Lower[k]), int64(a.Lower[k]+a.Dims[k]-1)
		}
		if k < s.Subs {
			if len(a.Dims) == 0 && !(s.Given[2*k] && s.Given[2*k+1]) {
				return nil, nil, dberr.SQL("2202E", "array slice subscript must provide both boundaries").
					WithDetail("When assigning to a slice of an empty array value, slice boundaries must be fully specified.")
			}
			first, last := l, h
			if s.Given[2*k] {
				l = subs[2*k].Int
			}
			if s.Given[2*k+1] {
				h = subs[2*k+1].Int
			}
			if l > h {
				return nil, nil, errDims("upper bound cannot be less than lower bound")
			}
			if dims > 1 && len(a.Dims) > 0 && (l < first || h > last) {
				return nil, nil, errDims("array subscript out of range")
			}
		}
		if h-l >= maxElements {
			return nil, nil, errArraySize()
		}
		lo, hi = append(lo, l), append(hi, h)
	}
	return lo, hi, nil
}

// assignSlice is a[lo:hi]… = src.
func assignSlice(a, src *array, s *Step, subs []sqltype.Datum) (sqltype.Datum, error) {
	lo, hi, err := sliceBounds(a, s, subs)
	if err != nil {
		return sqltype.NullDatum, err
	}
	total := int64(1)
	for k := range lo {
		if total *= hi[k] - lo[k] + 1; total > maxElements {
			return sqltype.NullDatum, errArraySize()
		}
	}
	if int64(len(src.Vals)) < total {
		return sqltype.NullDatum, errDims("source array too small")
	}
	out := &array{Elem: a.Elem}
	switch {
	case len(a.Dims) == 0:
		for k := range lo {
			out.Dims, out.Lower = append(out.Dims, int(hi[k]-lo[k]+1)), append(out.Lower, int(lo[k]))
		}
		out.Vals = slices.Clone(src.Vals[:total])
		return sqltype.Datum{Any: out}, nil
	case len(a.Dims) == 1:
		vals, lower, err := grown(a, lo[0], hi[0])
		if err != nil {
			return sqltype.NullDatum, err
		}
		copy(vals[int(lo[0])-lower:], src.Vals[:total])
		out.Dims, out.Lower, out.Vals = []int{len(vals)}, []int{lower}, vals
		return sqltype.Datum{Any: out}, nil
	}
	out.Dims, out.Lower, out.Vals = a.Dims, a.Lower, slices.Clone(a.Vals)
	at := slices.Clone(lo)
	for i := range int(total) {
		k := 0
		for d := range at {
			k = k*a.Dims[d] + int(at[d]) - a.Lower[d]
		}
		out.Vals[k] = src.Vals[i]
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] <= hi[d] {
				break
			}
			at[d] = lo[d]
		}
	}
	return sqltype.Datum{Any: out}, nil
}

// assignJSON is j[key]… = value of jsonb: what is missing on the way is made.
func assignJSON(cur, value sqltype.Datum, s *Step, subs []sqltype.Datum) (sqltype.Datum, error) {
	path := make([]string, len(subs))
	for i, d := range subs {
		if d.Null {
			return sqltype.NullDatum, dberr.SQL("22004", "jsonb subscript in assignment must not be null")
		}
		path[i] = d.Str
	}
	text := "null"
	if !value.Null {
		text = value.Str
	}
	v, err := sqltype.ParseJSON(text)
	if err != nil {
		return sqltype.NullDatum, err
	}
	root := jsonValue{Kind: sqltype.JSONObject}
	if s.Index {
		root.Kind = sqltype.JSONArray
	}
	if !cur.Null {
		if root, err = sqltype.ParseJSON(cur.Str); err != nil {
			return sqltype.NullDatum, err
		}
	}
	if err := plant(&root, path, 1, v); err != nil {
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Str: string(root.AppendText(nil))}, nil
}

// plant puts a value where a path leads.
func plant(v *jsonValue, path []string, depth int, val jsonValue) error {
	if len(path) == 0 {
		*v = val
		return nil
	}
	switch v.Kind {
	case sqltype.JSONObject:
		i := slices.Index(v.Keys, path[0])
		if i >= 0 {
			return plant(&v.Arr[i], path[1:], depth+1, val)
		}
		n, err := sprout(path[1:], val)
		if err != nil {
			return err
		}
		*v = sqltype.NewJSONObject(append(v.Keys, path[0]), append(v.Arr, n))
		return nil
	case sqltype.JSONArray:
		i, ok := subscript(path[0])
		if !ok {
			return dberr.SQL(dberr.StateInvalidTextRepr, "path element at position %d is not an integer: \"%s\"", depth, path[0])
		}
		n := int64(len(v.Arr))
		if i < 0 {
			if i += n; i < 0 {
				return errParam("path element at position %d is out of range: %s", depth, path[0])
			}
		}
		if i < n {
			return plant(&v.Arr[i], path[1:], depth+1, val)
		}
		if i >= maxElements {
			return errArraySize()
		}
		for int64(len(v.Arr)) < i {
			v.Arr = append(v.Arr, jsonValue{Kind: sqltype.JSONNull})
		}
		x, err := sprout(path[1:], val)
		if err != nil {
			return err
		}
		v.Arr = append(v.Arr, x)
		return nil
	}
	return errParam("cannot replace existing key").WithDetail("The path assumes key is a composite object, but it is a scalar value.")
}

// sprout makes the objects and arrays of a path that leads to a value: an array where a
// subscript reads as a number.
func sprout(path []string, val jsonValue) (jsonValue, error) {
	if len(path) == 0 {
		return val, nil
	}
	v := jsonValue{Kind: sqltype.JSONObject}
	if i, err := strconv.ParseInt(path[0], 10, 32); err == nil && i >= 0 {
		v.Kind = sqltype.JSONArray
	}
	return v, plant(&v, path, 1, val)
}
