package fn

import (
	"math"
	"math/big"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// moments are the count, sum and sum of squared deviations of a group
// (Youden and Cramer's method, as in PostgreSQL, so that results agree).
type moments struct{ n, sum, dev float64 }

func (m *moments) add(v float64) {
	if m.n == 0 {
		*m = moments{n: 1, sum: v}
		if v != v || math.IsInf(v, 0) {
			m.dev = math.NaN()
		}
		return
	}
	m.n++
	m.sum += v
	t := v*m.n - m.sum
	m.dev += t * t / (m.n * (m.n - 1))
}

// statKind is what is asked of the moments.
type statKind uint8

const (
	statAvg statKind = iota
	statVarSamp
	statVarPop
	statStdSamp
	statStdPop
)

func (k statKind) sample() bool { return k == statVarSamp || k == statStdSamp }
func (k statKind) root() bool   { return k == statStdSamp || k == statStdPop }

// floatStat computes avg, variance and standard deviation of floats.
type floatStat struct {
	m    []moments
	kind statKind
}

func (a *floatStat) Grow(n int) { a.m = grow(a.m, n) }

func (a *floatStat) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	x, mask := args[0].F, args[0].Mask()
	over := false
	notNull(n, sel, args, func(i int) {
		m, v := &a.m[groups[i]], x[i&mask]
		was := math.IsInf(m.sum, 0)
		m.add(v)
		over = over || math.IsInf(m.sum, 0) && !was && !math.IsInf(v, 0)
	})
	if over {
		return errFloatRange("overflow")
	}
	return nil
}

func (a *floatStat) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		m := a.m[g]
		if m.n == 0 || m.n == 1 && a.kind.sample() {
			out.SetNull(g - from)
			continue
		}
		var r float64
		switch {
		case a.kind == statAvg:
			r = m.sum / m.n
		case a.kind.sample():
			r = m.dev / (m.n - 1)
		default:
			r = m.dev / m.n
		}
		if a.kind.root() {
			r = math.Sqrt(r)
		}
		out.F[g-from] = r
	}
	return nil
}

func (a *floatStat) Bytes() int64 { return int64(24 * cap(a.m)) }

// numMoments are exact sums of numerics and of their squares.
type numMoments struct{ sum, sq sqltype.NumSum }

// numStat computes variance and standard deviation of integers and numerics exactly.
type numStat struct {
	m    []numMoments
	kind statKind
}

func (a *numStat) Grow(n int) { a.m = grow(a.m, n) }

func (a *numStat) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	v := args[0]
	mask := v.Mask()
	var err error
	notNull(n, sel, args, func(i int) {
		x := sqltype.Num{}
		if v.N != nil {
			x = v.N[i&mask]
		} else {
			x = sqltype.NumInt(v.I[i&mask])
		}
		sq, e := x.Mul(x)
		if e != nil {
			err = e
			return
		}
		m := &a.m[groups[i]]
		m.sum.Add(x)
		m.sq.Add(sq)
	})
	return err
}

func (a *numStat) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		n := a.m[g].sum.Count()
		if n == 0 || n == 1 && a.kind.sample() {
			out.SetNull(g - from)
			continue
		}
		r, err := a.m[g].result(n, a.kind)
		if err != nil {
			return err
		}
		out.N[g-from] = r
	}
	return nil
}

// result is (n × Σx² - (Σx)²) / (n × (n - 1 or n)), and its root.
func (m *numMoments) result(n int64, kind statKind) (r sqltype.Num, err error) {
	sum, err := m.sum.Sum()
	if err != nil {
		return r, err
	}
	if !sum.Finite() {
		return sqltype.NumNaN, nil
	}
	sq, err := m.sq.Sum()
	if err != nil {
		return r, err
	}
	nn := sqltype.NumInt(n)
	if sq, err = sq.Mul(nn); err != nil {
		return r, err
	}
	if sum, err = sum.Mul(sum); err != nil {
		return r, err
	}
	if r, err = sq.Sub(sum); err != nil || r.Sign() <= 0 {
		return sqltype.NumInt(0), err
	}
	div := nn
	if kind.sample() {
		div = sqltype.NumInt(n - 1)
	}
	if div, err = nn.Mul(div); err != nil {
		return r, err
	}
	if r, err = r.Div(div); err != nil || !kind.root() {
		return r, err
	}
	return rootAt(r), nil
}

// rootAt returns the square root of r with r's own scale.
func rootAt(r sqltype.Num) sqltype.Num {
	s := r.DScale()
	c := r.Unscaled()
	c.Mul(c, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s+2)), nil))
	return sqltype.NumBig(c.Sqrt(c), s+1).Round(s)
}

