package fn

import (
	"math"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// implicit reports whether values of from are taken where to is asked for.
func implicit(from, to sqltype.Type) bool {
	return sqltype.CanCast(from.Base(), to.Base()) == sqltype.CastImplicit
}

func isString(id sqltype.ID) bool {
	return id == sqltype.Text || id == sqltype.Varchar || id == sqltype.Bpchar || id == sqltype.Name
}

// Cast returns the explicit conversion from one type to another, applying the
// target's modifier (CAST cuts too long strings), or nil where there is none.
// From Unknown, which is text held as a string, everything can be read.
func Cast(from, to sqltype.Type) *Func { return castFunc(from, to, sqltype.CastExplicit) }

// AssignCast returns the conversion used when a value is stored in a column (too
// long strings are an error), or nil where only an explicit cast would do.
func AssignCast(from, to sqltype.Type) *Func { return castFunc(from, to, sqltype.CastAssignment) }

// ImplicitCast returns the conversion that happens by itself, or nil.
func ImplicitCast(from, to sqltype.Type) *Func { return castFunc(from, to, sqltype.CastImplicit) }

// SameValue reports whether every value of from is, as it is held in memory, a
// value of to, so that no cast needs to run: varchar as text, varchar(5) as varchar.
func SameValue(from, to sqltype.Type) bool {
	if from == to {
		return true
	}
	if from.IsVector() != to.IsVector() {
		return false
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

// Widens reports whether f is a cast of an integer to a larger type of integers, which holds
// the same value in the same way.
func (f *Func) Widens() bool { return f.widens }

func widens(from, to sqltype.Type) bool {
	return from.ID == sqltype.Int2 && (to.ID == sqltype.Int4 || to.ID == sqltype.Int8) || from.ID == sqltype.Int4 && to.ID == sqltype.Int8
}

func castFunc(from, to sqltype.Type, ctx sqltype.CastContext) *Func {
	if can := sqltype.CanCast(from.Base(), to.Base()); can == sqltype.CastNone || can < ctx {
		return nil
	}
	return &Func{
		Name: "cast", Args: []sqltype.Type{from}, Ret: to, Strict: true,
		Volatility: castVolatility(from, to), Eval: castEval(from, to, ctx == sqltype.CastExplicit), widens: widens(from, to),
	}
}

// textDependsOnStyle reports whether the text of a type's values depends on DateStyle or
// IntervalStyle.
func textDependsOnStyle(t sqltype.Type) bool {
	switch {
	case t.ID == sqltype.Array:
		return textDependsOnStyle(t.ElemType())
	case t.IsRange() || t.IsMultirange():
		return textDependsOnStyle(t.RangeElem())
	}
	return t.ID == sqltype.Date || t.ID == sqltype.Timestamp || t.ID == sqltype.TimestampTZ || t.ID == sqltype.Interval || t.ID == sqltype.Record
}

// castVolatility is Stable where the session's time zone or styles, or the time of day matter.
func castVolatility(from, to sqltype.Type) Volatility {
	zoned := func(t sqltype.Type) bool {
		if (t.IsRange() || t.IsMultirange()) && t.RangeElem().ID == sqltype.TimestampTZ {
			return true
		}
		return t.ID == sqltype.TimestampTZ || t.ID == sqltype.TimeTZ || t.ID == sqltype.Array && t.Elem == sqltype.TimestampTZ
	}
	moment := (to.Category() == 'D' || to.Category() == 'R' && to.RangeElem().Category() == 'D') && (from.ID == sqltype.Unknown || isString(from.ID))
	styled := isString(to.ID) && textDependsOnStyle(from)
	if isString(from.ID) && from.Base() != to.Base() && (to.ID == sqltype.Enum || to.ID == sqltype.Array && to.ElemType().ID == sqltype.Enum) {
		return Stable // labels come and go
	}
	if isString(to.ID) && from.IsEnum() {
		return Stable // labels are renamed
	}
	if isString(from.ID) && to.Reg() != 0 || from.Reg() != 0 && isString(to.ID) {
		return Stable
	}
	if from.Base() != to.Base() && (zoned(from) || zoned(to) || moment || styled) {
		return Stable
	}
	return Immutable
}

// castEval chooses the loop: those between numbers and from short text are
// specialised, the rest goes through sqltype value by value.
func castEval(from, to sqltype.Type, explicit bool) Eval {
	if SameValue(from, to) {
		return copyEval
	}
	if ev := castNumber(from, to); ev != nil {
		return ev
	}
	if ev := castString(from, to); ev != nil {
		return ev
	}
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		te := env.types()
		for _, i := range vec.Live(n, sel) {
			d, err := sqltype.CastDatum(args[0].Get(int(i)), from, to, explicit, te)
			if err != nil {
				return err
			}
			out.Set(int(i), d)
		}
		return nil
	}
}

// castString has the loops for numbers to and from text without modifiers.
func castString(from, to sqltype.Type) Eval {
	text := isString(from.ID) && from.ID != sqltype.Bpchar || from.ID == sqltype.Unknown
	switch {
	case text && to.ID == sqltype.Numeric && to.Mod == 0:
		return e1(sqltype.ParseNum)
	case text && to.ID == sqltype.Float8:
		return e1(func(s string) (float64, error) { return sqltype.ParseFloat(s, false) })
	case intSize(from.ID) > 0 && to == sqltype.TText:
		return p1(func(v int64) string { return strconv.FormatInt(v, 10) })
	case from.ID == sqltype.Numeric && to == sqltype.TText:
		return p1(sqltype.Num.String)
	}
	return nil
}

// TypeEnv is the part of the environment that text forms depend on.
func (e *Env) TypeEnv() *sqltype.Env { return e.types() }

// types is the part of the environment that text forms depend on.
func (e *Env) types() *sqltype.Env {
	if e == nil {
		return nil
	}
	return &sqltype.Env{Now: e.Now, Location: e.Location, Style: e.Style, Names: e.Names}
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
	if (math.IsInf(f, 0) || f == 0 && v.Sign() != 0) && v.Finite() || size == 32 && math.IsInf(float64(float32(f)), 0) && v.Finite() {
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
