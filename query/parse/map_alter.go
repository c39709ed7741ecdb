package parse

import (
	"strconv"
	"strings"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/query/ast"
)

func (m *mapper) alterTable(s *pg.AlterTableStmt) *ast.AlterTable {
	rv := s.Relation
	m.refuseIf(rv.GetAlias() != nil || rv.GetRelpersistence() != "p", rv.GetLocation(), "this table of ALTER TABLE")
	out := &ast.AlterTable{Name: m.bareName(rv), Only: !rv.GetInh(), IfExists: s.MissingOk}
	out.Kind = m.kind("ALTER", s.Objtype, ast.KindTable, ast.KindIndex, ast.KindView, ast.KindMatView, ast.KindSequence, ast.KindType)
	for _, n := range s.Cmds {
		c := n.GetAlterTableCmd()
		if c == nil {
			m.refuseNode(n, rv.GetLocation())
			continue
		}
		out.Cmds = append(out.Cmds, m.alterCmd(c, rv.GetLocation()))
	}
	return out
}

var alterActions = map[pg.AlterTableType]ast.AlterAction{
	pg.AlterTableType_AT_AddColumn: ast.AddColumn, pg.AlterTableType_AT_DropColumn: ast.DropColumn,
	pg.AlterTableType_AT_ColumnDefault: ast.SetDefault, pg.AlterTableType_AT_SetNotNull: ast.SetNotNull,
	pg.AlterTableType_AT_DropNotNull: ast.DropNotNull, pg.AlterTableType_AT_AlterColumnType: ast.SetType,
	pg.AlterTableType_AT_SetExpression: ast.SetExpression, pg.AlterTableType_AT_DropExpression: ast.DropExpression,
	pg.AlterTableType_AT_AddIdentity: ast.AddIdentity, pg.AlterTableType_AT_SetIdentity: ast.SetIdentity,
	pg.AlterTableType_AT_DropIdentity: ast.DropIdentity, pg.AlterTableType_AT_AddConstraint: ast.AddConstraint,
	pg.AlterTableType_AT_DropConstraint: ast.DropConstraint, pg.AlterTableType_AT_ValidateConstraint: ast.ValidateConstraint,
	pg.AlterTableType_AT_SetRelOptions: ast.SetOptions, pg.AlterTableType_AT_ResetRelOptions: ast.ResetOptions,
	pg.AlterTableType_AT_ChangeOwner: ast.OwnerTo,
}

// alterCmd maps one part of ALTER TABLE. Whatever the part, every field of it is
// read by the branch that knows it or refused at the end.
func (m *mapper) alterCmd(c *pg.AlterTableCmd, loc int32) ast.AlterCmd {
	action, ok := alterActions[c.Subtype]
	if !ok {
		m.refuse(loc, "ALTER TABLE … %s", strings.ToUpper(splitWords(strings.TrimPrefix(c.Subtype.String(), "AT_"))))
		return ast.AlterCmd{}
	}
	out := ast.AlterCmd{Action: action, Name: c.Name, IfExists: c.MissingOk, Cascade: m.cascade(c.Behavior)}
	m.refuseIf(c.Num != 0, loc, "ALTER of a column by number")
	def, owner := c.Def, c.Newowner
	switch action {
	case ast.AddColumn:
		if d := def.GetColumnDef(); d != nil {
			cd := m.columnDef(d)
			out.Def, out.Loc, def = &cd, cd.Loc, nil
		}
	case ast.SetDefault:
		if def == nil {
			out.Action = ast.DropDefault
		}
		out.Expr, def = m.expr(def), nil
	case ast.SetExpression:
		out.Expr, def = m.expr(def), nil
	case ast.SetType:
		if d := def.GetColumnDef(); d != nil {
			m.alterType(&out, d)
			def = nil
		}
	case ast.AddConstraint, ast.AddIdentity:
		if k := def.GetConstraint(); k != nil {
			con := m.constraint(k)
			out.Constraint, out.Loc, def = &con, con.Loc, nil
		}
	case ast.SetIdentity:
		if l := def.GetList(); l != nil {
			m.setIdentity(&out, l.Items)
			def = nil
		}
	case ast.SetOptions, ast.ResetOptions:
		if l := def.GetList(); l != nil {
			out.Options, def = m.options(l.Items), nil
		}
	case ast.OwnerTo:
		if owner != nil {
			m.refuseIf(c.Name != "", loc, "a name before OWNER TO")
			out.Name, out.Loc, owner = m.role(owner), m.loc(c.Newowner.Location), nil
		}
	}
	m.refuseIf(def != nil || owner != nil, loc, "this part of ALTER TABLE")
	return out
}

