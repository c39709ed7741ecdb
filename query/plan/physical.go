package plan

import (
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
)

// Field is one output column of a Node.
type Field struct {
	Name string
	Type sqltype.Type
}

// Est is what the planner expects of a node.
type Est struct {
	Rows    float64 // output rows
	Width   float64 // bytes per row
	Startup float64 // cost before the first row
	Total   float64 // cost of all rows
}

// Node is a physical operator. Its output columns are the slots 0 … of the
// operator above.
type Node interface {
	Fields() []Field
	Children() []Node
	Estimate() Est
}

// Base is embedded by every node.
type Base struct {
	Out []Field
	Est Est
}

// Fields gives the output columns.
func (b *Base) Fields() []Field { return b.Out }

// Estimate gives what the planner expects.
func (b *Base) Estimate() Est { return b.Est }

// Values gives constant rows; one row without columns is SELECT without FROM.
type Values struct {
	Base
	Rows [][]Expr // may hold Param and Outer, and volatile calls
}

// Bound is one end of a key range: a prefix of the index's key parts.
type Bound struct {
	Vals      []Expr // Const, Param, Outer or expressions of them; types of the key parts
	Inclusive bool
}

// KeyRange is a range of an index: Eq values for its first key parts, then bounds
// on the next one. A NULL among the values of Eq, Lower or Upper makes the range empty,
// except where EqNull[i] says that part i is searched for NULL.
type KeyRange struct {
	Eq     []Expr
	EqNull []bool // nil means none
	// Lower and Upper bound the key part after Eq: Vals has length 1; nil is open.
	// They are in the order of keys: of a descending part, Lower is its greatest value.
	Lower, Upper *Bound
	// NotNull excludes NULLs of the key part after Eq where a side is open.
	NotNull bool
}

// Scan reads a table through one of its indexes. Cols are the ordinals in
// Table.Columns of the output columns; -1 is the hidden row id. Where the index is not
// the primary one and does not hold all of Cols, rows are fetched from the primary
// index (Fetch). Filter is over the output columns.
type Scan struct {
	Base
	Table   *catalog.Table
	Index   *catalog.Index
	Ranges  []KeyRange // nil means the whole index; several must be disjoint and in key order unless Unordered
	Cols    []int
	Fetch   bool
	Reverse bool
	Filter  Expr
	// Probes are, of an external table, the conditions on paths that its model is asked
	// to search for. They are in Filter, too.
	Probes []Probe
	// Union, where not nil, gives the rows: those to which any of the arms leads, each once, in
	// the order of the primary index, which is Index. Ranges is nil then.
	Union []UnionArm
	// Point is true where Ranges is one full unique key without bounds: at most one row.
	Point bool
	// Limit is the most rows that will be read after Filter, 0 for no bound.
	Limit int64
	// NeedRowKey adds the encoded primary key as a last, bytea output column, for
	// UPDATE, DELETE and row locks.
	NeedRowKey bool
	Alias      string // for EXPLAIN
	// AsOf is the timestamp as of which the table is read, 0 for that of the transaction.
	AsOf uint64
}

// UnionArm is a search of one index of a Scan.Union. Its ranges may overlap.
type UnionArm struct {
	Index  *catalog.Index
	Ranges []KeyRange
}

// Probe is a condition on what a path leads to in a jsonb column; see source.Probe. The
// values are as those of a Bound.
type Probe struct {
	Column int // ordinal
	Path   []string
	Kind   source.ProbeOp
	Op     string
	Values []Expr
	// Cond is the condition over the output columns, for EXPLAIN; nil where another probe
	// has it. From is the condition itself, for estimates. ByIndex says that the index of the
	// scan is searched by the probe.
	Cond, From Expr
	ByIndex    bool
}

// FuncScan calls set-returning functions once and gives their rows side by side, with
// NULLs where one has fewer than another. Ordinality adds a column that counts them.
type FuncScan struct {
	Base
	Calls      []*SetCall
	Ordinality bool
	Alias      string
}

// Virtual gives the rows of a system view (information_schema, pg_catalog, …)
// or of another model's table.
type Virtual struct {
	Base
	Source string // registered name
	Object string
	Cols   []int
	Filter Expr
}

