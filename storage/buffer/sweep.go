package buffer

import "sync/atomic"

// Every version that hides an older one, and every deletion, is noted in a queue
// in the order of timestamps. Once its timestamp is behind every reader, what it
// hides can go: the sweep takes it off the queue, cuts the chain behind it, and
// where it is a deletion with nothing in front, takes the key out of the indexes.
// So the sweep costs as much as there is to drop and never looks for it.
//
// What is cut may be in the hands of a reader that began before. It goes to a bin
// with the epoch of the cut, and is used again when every reader of that epoch
// and those before is done.

// entry is one version that hides what is behind it.
type entry struct {
	ts      uint64
	version addr
	node    addr
}

// queue is first in, first out.
type queue struct {
	head, tail *queuePart
	len        int
}

type queuePart struct {
	next    *queuePart
	from, n int
	entries [512]entry
}

func (q *queue) push(e entry) {
	if q.tail == nil || q.tail.n == len(q.tail.entries) {
		part := &queuePart{}
		if q.tail == nil {
			q.head = part
		} else {
			q.tail.next = part
		}
		q.tail = part
	}
	q.tail.entries[q.tail.n] = e
	q.tail.n++
	q.len++
}

func (q *queue) peek() *entry {
	if q.len == 0 {
		return nil
	}
	return &q.head.entries[q.head.from]
}

func (q *queue) pop() {
	q.head.from++
	q.len--
	if q.head.from == len(q.head.entries) {
		q.head = q.head.next
		if q.head == nil {
			q.tail = nil
		}
	}
}

// nth returns the entry with n before it, or the last one.
func (q *queue) nth(n int) *entry {
	if q.len == 0 {
		return nil
	}
	n = min(n, q.len-1)
	part := q.head
	for n >= part.n-part.from {
		n -= part.n - part.from
		part = part.next
	}
	return &part.entries[part.from+n]
}

// bin holds blocks until their epoch is over.
type bin struct {
	epochs []binEpoch // oldest first
	bytes  atomic.Int64
}

type binEpoch struct {
	epoch  uint64
	blocks []binBlock
}

type binBlock struct {
	a addr
	n int32
}

func (b *bin) add(epoch uint64, a addr, n int) {
	if k := len(b.epochs); k == 0 || b.epochs[k-1].epoch != epoch {
		b.epochs = append(b.epochs, binEpoch{epoch: epoch})
	}
	b.bytes.Add(int64(n))
	last := &b.epochs[len(b.epochs)-1]
	last.blocks = append(last.blocks, binBlock{a: a, n: int32(n)})
}

// counter is written by one goroutine and read by any.
type counter struct{ v atomic.Int64 }

func (c *counter) add(n int64) { c.v.Store(c.v.Load() + n) }
func (c *counter) get() int64  { return c.v.Load() }

// Swept says what a Sweep did.
type Swept struct {
	Versions int  // dropped
	Keys     int  // taken out of the indexes
	More     bool // there is more to do
}

// Sweep drops up to limit versions that no reader at horizon or later sees. No
// reader may be, or come to be, at an earlier timestamp.
func (p *Pool) Sweep(horizon uint64, limit int) (done Swept) {
	last := min(horizon, p.applied.Load())
	for e := p.old.peek(); e != nil && e.ts <= horizon; e = p.old.peek() {
		if done.Versions+done.Keys >= limit {
			done.More = true
			return done
		}
		done.Versions += p.dropBehind(e.version)
		switch marks := p.s.marks(e.node); {
		case p.s.head(e.node) != e.version || !p.s.deleted(e.version) || marks&markTomb != 0:
		case e.ts <= last:
			p.leave(e.ts) // a picture of the sorted store of before may have what it deletes
			p.forget(e.node)
			done.Versions++
			done.Keys++
		default:
			p.s.mark(e.node, markTomb)
			p.tombs.push(*e)
		}
		p.old.pop()
	}
	p.sweepTombs(last, limit, &done)
	return done
}

// sweepTombs takes keys out of the indexes whose deletion is stored by now.
func (p *Pool) sweepTombs(last uint64, limit int, done *Swept) {
	for e := p.tombs.peek(); e != nil && e.ts <= last; e = p.tombs.peek() {
		if done.Versions+done.Keys >= limit {
			done.More = true
			return
		}
		node := e.node
		p.tombs.pop()
		head := p.s.head(node)
		switch {
		case !p.s.deleted(head):
			p.s.unmark(node, markTomb)
		case p.s.timestamp(head) <= last:
			p.leave(p.s.timestamp(head))
			p.forget(node)
			done.Versions++
			done.Keys++
		default: // deleted again
			p.tombs.push(entry{ts: p.s.timestamp(head), version: head, node: node})
		}
	}
}

