package opt

import (
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

func (b *builder) fold(r plan.Rel) plan.Rel {
	return plan.MapRel(r, b.foldNode)
}

func (b *builder) foldExpr(e plan.Expr) plan.Expr { return plan.Map(e, b.foldNode) }

// foldNode simplifies one expression whose parts have been simplified.
func (b *builder) foldNode(e plan.Expr) plan.Expr {
	switch e := e.(type) {
	case *plan.Call:
		x := foldCall(e)
		if c, ok := x.(*plan.Call); ok {
			return dateCompare(c)
		}
		return x
	case *plan.And:
		return foldLogic(e.Args, true)
	case *plan.Or:
		return foldLogic(e.Args, false)
	case *plan.Not:
		return foldNot(e)
	case *plan.IsNull:
		if c, ok := e.Arg.(*plan.Const); ok {
			return boolConst(c.Value.Null != e.Not)
		}
	case *plan.In:
		return foldIn(e)
	case *plan.IsBool:
		return foldIsBool(e)
	case *plan.Case:
		return foldCase(e)
	case *plan.Coalesce:
		return foldCoalesce(e)
	}
	return e
}

func boolConst(v bool) plan.Expr {
	d := sqltype.Datum{}
	if v {
		d.Int = 1
	}
	return &plan.Const{Typ: sqltype.TBool, Value: d}
}

// constBool tells whether e is the constant v (never NULL).
func constBool(e plan.Expr, v bool) bool {
	c, ok := e.(*plan.Const)
	return ok && !c.Value.Null && c.Typ.ID == sqltype.Bool && (c.Value.Int != 0) == v
}

// foldLogic simplifies AND (unit true) and OR (unit false).
func foldLogic(args []plan.Expr, unit bool) plan.Expr {
	var out []plan.Expr
	for _, a := range args {
		if constBool(a, unit) {
			continue
		}
		if constBool(a, !unit) {
			// What stands before may fail, but PostgreSQL does not promise an order either.
			return a
		}
		switch x := a.(type) {
		case *plan.And:
			if unit {
				out = append(out, x.Args...)
				continue
			}
		case *plan.Or:
			if !unit {
				out = append(out, x.Args...)
				continue
			}
		}
		out = append(out, a)
	}
	if !unit {
		out = orToIn(out)
	}
	switch {
	case len(out) == 0:
		return boolConst(unit)
	case len(out) == 1:
		return out[0]
	case unit:
		return &plan.And{Args: out}
	}
	return factorOr(out)
}

// factorOr takes what all arms have in common out of a disjunction:
// (a AND b) OR (a AND c) is a AND (b OR c).
func factorOr(arms []plan.Expr) plan.Expr {
	counts := map[string]int{}
	for _, a := range arms {
		for k := range keysOf(plan.Conjuncts(a)) {
			counts[k]++
		}
	}
	var common []plan.Expr
	for _, c := range plan.Conjuncts(arms[0]) {
		if counts[plan.Key(c)] == len(arms) && !isVolatile(c) && !hasSubquery(c) {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return &plan.Or{Args: arms}
	}
	skip := keysOf(common)
	rest := make([]plan.Expr, 0, len(arms))
	for _, a := range arms {
		var left []plan.Expr
		for _, c := range plan.Conjuncts(a) {
			if !skip[plan.Key(c)] {
				left = append(left, c)
			}
		}
		if len(left) == 0 {
			return plan.Conjunction(common)
		}
		rest = append(rest, plan.Conjunction(left))
	}
	return plan.Conjunction(append(common, &plan.Or{Args: rest}))
}

func keysOf(list []plan.Expr) map[string]bool {
	set := map[string]bool{}
	for _, e := range list {
		set[plan.Key(e)] = true
	}
	return set
}

func foldNot(e *plan.Not) plan.Expr {
	switch x := e.Arg.(type) {
	case *plan.Const:
		if x.Value.Null {
			return x
		}
		return boolConst(x.Value.Int == 0)
	case *plan.Not:
		return x.Arg
	case *plan.IsNull:
		return &plan.IsNull{Arg: x.Arg, Not: !x.Not}
	case *plan.IsBool:
		return &plan.IsBool{Arg: x.Arg, Want: x.Want, Not: !x.Not}
	case *plan.IsDistinct:
		return &plan.IsDistinct{L: x.L, R: x.R, Not: !x.Not}
	case *plan.In:
		return &plan.In{Arg: x.Arg, List: x.List, Not: !x.Not, Eq: x.Eq}
	}
	return e
}

// foldIn looks a constant up in a list of constants.
func foldIn(e *plan.In) plan.Expr {
	arg, ok := e.Arg.(*plan.Const)
	if !ok || e.Eq == nil || len(e.List) == 0 {
		return e
	}
	null := arg.Value.Null
	for _, x := range e.List {
		k, ok := x.(*plan.Const)
		if !ok {
			return e
		}
		r, ok := foldCall(&plan.Call{Typ: sqltype.TBool, Func: e.Eq, Args: []plan.Expr{arg, k}, Op: true}).(*plan.Const)
		switch {
		case !ok:
			return e
		case r.Value.Null:
			null = true
		case r.Value.Int != 0:
			return boolConst(!e.Not)
		}
	}
	if null {
		return &plan.Const{Typ: sqltype.TBool, Value: sqltype.NullDatum}
	}
	return boolConst(e.Not)
}

func foldIsBool(e *plan.IsBool) plan.Expr {
	k, ok := e.Arg.(*plan.Const)
	if !ok {
		return e
	}
	is := byte('u')
	switch {
	case k.Value.Null:
	case k.Value.Int != 0:
		is = 't'
	default:
		is = 'f'
	}
	return boolConst((is == e.Want) != e.Not)
}

func foldCase(e *plan.Case) plan.Expr {
	c := &plan.Case{Typ: e.Typ, Else: e.Else}
	for i, cond := range e.Conds {
		if k, ok := cond.(*plan.Const); ok {
			if k.Value.Null || k.Value.Int == 0 {
				continue
			}
			c.Else = e.Results[i]
			break
		}
		c.Conds, c.Results = append(c.Conds, cond), append(c.Results, e.Results[i])
	}
	switch {
	case len(c.Conds) == len(e.Conds):
		return e
	case len(c.Conds) > 0:
		return c
	case c.Else == nil:
		return &plan.Const{Typ: e.Typ, Value: sqltype.NullDatum}
	}
	return c.Else
}

func foldCoalesce(e *plan.Coalesce) plan.Expr {
	var out []plan.Expr
	for _, a := range e.Args {
		if c, ok := a.(*plan.Const); ok {
			if c.Value.Null {
				continue
			}
			out = append(out, a)
			break
		}
		out = append(out, a)
	}
	switch {
	case len(out) == 0:
		return &plan.Const{Typ: e.Typ, Value: sqltype.NullDatum}
	case len(out) == 1:
		return out[0]
	case len(out) == len(e.Args):
		return e
	}
	return &plan.Coalesce{Typ: e.Typ, Args: out}
}

// foldCall computes an immutable call of constants, and gives NULL for a strict one of a
// NULL, whatever its other arguments are. A call that fails is left for the time when a row
// really needs it.
func foldCall(e *plan.Call) plan.Expr {
	for _, a := range e.Args {
		if c, ok := a.(*plan.Const); ok && c.Value.Null && e.Func.Strict {
			return &plan.Const{Typ: e.Typ, Value: sqltype.NullDatum}
		}
	}
	if e.Func.Volatility != fn.Immutable || e.Func.Eval == nil || textOfBytes(e) {
		return e
	}
	args := make([]*vec.Vector, len(e.Args))
	for i, a := range e.Args {
		c, ok := a.(*plan.Const)
		if !ok {
			return e
		}
		args[i] = single(c.Typ, c.Value)
	}
	out := single(e.Typ, sqltype.Datum{})
	out.Nulls = nil
	if err := e.Func.Eval(foldEnv, 1, nil, args, out); err != nil {
		return e
	}
	return &plan.Const{Typ: e.Typ, Value: datumOf(out)}
}

const dayMicros = 86_400_000_000

// dateCompare compares a date with a date instead of with the midnight of one, which
// means the same, so that statistics and indexes of dates serve.
func dateCompare(e *plan.Call) plan.Expr {
	if !e.Op || len(e.Args) != 2 || flipped[e.Func.Name] == "" {
		return e
	}
	for i, a := range e.Args {
		k, ok := a.(*plan.Const)
		if !ok || k.Typ.ID != sqltype.Timestamp || e.Args[1-i].Type().ID != sqltype.Date || k.Value.Null || k.Value.Int%dayMicros != 0 {
			continue
		}
		f, _, err := fn.ResolveOp(e.Func.Name, sqltype.TDate, sqltype.TDate)
		if err != nil || f.Args[0].ID != sqltype.Date || f.Args[1].ID != sqltype.Date {
			return e
		}
		args := append([]plan.Expr(nil), e.Args...)
		args[i] = &plan.Const{Typ: sqltype.TDate, Value: sqltype.Datum{Int: k.Value.Int / dayMicros}}
		return &plan.Call{Typ: e.Typ, Func: f, Args: args, Op: true, Pos: e.Pos}
	}
	return e
}

// textOfBytes reports whether a call makes text of bytes, which is as bytea_output has it though PostgreSQL
// calls it immutable.
func textOfBytes(e *plan.Call) bool {
	return len(e.Args) == 1 && e.Args[0].Type().ID == sqltype.Bytea && e.Typ.Category() == 'S'
}

var foldEnv = &fn.Env{}

// single makes a vector of one value.
func single(t sqltype.Type, d sqltype.Datum) *vec.Vector {
	v := &vec.Vector{Type: t}
	if d.Null {
		v.Nulls = vec.Bitmap{1}
	}
	switch t.Phys() {
	case sqltype.PhysInt:
		v.I = []int64{d.Int}
	case sqltype.PhysFloat:
		v.F = []float64{d.Float}
	case sqltype.PhysString:
		v.S = []string{d.Str}
	case sqltype.PhysNumeric:
		v.N = []sqltype.Num{d.Num}
	case sqltype.PhysInterval:
		v.V = []sqltype.IntervalValue{d.Ivl}
	case sqltype.PhysAny:
		v.A = []any{d.Any}
	}
	return v
}

func datumOf(v *vec.Vector) sqltype.Datum {
	if v.Nulls.Get(0) {
		return sqltype.NullDatum
	}
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		return sqltype.Datum{Int: v.I[0]}
	case sqltype.PhysFloat:
		return sqltype.Datum{Float: v.F[0]}
	case sqltype.PhysString:
		return sqltype.Datum{Str: v.S[0]}
	case sqltype.PhysNumeric:
		return sqltype.Datum{Num: v.N[0]}
	case sqltype.PhysInterval:
		return sqltype.Datum{Ivl: v.V[0]}
	}
	return sqltype.Datum{Any: v.A[0]}
}

// inlineWith replaces a named query that is used once by its text.
func (b *builder) inlineWith(r plan.Rel) plan.Rel {
	in := plan.Inputs(r)
	for i := range in {
		in[i] = b.inlineWith(in[i])
	}
	r = plan.WithInputs(r, in)
	w, ok := r.(*plan.LWith)
	if !ok || w.Recursive || w.Modifies || w.Materialized || b.volatileRel(w.Plan) {
		return r
	}
	total, direct := countRefs(w.Body, w.ID)
	if total == 0 {
		return w.Body
	}
	if total != 1 || direct != 1 {
		return r
	}
	return replaceRef(b, w.Body, w)
}

func (b *builder) volatileRel(r plan.Rel) (found bool) {
	if b.writesOrLocks(r) {
		return true
	}
	plan.WalkRel(r, func(e plan.Expr) bool {
		if c, ok := e.(*plan.Call); ok && c.Func.Volatility == fn.Volatile {
			found = true
		}
		return !found
	})
	return found
}

// countRefs counts the uses of a named query: all of them, and those outside of
// expressions and recursive steps.
func countRefs(r plan.Rel, id int) (total, direct int) {
	if ref, ok := r.(*plan.LWithRef); ok && ref.ID == id {
		return 1, 1
	}
	for _, e := range plan.RelExprs(r) {
		plan.Walk(e, func(x plan.Expr) bool {
			if s, ok := x.(*plan.SubLink); ok {
				t, _ := countRefs(s.Rel, id)
				total += t
				for _, l := range s.Left {
					plan.Walk(l, func(y plan.Expr) bool {
						if s, ok := y.(*plan.SubLink); ok {
							t, _ := countRefs(s.Rel, id)
							total += t
							return false
						}
						return true
					})
				}
				return false
			}
			return true
		})
	}
	w, isWith := r.(*plan.LWith)
	for i, in := range plan.Inputs(r) {
		t, d := countRefs(in, id)
		total += t
		if !isWith || !w.Recursive || i == 2 {
			direct += d
		}
	}
	return total, direct
}

func replaceRef(b *builder, r plan.Rel, w *plan.LWith) plan.Rel {
	if ref, ok := r.(*plan.LWithRef); ok && ref.ID == w.ID {
		exprs := make([]plan.Expr, len(ref.Source))
		for i, c := range ref.Source {
			exprs[i] = b.q.Ref(c)
		}
		return &plan.LProject{Input: w.Plan, Exprs: exprs, ColIDs: ref.ColIDs}
	}
	in := plan.Inputs(r)
	for i := range in {
		in[i] = replaceRef(b, in[i], w)
	}
	return plan.WithInputs(r, in)
}

// dropRedundant removes orders that nothing sees and distincts of unique rows.
func (b *builder) dropRedundant(r plan.Rel) plan.Rel {
	in := plan.Inputs(r)
	for i := range in {
		in[i] = b.dropRedundant(in[i])
	}
	r = plan.WithInputs(r, in)
	switch r := r.(type) {
	case *plan.LProject:
		return mergeProjects(r)
	case *plan.LSort:
		keys, seen := r.Keys[:0:0], map[string]bool{}
		for _, k := range r.Keys {
			if _, fixed := k.Expr.(*plan.Const); fixed || seen[plan.Key(k.Expr)] {
				continue
			}
			seen[plan.Key(k.Expr)] = true
			keys = append(keys, k)
		}
		if len(keys) == 0 {
			return r.Input
		}
		return &plan.LSort{Input: r.Input, Keys: keys}
	case *plan.LDistinct:
		if a, ok := r.Input.(*plan.LAgg); ok && r.On == nil && a.Sets == nil {
			return a
		}
		if _, ok := r.Input.(*plan.LDistinct); ok && r.On == nil {
			return r.Input
		}
	}
	return r
}

// mergeProjects makes one projection of two where the inner one's expressions are
// columns or constants.
func mergeProjects(r *plan.LProject) plan.Rel {
	in, ok := r.Input.(*plan.LProject)
	if !ok || in.Sets != nil || r.Sets != nil {
		return r
	}
	subst := map[plan.Col]plan.Expr{}
	for i, e := range in.Exprs {
		switch e.(type) {
		case *plan.Var, *plan.Const:
			subst[in.ColIDs[i]] = e
		default:
			return r
		}
	}
	out := &plan.LProject{Input: in.Input, ColIDs: r.ColIDs}
	for _, e := range r.Exprs {
		out.Exprs = append(out.Exprs, substitute(e, subst))
	}
	return out
}
