package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// time_bucket_gapfill is time_bucket as a key of GROUP BY. Above the groups, a window tells each
// of them the next one's bucket, and a set-returning function makes rows of the buckets between;
// aggregates are NULL in these, but for what locf and interpolate make of the groups around. What
// is above (windows, the select list) reads the columns of the aggregation, which the made rows have too.

// gapCall is the time_bucket_gapfill of a query level.
type gapCall struct {
	bucket        *Call // time_bucket(width, time)
	start, finish Expr  // nil: told by WHERE
	pos           int
	key           Col // of the aggregation
}

// gapFill is a locf or interpolate of a query level; its value becomes a column.
type gapFill struct {
	interpolate bool
	nulls       bool // NULL of a group is missing, too
	arg         Expr
	col         Col
	pos         int
}

const gapName = "time_bucket_gapfill"

// gapArgs are the arguments of a call in the places of names; those that are missing or NULL are nil.
func gapArgs(e *ast.FuncCall, name string, names ...string) []ast.Expr {
	out := make([]ast.Expr, len(names))
	for i, a := range e.Args {
		at := i
		if n, ok := a.(*ast.NamedArg); ok {
			if at, a = slices.Index(names, n.Name), n.Arg; at < 0 {
				unsupported(n.Pos(), "argument "+n.Name+" of "+name)
			}
			if out[at] != nil {
				failAt(n.Pos(), dberr.StateSyntax, "argument name %q used more than once", n.Name)
			}
		}
		if at >= len(names) {
			failAt(a.Pos(), dberr.StateTooManyArguments, "%s has at most %d arguments", name, len(names))
		}
		if lit, ok := a.(*ast.Literal); ok && lit.Kind == ast.LitNull {
			continue
		}
		out[at] = a
	}
	return out
}

// gapCall binds time_bucket_gapfill(width, time, start, finish).
func (b *binder) gapCall(s *scope, e *ast.FuncCall) Expr {
	b.plainCall(s, e, gapName)
	if s.agg == nil || s.inAgg {
		failAt(e.Pos(), dberr.StateGrouping, "%s is only allowed as an expression of GROUP BY", gapName)
	}
	given := gapArgs(e, gapName, "bucket_width", "ts", "start", "finish")
	if given[0] == nil || given[1] == nil {
		b.noFunction(s, e, gapName)
	}
	args, types := b.args(s, given[:2])
	f, want, err := fn.Resolve("time_bucket", types)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	g := &gapCall{pos: e.Pos(), bucket: &Call{Typ: f.Ret, Func: f, Args: b.coerceArgs(args, want, given[:2]), Pos: e.Pos()}}
	b.gapConstant(g.bucket.Args[0], "bucket_width", given[0].Pos())
	for i, to := range []*Expr{&g.start, &g.finish} {
		if a := given[2+i]; a != nil {
			*to = b.coerce(b.expr(s, a), f.Ret, a.Pos())
			b.gapConstant(*to, []string{"start", "finish"}[i], a.Pos())
		}
	}
	if old := s.agg.gap; old != nil && !(Same(old.bucket, g.bucket) && Same(old.start, g.start) && Same(old.finish, g.finish)) {
		failAt(e.Pos(), dberr.StateFeatureNotSupported, "several different calls of %s in a query are not supported", gapName)
	}
	s.agg.gap = g
	return g.bucket
}

func (b *binder) gapConstant(e Expr, what string, pos int) {
	if !fixed(e) {
		fail(dberr.SQL(dberr.StateFeatureNotSupported, "%s of %s must be the same for all rows", what, gapName).
			WithDetail("It can have no columns, subqueries or volatile functions.").At(pos))
	}
}

// fixed reports whether an expression has one value in a statement.
func fixed(e Expr) bool {
	ok := true
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Var, *SubLink, *setExpr:
			ok = false
		case *Call:
			ok = ok && x.Func.Volatility != fn.Volatile
		}
		return ok
	})
	return ok
}

