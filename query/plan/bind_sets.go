package plan

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// setExpr stands for a set-returning call in the expressions of a query level, until
// expandSets has made its rows. The optimizer never sees one.
type setExpr struct{ call *SetCall }

// Type gives the type of the call's rows.
func (e *setExpr) Type() sqltype.Type { return e.call.Type() }

const lateralHint = "You might be able to move the set-returning function into a LATERAL FROM item."

// withoutSets is a scope in which set-returning calls are refused as not allowed in what.
func withoutSets(s *scope, what string) *scope {
	if !s.setsOK {
		return s
	}
	in := *s
	in.setsOK, in.noSets = false, what
	return &in
}

// withSets is a scope in which set-returning calls may stand.
func withSets(s *scope) *scope {
	in := *s
	in.setsOK = true
	return &in
}

// refuseSet says why a set-returning call may not stand here.
func (b *binder) refuseSet(s *scope, pos int) {
	what := s.noSets
	switch {
	case what == "aggregate function calls" || what == "window function calls":
		fail(dberr.SQL(dberr.StateFeatureNotSupported, "%s cannot contain set-returning function calls", what).WithHint(lateralHint).At(pos))
	case what == "CASE" || what == "COALESCE":
		fail(dberr.SQL(dberr.StateFeatureNotSupported, "set-returning functions are not allowed in %s", what).WithHint(lateralHint).At(pos))
	case what != "":
		failAt(pos, dberr.StateFeatureNotSupported, "%s", what)
	case s.what != "":
		what = s.what
	default:
		what = "this context"
	}
	failAt(pos, dberr.StateFeatureNotSupported, "set-returning functions are not allowed in %s", what)
}

// setCall binds a set-returning call in a select list.
func (b *binder) setCall(s *scope, e *ast.FuncCall, name string) Expr {
	call := b.boundSet(s, e, name)
	if call.Width() > 1 {
		call.Column = WholeRow
	}
	if populates(name) {
		return partChecked(&setExpr{call}, b.domainParts(call.Set.Cols[0].Type, 0, nil), e.Pos())
	}
	return &setExpr{call}
}

func (b *binder) boundSet(s *scope, e *ast.FuncCall, name string) *SetCall {
	if !s.setsOK {
		b.refuseSet(s, e.Pos())
	}
	b.plainCall(s, e, name)
	given := b.arrange(e, name)
	args, types := b.args(s, given)
	f, want, err := fn.ResolveSet(name, types)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	out := &SetCall{Set: f, Args: b.coerceArgs(args, want, given)}
	b.noteCall(e, out.Args, f.Args)
	return out
}

// setName is the name of the set-returning function that an expression calls, or "".
func setName(e ast.Expr) string {
	call, ok := e.(*ast.FuncCall)
	if !ok || call.Over != nil {
		return ""
	}
	if len(call.Name) > 1 && call.Name[0] != catalog.SystemSchema {
		if name := strings.Join(call.Name, "."); fn.IsSet(name) {
			return name
		}
		return ""
	}
	if name := call.Name[len(call.Name)-1]; fn.IsSet(name) {
		return name
	}
	return ""
}

// isSetCall reports whether an expression calls a function whose rows have several columns.
func (b *binder) isSetCall(s *scope, e ast.Expr) bool {
	return s.setsOK && setName(e) != ""
}

// setStar expands (f(…)).* of a set-returning function.
func (b *binder) setStar(s *scope, f *ast.Field) (out []target) {
	call := b.boundSet(s, f.Arg.(*ast.FuncCall), setName(f.Arg))
	if call.Width() == 1 {
		fail(dberr.SQL(dberr.StateWrongObjectType, "type %s is not composite", call.Type().Name()).At(f.Pos()))
	}
	for i, c := range call.Set.Cols {
		one := *call
		one.Column = i
		out = append(out, target{expr: &setExpr{&one}, name: c.Name, pos: f.Pos()})
	}
	return out
}

// setField binds (f(…)).name of a set-returning function.
func (b *binder) setField(s *scope, f *ast.Field) Expr {
	if f.Star {
		failAt(f.Pos(), dberr.StateFeatureNotSupported, "row expansion via \"*\" is not supported here")
	}
	call := b.boundSet(s, f.Arg.(*ast.FuncCall), setName(f.Arg))
	if call.Width() == 1 {
		failAt(f.Pos(), dberr.StateWrongObjectType, "column notation .%s applied to type %s, which is not a composite type", f.Name, call.Type().Name())
	}
	for i, c := range call.Set.Cols {
		if c.Name == f.Name {
			call.Column = i
			return &setExpr{call}
		}
	}
	failAt(f.Pos(), dberr.StateUndefinedColumn, "could not identify column %q in record data type", f.Name)
	return nil
}

