package prom_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"

	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

func (o *over) Flat(metric string) (is bool, err error) {
	tx, err := o.txns.Begin(o.ctx, readOnly)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	return prom.Over(o.model, tx).Flat(metric)
}

// both runs each query of a script by the engine alone and with windows, and holds the
// answers against each other; the script gets that of an engine of its own.
type both struct {
	t                    *testing.T
	script               promql.QueryEngine
	alone, windows       promql.QueryEngine
	queries, calls, bare int
}

func newBoth(t *testing.T) *both {
	opts := func() promql.EngineOpts {
		return promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
			NoStepSubqueryIntervalFn: func(int64) int64 { return 60_000 }, Parser: parser.NewParser(promqltest.TestParserOpts)}
	}
	return &both{t: t, script: promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery),
		alone: promql.NewEngine(opts()), windows: prom.NewWindows(opts())}
}

func (b *both) NewInstantQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	b.compare(text, func(e promql.QueryEngine) (promql.Query, error) { return e.NewInstantQuery(ctx, q, opts, text, at) })
	return b.script.NewInstantQuery(ctx, q, opts, text, at)
}

func (b *both) NewRangeQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, text string, start, end time.Time, step time.Duration) (promql.Query, error) {
	b.compare(text, func(e promql.QueryEngine) (promql.Query, error) {
		return e.NewRangeQuery(ctx, q, opts, text, start, end, step)
	})
	return b.script.NewRangeQuery(ctx, q, opts, text, start, end, step)
}

// compare holds the answers of both against each other.
func (b *both) compare(text string, begin func(e promql.QueryEngine) (promql.Query, error)) {
	b.t.Helper()
	show := func(e promql.QueryEngine) (out string, computed int) {
		q, err := begin(e)
		if err != nil {
			return "no query: " + err.Error(), 0
		}
		defer q.Close()
		r := q.Exec(context.Background())
		warnings, infos := r.Warnings.AsStrings(text, 0, 0)
		slices.Sort(warnings)
		slices.Sort(infos)
		if r.Err != nil {
			return fmt.Sprintf("error %v %q %q", r.Err, warnings, infos), 0
		}
		v := r.Value.String()
		if vec, ok := r.Value.(promql.Vector); ok { // in no order that counts
			lines := strings.Split(v, "\n")
			if !strings.HasPrefix(text, "sort") && !strings.HasPrefix(text, "topk") {
				slices.Sort(lines)
			}
			v = fmt.Sprintf("%d %s", len(vec), strings.Join(lines, "\n"))
		}
		return fmt.Sprintf("%s %q %q", v, warnings, infos), prom.Computed(q)
	}
	want, _ := show(b.alone)
	got, n := show(b.windows)
	b.queries++
	switch {
	case n > 0:
		b.calls += n
	case n < 0:
		b.bare++
	}
	if got != want {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		cut := func(s string) string { return s[max(0, i-200):min(len(s), i+200)] }
		b.t.Errorf("%s\nwith windows: …%s…\nalone:        …%s…", text, cut(got), cut(want))
	}
}

