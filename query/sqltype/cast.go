package sqltype

import (
	"math"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
)

// CastContext says where a cast may be used without being written, as
// pg_cast.castcontext does.
type CastContext uint8

const (
	CastNone       CastContext = iota // there is no such cast
	CastExplicit                      // only CAST(x AS t) and x::t
	CastAssignment                    // also when storing into a column
	CastImplicit                      // anywhere
)

type castPair struct{ from, to ID }

// casts is pg_cast without the casts by text input and output.
var casts = func() map[castPair]CastContext {
	m := make(map[castPair]CastContext)
	set := func(c CastContext, from ID, to ...ID) {
		for _, t := range to {
			m[castPair{from, t}] = c
		}
	}
	set(CastImplicit, Int2, Int4, Int8, Float4, Float8, Numeric, OID)
	set(CastImplicit, Int4, Int8, Float4, Float8, Numeric, OID)
	set(CastAssignment, Int4, Int2)
	set(CastExplicit, Int4, Bool)
	set(CastImplicit, Int8, Float4, Float8, Numeric, OID)
	set(CastAssignment, Int8, Int2, Int4)
	set(CastImplicit, Float4, Float8)
	set(CastAssignment, Float4, Int2, Int4, Int8, Numeric)
	set(CastAssignment, Float8, Int2, Int4, Int8, Float4, Numeric)
	set(CastImplicit, Numeric, Float4, Float8)
	set(CastAssignment, Numeric, Int2, Int4, Int8)
	set(CastExplicit, Bool, Int4)
	set(CastAssignment, Bool, Text, Varchar, Bpchar)
	set(CastAssignment, OID, Int4, Int8)
	set(CastImplicit, Text, Varchar, Bpchar, Name)
	set(CastImplicit, Varchar, Text, Bpchar, Name)
	set(CastImplicit, Bpchar, Text, Varchar, Name)
	set(CastImplicit, Name, Text)
	set(CastAssignment, Name, Varchar, Bpchar)
	set(CastImplicit, Date, Timestamp, TimestampTZ)
	set(CastImplicit, Time, TimeTZ, Interval)
	set(CastAssignment, TimeTZ, Time)
	set(CastImplicit, Timestamp, TimestampTZ)
	set(CastAssignment, Timestamp, Date, Time)
	set(CastAssignment, TimestampTZ, Date, Time, Timestamp, TimeTZ)
	set(CastAssignment, Interval, Time)
	set(CastAssignment, JSON, JSONB)
	set(CastAssignment, JSONB, JSON)
	set(CastImplicit, Char, Text)
	set(CastAssignment, Char, Varchar, Bpchar)
	set(CastExplicit, Char, Int4)
	set(CastExplicit, Int4, Char)
	set(CastAssignment, Text, Char)
	set(CastAssignment, Varchar, Char)
	set(CastAssignment, Bpchar, Char)
	set(CastExplicit, Int4, Bit)
	set(CastExplicit, Int8, Bit)
	set(CastExplicit, Bit, Int4, Int8)
	set(CastImplicit, Bit, Varbit)
	set(CastImplicit, Varbit, Bit)
	set(CastImplicit, Cidr, Inet)
	set(CastAssignment, Inet, Cidr)
	set(CastImplicit, Macaddr, Macaddr8)
	set(CastImplicit, Macaddr8, Macaddr)
	set(CastExplicit, JSONB, Bool, Int2, Int4, Int8, Float4, Float8, Numeric)
	return m
}()

