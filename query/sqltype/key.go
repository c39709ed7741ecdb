package sqltype

import (
	"fmt"
	"math/big"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
)

// AppendKey appends a value in an order-preserving form: bytes.Compare of two
// keys is Compare of the values, inverted where desc, with NULLs where asked.
// Values that are Equal have equal keys, so a key does not always restore the
// value: see KeyRestores.
func AppendKey(dst []byte, t Type, d Datum, desc, nullsFirst bool) []byte {
	if d.Null {
		return enc.AppendNull(dst, nullsFirst)
	}
	from := len(dst)
	switch t.Phys() {
	case PhysInt:
		dst = AppendIntKey(dst, t.ID, d.Int)
	case PhysFloat:
		dst = enc.AppendFloat(dst, d.Float)
	case PhysNumeric:
		dst = enc.AppendDecimal(dst, d.Num.encDecimal())
	case PhysInterval:
		dst = appendIntervalKey(dst, d.Ivl)
	case PhysString:
		dst = appendStringKey(dst, t.ID, d.Str)
	default:
		dst = appendAnyKey(dst, d)
	}
	if desc {
		enc.Invert(dst, from)
	}
	return dst
}

// AppendIntKey is AppendKey, ascending, of a type that is held as an integer.
func AppendIntKey(dst []byte, id ID, v int64) []byte {
	switch id {
	case Bool:
		return enc.AppendBool(dst, v != 0)
	case Timestamp, TimestampTZ:
		return enc.AppendTime(dst, v)
	}
	return enc.AppendInt(dst, v)
}

func appendStringKey(dst []byte, id ID, s string) []byte {
	switch id {
	case Bytea, Inet, Cidr, Macaddr, Macaddr8:
		return enc.AppendBytes(dst, []byte(s))
	case UUID:
		if len(s) == 16 {
			return enc.AppendUUID(dst, [16]byte([]byte(s)))
		}
	case Bpchar:
		s = TrimBlanks(s)
	case JSONB:
		if v, err := ParseJSON(s); err == nil {
			return appendJSONKey(dst, &v, true)
		}
	}
	return enc.AppendString(dst, s)
}

func (n Num) encDecimal() enc.Decimal {
	switch n.special() {
	case 2:
		return enc.Decimal{Form: enc.NaN}
	case 1:
		return enc.Decimal{Form: enc.Inf}
	case -1:
		return enc.Decimal{Form: enc.NegInf}
	}
	d := enc.Decimal{Neg: n.Sign() < 0, Exp: -int(n.Scale)}
	if n.Big == nil {
		d.Coef = absU64(n.Coef)
	} else {
		d.Big = n.Big.Coeff.MathBigInt()
	}
	return d
}

func numFromDecimal(d enc.Decimal, mod int32) (Num, error) {
	switch d.Form {
	case enc.NaN:
		return NumNaN, nil
	case enc.Inf:
		return NumInf, nil
	case enc.NegInf:
		return NumNegInf, nil
	}
	if d.Exp < -numMaxScale || d.Exp > numMaxDigits {
		return Num{}, enc.ErrFormat
	}
	v := d.Big
	if v == nil {
		v = new(big.Int).SetUint64(d.Coef)
	}
	if d.Neg {
		v = new(big.Int).Neg(v)
	}
	n := descale(v, -d.Exp)
	if p, s := (Type{Mod: mod}).NumericPS(); p > 0 && s >= int(n.Scale) {
		n = n.Round(s)
	}
	return n, nil
}

// appendIntervalKey encodes the length that intervals compare by.
func appendIntervalKey(dst []byte, v IntervalValue) []byte {
	hi, lo := v.span()
	return enc.AppendUint(enc.AppendInt(dst, hi), lo)
}

func decodeIntervalKey(src []byte) (v IntervalValue, rest []byte, err error) {
	hi, rest, err := enc.DecodeInt(src)
	if err != nil {
		return v, nil, err
	}
	lo, rest, err := enc.DecodeUint(rest)
	if err != nil {
		return v, nil, err
	}
	span := new(big.Int).Lsh(big.NewInt(hi), 64)
	span.Add(span, new(big.Int).SetUint64(lo))
	days, us := new(big.Int).QuoRem(span, big.NewInt(MicrosPerDay), new(big.Int))
	months, d := new(big.Int).QuoRem(days, big.NewInt(30), new(big.Int))
	if !months.IsInt64() || months.Int64() != int64(int32(months.Int64())) {
		return v, nil, enc.ErrFormat
	}
	return IntervalValue{Months: int32(months.Int64()), Days: int32(d.Int64()), Micros: us.Int64()}, rest, nil
}

