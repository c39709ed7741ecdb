package parse

import (
	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

// userType maps the statements about types; ok is false for others.
func (m *mapper) userType(n *pg.Node) (out ast.Stmt, ok bool) {
	switch v := n.GetNode().(type) {
	case *pg.Node_CreateEnumStmt:
		s := v.CreateEnumStmt
		return &ast.CreateType{Name: m.nameOf(m.strs(s.TypeName), -1), Enum: true, Labels: m.strs(s.Vals)}, true
	case *pg.Node_CompositeTypeStmt:
		s := v.CompositeTypeStmt
		rv := s.Typevar
		m.refuseIf(rv.GetInh() || rv.GetAlias() != nil || rv.GetRelpersistence() != "p", rv.GetLocation(), "this name of a type")
		return &ast.CreateType{Name: m.bareName(rv), Fields: m.colDefs(s.Coldeflist)}, true
	case *pg.Node_AlterEnumStmt:
		s := v.AlterEnumStmt
		m.refuseIf(s.OldVal != "" && (s.NewValNeighbor != "" || s.SkipIfNewValExists), 0, "this form of ALTER TYPE")
		m.refuseIf(s.OldVal == "" && s.NewVal == "", 0, "a value without a name")
		return &ast.AlterEnum{Name: m.nameOf(m.strs(s.TypeName), -1), Old: s.OldVal, New: s.NewVal, Neighbor: s.NewValNeighbor,
			After: s.NewValIsAfter, IfNotExists: s.SkipIfNewValExists}, true
	case *pg.Node_CreateDomainStmt:
		s := v.CreateDomainStmt
		out := &ast.CreateDomain{Name: m.nameOf(m.strs(s.Domainname), -1), Type: m.typeName(s.TypeName), Collate: m.collation(s.CollClause)}
		for _, n := range s.Constraints {
			c := n.GetConstraint()
			if c == nil {
				m.refuseNode(n, -1)
				continue
			}
			m.refuseIf(isAttribute(c.Contype), c.Location, "a deferrable constraint of a domain")
			if m.err == nil {
				out.Constraints = append(out.Constraints, m.constraint(c))
			}
		}
		return out, true
	case *pg.Node_AlterDomainStmt:
		return m.alterDomain(v.AlterDomainStmt), true
	}
	return nil, false
}

func (m *mapper) alterDomain(s *pg.AlterDomainStmt) ast.Stmt {
	out := &ast.AlterDomain{Name: m.nameOf(m.strs(s.TypeName), -1), Sub: s.Name, IfExists: s.MissingOk, Cascade: m.cascade(s.Behavior)}
	def := s.Def
	switch s.Subtype {
	case "T":
		out.Action, out.Expr, def = ast.DomainSetDefault, m.expr(def), nil
	case "N":
		out.Action = ast.DomainDropNotNull
	case "O":
		out.Action = ast.DomainSetNotNull
	case "C":
		out.Action = ast.DomainAddConstraint
		if c := def.GetConstraint(); c != nil {
			k := m.constraint(c)
			out.Constraint, def = &k, nil
		}
	case "X":
		out.Action = ast.DomainDropConstraint
	case "V":
		out.Action = ast.DomainValidate
	default:
		m.refuse(0, "this action of ALTER DOMAIN")
	}
	m.refuseIf(def != nil, 0, "this action of ALTER DOMAIN")
	return out
}

// cursor maps the statements about cursors; ok is false for others.
func (m *mapper) cursor(n *pg.Node) (out ast.Stmt, ok bool) {
	switch v := n.GetNode().(type) {
	case *pg.Node_DeclareCursorStmt:
		return m.declare(v.DeclareCursorStmt), true
	case *pg.Node_FetchStmt:
		s := v.FetchStmt
		out := &ast.Fetch{Name: s.Portalname, Count: s.HowMany, Move: s.Ismove}
		switch s.Direction {
		case pg.FetchDirection_FETCH_FORWARD:
		case pg.FetchDirection_FETCH_BACKWARD:
			out.Direction = ast.FetchBackward
		case pg.FetchDirection_FETCH_ABSOLUTE:
			out.Direction = ast.FetchAbsolute
		case pg.FetchDirection_FETCH_RELATIVE:
			out.Direction = ast.FetchRelative
		default:
			m.refuse(0, "this direction of FETCH")
		}
		return out, true
	case *pg.Node_ClosePortalStmt:
		return &ast.CloseCursor{Name: v.ClosePortalStmt.Portalname}, true
	}
	return nil, false
}

// The bits of PostgreSQL's cursor options.
const (
	cursorBinary   = 0x0001
	cursorScroll   = 0x0002
	cursorNoScroll = 0x0004
	cursorInsens   = 0x0008
	cursorAsens    = 0x0010
	cursorHold     = 0x0020
	cursorFastPlan = 0x0100 // the grammar's own mark
)

func (m *mapper) declare(s *pg.DeclareCursorStmt) ast.Stmt {
	m.refuseIf(s.Options&^(cursorBinary|cursorScroll|cursorNoScroll|cursorInsens|cursorAsens|cursorHold|cursorFastPlan) != 0, 0, "this option of DECLARE CURSOR")
	out := &ast.DeclareCursor{Name: s.Portalname, Hold: s.Options&cursorHold != 0, Binary: s.Options&cursorBinary != 0}
	switch {
	case s.Options&cursorScroll != 0:
		out.Scroll = ast.Yes
	case s.Options&cursorNoScroll != 0:
		out.Scroll = ast.No
	}
	out.Query = m.subquery(s.Query, 0)
	return out
}

func (m *mapper) reindex(s *pg.ReindexStmt) ast.Stmt {
	out := &ast.Reindex{}
	switch s.Kind {
	case pg.ReindexObjectType_REINDEX_OBJECT_INDEX:
		out.Kind = ast.KindIndex
	case pg.ReindexObjectType_REINDEX_OBJECT_TABLE:
		out.Kind = ast.KindTable
	case pg.ReindexObjectType_REINDEX_OBJECT_SCHEMA:
		out.Kind = ast.KindSchema
	case pg.ReindexObjectType_REINDEX_OBJECT_DATABASE:
		out.Kind = ast.KindDatabase
	default:
		m.refuse(0, "REINDEX of this object")
	}
	out.Name = ast.Name{Name: s.Name}
	if s.Relation != nil {
		m.refuseIf(s.Name != "", 0, "this form of REINDEX")
		out.Name = m.relName(s.Relation)
	}
	for _, d := range m.defElems(s.Params) {
		switch d.Defname {
		case "concurrently":
			out.Concurrently = m.boolOption(d)
		case "verbose":
			out.Verbose = m.boolOption(d)
		default:
			m.syntax(d.Location, "unrecognized REINDEX option %q", d.Defname)
		}
	}
	return out
}
