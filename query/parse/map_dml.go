package parse

import (
	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

func (m *mapper) overriding(o pg.OverridingKind) ast.Overriding {
	switch o {
	case pg.OverridingKind_OVERRIDING_USER_VALUE:
		return ast.OverridingUser
	case pg.OverridingKind_OVERRIDING_SYSTEM_VALUE:
		return ast.OverridingSystem
	}
	return ast.OverridingNone
}

func (m *mapper) returning(r *pg.ReturningClause) []ast.Target {
	if r == nil {
		return nil
	}
	m.refuseIf(len(r.Options) > 0, -1, "RETURNING WITH")
	return m.targets(r.Exprs)
}

// setTargets maps the columns of INSERT: names with subscripts, without values.
func (m *mapper) setTargets(ns []*pg.Node) []ast.SetTarget {
	var out []ast.SetTarget
	for _, n := range ns {
		t := n.GetResTarget()
		if t == nil {
			m.refuseNode(n, -1)
			continue
		}
		m.refuseIf(t.Val != nil, t.Location, "a value in a column list")
		out = append(out, m.setTarget(t))
	}
	return out
}

func (m *mapper) setTarget(t *pg.ResTarget) ast.SetTarget {
	out := ast.SetTarget{Loc: m.loc(t.Location), Name: t.Name}
	for i, n := range t.Indirection {
		switch v := n.Node.(type) {
		case *pg.Node_String_:
			out.Path = append(out.Path, ast.SetStep{Field: v.String_.Sval})
		case *pg.Node_AIndices:
			if k := len(out.Path) - 1; i > 0 && out.Path[k].Subs != nil {
				out.Path[k].Subs = append(out.Path[k].Subs, m.subscript(v.AIndices))
				continue
			}
			out.Path = append(out.Path, ast.SetStep{Subs: []ast.Subscript{m.subscript(v.AIndices)}})
		default:
			m.refuseNode(n, t.Location)
		}
	}
	return out
}

// setClauses maps SET. The grammar spreads (a, b) = value over one target per
// column, all with the same source; they are put together again.
func (m *mapper) setClauses(ns []*pg.Node) []ast.SetClause {
	var out []ast.SetClause
	for i := 0; i < len(ns); i++ {
		t := ns[i].GetResTarget()
		if t == nil {
			m.refuseNode(ns[i], -1)
			continue
		}
		multi := t.Val.GetMultiAssignRef()
		if multi == nil {
			out = append(out, ast.SetClause{Loc: m.loc(t.Location), Targets: []ast.SetTarget{m.setTarget(t)}, Value: m.expr(t.Val)})
			continue
		}
		c := ast.SetClause{Loc: m.loc(t.Location), Multi: true, Value: m.expr(multi.Source)}
		for k := int32(1); k <= multi.Ncolumns; k++ {
			if i >= len(ns) {
				m.refuse(t.Location, "this assignment")
				break
			}
			ti := ns[i].GetResTarget()
			ref := ti.GetVal().GetMultiAssignRef()
			if ref == nil || ref.Colno != k || ref.Ncolumns != multi.Ncolumns || ref.Source != multi.Source {
				m.refuse(t.Location, "this assignment")
				break
			}
			c.Targets = append(c.Targets, m.setTarget(ti))
			i++
		}
		out = append(out, c)
		if len(c.Targets) == 0 {
			m.refuse(t.Location, "this assignment")
			break
		}
		i--
	}
	return out
}

func (m *mapper) insert(s *pg.InsertStmt) *ast.Insert {
	out := &ast.Insert{With: m.with(s.WithClause), Table: m.tableRef(s.Relation), Columns: m.setTargets(s.Cols),
		Overriding: m.overriding(s.Override), Returning: m.returning(s.ReturningClause)}
	if s.SelectStmt != nil {
		out.Query = m.subquery(s.SelectStmt, -1)
	}
	c := s.OnConflictClause
	if c == nil {
		return out
	}
	oc := &ast.OnConflict{Loc: m.loc(c.Location), Sets: m.setClauses(c.TargetList), UpdateIf: m.expr(c.WhereClause)}
	switch c.Action {
	case pg.OnConflictAction_ONCONFLICT_NOTHING:
		oc.Nothing = true
	case pg.OnConflictAction_ONCONFLICT_UPDATE:
	default:
		m.refuse(c.Location, "this ON CONFLICT action")
	}
	if in := c.Infer; in != nil {
		oc.Constraint, oc.Where, oc.Columns = in.Conname, m.expr(in.WhereClause), m.indexElems(in.IndexElems)
	}
	out.Conflict = oc
	return out
}

func (m *mapper) update(s *pg.UpdateStmt) *ast.Update {
	return &ast.Update{With: m.with(s.WithClause), Table: m.tableRef(s.Relation), Sets: m.setClauses(s.TargetList),
		From: m.tableExprs(s.FromClause), Where: m.expr(s.WhereClause), Returning: m.returning(s.ReturningClause)}
}

func (m *mapper) delete(s *pg.DeleteStmt) *ast.Delete {
	return &ast.Delete{With: m.with(s.WithClause), Table: m.tableRef(s.Relation), Using: m.tableExprs(s.UsingClause),
		Where: m.expr(s.WhereClause), Returning: m.returning(s.ReturningClause)}
}

func (m *mapper) merge(s *pg.MergeStmt) *ast.Merge {
	out := &ast.Merge{With: m.with(s.WithClause), Table: m.tableRef(s.Relation), Using: m.tableExpr(s.SourceRelation),
		On: m.expr(s.JoinCondition), Returning: m.returning(s.ReturningClause)}
	for _, n := range s.MergeWhenClauses {
		w := n.GetMergeWhenClause()
		if w == nil {
			m.refuseNode(n, -1)
			continue
		}
		out.Whens = append(out.Whens, m.mergeWhen(w))
	}
	return out
}

func (m *mapper) mergeWhen(w *pg.MergeWhenClause) ast.MergeWhen {
	out := ast.MergeWhen{Cond: m.expr(w.Condition), Overriding: m.overriding(w.Override)}
	switch w.MatchKind {
	case pg.MergeMatchKind_MERGE_WHEN_MATCHED:
		out.Match = ast.Matched
	case pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE:
		out.Match = ast.NotMatchedBySource
	case pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_TARGET:
		out.Match = ast.NotMatched
	default:
		m.refuse(-1, "this WHEN clause of MERGE")
	}
	insert, update := false, false
	switch w.CommandType {
	case pg.CmdType_CMD_NOTHING:
		out.Action = ast.MergeNothing
	case pg.CmdType_CMD_DELETE:
		out.Action = ast.MergeDelete
	case pg.CmdType_CMD_UPDATE:
		out.Action, out.Sets, update = ast.MergeUpdate, m.setClauses(w.TargetList), true
	case pg.CmdType_CMD_INSERT:
		out.Action, out.Columns, out.Values, insert = ast.MergeInsert, m.setTargets(w.TargetList), m.exprs(w.Values), true
	default:
		m.refuse(-1, "this action of MERGE")
	}
	m.refuseIf(!insert && len(w.Values) > 0, -1, "VALUES in this WHEN clause")
	m.refuseIf(!insert && !update && len(w.TargetList) > 0, -1, "columns in this WHEN clause")
	return out
}
