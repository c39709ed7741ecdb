package sqltype

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"
	"github.com/weftdb/weft/internal/dberr"
)

// apdOf returns n as an apd decimal that must not be changed.
func (n Num) apdOf() *apd.Decimal {
	if n.Big != nil {
		return n.Big
	}
	return apd.New(n.Coef, int32(-n.Scale))
}

// numFromAPD rounds d half away from zero to scale.
func numFromAPD(d *apd.Decimal, scale int) (Num, error) {
	if d.Form != apd.Finite {
		return Num{}, errNumOverflow()
	}
	v := new(big.Int).Set(d.Coeff.MathBigInt())
	if d.Negative {
		v.Neg(v)
	}
	from := int(-d.Exponent)
	if from < scale {
		v.Mul(v, pow10Big(scale-from))
	} else {
		if from-scale > decimalLen(v)+1 {
			return Num{Scale: int16(scale)}, nil
		}
		v = roundBig(v, from, scale)
	}
	return numResult(v, scale)
}

func apdContext(prec int) *apd.Context {
	return &apd.Context{Precision: uint32(max(prec, 20)), MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent,
		Rounding: apd.RoundHalfEven}
}

// clampScale bounds the scale of a computed result.
func clampScale(scale int, args ...Num) int {
	for _, a := range args {
		scale = max(scale, int(a.Scale))
	}
	return min(max(scale, 0), numMaxResultScale)
}

// Sqrt returns the square root.
func (n Num) Sqrt() (Num, error) {
	if n.IsNaN() || n.IsInf() > 0 {
		return n, nil
	}
	if n.Sign() < 0 {
		return Num{}, dberr.SQL(dberr.StateInvalidPowerArgument, "cannot take square root of a negative number")
	}
	w, _ := n.base10000()
	sweight := (w+1)*4/2 - 1
	scale := clampScale(numMinSigDigits-sweight, n)
	v := n.Unscaled()
	shift := 2*(scale+1) - int(n.Scale)
	if shift >= 0 {
		v.Mul(v, pow10Big(shift))
	} else {
		v.Quo(v, pow10Big(-shift))
	}
	v.Sqrt(v)
	return numResult(quoRound(v, bigPow10[1]), scale)
}

// Exp returns e to the power of n.
func (n Num) Exp() (Num, error) {
	switch n.special() {
	case 1, 2:
		return n, nil
	case -1:
		return Num{}, nil
	}
	val := n.Float64() * 0.434294481903252
	val = max(min(val, numMaxResultScale), -numMaxResultScale)
	scale := clampScale(numMinSigDigits-int(val), n)
	if n.Float64() >= numMaxResultScale*3*16 {
		return Num{}, errNumOverflow()
	}
	if n.Float64() < -numMaxResultScale*3 {
		return Num{Scale: numMaxResultScale}, nil
	}
	return n.expAt(scale, int(n.Float64()*0.434294481903252))
}

// expAt computes e^n to scale; weight is the result's decimal exponent.
func (n Num) expAt(scale, weight int) (Num, error) {
	var d apd.Decimal
	if _, err := apdContext(scale+weight+12).Exp(&d, n.apdOf()); err != nil {
		return Num{}, errNumOverflow()
	}
	return numFromAPD(&d, scale)
}

var (
	num09 = Num{Coef: 9, Scale: 1}
	num11 = Num{Coef: 11, Scale: 1}
)

// lnWeight estimates the decimal exponent of ln(n) as PostgreSQL does, since
// the scale of results depends on it.
func (n Num) lnWeight() int {
	if n.Sign() <= 0 {
		return 0
	}
	if n.Cmp(num09) >= 0 && n.Cmp(num11) <= 0 {
		x, _ := n.Sub(NumInt(1))
		if x.Sign() == 0 {
			return 0
		}
		w, first := x.base10000()
		return w*4 + int(math.Log10(float64(first)))
	}
	digits, dweight := n.leadDigits(2)
	return int(math.Log10(math.Abs(math.Log(digits) + float64(dweight)*2.302585092994046)))
}

