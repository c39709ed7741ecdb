// Package sqltype holds SQL's types and their values: text input and output,
// casts, comparison, exact numeric and calendar arithmetic, and the encodings
// in which values are stored.
//
// It promises PostgreSQL's semantics and text forms. It knows nothing of tables,
// plans or storage. Text is UTF-8 and is compared byte by byte (the C collation).
package sqltype

// ID names a type without its modifiers. Values are part of the stored format.
type ID uint8

const (
	Unknown     ID = 0 // an untyped literal or NULL
	Bool        ID = 1
	Int2        ID = 2
	Int4        ID = 3
	Int8        ID = 4
	Float4      ID = 5
	Float8      ID = 6
	Numeric     ID = 7
	Text        ID = 8
	Varchar     ID = 9
	Bpchar      ID = 10 // char(n), blank padded
	Bytea       ID = 11
	Date        ID = 12
	Time        ID = 13
	TimeTZ      ID = 14
	Timestamp   ID = 15
	TimestampTZ ID = 16
	Interval    ID = 17
	UUID        ID = 18
	JSON        ID = 19
	JSONB       ID = 20
	Array       ID = 21 // of Elem
	Record      ID = 22 // anonymous row
	Void        ID = 23
	Name        ID = 24 // identifiers in system catalogs; behaves as text
	OID         ID = 25 // object ids in system catalogs; behaves as bigint
	Jsonpath    ID = 26 // a path of SQL/JSON, held as its text
	Bit         ID = 27
	Varbit      ID = 28
	Inet        ID = 29
	Cidr        ID = 30
	Macaddr     ID = 31
	Macaddr8    ID = 32

	// Ranges, and multiranges in the same order.
	Int4range      ID = 33
	Int8range      ID = 34
	Numrange       ID = 35
	Tsrange        ID = 36
	Tstzrange      ID = 37
	Daterange      ID = 38
	Int4multirange ID = 41
	Int8multirange ID = 42
	Nummultirange  ID = 43
	Tsmultirange   ID = 44
	Tstzmultirange ID = 45
	Datemultirange ID = 46

	Char ID = 48 // "char": one byte, or none; in system catalogs

	TID ID = 47 // the place of a row: its block times 65536 and its number there

	Enum ID = 40 // an enumerated type: Mod is its handle, see EnumOf
)

// Type is a type with its modifiers. Comparable; the zero value is Unknown.
type Type struct {
	ID   ID
	Elem ID // element type of an Array
	// Mod is 0 where unconstrained; the length for varchar(n) and char(n);
	// NumericMod(p, s) for numeric; precision + 1 for time and timestamp types.
	// For an Array it constrains the elements.
	Mod int32
}

// NumericMod packs the precision (1 to 1000) and scale (-1000 to 1000) of numeric(p, s).
func NumericMod(precision, scale int) int32 {
	return int32(precision)<<16 | int32(uint16(int16(scale)))
}

// NumericPS unpacks NumericMod; precision 0 means unconstrained.
func (t Type) NumericPS() (precision, scale int) {
	return int(t.Mod >> 16), int(int16(uint16(t.Mod)))
}

// Common types without modifiers.
var (
	TUnknown     = Type{ID: Unknown}
	TBool        = Type{ID: Bool}
	TInt2        = Type{ID: Int2}
	TInt4        = Type{ID: Int4}
	TInt8        = Type{ID: Int8}
	TFloat4      = Type{ID: Float4}
	TFloat8      = Type{ID: Float8}
	TNumeric     = Type{ID: Numeric}
	TText        = Type{ID: Text}
	TVarchar     = Type{ID: Varchar}
	TBytea       = Type{ID: Bytea}
	TDate        = Type{ID: Date}
	TTime        = Type{ID: Time}
	TTimestamp   = Type{ID: Timestamp}
	TTimestampTZ = Type{ID: TimestampTZ}
	TInterval    = Type{ID: Interval}
	TUUID        = Type{ID: UUID}
	TJSON        = Type{ID: JSON}
	TJSONB       = Type{ID: JSONB}
	TName        = Type{ID: Name}
	TOID         = Type{ID: OID}
	TChar        = Type{ID: Char}
	TInt2Vector  = Type{ID: Array, Elem: Int2, Mod: vectorMod}
	TOIDVector   = Type{ID: Array, Elem: OID, Mod: vectorMod}
)

