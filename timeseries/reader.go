package timeseries

import (
	"context"
	"math"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Reader reads fields of many series of a metric in one transaction, which writes nothing
// to the metric meanwhile. What it is beside ReadTx: which series have open records is
// found once, and not by a look for each, and blocks are found by one iterator. It must be
// closed. Not safe for concurrent use, and not to be used by what Read calls.
type Reader struct {
	s    *Store
	many *many
	tx   *txn.Tx
	m    *Metric
}

// ReaderTx makes a reader for so many series.
func (s *Store) ReaderTx(tx *txn.Tx, m *Metric, series int) (*Reader, error) {
	o, err := s.many(tx, m, series)
	return &Reader{s, o, tx, m}, err
}

// Close lets go of what the reader holds.
func (r *Reader) Close() { r.many.close() }

// Read is ReadTx.
func (r *Reader) Read(ctx context.Context, x Selected, field int, from, to int64, buf *block.Points, fn func(p *block.Points) error) error {
	return r.s.walkMany(r.tx, r.many, column{r.m.id, x.id, field}, r.m.Duplicates, from, to, decoding(ctx, buf, fn))
}

// decoding has fn see the points of blocks, too.
func decoding(ctx context.Context, buf *block.Points, fn func(p *block.Points) error) visitor {
	return visitor{
		points: fn,
		block: func(_ *block.Header, raw []byte) error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			buf.Reset(0)
			if err := block.Decode(raw, buf); err != nil {
				return err
			}
			return fn(buf)
		},
	}
}

// many is what is known for the reads of many columns of a metric. Where it is nil nothing
// is.
type many struct {
	opened bool                // series has all with open records
	series map[uint64]struct{} // with open records
	blocks txn.Iterator        // over the blocks of the metric
}

// none says that a series has no open records.
func (o *many) none(series uint64) bool {
	if o == nil || !o.opened {
		return false
	}
	_, ok := o.series[series]
	return !ok
}

func (o *many) close() {
	if o != nil {
		o.blocks.Close()
	}
}

// blocksFrom is an iterator over the blocks of a column from a time on, and how to let go
// of it; it may go on behind the column.
func (s *Store) blocksFrom(tx *txn.Tx, o *many, c column, from int64) (it txn.Iterator, done func() error) {
	if o != nil {
		o.blocks.Seek(s.blockKey(c, from))
		return o.blocks, func() error { return nil }
	}
	opts := within(s.blockPrefix(c))
	opts.Lower = s.blockKey(c, from)
	it = tx.Iter(opts)
	return it, it.Close
}

// fewSeries are looked at one by one; so many open records for each series are looked
// through at most.
const fewSeries, openForEach = 8, 4

// many prepares the reads of so many series, where that costs less than to look for each. A
// transaction whose reads are validated reads no more than it must.
func (s *Store) many(tx *txn.Tx, m *Metric, series int) (o *many, err error) {
	if series < fewSeries || !tx.ReadOnly() && tx.Isolation() != txn.Snapshot {
		return nil, nil
	}
	it := tx.Iter(within(s.of(objOpen, m.id)))
	defer it.Close()
	o = &many{opened: true, series: make(map[uint64]struct{})}
	for left := openForEach * series; it.Next(); left-- {
		if left == 0 {
			o.opened, o.series = false, nil
			break
		}
		c, _, err := cutOpen(it.Key()[objectLen(s):])
		if err != nil {
			return nil, corrupt("the key %x of open points is malformed", it.Key())
		}
		o.series[c.series] = struct{}{}
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	o.blocks = tx.Iter(within(appendObject(nil, s.db, keyspace.ObjectID(m.id))))
	return o, nil
}

// layersMany is layers, with what is known of open records.
func (s *Store) layersMany(tx *txn.Tx, o *many, c column, from, to int64) ([]layer, error) {
	if !o.none(c.series) {
		return s.layers(tx, c, from, to)
	}
	if err := s.head.start(context.Background(), s.core); err != nil {
		return nil, err
	}
	return s.batchesOf(tx, c, from, to, math.MaxUint64, nil)
}