// Filter keeps the rows for which Cond is true.
type Filter struct {
	Base
	Input Node
	Cond  Expr
}

// Project computes its columns from the input.
type Project struct {
	Base
	Input Node
	Exprs []Expr
	// Sets marks expressions that are set-returning calls (generate_series in the
	// select list); nil where none is.
	Sets []*SetCall
}

// SetCall is a set-returning call. Without Set it is the one row of the value Args[0],
// a scalar function in FROM.
type SetCall struct {
	Set  *fn.SetFunc
	Args []Expr
	// Column is which column of the function a select list takes: WholeRow for all of
	// them as one value. FROM takes each as a column of its own.
	Column int
}

// WholeRow as SetCall.Column takes all columns of the function as a record.
const WholeRow = -1

// Width is the number of the call's columns.
func (s *SetCall) Width() int {
	if s.Set == nil {
		return 1
	}
	return len(s.Set.Cols)
}

// Name is the function's name for EXPLAIN.
func (s *SetCall) Name() string {
	if s.Set != nil {
		return s.Set.Name
	}
	if c, ok := s.Args[0].(*Call); ok {
		return c.Func.Name
	}
	return "value"
}

// Type is the type of what a select list takes.
func (s *SetCall) Type() sqltype.Type {
	switch {
	case s.Set == nil:
		return s.Args[0].Type()
	case s.Column == WholeRow:
		fields := make([]sqltype.CompositeField, len(s.Set.Cols))
		for i, c := range s.Set.Cols {
			fields[i] = sqltype.CompositeField{Name: c.Name, Type: c.Type}
		}
		return sqltype.RowTypeOf("record", fields)
	}
	return s.Set.Cols[s.Column].Type
}

// SortKey is one key of an order.
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// Sort orders its input; with Limit ≥ 0 it keeps only the first Limit rows (top-N).
// It is stable. Prefix is the number of leading keys by which the input is ordered already.
type Sort struct {
	Base
	Input  Node
	Keys   []SortKey
	Limit  int64 // -1 for all
	Prefix int
}

// Limit skips Offset rows and passes Count. Nil means none. WithTies passes the
// peers of the last row by Ties as well.
type Limit struct {
	Base
	Input         Node
	Offset, Count Expr
	WithTies      bool
	Ties          []Expr
}

// Distinct removes duplicate rows, over On where not nil (the first of each is
// kept, so the input is sorted for DISTINCT ON), else over all columns. Sorted says that
// equal rows arrive together.
type Distinct struct {
	Base
	Input  Node
	On     []Expr
	Sorted bool
}

// AggCall is one aggregate computed by an Aggregate.
type AggCall struct {
	Func     *fn.AggFunc
	Args     []Expr
	Distinct bool
	Order    []SortKey
	Filter   Expr
	// Direct are the direct arguments of an ordered-set aggregate.
	Direct []Expr
	Star   bool // count(*)
}

// Aggregate groups its input by Keys and computes Aggs; its output is the keys,
// then the aggregates, then one int4 per entry of Grouping. Without keys there is exactly
// one group. Sets, where not nil, are grouping sets as lists of key numbers: keys outside
// a set are NULL in its rows. Grouping lists, for each GROUPING() call, the key numbers of
// its arguments. Sorted says that the input is ordered by the keys.
type Aggregate struct {
	Base
	Input    Node
	Keys     []Expr
	Aggs     []AggCall
	Sets     [][]int
	Grouping [][]int
	Sorted   bool
}

// JoinKind is what a join returns.
type JoinKind uint8

const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi     // left rows with a match; output is the left columns
	Anti     // left rows without a match; output is the left columns
	NullAnti // NOT IN: as Anti, but no row at all if the right side has a NULL key, and no left row with a NULL key unless the right side is empty
	// Of a HashJoin alone: Semi and Anti with the sides changed, so that the rows that come
	// out are those of the side that is built. Output is the right columns.
	RightSemi
	RightAnti
)

