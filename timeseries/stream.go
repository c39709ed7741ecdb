package timeseries

import (
	"context"
	"errors"
	"math"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// streamPart is how many points of a series Stream gives at once.
const streamPart = 1000

// Stream reads points as Query does and gives them to emit part by part, series after
// series, as they are read: what it holds at once is a block of points, and of an
// aggregation the windows of one series, which MaxPoints bounds. What emit is given holds
// only during the call. It returns the number of points.
func (s *Store) Stream(ctx context.Context, q Query, emit func(m *Metric, part *Series) error) (points int, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		points = 0
		r, err := s.run(ctx, tx, &q)
		if err != nil {
			return err
		}
		r.emit = func(part *Series) error {
			points += len(part.Samples)
			return emit(r.m, part)
		}
		return r.all()
	})
	return points, err
}

// parts gives the samples of a series in parts.
func (r *run) parts(g group, field int, samples []Sample) error {
	x := Series{Field: r.m.Fields[field].Name, Tags: g.tags}
	for len(samples) > 0 {
		n := min(len(samples), streamPart)
		x.Samples, samples = samples[:n], samples[n:]
		if err := r.emit(&x); err != nil {
			return err
		}
	}
	return nil
}

// streams says whether the points can be given on as they are read.
func (r *run) streams() bool {
	return r.emit != nil && r.q.Mode == Raw && !(r.q.Newest && r.q.Limit > 0)
}

// rawParts gives the points of a series on as they are read.
func (r *run) rawParts(g group, field int) error {
	left := r.q.Limit
	if left == 0 {
		left = math.MaxInt
	}
	x := Series{Field: r.m.Fields[field].Name, Tags: g.tags, Samples: r.part[:0]}
	flush := func() error {
		err := r.emit(&x)
		x.Samples = x.Samples[:0]
		return err
	}
	err := r.each(g.series[0], field, r.q.From, func(p *block.Points) error {
		for i, t := range p.Times {
			x.Samples = append(x.Samples, Sample{t, valueAt(p, i)})
			if len(x.Samples) == streamPart {
				if err := flush(); err != nil {
					return err
				}
			}
			if left--; left == 0 {
				return errEnough
			}
		}
		return r.ctx.Err()
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && len(x.Samples) > 0 {
		err = flush()
	}
	r.part = x.Samples[:0]
	return err
}
