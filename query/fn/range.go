package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

type span = *sqltype.RangeValue

func rangeDatum(r span, err error) (sqltype.Datum, error) {
	if err != nil {
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Any: r}, nil
}

// spanOps are the operators that compare ranges and multiranges as wholes.
var spanOps = []struct {
	op   string
	test func(a, b []span) bool
}{
	{"&&", sqltype.SpansOverlap},
	{"<<", sqltype.SpansBefore},
	{">>", func(a, b []span) bool { return sqltype.SpansBefore(b, a) }},
	{"&<", sqltype.SpansNotAfter},
	{"&>", sqltype.SpansNotBefore},
	{"-|-", sqltype.SpansMeet},
	{"@>", sqltype.SpansContain},
	{"<@", func(a, b []span) bool { return sqltype.SpansContain(b, a) }},
}

func registerRangeOps(t *tables) {
	for _, o := range spanOps {
		ev := rowwise(func(c *call) (sqltype.Datum, error) {
			return sqltype.Datum{Int: b2i(o.test(sqltype.Spans(c.arg[0]), sqltype.Spans(c.arg[1])))}, nil
		})
		for _, l := range []string{"anyrange", "anymultirange"} {
			for _, r := range []string{"anyrange", "anymultirange"} {
				t.op(o.op+"("+l+","+r+") bool", ev)
			}
		}
	}
	for _, typ := range []string{"anyrange", "anymultirange"} {
		t.op("@>("+typ+",anyelement) bool", rowwise(func(c *call) (sqltype.Datum, error) {
			return sqltype.Datum{Int: b2i(sqltype.SpansContainValue(sqltype.Spans(c.arg[0]), c.arg[1]))}, nil
		}))
		t.op("<@(anyelement,"+typ+") bool", rowwise(func(c *call) (sqltype.Datum, error) {
			return sqltype.Datum{Int: b2i(sqltype.SpansContainValue(sqltype.Spans(c.arg[1]), c.arg[0]))}, nil
		}))
	}
	for op, f := range map[string]func(a, b span) (span, error){
		"+": sqltype.RangeUnion, "-": sqltype.RangeMinus,
		"*": func(a, b span) (span, error) { return sqltype.RangeIntersect(a, b), nil },
	} {
		t.op(op+"(anyrange,anyrange) anyrange", rowwise(func(c *call) (sqltype.Datum, error) {
			return rangeDatum(f(c.arg[0].Any.(span), c.arg[1].Any.(span)))
		}))
	}
	for op, f := range map[string]func(elem sqltype.Type, a, b []span) *sqltype.MultirangeValue{
		"+": func(elem sqltype.Type, a, b []span) *sqltype.MultirangeValue {
			return sqltype.NewMultirange(elem, append(append([]span(nil), a...), b...))
		},
		"*": sqltype.MultirangeIntersect, "-": sqltype.MultirangeMinus,
	} {
		t.op(op+"(anymultirange,anymultirange) anymultirange", rowwise(func(c *call) (sqltype.Datum, error) {
			return sqltype.Datum{Any: f(c.ret.RangeElem(), sqltype.Spans(c.arg[0]), sqltype.Spans(c.arg[1]))}, nil
		}))
	}
}

// makeRange is int4range(lower, upper, flags) and its like; a NULL bound is infinite.
func makeRange(c *call) (sqltype.Datum, error) {
	flags := "[)"
	if len(c.arg) > 2 {
		if c.arg[2].Null {
			return sqltype.NullDatum, dberr.SQL("22000", "range constructor flags argument must not be null")
		}
		flags = c.arg[2].Str
	}
	if len(flags) != 2 || flags[0] != '[' && flags[0] != '(' || flags[1] != ']' && flags[1] != ')' {
		return sqltype.NullDatum, dberr.SQL(dberr.StateSyntax, "invalid range bound flags").
			WithHint(`Valid values are "[]", "[)", "(]", and "()".`)
	}
	bound := func(d sqltype.Datum, inc bool) sqltype.RangeBound {
		if d.Null {
			return sqltype.RangeBound{Inf: true}
		}
		return sqltype.RangeBound{Val: d, Inc: inc}
	}
	return rangeDatum(sqltype.NewRange(c.ret.RangeElem(), bound(c.arg[0], flags[0] == '['), bound(c.arg[1], flags[1] == ']')))
}

func makeMultirange(c *call) (sqltype.Datum, error) {
	var list []span
	for _, a := range c.arg {
		if a.Null {
			return sqltype.NullDatum, dberr.SQL("22004", "multirange values cannot contain null members")
		}
		list = append(list, a.Any.(span))
	}
	return sqltype.Datum{Any: sqltype.NewMultirange(c.ret.RangeElem(), list)}, nil
}

