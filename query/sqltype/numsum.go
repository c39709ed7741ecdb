package sqltype

import (
	"math/big"
	"math/bits"
)

// NumSum adds up numerics and integers exactly. The zero value is an empty sum.
// It is made for SUM and AVG: the usual Add is a 128-bit addition.
type NumSum struct {
	hi    int64  // the sum of small values × 10^scale,
	lo    uint64 // in two's complement
	scale int16
	count int64
	nan   int64
	pInf  int64
	nInf  int64
	big   *big.Int // what did not fit, × 10^bigScale
	bigS  int
	maxS  int16
}

// Count returns how many values were added.
func (s *NumSum) Count() int64 { return s.count }

// AddInt64 adds an integer.
func (s *NumSum) AddInt64(v int64) {
	s.count++
	if s.scale == 0 {
		s.addSmall(v)
		return
	}
	s.count--
	s.Add(Num{Coef: v})
}

// addSmall adds v × 10^-scale. The 128 bits cannot overflow before 2^63 additions.
func (s *NumSum) addSmall(v int64) {
	var c uint64
	s.lo, c = bits.Add64(s.lo, uint64(v), 0)
	s.hi += v>>63 + int64(c)
}

// Add adds a numeric.
func (s *NumSum) Add(n Num) {
	s.count++
	if n.Big == nil {
		if n.Scale == s.scale {
			s.addSmall(n.Coef)
			return
		}
		if n.Scale < s.scale {
			if v, ok := mulPow10(n.Coef, int(s.scale-n.Scale)); ok {
				s.addSmall(v)
				return
			}
		} else {
			s.maxS = max(s.maxS, n.Scale)
			s.rescale(n.Scale)
			s.addSmall(n.Coef)
			return
		}
	}
	switch n.special() {
	case 2:
		s.nan++
	case 1:
		s.pInf++
	case -1:
		s.nInf++
	default:
		s.maxS = max(s.maxS, n.Scale)
		s.addBig(n.Unscaled(), int(n.Scale))
	}
}

// rescale moves what was added so far aside and goes on with a greater scale.
func (s *NumSum) rescale(scale int16) {
	if s.hi != 0 || s.lo != 0 {
		s.addBig(s.small(), int(s.scale))
	}
	s.hi, s.lo, s.scale = 0, 0, scale
}

func (s *NumSum) small() *big.Int {
	v := new(big.Int).Lsh(big.NewInt(s.hi), 64)
	return v.Add(v, new(big.Int).SetUint64(s.lo))
}

func (s *NumSum) addBig(v *big.Int, scale int) {
	if s.big == nil {
		s.big, s.bigS = v, scale
		return
	}
	if scale < s.bigS {
		v.Mul(v, pow10Big(s.bigS-scale))
	} else if scale > s.bigS {
		s.big.Mul(s.big, pow10Big(scale-s.bigS))
		s.bigS = scale
	}
	s.big.Add(s.big, v)
}

// Merge adds all that o has added; o must not be used afterwards.
func (s *NumSum) Merge(o *NumSum) {
	s.count += o.count
	s.nan += o.nan
	s.pInf += o.pInf
	s.nInf += o.nInf
	s.maxS = max(s.maxS, o.maxS, o.scale)
	if o.hi != 0 || o.lo != 0 {
		s.addBig(o.small(), int(o.scale))
	}
	if o.big != nil {
		s.addBig(o.big, o.bigS)
	}
}

// Sum returns the sum with the greatest scale of the values.
func (s *NumSum) Sum() (Num, error) {
	switch {
	case s.nan > 0, s.pInf > 0 && s.nInf > 0:
		return NumNaN, nil
	case s.pInf > 0:
		return NumInf, nil
	case s.nInf > 0:
		return NumNegInf, nil
	}
	scale := max(s.scale, s.maxS)
	if s.big == nil && scale == s.scale && s.hi == int64(s.lo)>>63 {
		return Num{Coef: int64(s.lo), Scale: scale}, nil
	}
	v := s.small()
	v.Mul(v, pow10Big(int(scale-s.scale)))
	if s.big != nil {
		b := new(big.Int).Mul(s.big, pow10Big(int(scale)-s.bigS))
		v.Add(v, b)
	}
	return numResult(v, int(scale))
}

// Avg returns the sum divided by the count, which must not be 0.
func (s *NumSum) Avg() (Num, error) {
	sum, err := s.Sum()
	if err != nil {
		return Num{}, err
	}
	return sum.Div(NumInt(s.count))
}

// Bytes returns the memory held besides the struct itself.
func (s *NumSum) Bytes() int64 {
	if s.big == nil {
		return 0
	}
	return int64(s.big.BitLen()/8 + 48)
}
