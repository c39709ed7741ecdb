package buffer

// Iter walks the keys that are present at a timestamp, in order or against it.
// Writes do not disturb it, and it does not see those after its timestamp.
type Iter struct {
	p       *Pool
	ts      uint64
	reverse bool
	page    *page
	i       int // the next entry forward; in reverse, one more than the next entry
	node    addr
	val     []byte
	at      uint64 // timestamp of val
}

// Iter returns an iterator at ts, before its first key.
func (p *Pool) Iter(ts uint64, reverse bool) Iter {
	it := Iter{p: p, ts: ts, reverse: reverse}
	it.Seek(nil)
	return it
}

// Seek moves before the first key at or after key; with reverse, before the
// first key under it. A nil key is the beginning, or with reverse the end.
func (it *Iter) Seek(key []byte) {
	it.node, it.val = 0, nil
	_, it.page = it.p.tree.pageFor(key, it.reverse)
	n := int(it.page.n.Load())
	switch {
	case key != nil:
		it.i, _ = it.p.tree.search(it.page, n, key)
	case it.reverse:
		it.i = n
	default:
		it.i = 0
	}
}

// Next moves to the next key and says whether there is one.
func (it *Iter) Next() bool {
	s := &it.p.s
	for it.step() {
		if value, at, ok := s.see(it.node, it.ts); ok {
			it.val, it.at = value, at
			return true
		}
	}
	it.val = nil
	return false
}

// step moves to the next node.
func (it *Iter) step() bool {
	if it.reverse {
		for it.i == 0 {
			if it.page.low == nil {
				return false
			}
			it.Seek(it.page.low.key)
		}
		it.i--
		it.node = it.page.nodes[it.i]
		return true
	}
	for it.i >= int(it.page.n.Load()) {
		if it.page.next == nil {
			return false
		}
		it.page, it.i = it.page.next.page.Load(), 0
	}
	it.node = it.page.nodes[it.i]
	it.i++
	return true
}

// Key is the key that Next moved to. It must not be changed.
func (it *Iter) Key() []byte { return it.p.s.key(it.node) }

// Value is its value. It must not be changed.
func (it *Iter) Value() []byte { return it.val }

// Timestamp is when its version was written.
func (it *Iter) Timestamp() uint64 { return it.at }
