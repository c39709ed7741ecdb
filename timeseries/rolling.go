package timeseries

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/weftdb/weft/timeseries/block"
)

// A rolling aggregation takes each point into its window once and lets go of it once, so
// that its cost does not depend on how long the window is: sums, moments and slopes are
// kept as two heaps that are put together (pair), extremes as the points that may still
// be one (edge), ranks as counts in a tree (ranks). Nothing is ever subtracted from a
// float, so no error adds up, and an infinity or NaN is gone when its point is.

// rolling computes for each point the function of the points of the window that ends
// with it.
func (r *run) rolling(f found, field int) ([]Sample, error) {
	return r.rollingOf(r.q.Function, f, field)
}

func (r *run) rollingOf(fn Function, f found, field int) ([]Sample, error) {
	var p block.Points
	if err := r.each(f, field, r.q.From, func(q *block.Points) error {
		p.Kind = q.Kind
		join(&p, q)
		if p.Len() > r.q.MaxPoints {
			return r.tooMany()
		}
		return nil
	}); err != nil {
		return nil, err
	}
	samples := make([]Sample, 0, p.Len())
	slide := newSlide(fn, &p, r.q.Interval.Fixed.Seconds())
	from := 0
	for i, t := range p.Times {
		for !within64(p.Times[from], t, int64(r.q.Interval.Fixed)) {
			from++
		}
		v, err := slide(from, i)
		if err != nil {
			return nil, err
		}
		samples = append(samples, Sample{t, v})
		if i%1024 == 0 && r.ctx.Err() != nil {
			return nil, context.Cause(r.ctx)
		}
	}
	return samples, nil
}

// within64 says whether an earlier time is less than width before t.
func within64(at, t, width int64) bool { return uint64(t)-uint64(at) < uint64(width) }

// slide gives the function of windows whose ends only move on.
type slide = func(from, to int) (Value, error)

// newSlide makes a slide over the points, to be called with windows from from to to, both
// included, for each to in turn. A rate is of that many seconds.
func newSlide(fn Function, p *block.Points, seconds float64) slide {
	result := func(a *sums, from, to int) (Value, error) {
		a.kind, a.n = p.Kind, int64(to-from+1)
		return a.result(fn)
	}
	number := func(i int) float64 { return valueAt(p, i).number() }
	switch fn.Name {
	case "count":
		return func(from, to int) (Value, error) { return result(&sums{}, from, to) }
	case "first", "last":
		return func(from, to int) (Value, error) {
			return result(&sums{first: valueAt(p, from), last: valueAt(p, to)}, from, to)
		}
	case "min", "max":
		e := edge{better: func(i, j int) bool { return less(valueAt(p, i), valueAt(p, j)) }}
		if fn.Name == "max" {
			e.better = func(i, j int) bool { return less(valueAt(p, j), valueAt(p, i)) }
		}
		return func(from, to int) (Value, error) {
			v := valueAt(p, e.at(from, to))
			return result(&sums{min: v, max: v}, from, to)
		}
	case "sum", "avg":
		return rollingSum(p, result)
	case "variance", "stddev":
		m := pair[moments]{one: func(i int) moments { return moments{n: 1, mean: number(i)} }, join: moments.join}
		return func(from, to int) (Value, error) { return result(&sums{m2: m.at(from, to).m2}, from, to) }
	case "median", "percentile":
		return rollingRank(fn, p)
	case "derivative":
		m := pair[slope]{one: func(i int) slope { return slope{n: 1, origin: p.Times[i], v: number(i)} }, join: slope.join}
		return func(from, to int) (Value, error) {
			x := m.at(from, to)
			return result(&sums{total: x.stv / x.stt, has: x.n >= 2 && x.stt != 0}, from, to)
		}
	default: // of the pairs of neighbours, the one that begins at from being the first
		m := pair[total]{one: func(i int) total { return total{sum: step(fn, p.Times[i-1], p.Times[i], number(i-1), number(i))} }, join: total.join}
		if fn.Name != "rate" {
			seconds = 1
		}
		return func(from, to int) (Value, error) {
			if from == to {
				return Value{}, nil
			}
			x := m.at(from+1, to)
			return result(&sums{total: (x.sum + x.comp) / seconds, has: true}, from, to)
		}
	}
}

// step is what a pair of neighbours adds to a function of the course.
func step(fn Function, at, t int64, prev, v float64) float64 {
	switch d := v - prev; {
	case fn.Name == "integral":
		return (v + prev) / 2 * (float64(uint64(t)-uint64(at)) / 1e9)
	case fn.Name != "delta" && d < 0: // the counter began anew
		return v
	default:
		return d
	}
}

// rollingSum is sum and avg: of floats compensated, of others exact in 128 bits.
func rollingSum(p *block.Points, result func(a *sums, from, to int) (Value, error)) slide {
	if p.Kind == block.Float {
		m := pair[total]{one: func(i int) total { return total{sum: p.Floats[i]} }, join: total.join}
		return func(from, to int) (Value, error) {
			x := m.at(from, to)
			return result(&sums{sum: x.sum, comp: x.comp}, from, to)
		}
	}
	var hi, lo uint64
	add := func(v int64) {
		var carry uint64
		lo, carry = bits.Add64(lo, uint64(v), 0)
		hi, _ = bits.Add64(hi, uint64(v>>63), carry)
	}
	first := 0
	return func(from, to int) (Value, error) {
		add(valueAt(p, to).Int)
		for ; first < from; first++ {
			var borrow uint64
			v := valueAt(p, first).Int
			lo, borrow = bits.Sub64(lo, uint64(v), 0)
			hi, _ = bits.Sub64(hi, uint64(v>>63), borrow)
		}
		a := sums{isum: int64(lo), overflow: int64(hi) != int64(lo)>>63}
		a.sum = math.Ldexp(float64(int64(hi)), 64) + float64(lo)
		return result(&a, from, to)
	}
}

