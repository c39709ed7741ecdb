package sqltype

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/cockroachdb/apd/v3"
	"github.com/weftdb/weft/internal/dberr"
)

// Num is an exact decimal: PostgreSQL's numeric. Where Big is nil the value is
// Coef × 10^-Scale, which serves nearly all data without allocation; otherwise
// Big holds it (or NaN or an infinity). Scale is the display scale, 0 to 16383.
// A Num is immutable.
type Num struct {
	Coef  int64
	Scale int16
	Big   *apd.Decimal
}

const (
	numMaxScale       = 16383  // of any value
	numMaxDigits      = 131072 // before the decimal point
	numMaxResultScale = 1000   // of a computed quotient, root or logarithm
	numMinSigDigits   = 16     // that these show at least
)

// The special values.
var (
	NumNaN    = Num{Big: &apd.Decimal{Form: apd.NaN}}
	NumInf    = Num{Big: &apd.Decimal{Form: apd.Infinite}}
	NumNegInf = Num{Big: &apd.Decimal{Form: apd.Infinite, Negative: true}}
)

// pow10u holds the powers of ten that fit a uint64.
var pow10u = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

var bigPow10 = func() (p [80]*big.Int) {
	p[0] = big.NewInt(1)
	for i := 1; i < len(p); i++ {
		p[i] = new(big.Int).Mul(p[i-1], big.NewInt(10))
	}
	return p
}()

// pow10Big returns 10^n, which the caller must not change.
func pow10Big(n int) *big.Int {
	if n < len(bigPow10) {
		return bigPow10[n]
	}
	return new(big.Int).Exp(bigPow10[1], big.NewInt(int64(n)), nil)
}

// NumInt returns v with scale 0.
func NumInt(v int64) Num { return Num{Coef: v} }

// NumScaled returns coef × 10^-scale.
func NumScaled(coef int64, scale int) Num { return Num{Coef: coef, Scale: int16(scale)} }

// NumBig returns coef × 10^-scale, which it keeps no reference to.
func NumBig(coef *big.Int, scale int) Num {
	if coef.IsInt64() {
		return Num{Coef: coef.Int64(), Scale: int16(scale)}
	}
	d := &apd.Decimal{Exponent: int32(-scale), Negative: coef.Sign() < 0}
	d.Coeff.SetMathBigInt(new(big.Int).Abs(coef))
	return Num{Scale: int16(scale), Big: d}
}

// numResult is NumBig with the checks that every computed value passes.
func numResult(coef *big.Int, scale int) (Num, error) {
	if scale > numMaxScale {
		coef, scale = roundBig(coef, scale, numMaxScale), numMaxScale
	}
	if coef.BitLen() > 400_000 && decimalLen(coef)-scale > numMaxDigits {
		return Num{}, errNumOverflow()
	}
	return NumBig(coef, scale), nil
}

func errNumOverflow() error {
	return dberr.SQL(dberr.StateNumericOutOfRange, "value overflows numeric format")
}

// IsNaN reports whether n is NaN.
func (n Num) IsNaN() bool { return n.Big != nil && n.Big.Form >= apd.NaNSignaling }

// IsInf returns +1 and -1 for the infinities and 0 otherwise.
func (n Num) IsInf() int {
	if n.Big == nil || n.Big.Form != apd.Infinite {
		return 0
	}
	if n.Big.Negative {
		return -1
	}
	return 1
}

// Finite reports whether n is a number.
func (n Num) Finite() bool { return n.Big == nil || n.Big.Form == apd.Finite }

// DScale returns the display scale: the number of digits after the point.
func (n Num) DScale() int { return int(n.Scale) }

// Unscaled returns the coefficient as a fresh big integer; n must be finite.
func (n Num) Unscaled() *big.Int {
	if n.Big == nil {
		return big.NewInt(n.Coef)
	}
	v := new(big.Int).Set(n.Big.Coeff.MathBigInt())
	if n.Big.Negative {
		v.Neg(v)
	}
	return v
}

