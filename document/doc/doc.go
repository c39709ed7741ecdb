// Package doc is the binary form of documents: JSON values that keep numbers to the
// letter and fields in order, and whose parts can be read without the rest.
//
// It promises that what Parse takes, AppendJSON gives back with every number as it
// was written and every field where it was; that finding a field or an element
// skips over what stands before it without reading it; that Compare is a total
// order, in which numbers compare by value however they are stored; and that
// AppendKey encodes values so that their bytes compare as Compare does.
//
// It owns the bytes of a value (docs/format/document.md) and no memory: a Value is
// a piece of the bytes that it was made from. It refuses text that is not JSON by
// RFC 8259, strings that are not Unicode, values nested deeper than MaxDepth, and
// numbers whose exponent has more than nine digits. Where an object names a field
// twice, the last value counts, in the place of the first.
package doc

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/weftdb/weft/internal/dberr"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 200

// Kind is what a value is. The kinds are in the order in which values of
// different kinds compare.
type Kind uint8

// The kinds of values. Missing is that of the zero Value: of a field that is not there.
const (
	Missing Kind = iota
	Null
	Number
	String
	Object
	Array
	Bool
)

var kindNames = [...]string{"nothing", "null", "a number", "a string", "an object", "an array", "a boolean"}

// String names the kind with its article.
func (k Kind) String() string { return kindNames[k] }

// The first byte of a value. Part of the format: never change.
const (
	tagNull    = 0x01
	tagFalse   = 0x02
	tagTrue    = 0x03
	tagInt     = 0x04 // zigzag varint
	tagFloat   = 0x05 // 8 bytes, little-endian IEEE 754
	tagDecimal = 0x06 // length (uvarint), the number as text
	tagString  = 0x07 // length (uvarint), UTF-8
	tagArray   = 0x10 // + width: count, ends, elements
	tagObject  = 0x14 // + width: count, ends, fields
	tagWide    = 0x18 // + width: count, ends, order, fields
	widthMask  = 0x03 // 0, 1, 2: numbers of 1, 2, 4 bytes
)

// wideFields is the number of fields from which an object has an order of names.
const wideFields = 17

// Value is one value in binary form, whole. The zero Value is Missing.
type Value struct{ b []byte }

// FromBytes checks that b is one whole value, to its last byte, and returns it.
// The Value refers to b.
func FromBytes(b []byte) (Value, error) {
	n, err := check(b, 0)
	if err != nil {
		return Value{}, err
	}
	if n != len(b) {
		return Value{}, damaged("%d bytes after its end", len(b)-n)
	}
	return Value{b}, nil
}

// Trusted is FromBytes without the check, for bytes that this package made and a
// checksum has kept.
func Trusted(b []byte) Value { return Value{b} }

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: a stored document has %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}

// Bytes is the binary form. It must not be changed.
func (v Value) Bytes() []byte { return v.b }

// Exists says whether v is not Missing.
func (v Value) Exists() bool { return len(v.b) > 0 }

// Kind is what v is.
func (v Value) Kind() Kind {
	if len(v.b) == 0 {
		return Missing
	}
	switch t := v.b[0]; {
	case t == tagNull:
		return Null
	case t <= tagTrue:
		return Bool
	case t <= tagDecimal:
		return Number
	case t == tagString:
		return String
	case t < tagObject:
		return Array
	}
	return Object
}

// Bool is the value of a boolean, false for anything else.
func (v Value) Bool() bool { return len(v.b) > 0 && v.b[0] == tagTrue }

// Str is the text of a string, nil for anything else. It must not be changed.
func (v Value) Str() []byte {
	if len(v.b) == 0 || v.b[0] != tagString {
		return nil
	}
	n, k := binary.Uvarint(v.b[1:])
	return v.b[1+k : 1+k+int(n)]
}

// Int is the value of a number that is written as an integer of 64 bits.
func (v Value) Int() (n int64, ok bool) {
	if len(v.b) == 0 || v.b[0] != tagInt {
		return 0, false
	}
	n, _ = binary.Varint(v.b[1:])
	return n, true
}

// Float is the double nearest to a number, ok if v is one.
func (v Value) Float() (f float64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	switch v.b[0] {
	case tagInt:
		n, _ := binary.Varint(v.b[1:])
		return float64(n), true
	case tagFloat:
		return math.Float64frombits(binary.LittleEndian.Uint64(v.b[1:])), true
	}
	return parseFloat(v.decimalText()), true
}

// NumberForm says how a number is stored.
type NumberForm uint8

