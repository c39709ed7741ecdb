// Package records is all versions of all keys, wherever they are: the newest in
// memory (storage/buffer), the others, and those that nobody asked for lately, in
// the sorted store (storage/sorted).
//
// What it promises. A read at a timestamp finds the newest version at or before it,
// also while versions move from one place to the other. Where everything of a key,
// or of a range, is in memory, the sorted store is not asked.
//
// How it holds. Memory has the newest versions of a key without a gap, so one that
// it has at or before the timestamp is the answer. A version leaves memory only
// after the flush that stored it; so a reader who looks into memory first, and into
// the sorted store as it is after that, misses nothing. An iterator of the sorted
// store shows what was stored when it was made: before what it says about a page of
// memory counts, it is compared with the greatest timestamp that has left memory
// until the page was read (buffer.Pool.Gone), and made anew where it is older.
//
// What it owns. The list of dropped ranges, which hide what the sorted store has of
// them until it is told to drop it; and the way of a generation into it.
//
// What it asks for. One writer at a time, as the pool does; Flush and Execute are
// for one caller at a time, too, and are not the writer's.
package records

import (
	"sync/atomic"

	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/sorted"
)

// Store is the records of one store. What it does not redefine is the pool's.
type Store struct {
	*buffer.Pool
	disk    atomic.Pointer[sorted.Store] // nil until there is one
	drops   atomic.Pointer[dropSet]
	offered atomic.Pointer[chan Offer]  // what reads found in the sorted store
	ranges  atomic.Pointer[chan []byte] // where reads of ranges began
	roomy   atomic.Bool                 // memory has room for it
	ghost   ghost
	counts  counts
}

// counts are of reads.
type counts struct {
	cold, found atomic.Int64 // asked the sorted store; and it had a value
}

// New returns an empty store, all in memory.
func New() *Store { return &Store{Pool: buffer.New()} }

// Back puts a sorted store behind an empty store. It may be nil where none has been
// made so far; then SetDisk follows before the first Flush.
func (s *Store) Back(disk *sorted.Store) {
	s.ghost.init()
	if disk == nil {
		s.Pool.Back(0, true)
		return
	}
	s.SetDisk(disk)
	s.Pool.Back(disk.Applied(), disk.Applied() == 0)
	s.drops.Store(newDropSet(append([]sorted.Drop{}, disk.Drops()...)))
}

// SetDisk sets the sorted store, which is empty where it was not there at Back.
func (s *Store) SetDisk(disk *sorted.Store) { s.disk.Store(disk) }

// Disk is the sorted store, nil where there is none yet.
func (s *Store) Disk() *sorted.Store { return s.disk.Load() }

// Get returns the value that key has at ts and the timestamp of its version. The
// value must not be changed; it stays while the reader does.
func (s *Store) Get(key []byte, ts uint64) (value []byte, at uint64, ok bool, err error) {
	value, at, seen := s.Pool.Get(key, ts)
	if seen != buffer.Elsewhere {
		return value, at, seen == buffer.Present, nil
	}
	return s.getStored(key, ts)
}

// getStored asks the sorted store for what memory does not have.
func (s *Store) getStored(key []byte, ts uint64) (value []byte, at uint64, ok bool, err error) {
	disk := s.disk.Load()
	if disk == nil {
		return nil, 0, false, nil // nothing has ever left memory
	}
	s.counts.cold.Add(1)
	applied := s.Applied()
	drops := s.drops.Load() // before the read: what is executed until then is not in it
	v, err := disk.Get(nil, key, ts)
	if err != nil {
		return nil, 0, false, err
	}
	if !v.Live() || drops.hides(key, v.TS, ts) {
		return nil, v.TS, false, nil
	}
	s.counts.found.Add(1)
	if ts >= applied {
		s.offer(key, v, applied)
	}
	return v.Value, v.TS, true, nil
}

// Reads is how often the sorted store was asked for a key, and had a value.
func (s *Store) Reads() (asked, found int64) { return s.counts.cold.Load(), s.counts.found.Load() }

// DropRange makes every key in [lower, upper) absent from ts on. It is the
// writer's.
func (s *Store) DropRange(lower, upper []byte, ts uint64) {
	if s.Backed() {
		d := sorted.Drop{Lower: append([]byte{}, lower...), TS: ts}
		if upper != nil {
			d.Upper = append([]byte{}, upper...)
		}
		s.drops.Store(s.drops.Load().with(d)) // before the versions, which may be swept before the drop is seen
	}
	s.Pool.DropRange(lower, upper, ts)
}

// Drops are the ranges that were dropped and are not executed yet. The list must
// not be changed.
func (s *Store) Drops() []sorted.Drop {
	return s.drops.Load().all()
}
