package block

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// XOR floats, after Gorilla: the first value as it is; then for each value its XOR
// with the one before: bit 0 where it is zero; 10 and the meaningful bits where these
// lie within those of the one before; else 11, the leading zeros (5 bits, at most 31),
// the number of meaningful bits less one (6 bits) and these. Bits are filled from the
// high end of each byte.

type bitWriter struct {
	b   []byte
	acc uint64
	n   uint // bits in acc, below 64
}

func (w *bitWriter) write(v uint64, n uint) {
	if free := 64 - w.n; n < free {
		w.acc = w.acc<<n | v
		w.n += n
	} else {
		rest := n - free
		w.acc = w.acc<<free | v>>rest
		w.b = binary.BigEndian.AppendUint64(w.b, w.acc)
		w.acc, w.n = v&(1<<rest-1), rest
	}
}

func (w *bitWriter) finish() []byte {
	if w.n > 0 {
		acc := w.acc << (64 - w.n)
		for n := int(w.n); n > 0; n -= 8 {
			w.b = append(w.b, byte(acc>>56))
			acc <<= 8
		}
	}
	return w.b
}

func appendXOR(dst []byte, v []float64) []byte {
	prev := math.Float64bits(v[0])
	w := bitWriter{b: binary.LittleEndian.AppendUint64(dst, prev)}
	lead, width := uint(0), uint(0)
	for _, x := range v[1:] {
		b := math.Float64bits(x)
		d := b ^ prev
		prev = b
		if d == 0 {
			w.write(0, 1)
			continue
		}
		l, t := min(uint(bits.LeadingZeros64(d)), 31), uint(bits.TrailingZeros64(d))
		if width > 0 && l >= lead && 64-t <= lead+width {
			w.write(2, 2)
			w.write(d>>(64-lead-width), width)
			continue
		}
		lead, width = l, 64-l-t
		w.write(3<<11|uint64(lead)<<6|uint64(width-1), 13)
		w.write(d>>t, width)
	}
	return w.finish()
}

type bitReader struct {
	b  []byte
	at uint // bits read
}

// read gives the next n bits, up to 64; beyond the end they are zero.
func (r *bitReader) read(n uint) uint64 {
	i := r.at >> 3
	var buf [9]byte
	if i < uint(len(r.b)) {
		copy(buf[:], r.b[i:])
	}
	v := binary.BigEndian.Uint64(buf[:])<<(r.at&7) | uint64(buf[8])>>(8-r.at&7)
	r.at += n
	return v >> (64 - n)
}

func readXOR(dst []float64, n int, src []byte) ([]float64, error) {
	if len(src) < 8 {
		return nil, corrupt("is cut short")
	}
	if len(src)*8 < n { // a bit for each value at least
		return nil, corrupt("has %d bytes for %d values", len(src), n)
	}
	prev := binary.LittleEndian.Uint64(src)
	dst = append(slices.Grow(dst, n), math.Float64frombits(prev))
	r := bitReader{b: src[8:]}
	end := uint(len(r.b)) * 8
	lead, width := uint(0), uint(0)
	for range n - 1 {
		if r.read(1) == 1 {
			if r.read(1) == 1 {
				f := r.read(11)
				lead, width = uint(f>>6), uint(f&63)+1
			}
			if width == 0 || lead+width > 64 {
				return nil, corrupt("has a value of %d bits after %d zeros", width, lead)
			}
			prev ^= r.read(width) << (64 - lead - width)
		}
		dst = append(dst, math.Float64frombits(prev))
	}
	if r.at > end {
		return nil, corrupt("is cut short")
	}
	return dst, nil
}
