package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/storage/keyspace"
)

func (d *definer) dropFunctions(st *ast.Drop) error {
	d.dropping = map[keyspace.ObjectID]bool{}
	var list []*catalog.Function
	for i := range st.Funcs {
		f, err := d.findFunction(&st.Funcs[i])
		if e := dberr.As(err); e != nil && st.IfExists && (e.SQLState == dberr.StateUndefinedFunction || e.SQLState == dberr.StateUndefinedObject || e.SQLState == dberr.StateInvalidSchemaName) {
			continue
		}
		if err != nil {
			return err
		}
		d.dropping[f.ID] = true
		list = append(list, f)
	}
	for _, f := range list {
		d.changed = true
		if err := d.dropFunction(f.ID, st.Cascade); err != nil {
			return err
		}
	}
	return nil
}

// calls reports whether a stored expression calls a function.
func (d *definer) calls(f *catalog.Function, text string, t *catalog.Table) bool {
	if !strings.Contains(text, f.Name) {
		return false
	}
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return false
	}
	for _, o := range plan.ExprFunctions(d.scope(), t, e) {
		if o.ID == f.ID {
			return true
		}
	}
	return false
}

// callers lists the views and functions whose stored texts call a function.
func (d *definer) callers(f *catalog.Function) (list []reader, err error) {
	var all []reader
	for _, v := range d.e.Views() {
		all = append(all, reader{view: v})
	}
	for _, t := range d.e.Tables() {
		if t.Kind == catalog.Materialized {
			all = append(all, reader{table: t})
		}
	}
	for _, o := range d.e.Functions() {
		if o.Form != catalog.BodyText && o.ID != f.ID {
			all = append(all, reader{fn: o})
		}
	}
	for _, r := range all {
		if !strings.Contains(r.text(), f.Name) {
			continue
		}
		_, u, err := d.uses(r)
		if err != nil {
			return nil, err
		}
		for _, o := range u.Funcs {
			if o.ID == f.ID {
				list = append(list, r)
				break
			}
		}
	}
	return list, nil
}

// dropFunction drops a function that nothing depends on, or what does too.
func (d *definer) dropFunction(id keyspace.ObjectID, cascade bool) error {
	f := d.e.Function(id)
	if f == nil {
		return nil
	}
	name := signature(f)
	list, err := d.callers(f)
	if err != nil {
		return err
	}
	for _, r := range list {
		if !cascade && !(r.fn != nil && d.dropping[r.fn.ID]) {
			return dependent("function", name, r.name()+" depends on function "+name)
		}
		if err := d.dropReader(r); err != nil {
			return err
		}
	}
	n := &named{kind: "function", name: name, id: id, in: func(text string, t *catalog.Table) bool { return d.calls(f, text, t) }}
	if err := d.dropTexts(n, cascade); err != nil {
		return err
	}
	for _, o := range d.e.Functions() {
		if o.ID == id || !slices.ContainsFunc(o.Args, func(a catalog.FuncArg) bool { return d.calls(f, a.Default, nil) }) {
			continue
		}
		if !cascade && !d.dropping[o.ID] {
			return n.refused("function %s", signature(o))
		}
		if err := d.dropFunction(o.ID, true); err != nil {
			return err
		}
	}
	return d.e.DropFunction(f)
}

// dropTypeFunctions refuses to drop a type that functions have parameters or results of, or whose
// bodies with full names cast to it, or drops those.
func (d *definer) dropTypeFunctions(t *catalog.UserType, cascade bool) error {
	for _, f := range d.e.Functions() {
		used := isType(t, f.Returns, f.ReturnsDomain)
		for _, a := range f.Args {
			used = used || isType(t, a.Type, a.Domain) || d.namesType(a.Default, t)
		}
		if !used && f.Form != catalog.BodyText && strings.Contains(f.Body, t.Name) {
			_, u, err := d.uses(reader{fn: f})
			if err != nil {
				return err
			}
			for _, o := range u.Types {
				used = used || o.ID == t.ID
			}
		}
		if !used {
			continue
		}
		if !cascade {
			return dependent("type", t.Name, fmt.Sprintf("function %s depends on type %s", signature(f), t.Name))
		}
		if err := d.dropFunction(f.ID, true); err != nil {
			return err
		}
	}
	return nil
}

func (d *definer) alterFunction(st *ast.AlterFunction) error {
	f, err := d.findFunction(&st.Func)
	if err != nil {
		return err
	}
	f = f.Clone()
	if err := functionOptions(f, &st.Options); err != nil {
		return err
	}
	d.changed = true
	return d.e.PutFunction(f)
}

func (d *definer) renameFunction(st *ast.Rename) error {
	f, err := d.findFunction(st.Func)
	if err != nil {
		return err
	}
	d.changed = true
	return d.moveFunction(f, f.Schema, st.New)
}

func (d *definer) setFunctionSchema(st *ast.SetSchema) error {
	f, err := d.findFunction(st.Func)
	if err != nil {
		return err
	}
	if err := d.newSchema(st.Schema, st.Pos()); err != nil {
		return err
	}
	if f.Schema == st.Schema {
		return nil
	}
	d.changed = true
	return d.moveFunction(f, st.Schema, f.Name)
}

// moveFunction gives a function another name or schema. Stored texts that call it follow.
func (d *definer) moveFunction(f *catalog.Function, schema, name string) error {
	if d.e.FunctionLike(schema, name, f.InputTypes()) != nil {
		moved := *f
		moved.Name = name
		return dberr.SQL(dberr.StateDuplicateFunction, "function %s already exists in schema %q", strings.ReplaceAll(signature(&moved), ",", ", "), schema)
	}
	readers, err := d.callers(f)
	if err != nil {
		return err
	}
	var list []rewritten
	for _, r := range readers {
		sel, u, err := d.uses(r)
		if err != nil {
			return err
		}
		renameCalls(u.Funcs, f.ID, schema, name)
		list = append(list, rewritten{r, ast.QueryString(sel)})
	}
	if err := d.rewriteTextsOver(func(e ast.Expr, t *catalog.Table) bool {
		return namesFunction(e, f.Name) && renameCalls(plan.ExprFunctions(d.scope(), t, e), f.ID, schema, name)
	}); err != nil {
		return err
	}
	c := d.e.Function(f.ID).Clone()
	c.Schema, c.Name = schema, name
	if err := d.e.PutFunction(c); err != nil {
		return err
	}
	return d.store(list)
}

func namesFunction(e ast.Expr, name string) (found bool) {
	ast.Walk(e, func(n any) bool {
		c, ok := n.(*ast.FuncCall)
		found = found || ok && c.Name[len(c.Name)-1] == name
		return !found
	})
	return found
}

func renameCalls(calls map[*ast.FuncCall]*catalog.Function, id keyspace.ObjectID, schema, name string) (any bool) {
	for call, f := range calls {
		if f.ID == id {
			call.Name, any = []string{schema, name}, true
		}
	}
	return any
}
