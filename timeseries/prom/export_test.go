package prom

import "github.com/prometheus/prometheus/promql"

// NewWindows makes an engine that computes windows itself, with other options than
// NewEngine has.
func NewWindows(opts promql.EngineOpts) promql.QueryEngine { return newWindows(opts) }

// Computed is how many calls of a query are computed by windows; -1 where the engine has
// no part in it.
func Computed(q promql.Query) int {
	switch q := q.(type) {
	case *plannedQuery:
		return len(q.plan.calls)
	case *rangeQuery:
		return -1
	}
	return 0
}
