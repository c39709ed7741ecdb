package wal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// Recovered says what Open found.
type Recovered struct {
	Records       int64 // handed to the callback
	Bytes         int64 // of log that were read
	Segments      int   // that were read
	LastTimestamp uint64
	TornBytes     int64 // cut off the end: written, but never synced as a whole
	Duration      time.Duration
}

// Open opens the log in dir, or begins one there. It hands every record with a
// timestamp over after to fn, in order, cuts off what a crash left half written,
// and is then ready to append.
//
// Everything up to after must be durable elsewhere: segments with nothing newer
// are not read, and need not be there. Damage is a *dberr.CorruptError; another
// process in dir is class dberr.ErrLocked. An error of fn ends Open with it.
func Open(fs vfs.FS, dir string, storeID [16]byte, opts Options, after uint64, fn func(Record) error) (*Log, Recovered, error) {
	return open(fs, dir, storeID, opts, after, fn, randomSalt)
}

func randomSalt() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

func open(fs vfs.FS, dir string, storeID [16]byte, opts Options, after uint64, fn func(Record) error, salt func() uint64) (*Log, Recovered, error) {
	began := time.Now()
	var rec Recovered
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, rec, fmt.Errorf("open log %s: %w", dir, err)
	}
	l := &Log{
		fs: fs, dir: dir, storeID: storeID, opts: opts, newSalt: salt,
		wake: make(chan struct{}, 1), prep: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	l.room = sync.NewCond(&l.mu.Mutex)
	l.mu.batch = &batch{}
	l.w.header = alignedBuffer(vfs.BlockSize)
	if err := l.recover(after, fn, &rec); err != nil {
		return nil, rec, fmt.Errorf("open log %s: %w", dir, errors.Join(err, l.release()))
	}
	l.start()
	rec.Duration = time.Since(began)
	return l, rec, nil
}

// recover brings the log to where appending can go on.
func (l *Log) recover(after uint64, fn func(Record) error, rec *Recovered) (err error) {
	if err := vfs.MkdirAll(l.fs, l.dir); err != nil {
		return err
	}
	if l.lock, err = vfs.Lock(l.fs, l.fs.PathJoin(l.dir, lockName)); err != nil {
		return err
	}
	files, err := l.survey()
	if err != nil {
		return err
	}
	begun, err := l.chain(files, after)
	if err != nil {
		return err
	}
	l.mu.last = after
	if len(begun) > 0 {
		if err := l.replay(begun, len(files) > len(begun), after, fn, rec); err != nil {
			return err
		}
	}
	rec.LastTimestamp = l.mu.last
	return nil
}

// found is a segment file as survey found it.
type found struct {
	seg    *segment
	bytes  int64  // its size
	reason string // why its header is not that of a begun segment; "" if it is
	traces bool   // frames were written to it all the same
}

// survey reads the header of every segment file and notes the spare ones.
func (l *Log) survey() ([]found, error) {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return nil, fmt.Errorf("list: %w", vfs.MapError(err))
	}
	slices.Sort(names)
	var files []found
	for _, name := range names {
		if n, ok := parseName(sparePrefix, name); ok {
			l.mu.sparesAt = max(l.mu.sparesAt, n)
			if err := l.addSpare(l.fs.PathJoin(l.dir, name)); err != nil {
				return nil, err
			}
		}
		if seq, ok := parseName(segmentPrefix, name); ok {
			f, err := l.inspect(seq)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	}
	return files, nil
}

// addSpare keeps a spare file, or removes it where it is one too many or of the
// wrong size.
func (l *Log) addSpare(path string) error {
	f, err := l.fs.Open(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, vfs.MapError(err))
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("stat %s: %w", path, errors.Join(err, f.Close()))
	}
	size := l.reserved(f, info.Size())
	if err := f.Close(); err != nil {
		return fmt.Errorf("close %s: %w", path, err)
	}
	if len(l.mu.spares) < l.opts.Recycle && size == l.opts.SegmentBytes {
		l.mu.spares = append(l.mu.spares, path)
		return nil
	}
	if err := l.fs.Remove(path); err != nil {
		return fmt.Errorf("remove %s: %w", path, vfs.MapError(err))
	}
	return nil
}

// reserved is how much is set aside for a file of the given size. In memory
// nothing is, and there is always room.
func (l *Log) reserved(f vfs.File, size int64) int64 {
	if f.Fd() == vfs.InvalidFd {
		return max(size, l.opts.SegmentBytes)
	}
	return size
}

