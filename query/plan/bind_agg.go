package plan

import (
	"slices"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

func itoa(i int) string { return strconv.Itoa(i) }

// aggState collects the aggregates of one query level.
type aggState struct {
	calls     []AggCall
	cols      []Col
	keys      []string
	grouping  [][]Expr
	groupCols []Col
	groupPos  []int
	direct    []Expr // direct arguments, which may only use what is grouped by
	gap       *gapCall
	fills     []gapFill
}

// winState collects the window calls of one query level.
type winState struct {
	defs  map[string]*ast.WindowDef
	specs []*winSpec
}

type winSpec struct {
	partition []Expr
	order     []SortKey
	calls     []WindowCall
	cols      []Col
}

// aggCall binds the call of an aggregate; its value becomes a column.
func (b *binder) aggCall(s *scope, e *ast.FuncCall, name string) Expr {
	if s.noAgg != "" && len(e.Args) == 0 && len(e.OrderBy) == 0 {
		b.refuseAgg(s, e)
	}
	call := b.aggParts(s, e, name)
	if s.agg != nil {
		s.agg.direct = append(s.agg.direct, call.Direct...)
	}
	return b.addAgg(s, e, call, name)
}

// addAgg makes the value of an aggregate a column of the query level that it is over.
func (b *binder) addAgg(s *scope, e *ast.FuncCall, call AggCall, name string) Expr {
	level, nested := aggLevel(s, &call)
	switch {
	case level != s && level.noAgg == "here":
		failAt(e.Pos(), dberr.StateGrouping, "aggregate functions are not allowed in FROM clause of their own query level")
	case level.noAgg != "":
		b.refuseAgg(level, e)
	case level.inAgg || nested:
		failAt(e.Pos(), dberr.StateGrouping, "aggregate function calls cannot be nested")
	}
	s = level
	key := aggKey(&call)
	for i, k := range s.agg.keys {
		if k == key {
			return b.q.Ref(s.agg.cols[i])
		}
	}
	c := b.q.NewCol(name, call.Func.Ret)
	s.agg.calls, s.agg.cols, s.agg.keys = append(s.agg.calls, call), append(s.agg.cols, c), append(s.agg.keys, key)
	return b.q.Ref(c)
}

// aggLevel is the query whose rows an aggregate is over: the innermost one whose
// columns it reads, and its own where it reads none. Nested is whether it reads values of
// aggregates of that query too.
func aggLevel(s *scope, call *AggCall) (level *scope, nested bool) {
	reads := ColSet{}
	for _, list := range [][]Expr{call.Args, call.Direct, {call.Filter}} {
		for _, e := range list {
			if e != nil {
				VarsOf(e, reads)
			}
		}
	}
	for _, o := range call.Order {
		VarsOf(o.Expr, reads)
	}
	for level = s; level != nil && len(reads) > 0; level = level.parent {
		nested = level.agg != nil && slices.ContainsFunc(level.agg.cols, func(c Col) bool { return reads.Has(c) })
		if nested || level.reads(reads) {
			return level, nested
		}
	}
	return s, false
}

// reads reports whether any of the columns is one of the tables of the query.
func (s *scope) reads(cols ColSet) bool {
	for _, v := range s.vis {
		has := ColSet{}
		VarsOf(v.expr, has)
		for c := range has {
			if cols.Has(c) {
				return true
			}
		}
	}
	for _, t := range s.tables { // columns that USING hides
		for _, v := range t.cols {
			if x, ok := v.expr.(*Var); ok && cols.Has(x.Col) {
				return true
			}
		}
	}
	return false
}

func (b *binder) refuseAgg(s *scope, e *ast.FuncCall) {
	switch s.noAgg {
	case "WHERE", "GROUP BY", "VALUES", "LIMIT", "OFFSET", "RETURNING", "UPDATE", "FILTER":
		failAt(e.Pos(), dberr.StateGrouping, "aggregate functions are not allowed in %s", s.noAgg)
	}
	failAt(e.Pos(), dberr.StateGrouping, "aggregate functions are not allowed in %s", s.noAgg)
}

func aggKey(c *AggCall) string {
	k := c.Func.Name + ":" + strconv.FormatBool(c.Distinct) + strconv.FormatBool(c.Star)
	for _, list := range [][]Expr{c.Args, c.Direct, {c.Filter}} {
		k += "|"
		for _, a := range list {
			k += Key(a) + ","
		}
	}
	for _, o := range c.Order {
		k += "|" + Key(o.Expr) + strconv.FormatBool(o.Desc) + strconv.FormatBool(o.NullsFirst)
	}
	return k
}

// aggScope is the scope of what an aggregate is called with.
func aggScope(s *scope) *scope {
	in := *s
	in.inAgg, in.setsOK, in.noSets = true, false, "aggregate function calls"
	in.noWin = "aggregate function calls"
	return &in
}

// starredCall refuses a call of an aggregate without arguments that lacks its star.
func starredCall(e *ast.FuncCall, f *fn.AggFunc) {
	if len(f.Args) == 0 && !e.Star && !e.WithinGroup {
		failAt(e.Pos(), dberr.StateWrongObjectType, "%s(*) must be used to call a parameterless aggregate function", f.Name)
	}
}

// aggParts binds the arguments of an aggregate over the rows before grouping.
func (b *binder) aggParts(s *scope, e *ast.FuncCall, name string) AggCall {
	in := aggScope(s)
	call := AggCall{Distinct: e.Distinct, Star: e.Star}
	list := e.Args
	if e.WithinGroup {
		for _, o := range e.OrderBy {
			list = append(list[:len(list):len(list)], o.Expr)
		}
	}
	args, types := b.args(in, list)
	f, want, err := fn.ResolveAgg(name, types)
	if err != nil {
		fail(at(err, e.Pos()))
	}
	starredCall(e, f)
	args = b.coerceArgs(args, want, list)
	call.Func = f
	b.noteCall(e, args, f.Args)
	if f.OrderedSet != e.WithinGroup {
		if f.OrderedSet {
			failAt(e.Pos(), dberr.StateWrongObjectType, "WITHIN GROUP is required for ordered-set aggregate %s", name)
		}
		failAt(e.Pos(), dberr.StateWrongObjectType, "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", name)
	}
	if e.WithinGroup {
		n := len(e.Args)
		call.Direct, call.Args = args[:n:n], args[n:]
		for i, o := range e.OrderBy {
			call.Order = append(call.Order, order{item: o}.key(args[n+i]))
		}
	} else {
		call.Args = args
		for _, o := range e.OrderBy {
			x := b.settled(b.expr(in, o.Expr))
			call.Order = append(call.Order, order{item: o}.key(x))
		}
	}
	if e.Distinct {
		if len(args) == 0 {
			failAt(e.Pos(), dberr.StateSyntax, "DISTINCT specified, but %s has no arguments", name)
		}
		for i, a := range args {
			b.comparable(a, list[i].Pos())
		}
		for _, o := range call.Order {
			if !containsSame(args, o.Expr) {
				failAt(e.Pos(), dberr.StateInvalidColumnRef, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
			}
		}
		call.Distinct = !picksOne(name) // which of equal rows is seen first must not depend on memory
	}
	if e.Filter != nil {
		in.what, in.noAgg = "FILTER", "FILTER"
		call.Filter = b.boolean(in, e.Filter, "FILTER")
	}
	return call
}

// picksOne names the aggregates that give the value of one row, the first of equal ones: rows that repeat
// another change nothing.
func picksOne(name string) bool { return name == "first" || name == "last" }

func containsSame(list []Expr, e Expr) bool {
	for _, x := range list {
		if Same(x, e) {
			return true
		}
	}
	return false
}

// grouped is a bound GROUP BY: expressions, and sets of them by number.
type grouped struct {
	exprs []Expr
	sets  [][]int // nil for a plain GROUP BY
}

func (g *grouped) add(e Expr) int {
	for i, x := range g.exprs {
		if Same(x, e) {
			return i
		}
	}
	g.exprs = append(g.exprs, e)
	return len(g.exprs) - 1
}

// groupBy binds GROUP BY; nil where there is none.
func (b *binder) groupBy(s *scope, sel *ast.Select, targets []target) *grouped {
	if len(sel.GroupBy) == 0 {
		return nil
	}
	s.what, s.noAgg, s.noWin, s.setsOK = "GROUP BY", "GROUP BY", "GROUP BY", true
	defer func() { s.setsOK = false }()
	g := &grouped{}
	sets := [][]int{{}}
	plain := true
	for _, it := range sel.GroupBy {
		plain = plain && it.Kind == ast.GroupExpr
		var next [][]int
		for _, have := range sets {
			for _, more := range b.groupSets(s, g, it, targets) {
				next = append(next, union(have, more))
			}
		}
		sets = next
		if len(sets) > 4096 {
			failAt(it.Pos(), dberr.StateStatementTooComplex, "too many grouping sets present (maximum 4096)")
		}
	}
	if !plain {
		if sel.GroupDistinct {
			sets = uniqueSets(sets)
		}
		g.sets = sets
	}
	return g
}

func union(a, c []int) []int {
	out := append([]int(nil), a...)
	for _, x := range c {
		found := false
		for _, y := range out {
			found = found || x == y
		}
		if !found {
			out = append(out, x)
		}
	}
	return out
}

func uniqueSets(sets [][]int) (out [][]int) {
	seen := map[string]bool{}
	for _, s := range sets {
		var mask [4]uint64
		for _, i := range s {
			mask[i>>6&3] |= 1 << (i & 63)
		}
		k := strconv.FormatUint(mask[0], 36) + "," + strconv.FormatUint(mask[1], 36) + "," + strconv.FormatUint(mask[2], 36) + "," + strconv.FormatUint(mask[3], 36)
		if !seen[k] {
			seen[k] = true
			out = append(out, s)
		}
	}
	return out
}

// groupSets gives the grouping sets that one item stands for.
func (b *binder) groupSets(s *scope, g *grouped, it ast.GroupItem, targets []target) [][]int {
	switch it.Kind {
	case ast.GroupEmpty:
		return [][]int{{}}
	case ast.GroupExpr:
		return [][]int{b.groupExprs(s, g, it.Expr, targets)}
	case ast.GroupRollup:
		sets := [][]int{{}}
		var so []int
		for _, x := range it.Items {
			so = union(so, b.groupExprs(s, g, x.Expr, targets))
			sets = append([][]int{so}, sets...)
		}
		return sets
	case ast.GroupCube:
		if len(it.Items) > 12 {
			failAt(it.Pos(), dberr.StateTooManyColumns, "CUBE is limited to 12 elements")
		}
		parts := make([][]int, len(it.Items))
		for i, x := range it.Items {
			parts[i] = b.groupExprs(s, g, x.Expr, targets)
		}
		var sets [][]int
		for m := 1<<len(parts) - 1; m >= 0; m-- {
			var set []int
			for i, p := range parts {
				if m&(1<<(len(parts)-1-i)) != 0 {
					set = union(set, p)
				}
			}
			sets = append(sets, set)
		}
		return sets
	}
	var sets [][]int
	for _, x := range it.Items {
		sets = append(sets, b.groupSets(s, g, x, targets)...)
	}
	return sets
}

func (b *binder) groupExprs(s *scope, g *grouped, e ast.Expr, targets []target) (out []int) {
	if r, ok := e.(*ast.Row); ok && !r.Explicit {
		for _, a := range r.Args {
			out = append(out, g.add(b.groupExpr(s, a, targets)))
		}
		return out
	}
	return []int{g.add(b.groupExpr(s, e, targets))}
}

// groupExpr binds one expression: a position, an input column, an output name, or
// any expression, in this order.
func (b *binder) groupExpr(s *scope, e ast.Expr, targets []target) Expr {
	pick := func(i int) Expr {
		b.noAggs(s, targets[i], e.Pos())
		targets[i].expr = b.settled(targets[i].expr)
		b.comparable(targets[i].expr, e.Pos())
		return targets[i].expr
	}
	switch x := e.(type) {
	case *ast.Literal:
		if x.Kind == ast.LitInt {
			return pick(b.position(x, len(targets), "GROUP BY"))
		}
		if x.Kind != ast.LitNull {
			failAt(e.Pos(), dberr.StateSyntax, "non-integer constant in GROUP BY")
		}
	case *ast.ColumnRef:
		if len(x.Names) == 1 && !x.Star {
			if _, ok := b.inLevel(s, x.Names[0], x.Pos()); !ok {
				if i := b.byName(targets, x.Names[0], x.Pos(), "GROUP BY"); i >= 0 {
					return pick(i)
				}
			}
		}
	}
	out := b.settled(b.expr(s, e))
	b.comparable(out, e.Pos())
	return out
}

func (b *binder) noAggs(s *scope, t target, pos int) {
	aggs := SetOf(s.agg.cols)
	wins := ColSet{}
	for _, w := range s.win.specs {
		for _, c := range w.cols {
			wins.Add(c)
		}
	}
	Walk(t.expr, func(e Expr) bool {
		if v, ok := e.(*Var); ok && aggs.Has(v.Col) {
			failAt(pos, dberr.StateGrouping, "aggregate functions are not allowed in GROUP BY")
		}
		if v, ok := e.(*Var); ok && wins.Has(v.Col) {
			failAt(pos, dberr.StateWindowing, "window functions are not allowed in GROUP BY")
		}
		return true
	})
}

// aggregate adds the grouping and rewrites everything above it.
func (b *binder) aggregate(s *scope, rel Rel, g *grouped, fromCols ColSet, targets []target, orders, distinct []order, having *Expr) Rel {
	a := &LAgg{Input: rel, Aggs: s.agg.calls, AggCols: s.agg.cols, GroupCols: s.agg.groupCols}
	for _, t := range s.tables { // keys of rows may have been asked for since
		if t.scan != nil {
			for _, c := range t.scan.ColIDs {
				fromCols.Add(c)
			}
		}
	}
	u := &ungrouper{b: b, agg: a, from: fromCols, keys: map[string]Col{}, scope: s}
	if g != nil {
		for _, e := range g.exprs {
			u.addKey(e)
		}
		a.Sets = g.sets
		u.dependencies()
	}
	for i, args := range s.agg.grouping {
		var set []int
		for _, e := range args {
			k := -1
			for n, key := range a.Keys {
				if Same(key, e) {
					k = n
				}
			}
			if k < 0 {
				failAt(s.agg.groupPos[i], dberr.StateGrouping, "arguments to GROUPING must be grouping expressions of the associated query level")
			}
			set = append(set, k)
		}
		a.Grouping = append(a.Grouping, set)
	}
	consts := u.constKeys()
	for i := range targets {
		if c, ok := consts[Key(targets[i].expr)]; ok {
			delete(consts, Key(targets[i].expr))
			targets[i].expr = b.q.Ref(c)
			continue
		}
		targets[i].expr = u.replace(targets[i].expr)
	}
	for _, list := range [][]order{orders, distinct} {
		for i := range list {
			if list[i].target < 0 {
				list[i].expr = u.replace(list[i].expr)
			}
		}
	}
	if *having != nil {
		*having = u.replace(*having)
	}
	for _, w := range s.win.specs {
		for i := range w.partition {
			w.partition[i] = u.replace(w.partition[i])
		}
		for i := range w.order {
			w.order[i].Expr = u.replace(w.order[i].Expr)
		}
		w.calls = eachWindow(w.calls, func(e Expr) Expr { return u.replace(e) })
	}
	for _, d := range s.agg.direct {
		u.replace(d)
	}
	for i := range s.agg.fills {
		s.agg.fills[i].arg = u.replace(s.agg.fills[i].arg)
	}
	if s.agg.gap != nil {
		s.agg.gap.key = u.keys[Key(s.agg.gap.bucket)]
	}
	a.Input = b.expandSets(rel, pointers(a.Keys))
	return a
}

// ungrouper rewrites expressions over the rows before grouping into expressions
// over the groups.
type ungrouper struct {
	b     *binder
	agg   *LAgg
	from  ColSet
	keys  map[string]Col
	deps  ColSet // columns that the grouping determines
	scope *scope
}

func (u *ungrouper) addKey(e Expr) Col {
	var c Col
	if v, ok := e.(*Var); ok && u.agg.Sets == nil {
		c = v.Col
		for _, k := range u.agg.KeyCols {
			if k == c {
				return c
			}
		}
		c = u.b.q.NewCol(v.Name, v.Typ)
	} else {
		c = u.b.q.NewCol("key", e.Type())
	}
	u.agg.Keys, u.agg.KeyCols = append(u.agg.Keys, e), append(u.agg.KeyCols, c)
	u.keys[Key(e)] = c
	return c
}

// inEverySet reports whether a key is one of all grouping sets.
func (u *ungrouper) inEverySet(c Col) bool {
	k := slices.Index(u.agg.KeyCols, c)
	return !slices.ContainsFunc(u.agg.Sets, func(set []int) bool { return !slices.Contains(set, k) })
}

// addDependent makes a column that the grouping determines one more key, of all sets.
func (u *ungrouper) addDependent(v *Var) Col {
	n := len(u.agg.Keys)
	c := u.addKey(v)
	if len(u.agg.Keys) > n {
		for i, set := range u.agg.Sets {
			u.agg.Sets[i] = append(set[:len(set):len(set)], n)
		}
	}
	return c
}

// dependencies finds the tables whose primary key is among the keys, of each set: all of
// their columns may be used.
func (u *ungrouper) dependencies() {
	u.deps = ColSet{}
	for _, t := range u.scope.tables {
		if t.scan == nil || t.table.PrimaryKey() == nil {
			continue
		}
		all := true
		for _, id := range t.table.PrimaryKey() {
			c, ok := u.keys[Key(&Var{Col: t.scan.ColIDs[t.table.Ordinal(id)]})]
			all = all && ok && u.inEverySet(c)
		}
		if all {
			for _, c := range t.scan.ColIDs {
				u.deps.Add(c)
			}
		}
	}
}

// constKeys are the keys of grouping sets that are constants. A constant elsewhere is itself, but
// the first item of the select list that is such a key as a whole is the key, NULL where a set
// leaves it out, as in PostgreSQL.
func (u *ungrouper) constKeys() map[string]Col {
	if u.agg.Sets == nil {
		return nil
	}
	consts := map[string]Col{}
	for i, e := range u.agg.Keys {
		if _, is := e.(*Const); is {
			consts[Key(e)] = u.agg.KeyCols[i]
		}
	}
	return consts
}

func (u *ungrouper) replace(e Expr) Expr {
	return Replace(e, func(x Expr) (Expr, bool) {
		if c, ok := u.keys[Key(x)]; ok {
			if _, isConst := x.(*Const); !isConst {
				return u.b.q.Ref(c), true
			}
		}
		v, ok := x.(*Var)
		if !ok || !u.from.Has(v.Col) {
			return x, false
		}
		if u.deps.Has(v.Col) {
			return u.b.q.Ref(u.addDependent(v)), true
		}
		name := u.b.source[v]
		if name == "" {
			name = v.Name
		}
		failAt(u.b.pos[v], dberr.StateGrouping, "column %q must appear in the GROUP BY clause or be used in an aggregate function", name)
		return nil, false
	})
}

// Replace rebuilds an expression top down: where f says that it has replaced a
// node, its parts are not looked at.
func Replace(e Expr, f func(Expr) (Expr, bool)) Expr {
	if e == nil {
		return nil
	}
	if r, done := f(e); done {
		return r
	}
	kids := Children(e)
	if len(kids) > 0 {
		out := make([]Expr, len(kids))
		for i, k := range kids {
			out[i] = Replace(k, f)
		}
		e = WithChildren(e, out)
	}
	if s, ok := e.(*SubLink); ok {
		c := *s
		c.Rel, c.Test = ReplaceRel(s.Rel, f), Replace(s.Test, f)
		return &c
	}
	return e
}

// ReplaceRel is Replace for all expressions of a relation and below it.
func ReplaceRel(r Rel, f func(Expr) (Expr, bool)) Rel {
	in := Inputs(r)
	for i := range in {
		in[i] = ReplaceRel(in[i], f)
	}
	return visitExprs(WithInputs(r, in), func(e Expr) Expr { return Replace(e, f) })
}

// grouping binds GROUPING(…).
func (b *binder) grouping(s *scope, e *ast.Grouping) Expr {
	if len(e.Args) > 31 {
		failAt(e.Pos(), dberr.StateTooManyArguments, "GROUPING must have fewer than 32 arguments")
	}
	in := *s
	in.inAgg = true
	var args []Expr
	for _, a := range e.Args {
		args = append(args, b.expr(&in, a))
	}
	s, _ = aggLevel(s, &AggCall{Args: args}) // that whose columns it names
	if s.noAgg != "" || s.agg == nil {
		failAt(e.Pos(), dberr.StateGrouping, "grouping operations are not allowed in %s", s.noAgg)
	}
	c := b.q.NewCol("grouping", sqltype.TInt4)
	s.agg.grouping, s.agg.groupCols = append(s.agg.grouping, args), append(s.agg.groupCols, c)
	s.agg.groupPos = append(s.agg.groupPos, e.Pos())
	return b.q.Ref(c)
}
