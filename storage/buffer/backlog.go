package buffer

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// Backlog collects the writes of many commits, in the order of the commits, which are
// then installed together in key order: neighbours share a descent of the tree, a page
// is made anew once for all that comes into it, and what lies side by side in the order
// lies side by side in memory. It serves recovery, where nobody reads yet.
//
// Adding to one and installing another may go on at the same time.
type Backlog struct {
	data  []byte // of each write a header, key and value
	order []logged
	skip  int // bytes that all keys begin with
}

// logged is one write: where it is in data, and the 8 bytes of its key behind what all
// keys begin with.
type logged struct {
	word uint64
	at   uint32
}

// The header of a write is its timestamp (8), the length of the key (4), and the length
// of the value or deletedFlag (4).
const loggedHeader = 16

// Add appends a write, whose timestamp is not before that of the one before it. Key and
// value are copied.
func (b *Backlog) Add(key, value []byte, deleted bool, ts uint64) {
	at := len(b.data)
	size := uint32(len(value))
	if deleted {
		size = deletedFlag
	}
	b.data = binary.LittleEndian.AppendUint64(b.data, ts)
	b.data = binary.LittleEndian.AppendUint32(b.data, uint32(len(key)))
	b.data = binary.LittleEndian.AppendUint32(b.data, size)
	b.data = append(append(b.data, key...), value...)
	if len(b.order) == 0 {
		b.skip = len(key)
	}
	b.skip = commonPrefix(b.data[loggedHeader:loggedHeader+b.skip], key)
	b.order = append(b.order, logged{at: uint32(at)})
}

// Len is how many writes there are.
func (b *Backlog) Len() int { return len(b.order) }

// Bytes is what they take.
func (b *Backlog) Bytes() int { return len(b.data) }

// Reset empties it, and keeps its memory.
func (b *Backlog) Reset() { b.data, b.order = b.data[:0], b.order[:0] }

func (b *Backlog) key(at uint32) []byte {
	n := binary.LittleEndian.Uint32(b.data[at+8:])
	return b.data[at+loggedHeader : at+loggedHeader+n]
}

// write returns the write at a place.
func (b *Backlog) write(at uint32) (value []byte, flags uint32, ts uint64) {
	head := b.data[at:]
	ts = binary.LittleEndian.Uint64(head)
	from := loggedHeader + binary.LittleEndian.Uint32(head[8:])
	if size := binary.LittleEndian.Uint32(head[12:]); size != deletedFlag {
		return head[from : from+size : from+size], 0, ts
	}
	return nil, deletedFlag, ts
}

// sort puts the writes in order: of keys, and those of one key as they came.
func (b *Backlog) sort() {
	for i := range b.order {
		b.order[i].word = word(b.key(b.order[i].at), b.skip)
	}
	slices.SortFunc(b.order, func(x, y logged) int {
		if x.word != y.word {
			if x.word < y.word {
				return -1
			}
			return 1
		}
		if c := bytes.Compare(b.key(x.at), b.key(y.at)); c != 0 {
			return c
		}
		return cmp.Compare(x.at, y.at)
	})
}

// Install makes the writes of a backlog versions. It is the writer's, as Put is; nobody
// reads, and until Settle returned the writer installs backlogs and bulks only.
func (p *Pool) Install(b *Backlog) {
	b.sort()
	older := p.old
	p.old = queue{}
	m := merge{p: p, added: p.added[:0]}
	for i := 0; i < len(b.order); {
		first := b.order[i]
		key := b.key(first.at)
		end := i + 1
		for end < len(b.order) && b.order[end].word == first.word && bytes.Equal(key, b.key(b.order[end].at)) {
			end++
		}
		m.key(key, b, b.order[i:end])
		i = end
	}
	m.turn()
	p.tree.enter(m.leaves)
	fresh := p.old
	p.old = older
	p.pushInOrder(fresh)
	(&Bulk{p: p, added: m.added}).EndBehind()
}

// pushInOrder appends the entries of a queue that came in the order of keys.
func (p *Pool) pushInOrder(q queue) {
	if q.len == 0 {
		return
	}
	entries := make([]entry, 0, q.len)
	for e := q.peek(); e != nil; e = q.peek() {
		entries = append(entries, *e)
		q.pop()
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.ts, b.ts) })
	for _, e := range entries {
		p.old.push(e)
	}
}

