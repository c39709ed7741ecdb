package query

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Rows is a result that has been read whole.
type Rows struct {
	Columns []Column
	Tag     Tag
	batches []*vec.Batch
	batch   int
	row     int
	env     *sqltype.Env // of the session, for text forms; nil: UTC and ISO
}

// Query runs one or more statements and returns the last one's result. Args are
// nil, bool, integers, floats, string, []byte, time.Time, or Param.
func (e *Engine) Query(ctx context.Context, db, sql string, args ...any) (*Rows, error) {
	params, err := Params(args...)
	if err != nil {
		return nil, err
	}
	m := &MemorySink{}
	if err := e.Execute(ctx, Request{SQL: sql, Database: db, Params: params, MaxRows: -1}, m); err != nil {
		return nil, err
	}
	if len(m.Results) == 0 {
		return &Rows{row: -1}, nil
	}
	last := m.Results[len(m.Results)-1]
	return &Rows{Columns: last.Columns, Tag: last.Tag, batches: last.Batches, row: -1}, nil
}

// Exec runs one or more statements and returns the last one's tag.
func (e *Engine) Exec(ctx context.Context, db, sql string, args ...any) (Tag, error) {
	r, err := e.Query(ctx, db, sql, args...)
	if err != nil {
		return Tag{}, err
	}
	return r.Tag, nil
}

// Next moves to the following row; false at the end.
func (r *Rows) Next() bool {
	r.row++
	for r.batch < len(r.batches) && r.row >= r.batches[r.batch].Len {
		r.batch++
		r.row = 0
	}
	return r.batch < len(r.batches)
}

// Datum is column i of the row.
func (r *Rows) Datum(i int) sqltype.Datum { return r.batches[r.batch].Cols[i].Get(r.row) }

// Text is column i of the row in PostgreSQL's text form; ok is false for NULL.
func (r *Rows) Text(i int) (s string, ok bool) {
	d := r.Datum(i)
	if d.Null {
		return "", false
	}
	return string(sqltype.AppendTextEnv(nil, r.env, r.Columns[i].Type, d)), true
}

// Strings is the row in text form, with NULL as the word.
func (r *Rows) Strings() []string {
	out := make([]string, len(r.Columns))
	for i := range out {
		s, ok := r.Text(i)
		if !ok {
			s = "NULL"
		}
		out[i] = s
	}
	return out
}

// Params turns Go values into parameters.
func Params(args ...any) ([]Param, error) {
	out := make([]Param, len(args))
	for i, a := range args {
		p, err := param(a)
		if err != nil {
			return nil, fmt.Errorf("parameter $%d: %w", i+1, err)
		}
		out[i] = p
	}
	return out, nil
}

func param(a any) (Param, error) {
	integer := func(v int64) Param { // as a literal would be: the statement decides the width
		return Param{Datum: sqltype.Datum{Str: strconv.FormatInt(v, 10)}}
	}
	switch v := a.(type) {
	case nil:
		return Param{Datum: sqltype.NullDatum}, nil
	case Param:
		return v, nil
	case bool:
		return Param{Type: sqltype.TBool, Datum: boolDatum(v)}, nil
	case int:
		return integer(int64(v)), nil
	case int8:
		return integer(int64(v)), nil
	case int16:
		return integer(int64(v)), nil
	case int32:
		return integer(int64(v)), nil
	case int64:
		return integer(v), nil
	case uint:
		return unsigned(uint64(v)), nil
	case uint8:
		return integer(int64(v)), nil
	case uint16:
		return integer(int64(v)), nil
	case uint32:
		return integer(int64(v)), nil
	case uint64:
		return unsigned(v), nil
	case float32:
		return Param{Type: sqltype.TFloat4, Datum: sqltype.Datum{Float: float64(v)}}, nil
	case float64:
		return Param{Type: sqltype.TFloat8, Datum: sqltype.Datum{Float: v}}, nil
	case string:
		return Param{Datum: sqltype.Datum{Str: v}}, nil
	case []byte:
		return Param{Type: sqltype.TBytea, Datum: sqltype.Datum{Str: string(v)}}, nil
	case time.Time:
		return Param{Type: sqltype.TTimestampTZ, Datum: sqltype.Datum{Int: sqltype.TimestampFromGo(v)}}, nil
	}
	return Param{}, dberr.New(dberr.ErrInvalid, "UNSUPPORTED_PARAMETER", "values of type %T cannot be parameters", a)
}

func unsigned(v uint64) Param {
	if v <= math.MaxInt64 {
		return Param{Datum: sqltype.Datum{Str: strconv.FormatUint(v, 10)}}
	}
	return Param{Type: sqltype.TNumeric, Datum: sqltype.Datum{Num: mustNum(strconv.FormatUint(v, 10))}}
}

func mustNum(s string) sqltype.Num {
	n, err := sqltype.ParseNum(s)
	if err != nil {
		panic(err) // digits always parse
	}
	return n
}
