package sqltype

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
)

// JSONOptions says how values are written as JSON.
type JSONOptions struct {
	// Int64AsString writes bigint as strings, for readers whose numbers are floats.
	Int64AsString bool
	// Location is the zone in which timestamptz is shown; nil means UTC.
	Location *time.Location
}

// AppendJSON appends a value as JSON: integers as exact numbers, numeric as a
// string, NaN and infinities as strings, bytea as base64, timestamps in RFC 3339,
// json as it is, arrays as arrays, records as arrays, the rest as PostgreSQL's text.
func AppendJSON(dst []byte, t Type, d Datum, o JSONOptions) []byte {
	if d.Null {
		return append(dst, "null"...)
	}
	switch t.ID {
	case Bool:
		return strconv.AppendBool(dst, d.Int != 0)
	case Int2, Int4, OID:
		return strconv.AppendInt(dst, d.Int, 10)
	case Int8:
		if o.Int64AsString {
			return append(strconv.AppendInt(append(dst, '"'), d.Int, 10), '"')
		}
		return strconv.AppendInt(dst, d.Int, 10)
	case Float4, Float8:
		return appendJSONFloat(dst, d.Float, t.ID == Float4)
	case Numeric:
		return append(d.Num.AppendText(append(dst, '"')), '"')
	case Bytea:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), []byte(d.Str)), '"')
	case JSON, JSONB:
		return append(dst, d.Str...)
	case Timestamp, TimestampTZ:
		loc := o.Location
		if t.ID == Timestamp {
			loc = nil
		} else if loc == nil {
			loc = time.UTC
		}
		return append(appendRFC3339(append(dst, '"'), d.Int, loc), '"')
	case Array:
		if a, ok := d.Any.(*ArrayValue); ok {
			return appendJSONArray(dst, a, o)
		}
		return append(dst, "[]"...)
	case Record:
		if r, ok := d.Any.(*RecordValue); ok {
			return appendJSONRecord(dst, t, r, o)
		}
		return append(dst, "[]"...)
	case Unknown, Text, Varchar, Bpchar, Name, Jsonpath:
		return AppendJSONString(dst, d.Str)
	case Enum, Char:
		return AppendJSONString(dst, FormatText(t, d))
	}
	if t.IsRange() || t.IsMultirange() {
		return AppendJSONString(dst, FormatText(t, d))
	}
	return append(AppendText(append(dst, '"'), t, d), '"') // digits, letters and signs only
}

func appendJSONFloat(dst []byte, f float64, single bool) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(AppendFloat(append(dst, '"'), f, single), '"')
	}
	return AppendFloat(dst, f, single)
}

func appendJSONArray(dst []byte, a *ArrayValue, o JSONOptions) []byte {
	if len(a.Vals) == 0 {
		return append(dst, "[]"...)
	}
	dims := a.Dims
	if len(dims) == 0 {
		dims = []int{len(a.Vals)}
	}
	dst, _ = appendJSONDim(dst, a.Elem, dims, a.Vals, o)
	return dst
}

func appendJSONDim(dst []byte, elem Type, dims []int, vals []Datum, o JSONOptions) ([]byte, []Datum) {
	dst = append(dst, '[')
	for i := range dims[0] {
		if i > 0 {
			dst = append(dst, ',')
		}
		if len(dims) > 1 {
			dst, vals = appendJSONDim(dst, elem, dims[1:], vals, o)
			continue
		}
		dst = AppendJSON(dst, elem, vals[0], o)
		vals = vals[1:]
	}
	return append(dst, ']'), vals
}

// appendJSONRecord writes a row as an array, or where its fields have names as an object.
func appendJSONRecord(dst []byte, t Type, r *RecordValue, o JSONOptions) []byte {
	c, named := CompositeOf(t)
	named = named && len(c.Fields) == len(r.Vals)
	open, shut := byte('['), byte(']')
	if named {
		open, shut = '{', '}'
	}
	dst = append(dst, open)
	for i, v := range r.Vals {
		if i > 0 {
			dst = append(dst, ',')
		}
		if named {
			dst = append(AppendJSONString(dst, c.Fields[i].Name), ':')
		}
		dst = AppendJSON(dst, r.Types[i], v, o)
	}
	return append(dst, shut)
}
