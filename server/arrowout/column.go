package arrowout

import (
	"math"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Digits that the decimals of Arrow hold.
const (
	decimal128Digits = 38
	decimal256Digits = 76
)

// The epoch of SQL's dates and times is 2000-01-01, that of Arrow's 1970-01-01.
const (
	epochDays   = 10957
	epochMicros = epochDays * 86_400_000_000
	dayMicros   = 86_400_000_000
)

// arrowType is the type of Arrow that holds every finite value of t, or text.
func arrowType(t sqltype.Type, asText bool) arrow.DataType {
	if asText {
		return arrow.BinaryTypes.String
	}
	switch t.ID {
	case sqltype.Bool:
		return arrow.FixedWidthTypes.Boolean
	case sqltype.Int2:
		return arrow.PrimitiveTypes.Int16
	case sqltype.Int4:
		return arrow.PrimitiveTypes.Int32
	case sqltype.Int8, sqltype.OID:
		return arrow.PrimitiveTypes.Int64
	case sqltype.Float4:
		return arrow.PrimitiveTypes.Float32
	case sqltype.Float8:
		return arrow.PrimitiveTypes.Float64
	case sqltype.Numeric:
		switch p, s := t.NumericPS(); {
		case p == 0 || s < 0 || s > p:
		case p <= decimal128Digits:
			return &arrow.Decimal128Type{Precision: int32(p), Scale: int32(s)}
		case p <= decimal256Digits:
			return &arrow.Decimal256Type{Precision: int32(p), Scale: int32(s)}
		}
	case sqltype.Bytea:
		return arrow.BinaryTypes.Binary
	case sqltype.Date:
		return arrow.FixedWidthTypes.Date32
	case sqltype.Time:
		return arrow.FixedWidthTypes.Time64us
	case sqltype.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case sqltype.TimestampTZ:
		return arrow.FixedWidthTypes.Timestamp_us // in UTC
	}
	return arrow.BinaryTypes.String
}

// column appends values of one column to its builder.
type column struct {
	build array.Builder
	one   func(v *vec.Vector, i int) (int, error) // slot i, which is not NULL; the bytes that it takes
}

// add appends rows and says about how many bytes they take.
func (c *column) add(v *vec.Vector, rows []int32) (bytes int, err error) {
	for _, row := range rows {
		i := v.At(int(row))
		if v.Nulls.Get(i) {
			c.build.AppendNull()
			bytes++
			continue
		}
		n, err := c.one(v, i)
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

func newColumn(t sqltype.Type, build array.Builder, asText bool) column {
	c := column{build: build}
	switch b := build.(type) {
	case *array.BooleanBuilder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append(v.I[i] != 0); return 1, nil }
	case *array.Int16Builder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append(int16(v.I[i])); return 2, nil }
	case *array.Int32Builder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append(int32(v.I[i])); return 4, nil }
	case *array.Int64Builder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append(v.I[i]); return 8, nil }
	case *array.Float32Builder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append(float32(v.F[i])); return 4, nil }
	case *array.Float64Builder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append(v.F[i]); return 8, nil }
	case *array.Decimal128Builder:
		c.one = decimal128Column(t, b)
	case *array.Decimal256Builder:
		c.one = decimal256Column(t, b)
	case *array.BinaryBuilder:
		c.one = func(v *vec.Vector, i int) (int, error) { b.Append([]byte(v.S[i])); return len(v.S[i]), nil }
	case *array.StringBuilder:
		c.one = textColumn(t, b, asText)
	default:
		c.one = timeColumn(t, build)
	}
	return c
}

// textColumn writes values as text: arrays and records as JSON, everything else, and all
// where asText is set, in PostgreSQL's form.
func textColumn(t sqltype.Type, b *array.StringBuilder, asText bool) func(v *vec.Vector, i int) (int, error) {
	var scratch []byte
	switch t.ID {
	case sqltype.Text, sqltype.Varchar, sqltype.Name, sqltype.JSON:
		return func(v *vec.Vector, i int) (int, error) { b.Append(v.S[i]); return len(v.S[i]), nil }
	case sqltype.Array, sqltype.Record:
		if !asText {
			return func(v *vec.Vector, i int) (int, error) {
				scratch = sqltype.AppendJSON(scratch[:0], t, v.Get(i), sqltype.JSONOptions{})
				b.Append(string(scratch))
				return len(scratch), nil
			}
		}
	}
	return func(v *vec.Vector, i int) (int, error) {
		scratch = sqltype.AppendText(scratch[:0], v.Type, v.Get(i))
		b.Append(string(scratch))
		return len(scratch), nil
	}
}

