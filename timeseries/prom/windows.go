package prom

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// The engine copies each sample of a range several times on its way from an iterator into
// a function. Where a function is asked for the samples of floats of one metric, as in
// avg_over_time(m[1h]), windows hands it the samples as they were decoded instead, and the
// engine gets a selector in place of the call, whose series are what the function gave.
// The functions are those of the engine, so what they give is the same to the last bit, but
// where points are gone and rows of tiers are read (rolled.go). A range of samples that is itself what is asked for, as m[1d], is read without the engine.

// windows is the engine with that. It implements promql.QueryEngine.
type windows struct {
	parser parser.Parser
	inner  *promql.Engine
	made   *prepared
	limits windowLimits
}

type windowLimits struct {
	samples int
	timeout time.Duration
	running promql.QueryTracker
	// lookback is how far back the engine looks for the sample of a selector.
	lookback time.Duration
}

// of are the limits of a query.
func (l windowLimits) of(opts promql.QueryOpts) windowLimits {
	if opts != nil && opts.LookbackDelta() > 0 {
		l.lookback = opts.LookbackDelta()
	}
	return l
}

// newWindows makes an engine. opts.Parser is its parser.
func newWindows(opts promql.EngineOpts) *windows {
	w := &windows{parser: opts.Parser, made: &prepared{Parser: opts.Parser}, limits: windowLimits{opts.MaxSamples, opts.Timeout, opts.ActiveQueryTracker, cmp.Or(opts.LookbackDelta, 5*time.Minute)}}
	opts.Parser = w.made
	w.inner = promql.NewEngine(opts)
	return w
}

// prepared gives the engine expressions that were parsed ahead, by names.
type prepared struct {
	parser.Parser
	exprs sync.Map // name → parser.Expr
	last  atomic.Uint64
}

// ParseExpr implements parser.Parser.
func (p *prepared) ParseExpr(text string) (parser.Expr, error) {
	if x, ok := p.exprs.Load(text); ok {
		return x.(parser.Expr), nil
	}
	return p.Parser.ParseExpr(text)
}

// put names an expression until forget is called.
func (p *prepared) put(expr parser.Expr) (name string, forget func()) {
	name = "\x00" + strconv.FormatUint(p.last.Add(1), 10) // no expression begins like this
	p.exprs.Store(name, expr)
	return name, func() { p.exprs.Delete(name) }
}

// flat is a storage that can tell that what matchers find of a metric has floats only.
type flat interface {
	Flat(metric string) (bool, error)
}

// NewInstantQuery implements promql.QueryEngine.
func (w *windows) NewInstantQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	expr, err := w.parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	p := newPlan(q, w.limits.of(opts), at, at, time.Millisecond)
	if m, ok := bare(expr).(*parser.MatrixSelector); ok && p.reads(m) {
		return newRangeQuery(w.limits, q, p, m, at), nil
	}
	expr = p.rewrite(expr)
	name, forget := w.made.put(expr)
	defer forget()
	run, err := w.inner.NewInstantQuery(ctx, p.over(), opts, name, at)
	return p.query(run), err
}

// NewRangeQuery implements promql.QueryEngine.
func (w *windows) NewRangeQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, text string, start, end time.Time, step time.Duration) (promql.Query, error) {
	expr, err := w.parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	p := newPlan(q, w.limits.of(opts), start, end, step)
	expr = p.rewrite(expr)
	name, forget := w.made.put(expr)
	defer forget()
	run, err := w.inner.NewRangeQuery(ctx, p.over(), opts, name, start, end, step)
	return p.query(run), err
}

// windowFunctions are those that see nothing but the samples of a range, and whether what
// they give keeps the name of the metric.
var windowFunctions = map[string]bool{
	"avg_over_time": false, "sum_over_time": false, "min_over_time": false, "max_over_time": false, "count_over_time": false,
	"stddev_over_time": false, "stdvar_over_time": false, "present_over_time": false, "quantile_over_time": false,
	"last_over_time": true, "rate": false, "increase": false, "delta": false, "irate": false, "idelta": false, "changes": false,
	"resets": false, "deriv": false, "predict_linear": false,
}

// asArguments are functions that look at how their arguments are written.
var asArguments = map[string]bool{"absent": true, "absent_over_time": true, "timestamp": true, "start_timestamp": true, "info": true}

