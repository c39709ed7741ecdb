package txn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/records"
	"github.com/weftdb/weft/storage/sorted"
)

// Checkpoints. What was committed up to a timestamp is frozen as a generation,
// written into the sorted store, and with that the log up to there is no longer
// needed.
//
//	freeze      under Store.commit: from here on, writes are of the next generation
//	wait        until all of it is visible and the log is synced: what the sorted
//	            store has, the log has
//	flush       in the order of keys, outside of every lock
//	stored      under Store.commit: its versions may leave memory
//	cut         the log, as far as nobody holds it
//
// A flush that fails is tried again with the same generation. While one runs, the
// sweep drops nothing that a read at the flush's horizon could see, since that is
// the horizon which the sorted store then promises.

// checkpoints is the state of the checkpointer.
type checkpoints struct {
	// turn is held (by having put a token in) by the checkpoint that runs. It is taken
	// before every lock and held over I/O.
	turn chan struct{}
	gen  *records.Generation // frozen, and not stored yet; under turn
	pin  *Tx                 // the reader of gen
	held atomic.Bool         // there is a gen

	open func() (*sorted.Store, error) // makes the sorted store, where there is none
	cut  func(ts uint64) error         // the log's records before ts are not needed

	logged counter // bytes of records since the last freeze
	stats  checkpointStats
	wake   chan struct{} // memory is over its limit
	due    chan struct{} // a checkpoint may be due
	ended  broadcast     // a checkpoint ended, or memory was relieved
}

// CheckpointInfo describes one checkpoint.
type CheckpointInfo struct {
	Timestamp Timestamp     // everything up to it is in the sorted store
	Keys      int           // that had changed
	Bytes     int64         // of SSTables
	Wait      time.Duration // for the sorted store to catch up with its compactions
	Duration  time.Duration
}

// Checkpoint brings everything that was committed before the call into the sorted
// store, and returns up to which timestamp everything is there. The store does so by
// itself as it is needed. In memory, where there is no sorted store, it does nothing.
func (s *Store) Checkpoint(ctx context.Context) (Timestamp, error) {
	if !s.pool.Backed() {
		return s.LastCommit(), nil
	}
	return s.checkpointNow(ctx, false)
}

// checkpointNow is Checkpoint, which with force runs one also where nothing was
// committed since the last, since that brings the horizon up to date.
func (s *Store) checkpointNow(ctx context.Context, force bool) (Timestamp, error) {
	c := &s.checkpoints
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, fmt.Errorf("checkpoint: %w", contextError(ctx))
	}
	defer func() { <-c.turn }()
	s.commit.Lock()
	target := s.commit.appended
	s.commit.Unlock()
	for ; force || s.pool.Applied() < target || s.pool.Disk() == nil; force = false {
		if err := s.checkpoint(ctx, func(*sorted.Store) error { return nil }); err != nil {
			return Timestamp(s.pool.Applied()), fmt.Errorf("checkpoint: %w", err)
		}
	}
	return Timestamp(s.pool.Applied()), nil
}

// checkpoint flushes one generation, once the sorted store is ready. The caller has the turn.
func (s *Store) checkpoint(ctx context.Context, ready func(*sorted.Store) error) (err error) {
	began := time.Now()
	c := &s.checkpoints
	defer func() {
		c.stats.ended(err)
		c.ended.wake()
	}()
	if err := s.Err(); err != nil {
		return err
	}
	s.freeze()
	upTo := c.gen.UpTo()
	if err := s.waitPublished(ctx, upTo); err != nil {
		return err
	}
	if err := s.log.Sync(ctx); err != nil {
		return err
	}
	if err := s.haveDisk(); err != nil {
		return err
	}
	waited := time.Now()
	if err := ready(s.pool.Disk()); err != nil {
		return err
	}
	info := CheckpointInfo{Timestamp: Timestamp(upTo), Keys: c.gen.Keys(), Wait: time.Since(waited)}
	horizon := s.holdSweep(upTo)
	defer s.sweepLimit.Store(math.MaxUint64)
	stats, err := s.pool.Flush(ctx, c.gen, horizon)
	if err != nil {
		return s.flushFailed(err)
	}
	s.commit.Lock()
	s.pool.Stored(c.gen)
	s.commit.Unlock()
	c.pin.Rollback()
	c.gen, c.pin = nil, nil
	c.held.Store(false)
	info.Bytes, info.Duration = stats.Bytes, time.Since(began)
	c.stats.done(info, stats)
	if f := s.opts.Events.Checkpointed; f != nil {
		f(info)
	}
	return s.cutLog()
}

// freeze makes the next generation, unless one is waiting to be flushed.
func (s *Store) freeze() {
	c := &s.checkpoints
	if c.gen != nil {
		return
	}
	pin := &Tx{store: s, flush: true, opts: TxOptions{ReadOnly: true}, began: s.opts.Clock.Now()}
	s.live.enter(pin, &s.epoch, func() uint64 { return math.MaxUint64 })
	s.commit.Lock()
	c.gen = s.pool.Freeze(s.commit.appended)
	c.logged.add(-c.logged.get())
	s.commit.Unlock()
	c.pin = pin
	c.held.Store(true)
}

