// Package buffer holds the records of the store in memory: for every key its
// versions, newest first, found by key and in key order.
//
// What it promises. A read at a timestamp sees the newest version at or before
// it, however much is written meanwhile, takes no lock and never waits. What a
// read returned stays as it is until the reader says that it is done (Reclaim).
//
// What it owns. Slabs of memory without pointers (slab.go), in which keys and
// versions are blocks (record.go), so that a million records are a few hundred
// objects to the garbage collector; a hash index for point reads (hash.go); a
// B-link tree for ranges (tree.go); and the queue of superseded versions (sweep.go).
//
// What it asks for. One writer at a time, which the caller sees to: Put, Delete,
// Bulk, DropRange, Sweep, StaleAt, Epoch and Reclaim are the writer's, the rest is
// anybody's. Timestamps of writes never go down.
package buffer

import (
	"bytes"
)

// Pool is the records of one store.
type Pool struct {
	s     slabs
	hash  hashIndex
	tree  tree
	old   queue // versions that hide others, oldest first
	bin   bin   // blocks out of use that a reader may still look at
	epoch uint64
	keys  counter
	stale counter // versions that are hidden by newer ones

	added, spare []addr        // lists for Bulk
	filled       chan struct{} // closed when the hash index has what EndBehind was given; nil where it has
}

// New returns an empty pool.
func New() *Pool {
	p := &Pool{}
	p.hash.init(&p.s)
	p.tree.init(&p.s)
	return p
}

// Put makes value the version of key at ts. Both are copied.
func (p *Pool) Put(key, value []byte, ts uint64) { p.install(key, value, false, ts) }

// Delete makes key absent from ts on.
func (p *Pool) Delete(key []byte, ts uint64) { p.install(key, nil, true, ts) }

func (p *Pool) install(key, value []byte, deleted bool, ts uint64) {
	hash := p.hash.hash(key)
	if node := p.hash.find(hash, key); node != 0 {
		p.supersede(node, value, deleted, ts)
		return
	}
	if deleted {
		// Nothing to hide. But a transaction that has read the absence and one that
		// deletes the same key must still conflict, so the deletion is kept a while.
		node := p.s.newNode(key)
		v := p.s.newVersion(0, ts, nil, true)
		p.add(hash, node, v)
		p.old.push(entry{ts: ts, version: v, node: node})
		return
	}
	node := p.s.newNode(key)
	p.add(hash, node, p.s.newVersion(0, ts, value, false))
}

func (p *Pool) add(hash uint64, node, version addr) {
	p.s.setHead(node, version)
	p.hash.add(hash, node)
	p.tree.insert(node)
	p.keys.add(1)
}

func (p *Pool) supersede(node addr, value []byte, deleted bool, ts uint64) {
	v := p.s.newVersion(p.s.head(node), ts, value, deleted)
	p.s.setHead(node, v)
	p.stale.add(1)
	e := entry{ts: ts, version: v}
	if deleted {
		e.node = node
	}
	p.old.push(e)
}

// DropRange makes every key in [lower, upper) absent from ts on.
func (p *Pool) DropRange(lower, upper []byte, ts uint64) {
	p.each(lower, upper, func(node addr) bool {
		if _, deleted := p.s.value(p.s.head(node)); !deleted {
			p.supersede(node, nil, true, ts)
		}
		return true
	})
}

// Newest returns the timestamp of the newest version of key, a deletion
// included, or 0 where there is none.
func (p *Pool) Newest(key []byte) uint64 {
	if node := p.hash.find(p.hash.hash(key), key); node != 0 {
		return p.s.timestamp(p.s.head(node))
	}
	return 0
}

// ChangedSince returns a key in [lower, upper) that has a version newer than ts,
// and the timestamp of its newest. A reader sees at least what was written before
// the call.
func (p *Pool) ChangedSince(lower, upper []byte, ts uint64) (key []byte, at uint64, changed bool) {
	p.each(lower, upper, func(node addr) bool {
		if at = p.s.timestamp(p.s.head(node)); at > ts {
			key, changed = p.s.key(node), true
		}
		return !changed
	})
	return key, at, changed
}

// each calls fn for the nodes in [lower, upper), in order, until it returns false.
func (p *Pool) each(lower, upper []byte, fn func(node addr) bool) {
	_, pg := p.tree.pageFor(lower, false)
	n := int(pg.n.Load())
	i := 0
	if lower != nil {
		i, _ = p.tree.search(pg, n, lower)
	}
	for {
		for ; i < n; i++ {
			node := pg.nodes[i]
			if upper != nil && bytes.Compare(p.s.key(node), upper) >= 0 || !fn(node) {
				return
			}
		}
		if pg.next == nil {
			return
		}
		pg = pg.next.page.Load()
		n, i = int(pg.n.Load()), 0
	}
}

// Get returns the value of key at ts. It must not be changed.
func (p *Pool) Get(key []byte, ts uint64) (value []byte, ok bool) {
	value, _, ok = p.GetVersion(key, ts)
	return value, ok
}

// GetVersion is Get with the timestamp of the version that it returns.
func (p *Pool) GetVersion(key []byte, ts uint64) (value []byte, at uint64, ok bool) {
	if node := p.hash.find(p.hash.hash(key), key); node != 0 {
		return p.s.see(node, ts)
	}
	return nil, 0, false
}

// Versions calls fn for every version in [lower, upper) that is newer than since
// and not newer than until, keys in order and the newest version of each first,
// until it returns false. A reader at since must keep them from being swept.
func (p *Pool) Versions(lower, upper []byte, since, until uint64, fn func(key, value []byte, deleted bool, ts uint64) bool) {
	p.each(lower, upper, func(node addr) bool {
		for v := p.s.head(node); v != 0; v = p.s.prev(v) {
			ts := p.s.timestamp(v)
			if ts <= since {
				break
			}
			if ts > until {
				continue
			}
			value, deleted := p.s.value(v)
			if !fn(p.s.key(node), value, deleted, ts) {
				return false
			}
		}
		return true
	})
}

// Stats describes a pool.
type Stats struct {
	Keys      int64 // with all that are deleted and not swept yet
	Stale     int64 // versions hidden by newer ones, and not swept yet
	UsedBytes int64 // of blocks that hold keys and versions
	HeldBytes int64 // of memory taken for them
}

// Stats may be called at any time.
func (p *Pool) Stats() Stats {
	return Stats{Keys: p.keys.get(), Stale: p.stale.get(), UsedBytes: p.s.used.Load(), HeldBytes: p.s.held.Load()}
}
