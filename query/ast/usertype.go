package ast

// CreateType is CREATE TYPE … AS ENUM (Labels), or AS (Fields).
type CreateType struct {
	Span
	Name   Name
	Enum   bool
	Labels []string
	Fields []ColDef
}

// AlterEnum is ALTER TYPE … ADD VALUE, or RENAME VALUE where Old is set.
type AlterEnum struct {
	Span
	Name        Name
	Old         string
	New         string
	Neighbor    string // BEFORE or AFTER this one
	After       bool
	IfNotExists bool
}

// CreateDomain is CREATE DOMAIN. Its constraints are those of a column.
type CreateDomain struct {
	Span
	Name        Name
	Type        *TypeName
	Collate     []string
	Constraints []Constraint
}

// DomainAction is what ALTER DOMAIN does.
type DomainAction uint8

// The actions.
const (
	DomainSetDefault DomainAction = iota // Expr; nil is DROP DEFAULT
	DomainSetNotNull
	DomainDropNotNull
	DomainAddConstraint  // Constraint
	DomainDropConstraint // Constraint's name in Sub, IfExists, Cascade
	DomainValidate       // Sub
)

// AlterDomain is ALTER DOMAIN.
type AlterDomain struct {
	Span
	Name       Name
	Action     DomainAction
	Expr       Expr
	Constraint *Constraint
	Sub        string
	IfExists   bool
	Cascade    bool
}

// Reindex is REINDEX of an index, a table, or with a schema's name of all in it.
type Reindex struct {
	Span
	Kind         ObjectKind // KindIndex, KindTable, KindSchema or KindDatabase
	Name         Name
	Concurrently bool
	Verbose      bool
}

// DeclareCursor is DECLARE … CURSOR FOR Query.
type DeclareCursor struct {
	Span
	Name   string
	Hold   bool // WITH HOLD
	Scroll Tristate
	Binary bool
	Query  *Select
}

// FetchDirection is the way that FETCH goes.
type FetchDirection uint8

// The directions.
const (
	FetchForward FetchDirection = iota
	FetchBackward
	FetchAbsolute
	FetchRelative
)

// FetchAllRows is the count of FETCH ALL.
const FetchAllRows = 1<<63 - 1

// Fetch is FETCH, or with Move MOVE.
type Fetch struct {
	Span
	Name      string
	Direction FetchDirection
	Count     int64
	Move      bool
}

// CloseCursor is CLOSE; Name is "" for ALL.
type CloseCursor struct {
	Span
	Name string
}

func (*CreateType) stmt()    {}
func (*AlterEnum) stmt()     {}
func (*CreateDomain) stmt()  {}
func (*AlterDomain) stmt()   {}
func (*Reindex) stmt()       {}
func (*DeclareCursor) stmt() {}
func (*Fetch) stmt()         {}
func (*CloseCursor) stmt()   {}
