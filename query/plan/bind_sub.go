package plan

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// subqueryExpr binds the expressions that hold a query, and the rest.
func (b *binder) subqueryExpr(s *scope, e ast.Expr) Expr {
	switch e := e.(type) {
	case *ast.Subquery:
		return b.subquery(s, e)
	case *ast.InSubquery:
		args := []ast.Expr{e.Arg}
		if row, ok := e.Arg.(*ast.Row); ok {
			args = b.spread(s, row.Args)
		}
		link := b.anyLink(s, SubAny, "=", args, e.Query, e.Pos())
		if e.Not {
			return &Not{Arg: link}
		}
		return link
	case *ast.Quantified:
		return b.quantified(s, e)
	case *ast.Grouping:
		return b.grouping(s, e)
	case *ast.Default:
		failAt(e.Pos(), dberr.StateSyntax, "DEFAULT is not allowed in this context")
	case *ast.Field:
		if b.isSetCall(s, e.Arg) {
			return b.setField(s, e)
		}
		return b.rowField(s, e)
	}
	unsupported(e.Pos(), fmt.Sprintf("%T", e))
	return nil
}

func (b *binder) subquery(s *scope, e *ast.Subquery) Expr {
	out := b.query(e.Query, s, nil)
	for i := range out.cols {
		b.settle(out, i)
	}
	if e.Kind == ast.ExistsSubquery {
		return &SubLink{Typ: sqltype.TBool, Kind: SubExists, Rel: out.rel}
	}
	if len(out.cols) != 1 {
		failAt(e.Pos(), dberr.StateSyntax, "subquery must return only one column")
	}
	link := &SubLink{Typ: b.q.TypeOf(out.cols[0]), Kind: SubScalar, Rel: b.exactly(out)}
	if e.Kind == ast.ArraySubquery {
		link.Kind = SubArray
		if link.Typ.ID != sqltype.Array {
			link.Typ = sqltype.ArrayOf(link.Typ)
		}
	}
	return link
}

// anyLink binds left op ANY/ALL (query).
func (b *binder) anyLink(s *scope, kind SubPlanKind, op string, left []ast.Expr, q *ast.Select, pos int) Expr {
	out := b.query(q, s, nil)
	switch {
	case len(out.cols) > len(left):
		failAt(pos, dberr.StateSyntax, "subquery has too many columns")
	case len(out.cols) < len(left):
		failAt(pos, dberr.StateSyntax, "subquery has too few columns")
	}
	ls, _ := b.args(s, left)
	for i := range out.cols {
		b.settle(out, i)
	}
	rel := b.exactly(out)
	return b.link(kind, op, ls, rel, pos)
}

func (b *binder) link(kind SubPlanKind, op string, ls []Expr, rel Rel, pos int) Expr {
	for _, l := range ls {
		b.noSetWithin(l, "row comparison operator", pos)
	}
	link := &SubLink{Typ: sqltype.TBool, Kind: kind, Rel: rel, Equal: op == "="}
	var lvars, rvars []Expr
	for i, c := range rel.Cols() {
		// The left side is coerced as the operator wants, then stands as a column.
		r := b.q.Ref(c)
		f, want, err := fn.ResolveOp(op, ls[i].Type(), r.Type())
		if err != nil {
			fail(at(err, pos))
		}
		l := b.coerceArg(ls[i], want[0], pos)
		link.Equal = link.Equal && f.Name == "="
		col := b.q.NewCol("left", l.Type())
		link.Left, link.LeftCols = append(link.Left, l), append(link.LeftCols, col)
		lvars, rvars = append(lvars, b.q.Ref(col)), append(rvars, Expr(r))
	}
	link.Test = b.compareLists2(op, lvars, rvars, pos)
	return link
}

// compareLists2 compares values, or rows where there are several.
func (b *binder) compareLists2(op string, ls, rs []Expr, pos int) Expr {
	if len(ls) == 1 {
		return b.operator(op, ls[0], rs[0], pos)
	}
	return b.compareLists(op, ls, rs, pos)
}

func (b *binder) quantified(s *scope, e *ast.Quantified) Expr {
	kind := SubAny
	if e.All {
		kind = SubAll
	}
	if e.Query != nil {
		args := []ast.Expr{e.Arg}
		if row, ok := e.Arg.(*ast.Row); ok {
			args = b.spread(s, row.Args)
		}
		return b.anyLink(s, kind, e.Op, args, e.Query, e.Pos())
	}
	return b.anyArray(s, e, kind)
}

