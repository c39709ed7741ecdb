package timeseries_test

import (
	"bufio"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/timeseries"
)

// plainSeries is a series as columns.
type plainSeries struct {
	times  []int64
	values []float64
}

// nabSeries reads series of the Numenta anomaly benchmark, by name; of points with one
// time the last counts.
func nabSeries(t *testing.T) map[string]plainSeries {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpora")
	}
	files, _ := filepath.Glob(filepath.Join(root, "nab", "data", "*", "*.csv"))
	if len(files) == 0 {
		t.Skip("the corpus nab is not at hand (WEFT_CORPORA)")
	}
	out := make(map[string]plainSeries)
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		by := make(map[int64]float64)
		for lines := bufio.NewScanner(f); lines.Scan(); {
			at, value, _ := strings.Cut(lines.Text(), ",")
			v, err := strconv.ParseFloat(value, 64)
			if x, bad := time.Parse(time.DateTime, at); bad == nil && err == nil {
				by[x.UnixNano()] = v
			}
		}
		f.Close()
		var p plainSeries
		for _, at := range slices.Sorted(maps.Keys(by)) {
			p.times, p.values = append(p.times, at), append(p.values, by[at])
		}
		out[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = p
	}
	return out
}

var allFunctions = []string{"count", "sum", "avg", "min", "max", "first", "last", "median", "percentile(12.5)", "p99", "stddev", "variance",
	"rate", "increase", "delta", "derivative", "integral"}

// slow computes a function of the points from i to j, as its definition says. Where pairs
// count from the one ahead of the window on, before is true.
func (p plainSeries) slow(fn string, i, j int, before bool, seconds float64) (float64, bool) {
	first := i
	if before && i > 0 {
		first--
	}
	total, pairs := 0.0, 0
	for k := first + 1; k < j; k++ {
		d, dt := p.values[k]-p.values[k-1], float64(p.times[k]-p.times[k-1])/1e9
		switch fn {
		case "rate", "increase":
			if d < 0 {
				d = p.values[k]
			}
			total += d
		case "delta":
			total += d
		case "integral":
			total += dt * (p.values[k] + p.values[k-1]) / 2
		}
		pairs++
	}
	switch fn {
	case "rate":
		return total / seconds, pairs > 0
	case "increase", "delta", "integral":
		return total, pairs > 0
	case "derivative":
		var mt, mv, up, down float64
		n := float64(j - i)
		for k := i; k < j; k++ {
			mt, mv = mt+float64(p.times[k]-p.times[i])/1e9/n, mv+p.values[k]/n
		}
		for k := i; k < j; k++ {
			dt := float64(p.times[k]-p.times[i])/1e9 - mt
			up, down = up+dt*(p.values[k]-mv), down+dt*dt
		}
		return up / down, j-i > 1
	case "variance":
		v, ok := naiveWindow("stddev", p.values[i:j])
		return v * v, ok
	case "percentile(12.5)", "p99":
		sorted := slices.Sorted(slices.Values(p.values[i:j]))
		at := map[string]float64{"p99": .99}[fn]
		if at == 0 {
			at = .125
		}
		at *= float64(len(sorted) - 1)
		k := int(at)
		return sorted[k] + (at-float64(k))*(sorted[min(k+1, len(sorted)-1)]-sorted[k]), true
	}
	return naiveWindow(fn, p.values[i:j])
}

func sameNumber(a, b, scale float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-7*math.Max(1, scale)
}

