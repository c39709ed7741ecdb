package txn

import (
	"context"
	"math"
	"time"

	"github.com/weftdb/weft/storage/records"
)

// Memory. Records take up to Options.BufferBytes. Over that, versions leave memory
// that the sorted store has: first those that are hidden by newer ones, then keys
// that were not read lately. What the sorted store does not have yet cannot leave;
// where that grows faster than checkpoints take it away, commits are slowed, then
// stopped.

// limits follow from the options.
type limits struct {
	memory int64 // records and indexes
	flush  int64 // bytes of a generation
	slow   int64 // bytes not in the sorted store, from which commits are slowed
	stop   int64 // and stopped
}

const (
	mostFlush  = 128 << 20
	leastFlush = 16 << 10
)

func (o Options) limits() limits {
	l := limits{memory: o.BufferBytes, flush: o.CheckpointBytes}
	if l.flush == 0 {
		l.flush = min(max(o.BufferBytes/4, leastFlush), mostFlush)
	}
	l.slow = max(2*l.flush, o.BufferBytes/2)
	l.stop = max(3*l.flush, o.BufferBytes*3/4)
	return l
}

// Waits of commits. A commit is slowed by up to mostDelay. Over the limit it waits as long
// as checkpoints and compactions get on, and is refused where nothing has moved for
// mostStall.
const (
	mostDelay = 10 * time.Millisecond
	mostStall = time.Minute
)

// throttle holds a commit back while what is not in the sorted store is too much.
func (s *Store) throttle(ctx context.Context) error {
	if !s.pool.Backed() {
		return nil
	}
	dirty := s.pool.DirtyBytes()
	if dirty < s.limits.slow {
		return nil
	}
	began := time.Now()
	defer func() {
		waited := time.Since(began)
		s.stalled.add(waited)
		if f := s.opts.Events.Stalled; f != nil {
			f(waited)
		}
	}()
	s.pokeFlusher()
	if dirty < s.limits.stop {
		part := float64(dirty-s.limits.slow) / float64(max(s.limits.stop-s.limits.slow, 1))
		return pause(ctx, time.Duration(part*float64(mostDelay)))
	}
	return s.waitRoom(ctx)
}

// waitRoom waits until a checkpoint has made room, as long as there is hope.
func (s *Store) waitRoom(ctx context.Context) error {
	stuck := time.NewTimer(mostStall)
	defer stuck.Stop()
	moved := s.moved()
	for {
		ended := s.checkpoints.ended.wait()
		if err := s.Err(); err != nil {
			return err
		}
		if s.pool.DirtyBytes() < s.limits.stop {
			return nil
		}
		if s.checkpoints.stats.err() != nil {
			return s.errStalled()
		}
		select {
		case <-ended:
		case <-stuck.C:
			now := s.moved()
			if now == moved {
				return s.errStalled()
			}
			moved = now
			stuck.Reset(mostStall)
		case <-ctx.Done():
			return contextError(ctx)
		}
	}
}

// moved changes as the sorted store gets on.
func (s *Store) moved() int64 {
	if disk := s.pool.Disk(); disk != nil {
		return disk.Moved()
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

// poke tells the goroutines of the upkeep where something is due.
func (s *Store) poke() {
	if !s.pool.Backed() {
		return
	}
	if s.pool.FreshBytes() >= s.limits.flush || s.checkpoints.logged.get() >= s.opts.CheckpointLogBytes {
		s.pokeFlusher()
	}
	if s.pool.Load() > s.limits.memory {
		signal(s.checkpoints.wake)
	}
}

func (s *Store) pokeFlusher() { signal(s.checkpoints.due) }

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // it has been told already
	}
}

// Steps under the commit lock.
const (
	evictLeaves = 4
	admitStep   = 64
)

