package block

import (
	"encoding/binary"
	"math"
	"slices"
)

// A sequence of integers is written as
//
//	method (1) · parameters · residuals
//
// The method is a transform, by which neighbours or a centre are taken off the
// numbers, and a coder of what is left, the residuals, which are small then. All
// differences wrap around, so that nothing overflows.

// transform is the low half of the method. The numbers are stored.
type transform uint8

const (
	plain     transform = 0 // v - centre
	delta     transform = 1 // v[i] - v[i-1] - centre
	deltas    transform = 2 // the difference of deltas - centre
	dictioned transform = 3 // the rank of v among the distinct numbers
)

// coding is the high half of the method. The numbers are stored.
type coding uint8

const (
	zeros    coding = 0 // all residuals are zero
	packed   coding = 1 // groups of 64, see pack.go
	runs     coding = 2 // residual and how often, in turn
	entropic coding = 3 // classes by their frequencies, see entropy.go
)

const maxDictionary = 256 // so that a rank is a byte

// sampleSize is how many neighbouring residuals a quick choice is made by.
const sampleSize = 192

// form is how a sequence of ints is written.
type form struct {
	t      transform
	centre int64
	c      coding
	dict   []int64
}

// appendInts appends a sequence of at least one integer.
func (c *coder) appendInts(dst []byte, v []int64, effort Effort) []byte {
	unit := commonUnit(v)
	if unit > 1 {
		c.scaled = append(c.scaled[:0], v...)
		first := v[0]
		for i := range c.scaled {
			c.scaled[i] = (v[i] - first) / int64(unit)
		}
		dst = append(dst, 0xff)
		dst = binary.AppendUvarint(dst, unit)
		dst = binary.AppendVarint(dst, first)
		v = c.scaled
	}
	f := c.choose(v, effort)
	dst = append(dst, byte(f.t)|byte(f.c)<<4)
	u := c.residuals(&f, v)
	switch f.t {
	case dictioned:
		dst = append(dst, byte(len(f.dict)-1))
		prev := int64(0)
		for _, x := range f.dict {
			dst = binary.AppendVarint(dst, x-prev)
			prev = x
		}
	default:
		dst = binary.AppendVarint(dst, f.centre)
		for i := range min(int(f.t), len(v)) { // the numbers that no neighbour foretells
			x := v[i]
			if i == 1 {
				x -= v[0]
			}
			dst = binary.AppendVarint(dst, x)
		}
	}
	switch f.c {
	case packed:
		dst = appendPacked(dst, u)
	case runs:
		dst = appendRuns(dst, u)
	case entropic:
		dst = c.appendEntropic(dst, u, f.t == dictioned)
	}
	return dst
}

