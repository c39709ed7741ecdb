package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// expr binds a scalar expression. Untyped literals and parameters stay Unknown
// until the context decides.
func (b *binder) expr(s *scope, e ast.Expr) Expr {
	x := b.exprOf(s, e)
	if b.texts != nil {
		b.texts.exprs[e] = x
	}
	return x
}

func (b *binder) exprOf(s *scope, e ast.Expr) Expr {
	defer b.enter(e.Pos())()
	switch e := e.(type) {
	case *ast.Literal:
		return b.constant(e)
	case boundExpr:
		return e.x
	case *ast.ColumnRef:
		if e.Star && len(e.Names) > 0 {
			return b.rowOf(s, e)
		}
		if e.Star {
			failAt(e.Pos(), dberr.StateFeatureNotSupported, "row expansion via \"*\" is not supported here")
		}
		x := b.column(s, e.Names, e.Pos())
		b.uses.noteColumn(e, b.hit)
		return x
	case *ast.Param:
		return b.param(e)
	case *ast.Unary:
		return b.unary(s, e)
	case *ast.Binary:
		return b.binary(s, e)
	case *ast.And:
		return &And{Args: b.booleans(s, e.Args, "AND")}
	case *ast.Or:
		return &Or{Args: b.booleans(s, e.Args, "OR")}
	case *ast.Not:
		return &Not{Arg: b.boolean(s, e.Arg, "NOT")}
	case *ast.Between:
		return b.between(s, e)
	case *ast.In:
		return b.in(s, e)
	case *ast.Match:
		return b.match(s, e)
	case *ast.IsNull:
		return b.isNull(s, e)
	case *ast.IsBool:
		what := map[byte]string{'t': "IS TRUE", 'f': "IS FALSE", 'u': "IS UNKNOWN"}[e.Want]
		if e.Not {
			what = strings.Replace(what, "IS ", "IS NOT ", 1)
		}
		return &IsBool{Arg: b.boolean(s, e.Arg, what), Want: e.Want, Not: e.Not}
	case *ast.IsDistinct:
		return b.isDistinct(s, e)
	case *ast.Case:
		return b.caseExpr(withoutSets(s, "CASE"), e)
	case *ast.Coalesce:
		s = withoutSets(s, "COALESCE")
		t, args := b.common(s, "COALESCE", e.Args, e.Pos())
		return &Coalesce{Typ: t, Args: args}
	case *ast.NullIf:
		return b.nullIf(s, e)
	case *ast.MinMax:
		return b.minMax(s, e)
	case *ast.Cast:
		return b.castExpr(s, e)
	case *ast.Collate:
		return b.collate(s, e)
	case *ast.FuncCall:
		return b.call(s, e)
	case *ast.SQLValue:
		return b.sqlValue(e)
	case *ast.Array:
		return b.array(s, e)
	case *ast.Row:
		r := &RowExpr{}
		for _, a := range b.spread(s, e.Args) {
			r.Elems = append(r.Elems, b.settled(b.expr(s, a)))
		}
		return r
	case *ast.Index:
		return b.index(s, e)
	}
	return b.subqueryExpr(s, e)
}

func (b *binder) constant(e *ast.Literal) Expr {
	var c *Const
	switch e.Kind {
	case ast.LitNull:
		c = &Const{Typ: sqltype.TUnknown, Value: sqltype.NullDatum}
	case ast.LitBool:
		c = &Const{Typ: sqltype.TBool}
		if e.Text == "true" {
			c.Value.Int = 1
		}
	case ast.LitInt:
		c = b.integer(e)
	case ast.LitDecimal:
		c = b.decimal(e)
	case ast.LitString:
		c = &Const{Typ: sqltype.TUnknown, Value: sqltype.Datum{Str: e.Text}}
	case ast.LitBit:
		bits, err := sqltype.ParseBits(e.Text)
		if err != nil {
			fail(at(err, e.Pos()))
		}
		c = &Const{Typ: sqltype.Type{ID: sqltype.Bit}, Value: sqltype.Datum{Str: bits}}
	}
	b.pos[c] = e.Pos()
	return c
}

