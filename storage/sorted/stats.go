package sorted

import "context"

// Level is what one level of the store holds.
type Level struct {
	Files     int
	Sublevels int // layers that a read looks at; more than 1 in the first level only
	Bytes     int64
}

// Stats is the state of a store.
type Stats struct {
	Levels     [bottom + 1]Level
	Files      int
	Bytes      int64 // of live SSTables
	HeldBytes  int64 // of SSTables kept for open iterators, or about to be removed
	Deletions  int64 // deletions of versions that compactions have not merged yet, about
	ReadAmp    int   // layers that a read looks at, in all
	Overloaded bool

	CacheBytes               int64
	CacheHits, CacheMisses   int64 // since the store was opened
	FilterHits, FilterMisses int64 // searches that filters ended, and did not

	Compactions    int64 // ended since the store was opened
	Compacting     int64 // running
	CompactionDebt int64 // bytes that compactions are behind, about
	Trouble        error // why the last compaction failed, if it did
}

// HitRate is the share of block reads that the cache served, 0 before the first.
func (s Stats) HitRate() float64 {
	if s.CacheHits+s.CacheMisses == 0 {
		return 0
	}
	return float64(s.CacheHits) / float64(s.CacheHits+s.CacheMisses)
}

// Stats returns the state of the store. A store that is closed has none.
func (s *Store) Stats() Stats {
	if s.beginRead() != nil {
		return Stats{}
	}
	defer s.endRead()
	m := s.db.Metrics()
	st := Stats{
		HeldBytes:      int64(m.Table.ObsoleteSize + m.Table.ZombieSize),
		Deletions:      int64(m.Keys.TombstoneCount),
		ReadAmp:        m.ReadAmp(),
		Overloaded:     s.Overloaded(),
		CacheBytes:     m.BlockCache.Size,
		CacheHits:      m.BlockCache.Hits,
		CacheMisses:    m.BlockCache.Misses,
		FilterHits:     m.Filter.Hits,
		FilterMisses:   m.Filter.Misses,
		Compactions:    m.Compact.Count,
		Compacting:     m.Compact.NumInProgress,
		CompactionDebt: int64(m.Compact.EstimatedDebt),
		Trouble:        s.pressure.getTrouble(),
	}
	for i, l := range m.Levels {
		st.Levels[i] = Level{Files: int(l.TablesCount), Sublevels: int(l.Sublevels), Bytes: l.TablesSize}
		st.Files += int(l.TablesCount)
		st.Bytes += l.TablesSize
	}
	return st
}

// SizeOf is about how many bytes of SSTables hold the keys in [lower, upper). Nil
// bounds are open.
func (s *Store) SizeOf(lower, upper []byte) (int64, error) {
	if err := s.beginRead(); err != nil {
		return 0, err
	}
	defer s.endRead()
	from, to := storedBounds(lower, upper)
	if to == nil {
		span, err := s.dropSpan(from, nil)
		if err != nil || span == nil {
			return 0, s.wrapIf("size", err)
		}
		to = span.End
	}
	if compareStored(from, to) >= 0 {
		return 0, nil
	}
	n, err := s.db.EstimateDiskUsage(from, to)
	return int64(n), s.wrapIf("size", err)
}

// Settle merges all that there is to merge, for whoever wants a store as small and
// as fast to read as can be, such as after a bulk load. It takes as long as writing
// everything once.
func (s *Store) Settle(ctx context.Context) error {
	if err := s.beginRead(); err != nil {
		return err
	}
	defer s.endRead()
	if err := s.Failed(); err != nil {
		return err
	}
	span, err := s.dropSpan(firstKey, nil)
	if err != nil || span == nil {
		return s.wrapIf("settle", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		select { // no compaction comes to an end then
		case <-s.broken:
		case <-s.use.closing():
		case <-ctx.Done():
		}
	}()
	return s.wrapIf("settle", s.db.Compact(ctx, booksKey, span.End, true))
}
