package buffer

import (
	"bytes"
	"cmp"
	"runtime"
	"slices"
)

// Generation is what was written between two timestamps and is not in the sorted
// store yet. It is read, outside of every lock, by a reader that began before it
// was frozen, so that no block of it is used again meanwhile; nothing of it may be
// swept that is not hidden at the horizon that Begin was told.
type Generation struct {
	p           *Pool
	after, upTo uint64
	nodes       []addr
	order       []genNode // nodes by key, from Begin on
	horizon     uint64
	i           int
	version     addr // the next one of the key, 0 for none
	key         []byte
	isNew       bool
}

// genNode is a node and the 8 bytes of its key behind what all keys begin with.
type genNode struct {
	word uint64
	node addr
}

// Version is a version of a key that a generation holds.
type Version struct {
	Key, Value []byte
	TS         uint64
	Deleted    bool
	New        bool // the sorted store has no version of the key
}

// Freeze ends a generation at upTo: everything written so far is at or before it,
// and everything that follows after it. There is one at a time, until Stored.
func (p *Pool) Freeze(upTo uint64) *Generation {
	g := &Generation{p: p, after: p.applied.Load(), upTo: upTo, nodes: p.dirty}
	p.dirty, p.frozen = nil, upTo
	p.size.frozen.add(p.size.fresh.get())
	p.size.fresh.add(-p.size.fresh.get())
	return g
}

// UpTo is the timestamp at which the generation ends.
func (g *Generation) UpTo() uint64 { return g.upTo }

// Keys is how many keys have versions in it.
func (g *Generation) Keys() int { return len(g.nodes) }

// Begin goes to the first version. Versions that a range drop at or before horizon
// hides are left out. It may be called again.
func (g *Generation) Begin(horizon uint64) {
	if g.order == nil {
		g.sort()
	}
	g.i, g.version, g.horizon = 0, 0, horizon
}

// After so many comparisons, or nodes, others may run: this takes long, and they would
// wait until the runtime takes the processor away, which is 10 ms.
const (
	yieldCompares = 1024
	yieldNodes    = 256
)

func (g *Generation) sort() {
	s := &g.p.s
	g.order = make([]genNode, len(g.nodes))
	if len(g.nodes) == 0 {
		return
	}
	first := s.key(g.nodes[0])
	skip := len(first)
	for _, node := range g.nodes {
		if skip == 0 {
			break
		}
		skip = commonPrefix(first[:skip], s.key(node))
	}
	for i, node := range g.nodes {
		if i%yieldNodes == 0 {
			runtime.Gosched()
		}
		g.order[i] = genNode{word(s.key(node), skip), node}
	}
	compared := 0
	slices.SortFunc(g.order, func(a, b genNode) int {
		if compared++; compared%yieldCompares == 0 {
			runtime.Gosched()
		}
		if c := cmp.Compare(a.word, b.word); c != 0 {
			return c
		}
		return bytes.Compare(s.key(a.node), s.key(b.node))
	})
}

// Next is the next version, keys in order and the newest version of each first,
// and false at the end.
func (g *Generation) Next() (v Version, ok bool) {
	s := &g.p.s
	for {
		if g.version == 0 {
			if g.i == len(g.order) {
				return v, false
			}
			node := g.order[g.i].node
			g.i++
			marks := s.marks(node)
			g.version, g.key, g.isNew = s.head(node), s.key(node), marks&markBottom != 0 && marks&markStored == 0
		}
		at := g.version
		ts := s.timestamp(at)
		if ts <= g.after {
			g.version = 0
			continue
		}
		g.version = s.prev(at)
		if ts > g.upTo {
			continue
		}
		if s.dropped(at) {
			if ts <= g.horizon {
				g.version = 0
			}
			continue
		}
		value, deleted := s.value(at)
		return Version{Key: g.key, Value: value, TS: ts, Deleted: deleted, New: g.isNew}, true
	}
}

// Marked notes at every key that the sorted store has it. It comes before Stored,
// outside of the writer's lock.
func (g *Generation) Marked() {
	for i, node := range g.nodes {
		if i%yieldNodes == 0 {
			runtime.Gosched()
		}
		g.p.s.mark(node, markStored)
	}
}

// Stored says that the generation is in the sorted store.
func (p *Pool) Stored(g *Generation) {
	p.size.frozen.add(-p.size.frozen.get())
	p.applied.Store(g.upTo)
}

// DirtyBytes is about what the versions take that are not in the sorted store.
func (p *Pool) DirtyBytes() int64 { return p.size.fresh.get() + p.size.frozen.get() }

// FreshBytes is about what the versions take that are in no generation yet.
func (p *Pool) FreshBytes() int64 { return p.size.fresh.get() }
