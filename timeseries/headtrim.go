package timeseries

import (
	"slices"
	"sort"
	"time"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/timeseries/block"
)

// How the head lets go of what was sealed, and of what was dropped.

// trim cuts off what a commit has sealed: points of columns up to until.
func (h *head) trim(db keyspace.DatabaseID, list []column, until, at uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range list {
		x := h.metrics[metricKey{db, c.metric}]
		if x == nil {
			continue
		}
		key := columnKey{c.series, c.field}
		col := x.columns.get(key)
		if col == nil {
			continue
		}
		n := x.sealed(col, until)
		if n == 0 {
			continue
		}
		if col.cutAt != 0 {
			x.floor = max(x.floor, col.cutAt)
		}
		col.prev, col.cutAt = col.headView, at
		col.prev.batches, col.prev.base = x.batches, x.base
		col.cut(n)
		x.points -= n
		h.points.Add(int64(-n))
		h.gone = append(h.gone, trimmed{x, key, col, at, time.Now(), n})
		h.kept += int64(n)
	}
	h.release(time.Now().Add(-keepTrimmed))
	close(h.free)
	h.free = make(chan struct{})
}

// sealed is how many points of a column are of commits up to until.
func (x *headMetric) sealed(c *headColumn, until uint64) int {
	return sort.Search(len(c.seq), func(i int) bool { return x.batches[c.seq[i]-x.base].at > until })
}

// cut drops the first n points; who reads them goes on with the old arrays.
func (c *headColumn) cut(n int) {
	c.times, c.seq = slices.Clone(c.times[n:]), slices.Clone(c.seq[n:])
	if c.kind == block.Text {
		c.texts = slices.Clone(c.texts[n:])
	} else {
		c.bits = slices.Clone(c.bits[n:])
	}
}

// release lets go of what was cut off before a time, and of what is too much. Held: mu.
func (h *head) release(before time.Time) {
	n := 0
	for n < len(h.gone) && (h.kept > h.limit || h.gone[n].when.Before(before)) {
		g := &h.gone[n]
		h.kept -= int64(g.points)
		if g.column.cutAt == g.at { // else it was cut again since
			g.of.floor = max(g.of.floor, g.at)
			g.column.prev, g.column.cutAt = headView{}, 0
			if len(g.column.times) == 0 && g.of.columns.get(g.key) == g.column {
				g.of.columns.remove(g.key)
			}
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

// finish drops the batches of a metric that are sealed in all columns.
func (h *head) finish(db keyspace.DatabaseID, metric, until uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.metrics[metricKey{db, metric}]
	if x == nil {
		return
	}
	x.columns.each(func(_ columnKey, c *headColumn) {
		if n := x.sealed(c, until); n > 0 { // its commit was not heard of to the end
			x.floor = uint64(h.txns.LastCommit())
			x.points -= n
			h.points.Add(int64(-n))
			c.cut(n)
		}
	})
	n := sort.Search(len(x.batches), func(i int) bool { return x.batches[i].at > until })
	x.batches, x.base = slices.Clone(x.batches[n:]), x.base+uint32(n)
}

// drop forgets the metrics that are not alive at a commit, which alive tells of as of then;
// older snapshots read the store.
func (h *head) drop(alive func(key metricKey) bool, at uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, x := range h.metrics {
		if len(x.batches) > 0 && x.batches[len(x.batches)-1].at <= at && !alive(key) {
			h.points.Add(int64(-x.points))
			h.metrics[key] = &headMetric{floor: at}
			close(h.free)
			h.free = make(chan struct{})
		}
	}
}

// dropDatabases forgets what is of other databases than those that there were at a commit.
func (h *head) dropDatabases(dbs []keyspace.DatabaseID, at uint64) {
	h.drop(func(key metricKey) bool { return slices.Contains(dbs, key.db) }, at)
}
