package parse

import (
	pg "github.com/sqlc-dev/oliphant/ast"
	"google.golang.org/protobuf/proto"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// function maps the statements about functions; ok is false for others.
func (m *mapper) function(n *pg.Node) (out ast.Stmt, ok bool) {
	switch v := n.GetNode().(type) {
	case *pg.Node_CreateFunctionStmt:
		return m.createFunction(v.CreateFunctionStmt), true
	case *pg.Node_AlterFunctionStmt:
		s := v.AlterFunctionStmt
		m.refuseIf(s.Objtype != pg.ObjectType_OBJECT_FUNCTION, 0, "ALTER PROCEDURE or ROUTINE")
		out := &ast.AlterFunction{Func: m.routineOf(s.Func)}
		for _, d := range m.defElems(s.Actions) {
			m.functionOption(&out.Options, d)
		}
		return out, true
	}
	return nil, false
}

var paramModes = map[pg.FunctionParameterMode]byte{
	pg.FunctionParameterMode_FUNC_PARAM_IN: 'i', pg.FunctionParameterMode_FUNC_PARAM_DEFAULT: 'i',
	pg.FunctionParameterMode_FUNC_PARAM_OUT: 'o', pg.FunctionParameterMode_FUNC_PARAM_INOUT: 'b',
	pg.FunctionParameterMode_FUNC_PARAM_VARIADIC: 'v', pg.FunctionParameterMode_FUNC_PARAM_TABLE: 't',
}

func (m *mapper) createFunction(s *pg.CreateFunctionStmt) ast.Stmt {
	m.refuseIf(s.IsProcedure, 0, "CREATE PROCEDURE")
	out := &ast.CreateFunction{Name: m.nameOf(m.strs(s.Funcname), -1), OrReplace: s.Replace, Returns: m.returnType(s.ReturnType)}
	out.Params = m.funcParams(s.Parameters)
	given := map[string]bool{}
	for _, d := range m.defElems(s.Options) {
		if given[d.Defname] {
			m.syntax(d.Location, "conflicting or redundant options")
		}
		given[d.Defname] = true
		switch d.Defname {
		case "language":
			out.Language = d.Arg.GetString_().GetSval()
			m.refuseIf(out.Language == "", d.Location, "this language")
			m.refuseIf(out.Language != "sql", d.Location, "LANGUAGE %s (functions are written in LANGUAGE sql)", out.Language)
		case "as":
			parts := m.dotted(d.Arg)
			m.refuseIf(len(parts) != 1, d.Location, "AS with an object file")
			if m.err == nil {
				out.Body = parts[0]
			}
		default:
			m.functionOption(&out.Options, d)
		}
	}
	if m.err == nil && s.SqlBody != nil {
		if given["as"] {
			m.fail(dberr.SQL(dberr.StateInvalidFunction, "inline SQL function body and AS clause cannot both be given"))
		}
		m.functionBody(out, s.SqlBody)
	} else if m.err == nil && !given["as"] {
		m.fail(dberr.SQL(dberr.StateInvalidFunction, "no function body specified"))
	} else if m.err == nil && out.Language == "" {
		m.fail(dberr.SQL(dberr.StateInvalidFunction, "no language specified"))
	}
	return out
}

func (m *mapper) funcParams(list []*pg.Node) (out []ast.FuncParam) {
	for _, n := range list {
		p := n.GetFunctionParameter()
		mode, ok := paramModes[p.GetMode()]
		if p == nil || !ok {
			m.refuse(p.GetLocation(), "this parameter of a function")
			return nil
		}
		f := ast.FuncParam{Loc: m.loc(p.Location), Name: p.Name, Mode: mode, Type: m.typeName(p.ArgType)}
		if p.Defexpr != nil {
			f.Default = m.expr(p.Defexpr)
		}
		out = append(out, f)
	}
	return out
}

// returnType maps the type of RETURNS, which may be SETOF.
func (m *mapper) returnType(t *pg.TypeName) *ast.TypeName {
	if t == nil || !t.Setof {
		return m.typeName(t)
	}
	one := proto.Clone(t).(*pg.TypeName)
	one.Setof = false
	out := m.typeName(one)
	out.SetOf = true
	return out
}

// functionBody maps RETURN and BEGIN ATOMIC … END, of which the text of the query is kept.
func (m *mapper) functionBody(out *ast.CreateFunction, n *pg.Node) {
	if r := n.GetReturnStmt(); r != nil {
		out.Form = ast.BodyReturn
		if e := m.expr(r.Returnval); m.err == nil {
			out.Body = "SELECT " + ast.String(e)
		}
		return
	}
	out.Form = ast.BodyAtomic
	var stmts []*pg.Node
	for _, l := range n.GetList().GetItems() {
		m.refuseIf(l.GetList() == nil, 0, "this body of a function")
		stmts = append(stmts, l.GetList().GetItems()...)
	}
	m.refuseIf(len(stmts) != 1 || stmts[0].GetSelectStmt() == nil && stmts[0].GetReturnStmt() == nil, 0, oneQuery)
	if m.err != nil {
		return
	}
	if r := stmts[0].GetReturnStmt(); r != nil {
		if e := m.expr(r.Returnval); m.err == nil {
			out.Body = "SELECT " + ast.String(e)
		}
		return
	}
	if q := m.selectStmt(stmts[0].GetSelectStmt()); m.err == nil {
		out.Body = ast.QueryString(q)
	}
}

// oneQuery says which bodies functions have.
const oneQuery = "a function whose body is not one SELECT (several statements, INSERT, UPDATE and DELETE)"

// functionOption maps an attribute of a function.
func (m *mapper) functionOption(o *ast.FuncOptions, d *pg.DefElem) {
	word := d.Arg.GetString_().GetSval()
	flag := func() *bool {
		b, ok := d.Arg.GetNode().(*pg.Node_Boolean)
		m.refuseIf(!ok, d.Location, "this option %q", d.Defname)
		v := ok && b.Boolean.Boolval
		return &v
	}
	switch d.Defname {
	case "strict":
		o.Strict = flag()
	case "leakproof":
		o.Leakproof = flag()
	case "security":
		m.refuseIf(*flag(), d.Location, "SECURITY DEFINER")
	case "volatility":
		o.Volatility = map[string]byte{"immutable": 'i', "stable": 's', "volatile": 'v'}[word]
		m.refuseIf(o.Volatility == 0, d.Location, "this volatility")
	case "parallel":
		if o.Parallel = map[string]byte{"safe": 's', "restricted": 'r', "unsafe": 'u'}[word]; o.Parallel == 0 {
			m.syntax(d.Location, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE")
		}
	case "cost", "rows":
		v := ast.String(m.optionValue(d.Arg, d.Location))
		if d.Defname == "cost" {
			o.Cost = v
		} else {
			o.Rows = v
		}
	case "set":
		m.refuse(d.Location, "SET of a function")
	case "window":
		m.refuse(d.Location, "a window function in LANGUAGE sql")
	default:
		m.refuse(d.Location, "the option %s of a function", d.Defname)
	}
}

// routine maps the name of a function with the types of its parameters.
func (m *mapper) routine(n *pg.Node) ast.Routine { return m.routineOf(n.GetObjectWithArgs()) }

func (m *mapper) routineOf(o *pg.ObjectWithArgs) ast.Routine {
	if o == nil {
		m.refuse(0, "this name of a function")
		return ast.Routine{}
	}
	out := ast.Routine{Name: m.nameOf(m.strs(o.Objname), -1), Bare: o.ArgsUnspecified, Params: m.funcParams(o.Objfuncargs)}
	for _, a := range o.Objargs {
		m.refuseIf(a.GetTypeName() == nil, 0, "this type of a parameter")
		out.Types = append(out.Types, m.typeName(a.GetTypeName()))
	}
	return out
}
