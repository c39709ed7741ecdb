package txn

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/sorted"
)

// background is a goroutine that runs until it is stopped.
type background struct {
	ctx  context.Context
	stop func() // ends it and waits; nil while it was not started
}

func (b *background) start(run func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	b.ctx = ctx
	done.Go(func() { run(ctx) })
	b.stop = sync.OnceFunc(func() {
		cancel()
		done.Wait()
	})
}

func (b *background) end() {
	if b.stop != nil {
		b.stop()
	}
}

func (b *background) stopping() bool { return b.ctx != nil && b.ctx.Err() != nil }

// counter is a number of bytes.
type counter struct{ v atomic.Int64 }

func (c *counter) add(n int64) { c.v.Add(n) }
func (c *counter) get() int64  { return c.v.Load() }

// stalls counts the waits of commits.
type stalls struct{ n, nanos atomic.Int64 }

func (s *stalls) add(d time.Duration) {
	s.n.Add(1)
	s.nanos.Add(int64(d))
}

// checkpointStats is how checkpoints went.
type checkpointStats struct {
	// mu guards the rest. Innermost; not held over I/O.
	mu       sync.Mutex
	count    int64
	bytes    int64
	end      time.Time // of the last one, or of the start
	failure  error     // of the last one, nil where it went well
	failures int       // in a row
	retry    time.Time // not before
	replaced int64     // versions that flushes have left behind newer ones since the last collection began
	hiding   uint64    // timestamp of the last flush with such
	sweeping bool      // a collection is under way
	swept    time.Time // when the last one ended
}

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
	// A collection begins after garbageEntries versions that are hidden by newer ones, or one
	// such for each garbageShare bytes of the sorted store, whichever is more; or when there
	// was one, nobody can read before it any more, and the last collection is
	// collectPause ago.
	garbageEntries = 20_000
	garbageShare   = 4 << 10
	collectPause   = 10 * time.Minute
)

func (c *checkpointStats) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = time.Now()
}

func (c *checkpointStats) ended(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
	if err == nil {
		c.failures, c.retry = 0, time.Time{}
		return
	}
	if errors.Is(err, dberr.ErrCanceled) || errors.Is(err, dberr.ErrTimeout) {
		c.failure = nil
		return
	}
	c.retry = time.Now().Add(min(firstRetry<<min(c.failures, 16), lastRetry))
	c.failures++
}

func (c *checkpointStats) done(info CheckpointInfo, stats sorted.FlushStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	c.bytes += info.Bytes
	c.end = time.Now()
	if stats.Hidden > 0 {
		c.replaced += int64(stats.Hidden)
		c.hiding = uint64(info.Timestamp)
	}
}

func (c *checkpointStats) last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

func (c *checkpointStats) retryAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.retry
}

func (c *checkpointStats) err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// garbage is how many versions flushes have left behind newer ones since the last
// collection began.
func (c *checkpointStats) garbage() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replaced
}

// garbageDue says whether a collection of a sorted store of so many bytes is to
// begin, or to go on.
func (c *checkpointStats) garbageDue(horizon uint64, bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sweeping || c.replaced == 0 {
		return c.sweeping
	}
	late := horizon >= c.hiding && time.Since(c.swept) >= collectPause
	if late || c.replaced >= garbageEntries && c.replaced >= bytes/garbageShare {
		c.sweeping, c.replaced = true, 0
		if horizon < c.hiding {
			c.replaced = 1 // not all of it can go yet
		}
	}
	return c.sweeping
}

func (c *checkpointStats) collected(stats sorted.GCStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sweeping = !stats.Done; stats.Done {
		c.swept = time.Now()
	}
}
