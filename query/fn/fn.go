// Package fn is the registry of SQL functions, operators, casts and aggregates:
// their names, types and volatility for the planner, and their vectorized
// implementations for the executor.
//
// Resolution follows PostgreSQL's rules (exact match, then preferred types, then
// unknown literals). An implementation sees only live rows, so an error (such as
// division by zero) can only come from a row that the query really computes.
package fn

import (
	"time"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Volatility says when a call may be folded or reused.
type Volatility uint8

const (
	Immutable Volatility = iota // the same result for the same arguments for ever: folded while planning
	Stable                      // the same within one statement (now(), casts that depend on the time zone)
	Volatile                    // may differ at every call (random(), nextval())
)

// Env is what implementations may know of the session and the statement.
type Env struct {
	Now           time.Time // start of the transaction: now(), current_timestamp
	Location      *time.Location
	Database      string
	User          string
	Schema        string
	Statement     time.Time
	ServerVersion string
}

// Eval computes out for the live rows of a batch of n rows: those in sel, or all
// n where sel is nil. Arguments have length n and are addressed by row number, as is
// out, whose slices are sized to n by the caller. Slots of rows that are not live
// are left alone.
type Eval func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error

// Func is one overload of a scalar function, operator or cast.
type Func struct {
	Name       string // lower-case; for an operator its symbol, for a cast "cast"
	Args       []sqltype.Type
	Variadic   bool // the last of Args repeats
	Ret        sqltype.Type
	Strict     bool // NULL if any argument is NULL; Eval then never sees NULL rows
	Volatility Volatility
	Eval       Eval
}

// AggFunc is one overload of an aggregate.
type AggFunc struct {
	Name string
	Args []sqltype.Type
	Ret  sqltype.Type
	// Strict aggregates skip rows with a NULL argument.
	Strict bool
	// OrderedSet is true for percentile_cont and its like (WITHIN GROUP).
	OrderedSet bool
	// New returns accumulators for many groups at once.
	New func(env *Env) Aggregator
}

// Aggregator holds the state of one aggregate for all groups, addressed by group
// number. It is not safe for concurrent use.
type Aggregator interface {
	// Grow makes room for groups 0 to n-1; new ones start empty.
	Grow(n int)
	// Add adds the live rows (sel, or all n where nil) to their groups; groups[i]
	// is the group of row i.
	Add(n int, sel []int32, groups []int32, args []*vec.Vector) error
	// Result writes the results of groups [from, to) to rows 0 … of out.
	Result(from, to int, out *vec.Vector) error
	// Bytes is the memory held, for budgets.
	Bytes() int64
}
