package block

import (
	"encoding/binary"
	"math"
	"slices"
)

// Decimal floats: what people and instruments write has few digits, so a float v is
// held as an integer m and one number of digits d for the block, with v = m / 10^d as
// the processor divides. Arithmetic leaves values that miss such a quotient by some
// units in the last place; that distance is held, too. What is far from every
// quotient, and what is no number, is an exception, held as it is:
//
//	digits (1) · flags (1) · integers · [distances] · [count · for each: position, bits]

const (
	maxDigits   = 15
	hasDistance = 1
	hasExcept   = 2

	// farthest is the greatest distance; more is an exception.
	farthest = 1 << 24
	// magic, added and taken off, rounds what is below 2^51 to an integer.
	magic = 1<<52 + 1<<51
	// mostTenth and so on: the integers that are exact in both directions.
	mostMantissa = 1 << 51
)

var pow10 = [maxDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// split is v as an integer and a distance; ok is false where v is an exception.
func split(v, p float64) (m, distance int64, ok bool) {
	x := float64(v * p)
	if !(x < mostMantissa && x > -mostMantissa) {
		return 0, 0, false
	}
	r := float64(x+magic) - magic
	m = int64(r)
	distance = int64(math.Float64bits(v) - math.Float64bits(float64(m)/p))
	return m, distance, distance < farthest && distance > -farthest
}

// digitsOf finds how many digits make v small, by a sample. share is which part of the
// sample is then held as a plain quotient, in percent.
func digitsOf(v []float64) (digits, share int) {
	step := max(1, len(v)/48)
	best := math.Inf(1)
	for d := range pow10 {
		cost, n, plain := 0.0, 0, 0
		for i := 0; i < len(v); i += step {
			n++
			switch _, k, ok := split(v[i], pow10[d]); {
			case !ok:
				cost += 80
			case k == 0:
				cost += float64(d) * math.Ln10 / math.Ln2
				plain++
			default:
				cost += float64(d)*math.Ln10/math.Ln2 + 2 + 1.2*math.Log2(float64(max(k, -k)))
			}
		}
		if cost < best {
			best, digits, share = cost, d, plain*100/n
		}
		if plain == n {
			break // more digits are only longer
		}
	}
	return digits, share
}

func (c *coder) appendDecimal(dst []byte, v []float64, digits int, effort Effort) []byte {
	m := slices.Grow(c.mantissas[:0], len(v))[:len(v)]
	k := slices.Grow(c.distances[:0], len(v))[:len(v)]
	c.mantissas, c.distances = m, k
	p := pow10[digits]
	var off, prev int64
	excepted := c.excepted[:0]
	for i, x := range v {
		mantissa, distance, ok := split(x, p)
		if !ok {
			mantissa, distance = prev, 0
			excepted = append(excepted, i)
		}
		m[i], k[i] = mantissa, distance
		off |= distance
		prev = mantissa
	}
	c.excepted = excepted
	flags := byte(0)
	if off != 0 {
		flags |= hasDistance
	}
	if len(excepted) > 0 {
		flags |= hasExcept
	}
	dst = append(dst, byte(digits), flags)
	dst = c.appendInts(dst, m, effort)
	if off != 0 {
		dst = c.appendInts(dst, k, effort)
	}
	if len(excepted) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(excepted)))
		last := 0
		for _, i := range excepted {
			dst = binary.AppendUvarint(dst, uint64(i-last))
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v[i]))
			last = i
		}
	}
	return dst
}

func (c *coder) readDecimal(dst []float64, n int, r *reader) ([]float64, error) {
	digits, flags := int(r.byte()), r.byte()
	if digits > maxDigits || flags&^(hasDistance|hasExcept) != 0 {
		return nil, corrupt("has decimals of %d digits and flags %d", digits, flags)
	}
	m, err := c.readInts(c.mantissas[:0], n, r)
	if err != nil {
		return nil, err
	}
	c.mantissas = m
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	v := dst[start:]
	if digits == 0 {
		for i, x := range m {
			v[i] = float64(x)
		}
	} else {
		p := pow10[digits]
		for i, x := range m {
			v[i] = float64(x) / p
		}
	}
	if flags&hasDistance != 0 {
		k, err := c.readInts(c.distances[:0], n, r)
		if err != nil {
			return nil, err
		}
		c.distances = k
		for i, d := range k {
			v[i] = math.Float64frombits(math.Float64bits(v[i]) + uint64(d))
		}
	}
	if flags&hasExcept != 0 {
		at := uint64(0)
		for range min(r.uvarint(), uint64(n)) {
			if at += r.uvarint(); at >= uint64(n) {
				return nil, corrupt("has an exception at %d of %d", at, n)
			}
			v[at] = math.Float64frombits(r.uint64())
		}
	}
	if r.bad {
		return nil, corrupt("is cut short")
	}
	return dst, nil
}

// Ordered floats: the bits as an integer of the same order, so that close values are
// close integers.

func (c *coder) appendOrdered(dst []byte, v []float64, effort Effort) []byte {
	m := slices.Grow(c.mantissas[:0], len(v))[:len(v)]
	c.mantissas = m
	for i, x := range v {
		m[i] = order(math.Float64bits(x))
	}
	return c.appendInts(dst, m, effort)
}

// order maps the bits of floats to integers of the same order; it is its own inverse.
func order(b uint64) int64 {
	i := int64(b)
	return i ^ int64(uint64(i>>63)>>1)
}

func (c *coder) readOrdered(dst []float64, n int, r *reader) ([]float64, error) {
	m, err := c.readInts(c.mantissas[:0], n, r)
	if err != nil {
		return nil, err
	}
	c.mantissas = m
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	for i, x := range m {
		dst[start+i] = math.Float64frombits(uint64(order(uint64(x))))
	}
	return dst, nil
}
