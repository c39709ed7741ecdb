package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// external reads a table whose rows another model keeps.
type external struct {
	c      *Context
	n      *plan.Scan
	tx     *txn.Tx
	src    source.Source
	rows   source.Rows // nil before the first Next
	none   bool        // no row can be wanted
	filter *condition
	size   int   // rows of the next batch
	left   int64 // rows still wanted, -1 for all
	done   bool
	store  *vec.Batch
	out    vec.Batch
}

// source finds the model that keeps a table's rows.
func (c *Context) source(t *catalog.Table) (source.Source, error) {
	for _, s := range c.Sources {
		if s.Schema() == t.External.Source {
			return s, nil
		}
	}
	return nil, dberr.SQL(dberr.StateInternal, "there is no source for %s.%s", t.Schema, t.Name)
}

func newExternal(c *Context, n *plan.Scan) (Operator, error) {
	if c.Tx == nil {
		return nil, dberr.SQL(dberr.StateInternal, "scan of %s without a transaction", n.Table.Name)
	}
	src, err := c.source(n.Table)
	if err != nil {
		return nil, err
	}
	e := &external{c: c, n: n, tx: c.ReadTx(), src: src, store: vec.NewBatch(typesOf(n.Out))}
	if n.AsOf != 0 {
		if e.tx, err = c.Host.Past(n.AsOf); err != nil {
			return nil, err
		}
	}
	if n.Filter != nil {
		x, err := compile(c, n.Filter)
		if err != nil {
			return nil, err
		}
		e.filter = &condition{x: x}
	}
	e.begin()
	return e, nil
}

// begin makes the scan start anew.
func (e *external) begin() {
	e.done, e.none, e.size, e.left = false, false, firstScanRows, -1
	if e.n.Limit > 0 {
		e.left = e.n.Limit
	}
}

// open evaluates what is searched for and begins the model's scan.
func (e *external) open() error {
	req := &source.Scan{Index: e.n.Index, Reverse: e.n.Reverse, Cols: e.n.Cols, RowKey: e.n.NeedRowKey, All: e.n.Ranges == nil}
	for i := range e.n.Ranges {
		r, ok, err := e.rangeOf(&e.n.Ranges[i])
		if err != nil {
			return err
		}
		if ok {
			req.Ranges = append(req.Ranges, r)
		}
	}
	for i := range e.n.Probes {
		p, ok, err := e.probe(&e.n.Probes[i])
		if err != nil {
			return err
		}
		if !ok {
			e.none = true
			return nil
		}
		req.Probes = append(req.Probes, p)
	}
	if !req.All && len(req.Ranges) == 0 {
		e.none = true
		return nil
	}
	rows, err := e.src.Scan(e.c.Ctx, e.tx, e.n.Table, req)
	if err != nil {
		return source.Fail(err)
	}
	e.rows = rows
	return nil
}

// rangeOf computes a range; not ok where a NULL makes it empty.
func (e *external) rangeOf(r *plan.KeyRange) (out source.Range, ok bool, err error) {
	for _, x := range r.Eq {
		d, err := evalOnce(e.c, x)
		if err != nil || d.Null { // keys of models are never NULL
			return out, false, err
		}
		out.Eq = append(out.Eq, d)
	}
	if out.Lower, ok, err = e.bound(r.Lower); err != nil || !ok {
		return out, false, err
	}
	out.Upper, ok, err = e.bound(r.Upper)
	return out, ok, err
}

func (e *external) bound(b *plan.Bound) (out *source.Bound, ok bool, err error) {
	l, ok, err := keyLimit(e.c, b)
	if l == nil || err != nil || !ok {
		return nil, ok, err
	}
	return &source.Bound{Value: l.Value, Inclusive: l.Inclusive}, true, nil
}

// probe computes a probe; not ok where it can hold for no row.
func (e *external) probe(p *plan.Probe) (out source.Probe, ok bool, err error) {
	out = source.Probe{Column: p.Column, Path: p.Path, Kind: p.Kind, Op: p.Op}
	for _, x := range p.Values {
		d, err := evalOnce(e.c, x)
		if err != nil {
			return out, false, err
		}
		if !d.Null {
			out.Values = append(out.Values, d)
		}
	}
	return out, len(out.Values) > 0, nil
}

// Next implements Operator.
func (e *external) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		if err := canceled(ctx); err != nil || e.done {
			return nil, err
		}
		if e.rows == nil {
			if err := e.open(); err != nil {
				return nil, err
			}
			if e.none {
				e.done = true
				return nil, nil
			}
		}
		size := e.size
		if e.filter == nil && e.left >= 0 {
			size = int(min(int64(size), e.left))
		}
		e.size = min(4*e.size, vec.BatchSize)
		e.store.Reset()
		n, err := e.rows.Next(e.store.Cols, size)
		if err != nil {
			return nil, source.Fail(err)
		}
		if n == 0 {
			e.done = true
			return nil, e.closeRows()
		}
		e.out = vec.Batch{Len: n, Cols: e.store.Cols}
		if e.filter != nil {
			some, err := e.filter.apply(&e.out)
			if err != nil {
				return nil, err
			}
			if !some {
				continue
			}
		}
		return e.cut()
	}
}

// cut keeps to the limit.
func (e *external) cut() (*vec.Batch, error) {
	if e.left < 0 {
		return &e.out, nil
	}
	if rows := int64(e.out.Rows()); rows > e.left {
		e.out.Sel = live(&e.out)[:e.left]
		e.left = 0
	} else {
		e.left -= rows
	}
	if e.left > 0 {
		return &e.out, nil
	}
	e.done = true
	return &e.out, e.closeRows()
}

func (e *external) closeRows() error {
	if e.rows == nil {
		return nil
	}
	rows := e.rows
	e.rows = nil
	return rows.Close()
}

func (e *external) restart() bool {
	if e.closeRows() != nil {
		return false
	}
	e.begin()
	return true
}

// Close implements Operator.
func (e *external) Close() error {
	e.done = true
	return e.closeRows()
}
