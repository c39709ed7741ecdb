package plan

import (
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// rows writes the equality of two rows as that of their parts, which it is.
func (w *textWriter) rows(l *ast.Row, e *ast.Binary, own Expr) {
	r, ok := e.R.(*ast.Row)
	and, is := own.(*And)
	if !ok || !is || e.Op != "=" || len(and.Args) != len(l.Args) || len(and.Args) != len(r.Args) {
		fail(errNoText)
	}
	w.open()
	for i, x := range and.Args {
		if i > 0 {
			w.put(" AND ")
		}
		w.binary(l.Args[i], r.Args[i], callOf(x, 2), "=")
	}
	w.shut()
}

func (w *textWriter) match(e *ast.Match, own Expr) {
	if e.Escape != nil {
		fail(errNoText)
	}
	call := callOf(own, 2)
	if e.Kind != ast.SimilarTo {
		op := matchOps[e.Kind]
		if e.Not {
			op = "!" + op
		}
		w.binary(e.Arg, e.Pattern, call, op)
		return
	}
	w.open()
	w.operand(e.Arg, call, 0, "op1:~")
	w.put(map[bool]string{false: " ~ ", true: " !~ "}[e.Not], "similar_to_escape(")
	w.argument(e.Pattern, callOf(call.Args[1], 1).Args[0], sqltype.TText)
	w.put(")")
	w.shut()
}

// between writes the comparisons that BETWEEN is.
func (w *textWriter) between(e *ast.Between, own Expr) {
	if not, ok := own.(*Not); ok {
		own = not.Arg
	}
	and, ok := own.(*And)
	if !ok || e.Symmetric {
		fail(errNoText)
	}
	ops, sep := []string{">=", "<="}, " AND "
	if e.Not {
		ops, sep = []string{"<", ">"}, " OR "
	}
	w.open()
	w.binary(e.Arg, e.Lo, callOf(and.Args[0], 2), ops[0])
	w.put(sep)
	w.binary(e.Arg, e.Hi, callOf(and.Args[1], 2), ops[1])
	w.shut()
}

// in writes IN of a list as what PostgreSQL makes of it: = ANY of an array.
func (w *textWriter) in(e *ast.In, own Expr) {
	in, ok := own.(*In)
	if !ok {
		fail(errNoText)
	}
	op, word := "=", "ANY"
	if e.Not {
		op, word = "<>", "ALL"
	}
	types := []sqltype.Type{w.exprs[e.Arg].Type()}
	for _, x := range e.List {
		if len(e.List) > 1 && !constant(x) {
			fail(errNoText)
		}
		types = append(types, w.exprs[x].Type())
	}
	as := in.Arg.Type()
	if in.Eq != nil && len(in.Eq.Args) == 2 && in.Eq.Args[0].ID == sqltype.Text {
		as = sqltype.TText
	}
	w.open()
	paren := w.Pretty && sameText(types[0], as) && !w.simple(e.Arg, "op1:"+op)
	if paren {
		w.put("(")
	}
	w.as(e.Arg, as)
	if paren {
		w.put(")")
	}
	w.put(" ", op, " ")
	if len(e.List) == 1 {
		w.as(e.List[0], as)
		w.shut()
		return
	}
	t, err := fn.CommonType("IN", types...)
	if err != nil {
		fail(errNoText)
	}
	t = t.Base()
	array := !sameText(t, as)
	w.put(word, " (")
	if array {
		w.open()
	}
	w.put("ARRAY[")
	for i, x := range e.List {
		if i > 0 {
			w.put(", ")
		}
		w.as(x, t)
	}
	w.put("]")
	if array {
		w.shut()
		w.put("::", w.Names.TypeText(sqltype.ArrayOf(as)))
	}
	w.put(")")
	w.shut()
}

// constant reports whether no column is within an expression.
func constant(e ast.Expr) bool {
	found := false
	ast.Walk(e, func(n any) bool {
		if _, ok := n.(*ast.ColumnRef); ok {
			found = true
		}
		return !found
	})
	return !found
}

func (w *textWriter) distinct(e *ast.IsDistinct, own Expr) {
	d, ok := own.(*IsDistinct)
	if !ok {
		fail(errNoText)
	}
	if e.Not {
		w.open()
		w.put("NOT ")
	}
	w.open()
	w.argument(e.L, d.L, d.L.Type())
	w.put(" IS DISTINCT FROM ")
	w.argument(e.R, d.R, d.R.Type())
	w.shut()
	if e.Not {
		w.shut()
	}
}

func (w *textWriter) list(args []ast.Expr, bound []Expr) {
	w.put("(")
	for i, a := range args {
		if i > 0 {
			w.put(", ")
		}
		w.argument(a, bound[i], bound[i].Type())
	}
	w.put(")")
}

func (w *textWriter) caseText(e *ast.Case, own Expr) {
	c, ok := own.(*Case)
	if !ok || len(c.Conds) != len(e.Whens) {
		fail(errNoText)
	}
	w.line()
	w.put("CASE")
	w.indent += 4
	if e.Arg != nil {
		w.put(" ")
		call := callOf(c.Conds[0], 2)
		w.argument(e.Arg, call.Args[0], argType(call, 0))
	}
	for i, when := range e.Whens {
		w.line()
		w.put("WHEN ")
		if e.Arg != nil {
			call := callOf(c.Conds[i], 2)
			w.argument(when.Cond, call.Args[1], argType(call, 1))
		} else {
			w.show(when.Cond, c.Conds[i], false)
		}
		w.put(" THEN ")
		w.argument(when.Result, c.Results[i], c.Typ)
	}
	w.line()
	w.put("ELSE ")
	if e.Else != nil {
		w.argument(e.Else, c.Else, c.Typ)
	} else {
		w.put("NULL::", w.Names.TypeText(c.Typ.Base()))
	}
	w.indent -= 4
	w.line()
	w.put("END")
}

// cast writes an explicit cast; one that changes nothing is not there.
func (w *textWriter) cast(e *ast.Cast, own Expr) {
	t := own.Type()
	if lit, ok := e.Arg.(*ast.Literal); ok && (lit.Kind == ast.LitString || lit.Kind == ast.LitNull) {
		if t.Base() == t || lit.Kind == ast.LitNull {
			w.literal(lit, own)
			return
		}
		d, err := sqltype.Parse(t.Base(), lit.Text)
		if err != nil {
			fail(errNoText)
		}
		s, _ := w.bare(&Const{Typ: t.Base(), Value: d})
		w.put(s, "::", w.Names.TypeText(t))
		return
	}
	if a, ok := e.Arg.(*ast.Array); ok {
		if x, is := own.(*ArrayExpr); is {
			if len(a.Elems) == 0 {
				w.put("ARRAY[]::", w.Names.TypeText(t))
				return
			}
			w.array(a, x)
			return
		}
	}
	from := w.exprs[e.Arg]
	if from == nil {
		fail(errNoText)
	}
	if from.Type() == t || sameText(from.Type(), t) && t.Base() == t {
		w.node(e.Arg)
		return
	}
	if c, ok := from.(*Const); ok && sameText(c.Typ, t) {
		s, _ := w.bare(c)
		w.put(s, "::", w.Names.TypeText(t))
		return
	}
	w.open()
	w.within(e.Arg, nil, "cast")
	w.shut()
	w.put("::", w.Names.TypeText(t))
}

// array writes ARRAY[…], whose elements have the type that they have become.
func (w *textWriter) array(e *ast.Array, a *ArrayExpr) {
	w.put("ARRAY[")
	for i, x := range e.Elems {
		if i > 0 {
			w.put(", ")
		}
		if inner, ok := x.(*ast.Array); ok {
			if deep, ok := a.Elems[i].(*ArrayExpr); ok {
				w.array(inner, deep)
				continue
			}
		}
		if w.exprs[x] == nil {
			fail(errNoText)
		}
		w.argument(x, a.Elems[i], a.Elems[i].Type())
	}
	w.put("]")
}

func (w *textWriter) index(e *ast.Index, own Expr) {
	call, ok := own.(*Call)
	if !ok || call.Func.Name != "array_get" {
		fail(errNoText)
	}
	_, column := e.Arg.(*ast.ColumnRef)
	if !column {
		w.put("(")
	}
	w.node(e.Arg)
	if !column {
		w.put(")")
	}
	for i, sub := range e.Subs {
		w.put("[")
		w.argument(sub.Lo, call.Args[i+1], sqltype.TInt4)
		w.put("]")
	}
}

func (w *textWriter) column(e *ast.ColumnRef) {
	if e.Star {
		fail(errNoText)
	}
	if w.Value != "" {
		w.put(w.Value)
		return
	}
	if w.qualify && len(e.Names) > 1 {
		w.put(ast.QuoteIdent(e.Names[len(e.Names)-2]), ".")
	}
	w.put(ast.QuoteIdent(e.Names[len(e.Names)-1]))
}
