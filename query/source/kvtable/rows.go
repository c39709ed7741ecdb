package kvtable

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/source/jsonb"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// row makes rows of entries.
type row struct {
	kv     *kv.Store
	bucket kv.Bucket
	tx     *txn.Tx
	vals   [numCols]sqltype.Datum
}

// jsonType is the content type of JSON.
const jsonType = "application/json"

// fill makes all columns of an entry but the ones that need not be made.
func (r *row) fill(e *kv.Entry, need *[numCols]bool) error {
	if !utf8.Valid(e.Key) {
		return dberr.SQL("22021", "a key of bucket %q is not UTF-8 text: %x", r.bucket.Name, abbreviate(e.Key)).
			WithHint("SQL sees keys as text. Restrict the query to a range of keys without it, or use /api/v1/kv.")
	}
	for i := range r.vals {
		r.vals[i] = sqltype.NullDatum
	}
	r.vals[colKey] = sqltype.Datum{Str: string(e.Key)}
	if need[colValue] || need[colRaw] {
		r.value(&e.Value)
	}
	if need[colType] {
		r.vals[colType] = sqltype.Datum{Str: e.Value.Type()}
	}
	if left, ends := e.TTL(r.tx.ReadTime()); ends && need[colTTL] {
		r.vals[colTTL] = interval(left)
	}
	if e.Version != 0 {
		r.vals[colVersion] = sqltype.Datum{Int: int64(e.Version)}
		r.vals[colUpdated] = sqltype.Datum{Int: sqltype.TimestampFromGo(e.Updated)}
	}
	if !e.Created.IsZero() {
		r.vals[colCreated] = sqltype.Datum{Int: sqltype.TimestampFromGo(e.Created)}
	}
	return nil
}

// value makes value or raw.
func (r *row) value(v *kv.Value) {
	if v.JSON {
		if text, err := jsonb.OfText(v.Data); err == nil {
			r.vals[colValue] = sqltype.Datum{Str: text}
			return
		}
	}
	r.vals[colRaw] = sqltype.Datum{Str: string(v.Data)}
}

// interval is a time to live: in whole days and the rest, as an interval of seconds is.
func interval(d time.Duration) sqltype.Datum {
	return sqltype.Datum{Ivl: sqltype.IntervalValue{Micros: int64((d + time.Microsecond - 1) / time.Microsecond)}}
}

func abbreviate(key []byte) []byte { return key[:min(len(key), 32)] }

// rows is a scan.
type rows struct {
	row
	scan  *source.Scan
	need  [numCols]bool
	keys  bool // values are not needed
	spans []source.Span
	at    int
	walk  *kv.Walker
	buf   []byte
}

// Scan implements source.Source.
func (s *Source) Scan(_ context.Context, tx *txn.Tx, t *catalog.Table, scan *source.Scan) (source.Rows, error) {
	store := s.kv.In(t.DB)
	b, ok, err := store.LookupTx(tx, t.External.Object)
	if err != nil {
		return nil, err
	}
	r := &rows{row: row{kv: store, bucket: b, tx: tx}, scan: scan}
	if !ok {
		return r, nil
	}
	for _, c := range scan.Cols {
		r.need[c] = true
	}
	r.keys = !r.need[colValue] && !r.need[colRaw]
	if scan.All {
		r.spans = []source.Span{{}}
	}
	for i := range scan.Ranges {
		r.spans = append(r.spans, source.TextSpan(&scan.Ranges[i]))
	}
	r.spans = source.Normalize(r.spans)
	if scan.Reverse {
		for i, j := 0, len(r.spans)-1; i < j; i, j = i+1, j-1 {
			r.spans[i], r.spans[j] = r.spans[j], r.spans[i]
		}
	}
	if len(r.spans) > 0 && !r.point() {
		return r, r.open()
	}
	return r, nil
}

// point reports whether the next span is one key.
func (r *rows) point() bool {
	sp := &r.spans[r.at]
	n := len(sp.Lower)
	return n > 0 && len(sp.Upper) == n+1 && sp.Upper[n] == 0 && string(sp.Upper[:n]) == string(sp.Lower)
}

func (r *rows) open() (err error) {
	sp := &r.spans[r.at]
	if sp.Upper != nil && len(sp.Upper) == 0 { // nothing is before the empty text
		r.walk = &kv.Walker{}
		return nil
	}
	r.walk, err = r.kv.WalkTx(r.tx, r.bucket.Name, kv.Scan{Range: kv.Range{Start: sp.Lower, End: sp.Upper}, Reverse: r.scan.Reverse, KeysOnly: r.keys})
	return err
}

// Next implements source.Rows.
func (r *rows) Next(cols []*vec.Vector, limit int) (n int, err error) {
	for n < limit && r.at < len(r.spans) {
		if r.walk == nil && r.point() {
			ok, err := r.get(cols)
			if err != nil {
				return n, err
			}
			if ok {
				n++
			}
			r.at++
			continue
		}
		if r.walk == nil {
			if err := r.open(); err != nil {
				return n, err
			}
		}
		if !r.walk.Next() {
			if err := r.walk.Err(); err != nil {
				return n, err
			}
			if err := r.walk.Close(); err != nil {
				return n, err
			}
			r.walk, r.at = nil, r.at+1
			continue
		}
		if err := r.add(cols, r.walk.Entry()); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// get adds the row of the key that the next span is.
func (r *rows) get(cols []*vec.Vector) (ok bool, err error) {
	key := r.spans[r.at].Lower
	if len(key) > kv.MaxKeyBytes {
		return false, nil
	}
	var e kv.Entry
	if r.keys {
		e, ok, err = r.kv.StatTx(r.tx, r.bucket.Name, key)
	} else {
		e, ok, err = r.kv.GetTx(r.tx, r.bucket.Name, key)
	}
	if err != nil || !ok {
		return false, err
	}
	return true, r.add(cols, &e)
}

func (r *rows) add(cols []*vec.Vector, e *kv.Entry) error {
	if err := r.fill(e, &r.need); err != nil {
		return err
	}
	for i, c := range r.scan.Cols {
		cols[i].AppendDatum(r.vals[c])
	}
	if r.scan.RowKey {
		r.buf = r.kv.StoreKey(r.buf[:0], r.bucket, e.Key)
		cols[len(r.scan.Cols)].AppendDatum(sqltype.Datum{Str: string(r.buf)})
	}
	return nil
}

// Close implements source.Rows.
func (r *rows) Close() error {
	r.at = len(r.spans)
	if r.walk == nil {
		return nil
	}
	w := r.walk
	r.walk = nil
	return w.Close()
}
