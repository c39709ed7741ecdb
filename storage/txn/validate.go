package txn

import (
	"bytes"
	"sort"
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
}

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
	c, err := s.clashes(v)
	v.since = max(v.since, until)
	v.looks++
	return c, err
}

// validateLocked ends it, under Store.commit. Where too much has happened since it
// was prepared, again is set: look has to be called without the lock, and this again.
func (s *Store) validateLocked(v *validation) (c *clash, again bool, err error) {
	switch {
	case v.ready && v.since >= s.commit.recent.floor:
		return s.commit.recent.clash(*v), false, nil
	case s.pool.Gone() > v.since, v.ready && v.looks < looksBeforeLock:
		return nil, true, nil
	}
	c, err = s.clashes(v)
	return c, false, err
}

// clashes asks for what is newer than v.since. The sorted store is not asked where
// nothing newer has left memory.
func (s *Store) clashes(v *validation) (*clash, error) {
	for i := range v.ops {
		if at, changed, err := s.pool.Changed(v.ops[i].Key, v.since); changed || err != nil {
			return &clash{v.ops[i].Key, at}, err
		}
	}
	for i := range v.tx.reads.spans {
		r := &v.tx.reads.spans[i]
		if r.point {
			if at, changed, err := s.pool.Changed(r.lower, v.since); changed || err != nil {
				return &clash{r.lower, at}, err
			}
		} else if key, at, changed, err := s.pool.ChangedIn(r.lower, r.upper, v.since); changed || err != nil {
			return &clash{key, at}, err
		}
	}
	return nil, nil
}

// recent holds what the last commits wrote.
type recent struct {
	commits []recentCommit // oldest first
	bytes   int
	floor   uint64 // of all commits after it, nothing is missing
}

type recentCommit struct {
	ts    uint64
	ops   []Op
	bytes int
}

const (
	recentCommits = 4096
	recentBytes   = 8 << 20
)

// add notes a commit whose record has so many bytes.
func (r *recent) add(ts uint64, ops []Op, bytes int) {
	if bytes > recentBytes/4 {
		r.forget(ts)
		return
	}
	r.commits = append(r.commits, recentCommit{ts: ts, ops: ops, bytes: bytes})
	r.bytes += bytes
	drop := 0
	for left := len(r.commits); left > recentCommits || r.bytes > recentBytes; left-- {
		r.floor = r.commits[drop].ts
		r.bytes -= r.commits[drop].bytes
		r.commits[drop] = recentCommit{}
		drop++
	}
	r.commits = r.commits[drop:]
}

// forget drops all commits up to and with ts.
func (r *recent) forget(ts uint64) {
	clear(r.commits)
	r.commits, r.bytes, r.floor = r.commits[:0], 0, ts
}

// clash looks at the commits after v.since. The spans of v are merged, and its
// ops in order.
func (r *recent) clash(v validation) *clash {
	from := sort.Search(len(r.commits), func(i int) bool { return r.commits[i].ts > v.since })
	for _, c := range r.commits[from:] {
		for i := range c.ops {
			if key := c.ops[i].Key; v.wrote(key) || v.tx.reads.has(key) {
				return &clash{key, c.ts}
			}
		}
	}
	return nil
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