// total is a compensated sum.
type total struct{ sum, comp float64 }

func (a total) join(b total) total {
	x := sums{sum: a.sum, comp: a.comp}
	x.addSum(b.sum)
	return total{x.sum, x.comp + b.comp}
}

// moments are those of some values: m2 is the sum of the squared distances from the mean.
type moments struct{ n, mean, m2 float64 }

func (a moments) join(b moments) moments {
	d, n := b.mean-a.mean, a.n+b.n
	if math.IsInf(d, 0) { // nothing is at a distance from an infinite mean
		d = math.NaN()
	}
	return moments{n, a.mean + d*b.n/n, a.m2 + b.m2 + d*d*a.n*b.n/n}
}

// slope is what a straight line through some points needs: the means of times, in seconds
// since origin, and of values, and the sums of products of the distances from them.
type slope struct {
	origin   int64
	n, t, v  float64
	stt, stv float64
}

func (a slope) join(b slope) slope {
	n := a.n + b.n
	dt, dv := float64(b.origin-a.origin)/1e9+b.t-a.t, b.v-a.v
	if math.IsInf(dv, 0) { // no line goes through an infinite value
		dv = math.NaN()
	}
	w := a.n * b.n / n
	return slope{a.origin, n, a.t + dt*b.n/n, a.v + dv*b.n/n, a.stt + b.stt + dt*dt*w, a.stv + b.stv + dt*dv*w}
}

// pair keeps what the points of a window come to, in two parts: of those before mid it
// has what each and all behind it come to, of those from mid on what they come to. Where
// the first part is used up the second becomes it, so each point is put together twice.
type pair[T any] struct {
	one  func(i int) T
	join func(a, b T) T

	front []T // of mid-1, mid-2 and so on, each with all from it to mid
	mid   int
	back  T // of mid up to the last
	full  bool
}

func (m *pair[T]) at(from, to int) T {
	if m.full {
		m.back = m.join(m.back, m.one(to))
	} else {
		m.mid, m.back, m.full = to, m.one(to), true
	}
	if from >= m.mid { // what is ahead of mid is gone
		m.front = m.front[:0]
		for i := to; i >= from; i-- {
			x := m.one(i)
			if n := len(m.front); n > 0 {
				x = m.join(x, m.front[n-1])
			}
			m.front = append(m.front, x)
		}
		m.mid, m.full = to+1, false
		return m.front[len(m.front)-1]
	}
	first := m.front[m.mid-1-from]
	if !m.full {
		return first
	}
	return m.join(first, m.back)
}

// edge keeps the points of a window that are not beaten by a later one; the first is the
// best of all.
type edge struct {
	better func(i, j int) bool
	list   []int
}

func (e *edge) at(from, to int) int {
	for n := len(e.list); n > 0 && e.better(to, e.list[n-1]); n-- {
		e.list = e.list[:n-1]
	}
	e.list = append(e.list, to)
	for e.list[0] < from {
		e.list = e.list[1:]
	}
	return e.list[0]
}

// rollingRank is median and percentile.
func rollingRank(fn Function, p *block.Points) slide {
	r := newRanks(p)
	percent := fn.Percent
	if fn.Name == "median" {
		percent = 50
	}
	first := 0
	return func(from, to int) (Value, error) {
		r.add(to, 1)
		for ; first < from; first++ {
			r.add(first, -1)
		}
		if r.nans > 0 {
			return FloatValue(math.NaN()), nil
		}
		at := percent / 100 * float64(to-from)
		i := int(at)
		low := r.nth(i)
		if i == to-from || at == float64(i) {
			return FloatValue(low), nil
		}
		high := r.nth(i + 1)
		if low == high {
			return FloatValue(low), nil
		}
		return FloatValue(low + (at-float64(i))*(high-low)), nil
	}
}

// ranks counts the values of a window by their place among those of all points, in a
// tree of partial sums (Fenwick's).
type ranks struct {
	values []float64 // all, ascending, each once
	place  []int32   // of each point; -1 is NaN
	tree   []int32
	top    int // the greatest power of two up to len(values)
	nans   int
}

func newRanks(p *block.Points) *ranks {
	r := &ranks{place: make([]int32, p.Len())}
	for i := range p.Times {
		if v := valueAt(p, i).number(); !math.IsNaN(v) {
			r.values = append(r.values, v)
		}
	}
	slices.Sort(r.values)
	r.values = slices.Compact(r.values)
	for i := range p.Times {
		n, ok := slices.BinarySearch(r.values, valueAt(p, i).number())
		if r.place[i] = int32(n); !ok {
			r.place[i] = -1
		}
	}
	r.tree = make([]int32, len(r.values)+1)
	if n := len(r.values); n > 0 {
		r.top = 1 << (bits.Len(uint(n)) - 1)
	}
	return r
}

func (r *ranks) add(i int, by int32) {
	if r.place[i] < 0 {
		r.nans += int(by)
		return
	}
	for k := int(r.place[i]) + 1; k < len(r.tree); k += k & -k {
		r.tree[k] += by
	}
}

// nth is the value that n others of the window are before.
func (r *ranks) nth(n int) float64 {
	at, left := 0, int32(n)
	for bit := r.top; bit > 0; bit >>= 1 {
		if k := at + bit; k < len(r.tree) && r.tree[k] <= left {
			at, left = k, left-r.tree[k]
		}
	}
	return r.values[at]
}
