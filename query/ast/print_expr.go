package ast

import (
	"strconv"
	"strings"
)

// String prints an expression in PostgreSQL's words. What it prints parses to an
// equal tree, positions aside.
func String(e Expr) string {
	var p printer
	p.expr(e)
	return p.String()
}

// String prints the type.
func (t *TypeName) String() string {
	var p printer
	p.typeName(t)
	return p.b.String()
}

// String prints the name, quoted where needed.
func (n Name) String() string {
	var p printer
	p.name(n)
	return p.b.String()
}

// StringReplacing prints an expression as String does, but each part of it for which
// replace gives a text by that text.
func StringReplacing(e Expr, replace func(e Expr) (text string, ok bool)) string {
	p := printer{replace: replace}
	p.expr(e)
	return p.String()
}

type printer struct {
	b       strings.Builder
	replace func(e Expr) (string, bool)
}

// String gives what has been printed.
func (p *printer) String() string { return p.b.String() }

func (p *printer) s(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// list prints n items with commas between them.
func (p *printer) list(n int, item func(i int)) {
	for i := 0; i < n; i++ {
		if i > 0 {
			p.s(", ")
		}
		item(i)
	}
}

func (p *printer) exprs(es []Expr) { p.list(len(es), func(i int) { p.expr(es[i]) }) }

func (p *printer) idents(names []string) {
	p.list(len(names), func(i int) { p.s(QuoteIdent(names[i])) })
}

func (p *printer) dotted(names []string) {
	for i, n := range names {
		if i > 0 {
			p.s(".")
		}
		p.s(QuoteIdent(n))
	}
}

func (p *printer) name(n Name) {
	if n.Catalog != "" {
		p.s(QuoteIdent(n.Catalog), ".")
	}
	if n.Schema != "" {
		p.s(QuoteIdent(n.Schema), ".")
	}
	p.s(QuoteIdent(n.Name))
}

// expr prints e where nothing around it can take it apart.
func (p *printer) expr(e Expr) {
	if p.replace != nil && e != nil {
		if text, ok := p.replace(e); ok {
			p.s(text)
			return
		}
	}
	switch e := e.(type) {
	case *Unary:
		p.operator(e.Schema, e.Op)
		p.s(" ")
		p.operand(e.Arg)
	case *Binary:
		p.binary(e)
	case *And:
		p.chain(e.Args, " AND ")
	case *Or:
		p.chain(e.Args, " OR ")
	case *Not:
		p.s("NOT ")
		p.operand(e.Arg)
	case *Between:
		p.operand(e.Arg)
		p.s(not(e.Not), " BETWEEN ")
		if e.Symmetric {
			p.s("SYMMETRIC ")
		}
		p.operand(e.Lo)
		p.s(" AND ")
		p.operand(e.Hi)
	case *In:
		p.operand(e.Arg)
		p.s(not(e.Not), " IN (")
		p.exprs(e.List)
		p.s(")")
	case *InSubquery:
		p.operand(e.Arg)
		p.s(not(e.Not), " IN (")
		p.query(e.Query)
		p.s(")")
	case *Match:
		p.match(e)
	case *IsNull:
		p.operand(e.Arg)
		p.s(" IS", not(e.Not), " NULL")
	case *IsBool:
		p.operand(e.Arg)
		p.s(" IS", not(e.Not), map[byte]string{'t': " TRUE", 'f': " FALSE", 'u': " UNKNOWN"}[e.Want])
	case *IsDistinct:
		p.operand(e.L)
		p.s(" IS", not(e.Not), " DISTINCT FROM ")
		p.operand(e.R)
	case *CurrentOf:
		p.s("CURRENT OF ", QuoteIdent(e.Cursor))
	case *Collate:
		p.operand(e.Arg)
		p.s(" COLLATE ")
		p.dotted(e.Name)
	case *Cast:
		p.operand(e.Arg)
		p.s("::")
		p.typeName(e.Type)
	case *Quantified:
		p.quantified(e)
	case *NamedArg:
		p.s(QuoteIdent(e.Name), " => ")
		p.expr(e.Arg)
	default:
		p.primary(e)
	}
}

func not(n bool) string {
	if n {
		return " NOT"
	}
	return ""
}

// operand prints e in parentheses unless it is a primary.
func (p *printer) operand(e Expr) {
	if isPrimary(e) {
		p.expr(e)
		return
	}
	p.s("(")
	p.expr(e)
	p.s(")")
}

func isPrimary(e Expr) bool {
	switch e := e.(type) {
	case *Unary, *Binary, *And, *Or, *Not, *Between, *In, *InSubquery, *Match, *IsNull, *IsBool, *IsDistinct,
		*Collate, *Quantified, *NamedArg:
		return false
	case *Cast:
		return isPrimary(e.Arg)
	case *Literal:
		return !strings.HasPrefix(e.Text, "-") || e.Kind == LitString
	case *ColumnRef:
		return !e.Star
	case *Field:
		return !e.Star
	}
	return true
}

func (p *printer) chain(args []Expr, word string) {
	for i, a := range args {
		if i > 0 {
			p.s(word)
		}
		p.operand(a)
	}
}

// precedence is how tightly a binary operator binds; comparisons do not associate.
func precedence(e *Binary) int {
	if e.Schema != "" {
		return 2
	}
	switch e.Op {
	case "<", ">", "=", "<=", ">=", "<>":
		return 1
	case "+", "-":
		return 3
	case "*", "/", "%":
		return 4
	case "^":
		return 5
	}
	return 2
}

// binary prints a chain of left-associative operators without parentheses, so that a long
// one does not nest.
func (p *printer) binary(e *Binary) {
	prec := precedence(e)
	if l, ok := e.L.(*Binary); ok && precedence(l) >= prec && prec > 1 {
		p.binary(l)
	} else {
		p.operand(e.L)
	}
	p.s(" ")
	p.operator(e.Schema, e.Op)
	p.s(" ")
	p.operand(e.R)
}

func (p *printer) operator(schema, op string) {
	if schema == "" {
		p.s(op)
		return
	}
	p.s("OPERATOR(", QuoteIdent(schema), ".", op, ")")
}

func (p *printer) match(e *Match) {
	p.operand(e.Arg)
	p.s(not(e.Not), [...]string{" LIKE ", " ILIKE ", " SIMILAR TO "}[e.Kind])
	p.operand(e.Pattern)
	if e.Escape != nil {
		p.s(" ESCAPE ")
		p.operand(e.Escape)
	}
}

// quantified prints x = ANY (…). A subquery in place of the array needs more parentheses,
// or it would be the query.
func (p *printer) quantified(e *Quantified) {
	p.operand(e.Arg)
	p.s(" ")
	p.operator(e.Schema, e.Op)
	if e.All {
		p.s(" ALL (")
	} else {
		p.s(" ANY (")
	}
	switch {
	case e.Query != nil:
		p.query(e.Query)
	default:
		p.expr(e.Array)
	}
	p.s(")")
}

func (p *printer) primary(e Expr) {
	switch e := e.(type) {
	case *Literal:
		p.literal(e)
	case *ColumnRef:
		p.dotted(e.Names)
		if e.Star {
			if len(e.Names) > 0 {
				p.s(".")
			}
			p.s("*")
		}
	case *Param:
		p.s("$", strconv.Itoa(e.Number))
	case *Case:
		p.caseExpr(e)
	case *Coalesce:
		p.call("COALESCE", e.Args)
	case *NullIf:
		p.call("NULLIF", []Expr{e.L, e.R})
	case *MinMax:
		if e.Least {
			p.call("LEAST", e.Args)
		} else {
			p.call("GREATEST", e.Args)
		}
	case *FuncCall:
		p.funcCall(e)
	case *SQLValue:
		p.s(strings.ToUpper(e.Name))
		if e.Precision >= 0 {
			p.s("(", strconv.Itoa(e.Precision), ")")
		}
	case *Array:
		p.s("ARRAY[")
		p.exprs(e.Elems)
		p.s("]")
	case *Row:
		if e.Explicit || len(e.Args) < 2 {
			p.s("ROW")
		}
		p.s("(")
		p.exprs(e.Args)
		p.s(")")
	case *Index:
		p.base(e.Arg)
		p.subscripts(e.Subs)
	case *Field:
		p.base(e.Arg)
		if e.Star {
			p.s(".*")
		} else {
			p.s(".", QuoteIdent(e.Name))
		}
	case *Subquery:
		p.s([...]string{"(", "EXISTS (", "ARRAY("}[e.Kind])
		p.query(e.Query)
		p.s(")")
	case *Grouping:
		p.call("GROUPING", e.Args)
	case *Default:
		p.s("DEFAULT")
	}
}

// base prints what a subscript or a field is taken from: a parameter or a column stands as
// it is, and so do subscripts of them where a field follows.
func (p *printer) base(e Expr) {
	switch e.(type) {
	case *Param:
		p.expr(e)
		return
	case *ColumnRef:
		p.s("(")
		p.expr(e)
		p.s(")")
		return
	case *Field:
		p.expr(e)
		return
	}
	p.s("(")
	p.expr(e)
	p.s(")")
}

func (p *printer) subscripts(subs []Subscript) {
	for _, s := range subs {
		p.s("[")
		if s.Lo != nil {
			p.expr(s.Lo)
		}
		if s.Slice {
			p.s(":")
			if s.Hi != nil {
				p.operand(s.Hi)
			}
		}
		p.s("]")
	}
}

func (p *printer) call(name string, args []Expr) {
	p.s(name, "(")
	p.exprs(args)
	p.s(")")
}

func (p *printer) literal(e *Literal) {
	switch e.Kind {
	case LitNull:
		p.s("NULL")
	case LitBool:
		p.s(e.Text)
	case LitString:
		p.s(QuoteLiteral(e.Text))
	case LitBit:
		p.s(e.Text[:1], QuoteLiteral(e.Text[1:]))
	default:
		p.s(e.Text)
	}
}

func (p *printer) caseExpr(e *Case) {
	p.s("CASE")
	if e.Arg != nil {
		p.s(" ")
		p.operand(e.Arg)
	}
	for _, w := range e.Whens {
		p.s(" WHEN ")
		p.expr(w.Cond)
		p.s(" THEN ")
		p.expr(w.Result)
	}
	if e.Else != nil {
		p.s(" ELSE ")
		p.expr(e.Else)
	}
	p.s(" END")
}

func (p *printer) funcName(name []string) {
	if len(name) == 1 && callWords[name[0]] {
		p.s(name[0])
		return
	}
	p.dotted(name)
}

func (p *printer) funcCall(e *FuncCall) {
	if len(e.Name) == 1 && e.Name[0] == "merge_action" && len(e.Args) == 0 {
		p.s("merge_action()")
		return
	}
	p.funcName(e.Name)
	p.s("(")
	if e.Distinct {
		p.s("DISTINCT ")
	}
	if e.Star {
		p.s("*")
	}
	p.list(len(e.Args), func(i int) {
		if e.Variadic && i == len(e.Args)-1 {
			p.s("VARIADIC ")
		}
		p.expr(e.Args[i])
	})
	if len(e.OrderBy) > 0 && !e.WithinGroup {
		p.orderBy(e.OrderBy)
	}
	p.s(")")
	if e.WithinGroup {
		p.s(" WITHIN GROUP (")
		p.orderBy(e.OrderBy)
		p.s(")")
	}
	if e.Filter != nil {
		p.s(" FILTER (WHERE ")
		p.expr(e.Filter)
		p.s(")")
	}
	if e.Over != nil {
		p.s(" OVER ")
		if e.Over.Name != "" {
			p.s(QuoteIdent(e.Over.Name))
		} else {
			p.window(e.Over)
		}
	}
}

var intervalRanges = map[IntervalFields]string{
	FieldYear: " year", FieldMonth: " month", FieldDay: " day", FieldHour: " hour", FieldMinute: " minute", FieldSecond: " second",
	FieldYear | FieldMonth: " year to month", FieldDay | FieldHour: " day to hour",
	FieldDay | FieldHour | FieldMinute:               " day to minute",
	FieldDay | FieldHour | FieldMinute | FieldSecond: " day to second",
	FieldHour | FieldMinute:                          " hour to minute",
	FieldHour | FieldMinute | FieldSecond:            " hour to second",
	FieldMinute | FieldSecond:                        " minute to second",
}

func (p *printer) typeName(t *TypeName) {
	if t.SetOf {
		p.s("SETOF ")
	}
	if t.Schema != "" {
		p.s(QuoteIdent(t.Schema), ".")
	}
	if t.Schema == "" && typeWords[t.Name] && (t.Name != "bit" || len(t.Mods) > 0) {
		p.s(t.Name, intervalRanges[t.Fields])
	} else if t.Schema == "" && (t.Name == "char" || t.Name == "bit") {
		p.s(`"`, t.Name, `"`) // unquoted they would be char(1) and bit(1)
	} else {
		p.s(QuoteIdent(t.Name))
	}
	if len(t.Mods) > 0 {
		p.s("(")
		p.exprs(t.Mods)
		p.s(")")
	}
	p.s(strings.Repeat("[]", t.Dims))
}
