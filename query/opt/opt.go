// Package opt turns a bound statement into the physical plan that it expects to
// be the fastest: rules that always help rewrite the logical plan, then access
// paths, join methods and join orders are chosen by cost.
//
// It promises the same rows as the statement read literally, whatever it chooses.
// Rewrites are a table (rewrites), costs are constants (cost.go), and what tables hold
// comes from a stats.Source.
package opt

import (
	"fmt"
	"runtime/debug"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/stats"
)

// Settings switches methods off, to compare plans. The zero value allows all. The
// first group are the enable_ settings of a session: a method is then only used
// where there is no other (costDisabled).
type Settings struct {
	NoSeqScan       bool
	NoIndexScan     bool
	NoIndexOnlyScan bool
	NoIndexUnion    bool
	NoHashJoin      bool
	NoMergeJoin     bool
	NoNestLoop      bool
	NoHashAgg       bool
	NoSort          bool
	NoMaterial      bool

	NoIndexJoin   bool
	NoDecorrelate bool
	NoReorder     bool
}

// Result is a physical plan.
type Result struct {
	Root plan.Node
	// Registers is how many registers Outer expressions use.
	Registers int
}

// Optimize plans a statement. The query is used up.
func Optimize(q *plan.Query, source stats.Source, set Settings) (_ Result, err error) {
	defer func() { // a plan that cannot be made must not end the process
		if p := recover(); p != nil {
			err = dberr.SQL(dberr.StateInternal, "the statement could not be planned").Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	root := q.Rel
	first := newBuilder(q, source, set)
	best, err := first.planRoot(root)
	if err != nil {
		return Result{}, err
	}
	if first.unnested > 0 {
		// A scalar subquery turned into a join may be worse than one run for each row.
		second := newBuilder(q, source, set)
		second.keepScalar = true
		if other, err := second.planRoot(root); err == nil && other.total < best.total {
			return Result{Root: other.node, Registers: second.regs}, nil
		}
	}
	return Result{Root: best.node, Registers: first.regs}, nil
}

// rewrite is one rule that always helps.
type rewrite struct {
	name  string
	apply func(b *builder, r plan.Rel) plan.Rel
}

// rewrites are applied in this order to a statement, and to each subquery that is
// still one when it is planned.
var rewrites = []rewrite{
	{"inline named queries used once", (*builder).inlineWith},
	{"fold constants", (*builder).fold},
	{"split conditions", (*builder).splitConds},
	{"turn subqueries into joins", (*builder).unnest},
	{"push conditions down, strengthen outer joins", func(b *builder, r plan.Rel) plan.Rel { return b.push(r, nil) }},
	{"drop joins that nobody reads", (*builder).dropJoins},
	{"drop sorts and distincts that change nothing", (*builder).dropRedundant},
}

func (b *builder) rewriteRel(r plan.Rel) plan.Rel {
	for _, rule := range rewrites {
		r = rule.apply(b, r)
	}
	return r
}
