package kvtable

import (
	"bytes"
	"context"
	"math"
	"mime"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// writer writes rows of a bucket.
type writer struct {
	row
	t *catalog.Table
}

// everything asks for all columns.
var everything = func() (all [numCols]bool) {
	for i := range all {
		all[i] = true
	}
	return all
}()

// Writer implements source.Source.
func (s *Source) Writer(_ context.Context, tx *txn.Tx, t *catalog.Table) (source.Writer, error) {
	return &writer{row: row{kv: s.kv.In(t.DB), bucket: kv.Bucket{Name: t.External.Object}, tx: tx}, t: t}, nil
}

func (w *writer) stored(e *kv.Entry) ([]sqltype.Datum, error) {
	if err := w.fill(e, &everything); err != nil {
		return nil, err
	}
	return append([]sqltype.Datum(nil), w.vals[:]...), nil
}

// Find implements source.Writer.
func (w *writer) Find(row []sqltype.Datum) ([]sqltype.Datum, error) {
	if row[colKey].Null {
		return nil, nil
	}
	e, ok, err := w.kv.GetTx(w.tx, w.bucket.Name, []byte(row[colKey].Str))
	if err != nil || !ok {
		return nil, err
	}
	return w.stored(&e)
}

// Insert implements source.Writer.
func (w *writer) Insert(row []sqltype.Datum) ([]sqltype.Datum, error) {
	v, err := w.valueOf(row)
	if err != nil {
		return nil, err
	}
	o := kv.PutOptions{If: kv.Condition{Absent: true}}
	if o.TTL, err = ttlOf(row[colTTL]); err != nil {
		return nil, err
	}
	key := []byte(row[colKey].Str)
	if _, there, err := w.kv.StatTx(w.tx, w.bucket.Name, key); err != nil || there {
		if there {
			err = dberr.SQL(dberr.StateUniqueViolation, "duplicate key value violates unique constraint %q", w.t.Indexes[0].Name).
				WithDetail("Key (key)=(%s) already exists.", abbreviate(key)).WithField("key")
		}
		return nil, err
	}
	e, err := w.kv.PutTx(w.tx, w.bucket.Name, key, v, o)
	if err != nil {
		return nil, err
	}
	return w.stored(&e)
}

// Update implements source.Writer.
func (w *writer) Update(old, fresh []sqltype.Datum, changed []bool) ([]sqltype.Datum, error) {
	key := []byte(fresh[colKey].Str)
	o := kv.PutOptions{KeepTTL: !changed[colTTL]}
	var err error
	if changed[colTTL] {
		if o.TTL, err = ttlOf(fresh[colTTL]); err != nil {
			return nil, err
		}
	}
	if !changed[colValue] && !changed[colRaw] && !changed[colType] { // the value stays to the letter
		if !changed[colTTL] {
			e, ok, err := w.kv.GetTx(w.tx, w.bucket.Name, key)
			if err != nil || !ok {
				return old, err
			}
			e.Value.Data = bytes.Clone(e.Value.Data)
			return w.put(key, e.Value, o)
		}
		if _, err := w.kv.TouchTx(w.tx, w.bucket.Name, key, o); err != nil {
			return nil, err
		}
		return w.Find(fresh)
	}
	row := append([]sqltype.Datum(nil), fresh...)
	switch { // one gives place to the other
	case changed[colValue] && !changed[colRaw] && !row[colValue].Null:
		row[colRaw] = sqltype.NullDatum
	case changed[colRaw] && !changed[colValue] && !row[colRaw].Null:
		row[colValue] = sqltype.NullDatum
	}
	if !changed[colType] && row[colValue].Null != old[colValue].Null {
		row[colType] = sqltype.NullDatum
	}
	v, err := w.valueOf(row)
	if err != nil {
		return nil, err
	}
	return w.put(key, v, o)
}

func (w *writer) put(key []byte, v kv.Value, o kv.PutOptions) ([]sqltype.Datum, error) {
	e, err := w.kv.PutTx(w.tx, w.bucket.Name, key, v, o)
	if err != nil {
		return nil, err
	}
	return w.stored(&e)
}

// Delete implements source.Writer.
func (w *writer) Delete(old []sqltype.Datum) error {
	_, err := w.kv.DeleteTx(w.tx, w.bucket.Name, []byte(old[colKey].Str), kv.Condition{})
	return err
}

// valueOf reads the value of a row that is written.
func (w *writer) valueOf(row []sqltype.Datum) (v kv.Value, err error) {
	value, raw, typ := row[colValue], row[colRaw], row[colType]
	switch {
	case value.Null && raw.Null:
		return v, dberr.SQL(dberr.StateNotNullViolation, "a row of %s.%s has neither value nor raw", Schema, w.t.Name).WithField("value").
			WithHint("Give value for JSON, 'null' included, or raw for bytes.")
	case !value.Null && !raw.Null:
		return v, dberr.SQL(dberr.StateCheckViolation, "a row of %s.%s has both value and raw", Schema, w.t.Name).WithField("raw").
			WithHint("An entry is JSON, in value, or bytes, in raw.")
	case !value.Null:
		if !typ.Null && !isJSON(typ.Str) {
			return v, dberr.SQL(dberr.StateCheckViolation, "the content type of JSON is %s, not %q", jsonType, typ.Str).WithField("content_type").
				WithHint("Put bytes of another content type into raw.")
		}
		return kv.JSON([]byte(value.Str)), nil
	case !typ.Null && isJSON(typ.Str):
		return kv.JSON([]byte(raw.Str)), nil
	}
	v = kv.Raw([]byte(raw.Str))
	if !typ.Null {
		v.ContentType = typ.Str
	}
	return v, nil
}

func isJSON(typ string) bool {
	name, _, err := mime.ParseMediaType(typ)
	return err == nil && name == jsonType
}

// ttlOf is a time to live: NULL is for ever.
func ttlOf(d sqltype.Datum) (time.Duration, error) {
	if d.Null {
		return kv.NoTTL, nil
	}
	const day = 24 * 3600 * 1e6
	micros := float64(d.Ivl.Micros) + day*(float64(d.Ivl.Days)+30*float64(d.Ivl.Months))
	if micros <= 0 || micros > math.MaxInt64/1e3 {
		return 0, dberr.SQL(dberr.StateInvalidParameterValue, "a ttl of %s is not within 1 microsecond and 292 years", sqltype.FormatText(sqltype.TInterval, d)).
			WithField("ttl").WithHint("NULL is for ever.")
	}
	whole := d.Ivl.Micros + (int64(d.Ivl.Days)+30*int64(d.Ivl.Months))*int64(day)
	return time.Duration(whole) * time.Microsecond, nil
}
