package exec

import (
	"context"
	"math"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// rowSort puts rows in the order of keys that are given with them, in memory or past the
// budget in sorted runs. Rows with equal keys keep their order.
type rowSort struct {
	c     *Context
	types []sqltype.Type
	data  *keyed
	runs  *runMerge
	held  reserved
	out   *vec.Batch
	at    int
}

func newRowSort(c *Context, types []sqltype.Type) *rowSort {
	return &rowSort{c: c, types: types, data: newKeyed(types), held: reserved{c: c}}
}

// add takes the live rows of b; key appends the key of a row.
func (s *rowSort) add(ctx context.Context, b *vec.Batch, key func(dst []byte, i int) []byte) error {
	for _, i := range live(b) {
		from := len(s.data.bytes)
		s.data.bytes = key(s.data.bytes, int(i))
		s.data.note(from)
	}
	s.data.add(b)
	if s.held.set(s.data.size()) {
		return nil
	}
	return s.shed(ctx)
}

// shed writes the rows in memory to a run.
func (s *rowSort) shed(ctx context.Context) error {
	if s.data.len() == 0 {
		return nil
	}
	if err := s.data.sort(ctx); err != nil {
		return err
	}
	if s.runs == nil {
		s.runs = newRunMerge(s.c, s.types)
	}
	if err := s.runs.add(ctx, s.data); err != nil {
		return err
	}
	s.data = newKeyed(s.types)
	s.held.set(0)
	return nil
}

// finish ends the adding of rows.
func (s *rowSort) finish(ctx context.Context) error {
	s.out, s.at = vec.NewBatch(s.types), 0
	if s.runs == nil {
		return s.data.sort(ctx)
	}
	if err := s.shed(ctx); err != nil {
		return err
	}
	return s.runs.start(ctx)
}

// next gives the next rows of the order; nil at the end.
func (s *rowSort) next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	var n int
	if s.runs != nil {
		var err error
		if n, err = s.runs.next(ctx, s.out, math.MaxInt); err != nil {
			return nil, err
		}
	} else {
		n = s.data.emit(s.out, s.at, math.MaxInt)
		s.at += n
	}
	if n == 0 {
		return nil, nil
	}
	return s.out, nil
}

func (s *rowSort) close() error {
	if s == nil {
		return nil
	}
	s.held.drop()
	s.data = newKeyed(s.types)
	s.at = 0
	if s.runs == nil {
		return nil
	}
	err := s.runs.close()
	s.runs = nil
	return err
}