// anyArray binds x op ANY/ALL (array).
func (b *binder) anyArray(s *scope, e *ast.Quantified, kind SubPlanKind) Expr {
	l := b.expr(s, e.Arg)
	if list := written(e.Array); list != nil && (!e.All && e.Op == "=" || e.All && (e.Op == "<>" || e.Op == "!=")) {
		return b.in(s, &ast.In{Loc: e.Loc, Arg: e.Arg, List: list, Not: e.All})
	}
	if b.rowOnly {
		return b.anyCall(e.Op, kind == SubAll, l, b.arrayFor(b.expr(s, e.Array), l, e.Array.Pos()), e.Pos())
	}
	return b.anyOf(kind, e.Op, l, b.arrayFor(b.expr(s, e.Array), l, e.Array.Pos()), e.Pos())
}

// written are the elements of an array that is written out, those of ARRAY[…]::type[] with the
// cast that it is to them; nil for other arrays.
func written(e ast.Expr) []ast.Expr {
	switch e := e.(type) {
	case *ast.Array:
		if len(e.Elems) > 0 && !nested(e) {
			return e.Elems
		}
	case *ast.Cast:
		a, ok := e.Arg.(*ast.Array)
		if !ok || e.Type.Dims != 1 || len(a.Elems) == 0 || nested(a) {
			return nil
		}
		elem := *e.Type
		elem.Dims = 0
		list := make([]ast.Expr, len(a.Elems))
		for i, x := range a.Elems {
			list[i] = &ast.Cast{Loc: e.Loc, Arg: x, Type: &elem}
		}
		return list
	}
	return nil
}

// anyCall is l op ANY/ALL (arr) without a subquery.
func (b *binder) anyCall(op string, all bool, l, arr Expr, pos int) Expr {
	if arr.Type().ID != sqltype.Array {
		failAt(pos, dberr.StateWrongObjectType, "op ANY/ALL (array) requires array on right side")
	}
	f, want, err := fn.ResolveOp(op, l.Type(), arr.Type().ElemType())
	if err != nil {
		fail(at(err, pos))
	}
	if f.Ret.ID != sqltype.Bool {
		failAt(pos, dberr.StateWrongObjectType, "op ANY/ALL (array) requires operator to yield boolean")
	}
	array := sqltype.ArrayOf(want[1].Base())
	call := fn.AnyOf(f, all, array)
	return &Call{Typ: sqltype.TBool, Func: call, Args: []Expr{b.coerceArg(l, want[0], pos), b.coerceArg(arr, array, pos)}, Pos: pos}
}

// nested reports whether an array is written of arrays.
func nested(a *ast.Array) bool {
	return slices.ContainsFunc(a.Elems, func(e ast.Expr) bool {
		_, array := e.(*ast.Array)
		return array
	})
}

// arrayFor gives an untyped array the type of what it is compared with.
func (b *binder) arrayFor(arr, l Expr, pos int) Expr {
	t := arr.Type()
	if t.ID == sqltype.Unknown {
		lt := l.Type()
		if lt.ID == sqltype.Unknown {
			lt = sqltype.TText
		}
		arr = b.coerce(arr, sqltype.ArrayOf(lt.Base()), pos)
	}
	return arr
}

// anyOf binds l op ANY/ALL (arr).
func (b *binder) anyOf(kind SubPlanKind, op string, l, arr Expr, pos int) Expr {
	t := arr.Type()
	if t.ID != sqltype.Array {
		failAt(pos, dberr.StateWrongObjectType, "op ANY/ALL (array) requires array on right side")
	}
	col := b.q.NewCol("unnest", t.ElemType())
	set, _, err := fn.ResolveSet("unnest", []sqltype.Type{t})
	if err != nil {
		fail(at(err, pos))
	}
	rel := &LFunc{Calls: []*SetCall{{Set: set, Args: []Expr{arr}}}, ColIDs: []Col{col}}
	link := b.link(kind, op, []Expr{l}, rel, pos)
	// A NULL array gives NULL, not "no element".
	return &Case{Typ: sqltype.TBool, Conds: []Expr{&IsNull{Arg: arr}},
		Results: []Expr{&Const{Typ: sqltype.TBool, Value: sqltype.NullDatum}}, Else: link}
}

