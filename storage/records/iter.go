package records

import (
	"bytes"

	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/sorted"
)

// Iter walks the keys that have a value at a timestamp, in order or against it.
// Pages of memory that are whole are walked alone; over others it merges what
// memory has with an iterator of the sorted store.
type Iter struct {
	s            *Store
	mem          buffer.Iter
	ts           uint64
	reverse      bool
	lower, upper []byte
	merging      bool // the page at hand is not whole

	disk     *sorted.Iterator
	covers   uint64 // disk has everything up to it
	drops    *dropSet
	diskKey  []byte // the entry that disk stands on, nil where it has none or has not moved yet
	fromDisk bool   // the row is disk's
	exact    []byte // the row's key, where the value was looked up by it
	value    []byte
	at       uint64
	owner    Owner
	owned    bool // owner was told
	err      error
}

// Iter returns an iterator at ts over [lower, upper), nil bounds open. Seek says
// where it begins; Close ends it. The bounds are what the caller will not go
// beyond: entries outside of them may or may not be given.
// The owner, where there is one, is told when it begins to hold on to files.
func (s *Store) Iter(ts uint64, lower, upper []byte, reverse bool, owner Owner) Iter {
	return Iter{s: s, mem: s.Pool.Iter(ts, reverse), ts: ts, reverse: reverse, lower: lower, upper: upper, owner: owner}
}

// Owner keeps account of iterators that hold on to files of the sorted store.
type Owner interface {
	Opened(*Iter)
	Closed(*Iter)
}

// Seek moves before the first key at or after key; with reverse, before the first
// key under it. A nil key is the beginning, or with reverse the end.
func (it *Iter) Seek(key []byte) {
	it.fromDisk, it.exact = false, nil
	it.mem.Seek(key)
	it.merging = !it.mem.Whole()
	if it.merging {
		it.place(key)
	}
}

// Next moves to the next key that has a value and says whether there is one.
func (it *Iter) Next() bool {
	it.exact = nil
	for it.err == nil {
		if it.merging {
			found, more := it.merge()
			if found || !more {
				return found
			}
			continue
		}
		switch it.mem.Next() {
		case buffer.Row:
			it.fromDisk = false
			return true
		case buffer.Hole:
			if it.lookUp(it.mem.Key()) {
				return true
			}
		case buffer.PageEnd:
			it.merging = true
			it.place(it.mem.Edge())
		case buffer.End:
			return false
		}
	}
	return false
}

// lookUp asks the sorted store for one key.
func (it *Iter) lookUp(key []byte) bool {
	var ok bool
	it.value, it.at, ok, it.err = it.s.getStored(key, it.ts)
	if ok {
		it.exact, it.fromDisk = key, false
	}
	return ok
}

// place makes the iterator of the sorted store stand before the first key at or
// after key, or with reverse under it.
func (it *Iter) place(key []byte) {
	it.refresh()
	if it.reverse {
		it.s.offerRange(latest(it.mem.Low(), it.lower))
	} else {
		it.s.offerRange(latest(key, it.lower))
	}
	if it.disk == nil {
		return
	}
	if key != nil && it.reverse {
		it.disk.Seek(key)
		if it.step(); it.diskKey != nil && bytes.Equal(it.diskKey, key) {
			it.step()
		}
		return
	}
	if key != nil {
		it.disk.Seek(key)
	} else if it.reverse && it.upper != nil {
		it.disk.Seek(it.upper)
	} else if it.reverse {
		it.reopen()
	} else {
		it.disk.Seek(it.lower)
	}
	it.step()
}

// latest is the later one of two lower bounds, nil for none.
func latest(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}

// refresh sees to it that the iterator of the sorted store has all that left memory
// until now. It says whether there is another one, which is not placed.
func (it *Iter) refresh() bool {
	if it.disk != nil && it.s.Gone() <= it.covers {
		return false
	}
	return it.reopen()
}

func (it *Iter) reopen() bool {
	disk := it.s.disk.Load()
	if disk == nil {
		return false
	}
	it.shut()
	it.covers, it.drops = disk.Applied(), it.s.drops.Load()
	it.disk = disk.NewIter(sorted.IterOptions{Lower: it.lower, Upper: it.upper, TS: it.ts, Reverse: it.reverse})
	if it.owner != nil && !it.owned {
		it.owned = true
		it.owner.Opened(it)
	}
	return true
}

