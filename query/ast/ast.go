// Package ast is the syntax tree of SQL statements in PostgreSQL's dialect.
//
// It says what was written, not what it means: names are not looked up, types are
// names, integers and decimals are kept as text so that no digit is lost. Every
// front end produces this tree and only this tree, so nothing that the text says may
// be missing from it: a front end refuses what it has no node for.
//
// Nodes are plain structs behind three interfaces: Stmt, Expr and TableExpr. A
// tree is not changed once it is built, and may be shared. Walk visits one; String and
// QueryString print one in PostgreSQL's words, and what they print parses to an equal
// tree.
package ast

// Loc is where a node stands: the 1-based byte offset of its first (or most
// telling) byte in the text, 0 where unknown.
type Loc int

// Pos returns the position.
func (l Loc) Pos() int { return int(l) }

// Span is the range of a statement in the text, as 0-based byte offsets [Start, End),
// without the white space and comments around it and without the semicolon. Both are 0
// for a statement within another one.
type Span struct{ Start, End int }

// Pos returns the 1-based position of the statement, 0 where unknown.
func (s Span) Pos() int {
	if s.End == 0 {
		return 0
	}
	return s.Start + 1
}

// Range returns the span.
func (s Span) Range() (start, end int) { return s.Start, s.End }

// SetRange sets the span; the front end that built the statement calls it once.
func (s *Span) SetRange(start, end int) { s.Start, s.End = start, end }

// Stmt is a statement.
type Stmt interface {
	Pos() int
	// Range is the statement's text: sql[start:end], or 0, 0 within another statement.
	Range() (start, end int)
	stmt()
}

// Expr is a scalar expression.
type Expr interface {
	Pos() int
	expr()
}

// TableExpr is an item of FROM.
type TableExpr interface {
	Pos() int
	tableExpr()
}

// Name is a possibly qualified name of a table, index, view, sequence and so on.
// Unquoted parts have been folded to lower case.
type Name struct {
	Loc
	Catalog, Schema, Name string // Catalog and Schema are "" where not given
}

// TypeName is a type as written. SQL's own spellings have been turned into the
// short names of the catalog ("int4", "varchar", "timestamptz"); Resolve gives the type.
type TypeName struct {
	Loc
	Schema string // "" or "pg_catalog" for the built-in types
	Name   string
	Mods   []Expr // modifiers: varchar(10), numeric(10,2); for intervals see Fields
	// Fields restricts an interval (INTERVAL DAY TO SECOND): a bit per
	// IntervalFields constant, 0 for none. The precision, if any, is in Mods.
	Fields IntervalFields
	// Dims is the number of array dimensions written: int[][] has 2. Sizes within the
	// brackets mean nothing to PostgreSQL, nor to us.
	Dims  int
	SetOf bool // in function declarations only
}

// IntervalFields is a set of the fields of an interval.
type IntervalFields uint8

// The fields of an interval.
const (
	FieldYear IntervalFields = 1 << iota
	FieldMonth
	FieldDay
	FieldHour
	FieldMinute
	FieldSecond
)

// ObjectKind names a kind of object in ALTER, DROP, COMMENT and RENAME.
type ObjectKind uint8

// The kinds of objects.
const (
	KindTable ObjectKind = iota
	KindIndex
	KindView
	KindMatView
	KindSequence
	KindSchema
	KindDatabase
	KindColumn
	KindConstraint
	KindType
	KindDomain
	KindStream
	KindFunction
)

// String gives the kind in SQL's words.
func (k ObjectKind) String() string {
	return [...]string{"TABLE", "INDEX", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "SCHEMA",
		"DATABASE", "COLUMN", "CONSTRAINT", "TYPE", "DOMAIN", "STREAM", "FUNCTION"}[k]
}

// Persistence says how long a table's contents live.
type Persistence uint8

// The kinds of persistence.
const (
	Permanent Persistence = iota
	Temporary
	Unlogged
)

// Option is one name and value of a parenthesised option list, such as WITH
// (fillfactor = 70). Value is nil where only the name was given.
type Option struct {
	Loc
	Name  string
	Value Expr
}