// hasSets reports whether set-returning calls of its own query level are within e.
func hasSets(e Expr) (found bool) {
	if _, ok := e.(*setExpr); ok {
		return true
	}
	for _, k := range Children(e) {
		found = found || k != nil && hasSets(k)
	}
	return found
}

// noSetWithin refuses a set-returning call within a condition.
func (b *binder) noSetWithin(e Expr, what string, pos int) {
	if hasSets(e) {
		failAt(pos, dberr.StateDatatypeMismatch, "%s must not return a set", what)
	}
}

// selected lists all that is computed above a query level's rows.
func selected(targets []target, orders, distinct []order) (list []*Expr) {
	for i := range targets {
		list = append(list, &targets[i].expr)
	}
	for _, more := range [][]order{orders, distinct} {
		for i := range more {
			if more[i].target < 0 {
				list = append(list, &more[i].expr)
			}
		}
	}
	return list
}

func pointers(list []Expr) (out []*Expr) {
	for i := range list {
		out = append(out, &list[i])
	}
	return out
}

// expandSets makes the rows of the set-returning calls within expressions over rel, and
// has the expressions read their columns instead. Calls whose arguments hold no other
// run side by side, those around them one level above, and so on.
func (b *binder) expandSets(rel Rel, list []*Expr) Rel {
	for {
		made := map[string]*Var{}
		p := &LProject{}
		for _, e := range list {
			*e = Replace(*e, func(x Expr) (Expr, bool) {
				s, ok := x.(*setExpr)
				if !ok {
					return x, false
				}
				for _, a := range s.call.Args {
					if hasSets(a) {
						return x, false
					}
				}
				key := Key(s)
				if made[key] == nil {
					c := b.q.NewCol(columnName(s.call), s.Type())
					made[key] = b.q.Ref(c)
					p.Exprs = append(p.Exprs, &Const{Typ: s.Type(), Value: sqltype.NullDatum})
					p.Sets, p.ColIDs = append(p.Sets, s.call), append(p.ColIDs, c)
				}
				return made[key], true
			})
		}
		if len(made) == 0 {
			return rel
		}
		rel = b.withInput(p, rel, list)
	}
}

func columnName(c *SetCall) string {
	if c.Column >= 0 {
		return c.Set.Cols[c.Column].Name
	}
	return c.Set.Name
}

// withInput adds all columns of rel to a projection of set-returning calls. Columns that
// the list takes as they are come in its order, so that no projection above need
// reorder them.
func (b *binder) withInput(p *LProject, rel Rel, list []*Expr) Rel {
	own, at := SetOf(rel.Cols()), map[Col]int{}
	for i, c := range p.ColIDs {
		at[c] = i
	}
	out, seen := &LProject{Input: rel}, ColSet{}
	add := func(c Col) {
		if seen.Has(c) {
			return
		}
		if i, ok := at[c]; ok {
			out.Exprs, out.Sets = append(out.Exprs, p.Exprs[i]), append(out.Sets, p.Sets[i])
		} else if own.Has(c) {
			out.Exprs, out.Sets = append(out.Exprs, b.q.Ref(c)), append(out.Sets, nil)
		} else {
			return
		}
		seen.Add(c)
		out.ColIDs = append(out.ColIDs, c)
	}
	for _, e := range list {
		if v, ok := (*e).(*Var); ok {
			add(v.Col)
		}
	}
	for _, c := range p.ColIDs {
		add(c)
	}
	for _, c := range rel.Cols() {
		add(c)
	}
	return out
}

// rowAsSelect turns the only row of VALUES into a SELECT.
func (b *binder) rowAsSelect(q *ast.Select) *ast.Select {
	out := *q
	out.Values = nil
	for _, e := range q.Values[0] {
		if _, ok := e.(*ast.Default); ok {
			unsupported(e.Pos(), "DEFAULT beside a set-returning function in VALUES")
		}
		out.Targets = append(out.Targets, ast.Target{Loc: ast.Loc(e.Pos()), Expr: e})
	}
	return &out
}

// valuesSets reports whether a row of VALUES calls a set-returning function, which the
// only row of INSERT may.
func valuesSets(row []ast.Expr) (found bool) {
	for _, e := range row {
		ast.Walk(e, func(n any) bool {
			switch n := n.(type) {
			case *ast.Subquery:
				return false
			case *ast.FuncCall:
				found = found || setName(n) != ""
			}
			return !found
		})
	}
	return found
}
