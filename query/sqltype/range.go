package sqltype

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
)

// RangeBound is one end of a range. An infinite one has no value and is not inclusive.
type RangeBound struct {
	Val      Datum
	Inf, Inc bool
}

// RangeValue is a range, held in its canonical form: ranges of integers and dates include
// their lower bound and not their upper one, and a range without elements is Empty and has
// no bounds. It is never changed.
type RangeValue struct {
	Elem         Type
	Empty        bool
	Lower, Upper RangeBound
}

// MultirangeValue is a set of elements as the fewest ranges, in order: none of them
// is empty, overlaps another or touches it. It is never changed.
type MultirangeValue struct {
	Elem   Type
	Ranges []*RangeValue
}

var rangeElems = map[ID]ID{
	Int4range: Int4, Int8range: Int8, Numrange: Numeric, Tsrange: Timestamp, Tstzrange: TimestampTZ, Daterange: Date,
	Int4multirange: Int4, Int8multirange: Int8, Nummultirange: Numeric, Tsmultirange: Timestamp, Tstzmultirange: TimestampTZ, Datemultirange: Date,
}

// IsRange reports whether a type is one of ranges.
func (t Type) IsRange() bool { return t.ID >= Int4range && t.ID <= Daterange }

// IsMultirange reports whether a type is one of multiranges.
func (t Type) IsMultirange() bool { return t.ID >= Int4multirange && t.ID <= Datemultirange }

// RangeElem is the type of the elements of a range or multirange.
func (t Type) RangeElem() Type { return Type{ID: rangeElems[t.ID]} }

// RangeOf is the type of ranges of a type, Multi of multiranges; ok is false where there is none.
func RangeOf(elem Type, multi bool) (t Type, ok bool) {
	for id := Int4range; id <= Daterange; id++ {
		if rangeElems[id] == elem.ID {
			if multi {
				id += Int4multirange - Int4range
			}
			return Type{ID: id}, true
		}
	}
	return Type{}, false
}

// NewRange makes a range of two bounds.
func NewRange(elem Type, lower, upper RangeBound) (*RangeValue, error) {
	r := &RangeValue{Elem: elem, Lower: lower, Upper: upper}
	r.Lower.Inc = lower.Inc && !lower.Inf
	r.Upper.Inc = upper.Inc && !upper.Inf
	if !lower.Inf && !upper.Inf && Compare(elem, lower.Val, upper.Val) > 0 {
		return nil, dberr.SQL("22000", "range lower bound must be less than or equal to range upper bound")
	}
	if r.nothing() {
		return &RangeValue{Elem: elem, Empty: true}, nil
	}
	if err := r.canonize(); err != nil {
		return nil, err
	}
	if r.nothing() {
		return &RangeValue{Elem: elem, Empty: true}, nil
	}
	return r, nil
}

// nothing reports whether no element lies between the bounds.
func (r *RangeValue) nothing() bool {
	if r.Lower.Inf || r.Upper.Inf {
		return false
	}
	c := Compare(r.Elem, r.Lower.Val, r.Upper.Val)
	return c > 0 || c == 0 && !(r.Lower.Inc && r.Upper.Inc)
}

// canonize has a range of whole steps include its lower bound and not its upper one.
func (r *RangeValue) canonize() error {
	next := func(b *RangeBound, from bool) error {
		if b.Inf || b.Inc == from || r.Elem.ID == Date && isInf(b.Val.Int) {
			return nil
		}
		v := b.Val.Int
		switch _, hi := intRange(r.Elem.ID); {
		case r.Elem.ID == Date && !ValidDate(v+1):
			return errOutOf("date")
		case r.Elem.ID != Date && v == hi:
			return errRange(r.Elem.rangeName())
		}
		b.Val.Int, b.Inc = v+1, from
		return nil
	}
	switch r.Elem.ID {
	case Int4, Int8, Date:
		if err := next(&r.Lower, true); err != nil {
			return err
		}
		return next(&r.Upper, false)
	}
	return nil
}

// compareBounds orders two ends of ranges by where they cut the elements.
func compareBounds(elem Type, a RangeBound, aLower bool, b RangeBound, bLower bool) int {
	side := func(lower bool) int { // where an end that excludes its value lies beside it
		if lower {
			return 1
		}
		return -1
	}
	switch {
	case a.Inf && b.Inf:
		return (side(bLower) - side(aLower)) / 2
	case a.Inf:
		return -side(aLower)
	case b.Inf:
		return side(bLower)
	}
	c := Compare(elem, a.Val, b.Val)
	switch {
	case c != 0 || a.Inc && b.Inc:
		return c
	case !a.Inc && !b.Inc:
		return (side(aLower) - side(bLower)) / 2
	case !a.Inc:
		return side(aLower)
	}
	return -side(bLower)
}

