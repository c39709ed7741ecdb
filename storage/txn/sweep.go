package txn

import (
	"sync"
	"time"
)

// sweeper drops versions that nobody can see any more, in the background and in
// small steps, so that commits wait for it for microseconds only.
type sweeper struct {
	quit chan struct{}
	done sync.WaitGroup
	stop func()
}

const (
	sweepEvery   = 250 * time.Millisecond
	sweepStep    = 256      // versions dropped under the lock at a time
	reclaimStep  = 1024     // blocks made available under the lock at a time
	sweepAtStart = 32 << 10 // writes replayed between two steps
)

// startSweeper runs passes until the returned sweeper is stopped.
func (s *Store) startSweeper() {
	w := &s.sweeper
	w.quit = make(chan struct{})
	w.stop = sync.OnceFunc(func() {
		close(w.quit)
		w.done.Wait()
	})
	w.done.Go(func() {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.Sweep()
			case <-w.quit:
				return
			}
		}
	})
}

func (w *sweeper) stopping() bool {
	select {
	case <-w.quit:
		return true
	default:
		return false
	}
}

// Sweep drops every superseded version that is older than the history and than
// each running transaction. The store does so by itself a few times a second.
func (s *Store) Sweep() {
	s.sweepMu.Lock()
	defer s.sweepMu.Unlock()
	began := time.Now()
	horizon := min(s.live.raise(s.historyBegins()), s.sweepLimit.Load())
	info := SweepInfo{Horizon: Timestamp(horizon)}
	for more := true; more && !s.sweeper.stopping(); {
		s.commit.Lock()
		done := s.pool.Sweep(horizon, sweepStep)
		s.commit.Unlock()
		info.Versions += done.Versions
		info.Keys += done.Keys
		more = done.More
	}
	s.reclaim()
	info.Duration = time.Since(began)
	if f := s.opts.Events.Swept; f != nil && info.Versions > 0 {
		f(info)
	}
}

// reclaim gives back the memory of what was dropped before the oldest running
// transaction began. Blocks are dropped under the commit lock, by commits, too, and an epoch
// begins under it: what is dropped with an epoch is so before the next one begins.
func (s *Store) reclaim() {
	s.commit.Lock()
	oldest := s.epoch.Add(1) // who begins from now on cannot see what was dropped
	s.pool.Epoch(oldest)
	s.commit.Unlock()
	flush := oldest // the same for who reads a generation
	now := s.opts.Clock.Now()
	var old []*lockOwner
	s.live.each(func(tx *Tx) {
		if tx.flush {
			flush = min(flush, tx.epoch)
		} else {
			oldest = min(oldest, tx.epoch)
		}
		if s.opts.MaxTxAge > 0 && !tx.opts.AnyAge && now.Sub(tx.began) > s.opts.MaxTxAge {
			tx.expired.Store(true)
			tx.weak.close()
			if o := tx.locks.Load(); o != nil {
				old = append(old, o)
			}
		}
	})
	for _, o := range old { // they can only be rolled back
		s.locks.fail(o, errTooOld(s.opts.MaxTxAge))
	}
	for all := false; !all && !s.sweeper.stopping(); {
		s.commit.Lock()
		all = s.pool.ReclaimEvicted(oldest, reclaimStep) && s.pool.Reclaim(min(oldest, flush), reclaimStep)
		s.commit.Unlock()
	}
}

// historyBegins is the timestamp before which versions need not be kept for AS
// OF: the history option, or in a store that is in memory alone, less where that
// would take more than HistoryBytes.
func (s *Store) historyBegins() uint64 {
	published := s.published.Load()
	begins := uint64(max(s.opts.Clock.Now().Add(-s.opts.History).UnixNano(), 0))
	if !s.pool.Backed() {
		if excess := s.staleExcess(); excess > 0 {
			s.commit.Lock()
			begins = max(begins, s.pool.StaleAt(int(excess)))
			s.commit.Unlock()
		}
	}
	return min(begins, published)
}
