package storage

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/wal"
)

// Backend is where the store keeps its data.
type Backend string

// The backends.
const (
	// BackendLocal is a directory. It is the default.
	BackendLocal Backend = "local"
	// BackendMemory keeps nothing beyond the process.
	BackendMemory Backend = "memory"
)

// Options tunes a Store. The zero value is safe and good: a directory, every
// commit synced.
type Options struct {
	// Backend is where the data is. Default local.
	Backend Backend
	// Durability is what an acknowledged commit has survived, where the
	// transaction does not say. Default txn.DurabilitySync.
	Durability txn.Durability
	// SyncInterval bounds what a machine that stops may take of commits with
	// txn.DurabilityInterval. Default 50 ms.
	SyncInterval time.Duration
	// GroupDelay makes a commit wait this long for others to share its sync. Zero
	// waits only as long as commits are coming in.
	GroupDelay time.Duration
	// SegmentBytes is the size of a log segment. Default 64 MiB.
	SegmentBytes int64
	// LogCompression is applied to log records of 256 bytes and more. Default none.
	LogCompression compress.Codec
	// History is how long superseded versions stay readable with AsOf. Default 10
	// minutes; negative keeps none.
	History time.Duration
	// HistoryBytes is about how much memory superseded versions may take. Over it
	// they are left to the sorted store; with BackendMemory the history is cut short.
	// Default 1 GiB.
	HistoryBytes int64
	// BufferBytes is how much memory the store may take for data: records, their
	// indexes, and blocks of the sorted store. Default a quarter of the machine's
	// memory, at least 64 MiB. It must be at least 128 KiB. BackendMemory takes what
	// it needs.
	BufferBytes int64
	// CacheBytes is the part of BufferBytes that holds blocks of the sorted store.
	// Indexes and filters of SSTables are among them: where
	// these do not fit, a read of what is not in memory costs several of the disk.
	// Default five sixteenths of it.
	CacheBytes int64
	// CheckpointBytes, CheckpointLogBytes and CheckpointInterval say when a checkpoint
	// is due; see txn.Options.
	CheckpointBytes    int64
	CheckpointLogBytes int64
	CheckpointInterval time.Duration
	// Compression is applied to the sorted store: none, snappy or zstd. Default
	// snappy. BottomCompression is that of its last level, where most of the data is.
	// Default the same.
	Compression       *compress.Codec
	BottomCompression *compress.Codec
	// Encryption, where set, encrypts everything in the directory at rest, with keys
	// that it guards. A store is encrypted from its first Open on, or never.
	Encryption crypt.Provider
	// MaxKeyBytes, MaxValueBytes, MaxTxBytes, MaxTxAge and MaxRetries are the
	// limits of txn.Options.
	MaxKeyBytes   int
	MaxValueBytes int
	MaxTxBytes    int64
	MaxTxAge      time.Duration
	MaxRetries    int
	// Clock is the wall clock. Default the system's.
	Clock clock.Clock
	// Progress, where set, is called now and then while Open replays the log.
	Progress func(Progress)
	// Events, LogEvents and SortedEvents, where set, are told what the parts do.
	Events       txn.Events
	LogEvents    wal.Events
	SortedEvents sorted.Events
}

// Progress says how far Open is.
type Progress struct {
	Records   int64
	Bytes     int64 // of payloads
	Timestamp txn.Timestamp
}

const progressEvery = 1024 // records

func (o Options) withDefaults() Options {
	if o.Backend == "" {
		o.Backend = BackendLocal
	}
	if o.BufferBytes == 0 {
		o.BufferBytes = max(memoryBytes()/4, minDefaultBuffer)
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = o.BufferBytes * 5 / 16
	}
	return o
}

// Memory is how much memory a store with these options may take for data.
func (o Options) Memory() int64 { return o.withDefaults().BufferBytes }

const (
	minBuffer        = 128 << 10
	minDefaultBuffer = 64 << 20
)

// recordBytes is the part of BufferBytes for records and their indexes. The rest is
// for blocks, and for what the process needs beside both.
func (o Options) recordBytes() int64 {
	return o.BufferBytes - max(o.CacheBytes, o.BufferBytes/8) - o.BufferBytes/8
}

func (o Options) sortedOptions() sorted.Options {
	return sorted.Options{
		Compression: o.Compression, BottomCompression: o.BottomCompression, CacheBytes: o.CacheBytes, Events: o.SortedEvents,
	}
}

func (o Options) txnOptions() txn.Options {
	return txn.Options{
		Durability: o.Durability, History: o.History, HistoryBytes: o.HistoryBytes, MaxKeyBytes: o.MaxKeyBytes, MaxValueBytes: o.MaxValueBytes,
		MaxTxBytes: o.MaxTxBytes, MaxTxAge: o.MaxTxAge, MaxRetries: o.MaxRetries, Clock: o.Clock, Events: o.Events,
		BufferBytes: o.recordBytes(), CheckpointBytes: o.CheckpointBytes,
		CheckpointLogBytes: o.CheckpointLogBytes, CheckpointInterval: o.CheckpointInterval,
	}
}

func (o Options) walOptions() wal.Options {
	return wal.Options{
		SegmentBytes: o.SegmentBytes, SyncInterval: o.SyncInterval, GroupDelay: o.GroupDelay,
		Compression: o.LogCompression, Events: o.LogEvents,
	}
}

// progress returns what counts replayed records and reports them.
func (o Options) progress() func(wal.Record) {
	if o.Progress == nil {
		return func(wal.Record) {}
	}
	var p Progress
	return func(r wal.Record) {
		p.Records++
		p.Bytes += int64(len(r.Payload))
		p.Timestamp = txn.Timestamp(r.Timestamp)
		if p.Records%progressEvery == 1 {
			o.Progress(p)
		}
	}
}

// Validate says what is wrong with the options, all faults at once.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	if o.Backend != BackendLocal && o.Backend != BackendMemory {
		errs = append(errs, fmt.Errorf("%w: Backend %q is neither %q nor %q", dberr.ErrInvalid, o.Backend, BackendLocal, BackendMemory))
	}
	if o.Encryption != nil && o.Backend == BackendMemory {
		errs = append(errs, fmt.Errorf("%w: Encryption is for what is on disk; Backend %q has nothing there", dberr.ErrInvalid, BackendMemory))
	}
	switch {
	case o.BufferBytes < minBuffer:
		errs = append(errs, fmt.Errorf("%w: BufferBytes %d is less than %d", dberr.ErrInvalid, o.BufferBytes, minBuffer))
	case o.CacheBytes < 0 || o.CacheBytes > o.BufferBytes/2:
		errs = append(errs, fmt.Errorf("%w: CacheBytes %d is not within 0 and half of BufferBytes, which is %d", dberr.ErrInvalid, o.CacheBytes, o.BufferBytes))
	default:
		errs = append(errs, o.txnOptions().Validate(), o.sortedOptions().Validate())
		return errors.Join(errs...)
	}
	o.BufferBytes, o.CacheBytes = minDefaultBuffer, 0
	errs = append(errs, o.txnOptions().Validate(), o.sortedOptions().Validate())
	return errors.Join(errs...)
}