// inspect reads the first block of a segment file and the frame behind it.
func (l *Log) inspect(seq uint64) (found, error) {
	s := &segment{name: l.segmentPath(seq)}
	f, err := l.fs.Open(s.name)
	if err != nil {
		return found{}, fmt.Errorf("open %s: %w", s.name, vfs.MapError(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return found{}, fmt.Errorf("stat %s: %w", s.name, err)
	}
	head := make([]byte, firstFrame+frameLen)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return found{}, fmt.Errorf("read %s: %w", s.name, err)
	}
	file := found{seg: s, bytes: info.Size()}
	s.size = l.reserved(f, info.Size())
	mark := binary.LittleEndian.Uint32(head[firstFrame+frameLen-4:])
	file.traces = mark == uint32(seq)
	s.header, file.reason = parseHeader(head[:firstFrame])
	if file.reason == "" && s.header.Seq != seq {
		file.reason = fmt.Sprintf("segment header is that of segment %d", s.header.Seq)
	}
	if file.reason != "" {
		return file, nil
	}
	s.life = s.header.life()
	return file, l.checkHeader(s, head[:firstFrame])
}

// checkHeader refuses a good header that this log cannot go by.
func (l *Log) checkHeader(s *segment, block []byte) error {
	if s.header.Version != formatVersion {
		return dberr.New(dberr.ErrUnsupported, "LOG_VERSION", "%s has log format %d; this version reads %d", s.name, s.header.Version, formatVersion)
	}
	if s.header.StoreID != l.storeID {
		return dberr.New(dberr.ErrInvalid, "WRONG_STORE", "%s belongs to store %x, not to %x", s.name, s.header.StoreID, l.storeID)
	}
	for i := headerLen; i < len(block); i++ {
		if block[i] != 0 {
			return &dberr.CorruptError{File: s.name, Offset: int64(i), Reason: "segment header block is not zero behind the header"}
		}
	}
	return nil
}

// chain picks the begun segments that make up the log and sees that none is
// missing. What is past its use is removed; segments made ready and never begun
// may follow at the end and are left for the preparer.
func (l *Log) chain(files []found, after uint64) ([]found, error) {
	n := len(files)
	for n > 0 && files[n-1].reason != "" {
		if f := files[n-1]; f.traces {
			return nil, &dberr.CorruptError{File: f.seg.name, Reason: f.reason + ", though frames were written behind it"}
		}
		n--
	}
	first := n - 1
	for ; first > 0 && l.follows(files, first); first-- {
	}
	for i := n; i < len(files); i++ {
		if want := uint64(1); (i == 0 && l.seqOf(files[i]) != want) || (i > 0 && !l.follows(files, i)) {
			return nil, l.missing(l.seqOf(files[i])-1, "a later one was made ready")
		}
	}
	if n == 0 {
		l.mu.nextSeq = 1
		return nil, nil
	}
	l.mu.nextSeq = l.seqOf(files[n-1]) + 1
	run := files[first:n]
	for _, f := range run {
		if f.reason != "" {
			return nil, &dberr.CorruptError{File: f.seg.name, Reason: f.reason + ", though a later segment was begun"}
		}
	}
	if h := run[0].seg.header; h.Prev > after {
		return nil, l.missing(h.Seq-1, fmt.Sprintf("records up to timestamp %d are needed from %d on", h.Prev, after))
	}
	for _, f := range files[:first] {
		if err := l.fs.Remove(f.seg.name); err != nil {
			return nil, fmt.Errorf("remove %s: %w", f.seg.name, vfs.MapError(err))
		}
	}
	return run, nil
}

func (l *Log) seqOf(f found) uint64 {
	seq, _ := parseName(segmentPrefix, l.fs.PathBase(f.seg.name))
	return seq
}

func (l *Log) follows(files []found, i int) bool {
	return l.seqOf(files[i]) == l.seqOf(files[i-1])+1
}

func (l *Log) missing(seq uint64, why string) error {
	return &dberr.CorruptError{File: l.segmentPath(seq), Reason: "segment is missing: " + why}
}

// replay reads the segments that hold anything newer than after, and leaves the
// last one ready to go on in. ready says whether a file for the next is there.
func (l *Log) replay(run []found, ready bool, after uint64, fn func(Record) error, rec *Recovered) error {
	from := 0
	for i := range run {
		if run[i].seg.header.Prev <= after {
			from = i
		}
	}
	for i, f := range run {
		s := f.seg
		s.written, s.end = f.bytes, f.bytes
		l.mu.segs = append(l.mu.segs, s)
		if i < from {
			s.sealed, s.last = true, run[i+1].seg.header.Prev
			continue
		}
		var next *segment
		if i+1 < len(run) {
			next = run[i+1].seg
		}
		if err := l.replaySegment(s, f.bytes, next, after, fn, rec); err != nil {
			return err
		}
		l.mu.last = max(l.mu.last, s.last)
	}
	tail := run[len(run)-1].seg
	if !tail.sealed {
		return l.resume(tail)
	}
	if !ready {
		return l.missing(tail.header.Seq+1, "the one before it says that it follows")
	}
	return nil
}

// replaySegment reads one segment. Where next is nil it is the last one and may
// end in what a crash left; otherwise it must end in its seal.
func (l *Log) replaySegment(s *segment, bytes int64, next *segment, after uint64, fn func(Record) error, rec *Recovered) error {
	f, err := l.fs.Open(s.name)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.name, vfs.MapError(err))
	}
	defer f.Close()
	sc := newScanner(s, f, bytes)
	defer sc.close()
	end, err := sc.each(func(r Record) error {
		if r.Timestamp <= after {
			return nil
		}
		rec.Records++
		return fn(r)
	})
	if err != nil {
		return err
	}
	rec.Segments++
	rec.Bytes += sc.off
	s.last, s.end, s.written, s.sealed = sc.last, sc.off, sc.off, end == nil
	switch {
	case next == nil && end != nil:
		return l.cut(s, end, rec)
	case next != nil && end != nil:
		return &dberr.CorruptError{File: s.name, Offset: sc.off, Reason: end.reason + ", though a later segment was begun"}
	case next != nil && next.header.Prev != sc.last:
		return &dberr.CorruptError{File: next.name, Offset: 44, Reason: fmt.Sprintf("segment follows timestamp %d, but the one before it ends with %d", next.header.Prev, sc.last)}
	}
	return nil
}

