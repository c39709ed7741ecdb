package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// Functions in language SQL are bound in place: the body of one takes the place of its call, with
// the arguments in it. An expression stays one; a query becomes a subquery.

// maxInlined bounds how many bodies one statement may hold: functions that call another one twice
// each grow by powers of two.
const maxInlined = 2000

// userCall is a call of a user's function with its arguments, one for each input.
type userCall struct {
	f    *catalog.Function
	args []Expr
	pos  int
}

// funcBody is the function whose body is being bound.
type funcBody struct {
	f      *catalog.Function
	params []Col // of its inputs
}

// userValue is the value of a call in an expression.
func (b *binder) userValue(s *scope, c *userCall) Expr {
	f := c.f
	if f.Set {
		if !s.setsOK {
			b.refuseSet(s, c.pos)
		}
		return b.userSet(c)
	}
	if b.opaque {
		t, _ := b.result(f)
		return standIn(c, t)
	}
	body := b.body(c)
	if f.Returns.ID == sqltype.Void {
		return b.discarded(body)
	}
	if body.rel == nil {
		return body.unlessNull(body.value)
	}
	link := &SubLink{Typ: body.value.Type(), Kind: SubScalar, EachRow: body.volatile}
	link.Rel = body.values(b, firstRow(body.single(b)))
	return body.unlessNull(link)
}

// userSet is a call of a function that returns a set in a select list: the rows of an array.
func (b *binder) userSet(c *userCall) Expr {
	row, _ := b.result(c.f)
	if row.ID == sqltype.Array {
		unsupported(c.pos, "a function that returns a set of arrays outside of FROM")
	}
	t := sqltype.ArrayOf(row)
	var arr Expr
	if b.opaque {
		arr = standIn(c, t)
	} else {
		body := b.body(c)
		rel := body.values(b, body.single(b))
		arr = body.unlessNull(&SubLink{Typ: t, Kind: SubArray, Rel: rel, EachRow: body.volatile})
	}
	set, want, err := fn.ResolveSet("unnest", []sqltype.Type{t})
	if err != nil {
		fail(at(err, c.pos))
	}
	set.Cols = []fn.Column{{Name: c.f.Name, Type: row}}
	call := &SetCall{Set: set, Args: b.coerceArgs([]Expr{arr}, want, nil)}
	return &setExpr{call}
}

// standIn takes the place of a call where only its type matters: what a stored text names does not
// depend on the bodies of functions that it calls, which may not even be right any more.
func standIn(c *userCall, t sqltype.Type) Expr {
	f := &fn.Func{Name: c.f.Name, Ret: t, Volatility: fn.Volatility(strings.IndexByte("isv", c.f.Volatility))}
	for _, a := range c.args {
		f.Args = append(f.Args, a.Type())
	}
	return &Call{Typ: t, Func: f, Args: c.args, Pos: c.pos}
}

// discarded computes the body of a function that returns nothing.
func (b *binder) discarded(body *inlined) Expr {
	x := body.value
	if body.rel != nil {
		col := b.q.NewCol("done", sqltype.TBool)
		rel := body.values(b, &LProject{Input: body.rel, Exprs: []Expr{&IsNull{Arg: body.value}}, ColIDs: []Col{col}})
		x = &SubLink{Typ: sqltype.ArrayOf(sqltype.TBool), Kind: SubArray, Rel: rel, EachRow: true}
	}
	f := fn.Discard(body.f.Name, x.Type())
	return body.unlessNull(&Call{Typ: f.Ret, Func: f, Args: []Expr{x}})
}

// inlined is the body of a call with its arguments.
type inlined struct {
	f *catalog.Function
	// rel makes the rows, nil where the body is one expression; value is the result over its row, and
	// fields the columns of a result that has several.
	rel    Rel
	value  Expr
	names  []string
	fields []Expr
	// nulls are the arguments of which none may be NULL.
	nulls []Expr
	// kept are the arguments that are computed once, as the columns of one row.
	kept     []Expr
	keptCols []Col
	volatile bool
}