// The forms of numbers.
const (
	NotNumber   NumberForm = iota
	IntNumber              // an integer that 64 bits hold
	FloatNumber            // what a double says in as few digits
	DecNumber              // any other
)

// NumberForm is how v is stored, if it is a number.
func (v Value) NumberForm() NumberForm {
	if v.Kind() != Number {
		return NotNumber
	}
	return NumberForm(v.b[0]-tagInt) + IntNumber
}

func (v Value) decimalText() []byte {
	n, k := binary.Uvarint(v.b[1:])
	return v.b[1+k : 1+k+int(n)]
}

// container is where the parts of an array or object are.
type container struct {
	b     []byte
	width int // bytes of each number
	count int
	order int // where the order begins, 0 where there is none
	items int // where the items begin
}

func layout(b []byte) (l container) {
	l.b, l.width = b, 1<<(b[0]&widthMask)
	l.count = l.number(1)
	l.items = 1 + l.width + l.count*l.width
	if b[0]&^widthMask == tagWide {
		l.order = l.items
		l.items += l.count * l.width
	}
	return l
}

// number reads one of the numbers before the items.
func (l *container) number(at int) int {
	switch l.width {
	case 1:
		return int(l.b[at])
	case 2:
		return int(binary.LittleEndian.Uint16(l.b[at:]))
	}
	return int(binary.LittleEndian.Uint32(l.b[at:]))
}

// end is where item i ends, counted from the first; 0 for -1.
func (l *container) end(i int) int {
	if i < 0 {
		return 0
	}
	return l.number(1 + l.width + i*l.width)
}

func (l *container) item(i int) []byte {
	return l.b[l.items+l.end(i-1) : l.items+l.end(i)]
}

// field returns name and value of field i.
func (l *container) field(i int) (name []byte, v Value) {
	b := l.item(i)
	n, k := binary.Uvarint(b)
	return b[k : k+int(n)], Value{b[k+int(n):]}
}

// Len is the number of elements of an array or fields of an object, 0 else.
func (v Value) Len() int {
	if len(v.b) == 0 || v.b[0] < tagArray {
		return 0
	}
	l := layout(v.b)
	return l.count
}

// At is element i of an array, Missing where there is none.
func (v Value) At(i int) Value {
	if v.Kind() != Array || i < 0 {
		return Value{}
	}
	l := layout(v.b)
	if i >= l.count {
		return Value{}
	}
	return Value{l.item(i)}
}

// FieldAt is field i of an object.
func (v Value) FieldAt(i int) (name []byte, field Value) {
	if v.Kind() != Object || i < 0 {
		return nil, Value{}
	}
	l := layout(v.b)
	if i >= l.count {
		return nil, Value{}
	}
	return l.field(i)
}

// Field is the value of a field of an object, Missing where there is none.
func (v Value) Field(name string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	l := layout(v.b)
	if l.order != 0 {
		return l.search(name)
	}
	at := l.items
	for i := range l.count {
		b := l.b[at:]
		n, k := int(b[0]), 1
		if n >= 0x80 {
			var long uint64
			long, k = binary.Uvarint(b)
			n = int(long)
		}
		end := l.items + l.end(i)
		if n == len(name) && string(b[k:k+n]) == name {
			return Value{l.b[at+k+n : end]}
		}
		at = end
	}
	return Value{}
}

// search finds a field of a wide object by its order.
func (l *container) search(name string) Value {
	low, high := 0, l.count
	for low < high {
		mid := (low + high) / 2
		got, v := l.field(l.number(l.order + mid*l.width))
		switch {
		case string(got) == name:
			return v
		case string(got) < name:
			low = mid + 1
		default:
			high = mid
		}
	}
	return Value{}
}

// Elements calls fn for each element of an array, in order, until it returns false.
func (v Value) Elements(fn func(i int, e Value) bool) {
	if v.Kind() != Array {
		return
	}
	l := layout(v.b)
	from := 0
	for i := range l.count {
		end := l.end(i)
		if !fn(i, Value{l.b[l.items+from : l.items+end]}) {
			return
		}
		from = end
	}
}

// List gives the elements of an array.
func (v Value) List() []Value {
	list := make([]Value, 0, v.Len())
	v.Elements(func(_ int, e Value) bool {
		list = append(list, e)
		return true
	})
	return list
}

// Fields calls fn for each field of an object, in order, until it returns false.
func (v Value) Fields(fn func(name []byte, f Value) bool) {
	if v.Kind() != Object {
		return
	}
	l := layout(v.b)
	for i := range l.count {
		if name, f := l.field(i); !fn(name, f) {
			return
		}
	}
}
