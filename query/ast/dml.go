package ast

// Overriding is what INSERT does about values for identity columns.
type Overriding uint8

// The ways of overriding.
const (
	OverridingNone Overriding = iota
	OverridingUser
	OverridingSystem
)

// SetTarget is a column that is assigned to, or a part of its value.
type SetTarget struct {
	Loc
	// Table is MySQL's: which of several tables it is a column of, "" where the name tells.
	Table string
	Name  string
	Path  []SetStep // to the part, from outside in
}

// SetStep leads from a value to a part of it: a field of a row, or elements of an array (or
// of jsonb) where Subs are given.
type SetStep struct {
	Field string
	Subs  []Subscript
}

// Insert is INSERT.
type Insert struct {
	Span
	With    *With
	Table   *TableRef
	Columns []SetTarget // empty means all, in order
	// Query is what is inserted; nil is DEFAULT VALUES. Its VALUES may hold Default.
	Query      *Select
	Overriding Overriding
	Conflict   *OnConflict
	Returning  []Target
}

// OnConflict is ON CONFLICT. Without Columns and Constraint it stands for any
// unique index.
type OnConflict struct {
	Loc
	Columns    []IndexElem
	Where      Expr // of the index, to choose a partial one
	Constraint string
	Nothing    bool
	Replace    bool        // MySQL's REPLACE: rows in the way are removed
	Sets       []SetClause // of DO UPDATE
	UpdateIf   Expr        // DO UPDATE … WHERE
}

// SetClause assigns to one column, or to several: (a, b) = Value, where Value is a
// Row or a scalar Subquery.
type SetClause struct {
	Loc
	Targets []SetTarget
	// Multi is true where the targets were written in parentheses.
	Multi bool
	Value Expr
}

// Update is UPDATE. Without a Table it is MySQL's of several tables,
// those of From.
type Update struct {
	Span
	With      *With
	Table     *TableRef
	Sets      []SetClause
	From      []TableExpr
	Where     Expr
	OrderBy   []OrderItem // with Limit, MySQL's
	Limit     Expr        // nil means none
	Returning []Target
}

// Delete is DELETE. Without a Table it is MySQL's of several tables: rows of Targets, which are
// names of tables in Using, are deleted.
type Delete struct {
	Span
	With      *With
	Table     *TableRef
	Targets   []Name
	Using     []TableExpr
	Where     Expr
	OrderBy   []OrderItem // with Limit, MySQL's
	Limit     Expr        // nil means none
	Returning []Target
}

// Merge is MERGE.
type Merge struct {
	Span
	With      *With
	Table     *TableRef
	Using     TableExpr
	On        Expr
	Whens     []MergeWhen
	Returning []Target
}

// MergeMatch says which rows a WHEN clause of MERGE is about.
type MergeMatch uint8

// The kinds of WHEN clauses.
const (
	Matched MergeMatch = iota
	NotMatchedBySource
	NotMatched // by target: rows to insert
)

// MergeAction is what a WHEN clause does.
type MergeAction uint8

// The actions.
const (
	MergeNothing MergeAction = iota
	MergeUpdate
	MergeDelete
	MergeInsert
)

// MergeWhen is a WHEN clause of MERGE.
type MergeWhen struct {
	Match      MergeMatch
	Cond       Expr // AND …, nil means none
	Action     MergeAction
	Sets       []SetClause // of MergeUpdate
	Columns    []SetTarget // of MergeInsert
	Values     []Expr      // of MergeInsert; nil is DEFAULT VALUES
	Overriding Overriding
}

func (*Insert) stmt() {}
func (*Update) stmt() {}
func (*Delete) stmt() {}
func (*Merge) stmt()  {}
