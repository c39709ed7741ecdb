package parse

import (
	"strings"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

var isolations = map[string]ast.Isolation{
	"read uncommitted": ast.ReadUncommitted, "read committed": ast.ReadCommitted,
	"repeatable read": ast.RepeatableRead, "serializable": ast.Serializable,
}

func (m *mapper) txnModes(ns []*pg.Node) ast.TxnModes {
	var t ast.TxnModes
	for _, n := range ns {
		d := n.GetDefElem()
		m.refuseIf(d.GetDefaction() != pg.DefElemAction_DEFELEM_UNSPEC || d.GetDefnamespace() != "", d.GetLocation(), "this transaction mode")
		switch d.GetDefname() {
		case "transaction_isolation":
			level, ok := isolations[d.Arg.GetAConst().GetSval().GetSval()]
			m.refuseIf(!ok, d.Location, "this isolation level")
			t.Isolation = level
		case "transaction_read_only":
			t.ReadOnly = m.yesNo(d)
		case "transaction_deferrable":
			t.Deferrable = m.yesNo(d)
		default:
			m.refuse(d.GetLocation(), "this transaction mode")
		}
	}
	return t
}

func (m *mapper) yesNo(d *pg.DefElem) ast.Tristate {
	v, ok := constInt(d.Arg)
	m.refuseIf(!ok, d.Location, "this transaction mode")
	if v != 0 {
		return ast.Yes
	}
	return ast.No
}

func (m *mapper) transaction(s *pg.TransactionStmt) ast.Stmt {
	begin := s.Kind == pg.TransactionStmtKind_TRANS_STMT_BEGIN || s.Kind == pg.TransactionStmtKind_TRANS_STMT_START
	end := s.Kind == pg.TransactionStmtKind_TRANS_STMT_COMMIT || s.Kind == pg.TransactionStmtKind_TRANS_STMT_ROLLBACK
	m.refuseIf(s.Gid != "" || s.Kind >= pg.TransactionStmtKind_TRANS_STMT_PREPARE, s.Location, "two-phase commit")
	m.refuseIf(!begin && len(s.Options) > 0, s.Location, "a transaction mode here")
	m.refuseIf(!end && s.Chain, s.Location, "AND CHAIN here")
	m.refuseIf((begin || end) && s.SavepointName != "", s.Location, "a savepoint here")
	switch s.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		return &ast.Begin{Modes: m.txnModes(s.Options), AsOf: m.takeStmtAsOf()}
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT:
		return &ast.Commit{Chain: s.Chain}
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		return &ast.Rollback{Chain: s.Chain}
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		return &ast.Savepoint{Name: s.SavepointName}
	case pg.TransactionStmtKind_TRANS_STMT_RELEASE:
		return &ast.ReleaseSavepoint{Name: s.SavepointName}
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		return &ast.RollbackTo{Name: s.SavepointName}
	}
	m.refuse(s.Location, "this transaction statement")
	return nil
}

func (m *mapper) set(s *pg.VariableSetStmt) ast.Stmt {
	if s.Kind != pg.VariableSetKind_VAR_SET_VALUE && s.Kind != pg.VariableSetKind_VAR_SET_MULTI {
		m.refuseIf(len(s.Args) > 0, s.Location, "values here")
	}
	switch s.Kind {
	case pg.VariableSetKind_VAR_SET_VALUE:
		return &ast.Set{Local: s.IsLocal, Name: strings.ToLower(s.Name), Values: m.exprs(s.Args)}
	case pg.VariableSetKind_VAR_SET_DEFAULT:
		return &ast.Set{Local: s.IsLocal, Name: strings.ToLower(s.Name), Default: true}
	case pg.VariableSetKind_VAR_RESET:
		m.refuseIf(s.IsLocal, s.Location, "LOCAL here")
		return &ast.Reset{Name: strings.ToLower(s.Name)}
	case pg.VariableSetKind_VAR_RESET_ALL:
		m.refuseIf(s.IsLocal || s.Name != "", s.Location, "this form of RESET")
		return &ast.Reset{}
	case pg.VariableSetKind_VAR_SET_MULTI:
		m.refuseIf(s.IsLocal && s.Name != "TRANSACTION", s.Location, "LOCAL here")
		switch s.Name {
		case "TRANSACTION", "SESSION CHARACTERISTICS":
			return &ast.SetTransaction{Session: s.Name != "TRANSACTION", Modes: m.txnModes(s.Args), AsOf: m.takeStmtAsOf()}
		}
		m.refuse(s.Location, "SET %s", s.Name)
		return nil
	}
	m.refuse(s.Location, "SET … FROM CURRENT")
	return nil
}