// body binds the body of a call.
func (b *binder) body(c *userCall) *inlined {
	f := c.f
	leave := b.enterFunction(f, c.pos)
	params := make([]Col, len(c.args))
	for i, a := range f.Inputs() {
		params[i] = b.q.NewCol(a.Name, a.Type)
	}
	out := b.boundBody(f, params)
	leave()
	in := b.shaped(f, out)
	in.settle()
	in.substitute(b, c, params)
	return in
}

// enterFunction begins the body of a function: what is outside of it cannot be seen from it.
func (b *binder) enterFunction(f *catalog.Function, pos int) (leave func()) {
	if slices.Contains(b.within, f.ID) {
		fail(CallsItself(f, pos))
	}
	if b.inlined++; b.inlined > maxInlined {
		fail(dberr.SQL(dberr.StateStatementTooComplex, "the statement calls more than %d functions in language SQL, those within others included", maxInlined).At(pos))
	}
	undo, up, plain := *b, b.enter(pos), b.plainly()
	b.fn, b.uses, b.reads, b.texts, b.mergeAction, b.asOf = &funcBody{f: f}, nil, map[relKey]bool{}, nil, nil, 0
	b.within = append(b.within[:len(b.within):len(b.within)], f.ID)
	return func() {
		b.within = undo.within
		b.fn, b.uses, b.reads, b.texts, b.mergeAction, b.asOf = undo.fn, undo.uses, undo.reads, undo.texts, undo.mergeAction, undo.asOf
		plain()
		up()
	}
}

// CallsItself is the error of a recursive function.
func CallsItself(f *catalog.Function, pos int) error {
	return dberr.SQL(dberr.StateStatementTooComplex, "function %s calls itself", f.Name).
		WithHint("Functions take the place of their calls, so they cannot be recursive; use WITH RECURSIVE in the body.").At(pos)
}

// boundBody binds the text of a function over its parameters.
func (b *binder) boundBody(f *catalog.Function, params []Col) (out *bound) {
	defer func() { // positions are those of the body, not of the statement
		switch r := recover().(type) {
		case nil:
		case bindError:
			panic(bindError{unplacedErr(r.err)})
		default:
			panic(r)
		}
	}()
	sel, err := ParseBody(f)
	if err != nil {
		fail(err)
	}
	b.fn.params = params
	return b.query(sel, nil, nil)
}

// shaped gives the rows of a body the types of the result.
func (b *binder) shaped(f *catalog.Function, out *bound) *inlined {
	in := &inlined{f: f, rel: out.rel}
	t, fields := b.result(f)
	mismatch := func(detail string, args ...any) {
		fail(dberr.SQL(dberr.StateInvalidFunction, "return type mismatch in function declared to return %s", declaredName(f, t)).
			WithDetail(detail, args...))
	}
	if t.ID == sqltype.Void {
		in.value = &Const{Typ: sqltype.TBool, Value: sqltype.NullDatum}
		if len(out.cols) > 0 {
			b.settle(out, 0)
			in.rel, in.value = out.rel, b.q.Ref(out.cols[0])
		}
		return b.asExpr(in, out)
	}
	for i := range out.cols {
		b.settle(out, i)
	}
	in.rel = out.rel
	one := func(i int, want sqltype.Type) Expr {
		x := b.convert(b.q.Ref(out.cols[i]), want, 0, fn.AssignCast)
		if x == nil && fields != nil {
			mismatch("Final statement returns %s instead of %s at column %d.", b.q.TypeOf(out.cols[i]).Name(), want.Name(), i+1)
		}
		if x == nil {
			mismatch("Actual return type is %s.", b.q.TypeOf(out.cols[i]).Name())
		}
		return x
	}
	if len(out.cols) == 1 && (fields == nil || b.q.TypeOf(out.cols[0]) == t) {
		in.value = partChecked(one(0, t), b.domainParts(t, f.ReturnsDomain, nil), 0)
		if fields != nil {
			in.names, in.fields = b.fields(in.value, 0)
		}
		return b.asExpr(in, out)
	}
	switch {
	case fields == nil:
		mismatch("Final statement must return exactly one column.")
	case len(out.cols) > len(fields):
		mismatch("Final statement returns too many columns.")
	case len(out.cols) < len(fields):
		mismatch("Final statement returns too few columns.")
	}
	for i, want := range fields {
		x := one(i, want.Type)
		in.names, in.fields = append(in.names, want.Name), append(in.fields, partChecked(x, b.domainParts(want.Type, want.Domain, nil), 0))
	}
	in.value = &RowExpr{Elems: in.fields, Typ: t}
	return b.asExpr(in, out)
}

