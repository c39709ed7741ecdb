package parse

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/weftdb/weft/query/ast"
)

func (m *mysqlMapper) loc() ast.Loc { return ast.Loc(m.pos()) }

// typ names a type.
func (m *mysqlMapper) typ(name string, mods ...string) *ast.TypeName {
	t := &ast.TypeName{Loc: m.loc(), Name: name}
	for _, n := range mods {
		t.Mods = append(t.Mods, m.integer(n))
	}
	return t
}

func (m *mysqlMapper) cast(e ast.Expr, name string, mods ...string) ast.Expr {
	return &ast.Cast{Loc: m.loc(), Arg: e, Type: m.typ(name, mods...)}
}

func (m *mysqlMapper) integer(text string) ast.Expr {
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		return &ast.Unary{Loc: m.loc(), Op: "-", Arg: m.integer(rest)}
	}
	return &ast.Literal{Loc: m.loc(), Kind: ast.LitInt, Text: text}
}

func (m *mysqlMapper) text(s string) ast.Expr {
	return &ast.Literal{Loc: m.loc(), Kind: ast.LitString, Text: s}
}

func (m *mysqlMapper) call(name string, args ...ast.Expr) ast.Expr {
	return &ast.FuncCall{Loc: m.loc(), Name: []string{name}, Args: args}
}

func (m *mysqlMapper) binary(op string, l, r ast.Expr) ast.Expr {
	return &ast.Binary{Loc: m.loc(), Op: op, L: l, R: r}
}

// truth says whether an expression is a truth value by its form.
func truth(e sqlparser.Expr) bool {
	switch e := e.(type) {
	case *sqlparser.AndExpr, *sqlparser.OrExpr, *sqlparser.NotExpr, *sqlparser.ComparisonExpr, *sqlparser.RangeCond,
		*sqlparser.IsExpr, *sqlparser.ExistsExpr, sqlparser.BoolVal:
		return true
	case *sqlparser.ParenExpr:
		return truth(e.Expr)
	case *sqlparser.UnaryExpr:
		return e.Operator == sqlparser.BangStr
	}
	return false
}

// cond maps an expression where a truth value is wanted. A number there is true where
// it is not 0, which the binder sees to.
func (m *mysqlMapper) cond(e sqlparser.Expr) ast.Expr {
	if !truth(e) {
		return m.value(e)
	}
	defer m.enter()()
	switch e := e.(type) {
	case *sqlparser.AndExpr:
		return &ast.And{Loc: m.loc(), Args: m.flat(e, true)}
	case *sqlparser.OrExpr:
		return &ast.Or{Loc: m.loc(), Args: m.flat(e, false)}
	case *sqlparser.NotExpr:
		return &ast.Not{Loc: m.loc(), Arg: m.cond(e.Expr)}
	case *sqlparser.UnaryExpr:
		return &ast.Not{Loc: m.loc(), Arg: m.cond(e.Expr)}
	case *sqlparser.ParenExpr:
		return m.cond(e.Expr)
	case *sqlparser.ComparisonExpr:
		return m.comparison(e)
	case *sqlparser.RangeCond:
		return &ast.Between{Loc: m.loc(), Arg: m.value(e.Left), Lo: m.value(e.From), Hi: m.value(e.To), Not: e.Operator == sqlparser.NotBetweenStr}
	case *sqlparser.IsExpr:
		return m.is(e)
	case *sqlparser.ExistsExpr:
		return &ast.Subquery{Loc: m.loc(), Kind: ast.ExistsSubquery, Query: m.query(e.Subquery.Select, false)}
	case sqlparser.BoolVal:
		return &ast.Literal{Loc: m.loc(), Kind: ast.LitBool, Text: strconv.FormatBool(bool(e))}
	}
	m.refuse("this condition")
	return nil
}

// flat gives the parts of a chain of AND or of OR.
func (m *mysqlMapper) flat(e sqlparser.Expr, and bool) (out []ast.Expr) {
	var parts []sqlparser.Expr
	for { // chains lean to the left
		var l, r sqlparser.Expr
		if a, ok := e.(*sqlparser.AndExpr); ok && and {
			l, r = a.Left, a.Right
		} else if o, ok := e.(*sqlparser.OrExpr); ok && !and {
			l, r = o.Left, o.Right
		} else {
			break
		}
		parts = append(parts, r)
		e = l
	}
	out = append(out, m.cond(e))
	for i := len(parts) - 1; i >= 0; i-- {
		out = append(out, m.cond(parts[i]))
	}
	return out
}

