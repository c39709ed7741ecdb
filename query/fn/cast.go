package fn

import (
	"math"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// castClass says where a cast happens by itself.
type castClass uint8

const (
	castNone       castClass = iota
	castExplicit             // only where written
	castAssignment           // also when stored in a column
	castImplicit             // anywhere
)

// implicit reports whether values of from are taken where to is asked for.
func implicit(from, to sqltype.Type) bool {
	from, to = from.Base(), to.Base()
	return from == to || from.ID == sqltype.Unknown || classOf(from, to) == castImplicit
}

func isString(id sqltype.ID) bool {
	return id == sqltype.Text || id == sqltype.Varchar || id == sqltype.Bpchar || id == sqltype.Name
}

// rank orders the numeric types by how far they reach.
func rank(id sqltype.ID) int {
	switch id {
	case sqltype.Int2:
		return 1
	case sqltype.Int4:
		return 2
	case sqltype.Int8:
		return 3
	case sqltype.Numeric:
		return 4
	case sqltype.Float4:
		return 5
	case sqltype.Float8:
		return 6
	}
	return 0
}

func classOf(from, to sqltype.Type) castClass {
	f, t := from.ID, to.ID
	switch {
	case f == t && (f != sqltype.Array || from.Elem == to.Elem):
		return castImplicit
	case isString(f) && isString(t):
		return stringClass(f, t)
	case rank(f) > 0 && rank(t) > 0:
		if rank(f) < rank(t) {
			return castImplicit
		}
		return castAssignment
	case f == sqltype.Array && t == sqltype.Array:
		return classOf(from.ElemType(), to.ElemType())
	}
	if c, ok := castPairs[[2]sqltype.ID{f, t}]; ok {
		return c
	}
	switch {
	case f == sqltype.Void || t == sqltype.Void || f >= idAny || t >= idAny || t == sqltype.Unknown:
		return castNone
	case isString(t):
		return castAssignment
	case isString(f):
		return castExplicit
	}
	return castNone
}

func stringClass(f, t sqltype.ID) castClass {
	if t == sqltype.Name && f != sqltype.Name || f == sqltype.Name && t != sqltype.Text {
		if t == sqltype.Name {
			return castImplicit
		}
		return castAssignment
	}
	return castImplicit
}

var castPairs = map[[2]sqltype.ID]castClass{
	{sqltype.Int2, sqltype.OID}:              castImplicit,
	{sqltype.Int4, sqltype.OID}:              castImplicit,
	{sqltype.Int8, sqltype.OID}:              castImplicit,
	{sqltype.OID, sqltype.Int4}:              castAssignment,
	{sqltype.OID, sqltype.Int8}:              castAssignment,
	{sqltype.Int4, sqltype.Bool}:             castExplicit,
	{sqltype.Bool, sqltype.Int4}:             castExplicit,
	{sqltype.Date, sqltype.Timestamp}:        castImplicit,
	{sqltype.Date, sqltype.TimestampTZ}:      castImplicit,
	{sqltype.Timestamp, sqltype.TimestampTZ}: castImplicit,
	{sqltype.Timestamp, sqltype.Date}:        castAssignment,
	{sqltype.Timestamp, sqltype.Time}:        castAssignment,
	{sqltype.TimestampTZ, sqltype.Date}:      castAssignment,
	{sqltype.TimestampTZ, sqltype.Time}:      castAssignment,
	{sqltype.TimestampTZ, sqltype.TimeTZ}:    castAssignment,
	{sqltype.TimestampTZ, sqltype.Timestamp}: castAssignment,
	{sqltype.Time, sqltype.Interval}:         castImplicit,
	{sqltype.Time, sqltype.TimeTZ}:           castImplicit,
	{sqltype.TimeTZ, sqltype.Time}:           castAssignment,
	{sqltype.Interval, sqltype.Time}:         castAssignment,
	{sqltype.JSON, sqltype.JSONB}:            castAssignment,
	{sqltype.JSONB, sqltype.JSON}:            castAssignment,
	{sqltype.JSONB, sqltype.Bool}:            castExplicit,
	{sqltype.JSONB, sqltype.Int2}:            castExplicit,
	{sqltype.JSONB, sqltype.Int4}:            castExplicit,
	{sqltype.JSONB, sqltype.Int8}:            castExplicit,
	{sqltype.JSONB, sqltype.Float4}:          castExplicit,
	{sqltype.JSONB, sqltype.Float8}:          castExplicit,
	{sqltype.JSONB, sqltype.Numeric}:         castExplicit,
}

// Cast returns the explicit conversion from one type to another, applying the
// target's modifier (CAST cuts too long strings), or nil where there is none.
// From Unknown, which is text held as a string, everything can be read.
func Cast(from, to sqltype.Type) *Func { return castFunc(from, to, castExplicit) }

// AssignCast returns the conversion used when a value is stored in a column (too
// long strings are an error), or nil where only an explicit cast would do.
func AssignCast(from, to sqltype.Type) *Func { return castFunc(from, to, castAssignment) }

// ImplicitCast returns the conversion that happens by itself, or nil.
func ImplicitCast(from, to sqltype.Type) *Func { return castFunc(from, to, castImplicit) }

// SameValue reports whether every value of from is, as it is held in memory, a
// value of to, so that no cast needs to run: varchar as text, varchar(5) as varchar.
func SameValue(from, to sqltype.Type) bool {
	if from == to {
		return true
	}
	free := to.Mod == 0 || from.Mod == to.Mod
	switch {
	case from.ID == to.ID && from.Elem == to.Elem:
		return free
	case from.ID == sqltype.Varchar || from.ID == sqltype.Text || from.ID == sqltype.Name:
		return to.Mod == 0 && (to.ID == sqltype.Text || to.ID == sqltype.Varchar || to.ID == sqltype.Bpchar)
	}
	return false
}

func castFunc(from, to sqltype.Type, class castClass) *Func {
	if from.ID != sqltype.Unknown && classOf(from, to) < class {
		return nil
	}
	ev, vol := castEval(from, to, class)
	if ev == nil {
		return nil
	}
	return &Func{Name: "cast", Args: []sqltype.Type{from}, Ret: to, Strict: true, Volatility: vol, Eval: ev}
}

// castEval chooses the loop: those between numbers are here, the rest goes through sqltype value by value.
func castEval(from, to sqltype.Type, class castClass) (Eval, Volatility) {
	if SameValue(from, to) {
		return copyEval, Immutable
	}
	if ev := castNumber(from, to); ev != nil {
		return ev, Immutable
	}
	return castOther(from, to, class)
}

func copyEval(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
	out.CopyRows(args[0], n, sel)
	return nil
}

func intSize(id sqltype.ID) uint {
	switch id {
	case sqltype.Int2:
		return 16
	case sqltype.Int4:
		return 32
	case sqltype.Int8:
		return 64
	}
	return 0
}

// intName is the type's name in range errors.
func intName(size uint) string { return [...]string{"smallint", "integer", "bigint"}[size>>5] }

func castNumber(from, to sqltype.Type) Eval {
	type num = sqltype.Num
	fi, ti := intSize(from.ID), intSize(to.ID)
	floatBits := map[sqltype.ID]int{sqltype.Float4: 32, sqltype.Float8: 64}
	fb, tb := floatBits[from.ID], floatBits[to.ID]
	mod := to.Mod
	switch {
	case fi > 0 && ti > 0:
		return e1(func(v int64) (int64, error) { return toInt(v, ti) })
	case fi > 0 && tb == 32:
		return p1(func(v int64) float64 { return float64(float32(v)) })
	case fi > 0 && tb == 64:
		return p1(func(v int64) float64 { return float64(v) })
	case fi > 0 && to.ID == sqltype.Numeric && mod == 0:
		return p1(sqltype.NumInt)
	case fi > 0 && to.ID == sqltype.Numeric:
		return e1(func(v int64) (num, error) { return sqltype.NumInt(v).ApplyMod(mod) })
	case fb > 0 && ti > 0:
		return e1(func(v float64) (int64, error) { return floatToInt(v, ti) })
	case fb > 0 && tb == 64:
		return p1(func(v float64) float64 { return v })
	case fb > 0 && tb == 32:
		return e1(func(v float64) (float64, error) { return checkFloat(v, 32, math.IsInf(v, 0), v == 0) })
	case fb > 0 && to.ID == sqltype.Numeric:
		return e1(func(v float64) (num, error) { return sqltype.NumFloat(v, fb).ApplyMod(mod) })
	case from.ID == sqltype.Numeric && to.ID == sqltype.Numeric:
		return e1(func(v num) (num, error) { return v.ApplyMod(mod) })
	case from.ID == sqltype.Numeric && ti > 0:
		return e1(func(v num) (int64, error) { return numToInt(v, ti) })
	case from.ID == sqltype.Numeric && tb > 0:
		return e1(func(v num) (float64, error) { return numToFloat(v, tb) })
	}
	return nil
}

func numToInt(v sqltype.Num, size uint) (int64, error) {
	i, err := v.Int64(intName(size))
	if err != nil {
		return 0, err
	}
	return toInt(i, size)
}

func numToFloat(v sqltype.Num, size int) (float64, error) {
	f := v.Float64()
	if size == 32 {
		if r, err := strconv.ParseFloat(v.String(), 32); err == nil {
			f = r
		}
	}
	if math.IsInf(f, 0) && v.Finite() || size == 32 && math.IsInf(float64(float32(f)), 0) && v.Finite() {
		return 0, dberr.SQL(dberr.StateNumericOutOfRange, "\"%s\" is out of range for type %s", v.String(),
			map[int]string{32: "real", 64: "double precision"}[size])
	}
	return f, nil
}

// floatToInt rounds to the nearest integer, halves to even.
func floatToInt(v float64, size uint) (int64, error) {
	r := math.RoundToEven(v)
	limit := math.Ldexp(1, int(size)-1)
	if !(r >= -limit && r < limit) {
		return 0, errIntRange(size)
	}
	return int64(r), nil
}
