package parse

import (
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/weftdb/weft/query/ast"
)

// query maps a query in any form. The outermost one keeps the case of its names.
func (m *mysqlMapper) query(n sqlparser.SelectStatement, outer bool) *ast.Select {
	defer m.enter()()
	switch n := n.(type) {
	case *sqlparser.Select:
		return m.selectCore(n, outer)
	case *sqlparser.ParenSelect:
		return m.query(n.Select, outer)
	case *sqlparser.Union:
		m.refuseIf(n.Lock != "", "a lock on a UNION")
		for _, side := range []sqlparser.SelectStatement{n.Left, n.Right} {
			if s, ok := side.(*sqlparser.Select); ok {
				m.refuseIf(len(s.OrderBy) > 0 || s.Limit != nil || s.Lock != "", "ORDER BY or LIMIT before UNION without parentheses")
			}
		}
		q := &ast.Select{Op: ast.Union, All: n.Type == sqlparser.UnionAllStr, Left: m.query(n.Left, false), Right: m.query(n.Right, false)}
		old := m.aliases
		m.aliases = nil
		defer func() { m.aliases = old }()
		q.OrderBy = m.orderBy(n.OrderBy)
		m.limit(q, n.Limit)
		return q
	}
	m.refuse("this query")
	return nil
}

func (m *mysqlMapper) enter() func() {
	if m.depth++; m.depth > m.maxDepth {
		m.refuse("a statement nested deeper than %d", m.maxDepth)
	}
	return func() { m.depth-- }
}

func (m *mysqlMapper) selectCore(n *sqlparser.Select, outer bool) *ast.Select {
	m.refuseIf(n.Cache != "", "%s", strings.ToUpper(strings.TrimSpace(n.Cache)))
	m.refuseIf(n.Hints != "", "%s", strings.ToUpper(strings.TrimSpace(n.Hints)))
	m.refuseIf(len(n.Comments) > 0, "a comment in this place")
	old := m.aliases
	m.aliases = nil
	defer func() { m.aliases = old }()
	q := &ast.Select{Distinct: n.Distinct != ""}
	for _, e := range n.SelectExprs {
		q.Targets = append(q.Targets, m.target(e, outer))
	}
	if !fromDual(n.From) {
		q.From = m.tableExprs(n.From)
	}
	if n.Where != nil {
		q.Where = m.cond(n.Where.Expr)
	}
	for _, g := range n.GroupBy {
		q.GroupBy = append(q.GroupBy, ast.GroupItem{Loc: ast.Loc(m.pos()), Kind: ast.GroupExpr, Expr: m.position(g)})
	}
	m.aliases = q.Targets
	if n.Having != nil {
		having := m.cond(n.Having.Expr)
		switch {
		case len(n.GroupBy) > 0 || aggregates(n.SelectExprs, n.Having):
			q.Having = having
		case q.Where != nil: // without groups it is a second WHERE
			q.Where = &ast.And{Loc: m.loc(), Args: []ast.Expr{q.Where, having}}
		default:
			q.Where = having
		}
	}
	q.OrderBy = m.orderBy(n.OrderBy)
	m.limit(q, n.Limit)
	switch n.Lock {
	case "":
	case sqlparser.ForUpdateStr:
		q.Locking = []ast.Locking{{Loc: ast.Loc(m.pos()), Strength: ast.LockUpdate}}
	case sqlparser.ShareModeStr:
		q.Locking = []ast.Locking{{Loc: ast.Loc(m.pos()), Strength: ast.LockShare}}
	default:
		m.refuse("this lock")
	}
	return q
}

// aggregates says whether aggregates are called, outside of subqueries.
func aggregates(nodes ...sqlparser.SQLNode) (found bool) {
	visit := func(n sqlparser.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *sqlparser.Subquery:
			return false, nil
		case *sqlparser.GroupConcatExpr:
			found = true
		case *sqlparser.FuncExpr:
			found = found || mysqlAggregates[n.Name.Lowered()]
		}
		return !found, nil
	}
	return sqlparser.Walk(visit, nodes...) == nil && found
}

func fromDual(from sqlparser.TableExprs) bool {
	if len(from) != 1 {
		return false
	}
	t, ok := from[0].(*sqlparser.AliasedTableExpr)
	if !ok {
		return false
	}
	name, ok := t.Expr.(sqlparser.TableName)
	return ok && name.Name.String() == "dual" && name.Qualifier.IsEmpty()
}