// asExpr turns a body that is one row without FROM into an expression.
func (b *binder) asExpr(in *inlined, out *bound) *inlined {
	p, ok := in.rel.(*LProject)
	if !ok || in.f.Set || p.Sets != nil {
		return in
	}
	v, ok := p.Input.(*LValues)
	if !ok || len(v.Rows) != 1 || len(v.Rows[0]) != 0 {
		return in
	}
	at := map[Col]Expr{}
	for i, c := range p.ColIDs {
		at[c] = p.Exprs[i]
	}
	in.rel = nil
	in.mapAll(func(x Expr) Expr {
		if v, ok := x.(*Var); ok && at[v.Col] != nil {
			return at[v.Col]
		}
		return x
	})
	return in
}

// mapAll rebuilds all expressions of the body.
func (in *inlined) mapAll(f func(Expr) Expr) {
	if in.rel != nil {
		in.rel = MapRel(in.rel, f)
	}
	in.fields = MapAll(in.fields, f)
	if row, ok := in.value.(*RowExpr); ok && in.fields != nil && len(row.Elems) == len(in.fields) {
		in.value = &RowExpr{Elems: in.fields, Typ: row.Typ}
		return
	}
	in.value = Map(in.value, f)
}

// settle gives the calls of the body the volatility that the function is declared with, where that
// promises more, and takes away positions, which are those of the body's text.
func (in *inlined) settle() {
	most := fn.Volatility(strings.IndexByte("isv", in.f.Volatility))
	in.mapAll(func(x Expr) Expr {
		c, ok := x.(*Call)
		if !ok || c.Pos == 0 && c.Func.Volatility <= most {
			return x
		}
		call := *c
		call.Pos = 0
		if c.Func.Volatility > most {
			f := *c.Func
			f.Volatility = most
			call.Func = &f
		}
		return &call
	})
	visit := func(x Expr) bool {
		c, ok := x.(*Call)
		in.volatile = in.volatile || ok && c.Func.Volatility == fn.Volatile
		return true
	}
	in.walk(visit)
}

func (in *inlined) walk(visit func(Expr) bool) {
	if in.rel != nil {
		WalkRel(in.rel, visit)
	}
	Walk(in.value, visit)
}

// substitute puts the arguments into the body. One that is not simple and stands there several times,
// or within a query, is computed once, in a row that the body reads.
func (in *inlined) substitute(b *binder, c *userCall, params []Col) {
	uses := map[Col]int{}
	in.walk(func(x Expr) bool {
		if v, ok := x.(*Var); ok {
			uses[v.Col]++
		}
		return true
	})
	subst := map[Col]Expr{}
	for i, a := range c.args {
		n := uses[params[i]]
		if k, isConst := a.(*Const); c.f.Strict && !(isConst && !k.Value.Null) {
			n++
		}
		fixed := steady(a)
		switch {
		case fixed && (n <= 1 || size(a) <= 8), in.rel == nil && n <= 1:
			subst[params[i]] = a
		case hasSets(a):
			unsupported(c.pos, "a set-returning function as an argument of "+c.f.Name)
		default:
			in.kept, in.keptCols = append(in.kept, a), append(in.keptCols, params[i])
		}
		if c.f.Strict && n > uses[params[i]] {
			in.nulls = append(in.nulls, b.q.Ref(params[i]))
		}
	}
	f := func(x Expr) Expr {
		if v, ok := x.(*Var); ok && subst[v.Col] != nil {
			return subst[v.Col]
		}
		return x
	}
	in.mapAll(f)
	in.nulls = MapAll(in.nulls, f)
	if len(in.kept) > 0 && in.rel == nil { // the row that holds them has to be made
		in.rel = &LValues{Rows: [][]Expr{{}}}
	}
}

// steady reports whether an expression may be computed any number of times.
func steady(e Expr) bool {
	ok := true
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *SubLink, *setExpr:
			ok = false
		case *Call:
			ok = ok && x.Func.Volatility != fn.Volatile
		}
		return ok
	})
	return ok
}

