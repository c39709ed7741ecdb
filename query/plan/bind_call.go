package plan

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// call binds a call of any kind.
func (b *binder) call(s *scope, e *ast.FuncCall) Expr {
	name := e.Name[len(e.Name)-1]
	if len(b.Catalog.FunctionsNamed(name)) > 0 {
		c, again := b.userCall(s, e)
		if c != nil {
			return b.ofUser(s, c, e)
		}
		e = again
	}
	if len(e.Name) > 1 && e.Name[0] == catalog.InformationSchema && fn.IsSet(strings.Join(e.Name, ".")) {
		return b.setCall(s, e, strings.Join(e.Name, "."))
	}
	if len(e.Name) > 1 && e.Name[0] != catalog.SystemSchema && !(e.Name[0] == catalog.PublicSchema && fn.OfExtension(name)) {
		if !b.Catalog.HasSchema(e.Name[0]) {
			failAt(e.Pos(), dberr.StateInvalidSchemaName, "schema %q does not exist", e.Name[0])
		}
		b.noFunction(s, e, strings.Join(e.Name, "."))
	}
	if json, ok := strings.CutPrefix(name, ast.SQLJSON); ok {
		return b.jsonCall(s, e, json)
	}
	if e.Variadic && (e.Over != nil || !fn.IsFunc(name)) {
		unsupported(e.Pos(), "VARIADIC in a call of "+name)
	}
	if e.Over != nil {
		if !fn.IsWindow(name) && !fn.IsAgg(name) {
			if fn.IsFunc(name) || fn.IsSet(name) {
				failAt(e.Pos(), dberr.StateWrongObjectType, "OVER specified, but %s is not a window function nor an aggregate function", name)
			}
			b.noFunction(s, e, name)
		}
		return b.windowCall(s, e, name)
	}
	switch {
	case e.WithinGroup && isHypothetical(name):
		return b.hypotheticalCall(s, e, name)
	case fn.IsAgg(name):
		return b.aggCall(s, e, name)
	case fn.IsWindow(name):
		failAt(e.Pos(), dberr.StateWrongObjectType, "window function %s requires an OVER clause", name)
	case isSequenceCall(name):
		return b.sequenceCall(s, e, name)
	case name == "time_bucket_gapfill":
		return b.gapCall(s, e)
	case name == "locf" || name == "interpolate":
		return b.fillCall(s, e, name)
	}
	b.plainCall(s, e, name)
	if b.CatalogFunc != nil && !e.Star && b.CatalogFunc(name, len(e.Args)) != nil {
		args, _ := b.args(s, e.Args)
		return b.catalogCall(name, args, e.Pos())
	}
	if name == "merge_action" {
		if b.mergeAction == nil {
			failAt(e.Pos(), dberr.StateSyntax, "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command")
		}
		return &Const{Typ: sqltype.TText, Value: sqltype.Datum{Str: *b.mergeAction}}
	}
	if fn.IsSet(name) && !(fn.IsFunc(name) && !s.setsOK) {
		return b.setCall(s, e, name)
	}
	given := b.arrange(e, name)
	args, types := b.args(s, given)
	resolve := fn.Resolve
	if e.Variadic {
		resolve = fn.ResolveVariadic
	}
	f, want, err := resolve(name, types)
	if err != nil {
		if msg := dberr.As(err); msg != nil && len(e.Name) > 1 {
			msg.Message = strings.Replace(msg.Message, "function "+name, "function "+strings.Join(e.Name, "."), 1)
		}
		fail(at(err, e.Pos()))
	}
	if name == "pg_typeof" {
		if c, ok := args[0].(*Const); ok && c.Typ.ID == sqltype.Unknown { // to this function alone a literal is no text
			return &Const{Typ: f.Ret, Value: sqltype.Datum{Int: int64(c.Typ.OID())}}
		}
	}
	out := &Call{Typ: f.Ret, Func: f, Args: b.coerceArgs(args, want, given), Pos: e.Pos()}
	if f.Ret.IsComposite() && populates(name) {
		return partChecked(out, b.domainParts(f.Ret, 0, nil), e.Pos())
	}
	return out
}

