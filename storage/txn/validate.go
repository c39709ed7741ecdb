package txn

import (
	"bytes"
	"sort"
)

// Validation. A commit is refused where a key that it wrote, or under serializable
// one that it read or that lies in a range that it read, has a version newer than
// its snapshot. A small transaction asks the buffer under the commit lock. A large
// one asks before it takes the lock, and under it looks only at what was committed
// meanwhile, so that nobody waits while a million rows are looked through.

// clash is a key with a version that the transaction would have had to see.
type clash struct {
	key []byte
	at  uint64
}

// validation is what is left to do under the lock.
type validation struct {
	tx    *Tx
	ops   []Op
	large bool
	since uint64 // all commits up to it were looked at
}

// largeWork is how many keys are looked at under the lock at most. Tests set it.
var largeWork = 256

// validate prepares the validation of tx, and does most of it where it is large.
func (s *Store) validate(tx *Tx, ops []Op) (v validation, c *clash) {
	v = validation{tx: tx, ops: ops}
	if tx.tracksReads() {
		for _, it := range tx.iters {
			it.cover()
		}
	}
	if len(ops)+len(tx.reads.spans)+tx.scanned <= largeWork {
		return v, nil
	}
	v.large, v.since = true, s.installed.Load()
	tx.reads.merge()
	return v, s.clashes(tx, ops)
}

// validateLocked ends it, under Store.commit.
func (s *Store) validateLocked(v validation) *clash {
	if v.large && v.since >= s.commit.recent.floor {
		return s.commit.recent.clash(v)
	}
	return s.clashes(v.tx, v.ops)
}

// clashes asks the buffer.
func (s *Store) clashes(tx *Tx, ops []Op) *clash {
	for i := range ops {
		if at := s.pool.Newest(ops[i].Key); at > tx.snapshot {
			return &clash{ops[i].Key, at}
		}
	}
	for i := range tx.reads.spans {
		r := &tx.reads.spans[i]
		if r.point {
			if at := s.pool.Newest(r.lower); at > tx.snapshot {
				return &clash{r.lower, at}
			}
		} else if key, at, ok := s.pool.ChangedSince(r.lower, r.upper, tx.snapshot); ok {
			return &clash{key, at}
		}
	}
	return nil
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