// rowSubquery compares a row with the single row of a query.
func (b *binder) rowSubquery(s *scope, op string, l *ast.Row, sub *ast.Subquery, pos int) Expr {
	out := b.query(sub.Query, s, nil)
	list := b.spread(s, l.Args)
	if len(out.cols) != len(list) {
		failAt(pos, dberr.StateSyntax, "subquery has too %s columns", map[bool]string{true: "many", false: "few"}[len(out.cols) > len(list)])
	}
	ls, _ := b.args(s, list)
	for i := range out.cols {
		b.settle(out, i)
	}
	rel := b.exactly(out)
	rs := make([]Expr, len(ls))
	for i, c := range rel.Cols() {
		rs[i] = b.q.Ref(c)
	}
	value := b.compareLists(op, ls, rs, pos)
	c := b.q.NewCol("?column?", sqltype.TBool)
	return &SubLink{Typ: sqltype.TBool, Kind: SubScalar, Rel: &LProject{Input: rel, Exprs: []Expr{value}, ColIDs: []Col{c}}}
}

// with binds the queries of a WITH clause into a scope.
func (b *binder) with(w *ast.With, s *scope) (wraps []*LWith) {
	list := w.CTEs
	if w.Recursive {
		list = usedFirst(list)
	}
	for _, c := range list {
		if s.ctes[c.Name] != nil {
			failAt(c.Pos(), dberr.StateDuplicateAlias, "WITH query name %q specified more than once", c.Name)
		}
		b.q.withIDs++
		id := b.q.withIDs
		lw := &LWith{ID: id, Name: c.Name, Materialized: c.Materialize == ast.MaterializeAlways}
		sel, isSelect := c.Query.(*ast.Select)
		if !isSelect && s.parent != nil {
			failAt(c.Pos(), dberr.StateFeatureNotSupported, "WITH clause containing a data-modifying statement must be at the top level")
		}
		switch {
		case w.Recursive && isSelect && refersTo(sel, c.Name):
			b.recursive(lw, c, sel, s)
		case c.Search != nil || c.Cycle != nil:
			failAt(c.Pos(), dberr.StateSyntax, "WITH query is not recursive")
		default:
			out := b.statementIn(c.Query, s)
			for i := range out.cols {
				b.settle(out, i)
			}
			lw.Plan = out.rel
			if out.names != nil {
				lw.Plan = b.exactly(out)
				out.rel, out.cols = lw.Plan, lw.Plan.Cols()
			}
			lw.Modifies = !isSelect
			lw.Materialized = lw.Materialized || !isSelect
			b.nameColumns(out, c)
			s.ctes[c.Name] = &cte{id: id, name: c.Name, out: out}
		}
		wraps = append(wraps, lw)
	}
	return wraps
}

// usedFirst puts the queries of WITH RECURSIVE, which may use each other in any order, behind those that
// they use.
func usedFirst(list []*ast.CTE) []*ast.CTE {
	const waits, done = 1, 2
	out, state := make([]*ast.CTE, 0, len(list)), map[string]int{}
	var add func(c *ast.CTE)
	add = func(c *ast.CTE) {
		state[c.Name] = waits
		for _, o := range list {
			if o.Name == c.Name || state[o.Name] == done || !refersTo(c.Query, o.Name) {
				continue
			}
			if state[o.Name] == waits {
				failAt(c.Pos(), dberr.StateFeatureNotSupported, "mutual recursion between WITH items is not implemented")
			}
			add(o)
		}
		state[c.Name] = done
		out = append(out, c)
	}
	for i, c := range list {
		if slices.ContainsFunc(list[:i], func(o *ast.CTE) bool { return o.Name == c.Name }) {
			return list // which is refused
		}
	}
	for _, c := range list {
		if state[c.Name] == 0 {
			add(c)
		}
	}
	return out
}

// statementIn binds a query or a change of data within another statement.
func (b *binder) statementIn(stmt ast.Stmt, s *scope) *bound {
	return b.statement(stmt, s)
}

func (b *binder) nameColumns(out *bound, c *ast.CTE) {
	if len(c.Columns) > len(out.cols) {
		failAt(c.Pos(), dberr.StateInvalidColumnRef, "WITH query %q has %d columns available but %d columns specified", c.Name, len(out.cols), len(c.Columns))
	}
	if len(c.Columns) > 0 {
		out.names = append(append([]string(nil), c.Columns...), out.names[len(c.Columns):]...)
	}
}

