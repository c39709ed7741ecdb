package txn

import (
	"context"
	"math"
)

// ValidateOutsideLockForTesting makes every transaction a large one, and returns
// what undoes that.
func ValidateOutsideLockForTesting() (undo func()) {
	old := largeWork
	largeWork = -1
	return func() { largeWork = old }
}

// EvictForTesting drops from memory what can be dropped in so many leaves, after so
// many versions hidden by newer ones.
func (s *Store) EvictForTesting(leaves, versions int) {
	s.sweepMu.Lock()
	defer s.sweepMu.Unlock()
	s.commit.Lock()
	s.pool.Trim(math.MaxUint64, s.oldestWriter(), versions)
	s.pool.Evict(leaves)
	s.commit.Unlock()
	s.reclaim()
}

// LoadForTesting brings the range that begins at a key into memory.
func (s *Store) LoadForTesting(from []byte) { s.load(context.Background(), from) }

// ExecuteDropsForTesting has the sorted store drop what it can.
func (s *Store) ExecuteDropsForTesting() { s.executeDrops(context.Background()) }

// CollectForTesting looks once through the sorted store for versions that nobody can
// read any more, if the store would do so by now.
func (s *Store) CollectForTesting() {
	c := &s.checkpoints.stats
	c.mu.Lock()
	swept := c.swept
	c.mu.Unlock()
	for range 1000 {
		s.collect(context.Background())
		c.mu.Lock()
		done := c.swept != swept || !c.sweeping
		c.mu.Unlock()
		if done {
			return
		}
	}
}

// GoneForTesting is the greatest timestamp that has left memory.
func (s *Store) GoneForTesting() uint64 { return s.pool.Gone() }

// PendingDropsForTesting is how many dropped ranges the sorted store still has.
func (s *Store) PendingDropsForTesting() int { return len(s.pool.Drops()) }
