package timeseries_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// plain is what a metric ought to hold: series and field, time, value.
type plain map[string]map[int64]timeseries.Value

// life is a store under random work, and the plain map beside it.
type life struct {
	t      *testing.T
	r      *rand.Rand
	now    *clock.Manual
	disk   *vfs.Mem
	txns   *storage.Store
	s      *timeseries.Store
	want   plain
	policy timeseries.Policy
	refs   map[string]*timeseries.Ref
	held   []held
}

func (l *life) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) open() {
	var err error
	l.txns, err = storage.Open(l.disk, "d", storage.Options{SegmentBytes: 64 << 10, Clock: l.now})
	l.must(err)
	l.s, err = timeseries.Open(l.txns.Store, timeseries.Options{SealEvery: -1, OpenPoints: 2000})
	l.must(err)
}

func (l *life) close() {
	l.letGo()
	l.must(l.s.Close())
	l.must(l.txns.Close())
}

// crash pulls the plug: what was acknowledged must be there.
func (l *life) crash() {
	disk := l.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: l.r.IntN(101), RNG: l.r})
	l.close()
	l.disk = disk
	l.open()
}

var hosts, regions = []string{"a", "b", "c"}, []string{"", "eu", "us"}

func seriesName(field string, tags []timeseries.Tag) string {
	var b strings.Builder
	b.WriteString(field)
	tags = slices.Clone(tags)
	slices.SortFunc(tags, func(a, b timeseries.Tag) int { return cmp.Compare(a.Key, b.Key) })
	for _, t := range tags {
		if t.Value != "" {
			fmt.Fprintf(&b, ",%s=%s", t.Key, t.Value)
		}
	}
	return b.String()
}

// at draws a time: mostly close together, so that there are duplicates.
func (l *life) at() int64 {
	switch l.r.IntN(30) {
	case 0:
		return []int64{math.MinInt64, math.MaxInt64, 0, -1}[l.r.IntN(4)]
	case 1, 2, 3:
		return epoch.Add(-time.Duration(l.r.IntN(3600)) * time.Second).UnixNano()
	}
	return epoch.Add(time.Duration(l.r.IntN(200)) * time.Second).UnixNano()
}

func (l *life) write() {
	n := 1 + l.r.IntN(5)
	if l.r.IntN(20) == 0 {
		n = 1000 + l.r.IntN(4000)
	}
	l.put(n)
}

func (l *life) put(n int) {
	points := l.draw(n)
	l.writeTo(l.s, points)
	l.apply(l.want, points)
}

// writeTo writes points, or what an appender takes of them.
func (l *life) writeTo(s *timeseries.Store, points []timeseries.Point) {
	if l.r.IntN(3) > 0 {
		l.must(s.Write(l.t.Context(), points))
		return
	}
	a := s.Appender("f")
	for i := range points {
		p := &points[i]
		p.Fields, p.Ref = p.Fields[:1], l.ref(p.Tags)
		a.Append(p.Ref, p.Time, p.Fields[0].Value.Float)
	}
	l.must(a.Commit(l.t.Context()))
}

// draw draws points, some of them by references.
func (l *life) draw(n int) []timeseries.Point {
	points := make([]timeseries.Point, n)
	scrape, one := l.at(), l.r.IntN(3) == 0
	for i := range points {
		tags := []timeseries.Tag{{Key: "region", Value: regions[l.r.IntN(3)]}, {Key: "host", Value: hosts[l.r.IntN(3)]}}
		at := l.at()
		if one {
			at = scrape
		}
		if n > 100 { // a run of many
			at = epoch.Add(time.Duration(i) * 10 * time.Millisecond).UnixNano()
		}
		points[i] = timeseries.Point{Metric: "m", Tags: tags, Time: at, Fields: []timeseries.Field{{Name: "f", Value: timeseries.FloatValue(float64(l.r.IntN(100)) / 10)}}}
		if l.r.IntN(3) == 0 {
			points[i].Fields = append(points[i].Fields, timeseries.Field{Name: "i", Value: timeseries.IntValue(int64(l.r.IntN(100) - 50))})
		}
		if l.r.IntN(5) == 0 {
			points[i].Fields = append(points[i].Fields, timeseries.Field{Name: "s", Value: timeseries.TextValue(hosts[l.r.IntN(3)])}, timeseries.Field{Name: "b", Value: timeseries.BoolValue(l.r.IntN(2) == 0)})
		}
		if l.r.IntN(3) == 0 {
			points[i].Ref = l.ref(tags)
		}
	}
	return points
}

