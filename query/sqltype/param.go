package sqltype

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// ParamFromJSON converts a parameter of a request. Where want is Unknown the type
// follows from the JSON value: integers are int4, int8 or numeric as they fit,
// other numbers numeric (exactly as written), strings an untyped literal for
// the statement to decide on, objects and arrays jsonb. Numbers are never rounded
// silently: one that want cannot hold exactly is refused, except for floats, which
// take the nearest.
func ParamFromJSON(raw json.RawMessage, want Type) (Datum, Type, error) {
	return ParamFromJSONEnv(nil, raw, want)
}

// ParamFromJSONEnv is ParamFromJSON for a session.
func ParamFromJSONEnv(env *Env, raw json.RawMessage, want Type) (Datum, Type, error) {
	s := strings.TrimSpace(string(raw))
	if s == "" {
		return Datum{}, want, dberr.New(dberr.ErrInvalid, "", "parameter is empty, want a JSON value")
	}
	if s == "null" {
		return NullDatum, want, nil
	}
	if want.ID == JSON || want.ID == JSONB {
		d, err := Parse(want, s)
		return d, want, err
	}
	switch c := s[0]; {
	case c == '"':
		v, err := ParseJSON(s)
		if err != nil {
			return Datum{}, want, err
		}
		return stringParam(env, v.Str, want)
	case c == '-' || isDigit(c):
		return numberParam(s, want)
	case s == "true", s == "false":
		d := Datum{}
		if c == 't' {
			d.Int = 1
		}
		if want.ID == Unknown {
			return d, TBool, nil
		}
		d, err := CastDatum(d, TBool, want, false, nil)
		return d, want, err
	case c == '[' && want.ID == Array:
		d, err := arrayParam(env, s, want)
		return d, want, err
	case c == '{' || c == '[':
		d, err := Parse(TJSONB, s)
		if err != nil || want.ID == Unknown {
			return d, TJSONB, err
		}
		d, err = CastDatum(d, TJSONB, want, false, nil)
		return d, want, err
	}
	return Datum{}, want, ValidateJSON(s)
}

func stringParam(env *Env, s string, want Type) (Datum, Type, error) {
	if want.ID == Bytea && !strings.HasPrefix(s, "\\x") {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return Datum{}, want, dberr.SQL(dberr.StateInvalidTextRepr, "invalid base64 for type bytea").Wrap(err)
		}
		return Datum{Str: string(b)}, want, nil
	}
	d, err := ParseEnv(env, want, s)
	return d, want, err
}

func numberParam(s string, want Type) (Datum, Type, error) {
	if err := ValidateJSON(s); err != nil {
		return Datum{}, want, err
	}
	n, err := ParseNum(s)
	if err != nil {
		return Datum{}, want, err
	}
	switch want.ID {
	case Unknown:
		return inferNumber(n, s)
	case Float4, Float8:
		d, err := Parse(want, s)
		return d, want, err
	case Numeric: // rounding to a scale is the business of the assignment
		return Datum{Num: n}, TNumeric, nil
	case Int2, Int4, Int8, OID:
		if !n.Equal(n.Trunc(0)) {
			return Datum{}, want, errSyntax(want.Name(), s)
		}
		v, err := castToInt(Datum{Num: n}, TNumeric, want)
		return Datum{Int: v}, want, err
	}
	if isString(want.ID) {
		d, err := Parse(want, s)
		return d, want, err
	}
	return Datum{}, want, dberr.SQL(dberr.StateDatatypeMismatch, "a JSON number cannot be a parameter of type %s", want.Name())
}

func inferNumber(n Num, s string) (Datum, Type, error) {
	if strings.ContainsAny(s, ".eE") || n.Big != nil {
		return Datum{Num: n}, TNumeric, nil
	}
	if n.Coef == int64(int32(n.Coef)) {
		return Datum{Int: n.Coef}, TInt4, nil
	}
	return Datum{Int: n.Coef}, TInt8, nil
}

