package timeseries

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weftdb/weft/timeseries/block"
)

// TestRowsForPromQL: what rows of random points say beside their sums, made of points, of
// finer rows, and read back, holds of the points.
func TestRowsForPromQL(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const fine, coarse = 1000 * millisecond, 4000 * millisecond
	for round := range 400 {
		kind := []block.Kind{block.Float, block.Int, block.Bool}[round%3]
		p := &block.Points{Kind: kind}
		at := int64(r.IntN(3)-1) * 7 * coarse
		for range 1 + r.IntN(60) {
			switch r.IntN(4) {
			case 0:
				at = floorTo(at, fine) + fine // at the edge of a window
			case 1:
				at += 1 + int64(r.IntN(2*millisecond))
			default:
				at += int64(1+r.IntN(400)) * millisecond
			}
			v := FloatValue(float64(r.IntN(50)) - 10)
			switch {
			case kind == block.Int:
				v = IntValue(int64(r.IntN(50)) - 10)
			case kind == block.Bool:
				v = BoolValue(r.IntN(2) == 0)
			case r.IntN(40) == 0:
				v.Float = math.NaN()
			}
			v.appendTo(p, at)
		}
		direct, small, stepped := roller{step: coarse}, roller{step: fine}, roller{step: coarse}
		for _, err := range []error{direct.points(p), small.points(p)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range small.list {
			stepped.window(small.list[i].start).row(&small.list[i])
		}
		for name, list := range map[string][]rollup{"of points": direct.list, "of rows": stepped.list, "fine": small.list} {
			v, err := appendRows(nil, list)
			if err != nil {
				t.Fatal(err)
			}
			back, err := readRows(nil, v, kind)
			if err != nil || len(back) != len(list) {
				t.Fatalf("%s: %d rows read, %v", name, len(back), err)
			}
			step := int64(coarse)
			if name == "fine" {
				step = fine
			}
			for i := range back {
				if err := holds(&back[i], p, step); err != nil {
					t.Fatalf("round %d, %s, row %d: %v", round, name, i, err)
				}
			}
		}
	}
}

// holds says what is wrong with a row of a window of points.
func holds(x *rollup, p *block.Points, step int64) error {
	w := between(p, x.start, x.start+step-1)
	ms := make([]int64, w.Len())
	plain := true
	for i, at := range w.Times {
		ms[i] = floorTo(at, millisecond)
		plain = plain && !math.IsNaN(valueAt(w, i).number())
	}
	plain = plain && len(slices.Compact(slices.Clone(ms))) == len(ms)
	if x.plain != plain {
		return fmt.Errorf("plain is %v, want %v", x.plain, plain)
	}
	if edge := plain && ms[0] == x.start; edge != (x.rest != nil) {
		return fmt.Errorf("there is a rest: %v, want %v", x.rest != nil, edge)
	}
	if x.rest == nil {
		return nil
	}
	want := part{}
	want.points(cut(w, 1, w.Len()))
	got := *x.rest
	if got.n != want.n || !got.first.same(want.first) || !got.last.same(want.last) || got.firstAt != want.firstAt || got.lastAt != want.lastAt || !got.min.same(want.min) || !got.max.same(want.max) ||
		got.isum != want.isum || math.Abs(got.sum+got.comp-want.sum-want.comp) > 1e-9 || math.Abs(got.mean-want.mean) > 1e-9 || math.Abs(got.m2-want.m2) > 1e-9 || math.Abs(got.grew-want.grew) > 1e-9 {
		return fmt.Errorf("the rest is %+v, want %+v", got, want)
	}
	return nil
}