func (b *binder) integer(e *ast.Literal) *Const {
	v, err := strconv.ParseInt(e.Text, 10, 64)
	switch {
	case err != nil:
		return b.decimal(e)
	case v > math.MaxInt32 || v < math.MinInt32:
		return &Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: v}}
	}
	return &Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: v}}
}

func (b *binder) decimal(e *ast.Literal) *Const {
	d, err := sqltype.ParseEnv(b.Env, sqltype.TNumeric, e.Text)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	return &Const{Typ: sqltype.TNumeric, Value: d}
}

// maxParams is PostgreSQL's limit on the number of parameters.
const maxParams = 65535

func (b *binder) param(e *ast.Param) Expr {
	if b.fn != nil {
		return b.parameter(e.Number, e.Pos())
	}
	if e.Number < 1 || e.Number > maxParams {
		failAt(e.Pos(), dberr.StateUndefinedParameter, "there is no parameter $%d", e.Number)
	}
	for len(b.q.Params) < e.Number {
		b.q.Params, b.given = append(b.q.Params, sqltype.TUnknown), append(b.given, false)
	}
	t := sqltype.TUnknown
	if b.given[e.Number-1] {
		t = b.q.Params[e.Number-1]
	}
	p := &Param{Typ: t, Index: e.Number - 1}
	b.pos[p] = e.Pos()
	return p
}

func (b *binder) unary(s *scope, e *ast.Unary) Expr {
	if lit, ok := e.Arg.(*ast.Literal); ok && e.Op == "-" && (lit.Kind == ast.LitInt || lit.Kind == ast.LitDecimal) {
		c := b.constant(&ast.Literal{Loc: lit.Loc, Kind: lit.Kind, Text: "-" + lit.Text}).(*Const)
		b.pos[c] = e.Pos()
		return c
	}
	arg := b.expr(s, e.Arg)
	f, want, err := fn.ResolveOp(e.Op, sqltype.Type{ID: sqltype.Void}, arg.Type())
	if err != nil {
		fail(at(err, e.Pos()))
	}
	return &Call{Typ: f.Ret, Func: f, Op: true, Pos: e.Pos(), Args: []Expr{b.coerceArg(arg, want[0], e.Pos())}}
}

// negated are the comparisons of rows that are made of others.
func (b *binder) binary(s *scope, e *ast.Binary) Expr {
	l, lok := e.L.(*ast.Row)
	r, rok := e.R.(*ast.Row)
	if lok && rok {
		return b.rowCompare(s, e.Op, l, r, e.Pos())
	}
	if lok {
		if sub, ok := e.R.(*ast.Subquery); ok && sub.Kind == ast.ScalarSubquery {
			return b.rowSubquery(s, e.Op, l, sub, e.Pos())
		}
	}
	if x := b.wholeText(s, e); x != nil {
		return b.expr(s, x)
	}
	return b.operator(e.Op, b.expr(s, e.L), b.expr(s, e.R), e.Pos())
}

// rowCompare compares rows column by column.
func (b *binder) rowCompare(s *scope, op string, l, r *ast.Row, pos int) Expr {
	ll, rl := b.spread(s, l.Args), b.spread(s, r.Args)
	if len(ll) != len(rl) {
		failAt(pos, dberr.StateSyntax, "unequal number of entries in row expressions")
	}
	if len(ll) == 0 {
		failAt(pos, dberr.StateFeatureNotSupported, "cannot compare rows of zero length")
	}
	ls, _ := b.args(s, ll)
	rs, _ := b.args(s, rl)
	return b.compareLists(op, ls, rs, pos)
}

func (b *binder) compareLists(op string, ls, rs []Expr, pos int) Expr {
	switch op {
	case "=", "<>":
		eq := &And{}
		ne := &Or{}
		for i := range ls {
			if op == "=" {
				eq.Args = append(eq.Args, b.operator("=", ls[i], rs[i], pos))
			} else {
				ne.Args = append(ne.Args, b.operator("<>", ls[i], rs[i], pos))
			}
		}
		if op == "=" {
			return collapse(eq.Args, eq)
		}
		return collapse(ne.Args, ne)
	case "<", "<=", ">", ">=":
		strict := op[:1]
		last := len(ls) - 1
		out := b.operator(op, ls[last], rs[last], pos)
		for i := last - 1; i >= 0; i-- {
			out = &Or{Args: []Expr{
				b.operator(strict, ls[i], rs[i], pos),
				&And{Args: []Expr{b.operator("=", ls[i], rs[i], pos), out}},
			}}
		}
		return out
	}
	unsupported(pos, fmt.Sprintf("operator %s of rows", op))
	return nil
}

