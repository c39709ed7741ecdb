package opt

import (
	"math/bits"
	"slices"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
)

// A tree of joins is taken apart into relations (leaves) and operators, which may then
// be put together in any order that keeps the meaning. Which orders do so is told by
// conflict rules: "where a leaf of If is present, all of Then must be" (Moerkotte,
// Fender, Eich: On the correct and complete enumeration of the core search space,
// 2013, algorithm CD-C). Inner joins and filters become one edge for each
// condition; outer, semi and anti joins stay whole.

// joinRule forbids sets that have a leaf of need without all of then.
type joinRule struct{ some, then uint64 }

// edge is a condition of an inner join or of a filter above joins.
type edge struct {
	cond  plan.Expr
	ses   uint64 // leaves that it refers to
	rules []joinRule
	class int // of equal columns, -1 for none
}

// joinOp is a join that is not an inner one.
type joinOp struct {
	kind        plan.JoinKind
	on          []plan.Expr
	left, right uint64 // all leaves of its sides as written
	sesL, sesR  uint64 // those that its condition refers to
	rules       []joinRule
}

// treeOp is an operator of the tree as written, for the rules of those above it.
type treeOp struct {
	kind        plan.JoinKind
	left, right uint64
	strict      bool // a left join whose condition is never true where its left side is NULL
	filter      bool // conditions over the leaves of left
}

// graph is a set of relations with what joins them.
type graph struct {
	b     *builder
	rels  []plan.Rel
	cols  []plan.ColSet
	edges []edge
	ops   []joinOp
	// classes are columns that are equal to each other in the result.
	classes []class
	made    map[[2]plan.Col]plan.Expr // equalities that follow from a class
	inner   map[string]*innerPath
	rows    map[uint64]float64
	best    map[uint64][]cand
}

// class is a set of columns that inner joins make equal.
type class struct {
	eq   *fn.Func
	cols []plan.Col
	leaf []int
}

// reorderable reports whether a join may be taken apart.
func reorderable(j *plan.LJoin) bool {
	if j.Lateral || j.Kind == plan.Right || j.Kind == plan.Full {
		return false
	}
	for _, c := range j.On {
		if isVolatile(c) {
			return false
		}
	}
	return true
}

// flatten takes a tree of joins apart. It returns the leaves of r and its operators.
func (g *graph) flatten(r plan.Rel) (mask uint64, sub []treeOp) {
	switch r := r.(type) {
	case *plan.LJoin:
		if reorderable(r) {
			return g.flattenJoin(r)
		}
	case *plan.LFilter:
		if j, ok := r.Input.(*plan.LJoin); ok && reorderable(j) && !hasLate(r.Conds) {
			mask, sub = g.flattenJoin(j)
			g.addEdges(r.Conds, mask, g.rulesOf(plan.Inner, nil, sub, nil))
			return mask, append(sub, treeOp{filter: true, left: mask})
		}
	}
	g.rels = append(g.rels, r)
	g.cols = append(g.cols, plan.SetOf(r.Cols()))
	return 1 << (len(g.rels) - 1), nil
}

// hasLate reports whether a condition must be computed where it stands.
func hasLate(conds []plan.Expr) bool {
	for _, c := range conds {
		if isVolatile(c) || hasSubquery(c) {
			return true
		}
	}
	return false
}

func (g *graph) flattenJoin(j *plan.LJoin) (mask uint64, sub []treeOp) {
	left, lops := g.flatten(j.Left)
	right, rops := g.flatten(j.Right)
	rules := g.rulesOf(j.Kind, j.On, lops, rops)
	if j.Kind == plan.Inner {
		g.addEdges(j.On, left|right, rules)
	} else {
		op := joinOp{kind: j.Kind, on: j.On, left: left, right: right, rules: rules}
		ses := g.leavesOf(j.On...)
		if op.sesL = ses & left; op.sesL == 0 {
			op.sesL = left
		}
		if op.sesR = ses & right; op.sesR == 0 {
			op.sesR = right
		}
		if j.Kind != plan.Left { // whether there is a match depends on all of the right side
			op.sesR = right
		}
		g.ops = append(g.ops, op)
	}
	sub = append(append(sub, lops...), rops...)
	return left | right, append(sub, treeOp{kind: j.Kind, left: left, right: right, strict: j.Kind == plan.Left && g.strictOn(j.On, left)})
}

