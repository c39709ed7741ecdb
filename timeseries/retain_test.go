package timeseries_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

var threeTiers = timeseries.RetentionPolicy{Name: "p", Pattern: "m", Keep: time.Hour,
	Tiers: []timeseries.Tier{{Interval: time.Minute, Keep: 6 * time.Hour}, {Interval: 10 * time.Minute, Keep: 24 * time.Hour}, {Interval: time.Hour}}}

// history is a life with a policy, and all points that were ever written and not deleted.
type history struct {
	*life
	all  map[int64]float64
	late bool // points came after those of their windows were gone
}

func (h *history) points(n int, around time.Time, spread time.Duration) {
	h.t.Helper()
	var list []timeseries.Point
	from := h.rawFrom()
	again := slices.DeleteFunc(slices.Sorted(maps.Keys(h.all)), func(t int64) bool { return t < from })
	for range n {
		at := around.Add(-time.Duration(h.r.Int64N(int64(spread)))).Truncate(time.Second).UnixNano()
		if len(again) > 0 && h.r.IntN(3) == 0 { // one that comes again, sealed and rolled up or not
			at = again[h.r.IntN(len(again))]
		}
		if _, ok := h.all[at]; ok && at < from { // of one whose point is gone the row of a window may have both
			continue
		}
		v := float64(h.r.IntN(1000)) / 4
		h.all[at] = v
		list = append(list, point(at, v, "h", "x"))
	}
	h.must(h.s.Write(h.t.Context(), list))
}

// rawFrom is from when on there are points.
func (h *history) rawFrom() int64 {
	h.t.Helper()
	status, err := h.s.Retention(h.t.Context())
	h.must(err)
	if len(status) == 0 || len(status[0].Metrics) == 0 || status[0].Metrics[0].Raw.IsZero() {
		return math.MinInt64
	}
	return status[0].Metrics[0].Raw.UnixNano()
}

// windowsOf are the naive windows of all points.
func (h *history) windowsOf(fn string, width int64) map[int64]float64 {
	times := make([]int64, 0, len(h.all))
	for t := range h.all {
		times = append(times, t)
	}
	slices.Sort(times)
	p := plainSeries{times: times}
	for _, t := range times {
		p.values = append(p.values, h.all[t])
	}
	out := make(map[int64]float64)
	for i := 0; i < len(times); {
		start, j := times[i]-times[i]%width, i
		for j < len(times) && times[j] < start+width {
			j++
		}
		if v, ok := p.slow(fn, i, j, true, float64(width)/1e9); ok {
			out[start] = v
		}
		i = j
	}
	return out
}

func (h *history) verify() {
	h.t.Helper()
	if len(h.all) == 0 {
		return
	}
	h.verifyTiers()
	fns := []string{"count", "sum", "avg", "min", "max", "first", "last", "stddev", "variance"}
	if !h.late {
		fns = append(fns, "increase", "rate", "delta")
	}
	for _, fn := range fns {
		for _, interval := range []string{"1h", "3h", "1d"} {
			q := all()
			q.Mode = timeseries.Downsample
			q.Function, _ = timeseries.ParseFunction(fn)
			q.Interval, _ = timeseries.ParseInterval("interval", interval)
			width := int64(q.Interval.Fixed) + int64(q.Interval.Days)*24*int64(time.Hour)
			a, err := h.s.Query(h.t.Context(), q)
			h.must(err)
			want := h.windowsOf(fn, width)
			n := 0
			for _, x := range a.Series {
				for _, p := range x.Samples {
					n++
					v := p.Value.Float
					if p.Value.Kind == block.Int {
						v = float64(p.Value.Int)
					}
					if w, ok := want[p.Time]; !ok || !sameNumber(v, w, 1e3*math.Max(1, math.Abs(w))) {
						h.t.Fatalf("%s by %s at %v is %v, want %v (%v); tiers %v", fn, interval, time.Unix(0, p.Time).UTC(), p.Value, w, ok, a.Tiers)
					}
				}
			}
			if n != len(want) {
				h.t.Fatalf("%s by %s has %d windows, want %d; tiers %v", fn, interval, n, len(want), a.Tiers)
			}
		}
	}
}

