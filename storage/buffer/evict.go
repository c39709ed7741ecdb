package buffer

import "bytes"

// Eviction. A hand goes round the leaves in key order. A key that was read since the
// hand came by last stays, and loses its mark; others go, if the sorted store has
// all there is of them. Where many of a leaf's keys were read, it stays as it is:
// it is worth more whole, since a range read then need not ask the sorted store.

// Evicted says what an Evict did.
type Evicted struct {
	Keys  int
	Bytes int64 // that their blocks took
	Round bool  // the hand has come round
}

// warmShare is the part of a leaf's keys, one in so many, whose use keeps it whole.
const warmShare = 4

// Evict goes over some leaves and drops keys from memory. Their blocks can be used
// again once Reclaim has seen to it.
func (p *Pool) Evict(leaves int) (done Evicted) {
	for range leaves {
		pg := p.tree.pageFor(p.hand, false).view()
		high := p.s.fence(pg.next)
		p.evictPage(&pg, &done)
		if high == nil {
			p.hand, done.Round = nil, true
			return done
		}
		p.hand = append(p.hand[:0], high...) // the leaf may go
	}
	return done
}

func (p *Pool) evictPage(pg *view, done *Evicted) {
	var keep, gone [pageEntries]addr
	kept, going, used := 0, 0, 0
	applied := p.applied.Load()
	for i := range pg.n {
		node := pg.node(i)
		switch {
		case p.s.marks(node)&markUsed != 0:
			p.s.unmark(node, markUsed)
			used++
			fallthrough
		case !p.evictable(node, applied):
			keep[kept] = node
			kept++
		default:
			gone[going] = node
			going++
		}
	}
	if going == 0 || used*warmShare >= pg.n {
		return
	}
	p.parted.Store(true)
	for _, node := range gone[:going] {
		p.leave(p.s.timestamp(p.s.head(node)))
	}
	if pg.whole {
		p.tree.whole.Add(-1)
	}
	a, fresh := p.tree.newPage(pg.leaf, pg.next, false)
	p.tree.fill(fresh, keep[:kept])
	p.tree.replace(pg.leaf, a)
	for _, node := range gone[:going] {
		done.Bytes += int64(nodeHeader + len(p.s.key(node)) + p.s.size(p.s.head(node)))
		p.hash.remove(p.s.key(node))
		p.retire(&p.evicted, node)
	}
	done.Keys += going
	p.tree.shrink(fresh)
}

// evictable says that the sorted store has all there is of a node, and that
// nothing else knows it.
func (p *Pool) evictable(node addr, applied uint64) bool {
	v := p.s.head(node)
	return p.s.timestamp(v) <= applied && p.s.prev(v) == 0 && !p.s.deleted(v) && p.s.marks(node)&markTomb == 0
}

// shrink lets the leaf to the left of a page take it over, where both are not half full.
func (t *tree) shrink(p *page) {
	low := t.s.fence(p.leaf)
	if low == nil || p.count() > pageEntries/3 {
		return
	}
	if left := t.pageFor(low, true); left.count()+p.count() <= pageEntries*2/3 {
		t.absorb(p)
	}
}

// part notes that the leaf of key is not whole any more.
func (t *tree) part(key []byte) {
	t.setWhole(t.pageFor(key, false), false)
}

// setWhole replaces a page by one that is whole, or that is not.
func (t *tree) setWhole(p *page, whole bool) {
	if p.whole == whole {
		return
	}
	v := p.view()
	a, fresh := t.newPage(p.leaf, p.next, whole)
	fresh.skip = p.skip
	v.gather(fresh.nodes[:0], fresh.heads[:0], 0, v.n)
	fresh.filled(v.n)
	t.replace(p.leaf, a)
	if whole {
		t.whole.Add(1)
	} else {
		t.whole.Add(-1)
	}
}

// cut makes a leaf begin at key.
func (t *tree) cut(key []byte) {
	v := t.pageFor(key, false).view()
	if len(key) == 0 || bytes.Equal(t.s.fence(v.leaf), key) {
		return
	}
	i, _ := t.s.search(&v, key)
	var nodes [pageEntries]addr
	var heads [pageEntries]uint64
	all, words := v.gather(nodes[:0], heads[:0], 0, v.n)
	t.splitAt(v.page, key, all, words, i, int(v.skip))
}

// Admit puts a version into memory that was read from the sorted store. It is the
// newest one of its key that the store had when Applied was applied. It says
// whether the version was let in: where the key is in memory, or the store has got
// more since, it is not.
func (p *Pool) Admit(key, value []byte, ts, applied uint64) bool {
	if applied != p.applied.Load() {
		return false
	}
	return p.admit(key, value, ts)
}

func (p *Pool) admit(key, value []byte, ts uint64) bool {
	hash := p.hash.hash(key)
	if p.hash.find(hash, key) != 0 {
		return false
	}
	pg := p.tree.pageFor(key, false).view()
	i, ok := p.s.search(&pg, key)
	if ok || pg.whole {
		return false
	}
	node, _ := p.fresh(key, value, 0, ts)
	p.s.mark(node, markStored)
	p.hash.add(hash, node)
	p.tree.insertAt(&pg, i, node)
	p.keys.add(1)
	return true
}

// AdmitRange is Admit for all keys in [low, high), nil bounds open: found are the
// newest versions of all those that have a value at any timestamp that can still be
// read. The range is whole from then on.
func (p *Pool) AdmitRange(low, high []byte, found []Version, applied uint64) (admitted int, ok bool) {
	if applied != p.applied.Load() {
		return 0, false
	}
	p.tree.cut(low)
	if high != nil {
		p.tree.cut(high)
	}
	for i := range found {
		if p.admit(found[i].Key, found[i].Value, found[i].TS) {
			admitted++
		}
	}
	for pg := p.tree.pageFor(low, false); ; {
		next := pg.next
		p.tree.setWhole(pg, true)
		if next == 0 || (high != nil && bytes.Compare(p.s.fence(next), high) >= 0) {
			return admitted, true
		}
		pg = p.s.page(next)
	}
}

// PageOf is the range of the page that holds key, nil bounds open, and whether it is
// whole. The bounds are copies.
func (p *Pool) PageOf(key []byte) (low, high []byte, whole bool) {
	pg := p.tree.pageFor(key, false)
	return bytes.Clone(p.s.fence(pg.leaf)), bytes.Clone(p.s.fence(pg.next)), pg.whole
}