// CanCast says in which contexts a value of one type may be cast to another.
func CanCast(from, to Type) CastContext {
	if to.IsVector() && from.ID == Array && from != to {
		return CastNone
	}
	if from.ID == to.ID && from.Elem == to.Elem && (!to.IsComposite() || from.Mod == to.Mod) && (!from.IsEnum() || from.Mod == to.Mod) || from.ID == Unknown {
		return CastImplicit
	}
	if from.ID == Record && to.HasFields() && from.Mod != to.Mod {
		if _, ok := reshapes.Load([2]int32{from.Mod, to.Mod}); ok {
			return CastAssignment
		}
		if from.Mod > 0 {
			return CastNone
		}
		return CastImplicit
	}
	if from.IsRange() && to.IsMultirange() && from.RangeElem() == to.RangeElem() {
		return CastExplicit
	}
	if from.ID == Enum && to.ID == Enum {
		return CastNone
	}
	if from.ID == Array && to.ID == Array {
		return CanCast(from.ElemType().Base(), to.ElemType().Base())
	}
	if c, ok := casts[castPair{from.ID, to.ID}]; ok {
		return c
	}
	if from.ID == Void || to.ID == Void || to.ID == Unknown {
		return CastNone
	}
	switch {
	case to.Category() == 'S': // every type has an output function
		return CastAssignment
	case from.Category() == 'S' && (to.ID != Record || to.Mod > 0): // and an input function
		return CastExplicit
	}
	return CastNone
}

func isString(id ID) bool {
	switch id {
	case Unknown, Text, Varchar, Bpchar, Name:
		return true
	}
	return false
}

// CastDatum converts a value and applies the target's modifiers. Explicit casts
// cut strings that are too long, others refuse them. env may be nil.
func CastDatum(d Datum, from, to Type, explicit bool, env *Env) (Datum, error) {
	if d.Null {
		return NullDatum, nil
	}
	if to.HasFields() && from.ID == Record && from.Mod != to.Mod {
		return castRecord(d, from, to, explicit, env)
	}
	if from.IsVector() && !to.IsVector() && to.ID == Array && to.Elem == from.Elem {
		return castArray(d, to, explicit, env)
	}
	if from.ID == to.ID && from.Elem == to.Elem {
		if to.Mod == 0 || to.Mod == from.Mod {
			return d, nil
		}
		return ApplyMod(d, to, explicit)
	}
	switch {
	case isString(to.ID):
		return castToString(d, from, to, explicit, env)
	case isString(from.ID):
		s := d.Str
		if from.ID == Bpchar {
			s = TrimBlanks(s)
		}
		d, err := ParseEnv(env, to.Base(), s)
		if err != nil {
			return d, err
		}
		return ApplyMod(d, to, explicit)
	case from.ID == Array && to.ID == Array:
		return castArray(d, to, explicit, env)
	case from.IsRange() && to.IsMultirange() && from.RangeElem() == to.RangeElem():
		return Datum{Any: NewMultirange(to.RangeElem(), Spans(d))}, nil
	}
	var err error
	switch to.ID {
	case Int2, Int4, Int8, OID:
		d.Int, err = castToInt(d, from, to)
	case Float4, Float8:
		d.Float, err = castToFloat(d, from, to)
	case Numeric:
		d.Num, err = castToNum(d, from)
	case Bool:
		d.Int, err = castToBool(d, from)
	case JSON, JSONB:
		d, err = castJSON(d, from, to)
	case Bit, Varbit:
		if from.Category() == 'N' {
			return Datum{Str: IntBits(d.Int, int(to.Mod))}, nil
		}
	case Char:
		if from.ID != Int4 {
			return d, errCannotCast(from, to)
		}
		d.Str, err = intChar(d.Int)
	case Inet, Cidr, Macaddr, Macaddr8:
		d, err = castAddress(d, from, to)
	default:
		d, err = castDatetime(d, from, to, env)
	}
	if err != nil || to.Mod == 0 {
		return d, err
	}
	return ApplyMod(d, to, explicit)
}

func errCannotCast(from, to Type) error {
	return dberr.SQL(dberr.StateCannotCoerce, "cannot cast type %s to %s", from.Name(), to.Name())
}

