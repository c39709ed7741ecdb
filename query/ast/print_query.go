package ast

// QueryString prints a query or a statement that changes data: a Select, Insert, Update,
// Delete or Merge. What it prints parses to an equal tree, positions aside. Of other
// statements it prints nothing.
func QueryString(s Stmt) string {
	var p printer
	p.stmt(s)
	return p.String()
}

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Select:
		p.query(s)
	case *Insert:
		p.insert(s)
	case *Update:
		p.update(s)
	case *Delete:
		p.deleteStmt(s)
	case *Merge:
		p.merge(s)
	}
}

func (p *printer) query(q *Select) {
	p.with(q.With)
	switch {
	case q.Op != NoSetOp:
		p.setOperand(q.Left, q)
		p.s([...]string{"", " UNION ", " INTERSECT ", " EXCEPT "}[q.Op])
		if q.All {
			p.s("ALL ")
		}
		p.setOperand(q.Right, nil)
	case q.Values != nil:
		p.s("VALUES ")
		p.list(len(q.Values), func(i int) {
			p.s("(")
			p.exprs(q.Values[i])
			p.s(")")
		})
	default:
		p.plain(q)
	}
	p.orderBy(q.OrderBy)
	if q.Offset != nil {
		p.s(" OFFSET ")
		p.operand(q.Offset)
	}
	switch {
	case q.WithTies:
		p.s(" FETCH FIRST ")
		p.operand(q.Limit)
		p.s(" ROWS WITH TIES")
	case q.Limit != nil:
		p.s(" LIMIT ")
		p.operand(q.Limit)
	}
	for _, l := range q.Locking {
		p.locking(l)
	}
}

// setOperand prints an operand of a set operation. The left one goes without parentheses
// where it is a set operation that would be grouped so anyway, so that long chains do not nest.
func (p *printer) setOperand(q, parent *Select) {
	bare := q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil && q.Locking == nil
	if bare && (q.Op == NoSetOp || parent != nil && (parent.Op == Intersect) == (q.Op == Intersect)) {
		p.query(q)
		return
	}
	p.s("(")
	p.query(q)
	p.s(")")
}

func (p *printer) plain(q *Select) {
	p.s("SELECT")
	if q.Distinct {
		p.s(" DISTINCT")
		if q.DistinctOn != nil {
			p.s(" ON (")
			p.exprs(q.DistinctOn)
			p.s(")")
		}
	}
	p.targets(" ", q.Targets)
	p.from(" FROM ", q.From)
	p.clause(" WHERE ", q.Where)
	if len(q.GroupBy) > 0 {
		p.s(" GROUP BY ")
		if q.GroupDistinct {
			p.s("DISTINCT ")
		}
		p.groupItems(q.GroupBy)
	}
	p.clause(" HAVING ", q.Having)
	for i, w := range q.Windows {
		if i == 0 {
			p.s(" WINDOW ")
		} else {
			p.s(", ")
		}
		p.s(QuoteIdent(w.Name), " AS ")
		p.window(w)
	}
}

func (p *printer) clause(word string, e Expr) {
	if e != nil {
		p.s(word)
		p.expr(e)
	}
}

func (p *printer) targets(word string, ts []Target) {
	if len(ts) == 0 {
		return
	}
	p.s(word)
	p.list(len(ts), func(i int) {
		p.expr(ts[i].Expr)
		if ts[i].Alias != "" {
			p.s(" AS ", QuoteIdent(ts[i].Alias))
		}
	})
}

func (p *printer) with(w *With) {
	if w == nil {
		return
	}
	p.s("WITH ")
	if w.Recursive {
		p.s("RECURSIVE ")
	}
	p.list(len(w.CTEs), func(i int) {
		c := w.CTEs[i]
		p.s(QuoteIdent(c.Name))
		if len(c.Columns) > 0 {
			p.s("(")
			p.idents(c.Columns)
			p.s(")")
		}
		p.s([...]string{" AS (", " AS MATERIALIZED (", " AS NOT MATERIALIZED ("}[c.Materialize])
		p.stmt(c.Query)
		p.s(")")
		p.tracing(c)
	})
	p.s(" ")
}

func (p *printer) tracing(c *CTE) {
	if q := c.Search; q != nil {
		p.s(" SEARCH ")
		p.s(map[bool]string{false: "DEPTH", true: "BREADTH"}[q.Breadth])
		p.s(" FIRST BY ")
		p.idents(q.Columns)
		p.s(" SET " + QuoteIdent(q.Sequence))
	}
	if q := c.Cycle; q != nil {
		p.s(" CYCLE ")
		p.idents(q.Columns)
		p.s(" SET " + QuoteIdent(q.Mark) + " TO ")
		p.expr(q.Value)
		p.s(" DEFAULT ")
		p.expr(q.Default)
		p.s(" USING " + QuoteIdent(q.Path))
	}
}

func (p *printer) orderBy(items []OrderItem) {
	if len(items) == 0 {
		return
	}
	p.s(" ORDER BY ")
	p.list(len(items), func(i int) {
		o := items[i]
		p.expr(o.Expr)
		switch {
		case o.Using != "":
			p.s(" USING ", o.Using)
		case o.Desc:
			p.s(" DESC")
		}
		p.s([...]string{"", " NULLS FIRST", " NULLS LAST"}[o.Nulls])
	})
}

func (p *printer) groupItems(items []GroupItem) {
	p.list(len(items), func(i int) {
		g := items[i]
		switch g.Kind {
		case GroupExpr:
			p.expr(g.Expr)
			return
		case GroupRollup:
			p.s("ROLLUP ")
		case GroupCube:
			p.s("CUBE ")
		case GroupSets:
			p.s("GROUPING SETS ")
		}
		p.s("(")
		p.groupItems(g.Items)
		p.s(")")
	})
}