// endOf looks at the first or last bound of a range or multirange.
func endOf(lower bool, f func(b sqltype.RangeBound) sqltype.Datum, empty sqltype.Datum) Eval {
	return rowwise(func(c *call) (sqltype.Datum, error) {
		list := sqltype.Spans(c.arg[0])
		switch {
		case len(list) == 0:
			return empty, nil
		case lower:
			return f(list[0].Lower), nil
		}
		return f(list[len(list)-1].Upper), nil
	})
}

// rangeAgg is range_agg, the union of a group, or the common part of its ranges.
func rangeAgg(common bool) func([]sqltype.Type, sqltype.Type) func(*Env) Aggregator {
	return func(_ []sqltype.Type, ret sqltype.Type) func(*Env) Aggregator {
		return func(*Env) Aggregator {
			return &kept{result: func(vals []sqltype.Datum, _ sqltype.Datum) (sqltype.Datum, error) {
				if len(vals) == 0 {
					return sqltype.NullDatum, nil
				}
				all := sqltype.Spans(vals[0])
				for _, v := range vals[1:] {
					if common {
						all = sqltype.MultirangeIntersect(ret.RangeElem(), all, sqltype.Spans(v)).Ranges
						continue
					}
					all = append(all[:len(all):len(all)], sqltype.Spans(v)...)
				}
				if ret.IsRange() {
					return sqltype.Datum{Any: sqltype.Cover(ret.RangeElem(), all)}, nil
				}
				return sqltype.Datum{Any: sqltype.NewMultirange(ret.RangeElem(), all)}, nil
			}}
		}
	}
}

func registerRange(t *tables) {
	registerRangeOps(t)
	for _, typ := range sqltype.Types() {
		if !typ.IsRange() {
			continue
		}
		name, elem := typ.ID.String(), typ.RangeElem().ID.String()
		multi, _ := sqltype.RangeOf(typ.RangeElem(), true)
		t.def(name+"("+elem+","+elem+") "+name+" called", rowwise(makeRange))
		t.def(name+"("+elem+","+elem+",text) "+name+" called", rowwise(makeRange))
		t.def(multi.ID.String()+"() "+multi.ID.String(), rowwise(makeMultirange))
		t.def(multi.ID.String()+"(variadic "+name+") "+multi.ID.String()+" called", rowwise(makeMultirange))
	}
	t.def("multirange(anyrange) anymultirange", rowwise(makeMultirange))
	t.def("range_merge(anyrange,anyrange) anyrange", rowwise(func(c *call) (sqltype.Datum, error) {
		all := append(append([]span(nil), sqltype.Spans(c.arg[0])...), sqltype.Spans(c.arg[1])...)
		return sqltype.Datum{Any: sqltype.Cover(c.ret.RangeElem(), all)}, nil
	}))
	t.def("range_merge(anymultirange) anyrange", rowwise(func(c *call) (sqltype.Datum, error) {
		return sqltype.Datum{Any: sqltype.Cover(c.ret.RangeElem(), sqltype.Spans(c.arg[0]))}, nil
	}))
	value := func(b sqltype.RangeBound) sqltype.Datum {
		if b.Inf {
			return sqltype.NullDatum
		}
		return b.Val
	}
	inc := func(b sqltype.RangeBound) sqltype.Datum { return sqltype.Datum{Int: b2i(b.Inc)} }
	inf := func(b sqltype.RangeBound) sqltype.Datum { return sqltype.Datum{Int: b2i(b.Inf)} }
	for _, typ := range []string{"anyrange", "anymultirange"} {
		for name, lower := range map[string]bool{"lower": true, "upper": false} {
			t.def(name+"("+typ+") anyelement", endOf(lower, value, sqltype.NullDatum))
			t.def(name+"_inc("+typ+") bool", endOf(lower, inc, sqltype.Datum{}))
			t.def(name+"_inf("+typ+") bool", endOf(lower, inf, sqltype.Datum{}))
		}
		t.def("isempty("+typ+") bool", rowwise(func(c *call) (sqltype.Datum, error) {
			return sqltype.Datum{Int: b2i(len(sqltype.Spans(c.arg[0])) == 0)}, nil
		}))
		t.aggOf("range_agg("+typ+") anymultirange", rangeAgg(false))
		t.aggOf("range_intersect_agg("+typ+") "+typ, rangeAgg(true))
	}
	t.set("unnest(anymultirange) anyrange", "", func(c *call) (SetIter, error) {
		var vals []sqltype.Datum
		for _, r := range sqltype.Spans(c.arg[0]) {
			vals = append(vals, sqltype.Datum{Any: r})
		}
		return listOf(vals), nil
	})
}
