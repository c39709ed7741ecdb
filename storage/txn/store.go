package txn

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/records"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/wal"
)

// Log is what a store needs of the commit log; *wal.Log is one.
type Log interface {
	// Append adds a record; it is called in timestamp order, one at a time.
	Append(ts uint64, typ byte, payload ...[]byte) (wal.Ticket, error)
	// Wait returns when the record is written or, with sync, on stable storage.
	Wait(ctx context.Context, t wal.Ticket, sync bool) error
	// Sync waits until all that was appended before is on stable storage.
	Sync(ctx context.Context) error
	// Err says why the log takes no more records, or nil while it does.
	Err() error
}

// Store is the transactional key space. Safe for concurrent use.
type Store struct {
	opts      Options
	pool      *records.Store
	replaying *replay // nil but while the log is replayed
	log       Log     // nil: nothing outlives the process
	live      live

	// published is the newest timestamp that is visible: every commit up to it is
	// as durable as it asked to be.
	published atomic.Uint64
	installed atomic.Uint64 // newest timestamp whose versions are all in pool
	advanced  broadcast     // published rose, or the log failed

	// commit is the critical section of commits. It is held over validation,
	// wal.Log.Append and the install of the versions, not over waiting for the
	// disk. Under it: liveShard.mu, buffer locks, wal.Log.mu, hooks.mu.
	commit commitState
	hooks  hooks
	locks  lockTable

	// sweepMu lets one goroutine at a time drop versions and keys from memory and reclaim
	// blocks: a pass of the sweeper, or an eviction. Taken before commit.
	sweepMu sync.Mutex
	sweeper sweeper
	epoch   atomic.Uint64 // rises with each pass, under commit, where the pool is told; see buffer.Pool.Reclaim
	// sweepLimit keeps the sweep from what a flush may still need; set under sweepMu.
	sweepLimit atomic.Uint64

	limits      limits
	checkpoints checkpoints
	flusher     background // checkpoints and what else is done to the sorted store
	upkeep      background // keeps memory within its limit
	stalled     stalls
	admitted    atomic.Int64 // keys let into memory by reads
	evicted     atomic.Int64 // keys that left it
	holds       holds

	failed   atomic.Pointer[dberr.Error]
	inFlight sync.WaitGroup // commits that are appended and not published yet
}

type commitState struct {
	sync.Mutex
	closed   bool
	last     uint64     // newest timestamp given out, to a record or by an AS OF
	appended uint64     // newest timestamp of a record
	lastSync wal.Ticket // of the newest record that somebody waits to see synced
	syncTS   uint64     // its timestamp
	recent   recent
	logs     map[string]uint64 // the last number of each log that was appended to
}

// New returns an empty store that is not open yet: it takes Replay, Replayed, and then Start.
func New(opts Options) (*Store, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open transactions: %w", err)
	}
	s := &Store{opts: opts.withDefaults(), pool: records.New()}
	s.locks.mu.keys, s.locks.mu.objects = map[string]*keyLock{}, map[ObjectID]*keyLock{}
	s.limits = s.opts.limits()
	s.sweepLimit.Store(math.MaxUint64)
	return s, nil
}

// Backing is what a store has behind its memory.
type Backing struct {
	Sorted *sorted.Store                 // nil where there is none yet
	Make   func() (*sorted.Store, error) // makes it then, when it is first needed
	Cut    func(ts uint64) error         // gives up the records of the log before ts
}

// Back puts a sorted store behind the memory. It comes first, before Replay, which
// then is given what the sorted store does not have.
func (s *Store) Back(b Backing) {
	c := &s.checkpoints
	c.turn, c.open, c.cut = make(chan struct{}, 1), b.Make, b.Cut
	c.wake, c.due = make(chan struct{}, 1), make(chan struct{}, 1)
	s.pool.Back(b.Sorted)
	if b.Sorted != nil {
		s.live.floor.Store(b.Sorted.Horizon())
		s.published.Store(b.Sorted.Applied())
	}
}

// NewMemory returns an open store that keeps nothing beyond the process.
func NewMemory(opts Options) (*Store, error) {
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	s.Start(nil, 0)
	return s, nil
}

// Start opens the store: commits go to log from now on, or nowhere where log is
// nil, and come after last, which is the newest one replayed.
func (s *Store) Start(log Log, last Timestamp) {
	s.pool.Settle()
	s.log = log
	s.commit.last, s.commit.appended = uint64(last), uint64(last)
	s.published.Store(uint64(last))
	s.installed.Store(uint64(last))
	s.commit.recent.floor = uint64(last)
	s.startSweeper()
	if s.pool.Backed() {
		s.checkpoints.stats.begin()
		s.startUpkeep()
	}
}

// Begin starts a transaction on the newest visible state, or on the state of
// TxOptions.AsOf. It must be ended by Commit or Rollback.
func (s *Store) Begin(ctx context.Context, opts TxOptions) (*Tx, error) {
	return s.begin(ctx, opts, false)
}

// begin is Begin, with ahead on all that is in the log's memory, visible or not.
func (s *Store) begin(ctx context.Context, opts TxOptions, ahead bool) (*Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("begin transaction: %w", contextError(ctx))
	}
	if opts.AsOf != 0 {
		opts.ReadOnly = true
	}
	tx := newTx()
	tx.store, tx.opts, tx.durable = s, opts, opts.Durability != DurabilityDefault
	if !tx.durable && !opts.ReadOnly {
		tx.opts.Durability = DurabilityOf(ctx)
	}
	if s.opts.MaxTxAge > 0 {
		tx.began = s.opts.Clock.Now()
	}
	if opts.AsOf != 0 {
		return tx, s.beginAsOf(ctx, tx)
	}
	at := s.published.Load
	if ahead {
		at = func() uint64 { return max(s.installed.Load(), s.published.Load()) }
	}
	s.live.enter(tx, &s.epoch, at)
	if opts.After != nil && !opts.ReadOnly {
		if err := opts.After.lock(ctx, tx); err != nil {
			tx.Rollback()
			return nil, err
		}
	}
	return tx, nil
}