// ref names a series, the same one each time.
func (l *life) ref(tags []timeseries.Tag) *timeseries.Ref {
	name := seriesName("", tags)
	if l.refs[name] == nil {
		r, err := timeseries.NewRef("m", tags)
		l.must(err)
		if l.refs == nil {
			l.refs = make(map[string]*timeseries.Ref)
		}
		l.refs[name] = r
	}
	return l.refs[name]
}

// apply writes points to what ought to be there.
func (l *life) apply(want plain, points []timeseries.Point) {
	for _, p := range points {
		for _, f := range p.Fields {
			name := seriesName(f.Name, p.Tags)
			if want[name] == nil {
				want[name] = make(map[int64]timeseries.Value)
			}
			if old, ok := want[name][p.Time]; ok && !l.later(old, f.Value) {
				continue
			}
			want[name][p.Time] = f.Value
		}
	}
}

// later says whether a value takes the place of an older one.
func (l *life) later(old, v timeseries.Value) bool {
	order := cmp.Or(cmp.Compare(v.Float, old.Float), cmp.Compare(v.Int, old.Int), cmp.Compare(v.Text, old.Text))
	switch l.policy {
	case timeseries.First:
		return false
	case timeseries.Least:
		return order < 0
	case timeseries.Most:
		return order > 0
	}
	return true
}

// remove deletes a span of time, or all, of some series.
func (l *life) remove() {
	host := hosts[l.r.IntN(3)]
	from, to := l.at(), l.at()
	if from > to {
		from, to = to, from
	}
	if l.r.IntN(4) == 0 {
		from, to = math.MinInt64, math.MaxInt64
	}
	if _, err := l.s.Metric(l.t.Context(), "m"); err != nil {
		return
	}
	l.must(l.delete(l.s, host, from, to))
	l.unwrite(l.want, host, from, to)
}

func (l *life) delete(s *timeseries.Store, host string, from, to int64) error {
	_, err := s.Delete(l.t.Context(), timeseries.Deletion{Metric: "m", Matchers: []timeseries.Matcher{{Tag: "host", Values: []string{host}}}, From: from, To: to})
	return err
}

// unwrite removes points from what ought to be there.
func (l *life) unwrite(want plain, host string, from, to int64) {
	for name, points := range want {
		if strings.Contains(name, "host="+host) {
			for t := range points {
				if from <= t && t <= to {
					delete(points, t)
				}
			}
		}
	}
}

func (l *life) drop() {
	if l.s.Drop(l.t.Context(), "m") == nil {
		l.want = make(plain)
		l.register()
	}
}

func (l *life) register() {
	_, err := l.s.Register(l.t.Context(), timeseries.Metric{Name: "m", Duplicates: l.policy})
	l.must(err)
}

func all() timeseries.Query {
	return timeseries.Query{Metric: "m", From: math.MinInt64, To: math.MaxInt64}
}

// check compares all that is there.
func (l *life) check() { l.checkAs(l.s, l.want) }

// checkAs compares all that a store sees, perhaps in a transaction.
func (l *life) checkAs(s *timeseries.Store, want plain) {
	l.t.Helper()
	a, err := s.Query(l.t.Context(), all())
	l.must(err)
	got := make(plain)
	for _, s := range a.Series {
		points := make(map[int64]timeseries.Value)
		for i, p := range s.Samples {
			if i > 0 && p.Time <= s.Samples[i-1].Time {
				l.t.Fatalf("series %v is out of order at %d", s.Tags, i)
			}
			points[p.Time] = p.Value
		}
		got[seriesName(s.Field, s.Tags)] = points
	}
	for name, points := range want {
		if len(points) != len(got[name]) {
			l.t.Fatalf("%s has %d points, want %d", name, len(got[name]), len(points))
		}
		for t, v := range points {
			if got[name][t] != v {
				l.t.Fatalf("%s has %v at %d, want %v", name, got[name][t], t, v)
			}
		}
		delete(got, name)
	}
	if len(got) > 0 {
		l.t.Fatalf("there are series that nobody wrote: %v", got)
	}
}

