package txn

import (
	"context"
	"fmt"
	"time"
)

// Compacted says what a Compact did.
type Compacted struct {
	Versions int   // that nobody could read any more, deleted from the sorted store
	Before   int64 // bytes of SSTables after the checkpoint
	After    int64 // and in the end
	Duration time.Duration
}

// Compact makes the sorted store as small and as fast to read as can be: it runs a
// checkpoint, executes range drops, deletes every version that is past the history
// and all readers, and merges all SSTables. The store does all of that by itself,
// little by little; this is for after a bulk load or a mass deletion. It takes as long
// as writing everything once, and until it ends up to as much room again. Reads and
// writes go on. If ctx ends or an error comes, nothing is lost, and what was done
// stays. In memory, where there is no sorted store, it only sweeps.
func (s *Store) Compact(ctx context.Context) (done Compacted, err error) {
	began := time.Now()
	defer func() { done.Duration = time.Since(began) }()
	s.Sweep()
	if !s.pool.Backed() {
		return done, nil
	}
	if _, err := s.checkpointNow(ctx, true); err != nil {
		return done, fmt.Errorf("compact: %w", err)
	}
	s.executeDrops(ctx)
	disk := s.pool.Disk()
	done.Before = disk.Stats().Bytes
	horizon := min(s.live.raise(s.historyBegins()), s.pool.Applied())
	stats, err := disk.Collect(ctx, horizon)
	done.Versions = stats.Removed
	if err == nil {
		err = disk.Settle(ctx)
	}
	done.After = disk.Stats().Bytes
	if err != nil {
		return done, fmt.Errorf("compact: %w", s.flushFailed(err))
	}
	return done, nil
}
