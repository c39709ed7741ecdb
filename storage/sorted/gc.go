package sorted

import (
	"context"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// GCStats says what a GC did.
type GCStats struct {
	Versions int // looked at
	Removed  int // deleted
	// Done says that the sweep has come to the end of the keys; the next GC begins
	// at the first one again.
	Done     bool
	Bytes    int64 // of the SSTables with the deletions
	Duration time.Duration
}

// sweepState is where the next GC goes on.
type sweepState struct {
	mu   sync.Mutex // held while a GC runs. Order: mu -> Store.write
	next []byte     // stored form; nil is the first key
}

// GC goes over the keys from where it stopped the last time, looks at about budget
// versions, and deletes those that no read at or after horizon can see: versions
// before the newest at or before horizon, and that one as well if it is a deletion.
// Reads before horizon end with it. Call it again and again with a modest budget;
// space comes back as compactions merge the deletions with what they delete.
//
// Reading and flushing go on meanwhile. It is all or nothing, like Flush.
func (s *Store) GC(ctx context.Context, horizon uint64, budget int) (GCStats, error) {
	s.sweep.mu.Lock()
	defer s.sweep.mu.Unlock()
	stats, next, err := s.gc(ctx, horizon, s.sweep.next, budget)
	if err == nil {
		s.sweep.next = next
	}
	return stats, err
}

// collectStep is how many versions Collect looks at in one go.
const collectStep = 200_000

// Collect is GC of all keys at once, in steps that are all or nothing each.
func (s *Store) Collect(ctx context.Context, horizon uint64) (all GCStats, err error) {
	start := time.Now()
	for next := []byte(nil); !all.Done; {
		var stats GCStats
		if stats, next, err = s.gc(ctx, horizon, next, collectStep); err != nil {
			break
		}
		all.Versions, all.Removed, all.Bytes = all.Versions+stats.Versions, all.Removed+stats.Removed, all.Bytes+stats.Bytes
		all.Done = stats.Done
	}
	all.Duration = time.Since(start)
	return all, err
}

// gc looks at the versions from the stored key from on, and returns where to go on.
func (s *Store) gc(ctx context.Context, horizon uint64, from []byte, budget int) (GCStats, []byte, error) {
	start := time.Now()
	if horizon > s.Applied() {
		return GCStats{}, nil, badInput("history horizon %d is after %d, up to which has been flushed", horizon, s.Applied())
	}
	if err := s.beginRead(); err != nil {
		return GCStats{}, nil, err
	}
	defer s.endRead()
	if err := s.Failed(); err != nil {
		return GCStats{}, nil, err
	}
	g := sweep{s: s, w: s.newWriter(), horizon: max(horizon, s.Horizon())}
	g.w.level = 1 // few and small: as dense as can be
	defer g.w.abort()
	next, err := g.run(ctx, from, budget)
	if err != nil {
		return GCStats{}, nil, s.wrap("gc", err)
	}
	if err := g.commit(ctx); err != nil {
		return GCStats{}, nil, err
	}
	g.stats.Done = next == nil
	g.stats.Bytes, g.stats.Duration = g.w.bytes, time.Since(start)
	if s.opts.Events.Swept != nil {
		s.opts.Events.Swept(g.stats)
	}
	return g.stats, next, nil
}

// sweep is a GC that is running.
type sweep struct {
	s       *Store
	w       *writer
	horizon uint64
	stats   GCStats
}

// run looks at the versions from the stored key from on, and returns where the next
// one goes on. It runs without the right to write: what it finds superseded stays
// so, whatever is flushed or dropped meanwhile.
func (g *sweep) run(ctx context.Context, from []byte, budget int) (next []byte, err error) {
	it, err := g.s.db.NewIter(&pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsOnly, LowerBound: firstKey})
	if err != nil {
		return nil, err
	}
	defer func() { _ = it.Close() }() // its error is looked at below
	if from == nil {
		from = firstKey
	}
	var key []byte
	var versions versionSweep
	for ok := it.SeekGE(from); ok; ok = it.Next() {
		k, ts, isVersion := cutVersion(it.Key())
		if !isVersion {
			return nil, g.s.damaged("key %x is not in the form of this store", it.Key())
		}
		if string(k) != string(key) {
			if g.stats.Versions >= budget {
				return appendPrefix(nil, k), nil
			}
			key = append(key[:0], k...)
			versions = versionSweep{horizon: g.horizon}
		}
		if g.stats.Versions%ctxEvery == 0 && ctx.Err() != nil {
			return nil, canceled(ctx)
		}
		g.stats.Versions++
		value := it.LazyValue()
		if versions.remove(ts, value.Len() == 0) {
			g.stats.Removed++
			if err := g.w.remove(key, ts); err != nil {
				return nil, err
			}
		}
	}
	return nil, it.Error()
}

// commit ingests the deletions.
func (g *sweep) commit(ctx context.Context) error {
	if g.stats.Removed == 0 {
		return nil
	}
	if err := g.s.beginWrite(ctx); err != nil {
		return err
	}
	defer g.s.endWrite()
	b := *g.s.books.Load()
	b.horizon = max(b.horizon, g.horizon)
	if err := g.w.ingest(ctx, b); err != nil {
		return g.s.wrap("gc", err)
	}
	return nil
}
