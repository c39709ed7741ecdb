package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// enumOp gives the comparison of two values of one enumerated type, which are
// compared by their codes; nil for everything else.
func enumOp(op string, l, r sqltype.Type) *Func {
	t := l
	if t.ID == sqltype.Unknown {
		t = r
	}
	if t.ID != sqltype.Enum || l.ID != sqltype.Unknown && l != t || r.ID != sqltype.Unknown && r != t {
		return nil
	}
	for _, c := range cmpOps {
		if c.op != op {
			continue
		}
		for _, f := range registry.ops[op] {
			if len(f.Args) == 2 && f.Args[0] == sqltype.TInt8 && f.Args[1] == sqltype.TInt8 {
				g := *f
				g.Args = []sqltype.Type{t, t}
				return &g
			}
		}
	}
	return nil
}

// enumAgg gives min and max of an enumerated type.
func enumAgg(name string, args []sqltype.Type) *AggFunc {
	if len(args) != 1 || args[0].ID != sqltype.Enum || name != "min" && name != "max" {
		return nil
	}
	for _, f := range registry.aggs[name] {
		if len(f.Args) == 1 && f.Args[0] == sqltype.TInt8 {
			g := *f
			g.Args, g.Ret = args, args[0]
			return &g
		}
	}
	return nil
}

// enumArg is the enumerated type of a call of enum_first and its like.
func enumArg(c *call) (*sqltype.EnumType, sqltype.Type, error) {
	t := c.typ[0]
	if t.ID == sqltype.Enum {
		if e, ok := sqltype.EnumOf(t); ok {
			return e, t, nil
		}
	}
	return nil, t, dberr.SQL(dberr.StateDatatypeMismatch, "could not determine actual enum type")
}

func registerEnum(t *tables) {
	end := func(last bool) Eval {
		return rowwise(func(c *call) (sqltype.Datum, error) {
			e, _, err := enumArg(c)
			if err != nil {
				return sqltype.NullDatum, err
			}
			if len(e.Labels) == 0 {
				return sqltype.NullDatum, dberr.SQL("55000", "enum %s contains no values", e.Name)
			}
			if last {
				return sqltype.Datum{Int: e.Labels[len(e.Labels)-1].Code}, nil
			}
			return sqltype.Datum{Int: e.Labels[0].Code}, nil
		})
	}
	t.def("enum_first(anyelement) anyelement called", end(false))
	t.def("enum_last(anyelement) anyelement called", end(true))
	t.def("enum_range(anyelement) anyarray called", rowwise(func(c *call) (sqltype.Datum, error) {
		return enumRange(c, sqltype.NullDatum, sqltype.NullDatum)
	}))
	t.def("enum_range(anyelement,anyelement) anyarray called", rowwise(func(c *call) (sqltype.Datum, error) {
		return enumRange(c, c.arg[0], c.arg[1])
	}))
}

// enumRange lists the values from one to another; NULL is the end of the type.
func enumRange(c *call, from, to sqltype.Datum) (sqltype.Datum, error) {
	e, t, err := enumArg(c)
	if err != nil {
		return sqltype.NullDatum, err
	}
	a := &sqltype.ArrayValue{Elem: t}
	for _, l := range e.Labels {
		if (from.Null || l.Code >= from.Int) && (to.Null || l.Code <= to.Int) {
			a.Vals = append(a.Vals, sqltype.Datum{Int: l.Code})
		}
	}
	if len(a.Vals) > 0 {
		a.Dims, a.Lower = []int{len(a.Vals)}, []int{1}
	}
	return sqltype.Datum{Any: a}, nil
}
