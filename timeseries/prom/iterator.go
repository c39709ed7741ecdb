package prom

import (
	"math"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/weftdb/weft/timeseries/block"
)

// iterator goes over the points of one series, which are in memory. It implements
// chunkenc.Iterator.
type iterator struct {
	seeker[int64]
	times  []int64 // milliseconds
	floats []float64
	hists  []Histogram // of points that are histograms; nil where there are none at all
	starts []int64     // milliseconds; nil where there are none
	at     int
	err    error

	buf block.Points
}

var _ chunkenc.Iterator = (*iterator)(nil)

// load reads a series.
func (it *iterator) load(s *series) {
	it.times, it.floats, it.hists, it.starts, it.at, it.err = it.times[:0], it.floats[:0], nil, nil, -1, nil
	it.seeker.it = it
	if s.from > s.to {
		return
	}
	if s.view.value >= 0 {
		it.err = it.read(s, s.view.value, it.addFloats)
	}
	if s.view.histogram >= 0 && it.err == nil {
		it.err = it.mergeHistograms(s)
	}
	if s.view.start >= 0 && it.err == nil {
		it.err = it.readStarts(s)
	}
}

func (it *iterator) read(s *series, field int, fn func(p *block.Points) error) error {
	return s.reader.Read(s.ctx, s.found, field, s.from, s.to, &it.buf, fn)
}

// addFloats adds points; of those in one millisecond the last stays.
func (it *iterator) addFloats(p *block.Points) error {
	it.times, it.floats = slices.Grow(it.times, p.Len()), slices.Grow(it.floats, p.Len())
	for i, ns := range p.Times {
		t, v := toMillis(ns), floatAt(p, i)
		if n := len(it.times); n > 0 && it.times[n-1] == t {
			it.floats[n-1] = v
			continue
		}
		it.times, it.floats = append(it.times, t), append(it.floats, v)
	}
	return nil
}

// readFloats implements floatReader. Of points in one millisecond the last counts.
func (s *series) readFloats(dst []promql.FPoint) ([]promql.FPoint, error) {
	if s.from > s.to || s.view.value < 0 {
		return dst, nil
	}
	buf := buffers.Get().(*block.Points)
	defer buffers.Put(buf)
	start, last := len(dst), int64(0)
	any := false // there was one at last
	err := s.reader.Read(s.ctx, s.found, s.view.value, s.from, s.to, buf, func(p *block.Points) error {
		dst = slices.Grow(dst, p.Len())
		for i, ns := range p.Times {
			t, v := toMillis(ns), floatAt(p, i)
			if n := len(dst); any && t == last && n > start && dst[n-1].T == t {
				dst = dst[:n-1]
			}
			any, last = true, t
			if !value.IsStaleNaN(v) {
				dst = append(dst, promql.FPoint{T: t, F: v})
			}
		}
		return nil
	})
	return dst, err
}

// buffers is memory to decode blocks in.
var buffers = sync.Pool{New: func() any { return new(block.Points) }}

// floatAt is a value as PromQL sees it.
func floatAt(p *block.Points, i int) float64 {
	switch p.Kind {
	case block.Float:
		return p.Floats[i]
	case block.Int:
		return float64(p.Ints[i])
	case block.Bool:
		if p.Bools[i] {
			return 1
		}
	}
	return 0
}

