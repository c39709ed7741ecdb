package wal

import (
	"errors"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// each hands every record to fn until a seal or a stop. A nil stop means that
// the segment is complete.
func (s *scanner) each(fn func(Record) error) (*stop, error) {
	for {
		f, payload, end, err := s.next()
		if err != nil || end != nil {
			return end, err
		}
		switch f.kind {
		case kindRecord:
			if err := fn(Record{Timestamp: f.ts, Type: f.typ, Payload: payload}); err != nil {
				return nil, err
			}
		case kindSeal:
			return nil, nil
		}
	}
}

// ReadFrom hands every record with a timestamp of at least ts that is in the log
// files by now to fn, in order. Records that are not synced yet are among them.
// The segments it reads stay until it is done, whatever is truncated meanwhile.
//
// Where records from ts on may have been truncated, the error is of class
// dberr.ErrNotFound, before fn is called. An error of fn ends it.
func (l *Log) ReadFrom(ts uint64, fn func(Record) error) (err error) {
	segs, limits, err := l.pinFrom(ts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.unpin(segs)) }()
	for i, s := range segs {
		if err := l.readSegment(s, limits[i], ts, fn); err != nil {
			return fmt.Errorf("read log %s: %w", l.dir, err)
		}
	}
	return nil
}

// pinFrom keeps the segments with records from ts on from being retired, and
// says up to where each may be read.
func (l *Log) pinFrom(ts uint64) (segs []*segment, limits []int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return nil, nil, errClosed
	}
	if len(l.mu.segs) > 0 && l.mu.segs[0].header.Prev >= ts && l.mu.segs[0].header.Prev > 0 {
		return nil, nil, dberr.New(dberr.ErrNotFound, "LOG_TRUNCATED", "the log starts after timestamp %d; %d was asked for", l.mu.segs[0].header.Prev, ts)
	}
	if len(l.mu.segs) == 0 && l.mu.last >= ts { // begun behind what is elsewhere, and nothing was appended yet
		return nil, nil, dberr.New(dberr.ErrNotFound, "LOG_TRUNCATED", "the log starts after timestamp %d; %d was asked for", l.mu.last, ts)
	}
	for _, s := range l.mu.segs {
		if s.written > firstFrame && s.last >= ts {
			s.pins++
			segs, limits = append(segs, s), append(limits, s.written)
		}
	}
	return segs, limits, nil
}

func (l *Log) readSegment(s *segment, limit int64, ts uint64, fn func(Record) error) error {
	f, err := l.fs.Open(s.name)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.name, vfs.MapError(err))
	}
	defer f.Close()
	sc := newScanner(s, f, limit)
	defer sc.close()
	end, err := sc.each(func(r Record) error {
		if r.Timestamp < ts {
			return nil
		}
		return fn(r)
	})
	if err != nil {
		return err
	}
	if end != nil && sc.off != limit {
		return sc.corrupt("%s", end.reason)
	}
	return nil
}
