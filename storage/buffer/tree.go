package buffer

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"
)

// tree is the ordered index: a B-link tree with one writer and readers that take
// no locks and never wait. Leaves and their pages are slab memory (page.go), so that the
// collector visits the inner nodes (inner.go) and nothing else.
//
// A page knows the leaf to the right and the first key that belongs there, so a reader
// who comes to a leaf that was split meanwhile finds its way. Inner nodes never change; a
// split copies the path to the root.
//
// A reader who holds an old page or an old root misses only keys that came in
// after it loaded them, and those are newer than what it may see. Until it is done, what
// was replaced is in a bin.
type tree struct {
	s     *slabs
	bin   *bin // for pages and leaves out of use
	epoch *uint64
	root  atomic.Pointer[inner]
	// blocks is what pages and leaves take, and leaves how many there are, of which whole are.
	blocks, leaves, whole atomic.Int64
}

// bytes is about what the tree takes.
func (t *tree) bytes() int64 { return t.blocks.Load() + t.inners() }

// inners is about what its inner nodes take.
func (t *tree) inners() int64 { return innerBytes * t.leaves.Load() }

func (t *tree) init(p *Pool) {
	t.s, t.bin, t.epoch = &p.s, &p.pages, &p.epoch
	l := t.newLeaf(nil)
	a, pg := t.newPage(l, 0, true)
	pg.filled(0)
	t.begin(l, a)
	t.root.Store(t.lowest([]addr{l}))
	t.leaves.Store(1)
	t.whole.Store(1)
}

