package streamtable

import (
	"context"
	"math"
	"slices"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/source/jsonb"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// rows is a scan.
type rows struct {
	store *streaming.Store
	c     streaming.Channel
	walk  *streaming.Walker
	scan  *source.Scan
	data  bool // data or raw are needed
	row   [numCols]sqltype.Datum
	buf   []byte
}

// Scan implements source.Source.
func (s *Source) Scan(_ context.Context, tx *txn.Tx, t *catalog.Table, scan *source.Scan) (source.Rows, error) {
	store := s.channels.In(t.DB)
	c, err := store.ChannelTx(tx, t.External.Object)
	if err != nil {
		return nil, err
	}
	var spans []streaming.Span
	switch {
	case scan.All:
		spans = []streaming.Span{{}}
	case scan.Index.Primary:
		for i := range scan.Ranges {
			spans = addOffsets(spans, &scan.Ranges[i])
		}
	default:
		for i := range scan.Ranges {
			spans = addTimes(spans, &scan.Ranges[i])
		}
	}
	r := &rows{store: store, c: c, scan: scan, data: slices.Contains(scan.Cols, colData) || slices.Contains(scan.Cols, colRaw)}
	r.walk, err = store.WalkTx(tx, c.Name, spans, scan.Reverse)
	return r, err
}

// ends are the least and the greatest value of a range, both of it; false where it is
// empty.
func ends(r *source.Range) (low, high int64, ok bool) {
	low, high = math.MinInt64, math.MaxInt64
	if len(r.Eq) > 0 {
		return r.Eq[0].Int, r.Eq[0].Int, true
	}
	if b := r.Lower; b != nil {
		if low = b.Value.Int; !b.Inclusive {
			if low == math.MaxInt64 {
				return 0, 0, false
			}
			low++
		}
	}
	if b := r.Upper; b != nil {
		if high = b.Value.Int; !b.Inclusive {
			if high == math.MinInt64 {
				return 0, 0, false
			}
			high--
		}
	}
	return low, high, low <= high
}

func addOffsets(spans []streaming.Span, r *source.Range) []streaming.Span {
	low, high, ok := ends(r)
	if !ok || high < 1 {
		return spans
	}
	sp := streaming.Span{From: uint64(max(low, 1))}
	if high != math.MaxInt64 {
		sp.To = uint64(high) + 1
	}
	return append(spans, sp)
}

// epoch is 2000-01-01 in microseconds since 1970, from where SQL counts.
const epoch = 946_684_800_000_000

// addTimes adds the span of a range of times, which in SQL are whole microseconds.
func addTimes(spans []streaming.Span, r *source.Range) []streaming.Span {
	low, high, ok := ends(r)
	const last = math.MaxInt64/1000 - epoch - 1 // as far as nanoseconds since 1970 go
	if !ok || high < -epoch || low > last {
		return spans
	}
	sp := streaming.Span{}
	if low > -epoch {
		sp.Since = txn.Timestamp(low+epoch) * 1000
	}
	if high < last {
		sp.Until = txn.Timestamp(high+epoch+1) * 1000
	}
	return append(spans, sp)
}

func optional(s string) sqltype.Datum {
	if s == "" {
		return sqltype.NullDatum
	}
	return sqltype.Datum{Str: s}
}

// fill makes a row of a message; its data where they are needed.
func fill(row *[numCols]sqltype.Datum, m *streaming.Message, data bool) error {
	for i := range row {
		row[i] = sqltype.NullDatum
	}
	if m.Offset != 0 {
		row[colOffset] = sqltype.Datum{Int: int64(m.Offset)}
		row[colTime] = sqltype.Datum{Int: sqltype.TimestampFromGo(m.Time())}
		row[colPartition] = sqltype.Datum{Int: int64(m.Partition)}
	}
	row[colKey], row[colType], row[colSource] = optional(m.Key), optional(m.Type), optional(m.Source)
	row[colContentType] = sqltype.Datum{Str: m.MediaType()}
	headers := []byte{'{'}
	for i, h := range m.Headers {
		if i > 0 {
			headers = append(headers, ',')
		}
		headers = sqltype.AppendJSONString(append(sqltype.AppendJSONString(headers, h.Name), ':'), h.Value)
	}
	text, err := jsonb.OfText(append(headers, '}'))
	if err != nil {
		return err
	}
	row[colHeaders] = sqltype.Datum{Str: text}
	if !data {
		return nil
	}
	if m.JSON {
		if text, err := jsonb.OfText(m.Data); err == nil {
			row[colData] = sqltype.Datum{Str: text}
			return nil
		}
	}
	row[colRaw] = sqltype.Datum{Str: string(m.Data)}
	return nil
}

// Next implements source.Rows.
func (r *rows) Next(cols []*vec.Vector, limit int) (n int, err error) {
	for n < limit && r.walk.Next() {
		m := r.walk.Message()
		if err := fill(&r.row, m, r.data); err != nil {
			return n, err
		}
		for i, c := range r.scan.Cols {
			cols[i].AppendDatum(r.row[c])
		}
		if r.scan.RowKey {
			r.buf = r.store.StoreKey(r.buf[:0], &r.c, m.Offset)
			cols[len(r.scan.Cols)].AppendDatum(sqltype.Datum{Str: string(r.buf)})
		}
		n++
	}
	return n, source.Fail(r.walk.Err())
}

// Close implements source.Rows.
func (r *rows) Close() error { return r.walk.Close() }
