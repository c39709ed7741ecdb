package timeseries

import (
	"math"
	"slices"
	"sort"

	"github.com/weftdb/weft/timeseries/block"
)

// headRun is batches by columns. Nothing in it is ever changed.
type headRun struct {
	batches []batchAt
	fields  []runField // by their numbers
	points  int
}

// runField is the columns of one field: their points in the order of series, those of one
// series in the order of their commits.
type runField struct {
	kind   block.Kind
	series []uint64 // ascending
	from   []uint32 // where the points of each begin, and where the last end
	at     []int64  // of each batch, where all of its points are of one time; else nil
	times  []int64  // of each point, where at is nil
	bits   []uint64 // of floats and ints; bools are 0 and 1
	texts  []string
	seq    []uint16 // the batch of each point
}

// A run is of as many points and batches; the number of a batch has 16 bits.
var maxRunPoints, maxRunBatches = 1 << 19, 1 << 16

// last is the commit of the last batch.
func (r *headRun) last() uint64 { return r.batches[len(r.batches)-1].at }

// after is the first batch of a commit after at.
func (r *headRun) after(at uint64) int {
	return sort.Search(len(r.batches), func(i int) bool { return r.batches[i].at > at })
}

// column is where the points of a column are.
func (r *headRun) column(c column) (f *runField, from, to int) {
	if c.field >= len(r.fields) {
		return nil, 0, 0
	}
	f = &r.fields[c.field]
	i, ok := slices.BinarySearch(f.series, c.series)
	if !ok {
		return nil, 0, 0
	}
	return f, int(f.from[i]), int(f.from[i+1])
}

// columns are those with points of commits after done and up to until, and how many.
func (r *headRun) columns(metric, done, until uint64) (list []ripeColumn) {
	low, high := r.after(done), r.after(until)
	if low >= high {
		return nil
	}
	for field := range r.fields {
		f := &r.fields[field]
		part := make([]ripeColumn, 0, len(f.series))
		for i, id := range f.series {
			n := int(f.from[i+1] - f.from[i])
			if low > 0 || high < len(r.batches) {
				n = f.before(i, high) - f.before(i, low)
			}
			if n > 0 {
				part = append(part, ripeColumn{column{metric, id, field}, n})
			}
		}
		list = joinColumns(list, part)
	}
	return list
}

// before is where the points of the i-th series end that are of batches before seq.
func (f *runField) before(i, seq int) int {
	from := int(f.from[i])
	part := f.seq[from:f.from[i+1]]
	return from + sort.Search(len(part), func(k int) bool { return int(part[k]) >= seq })
}

// time is that of a point.
func (f *runField) time(i int) int64 {
	if f.at != nil {
		return f.at[f.seq[i]]
	}
	return f.times[i]
}

// appendTo appends a point to points of its kind.
func (f *runField) appendTo(p *block.Points, i int, t int64) {
	p.Times = append(p.Times, t)
	switch f.kind {
	case block.Float:
		p.Floats = append(p.Floats, math.Float64frombits(f.bits[i]))
	case block.Int:
		p.Ints = append(p.Ints, int64(f.bits[i]))
	case block.Bool:
		p.Bools = append(p.Bools, f.bits[i] != 0)
	case block.Text:
		p.Texts = append(p.Texts, f.texts[i])
	}
}

// joinRuns makes one of two that follow each other.
func joinRuns(a, b *headRun) *headRun {
	r := &headRun{batches: slices.Concat(a.batches, b.batches), points: a.points + b.points}
	r.fields = make([]runField, max(len(a.fields), len(b.fields)))
	var none runField
	for i := range r.fields {
		f, g := &none, &none
		if i < len(a.fields) {
			f = &a.fields[i]
		}
		if i < len(b.fields) {
			g = &b.fields[i]
		}
		r.fields[i].join(f, g, a, b)
	}
	return r
}

// join puts the columns of two runs together; either may be empty.
func (f *runField) join(a, b *runField, of, next *headRun) {
	n := len(a.seq) + len(b.seq)
	if n == 0 {
		return
	}
	f.kind = max(a.kind, b.kind) // one of them may have none
	f.seq = make([]uint16, 0, n)
	f.series = make([]uint64, 0, max(len(a.series), len(b.series)))
	f.from = make([]uint32, 0, max(len(a.from), len(b.from)))
	if (a.at != nil || len(a.seq) == 0) && (b.at != nil || len(b.seq) == 0) {
		f.at = make([]int64, len(of.batches)+len(next.batches))
		copy(f.at, a.at)
		copy(f.at[len(of.batches):], b.at)
	} else {
		f.times = make([]int64, 0, n)
	}
	if f.kind == block.Text {
		f.texts = make([]string, 0, n)
	} else {
		f.bits = make([]uint64, 0, n)
	}
	i, j := 0, 0
	for i < len(a.series) || j < len(b.series) {
		f.from = append(f.from, uint32(len(f.seq)))
		first := i < len(a.series) && (j == len(b.series) || a.series[i] <= b.series[j])
		second := j < len(b.series) && (i == len(a.series) || b.series[j] <= a.series[i])
		if first {
			f.series = append(f.series, a.series[i])
			f.take(a, i, 0)
			i++
		}
		if second {
			if !first {
				f.series = append(f.series, b.series[j])
			}
			f.take(b, j, len(of.batches))
			j++
		}
	}
	f.from = append(f.from, uint32(len(f.seq)))
}

// take appends the points of the i-th series of another run.
func (f *runField) take(o *runField, i, shift int) {
	from, to := int(o.from[i]), int(o.from[i+1])
	for k := from; k < to; k++ {
		f.seq = append(f.seq, uint16(int(o.seq[k])+shift))
	}
	if f.at == nil {
		for k := from; k < to; k++ {
			f.times = append(f.times, o.time(k))
		}
	}
	if f.kind == block.Text {
		f.texts = append(f.texts, o.texts[from:to]...)
	} else {
		f.bits = append(f.bits, o.bits[from:to]...)
	}
}
