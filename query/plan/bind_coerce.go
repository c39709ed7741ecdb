package plan

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// coerce makes an expression have a type, where that happens by itself.
func (b *binder) coerce(e Expr, t sqltype.Type, pos int) Expr {
	if out := b.convert(e, t, pos, fn.ImplicitCast); out != nil {
		return out
	}
	failAt(pos, dberr.StateCannotCoerce, "cannot cast type %s to %s", e.Type().Name(), t.Name())
	return nil
}

// assign makes an expression fit for storing in a column (column "" for other uses).
func (b *binder) assign(e Expr, t sqltype.Type, column string, pos int) Expr {
	if out := b.convert(e, t, pos, fn.AssignCast); out != nil {
		return out
	}
	if b.mysql {
		if out := b.mysqlAssign(e, t, pos); out != nil {
			return out
		}
	}
	if column != "" {
		fail(dberr.SQL(dberr.StateDatatypeMismatch, "column %q is of type %s but expression is of type %s", column, t.Name(), e.Type().Name()).
			WithHint("You will need to rewrite or cast the expression.").At(pos))
	}
	failAt(pos, dberr.StateDatatypeMismatch, "expression of type %s cannot be used as type %s", e.Type().Name(), t.Name())
	return nil
}

// cast is CAST(e AS t).
func (b *binder) cast(e Expr, t sqltype.Type, pos int) Expr {
	if out := b.convert(e, t, pos, fn.Cast); out != nil {
		return out
	}
	failAt(pos, dberr.StateCannotCoerce, "cannot cast type %s to %s", e.Type().Name(), t.Name())
	return nil
}

// convert is nil where there is no conversion. The fields of rows that it makes meet the
// rules of their domains.
func (b *binder) convert(e Expr, t sqltype.Type, pos int, find func(from, to sqltype.Type) *fn.Func) Expr {
	if e.Type() == t {
		return e
	}
	out := b.converted(e, t, pos, find)
	if out == nil || !t.IsComposite() || out.Type() != t {
		return out
	}
	if c, ok := out.(*Const); ok && c.Value.Null {
		return out
	}
	return partChecked(out, b.domainParts(t, 0, nil), pos)
}

func (b *binder) converted(e Expr, t sqltype.Type, pos int, find func(from, to sqltype.Type) *fn.Func) Expr {
	from := e.Type()
	if from.ID == sqltype.Unknown {
		if out := b.literal(e, t, find); out != nil {
			return out
		}
	}
	if a, ok := e.(*ArrayExpr); ok && t.ID == sqltype.Array && len(a.Elems) == 0 {
		return &ArrayExpr{Typ: t}
	}
	f := find(from, t)
	if f == nil {
		return nil
	}
	return &Call{Typ: t, Func: f, Args: []Expr{e}, Op: true, Pos: pos}
}

// literal gives an untyped literal or parameter its type; nil where e is neither.
func (b *binder) literal(e Expr, t sqltype.Type, find func(from, to sqltype.Type) *fn.Func) Expr {
	switch e := e.(type) {
	case *Const:
		if e.Value.Null {
			return &Const{Typ: t, Value: sqltype.NullDatum}
		}
		if t.ID == sqltype.Unknown {
			return e
		}
		if dependsOnNow(t, e.Value.Str) || t.Reg() != 0 && t.Reg() < sqltype.RegXID {
			return &Call{Typ: t, Func: fn.Cast(sqltype.TText, t), Args: []Expr{&Const{Typ: sqltype.TText, Value: e.Value}}, Op: true, Pos: b.pos[e]}
		}
		base := t.Base()
		d, err := sqltype.ParseEnv(b.Env, base, e.Value.Str)
		if err != nil {
			fail(at(err, b.pos[e]))
		}
		c := &Const{Typ: base, Value: d}
		b.pos[c] = b.pos[e]
		if base == t {
			return c
		}
		if f := find(base, t); f != nil {
			return &Call{Typ: t, Func: f, Args: []Expr{c}, Op: true, Pos: b.pos[e]}
		}
		return c
	case *Param:
		base := t.Base()
		if !b.given[e.Index] {
			b.given[e.Index] = true
			b.q.Params[e.Index] = base
		}
		p := &Param{Typ: b.q.Params[e.Index], Index: e.Index}
		b.pos[p] = b.pos[e]
		if p.Typ == t {
			return p
		}
		f := find(p.Typ, t)
		if f == nil {
			f = fn.Cast(p.Typ, t)
		}
		if f == nil {
			failAt(b.pos[e], dberr.StateCannotCoerce, "cannot cast type %s to %s", p.Typ.Name(), t.Name())
		}
		return &Call{Typ: t, Func: f, Args: []Expr{p}, Op: true, Pos: b.pos[e]}
	}
	return nil
}

