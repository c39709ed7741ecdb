package exec

import (
	"bytes"
	"context"
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// sorter orders its input. With a limit it keeps few rows more than that; where
// the input is ordered by the first keys already, it holds one group of them at a time;
// past the budget of memory it writes sorted runs to files and merges them.
type sorter struct {
	c    *Context
	n    *plan.Sort
	in   Operator
	keys *orderKeys
	data *keyed
	held reserved

	limit int // rows that are wanted at all
	given int // rows that were given
	cut   []byte
	ready bool // data is sorted and being given from at
	at    int
	ended bool // the input has ended
	group []byte
	rest  *vec.Batch // rows of the input that belong to the next group
	runs  *runMerge
	buf   []byte
	out   *vec.Batch
}

func newSort(c *Context, n *plan.Sort) (Operator, error) {
	keys, err := newOrderKeys(c, n.Keys)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	types := typesOf(n.Out)
	s := &sorter{c: c, n: n, in: in, keys: keys, data: newKeyed(types), limit: math.MaxInt, out: vec.NewBatch(types)}
	s.held.c = c
	if n.Limit >= 0 {
		s.limit = int(min(n.Limit, math.MaxInt32))
	}
	return s, nil
}

func (s *sorter) Next(ctx context.Context) (*vec.Batch, error) {
	for s.given < s.limit {
		if !s.ready {
			if s.ended {
				return nil, nil
			}
			if err := s.load(ctx); err != nil {
				return nil, err
			}
			s.ready, s.at = true, 0
		}
		if s.runs != nil {
			n, err := s.runs.next(ctx, s.out, s.limit-s.given)
			if err != nil {
				return nil, err
			}
			if n > 0 {
				s.given += n
				return s.out, nil
			}
			s.runs.close()
			s.runs, s.ready = nil, false
			continue
		}
		if n := s.data.emit(s.out, s.at, s.limit-s.given); n > 0 {
			s.at += n
			s.given += n
			return s.out, nil
		}
		s.ready = false
		s.data.reset()
	}
	return nil, nil
}

// load reads and sorts the input, or its next group.
func (s *sorter) load(ctx context.Context) error {
	if b := s.rest; b != nil {
		s.rest = nil
		more, err := s.add(b)
		if err != nil || !more {
			return s.finish(ctx, err)
		}
	}
	for {
		b, err := s.in.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			s.ended = true
			return s.finish(ctx, nil)
		}
		more, err := s.add(b)
		if err != nil || !more {
			return s.finish(ctx, err)
		}
		if err := s.bound(ctx); err != nil {
			return err
		}
	}
}

func (s *sorter) finish(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	s.group = nil
	if err := s.data.sort(ctx); err != nil || s.runs == nil {
		return err
	}
	if err := s.runs.add(ctx, s.data); err != nil {
		return err
	}
	s.data.reset()
	s.held.set(0)
	return s.runs.start(ctx)
}

// add takes the rows of a batch; more is false where a row begins another group,
// which is then kept in rest with those that follow it.
func (s *sorter) add(b *vec.Batch) (more bool, err error) {
	if err := s.keys.load(b); err != nil {
		return false, err
	}
	rows, all := live(b), len(s.n.Keys)
	taken := make([]int32, 0, len(rows))
	for at, i := range rows {
		if s.n.Prefix > 0 {
			s.buf = s.keys.append(append(s.buf[:0], 0), int(i), 0, s.n.Prefix)
			if s.group == nil {
				s.group = bytes.Clone(s.buf)
			} else if !bytes.Equal(s.group, s.buf) {
				part := vec.Batch{Len: b.Len, Cols: b.Cols, Sel: rows[at:]}
				s.rest = part.Clone()
				break
			}
		}
		from := len(s.data.bytes)
		s.data.bytes = s.keys.append(s.data.bytes, int(i), 0, all)
		if s.cut != nil && bytes.Compare(s.data.bytes[from:], s.cut) >= 0 {
			s.data.bytes = s.data.bytes[:from]
			continue
		}
		s.data.note(from)
		taken = append(taken, i)
	}
	if len(taken) > 0 {
		s.data.add(&vec.Batch{Len: b.Len, Cols: b.Cols, Sel: taken})
	}
	return s.rest == nil, nil
}

// bound keeps a top-N to about N rows, and everything else to the budget.
func (s *sorter) bound(ctx context.Context) error {
	if want := s.limit - s.given; s.n.Prefix == 0 && want < math.MaxInt/4 && s.data.len() >= 2*want+4*vec.BatchSize {
		if err := s.data.sort(ctx); err != nil {
			return err
		}
		s.data.keep(want)
		if want > 0 {
			s.cut = bytes.Clone(s.data.key(s.data.len() - 1))
		}
	}
	if s.held.set(s.data.size()) {
		return nil
	}
	if err := s.data.sort(ctx); err != nil {
		return err
	}
	if s.runs == nil {
		s.runs = newRunMerge(s.c, typesOf(s.n.Out))
	}
	if err := s.runs.add(ctx, s.data); err != nil {
		return err
	}
	s.data.reset()
	s.data = newKeyed(typesOf(s.n.Out))
	s.held.set(0)
	return nil
}

func (s *sorter) Close() error {
	s.held.set(0)
	s.data.reset()
	s.ended, s.ready, s.given = true, false, s.limit
	if s.runs != nil {
		s.runs.close()
	}
	return s.in.Close()
}
