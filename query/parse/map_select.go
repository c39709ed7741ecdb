package parse

import (
	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

// selectStmt maps a query in any of its forms.
func (m *mapper) selectStmt(s *pg.SelectStmt) *ast.Select {
	if s == nil {
		return nil
	}
	m.refuseIf(s.IntoClause != nil && s.IntoClause != m.topInto, s.GetIntoClause().GetRel().GetLocation(), "INTO in this place")
	return m.selectBody(s)
}

func (m *mapper) selectBody(s *pg.SelectStmt) *ast.Select {
	if !m.enter(-1) {
		m.leave()
		return &ast.Select{}
	}
	defer m.leave()
	q := &ast.Select{
		With: m.with(s.WithClause), OrderBy: m.orderBy(s.SortClause),
		Limit: m.expr(s.LimitCount), Offset: m.expr(s.LimitOffset), Locking: m.locking(s.LockingClause),
		WithTies: s.LimitOption == pg.LimitOption_LIMIT_OPTION_WITH_TIES,
	}
	switch s.Op {
	case pg.SetOperation_SETOP_UNION:
		q.Op = ast.Union
	case pg.SetOperation_SETOP_INTERSECT:
		q.Op = ast.Intersect
	case pg.SetOperation_SETOP_EXCEPT:
		q.Op = ast.Except
	}
	switch {
	case q.Op != ast.NoSetOp:
		m.onlySetOp(s)
		q.All, q.Left, q.Right = s.All, m.selectStmt(s.Larg), m.selectStmt(s.Rarg)
	case len(s.ValuesLists) > 0:
		m.onlyValues(s)
		for _, row := range s.ValuesLists {
			q.Values = append(q.Values, m.list(row, -1))
		}
	default:
		m.refuseIf(s.All || s.Larg != nil || s.Rarg != nil, -1, "an operand without a set operation")
		m.plainSelect(q, s)
	}
	return q
}

// onlySetOp refuses what cannot stand in a set operation.
func (m *mapper) onlySetOp(s *pg.SelectStmt) {
	m.refuseIf(len(s.ValuesLists) > 0, -1, "VALUES beside a set operation")
	m.noPlain(s)
}

func (m *mapper) onlyValues(s *pg.SelectStmt) {
	m.refuseIf(s.All || s.Larg != nil || s.Rarg != nil, -1, "a set operation beside VALUES")
	m.noPlain(s)
}

func (m *mapper) noPlain(s *pg.SelectStmt) {
	m.refuseIf(len(s.DistinctClause) > 0 || len(s.TargetList) > 0 || len(s.FromClause) > 0 || s.WhereClause != nil ||
		len(s.GroupClause) > 0 || s.GroupDistinct || s.HavingClause != nil || len(s.WindowClause) > 0,
		-1, "a clause of SELECT in this place")
}

func (m *mapper) plainSelect(q *ast.Select, s *pg.SelectStmt) {
	if len(s.DistinctClause) > 0 {
		q.Distinct = true
		for _, d := range s.DistinctClause {
			if d.GetNode() == nil { // plain DISTINCT is a list of one empty node
				continue
			}
			q.DistinctOn = append(q.DistinctOn, m.expr(d))
		}
	}
	q.Targets = m.targets(s.TargetList)
	q.From = m.tableExprs(s.FromClause)
	q.Where = m.expr(s.WhereClause)
	q.GroupBy = m.groupItems(s.GroupClause)
	q.GroupDistinct = s.GroupDistinct
	q.Having = m.expr(s.HavingClause)
	for _, w := range s.WindowClause {
		if d := w.GetWindowDef(); d != nil {
			q.Windows = append(q.Windows, m.window(d))
		} else {
			m.refuseNode(w, -1)
		}
	}
}

func (m *mapper) targets(ns []*pg.Node) []ast.Target {
	var out []ast.Target
	for _, n := range ns {
		t := n.GetResTarget()
		if t == nil {
			m.refuseNode(n, -1)
			continue
		}
		m.refuseIf(len(t.Indirection) > 0, t.Location, "an alias with subscripts")
		out = append(out, ast.Target{Loc: m.loc(t.Location), Expr: m.expr(t.Val), Alias: t.Name})
	}
	return out
}

func (m *mapper) with(w *pg.WithClause) *ast.With {
	if w == nil {
		return nil
	}
	out := &ast.With{Loc: m.loc(w.Location), Recursive: w.Recursive}
	for _, n := range w.Ctes {
		c := n.GetCommonTableExpr()
		if c == nil {
			m.refuseNode(n, w.Location)
			continue
		}
		cte := &ast.CTE{Loc: m.loc(c.Location), Name: c.Ctename, Columns: m.strs(c.Aliascolnames), Query: m.cteQuery(c), Search: m.search(c.SearchClause), Cycle: m.cycle(c.CycleClause)}
		switch c.Ctematerialized {
		case pg.CTEMaterialize_CTEMaterializeAlways:
			cte.Materialize = ast.MaterializeAlways
		case pg.CTEMaterialize_CTEMaterializeNever:
			cte.Materialize = ast.MaterializeNever
		}
		out.CTEs = append(out.CTEs, cte)
	}
	return out
}

func (m *mapper) search(c *pg.CTESearchClause) *ast.Search {
	if c == nil {
		return nil
	}
	return &ast.Search{Loc: m.loc(c.Location), Breadth: c.SearchBreadthFirst, Columns: m.strs(c.SearchColList), Sequence: c.SearchSeqColumn}
}

func (m *mapper) cycle(c *pg.CTECycleClause) *ast.Cycle {
	if c == nil {
		return nil
	}
	return &ast.Cycle{Loc: m.loc(c.Location), Columns: m.strs(c.CycleColList), Mark: c.CycleMarkColumn,
		Value: m.expr(c.CycleMarkValue), Default: m.expr(c.CycleMarkDefault), Path: c.CyclePathColumn}
}

func (m *mapper) cteQuery(c *pg.CommonTableExpr) ast.Stmt {
	switch v := c.Ctequery.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return m.selectStmt(v.SelectStmt)
	case *pg.Node_InsertStmt:
		return m.insert(v.InsertStmt)
	case *pg.Node_UpdateStmt:
		return m.update(v.UpdateStmt)
	case *pg.Node_DeleteStmt:
		return m.delete(v.DeleteStmt)
	case *pg.Node_MergeStmt:
		return m.merge(v.MergeStmt)
	}
	m.refuseNode(c.Ctequery, c.Location)
	return &ast.Select{}
}

