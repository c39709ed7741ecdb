package txn

import (
	"bytes"
	"sort"
	"sync"
)

// writeSet is what a transaction has written: every write in the order it was
// made, so that a savepoint is a position, and an index of the keys in order.
type writeSet struct {
	log   []write
	slots []slot
	order [][]int32 // slots in key order, cut into runs of at most maxRun
	bytes int64     // counted against Options.MaxTxBytes
	arena arena     // keys and values
	few   *few      // nil before the first write
}

// few is room for a small write set in one piece of memory, which commits use again.
type few struct {
	log   [8]write
	slots [8]slot
	order [1][]int32
	run   [8]int32
	ops   [8]Op
	piece [1024]byte
}

var fews = sync.Pool{New: func() any { return new(few) }}

// recycle gives the memory of the write set to others. Nobody may use what is in it.
func (w *writeSet) recycle() {
	f := w.few
	if f == nil {
		return
	}
	*w = writeSet{}
	clear(f.log[:])
	clear(f.slots[:])
	clear(f.ops[:])
	f.order[0] = nil
	poison(f.piece[:])
	fews.Put(f)
}

func (w *writeSet) makeFew() {
	f := fews.Get().(*few) //nolint:forcetypeassert // nothing else is in it
	w.few = f
	w.log, w.slots, w.order, w.arena.piece = f.log[:0], f.slots[:0], f.order[:0], f.piece[:0]
	f.order[0] = f.run[:0]
}

// write is one Put or Delete.
type write struct {
	value   []byte
	slot    int32
	prev    int32 // the write of the same key before this one, or none
	deleted bool
}

// slot is a key that was written. It stays when its writes are undone.
type slot struct {
	key   []byte
	head  int32 // its last write, or none
	fresh bool  // the snapshot is known not to have it
}

const (
	none   = -1
	maxRun = 256
)

// find returns where key is or would be: the run and the place within it.
func (w *writeSet) find(key []byte) (run, at int, ok bool) {
	if len(w.order) == 0 {
		return 0, 0, false
	}
	if len(w.order) > 1 {
		run = sort.Search(len(w.order)-1, func(i int) bool {
			return bytes.Compare(w.slots[w.order[i+1][0]].key, key) > 0
		})
	}
	ids := w.order[run]
	lo, hi := 0, len(ids)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		switch c := bytes.Compare(w.slots[ids[m]].key, key); {
		case c == 0:
			return run, m, true
		case c < 0:
			lo = m + 1
		default:
			hi = m
		}
	}
	return run, lo, false
}

// get returns the last write of key, or nil.
func (w *writeSet) get(key []byte) *write {
	if len(w.log) == 0 {
		return nil
	}
	run, at, ok := w.find(key)
	if !ok {
		return nil
	}
	if head := w.slots[w.order[run][at]].head; head != none {
		return &w.log[head]
	}
	return nil
}

// before returns the last of the first seen writes that is one of the slot, or nil.
func (w *writeSet) before(s *slot, seen int) *write {
	at := s.head
	for at != none && int(at) >= seen {
		at = w.log[at].prev
	}
	if at == none {
		return nil
	}
	return &w.log[at]
}

// add records a write; key and value are copied. fresh says that the snapshot does not have
// the key, where the transaction has not written it yet.
func (w *writeSet) add(key, value []byte, deleted, fresh bool) {
	if w.slots == nil {
		w.makeFew()
	}
	run, at, ok := w.find(key)
	var id int32
	if ok {
		id = w.order[run][at]
	} else {
		id = int32(len(w.slots))
		w.slots = append(w.slots, slot{key: w.arena.copy(key), head: none, fresh: fresh})
		w.insert(run, at, id)
	}
	s := &w.slots[id]
	wr := write{slot: id, prev: s.head, deleted: deleted}
	if !deleted {
		wr.value = w.arena.copy(value)
	}
	w.log = append(w.log, wr)
	s.head = int32(len(w.log) - 1)
	w.bytes += int64(len(key)+len(value)) + writeOverhead
}

// copy returns a copy of b in the memory of the write set.
func (w *writeSet) copy(b []byte) []byte {
	if w.slots == nil {
		w.makeFew()
	}
	return w.arena.copy(b)
}