// ApplyMod applies the modifiers of t to a value of that type.
func ApplyMod(d Datum, t Type, explicit bool) (Datum, error) {
	if d.Null || t.Mod == 0 {
		return d, nil
	}
	var err error
	switch t.ID {
	case Varchar, Bpchar:
		d.Str, err = applyLength(t, d.Str, explicit)
	case Bit, Varbit:
		d.Str, err = applyBitLength(t, d.Str, explicit)
	case Numeric:
		d.Num, err = d.Num.ApplyMod(t.Mod)
	case Timestamp, TimestampTZ:
		d.Int, err = applyTimestampMod(t, d.Int)
	case Time:
		d.Int = roundMicros(d.Int, t.Mod)
	case TimeTZ:
		v, _ := d.Any.(TimeTZValue)
		v.Micros = roundMicros(v.Micros, t.Mod)
		d.Any = v
	case Interval:
		d.Ivl.Micros = roundMicros(d.Ivl.Micros, t.Mod)
	case Array:
		return castArray(d, t, explicit, nil)
	}
	return d, err
}

func castArray(d Datum, to Type, explicit bool, env *Env) (Datum, error) {
	a, ok := d.Any.(*ArrayValue)
	if !ok {
		return d, nil
	}
	r := &ArrayValue{Elem: to.ElemType(), Dims: a.Dims, Lower: a.Lower, Vals: make([]Datum, len(a.Vals))}
	for i, v := range a.Vals {
		c, err := CastDatum(v, a.Elem, r.Elem, explicit, env)
		if err == nil && a.Elem.ID == r.Elem.ID {
			c, err = ApplyMod(c, r.Elem, explicit)
		}
		if err != nil {
			return Datum{}, err
		}
		r.Vals[i] = c
	}
	return Datum{Any: r}, nil
}

func castToString(d Datum, from, to Type, explicit bool, env *Env) (Datum, error) {
	var s string
	switch {
	case from.ID == Bpchar && to.ID != Bpchar:
		s = TrimBlanks(d.Str)
	case isString(from.ID), from.ID == JSON, from.ID == JSONB:
		s = d.Str
	case from.ID == Bool:
		s = "false"
		if d.Int != 0 {
			s = "true"
		}
	case from.ID == Inet: // unlike in output, with its mask always
		v := InetOf(d.Str)
		s = v.Host() + "/" + strconv.Itoa(v.Bits)
	default:
		s = string(AppendTextEnv(nil, env, from, d))
	}
	switch to.ID {
	case Varchar, Bpchar:
		out, err := applyLength(to, s, explicit)
		return Datum{Str: out}, err
	case Name:
		s = truncateName(s)
	}
	return Datum{Str: s}, nil
}

func castToInt(d Datum, from, to Type) (int64, error) {
	name := to.ID.info().name
	var v int64
	switch from.ID {
	case Bit:
		return bitsInt(d.Str, to.ID)
	case Char:
		return charInt(d.Str), nil
	case Bool:
		if to.ID != Int4 {
			return 0, errCannotCast(from, to)
		}
		v = d.Int
	case Int2, Int4, Int8, OID:
		v = d.Int
		if from.ID == OID && to.ID == Int2 {
			return 0, errCannotCast(from, to)
		}
		if to.ID == OID && from.ID != Int8 {
			return int64(uint32(v)), nil
		}
		if from.ID == OID && to.ID == Int4 {
			return int64(int32(uint32(v))), nil
		}
	case Float4, Float8:
		if to.ID == OID {
			return 0, errCannotCast(from, to)
		}
		return FloatToInt(d.Float, to.ID)
	case Numeric:
		if to.ID == OID {
			return 0, errCannotCast(from, to)
		}
		n, err := d.Num.Int64(name)
		if err != nil {
			return 0, err
		}
		v = n
	case JSONB:
		if to.ID == OID {
			return 0, errCannotCast(from, to)
		}
		n, err := jsonNumber(d, name)
		if err != nil {
			return 0, err
		}
		return castToInt(Datum{Num: n}, TNumeric, to)
	default:
		return 0, errCannotCast(from, to)
	}
	if lo, hi := intRange(to.ID); v < lo || v > hi {
		return 0, errRange(to.rangeName())
	}
	return v, nil
}

