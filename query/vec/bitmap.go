package vec

import "math/bits"

// Bitmap is a set of row numbers, 64 to a word.
type Bitmap []uint64

// NewBitmap returns an empty set with room for rows 0 to n-1.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)>>6) }

// Get reports whether bit i is set; bits beyond the end are not.
func (m Bitmap) Get(i int) bool { return i>>6 < len(m) && m[i>>6]&(1<<(uint(i)&63)) != 0 }

// Set sets bit i, which must lie within the bitmap.
func (m Bitmap) Set(i int) { m[i>>6] |= 1 << (uint(i) & 63) }

// Clear clears bit i; beyond the end it does nothing.
func (m Bitmap) Clear(i int) {
	if i>>6 < len(m) {
		m[i>>6] &^= 1 << (uint(i) & 63)
	}
}

// With sets bit i, growing the bitmap where needed.
func (m Bitmap) With(i int) Bitmap {
	if w := i>>6 + 1; w > len(m) {
		m = grown(m, w)
	}
	m.Set(i)
	return m
}

// Any reports whether any bit is set.
func (m Bitmap) Any() bool {
	for _, w := range m {
		if w != 0 {
			return true
		}
	}
	return false
}

// Count returns the number of bits set.
func (m Bitmap) Count() int {
	n := 0
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// Or adds the bits of o to m, growing m where needed.
func (m Bitmap) Or(o Bitmap) Bitmap {
	if len(o) > len(m) {
		m = grown(m, len(o))
	}
	for i, w := range o {
		m[i] |= w
	}
	return m
}

// And keeps only the bits of m that o has too.
func (m Bitmap) And(o Bitmap) Bitmap {
	for i := range m {
		if i < len(o) {
			m[i] &= o[i]
		} else {
			m[i] = 0
		}
	}
	return m
}

// AndNot removes the bits of o from m.
func (m Bitmap) AndNot(o Bitmap) Bitmap {
	for i := range min(len(m), len(o)) {
		m[i] &^= o[i]
	}
	return m
}

// Fill sets bits 0 to n-1, growing the bitmap where needed.
func (m Bitmap) Fill(n int) Bitmap {
	if w := (n + 63) >> 6; w > len(m) {
		m = grown(m, w)
	}
	for i := range n >> 6 {
		m[i] = ^uint64(0)
	}
	if r := uint(n) & 63; r != 0 {
		m[n>>6] |= 1<<r - 1
	}
	return m
}

// truncate clears bits n and above.
func (m Bitmap) truncate(n int) Bitmap {
	w := (n + 63) >> 6
	if w > len(m) {
		return m
	}
	m = m[:w]
	if r := uint(n) & 63; r != 0 && w > 0 {
		m[w-1] &= 1<<r - 1
	}
	return m
}

// Each calls f for every bit that is set, in ascending order.
func (m Bitmap) Each(f func(i int)) {
	for w, b := range m {
		for b != 0 {
			f(w<<6 + bits.TrailingZeros64(b))
			b &= b - 1
		}
	}
}

// AppendClear appends to dst the rows of sel (all n where nil) whose bit is not set.
func (m Bitmap) AppendClear(dst []int32, n int, sel []int32) []int32 {
	if sel == nil {
		for i := range n {
			if !m.Get(i) {
				dst = append(dst, int32(i))
			}
		}
		return dst
	}
	for _, i := range sel {
		if !m.Get(int(i)) {
			dst = append(dst, i)
		}
	}
	return dst
}
