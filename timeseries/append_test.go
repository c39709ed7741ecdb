package timeseries_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// refs names series of a metric.
func refs(t *testing.T, metric string, n int) (list []*timeseries.Ref) {
	t.Helper()
	for i := range n {
		r, err := timeseries.NewRef(metric, []timeseries.Tag{{Key: "n", Value: fmt.Sprint(i)}})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// sums is what the points of a field come to.
func sums(t *testing.T, s *timeseries.Store, metric, field string) (n int, sum float64) {
	t.Helper()
	a, err := s.Query(t.Context(), timeseries.Query{Metric: metric, Fields: []string{field}, From: math.MinInt64, To: math.MaxInt64})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range a.Series {
		for _, p := range x.Samples {
			n++
			if v := p.Value; v.Kind == timeseries.IntValue(0).Kind {
				sum += float64(v.Int)
			} else {
				sum += v.Float
			}
		}
	}
	return n, sum
}

// TestAppenderOfManyMetrics writes to two metrics by turns, one of them with a field of
// ints, in any order of times, and twice at one time.
func TestAppenderOfManyMetrics(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	ctx := t.Context()
	if err := s.Write(ctx, []timeseries.Point{{Metric: "b", Time: 1, Fields: []timeseries.Field{{Name: "value", Value: timeseries.IntValue(1)}}}}); err != nil {
		t.Fatal(err)
	}
	x, y := refs(t, "a", 8), refs(t, "b", 8)
	a := s.Appender("")
	for round := range 3 {
		for i := range x {
			for _, at := range []int64{30, 10, 20, 10} {
				a.Append(x[i], at+int64(round)*100, float64(i))
				a.Append(y[i], at+int64(round)*100, float64(i)+float64(at))
			}
		}
		if a.Len() != 64 {
			t.Fatalf("%d points were added", a.Len())
		}
		if err := a.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n, sum := sums(t, s, "a", timeseries.DefaultField); n != 72 || sum != 9*28 {
		t.Errorf("%d points of a come to %v", n, sum)
	}
	if n, sum := sums(t, s, "b", timeseries.DefaultField); n != 73 || sum != 1+9*28+3*8*60 {
		t.Errorf("%d points of b come to %v", n, sum)
	}
}

// TestAppenderIsAllOrNothing refuses points that a field of ints cannot hold, and keeps them; it
// takes part in a transaction, and writes to what was removed since it wrote last.
func TestAppenderIsAllOrNothing(t *testing.T) {
	s, txns, _ := newStore(t, timeseries.Options{})
	ctx := t.Context()
	r := refs(t, "m", 10)
	fill := func(a *timeseries.Appender, at int64) {
		for i := range r {
			a.Append(r[i], at, float64(i)+0.5)
		}
	}
	a := s.Appender("v")
	for at := range int64(2) {
		fill(a, at)
		if err := a.Commit(ctx); err != nil || a.Len() != 0 {
			t.Fatalf("%v, %d points are left", err, a.Len())
		}
	}
	tx, err := txns.Begin(ctx, txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b := s.Within(tx).Appender("v")
	fill(b, 2)
	if err := b.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if n, _ := sums(t, s.Within(tx), "m", "v"); n != 30 {
		t.Errorf("the transaction sees %d points", n)
	}
	tx.Rollback()
	if n, _ := sums(t, s, "m", "v"); n != 20 {
		t.Errorf("%d points after the rollback", n)
	}
	if err := s.Write(ctx, []timeseries.Point{{Ref: r[0], Time: 5, Fields: []timeseries.Field{{Name: "i", Value: timeseries.IntValue(1)}}}}); err != nil {
		t.Fatal(err)
	}
	c := s.Appender("i")
	c.Append(r[1], 6, 7)
	fill(c, 7)
	if err := c.Commit(ctx); !errors.Is(err, dberr.ErrConstraint) || c.Len() != 11 {
		t.Errorf("halves as ints: %v, %d points are left", err, c.Len())
	}
	if n, _ := sums(t, s, "m", "i"); n != 1 {
		t.Errorf("%d ints after what was refused", n)
	}
	c.Reset()
	if _, err := s.Delete(ctx, timeseries.Deletion{Metric: "m", From: math.MinInt64, To: math.MaxInt64}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if n := countSeries(t, s); n != 0 {
		t.Fatalf("%d series are left", n)
	}
	fill(a, 3)
	if err := a.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if n, sum := sums(t, s, "m", "v"); n != 10 || sum != 50 || countSeries(t, s) != 10 {
		t.Errorf("%d points come to %v", n, sum)
	}
}
