package prom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// Over is the store as Prometheus queries it, at the snapshot of a transaction, which
// must last longer than the queriers.
func Over(store *timeseries.Store, tx *txn.Tx) *Source { return &Source{store, tx} }

// Source implements storage.Queryable.
type Source struct {
	store *timeseries.Store
	tx    *txn.Tx
}

// Querier implements storage.Queryable.
func (s *Source) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{store: s.store, tx: s.tx, mint: mint, maxt: maxt}, nil
}

// Flat says whether a metric has no histograms and no starts of counters.
func (s *Source) Flat(metric string) (bool, error) {
	m, ok, err := s.store.LookupTx(s.tx, metric)
	if err != nil || !ok {
		return false, err
	}
	for _, v := range views(m) {
		if v.histogram >= 0 || v.start >= 0 {
			return false, nil
		}
	}
	return true, nil
}

// querier implements storage.Querier. Not safe for concurrent use, as the transaction.
type querier struct {
	store      *timeseries.Store
	tx         *txn.Tx
	mint, maxt int64
	open       []*timeseries.Reader
}

// Close implements storage.Querier; the transaction is its owner's.
func (q *querier) Close() error {
	for _, r := range q.open {
		r.Close()
	}
	q.open = nil
	return nil
}

// search is what matchers ask for, in terms of the store.
type search struct {
	names  []*labels.Matcher // of metrics
	fields []*labels.Matcher // of __field__
	tags   []timeseries.Matcher
	rest   []*labels.Matcher // of tags, which the store cannot look up
}

func searchFor(matchers []*labels.Matcher) (s search) {
	for _, m := range matchers {
		switch m.Name {
		case model.MetricNameLabel:
			s.names = append(s.names, m)
			continue
		case FieldLabel:
			s.fields = append(s.fields, m)
			continue
		}
		x := timeseries.Matcher{Tag: m.Name, Values: []string{m.Value}}
		set := m.SetMatches()
		switch {
		case len(m.Name) > timeseries.MaxNameBytes:
			s.rest = append(s.rest, m)
			continue
		case m.Type == labels.MatchEqual:
			x.Op = timeseries.MatchIn
		case m.Type == labels.MatchNotEqual:
			x.Op = timeseries.MatchNotIn
		case len(set) > 0 && m.Type == labels.MatchRegexp: // an alternative of texts
			x.Op, x.Values = timeseries.MatchIn, set
		case len(set) > 0:
			x.Op, x.Values = timeseries.MatchNotIn, set
		case len(m.Value) > timeseries.MaxTagValueBytes:
			s.rest = append(s.rest, m)
			continue
		case m.Type == labels.MatchRegexp:
			x.Op = timeseries.MatchRegex
		default:
			x.Op = timeseries.MatchNotRegex
		}
		s.tags = append(s.tags, x)
	}
	return s
}

func all(matchers []*labels.Matcher, value string) bool {
	for _, m := range matchers {
		if !m.Matches(value) {
			return false
		}
	}
	return true
}

// metrics are the metrics whose names match.
func (q *querier) metrics(s *search) ([]*timeseries.Metric, error) {
	for _, m := range s.names {
		if m.Type != labels.MatchEqual {
			continue
		}
		if m.Value == "" || len(m.Value) > timeseries.MaxNameBytes || !all(s.names, m.Value) {
			return nil, nil
		}
		x, ok, err := q.store.LookupTx(q.tx, m.Value)
		if err != nil || !ok {
			return nil, err
		}
		return []*timeseries.Metric{x}, nil
	}
	list, err := q.store.MetricsTx(q.tx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(m *timeseries.Metric) bool { return !all(s.names, m.Name) }), nil
}