// verifyTiers: the rows of each tier are the naive windows from its beginning on.
func (h *history) verifyTiers() {
	h.t.Helper()
	ctx := h.t.Context()
	h.must(h.s.View(ctx, func(tx *txn.Tx) error {
		m, err := h.s.MetricTx(tx, "m")
		if err != nil {
			return err
		}
		tiers, _, err := h.s.TiersTx(tx, m)
		if err != nil {
			return err
		}
		list, err := h.s.SelectTx(tx, m, nil)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("%d series, %w", len(list), err)
		}
		for _, tier := range tiers {
			if !tier.Ready {
				continue
			}
			rows, err := h.s.ReadTierTx(ctx, tx, m, list[0], 0, tier.Interval, math.MinInt64, math.MaxInt64)
			if err != nil {
				return err
			}
			from := int64(math.MinInt64)
			if !tier.From.IsZero() {
				from = tier.From.UnixNano()
			}
			for _, fn := range []string{"count", "sum", "avg", "min", "max", "first", "last"} {
				want := h.windowsOf(fn, int64(tier.Interval))
				maps.DeleteFunc(want, func(start int64, _ float64) bool { return start < from })
				if len(rows) != len(want) {
					return fmt.Errorf("the tier of %v has %d rows, want %d", tier.Interval, len(rows), len(want))
				}
				for i, row := range rows {
					got := map[string]float64{"count": float64(row.Count), "sum": row.Sum.Float, "avg": row.Avg.Float, "min": row.Min.Float, "max": row.Max.Float,
						"first": row.First.Float, "last": row.Last.Float}[fn]
					if w, ok := want[row.Start]; !ok || i > 0 && rows[i-1].Start >= row.Start || !sameNumber(got, w, 1e3*math.Max(1, math.Abs(w))) {
						return fmt.Errorf("%s of the tier of %v at %v is %v, want %v (%v)", fn, tier.Interval, time.Unix(0, row.Start).UTC(), got, w, ok)
					}
				}
			}
			if len(rows) > 2 { // a part of it
				part, err := h.s.ReadTierTx(ctx, tx, m, list[0], 0, tier.Interval, rows[0].Start+1, rows[len(rows)-2].Start)
				if err != nil || !slices.Equal(part, rows[1:len(rows)-1]) {
					return fmt.Errorf("a part of the tier of %v is %v, %w", tier.Interval, part, err)
				}
			}
		}
		return nil
	}))
}

// raw are the points that are left, which must be those from the cut on.
func (h *history) verifyRaw() {
	h.t.Helper()
	status, err := h.s.Retention(h.t.Context())
	h.must(err)
	from := status[0].Metrics[0].Raw
	a, err := h.s.Query(h.t.Context(), all())
	h.must(err)
	n, want := 0, 0
	for _, x := range a.Series {
		for _, p := range x.Samples {
			n++
			if v, ok := h.all[p.Time]; !ok || v != p.Value.Float {
				h.t.Fatalf("a point at %d is %v, want %v", p.Time, p.Value, v)
			}
		}
	}
	for t := range h.all {
		if !time.Unix(0, t).Before(from) {
			want++
		}
	}
	if n != want {
		h.t.Fatalf("%d points, want %d from %v on", n, want, from)
	}
}

