package sorted

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/cockroachkvs"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/weftdb/weft/storage/compress"
)

// engineFormat is the format of Pebble's files. It is pinned, so that a newer
// Pebble does not change stores without our format version saying so.
const engineFormat = pebble.FormatValueSeparation

const bottom = 6 // the last level

// engineOptions says how Pebble runs under s.
func (s *Store) engineOptions(cache *pebble.Cache) *pebble.Options {
	o := s.opts
	p := &pebble.Options{
		FS:                          s.fs,
		Cache:                       cache,
		Logger:                      logger{s},
		EventListener:               s.listener(),
		FormatMajorVersion:          engineFormat,
		Comparer:                    &cockroachkvs.Comparer,
		KeySchema:                   cockroachkvs.KeySchema.Name,
		KeySchemas:                  sstable.MakeKeySchemas(&cockroachkvs.KeySchema),
		BlockPropertyCollectors:     cockroachkvs.BlockPropertyCollectors,
		DisableWAL:                  true,
		MemTableSize:                256 << 10, // never written to
		MemTableStopWritesThreshold: 2,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       1 << 20, // stops nothing: what is ingested does not ask
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                o.MaxOpenFiles,
		MaxManifestFileSize:         8 << 20,
	}
	p.CompactionConcurrencyRange = func() (int, int) { return o.Compactions, o.Compactions + (o.Compactions+1)/2 }
	p.Experimental.L0CompactionConcurrency = max(2, o.MaxSublevels/2)
	p.Experimental.CompactionScheduler = s.sched
	p.Experimental.SpanPolicyFunc = booksApart
	for i := range p.Levels {
		codec := *o.Compression
		if i == bottom {
			codec = *o.BottomCompression
		}
		p.Levels[i].BlockSize = o.BlockBytes
		p.Levels[i].IndexBlockSize = 32 << 10 // one of 256 KiB pushes everything else out of a small cache
		p.Levels[i].Compression = profile(codec)
		if o.BloomBits > 0 {
			p.Levels[i].FilterPolicy = bloom.FilterPolicy(o.BloomBits)
		}
		p.TargetFileSizes[i] = o.TargetFileBytes << min(max(i-1, 0), 3)
	}
	p.EnsureDefaults() // for the SSTables that we write with these options
	return p
}

// booksApart makes compactions end a file between the books and the first key, so
// that books are merged with books alone.
func booksApart(start []byte) (pebble.SpanPolicy, []byte, error) {
	if compareStored(start, firstKey) < 0 {
		return pebble.SpanPolicy{}, firstKey, nil
	}
	return pebble.SpanPolicy{}, nil, nil
}

// profile gives the engine's form of a codec.
func profile(c compress.Codec) func() *sstable.CompressionProfile {
	p := *sstable.SnappyCompression
	switch c.Algorithm {
	case compress.None:
		p = *sstable.NoCompression
	case compress.Zstd:
		p = *sstable.ZstdCompression
		if c.Level != 0 {
			p.DataBlocks.Level, p.ValueBlocks.Level, p.OtherBlocks.Level = uint8(c.Level), uint8(c.Level), uint8(c.Level)
		}
	}
	return func() *sstable.CompressionProfile { return &p }
}

// listener tells the store what the engine does. Some of these are called with the
// engine's locks held: they must not call back.
func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: s.backgroundError,
		CompactionEnd:   s.compacted,
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			if f := s.opts.Events.Corrupt; f != nil {
				f(corrupt(info.Path, 0, info.Details))
			}
		},
		TableIngested: func(pebble.TableIngestInfo) { s.upkeep.wake() },
	}
}

// retryPause is how long the engine waits, between two attempts at something other
// than a compaction that failed in the background. It would not wait at all.
const retryPause = 20 * time.Millisecond

// backgroundError is told of failed compactions, after compacted and under the same
// locks, and of statistics of files that could not be read, under none; the engine
// tries the latter again at once.
func (s *Store) backgroundError(err error) {
	if f := s.opts.Events.BackgroundError; f != nil {
		f(s.explain(err))
	}
	if s.owed.Load() > 0 {
		s.owed.Add(-1)
		return
	}
	select {
	case <-time.After(retryPause):
	case <-s.use.closing():
	}
}

func (s *Store) compacted(info pebble.CompactionInfo) {
	switch {
	case info.Err == nil:
		s.sched.ended(false)
		s.pressure.setTrouble(nil)
	case !errors.Is(info.Err, pebble.ErrCancelledCompaction):
		s.owed.Add(1)
		s.sched.ended(true)
		s.pressure.setTrouble(s.explain(info.Err))
	}
	s.points.stale()
	s.ranges.stale()
	s.upkeep.wake()
	f := s.opts.Events.Compacted
	if f == nil {
		return
	}
	c := CompactionInfo{Reason: info.Reason, ToLevel: info.Output.Level, Duration: info.TotalDuration}
	if info.Err != nil {
		c.Err = s.explain(info.Err)
	}
	for i, in := range info.Input {
		if i == 0 {
			c.FromLevel = in.Level
		}
		for _, t := range in.Tables {
			c.InputBytes += int64(t.Size)
		}
	}
	for _, t := range info.Output.Tables {
		c.OutputBytes += int64(t.Size)
	}
	f(c)
}

// logger takes what the engine says. What it calls fatal ends the writing: the
// engine returns the same failure to the caller, and finds the disk unwilling.
type logger struct{ s *Store }

func (l logger) Infof(string, ...any) {}
func (l logger) Errorf(format string, args ...any) {
	if f := l.s.opts.Events.BackgroundError; f != nil && l.s.Failed() == nil {
		f(fmt.Errorf("sorted store %s: %s", l.s.dir, fmt.Sprintf(format, args...)))
	}
}
func (l logger) Fatalf(format string, args ...any) {
	for _, a := range args {
		if err, ok := a.(error); ok {
			l.s.fail(err)
			return
		}
	}
	l.s.fail(fmt.Errorf(format, args...))
}
