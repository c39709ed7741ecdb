package bulk

import (
	"errors"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// InsertEach inserts a batch by insert, which takes all rows it is given or none.
// Where a row is against a constraint the batch is halved until that row is alone, so that
// all others are inserted, in order, and only few calls are needed where few rows are bad.
func InsertEach(b *vec.Batch, insert func(*vec.Batch) error) ([]RowError, error) {
	return insertEach(b, 0, insert)
}

func insertEach(b *vec.Batch, first int, insert func(*vec.Batch) error) ([]RowError, error) {
	if b.Len == 0 {
		return nil, nil
	}
	err := insert(b)
	refusable := errors.Is(err, dberr.ErrConstraint) || errors.Is(err, dberr.ErrTooLarge)
	switch {
	case err == nil:
		return nil, nil
	case !refusable:
		return nil, err
	case b.Len == 1:
		return []RowError{{Row: first, Reason: describe(err)}}, nil
	}
	half := b.Len / 2
	left, err := insertEach(slice(b, 0, half), first, insert)
	if err != nil {
		return nil, err
	}
	right, err := insertEach(slice(b, half, b.Len), first+half, insert)
	return append(left, right...), err
}

// slice copies some rows of a batch without selection.
func slice(b *vec.Batch, from, to int) *vec.Batch {
	sel := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		sel = append(sel, int32(i))
	}
	types := make([]sqltype.Type, len(b.Cols))
	for i, c := range b.Cols {
		types[i] = c.Type
	}
	out := vec.NewBatch(types)
	out.Append(&vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols})
	return out
}

// describe writes an error with its detail in one line.
func describe(err error) string {
	e := dberr.As(err)
	switch {
	case e == nil:
		return err.Error()
	case e.Detail != "":
		return e.Message + ": " + e.Detail
	}
	return e.Message
}
