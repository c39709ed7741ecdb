package prom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// PrometheusVersion is the version of Prometheus whose PromQL this is, which clients take
// as what the server can do. A test holds it against go.mod.
const PrometheusVersion = "3.15.1"

// MaxResolution is how many steps a query of a range may have, as in Prometheus.
const MaxResolution = 11_000

// Options tunes an engine. The zero value is good.
type Options struct {
	// MaxSamples bounds the samples that a query holds in memory. Default 50,000,000.
	MaxSamples int
	// Timeout bounds the time of a query. Default 2 min.
	Timeout time.Duration
	// Lookback is how old the last sample of a series may be that is not marked as
	// ended. Default 5 min.
	Lookback time.Duration
	// MaxConcurrent bounds the queries that run; others wait. Default 20.
	MaxConcurrent int
}

// Engine runs PromQL. Safe for concurrent use.
type Engine struct {
	engine *windows
	parser parser.Parser
}

// NewEngine makes an engine.
func NewEngine(o Options) *Engine {
	if o.MaxSamples <= 0 {
		o.MaxSamples = 50_000_000
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Lookback <= 0 {
		o.Lookback = 5 * time.Minute
	}
	if o.MaxConcurrent <= 0 {
		o.MaxConcurrent = 20
	}
	p := parser.NewParser(parser.Options{})
	return &Engine{parser: p, engine: newWindows(promql.EngineOpts{
		MaxSamples:               o.MaxSamples,
		Timeout:                  o.Timeout,
		LookbackDelta:            o.Lookback,
		ActiveQueryTracker:       make(slots, o.MaxConcurrent),
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   p,
	})}
}

// slots lets so many queries run at once. It implements promql.QueryTracker.
type slots chan struct{}

// GetMaxConcurrent implements promql.QueryTracker.
func (s slots) GetMaxConcurrent() int { return cap(s) }

// Insert implements promql.QueryTracker.
func (s slots) Insert(ctx context.Context, _ string) (int, error) {
	select {
	case s <- struct{}{}:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Delete implements promql.QueryTracker.
func (s slots) Delete(int) { <-s }

// Close implements promql.QueryTracker.
func (slots) Close() error { return nil }

// Query is what is asked.
type Query struct {
	Expr       string
	Start, End time.Time     // the same of a query at one time
	Step       time.Duration // 0: at one time
	Lookback   time.Duration // 0: that of the engine
}

// Result is the answer to a query.
type Result struct {
	Value           parser.Value
	Warnings, Infos []string
}

// Run runs a query in one snapshot and gives the result to fn, which must be done with
// it when it returns.
func (e *Engine) Run(ctx context.Context, store *timeseries.Store, q Query, fn func(Result) error) error {
	if q.Step > 0 {
		if q.End.Before(q.Start) {
			return badData("end", "end timestamp must not be before start time")
		}
		if q.End.Sub(q.Start)/q.Step > MaxResolution {
			return badData("step", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
		}
	}
	return store.View(ctx, func(tx *txn.Tx) error {
		opts := promql.NewPrometheusQueryOpts(false, q.Lookback)
		var run promql.Query
		var err error
		if q.Step > 0 {
			run, err = e.engine.NewRangeQuery(ctx, Over(store, tx), opts, q.Expr, q.Start, q.End, q.Step)
		} else {
			run, err = e.engine.NewInstantQuery(ctx, Over(store, tx), opts, q.Expr, q.Start)
		}
		if err != nil {
			return failure(err, "bad_data")
		}
		defer run.Close()
		r := run.Exec(ctx)
		if r.Err != nil {
			return failure(r.Err, "execution")
		}
		warnings, infos := r.Warnings.AsStrings(q.Expr, 10, 10)
		return fn(Result{r.Value, warnings, infos})
	})
}

// Selectors reads the selectors of series, which must each have a condition that the
// empty text does not meet.
func (e *Engine) Selectors(list []string) ([][]*labels.Matcher, error) {
	sets, err := e.parser.ParseMetricSelectors(list)
	if err != nil {
		return nil, badData("match[]", "%s", err)
	}
	for _, set := range sets {
		if all(set, "") {
			return nil, badData("match[]", "match[] must contain at least one non-empty matcher")
		}
	}
	return sets, nil
}

// Failure is an error as Prometheus tells it: Kind is its errorType.
type Failure struct {
	Kind string
	Err  error
}

// Error implements error.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap implements errors.
func (f *Failure) Unwrap() error { return f.Err }

// badData is an error in what was asked.
func badData(field, format string, args ...any) error {
	return &Failure{"bad_data", fmt.Errorf("invalid parameter %q: %w", field, fmt.Errorf(format, args...))}
}

// failure tells an error of the engine; kind is that of errors of no other kind.
func failure(err error, kind string) error {
	var canceled promql.ErrQueryCanceled
	var timeout promql.ErrQueryTimeout
	var storage promql.ErrStorage
	switch {
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		kind = "canceled"
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		kind = "timeout"
	case errors.As(err, &storage):
		if err = storage.Err; dberr.ClassOf(err) != nil && !errors.Is(err, dberr.ErrCorrupt) {
			return Tell(err)
		}
		kind = "internal"
	case errors.Is(err, dberr.ErrCorrupt):
		kind = "internal"
	}
	return &Failure{kind, err}
}

// Tell tells an error of the store as Prometheus would.
func Tell(err error) error {
	var f *Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	kind := "internal"
	switch class := dberr.ClassOf(err); {
	case errors.Is(class, dberr.ErrNotFound):
		kind = "not_found"
	case errors.Is(class, dberr.ErrInvalid), errors.Is(class, dberr.ErrUnsupported), errors.Is(class, dberr.ErrConstraint), errors.Is(class, dberr.ErrTooLarge):
		kind = "bad_data"
	case errors.Is(class, dberr.ErrCanceled), errors.Is(err, context.Canceled):
		kind = "canceled"
	case errors.Is(class, dberr.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		kind = "timeout"
	case errors.Is(class, dberr.ErrUnavailable), errors.Is(class, dberr.ErrReadOnly):
		kind = "unavailable"
	}
	return &Failure{kind, err}
}
