package prom

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/schema"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// floatReader is a series whose samples can be had at once.
type floatReader interface {
	storage.Series
	// readFloats appends all samples but the marks of staleness.
	readFloats(dst []promql.FPoint) ([]promql.FPoint, error)
}

// windowSet is the series of a call.
type windowSet struct {
	storage.SeriesSet
	call *windowCall
	seen map[string]bool // labels, where series may come to the same ones
	now  windowSeries
	err  error
}

// Next implements storage.SeriesSet.
func (s *windowSet) Next() bool {
	if s.err != nil || !s.SeriesSet.Next() {
		return false
	}
	of, ok := s.SeriesSet.At().(floatReader)
	if !ok {
		s.err = errors.New("a series cannot be read at once")
		return false
	}
	full := of.Labels()
	s.now = windowSeries{call: s.call, of: of, full: full, labels: full}
	if s.call.keepsName {
		return true
	}
	s.now.labels = full.DropReserved(schema.IsMetadataLabel)
	if s.now.labels.Len() < full.Len()-1 { // without the name alone they differ as they did
		key := s.now.labels.String()
		if s.seen[key] {
			s.err = errors.New("vector cannot contain metrics with the same labelset")
			return false
		}
		if s.seen == nil {
			s.seen = make(map[string]bool)
		}
		s.seen[key] = true
	}
	return true
}

// At implements storage.SeriesSet.
func (s *windowSet) At() storage.Series {
	x := s.now
	return &x
}

// Err implements storage.SeriesSet.
func (s *windowSet) Err() error {
	if s.err != nil {
		return s.err
	}
	return s.SeriesSet.Err()
}

// windowSeries is what a call gives of one series. It implements storage.Series.
type windowSeries struct {
	call         *windowCall
	of           floatReader
	full, labels labels.Labels
	values       []float64 // what it gives, where that was computed ahead
}

// Labels implements storage.Series.
func (s *windowSeries) Labels() labels.Labels { return s.labels }

// Iterator implements storage.Series.
func (s *windowSeries) Iterator(old chunkenc.Iterator) chunkenc.Iterator {
	it, ok := old.(*windowIterator)
	if !ok {
		it = &windowIterator{in: make(promql.Matrix, 1)}
		it.enh.Out = make(promql.Vector, 0, 1)
	}
	p := s.call.plan
	it.stepSeeker.it, it.start, it.every, it.at = it, p.start, p.every, -1
	if it.values = it.values[:0]; s.values != nil {
		it.values, it.err = append(it.values, s.values...), nil
		return it
	}
	if s.call.rolled {
		it.err = it.computeRolled(s)
		return it
	}
	if it.points, it.err = s.of.readFloats(it.points[:0]); it.err == nil {
		it.err = it.compute(s)
	}
	return it
}

// windowIterator goes over the values of a call, one for each step; a step without one has
// a mark of staleness. It implements chunkenc.Iterator.
type windowIterator struct {
	stepSeeker[int64]
	start, every int64
	values       []float64
	at           int
	err          error

	points []promql.FPoint
	pieces []piece
	in     promql.Matrix
	enh    promql.EvalNodeHelper
}

var _ chunkenc.Iterator = (*windowIterator)(nil)

// compute has the function see the samples of each step: those after its range begins, up
// to and with where it ends.
func (it *windowIterator) compute(s *windowSeries) error {
	c, stale, any := s.call, math.Float64frombits(value.StaleNaN), false
	it.in[0].Metric = s.full
	points, i, j := it.points, 0, 0
	for ts := c.plan.start; ts <= c.plan.end; ts += c.plan.every {
		to := ts - c.offset
		for j < len(points) && points[j].T <= to {
			j++
		}
		for i < j && points[i].T <= to-c.span {
			i++
		}
		if j-i > c.plan.samples {
			return promql.ErrTooManySamples("query execution")
		}
		v := stale
		if i < j {
			x, has, err := it.call(c, points[i:j:j], ts)
			if err != nil {
				return err
			}
			if has {
				v, any = x, true
			}
		}
		it.values = append(it.values, v)
	}
	if any {
		c.noteName(s.full.Get(model.MetricNameLabel))
	}
	return nil
}

// call has the function see samples at a step.
func (it *windowIterator) call(c *windowCall, points []promql.FPoint, ts int64) (v float64, has bool, err error) {
	it.in[0].Floats, it.enh.Ts = points, ts
	out, notes := c.fn(c.params, it.in, c.expr.Args, &it.enh)
	if len(notes) > 0 {
		c.plan.warnings.Merge(notes)
	}
	if len(out) > 0 {
		if out[0].H != nil {
			return 0, false, fmt.Errorf("%s of floats gave a histogram", c.name)
		}
		v, has = out[0].F, true
	}
	it.enh.Out = out[:0]
	return v, has, nil
}

// noteName notes that what is no counter by its name is taken for one, as the engine does.
func (c *windowCall) noteName(metric string) {
	if c.name != "rate" && c.name != "increase" || metric == "" {
		return
	}
	for _, suffix := range [...]string{"_total", "_sum", "_count", "_bucket"} {
		if strings.HasSuffix(metric, suffix) {
			return
		}
	}
	c.plan.warnings.Add(annotations.NewPossibleNonCounterInfo(metric, c.expr.Args[0].PositionRange()))
}

func (it *windowIterator) kind() chunkenc.ValueType {
	if it.err != nil || it.at >= len(it.values) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

// Next implements chunkenc.Iterator.
func (it *windowIterator) Next() chunkenc.ValueType {
	if it.at < len(it.values) {
		it.at++
	}
	return it.kind()
}

// stepSeeker is the Seek of an iterator, as seeker is.
type stepSeeker[T int64] struct{ it *windowIterator }

// Seek implements chunkenc.Iterator.
func (s stepSeeker[T]) Seek(t T) chunkenc.ValueType {
	it := s.it
	it.at = max(it.at, 0)
	if d := int64(t) - it.start; d > 0 {
		it.at = max(it.at, int(min((d+it.every-1)/it.every, int64(len(it.values)))))
	}
	return it.kind()
}

// At implements chunkenc.Iterator.
func (it *windowIterator) At() (int64, float64) { return it.AtT(), it.values[it.at] }

// AtT implements chunkenc.Iterator.
func (it *windowIterator) AtT() int64 { return it.start + int64(it.at)*it.every }

// AtST implements chunkenc.Iterator.
func (it *windowIterator) AtST() int64 { return 0 }

// AtHistogram implements chunkenc.Iterator; there are none.
func (it *windowIterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return it.AtT(), nil
}

// AtFloatHistogram implements chunkenc.Iterator; there are none.
func (it *windowIterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return it.AtT(), nil
}

// Err implements chunkenc.Iterator.
func (it *windowIterator) Err() error { return it.err }
