package wal

import (
	"context"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

// Ticket stands for a record that was appended. The zero Ticket stands for none
// and is never waited for.
type Ticket struct {
	pos uint64 // bytes framed since Open, this record included
	b   *batch
}

// Position orders the tickets of one open log.
func (t Ticket) Position() uint64 { return t.pos }

// batch is what one write takes to the disk. Its frames are added under Log.mu
// until the writer takes it; from then on it is the writer's.
type batch struct {
	chunks  []*chunk
	records int
	bytes   int64
	waited  atomic.Bool // somebody waits for sync
	wrote   event       // written, or failed
	synced  event       // synced, or failed

	first chunk     // with list, room for what most batches have
	list  [1]*chunk //
}

// goOn makes c, a piece of the file that has nothing new yet, what b begins with.
func (b *batch) goOn(c chunk) {
	b.first, b.list[0] = c, &b.first
	b.chunks = b.list[:]
}

// event is something that happens once, with or without an error. Its channel is made
// by who comes too early, so that one that nobody waits for costs nothing.
type event struct {
	over atomic.Bool
	mu   sync.Mutex // guards the rest; innermost
	err  error      // final once over
	ch   chan struct{}
}

// happen makes it over, for good.
func (e *event) happen(err error) {
	e.mu.Lock()
	e.err = err
	e.over.Store(true)
	ch := e.ch
	e.mu.Unlock()
	if ch != nil {
		close(ch)
	}
}

// done returns a channel that is closed once it is over.
func (e *event) done() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ch == nil {
		e.ch = make(chan struct{})
		if e.over.Load() {
			close(e.ch)
		}
	}
	return e.ch
}

// chunk is a run of bytes for one segment file. Its buffer starts at a block, so
// that a direct write may take it whole: the bytes before start are on disk
// already and are written again as they are.
type chunk struct {
	seg   *segment
	begin bool  // the segment is new: its header goes first
	base  int64 // file offset of buf[0], a multiple of vfs.BlockSize
	start int64 // file offset of the first new byte
	buf   []byte
}

func (c *chunk) end() int64 { return c.base + int64(len(c.buf)) }

// writeFrom is how much is written without anybody waiting for it.
const writeFrom = 256 << 10

const (
	minBuffer  = 64 << 10
	keepBuffer = 4 << 20 // larger buffers are left to the garbage collector
)

// alignedBuffer returns an empty buffer at a block boundary of memory, with room
// for n bytes rounded up to whole blocks.
func alignedBuffer(n int) []byte {
	n = (max(n, minBuffer) + vfs.BlockSize - 1) &^ (vfs.BlockSize - 1)
	b := make([]byte, n+vfs.BlockSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % vfs.BlockSize)
	return b[skip:skip:(skip + n)]
}

