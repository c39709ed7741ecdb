// Package sorted is the on-disk sorted store: every version of every key up to a
// commit timestamp, in SSTables that Pebble keeps in order.
//
// # What it promises
//
//   - A Flush is all or nothing. A generation of entries is written as disjoint
//     SSTables and ingested together with the applied timestamp in one step; after
//     a crash the store holds exactly the flushes up to Applied and nothing else.
//     GC and DropRange are atomic in the same way and can be run again.
//   - A read at timestamp ts sees, for each key, the newest version at or before
//     ts. That holds for every ts from Horizon on; older ones are refused, since
//     versions that only they could see may be gone.
//   - Damage is an error that names file and offset (dberr.CorruptError), never a
//     wrong answer. Every byte of an SSTable is under a checksum.
//   - The first failure to make the store's own books durable ends its writing
//     (class dberr.ErrReadOnly): whether that step happened is then unknown, so
//     from that moment not one byte of the directory is changed any more, and
//     opening it again finds out. Other failures leave the store as it was.
//
// # What it owns
//
// A directory (docs/format/sst.md): STORE names it, LOCK keeps others out, db is
// Pebble's, and new holds SSTables on their way in. A newer format and another
// store's directory are refused before anything is touched. All I/O goes through
// the file system handed to Open, so one that encrypts covers everything here,
// checkpoints included.
//
// # How it is meant to be used
//
// The caller flushes generations in commit order, each of 64 MiB or more where
// possible: generations of random keys overlap, so each adds a sublevel that
// every read must look at until compaction has merged it. Ingestion has no brake
// of its own. Overloaded and WaitReady are the brake: ask before flushing and
// slow writers down by what they say.
//
// Old versions go in two ways. Flush takes the history horizon and, in the SSTable
// that brings a key's new version, deletes those that nothing can read any more;
// GC sweeps what is not written again. Pebble has no hook in its compactions for
// either. A deletion that hides nothing is not stored. Whole ranges go by
// DropRange, which is not transactional: reads at earlier timestamps see the range
// empty as well. Only iterators that are open already go on as they were.
//
// # Why it is so
//
// Pebble's memtable and its log are not used: the commit log is the truth, and
// what sits in a memtable would have to be flushed before an ingestion that
// overlaps it. The keys are in the form that Pebble's cockroachkvs schema knows,
// so blocks are columnar, stepping over versions is cheap and filters work on the
// key without its timestamp. The applied timestamp sorts before every key and has
// files of its own at all levels, so recording it never rewrites data and appending
// keys beyond the last one goes straight to the bottom level.
package sorted

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// MaxTimestamp is the greatest timestamp that a version may have, and what a read
// of the newest versions asks for.
const MaxTimestamp = math.MaxUint64 - 1

// Store is an open sorted store. Its methods may be called concurrently; those
// that write (Flush, GC, DropRange, Checkpoint) wait for each other.
type Store struct {
	fs    *guard
	dir   string
	id    [16]byte
	opts  Options
	db    *pebble.DB
	popts *pebble.Options // what db runs with, for writing SSTables
	table sstable.TableFormat
	lock  io.Closer

	uncount func() // ends that the cache counts as memory of the process

	// write is held (by having put a token in) while the store's content changes.
	// Order: write -> use. It is held over I/O.
	write chan struct{}
	use   *users // open reads and writes, so that Close knows when they have ended

	books    atomic.Pointer[books] // replaced only under write
	failure  atomic.Pointer[dberr.Error]
	broken   chan struct{} // closed with the failure
	owed     atomic.Int32  // failed compactions that the engine is about to report again
	points   cursorPool
	ranges   cursorPool
	sweep    sweepState
	pressure pressure
	sched    *scheduler
	upkeep   *upkeep
	staged   atomic.Uint64 // number of the next file in new
}

// books is what the store knows about itself; they are stored in each ingestion.
type books struct {
	applied uint64
	horizon uint64
	drops   []Drop // never changed; the order is that in which they came
}

// Drop says that every version at or before TS of the keys in [Lower, Upper) was
// dropped. A nil Upper is no bound.
type Drop struct {
	Lower, Upper []byte
	TS           uint64
}

// Covers says whether key is in the range.
func (d *Drop) Covers(key []byte) bool {
	return bytes.Compare(d.Lower, key) <= 0 && (d.Upper == nil || bytes.Compare(key, d.Upper) < 0)
}

