package txn

import "time"

// StoreStats is what a store with a sorted store behind it does.
type StoreStats struct {
	Applied         Timestamp // everything up to it is in the sorted store
	Checkpoints     int64     // since the store was opened
	CheckpointBytes int64     // of SSTables that they wrote
	CheckpointError error     // why the last one failed, nil where it did not
	Stalls          int64     // commits that were held back since checkpoints are behind
	StallTime       time.Duration
	LogPending      int64 // bytes of log since the last checkpoint, about
	LogHolds        int   // who keeps the log
	PendingDrops    int   // dropped ranges that the sorted store still has
	BufferLimit     int64 // bytes that records and indexes may take in memory
	ColdReads       int64 // keys that the sorted store was asked for
	ColdFound       int64 // and that had a value there
	Admitted        int64 // and were let into memory
	Evicted         int64 // keys that left memory
}

// Activity says what the store does. It may be called at any time.
func (s *Store) Activity() StoreStats {
	c := &s.checkpoints
	st := StoreStats{
		Stalls: s.stalled.n.Load(), StallTime: time.Duration(s.stalled.nanos.Load()),
		PendingDrops: len(s.pool.Drops()), LogHolds: len(s.LogHolds()),
		Admitted: s.admitted.Load(), Evicted: s.evicted.Load(),
	}
	if s.pool.Backed() {
		st.Applied, st.LogPending, st.BufferLimit = Timestamp(s.pool.Applied()), c.logged.get(), s.limits.memory
	}
	st.ColdReads, st.ColdFound = s.pool.Reads()
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	st.Checkpoints, st.CheckpointBytes, st.CheckpointError = c.stats.count, c.stats.bytes, c.stats.failure
	return st
}
