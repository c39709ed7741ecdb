package doc

import (
	"bytes"

	"github.com/weftdb/weft/internal/enc"
)

// Compare orders values: by kind, Missing and null alike; numbers by value; strings
// by their bytes; objects field by field, by kind, name and value; arrays element
// by element; false before true. MongoDB's order, without its other types.
func Compare(a, b Value) int {
	ka, kb := a.rank(), b.rank()
	if ka != kb {
		return order(int(ka), int(kb))
	}
	switch ka {
	case Number:
		return compareNumbers(a, b)
	case String:
		return bytes.Compare(a.Str(), b.Str())
	case Bool:
		return order(int(a.b[0]), int(b.b[0]))
	case Object:
		return compareObjects(a, b)
	case Array:
		return compareArrays(a, b)
	}
	return 0
}

// rank is the kind, with Missing taken for null.
func (v Value) rank() Kind { return max(v.Kind(), Null) }

func compareObjects(a, b Value) int {
	la, lb := layout(a.b), layout(b.b)
	for i := range min(la.count, lb.count) {
		na, va := la.field(i)
		nb, vb := lb.field(i)
		if c := order(int(va.rank()), int(vb.rank())); c != 0 {
			return c
		}
		if c := bytes.Compare(na, nb); c != 0 {
			return c
		}
		if c := Compare(va, vb); c != 0 {
			return c
		}
	}
	return order(la.count, lb.count)
}

func compareArrays(a, b Value) int {
	la, lb := layout(a.b), layout(b.b)
	for i := range min(la.count, lb.count) {
		if c := Compare(Value{la.item(i)}, Value{lb.item(i)}); c != 0 {
			return c
		}
	}
	return order(la.count, lb.count)
}

// Equal says whether two values compare as equal.
func Equal(a, b Value) bool { return Compare(a, b) == 0 }

// AppendKey appends v so that the bytes of keys compare as the values do.
func AppendKey(dst []byte, v Value) []byte {
	k := v.rank()
	dst = append(dst, byte(k))
	switch k {
	case Number:
		return v.appendNumberKey(dst)
	case String:
		return enc.AppendBytes(dst, v.Str())
	case Bool:
		return append(dst, v.b[0])
	case Object:
		l := layout(v.b)
		for i := range l.count {
			name, f := l.field(i)
			dst = append(dst, byte(f.rank()))
			dst = AppendKey(enc.AppendBytes(dst, name), f)
		}
		return append(dst, 0)
	case Array:
		l := layout(v.b)
		for i := range l.count {
			dst = AppendKey(dst, Value{l.item(i)})
		}
		return append(dst, 0)
	}
	return dst
}

// AppendKeyDesc is AppendKey in descending order.
func AppendKeyDesc(dst []byte, v Value) []byte {
	return enc.Invert(AppendKey(dst, v), len(dst))
}

// SkipKey returns what follows the key of one value, of either direction.
func SkipKey(b []byte) (rest []byte, err error) {
	if len(b) == 0 {
		return nil, damaged("a key that is cut off")
	}
	mask := byte(0)
	if b[0] > byte(Bool) {
		mask = 0xff
	}
	kind := Kind(b[0] ^ mask)
	b = b[1:]
	switch kind {
	case Null:
		return b, nil
	case Number, String:
		return enc.Skip(b)
	case Bool:
		if len(b) == 0 {
			return nil, damaged("a key that is cut off")
		}
		return b[1:], nil
	case Object, Array:
		for len(b) > 0 && b[0]^mask != 0 {
			if kind == Object {
				if b, err = enc.Skip(b[1:]); err != nil {
					return nil, err
				}
			}
			if b, err = SkipKey(b); err != nil {
				return nil, err
			}
		}
		if len(b) == 0 {
			return nil, damaged("a key that is cut off")
		}
		return b[1:], nil
	}
	return nil, damaged("a key of the unknown kind %d", kind)
}