func (m *mysqlMapper) is(e *sqlparser.IsExpr) ast.Expr {
	switch e.Operator {
	case sqlparser.IsNullStr:
		return &ast.IsNull{Loc: m.loc(), Arg: m.value(e.Expr)}
	case sqlparser.IsNotNullStr:
		return &ast.IsNull{Loc: m.loc(), Arg: m.value(e.Expr), Not: true}
	case sqlparser.IsTrueStr:
		return &ast.IsBool{Loc: m.loc(), Arg: m.cond(e.Expr), Want: 't'}
	case sqlparser.IsNotTrueStr:
		return &ast.IsBool{Loc: m.loc(), Arg: m.cond(e.Expr), Want: 't', Not: true}
	case sqlparser.IsFalseStr:
		return &ast.IsBool{Loc: m.loc(), Arg: m.cond(e.Expr), Want: 'f'}
	case sqlparser.IsNotFalseStr:
		return &ast.IsBool{Loc: m.loc(), Arg: m.cond(e.Expr), Want: 'f', Not: true}
	}
	m.refuse("%s", e.Operator)
	return nil
}

func (m *mysqlMapper) comparison(e *sqlparser.ComparisonExpr) ast.Expr {
	switch e.Operator {
	case sqlparser.InStr, sqlparser.NotInStr:
		return m.in(e)
	case sqlparser.LikeStr, sqlparser.NotLikeStr:
		return m.like(e)
	case sqlparser.RegexpStr, sqlparser.NotRegexpStr:
		op := "~*"
		if e.Operator == sqlparser.NotRegexpStr {
			op = "!~*"
		}
		return m.binary(op, m.asText(e.Left), m.asText(e.Right))
	case sqlparser.NullSafeEqualStr:
		return &ast.IsDistinct{Loc: m.loc(), L: m.value(e.Left), R: m.value(e.Right), Not: true}
	case sqlparser.EqualStr, sqlparser.LessThanStr, sqlparser.GreaterThanStr, sqlparser.LessEqualStr, sqlparser.GreaterEqualStr, sqlparser.NotEqualStr:
		op := e.Operator
		if op == "!=" {
			op = "<>"
		}
		return m.binary(op, m.value(e.Left), m.value(e.Right))
	}
	m.refuse("%s", e.Operator)
	return nil
}

func (m *mysqlMapper) in(e *sqlparser.ComparisonExpr) ast.Expr {
	not := e.Operator == sqlparser.NotInStr
	switch r := e.Right.(type) {
	case sqlparser.ValTuple:
		return &ast.In{Loc: m.loc(), Arg: m.value(e.Left), List: m.valueList(sqlparser.Exprs(r)), Not: not}
	case *sqlparser.Subquery:
		return &ast.InSubquery{Loc: m.loc(), Arg: m.value(e.Left), Query: m.query(r.Select, false), Not: not}
	}
	m.refuse("this list of IN")
	return nil
}

// like maps LIKE, which heeds the case of letters only with BINARY.
func (m *mysqlMapper) like(e *sqlparser.ComparisonExpr) ast.Expr {
	out := &ast.Match{Loc: m.loc(), Kind: ast.ILike, Not: e.Operator == sqlparser.NotLikeStr}
	l, lb := plainBinary(e.Left)
	r, rb := plainBinary(e.Right)
	if lb || rb {
		out.Kind = ast.Like
	}
	out.Arg, out.Pattern = m.asText(l), m.asText(r)
	if e.Escape != nil {
		out.Escape = m.value(e.Escape)
	}
	return out
}

// plainBinary takes BINARY off: text is compared byte by byte anyway.
func plainBinary(e sqlparser.Expr) (sqlparser.Expr, bool) {
	if u, ok := e.(*sqlparser.UnaryExpr); ok && u.Operator == sqlparser.BinaryStr {
		return u.Expr, true
	}
	return e, false
}

func (m *mysqlMapper) asText(e sqlparser.Expr) ast.Expr {
	if v, ok := e.(*sqlparser.SQLVal); ok && v.Type == sqlparser.StrVal {
		return m.value(e)
	}
	return m.cast(m.value(e), "text")
}

func (m *mysqlMapper) valueList(list sqlparser.Exprs) []ast.Expr {
	out := make([]ast.Expr, len(list))
	for i, e := range list {
		out[i] = m.value(e)
	}
	return out
}

