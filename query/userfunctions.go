package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// What the catalog tells of functions in language SQL: rows of pg_proc and of information_schema,
// their text, and their names as values of regproc and regprocedure.

const (
	procClassOID = 1255 // of pg_proc, in pg_description
	sqlLanguage  = 14
)

// argTypeOID is the object id of the type of a parameter.
func argTypeOID(t sqltype.Type, domain keyspace.ObjectID) int {
	switch {
	case domain != 0 && t.ID != sqltype.Array:
		return objectOID(domain)
	case t.ID == sqltype.Record && t.Mod == 0:
		return 2249
	}
	return int(t.OID())
}

// resultOID is the object id of the type that a function returns.
func resultOID(s *catalog.Snapshot, f *catalog.Function) int {
	if t := s.Table(f.RowOf); t != nil {
		for _, r := range pgRelations(s) {
			if r.table == t && r.index == nil {
				return rowTypeOID(&r)
			}
		}
	}
	return argTypeOID(f.Returns, f.ReturnsDomain)
}

func (v *viewCall) userProcs() {
	for _, f := range v.snap.Functions() {
		var ins, all []int64
		var modes, names, defaults []string
		variadic, named, plain := 0, false, true
		for _, a := range f.Args {
			oid := argTypeOID(a.Type, a.Domain)
			all, modes, names = append(all, int64(oid)), append(modes, string(a.Mode)), append(names, a.Name)
			named, plain = named || a.Name != "", plain && a.Mode == 'i'
			if a.Input() {
				ins = append(ins, int64(oid))
			}
			if a.Mode == 'v' {
				variadic = int(a.Type.ElemType().OID())
			}
			if a.Default != "" {
				defaults = append(defaults, a.Default)
			}
		}
		r := row{"oid": objectOID(f.ID), "proname": f.Name, "pronamespace": schemaOID(f.Schema), "proowner": ownerOID, "prolang": sqlLanguage,
			"procost": f.Cost, "prorows": f.Rows, "provariadic": variadic, "prokind": "f", "proleakproof": f.Leakproof, "proisstrict": f.Strict,
			"proretset": f.Set, "provolatile": string(f.Volatility), "proparallel": string(f.Parallel), "pronargs": len(ins), "pronargdefaults": len(defaults),
			"prorettype": resultOID(v.snap, f), "proargtypes": vector(sqltype.TOID, ins...), "prosrc": f.Body}
		if named {
			r["proargnames"] = textArray(names)
		}
		if !plain {
			types := vector(sqltype.TOID, all...)
			types.Lower = []int{1}
			r["proallargtypes"], r["proargmodes"] = types, textArray(modes)
		}
		if len(defaults) > 0 {
			r["proargdefaults"] = strings.Join(defaults, ", ")
		}
		if f.Form != catalog.BodyText {
			r["prosrc"], r["prosqlbody"] = "", f.Body
		}
		v.set(r)
	}
}

// typedAs describes a type in information_schema.
func (v *viewCall) typedAs(r row, prefix string, t sqltype.Type, domain keyspace.ObjectID) {
	schema, name, shown := catalog.SystemSchema, t.Base().ShortName(), t.Base().Name()
	if u := v.snap.TypeByID(domain); u != nil && t.ID != sqltype.Array {
		schema, name, shown = u.Schema, u.Name, "USER-DEFINED"
	} else if c, ok := sqltype.CompositeOf(t); ok && t.ID == sqltype.Record {
		schema, name, shown = c.Schema, c.Name, "USER-DEFINED"
	} else if e, ok := sqltype.EnumOf(t); ok && t.ID == sqltype.Enum {
		schema, name, shown = e.Schema, e.Name, "USER-DEFINED"
	} else if t.ID == sqltype.Array {
		shown = "ARRAY"
	}
	r["data_type"], r[prefix+"udt_catalog"], r[prefix+"udt_schema"], r[prefix+"udt_name"] = shown, v.db, schema, name
}

