package plan

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

var typeJSON = sqltype.Type{ID: sqltype.JSON}

// jsonCall binds what package parse makes of SQL/JSON's expressions.
func (b *binder) jsonCall(s *scope, e *ast.FuncCall, name string) Expr {
	if strings.HasSuffix(name, "_agg") || strings.Contains(name, "_agg_") {
		plain := *e
		plain.Name = []string{name}
		return b.call(s, &plain)
	}
	switch name {
	case "is_json":
		return b.isJSON(s, e)
	case "json":
		x := b.jsonText(s, e.Args[0], typeJSON)
		if flags(e.Args[1]) == "u" {
			return &Call{Typ: typeJSON, Func: fn.JSONUnique(), Args: []Expr{x}, Pos: e.Pos()}
		}
		return x
	case "json_scalar":
		x := b.settled(b.expr(s, e.Args[0]))
		if x.Type().ID == sqltype.JSON {
			return x
		}
		return b.function("to_json", []Expr{x}, e.Pos())
	case "json_serialize":
		return b.jsonSerialize(s, e)
	case "json_object", "json_array":
		return b.jsonConstructor(s, e, name)
	case "json_exists", "json_value", "json_query":
		return b.jsonQuery(s, e, name)
	case "format":
		return b.jsonText(s, e.Args[0], typeJSON)
	}
	unsupported(e.Pos(), strings.ToUpper(name)+" here")
	return nil
}

// flags is the text of a constant argument that package parse made.
func flags(e ast.Expr) string { return e.(*ast.Literal).Text }

// jsonText binds a value that holds JSON, as text, bytes or as it is.
func (b *binder) jsonText(s *scope, e ast.Expr, t sqltype.Type) Expr {
	x := b.expr(s, e)
	switch x.Type().ID {
	case sqltype.Bytea:
		x = b.function("convert_from", []Expr{x, &Const{Typ: sqltype.TText, Value: sqltype.Datum{Str: "UTF8"}}}, e.Pos())
	case sqltype.Unknown, sqltype.Text, sqltype.Varchar, sqltype.Bpchar, sqltype.JSON, sqltype.JSONB:
	default:
		failAt(e.Pos(), dberr.StateCannotCoerce, "cannot cast type %s to %s", x.Type().Name(), t.Name())
	}
	return b.cast(x, t, e.Pos())
}

func (b *binder) isJSON(s *scope, e *ast.FuncCall) Expr {
	x := b.settled(b.expr(s, e.Args[0]))
	switch x.Type().ID {
	case sqltype.Bytea:
		x = b.function("convert_from", []Expr{x, &Const{Typ: sqltype.TText, Value: sqltype.Datum{Str: "UTF8"}}}, e.Pos())
	case sqltype.Varchar, sqltype.Bpchar, sqltype.Name:
		x = b.cast(x, sqltype.TText, e.Pos())
	case sqltype.Text, sqltype.JSON, sqltype.JSONB:
	default:
		failAt(e.Args[0].Pos(), dberr.StateDatatypeMismatch, "cannot use type %s in IS JSON predicate", x.Type().Name())
	}
	f := fn.IsJSON(x.Type(), flags(e.Args[1]))
	f.Name += flags(e.Args[1])
	return &Call{Typ: f.Ret, Func: f, Args: []Expr{x}, Pos: e.Pos()}
}

// returning is the type that RETURNING names.
func (b *binder) jsonType(s *scope, e ast.Expr, otherwise sqltype.Type) sqltype.Type {
	if t := b.expr(s, e).Type(); t.ID != sqltype.Unknown {
		return t
	}
	return otherwise
}

func (b *binder) jsonSerialize(s *scope, e *ast.FuncCall) Expr {
	t := b.jsonType(s, e.Args[1], sqltype.TText)
	switch t.ID {
	case sqltype.Text, sqltype.Varchar, sqltype.Bpchar, sqltype.Bytea:
	default:
		fail(dberr.SQL(dberr.StateDatatypeMismatch, "cannot use type %s in RETURNING clause of JSON_SERIALIZE()", t.Name()).
			WithHint("Try returning a string type or bytea.").At(e.Pos()))
	}
	x := b.expr(s, e.Args[0])
	if x.Type().ID != sqltype.JSONB {
		x = b.jsonText(s, e.Args[0], typeJSON)
	}
	return b.jsonAs(x, t, e.Pos())
}

