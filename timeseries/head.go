package timeseries

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// head has the batches that are not sealed, in memory, as commits bring them: encoded as they
// are until somebody reads or seals, and then turned into runs, many at once, since to have a
// column grow by a point with each batch is a walk through as many places in memory as there
// are columns. The batches in the store are the truth: the head is made of them when the store
// is opened, and a snapshot from before what it knows is answered from them.
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
	gone    []trimmed // what is kept of what was sealed, oldest first
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

// headMetric is what the head has of a metric. Runs and batches are in the order of their
// commits, the batches that wait behind those of runs.
type headMetric struct {
	folding sync.Mutex // one makes runs at a time; taken before the head's mu

	runs    []*headRun // never changed in place
	waiting []waitingBatch
	sealing uint64 // commit that a pass goes up to; no run is put together across it
	done    uint64 // batches of commits up to it are sealed in all columns
	points  int    // that are not sealed
	columns int    // as they were counted last
	floor   uint64
	err     error // a batch could not be read
}

type batchAt struct {
	at, number uint64
	points     int
}

// waitingBatch is a batch as it is in the store.
type waitingBatch struct {
	batchAt
	raw []byte
}

type columnKey struct {
	series uint64
	field  int
}

// headView is the points of batches as of a snapshot, and perhaps later ones.
type headView struct{ runs []*headRun }

// trimmed are runs whose points are sealed.
type trimmed struct {
	of     *headMetric
	until  uint64 // commit of their last batch
	at     uint64 // from this commit on snapshots have the blocks
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

// view returns what there is of a metric as of a snapshot; false where the head cannot tell.
func (h *head) view(key metricKey, snapshot uint64) (v headView, ok bool, err error) {
	for {
		h.mu.RLock()
		x := h.metrics[key]
		switch {
		case snapshot < h.floor || x != nil && snapshot < x.floor:
		case x == nil:
			ok = true
		case x.err != nil:
			err = x.err
		case len(x.waiting) > 0 && x.waiting[0].at <= snapshot:
			h.mu.RUnlock()
			h.fold(x, snapshot) // and no more: writers may be faster
			continue
		default:
			v.runs, ok = x.runs, true
		}
		h.mu.RUnlock()
		return v, ok, err
	}
}