// leadDigits returns the number made of the first groups base-10000 digits (as
// many as there are) and the decimal weight of its last one.
func (n Num) leadDigits(groups int) (f float64, weight int) {
	v := n.Unscaled()
	v.Abs(v)
	w, _ := n.base10000()
	low := floorDiv(-int(n.TrimScale().Scale), 4) // weight of the last stored digit
	if n.TrimScale().Scale == 0 {
		low = 0
		for v.Sign() != 0 && low <= w {
			if new(big.Int).Rem(v, pow10Big(int(n.Scale)+4*(low+1))).Sign() != 0 {
				break
			}
			low++
		}
	}
	last := max(w-groups+1, low)
	drop := last*4 + int(n.Scale)
	if drop >= 0 {
		v.Quo(v, pow10Big(drop))
	} else {
		v.Mul(v, pow10Big(-drop))
	}
	f, _ = new(big.Float).SetInt(v).Float64()
	return f, last * 4
}

func checkLog(n Num) error {
	if n.Finite() && n.Sign() == 0 {
		return dberr.SQL(dberr.StateInvalidLogArgument, "cannot take logarithm of zero")
	}
	if n.Sign() < 0 {
		return dberr.SQL(dberr.StateInvalidLogArgument, "cannot take logarithm of a negative number")
	}
	return nil
}

// Ln returns the natural logarithm.
func (n Num) Ln() (Num, error) {
	if n.IsNaN() {
		return n, nil
	}
	if err := checkLog(n); err != nil {
		return Num{}, err
	}
	if n.IsInf() > 0 {
		return n, nil
	}
	return n.lnAt(clampScale(numMinSigDigits-n.lnWeight(), n))
}

func (n Num) lnAt(scale int) (Num, error) {
	var d apd.Decimal
	if _, err := apdContext(scale+12+max(n.lnWeight(), 0)).Ln(&d, n.apdOf()); err != nil {
		return Num{}, errNumOverflow()
	}
	return numFromAPD(&d, scale)
}

// Log returns the logarithm of n to the base.
func (n Num) Log(base Num) (Num, error) {
	if n.IsNaN() || base.IsNaN() {
		return NumNaN, nil
	}
	if (n.IsInf() != 0 || base.IsInf() != 0) && (n.Sign() < 0 || base.Sign() < 0) {
		return Num{}, checkLog(NumInt(-1))
	}
	if err := checkLog(base); err != nil {
		return Num{}, err
	}
	if err := checkLog(n); err != nil {
		return Num{}, err
	}
	if n.IsInf() != 0 || base.IsInf() != 0 {
		switch {
		case n.IsInf() != 0 && base.IsInf() != 0:
			return NumNaN, nil
		case base.IsInf() != 0:
			return Num{}, nil
		}
		return NumInf, nil
	}
	weight := n.lnWeight() - base.lnWeight()
	scale := clampScale(numMinSigDigits-weight, base, n)
	c := apdContext(scale + max(weight, 0) + 20)
	var a, b, q apd.Decimal
	if _, err := c.Ln(&a, n.apdOf()); err != nil {
		return Num{}, errNumOverflow()
	}
	if _, err := c.Ln(&b, base.apdOf()); err != nil {
		return Num{}, errNumOverflow()
	}
	if b.IsZero() {
		return Num{}, errDivZero()
	}
	if _, err := c.Quo(&q, &a, &b); err != nil {
		return Num{}, errNumOverflow()
	}
	return numFromAPD(&q, scale)
}

// Power returns n to the power of exp.
func (n Num) Power(exp Num) (Num, error) {
	if !n.Finite() || !exp.Finite() {
		return powerSpecial(n, exp)
	}
	switch {
	case n.Sign() == 0 && exp.Sign() < 0:
		return Num{}, dberr.SQL(dberr.StateInvalidPowerArgument, "zero raised to a negative power is undefined")
	case n.Sign() < 0 && !exp.Equal(exp.Trunc(0)):
		return Num{}, dberr.SQL(dberr.StateInvalidPowerArgument,
			"a negative number raised to a non-integer power yields a complex result")
	}
	if e := exp.Trunc(0); e.Equal(exp) && e.Big == nil && e.Coef >= math.MinInt32 && e.Coef <= math.MaxInt32 {
		return n.powerInt(int(e.Coef), int(exp.Scale))
	}
	if n.Sign() == 0 {
		return Num{Scale: numMinSigDigits}, nil
	}
	return n.powerFrac(exp)
}

