package txn

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
)

// Options tunes a Store. The zero value is safe: serializable transactions,
// every commit synced.
type Options struct {
	// Durability is what an acknowledged commit has survived, where the
	// transaction does not say. Default DurabilitySync.
	Durability Durability
	// History is how long superseded versions stay readable, for TxOptions.AsOf.
	// Versions that a running transaction can see stay in any case. Default 10
	// minutes; negative keeps none.
	History time.Duration
	// HistoryBytes is about how much memory superseded versions may take. Over it
	// they are left to the sorted store; in a store that is in memory alone, the
	// history is cut short. Default 1 GiB.
	HistoryBytes int64
	// BufferBytes is about how much memory records and their indexes may take in a
	// store that has a sorted store behind it. Default 256 MiB, at least 32 KiB.
	BufferBytes int64
	// CheckpointBytes is how much is written before it is brought into the sorted
	// store. Default a quarter of BufferBytes, at most 128 MiB; at least 4 KiB.
	CheckpointBytes int64
	// CheckpointLogBytes is how much log calls for a checkpoint. Default 256 MiB.
	CheckpointLogBytes int64
	// CheckpointInterval is how long what was written may stay in log and memory
	// alone. Default 5 minutes.
	CheckpointInterval time.Duration
	// MaxKeyBytes is the longest key. Default and maximum 4 KiB and 256 bytes: a key
	// of 4 KiB and what a model puts before it.
	MaxKeyBytes int
	// MaxValueBytes is the longest value. Default 16 MiB, at most 256 MiB.
	MaxValueBytes int
	// MaxTxBytes is the most that the writes of one transaction may take, keys and
	// values and 64 bytes for each write. Default 256 MiB, at most 768 MiB.
	MaxTxBytes int64
	// MaxTxAge ends transactions that are older: they can only be rolled back.
	// Zero lets them live as long as they like.
	MaxTxAge time.Duration
	// MaxRetries is how often Update runs its function again after conflicts.
	// Default 100; negative never does.
	MaxRetries int
	// Clock is the wall clock that timestamps follow. Default the system's.
	Clock clock.Clock
	// Events, where set, is told what the store does. Its functions must be quick,
	// must not block and must not call the store.
	Events Events
}

// Events are told what a store does. Any may be nil.
type Events struct {
	// Committed is called for each commit once it is visible.
	Committed func(CommitInfo)
	// Conflict is called for each transaction that was refused at commit.
	Conflict func()
	// Retried is called when Update runs its function again.
	Retried func(attempt int)
	// Checkpointed is called after each checkpoint.
	Checkpointed func(CheckpointInfo)
	// CheckpointFailed is called when work on the sorted store in the background
	// fails. It is tried again, unless the store has become read-only.
	CheckpointFailed func(error)
	// Stalled is called when a commit was held back since checkpoints are behind.
	Stalled func(time.Duration)
	// Swept is called after each pass over the records that dropped old versions.
	Swept func(SweepInfo)
}

// CommitInfo describes one commit.
type CommitInfo struct {
	Timestamp Timestamp
	Writes    int
	Bytes     int           // of the log record
	Duration  time.Duration // from Commit until visible
}

// SweepInfo describes one pass of the sweeper.
type SweepInfo struct {
	Versions int // dropped
	Keys     int // forgotten, since all that was left of them was a deletion
	Horizon  Timestamp
	Duration time.Duration
}

const (
	leastBuffer     = 32 << 10
	leastCheckpoint = 4 << 10
	maxKeyBytes     = 4<<10 + 256
	maxValueBytes   = 256 << 20
	maxTxBytes      = 768 << 20
	writeOverhead   = 64 // counted against MaxTxBytes for each write
)

func (o Options) withDefaults() Options {
	if o.Durability == DurabilityDefault {
		o.Durability = DurabilitySync
	}
	switch {
	case o.History == 0:
		o.History = 10 * time.Minute
	case o.History < 0:
		o.History = 0
	}
	if o.HistoryBytes == 0 {
		o.HistoryBytes = 1 << 30
	}
	if o.BufferBytes == 0 {
		o.BufferBytes = 256 << 20
	}
	if o.CheckpointLogBytes == 0 {
		o.CheckpointLogBytes = 256 << 20
	}
	if o.CheckpointInterval == 0 {
		o.CheckpointInterval = 5 * time.Minute
	}
	if o.MaxKeyBytes == 0 {
		o.MaxKeyBytes = maxKeyBytes
	}
	if o.MaxValueBytes == 0 {
		o.MaxValueBytes = 16 << 20
	}
	if o.MaxTxBytes == 0 {
		o.MaxTxBytes = 256 << 20
	}
	switch {
	case o.MaxRetries == 0:
		o.MaxRetries = 100
	case o.MaxRetries < 0:
		o.MaxRetries = 0
	}
	if o.Clock == nil {
		o.Clock = clock.System
	}
	return o
}

// Validate says what is wrong with the options, all faults at once.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.Durability > DurabilityAsync {
		fault("Durability %d is none of those there are", o.Durability)
	}
	if o.HistoryBytes < 0 {
		fault("HistoryBytes %d is negative", o.HistoryBytes)
	}
	if o.BufferBytes < leastBuffer {
		fault("BufferBytes %d is less than %d", o.BufferBytes, leastBuffer)
	}
	if o.CheckpointBytes < 0 || o.CheckpointBytes > 0 && o.CheckpointBytes < leastCheckpoint {
		fault("CheckpointBytes %d is less than %d", o.CheckpointBytes, leastCheckpoint)
	}
	if o.CheckpointLogBytes < leastCheckpoint {
		fault("CheckpointLogBytes %d is less than %d", o.CheckpointLogBytes, leastCheckpoint)
	}
	if o.CheckpointInterval < 0 {
		fault("CheckpointInterval %v is negative", o.CheckpointInterval)
	}
	if o.MaxKeyBytes < 1 || o.MaxKeyBytes > maxKeyBytes {
		fault("MaxKeyBytes %d is not within 1 and %d", o.MaxKeyBytes, maxKeyBytes)
	}
	if o.MaxValueBytes < 1 || o.MaxValueBytes > maxValueBytes {
		fault("MaxValueBytes %d is not within 1 and %d", o.MaxValueBytes, maxValueBytes)
	}
	if o.MaxTxBytes < 1 || o.MaxTxBytes > maxTxBytes {
		fault("MaxTxBytes %d is not within 1 and %d", o.MaxTxBytes, maxTxBytes)
	}
	if o.MaxTxAge < 0 {
		fault("MaxTxAge %v is negative", o.MaxTxAge)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
}