// TestNABQueries holds every function, by windows of every kind and rolling, over the
// series of the corpus against computations by definition.
func TestNABQueries(t *testing.T) {
	series := nabSeries(t)
	names := slices.Sorted(maps.Keys(series))
	if testing.Short() {
		names = []string{names[0], names[len(names)/2], names[len(names)-1]}
	}
	r := rand.New(rand.NewPCG(7, 7))
	for _, name := range names {
		p := series[name]
		s, _, _ := newStore(t, timeseries.Options{})
		var points []timeseries.Point
		for i, at := range p.times {
			points = append(points, point(at, p.values[i], "s", name))
		}
		r.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
		for i := 0; i < len(points); {
			n := min(1+r.IntN(2000), len(points)-i)
			write(t, s, points[i:i+n]...)
			if i += n; r.IntN(3) == 0 {
				seal(t, s)
			}
		}
		scale := 0.0
		for _, v := range p.values {
			scale = max(scale, math.Abs(v))
		}
		for _, fn := range allFunctions {
			size := scale
			if fn == "variance" {
				size *= scale
			}
			p.checkDownsample(t, s, name, fn, size)
			p.checkRolling(t, s, name, fn, size)
		}
	}
}

func (p plainSeries) checkDownsample(t *testing.T, s *timeseries.Store, name, fn string, scale float64) {
	t.Helper()
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for interval, start := range map[string]func(at time.Time) time.Time{
		"37m": func(at time.Time) time.Time { return time.Unix(0, at.UnixNano()-at.UnixNano()%(37*60e9)) },
		"1d":  func(at time.Time) time.Time { return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, york) },
		"1w": func(at time.Time) time.Time {
			return time.Date(at.Year(), at.Month(), at.Day()-(int(at.Weekday())+6)%7, 0, 0, 0, 0, york)
		},
		"1mo": func(at time.Time) time.Time { return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, york) },
	} {
		q := all()
		q.Mode, q.Zone = timeseries.Downsample, york
		q.Function, _ = timeseries.ParseFunction(fn)
		q.Interval, _ = timeseries.ParseInterval("interval", interval)
		a, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[int64]float64)
		for _, x := range a.Series {
			for _, v := range x.Samples {
				got[v.Time] = v.Value.Float
				if fn == "count" {
					got[v.Time] = float64(v.Value.Int)
				}
			}
		}
		for i := 0; i < len(p.times); {
			from := start(time.Unix(0, p.times[i]).In(york))
			j := i
			for j < len(p.times) && start(time.Unix(0, p.times[j]).In(york)).Equal(from) {
				j++
			}
			q := timeseries.Interval{Fixed: 37 * time.Minute}
			end := from.Add(q.Fixed)
			switch interval {
			case "1d":
				end = from.AddDate(0, 0, 1)
			case "1w":
				end = from.AddDate(0, 0, 7)
			case "1mo":
				end = from.AddDate(0, 1, 0)
			}
			want, ok := p.slow(fn, i, j, true, end.Sub(from).Seconds())
			v, has := got[from.UnixNano()]
			if ok != has || ok && !sameNumber(v, want, scale+math.Abs(want)) {
				t.Fatalf("%s of %s by %s at %v is %v (%v), want %v (%v)", fn, name, interval, from, v, has, want, ok)
			}
			delete(got, from.UnixNano())
			i = j
		}
		if len(got) > 0 {
			t.Fatalf("%s of %s by %s has %d windows too many", fn, name, interval, len(got))
		}
	}
}

func (p plainSeries) checkRolling(t *testing.T, s *timeseries.Store, name, fn string, scale float64) {
	t.Helper()
	const width = int64(3 * time.Hour)
	q := all()
	q.Mode, q.Interval = timeseries.Rolling, timeseries.Interval{Fixed: time.Duration(width)}
	q.Function, _ = timeseries.ParseFunction(fn)
	a, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Series) != 1 || len(a.Series[0].Samples) != len(p.times) {
		t.Fatalf("rolling %s of %s has not a value for each point", fn, name)
	}
	from := 0
	for i, at := range p.times {
		for p.times[from] <= at-width {
			from++
		}
		want, ok := p.slow(fn, from, i+1, false, float64(width)/1e9)
		v := a.Series[0].Samples[i].Value
		x := v.Float
		if fn == "count" {
			x = float64(v.Int)
		}
		if a.Series[0].Samples[i].Time != at || (v.Kind != 0) != ok || ok && !sameNumber(x, want, scale+math.Abs(want)) {
			t.Fatalf("rolling %s of %s at %d is %v, want %v (%v)", fn, name, at, v, want, ok)
		}
	}
}