func collapse(args []Expr, e Expr) Expr {
	if len(args) == 1 {
		return args[0]
	}
	return e
}

func (b *binder) booleans(s *scope, list []ast.Expr, what string) []Expr {
	out := make([]Expr, len(list))
	for i, e := range list {
		out[i] = b.boolean(s, e, what)
	}
	return out
}

func (b *binder) between(s *scope, e *ast.Between) Expr {
	arg, lo, hi := b.expr(s, e.Arg), b.expr(s, e.Lo), b.expr(s, e.Hi)
	for _, x := range []Expr{arg, lo, hi} {
		b.noSetWithin(x, "argument of AND", e.Pos())
	}
	within := func(lo, hi Expr) Expr {
		return &And{Args: []Expr{b.operator(">=", arg, lo, e.Pos()), b.operator("<=", arg, hi, e.Pos())}}
	}
	out := within(lo, hi)
	if e.Symmetric {
		out = &Or{Args: []Expr{out, within(hi, lo)}}
	}
	if e.Not {
		return &Not{Arg: out}
	}
	return out
}

// in binds IN (list): one In where all have a common type, else comparisons.
func (b *binder) in(s *scope, e *ast.In) Expr {
	if row, ok := e.Arg.(*ast.Row); ok {
		return b.rowIn(s, e, row)
	}
	arg := b.expr(s, e.Arg)
	list, types := b.args(s, e.List)
	t, err := fn.CommonType("IN", append([]sqltype.Type{arg.Type()}, types...)...)
	if err == nil {
		if cmp, want, rerr := fn.ResolveOp("=", t, t); rerr == nil {
			in := &In{Arg: b.coerceArg(arg, want[0], e.Arg.Pos()), Not: e.Not, Eq: cmp}
			for i, x := range list {
				if t.Reg() != 0 && x.Type().ID == sqltype.Unknown { // a name, which the operator would read as a number
					x = b.coerce(x, t, e.List[i].Pos())
				}
				in.List = append(in.List, b.coerceArg(x, want[1], e.List[i].Pos()))
			}
			return in
		}
	}
	or := &Or{}
	for i, x := range list {
		or.Args = append(or.Args, b.operator("=", arg, x, e.List[i].Pos()))
	}
	out := collapse(or.Args, or)
	if e.Not {
		return &Not{Arg: out}
	}
	return out
}

func (b *binder) rowIn(s *scope, e *ast.In, row *ast.Row) Expr {
	or := &Or{}
	for _, x := range e.List {
		r, ok := x.(*ast.Row)
		if !ok {
			failAt(x.Pos(), dberr.StateDatatypeMismatch, "operator does not exist: record = %s", "a single value")
		}
		or.Args = append(or.Args, b.rowCompare(s, "=", row, r, e.Pos()))
	}
	out := collapse(or.Args, or)
	if e.Not {
		return &Not{Arg: out}
	}
	return out
}

var matchOps = map[ast.LikeKind]string{ast.Like: "~~", ast.ILike: "~~*"}

func (b *binder) match(s *scope, e *ast.Match) Expr {
	arg, pattern := b.expr(s, e.Arg), b.expr(s, e.Pattern)
	if e.Kind == ast.SimilarTo {
		args := []Expr{pattern}
		if e.Escape != nil {
			args = append(args, b.expr(s, e.Escape))
		}
		op := "~"
		if e.Not {
			op = "!~"
		}
		return b.operator(op, arg, b.function("similar_to_escape", args, e.Pos()), e.Pos())
	}
	if e.Escape != nil {
		pattern = b.function("like_escape", []Expr{pattern, b.expr(s, e.Escape)}, e.Pos())
	}
	op := matchOps[e.Kind]
	if e.Not {
		op = "!" + op
	}
	return b.operator(op, arg, pattern, e.Pos())
}