func (m *mapper) show(s *pg.VariableShowStmt) ast.Stmt {
	if s.Name == "tables" {
		return &ast.ShowTables{}
	}
	return &ast.Show{Name: strings.ToLower(s.Name)}
}

func (m *mapper) setConstraints(s *pg.ConstraintsSetStmt) *ast.SetConstraints {
	out := &ast.SetConstraints{Deferred: s.Deferred}
	for _, n := range s.Constraints {
		out.Names = append(out.Names, m.relName(n.GetRangeVar()))
	}
	return out
}

// boolOption reads an option as PostgreSQL does: nothing, a word, or 0 and 1.
func (m *mapper) boolOption(d *pg.DefElem) bool {
	if d.Arg == nil {
		return true
	}
	if v, ok := constInt(d.Arg); ok && (v == 0 || v == 1) {
		return v == 1
	}
	switch v := d.Arg.Node.(type) {
	case *pg.Node_Boolean:
		return v.Boolean.Boolval
	case *pg.Node_String_:
		switch strings.ToLower(v.String_.Sval) {
		case "true", "on":
			return true
		case "false", "off":
			return false
		}
	}
	m.syntax(d.Location, "%s requires a Boolean value", d.Defname)
	return false
}

func (m *mapper) triOption(d *pg.DefElem) ast.Tristate {
	if m.boolOption(d) {
		return ast.Yes
	}
	return ast.No
}

// defElems gives the options of a utility statement, refusing what is not a plain name and value.
func (m *mapper) defElems(ns []*pg.Node) []*pg.DefElem {
	var out []*pg.DefElem
	for _, n := range ns {
		d := n.GetDefElem()
		if d == nil {
			m.refuseNode(n, -1)
			continue
		}
		m.refuseIf(d.Defaction != pg.DefElemAction_DEFELEM_UNSPEC || d.Defnamespace != "", d.Location, "this form of option %q", d.Defname)
		out = append(out, d)
	}
	return out
}

func (m *mapper) explain(s *pg.ExplainStmt) *ast.Explain {
	out := &ast.Explain{Query: m.explainable(s.Query)}
	for _, d := range m.defElems(s.Options) {
		switch d.Defname {
		case "analyze":
			out.Analyze = m.boolOption(d)
		case "verbose":
			out.Verbose = m.boolOption(d)
		case "costs":
			out.Costs = m.triOption(d)
		case "buffers":
			out.Buffers = m.triOption(d)
		case "timing":
			out.Timing = m.triOption(d)
		case "summary":
			out.Summary = m.triOption(d)
		case "settings":
			out.Settings = m.boolOption(d)
		case "wal":
			out.WAL = m.boolOption(d)
		case "memory":
			out.Memory = m.boolOption(d)
		case "generic_plan":
			out.Generic = m.boolOption(d)
		case "format":
			out.Format = m.explainFormat(d)
		case "serialize":
			m.refuse(d.Location, "EXPLAIN (SERIALIZE)")
		default:
			m.syntax(d.Location, "unrecognized EXPLAIN option %q", d.Defname)
		}
	}
	return out
}

var explainFormats = map[string]ast.ExplainFormat{"text": ast.FormatText, "json": ast.FormatJSON, "xml": ast.FormatXML, "yaml": ast.FormatYAML}

func (m *mapper) explainFormat(d *pg.DefElem) ast.ExplainFormat {
	word := d.Arg.GetString_().GetSval()
	f, ok := explainFormats[word]
	if !ok {
		m.fail(dberr.SQL(dberr.StateInvalidParameterValue, "unrecognized value for EXPLAIN option \"format\": %q", word).
			At(int(m.loc(d.Location))).WithHint("Formats are text, json, xml and yaml."))
	}
	return f
}

// explainable maps the statements that EXPLAIN, PREPARE and CREATE TABLE AS hold.
func (m *mapper) explainable(n *pg.Node) ast.Stmt {
	switch v := n.GetNode().(type) {
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
	case *pg.Node_CreateTableAsStmt:
		return m.createTableAs(v.CreateTableAsStmt)
	case *pg.Node_ExecuteStmt:
		return &ast.Execute{Name: v.ExecuteStmt.Name, Args: m.exprs(v.ExecuteStmt.Params)}
	}
	m.refuseNode(n, nodeLocation(n))
	return nil
}

