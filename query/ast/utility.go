package ast

// Isolation is an isolation level as written.
type Isolation uint8

// The isolation levels. IsolationDefault means that none was given.
const (
	IsolationDefault Isolation = iota
	ReadUncommitted
	ReadCommitted
	RepeatableRead
	Serializable
)

// Tristate is a choice that may be left open.
type Tristate uint8

// The values of a Tristate.
const (
	Unset Tristate = iota
	Yes
	No
)

// TxnModes are the modes of a transaction.
type TxnModes struct {
	Isolation  Isolation
	ReadOnly   Tristate
	Deferrable Tristate
}

// Begin is BEGIN or START TRANSACTION.
type Begin struct {
	Span
	Modes TxnModes
	AsOf  Expr // AS OF SYSTEM TIME, nil means now
}

// Commit is COMMIT or END.
type Commit struct {
	Span
	Chain bool
}

// Rollback is ROLLBACK or ABORT.
type Rollback struct {
	Span
	Chain bool
}

// Savepoint is SAVEPOINT.
type Savepoint struct {
	Span
	Name string
}

// ReleaseSavepoint is RELEASE [SAVEPOINT].
type ReleaseSavepoint struct {
	Span
	Name string
}

// RollbackTo is ROLLBACK TO [SAVEPOINT].
type RollbackTo struct {
	Span
	Name string
}

// SetTransaction is SET TRANSACTION, or with Session SET SESSION CHARACTERISTICS
// AS TRANSACTION.
type SetTransaction struct {
	Span
	Session bool
	Modes   TxnModes
	AsOf    Expr
}

// SetConstraints is SET CONSTRAINTS. No names means ALL.
type SetConstraints struct {
	Span
	Names    []Name
	Deferred bool
}

// Prepare is PREPARE name (types) AS query.
type Prepare struct {
	Span
	Name  string
	Types []*TypeName
	Query Stmt
}

// Execute is EXECUTE name (args).
type Execute struct {
	Span
	Name string
	Args []Expr
}

// Deallocate is DEALLOCATE name or ALL (Name is "").
type Deallocate struct {
	Span
	Name string
}

// Set is SET [LOCAL] name = values, or with Default SET name TO DEFAULT. Values are
// literals; a bare word is a string. TIME ZONE is the name "timezone"; its value may
// also be a Cast to interval.
type Set struct {
	Span
	Local   bool
	Name    string
	Values  []Expr
	Default bool
}

// Reset is RESET name or ALL (Name is "").
type Reset struct {
	Span
	Name string
}

// Show is SHOW name; "all" is SHOW ALL.
type Show struct {
	Span
	Name string
}

// ShowTables is SHOW TABLES, which PostgreSQL does not have.
type ShowTables struct{ Span }

// Describe is DESCRIBE table, which PostgreSQL does not have.
type Describe struct {
	Span
	Name Name
}

// ExplainFormat is the format of an explanation.
type ExplainFormat uint8

// The formats.
const (
	FormatText ExplainFormat = iota
	FormatJSON
	FormatXML
	FormatYAML
)

// Explain is EXPLAIN. Query is what is explained.
type Explain struct {
	Span
	Analyze bool
	Verbose bool
	// Costs, Buffers, Timing, Summary: unset means PostgreSQL's default.
	Costs, Buffers, Timing, Summary Tristate
	Settings, WAL, Memory, Generic  bool
	Format                          ExplainFormat
	Query                           Stmt
}

// AnalyzeTarget is a table of ANALYZE or VACUUM, with columns where given.
type AnalyzeTarget struct {
	Table   Name
	Only    bool
	Columns []string
}

// Analyze is ANALYZE. No tables means all.
type Analyze struct {
	Span
	Verbose bool
	Tables  []AnalyzeTarget
}

// Vacuum is VACUUM. No tables means all. Options holds those besides the named ones.
type Vacuum struct {
	Span
	Full, Freeze, Verbose, Analyze bool
	Options                        []Option
	Tables                         []AnalyzeTarget
}

// LockTable is LOCK TABLE. Mode counts PostgreSQL's modes from ACCESS SHARE, 0, to ACCESS
// EXCLUSIVE, 7.
type LockTable struct {
	Span
	Tables []Name
	Mode   uint8
	NoWait bool
}

// Discard is DISCARD; What is "all", "plans", "sequences" or "temp".
type Discard struct {
	Span
	What string
}

// CreateExtension is CREATE EXTENSION.
type CreateExtension struct {
	Span
	Name        string
	IfNotExists bool
	Schema      string // "" where none is given
	Version     string
}

func (*Begin) stmt()            {}
func (*Commit) stmt()           {}
func (*Rollback) stmt()         {}
func (*Savepoint) stmt()        {}
func (*ReleaseSavepoint) stmt() {}
func (*RollbackTo) stmt()       {}
func (*SetTransaction) stmt()   {}
func (*SetConstraints) stmt()   {}
func (*Prepare) stmt()          {}
func (*Execute) stmt()          {}
func (*Deallocate) stmt()       {}
func (*Set) stmt()              {}
func (*Reset) stmt()            {}
func (*Show) stmt()             {}
func (*ShowTables) stmt()       {}
func (*Describe) stmt()         {}
func (*Explain) stmt()          {}
func (*Analyze) stmt()          {}
func (*Vacuum) stmt()           {}
func (*Discard) stmt()          {}
func (*CreateExtension) stmt()  {}
func (*LockTable) stmt()        {}