// value maps an expression where a value is wanted; a truth value is 1, 0 or NULL.
func (m *mysqlMapper) value(e sqlparser.Expr) ast.Expr {
	defer m.enter()()
	if b, ok := e.(sqlparser.BoolVal); ok {
		if b {
			return m.integer("1")
		}
		return m.integer("0")
	}
	if truth(e) {
		return m.cast(m.cond(e), "int4")
	}
	switch e := e.(type) {
	case *sqlparser.SQLVal:
		return m.literal(e)
	case *sqlparser.NullVal:
		return &ast.Literal{Loc: m.loc(), Kind: ast.LitNull}
	case *sqlparser.ColName:
		return m.column(e)
	case *sqlparser.ParenExpr:
		return m.value(e.Expr)
	case sqlparser.ValTuple:
		return &ast.Row{Loc: m.loc(), Args: m.valueList(sqlparser.Exprs(e))}
	case *sqlparser.Subquery:
		return &ast.Subquery{Loc: m.loc(), Kind: ast.ScalarSubquery, Query: m.query(e.Select, false)}
	case *sqlparser.BinaryExpr:
		return m.operator(e)
	case *sqlparser.UnaryExpr:
		return m.unary(e)
	case *sqlparser.CaseExpr:
		return m.caseExpr(e)
	case *sqlparser.FuncExpr:
		return m.function(e)
	case *sqlparser.GroupConcatExpr:
		return m.groupConcat(e)
	case *sqlparser.ValuesFuncExpr:
		return &ast.ColumnRef{Loc: m.loc(), Names: []string{"excluded", e.Name.Name.String()}}
	case *sqlparser.ConvertExpr:
		return m.convert(e)
	case *sqlparser.ConvertUsingExpr:
		m.refuseIf(!utf8Charset(e.Type), "the character set %s", e.Type)
		return m.cast(m.value(e.Expr), "text")
	case *sqlparser.CollateExpr:
		m.refuseIf(!strings.HasSuffix(e.Charset, "_bin") && e.Charset != "binary", "COLLATE %s", e.Charset)
		return m.value(e.Expr)
	}
	m.refuse("this expression")
	return nil
}

func utf8Charset(name string) bool {
	switch strings.ToLower(name) {
	case "", "utf8", "utf8mb3", "utf8mb4":
		return true
	}
	return false
}

func (m *mysqlMapper) literal(v *sqlparser.SQLVal) ast.Expr {
	switch v.Type {
	case sqlparser.StrVal:
		return m.text(string(v.Val))
	case sqlparser.IntVal:
		return m.integer(string(v.Val))
	case sqlparser.FloatVal:
		l := &ast.Literal{Loc: m.loc(), Kind: ast.LitDecimal, Text: string(v.Val)}
		if bytes.ContainsAny(v.Val, "eE") {
			return m.cast(l, "float8")
		}
		return l
	case sqlparser.HexVal:
		b, err := hex.DecodeString(string(v.Val))
		m.refuseIf(err != nil, "this hexadecimal string")
		return m.cast(m.text(`\x`+hex.EncodeToString(b)), "bytea")
	case sqlparser.ValArg:
		n, err := strconv.Atoi(strings.TrimPrefix(string(v.Val), ":v"))
		m.refuseIf(err != nil, "the placeholder %s", v.Val)
		m.params = max(m.params, n)
		return &ast.Param{Loc: m.loc(), Number: m.firstParam + n}
	}
	m.refuse("this constant")
	return nil
}

// column maps a name. In HAVING and ORDER BY it may be one of the select list.
func (m *mysqlMapper) column(c *sqlparser.ColName) ast.Expr {
	name := c.Name.String()
	if c.Qualifier.IsEmpty() {
		for _, t := range m.aliases {
			if strings.EqualFold(t.Alias, name) {
				if ref, ok := t.Expr.(*ast.ColumnRef); !ok || ref.Names[len(ref.Names)-1] != name {
					return t.Expr
				}
			}
		}
		return &ast.ColumnRef{Loc: m.at(name), Names: []string{name}}
	}
	return &ast.ColumnRef{Loc: m.at(name), Names: append(m.tableNames(c.Qualifier), name)}
}

func (m *mysqlMapper) operator(e *sqlparser.BinaryExpr) ast.Expr {
	switch e.Operator {
	case sqlparser.PlusStr, sqlparser.MinusStr:
		if iv, ok := e.Right.(*sqlparser.IntervalExpr); ok {
			return m.addInterval(e.Left, iv, e.Operator)
		}
		if iv, ok := e.Left.(*sqlparser.IntervalExpr); ok && e.Operator == sqlparser.PlusStr {
			return m.addInterval(e.Right, iv, "+")
		}
		fallthrough
	case sqlparser.MultStr, sqlparser.DivStr, sqlparser.ModStr:
		return m.binary(e.Operator, m.value(e.Left), m.value(e.Right))
	case sqlparser.IntDivStr:
		l, r := m.cast(m.value(e.Left), "numeric"), m.cast(m.value(e.Right), "numeric")
		return m.cast(m.call("div", l, &ast.NullIf{Loc: m.loc(), L: r, R: m.integer("0")}), "int8")
	case sqlparser.BitAndStr, sqlparser.BitOrStr, sqlparser.ShiftLeftStr, sqlparser.ShiftRightStr, sqlparser.BitXorStr:
		op := e.Operator
		r := m.cast(m.value(e.Right), "int8")
		switch op {
		case sqlparser.BitXorStr:
			op = "#"
		case sqlparser.ShiftLeftStr, sqlparser.ShiftRightStr:
			r = m.cast(r, "int4")
		}
		return m.binary(op, m.cast(m.value(e.Left), "int8"), r)
	case sqlparser.JSONExtractOp, sqlparser.JSONUnquoteExtractOp:
		return m.jsonPath(e)
	}
	m.refuse("the operator %s", e.Operator)
	return nil
}