// mergeHistograms puts the histograms among the floats. At one time a histogram goes
// over a float.
func (it *iterator) mergeHistograms(s *series) error {
	var times []int64
	var list []Histogram
	err := it.read(s, s.view.histogram, func(p *block.Points) error {
		for i, ns := range p.Times {
			h, err := ParseHistogram(p.Texts[i])
			if err != nil {
				return err
			}
			t := toMillis(ns)
			if n := len(times); n > 0 && times[n-1] == t {
				list[n-1] = h
				continue
			}
			times, list = append(times, t), append(list, h)
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		return err
	}
	before, err := it.histogramBefore(s)
	if err != nil {
		return err
	}
	floatTimes, floats := it.times, it.floats
	n := len(times) + len(floatTimes)
	it.times, it.floats, it.hists = make([]int64, 0, n), make([]float64, 0, n), make([]Histogram, 0, n)
	if len(floatTimes) > 0 && floatTimes[0] < times[0] {
		before = Histogram{}
	}
	for i, j := 0, 0; i < len(times) || j < len(floatTimes); {
		if i < len(times) && (j == len(floatTimes) || times[i] <= floatTimes[j]) {
			if j < len(floatTimes) && times[i] == floatTimes[j] {
				j++
			}
			list[i].follow(before)
			before = list[i]
			it.times, it.floats, it.hists = append(it.times, times[i]), append(it.floats, 0), append(it.hists, list[i])
			i++
			continue
		}
		it.times, it.floats, it.hists = append(it.times, floatTimes[j]), append(it.floats, floats[j]), append(it.hists, Histogram{})
		before = Histogram{}
		j++
	}
	return nil
}

// hintSpan is how far before the first histogram the one ahead of it is looked for.
const hintSpan = 3600 * 1_000_000_000

// histogramBefore is the histogram ahead of those that are read, to tell whether the
// first of them begins anew; none where it is further off than hintSpan.
func (it *iterator) histogramBefore(s *series) (Histogram, error) {
	if s.from < math.MinInt64+hintSpan {
		return Histogram{}, nil
	}
	last := ""
	err := s.reader.Read(s.ctx, s.found, s.view.histogram, s.from-hintSpan, s.from-1, &it.buf, func(p *block.Points) error {
		last = p.Texts[p.Len()-1]
		return nil
	})
	if err != nil || last == "" {
		return Histogram{}, err
	}
	return ParseHistogram(last)
}

func (it *iterator) readStarts(s *series) error {
	it.starts = make([]int64, len(it.times))
	at := 0
	return it.read(s, s.view.start, func(p *block.Points) error {
		for i, ns := range p.Times {
			t := toMillis(ns)
			for at < len(it.times) && it.times[at] < t {
				at++
			}
			if at < len(it.times) && it.times[at] == t {
				it.starts[at] = toMillis(p.Ints[i])
			}
		}
		return nil
	})
}

func (it *iterator) kind() chunkenc.ValueType {
	switch {
	case it.err != nil || it.at >= len(it.times):
		return chunkenc.ValNone
	case it.hists == nil || it.hists[it.at].None():
		return chunkenc.ValFloat
	case it.hists[it.at].Int != nil:
		return chunkenc.ValHistogram
	}
	return chunkenc.ValFloatHistogram
}

// Next implements chunkenc.Iterator.
func (it *iterator) Next() chunkenc.ValueType {
	if it.at < len(it.times) {
		it.at++
	}
	return it.kind()
}

// seeker is the Seek of an iterator. Its parameter has a type of its own so that vet does
// not take it for that of io.Seeker.
type seeker[T int64] struct{ it *iterator }

// Seek implements chunkenc.Iterator.
func (s seeker[T]) Seek(t T) chunkenc.ValueType {
	it := s.it
	it.at = max(it.at, 0)
	if it.at < len(it.times) && it.times[it.at] < int64(t) {
		n, _ := slices.BinarySearch(it.times[it.at:], int64(t))
		it.at += n
	}
	return it.kind()
}

// At implements chunkenc.Iterator.
func (it *iterator) At() (int64, float64) { return it.times[it.at], it.floats[it.at] }

// AtT implements chunkenc.Iterator.
func (it *iterator) AtT() int64 { return it.times[it.at] }

// AtST implements chunkenc.Iterator.
func (it *iterator) AtST() int64 {
	if it.starts == nil {
		return 0
	}
	return it.starts[it.at]
}

// AtHistogram implements chunkenc.Iterator.
func (it *iterator) AtHistogram(h *histogram.Histogram) (int64, *histogram.Histogram) {
	x := it.hists[it.at].Int
	if h == nil {
		return it.times[it.at], x.Copy()
	}
	x.CopyTo(h)
	return it.times[it.at], h
}

// AtFloatHistogram implements chunkenc.Iterator.
func (it *iterator) AtFloatHistogram(h *histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	x := &it.hists[it.at]
	switch {
	case x.Int != nil:
		return it.times[it.at], x.Int.ToFloat(h)
	case h == nil:
		return it.times[it.at], x.Float.Copy()
	}
	x.Float.CopyTo(h)
	return it.times[it.at], h
}

// Err implements chunkenc.Iterator.
func (it *iterator) Err() error { return it.err }