// function binds a call of a scalar function with bound arguments.
func (b *binder) function(name string, args []Expr, pos int) Expr {
	types := make([]sqltype.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	f, want, err := fn.Resolve(name, types)
	if err != nil {
		fail(at(err, pos))
	}
	for i := range args {
		args[i] = b.coerceArg(args[i], want[i], pos)
	}
	return &Call{Typ: f.Ret, Func: f, Args: args, Pos: pos}
}

func (b *binder) isNull(s *scope, e *ast.IsNull) Expr {
	if row, ok := e.Arg.(*ast.Row); ok {
		and := &And{}
		for _, a := range b.spread(s, row.Args) {
			and.Args = append(and.Args, &IsNull{Arg: b.settled(b.expr(s, a)), Not: e.Not})
		}
		return collapse(and.Args, and)
	}
	return &IsNull{Arg: b.settled(b.expr(s, e.Arg)), Not: e.Not}
}

func (b *binder) isDistinct(s *scope, e *ast.IsDistinct) Expr {
	if l, r := b.rowArgs(s, e.L), b.rowArgs(s, e.R); l != nil && r != nil && len(l)+len(r) > 0 {
		if len(l) != len(r) {
			failAt(e.Pos(), dberr.StateSyntax, "unequal number of entries in row expressions")
		}
		parts := make([]Expr, len(l)) // the first that differs decides, and no later one is computed
		for i := range parts {
			parts[i] = b.isDistinct(s, &ast.IsDistinct{Loc: e.Loc, L: l[i], R: r[i], Not: e.Not})
		}
		if e.Not {
			return collapse(parts, &And{Args: parts})
		}
		return collapse(parts, &Or{Args: parts})
	}
	eq, ok := b.operator("=", b.expr(s, e.L), b.expr(s, e.R), e.Pos()).(*Call)
	if !ok {
		unsupported(e.Pos(), "IS DISTINCT FROM of these types")
	}
	l, r := eq.Args[0], eq.Args[1]
	if !fn.SameValue(l.Type(), r.Type()) && !fn.SameValue(r.Type(), l.Type()) {
		t, err := fn.CommonType("IS DISTINCT FROM", l.Type(), r.Type())
		if err != nil {
			fail(at(err, e.Pos()))
		}
		l, r = b.coerce(l, t, e.Pos()), b.coerce(r, t, e.Pos())
	}
	return &IsDistinct{L: l, R: r, Not: e.Not}
}

func (b *binder) caseExpr(s *scope, e *ast.Case) Expr {
	c := &Case{}
	var arg Expr
	if e.Arg != nil {
		arg = b.settledUnless(b.expr(s, e.Arg))
	}
	var results []Expr
	var types []sqltype.Type
	for _, w := range e.Whens {
		if arg != nil {
			c.Conds = append(c.Conds, b.operator("=", arg, b.expr(s, w.Cond), w.Pos()))
		} else {
			c.Conds = append(c.Conds, b.boolean(s, w.Cond, "CASE/WHEN"))
		}
		r := b.expr(s, w.Result)
		results, types = append(results, r), append(types, r.Type())
	}
	if e.Else != nil {
		c.Else = b.expr(s, e.Else)
		types = append([]sqltype.Type{c.Else.Type()}, types...) // PostgreSQL looks at ELSE first
	}
	if b.mysql {
		all := append([]Expr{}, results...)
		if c.Else != nil {
			all = append(all, c.Else)
		}
		types = b.mysqlNumbers(all, e.Pos())
		if _, err := fn.CommonType("CASE", types...); err != nil {
			b.mysqlCommon(all, e.Pos())
			types = []sqltype.Type{sqltype.TText}
		}
		copy(results, all)
		if c.Else != nil {
			c.Else = all[len(all)-1]
		}
	}
	t, err := fn.CommonType("CASE", types...)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	c.Typ = t
	for i, r := range results {
		c.Results = append(c.Results, b.coerce(r, t, e.Whens[i].Result.Pos()))
	}
	if c.Else != nil {
		c.Else = b.coerce(c.Else, t, e.Else.Pos())
	}
	return c
}

func (b *binder) settledUnless(e Expr) Expr { return b.settled(e) }

// common binds a list to its common type.
func (b *binder) common(s *scope, what string, list []ast.Expr, pos int) (sqltype.Type, []Expr) {
	args, types := b.args(s, list)
	if b.mysql {
		types = b.mysqlNumbers(args, pos)
		if _, err := fn.CommonType(what, types...); err != nil {
			b.mysqlCommon(args, pos)
			types = []sqltype.Type{sqltype.TText}
		}
	}
	t, err := fn.CommonType(what, types...)
	if err != nil {
		fail(at(err, pos))
	}
	for i := range args {
		args[i] = b.coerce(args[i], t, list[i].Pos())
	}
	return t, args
}

// nullIf is CASE WHEN l = r THEN NULL ELSE l END.
func (b *binder) nullIf(s *scope, e *ast.NullIf) Expr {
	l, r := b.expr(s, e.L), b.expr(s, e.R)
	eq := b.operator("=", l, r, e.Pos())
	if l.Type().ID == sqltype.Unknown {
		l = b.settled(l)
	}
	if call, ok := eq.(*Call); ok && len(call.Args) == 2 {
		t := call.Args[0].Type() // the result has the type that = compares
		if t.ID == sqltype.Varchar {
			t = sqltype.TText
		}
		l = b.cast(l, t, e.Pos())
	}
	return &Case{Typ: l.Type(), Conds: []Expr{eq}, Results: []Expr{&Const{Typ: l.Type(), Value: sqltype.NullDatum}}, Else: l}
}

func (b *binder) minMax(s *scope, e *ast.MinMax) Expr {
	name := "greatest"
	if e.Least {
		name = "least"
	}
	_, args := b.common(s, strings.ToUpper(name), e.Args, e.Pos())
	if fn.IsFunc(name) {
		return b.function(name, args, e.Pos())
	}
	op := ">="
	if e.Least {
		op = "<="
	}
	out := args[0]
	for _, a := range args[1:] {
		// NULLs are left out: CASE WHEN a IS NULL OR out >= a THEN out ELSE a END, where out may be NULL.
		out = &Case{Typ: a.Type(),
			Conds:   []Expr{&IsNull{Arg: a}, &IsNull{Arg: out}, b.operator(op, out, a, e.Pos())},
			Results: []Expr{out, a, out}, Else: a}
	}
	return out
}

func (b *binder) castExpr(s *scope, e *ast.Cast) Expr {
	if e.Type.Name == "interval" && (e.Type.Fields != 0 || len(e.Type.Mods) > 0) {
		return b.interval(e)
	}
	t, user := b.resolveType(e.Type)
	if user != nil && user.Kind == catalog.Domain {
		var x Expr
		if a, ok := e.Arg.(*ast.Array); ok && t.ID == sqltype.Array {
			x = b.arrayOf(s, a, t.ElemType())
		} else {
			x = b.expr(s, e.Arg)
		}
		return b.toDomain(b.cast(x, t, e.Pos()), user, e.Pos())
	}
	if a, ok := e.Arg.(*ast.Array); ok && t.ID == sqltype.Array {
		return b.cast(b.arrayOf(s, a, t.ElemType()), t, e.Pos())
	}
	x := b.expr(s, e.Arg)
	if _, ok := x.(*RowExpr); ok && t.ID != sqltype.Text && t.ID != sqltype.Varchar && t.ID != sqltype.Record {
		unsupported(e.Pos(), "a cast of a row")
	}
	if b.mysql && x.Type().ID == sqltype.Bool && t.ID != sqltype.Bool {
		x = b.cast(x, sqltype.TInt4, e.Pos())
	}
	return b.cast(x, t, e.Pos())
}

func (b *binder) collate(s *scope, e *ast.Collate) Expr {
	switch name := e.Name[len(e.Name)-1]; name {
	case "C", "POSIX", "default", "ucs_basic", "C.UTF-8":
	default:
		failAt(e.Pos(), dberr.StateUndefinedObject, "collation %q for encoding \"UTF8\" does not exist", name)
	}
	return b.settled(b.expr(s, e.Arg))
}

func (b *binder) array(s *scope, e *ast.Array) Expr {
	if len(e.Elems) == 0 {
		fail(dberr.SQL(dberr.StateIndeterminateDatatype, "cannot determine type of empty array").
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").At(e.Pos()))
	}
	t, args := b.common(s, "ARRAY", e.Elems, e.Pos())
	if t.ID == sqltype.Array {
		return &ArrayExpr{Typ: t, Elems: args}
	}
	return &ArrayExpr{Typ: sqltype.ArrayOf(t), Elems: args}
}

// arrayOf binds ARRAY[…] whose element type a cast around it gives.
func (b *binder) arrayOf(s *scope, e *ast.Array, elem sqltype.Type) Expr {
	a := &ArrayExpr{Typ: sqltype.ArrayOf(elem)}
	for _, x := range e.Elems {
		if n, ok := x.(*ast.Array); ok {
			a.Elems = append(a.Elems, b.arrayOf(s, n, elem))
			continue
		}
		v := b.expr(s, x)
		if v.Type().ID == sqltype.Array {
			a.Elems = append(a.Elems, b.cast(v, sqltype.ArrayOf(elem), x.Pos()))
			continue
		}
		a.Elems = append(a.Elems, b.cast(v, elem, x.Pos()))
	}
	return a
}

// jsonbStep binds one subscript of a jsonb, which is a step of a path: a number is a key of an object
// too, and a scalar has no parts.
func (b *binder) jsonbStep(s *scope, x Expr, sub ast.Expr) Expr {
	step := b.settled(b.expr(s, sub))
	switch step.Type().ID {
	case sqltype.Int2, sqltype.Int4:
		step = b.cast(step, sqltype.TText, sub.Pos())
	case sqltype.Text, sqltype.Varchar, sqltype.Bpchar, sqltype.Name:
		step = b.coerce(step, sqltype.TText, sub.Pos())
	default:
		fail(dberr.SQL(dberr.StateDatatypeMismatch, "subscript type %s is not supported", step.Type().Name()).
			WithHint("jsonb subscript must be coercible to either integer or text.").At(sub.Pos()))
	}
	if c, ok := step.(*Const); ok && !c.Value.Null && !strings.ContainsAny(c.Value.Str, "0123456789") {
		return b.operator("->", x, step, sub.Pos()) // as the operator has it, which indexes know
	}
	return b.function("jsonb_extract_path", []Expr{x, step}, sub.Pos())
}

func (b *binder) index(s *scope, e *ast.Index) Expr {
	x := b.expr(s, e.Arg)
	t := x.Type()
	if t.ID == sqltype.JSONB {
		for _, sub := range e.Subs {
			if sub.Slice {
				failAt(e.Pos(), dberr.StateDatatypeMismatch, "jsonb subscript does not support slices")
			}
			x = b.jsonbStep(s, x, sub.Lo)
		}
		return x
	}
	if len(e.Subs) > 6 {
		failAt(e.Pos(), dberr.StateProgramLimit, "number of array dimensions (%d) exceeds the maximum allowed (6)", len(e.Subs))
	}
	if t.ID != sqltype.Array {
		failAt(e.Pos(), dberr.StateDatatypeMismatch, "cannot subscript type %s because it does not support subscripting", t.Name())
	}
	slice := slices.ContainsFunc(e.Subs, func(sub ast.Subscript) bool { return sub.Slice })
	bound := func(e ast.Expr) Expr {
		if e == nil {
			return &Const{Typ: sqltype.TInt4, Value: sqltype.NullDatum}
		}
		return b.assign(b.expr(s, e), sqltype.TInt4, "", e.Pos())
	}
	args := []Expr{x}
	for _, sub := range e.Subs {
		switch {
		case !slice:
			args = append(args, bound(sub.Lo))
		case sub.Slice: // a bound that is left out takes all there is, and one that is NULL nothing
			lo, hi := Expr(&Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: math.MinInt32}}), Expr(&Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: math.MaxInt32}})
			if sub.Lo != nil {
				lo = bound(sub.Lo)
			}
			if sub.Hi != nil {
				hi = bound(sub.Hi)
			}
			args = append(args, lo, hi)
		default: // among slices a single index stands for everything up to it
			args = append(args, &Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: 1}}, bound(sub.Lo))
		}
	}
	if slice {
		return b.function("array_slice", args, e.Pos())
	}
	return b.function("array_get", args, e.Pos())
}
