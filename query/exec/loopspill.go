package exec

import (
	"context"
	"encoding/binary"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// loopSpill is a nested loop whose right side is in a file. It keeps a block of left rows
// and reads the file once for each block; what comes out is put back in the order of the
// left rows.
type loopSpill struct {
	l     *nestedLoop
	block *vec.Batch // left rows
	held  reserved
	has   vec.Bitmap // rows of block that had a match
	out   *rowSort   // the output of the block
	view  vec.Batch
	rest  *rowReader // right rows that are looked at for being unmatched
	right *vec.Batch
	at    int
	base  int
}

func newLoopSpill(l *nestedLoop) *loopSpill {
	return &loopSpill{l: l, held: reserved{c: l.c}}
}

func (s *loopSpill) next(ctx context.Context) (*vec.Batch, error) {
	for {
		if s.out != nil {
			b, err := s.out.next(ctx)
			if b != nil || err != nil {
				return b, err
			}
			err = s.out.close()
			s.out = nil
			if err != nil {
				return nil, err
			}
		}
		if s.l.ended {
			return s.unmatched(ctx)
		}
		if err := s.load(ctx); err != nil {
			return nil, err
		}
		if s.block.Len == 0 {
			continue
		}
		if err := s.pass(ctx); err != nil {
			return nil, err
		}
		if leftOnly(s.l.n.Kind) {
			if b := s.leftRows(); b != nil {
				return b, nil
			}
		}
	}
}

// load reads the next block of left rows.
func (s *loopSpill) load(ctx context.Context) error {
	s.block = vec.NewBatch(typesOf(s.l.n.Left.Fields()))
	s.held.set(0)
	for s.held.n < s.l.c.budget()/8 {
		b, err := s.l.left.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			s.l.ended = true
			return nil
		}
		s.block.Append(b)
		s.held.add(RowBytes(b))
		if leftOnly(s.l.n.Kind) {
			return nil // it is given as one batch
		}
	}
	return nil
}

// pass joins the block with the right side.
func (s *loopSpill) pass(ctx context.Context) error {
	p := s.l.pairs
	s.has = vec.NewBitmap(s.block.Len)
	if !leftOnly(p.kind) {
		s.out = newRowSort(s.l.c, p.types)
	}
	base := 0
	for r := s.l.store.reader(); ; {
		right, err := r.next(ctx)
		if err != nil {
			return err
		}
		if right == nil {
			break
		}
		if err := s.join(ctx, right, base); err != nil {
			return err
		}
		base += right.Len
	}
	if s.out == nil {
		return nil
	}
	if keepsLeft(p.kind) {
		if err := s.alone(ctx); err != nil {
			return err
		}
	}
	return s.out.finish(ctx)
}

// join tries the pairs of the block with some right rows, the first of which has number
// base.
func (s *loopSpill) join(ctx context.Context, right *vec.Batch, base int) error {
	p := s.l.pairs
	all := vec.Live(right.Len, nil)
	li, lo, ro := make([]int32, right.Len), p.li[:0], p.ri[:0]
	for row := range int32(s.block.Len) {
		if leftOnly(p.kind) && s.has.Get(int(row)) {
			continue
		}
		if err := canceled(ctx); err != nil {
			return err
		}
		for i := range li {
			li[i] = row
		}
		pass, err := p.test(s.block, right, li, all)
		if err != nil {
			return err
		}
		for k := range li {
			if pass != nil && !p.matches(pass, k) {
				continue
			}
			s.has.Set(int(row))
			if keepsRight(p.kind) {
				p.matched = p.matched.With(base + k)
			}
			lo, ro = append(lo, row), append(ro, int32(k))
		}
		if len(lo) >= vec.BatchSize {
			if err := s.give(ctx, right, lo, ro); err != nil {
				return err
			}
			lo, ro = lo[:0], ro[:0]
		}
	}
	p.li, p.ri = lo, ro
	return s.give(ctx, right, lo, ro)
}

// give keeps output rows.
func (s *loopSpill) give(ctx context.Context, right *vec.Batch, lo, ro []int32) error {
	if s.out == nil || len(lo) == 0 {
		return nil
	}
	p := s.l.pairs
	gatherPairs(p.out, p.nl, s.block, right, lo, ro)
	return s.out.add(ctx, p.out, func(dst []byte, i int) []byte {
		return binary.BigEndian.AppendUint32(dst, uint32(lo[i]))
	})
}

// alone keeps the left rows without a match.
func (s *loopSpill) alone(ctx context.Context) error {
	none := &vec.Batch{Cols: s.l.pairs.none}
	var lo, ro []int32
	for row := range s.block.Len {
		if !s.has.Get(row) {
			lo, ro = append(lo, int32(row)), append(ro, -1)
		}
		if len(lo) == vec.BatchSize || row == s.block.Len-1 {
			if err := s.give(ctx, none, lo, ro); err != nil {
				return err
			}
			lo, ro = lo[:0], ro[:0]
		}
	}
	return nil
}

// leftRows is the output of a semi or anti join.
func (s *loopSpill) leftRows() *vec.Batch {
	sel := s.l.pairs.sel[:0]
	for row := range s.block.Len {
		if s.has.Get(row) == (s.l.pairs.kind == plan.Semi) {
			sel = append(sel, int32(row))
		}
	}
	s.l.pairs.sel = sel
	if len(sel) == 0 {
		return nil
	}
	s.view = vec.Batch{Len: s.block.Len, Sel: sel, Cols: s.block.Cols}
	return &s.view
}

// unmatched gives the next right rows without a match.
func (s *loopSpill) unmatched(ctx context.Context) (*vec.Batch, error) {
	if !keepsRight(s.l.n.Kind) {
		return nil, nil
	}
	if s.rest == nil {
		s.rest = s.l.store.reader()
	}
	for {
		if s.right == nil {
			b, err := s.rest.next(ctx)
			if b == nil || err != nil {
				return nil, err
			}
			s.right, s.at = b, 0
		}
		s.l.pairs.base = int32(s.base)
		out, at := s.l.pairs.unmatched(s.right, s.at)
		s.at = at
		if out != nil {
			return out, nil
		}
		s.base += s.right.Len
		s.right = nil
	}
}

func (s *loopSpill) close() error {
	s.held.drop()
	s.block = &vec.Batch{}
	s.l.ended = true
	err := s.out.close()
	s.out = nil
	return err
}
