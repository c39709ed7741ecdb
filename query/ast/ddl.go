package ast

// CreateTable is CREATE TABLE with columns. See CreateTableAs for the other form.
type CreateTable struct {
	Span
	Name        Name
	IfNotExists bool
	Persistence Persistence
	Columns     []ColumnDef
	Constraints []Constraint // of the table; those of a column are in its ColumnDef
	Likes       []LikeClause
	Options     []Option // WITH (…)
	OnCommit    OnCommit
}

// OnCommit is what becomes of a temporary table's rows at commit.
type OnCommit uint8

// What becomes of them.
const (
	OnCommitDefault OnCommit = iota
	OnCommitPreserve
	OnCommitDelete
	OnCommitDrop
)

// LikeClause is LIKE table [INCLUDING …] among the columns.
type LikeClause struct {
	Table Name
	// At is the number of columns of CreateTable.Columns that stand before it.
	At        int
	Including LikeOptions
}

// LikeOptions is a set of what LIKE copies besides names, types and NOT NULL.
type LikeOptions uint16

// What LIKE may copy.
const (
	LikeComments LikeOptions = 1 << iota
	LikeCompression
	LikeConstraints
	LikeDefaults
	LikeGenerated
	LikeIdentity
	LikeIndexes
	LikeStatistics
	LikeStorage
	LikeAll LikeOptions = 1<<9 - 1
)

// ColumnDef defines a column. NOT NULL, DEFAULT and the rest are in Constraints,
// in the order written.
type ColumnDef struct {
	Loc
	Name        string
	Type        *TypeName
	Collate     []string
	Constraints []Constraint
}

// ConstraintKind is the kind of a constraint.
type ConstraintKind uint8

// The kinds of constraints. The first five stand only in a column's definition.
const (
	ConstrNull ConstraintKind = iota // the word NULL
	ConstrNotNull
	ConstrDefault   // Expr
	ConstrIdentity  // Identity, Sequence
	ConstrGenerated // Expr, Stored
	ConstrCheck     // Expr
	ConstrPrimary   // Columns (table form), Include
	ConstrUnique    // Columns (table form), Include, NullsNotDistinct
	ConstrForeign   // Columns (table form), RefTable and the rest
)

// Constraint is a constraint of a column or a table.
type Constraint struct {
	Loc
	Kind ConstraintKind
	Name string // "" where not given
	Expr Expr
	// Columns of a table constraint; empty in the column form.
	Columns          []string
	Include          []string
	NullsNotDistinct bool
	UsingIndex       string // PRIMARY KEY / UNIQUE USING INDEX
	Options          []Option

	Identity byte // 'a' GENERATED ALWAYS, 'd' BY DEFAULT
	Sequence SequenceOptions
	Stored   bool // GENERATED … STORED; false is VIRTUAL

	RefTable     Name
	RefColumns   []string // empty means the primary key
	Match        byte     // 's' simple, 'f' full, 'p' partial
	OnDelete     byte     // 'a' no action, 'r' restrict, 'c' cascade, 'n' set null, 'd' set default
	OnUpdate     byte
	OnDeleteCols []string // SET NULL (columns)

	Deferrable        bool
	InitiallyDeferred bool
	NotEnforced       bool
	NotValid          bool
	NoInherit         bool
}

// AlterAction is what one part of ALTER TABLE does.
type AlterAction uint8

// The actions.
const (
	AddColumn          AlterAction = iota // Def, IfExists means IF NOT EXISTS
	DropColumn                            // Name, IfExists, Cascade
	SetDefault                            // Name, Expr
	DropDefault                           // Name
	SetNotNull                            // Name
	DropNotNull                           // Name
	SetType                               // Name, Type, Collate, Expr is USING
	SetExpression                         // Name, Expr: of a generated column
	DropExpression                        // Name, IfExists
	AddIdentity                           // Name, Constraint
	SetIdentity                           // Name, Identity (0 unchanged), Sequence
	DropIdentity                          // Name, IfExists
	AddConstraint                         // Constraint
	DropConstraint                        // Name, IfExists, Cascade
	ValidateConstraint                    // Name
	SetOptions                            // Options: SET (…)
	ResetOptions                          // Options: RESET (…)
	OwnerTo                               // Name
)

// AlterCmd is one part of ALTER TABLE.
type AlterCmd struct {
	Loc
	Action     AlterAction
	Name       string // of the column, constraint or owner
	Def        *ColumnDef
	Type       *TypeName
	Collate    []string
	Expr       Expr
	Constraint *Constraint
	Identity   byte
	Sequence   SequenceOptions
	Options    []Option
	IfExists   bool
	Cascade    bool
}

// AlterTable is ALTER TABLE, or ALTER of another relation with the same actions.
type AlterTable struct {
	Span
	Kind     ObjectKind
	Name     Name
	Only     bool
	IfExists bool
	Cmds     []AlterCmd
}

