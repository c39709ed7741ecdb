package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

const (
	readBlock = 1 << 20
	readAhead = 4 // blocks in flight between the reading and the parsing goroutine
)

// blockReader reads a file from front to back on a goroutine of its own.
type blockReader struct {
	blocks chan block
	spare  chan []byte
	stop   chan struct{}
	done   chan struct{}
}

type block struct {
	data []byte
	err  error // io.EOF at the end
}

// readBlocks starts reading bytes [from, to) of f, less where the file is shorter.
func readBlocks(f vfs.File, from, to int64) *blockReader {
	r := &blockReader{
		blocks: make(chan block, readAhead),
		spare:  make(chan []byte, readAhead+2),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	go func() {
		defer close(r.done)
		for off := from; ; {
			b := r.read(f, off, to)
			off += int64(len(b.data))
			select {
			case r.blocks <- b:
			case <-r.stop:
				return
			}
			if b.err != nil {
				return
			}
		}
	}()
	return r
}

func (r *blockReader) read(f vfs.File, off, to int64) block {
	if off >= to {
		return block{err: io.EOF}
	}
	var buf []byte
	select {
	case buf = <-r.spare:
	default:
		buf = make([]byte, min(readBlock, to-off))
	}
	n, err := f.ReadAt(buf[:min(int64(cap(buf)), to-off)], off)
	return block{data: buf[:n], err: err}
}

// next returns a block, which is given back with recycle.
func (r *blockReader) next() block { return <-r.blocks }

func (r *blockReader) recycle(b []byte) {
	select {
	case r.spare <- b:
	default:
	}
}

// close ends the goroutine.
func (r *blockReader) close() {
	close(r.stop)
	<-r.done
}

// scanner reads the frames of a segment in order.
type scanner struct {
	name   string
	life   life
	limit  int64 // no byte at or after this offset is looked at
	reader *blockReader
	window []byte // bytes from off on that were read
	buffer []byte // what window is part of
	off    int64
	last   uint64 // timestamp of the frame before
	raw    []byte // a decompressed payload
}

// stop says why a scanner stopped: the bytes at its offset are no frame.
type stop struct{ reason string }

func newScanner(s *segment, f vfs.File, limit int64) *scanner {
	return &scanner{
		name: s.name, life: s.life, limit: limit, off: firstFrame, last: s.header.Prev,
		reader: readBlocks(f, firstFrame, limit),
	}
}

// need makes the window n bytes long, or as long as the file allows.
func (s *scanner) need(n int) error {
	for len(s.window) < n {
		b := s.reader.next()
		if len(b.data) > 0 {
			s.push(b.data, n)
			s.reader.recycle(b.data)
		}
		if errors.Is(b.err, io.EOF) {
			s.limit = s.off + int64(len(s.window))
			return nil
		}
		if b.err != nil {
			return fmt.Errorf("read %s: %w", s.name, b.err)
		}
	}
	return nil
}

// push adds data to the window, of which n bytes will be needed.
func (s *scanner) push(data []byte, n int) {
	have := len(s.window)
	if cap(s.window)-have < len(data) {
		if cap(s.buffer) < have+len(data) {
			usual := int(min(2*readBlock, s.limit-s.off))
			s.buffer = make([]byte, max(have+len(data), min(n+readBlock, 2*cap(s.buffer)), usual))
		}
		copy(s.buffer[:have], s.window)
		s.window = s.buffer[:have]
	}
	s.window = append(s.window, data...)
}

// next returns the frame at the offset and its payload, valid until the
// following call, and moves past it. A stop other than nil says that there is no
// frame; the offset then stays.
func (s *scanner) next() (f frame, payload []byte, end *stop, err error) {
	if err := s.need(frameLen); err != nil {
		return f, nil, nil, err
	}
	if int64(len(s.window)) > s.limit-s.off {
		s.window = s.window[:s.limit-s.off]
	}
	f, reason := s.life.parse(s.window, s.off)
	if reason != "" {
		return f, nil, &stop{reason}, nil
	}
	size := f.size()
	if size > s.limit-s.off {
		return f, nil, &stop{"frame is cut short by the end of the file"}, nil
	}
	if err := s.need(int(size)); err != nil {
		return f, nil, nil, err
	}
	if int64(len(s.window)) < size {
		return f, nil, &stop{"frame is cut short by the end of the file"}, nil
	}
	payload = s.window[frameLen:size:size]
	if crc32.Checksum(payload, castagnoli) != f.payloadCRC {
		return f, nil, &stop{"payload checksum mismatch"}, nil
	}
	if f.ts < s.last {
		return f, nil, nil, s.corrupt("timestamp %d follows %d", f.ts, s.last)
	}
	if f.stored == storedCompressed {
		if s.raw, err = compress.AppendContent(s.raw[:0], payload, MaxPayload); err != nil {
			return f, nil, nil, s.corrupt("%v", err)
		}
		payload = s.raw
	}
	s.last = f.ts
	s.off += size
	s.window = s.window[size:]
	return f, payload, nil, nil
}

func (s *scanner) corrupt(format string, args ...any) error {
	return &dberr.CorruptError{File: s.name, Offset: s.off, Reason: fmt.Sprintf(format, args...)}
}

func (s *scanner) close() { s.reader.close() }

// remains is what was found behind the end of the readable log.
type remains struct {
	provesSynced int64 // a frame says that the segment was synced up to here
	proofAt      int64 // where that frame is
	end          int64 // end of the last frame of this life; 0 if there is none
}

// searchRemains looks for frames of this life at offset from and after it. A
// frame counts by its header, which nothing but this life's writer can have made.
func searchRemains(s *segment, f vfs.File, from, to int64) (r remains, err error) {
	var mark [4]byte
	binary.LittleEndian.PutUint32(mark[:], uint32(s.life.seq))
	buf := make([]byte, min(max(to-from, frameLen), readBlock))
	const markAt = frameLen - len(mark)
	for base := from; ; base += int64(len(buf)) - frameLen + 1 {
		n, err := f.ReadAt(buf, base)
		if err != nil && !errors.Is(err, io.EOF) {
			return r, fmt.Errorf("read %s: %w", s.name, err)
		}
		b := buf[:n]
		for i := markAt; i < n; i++ {
			j := bytes.Index(b[i:], mark[:])
			if j < 0 {
				break
			}
			i += j
			at := i - markAt
			off := base + int64(at)
			fr, reason := s.life.parse(b[at:], off)
			if reason != "" {
				continue
			}
			r.end = max(r.end, off+fr.size())
			if int64(fr.synced) > r.provesSynced {
				r.provesSynced, r.proofAt = int64(fr.synced), off
			}
		}
		if n < len(buf) {
			return r, nil
		}
	}
}