func (r *RangeValue) lowers(s *RangeValue) int {
	return compareBounds(r.Elem, r.Lower, true, s.Lower, true)
}
func (r *RangeValue) uppers(s *RangeValue) int {
	return compareBounds(r.Elem, r.Upper, false, s.Upper, false)
}

// Compare orders ranges: the empty one first, then by lower and by upper bound.
func (r *RangeValue) Compare(s *RangeValue) int {
	switch {
	case r.Empty && s.Empty:
		return 0
	case r.Empty:
		return -1
	case s.Empty:
		return 1
	}
	if c := r.lowers(s); c != 0 {
		return c
	}
	return r.uppers(s)
}

// Compare orders multiranges by their ranges, one after the other.
func (m *MultirangeValue) Compare(n *MultirangeValue) int {
	return slices.CompareFunc(m.Ranges, n.Ranges, (*RangeValue).Compare)
}

// before reports whether all of r lies below all of s; neither is empty.
func (r *RangeValue) before(s *RangeValue) bool {
	return compareBounds(r.Elem, r.Upper, false, s.Lower, true) < 0
}

func (r *RangeValue) overlaps(s *RangeValue) bool {
	return !r.before(s) && !s.before(r)
}

func (r *RangeValue) contains(s *RangeValue) bool { return r.lowers(s) <= 0 && r.uppers(s) >= 0 }

// meets reports whether s begins where r ends, without a gap and without a common element.
func (r *RangeValue) meets(s *RangeValue) bool {
	return !r.Upper.Inf && !s.Lower.Inf && r.Upper.Inc != s.Lower.Inc && Compare(r.Elem, r.Upper.Val, s.Lower.Val) == 0
}

// Spans are the ranges of a range or multirange, in order; an empty range has none.
func Spans(d Datum) []*RangeValue {
	switch x := d.Any.(type) {
	case *RangeValue:
		if x.Empty {
			return nil
		}
		return []*RangeValue{x}
	case *MultirangeValue:
		return x.Ranges
	}
	return nil
}

// SpansBefore, SpansOverlap and their like are the operators of ranges and multiranges: <<, &&,
// @>, &< and &>, -|-.
func SpansBefore(a, b []*RangeValue) bool {
	return len(a) > 0 && len(b) > 0 && a[len(a)-1].before(b[0])
}

// SpansOverlap reports whether there is a common element.
func SpansOverlap(a, b []*RangeValue) bool {
	for _, r := range a {
		for _, s := range b {
			if r.overlaps(s) {
				return true
			}
		}
	}
	return false
}

// SpansContain reports whether all elements of b are in a.
func SpansContain(a, b []*RangeValue) bool {
	for _, s := range b {
		if !slices.ContainsFunc(a, func(r *RangeValue) bool { return r.contains(s) }) {
			return false
		}
	}
	return true
}

// SpansContainValue reports whether an element is in a.
func SpansContainValue(a []*RangeValue, v Datum) bool {
	at := RangeBound{Val: v, Inc: true}
	return slices.ContainsFunc(a, func(r *RangeValue) bool {
		return r.contains(&RangeValue{Elem: r.Elem, Lower: at, Upper: at})
	})
}

// SpansNotAfter reports whether a does not reach beyond the end of b.
func SpansNotAfter(a, b []*RangeValue) bool {
	return len(a) > 0 && len(b) > 0 && a[len(a)-1].uppers(b[len(b)-1]) <= 0
}

// SpansNotBefore reports whether a does not reach before the beginning of b.
func SpansNotBefore(a, b []*RangeValue) bool {
	return len(a) > 0 && len(b) > 0 && a[0].lowers(b[0]) >= 0
}

// SpansMeet reports whether one begins where the other ends.
func SpansMeet(a, b []*RangeValue) bool {
	return len(a) > 0 && len(b) > 0 && (a[len(a)-1].meets(b[0]) || b[len(b)-1].meets(a[0]))
}

