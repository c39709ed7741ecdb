package parse

import (
	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

// aExpr maps the grammar's node for operators and for what it treats as such.
func (m *mapper) aExpr(e *pg.A_Expr) ast.Expr {
	l := m.loc(e.Location)
	schema, op := m.opName(e.Name, e.Location)
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		if e.Lexpr == nil {
			return &ast.Unary{Loc: l, Op: op, Schema: schema, Arg: m.expr(e.Rexpr)}
		}
		return &ast.Binary{Loc: l, Op: op, Schema: schema, L: m.expr(e.Lexpr), R: m.expr(e.Rexpr)}
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		return &ast.Quantified{Loc: l, Op: op, Schema: schema, Arg: m.expr(e.Lexpr), Array: m.expr(e.Rexpr),
			All: e.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL}
	}
	m.refuseIf(schema != "", e.Location, "a schema of this operator")
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		m.refuseIf(op != "=", e.Location, "IS DISTINCT FROM with operator %s", op)
		return &ast.IsDistinct{Loc: l, L: m.expr(e.Lexpr), R: m.expr(e.Rexpr), Not: e.Kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT}
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		m.refuseIf(op != "=", e.Location, "NULLIF with operator %s", op)
		return &ast.NullIf{Loc: l, L: m.expr(e.Lexpr), R: m.expr(e.Rexpr)}
	case pg.A_Expr_Kind_AEXPR_IN:
		m.refuseIf(op != "=" && op != "<>", e.Location, "IN with operator %s", op)
		return &ast.In{Loc: l, Arg: m.expr(e.Lexpr), List: m.list(e.Rexpr, e.Location), Not: op == "<>"}
	case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_SIMILAR:
		return m.match(e, op)
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return m.between(e, op)
	}
	m.refuse(e.Location, "operator %s", op)
	return nil
}

// list maps a List of expressions.
func (m *mapper) list(n *pg.Node, location int32) []ast.Expr {
	l, ok := n.GetNode().(*pg.Node_List)
	if !ok {
		m.refuse(location, "this list")
		return nil
	}
	return m.exprs(l.List.Items)
}

var betweenNames = map[pg.A_Expr_Kind]string{
	pg.A_Expr_Kind_AEXPR_BETWEEN: "BETWEEN", pg.A_Expr_Kind_AEXPR_NOT_BETWEEN: "NOT BETWEEN",
	pg.A_Expr_Kind_AEXPR_BETWEEN_SYM:     "BETWEEN SYMMETRIC",
	pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM: "NOT BETWEEN SYMMETRIC",
}

func (m *mapper) between(e *pg.A_Expr, op string) ast.Expr {
	m.refuseIf(op != betweenNames[e.Kind], e.Location, "BETWEEN with operator %s", op)
	b := &ast.Between{Loc: m.loc(e.Location), Arg: m.expr(e.Lexpr)}
	if bounds := m.list(e.Rexpr, e.Location); len(bounds) == 2 {
		b.Lo, b.Hi = bounds[0], bounds[1]
	} else {
		m.refuse(e.Location, "BETWEEN with %d bounds", len(bounds))
	}
	b.Not = e.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN || e.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM
	b.Symmetric = e.Kind == pg.A_Expr_Kind_AEXPR_BETWEEN_SYM || e.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM
	return b
}

// match maps LIKE, ILIKE and SIMILAR TO. The grammar wraps a pattern with ESCAPE
// into a call of like_escape, and every pattern of SIMILAR TO into similar_to_escape.
func (m *mapper) match(e *pg.A_Expr, op string) ast.Expr {
	x := &ast.Match{Loc: m.loc(e.Location), Arg: m.expr(e.Lexpr)}
	kind, plain, negated, wrapper := ast.Like, "~~", "!~~", "like_escape"
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_ILIKE:
		kind, plain, negated = ast.ILike, "~~*", "!~~*"
	case pg.A_Expr_Kind_AEXPR_SIMILAR:
		kind, plain, negated, wrapper = ast.SimilarTo, "~", "!~", "similar_to_escape"
	}
	x.Kind, x.Not = kind, op == negated
	m.refuseIf(op != plain && op != negated, e.Location, "a pattern match with operator %s", op)
	f := e.Rexpr.GetFuncCall()
	if f == nil || !isSystemCall(f, wrapper) || len(f.Args) == 0 || len(f.Args) > 2 {
		m.refuseIf(kind == ast.SimilarTo, e.Location, "this form of SIMILAR TO")
		x.Pattern = m.expr(e.Rexpr)
		return x
	}
	x.Pattern = m.expr(f.Args[0])
	if len(f.Args) == 2 {
		x.Escape = m.expr(f.Args[1])
	}
	return x
}