// merge brings writes that come in key order into the tree, a page at a time.
type merge struct {
	p      *Pool
	page   view      // where the last key belongs
	places []arrival // what came into the page
	added  []addr    // nodes that were made
	nodes  []addr    // of the page and what came into it
	heads  []uint64
	leaves []addr // that were made, in order
}

// arrival is a new node and the place in the page that it comes before.
type arrival struct {
	node addr
	at   int
}

// key installs the writes of one key, oldest first.
func (m *merge) key(key []byte, b *Backlog, writes []logged) {
	p := m.p
	if m.page.page == nil || p.s.ends(m.page.page, key) {
		next := m.turn()
		m.seek(next, key)
	}
	i, ok := p.s.search(&m.page, key)
	var node addr
	if ok {
		node = m.page.node(i)
	} else {
		var v addr
		value, flags, ts := b.write(writes[0].at)
		node, v = p.fresh(key, value, flags, ts)
		if m.page.whole {
			p.s.mark(node, markBottom)
		}
		p.begun(node, v, flags, ts)
		m.added, m.places = append(m.added, node), append(m.places, arrival{node, i})
		writes = writes[1:]
	}
	for _, w := range writes {
		value, flags, ts := b.write(w.at)
		p.supersede(node, value, flags, ts)
	}
}

// seek goes to the page of key, which is right of the last one: in the leaf next, or behind
// it. There is none where that is 0.
func (m *merge) seek(next addr, key []byte) {
	if next != 0 {
		if pg := m.p.s.page(next); !m.p.s.ends(pg, key) {
			m.page = pg.view()
			return
		}
	}
	m.page = m.p.tree.pageFor(key, false).view()
}

// turn makes the page anew with what came into it, and as many as it takes. It returns the
// leaf that was to the right.
func (m *merge) turn() (next addr) {
	if m.page.page == nil {
		return 0
	}
	next = m.page.next
	if len(m.places) == 0 {
		return next
	}
	t, old := &m.p.tree, &m.page
	m.nodes, m.heads = m.nodes[:0], m.heads[:0]
	from := 0
	for _, pl := range m.places {
		m.nodes, m.heads = old.gather(m.nodes, m.heads, from, pl.at)
		m.nodes, m.heads = append(m.nodes, pl.node), append(m.heads, word(t.s.key(pl.node), int(old.skip)))
		from = pl.at
	}
	m.nodes, m.heads = old.gather(m.nodes, m.heads, from, old.n)
	per := mergedEntries
	if m.places[0].at == old.n {
		per = pageEntries // ascending keys: leave the pages full
	}
	m.split(old.page, per)
	m.page, m.places = view{}, m.places[:0]
	return next
}

// mergedEntries is how full pages are made that take keys in between theirs.
const mergedEntries = pageEntries * 3 / 4

// split makes pages of the nodes, which take the place of old.
func (m *merge) split(old *page, per int) {
	t, total := &m.p.tree, len(m.nodes)
	if total <= pageEntries {
		per = total
	}
	next, whole, skip := old.next, old.whole, int(old.skip)
	l := old.leaf
	t.scrap(t.s.pageAt(l)) // nobody reads
	for from := 0; from < total; {
		to := min(from+per, total)
		right := next
		if to < total {
			right = t.newLeaf(separator(t.s.key(m.nodes[to-1]), t.s.key(m.nodes[to])))
			m.leaves = append(m.leaves, right)
		}
		a, pg := t.newPage(l, right, whole)
		t.fillFrom(pg, m.nodes[from:to], m.heads[from:to], skip)
		t.begin(l, a)
		l, from = right, to
	}
}

// reindexShare is the part of the leaves, one in so many, that must be new for it to be
// worth making all inner nodes anew.
const reindexShare = 64

// enter enters leaves into the inner nodes. They are in order and their neighbours lead
// to them already.
func (t *tree) enter(leaves []addr) {
	if len(leaves) == 0 {
		return
	}
	n := t.leaves.Add(int64(len(leaves)))
	for _, l := range leaves {
		if t.s.page(l).whole {
			t.whole.Add(1)
		}
	}
	if int64(len(leaves))*reindexShare >= n {
		t.reindex()
		return
	}
	for _, l := range leaves {
		t.post(l)
	}
}