// fillCall binds locf(value) and interpolate(value).
func (b *binder) fillCall(s *scope, e *ast.FuncCall, name string) Expr {
	b.plainCall(s, e, name)
	if s.agg == nil || s.inAgg || s.noAgg != "" || s.what == "HAVING" {
		failAt(e.Pos(), dberr.StateGrouping, "%s is only allowed in the select list and ORDER BY of a query with %s in GROUP BY", name, gapName)
	}
	names := []string{"value"}
	if name == "locf" && len(e.Args) > 1 {
		names = append(names, "treat_null_as_missing")
		if _, ok := e.Args[1].(*ast.NamedArg); !ok {
			unsupported(e.Args[1].Pos(), "a value from before the range (prev) in "+name)
		}
	} else if len(e.Args) > 1 {
		unsupported(e.Args[1].Pos(), "a value from outside of the range (prev, next) in "+name)
	}
	given := gapArgs(e, name, names...)
	if given[0] == nil {
		b.noFunction(s, e, name)
	}
	in := withoutSets(s, name)
	fill := gapFill{interpolate: name == "interpolate", arg: b.settled(b.expr(in, given[0])), pos: e.Pos()}
	if len(given) > 1 && given[1] != nil {
		c, ok := b.boolean(in, given[1], name).(*Const)
		if !ok {
			unsupported(given[1].Pos(), "treat_null_as_missing that is no constant")
		}
		fill.nulls = c.Value.Int != 0
	}
	b.noFillWithin(s, fill.arg, name, e.Pos())
	if fill.interpolate {
		fill.arg = b.interpolable(fill.arg, e)
	}
	for _, f := range s.agg.fills {
		if f.interpolate == fill.interpolate && f.nulls == fill.nulls && Same(f.arg, fill.arg) {
			return b.q.Ref(f.col)
		}
	}
	fill.col = b.q.NewCol(name, fill.arg.Type())
	s.agg.fills = append(s.agg.fills, fill)
	return b.q.Ref(fill.col)
}

// interpolable makes an argument an integer or a float.
func (b *binder) interpolable(arg Expr, e *ast.FuncCall) Expr {
	switch t := arg.Type(); t.ID {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8:
		return arg
	case sqltype.Numeric:
		return b.cast(arg, sqltype.TFloat8, e.Pos())
	default:
		fail(dberr.SQL(dberr.StateUndefinedFunction, "function interpolate(%s) does not exist", t.Name()).
			WithHint("interpolate takes numbers.").At(e.Pos()))
	}
	return nil
}

// noFillWithin refuses what is computed above the gaps within something below them.
func (b *binder) noFillWithin(s *scope, e Expr, what string, pos int) {
	above := map[Col]string{}
	for _, f := range s.agg.fills {
		above[f.col] = "locf and interpolate"
	}
	for _, w := range s.win.specs {
		for _, c := range w.cols {
			above[c] = "window functions"
		}
	}
	for c := range freeVars(e) {
		if above[c] != "" {
			failAt(pos, dberr.StateGrouping, "%s are not allowed in %s", above[c], what)
		}
	}
}

// checkGap refuses gaps without what they need.
func (b *binder) checkGap(s *scope, group *grouped) {
	g := s.agg.gap
	if g == nil {
		if len(s.agg.fills) > 0 {
			failAt(s.agg.fills[0].pos, dberr.StateGrouping, "locf and interpolate need %s in GROUP BY", gapName)
		}
		return
	}
	if group == nil || !slices.ContainsFunc(group.exprs, func(e Expr) bool { return Same(e, g.bucket) }) {
		failAt(g.pos, dberr.StateGrouping, "%s must be an expression of GROUP BY, as a whole", gapName)
	}
	if group.sets != nil {
		unsupported(g.pos, gapName+" with GROUPING SETS, ROLLUP or CUBE")
	}
	for _, e := range group.exprs {
		b.noFillWithin(s, e, "GROUP BY", g.pos)
	}
}