func (a *numStat) Bytes() int64 {
	size := int64(0)
	for g := range a.m {
		size += a.m[g].sum.Bytes() + a.m[g].sq.Bytes()
	}
	return size
}

// pairs are the moments of two variables, y first as in regr_slope(y, x).
type pairs struct{ n, sx, sxx, sy, syy, sxy float64 }

func (p *pairs) add(y, x float64) {
	p.n++
	p.sx += x
	p.sy += y
	if p.n > 1 {
		tx, ty := x*p.n-p.sx, y*p.n-p.sy
		scale := 1 / (p.n * (p.n - 1))
		p.sxx += tx * tx * scale
		p.syy += ty * ty * scale
		p.sxy += tx * ty * scale
		return
	}
	if x != x || math.IsInf(x, 0) {
		p.sxx, p.sxy = math.NaN(), math.NaN()
	}
	if y != y || math.IsInf(y, 0) {
		p.syy, p.sxy = math.NaN(), math.NaN()
	}
}

// regr computes the aggregates of two variables.
type regr struct {
	p []pairs
	f func(p pairs) (float64, bool)
}

func (a *regr) Grow(n int) { a.p = grow(a.p, n) }

func (a *regr) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	y, x := args[0], args[1]
	notNull(n, sel, args, func(i int) { a.p[groups[i]].add(y.F[y.At(i)], x.F[x.At(i)]) })
	return nil
}

func (a *regr) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		r, ok := a.f(a.p[g])
		switch {
		case !ok:
			out.SetNull(g - from)
		case out.I != nil:
			out.I[g-from] = int64(r)
		default:
			out.F[g-from] = r
		}
	}
	return nil
}

func (a *regr) Bytes() int64 { return int64(48 * cap(a.p)) }

var regrFuncs = map[string]func(p pairs) (float64, bool){
	"regr_sxx":   func(p pairs) (float64, bool) { return p.sxx, p.n > 0 },
	"regr_syy":   func(p pairs) (float64, bool) { return p.syy, p.n > 0 },
	"regr_sxy":   func(p pairs) (float64, bool) { return p.sxy, p.n > 0 },
	"regr_avgx":  func(p pairs) (float64, bool) { return p.sx / p.n, p.n > 0 },
	"regr_avgy":  func(p pairs) (float64, bool) { return p.sy / p.n, p.n > 0 },
	"covar_pop":  func(p pairs) (float64, bool) { return p.sxy / p.n, p.n > 0 },
	"covar_samp": func(p pairs) (float64, bool) { return p.sxy / (p.n - 1), p.n > 1 },
	"regr_slope": func(p pairs) (float64, bool) { return p.sxy / p.sxx, p.n > 0 && p.sxx != 0 },
	"corr": func(p pairs) (float64, bool) {
		return p.sxy / math.Sqrt(p.sxx*p.syy), p.n > 0 && p.sxx != 0 && p.syy != 0
	},
	"regr_intercept": func(p pairs) (float64, bool) {
		return (p.sy - p.sx*p.sxy/p.sxx) / p.n, p.n > 0 && p.sxx != 0
	},
	"regr_r2": func(p pairs) (float64, bool) {
		if p.n > 0 && p.sxx != 0 && p.syy == 0 {
			return 1, true
		}
		return (p.sxy * p.sxy) / (p.sxx * p.syy), p.n > 0 && p.sxx != 0
	},
}

func registerAggStat(t *tables) {
	names := map[string]statKind{
		"variance": statVarSamp, "var_samp": statVarSamp, "var_pop": statVarPop,
		"stddev": statStdSamp, "stddev_samp": statStdSamp, "stddev_pop": statStdPop,
	}
	for name, kind := range names {
		for _, typ := range []string{"int2", "int4", "int8", "numeric"} {
			t.agg(name+"("+typ+") numeric", func(*Env) Aggregator { return &numStat{kind: kind} })
		}
	}
	names["avg"] = statAvg
	for name, kind := range names {
		for _, typ := range []string{"float4", "float8"} {
			t.agg(name+"("+typ+") float8", func(*Env) Aggregator { return &floatStat{kind: kind} })
		}
	}
	for name, f := range regrFuncs {
		t.agg(name+"(float8,float8) float8", func(*Env) Aggregator { return &regr{f: f} })
	}
	t.agg("regr_count(float8,float8) int8", func(*Env) Aggregator {
		return &regr{f: func(p pairs) (float64, bool) { return p.n, true }}
	})
}
