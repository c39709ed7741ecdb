package doc

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// check returns the length of the value at the beginning of b, which may be
// anything. It holds every length against what is there before it looks.
func check(b []byte, depth int) (int, error) {
	if len(b) == 0 {
		return 0, damaged("a value that is cut off")
	}
	if depth > MaxDepth {
		return 0, damaged("values nested deeper than %d", MaxDepth)
	}
	switch t := b[0]; {
	case t >= tagNull && t <= tagTrue:
		return 1, nil
	case t == tagInt:
		n, k := binary.Varint(b[1:])
		if k <= 0 || k != len(binary.AppendVarint(nil, n)) {
			return 0, damaged("a malformed integer")
		}
		return 1 + k, nil
	case t == tagFloat:
		return checkFloat(b)
	case t == tagDecimal || t == tagString:
		return checkText(b)
	case t >= tagArray && t < tagWide+3 && t&widthMask != 3:
		return checkContainer(b, depth)
	}
	return 0, damaged("the unknown tag %#x", b[0])
}

func checkFloat(b []byte) (int, error) {
	if len(b) < 9 {
		return 0, damaged("a number that is cut off")
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(b[1:]))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, damaged("a number that is none")
	}
	return 9, nil
}

func checkText(b []byte) (int, error) {
	n, k := binary.Uvarint(b[1:])
	if k <= 0 || n > uint64(len(b)-1-k) || k > 1 && b[k] == 0 {
		return 0, damaged("a text that is cut off")
	}
	text := b[1+k : 1+k+int(n)]
	if b[0] == tagString && !utf8.Valid(text) {
		return 0, damaged("a text that is not UTF-8")
	}
	if b[0] == tagDecimal {
		if rest, ok := cutNumber(text); !ok || len(rest) > 0 || exponentTooLong(text) {
			return 0, damaged("a number that is none")
		}
	}
	return 1 + k + int(n), nil
}

func checkContainer(b []byte, depth int) (int, error) {
	width := 1 << (b[0] & widthMask)
	if len(b) < 1+width {
		return 0, damaged("a container that is cut off")
	}
	l := container{b: b, width: width}
	l.count = l.number(1)
	words := 1 + l.count
	if b[0]&^widthMask == tagWide {
		words += l.count
	}
	if words > (len(b)-1)/width {
		return 0, damaged("a container that is cut off")
	}
	l = layout(b)
	from := 0
	for i := range l.count {
		end := l.end(i)
		if end <= from || end > len(b)-l.items {
			return 0, damaged("an item whose end is not within its container")
		}
		item := b[l.items+from : l.items+end]
		if b[0]&^widthMask != tagArray {
			n, k := binary.Uvarint(item)
			if k <= 0 || n > uint64(len(item)-k) || k > 1 && item[k-1] == 0 || !utf8.Valid(item[k:k+int(n)]) {
				return 0, damaged("a malformed name of a field")
			}
			item = item[k+int(n):]
		}
		n, err := check(item, depth+1)
		if err != nil {
			return 0, err
		}
		if n != len(item) {
			return 0, damaged("bytes between two items")
		}
		from = end
	}
	return l.items + from, l.checkNames()
}

// checkNames holds that no name comes twice, and that the order is one.
func (l *container) checkNames() error {
	if l.b[0]&^widthMask == tagArray {
		return nil
	}
	if (l.order != 0) != (l.count >= wideFields) {
		return damaged("an object in the wrong form for %d fields", l.count)
	}
	if l.order == 0 {
		for i := range l.count {
			a, _ := l.field(i)
			for j := range i {
				if b, _ := l.field(j); bytes.Equal(a, b) {
					return damaged("the field %q twice", a)
				}
			}
		}
		return nil
	}
	var last []byte
	for i := range l.count {
		n := l.number(l.order + i*l.width)
		if n >= l.count {
			return damaged("an order of names that is none")
		}
		name, _ := l.field(n)
		if i > 0 && bytes.Compare(last, name) >= 0 {
			return damaged("an order of names that is none")
		}
		last = name
	}
	return nil
}
