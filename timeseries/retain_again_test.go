package timeseries_test

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/timeseries"
)

// TestPointsAgain: of points that are sent again after those of their windows are gone, the
// rows know the first and the last of a window, and so all of a window with two. What is
// between them is added, for a row cannot know whether it has it.
func TestPointsAgain(t *testing.T) {
	for _, policy := range []timeseries.Policy{timeseries.Last, timeseries.First, timeseries.Least, timeseries.Most} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			s, _, now := newStore(t, timeseries.Options{})
			ctx := t.Context()
			if _, err := s.Register(ctx, timeseries.Metric{Name: "m", Duplicates: policy}); err != nil {
				t.Fatal(err)
			}
			if err := s.SetRetention(ctx, threeTiers); err != nil {
				t.Fatal(err)
			}
			hour := now.Now().Truncate(time.Hour)
			at := func(minute, second int) int64 {
				return hour.Add(time.Duration(minute)*time.Minute + time.Duration(second)*time.Second).UnixNano()
			}
			// Three windows of a minute: of one point, of two, and of four.
			sent := []timeseries.Point{point(at(0, 7), 5), point(at(1, 3), 10), point(at(1, 50), 20), point(at(2, 1), 1), point(at(2, 2), 2), point(at(2, 3), 3), point(at(2, 4), 4)}
			write(t, s, sent...)
			seal(t, s)
			now.Advance(3 * time.Hour)
			seal(t, s)
			sums := func(interval time.Duration) string {
				q := all()
				q.Mode, q.Function, q.Interval = timeseries.Downsample, timeseries.Function{Name: "sum"}, timeseries.Interval{Fixed: interval}
				count := q
				count.Function.Name = "count"
				return strings.TrimPrefix(show(t, s, q), seriesName("value", nil)) + " of" + strings.TrimPrefix(show(t, s, count), seriesName("value", nil))
			}
			line := func(a, b, c string) string {
				return fmt.Sprintf(": %d=%s %d=%s %d=%s", at(0, 0), a, at(1, 0), b, at(2, 0), c)
			}
			// What is sent again as it was changes nothing but between the first and the last.
			write(t, s, sent[0], sent[1], sent[2], sent[3], sent[6])
			seal(t, s)
			write(t, s, sent[0], sent[3])
			seal(t, s)
			want(t, sums(time.Minute), line("5", "30", "10")+" of"+line("1", "2", "4"))
			want(t, sums(10*time.Minute), fmt.Sprintf(": %d=45 of: %d=7", at(0, 0), at(0, 0)))
			write(t, s, sent[4])
			seal(t, s)
			want(t, sums(time.Minute), line("5", "30", "12")+" of"+line("1", "2", "5"))
			// Another value goes over that of one of two, as the metric says.
			write(t, s, point(at(0, 7), 6), point(at(1, 50), 15))
			seal(t, s)
			one, two := "6", "25"
			switch policy {
			case timeseries.First:
				one, two = "5", "30"
			case timeseries.Least:
				one = "5"
			case timeseries.Most:
				two = "30"
			}
			want(t, sums(time.Minute), line(one, two, "12")+" of"+line("1", "2", "5"))
		})
	}
}

// TestTiersChange: where a policy gets other tiers, what its old ones have of points that are
// gone is seen as before, by queries and by the rows of tiers, in time and late.
func TestTiersChange(t *testing.T) {
	m, h := time.Minute, time.Hour
	policy := func(tiers ...timeseries.Tier) timeseries.RetentionPolicy {
		return timeseries.RetentionPolicy{Name: "p", Pattern: "m", Keep: h, Tiers: tiers}
	}
	for name, next := range map[string]timeseries.RetentionPolicy{
		"finer":          policy(timeseries.Tier{Interval: m, Keep: 6 * h}, timeseries.Tier{Interval: 10 * m}),
		"coarser":        policy(timeseries.Tier{Interval: 10 * m, Keep: 12 * h}, timeseries.Tier{Interval: h}),
		"both":           policy(timeseries.Tier{Interval: 5 * m, Keep: 6 * h}, timeseries.Tier{Interval: 10 * m, Keep: 12 * h}, timeseries.Tier{Interval: 30 * m}),
		"finest dropped": policy(timeseries.Tier{Interval: 50 * m}),
		"finer, longer":  policy(timeseries.Tier{Interval: m, Keep: 1000 * h}, timeseries.Tier{Interval: 10 * m}),
	} {
		t.Run(name, func(t *testing.T) {
			first := policy(timeseries.Tier{Interval: 10 * m})
			if name == "finest dropped" {
				first = policy(timeseries.Tier{Interval: m, Keep: 6 * h}, timeseries.Tier{Interval: 50 * m})
			}
			s, _, now := newStore(t, timeseries.Options{})
			if err := s.SetRetention(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			begin := now.Now().Truncate(h)
			now.Set(begin)
			all := map[int64]float64{}
			live := func(hours int) {
				for range hours {
					for i := range 60 {
						at := now.Now().Add(time.Duration(i)*m + 7*time.Second).UnixNano()
						all[at] = float64(i)
						write(t, s, point(at, all[at]))
					}
					now.Advance(h)
					seal(t, s)
				}
			}
			every := h
			if name == "finest dropped" {
				every = 50 * m
			}
			check := func(when string) {
				t.Helper()
				q := timeseries.Query{Metric: "m", From: math.MinInt64, To: math.MaxInt64, Mode: timeseries.Downsample, Function: timeseries.Function{Name: "sum"}, Interval: timeseries.Interval{Fixed: every}}
				wanted := map[int64]float64{}
				for at, v := range all {
					wanted[at-at%int64(every)] += v
				}
				a, err := s.Query(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				got := map[int64]float64{}
				for _, x := range a.Series {
					for _, p := range x.Samples {
						got[p.Time] = p.Value.Float
					}
				}
				if !maps.Equal(got, wanted) {
					t.Fatalf("%s: the sums are %v, want %v (%v)", when, got, wanted, a.Tiers)
				}
			}
			live(8)
			check("before")
			if err := s.SetRetention(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			seal(t, s)
			check("after")
			late := begin.Add(90*m + 3*time.Second).UnixNano()
			all[late] = 1000
			write(t, s, point(late, 1000))
			seal(t, s)
			check("with a late point")
			for i := range 15 {
				live(1)
				check(fmt.Sprintf("%d hours after", i+1))
			}
			if err := s.SetRetention(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			seal(t, s)
		})
	}
}