// Rename is ALTER … RENAME. Old is the column's or constraint's name where Kind
// is KindColumn or KindConstraint (of the relation Name, which is of kind Of).
type Rename struct {
	Span
	Kind     ObjectKind
	Of       ObjectKind
	Name     Name
	Only     bool
	Old, New string
	IfExists bool
	Cascade  bool
	Func     *Routine // where Kind is KindFunction
}

// SetSchema is ALTER … SET SCHEMA.
type SetSchema struct {
	Span
	Kind     ObjectKind
	Name     Name
	Schema   string
	IfExists bool
	Func     *Routine // where Kind is KindFunction
}

// IndexElem is one key part of an index: a column, or an expression.
type IndexElem struct {
	Loc
	Column  string // "" where Expr is set
	Expr    Expr
	Collate []string
	OpClass []string
	Desc    bool
	Nulls   NullsOrder
}

// CreateIndex is CREATE INDEX.
type CreateIndex struct {
	Span
	Name             string // "" means that one is made up
	Table            Name
	Only             bool
	Method           string // "btree" where not given
	Unique           bool
	NullsNotDistinct bool
	IfNotExists      bool
	Concurrently     bool
	Columns          []IndexElem
	Include          []string
	Where            Expr
	Options          []Option
}

// Drop is DROP of one or more objects of one kind.
type Drop struct {
	Span
	Kind         ObjectKind
	Names        []Name
	Funcs        []Routine // where Kind is KindFunction
	IfExists     bool
	Cascade      bool
	Concurrently bool
	Force        bool // DROP DATABASE … WITH (FORCE)
}

// CheckOption is the WITH CHECK OPTION of a view.
type CheckOption uint8

// The check options.
const (
	CheckNone CheckOption = iota
	CheckLocal
	CheckCascaded
)

// CreateView is CREATE VIEW.
type CreateView struct {
	Span
	Name        Name
	OrReplace   bool
	Persistence Persistence
	Columns     []string
	Query       *Select
	Options     []Option
	Check       CheckOption
}

// CreateTableAs is CREATE TABLE … AS, SELECT INTO, or CREATE MATERIALIZED VIEW
// (Kind KindMatView). Query is a Select or an Execute.
type CreateTableAs struct {
	Span
	Kind        ObjectKind
	Name        Name
	Columns     []string
	IfNotExists bool
	Persistence Persistence
	Options     []Option
	OnCommit    OnCommit
	Query       Stmt
	NoData      bool // WITH NO DATA
	// Stream is CREATE STREAM, whose Query is nil where it has none.
	Stream bool
}

// RefreshMatView is REFRESH MATERIALIZED VIEW.
type RefreshMatView struct {
	Span
	Name         Name
	Concurrently bool
	NoData       bool
}

// SequenceOptions are the options of a sequence; nil fields were not given.
type SequenceOptions struct {
	Type         *TypeName
	Start        *int64
	Increment    *int64
	Min, Max     *int64
	NoMin, NoMax bool
	Cache        *int64
	Cycle        *bool
	Restart      bool   // RESTART
	RestartWith  *int64 // RESTART WITH n
	// OwnedBy is the table's name and the column; OWNED BY NONE has only "none".
	OwnedBy []string
	// Name is the sequence's own name, in the options of an identity column.
	Name *Name
}

// CreateSequence is CREATE SEQUENCE.
type CreateSequence struct {
	Span
	Name        Name
	IfNotExists bool
	Persistence Persistence
	Options     SequenceOptions
}

// AlterSequence is ALTER SEQUENCE with options.
type AlterSequence struct {
	Span
	Name     Name
	IfExists bool
	Options  SequenceOptions
}

// CreateSchema is CREATE SCHEMA.
type CreateSchema struct {
	Span
	Name        string
	IfNotExists bool
}

// CreateDatabase is CREATE DATABASE.
type CreateDatabase struct {
	Span
	Name        string
	IfNotExists bool
	Options     []Option
}

// Truncate is TRUNCATE.
type Truncate struct {
	Span
	Tables          []*TableRef
	RestartIdentity bool
	Cascade         bool
}

// Comment is COMMENT ON. Name is the object (for a column or constraint its table),
// Sub the column's or constraint's name. Text is nil for IS NULL.
type Comment struct {
	Span
	Kind ObjectKind
	Name Name
	Sub  string
	Text *string
	Func *Routine // where Kind is KindFunction
}

func (*CreateTable) stmt()    {}
func (*AlterTable) stmt()     {}
func (*Rename) stmt()         {}
func (*SetSchema) stmt()      {}
func (*CreateIndex) stmt()    {}
func (*Drop) stmt()           {}
func (*CreateView) stmt()     {}
func (*CreateTableAs) stmt()  {}
func (*RefreshMatView) stmt() {}
func (*CreateSequence) stmt() {}
func (*AlterSequence) stmt()  {}
func (*CreateSchema) stmt()   {}
func (*CreateDatabase) stmt() {}
func (*Truncate) stmt()       {}
func (*Comment) stmt()        {}
