package enc

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// ErrShort is returned when the bytes end before the value does.
var ErrShort = errors.New("encoded value is cut short")

// ErrFormat is returned when the bytes are not an encoding of any value.
var ErrFormat = errors.New("encoded value is malformed")

// AppendOrderedUvarint appends v so that byte order is numeric order: values up
// to 240 take one byte, others one length byte (241 to 248) and the big-endian
// value in the fewest bytes.
func AppendOrderedUvarint(dst []byte, v uint64) []byte {
	if v <= 240 {
		return append(dst, byte(v))
	}
	n := (bits.Len64(v) + 7) / 8
	dst = append(dst, byte(240+n))
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return append(dst, b[8-n:]...)
}

// DecodeOrderedUvarint reads what AppendOrderedUvarint wrote and returns the
// bytes that follow. A longer encoding than needed is refused.
func DecodeOrderedUvarint(src []byte) (v uint64, rest []byte, err error) {
	if len(src) == 0 {
		return 0, nil, ErrShort
	}
	if src[0] <= 240 {
		return uint64(src[0]), src[1:], nil
	}
	n := int(src[0]) - 240
	if n > 8 {
		return 0, nil, ErrFormat
	}
	if len(src) < 1+n {
		return 0, nil, ErrShort
	}
	for _, c := range src[1 : 1+n] {
		v = v<<8 | uint64(c)
	}
	if v <= 240 || (bits.Len64(v)+7)/8 != n {
		return 0, nil, ErrFormat
	}
	return v, src[1+n:], nil
}
