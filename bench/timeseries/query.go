package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// set is a metric of the queries: series with a point each step.
type set struct {
	metric string
	series int
	points int
	step   time.Duration
	peer   *tsdb.DB
}

func (s *set) end() time.Time {
	return time.Unix(0, ingestStart).Add(time.Duration(s.points-1) * s.step)
}

// sets are what is asked for: a day at 10 s; an hour of 1,000 series at 10 s; 30 days of
// 100 series at a minute.
func (c *config) sets() []*set {
	list := []*set{{"day", 1, 8640, 10 * time.Second, nil}, {"hour", 1000, 360, 10 * time.Second, nil}, {"month", 100, 30 * 1440, time.Minute, nil}}
	if c.quick {
		list[1].series, list[2].series = 100, 10
	}
	return list
}

// ask is a query in PromQL.
type ask struct {
	of   *set
	expr string
	span time.Duration // of a range
	step time.Duration
	row  *report.Row
}

func benchQuery(c *config, t *report.Table) error {
	list := c.sets()
	wdir, err := c.fresh("weft-query")
	if err != nil {
		return err
	}
	w, err := openWeft(wdir)
	if err != nil {
		return err
	}
	defer w.close()
	for _, s := range list {
		pdir, err := c.fresh("prometheus-query")
		if err != nil {
			return err
		}
		if s.peer, err = openPrometheus(pdir, func(*tsdb.Options) {}); err != nil { // one takes points in the order of time only
			return err
		}
		defer s.peer.Close()
		if err := s.fill(w, s.peer); err != nil {
			return err
		}
		if err := s.peer.Compact(context.Background()); err != nil {
			return err
		}
	}
	if _, err := w.ts.Seal(context.Background()); err != nil {
		return err
	}
	day, hour, month := list[0], list[1], list[2]
	goal := report.AtLeast(2, "prometheus")
	asks := []ask{
		{day, "day[1d]", 0, 0, t.Row("query: 1 series × 1 day, raw", report.Took, goal)},
		{hour, "avg by (region) (avg_over_time(hour[1h]))", 0, 0,
			t.Row(fmt.Sprintf("query: %d series × 1 h, avg by tag", hour.series), report.Took, goal)},
		{month, "avg_over_time(month[1h])", 30*24*time.Hour - time.Hour, time.Hour,
			t.Row(fmt.Sprintf("query: %d series × 30 d, hourly", month.series), report.Took, goal)},
	}
	own := newNative(t, month)
	engine := prom.NewEngine(prom.Options{})
	peer := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: 2 * time.Minute, Parser: parser.NewParser(parser.Options{})})
	for range c.rounds {
		for _, a := range asks {
			if c.wants("weft") {
				if err := c.each1(a.row, "weft", func() error { return a.weft(engine, w) }); err != nil {
					return err
				}
			}
			if c.wants("prometheus") {
				if err := c.each1(a.row, "prometheus", func() error { return a.prometheus(peer, a.of.peer) }); err != nil {
					return err
				}
			}
		}
		if err := own.measure(c, w); err != nil {
			return err
		}
	}
	return nil
}

// each1 adds the processor time of one run of fn.
func (c *config) each1(r *report.Row, side string, fn func() error) error {
	if err := fn(); err != nil { // what is read is in memory then
		return fmt.Errorf("%s: %w", side, err)
	}
	n, until := 0, 500*time.Millisecond
	if c.quick {
		until = 50 * time.Millisecond
	}
	took, err := timed(func() error {
		for began := report.UsedCPU(); n == 0 || report.UsedCPU()-began < until; n++ {
			if err := fn(); err != nil {
				return err
			}
		}
		return nil
	})
	r.Add(side, float64(took)/float64(n))
	return err
}

func (s *set) fill(w *weft, db *tsdb.DB) error {
	src := newSource(s.series)
	ctx := context.Background()
	var points []timeseries.Point
	refs := make([]promstorage.SeriesRef, s.series)
	for n := range s.points {
		at := ingestStart + int64(n)*int64(s.step)
		a := db.Appender(ctx)
		for i := range s.series {
			v := src.next(i)
			tags := tagsOf(i)
			points = append(points, timeseries.Point{Metric: s.metric, Tags: tags, Time: at, Fields: []timeseries.Field{{Name: timeseries.DefaultField, Value: timeseries.FloatValue(v)}}})
			var err error
			if refs[i], err = a.Append(refs[i], labelsOf(s.metric, i), at/1e6, v); err != nil {
				return err
			}
		}
		if err := a.Commit(); err != nil {
			return err
		}
		if len(points) >= 50_000 || n == s.points-1 {
			if err := w.ts.Write(ctx, points); err != nil {
				return err
			}
			points = points[:0]
		}
	}
	return nil
}

func (a *ask) weft(e *prom.Engine, w *weft) error {
	q := prom.Query{Expr: a.expr, Start: a.of.end().Add(-a.span), End: a.of.end(), Step: a.step}
	return e.Run(context.Background(), w.ts, q, func(r prom.Result) error { return holds(r.Value) })
}

func (a *ask) prometheus(e *promql.Engine, db *tsdb.DB) error {
	ctx := context.Background()
	var q promql.Query
	var err error
	if a.step == 0 {
		q, err = e.NewInstantQuery(ctx, db, nil, a.expr, a.of.end())
	} else {
		q, err = e.NewRangeQuery(ctx, db, nil, a.expr, a.of.end().Add(-a.span), a.of.end(), a.step)
	}
	if err != nil {
		return err
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return res.Err
	}
	return holds(res.Value)
}

// holds says what is wrong where an answer is empty.
func holds(v parser.Value) error {
	n := 0
	switch v := v.(type) {
	case promql.Matrix:
		n = len(v)
	case promql.Vector:
		n = len(v)
	}
	if n == 0 {
		return fmt.Errorf("the answer %v is empty", v)
	}
	return nil
}

// native measures the store's own queries of a set: hours of all series, and an aggregate of
// all points, which blocks know without being decoded.
type native struct {
	of                    *set
	hourly, whole, points *report.Row
}

func newNative(t *report.Table, s *set) *native {
	return &native{
		of:     s,
		hourly: t.Row(fmt.Sprintf("… the same as a query of the store's own: %d series × 30 d, hourly", s.series), report.Took),
		whole:  t.Aside("aggregate over sealed blocks", report.Took),
		points: t.Row("aggregate over sealed blocks, by their statistics, points", report.PerSecond, report.Bound("≥ 1 G/s", 1e9)),
	}
}

func (n *native) measure(c *config, w *weft) error {
	if !c.wants("weft") {
		return nil
	}
	q := timeseries.Query{Metric: n.of.metric, From: math.MinInt64, To: math.MaxInt64, Mode: timeseries.Instant, Function: timeseries.Function{Name: "avg"}}
	hours := q
	hours.Mode, hours.Interval, hours.MaxPoints = timeseries.Downsample, timeseries.Interval{Fixed: time.Hour}, 1<<20
	for _, x := range []struct {
		row *report.Row
		q   timeseries.Query
	}{{n.hourly, hours}, {n.whole, q}} {
		if err := c.each1(x.row, "weft", func() error {
			a, err := w.ts.Query(context.Background(), x.q)
			if err == nil && len(a.Series) != n.of.series {
				err = fmt.Errorf("%d series", len(a.Series))
			}
			return err
		}); err != nil {
			return err
		}
	}
	v, _ := n.whole.Median("weft")
	n.points.Add("weft", float64(n.of.series*n.of.points)/v*1e9)
	return nil
}
