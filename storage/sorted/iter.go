package sorted

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// IterOptions bounds an iteration. Nil bounds are open.
type IterOptions struct {
	Lower, Upper []byte
	TS           uint64 // what is read: for each key the newest version at or before it
	Reverse      bool
}

// Iterator walks the keys that have a value at a timestamp, in order or, with
// Reverse, against it. It sees the store as it was when it was made, whatever is
// flushed, dropped or swept meanwhile, and holds on to the files of then. Key and
// Value are valid until the next call of Next, Seek or Close, and must not be
// changed. It serves one goroutine.
//
//	it := s.NewIter(sorted.IterOptions{Lower: p, Upper: end, TS: ts})
//	defer it.Close()
//	for it.Next() { … it.Key(), it.Value() … }
//	return it.Err()
type Iterator struct {
	s            *Store
	c            *cursor
	ts           uint64
	reverse      bool
	lower, upper []byte // stored form; upper may be nil
	err          error

	state  iterState
	target []byte // stored form of where to seek, in state iterSeek
	key    []byte // of the entry stood on
	found  uint64
	value  []byte
	loaded bool // value is that of the entry
}

type iterState uint8

const (
	iterSeek  iterState = iota // before target
	iterOn                     // on an entry; the engine stands on its version
	iterPast                   // on an entry; the engine stands before it (in direction)
	iterEnd                    // nothing more
	iterClose                  // closed
)

// stepsBeforeSeek is how many versions are stepped over before a search pays.
const stepsBeforeSeek = 8

// NewIter returns an iterator before its first entry. What goes wrong shows in Err.
func (s *Store) NewIter(o IterOptions) *Iterator {
	it := &Iterator{s: s, ts: min(o.TS, MaxTimestamp), reverse: o.Reverse}
	if err := s.beginRead(); err != nil {
		it.err, it.state = err, iterClose
		return it
	}
	if h := s.Horizon(); o.TS < h {
		it.err, it.state = historyGone(o.TS, h), iterEnd
		return it
	}
	c, err := s.ranges.take()
	if err != nil {
		it.err, it.state = s.wrap("iterate", err), iterEnd
		return it
	}
	it.c = c
	it.lower, it.upper = storedBounds(o.Lower, o.Upper)
	c.it.SetBounds(it.lower, it.upper)
	it.rewind()
	return it
}

// rewind moves before the first entry.
func (it *Iterator) rewind() {
	it.state = iterSeek
	it.target = append(it.target[:0], it.lower...)
	if it.reverse {
		it.target = append(it.target[:0], it.upper...)
	}
}

// Seek moves before the first entry at or after key (at or before it, with
// Reverse), within the bounds. Next then stands on that entry.
func (it *Iterator) Seek(key []byte) {
	if it.err != nil || it.state == iterClose {
		return
	}
	it.rewind()
	if !it.reverse {
		if validKey(key) {
			it.target = appendPrefix(it.target[:0], key)
		}
		if compareStored(it.target, it.lower) < 0 {
			it.target = append(it.target[:0], it.lower...)
		}
		return
	}
	// The smallest key that is greater than key: all versions of key are before it.
	it.target = append(appendPrefix(it.target[:0], key), 0)
	if it.upper != nil && compareStored(it.target, it.upper) > 0 {
		it.target = append(it.target[:0], it.upper...)
	}
}

// Next moves to the next entry and says whether there is one.
func (it *Iterator) Next() bool {
	if it.err != nil || it.state == iterEnd || it.state == iterClose {
		return false
	}
	found := false
	if it.reverse {
		found = it.prevEntry()
	} else {
		found = it.nextEntry()
	}
	if it.err == nil && !found {
		it.fail(it.c.it.Error())
	}
	if !found || it.err != nil {
		it.state = iterEnd
		return false
	}
	return true
}

func (it *Iterator) fail(err error) {
	if err != nil && it.err == nil {
		it.err = it.s.wrap("iterate", err)
	}
}

// nextEntry finds the next key with a value going forward.
func (it *Iterator) nextEntry() bool {
	p := it.c.it
	var ok bool
	if it.state == iterSeek {
		ok = p.SeekGE(it.target)
	} else {
		ok = p.NextPrefix()
	}
	for steps := 0; ok; {
		key, ts, isVersion := cutVersion(p.Key())
		if !isVersion {
			it.fail(it.s.damaged("key %x is not in the form of this store", p.Key()))
			return false
		}
		if ts > it.ts {
			if steps++; steps < stepsBeforeSeek {
				ok = p.Next()
				continue
			}
			it.c.key = appendVersion(it.c.key[:0], key, max(it.ts, 1))
			steps = 0
			ok = p.SeekGE(it.c.key)
			if ok && it.ts == 0 {
				return false // nothing is at or before 0
			}
			continue
		}
		value := p.LazyValue()
		if value.Len() == 0 {
			steps = 0
			ok = p.NextPrefix()
			continue
		}
		it.key, it.found, it.loaded, it.state = key, ts, false, iterOn
		return true
	}
	return false
}

