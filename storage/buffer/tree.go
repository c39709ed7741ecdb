package buffer

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"
)

// tree is the ordered index: a B-link tree with one writer and readers that take
// no locks and never wait.
//
// A leaf has a page, which is replaced as a whole: a reader that holds one has a
// consistent piece of the order for as long as it likes. Only at the end of a page
// entries are added in place. A page knows the leaf to the right and the first key
// that belongs there, so a reader who comes to a leaf that was split meanwhile
// finds its way. Inner nodes never change; a split copies the path to the root.
//
// A reader who holds an old page or an old root misses only keys that came in
// after it loaded them, and those are newer than what it may see.
type tree struct {
	s    *slabs
	root atomic.Pointer[inner]
	// bytes is about what leaves and their fences take.
	bytes atomic.Int64
	// leaves is how many there are, and whole how many of them are.
	leaves, whole atomic.Int64
}

// leafBytes is about what a leaf takes, with its share of the inner nodes.
const leafBytes = 2*8*pageEntries + 64 + 64

const (
	pageEntries = 32
	innerKids   = 64
)

// fence is a key between two leaves. It is part of the leaf to its right: what the
// collector has to visit for a leaf is it and its page, and nothing else.
type fence struct{ key []byte }

type leaf struct {
	page atomic.Pointer[page]
	low  fence // where it begins; without a key at the first leaf
	room [fenceRoom]byte
}

// fenceRoom is how long the key of a fence may be that is kept in the leaf: with it, a
// leaf fills a line of the processor's cache.
const fenceRoom = 32

// newLeaf returns a leaf that begins at key, which is copied.
func newLeaf(key []byte) *leaf {
	l := &leaf{}
	if len(key) <= fenceRoom {
		l.low.key = l.room[:copy(l.room[:], key):len(key)]
	} else {
		l.low.key = bytes.Clone(key)
	}
	return l
}

// page is the content of a leaf: nodes with keys in [low, high). Nil fences are
// no bounds.
type page struct {
	low   *fence
	next  *leaf
	whole bool // no key of the range is in the sorted store alone
	skip  int  // bytes that all keys begin with, or fewer
	n     atomic.Int32
	nodes [pageEntries]addr
	heads [pageEntries]uint64 // of each key, the 8 bytes behind skip
}

// high is where the page ends: where the next leaf begins.
func (p *page) high() *fence {
	if p.next == nil {
		return nil
	}
	return &p.next.low
}

// inner is an immutable node: kids[i] holds the keys in [fences[i-1], fences[i]).
type inner struct {
	skip   int
	prefix []byte
	heads  []uint64
	fences []*fence
	kids   []*inner // or
	leaves []*leaf
}

