package fn

import (
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Column is an output column of a set-returning function.
type Column struct {
	Name string
	Type sqltype.Type
}

// SetFunc is one overload of a set-returning function.
type SetFunc struct {
	Name     string
	Args     []sqltype.Type
	Variadic bool // the last of Args repeats; a resolved SetFunc has it spelled out
	// Cols are the output columns; functions of one column name it after
	// themselves (the alias of the FROM item replaces it).
	Cols []Column
	// Strict functions give no row where an argument is NULL; Open takes care of it.
	Strict     bool
	Volatility Volatility

	open     func(c *call) (SetIter, error)
	argNames []string
	defaults []string
}

// SetIter gives the rows of one call, some at a time.
type SetIter interface {
	// Next appends up to limit rows to out (one vector per column) and returns how many;
	// 0 is the end.
	Next(out []*vec.Vector, limit int) (int, error)
}

// Open calls the function with values of the types of f.Args.
func (f *SetFunc) Open(env *Env, args []sqltype.Datum) (SetIter, error) {
	if f.Strict {
		for _, a := range args {
			if a.Null {
				return noRows{}, nil
			}
		}
	}
	c := &call{env: env, typ: f.Args, arg: args}
	if len(f.Cols) > 0 {
		c.ret = f.Cols[0].Type
	}
	return f.open(c)
}

type noRows struct{}

func (noRows) Next([]*vec.Vector, int) (int, error) { return 0, nil }

// WindowFunc is the signature of one overload of a pure window function; the
// executor computes it. Aggregates are window functions too, see ResolveAgg.
type WindowFunc struct {
	Name string
	Args []sqltype.Type
	Ret  sqltype.Type
	// Framed functions look at the frame, others at the whole partition.
	Framed bool
}