// dependsOnNow reports whether the text of a date or time means something else
// every time it is read.
func dependsOnNow(t sqltype.Type, s string) bool {
	if t.ID == sqltype.Array {
		t = t.ElemType()
	}
	if t.IsRange() || t.IsMultirange() {
		t = t.RangeElem()
	}
	switch t.ID {
	case sqltype.Date, sqltype.Time, sqltype.TimeTZ, sqltype.Timestamp, sqltype.TimestampTZ:
	default:
		return false
	}
	s = strings.ToLower(s)
	for _, w := range []string{"now", "today", "tomorrow", "yesterday"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// settled gives an expression of unknown type the type text.
func (b *binder) settled(e Expr) Expr {
	if e.Type().ID == sqltype.Unknown {
		return b.convert(e, sqltype.TText, 0, fn.Cast)
	}
	return e
}

// settle gives column i of a query a type if it has none yet.
func (b *binder) settle(o *bound, i int) {
	if b.q.TypeOf(o.cols[i]).ID == sqltype.Unknown {
		b.retype(o, i, sqltype.TText)
	}
}

// retype makes column i of a query have a type. Untyped literals are read as such;
// other values are cast above the query.
func (b *binder) retype(o *bound, i int, t sqltype.Type) {
	c := o.cols[i]
	have := b.q.TypeOf(c)
	if have == t {
		return
	}
	if have.ID == sqltype.Unknown && b.retypeLiteral(o.rel, c, t) {
		b.q.Info[c].Type = t
		return
	}
	p := &LProject{Input: o.rel}
	cols := append([]Col(nil), o.cols...)
	for k, x := range o.cols {
		e, id := Expr(b.q.Ref(x)), x
		if k == i {
			e, id = b.coerce(e, t, 0), b.q.NewCol(b.q.Info[x].Name, t)
			cols[k] = id
		} else if cols[k] != x {
			id = cols[k]
		}
		p.Exprs, p.ColIDs = append(p.Exprs, e), append(p.ColIDs, id)
	}
	o.rel, o.cols = p, cols
}

// retypeLiteral finds where an untyped column is made and gives it a type there.
func (b *binder) retypeLiteral(r Rel, c Col, t sqltype.Type) bool {
	switch r := r.(type) {
	case *LProject:
		for i, id := range r.ColIDs {
			if id != c {
				continue
			}
			if v, ok := r.Exprs[i].(*Var); ok && b.retypeLiteral(r.Input, v.Col, t) {
				b.q.Info[v.Col].Type = t
				r.Exprs[i] = b.q.Ref(v.Col)
				return true
			}
			if x := b.convert(r.Exprs[i], t, 0, fn.Cast); x != nil {
				r.Exprs[i] = x
				return true
			}
		}
		return false
	case *LValues:
		for i, id := range r.ColIDs {
			if id == c {
				for _, row := range r.Rows {
					row[i] = b.coerce(row[i], t, b.pos[row[i]])
				}
				return true
			}
		}
		return false
	case *LFilter, *LSort, *LLimit, *LDistinct, *LLock:
		return b.retypeLiteral(Inputs(r)[0], c, t)
	case *LWith:
		return b.retypeLiteral(r.Body, c, t)
	}
	return false
}

// args binds a list of arguments.
func (b *binder) args(s *scope, list []ast.Expr) ([]Expr, []sqltype.Type) {
	out, types := make([]Expr, len(list)), make([]sqltype.Type, len(list))
	for i, a := range list {
		if n, ok := a.(*ast.NamedArg); ok {
			unsupported(n.Pos(), "an argument given by name")
		}
		out[i] = b.expr(s, a)
		if b.mysql && out[i].Type().ID == sqltype.Bool {
			out[i] = b.cast(out[i], sqltype.TInt4, a.Pos())
		}
		types[i] = out[i].Type()
	}
	return out, types
}

// coerceArgs gives arguments the types that a function was resolved for. Where a value is
// held the same way nothing is done.
func (b *binder) coerceArgs(args []Expr, want []sqltype.Type, list []ast.Expr) []Expr {
	for i := range args {
		pos := 0
		if i < len(list) {
			pos = list[i].Pos()
		}
		args[i] = b.coerceArg(args[i], want[i], pos)
	}
	return args
}

func (b *binder) coerceArg(e Expr, want sqltype.Type, pos int) Expr {
	if from := e.Type(); from.ID != sqltype.Unknown && fn.SameValue(from, want) {
		return e
	}
	return b.cast(e, want, pos)
}

// operator binds L op R.
func (b *binder) operator(op string, l, r Expr, pos int) Expr {
	if b.mysql {
		var whole Expr
		if l, r, whole = b.mysqlOperator(op, l, r, pos); whole != nil {
			return whole
		}
	}
	f, want, err := fn.ResolveOp(op, l.Type(), r.Type())
	if err != nil {
		fail(at(err, pos))
	}
	return &Call{Typ: f.Ret, Func: f, Op: true, Pos: pos, Args: []Expr{
		b.coerceArg(l, want[0], pos), b.coerceArg(r, want[1], pos)}}
}

// boolean binds a condition.
func (b *binder) boolean(s *scope, e ast.Expr, what string) Expr {
	old := s.what
	s.what = what
	x := b.expr(s, e)
	s.what = old
	return b.toBool(x, what, e.Pos())
}

func (b *binder) toBool(x Expr, what string, pos int) Expr {
	if b.mysql {
		x = b.mysqlTruth(x, pos)
	}
	b.noSetWithin(x, "argument of "+what, pos)
	if t := x.Type(); t.ID == sqltype.Unknown {
		return b.coerce(x, sqltype.TBool, pos)
	} else if t.ID != sqltype.Bool {
		failAt(pos, dberr.StateDatatypeMismatch, "argument of %s must be type boolean, not type %s", what, t.Name())
	}
	return x
}

// comparable refuses types that have no equality.
func (b *binder) comparable(e Expr, pos int) {
	if t := e.Type(); t.ID == sqltype.JSON || t.ID == sqltype.Array && t.Elem == sqltype.JSON {
		fail(dberr.SQL(dberr.StateUndefinedFunction, "could not identify an equality operator for type %s", t.Name()).At(pos))
	}
}

// orderable refuses types that have no order.
func (b *binder) orderable(e Expr, pos int) {
	if t := e.Type(); t.ID == sqltype.JSON || t.ID == sqltype.Array && t.Elem == sqltype.JSON {
		fail(dberr.SQL(dberr.StateUndefinedFunction, "could not identify an ordering operator for type %s", t.Name()).
			WithHint("Use an explicit ordering operator or modify the query.").At(pos))
	}
}
