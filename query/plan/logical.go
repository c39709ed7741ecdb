package plan

import (
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// The logical plan: what the binder makes and package opt rewrites. Columns have
// ids that are unique within a statement, so that a column keeps its id wherever
// operators move. An expression that names a column which its own tree does not
// produce is correlated.

// Col is the id of a column of a logical plan.
type Col int32

// Var is a column of a logical plan. It occurs only before physical planning.
type Var struct {
	Typ  sqltype.Type
	Col  Col
	Name string
}

// SubLink is a subquery in an expression. It occurs only before physical
// planning. For SubAny and SubAll, Test is over Rel's columns and LeftCols, which
// stand for the values of Left.
type SubLink struct {
	Typ      sqltype.Type
	Kind     SubPlanKind
	Rel      Rel
	Left     []Expr
	LeftCols []Col
	Test     Expr
	// Equal is true where Test is a conjunction of Rel's column i = LeftCols[i].
	Equal bool
	// EachRow says that it is to be run for each row even where it reads none of its columns.
	EachRow bool
}

// Type gives the column's type.
func (e *Var) Type() sqltype.Type { return e.Typ }

// Type gives the subquery's type as an expression.
func (e *SubLink) Type() sqltype.Type { return e.Typ }

// Rel is a logical operator.
type Rel interface {
	// Cols are the columns it produces, in order.
	Cols() []Col
}

// LScan reads a table. ColIDs[i] is the id of Table.Columns[Ords[i]]; ordinal -1 is the
// hidden row id, RowKeyOrd the encoded primary key.
type LScan struct {
	Table  *catalog.Table
	Alias  string
	Ords   []int
	ColIDs []Col
	// AsOf is the timestamp as of which the table is read, 0 for that of the transaction.
	AsOf uint64
	// Lock is set where rows are to be locked (FOR UPDATE).
	Lock bool
	// Indexed are the expressions and predicates of the table's indexes, over the
	// columns of the table as slots; nil where it has none.
	Indexed *IndexExprs
}

// RowKeyOrd is the ordinal of the encoded primary key in LScan.Ords.
const RowKeyOrd = -2

// LValues gives constant rows.
type LValues struct {
	Rows   [][]Expr
	ColIDs []Col
}

// LFunc calls set-returning functions, side by side.
type LFunc struct {
	Calls      []*SetCall
	Ordinality bool
	Alias      string
	ColIDs     []Col
}

// LVirtual reads a system view or another model.
type LVirtual struct {
	Source, Object string
	Alias          string
	Ords           []int
	ColIDs         []Col
}

// LFilter keeps the rows for which all of Conds are true.
type LFilter struct {
	Input Rel
	Conds []Expr
}

// LProject computes columns.
type LProject struct {
	Input  Rel
	Exprs  []Expr
	Sets   []*SetCall // as in Project
	ColIDs []Col
}

// LJoin joins. Lateral says that Right refers to columns of Left.
type LJoin struct {
	Kind        JoinKind
	Left, Right Rel
	On          []Expr
	Lateral     bool
}

// LAgg groups.
type LAgg struct {
	Input     Rel
	Keys      []Expr
	KeyCols   []Col
	Aggs      []AggCall
	AggCols   []Col
	Sets      [][]int
	Grouping  [][]int
	GroupCols []Col
}

// LWindow computes the window functions of one window.
type LWindow struct {
	Input     Rel
	Partition []Expr
	Order     []SortKey
	Calls     []WindowCall
	CallCols  []Col
}

// LSort orders.
type LSort struct {
	Input Rel
	Keys  []SortKey
}

// LLimit cuts.
type LLimit struct {
	Input         Rel
	Offset, Count Expr
	WithTies      bool
	Ties          []Expr
}

// LDistinct removes duplicates, over On where not nil (then the input is ordered
// by On first).
type LDistinct struct {
	Input Rel
	On    []Expr
}

// LSetOp is UNION, INTERSECT or EXCEPT. The columns of both sides have equal types.
type LSetOp struct {
	Kind        SetOpKind
	All         bool
	Left, Right Rel
	ColIDs      []Col
}

// LWith makes a named query available to Body.
type LWith struct {
	ID        int
	Name      string
	Plan      Rel
	Body      Rel
	Recursive bool
	Step      Rel
	Union     bool
	Modifies  bool
	// Materialized is true where the query asked for it, or where it must run once.
	Materialized bool
}

// LWithRef reads a named query; Work its previous round. Source[i] is the column
// of LWith.Plan that ColIDs[i] stands for.
type LWithRef struct {
	ID     int
	Name   string
	Work   bool
	Source []Col
	ColIDs []Col
}

// LInsert, LUpdate and LDelete change a table; see the physical operators. Their
// expressions over rows of the table use the columns in TableCols (by ordinal).
type LInsert struct {
	Table *catalog.Table
	Input Rel // all columns of the table, in order, then those of Along
	// Along are columns of Input that only Returning reads.
	Along     []Col
	Conflict  *LConflict
	Checks    []RowCheck
	Views     []ViewCheck // over TableCols
	Parts     *IndexExprs
	TableCols []Col
	Returning []Expr
	ColIDs    []Col
}

// LConflict is ON CONFLICT. Old are the columns of the existing row; TableCols of
// the insert stand for the proposed one.
type LConflict struct {
	Index   int
	Nothing bool
	Replace bool
	Sets    []SetColumn
	Where   Expr
	Old     []Col
}

// LUpdate changes the rows of Input, which has the columns of the table
// (TableCols), then the row key, then others. NewCols stand for the new values.
type LUpdate struct {
	Table     *catalog.Table
	Input     Rel
	TableCols []Col
	RowKey    Col
	Sets      []SetColumn
	// Strict has a row that is changed twice be an error.
	Strict    bool
	NewCols   []Col
	Checks    []RowCheck  // over NewCols
	Views     []ViewCheck // over NewCols
	Parts     *IndexExprs
	Returning []Expr // over NewCols and the other columns of Input
	ColIDs    []Col
}

// LDelete removes the rows of Input.
type LDelete struct {
	Table     *catalog.Table
	Input     Rel
	TableCols []Col
	RowKey    Col
	Strict    bool
	Parts     *IndexExprs
	Returning []Expr
	ColIDs    []Col
}

// LLock locks the rows of Input by their keys.
type LLock struct {
	Input      Rel
	Keys       []Col
	Shared     bool
	NoWait     bool
	SkipLocked bool
}

func (r *LScan) Cols() []Col     { return r.ColIDs }
func (r *LValues) Cols() []Col   { return r.ColIDs }
func (r *LFunc) Cols() []Col     { return r.ColIDs }
func (r *LVirtual) Cols() []Col  { return r.ColIDs }
func (r *LFilter) Cols() []Col   { return r.Input.Cols() }
func (r *LProject) Cols() []Col  { return r.ColIDs }
func (r *LSort) Cols() []Col     { return r.Input.Cols() }
func (r *LLimit) Cols() []Col    { return r.Input.Cols() }
func (r *LDistinct) Cols() []Col { return r.Input.Cols() }
func (r *LSetOp) Cols() []Col    { return r.ColIDs }
func (r *LWith) Cols() []Col     { return r.Body.Cols() }
func (r *LWithRef) Cols() []Col  { return r.ColIDs }
func (r *LInsert) Cols() []Col   { return r.ColIDs }
func (r *LUpdate) Cols() []Col   { return r.ColIDs }
func (r *LDelete) Cols() []Col   { return r.ColIDs }
func (r *LLock) Cols() []Col     { return r.Input.Cols() }

// Cols gives left then right columns, or the left ones alone for semi and anti joins.
func (r *LJoin) Cols() []Col {
	if r.Kind >= Semi {
		return r.Left.Cols()
	}
	return concat(r.Left.Cols(), r.Right.Cols())
}

// Cols gives keys, aggregates, then GROUPING() values.
func (r *LAgg) Cols() []Col { return concat(r.KeyCols, r.AggCols, r.GroupCols) }

// Cols gives the input's columns, then the calls.
func (r *LWindow) Cols() []Col { return concat(r.Input.Cols(), r.CallCols) }

func concat(lists ...[]Col) (out []Col) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// ColInfo describes a column of a logical plan.
type ColInfo struct {
	Name string
	Type sqltype.Type
}

// Query is a bound statement.
type Query struct {
	Rel  Rel
	Info []ColInfo // by Col; entry 0 is not used
	// Out are the columns of the result, in order; nil for a statement without rows.
	Out []Col
	// Command is the command tag's verb.
	Command string
	// Params are the types of the parameters, as far as they occur.
	Params []sqltype.Type
	// Writes says that the statement changes data or sequences or locks rows.
	Writes bool
	// Lasting says that it writes to more than the session's temporary tables.
	Lasting bool
	// Volatile says that two runs in one transaction may differ.
	Volatile bool
	// External are the tables of other models that it names.
	External []*catalog.Table
	// RowKeys are the last columns of Out where Scope.RowKeys was set: Cols of each table.
	RowKeys []RowKey
	// Once says that the plan is one for this moment: it has the row of a cursor.
	Once bool
	// Tables are the tables that it uses, of no other model and not of the past.
	Tables  []TableUse
	withIDs int
}

// TableUse says how a statement uses a table.
type TableUse struct {
	Table *catalog.Table
	Kind  UseKind
}

// UseKind is how a table is used.
type UseKind uint8

// The kinds, each of which holds those before it.
const (
	UseRead UseKind = iota
	UseLockRows
	UseWrite
)

// notes records that the statement uses a table.
func (b *binder) notes(t *catalog.Table, kind UseKind) {
	if t.External != nil || b.asOf != 0 {
		return
	}
	for i := range b.q.Tables {
		if u := &b.q.Tables[i]; u.Table.ID == t.ID {
			u.Kind = max(u.Kind, kind)
			return
		}
	}
	b.q.Tables = append(b.q.Tables, TableUse{t, kind})
}

// writesTo notes that a table is written to.
func (b *binder) writesTo(t *catalog.Table) {
	b.q.Lasting = b.q.Lasting || t.External != nil || b.Temp == "" || t.Schema != b.Temp
}

// NewCol adds a column.
func (q *Query) NewCol(name string, t sqltype.Type) Col {
	if len(q.Info) == 0 {
		q.Info = append(q.Info, ColInfo{})
	}
	q.Info = append(q.Info, ColInfo{Name: name, Type: t})
	return Col(len(q.Info) - 1)
}

// Ref returns an expression for a column.
func (q *Query) Ref(c Col) *Var { return &Var{Typ: q.Info[c].Type, Col: c, Name: q.Info[c].Name} }

// TypeOf gives a column's type.
func (q *Query) TypeOf(c Col) sqltype.Type { return q.Info[c].Type }
