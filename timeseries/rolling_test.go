package timeseries

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weftdb/weft/timeseries/block"
)

// plainWindow is what a window of points comes to, by definition.
func plainWindow(fn Function, p *block.Points, from, to int, seconds float64) (Value, error) {
	var a sums
	part := cut(p, from, to+1)
	if functions[fn.Name].ordered {
		var c course
		for i, at := range part.Times {
			c.next(fn, at, valueAt(part, i).number())
		}
		a.total, a.has = c.close(fn, seconds)
	} else {
		a.add(part, fn)
	}
	return a.result(fn)
}

// TestRollingEqualsWindows holds rolling aggregations of points of every kind, with
// infinities, NaN, equal values and sums beyond an int among them, against each of their
// windows.
func TestRollingEqualsWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	odd := []float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, math.Copysign(0, -1), 1e300, -1e300}
	for _, name := range slices.Sorted(maps.Keys(functions)) { // always the same points
		if functions[name].buckets {
			continue
		}
		for _, kind := range []block.Kind{block.Float, block.Int, block.Bool, block.Text} {
			fn := Function{Name: name, Percent: 37.5}
			if fn.accepts("m", "f", kind) != nil {
				continue
			}
			for round := range 6 {
				p := &block.Points{Kind: kind}
				at := int64(-1e12)
				for range 300 {
					at += 1 + r.Int64N(5e9)
					p.Times = append(p.Times, at)
					v := float64(r.IntN(40)) / 4
					if round%2 == 1 && r.IntN(12) == 0 {
						v = odd[r.IntN(len(odd))]
						if functions[name].ordered && math.Abs(v) == 1e300 { // plain sums lose what is beside these
							v = 8
						}
					}
					p.Floats, p.Bools, p.Texts = append(p.Floats, v), append(p.Bools, r.IntN(2) == 0), append(p.Texts, fmt.Sprint(v))
					n := r.Int64N(100)
					if round > 3 {
						n = math.MaxInt64 / 5 * (r.Int64N(3) - 1)
					}
					p.Ints = append(p.Ints, n)
				}
				slide, from := newSlide(fn, p, 30), 0
				for i, at := range p.Times {
					for at-p.Times[from] >= 30e9 {
						from++
					}
					got, err := slide(from, i)
					want, wantErr := plainWindow(fn, p, from, i, 30)
					if name == "sum" && wantErr != nil && err == nil { // the sum fits, and only those on the way to it do not
						continue
					}
					if (err != nil) != (wantErr != nil) || !close64(got, want, scaleOf(fn, p, from, i)) {
						t.Fatalf("%s of %v over %v is %v, %v, want %v, %v", name, kind, cut(p, from, i+1), got, err, want, wantErr)
					}
				}
			}
		}
	}
}

// scaleOf is what the error of a result is to be small beside, besides the result itself:
// the slope of points at 1e18 that nearly cancel out is known to 1e18 times the precision.
func scaleOf(fn Function, p *block.Points, from, to int) float64 {
	most := 1.0
	if fn.Name == "derivative" {
		for i := from; i <= to; i++ {
			if v := math.Abs(valueAt(p, i).number()); v > most && !math.IsInf(v, 0) {
				most = v
			}
		}
	}
	return most
}

func close64(a, b Value, scale float64) bool {
	x, y := a.number(), b.number()
	return a.Kind == b.Kind && a.Text == b.Text && (x == y || math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= 1e-9*max(scale, math.Abs(x), math.Abs(y)))
}

// TestRollingIsLinear counts what is put together: not more for long windows than twice
// for each point.
func TestRollingIsLinear(t *testing.T) {
	const n = 10_000
	for _, width := range []int{1, 2, 100, n / 2, n, 2 * n} {
		joins, ones := 0, 0
		m := pair[int]{one: func(i int) int { ones++; return i }, join: func(a, b int) int { joins++; return a + b }}
		e := edge{better: func(i, j int) bool { ones++; return i%7 < j%7 }}
		for i := range n {
			from := max(0, i-width+1)
			if got, want := m.at(from, i), (from+i)*(i-from+1)/2; got != want {
				t.Fatalf("windows of %d: the sum from %d to %d is %d, want %d", width, from, i, got, want)
			}
			best := e.at(from, i)
			if want := slices.MinFunc(span64(from, i), func(a, b int) int { return a%7 - b%7 }); i%97 == 0 && best%7 != want%7 {
				t.Fatalf("windows of %d: the best from %d to %d is %d, want %d", width, from, i, best, want)
			}
		}
		if joins > 3*n || ones > 5*n {
			t.Errorf("windows of %d: %d joins and %d others for %d points", width, joins, ones, n)
		}
	}
}

// span64 are the numbers near both ends of a window, which is enough to hold one of each rest.
func span64(from, to int) (list []int) {
	for i := max(from, to-13); i <= to; i++ {
		list = append(list, i)
	}
	return list
}
