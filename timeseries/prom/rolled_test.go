package prom_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// rolledStore has the same points twice: under the name "raw", and under "m", whose points
// are gone but for the last two hours, with rows of 5 min for a day and of 1 h behind.
type rolledStore struct {
	*over
	now  *clock.Manual
	from time.Time
}

var rolledEpoch = time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)

func newRolled(t *testing.T) *rolledStore {
	now := clock.NewManual(rolledEpoch)
	txns, err := txn.NewMemory(txn.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	model, err := timeseries.Open(txns, timeseries.Options{SealEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := &rolledStore{&over{ctx: t.Context(), txns: txns, model: model}, now, rolledEpoch}
	t.Cleanup(func() { s.Close() })
	if err := model.SetRetention(t.Context(), timeseries.RetentionPolicy{Name: "p", Pattern: "m", Keep: 2 * time.Hour,
		Tiers: []timeseries.Tier{{Interval: 5 * time.Minute, Keep: 24 * time.Hour}, {Interval: time.Hour}}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// both writes points of one series to both metrics.
func (s *rolledStore) both(t *testing.T, series, field string, times []int64, values []timeseries.Value) {
	t.Helper()
	var list []timeseries.Point
	for i, at := range times {
		for _, metric := range []string{"m", "raw"} {
			list = append(list, timeseries.Point{Metric: metric, Tags: []timeseries.Tag{{Key: "s", Value: series}}, Time: at, Fields: []timeseries.Field{{Name: field, Value: values[i]}}})
		}
	}
	if err := s.model.Write(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// expire lets the clock run to a time and seals, twice, so that policies are carried out.
func (s *rolledStore) expire(t *testing.T, to time.Time) {
	t.Helper()
	s.now.Set(to)
	for range 2 {
		if _, err := s.model.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// matrix runs a query and gives its values by series without the name, and its warnings.
func (s *rolledStore) matrix(t *testing.T, q prom.Query) (out map[string]map[int64]float64, warnings []string) {
	t.Helper()
	out = make(map[string]map[int64]float64)
	err := prom.NewEngine(prom.Options{}).Run(t.Context(), s.model, q, func(r prom.Result) error {
		warnings = r.Warnings
		for _, x := range r.Value.(promql.Matrix) {
			values := make(map[int64]float64)
			for _, p := range x.Floats {
				values[p.T] = p.F
			}
			out[x.Metric.DropReserved(func(name string) bool { return name == "__name__" }).String()] = values
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", q.Expr, err)
	}
	return out, warnings
}

// compare holds the answer for m against that for raw. What is there must be right; that all
// is there is wanted where whole says so, and else a warning is where it is not.
func (s *rolledStore) compare(t *testing.T, expr string, start, end time.Time, step time.Duration, whole bool) (values, missing int) {
	t.Helper()
	q := prom.Query{Expr: strings.ReplaceAll(expr, "METRIC", "m"), Start: start, End: end, Step: step}
	got, warnings := s.matrix(t, q)
	q.Expr = strings.ReplaceAll(expr, "METRIC", "raw")
	want, _ := s.matrix(t, q)
	name := fmt.Sprintf("%s from %v by %v", expr, start.Sub(s.from), step)
	for series, list := range got {
		for at, v := range list {
			w, ok := want[series][at]
			if tolerance := 1e-9 * math.Max(1, math.Abs(w)); !ok || v != w && math.Abs(v-w) > tolerance && !(math.IsNaN(v) && math.IsNaN(w)) {
				t.Fatalf("%s: %s at %v is %v, want %v (%v)", name, series, time.UnixMilli(at).Sub(s.from), v, w, ok)
			}
			values++
		}
	}
	for series, list := range want {
		for at := range list {
			if _, ok := got[series][at]; !ok {
				if missing++; whole {
					t.Fatalf("%s: %s has no value at %v; %q", name, series, time.UnixMilli(at).Sub(s.from), warnings)
				}
			}
		}
	}
	// Whether there are the two values in a range that these need is not known, either.
	unsure := !whole && (strings.Contains(expr, "rate(") || strings.Contains(expr, "increase(") || strings.Contains(expr, "delta("))
	if said := slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, "left out") }); said != (missing > 0) && (!said || !unsure) {
		t.Fatalf("%s: %d values are missing, and the warnings are %q", name, missing, warnings)
	}
	return values, missing
}

var overRolled = []string{"METRIC", "METRIC offset 1h", "sum(METRIC)", "avg_over_time(METRIC[RANGE])", "sum_over_time(METRIC[RANGE])", "min_over_time(METRIC[RANGE])", "max_over_time(METRIC[RANGE])",
	"count_over_time(METRIC[RANGE])", "present_over_time(METRIC[RANGE])", "stddev_over_time(METRIC[RANGE])", "stdvar_over_time(METRIC[RANGE])", "last_over_time(METRIC[RANGE])",
	"rate(METRIC[RANGE])", "increase(METRIC[RANGE] offset 1h)", "delta(METRIC[RANGE])", "sum by (s) (rate(METRIC[RANGE])) / 2 > bool 1", "-METRIC + max_over_time(METRIC[RANGE])"}

// TestRolledUp: what PromQL gives where points are gone is what it would give of the points.
// Where all of a query lies on windows there is all of it, and without a warning; elsewhere
// no value is wrong, and one that cannot be had is left out, and said so.
func TestRolledUp(t *testing.T) {
	rounds := uint64(12)
	if testing.Short() {
		rounds = 3
	}
	const second = int64(time.Second)
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			s := newRolled(t)
			days := 60 * time.Hour
			add := func(series, field string, every, jitter int64, next func(i int64) timeseries.Value) {
				var times []int64
				var values []timeseries.Value
				for i := int64(0); i*every < int64(days); i++ {
					if r.IntN(20) == 0 {
						i += r.Int64N(40) // a gap
					}
					at := s.from.UnixNano() + i*every
					if jitter > 0 {
						at += r.Int64N(jitter)
					}
					times, values = append(times, at), append(values, next(i))
				}
				s.both(t, series, field, times, values)
			}
			count := 0.0
			add("counter", "value", 60*second, 0, func(int64) timeseries.Value { // on the edges of windows
				if count += float64(r.IntN(9)); r.IntN(50) == 0 {
					count = float64(r.IntN(3))
				}
				return timeseries.FloatValue(count)
			})
			add("gauge", "value", 37*second, 30*second, func(int64) timeseries.Value { return timeseries.FloatValue(r.NormFloat64()*10 - 3) })
			add("sparse", "value", 300*second, 0, func(i int64) timeseries.Value { return timeseries.FloatValue(float64(i % 7)) })
			add("late", "value", 3700*second, 0, func(i int64) timeseries.Value { return timeseries.FloatValue(float64(i)) })
			add("counter", "n", 61*second, 900_000, func(i int64) timeseries.Value { return timeseries.IntValue(i*i%977 - 20) })
			add("gauge", "up", 75*second, 3*second, func(i int64) timeseries.Value { return timeseries.BoolValue(r.IntN(3) > 0) })
			s.expire(t, s.from.Add(days))
			replace := func(expr string, d time.Duration) string {
				return strings.ReplaceAll(expr, "RANGE", fmt.Sprintf("%ds", int(d.Seconds())))
			}
			end := s.from.Add(days)
			total := 0
			for _, expr := range overRolled {
				for _, span := range []time.Duration{time.Hour, 3 * time.Hour, 24 * time.Hour} {
					n, _ := s.compare(t, replace(expr, span), s.from, end, time.Hour, true)
					total += n
				}
				// From a day ago on there are windows of 5 min.
				n, _ := s.compare(t, replace(expr, 15*time.Minute), end.Add(-22*time.Hour), end, 5*time.Minute, true)
				total += n
			}
			values, missing := 0, 0
			for range 40 {
				expr := replace(overRolled[r.IntN(len(overRolled))], time.Duration(1+r.IntN(8000))*time.Second)
				start := s.from.Add(time.Duration(r.Int64N(int64(days))))
				n, m := s.compare(t, expr, start, end, time.Duration(1+r.IntN(7200))*time.Second, false)
				values, missing = values+n, missing+m
			}
			if total < 10_000 || values == 0 || missing == 0 {
				t.Errorf("%d values on windows, %d elsewhere and %d missing", total, values, missing)
			}
		})
	}
}

// TestRolledUpIsSaid: expressions that rows cannot answer say so, and see points alone; what
// makes rows other than PromQL would count them is left out.
func TestRolledUpIsSaid(t *testing.T) {
	s := newRolled(t)
	const minute, ms = int64(time.Minute), int64(time.Millisecond)
	f := timeseries.FloatValue
	at := s.from.UnixNano()
	s.both(t, "good", "value", []int64{at + minute, at + 2*minute, at + 3*minute}, []timeseries.Value{f(1), f(2), f(4)})
	s.both(t, "stale", "value", []int64{at + minute, at + 2*minute, at + 3*minute}, []timeseries.Value{f(1), f(2), f(math.Float64frombits(value.StaleNaN))})
	s.both(t, "twice", "value", []int64{at + minute, at + minute + ms/2, at + 3*minute}, []timeseries.Value{f(1), f(2), f(4)})
	s.both(t, "infinite", "value", []int64{at + minute, at + 2*minute, at + 3*minute}, []timeseries.Value{f(math.Inf(1)), f(2), f(4)})
	// On the edges, and two points in a window.
	s.both(t, "edge", "value", []int64{at, at + 4*minute, at + 60*minute, at + 120*minute}, []timeseries.Value{f(9), f(2), f(5), f(1)})
	mark := f(math.Float64frombits(value.StaleNaN))
	s.both(t, "alone", "value", []int64{at + 59*minute, at + 61*minute, at + 121*minute, at + 239*minute, at + 299*minute}, []timeseries.Value{f(9), mark, f(2), f(math.NaN()), mark})
	s.both(t, "now", "value", []int64{at + 49*60*minute}, []timeseries.Value{f(1)})
	s.expire(t, s.from.Add(50*time.Hour))
	hour := func(n float64) time.Time { return s.from.Add(time.Duration(n * float64(time.Hour))) }
	for _, expr := range []string{`count_over_time(METRIC{s=~"good|edge"}[1h])`, `max_over_time(METRIC{s=~"good|edge"}[1h])`, `rate(METRIC{s=~"good|edge"}[2h])`, `METRIC{s=~"edge|stale"}`} {
		if n, _ := s.compare(t, expr, hour(0), hour(3), time.Hour, true); n == 0 {
			t.Errorf("%s has no values", expr)
		}
	}
	// The mark at the end of a window ends the series there.
	if got, _ := s.matrix(t, prom.Query{Expr: `m{s=~"good|stale"}`, Start: hour(0.06), End: hour(0.06), Step: time.Hour}); fmt.Sprint(got) != fmt.Sprintf(`map[{s="good"}:map[%d:4]]`, hour(0.06).UnixMilli()) {
		t.Errorf("the last values are %v", got)
	}
	// What is in a window by itself is known, whatever it is.
	for _, expr := range []string{`count_over_time(METRIC{s="alone"}[1h])`, `METRIC{s="alone"}`, `last_over_time(METRIC{s="alone"}[3h])`} {
		if n, _ := s.compare(t, expr, hour(0), hour(9), time.Hour, true); n == 0 {
			t.Errorf("%s has no values", expr)
		}
	}
	for _, expr := range []string{`count_over_time(METRIC{s="stale"}[1h])`, `sum_over_time(METRIC{s="twice"}[1h])`, `avg_over_time(METRIC{s="infinite"}[1h])`, `last_over_time(METRIC{s="stale"}[1h])`} {
		if n, missing := s.compare(t, expr, hour(0), hour(2), time.Hour, false); n != 0 || missing == 0 {
			t.Errorf("%s has %d values, and %d are missing", expr, n, missing)
		}
	}
	// The warnings say which of both it is.
	for expr, want := range map[string]string{`sum_over_time(m{s="good"}[150s])`: "be multiples of 1h", `sum_over_time(m{s="twice"}[150s])`: "several in one millisecond", `m{s="good"}`: "be multiples of 1h", `m{s="twice"}`: "several in one millisecond"} {
		_, warnings := s.matrix(t, prom.Query{Expr: expr, Start: hour(0.04), End: hour(0.04), Step: time.Hour})
		if len(warnings) != 1 || !strings.Contains(warnings[0], `1 steps of metric "m" are left out`) || !strings.Contains(warnings[0], want) {
			t.Errorf("%s warns of %q", expr, warnings)
		}
	}
	if n, _ := s.compare(t, `last_over_time(METRIC{s=~"twice|infinite"}[1h])`, hour(0), hour(1), time.Hour, true); n != 2 {
		t.Errorf("%d last values", n)
	}
	for _, expr := range []string{`quantile_over_time(0.5, m[1h])`, `irate(m[1h])`, `changes(m[1h])`, `deriv(m[1h])`, `absent(m)`, `timestamp(m)`, `max_over_time(rate(m[1h])[1h:1h])`, `m @ 3600`, `{__name__=~"m|x"}`} {
		_, warnings := s.matrix(t, prom.Query{Expr: expr, Start: hour(1), End: hour(3), Step: time.Hour})
		if !slices.ContainsFunc(warnings, func(w string) bool {
			return strings.Contains(w, `metric "m" has points from 2030-01-04T00:00:00Z on, and this expression sees none before`)
		}) {
			t.Errorf("%s warns of %q", expr, warnings)
		}
	}
	// Series are found by what tiers have of them.
	for _, metric := range []string{"m", "raw"} {
		find := prom.Find{Sets: [][]*labels.Matcher{{labels.MustNewMatcher(labels.MatchEqual, "__name__", metric)}}, Start: hour(0), End: hour(1.5)}
		series, _, err := prom.FindSeries(t.Context(), s.model, find)
		if err != nil || len(series) != 6 {
			t.Errorf("of %s there are the series %v, %v", metric, series, err)
		}
		values, _, err := prom.FindValues(t.Context(), s.model, "s", find)
		if err != nil || fmt.Sprint(values) != "[alone edge good infinite stale twice]" {
			t.Errorf("of %s there are the values %v, %v", metric, values, err)
		}
	}
}

// TestRolledUpHasBounds: rows and what they come to count for the samples that a query may
// hold, and a query may be given up.
func TestRolledUpHasBounds(t *testing.T) {
	s := newRolled(t)
	var times []int64
	var values []timeseries.Value
	for i := range int64(40) {
		for k := range int64(4) {
			times, values = append(times, s.from.Add(time.Duration(60*i+10*k)*time.Minute).UnixNano()), append(values, timeseries.FloatValue(1))
		}
	}
	s.both(t, "a", "value", times, values)
	s.expire(t, s.from.Add(40*time.Hour))
	q := prom.Query{Expr: "sum_over_time(m[1h])", Start: s.from, End: s.from.Add(30 * time.Hour), Step: time.Hour}
	for samples, want := range map[int]string{100: "too many samples", 1 << 20: ""} {
		err := prom.NewEngine(prom.Options{MaxSamples: samples}).Run(t.Context(), s.model, q, func(prom.Result) error { return nil })
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("with %d samples: %v", samples, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := prom.NewEngine(prom.Options{}).Run(ctx, s.model, q, func(prom.Result) error { return nil }); err == nil {
		t.Error("a query that was given up has an answer")
	}
}
