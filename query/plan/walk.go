package plan

import "github.com/weftdb/weft/query/fn"

// Children lists the direct subexpressions of e. Subqueries are not entered,
// except for the left side of a SubLink or the arguments of a SubPlan.
func Children(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *And:
		return e.Args
	case *Or:
		return e.Args
	case *Not:
		return []Expr{e.Arg}
	case *IsNull:
		return []Expr{e.Arg}
	case *IsBool:
		return []Expr{e.Arg}
	case *IsDistinct:
		return []Expr{e.L, e.R}
	case *Case:
		list := append(append([]Expr(nil), e.Conds...), e.Results...)
		if e.Else != nil {
			list = append(list, e.Else)
		}
		return list
	case *Coalesce:
		return e.Args
	case *In:
		return append([]Expr{e.Arg}, e.List...)
	case *ArrayExpr:
		return e.Elems
	case *RowExpr:
		return e.Elems
	case *PartCheck:
		return []Expr{e.Arg}
	case *setExpr:
		return e.call.Args
	case *SubLink:
		return e.Left
	case *SubPlan:
		return append(append([]Expr(nil), e.Args...), e.Left...)
	}
	return nil
}

// WithChildren returns e with other direct subexpressions, in the order of
// Children. It returns e itself where none differs.
func WithChildren(e Expr, kids []Expr) Expr {
	old := Children(e)
	same := true
	for i := range old {
		same = same && old[i] == kids[i]
	}
	if same {
		return e
	}
	switch e := e.(type) {
	case *Call:
		c := *e
		c.Args = kids
		return &c
	case *And:
		return &And{Args: kids}
	case *Or:
		return &Or{Args: kids}
	case *Not:
		return &Not{Arg: kids[0]}
	case *IsNull:
		return &IsNull{Arg: kids[0], Not: e.Not}
	case *IsBool:
		return &IsBool{Arg: kids[0], Want: e.Want, Not: e.Not}
	case *IsDistinct:
		return &IsDistinct{L: kids[0], R: kids[1], Not: e.Not}
	case *Case:
		n := len(e.Conds)
		c := &Case{Typ: e.Typ, Conds: kids[:n:n], Results: kids[n : 2*n : 2*n]}
		if e.Else != nil {
			c.Else = kids[2*n]
		}
		return c
	case *Coalesce:
		return &Coalesce{Typ: e.Typ, Args: kids}
	case *In:
		return &In{Arg: kids[0], List: kids[1:], Not: e.Not, Eq: e.Eq}
	case *ArrayExpr:
		return &ArrayExpr{Typ: e.Typ, Elems: kids}
	case *PartCheck:
		return &PartCheck{Arg: kids[0], Parts: e.Parts, Pos: e.Pos}
	case *RowExpr:
		return &RowExpr{Elems: kids, Typ: e.Typ, Nullable: e.Nullable}
	case *setExpr:
		c := *e.call
		c.Args = kids
		return &setExpr{&c}
	case *SubLink:
		c := *e
		c.Left = kids
		return &c
	case *SubPlan:
		c := *e
		c.Args, c.Left = kids[:len(e.Args)], kids[len(e.Args):]
		return &c
	}
	return e
}

// Immutable reports whether e calls no function whose result may change.
func Immutable(e Expr) bool {
	ok := true
	Walk(e, func(x Expr) bool {
		if c, is := x.(*Call); is && c.Func.Volatility != fn.Immutable {
			ok = false
		}
		return ok
	})
	return ok
}

// Map rebuilds an expression bottom up: fn gets each node with its children
// already mapped. Subqueries are entered through their relation.
func Map(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	kids := Children(e)
	if len(kids) > 0 {
		e = WithChildren(e, MapAll(kids, f))
	}
	if s, ok := e.(*SubLink); ok {
		rel := MapRel(s.Rel, f)
		test := Map(s.Test, f)
		if rel != s.Rel || test != s.Test {
			c := *s
			c.Rel, c.Test = rel, test
			e = &c
		}
	}
	return f(e)
}

// MapAll maps a list; it returns the list itself where nothing changed.
func MapAll(list []Expr, f func(Expr) Expr) []Expr {
	var out []Expr
	for i, e := range list {
		m := Map(e, f)
		if m != e && out == nil {
			out = append(make([]Expr, 0, len(list)), list[:i]...)
		}
		if out != nil {
			out = append(out, m)
		}
	}
	if out == nil {
		return list
	}
	return out
}

