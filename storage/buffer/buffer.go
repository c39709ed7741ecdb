// Package buffer holds the records of the store in memory: for every key its
// versions, newest first, found by key and in key order.
//
// It promises that a read at a timestamp sees the newest version at or before it
// however much is written meanwhile. There is one writer at a time, which the
// caller sees to, and any number of readers.
package buffer

import (
	"bytes"
	"sync"

	"github.com/tidwall/btree"
)

type version struct {
	prev    *version
	ts      uint64
	value   []byte
	deleted bool
}

type node struct {
	key  []byte
	head *version
}

// Pool is the records of one store.
type Pool struct {
	mu   sync.RWMutex
	tree *btree.BTreeG[*node]
}

// New returns an empty pool.
func New() *Pool {
	return &Pool{tree: btree.NewBTreeGOptions(func(a, b *node) bool {
		return bytes.Compare(a.key, b.key) < 0
	}, btree.Options{NoLocks: true})}
}

func (p *Pool) install(key, value []byte, deleted bool, ts uint64) {
	v := &version{ts: ts, value: append([]byte{}, value...), deleted: deleted}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.tree.Get(&node{key: key}); ok {
		v.prev = n.head
		n.head = v
		return
	}
	p.tree.Set(&node{key: bytes.Clone(key), head: v})
}

// Put makes value the version of key at ts, which is newer than every other.
func (p *Pool) Put(key, value []byte, ts uint64) { p.install(key, value, false, ts) }

// Delete makes key absent from ts on.
func (p *Pool) Delete(key []byte, ts uint64) { p.install(key, nil, true, ts) }

// Newest returns the timestamp of the newest version of key, a deletion
// included, or 0 where there is none.
func (p *Pool) Newest(key []byte) uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if n, ok := p.tree.Get(&node{key: key}); ok {
		return n.head.ts
	}
	return 0
}

func (n *node) at(ts uint64) *version {
	for v := n.head; v != nil; v = v.prev {
		if v.ts <= ts {
			return v
		}
	}
	return nil
}

// Get returns the value of key at ts.
func (p *Pool) Get(key []byte, ts uint64) ([]byte, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	n, ok := p.tree.Get(&node{key: key})
	if !ok {
		return nil, false
	}
	if v := n.at(ts); v != nil && !v.deleted {
		return v.value, true
	}
	return nil, false
}

// ChangedSince returns a key in [lower, upper) that has a version newer than ts.
func (p *Pool) ChangedSince(lower, upper []byte, ts uint64) (key []byte, changed bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	p.tree.Ascend(&node{key: lower}, func(n *node) bool {
		if upper != nil && bytes.Compare(n.key, upper) >= 0 {
			return false
		}
		if n.head.ts > ts {
			key, changed = n.key, true
		}
		return !changed
	})
	return key, changed
}

// DropRange makes every key in [lower, upper) absent from ts on.
func (p *Pool) DropRange(lower, upper []byte, ts uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tree.Ascend(&node{key: lower}, func(n *node) bool {
		if upper != nil && bytes.Compare(n.key, upper) >= 0 {
			return false
		}
		if !n.head.deleted {
			n.head = &version{ts: ts, prev: n.head, deleted: true}
		}
		return true
	})
}

// Iter walks the keys that are present at a timestamp. Make one with Pool.Iter.
type Iter struct {
	p       *Pool
	ts      uint64
	reverse bool
	from    []byte // where the next batch begins
	open    bool   // from is no bound: begin at the end
	incl    bool   // from itself is part of it
	done    bool
	keys    [][]byte
	values  [][]byte
	at      int
}

// Iter returns an iterator at ts, before its first key.
func (p *Pool) Iter(ts uint64, reverse bool) *Iter {
	return &Iter{p: p, ts: ts, reverse: reverse, open: true, at: -1}
}

// Seek moves before the first key at or after key; with reverse, before the
// first key under it. A nil key is the beginning, or with reverse the end.
func (it *Iter) Seek(key []byte) {
	it.from, it.open, it.incl, it.done = bytes.Clone(key), key == nil, !it.reverse, false
	it.keys, it.values, it.at = it.keys[:0], it.values[:0], -1
}

const batch = 64

func (it *Iter) fill() {
	it.keys, it.values, it.at = it.keys[:0], it.values[:0], -1
	visit := func(n *node) bool {
		if !it.open && !it.incl && bytes.Equal(n.key, it.from) {
			return true
		}
		if v := n.at(it.ts); v != nil && !v.deleted {
			it.keys = append(it.keys, n.key)
			it.values = append(it.values, v.value)
		}
		return len(it.keys) < batch
	}
	it.p.mu.RLock()
	switch {
	case it.reverse && it.open:
		it.p.tree.Reverse(visit)
	case it.reverse:
		it.p.tree.Descend(&node{key: it.from}, visit)
	default:
		it.p.tree.Ascend(&node{key: it.from}, visit)
	}
	it.p.mu.RUnlock()
	it.done = len(it.keys) < batch
	if len(it.keys) > 0 {
		it.from, it.open, it.incl = it.keys[len(it.keys)-1], false, false
	}
}

// Next moves to the next key and says whether there is one.
func (it *Iter) Next() bool {
	if it.at+1 >= len(it.keys) {
		if it.done {
			return false
		}
		it.fill()
	}
	it.at++
	return it.at < len(it.keys)
}

// Key is the key that Next moved to.
func (it *Iter) Key() []byte { return it.keys[it.at] }

// Value is its value.
func (it *Iter) Value() []byte { return it.values[it.at] }
