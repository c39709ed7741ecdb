package tstable

import (
	"context"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// writer writes rows of a metric.
type writer struct {
	ctx    context.Context
	src    *Source
	store  *timeseries.Store
	tx     *txn.Tx
	t      *catalog.Table
	metric *timeseries.Metric
	shape  *shape
}

// Writer implements source.Source.
func (s *Source) Writer(ctx context.Context, tx *txn.Tx, t *catalog.Table) (source.Writer, error) {
	if t.External.Noun == tierNoun {
		return nil, dberr.SQL(dberr.StateFeatureNotSupported, "the tier %q cannot be written: its rows are made of points", t.Name).
			WithHint("Write points of the metric instead.")
	}
	store := s.series.In(t.DB)
	m, err := store.MetricTx(tx, t.External.Object)
	if err != nil {
		return nil, err
	}
	sh, err := s.shapeOf(tx, t, m)
	if err != nil {
		return nil, err
	}
	return &writer{ctx: ctx, src: s, store: store, tx: tx, t: t, metric: m, shape: sh}, nil
}

// matchers find the one series of a row.
func (w *writer) matchers(row []sqltype.Datum) (list []timeseries.Matcher) {
	for i, name := range w.shape.tags {
		value := row[w.shape.tagCol(i)].Str // "" of NULL, which the model takes for no tag
		list = append(list, timeseries.Matcher{Tag: name, Op: timeseries.MatchIn, Values: []string{value}})
	}
	return list
}

// Find implements source.Writer.
func (w *writer) Find(row []sqltype.Datum) ([]sqltype.Datum, error) {
	if row[colTime].Null {
		return nil, nil
	}
	cols := make([]int, len(w.t.Columns))
	out := make([]*vec.Vector, len(cols))
	for i := range cols {
		cols[i], out[i] = i, vec.NewVector(w.t.Columns[i].Type, 0)
	}
	r := &rows{ctx: w.ctx, store: w.store, tx: w.tx, metric: w.metric, shape: w.shape, scan: &source.Scan{Cols: cols},
		search: search{from: nanos(row[colTime].Int), to: lastNano(row[colTime].Int)}}
	var err error
	if r.list, err = w.store.SelectTx(w.tx, w.metric, w.matchers(row)); err != nil {
		return nil, err
	}
	n, err := r.Next(out, 1)
	if err != nil || n == 0 {
		return nil, err
	}
	found := make([]sqltype.Datum, len(cols))
	for i := range found {
		found[i] = out[i].Get(0)
	}
	return found, nil
}

// Insert implements source.Writer.
func (w *writer) Insert(row []sqltype.Datum) ([]sqltype.Datum, error) {
	all := make([]bool, len(row))
	for i := range all {
		all[i] = true
	}
	return row, w.write(row, all)
}

// write writes the values of a row that are set.
func (w *writer) write(row []sqltype.Datum, set []bool) error {
	us := row[colTime].Int
	if ns := nanos(us); ns == math.MinInt64 || ns == math.MaxInt64 {
		return dberr.SQL(dberr.StateDatetimeOverflow, "the time %s is not within the years 1678 to 2262, which time series have", sqltype.FormatText(sqltype.TTimestampTZ, row[colTime])).WithField("time")
	}
	p := timeseries.Point{Metric: w.metric.Name, Time: nanos(us)}
	for i := range w.shape.fields {
		d := row[1+i]
		if d.Null || !set[1+i] {
			continue
		}
		p.Fields = append(p.Fields, timeseries.Field{Name: w.metric.Fields[i].Name, Value: valueOf(w.metric.Fields[i].Kind, d)})
	}
	if len(p.Fields) == 0 {
		return dberr.SQL(dberr.StateNotNullViolation, "a row of %s.%s has no value", Schema, w.t.Name).WithHint("Give a value to a column of the metric that is neither time nor a tag; a metric that has none yet gets one by its first write at /api/v1/timeseries/write.")
	}
	for i, name := range w.shape.tags {
		if d := row[w.shape.tagCol(i)]; !d.Null && d.Str != "" {
			p.Tags = append(p.Tags, timeseries.Tag{Key: name, Value: d.Str})
		}
	}
	return w.store.WriteTx(w.ctx, w.tx, []timeseries.Point{p})
}

func valueOf(kind block.Kind, d sqltype.Datum) timeseries.Value {
	switch kind {
	case block.Float:
		return timeseries.FloatValue(d.Float)
	case block.Int:
		return timeseries.IntValue(d.Int)
	case block.Bool:
		return timeseries.BoolValue(d.Int != 0)
	}
	return timeseries.TextValue(d.Str)
}

// Update implements source.Writer.
func (w *writer) Update(old, fresh []sqltype.Datum, changed []bool) ([]sqltype.Datum, error) {
	if w.metric.Duplicates != timeseries.Last {
		return nil, dberr.SQL(dberr.StateFeatureNotSupported, "UPDATE of %s.%s is not supported: of two points with one time the metric keeps the %s", Schema, w.t.Name, w.metric.Duplicates).
			WithHint("Delete the row and insert another one.")
	}
	for i := range w.shape.fields {
		if changed[1+i] && fresh[1+i].Null && !old[1+i].Null {
			name := w.t.Columns[1+i].Name
			return nil, dberr.SQL(dberr.StateFeatureNotSupported, "the value of column %q of %s.%s cannot be taken away", name, Schema, w.t.Name).WithField(name).
				WithHint("Delete the row and insert another one.")
		}
	}
	if !slices.Contains(changed[1:1+w.shape.fields], true) {
		return fresh, nil
	}
	return fresh, w.write(fresh, changed)
}

// Delete implements source.Writer.
func (w *writer) Delete(old []sqltype.Datum) error {
	_, err := w.store.Within(w.tx).Delete(w.ctx, timeseries.Deletion{Metric: w.metric.Name, Matchers: w.matchers(old), From: nanos(old[colTime].Int), To: lastNano(old[colTime].Int)})
	return err
}
