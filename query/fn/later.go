package fn

import (
	"hash/crc32"
	"slices"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// inBase writes an integer's bits in a base, as to_hex does.
func inBase(base int, bits uint) Eval {
	return e1(func(n int64) (string, error) {
		return strconv.FormatUint(uint64(n)&(1<<(bits-1)<<1-1), base), nil
	})
}

// firstDim is the number of elements of an array's first dimension, and how many values each
// of them has.
func firstDim(a *array) (n, each int) {
	if len(a.Dims) == 0 {
		return 0, 0
	}
	return a.Dims[0], len(a.Vals) / a.Dims[0]
}

func arrayReverse(c *call) (sqltype.Datum, error) {
	a := arrayOfDatum(c.arg[0])
	n, each := firstDim(a)
	out := *a
	out.Vals = make([]sqltype.Datum, 0, len(a.Vals))
	for i := n - 1; i >= 0; i-- {
		out.Vals = append(out.Vals, a.Vals[i*each:(i+1)*each]...)
	}
	return sqltype.Datum{Any: &out}, nil
}

// arraySort orders the elements of the first dimension: array, descending, NULLs first.
func arraySort(c *call) (sqltype.Datum, error) {
	a := arrayOfDatum(c.arg[0])
	if n, _ := firstDim(a); n < 2 {
		return c.arg[0], nil
	}
	if a.Elem.ID == sqltype.JSON {
		return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedFunction, "could not identify an ordering operator for type %s", a.Elem.Name())
	}
	desc := len(c.arg) > 1 && c.arg[1].Int != 0
	nullsFirst := desc
	if len(c.arg) > 2 {
		nullsFirst = c.arg[2].Int != 0
	}
	n, each := firstDim(a)
	parts := make([][]sqltype.Datum, n)
	for i := range parts {
		parts[i] = a.Vals[i*each : (i+1)*each]
	}
	slices.SortStableFunc(parts, func(x, y []sqltype.Datum) int {
		for i := range x {
			if r := orderOf(a.Elem, x[i], y[i], desc, nullsFirst, each > 1); r != 0 {
				return r
			}
		}
		return 0
	})
	out := *a
	out.Vals = slices.Concat(parts...)
	return sqltype.Datum{Any: &out}, nil
}

// orderOf compares two values for an order. Within arrays a NULL is the greatest value.
func orderOf(t sqltype.Type, x, y sqltype.Datum, desc, nullsFirst, within bool) int {
	if within {
		nullsFirst = desc
	}
	switch {
	case x.Null && y.Null:
		return 0
	case x.Null:
		return map[bool]int{true: -1, false: 1}[nullsFirst]
	case y.Null:
		return map[bool]int{true: 1, false: -1}[nullsFirst]
	}
	r := sqltype.Compare(t, x, y)
	if desc {
		return -r
	}
	return r
}

// dateAdd is date_add and date_subtract: a moment and an interval, in a zone where one is given.
func dateAdd(minus bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		env, ivl := c.env.types(), c.arg[1].Ivl
		if len(c.arg) > 2 {
			loc, err := sqltype.LoadLocation(c.arg[2].Str)
			if err != nil {
				return sqltype.NullDatum, err
			}
			env = &sqltype.Env{Location: loc}
		}
		if minus {
			var err error
			if ivl, err = (interval{}).Sub(ivl); err != nil {
				return sqltype.NullDatum, err
			}
		}
		r, err := sqltype.TimestampTZAdd(env, c.arg[0].Int, ivl)
		return sqltype.Datum{Int: r}, err
	}
}

// JSONRecords makes json_to_record and its like for a column definition list: a row of an
// object's members, or one for each object of an array.
func JSONRecords(name string, arg sqltype.Type, cols []Column, many bool) *SetFunc {
	return &SetFunc{Name: name, Args: []sqltype.Type{arg}, Cols: cols, Strict: many, Volatility: Stable, open: func(c *call) (SetIter, error) {
		l := &listed{}
		add := func(raw string) error {
			if rawKind(raw) != '{' {
				if many {
					return errParam("argument of %s must be an array of objects", name)
				}
				return errParam("cannot call %s on %s", name, map[bool]string{true: "an array", false: "a scalar"}[rawKind(raw) == '['])
			}
			row := make([]sqltype.Datum, len(cols))
			for i, col := range cols {
				row[i] = sqltype.NullDatum
				if v, ok := rawKey(raw, col.Name); ok {
					var err error
					if row[i], err = populate(c.env, col.Type, v); err != nil {
						return err
					}
				}
			}
			l.rows = append(l.rows, row)
			return nil
		}
		s := c.arg[0].Str
		if c.arg[0].Null {
			s = "{}"
		}
		if !many {
			return l, add(s)
		}
		if rawKind(s) != '[' {
			return nil, errParam("cannot call %s on a non-array", name)
		}
		var err error
		rawMembers(s, func(_, v string) bool {
			err = add(v)
			return err == nil
		})
		return l, err
	}}
}

func registerLater(t *tables) {
	for typ, bits := range map[string]uint{"int4": 32, "int8": 64} {
		t.def("to_bin("+typ+") text", inBase(2, bits))
		t.def("to_oct("+typ+") text", inBase(8, bits))
	}
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	t.def("crc32c(bytea) int8", p1(func(s string) int64 { return int64(crc32.Checksum([]byte(s), castagnoli)) }))
	t.def("array_reverse(anyarray) anyarray", rowwise(arrayReverse))
	for _, args := range []string{"", ",bool", ",bool,bool"} {
		t.def("array_sort(anyarray"+args+") anyarray", rowwise(arraySort))
	}
	for name, minus := range map[string]bool{"date_add": false, "date_subtract": true} {
		t.def(name+"(timestamptz,interval) timestamptz stable", rowwise(dateAdd(minus)))
		t.def(name+"(timestamptz,interval,text) timestamptz", rowwise(dateAdd(minus)))
	}
	t.def("pg_input_is_valid(text,text) bool stable", rowwise(func(c *call) (sqltype.Datum, error) {
		typ, err := sqltype.TypeByName(c.arg[1].Str)
		if err != nil {
			return sqltype.NullDatum, err
		}
		_, err = parseAs(c.env, typ, c.arg[0].Str)
		return sqltype.Datum{Int: b2i(err == nil)}, nil
	}))
}