// arrayParam reads nested JSON arrays of scalars.
func arrayParam(env *Env, s string, want Type) (Datum, error) {
	a := &ArrayValue{Elem: want.ElemType()}
	var walk func(raw json.RawMessage, depth int) error
	walk = func(raw json.RawMessage, depth int) error {
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type json").Wrap(err)
		}
		if depth >= maxArrayDims {
			return dberr.SQL(dberr.StateProgramLimit, "number of array dimensions (%d) exceeds the maximum allowed (%d)", depth+1, maxArrayDims)
		}
		if depth == len(a.Dims) {
			a.Dims = append(a.Dims, len(items))
		}
		if a.Dims[depth] != len(items) {
			return dberr.SQL("2202E", "multidimensional arrays must have sub-arrays with matching dimensions")
		}
		for _, it := range items {
			nested := len(it) > 0 && it[0] == '[' && a.Elem.ID != JSON && a.Elem.ID != JSONB
			if nested {
				if len(a.Vals) > 0 && depth+1 == len(a.Dims) {
					return dberr.SQL("2202E", "multidimensional arrays must have sub-arrays with matching dimensions")
				}
				if err := walk(it, depth+1); err != nil {
					return err
				}
				continue
			}
			if depth+1 != len(a.Dims) {
				return dberr.SQL("2202E", "multidimensional arrays must have sub-arrays with matching dimensions")
			}
			d, _, err := ParamFromJSONEnv(env, it, a.Elem)
			if err != nil {
				return err
			}
			a.Vals = append(a.Vals, d)
		}
		return nil
	}
	if err := walk(json.RawMessage(s), 0); err != nil {
		return Datum{}, err
	}
	if len(a.Vals) == 0 {
		a.Dims = nil
	}
	a.Lower = ones(len(a.Dims))
	return Datum{Any: a}, nil
}

// FromGo converts a Go value to a Datum and its type: nil, bool, the integers,
// floats, string (an untyped literal), []byte, time.Time (timestamptz),
// time.Duration (interval), *big.Int, Num, IntervalValue, json.RawMessage
// (jsonb), [16]byte (uuid), and slices of int32, int64, float64, string and bool.
func FromGo(v any) (Datum, Type, error) {
	switch x := v.(type) {
	case nil:
		return NullDatum, TUnknown, nil
	case bool:
		if x {
			return Datum{Int: 1}, TBool, nil
		}
		return Datum{}, TBool, nil
	case int:
		return Datum{Int: int64(x)}, TInt8, nil
	case int8:
		return Datum{Int: int64(x)}, TInt2, nil
	case int16:
		return Datum{Int: int64(x)}, TInt2, nil
	case int32:
		return Datum{Int: int64(x)}, TInt4, nil
	case int64:
		return Datum{Int: x}, TInt8, nil
	case uint8:
		return Datum{Int: int64(x)}, TInt2, nil
	case uint16:
		return Datum{Int: int64(x)}, TInt4, nil
	case uint32:
		return Datum{Int: int64(x)}, TInt8, nil
	case uint:
		return fromUint(uint64(x))
	case uint64:
		return fromUint(x)
	case float32:
		return Datum{Float: float64(x)}, TFloat4, nil
	case float64:
		return Datum{Float: x}, TFloat8, nil
	case string:
		d, err := parseString(TText, x)
		return d, TUnknown, err
	case []byte:
		if x == nil {
			return NullDatum, TBytea, nil
		}
		return Datum{Str: string(x)}, TBytea, nil
	}
	return fromGoStruct(v)
}

func fromUint(x uint64) (Datum, Type, error) {
	if x <= math.MaxInt64 {
		return Datum{Int: int64(x)}, TInt8, nil
	}
	return Datum{Num: NumBig(new(big.Int).SetUint64(x), 0)}, TNumeric, nil
}