func (g *graph) leavesOf(list ...plan.Expr) (mask uint64) {
	vars := plan.ColSet{}
	for _, e := range list {
		plan.VarsOf(e, vars)
	}
	for i, cols := range g.cols {
		for v := range vars {
			if cols.Has(v) {
				mask |= 1 << i
				break
			}
		}
	}
	return mask
}

// addEdges adds conditions over some leaves; one that refers to none of them needs all.
func (g *graph) addEdges(conds []plan.Expr, all uint64, rules []joinRule) {
	for _, c := range conds {
		for _, x := range plan.Conjuncts(c) {
			e := edge{cond: x, ses: g.leavesOf(x), rules: rules, class: -1}
			if e.ses == 0 {
				e.ses = all
			}
			g.edges = append(g.edges, e)
		}
	}
}

// rulesOf are the rules of an operator above others: those of its left side and of
// its right side.
func (g *graph) rulesOf(kind plan.JoinKind, on []plan.Expr, left, right []treeOp) (rules []joinRule) {
	add := func(some, then uint64) { rules = append(rules, joinRule{some, then}) }
	for _, a := range left {
		// Of the operators that are taken apart, (e1 a e2) b e3 = (e1 b e3) a e2 holds of all.
		if !a.filter && !associates(a.kind, kind, g.strictOn(on, a.right)) {
			add(a.right, a.left)
		}
	}
	for _, c := range right {
		switch {
		case c.filter && kind != plan.Inner: // it must be checked before the join
			add(c.left, c.left)
			continue
		case c.filter:
			continue
		}
		if !associates(kind, c.kind, c.strict) {
			add(c.left, c.right)
		}
		if kind != plan.Inner || c.kind != plan.Inner { // else e1 a (e2 c e3) = e2 c (e1 a e3)
			add(c.right, c.left)
		}
	}
	return rules
}

// associates reports whether (e1 first e2) second e3 = e1 first (e2 second e3). strict
// says that the condition of second is never true where e2 is all NULL.
func associates(first, second plan.JoinKind, strict bool) bool {
	switch first {
	case plan.Inner:
		return true
	case plan.Left:
		return second == plan.Left && strict
	}
	return false
}

// strictOn reports whether a condition is never true where the columns of some leaves
// are all NULL.
func (g *graph) strictOn(on []plan.Expr, leaves uint64) bool {
	set := plan.ColSet{}
	for i, cols := range g.cols {
		if leaves>>i&1 == 1 {
			for c := range cols {
				set.Add(c)
			}
		}
	}
	for _, c := range on {
		if rejectsNull(c, set) {
			return true
		}
	}
	return false
}

// addClasses finds the columns that inner joins make equal wherever they stand: only
// of edges without rules. A class has one column of a leaf at most: an equality that
// would bring another stays an edge of its own.
func (g *graph) addClasses() {
	var accepted []int
	for i := range g.edges {
		e := &g.edges[i]
		l, r, call := columnsEqual(e.cond)
		if call == nil || len(e.rules) > 0 || bits.OnesCount64(e.ses) != 2 {
			continue
		}
		if g.addEqual(l, r, call.Func) {
			accepted = append(accepted, i)
		}
	}
	for _, i := range accepted {
		l, _, call := columnsEqual(g.edges[i].cond)
		g.edges[i].class = g.classOf(l, call.Func)
	}
	for _, c := range g.classes {
		for _, col := range c.cols {
			g.b.sameAs[col] = c.cols[0]
		}
	}
}

// addEqual puts two columns into one class; false where that cannot be.
func (g *graph) addEqual(l, r plan.Col, eq *fn.Func) bool {
	a, z := g.classOf(l, eq), g.classOf(r, eq)
	if a >= 0 && a == z {
		return true
	}
	if a < 0 {
		g.classes = append(g.classes, g.single(l, eq))
		a = len(g.classes) - 1
	}
	more := g.single(r, eq)
	if z >= 0 {
		more = g.classes[z]
	}
	for _, x := range g.classes[a].leaf {
		if slices.Contains(more.leaf, x) {
			return false
		}
	}
	c := &g.classes[a]
	c.cols, c.leaf = append(c.cols, more.cols...), append(c.leaf, more.leaf...)
	if z >= 0 {
		g.classes[z].cols, g.classes[z].leaf = nil, nil
	}
	return true
}

