package plan

import (
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
)

// ParseBody parses the body of a function, which has to be one query.
func ParseBody(f *catalog.Function) (*ast.Select, error) {
	stmts, err := parse.Parse(f.Body, parse.Limits{})
	if err != nil {
		return nil, unplacedErr(err)
	}
	if len(stmts) == 0 && f.Returns.ID == sqltype.Void {
		return &ast.Select{}, nil
	}
	if len(stmts) == 0 {
		return nil, dberr.SQL(dberr.StateInvalidFunction, "return type mismatch in function declared to return %s", f.Returns.Name()).
			WithDetail("Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.")
	}
	sel, ok := stmts[0].(*ast.Select)
	if !ok || len(stmts) > 1 {
		return nil, dberr.SQL(dberr.StateFeatureNotSupported, "a function whose body is not one SELECT (several statements, INSERT, UPDATE and DELETE) is not supported")
	}
	return sel, nil
}

func mustParse(f *catalog.Function, text string) ast.Expr {
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		fail(fmt.Errorf("read a default of function %q: %w", f.Name, err))
	}
	return e
}

// FunctionUses binds the body of a function and checks that it gives what the function returns.
func FunctionUses(s *Scope, f *catalog.Function, sel *ast.Select) (u *Uses, err error) {
	defer catch(&err)
	b := newBinder(s)
	leave := b.enterFunction(f, 0)
	b.uses, b.opaque = newUses(), true
	for _, a := range f.Inputs() {
		b.fn.params = append(b.fn.params, b.q.NewCol(a.Name, a.Type))
	}
	out := b.query(sel, nil, nil)
	u = b.uses
	u.readBy(s.Catalog, b.reads)
	leave()
	b.shaped(f, out)
	return u, nil
}

// ExprFunctions are the functions in language SQL that a stored expression over the columns of a
// table calls itself; what cannot be bound calls none.
func ExprFunctions(s *Scope, t *catalog.Table, e ast.Expr) (calls map[*ast.FuncCall]*catalog.Function) {
	b := newBinder(s)
	b.rowOnly, b.uses, b.opaque = true, newUses(), true
	var err error
	func() {
		defer catch(&err)
		sc := b.newScope(nil)
		if t != nil {
			ids := make([]Col, len(t.Columns))
			for i, c := range t.Columns {
				ids[i] = b.q.NewCol(c.Name, c.Type)
			}
			sc.add(b.tableEntry(t, t.Name, ids))
		}
		b.expr(sc, e)
	}()
	return b.uses.Funcs
}

// parameter is the argument of the function whose body is being bound, by number from 1.
func (b *binder) parameter(n, pos int) Expr {
	if n < 1 || n > len(b.fn.params) {
		failAt(pos, dberr.StateUndefinedParameter, "there is no parameter $%d", n)
	}
	return b.q.Ref(b.fn.params[n-1])
}

// namedParameter is the argument of a name; nil where there is none.
func (b *binder) namedParameter(name string) Expr {
	if b.fn == nil || len(b.fn.params) == 0 || name == "" {
		return nil
	}
	for i, a := range b.fn.f.Inputs() {
		if a.Name == name {
			return b.q.Ref(b.fn.params[i])
		}
	}
	return nil
}

// qualifiedParameter is function.argument, or the field of an argument; nil where there is none.
func (b *binder) qualifiedParameter(table, name string, pos int) Expr {
	if b.fn == nil {
		return nil
	}
	if table == b.fn.f.Name {
		if x := b.namedParameter(name); x != nil {
			return x
		}
	}
	x := b.namedParameter(table)
	if x == nil || !x.Type().HasFields() {
		return nil
	}
	names, values := b.fields(x, pos)
	for i, n := range names {
		if n == name {
			return values[i]
		}
	}
	return nil
}