func (d *Drop) equal(o *Drop) bool {
	return d.TS == o.TS && bytes.Equal(d.Lower, o.Lower) && bytes.Equal(d.Upper, o.Upper) && (d.Upper == nil) == (o.Upper == nil)
}

// Applied is the commit timestamp up to which everything is in the store.
func (s *Store) Applied() uint64 { return s.books.Load().applied }

// Horizon is the earliest timestamp that can be read: versions that only earlier
// reads could see may have been deleted.
func (s *Store) Horizon() uint64 { return s.books.Load().horizon }

// Drops are the ranges that were noted as dropped by FlushGeneration and have not
// been executed yet. Reads do not look at them: that is for the caller, who knows
// of the ones that are not flushed as well. The list must not be changed.
func (s *Store) Drops() []Drop { return s.books.Load().drops }

// ID is the store id that the store was opened with.
func (s *Store) ID() [16]byte { return s.id }

// Failed returns why the store has stopped writing, or nil while it has not. The
// error is of class dberr.ErrReadOnly. Reads go on.
func (s *Store) Failed() error {
	if e := s.failure.Load(); e != nil {
		return e
	}
	return nil
}

// fail ends all changes of the directory. The first cause stays.
func (s *Store) fail(cause error) {
	e := dberr.New(dberr.ErrReadOnly, "STORE_FAILED", "the sorted store %s failed; nothing is written until it is opened again", s.dir).
		WithHint("look at the disk, then open the store again").Wrap(vfs.MapError(cause))
	if s.failure.CompareAndSwap(nil, e) {
		close(s.broken)
		s.sched.stop()
		s.pressure.wake()
		if s.opts.Events.Failed != nil {
			s.opts.Events.Failed(e)
		}
	}
}

var errClosed = dberr.New(dberr.ErrUnavailable, "STORE_CLOSED", "the sorted store is closed")

// beginRead keeps Close waiting until endRead.
func (s *Store) beginRead() error {
	if !s.use.enter() {
		return errClosed
	}
	return nil
}

func (s *Store) endRead() { s.use.leave() }

// beginWrite takes the right to change the content, until endWrite.
func (s *Store) beginWrite(ctx context.Context) error {
	select {
	case s.write <- struct{}{}:
	case <-ctx.Done():
		return canceled(ctx)
	}
	if err := ctx.Err(); err != nil {
		<-s.write
		return canceled(ctx)
	}
	if err := s.Failed(); err != nil {
		<-s.write
		return err
	}
	if !s.use.enter() {
		<-s.write
		return errClosed
	}
	return nil
}

func (s *Store) endWrite() {
	s.use.leave()
	<-s.write
}

// canceled gives the end of ctx its class.
func canceled(ctx context.Context) error {
	err := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", dberr.ErrTimeout, err)
	}
	return fmt.Errorf("%w: %w", dberr.ErrCanceled, err)
}

// Close waits for running calls and open iterators, then closes the store. What
// was flushed is durable already: an error tells of resources, not of data.
func (s *Store) Close() error {
	if !s.use.close() {
		return nil
	}
	s.upkeep.end()
	s.points.drain()
	s.ranges.drain()
	s.uncount()
	err := s.db.Close()
	s.sched.stop()
	if s.Failed() != nil {
		err = nil // what failed was told when it did
	}
	if err = errors.Join(err, s.lock.Close()); err != nil {
		return fmt.Errorf("close sorted store %s: %w", s.dir, s.explain(err))
	}
	return nil
}

// users counts those inside and lets nobody in once closed.
type users struct {
	mu     sync.Mutex // guards the rest; innermost
	count  int
	closed bool
	ending chan struct{} // closed by close
	empty  chan struct{} // closed when the last one leaves after close
}

func newUsers() *users {
	return &users{ending: make(chan struct{}), empty: make(chan struct{})}
}

// closing is closed when close is called.
func (u *users) closing() <-chan struct{} { return u.ending }

func (u *users) enter() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	u.count++
	return true
}

func (u *users) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count--; u.count == 0 && u.closed {
		close(u.empty)
	}
}

// close waits until all have left. It reports whether it was the first call.
func (u *users) close() bool {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return false
	}
	u.closed = true
	close(u.ending)
	wait := u.count > 0
	u.mu.Unlock()
	if wait {
		<-u.empty
	}
	return true
}