// gapRange finds start and finish where the call does not give them: the comparisons of the time with
// something fixed that WHERE joins by AND.
func (b *binder) gapRange(g *gapCall, where Rel) {
	var lower, upper []Expr
	if f, ok := where.(*LFilter); ok {
		for _, cond := range f.Conds {
			op, x := b.gapBound(g, cond)
			if op == ">" || op == "<=" {
				x = &Call{Typ: x.Type(), Func: fn.GapAfter(x.Type()), Args: []Expr{x}, Pos: g.pos}
			}
			switch op {
			case ">", ">=":
				lower = append(lower, x)
			case "<", "<=":
				upper = append(upper, x)
			}
		}
	}
	for _, side := range []struct {
		to         *Expr
		list       []Expr
		pick, what string
		op         string
	}{{&g.start, lower, "greatest", "start", ">="}, {&g.finish, upper, "least", "finish", "<"}} {
		if *side.to != nil {
			continue
		}
		switch len(side.list) {
		case 0:
			fail(dberr.SQL(dberr.StateInvalidParameterValue, "the %s of %s is not known", side.what, gapName).
				WithHint("Pass it as an argument, or have WHERE compare the time itself with a constant by %s.", side.op).At(g.pos))
		case 1:
			*side.to = side.list[0]
		default:
			*side.to = b.function(side.pick, side.list, g.pos)
		}
	}
}

// gapBound reads a condition as time op x; op is "" where it is none.
func (b *binder) gapBound(g *gapCall, cond Expr) (op string, x Expr) {
	c, ok := cond.(*Call)
	if !ok || !c.Op || len(c.Args) != 2 {
		return "", nil
	}
	t, ts, op, x := g.bucket.Typ, unwidened(g.bucket.Args[1]), c.Func.Name, c.Args[1]
	if !Same(unwidened(c.Args[0]), ts) {
		flipped := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}
		if op, x = flipped[op], c.Args[0]; !Same(unwidened(c.Args[1]), ts) {
			return "", nil
		}
	}
	if !fixed(x) || x.Type().ID != t.ID && fn.ImplicitCast(x.Type(), t) == nil {
		return "", nil
	}
	return op, b.coerceArg(x, t, g.pos)
}

// unwidened is what a cast of an integer to a wider one casts.
func unwidened(e Expr) Expr {
	rank := map[sqltype.ID]int{sqltype.Int2: 1, sqltype.Int4: 2, sqltype.Int8: 3}
	for {
		c, ok := e.(*Call)
		if !ok || !c.Op || len(c.Args) != 1 || rank[c.Args[0].Type().ID] == 0 || rank[c.Args[0].Type().ID] >= rank[c.Typ.ID] {
			return e
		}
		e = c.Args[0]
	}
}

// fillGaps adds HAVING, and the buckets without rows.
func (b *binder) fillGaps(s *scope, a *LAgg, where Rel, having Expr) Rel {
	g := s.agg.gap
	inner := map[Col]Col{} // of the aggregation by what is read above
	if g != nil {
		b.gapRange(g, where)
		a.KeyCols, a.AggCols = slices.Clone(a.KeyCols), slices.Clone(a.AggCols)
		for _, list := range [][]Col{a.KeyCols, a.AggCols} {
			for i, c := range list {
				if c == g.key || slices.Contains(s.agg.cols, c) {
					inner[c] = b.q.NewCol(b.q.Info[c].Name, b.q.TypeOf(c))
					list[i] = inner[c]
				}
			}
		}
	}
	below := func(e Expr) Expr {
		return Replace(e, func(x Expr) (Expr, bool) {
			if v, ok := x.(*Var); ok && inner[v.Col] != 0 {
				return b.q.Ref(inner[v.Col]), true
			}
			return x, false
		})
	}
	var rel Rel = a
	if having != nil {
		rel = &LFilter{Input: rel, Conds: Conjuncts(below(having))}
	}
	if g == nil {
		return rel
	}
	f := &gapFiller{b: b, g: g, agg: a, bucket: b.q.Ref(inner[g.key])}
	for _, c := range a.KeyCols {
		if c != inner[g.key] {
			f.others = append(f.others, b.q.Ref(c))
		}
	}
	rel = f.buckets(rel, s.agg.fills, below)
	return f.project(rel, s, inner)
}

// gapFiller builds the relations of fillGaps.
type gapFiller struct {
	b      *binder
	g      *gapCall
	agg    *LAgg
	others []Expr // keys besides the bucket
	bucket *Var   // of a group
	made   *Var   // of a row
	next   *Var   // bucket of the next group
	args   []Expr // of the fills, for a group
	around []*Var // for locf what is carried, for interpolate the next group's argument
}

