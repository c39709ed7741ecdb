package parse

import (
	"math/big"
	"strconv"
	"strings"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

func (m *mapper) exprs(ns []*pg.Node) []ast.Expr {
	if len(ns) == 0 {
		return nil
	}
	out := make([]ast.Expr, len(ns))
	for i, n := range ns {
		out[i] = m.expr(n)
	}
	return out
}

// expr maps an expression; nil stays nil.
func (m *mapper) expr(n *pg.Node) ast.Expr {
	if n == nil {
		return nil
	}
	if !m.enter(-1) {
		m.leave()
		return nil
	}
	defer m.leave()
	switch v := n.Node.(type) {
	case *pg.Node_AConst:
		return m.constant(v.AConst)
	case *pg.Node_ColumnRef:
		return m.columnRef(v.ColumnRef)
	case *pg.Node_ParamRef:
		return &ast.Param{Loc: m.loc(v.ParamRef.Location), Number: int(v.ParamRef.Number)}
	case *pg.Node_AExpr:
		return m.aExpr(v.AExpr)
	case *pg.Node_BoolExpr:
		return m.boolExpr(v.BoolExpr)
	case *pg.Node_TypeCast:
		return &ast.Cast{Loc: m.castLoc(v.TypeCast), Arg: m.expr(v.TypeCast.Arg), Type: m.typeName(v.TypeCast.TypeName)}
	case *pg.Node_CurrentOfExpr:
		m.refuseIf(v.CurrentOfExpr.CursorParam != 0, 0, "a parameter here")
		return &ast.CurrentOf{Cursor: v.CurrentOfExpr.CursorName}
	case *pg.Node_CollateClause:
		return &ast.Collate{Loc: m.loc(v.CollateClause.Location), Arg: m.expr(v.CollateClause.Arg), Name: m.strs(v.CollateClause.Collname)}
	case *pg.Node_FuncCall:
		return m.funcCall(v.FuncCall)
	case *pg.Node_NamedArgExpr:
		m.refuseIf(v.NamedArgExpr.Argnumber > 0, v.NamedArgExpr.Location, "a numbered argument")
		return &ast.NamedArg{Loc: m.loc(v.NamedArgExpr.Location), Name: v.NamedArgExpr.Name, Arg: m.expr(v.NamedArgExpr.Arg)}
	case *pg.Node_SqlvalueFunction:
		return m.sqlValue(v.SqlvalueFunction)
	case *pg.Node_NullTest:
		return m.nullTest(v.NullTest)
	case *pg.Node_BooleanTest:
		return m.boolTest(v.BooleanTest)
	case *pg.Node_CaseExpr:
		return m.caseExpr(v.CaseExpr)
	case *pg.Node_CoalesceExpr:
		return &ast.Coalesce{Loc: m.loc(v.CoalesceExpr.Location), Args: m.exprs(v.CoalesceExpr.Args)}
	case *pg.Node_MinMaxExpr:
		return &ast.MinMax{Loc: m.loc(v.MinMaxExpr.Location), Least: v.MinMaxExpr.Op == pg.MinMaxOp_IS_LEAST, Args: m.exprs(v.MinMaxExpr.Args)}
	case *pg.Node_AArrayExpr:
		return &ast.Array{Loc: m.loc(v.AArrayExpr.Location), Elems: m.exprs(v.AArrayExpr.Elements)}
	case *pg.Node_RowExpr:
		return m.rowExpr(v.RowExpr)
	case *pg.Node_AIndirection:
		return m.indirection(v.AIndirection)
	case *pg.Node_SubLink:
		return m.subLink(v.SubLink, false)
	case *pg.Node_GroupingFunc:
		return &ast.Grouping{Loc: m.loc(v.GroupingFunc.Location), Args: m.exprs(v.GroupingFunc.Args)}
	case *pg.Node_MergeSupportFunc:
		return &ast.FuncCall{Loc: m.loc(v.MergeSupportFunc.Location), Name: []string{"merge_action"}}
	case *pg.Node_SetToDefault:
		return &ast.Default{Loc: m.loc(v.SetToDefault.Location)}
	}
	if e, ok := m.jsonExpr(n); ok {
		return e
	}
	m.refuseNode(n, nodeLocation(n))
	return nil
}

// castLoc is where a cast stands: at its operator, or at the type of CAST and of a typed literal.
func (m *mapper) castLoc(c *pg.TypeCast) ast.Loc {
	if c.Location >= 0 {
		return m.loc(c.Location)
	}
	return m.loc(c.GetTypeName().GetLocation())
}

func intLiteral(l ast.Loc, v int32) *ast.Literal {
	return &ast.Literal{Loc: l, Kind: ast.LitInt, Text: strconv.Itoa(int(v))}
}

func boolLiteral(l ast.Loc, v bool) *ast.Literal {
	return &ast.Literal{Loc: l, Kind: ast.LitBool, Text: strconv.FormatBool(v)}
}

// numLiteral makes a literal of a number that does not fit int4: decimal digits,
// hexadecimal, octal or binary, with underscores, a point or an exponent.
func numLiteral(l ast.Loc, text string) *ast.Literal {
	text = strings.ReplaceAll(text, "_", "")
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' && strings.ContainsRune("xXoObB", rune(digits[1])) {
		if i, ok := new(big.Int).SetString(text, 0); ok {
			return &ast.Literal{Loc: l, Kind: ast.LitInt, Text: i.String()}
		}
	}
	kind := ast.LitInt
	if strings.ContainsAny(text, ".eE") {
		kind = ast.LitDecimal
	}
	return &ast.Literal{Loc: l, Kind: kind, Text: text}
}

