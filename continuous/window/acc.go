package window

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// Function is what the values of a window come to.
type Function uint8

// The functions. Their numbers are part of the format.
const (
	Count Function = iota // of values; without an argument of events
	Sum
	Avg
	Min
	Max
	First // by time, and of the same time by their order
	Last
)

var functionNames = []string{"count", "sum", "avg", "min", "max", "first", "last"}

// String is the name of a function.
func (f Function) String() string { return functionNames[f] }

// Functions are the names of all functions.
func Functions() []string { return slices.Clone(functionNames) }

// FunctionOf finds a function by its name.
func FunctionOf(name string) (Function, bool) {
	i := slices.Index(functionNames, name)
	return Function(max(i, 0)), i >= 0
}

// Aggregate is a function of the values of a type. Type is Unknown where there is no
// argument, which only Count allows.
type Aggregate struct {
	Function Function
	Type     sqltype.Type
}

// Result is the type of what the values come to. The error says which types the function
// takes.
func (a Aggregate) Result() (sqltype.Type, error) {
	t := a.Type
	switch a.Function {
	case Count:
		return sqltype.TInt8, nil
	case First, Last:
		if t.ID != sqltype.Unknown && t.ID != sqltype.Record && t.ID != sqltype.Void && t.ID != sqltype.Enum {
			return t, nil
		}
	case Sum, Avg:
		switch t.ID {
		case sqltype.Int2, sqltype.Int4:
			if a.Function == Sum {
				return sqltype.TInt8, nil
			}
			return sqltype.TNumeric, nil
		case sqltype.Int8, sqltype.Numeric:
			return sqltype.TNumeric, nil
		case sqltype.Float4, sqltype.Float8:
			return sqltype.TFloat8, nil
		}
		return t, fmt.Errorf("%s takes numbers, not values of type %s", a.Function, t.Name())
	case Min, Max:
		switch t.ID {
		case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric, sqltype.Text, sqltype.Varchar, sqltype.Bpchar,
			sqltype.Date, sqltype.Time, sqltype.Timestamp, sqltype.TimestampTZ, sqltype.Interval:
			return t, nil
		}
		return t, fmt.Errorf("%s takes numbers, texts and times, not values of type %s", a.Function, t.Name())
	}
	return t, fmt.Errorf("%s does not take values of type %s", a.Function, t.Name())
}

// acc aggregates values. The zero value is of none.
type acc struct {
	n     int64       // values that are not NULL, or events
	num   sqltype.Num // the sum, of exact numbers
	float float64     // the sum, of others
	value sqltype.Datum
	at    int64 // the time of value, of First and Last
}

func (a *Aggregate) float() bool { return a.Type.ID == sqltype.Float4 || a.Type.ID == sqltype.Float8 }

// add adds a value of an event.
func (x *acc) add(a *Aggregate, d sqltype.Datum, e *Event) error {
	if a.Type.ID == sqltype.Unknown { // count(*)
		x.n++
		return nil
	}
	if d.Null {
		return nil
	}
	one := acc{n: 1, value: d, at: e.Time}
	if a.Function == Sum || a.Function == Avg {
		one.value = sqltype.Datum{}
		switch {
		case a.float():
			one.float = d.Float
		case a.Type.ID == sqltype.Numeric:
			one.num = d.Num
		default:
			one.num = sqltype.NumInt(d.Int)
		}
	}
	return x.merge(a, &one)
}

// merge adds the values of another.
func (x *acc) merge(a *Aggregate, y *acc) error {
	switch {
	case y.n == 0:
		return nil
	case x.n == 0:
		*x = *y
		return nil
	}
	x.n += y.n
	var err error
	switch a.Function {
	case Sum, Avg:
		x.float += y.float
		x.num, err = x.num.Add(y.num)
	case Min:
		if sqltype.Compare(a.Type, y.value, x.value) < 0 {
			x.value = y.value
		}
	case Max:
		if sqltype.Compare(a.Type, y.value, x.value) > 0 {
			x.value = y.value
		}
	case First:
		if y.at < x.at {
			x.value, x.at = y.value, y.at
		}
	case Last:
		if y.at >= x.at { // what has the same time is in the same window, so it comes in order
			x.value, x.at = y.value, y.at
		}
	}
	return err
}

// result is what the values come to: NULL where there are none, but for Count.
func (x *acc) result(a *Aggregate) (d sqltype.Datum, err error) {
	switch {
	case a.Function == Count:
		return sqltype.Datum{Int: x.n}, nil
	case x.n == 0:
		return sqltype.NullDatum, nil
	case a.Function == Sum && a.float():
		return sqltype.Datum{Float: x.float}, nil
	case a.Function == Sum && (a.Type.ID == sqltype.Int2 || a.Type.ID == sqltype.Int4):
		d.Int, err = x.num.Int64("bigint")
		return d, err
	case a.Function == Sum:
		return sqltype.Datum{Num: x.num}, nil
	case a.Function == Avg && a.float():
		return sqltype.Datum{Float: x.float / float64(x.n)}, nil
	case a.Function == Avg:
		d.Num, err = x.num.Div(sqltype.NumInt(x.n))
		return d, err
	}
	return x.value, nil
}

// append writes it down.
func (x *acc) append(dst []byte, a *Aggregate) []byte {
	dst = binary.AppendUvarint(dst, uint64(x.n))
	if x.n == 0 {
		return dst
	}
	switch a.Function {
	case Count:
	case Sum, Avg:
		if a.float() {
			return binary.BigEndian.AppendUint64(dst, math.Float64bits(x.float))
		}
		dst = appendSized(dst, sqltype.TNumeric, sqltype.Datum{Num: x.num})
	case Min, Max:
		dst = appendSized(dst, a.Type, x.value)
	case First, Last:
		dst = binary.AppendVarint(dst, x.at)
		dst = appendSized(dst, a.Type, x.value)
	}
	return dst
}

// cut reads what append wrote.
func (x *acc) cut(r *reader, a *Aggregate) {
	n := r.uvarint()
	if n > math.MaxInt64 {
		r.bad = true
	}
	if *x = (acc{n: int64(n)}); n == 0 || r.bad {
		return
	}
	switch a.Function {
	case Count:
	case Sum, Avg:
		if a.float() {
			x.float = math.Float64frombits(r.fixed())
			return
		}
		x.num = r.datum(sqltype.TNumeric).Num
	case Min, Max:
		x.value = r.datum(a.Type)
	case First, Last:
		x.at = r.varint()
		x.value = r.datum(a.Type)
	}
}

// appendSized writes a value with its length before it, one more than it is; 0 is NULL.
func appendSized(dst []byte, t sqltype.Type, d sqltype.Datum) []byte {
	if d.Null {
		return append(dst, 0)
	}
	v := sqltype.AppendValue(nil, t, d)
	return append(binary.AppendUvarint(dst, uint64(len(v))+1), v...)
}

// reader takes a record apart; once it is found short, bad is set and all that follows
// is empty.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) fixed() uint64 {
	if len(r.rest) < 8 {
		r.bad, r.rest = true, nil
		return 0
	}
	v := binary.BigEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return v
}

func (r *reader) datum(t sqltype.Type) sqltype.Datum {
	n := r.uvarint()
	if n == 0 {
		return sqltype.NullDatum
	}
	if n-1 > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return sqltype.NullDatum
	}
	d, err := sqltype.DecodeValue(t, r.rest[:n-1])
	r.bad = r.bad || err != nil
	r.rest = r.rest[n-1:]
	return d
}

func damaged(what string) error {
	return fmt.Errorf("%w: %s", dberr.ErrCorrupt, what)
}
