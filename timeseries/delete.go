package timeseries

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/weftdb/weft/storage/txn"
)

// Deletion says which points are removed.
type Deletion struct {
	Metric   string
	Matchers []Matcher
	From, To int64 // both included
}

// Delete removes the points of a span of time from the series that match, and returns
// how many series that are. Where the span is all of time the series themselves go.
func (s *Store) Delete(ctx context.Context, d Deletion) (series int, err error) {
	if d.From > d.To {
		return 0, invalid("INVALID_RANGE", "end", "the range ends before it starts")
	}
	err = s.update(ctx, func(tx *txn.Tx) error {
		m, err := s.MetricTx(tx, d.Metric)
		if err != nil {
			return err
		}
		list, err := s.find(tx, m, d.Matchers)
		if err != nil {
			return err
		}
		series = len(list)
		for _, f := range list {
			if d.From == math.MinInt64 && d.To == math.MaxInt64 {
				err = s.forget(tx, m, f)
			} else {
				err = s.deleteSpan(ctx, tx, m, f.id, d.From, d.To)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return series, err
}

func (s *Store) deleteSpan(ctx context.Context, tx *txn.Tx, m *Metric, series uint64, from, to int64) error {
	v := binary.AppendVarint(binary.AppendVarint([]byte{openDeletion}, from), to)
	for field := range m.Fields {
		if err := s.putRecord(ctx, tx, column{m.id, series, field}, v); err != nil {
			return err
		}
	}
	return nil
}
