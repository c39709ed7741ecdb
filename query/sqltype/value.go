package sqltype

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"

	"github.com/weftdb/weft/internal/enc"
)

// The value encoding of rows: see docs/format/row.md. Lengths are known from
// outside, so numbers take only the bytes they need.

// Second bytes of a numeric: below numSpecial the scale of a small one.
const (
	numSpecial = 0xf0
	numFmtNaN  = 0xf0
	numFmtInf  = 0xf1
	numFmtNInf = 0xf2
	numFmtPos  = 0xf3 // uvarint scale, magnitude
	numFmtNeg  = 0xf4
)

// appendIntValue writes the fewest little-endian bytes that keep the sign; none for 0.
func appendIntValue(dst []byte, v int64) []byte {
	n := intValueLen(v)
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(v))
	return append(dst, b[:n]...)
}

func intValueLen(v int64) int {
	if v == 0 {
		return 0
	}
	return bits.Len64(uint64(v^v>>63))/8 + 1
}

// intValue reads the n ≤ 8 bytes that are at the front of b.
func intValue(b []byte, n int) int64 {
	if len(b) >= 8 {
		s := uint(64-8*n) & 127
		return int64(binary.LittleEndian.Uint64(b)<<s) >> s
	}
	var u uint64
	for i := n - 1; i >= 0; i-- {
		u = u<<8 | uint64(b[i])
	}
	s := uint(64 - 8*n)
	return int64(u<<s) >> s
}

// AppendValue appends the storage form of a non-null value, whose length must be
// kept beside it.
func AppendValue(dst []byte, t Type, d Datum) []byte {
	switch t.Phys() {
	case PhysInt:
		return appendIntValue(dst, d.Int)
	case PhysFloat:
		return appendFloatValue(dst, d.Float)
	case PhysNumeric:
		return appendNumValue(dst, d.Num)
	case PhysInterval:
		dst = binary.AppendVarint(dst, int64(d.Ivl.Months))
		dst = binary.AppendVarint(dst, int64(d.Ivl.Days))
		return binary.AppendVarint(dst, d.Ivl.Micros)
	case PhysString:
		return append(dst, d.Str...)
	}
	switch x := d.Any.(type) {
	case TimeTZValue:
		return binary.AppendVarint(binary.AppendVarint(dst, x.Micros), int64(x.OffsetSec))
	case *ArrayValue:
		return appendArrayValue(dst, x)
	case *RecordValue:
		return appendRecordValue(dst, x)
	case *RangeValue:
		return appendRangeValue(dst, x)
	case *MultirangeValue:
		dst = binary.AppendUvarint(dst, uint64(len(x.Ranges)))
		for _, r := range x.Ranges {
			dst = appendRangeValue(dst, r)
		}
		return dst
	}
	return dst
}

// appendFloatValue writes 4 bytes where they hold the value, else 8.
func appendFloatValue(dst []byte, f float64) []byte {
	if s := float32(f); math.Float64bits(float64(s)) == math.Float64bits(f) {
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(s))
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

func floatValue(b []byte) (float64, error) {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), nil
	case 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
	}
	return 0, enc.ErrFormat
}

func appendNumValue(dst []byte, n Num) []byte {
	switch n.special() {
	case 2:
		return append(dst, numFmtNaN)
	case 1:
		return append(dst, numFmtInf)
	case -1:
		return append(dst, numFmtNInf)
	}
	if n.Big == nil && n.Scale < numSpecial {
		return appendIntValue(append(dst, byte(n.Scale)), n.Coef)
	}
	v := n.Unscaled()
	form := byte(numFmtPos)
	if v.Sign() < 0 {
		form = numFmtNeg
	}
	return append(binary.AppendUvarint(append(dst, form), uint64(n.Scale)), v.Bytes()...)
}

func numValue(b []byte) (Num, error) {
	if len(b) == 0 {
		return Num{}, enc.ErrShort
	}
	c, b := b[0], b[1:]
	if c < numSpecial {
		if len(b) > 8 {
			return Num{}, enc.ErrFormat
		}
		return Num{Coef: intValue(b, len(b)), Scale: int16(c)}, nil
	}
	switch c {
	case numFmtNaN:
		return NumNaN, nil
	case numFmtInf:
		return NumInf, nil
	case numFmtNInf:
		return NumNegInf, nil
	case numFmtPos, numFmtNeg:
		scale, n := binary.Uvarint(b)
		if n <= 0 || scale > numMaxScale {
			return Num{}, enc.ErrFormat
		}
		v := new(big.Int).SetBytes(b[n:])
		if c == numFmtNeg {
			v.Neg(v)
		}
		return NumBig(v, int(scale)), nil
	}
	return Num{}, enc.ErrFormat
}

func intervalValue(b []byte) (v IntervalValue, err error) {
	m, b, err := varint(b)
	if err != nil {
		return v, err
	}
	d, b, err := varint(b)
	if err != nil {
		return v, err
	}
	us, b, err := varint(b)
	if err != nil || len(b) != 0 || m != int64(int32(m)) || d != int64(int32(d)) {
		return v, enc.ErrFormat
	}
	return IntervalValue{Months: int32(m), Days: int32(d), Micros: us}, nil
}

func varint(b []byte) (int64, []byte, error) {
	v, n := binary.Varint(b)
	if n <= 0 {
		return 0, nil, enc.ErrShort
	}
	return v, b[n:], nil
}

func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, enc.ErrShort
	}
	return v, b[n:], nil
}