// Trim drops up to limit versions that are hidden by newer ones, up to timestamp
// upTo, from memory only: the sorted store has them for whoever can still see them. A
// deletion stays as long as somebody may write who began before it, which is until
// oldest: the sorted store does not keep one that hides nothing, and it must be in
// the way of a write that has not seen it.
func (p *Pool) Trim(upTo, oldest uint64, limit int) (done Swept) {
	upTo = min(upTo, p.applied.Load())
	for e := p.old.peek(); e != nil && e.ts <= upTo; e = p.old.peek() {
		if done.Versions+done.Keys >= limit {
			done.More = true
			return done
		}
		if behind := p.s.prev(e.version); behind != 0 {
			p.leave(p.s.timestamp(behind))
			p.s.unmark(e.node, markBottom)
			done.Versions += p.dropBehind(e.version)
		}
		switch {
		case p.s.head(e.node) != e.version || !p.s.deleted(e.version) || p.s.marks(e.node)&markTomb != 0:
		case e.ts > oldest:
			p.s.mark(e.node, markTomb)
			p.tombs.push(*e)
		default:
			p.leave(e.ts)
			p.parted.Store(true)
			p.tree.part(p.s.key(e.node))
			p.forget(e.node)
			done.Versions++
			done.Keys++
		}
		p.old.pop()
	}
	return done
}

// leave notes that a version is about to go that can still be read.
func (p *Pool) leave(ts uint64) { p.gone.Store(max(p.gone.Load(), ts)) }

// dropBehind cuts the chain behind a version.
func (p *Pool) dropBehind(version addr) (n int) {
	v := p.s.prev(version)
	if v == 0 {
		return 0
	}
	p.s.cut(version)
	for ; v != 0; n++ {
		next := p.s.prev(v)
		p.retireVersion(v)
		v = next
	}
	p.stale.add(-int64(n))
	return n
}

func (p *Pool) retireVersion(v addr) { p.discard(&p.bin, v) }

// discard gives up the block of a version to a bin.
func (p *Pool) discard(b *bin, v addr) {
	n := p.s.size(v)
	if p.Backed() {
		switch ts := p.s.timestamp(v); {
		case ts > p.frozen:
			p.size.fresh.add(-int64(n))
		case ts > p.applied.Load():
			p.size.frozen.add(-int64(n))
		}
	}
	b.add(p.epoch, v, n)
}

// forget takes a key with a single version out of the indexes.
func (p *Pool) forget(node addr) {
	key := p.s.key(node)
	p.hash.remove(key)
	p.tree.remove(key)
	p.retire(&p.bin, node)
}

// retire gives up the blocks of a node with a single version to a bin.
func (p *Pool) retire(b *bin, node addr) {
	p.discard(b, p.s.head(node))
	b.add(p.epoch, node, nodeHeader+len(p.s.key(node)))
	p.keys.add(-1)
}

// StaleAt returns up to where a Sweep has to go to drop about n versions, 0 where
// there is none to drop.
func (p *Pool) StaleAt(n int) uint64 {
	if e := p.old.nth(n - 1); e != nil {
		return e.ts
	}
	return 0
}

// Epoch sets the epoch of what is dropped from now on. Epochs only rise.
func (p *Pool) Epoch(epoch uint64) { p.epoch = epoch }

// Reclaim makes what was dropped in epochs before done available again, up to
// limit blocks, and says whether that was all. No reader that began in those
// epochs may look at anything any more.
func (p *Pool) Reclaim(done uint64, limit int) (all bool) {
	return p.ReclaimEvicted(done, limit) && p.reclaim(&p.bin, done, limit)
}

// ReclaimEvicted does so for what was evicted and for pages of the tree only, which a
// generation has nothing of: the readers of generations need not be done. A flush takes
// long, and what is written meanwhile has to find room.
func (p *Pool) ReclaimEvicted(done uint64, limit int) (all bool) {
	return p.reclaim(&p.evicted, done, limit) && p.reclaim(&p.pages, done, limit)
}

func (p *Pool) reclaim(b *bin, done uint64, limit int) (all bool) {
	for len(b.epochs) > 0 && b.epochs[0].epoch < done {
		e := &b.epochs[0]
		for n := len(e.blocks); n > 0; n = len(e.blocks) {
			if limit--; limit < 0 {
				return false
			}
			block := e.blocks[n-1]
			e.blocks = e.blocks[:n-1]
			b.bytes.Add(-int64(block.n))
			p.s.release(block.a, int(block.n))
		}
		b.epochs = b.epochs[1:]
	}
	return true
}