// powerSpecial follows POSIX pow() for NaN and the infinities.
func powerSpecial(n, exp Num) (Num, error) {
	one := NumInt(1)
	switch {
	case n.IsNaN():
		if exp.Finite() && exp.Sign() == 0 {
			return one, nil
		}
		return NumNaN, nil
	case exp.IsNaN():
		if n.Equal(one) {
			return one, nil
		}
		return NumNaN, nil
	case n.Equal(one), exp.Finite() && exp.Sign() == 0:
		return one, nil
	case n.Finite() && n.Sign() == 0 && exp.Sign() < 0:
		return Num{}, dberr.SQL(dberr.StateInvalidPowerArgument, "zero raised to a negative power is undefined")
	case exp.IsInf() != 0:
		c := n.Abs().Cmp(one)
		switch {
		case c == 0:
			return one, nil
		case (c > 0) == (exp.IsInf() > 0):
			return NumInf, nil
		}
		return Num{}, nil
	case n.IsInf() < 0 && !exp.Equal(exp.Trunc(0)):
		return Num{}, dberr.SQL(dberr.StateInvalidPowerArgument,
			"a negative number raised to a non-integer power yields a complex result")
	case exp.Sign() < 0:
		return Num{}, nil
	case n.IsInf() > 0:
		return NumInf, nil
	}
	if odd, _ := exp.Mod(NumInt(2)); odd.Sign() != 0 {
		return NumNegInf, nil
	}
	return NumInf, nil
}

func (n Num) powerInt(exp, expScale int) (Num, error) {
	scale := clampScale(max(numMinSigDigits, expScale), n)
	switch {
	case exp == 0:
		return NumInt(1).Round(scale), nil
	case n.Sign() == 0:
		return Num{Scale: int16(scale)}, nil
	}
	lead, weight := n.leadDigits(4)
	f := float64(exp) * (math.Log10(lead) + float64(weight))
	if f > (math.MaxInt16+1)*4 {
		return Num{}, errNumOverflow()
	}
	if f+1 < -float64(scale) {
		return Num{Scale: int16(scale)}, nil
	}
	if v, ok := n.powerExact(absInt(exp)); ok {
		if exp < 0 {
			return NumInt(1).divAt(v, scale)
		}
		return v.roundChecked(scale)
	}
	var d apd.Decimal
	c := apdContext(scale + max(int(f), 0) + 30)
	if _, err := c.Pow(&d, n.apdOf(), apd.New(int64(exp), 0)); err != nil {
		return Num{}, errNumOverflow()
	}
	return numFromAPD(&d, scale)
}

func absInt(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

// roundChecked is Round for results that may be too large.
func (n Num) roundChecked(scale int) (Num, error) {
	r := n.Round(scale)
	if r.Big == nil {
		return r, nil
	}
	return numResult(r.Unscaled(), int(r.Scale))
}

// powerExact multiplies out powers of up to some thousands of digits.
func (n Num) powerExact(exp int) (Num, bool) {
	v := n.Unscaled()
	if v.BitLen()*exp > 1<<17 || int(n.Scale)*exp > numMaxScale {
		return Num{}, false
	}
	return NumBig(v.Exp(v, big.NewInt(int64(exp)), nil), int(n.Scale)*exp), true
}

func (n Num) powerFrac(exp Num) (Num, error) {
	estimate := max(8-n.Abs().lnWeight(), 0) // digits enough to choose a scale by
	ln, err := n.Abs().lnAt(estimate)
	if err != nil {
		return Num{}, err
	}
	prod, err := ln.Mul(exp)
	if err != nil {
		return Num{}, err
	}
	val := prod.Round(estimate).Float64()
	if math.Abs(val) > numMaxResultScale*3.01 {
		if val > 0 {
			return Num{}, errNumOverflow()
		}
		return Num{Scale: numMaxResultScale}, nil
	}
	weight := int(val * 0.434294481903252)
	scale := clampScale(numMinSigDigits-weight, n, exp)
	c := apdContext(scale + max(weight, 0) + 20 + decimalLen(exp.Unscaled()))
	var l, p, d apd.Decimal
	if _, err := c.Ln(&l, n.Abs().apdOf()); err != nil {
		return Num{}, errNumOverflow()
	}
	if _, err := c.Mul(&p, &l, exp.apdOf()); err != nil {
		return Num{}, errNumOverflow()
	}
	if _, err := c.Exp(&d, &p); err != nil {
		return Num{}, errNumOverflow()
	}
	r, err := numFromAPD(&d, scale)
	if err == nil && n.Sign() < 0 {
		if odd, _ := exp.Mod(NumInt(2)); odd.Sign() != 0 {
			r = r.Neg()
		}
	}
	return r, err
}
