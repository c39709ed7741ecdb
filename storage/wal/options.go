package wal

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

// Options tunes a Log. The zero value is safe and good.
type Options struct {
	// SegmentBytes is the size of a segment file, a multiple of 4096 of at least
	// 8192 and at most 1 GiB. A record that is larger gets a segment of its own
	// size. Default 64 MiB.
	SegmentBytes int64
	// SyncInterval is how long a record that nobody waits to see synced may stay
	// unsynced, and so how much a power failure may take of what was acknowledged
	// without sync. Default 50 ms.
	SyncInterval time.Duration
	// GroupDelay makes a write wait this long for more records to share its sync.
	// Zero waits only as long as records are coming in.
	GroupDelay time.Duration
	// Recycle is how many segment files past their use are kept to be written
	// again. Default 3; negative keeps none.
	Recycle int
	// BufferBytes is how much may wait to be written before Append blocks. A
	// larger record is let in alone. Default 8 MiB.
	BufferBytes int64
	// Compression is applied to payloads of 256 bytes and more, by the caller of
	// Append. Default none, which is the fastest commit.
	Compression compress.Codec
	// Buffered keeps to writes through the page cache, each followed by a sync,
	// even where the disk takes direct synchronous writes.
	Buffered bool
	// Events, where set, is told what the log does. Its functions must be quick,
	// must not block and must not call the log.
	Events Events
}

// Events are told what a log does. Any may be nil.
type Events struct {
	// Wrote is called after each write of a batch, one at a time, by whoever wrote.
	Wrote func(WriteInfo)
	// Stalled is called when an Append had to wait for room.
	Stalled func(time.Duration)
	// Segment is called when a segment file is begun, recycled or removed.
	Segment func(seq uint64, what SegmentEvent)
	// PrepareFailed is called when the next segment could not be reserved; a disk
	// that is full shows here before any commit is refused.
	PrepareFailed func(error)
	// Failed is called once, when the log is poisoned.
	Failed func(error)
}

// WriteInfo describes one write.
type WriteInfo struct {
	Records  int
	Bytes    int64
	Synced   bool
	Duration time.Duration
}

// SegmentEvent says what became of a segment file.
type SegmentEvent string

// What may become of a segment file.
const (
	SegmentBegun    SegmentEvent = "begun"
	SegmentRecycled SegmentEvent = "recycled"
	SegmentRemoved  SegmentEvent = "removed"
)

const (
	minCompress    = 256
	minSegment     = firstFrame + vfs.BlockSize
	maxSegment     = 1 << 30
	defaultSegment = 64 << 20
)

func (o Options) withDefaults() Options {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = defaultSegment
	}
	if o.SyncInterval == 0 {
		o.SyncInterval = 50 * time.Millisecond
	}
	if o.BufferBytes == 0 {
		o.BufferBytes = 8 << 20
	}
	switch {
	case o.Recycle == 0:
		o.Recycle = 3
	case o.Recycle < 0:
		o.Recycle = 0
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.SegmentBytes < minSegment || o.SegmentBytes > maxSegment || o.SegmentBytes%vfs.BlockSize != 0 {
		fault("SegmentBytes %d is not a multiple of %d within %d and %d", o.SegmentBytes, vfs.BlockSize, minSegment, maxSegment)
	}
	if o.SyncInterval < 0 {
		fault("SyncInterval %v is negative", o.SyncInterval)
	}
	if o.GroupDelay < 0 {
		fault("GroupDelay %v is negative", o.GroupDelay)
	}
	if o.BufferBytes < 0 {
		fault("BufferBytes %d is negative", o.BufferBytes)
	}
	if err := o.Compression.Validate(); err != nil {
		fault("Compression: %v", err)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
}
