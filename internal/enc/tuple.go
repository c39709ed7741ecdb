// Package enc holds the order-preserving tuple encoding that all keys of the
// store are made of, and the ordered varints of their prefixes.
//
// It promises that for two values of one type, bytes.Compare of their encodings
// is the order of the values, that values which are equal encode identically,
// and that no encoding is a prefix of another, so tuples compare element by
// element. Every element starts with a tag, so a tuple can be walked without
// its schema (Skip). A descending element is the ascending one with all bits
// inverted. The bytes are part of the stored format: docs/format/tuple.md.
//
// Decoders never panic and never read past what they were given: they return
// ErrShort or ErrFormat.
package enc

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The tags. Ascending elements have tags below 0x80; descending ones the
// inverse, so above. NULL is either before or after all of both. Part of the
// format: never change.
const (
	tagNullFirst = 0x05
	tagEnd       = 0x0a // closes a nested tuple, before every other element
	tagFalse     = 0x10
	tagTrue      = 0x11
	tagIntZero   = 0x28 // integers: 0x20 … 0x27 negative in 8 … 1 bytes, 0x29 … 0x30 positive in 1 … 8
	tagFloat     = 0x34
	tagDecNegInf = 0x38
	tagDecNeg    = 0x39
	tagDecZero   = 0x3a
	tagDecPos    = 0x3b
	tagDecInf    = 0x3c
	tagDecNaN    = 0x3d
	tagString    = 0x44
	tagBytes     = 0x48
	tagTime      = 0x50
	tagUUID      = 0x54
	tagBegin     = 0x58 // opens a nested tuple, so that its first NULL is not taken for it
	tagNullLast  = 0xfa
)

const (
	escape     = 0x00 // in strings: 00 is written 00 ff, and the end is 00 01
	escapedNul = 0xff
	terminator = 0x01
)

// invert flips all bits of b, which turns an ascending encoding into a descending one.
func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// Invert makes the element or elements that were appended to dst from offset
// from descending (or ascending again).
func Invert(dst []byte, from int) []byte {
	invert(dst[from:])
	return dst
}

// AppendNull appends NULL so that it comes before (first) or after all other
// values, ascending and descending alike.
func AppendNull(dst []byte, first bool) []byte {
	if first {
		return append(dst, tagNullFirst)
	}
	return append(dst, tagNullLast)
}

// DecodeNull reports whether src starts with a NULL and returns what follows it;
// where it does not, rest is src.
func DecodeNull(src []byte) (isNull bool, rest []byte) {
	if len(src) > 0 && (src[0] == tagNullFirst || src[0] == tagNullLast) {
		return true, src[1:]
	}
	return false, src
}

// AppendBegin appends the mark that opens a nested tuple.
func AppendBegin(dst []byte) []byte { return append(dst, tagBegin) }

// DecodeBegin returns what follows the mark that opens a nested tuple.
func DecodeBegin(src []byte) (rest []byte, err error) {
	tag, _, err := head(src)
	if err != nil {
		return nil, err
	}
	if tag != tagBegin {
		return nil, ErrFormat
	}
	return src[1:], nil
}

// AppendEnd appends the mark that closes a nested tuple; it sorts before every element.
func AppendEnd(dst []byte) []byte { return append(dst, tagEnd) }

// DecodeEnd reports whether src starts with the end mark of a nested tuple
// (ascending or descending) and returns what follows it, or src.
func DecodeEnd(src []byte) (isEnd bool, rest []byte) {
	if len(src) > 0 && (src[0] == tagEnd || src[0] == ^byte(tagEnd)) {
		return true, src[1:]
	}
	return false, src
}

// Descending reports whether src starts with a descending element.
func Descending(src []byte) bool {
	return len(src) > 0 && src[0] >= 0x80 && src[0] != tagNullLast
}

// head returns the ascending form of the first tag and the mask that the
// element's bytes are to be xored with.
func head(src []byte) (tag, mask byte, err error) {
	if len(src) == 0 {
		return 0, 0, ErrShort
	}
	if src[0] >= 0x80 {
		return ^src[0], 0xff, nil
	}
	return src[0], 0, nil
}

// AppendBool appends a boolean; false comes first.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, tagTrue)
	}
	return append(dst, tagFalse)
}

// AppendBoolDesc is AppendBool in descending order.
func AppendBoolDesc(dst []byte, v bool) []byte { return Invert(AppendBool(dst, v), len(dst)) }

// DecodeBool reads a boolean of either direction.
func DecodeBool(src []byte) (v bool, rest []byte, err error) {
	tag, _, err := head(src)
	if err != nil {
		return false, nil, err
	}
	switch tag {
	case tagFalse, tagTrue:
		return tag == tagTrue, src[1:], nil
	}
	return false, nil, ErrFormat
}

// AppendInt appends a signed integer in one to nine bytes. Signed and unsigned
// integers share one order.
func AppendInt(dst []byte, v int64) []byte {
	if v >= 0 {
		return AppendUint(dst, uint64(v))
	}
	n := (bits.Len64(uint64(^v)) + 7) / 8
	if n == 0 {
		n = 1 // -1
	}
	dst = append(dst, byte(tagIntZero-n))
	return appendBE(dst, uint64(v), n)
}

// AppendIntDesc is AppendInt in descending order.
func AppendIntDesc(dst []byte, v int64) []byte { return Invert(AppendInt(dst, v), len(dst)) }

