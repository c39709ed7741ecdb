package timeseries

import (
	"slices"
	"time"

	"github.com/weftdb/weft/storage/keyspace"
)

// How the head lets go of what was sealed, and of what was dropped.

// trim counts what a commit has sealed of columns no more, so that writers go on. The points
// stay until the pass is through.
func (h *head) trim(key metricKey, list []ripeColumn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.metrics[key]; x != nil {
		n := 0
		for i := range list {
			n += list[i].points
		}
		h.recount(x, max(x.points-n, 0))
	}
	h.release(time.Now().Add(-keepTrimmed))
}

// recount sets how many points of a metric are not sealed. Held: mu.
func (h *head) recount(x *headMetric, points int) {
	h.points.Add(int64(points - x.points))
	x.points = points
	close(h.free)
	h.free = make(chan struct{})
}

// release lets go of what was sealed before a time, and of what is too much. Held: mu.
func (h *head) release(before time.Time) {
	n := 0
	for n < len(h.gone) && (h.kept > h.limit || h.gone[n].when.Before(before)) {
		g := &h.gone[n]
		h.kept -= int64(g.points)
		x := g.of
		x.floor = max(x.floor, g.at)
		for len(x.runs) > 0 && x.runs[0].last() <= g.until {
			x.runs = slices.Clone(x.runs[1:])
		}
		n++
	}
	if n > 0 {
		h.gone = slices.Delete(h.gone, 0, n)
	}
}

// tick lets go of what nobody reads any more.
func (h *head) tick() {
	h.mu.Lock()
	h.release(time.Now().Add(-keepTrimmed))
	h.mu.Unlock()
	h.past.forget()
}

// begin has runs end at the commit that a pass goes up to, so that they can go with it.
func (h *head) begin(key metricKey, until uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.metrics[key]; x != nil {
		x.sealing = until
	}
}

// finish takes that the batches of a metric are sealed in all columns up to a commit.
func (h *head) finish(key metricKey, until uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.metrics[key]
	if x == nil {
		return
	}
	g := trimmed{of: x, at: uint64(h.txns.LastCommit()), when: time.Now()}
	left := 0
	for _, r := range x.runs {
		switch last := r.last(); {
		case last <= x.done: // waits to be let go of
		case last <= until:
			g.until = last
			g.points += r.points
		default:
			for _, b := range r.batches[r.after(until):] {
				left += b.points
			}
		}
	}
	for i := range x.waiting {
		left += x.waiting[i].points
	}
	x.done = max(x.done, until)
	h.recount(x, left)
	if g.points > 0 {
		h.gone = append(h.gone, g)
		h.kept += int64(g.points)
	}
	h.release(time.Now().Add(-keepTrimmed))
}

// drop forgets the metrics that are not alive at a commit, which alive tells of as of then;
// older snapshots read the store.
func (h *head) drop(alive func(key metricKey) bool, at uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, x := range h.metrics {
		if last := x.last(); last != 0 && last <= at && !alive(key) {
			h.recount(x, 0)
			h.metrics[key] = &headMetric{floor: at}
		}
	}
}

// last is the commit of the last batch.
func (x *headMetric) last() uint64 {
	switch {
	case len(x.waiting) > 0:
		return x.waiting[len(x.waiting)-1].at
	case len(x.runs) > 0:
		return x.runs[len(x.runs)-1].last()
	}
	return 0
}

// dropDatabases forgets what is of other databases than those that there were at a commit.
func (h *head) dropDatabases(dbs []keyspace.DatabaseID, at uint64) {
	h.drop(func(key metricKey) bool { return slices.Contains(dbs, key.db) }, at)
}
