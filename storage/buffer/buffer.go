// Package buffer holds the records of the store in memory: for every key its
// versions, newest first, found by key and in key order.
//
// What it promises. A read at a timestamp sees the newest version at or before
// it, however much is written meanwhile, takes no lock and never waits. Where that
// version is not in memory, it says so (Elsewhere), and never takes an older one
// for it. What a read returned stays as it is until the reader says that it is
// done (Reclaim).
//
// What it owns. Slabs of memory without pointers (slab.go), in which keys and
// versions are blocks (record.go), so that a million records are a few hundred
// objects to the garbage collector; a hash index for point reads (hash.go); a
// B-link tree for ranges (tree.go), whose leaves are blocks, too; the queue of superseded versions (sweep.go);
// and the list of what the sorted store does not have yet (generation.go).
//
// What holds. The versions of a key in memory are its newest ones, without a gap.
// Versions after Applied are all there. In a page that is whole, every key has its
// node that has a value at any timestamp that can still be read.
//
// What it asks for. One writer at a time, which the caller sees to: Put, Delete, PutAt,
// DeleteAt, Bulk, DropRange, Freeze, Stored, Admit, Evict, Trim, Sweep, StaleAt, Epoch and
// Reclaim are the writer's, the rest is anybody's. Timestamps of writes never go
// down.
package buffer

import (
	"bytes"
	"math"
	"sync/atomic"
)

// Pool is the records of one store.
type Pool struct {
	s     slabs
	hash  hashIndex
	tree  tree
	old   queue // versions that hide others, oldest first
	tombs queue // deletions with nothing in front of them that are not stored yet
	bin   bin   // blocks out of use that a reader may still look at
	// evicted and pages hold those that no generation has: what was evicted, and what was
	// of the tree.
	evicted, pages bin
	epoch          uint64
	keys           counter
	stale          counter // versions that are hidden by newer ones

	// What a sorted store has. Without one, applied is after every timestamp.
	applied atomic.Uint64                   // everything up to it is stored
	gone    atomic.Uint64                   // the greatest timestamp of a version that was evicted or trimmed
	parted  atomic.Bool                     // some leaf is not whole, or was not once
	frozen  uint64                          // where the last generation ends
	dirty   []addr                          // nodes with versions after frozen
	size    struct{ fresh, frozen counter } // bytes of versions after frozen, and of those up to it that are not stored
	hand    []byte                          // where the eviction goes on

	added, spare []addr        // lists for Bulk
	filled       chan struct{} // closed when the hash index has what EndBehind was given; nil where it has
}

// New returns an empty pool without a sorted store behind it.
func New() *Pool {
	p := &Pool{}
	p.hash.init(&p.s)
	p.tree.init(p)
	p.applied.Store(math.MaxUint64)
	keepRegions(p)
	return p
}

// Back says that a sorted store is behind the pool, which is empty: it has
// everything up to applied, which is nothing where empty is set.
func (p *Pool) Back(applied uint64, empty bool) {
	p.applied.Store(applied)
	p.frozen = applied
	if !empty {
		p.gone.Store(applied)
		p.parted.Store(true)
		p.s.page(p.tree.root.Load().leaves[0]).whole = false
		p.tree.whole.Store(0)
	}
}

// Put makes value the version of key at ts. Both are copied.
func (p *Pool) Put(key, value []byte, ts uint64) { p.install(key, value, 0, ts) }

// Delete makes key absent from ts on.
func (p *Pool) Delete(key []byte, ts uint64) { p.install(key, nil, deletedFlag, ts) }

// Place is where a key is in memory, or that it is not there.
type Place struct {
	hash uint64
	node addr
}

// Find finds a key. The place holds until the writer does anything but Put, Delete,
// PutAt and DeleteAt for other keys.
func (p *Pool) Find(key []byte) Place {
	hash := p.hash.hash(key)
	return Place{hash: hash, node: p.hash.find(hash, key)}
}