func (m *mapper) orderBy(ns []*pg.Node) []ast.OrderItem {
	var out []ast.OrderItem
	for _, n := range ns {
		s := n.GetSortBy()
		if s == nil {
			m.refuseNode(n, -1)
			continue
		}
		o := ast.OrderItem{Expr: m.expr(s.Node), Nulls: nullsOrder(s.SortbyNulls)}
		if o.Expr != nil {
			o.Loc = ast.Loc(o.Expr.Pos())
		}
		switch s.SortbyDir {
		case pg.SortByDir_SORTBY_DESC:
			o.Desc = true
		case pg.SortByDir_SORTBY_USING:
			schema, op := m.opName(s.UseOp, s.Location)
			m.refuseIf(schema != "", s.Location, "a schema of the operator of USING")
			o.Using = op
		}
		m.refuseIf(s.SortbyDir != pg.SortByDir_SORTBY_USING && len(s.UseOp) > 0, s.Location, "an operator without USING")
		out = append(out, o)
	}
	return out
}

func nullsOrder(n pg.SortByNulls) ast.NullsOrder {
	switch n {
	case pg.SortByNulls_SORTBY_NULLS_FIRST:
		return ast.NullsFirst
	case pg.SortByNulls_SORTBY_NULLS_LAST:
		return ast.NullsLast
	}
	return ast.NullsDefault
}

func (m *mapper) groupItems(ns []*pg.Node) []ast.GroupItem {
	var out []ast.GroupItem
	for _, n := range ns {
		out = append(out, m.groupItem(n))
	}
	return out
}

func (m *mapper) groupItem(n *pg.Node) ast.GroupItem {
	g := n.GetGroupingSet()
	if g == nil {
		item := ast.GroupItem{Kind: ast.GroupExpr, Expr: m.expr(n)}
		if item.Expr != nil {
			item.Loc = ast.Loc(item.Expr.Pos())
		}
		return item
	}
	if !m.enter(g.Location) {
		m.leave()
		return ast.GroupItem{}
	}
	defer m.leave()
	item := ast.GroupItem{Loc: m.loc(g.Location), Items: m.groupItems(g.Content)}
	switch g.Kind {
	case pg.GroupingSetKind_GROUPING_SET_EMPTY:
		m.refuseIf(len(g.Content) > 0, g.Location, "an empty grouping set with contents")
		item.Kind = ast.GroupEmpty
	case pg.GroupingSetKind_GROUPING_SET_ROLLUP:
		item.Kind = ast.GroupRollup
	case pg.GroupingSetKind_GROUPING_SET_CUBE:
		item.Kind = ast.GroupCube
	case pg.GroupingSetKind_GROUPING_SET_SETS:
		item.Kind = ast.GroupSets
	default:
		m.refuse(g.Location, "this grouping set")
	}
	return item
}