// buckets makes the rows.
func (f *gapFiller) buckets(rel Rel, fills []gapFill, below func(Expr) Expr) Rel {
	b, t := f.b, f.bucket.Typ
	truth := Expr(&Const{Typ: sqltype.TBool, Value: sqltype.Datum{Int: 1}})
	there := truth
	if len(f.others) == 0 { // all buckets come even of no groups
		c := b.q.NewCol("there", sqltype.TBool)
		p := &LProject{Input: rel, Exprs: []Expr{truth}, ColIDs: []Col{c}}
		for _, k := range rel.Cols() {
			p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(k)), append(p.ColIDs, k)
		}
		one := &LValues{Rows: [][]Expr{{truth}}, ColIDs: []Col{b.q.NewCol("one", sqltype.TBool)}}
		rel, there = &LJoin{Kind: Left, Left: one, Right: p}, b.q.Ref(c)
	}
	w := &LWindow{Input: rel, Partition: f.others, Order: []SortKey{{Expr: f.bucket}}}
	call := func(c WindowCall) *Var {
		c.Frame = Frame{Mode: FrameRange, Start: FrameBound{Kind: UnboundedPreceding}, End: FrameBound{Kind: CurrentRow}}
		col := b.q.NewCol("around", c.Typ)
		w.Calls, w.CallCols = append(w.Calls, c), append(w.CallCols, col)
		return b.q.Ref(col)
	}
	number := call(WindowCall{Name: "row_number", Typ: sqltype.TInt8})
	f.next = call(WindowCall{Name: "lead", Args: []Expr{f.bucket}, Typ: t})
	for _, fill := range fills {
		arg := below(fill.arg)
		f.args = append(f.args, arg)
		switch {
		case fill.interpolate:
			f.around = append(f.around, call(WindowCall{Name: "lead", Args: []Expr{arg}, Typ: arg.Type()}))
		case fill.nulls:
			last, _, err := fn.ResolveAgg("last", []sqltype.Type{arg.Type(), t})
			if err != nil {
				fail(at(err, fill.pos))
			}
			f.around = append(f.around, call(WindowCall{Agg: last, Args: []Expr{arg, f.bucket}, Typ: last.Ret, Filter: &IsNull{Arg: arg, Not: true}}))
		default:
			f.around = append(f.around, nil)
		}
	}
	first := b.operator("=", number, &Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: 1}}, f.g.pos)
	width := f.g.bucket.Args[0]
	set := &SetCall{Set: fn.GapBuckets(width.Type(), t), Args: []Expr{width, f.g.start, f.g.finish, first, f.bucket, f.next, there}}
	f.made = b.q.Ref(b.q.NewCol(gapName, t))
	p := &LProject{Input: w, Exprs: []Expr{&Const{Typ: t, Value: sqltype.NullDatum}}, Sets: []*SetCall{set}, ColIDs: []Col{f.made.Col}}
	for _, c := range w.Cols() {
		p.Exprs, p.Sets, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.Sets, nil), append(p.ColIDs, c)
	}
	return p
}

// project gives the columns that are read above.
func (f *gapFiller) project(rel Rel, s *scope, inner map[Col]Col) Rel {
	b := f.b
	p := &LProject{Input: rel}
	add := func(e Expr, c Col) { p.Exprs, p.ColIDs = append(p.Exprs, e), append(p.ColIDs, c) }
	for _, k := range f.others {
		add(k, k.(*Var).Col)
	}
	for _, c := range f.agg.GroupCols {
		add(b.q.Ref(c), c)
	}
	add(f.made, f.g.key)
	own := Expr(&IsDistinct{L: f.made, R: f.bucket, Not: true})
	behind := b.operator(">", f.made, f.bucket, f.g.pos)
	for _, c := range s.agg.cols {
		v := b.q.Ref(inner[c])
		add(&Case{Typ: v.Typ, Conds: []Expr{own}, Results: []Expr{v}}, c)
	}
	for i, fill := range s.agg.fills {
		own, arg, carried := own, f.args[i], f.args[i]
		if fill.interpolate {
			t := arg.Type()
			carried = &Call{Typ: t, Func: fn.GapInterpolate(f.made.Typ, t), Args: []Expr{f.made, f.bucket, arg, f.next, f.around[i]}, Pos: fill.pos}
		} else if fill.nulls {
			arg, carried = f.around[i], f.around[i]
		}
		add(&Case{Typ: arg.Type(), Conds: []Expr{own, behind}, Results: []Expr{arg, carried}}, fill.col)
	}
	return p
}