// checkParts compares ranges and limits with what the whole holds.
func (l *life) checkParts() {
	q := all()
	q.From, q.To = l.at(), l.at()
	if q.From > q.To {
		q.From, q.To = q.To, q.From
	}
	q.Limit, q.Newest = l.r.IntN(30), l.r.IntN(2) == 0
	a, err := l.s.Query(l.t.Context(), q)
	l.must(err)
	found := 0
	for _, s := range a.Series {
		points := l.want[seriesName(s.Field, s.Tags)]
		var times []int64
		for t := range points {
			if t >= q.From && (t < q.To || q.To == math.MaxInt64) && q.From != q.To {
				times = append(times, t)
			}
		}
		slices.Sort(times)
		if n := q.Limit; n > 0 && len(times) > n {
			if q.Newest {
				times = times[len(times)-n:]
			} else {
				times = times[:n]
			}
		}
		if len(times) != len(s.Samples) {
			l.t.Fatalf("%v of %+v has %d points, want %d", s.Tags, q, len(s.Samples), len(times))
		}
		for i, p := range s.Samples {
			if p.Time != times[i] || p.Value != points[times[i]] {
				l.t.Fatalf("%v of %+v has %v, want %v at %d", s.Tags, q, p, points[times[i]], times[i])
			}
		}
		found += len(times)
	}
	if found != a.Points {
		l.t.Fatalf("the answer counts %d points and has %d", a.Points, found)
	}
}

// TestModel does random work: whatever is sealed, crashed or opened again in between,
// the store holds what the plain map does.
func TestModel(t *testing.T) {
	seeds := 12
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if seed%3 == 1 {
				defer timeseries.SetRunLimits(40, 5)()
			}
			l := &life{t: t, r: rand.New(rand.NewPCG(uint64(seed), 7)), now: clock.NewManual(epoch), disk: vfs.NewCrashableMem(), want: make(plain), policy: timeseries.Policy(seed % 4)}
			l.open()
			l.register()
			for range 250 {
				l.now.Advance(time.Duration(l.r.IntN(3000)) * time.Millisecond)
				switch l.r.IntN(32) {
				case 0:
					_, err := l.s.Seal(t.Context())
					l.must(err)
				case 1, 2:
					l.must(timeseries.SealDue(t.Context(), l.s))
				case 3, 4:
					l.remove()
				case 5:
					l.crash()
				case 6:
					l.close()
					l.open()
				case 7:
					if l.r.IntN(8) == 0 {
						l.drop()
					}
				case 8, 9, 10:
					l.checkParts()
				case 11:
					l.checkWindows()
				case 12:
					l.check()
				case 13, 14, 15:
					l.transact()
				case 16, 17:
					l.hold()
				case 18, 19, 20:
					l.checkHeld()
				default:
					l.write()
				}
			}
			l.check()
			_, err := l.s.Seal(t.Context())
			l.must(err)
			l.check()
			l.close()
		})
	}
}