func (m *mysqlMapper) target(e sqlparser.SelectExpr, outer bool) ast.Target {
	switch e := e.(type) {
	case *sqlparser.StarExpr:
		ref := &ast.ColumnRef{Loc: ast.Loc(m.pos()), Star: true}
		if !e.TableName.IsEmpty() {
			ref.Names = m.tableNames(e.TableName)
		}
		return ast.Target{Loc: ref.Loc, Expr: ref}
	case *sqlparser.AliasedExpr:
		t := ast.Target{Loc: ast.Loc(m.pos()), Expr: m.value(e.Expr), Alias: e.As.String()}
		switch {
		case t.Alias == "":
			if c, ok := e.Expr.(*sqlparser.ColName); ok {
				t.Alias = c.Name.String()
			} else {
				t.Alias = mysqlColumnName(e.Expr)
			}
		case outer:
			t.Alias = m.asWritten(t.Alias)
		}
		return t
	}
	m.refuse("this item of a select list")
	return ast.Target{}
}

// mysqlColumnName is what MySQL calls a column: its text.
func mysqlColumnName(e sqlparser.Expr) string {
	name := sqlparser.String(e)
	if v, ok := e.(*sqlparser.SQLVal); ok && v.Type == sqlparser.StrVal {
		name = string(v.Val)
	}
	return clip(name)
}

// asWritten gives a name back its upper case, which only matters where it is shown.
func (m *mysqlMapper) asWritten(name string) string {
	for i := len(m.toks) - 1; i >= 0; i-- {
		if t := m.toks[i]; t.kind == myWord && t.text == name {
			return m.sql[t.start:t.end]
		}
	}
	return name
}

func (m *mysqlMapper) orderBy(list sqlparser.OrderBy) (out []ast.OrderItem) {
	for _, o := range list {
		item := ast.OrderItem{Loc: ast.Loc(m.pos()), Expr: m.position(o.Expr), Nulls: ast.NullsFirst}
		if o.Direction == sqlparser.DescScr {
			item.Desc, item.Nulls = true, ast.NullsLast
		}
		out = append(out, item)
	}
	return out
}

// position maps an item of GROUP BY or ORDER BY: a number is a place in the select list.
func (m *mysqlMapper) position(e sqlparser.Expr) ast.Expr {
	if v, ok := e.(*sqlparser.SQLVal); ok && v.Type == sqlparser.IntVal {
		return &ast.Literal{Loc: ast.Loc(m.pos()), Kind: ast.LitInt, Text: string(v.Val)}
	}
	if c, ok := e.(*sqlparser.ColName); ok && c.Qualifier.IsEmpty() {
		for _, t := range m.aliases {
			if strings.EqualFold(t.Alias, c.Name.String()) {
				return &ast.ColumnRef{Loc: m.at(c.Name.String()), Names: []string{t.Alias}}
			}
		}
	}
	return m.value(e)
}

func (m *mysqlMapper) limit(q *ast.Select, l *sqlparser.Limit) {
	if l == nil {
		return
	}
	if l.Offset != nil {
		q.Offset = m.value(l.Offset)
	}
	q.Limit = m.value(l.Rowcount)
}

func (m *mysqlMapper) tableExprs(list sqlparser.TableExprs) (out []ast.TableExpr) {
	for _, t := range list {
		out = append(out, m.tableExpr(t))
	}
	return out
}

func (m *mysqlMapper) tableExpr(t sqlparser.TableExpr) ast.TableExpr {
	defer m.enter()()
	switch t := t.(type) {
	case *sqlparser.AliasedTableExpr:
		return m.aliased(t)
	case *sqlparser.ParenTableExpr:
		if len(t.Exprs) == 1 {
			return m.tableExpr(t.Exprs[0])
		}
		m.refuse("a list of tables in parentheses")
	case *sqlparser.JoinTableExpr:
		return m.join(t)
	}
	m.refuse("this table")
	return nil
}

func (m *mysqlMapper) aliased(t *sqlparser.AliasedTableExpr) ast.TableExpr {
	m.refuseIf(len(t.Partitions) > 0, "PARTITION")
	m.refuseIf(t.Hints != nil, "an index hint")
	var alias *ast.Alias
	if !t.As.IsEmpty() {
		alias = &ast.Alias{Name: t.As.String()}
	}
	switch e := t.Expr.(type) {
	case sqlparser.TableName:
		return m.table(e, alias)
	case *sqlparser.Subquery:
		return &ast.SubqueryRef{Loc: ast.Loc(m.pos()), Query: m.query(e.Select, false), Alias: alias}
	}
	m.refuse("this table")
	return nil
}

