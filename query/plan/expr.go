// Package plan binds syntax trees to the catalog and turns them into physical
// plans.
//
// This file and physical.go are what the executor sees: scalar expressions over
// the slots of a row, and operators. They hold no names that still need to be
// looked up. A plan is immutable once built and may be run many times and by many
// sessions at once; what differs between runs is in the executor.
package plan

import (
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// Expr is a bound scalar expression.
type Expr interface {
	// Type is the type of the value.
	Type() sqltype.Type
}

// Const is a constant.
type Const struct {
	Typ   sqltype.Type
	Value sqltype.Datum
}

// Slot is a column of the operator's input row.
type Slot struct {
	Typ   sqltype.Type
	Index int
	Name  string // for EXPLAIN
}

// Param is parameter $Index+1 of the statement.
type Param struct {
	Typ   sqltype.Type
	Index int
}

// Outer is the value of register Index, set by the enclosing SubPlan, Apply or
// index join for each of its rows (correlation).
type Outer struct {
	Typ   sqltype.Type
	Index int
	Name  string
}

// Call is a function, operator or cast. Arguments have exactly the types of
// Func.Args (casts are calls of their own).
type Call struct {
	Typ  sqltype.Type
	Func *fn.Func
	Args []Expr
	// Op is true where EXPLAIN should print Func.Name as an operator or cast.
	Op  bool
	Pos int // 1-based offset in the SQL text, for errors; 0 unknown
}

// And is a conjunction in three-valued logic, evaluated left to right; a later
// argument is computed only for rows that the earlier ones left undecided.
type And struct{ Args []Expr }

// Or is a disjunction, likewise.
type Or struct{ Args []Expr }

// Not is a negation.
type Not struct{ Arg Expr }

// IsNull tests for NULL (Not: for its absence).
type IsNull struct {
	Arg Expr
	Not bool
}

// IsBool is IS [NOT] TRUE/FALSE/UNKNOWN. Want is 't', 'f' or 'u'.
type IsBool struct {
	Arg  Expr
	Want byte
	Not  bool
}

// IsDistinct is IS [NOT] DISTINCT FROM. Both sides have one type.
type IsDistinct struct {
	L, R Expr
	Not  bool
}

// Case is CASE WHEN Conds[i] THEN Results[i] … ELSE Else END. A simple CASE has
// been turned into this form. Only the branches taken are evaluated.
type Case struct {
	Typ            sqltype.Type
	Conds, Results []Expr
	Else           Expr // nil means NULL
}

// Coalesce is the first non-null argument; later ones are evaluated only where needed.
type Coalesce struct {
	Typ  sqltype.Type
	Args []Expr
}

// In is Arg [NOT] IN (List), where every element of List has Arg's type. Eq is
// the equality used where List is not all constants.
type In struct {
	Arg  Expr
	List []Expr
	Not  bool
	Eq   *fn.Func
}

// ArrayExpr is ARRAY[…].
type ArrayExpr struct {
	Typ   sqltype.Type
	Elems []Expr
}

// RowExpr is ROW(…), or a whole row of a table.
type RowExpr struct {
	Elems []Expr
	Typ   sqltype.Type // the zero value is a row whose fields have no names
	// Nullable says that an outer join may have made the row up: it is NULL where all of
	// its columns are.
	Nullable bool
}

// PartCheck is Arg, of which the parts that are of domains are checked.
type PartCheck struct {
	Arg   Expr
	Parts []DomainPart
	Pos   int
}

// DomainPart is what a value holds of a domain.
type DomainPart struct {
	// Path leads to the part: fields of rows by number, and EachElement for all elements of
	// an array. What is within a NULL is not there.
	Path []int
	Typ  sqltype.Type
	// Checks are the rules, over the part as slot 0.
	Checks []RowCheck
}

// EachElement is the step of a path to the elements of an array.
const EachElement = -1

// SubPlanKind says what becomes of the rows of a SubPlan.
type SubPlanKind uint8

const (
	SubScalar SubPlanKind = iota // the single value, NULL for no row, error 21000 for more than one
	SubExists                    // whether there is a row
	SubAny                       // Test is true for some row (three-valued: NULL if none is true and some is NULL)
	SubAll                       // Test is true for all rows
	SubArray                     // all values as an array
)

// SubPlan runs Plan for each row (or once per execution where Args is empty:
// its result is then kept). Args[i] is evaluated on the outer row and put in
// register Regs[i], where Outer expressions in Plan read it. For SubAny and SubAll,
// Test is evaluated per row of Plan, over Plan's columns as slots, followed by the
// values of Left (evaluated on the outer row) as further slots.
type SubPlan struct {
	Typ  sqltype.Type
	Kind SubPlanKind
	Plan Node
	Args []Expr
	Regs []int
	Left []Expr
	Test Expr
	// Hashable is true where Test is a conjunction of equalities of Plan's column
	// i with Left[i], for all i, so that a hash table may answer it.
	Hashable bool
	// EachRow has Plan run for each row even where Args is empty.
	EachRow bool
}

func (e *Const) Type() sqltype.Type      { return e.Typ }
func (e *Slot) Type() sqltype.Type       { return e.Typ }
func (e *Param) Type() sqltype.Type      { return e.Typ }
func (e *Outer) Type() sqltype.Type      { return e.Typ }
func (e *Call) Type() sqltype.Type       { return e.Typ }
func (e *And) Type() sqltype.Type        { return sqltype.TBool }
func (e *Or) Type() sqltype.Type         { return sqltype.TBool }
func (e *Not) Type() sqltype.Type        { return sqltype.TBool }
func (e *IsNull) Type() sqltype.Type     { return sqltype.TBool }
func (e *IsBool) Type() sqltype.Type     { return sqltype.TBool }
func (e *IsDistinct) Type() sqltype.Type { return sqltype.TBool }
func (e *Case) Type() sqltype.Type       { return e.Typ }
func (e *Coalesce) Type() sqltype.Type   { return e.Typ }
func (e *In) Type() sqltype.Type         { return sqltype.TBool }
func (e *ArrayExpr) Type() sqltype.Type  { return e.Typ }
func (e *RowExpr) Type() sqltype.Type    { return sqltype.Type{ID: sqltype.Record, Mod: e.Typ.Mod} }
func (e *PartCheck) Type() sqltype.Type  { return e.Arg.Type() }
func (e *SubPlan) Type() sqltype.Type    { return e.Typ }
