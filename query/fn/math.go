package fn

import (
	"math"
	"math/big"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

func errLogOf(what string) error {
	return dberr.SQL(dberr.StateInvalidLogArgument, "cannot take logarithm of %s", what)
}

func logFloat(f func(float64) float64) func(float64) (float64, error) {
	return func(v float64) (float64, error) {
		switch {
		case v == 0:
			return 0, errLogOf("zero")
		case v < 0:
			return 0, errLogOf("a negative number")
		}
		return f(v), nil
	}
}

func sqrtFloat(v float64) (float64, error) {
	if v < 0 {
		return 0, dberr.SQL(dberr.StateInvalidPowerArgument, "cannot take square root of a negative number")
	}
	return math.Sqrt(v), nil
}

func powerFloat(a, b float64) (float64, error) {
	switch {
	case math.IsNaN(a) && b == 0 || math.IsNaN(b) && a == 1:
		return 1, nil
	case math.IsNaN(a) || math.IsNaN(b):
		return math.NaN(), nil
	case a == 0 && b < 0:
		return 0, dberr.SQL(dberr.StateInvalidPowerArgument, "zero raised to a negative power is undefined")
	case a < 0 && math.Floor(b) != b:
		return 0, dberr.SQL(dberr.StateInvalidPowerArgument, "a negative number raised to a non-integer power yields a complex result")
	}
	r := math.Pow(a, b)
	if inf2(a, b) {
		return r, nil
	}
	return checkFloat(r, 64, false, a == 0)
}

func expFloat(v float64) (float64, error) {
	return checkFloat(math.Exp(v), 64, math.IsInf(v, 0), math.IsInf(v, -1))
}

func errInputRange() error {
	return dberr.SQL(dberr.StateNumericOutOfRange, "input is out of range")
}

// within checks the domain of a function; NaN passes.
func within(lo, hi float64, f func(float64) float64) func(float64) (float64, error) {
	return func(v float64) (float64, error) {
		if v < lo || v > hi {
			return 0, errInputRange()
		}
		return f(v), nil
	}
}

// finite refuses infinities.
func finite(f func(float64) float64) func(float64) (float64, error) {
	return func(v float64) (float64, error) {
		if math.IsInf(v, 0) {
			return 0, errInputRange()
		}
		return f(v), nil
	}
}

func bounded(f func(float64) float64) func(float64) (float64, error) {
	return func(v float64) (float64, error) {
		return checkFloat(f(v), 64, math.IsInf(v, 0), true)
	}
}

// degreesOf gives exact answers where the angle is a multiple of 30 or 45 degrees.
func degreesOf(f func(float64) float64, exact map[float64]float64) func(float64) (float64, error) {
	return func(v float64) (float64, error) {
		if math.IsInf(v, 0) {
			return 0, errInputRange()
		}
		d := math.Mod(v, 360)
		if d < 0 {
			d += 360
		}
		if r, ok := exact[d]; ok {
			return r, nil
		}
		return f(d * math.Pi / 180), nil
	}
}

var (
	sinExact = map[float64]float64{0: 0, 30: .5, 90: 1, 150: .5, 180: 0, 210: -.5, 270: -1, 330: -.5}
	cosExact = map[float64]float64{0: 1, 60: .5, 90: 0, 120: -.5, 180: -1, 240: -.5, 270: 0, 300: .5}
	tanExact = map[float64]float64{0: 0, 45: 1, 90: math.Inf(1), 135: -1, 180: 0, 225: 1, 270: math.Inf(-1), 315: -1}
	cotExact = map[float64]float64{0: math.Inf(1), 45: 1, 90: 0, 135: -1, 180: math.Inf(-1), 225: 1, 270: 0, 315: -1}
)

func toDegrees(f func(float64) float64, exact map[float64]float64) func(float64) float64 {
	return func(v float64) float64 {
		if r, ok := exact[v]; ok {
			return r
		}
		return f(v) * 180 / math.Pi
	}
}

func gcdInt(size uint) func(a, b int64) (int64, error) {
	return func(a, b int64) (int64, error) {
		for b != 0 {
			if b == -1 {
				return 1, nil
			}
			a, b = b, a%b
		}
		if a < 0 {
			if a = -a; a < 0 {
				return 0, errIntRange(64)
			}
		}
		return toInt(a, size)
	}
}

func lcmInt(size uint) func(a, b int64) (int64, error) {
	return func(a, b int64) (int64, error) {
		if a == 0 || b == 0 {
			return 0, nil
		}
		g, err := gcdInt(64)(a, b)
		if err != nil {
			return 0, err
		}
		p, ok := mul64(a/g, b)
		if p < 0 {
			p = -p
		}
		if !ok || p < 0 {
			return 0, errIntRange(size)
		}
		return toInt(p, size)
	}
}

// gcdNum and lcmNum work on coefficients brought to one scale.
func gcdNum(a, b sqltype.Num) (sqltype.Num, error) { return gcdLcm(a, b, false) }
func lcmNum(a, b sqltype.Num) (sqltype.Num, error) { return gcdLcm(a, b, true) }

func gcdLcm(a, b sqltype.Num, lcm bool) (sqltype.Num, error) {
	if !a.Finite() || !b.Finite() {
		return sqltype.NumNaN, nil
	}
	scale := max(a.DScale(), b.DScale())
	x, y := a.Round(scale).Unscaled(), b.Round(scale).Unscaled()
	x.Abs(x)
	y.Abs(y)
	g := new(big.Int).GCD(nil, nil, x, y)
	if !lcm {
		return sqltype.NumBig(g, scale), nil
	}
	if g.Sign() == 0 {
		return sqltype.NumBig(g, scale), nil
	}
	return sqltype.NumBig(x.Mul(x.Quo(x, g), y), scale), nil
}

func factorial(n int64) (sqltype.Num, error) {
	if n < 0 {
		return sqltype.Num{}, dberr.SQL(dberr.StateNumericOutOfRange, "factorial of a negative number is undefined")
	}
	if n > 32177 {
		return sqltype.Num{}, dberr.SQL(dberr.StateNumericOutOfRange, "value overflows numeric format")
	}
	return sqltype.NumBig(new(big.Int).MulRange(1, max(n, 1)), 0), nil
}

func errBucket(msg string) error { return dberr.SQL("2201G", "%s", msg) }

func bucketFloat(v, lo, hi float64, n int64) (int64, error) {
	switch {
	case n <= 0:
		return 0, errBucket("count must be greater than zero")
	case math.IsNaN(v) || math.IsNaN(lo) || math.IsNaN(hi):
		return 0, errBucket("operand, lower bound, and upper bound cannot be NaN")
	case inf2(lo, hi):
		return 0, errBucket("lower and upper bounds must be finite")
	case lo == hi:
		return 0, errBucket("lower bound cannot equal upper bound")
	}
	if lo > hi {
		v, lo, hi = -v, -lo, -hi
	}
	switch {
	case v < lo:
		return 0, nil
	case v >= hi:
		return toInt(n+1, 32)
	}
	part := (v - lo) / (hi - lo)
	if math.IsInf(hi-lo, 0) { // halves of what has no difference
		part = (v/2 - lo/2) / (hi/2 - lo/2)
	}
	return min(int64(part*float64(n)), n-1) + 1, nil
}

func bucketNum(v, lo, hi sqltype.Num, n int64) (int64, error) {
	switch {
	case n <= 0:
		return 0, errBucket("count must be greater than zero")
	case v.IsNaN() || lo.IsNaN() || hi.IsNaN():
		return 0, errBucket("operand, lower bound, and upper bound cannot be NaN")
	case lo.IsInf() != 0 || hi.IsInf() != 0:
		return 0, errBucket("lower and upper bounds must be finite")
	case lo.Cmp(hi) == 0:
		return 0, errBucket("lower bound cannot equal upper bound")
	}
	if lo.Cmp(hi) > 0 {
		v, lo, hi = v.Neg(), lo.Neg(), hi.Neg()
	}
	switch {
	case v.Cmp(lo) < 0:
		return 0, nil
	case v.Cmp(hi) >= 0:
		return toInt(n+1, 32)
	}
	off, err := v.Sub(lo)
	if err != nil {
		return 0, err
	}
	width, err := hi.Sub(lo)
	if err != nil {
		return 0, err
	}
	if off, err = off.Mul(sqltype.NumInt(n)); err != nil {
		return 0, err
	}
	q, err := off.DivTrunc(width)
	if err != nil {
		return 0, err
	}
	b, err := q.Int64("integer")
	return b + 1, err
}

// bucketArray finds v among ascending thresholds.
func bucketArray(c *call) (sqltype.Datum, error) {
	a := c.arg[1].Any.(*sqltype.ArrayValue)
	if len(a.Dims) > 1 {
		return sqltype.NullDatum, errDims("thresholds must be one-dimensional array")
	}
	lo, hi := 0, len(a.Vals)
	for lo < hi {
		mid := (lo + hi) / 2
		if a.Vals[mid].Null {
			return sqltype.NullDatum, dberr.SQL("22004", "thresholds array must not contain NULLs")
		}
		if sqltype.Compare(c.typ[0], c.arg[0], a.Vals[mid]) < 0 {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return sqltype.Datum{Int: int64(lo)}, nil
}

func roundFloat(v float64) float64 { return math.RoundToEven(v) }

func registerMath(t *tables) {
	registerMathFloat(t)
	registerMathNum(t)
	for _, n := range integers {
		if n.size > 16 {
			sig := "(" + n.name + "," + n.name + ") " + n.name
			t.def("gcd"+sig, e2(gcdInt(n.size)))
			t.def("lcm"+sig, e2(lcmInt(n.size)))
		}
	}
	t.def("random() float8 volatile", n0(random))
	t.def("setseed(float8) void volatile", n1(setSeed))
	t.def("width_bucket(float8,float8,float8,int4) int4", e4(bucketFloat))
	t.def("width_bucket(numeric,numeric,numeric,int4) int4", e4(bucketNum))
	t.def("width_bucket(anycompatible,anycompatiblearray) int4", rowwise(bucketArray))
}

func registerMathFloat(t *tables) {
	for name, f := range map[string]func(float64) float64{
		"ceil": math.Ceil, "ceiling": math.Ceil, "floor": math.Floor, "trunc": math.Trunc, "round": roundFloat,
		"cbrt": math.Cbrt, "degrees": func(v float64) float64 { return v * (180 / math.Pi) },
		"radians": func(v float64) float64 { return v * (math.Pi / 180) },
		"atan":    math.Atan, "tanh": math.Tanh, "asinh": math.Asinh, "erf": math.Erf, "erfc": math.Erfc,
		"sign":  func(v float64) float64 { return float64(b2i(v > 0) - b2i(v < 0)) },
		"atand": toDegrees(math.Atan, map[float64]float64{1: 45, -1: -45, 0: 0}),
	} {
		t.def(name+"(float8) float8 total", p1(f))
	}
	acosd := toDegrees(math.Acos, map[float64]float64{1: 0, .5: 60, 0: 90, -.5: 120, -1: 180})
	asind := toDegrees(math.Asin, map[float64]float64{1: 90, .5: 30, 0: 0, -.5: -30, -1: -90})
	for name, f := range map[string]func(float64) (float64, error){
		"sqrt": sqrtFloat, "exp": expFloat, "ln": logFloat(math.Log), "log": logFloat(math.Log10), "log10": logFloat(math.Log10),
		"sin": finite(math.Sin), "cos": finite(math.Cos), "tan": finite(math.Tan),
		"cot":  finite(func(v float64) float64 { return 1 / math.Tan(v) }),
		"asin": within(-1, 1, math.Asin), "acos": within(-1, 1, math.Acos),
		"sinh": bounded(math.Sinh), "cosh": bounded(math.Cosh),
		"acosh": within(1, math.Inf(1), math.Acosh), "atanh": within(-1, 1, math.Atanh),
		"sind": degreesOf(math.Sin, sinExact), "cosd": degreesOf(math.Cos, cosExact), "tand": degreesOf(math.Tan, tanExact),
		"cotd":  degreesOf(func(v float64) float64 { return 1 / math.Tan(v) }, cotExact),
		"asind": within(-1, 1, asind), "acosd": within(-1, 1, acosd),
	} {
		t.def(name+"(float8) float8", e1(f))
	}
	t.op("|/(float8) float8", e1(sqrtFloat))
	t.op("||/(float8) float8 total", p1(math.Cbrt))
	t.op("^(float8,float8) float8", e2(powerFloat))
	t.defs("power(float8,float8) float8", e2(powerFloat), "pow")
	t.def("atan2(float8,float8) float8 total", p2(math.Atan2))
	t.def("atan2d(float8,float8) float8 total", p2(func(y, x float64) float64 { return math.Atan2(y, x) * 180 / math.Pi }))
	t.def("pi() float8", n0(func(*Env) (float64, error) { return math.Pi, nil }))
}

func registerMathNum(t *tables) {
	type num = sqltype.Num
	for name, f := range map[string]func(num) num{
		"ceil": num.Ceil, "ceiling": num.Ceil, "floor": num.Floor, "trim_scale": num.TrimScale,
		"round": func(n num) num { return n.Round(0) }, "trunc": func(n num) num { return n.Trunc(0) },
		"sign": func(n num) num {
			if n.IsNaN() {
				return n
			}
			return sqltype.NumInt(int64(n.Sign()))
		},
	} {
		t.def(name+"(numeric) numeric total", p1(f))
	}
	for name, f := range map[string]func(num) (num, error){
		"sqrt": num.Sqrt, "exp": num.Exp, "ln": num.Ln,
		"log": log10Num, "log10": log10Num,
	} {
		t.def(name+"(numeric) numeric", e1(f))
	}
	t.def("log(numeric,numeric) numeric", e2(func(b, v num) (num, error) { return v.Log(b) }))
	t.defs("power(numeric,numeric) numeric", e2(num.Power), "pow")
	t.def("round(numeric,int4) numeric total", p2(func(n num, d int64) num { return n.Round(int(max(min(d, 1<<14), -1<<18))) }))
	t.def("trunc(numeric,int4) numeric total", p2(func(n num, d int64) num { return n.Trunc(int(max(min(d, 1<<14), -1<<18))) }))
	t.def("scale(numeric) int4", e1(func(n num) (int64, error) {
		if !n.Finite() {
			return 0, errNull
		}
		return int64(n.DScale()), nil
	}))
	t.def("min_scale(numeric) int4", e1(func(n num) (int64, error) {
		s, ok := n.MinScale()
		if !ok {
			return 0, errNull
		}
		return int64(s), nil
	}))
	t.def("gcd(numeric,numeric) numeric", e2(gcdNum))
	t.def("lcm(numeric,numeric) numeric", e2(lcmNum))
	t.def("factorial(int8) numeric", e1(factorial))
	t.def("numeric_inc(numeric) numeric", e1(func(n num) (num, error) { return n.Add(sqltype.NumInt(1)) }))
}

func log10Num(n sqltype.Num) (sqltype.Num, error) { return n.Log(sqltype.NumInt(10)) }
