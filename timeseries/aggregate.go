package timeseries

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries/block"
)

// Function is what the points of a window come to.
type Function struct {
	Name string
	// Percent is that of percentile, 0 to 100; of histogram_quantile the quantile times 100.
	Percent float64
}

// functions says of each what it needs: statistics of blocks will do, or all values, or
// the points of one series in their order.
var functions = map[string]struct{ stats, values, ordered, any, buckets bool }{
	"count":      {stats: true, any: true},
	"first":      {stats: true, any: true},
	"last":       {stats: true, any: true},
	"sum":        {stats: true},
	"avg":        {stats: true},
	"min":        {stats: true},
	"max":        {stats: true},
	"stddev":     {},
	"variance":   {},
	"median":     {values: true},
	"percentile": {values: true},
	"rate":       {ordered: true},
	"increase":   {ordered: true},
	"delta":      {ordered: true},
	"derivative": {ordered: true},
	"integral":   {ordered: true},

	"histogram_quantile": {buckets: true},
}

var functionAliases = map[string]string{"mean": "avg", "average": "avg", "std": "stddev", "var": "variance", "minimum": "min", "maximum": "max"}

// FunctionNames are the functions, as messages list them.
const FunctionNames = "avg, sum, min, max, count, first, last, median, percentile(n), stddev, variance, rate, increase, delta, derivative, integral, histogram_quantile(q)"

// ParseFunction reads the name of a function in any case; percentiles as percentile(95),
// p95 or percentile_95.
func ParseFunction(text string) (Function, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	if alias := functionAliases[name]; alias != "" {
		name = alias
	}
	if _, ok := functions[name]; ok && name != "percentile" && name != "histogram_quantile" {
		return Function{Name: name}, nil
	}
	if arg, ok := strings.CutPrefix(name, "histogram_quantile("); ok {
		arg, ok = strings.CutSuffix(arg, ")")
		if q, err := strconv.ParseFloat(strings.TrimSpace(arg), 64); ok && err == nil && q >= 0 && q <= 1 {
			return Function{Name: "histogram_quantile", Percent: q * 100}, nil
		}
		return Function{}, invalid("INVALID_FUNCTION", "function", "histogram_quantile needs a number from 0 to 1, such as histogram_quantile(0.95), not %q", shorten(arg))
	}
	arg, ok := strings.CutPrefix(name, "percentile(")
	if ok {
		arg, ok = strings.CutSuffix(arg, ")")
	} else if arg, ok = strings.CutPrefix(name, "percentile_"); !ok {
		arg, ok = strings.CutPrefix(name, "p")
	}
	if n, err := strconv.ParseFloat(strings.TrimSpace(arg), 64); ok && err == nil && n >= 0 && n <= 100 {
		return Function{Name: "percentile", Percent: n}, nil
	}
	return Function{}, dberr.New(dberr.ErrInvalid, "INVALID_FUNCTION", "the function %q is not known", shorten(text)).WithField("function").
		WithHint("known: %s", FunctionNames)
}

// accepts says whether the function can be computed of a kind of values.
func (f Function) accepts(metric, field string, k block.Kind) error {
	if k == block.Text && !functions[f.Name].any {
		return dberr.New(dberr.ErrConstraint, "INVALID_FUNCTION", "%s cannot be computed of field %q of metric %q, which is of type %v", f.Name, field, metric, k).WithField("function")
	}
	return nil
}

// sums gathers the points of one window, of one series or of the series of a group.
type sums struct {
	n           int64
	kind        block.Kind
	sum, comp   float64 // compensated, after Neumaier
	isum        int64
	overflow    bool
	min, max    Value
	first, last Value
	firstAt     int64
	lastAt      int64
	mean, m2    float64 // after Welford
	values      []float64
	total       float64 // of the ordered functions, over the series
	has         bool    // total is something
}

