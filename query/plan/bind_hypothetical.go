package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// isHypothetical names the hypothetical-set aggregates.
func isHypothetical(name string) bool {
	return name == "rank" || name == "dense_rank" || name == "percent_rank" || name == "cume_dist"
}

// hypotheticalCall binds rank(a) WITHIN GROUP (ORDER BY k) and its like: where a row with
// the values a would stand among the others. That is a matter of counting the rows before
// it, so no order is made.
func (b *binder) hypotheticalCall(s *scope, e *ast.FuncCall, name string) Expr {
	if s.noAgg != "" && len(e.Args) == 0 {
		b.refuseAgg(s, e)
	}
	if len(e.Args) != len(e.OrderBy) {
		b.hypotheticalCount(s, e, name)
	}
	in := aggScope(s)
	args, _ := b.args(in, e.Args)
	keys := make([]SortKey, len(args))
	elems := make([]Expr, len(args))
	for i, o := range e.OrderBy {
		k := b.expr(in, o.Expr)
		t, err := fn.CommonType("WITHIN GROUP", k.Type(), args[i].Type())
		if err != nil {
			fail(at(err, e.Args[i].Pos()))
		}
		k, args[i] = b.settled(b.coerce(k, t, o.Expr.Pos())), b.settled(b.coerce(args[i], t, e.Args[i].Pos()))
		b.orderable(k, o.Expr.Pos())
		keys[i], elems[i] = order{item: o}.key(k), k
	}
	if s.agg != nil {
		s.agg.direct = append(s.agg.direct, args...)
	}
	var given []Expr
	if e.Filter != nil {
		in.what, in.noAgg = "FILTER", "FILTER"
		given = []Expr{b.boolean(in, e.Filter, "FILTER")}
	}
	count := func(distinct []Expr, conds ...Expr) Expr {
		call := AggCall{Filter: Conjunction(append(append([]Expr(nil), given...), conds...)), Star: distinct == nil}
		var types []sqltype.Type
		if distinct != nil {
			call.Distinct, call.Args = true, []Expr{&RowExpr{Elems: distinct}}
			types = []sqltype.Type{{ID: sqltype.Record}}
		}
		f, _, err := fn.ResolveAgg("count", types)
		if err != nil {
			fail(err)
		}
		call.Func = f
		return b.addAgg(s, e, call, name)
	}
	one := &Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: 1}}
	plus := func(l Expr) Expr { return b.operator("+", l, one, e.Pos()) }
	float := func(x Expr) Expr { return b.cast(x, sqltype.TFloat8, e.Pos()) }
	before := b.sortsBefore(keys, args, false, e.Pos())
	switch name {
	case "rank":
		return plus(count(nil, before))
	case "dense_rank":
		return plus(count(elems, before))
	case "cume_dist":
		return b.operator("/", float(plus(count(nil, b.sortsBefore(keys, args, true, e.Pos())))), float(plus(count(nil))), e.Pos())
	}
	n := count(nil)
	return &Case{Typ: sqltype.TFloat8, Conds: []Expr{b.operator("=", n, &Const{Typ: sqltype.TInt8}, e.Pos())},
		Results: []Expr{&Const{Typ: sqltype.TFloat8}}, Else: b.operator("/", float(count(nil, before)), float(n), e.Pos())}
}

func (b *binder) hypotheticalCount(s *scope, e *ast.FuncCall, name string) {
	in := aggScope(s)
	_, types := b.args(in, e.Args)
	for _, o := range e.OrderBy {
		types = append(types, b.expr(in, o.Expr).Type())
	}
	list := ""
	for i, t := range types {
		if i > 0 {
			list += ", "
		}
		list += t.Name()
	}
	fail(dberr.SQL(dberr.StateUndefinedFunction, "function %s(%s) does not exist", name, list).
		WithHint("To use the hypothetical-set aggregate %s, the number of hypothetical direct arguments (here %d) must match the number of ordering columns (here %d).",
			name, len(e.Args), len(e.OrderBy)).At(e.Pos()))
}

// sortsBefore is the condition that keys sort before the values, or where peers is set, that
// they are equal.
func (b *binder) sortsBefore(keys []SortKey, values []Expr, peers bool, pos int) Expr {
	var out Expr
	for i := len(keys) - 1; i >= 0; i-- {
		k, v := keys[i], values[i]
		op := "<"
		if k.Desc {
			op = ">"
		}
		null, other := v, k.Expr // the value is NULL and comes last, or the key and comes first
		if k.NullsFirst {
			null, other = other, null
		}
		either := &Or{Args: []Expr{b.operator(op, k.Expr, v, pos), &And{Args: []Expr{&IsNull{Arg: null}, &IsNull{Arg: other, Not: true}}}}}
		same := Expr(&IsDistinct{L: k.Expr, R: v, Not: true})
		switch {
		case out != nil:
			either.Args = append(either.Args, &And{Args: []Expr{same, out}})
		case peers:
			either.Args = append(either.Args, same)
		}
		out = either
	}
	return out
}
