package kv

import (
	"context"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// hub hears of every commit, for watchers and for the estimates of counts. It
// listens from the first of either on, so that a store without them pays nothing.
type hub struct {
	txns *txn.Store

	// start is held while the hub begins to listen. Taken before mu.
	start sync.Mutex

	// mu is taken by commits, under the lock that keeps them in order. Under it:
	// Watcher.mu. Never held while the store is read.
	mu struct {
		sync.Mutex
		stop     func() // nil until the hub listens
		closed   bool
		last     txn.Timestamp // newest commit that was heard of
		watchers map[*Watcher]struct{}
		counts   map[bucketRef]*count
	}
}

// bucketRef names a bucket for good: ids are never given out twice.
type bucketRef struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

func (h *hub) init(txns *txn.Store) {
	h.txns = txns
	h.mu.watchers = map[*Watcher]struct{}{}
	h.mu.counts = map[bucketRef]*count{}
}

// listen begins to listen. When it returns, all commits up to last are visible,
// and all after it are heard of.
func (h *hub) listen(ctx context.Context) error {
	h.start.Lock()
	defer h.start.Unlock()
	h.mu.Lock()
	listening, closed := h.mu.stop != nil, h.mu.closed
	h.mu.Unlock()
	if closed {
		return errClosed
	}
	if listening {
		return nil
	}
	since, stop := h.txns.OnCommitBriefly(h.hear)
	if err := h.txns.WaitVisible(ctx, since); err != nil {
		stop()
		return err
	}
	h.mu.Lock()
	h.mu.stop, h.mu.last = stop, max(h.mu.last, since)
	closed = h.mu.closed
	h.mu.Unlock()
	if closed {
		stop()
		return errClosed
	}
	return nil
}

var errClosed = dberr.New(dberr.ErrUnavailable, "SHUTTING_DOWN", "the key-value model is closed")

func (h *hub) close() {
	h.mu.Lock()
	h.mu.closed = true
	stop := h.mu.stop
	for w := range h.mu.watchers {
		w.cut(errClosed)
	}
	clear(h.mu.watchers)
	h.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// hear takes in a commit.
func (h *hub) hear(set *txn.ChangeSet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.last = max(h.mu.last, set.Timestamp)
	if len(h.mu.counts) > 0 {
		h.countLocked(set)
	}
	for w := range h.mu.watchers {
		if !w.hear(set) {
			delete(h.mu.watchers, w)
		}
	}
}

// opOf is what an operation of a commit means for this model.
type opOf struct {
	db     keyspace.DatabaseID
	id     keyspace.ObjectID // of the bucket of a key, 0 where name is set
	key    []byte
	bucket string // its record
}

// parseOp reads the key of an operation.
func parseOp(key []byte) (o opOf, ok bool) {
	db, space, obj, rest, ok := keyspace.Split(key)
	if !ok || space != keyspace.SpaceKV {
		return o, false
	}
	o.db = db
	switch {
	case obj >= firstID:
		o.id, o.key = obj, rest
		return o, true
	case obj == objBuckets:
		name, _, err := enc.DecodeString(rest)
		o.bucket = name
		return o, err == nil
	}
	return o, false
}