func (m *mapper) constant(c *pg.A_Const) ast.Expr {
	l := m.loc(c.Location)
	if c.Isnull {
		m.refuseIf(c.Val != nil, c.Location, "a NULL with a value")
		return &ast.Literal{Loc: l, Kind: ast.LitNull}
	}
	switch v := c.Val.(type) {
	case *pg.A_Const_Ival:
		return intLiteral(l, v.Ival.GetIval())
	case *pg.A_Const_Fval:
		return numLiteral(l, v.Fval.GetFval())
	case *pg.A_Const_Boolval:
		return boolLiteral(l, v.Boolval.GetBoolval())
	case *pg.A_Const_Sval:
		return &ast.Literal{Loc: l, Kind: ast.LitString, Text: v.Sval.GetSval()}
	case *pg.A_Const_Bsval:
		return &ast.Literal{Loc: l, Kind: ast.LitBit, Text: v.Bsval.GetBsval()}
	}
	m.refuse(c.Location, "this constant")
	return nil
}

func (m *mapper) columnRef(c *pg.ColumnRef) ast.Expr {
	ref := &ast.ColumnRef{Loc: m.loc(c.Location)}
	for i, f := range c.Fields {
		if _, ok := f.Node.(*pg.Node_AStar); ok {
			m.refuseIf(i != len(c.Fields)-1, c.Location, "a star within a name")
			ref.Star = true
			continue
		}
		ref.Names = append(ref.Names, m.str(f))
	}
	return ref
}

func (m *mapper) rowExpr(r *pg.RowExpr) ast.Expr {
	m.refuseIf(len(r.Colnames) > 0, r.Location, "a row with column names")
	return &ast.Row{Loc: m.loc(r.Location), Args: m.exprs(r.Args), Explicit: r.RowFormat == pg.CoercionForm_COERCE_EXPLICIT_CALL}
}

func (m *mapper) nullTest(t *pg.NullTest) ast.Expr {
	return &ast.IsNull{Loc: m.loc(t.Location), Arg: m.expr(t.Arg), Not: t.Nulltesttype == pg.NullTestType_IS_NOT_NULL}
}

