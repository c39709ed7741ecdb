package doc

import (
	"math"
	"math/bits"

	"github.com/cockroachdb/apd/v3"

	"github.com/weftdb/weft/internal/dberr"
)

// exactDigits is how many digits a sum or product may have.
const exactDigits = 200

var exactly = apd.Context{Precision: exactDigits, MaxExponent: 100_000, MinExponent: -100_000,
	Traps: apd.DefaultTraps | apd.Inexact}

// Add is a + b, exact.
func Add(a, b Value) (Value, error) {
	x, okX := a.Int()
	y, okY := b.Int()
	if sum := x + y; okX && okY && (sum > x) == (y > 0) {
		return Value{AppendInt(nil, sum)}, nil
	}
	return apply(a, b, exactly.Add, "sum")
}

// Sub is a - b, exact.
func Sub(a, b Value) (Value, error) { return apply(a, b, exactly.Sub, "difference") }

// Mul is a × b, exact.
func Mul(a, b Value) (Value, error) {
	x, okX := a.Int()
	y, okY := b.Int()
	if okX && okY && x != math.MinInt64 && y != math.MinInt64 {
		high, low := bits.Mul64(uint64(max(x, -x)), uint64(max(y, -y)))
		if high == 0 && low <= math.MaxInt64 {
			if (x < 0) != (y < 0) {
				return Value{AppendInt(nil, -int64(low))}, nil
			}
			return Value{AppendInt(nil, int64(low))}, nil
		}
	}
	return apply(a, b, exactly.Mul, "product")
}

func apply(a, b Value, op func(d, x, y *apd.Decimal) (apd.Condition, error), what string) (Value, error) {
	var x, y, d apd.Decimal
	if err := a.apd(&x); err != nil {
		return Value{}, err
	}
	if err := b.apd(&y); err != nil {
		return Value{}, err
	}
	if _, err := op(&d, &x, &y); err != nil {
		return Value{}, dberr.New(dberr.ErrConstraint, "NUMERIC_OUT_OF_RANGE", "the %s of %s and %s has more than %d digits or too large an exponent",
			what, a.shortText(), b.shortText(), exactDigits)
	}
	return FromDecimal(&d), nil
}

// apd is v as a decimal.
func (v Value) apd(d *apd.Decimal) error {
	if v.Kind() != Number {
		return dberr.New(dberr.ErrInvalid, "INVALID_OPERAND", "%s is not a number", v.Kind())
	}
	if _, _, err := d.SetString(string(v.AppendNumberText(nil))); err != nil {
		return dberr.New(dberr.ErrConstraint, "NUMERIC_OUT_OF_RANGE", "the number %s cannot be calculated with", v.shortText()).Wrap(err)
	}
	return nil
}

// Decimal is v as a decimal.
func (v Value) Decimal() (*apd.Decimal, error) {
	d := new(apd.Decimal)
	return d, v.apd(d)
}

// FromDecimal is the number d, which must be finite, without zeros at its end.
func FromDecimal(d *apd.Decimal) Value {
	var r apd.Decimal
	r.Reduce(d)
	if r.IsZero() {
		return Value{AppendInt(nil, 0)}
	}
	format := byte('f')
	if r.Exponent > 20 || int64(r.Exponent)+r.NumDigits() < -20 {
		format = 'e'
	}
	return Value{AppendNumber(nil, r.Append(nil, format))}
}

func (v Value) shortText() string {
	t := v.AppendNumberText(nil)
	if len(t) > 40 {
		return string(t[:37]) + "..."
	}
	return string(t)
}