func (a *sums) addSum(v float64) {
	t := a.sum + v
	switch {
	case math.IsInf(t, 0) || math.IsNaN(t): // nothing to compensate
	case math.Abs(a.sum) >= math.Abs(v):
		a.comp += (a.sum - t) + v
	default:
		a.comp += (v - t) + a.sum
	}
	a.sum = t
}

func (a *sums) addInt(v int64) {
	s := a.isum + v
	if (s > a.isum) != (v > 0) && v != 0 {
		a.overflow = true
	}
	a.isum = s
}

// edges takes the first and last of some points that lie in order.
func (a *sums) edges(kind block.Kind, n int64, first, last Value, from, to int64) {
	if a.n == 0 || from < a.firstAt {
		a.first, a.firstAt = first, from
	}
	if a.n == 0 || to >= a.lastAt {
		a.last, a.lastAt = last, to
	}
	a.n += n
	a.kind = kind
}

func (a *sums) extremes(lo, hi Value) {
	if a.min.Kind == 0 || less(lo, a.min) {
		a.min = lo
	}
	if a.max.Kind == 0 || less(a.max, hi) {
		a.max = hi
	}
}

// add takes points of one series.
func (a *sums) add(p *block.Points, f Function) {
	n := p.Len()
	if n == 0 {
		return
	}
	before := a.n
	a.edges(p.Kind, int64(n), valueAt(p, 0), valueAt(p, n-1), p.Times[0], p.Times[n-1])
	if p.Kind == block.Text || f.Name == "count" || f.Name == "first" || f.Name == "last" {
		return
	}
	if p.Kind == block.Float {
		a.addFloats(p.Floats, f, before)
		return
	}
	for i := range n {
		v := valueAt(p, i)
		x := v.number()
		a.addSum(x)
		a.addInt(v.Int)
		a.extremes(v, v)
		before++
		a.addMoment(x, before)
		if functions[f.Name].values {
			a.values = append(a.values, x)
		}
	}
}

// addFloats takes no more of floats than the function needs.
func (a *sums) addFloats(v []float64, f Function, before int64) {
	switch f.Name {
	case "sum", "avg":
		a.addSums(v)
	case "min", "max":
		a.addExtremes(v)
	case "stddev", "variance":
		a.addMoments(v, before)
	case "median", "percentile":
		a.values = append(a.values, v...)
	default:
		a.addSums(v)
		a.addExtremes(v)
		a.addMoments(v, before)
	}
}

func (a *sums) addSums(v []float64) {
	for _, x := range v {
		a.addSum(x)
	}
}

func (a *sums) addMoments(v []float64, before int64) {
	for _, x := range v {
		before++
		a.addMoment(x, before)
	}
}

// addMoment takes the nth value.
func (a *sums) addMoment(x float64, n int64) {
	d := x - a.mean
	a.mean += d / float64(n)
	a.m2 += d * (x - a.mean)
}

func (a *sums) addExtremes(v []float64) {
	lo, hi := v[0], v[0]
	for _, x := range v[1:] {
		if lessFloat(x, lo) {
			lo = x
		}
		if lessFloat(hi, x) {
			hi = x
		}
	}
	a.extremes(FloatValue(lo), FloatValue(hi))
}

// addBlock takes a block by its statistics.
func (a *sums) addBlock(h *block.Header) {
	s := &h.Stats
	if h.Kind == block.Float {
		a.edges(h.Kind, int64(h.Count), FloatValue(s.First), FloatValue(s.Last), h.MinTime, h.MaxTime)
		a.addSum(s.Sum)
		a.extremes(FloatValue(s.Min), FloatValue(s.Max))
		return
	}
	value := func(v int64) Value { return Value{Kind: h.Kind, Int: v} }
	a.edges(h.Kind, int64(h.Count), value(s.IntFirst), value(s.IntLast), h.MinTime, h.MaxTime)
	a.addSum(float64(s.IntSum))
	a.addInt(s.IntSum)
	a.extremes(value(s.IntMin), value(s.IntMax))
}