// HashJoin builds a hash table of Right and probes it with Left. Output is left
// columns, then right columns. Residual is over both, and part of the join condition.
type HashJoin struct {
	Base
	Kind                JoinKind
	Left, Right         Node
	LeftKeys, RightKeys []Expr // equal types pairwise
	Residual            Expr
	// NullSafe marks keys compared by IS NOT DISTINCT FROM; nil means none.
	NullSafe []bool
}

// MergeJoin joins two inputs ordered by their keys.
type MergeJoin struct {
	Base
	Kind                JoinKind
	Left, Right         Node
	LeftKeys, RightKeys []SortKey
	Residual            Expr
}

// NestedLoop joins by trying every pair; Right is kept in memory and read again
// for each batch of Left. Cond nil is true.
type NestedLoop struct {
	Base
	Kind        JoinKind
	Left, Right Node
	Cond        Expr
}

// Apply runs Right anew for each row of Left, with Args (over the left row) in
// registers Regs: index nested-loop joins and LATERAL. Kind is Inner, Left, Semi or Anti.
type Apply struct {
	Base
	Kind        JoinKind
	Left, Right Node
	Args        []Expr
	Regs        []int
	Cond        Expr // over left and right columns; nil is true
}

// SetOpKind names a set operation.
type SetOpKind uint8

const (
	Union SetOpKind = iota
	Intersect
	Except
)

// SetOp combines two inputs of equal column types. UNION ALL is Append.
type SetOp struct {
	Base
	Kind        SetOpKind
	All         bool
	Left, Right Node
}

// Append gives the rows of its inputs one after the other.
type Append struct {
	Base
	Inputs []Node
}

// WindowCall is one window function over the window of its Window node.
type WindowCall struct {
	Name   string      // row_number, rank, lag, …; "" where Agg is set
	Agg    *fn.AggFunc // an aggregate used as a window function
	Args   []Expr
	Filter Expr
	Typ    sqltype.Type
	Frame  Frame
}

// FrameMode is the unit of a frame.
type FrameMode uint8

const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

// FrameBoundKind says where a frame begins or ends.
type FrameBoundKind uint8

const (
	UnboundedPreceding FrameBoundKind = iota
	Preceding                         // Offset before the current row
	CurrentRow
	Following
	UnboundedFollowing
)

// FrameBound is one end of a frame.
type FrameBound struct {
	Kind   FrameBoundKind
	Offset Expr // no slots
	// RangeFn, for RANGE with an offset, computes key ± offset; Less compares.
	RangeFn *fn.Func
}

// Frame is a window frame. Exclude is 0, 'c' CURRENT ROW, 'g' GROUP or 't' TIES.
type Frame struct {
	Mode       FrameMode
	Start, End FrameBound
	Exclude    byte
}

// Window computes window functions; its input is ordered by Partition, then Order.
// Output is the input columns, then one per call.
type Window struct {
	Base
	Input     Node
	Partition []Expr
	Order     []SortKey
	Calls     []WindowCall
}

// CTE gives its Plan's rows to every CTEScan with the same ID; it is run once,
// at the first need. Body is the query that uses it. A data-modifying CTE is run to its end
// even if nobody reads it.
type CTE struct {
	Base
	ID   int
	Plan Node
	Body Node
	// Recursive: Plan is the non-recursive term, Step the recursive one, which reads
	// the last round through WorkScan with the same ID. Union removes duplicates.
	Recursive bool
	Step      Node
	Union     bool
	Modifies  bool
}

// CTEScan reads the rows of a CTE.
type CTEScan struct {
	Base
	ID   int
	Name string
}

// WorkScan reads the previous round of a recursive CTE.
type WorkScan struct {
	Base
	ID int
}

// Materialize keeps its input's rows so that they can be read again.
type Materialize struct {
	Base
	Input Node
}

// Insert adds the rows of Input, whose columns are all columns of Table in order
// (defaults have been filled in, values have been cast). Output is Returning over the new
// row's columns, or nothing but a row count.
type Insert struct {
	Base
	Table      *catalog.Table
	Input      Node
	Conflict   *OnConflict
	Checks     []RowCheck
	Views      []ViewCheck // over what Returning is over
	IndexExprs *IndexExprs
	Returning  []Expr // nil means none
}