// userRef is a user's function in FROM; nil where another is called.
func (b *binder) userRef(in *scope, t *ast.FuncRef) *fromItem {
	if len(t.Funcs) != 1 {
		for _, f := range t.Funcs {
			if call, ok := f.Call.(*ast.FuncCall); ok && len(b.candidates(call)) > 0 {
				unsupported(t.Pos(), "a function in language SQL within ROWS FROM")
			}
		}
		return nil
	}
	call, ok := t.Funcs[0].Call.(*ast.FuncCall)
	if !ok || len(b.candidates(call)) == 0 || call.Over != nil {
		return nil
	}
	c, _ := b.userCall(in, call)
	if c == nil {
		return nil
	}
	b.plainCall(in, call, c.f.Name)
	switch {
	case len(t.Funcs[0].ColDefs) > 0:
		failAt(t.Pos(), dberr.StateSyntax, "a column definition list is only allowed for functions returning \"record\"")
	case t.Ordinality:
		unsupported(t.Pos(), "WITH ORDINALITY of a function in language SQL")
	}
	e := &entry{name: c.f.Name}
	var names []string
	if t.Alias != nil {
		e.name, names = t.Alias.Name, t.Alias.Columns
	}
	column := e.name
	if outs := c.f.Outputs(); len(outs) == 1 && outs[0].Name != "" {
		column = outs[0].Name
	}
	if b.opaque {
		return b.standInRef(c, e, column, names, t.Pos())
	}
	if c.f.Returns.ID == sqltype.Void {
		return b.oneValue(e, column, names, b.userValue(in, c), t.Pos())
	}
	body := b.body(c)
	if body.rel == nil && body.fields == nil {
		return b.oneValue(e, column, names, body.unlessNull(body.value), t.Pos())
	}
	rel, cols := body.table(b, column)
	for i, c := range cols {
		e.cols = append(e.cols, visible{name: c, expr: b.q.Ref(rel.Cols()[i]), from: e})
	}
	e.scalar = body.fields == nil
	item := (&fromItem{rel: rel}).single(e)
	b.rename(item, names, e.name, t.Pos())
	return item
}

// oneValue is a FROM item of one row of one column.
func (b *binder) oneValue(e *entry, column string, names []string, x Expr, pos int) *fromItem {
	id := b.q.NewCol(column, x.Type())
	e.cols, e.scalar = []visible{{name: column, expr: b.q.Ref(id), from: e}}, true
	item := (&fromItem{rel: &LValues{Rows: [][]Expr{{x}}, ColIDs: []Col{id}}}).single(e)
	b.rename(item, names, e.name, pos)
	return item
}

// standInRef is a FROM item with the columns of a call.
func (b *binder) standInRef(c *userCall, e *entry, column string, names []string, pos int) *fromItem {
	t, fields := b.result(c.f)
	if fields == nil {
		return b.oneValue(e, column, names, standIn(c, t), pos)
	}
	rel, row := &LValues{Rows: [][]Expr{{}}}, standIn(c, t)
	for i, f := range fields {
		id := b.q.NewCol(f.Name, f.Type)
		rel.Rows[0] = append(rel.Rows[0], &Call{Typ: f.Type, Func: fn.RecordField(t, i, f.Type), Args: []Expr{row}})
		rel.ColIDs = append(rel.ColIDs, id)
		e.cols = append(e.cols, visible{name: f.Name, expr: b.q.Ref(id), from: e})
	}
	item := (&fromItem{rel: rel}).single(e)
	b.rename(item, names, e.name, pos)
	return item
}

// table makes the rows of a call in FROM. A function that returns no set gives one row, of NULLs
// where its body has none.
func (in *inlined) table(b *binder, column string) (Rel, []string) {
	names, values := in.names, in.fields
	if values == nil {
		names, values = []string{column}, []Expr{in.value}
	}
	if in.rel == nil {
		in.rel = &LValues{Rows: [][]Expr{{}}}
	}
	p := &LProject{Input: in.rel, Exprs: values}
	for i, x := range values {
		p.ColIDs = append(p.ColIDs, b.q.NewCol(names[i], x.Type()))
	}
	rel := Rel(p)
	if len(in.nulls) > 0 {
		f := &LFilter{Input: rel}
		for _, a := range in.nulls {
			f.Conds = append(f.Conds, &IsNull{Arg: a, Not: true})
		}
		rel = f
	}
	if !in.f.Set {
		if rel = firstRow(rel); in.f.Strict || !isProjectedRow(rel) {
			rel = &LJoin{Kind: Left, Left: &LValues{Rows: [][]Expr{{}}}, Right: rel}
		}
	}
	return in.values(b, rel), names
}

// isProjectedRow reports whether a relation surely has one row.
func isProjectedRow(rel Rel) bool {
	for {
		switch r := rel.(type) {
		case *LProject:
			rel = r.Input
			continue
		case *LAgg:
			return len(r.Keys) == 0 && r.Sets == nil
		case *LValues:
			return len(r.Rows) == 1
		}
		return false
	}
}