// TestRetentionModel: points come in time, late, and after those of their windows are
// gone; the clock runs for days, the store is sealed, closed and crashes. All windows have
// what all points that were ever written come to.
func TestRetentionModel(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := &history{life: &life{t: t, r: rand.New(rand.NewPCG(uint64(seed), 11)), now: clock.NewManual(epoch), disk: vfs.NewCrashableMem(), want: make(plain)}, all: make(map[int64]float64)}
			h.open()
			before := seed%2 == 0
			if !before {
				h.must(h.s.SetRetention(t.Context(), threeTiers))
			}
			for step := range 120 {
				if before && step == 30 { // what was there before is rolled up, too
					h.must(h.s.SetRetention(t.Context(), threeTiers))
				}
				h.now.Advance(time.Duration(h.r.IntN(40)) * time.Minute)
				switch h.r.IntN(12) {
				case 0, 1, 2, 3:
					_, err := h.s.Seal(t.Context())
					h.must(err)
				case 4:
					h.crash()
				case 5:
					h.close()
					h.open()
				case 6:
					_, err := h.s.Seal(t.Context())
					h.must(err)
					h.verify()
				case 7:
					if seed%3 == 2 { // after their windows are gone
						h.late = true
						h.points(5, h.now.Now().Add(-2*time.Hour), 30*time.Hour)
					}
				default:
					h.points(1+h.r.IntN(60), h.now.Now(), 50*time.Minute)
					if seed%3 != 2 && h.r.IntN(3) == 0 { // with points that lie open, which are not in tiers yet
						h.verify()
					}
				}
			}
			h.must(h.s.SetRetention(t.Context(), threeTiers))
			for range 3 {
				_, err := h.s.Seal(t.Context())
				h.must(err)
				h.verify()
				h.verifyRaw()
				h.now.Advance(20 * time.Hour)
			}
			var problems []string
			_, err := h.s.Check(t.Context(), func(p string) { problems = append(problems, p) })
			h.must(err)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			h.close()
		})
	}
}

