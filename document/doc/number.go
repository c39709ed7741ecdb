package doc

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"

	"github.com/weftdb/weft/internal/enc"
)

// maxExponentDigits bounds the exponent of a number.
const maxExponentDigits = 9

// cutNumber takes a number by the grammar of JSON off the beginning of b.
func cutNumber(b []byte) (rest []byte, ok bool) {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i] >= '1' && b[i] <= '9':
		i = digitsEnd(b, i)
	default:
		return b, false
	}
	if i < len(b) && b[i] == '.' {
		end := digitsEnd(b, i+1)
		if end == i+1 {
			return b, false
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := digitsEnd(b, i)
		if end == i {
			return b, false
		}
		i = end
	}
	return b[i:], true
}

func digitsEnd(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// exponentTooLong says whether a well-formed number has an exponent beyond the limit.
func exponentTooLong(b []byte) bool {
	for i, c := range b {
		if c == 'e' || c == 'E' {
			e := b[i+1:]
			if len(e) > 0 && (e[0] == '+' || e[0] == '-') {
				e = e[1:]
			}
			for len(e) > 0 && e[0] == '0' {
				e = e[1:]
			}
			return len(e) > maxExponentDigits
		}
	}
	return false
}

// parseInt takes integers of 64 bits in their one way of writing.
func parseInt(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 20 || string(text) == "-0" {
		return 0, false
	}
	for i, c := range text {
		if (c < '0' || c > '9') && (i > 0 || c != '-') {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil
}

// parseFloat is the nearest double, an infinity where that is out of range.
func parseFloat(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0
	}
	return f
}

// appendShortest appends the shortest text of a double, as JavaScript writes it.
func appendShortest(dst []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		from := len(dst)
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		// e-09 to e-9
		if n := len(dst); n-from >= 4 && dst[n-4] == 'e' && (dst[n-3] == '-' || dst[n-3] == '+') && dst[n-2] == '0' {
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// AppendNumberText appends the text of a number as it was written.
func (v Value) AppendNumberText(dst []byte) []byte {
	switch v.b[0] {
	case tagInt:
		n, _ := binary.Varint(v.b[1:])
		return strconv.AppendInt(dst, n, 10)
	case tagFloat:
		return appendShortest(dst, math.Float64frombits(binary.LittleEndian.Uint64(v.b[1:])))
	}
	return append(dst, v.decimalText()...)
}

// decimal is ±0.d₁d₂… × 10^exp; no digits is zero. Digits begin and end with one
// that is not 0.
type decimal struct {
	neg    bool
	digits []byte
	exp    int64
}

// decimal splits a number. The digits are appended to buf.
func (v Value) decimal(buf []byte) (d decimal) {
	var text [32]byte
	s := v.AppendNumberText(text[:0])
	if s[0] == '-' {
		d.neg = true
		s = s[1:]
	}
	digits, point, frac := buf[:0], 0, false
	for i, c := range s {
		switch {
		case c == '.':
			frac = true
			continue
		case c == 'e' || c == 'E':
			e, _ := strconv.ParseInt(string(s[i+1:]), 10, 64) // bounded when it was parsed
			d.exp = e
		default:
			if !frac {
				point++
			}
			digits = append(digits, c)
			continue
		}
		break
	}
	d.exp += int64(point)
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
		d.exp--
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 {
		return decimal{}
	}
	d.digits = digits
	return d
}

func (d *decimal) sign() int {
	switch {
	case len(d.digits) == 0:
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// compareNumbers compares two numbers by value, exactly.
func compareNumbers(a, b Value) int {
	if a.b[0] == tagInt && b.b[0] == tagInt {
		x, _ := binary.Varint(a.b[1:])
		y, _ := binary.Varint(b.b[1:])
		return order(x, y)
	}
	if x, ok := a.exact(); ok {
		if y, ok := b.exact(); ok {
			return order(x, y)
		}
	}
	var ba, bb [64]byte
	x, y := a.decimal(ba[:]), b.decimal(bb[:])
	sx, sy := x.sign(), y.sign()
	if sx != sy || sx == 0 {
		return order(sx, sy)
	}
	c := order(x.exp, y.exp)
	if c == 0 {
		c = order(string(x.digits), string(y.digits)) // neither ends with 0
	}
	return c * sx
}

// exact is a number as a double where comparing doubles compares the numbers: a
// double in its shortest text, and an integer that doubles hold.
func (v Value) exact() (float64, bool) {
	switch v.b[0] {
	case tagFloat:
		return math.Float64frombits(binary.LittleEndian.Uint64(v.b[1:])), true
	case tagInt:
		n, _ := binary.Varint(v.b[1:])
		return float64(n), n >= -1<<53 && n <= 1<<53
	}
	return 0, false
}

func order[T int | int64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// appendNumberKey appends a number in the order of values.
func (v Value) appendNumberKey(dst []byte) []byte {
	if n, ok := v.Int(); ok {
		if n < 0 {
			return enc.AppendDecimal(dst, enc.Decimal{Neg: true, Coef: -uint64(n)})
		}
		return enc.AppendDecimal(dst, enc.Decimal{Coef: uint64(n)})
	}
	var buf [64]byte
	d := v.decimal(buf[:])
	out := enc.Decimal{Neg: d.neg}
	if len(d.digits) > 0 {
		out.Exp = int(d.exp) - len(d.digits)
		if len(d.digits) <= 18 {
			for _, c := range d.digits {
				out.Coef = out.Coef*10 + uint64(c-'0')
			}
		} else {
			out.Big, _ = new(big.Int).SetString(string(d.digits), 10)
		}
	}
	return enc.AppendDecimal(dst, out)
}