func (m *mysqlMapper) table(n sqlparser.TableName, alias *ast.Alias) *ast.TableRef {
	name := n.Name.String()
	return &ast.TableRef{Loc: m.at(name), Name: ast.Name{Loc: m.at(name), Schema: n.Qualifier.String(), Name: name}, Alias: alias}
}

func (m *mysqlMapper) tableNames(n sqlparser.TableName) []string {
	if n.Qualifier.IsEmpty() {
		return []string{n.Name.String()}
	}
	return []string{n.Qualifier.String(), n.Name.String()}
}

func (m *mysqlMapper) join(t *sqlparser.JoinTableExpr) ast.TableExpr {
	j := &ast.Join{Loc: ast.Loc(m.pos()), Left: m.tableExpr(t.LeftExpr), Right: m.tableExpr(t.RightExpr)}
	switch t.Join {
	case sqlparser.JoinStr:
	case sqlparser.LeftJoinStr:
		j.Kind = ast.LeftJoin
	case sqlparser.RightJoinStr:
		j.Kind = ast.RightJoin
	case sqlparser.NaturalJoinStr:
		j.Natural = true
	case sqlparser.NaturalLeftJoinStr:
		j.Kind, j.Natural = ast.LeftJoin, true
	case sqlparser.NaturalRightJoinStr:
		j.Kind, j.Natural = ast.RightJoin, true
	default:
		m.refuse("%s", strings.ToUpper(t.Join))
	}
	switch {
	case t.Condition.On != nil:
		j.On = m.cond(t.Condition.On)
	case len(t.Condition.Using) > 0:
		for _, c := range t.Condition.Using {
			j.Using = append(j.Using, c.String())
		}
	case j.Kind == ast.InnerJoin && !j.Natural:
		j.Kind = ast.CrossJoin
	}
	return j
}

// insert maps INSERT and REPLACE.
func (m *mysqlMapper) insert(n *sqlparser.Insert) ast.Stmt {
	m.refuseIf(len(n.Partitions) > 0, "PARTITION")
	m.refuseIf(len(n.Comments) > 0, "a comment in this place")
	out := &ast.Insert{Table: m.table(n.Table, nil)}
	for _, c := range n.Columns {
		out.Columns = append(out.Columns, ast.SetTarget{Loc: m.at(c.String()), Name: c.String()})
	}
	switch rows := n.Rows.(type) {
	case sqlparser.Values:
		out.Query = m.values(rows)
	case sqlparser.SelectStatement:
		out.Query = m.query(rows, false)
	default:
		m.refuse("this form of INSERT")
	}
	loc := ast.Loc(m.pos())
	switch {
	case n.Action == sqlparser.ReplaceStr:
		m.refuseIf(n.OnDup != nil || n.Ignore != "", "REPLACE with IGNORE or ON DUPLICATE KEY")
		out.Conflict = &ast.OnConflict{Loc: loc, Replace: true}
	case n.OnDup != nil:
		m.refuseIf(n.Ignore != "", "INSERT IGNORE with ON DUPLICATE KEY")
		m.inOrder(sqlparser.UpdateExprs(n.OnDup))
		out.Conflict = &ast.OnConflict{Loc: loc, Sets: m.sets(sqlparser.UpdateExprs(n.OnDup))}
	case n.Ignore != "":
		out.Conflict = &ast.OnConflict{Loc: loc, Nothing: true}
	}
	return out
}

// values maps VALUES; one empty row is DEFAULT VALUES.
func (m *mysqlMapper) values(rows sqlparser.Values) *ast.Select {
	if len(rows) == 1 && len(rows[0]) == 0 {
		return nil
	}
	q := &ast.Select{}
	for _, r := range rows {
		m.refuseIf(len(r) == 0, "an empty row among others")
		q.Values = append(q.Values, m.assigned(r))
	}
	return q
}

// assigned maps values that are stored: DEFAULT is one of them.
func (m *mysqlMapper) assigned(list []sqlparser.Expr) []ast.Expr {
	out := make([]ast.Expr, len(list))
	for i, e := range list {
		out[i] = m.stored(e)
	}
	return out
}

func (m *mysqlMapper) stored(e sqlparser.Expr) ast.Expr {
	if d, ok := e.(*sqlparser.Default); ok {
		m.refuseIf(d.ColName != "", "DEFAULT(column)")
		return &ast.Default{Loc: ast.Loc(m.pos())}
	}
	return m.value(e)
}

