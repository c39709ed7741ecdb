package sqltype

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

func itoa(v int) string { return strconv.Itoa(v) }

// ParseNum reads PostgreSQL's numeric text form.
func ParseNum(s string) (Num, error) {
	if n, ok := parseNumFast(s); ok {
		return n, nil
	}
	t := strings.Trim(s, " \t\n\r\v\f")
	if n, ok := specialNum(t); ok {
		return n, nil
	}
	return parseNumSlow(s, t)
}

// parseNumFast reads plain numbers of up to 18 digits.
func parseNumFast(s string) (Num, bool) {
	i, neg := 0, false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg, i = s[0] == '-', 1
	}
	if len(s)-i > 19 || len(s) == i {
		return Num{}, false
	}
	var coef int64
	point, digits := -1, 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			coef = coef*10 + int64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = i
		default:
			return Num{}, false
		}
	}
	if digits == 0 || digits > 18 {
		return Num{}, false
	}
	if neg {
		coef = -coef
	}
	n := Num{Coef: coef}
	if point >= 0 {
		n.Scale = int16(len(s) - 1 - point)
	}
	return n, true
}

func specialNum(t string) (Num, bool) {
	switch strings.ToLower(t) {
	case "nan":
		return NumNaN, true
	case "infinity", "inf", "+infinity", "+inf":
		return NumInf, true
	case "-infinity", "-inf":
		return NumNegInf, true
	}
	return Num{}, false
}

func parseNumSlow(orig, t string) (Num, error) {
	bad := func() error { return errSyntax("numeric", orig) }
	neg := false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg, t = t[0] == '-', t[1:]
	}
	mant, exp := t, 0
	if i := strings.IndexAny(t, "eE"); i >= 0 {
		e, err := strconv.Atoi(t[i+1:])
		if err != nil && !strings.Contains(err.Error(), "out of range") || strings.ContainsRune(t[i+1:], '_') {
			return Num{}, bad()
		}
		mant, exp = t[:i], e
	}
	whole, frac, _ := strings.Cut(mant, ".")
	if whole == "" && frac == "" || !allDigits(whole) || !allDigits(frac) {
		return Num{}, bad()
	}
	if exp > math.MaxInt32/2 || exp < -math.MaxInt32/2 {
		return Num{}, errNumOverflow()
	}
	digits := strings.TrimLeft(whole+frac, "0")
	scale := len(frac) - exp
	if len(digits) > 0 && len(digits)-scale > numMaxDigits || scale > numMaxScale+len(digits) {
		return Num{}, errNumOverflow()
	}
	if digits == "" {
		return Num{Scale: int16(min(max(scale, 0), numMaxScale))}, nil
	}
	v, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return Num{}, bad()
	}
	if neg {
		v.Neg(v)
	}
	if scale < 0 {
		v, scale = v.Mul(v, pow10Big(-scale)), 0
	}
	if scale > numMaxScale {
		return Num{}, errNumOverflow()
	}
	return numResult(v, scale)
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// AppendText appends n in PostgreSQL's text form.
func (n Num) AppendText(dst []byte) []byte {
	switch n.special() {
	case 2:
		return append(dst, "NaN"...)
	case 1:
		return append(dst, "Infinity"...)
	case -1:
		return append(dst, "-Infinity"...)
	}
	var buf [24]byte
	var digits []byte
	neg := false
	if n.Big == nil {
		neg = n.Coef < 0
		digits = strconv.AppendUint(buf[:0], absU64(n.Coef), 10)
	} else {
		neg = n.Big.Negative
		digits = n.Big.Coeff.MathBigInt().Append(buf[:0], 10)
	}
	if neg {
		dst = append(dst, '-')
	}
	scale := int(n.Scale)
	if scale == 0 {
		return append(dst, digits...)
	}
	if len(digits) <= scale {
		dst = append(dst, '0', '.')
		for i := len(digits); i < scale; i++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// String returns n in PostgreSQL's text form.
func (n Num) String() string { return string(n.AppendText(nil)) }

// Int64 rounds half away from zero to an integer; typeName is named in the error.
func (n Num) Int64(typeName string) (int64, error) {
	if !n.Finite() {
		what := "infinity"
		if n.IsNaN() {
			what = "NaN"
		}
		return 0, dberr.SQL(dberr.StateFeatureNotSupported, "cannot convert %s to %s", what, typeName)
	}
	r := n.Round(0)
	if r.Big != nil {
		return 0, errRange(typeName)
	}
	return r.Coef, nil
}

// Float64 returns the nearest float.
func (n Num) Float64() float64 {
	if n.Big == nil {
		if absU64(n.Coef) < 1<<53 && n.Scale <= 22 {
			return float64(n.Coef) / float64pow10[n.Scale]
		}
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil && math.IsInf(f, 0) {
		return f
	}
	return f
}

var float64pow10 = [23]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// NumFloat converts a float as PostgreSQL does: with 15 significant digits (6 for
// bits = 32).
func NumFloat(f float64, bits int) Num {
	switch {
	case math.IsNaN(f):
		return NumNaN
	case math.IsInf(f, 1):
		return NumInf
	case math.IsInf(f, -1):
		return NumNegInf
	}
	digits := 15
	if bits == 32 {
		digits = 6
	}
	n, err := ParseNum(strconv.FormatFloat(f, 'g', digits, 64))
	if err != nil {
		return NumNaN
	}
	return n.TrimScale()
}
