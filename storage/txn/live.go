package txn

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// live knows the snapshots of the running transactions, so that no version that
// one of them can see is dropped. It is cut into shards, since every transaction
// enters and leaves.
type live struct {
	shards [16]liveShard
	// floor is the timestamp before which versions may be gone. It only rises.
	floor atomic.Uint64
}

type liveShard struct {
	// mu is taken under no other lock but Store.commit and lockTable.mu; takes weakLocks.mu.
	mu    sync.Mutex
	first *Tx
	_     [48]byte // a cache line of its own
}

// enter adds tx, whose snapshot is what at returns under the lock. A sweep that
// has looked at the shard before took its horizon from an older published
// timestamp; one that looks afterwards sees tx.
func (l *live) enter(tx *Tx, epoch *atomic.Uint64, at func() uint64) {
	s := &l.shards[rand.Uint32N(uint32(len(l.shards)))]
	s.mu.Lock()
	tx.shard, tx.epoch, tx.snapshot = s, epoch.Load(), at()
	tx.after = s.first
	if s.first != nil {
		s.first.before = tx
	}
	s.first = tx
	s.mu.Unlock()
}

func (l *live) leave(tx *Tx) {
	s := tx.shard
	s.mu.Lock()
	if tx.before != nil {
		tx.before.after = tx.after
	} else {
		s.first = tx.after
	}
	if tx.after != nil {
		tx.after.before = tx.before
	}
	tx.before, tx.after = nil, nil
	s.mu.Unlock()
}

// raise sets the floor to target at most, and returns the horizon: no running
// transaction, and none that begins from now on, reads before it.
func (l *live) raise(target uint64) (horizon uint64) {
	for {
		old := l.floor.Load()
		if target <= old {
			target = old
			break
		}
		if l.floor.CompareAndSwap(old, target) {
			break
		}
	}
	horizon = target
	l.each(func(tx *Tx) { horizon = min(horizon, tx.snapshot) })
	return horizon
}

// each calls fn for every running transaction, under its shard's lock.
func (l *live) each(fn func(tx *Tx)) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for tx := s.first; tx != nil; tx = tx.after {
			fn(tx)
		}
		s.mu.Unlock()
	}
}