// Append frames a record and returns a ticket to wait for it with. It is called
// in timestamp order under the caller's lock, copies the payload (the parts, one
// after the other) and does no I/O. It blocks only while Options.BufferBytes are
// waiting to be written, or while the segment to go on in is being reserved.
//
// On error nothing was appended and nothing will be. Class dberr.ErrFull: the
// disk is full, and Append works again once it is not.
func (l *Log) Append(ts uint64, typ byte, payload ...[]byte) (Ticket, error) {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	if n > MaxPayload {
		return Ticket{}, dberr.New(dberr.ErrTooLarge, "RECORD_TOO_LARGE", "a log record of %d bytes is over the maximum of %d", n, MaxPayload)
	}
	f := frame{kind: kindRecord, typ: typ, ts: ts}
	if l.opts.Compression.Algorithm != compress.None && n >= minCompress {
		if packed := l.compress(payload, n); len(packed) < n {
			f.stored, payload, n = storedCompressed, [][]byte{packed}, len(packed)
		}
	}
	f.length = uint32(n)
	for _, p := range payload {
		f.payloadCRC = crc32.Update(f.payloadCRC, castagnoli, p)
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.admitLocked(ts, f.size()); err != nil {
		return Ticket{}, err
	}
	l.frameLocked(f, payload)
	l.mu.last, l.mu.seg.last = ts, ts
	l.mu.batch.records++
	l.mu.marked = false
	if !l.mu.armed {
		l.mu.armed = true
		l.timer.Reset(l.opts.SyncInterval)
	}
	if l.mu.batch.bytes >= min(writeFrom, l.opts.BufferBytes/2) {
		l.wakeWriter() // there may be nobody who waits, and nobody should have to wait for room
	}
	l.prepareAheadLocked()
	return Ticket{pos: l.mu.pos, b: l.mu.batch}, nil
}

func (l *Log) compress(parts [][]byte, n int) []byte {
	raw := make([]byte, 0, n)
	for _, p := range parts {
		raw = append(raw, p...)
	}
	return compress.AppendFrame(nil, raw, l.opts.Compression)
}

// admitLocked waits until a frame of size bytes may be added, in the segment
// that is then current.
func (l *Log) admitLocked(ts uint64, size int64) error {
	if err := l.usableLocked(); err != nil {
		return err
	}
	if ts < l.mu.last {
		return fmt.Errorf("append to log: %w: timestamp %d is before %d, the last one", dberr.ErrInvalid, ts, l.mu.last)
	}
	if l.mu.batch.bytes > 0 && l.mu.batch.bytes+size > l.opts.BufferBytes {
		began := time.Now()
		for l.mu.batch.bytes > 0 && l.mu.batch.bytes+size > l.opts.BufferBytes {
			l.wakeWriter()
			l.room.Wait()
			if err := l.usableLocked(); err != nil {
				return err
			}
		}
		l.stalled(began)
	}
	if s := l.mu.seg; s != nil && s.end+size+frameLen <= s.size {
		return nil
	}
	return l.rollLocked(ts, size)
}

func (l *Log) stalled(began time.Time) {
	if l.opts.Events.Stalled != nil {
		l.opts.Events.Stalled(time.Since(began))
	}
}

// rollLocked seals the current segment and goes on in the next, which has room
// for a frame of size bytes.
func (l *Log) rollLocked(ts uint64, size int64) error {
	need := max(l.opts.SegmentBytes, roundUp(firstFrame+size+frameLen))
	if l.mu.next == nil || l.mu.next.size < need {
		began := time.Now()
		l.mu.nextErr = nil // an old failure may be over
		for l.mu.next == nil || l.mu.next.size < need {
			if l.mu.nextErr != nil {
				return l.mu.nextErr
			}
			l.mu.wantSize = need
			signal(l.prep)
			l.room.Wait()
			if err := l.usableLocked(); err != nil {
				return err
			}
		}
		l.stalled(began)
	}
	if l.mu.seg != nil {
		l.frameLocked(frame{kind: kindSeal, ts: l.mu.last}, nil)
	}
	s := l.mu.next
	s.header.First, s.header.Prev, s.end, s.last = ts, l.mu.last, firstFrame, ts
	l.mu.next, l.mu.seg, l.mu.synced = nil, s, 0
	l.mu.nextSeq = s.header.Seq + 1
	l.mu.segs = append(l.mu.segs, s)
	c := &chunk{seg: s, begin: true, base: firstFrame, start: firstFrame, buf: l.bufferLocked(int(size))}
	l.mu.batch.chunks = append(l.mu.batch.chunks, c)
	return nil
}

// frameLocked adds a frame to the batch. The segment has room for it.
func (l *Log) frameLocked(f frame, payload [][]byte) {
	s, b := l.mu.seg, l.mu.batch
	f.synced = uint32(l.mu.synced)
	c := b.chunks[len(b.chunks)-1]
	size := int(f.size())
	if cap(c.buf)-len(c.buf) < size {
		c.buf = append(alignedBuffer(max(2*cap(c.buf), len(c.buf)+size)), c.buf...)
	}
	n := len(c.buf)
	c.buf = c.buf[:n+frameLen]
	s.life.put(c.buf[n:], f, s.end)
	for _, p := range payload {
		c.buf = append(c.buf, p...)
	}
	s.end += int64(size)
	b.bytes += int64(size)
	l.mu.pos += uint64(size)
}

func (l *Log) bufferLocked(size int) []byte {
	if n := len(l.mu.free); n > 0 {
		b := l.mu.free[n-1]
		l.mu.free = l.mu.free[:n-1]
		if cap(b) >= size {
			return b[:0]
		}
	}
	return alignedBuffer(size)
}

func roundUp(n int64) int64 { return (n + vfs.BlockSize - 1) &^ (vfs.BlockSize - 1) }

// Wait returns once the record of t is written or, with sync, on stable storage.
//
// The error is of class dberr.ErrUndetermined where the record may or may not be
// in the log: its write or sync failed, or ctx ended first (the record is then
// still on its way). It is the poison of the log, class dberr.ErrReadOnly, where
// the log failed before the record was written at all.
//
// Where nobody else is writing, the caller does it, which spares two changes of
// goroutines. It then returns when the write has ended, also where ctx ends before; so
// it does not where it is to be synced and ctx can end.
func (l *Log) Wait(ctx context.Context, t Ticket, sync bool) error {
	b := t.b
	if b == nil {
		return nil
	}
	done := &b.wrote
	if sync {
		done = &b.synced
		if !b.waited.Load() {
			b.waited.Store(true)
		}
	}
	if done.over.Load() {
		return done.err
	}
	if sync && ctx.Done() != nil {
		l.wakeWriter()
	} else if l.writeFor(done) {
		return done.err
	}
	select {
	case <-done.done():
		return done.err
	case <-ctx.Done():
		return dberr.New(dberr.ErrUndetermined, "COMMIT_UNDETERMINED", "stopped waiting for the log").Wrap(context.Cause(ctx))
	}
}