func (v *viewCall) userRoutines() {
	for _, f := range v.snap.Functions() {
		r := row{"specific_catalog": v.db, "specific_schema": f.Schema, "specific_name": f.Name + "_" + strconv.Itoa(objectOID(f.ID)), "routine_catalog": v.db,
			"routine_schema": f.Schema, "routine_name": f.Name, "routine_type": "FUNCTION", "dtd_identifier": "0", "routine_body": "SQL",
			"external_language": "SQL", "parameter_style": "GENERAL", "is_deterministic": yesNo(f.Volatility == 'i'), "sql_data_access": "MODIFIES",
			"is_null_call": yesNo(f.Strict), "schema_level_routine": "YES", "max_dynamic_result_sets": 0, "security_type": "INVOKER", "as_locator": "NO",
			"is_udt_dependent": "NO"}
		r["routine_definition"] = f.Body
		v.typedAs(r, "type_", f.Returns, f.ReturnsDomain)
		if t := v.snap.Table(f.RowOf); t != nil {
			r["data_type"], r["type_udt_schema"], r["type_udt_name"] = "USER-DEFINED", t.Schema, t.Name
		}
		v.set(r)
	}
}

var modeWords = map[byte]string{'i': "IN", 'o': "OUT", 'b': "INOUT", 'v': "IN", 't': "OUT"}

func (v *viewCall) userParameters() {
	for _, f := range v.snap.Functions() {
		for i, a := range f.Args {
			r := row{"specific_catalog": v.db, "specific_schema": f.Schema, "specific_name": f.Name + "_" + strconv.Itoa(objectOID(f.ID)),
				"ordinal_position": i + 1, "parameter_mode": modeWords[a.Mode], "is_result": "NO", "as_locator": "NO", "dtd_identifier": strconv.Itoa(i + 1)}
			if a.Name != "" {
				r["parameter_name"] = a.Name
			}
			if a.Default != "" {
				r["parameter_default"] = a.Default
			}
			v.typedAs(r, "", a.Type, a.Domain)
			v.set(r)
		}
	}
}

// userFunction is the function of an object id; nil where there is none.
func (c *catalogCall) userFunction(oid int64) *catalog.Function {
	if oid < catalog.FirstOID {
		return nil
	}
	return c.snap.Function(keyspace.ObjectID(oid - catalog.FirstOID))
}

func (c *catalogCall) typeText(oid int) (string, error) {
	d, err := c.formatType([]sqltype.Datum{{Int: int64(oid)}, sqltype.NullDatum})
	return d.Str, err
}

// argumentText is the list of a function's parameters.
func (c *catalogCall) argumentText(f *catalog.Function, defaults, table bool) (string, error) {
	var list []string
	for _, a := range f.Args {
		if (a.Mode == 't') != table {
			continue
		}
		typ, err := c.typeText(argTypeOID(a.Type, a.Domain))
		if err != nil {
			return "", err
		}
		text := map[byte]string{'o': "OUT ", 'b': "INOUT ", 'v': "VARIADIC "}[a.Mode]
		if a.Name != "" {
			text += ast.QuoteIdent(a.Name) + " "
		}
		text += typ
		if defaults && a.Default != "" {
			text += " DEFAULT " + a.Default
		}
		list = append(list, text)
	}
	return strings.Join(list, ", "), nil
}

func (c *catalogCall) functionArguments(args []sqltype.Datum) (sqltype.Datum, error) {
	f := c.userFunction(args[0].Int)
	if f == nil {
		return sqltype.NullDatum, nil
	}
	s, err := c.argumentText(f, true, false)
	return text(s), err
}

func (c *catalogCall) functionIdentity(args []sqltype.Datum) (sqltype.Datum, error) {
	f := c.userFunction(args[0].Int)
	if f == nil {
		return sqltype.NullDatum, nil
	}
	s, err := c.argumentText(f, false, false)
	return text(s), err
}

func (c *catalogCall) functionResult(args []sqltype.Datum) (sqltype.Datum, error) {
	f := c.userFunction(args[0].Int)
	if f == nil {
		return sqltype.NullDatum, nil
	}
	if slices.ContainsFunc(f.Args, func(a catalog.FuncArg) bool { return a.Mode == 't' }) {
		s, err := c.argumentText(f, false, true)
		return text("TABLE(" + s + ")"), err
	}
	s, err := c.typeText(resultOID(c.snap, f))
	if f.Set {
		s = "SETOF " + s
	}
	return text(s), err
}