// word is the 8 bytes of key behind skip, zero where there are none, so that
// words are in the order of the keys; equal ones decide nothing.
func word(key []byte, skip int) uint64 {
	if len(key) >= skip+8 {
		return binary.BigEndian.Uint64(key[skip:])
	}
	var b [8]byte
	if len(key) > skip {
		copy(b[:], key[skip:])
	}
	return binary.BigEndian.Uint64(b[:])
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// sideOf compares the first bytes of key with prefix, as many as that has.
func sideOf(key, prefix []byte) int {
	return bytes.Compare(key[:min(len(key), len(prefix))], prefix)
}

// pageFor returns the page that holds key, or with under, the last one that may
// hold keys under it. Nil is before all keys, or with under after all.
func (t *tree) pageFor(key []byte, under bool) *page {
	n := t.root.Load()
	which := func(n *inner) int {
		switch {
		case key != nil:
			return n.child(t.s, key, under)
		case under:
			return len(n.fences)
		}
		return 0
	}
	for n.leaves == nil {
		n = n.kids[which(n)]
	}
	i := which(n)
	p := t.s.page(n.leaves[i])
	if i < len(n.fences) && p.next == n.fences[i] {
		return p // not split since n was made; the fence's key need not be looked at
	}
	for p.next != 0 && t.s.isLeftOf(p, key, under) {
		p = t.s.page(p.next)
	}
	return p
}

// isLeftOf says whether key is behind a page that is not the last one.
func (s *slabs) isLeftOf(p *page, key []byte, under bool) bool {
	if key == nil {
		return under
	}
	c := bytes.Compare(s.fence(p.next), key)
	return c < 0 || (c == 0 && !under)
}

// ends says whether the page ends before key.
func (s *slabs) ends(p *page, key []byte) bool { return p.next != 0 && s.isLeftOf(p, key, false) }

// search returns the place of the first entry at or after key, and whether it is key itself.
func (s *slabs) search(v *view, key []byte) (int, bool) {
	if v.n == 0 {
		return 0, false
	}
	skip := int(v.skip)
	if skip > 0 {
		if c := sideOf(key, s.key(v.node(0))[:skip]); c < 0 {
			return 0, false
		} else if c > 0 {
			return v.n, false
		}
	}
	w := word(key, skip)
	lo, hi := 0, v.n
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		head := v.head(m)
		before := head < w
		if head == w {
			c := bytes.Compare(s.key(v.node(m)), key)
			if c == 0 {
				return m, true
			}
			before = c < 0
		}
		if before {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo, false
}

// insertAt adds a node whose key belongs before entry i of a page.
func (t *tree) insertAt(v *view, i int, node addr) {
	key := t.s.key(node)
	n := v.n
	fits := n > 1 && commonPrefix(t.s.key(v.node(0)), key) >= int(v.skip)
	if fits && int(v.used) < pageEntries {
		v.insert(i, node, word(key, int(v.skip)))
		return
	}
	var nodes [pageEntries + 1]addr
	var heads [pageEntries + 1]uint64
	all, words := v.gather(nodes[:0], heads[:0], 0, i)
	all, words = append(all, node), append(words, word(key, int(v.skip)))
	all, words = v.gather(all, words, i, n)
	skip := int(v.skip)
	if !fits {
		skip = unknownSkip
	}
	if n < pageEntries {
		a, fresh := t.newPage(v.leaf, v.next, v.whole)
		t.fillFrom(fresh, all, words, skip)
		t.replace(v.leaf, a)
		return
	}
	mid := pageEntries / 2
	switch {
	case i == n:
		mid = pageEntries - 1 // ascending keys: leave the page full
	case t.endsRun(v, i, key):
		mid = i + 1 // ascending keys in front of others: from now on they go to the end of their page
	}
	t.splitAt(v.page, separator(t.s.key(all[mid-1]), t.s.key(all[mid])), all, words, mid, skip)
}

// splitAt puts the entries of a page from mid on into a leaf of its own, which begins at low.
func (t *tree) splitAt(p *page, low []byte, nodes []addr, heads []uint64, mid, skip int) {
	right := t.newLeaf(low)
	a, rp := t.newPage(right, p.next, p.whole)
	t.fillFrom(rp, nodes[mid:], heads[mid:], skip)
	t.begin(right, a)
	a, left := t.newPage(p.leaf, right, p.whole)
	t.fillFrom(left, nodes[:mid], heads[:mid], skip)
	t.replace(p.leaf, a)
	t.added(right, rp.whole)
}

// runEntries is how many keys in front of a new one make it the end of a run.
const runEntries = 8

// endsRun says that the keys in front of entry i are more like key, which belongs there, than
// the one behind it is: they are of one table, say, and that of the next. Keys that ascend
// in a range that others follow (ids of rows, offsets of a channel) come there one by one.
func (t *tree) endsRun(v *view, i int, key []byte) bool {
	return i >= runEntries && commonPrefix(t.s.key(v.node(i)), key) < commonPrefix(t.s.key(v.node(i-runEntries)), key)
}

// added enters a new leaf.
func (t *tree) added(right addr, whole bool) {
	t.leaves.Add(1)
	if whole {
		t.whole.Add(1)
	}
	t.post(right)
}

// separator returns the shortest key over left and at or before right, of which it is
// the beginning.
func separator(left, right []byte) []byte { return right[:commonPrefix(left, right)+1] }

// remove takes out the node of key.
func (t *tree) remove(key []byte) {
	v := t.pageFor(key, false).view()
	i, ok := t.s.search(&v, key)
	if !ok {
		return
	}
	v.remove(i)
	if v.n == 0 && t.s.fence(v.leaf) != nil {
		t.absorb(v.page)
	}
}

// absorb takes out the leaf of page p, whose nodes and range go to the leaf to
// its left. Together they fit into a page.
func (t *tree) absorb(p *page) {
	low := t.s.fence(p.leaf)
	left, v := t.pageFor(low, true).view(), p.view()
	var nodes [pageEntries]addr
	var heads [pageEntries]uint64
	all, words := left.gather(nodes[:0], heads[:0], 0, left.n)
	all, _ = v.gather(all, words, 0, v.n)
	a, fresh := t.newPage(left.leaf, p.next, left.whole && p.whole)
	t.fill(fresh, all)
	t.replace(left.leaf, a)
	t.leaves.Add(-1)
	for _, gone := range []bool{left.whole, p.whole} {
		if gone {
			t.whole.Add(-1)
		}
	}
	if fresh.whole {
		t.whole.Add(1)
	}
	root, _ := t.drop(t.root.Load(), p.leaf)
	for root.leaves == nil && len(root.kids) == 1 {
		root = root.kids[0]
	}
	t.root.Store(root)
	t.retire(t.s.pageAt(p.leaf), pageBytes)
	t.retire(p.leaf, leafHeader+len(low))
}
