package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

func badFunction(pos int, format string, args ...any) *dberr.Error {
	return dberr.SQL(dberr.StateInvalidFunction, format, args...).At(pos)
}

// createFunction checks a function and stores it.
func (d *definer) createFunction(st *ast.CreateFunction) error {
	f := &catalog.Function{Name: st.Name.Name, Form: catalog.BodyForm(st.Form), Body: st.Body, Volatility: 'v', Parallel: 'u', Cost: 100}
	var err error
	if f.Schema, err = d.functionSchema(st.Name); err != nil {
		return err
	}
	for i := range st.Params {
		if err := d.functionParam(f, &st.Params[i]); err != nil {
			return err
		}
	}
	if err := d.functionParams(f, st); err != nil {
		return err
	}
	if err := d.functionResult(f, st); err != nil {
		return err
	}
	if f.Set {
		f.Rows = 1000
	}
	if err := functionOptions(f, &st.Options); err != nil {
		return err
	}
	old := d.e.FunctionLike(f.Schema, f.Name, f.InputTypes())
	switch {
	case old != nil && !st.OrReplace:
		return dberr.SQL(dberr.StateDuplicateFunction, "function %q already exists with same argument types", f.Name).At(st.Pos())
	case old != nil:
		if err := replaces(f, old); err != nil {
			return err
		}
		f.ID, f.Comment = old.ID, old.Comment
	default:
		if f.ID, err = d.e.NewID(); err != nil {
			return err
		}
	}
	if err := d.e.PutFunction(f); err != nil { // so that its body may call it, which is refused by name
		return err
	}
	if err := d.functionBody(f); err != nil {
		return err
	}
	d.changed = true
	return d.e.PutFunction(f)
}

func (d *definer) functionSchema(n ast.Name) (schema string, err error) {
	if schema = n.Schema; schema == "" {
		if schema, err = d.creationSchema(n.Pos()); err != nil {
			return "", err
		}
	}
	switch {
	case isTemp(schema) || schema == tempAlias:
		return "", refuse(n.Pos(), "a function in a temporary schema")
	case !d.e.HasSchema(schema):
		return "", dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", schema).At(n.Pos())
	case catalog.Reserved(schema):
		return "", dberr.SQL(dberr.StateInsufficientPrivilege, "permission denied for schema %s", schema).At(n.Pos())
	}
	return schema, validName(n.Name, n.Pos())
}

// functionType resolves the type of a parameter or result.
func (d *definer) functionType(n *ast.TypeName) (t sqltype.Type, domain keyspace.ObjectID, err error) {
	if n.Schema == "" || n.Schema == catalog.SystemSchema {
		switch {
		case pseudoTypes[n.Name] != 0:
			return t, 0, refuse(n.Pos(), "a function of the polymorphic type %s", n.Name)
		case n.Name == "trigger" || n.Name == "event_trigger":
			return t, 0, refuse(n.Pos(), "a function for triggers")
		}
		if _, serial := serials[n.Name]; serial {
			return t, 0, dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", n.Name).At(n.Pos())
		}
	}
	t, user, err := plan.ResolveType(d.scope(), n)
	if err != nil {
		return t, 0, err
	}
	if user != nil && user.Kind == catalog.Domain {
		domain = user.ID
	}
	return t.Base(), domain, nil
}

func (d *definer) functionParam(f *catalog.Function, p *ast.FuncParam) error {
	a := catalog.FuncArg{Name: p.Name, Mode: p.Mode}
	var err error
	if a.Type, a.Domain, err = d.functionType(p.Type); err != nil {
		if rel, lerr := d.s.lookup(d.e.Snapshot, ast.Name{Schema: p.Type.Schema, Name: p.Type.Name}); lerr == nil && rel.Index == nil && rel.Sequence == nil {
			return dberr.SQL(dberr.StateFeatureNotSupported, "a parameter of the row type of %s is not supported", rel.Kind()).
				WithHint("CREATE TYPE name AS (…) makes a type for the parameter, to which rows can be cast.").At(p.Pos())
		}
		if e := dberr.As(err); e != nil && e.SQLState == dberr.StateUndefinedObject {
			e.Message = strings.ReplaceAll(e.Message, `"`, "")
		}
		return err
	}
	if t := a.Type; t.ID == sqltype.Void || t.ID == sqltype.Unknown || t.ID == sqltype.Record && t.Mod == 0 {
		return badFunction(p.Pos(), "SQL functions cannot have arguments of type %s", t.Name())
	}
	if p.Default == nil {
		f.Args = append(f.Args, a)
		return nil
	}
	if !a.Input() {
		return badFunction(p.Pos(), "only input parameters can have default values")
	}
	if _, err := plan.BindRowExpr(d.scope(), nil, p.Default, a.Type, "DEFAULT expression"); err != nil {
		return err
	}
	a.Default = d.storedText(p.Default)
	f.Args = append(f.Args, a)
	return nil
}

