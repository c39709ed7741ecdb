package query

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// The functions that ask whether something of a name is there: its name as it is
// shown, or NULL.
func init() {
	for name, eval := range map[string]func(c *catalogCall, args []sqltype.Datum) (sqltype.Datum, error){
		"to_regtype":      (*catalogCall).toType,
		"to_regnamespace": (*catalogCall).toSchema,
		"to_regrole":      (*catalogCall).toRole,
		"to_regproc":      (*catalogCall).toFunction,
		"to_regprocedure": (*catalogCall).toProcedure,
	} {
		f := catalogFunctions[name]
		f.args, f.need, f.ret, f.eval = []sqltype.Type{sqltype.TText}, 1, sqltype.TText, eval
		catalogFunctions[name] = f
	}
}

// typeOf finds the type that a text names; the name of the type as it is shown.
func (c *catalogCall) typeOf(name string) (string, bool) {
	if open, shut := strings.IndexByte(name, '('), strings.LastIndexByte(name, ')'); open > 0 && shut > open && name[0] != '"' {
		name = name[:open] + name[shut+1:] // a modifier changes nothing
	}
	if t, err := sqltype.TypeByName(name); err == nil {
		return t.Base().Name(), true
	}
	elem, array := strings.CutSuffix(strings.TrimSpace(name), "[]")
	n, err := plan.SplitName(elem)
	if err != nil {
		return "", false
	}
	_, user, err := plan.ResolveType(c.s.scope(c.snap, nil), &ast.TypeName{Schema: n.Schema, Name: n.Name})
	if err != nil || user == nil {
		return "", false
	}
	s := c.visible(user.Schema, user.Name)
	if array {
		s += "[]"
	}
	return s, true
}

func (c *catalogCall) toType(args []sqltype.Datum) (sqltype.Datum, error) {
	if s, ok := c.typeOf(args[0].Str); ok {
		return text(s), nil
	}
	return sqltype.NullDatum, nil
}

func (c *catalogCall) toSchema(args []sqltype.Datum) (sqltype.Datum, error) {
	n, err := plan.SplitName(args[0].Str)
	if err != nil || n.Schema != "" {
		return sqltype.NullDatum, err
	}
	if slices.Contains(append(c.snap.Schemas(), catalog.InformationSchema, catalog.SystemSchema), n.Name) {
		return text(ast.QuoteIdent(n.Name)), nil
	}
	return sqltype.NullDatum, nil
}

func (c *catalogCall) toRole(args []sqltype.Datum) (sqltype.Datum, error) {
	n, err := plan.SplitName(args[0].Str)
	if err != nil || n.Schema != "" || n.Name != sqlUser {
		return sqltype.NullDatum, err
	}
	return text(sqlUser), nil
}

// functionName reads the name of a function, which are all those of pg_catalog.
func functionName(s string) (string, error) {
	n, err := plan.SplitName(s)
	if err != nil || n.Schema != "" && n.Schema != catalog.SystemSchema {
		return "", err
	}
	return n.Name, nil
}

// toFunction is NULL for a name of several functions, as in PostgreSQL.
func (c *catalogCall) toFunction(args []sqltype.Datum) (sqltype.Datum, error) {
	name, err := functionName(args[0].Str)
	if err != nil || fn.Overloads(name) != 1 {
		return sqltype.NullDatum, err
	}
	return text(ast.QuoteIdent(name)), nil
}

func (c *catalogCall) toProcedure(args []sqltype.Datum) (sqltype.Datum, error) {
	head, list, ok := strings.Cut(strings.TrimSpace(args[0].Str), "(")
	list, closed := strings.CutSuffix(list, ")")
	if !ok || !closed {
		return sqltype.NullDatum, nil
	}
	name, err := functionName(head)
	if err != nil || name == "" {
		return sqltype.NullDatum, err
	}
	var types []sqltype.Type
	for _, t := range strings.Split(list, ",") {
		if strings.TrimSpace(t) == "" && list == "" {
			break
		}
		typ, err := sqltype.TypeByName(strings.TrimSpace(t))
		if err != nil {
			return sqltype.NullDatum, nil
		}
		types = append(types, typ.Base())
	}
	if !fn.HasOverload(name, types) {
		return sqltype.NullDatum, nil
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	return text(ast.QuoteIdent(name) + "(" + strings.Join(names, ",") + ")"), nil
}
