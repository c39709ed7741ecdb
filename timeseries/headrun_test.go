package timeseries

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weftdb/weft/timeseries/block"
)

// TestRuns folds batches of two fields, some of one time and some of many, in all ways to
// cut them into runs, and finds each column's points in the order in which they came.
func TestRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	for range 200 {
		var list []waitingBatch
		want := make(map[column][]Sample)
		shared := r.IntN(3) // 0: no batch is of one time; 1: some; 2: all
		for n := range 1 + r.IntN(12) {
			list = append(list, drawBatch(t, r, uint64(n+1), shared == 2 || shared == 1 && r.IntN(2) == 0, want))
		}
		x := &headMetric{}
		var h head
		for len(list) > 0 {
			n := 1 + r.IntN(len(list))
			x.waiting = append(x.waiting, list[:n]...)
			list = list[n:]
			h.fold(x, uint64(r.IntN(20)))
		}
		h.fold(x, 100)
		if x.err != nil || len(x.waiting) > 0 {
			t.Fatalf("%d batches are left, %v", len(x.waiting), x.err)
		}
		var columns []ripeColumn
		for _, run := range x.runs {
			columns = joinColumns(columns, run.columns(0, 0, 100))
			if all := run.fields[0].at != nil; len(run.fields[0].seq) > 0 && shared == 2 && !all {
				t.Fatal("a run of batches of one time each has times of points")
			}
		}
		if len(columns) != len(want) {
			t.Fatalf("%d columns, want %d", len(columns), len(want))
		}
		done, until := uint64(r.IntN(6)), uint64(6+r.IntN(6))
		ripe := make(map[column]int)
		for _, run := range x.runs {
			for _, c := range run.columns(0, done, until) {
				ripe[c.column] += c.points
			}
		}
		for _, c := range columns {
			var got []Sample
			n := 0
			for _, run := range x.runs {
				f, i, j := run.column(c.column)
				for ; i < j; i++ {
					p := block.Points{Kind: f.kind}
					f.appendTo(&p, i, f.time(i))
					got = append(got, Sample{p.Times[0], valueAt(&p, 0)})
					if at := run.batches[f.seq[i]].at; at > done && at <= until {
						n++
					}
				}
			}
			if !slices.Equal(got, want[c.column]) || c.points != len(got) {
				t.Fatalf("column %v, of %d points: %v, want %v", c.column, c.points, got, want[c.column])
			}
			if ripe[c.column] != n {
				t.Fatalf("column %v has %d points of commits %d to %d, not %d", c.column, n, done+1, until, ripe[c.column])
			}
		}
	}
}

// drawBatch makes the batch of commit n, and adds its points to want.
func drawBatch(t *testing.T, r *rand.Rand, n uint64, one bool, want map[column][]Sample) waitingBatch {
	b := waitingBatch{batchAt: batchAt{at: n, number: n}, raw: []byte{batchVersion}}
	for field, kind := range []block.Kind{block.Float, block.Text} {
		var s slab
		s.reset(field, kind)
		for range r.IntN(30) {
			v := FloatValue(float64(r.IntN(100)))
			if kind == block.Text {
				v = TextValue([]string{"a", "b", ""}[r.IntN(3)])
			}
			at := int64(7)
			if !one {
				at = int64(r.IntN(5))
			}
			s.add(uint64(r.IntN(200)), at, v)
		}
		if len(s.series) == 0 {
			continue
		}
		s.settle(Last)
		for i, id := range s.series {
			c := column{0, id, field}
			want[c] = append(want[c], Sample{s.points.Times[i], valueAt(&s.points, i)})
		}
		b.points += len(s.series)
		var err error
		if b.raw, err = s.append(b.raw); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// BenchmarkFold turns 400 batches of 1,000 points, of 10,000 series, into a run.
func BenchmarkFold(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var list []waitingBatch
	for n := range 400 {
		var s slab
		s.reset(0, block.Float)
		for i := range 1000 {
			s.add(uint64(20+n%10*1000+i), int64(n/10)*1e10, FloatValue(float64(r.IntN(1000))/10))
		}
		raw, err := s.append([]byte{batchVersion})
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, waitingBatch{batchAt{at: uint64(n + 1), number: uint64(n), points: 1000}, raw})
	}
	var f folder
	for b.Loop() {
		if _, err := f.fold(list); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400e3, "ns/point")
}

// TestViewIsOfItsSnapshot: who reads makes runs of what the snapshot has. Who made them of
// all that there is would run behind writers who are faster, and never end.
func TestViewIsOfItsSnapshot(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	key := metricKey{1, 2}
	x := &headMetric{}
	h := head{metrics: map[metricKey]*headMetric{key: x}}
	for n := range uint64(10) {
		x.waiting = append(x.waiting, drawBatch(t, r, n+1, true, map[column][]Sample{}))
	}
	highest := uint64(0)
	for _, snapshot := range []uint64{4, 4, 7, 6, 20} {
		v, ok, err := h.view(key, snapshot)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		highest = max(highest, snapshot)
		last, left := v.runs[len(v.runs)-1].last(), len(x.waiting)
		if want := min(highest, 10); last != want || left != 10-int(want) {
			t.Errorf("a view of %d goes up to %d, %d batches are left", snapshot, last, left)
		}
	}
}
