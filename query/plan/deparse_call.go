package plan

import (
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// call writes a call of a function, those that SQL has words for with them.
func (w *textWriter) call(e *ast.FuncCall, own Expr) {
	name := e.Name[len(e.Name)-1]
	if _, known := w.calls[e]; known {
		w.aggregate(e)
		return
	}
	if strings.HasPrefix(name, ast.SQLJSON) || e.Over != nil || e.WithinGroup || e.Filter != nil || len(e.OrderBy) > 0 || e.Star || e.Distinct {
		fail(errNoText)
	}
	if len(e.Name) > 1 && e.Name[0] != catalog.SystemSchema { // a user's, which is shown as it is stored
		fail(errNoText)
	}
	if isSequenceCall(name) {
		w.sequence(e, name)
		return
	}
	call := callOf(own, len(e.Args))
	types := make([]sqltype.Type, len(e.Args))
	for i, a := range e.Args {
		if _, named := a.(*ast.NamedArg); named {
			fail(errNoText)
		}
		types[i] = argType(call, i)
	}
	if w.worded(name, e, call) {
		return
	}
	w.put(functionName(name), "(")
	for i, a := range e.Args {
		if i > 0 {
			w.put(", ")
		}
		if e.Variadic && i == len(e.Args)-1 {
			w.put("VARIADIC ")
		}
		w.argument(a, call.Args[i], types[i])
	}
	w.put(")")
}

// functionName quotes a name where the word means something else before a parenthesis.
func functionName(name string) string {
	if name == "left" || name == "right" {
		return `"` + name + `"`
	}
	return ast.QuoteIdent(name)
}

// sequence writes nextval and its like, whose argument is a relation.
func (w *textWriter) sequence(e *ast.FuncCall, name string) {
	w.put(name, "(")
	for i, a := range e.Args {
		if c, ok := a.(*ast.Cast); ok && i == 0 && c.Type.Name == "regclass" {
			a = c.Arg
		}
		if i > 0 {
			w.put(", ")
			w.node(a)
			continue
		}
		lit, ok := a.(*ast.Literal)
		if !ok {
			fail(errNoText)
		}
		w.put(quoted(w.Names.RelationText(lit.Text)), "::regclass")
	}
	w.put(")")
}

// worded writes the calls for which SQL has a form of their own.
func (w *textWriter) worded(name string, e *ast.FuncCall, call *Call) bool {
	arg := func(i int) { w.argument(e.Args[i], call.Args[i], argType(call, i)) }
	switch {
	case name == "timezone" && len(e.Args) == 2:
		w.put("(")
		w.operand(e.Args[1], call, 1, "op1:")
		w.put(" AT TIME ZONE ")
		w.operand(e.Args[0], call, 0, "op:")
		w.put(")")
	case name == "extract" && len(e.Args) == 2:
		field, ok := e.Args[0].(*ast.Literal)
		if !ok {
			return false
		}
		w.put("EXTRACT(", field.Text, " FROM ")
		arg(1)
		w.put(")")
	case name == "btrim":
		w.put("TRIM(BOTH")
		if len(e.Args) == 2 {
			w.put(" ")
			arg(1)
		}
		w.put(" FROM ")
		arg(0)
		w.put(")")
	case name == "position" && len(e.Args) == 2:
		w.put("POSITION((")
		arg(1)
		w.put(") IN (")
		arg(0)
		w.put("))")
	case name == "overlay" && len(e.Args) >= 3:
		w.put("OVERLAY(")
		arg(0)
		w.put(" PLACING ")
		arg(1)
		w.put(" FROM ")
		arg(2)
		if len(e.Args) == 4 {
			w.put(" FOR ")
			arg(3)
		}
		w.put(")")
	default:
		return false
	}
	return true
}

// quantified writes op ANY (array) and op ALL (array).
func (w *textWriter) quantified(e *ast.Quantified, own Expr) {
	arg := w.exprs[e.Arg]
	if e.Query != nil || arg == nil {
		fail(errNoText)
	}
	elem := w.elemType(e.Array, arg.Type(), own)
	f, want, err := fn.ResolveOp(e.Op, arg.Type().Base(), elem)
	if err != nil {
		fail(errNoText)
	}
	typed := func(i int, t sqltype.Type) sqltype.Type {
		if i < len(f.Args) && f.Args[i].ID == sqltype.Text && (t.ID == sqltype.Varchar || t.ID == sqltype.Name) {
			return sqltype.TText
		}
		return want[i]
	}
	word := map[bool]string{false: " ANY (", true: " ALL ("}[e.All]
	w.open()
	w.as(e.Arg, typed(0, arg.Type()))
	w.put(" ", e.Op, word)
	to := typed(1, elem)
	cast := !sameText(elem, to)
	if cast {
		w.open()
	}
	elems := func(a *ast.Array) {
		w.put("ARRAY[")
		for i, x := range a.Elems {
			if i > 0 {
				w.put(", ")
			}
			w.as(x, elem)
		}
		w.put("]")
	}
	switch a := e.Array.(type) {
	case *ast.Array:
		elems(a)
	case *ast.Literal:
		w.constant(a, sqltype.ArrayOf(elem))
	case *ast.Cast:
		if array, ok := a.Arg.(*ast.Array); ok && written(a) != nil {
			elems(array)
			break
		}
		w.node(a)
	default:
		w.node(e.Array)
	}
	if cast {
		w.shut()
		w.put("::", w.Names.TypeText(sqltype.ArrayOf(to)))
	}
	w.put(")")
	w.shut()
}

// elemType is the type of an array's elements.
func (w *textWriter) elemType(e ast.Expr, arg sqltype.Type, own Expr) sqltype.Type {
	if in, ok := own.(*In); ok && len(in.List) > 0 {
		if _, cast := e.(*ast.Cast); cast {
			return in.List[0].Type().Base()
		}
	}
	switch a := e.(type) {
	case *ast.Array:
		var types []sqltype.Type
		for _, x := range a.Elems {
			if w.exprs[x] == nil {
				fail(errNoText)
			}
			types = append(types, w.exprs[x].Type())
		}
		t, err := fn.CommonType("ARRAY", types...)
		if err != nil || t.ID == sqltype.Array {
			fail(errNoText)
		}
		if t.ID == sqltype.Unknown {
			return sqltype.TText
		}
		return t.Base()
	case *ast.Literal:
		return arg.Base()
	}
	own = w.exprs[e]
	if own == nil || own.Type().ID != sqltype.Array {
		fail(errNoText)
	}
	return own.Type().ElemType().Base()
}
