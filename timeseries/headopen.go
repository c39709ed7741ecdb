package timeseries

import (
	"context"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
)

// What lies open in the head, and how writers are held back while it is too much.

// maxHeldBack is how long a write is held back before it is refused.
const maxHeldBack = 10 * time.Second

// wait holds back who writes while far more lies open than there should.
func (h *head) wait(ctx context.Context) error {
	if h.points.Load() <= 2*h.limit {
		return nil
	}
	late := time.NewTimer(maxHeldBack)
	defer late.Stop()
	for h.points.Load() > 2*h.limit {
		h.mu.RLock()
		free := h.free
		h.mu.RUnlock()
		if h.points.Load() <= 2*h.limit {
			return nil
		}
		select {
		case h.kick <- struct{}{}:
		default:
		}
		select {
		case <-free:
		case <-late.C:
			return dberr.New(dberr.ErrUnavailable, "SEALING_BEHIND", "%d points lie unsealed in memory, and sealing does not keep up", h.points.Load()).
				WithHint("write again later, or more slowly")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// openMetric is what of a metric is not sealed.
type openMetric struct {
	*Metric
	points, columns int
	oldest          uint64 // commit of a batch; 0: there is none
}

func (h *head) open(db keyspace.DatabaseID, metric uint64) openMetric {
	h.mu.RLock()
	defer h.mu.RUnlock()
	x := h.metrics[metricKey{db, metric}]
	if x == nil || len(x.batches) == 0 {
		return openMetric{}
	}
	return openMetric{points: x.points, columns: x.columns.n, oldest: x.batches[0].at}
}

// columns are those of a metric that have points of commits up to until.
func (h *head) columns(db keyspace.DatabaseID, metric, until uint64) (list []ripeColumn, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	x := h.metrics[metricKey{db, metric}]
	if x == nil {
		return nil, nil
	}
	x.columns.each(func(key columnKey, c *headColumn) {
		if len(c.seq) > 0 && x.batches[c.seq[0]-x.base].at <= until {
			list = append(list, ripeColumn{column{metric, key.series, key.field}, len(c.seq)})
		}
	})
	return list, x.err
}

// ripeColumn is a column and how many points of it lie open.
type ripeColumn struct {
	column
	points int
}