// functionDef is the statement that makes a function.
func (c *catalogCall) functionDef(args []sqltype.Datum) (sqltype.Datum, error) {
	f := c.userFunction(args[0].Int)
	if f == nil {
		return sqltype.NullDatum, nil
	}
	list, err := c.argumentText(f, true, false)
	if err != nil {
		return sqltype.NullDatum, err
	}
	result, err := c.functionResult(args)
	if err != nil {
		return sqltype.NullDatum, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE OR REPLACE FUNCTION %s(%s)\n RETURNS %s\n LANGUAGE sql\n", qualified(f.Schema, f.Name), list, result.Str)
	if o := functionAttributes(f); o != "" {
		b.WriteString(o + "\n")
	}
	if body := sqlBody(f); body != "" {
		b.WriteString(body + "\n")
	} else {
		tag := "$function$"
		for strings.Contains(f.Body, tag) {
			tag = tag[:len(tag)-1] + "x$"
		}
		b.WriteString("AS " + tag + f.Body + tag + "\n")
	}
	return text(b.String()), nil
}

// sqlBody is a body that was not given as text, "" where it was.
func sqlBody(f *catalog.Function) string {
	switch f.Form {
	case catalog.BodyReturn:
		return "RETURN " + returned(f)
	case catalog.BodyAtomic:
		return "BEGIN ATOMIC\n " + f.Body + ";\nEND"
	}
	return ""
}

func (c *catalogCall) functionSQLBody(args []sqltype.Datum) (sqltype.Datum, error) {
	if f := c.userFunction(args[0].Int); f != nil && f.Form != catalog.BodyText {
		return text(sqlBody(f)), nil
	}
	return sqltype.NullDatum, nil
}

// returned is the expression of RETURN.
func returned(f *catalog.Function) string {
	stmts, err := parse.Parse(f.Body, parse.Limits{})
	if err == nil && len(stmts) == 1 {
		if sel, ok := stmts[0].(*ast.Select); ok && len(sel.Targets) == 1 {
			return ast.String(sel.Targets[0].Expr)
		}
	}
	return "(" + f.Body + ")"
}

func functionAttributes(f *catalog.Function) (s string) {
	s += map[byte]string{'i': " IMMUTABLE", 's': " STABLE"}[f.Volatility]
	s += map[byte]string{'s': " PARALLEL SAFE", 'r': " PARALLEL RESTRICTED"}[f.Parallel]
	if f.Strict {
		s += " STRICT"
	}
	if f.Leakproof {
		s += " LEAKPROOF"
	}
	if f.Cost != 100 {
		s += " COST " + strconv.FormatFloat(f.Cost, 'g', -1, 64)
	}
	if f.Set && f.Rows != 1000 {
		s += " ROWS " + strconv.FormatFloat(f.Rows, 'g', -1, 64)
	}
	return s
}

// functionVisible tells whether the search path leads to a function.
func (c *catalogCall) functionVisible(args []sqltype.Datum) (sqltype.Datum, error) {
	f := c.userFunction(args[0].Int)
	return boolDatum(f == nil || c.functionShown(f)), nil
}

// functionShown reports whether the search path leads to a function.
func (c *catalogCall) functionShown(f *catalog.Function) bool {
	for _, schema := range c.s.set.path {
		if o := c.snap.FunctionLike(schema, f.Name, f.InputTypes()); o != nil {
			return o.ID == f.ID
		}
	}
	return false
}

// userNamed are the functions of users that a name means.
func (c *catalogCall) userNamed(text string) (list []*catalog.Function) {
	n, err := plan.SplitName(text)
	if err != nil {
		return nil
	}
	for _, f := range c.snap.FunctionsNamed(n.Name) {
		if f.Schema == n.Schema || n.Schema == "" && c.functionShown(f) {
			list = append(list, f)
		}
	}
	return list
}

// userShown is the name of a function, with its schema where the search path does not lead to it.
func (c *catalogCall) userShown(f *catalog.Function) string {
	if c.functionShown(f) {
		return ast.QuoteIdent(f.Name)
	}
	return qualified(f.Schema, f.Name)
}