// isSystemCall says whether f is nothing but a call of pg_catalog.name made by the grammar.
func isSystemCall(f *pg.FuncCall, name string) bool {
	return len(f.Funcname) == 2 && f.Funcname[0].GetString_().GetSval() == "pg_catalog" &&
		f.Funcname[1].GetString_().GetSval() == name && len(f.AggOrder) == 0 && f.AggFilter == nil &&
		f.Over == nil && !f.AggWithinGroup && !f.AggStar && !f.AggDistinct && !f.FuncVariadic
}

// boolExpr maps AND, OR and NOT; chains are flattened without recursion on their length.
func (m *mapper) boolExpr(b *pg.BoolExpr) ast.Expr {
	l := m.loc(b.Location)
	if b.Boolop == pg.BoolExprType_NOT_EXPR {
		if len(b.Args) != 1 {
			m.refuse(b.Location, "NOT with %d arguments", len(b.Args))
			return nil
		}
		if s, ok := b.Args[0].Node.(*pg.Node_SubLink); ok && isIn(s.SubLink) {
			return m.subLink(s.SubLink, true)
		}
		return &ast.Not{Loc: l, Arg: m.expr(b.Args[0])}
	}
	args := m.flatten(nil, b)
	switch b.Boolop {
	case pg.BoolExprType_AND_EXPR:
		return &ast.And{Loc: l, Args: args}
	case pg.BoolExprType_OR_EXPR:
		return &ast.Or{Loc: l, Args: args}
	}
	m.refuse(b.Location, "this connective")
	return nil
}

func (m *mapper) flatten(dst []ast.Expr, b *pg.BoolExpr) []ast.Expr {
	if !m.enter(b.Location) {
		m.leave()
		return dst
	}
	defer m.leave()
	for _, a := range b.Args {
		if inner := a.GetBoolExpr(); inner != nil && inner.Boolop == b.Boolop {
			dst = m.flatten(dst, inner)
			continue
		}
		dst = append(dst, m.expr(a))
	}
	return dst
}

func isIn(s *pg.SubLink) bool {
	return s.SubLinkType == pg.SubLinkType_ANY_SUBLINK && len(s.OperName) == 0
}

func (m *mapper) subLink(s *pg.SubLink, not bool) ast.Expr {
	l := m.loc(s.Location)
	m.refuseIf(s.SubLinkId != 0, s.Location, "a numbered subquery")
	q := m.subquery(s.Subselect, s.Location)
	switch s.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK, pg.SubLinkType_EXPR_SUBLINK, pg.SubLinkType_ARRAY_SUBLINK:
		m.refuseIf(s.Testexpr != nil || len(s.OperName) > 0, s.Location, "a test on this subquery")
		kind := ast.ScalarSubquery
		if s.SubLinkType == pg.SubLinkType_EXISTS_SUBLINK {
			kind = ast.ExistsSubquery
		} else if s.SubLinkType == pg.SubLinkType_ARRAY_SUBLINK {
			kind = ast.ArraySubquery
		}
		return &ast.Subquery{Loc: l, Kind: kind, Query: q}
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		if isIn(s) {
			return &ast.InSubquery{Loc: l, Arg: m.expr(s.Testexpr), Query: q, Not: not}
		}
		schema, op := m.opName(s.OperName, s.Location)
		return &ast.Quantified{Loc: l, Op: op, Schema: schema, Arg: m.expr(s.Testexpr), Query: q,
			All: s.SubLinkType == pg.SubLinkType_ALL_SUBLINK}
	}
	m.refuse(s.Location, "this subquery")
	return nil
}

func (m *mapper) subquery(n *pg.Node, location int32) *ast.Select {
	s := n.GetSelectStmt()
	if s == nil {
		m.refuseNode(n, location)
		return nil
	}
	return m.selectStmt(s)
}

func (m *mapper) funcCall(f *pg.FuncCall) ast.Expr {
	c := &ast.FuncCall{
		Loc: m.loc(f.Location), Name: m.strs(f.Funcname), Args: m.exprs(f.Args),
		Star: f.AggStar, Distinct: f.AggDistinct, Variadic: f.FuncVariadic,
		OrderBy: m.orderBy(f.AggOrder), WithinGroup: f.AggWithinGroup, Filter: m.expr(f.AggFilter),
	}
	if f.Funcformat == pg.CoercionForm_COERCE_SQL_SYNTAX && len(c.Name) == 2 && c.Name[0] == "pg_catalog" {
		c.Name = c.Name[1:]
	}
	if f.Over != nil {
		c.Over = m.window(f.Over)
	}
	return c
}