// PutAt is Put for a key that was found.
func (p *Pool) PutAt(at Place, key, value []byte, ts uint64) { p.installAt(at, key, value, 0, ts) }

// DeleteAt is Delete for a key that was found.
func (p *Pool) DeleteAt(at Place, key []byte, ts uint64) { p.installAt(at, key, nil, deletedFlag, ts) }

func (p *Pool) install(key, value []byte, flags uint32, ts uint64) {
	p.installAt(p.Find(key), key, value, flags, ts)
}

func (p *Pool) installAt(at Place, key, value []byte, flags uint32, ts uint64) {
	if at.node != 0 {
		p.supersede(at.node, value, flags, ts)
		return
	}
	node, v := p.fresh(key, value, flags, ts)
	pg := p.tree.pageFor(key, false).view()
	i, _ := p.s.search(&pg, key)
	if pg.whole {
		p.s.mark(node, markBottom)
	}
	p.hash.add(at.hash, node)
	p.tree.insertAt(&pg, i, node)
	p.keys.add(1)
	p.begun(node, v, flags, ts)
}

// fresh makes a node with its first version.
func (p *Pool) fresh(key, value []byte, flags uint32, ts uint64) (node, v addr) {
	node = p.s.newNode(key)
	v = p.s.newVersion(0, ts, value, flags)
	p.s.setHead(node, v)
	return node, v
}

// begun notes a node that was made for its first version. A deletion hides nothing
// then. But a transaction that has read the absence and one that deletes the same
// key must still conflict, so the deletion is kept a while.
func (p *Pool) begun(node, v addr, flags uint32, ts uint64) {
	if flags&deletedFlag != 0 {
		p.old.push(entry{ts: ts, version: v, node: node})
	}
	if p.Backed() {
		p.dirty = append(p.dirty, node)
		p.size.fresh.add(int64(nodeHeader + len(p.s.key(node)) + p.s.size(v)))
	}
}

func (p *Pool) supersede(node addr, value []byte, flags uint32, ts uint64) {
	head := p.s.head(node)
	v := p.s.newVersion(head, ts, value, flags)
	p.s.setHead(node, v)
	p.stale.add(1)
	p.old.push(entry{ts: ts, version: v, node: node})
	if p.Backed() {
		if p.s.timestamp(head) <= p.frozen {
			p.dirty = append(p.dirty, node)
		}
		p.size.fresh.add(int64(p.s.size(v)))
	}
}

// wholeShare is the part of the leaves, one in so many, that must be whole for it to
// be worth looking whether that of a key is.
const wholeShare = 8

// Backed says whether there is a sorted store behind the pool.
func (p *Pool) Backed() bool { return p.applied.Load() != math.MaxUint64 }

// Applied is the timestamp up to which everything is in the sorted store.
func (p *Pool) Applied() uint64 { return p.applied.Load() }

// Gone is the greatest timestamp of a version that was in memory and is not any
// more though it can still be read, or of a deletion that is not because nothing is left
// for it to hide. It only rises, before the version goes.
func (p *Pool) Gone() uint64 { return p.gone.Load() }

// Parted says whether there is, or was, a range of keys that is not all in memory.
func (p *Pool) Parted() bool { return p.parted.Load() }

// DropRange makes every key in [lower, upper) absent from ts on.
func (p *Pool) DropRange(lower, upper []byte, ts uint64) {
	p.each(lower, upper, func(node addr) bool {
		if _, deleted := p.s.value(p.s.head(node)); !deleted {
			p.supersede(node, nil, deletedFlag|droppedFlag, ts)
		}
		return true
	})
}

// Newest returns the timestamp of the newest version of key, a deletion
// included, or 0 where there is none.
func (p *Pool) Newest(key []byte) uint64 { return p.NewestAt(p.Find(key)) }

