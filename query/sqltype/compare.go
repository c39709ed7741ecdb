package sqltype

import (
	"github.com/weftdb/weft/internal/dberr"
	"math"
	"math/bits"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// CompareFloat orders floats with NaN equal to itself and greater than all.
func CompareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	}
	return -1
}

// TrimBlanks drops the trailing blanks that char(n) comparisons ignore.
func TrimBlanks(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// span returns an interval's length in microseconds as 128 bits, counting 30 days
// to the month and 24 hours to the day, which is how intervals compare.
func (v IntervalValue) span() (hi int64, lo uint64) {
	days := int64(v.Months)*30 + int64(v.Days)
	h, l := bits.Mul64(absU64(days), uint64(MicrosPerDay))
	if days < 0 {
		var borrow uint64
		l, borrow = bits.Sub64(0, l, 0)
		h, _ = bits.Sub64(0, h, borrow)
	}
	l, carry := bits.Add64(l, uint64(v.Micros), 0)
	return int64(h) + v.Micros>>63 + int64(carry), l
}

// Compare orders intervals by length.
func (v IntervalValue) Compare(w IntervalValue) int {
	h1, l1 := v.span()
	h2, l2 := w.span()
	if h1 != h2 {
		return cmpInt(h1, h2)
	}
	switch {
	case l1 < l2:
		return -1
	case l1 > l2:
		return 1
	}
	return 0
}

// Compare orders by instant, then by zone.
func (v TimeTZValue) Compare(w TimeTZValue) int {
	a := v.Micros - int64(v.OffsetSec)*MicrosPerSecond
	b := w.Micros - int64(w.OffsetSec)*MicrosPerSecond
	if a != b {
		return cmpInt(a, b)
	}
	return -cmpInt(int64(v.OffsetSec), int64(w.OffsetSec)) // PostgreSQL counts zones westwards
}

// Compare is the total order of PostgreSQL's btree operator class for the type.
// Both values must be non-null; NULLs are the business of the caller.
func Compare(t Type, a, b Datum) int {
	switch t.Phys() {
	case PhysInt:
		return cmpInt(a.Int, b.Int)
	case PhysFloat:
		return CompareFloat(a.Float, b.Float)
	case PhysNumeric:
		return a.Num.Cmp(b.Num)
	case PhysInterval:
		return a.Ivl.Compare(b.Ivl)
	case PhysString:
		return CompareString(t.ID, a.Str, b.Str)
	}
	switch x := a.Any.(type) {
	case TimeTZValue:
		return x.Compare(b.Any.(TimeTZValue))
	case *ArrayValue:
		return compareArrays(x, b.Any.(*ArrayValue))
	case *RecordValue:
		return compareRecords(x, b.Any.(*RecordValue))
	case *RangeValue:
		return x.Compare(b.Any.(*RangeValue))
	case *MultirangeValue:
		return x.Compare(b.Any.(*MultirangeValue))
	}
	return 0
}

// CompareString is Compare for the types that are held as strings.
func CompareString(id ID, a, b string) int {
	switch id {
	case Bpchar:
		return strings.Compare(TrimBlanks(a), TrimBlanks(b))
	case JSONB:
		if a == b {
			return 0
		}
		x, err1 := ParseJSON(a)
		y, err2 := ParseJSON(b)
		if err1 != nil || err2 != nil {
			return strings.Compare(a, b)
		}
		return x.Compare(&y)
	}
	return strings.Compare(a, b)
}

func compareNullable(t Type, a, b Datum) int {
	switch {
	case a.Null && b.Null:
		return 0
	case a.Null:
		return 1
	case b.Null:
		return -1
	}
	return Compare(t, a, b)
}

func compareArrays(a, b *ArrayValue) int {
	for i := range min(len(a.Vals), len(b.Vals)) {
		if c := compareNullable(a.Elem, a.Vals[i], b.Vals[i]); c != 0 {
			return c
		}
	}
	if c := cmpInt(int64(len(a.Vals)), int64(len(b.Vals))); c != 0 {
		return c
	}
	if c := cmpInt(int64(len(a.Dims)), int64(len(b.Dims))); c != 0 {
		return c
	}
	for i := range a.Dims {
		if c := cmpInt(int64(a.Dims[i]), int64(b.Dims[i])); c != 0 {
			return c
		}
	}
	for i := range a.Dims {
		if c := cmpInt(int64(a.lower(i)), int64(b.lower(i))); c != 0 {
			return c
		}
	}
	return 0
}

// lower returns the lower bound of a dimension.
func (a *ArrayValue) lower(i int) int {
	if i < len(a.Lower) {
		return a.Lower[i]
	}
	return 1
}

func compareRecords(a, b *RecordValue) int {
	for i := range min(len(a.Vals), len(b.Vals)) {
		if c := compareNullable(a.Types[i], a.Vals[i], b.Vals[i]); c != 0 {
			return c
		}
	}
	return cmpInt(int64(len(a.Vals)), int64(len(b.Vals)))
}

// CompareRows orders two rows, field by field, as operators do: until they differ, their fields
// must be of the same types.
func CompareRows(x, y Datum) (int, error) {
	a, aok := x.Any.(*RecordValue)
	b, bok := y.Any.(*RecordValue)
	if !aok || !bok {
		return Compare(Type{ID: Record}, x, y), nil
	}
	known := func(t Type) Type {
		if t.ID == Unknown {
			return TText
		}
		return t.Base()
	}
	for i := range min(len(a.Vals), len(b.Vals)) {
		s, t := known(a.Types[i]), known(b.Types[i])
		if s != t && !(s.ID == t.ID && s.ID == Record) {
			return 0, dberr.SQL(dberr.StateDatatypeMismatch, "cannot compare dissimilar column types %s and %s at record column %d", s.Name(), t.Name(), i+1)
		}
		if s.ID == Record && !a.Vals[i].Null && !b.Vals[i].Null {
			if c, err := CompareRows(a.Vals[i], b.Vals[i]); c != 0 || err != nil {
				return c, err
			}
			continue
		}
		if c := compareNullable(s, a.Vals[i], b.Vals[i]); c != 0 {
			return c, nil
		}
	}
	if len(a.Vals) != len(b.Vals) {
		return 0, dberr.SQL(dberr.StateDatatypeMismatch, "cannot compare record types with different numbers of columns")
	}
	return 0, nil
}

// Equal reports whether two non-null values are equal: Compare gives 0.
func Equal(t Type, a, b Datum) bool {
	if t.Phys() == PhysString && t.ID != Bpchar && t.ID != JSONB {
		return a.Str == b.Str
	}
	return Compare(t, a, b) == 0
}

// HashInt mixes an integer; also the hash of every type that is held as one.
func HashInt(v int64) uint64 {
	hi, lo := bits.Mul64(uint64(v)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// HashFloat gives equal floats equal hashes: -0 and 0, and all NaNs.
func HashFloat(f float64) uint64 {
	if f == 0 {
		f = 0
	}
	if f != f {
		f = math.NaN()
	}
	return HashInt(int64(math.Float64bits(f)))
}

// HashString hashes text and bytes.
func HashString(s string) uint64 { return xxhash.Sum64String(s) }

// Hash gives numerics that are equal, whatever their scales, equal hashes.
func (n Num) Hash() uint64 {
	if s := n.special(); s != 0 {
		return HashInt(int64(s) << 40)
	}
	t := n.TrimScale()
	if t.Big == nil {
		return HashInt(t.Coef) ^ HashInt(int64(t.Scale)<<32)*31
	}
	h := xxhash.Sum64(t.Big.Coeff.MathBigInt().Bytes())
	if t.Big.Negative {
		h = ^h
	}
	return h ^ HashInt(int64(t.Scale)<<32)*31
}

// HashCombine adds the hash of another column.
func HashCombine(h, next uint64) uint64 {
	return bits.RotateLeft64(h, 23)*0x9fb21c651e98df25 ^ next
}

const hashNull = 0x5851f42d4c957f2d

// Hash is consistent with Equal, the same on every machine and for ever. NULLs
// hash alike.
func Hash(t Type, d Datum) uint64 {
	if d.Null {
		return hashNull
	}
	switch t.Phys() {
	case PhysInt:
		return HashInt(d.Int)
	case PhysFloat:
		return HashFloat(d.Float)
	case PhysNumeric:
		return d.Num.Hash()
	case PhysInterval:
		hi, lo := d.Ivl.span()
		return HashCombine(HashInt(hi), HashInt(int64(lo)))
	case PhysString:
		return HashStringOf(t.ID, d.Str)
	}
	switch x := d.Any.(type) {
	case TimeTZValue:
		return HashCombine(HashInt(x.Micros-int64(x.OffsetSec)*MicrosPerSecond), HashInt(int64(x.OffsetSec)))
	case *ArrayValue:
		h := HashInt(int64(len(x.Vals)))
		for _, v := range x.Vals {
			h = HashCombine(h, Hash(x.Elem, v))
		}
		return h
	case *RecordValue:
		h := HashInt(int64(len(x.Vals)))
		for i, v := range x.Vals {
			h = HashCombine(h, Hash(x.Types[i], v))
		}
		return h
	case *RangeValue:
		return x.hash()
	case *MultirangeValue:
		return x.hash()
	}
	return 0
}

// HashStringOf is Hash for the types that are held as strings.
func HashStringOf(id ID, s string) uint64 {
	switch id {
	case Bpchar:
		s = TrimBlanks(s)
	case JSONB:
		v, err := ParseJSON(s)
		if err == nil {
			v.trimScales()
			return xxhash.Sum64(v.AppendText(nil))
		}
	}
	return HashString(s)
}

// trimScales gives numbers that are equal one text form.
func (v *JSONValue) trimScales() {
	if v.Kind == JSONNumber {
		v.Num = v.Num.TrimScale()
	}
	for i := range v.Arr {
		v.Arr[i].trimScales()
	}
}