func (t *tree) init(s *slabs) {
	t.s = s
	l := &leaf{}
	l.page.Store(&page{whole: true})
	t.root.Store(&inner{leaves: []*leaf{l}})
	t.bytes.Store(leafBytes)
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

func newInner(fences []*fence, kids []*inner, leaves []*leaf) *inner {
	n := &inner{fences: fences, kids: kids, leaves: leaves}
	if len(fences) == 0 {
		return n
	}
	first := fences[0].key
	n.skip = commonPrefix(first, fences[len(fences)-1].key)
	n.prefix = first[:n.skip]
	n.heads = make([]uint64, len(fences))
	for i, f := range fences {
		n.heads[i] = word(f.key, n.skip)
	}
	return n
}

// grown returns n with these children, where fences has a new one at place i. The
// other fences are not looked at where they need not be.
func (n *inner) grown(i int, fences []*fence, kids []*inner, leaves []*leaf) *inner {
	key := fences[i].key
	if len(n.fences) == 0 || sideOf(key, n.prefix) != 0 {
		return newInner(fences, kids, leaves)
	}
	return &inner{fences: fences, kids: kids, leaves: leaves, skip: n.skip, prefix: n.prefix, heads: with(n.heads, i, word(key, n.skip))}
}

// sideOf compares the first skip bytes of key with prefix, which has that length.
func sideOf(key, prefix []byte) int {
	return bytes.Compare(key[:min(len(key), len(prefix))], prefix)
}

// child returns which child holds key: the number of fences at or before it, or
// with under, the number of fences before it, which leads to the keys under key.
func (n *inner) child(key []byte, under bool) int {
	if c := sideOf(key, n.prefix); c < 0 {
		return 0
	} else if c > 0 {
		return len(n.fences)
	}
	w := word(key, n.skip)
	lo, hi := 0, len(n.heads)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		before := n.heads[m] < w
		if n.heads[m] == w {
			c := bytes.Compare(n.fences[m].key, key)
			before = c < 0 || (c == 0 && !under)
		}
		if before {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// pageFor returns the page that holds key, or with under, the last one that may
// hold keys under it. Nil is before all keys, or with under after all.
func (t *tree) pageFor(key []byte, under bool) (*leaf, *page) {
	n := t.root.Load()
	which := func(n *inner) int {
		switch {
		case key != nil:
			return n.child(key, under)
		case under:
			return len(n.fences)
		}
		return 0
	}
	for n.leaves == nil {
		n = n.kids[which(n)]
	}
	i := which(n)
	l := n.leaves[i]
	p := l.page.Load()
	if i < len(n.fences) && p.high() == n.fences[i] {
		return l, p // not split since n was made; the fence's key need not be looked at
	}
	for p.next != nil && p.isLeftOf(key, under) {
		l = p.next
		p = l.page.Load()
	}
	return l, p
}

func (p *page) isLeftOf(key []byte, under bool) bool {
	if key == nil {
		return under
	}
	c := bytes.Compare(p.next.low.key, key)
	return c < 0 || (c == 0 && !under)
}

// search returns the place of the first of the n nodes at or after key, and
// whether it is key itself.
func (t *tree) search(p *page, n int, key []byte) (int, bool) {
	if n == 0 {
		return 0, false
	}
	if p.skip > 0 {
		if c := sideOf(key, t.s.key(p.nodes[0])[:p.skip]); c < 0 {
			return 0, false
		} else if c > 0 {
			return n, false
		}
	}
	w := word(key, p.skip)
	lo, hi := 0, n
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		before := p.heads[m] < w
		if p.heads[m] == w {
			c := bytes.Compare(t.s.key(p.nodes[m]), key)
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

// fill makes nodes, which are in order, the content of a new page.
func (t *tree) fill(p *page, nodes []addr) {
	p.skip = 0
	if n := len(nodes); n > 0 {
		p.skip = commonPrefix(t.s.key(nodes[0]), t.s.key(nodes[n-1]))
	}
	for i, a := range nodes {
		p.nodes[i] = a
		p.heads[i] = word(t.s.key(a), p.skip)
	}
	p.n.Store(int32(len(nodes)))
}

// splice makes p the n entries of old with one more at place i. The keys are not
// looked at, which would be a cache miss for each.
func (p *page) splice(old *page, n, i int, node addr, head uint64) {
	p.skip = old.skip
	copy(p.nodes[:i], old.nodes[:i])
	copy(p.heads[:i], old.heads[:i])
	p.nodes[i], p.heads[i] = node, head
	copy(p.nodes[i+1:], old.nodes[i:n])
	copy(p.heads[i+1:], old.heads[i:n])
	p.n.Store(int32(n + 1))
}

// insertAt adds a node whose key belongs into l, whose page is p, at place i.
func (t *tree) insertAt(l *leaf, p *page, i int, node addr) {
	key := t.s.key(node)
	n := int(p.n.Load())
	fits := n > 1 && commonPrefix(t.s.key(p.nodes[0]), key) >= p.skip
	if n < pageEntries && i == n && fits {
		p.nodes[n], p.heads[n] = node, word(key, p.skip)
		p.n.Store(int32(n + 1)) // publishes the two
		return
	}
	fresh := &page{low: p.low, next: p.next, whole: p.whole}
	if n < pageEntries && fits {
		fresh.splice(p, n, i, node, word(key, p.skip))
		l.page.Store(fresh)
		return
	}
	var all [pageEntries + 1]addr
	copy(all[:i], p.nodes[:i])
	all[i] = node
	copy(all[i+1:], p.nodes[i:n])
	nodes := all[:n+1]
	if n < pageEntries {
		t.fill(fresh, nodes)
		l.page.Store(fresh)
		return
	}
	mid := pageEntries / 2
	switch {
	case i == n:
		mid = pageEntries - 1 // ascending keys: leave the page full
	case t.endsRun(p, i, key):
		mid = i + 1 // ascending keys in front of others: from now on they go to the end of their page
	}
	right := newLeaf(separator(t.s.key(nodes[mid-1]), t.s.key(nodes[mid])))
	rp := &page{low: &right.low, next: p.next, whole: p.whole}
	t.fill(rp, nodes[mid:])
	right.page.Store(rp)
	fresh.next = right
	if i == n {
		fresh.begin(p, mid)
	} else {
		t.fill(fresh, nodes[:mid])
	}
	l.page.Store(fresh)
	t.added(right, rp.whole)
}

// runEntries is how many keys in front of a new one make it the end of a run.
const runEntries = 8

// endsRun says that the keys in front of place i are more like key, which belongs there, than
// the one behind it is: they are of one table, say, and that of the next. Keys that ascend
// in a range that others follow (ids of rows, offsets of a channel) come there one by one.
func (t *tree) endsRun(p *page, i int, key []byte) bool {
	return i >= runEntries && commonPrefix(t.s.key(p.nodes[i]), key) < commonPrefix(t.s.key(p.nodes[i-runEntries]), key)
}

// added enters a new leaf.
func (t *tree) added(right *leaf, whole bool) {
	t.bytes.Add(leafBytes)
	t.leaves.Add(1)
	if whole {
		t.whole.Add(1)
	}
	t.post(right)
}

// begin makes p the first n entries of old.
func (p *page) begin(old *page, n int) {
	p.skip = old.skip
	copy(p.nodes[:n], old.nodes[:n])
	copy(p.heads[:n], old.heads[:n])
	p.n.Store(int32(n))
}

// separator returns the shortest key over left and at or before right, of which it is
// the beginning.
func separator(left, right []byte) []byte { return right[:commonPrefix(left, right)+1] }

// post enters a leaf into the inner nodes.
func (t *tree) post(right *leaf) {
	root, sibling, up := post(t.root.Load(), &right.low, right)
	if sibling != nil {
		root = newInner([]*fence{up}, []*inner{root, sibling}, nil)
	}
	t.root.Store(root)
}

func post(n *inner, f *fence, right *leaf) (left, sibling *inner, up *fence) {
	i := n.child(f.key, false)
	fences, kids, leaves := n.fences, n.kids, n.leaves
	if leaves != nil {
		fences, leaves = with(fences, i, f), with(leaves, i+1, right)
	} else {
		kid, sib, up := post(kids[i], f, right)
		if sib == nil {
			same := *n
			same.kids = replaced(kids, i, kid)
			return &same, nil, nil
		}
		fences, kids = with(fences, i, up), with(kids, i+1, sib)
		kids[i] = kid
	}
	if len(fences) < innerKids {
		return n.grown(i, fences, kids, leaves), nil, nil
	}
	m := len(fences) / 2
	if i == len(fences)-1 {
		m = len(fences) - 2 // ascending keys
	}
	if leaves != nil {
		return newInner(fences[:m:m], nil, leaves[:m+1:m+1]), newInner(fences[m+1:], nil, leaves[m+1:]), fences[m]
	}
	return newInner(fences[:m:m], kids[:m+1:m+1], nil), newInner(fences[m+1:], kids[m+1:], nil), fences[m]
}

// with returns a copy of s that has x at place i.
func with[T any](s []T, i int, x T) []T {
	out := make([]T, len(s)+1)
	copy(out, s[:i])
	out[i] = x
	copy(out[i+1:], s[i:])
	return out
}

func replaced[T any](s []T, i int, x T) []T {
	out := append([]T(nil), s...)
	out[i] = x
	return out
}

func without[T any](s []T, i int) []T {
	return append(append(make([]T, 0, len(s)-1), s[:i]...), s[i+1:]...)
}

// remove takes out the node of key.
func (t *tree) remove(key []byte) {
	l, p := t.pageFor(key, false)
	n := int(p.n.Load())
	i, ok := t.search(p, n, key)
	if !ok {
		return
	}
	fresh := &page{low: p.low, next: p.next, whole: p.whole}
	fresh.skip = p.skip
	copy(fresh.nodes[copy(fresh.nodes[:], p.nodes[:i]):], p.nodes[i+1:n])
	copy(fresh.heads[copy(fresh.heads[:], p.heads[:i]):], p.heads[i+1:n])
	fresh.n.Store(int32(n - 1))
	l.page.Store(fresh)
	if n == 1 && p.low != nil {
		t.absorb(fresh)
	}
}

// absorb takes out the leaf with page p, whose nodes and range go to the leaf to
// its left. Together they fit into a page.
func (t *tree) absorb(p *page) {
	l, left := t.pageFor(p.low.key, true)
	fresh := &page{low: left.low, next: p.next, whole: left.whole && p.whole}
	var all [pageEntries]addr
	n := copy(all[:], left.nodes[:left.n.Load()])
	n += copy(all[n:], p.nodes[:p.n.Load()])
	t.fill(fresh, all[:n])
	l.page.Store(fresh)
	t.bytes.Add(-leafBytes)
	t.leaves.Add(-1)
	for _, gone := range []bool{left.whole, p.whole} {
		if gone {
			t.whole.Add(-1)
		}
	}
	if fresh.whole {
		t.whole.Add(1)
	}
	root, _ := drop(t.root.Load(), p.low)
	for root.leaves == nil && len(root.kids) == 1 {
		root = root.kids[0]
	}
	t.root.Store(root)
}

// drop returns n without the leaf that begins at f, nil where nothing is left.
// Where that was its first leaf, the rest begins at low.
func drop(n *inner, f *fence) (rest *inner, low *fence) {
	i := n.child(f.key, false)
	if n.leaves != nil {
		return dropChild(n, i)
	}
	kid, low := drop(n.kids[i], f)
	if kid == nil {
		return dropChild(n, i)
	}
	fences := n.fences
	if low != nil && i > 0 {
		fences, low = replaced(fences, i-1, low), nil
	}
	return newInner(fences, replaced(n.kids, i, kid), nil), low
}

// dropChild returns n without its child i, as drop does.
func dropChild(n *inner, i int) (rest *inner, low *fence) {
	if len(n.fences) == 0 {
		return nil, nil
	}
	if i == 0 {
		low = n.fences[0]
	}
	fences := without(n.fences, max(i-1, 0))
	if n.leaves != nil {
		return newInner(fences, nil, without(n.leaves, i)), low
	}
	return newInner(fences, without(n.kids, i), nil), low
}