// RowCheck is a CHECK constraint over the table's columns as slots.
type RowCheck struct {
	Name string
	Cond Expr
	// Domain is the domain whose rule it is, "" for a constraint of the table. Without
	// a name it is that the value be not NULL.
	Domain string
}

// ViewCheck is the condition of a view WITH CHECK OPTION: it must be true of every row that
// the statement has written.
type ViewCheck struct {
	View string
	Cond Expr
}

// IndexExprs holds, by index number of the table, the bound expressions of
// expression key parts and partial predicates, over the table's columns as slots.
type IndexExprs struct {
	Parts      map[int][]Expr // per index: one per key part, nil for plain columns
	Predicates map[int]Expr
}

// OnConflict is what INSERT does with a row whose key exists. Update's
// expressions are over the existing row's columns, then the proposed row's.
type OnConflict struct {
	Index   int // index number in Table.Indexes; -1 is any
	Nothing bool
	Replace bool // rows in the way are removed
	Sets    []SetColumn
	Where   Expr
}

// SetColumn assigns an expression to a column (ordinal in Table.Columns).
type SetColumn struct {
	Col  int
	Expr Expr
}

// Update changes rows. Input's columns are the table's columns (old values), the
// encoded primary key, then whatever else FROM gives; Sets are over all of these. Returning
// is over the new row's columns, then the columns of FROM.
type Update struct {
	Base
	Table      *catalog.Table
	Strict     bool // a row that is changed twice is an error
	Input      Node
	Sets       []SetColumn
	Checks     []RowCheck
	Views      []ViewCheck // over what Returning is over
	IndexExprs *IndexExprs
	Returning  []Expr
}

// Delete removes rows. Input's columns are the table's columns, the encoded
// primary key, then what USING gives; Returning is over these without the key.
type Delete struct {
	Base
	Table      *catalog.Table
	Strict     bool // a row that is changed twice is an error
	Input      Node
	IndexExprs *IndexExprs
	Returning  []Expr
}

// LockRows locks the rows of Input.
type LockRows struct {
	Base
	Input      Node
	KeySlots   []int // slots of encoded primary keys
	Shared     bool  // with others that share, not for one alone
	NoWait     bool
	SkipLocked bool
}

func (n *Values) Children() []Node     { return nil }
func (n *Scan) Children() []Node       { return nil }
func (n *FuncScan) Children() []Node   { return nil }
func (n *Virtual) Children() []Node    { return nil }
func (n *CTEScan) Children() []Node    { return nil }
func (n *WorkScan) Children() []Node   { return nil }
func (n *Filter) Children() []Node     { return []Node{n.Input} }
func (n *Project) Children() []Node    { return []Node{n.Input} }
func (n *Sort) Children() []Node       { return []Node{n.Input} }
func (n *Limit) Children() []Node      { return []Node{n.Input} }
func (n *Distinct) Children() []Node   { return []Node{n.Input} }
func (n *Aggregate) Children() []Node  { return []Node{n.Input} }
func (n *HashJoin) Children() []Node   { return []Node{n.Left, n.Right} }
func (n *MergeJoin) Children() []Node  { return []Node{n.Left, n.Right} }
func (n *NestedLoop) Children() []Node { return []Node{n.Left, n.Right} }
func (n *Apply) Children() []Node      { return []Node{n.Left, n.Right} }
func (n *SetOp) Children() []Node      { return []Node{n.Left, n.Right} }
func (n *Append) Children() []Node     { return n.Inputs }
func (n *Window) Children() []Node     { return []Node{n.Input} }
func (n *CTE) Children() []Node {
	if n.Recursive {
		return []Node{n.Plan, n.Step, n.Body}
	}
	return []Node{n.Plan, n.Body}
}
func (n *Materialize) Children() []Node { return []Node{n.Input} }
func (n *Insert) Children() []Node      { return []Node{n.Input} }
func (n *Update) Children() []Node      { return []Node{n.Input} }
func (n *Delete) Children() []Node      { return []Node{n.Input} }
func (n *LockRows) Children() []Node    { return []Node{n.Input} }
