package sqltype

import (
	"encoding/binary"

	"github.com/weftdb/weft/internal/enc"
)

// Bits of the first byte of a stored range. See docs/format/row.md.
const (
	rangeEmpty = 1 << iota
	rangeLowerInf
	rangeUpperInf
	rangeLowerInc
	rangeUpperInc
)

func appendRangeValue(dst []byte, r *RangeValue) []byte {
	if r.Empty {
		return append(dst, rangeEmpty)
	}
	flags := byte(0)
	for bit, on := range map[byte]bool{rangeLowerInf: r.Lower.Inf, rangeUpperInf: r.Upper.Inf, rangeLowerInc: r.Lower.Inc, rangeUpperInc: r.Upper.Inc} {
		if on {
			flags |= bit
		}
	}
	dst = append(dst, flags)
	for _, b := range []RangeBound{r.Lower, r.Upper} {
		if !b.Inf {
			dst = appendItem(dst, r.Elem, b.Val)
		}
	}
	return dst
}

func decodeRangeValue(elem Type, b []byte, depth int) (*RangeValue, []byte, error) {
	if len(b) == 0 {
		return nil, nil, enc.ErrShort
	}
	flags, b := b[0], b[1:]
	if flags == rangeEmpty {
		return &RangeValue{Elem: elem, Empty: true}, b, nil
	}
	r := &RangeValue{Elem: elem}
	r.Lower = RangeBound{Inf: flags&rangeLowerInf != 0, Inc: flags&rangeLowerInc != 0}
	r.Upper = RangeBound{Inf: flags&rangeUpperInf != 0, Inc: flags&rangeUpperInc != 0}
	if flags&rangeEmpty != 0 || flags >= rangeUpperInc<<1 || r.Lower.Inf && r.Lower.Inc || r.Upper.Inf && r.Upper.Inc {
		return nil, nil, enc.ErrFormat
	}
	for _, bound := range []*RangeBound{&r.Lower, &r.Upper} {
		if bound.Inf {
			continue
		}
		var err error
		if bound.Val, b, err = decodeItem(elem, b, depth+1); err != nil {
			return nil, nil, err
		}
		if bound.Val.Null {
			return nil, nil, enc.ErrFormat
		}
	}
	return r, b, nil
}

// decodeRanges reads a stored range or multirange, which is all of b.
func decodeRanges(t Type, b []byte, depth int) (any, error) {
	elem := t.RangeElem()
	if t.IsRange() {
		r, rest, err := decodeRangeValue(elem, b, depth)
		if err == nil && len(rest) > 0 {
			err = enc.ErrFormat
		}
		return anyOrNil(r, err)
	}
	n, used := binary.Uvarint(b)
	if used <= 0 {
		return nil, enc.ErrShort
	}
	if b = b[used:]; n > uint64(len(b)) {
		return nil, enc.ErrFormat
	}
	m := &MultirangeValue{Elem: elem}
	for range n {
		r, rest, err := decodeRangeValue(elem, b, depth)
		if err != nil {
			return nil, err
		}
		if r.Empty {
			return nil, enc.ErrFormat
		}
		m.Ranges, b = append(m.Ranges, r), rest
	}
	if len(b) > 0 {
		return nil, enc.ErrFormat
	}
	return m, nil
}

// Kinds of bounds in a key, in their order: of a lower bound, then of an upper one. Those with
// a value are followed by it and by whether the bound lies beside it.
const (
	keyEmpty = iota
	keyLowerInf
	keyLower
	keyUpper
	keyUpperInf
)

func appendRangeKey(dst []byte, r *RangeValue) []byte {
	if r.Empty {
		return enc.AppendInt(dst, keyEmpty)
	}
	if r.Lower.Inf {
		dst = enc.AppendInt(dst, keyLowerInf)
	} else {
		dst = AppendKey(enc.AppendInt(dst, keyLower), r.Elem, r.Lower.Val, false, false)
		dst = enc.AppendBool(dst, !r.Lower.Inc) // beyond the value
	}
	if r.Upper.Inf {
		return enc.AppendInt(dst, keyUpperInf)
	}
	dst = AppendKey(enc.AppendInt(dst, keyUpper), r.Elem, r.Upper.Val, false, false)
	return enc.AppendBool(dst, r.Upper.Inc) // or before it
}

func decodeRangeKey(elem Type, src []byte) (*RangeValue, []byte, error) {
	kind, src, err := enc.DecodeInt(src)
	if err != nil {
		return nil, nil, err
	}
	r := &RangeValue{Elem: elem}
	value := func(b *RangeBound, lower bool) (err error) {
		if b.Val, src, err = DecodeKey(elem, src); err != nil {
			return err
		}
		if b.Val.Null {
			return enc.ErrFormat
		}
		b.Inc, src, err = enc.DecodeBool(src)
		b.Inc = b.Inc != lower
		return err
	}
	switch kind {
	case keyEmpty:
		r.Empty = true
		return r, src, nil
	case keyLowerInf:
		r.Lower.Inf = true
	case keyLower:
		if err := value(&r.Lower, true); err != nil {
			return nil, nil, err
		}
	default:
		return nil, nil, enc.ErrFormat
	}
	if kind, src, err = enc.DecodeInt(src); err != nil {
		return nil, nil, err
	}
	switch kind {
	case keyUpperInf:
		r.Upper.Inf = true
		return r, src, nil
	case keyUpper:
		err = value(&r.Upper, false)
		return r, src, err
	}
	return nil, nil, enc.ErrFormat
}

func decodeMultirangeKey(elem Type, src []byte) (*MultirangeValue, []byte, error) {
	src, err := enc.DecodeBegin(src)
	if err != nil {
		return nil, nil, err
	}
	m := &MultirangeValue{Elem: elem}
	for {
		if end, rest := enc.DecodeEnd(src); end {
			return m, rest, nil
		}
		r, rest, err := decodeRangeKey(elem, src)
		if err != nil {
			return nil, nil, err
		}
		m.Ranges, src = append(m.Ranges, r), rest
	}
}
