package enc

import "math/big"

// Form says which kind of decimal a Decimal is.
type Form uint8

const (
	Finite Form = iota
	NegInf
	Inf
	NaN
)

// Decimal is ±Coef × 10^Exp, with Big in place of Coef where it is not nil.
// Decoded ones have no trailing zeros in the coefficient.
type Decimal struct {
	Form Form
	Neg  bool
	Coef uint64
	Big  *big.Int
	Exp  int
}

// AppendDecimal appends a decimal in the order of values: -Infinity, numbers,
// +Infinity, NaN. Values that are equal encode alike whatever their scale.
//
// A number is the exponent e of 0.d₁d₂… × 10^e and then its digits in pairs, one
// byte 2·pair+1 each, the last 2·pair; both inverted where it is negative.
func AppendDecimal(dst []byte, d Decimal) []byte {
	switch d.Form {
	case NegInf:
		return append(dst, tagDecNegInf)
	case Inf:
		return append(dst, tagDecInf)
	case NaN:
		return append(dst, tagDecNaN)
	}
	var buf [20]byte
	var digits []byte
	if d.Big != nil {
		digits = d.Big.Append(nil, 10)
		if digits[0] == '-' {
			digits = digits[1:]
		}
	} else {
		digits = appendDigits(buf[:0], d.Coef)
	}
	e := len(digits) + d.Exp
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 {
		return append(dst, tagDecZero)
	}
	tag := byte(tagDecPos)
	if d.Neg {
		tag = tagDecNeg
	}
	dst = append(dst, tag)
	from := len(dst)
	dst = AppendInt(dst, int64(e))
	for i := 0; i < len(digits); i += 2 {
		pair := (digits[i] - '0') * 10
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		b := pair*2 + 1
		if i+2 >= len(digits) {
			b = pair * 2
		}
		dst = append(dst, b)
	}
	if d.Neg {
		invert(dst[from:])
	}
	return dst
}

// AppendDecimalDesc is AppendDecimal in descending order.
func AppendDecimalDesc(dst []byte, d Decimal) []byte { return Invert(AppendDecimal(dst, d), len(dst)) }

func appendDigits(dst []byte, v uint64) []byte {
	var b [20]byte
	i := len(b)
	for v > 0 {
		i--
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, b[i:]...)
}

// DecodeDecimal reads a decimal of either direction.
func DecodeDecimal(src []byte) (d Decimal, rest []byte, err error) {
	tag, mask, err := head(src)
	if err != nil {
		return d, nil, err
	}
	rest = src[1:]
	switch tag {
	case tagDecNegInf:
		return Decimal{Form: NegInf}, rest, nil
	case tagDecInf:
		return Decimal{Form: Inf}, rest, nil
	case tagDecNaN:
		return Decimal{Form: NaN}, rest, nil
	case tagDecZero:
		return Decimal{}, rest, nil
	case tagDecPos:
	case tagDecNeg:
		mask = ^mask
		d.Neg = true
	default:
		return d, nil, ErrFormat
	}
	if Descending(rest) != (mask != 0) {
		return d, nil, formatOrShort(rest)
	}
	e, rest, err := DecodeInt(rest)
	if err != nil {
		return d, nil, err
	}
	if e > 1<<30 || e < -(1<<30) {
		return d, nil, ErrFormat
	}
	n, err := mantissaLen(rest, mask)
	if err != nil {
		return d, nil, err
	}
	if err := d.setMantissa(rest[:n], mask, int(e)); err != nil {
		return d, nil, err
	}
	return d, rest[n:], nil
}

func formatOrShort(b []byte) error {
	if len(b) == 0 {
		return ErrShort
	}
	return ErrFormat
}

// mantissaLen finds the last pair, which is the first byte with an even value.
func mantissaLen(b []byte, mask byte) (int, error) {
	for i, c := range b {
		c ^= mask
		if c > 2*99+1 {
			return 0, ErrFormat
		}
		if c&1 == 0 {
			return i + 1, nil
		}
	}
	return 0, ErrShort
}

// setMantissa fills in the coefficient and the exponent. Leading and trailing
// zero pairs are refused: such bytes were never written.
func (d *Decimal) setMantissa(b []byte, mask byte, e int) error {
	first, last := (b[0]^mask)/2, (b[len(b)-1]^mask)/2
	if first < 10 || last == 0 {
		return ErrFormat
	}
	digits := len(b) * 2
	var text []byte
	if digits > 18 {
		text = make([]byte, 0, digits)
	}
	var coef uint64
	for _, c := range b {
		pair := (c ^ mask) / 2
		if text != nil {
			text = append(text, '0'+pair/10, '0'+pair%10)
			continue
		}
		coef = coef*100 + uint64(pair)
	}
	odd := last%10 == 0
	if odd {
		digits--
	}
	d.Exp = e - digits
	if text == nil {
		if odd {
			coef /= 10
		}
		d.Coef = coef
		return nil
	}
	v, ok := new(big.Int).SetString(string(text[:digits]), 10)
	if !ok {
		return ErrFormat
	}
	if v.IsUint64() {
		d.Coef = v.Uint64()
	} else {
		d.Big = v
	}
	return nil
}
