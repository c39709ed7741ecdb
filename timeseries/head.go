package timeseries

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// head has the points of batches by columns, in memory, as commits bring them. The batches
// in the store are the truth: the head is made of them when the store is opened, and a
// snapshot from before what it knows is answered from them.
type head struct {
	txns   *txn.Store
	limit  int64        // points that call for sealing
	points atomic.Int64 // that are not sealed
	heard  atomic.Uint64
	kick   chan struct{} // has a token where there are more than limit
	places places

	once sync.Mutex // of start
	on   atomic.Bool
	stop func()

	mu      sync.RWMutex
	floor   uint64 // snapshots before it are not answered from here
	metrics map[metricKey]*headMetric
	gone    []trimmed // what was cut off of columns, oldest first
	kept    int64     // points of it
	free    chan struct{}

	past pasts
}

// keepTrimmed is how long points that were sealed stay for those that read an older
// snapshot.
const keepTrimmed = 5 * time.Second

type metricKey struct {
	db     keyspace.DatabaseID
	metric uint64
}

// headMetric is what the head has of a metric.
type headMetric struct {
	batches []batchAt // in the order of their commits
	base    uint32    // of the first one
	columns columnSet
	points  int
	floor   uint64
	err     error // a batch could not be read
}

type batchAt struct{ at, number uint64 }

type columnKey struct {
	series uint64
	field  int
}

// headColumn is a column: its points in the order of their commits. Nothing in its arrays
// is ever changed, so that a reader goes on without the lock.
type headColumn struct {
	headView
	prev  headView // as it was before it was cut last, at
	cutAt uint64   // this commit; 0 where there is none
}

// headView is points, and the batches they are from.
type headView struct {
	kind    block.Kind
	times   []int64
	bits    []uint64 // of floats and ints; bools are 0 and 1
	texts   []string
	seq     []uint32 // of the batch, from base on
	batches []batchAt
	base    uint32
}

type trimmed struct {
	of     *headMetric
	key    columnKey
	column *headColumn
	at     uint64 // of the commit
	when   time.Time
	points int
}

func (h *head) init(txns *txn.Store, limit int) {
	h.txns, h.limit = txns, int64(limit)
	h.kick = make(chan struct{}, 1)
	h.free = make(chan struct{})
	h.metrics = make(map[metricKey]*headMetric)
}

func (h *head) close() {
	h.once.Lock()
	defer h.once.Unlock()
	if h.stop != nil {
		h.stop()
	}
}

// start has the head hear of commits, and makes it of the batches that are there.
func (h *head) start(ctx context.Context, c *core) error {
	if h.on.Load() {
		return nil
	}
	h.once.Lock()
	defer h.once.Unlock()
	if h.on.Load() {
		return nil
	}
	h.mu.Lock() // what is committed meanwhile waits
	defer h.mu.Unlock()
	since, stop := h.txns.OnCommitBriefly(h.hear)
	err := h.txns.WaitVisible(ctx, since)
	if err == nil {
		err = h.txns.View(ctx, func(tx *txn.Tx) error { return h.load(tx, c, uint64(since)) })
	}
	if err != nil {
		go stop() // hear may wait for mu
		h.metrics = make(map[metricKey]*headMetric)
		h.points.Store(0)
		return err
	}
	h.stop = stop
	h.on.Store(true)
	return nil
}

// settle makes sure that all was heard that a snapshot sees.
func (h *head) settle(snapshot uint64) {
	if h.heard.Load() < snapshot {
		h.txns.Settle()
	}
}

// view returns what there is of a column as of a snapshot, perhaps with later points;
// false where the head cannot tell.
func (h *head) view(db keyspace.DatabaseID, c column, snapshot uint64) (v headView, ok bool, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if snapshot < h.floor {
		return v, false, nil
	}
	x := h.metrics[metricKey{db, c.metric}]
	if x == nil {
		return v, true, nil
	}
	if x.err != nil || snapshot < x.floor {
		return v, false, x.err
	}
	col := x.columns.get(columnKey{c.series, c.field})
	switch {
	case col == nil:
		return v, true, nil
	case snapshot < col.cutAt:
		return col.prev, true, nil
	}
	v = col.headView
	v.batches, v.base = x.batches, x.base
	return v, true, nil
}