// functionParams checks the parameters against each other.
func (d *definer) functionParams(f *catalog.Function, st *ast.CreateFunction) error {
	defaults, variadic := false, false
	for i := range f.Args {
		a, pos := &f.Args[i], st.Params[i].Pos()
		for k := range i {
			o := &f.Args[k]
			if a.Name != "" && a.Name == o.Name && (a.Input() && o.Input() || a.Output() && o.Output() || a.Mode == 't' || o.Mode == 't') {
				return badFunction(pos, "parameter name %q used more than once", a.Name)
			}
			if a.Mode == 't' && (o.Mode == 'o' || o.Mode == 'b') {
				return dberr.SQL(dberr.StateSyntax, "OUT and INOUT arguments aren't allowed in TABLE functions").At(pos)
			}
		}
		if !a.Input() {
			continue
		}
		switch {
		case variadic:
			return badFunction(pos, "VARIADIC parameter must be the last input parameter")
		case defaults && a.Default == "" && a.Mode != 'v':
			return badFunction(pos, "input parameters after one with a default value must also have defaults")
		case a.Mode == 'v' && a.Type.ID != sqltype.Array:
			return badFunction(pos, "VARIADIC parameter must be an array")
		}
		defaults, variadic = defaults || a.Default != "", a.Mode == 'v'
	}
	if n := len(f.Inputs()); n > 100 {
		return dberr.SQL("54023", "functions cannot have more than 100 arguments").At(st.Pos())
	}
	return nil
}

// functionResult decides what a function returns.
func (d *definer) functionResult(f *catalog.Function, st *ast.CreateFunction) error {
	outs, record := f.Outputs(), sqltype.Type{ID: sqltype.Record}
	want := record
	if len(outs) == 1 {
		want = outs[0].Type
	}
	n := st.Returns
	if n == nil {
		if len(outs) == 0 {
			return badFunction(st.Pos(), "function result type must be specified")
		}
		f.Returns = want
		return nil
	}
	f.Set = n.SetOf
	if len(outs) > 0 && outs[0].Mode == 't' {
		f.Returns = want
		return nil
	}
	one := *n
	one.SetOf = false
	var err error
	f.Returns, f.ReturnsDomain, err = d.functionType(&one)
	if err != nil {
		rel, lerr := d.s.lookup(d.e.Snapshot, ast.Name{Schema: n.Schema, Name: n.Name})
		if lerr != nil || n.Dims > 0 || rel.Table == nil || rel.Index != nil || isTemp(rel.Table.Schema) {
			return err
		}
		f.Returns, f.RowOf = record, rel.Table.ID
	}
	switch {
	case len(outs) > 0 && f.Returns != want:
		return badFunction(n.Pos(), "function result type must be %s because of OUT parameters", want.Name())
	case len(outs) == 0 && f.RowOf == 0 && f.Returns == record:
		return refuse(n.Pos(), "a function that returns record without OUT parameters or TABLE (…)")
	case f.Set && f.Returns.ID == sqltype.Void:
		return refuse(n.Pos(), "SETOF void")
	}
	return nil
}