// NewestAt is Newest for a key that was found.
func (p *Pool) NewestAt(at Place) uint64 {
	if at.node == 0 {
		return 0
	}
	return p.s.timestamp(p.s.head(at.node))
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
	pg := p.tree.pageFor(lower, false).view()
	i := 0
	if lower != nil {
		i, _ = p.s.search(&pg, lower)
	}
	for {
		for ; i < pg.n; i++ {
			node := pg.node(i)
			if upper != nil && bytes.Compare(p.s.key(node), upper) >= 0 || !fn(node) {
				return
			}
		}
		if pg.next == 0 {
			return
		}
		pg, i = p.s.page(pg.next).view(), 0
	}
}

// Get returns the value that key has at ts, which must not be changed, and the
// timestamp of its version.
func (p *Pool) Get(key []byte, ts uint64) (value []byte, at uint64, seen Seen) {
	node := p.hash.find(p.hash.hash(key), key)
	if node == 0 {
		if !p.parted.Load() {
			return nil, 0, Absent
		}
		if p.tree.whole.Load()*wholeShare < p.tree.leaves.Load() {
			return nil, 0, Elsewhere // most likely; asking costs less than finding out
		}
		pg := p.tree.pageFor(key, false)
		if !pg.whole {
			return nil, 0, Elsewhere
		}
		// It may have come in since.
		v := pg.view()
		i, ok := p.s.search(&v, key)
		if !ok {
			return nil, 0, Absent
		}
		node = v.node(i)
	}
	if p.Backed() && p.s.marks(node)&markUsed == 0 {
		p.s.mark(node, markUsed)
	}
	return p.s.see(node, ts)
}

// PageVersions returns the versions that are newer than since and not newer than
// until, of the keys in [lower, upper) that lie in the page of lower, keys in order
// and the newest version of each first; and the first key behind that page, nil
// where it is the last. Range drops are no versions of what they hide. A reader at
// since must keep them from being swept.
func (p *Pool) PageVersions(lower, upper []byte, since, until uint64) (found []Version, high []byte) {
	pg, i := p.tree.pageFor(lower, false).view(), 0
	if lower != nil {
		i, _ = p.s.search(&pg, lower)
	}
	for ; i < pg.n; i++ {
		node := pg.node(i)
		key := p.s.key(node)
		if upper != nil && bytes.Compare(key, upper) >= 0 {
			break
		}
		for v := p.s.head(node); v != 0; v = p.s.prev(v) {
			ts := p.s.timestamp(v)
			if ts <= since {
				break
			}
			if ts > until || p.s.dropped(v) {
				continue
			}
			value, deleted := p.s.value(v)
			found = append(found, Version{Key: key, Value: value, TS: ts, Deleted: deleted})
		}
	}
	return found, p.s.fence(pg.next)
}

// Stats describes a pool.
type Stats struct {
	Keys       int64 // with all that are deleted and not swept yet
	Stale      int64 // versions hidden by newer ones, and not swept yet
	UsedBytes  int64 // of blocks that hold keys and versions
	HeldBytes  int64 // of memory taken for them
	IndexBytes int64 // of both indexes
	DirtyBytes int64 // of versions that are not in the sorted store yet
}

// Load is what records and indexes take, without what is only kept for readers.
func (p *Pool) Load() int64 {
	return p.s.used.Load() - p.bin.bytes.Load() - p.evicted.bytes.Load() - p.pages.bytes.Load() + p.hash.bytes.Load() + p.tree.inners()
}

// Stats may be called at any time.
func (p *Pool) Stats() Stats {
	return Stats{
		Keys: p.keys.get(), Stale: p.stale.get(), UsedBytes: p.s.used.Load() - p.tree.blocks.Load() - p.pages.bytes.Load(), HeldBytes: p.s.held.Load(),
		IndexBytes: p.hash.bytes.Load() + p.tree.bytes(), DirtyBytes: p.DirtyBytes(),
	}
}