// commonUnit is what all differences to the first number are multiples of; 1 where
// that is not more than one, or where differences may overflow.
func commonUnit(v []int64) uint64 {
	var unit uint64
	for _, x := range v {
		d := x - v[0]
		if (d < 0) != (x < v[0]) || d == math.MinInt64 {
			return 1
		}
		if d < 0 {
			d = -d
		}
		if u := uint64(d); u != 0 && (unit == 0 || u%unit != 0) {
			if unit = gcd(u, unit); unit == 1 {
				return 1
			}
		}
	}
	return max(unit, 1)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// residuals computes what is left of v, in the coder's own memory.
func (c *coder) residuals(f *form, v []int64) []uint64 {
	u := slices.Grow(c.left[:0], len(v))[:len(v)]
	c.left = u
	switch f.t {
	case dictioned:
		for i, x := range v {
			at, _ := slices.BinarySearch(f.dict, x)
			u[i] = uint64(at)
		}
	case plain:
		for i, x := range v {
			u[i] = zigzag(x - f.centre)
		}
	case delta:
		u = u[:len(v)-1]
		prev := v[0]
		for i, x := range v[1:] {
			u[i] = zigzag(x - prev - f.centre)
			prev = x
		}
	case deltas:
		if len(v) < 3 {
			return u[:0]
		}
		u = u[:len(v)-2]
		prev, step := v[1], v[1]-v[0]
		for i, x := range v[2:] {
			d := x - prev
			u[i] = zigzag(d - step - f.centre)
			prev, step = x, d
		}
	}
	return u
}

// choose finds the form that makes v small.
func (c *coder) choose(v []int64, effort Effort) form {
	sample := v
	if effort == Fast && len(v) > sampleSize {
		sample = v[len(v)/2-sampleSize/2:][:sampleSize]
	}
	best, bestCost := form{}, math.MaxInt
	try := func(f form) {
		u := c.residuals(&f, sample)
		coding, cost := c.cheapest(u, f.t == dictioned, effort)
		cost += 2 * len(f.dict)
		if cost < bestCost {
			f.c, bestCost = coding, cost
			best = f
		}
	}
	try(form{t: plain, centre: c.median(sample, plain)})
	if len(v) > 1 {
		try(form{t: delta, centre: c.median(sample, delta)})
	}
	if len(v) > 2 {
		try(form{t: deltas})
	}
	if effort == Small && len(v) > 64 {
		if dict := c.distinct(v); dict != nil {
			try(form{t: dictioned, dict: dict})
		}
	}
	if len(sample) < len(v) { // what holds for the sample need not hold for all
		u := c.residuals(&best, v)
		best.c, _ = c.cheapest(u, false, effort)
	}
	return best
}

// cheapest is the coding that makes residuals smallest, and to how many bytes about.
func (c *coder) cheapest(u []uint64, ranks bool, effort Effort) (coding, int) {
	nRuns, zero := 0, true
	for i, x := range u {
		if i == 0 || x != u[i-1] {
			nRuns++
		}
		zero = zero && x == 0
	}
	if zero {
		return zeros, 0
	}
	best, cost := packed, packedLen(u)
	if nRuns*2 <= cost {
		if n := runsLen(u); n <= cost {
			best, cost = runs, n
		}
	}
	if effort == Small && len(u) >= minEntropic {
		if n := c.entropicLen(u, ranks); n < cost-cost/50 {
			best, cost = entropic, n
		}
	}
	return best, cost
}

// median is about the middle of what a transform without a centre leaves.
func (c *coder) median(v []int64, t transform) int64 {
	var some [33]int64
	n := 0
	for i := range some {
		at := i * (len(v) - 1) / len(some)
		switch {
		case t == plain:
			some[n] = v[at]
		case at+1 < len(v):
			some[n] = v[at+1] - v[at]
		default:
			continue
		}
		n++
	}
	slices.Sort(some[:n])
	return some[n/2]
}

// distinct are the distinct numbers of v, sorted; nil where they are too many.
func (c *coder) distinct(v []int64) []int64 {
	clear(c.seen)
	c.dict = c.dict[:0]
	for _, x := range v {
		if _, ok := c.seen[x]; ok {
			continue
		}
		if len(c.dict) == maxDictionary || len(c.dict) > len(v)/8 {
			return nil
		}
		c.seen[x] = struct{}{}
		c.dict = append(c.dict, x)
	}
	slices.Sort(c.dict)
	return c.dict
}

func appendRuns(dst []byte, u []uint64) []byte {
	for i := 0; i < len(u); {
		j := i + 1
		for j < len(u) && u[j] == u[i] {
			j++
		}
		dst = binary.AppendUvarint(dst, u[i])
		dst = binary.AppendUvarint(dst, uint64(j-i))
		i = j
	}
	return dst
}

func runsLen(u []uint64) (n int) {
	for i := 0; i < len(u); {
		j := i + 1
		for j < len(u) && u[j] == u[i] {
			j++
		}
		n += uvarintLen(u[i]) + uvarintLen(uint64(j-i))
		i = j
	}
	return n
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}
