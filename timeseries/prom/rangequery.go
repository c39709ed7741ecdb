package prom

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/stats"
)

// rangeQuery is a query for the samples of a range, as m[1d]. It implements promql.Query.
type rangeQuery struct {
	limits windowLimits
	over   storage.Queryable
	plan   *plan
	sel    *parser.MatrixSelector
	stmt   *parser.EvalStmt
	ctx    context.Context
	cancel context.CancelFunc
}

func newRangeQuery(limits windowLimits, over storage.Queryable, p *plan, m *parser.MatrixSelector, at time.Time) *rangeQuery {
	q := &rangeQuery{limits: limits, over: over, plan: p, sel: m, stmt: &parser.EvalStmt{Expr: m, Start: at, End: at}}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q
}

// Close implements promql.Query.
func (q *rangeQuery) Close() { q.cancel() }

// Cancel implements promql.Query.
func (q *rangeQuery) Cancel() { q.cancel() }

// Statement implements promql.Query.
func (q *rangeQuery) Statement() parser.Statement { return q.stmt }

// Stats implements promql.Query.
func (q *rangeQuery) Stats() *stats.Statistics {
	return &stats.Statistics{Timers: stats.NewQueryTimers(), Samples: stats.NewQuerySamples(false)}
}

// String implements promql.Query.
func (q *rangeQuery) String() string { return q.sel.String() }

// Exec implements promql.Query.
func (q *rangeQuery) Exec(ctx context.Context) *promql.Result {
	const doing = "query execution"
	ctx, cancel := context.WithTimeout(ctx, q.limits.timeout)
	defer cancel()
	defer context.AfterFunc(q.ctx, cancel)()
	r, err := q.run(ctx)
	switch ended := ctx.Err(); {
	case err == nil:
		return r
	case errors.Is(ended, context.DeadlineExceeded):
		err = promql.ErrQueryTimeout(doing)
	case ended != nil:
		err = promql.ErrQueryCanceled(doing)
	}
	return &promql.Result{Err: err}
}

func (q *rangeQuery) run(ctx context.Context) (*promql.Result, error) {
	if t := q.limits.running; t != nil {
		n, err := t.Insert(ctx, q.String())
		if err != nil {
			return nil, err
		}
		defer t.Delete(n)
	}
	v := q.sel.VectorSelector.(*parser.VectorSelector)
	to := saturated(q.plan.start, v.OriginalOffset.Milliseconds())
	from := saturated(to, q.sel.Range.Milliseconds()-1)
	querier, err := q.over.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	hints := &storage.SelectHints{Start: from, End: to, Range: q.sel.Range.Milliseconds()}
	set := querier.Select(ctx, false, hints, v.LabelMatchers...)
	matrix, total := promql.Matrix{}, 0
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, ok := set.At().(floatReader)
		if !ok {
			return nil, errors.New("a series cannot be read at once")
		}
		points, err := s.readFloats(nil)
		if err != nil {
			return nil, promql.ErrStorage{Err: err}
		}
		if total += len(points); total > q.limits.samples {
			return nil, promql.ErrTooManySamples("query execution")
		}
		if len(points) > 0 {
			matrix = append(matrix, promql.Series{Metric: s.Labels(), Floats: points})
		}
	}
	if err := set.Err(); err != nil {
		return nil, promql.ErrStorage{Err: err}
	}
	sort.Sort(matrix)
	return &promql.Result{Value: matrix, Warnings: set.Warnings()}, nil
}