// checkWindows compares aggregates by windows with a naive computation.
func (l *life) checkWindows() {
	fn := []string{"count", "sum", "min", "max", "avg", "first", "last", "stddev", "median", "p90", "increase", "delta", "integral", "rate"}[l.r.IntN(14)]
	f, err := timeseries.ParseFunction(fn)
	l.must(err)
	q := all()
	q.Fields, q.Mode, q.Function = []string{"f"}, timeseries.Downsample, f
	q.Interval, err = timeseries.ParseInterval("interval", []string{"7s", "1m", "1d"}[l.r.IntN(3)])
	l.must(err)
	q.From, q.To = epoch.Add(-time.Hour).UnixNano(), epoch.Add(time.Hour).UnixNano()
	m, err := l.s.Metric(l.t.Context(), "m")
	if err != nil || m.Field("f") < 0 {
		return
	}
	a, err := l.s.Query(l.t.Context(), q)
	l.must(err)
	got := make(map[string]map[int64]timeseries.Value)
	for _, s := range a.Series {
		w := make(map[int64]timeseries.Value)
		for _, p := range s.Samples {
			w[p.Time] = p.Value
		}
		got[seriesName("f", s.Tags)] = w
	}
	for name, points := range l.want {
		if !strings.HasPrefix(name, "f") {
			continue
		}
		for start, v := range naive(fn, q, points) {
			g, ok := got[name][start]
			x := g.Float
			if g.Kind == block.Int {
				x = float64(g.Int)
			}
			if !ok || math.Abs(x-v) > 1e-6*math.Max(1, math.Abs(v)) {
				l.t.Fatalf("%s of %s by %v at %d is %v, want %v", fn, name, q.Interval, start, g, v)
			}
			delete(got[name], start)
		}
		if len(got[name]) > 0 {
			l.t.Fatalf("%s of %s by %v has windows too many: %v", fn, name, q.Interval, got[name])
		}
	}
}

// naive computes a function for each window from the points as they are.
func naive(fn string, q timeseries.Query, points map[int64]timeseries.Value) map[int64]float64 {
	width := int64(q.Interval.Fixed)
	if q.Interval.Days > 0 {
		width = 24 * int64(time.Hour)
	}
	var times []int64
	for t := range points {
		if t >= q.From && t < q.To {
			times = append(times, t)
		}
	}
	slices.Sort(times)
	windows := make(map[int64][]float64)
	pairs := make(map[int64]float64)
	for i, t := range times {
		start := t - t%width
		v := points[t].Float
		windows[start] = append(windows[start], v)
		if i > 0 {
			u, at := points[times[i-1]].Float, times[i-1]
			switch d := v - u; {
			case fn == "delta":
				pairs[start] += d
			case fn == "integral":
				pairs[start] += (v + u) / 2 * float64(t-at) / 1e9
			case d < 0:
				pairs[start] += v
			default:
				pairs[start] += d
			}
		}
	}
	if fn == "increase" || fn == "delta" || fn == "integral" || fn == "rate" {
		if fn == "rate" {
			for start := range pairs {
				pairs[start] /= float64(width) / 1e9
			}
		}
		return pairs
	}
	out := make(map[int64]float64)
	for start, v := range windows {
		if x, ok := naiveWindow(fn, v); ok {
			out[start] = x
		}
	}
	return out
}

func naiveWindow(fn string, v []float64) (float64, bool) {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	n := float64(len(v))
	sorted := slices.Sorted(slices.Values(v))
	rank := func(p float64) float64 {
		at := p * (n - 1)
		i := int(at)
		if i+1 == len(sorted) {
			return sorted[i]
		}
		return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
	}
	switch fn {
	case "count":
		return n, true
	case "sum":
		return sum, true
	case "avg":
		return sum / n, true
	case "min":
		return sorted[0], true
	case "max":
		return sorted[len(sorted)-1], true
	case "first":
		return v[0], true
	case "last":
		return v[len(v)-1], true
	case "median":
		return rank(0.5), true
	case "p90":
		return rank(0.9), true
	}
	if len(v) < 2 {
		return 0, false
	}
	m2 := 0.0
	for _, x := range v {
		m2 += (x - sum/n) * (x - sum/n)
	}
	return math.Sqrt(m2 / (n - 1)), true
}

// newStore is a model in memory with a clock that stands still.
func newStore(t *testing.T, opts timeseries.Options) (*timeseries.Store, *txn.Store, *clock.Manual) {
	t.Helper()
	now := clock.NewManual(epoch)
	txns, err := txn.NewMemory(txn.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	opts.SealEvery = -1
	s, err := timeseries.Open(txns, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		txns.Close()
	})
	return s, txns, now
}
