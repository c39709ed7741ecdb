package sqltype

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/weftdb/weft/internal/dberr"
)

// mulPow10 multiplies by a power of ten and reports whether it fits.
func mulPow10(v int64, p int) (int64, bool) {
	if p >= 19 {
		return 0, v == 0
	}
	return mulInt64(v, int64(pow10u[p]))
}

func mulInt64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(absU64(a), absU64(b))
	if negative := (a < 0) != (b < 0); negative && hi == 0 && lo <= -math.MinInt64 {
		return int64(-lo), true
	}
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	return int64(lo), true
}

// align gives both coefficients the greater scale, where they fit.
func align(n, m Num) (a, b int64, scale int16, ok bool) {
	if n.Big != nil || m.Big != nil {
		return 0, 0, 0, false
	}
	a, b, ok = n.Coef, m.Coef, true
	switch {
	case n.Scale == m.Scale:
	case n.Scale < m.Scale:
		a, ok = mulPow10(a, int(m.Scale-n.Scale))
	default:
		b, ok = mulPow10(b, int(n.Scale-m.Scale))
	}
	return a, b, max(n.Scale, m.Scale), ok
}

func alignBig(n, m Num) (a, b *big.Int, scale int) {
	a, b = n.Unscaled(), m.Unscaled()
	switch d := int(n.Scale) - int(m.Scale); {
	case d < 0:
		a.Mul(a, pow10Big(-d))
	case d > 0:
		b.Mul(b, pow10Big(d))
	}
	return a, b, max(int(n.Scale), int(m.Scale))
}

// Add returns n + m.
func (n Num) Add(m Num) (Num, error) {
	if a, b, scale, ok := align(n, m); ok {
		if s := a + b; (s > a) == (b > 0) {
			return Num{Coef: s, Scale: scale}, nil
		}
	}
	x, y := n.special(), m.special()
	switch {
	case x == 2 || y == 2, x*y == -1:
		return NumNaN, nil
	case x != 0:
		return n, nil
	case y != 0:
		return m, nil
	}
	a, b, scale := alignBig(n, m)
	return numResult(a.Add(a, b), scale)
}

// Sub returns n - m.
func (n Num) Sub(m Num) (Num, error) {
	if a, b, scale, ok := align(n, m); ok {
		if s := a - b; (s < a) == (b > 0) {
			return Num{Coef: s, Scale: scale}, nil
		}
	}
	return n.Add(m.Neg())
}

// Mul returns n × m with the sum of the scales.
func (n Num) Mul(m Num) (Num, error) {
	if n.Big == nil && m.Big == nil {
		if c, ok := mulInt64(n.Coef, m.Coef); ok && int(n.Scale)+int(m.Scale) <= numMaxScale {
			return Num{Coef: c, Scale: n.Scale + m.Scale}, nil
		}
	}
	x, y := n.special(), m.special()
	if x != 0 || y != 0 {
		if x == 2 || y == 2 {
			return NumNaN, nil
		}
		return signedInf(n.Sign() * m.Sign()), nil
	}
	a := n.Unscaled()
	return numResult(a.Mul(a, m.Unscaled()), int(n.Scale)+int(m.Scale))
}

func signedInf(sign int) Num {
	switch {
	case sign > 0:
		return NumInf
	case sign < 0:
		return NumNegInf
	}
	return NumNaN
}

func errDivZero() error { return dberr.SQL(dberr.StateDivisionByZero, "division by zero") }

// nbase returns the weight in base 10000 of the first digit of |coef| × 10^-scale
// and that digit, as PostgreSQL holds it.
func nbase(digits, scale int, lead func(drop int) int64) (weight int, first int64) {
	if digits == 0 {
		return 0, 0
	}
	e := digits - 1 - scale // decimal exponent of the first decimal digit
	weight = floorDiv(e, 4)
	return weight, lead(weight*4 + scale)
}

