package stats

import (
	"math"
	"math/bits"
)

// hllBits is the number of bits of a hash that choose a register: 16384 registers,
// a standard error of 0.8 %.
const hllBits = 14

// HLL estimates the number of distinct values that it was shown (HyperLogLog, with
// Ertl's estimator, which needs no correction tables). It lives only while a table
// is looked at and is not stored.
type HLL struct {
	regs [1 << hllBits]uint8
}

// Add shows it the hash of a value.
func (h *HLL) Add(hash uint64) {
	// Hashes of integers may be weak in their upper bits.
	hash ^= hash >> 33
	hash *= 0xff51afd7ed558ccd
	hash ^= hash >> 33
	hash *= 0xc4ceb9fe1a85ec53
	hash ^= hash >> 33
	i := hash >> (64 - hllBits)
	rank := uint8(bits.LeadingZeros64(hash<<hllBits|1<<(hllBits-1)) + 1)
	if rank > h.regs[i] {
		h.regs[i] = rank
	}
}

// Count estimates the number of distinct hashes.
func (h *HLL) Count() float64 {
	const q, m = 64 - hllBits, 1 << hllBits
	var c [q + 2]int
	for _, r := range h.regs {
		c[r]++
	}
	z := m * tau(1-float64(c[q+1])/m)
	for k := q; k >= 1; k-- {
		z = 0.5 * (z + float64(c[k]))
	}
	z += m * sigma(float64(c[0])/m)
	return m * m / (2 * math.Ln2 * z)
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		old := z
		z += x * y
		y += y
		if z == old {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		old := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if z == old {
			return z / 3
		}
	}
}
