package prom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/weftdb/weft/timeseries"
)

// Where the points of a metric are gone, tiers have what those of windows came to. What a
// step asks for is put together of pieces: rows that lie in its range whole, the points that
// rows have by themselves, and points. A step whose range begins or ends, for any series,
// within what is only known as a whole has no value, and a warning says so.

// rolledFunctions are those that can be had from rows.
var rolledFunctions = map[string]bool{
	"avg_over_time": true, "sum_over_time": true, "min_over_time": true, "max_over_time": true, "count_over_time": true, "present_over_time": true,
	"stddev_over_time": true, "stdvar_over_time": true, "last_over_time": true, "rate": true, "increase": true, "delta": true, lookback: true,
}

// lookback is the name of the call that stands for a selector: the last sample of the span
// that the engine looks back.
const lookback = ""

// rolled is a storage that can tell before when the points of a metric are gone.
type rolled interface {
	// RolledBefore is in milliseconds; false where no points are gone.
	RolledBefore(metric string) (before int64, ok bool, err error)
}

// rolledKey is that of a context in which rows are read beside points.
type rolledKey struct{}

// RolledBefore says before when the points of a metric are gone whose windows tiers still
// have, in milliseconds; false where there is no such time.
func (s *Source) RolledBefore(metric string) (before int64, ok bool, err error) {
	m, ok, err := s.store.LookupTx(s.tx, metric)
	if err != nil || !ok {
		return 0, false, err
	}
	r, err := s.store.RolledUpTx(s.tx, m)
	if err != nil || r == nil {
		return 0, false, err
	}
	return toMillis(r.Before()), true, nil
}

// rolledReader is a series of which the rows of tiers can be had.
type rolledReader interface {
	storage.Series
	// readRolled appends what there is of points that are gone, in order, and the points from
	// then on; with the marks of staleness or without.
	readRolled(rows []piece, points []promql.FPoint, marks bool) ([]piece, []promql.FPoint, error)
}

// piece is some samples that are known as a whole, from the first to the last.
type piece struct {
	timeseries.RolledPart
	from, to int64   // milliseconds, both included
	fell     float64 // what a counter had where it began anew, added up
	plain    bool    // their number and values are as PromQL counts them
	interval int64   // of the window that they are of
}

// pieces takes a row apart.
func pieces(dst []piece, row *timeseries.RolledRow, marks bool) []piece {
	p := row.RolledPart
	if row.Rest != nil {
		dst = append(dst, single(toMillis(p.FirstAt), p.First, row.Interval))
		p = *row.Rest
	}
	switch {
	case p.Count == 0, p.Count == 1 && !marks && value.IsStaleNaN(p.First):
		return dst
	case p.Count == 1:
		return append(dst, single(toMillis(p.FirstAt), p.First, row.Interval))
	case p.Count == 2 && row.Plain:
		return append(dst, single(toMillis(p.FirstAt), p.First, row.Interval), single(toMillis(p.LastAt), p.Last, row.Interval))
	}
	plain := row.Plain && !math.IsInf(p.Sum, 0) && !math.IsNaN(p.Sum)
	return append(dst, piece{p, toMillis(p.FirstAt), toMillis(p.LastAt), p.Grew - (p.Last - p.First), plain, row.Interval})
}

// single is one sample.
func single(t int64, v float64, interval int64) piece {
	return piece{timeseries.RolledPart{Count: 1, First: v, Last: v, Sum: v, Min: v, Max: v, Mean: v}, t, t, 0, true, interval}
}

// readRolled implements rolledReader.
func (s *series) readRolled(rows []piece, points []promql.FPoint, marks bool) ([]piece, []promql.FPoint, error) {
	if s.from > s.to || s.view.value < 0 {
		return rows, points, nil
	}
	raw := *s
	if s.rolled != nil {
		raw.from = max(s.from, s.rolled.Before())
		err := s.rolled.Rows(s.ctx, s.found, s.view.value, s.from, s.to, func(row *timeseries.RolledRow) error {
			rows = pieces(rows, row, marks)
			return nil
		})
		if err != nil {
			return rows, points, err
		}
	}
	if !marks {
		points, err := raw.readFloats(points)
		return rows, points, err
	}
	var it iterator
	it.load(&raw)
	for i, t := range it.times {
		points = append(points, promql.FPoint{T: t, F: it.floats[i]})
	}
	return rows, points, it.err
}

// rowSamples is how many samples the memory of a piece would hold.
const rowSamples = 8

