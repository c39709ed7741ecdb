package timeseries

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
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

func (h *head) open(key metricKey) openMetric {
	h.mu.RLock()
	defer h.mu.RUnlock()
	x := h.metrics[key]
	if x == nil {
		return openMetric{}
	}
	return openMetric{points: x.points, columns: x.columns, oldest: x.oldest()}
}

// oldest is the commit of the first batch that is not sealed, 0 where there is none.
func (x *headMetric) oldest() uint64 {
	for _, r := range x.runs {
		if r.last() > x.done {
			return r.batches[r.after(x.done)].at
		}
	}
	if len(x.waiting) > 0 {
		return x.waiting[0].at
	}
	return 0
}

// columns are those of a metric that have points of commits up to until which are not
// sealed, in order.
func (h *head) columns(key metricKey, until uint64) (list []ripeColumn, err error) {
	h.mu.RLock()
	x := h.metrics[key]
	h.mu.RUnlock()
	if x == nil {
		return nil, nil
	}
	h.fold(x, until)
	h.mu.RLock()
	runs, done, err := x.runs, x.done, x.err
	h.mu.RUnlock()
	for _, r := range runs {
		list = joinColumns(list, r.columns(key.metric, done, until))
	}
	return list, err
}

// joinColumns puts two lists of columns together that are in order.
func joinColumns(a, b []ripeColumn) []ripeColumn {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	out := make([]ripeColumn, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := a[0].compare(b[0].column); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, ripeColumn{a[0].column, a[0].points + b[0].points})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// count counts the columns of a metric in which something is not sealed.
func (h *head) count(key metricKey) int {
	var seen columnCounter
	x := h.eachColumn(key, 0, seen.add)
	if x != nil {
		h.mu.Lock()
		x.columns = seen.n
		h.mu.Unlock()
	}
	return seen.n
}

// eachColumn calls fn, perhaps many times, with each column of a metric that has points of
// commits after since. Nothing is folded for it.
func (h *head) eachColumn(key metricKey, since uint64, fn func(field int, series uint64)) *headMetric {
	h.mu.RLock()
	x := h.metrics[key]
	var runs []*headRun
	var waiting []waitingBatch
	if x != nil {
		runs, waiting, since = x.runs, slices.Clone(x.waiting), max(since, x.done)
	}
	h.mu.RUnlock()
	for _, r := range runs {
		if r.batches[0].at > since {
			for field := range r.fields {
				for _, id := range r.fields[field].series {
					fn(field, id)
				}
			}
			continue
		}
		for _, c := range r.columns(key.metric, since, math.MaxUint64) {
			fn(c.field, c.series)
		}
	}
	for _, b := range waiting {
		if b.at <= since {
			continue
		}
		_ = scanBatch(b.raw, func(field, points int, ids, _ []byte) { // it was read before
			r, id := enc.NewReader(ids), uint64(0)
			for range points {
				id += uint64(r.Varint())
				fn(field, id)
			}
		})
	}
	return x
}

// columnCounter counts columns. Ids of series that are made together are neighbours, and a
// batch is in their order, so the page that was used last is mostly the one that is wanted.
type columnCounter struct {
	n     int
	pages map[columnKey]*uint64
	at    columnKey
	page  *uint64
}

// has says whether a column was added.
func (s *columnCounter) has(field int, id uint64) bool {
	p := s.pages[columnKey{id / 64, field}]
	return p != nil && *p&(1<<(id%64)) != 0
}

func (s *columnCounter) add(field int, id uint64) {
	if at := (columnKey{id / 64, field}); s.page == nil || s.at != at {
		if s.pages == nil {
			s.pages = make(map[columnKey]*uint64)
		}
		if s.page = s.pages[at]; s.page == nil {
			s.page = new(uint64)
			s.pages[at] = s.page
		}
		s.at = at
	}
	if bit := uint64(1) << (id % 64); *s.page&bit == 0 {
		*s.page |= bit
		s.n++
	}
}

// ripeColumn is a column and how many points of batches of it lie open.
type ripeColumn struct {
	column
	points int
}
