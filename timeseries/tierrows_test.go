package timeseries_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// TestTierNotReady: a tier that is not made of what was there before it is not read, by
// itself or for a query, until it is.
func TestTierNotReady(t *testing.T) {
	s, _, now := newStore(t, timeseries.Options{})
	ctx := t.Context()
	start := now.Now().Truncate(time.Hour)
	write(t, s, point(start.UnixNano(), 3), point(start.Add(time.Second).UnixNano(), 4))
	seal(t, s)
	if err := timeseries.AdoptForTesting(ctx, s, "m", threeTiers); err != nil {
		t.Fatal(err)
	}
	read := func() (string, error) {
		var out string
		err := s.View(ctx, func(tx *txn.Tx) error {
			m, err := s.MetricTx(tx, "m")
			if err != nil {
				return err
			}
			list, err := s.SelectTx(tx, m, nil)
			if err != nil {
				return err
			}
			rows, err := s.ReadTierTx(ctx, tx, m, list[0], 0, time.Minute, math.MinInt64, math.MaxInt64)
			for _, r := range rows {
				out += fmt.Sprintf("%d: %d of %v", r.Start-start.UnixNano(), r.Count, r.Sum)
			}
			return err
		})
		return out, err
	}
	sum := all()
	sum.Mode, sum.Function, sum.Interval = timeseries.Downsample, timeseries.Function{Name: "sum"}, timeseries.Interval{Fixed: time.Hour}
	is := fmt.Sprintf("%s: %d=7", seriesName("value", nil), start.UnixNano())
	if got, err := read(); code(err) != "TIER_NOT_READY" {
		t.Errorf("a tier that is not ready gives %q, %v", got, err)
	}
	want(t, show(t, s, sum), is)
	if a, err := s.Query(ctx, sum); err != nil || fmt.Sprint(a.Tiers) != "[raw]" {
		t.Errorf("the query is made of %v, %v", a.Tiers, err)
	}
	if err := s.SetRetention(ctx, threeTiers); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	if got, err := read(); err != nil || got != "0: 2 of 7" {
		t.Errorf("a tier that is ready gives %q, %v", got, err)
	}
	want(t, show(t, s, sum), is)
	if a, err := s.Query(ctx, sum); err != nil || fmt.Sprint(a.Tiers) != "[1h]" {
		t.Errorf("the query is made of %v, %v", a.Tiers, err)
	}
}

// TestCountTier: rows are counted by the fullest field of each series, whichever it is.
func TestCountTier(t *testing.T) {
	s, _, now := newStore(t, timeseries.Options{})
	ctx := t.Context()
	start := now.Now().Truncate(time.Hour)
	field := func(name string, v float64) []timeseries.Field {
		return []timeseries.Field{{Name: name, Value: timeseries.FloatValue(v)}}
	}
	put := func(host, name string, minutes ...int) {
		for _, m := range minutes {
			write(t, s, timeseries.Point{Metric: "m", Tags: []timeseries.Tag{{Key: "host", Value: host}}, Time: start.Add(time.Duration(m) * time.Minute).UnixNano(), Fields: field(name, 1)})
		}
	}
	put("a", "first", 1)
	put("a", "second", 1, 2, 3)
	put("b", "second", 7, 8)
	if err := s.SetRetention(ctx, threeTiers); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	for limit, want := range map[int64]int64{100: 5, 4: 4} {
		if n, err := s.CountTier(ctx, "m", time.Minute, limit); err != nil || n != want {
			t.Errorf("up to %d there are %d rows, %v; want %d", limit, n, err, want)
		}
	}
	if n, err := s.CountTier(ctx, "m", time.Hour, 100); err != nil || n != 2 {
		t.Errorf("by hours there are %d rows, %v", n, err)
	}
}
