package colstore

import (
	"bytes"
	"slices"
	"sync/atomic"
)

// Segment is the rows of a range of keys as of one commit, as columns. What it says of
// rows never changes; columns are added.
type Segment struct {
	// Lower and Upper bound the keys: [Lower, Upper).
	Lower, Upper []byte
	// Rows is how many there are.
	Rows   int
	size   int             // rows of a block
	at     uint64          // the commit as of which they are
	starts [][]byte        // by block: where its keys begin; the first is Lower
	dirty  []atomic.Uint64 // by block: the first commit after at that touched it, 0 for none
	cols   atomic.Pointer[map[Key]*Column]
	used   uint64 // the clock of the last scan
	bytes  int64
	hits   int
}

// Blocks is the number of blocks.
func (s *Segment) Blocks() int { return len(s.starts) }

// BlockLen is the number of rows of a block.
func (s *Segment) BlockLen(b int) int { return min(s.size, s.Rows-b*s.size) }

// Column returns a column; nil where the segment does not have it.
func (s *Segment) Column(k Key) *Column { return (*s.cols.Load())[k] }

// block is the number of the block whose range holds key, which the segment's does.
func (s *Segment) block(key []byte) int {
	i, found := slices.BinarySearchFunc(s.starts, key, bytes.Compare)
	if !found {
		i--
	}
	return max(i, 0)
}

// end is where the keys of a block end.
func (s *Segment) end(b int) []byte {
	if b+1 < len(s.starts) {
		return s.starts[b+1]
	}
	return s.Upper
}

// touch notes that a commit wrote a key of the segment.
func (s *Segment) touch(at uint64, key []byte) {
	if at <= s.at {
		return
	}
	if d := &s.dirty[s.block(key)]; d.Load() == 0 {
		d.Store(at)
	}
}

// clean reports whether a snapshot sees the block as it is.
func (s *Segment) clean(b int, snapshot uint64) bool {
	d := s.dirty[b].Load()
	return d == 0 || d > snapshot
}

// dirtyBlocks counts the blocks that a snapshot sees otherwise.
func (s *Segment) dirtyBlocks(snapshot uint64) (n int) {
	for b := range s.dirty {
		if !s.clean(b, snapshot) {
			n++
		}
	}
	return n
}

// has reports whether the segment has all of the columns.
func (s *Segment) has(cols []Key) bool {
	m := *s.cols.Load()
	for _, k := range cols {
		if m[k] == nil {
			return false
		}
	}
	return true
}

// Piece is a part of a scan, in the order of keys: blocks of a segment, or a range of keys
// that is to be read as rows.
type Piece struct {
	Seg      *Segment // nil: rows
	From, To int      // blocks [From, To)
	// Lower and Upper bound the keys; a nil Upper is no bound.
	Lower, Upper []byte
	// Build says that the rows may be left to the build of the scan.
	Build bool
	// Tail says that the range ends with the index, so that rows may be added behind.
	Tail  bool
	exact bool // it is the range of a segment that wants columns
}

// Span is a range of keys.
type Span struct{ Lower, Upper []byte }

// Pieces cuts the spans of a scan, which are in order and do not overlap, into what is
// there as columns for a snapshot and what has to be read as rows. The build, where not nil,
// takes rows of the pieces that say so; the caller ends it.
//
// Every commit that the snapshot sees must have been shown to the cache: the caller calls
// txn.Store.Settle before.
func (t *Table) Pieces(snapshot uint64, spans []Span, cols []Key) ([]Piece, *Build) {
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	p := &pieces{t: t, snapshot: snapshot, cols: cols}
	for _, s := range spans {
		p.span(s)
	}
	var b *Build
	if slices.ContainsFunc(p.list, func(x Piece) bool { return x.Build }) {
		b = t.newBuild(snapshot, cols)
	}
	return p.list, b
}

// pieces is a list of pieces that is being made. Under Cache.mu.
type pieces struct {
	t        *Table
	snapshot uint64
	cols     []Key
	list     []Piece
}

// rows adds a range that is read as rows, joined with the piece before where it goes on.
func (p *pieces) rows(lower, upper []byte, build, exact bool) {
	if upper != nil && bytes.Compare(lower, upper) >= 0 {
		return
	}
	if k := len(p.list); k > 0 && !exact {
		last := &p.list[k-1]
		if last.Seg == nil && !last.exact && last.Build == build && bytes.Equal(last.Upper, lower) && last.Upper != nil {
			last.Upper = upper
			last.Tail = upper == nil || bytes.Equal(upper, p.t.end)
			return
		}
	}
	p.list = append(p.list, Piece{Lower: lower, Upper: upper, Build: build, exact: exact, Tail: upper == nil || bytes.Equal(upper, p.t.end)})
}

func (p *pieces) span(span Span) {
	pos := span.Lower
	for _, s := range p.t.segs {
		if bytes.Compare(s.Upper, pos) <= 0 {
			continue
		}
		if span.Upper != nil && bytes.Compare(s.Lower, span.Upper) >= 0 {
			break
		}
		if bytes.Compare(pos, s.Lower) < 0 {
			p.rows(pos, s.Lower, true, false)
			pos = s.Lower
		}
		to := s.Upper
		if span.Upper != nil && bytes.Compare(span.Upper, to) < 0 {
			to = span.Upper
		}
		p.segment(s, pos, to)
		pos = to
	}
	if span.Upper == nil || bytes.Compare(pos, span.Upper) < 0 {
		p.rows(pos, span.Upper, true, false)
	}
}

// segment adds the part [pos, to) of a segment's range.
func (p *pieces) segment(s *Segment, pos, to []byte) {
	s.used = p.t.c.clock
	whole := bytes.Equal(pos, s.Lower) && bytes.Equal(to, s.Upper)
	if s.at > p.snapshot {
		p.rows(pos, to, false, false)
		return
	}
	dirty := s.dirtyBlocks(p.snapshot)
	switch {
	case 4*dirty > s.Blocks():
		p.rows(pos, to, whole, false)
		return
	case !s.has(p.cols):
		p.rows(pos, to, whole, whole && dirty == 0)
		return
	}
	s.hits++
	for b := s.block(pos); b < s.Blocks() && bytes.Compare(s.starts[b], to) < 0; b++ {
		lower, upper := s.starts[b], s.end(b)
		inside := bytes.Compare(lower, pos) >= 0 && bytes.Compare(upper, to) <= 0
		if inside && s.clean(b, p.snapshot) {
			p.block(s, b)
			continue
		}
		if bytes.Compare(lower, pos) < 0 {
			lower = pos
		}
		if bytes.Compare(upper, to) > 0 {
			upper = to
		}
		p.rows(lower, upper, false, false)
	}
}

// block adds a block of a segment.
func (p *pieces) block(s *Segment, b int) {
	p.t.c.stats.Blocks++
	if k := len(p.list); k > 0 && p.list[k-1].Seg == s && p.list[k-1].To == b {
		p.list[k-1].To, p.list[k-1].Upper = b+1, s.end(b)
		return
	}
	p.list = append(p.list, Piece{Seg: s, From: b, To: b + 1, Lower: s.starts[b], Upper: s.end(b)})
}
