package doctable

import (
	"context"
	"fmt"
	"slices"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/source/jsonb"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// fill makes a row of a document; data is made where it is needed.
func fill(row *[numCols]sqltype.Datum, d *document.Document, data bool) error {
	for i := range row {
		row[i] = sqltype.NullDatum
	}
	row[colID] = sqltype.Datum{Str: d.ID}
	if data {
		text, err := jsonb.Of(d.Value)
		if err != nil {
			return fmt.Errorf("make jsonb of the document %q: %w", d.ID, err)
		}
		row[colData] = sqltype.Datum{Str: text}
	}
	if d.Version != 0 {
		row[colVersion] = sqltype.Datum{Int: int64(d.Version)}
		row[colUpdated] = sqltype.Datum{Int: sqltype.TimestampFromGo(d.Version.Time())}
	}
	if !d.Created.IsZero() {
		row[colCreated] = sqltype.Datum{Int: sqltype.TimestampFromGo(d.Created)}
	}
	return nil
}

// rows is a scan.
type rows struct {
	docs *document.Store
	c    document.Collection
	walk *document.Walker
	scan *source.Scan
	data bool // the documents are needed, not only what is about them
	row  [numCols]sqltype.Datum
	buf  []byte
}

// Scan implements source.Source.
func (s *Source) Scan(_ context.Context, tx *txn.Tx, t *catalog.Table, scan *source.Scan) (source.Rows, error) {
	r := &rows{docs: s.docs.In(t.DB), scan: scan, data: slices.Contains(scan.Cols, colData)}
	var err error
	if r.c, err = r.docs.CollectionTx(tx, t.External.Object); err != nil {
		return nil, err
	}
	walk := document.Walk{Reverse: scan.Reverse}
	if walk.Filter, err = filterOf(scan.Probes); err != nil {
		return nil, err
	}
	if !scan.Index.Primary {
		walk.Index = scan.Index.Name
	} else if !scan.All {
		spans := make([]source.Span, len(scan.Ranges))
		for i := range scan.Ranges {
			spans[i] = source.TextSpan(&scan.Ranges[i])
		}
		walk.IDs = []document.IDRange{}
		for _, sp := range source.Normalize(spans) {
			walk.IDs = append(walk.IDs, document.IDRange(sp))
		}
	}
	r.walk, err = r.docs.WalkTx(tx, t.External.Object, walk)
	return r, err
}

// Next implements source.Rows.
func (r *rows) Next(cols []*vec.Vector, limit int) (n int, err error) {
	for n < limit && r.walk.Next() {
		d := r.walk.Document()
		if err := fill(&r.row, d, r.data); err != nil {
			return n, err
		}
		for i, c := range r.scan.Cols {
			cols[i].AppendDatum(r.row[c])
		}
		if r.scan.RowKey {
			r.buf = r.docs.StoreKey(r.buf[:0], &r.c, d.ID)
			cols[len(r.scan.Cols)].AppendDatum(sqltype.Datum{Str: string(r.buf)})
		}
		n++
	}
	return n, r.walk.Err()
}

// Close implements source.Rows.
func (r *rows) Close() error { return r.walk.Close() }
