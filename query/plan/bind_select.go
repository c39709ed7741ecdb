package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// query binds a query in any form. Hints are the types that untyped literals in
// the select list take, as far as they are known.
func (b *binder) query(sel *ast.Select, parent *scope, hints []sqltype.Type) *bound {
	defer b.enter(sel.Pos())()
	with := parent
	var wraps []*LWith
	if sel.With != nil {
		with = &scope{parent: parent, ctes: map[string]*cte{}}
		wraps = b.with(sel.With, with)
	}
	var out *bound
	switch {
	case sel.Op != ast.NoSetOp:
		out = b.setOp(sel, with)
	case sel.Values != nil:
		out = b.values(sel, with, hints)
	default:
		out = b.core(sel, with, hints)
	}
	out.rel = wrapWith(out.rel, wraps)
	return out
}

func wrapWith(r Rel, wraps []*LWith) Rel {
	for i := len(wraps) - 1; i >= 0; i-- {
		wraps[i].Body = r
		r = wraps[i]
	}
	return r
}

// target is one bound item of a select list.
type target struct {
	expr Expr
	name string
	pos  int
}

// order is a bound item of ORDER BY or DISTINCT ON: a target, or an expression.
type order struct {
	target int // -1 where expr is set
	expr   Expr
	item   ast.OrderItem
}

// core binds SELECT … FROM ….
func (b *binder) core(sel *ast.Select, parent *scope, hints []sqltype.Type) *bound {
	s := b.newScope(parent)
	rel := b.from(s, sel.From)
	fromCols := SetOf(rel.Cols())
	if sel.Where != nil {
		s.what, s.noAgg, s.noWin = "WHERE", "WHERE", "WHERE"
		rel = &LFilter{Input: rel, Conds: Conjuncts(b.boolean(s, sel.Where, "WHERE"))}
	}
	locks := b.locks(sel, s)
	keys := b.cursorKeys(sel, s)
	s.agg, s.win = &aggState{}, &winState{defs: map[string]*ast.WindowDef{}}
	for _, w := range sel.Windows {
		if s.win.defs[w.Name] != nil {
			failAt(w.Pos(), dberr.StateWindowing, "window %q is already defined", w.Name)
		}
		s.win.defs[w.Name] = w
	}
	targets := b.targets(s, sel.Targets, hints)
	group := b.groupBy(s, sel, targets)
	var having Expr
	if sel.Having != nil {
		s.what, s.noAgg, s.noWin = "HAVING", "", "HAVING"
		having = b.boolean(s, sel.Having, "HAVING")
	}
	s.what, s.noAgg, s.noWin, s.setsOK = "ORDER BY", "", "", true
	orders := b.orders(s, sel.OrderBy, targets, "ORDER BY")
	var distinct []order
	for _, e := range sel.DistinctOn {
		distinct = append(distinct, b.orderItem(s, ast.OrderItem{Loc: ast.Loc(e.Pos()), Expr: e}, targets, "DISTINCT ON"))
	}
	b.checkGap(s, group)
	if group != nil || len(s.agg.calls) > 0 || having != nil || len(s.agg.grouping) > 0 {
		where := rel
		rel = b.aggregate(s, rel, group, fromCols, targets, orders, distinct, &having)
		rel = b.fillGaps(s, rel.(*LAgg), where, having)
	}
	b.noLocks(sel, s, targets)
	if keys != nil && len(locks) == 0 && (group != nil || having != nil || len(s.agg.calls) > 0 || len(s.win.specs) > 0 || setsIn(targets)) {
		keys = nil // its rows are not those of the table
	}
	rel = b.expandSets(b.windows(s, rel), selected(targets, orders, distinct))
	return b.project(sel, s, rel, targets, orders, distinct, locks, keys)
}

