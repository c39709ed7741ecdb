package query

import (
	"slices"
	"time"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// recentPlan is the plan that a text ran last, with what it was found under in the plan
// cache. To compare that costs less than to make its key and look for it, and a text that
// is sent again is nearly always sent under the same settings. It is of no use to a plan
// that it holds no more: whoever takes it asks for that as for one from the cache.
type recentPlan struct {
	db     keyspace.DatabaseID
	params []sqltype.Type
	zone   *time.Location
	style  sqltype.Style
	temp   string
	path   []string
	set    opt.Settings
	plan   *compiled
}

// again returns the plan that the text ran last, where this run would find it in the
// cache and it still holds; else nil.
func (r *running) again(st ast.Stmt, params []Param) (*compiled, error) {
	if len(r.text.stmts) != 1 || st != r.text.stmts[0] {
		return nil, nil
	}
	p, set := r.text.recent.Load(), &r.s.set
	if p == nil || p.db != r.s.db.ID || p.zone != set.zone || p.style != set.style || p.temp != r.s.temp || p.set != set.planner ||
		!slices.Equal(p.path, set.path) || len(p.params) != len(params) {
		return nil, nil
	}
	for i := range params {
		if params[i].Type != p.params[i] {
			return nil, nil
		}
	}
	if !r.holds(p.plan) {
		return nil, nil
	}
	if holds, err := r.s.externalHolds(r.ctx, p.plan); !holds || err != nil {
		return nil, err
	}
	r.cached = true
	r.s.e.plans.hits.Add(1)
	return p.plan, nil
}

// remember keeps a plan that was found in the cache for again.
func (r *running) remember(st ast.Stmt, params []Param, c *compiled) {
	if len(r.text.stmts) != 1 || st != r.text.stmts[0] {
		return
	}
	set := &r.s.set
	p := &recentPlan{db: r.s.db.ID, zone: set.zone, style: set.style, temp: r.s.temp, path: slices.Clone(set.path), set: set.planner, plan: c}
	for _, given := range params {
		p.params = append(p.params, given.Type)
	}
	r.text.recent.Store(p)
}
