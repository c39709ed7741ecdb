package query

import (
	"sync"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/plan"
)

// A statement with parameters has one plan for all values, which is kept. Where that is
// costly, plans for the very values may be so much cheaper that they pay for being made.
// The first customTries executions make one and compare; from then on they do so only if
// the ones so far were, on average, worth it. A plan that costs less than planning does is
// used for all values at once.
const (
	customTries  = 5
	planningCost = 200.0 // what making a plan costs, in the planner's units
)

// choice remembers how plans for the very values compared with the one for all.
type choice struct {
	// mu is a leaf.
	mu    sync.Mutex
	tries int
	total float64 // of the costs of the plans for the values
}

// newChoice is nil where there is nothing to choose.
func newChoice(st ast.Stmt, c *compiled) *choice {
	switch st.(type) {
	case *ast.Select, *ast.Update, *ast.Delete:
	default:
		return nil
	}
	if len(c.params) == 0 || c.root.Estimate().Total <= planningCost {
		return nil
	}
	return &choice{}
}

// pays reports whether a plan for the values of this execution should be made.
func (c *choice) pays(general float64) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tries < customTries || c.total/float64(c.tries)+planningCost < general
}

func (c *choice) note(cost float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	c.total += cost
}

// compile finds or makes the plan to run a statement with the parameters given.
func (r *running) compile(st ast.Stmt) (*compiled, error) {
	c, err := r.general(st)
	if err != nil || !c.choice.pays(c.root.Estimate().Total) {
		return c, err
	}
	params, err := r.values(c)
	if err != nil {
		return nil, err
	}
	scope := r.s.scope(r.snap, r.given())
	scope.MySQL, scope.Maintains = r.text.mysql, r.text.maintains
	own, err := r.s.e.planWith(r.ctx, scope, st, r.s.set.planner, params)
	if err != nil {
		return nil, err
	}
	cost := own.root.Estimate().Total
	c.choice.note(cost)
	if cost+planningCost >= c.root.Estimate().Total {
		return c, nil
	}
	own.params, own.custom = c.params, true
	r.cached = false
	r.s.e.customs.Add(1)
	return own, nil
}

// withValues puts values in the place of parameters.
func withValues(q *plan.Query, params []exec.Param) {
	q.Rel = plan.MapRel(q.Rel, func(e plan.Expr) plan.Expr {
		if p, ok := e.(*plan.Param); ok && p.Index < len(params) && params[p.Index].Type.Base() == p.Typ.Base() {
			return &plan.Const{Typ: p.Typ, Value: params[p.Index].Datum}
		}
		return e
	})
}
