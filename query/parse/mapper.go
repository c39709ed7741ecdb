package parse

import (
	"strings"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"google.golang.org/protobuf/proto"
)

// mapper turns the grammar's tree of one statement into ours. The first failure
// is kept in err and the rest of the walk goes on with what it has, so its methods
// return values only.
type mapper struct {
	err      error
	text     *rewritten
	asOf     map[int]*asOfClause // by the offset of a table's name in the original text
	stmtAsOf *asOfClause         // AS OF of a transaction statement
	topInto  *pg.IntoClause      // the INTO that has been mapped
	depth    int
	maxDepth int
}

// takeStmtAsOf gives the AS OF of a transaction statement.
func (m *mapper) takeStmtAsOf() ast.Expr {
	if m.stmtAsOf == nil {
		return nil
	}
	m.stmtAsOf.claimed = true
	return m.stmtAsOf.expr
}

// loc turns the grammar's location (0-based, in the statement as it was parsed) into a
// position in the original text.
func (m *mapper) loc(location int32) ast.Loc {
	if location < 0 {
		return 0
	}
	return ast.Loc(m.text.original(int(location)) + 1)
}

func (m *mapper) fail(err *dberr.Error) {
	if m.err == nil {
		m.err = err.At(m.text.start + 1) // where nothing better is known
	}
}

// refuse says by name what we do not support.
func (m *mapper) refuse(location int32, format string, args ...any) {
	m.fail(dberr.SQL(dberr.StateFeatureNotSupported, format+" is not supported", args...).At(int(m.loc(location))))
}

// refuseIf refuses a clause that is there.
func (m *mapper) refuseIf(there bool, location int32, format string, args ...any) {
	if there {
		m.refuse(location, format, args...)
	}
}

func (m *mapper) syntax(location int32, format string, args ...any) {
	m.fail(dberr.SQL(dberr.StateSyntax, format, args...).At(int(m.loc(location))))
}

// refuseNode refuses a whole node of the grammar.
func (m *mapper) refuseNode(n *pg.Node, location int32) {
	m.refuse(location, "%s", nodeName(n))
}

// enter counts nesting; the caller must leave. It returns false where the tree is too deep.
func (m *mapper) enter(location int32) bool {
	m.depth++
	if m.depth <= m.maxDepth {
		return m.err == nil
	}
	m.fail(dberr.SQL(dberr.StateStatementTooComplex, "the statement is nested more than %d levels deep", m.maxDepth).
		At(int(m.loc(location))).WithHint("Split the expression, or use = ANY(array) or a join instead of a long chain."))
	return false
}

func (m *mapper) leave() { m.depth-- }

// nodeNames gives SQL's words for nodes whose names do not say them.
var nodeNames = map[string]string{
	"DefineStmt": "CREATE AGGREGATE, OPERATOR, TYPE or COLLATION", "CompositeTypeStmt": "CREATE TYPE",
	"CreateTrigStmt": "CREATE TRIGGER", "CreatePlangStmt": "CREATE LANGUAGE", "RuleStmt": "CREATE RULE",
	"GrantStmt": "GRANT or REVOKE", "GrantRoleStmt": "GRANT or REVOKE", "CreateStatsStmt": "CREATE STATISTICS",
	"CreateRangeStmt": "CREATE TYPE AS RANGE", "CreateEnumStmt": "CREATE TYPE AS ENUM",
	"VariableSetStmt": "SET", "CreateFunctionStmt": "CREATE FUNCTION",
	"DoStmt": "DO", "FetchStmt": "FETCH or MOVE", "DeclareCursorStmt": "DECLARE CURSOR", "ClosePortalStmt": "CLOSE",
	"ReplicaIdentityStmt": "REPLICA IDENTITY", "RangeTableFunc": "XMLTABLE", "XmlExpr": "XML",
	"XmlSerialize": "XMLSERIALIZE", "JsonIsPredicate": "IS JSON", "JsonFuncExpr": "a SQL/JSON query function",
	"JsonObjectConstructor": "the SQL/JSON form of JSON_OBJECT", "JsonArrayConstructor": "JSON_ARRAY",
	"JsonArrayQueryConstructor": "JSON_ARRAY", "JsonArrayAgg": "JSON_ARRAYAGG", "JsonObjectAgg": "JSON_OBJECTAGG",
	"JsonTable": "JSON_TABLE", "JsonParseExpr": "the SQL/JSON function JSON", "JsonScalarExpr": "JSON_SCALAR",
	"JsonSerializeExpr": "JSON_SERIALIZE", "CreatedbStmt": "CREATE DATABASE",
	"CallStmt": "CALL", "CopyStmt": "COPY", "CreateForeignTableStmt": "CREATE FOREIGN TABLE",
	"RangeFunction": "this function in FROM", "AlterTsdictionaryStmt": "ALTER TEXT SEARCH",
	"AlterTsconfigurationStmt": "ALTER TEXT SEARCH", "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER",
	"SecLabelStmt": "SECURITY LABEL", "DropRoleStmt": "DROP ROLE", "CreateRoleStmt": "CREATE ROLE",
	"AlterRoleStmt": "ALTER ROLE", "ReturnStmt": "RETURN", "PlassignStmt": "assignment",
	"AlterOwnerStmt": "ALTER … OWNER TO", "DropOwnedStmt": "DROP OWNED", "CreateAmStmt": "CREATE ACCESS METHOD",
}