func appendType(dst []byte, t Type) []byte {
	return binary.AppendVarint(append(dst, byte(t.ID), byte(t.Elem)), int64(t.Mod))
}

func decodeType(b []byte) (t Type, rest []byte, err error) {
	if len(b) < 2 {
		return t, nil, enc.ErrShort
	}
	mod, rest, err := varint(b[2:])
	if err != nil || mod != int64(int32(mod)) {
		return t, nil, enc.ErrFormat
	}
	return Type{ID: ID(b[0]), Elem: ID(b[1]), Mod: int32(mod)}, rest, nil
}

// appendItem appends a value with its length; 0 is NULL, others the length + 1.
func appendItem(dst []byte, t Type, d Datum) []byte {
	if d.Null {
		return append(dst, 0)
	}
	v := AppendValue(nil, t, d)
	return append(binary.AppendUvarint(dst, uint64(len(v))+1), v...)
}

func decodeItem(t Type, b []byte, depth int) (d Datum, rest []byte, err error) {
	n, b, err := uvarint(b)
	switch {
	case err != nil:
		return d, nil, err
	case n == 0:
		return NullDatum, b, nil
	case n-1 > uint64(len(b)):
		return d, nil, enc.ErrShort
	}
	d, err = decodeValue(t, b[:n-1], depth)
	return d, b[n-1:], err
}

func appendArrayValue(dst []byte, a *ArrayValue) []byte {
	dst = appendType(dst, a.Elem)
	dst = append(dst, byte(len(a.Dims)))
	for i, n := range a.Dims {
		dst = binary.AppendUvarint(dst, uint64(n))
		dst = binary.AppendVarint(dst, int64(a.lower(i)))
	}
	for _, v := range a.Vals {
		dst = appendItem(dst, a.Elem, v)
	}
	return dst
}

func decodeArrayValue(b []byte, depth int) (*ArrayValue, error) {
	elem, b, err := decodeType(b)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || b[0] > maxArrayDims {
		return nil, enc.ErrFormat
	}
	a := &ArrayValue{Elem: elem}
	nd, size := int(b[0]), 1
	b = b[1:]
	for range nd {
		n, rest, err := uvarint(b)
		if err != nil {
			return nil, err
		}
		lower, rest, err := varint(rest)
		if err != nil || n == 0 || n > uint64(len(rest)) || lower != int64(int32(lower)) {
			return nil, enc.ErrFormat
		}
		if size *= int(n); size > len(rest) {
			return nil, enc.ErrFormat
		}
		a.Dims, a.Lower, b = append(a.Dims, int(n)), append(a.Lower, int(lower)), rest
	}
	if nd == 0 {
		size = 0
	}
	for range size {
		v, rest, err := decodeItem(elem, b, depth+1)
		if err != nil {
			return nil, err
		}
		a.Vals, b = append(a.Vals, v), rest
	}
	if len(b) != 0 {
		return nil, enc.ErrFormat
	}
	return a, nil
}

func appendRecordValue(dst []byte, r *RecordValue) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.Vals)))
	for i, v := range r.Vals {
		dst = appendItem(appendType(dst, r.Types[i]), r.Types[i], v)
	}
	return dst
}

func decodeRecordValue(b []byte, depth int) (*RecordValue, error) {
	n, b, err := uvarint(b)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(b)) {
		return nil, enc.ErrShort
	}
	r := &RecordValue{}
	for range n {
		t, rest, err := decodeType(b)
		if err != nil {
			return nil, err
		}
		v, rest, err := decodeItem(t, rest, depth+1)
		if err != nil {
			return nil, err
		}
		r.Types, r.Vals, b = append(r.Types, t), append(r.Vals, v), rest
	}
	if len(b) != 0 {
		return nil, enc.ErrFormat
	}
	return r, nil
}

// DecodeValue reads what AppendValue wrote; b is exactly that. Strings are copied.
func DecodeValue(t Type, b []byte) (Datum, error) { return decodeValue(t, b, 0) }

func decodeValue(t Type, b []byte, depth int) (d Datum, err error) {
	switch t.Phys() {
	case PhysInt:
		if len(b) > 8 {
			return d, enc.ErrFormat
		}
		d.Int = intValue(b, len(b))
	case PhysFloat:
		d.Float, err = floatValue(b)
	case PhysNumeric:
		d.Num, err = numValue(b)
	case PhysInterval:
		d.Ivl, err = intervalValue(b)
	case PhysString:
		if t.ID == UUID && len(b) != 16 {
			return d, enc.ErrFormat
		}
		d.Str = string(b)
	default:
		d.Any, err = decodeAnyValue(t, b, depth)
	}
	return d, err
}

func decodeAnyValue(t Type, b []byte, depth int) (any, error) {
	if depth > 64 {
		return nil, enc.ErrFormat
	}
	switch t.ID {
	case TimeTZ:
		us, b, err := varint(b)
		if err != nil {
			return nil, err
		}
		off, b, err := varint(b)
		if err != nil || len(b) != 0 || off != int64(int32(off)) {
			return nil, enc.ErrFormat
		}
		return TimeTZValue{Micros: us, OffsetSec: int32(off)}, nil
	case Array:
		return anyOrNil(decodeArrayValue(b, depth))
	}
	if t.IsRange() || t.IsMultirange() {
		return decodeRanges(t, b, depth)
	}
	return anyOrNil(decodeRecordValue(b, depth))
}

func anyOrNil[T any](v *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
