package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// tracing adds the columns of SEARCH and CYCLE to a recursive query: the first term gets
// their first values, and the recursive one, whose own select list is given those of
// the row it came from, computes the next ones above it. A search breadth first
// has the depth as a further column that nothing else may name.
type tracing struct {
	b      *binder
	c      *ast.CTE
	names  []string // of the query's own columns
	mark   [2]Expr  // of CYCLE: the value in a cycle, and otherwise
	extras []string
}

const depthColumn = "*DEPTH*"

func (b *binder) newTracing(s *scope, c *ast.CTE, sel *ast.Select, names []string) *tracing {
	t := &tracing{b: b, c: c, names: names}
	switch {
	case sel.Left.Op != ast.NoSetOp:
		failAt(c.Pos(), dberr.StateFeatureNotSupported, "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT")
	case sel.Right.Op != ast.NoSetOp || sel.Right.Values != nil:
		failAt(c.Pos(), dberr.StateSyntax, "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT")
	}
	if q := c.Search; q != nil {
		t.known("search", q.Columns, q.Pos())
		t.add("search sequence", q.Sequence, q.Pos())
	}
	if q := c.Cycle; q != nil {
		t.known("cycle", q.Columns, q.Pos())
		t.add("cycle mark", q.Mark, q.Pos())
		if q.Mark == q.Path {
			failAt(q.Pos(), dberr.StateSyntax, "cycle mark column name and cycle path column name are the same")
		}
		t.add("cycle path", q.Path, q.Pos())
		t.marks(s, q)
	}
	if c.Search != nil && c.Search.Breadth {
		t.extras = append(t.extras, depthColumn)
	}
	return t
}

// marks binds the two values of the mark column to one type.
func (t *tracing) marks(s *scope, q *ast.Cycle) {
	b := t.b
	in, out := b.expr(s, q.Value), b.expr(s, q.Default)
	typ, err := fn.CommonType("CYCLE", in.Type(), out.Type())
	if err != nil {
		fail(at(err, q.Default.Pos()))
	}
	if typ.ID == sqltype.Unknown {
		typ = sqltype.TText
	}
	t.mark = [2]Expr{b.coerce(in, typ, q.Value.Pos()), b.coerce(out, typ, q.Default.Pos())}
	b.comparable(t.mark[0], q.Pos())
}

// known refuses columns that are not there, or are named twice.
func (t *tracing) known(what string, cols []string, pos int) {
	for i, c := range cols {
		if !slices.Contains(t.names, c) {
			failAt(pos, dberr.StateSyntax, "%s column %q not in WITH query column list", what, c)
		}
		if slices.Contains(cols[:i], c) {
			failAt(pos, dberr.StateDuplicateColumn, "%s column %q specified more than once", what, c)
		}
	}
}

func (t *tracing) add(what, name string, pos int) {
	if slices.Contains(t.names, name) {
		failAt(pos, dberr.StateSyntax, "%s column name %q already used in WITH query column list", what, name)
	}
	if slices.Contains(t.extras, name) {
		fail(dberr.SQL(dberr.StateSyntax, "search sequence column name and %s column name are the same", what).At(pos))
	}
	t.extras = append(t.extras, name)
}

// row is ROW(columns), with the depth in front where it is given.
func (t *tracing) row(cols []Col, of []string, depth Expr) Expr {
	r := &RowExpr{}
	if depth != nil {
		r.Elems = append(r.Elems, depth)
	}
	for _, n := range of {
		r.Elems = append(r.Elems, t.b.q.Ref(cols[slices.Index(t.names, n)]))
	}
	return r
}

// values gives the further columns of a term whose own columns are cols. Before are those of
// the row that it came from, nil for the first term.
func (t *tracing) values(cols, before []Col) (out []Expr) {
	b, records := t.b, sqltype.ArrayOf(sqltype.Type{ID: sqltype.Record})
	ref := func(name string) Expr { return b.q.Ref(before[slices.Index(t.extras, name)]) }
	path := func(name string, row Expr) Expr {
		if before == nil {
			return &ArrayExpr{Typ: records, Elems: []Expr{row}}
		}
		return b.operator("||", ref(name), row, t.c.Pos())
	}
	var depth Expr
	if q := t.c.Search; q != nil {
		if q.Breadth {
			depth = &Const{Typ: sqltype.TInt8}
			if before != nil {
				depth = b.operator("+", ref(depthColumn), &Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: 1}}, q.Pos())
			}
			out = append(out, t.row(cols, q.Columns, depth))
		} else {
			out = append(out, path(q.Sequence, t.row(cols, q.Columns, nil)))
		}
	}
	if q := t.c.Cycle; q != nil {
		row, mark := t.row(cols, q.Columns, nil), t.mark[1]
		if before != nil {
			mark = &Case{Typ: mark.Type(), Conds: []Expr{b.anyOf(SubAny, "=", row, ref(q.Path), q.Pos())}, Results: []Expr{t.mark[0]}, Else: t.mark[1]}
		}
		out = append(out, mark, path(q.Path, row))
	}
	if depth != nil {
		out = append(out, depth)
	}
	return out
}

// extend computes the further columns above a term.
func (t *tracing) extend(rel Rel, cols, before []Col) Rel {
	p := &LProject{Input: rel}
	for _, c := range cols {
		p.Exprs, p.ColIDs = append(p.Exprs, t.b.q.Ref(c)), append(p.ColIDs, t.b.q.NewCol(t.b.q.Info[c].Name, t.b.q.TypeOf(c)))
	}
	for i, x := range t.values(cols, before) {
		p.Exprs, p.ColIDs = append(p.Exprs, x), append(p.ColIDs, t.b.q.NewCol(t.extras[i], x.Type()))
	}
	return p
}

// term is the recursive term with the further columns of the row that it reads in its
// select list; rows that end a cycle go no further.
func (t *tracing) term(right *ast.Select) *ast.Select {
	alias := ""
	for _, f := range right.From {
		if a := reference(f, t.c.Name); a != "" {
			alias = a
		}
	}
	if alias == "" {
		failAt(t.c.Pos(), dberr.StateFeatureNotSupported, "with a SEARCH or CYCLE clause, the recursive reference to WITH query %q must be at the top level of its right-hand SELECT", t.c.Name)
	}
	out := *right
	out.Targets = slices.Clone(right.Targets)
	for _, name := range t.extras {
		out.Targets = append(out.Targets, ast.Target{Loc: t.c.Loc, Expr: &ast.ColumnRef{Loc: t.c.Loc, Names: []string{alias, name}}})
	}
	if q := t.c.Cycle; q != nil {
		on := ast.Expr(&ast.Binary{Loc: q.Loc, Op: "<>", L: &ast.ColumnRef{Loc: q.Loc, Names: []string{alias, q.Mark}}, R: q.Value})
		if out.Where != nil {
			on = &ast.And{Loc: q.Loc, Args: []ast.Expr{on, out.Where}}
		}
		out.Where = on
	}
	return &out
}

// reference is the alias under which an item of FROM reads the named query, or "".
func reference(t ast.TableExpr, name string) string {
	switch t := t.(type) {
	case *ast.TableRef:
		if t.Name.Schema == "" && t.Name.Name == name {
			if t.Alias != nil {
				return t.Alias.Name
			}
			return name
		}
	case *ast.Join:
		if a := reference(t.Left, name); a != "" {
			return a
		}
		return reference(t.Right, name)
	}
	return ""
}
