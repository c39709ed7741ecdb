package block

import (
	"encoding/binary"
	"math/bits"
)

// Packed integers: groups of 64, each the number of bits of its largest (1 byte) and
// then that many bits of each, low bits first; the last group has as many as are left,
// in whole bytes.

const group = 64

// appendPacked appends u in packed groups.
func appendPacked(dst []byte, u []uint64) []byte {
	for len(u) > 0 {
		g := u[:min(group, len(u))]
		u = u[len(g):]
		var or uint64
		for _, v := range g {
			or |= v
		}
		w := bits.Len64(or)
		dst = append(dst, byte(w))
		if w > 0 {
			dst = appendBits(dst, g, uint(w))
		}
	}
	return dst
}

func appendBits(dst []byte, g []uint64, w uint) []byte {
	var acc uint64
	n := uint(0)
	for _, v := range g {
		acc |= v << n
		if n += w; n >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			n -= 64
			acc = v >> (w - n) // a shift by 64 is zero
		}
	}
	for ; n > 0; n -= min(n, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// packedLen is how long appendPacked makes u.
func packedLen(u []uint64) (n int) {
	for len(u) > 0 {
		g := u[:min(group, len(u))]
		u = u[len(g):]
		var or uint64
		for _, v := range g {
			or |= v
		}
		n += 1 + (bits.Len64(or)*len(g)+7)/8
	}
	return n
}

// readPacked fills u from packed groups and returns what follows them.
func readPacked(u []uint64, src []byte) (rest []byte, ok bool) {
	for len(u) > 0 {
		g := u[:min(group, len(u))]
		u = u[len(g):]
		if len(src) == 0 || src[0] > 64 {
			return nil, false
		}
		w := uint(src[0])
		size := (int(w)*len(g) + 7) / 8
		if src = src[1:]; len(src) < size {
			return nil, false
		}
		readBits(g, src, w)
		src = src[size:]
	}
	return src, true
}

// readBits fills g with numbers of w bits; src holds at least as many as there are.
func readBits(g []uint64, src []byte, w uint) {
	if w == 0 {
		clear(g)
		return
	}
	mask := ^uint64(0) >> (64 - w)
	if w <= 56 {
		// As long as eight bytes can be read, a number is in them whole.
		whole := 0
		if len(src) >= 8 {
			whole = min(len(g), ((len(src)-8)*8+7)/int(w)+1)
		}
		at := uint(0)
		for i := range g[:whole] {
			g[i] = binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7) & mask
			at += w
		}
		g = g[whole:]
		readSlow(g, src, at, w, mask)
		return
	}
	readSlow(g, src, 0, w, mask)
}

func readSlow(g []uint64, src []byte, at, w uint, mask uint64) {
	for i := range g {
		g[i] = load(src, at) & mask
		at += w
	}
}

// load reads 64 bits from bit at on; beyond the end they are zero.
func load(src []byte, at uint) uint64 {
	var b [9]byte
	copy(b[:], src[at>>3:])
	v := binary.LittleEndian.Uint64(b[:]) >> (at & 7)
	return v | uint64(b[8])<<(64-at&7) // a shift by 64 is zero
}
