package exec

import (
	"bytes"
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// window computes window functions. Its input is ordered by the partition keys,
// then by the order; it keeps one partition at a time.
type window struct {
	c     *Context
	n     *plan.Window
	in    Operator
	parts *orderKeys // of the partition
	order *orderKeys
	calls []*windowCall
	held  reserved

	key   []byte
	rest  *vec.Batch // rows of the input that belong to the next partition
	ended bool
	cur   *vec.Batch // the partition with its results
	at    int
}

// partition is the rows over which functions are computed.
type partition struct {
	rows  *vec.Batch
	n     int
	group []int32 // by row: its group of peers
	start []int32 // by group: its first row; one more at the end
}

// from and to are the rows of the peers of row i.
func (p *partition) from(i int) int { return int(p.start[p.group[i]]) }
func (p *partition) to(i int) int   { return int(p.start[p.group[i]+1]) }

func newWindow(c *Context, n *plan.Window) (Operator, error) {
	w := &window{c: c, n: n}
	w.held.c = c
	keys := make([]plan.SortKey, len(n.Partition))
	for i, e := range n.Partition {
		keys[i].Expr = e
	}
	var err error
	if w.parts, err = newOrderKeys(c, keys); err != nil {
		return nil, err
	}
	if w.order, err = newOrderKeys(c, n.Order); err != nil {
		return nil, err
	}
	for i := range n.Calls {
		call, err := newWindowCall(c, n, &n.Calls[i])
		if err != nil {
			return nil, err
		}
		w.calls = append(w.calls, call)
	}
	w.in, err = Build(c, n.Input)
	return w, err
}

func (w *window) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		if w.cur != nil && w.at < w.cur.Len {
			b := rowsOf(w.cur, w.at, min(w.at+vec.BatchSize, w.cur.Len))
			w.at += b.Len
			return b, nil
		}
		w.cur = nil
		if w.ended && w.rest == nil {
			return nil, nil
		}
		rows, err := w.load(ctx)
		if err != nil {
			return nil, err
		}
		if rows.Len == 0 {
			continue
		}
		if w.cur, err = w.compute(ctx, rows); err != nil {
			return nil, err
		}
		w.at = 0
	}
}

// load reads the rows of the next partition.
func (w *window) load(ctx context.Context) (*vec.Batch, error) {
	rows := vec.NewBatch(typesOf(w.n.Input.Fields()))
	w.key = nil
	w.held.set(0)
	if b := w.rest; b != nil {
		w.rest = nil
		if err := w.take(rows, b); err != nil || w.rest != nil {
			return rows, err
		}
	}
	for !w.ended {
		b, err := w.in.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			w.ended = true
			break
		}
		if err := w.take(rows, b); err != nil || w.rest != nil {
			return rows, err
		}
		w.held.add(rowBytes(b))
	}
	return rows, nil
}

// take appends the rows of b that belong to the partition and keeps the others.
func (w *window) take(rows, b *vec.Batch) error {
	if len(w.n.Partition) == 0 {
		rows.Append(b)
		return nil
	}
	if err := w.parts.load(b); err != nil {
		return err
	}
	list := live(b)
	var key []byte
	for at, i := range list {
		key = w.parts.append(append(key[:0], 0), int(i), 0, len(w.parts.keys))
		if w.key == nil {
			w.key = bytes.Clone(key)
		}
		if !bytes.Equal(key, w.key) {
			rows.Append(&vec.Batch{Len: b.Len, Sel: list[:at:at], Cols: b.Cols})
			tail := vec.Batch{Len: b.Len, Sel: list[at:], Cols: b.Cols}
			w.rest = tail.Clone()
			return nil
		}
	}
	rows.Append(b)
	return nil
}

// compute adds a column for each call.
func (w *window) compute(ctx context.Context, rows *vec.Batch) (*vec.Batch, error) {
	p, err := w.peers(rows)
	if err != nil {
		return nil, err
	}
	out := &vec.Batch{Len: rows.Len, Cols: append([]*vec.Vector(nil), rows.Cols...)}
	for _, call := range w.calls {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		v, err := call.compute(ctx, p)
		if err != nil {
			return nil, err
		}
		out.Cols = append(out.Cols, v)
	}
	return out, nil
}

// peers finds the groups of rows that are equal in the order.
func (w *window) peers(rows *vec.Batch) (*partition, error) {
	p := &partition{rows: rows, n: rows.Len, group: make([]int32, rows.Len), start: []int32{0}}
	if err := w.order.load(rows); err != nil {
		return nil, err
	}
	var key, last []byte
	for i := range rows.Len {
		key = w.order.append(key[:0], i, 0, len(w.order.keys))
		if i > 0 && !bytes.Equal(key, last) {
			p.start = append(p.start, int32(i))
		}
		key, last = last, key
		p.group[i] = int32(len(p.start) - 1)
	}
	p.start = append(p.start, int32(rows.Len))
	return p, nil
}

func (w *window) Close() error {
	w.held.set(0)
	w.ended, w.rest, w.cur = true, nil, nil
	return w.in.Close()
}