// byStats says whether a block can be taken by its statistics.
func (f Function) byStats(h *block.Header) bool {
	return functions[f.Name].stats && h.Stats.Valid && (h.Kind == block.Float || h.Stats.SumFits)
}

// result is the value of the function; one without a kind where it has none.
func (a *sums) result(f Function) (Value, error) {
	if functions[f.Name].ordered {
		if !a.has {
			return Value{}, nil
		}
		return FloatValue(a.total), nil
	}
	if f.Name == "count" {
		return IntValue(a.n), nil
	}
	if a.n == 0 {
		return Value{}, nil
	}
	switch f.Name {
	case "first":
		return a.first, nil
	case "last":
		return a.last, nil
	case "min":
		return plainNumber(a.min), nil
	case "max":
		return plainNumber(a.max), nil
	case "sum":
		if a.kind != block.Float {
			if a.overflow {
				return Value{}, dberr.New(dberr.ErrConstraint, "SUM_OVERFLOW", "a sum is beyond what an int of 64 bits holds").WithField("function").WithHint("avg does not overflow")
			}
			return IntValue(a.isum), nil
		}
		return FloatValue(a.sum + a.comp), nil
	case "avg":
		return FloatValue((a.sum + a.comp) / float64(a.n)), nil
	case "variance", "stddev":
		if a.n < 2 {
			return Value{}, nil
		}
		v := a.m2 / float64(a.n-1)
		if f.Name == "stddev" {
			v = math.Sqrt(v)
		}
		return FloatValue(v), nil
	case "median":
		return FloatValue(percentile(a.values, 50)), nil
	}
	return FloatValue(percentile(a.values, f.Percent)), nil
}

// plainNumber makes the bools of min and max ints, as those of sum are.
func plainNumber(v Value) Value {
	if v.Kind == block.Bool {
		v.Kind = block.Int
	}
	return v
}

// percentile interpolates between the closest ranks, as percentile_cont of SQL does.
func percentile(v []float64, p float64) float64 {
	slices.Sort(v)
	if len(v) > 0 && math.IsNaN(v[0]) { // Sort has them first
		return math.NaN()
	}
	at := p / 100 * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) || at == float64(i) || v[i] == v[i+1] {
		return v[min(i, len(v)-1)]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// course computes what needs the points of one series in their order. A pair of
// neighbours counts in the window of the later one, so that windows add up to what the
// whole range has.
type course struct {
	seen     bool
	prevAt   int64
	prev     float64
	total    float64
	has      bool
	n        float64 // of the regression, times in seconds since origin
	origin   int64
	st, sv   float64
	stt, stv float64
}

// next takes a point.
func (c *course) next(f Function, t int64, v float64) {
	if f.Name == "derivative" {
		if c.n == 0 {
			c.origin = t
		}
		x := float64(t-c.origin) / 1e9
		c.n++
		c.st, c.sv, c.stt, c.stv = c.st+x, c.sv+v, c.stt+x*x, c.stv+x*v
		return
	}
	if c.seen {
		d := v - c.prev
		switch f.Name {
		case "rate", "increase":
			if d < 0 { // the counter began anew
				d = v
			}
			c.total += d
		case "delta":
			c.total += d
		case "integral":
			c.total += (v + c.prev) / 2 * (float64(t-c.prevAt) / 1e9)
		}
		c.has = true
	}
	c.seen, c.prevAt, c.prev = true, t, v
}

// close returns what the window came to and begins the next one.
func (c *course) close(f Function, seconds float64) (v float64, has bool) {
	if f.Name == "derivative" {
		n, d := c.n, c.n*c.stt-c.st*c.st
		v = (n*c.stv - c.st*c.sv) / d
		c.n, c.st, c.sv, c.stt, c.stv = 0, 0, 0, 0, 0
		return v, n >= 2 && d != 0
	}
	v, has = c.total, c.has
	if f.Name == "rate" {
		v /= seconds
	}
	c.total, c.has = 0, false
	return v, has
}