func (p *printer) window(w *WindowDef) {
	p.s("(")
	p.s(quoteIf(w.Ref))
	if len(w.Partition) > 0 {
		p.s(" PARTITION BY ")
		p.exprs(w.Partition)
	}
	p.orderBy(w.OrderBy)
	if f := w.Frame; f != nil {
		p.s([...]string{" RANGE", " ROWS", " GROUPS"}[f.Mode], " BETWEEN ")
		p.bound(f.Start)
		p.s(" AND ")
		p.bound(f.End)
		p.s([...]string{"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"}[f.Exclude])
	}
	p.s(")")
}

func quoteIf(name string) string {
	if name == "" {
		return ""
	}
	return QuoteIdent(name)
}

func (p *printer) bound(b FrameBound) {
	if b.Offset != nil {
		p.operand(b.Offset)
	}
	p.s([...]string{"UNBOUNDED PRECEDING", " PRECEDING", "CURRENT ROW", " FOLLOWING", "UNBOUNDED FOLLOWING"}[b.Kind])
}

func (p *printer) locking(l Locking) {
	p.s([...]string{" FOR KEY SHARE", " FOR SHARE", " FOR NO KEY UPDATE", " FOR UPDATE"}[l.Strength])
	if len(l.Tables) > 0 {
		p.s(" OF ")
		p.list(len(l.Tables), func(i int) { p.name(l.Tables[i]) })
	}
	p.s([...]string{"", " NOWAIT", " SKIP LOCKED"}[l.Wait])
}

func (p *printer) from(word string, ts []TableExpr) {
	if len(ts) == 0 {
		return
	}
	p.s(word)
	p.list(len(ts), func(i int) { p.table(ts[i]) })
}

func (p *printer) table(t TableExpr) {
	switch t := t.(type) {
	case *TableRef:
		p.tableRef(t)
	case *SubqueryRef:
		p.s(lateral(t.Lateral), "(")
		p.query(t.Query)
		p.s(")")
		p.alias(t.Alias)
	case *FuncRef:
		p.funcRef(t)
	case *Join:
		p.join(t)
	}
}

func lateral(l bool) string {
	if l {
		return "LATERAL "
	}
	return ""
}

func (p *printer) alias(a *Alias) {
	if a == nil {
		return
	}
	p.s(" AS ", QuoteIdent(a.Name))
	if len(a.Columns) > 0 {
		p.s("(")
		p.idents(a.Columns)
		p.s(")")
	}
}

func (p *printer) tableRef(t *TableRef) {
	if t.Only {
		p.s("ONLY ")
	}
	p.name(t.Name)
	if t.AsOf != nil {
		p.s(" AS OF SYSTEM TIME (")
		p.expr(t.AsOf)
		p.s(")")
	}
	p.alias(t.Alias)
	if s := t.Sample; s != nil {
		p.s(" TABLESAMPLE ", QuoteIdent(s.Method), "(")
		p.exprs(s.Args)
		p.s(")")
		if s.Seed != nil {
			p.s(" REPEATABLE (")
			p.expr(s.Seed)
			p.s(")")
		}
	}
}

func (p *printer) funcRef(t *FuncRef) {
	p.s(lateral(t.Lateral))
	if t.RowsFrom {
		p.s("ROWS FROM (")
	}
	p.list(len(t.Funcs), func(i int) {
		f := t.Funcs[i]
		if c, ok := f.Call.(*Cast); ok { // only the long form of a cast may stand here
			p.s("CAST(")
			p.expr(c.Arg)
			p.s(" AS ")
			p.typeName(c.Type)
			p.s(")")
		} else {
			p.expr(f.Call)
		}
		if len(f.ColDefs) > 0 {
			p.s(" AS ")
			p.colDefs(f.ColDefs)
		}
	})
	if t.RowsFrom {
		p.s(")")
	}
	if t.Ordinality {
		p.s(" WITH ORDINALITY")
	}
	switch {
	case len(t.ColDefs) > 0:
		p.s(" AS ")
		if t.Alias != nil {
			p.s(quoteIf(t.Alias.Name))
		}
		p.colDefs(t.ColDefs)
	default:
		p.alias(t.Alias)
	}
}

func (p *printer) colDefs(ds []ColDef) {
	p.s("(")
	p.list(len(ds), func(i int) {
		p.s(QuoteIdent(ds[i].Name), " ")
		p.typeName(ds[i].Type)
		if ds[i].Collate != nil {
			p.s(" COLLATE ")
			p.dotted(ds[i].Collate)
		}
	})
	p.s(")")
}

func (p *printer) join(j *Join) {
	if j.Alias != nil {
		p.s("(")
	}
	p.table(j.Left)
	if j.Natural {
		p.s(" NATURAL")
	}
	p.s([...]string{" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ", " CROSS JOIN "}[j.Kind])
	if r, ok := j.Right.(*Join); ok && r.Alias == nil {
		p.s("(")
		p.table(r)
		p.s(")")
	} else {
		p.table(j.Right)
	}
	switch {
	case len(j.Using) > 0:
		p.s(" USING (")
		p.idents(j.Using)
		p.s(")")
		if j.UsingAlias != "" {
			p.s(" AS ", QuoteIdent(j.UsingAlias))
		}
	case j.On != nil:
		p.s(" ON ")
		p.expr(j.On)
	}
	if j.Alias != nil {
		p.s(")")
		p.alias(j.Alias)
	}
}