// relieve lets versions leave memory until it is within its limit, as far as the
// sorted store has them.
func (s *Store) relieve() {
	if s.pool.Disk() == nil {
		return
	}
	s.sweepMu.Lock()
	defer s.sweepMu.Unlock()
	s.trimHistory()
	low := s.limits.memory - s.limits.memory/32
	over := s.pool.Load() > s.limits.memory
	s.pool.Roomy(s.pool.Load() < low)
	if !over {
		return
	}
	trimmed, oldest := true, s.oldestWriter()
	for rounds := 0; rounds < 2 && s.pool.Load() > low && !s.upkeep.stopping(); {
		s.commit.Lock()
		if trimmed {
			done := s.pool.Trim(math.MaxUint64, oldest, sweepStep)
			trimmed = done.More
		} else {
			done := s.pool.Evict(evictLeaves)
			s.evicted.Add(int64(done.Keys))
			if done.Round {
				rounds++
			}
		}
		s.commit.Unlock()
	}
	s.reclaim()
}

// trimHistory keeps superseded versions in memory within HistoryBytes; the sorted
// store has them.
func (s *Store) trimHistory() {
	for {
		excess := s.staleExcess()
		if excess <= 0 || s.upkeep.stopping() {
			return
		}
		s.commit.Lock()
		done := s.pool.Trim(s.pool.StaleAt(int(excess)), s.oldestWriter(), sweepStep)
		s.commit.Unlock()
		if done.Versions+done.Keys == 0 {
			return
		}
	}
}

// oldestWriter is a timestamp at or before the snapshot of every transaction that may
// commit writes, those that begin from now on among them.
func (s *Store) oldestWriter() uint64 {
	oldest := s.published.Load()
	s.live.each(func(tx *Tx) {
		if !tx.opts.ReadOnly {
			oldest = min(oldest, tx.snapshot)
		}
	})
	return oldest
}

// staleExcess is how many versions that are hidden by newer ones are too many in
// memory, about.
func (s *Store) staleExcess() int64 {
	st := s.pool.Stats()
	if st.Stale == 0 {
		return 0
	}
	each := st.UsedBytes / (st.Keys + st.Stale)
	return st.Stale - s.opts.HistoryBytes/max(each, 1)
}

// admit lets in what reads have found in the sorted store: o and what else waits.
func (s *Store) admit(o records.Offer, more <-chan records.Offer) {
	s.commit.Lock()
	defer s.commit.Unlock()
	for n := 1; ; n++ {
		if s.pool.Admit(o) {
			s.admitted.Add(1)
		}
		if n == admitStep {
			return
		}
		select {
		case o = <-more:
		default:
			return
		}
	}
}

// load brings a range that was read into memory, as long as there is room.
func (s *Store) load(ctx context.Context, from []byte) {
	for n := 0; n < records.MaxLoads && from != nil && s.pool.Load() < s.limits.memory; n++ {
		s.commit.Lock() // who is in no transaction must not walk the tree beside the writer
		_, high, whole := s.pool.PageOf(from)
		s.commit.Unlock()
		if whole {
			return
		}
		l, ok, err := s.pool.LoadRange(ctx, from, high)
		if err != nil || !ok {
			return // who reads the range is told
		}
		s.commit.Lock()
		keys, next := s.pool.AdmitLoaded(l)
		s.commit.Unlock()
		s.admitted.Add(int64(keys))
		from = next
	}
}

// collect has the sorted store look for versions that nobody can read any more, a
// part of it at a time, where enough was superseded since the last time.
func (s *Store) collect(ctx context.Context) {
	disk := s.pool.Disk()
	c := &s.checkpoints.stats
	if disk == nil || s.Err() != nil || disk.Overloaded() {
		return
	}
	horizon := min(s.live.raise(s.historyBegins()), s.pool.Applied())
	bytes := int64(0)
	if c.garbage() >= garbageEntries {
		bytes = disk.Stats().Bytes
	}
	if !c.garbageDue(horizon, bytes) {
		return
	}
	stats, err := disk.GC(ctx, horizon, gcBudget)
	switch {
	case err == nil:
		c.collected(stats)
	case ctx.Err() == nil:
		if f := s.opts.Events.CheckpointFailed; f != nil {
			f(s.flushFailed(err))
		}
	}
}

const gcBudget = 50_000 // versions looked at in one go
