package prom_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// ask runs a query and shows its result, or its error.
func ask(t *testing.T, o *over, e *prom.Engine, q prom.Query) (out string) {
	t.Helper()
	err := e.Run(t.Context(), o.model, q, func(r prom.Result) error {
		out = r.Value.String()
		return nil
	})
	if err != nil {
		var f *prom.Failure
		if !errors.As(err, &f) {
			t.Fatalf("%q fails with %v, which is no failure of Prometheus", q.Expr, err)
		}
		return f.Kind + ": " + f.Error()
	}
	return out
}

func at(seconds float64, expr string) prom.Query {
	t := time.Unix(0, int64(seconds*1e9))
	return prom.Query{Expr: expr, Start: t, End: t}
}

func (o *over) put(t *testing.T, metric string, ns int64, v timeseries.Value, field string, tags ...timeseries.Tag) {
	t.Helper()
	if err := o.model.Write(t.Context(), []timeseries.Point{{Metric: metric, Tags: tags, Time: ns, Fields: []timeseries.Field{{Name: field, Value: v}}}}); err != nil {
		t.Fatal(err)
	}
}

// TestFieldsAreSeries: fields, kinds and nanoseconds of the model in PromQL's terms.
func TestFieldsAreSeries(t *testing.T) {
	o := newOver(t, false)
	defer o.Close()
	host := timeseries.Tag{Key: "host", Value: "a"}
	o.put(t, "m", 1_000_000_001, timeseries.FloatValue(1), "value", host)
	o.put(t, "m", 1_000_999_999, timeseries.FloatValue(2), "value", host) // the same millisecond
	o.put(t, "m", 1_000_000_000, timeseries.IntValue(7), "size", host)
	o.put(t, "m", 1_000_000_000, timeseries.BoolValue(true), "up", host)
	o.put(t, "m", 1_000_000_000, timeseries.TextValue("x"), "note", host)
	e := prom.NewEngine(prom.Options{})
	all := "{__field__=\"size\", __name__=\"m\", host=\"a\"} => 7 @[1000]\n{__field__=\"up\", __name__=\"m\", host=\"a\"} => 1 @[1000]\n{__name__=\"m\", host=\"a\"} => 2 @[1000]"
	for expr, want := range map[string]string{
		`m`:                                    all,
		`{__name__=~"[a-m]"}`:                  all,
		`m{__field__=""}`:                      `{__name__="m", host="a"} => 2 @[1000]`,
		`m{__field__="up"}`:                    `{__field__="up", __name__="m", host="a"} => 1 @[1000]`,
		`count_over_time(m{__field__=""}[1m])`: `{host="a"} => 1 @[1000]`,
		`m{host!="a"}`:                         "",
		`m{host=~"a|b", host!~"b|c"} + 0 * m{host=~"` + strings.Repeat("a|", 600) + `b", __field__="size"}`: `{__field__="size", host="a"} => 7 @[1000]`,
		`sum(m{host=~"` + strings.Repeat("z?", 600) + `a"})`:                                                `{} => 10 @[1000]`,
		`sum(m{host!~"` + strings.Repeat("z?", 600) + `a"})`:                                                "",
	} {
		got := ask(t, o, e, at(1, expr))
		lines := strings.Split(got, "\n")
		slices.Sort(lines) // an instant vector has no order
		if strings.Join(lines, "\n") != want {
			t.Errorf("%s\ngives %s\nwant  %s", expr, got, want)
		}
	}
}

// TestStaleMarks: the mark of staleness keeps its bits and ends a series.
func TestStaleMarks(t *testing.T) {
	o := newOver(t, true)
	defer o.Close()
	o.put(t, "m", 1e9, timeseries.FloatValue(1), "value")
	o.put(t, "m", 2e9, timeseries.FloatValue(math.Float64frombits(value.StaleNaN)), "value")
	o.put(t, "m", 4e9, timeseries.FloatValue(math.NaN()), "value")
	e := prom.NewEngine(prom.Options{})
	for sec, want := range map[float64]string{1: `{__name__="m"} => 1 @[1000]`, 3: "", 4: `{__name__="m"} => NaN @[4000]`} {
		if got := ask(t, o, e, at(sec, "m")); got != want {
			t.Errorf("at %v: %q, want %q", sec, got, want)
		}
	}
}

// TestOneSnapshot: a query does not see what is written while it runs.
func TestOneSnapshot(t *testing.T) {
	o := newOver(t, false)
	defer o.Close()
	o.put(t, "m", 1e9, timeseries.FloatValue(1), "value")
	q, err := o.Querier(0, 5000)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	o.put(t, "m", 2e9, timeseries.FloatValue(2), "value")
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "m"))
	if !set.Next() {
		t.Fatal(set.Err())
	}
	n := 0
	for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; n++ {
	}
	if n != 1 {
		t.Errorf("sees %d samples, want 1", n)
	}
}