// plan is what is computed here of one query.
type plan struct {
	queryable         storage.Queryable
	flat              flat
	rolled            rolled
	samples           int   // that a window holds at most
	lookback          int64 // milliseconds
	start, end, every int64 // milliseconds
	calls             map[*labels.Matcher]*windowCall
	warnings          annotations.Annotations
}

func newPlan(q storage.Queryable, limits windowLimits, start, end time.Time, step time.Duration) *plan {
	ms := func(t time.Time) int64 { return t.UnixNano() / millisecond } // as the engine counts
	p := &plan{queryable: q, samples: limits.samples, lookback: limits.lookback.Milliseconds(), start: ms(start), end: ms(end), every: int64(step / time.Millisecond), warnings: *annotations.New()}
	if f, ok := q.(flat); ok && p.every > 0 {
		p.flat = f
		p.rolled, _ = q.(rolled)
	}
	return p
}

// windowCall is a call of a function over ranges of samples.
type windowCall struct {
	plan         *plan
	name         string
	fn           promql.FunctionCall
	expr         *parser.Call
	params       []promql.Vector // the arguments beside the range
	matchers     []*labels.Matcher
	span, offset int64 // milliseconds
	keepsName    bool
	rolled       bool           // rows are read where points are gone
	left         map[int]reason // steps without a value, as rows do not tell it
	widest       int64          // of the windows that these are in
}

func bare(expr parser.Expr) parser.Expr {
	for {
		p, ok := expr.(*parser.ParenExpr)
		if !ok {
			return expr
		}
		expr = p.Expr
	}
}

// rewrite puts selectors in place of the calls that are computed here.
func (p *plan) rewrite(expr parser.Expr) parser.Expr {
	if p.flat == nil {
		return expr
	}
	switch x := expr.(type) {
	case *parser.Call:
		if c := p.call(x); c != nil {
			return p.put(c, x.PosRange)
		}
		if !asArguments[x.Func.Name] {
			for i := range x.Args {
				x.Args[i] = p.rewrite(x.Args[i])
			}
		}
	case *parser.VectorSelector:
		if c := p.selector(x); c != nil {
			return p.put(c, x.PosRange)
		}
	case *parser.AggregateExpr:
		x.Expr = p.rewrite(x.Expr)
		if x.Param != nil {
			x.Param = p.rewrite(x.Param)
		}
	case *parser.BinaryExpr:
		x.LHS, x.RHS = p.rewrite(x.LHS), p.rewrite(x.RHS)
	case *parser.UnaryExpr:
		x.Expr = p.rewrite(x.Expr)
	case *parser.ParenExpr:
		x.Expr = p.rewrite(x.Expr)
	}
	return expr
}

// put makes the selector that stands for a call.
func (p *plan) put(c *windowCall, at posrange.PositionRange) parser.Expr {
	m := labels.MustNewMatcher(labels.MatchEqual, "", c.name) // it is told by where it lies
	if p.calls == nil {
		p.calls = make(map[*labels.Matcher]*windowCall)
	}
	p.calls[m] = c
	return &parser.VectorSelector{LabelMatchers: []*labels.Matcher{m}, PosRange: at}
}

// selector is a selector as a call; nil where the engine reads all that it needs.
func (p *plan) selector(x *parser.VectorSelector) *windowCall {
	if !p.readsSelector(x) {
		return nil
	}
	c := &windowCall{plan: p, name: lookback, matchers: x.LabelMatchers, span: p.lookback, offset: x.OriginalOffset.Milliseconds(), keepsName: true}
	if c.rolled = p.reachesRolled(c); !c.rolled {
		return nil
	}
	return c
}

// reachesRolled says whether a call reads from before there are points of its metric, and
// can be had from the rows of tiers.
func (p *plan) reachesRolled(c *windowCall) bool {
	if p.rolled == nil || !rolledFunctions[c.name] {
		return false
	}
	from, _ := c.bounds()
	before, ok, err := p.rolled.RolledBefore(c.metric())
	return err == nil && ok && from < before // the engine meets the error, too
}