// computeRolled gives each step what its function comes to over rows and points.
func (it *windowIterator) computeRolled(s *windowSeries) (err error) {
	of, ok := s.of.(rolledReader)
	if !ok {
		return errors.New("the rows of a series cannot be read")
	}
	c, stale, any := s.call, math.Float64frombits(value.StaleNaN), false
	it.in[0].Metric = s.full
	if it.pieces, it.points, err = of.readRolled(it.pieces[:0], it.points[:0], c.name == lookback); err != nil {
		return err
	}
	if len(it.pieces) > c.plan.samples/rowSamples {
		return promql.ErrTooManySamples("query execution")
	}
	rows, points := it.pieces, it.points
	i, j, k, l := 0, 0, 0, 0
	for ts := c.plan.start; ts <= c.plan.end; ts += c.plan.every {
		to := ts - c.offset
		for j < len(rows) && rows[j].from <= to {
			j++
		}
		for i < j && rows[i].to <= to-c.span {
			i++
		}
		for l < len(points) && points[l].T <= to {
			l++
		}
		for k < l && points[k].T <= to-c.span {
			k++
		}
		if l-k > c.plan.samples {
			return promql.ErrTooManySamples("query execution")
		}
		x, has, why := 0.0, false, reasonNone
		switch {
		case i == j && k == l:
		case i == j && c.name != lookback:
			x, has, err = it.call(c, points[k:l:l], ts)
		default:
			x, has, why = c.rolledValue(rows[i:j], points[k:l], to)
		}
		if err != nil {
			return err
		}
		if why != reasonNone {
			c.leave(len(it.values), why, rows[i:j])
		}
		if !has {
			x = stale
		}
		any = any || has
		it.values = append(it.values, x)
	}
	if any {
		c.noteName(s.full.Get(model.MetricNameLabel))
	}
	return nil
}

// reason is why a step has no value.
type reason int

const (
	reasonNone  reason = iota
	reasonSplit        // its range begins or ends within what is known as a whole
	reasonMixed        // what is known is not plain
)

// rolledValue is what a function comes to over rows and the points behind them that touch
// the range that ends with to.
func (c *windowCall) rolledValue(rows []piece, points []promql.FPoint, to int64) (v float64, has bool, why reason) {
	if c.name == lookback || c.name == "last_over_time" {
		return c.lastOf(rows, points, to)
	}
	var a piece
	for i := range rows {
		p := &rows[i]
		if !p.plain {
			return 0, false, reasonMixed
		}
		if p.from <= to-c.span || p.to > to {
			return 0, false, reasonSplit
		}
		a.join(p)
	}
	for _, p := range points {
		x := single(p.T, p.F, 0)
		a.join(&x)
	}
	v, has = a.value(c.name, to-c.span, to)
	return v, has, reasonNone
}

// lastOf is the last sample.
func (c *windowCall) lastOf(rows []piece, points []promql.FPoint, to int64) (v float64, has bool, why reason) {
	if n := len(points); n > 0 {
		v = points[n-1].F
		return v, !value.IsStaleNaN(v), reasonNone
	}
	last := &rows[len(rows)-1]
	switch {
	case last.to > to && last.plain:
		return 0, false, reasonSplit
	case last.to > to:
		return 0, false, reasonMixed
	case !value.IsStaleNaN(last.Last):
		return last.Last, true, reasonNone
	case c.name == lookback:
		return 0, false, reasonNone
	}
	return 0, false, reasonMixed // what comes before the mark is not known
}

// join adds a piece that is behind those that were added.
func (a *piece) join(p *piece) {
	if a.Count == 0 {
		*a = *p
		return
	}
	if a.fell += p.fell; p.First < a.Last {
		a.fell += a.Last
	}
	n, m, d := float64(a.Count), float64(p.Count), p.Mean-a.Mean
	a.Mean += d * m / (n + m)
	a.Squares += p.Squares + d*d*n*m/(n+m)
	a.Sum += p.Sum
	// NaN gives way to any number, as in PromQL.
	if p.Min < a.Min || math.IsNaN(a.Min) {
		a.Min = p.Min
	}
	if p.Max > a.Max || math.IsNaN(a.Max) {
		a.Max = p.Max
	}
	a.Count += p.Count
	a.Last, a.to = p.Last, p.to
}

// value is what a function comes to over a range, which ends with to and begins behind from.
func (a *piece) value(function string, from, to int64) (v float64, has bool) {
	n := float64(a.Count)
	switch function {
	case "count_over_time":
		return n, true
	case "present_over_time":
		return 1, true
	case "sum_over_time":
		return a.Sum, true
	case "avg_over_time":
		if v = a.Sum / n; math.IsInf(v, 0) && !math.IsInf(a.Mean, 0) && !math.IsNaN(a.Mean) {
			v = a.Mean
		}
		return v, true
	case "min_over_time":
		return a.Min, true
	case "max_over_time":
		return a.Max, true
	case "stdvar_over_time":
		return a.Squares / n, true
	case "stddev_over_time":
		return math.Sqrt(a.Squares / n), true
	}
	if a.Count < 2 {
		return 0, false
	}
	return a.extrapolated(function, from, to), true
}

