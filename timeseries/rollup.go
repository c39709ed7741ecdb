package timeseries

import (
	"math"
	"slices"

	"github.com/weftdb/weft/timeseries/block"
)

// rollup is a row of a tier: what the points of a window come to.
type rollup struct {
	start int64
	part
	// What PromQL asks for beside: it counts in milliseconds, has windows that begin behind
	// their first one, and leaves marks of staleness, which are NaN, out.
	plain bool  // no value is NaN, and no two points are in one millisecond
	rest  *part // of a plain row with a point in its first millisecond: all but that
}

// part is what some points come to. Of what needs their order it has what lies between them;
// the pair across their edge is made of the last point of one and the first of the next.
type part struct {
	sums
	grew float64 // as increase: what the values grew by, a fall being a counter that began anew
}

// everything is a function of which sums gather all that a row has.
var everything = Function{Name: "everything"}

// millisecond is what PromQL counts in.
const millisecond = 1_000_000

// points adds points of one series, in order.
func (x *rollup) points(p *block.Points) {
	n := p.Len()
	if n == 0 {
		return
	}
	if p.Kind == block.Text {
		x.part.points(p)
		return
	}
	x.plain = (x.n == 0 || x.plain && floorTo(p.Times[0], millisecond) > floorTo(x.lastAt, millisecond)) && plainPoints(p)
	switch {
	case !x.plain:
		x.rest = nil
	case x.n == 0 && p.Times[0]-x.start < millisecond:
		x.rest = &part{}
		x.rest.points(cut(p, 1, n))
	case x.rest != nil:
		x.rest.points(p)
	}
	x.part.points(p)
}

// plainPoints says whether points have neither NaN nor one millisecond twice.
func plainPoints(p *block.Points) bool {
	for _, v := range p.Floats {
		if math.IsNaN(v) {
			return false
		}
	}
	for i := 1; i < len(p.Times); i++ {
		if p.Times[i]-p.Times[i-1] < millisecond && floorTo(p.Times[i], millisecond) == floorTo(p.Times[i-1], millisecond) {
			return false
		}
	}
	return true
}

// points adds points of one series, in order.
func (x *part) points(p *block.Points) {
	n := p.Len()
	if n == 0 {
		return
	}
	if p.Kind != block.Text {
		if x.n > 0 {
			x.join(valueAt(p, 0).number(), valueAt(p, n-1).number(), p.Times[0], p.Times[n-1])
		}
		for i := 1; i < n; i++ {
			x.grew += growth(valueAt(p, i-1).number(), valueAt(p, i).number())
		}
	}
	x.add(p, everything)
}

// join adds the pair between what is there and what comes behind or ahead of it. What
// comes in between has none.
func (x *part) join(first, last float64, from, to int64) {
	switch {
	case from > x.lastAt:
		x.grew += growth(x.last.number(), first)
	case to < x.firstAt:
		x.grew += growth(last, x.first.number())
	}
}

func growth(from, to float64) float64 {
	if to < from {
		return to
	}
	return to - from
}

// row adds a row of a finer tier, which is behind those that were added.
func (x *rollup) row(y *rollup) {
	x.plain = (x.n == 0 || x.plain) && y.plain
	switch {
	case !x.plain:
		x.rest = nil
	case x.n == 0 && x.start == y.start && y.rest != nil:
		r := *y.rest
		x.rest = &r
	case x.rest != nil:
		x.rest.row(&y.part)
	}
	x.part.row(&y.part)
}

func (x *part) row(y *part) {
	if y.n == 0 {
		return
	}
	if y.kind != block.Text {
		if x.n > 0 {
			x.join(y.first.number(), y.last.number(), y.firstAt, y.lastAt)
		}
		x.grew += y.grew
	}
	x.addRow(y)
}

// addRow adds what a row has to sums.
func (a *sums) addRow(y *part) {
	m := moments{float64(a.n), a.mean, a.m2}.join(moments{float64(y.n), y.mean, y.m2})
	a.edges(y.kind, y.n, y.first, y.last, y.firstAt, y.lastAt)
	if y.kind == block.Text {
		return
	}
	a.addSum(y.sum)
	if y.kind != block.Float {
		a.addInt(y.isum)
		a.overflow = a.overflow || y.overflow
	}
	a.extremes(y.min, y.max)
	a.mean, a.m2 = m.mean, m.m2
}

// roller makes rows of points or rows that come in order.
type roller struct {
	step int64
	list []rollup
}

func (r *roller) window(t int64) *rollup {
	start := floorTo(t, r.step)
	if n := len(r.list); n == 0 || r.list[n-1].start != start {
		r.list = append(r.list, rollup{start: start})
	}
	return &r.list[len(r.list)-1]
}

func (r *roller) points(p *block.Points) error {
	for i := 0; i < p.Len(); {
		x := r.window(p.Times[i])
		end := int64(math.MaxInt64)
		if x.start <= math.MaxInt64-r.step {
			end = x.start + r.step
		}
		n, _ := slices.BinarySearch(p.Times[i:], end)
		n = max(n, 1)
		x.points(cut(p, i, i+n))
		i += n
	}
	return nil
}