func timeColumn(t sqltype.Type, build array.Builder) func(v *vec.Vector, i int) (int, error) {
	switch b := build.(type) {
	case *array.Date32Builder:
		return func(v *vec.Vector, i int) (int, error) {
			d := v.I[i]
			if d > math.MaxInt32-epochDays || d == sqltype.IntNInfinity {
				return 0, noPlace(t, d)
			}
			b.Append(arrow.Date32(d + epochDays))
			return 4, nil
		}
	case *array.Time64Builder:
		return func(v *vec.Vector, i int) (int, error) {
			if v.I[i] >= dayMicros {
				return 0, noPlace(t, v.I[i]) // 24:00:00
			}
			b.Append(arrow.Time64(v.I[i]))
			return 8, nil
		}
	}
	b := build.(*array.TimestampBuilder)
	return func(v *vec.Vector, i int) (int, error) {
		us := v.I[i]
		if us > math.MaxInt64-epochMicros || us == sqltype.IntNInfinity {
			return 0, noPlace(t, us)
		}
		b.Append(arrow.Timestamp(us + epochMicros))
		return 8, nil
	}
}

func decimal128Column(t sqltype.Type, b *array.Decimal128Builder) func(v *vec.Vector, i int) (int, error) {
	_, scale := t.NumericPS()
	return func(v *vec.Vector, i int) (int, error) {
		n := v.N[i]
		if n.Big == nil && int(n.Scale) == scale {
			b.Append(decimal128.FromI64(n.Coef))
			return 16, nil
		}
		coef, err := coefficient(t, n, decimal128Digits)
		if err != nil {
			return 0, err
		}
		b.Append(decimal128.FromBigInt(coef))
		return 16, nil
	}
}

func decimal256Column(t sqltype.Type, b *array.Decimal256Builder) func(v *vec.Vector, i int) (int, error) {
	return func(v *vec.Vector, i int) (int, error) {
		coef, err := coefficient(t, v.N[i], decimal256Digits)
		if err != nil {
			return 0, err
		}
		b.Append(decimal256.FromBigInt(coef))
		return 32, nil
	}
}

// coefficient is the integer that stands for n at the scale of t.
func coefficient(t sqltype.Type, n sqltype.Num, digits int) (*big.Int, error) {
	_, scale := t.NumericPS()
	if !n.Finite() {
		return nil, dberr.SQL(dberr.StateNumericOutOfRange, "%s has no place in a decimal of Arrow", sqltype.AppendText(nil, sqltype.TNumeric, sqltype.Datum{Num: n})).WithHint(castHint)
	}
	coef := n.Unscaled()
	switch up := scale - n.DScale(); {
	case up > 0:
		coef = new(big.Int).Mul(coef, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(up)), nil))
	case up < 0:
		rest := new(big.Int)
		coef, rest = new(big.Int).QuoRem(coef, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-up)), nil), rest)
		if rest.Sign() != 0 {
			return nil, dberr.SQL(dberr.StateNumericOutOfRange, "a value has more than the %d decimals of its column", scale).WithHint(castHint)
		}
	}
	if len(new(big.Int).Abs(coef).String()) > digits {
		return nil, dberr.SQL(dberr.StateNumericOutOfRange, "a value has more than the %d digits of a decimal of Arrow", digits).WithHint(castHint)
	}
	return coef, nil
}

const castHint = `Cast the column to text, or ask for "values":"text".`

func noPlace(t sqltype.Type, v int64) error {
	return dberr.SQL(dberr.StateDatetimeOverflow, "%s has no place in a %s of Arrow", sqltype.AppendText(nil, t, sqltype.Datum{Int: v}), t.Name()).WithHint(castHint)
}
