// Package fn is the registry of SQL functions, operators, casts and aggregates:
// their names, types and volatility for the planner, and their vectorized
// implementations for the executor.
//
// The planner asks Resolve, ResolveOp, ResolveAgg, ResolveSet, ResolveWindow, Cast
// and CommonType; each answers with one overload of concrete types, or with
// PostgreSQL's error. Resolution follows PostgreSQL's rules (exact match, then
// preferred types, then unknown literals). The executor runs Func.Call, Aggregator
// and SetIter. An implementation sees only live rows, so an error (such as
// division by zero) can only come from a row that the query really computes.
//
// What a value is, how it reads and how it compares is query/sqltype's; this
// package owns the loops over vectors and what functions mean.
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
	Style         sqltype.Style // of dates and intervals as text
	Names         sqltype.Names // of objects of the catalog; nil where there is none
	Database      string
	User          string
	Statement     time.Time
	ServerVersion string
	// Session is the session's own state, for functions that the engine makes (nextval).
	Session any
	// Backend is the number of the session, 0 where there is none.
	Backend int64
	// Host is what runs the statement; nil where there is no session.
	Host Host
}

// Host is what functions ask of who runs the statement.
type Host interface {
	// Sleep waits, or fails where the statement is cancelled before.
	Sleep(d time.Duration) error
	// Search finds documents by their words.
	Search(t TextSearch) (TextHits, error)
	// Setting gives a setting of the session.
	Setting(name string) (value string, ok bool)
	// SetSetting changes one; a nil value is its default.
	SetSetting(name string, value *string, local bool) (string, error)
	// Schemas are those of the search path that are there, or all that are searched.
	Schemas(all bool) []string
	// Dice is where the session keeps its generator of random(), nil before setseed().
	Dice() **Dice
	// Advisory takes an advisory lock; false where one that was tried for is not free.
	Advisory(c AdvisoryCall) (bool, error)
	// UnlockAdvisory gives a lock of the session back; false where it has none.
	UnlockAdvisory(key AdvisoryKey, shared bool) bool
	// UnlockAllAdvisory gives all locks of the session back.
	UnlockAllAdvisory()
}

// Eval computes out for the live rows of a batch of n rows: those in sel, or all
// n where sel is nil. Arguments have length n (or are Const) and are addressed by
// row number, as is out, whose slices are sized to n by the caller. It sets out's
// NULL bits only for rows that are NULL and never clears one, so out begins
// without NULLs at live rows. Slots of rows that are not live are left alone.
type Eval func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error

// Func is one overload of a scalar function, operator or cast. Executors run it
// with Call, which takes care of NULLs.
type Func struct {
	Name       string // lower-case; for an operator its symbol, for a cast "cast"
	Args       []sqltype.Type
	Variadic   bool // the last of Args repeats; a resolved Func has it spelled out
	Ret        sqltype.Type
	Strict     bool // NULL if any argument is NULL; Eval then never sees NULL rows
	Volatility Volatility
	Eval       Eval
	// ArgNames are the names by which arguments may be given, nil where there are none.
	ArgNames []string
	defaults []string // the texts of arguments that may be left out between named ones

	// total says that Eval cannot fail on the zero values that NULL rows hold, so
	// that Call need not exclude them.
	total bool
	// widens is what Widens tells.
	widens bool
}

// AggFunc is one overload of an aggregate.
type AggFunc struct {
	Name     string
	Args     []sqltype.Type
	Variadic bool // the last of Args repeats; a resolved AggFunc has it spelled out
	Ret      sqltype.Type
	// Strict aggregates skip rows with a NULL argument. Add does that itself.
	Strict bool
	// OrderedSet is true for percentile_cont and its like (WITHIN GROUP). Args are
	// then the Direct direct arguments followed by the aggregated one, Add is given
	// them in that order, and rows must arrive in the order of WITHIN GROUP.
	OrderedSet bool
	// Direct is the number of direct arguments.
	Direct int
	// New returns accumulators for many groups at once.
	New func(env *Env) Aggregator

	// of, where not nil, builds New for the concrete argument types.
	of func(args []sqltype.Type, ret sqltype.Type) func(env *Env) Aggregator
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
