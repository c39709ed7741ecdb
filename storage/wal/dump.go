package wal

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/weftdb/weft/storage/vfs"
)

// DumpedSegment is a segment file as Dump found it.
type DumpedSegment struct {
	Name     string // path
	Sequence uint64
	StoreID  [16]byte
	First    uint64 // timestamp of its first record
	Previous uint64 // timestamp of the last record before it
	Records  int64
	Bytes    int64 // readable: the header and frames
	Size     int64 // of the file
	Sealed   bool
	// Ends is why reading ended where it did, where that was not at a seal. At the end
	// of the last segment it is nothing to worry about.
	Ends string
}

// Dump reads the files of the log in dir as they are, in order, for people who look
// into it: it takes no lock, changes nothing, repairs nothing, and goes on with the
// next file where one cannot be read. Visit is called with each record and where its
// frame begins.
func Dump(fs vfs.FS, dir string, visit func(name string, offset int64, r Record) error) (list []DumpedSegment, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, vfs.MapError(err))
	}
	slices.Sort(names)
	for _, name := range names {
		if _, ok := parseName(segmentPrefix, name); !ok {
			continue
		}
		d, err := dumpSegment(fs, fs.PathJoin(dir, name), visit)
		if err != nil {
			return list, err
		}
		list = append(list, d)
	}
	return list, nil
}

func dumpSegment(fs vfs.FS, name string, visit func(name string, offset int64, r Record) error) (d DumpedSegment, err error) {
	d.Name = name
	f, err := fs.Open(name)
	if err != nil {
		return d, fmt.Errorf("open %s: %w", name, vfs.MapError(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return d, fmt.Errorf("stat %s: %w", name, vfs.MapError(err))
	}
	d.Size = info.Size()
	head := make([]byte, headerLen)
	if n, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return d, fmt.Errorf("read %s: %w", name, err)
	} else if head = head[:n]; n == 0 {
		d.Ends = "it is empty: made ready, and not begun"
		return d, nil
	}
	s := &segment{name: name}
	if s.header, d.Ends = parseHeader(head); d.Ends != "" {
		return d, nil
	}
	if s.header.Version != formatVersion {
		d.Ends = fmt.Sprintf("it has log format %d; this version reads %d", s.header.Version, formatVersion)
		return d, nil
	}
	if seq, _ := parseName(segmentPrefix, fs.PathBase(name)); s.header.Seq != seq {
		d.Ends = fmt.Sprintf("its header is that of segment %d: recycled, made ready, and not begun", s.header.Seq)
		return d, nil
	}
	s.life = s.header.life()
	d.Sequence, d.StoreID, d.First, d.Previous = s.header.Seq, s.header.StoreID, s.header.First, s.header.Prev
	sc := newScanner(s, f, d.Size)
	defer sc.close()
	return d, d.frames(sc, visit)
}

func (d *DumpedSegment) frames(sc *scanner, visit func(name string, offset int64, r Record) error) error {
	for {
		at := sc.off
		fr, payload, end, err := sc.next()
		d.Bytes = sc.off
		switch {
		case err != nil:
			d.Ends = err.Error()
			return nil
		case end != nil:
			d.Ends = end.reason
			return nil
		case fr.kind == kindSeal:
			d.Sealed = true
			return nil
		case fr.kind == kindRecord:
			d.Records++
			if err := visit(d.Name, at, Record{Timestamp: fr.ts, Type: fr.typ, Payload: payload}); err != nil {
				return err
			}
		}
	}
}
