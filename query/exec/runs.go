package exec

import (
	"bytes"
	"container/heap"
	"context"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// maxRuns is how many sorted runs are merged at once.
const maxRuns = 64

// runMerge is an external merge sort: sorted runs in files, merged when they are
// read. Equal keys come in the order in which their runs were added.
type runMerge struct {
	c     *Context
	types []sqltype.Type
	runs  []*spillFile
	heap  runHeap
}

// run is a run that is being read.
type run struct {
	r   *spillReader
	seq int
}

type runHeap []*run

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	if c := bytes.Compare(h[i].r.key(), h[j].r.key()); c != 0 {
		return c < 0
	}
	return h[i].seq < h[j].seq
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func newRunMerge(c *Context, types []sqltype.Type) *runMerge { return &runMerge{c: c, types: types} }

// add writes sorted rows as one more run.
func (m *runMerge) add(ctx context.Context, k *keyed) error {
	if k.len() == 0 {
		return nil
	}
	f, err := newSpillFile(m.c, m.types)
	if err != nil {
		return err
	}
	m.runs = append(m.runs, f)
	for i, r := range k.order {
		if i%sortSlice == 0 {
			if err := canceled(ctx); err != nil {
				return err
			}
		}
		if err := f.add(k.key(i), k.rows.Cols, int(r.row)); err != nil {
			return err
		}
	}
	if len(m.runs) < maxRuns {
		return nil
	}
	return m.combine(ctx)
}

// combine merges all runs into one.
func (m *runMerge) combine(ctx context.Context) error {
	if err := m.start(ctx); err != nil {
		return err
	}
	f, err := newSpillFile(m.c, m.types)
	if err != nil {
		return err
	}
	for n := 0; len(m.heap) > 0; n++ {
		if n%sortSlice == 0 {
			if err := canceled(ctx); err != nil {
				return err
			}
		}
		r := m.heap[0].r
		if err := f.add(r.key(), r.b.Cols, r.at); err != nil {
			return err
		}
		if err := m.advance(ctx); err != nil {
			return err
		}
	}
	if err := m.close(); err != nil {
		return err
	}
	m.runs = append(m.runs, f)
	return nil
}

// start begins the merge.
func (m *runMerge) start(ctx context.Context) error {
	m.heap = m.heap[:0]
	for i, f := range m.runs {
		r, err := f.read()
		if err != nil {
			return err
		}
		ok, err := r.next(ctx)
		if err != nil {
			return err
		}
		if ok {
			m.heap = append(m.heap, &run{r: r, seq: i})
		}
	}
	heap.Init(&m.heap)
	return nil
}

// advance moves past the least row.
func (m *runMerge) advance(ctx context.Context) error {
	ok, err := m.heap[0].r.next(ctx)
	if err != nil {
		return err
	}
	if ok {
		heap.Fix(&m.heap, 0)
	} else {
		heap.Pop(&m.heap)
	}
	return nil
}

// next fills out with up to limit of the following rows.
func (m *runMerge) next(ctx context.Context, out *vec.Batch, limit int) (int, error) {
	if err := canceled(ctx); err != nil {
		return 0, err
	}
	out.Reset()
	for out.Len < min(vec.BatchSize, limit) && len(m.heap) > 0 {
		m.heap[0].r.appendTo(out.Cols)
		out.Len++
		if err := m.advance(ctx); err != nil {
			return 0, err
		}
	}
	return out.Len, nil
}

func (m *runMerge) close() error {
	var first error
	for _, f := range m.runs {
		if err := f.close(); first == nil {
			first = err
		}
	}
	m.runs, m.heap = nil, nil
	return first
}
