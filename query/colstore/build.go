package colstore

import (
	"bytes"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/weftdb/weft/query/vec"
)

// Build makes segments of the rows that one scan reads. It belongs to the scan's goroutine,
// but for what it is told of commits.
type Build struct {
	t        *Table
	snapshot uint64
	clock    uint64
	keys     []Key
	off      bool // nothing is built any more

	// changes are the commits after the snapshot, since the build began or before. Guarded by
	// Cache.mu.
	changes []change
	lost    bool // there were too many

	piece  *Piece
	lower  []byte        // where the next segment begins
	starts [][]byte      // of its blocks
	cols   []*vec.Vector // its rows
	rows   int
	last   []byte // the last key that was read
}

// newBuild begins a build; nil where it would be wrong or a waste. Under Cache.mu.
func (t *Table) newBuild(snapshot uint64, cols []Key) *Build {
	if snapshot < t.since {
		return nil // some commit after the snapshot is not remembered
	}
	if t.skip > 0 {
		t.skip--
		return nil
	}
	b := &Build{t: t, snapshot: snapshot, clock: t.c.clock, keys: cols}
	for _, k := range cols {
		b.cols = append(b.cols, &vec.Vector{Type: k.Type})
	}
	for _, c := range t.recent {
		if c.at > snapshot {
			b.changes = append(b.changes, c)
		}
	}
	t.builds[b] = struct{}{}
	return b
}

// note is told of a change. Under Cache.mu.
func (b *Build) note(at uint64, key []byte) {
	if at <= b.snapshot || b.lost {
		return
	}
	if len(b.changes) >= 4*recentChanges {
		b.lost, b.changes = true, nil
		return
	}
	b.changes = append(b.changes, change{at, key})
}

// Begin starts with a piece.
func (b *Build) Begin(p *Piece) {
	b.piece, b.lower = p, p.Lower
	b.clear()
}

func (b *Build) clear() {
	b.rows, b.starts, b.last = 0, nil, b.last[:0]
	for _, v := range b.cols {
		v.Reset(0)
	}
}

// Wants reports whether the key of the next row but ahead is needed.
func (b *Build) Wants(ahead int) bool { return (b.rows+ahead)%b.t.c.sizes.Block == 0 }

// Start is told the key for which Wants is true; it is copied.
func (b *Build) Start(key []byte) { b.starts = append(b.starts, bytes.Clone(key)) }

// Add takes the rows of a batch, without a selection, and the key of the last one.
func (b *Build) Add(cols []*vec.Vector, n int, last []byte) {
	if b.off || n == 0 {
		return
	}
	for k, v := range b.cols {
		v.Append(cols[k], n, nil)
	}
	b.rows += n
	b.last = append(b.last[:0], last...)
	for size := b.t.c.sizes; b.rows > size.Segment && !b.off; {
		b.cut(size.Segment, b.starts[size.Segment/size.Block])
	}
}

// End ends the piece, all of whose rows were added.
func (b *Build) End() {
	if b.off || b.rows == 0 {
		b.clear()
		return
	}
	upper := b.piece.Upper
	if b.piece.Tail || upper == nil {
		upper = append(bytes.Clone(b.last), 0)
	}
	b.cut(b.rows, upper)
	b.clear()
}

// cut makes a segment of the first n rows, which end at upper.
func (b *Build) cut(n int, upper []byte) {
	size := b.t.c.sizes.Block
	blocks := (n + size - 1) / size
	s := &Segment{Lower: b.lower, Upper: upper, Rows: n, size: size, at: b.snapshot, dirty: make([]atomic.Uint64, blocks)}
	s.starts = slices.Clone(b.starts[:blocks])
	s.starts[0] = b.lower
	cols := make(map[Key]*Column, len(b.cols))
	s.bytes = 256
	for _, k := range s.starts {
		s.bytes += int64(len(k)) + 40
	}
	for k, v := range b.cols {
		part := v
		if n < b.rows {
			part = &vec.Vector{Type: v.Type}
			part.Append(v, n, nil)
		}
		col := encode(part, n, size)
		cols[b.keys[k]] = col
		s.bytes += col.Bytes()
	}
	s.cols.Store(&cols)
	b.install(s)
	b.lower = upper
	b.starts = slices.Delete(b.starts, 0, blocks)
	for k, v := range b.cols {
		rest := &vec.Vector{Type: v.Type}
		if n < b.rows {
			idx := make([]int32, 0, b.rows-n)
			for i := n; i < b.rows; i++ {
				idx = append(idx, int32(i))
			}
			rest.Gather(v, idx)
		}
		b.cols[k] = rest
	}
	b.rows -= n
}

// install puts a segment in the place of those that it covers.
func (b *Build) install(s *Segment) {
	t := b.t
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.lost || c.tables[t.id] != t {
		b.off = true
		return
	}
	for _, ch := range b.changes {
		if bytes.Compare(ch.key, s.Lower) >= 0 && bytes.Compare(ch.key, s.Upper) < 0 {
			s.touch(ch.at, ch.key)
		}
	}
	var old []*Segment
	for _, o := range t.segs {
		if bytes.Compare(o.Lower, s.Upper) < 0 && bytes.Compare(o.Upper, s.Lower) > 0 {
			old = append(old, o)
		}
	}
	if len(old) == 1 && b.merge(old[0], s) {
		return
	}
	if s.Rows < c.sizes.Min {
		return
	}
	for _, o := range old {
		if o.at >= s.at && o.dirtyBlocks(^uint64(0)) <= s.dirtyBlocks(^uint64(0)) && o.has(b.keys) {
			return // another scan was first
		}
	}
	freed := int64(0)
	for _, o := range old {
		freed += o.bytes
	}
	s.used = b.clock
	if !c.evict(s.bytes-freed, b.clock) {
		b.off = true
		return
	}
	for _, o := range old {
		t.replaced(o)
		t.drop(o)
	}
	i, _ := slices.BinarySearchFunc(t.segs, s.Lower, func(x *Segment, k []byte) int { return bytes.Compare(x.Lower, k) })
	t.segs = slices.Insert(t.segs, i, s)
	c.bytes += s.bytes
	c.stats.Built++
}

// merge adds the columns of s to a segment of the same rows. Under Cache.mu.
func (b *Build) merge(o, s *Segment) bool {
	if !bytes.Equal(o.Lower, s.Lower) || !bytes.Equal(o.Upper, s.Upper) || o.Rows != s.Rows || o.at > s.at || o.dirtyBlocks(s.at) > 0 {
		return false
	}
	c := b.t.c
	cols := maps.Clone(*o.cols.Load())
	added := int64(0)
	for k, col := range *s.cols.Load() {
		if cols[k] == nil {
			cols[k] = col
			added += col.Bytes()
		}
	}
	if !c.evict(added, b.clock) {
		b.off = true
		return true
	}
	o.cols.Store(&cols)
	o.bytes += added
	c.bytes += added
	c.stats.Built++
	return true
}

// replaced notes that a segment has to go because of changes. Where it was of no use before
// that, builds pause for a while.
func (t *Table) replaced(o *Segment) {
	if o.dirtyBlocks(^uint64(0)) == 0 {
		return
	}
	t.c.stats.Replaced++
	if o.hits > 1 {
		t.waste = 0
		return
	}
	t.waste = min(2*t.waste+1, 64)
	t.skip = t.waste
}

// Close ends the build. It may be called more than once, and on nil.
func (b *Build) Close() {
	if b == nil {
		return
	}
	c := b.t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(b.t.builds, b)
	b.off, b.changes = true, nil
}