// TestLimits: what ends a query, and as what kind of failure.
func TestLimits(t *testing.T) {
	o := newOver(t, false)
	defer o.Close()
	for i := range int64(10) {
		o.put(t, "m", i*1e9, timeseries.FloatValue(1), "value")
	}
	if got := ask(t, o, prom.NewEngine(prom.Options{MaxSamples: 5}), at(9, "sum_over_time(m[1m])")); !strings.HasPrefix(got, "execution: query processing would load too many samples") {
		t.Errorf("too many samples: %s", got)
	}
	e := prom.NewEngine(prom.Options{MaxConcurrent: 1})
	canceled, cancel := context.WithCancel(t.Context())
	err := e.Run(t.Context(), o.model, at(9, "m"), func(prom.Result) error {
		cancel()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Run(canceled, o.model, at(9, "m"), func(prom.Result) error { return nil })
	var f *prom.Failure
	if err = prom.Tell(err); !errors.As(err, &f) || f.Kind != "canceled" {
		t.Errorf("canceled: %v", err)
	}
	if got := ask(t, o, prom.NewEngine(prom.Options{Timeout: 1}), at(9, "sum_over_time(m[1m:1s])")); !strings.HasPrefix(got, "timeout: ") {
		t.Errorf("timeout: %s", got)
	}
	if got := ask(t, o, e, prom.Query{Expr: "m", Start: time.Unix(0, 0), End: time.Unix(11_001, 0), Step: time.Second}); !strings.HasPrefix(got, "bad_data: ") || !strings.Contains(got, "11,000") {
		t.Errorf("resolution: %s", got)
	}
}

// TestHistogramText: histograms of every kind come back to the bit.
func TestHistogramText(t *testing.T) {
	ints := &histogram.Histogram{Schema: -1, Count: 1<<63 + 1, ZeroCount: 2, Sum: math.Inf(-1), ZeroThreshold: 1e-128, CounterResetHint: histogram.GaugeType,
		PositiveSpans: []histogram.Span{{Offset: -3, Length: 2}, {Offset: 1, Length: 1}}, PositiveBuckets: []int64{1, 2, -3}, NegativeSpans: []histogram.Span{{Offset: 0, Length: 1}}, NegativeBuckets: []int64{7}}
	for name, h := range map[string]prom.Histogram{
		"float":  {Float: &histogram.FloatHistogram{Schema: 3, Count: 2.5, Sum: 0.1, ZeroCount: 1, PositiveSpans: []histogram.Span{{Offset: 5, Length: 1}}, PositiveBuckets: []float64{1.5}}},
		"bounds": {Float: &histogram.FloatHistogram{Schema: histogram.CustomBucketsSchema, Count: 2, Sum: math.NaN(), CustomValues: []float64{1, 2.5}, PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []float64{1, 1}}},
		"stale":  {Int: &histogram.Histogram{Sum: math.Float64frombits(value.StaleNaN)}},
	} {
		text, err := h.Text()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back, err := prom.ParseHistogram(text)
		if err != nil {
			t.Fatalf("%s: %v of %s", name, err, text)
		}
		again, err := back.Text()
		if err != nil || again != text || back.Stale() != h.Stale() || h.Float != nil && !h.Float.Equals(back.Float) || h.Int != nil && !h.Int.Equals(back.Int) {
			t.Errorf("%s: %s came back as %s (%v)", name, text, again, err)
		}
	}
	text, _ := prom.Histogram{Int: ints}.Text()
	if want := `{"reset":"gauge","schema":-1,"count":9223372036854775809,"sum":"-Inf","zero_threshold":1e-128,"zero_count":2,"positive_spans":[[-3,2],[1,1]],"positive_deltas":[1,2,-3],"negative_spans":[[0,1]],"negative_deltas":[7],"ints":true}`; text != want {
		t.Errorf("text %s\nwant %s", text, want)
	}
	for _, bad := range []string{"", "x", `{"ints":true,"count":-1}`, `{"schema":99}`, `{"positive_spans":[[0,4000000000]]}`} {
		if _, err := prom.ParseHistogram(bad); !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestVersion: the version that clients are told is the one that is linked.
func TestVersion(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(prom.PrometheusVersion, ".") // 3.15.1 is module v0.315.1
	if want := fmt.Sprintf("prometheus/prometheus v0.%s%02s.%s\n", parts[0], parts[1], parts[2]); !strings.Contains(string(mod), want) {
		t.Errorf("go.mod lacks %q, the module of Prometheus %s", want, prom.PrometheusVersion)
	}
}

// TestWarnsOfRolledUp: a query that reaches beyond the points of a metric with tiers says
// so, and no other.
func TestWarnsOfRolledUp(t *testing.T) {
	o := newOver(t, false)
	defer o.Close()
	now := time.Now()
	for _, back := range []time.Duration{2 * time.Hour, time.Minute} {
		o.put(t, "m", now.Add(-back).UnixNano(), timeseries.FloatValue(1), "value")
		o.put(t, "other", now.Add(-back).UnixNano(), timeseries.FloatValue(1), "value")
	}
	p := timeseries.RetentionPolicy{Name: "p", Pattern: "m", Keep: time.Hour, Tiers: []timeseries.Tier{{Interval: time.Minute}}}
	if err := o.model.SetRetention(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := o.model.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e := prom.NewEngine(prom.Options{})
	for expr, want := range map[string]int{"m": 0, "sum_over_time(m[10m])": 0, "changes(m[3h])": 1, "sum_over_time(m[3h])": 0, "absent(m offset 2h)": 1, "sum_over_time(other[3h])": 0} {
		err := e.Run(t.Context(), o.model, prom.Query{Expr: expr, Start: now, End: now}, func(r prom.Result) error {
			if len(r.Warnings) != want || want > 0 && !strings.Contains(r.Warnings[0], `"m" has points from`) {
				t.Errorf("%s: %q", expr, r.Warnings)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
