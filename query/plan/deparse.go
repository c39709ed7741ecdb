package plan

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// Expressions of the catalog are stored as they were written, and shown as PostgreSQL shows
// its own: with the casts that they imply, in parentheses or, where they are to be pretty,
// in those that they need. What was written decides the form, and what it is bound to the
// types. What has no such form is an error, and the caller shows what is stored.

// TextNames shows names as the session finds them.
type TextNames interface {
	TypeText(t sqltype.Type) string
	RelationText(name string) string
}

// TextOptions say how an expression is shown.
type TextOptions struct {
	Names  TextNames
	Pretty bool
	// Value is the name by which the only column is called, for the rules of domains.
	Value string
}

// errNoText says that an expression has no form of PostgreSQL's.
var errNoText = errors.New("no text")

// RowText shows an expression over the columns of a table. A type other than Unknown is what
// it is assigned to, of which nothing is shown but in what a literal becomes.
func RowText(s *Scope, t *catalog.Table, e ast.Expr, want sqltype.Type, o TextOptions) (out string, err error) {
	defer catch(&err)
	b := newBinder(s)
	b.rowOnly = true
	b.opaque = true
	b.texts = &texts{exprs: map[ast.Expr]Expr{}, calls: map[*ast.FuncCall]boundCall{}}
	sc := b.newScope(nil)
	if t != nil {
		ids := make([]Col, len(t.Columns))
		for i, c := range t.Columns {
			ids[i] = b.q.NewCol(c.Name, c.Type)
		}
		sc.add(b.tableEntry(t, t.Name, ids))
	}
	x := b.expr(sc, e)
	if want.ID != sqltype.Unknown {
		x = b.assign(x, want, "", e.Pos())
	} else {
		x = b.settled(x)
	}
	w := &textWriter{TextOptions: o, texts: b.texts}
	w.show(e, x, false)
	return w.buf.String(), nil
}

// texts is what a binder notes for showing what it binds.
type texts struct {
	exprs map[ast.Expr]Expr
	calls map[*ast.FuncCall]boundCall
}

type textWriter struct {
	TextOptions
	*texts
	buf     bytes.Buffer
	indent  int
	qualify bool // columns are shown with their tables
}

func (w *textWriter) put(parts ...string) {
	for _, p := range parts {
		w.buf.WriteString(p)
	}
}

// line begins a new line, without the spaces at the end of the last one.
func (w *textWriter) line() {
	b := w.buf.Bytes()
	w.buf.Truncate(len(bytes.TrimRight(b, " ")))
	w.put("\n", strings.Repeat(" ", max(w.indent, 0)))
}

// open and shut write the parentheses that what is not pretty has.
func (w *textWriter) open() {
	if !w.Pretty {
		w.put("(")
	}
}

func (w *textWriter) shut() {
	if !w.Pretty {
		w.put(")")
	}
}

// show writes an expression that has become x where it stands; implicit asks for the cast
// that makes it so.
func (w *textWriter) show(e ast.Expr, x Expr, implicit bool) {
	if w.literal(e, x) {
		return
	}
	if implicit && x != nil {
		w.as(e, x.Type())
		return
	}
	w.node(e)
}

// as writes an expression where one of a type is asked for.
func (w *textWriter) as(e ast.Expr, want sqltype.Type) {
	own := w.exprs[e]
	if own == nil || want.ID == sqltype.Unknown || sameText(own.Type(), want) {
		w.node(e)
		return
	}
	if lit, ok := e.(*ast.Literal); ok && (lit.Kind == ast.LitString || lit.Kind == ast.LitNull) {
		w.constant(lit, want)
		return
	}
	w.open()
	w.within(e, nil, "cast")
	w.shut()
	w.put("::", w.Names.TypeText(want))
}

// sameText reports whether a value of one type is shown without a cast to the other.
func sameText(a, b sqltype.Type) bool {
	return a.ID == b.ID && a.Elem == b.Elem && (a.OID() == b.OID()) || b.ID == sqltype.Record
}

