package ast

// SetOp is a set operation.
type SetOp uint8

// The set operations.
const (
	NoSetOp SetOp = iota
	Union
	Intersect
	Except
)

// Select is a query in any form. It is one of three, told apart by its fields:
//
//   - a set operation where Op is set: Left Op [ALL] Right;
//   - VALUES where Values is not nil;
//   - else SELECT, whose Targets may be empty.
//
// With, OrderBy, Limit, Offset and Locking apply to all three. In Left and Right they
// mean the parenthesised operand's own.
type Select struct {
	Span
	With *With

	Op          SetOp
	All         bool
	Left, Right *Select

	Values [][]Expr

	Distinct   bool   // DISTINCT or DISTINCT ON
	DistinctOn []Expr // nil for plain DISTINCT
	Targets    []Target
	From       []TableExpr // items separated by commas
	Where      Expr
	GroupBy    []GroupItem
	// GroupDistinct is GROUP BY DISTINCT: duplicate grouping sets count once.
	GroupDistinct bool
	Having        Expr
	Windows       []*WindowDef // WINDOW name AS (…)

	OrderBy  []OrderItem
	Limit    Expr // nil means none; LIMIT ALL is the literal NULL
	Offset   Expr
	WithTies bool // FETCH … WITH TIES
	Locking  []Locking
}

// With is a WITH clause.
type With struct {
	Loc
	Recursive bool
	CTEs      []*CTE
}

// Materialize is a CTE's hint.
type Materialize uint8

// The hints.
const (
	MaterializeDefault Materialize = iota
	MaterializeAlways
	MaterializeNever
)

// CTE is one query of a WITH clause. Query is a Select, Insert, Update, Delete or Merge.
type CTE struct {
	Loc
	Name        string
	Columns     []string
	Materialize Materialize
	Query       Stmt
	Search      *Search // nil means none
	Cycle       *Cycle  // nil means none
}

// Search is SEARCH {DEPTH|BREADTH} FIRST BY Columns SET Sequence.
type Search struct {
	Loc
	Breadth  bool
	Columns  []string
	Sequence string
}

// Cycle is CYCLE Columns SET Mark TO Value DEFAULT Default USING Path.
type Cycle struct {
	Loc
	Columns        []string
	Mark           string
	Value, Default Expr
	Path           string
}

// Target is one item of a select list or of RETURNING. Alias is "" where none
// was given; ColumnName then says what PostgreSQL calls the column.
type Target struct {
	Loc
	Expr  Expr
	Alias string
}

// NullsOrder says where NULLs sort.
type NullsOrder uint8

// The places of NULLs. NullsDefault is last for ascending, first for descending.
const (
	NullsDefault NullsOrder = iota
	NullsFirst
	NullsLast
)

// OrderItem is one item of ORDER BY.
type OrderItem struct {
	Loc
	Expr  Expr
	Desc  bool
	Using string // operator of ORDER BY … USING, else ""
	Nulls NullsOrder
}

// GroupKind is the kind of an item of GROUP BY.
type GroupKind uint8

// The kinds of items of GROUP BY.
const (
	GroupExpr   GroupKind = iota // Expr; a Row is a set of several
	GroupEmpty                   // ()
	GroupRollup                  // ROLLUP(Items)
	GroupCube                    // CUBE(Items)
	GroupSets                    // GROUPING SETS(Items)
)

// GroupItem is an item of GROUP BY. The items of ROLLUP and CUBE are GroupExpr.
type GroupItem struct {
	Loc
	Kind  GroupKind
	Expr  Expr
	Items []GroupItem
}

// WindowDef is a window: of a WINDOW clause (Name is its name), or of OVER. OVER w
// has only Name; OVER (w …) has Ref and what it adds.
type WindowDef struct {
	Loc
	Name      string
	Ref       string // the window that this one extends
	Partition []Expr
	OrderBy   []OrderItem
	Frame     *Frame // nil means the default: RANGE UNBOUNDED PRECEDING
}

// FrameMode is the unit of a frame.
type FrameMode uint8

// The units of frames.
const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

// BoundKind is one end of a frame.
type BoundKind uint8

// The ends of frames, in their order.
const (
	UnboundedPreceding BoundKind = iota
	OffsetPreceding
	CurrentRow
	OffsetFollowing
	UnboundedFollowing
)

// FrameBound is one end of a frame.
type FrameBound struct {
	Kind   BoundKind
	Offset Expr // for the two Offset kinds
}

// FrameExclude is what a frame leaves out.
type FrameExclude uint8

// What a frame may leave out.
const (
	ExcludeNone FrameExclude = iota
	ExcludeCurrentRow
	ExcludeGroup
	ExcludeTies
)

// Frame is a window frame. A frame written without BETWEEN ends at CurrentRow.
type Frame struct {
	Mode       FrameMode
	Start, End FrameBound
	Exclude    FrameExclude
}

// LockStrength is the strength of a row lock.
type LockStrength uint8

// The strengths.
const (
	LockKeyShare LockStrength = iota
	LockShare
	LockNoKeyUpdate
	LockUpdate
)

// LockWait says what to do about a locked row.
type LockWait uint8

// What to do about a locked row.
const (
	LockBlock LockWait = iota
	LockNoWait
	LockSkip
)

// Locking is FOR UPDATE/SHARE [OF Tables] [NOWAIT | SKIP LOCKED].
type Locking struct {
	Loc
	Strength LockStrength
	Tables   []Name // empty means all
	Wait     LockWait
}

// Alias is AS name (columns).
type Alias struct {
	Name    string
	Columns []string
}

// TableRef is a table, view or CTE by name.
type TableRef struct {
	Loc
	Name  Name
	Alias *Alias // nil means none
	Only  bool   // ONLY t
	// AsOf is the time of AS OF SYSTEM TIME, nil for now.
	AsOf   Expr
	Sample *Sample
}

// Sample is TABLESAMPLE Method (Args) [REPEATABLE (Seed)].
type Sample struct {
	Loc
	Method string
	Args   []Expr
	Seed   Expr
}

// SubqueryRef is (Query) as a table.
type SubqueryRef struct {
	Loc
	Lateral bool
	Query   *Select
	Alias   *Alias
}

// ColDef is a column of a column definition list: AS t(a int, b text).
type ColDef struct {
	Loc
	Name    string
	Type    *TypeName
	Collate []string
}

// FuncItem is one function of FROM. Call is a FuncCall, or another expression
// that PostgreSQL allows there (SQLValue, Cast, Coalesce …).
type FuncItem struct {
	Call    Expr
	ColDefs []ColDef
}

// FuncRef is a function as a table, or ROWS FROM(…) with several.
type FuncRef struct {
	Loc
	Lateral    bool
	RowsFrom   bool
	Ordinality bool
	Funcs      []FuncItem
	Alias      *Alias
	ColDefs    []ColDef // of the alias
}

// JoinKind is the kind of a join.
type JoinKind uint8

// The kinds of joins.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
)

// Join is a join. At most one of Natural, Using and On is set; CrossJoin has none.
type Join struct {
	Loc
	Kind        JoinKind
	Natural     bool
	Left, Right TableExpr
	Using       []string
	UsingAlias  string // JOIN … USING (…) AS alias
	On          Expr
	Alias       *Alias // (a JOIN b …) AS alias
}

func (*TableRef) tableExpr()    {}
func (*SubqueryRef) tableExpr() {}
func (*FuncRef) tableExpr()     {}
func (*Join) tableExpr()        {}

func (*Select) stmt() {}