// step moves the iterator of the sorted store to its next entry that no drop hides.
func (it *Iter) step() {
	for it.disk.Next() {
		if it.diskKey = it.disk.Key(); it.drops == nil || !it.drops.hides(it.diskKey, it.disk.TS(), it.ts) {
			return
		}
	}
	it.diskKey = nil
	if err := it.disk.Err(); err != nil {
		it.err = err
	}
}

// merge moves to the next row of the page at hand, which is not whole. Where it has
// no more, it goes on to the next page; there may be more then.
func (it *Iter) merge() (found, more bool) {
	if it.fromDisk { // the last row was the sorted store's
		it.fromDisk = false
		it.step()
	}
	for it.err == nil {
		key, value, at, seen := it.mem.Peek()
		order := it.compare(key)
		if order > 0 { // the sorted store is first
			if it.outside(it.diskKey) {
				return it.turn()
			}
			it.fromDisk = true
			return true, true
		}
		if key == nil {
			return it.turn()
		}
		it.mem.Skip()
		if order == 0 {
			if seen == buffer.Elsewhere && it.s.Gone() <= it.covers {
				it.fromDisk = true
				return true, true
			}
			it.step()
		}
		switch {
		case seen == buffer.Present:
			it.exact, it.value, it.at = key, value, at
			return true, true
		case seen == buffer.Elsewhere && it.s.Gone() > it.covers:
			if it.lookUp(key) {
				return true, true
			}
		}
	}
	return false, false
}

// compare says which side has the next key: under 0 memory, over 0 the sorted
// store, 0 both or neither.
func (it *Iter) compare(key []byte) int {
	switch {
	case it.diskKey == nil && key == nil:
		return 0
	case it.diskKey == nil:
		return -1
	case key == nil:
		return 1
	case it.reverse:
		return bytes.Compare(it.diskKey, key)
	}
	return bytes.Compare(key, it.diskKey)
}

// outside says whether a key is not in the range of the page at hand, but behind it.
func (it *Iter) outside(key []byte) bool {
	if it.reverse {
		return it.mem.Low() != nil && bytes.Compare(key, it.mem.Low()) < 0
	}
	return it.mem.High() != nil && bytes.Compare(key, it.mem.High()) >= 0
}

// turn goes on to the next page.
func (it *Iter) turn() (found, more bool) {
	edge := it.mem.High()
	if it.reverse {
		edge = it.mem.Low()
	}
	if it.beyond(edge) || !it.mem.Turn() {
		return false, false
	}
	if it.merging = !it.mem.Whole(); it.merging && (it.disk == nil || it.s.Gone() > it.covers) {
		it.place(edge)
	}
	return false, true
}

// beyond says whether everything behind edge is out of bounds.
func (it *Iter) beyond(edge []byte) bool {
	if it.reverse {
		return edge != nil && bytes.Compare(edge, it.lower) <= 0
	}
	return edge != nil && it.upper != nil && bytes.Compare(edge, it.upper) >= 0
}

// Key is the key that Next moved to. It must not be changed.
func (it *Iter) Key() []byte {
	switch {
	case it.fromDisk:
		return it.diskKey
	case it.exact != nil:
		return it.exact
	}
	return it.mem.Key()
}

// Value is its value. It must not be changed. Where it cannot be read, it is nil
// and Err says why.
func (it *Iter) Value() []byte {
	switch {
	case it.fromDisk:
		value := it.disk.Value()
		if err := it.disk.Err(); err != nil {
			it.err = err
		}
		return value
	case it.exact != nil:
		return it.value
	}
	return it.mem.Value()
}

// Timestamp is when its version was written.
func (it *Iter) Timestamp() uint64 {
	switch {
	case it.fromDisk:
		return it.disk.TS()
	case it.exact != nil:
		return it.at
	}
	return it.mem.Timestamp()
}

// Err is what ended the iteration early.
func (it *Iter) Err() error { return it.err }

// Close lets go of the sorted store. It may be called more than once.
func (it *Iter) Close() {
	it.shut()
	if it.owned {
		it.owned = false
		it.owner.Closed(it)
	}
}

// Owned says whether the owner was told of the iterator, which is not closed yet.
func (it *Iter) Owned() bool { return it.owned }

// Abandon is Close by the owner.
func (it *Iter) Abandon() {
	it.owned = false
	it.shut()
}

func (it *Iter) shut() {
	if it.disk != nil {
		if err := it.disk.Close(); err != nil && it.err == nil {
			it.err = err
		}
		it.disk, it.diskKey = nil, nil
	}
}