// cover is the least range that holds both, neither of them empty.
func (r *RangeValue) cover(s *RangeValue) *RangeValue {
	out := *r
	if r.lowers(s) > 0 {
		out.Lower = s.Lower
	}
	if r.uppers(s) < 0 {
		out.Upper = s.Upper
	}
	return &out
}

// Cover is the least range that holds all of the spans.
func Cover(elem Type, spans []*RangeValue) *RangeValue {
	if len(spans) == 0 {
		return &RangeValue{Elem: elem, Empty: true}
	}
	out := spans[0]
	for _, s := range spans[1:] {
		out = out.cover(s)
	}
	return out
}

// RangeUnion is r + s.
func RangeUnion(r, s *RangeValue) (*RangeValue, error) {
	switch {
	case r.Empty:
		return s, nil
	case s.Empty:
		return r, nil
	case !r.overlaps(s) && !r.meets(s) && !s.meets(r):
		return nil, dberr.SQL("22000", "result of range union would not be contiguous")
	}
	return r.cover(s), nil
}

// RangeIntersect is r * s.
func RangeIntersect(r, s *RangeValue) *RangeValue {
	if r.Empty || s.Empty || !r.overlaps(s) {
		return &RangeValue{Elem: r.Elem, Empty: true}
	}
	out := *r
	if r.lowers(s) < 0 {
		out.Lower = s.Lower
	}
	if r.uppers(s) > 0 {
		out.Upper = s.Upper
	}
	return &out
}

// RangeMinus is r - s.
func RangeMinus(r, s *RangeValue) (*RangeValue, error) {
	if r.Empty || s.Empty {
		return r, nil
	}
	switch parts := cutOut(r, s); len(parts) {
	case 0:
		return &RangeValue{Elem: r.Elem, Empty: true}, nil
	case 1:
		return parts[0], nil
	}
	return nil, dberr.SQL("22000", "result of range difference would not be contiguous")
}

// cutOut is what is left of r without s, in up to two pieces.
func cutOut(r, s *RangeValue) (parts []*RangeValue) {
	if !r.overlaps(s) {
		return []*RangeValue{r}
	}
	if r.lowers(s) < 0 {
		p := *r
		p.Upper = RangeBound{Val: s.Lower.Val, Inc: !s.Lower.Inc}
		parts = append(parts, &p)
	}
	if r.uppers(s) > 0 {
		p := *r
		p.Lower = RangeBound{Val: s.Upper.Val, Inc: !s.Upper.Inc}
		parts = append(parts, &p)
	}
	return parts
}

// NewMultirange makes a multirange of any ranges.
func NewMultirange(elem Type, list []*RangeValue) *MultirangeValue {
	list = slices.Clone(list)
	slices.SortStableFunc(list, (*RangeValue).Compare)
	m := &MultirangeValue{Elem: elem}
	for _, r := range list {
		n := len(m.Ranges)
		switch {
		case r.Empty:
		case n > 0 && (m.Ranges[n-1].overlaps(r) || m.Ranges[n-1].meets(r)):
			m.Ranges[n-1] = m.Ranges[n-1].cover(r)
		default:
			m.Ranges = append(m.Ranges, r)
		}
	}
	return m
}

// MultirangeIntersect is a * b.
func MultirangeIntersect(elem Type, a, b []*RangeValue) *MultirangeValue {
	var list []*RangeValue
	for _, r := range a {
		for _, s := range b {
			list = append(list, RangeIntersect(r, s))
		}
	}
	return NewMultirange(elem, list)
}

// MultirangeMinus is a - b.
func MultirangeMinus(elem Type, a, b []*RangeValue) *MultirangeValue {
	left := a
	for _, s := range b {
		var next []*RangeValue
		for _, r := range left {
			next = append(next, cutOut(r, s)...)
		}
		left = next
	}
	return NewMultirange(elem, left)
}

func (r *RangeValue) hash() uint64 {
	if r.Empty {
		return HashInt(7)
	}
	h := HashInt(0)
	for _, b := range []RangeBound{r.Lower, r.Upper} {
		flags := int64(0)
		if b.Inf {
			flags = 1
		}
		if b.Inc {
			flags |= 2
		}
		h = HashCombine(h, HashInt(flags))
		if !b.Inf {
			h = HashCombine(h, Hash(r.Elem, b.Val))
		}
	}
	return h
}

func (m *MultirangeValue) hash() uint64 {
	h := HashInt(int64(len(m.Ranges)))
	for _, r := range m.Ranges {
		h = HashCombine(h, r.hash())
	}
	return h
}