// targets binds a select list.
func (b *binder) targets(s *scope, list []ast.Target, hints []sqltype.Type) (out []target) {
	for i, t := range list {
		if ref, ok := t.Expr.(*ast.ColumnRef); ok && ref.Star {
			out = append(out, b.star(s, ref)...)
			continue
		}
		s.what, s.noAgg, s.noWin, s.setsOK = "SELECT", "", "", true
		if f, ok := t.Expr.(*ast.Field); ok && f.Star && b.isSetCall(s, f.Arg) {
			out = append(out, b.setStar(s, f)...)
			continue
		}
		if f, ok := t.Expr.(*ast.Field); ok && f.Star {
			out = append(out, b.rowStar(s, f)...)
			continue
		}
		e := b.expr(s, t.Expr)
		if b.mysql && e.Type().ID == sqltype.Bool {
			e = b.cast(e, sqltype.TInt4, t.Pos())
		}
		n := target{expr: e, name: t.Alias, pos: t.Pos()}
		if n.name == "" {
			n.name = ast.ColumnName(t.Expr)
		}
		if e.Type().ID == sqltype.Unknown && i < len(hints) && hints[i].ID != sqltype.Unknown && len(out) == i {
			n.expr = b.assign(e, hints[i], "", t.Pos())
		}
		out = append(out, n)
	}
	s.setsOK = false
	return out
}

// star expands * and t.*.
func (b *binder) star(s *scope, ref *ast.ColumnRef) (out []target) {
	if len(ref.Names) == 0 {
		if len(s.tables) == 0 {
			failAt(ref.Pos(), dberr.StateSyntax, "SELECT * with no tables specified is not valid")
		}
		shown := shown(s.vis)
		b.uses.noteStar(ref, shown)
		for _, v := range shown {
			out = append(out, target{expr: b.found(s, v, ref.Pos()), name: v.name, pos: ref.Pos()})
		}
		return out
	}
	schema, table := "", ref.Names[len(ref.Names)-1]
	if len(ref.Names) > 1 {
		schema = ref.Names[len(ref.Names)-2]
	}
	for level := s; level != nil; level = level.parent {
		if e := b.entryIn(level, schema, table, ref.Pos()); e != nil {
			shown := shown(e.cols)
			b.uses.noteStar(ref, shown)
			for _, v := range shown {
				out = append(out, target{expr: b.found(level, v, ref.Pos()), name: v.name, pos: ref.Pos()})
			}
			return out
		}
	}
	b.missingTable(s, schema, table, ref.Pos())
	return nil
}

// shown are the columns that * stands for.
func shown(list []visible) []visible {
	return slices.DeleteFunc(slices.Clone(list), func(v visible) bool { return v.hidden })
}

func (b *binder) orders(s *scope, items []ast.OrderItem, targets []target, what string) (out []order) {
	for _, it := range items {
		out = append(out, b.orderItem(s, it, targets, what))
	}
	return out
}

// orderItem follows SQL-92 first (a position or an output name), then SQL-99 (an
// expression over the input).
func (b *binder) orderItem(s *scope, it ast.OrderItem, targets []target, what string) order {
	if it.Using != "" && it.Using != "<" && it.Using != ">" {
		failAt(it.Pos(), dberr.StateWrongObjectType, "operator %s is not a valid ordering operator", it.Using)
	}
	it.Desc = it.Desc || it.Using == ">"
	switch e := it.Expr.(type) {
	case *ast.Literal:
		if e.Kind == ast.LitInt {
			return order{target: b.position(e, len(targets), what), item: it}
		}
		if e.Kind != ast.LitNull {
			failAt(e.Pos(), dberr.StateSyntax, "non-integer constant in %s", what)
		}
	case *ast.ColumnRef:
		if len(e.Names) == 1 && !e.Star {
			if i := b.byName(targets, e.Names[0], e.Pos(), what); i >= 0 {
				return order{target: i, item: it}
			}
		}
	}
	x := b.settled(b.expr(s, it.Expr))
	for i, t := range targets {
		if Same(t.expr, x) {
			return order{target: i, item: it}
		}
	}
	return order{target: -1, expr: x, item: it}
}

func (b *binder) byName(targets []target, name string, pos int, what string) int {
	hit := -1
	for i, t := range targets {
		if t.name != name {
			continue
		}
		if hit >= 0 && !Same(targets[hit].expr, t.expr) {
			failAt(pos, dberr.StateAmbiguousColumn, "%s %q is ambiguous", what, name)
		}
		if hit < 0 {
			hit = i
		}
	}
	return hit
}

func (b *binder) position(e *ast.Literal, n int, what string) int {
	p := 0
	for _, c := range e.Text {
		p = p*10 + int(c-'0')
		if p > n {
			break
		}
	}
	if p < 1 || p > n {
		failAt(e.Pos(), dberr.StateInvalidColumnRef, "%s position %s is not in select list", what, e.Text)
	}
	return p - 1
}

