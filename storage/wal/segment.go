package wal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

const (
	segmentPrefix = "wal-"
	sparePrefix   = "spare-"
	fileSuffix    = ".log"
	lockName      = "LOCK"
)

// segment is one file of the log.
type segment struct {
	name   string // path
	header header // final once the segment is begun
	life   life
	size   int64    // bytes reserved
	file   vfs.File // nil once sealed
	direct vfs.File // the same file for durable writes; nil where the disk has no such thing

	// Guarded by Log.mu once the log is open.
	end     int64  // framed up to here
	written int64  // in the file up to here
	last    uint64 // timestamp of the last record
	sealed  bool   // complete and on stable storage; another follows
	pins    int    // readers that have it in hand
	doomed  bool   // to be removed when the last of them lets go
}

// SegmentInfo describes a segment.
type SegmentInfo struct {
	Name     string // path
	Sequence uint64
	First    uint64 // timestamp of its first record
	Last     uint64 // timestamp of its last record so far
	Previous uint64 // timestamp of the last record before it
	Bytes    int64  // written so far
	Sealed   bool   // takes no more records
}

// Segments lists the segments that hold records, oldest first.
func (l *Log) Segments() []SegmentInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	infos := make([]SegmentInfo, 0, len(l.mu.segs))
	for _, s := range l.mu.segs {
		infos = append(infos, SegmentInfo{
			Name: s.name, Sequence: s.header.Seq, First: s.header.First, Last: s.last,
			Previous: s.header.Prev, Bytes: s.written, Sealed: s.sealed,
		})
	}
	return infos
}

func fileName(prefix string, n uint64) string {
	return fmt.Sprintf("%s%016x%s", prefix, n, fileSuffix)
}

// parseName reads the number out of a file name; ok is false for other files.
func parseName(prefix, name string) (n uint64, ok bool) {
	digits, found := strings.CutPrefix(name, prefix)
	digits, suffixed := strings.CutSuffix(digits, fileSuffix)
	if !found || !suffixed || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && fileName(prefix, n) == name
}

func (l *Log) segmentPath(seq uint64) string {
	return l.fs.PathJoin(l.dir, fileName(segmentPrefix, seq))
}

// openFiles opens the segment for writing.
func (s *segment) openFiles(fs vfs.FS, direct bool) (err error) {
	if s.file == nil {
		if s.file, err = fs.OpenReadWrite(s.name, vfs.CategoryLog); err != nil {
			return fmt.Errorf("open %s: %w", s.name, vfs.MapError(err))
		}
	}
	d, ok := fs.(vfs.DirectFS)
	if !ok || !direct || s.direct != nil {
		return nil
	}
	if s.direct, err = d.OpenDirect(s.name); errors.Is(err, dberr.ErrUnsupported) {
		s.direct = nil
		return nil
	}
	if err != nil {
		s.direct = nil
		return fmt.Errorf("open %s: %w", s.name, vfs.MapError(err))
	}
	return nil
}

func (s *segment) closeFiles() error {
	var errs []error
	for _, f := range []*vfs.File{&s.file, &s.direct} {
		if *f != nil {
			errs = append(errs, (*f).Close())
			*f = nil
		}
	}
	return errors.Join(errs...)
}

// TruncateBefore gives up the segments whose records all have timestamps before
// ts. Their files are kept to be recycled, or removed. The segment being written
// stays. The caller must have made durable, elsewhere, what those records did.
func (l *Log) TruncateBefore(ts uint64) error {
	l.truncate.Lock()
	defer l.truncate.Unlock()
	l.mu.Lock()
	if err := l.usableLocked(); err != nil {
		l.mu.Unlock()
		return fmt.Errorf("truncate log: %w", err)
	}
	n := 0
	for ; n < len(l.mu.segs)-1; n++ { // the newest stays: it shows where the log is
		if s := l.mu.segs[n]; !s.sealed || s.last >= ts {
			break
		}
	}
	var drop []*segment
	for _, s := range l.mu.segs[:n] {
		if s.doomed = s.pins > 0; !s.doomed {
			drop = append(drop, s)
		}
	}
	l.mu.segs = append([]*segment(nil), l.mu.segs[n:]...)
	l.mu.Unlock()
	var errs []error
	for _, s := range drop {
		errs = append(errs, l.retire(s))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("truncate log: %w", err)
	}
	return nil
}

// retire makes the file of a segment a spare one, or removes it. A name that a
// crash brings back is recognised by recovery as past its use.
func (l *Log) retire(s *segment) error {
	l.mu.Lock()
	keep := len(l.mu.spares) < l.opts.Recycle && s.size == l.opts.SegmentBytes
	l.mu.sparesAt++
	spare := l.fs.PathJoin(l.dir, fileName(sparePrefix, l.mu.sparesAt))
	l.mu.Unlock()
	if !keep {
		if l.opts.Events.Segment != nil {
			l.opts.Events.Segment(s.header.Seq, SegmentRemoved)
		}
		return vfs.MapError(l.fs.Remove(s.name))
	}
	if err := l.fs.Rename(s.name, spare); err != nil {
		return fmt.Errorf("recycle %s: %w", s.name, vfs.MapError(err))
	}
	if l.opts.Events.Segment != nil {
		l.opts.Events.Segment(s.header.Seq, SegmentRecycled)
	}
	l.mu.Lock()
	l.mu.spares = append(l.mu.spares, spare)
	l.mu.Unlock()
	return nil
}

// unpin lets go of segments that a reader had in hand, and retires those that
// were given up meanwhile. Once the log is closed the directory is another's, and
// the next Open sees to them.
func (l *Log) unpin(segs []*segment) error {
	l.truncate.Lock()
	defer l.truncate.Unlock()
	var drop []*segment
	l.mu.Lock()
	for _, s := range segs {
		if s.pins--; s.pins == 0 && s.doomed {
			drop = append(drop, s)
		}
	}
	closed := l.mu.closed
	l.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	for _, s := range drop {
		errs = append(errs, l.retire(s))
	}
	return errors.Join(errs...)
}