// prevEntry finds the next key with a value going backward. The engine comes upon
// the oldest version first, so the best one so far is copied while looking on.
func (it *Iterator) prevEntry() bool {
	p := it.c.it
	var ok bool
	switch {
	case it.state != iterSeek:
		ok = p.Valid() // already before the entry
	case len(it.target) == 0:
		ok = p.Last()
	default:
		ok = p.SeekLT(it.target)
	}
	for ok {
		key, _, isVersion := cutVersion(p.Key())
		if !isVersion {
			it.fail(it.s.damaged("key %x is not in the form of this store", p.Key()))
			return false
		}
		it.key = append(it.c.key[:0], key...)
		it.c.key = it.key
		live := false
		if live, ok = it.newestBackward(); it.err != nil {
			return false
		}
		if live {
			it.state = iterPast
			return true
		}
	}
	return false
}

// newestBackward finds the newest version at or before ts of it.key, on whose oldest
// version the engine stands, and moves the engine before the key. It says whether
// there is a value, and whether the engine stands on anything.
func (it *Iterator) newestBackward() (live, ok bool) {
	p := it.c.it
	ok = true
	for steps := 0; ok; steps++ {
		key, ts, isVersion := cutVersion(p.Key())
		if !isVersion || !bytes.Equal(key, it.key) {
			return live, ok
		}
		if ts > it.ts || steps == stepsBeforeSeek {
			return it.jump(live, ts)
		}
		value := p.LazyValue()
		if live = value.Len() > 0; live {
			it.take(&value, ts)
			if it.err != nil {
				return false, false
			}
		}
		ok = p.Prev()
	}
	it.fail(p.Error()) // which a newer version may hide behind
	return live, ok
}

// jump ends the look at a key with many versions by two searches.
func (it *Iterator) jump(live bool, ts uint64) (bool, bool) {
	p := it.c.it
	if ts <= it.ts { // the newest is still ahead
		seek := appendVersion(it.target[:0], it.key, it.ts)
		it.target = seek
		if !p.SeekGE(seek) {
			it.fail(errors.Join(p.Error(), it.s.damaged("version %d of key %x is gone", ts, it.key)))
			return false, false
		}
		_, found, _ := cutVersion(p.Key())
		value := p.LazyValue()
		if live = value.Len() > 0; live {
			if it.take(&value, found); it.err != nil {
				return false, false
			}
		}
	}
	it.target = appendPrefix(it.target[:0], it.key)
	return live, p.SeekLT(it.target)
}

// take copies the value of a version.
func (it *Iterator) take(v *pebble.LazyValue, ts uint64) {
	stored, owned, err := v.Value(it.c.value[:0])
	if err != nil {
		it.fail(err)
		return
	}
	if owned {
		it.c.value = stored
	} else {
		it.c.value = append(it.c.value[:0], stored...)
	}
	it.value, it.found, it.loaded = userValue(it.c.value), ts, true
}

// Key is the key of the entry.
func (it *Iterator) Key() []byte { return it.key }

// TS is the commit timestamp of the entry's version.
func (it *Iterator) TS() uint64 { return it.found }

// Value is the value of the entry. It is loaded by the first call, which may fail;
// then it is nil and Err tells, as the next call of Next does.
func (it *Iterator) Value() []byte {
	if it.state != iterOn || it.loaded {
		return it.value
	}
	stored, err := it.c.it.ValueAndErr()
	if err != nil {
		it.fail(err)
		it.value = nil
		return nil
	}
	it.value, it.loaded = userValue(stored), true
	return it.value
}

// Err is what ended the iteration early, if anything did.
func (it *Iterator) Err() error { return it.err }

// Close releases the iterator and returns Err. It may be called more than once.
func (it *Iterator) Close() error {
	if it.state == iterClose {
		return it.err
	}
	it.state = iterClose
	it.key, it.value = nil, nil
	if it.c != nil {
		it.s.ranges.give(it.c)
		it.c = nil
	}
	it.s.endRead()
	return it.err
}