func (m *mapper) analyzeTargets(ns []*pg.Node) []ast.AnalyzeTarget {
	var out []ast.AnalyzeTarget
	for _, n := range ns {
		r := n.GetVacuumRelation()
		rv := r.GetRelation()
		if rv == nil {
			m.refuseNode(n, -1)
			continue
		}
		m.refuseIf(rv.Alias != nil || rv.Relpersistence != "p" || r.Oid != 0, rv.Location, "this table here")
		out = append(out, ast.AnalyzeTarget{Table: m.bareName(rv), Only: !rv.Inh, Columns: m.strs(r.VaCols)})
	}
	return out
}

func (m *mapper) vacuum(s *pg.VacuumStmt) ast.Stmt {
	if !s.IsVacuumcmd {
		out := &ast.Analyze{Tables: m.analyzeTargets(s.Rels)}
		for _, d := range m.defElems(s.Options) {
			switch d.Defname {
			case "verbose":
				out.Verbose = m.boolOption(d)
			case "skip_locked": // nothing is waited for anyway
				m.boolOption(d)
			default:
				m.syntax(d.Location, "unrecognized ANALYZE option %q", d.Defname)
			}
		}
		return out
	}
	out := &ast.Vacuum{Tables: m.analyzeTargets(s.Rels)}
	for _, d := range m.defElems(s.Options) {
		switch d.Defname {
		case "full":
			out.Full = m.boolOption(d)
		case "freeze":
			out.Freeze = m.boolOption(d)
		case "verbose":
			out.Verbose = m.boolOption(d)
		case "analyze":
			out.Analyze = m.boolOption(d)
		default:
			out.Options = append(out.Options, ast.Option{Loc: m.loc(d.Location), Name: d.Defname, Value: m.optionValue(d.Arg, d.Location)})
		}
	}
	return out
}

func (m *mapper) createExtension(s *pg.CreateExtensionStmt) ast.Stmt {
	out := &ast.CreateExtension{Name: s.Extname, IfNotExists: s.IfNotExists}
	for _, d := range m.defElems(s.Options) {
		text, _ := d.Arg.GetNode().(*pg.Node_String_)
		switch {
		case d.Defname == "schema" && text != nil:
			out.Schema = text.String_.Sval
		case d.Defname == "new_version" && text != nil:
			out.Version = text.String_.Sval
		case d.Defname == "cascade": // there is nothing that these depend on
		default:
			m.refuse(d.Location, "this option of CREATE EXTENSION")
		}
	}
	return out
}

func (m *mapper) prepare(s *pg.PrepareStmt) *ast.Prepare {
	out := &ast.Prepare{Name: s.Name, Query: m.explainable(s.Query)}
	for _, n := range s.Argtypes {
		out.Types = append(out.Types, m.typeName(n.GetTypeName()))
	}
	return out
}

func (m *mapper) deallocate(s *pg.DeallocateStmt) *ast.Deallocate {
	m.refuseIf(s.Isall != (s.Name == ""), s.Location, "this form of DEALLOCATE")
	return &ast.Deallocate{Name: s.Name}
}

var discards = map[pg.DiscardMode]string{pg.DiscardMode_DISCARD_ALL: "all", pg.DiscardMode_DISCARD_PLANS: "plans",
	pg.DiscardMode_DISCARD_SEQUENCES: "sequences", pg.DiscardMode_DISCARD_TEMP: "temp"}

func (m *mapper) lockTable(s *pg.LockStmt) ast.Stmt {
	m.refuseIf(s.Mode < 1 || s.Mode > 8, 0, "this lock mode")
	out := &ast.LockTable{Mode: uint8(s.Mode - 1), NoWait: s.Nowait}
	for _, n := range s.Relations {
		rv := n.GetRangeVar()
		m.refuseIf(rv.GetAlias() != nil || rv.GetRelpersistence() != "p", rv.GetLocation(), "this table here")
		out.Tables = append(out.Tables, m.bareName(rv)) // no table has others below it, so ONLY means nothing
	}
	return out
}