// jsonAs turns JSON into a type of RETURNING.
func (b *binder) jsonAs(x Expr, t sqltype.Type, pos int) Expr {
	if t.ID == sqltype.Bytea {
		return b.function("convert_to", []Expr{b.cast(x, sqltype.TText, pos), &Const{Typ: sqltype.TText, Value: sqltype.Datum{Str: "UTF8"}}}, pos)
	}
	if t.ID == sqltype.Varchar || t.ID == sqltype.Bpchar {
		x = b.cast(x, sqltype.TText, pos)
		return b.assign(x, t, "", pos)
	}
	return b.cast(x, t, pos)
}

func (b *binder) jsonConstructor(s *scope, e *ast.FuncCall, name string) Expr {
	opts := flags(e.Args[0])
	t := b.jsonType(s, e.Args[1], typeJSON)
	args := make([]Expr, 0, len(e.Args)-2)
	var types []sqltype.Type
	for _, a := range e.Args[2:] {
		x := b.settled(b.expr(s, a))
		args, types = append(args, x), append(types, x.Type())
	}
	absent, binary := strings.Contains(opts, "a"), t.ID == sqltype.JSONB
	var f *fn.Func
	if name == "json_object" {
		f = fn.JSONObject(types, absent, strings.Contains(opts, "u"), binary)
	} else {
		f = fn.JSONArray(types, absent, binary)
	}
	f.Name += opts
	return b.jsonAs(&Call{Typ: f.Ret, Func: f, Args: args, Pos: e.Pos()}, t, e.Pos())
}

// jsonQuery binds (item, path, clauses, default, default, type, name, value, …).
func (b *binder) jsonQuery(s *scope, e *ast.FuncCall, name string) Expr {
	def := map[string]sqltype.Type{"json_exists": sqltype.TBool, "json_value": sqltype.TText, "json_query": sqltype.TJSONB}[name]
	t := b.jsonType(s, e.Args[5], def)
	item := b.jsonText(s, e.Args[0], sqltype.TJSONB)
	path := b.expr(s, e.Args[1])
	if pt := path.Type(); pt.ID != sqltype.Jsonpath && pt.ID != sqltype.Unknown {
		failAt(e.Args[1].Pos(), dberr.StateDatatypeMismatch, "JSON path expression must be of type jsonpath, not of type %s", pt.Name())
	}
	path = b.coerce(path, sqltype.Type{ID: sqltype.Jsonpath}, e.Args[1].Pos())
	q := b.jsonSpec(name, flags(e.Args[2]), t)
	args := []Expr{item, path, b.jsonDefault(s, e.Args[3], t), b.jsonDefault(s, e.Args[4], t)}
	var types []sqltype.Type
	for i := 6; i < len(e.Args); i += 2 {
		x := b.settled(b.expr(s, e.Args[i+1]))
		q.Names = append(q.Names, flags(e.Args[i]))
		args, types = append(args, x), append(types, x.Type())
	}
	f := q.Func(types)
	f.Name += flags(e.Args[2]) + strings.Join(q.Names, ",")
	return &Call{Typ: f.Ret, Func: f, Args: args, Pos: e.Pos()}
}

func (b *binder) jsonSpec(name, opts string, t sqltype.Type) *fn.JSONQuery {
	return &fn.JSONQuery{Op: name, Ret: t, OnEmpty: opts[0], OnError: opts[1], Wrapper: opts[2], OmitQuotes: opts[3] == 'o'}
}

func (b *binder) jsonDefault(s *scope, e ast.Expr, t sqltype.Type) Expr {
	x := b.expr(s, e)
	if x.Type().ID != sqltype.Unknown && fn.AssignCast(x.Type(), t) == nil && x.Type().Base() != t.Base() {
		failAt(e.Pos(), dberr.StateCannotCoerce, "cannot cast behavior expression of type %s to %s", x.Type().Name(), t.Name())
	}
	return b.cast(x, t, e.Pos())
}

