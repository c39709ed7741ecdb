package parse

import (
	"strings"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

// SQL/JSON becomes calls of functions whose names no user writes without quotes, with
// the clauses as constant arguments: see package plan. The constructors that are aggregates
// become calls of the aggregates that PostgreSQL has for them.

func text(l ast.Loc, s string) ast.Expr {
	return &ast.Literal{Loc: l, Kind: ast.LitString, Text: s}
}

func null(l ast.Loc) ast.Expr { return &ast.Literal{Loc: l, Kind: ast.LitNull} }

func flag(on bool, s string) string {
	if on {
		return s
	}
	return ""
}

// jsonExpr maps the SQL/JSON expressions; ok is false for any other.
func (m *mapper) jsonExpr(n *pg.Node) (e ast.Expr, ok bool) {
	switch v := n.Node.(type) {
	case *pg.Node_JsonIsPredicate:
		return m.isJSON(v.JsonIsPredicate), true
	case *pg.Node_JsonParseExpr:
		j := v.JsonParseExpr
		m.refuseIf(j.Output != nil, j.Location, "RETURNING in JSON")
		return m.jsonCall("json", j.Location, m.jsonValue(j.Expr, j.Location), text(m.loc(j.Location), flag(j.UniqueKeys, "u"))), true
	case *pg.Node_JsonScalarExpr:
		j := v.JsonScalarExpr
		m.refuseIf(j.Output != nil, j.Location, "RETURNING in JSON_SCALAR")
		return m.jsonCall("json_scalar", j.Location, m.expr(j.Expr)), true
	case *pg.Node_JsonSerializeExpr:
		j := v.JsonSerializeExpr
		return m.jsonCall("json_serialize", j.Location, m.jsonValue(j.Expr, j.Location), m.jsonOutput(j.Output, j.Location)), true
	case *pg.Node_JsonObjectConstructor:
		return m.jsonObject(v.JsonObjectConstructor), true
	case *pg.Node_JsonArrayConstructor:
		return m.jsonArray(v.JsonArrayConstructor), true
	case *pg.Node_JsonArrayQueryConstructor:
		return m.jsonArrayQuery(v.JsonArrayQueryConstructor), true
	case *pg.Node_JsonArrayAgg:
		j := v.JsonArrayAgg
		return m.jsonAgg(j.Constructor, "_agg"+flag(j.AbsentOnNull, "_strict"), m.jsonValue(j.Arg, -1)), true
	case *pg.Node_JsonObjectAgg:
		j := v.JsonObjectAgg
		name := "_object_agg" + flag(j.Unique, "_unique") + flag(j.AbsentOnNull, "_strict")
		return m.jsonAgg(j.Constructor, name, m.expr(j.Arg.GetKey()), m.jsonValue(j.Arg.GetValue(), -1)), true
	case *pg.Node_JsonFuncExpr:
		return m.jsonFunc(v.JsonFuncExpr), true
	}
	return nil, false
}

// jsonCall makes the call of one of the functions.
func (m *mapper) jsonCall(name string, location int32, args ...ast.Expr) *ast.FuncCall {
	return &ast.FuncCall{Loc: m.loc(location), Name: []string{ast.SQLJSON + name}, Args: args}
}

// jsonValue maps a value with its FORMAT.
func (m *mapper) jsonValue(v *pg.JsonValueExpr, location int32) ast.Expr {
	if v == nil {
		return nil
	}
	m.refuseIf(v.FormattedExpr != nil, location, "a formatted JSON value")
	e := m.expr(v.RawExpr)
	if m.jsonFormat(v.Format, location) {
		return m.jsonCall("format", v.Format.Location, e)
	}
	return e
}

// jsonFormat reports whether FORMAT JSON was written.
func (m *mapper) jsonFormat(f *pg.JsonFormat, location int32) bool {
	m.refuseIf(f.GetEncoding() > pg.JsonEncoding_JS_ENC_DEFAULT, location, "ENCODING of JSON")
	m.refuseIf(f.GetFormatType() == pg.JsonFormatType_JS_FORMAT_JSONB, location, "FORMAT JSONB")
	return f.GetFormatType() == pg.JsonFormatType_JS_FORMAT_JSON
}

// jsonOutput is a NULL of the type of RETURNING, or an untyped one.
func (m *mapper) jsonOutput(o *pg.JsonOutput, location int32) ast.Expr {
	if o == nil {
		return null(m.loc(location))
	}
	r := o.Returning
	m.jsonFormat(r.GetFormat(), location)
	m.refuseIf(r.GetTypid() != 0 || r.GetTypmod() > 0, location, "a resolved type in RETURNING")
	t := m.typeName(o.TypeName)
	return &ast.Cast{Loc: m.loc(location), Arg: null(m.loc(location)), Type: t}
}

var jsonKinds = map[pg.JsonValueType]string{
	pg.JsonValueType_JS_TYPE_ANY: "v", pg.JsonValueType_JS_TYPE_OBJECT: "o", pg.JsonValueType_JS_TYPE_ARRAY: "a", pg.JsonValueType_JS_TYPE_SCALAR: "s",
}

func (m *mapper) isJSON(j *pg.JsonIsPredicate) ast.Expr {
	m.refuseIf(m.jsonFormat(j.Format, j.Location), j.Location, "FORMAT in IS JSON")
	kind := jsonKinds[j.ItemType]
	m.refuseIf(kind == "", j.Location, "this test of JSON")
	return m.jsonCall("is_json", j.Location, m.expr(j.Expr), text(m.loc(j.Location), kind+flag(j.UniqueKeys, "u")))
}

func (m *mapper) jsonObject(j *pg.JsonObjectConstructor) ast.Expr {
	c := m.jsonCall("json_object", j.Location, text(m.loc(j.Location), flag(j.AbsentOnNull, "a")+flag(j.Unique, "u")), m.jsonOutput(j.Output, j.Location))
	for _, n := range j.Exprs {
		kv := n.GetJsonKeyValue()
		if kv == nil {
			m.refuseNode(n, j.Location)
			continue
		}
		c.Args = append(c.Args, m.expr(kv.Key), m.jsonValue(kv.Value, j.Location))
	}
	return c
}

func (m *mapper) jsonArray(j *pg.JsonArrayConstructor) ast.Expr {
	c := m.jsonCall("json_array", j.Location, text(m.loc(j.Location), flag(j.AbsentOnNull, "a")), m.jsonOutput(j.Output, j.Location))
	for _, n := range j.Exprs {
		v := n.GetJsonValueExpr()
		if v == nil {
			m.refuseNode(n, j.Location)
			continue
		}
		c.Args = append(c.Args, m.jsonValue(v, j.Location))
	}
	return c
}

// jsonArrayQuery is JSON_ARRAYAGG over a query.
func (m *mapper) jsonArrayQuery(j *pg.JsonArrayQueryConstructor) ast.Expr {
	l := m.loc(j.Location)
	m.refuseIf(m.jsonFormat(j.Format, j.Location), j.Location, "FORMAT of JSON_ARRAY over a query")
	con := &pg.JsonAggConstructor{Output: j.Output, Location: j.Location}
	agg := m.jsonAgg(con, "_agg"+flag(j.AbsentOnNull, "_strict"), &ast.ColumnRef{Loc: l, Names: []string{"q", "a"}})
	from := &ast.SubqueryRef{Loc: l, Query: m.subquery(j.Query, j.Location), Alias: &ast.Alias{Name: "q", Columns: []string{"a"}}}
	sel := &ast.Select{Targets: []ast.Target{{Loc: l, Expr: agg, Alias: "json_array"}}, From: []ast.TableExpr{from}}
	return &ast.Subquery{Loc: l, Query: sel}
}

// jsonAgg maps an aggregate to that of json or jsonb, cast where another type is wanted.
func (m *mapper) jsonAgg(j *pg.JsonAggConstructor, name string, args ...ast.Expr) ast.Expr {
	out, _ := m.jsonOutput(j.GetOutput(), j.GetLocation()).(*ast.Cast)
	typ := "json"
	if out != nil && out.Type.Name == "jsonb" && len(out.Type.Mods) == 0 {
		typ = "jsonb"
	}
	c := m.jsonCall(typ+name, j.GetLocation(), args...)
	c.Filter, c.OrderBy = m.expr(j.GetAggFilter()), m.orderBy(j.GetAggOrder())
	if j.GetOver() != nil {
		c.Over = m.window(j.GetOver())
	}
	if out == nil {
		return c
	}
	return &ast.Cast{Loc: c.Loc, Arg: c, Type: out.Type}
}

var jsonBehaviors = map[pg.JsonBehaviorType]string{
	pg.JsonBehaviorType_JSON_BEHAVIOR_NULL: "n", pg.JsonBehaviorType_JSON_BEHAVIOR_ERROR: "e", pg.JsonBehaviorType_JSON_BEHAVIOR_EMPTY: "a",
	pg.JsonBehaviorType_JSON_BEHAVIOR_TRUE: "t", pg.JsonBehaviorType_JSON_BEHAVIOR_FALSE: "f", pg.JsonBehaviorType_JSON_BEHAVIOR_UNKNOWN: "u",
	pg.JsonBehaviorType_JSON_BEHAVIOR_EMPTY_ARRAY: "a", pg.JsonBehaviorType_JSON_BEHAVIOR_EMPTY_OBJECT: "o", pg.JsonBehaviorType_JSON_BEHAVIOR_DEFAULT: "d",
}

// jsonBehavior gives the letter of ON EMPTY or ON ERROR, - where there is none, and the
// value of DEFAULT.
func (m *mapper) jsonBehavior(b *pg.JsonBehavior, allowed, clause string, location int32) (string, ast.Expr) {
	if b == nil {
		return "-", null(m.loc(location))
	}
	m.refuseIf(b.Coerce, b.Location, "a coerced behavior")
	letter := jsonBehaviors[b.Btype]
	if letter == "" || !strings.Contains(allowed, letter) {
		m.syntax(b.Location, "invalid %s behavior", clause)
	}
	if b.Expr == nil {
		return letter, null(m.loc(location))
	}
	return letter, m.expr(b.Expr)
}

// jsonAllowed are the behaviors that each function knows.
var jsonAllowed = map[string]string{"json_exists": "etfu", "json_value": "end", "json_query": "enaod"}

var jsonWrappers = map[pg.JsonWrapper]string{pg.JsonWrapper_JSW_NONE: "n", pg.JsonWrapper_JSW_CONDITIONAL: "c", pg.JsonWrapper_JSW_UNCONDITIONAL: "u"}

var jsonQuotes = map[pg.JsonQuotes]string{pg.JsonQuotes_JS_QUOTES_KEEP: "k", pg.JsonQuotes_JS_QUOTES_OMIT: "o"}

func letterOr(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// jsonClauses maps ON EMPTY, ON ERROR, the wrapper and the quotes to a text of four
// letters, and the two values of DEFAULT.
func (m *mapper) jsonClauses(fn string, empty, onErr *pg.JsonBehavior, w pg.JsonWrapper, q pg.JsonQuotes, location int32) []ast.Expr {
	e, de := m.jsonBehavior(empty, jsonAllowed[fn], "ON EMPTY", location)
	r, dr := m.jsonBehavior(onErr, jsonAllowed[fn], "ON ERROR", location)
	wrap, quotes := letterOr(jsonWrappers[w]), letterOr(jsonQuotes[q])
	if (wrap == "c" || wrap == "u") && quotes != "-" {
		m.syntax(location, "SQL/JSON QUOTES behavior must not be specified when WITH WRAPPER is used")
	}
	return []ast.Expr{text(m.loc(location), e+r+wrap+quotes), de, dr}
}

var jsonOps = map[pg.JsonExprOp]string{
	pg.JsonExprOp_JSON_EXISTS_OP: "json_exists", pg.JsonExprOp_JSON_QUERY_OP: "json_query", pg.JsonExprOp_JSON_VALUE_OP: "json_value",
}

// jsonFunc maps to (item, path, clauses, default, default, type, name, value, …).
func (m *mapper) jsonFunc(j *pg.JsonFuncExpr) ast.Expr {
	name := jsonOps[j.Op]
	m.refuseIf(name == "", j.Location, "this SQL/JSON function")
	m.refuseIf(j.ColumnName != "", j.Location, "a column's name here")
	if name == "json_value" && m.jsonFormat(j.Output.GetReturning().GetFormat(), j.Location) {
		m.syntax(j.Location, "cannot specify FORMAT JSON in RETURNING clause of JSON_VALUE()")
	}
	c := m.jsonCall(name, j.Location, m.jsonValue(j.ContextItem, j.Location), m.expr(j.Pathspec))
	c.Args = append(c.Args, m.jsonClauses(name, j.OnEmpty, j.OnError, j.Wrapper, j.Quotes, j.Location)...)
	c.Args = append(c.Args, m.jsonOutput(j.Output, j.Location))
	c.Args = append(c.Args, m.jsonPassing(j.Passing, j.Location)...)
	return c
}

func (m *mapper) jsonPassing(ns []*pg.Node, location int32) (out []ast.Expr) {
	for _, n := range ns {
		a := n.GetJsonArgument()
		if a == nil {
			m.refuseNode(n, location)
			continue
		}
		out = append(out, text(m.loc(location), a.Name), m.jsonValue(a.Val, location))
	}
	return out
}

// jsonTable maps to a function in FROM: (item, path, ON ERROR, ROW(name, value, …), column …).
func (m *mapper) jsonTable(j *pg.JsonTable) ast.TableExpr {
	onErr, _ := m.jsonBehavior(j.OnError, "ea", "ON ERROR", j.Location)
	l := m.loc(j.Location)
	c := m.jsonCall("json_table", j.Location, m.jsonValue(j.ContextItem, j.Location), m.jsonPath(j.Pathspec, j.Location), text(l, onErr),
		&ast.Row{Loc: l, Explicit: true, Args: m.jsonPassing(j.Passing, j.Location)})
	c.Args = append(c.Args, m.jsonColumns(j.Columns, j.Location)...)
	return &ast.FuncRef{Loc: l, Lateral: j.Lateral, Funcs: []ast.FuncItem{{Call: c}}, Alias: m.alias(j.Alias)}
}

// jsonPath is the text of a path, with its name where it has one, NULL where it is left out.
func (m *mapper) jsonPath(p *pg.JsonTablePathSpec, location int32) ast.Expr {
	if p == nil {
		return null(m.loc(location))
	}
	e := m.expr(p.String_)
	if lit, ok := e.(*ast.Literal); !ok || lit.Kind != ast.LitString {
		m.refuse(p.Location, "a path of JSON_TABLE that is not a string constant")
	}
	if p.Name != "" {
		return &ast.NamedArg{Loc: m.loc(p.NameLocation), Name: p.Name, Arg: e}
	}
	return e
}

// jsonColumns maps columns to calls of column(name, kind, path, type, clauses, default,
// default), and nested ones to nested(path, column …).
func (m *mapper) jsonColumns(ns []*pg.Node, location int32) (out []ast.Expr) {
	for _, n := range ns {
		c := n.GetJsonTableColumn()
		if c == nil {
			m.refuseNode(n, location)
			continue
		}
		if c.Coltype == pg.JsonTableColumnType_JTC_NESTED {
			m.refuseIf(c.TypeName != nil || c.Format != nil && m.jsonFormat(c.Format, c.Location), c.Location, "a type of nested columns")
			nested := m.jsonCall("nested", c.Location, m.jsonPath(c.Pathspec, c.Location))
			nested.Args = append(nested.Args, m.jsonColumns(c.Columns, c.Location)...)
			out = append(out, nested)
			continue
		}
		out = append(out, m.jsonColumn(c))
	}
	return out
}

func (m *mapper) jsonColumn(c *pg.JsonTableColumn) ast.Expr {
	l := m.loc(c.Location)
	m.refuseIf(len(c.Columns) > 0, c.Location, "columns of a column")
	if c.Coltype == pg.JsonTableColumnType_JTC_FOR_ORDINALITY {
		return m.jsonCall("column", c.Location, text(l, c.Name), text(l, "o"))
	}
	kind, fn := "r", "json_query"
	formatted := m.jsonFormat(c.Format, c.Location) || c.Coltype == pg.JsonTableColumnType_JTC_FORMATTED || c.Wrapper > pg.JsonWrapper_JSW_UNSPEC || c.Quotes > pg.JsonQuotes_JS_QUOTES_UNSPEC
	switch {
	case c.Coltype == pg.JsonTableColumnType_JTC_EXISTS:
		kind, fn = "e", "json_exists"
	case formatted:
		kind = "f"
	}
	t := m.typeName(c.TypeName)
	args := []ast.Expr{text(l, c.Name), text(l, kind), m.jsonPath(c.Pathspec, c.Location), &ast.Cast{Loc: l, Arg: null(l), Type: t}}
	return m.jsonCall("column", c.Location, append(args, m.jsonClauses(fn, c.OnEmpty, c.OnError, c.Wrapper, c.Quotes, c.Location)...)...)
}
