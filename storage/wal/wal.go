// Package wal is the commit log: records in timestamp order, on disk before
// they are acknowledged, found again after a crash.
//
// What it promises. A record whose Wait with sync returned nil is read back by
// every later Open, in order, whatever the machine did in between; one waited
// for without sync is, unless the machine (not just the process) stops within
// Options.SyncInterval. Nothing is ever read back that was not appended, and
// bytes that were on stable storage and are no longer what they were are
// reported with file and offset (*dberr.CorruptError), never skipped. The first
// write or sync that fails poisons the log: nothing is acknowledged afterwards.
//
// What it owns. A directory of segment files (format.go, docs/format/wal.md),
// reserved on disk before a record is let in, so that a full disk is noticed by
// Append, which then has written nothing and may be called again once there is
// room. Segments past their use are written again under a new name.
//
// How it works. Append frames a record in memory, under the caller's lock and in
// its order. One writer at a time (writer.go) writes all frames at hand in one go and
// syncs them once for everybody: a caller of Wait, where nobody is writing, and
// otherwise the log's goroutine. A second one (prepare.go) has the next segment ready
// before the current one is full.
//
// What it refuses. Timestamps that go back, payloads over MaxPayload, a
// directory in use or of another store.
package wal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// Record is one entry of the log.
type Record struct {
	Timestamp uint64
	Type      byte   // the caller's own
	Payload   []byte // valid only during the callback
}

// Log is an open commit log. Append is for one caller at a time, in timestamp
// order; everything else may be called at once from anywhere.
type Log struct {
	fs      vfs.FS
	dir     string
	storeID [16]byte
	opts    Options
	lock    io.Closer
	newSalt func() uint64

	// mu guards what Append, the writer and the preparer share. It is taken under
	// the caller's own commit lock and takes no other. Never held over I/O.
	mu struct {
		sync.Mutex
		err      error      // why the log is poisoned, nil while it is not
		closed   bool       // Append is refused; the writer drains
		segs     []*segment // begun segments, oldest first; the last one is seg
		seg      *segment   // takes frames; nil before the first record of a life
		next     *segment   // reserved and ready to follow seg, or nil
		nextErr  error      // why the latest attempt to reserve one failed
		wantSize int64      // bytes that next must hold, where more than a segment
		nextSeq  uint64     // sequence of the segment after the newest begun one
		spares   []string   // files to be recycled
		sparesAt uint64     // number for the next spare file's name
		batch    *batch     // takes frames; never nil
		taken    *batch     // the last batch that the writer took
		free     [][]byte   // buffers for chunks
		last     uint64     // timestamp of the last record
		pos      uint64     // bytes framed since Open
		synced   int64      // seg is on stable storage up to here
		marked   bool       // nothing was appended since a frame that says all is synced
		armed    bool       // timer will fire
	}
	room *sync.Cond // on mu: the batch was taken, next is ready, or neither will ever be

	w     writer
	asked atomic.Bool   // somebody waits for what the writer may not have taken
	wake  chan struct{} // room for one: the goroutine that writes has something to do
	prep  chan struct{} // room for one: the preparer has
	quit  chan struct{} // closed once the log is
	done  sync.WaitGroup
	timer *time.Timer
	due   atomic.Bool // timer fired: all that is framed is to be synced

	truncate  sync.Mutex // serializes what retires segments; held over I/O, before mu
	closeOnce sync.Once
	closeErr  error
}

// start runs the goroutines of an opened log.
func (l *Log) start() {
	l.timer = time.AfterFunc(time.Hour, func() {
		l.due.Store(true)
		l.wakeWriter()
	})
	l.timer.Stop()
	l.done.Add(2)
	go func() { defer l.done.Done(); l.run() }()
	go func() { defer l.done.Done(); l.prepareLoop() }()
	l.mu.Lock()
	l.prepareAheadLocked()
	l.mu.Unlock()
}

// Err says why the log takes no more records, or nil while it does. The error is
// of class dberr.ErrReadOnly and holds the first failure.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.err
}

// poison makes cause the end of the log, unless it has ended before, and returns
// the error that callers get from now on.
func (l *Log) poison(cause error) error {
	l.mu.Lock()
	first := l.mu.err == nil
	if first {
		l.mu.err = dberr.New(dberr.ErrReadOnly, "LOG_FAILED", "the commit log %s failed; nothing is written until it is opened again", l.dir).Wrap(cause)
	}
	err := l.mu.err
	l.room.Broadcast()
	l.mu.Unlock()
	if first && l.opts.Events.Failed != nil {
		l.opts.Events.Failed(err)
	}
	l.wakeWriter()
	return err
}

var errClosed = dberr.New(dberr.ErrUnavailable, "LOG_CLOSED", "the commit log is closed")

// usableLocked says why nothing may be appended, or nil.
func (l *Log) usableLocked() error {
	if l.mu.err != nil {
		return l.mu.err
	}
	if l.mu.closed {
		return errClosed
	}
	return nil
}

// Sync waits until all that was appended before is on stable storage.
func (l *Log) Sync(ctx context.Context) error {
	l.mu.Lock()
	b := l.mu.batch
	if b.bytes == 0 {
		b = l.mu.taken
	}
	t, err := Ticket{pos: l.mu.pos, b: b}, l.mu.err
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return l.Wait(ctx, t, true)
}

// Close syncs what was appended and releases the directory. An Append at the
// same time is either part of that or refused. The error is that of the sync, or
// the one that had poisoned the log.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		l.mu.Lock()
		l.mu.closed = true
		l.room.Broadcast()
		l.mu.Unlock()
		close(l.quit)
		l.done.Wait()
		l.timer.Stop()
		l.truncate.Lock() // no file is renamed or removed once the lock is free
		defer l.truncate.Unlock()
		l.closeErr = errors.Join(l.Err(), l.release())
		if l.closeErr != nil {
			l.closeErr = fmt.Errorf("close log %s: %w", l.dir, l.closeErr)
		}
	})
	return l.closeErr
}

// release closes every file and the lock.
func (l *Log) release() error {
	l.mu.Lock()
	segs := append([]*segment{l.mu.next}, l.mu.segs...)
	l.mu.next, l.mu.seg = nil, nil
	l.mu.Unlock()
	var errs []error
	for _, s := range segs {
		if s != nil {
			errs = append(errs, s.closeFiles())
		}
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	return errors.Join(errs...)
}

func (l *Log) wakeWriter() { signal(l.wake) }

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // it has been told already
	}
}
