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
	replaced int64     // entries flushed since the last full collection that may hide older ones
	flushed  int64     // entries in all since then
	sweeping bool      // a collection is under way
}

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
	// garbageEntries is how many entries that may hide older ones call for a
	// collection, at least.
	garbageEntries = 20_000
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
	c.replaced += int64(stats.Probed)
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

func (c *checkpointStats) garbageDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.replaced >= garbageEntries && !c.sweeping {
		c.sweeping, c.replaced = true, 0
	}
	return c.sweeping
}

func (c *checkpointStats) collected(stats sorted.GCStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweeping = !stats.Done
}