// each visits the series that match.
func (q *querier) each(ctx context.Context, matchers []*labels.Matcher, fn func(m *timeseries.Metric, v view, x timeseries.Selected) error) error {
	s := searchFor(matchers)
	metrics, err := q.metrics(&s)
	if err != nil {
		return err
	}
	for _, m := range metrics {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fields := slices.DeleteFunc(views(m), func(v view) bool { return !all(s.fields, v.label) })
		if len(fields) == 0 {
			continue
		}
		found, err := q.store.SelectTx(q.tx, m, slices.Clone(s.tags))
		if err != nil {
			return err
		}
		for _, x := range found {
			if !s.restHolds(x.Tags) {
				continue
			}
			for _, v := range fields {
				if err := fn(m, v, x); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *search) restHolds(tags []timeseries.Tag) bool {
	for _, m := range s.rest {
		value := ""
		for _, t := range tags {
			if t.Key == m.Name {
				value = t.Value
			}
		}
		if !m.Matches(value) {
			return false
		}
	}
	return true
}

// Select implements storage.Querier.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	from, to := q.mint, q.maxt
	onlyLabels := false
	if hints != nil {
		from, to = max(from, hints.Start), min(to, hints.End)
		onlyLabels = hints.Func == "series"
	}
	set := &seriesSet{at: -1, warnings: *annotations.New()}
	b := labels.NewScratchBuilder(16)
	err := q.each(ctx, matchers, func(m *timeseries.Metric, v view, x timeseries.Selected) error {
		if onlyLabels {
			if has, err := q.has(ctx, m, x, from, to); err != nil || !has {
				return err
			}
		}
		s := &series{q: q, ctx: ctx, labels: labelsOf(&b, m.Name, x.Tags, v.label), metric: m, view: v, found: x, from: toNanos(from), to: endNanos(to)}
		if err := q.rolledUp(set, s, !onlyLabels); err != nil {
			return err
		}
		set.list = append(set.list, s)
		return nil
	})
	if err != nil {
		return storage.ErrSeriesSet(err)
	}
	if err := q.readers(set); err != nil {
		return storage.ErrSeriesSet(err)
	}
	if sorted {
		slices.SortFunc(set.list, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	}
	if hints != nil && hints.Limit > 0 && len(set.list) > hints.Limit {
		set.list = set.list[:hints.Limit]
	}
	return set
}

// readers gives each series the reader of its metric, whose series are next to each other.
func (q *querier) readers(set *seriesSet) error {
	for i, j := 0, 0; i < len(set.list); i = j {
		m := set.list[i].metric
		for j = i; j < len(set.list) && set.list[j].metric == m; j++ {
		}
		r, err := q.store.ReaderTx(q.tx, m, j-i)
		if err != nil {
			return err
		}
		q.open = append(q.open, r)
		for _, x := range set.list[i:j] {
			x.reader = r
		}
	}
	return nil
}

// rolledUp has a series read rows of tiers where points are gone, or no more than the points
// that there are. It is then noted that these are not all: what comes before is rolled up to
// windows, of which not every expression can be computed.
func (q *querier) rolledUp(set *seriesSet, s *series, warn bool) (err error) {
	if set.seen != s.metric {
		set.seen = s.metric
		if set.rolled, err = q.store.RolledUpTx(q.tx, s.metric); err != nil {
			return err
		}
	}
	if set.rolled == nil || s.from >= set.rolled.Before() {
		return nil
	}
	if rolledSeries(s.ctx) {
		s.rolled = set.rolled
		return nil
	}
	s.from = set.rolled.Before()
	if warn {
		set.warnings.Add(fmt.Errorf("%w: metric %q has points from %s on, and this expression sees none before; they are rolled up by its retention policy, and what docs/prometheus.md lists can be had of them",
			annotations.PromQLWarning, s.metric.Name, time.Unix(0, s.from).UTC().Format(time.RFC3339)))
	}
	return nil
}

// has says whether there is anything of a series from from to to, in milliseconds.
func (q *querier) has(ctx context.Context, m *timeseries.Metric, x timeseries.Selected, from, to int64) (bool, error) {
	has, err := q.store.HasPointsTx(q.tx, m, x, toNanos(from), endNanos(to))
	if err != nil || has {
		return has, err
	}
	r, err := q.store.RolledUpTx(q.tx, m)
	if err != nil || r == nil {
		return false, err
	}
	return r.Has(ctx, x, toNanos(from), endNanos(to))
}

type seriesSet struct {
	list     []*series
	at       int
	seen     *timeseries.Metric   // of the last series
	rolled   *timeseries.RolledUp // of that metric
	warnings annotations.Annotations
}

// Next implements storage.SeriesSet.
func (s *seriesSet) Next() bool {
	s.at++
	return s.at < len(s.list)
}

// At implements storage.SeriesSet.
func (s *seriesSet) At() storage.Series { return s.list[s.at] }

// Err implements storage.SeriesSet.
func (*seriesSet) Err() error { return nil }

// Warnings implements storage.SeriesSet.
func (s *seriesSet) Warnings() annotations.Annotations { return s.warnings }

// series implements storage.Series. Its points are read when it is iterated.
type series struct {
	q        *querier
	ctx      context.Context
	labels   labels.Labels
	metric   *timeseries.Metric
	reader   *timeseries.Reader
	view     view
	found    timeseries.Selected
	from, to int64                // nanoseconds, both included
	rolled   *timeseries.RolledUp // what is read where points are gone
}

// Labels implements storage.Series.
func (s *series) Labels() labels.Labels { return s.labels }

// Iterator implements storage.Series.
func (s *series) Iterator(old chunkenc.Iterator) chunkenc.Iterator {
	it, ok := old.(*iterator)
	if !ok {
		it = &iterator{}
	}
	it.load(s)
	return it
}

// LabelValues implements storage.LabelQuerier.
func (q *querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	seen := make(map[string]bool)
	err := q.each(ctx, matchers, func(m *timeseries.Metric, v view, x timeseries.Selected) error {
		value := ""
		switch name {
		case model.MetricNameLabel:
			value = m.Name
		case FieldLabel:
			value = v.label
		default:
			for _, t := range x.Tags {
				if t.Key == name {
					value = t.Value
				}
			}
		}
		if value == "" || seen[value] {
			return nil
		}
		has, err := q.has(ctx, m, x, q.mint, q.maxt)
		if has {
			seen[value] = true
		}
		return err
	})
	return limited(seen, hints), nil, err
}

// LabelNames implements storage.LabelQuerier.
func (q *querier) LabelNames(ctx context.Context, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	seen := make(map[string]bool)
	err := q.each(ctx, matchers, func(m *timeseries.Metric, v view, x timeseries.Selected) error {
		fresh := !seen[model.MetricNameLabel] || v.label != "" && !seen[FieldLabel]
		for _, t := range x.Tags {
			fresh = fresh || !seen[t.Key]
		}
		if !fresh {
			return nil
		}
		has, err := q.has(ctx, m, x, q.mint, q.maxt)
		if !has {
			return err
		}
		seen[model.MetricNameLabel] = true
		if v.label != "" {
			seen[FieldLabel] = true
		}
		for _, t := range x.Tags {
			seen[t.Key] = true
		}
		return nil
	})
	return limited(seen, hints), nil, err
}

func limited(seen map[string]bool, hints *storage.LabelHints) []string {
	list := make([]string, 0, len(seen))
	for v := range seen {
		list = append(list, v)
	}
	slices.Sort(list)
	if hints != nil && hints.Limit > 0 && len(list) > hints.Limit {
		list = list[:hints.Limit]
	}
	return list
}