func (m *mapper) boolTest(t *pg.BooleanTest) ast.Expr {
	e := &ast.IsBool{Loc: m.loc(t.Location), Arg: m.expr(t.Arg)}
	switch t.Booltesttype {
	case pg.BoolTestType_IS_TRUE:
		e.Want = 't'
	case pg.BoolTestType_IS_NOT_TRUE:
		e.Want, e.Not = 't', true
	case pg.BoolTestType_IS_FALSE:
		e.Want = 'f'
	case pg.BoolTestType_IS_NOT_FALSE:
		e.Want, e.Not = 'f', true
	case pg.BoolTestType_IS_UNKNOWN:
		e.Want = 'u'
	case pg.BoolTestType_IS_NOT_UNKNOWN:
		e.Want, e.Not = 'u', true
	default:
		m.refuse(t.Location, "this test")
	}
	return e
}

func (m *mapper) caseExpr(c *pg.CaseExpr) ast.Expr {
	e := &ast.Case{Loc: m.loc(c.Location), Arg: m.expr(c.Arg), Else: m.expr(c.Defresult)}
	for _, a := range c.Args {
		w := a.GetCaseWhen()
		if w == nil {
			m.refuseNode(a, c.Location)
			continue
		}
		e.Whens = append(e.Whens, ast.When{Loc: m.loc(w.Location), Cond: m.expr(w.Expr), Result: m.expr(w.Result)})
	}
	return e
}

var sqlValueNames = map[pg.SQLValueFunctionOp]string{
	pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:        "current_date",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME:        "current_time",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N:      "current_time",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:   "current_timestamp",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIME:           "localtime",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIME_N:         "localtime",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:      "localtimestamp",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:    "localtimestamp",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:        "current_role",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_USER:        "current_user",
	pg.SQLValueFunctionOp_SVFOP_USER:                "user",
	pg.SQLValueFunctionOp_SVFOP_SESSION_USER:        "session_user",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:     "current_catalog",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:      "current_schema",
}

func (m *mapper) sqlValue(f *pg.SQLValueFunction) ast.Expr {
	name, ok := sqlValueNames[f.Op]
	m.refuseIf(!ok, f.Location, "this function")
	e := &ast.SQLValue{Loc: m.loc(f.Location), Name: name, Precision: -1}
	switch f.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N,
		pg.SQLValueFunctionOp_SVFOP_LOCALTIME_N, pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		e.Precision = int(f.Typmod)
	}
	return e
}

// indirection turns a chain of subscripts and fields into nested nodes; adjacent
// subscripts stay together, as one access of a multidimensional array.
func (m *mapper) indirection(ind *pg.A_Indirection) ast.Expr {
	e := m.expr(ind.Arg)
	var l ast.Loc
	if e != nil {
		l = ast.Loc(e.Pos())
	}
	for _, n := range ind.Indirection {
		switch v := n.Node.(type) {
		case *pg.Node_String_:
			e = &ast.Field{Loc: l, Arg: e, Name: v.String_.Sval}
		case *pg.Node_AStar:
			e = &ast.Field{Loc: l, Arg: e, Star: true}
		case *pg.Node_AIndices:
			sub := m.subscript(v.AIndices)
			if ix, ok := e.(*ast.Index); ok && n != ind.Indirection[0] {
				ix.Subs = append(ix.Subs, sub)
			} else {
				e = &ast.Index{Loc: l, Arg: e, Subs: []ast.Subscript{sub}}
			}
		default:
			m.refuseNode(n, -1)
		}
	}
	return e
}

func (m *mapper) subscript(ix *pg.A_Indices) ast.Subscript {
	if ix.IsSlice {
		return ast.Subscript{Slice: true, Lo: m.expr(ix.Lidx), Hi: m.expr(ix.Uidx)}
	}
	m.refuseIf(ix.Lidx != nil, -1, "a lower bound of an index")
	return ast.Subscript{Lo: m.expr(ix.Uidx)}
}