// ofUser binds a call of a user's function.
func (b *binder) ofUser(s *scope, c *userCall, e *ast.FuncCall) Expr {
	if e.Over != nil {
		failAt(e.Pos(), dberr.StateWrongObjectType, "OVER specified, but %s is not a window function nor an aggregate function", c.f.Name)
	}
	b.plainCall(s, e, c.f.Name)
	return b.userValue(s, c)
}

// populates tells the functions that make rows of JSON, whose fields may break rules of domains.
func populates(name string) bool { return strings.Contains(name, "_populate_record") }

// arrange puts arguments given by name in their places.
func (b *binder) arrange(e *ast.FuncCall, name string) []ast.Expr {
	positional := len(e.Args)
	var names []string
	for i, a := range e.Args {
		n, ok := a.(*ast.NamedArg)
		switch {
		case ok && slices.Contains(names, n.Name):
			failAt(n.Pos(), dberr.StateSyntax, "argument name %q used more than once", n.Name)
		case ok:
			positional = min(positional, i)
			names = append(names, n.Name)
		case len(names) > 0:
			failAt(a.Pos(), dberr.StateSyntax, "positional argument cannot follow named argument")
		}
	}
	if len(names) == 0 {
		return e.Args
	}
	places, defaults, ok := fn.Arrange(name, positional, names)
	if !ok {
		if fn.IsFunc(name) || fn.IsSet(name) {
			unsupported(e.Args[positional].Pos(), "a call of "+name+" with arguments given by these names")
		}
		return e.Args
	}
	out := make([]ast.Expr, len(places))
	for i, k := range places {
		switch {
		case k < 0:
			out[i] = &ast.Literal{Loc: e.Loc, Kind: ast.LitString, Text: defaults[i]}
		case k < positional:
			out[i] = e.Args[k]
		default:
			out[i] = e.Args[k].(*ast.NamedArg).Arg
		}
	}
	return out
}

// plainCall refuses what only aggregates may have.
func (b *binder) plainCall(s *scope, e *ast.FuncCall, name string) {
	if !e.Distinct && !e.WithinGroup && len(e.OrderBy) == 0 && e.Filter == nil && !e.Star {
		return
	}
	switch {
	case !b.named(name):
		b.noFunction(s, e, name)
	case e.Distinct:
		failAt(e.Pos(), dberr.StateWrongObjectType, "DISTINCT specified, but %s is not an aggregate function", name)
	case e.WithinGroup:
		failAt(e.Pos(), dberr.StateWrongObjectType, "WITHIN GROUP specified, but %s is not an aggregate function", name)
	case len(e.OrderBy) > 0:
		failAt(e.Pos(), dberr.StateWrongObjectType, "ORDER BY specified, but %s is not an aggregate function", name)
	case e.Filter != nil:
		failAt(e.Pos(), dberr.StateWrongObjectType, "FILTER specified, but %s is not an aggregate function", name)
	case e.Star:
		failAt(e.Pos(), dberr.StateWrongObjectType, "%s(*) specified, but %s is not an aggregate function", name, name)
	}
}

// named reports whether there is a function of the name.
func (b *binder) named(name string) bool {
	return fn.IsFunc(name) || fn.IsSet(name) || isSequenceCall(name) || name == "merge_action" || b.catalogNamed(name) || len(b.Catalog.FunctionsNamed(name)) > 0
}

// catalogNamed reports whether a function that looks into the catalog has the name.
func (b *binder) catalogNamed(name string) bool {
	return b.CatalogFunc != nil && slices.ContainsFunc([]int{0, 1, 2, 3}, func(n int) bool { return b.CatalogFunc(name, n) != nil })
}

// noFunction reports a function that is not there with its argument types.
func (b *binder) noFunction(s *scope, e *ast.FuncCall, name string) {
	given := e.Args
	if e.WithinGroup {
		for _, o := range e.OrderBy {
			given = append(given[:len(given):len(given)], o.Expr)
		}
	}
	_, types := b.args(s, given)
	list := make([]string, len(types))
	for i, t := range types {
		list[i] = t.Name()
	}
	fail(dberr.SQL(dberr.StateUndefinedFunction, "function %s(%s) does not exist", name, strings.Join(list, ", ")).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(e.Pos()))
}

func isSequenceCall(name string) bool {
	switch name {
	case "nextval", "currval", "setval", "lastval":
		return true
	}
	return false
}

