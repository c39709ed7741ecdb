package buffer

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
		l, pg := p.tree.pageFor(p.hand, false)
		high := pg.high
		p.evictPage(l, pg, &done)
		if high == nil {
			p.hand, done.Round = nil, true
			return done
		}
		p.hand = high.key
	}
	return done
}

func (p *Pool) evictPage(l *leaf, pg *page, done *Evicted) {
	var keep, gone [pageEntries]addr
	kept, going, used := 0, 0, 0
	n := int(pg.n.Load())
	applied := p.applied.Load()
	for _, node := range pg.nodes[:n] {
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
	if going == 0 || used*warmShare >= n {
		return
	}
	p.parted.Store(true)
	for _, node := range gone[:going] {
		p.leave(p.s.timestamp(p.s.head(node)))
	}
	fresh := &page{low: pg.low, high: pg.high, next: pg.next}
	p.tree.fill(fresh, keep[:kept])
	l.page.Store(fresh)
	for _, node := range gone[:going] {
		done.Bytes += int64(nodeHeader + len(p.s.key(node)) + p.s.size(p.s.head(node)))
		p.hash.remove(p.s.key(node))
		p.retire(node)
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
	if p.low == nil || p.n.Load() > pageEntries/3 {
		return
	}
	if _, left := t.pageFor(p.low.key, true); left.n.Load()+p.n.Load() <= pageEntries*2/3 {
		t.absorb(p)
	}
}

// part notes that the leaf of key is not whole any more.
func (t *tree) part(key []byte) {
	l, p := t.pageFor(key, false)
	if !p.whole {
		return
	}
	fresh := &page{low: p.low, high: p.high, next: p.next, skip: p.skip}
	n := p.n.Load()
	copy(fresh.nodes[:n], p.nodes[:n])
	copy(fresh.heads[:n], p.heads[:n])
	fresh.n.Store(n)
	l.page.Store(fresh)
}

// Admit puts a version into memory that was read from the sorted store. It is the
// newest one of its key that the store had when Applied was applied. It says
// whether the version was let in: where the key is in memory, or the store has got
// more since, it is not.
func (p *Pool) Admit(key, value []byte, ts, applied uint64) bool {
	if applied != p.applied.Load() {
		return false
	}
	hash := p.hash.hash(key)
	if p.hash.find(hash, key) != 0 {
		return false
	}
	l, pg := p.tree.pageFor(key, false)
	i, ok := p.tree.search(pg, int(pg.n.Load()), key)
	if ok || pg.whole {
		return false
	}
	node, _ := p.fresh(key, value, 0, ts)
	p.s.mark(node, markStored)
	p.hash.add(hash, node)
	p.tree.insertAt(l, pg, i, node)
	p.keys.add(1)
	return true
}
