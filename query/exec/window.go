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
	large *largePartition // in place of cur, where the partition is over the budget
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
		if w.large != nil {
			b, err := w.large.next(ctx)
			if b != nil || err != nil {
				return b, err
			}
			err = w.large.close()
			w.large = nil
			if err != nil {
				return nil, err
			}
		}
		w.cur = nil
		if w.ended && w.rest == nil {
			return nil, nil
		}
		rows, err := w.load(ctx)
		if err != nil {
			return nil, err
		}
		if w.large != nil {
			if err := w.large.finish(ctx); err != nil {
				return nil, err
			}
			continue
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

// load reads the rows of the next partition: it returns them, or leaves them in large.
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
		if w.large != nil || w.held.add(RowBytes(b)+int64(w.perRow()*b.Rows())) {
			continue
		}
		if w.large, err = newLargePartition(w, rows); err != nil {
			return nil, err
		}
		w.held.set(0)
		rows = nil
	}
	return rows, nil
}

// perRow is about the bytes that results and bookkeeping take for a row in memory.
func (w *window) perRow() int { return 8 + 40*len(w.calls) }

// put appends the live rows of b to the partition.
func (w *window) put(rows, b *vec.Batch) error {
	if w.large != nil {
		return w.large.rows.add(b)
	}
	rows.Append(b)
	return nil
}

// take appends the rows of b that belong to the partition and keeps the others.
func (w *window) take(rows, b *vec.Batch) error {
	if len(w.n.Partition) == 0 {
		return w.put(rows, b)
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
			tail := vec.Batch{Len: b.Len, Sel: list[at:], Cols: b.Cols}
			w.rest = tail.Clone()
			return w.put(rows, &vec.Batch{Len: b.Len, Sel: list[:at:at], Cols: b.Cols})
		}
	}
	return w.put(rows, b)
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
	p := &partition{rows: rows, group: make([]int32, 0, rows.Len)}
	if err := p.grow(w, rows, new(peerKey)); err != nil {
		return nil, err
	}
	p.start = append(p.start, int32(p.n))
	return p, nil
}

// peerKey is the key of the row before, while peers are found.
type peerKey struct{ key, last []byte }

// grow finds the groups of the rows that follow.
func (p *partition) grow(w *window, rows *vec.Batch, k *peerKey) error {
	if err := w.order.load(rows); err != nil {
		return err
	}
	for _, i := range live(rows) {
		k.key = w.order.append(append(k.key[:0], 0), int(i), 0, len(w.order.keys))
		if p.n == 0 || !bytes.Equal(k.key, k.last) {
			p.start = append(p.start, int32(p.n))
		}
		k.key, k.last = k.last, k.key
		p.group = append(p.group, int32(len(p.start)-1))
		p.n++
	}
	return nil
}

func (w *window) Close() error {
	w.held.set(0)
	w.ended, w.rest, w.cur = true, nil, nil
	var err error
	if w.large != nil {
		err = w.large.close()
		w.large = nil
	}
	return firstError(err, w.in.Close())
}
