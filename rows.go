package weft

import (
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Params converts Go values to parameters: nil, bool, integers (of the type that
// the same number written in SQL has), string (whose type the statement decides, as
// of a quoted literal), floats, []byte, time.Time, time.Duration, json.RawMessage,
// [16]byte (uuid), slices of bool, int, int32, int64, float64 and string, and
// query.Param.
func Params(args ...any) ([]query.Param, error) {
	params := make([]query.Param, len(args))
	for i, a := range args {
		if p, ok := a.(query.Param); ok {
			params[i] = p
			continue
		}
		d, t, err := sqltype.FromGo(a)
		if err != nil {
			return nil, fmt.Errorf("parameter $%d: %w", i+1, err)
		}
		if (t.ID == sqltype.Int8 || t.ID == sqltype.Int2) && d.Int == int64(int32(d.Int)) {
			t = sqltype.TInt4
		}
		params[i] = query.Param{Type: t, Datum: d}
	}
	return params, nil
}

// execSink keeps only what the last statement did.
type execSink struct{ last query.Tag }

func (*execSink) Begin(int, []query.Column) error { return nil }
func (*execSink) Batch(*vec.Batch) error          { return nil }
func (s *execSink) End(tag query.Tag) error       { s.last = tag; return nil }

// changed is how many rows the last statement changed.
func (s *execSink) changed() int64 {
	if !s.last.Write {
		return 0
	}
	return s.last.Rows
}

// Rows is the result of a query, before its first row.
//
//	for rows.Next() {
//		if err := rows.Scan(&id, &name); err != nil { … }
//	}
type Rows struct {
	result query.Result
	batch  int // index of the current batch
	row    int // index of the current row among the batch's live rows
}

// Columns names and types the columns.
func (r *Rows) Columns() []query.Column { return r.result.Columns }

// Len is the number of rows.
func (r *Rows) Len() (n int) {
	for _, b := range r.result.Batches {
		n += b.Rows()
	}
	return n
}

// Next moves to the next row and says whether there is one.
func (r *Rows) Next() bool {
	for r.row++; r.batch < len(r.result.Batches); r.batch, r.row = r.batch+1, 0 {
		if r.row < r.result.Batches[r.batch].Rows() {
			return true
		}
	}
	return false
}

// cell returns a value of the current row.
func (r *Rows) cell(col int) sqltype.Datum {
	b := r.result.Batches[r.batch]
	i := r.row
	if b.Sel != nil {
		i = int(b.Sel[i])
	}
	return b.Cols[col].Get(i)
}

// Values returns the current row as Go values, nil for NULL: see sqltype.ToGo.
func (r *Rows) Values() []any {
	out := make([]any, len(r.result.Columns))
	for i, c := range r.result.Columns {
		out[i] = sqltype.ToGo(c.Type, r.cell(i))
	}
	return out
}

// All walks over the rows that are left.
func (r *Rows) All() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for r.Next() {
			if !yield(r.Values()) {
				return
			}
		}
	}
}

// Scan stores the current row in pointers to bool, int, int32, int64, float64,
// string, []byte, time.Time, pointers to one of these (nil for NULL), or any. A
// string takes every type in its text form. What does not fit is an error, never
// cut.
func (r *Rows) Scan(dest ...any) error {
	if len(dest) != len(r.result.Columns) {
		return dberr.New(dberr.ErrInvalid, "SCAN", "scan: %d pointers for %d columns", len(dest), len(r.result.Columns))
	}
	for i, c := range r.result.Columns {
		if err := scan(dest[i], c.Type, r.cell(i)); err != nil {
			return fmt.Errorf("scan column %q: %w", c.Name, err)
		}
	}
	return nil
}

func scan(dest any, t sqltype.Type, d sqltype.Datum) error {
	switch p := dest.(type) {
	case *any:
		*p = sqltype.ToGo(t, d)
		return nil
	case **bool:
		return scanNullable(p, t, d)
	case **int:
		return scanNullable(p, t, d)
	case **int32:
		return scanNullable(p, t, d)
	case **int64:
		return scanNullable(p, t, d)
	case **float64:
		return scanNullable(p, t, d)
	case **string:
		return scanNullable(p, t, d)
	case **time.Time:
		return scanNullable(p, t, d)
	case *[]byte:
		if d.Null {
			*p = nil
			return nil
		}
	}
	if d.Null {
		return dberr.New(dberr.ErrInvalid, "SCAN", "NULL does not fit into %T; use a pointer to a pointer", dest)
	}
	return scanValue(dest, t, d)
}

func scanNullable[T any](p **T, t sqltype.Type, d sqltype.Datum) error {
	if d.Null {
		*p = nil
		return nil
	}
	v := new(T)
	if err := scanValue(v, t, d); err != nil {
		return err
	}
	*p = v
	return nil
}

func scanValue(dest any, t sqltype.Type, d sqltype.Datum) error {
	unfit := func() error {
		return dberr.New(dberr.ErrInvalid, "SCAN", "%s %s does not fit into %T", t.Name(), sqltype.FormatText(t, d), dest)
	}
	v := sqltype.ToGo(t, d)
	switch p := dest.(type) {
	case *string:
		*p = sqltype.FormatText(t, d)
		return nil
	case *bool:
		b, ok := v.(bool)
		if !ok {
			return unfit()
		}
		*p = b
		return nil
	case *float64:
		switch v := v.(type) {
		case float64:
			*p = v
			return nil
		case sqltype.Num:
			*p = v.Float64()
			return nil
		case int64:
			if *p = float64(v); int64(*p) == v && *p < math.MaxInt64 {
				return nil
			}
		}
		return unfit()
	case *time.Time:
		at, ok := v.(time.Time)
		if !ok {
			return unfit()
		}
		*p = at
		return nil
	case *[]byte:
		if b, ok := v.([]byte); ok {
			*p = b
			return nil
		}
		*p = []byte(sqltype.FormatText(t, d))
		return nil
	}
	return scanInt(dest, v, unfit)
}

func scanInt(dest, v any, unfit func() error) error {
	n, ok := v.(int64)
	if num, isNum := v.(sqltype.Num); isNum && num.Finite() && num.Equal(num.Trunc(0)) {
		var err error
		n, err = num.Int64("bigint")
		ok = err == nil
	}
	switch p := dest.(type) {
	case *int64:
		*p = n
	case *int:
		*p = int(n)
		ok = ok && int64(*p) == n
	case *int32:
		*p = int32(n)
		ok = ok && int64(*p) == n
	default:
		return dberr.New(dberr.ErrInvalid, "SCAN", "cannot scan into %T", dest)
	}
	if !ok {
		return unfit()
	}
	return nil
}