// sequenceCall binds nextval('name') and its like. Of a name that is a constant the plan
// knows the sequence; others are looked up row by row.
func (b *binder) sequenceCall(s *scope, e *ast.FuncCall, name string) Expr {
	b.plainCall(s, e, name)
	want := map[string]int{"nextval": 1, "currval": 1, "lastval": 0, "setval": 2}[name]
	if len(e.Args) != want && !(name == "setval" && len(e.Args) == 3) || b.Sequence == nil || b.SequenceBy == nil {
		b.noFunction(s, e, name)
	}
	b.q.Volatile = true
	if name == "nextval" || name == "setval" {
		b.q.Writes = true
	}
	if want == 0 {
		f := b.Sequence(name, nil)
		return &Call{Typ: f.Ret, Func: f, Pos: e.Pos()}
	}
	lit := e.Args[0]
	if c, ok := lit.(*ast.Cast); ok && c.Type.Name == "regclass" {
		lit = c.Arg
	}
	var f *fn.Func
	call := &Call{Pos: e.Pos()}
	if text, ok := lit.(*ast.Literal); ok && text.Kind == ast.LitString {
		seq := b.sequenceNamed(text.Text, e.Args[0].Pos())
		b.q.Lasting = b.q.Lasting || name != "currval" && (b.Temp == "" || seq.Schema != b.Temp)
		f = b.Sequence(name, seq)
	} else {
		at, pos := *b.Scope, e.Args[0].Pos()
		b.q.Lasting = b.q.Lasting || name != "currval"
		f = b.SequenceBy(name, func(text string) (q *catalog.Sequence, err error) {
			defer catch(&err)
			return newBinder(&at).sequenceNamed(text, pos), nil
		})
		arg := b.expr(s, lit)
		if t := arg.Type().ID; t != sqltype.Unknown && t != sqltype.Text && t != sqltype.Varchar {
			unsupported(pos, name+" of a "+arg.Type().Name())
		}
		call.Args = append(call.Args, b.assign(arg, sqltype.TText, "", pos))
	}
	call.Typ, call.Func = f.Ret, f
	first := len(call.Args)
	for i, a := range e.Args[1:] {
		call.Args = append(call.Args, b.assign(b.expr(s, a), f.Args[first+i], "", a.Pos()))
	}
	for len(call.Args) < len(f.Args) {
		call.Args = append(call.Args, &Const{Typ: sqltype.TBool, Value: sqltype.Datum{Int: 1}})
	}
	return call
}

// sequenceNamed finds a sequence by its possibly qualified name.
func (b *binder) sequenceNamed(text string, pos int) *catalog.Sequence {
	rel, _ := b.relation(parseName(text, pos))
	if rel.Sequence == nil {
		failAt(pos, dberr.StateWrongObjectType, "%q is not a sequence", text)
	}
	return rel.Sequence
}

// SplitName reads a possibly qualified name.
func SplitName(text string) (n ast.Name, err error) {
	defer catch(&err)
	return parseName(text, 0), nil
}

// parseName reads a possibly qualified name, as in the text of a regclass.
func parseName(text string, pos int) ast.Name {
	var parts []string
	for rest := text; ; {
		var part string
		if strings.HasPrefix(rest, `"`) {
			end := strings.Index(rest[1:], `"`)
			if end < 0 {
				failAt(pos, dberr.StateInvalidName, "invalid name syntax")
			}
			part, rest = rest[1:1+end], rest[2+end:]
		} else {
			i := strings.IndexByte(rest, '.')
			if i < 0 {
				i = len(rest)
			}
			part, rest = strings.ToLower(rest[:i]), rest[i:]
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		if rest[0] != '.' {
			failAt(pos, dberr.StateInvalidName, "invalid name syntax")
		}
		rest = rest[1:]
	}
	n := ast.Name{Loc: ast.Loc(pos), Name: parts[len(parts)-1]}
	if len(parts) > 1 {
		n.Schema = parts[len(parts)-2]
	}
	return n
}

// sqlValue binds current_date and its like.
func (b *binder) sqlValue(e *ast.SQLValue) Expr {
	var args []Expr
	name := e.Name
	x := b.function(name, args, e.Pos())
	if e.Precision < 0 {
		return x
	}
	t, err := x.Type().WithMods(e.Precision)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	return b.cast(x, t, e.Pos())
}