// nodeName names a node in SQL's words: CreatePolicyStmt is CREATE POLICY.
func nodeName(n *pg.Node) string {
	if n == nil || n.Node == nil {
		return "this construct"
	}
	name := string(innerMessage(n).ProtoReflect().Descriptor().Name())
	if known := nodeNames[name]; known != "" {
		return known
	}
	return strings.ToUpper(splitWords(strings.TrimSuffix(name, "Stmt")))
}

// innerMessage gives what a Node holds.
func innerMessage(n *pg.Node) (inner proto.Message) {
	r := n.ProtoReflect()
	if fd := r.WhichOneof(r.Descriptor().Oneofs().ByName("node")); fd != nil {
		return r.Get(fd).Message().Interface()
	}
	return n
}

// str returns the text of a String node.
func (m *mapper) str(n *pg.Node) string {
	if s, ok := n.GetNode().(*pg.Node_String_); ok {
		return s.String_.Sval
	}
	m.refuseNode(n, -1)
	return ""
}

func (m *mapper) strs(ns []*pg.Node) []string {
	if len(ns) == 0 {
		return nil
	}
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = m.str(n)
	}
	return out
}

// opName splits an operator's name into its schema and symbol.
func (m *mapper) opName(ns []*pg.Node, location int32) (schema, op string) {
	parts := m.strs(ns)
	switch len(parts) {
	case 1:
		return "", parts[0]
	case 2:
		return parts[0], parts[1]
	}
	m.refuse(location, "an operator name of %d parts", len(parts))
	return "", ""
}

// nameOf makes a Name of the parts of a dotted name.
func (m *mapper) nameOf(parts []string, location int32) ast.Name {
	n := ast.Name{Loc: m.loc(location)}
	switch len(parts) {
	case 3:
		n.Catalog, n.Schema, n.Name = parts[0], parts[1], parts[2]
	case 2:
		n.Schema, n.Name = parts[0], parts[1]
	case 1:
		n.Name = parts[0]
	default:
		m.syntax(location, "improper qualified name (too many dotted names): %s", strings.Join(parts, "."))
	}
	return n
}

// relName maps a RangeVar where only a name may stand.
func (m *mapper) relName(rv *pg.RangeVar) ast.Name {
	if rv == nil {
		return ast.Name{}
	}
	m.refuseIf(rv.Alias != nil, rv.Location, "an alias here")
	m.refuseIf(!rv.Inh, rv.Location, "ONLY here")
	m.refuseIf(rv.Relpersistence != "p", rv.Location, "a temporary or unlogged relation here")
	return m.bareName(rv)
}

func (m *mapper) bareName(rv *pg.RangeVar) ast.Name {
	return ast.Name{Loc: m.loc(rv.Location), Catalog: rv.Catalogname, Schema: rv.Schemaname, Name: rv.Relname}
}

func (m *mapper) persistence(rv *pg.RangeVar) ast.Persistence {
	switch rv.Relpersistence {
	case "t":
		return ast.Temporary
	case "u":
		return ast.Unlogged
	case "p":
		return ast.Permanent
	}
	m.refuse(rv.Location, "persistence %q", rv.Relpersistence)
	return ast.Permanent
}

// newName maps the RangeVar of what is created: a name with a persistence.
func (m *mapper) newName(rv *pg.RangeVar) (ast.Name, ast.Persistence) {
	m.refuseIf(rv.Alias != nil, rv.Location, "an alias here")
	m.refuseIf(!rv.Inh, rv.Location, "ONLY here")
	return m.bareName(rv), m.persistence(rv)
}

