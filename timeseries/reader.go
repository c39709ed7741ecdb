package timeseries

import (
	"context"
	"math"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Reader reads fields of many series of a metric in one transaction, which writes nothing
// to the metric meanwhile. What it is beside ReadTx: which series have open records is
// found once, and not by a look for each.
type Reader struct {
	s *Store
	opened
	tx *txn.Tx
	m  *Metric
}

// ReaderTx makes a reader for so many series.
func (s *Store) ReaderTx(tx *txn.Tx, m *Metric, series int) (*Reader, error) {
	o, err := s.opened(tx, m, series)
	return &Reader{s, o, tx, m}, err
}

// Read is ReadTx.
func (r *Reader) Read(ctx context.Context, x Selected, field int, from, to int64, buf *block.Points, fn func(p *block.Points) error) error {
	return r.s.walkOpened(r.tx, r.opened, column{r.m.id, x.id, field}, r.m.Duplicates, from, to, decoding(ctx, buf, fn))
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

// opened says which series of a metric have open records. The zero value does not know.
type opened struct {
	known  bool
	series map[uint64]struct{}
}

// none says that a series has no open records.
func (o *opened) none(series uint64) bool {
	if !o.known {
		return false
	}
	_, ok := o.series[series]
	return !ok
}

// fewSeries are looked at one by one; so many open records for each series are looked
// through at most.
const fewSeries, openForEach = 8, 4

// opened finds which series have open records, where many are to be read and where that
// costs less than to look for those of each. A transaction whose reads are validated reads
// no more than it must.
func (s *Store) opened(tx *txn.Tx, m *Metric, series int) (o opened, err error) {
	if series < fewSeries || !tx.ReadOnly() && tx.Isolation() != txn.Snapshot {
		return o, nil
	}
	it := tx.Iter(within(s.of(objOpen, m.id)))
	defer it.Close()
	o.series = make(map[uint64]struct{})
	for left := openForEach * series; it.Next(); left-- {
		if left == 0 {
			return opened{}, nil
		}
		c, _, err := cutOpen(it.Key()[objectLen(s):])
		if err != nil {
			return opened{}, corrupt("the key %x of open points is malformed", it.Key())
		}
		o.series[c.series] = struct{}{}
	}
	o.known = true
	return o, it.Err()
}

// layersOpened is layers, with what is known of open records.
func (s *Store) layersOpened(tx *txn.Tx, o opened, c column, from, to int64) ([]layer, error) {
	if !o.none(c.series) {
		return s.layers(tx, c, from, to)
	}
	if err := s.head.start(context.Background(), s.core); err != nil {
		return nil, err
	}
	return s.batchesOf(tx, c, from, to, math.MaxUint64, nil)
}
