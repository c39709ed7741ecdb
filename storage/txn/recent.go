package txn

import (
	"bytes"
	"encoding/binary"
	"sort"
)

// recent holds the keys that the last commits wrote. It is copies of them, in pieces
// without pointers: what a transaction has written is not kept alive, and the garbage
// collector has nothing to follow. Under Store.commit.
type recent struct {
	pieces  []recentPiece // oldest first, none of them empty
	spare   []byte        // of a piece that was dropped
	commits int
	bytes   int
	floor   uint64 // of all commits after it, nothing is missing
}

// recentPiece is some commits in a row, each
//
//	timestamp (8) · number of keys (uvarint) · number × (length (uvarint) · key)
type recentPiece struct {
	data    []byte
	commits int
	last    uint64 // timestamp of the last of them
}

const (
	recentCommits = 4096     // kept at most, and one piece less at least
	recentBytes   = 4 << 20  // of keys
	pieceCommits  = 256      // of a piece at most
	pieceBytes    = 16 << 10 // from which on a piece takes no more
)

// add notes a commit whose record has so many bytes.
func (r *recent) add(ts uint64, ops []Op, bytes int) {
	if bytes > recentBytes/2 {
		r.forget(ts)
		return
	}
	p := r.piece()
	had := len(p.data)
	p.data = binary.LittleEndian.AppendUint64(p.data, ts)
	p.data = binary.AppendUvarint(p.data, uint64(len(ops)))
	for i := range ops {
		p.data = binary.AppendUvarint(p.data, uint64(len(ops[i].Key)))
		p.data = append(p.data, ops[i].Key...)
	}
	p.commits++
	p.last = ts
	r.commits++
	r.bytes += len(p.data) - had
	drop := 0
	for ; r.commits > recentCommits || r.bytes > recentBytes; drop++ {
		old := &r.pieces[drop]
		r.floor = old.last
		r.commits -= old.commits
		r.bytes -= len(old.data)
		r.spare = old.data
	}
	if drop > 0 {
		n := copy(r.pieces, r.pieces[drop:])
		clear(r.pieces[n:])
		r.pieces = r.pieces[:n]
	}
}

// piece returns the one that takes the next commit.
func (r *recent) piece() *recentPiece {
	if n := len(r.pieces); n > 0 {
		if p := &r.pieces[n-1]; p.commits < pieceCommits && len(p.data) < pieceBytes {
			return p
		}
	}
	data := r.spare
	if r.spare = nil; cap(data) < pieceBytes || cap(data) > 4*pieceBytes {
		data = make([]byte, 0, pieceBytes+pieceBytes/4)
	}
	r.pieces = append(r.pieces, recentPiece{data: data[:0]})
	return &r.pieces[len(r.pieces)-1]
}

// forget drops all commits up to and with ts.
func (r *recent) forget(ts uint64) {
	clear(r.pieces)
	*r = recent{pieces: r.pieces[:0], floor: ts}
}

// clash looks at the commits after v.since. The spans of v are merged, and its
// ops in order.
func (r *recent) clash(v validation) *clash {
	from := sort.Search(len(r.pieces), func(i int) bool { return r.pieces[i].last > v.since })
	for _, p := range r.pieces[from:] {
		for at := 0; at < len(p.data); {
			ts := binary.LittleEndian.Uint64(p.data[at:])
			keys, n := binary.Uvarint(p.data[at+8:])
			at += 8 + n
			for range keys {
				size, n := binary.Uvarint(p.data[at:])
				at += n
				key := p.data[at : at+int(size)]
				at += int(size)
				if ts > v.since && (v.wrote(key) || v.tx.reads.has(key)) {
					return &clash{bytes.Clone(key), ts} // its piece may be written over
				}
			}
		}
	}
	return nil
}