func (o order) key(e Expr) SortKey {
	k := SortKey{Expr: e, Desc: o.item.Desc, NullsFirst: o.item.Desc}
	switch o.item.Nulls {
	case ast.NullsFirst:
		k.NullsFirst = true
	case ast.NullsLast:
		k.NullsFirst = false
	}
	return k
}

// project adds the select list, DISTINCT, ORDER BY and LIMIT.
func (b *binder) project(sel *ast.Select, s *scope, rel Rel, targets []target, orders, distinct []order, locks []*LLock, rows []RowKey) *bound {
	p := &LProject{Input: rel}
	out := &bound{}
	used, own := ColSet{}, SetOf(rel.Cols()) // a column from outside gets an id of its own here
	add := func(e Expr, name string) Col {
		c := Col(0)
		if v, ok := e.(*Var); ok && !used.Has(v.Col) && own.Has(v.Col) {
			c = v.Col
		} else {
			c = b.q.NewCol(name, e.Type())
		}
		used.Add(c)
		b.noteRow(c, e)
		p.Exprs, p.ColIDs = append(p.Exprs, e), append(p.ColIDs, c)
		return c
	}
	late := map[Col]Expr{} // computed at the end
	for i := range targets {
		t := &targets[i]
		if isLate(sel, t.expr, i, orders, distinct) {
			c := b.q.NewCol(t.name, t.expr.Type())
			late[c] = t.expr
			b.noteRow(c, t.expr)
			out.cols, out.names = append(out.cols, c), append(out.names, t.name)
			continue
		}
		if (sel.Distinct || len(orders) > 0 && ordersBy(orders, i)) && t.expr.Type().ID == sqltype.Unknown {
			t.expr = b.settled(t.expr)
		}
		out.cols = append(out.cols, add(t.expr, t.name))
		out.names = append(out.names, t.name)
	}
	keyOf := func(o order) Expr {
		if o.target >= 0 {
			return b.q.Ref(out.cols[o.target])
		}
		for i, e := range p.Exprs {
			if Same(e, o.expr) {
				return b.q.Ref(p.ColIDs[i])
			}
		}
		return b.q.Ref(add(o.expr, ""))
	}
	var keys []SortKey
	for _, o := range orders {
		if sel.Distinct && sel.DistinctOn == nil && o.target < 0 {
			failAt(o.item.Pos(), dberr.StateInvalidColumnRef, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
		k := o.key(keyOf(o))
		b.orderable(k.Expr, o.item.Expr.Pos())
		keys = append(keys, k)
	}
	out.rel = p
	switch {
	case len(distinct) > 0:
		b.distinctOn(out, distinct, keys, keyOf)
	case sel.Distinct:
		for _, e := range p.Exprs {
			b.comparable(e, sel.Pos())
		}
		out.rel = sorted(&LDistinct{Input: p}, keys)
	default:
		out.rel = sorted(p, keys)
	}
	for _, l := range locks {
		for i, k := range l.Keys {
			l.Keys[i] = add(b.q.Ref(k), "")
		}
		l.Input, out.rel = out.rel, l
	}
	for _, k := range rows {
		for _, c := range k.cols {
			out.cols, out.names = append(out.cols, add(b.q.Ref(c), "")), append(out.names, "")
		}
	}
	b.q.RowKeys = append(b.q.RowKeys, rows...)
	for _, c := range out.cols {
		if late[c] == nil {
			continue
		}
		late[c] = Map(late[c], func(x Expr) Expr {
			if v, ok := x.(*Var); ok && own.Has(v.Col) {
				return keyOf(order{target: -1, expr: v})
			}
			return x
		})
	}
	b.limit(sel, s, out, keys)
	if len(p.ColIDs) > len(out.cols) || len(late) > 0 { // drop what was only for the order
		strip := &LProject{Input: out.rel}
		for _, c := range out.cols {
			e := late[c]
			if e == nil {
				e = b.q.Ref(c)
			}
			strip.Exprs, strip.ColIDs = append(strip.Exprs, e), append(strip.ColIDs, c)
		}
		out.rel = strip
	}
	return out
}

// isLate reports whether a target is computed of the rows that come out, in their order: one that gives
// another value each time and is not sorted by.
func isLate(sel *ast.Select, e Expr, i int, orders, distinct []order) bool {
	return (len(orders) > 0 || sel.Limit != nil) && (!sel.Distinct || sel.DistinctOn != nil) && Volatile(e) &&
		!ordersBy(orders, i) && !ordersBy(distinct, i)
}

func ordersBy(orders []order, target int) bool {
	for _, o := range orders {
		if o.target == target {
			return true
		}
	}
	return false
}

func sorted(r Rel, keys []SortKey) Rel {
	if len(keys) == 0 {
		return r
	}
	return &LSort{Input: r, Keys: keys}
}

// distinctOn sorts by the DISTINCT ON expressions first, as ORDER BY must too.
func (b *binder) distinctOn(out *bound, distinct []order, keys []SortKey, keyOf func(order) Expr) {
	var on []Expr
	for _, d := range distinct {
		on = append(on, keyOf(d))
	}
	isOn := func(e Expr) bool {
		for _, o := range on {
			if Same(o, e) {
				return true
			}
		}
		return false
	}
	all := append([]SortKey(nil), keys...)
	for i, k := range keys {
		if i < len(on) && !isOn(k.Expr) {
			fail(dberr.SQL(dberr.StateInvalidColumnRef, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").At(distinct[0].item.Pos()))
		}
	}
	for _, o := range on {
		found := false
		for _, k := range keys {
			found = found || Same(k.Expr, o)
		}
		if !found {
			all = append(all, SortKey{})
			n := min(len(keys), len(all)-1)
			copy(all[n+1:], all[n:])
			all[n] = SortKey{Expr: o}
			keys = all[:n+1]
		}
	}
	out.rel = &LDistinct{Input: sorted(out.rel, all), On: on}
}

// limit adds OFFSET and LIMIT or FETCH.
func (b *binder) limit(sel *ast.Select, s *scope, out *bound, keys []SortKey) {
	if sel.Limit == nil && sel.Offset == nil {
		return
	}
	l := &LLimit{Input: out.rel, WithTies: sel.WithTies}
	l.Count, l.Offset = b.limitValue(s, sel.Limit, "LIMIT"), b.limitValue(s, sel.Offset, "OFFSET")
	if sel.WithTies {
		if len(keys) == 0 {
			failAt(sel.Limit.Pos(), dberr.StateSyntax, "WITH TIES cannot be specified without ORDER BY clause")
		}
		for _, k := range keys {
			l.Ties = append(l.Ties, k.Expr)
		}
	}
	if l.Count == nil && l.Offset == nil {
		return
	}
	out.rel = l
}

func (b *binder) limitValue(s *scope, e ast.Expr, what string) Expr {
	if e == nil {
		return nil
	}
	in := &scope{ctes: nil, what: what, noAgg: what, noWin: what}
	if s != nil {
		in.parent = s.parent
	}
	if ref, ok := e.(*ast.ColumnRef); ok && s != nil && len(ref.Names) == 1 {
		for _, v := range s.vis {
			if v.name == ref.Names[0] {
				failAt(e.Pos(), dberr.StateInvalidColumnRef, "argument of %s must not contain variables", what)
			}
		}
	}
	x := b.expr(in, e)
	if c, ok := x.(*Const); ok && c.Value.Null {
		return nil
	}
	if x.Type().ID != sqltype.Unknown && fn.ImplicitCast(x.Type(), sqltype.TInt8) == nil && fn.AssignCast(x.Type(), sqltype.TInt8) == nil {
		failAt(e.Pos(), dberr.StateDatatypeMismatch, "argument of %s must be type bigint, not type %s", what, x.Type().Name())
	}
	return b.assign(x, sqltype.TInt8, "", e.Pos())
}

// setOp binds UNION, INTERSECT and EXCEPT.
func (b *binder) setOp(sel *ast.Select, parent *scope) *bound {
	kinds := map[ast.SetOp]struct {
		kind SetOpKind
		name string
	}{ast.Union: {Union, "UNION"}, ast.Intersect: {Intersect, "INTERSECT"}, ast.Except: {Except, "EXCEPT"}}
	k := kinds[sel.Op]
	l, r := b.query(sel.Left, parent, nil), b.query(sel.Right, parent, nil)
	if len(l.cols) != len(r.cols) {
		pos := sel.Right.Pos()
		if len(sel.Right.Targets) > 0 {
			pos = sel.Right.Targets[0].Pos()
		}
		failAt(pos, dberr.StateSyntax, "each %s query must have the same number of columns", k.name)
	}
	out := &bound{names: l.names}
	op := &LSetOp{Kind: k.kind, All: sel.All}
	for i := range l.cols {
		t, err := fn.CommonType(k.name, b.q.TypeOf(l.cols[i]), b.q.TypeOf(r.cols[i]))
		if err != nil {
			fail(at(err, targetPos(sel.Right, i)))
		}
		b.retype(l, i, t)
		b.retype(r, i, t)
		c := b.q.NewCol(l.names[i], t)
		if !sel.All {
			b.comparable(b.q.Ref(c), targetPos(sel.Left, i))
		}
		if slices.Equal(b.rows[l.cols[i]], b.rows[r.cols[i]]) {
			b.noteRow(c, b.q.Ref(l.cols[i]))
		}
		op.ColIDs = append(op.ColIDs, c)
	}
	op.Left, op.Right = b.exactly(l), b.exactly(r)
	out.rel, out.cols = op, op.ColIDs
	b.outerOrder(sel, out, parent)
	return out
}

func targetPos(s *ast.Select, i int) int {
	for s.Op != ast.NoSetOp {
		s = s.Left
	}
	if i < len(s.Targets) {
		return s.Targets[i].Pos()
	}
	if s.Values != nil && i < len(s.Values[0]) {
		return s.Values[0][i].Pos()
	}
	return s.Pos()
}

// exactly makes a relation give just the columns of a query, each once.
func (b *binder) exactly(o *bound) Rel {
	if cols := o.rel.Cols(); len(cols) == len(o.cols) {
		same, seen := true, ColSet{}
		for i := range cols {
			same = same && cols[i] == o.cols[i] && !seen.Has(cols[i])
			seen.Add(cols[i])
		}
		if same {
			return o.rel
		}
	}
	p := &LProject{Input: o.rel}
	for i, c := range o.cols {
		p.Exprs, p.ColIDs = append(p.Exprs, b.q.Ref(c)), append(p.ColIDs, b.q.NewCol(o.names[i], b.q.TypeOf(c)))
	}
	return p
}

// outerOrder adds ORDER BY and LIMIT to a set operation or VALUES, which may only
// name output columns.
func (b *binder) outerOrder(sel *ast.Select, out *bound, parent *scope) {
	if len(sel.Locking) > 0 {
		failAt(sel.Locking[0].Pos(), dberr.StateFeatureNotSupported, "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT")
	}
	s := b.newScope(parent)
	e := &entry{}
	var targets []target
	for i, c := range out.cols {
		e.cols = append(e.cols, visible{name: out.names[i], expr: b.q.Ref(c), from: e})
		targets = append(targets, target{expr: b.q.Ref(c), name: out.names[i]})
	}
	s.vis = e.cols
	var keys []SortKey
	for _, it := range sel.OrderBy {
		o := b.orderItem(s, it, targets, "ORDER BY")
		if o.target < 0 {
			if sel.Op != ast.NoSetOp {
				fail(dberr.SQL(dberr.StateFeatureNotSupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
					WithDetail("Only result column names can be used, not expressions or functions.").
					WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.").At(it.Pos()))
			}
			unsupported(it.Pos(), "ORDER BY an expression over VALUES")
		}
		b.settle(out, o.target)
		keys = append(keys, o.key(b.q.Ref(out.cols[o.target])))
	}
	out.rel = sorted(out.rel, keys)
	b.limit(sel, s, out, keys)
}

// values binds VALUES.
func (b *binder) values(sel *ast.Select, parent *scope, hints []sqltype.Type) *bound {
	s := b.newScope(parent)
	s.what, s.noAgg, s.noWin = "VALUES", "VALUES", "VALUES"
	rel := &LValues{}
	out := &bound{rel: rel}
	lists := make([][]ast.Expr, len(sel.Values))
	for k, row := range sel.Values {
		lists[k] = b.spread(s, row)
	}
	n := len(lists[0])
	for _, row := range lists {
		if len(row) != n {
			failAt(row[min(n, len(row)-1)].Pos(), dberr.StateSyntax, "VALUES lists must all be the same length")
		}
		exprs := make([]Expr, n)
		for i, e := range row {
			if _, ok := e.(*ast.Default); ok {
				failAt(e.Pos(), dberr.StateSyntax, "DEFAULT is not allowed in this context")
			}
			exprs[i] = b.expr(s, e)
		}
		rel.Rows = append(rel.Rows, exprs)
	}
	for i := range n {
		types := make([]sqltype.Type, len(rel.Rows))
		known := false
		for k, row := range rel.Rows {
			types[k] = row[i].Type()
			known = known || types[k].ID != sqltype.Unknown
		}
		t := sqltype.TUnknown
		if known {
			c, err := fn.CommonType("VALUES", types...)
			if err != nil {
				fail(at(err, lists[0][i].Pos()))
			}
			t = c
		} else if i < len(hints) {
			t = hints[i]
		}
		if t.ID != sqltype.Unknown {
			for k := range rel.Rows {
				rel.Rows[k][i] = b.coerce(rel.Rows[k][i], t, lists[k][i].Pos())
			}
		}
		name := "column" + itoa(i+1)
		rel.ColIDs = append(rel.ColIDs, b.q.NewCol(name, t))
		out.names = append(out.names, name)
	}
	out.cols = rel.ColIDs
	b.outerOrder(sel, out, parent)
	return out
}

// locks finds what FOR UPDATE and its like lock. They take effect above the order and
// below the limit, so that only rows that come out are locked.
func (b *binder) locks(sel *ast.Select, s *scope) (out []*LLock) {
	for _, l := range sel.Locking {
		words := lockWords[l.Strength]
		if sel.Distinct || sel.GroupBy != nil || sel.Having != nil {
			failAt(l.Pos(), dberr.StateFeatureNotSupported, "%s is not allowed with DISTINCT, GROUP BY or HAVING clause", words)
		}
		lock := &LLock{Shared: l.Strength == ast.LockKeyShare || l.Strength == ast.LockShare,
			NoWait: l.Wait == ast.LockNoWait, SkipLocked: l.Wait == ast.LockSkip}
		for _, n := range l.Tables {
			e := b.entryIn(s, n.Schema, n.Name, n.Pos())
			if e == nil {
				failAt(n.Pos(), dberr.StateUndefinedTable, "relation %q in %s clause not found in FROM clause", n.Name, words)
			}
			if e.scan == nil {
				failAt(n.Pos(), dberr.StateFeatureNotSupported, "%s cannot be applied to %q, which is not a table", words, n.Name)
			}
		}
		for _, e := range s.tables {
			if e.scan != nil && e.scan.AsOf != 0 {
				failAt(l.Pos(), dberr.StateFeatureNotSupported, "rows read AS OF SYSTEM TIME cannot be locked")
			}
			if e.scan == nil || len(l.Tables) > 0 && !names(l.Tables, e.name) {
				continue
			}
			lock.Keys = append(lock.Keys, b.rowKey(e.scan))
			b.notes(e.scan.Table, UseLockRows)
		}
		if len(lock.Keys) > 0 {
			b.q.Writes, b.q.Lasting = true, true
			out = append(out, lock)
		}
	}
	return out
}

var lockWords = map[ast.LockStrength]string{ast.LockKeyShare: "FOR KEY SHARE", ast.LockShare: "FOR SHARE",
	ast.LockNoKeyUpdate: "FOR NO KEY UPDATE", ast.LockUpdate: "FOR UPDATE"}

// noLocks refuses locks where rows of the result are not rows of tables.
func (b *binder) noLocks(sel *ast.Select, s *scope, targets []target) {
	if len(sel.Locking) == 0 {
		return
	}
	l := sel.Locking[0]
	what := ""
	for _, t := range targets {
		if hasSets(t.expr) {
			what = "set-returning functions in the target list"
		}
	}
	switch {
	case len(s.agg.calls) > 0 || len(s.agg.grouping) > 0:
		what = "aggregate functions"
	case len(s.win.specs) > 0:
		what = "window functions"
	}
	if what != "" {
		failAt(l.Pos(), dberr.StateFeatureNotSupported, "%s is not allowed with %s", lockWords[l.Strength], what)
	}
}

func names(list []ast.Name, name string) bool {
	for _, n := range list {
		if n.Name == name {
			return true
		}
	}
	return false
}

// rowKey makes a scan give the encoded primary key.
func (b *binder) rowKey(s *LScan) Col {
	for i, o := range s.Ords {
		if o == RowKeyOrd {
			return s.ColIDs[i]
		}
	}
	c := b.q.NewCol("rowkey", sqltype.TBytea)
	s.Ords, s.ColIDs = append(s.Ords, RowKeyOrd), append(s.ColIDs[:len(s.ColIDs):len(s.ColIDs)], c)
	return c
}