// jsonTable binds JSON_TABLE in FROM: (item, path, ON ERROR, ROW(name, value, …), column …).
func (b *binder) jsonTable(s *scope, rel *LFunc, e *entry, call *ast.FuncCall) {
	args := []Expr{b.jsonText(s, call.Args[0], sqltype.TJSONB)}
	var names []string
	passing := call.Args[3].(*ast.Row).Args
	for i := 0; i < len(passing); i += 2 {
		names, args = append(names, flags(passing[i])), append(args, b.settled(b.expr(s, passing[i+1])))
	}
	t := &jsonTableBinder{b: b, s: s, args: args, names: map[string]bool{}}
	root := t.level(call.Args[1], call.Args[4:], call.Pos())
	types := make([]sqltype.Type, len(t.args))
	for i, a := range t.args {
		types[i] = a.Type()
	}
	rel.Calls = append(rel.Calls, &SetCall{Set: root.Func(types, t.cols, names, flags(call.Args[2]) == "e"), Args: t.args})
	for _, c := range t.cols {
		b.funcCol(rel, e, c.Name, c.Type)
	}
}

type jsonTableBinder struct {
	b     *binder
	s     *scope
	args  []Expr
	cols  []fn.Column
	names map[string]bool // of columns and paths
}

// name refuses a name that is there already.
func (t *jsonTableBinder) name(n string, pos int) {
	if t.names[n] {
		failAt(pos, dberr.StateDuplicateAlias, "duplicate JSON_TABLE column or path name: %s", n)
	}
	t.names[n] = true
}

func (t *jsonTableBinder) path(e ast.Expr, otherwise string) string {
	if n, ok := e.(*ast.NamedArg); ok {
		t.name(n.Name, n.Pos())
		e = n.Arg
	}
	lit := e.(*ast.Literal)
	if lit.Kind == ast.LitNull {
		return otherwise
	}
	p, err := sqltype.CanonicalJSONPath(lit.Text)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	return p
}

func (t *jsonTableBinder) level(path ast.Expr, cols []ast.Expr, pos int) *fn.JSONTable {
	defer t.b.enter(pos)()
	level := &fn.JSONTable{Path: t.path(path, "$")}
	for _, c := range cols {
		call := c.(*ast.FuncCall)
		if call.Name[0] == ast.SQLJSON+"nested" {
			level.Nested = append(level.Nested, t.level(call.Args[0], call.Args[1:], call.Pos()))
			continue
		}
		level.Columns = append(level.Columns, t.column(call))
	}
	return level
}

// column binds (name, kind, path, type, clauses, default, default).
func (t *jsonTableBinder) column(c *ast.FuncCall) fn.JSONColumn {
	name, kind := flags(c.Args[0]), flags(c.Args[1])
	t.name(name, c.Pos())
	out := fn.JSONColumn{Out: len(t.cols)}
	if kind == "o" {
		t.cols = append(t.cols, fn.Column{Name: name, Type: sqltype.TInt4})
		return out
	}
	typ := t.b.expr(t.s, c.Args[3]).Type()
	t.cols = append(t.cols, fn.Column{Name: name, Type: typ})
	op := "json_value"
	switch {
	case kind == "e":
		op = "json_exists"
		if typ.ID != sqltype.Bool {
			unsupported(c.Pos(), "an EXISTS column of JSON_TABLE of a type other than boolean")
		}
	case kind == "f", typ.ID == sqltype.JSON, typ.ID == sqltype.JSONB, typ.ID == sqltype.Array:
		op = "json_query"
	}
	opts := flags(c.Args[4])
	out.Query = t.b.jsonSpec(op, opts, typ)
	out.Path = t.path(c.Args[2], `$.`+string(sqltype.AppendJSONString(nil, name)))
	def := func(letter byte, e ast.Expr) int {
		if letter != 'd' {
			return 0
		}
		t.args = append(t.args, t.b.jsonDefault(t.s, e, typ))
		return len(t.args) - 1
	}
	out.Empty, out.Failed = def(opts[0], c.Args[5]), def(opts[1], c.Args[6])
	return out
}