// statement maps one statement.
func (m *mapper) statement(n *pg.Node) ast.Stmt {
	switch v := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return m.topSelect(v.SelectStmt)
	case *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt,
		*pg.Node_CreateTableAsStmt, *pg.Node_ExecuteStmt:
		return m.explainable(n)
	case *pg.Node_ExplainStmt:
		return m.explain(v.ExplainStmt)
	case *pg.Node_TransactionStmt:
		return m.transaction(v.TransactionStmt)
	case *pg.Node_VariableSetStmt:
		return m.set(v.VariableSetStmt)
	case *pg.Node_VariableShowStmt:
		return m.show(v.VariableShowStmt)
	case *pg.Node_ConstraintsSetStmt:
		return m.setConstraints(v.ConstraintsSetStmt)
	case *pg.Node_PrepareStmt:
		return m.prepare(v.PrepareStmt)
	case *pg.Node_DeallocateStmt:
		return m.deallocate(v.DeallocateStmt)
	case *pg.Node_VacuumStmt:
		return m.vacuum(v.VacuumStmt)
	case *pg.Node_DiscardStmt:
		word, ok := discards[v.DiscardStmt.Target]
		m.refuseIf(!ok, 0, "this form of DISCARD")
		return &ast.Discard{What: word}
	case *pg.Node_CreateExtensionStmt:
		return m.createExtension(v.CreateExtensionStmt)
	case *pg.Node_LockStmt:
		return m.lockTable(v.LockStmt)
	}
	return m.definition(n)
}

// definition maps the statements of the data definition language.
func (m *mapper) definition(n *pg.Node) ast.Stmt {
	switch v := n.GetNode().(type) {
	case *pg.Node_CreateStmt:
		return m.createTable(v.CreateStmt)
	case *pg.Node_IndexStmt:
		return m.createIndex(v.IndexStmt)
	case *pg.Node_AlterTableStmt:
		return m.alterTable(v.AlterTableStmt)
	case *pg.Node_RenameStmt:
		return m.rename(v.RenameStmt)
	case *pg.Node_AlterObjectSchemaStmt:
		return m.setSchema(v.AlterObjectSchemaStmt)
	case *pg.Node_DropStmt:
		return m.drop(v.DropStmt)
	case *pg.Node_ViewStmt:
		return m.createView(v.ViewStmt)
	case *pg.Node_RefreshMatViewStmt:
		s := v.RefreshMatViewStmt
		return &ast.RefreshMatView{Name: m.relName(s.Relation), Concurrently: s.Concurrent, NoData: s.SkipData}
	case *pg.Node_CreateSeqStmt:
		s := v.CreateSeqStmt
		m.refuseIf(s.OwnerId != 0 || s.ForIdentity, 0, "this form of CREATE SEQUENCE")
		out := &ast.CreateSequence{IfNotExists: s.IfNotExists, Options: m.sequenceOptions(s.Options)}
		out.Name, out.Persistence = m.newName(s.Sequence)
		return out
	case *pg.Node_AlterSeqStmt:
		s := v.AlterSeqStmt
		m.refuseIf(s.ForIdentity, 0, "this form of ALTER SEQUENCE")
		return &ast.AlterSequence{Name: m.relName(s.Sequence), IfExists: s.MissingOk, Options: m.sequenceOptions(s.Options)}
	case *pg.Node_CreateSchemaStmt:
		return m.createSchema(v.CreateSchemaStmt)
	case *pg.Node_CreatedbStmt:
		return &ast.CreateDatabase{Name: v.CreatedbStmt.Dbname, Options: m.options(v.CreatedbStmt.Options)}
	case *pg.Node_DropdbStmt:
		return m.dropDatabase(v.DropdbStmt)
	case *pg.Node_ReindexStmt:
		return m.reindex(v.ReindexStmt)
	case *pg.Node_TruncateStmt:
		return m.truncate(v.TruncateStmt)
	case *pg.Node_CommentStmt:
		return m.comment(v.CommentStmt)
	}
	if s, ok := m.function(n); ok {
		return s
	}
	if s, ok := m.userType(n); ok {
		return s
	}
	if s, ok := m.cursor(n); ok {
		return s
	}
	m.refuseNode(n, 0)
	return nil
}

// topSelect maps a query that is a statement of its own, where INTO may stand: on
// the leftmost operand of a set operation.
func (m *mapper) topSelect(s *pg.SelectStmt) ast.Stmt {
	leaf := s
	for leaf.Op != pg.SetOperation_SETOP_NONE && leaf.Larg != nil {
		leaf = leaf.Larg
	}
	into := leaf.IntoClause
	if into == nil {
		return m.selectStmt(s)
	}
	m.topInto = into
	out := m.into(into)
	out.Query = m.selectStmt(s)
	return out
}