// functionOptions sets the attributes that were given.
func functionOptions(f *catalog.Function, o *ast.FuncOptions) error {
	if o.Volatility != 0 {
		f.Volatility = o.Volatility
	}
	if o.Strict != nil {
		f.Strict = *o.Strict
	}
	if o.Leakproof != nil {
		f.Leakproof = *o.Leakproof
	}
	if o.Parallel != 0 {
		f.Parallel = o.Parallel
	}
	number := func(name, text string, to *float64) error {
		if text == "" {
			return nil
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v <= 0 {
			return dberr.SQL(dberr.StateInvalidParameterValue, "%s must be positive", name)
		}
		*to = v
		return nil
	}
	if err := number("COST", o.Cost, &f.Cost); err != nil {
		return err
	}
	if o.Rows != "" && !f.Set {
		return dberr.SQL(dberr.StateInvalidParameterValue, "ROWS is not applicable when function does not return a set")
	}
	return number("ROWS", o.Rows, &f.Rows)
}

// replaces checks that callers of a function can call another in its place.
func replaces(f, old *catalog.Function) error {
	hint := "Use DROP FUNCTION " + signature(old) + " first."
	if f.Returns != old.Returns || f.RowOf != old.RowOf || f.Set != old.Set {
		return badFunction(0, "cannot change return type of existing function").WithHint("%s", hint)
	}
	same := func(a, b catalog.FuncArg) bool { return a.Name == b.Name && a.Type == b.Type }
	if len(old.Outputs()) > 1 && !slices.EqualFunc(f.Outputs(), old.Outputs(), same) {
		return badFunction(0, "cannot change return type of existing function").
			WithDetail("Row type defined by OUT parameters is different.").WithHint("%s", hint)
	}
	ins := f.Inputs()
	for i, a := range old.Inputs() {
		if a.Name != "" && a.Name != ins[i].Name {
			return badFunction(0, "cannot change name of input parameter %q", a.Name).WithHint("%s", hint)
		}
		if a.Default != "" && ins[i].Default == "" {
			return badFunction(0, "cannot remove parameter defaults from existing function").WithHint("%s", hint)
		}
	}
	return nil
}

// functionBody checks the body, and writes one that was not given as text with full names.
func (d *definer) functionBody(f *catalog.Function) error {
	sel, err := plan.ParseBody(f)
	if err != nil {
		return err
	}
	if f.Form == catalog.BodyText && !d.s.checksBodies() {
		return nil
	}
	u, err := plan.FunctionUses(d.scope(), f, sel)
	if err != nil {
		return unplaced(err)
	}
	for _, o := range u.Funcs {
		if o.ID == f.ID {
			return plan.CallsItself(f, 0)
		}
	}
	if f.Form == catalog.BodyText {
		return nil
	}
	for _, rel := range u.Tables {
		if rel.Table != nil && isTemp(rel.Table.Schema) || rel.View != nil && isTemp(rel.View.Schema) {
			return refuse(0, "a temporary table in a body that is not text")
		}
	}
	f.Reads = u.Reads
	u.Expand(sel)
	full := *f
	full.Body = ast.QueryString(sel)
	if again, err := plan.ParseBody(&full); err == nil {
		if _, err := plan.FunctionUses(d.scope(), &full, again); err == nil {
			f.Body = full.Body
		}
	}
	return nil
}

// signature is the name of a function with the types of its inputs.
func signature(f *catalog.Function) string {
	types := f.InputTypes()
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	return f.Name + "(" + strings.Join(names, ",") + ")"
}

// findFunction finds the function that a statement names.
func (d *definer) findFunction(r *ast.Routine) (*catalog.Function, error) {
	var types []sqltype.Type
	for _, n := range r.Types {
		t, _, err := d.functionType(n)
		if err != nil {
			return nil, err
		}
		types = append(types, t)
	}
	if r.Schema != "" && !d.e.HasSchema(r.Schema) {
		return nil, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", r.Schema).At(r.Pos())
	}
	path := d.s.set.path
	if r.Schema != "" {
		path = []string{r.Schema}
	}
	var hits []*catalog.Function
	for _, schema := range path {
		for _, f := range d.e.FunctionsNamed(r.Name.Name) {
			if f.Schema == schema && (r.Bare || slices.Equal(f.InputTypes(), types)) {
				hits = append(hits, f)
			}
		}
		if len(hits) > 0 && !r.Bare {
			break
		}
	}
	switch {
	case len(hits) > 1:
		return nil, dberr.SQL(dberr.StateAmbiguousFunction, "function name %q is not unique", dotted(r.Name)).
			WithHint("Specify the argument list to select the function unambiguously.").At(r.Pos())
	case len(hits) == 1:
		return hits[0], nil
	case r.Bare:
		return nil, dberr.SQL(dberr.StateUndefinedFunction, "could not find a function named %q", dotted(r.Name)).At(r.Pos())
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	return nil, dberr.SQL(dberr.StateUndefinedFunction, "function %s(%s) does not exist", dotted(r.Name), strings.Join(names, ", ")).At(r.Pos())
}

// functionOfPath is a function of a name that the search path leads to, where no built-in one has
// the name; nil where there is none.
func (d *definer) functionOfPath(name string) *catalog.Function {
	list := d.e.FunctionsNamed(name)
	if len(list) == 0 || fn.IsFunc(name) || fn.IsSet(name) || fn.IsAgg(name) {
		return nil
	}
	for _, schema := range d.s.set.path {
		for _, f := range list {
			if f.Schema == schema {
				return f
			}
		}
	}
	return nil
}