// insert puts a slot at its place in the order.
func (w *writeSet) insert(run, at int, id int32) {
	if len(w.order) == 0 {
		w.order = w.order[:1] // made by makeFew
		w.order[0] = append(w.order[0], id)
		return
	}
	ids := w.order[run]
	if len(ids) == maxRun {
		mid := maxRun / 2
		if run == len(w.order)-1 && at == maxRun {
			mid = maxRun - 1 // ascending keys: leave the run full
		}
		right := append(make([]int32, 0, maxRun), ids[mid:]...)
		w.order = append(w.order, nil)
		copy(w.order[run+2:], w.order[run+1:])
		w.order[run], w.order[run+1] = ids[:mid], right
		if at > mid {
			run, at = run+1, at-mid
		}
		ids = w.order[run]
	}
	ids = append(ids, 0)
	copy(ids[at+1:], ids[at:])
	ids[at] = id
	w.order[run] = ids
}

// undo takes back every write after the first n.
func (w *writeSet) undo(n int) {
	for i := len(w.log) - 1; i >= n; i-- {
		wr := &w.log[i]
		s := &w.slots[wr.slot]
		s.head = wr.prev
		w.bytes -= int64(len(s.key)+len(wr.value)) + writeOverhead
		*wr = write{}
	}
	w.log = w.log[:n]
}

// ops returns the last write of every key, in key order. It is called once.
func (w *writeSet) ops() []Op {
	if w.few == nil {
		return nil
	}
	ops := w.few.ops[:0]
	if len(w.slots) > cap(ops) {
		ops = make([]Op, 0, len(w.slots))
	}
	for _, run := range w.order {
		for _, id := range run {
			s := &w.slots[id]
			if s.head == none {
				continue
			}
			wr := &w.log[s.head]
			ops = append(ops, Op{Key: s.key, Value: wr.value, Deleted: wr.deleted, New: s.fresh})
		}
	}
	return ops
}

// cursor walks the keys of a write set as they were after its first seq writes.
type cursor struct {
	w     *writeSet
	seq   int
	slots int // len(w.slots) when run and at were found
	run   int
	at    int
	from  []byte // what seek was told
	last  []byte // the key that next moved to, or nil
}

// seek moves before the first key at or after key, or at the start for nil; with
// reverse, before the last key under it, or at the end for nil.
func (c *cursor) seek(key []byte, reverse bool) {
	c.slots, c.from, c.last = len(c.w.slots), key, nil
	switch {
	case len(c.w.order) == 0:
		c.run, c.at = 0, 0
	case key != nil:
		c.run, c.at, _ = c.w.find(key)
	case reverse:
		c.run = len(c.w.order) - 1
		c.at = len(c.w.order[c.run])
	default:
		c.run, c.at = 0, 0
	}
}

// next moves to the next key in the direction and returns it with its write, or
// nil at the end.
func (c *cursor) next(reverse bool) (key []byte, wr *write) {
	if c.slots != len(c.w.slots) { // keys came in meanwhile
		if last := c.last; last == nil {
			c.seek(c.from, reverse)
		} else if c.seek(last, reverse); !reverse {
			c.at++ // over last itself, which is there
		}
	}
	for {
		id, ok := c.step(reverse)
		if !ok {
			return nil, nil
		}
		s := &c.w.slots[id]
		c.last = s.key
		if wr := c.w.before(s, c.seq); wr != nil {
			return s.key, wr
		}
	}
}

// step returns the slot beside the position and moves over it.
func (c *cursor) step(reverse bool) (id int32, ok bool) {
	if len(c.w.order) == 0 {
		return 0, false
	}
	if reverse {
		for c.at == 0 {
			if c.run == 0 {
				return 0, false
			}
			c.run--
			c.at = len(c.w.order[c.run])
		}
		c.at--
		return c.w.order[c.run][c.at], true
	}
	for c.at >= len(c.w.order[c.run]) {
		if c.run == len(c.w.order)-1 {
			return 0, false
		}
		c.run++
		c.at = 0
	}
	c.at++
	return c.w.order[c.run][c.at-1], true
}

// arena hands out copies of byte strings cut from larger pieces.
type arena struct {
	piece []byte
	next  int // size of the next piece
}

const maxPiece = 1 << 20

func (a *arena) copy(b []byte) []byte {
	if len(b) == 0 {
		return []byte{}
	}
	if cap(a.piece)-len(a.piece) < len(b) {
		a.next = min(max(2*a.next, 512), maxPiece)
		if len(b) > a.next/4 {
			return append(make([]byte, 0, len(b)), b...)
		}
		a.piece = make([]byte, 0, a.next)
	}
	n := len(a.piece)
	a.piece = append(a.piece, b...)
	return a.piece[n:len(a.piece):len(a.piece)]
}
