package wal

import (
	"errors"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// prepareAheadLocked asks for the next segment once the current one is half full.
func (l *Log) prepareAheadLocked() {
	s := l.mu.seg
	if l.mu.next == nil && l.mu.nextErr == nil && (s == nil || s.end >= s.size/2) {
		signal(l.prep)
	}
}

// prepareLoop reserves segments as they are asked for.
func (l *Log) prepareLoop() {
	for {
		select {
		case <-l.prep:
			l.prepareNext()
		case <-l.quit:
			return
		}
	}
}

// prepareNext makes the next segment ready, or larger where it has to be.
func (l *Log) prepareNext() {
	l.mu.Lock()
	s, seq := l.mu.next, l.mu.nextSeq
	size := max(l.opts.SegmentBytes, l.mu.wantSize)
	if (s != nil && s.size >= size) || l.usableLocked() != nil {
		l.mu.Unlock()
		return
	}
	var spare string
	if n := len(l.mu.spares); s == nil && size == l.opts.SegmentBytes && n > 0 {
		spare, l.mu.spares = l.mu.spares[n-1], l.mu.spares[:n-1]
	}
	l.mu.next = nil
	l.mu.Unlock()

	var err error
	switch {
	case s != nil:
		err = l.enlarge(s, size)
	case spare != "":
		s, err = l.recycle(seq, spare)
	default:
		s, err = l.create(seq, size)
	}
	var lost *unsyncedNameError
	if errors.As(err, &lost) {
		err = l.poison(err)
	} else if err != nil {
		err = reserveError(err)
	}
	l.mu.Lock()
	l.mu.next = s
	if l.mu.nextErr = err; err == nil {
		l.mu.wantSize = 0
	}
	l.room.Broadcast()
	l.mu.Unlock()
	if err != nil && l.opts.Events.PrepareFailed != nil {
		l.opts.Events.PrepareFailed(err)
	}
}

// reserveError is what Append says where the next segment cannot be had.
func reserveError(err error) error {
	err = vfs.MapError(err)
	if errors.Is(err, dberr.ErrFull) {
		return dberr.New(dberr.ErrFull, "DISK_FULL", "the disk is full: no room for the next log segment").
			WithHint("free space on the device, then retry").Wrap(err)
	}
	return dberr.New(dberr.ErrUnavailable, "LOG_SEGMENT", "the next log segment cannot be made ready").Wrap(err)
}

// unsyncedNameError says that the name of a segment may or may not be durable.
// Trying again would prove nothing: the failure may have been forgotten.
type unsyncedNameError struct{ error }

func (e *unsyncedNameError) Unwrap() error { return e.error }

// create makes a file the segment seq: a new one, or one that was made ready
// before and never begun, whose content means nothing.
func (l *Log) create(seq uint64, size int64) (*segment, error) {
	name := l.segmentPath(seq)
	var have int64
	info, statErr := l.fs.Stat(name)
	if statErr == nil {
		have = info.Size()
	}
	file, err := l.fs.OpenReadWrite(name, vfs.CategoryLog)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	s := &segment{name: name, size: size, file: file}
	if err := l.reserve(s, have); err != nil {
		err = errors.Join(err, s.closeFiles())
		if statErr != nil { // ours alone, and empty: give the space back
			err = errors.Join(err, l.fs.Remove(name))
		}
		return nil, err
	}
	return l.adopt(s, seq)
}

// fillStep is how much is reserved between two syncs while records are being written,
// whose own syncs would otherwise wait for the whole segment.
const fillStep = 2 << 20

// reserve takes space for s from the given offset on, for good.
func (l *Log) reserve(s *segment, from int64) error {
	step := int64(0)
	l.mu.Lock()
	if l.mu.seg != nil {
		step = fillStep
	}
	l.mu.Unlock()
	if err := vfs.Fill(s.file, from, s.size, step); err != nil {
		return fmt.Errorf("reserve %d bytes for %s: %w", s.size-from, s.name, err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", s.name, err)
	}
	return nil
}

// recycle makes a spare file the segment seq. Whatever it holds is of an earlier
// life and fails the checksums of this one.
func (l *Log) recycle(seq uint64, spare string) (*segment, error) {
	name := l.segmentPath(seq)
	if err := l.fs.Rename(spare, name); err != nil {
		return nil, fmt.Errorf("rename %s: %w", spare, err)
	}
	return l.adopt(&segment{name: name, size: l.opts.SegmentBytes}, seq)
}

// adopt gives s its life and makes its name durable, which must be so before the
// segment in front of it may be sealed.
func (l *Log) adopt(s *segment, seq uint64) (*segment, error) {
	s.header = header{Version: formatVersion, StoreID: l.storeID, Seq: seq, Salt: l.newSalt()}
	s.life = s.header.life()
	s.end, s.written = firstFrame, firstFrame
	if err := s.openFiles(l.fs, !l.opts.Buffered); err != nil {
		return nil, errors.Join(err, s.closeFiles())
	}
	if err := vfs.SyncDir(l.fs, l.dir); err != nil {
		return nil, errors.Join(&unsyncedNameError{err}, s.closeFiles())
	}
	return s, nil
}

// enlarge reserves more for the next segment, for a record that is larger than a
// segment. Where that fails s is as good as before.
func (l *Log) enlarge(s *segment, size int64) error {
	grown := *s
	grown.size = size
	if err := l.reserve(&grown, s.size); err != nil {
		return err
	}
	s.size = size
	return nil
}
