package parse

import (
	"strings"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

func (m *mapper) createTable(s *pg.CreateStmt) *ast.CreateTable {
	loc := s.GetRelation().GetLocation()
	m.refuseIf(s.Partbound != nil, loc, "PARTITION OF")
	m.refuseIf(len(s.InhRelations) > 0, loc, "INHERITS")
	m.refuseIf(s.Partspec != nil, loc, "PARTITION BY")
	m.refuseIf(s.OfTypename != nil, loc, "CREATE TABLE OF a type")
	m.refuseIf(len(s.Constraints) > 0 || len(s.Nnconstraints) > 0, loc, "a constraint in this place")
	m.refuseIf(s.Tablespacename != "", loc, "TABLESPACE")
	m.refuseIf(s.AccessMethod != "", loc, "USING an access method")
	out := &ast.CreateTable{IfNotExists: s.IfNotExists, Options: m.options(s.Options), OnCommit: m.onCommit(s.Oncommit)}
	out.Name, out.Persistence = m.newName(s.Relation)
	for _, n := range s.TableElts {
		switch v := n.Node.(type) {
		case *pg.Node_ColumnDef:
			out.Columns = append(out.Columns, m.columnDef(v.ColumnDef))
		case *pg.Node_Constraint:
			out.Constraints = append(out.Constraints, m.constraint(v.Constraint))
		case *pg.Node_TableLikeClause:
			out.Likes = append(out.Likes, m.likeClause(v.TableLikeClause, len(out.Columns)))
		default:
			m.refuseNode(n, loc)
		}
	}
	return out
}

func (m *mapper) likeClause(c *pg.TableLikeClause, at int) ast.LikeClause {
	m.refuseIf(c.RelationOid != 0, -1, "LIKE a numbered table")
	return ast.LikeClause{Table: m.relName(c.Relation), At: at, Including: ast.LikeOptions(c.Options) & ast.LikeAll}
}

func (m *mapper) onCommit(a pg.OnCommitAction) ast.OnCommit {
	switch a {
	case pg.OnCommitAction_ONCOMMIT_PRESERVE_ROWS:
		return ast.OnCommitPreserve
	case pg.OnCommitAction_ONCOMMIT_DELETE_ROWS:
		return ast.OnCommitDelete
	case pg.OnCommitAction_ONCOMMIT_DROP:
		return ast.OnCommitDrop
	}
	return ast.OnCommitDefault
}

func (m *mapper) columnDef(d *pg.ColumnDef) ast.ColumnDef {
	m.refuseIf(d.Compression != "", d.Location, "COMPRESSION")
	m.refuseIf(d.Storage != "" || d.StorageName != "", d.Location, "STORAGE")
	m.refuseIf(len(d.Fdwoptions) > 0, d.Location, "OPTIONS")
	m.refuseIf(d.RawDefault != nil, d.Location, "a value in this place")
	m.refuseIf(d.TypeName == nil, d.Location, "a column without a type")
	out := ast.ColumnDef{Loc: m.loc(d.Location), Name: d.Colname, Type: m.typeName(d.TypeName), Collate: m.collation(d.CollClause)}
	for _, n := range d.Constraints {
		c := n.GetConstraint()
		if c == nil {
			m.refuseNode(n, d.Location)
			continue
		}
		if isAttribute(c.Contype) {
			m.constraintAttribute(&out, c)
			continue
		}
		out.Constraints = append(out.Constraints, m.constraint(c))
	}
	for i := range out.Constraints {
		c := &out.Constraints[i]
		if c.InitiallyDeferred && !c.Deferrable {
			m.fail(dberr.SQL(dberr.StateSyntax, "constraint declared INITIALLY DEFERRED must be DEFERRABLE").At(c.Pos()))
		}
	}
	return out
}

// collation maps a COLLATE clause of a definition.
func (m *mapper) collation(c *pg.CollateClause) []string {
	if c == nil {
		return nil
	}
	m.refuseIf(c.Arg != nil, c.Location, "a collated value in this place")
	return m.strs(c.Collname)
}

func isAttribute(t pg.ConstrType) bool { return t >= pg.ConstrType_CONSTR_ATTR_DEFERRABLE }

// constraintAttribute applies DEFERRABLE and its like, which the grammar gives as
// constraints of their own after the one that they are about.
func (m *mapper) constraintAttribute(d *ast.ColumnDef, attr *pg.Constraint) {
	var c *ast.Constraint
	if n := len(d.Constraints); n > 0 {
		c = &d.Constraints[n-1]
	}
	deferrable := c != nil && (c.Kind == ast.ConstrPrimary || c.Kind == ast.ConstrUnique || c.Kind == ast.ConstrForeign)
	enforced := c != nil && (c.Kind == ast.ConstrCheck || c.Kind == ast.ConstrForeign)
	misplaced := func(ok bool, word string) bool {
		if !ok {
			m.syntax(attr.Location, "misplaced %s clause", word)
		}
		return !ok
	}
	switch attr.Contype {
	case pg.ConstrType_CONSTR_ATTR_DEFERRABLE:
		if !misplaced(deferrable, "DEFERRABLE") {
			c.Deferrable = true
		}
	case pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE:
		if !misplaced(deferrable, "NOT DEFERRABLE") {
			c.Deferrable = false
		}
	case pg.ConstrType_CONSTR_ATTR_DEFERRED:
		if !misplaced(deferrable, "INITIALLY DEFERRED") {
			c.InitiallyDeferred, c.Deferrable = true, true
		}
	case pg.ConstrType_CONSTR_ATTR_IMMEDIATE:
		if !misplaced(deferrable, "INITIALLY IMMEDIATE") {
			c.InitiallyDeferred = false
		}
	case pg.ConstrType_CONSTR_ATTR_ENFORCED:
		if !misplaced(enforced, "ENFORCED") {
			c.NotEnforced = false
		}
	case pg.ConstrType_CONSTR_ATTR_NOT_ENFORCED:
		if !misplaced(enforced, "NOT ENFORCED") {
			c.NotEnforced = true
		}
	}
}

var constraintKinds = map[pg.ConstrType]ast.ConstraintKind{
	pg.ConstrType_CONSTR_NULL: ast.ConstrNull, pg.ConstrType_CONSTR_NOTNULL: ast.ConstrNotNull,
	pg.ConstrType_CONSTR_DEFAULT: ast.ConstrDefault, pg.ConstrType_CONSTR_IDENTITY: ast.ConstrIdentity,
	pg.ConstrType_CONSTR_GENERATED: ast.ConstrGenerated, pg.ConstrType_CONSTR_CHECK: ast.ConstrCheck,
	pg.ConstrType_CONSTR_PRIMARY: ast.ConstrPrimary, pg.ConstrType_CONSTR_UNIQUE: ast.ConstrUnique,
	pg.ConstrType_CONSTR_FOREIGN: ast.ConstrForeign,
}

func (m *mapper) constraint(c *pg.Constraint) ast.Constraint {
	m.refuseIf(c.Contype == pg.ConstrType_CONSTR_EXCLUSION || len(c.Exclusions) > 0, c.Location, "EXCLUDE")
	m.refuseIf(c.WithoutOverlaps, c.Location, "WITHOUT OVERLAPS")
	m.refuseIf(c.FkWithPeriod || c.PkWithPeriod, c.Location, "PERIOD")
	m.refuseIf(c.Indexspace != "", c.Location, "USING INDEX TABLESPACE")
	m.refuseIf(c.AccessMethod != "", c.Location, "USING an access method")
	m.refuseIf(c.WhereClause != nil, c.Location, "WHERE in a constraint")
	kind, ok := constraintKinds[c.Contype]
	m.refuseIf(!ok, c.Location, "this constraint")
	out := ast.Constraint{
		Loc: m.loc(c.Location), Kind: kind, Name: c.Conname, Expr: m.expr(c.RawExpr),
		Columns: m.strs(append(append([]*pg.Node(nil), c.Keys...), c.FkAttrs...)), Include: m.strs(c.Including),
		NullsNotDistinct: c.NullsNotDistinct, UsingIndex: c.Indexname,
		RefTable: m.relName(c.Pktable), RefColumns: m.strs(c.PkAttrs), OnDeleteCols: m.strs(c.FkDelSetCols),
		Match: letter(c.FkMatchtype), OnDelete: letter(c.FkDelAction), OnUpdate: letter(c.FkUpdAction),
		Deferrable: c.Deferrable, InitiallyDeferred: c.Initdeferred, NotValid: c.SkipValidation, NoInherit: c.IsNoInherit,
	}
	switch kind {
	case ast.ConstrCheck, ast.ConstrForeign, ast.ConstrNotNull:
		out.NotEnforced = !c.IsEnforced
	case ast.ConstrIdentity:
		out.Identity = letter(c.GeneratedWhen)
		out.Sequence = m.sequenceOptions(c.Options)
		m.refuseIf(c.GeneratedKind != "", c.Location, "this identity")
		return out
	case ast.ConstrGenerated:
		m.refuseIf(c.GeneratedWhen != "a", c.Location, "GENERATED BY DEFAULT AS an expression")
		out.Stored = c.GeneratedKind == "s"
		m.refuseIf(c.GeneratedKind != "s" && c.GeneratedKind != "v", c.Location, "this generated column")
		m.refuseIf(len(c.Options) > 0, c.Location, "options of this constraint")
		return out
	}
	m.refuseIf(c.GeneratedWhen != "" || c.GeneratedKind != "", c.Location, "GENERATED in this place")
	out.Options = m.options(c.Options)
	return out
}

func letter(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

func (m *mapper) indexElems(ns []*pg.Node) []ast.IndexElem {
	var out []ast.IndexElem
	for _, n := range ns {
		e := n.GetIndexElem()
		if e == nil {
			m.refuseNode(n, -1)
			continue
		}
		m.refuseIf(e.Indexcolname != "", -1, "a name of an index column")
		m.refuseIf(len(e.Opclassopts) > 0, -1, "options of an operator class")
		m.refuseIf(e.Ordering == pg.SortByDir_SORTBY_USING, -1, "USING in an index")
		ie := ast.IndexElem{Column: e.Name, Expr: m.expr(e.Expr), Collate: m.strs(e.Collation), OpClass: m.strs(e.Opclass),
			Desc: e.Ordering == pg.SortByDir_SORTBY_DESC, Nulls: nullsOrder(e.NullsOrdering)}
		if ie.Expr != nil {
			ie.Loc = ast.Loc(ie.Expr.Pos())
		}
		out = append(out, ie)
	}
	return out
}

func (m *mapper) createIndex(s *pg.IndexStmt) *ast.CreateIndex {
	rv := s.Relation
	loc := rv.GetLocation()
	m.refuseIf(s.TableSpace != "", loc, "TABLESPACE")
	m.refuseIf(len(s.ExcludeOpNames) > 0 || s.Primary || s.Isconstraint || s.Iswithoutoverlaps || s.Deferrable || s.Initdeferred,
		loc, "this form of CREATE INDEX")
	m.refuseIf(rv.Alias != nil || rv.Relpersistence != "p", loc, "this table of an index")
	out := &ast.CreateIndex{
		Name: s.Idxname, Table: m.bareName(rv), Only: !rv.Inh, Method: s.AccessMethod, Unique: s.Unique,
		NullsNotDistinct: s.NullsNotDistinct, IfNotExists: s.IfNotExists, Concurrently: s.Concurrent,
		Columns: m.indexElems(s.IndexParams), Where: m.expr(s.WhereClause), Options: m.options(s.Options),
	}
	for _, e := range m.indexElems(s.IndexIncludingParams) {
		m.refuseIf(e.Expr != nil, loc, "an expression in INCLUDE")
		m.refuseIf(e.Collate != nil || e.OpClass != nil || e.Desc || e.Nulls != ast.NullsDefault, loc, "an order in INCLUDE")
		out.Include = append(out.Include, e.Column)
	}
	return out
}

var objectKinds = map[pg.ObjectType]ast.ObjectKind{
	pg.ObjectType_OBJECT_TABLE: ast.KindTable, pg.ObjectType_OBJECT_INDEX: ast.KindIndex,
	pg.ObjectType_OBJECT_VIEW: ast.KindView, pg.ObjectType_OBJECT_MATVIEW: ast.KindMatView,
	pg.ObjectType_OBJECT_SEQUENCE: ast.KindSequence, pg.ObjectType_OBJECT_SCHEMA: ast.KindSchema,
	pg.ObjectType_OBJECT_DATABASE: ast.KindDatabase, pg.ObjectType_OBJECT_COLUMN: ast.KindColumn,
	pg.ObjectType_OBJECT_TABCONSTRAINT: ast.KindConstraint,
	pg.ObjectType_OBJECT_TYPE:          ast.KindType, pg.ObjectType_OBJECT_DOMAIN: ast.KindDomain, pg.ObjectType_OBJECT_FUNCTION: ast.KindFunction,
}

// kind maps a kind of object, or refuses VERB OBJECT.
func (m *mapper) kind(verb string, t pg.ObjectType, allowed ...ast.ObjectKind) ast.ObjectKind {
	k, ok := objectKinds[t]
	for _, a := range allowed {
		if ok && a == k {
			return k
		}
	}
	m.refuse(0, "%s %s", verb, strings.ReplaceAll(strings.TrimPrefix(t.String(), "OBJECT_"), "_", " "))
	return k
}

func (m *mapper) drop(s *pg.DropStmt) *ast.Drop {
	out := &ast.Drop{IfExists: s.MissingOk, Cascade: m.cascade(s.Behavior), Concurrently: s.Concurrent}
	out.Kind = m.kind("DROP", s.RemoveType, ast.KindTable, ast.KindIndex, ast.KindView, ast.KindMatView, ast.KindSequence, ast.KindSchema,
		ast.KindType, ast.KindDomain, ast.KindFunction)
	if m.err != nil {
		return out
	}
	for _, n := range s.Objects {
		if out.Kind == ast.KindFunction {
			out.Funcs = append(out.Funcs, m.routine(n))
			continue
		}
		if t := n.GetTypeName(); t != nil {
			out.Names = append(out.Names, m.bareType(t))
			continue
		}
		out.Names = append(out.Names, m.nameOf(m.dotted(n), -1))
	}
	return out
}

// bareType maps the name of a type where only a name may stand.
func (m *mapper) bareType(t *pg.TypeName) ast.Name {
	n := m.typeName(t)
	m.refuseIf(n.Dims > 0 || len(n.Mods) > 0 || n.Fields != 0, t.Location, "this form of a type's name")
	return ast.Name{Loc: n.Loc, Schema: n.Schema, Name: n.Name}
}

// dotted gives the parts of a name that is a String or a List of them.
func (m *mapper) dotted(n *pg.Node) []string {
	if l := n.GetList(); l != nil {
		return m.strs(l.Items)
	}
	return []string{m.str(n)}
}

func (m *mapper) createView(s *pg.ViewStmt) *ast.CreateView {
	out := &ast.CreateView{OrReplace: s.Replace, Columns: m.strs(s.Aliases), Query: m.subquery(s.Query, -1), Options: m.options(s.Options)}
	out.Name, out.Persistence = m.newName(s.View)
	switch s.WithCheckOption {
	case pg.ViewCheckOption_LOCAL_CHECK_OPTION:
		out.Check = ast.CheckLocal
	case pg.ViewCheckOption_CASCADED_CHECK_OPTION:
		out.Check = ast.CheckCascaded
	}
	return out
}

func (m *mapper) createTableAs(s *pg.CreateTableAsStmt) *ast.CreateTableAs {
	m.refuseIf(s.IsSelectInto, -1, "SELECT INTO in this place")
	out := m.into(s.Into)
	out.Kind = m.kind("CREATE … AS:", s.Objtype, ast.KindTable, ast.KindMatView)
	out.IfNotExists = s.IfNotExists
	out.Query = m.explainable(s.Query)
	switch out.Query.(type) {
	case *ast.Select, *ast.Execute, nil:
	default:
		m.refuse(-1, "CREATE TABLE AS this statement")
	}
	return out
}

func (m *mapper) into(c *pg.IntoClause) *ast.CreateTableAs {
	loc := c.GetRel().GetLocation()
	m.refuseIf(c.AccessMethod != "", loc, "USING an access method")
	m.refuseIf(c.TableSpaceName != "", loc, "TABLESPACE")
	m.refuseIf(c.ViewQuery != nil, loc, "a view query in this place")
	out := &ast.CreateTableAs{Columns: m.strs(c.ColNames), Options: m.options(c.Options), OnCommit: m.onCommit(c.OnCommit), NoData: c.SkipData}
	out.Name, out.Persistence = m.newName(c.Rel)
	return out
}

func (m *mapper) createSchema(s *pg.CreateSchemaStmt) *ast.CreateSchema {
	m.refuseIf(s.Authrole != nil, s.GetAuthrole().GetLocation(), "AUTHORIZATION")
	m.refuseIf(len(s.SchemaElts) > 0, 0, "CREATE SCHEMA with statements within")
	return &ast.CreateSchema{Name: s.Schemaname, IfNotExists: s.IfNotExists}
}

func (m *mapper) dropDatabase(s *pg.DropdbStmt) *ast.Drop {
	out := &ast.Drop{Kind: ast.KindDatabase, Names: []ast.Name{{Name: s.Dbname}}, IfExists: s.MissingOk}
	for _, o := range m.options(s.Options) {
		m.refuseIf(o.Name != "force" || o.Value != nil, -1, "DROP DATABASE with option %q", o.Name)
		out.Force = true
	}
	return out
}

func (m *mapper) truncate(s *pg.TruncateStmt) *ast.Truncate {
	out := &ast.Truncate{RestartIdentity: s.RestartSeqs, Cascade: m.cascade(s.Behavior)}
	for _, n := range s.Relations {
		if rv := n.GetRangeVar(); rv != nil {
			out.Tables = append(out.Tables, m.tableRef(rv))
		} else {
			m.refuseNode(n, -1)
		}
	}
	return out
}

func (m *mapper) comment(s *pg.CommentStmt) *ast.Comment {
	out := &ast.Comment{Kind: m.kind("COMMENT ON", s.Objtype, ast.KindTable, ast.KindIndex, ast.KindView, ast.KindMatView,
		ast.KindSequence, ast.KindSchema, ast.KindDatabase, ast.KindColumn, ast.KindConstraint, ast.KindType, ast.KindDomain, ast.KindFunction)}
	if m.err != nil {
		return out
	}
	if s.Comment != "" {
		out.Text = &s.Comment
	}
	if out.Kind == ast.KindFunction {
		f := m.routine(s.Object)
		out.Func, out.Name = &f, f.Name
		return out
	}
	if t := s.Object.GetTypeName(); t != nil {
		out.Name = m.bareType(t)
		return out
	}
	parts := m.dotted(s.Object)
	if out.Kind == ast.KindColumn || out.Kind == ast.KindConstraint {
		if len(parts) < 2 {
			m.syntax(0, "column name must be qualified")
			return out
		}
		out.Sub, parts = parts[len(parts)-1], parts[:len(parts)-1]
	}
	out.Name = m.nameOf(parts, -1)
	return out
}