func (g *graph) single(c plan.Col, eq *fn.Func) class {
	for k, cols := range g.cols {
		if cols.Has(c) {
			return class{eq: eq, cols: []plan.Col{c}, leaf: []int{k}}
		}
	}
	return class{eq: eq}
}

func (g *graph) classOf(c plan.Col, eq *fn.Func) int {
	for i := range g.classes {
		for _, x := range g.classes[i].cols {
			if x == c && g.classes[i].eq == eq {
				return i
			}
		}
	}
	return -1
}

// columnsEqual takes column = column of one type apart.
func columnsEqual(e plan.Expr) (l, r plan.Col, call *plan.Call) {
	v, other, call := equality(e)
	if v == nil || call.Func.Args[0] != call.Func.Args[1] {
		return 0, 0, nil
	}
	w, ok := other.(*plan.Var)
	if !ok {
		return 0, 0, nil
	}
	return v.Col, w.Col, call
}

// rulesHold reports whether a set of leaves keeps all rules.
func rulesHold(rules []joinRule, set uint64) bool {
	for _, r := range rules {
		if set&r.some != 0 && r.then&^set != 0 {
			return false
		}
	}
	return true
}

// applied reports whether an edge has been checked in a set of leaves that has been joined.
func (e *edge) applied(set uint64) bool {
	return e.ses&^set == 0 && rulesHold(e.rules, set)
}

// split is how two sets of leaves are joined.
type split struct {
	kind   plan.JoinKind
	on     []plan.Expr
	filter []plan.Expr // to be checked of the join's result
	linked bool        // a condition links the two sides
}

// splitOf finds out how l and r may be joined, l on the left. ok is false where they may not.
func (g *graph) splitOf(l, r uint64) (s split, ok bool) {
	set := l | r
	var op *joinOp
	for i := range g.ops {
		o := &g.ops[i]
		ses := o.sesL | o.sesR
		if ses&^set != 0 {
			if set&o.right != 0 && set&^o.right != 0 {
				return s, false // its right side would be joined with something else first
			}
			continue
		}
		if ses&^l == 0 || ses&^r == 0 {
			continue // done already
		}
		if op != nil || o.sesL&^l != 0 || o.sesR&^r != 0 || !rulesHold(o.rules, set) {
			return s, false
		}
		op = o
	}
	conds, linked := g.newConds(l, r)
	if op == nil {
		return split{kind: plan.Inner, on: conds, linked: linked}, true
	}
	return split{kind: op.kind, on: op.on, filter: conds, linked: true}, true
}

// newConds lists the conditions of inner joins that can be checked once l and r are
// joined, and not before.
func (g *graph) newConds(l, r uint64) (out []plan.Expr, linked bool) {
	set := l | r
	for i := range g.edges {
		e := &g.edges[i]
		if e.class >= 0 {
			continue
		}
		if e.applied(set) && !e.applied(l) && !e.applied(r) {
			out = append(out, e.cond)
			linked = linked || e.ses&l != 0 && e.ses&r != 0
		}
	}
	for i := range g.classes {
		if x := g.equalityOf(&g.classes[i], l, r); x != nil {
			out, linked = append(out, x), true
		}
	}
	return out, linked
}

// equalityOf is a condition that makes the columns of a class equal across two sets; one
// that was written is preferred. Within each of the sets they are equal already.
func (g *graph) equalityOf(c *class, l, r uint64) plan.Expr {
	a, z := -1, -1
	for i, leaf := range c.leaf {
		if a < 0 && l>>leaf&1 == 1 {
			a = i
		}
		if z < 0 && r>>leaf&1 == 1 {
			z = i
		}
	}
	if a < 0 || z < 0 {
		return nil
	}
	for i := range g.edges {
		e := &g.edges[i]
		if e.class < 0 || &g.classes[e.class] != c {
			continue
		}
		if e.ses&l != 0 && e.ses&r != 0 && e.ses&^(l|r) == 0 {
			return e.cond
		}
	}
	key := [2]plan.Col{c.cols[a], c.cols[z]}
	x := g.made[key]
	if x == nil {
		x = &plan.Call{Typ: c.eq.Ret, Func: c.eq, Op: true, Args: []plan.Expr{g.b.q.Ref(key[0]), g.b.q.Ref(key[1])}}
		g.made[key] = x
	}
	return x
}