// extrapolated is what a range grew by, extrapolated to its ends where a sample would be
// expected there, as PromQL defines it: a gap of up to 1.1 times the average distance of
// samples is filled, and one that is longer to half of that distance; and what counts up
// does not begin below zero.
func (a *piece) extrapolated(function string, from, to int64) float64 {
	counter := function != "delta"
	grew := a.Last - a.First
	if counter {
		grew += a.fell
	}
	span := float64(a.to-a.from) / 1000
	every := span / float64(a.Count-1)
	before, after := float64(a.from-from)/1000, float64(to-a.to)/1000
	if before >= 1.1*every {
		before = every / 2
	}
	if counter && grew > 0 && a.First >= 0 {
		before = min(before, span*(a.First/grew))
	}
	if after >= 1.1*every {
		after = every / 2
	}
	factor := (span + before + after) / span
	if function == "rate" {
		factor /= float64(to-from) / 1000
	}
	return grew * factor
}

// leave notes a step that has no value.
func (c *windowCall) leave(step int, why reason, list []piece) {
	if c.left == nil {
		c.left = make(map[int]reason)
	}
	c.left[step] = why
	for i := range list {
		c.widest = max(c.widest, list[i].interval)
	}
}

// warnLeft says what was left out.
func (p *plan) warnLeft(notes *annotations.Annotations) {
	for _, c := range p.calls {
		counts := make(map[reason]int)
		for _, why := range c.left {
			counts[why]++
		}
		tier := timeseries.FormatInterval(time.Duration(c.widest))
		for why, n := range counts {
			text := fmt.Sprintf("begin or end within windows of %s whose points are gone: let start, step, ranges and offsets be multiples of %s", tier, tier)
			if why == reasonMixed {
				text = fmt.Sprintf("are of windows of up to %s whose points are gone, and had NaN, marks of staleness, infinities, or several in one millisecond, or came late, or were rolled up by a version that did not note that they had not", tier)
			}
			notes.Add(fmt.Errorf("%w: %d steps of metric %q are left out, since they %s", annotations.PromQLWarning, n, c.metric(), text))
		}
	}
}

// metric is the name of the metric that a call is of.
func (c *windowCall) metric() string {
	for _, x := range c.matchers {
		if x.Name == model.MetricNameLabel && x.Type == labels.MatchEqual {
			return x.Value
		}
	}
	return ""
}

// rolledSet computes all series of a call ahead, so that a step that one of them has no value
// of is left out of all: a sum of the others would be taken for that of all.
func (c *windowCall) rolledSet(ctx context.Context, of *windowSet) storage.SeriesSet {
	set := &computedSet{at: -1}
	var memory chunkenc.Iterator
	total := 0
	for of.Next() {
		if ctx.Err() != nil {
			return storage.ErrSeriesSet(context.Cause(ctx))
		}
		x := of.now
		memory = x.Iterator(memory)
		it, ok := memory.(*windowIterator)
		if !ok {
			return storage.ErrSeriesSet(fmt.Errorf("a call gives a %T", memory))
		}
		if it.err != nil {
			return storage.ErrSeriesSet(it.err)
		}
		if total += len(it.values); total > c.plan.samples {
			return storage.ErrSeriesSet(promql.ErrTooManySamples("query execution"))
		}
		x.values = slices.Clone(it.values)
		set.list = append(set.list, &x)
	}
	if err := of.Err(); err != nil {
		return storage.ErrSeriesSet(err)
	}
	set.warnings = of.Warnings()
	for step := range c.left {
		for _, x := range set.list {
			x.values[step] = math.Float64frombits(value.StaleNaN)
		}
	}
	return set
}

// computedSet is series whose values are there. It implements storage.SeriesSet.
type computedSet struct {
	list     []*windowSeries
	at       int
	warnings annotations.Annotations
}

// Next implements storage.SeriesSet.
func (s *computedSet) Next() bool {
	s.at++
	return s.at < len(s.list)
}

// At implements storage.SeriesSet.
func (s *computedSet) At() storage.Series { return s.list[s.at] }

// Err implements storage.SeriesSet.
func (*computedSet) Err() error { return nil }

// Warnings implements storage.SeriesSet.
func (s *computedSet) Warnings() annotations.Annotations { return s.warnings }

// rolledSeries says whether rows are read beside points.
func rolledSeries(ctx context.Context) bool { return ctx.Value(rolledKey{}) != nil }