// Walk visits e and all its subexpressions, including those within subqueries,
// top down. It does not go below a node for which visit returns false.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	for _, k := range Children(e) {
		Walk(k, visit)
	}
	if s, ok := e.(*SubLink); ok {
		Walk(s.Test, visit)
		WalkRel(s.Rel, visit)
	}
}

// WalkRel visits all expressions of a relation.
func WalkRel(r Rel, visit func(Expr) bool) {
	for _, e := range RelExprs(r) {
		Walk(e, visit)
	}
	for _, in := range Inputs(r) {
		WalkRel(in, visit)
	}
}

// Inputs lists the direct inputs of a relation.
func Inputs(r Rel) []Rel {
	switch r := r.(type) {
	case *LFilter:
		return []Rel{r.Input}
	case *LProject:
		return []Rel{r.Input}
	case *LJoin:
		return []Rel{r.Left, r.Right}
	case *LAgg:
		return []Rel{r.Input}
	case *LWindow:
		return []Rel{r.Input}
	case *LSort:
		return []Rel{r.Input}
	case *LLimit:
		return []Rel{r.Input}
	case *LDistinct:
		return []Rel{r.Input}
	case *LSetOp:
		return []Rel{r.Left, r.Right}
	case *LWith:
		if r.Recursive {
			return []Rel{r.Plan, r.Step, r.Body}
		}
		return []Rel{r.Plan, r.Body}
	case *LInsert:
		return []Rel{r.Input}
	case *LUpdate:
		return []Rel{r.Input}
	case *LDelete:
		return []Rel{r.Input}
	case *LLock:
		return []Rel{r.Input}
	}
	return nil
}

// WithInputs returns a copy of r with other inputs, in the order of Inputs.
func WithInputs(r Rel, in []Rel) Rel {
	old := Inputs(r)
	same := true
	for i := range old {
		same = same && old[i] == in[i]
	}
	if same {
		return r
	}
	switch r := r.(type) {
	case *LFilter:
		c := *r
		c.Input = in[0]
		return &c
	case *LProject:
		c := *r
		c.Input = in[0]
		return &c
	case *LJoin:
		c := *r
		c.Left, c.Right = in[0], in[1]
		return &c
	case *LAgg:
		c := *r
		c.Input = in[0]
		return &c
	case *LWindow:
		c := *r
		c.Input = in[0]
		return &c
	case *LSort:
		c := *r
		c.Input = in[0]
		return &c
	case *LLimit:
		c := *r
		c.Input = in[0]
		return &c
	case *LDistinct:
		c := *r
		c.Input = in[0]
		return &c
	case *LSetOp:
		c := *r
		c.Left, c.Right = in[0], in[1]
		return &c
	case *LWith:
		c := *r
		c.Plan, c.Body = in[0], in[len(in)-1]
		if r.Recursive {
			c.Step = in[1]
		}
		return &c
	case *LInsert:
		c := *r
		c.Input = in[0]
		return &c
	case *LUpdate:
		c := *r
		c.Input = in[0]
		return &c
	case *LDelete:
		c := *r
		c.Input = in[0]
		return &c
	case *LLock:
		c := *r
		c.Input = in[0]
		return &c
	}
	return r
}

// Volatile reports whether e calls a function that may give another value each time.
func Volatile(e Expr) (found bool) {
	Walk(e, func(x Expr) bool {
		if c, ok := x.(*Call); ok && c.Func.Volatility == fn.Volatile {
			found = true
		}
		return !found
	})
	return found
}

// Repeatable reports whether nobody can tell how often physical expressions are computed:
// they are not volatile and run no plan.
func Repeatable(exprs ...Expr) bool {
	for _, e := range exprs {
		if Volatile(e) {
			return false
		}
		plan := false
		Walk(e, func(x Expr) bool {
			_, is := x.(*SubPlan)
			plan = plan || is
			return !plan
		})
		if plan {
			return false
		}
	}
	return true
}

// Prunable reports whether an aggregate may be spared the rows of groups that nobody wants.
func (a *Aggregate) Prunable() bool {
	if a.Sets != nil || len(a.Keys) == 0 || !Repeatable(a.Keys...) {
		return false
	}
	for _, c := range a.Aggs {
		if !Repeatable(c.Args...) || !Repeatable(c.Direct...) || !Repeatable(c.Filter) {
			return false
		}
		for _, k := range c.Order {
			if !Repeatable(k.Expr) {
				return false
			}
		}
	}
	return true
}