// role gives a role's name, or CURRENT_USER and its like.
func (m *mapper) role(r *pg.RoleSpec) string {
	switch r.Roletype {
	case pg.RoleSpecType_ROLESPEC_CSTRING:
		return r.Rolename
	case pg.RoleSpecType_ROLESPEC_CURRENT_ROLE, pg.RoleSpecType_ROLESPEC_CURRENT_USER, pg.RoleSpecType_ROLESPEC_SESSION_USER:
		m.refuseIf(r.Rolename != "", r.Location, "this role")
		return strings.ToLower(strings.TrimPrefix(r.Roletype.String(), "ROLESPEC_"))
	}
	m.refuse(r.Location, "this role")
	return ""
}

func (m *mapper) alterType(out *ast.AlterCmd, d *pg.ColumnDef) {
	out.Expr = m.expr(d.RawDefault)
	out.Loc = m.loc(d.Location)
	bare := &pg.ColumnDef{TypeName: d.TypeName, CollClause: d.CollClause, Compression: d.Compression, Storage: d.Storage,
		StorageName: d.StorageName, Fdwoptions: d.Fdwoptions, Constraints: d.Constraints, Location: d.Location}
	def := m.columnDef(bare)
	m.refuseIf(d.Colname != "" || len(def.Constraints) > 0, d.Location, "this part of ALTER COLUMN TYPE")
	out.Type, out.Collate = def.Type, def.Collate
}

func (m *mapper) setIdentity(out *ast.AlterCmd, opts []*pg.Node) {
	var rest []*pg.Node
	for _, n := range opts {
		d := n.GetDefElem()
		if d.GetDefname() != "generated" {
			rest = append(rest, n)
			continue
		}
		if v, ok := constInt(d.Arg); ok && (v == 'a' || v == 'd') && d.Defaction == pg.DefElemAction_DEFELEM_UNSPEC && d.Defnamespace == "" {
			out.Identity = byte(v)
		} else {
			m.refuse(d.Location, "this GENERATED")
		}
	}
	out.Sequence = m.sequenceOptions(rest)
}

func (m *mapper) rename(s *pg.RenameStmt) *ast.Rename {
	if s.RenameType == pg.ObjectType_OBJECT_ATTRIBUTE {
		rv := s.Relation
		m.refuseIf(rv.GetAlias() != nil || rv.GetRelpersistence() != "p" || s.Object != nil || s.MissingOk, rv.GetLocation(), "this form of RENAME ATTRIBUTE")
		return &ast.Rename{Kind: ast.KindColumn, Of: ast.KindType, Name: m.bareName(rv), Old: s.Subname, New: s.Newname, Cascade: m.cascade(s.Behavior)}
	}
	kind := objectKinds[s.RenameType]
	if kind == ast.KindFunction {
		m.refuseIf(s.Relation != nil || s.Subname != "" || s.MissingOk, 0, "this form of RENAME")
		f := m.routine(s.Object)
		return &ast.Rename{Kind: kind, Of: kind, Name: f.Name, New: s.Newname, Cascade: m.cascade(s.Behavior), Func: &f}
	}
	named := kind == ast.KindType || kind == ast.KindDomain || s.RenameType == pg.ObjectType_OBJECT_DOMCONSTRAINT
	m.refuseIf(s.Object != nil && !named, 0, "ALTER %s … RENAME", strings.ReplaceAll(strings.TrimPrefix(s.RenameType.String(), "OBJECT_"), "_", " "))
	if named {
		return m.renameType(s)
	}
	if m.err != nil {
		return nil
	}
	out := &ast.Rename{Kind: m.kind("RENAME of", s.RenameType, ast.KindTable, ast.KindIndex, ast.KindView, ast.KindMatView, ast.KindSequence,
		ast.KindSchema, ast.KindDatabase, ast.KindColumn, ast.KindConstraint), New: s.Newname, Old: s.Subname,
		IfExists: s.MissingOk, Cascade: m.cascade(s.Behavior)}
	out.Of = out.Kind
	switch out.Kind {
	case ast.KindColumn:
		out.Of = m.kind("RENAME of a column of", s.RelationType, ast.KindTable, ast.KindView, ast.KindMatView)
	case ast.KindConstraint:
		out.Of = ast.KindTable
	case ast.KindSchema, ast.KindDatabase:
		out.Name, out.Old = ast.Name{Name: s.Subname}, ""
	}
	if rv := s.Relation; rv != nil {
		m.refuseIf(rv.Alias != nil || rv.Relpersistence != "p", rv.Location, "this table of RENAME")
		m.refuseIf(out.Name.Name != "", rv.Location, "this form of RENAME")
		out.Name, out.Only = m.bareName(rv), !rv.Inh
	}
	return out
}

