package timeseries

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// NumberTime is the time, in nanoseconds since 1970, that a number of units of that many
// nanoseconds is, exact to the nanosecond. With a unit of 0 the magnitude tells it: below
// 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, and nanoseconds else.
// number is false for what is no decimal number, ok for what is beyond what a time can be.
func NumberTime(text string, unit int64) (ns int64, number, ok bool) {
	if len(text) > 40 || strings.ContainsAny(text, "/xXpP_") {
		return 0, false, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrSyntax) || math.IsNaN(f) {
		return 0, false, false
	}
	if err != nil || math.Abs(f) > 1e20 || f != 0 && math.Abs(f) < 1e-12 || f == 0 && strings.ContainsAny(text, "eE") {
		return 0, true, false // also what would take long to compute exactly
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, false, false
	}
	if unit == 0 {
		unit = magnitude(r)
	}
	r.Mul(r, new(big.Rat).SetInt64(unit))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !r.IsInt() && r.Sign() < 0 {
		n.Sub(n, big.NewInt(1))
	}
	return n.Int64(), true, n.IsInt64()
}

func magnitude(r *big.Rat) int64 {
	f, _ := new(big.Rat).Abs(r).Float64()
	switch {
	case f < 1e11:
		return 1e9
	case f < 1e14:
		return 1e6
	case f < 1e17:
		return 1e3
	}
	return 1
}