// appendJSONKey writes the rank of the kind, then what decides within the kind.
func appendJSONKey(dst []byte, v *JSONValue, top bool) []byte {
	switch v.Kind {
	case JSONString:
		return enc.AppendString(enc.AppendInt(dst, int64(JSONString)), v.Str)
	case JSONNumber:
		return enc.AppendDecimal(enc.AppendInt(dst, int64(JSONNumber)), v.Num.encDecimal())
	case JSONArray, JSONObject:
		rank := int64(v.Kind)
		if top && v.Kind == JSONArray && len(v.Arr) == 0 {
			rank = -1
		}
		dst = enc.AppendInt(enc.AppendInt(dst, rank), int64(len(v.Arr)))
		for i := range v.Arr {
			if v.Kind == JSONObject {
				dst = enc.AppendString(dst, v.Keys[i])
			}
			dst = appendJSONKey(dst, &v.Arr[i], false)
		}
		return dst
	}
	return enc.AppendInt(dst, int64(v.Kind))
}

func decodeJSONKey(src []byte, depth int) (v JSONValue, rest []byte, err error) {
	k, rest, err := enc.DecodeInt(src)
	if err != nil {
		return v, nil, err
	}
	if k == -1 {
		k = int64(JSONArray)
	}
	if k < 0 || k > int64(JSONObject) || depth > MaxJSONDepth {
		return v, nil, enc.ErrFormat
	}
	v.Kind = JSONKind(k)
	switch v.Kind {
	case JSONString:
		v.Str, rest, err = enc.DecodeString(rest)
	case JSONNumber:
		var d enc.Decimal
		if d, rest, err = enc.DecodeDecimal(rest); err == nil {
			v.Num, err = numFromDecimal(d, 0)
		}
	case JSONArray, JSONObject:
		var n uint64
		n, rest, err = enc.DecodeUint(rest)
		if err == nil && n > uint64(len(rest)) {
			err = enc.ErrShort
		}
		for ; n > 0 && err == nil; n-- {
			var e JSONValue
			if v.Kind == JSONObject {
				var key string
				if key, rest, err = enc.DecodeString(rest); err != nil {
					break
				}
				v.Keys = append(v.Keys, key)
			}
			e, rest, err = decodeJSONKey(rest, depth+1)
			v.Arr = append(v.Arr, e)
		}
	}
	return v, rest, err
}

func appendAnyKey(dst []byte, d Datum) []byte {
	switch x := d.Any.(type) {
	case TimeTZValue:
		dst = enc.AppendInt(dst, x.Micros-int64(x.OffsetSec)*MicrosPerSecond)
		return enc.AppendInt(dst, -int64(x.OffsetSec))
	case *ArrayValue:
		dst = enc.AppendBegin(dst)
		for _, v := range x.Vals {
			dst = AppendKey(dst, x.Elem, v, false, false)
		}
		dst = enc.AppendInt(enc.AppendEnd(dst), int64(len(x.Dims)))
		for _, n := range x.Dims {
			dst = enc.AppendInt(dst, int64(n))
		}
		for i := range x.Dims {
			dst = enc.AppendInt(dst, int64(x.lower(i)))
		}
		return dst
	case *RecordValue:
		dst = enc.AppendBegin(dst)
		for i, v := range x.Vals {
			dst = AppendKey(dst, x.Types[i], v, false, false)
		}
		return enc.AppendEnd(dst)
	case *RangeValue:
		return appendRangeKey(dst, x)
	case *MultirangeValue:
		dst = enc.AppendBegin(dst)
		for _, r := range x.Ranges {
			dst = appendRangeKey(dst, r)
		}
		return enc.AppendEnd(dst)
	}
	return enc.AppendEnd(dst)
}

// KeyRestores reports whether DecodeKey gives back the very value that
// AppendKey was given. Where it does not, the value must be kept beside the key:
// floats lose the sign of zero, numerics without a scale their display scale,
// char without a length its trailing blanks, intervals how they are split, jsonb
// the scale of its numbers. Ranges do what their bounds do.
func KeyRestores(t Type) bool {
	switch t.ID {
	case Float4, Float8, Interval, JSONB, Record, Numrange, Nummultirange:
		return false
	case Numeric:
		p, s := t.NumericPS()
		return p > 0 && s >= 0
	case Bpchar:
		return t.Mod > 0
	case Array:
		return KeyRestores(t.ElemType())
	}
	return true
}

