package doctable

import (
	"context"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// writer writes documents of a collection.
type writer struct {
	docs *document.Store
	tx   *txn.Tx
	t    *catalog.Table
}

// Writer implements source.Source.
func (s *Source) Writer(_ context.Context, tx *txn.Tx, t *catalog.Table) (source.Writer, error) {
	return &writer{docs: s.docs.In(t.DB), tx: tx, t: t}, nil
}

func stored(d *document.Document) ([]sqltype.Datum, error) {
	var row [numCols]sqltype.Datum
	if err := fill(&row, d, true); err != nil {
		return nil, err
	}
	return row[:], nil
}

// value is data as a document.
func (w *writer) value(d sqltype.Datum) (doc.Value, error) {
	v, err := doc.Parse([]byte(d.Str))
	if err != nil {
		return v, err
	}
	if v.Kind() != doc.Object {
		return v, dberr.SQL(dberr.StateCheckViolation, "data of %s.%s must be an object, not %s", Schema, w.t.Name, v.Kind()).WithField("data")
	}
	return v, nil
}

// Find implements source.Writer.
func (w *writer) Find(row []sqltype.Datum) ([]sqltype.Datum, error) {
	id := row[colID].Str
	if row[colID].Null {
		v, err := w.value(row[colData])
		if err != nil {
			return nil, err
		}
		if id = document.IDOf(v); id == "" {
			return nil, nil
		}
	}
	d, ok, err := w.docs.GetTx(w.tx, w.t.External.Object, id)
	if err != nil || !ok {
		return nil, err
	}
	return stored(&d)
}

// Insert implements source.Writer.
func (w *writer) Insert(row []sqltype.Datum) ([]sqltype.Datum, error) {
	v, err := w.value(row[colData])
	if err != nil {
		return nil, err
	}
	if !row[colID].Null && row[colID].Str == "" {
		return nil, dberr.SQL(dberr.StateInvalidParameterValue, "an _id of %s.%s must have at least one byte", Schema, w.t.Name).WithField(document.IDField).
			WithHint("Leave it out for one that is made.")
	}
	d, _, err := w.docs.InsertTx(w.tx, w.t.External.Object, row[colID].Str, v)
	if err != nil {
		return nil, err
	}
	return stored(&d)
}

// Update implements source.Writer.
func (w *writer) Update(old, fresh []sqltype.Datum, changed []bool) ([]sqltype.Datum, error) {
	if !changed[colData] {
		return old, nil
	}
	v, err := w.value(fresh[colData])
	if err != nil {
		return nil, err
	}
	d, _, _, err := w.docs.ReplaceTx(w.tx, w.t.External.Object, fresh[colID].Str, v, document.Condition{}, false)
	if err != nil {
		return nil, err
	}
	return stored(&d)
}

// Delete implements source.Writer.
func (w *writer) Delete(old []sqltype.Datum) error {
	_, _, err := w.docs.DeleteTx(w.tx, w.t.External.Object, old[colID].Str, document.Condition{})
	return err
}