func (m *mysqlMapper) sets(list sqlparser.UpdateExprs) (out []ast.SetClause) {
	for _, u := range list {
		name := u.Name.Name.String()
		loc := m.at(name)
		out = append(out, ast.SetClause{Loc: loc, Targets: []ast.SetTarget{{Loc: loc, Name: name}}, Value: m.stored(u.Expr)})
	}
	return out
}

// one is the table of an UPDATE or DELETE of one table, nil where there are several.
func (m *mysqlMapper) one(list sqlparser.TableExprs) *sqlparser.AliasedTableExpr {
	if len(list) == 1 {
		if t, ok := list[0].(*sqlparser.AliasedTableExpr); ok {
			return t
		}
	}
	return nil
}

func (m *mysqlMapper) update(n *sqlparser.Update) ast.Stmt {
	m.refuseIf(len(n.Comments) > 0, "a comment in this place")
	out := &ast.Update{Sets: m.sets(n.Exprs)}
	m.inOrder(n.Exprs)
	if t := m.one(n.TableExprs); t != nil {
		ref, ok := m.aliased(t).(*ast.TableRef)
		m.refuseIf(!ok, "UPDATE of what is no table")
		out.Table, out.OrderBy, out.Limit = ref, m.orderBy(n.OrderBy), m.rowLimit(n.Limit)
		for _, u := range n.Exprs {
			q := u.Name.Qualifier.Name.String()
			m.refuseIf(ok && q != "" && q != ref.Name.Name && (ref.Alias == nil || q != ref.Alias.Name), "UPDATE of a table that it does not name")
		}
	} else {
		m.refuseIf(len(n.OrderBy) > 0 || n.Limit != nil, "ORDER BY or LIMIT in UPDATE of several tables")
		out.From = m.tableExprs(n.TableExprs)
		for i, u := range n.Exprs {
			out.Sets[i].Targets[0].Table = u.Name.Qualifier.Name.String()
		}
	}
	if n.Where != nil {
		out.Where = m.cond(n.Where.Expr)
	}
	return out
}

// inOrder refuses assignments that read what one before them has assigned: MySQL takes the
// new value, and here all read the old ones.
func (m *mysqlMapper) inOrder(list sqlparser.UpdateExprs) {
	assigned := map[string]bool{}
	for _, u := range list {
		_ = sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
			switch n := n.(type) {
			case *sqlparser.ValuesFuncExpr:
				return false, nil
			case *sqlparser.ColName:
				m.refuseIf(assigned[n.Name.Lowered()], "an assignment that reads column %q after it was assigned", n.Name.String())
			}
			return true, nil
		}, u.Expr)
		assigned[u.Name.Name.Lowered()] = true
	}
}

func (m *mysqlMapper) delete(n *sqlparser.Delete) ast.Stmt {
	m.refuseIf(len(n.Comments) > 0, "a comment in this place")
	m.refuseIf(len(n.Partitions) > 0, "PARTITION")
	out := &ast.Delete{}
	if t := m.one(n.TableExprs); t != nil && len(n.Targets) == 0 {
		ref, ok := m.aliased(t).(*ast.TableRef)
		m.refuseIf(!ok, "DELETE from what is no table")
		out.Table, out.OrderBy, out.Limit = ref, m.orderBy(n.OrderBy), m.rowLimit(n.Limit)
	} else {
		m.refuseIf(len(n.Targets) == 0, "DELETE of several tables without naming those to delete from")
		m.refuseIf(len(n.OrderBy) > 0 || n.Limit != nil, "ORDER BY or LIMIT in DELETE of several tables")
		out.Using = m.tableExprs(n.TableExprs)
		for _, t := range n.Targets {
			name := t.Name.String()
			m.refuseIf(!t.Qualifier.IsEmpty(), "a schema before a table to delete from")
			out.Targets = append(out.Targets, ast.Name{Loc: m.at(name), Name: name})
		}
	}
	if n.Where != nil {
		out.Where = m.cond(n.Where.Expr)
	}
	return out
}

func (m *mysqlMapper) rowLimit(l *sqlparser.Limit) ast.Expr {
	if l == nil {
		return nil
	}
	m.refuseIf(l.Offset != nil, "an offset in LIMIT of UPDATE or DELETE")
	return m.value(l.Rowcount)
}