// The bits of WindowDef.frame_options.
const (
	frameNonDefault = 0x1
	frameRange      = 0x2
	frameRows       = 0x4
	frameGroups     = 0x8
	frameBetween    = 0x10
	frameKnown      = 0x3FFFF
)

var (
	frameStarts = map[int32]ast.BoundKind{0x20: ast.UnboundedPreceding, 0x80: ast.UnboundedFollowing,
		0x200: ast.CurrentRow, 0x800: ast.OffsetPreceding, 0x2000: ast.OffsetFollowing}
	frameEnds = map[int32]ast.BoundKind{0x40: ast.UnboundedPreceding, 0x100: ast.UnboundedFollowing,
		0x400: ast.CurrentRow, 0x1000: ast.OffsetPreceding, 0x4000: ast.OffsetFollowing}
	frameExcludes = map[int32]ast.FrameExclude{0: ast.ExcludeNone, 0x8000: ast.ExcludeCurrentRow,
		0x10000: ast.ExcludeGroup, 0x20000: ast.ExcludeTies}
)

func (m *mapper) window(w *pg.WindowDef) *ast.WindowDef {
	out := &ast.WindowDef{Loc: m.loc(w.Location), Name: w.Name, Ref: w.Refname,
		Partition: m.exprs(w.PartitionClause), OrderBy: m.orderBy(w.OrderClause)}
	o := w.FrameOptions
	if o&frameNonDefault == 0 {
		m.refuseIf(w.StartOffset != nil || w.EndOffset != nil, w.Location, "a frame offset without a frame")
		return out
	}
	f := &ast.Frame{Start: ast.FrameBound{Offset: m.expr(w.StartOffset)}, End: ast.FrameBound{Offset: m.expr(w.EndOffset)}}
	switch o & (frameRange | frameRows | frameGroups) {
	case frameRange:
		f.Mode = ast.FrameRange
	case frameRows:
		f.Mode = ast.FrameRows
	case frameGroups:
		f.Mode = ast.FrameGroups
	default:
		m.refuse(w.Location, "this unit of a frame")
	}
	var ok [3]bool
	f.Start.Kind, ok[0] = frameStarts[o&0x2AA0]
	f.End.Kind, ok[1] = frameEnds[o&0x5540]
	f.Exclude, ok[2] = frameExcludes[o&0x38000]
	m.refuseIf(!ok[0] || !ok[1] || !ok[2] || o&^frameKnown != 0, w.Location, "this frame")
	out.Frame = f
	return out
}

var lockStrengths = map[pg.LockClauseStrength]ast.LockStrength{
	pg.LockClauseStrength_LCS_FORKEYSHARE: ast.LockKeyShare, pg.LockClauseStrength_LCS_FORSHARE: ast.LockShare,
	pg.LockClauseStrength_LCS_FORNOKEYUPDATE: ast.LockNoKeyUpdate, pg.LockClauseStrength_LCS_FORUPDATE: ast.LockUpdate,
}

func (m *mapper) locking(ns []*pg.Node) []ast.Locking {
	var out []ast.Locking
	for _, n := range ns {
		c := n.GetLockingClause()
		if c == nil {
			m.refuseNode(n, -1)
			continue
		}
		strength, ok := lockStrengths[c.Strength]
		m.refuseIf(!ok, -1, "this row lock")
		l := ast.Locking{Strength: strength}
		switch c.WaitPolicy {
		case pg.LockWaitPolicy_LockWaitSkip:
			l.Wait = ast.LockSkip
		case pg.LockWaitPolicy_LockWaitError:
			l.Wait = ast.LockNoWait
		}
		for _, r := range c.LockedRels {
			l.Tables = append(l.Tables, m.relName(r.GetRangeVar()))
		}
		if len(l.Tables) > 0 {
			l.Loc = l.Tables[0].Loc
		}
		out = append(out, l)
	}
	return out
}