// Sign returns -1, 0 or +1; 0 for NaN.
func (n Num) Sign() int {
	switch {
	case n.Big == nil:
		return cmpInt(n.Coef, 0)
	case n.IsNaN():
		return 0
	case n.Big.Negative:
		return -1
	}
	return 1
}

// special orders the values that are not numbers around those that are.
func (n Num) special() int {
	switch {
	case n.Finite():
		return 0
	case n.IsNaN():
		return 2
	}
	return n.IsInf()
}

// Cmp compares values, not scales. NaN equals itself and is greater than all.
func (n Num) Cmp(m Num) int {
	if n.Big == nil && m.Big == nil {
		if n.Scale == m.Scale {
			return cmpInt(n.Coef, m.Coef)
		}
		return cmpSmall(n, m)
	}
	if a, b := n.special(), m.special(); a != 0 || b != 0 {
		return cmpInt(int64(a), int64(b))
	}
	if a, b := n.Sign(), m.Sign(); a != b {
		return cmpInt(int64(a), int64(b))
	}
	x, y := n.Unscaled(), m.Unscaled()
	switch d := int(n.Scale) - int(m.Scale); {
	case d < 0:
		x.Mul(x, pow10Big(-d))
	case d > 0:
		y.Mul(y, pow10Big(d))
	}
	return x.Cmp(y)
}

// Equal reports whether the values are equal, whatever their scales.
func (n Num) Equal(m Num) bool { return n.Cmp(m) == 0 }

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// cmpSmall compares coefficients of different scales in 128 bits.
func cmpSmall(n, m Num) int {
	sa, sb := cmpInt(n.Coef, 0), cmpInt(m.Coef, 0)
	if sa != sb || sa == 0 {
		return cmpInt(int64(sa), int64(sb))
	}
	a, b, d := absU64(n.Coef), absU64(m.Coef), int(m.Scale)-int(n.Scale)
	swap := d < 0
	if swap {
		a, b, d = b, a, -d
	}
	r := 1 // a × 10^d with d > 19 exceeds every uint64
	if d < len(pow10u) {
		hi, lo := bits.Mul64(a, pow10u[d])
		switch {
		case hi == 0 && lo < b:
			r = -1
		case hi == 0 && lo == b:
			r = 0
		}
	}
	if swap {
		r = -r
	}
	return r * sa
}

func absU64(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// Neg returns -n.
func (n Num) Neg() Num {
	if n.Big == nil && n.Coef != math.MinInt64 {
		n.Coef = -n.Coef
		return n
	}
	switch n.special() {
	case 2:
		return n
	case 1:
		return NumNegInf
	case -1:
		return NumInf
	}
	v := n.Unscaled()
	return NumBig(v.Neg(v), int(n.Scale))
}

// Abs returns |n|.
func (n Num) Abs() Num {
	if n.Sign() < 0 {
		return n.Neg()
	}
	return n
}

// decimalLen returns the number of decimal digits of |v|; 0 for 0.
func decimalLen(v *big.Int) int {
	if v.Sign() == 0 {
		return 0
	}
	n := int(float64(v.BitLen()-1) * 0.30102999566398119521)
	for v.CmpAbs(pow10Big(n)) >= 0 {
		n++
	}
	return n
}

// roundBig brings coef from one scale to a smaller one, half away from zero.
func roundBig(coef *big.Int, from, to int) *big.Int {
	if to >= from {
		return new(big.Int).Mul(coef, pow10Big(to-from))
	}
	p := pow10Big(from - to)
	return quoRound(coef, p)
}

// quoRound returns a / b rounded half away from zero.
func quoRound(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	r.Lsh(r.Abs(r), 1)
	if r.CmpAbs(b) >= 0 {
		if (a.Sign() < 0) != (b.Sign() < 0) {
			q.Sub(q, bigPow10[0])
		} else {
			q.Add(q, bigPow10[0])
		}
	}
	return q
}