// cut decides what the unreadable rest of the last segment is. Damage, where a
// frame behind it proves that it was on stable storage once; otherwise a write
// that a crash tore, of which every readable frame is wiped so that none can come
// back to life behind what is written there next.
func (l *Log) cut(s *segment, end *stop, rec *Recovered) error {
	f, err := l.fs.OpenReadWrite(s.name, vfs.CategoryLog)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.name, vfs.MapError(err))
	}
	s.file = f
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("stat %s: %w", s.name, err)
	}
	r, err := searchRemains(s, f, s.end, info.Size())
	if err != nil {
		return err
	}
	if r.provesSynced > s.end {
		return &dberr.CorruptError{File: s.name, Offset: s.end, Reason: fmt.Sprintf(
			"%s, though the frame at %d shows that the first %d bytes were on stable storage", end.reason, r.proofAt, r.provesSynced)}
	}
	if stop := min(r.end, info.Size()); stop > s.end {
		rec.TornBytes = stop - s.end
		if err := wipe(f, s.end, stop); err != nil {
			return fmt.Errorf("wipe torn end of %s: %w", s.name, vfs.MapError(err))
		}
	}
	// What was read may be in the page cache only; it is about to be relied on.
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", s.name, vfs.MapError(err))
	}
	return nil
}

func wipe(f vfs.File, from, to int64) error {
	zeros := make([]byte, min(to-from, readBlock))
	for from < to {
		n := min(int64(len(zeros)), to-from)
		if _, err := f.WriteAt(zeros[:n], from); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// resume makes s, read and cut, the segment that takes the next frames.
func (l *Log) resume(s *segment) error {
	if err := s.openFiles(l.fs, !l.opts.Buffered); err != nil {
		return err
	}
	base := s.end &^ (vfs.BlockSize - 1)
	buf := alignedBuffer(minBuffer)[:s.end-base]
	if n, err := s.file.ReadAt(buf, base); n < len(buf) {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	l.mu.seg, l.mu.synced, l.w.seg = s, s.end, s
	l.mu.batch.goOn(chunk{seg: s, base: base, start: s.end, buf: buf})
	return nil
}