// rangeName is how messages about ranges name a type.
func (t Type) rangeName() string {
	if t.ID == OID {
		return "OID"
	}
	return t.ID.info().name
}

// FloatToInt rounds half to even, and checks the range of the integer type.
func FloatToInt(f float64, to ID) (int64, error) {
	r := math.RoundToEven(f)
	lo, hi := intRange(to)
	if math.IsNaN(f) || r < float64(lo) || to == Int8 && r >= 1<<63 || to != Int8 && r > float64(hi) {
		return 0, errRange(Type{ID: to}.rangeName())
	}
	return int64(r), nil
}

func castToFloat(d Datum, from, to Type) (float64, error) {
	var f float64
	switch from.ID {
	case Int2, Int4, Int8:
		f = float64(d.Int)
		if to.ID == Float4 {
			return float64(float32(d.Int)), nil
		}
	case Float4, Float8:
		f = d.Float
	case Numeric:
		if to.ID == Float4 && d.Num.Finite() {
			v, err := strconv.ParseFloat(d.Num.String(), 32)
			if err != nil || v == 0 && d.Num.Sign() != 0 {
				return 0, dberr.SQL(dberr.StateNumericOutOfRange, "\"%s\" is out of range for type real", d.Num.String())
			}
			return v, nil
		}
		f = d.Num.Float64()
		if (math.IsInf(f, 0) || f == 0 && d.Num.Sign() != 0) && d.Num.Finite() {
			return 0, dberr.SQL(dberr.StateNumericOutOfRange, "\"%s\" is out of range for type double precision", d.Num.String())
		}
	case JSONB:
		n, err := jsonNumber(d, to.ID.info().name)
		if err != nil {
			return 0, err
		}
		return castToFloat(Datum{Num: n}, TNumeric, to)
	default:
		return 0, errCannotCast(from, to)
	}
	if to.ID == Float4 {
		return Float8To4(f)
	}
	return f, nil
}

// Float8To4 rounds to single precision and refuses what over- or underflows.
func Float8To4(f float64) (float64, error) {
	r := float64(float32(f))
	switch {
	case math.IsInf(r, 0) && !math.IsInf(f, 0):
		return 0, dberr.SQL(dberr.StateNumericOutOfRange, "value out of range: overflow")
	case r == 0 && f != 0:
		return 0, dberr.SQL(dberr.StateNumericOutOfRange, "value out of range: underflow")
	}
	return r, nil
}

func castToNum(d Datum, from Type) (Num, error) {
	switch from.ID {
	case Int2, Int4, Int8:
		return NumInt(d.Int), nil
	case Float4:
		return NumFloat(d.Float, 32), nil
	case Float8:
		return NumFloat(d.Float, 64), nil
	case JSONB:
		return jsonNumber(d, "numeric")
	}
	return Num{}, errCannotCast(from, TNumeric)
}

func castToBool(d Datum, from Type) (int64, error) {
	switch from.ID {
	case Int4:
		if d.Int != 0 {
			return 1, nil
		}
		return 0, nil
	case JSONB:
		switch d.Str {
		case "true":
			return 1, nil
		case "false":
			return 0, nil
		}
		return 0, errJSONCast(d.Str, "boolean")
	}
	return 0, errCannotCast(from, TBool)
}

func jsonNumber(d Datum, to string) (Num, error) {
	if d.Str == "" || d.Str[0] != '-' && !isDigit(d.Str[0]) {
		return Num{}, errJSONCast(d.Str, to)
	}
	return ParseNum(d.Str)
}

