package block

import (
	"encoding/binary"
	"math"
)

// Stats are what the points of a block come to. Valid is false where the block has
// none: with few points, with texts, and with floats that are NaN, of which no
// aggregate can be told ahead.
type Stats struct {
	Valid bool
	// Of floats.
	Min, Max, Sum, First, Last float64
	// Of ints; of bools as 0 and 1. SumFits is false where the sum is no int64.
	IntMin, IntMax, IntSum, IntFirst, IntLast int64
	SumFits                                   bool
}

func statsOf(p *Points) (s Stats, ok bool) {
	switch p.Kind {
	case Float:
		return floatStats(p.Floats)
	case Int:
		return intStats(p.Ints), true
	case Bool:
		n := int64(0)
		for _, v := range p.Bools {
			n += bit(v)
		}
		s = Stats{Valid: true, SumFits: true, IntSum: n, IntFirst: bit(p.Bools[0]), IntLast: bit(p.Bools[len(p.Bools)-1])}
		if n > 0 {
			s.IntMax = 1
		}
		if n == int64(len(p.Bools)) {
			s.IntMin = 1
		}
		return s, true
	}
	return s, false
}

func bit(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

func floatStats(v []float64) (s Stats, ok bool) {
	lo, hi, sum := v[0], v[0], 0.0
	for _, x := range v {
		if x < lo {
			lo = x
		}
		if x > hi {
			hi = x
		}
		sum += x
	}
	// A NaN makes the sum NaN, and so do infinities of both signs, which need no
	// statistics either.
	if math.IsNaN(sum) {
		return s, false
	}
	return Stats{Valid: true, Min: lo, Max: hi, Sum: sum, First: v[0], Last: v[len(v)-1]}, true
}

func intStats(v []int64) Stats {
	s := Stats{Valid: true, SumFits: true, IntMin: v[0], IntMax: v[0], IntFirst: v[0], IntLast: v[len(v)-1]}
	for _, x := range v {
		s.IntMin, s.IntMax = min(s.IntMin, x), max(s.IntMax, x)
		sum := s.IntSum + x
		if (sum > s.IntSum) != (x > 0) && x != 0 {
			s.SumFits = false
		}
		s.IntSum = sum
	}
	if !s.SumFits {
		s.IntSum = 0
	}
	return s
}

func (s *Stats) append(dst []byte, kind Kind) []byte {
	if kind == Float {
		for _, v := range [...]float64{s.Min, s.Max, s.Sum, s.First, s.Last} {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
		return dst
	}
	for _, v := range [...]int64{s.IntMin, s.IntMax, s.IntFirst, s.IntLast, bit(s.SumFits), s.IntSum} {
		dst = binary.AppendVarint(dst, v)
	}
	return dst
}

func (s *Stats) read(r *reader, kind Kind) {
	s.Valid = true
	if kind == Float {
		for _, v := range [...]*float64{&s.Min, &s.Max, &s.Sum, &s.First, &s.Last} {
			*v = math.Float64frombits(r.uint64())
		}
		return
	}
	fits := int64(0)
	for _, v := range [...]*int64{&s.IntMin, &s.IntMax, &s.IntFirst, &s.IntLast, &fits, &s.IntSum} {
		*v = r.varint()
	}
	s.SumFits = fits != 0
}