// jsonPath maps column->'$.a[0]' to the operator that takes a list of steps.
func (m *mysqlMapper) jsonPath(e *sqlparser.BinaryExpr) ast.Expr {
	v, ok := e.Right.(*sqlparser.SQLVal)
	if !ok || v.Type != sqlparser.StrVal {
		m.refuse("a JSON path that is no constant")
		return nil
	}
	rest, ok := strings.CutPrefix(string(v.Val), "$")
	arr := &ast.Array{Loc: m.loc()}
	for ok && rest != "" {
		var step string
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			step, rest = rest[1:end], rest[end:]
			ok = step != "" && !strings.ContainsAny(step, `*"`)
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if ok = end > 1; !ok {
				break
			}
			step, rest = rest[1:end], rest[end+1:]
			_, err := strconv.ParseUint(step, 10, 31)
			ok = err == nil
		default:
			ok = false
		}
		arr.Elems = append(arr.Elems, m.text(step))
	}
	if !ok {
		m.refuse("the JSON path %q", clip(string(v.Val)))
		return nil
	}
	op := "#>"
	if e.Operator == sqlparser.JSONUnquoteExtractOp {
		op = "#>>"
	}
	path := &ast.Cast{Loc: m.loc(), Arg: arr, Type: &ast.TypeName{Loc: m.loc(), Name: "text", Dims: 1}}
	return m.binary(op, m.value(e.Left), path)
}

func (m *mysqlMapper) unary(e *sqlparser.UnaryExpr) ast.Expr {
	switch e.Operator {
	case sqlparser.UMinusStr, sqlparser.UPlusStr:
		return &ast.Unary{Loc: m.loc(), Op: strings.TrimSpace(e.Operator), Arg: m.value(e.Expr)}
	case sqlparser.BinaryStr:
		return m.value(e.Expr)
	}
	m.refuse("the operator %s", strings.TrimSpace(e.Operator))
	return nil
}

func (m *mysqlMapper) caseExpr(e *sqlparser.CaseExpr) ast.Expr {
	out := &ast.Case{Loc: m.loc()}
	if e.Expr != nil {
		out.Arg = m.value(e.Expr)
	}
	for _, w := range e.Whens {
		cond := m.cond
		if e.Expr != nil {
			cond = m.value
		}
		out.Whens = append(out.Whens, ast.When{Loc: m.loc(), Cond: cond(w.Cond), Result: m.value(w.Val)})
	}
	if e.Else != nil {
		out.Else = m.value(e.Else)
	}
	return out
}

func (m *mysqlMapper) convert(e *sqlparser.ConvertExpr) ast.Expr {
	t := e.Type
	v := m.value(e.Expr)
	m.refuseIf(!utf8Charset(t.Charset), "the character set %s", t.Charset)
	length := ""
	if t.Length != nil {
		length = string(t.Length.Val)
	}
	switch strings.ToLower(t.Type) {
	case "signed":
		return m.cast(m.numeric(v), "int8")
	case "unsigned":
		return m.cast(m.numeric(v), "numeric", "20", "0")
	case "char", "nchar":
		if length != "" {
			return m.call("left", m.cast(v, "text"), m.integer(length))
		}
		return m.cast(v, "text")
	case "binary":
		m.refuseIf(length != "", "BINARY(n)")
		return m.call("convert_to", m.cast(v, "text"), m.text("UTF8"))
	case "date":
		return m.cast(m.cast(v, "timestamp"), "date")
	case "datetime":
		m.refuseIf(length != "" && length != "6", "DATETIME(%s)", length)
		if length == "" {
			return m.call("date_trunc", m.text("second"), m.cast(v, "timestamp"))
		}
		return m.cast(v, "timestamp")
	case "time":
		m.refuseIf(length != "", "TIME(%s)", length)
		return m.cast(v, "time")
	case "decimal":
		if length == "" {
			return m.cast(v, "numeric", "10", "0")
		}
		scale := "0"
		if t.Scale != nil {
			scale = string(t.Scale.Val)
		}
		return m.cast(v, "numeric", length, scale)
	case "json":
		return m.cast(v, "jsonb")
	}
	m.refuse("CAST to %s", t.Type)
	return nil
}

// numeric makes a number of what may be text.
func (m *mysqlMapper) numeric(e ast.Expr) ast.Expr { return m.cast(e, "numeric") }