// renameType maps ALTER TYPE and ALTER DOMAIN … RENAME TO, and RENAME CONSTRAINT of a
// domain, which has Of KindDomain.
func (m *mapper) renameType(s *pg.RenameStmt) *ast.Rename {
	out := &ast.Rename{Kind: objectKinds[s.RenameType], New: s.Newname, Old: s.Subname, IfExists: s.MissingOk, Cascade: m.cascade(s.Behavior)}
	out.Of = out.Kind
	if s.RenameType == pg.ObjectType_OBJECT_DOMCONSTRAINT {
		out.Kind, out.Of = ast.KindConstraint, ast.KindDomain
	} else {
		m.refuseIf(s.Subname != "", 0, "this form of RENAME")
	}
	m.refuseIf(s.Relation != nil, 0, "this form of RENAME")
	if t := s.Object.GetTypeName(); t != nil {
		out.Name = m.bareType(t)
	} else {
		out.Name = m.nameOf(m.dotted(s.Object), -1)
	}
	return out
}

func (m *mapper) setSchema(s *pg.AlterObjectSchemaStmt) *ast.SetSchema {
	kind := m.kind("SET SCHEMA of", s.ObjectType, ast.KindTable, ast.KindView, ast.KindMatView, ast.KindSequence, ast.KindType, ast.KindDomain, ast.KindFunction)
	if kind == ast.KindFunction {
		m.refuseIf(s.Relation != nil, -1, "SET SCHEMA of this object")
		f := m.routine(s.Object)
		return &ast.SetSchema{Kind: kind, Name: f.Name, Schema: s.Newschema, IfExists: s.MissingOk, Func: &f}
	}
	if kind == ast.KindType || kind == ast.KindDomain {
		m.refuseIf(s.Relation != nil, -1, "SET SCHEMA of this object")
		return &ast.SetSchema{Kind: kind, Name: m.nameOf(m.dotted(s.Object), -1), Schema: s.Newschema, IfExists: s.MissingOk}
	}
	m.refuseIf(s.Object != nil, -1, "SET SCHEMA of this object")
	return &ast.SetSchema{Kind: kind, Name: m.relName(s.Relation), Schema: s.Newschema, IfExists: s.MissingOk}
}

// sequenceOptions maps the options of a sequence; each may stand once.
func (m *mapper) sequenceOptions(ns []*pg.Node) ast.SequenceOptions {
	var o ast.SequenceOptions
	seen := map[string]bool{}
	for _, n := range ns {
		d := n.GetDefElem()
		if d == nil {
			m.refuseNode(n, -1)
			continue
		}
		m.refuseIf(d.Defaction != pg.DefElemAction_DEFELEM_UNSPEC || d.Defnamespace != "", d.Location, "this form of a sequence option")
		if seen[d.Defname] {
			m.syntax(d.Location, "conflicting or redundant options")
		}
		seen[d.Defname] = true
		m.sequenceOption(&o, d)
	}
	return o
}

func (m *mapper) sequenceOption(o *ast.SequenceOptions, d *pg.DefElem) {
	switch d.Defname {
	case "as":
		o.Type = m.typeName(d.Arg.GetTypeName())
		m.refuseIf(o.Type == nil, d.Location, "this type of a sequence")
	case "start":
		o.Start = m.bigint(d)
	case "increment":
		o.Increment = m.bigint(d)
	case "minvalue":
		if o.NoMin = d.Arg == nil; !o.NoMin {
			o.Min = m.bigint(d)
		}
	case "maxvalue":
		if o.NoMax = d.Arg == nil; !o.NoMax {
			o.Max = m.bigint(d)
		}
	case "cache":
		o.Cache = m.bigint(d)
	case "cycle":
		b, ok := d.Arg.GetNode().(*pg.Node_Boolean)
		m.refuseIf(!ok, d.Location, "this form of CYCLE")
		if ok {
			v := b.Boolean.Boolval
			o.Cycle = &v
		}
	case "restart":
		if o.Restart = d.Arg == nil; !o.Restart {
			o.RestartWith = m.bigint(d)
		}
	case "owned_by":
		o.OwnedBy = m.dotted(d.Arg)
	case "sequence_name":
		n := m.nameOf(m.dotted(d.Arg), d.Location)
		o.Name = &n
	default:
		m.refuse(d.Location, "the sequence option %q", d.Defname)
	}
}

// bigint reads a whole number of an option.
func (m *mapper) bigint(d *pg.DefElem) *int64 {
	var text string
	switch v := d.Arg.GetNode().(type) {
	case *pg.Node_Integer:
		text = strconv.Itoa(int(v.Integer.Ival))
	case *pg.Node_Float:
		text = numLiteral(0, v.Float.Fval).Text
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		m.syntax(d.Location, "%s requires a whole number in the range of bigint", d.Defname)
	}
	return &i
}

// splitWords turns CamelCase into words.
func splitWords(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
