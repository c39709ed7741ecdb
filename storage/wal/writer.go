package wal

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// writer is the state of who writes segments: the log's own goroutine, or a caller of
// Wait who found nobody writing. Whoever holds the lock is the writer.
type writer struct {
	sync.Mutex          // taken before Log.mu, and held over I/O
	seg        *segment // being written
	dirty      bool     // seg has bytes written through the page cache and not synced
	unsynced   []*batch // written, not synced, oldest first
	header     []byte   // a block for segment headers
	alone      bool     // the last batch was a single record
}

// run writes batches until the log is closed, and then what is left.
func (l *Log) run() {
	for {
		select {
		case <-l.wake:
			l.w.Lock()
			l.gather()
			l.turn(l.due.Swap(false))
			l.w.Unlock()
			l.passOn()
		case <-l.quit:
			l.w.Lock()
			l.turn(true)
			l.turn(true) // what the first synced, this one marks as such
			l.w.Unlock()
			return
		}
	}
}

// writeFor makes the caller the writer, so that done happens, and says whether it has.
// Where somebody else is writing, it sees to it that they, or the goroutine after them,
// write what the caller waits for.
//
// Nobody is forgotten: who does not get the lock has set asked before, so its holder
// sees that when it lets go. What is taken after asked was cleared is all that was
// appended by whoever had set it.
func (l *Log) writeFor(done *event) bool {
	if !l.w.TryLock() {
		l.asked.Store(true)
		if !l.w.TryLock() {
			return false
		}
	}
	if !done.over.Load() {
		l.gather()
		l.turn(false) // the timer is the goroutine's, which Close waits for
	}
	l.w.Unlock()
	l.passOn()
	return done.over.Load()
}

// passOn has the goroutine write for those who came while the caller was the writer.
func (l *Log) passOn() {
	if l.asked.Load() && l.asked.Swap(false) {
		l.wakeWriter()
	}
}

// gatherRounds bounds how often gather gives way, or records that nobody waits
// for could hold up those that somebody does.
const gatherRounds = 8

// gather lets other goroutines add to the batch while they are doing so.
func (l *Log) gather() {
	if l.opts.GroupDelay > 0 {
		select {
		case <-time.After(l.opts.GroupDelay):
		case <-l.quit:
		}
		return
	}
	for round, seen := 0, uint64(0); round < gatherRounds; round++ {
		l.mu.Lock()
		pos, records := l.mu.pos, l.mu.batch.records
		l.mu.Unlock()
		if pos == seen || (l.w.alone && records <= 1) {
			return
		}
		if round > 0 {
			seen = pos // those who were let run once have others run, whom they woke
		}
		runtime.Gosched()
	}
}

// turn writes what is at hand and syncs it where that is asked for or due. The caller
// is the writer.
func (l *Log) turn(due bool) {
	l.asked.Store(false)
	b, failed := l.take(due)
	if failed != nil {
		l.abandon(b, failed, false)
		return
	}
	sync := due || (b != nil && b.waited.Load())
	for _, u := range l.w.unsynced {
		sync = sync || u.waited.Load()
	}
	if b == nil && (!sync || len(l.w.unsynced) == 0) {
		return
	}
	if b != nil {
		l.w.alone = b.records <= 1
	}
	if b == nil || l.opts.Events.Wrote == nil {
		if err := l.write(b, sync); err != nil {
			l.abandon(b, err, true)
		}
		return
	}
	began := time.Now()
	if err := l.write(b, sync); err != nil {
		l.abandon(b, err, true)
		return
	}
	l.opts.Events.Wrote(WriteInfo{Records: b.records, Bytes: b.bytes, Synced: sync, Duration: time.Since(began)})
}

// take takes the batch and puts an empty one in its place. With due it sees to it
// that a log at rest ends in a mark, and that the timer runs until it does.
func (l *Log) take(due bool) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.mu.seg
	if due {
		open := s != nil && !l.mu.marked && l.mu.err == nil && s.end+2*frameLen <= s.size
		if open && l.mu.batch.bytes == 0 && l.mu.synced == s.end {
			l.frameLocked(frame{kind: kindMark, ts: l.mu.last}, nil)
			l.mu.marked = true
		}
		l.mu.armed = open && !l.mu.marked && !l.mu.closed
		if l.mu.armed {
			l.timer.Reset(l.opts.SyncInterval)
		}
	}
	b := l.mu.batch
	if b.bytes == 0 {
		return nil, l.mu.err
	}
	l.mu.batch, l.mu.taken = &batch{}, b
	l.mu.batch.goOn(l.continueLocked(b.chunks[len(b.chunks)-1]))
	l.room.Broadcast()
	return b, l.mu.err
}

// continueLocked returns a chunk that goes on where c ends, in the block where
// it ends.
func (l *Log) continueLocked(c *chunk) chunk {
	end := c.end()
	base := end &^ (vfs.BlockSize - 1)
	buf := append(l.bufferLocked(minBuffer), c.buf[base-c.base:]...)
	return chunk{seg: c.seg, base: base, start: end, buf: buf}
}

