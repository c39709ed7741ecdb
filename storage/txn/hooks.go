package txn

import (
	"slices"
	"sync"
	"sync/atomic"
)

// hooks calls who wants to know of commits, in commit order.
type hooks struct {
	count   atomic.Int32
	keepers atomic.Int32 // of those, how many may keep what they are called with

	// mu guards the queue and the functions. Taken under Store.commit; takes none.
	mu struct {
		sync.Mutex
		pending []ChangeSet // appended to the log, not delivered yet
		fns     []*hook
	}
	// calling is held while functions run, which keeps the order. Taken before mu.
	calling sync.Mutex
	sets    []ChangeSet // that functions are called with; under calling, as kept
	kept    bool        // one of them may keep these sets
	// delivered: functions have run for all commits up to this timestamp.
	delivered atomic.Uint64
}

type hook struct {
	fn    func(*ChangeSet)
	since uint64
}

// OnCommit calls fn for every commit from now on, in commit order, after it is
// visible and before its Commit returns. fn must be quick, must not block and
// must not commit. The returned stop ends it: fn does not run once it
// returned; fn itself must not call it.
func (s *Store) OnCommit(fn func(*ChangeSet)) (stop func()) {
	_, stop = s.OnCommitSince(fn)
	return stop
}

// OnCommitSince is OnCommit that says where it begins: fn is called for every
// commit after since and for none at or before it, which History and, once
// WaitVisible returned, every new transaction sees.
func (s *Store) OnCommitSince(fn func(*ChangeSet)) (since Timestamp, stop func()) {
	return s.onCommit(fn, true)
}

// OnCommitBriefly is OnCommitSince for a fn that keeps nothing of its ChangeSet when it
// returns, neither keys nor values: commits then use the memory of their transactions
// again.
func (s *Store) OnCommitBriefly(fn func(*ChangeSet)) (since Timestamp, stop func()) {
	return s.onCommit(fn, false)
}

func (s *Store) onCommit(fn func(*ChangeSet), keeps bool) (since Timestamp, stop func()) {
	s.commit.Lock()
	since = Timestamp(s.commit.appended)
	h := &hook{fn: fn, since: s.commit.last}
	s.hooks.mu.Lock()
	s.hooks.mu.fns = append(slices.Clone(s.hooks.mu.fns), h)
	s.hooks.count.Add(1)
	if keeps {
		s.hooks.keepers.Add(1)
	}
	s.hooks.mu.Unlock()
	s.commit.Unlock()
	return since, sync.OnceFunc(func() {
		s.hooks.calling.Lock()
		defer s.hooks.calling.Unlock()
		s.hooks.mu.Lock()
		defer s.hooks.mu.Unlock()
		s.hooks.mu.fns = slices.DeleteFunc(slices.Clone(s.hooks.mu.fns), func(o *hook) bool { return o == h })
		if keeps {
			s.hooks.keepers.Add(-1)
		}
		if s.hooks.count.Add(-1) == 0 {
			s.hooks.mu.pending = nil
		}
	})
}

// queue notes a commit for delivery, and says whether a function may keep its memory.
// Called under Store.commit, in order: a function that comes later is not called.
func (h *hooks) queue(ts uint64, ops []Op) (kept bool) {
	if h.count.Load() == 0 {
		return false
	}
	h.mu.Lock()
	h.mu.pending = append(h.mu.pending, ChangeSet{Timestamp: Timestamp(ts), Ops: ops})
	h.mu.Unlock()
	return h.keepers.Load() > 0
}

// deliver calls the functions for what is visible. When it returns, they have run
// for all that was visible when it was called.
func (h *hooks) deliver(published *atomic.Uint64) {
	if h.count.Load() == 0 || h.delivered.Load() >= published.Load() {
		return
	}
	h.calling.Lock()
	defer h.calling.Unlock()
	for {
		h.mu.Lock()
		to, n := published.Load(), 0
		for n < len(h.mu.pending) && uint64(h.mu.pending[n].Timestamp) <= to {
			n++
		}
		fns := h.mu.fns
		h.takeLocked(n)
		h.mu.Unlock()
		if n == 0 {
			h.delivered.Store(to)
			return
		}
		for i := range h.sets {
			set := &h.sets[i]
			for _, f := range fns {
				if uint64(set.Timestamp) > f.since {
					f.fn(set)
				}
			}
		}
	}
}

// maxSets is for how many commits the room is kept.
const maxSets = 1 << 10

// takeLocked moves the first n of what is pending to h.sets. What is pending next has the
// room of those that were there before, unless somebody may have kept one.
func (h *hooks) takeLocked(n int) {
	if h.kept || cap(h.sets) > maxSets {
		h.sets = nil
	}
	clear(h.sets)
	room := h.sets[:0]
	if h.sets, h.kept = room, false; n == 0 {
		return
	}
	pending := h.mu.pending
	h.mu.pending = append(room, pending[n:]...)
	clear(pending[n:])
	h.sets, h.kept = pending[:n], h.keepers.Load() > 0
}

// Settle returns when the functions of OnCommit have run for every commit that was
// visible when it was called.
func (s *Store) Settle() { s.hooks.deliver(&s.published) }
