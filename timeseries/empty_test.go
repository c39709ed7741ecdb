package timeseries_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
)

// wide are points of many series at one time.
func wide(from, to int, at int64) (points []timeseries.Point) {
	for i := from; i < to; i++ {
		points = append(points, timeseries.Point{Metric: "m", Tags: []timeseries.Tag{{Key: "n", Value: fmt.Sprint(i)}}, Time: at,
			Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(float64(at))}}})
	}
	return points
}

// series counts the series of the metric.
func countSeries(t *testing.T, s *timeseries.Store) int {
	t.Helper()
	c, err := s.Cardinality(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range c.Tags {
		if tag.Series != c.Series || tag.Values != c.Series {
			t.Errorf("of %d series %d have the tag, with %d values", c.Series, tag.Series, tag.Values)
		}
	}
	return c.Series
}

// TestForgetsEmptySeries: a series whose points are deleted or expire goes with its tags,
// and one of a tier's rows stays.
func TestForgetsEmptySeries(t *testing.T) {
	s, _, now := newStore(t, timeseries.Options{MaxSeries: 30})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	seal := func() {
		t.Helper()
		_, err := s.Seal(ctx)
		must(err)
	}
	at := now.Now().UnixNano()
	must(s.Write(ctx, wide(0, 20, at)))
	must(s.Write(ctx, wide(20, 21, at)))
	seal()
	_, err := s.Delete(ctx, timeseries.Deletion{Metric: "m", Matchers: []timeseries.Matcher{{Tag: "n", Values: []string{"3", "20"}}}, From: at, To: at})
	must(err)
	if n := countSeries(t, s); n != 21 {
		t.Errorf("%d series before what was deleted is sealed", n)
	}
	seal()
	if n := countSeries(t, s); n != 19 {
		t.Errorf("%d series, want 19", n)
	}
	// Churn: ever new series, of which the old ones expire, are no more than the maximum.
	must(s.SetRetention(ctx, timeseries.RetentionPolicy{Name: "p", Pattern: "m", Keep: time.Hour}))
	for round := range 5 {
		now.Advance(2 * time.Hour)
		seal()
		must(s.Write(ctx, wide(100*round+100, 100*round+120, now.Now().UnixNano())))
		seal()
		if n := countSeries(t, s); n != 20 {
			t.Fatalf("round %d: %d series, want 20", round, n)
		}
	}
	// Rows of a tier are kept, and so is who has them.
	must(s.SetRetention(ctx, timeseries.RetentionPolicy{Name: "p", Pattern: "m", Keep: time.Hour, Tiers: []timeseries.Tier{{Interval: time.Minute, Keep: 0}}}))
	seal()
	now.Advance(2 * time.Hour)
	seal()
	if n := countSeries(t, s); n != 20 {
		t.Errorf("%d series with rows, want 20", n)
	}
	_, err = s.Check(ctx, func(problem string) { t.Error(problem) })
	must(err)
}

// TestForgettingLosesNothing writes to series that are being forgotten: what was written
// last is there.
func TestForgettingLosesNothing(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sealing sync.WaitGroup
	sealing.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Seal(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	for round := range rounds {
		n := 1 + round%2*9 // open records and batches
		if err := s.Write(ctx, wide(0, n, int64(round))); err != nil {
			t.Fatal(err)
		}
		a, err := s.Query(ctx, timeseries.Query{Metric: "m", From: int64(round), To: math.MaxInt64})
		if err != nil || a.Points != n {
			t.Fatalf("round %d: %d points are there, %v", round, a.Points, err)
		}
		if _, err := s.Delete(ctx, timeseries.Deletion{Metric: "m", From: 0, To: int64(round)}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	sealing.Wait()
}

// TestSealerThatStartedBefore: a sealer that looked at what there is before the first points
// of a metric came forgets none of them.
func TestSealerThatStartedBefore(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	forget := s.LookForTesting(t)
	if err := s.Write(t.Context(), wide(0, 10, 1)); err != nil {
		t.Fatal(err)
	}
	forget()
	if a, err := s.Query(t.Context(), timeseries.Query{Metric: "m", From: 0, To: math.MaxInt64}); err != nil || a.Points != 10 {
		t.Fatalf("%d points are there, %v", a.Points, err)
	}
}

// TestBoundedMemory ingests far more points than may lie open, with the sealer at work:
// they are sealed meanwhile, and all are there. The long form is of 100,000 series with
// 1,000 points each.
func TestBoundedMemory(t *testing.T) {
	series, rounds, open := 2000, 40, 10_000
	if os.Getenv("WEFT_LONG") != "" {
		series, rounds, open = 100_000, 1000, 6_000_000
	}
	txns, err := storage.Open(vfs.OS(), t.TempDir(), storage.Options{Durability: txn.DurabilityInterval, BufferBytes: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer txns.Close()
	s, err := timeseries.Open(txns.Store, timeseries.Options{OpenPoints: open, Events: timeseries.Events{SealFailed: func(err error) { t.Error(err) }}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const batch = 1000
	points := wide(0, series, 0)
	for i := range points {
		if points[i].Ref, err = timeseries.NewRef("m", points[i].Tags); err != nil {
			t.Fatal(err)
		}
	}
	var most uint64
	for round := range rounds {
		for from := 0; from < series; from += batch {
			part := points[from:min(series, from+batch)]
			for i := range part {
				part[i].Time = int64(round) * 10e9
				part[i].Fields[0].Value.Float = float64((from + i) ^ round)
			}
			if err := s.Write(t.Context(), part); err != nil {
				t.Fatal(err)
			}
			if have, kept := timeseries.OpenPoints(s); have > int64(2*open+batch) || kept > int64(2*open+batch) {
				t.Fatalf("%d points lie open and %d are kept, of at most %d", have, kept, open)
			}
		}
		if round%20 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
	t.Logf("%d series, %d points: %d MB of heap at most", series, series*rounds, most>>20)
	if most > 2<<30 {
		t.Errorf("%d MB of heap", most>>20)
	}
	a, err := s.Query(t.Context(), timeseries.Query{Metric: "m", From: math.MinInt64, To: math.MaxInt64, Mode: timeseries.Instant, Function: timeseries.Function{Name: "count"}, Grouped: true})
	if err != nil || len(a.Series) != 1 || a.Series[0].Samples[0].Value.Int != int64(series*rounds) {
		t.Fatalf("%+v, %v", a, err)
	}
	for _, i := range []int{0, 1, series / 2, series - 1} {
		a, err := s.Query(t.Context(), timeseries.Query{Metric: "m", Matchers: []timeseries.Matcher{{Tag: "n", Values: []string{fmt.Sprint(i)}}}, From: math.MinInt64, To: math.MaxInt64})
		if err != nil || a.Points != rounds {
			t.Fatalf("series %d has %d points, %v", i, a.Points, err)
		}
		for round, p := range a.Series[0].Samples {
			if p.Time != int64(round)*10e9 || p.Value.Float != float64(i^round) {
				t.Fatalf("series %d has %+v at %d", i, p, round)
			}
		}
	}
}

// TestManySmallMetrics: where no metric has much, what is too much in all is sealed.
func TestManySmallMetrics(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{OpenPoints: 1000})
	for round := range 4 {
		var points []timeseries.Point
		for i, p := range wide(0, 600, int64(round)) {
			p.Metric = fmt.Sprintf("m%d", i/6)
			points = append(points, p)
		}
		if err := s.Write(t.Context(), points); err != nil {
			t.Fatal(err)
		}
		if err := timeseries.SealDue(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if open, _ := timeseries.OpenPoints(s); open > 1000 {
			t.Fatalf("round %d: %d points lie open", round, open)
		}
	}
	for i := range 100 {
		a, err := s.Query(t.Context(), timeseries.Query{Metric: fmt.Sprintf("m%d", i), From: math.MinInt64, To: math.MaxInt64})
		if err != nil || a.Points != 24 {
			t.Fatalf("m%d has %d points, %v", i, a.Points, err)
		}
	}
}

// TestSeriesMadeAgainInOneTransaction: a transaction that removes a series and writes to it
// makes another; who wrote to the first before goes on with the second.
func TestSeriesMadeAgainInOneTransaction(t *testing.T) {
	s, txns, _ := newStore(t, timeseries.Options{})
	ref, err := timeseries.NewRef("m", tags("n", "0"))
	if err != nil {
		t.Fatal(err)
	}
	byRef := func(at int64) timeseries.Point {
		p := wide(0, 1, at)[0]
		p.Ref = ref
		return p
	}
	for at := range int64(3) {
		write(t, s, append(wide(0, 10, at), byRef(100+at))...)
	}
	tx, err := txns.Begin(t.Context(), txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in := s.Within(tx)
	if _, err := in.Delete(t.Context(), timeseries.Deletion{Metric: "m", From: math.MinInt64, To: math.MaxInt64, Matchers: []timeseries.Matcher{{Tag: "n", Values: []string{"0"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := in.Write(t.Context(), wide(0, 1, 50)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, append(wide(0, 10, 60), byRef(160))...)
	q := timeseries.Query{Metric: "m", From: math.MinInt64, To: math.MaxInt64, Matchers: []timeseries.Matcher{{Tag: "n", Values: []string{"0"}}}}
	want(t, show(t, s, q), "value,n=0: 50=50 60=60 160=160")
	seal(t, s)
	want(t, show(t, s, q), "value,n=0: 50=50 60=60 160=160")
}
