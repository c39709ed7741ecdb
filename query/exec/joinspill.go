package exec

import (
	"context"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// joinSpill is a hash join past its budget. Both sides are cut into files by the
// hash of their keys, and the pairs of files are joined one after the other; a
// right file that does not fit is cut again by other bits, with its left file. The
// output goes to one run per pair, in the order of the left rows, and the runs are
// merged, so that left rows come out in their order all the same. Right rows
// without a match come last.
type joinSpill struct {
	h      *hashJoin
	ltypes []sqltype.Type // the left side, then the row's number
	rtypes []sqltype.Type
	right  []*spillFile
	runs   *runMerge
	out    *vec.Batch
	open   []*spillFile
	seq    []byte
}

func newJoinSpill(h *hashJoin) (*joinSpill, error) {
	s := &joinSpill{h: h, rtypes: typesOf(h.n.Right.Fields()), ltypes: typesOf(h.n.Left.Fields())}
	s.right = make([]*spillFile, spillFanout)
	s.runs = newRunMerge(h.c, typesOf(h.n.Out))
	s.out = vec.NewBatch(typesOf(h.n.Out))
	t := h.table
	h.table = h.newTable()
	for at := 0; at < t.rows.Len; at += vec.BatchSize {
		b := rowsOf(t.rows, at, min(at+vec.BatchSize, t.rows.Len))
		if err := h.rkeys.load(b); err != nil {
			return nil, err
		}
		if err := s.add(b); err != nil {
			return nil, err
		}
	}
	h.held.set(0)
	return s, nil
}

// rowsOf returns rows [from, to) of a dense batch as a batch that selects them.
func rowsOf(b *vec.Batch, from, to int) *vec.Batch {
	idx := make([]int32, to-from)
	for i := range idx {
		idx[i] = int32(from + i)
	}
	out := &vec.Batch{Len: to - from, Cols: make([]*vec.Vector, len(b.Cols))}
	for k, col := range b.Cols {
		out.Cols[k] = newOut(col.Type)
		out.Cols[k].Gather(col, idx)
	}
	return out
}

func (s *joinSpill) file(types []sqltype.Type) (*spillFile, error) {
	f, err := newSpillFile(s.h.c, types)
	if err == nil {
		s.open = append(s.open, f)
	}
	return f, err
}

// add writes a batch of the right side, whose keys are loaded.
func (s *joinSpill) add(b *vec.Batch) error {
	return s.scatter(b, s.h.rkeys, s.right, s.rtypes, 0, nil)
}

// scatter writes the rows of b to the files that their keys say. keyOf, where not
// nil, gives what is written as the key of a row.
func (s *joinSpill) scatter(b *vec.Batch, k *joinKeys, files []*spillFile, types []sqltype.Type, level int, keyOf func(i int32) []byte) error {
	t := s.h.table.keys
	for _, i := range live(b) {
		t.buf = t.appendKey(t.buf[:0], k.vals, int(i))
		p := xxhash.Sum64(t.buf) >> (spillBits * uint(level)) % spillFanout
		if files[p] == nil {
			f, err := s.file(types)
			if err != nil {
				return err
			}
			files[p] = f
		}
		var key []byte
		if keyOf != nil {
			key = keyOf(i)
		}
		if err := files[p].add(key, b.Cols, int(i)); err != nil {
			return err
		}
	}
	return nil
}

// run cuts the left side and joins all pairs of files.
func (s *joinSpill) run(ctx context.Context) error {
	h := s.h
	left := make([]*spillFile, spillFanout)
	n := uint64(0)
	number := func(int32) []byte {
		n++
		s.seq = binary.BigEndian.AppendUint64(s.seq[:0], n)
		return s.seq
	}
	for {
		b, err := h.left.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := h.lkeys.load(b); err != nil {
			return err
		}
		if err := s.scatter(b, h.lkeys, left, s.ltypes, 0, number); err != nil {
			return err
		}
	}
	if err := s.joinAll(ctx, left, s.right, 1); err != nil {
		return err
	}
	h.table = h.newTable()
	h.held.set(0)
	return s.runs.start(ctx)
}

func (s *joinSpill) joinAll(ctx context.Context, left, right []*spillFile, level int) error {
	for p := range right {
		if err := s.join(ctx, left[p], right[p], level); err != nil {
			return err
		}
		if err := firstError(left[p].close(), right[p].close()); err != nil {
			return err
		}
	}
	return nil
}

// join joins one pair of files, either of which may be nil: empty.
func (s *joinSpill) join(ctx context.Context, left, right *spillFile, level int) error {
	h := s.h
	if left == nil && (right == nil || !keepsRight(h.n.Kind)) {
		return nil
	}
	h.table = h.newTable()
	if right != nil {
		fits, err := s.load(ctx, right, level)
		if err != nil {
			return err
		}
		if !fits {
			return s.again(ctx, left, right, level)
		}
	}
	return s.output(ctx, left)
}

// load reads a right file into the table; fits is false where it is too large.
func (s *joinSpill) load(ctx context.Context, right *spillFile, level int) (fits bool, err error) {
	h := s.h
	r, err := right.read()
	if err != nil {
		return false, err
	}
	for {
		b, err := r.block(ctx)
		if b == nil || err != nil {
			return err == nil, err
		}
		if err := h.rkeys.load(b); err != nil {
			return false, err
		}
		h.table.add(b, h.rkeys, keepsRight(h.n.Kind))
		if !h.held.set(h.table.size()) && level < maxSpill && h.table.keys.len() > 1 {
			return false, nil
		}
	}
}

// again cuts a pair of files by the next bits of the hash.
func (s *joinSpill) again(ctx context.Context, left, right *spillFile, level int) error {
	h := s.h
	h.table = h.newTable()
	h.held.set(0)
	lefts, rights := make([]*spillFile, spillFanout), make([]*spillFile, spillFanout)
	if err := s.recut(ctx, right, h.rkeys, rights, s.rtypes, level); err != nil {
		return err
	}
	if left != nil {
		if err := s.recut(ctx, left, h.lkeys, lefts, s.ltypes, level); err != nil {
			return err
		}
	}
	return s.joinAll(ctx, lefts, rights, level+1)
}

func (s *joinSpill) recut(ctx context.Context, f *spillFile, k *joinKeys, to []*spillFile, types []sqltype.Type, level int) error {
	r, err := f.read()
	if err != nil {
		return err
	}
	var keyOf func(i int32) []byte
	if k == s.h.lkeys {
		keyOf = func(i int32) []byte { return r.keys.at(int(i)) }
	}
	for {
		b, err := r.block(ctx)
		if b == nil || err != nil {
			return err
		}
		if err := k.load(b); err != nil {
			return err
		}
		if err := s.scatter(b, k, to, types, level, keyOf); err != nil {
			return err
		}
	}
}

// output probes the table with a left file and writes what comes out as a run.
func (s *joinSpill) output(ctx context.Context, left *spillFile) error {
	h := s.h
	h.cur, h.ended, h.tail = nil, left == nil, 0
	h.pairs.matched = nil
	f, err := s.file(s.runs.types)
	if err != nil {
		return err
	}
	s.runs.runs = append(s.runs.runs, f)
	src := &numbered{}
	if left != nil {
		if src.r, err = left.read(); err != nil {
			return err
		}
	}
	for {
		b, err := h.probe(ctx, src)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		for k, i := range live(b) {
			s.seq = s.key(s.seq[:0], src, k, i)
			if err := f.add(s.seq, b.Cols, int(i)); err != nil {
				return err
			}
		}
	}
	if len(s.runs.runs) >= maxRuns {
		return s.runs.combine(ctx)
	}
	return nil
}

// key is the number of the left row of an output row.
func (s *joinSpill) key(dst []byte, src *numbered, k int, i int32) []byte {
	n := ^uint64(0) // a right row without a match
	switch {
	case leftOnly(s.h.n.Kind):
		n = src.nums[i]
	case !s.h.ended:
		n = src.nums[s.h.pairs.li[k]]
	}
	return binary.BigEndian.AppendUint64(dst, n)
}

// numbered reads a left file as an operator, with the numbers of its rows.
type numbered struct {
	r    *spillReader
	nums []uint64
}

func (s *numbered) Next(ctx context.Context) (*vec.Batch, error) {
	b, err := s.r.block(ctx)
	if b == nil || err != nil {
		return nil, err
	}
	s.nums = s.nums[:0]
	for i := range b.Len {
		s.nums = append(s.nums, binary.BigEndian.Uint64(s.r.keys.at(i)))
	}
	return b, nil
}

func (s *numbered) Close() error { return nil }

func (s *joinSpill) next(ctx context.Context) (*vec.Batch, error) {
	n, err := s.runs.next(ctx, s.out, vec.BatchSize)
	if n == 0 || err != nil {
		return nil, err
	}
	return s.out, nil
}

func (s *joinSpill) close() error {
	errs := []error{s.runs.close()}
	for _, f := range s.open {
		errs = append(errs, f.close())
	}
	return firstError(errs...)
}