// DecodeKey reads what AppendKey wrote, in either direction, and returns what
// follows it.
func DecodeKey(t Type, src []byte) (d Datum, rest []byte, err error) {
	if null, rest := enc.DecodeNull(src); null {
		return NullDatum, rest, nil
	}
	switch t.Phys() {
	case PhysInt:
		d.Int, rest, err = DecodeIntKey(t.ID, src)
	case PhysFloat:
		d.Float, rest, err = enc.DecodeFloat(src)
	case PhysNumeric:
		var x enc.Decimal
		if x, rest, err = enc.DecodeDecimal(src); err == nil {
			d.Num, err = numFromDecimal(x, t.Mod)
		}
	case PhysInterval:
		d.Ivl, rest, err = decodeIntervalKey(src)
	case PhysString:
		d.Str, rest, err = decodeStringKey(t, src)
	default:
		d.Any, rest, err = decodeAnyKey(t, src)
	}
	if err != nil {
		return Datum{}, nil, errBadKey(t, err)
	}
	return d, rest, nil
}

func errBadKey(t Type, err error) error {
	return dberr.SQL(dberr.StateDataCorrupted, "stored key of type %s is damaged", t.Name()).Wrap(err)
}

// DecodeIntKey is DecodeKey, without NULL, of a type that is held as an integer.
func DecodeIntKey(id ID, src []byte) (v int64, rest []byte, err error) {
	switch id {
	case Bool:
		b, rest, err := enc.DecodeBool(src)
		if b {
			v = 1
		}
		return v, rest, err
	case Timestamp, TimestampTZ:
		return enc.DecodeTime(src)
	}
	return enc.DecodeInt(src)
}

func decodeStringKey(t Type, src []byte) (s string, rest []byte, err error) {
	switch t.ID {
	case Bytea, Inet, Cidr, Macaddr, Macaddr8:
		b, rest, err := enc.DecodeBytes(src)
		return string(b), rest, err
	case UUID:
		u, rest, err := enc.DecodeUUID(src)
		return string(u[:]), rest, err
	case JSONB:
		v, rest, err := decodeJSONKey(src, 0)
		if err != nil {
			return "", nil, err
		}
		return string(v.AppendText(nil)), rest, nil
	}
	s, rest, err = enc.DecodeString(src)
	if err == nil && t.ID == Bpchar {
		s, err = applyLength(t, s, true)
	}
	return s, rest, err
}

func decodeAnyKey(t Type, src []byte) (v any, rest []byte, err error) {
	switch t.ID {
	case TimeTZ:
		utc, rest, err := enc.DecodeInt(src)
		if err != nil {
			return nil, nil, err
		}
		west, rest, err := enc.DecodeInt(rest)
		if err != nil || west > 86400 || west < -86400 {
			return nil, nil, fmt.Errorf("time zone: %w", enc.ErrFormat)
		}
		return TimeTZValue{Micros: utc - west*MicrosPerSecond, OffsetSec: int32(-west)}, rest, nil
	case Array:
		return decodeArrayKey(t.ElemType(), src)
	}
	switch {
	case t.ID == Record:
		return decodeRecordKey(t, src)
	case t.IsRange():
		return decodeRangeKey(t.RangeElem(), src)
	case t.IsMultirange():
		return decodeMultirangeKey(t.RangeElem(), src)
	}
	return nil, nil, enc.ErrFormat
}

func decodeArrayKey(elem Type, src []byte) (*ArrayValue, []byte, error) {
	a := &ArrayValue{Elem: elem}
	src, err := enc.DecodeBegin(src)
	if err != nil {
		return nil, nil, err
	}
	for {
		end, rest := enc.DecodeEnd(src)
		if end {
			src = rest
			break
		}
		v, rest, err := DecodeKey(elem, src)
		if err != nil {
			return nil, nil, err
		}
		a.Vals, src = append(a.Vals, v), rest
	}
	n, src, err := enc.DecodeUint(src)
	if err != nil || n > maxArrayDims {
		return nil, nil, enc.ErrFormat
	}
	var v [2 * maxArrayDims]int
	size := 1
	for i := range 2 * int(n) {
		x, rest, err := enc.DecodeInt(src)
		if err != nil || x != int64(int32(x)) {
			return nil, nil, enc.ErrFormat
		}
		if i < int(n) {
			if x < 1 || x > int64(len(a.Vals)) {
				return nil, nil, enc.ErrFormat
			}
			size *= int(x)
		}
		v[i], src = int(x), rest
	}
	if n > 0 {
		a.Dims = append([]int(nil), v[:n]...)
		a.Lower = append([]int(nil), v[n:2*n]...)
	}
	if n > 0 && size != len(a.Vals) || n == 0 && len(a.Vals) > 0 {
		return nil, nil, enc.ErrFormat
	}
	return a, src, nil
}
