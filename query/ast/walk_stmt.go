package ast

func (w walker) stmt(s Stmt) {
	if s == nil || !w.visit(s) {
		return
	}
	switch s := s.(type) {
	case *Select:
		w.selectStmt(s)
	case *Insert:
		w.insert(s)
	case *Update:
		w.with(s.With)
		w.tableRef(s.Table)
		w.sets(s.Sets)
		w.tables(s.From)
		w.expr(s.Where)
		w.order(s.OrderBy)
		w.expr(s.Limit)
		w.targets(s.Returning)
	case *Delete:
		w.with(s.With)
		w.tableRef(s.Table)
		w.tables(s.Using)
		w.expr(s.Where)
		w.order(s.OrderBy)
		w.expr(s.Limit)
		w.targets(s.Returning)
	case *Merge:
		w.merge(s)
	case *Explain:
		w.stmt(s.Query)
	case *Prepare:
		for _, t := range s.Types {
			w.typeName(t)
		}
		w.stmt(s.Query)
	case *Execute:
		w.exprs(s.Args)
	case *Begin:
		w.expr(s.AsOf)
	case *SetTransaction:
		w.expr(s.AsOf)
	case *Set:
		w.exprs(s.Values)
	default:
		w.definition(s)
	}
}

func (w walker) selectStmt(s *Select) {
	w.with(s.With)
	w.query(s.Left)
	w.query(s.Right)
	for _, row := range s.Values {
		w.exprs(row)
	}
	w.exprs(s.DistinctOn)
	w.targets(s.Targets)
	w.tables(s.From)
	w.expr(s.Where)
	w.groups(s.GroupBy)
	w.expr(s.Having)
	for _, d := range s.Windows {
		w.window(d)
	}
	w.order(s.OrderBy)
	w.expr(s.Limit)
	w.expr(s.Offset)
}

func (w walker) insert(s *Insert) {
	w.with(s.With)
	w.tableRef(s.Table)
	w.setTargets(s.Columns)
	w.query(s.Query)
	if c := s.Conflict; c != nil {
		w.indexElems(c.Columns)
		w.expr(c.Where)
		w.sets(c.Sets)
		w.expr(c.UpdateIf)
	}
	w.targets(s.Returning)
}

func (w walker) merge(s *Merge) {
	w.with(s.With)
	w.tableRef(s.Table)
	w.table(s.Using)
	w.expr(s.On)
	for _, c := range s.Whens {
		w.expr(c.Cond)
		w.sets(c.Sets)
		w.setTargets(c.Columns)
		w.exprs(c.Values)
	}
	w.targets(s.Returning)
}

func (w walker) definition(s Stmt) {
	switch s := s.(type) {
	case *CreateTable:
		for i := range s.Columns {
			w.columnDef(&s.Columns[i])
		}
		w.constraints(s.Constraints)
		w.options(s.Options)
	case *AlterTable:
		for i := range s.Cmds {
			w.alterCmd(&s.Cmds[i])
		}
	case *CreateIndex:
		w.indexElems(s.Columns)
		w.expr(s.Where)
		w.options(s.Options)
	case *CreateView:
		w.query(s.Query)
		w.options(s.Options)
	case *CreateTableAs:
		w.options(s.Options)
		w.stmt(s.Query)
	case *CreateDatabase:
		w.options(s.Options)
	case *CreateFunction:
		for i := range s.Params {
			w.typeName(s.Params[i].Type)
			w.expr(s.Params[i].Default)
		}
		w.typeName(s.Returns)
	case *CreateType:
		w.colDefs(s.Fields)
	case *CreateDomain:
		w.typeName(s.Type)
		w.constraints(s.Constraints)
	case *AlterDomain:
		w.expr(s.Expr)
		if s.Constraint != nil {
			w.constraints([]Constraint{*s.Constraint})
		}
	case *DeclareCursor:
		w.query(s.Query)
	case *Vacuum:
		w.options(s.Options)
	case *Truncate:
		for _, t := range s.Tables {
			w.tableRef(t)
		}
	}
}

func (w walker) options(os []Option) {
	for _, o := range os {
		w.expr(o.Value)
	}
}

func (w walker) columnDef(d *ColumnDef) {
	if d != nil {
		w.typeName(d.Type)
		w.constraints(d.Constraints)
	}
}

func (w walker) constraints(cs []Constraint) {
	for i := range cs {
		w.expr(cs[i].Expr)
		w.options(cs[i].Options)
	}
}

func (w walker) alterCmd(c *AlterCmd) {
	w.columnDef(c.Def)
	w.typeName(c.Type)
	w.expr(c.Expr)
	if c.Constraint != nil {
		w.constraints([]Constraint{*c.Constraint})
	}
	w.options(c.Options)
}

func (w walker) indexElems(es []IndexElem) {
	for _, e := range es {
		w.expr(e.Expr)
	}
}
