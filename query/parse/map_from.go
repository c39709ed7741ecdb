package parse

import (
	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

func (m *mapper) tableExprs(ns []*pg.Node) []ast.TableExpr {
	var out []ast.TableExpr
	for _, n := range ns {
		out = append(out, m.tableExpr(n))
	}
	return out
}

func (m *mapper) tableExpr(n *pg.Node) ast.TableExpr {
	if !m.enter(-1) {
		m.leave()
		return &ast.TableRef{}
	}
	defer m.leave()
	switch v := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return m.tableRef(v.RangeVar)
	case *pg.Node_RangeSubselect:
		s := v.RangeSubselect
		q := m.subquery(s.Subquery, -1)
		return &ast.SubqueryRef{Lateral: s.Lateral, Query: q, Alias: m.alias(s.Alias)}
	case *pg.Node_RangeFunction:
		return m.funcRef(v.RangeFunction)
	case *pg.Node_RangeTableSample:
		return m.sample(v.RangeTableSample)
	case *pg.Node_JoinExpr:
		return m.join(v.JoinExpr)
	case *pg.Node_JsonTable:
		return m.jsonTable(v.JsonTable)
	}
	m.refuseNode(n, nodeLocation(n))
	return &ast.TableRef{}
}

// tableRef maps a table by name, and claims the AS OF clause that stood after it.
func (m *mapper) tableRef(rv *pg.RangeVar) *ast.TableRef {
	m.refuseIf(rv.Relpersistence != "p", rv.Location, "a temporary or unlogged relation here")
	t := &ast.TableRef{Loc: m.loc(rv.Location), Name: m.bareName(rv), Alias: m.alias(rv.Alias), Only: !rv.Inh}
	if c := m.asOf[int(t.Loc)-1]; c != nil {
		t.AsOf, c.claimed = c.expr, true
	}
	return t
}

func (m *mapper) sample(s *pg.RangeTableSample) ast.TableExpr {
	rv := s.Relation.GetRangeVar()
	if rv == nil {
		m.refuse(s.Location, "TABLESAMPLE on other than a table")
		return &ast.TableRef{}
	}
	t := m.tableRef(rv)
	method := m.nameOf(m.strs(s.Method), s.Location)
	m.refuseIf(method.Schema != "", s.Location, "a schema of the sampling method")
	t.Sample = &ast.Sample{Loc: m.loc(s.Location), Method: method.Name, Args: m.exprs(s.Args), Seed: m.expr(s.Repeatable)}
	return t
}

func (m *mapper) join(j *pg.JoinExpr) ast.TableExpr {
	out := &ast.Join{Natural: j.IsNatural, Left: m.tableExpr(j.Larg), Right: m.tableExpr(j.Rarg),
		Using: m.strs(j.UsingClause), On: m.expr(j.Quals), Alias: m.alias(j.Alias)}
	if a := j.JoinUsingAlias; a != nil {
		m.refuseIf(len(a.Colnames) > 0, -1, "columns of the alias of USING")
		out.UsingAlias = a.Aliasname
	}
	m.refuseIf(j.Rtindex != 0, -1, "a numbered join")
	out.Loc = ast.Loc(out.Left.Pos())
	switch j.Jointype {
	case pg.JoinType_JOIN_INNER:
		if !out.Natural && len(out.Using) == 0 && out.On == nil {
			out.Kind = ast.CrossJoin
		}
	case pg.JoinType_JOIN_LEFT:
		out.Kind = ast.LeftJoin
	case pg.JoinType_JOIN_RIGHT:
		out.Kind = ast.RightJoin
	case pg.JoinType_JOIN_FULL:
		out.Kind = ast.FullJoin
	default:
		m.refuse(-1, "this kind of join")
	}
	return out
}

func (m *mapper) funcRef(f *pg.RangeFunction) ast.TableExpr {
	out := &ast.FuncRef{Lateral: f.Lateral, RowsFrom: f.IsRowsfrom, Ordinality: f.Ordinality,
		Alias: m.alias(f.Alias), ColDefs: m.colDefs(f.Coldeflist)}
	for _, n := range f.Functions {
		items := n.GetList().GetItems()
		if len(items) == 0 || len(items) > 2 {
			m.refuseNode(n, -1)
			continue
		}
		item := ast.FuncItem{Call: m.expr(items[0])}
		if len(items) == 2 && items[1].GetNode() != nil {
			item.ColDefs = m.colDefs(items[1].GetList().GetItems())
		}
		out.Funcs = append(out.Funcs, item)
	}
	if len(out.Funcs) > 0 && out.Funcs[0].Call != nil {
		out.Loc = ast.Loc(out.Funcs[0].Call.Pos())
	}
	return out
}

func (m *mapper) colDefs(ns []*pg.Node) []ast.ColDef {
	var out []ast.ColDef
	for _, n := range ns {
		d := n.GetColumnDef()
		if d == nil {
			m.refuseNode(n, -1)
			continue
		}
		full := m.columnDef(d)
		m.refuseIf(len(full.Constraints) > 0, d.Location, "a constraint in a column definition list")
		out = append(out, ast.ColDef{Loc: full.Loc, Name: full.Name, Type: full.Type, Collate: full.Collate})
	}
	return out
}

// nodeLocation finds where a node that we refuse stands; -1 where it does not say.
func nodeLocation(n *pg.Node) int32 {
	if n == nil {
		return -1
	}
	if l, ok := innerMessage(n).(interface{ GetLocation() int32 }); ok {
		return l.GetLocation()
	}
	return -1
}