// recursive binds WITH RECURSIVE name AS (first UNION [ALL] step).
func (b *binder) recursive(lw *LWith, c *ast.CTE, sel *ast.Select, s *scope) {
	if sel.Op != ast.Union {
		failAt(c.Pos(), dberr.StateInvalidRecursion, "recursive query %q does not have the form non-recursive-term UNION [ALL] recursive-term", c.Name)
	}
	if refersTo(sel.Left, c.Name) {
		failAt(c.Pos(), dberr.StateInvalidRecursion, "recursive reference to query %q must not appear within its non-recursive term", c.Name)
	}
	if sel.OrderBy != nil || sel.Limit != nil || sel.Offset != nil {
		unsupported(c.Pos(), "ORDER BY or LIMIT in a recursive query")
	}
	if sel.Locking != nil {
		failAt(c.Pos(), dberr.StateFeatureNotSupported, "FOR UPDATE/SHARE in a recursive query is not implemented")
	}
	if sel.With != nil {
		unsupported(sel.With.Pos(), "WITH within a recursive query")
	}
	checkRecursion(c, sel.Right)
	first := b.query(sel.Left, s, nil)
	for i := range first.cols {
		b.settle(first, i)
	}
	lw.Plan = b.exactly(first)
	first.rel, first.cols = lw.Plan, lw.Plan.Cols()
	b.nameColumns(first, c)
	def := &cte{id: lw.ID, name: c.Name, out: first, work: true, own: len(first.cols)}
	s.ctes[c.Name] = def
	own, right := first.cols, sel.Right
	var trace *tracing
	if c.Search != nil || c.Cycle != nil {
		trace = b.newTracing(s, c, sel, first.names)
		lw.Plan = trace.extend(lw.Plan, own, nil)
		first.rel, first.cols = lw.Plan, lw.Plan.Cols()
		first.names = append(first.names[:def.own:def.own], trace.extras...)
		own, right = first.cols, trace.term(sel.Right)
	}
	step := b.query(right, s, nil)
	if aggregatesOver(step.rel, lw.ID) {
		failAt(targetPos(sel.Right, 0), dberr.StateInvalidRecursion, "aggregate functions are not allowed in a recursive query's recursive term")
	}
	if len(step.cols) != len(own) {
		failAt(targetPos(sel.Right, 0), dberr.StateSyntax, "each UNION query must have the same number of columns")
	}
	for i := range step.cols {
		t := b.q.TypeOf(first.cols[i])
		have := b.q.TypeOf(step.cols[i])
		if have.Base() == t.Base() && have != t && (t.ID == sqltype.Numeric || t.ID == sqltype.Varchar || t.ID == sqltype.Bpchar) && t != t.Base() {
			fail(dberr.SQL(dberr.StateDatatypeMismatch, "recursive query %q column %d has type %s in non-recursive term but type %s overall", c.Name, i+1, t, t.Base()).
				WithHint("Cast the output of the non-recursive term to the correct type.").At(targetPos(sel.Left, i)))
		}
		if have.ID == sqltype.Unknown || have.Base() == t.Base() || fn.ImplicitCast(have, t) != nil {
			b.retype(step, i, t)
			continue
		}
		fail(dberr.SQL(dberr.StateDatatypeMismatch, "recursive query %q column %d has type %s in non-recursive term but type %s overall", c.Name, i+1, t.Name(), have.Name()).
			WithHint("Cast the output of the non-recursive term to the correct type.").At(targetPos(sel.Left, i)))
	}
	lw.Step, lw.Recursive, lw.Union = b.exactly(step), true, !sel.All
	if trace != nil {
		cols := lw.Step.Cols()
		lw.Step = trace.extend(lw.Step, cols[:def.own], cols[def.own:])
	}
	def.work = false
}

// refersTo reports whether a query reads a table of the name.
func refersTo(query ast.Stmt, name string) (found bool) {
	ast.Walk(query, func(n any) bool {
		if t, ok := n.(*ast.TableRef); ok && t.Name.Schema == "" && t.Name.Name == name {
			found = true
		}
		return !found
	})
	return found
}

func (b *binder) cteRef(c *cte, alias string, names []string, pos int) *fromItem {
	if c.out.names == nil {
		failAt(pos, dberr.StateFeatureNotSupported, "WITH query %q does not have a RETURNING clause", c.name)
	}
	ref := &LWithRef{ID: c.id, Name: c.name, Work: c.work}
	e := &entry{name: alias}
	for i, src := range c.out.cols {
		id := b.q.NewCol(c.out.names[i], b.q.TypeOf(src))
		b.noteRow(id, b.q.Ref(src))
		ref.Source, ref.ColIDs = append(ref.Source, src), append(ref.ColIDs, id)
		if c.out.names[i] == depthColumn && !c.work {
			continue
		}
		e.cols = append(e.cols, visible{name: c.out.names[i], expr: b.q.Ref(id), from: e, hidden: c.work && i >= c.own})
	}
	item := (&fromItem{rel: ref}).single(e)
	b.rename(item, names, alias, pos)
	return item
}