// vectorMod is the Mod of int2vector and oidvector, which system catalogs have: arrays that count
// from 0, of which the text is the elements alone.
const vectorMod = 1 << 20

// IsVector tells int2vector and oidvector from other arrays.
func (t Type) IsVector() bool {
	return t.ID == Array && t.Mod == vectorMod && (t.Elem == Int2 || t.Elem == OID)
}

// ArrayOf returns the array type with elements of t.
func ArrayOf(t Type) Type { return Type{ID: Array, Elem: t.ID, Mod: t.Mod} }

// ElemType returns the element type of an array type.
func (t Type) ElemType() Type {
	if t.IsVector() {
		return Type{ID: t.Elem}
	}
	return Type{ID: t.Elem, Mod: t.Mod}
}

// Phys is how values of a type are held in memory: which field of a Datum and
// which slice of a vec.Vector.
type Phys uint8

const (
	PhysInt      Phys = iota // Int: bool (0, 1), int2/4/8, oid, date (days since 2000-01-01), time (µs), timestamp(tz) (µs since 2000-01-01 UTC)
	PhysFloat                // Float: float4 (rounded to float32), float8
	PhysString               // Str: text, varchar, bpchar, name, json, jsonb (canonical text), bytea (raw bytes), uuid (16 raw bytes), unknown
	PhysNumeric              // Num
	PhysInterval             // Ivl
	PhysAny                  // Any: arrays (*ArrayValue), records (*RecordValue), timetz (TimeTZValue), ranges (*RangeValue, *MultirangeValue)
)

// Infinity and -infinity of date, timestamp and timestamptz.
const (
	IntInfinity  = int64(1<<63 - 1)
	IntNInfinity = int64(-1 << 63)
)

// Phys returns how values of the type are held.
func (t Type) Phys() Phys {
	switch t.ID {
	case Bool, Int2, Int4, Int8, OID, Date, Time, Timestamp, TimestampTZ, Enum, TID:
		return PhysInt
	case Float4, Float8:
		return PhysFloat
	case Numeric:
		return PhysNumeric
	case Interval:
		return PhysInterval
	case Array, Record, TimeTZ,
		Int4range, Int8range, Numrange, Tsrange, Tstzrange, Daterange,
		Int4multirange, Int8multirange, Nummultirange, Tsmultirange, Tstzmultirange, Datemultirange:
		return PhysAny
	default:
		return PhysString
	}
}

// Datum is one value, for constants, parameters and paths that go row by row.
// Its type is known from where it stands; only the field that Type.Phys names
// means anything, and none where Null.
type Datum struct {
	Null  bool
	Int   int64
	Float float64
	Str   string
	Num   Num
	Ivl   IntervalValue
	Any   any
}

// NullDatum is SQL's NULL.
var NullDatum = Datum{Null: true}

// IntervalValue is PostgreSQL's interval: months, days and microseconds kept apart.
type IntervalValue struct {
	Months, Days int32
	Micros       int64
}

// ArrayValue is an array; NULL elements have Null set. Dims holds the length of
// each dimension (nil for the empty array), Lower the lower bounds (usually 1).
type ArrayValue struct {
	Elem        Type
	Dims, Lower []int
	Vals        []Datum
}

// RecordValue is an anonymous row.
type RecordValue struct {
	Types []Type
	Vals  []Datum
}

// TimeTZValue is a time of day (µs) with its offset (seconds east of UTC).
type TimeTZValue struct {
	Micros    int64
	OffsetSec int32
}
