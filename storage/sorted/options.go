package sorted

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
)

// Options tunes a Store. The zero value is good.
type Options struct {
	// Compression is the codec of all levels but the last: none, snappy or zstd.
	// Nil means snappy. Files keep the codec that they were written with until they
	// are compacted.
	Compression *compress.Codec
	// BottomCompression is the codec of the last level, where about nine tenths of
	// the data are. Nil means the same as Compression.
	BottomCompression *compress.Codec
	// CacheBytes is how much memory holds uncompressed blocks. Default 64 MiB.
	CacheBytes int64
	// TargetFileBytes is about the size of the SSTables that Flush writes, and of
	// the smallest that compaction writes. Default 8 MiB.
	TargetFileBytes int64
	// BlockBytes is about the size of a block before compression: what one cold
	// read costs. Default 4 KiB.
	BlockBytes int
	// BloomBits is the size of the filters in bits per key; filters answer for keys
	// that are not there. Default 10; negative writes none.
	BloomBits int
	// MaxOpenFiles bounds the file descriptors. Default 1000.
	MaxOpenFiles int
	// MaxSublevels is how many layers of not yet merged generations a read may have
	// to look at before the store calls itself overloaded. Default 8.
	MaxSublevels int
	// Compactions is how many compactions may run at once. Default: one for each two
	// processors, at least 1; half as many again when they fall behind.
	Compactions int
	// Events, where set, is told what the store does. Its functions must be quick,
	// must not block and must not call the store.
	Events Events
}

// Events are told what a store does. Any may be nil. They are called from several
// goroutines.
type Events struct {
	// Flushed is called after each Flush that changed the store.
	Flushed func(FlushStats)
	// Swept is called after each GC.
	Swept func(GCStats)
	// Compacted is called after each compaction, with the error that ended it if
	// one did. Failed compactions are tried again after a growing pause.
	Compacted func(CompactionInfo)
	// BackgroundError is called when work in the background fails. The store goes on.
	BackgroundError func(error)
	// Corrupt is called when damage is found, by reads, compactions or Verify.
	Corrupt func(error)
	// Failed is called once, when the store stops writing (see Store.Failed).
	Failed func(error)
}

// CompactionInfo describes one compaction.
type CompactionInfo struct {
	Reason             string // what called for it
	FromLevel, ToLevel int
	InputBytes         int64
	OutputBytes        int64
	Duration           time.Duration
	Err                error
}

const (
	minFileBytes = 64 << 10
	maxFileBytes = 1 << 30
)

func (o Options) withDefaults() Options {
	if o.Compression == nil {
		o.Compression = &compress.Codec{Algorithm: compress.Snappy}
	}
	if o.BottomCompression == nil {
		o.BottomCompression = o.Compression
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	if o.TargetFileBytes == 0 {
		o.TargetFileBytes = 8 << 20
	}
	if o.BlockBytes == 0 {
		o.BlockBytes = 4 << 10
	}
	if o.BloomBits == 0 {
		o.BloomBits = 10
	}
	if o.MaxOpenFiles == 0 {
		o.MaxOpenFiles = 1000
	}
	if o.MaxSublevels == 0 {
		o.MaxSublevels = 8
	}
	if o.Compactions == 0 {
		o.Compactions = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return o
}

// Validate says what is wrong with the options, all faults at once.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for name, c := range map[string]*compress.Codec{"Compression": o.Compression, "BottomCompression": o.BottomCompression} {
		if err := c.Validate(); err != nil {
			fault("%s: %w", name, err)
		} else if c.Algorithm == compress.LZ4 {
			fault("%s %s is not one that SSTables can have: none, snappy, zstd", name, c)
		}
	}
	if o.CacheBytes < 0 {
		fault("CacheBytes %d is negative", o.CacheBytes)
	}
	if o.TargetFileBytes < minFileBytes || o.TargetFileBytes > maxFileBytes {
		fault("TargetFileBytes %d is not within %d and %d", o.TargetFileBytes, minFileBytes, maxFileBytes)
	}
	if o.BlockBytes < 1<<10 || o.BlockBytes > 1<<20 {
		fault("BlockBytes %d is not within %d and %d", o.BlockBytes, 1<<10, 1<<20)
	}
	if o.BloomBits > 32 {
		fault("BloomBits %d is more than 32", o.BloomBits)
	}
	if o.MaxOpenFiles < 64 {
		fault("MaxOpenFiles %d is less than 64", o.MaxOpenFiles)
	}
	if o.MaxSublevels < 2 {
		fault("MaxSublevels %d is less than 2", o.MaxSublevels)
	}
	if o.Compactions < 1 {
		fault("Compactions %d is less than 1", o.Compactions)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("sorted store options: %w: %w", dberr.ErrInvalid, errors.Join(errs...))
}
