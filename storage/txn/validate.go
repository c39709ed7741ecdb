package txn

import (
	"bytes"
	"slices"
	"sort"

	"github.com/weftdb/weft/storage/buffer"
)

// Validation. A commit is refused where a key that it wrote, or under serializable
// one that it read or that lies in a range that it read, has a version newer than
// its snapshot. A small transaction asks memory under the commit lock. A large one
// asks before it takes the lock, and under it looks only at what was committed
// meanwhile, so that nobody waits while a million rows are looked through; and so
// does one that is older than something that has left memory since, which has to
// ask the sorted store.

// clash is a key with a version that the transaction would have had to see.
type clash struct {
	key []byte
	at  uint64
}

func newClash(key []byte, at uint64) *clash { return &clash{key, at} }

// validation is what is left to do under the lock.
type validation struct {
	tx    *Tx
	ops   []Op
	ready bool   // what was committed up to since was looked at, and the spans are merged
	since uint64 // what is newer is to be looked at
	looks int    // how often look was called

	// places of ops in memory, where there are few of them. They hold where found is
	// set, which is as long as the lock is held under which they were found.
	places [fewPlaces]buffer.Place
	found  bool
}

// fewPlaces is for how many writes the places are kept from validation to install.
const fewPlaces = 4

// largeWork is how many keys are looked at under the lock at most. Tests set it.
var largeWork = 256

// looksBeforeLock is how often a large transaction is looked through again without
// the lock before it is under it.
const looksBeforeLock = 4

// validate prepares the validation of tx, and does most of it where it is large or old.
func (s *Store) validate(tx *Tx, ops []Op) (v validation, c *clash, err error) {
	v = validation{tx: tx, ops: ops, since: tx.snapshot}
	if tx.tracksReads() {
		for _, it := range tx.iters {
			it.cover()
		}
	}
	if len(ops)+len(tx.reads.spans)+tx.scanned <= largeWork && s.pool.Gone() <= v.since {
		return v, nil, nil
	}
	tx.reads.merge()
	v.ready = true
	c, err = s.look(&v)
	return v, c, err
}

// look asks memory and the sorted store, without a lock, for what was committed
// after v.since, and moves that on.
func (s *Store) look(v *validation) (*clash, error) {
	until := s.installed.Load()
	v.looks++
	if until <= v.since {
		return nil, nil // nothing was committed since, as while somebody loads alone
	}
	c, err := s.clashes(v)
	v.since = max(v.since, until)
	return c, err
}

// validateLocked ends it, under Store.commit. Where too much has happened since it
// was prepared, again is set: look has to be called without the lock, and this again.
func (s *Store) validateLocked(v *validation) (c *clash, again bool, err error) {
	switch {
	case len(v.ops) > fewPlaces && s.installed.Load() <= v.since:
		return nil, false, nil
	case v.ready && v.since >= s.commit.recent.floor:
		return s.commit.recent.clash(*v), false, nil
	case s.pool.Gone() > v.since, v.ready && v.looks < looksBeforeLock:
		return nil, true, nil
	}
	c, err = s.clashes(v)
	v.found = len(v.ops) <= fewPlaces && c == nil && err == nil
	return c, false, err
}

// clashes asks for what is newer than v.since. The sorted store is not asked where
// nothing newer has left memory.
func (s *Store) clashes(v *validation) (*clash, error) {
	few := len(v.ops) <= fewPlaces
	for i := range v.ops {
		key := v.ops[i].Key
		place := s.pool.Find(key)
		if few {
			v.places[i] = place
		}
		if at, changed, err := s.pool.ChangedAt(place, key, v.since); changed || err != nil {
			return &clash{key, at}, err
		}
	}
	for i := range v.tx.reads.spans {
		r := &v.tx.reads.spans[i]
		if r.point {
			if few && slices.ContainsFunc(v.ops, func(op Op) bool { return bytes.Equal(op.Key, r.lower) }) {
				continue // what was read and written was asked for above
			}
			if at, changed, err := s.pool.Changed(r.lower, v.since); changed || err != nil {
				return &clash{r.lower, at}, err
			}
		} else if key, at, changed, err := s.pool.ChangedIn(r.lower, r.upper, v.since); changed || err != nil {
			return &clash{key, at}, err
		}
	}
	return nil, nil
}

func (v *validation) wrote(key []byte) bool {
	i := sort.Search(len(v.ops), func(i int) bool { return bytes.Compare(v.ops[i].Key, key) >= 0 })
	return i < len(v.ops) && bytes.Equal(v.ops[i].Key, key)
}

// has says whether key was read. The spans are merged.
func (r *readSet) has(key []byte) bool {
	i := sort.Search(len(r.spans), func(i int) bool { return bytes.Compare(r.spans[i].lower, key) > 0 })
	return i > 0 && r.spans[i-1].covers(key)
}