func (m *mapper) alias(a *pg.Alias) *ast.Alias {
	if a == nil {
		return nil
	}
	return &ast.Alias{Name: a.Aliasname, Columns: m.strs(a.Colnames)}
}

func (m *mapper) cascade(b pg.DropBehavior) bool { return b == pg.DropBehavior_DROP_CASCADE }

// typeName maps a type. PostgreSQL's grammar has turned SQL's spellings into
// catalog names already.
func (m *mapper) typeName(t *pg.TypeName) *ast.TypeName {
	if t == nil {
		return nil
	}
	m.refuseIf(t.PctType, t.Location, "%%TYPE")
	m.refuseIf(t.Setof, t.Location, "SETOF")
	m.refuseIf(t.TypeOid != 0, t.Location, "a type by number")
	parts := m.strs(t.Names)
	n := &ast.TypeName{Loc: m.loc(t.Location), Dims: len(t.ArrayBounds)}
	switch len(parts) {
	case 1:
		n.Name = parts[0]
	case 2:
		n.Schema, n.Name = parts[0], parts[1]
	default:
		m.refuse(t.Location, "the type name %s", strings.Join(parts, "."))
	}
	mods := t.Typmods
	if n.Schema == "pg_catalog" && n.Name == "interval" && len(mods) > 0 {
		if i, ok := constInt(mods[0]); ok {
			n.Fields = intervalFields(i)
			mods = mods[1:]
		}
	}
	if n.Schema == "pg_catalog" {
		n.Schema = ""
	}
	n.Mods = m.exprs(mods)
	return n
}

// intervalFields turns PostgreSQL's mask of interval fields into ours; the mask of
// all fields is none.
func intervalFields(mask int32) ast.IntervalFields {
	if mask == 0x7FFF {
		return 0
	}
	var f ast.IntervalFields
	for _, b := range []struct {
		bit   int32
		field ast.IntervalFields
	}{{1 << 2, ast.FieldYear}, {1 << 1, ast.FieldMonth}, {1 << 3, ast.FieldDay},
		{1 << 10, ast.FieldHour}, {1 << 11, ast.FieldMinute}, {1 << 12, ast.FieldSecond}} {
		if mask&b.bit != 0 {
			f |= b.field
		}
	}
	return f
}

// constInt returns the value of an integer constant.
func constInt(n *pg.Node) (int32, bool) {
	switch v := n.GetNode().(type) {
	case *pg.Node_AConst:
		if i, ok := v.AConst.Val.(*pg.A_Const_Ival); ok && !v.AConst.Isnull {
			return i.Ival.Ival, true
		}
	case *pg.Node_Integer:
		return v.Integer.Ival, true
	}
	return 0, false
}

func (m *mapper) options(ns []*pg.Node) []ast.Option {
	var out []ast.Option
	for _, n := range ns {
		d := n.GetDefElem()
		if d == nil {
			m.refuseNode(n, -1)
			continue
		}
		name := d.Defname
		if d.Defnamespace != "" {
			name = d.Defnamespace + "." + name
		}
		m.refuseIf(d.Defaction != pg.DefElemAction_DEFELEM_UNSPEC, d.Location, "ADD, SET or DROP of option %q", name)
		out = append(out, ast.Option{Loc: m.loc(d.Location), Name: name, Value: m.optionValue(d.Arg, d.Location)})
	}
	return out
}

// optionValue maps the value of an option: a number, a word, a list is refused.
func (m *mapper) optionValue(n *pg.Node, location int32) ast.Expr {
	if n == nil {
		return nil
	}
	l := m.loc(location)
	switch v := n.Node.(type) {
	case *pg.Node_String_:
		return &ast.Literal{Loc: l, Kind: ast.LitString, Text: v.String_.Sval}
	case *pg.Node_Integer:
		return intLiteral(l, v.Integer.Ival)
	case *pg.Node_Float:
		return numLiteral(l, v.Float.Fval)
	case *pg.Node_Boolean:
		return boolLiteral(l, v.Boolean.Boolval)
	case *pg.Node_TypeName:
		t := v.TypeName
		if len(t.Typmods) == 0 && len(t.ArrayBounds) == 0 && !t.Setof && !t.PctType && t.TypeOid == 0 {
			parts := m.strs(t.Names)
			return &ast.Literal{Loc: l, Kind: ast.LitString, Text: parts[len(parts)-1]}
		}
	case *pg.Node_AConst:
		return m.expr(n)
	}
	m.refuse(location, "this option value")
	return nil
}
