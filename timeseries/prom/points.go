package prom

import (
	"github.com/prometheus/prometheus/model/labels"

	"github.com/weftdb/weft/timeseries"
)

// Sample is a value at a time: a float, or a histogram where there is one.
type Sample struct {
	Time  int64 // milliseconds
	Start int64 // milliseconds, 0: not said
	Float float64
	Histogram
}

// Batch gathers samples as points.
type Batch struct {
	Points []timeseries.Point
	// KeepStart writes the starts of counters down, too.
	KeepStart bool
}

// Series is where the samples of one series go.
type Series struct {
	batch  *Batch
	metric string
	field  string
	tags   []timeseries.Tag
}

// Series begins the samples of a series.
func (b *Batch) Series(ls labels.Labels) (Series, error) {
	metric, tags, field, err := seriesOf(ls)
	return Series{b, metric, field, tags}, err
}

// Metric is the name of the series.
func (s *Series) Metric() string { return s.metric }

// Add adds a sample.
func (s *Series) Add(x Sample) error {
	f := timeseries.Field{Name: s.field, Value: timeseries.FloatValue(x.Float)}
	if !x.None() {
		if err := x.Check(); err != nil {
			return err
		}
		text, err := x.Text()
		if err != nil {
			return err
		}
		f = timeseries.Field{Name: HistogramField, Value: timeseries.TextValue(text)}
	}
	fields := []timeseries.Field{f}
	if x.Start != 0 && s.batch.KeepStart {
		fields = append(fields, timeseries.Field{Name: StartField, Value: timeseries.IntValue(toNanos(x.Start))})
	}
	s.batch.Points = append(s.batch.Points, timeseries.Point{Metric: s.metric, Tags: s.tags, Time: toNanos(x.Time), Fields: fields})
	return nil
}
