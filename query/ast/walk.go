package ast

// Walk calls visit for n and, where visit returns true, for the nodes within it in
// the order in which they are written. Nodes are statements, expressions and table
// expressions; what holds them (targets, order items and so on) is passed through.
func Walk(n any, visit func(n any) bool) {
	w := walker{visit}
	switch n := n.(type) {
	case Expr:
		w.expr(n)
	case TableExpr:
		w.table(n)
	case Stmt:
		w.stmt(n)
	}
}

// MaxParam returns the highest parameter number within a node, 0 for none.
func MaxParam(n any) int {
	most := 0
	Walk(n, func(n any) bool {
		if p, ok := n.(*Param); ok {
			most = max(most, p.Number)
		}
		return true
	})
	return most
}

type walker struct{ visit func(n any) bool }

func (w walker) exprs(es []Expr) {
	for _, e := range es {
		w.expr(e)
	}
}

func (w walker) expr(e Expr) {
	if e == nil || !w.visit(e) {
		return
	}
	switch e := e.(type) {
	case *Unary:
		w.expr(e.Arg)
	case *Binary:
		w.expr(e.L)
		w.expr(e.R)
	case *And:
		w.exprs(e.Args)
	case *Or:
		w.exprs(e.Args)
	case *Not:
		w.expr(e.Arg)
	case *Between:
		w.expr(e.Arg)
		w.expr(e.Lo)
		w.expr(e.Hi)
	case *In:
		w.expr(e.Arg)
		w.exprs(e.List)
	case *InSubquery:
		w.expr(e.Arg)
		w.query(e.Query)
	case *Match:
		w.expr(e.Arg)
		w.expr(e.Pattern)
		w.expr(e.Escape)
	case *IsNull:
		w.expr(e.Arg)
	case *IsBool:
		w.expr(e.Arg)
	case *IsDistinct:
		w.expr(e.L)
		w.expr(e.R)
	default:
		w.special(e)
	}
}

// special walks the expressions that are not operators.
func (w walker) special(e Expr) {
	switch e := e.(type) {
	case *Case:
		w.expr(e.Arg)
		for _, c := range e.Whens {
			w.expr(c.Cond)
			w.expr(c.Result)
		}
		w.expr(e.Else)
	case *Coalesce:
		w.exprs(e.Args)
	case *NullIf:
		w.expr(e.L)
		w.expr(e.R)
	case *MinMax:
		w.exprs(e.Args)
	case *Cast:
		w.expr(e.Arg)
		w.typeName(e.Type)
	case *Collate:
		w.expr(e.Arg)
	case *FuncCall:
		w.exprs(e.Args)
		w.order(e.OrderBy)
		w.expr(e.Filter)
		w.window(e.Over)
	case *NamedArg:
		w.expr(e.Arg)
	case *Array:
		w.exprs(e.Elems)
	case *Row:
		w.exprs(e.Args)
	case *Index:
		w.expr(e.Arg)
		w.subs(e.Subs)
	case *Field:
		w.expr(e.Arg)
	case *Subquery:
		w.query(e.Query)
	case *Quantified:
		w.expr(e.Arg)
		w.query(e.Query)
		w.expr(e.Array)
	case *Grouping:
		w.exprs(e.Args)
	}
}

func (w walker) subs(subs []Subscript) {
	for _, s := range subs {
		w.expr(s.Lo)
		w.expr(s.Hi)
	}
}

func (w walker) typeName(t *TypeName) {
	if t != nil {
		w.exprs(t.Mods)
	}
}

func (w walker) order(items []OrderItem) {
	for _, o := range items {
		w.expr(o.Expr)
	}
}

func (w walker) window(d *WindowDef) {
	if d == nil {
		return
	}
	w.exprs(d.Partition)
	w.order(d.OrderBy)
	if d.Frame != nil {
		w.expr(d.Frame.Start.Offset)
		w.expr(d.Frame.End.Offset)
	}
}

func (w walker) table(t TableExpr) {
	if t == nil || !w.visit(t) {
		return
	}
	switch t := t.(type) {
	case *TableRef:
		w.expr(t.AsOf)
		if t.Sample != nil {
			w.exprs(t.Sample.Args)
			w.expr(t.Sample.Seed)
		}
	case *SubqueryRef:
		w.query(t.Query)
	case *FuncRef:
		for _, f := range t.Funcs {
			w.expr(f.Call)
			w.colDefs(f.ColDefs)
		}
		w.colDefs(t.ColDefs)
	case *Join:
		w.table(t.Left)
		w.table(t.Right)
		w.expr(t.On)
	}
}

func (w walker) colDefs(ds []ColDef) {
	for _, d := range ds {
		w.typeName(d.Type)
	}
}

func (w walker) tables(ts []TableExpr) {
	for _, t := range ts {
		w.table(t)
	}
}

// tableRef walks the table of a statement, which may be absent.
func (w walker) tableRef(t *TableRef) {
	if t != nil {
		w.table(t)
	}
}

func (w walker) targets(ts []Target) {
	for _, t := range ts {
		w.expr(t.Expr)
	}
}

func (w walker) groups(gs []GroupItem) {
	for _, g := range gs {
		w.expr(g.Expr)
		w.groups(g.Items)
	}
}

func (w walker) with(c *With) {
	if c == nil {
		return
	}
	for _, cte := range c.CTEs {
		w.stmt(cte.Query)
		if cte.Cycle != nil {
			w.expr(cte.Cycle.Value)
			w.expr(cte.Cycle.Default)
		}
	}
}

func (w walker) query(q *Select) {
	if q != nil {
		w.stmt(q)
	}
}

func (w walker) sets(ss []SetClause) {
	for _, s := range ss {
		w.setTargets(s.Targets)
		w.expr(s.Value)
	}
}

func (w walker) setTargets(ts []SetTarget) {
	for _, t := range ts {
		for _, step := range t.Path {
			w.subs(step.Subs)
		}
	}
}
