package timeseries

import (
	"context"

	"github.com/weftdb/weft/storage/txn"
)

// WriteAll is Write that tells which point could not be written, where it was one.
func (s *Store) WriteAll(ctx context.Context, points []Point) (first *Refused, err error) {
	if err := s.admit(ctx); err != nil {
		return nil, err
	}
	err = s.update(ctx, func(tx *txn.Tx) error {
		first = nil
		w, err := s.writer(ctx, tx)
		if err != nil {
			return err
		}
		for i := range points {
			if err := w.add(&points[i]); err != nil {
				first = &Refused{i, err}
				return err
			}
		}
		return w.finish()
	})
	return first, err
}
