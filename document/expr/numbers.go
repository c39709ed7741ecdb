package expr

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"github.com/weftdb/weft/document/doc"
)

// wide calculates what has no end with as many digits as IEEE decimal128.
var wide = apd.Context{Precision: 34, MaxExponent: 100_000, MinExponent: -100_000, Traps: apd.DefaultTraps, Rounding: apd.RoundHalfEven}

// fold applies an operation to all arguments; null where one is null.
func fold(name string, op func(a, b doc.Value) (doc.Value, error), start int64) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		out := doc.FromInt(start)
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Number {
				return a, Failed(name, "%s takes numbers, not %s", name, a.Kind())
			}
			var err error
			if out, err = op(out, a); err != nil {
				return out, err
			}
		}
		return out, nil
	}
}

// numeric applies an operation to two numbers; null where one is null.
func numeric(name string, op func(a, b doc.Value) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Number {
				return a, Failed(name, "%s takes numbers, not %s", name, a.Kind())
			}
		}
		return op(args[0], args[1])
	}
}

func decimals(a, b doc.Value) (x, y *apd.Decimal, err error) {
	if x, err = a.Decimal(); err == nil {
		y, err = b.Decimal()
	}
	return x, y, err
}

// Divide is a / b, with 34 digits where it has no end.
func Divide(a, b doc.Value) (doc.Value, error) {
	x, y, err := decimals(a, b)
	if err != nil {
		return a, err
	}
	if y.IsZero() {
		return a, Failed("$divide", "division by zero")
	}
	var d apd.Decimal
	if _, err := wide.Quo(&d, x, y); err != nil {
		return a, Failed("$divide", "the quotient is out of range")
	}
	return doc.FromDecimal(&d), nil
}

func modulo(a, b doc.Value) (doc.Value, error) {
	x, okX := a.Int()
	y, okY := b.Int()
	if okX && okY && y != 0 && y != -1 {
		return doc.FromInt(x % y), nil
	}
	p, q, err := decimals(a, b)
	if err != nil {
		return a, err
	}
	if q.IsZero() {
		return a, Failed("$mod", "division by zero")
	}
	var d apd.Decimal
	if _, err := wide.Rem(&d, p, q); err != nil {
		return a, Failed("$mod", "the remainder is out of range")
	}
	return doc.FromDecimal(&d), nil
}

func rounded(name string, op func(d, x *apd.Decimal) error) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		if args[0].Kind() != doc.Number {
			return args[0], Failed(name, "%s takes a number, not %s", name, args[0].Kind())
		}
		x, err := args[0].Decimal()
		if err != nil {
			return args[0], err
		}
		var d apd.Decimal
		if err := op(&d, x); err != nil {
			return args[0], Failed(name, "the result of %s is out of range", name)
		}
		return doc.FromDecimal(&d), nil
	}
}

// places rounds to a number of digits behind the point, 0 where it is not given.
func places(name string, how apd.Rounder) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		digits := int64(0)
		if len(args) == 2 {
			if isNull(args[1]) {
				return null, nil
			}
			n, ok := args[1].Int()
			if !ok || n < -20 || n > 100 {
				return args[0], Failed(name, "the places of %s must be a whole number from -20 to 100", name)
			}
			digits = n
		}
		ctx := wide
		ctx.Precision, ctx.Rounding = 1000, how
		return rounded(name, func(d, x *apd.Decimal) error {
			_, err := ctx.Quantize(d, x, int32(-digits))
			return err
		})(args[:1])
	}
}

func floating(name string, fn func(float64) float64) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		f, ok := args[0].Float()
		if !ok {
			return args[0], Failed(name, "%s takes a number, not %s", name, args[0].Kind())
		}
		return Finite(name, fn(f))
	}
}

// Finite is a double as a value; one that is no finite number is an error of the
// operator.
func Finite(name string, f float64) (doc.Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return null, Failed(name, "the result of %s is no finite number", name)
	}
	return doc.Of(doc.AppendFloat(nil, f)), nil
}

func floating2(name string, fn func(x, y float64) float64) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) || isNull(args[1]) {
			return null, nil
		}
		x, okX := args[0].Float()
		y, okY := args[1].Float()
		if !okX || !okY {
			return null, Failed(name, "%s takes numbers", name)
		}
		return Finite(name, fn(x, y))
	}
}

// random is a number from 0 to 1.
func random([]doc.Value) (doc.Value, error) { return Finite("$rand", rand.Float64()) }

// bits applies an operation to integers of 64 bits; null where one is null.
func bits(name string, start int64, op func(a, b int64) int64) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		out := start
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			n, ok := a.Int()
			if !ok {
				return a, Failed(name, "%s takes integers of 64 bits, not %.60s", name, a.JSON())
			}
			out = op(out, n)
		}
		return doc.FromInt(out), nil
	}
}

func bitNot(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	n, ok := args[0].Int()
	if !ok {
		return null, Failed("$bitNot", "$bitNot takes an integer of 64 bits, not %.60s", args[0].JSON())
	}
	return doc.FromInt(^n), nil
}

// Deviation gathers a standard deviation by Welford's algorithm.
type Deviation struct {
	Sample      bool
	n, mean, m2 float64
}

// Add takes a number in; other values do not count.
func (d *Deviation) Add(v doc.Value) {
	if x, ok := v.Float(); ok {
		d.n++
		delta := x - d.mean
		d.mean += delta / d.n
		d.m2 += delta * (x - d.mean)
	}
}

// Result is null where there were too few numbers.
func (d *Deviation) Result() (doc.Value, error) {
	n, name := d.n, "$stdDevPop"
	if d.Sample {
		n, name = n-1, "$stdDevSamp"
	}
	if n <= 0 {
		return null, nil
	}
	return Finite(name, math.Sqrt(d.m2/n))
}

func deviationOf(sample bool) func([]doc.Value) (doc.Value, error) {
	return func(list []doc.Value) (doc.Value, error) {
		d := Deviation{Sample: sample}
		for _, v := range list {
			d.Add(v)
		}
		return d.Result()
	}
}

// overList takes one array's elements, or all arguments.
func overList(fn func([]doc.Value) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if len(args) == 1 && args[0].Kind() == doc.Array {
			args = args[0].List()
		}
		return fn(args)
	}
}

func sumOf(list []doc.Value) (doc.Value, error) {
	sum := doc.FromInt(0)
	for _, v := range list {
		if v.Kind() != doc.Number {
			continue
		}
		var err error
		if sum, err = doc.Add(sum, v); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func averageOf(list []doc.Value) (doc.Value, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(v doc.Value) bool { return v.Kind() != doc.Number })
	if len(list) == 0 {
		return null, nil
	}
	sum, err := sumOf(list)
	if err != nil {
		return sum, err
	}
	return Divide(sum, doc.FromInt(int64(len(list))))
}

func extreme(sign int) func([]doc.Value) (doc.Value, error) {
	return func(list []doc.Value) (doc.Value, error) {
		best := null
		for _, v := range list {
			if !isNull(v) && (isNull(best) || doc.Compare(v, best)*sign > 0) {
				best = v
			}
		}
		return best, nil
	}
}
