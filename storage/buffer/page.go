package buffer

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"
)

// A leaf is a block of slab memory, and so is its page:
//
//	leaf      page (8, atomic) · length of the key (4) · unused (4) · key where it begins
//
// The first leaf has no key. All but the page is written before the leaf is published
// and never changed after.
const leafHeader = 16

// page is the content of a leaf: nodes with keys from where the leaf begins to where the
// next one does. Nodes take places in the order in which they come and keep them; the
// order of the keys is beside them, twice: what changes it writes the one that is not in
// use, and then has both change parts with one store. So a reader who took the order has
// a consistent piece for as long as it likes, and a writer who is held up holds up nobody.
// What else a page has does not change; it is replaced as a whole where that has to.
type page struct {
	leaf   addr
	next   addr          // the leaf to the right, 0 at the end
	state  atomic.Uint64 // how often the order has changed, and in stateCount how many entries there are
	skip   uint32        // bytes that all keys begin with, or fewer
	used   uint8         // places that are taken; the writer's
	whole  bool          // no key of the range is in the sorted store alone
	orders [2][pageEntries / 8]atomic.Uint64
	nodes  [pageEntries]addr
	heads  [pageEntries]uint64 // of each key, the 8 bytes behind skip
}

const (
	pageEntries = 32
	pageBytes   = int(unsafe.Sizeof(page{})) // a multiple of granule, so that it takes no more

	stateBits  = 8
	stateCount = 1<<stateBits - 1
)

// order is the places of the entries of a page, keys ascending.
type order [pageEntries]uint8

// view is what a reader has of a page: the entries as they were when it came.
type view struct {
	*page
	n      int
	places order
}

// view takes the order of a page. It is taken again where it was changed twice meanwhile.
func (p *page) view() (v view) {
	v.page = p
	for {
		state := p.state.Load()
		from := &p.orders[state>>stateBits&1]
		for i := range from {
			binary.LittleEndian.PutUint64(v.places[8*i:], from[i].Load())
		}
		if p.state.Load() == state {
			v.n = int(state & stateCount)
			return v
		}
	}
}

// publish makes the first n places the order of the page.
func (p *page) publish(places *order, n int) {
	times := p.state.Load()>>stateBits + 1
	to := &p.orders[times&1]
	for i := range to {
		to[i].Store(binary.LittleEndian.Uint64(places[8*i:]))
	}
	p.state.Store(times<<stateBits | uint64(n))
}

// count is how many entries there are.
func (p *page) count() int { return int(p.state.Load() & stateCount) }

// node is the entry i of the order.
func (v *view) node(i int) addr { return v.nodes[v.places[i]%pageEntries] }

// head is the head of entry i.
func (v *view) head(i int) uint64 { return v.heads[v.places[i]%pageEntries] }

// gather appends the entries from one to another.
func (v *view) gather(nodes []addr, heads []uint64, from, to int) ([]addr, []uint64) {
	for _, at := range v.places[from:to] {
		nodes, heads = append(nodes, v.nodes[at%pageEntries]), append(heads, v.heads[at%pageEntries])
	}
	return nodes, heads
}

// insert adds an entry before entry i in place, where there is one free.
func (v *view) insert(i int, node addr, head uint64) {
	p := v.page
	at := p.used
	p.nodes[at], p.heads[at] = node, head
	p.used++
	copy(v.places[i+1:], v.places[i:v.n])
	v.places[i] = at
	v.n++
	p.publish(&v.places, v.n)
}

// remove takes out entry i. Its place is not used again.
func (v *view) remove(i int) {
	copy(v.places[i:], v.places[i+1:v.n])
	v.n--
	v.page.publish(&v.places, v.n)
}

// newLeaf returns a leaf that begins at key, which is copied.
func (t *tree) newLeaf(key []byte) addr {
	l := t.s.alloc(leafHeader + len(key))
	p := t.s.at(l)
	*(*uint32)(unsafe.Add(p, 8)) = uint32(len(key))
	copy(unsafe.Slice((*byte)(unsafe.Add(p, leafHeader)), len(key)), key)
	t.blocks.Add(int64(footprint(leafHeader + len(key))))
	return l
}

// fence is where a leaf begins, nil for the first one and for none.
func (s *slabs) fence(leaf addr) []byte {
	if leaf == 0 {
		return nil
	}
	p := s.at(leaf)
	n := *(*uint32)(unsafe.Add(p, 8))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(p, leafHeader)), n)
}

func (s *slabs) pageAt(leaf addr) addr { return addr(atomic.LoadUint64((*uint64)(s.at(leaf)))) }

// page is the content of a leaf.
func (s *slabs) page(leaf addr) *page { return (*page)(s.at(s.pageAt(leaf))) }

// newPage returns an empty page for a leaf that has another one, or none yet.
func (t *tree) newPage(leaf, next addr, whole bool) (addr, *page) {
	a := t.s.alloc(pageBytes)
	p := (*page)(t.s.at(a))
	p.leaf, p.next, p.whole, p.used, p.skip = leaf, next, whole, 0, 0
	p.state.Store(0)
	t.blocks.Add(int64(pageBytes))
	return a, p
}

// begin gives a leaf its first page.
func (t *tree) begin(leaf, page addr) {
	atomic.StoreUint64((*uint64)(t.s.at(leaf)), uint64(page))
}

// replace gives a leaf another page. Readers may go on with the one that it had.
func (t *tree) replace(leaf, page addr) {
	old := t.s.pageAt(leaf)
	t.begin(leaf, page)
	t.retire(old, pageBytes)
}

// retire gives up a page or a leaf of n bytes.
func (t *tree) retire(a addr, n int) {
	n = footprint(n)
	t.blocks.Add(-int64(n))
	t.bin.add(*t.epoch, a, n)
}

// scrap frees a page that nobody reads.
func (t *tree) scrap(a addr) {
	t.blocks.Add(-int64(pageBytes))
	t.s.release(a, pageBytes)
}

// ascending are the places of entries that came in order.
var ascending = func() (o order) {
	for i := range o {
		o[i] = uint8(i)
	}
	return o
}()

// fill makes nodes, which are in order, the content of a new page.
func (t *tree) fill(p *page, nodes []addr) {
	p.skip = 0
	if n := len(nodes); n > 0 {
		p.skip = uint32(commonPrefix(t.s.key(nodes[0]), t.s.key(nodes[n-1])))
	}
	for i, a := range nodes {
		p.nodes[i] = a
		p.heads[i] = word(t.s.key(a), int(p.skip))
	}
	p.filled(len(nodes))
}

// unknownSkip says that heads are not of one skip, or none that the keys have in common.
const unknownSkip = -1

// fillFrom is fill, where heads are of the nodes and behind skip bytes. The keys are
// looked at only where another skip is much better.
func (t *tree) fillFrom(p *page, nodes []addr, heads []uint64, skip int) {
	if skip == unknownSkip {
		t.fill(p, nodes)
		return
	}
	if len(nodes) > 0 {
		common := commonPrefix(t.s.key(nodes[0]), t.s.key(nodes[len(nodes)-1]))
		if common < skip || common > skip+2 || len(nodes) == 1 {
			t.fill(p, nodes)
			return
		}
	}
	p.skip = uint32(skip)
	copy(p.nodes[:], nodes)
	copy(p.heads[:], heads)
	p.filled(len(nodes))
}

// filled publishes the first n places of a new page, which are in order.
func (p *page) filled(n int) {
	p.used = uint8(n)
	p.publish(&ascending, n)
}