// write writes b, which may be nil, and with sync syncs all that was written.
func (l *Log) write(b *batch, sync bool) error {
	if b != nil {
		for _, c := range b.chunks {
			if err := l.writeChunk(c, sync); err != nil {
				return err
			}
		}
		l.written(b)
		l.w.unsynced = append(l.w.unsynced, b)
	}
	if !sync {
		return nil
	}
	return l.sync()
}

// writeChunk writes c. With sync and nothing unsynced before it, the write is
// direct where the disk can: it is durable on return, and costs one round trip.
func (l *Log) writeChunk(c *chunk, sync bool) error {
	if c.begin {
		if err := l.begin(c.seg); err != nil {
			return err
		}
	}
	if c.start == c.end() {
		return nil
	}
	s := c.seg
	if sync && !l.w.dirty && s.direct != nil {
		whole := c.buf[:roundUp(int64(len(c.buf)))]
		clear(whole[len(c.buf):])
		if _, err := s.direct.WriteAt(whole, c.base); err != nil {
			return fmt.Errorf("write %s: %w", s.name, vfs.MapError(err))
		}
		return nil
	}
	l.w.dirty = true
	if _, err := s.file.WriteAt(c.buf[c.start-c.base:], c.start); err != nil {
		return fmt.Errorf("write %s: %w", s.name, vfs.MapError(err))
	}
	return nil
}

// sync makes all that was written durable and tells who waits.
func (l *Log) sync() error {
	if err := l.syncFile(); err != nil {
		return err
	}
	l.mu.Lock()
	if s := l.w.seg; s != nil && s == l.mu.seg {
		l.mu.synced = s.written
	}
	l.mu.Unlock()
	for _, b := range l.w.unsynced {
		b.synced.happen(nil)
	}
	clear(l.w.unsynced)
	l.w.unsynced = l.w.unsynced[:0]
	return nil
}

func (l *Log) syncFile() error {
	if !l.w.dirty {
		return nil
	}
	if err := l.w.seg.file.SyncData(); err != nil {
		return fmt.Errorf("sync %s: %w", l.w.seg.name, vfs.MapError(err))
	}
	l.w.dirty = false
	return nil
}

// begin makes s the segment being written. The one before is on stable storage,
// its seal included, before the header of s is; and that is before any frame of
// s. Recovery builds on this order.
func (l *Log) begin(s *segment) error {
	if old := l.w.seg; old != nil {
		if err := l.syncFile(); err != nil {
			return err
		}
		if err := old.closeFiles(); err != nil {
			return fmt.Errorf("close %s: %w", old.name, err)
		}
		l.mu.Lock()
		old.sealed, old.written = true, old.end
		l.mu.Unlock()
	}
	l.w.seg = s
	block := l.w.header[:vfs.BlockSize]
	clear(block)
	s.header.append(block[:0])
	if err := l.writeHeader(s, block); err != nil {
		return fmt.Errorf("write header of %s: %w", s.name, vfs.MapError(err))
	}
	if l.opts.Events.Segment != nil {
		l.opts.Events.Segment(s.header.Seq, SegmentBegun)
	}
	return nil
}

func (l *Log) writeHeader(s *segment, block []byte) error {
	if s.direct != nil {
		_, err := s.direct.WriteAt(block, 0)
		if !errors.Is(err, syscall.EINVAL) {
			return err
		}
		// The device wants another alignment than ours: do without.
		if err := s.direct.Close(); err != nil {
			return err
		}
		s.direct = nil
	}
	if _, err := s.file.WriteAt(block, 0); err != nil {
		return err
	}
	return s.file.SyncData()
}

// written publishes that b is in the file and gives its buffers back.
func (l *Log) written(b *batch) {
	l.mu.Lock()
	for _, c := range b.chunks {
		c.seg.written = max(c.seg.written, c.end())
		if cap(c.buf) <= keepBuffer && len(l.mu.free) < 3 {
			l.mu.free = append(l.mu.free, c.buf)
		}
		c.buf = nil
	}
	l.mu.Unlock()
	b.chunks, b.first = nil, chunk{}
	b.wrote.happen(nil)
}

// abandon ends the log with cause and tells everybody who waits what is known of
// their records: b was being written if it was attempted, the unsynced may be
// lost, and what came after b was never begun.
func (l *Log) abandon(b *batch, cause error, attempted bool) {
	poison := l.poison(cause)
	unknown := dberr.New(dberr.ErrUndetermined, "COMMIT_UNDETERMINED", "the log failed while writing").Wrap(poison)
	for _, u := range l.w.unsynced {
		u.synced.happen(unknown)
	}
	inUnsynced := b != nil && len(l.w.unsynced) > 0 && l.w.unsynced[len(l.w.unsynced)-1] == b
	l.w.unsynced = nil
	if b != nil && !inUnsynced {
		if attempted {
			b.fail(unknown)
		} else {
			b.fail(poison)
		}
	}
	l.mu.Lock()
	rest := l.mu.batch
	l.mu.batch = &batch{}
	l.mu.Unlock()
	rest.fail(poison)
}

func (b *batch) fail(err error) {
	b.wrote.happen(err)
	b.synced.happen(err)
}
