package txn

import (
	"fmt"
	"math"
	"sync"
)

// holds keep the log from being cut.
type holds struct {
	// mu guards the rest. Innermost; not held over I/O.
	mu   sync.Mutex
	held map[*LogHold]Timestamp
}

// LogHold keeps the records of the log from a timestamp on, for whoever reads them:
// an archive, a feed, a replica.
type LogHold struct {
	store *Store
	name  string
}

// LogHoldInfo describes a hold.
type LogHoldInfo struct {
	Name string
	From Timestamp
}

// HoldLog keeps every record of the log with a timestamp of at least from that is
// there now or is written later, until Advance or Release. What was cut before is
// gone: reading it says so.
func (s *Store) HoldLog(name string, from Timestamp) *LogHold {
	h := &LogHold{store: s, name: name}
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	if s.holds.held == nil {
		s.holds.held = map[*LogHold]Timestamp{}
	}
	s.holds.held[h] = from
	return h
}

// Advance says that records before ts are no longer needed. It never goes back.
func (h *LogHold) Advance(ts Timestamp) error {
	s := h.store
	s.holds.mu.Lock()
	from, held := s.holds.held[h]
	if held && ts > from {
		s.holds.held[h] = ts
	}
	s.holds.mu.Unlock()
	if !held || ts <= from {
		return nil
	}
	return s.cutLog()
}

// Release ends the hold. It may be called more than once.
func (h *LogHold) Release() error {
	s := h.store
	s.holds.mu.Lock()
	_, held := s.holds.held[h]
	delete(s.holds.held, h)
	s.holds.mu.Unlock()
	if !held {
		return nil
	}
	return s.cutLog()
}

// From is the timestamp from which on records are kept.
func (h *LogHold) From() Timestamp {
	h.store.holds.mu.Lock()
	defer h.store.holds.mu.Unlock()
	return h.store.holds.held[h]
}

// LogHolds lists the holds.
func (s *Store) LogHolds() []LogHoldInfo {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	var list []LogHoldInfo
	for h, from := range s.holds.held {
		list = append(list, LogHoldInfo{Name: h.name, From: from})
	}
	return list
}

// cutLog gives up the part of the log that the sorted store has and nobody holds.
func (s *Store) cutLog() error {
	cut := s.checkpoints.cut
	applied := s.pool.Applied()
	if cut == nil || applied == 0 || applied == math.MaxUint64 || s.Err() != nil {
		return nil
	}
	before := applied + 1
	s.holds.mu.Lock()
	for _, from := range s.holds.held {
		before = min(before, uint64(from))
	}
	s.holds.mu.Unlock()
	if err := cut(before); err != nil {
		return fmt.Errorf("cut the log: %w", err)
	}
	return nil
}