// AppendUint appends an unsigned integer.
func AppendUint(dst []byte, v uint64) []byte {
	n := (bits.Len64(v) + 7) / 8
	dst = append(dst, byte(tagIntZero+n))
	return appendBE(dst, v, n)
}

// AppendUintDesc is AppendUint in descending order.
func AppendUintDesc(dst []byte, v uint64) []byte { return Invert(AppendUint(dst, v), len(dst)) }

// appendBE appends the low n bytes of v, most significant first.
func appendBE(dst []byte, v uint64, n int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return append(dst, b[8-n:]...)
}

// DecodeInt reads an integer of either direction that fits an int64.
func DecodeInt(src []byte) (v int64, rest []byte, err error) {
	u, neg, rest, err := decodeInteger(src)
	if err != nil {
		return 0, nil, err
	}
	if !neg && u > math.MaxInt64 {
		return 0, nil, ErrFormat
	}
	return int64(u), rest, nil
}

// DecodeUint reads a non-negative integer of either direction.
func DecodeUint(src []byte) (v uint64, rest []byte, err error) {
	u, neg, rest, err := decodeInteger(src)
	if err != nil {
		return 0, nil, err
	}
	if neg {
		return 0, nil, ErrFormat
	}
	return u, rest, nil
}

// decodeInteger returns the two's complement bits and the sign. An encoding that
// is longer than needed is refused, so that equal values have equal bytes.
func decodeInteger(src []byte) (u uint64, neg bool, rest []byte, err error) {
	tag, mask, err := head(src)
	if err != nil {
		return 0, false, nil, err
	}
	n := int(tag) - tagIntZero
	if n < -8 || n > 8 {
		return 0, false, nil, ErrFormat
	}
	if n < 0 {
		n, neg = -n, true
		u = math.MaxUint64
	}
	if len(src) < 1+n {
		return 0, false, nil, ErrShort
	}
	for _, c := range src[1 : 1+n] {
		u = u<<8 | uint64(c^mask)
	}
	if neg {
		need := max((bits.Len64(^u)+7)/8, 1)
		if need != n || int64(u) >= 0 {
			return 0, false, nil, ErrFormat
		}
	} else if (bits.Len64(u)+7)/8 != n {
		return 0, false, nil, ErrFormat
	}
	return u, neg, src[1+n:], nil
}

// AppendFloat appends a float: -0 equals 0, and NaN equals itself and comes after
// +Infinity.
func AppendFloat(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, tagFloat), floatOrder(v))
}

// AppendFloatDesc is AppendFloat in descending order.
func AppendFloatDesc(dst []byte, v float64) []byte { return Invert(AppendFloat(dst, v), len(dst)) }

// floatOrder maps a float to an unsigned integer of the same order.
func floatOrder(v float64) uint64 {
	if v == 0 {
		v = 0 // drops the sign of -0
	}
	if math.IsNaN(v) {
		return math.MaxUint64
	}
	b := math.Float64bits(v)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// DecodeFloat reads a float of either direction.
func DecodeFloat(src []byte) (v float64, rest []byte, err error) {
	u, rest, err := decodeFixed64(src, tagFloat)
	if err != nil {
		return 0, nil, err
	}
	if u == math.MaxUint64 {
		return math.NaN(), rest, nil
	}
	b := ^u
	if u>>63 == 1 {
		b = u &^ (1 << 63)
	}
	v = math.Float64frombits(b)
	if floatOrder(v) != u {
		return 0, nil, ErrFormat
	}
	return v, rest, nil
}

// AppendTime appends an instant (or anything counted in an int64) in fixed width.
func AppendTime(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, tagTime), uint64(v)^1<<63)
}

// AppendTimeDesc is AppendTime in descending order.
func AppendTimeDesc(dst []byte, v int64) []byte { return Invert(AppendTime(dst, v), len(dst)) }

// DecodeTime reads an instant of either direction.
func DecodeTime(src []byte) (v int64, rest []byte, err error) {
	u, rest, err := decodeFixed64(src, tagTime)
	return int64(u ^ 1<<63), rest, err
}

func decodeFixed64(src []byte, want byte) (u uint64, rest []byte, err error) {
	tag, mask, err := head(src)
	if err != nil {
		return 0, nil, err
	}
	if tag != want {
		return 0, nil, ErrFormat
	}
	if len(src) < 9 {
		return 0, nil, ErrShort
	}
	u = binary.BigEndian.Uint64(src[1:])
	if mask != 0 {
		u = ^u
	}
	return u, src[9:], nil
}

// AppendUUID appends 16 bytes in their order.
func AppendUUID(dst []byte, v [16]byte) []byte { return append(append(dst, tagUUID), v[:]...) }

// AppendUUIDDesc is AppendUUID in descending order.
func AppendUUIDDesc(dst []byte, v [16]byte) []byte { return Invert(AppendUUID(dst, v), len(dst)) }

// DecodeUUID reads a UUID of either direction.
func DecodeUUID(src []byte) (v [16]byte, rest []byte, err error) {
	tag, mask, err := head(src)
	if err != nil {
		return v, nil, err
	}
	if tag != tagUUID {
		return v, nil, ErrFormat
	}
	if len(src) < 17 {
		return v, nil, ErrShort
	}
	copy(v[:], src[1:17])
	if mask != 0 {
		invert(v[:])
	}
	return v, src[17:], nil
}