func TestRetentionRemoves(t *testing.T) {
	s, _, now := newStore(t, timeseries.Options{})
	p := timeseries.RetentionPolicy{Name: "short", Pattern: "*", Keep: time.Hour, Tiers: []timeseries.Tier{{Interval: time.Minute, Keep: 3 * time.Hour}}}
	if err := s.SetRetention(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	at := epoch.UnixNano()
	write(t, s, point(at, 1), point(at+1e9, 3), point(at+60e9, 5))
	seal(t, s)
	sum := all()
	sum.Mode, sum.Function, sum.Interval = timeseries.Downsample, timeseries.Function{Name: "sum"}, timeseries.Interval{Fixed: time.Minute}
	start := at - at%60e9
	want(t, show(t, s, sum), fmt.Sprintf("%s: %d=4 %d=5", seriesName("value", nil), start, start+60e9))
	now.Advance(2 * time.Hour)
	if st := seal(t, s); st.Expired == 0 {
		t.Error("nothing was removed")
	}
	want(t, show(t, s, all()), "")
	want(t, show(t, s, sum), fmt.Sprintf("%s: %d=4 %d=5", seriesName("value", nil), start, start+60e9))
	a, err := s.Query(t.Context(), sum)
	if err != nil || fmt.Sprint(a.Tiers) != "[1m]" {
		t.Errorf("made of %v, %v", a.Tiers, err)
	}
	median := sum
	median.Function.Name = "median"
	if _, err := s.Query(t.Context(), median); code(err) != "NOT_ROLLED_UP" {
		t.Errorf("median: %v", err)
	}
	median.RawOnly = true
	if _, err := s.Query(t.Context(), median); err != nil {
		t.Errorf("median of what there are points of: %v", err)
	}
	// A late point is added to its row, a deletion takes rows that it covers.
	write(t, s, point(at+2e9, 10))
	seal(t, s)
	want(t, show(t, s, sum), fmt.Sprintf("%s: %d=14 %d=5", seriesName("value", nil), start, start+60e9))
	if _, err := s.Delete(t.Context(), timeseries.Deletion{Metric: "m", From: start + 60e9, To: start + 120e9 - 1}); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	want(t, show(t, s, sum), fmt.Sprintf("%s: %d=14", seriesName("value", nil), start))
	status, err := s.Retention(t.Context())
	if err != nil || len(status) != 1 || len(status[0].Metrics) != 1 || !status[0].Metrics[0].RanAt.Equal(now.Now()) || !status[0].Metrics[0].Tiers[0].Ready {
		t.Errorf("status %+v, %v", status, err)
	}
	now.Advance(2 * time.Hour)
	seal(t, s)
	want(t, show(t, s, sum), "")
	// Without the policy there are no tiers, and points stay.
	if err := s.RemoveRetention(t.Context(), "short"); err != nil {
		t.Fatal(err)
	}
	write(t, s, point(at, 1))
	seal(t, s)
	now.Advance(48 * time.Hour)
	seal(t, s)
	if err := s.RemoveRetention(t.Context(), "short"); code(err) != "POLICY_NOT_FOUND" {
		t.Errorf("removed twice: %v", err)
	}
}

func TestRetentionPolicies(t *testing.T) {
	h, m := time.Hour, time.Minute
	for name, p := range map[string]timeseries.RetentionPolicy{
		"pattern":         {Name: "p", Keep: h},
		"short":           {Name: "p", Pattern: "*", Keep: time.Second},
		"tiers of all":    {Name: "p", Pattern: "*", Tiers: []timeseries.Tier{{Interval: m}}},
		"no multiple":     {Name: "p", Pattern: "*", Keep: h, Tiers: []timeseries.Tier{{Interval: 2 * m, Keep: 2 * h}, {Interval: 3 * m}}},
		"shorter":         {Name: "p", Pattern: "*", Keep: h, Tiers: []timeseries.Tier{{Interval: m, Keep: m}}},
		"behind for ever": {Name: "p", Pattern: "*", Keep: h, Tiers: []timeseries.Tier{{Interval: m}, {Interval: h}}},
		"too wide":        {Name: "p", Pattern: "*", Keep: h, Tiers: []timeseries.Tier{{Interval: 2 * h}}},
	} {
		if err := p.Validate(); code(err) != "INVALID_POLICY" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, p := range timeseries.RetentionPresets {
		p.Name, p.Pattern = name, "*"
		if err := p.Validate(); err != nil {
			t.Errorf("preset %s: %v", name, err)
		}
	}
	s, _, _ := newStore(t, timeseries.Options{})
	for i, pattern := range []string{"*", "cpu*", "*load", "cpu.load", "c*u*d"} {
		if err := s.SetRetention(t.Context(), timeseries.RetentionPolicy{Name: fmt.Sprint("p", i), Pattern: pattern, Keep: h}); err != nil {
			t.Fatal(err)
		}
	}
	metrics := map[string]string{"x": "p0", "cpu": "p1", "cpu.idle": "p1", "load": "p2", "cpu.load": "p3", "cloud": "p4", "cpload": "p2"}
	for name := range metrics {
		if _, err := s.Register(t.Context(), timeseries.Metric{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	status, err := s.Retention(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range status {
		for _, x := range st.Metrics {
			if metrics[x.Metric] != st.Name {
				t.Errorf("%s is kept by %s, want %s", x.Metric, st.Name, metrics[x.Metric])
			}
			delete(metrics, x.Metric)
		}
	}
	if len(metrics) > 0 {
		t.Errorf("without a policy: %v", metrics)
	}
}

// TestLatePointsAreRefused: under a policy that says so, a point that is older than what is
// kept of points is refused, sent again or not, by itself and not with those beside it; the
// tiers stay what they were.
func TestLatePointsAreRefused(t *testing.T) {
	s, txns, now := newStore(t, timeseries.Options{})
	ctx := t.Context()
	p := threeTiers
	p.RefuseLate = true
	if err := s.SetRetention(ctx, p); err != nil {
		t.Fatal(err)
	}
	start := now.Now().Truncate(time.Hour)
	old := point(start.UnixNano(), 5, "h", "x")
	write(t, s, old, point(start.Add(time.Second).UnixNano(), 7, "h", "x"))
	seal(t, s)
	now.Advance(3 * time.Hour)
	fresh := point(now.Now().UnixNano(), 1, "h", "x")
	write(t, s, fresh)
	seal(t, s)
	q := all()
	q.Mode, q.Function = timeseries.Downsample, timeseries.Function{Name: "sum"}
	q.Interval = timeseries.Interval{Fixed: time.Hour}
	before := show(t, s, q)
	err := s.Write(ctx, []timeseries.Point{fresh, old})
	if code(err) != "POINT_TOO_OLD" {
		t.Errorf("an old point gives %v", err)
	}
	ref, err := timeseries.NewRef(fresh.Metric, fresh.Tags)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Appender(fresh.Fields[0].Name)
	for _, at := range []int64{fresh.Time, old.Time} { // by now the series is known
		a.Append(ref, fresh.Time, fresh.Fields[0].Value.Float)
		a.Append(ref, at, fresh.Fields[0].Value.Float)
		if err := a.Commit(ctx); at == old.Time && code(err) != "POINT_TOO_OLD" || at != old.Time && err != nil {
			t.Errorf("an appender of a point of %d gives %v", at, err)
		}
	}
	refused, err := s.WriteEach(ctx, []timeseries.Point{old, fresh, point(start.Add(-time.Hour).UnixNano(), 3, "h", "new")})
	if err != nil || len(refused) != 2 || refused[0].Point != 0 || refused[1].Point != 2 || code(refused[1].Err) != "POINT_TOO_OLD" {
		t.Errorf("refused are %v, %v", refused, err)
	}
	seal(t, s)
	want(t, show(t, s, q), before)
	// What the policy says lasts, and may be taken back.
	again, err := timeseries.Open(txns, timeseries.Options{SealEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	list, err := again.Retention(ctx)
	if err != nil || len(list) != 1 || !list[0].RefuseLate {
		t.Errorf("the policies are %+v, %v", list, err)
	}
	if err := again.Write(ctx, []timeseries.Point{old}); code(err) != "POINT_TOO_OLD" {
		t.Errorf("after a restart an old point gives %v", err)
	}
	if err := s.SetRetention(ctx, threeTiers); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	write(t, s, old)
}

// TestTierLimit: a range with more windows than are given at once is refused, and parts of
// it are not.
func TestTierLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("it has a million windows")
	}
	s, _, _ := newStore(t, timeseries.Options{})
	from := epoch.UnixNano() - (timeseries.MaxTierWindows+10)*1e9
	var points []timeseries.Point
	for i := range int64(timeseries.MaxTierWindows + 1) {
		if points = append(points, point(from+i*1e9, 1)); len(points) == 1<<16 || i == timeseries.MaxTierWindows {
			write(t, s, points...)
			points = points[:0]
		}
	}
	p := timeseries.RetentionPolicy{Name: "p", Pattern: "*", Keep: 1000 * time.Hour, Tiers: []timeseries.Tier{{Interval: time.Second}}}
	if err := s.SetRetention(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	seal(t, s)
	if err := s.View(t.Context(), func(tx *txn.Tx) error {
		m, err := s.MetricTx(tx, "m")
		if err != nil {
			return err
		}
		list, err := s.SelectTx(tx, m, nil)
		if err != nil {
			return err
		}
		if _, err := s.ReadTierTx(t.Context(), tx, m, list[0], 0, time.Second, math.MinInt64, math.MaxInt64); code(err) != "TOO_MANY_WINDOWS" {
			t.Errorf("one window too many: %v", err)
		}
		rows, err := s.ReadTierTx(t.Context(), tx, m, list[0], 0, time.Second, from+1e9, math.MaxInt64)
		if len(rows) != timeseries.MaxTierWindows {
			t.Errorf("%d windows", len(rows))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