// base10000 is nbase of n.
func (n Num) base10000() (weight int, first int64) {
	if n.Big == nil {
		u := absU64(n.Coef)
		return nbase(decLenU64(u), int(n.Scale), func(drop int) int64 {
			if drop < 0 {
				return int64(u) * int64(pow10u[-drop])
			}
			return int64(u / pow10u[drop])
		})
	}
	u := n.Unscaled()
	u.Abs(u)
	return nbase(decimalLen(u), int(n.Scale), func(drop int) int64 {
		if drop < 0 {
			return new(big.Int).Mul(u, pow10Big(-drop)).Int64()
		}
		return new(big.Int).Quo(u, pow10Big(drop)).Int64()
	})
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func decLenU64(v uint64) int {
	n := bits.Len64(v) * 1233 >> 12
	if n < len(pow10u) && v >= pow10u[n] {
		n++
	}
	return n
}

// divScale chooses the scale of a quotient: at least 16 significant digits.
func divScale(n, m Num) int {
	w1, f1 := n.base10000()
	w2, f2 := m.base10000()
	q := w1 - w2
	if f1 <= f2 {
		q--
	}
	scale := max(numMinSigDigits-q*4, int(n.Scale), int(m.Scale), 0)
	return min(scale, numMaxResultScale)
}

// Div returns n / m with PostgreSQL's choice of scale.
func (n Num) Div(m Num) (Num, error) {
	x, y := n.special(), m.special()
	if x != 0 || y != 0 {
		switch {
		case x == 2 || y == 2, x != 0 && y != 0:
			return NumNaN, nil
		case y != 0:
			return Num{}, nil
		case m.Sign() == 0:
			return Num{}, errDivZero()
		}
		return signedInf(x * m.Sign()), nil
	}
	if m.Sign() == 0 {
		return Num{}, errDivZero()
	}
	return n.divAt(m, divScale(n, m))
}

// divAt returns n / m rounded half away from zero to the scale.
func (n Num) divAt(m Num, scale int) (Num, error) {
	shift := scale + int(m.Scale) - int(n.Scale)
	if n.Big == nil && m.Big == nil && shift >= 0 && shift < len(pow10u) {
		b := absU64(m.Coef)
		if hi, lo := bits.Mul64(absU64(n.Coef), pow10u[shift]); hi < b {
			q, r := bits.Div64(hi, lo, b)
			if r >= b-r {
				q++
			}
			if q <= math.MaxInt64 && q != 0 {
				c := int64(q)
				if (n.Coef < 0) != (m.Coef < 0) {
					c = -c
				}
				return Num{Coef: c, Scale: int16(scale)}, nil
			}
		}
	}
	a, b := n.Unscaled(), m.Unscaled()
	if shift >= 0 {
		a.Mul(a, pow10Big(shift))
	} else {
		b.Mul(b, pow10Big(-shift))
	}
	return numResult(quoRound(a, b), scale)
}

// DivTrunc returns the integer part of n / m: PostgreSQL's div().
func (n Num) DivTrunc(m Num) (Num, error) {
	if !n.Finite() || !m.Finite() {
		q, err := n.Div(m)
		return q, err
	}
	if m.Sign() == 0 {
		return Num{}, errDivZero()
	}
	a, b, _ := alignBig(n, m)
	return numResult(a.Quo(a, b), 0)
}

// Mod returns the remainder of n / m with the sign of n.
func (n Num) Mod(m Num) (Num, error) {
	if a, b, scale, ok := align(n, m); ok && b != 0 && b != -1 {
		return Num{Coef: a % b, Scale: scale}, nil
	}
	x, y := n.special(), m.special()
	switch {
	case x == 2 || y == 2:
		return NumNaN, nil
	case m.Sign() == 0:
		return Num{}, errDivZero()
	case x != 0:
		return NumNaN, nil
	case y != 0:
		return n, nil
	}
	a, b, scale := alignBig(n, m)
	return numResult(a.Rem(a, b), scale)
}

// Round rounds half away from zero to places digits after the point; negative
// places round to tens, hundreds and so on.
func (n Num) Round(places int) Num {
	places = min(max(places, -numMaxDigits), numMaxScale)
	if !n.Finite() {
		return n
	}
	d := int(n.Scale) - places
	if n.Big == nil {
		if d <= 0 && places >= 0 {
			if c, ok := mulPow10(n.Coef, -d); ok {
				return Num{Coef: c, Scale: int16(places)}
			}
		} else if d > 0 && d < 19 && places >= 0 {
			p := int64(pow10u[d])
			q, r := n.Coef/p, n.Coef%p
			if absU64(r) >= uint64(p)-absU64(r) {
				q += int64(cmpInt(n.Coef, 0))
			}
			return Num{Coef: q, Scale: int16(places)}
		}
	}
	return descale(roundBig(n.Unscaled(), int(n.Scale), places), places)
}

// descale turns a value of possibly negative scale into a Num.
func descale(v *big.Int, scale int) Num {
	if scale < 0 {
		v, scale = v.Mul(v, pow10Big(-scale)), 0
	}
	return NumBig(v, scale)
}

// Trunc cuts to places digits after the point, towards zero.
func (n Num) Trunc(places int) Num {
	places = min(max(places, -numMaxDigits), numMaxScale)
	if !n.Finite() {
		return n
	}
	d := int(n.Scale) - places
	if d <= 0 {
		return n.Round(places)
	}
	if n.Big == nil && d < 19 && places >= 0 {
		return Num{Coef: n.Coef / int64(pow10u[d]), Scale: int16(places)}
	}
	v := n.Unscaled()
	return descale(v.Quo(v, pow10Big(d)), places)
}

// Ceil returns the least integer not below n.
func (n Num) Ceil() Num {
	t := n.Trunc(0)
	if n.Finite() && n.Cmp(t) > 0 {
		t, _ = t.Add(NumInt(1))
	}
	return t
}

// Floor returns the greatest integer not above n.
func (n Num) Floor() Num {
	t := n.Trunc(0)
	if n.Finite() && n.Cmp(t) < 0 {
		t, _ = t.Sub(NumInt(1))
	}
	return t
}

// MinScale returns the smallest scale that shows n exactly; ok is false for NaN
// and the infinities.
func (n Num) MinScale() (scale int, ok bool) {
	if !n.Finite() {
		return 0, false
	}
	return int(n.TrimScale().Scale), true
}

// TrimScale drops trailing zeros after the point.
func (n Num) TrimScale() Num {
	if !n.Finite() {
		return n
	}
	if n.Big == nil {
		for n.Scale > 0 && n.Coef%10 == 0 {
			n.Coef /= 10
			n.Scale--
			if n.Coef == 0 {
				n.Scale = 0
			}
		}
		return n
	}
	v := n.Unscaled()
	zeros := int(v.TrailingZeroBits()) // 10^k has k of them: mostly this settles it
	if zeros = min(zeros, int(n.Scale)); zeros == 0 {
		return n
	}
	digits := v.Append(nil, 10)
	k := 0
	for k < zeros && digits[len(digits)-1-k] == '0' {
		k++
	}
	return NumBig(v.Quo(v, pow10Big(k)), int(n.Scale)-k)
}

// ApplyMod rounds n to numeric(p, s) as Type.Mod says, and refuses what does not fit.
func (n Num) ApplyMod(mod int32) (Num, error) {
	p, s := Type{Mod: mod}.NumericPS()
	if p == 0 || n.IsNaN() {
		return n, nil
	}
	if n.IsInf() != 0 {
		return n, dberr.SQL(dberr.StateNumericOutOfRange, "numeric field overflow").
			WithDetail("A field with precision %d, scale %d cannot hold an infinite value.", p, s)
	}
	r := n.Round(s)
	var digits int
	if r.Big == nil {
		digits = decLenU64(absU64(r.Coef))
	} else {
		digits = decimalLen(r.Unscaled())
	}
	if digits-int(r.Scale) > p-s {
		limit := "1"
		if p-s != 0 {
			limit = "10^" + itoa(p-s)
		}
		return n, dberr.SQL(dberr.StateNumericOutOfRange, "numeric field overflow").
			WithDetail("A field with precision %d, scale %d must round to an absolute value less than %s.", p, s, limit)
	}
	return r, nil
}