func errJSONCast(s, to string) error {
	kind := "null"
	switch {
	case s == "true" || s == "false":
		kind = "boolean"
	case s != "" && s[0] == '{':
		kind = "object"
	case s != "" && s[0] == '[':
		kind = "array"
	case s != "" && s[0] == '"':
		kind = "string"
	case s != "" && s != "null":
		kind = "numeric"
	}
	return dberr.SQL(dberr.StateInvalidParameterValue, "cannot cast jsonb %s to type %s", kind, to)
}

func castJSON(d Datum, from, to Type) (Datum, error) {
	switch {
	case from.ID == JSONB:
		return Datum{Str: d.Str}, nil
	case from.ID == JSON:
		s, err := CanonicalJSON(d.Str)
		return Datum{Str: s}, err
	}
	return Datum{}, errCannotCast(from, to)
}

func castDatetime(d Datum, from, to Type, env *Env) (Datum, error) {
	v := d.Int
	inf := v == IntInfinity || v == IntNInfinity
	switch (castPair{from.ID, to.ID}) {
	case castPair{Date, Timestamp}:
		us, err := DateToTimestamp(v)
		return Datum{Int: us}, err
	case castPair{Date, TimestampTZ}:
		us, err := DateToTimestamp(v)
		if err != nil {
			return Datum{}, err
		}
		return toZoned(env, us)
	case castPair{Timestamp, TimestampTZ}:
		return toZoned(env, v)
	case castPair{TimestampTZ, Timestamp}:
		return Datum{Int: FromUTC(env.loc(), v)}, nil
	case castPair{TimestampTZ, Date}, castPair{Timestamp, Date}:
		if inf {
			return Datum{Int: v}, nil
		}
		if from.ID == TimestampTZ {
			v = FromUTC(env.loc(), v)
		}
		days, _ := floorDivMod(v, MicrosPerDay)
		return Datum{Int: days}, nil
	case castPair{TimestampTZ, Time}, castPair{Timestamp, Time}:
		if inf {
			return NullDatum, nil
		}
		if from.ID == TimestampTZ {
			v = FromUTC(env.loc(), v)
		}
		_, us := floorDivMod(v, MicrosPerDay)
		return Datum{Int: us}, nil
	case castPair{TimestampTZ, TimeTZ}:
		if inf {
			return NullDatum, nil
		}
		off := offsetAt(env.loc(), v)
		_, us := floorDivMod(v+int64(off)*MicrosPerSecond, MicrosPerDay)
		return Datum{Any: TimeTZValue{Micros: us, OffsetSec: int32(off)}}, nil
	case castPair{Time, TimeTZ}:
		off := offsetAt(env.loc(), TimestampFromGo(env.now()))
		return Datum{Any: TimeTZValue{Micros: v, OffsetSec: int32(off)}}, nil
	case castPair{TimeTZ, Time}:
		t, _ := d.Any.(TimeTZValue)
		return Datum{Int: t.Micros}, nil
	case castPair{Time, Interval}:
		return Datum{Ivl: IntervalValue{Micros: v}}, nil
	case castPair{Interval, Time}:
		_, us := floorDivMod(d.Ivl.Micros, MicrosPerDay)
		return Datum{Int: us}, nil
	}
	return Datum{}, errCannotCast(from, to)
}

func toZoned(env *Env, local int64) (Datum, error) {
	us := ToUTC(env.loc(), local)
	if us != IntInfinity && us != IntNInfinity && !ValidTimestamp(us) {
		return Datum{}, errOutOf("timestamp")
	}
	return Datum{Int: us}, nil
}

// DateToTimestamp returns midnight of a date.
func DateToTimestamp(days int64) (int64, error) {
	if days == IntInfinity || days == IntNInfinity {
		return days, nil
	}
	if days >= endTimestamp/MicrosPerDay {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "date out of range for timestamp")
	}
	return days * MicrosPerDay, nil
}
