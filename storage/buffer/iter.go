package buffer

// Iter walks the keys that memory holds, in order or against it, page by page.
// Writes do not disturb it: a page stays as it was when the iterator came to it, and
// what was written since is after its timestamp.
type Iter struct {
	p       *Pool
	ts      uint64
	reverse bool
	page    view
	edge    []byte // where the iteration came into page
	i       int    // the next entry forward; in reverse, one more than the next entry
	node    addr
	val     []byte
	at      uint64 // timestamp of val
	warm    int    // nodes that are marked as used, still: a long scan says nothing of what is hot

	// What is seen of the next entries in the direction is looked up for some at once, so
	// that the misses of memory overlap, which they do not from row to row.
	ahead       [aheadMost]addr // versions, or one of the marks below
	looked, use int             // how many there are, and which is next
	depth       int             // how many to look up the next time
}

const (
	aheadFirst = 4 // a short scan does not look up what nobody asks for
	aheadMost  = 16

	seenElsewhere addr = 1 // no block has these addresses
	seenAbsent    addr = 2
)

// Step says what Next came to.
type Step uint8

// What Next may come to.
const (
	End     Step = iota // no more keys
	Row                 // a key with a value
	Hole                // a key whose version, if it has one, is not in memory
	PageEnd             // the end of a page that is not whole, or of one before such a page
)

const warmRows = 256

// Iter returns an iterator at ts; Seek says where it begins.
func (p *Pool) Iter(ts uint64, reverse bool) Iter {
	it := Iter{p: p, ts: ts, reverse: reverse}
	if p.Backed() {
		it.warm = warmRows
	}
	return it
}

// Seek moves before the first key at or after key; with reverse, before the
// first key under it. A nil key is the beginning, or with reverse the end.
func (it *Iter) Seek(key []byte) {
	it.node, it.val = 0, nil
	it.forget()
	it.edge = key
	it.page = it.p.tree.pageFor(key, it.reverse).view()
	switch {
	case key != nil:
		it.i, _ = it.p.s.search(&it.page, key)
	case it.reverse:
		it.i = it.page.n
	default:
		it.i = 0
	}
}

// Next moves to the next key that memory knows to have a value, or may have one.
// It goes on to the next page by itself where this one and that are whole.
func (it *Iter) Next() Step {
	s := &it.p.s
	for {
		if it.use == it.looked {
			if it.rest() == 0 {
				if step := it.turn(); step != Row {
					return step
				}
				continue
			}
			it.lookAhead()
		}
		v := it.ahead[it.use]
		it.use++
		if it.reverse {
			it.i--
			it.node = it.page.node(it.i)
		} else {
			it.node = it.page.node(it.i)
			it.i++
		}
		switch v {
		case seenAbsent:
		case seenElsewhere:
			it.val, it.at = nil, 0
			return Hole
		default:
			it.val, it.at = s.content(v)
			return Row
		}
	}
}

// rest is how many entries of the page are left.
func (it *Iter) rest() int {
	if it.reverse {
		return it.i
	}
	return it.page.n - it.i
}

// lookAhead looks up the next entries of the page.
func (it *Iter) lookAhead() {
	it.depth = min(max(2*it.depth, aheadFirst), aheadMost)
	n := min(it.depth, it.rest())
	first := it.i
	if it.reverse {
		first -= n
	}
	var near [aheadMost]addr
	nodes := near[:n]
	for i := range nodes {
		nodes[i] = it.page.node(first + i)
	}
	s, ts := &it.p.s, it.ts
	if it.warm > 0 {
		for _, node := range nodes[:min(it.warm, n)] {
			if s.marks(node)&markUsed == 0 {
				s.mark(node, markUsed)
			}
		}
		it.warm -= min(it.warm, n)
	}
	var heads [aheadMost]addr
	for i, node := range nodes {
		heads[i] = s.head(node)
	}
	for i, v := range heads[:n] {
		if s.timestamp(v) > ts || s.deleted(v) {
			v = s.visible(nodes[i], ts)
		}
		if it.reverse {
			it.ahead[n-1-i] = v
		} else {
			it.ahead[i] = v
		}
	}
	it.looked, it.use = n, 0
}

// forget drops what was looked up: the iteration goes on somewhere else.
func (it *Iter) forget() { it.looked, it.use = 0, 0 }

// turn goes on from a whole page to the next one, if that is whole.
func (it *Iter) turn() Step {
	if !it.page.whole {
		return PageEnd
	}
	if !it.Turn() {
		it.val = nil
		return End
	}
	if !it.page.whole {
		return PageEnd
	}
	return Row
}

// Turn goes on to the next page, in whose range the iteration has nothing behind
// it, and says whether there is one.
func (it *Iter) Turn() bool {
	if it.reverse {
		low := it.Low()
		if low == nil {
			return false
		}
		it.Seek(low)
		return true
	}
	if it.page.next == 0 {
		return false
	}
	it.forget()
	it.edge = it.High()
	it.page, it.i = it.p.s.page(it.page.next).view(), 0
	return true
}

// Whole says that every key in the range of the page is in memory.
func (it *Iter) Whole() bool { return it.page.whole }

// Edge is where the iteration came into the page, nil where that has no bound. In reverse
// the page may go on behind it: the leaf that the iteration came from may have become part
// of this one meanwhile.
func (it *Iter) Edge() []byte { return it.edge }

// Low is the first key of the page's range, nil where it has no bound.
func (it *Iter) Low() []byte { return it.p.s.fence(it.page.leaf) }

// High is the first key behind the page's range, nil where it has no bound.
func (it *Iter) High() []byte { return it.p.s.fence(it.page.next) }

// Peek is the key that the iteration comes to next in the page, and what memory
// knows of it; nil at the end of the page. Skip moves over it.
func (it *Iter) Peek() (key, value []byte, at uint64, seen Seen) {
	i := it.i
	if it.reverse {
		i--
	}
	if i < 0 || i >= it.page.n {
		return nil, nil, 0, Absent
	}
	node := it.page.node(i)
	if it.warm > 0 {
		if it.warm--; it.p.s.marks(node)&markUsed == 0 {
			it.p.s.mark(node, markUsed)
		}
	}
	value, at, seen = it.p.s.see(node, it.ts)
	return it.p.s.key(node), value, at, seen
}

// Skip moves over the key that Peek gives.
func (it *Iter) Skip() {
	it.forget()
	if it.reverse {
		it.i--
	} else {
		it.i++
	}
}

// Key is the key that Next moved to. It must not be changed.
func (it *Iter) Key() []byte { return it.p.s.key(it.node) }

// Value is its value. It must not be changed.
func (it *Iter) Value() []byte { return it.val }

// Timestamp is when its version was written.
func (it *Iter) Timestamp() uint64 { return it.at }