func size(e Expr) (n int) {
	Walk(e, func(Expr) bool { n++; return true })
	return n
}

// single makes the rows have one column, the value.
func (in *inlined) single(b *binder) Rel {
	if len(in.kept) > 0 && len(in.nulls) > 0 { // within the row that holds the arguments
		in.value, in.nulls = in.unlessNull(in.value), nil
	}
	if v, ok := in.value.(*Var); ok {
		if cols := in.rel.Cols(); len(cols) == 1 && cols[0] == v.Col {
			return in.rel
		}
	}
	return &LProject{Input: in.rel, Exprs: []Expr{in.value}, ColIDs: []Col{b.q.NewCol(in.f.Name, in.value.Type())}}
}

// values puts the row of the arguments that are computed once beside the rows of rel, which read it.
func (in *inlined) values(b *binder, rel Rel) Rel {
	if len(in.kept) == 0 {
		return rel
	}
	args := &LValues{Rows: [][]Expr{in.kept}, ColIDs: in.keptCols}
	p := &LProject{Input: &LJoin{Kind: Inner, Left: args, Right: rel, Lateral: dependsOn(rel, args)}}
	for _, c := range rel.Cols() {
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, b.q.NewCol(b.q.Info[c].Name, b.q.TypeOf(c)))
	}
	return p
}

// unlessNull is x, or NULL where an argument is that may not be.
func (in *inlined) unlessNull(x Expr) Expr {
	if len(in.nulls) == 0 {
		return x
	}
	var any []Expr
	for _, a := range in.nulls {
		any = append(any, &IsNull{Arg: a})
	}
	cond := any[0]
	if len(any) > 1 {
		cond = &Or{Args: any}
	}
	return &Case{Typ: x.Type(), Conds: []Expr{cond}, Results: []Expr{&Const{Typ: x.Type(), Value: sqltype.NullDatum}}, Else: x}
}

// firstRow leaves the first row, where there may be several.
func firstRow(rel Rel) Rel {
	for r := rel; ; {
		switch x := r.(type) {
		case *LProject:
			if x.Sets == nil {
				r = x.Input
				continue
			}
		case *LAgg:
			if len(x.Keys) == 0 && x.Sets == nil {
				return rel
			}
		case *LValues:
			if len(x.Rows) == 1 {
				return rel
			}
		}
		return &LLimit{Input: rel, Count: &Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: 1}}}
	}
}

// result is the type of what a function returns, and its fields where those are to be columns.
func (b *binder) result(f *catalog.Function) (sqltype.Type, []catalog.Field) {
	return ResultOf(b.Catalog, f)
}

// ResultOf is the type of what a function returns, and its fields where it has several.
func ResultOf(s *catalog.Snapshot, f *catalog.Function) (sqltype.Type, []catalog.Field) {
	var list []catalog.Field
	name := "record"
	if outs := f.Outputs(); len(outs) > 1 {
		for i, o := range outs {
			if o.Name == "" {
				o.Name = fmt.Sprintf("column%d", i+1)
			}
			list = append(list, catalog.Field{Name: o.Name, Type: o.Type, Domain: o.Domain})
		}
	} else if t := s.Table(f.RowOf); t != nil {
		name = t.Name
		for _, c := range t.Columns {
			list = append(list, catalog.Field{Name: c.Name, Type: c.Type, Domain: c.Domain})
		}
	} else if c, ok := sqltype.CompositeOf(f.Returns); ok && f.Returns.ID == sqltype.Record {
		if u := s.TypeByHandle(f.Returns.Mod); u != nil {
			return f.Returns, u.Fields
		}
		for _, x := range c.Fields {
			list = append(list, catalog.Field{Name: x.Name, Type: x.Type})
		}
		return f.Returns, list
	} else {
		return f.Returns, nil
	}
	fields := make([]sqltype.CompositeField, len(list))
	for i, x := range list {
		fields[i] = sqltype.CompositeField{Name: x.Name, Type: x.Type, Domain: uint64(x.Domain)}
	}
	return sqltype.RowTypeOf(name, fields), list
}

func declaredName(f *catalog.Function, t sqltype.Type) string {
	if len(f.Outputs()) > 1 {
		return "record"
	}
	return t.Name()
}