func fromGoStruct(v any) (Datum, Type, error) {
	switch x := v.(type) {
	case time.Time:
		us := TimestampFromGo(x)
		if y := x.Year(); y < -4800 || y > 294277 || !ValidTimestamp(us) {
			return Datum{}, TTimestampTZ, errOutOf("timestamp")
		}
		return Datum{Int: us}, TTimestampTZ, nil
	case time.Duration:
		return Datum{Ivl: IntervalValue{Micros: x.Microseconds()}}, TInterval, nil
	case *big.Int:
		n, err := numResult(new(big.Int).Set(x), 0)
		return Datum{Num: n}, TNumeric, err
	case Num:
		return Datum{Num: x}, TNumeric, nil
	case IntervalValue:
		return Datum{Ivl: x}, TInterval, nil
	case TimeTZValue:
		return Datum{Any: x}, Type{ID: TimeTZ}, nil
	case json.RawMessage:
		d, err := Parse(TJSONB, string(x))
		return d, TJSONB, err
	case [16]byte:
		return Datum{Str: string(x[:])}, TUUID, nil
	case *ArrayValue:
		return Datum{Any: x}, ArrayOf(x.Elem), nil
	case []bool:
		return fromSlice(x, TBool)
	case []int32:
		return fromSlice(x, TInt4)
	case []int64:
		return fromSlice(x, TInt8)
	case []int:
		return fromSlice(x, TInt8)
	case []float64:
		return fromSlice(x, TFloat8)
	case []string:
		return fromSlice(x, TText)
	case []any:
		return Datum{}, TUnknown, dberr.New(dberr.ErrInvalid, "", "a []any has no element type; use a typed slice or ArrayValue")
	}
	return Datum{}, TUnknown, dberr.New(dberr.ErrInvalid, "", "a value of Go type %T cannot be a parameter", v)
}

func fromSlice[T any](x []T, elem Type) (Datum, Type, error) {
	if x == nil {
		return NullDatum, ArrayOf(elem), nil
	}
	a := &ArrayValue{Elem: elem, Vals: make([]Datum, len(x))}
	for i, v := range x {
		d, _, err := FromGo(v)
		if err != nil {
			return Datum{}, elem, err
		}
		a.Vals[i] = d
	}
	if len(x) > 0 {
		a.Dims, a.Lower = []int{len(x)}, []int{1}
	}
	return Datum{Any: a}, ArrayOf(elem), nil
}

// ToGo converts a value to the Go type that holds it without loss: nil, bool,
// int64, float64, string, []byte (bytea), time.Time in UTC (timestamp,
// timestamptz, date; the infinities as strings), Num, IntervalValue, TimeTZValue,
// json.RawMessage, []any (arrays, records); time of day, uuid and ranges as their text.
func ToGo(t Type, d Datum) any {
	if d.Null {
		return nil
	}
	switch t.ID {
	case Bool:
		return d.Int != 0
	case Int2, Int4, Int8, OID:
		return d.Int
	case Float4, Float8:
		return d.Float
	case Numeric:
		return d.Num
	case Interval:
		return d.Ivl
	case Bytea:
		return []byte(d.Str)
	case JSON, JSONB:
		return json.RawMessage(d.Str)
	case Timestamp, TimestampTZ, Date:
		if d.Int == IntInfinity || d.Int == IntNInfinity {
			return FormatText(t, d)
		}
		if t.ID == Date {
			return time.Unix((d.Int+unixEpochDays)*86400, 0).UTC()
		}
		return TimestampToGo(d.Int)
	case Time, UUID, Inet, Cidr, Macaddr, Macaddr8, TID, Char:
		return FormatText(t, d)
	case TimeTZ:
		return d.Any
	case Int4range, Int8range, Numrange, Tsrange, Tstzrange, Daterange,
		Int4multirange, Int8multirange, Nummultirange, Tsmultirange, Tstzmultirange, Datemultirange:
		return FormatText(t, d)
	case Array:
		if a, ok := d.Any.(*ArrayValue); ok {
			out := make([]any, len(a.Vals))
			for i, v := range a.Vals {
				out[i] = ToGo(a.Elem, v)
			}
			return out
		}
		return []any{}
	case Record:
		r, _ := d.Any.(*RecordValue)
		out := make([]any, len(r.Vals))
		for i, v := range r.Vals {
			out[i] = ToGo(r.Types[i], v)
		}
		return out
	}
	return d.Str
}