// literal writes a literal that has taken the type of its place.
func (w *textWriter) literal(e ast.Expr, x Expr) bool {
	lit, ok := e.(*ast.Literal)
	if !ok || lit.Kind != ast.LitString && lit.Kind != ast.LitNull || x == nil {
		return false
	}
	for {
		call, is := x.(*Call)
		if !is || len(call.Args) == 0 {
			break
		}
		if t := call.Typ; t.Reg() == sqltype.RegClass {
			w.put(quoted(w.Names.RelationText(lit.Text)), "::regclass")
			return true
		}
		if inner, ok := call.Args[0].(*Const); ok && inner.Typ.ID == sqltype.Text && call.Typ.ID != sqltype.Text {
			w.put(quoted(lit.Text), "::", w.Names.TypeText(call.Typ.Base())) // 'now' and its like, which are read later
			return true
		}
		x = call.Args[0]
	}
	c, is := x.(*Const)
	if !is {
		return false
	}
	if c.Typ.ID == sqltype.Unknown {
		w.constant(lit, sqltype.TText)
		return true
	}
	w.value(c)
	return true
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (w *textWriter) constant(lit *ast.Literal, t sqltype.Type) {
	if lit.Kind == ast.LitNull {
		w.put("NULL::", w.Names.TypeText(t.Base()))
		return
	}
	d, err := sqltype.Parse(t.Base(), lit.Text)
	if err != nil {
		fail(errNoText)
	}
	w.value(&Const{Typ: t.Base(), Value: d})
}

// value writes a constant with the label that it needs.
func (w *textWriter) value(c *Const) {
	s, label := w.bare(c)
	w.put(s)
	if label {
		w.put("::", w.Names.TypeText(c.Typ))
	}
}

// bare is a constant without a label, and whether it needs one.
func (w *textWriter) bare(c *Const) (s string, label bool) {
	if c.Value.Null {
		return "NULL", true
	}
	s = sqltype.FormatText(c.Typ, c.Value)
	switch c.Typ.ID {
	case sqltype.Bool:
		return map[bool]string{true: "true", false: "false"}[c.Value.Int != 0], false
	case sqltype.Int4:
		if c.Value.Int >= 0 {
			return s, false
		}
	case sqltype.Numeric:
		if s[0] >= '0' && s[0] <= '9' && strings.ContainsAny(s, "eE.") {
			return s, false
		}
	case sqltype.Bit, sqltype.Varbit:
		return "B" + quoted(s), true
	}
	return quoted(s), true
}

// within writes a part of an expression, in parentheses where it would be read otherwise.
// what is what it is a part of.
func (w *textWriter) within(e ast.Expr, x Expr, what string) {
	paren := w.Pretty && !w.simple(e, what)
	if paren {
		w.put("(")
	}
	w.show(e, x, what != "bool" && what != "cast")
	if paren {
		w.put(")")
	}
}

// simple reports whether an expression needs no parentheses as a part of another: of an
// operator "op:+" ("op1:+" as its first operand), of "bool:and" and its like, of a test or a cast.
func (w *textWriter) simple(e ast.Expr, what string) bool {
	kind, isBool := strings.CutPrefix(what, "bool")
	switch e := e.(type) {
	case *ast.And:
		return isBool && (kind == ":and" || kind == ":or")
	case *ast.Or:
		return isBool && kind == ":or"
	case *ast.Not:
		return isBool && kind != ":not"
	case *ast.Between: // comparisons joined by AND, or by OR where it is negated
		return isBool && (kind == ":or" || kind == ":and" && !e.Not)
	case *ast.Binary:
		if isBool || what == "list" {
			return true
		}
		first := strings.HasPrefix(what, "op1:")
		parent := what[strings.Index(what, ":")+1:]
		rank := func(op string) int { return map[string]int{"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}[op] }
		if !strings.HasPrefix(what, "op") || rank(e.Op) == 0 || rank(parent) == 0 {
			return false
		}
		return rank(e.Op) > rank(parent) || rank(e.Op) == rank(parent) && first
	case *ast.Unary, *ast.IsNull, *ast.IsBool, *ast.IsDistinct, *ast.In, *ast.Match, *ast.Quantified:
		if u, ok := e.(*ast.Unary); ok {
			if lit, ok := u.Arg.(*ast.Literal); ok && lit.Kind != ast.LitString {
				return true
			}
		}
		return isBool || what == "list"
	case *ast.Collate:
		return false
	case *ast.Cast: // one that reads or writes text is only as simple as what it is of
		own, from := w.exprs[e], w.exprs[e.Arg]
		if own != nil && from != nil && (own.Type().Category() == 'S' || from.Type().Category() == 'S') {
			return w.simple(e.Arg, "cast")
		}
	}
	return true
}

// node writes an expression as it is before anything asks for another type.
func (w *textWriter) node(e ast.Expr) {
	own := w.exprs[e]
	if own == nil {
		fail(errNoText)
	}
	switch e := e.(type) {
	case *ast.Literal:
		c, ok := own.(*Const)
		if !ok {
			fail(errNoText)
		}
		if c.Typ.ID == sqltype.Unknown {
			w.constant(e, sqltype.TText)
			return
		}
		w.value(c)
	case *ast.ColumnRef:
		w.column(e)
	case *ast.Unary:
		w.unary(e, own)
	case *ast.Binary:
		if l, ok := e.L.(*ast.Row); ok {
			w.rows(l, e, own)
			return
		}
		w.binary(e.L, e.R, callOf(own, 2), e.Op)
	case *ast.Match:
		w.match(e, own)
	case *ast.And:
		w.logic(e.Args, "and", " AND ")
	case *ast.Or:
		w.logic(e.Args, "or", " OR ")
	case *ast.Not:
		w.open()
		w.put("NOT ")
		w.within(e.Arg, nil, "bool:not")
		w.shut()
	case *ast.Between:
		w.between(e, own)
	case *ast.In:
		w.in(e, own)
	default:
		w.other(e, own)
	}
}

// other writes the expressions that are no operators.
func (w *textWriter) other(e ast.Expr, own Expr) {
	switch e := e.(type) {
	case *ast.IsNull:
		if _, row := e.Arg.(*ast.Row); row {
			fail(errNoText)
		}
		w.open()
		w.within(e.Arg, own.(*IsNull).Arg, "test")
		w.put(map[bool]string{false: " IS NULL", true: " IS NOT NULL"}[e.Not])
		w.shut()
	case *ast.IsBool:
		w.open()
		w.within(e.Arg, own.(*IsBool).Arg, "test")
		w.put(" IS", notText(e.Not), " ", map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[e.Want])
		w.shut()
	case *ast.IsDistinct:
		w.distinct(e, own)
	case *ast.Case:
		w.caseText(e, own)
	case *ast.Coalesce:
		w.put("COALESCE")
		w.list(e.Args, own.(*Coalesce).Args)
	case *ast.MinMax:
		w.put(map[bool]string{false: "GREATEST", true: "LEAST"}[e.Least])
		w.list(e.Args, callOf(own, len(e.Args)).Args)
	case *ast.NullIf:
		c, ok := own.(*Case)
		if !ok || len(c.Conds) != 1 {
			fail(errNoText)
		}
		w.put("NULLIF")
		w.list([]ast.Expr{e.L, e.R}, callOf(c.Conds[0], 2).Args)
	case *ast.Cast:
		w.cast(e, own)
	case *ast.Collate:
		w.open()
		w.within(e.Arg, own, "op:")
		w.put(" COLLATE ", ast.QuoteIdent(e.Name[len(e.Name)-1]))
		if name := e.Name[len(e.Name)-1]; strings.ToLower(name) != name {
			w.buf.Truncate(w.buf.Len() - len(ast.QuoteIdent(name)))
			w.put(`"`, name, `"`)
		}
		w.shut()
	case *ast.FuncCall:
		w.call(e, own)
	case *ast.SQLValue:
		w.put(strings.ToUpper(e.Name))
		if e.Precision >= 0 {
			w.put(fmt.Sprintf("(%d)", e.Precision))
		}
	case *ast.Array:
		a, ok := own.(*ArrayExpr)
		if !ok {
			fail(errNoText)
		}
		w.array(e, a)
	case *ast.Index:
		w.index(e, own)
	case *ast.Quantified:
		w.quantified(e, own)
	case *ast.Grouping:
		w.put("GROUPING(")
		for i, a := range e.Args {
			if i > 0 {
				w.put(", ")
			}
			w.node(a)
		}
		w.put(")")
	default:
		w.subquery(e)
	}
}

// callOf is the call that an expression is bound to, of so many arguments.
func callOf(x Expr, n int) *Call {
	c, ok := x.(*Call)
	if !ok || len(c.Args) != n {
		fail(errNoText)
	}
	return c
}

// argType is the type that a call has its argument as: that which the function names where
// the value is held in the same way.
func argType(c *Call, i int) sqltype.Type {
	t := c.Args[i].Type()
	if i < len(c.Func.Args) && c.Func.Args[i].ID == sqltype.Text && (t.ID == sqltype.Varchar || t.ID == sqltype.Name) {
		return sqltype.TText
	}
	return t
}

// operand writes an argument of an operator.
func (w *textWriter) operand(e ast.Expr, c *Call, i int, what string) {
	paren := w.Pretty && !w.casts(e, c.Args[i], argType(c, i)) && !w.simple(e, what)
	if paren {
		w.put("(")
	}
	w.argument(e, c.Args[i], argType(c, i))
	if paren {
		w.put(")")
	}
}

// casts reports whether an argument is shown with a cast, which has its own parentheses.
func (w *textWriter) casts(e ast.Expr, x Expr, want sqltype.Type) bool {
	own := w.exprs[e]
	return own != nil && !sameText(own.Type(), want)
}

// argument writes what has become x and is taken as a type.
func (w *textWriter) argument(e ast.Expr, x Expr, want sqltype.Type) {
	if !w.literal(e, x) {
		w.as(e, want)
	}
}

func (w *textWriter) unary(e *ast.Unary, own Expr) {
	if c, ok := own.(*Const); ok { // a negative number
		w.value(c)
		return
	}
	call := callOf(own, 1)
	w.open()
	w.put(e.Op, " ")
	w.operand(e.Arg, call, 0, "op:"+e.Op)
	w.shut()
}

func (w *textWriter) binary(l, r ast.Expr, call *Call, op string) {
	if op == "!=" {
		op = "<>"
	}
	w.open()
	w.operand(l, call, 0, "op1:"+op)
	w.put(" ", op, " ")
	w.operand(r, call, 1, "op:"+op)
	w.shut()
}

func (w *textWriter) logic(args []ast.Expr, kind, sep string) {
	w.open()
	for i, a := range args {
		if i > 0 {
			w.put(sep)
		}
		w.within(a, nil, "bool:"+kind)
	}
	w.shut()
}
