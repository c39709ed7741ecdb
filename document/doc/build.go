package doc

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// The Append functions write one value in binary form.

// AppendNull appends null.
func AppendNull(dst []byte) []byte { return append(dst, tagNull) }

// AppendBool appends a boolean.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, tagTrue)
	}
	return append(dst, tagFalse)
}

// AppendInt appends an integer.
func AppendInt(dst []byte, v int64) []byte {
	return binary.AppendVarint(append(dst, tagInt), v)
}

// AppendFloat appends a double, which must be finite. One that is whole and within
// 2⁵³ becomes an integer.
func AppendFloat(dst []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) <= 1<<53 && !(v == 0 && math.Signbit(v)) {
		return AppendInt(dst, int64(v))
	}
	return AppendNumber(dst, appendShortest(nil, v))
}

// AppendString appends a string, which must be UTF-8.
func AppendString[T string | []byte](dst []byte, v T) []byte {
	dst = binary.AppendUvarint(append(dst, tagString), uint64(len(v)))
	return append(dst, v...)
}

// AppendNumber appends a number from JSON text, which must be well-formed.
func AppendNumber(dst, text []byte) []byte {
	if n, ok := parseInt(text); ok {
		return AppendInt(dst, n)
	}
	if f := parseFloat(text); !math.IsInf(f, 0) {
		var buf [32]byte
		if string(appendShortest(buf[:0], f)) == string(text) {
			return binary.LittleEndian.AppendUint64(append(dst, tagFloat), math.Float64bits(f))
		}
	}
	dst = binary.AppendUvarint(append(dst, tagDecimal), uint64(len(text)))
	return append(dst, text...)
}

// Field is a field of an object in the making.
type Field struct {
	Name  string
	Value Value
}

// AppendObject appends an object of fields, in their order. No name may come twice,
// and no value may be Missing.
func AppendObject(dst []byte, fields []Field) []byte {
	total := 0
	for i := range fields {
		total += uvarintLen(len(fields[i].Name)) + len(fields[i].Name) + len(fields[i].Value.b)
	}
	tag := byte(tagObject)
	if len(fields) >= wideFields {
		tag = tagWide
	}
	w := newHeader(tag, len(fields), total)
	dst = w.begin(dst)
	end := 0
	for i := range fields {
		end += uvarintLen(len(fields[i].Name)) + len(fields[i].Name) + len(fields[i].Value.b)
		dst = w.number(dst, end)
	}
	if tag == tagWide {
		for _, i := range nameOrder(len(fields), func(i int) string { return fields[i].Name }) {
			dst = w.number(dst, i)
		}
	}
	for i := range fields {
		dst = binary.AppendUvarint(dst, uint64(len(fields[i].Name)))
		dst = append(append(dst, fields[i].Name...), fields[i].Value.b...)
	}
	return dst
}

// AppendArray appends an array of elements, none of them Missing.
func AppendArray(dst []byte, elements []Value) []byte {
	total := 0
	for _, e := range elements {
		total += len(e.b)
	}
	w := newHeader(tagArray, len(elements), total)
	dst = w.begin(dst)
	end := 0
	for _, e := range elements {
		end += len(e.b)
		dst = w.number(dst, end)
	}
	for _, e := range elements {
		dst = append(dst, e.b...)
	}
	return dst
}

// Of makes a Value from one of the Append functions.
func Of(b []byte) Value { return Value{b} }

// FromNull is null.
func FromNull() Value { return Value{AppendNull(nil)} }

// FromBool is a boolean.
func FromBool(v bool) Value { return Value{AppendBool(nil, v)} }

// FromInt is an integer.
func FromInt(v int64) Value { return Value{AppendInt(nil, v)} }

// FromText is a string, which must be UTF-8.
func FromText[T string | []byte](v T) Value { return Value{AppendString(nil, v)} }

// FromArray is an array of elements, none of them Missing.
func FromArray(elements []Value) Value { return Value{AppendArray(nil, elements)} }

// FromFields is an object of fields, as AppendObject takes them.
func FromFields(fields []Field) Value { return Value{AppendObject(nil, fields)} }

// header writes the numbers of a container.
type header struct {
	tag          byte
	width, count int
}

func newHeader(tag byte, count, total int) header {
	switch most := max(count, total); {
	case most < 1<<8:
		return header{tag, 1, count}
	case most < 1<<16:
		return header{tag + 1, 2, count}
	}
	return header{tag + 2, 4, count}
}

func (h header) begin(dst []byte) []byte { return h.number(append(dst, h.tag), h.count) }

func (h header) number(dst []byte, n int) []byte {
	switch h.width {
	case 1:
		return append(dst, byte(n))
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(n))
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

func nameOrder(n int, name func(i int) string) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(name(a), name(b)) })
	return order
}

func uvarintLen(n int) int {
	k := 1
	for ; n >= 0x80; n >>= 7 {
		k++
	}
	return k
}
