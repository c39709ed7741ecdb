package timeseries_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weftdb/weft/timeseries"
)

func TestFormula(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	write(t, s, point(1, 6, "h", "x"), point(2, 8, "h", "x"), point(1, 4, "h", "y"))
	whole := all()
	whole.Mode, whole.Function, whole.Grouped = timeseries.Downsample, timeseries.Function{Name: "sum"}, true
	whole.Interval = timeseries.Interval{Fixed: 1}
	latest := all()
	latest.Mode, latest.Function = timeseries.Instant, timeseries.Function{Name: "last"}
	queries := map[string]timeseries.Query{"a": all(), "b": all(), "total": whole, "i": latest}
	for text, want := range map[string]string{
		"a":                        "[h=x]: 1=6 2=8; [h=y]: 1=4",
		"a+b":                      "[h=x]: 1=12 2=16; [h=y]: 1=8",
		"2 + 3 * a":                "[h=x]: 1=20 2=26; [h=y]: 1=14",
		"(2+3)*a - b":              "[h=x]: 1=24 2=32; [h=y]: 1=16",
		"-a^2":                     "[h=x]: 1=-36 2=-64; [h=y]: 1=-16",
		"2^3^0 * a":                "[h=x]: 1=12 2=16; [h=y]: 1=8",
		"a % 4 - 1e1":              "[h=x]: 1=-8 2=-10; [h=y]: 1=-10",
		"a / total * 100":          "[h=x]: 1=60 2=100; [h=y]: 1=40",
		"total - total":            ": 1=0 2=0",
		"max(a, 5) + abs(0-1) - 1": "[h=x]: 1=6 2=8; [h=y]: 1=5",
		"sqrt(a*a)/0":              "[h=x]: 1=+Inf 2=+Inf; [h=y]: 1=+Inf",
		"i*2":                      "[h=x]: 2=16; [h=y]: 1=8",
	} {
		f, err := timeseries.ParseFormula(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		used := make(map[string]timeseries.Query)
		for _, name := range f.Names() {
			used[name] = queries[name]
		}
		a, err := s.Combine(t.Context(), used, f)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := ""
		for i, x := range a.Series {
			if i > 0 {
				got += "; "
			}
			for _, tag := range x.Tags {
				got += fmt.Sprintf("[%s=%s]", tag.Key, tag.Value)
			}
			got += ":"
			for _, p := range x.Samples {
				got += fmt.Sprintf(" %d=%v", p.Time, p.Value)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{"", "1", "a b", "a +", "(a", "a)", "foo(a)", "max(a)", "abs(a, b)", "a ** b", "1.2.3*a", "a;", "a é"} {
		if _, err := timeseries.ParseFormula(bad); code(err) != "INVALID_EXPRESSION" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	deep := ""
	for range 100 {
		deep += "-"
	}
	if _, err := timeseries.ParseFormula(deep + "a"); code(err) != "INVALID_EXPRESSION" {
		t.Errorf("deep: %v", err)
	}
}

// TestHistogram holds quantiles of random histograms against the values that were put in:
// they are in the bucket that the value of that rank is in.
func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	bounds := []float64{1, 2, 5, 10, 20, math.Inf(1)}
	s, _, _ := newStore(t, timeseries.Options{})
	counts := make([]float64, len(bounds))
	windows := make([][]float64, 5)
	var list []timeseries.Point
	for tick := range 61 { // the first point counts nothing: nothing is before it
		if tick > 0 {
			for range r.IntN(20) {
				v := r.ExpFloat64() * 6
				windows[(tick-1)/12] = append(windows[(tick-1)/12], v)
				for i, b := range bounds {
					if v <= b {
						counts[i]++
					}
				}
			}
		}
		for i, b := range bounds {
			list = append(list, point(int64(tick)*10e9-1+1e9, counts[i], "le", fmt.Sprint(b), "job", "j"))
		}
	}
	for i := range list { // windows of 120 s have 12 ticks each, from 1 on
		list[i].Time -= 10e9
	}
	write(t, s, list...)
	for _, quantile := range []float64{0.01, 0.25, 0.5, 0.9, 0.99} {
		q := all()
		f, err := timeseries.ParseFunction(fmt.Sprintf("histogram_quantile(%v)", quantile))
		if err != nil {
			t.Fatal(err)
		}
		q.From, q.To, q.Mode, q.Function = -1e18, 600e9, timeseries.Downsample, f
		q.Interval, _ = timeseries.ParseInterval("interval", "2m")
		a, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Series) != 1 || len(a.Series[0].Tags) != 1 || a.Series[0].Tags[0].Key != "job" {
			t.Fatalf("series %+v", a.Series)
		}
		for _, x := range a.Series[0].Samples {
			v := slices.Sorted(slices.Values(windows[x.Time/120e9]))
			exact := v[max(int(math.Ceil(quantile*float64(len(v))))-1, 0)]
			i, _ := slices.BinarySearch(bounds, exact)
			lo, hi := 0.0, bounds[i]
			if i > 0 {
				lo = bounds[i-1]
			}
			if math.IsInf(hi, 1) {
				hi = lo
			}
			if x.Value.Float < lo || x.Value.Float > hi {
				t.Errorf("quantile %v at %d is %v, want it in [%v, %v]", quantile, x.Time, x.Value, lo, hi)
			}
		}
		if len(a.Series[0].Samples) != 5 {
			t.Errorf("%d windows", len(a.Series[0].Samples))
		}
		q.Mode, q.Interval.Fixed = timeseries.Rolling, 1e18 // of all that came before
		if a, err = s.Query(t.Context(), q); err != nil || len(a.Series) != 1 {
			t.Fatalf("rolling: %v", err)
		}
		samples := a.Series[0].Samples
		q.Mode = timeseries.Instant
		if a, err = s.Query(t.Context(), q); err != nil || len(a.Series) != 1 {
			t.Fatalf("instant: %v", err)
		}
		if last := samples[len(samples)-1]; a.Series[0].Samples[0] != last {
			t.Errorf("instant is %v, rolling ends with %v", a.Series[0].Samples, last)
		}
	}
}

// TestStream: what is streamed is what is answered whole, in parts.
func TestStream(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	var list []timeseries.Point
	for i := range 7000 {
		list = append(list, point(int64(i), float64(i%77), "h", fmt.Sprint(i%3)))
	}
	write(t, s, list[:5000]...)
	seal(t, s)
	write(t, s, list[5000:]...)
	down := all()
	down.Mode, down.Function, down.Interval = timeseries.Downsample, timeseries.Function{Name: "avg"}, timeseries.Interval{Fixed: 2}
	some, newest := all(), all()
	some.Limit = 1234
	newest.Limit, newest.Newest = 1234, true
	for name, q := range map[string]timeseries.Query{"raw": all(), "downsample": down, "some": some, "newest": newest} {
		want := show(t, s, q)
		got, n, biggest := map[string][]timeseries.Sample{}, 0, 0
		points, err := s.Stream(t.Context(), q, func(_ *timeseries.Metric, part *timeseries.Series) error {
			key := seriesName(part.Field, part.Tags)
			got[key] = append(got[key], part.Samples...)
			n += len(part.Samples)
			biggest = max(biggest, len(part.Samples))
			return nil
		})
		if err != nil || points != n || biggest > 1000 {
			t.Errorf("%s: %d of %d points, parts up to %d: %v", name, points, n, biggest, err)
		}
		text := ""
		for i, key := range []string{seriesName("value", tags("h", "0")), seriesName("value", tags("h", "1")), seriesName("value", tags("h", "2"))} {
			if i > 0 {
				text += "; "
			}
			text += key + ":"
			for _, p := range got[key] {
				text += fmt.Sprintf(" %d=%v", p.Time, p.Value)
			}
		}
		if text != want {
			t.Errorf("%s differs from what is answered whole", name)
		}
	}
}
