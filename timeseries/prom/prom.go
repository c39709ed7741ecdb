// Package prom is the world of Prometheus over the time-series model: its queries
// (PromQL, by Prometheus' own engine), its remote write and remote read, and labels in
// place of tags.
//
// A metric and its tags are a series of Prometheus. What Prometheus does not know stands
// in labels and fields with two underscores:
//
//   - __name__ is the metric, and the field "value" is the value;
//   - another field is a series of its own with the label __field__, so that a metric
//     with several fields is several series;
//   - the field __histogram__ holds native histograms, as text (see Histogram), and is
//     part of the series of the field "value";
//   - the field __start__ holds the start of a counter in nanoseconds, where the writer
//     says to keep it.
//
// It promises that a query sees one snapshot of the store; that values come back bit by
// bit, the marks of staleness among them; and that errors are told as Prometheus tells
// them. Times of PromQL are milliseconds: of several points in one millisecond the last
// is seen. Ints and bools are seen as floats; texts are not series.
//
// It owns nothing. It refuses series without a name, and exemplars it does not keep.
package prom

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// The label and the fields that stand for what Prometheus has elsewhere.
const (
	FieldLabel     = "__field__"
	HistogramField = "__histogram__"
	StartField     = "__start__"
)

const millisecond = 1_000_000 // in nanoseconds

// toNanos is the first nanosecond of a millisecond, bounded to what an int64 holds.
func toNanos(ms int64) int64 {
	const most = 1<<63 - 1
	switch {
	case ms > most/millisecond:
		return most
	case ms < -most/millisecond:
		return -most - 1
	}
	return ms * millisecond
}

// endNanos is the last nanosecond of a millisecond.
func endNanos(ms int64) int64 {
	if n := toNanos(ms); n < 1<<63-millisecond {
		return n + millisecond - 1
	}
	return 1<<63 - 1
}

// toMillis is the millisecond that a time lies in.
func toMillis(ns int64) int64 {
	ms := ns / millisecond
	if ns < 0 && ns%millisecond != 0 {
		ms--
	}
	return ms
}

// view is a field of a metric that is a series of Prometheus.
type view struct {
	label string // of __field__; "" for the value
	// The places of the fields, negative where there is none.
	value, histogram, start int
}

// views are the fields of a metric as Prometheus sees them.
func views(m *timeseries.Metric) (list []view) {
	main := view{value: -1, histogram: m.Field(HistogramField), start: m.Field(StartField)}
	if main.histogram >= 0 && m.Fields[main.histogram].Kind != block.Text {
		main.histogram = -1
	}
	if main.start >= 0 && m.Fields[main.start].Kind != block.Int {
		main.start = -1
	}
	for i, f := range m.Fields {
		switch {
		case f.Kind == block.Text || f.Name == StartField:
		case f.Name == timeseries.DefaultField:
			main.value = i
		default:
			list = append(list, view{label: f.Name, value: i, histogram: -1, start: -1})
		}
	}
	if main.value >= 0 || main.histogram >= 0 {
		list = slices.Insert(list, 0, main)
	}
	return list
}

// labelsOf makes the labels of a series.
func labelsOf(b *labels.ScratchBuilder, metric string, tags []timeseries.Tag, field string) labels.Labels {
	b.Reset()
	b.Add(model.MetricNameLabel, metric)
	if field != "" {
		b.Add(FieldLabel, field)
	}
	for _, t := range tags {
		b.Add(t.Key, t.Value)
	}
	b.Sort()
	return b.Labels()
}

// seriesOf takes labels apart.
func seriesOf(ls labels.Labels) (metric string, tags []timeseries.Tag, field string, err error) {
	field = timeseries.DefaultField
	tags = make([]timeseries.Tag, 0, ls.Len())
	ls.Range(func(l labels.Label) {
		switch l.Name {
		case model.MetricNameLabel:
			metric = strings.Clone(l.Value)
		case FieldLabel:
			field = strings.Clone(l.Value)
		default:
			tags = append(tags, timeseries.Tag{Key: strings.Clone(l.Name), Value: strings.Clone(l.Value)})
		}
	})
	if metric == "" {
		err = dberr.New(dberr.ErrInvalid, "MISSING_FIELD", "the series %s has no name", shorten(ls.String())).WithField(model.MetricNameLabel)
	}
	return metric, tags, field, err
}

func shorten(s string) string {
	if len(s) > 120 {
		return s[:117] + "..."
	}
	return s
}