// haveDisk makes the sorted store where there is none.
func (s *Store) haveDisk() error {
	if s.pool.Disk() != nil {
		return nil
	}
	disk, err := s.checkpoints.open()
	if err != nil {
		return err
	}
	s.pool.SetDisk(disk)
	return nil
}

// holdSweep returns the horizon of a flush up to upTo, and keeps the sweep from
// going beyond it until sweepLimit is set anew.
func (s *Store) holdSweep(upTo uint64) uint64 {
	s.sweepMu.Lock()
	defer s.sweepMu.Unlock()
	horizon := min(s.live.raise(s.historyBegins()), upTo)
	s.sweepLimit.Store(horizon)
	return horizon
}

// flushFailed makes the store read-only where the sorted store has ended, since
// nothing could leave memory any more.
func (s *Store) flushFailed(err error) error {
	if failed := s.pool.Disk().Failed(); failed != nil {
		return s.failWith("the sorted store failed", failed)
	}
	return err
}

// upkeepEvery is how often the store looks after its memory by itself.
const upkeepEvery = 250 * time.Millisecond

// startUpkeep runs what is due until the store is closed.
func (s *Store) startUpkeep() {
	s.upkeep.start(func(ctx context.Context) {
		tick := time.NewTicker(upkeepEvery)
		defer tick.Stop()
		offers, ranges := s.pool.Offers()
		s.relieve()
		for ctx.Err() == nil {
			select {
			case <-tick.C:
			case <-s.checkpoints.wake:
			case o := <-offers:
				s.admit(o, offers)
				continue
			case from := <-ranges:
				s.load(ctx, from)
				continue
			case <-ctx.Done():
				return
			}
			s.relieve()
		}
	})
	s.flusher.start(func(ctx context.Context) {
		tick := time.NewTicker(upkeepEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case <-tick.C:
			case <-s.checkpoints.due:
			case <-ctx.Done():
				return
			}
			s.checkpointIfDue(ctx)
			s.executeDrops(ctx)
			s.collect(ctx)
		}
	})
}

// checkpointIfDue runs a checkpoint where one is due. After a failure it pauses.
func (s *Store) checkpointIfDue(ctx context.Context) {
	c := &s.checkpoints
	if !s.due() || time.Now().Before(c.stats.retryAt()) || s.Err() != nil {
		return
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-c.turn }()
	if !s.due() { // the one that had the turn was what made it due
		return
	}
	hurry := func() bool { return s.pool.DirtyBytes() >= s.limits.stop }
	if err := s.checkpoint(ctx, func(disk *sorted.Store) error { return disk.WaitReady(ctx, hurry) }); err != nil && ctx.Err() == nil {
		if f := s.opts.Events.CheckpointFailed; f != nil {
			f(err)
		}
	}
	s.poke()
}

// due says whether enough was written for a checkpoint, or long enough ago.
func (s *Store) due() bool {
	c := &s.checkpoints
	fresh := s.pool.FreshBytes()
	switch {
	case c.held.Load(), fresh >= s.limits.flush, c.logged.get() >= s.opts.CheckpointLogBytes:
		return true
	}
	return c.logged.get() > 0 && time.Since(c.stats.last()) >= s.opts.CheckpointInterval
}

// executeDrops has the sorted store drop the ranges that nobody can read any more.
func (s *Store) executeDrops(ctx context.Context) {
	disk := s.pool.Disk()
	if disk == nil || len(s.pool.Drops()) == 0 || s.Err() != nil {
		return
	}
	horizon := min(s.live.raise(s.historyBegins()), disk.Horizon())
	for ctx.Err() == nil {
		d, ok := s.pool.Due(horizon)
		if !ok {
			return
		}
		if err := s.pool.Execute(ctx, d); err != nil {
			if f := s.opts.Events.CheckpointFailed; f != nil && ctx.Err() == nil {
				f(s.flushFailed(fmt.Errorf("drop a range: %w", err)))
			}
			return
		}
		s.commit.Lock()
		s.pool.Executed(d)
		s.commit.Unlock()
	}
}

// errStalled is what commits get where the sorted store does not take what was
// written before.
func (s *Store) errStalled() error {
	cause := s.checkpoints.stats.err()
	if errors.Is(cause, dberr.ErrFull) {
		return dberr.New(dberr.ErrFull, "DISK_FULL", "the disk is full: what was written cannot be moved out of memory").
			WithHint("free space on the device, then retry").Wrap(cause)
	}
	return dberr.New(dberr.ErrUnavailable, "CHECKPOINTS_BEHIND", "the sorted store takes less than is written; nothing more is let in for now").
		WithHint("retry later, or write more slowly").Wrap(cause)
}