// beginAsOf starts tx in the past. Where that lies after the last commit, later
// commits are made to come after it, so that reading it again gives the same.
func (s *Store) beginAsOf(ctx context.Context, tx *Tx) error {
	at := uint64(tx.opts.AsOf)
	if at > s.published.Load() {
		if now := s.opts.Clock.Now(); at > uint64(now.UnixNano()) {
			tx.ended.Store(true)
			return dberr.New(dberr.ErrInvalid, "AS_OF_IN_FUTURE", "AS OF %v is in the future", tx.opts.AsOf.Time())
		}
		s.commit.Lock()
		pending := min(s.commit.appended, at)
		s.commit.last = max(s.commit.last, at)
		s.commit.Unlock()
		if err := s.waitPublished(ctx, pending); err != nil {
			tx.ended.Store(true)
			return fmt.Errorf("begin transaction: %w", err)
		}
	}
	s.live.enter(tx, &s.epoch, func() uint64 { return at })
	if floor := s.live.floor.Load(); at < floor {
		tx.Rollback()
		return errHistoryGone(tx.opts.AsOf, floor)
	}
	return nil
}

// Clock is the wall clock that timestamps follow.
func (s *Store) Clock() clock.Clock { return s.opts.Clock }

// Durability is that of transactions that do not say.
func (s *Store) Durability() Durability { return s.opts.Durability }

// LastCommit is the newest published timestamp.
func (s *Store) LastCommit() Timestamp { return Timestamp(s.published.Load()) }

// SyncLog returns when every commit that is visible is on stable storage, whatever its
// durability. For who derives something from commits and keeps it elsewhere.
func (s *Store) SyncLog(ctx context.Context) error {
	if s.log == nil {
		return nil
	}
	if err := s.log.Sync(ctx); err != nil {
		return fmt.Errorf("sync log: %w", err)
	}
	return nil
}

// Err says why the store takes no writes, or nil while it does. Reads go on.
func (s *Store) Err() error {
	if err := s.failed.Load(); err != nil {
		return err
	}
	return nil
}

// fail makes the store read-only, for good.
func (s *Store) fail(cause error) *dberr.Error { return s.failWith("the commit log failed", cause) }

// LogFailed makes the store read-only because its log failed, which it learns by itself
// only where a commit waits for that.
func (s *Store) LogFailed(cause error) { s.fail(cause) }

func (s *Store) failWith(what string, cause error) *dberr.Error {
	err := dberr.New(dberr.ErrReadOnly, "STORE_READ_ONLY", "%s; the store is read-only until it is opened again", what).Wrap(cause)
	if s.failed.CompareAndSwap(nil, err) {
		s.advanced.wake()
		s.checkpoints.ended.wake()
	}
	return s.failed.Load()
}

// Close refuses new commits, waits for those under way and stops what runs in
// the background. It does not close the log.
func (s *Store) Close() error {
	s.commit.Lock()
	s.commit.closed = true
	s.commit.Unlock()
	s.locks.close(errClosed())
	s.inFlight.Wait()
	s.flusher.end()
	s.lastCheckpoint()
	s.upkeep.end()
	if s.sweeper.stop != nil {
		s.sweeper.stop()
	}
	return nil
}

// replayBytes is how much log a store that is closed may leave to be replayed: less
// than it would take to bring it into the sorted store.
const replayBytes = 4 << 20

// lastCheckpoint spares the next Open a long replay. Where it fails, the log has
// everything all the same.
func (s *Store) lastCheckpoint() {
	if !s.pool.Backed() || s.Err() != nil || !s.checkpoints.held.Load() && s.checkpoints.logged.get() < replayBytes {
		return
	}
	if _, err := s.Checkpoint(context.Background()); err != nil {
		if f := s.opts.Events.CheckpointFailed; f != nil {
			f(err)
		}
	}
}

// waitPublished returns when commits up to ts are visible.
func (s *Store) waitPublished(ctx context.Context, ts uint64) error {
	for {
		rose := s.advanced.wait()
		if s.published.Load() >= ts {
			return nil
		}
		if err := s.Err(); err != nil {
			return err
		}
		select {
		case <-rose:
		case <-ctx.Done():
			return contextError(ctx)
		}
	}
}

// publish makes commits up to ts visible. The caller knows them durable.
func (s *Store) publish(ts uint64) {
	for {
		old := s.published.Load()
		if old >= ts {
			break
		}
		if s.published.CompareAndSwap(old, ts) {
			s.advanced.wake()
			break
		}
	}
	s.hooks.deliver(&s.published)
}

// contextError is why ctx ended, with its class.
func contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if ctx.Err() == context.DeadlineExceeded {
		return dberr.New(dberr.ErrTimeout, "TIMEOUT", "the time ran out").Wrap(cause)
	}
	return dberr.New(dberr.ErrCanceled, "CANCELED", "the request was canceled").Wrap(cause)
}

// broadcast wakes all who wait. The zero value is ready.
type broadcast struct {
	mu      sync.Mutex
	ch      chan struct{}
	waiting atomic.Bool
}

// wait returns a channel that is closed by the next wake.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	b.waiting.Store(true)
	return b.ch
}

func (b *broadcast) wake() {
	if !b.waiting.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
	b.waiting.Store(false)
}

// Stats describes the records in memory. It may be called at any time.
func (s *Store) Stats() buffer.Stats { return s.pool.Stats() }
