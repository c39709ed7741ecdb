package timeseries

import (
	"context"
	"errors"
	"math"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// RolledUp reads what tiers have of the points of a metric that are gone.
type RolledUp struct {
	s  *Store
	tx *txn.Tx
	m  *Metric
	st *retained
}

// RolledUpTx is what a metric has of points that are gone; nil where none are, or where no
// tier has them.
func (s *Store) RolledUpTx(tx *txn.Tx, m *Metric) (*RolledUp, error) {
	r, err := s.retained(tx, m.id)
	if err != nil || r == nil || len(r.tiers) == 0 || r.cut == math.MinInt64 {
		return nil, err
	}
	return &RolledUp{s, tx, m, r}, nil
}

// Before is the time before which points are gone, or not read for their rows.
func (r *RolledUp) Before() int64 { return max(r.st.cut, r.st.reach(0)) }

// RolledRow is what the points of a window come to, as PromQL asks for it.
type RolledRow struct {
	RolledPart
	Interval int64 // of the window
	// Plain says that no value is NaN, and no two points are in one millisecond.
	Plain bool
	// Rest is of a plain row that begins with a point in the first millisecond of its window
	// what there is without that one; nil of others.
	Rest *RolledPart
}

// RolledPart is what some points come to. Those of ints and bools are floats.
type RolledPart struct {
	Count           int64
	FirstAt, LastAt int64
	First, Last     float64
	Sum, Min, Max   float64
	Mean, Squares   float64 // the squares are of the distances from the mean
	Grew            float64 // as a counter, that begins anew where it falls
}

func (x *part) rolled() RolledPart {
	return RolledPart{x.n, x.firstAt, x.lastAt, x.first.number(), x.last.number(), x.sum + x.comp, x.min.number(), x.max.number(), x.mean, x.m2, x.grew}
}

// Rows gives the rows of a field of a series whose windows touch what is from from to to,
// both included, and before what there are points of: in order, the finest that there are.
func (r *RolledUp) Rows(ctx context.Context, x Selected, field int, from, to int64, fn func(row *RolledRow) error) error {
	kind := r.m.Fields[field].Kind
	if kind == block.Text {
		return nil
	}
	begin := int64(math.MinInt64)
	for i := len(r.st.tiers) - 1; i >= 0; i-- {
		t, end := &r.st.tiers[i], r.st.reach(i)
		step := int64(t.Interval)
		begin = max(begin, t.cut)
		if end > begin && begin <= to && from < end {
			at := column{t.id, x.id, field}
			err := r.s.rows(r.tx, at, kind, max(begin, floorTo(from, step)), min(to, end-1), func(rows []rollup) error {
				for k := range rows {
					y := &rows[k]
					row := RolledRow{RolledPart: y.rolled(), Interval: step, Plain: y.plain}
					if y.rest != nil && row.Plain {
						p := y.rest.rolled()
						row.Rest = &p
					}
					if err := fn(&row); err != nil {
						return err
					}
				}
				return ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		begin = max(begin, end)
	}
	return nil
}

// Has says whether there are rows of a series that touch what is from from to to.
func (r *RolledUp) Has(ctx context.Context, x Selected, from, to int64) (bool, error) {
	if from >= r.Before() {
		return false, nil
	}
	for field := range r.m.Fields {
		err := r.Rows(ctx, x, field, from, to, func(row *RolledRow) error {
			if row.LastAt >= from && row.FirstAt <= to {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}