// TestWindowsChangeNoAnswer runs the scripts of the engine and of the corpus, each query
// with windows and without.
func TestWindowsChangeNoAnswer(t *testing.T) {
	b := newBoth(t)
	store := func(tb testing.TB) storage.Storage { return newOver(tb, b.queries%2 == 0) }
	promqltest.RunBuiltinTestsWithStorage(t, b, store)
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files, _ := filepath.Glob(filepath.Join(root, "promqltest", "promql", "promqltest", "testdata", "*.test"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("corpus "+filepath.Base(file), func(t *testing.T) {
			promqltest.RunTestWithStorage(t, settled(string(text)), b, store)
		})
	}
	t.Logf("%d queries, %d calls by windows, %d ranges", b.queries, b.calls, b.bare)
	if b.calls < 200 || b.bare == 0 {
		t.Errorf("of %d queries %d calls were computed by windows, and %d ranges read", b.queries, b.calls, b.bare)
	}
}

// TestWindowsOfPoints: what Prometheus does not have, points of one millisecond, ints,
// marks of staleness, and what lies open beside sealed blocks.
func TestWindowsOfPoints(t *testing.T) {
	o := newOver(t, false)
	defer o.Close()
	var points []timeseries.Point
	add := func(host string, at int64, v timeseries.Value, field string) {
		points = append(points, timeseries.Point{Metric: "m_total", Tags: []timeseries.Tag{{Key: "host", Value: host}}, Time: at,
			Fields: []timeseries.Field{{Name: field, Value: v}}})
	}
	const second = int64(time.Second)
	for i := range int64(3000) {
		add("a", i*second, timeseries.FloatValue(float64(i%700)*0.1), "value")
		add("a", i*second, timeseries.IntValue(i), "n")
		add("b", i*7*second+i%3, timeseries.FloatValue(1/float64(1+i%5)), "value")
		add("b", i*7*second+5-i%3, timeseries.FloatValue(3/float64(1+i%5)), "value")
		add("c", i*second, timeseries.BoolValue(i%3 == 0), "up")
		if i%50 == 0 {
			add("b", i*7*second+999_999, timeseries.FloatValue(math.Float64frombits(value.StaleNaN)), "value")
		}
		if i == 2000 {
			if err := o.model.Write(t.Context(), points); err != nil {
				t.Fatal(err)
			}
			if _, err := o.model.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			points = points[:0]
		}
	}
	if err := o.model.Write(t.Context(), points); err != nil {
		t.Fatal(err)
	}
	b := newBoth(t)
	var exprs []string
	for _, f := range []string{"avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time",
		"present_over_time", "last_over_time", "rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv"} {
		exprs = append(exprs, f+"(m_total[1m])", f+`(m_total{host="b",__field__=""}[10m] offset 5m)`, f+"(m_total[20s] offset -1m)", "sum by (host) ("+f+"((m_total[7m])))")
	}
	exprs = append(exprs, `quantile_over_time(0.9, m_total[5m])`, `predict_linear(m_total[5m], 60) > 3`, `m_total[5m]`, `(m_total{host="b"}[1h] offset 10s)`, `m_total[5m] @ 600`,
		`max_over_time(rate(m_total[1m])[5m:30s])`, `absent(rate(m_total{host="x"}[1m]))`, `timestamp(rate(m_total[1m]))`, `rate(m_total[1m]) / on (host, __field__) avg_over_time(m_total[3m])`,
		`rate(m_total[1m] @ 500)`, `rate({__name__=~"m.*"}[1m])`, `rate(none[1m])`, `none[1m]`, `topk(1, rate(m_total[1m]))`, `-rate(m_total[1m])`, `label_replace(rate(m_total[1m]), "x", "$1", "host", "(.*)")`)
	for _, expr := range exprs {
		for _, at := range []int64{0, 1000, 2500, 30_000} {
			b.compare(expr, func(e promql.QueryEngine) (promql.Query, error) {
				return e.NewInstantQuery(t.Context(), o, nil, expr, time.Unix(at, 0))
			})
		}
		for _, step := range []time.Duration{time.Second * 7, time.Minute, time.Hour, 1500 * time.Millisecond} {
			b.compare(expr, func(e promql.QueryEngine) (promql.Query, error) {
				return e.NewRangeQuery(t.Context(), o, nil, expr, time.Unix(0, 123*int64(time.Millisecond)), time.Unix(4000, 0), step)
			})
		}
	}
	t.Logf("%d queries, %d calls by windows, %d ranges", b.queries, b.calls, b.bare)
}

// TestWindowsHaveBounds: a window has no more samples than a query may hold, a query may be
// ended, and it takes one of the places that there are.
func TestWindowsHaveBounds(t *testing.T) {
	o := newOver(t, true)
	defer o.Close()
	for i := range int64(100) {
		o.put(t, "m", i*int64(time.Second), timeseries.FloatValue(1), "value")
	}
	small := prom.NewEngine(prom.Options{MaxSamples: 50})
	for _, expr := range []string{"m[1h]", "sum_over_time(m[1h])"} {
		if got := ask(t, o, small, at(100, expr)); !strings.Contains(got, "query processing would load too many samples into memory in query execution") {
			t.Errorf("%s gives %s", expr, got)
		}
	}
	if got := ask(t, o, small, at(100, "sum_over_time(m[30s])")); got != "{} => 29 @[100000]" {
		t.Errorf("within the bounds it is %s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := small.Run(ctx, o.model, at(100, "m[10s]"), func(prom.Result) error { return nil }); err == nil {
		t.Error("a query that was given up has an answer")
	}
	short := prom.NewEngine(prom.Options{Timeout: 1})
	if got := ask(t, o, short, at(100, "m[10s]")); !strings.HasPrefix(got, "timeout: query timed out in query execution") {
		t.Errorf("a query without time gives %s", got)
	}
}
