package opt

import (
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
)

// orToIn makes x IN (a, b) of x = a OR x = b, and of what such lists there are already, so
// that an index can search for all of the values.
func orToIn(arms []plan.Expr) []plan.Expr {
	type list struct {
		at   int // in out
		in   *plan.In
		arms int
	}
	var out []plan.Expr
	lists := map[string]*list{}
	for _, a := range arms {
		arg, values, eq := equalToAny(a)
		if arg == nil {
			out = append(out, a)
			continue
		}
		k := plan.Key(arg)
		l := lists[k]
		if l == nil || l.in.Eq != eq {
			l = &list{at: len(out), in: &plan.In{Arg: arg, Eq: eq}}
			lists[k] = l
			out = append(out, a)
		}
		l.in.List = append(l.in.List, values...)
		if l.arms++; l.arms > 1 {
			out[l.at] = l.in
		}
	}
	return out
}

// equalToAny takes x = constant and x IN (constants) apart.
func equalToAny(e plan.Expr) (arg plan.Expr, values []plan.Expr, eq *fn.Func) {
	switch e := e.(type) {
	case *plan.Call:
		if !e.Op || e.Func.Name != "=" || len(e.Args) != 2 || e.Func.Args[0] != e.Func.Args[1] {
			return nil, nil, nil
		}
		x, v := e.Args[0], e.Args[1]
		if _, ok := x.(*plan.Const); ok {
			x, v = v, x
		}
		if _, ok := v.(*plan.Const); !ok || isVolatile(x) || hasSubquery(x) || x.Type() != v.Type() {
			return nil, nil, nil
		}
		return x, []plan.Expr{v}, e.Func
	case *plan.In:
		if e.Not || e.Eq == nil || isVolatile(e.Arg) || hasSubquery(e.Arg) {
			return nil, nil, nil
		}
		for _, v := range e.List {
			if _, ok := v.(*plan.Const); !ok {
				return nil, nil, nil
			}
		}
		return e.Arg, e.List, e.Eq
	}
	return nil, nil, nil
}

// dropJoins removes left joins that change nothing: nobody reads a column of the right side,
// and no left row can have two matches, since the right side is a table whose unique key
// is compared with the left row.
func (b *builder) dropJoins(r plan.Rel) plan.Rel {
	uses := map[plan.Col]int{}
	count(r, uses, 1)
	before := b.used
	b.used = plan.ColSet{}
	b.collectPositional(r)
	fixed := b.used
	b.used = before
	for _, c := range b.q.Out {
		fixed.Add(c)
	}
	for _, c := range r.Cols() {
		fixed.Add(c)
	}
	return b.dropUnread(r, uses, fixed)
}

// count adds the uses of columns by the expressions of a relation.
func count(r plan.Rel, uses map[plan.Col]int, by int) {
	plan.WalkRel(r, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Var:
			uses[e.Col] += by
		case *plan.SubLink:
			for _, c := range e.Rel.Cols() {
				uses[c] += by
			}
		}
		return true
	})
}

func (b *builder) dropUnread(r plan.Rel, uses map[plan.Col]int, fixed plan.ColSet) plan.Rel {
	if j, ok := r.(*plan.LJoin); ok && j.Kind == plan.Left && !j.Lateral && !hasLate(j.On) && b.atMostOne(j) {
		own := map[plan.Col]int{}
		count(&plan.LJoin{Kind: plan.Left, Left: &plan.LValues{}, Right: j.Right, On: j.On}, own, 1)
		read := false
		for _, c := range j.Right.Cols() {
			read = read || fixed.Has(c) || uses[c] > own[c]
		}
		if !read {
			for c, n := range own {
				uses[c] -= n
			}
			return b.dropUnread(j.Left, uses, fixed)
		}
	}
	in := plan.Inputs(r)
	for i := range in {
		in[i] = b.dropUnread(in[i], uses, fixed)
	}
	return plan.WithInputs(r, in)
}

// atMostOne reports whether a row of the left side of a join has one match at most.
func (b *builder) atMostOne(j *plan.LJoin) bool {
	scan, _ := leaf(j.Right)
	if scan == nil {
		return false
	}
	_, rk, safe, _ := equi(j.On, plan.SetOf(j.Left.Cols()), plan.SetOf(j.Right.Cols()))
	var ids []catalog.ColumnID
	for i, k := range rk {
		v, ok := k.(*plan.Var)
		if !ok || safe[i] {
			continue
		}
		for n, c := range scan.ColIDs {
			if c == v.Col && scan.Ords[n] >= 0 {
				ids = append(ids, scan.Table.Columns[scan.Ords[n]].ID)
			}
		}
	}
	return len(ids) > 0 && uniqueWithin(scan.Table, ids)
}
