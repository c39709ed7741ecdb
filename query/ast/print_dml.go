package ast

func (p *printer) setTarget(t SetTarget) {
	p.s(QuoteIdent(t.Name))
	for _, step := range t.Path {
		if step.Subs == nil {
			p.s(".", QuoteIdent(step.Field))
		}
		p.subscripts(step.Subs)
	}
}

func (p *printer) setTargets(ts []SetTarget) {
	p.s("(")
	p.list(len(ts), func(i int) { p.setTarget(ts[i]) })
	p.s(")")
}

func (p *printer) sets(ss []SetClause) {
	p.s(" SET ")
	p.list(len(ss), func(i int) {
		if ss[i].Multi {
			p.setTargets(ss[i].Targets)
		} else {
			p.setTarget(ss[i].Targets[0])
		}
		p.s(" = ")
		p.expr(ss[i].Value)
	})
}

func (p *printer) overriding(o Overriding) {
	p.s([...]string{"", " OVERRIDING USER VALUE", " OVERRIDING SYSTEM VALUE"}[o])
}

func (p *printer) insert(s *Insert) {
	p.with(s.With)
	p.s("INSERT INTO ")
	p.tableRef(s.Table)
	if len(s.Columns) > 0 {
		p.s(" ")
		p.setTargets(s.Columns)
	}
	p.overriding(s.Overriding)
	if s.Query == nil {
		p.s(" DEFAULT VALUES")
	} else {
		p.s(" ")
		p.query(s.Query)
	}
	if s.Conflict != nil {
		p.conflict(s.Conflict)
	}
	p.targets(" RETURNING ", s.Returning)
}

func (p *printer) conflict(c *OnConflict) {
	p.s(" ON CONFLICT")
	switch {
	case c.Constraint != "":
		p.s(" ON CONSTRAINT ", QuoteIdent(c.Constraint))
	case len(c.Columns) > 0:
		p.s(" (")
		p.list(len(c.Columns), func(i int) { p.indexElem(c.Columns[i]) })
		p.s(")")
		p.clause(" WHERE ", c.Where)
	}
	if c.Nothing {
		p.s(" DO NOTHING")
		return
	}
	if c.Replace { // no words of PostgreSQL's
		p.s(" DO REPLACE")
		return
	}
	p.s(" DO UPDATE")
	p.sets(c.Sets)
	p.clause(" WHERE ", c.UpdateIf)
}

func (p *printer) indexElem(e IndexElem) {
	if e.Expr != nil {
		p.s("(")
		p.expr(e.Expr)
		p.s(")")
	} else {
		p.s(QuoteIdent(e.Column))
	}
	if e.Collate != nil {
		p.s(" COLLATE ")
		p.dotted(e.Collate)
	}
	if e.OpClass != nil {
		p.s(" ")
		p.dotted(e.OpClass)
	}
	if e.Desc {
		p.s(" DESC")
	}
	p.s([...]string{"", " NULLS FIRST", " NULLS LAST"}[e.Nulls])
}

func (p *printer) update(s *Update) {
	p.with(s.With)
	p.s("UPDATE ")
	p.tableRef(s.Table)
	p.sets(s.Sets)
	p.from(" FROM ", s.From)
	p.clause(" WHERE ", s.Where)
	p.orderBy(s.OrderBy)
	p.clause(" LIMIT ", s.Limit)
	p.targets(" RETURNING ", s.Returning)
}

func (p *printer) deleteStmt(s *Delete) {
	p.with(s.With)
	p.s("DELETE FROM ")
	p.tableRef(s.Table)
	p.from(" USING ", s.Using)
	p.clause(" WHERE ", s.Where)
	p.orderBy(s.OrderBy)
	p.clause(" LIMIT ", s.Limit)
	p.targets(" RETURNING ", s.Returning)
}

func (p *printer) merge(s *Merge) {
	p.with(s.With)
	p.s("MERGE INTO ")
	p.tableRef(s.Table)
	p.s(" USING ")
	p.table(s.Using)
	p.clause(" ON ", s.On)
	for _, w := range s.Whens {
		p.s([...]string{" WHEN MATCHED", " WHEN NOT MATCHED BY SOURCE", " WHEN NOT MATCHED"}[w.Match])
		p.clause(" AND ", w.Cond)
		p.s(" THEN ")
		switch w.Action {
		case MergeNothing:
			p.s("DO NOTHING")
		case MergeDelete:
			p.s("DELETE")
		case MergeUpdate:
			p.s("UPDATE")
			p.sets(w.Sets)
		case MergeInsert:
			p.mergeInsert(w)
		}
	}
	p.targets(" RETURNING ", s.Returning)
}

func (p *printer) mergeInsert(w MergeWhen) {
	p.s("INSERT")
	if len(w.Columns) > 0 {
		p.s(" ")
		p.setTargets(w.Columns)
	}
	p.overriding(w.Overriding)
	if w.Values == nil {
		p.s(" DEFAULT VALUES")
		return
	}
	p.s(" VALUES (")
	p.exprs(w.Values)
	p.s(")")
}