// call is a call that can be computed here; nil where it cannot.
func (p *plan) call(x *parser.Call) *windowCall {
	keepsName, ok := windowFunctions[x.Func.Name]
	fn := promql.FunctionCalls[x.Func.Name]
	if !ok || fn == nil {
		return nil
	}
	c := &windowCall{plan: p, name: x.Func.Name, fn: fn, expr: x, keepsName: keepsName}
	var sel *parser.MatrixSelector
	for i := range x.Args {
		x.Args[i] = bare(x.Args[i]) // which the engine would do
		switch a := x.Args[i].(type) {
		case *parser.MatrixSelector:
			sel = a
		case *parser.NumberLiteral:
			c.params = append(c.params, promql.Vector{promql.Sample{F: a.Val}})
		default:
			return nil
		}
	}
	if sel == nil || !p.reads(sel) {
		return nil
	}
	v := sel.VectorSelector.(*parser.VectorSelector)
	v.Offset = v.OriginalOffset // as the engine would, and the function takes it from there
	c.matchers, c.span, c.offset = v.LabelMatchers, sel.Range.Milliseconds(), v.OriginalOffset.Milliseconds()
	c.rolled = p.reachesRolled(c)
	return c
}

// reads says whether the samples of a range can be read here: floats of one metric, at
// times that the query says.
func (p *plan) reads(m *parser.MatrixSelector) bool {
	v, ok := m.VectorSelector.(*parser.VectorSelector)
	return ok && m.RangeExpr == nil && p.readsSelector(v)
}

func (p *plan) readsSelector(v *parser.VectorSelector) bool {
	if p.flat == nil || v.Anchored || v.Smoothed || v.Timestamp != nil || v.StartOrEnd != 0 || v.OriginalOffsetExpr != nil {
		return false
	}
	for _, x := range v.LabelMatchers {
		if x.Name == model.MetricNameLabel && x.Type == labels.MatchEqual {
			is, err := p.flat.Flat(x.Value)
			return is && err == nil // the engine meets the error, too
		}
	}
	return false
}

// over is the storage with what is computed here in place of calls.
func (p *plan) over() storage.Queryable {
	if len(p.calls) == 0 {
		return p.queryable
	}
	return p
}

// Querier implements storage.Queryable.
func (p *plan) Querier(mint, maxt int64) (storage.Querier, error) {
	for _, c := range p.calls {
		from, to := c.bounds()
		mint, maxt = min(mint, from), max(maxt, to)
	}
	q, err := p.queryable.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return &planned{q, p}, nil
}

// bounds are the first and the last time that a call reads.
func (c *windowCall) bounds() (from, to int64) {
	return saturated(c.plan.start, c.offset+c.span-1), saturated(c.plan.end, c.offset)
}

// saturated is t - d, within what an int64 holds.
func saturated(t, d int64) int64 {
	switch r := t - d; {
	case d > 0 && r > t:
		return math.MinInt64
	case d < 0 && r < t:
		return math.MaxInt64
	default:
		return r
	}
}

// planned is a querier of a plan.
type planned struct {
	storage.Querier
	plan *plan
}

// Select implements storage.Querier.
func (q *planned) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	if len(matchers) != 1 || q.plan.calls[matchers[0]] == nil {
		return q.Querier.Select(ctx, sorted, hints, matchers...)
	}
	c := q.plan.calls[matchers[0]]
	from, to := c.bounds()
	if c.rolled {
		ctx = context.WithValue(ctx, rolledKey{}, true)
	}
	h := &storage.SelectHints{Start: from, End: to, Step: q.plan.every, Range: c.span, Func: c.name}
	set := &windowSet{SeriesSet: q.Querier.Select(ctx, sorted, h, c.matchers...), call: c}
	if c.rolled {
		return c.rolledSet(ctx, set)
	}
	return set
}

// query has the warnings of what is computed here among those of the query.
func (p *plan) query(run promql.Query) promql.Query {
	if run == nil || len(p.calls) == 0 {
		return run
	}
	return &plannedQuery{run, p}
}

type plannedQuery struct {
	promql.Query
	plan *plan
}

// Exec implements promql.Query.
func (q *plannedQuery) Exec(ctx context.Context) *promql.Result {
	r := q.Query.Exec(ctx)
	r.Warnings.Merge(q.plan.warnings)
	q.plan.warnLeft(&r.Warnings)
	return r
}
