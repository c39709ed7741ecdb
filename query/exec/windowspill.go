package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// largePartition is a partition that does not fit the budget. Its rows, and the arguments
// of each call, are in lists that go to files; results are computed as the rows are given.
// In memory stay 4 bytes for each row and 4 for each group of peers.
type largePartition struct {
	w      *window
	rows   *rowList
	p      *partition
	calls  []*largeCall
	held   reserved
	reader *rowReader
	at     int
	out    vec.Batch
}

// largeCall computes one window function, row after row.
type largeCall struct {
	*windowCall
	p     *partition
	args  *rowList // arguments; then whether the filter passes; then the key of RANGE
	pages rowPages
	pass  int // column of args, or -1
	key   int
	frame func(i int) (span, error)

	agg    fn.Aggregator // of a frame that grows
	done   int           // rows that were added to it
	last   sqltype.Datum
	lastHi int
	out    *vec.Vector
}

func newLargePartition(w *window, rows *vec.Batch) (*largePartition, error) {
	l := &largePartition{w: w, rows: newRowList(w.c, typesOf(w.n.Input.Fields())), held: reserved{c: w.c}}
	l.rows.chunks, l.rows.rows = []*vec.Batch{rows}, rows.Len // spill takes chunks of any size
	return l, l.rows.spill()
}

// finish begins to give rows, when all of the partition are there.
func (l *largePartition) finish(ctx context.Context) error {
	l.p = &partition{}
	for _, call := range l.w.calls {
		l.calls = append(l.calls, newLargeCall(call, l.p))
	}
	var key peerKey
	for r := l.rows.reader(); ; {
		b, err := r.next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := l.p.grow(l.w, b, &key); err != nil {
			return err
		}
		l.held.set(int64(4 * (cap(l.p.group) + cap(l.p.start))))
		for _, call := range l.calls {
			if err := call.load(b); err != nil {
				return err
			}
		}
	}
	l.p.start = append(l.p.start, int32(l.p.n))
	for _, call := range l.calls {
		if err := call.begin(ctx); err != nil {
			return err
		}
	}
	l.reader = l.rows.reader()
	return nil
}

// next gives the next rows with their results.
func (l *largePartition) next(ctx context.Context) (*vec.Batch, error) {
	b, err := l.reader.next(ctx)
	if b == nil || err != nil {
		return nil, err
	}
	l.out = vec.Batch{Len: b.Len, Cols: append(l.out.Cols[:0], b.Cols...)}
	for _, call := range l.calls {
		if err := call.compute(ctx, l.at, l.at+b.Len); err != nil {
			return nil, err
		}
		l.out.Cols = append(l.out.Cols, call.out)
	}
	l.at += b.Len
	return &l.out, nil
}

func (l *largePartition) close() error {
	l.held.drop()
	err := l.rows.reset()
	for _, call := range l.calls {
		err = firstError(err, call.args.reset())
	}
	return err
}

func newLargeCall(w *windowCall, p *partition) *largeCall {
	c := &largeCall{windowCall: w, p: p, pass: -1, key: -1, lastHi: -1, out: newOut(w.n.Typ)}
	types := append([]sqltype.Type(nil), w.types...)
	if w.filter != nil {
		c.pass = len(types)
		types = append(types, sqltype.TBool)
	}
	if w.frames.key != nil {
		c.key = len(types)
		types = append(types, w.frames.order[0].Expr.Type())
	}
	c.args = newRowList(w.c, types)
	c.pages.l = c.args
	return c
}

// load keeps the arguments of a batch of rows.
func (c *largeCall) load(b *vec.Batch) error {
	part := vec.Batch{Len: b.Len, Cols: b.Cols}
	var pass *vec.Vector
	if c.filter != nil {
		v, err := c.filter.eval(b, nil)
		if err != nil {
			return err
		}
		pass = kept(v, b.Len)
		part.Sel = make([]int32, 0, b.Len)
		for i := range b.Len {
			if passes(pass, i) {
				part.Sel = append(part.Sel, int32(i))
			}
		}
	}
	args, err := evalAll(c.windowCall.args, &part, part.Sel, nil)
	if err != nil {
		return err
	}
	cols := append([]*vec.Vector(nil), args...)
	if part.Sel != nil { // rows that the filter drops have no argument
		for k, v := range cols {
			full := vec.NewVector(v.Type, b.Len)
			full.CopyRows(v, b.Len, part.Sel)
			cols[k] = full
		}
		cols = append(cols, pass)
	}
	key, err := c.frames.keys(b)
	if err != nil {
		return err
	}
	if key != nil {
		cols = append(cols, key)
	}
	return c.args.add(&vec.Batch{Len: b.Len, Cols: cols})
}

// begin prepares the call when the partition is whole.
func (c *largeCall) begin(ctx context.Context) (err error) {
	keys := rowPages{l: c.args}
	c.frame, err = c.frames.spans(c.p, func(i int) (sqltype.Datum, error) {
		b, row, err := keys.at(ctx, i)
		if err != nil {
			return sqltype.NullDatum, err
		}
		return b.Cols[c.key].Get(row), nil
	})
	if c.n.Agg != nil && c.n.Frame.Start.Kind == plan.UnboundedPreceding && c.n.Frame.Exclude == 0 {
		c.agg = c.n.Agg.New(c.c.Env)
		c.agg.Grow(1)
	}
	return err
}

// arg is an argument of a row.
func (c *largeCall) arg(ctx context.Context, i, k int) (sqltype.Datum, error) {
	b, row, err := c.pages.at(ctx, i)
	if err != nil {
		return sqltype.NullDatum, err
	}
	return b.Cols[k].Get(row), nil
}

// compute puts the results of rows [from, to) in out.
func (c *largeCall) compute(ctx context.Context, from, to int) error {
	if err := canceled(ctx); err != nil {
		return err
	}
	out := c.out
	out.Reset(to - from)
	switch {
	case c.agg != nil:
		return c.growing(ctx, from, to)
	case c.n.Agg != nil:
		return c.each(ctx, from, to)
	}
	for i := from; i < to; i++ {
		d, err := c.value(ctx, i)
		if err != nil {
			return err
		}
		out.Set(i-from, d)
	}
	return nil
}

// value computes a function that is not an aggregate for row i.
func (c *largeCall) value(ctx context.Context, i int) (d sqltype.Datum, err error) {
	p := c.p
	switch c.n.Name {
	case "row_number":
		d.Int = int64(i + 1)
	case "rank":
		d.Int = int64(p.from(i) + 1)
	case "dense_rank":
		d.Int = int64(p.group[i] + 1)
	case "percent_rank":
		if p.n > 1 {
			d.Float = float64(p.from(i)) / float64(p.n-1)
		}
	case "cume_dist":
		d.Float = float64(p.to(i)) / float64(p.n)
	case "ntile":
		if d, err = c.arg(ctx, 0, 0); err == nil {
			d, err = tile(d, i, p.n)
		}
	case "lag", "lead":
		return c.shifted(ctx, i)
	case "first_value", "last_value", "nth_value":
		return c.picked(ctx, i)
	default:
		err = dberr.SQL(dberr.StateInternal, "no window function %s", c.n.Name)
	}
	return d, err
}

func (c *largeCall) shifted(ctx context.Context, i int) (sqltype.Datum, error) {
	off := int64(1)
	if len(c.types) > 1 {
		d, err := c.arg(ctx, i, 1)
		if err != nil || d.Null {
			return sqltype.NullDatum, err
		}
		off = d.Int
	}
	if c.n.Name == "lag" {
		off = -off
	}
	switch at := int64(i) + off; {
	case at >= 0 && at < int64(c.p.n):
		return c.arg(ctx, int(at), 0)
	case len(c.types) > 2:
		return c.arg(ctx, i, 2)
	}
	return sqltype.NullDatum, nil
}

func (c *largeCall) picked(ctx context.Context, i int) (sqltype.Datum, error) {
	s, err := c.frame(i)
	if err != nil {
		return sqltype.NullDatum, err
	}
	nth := sqltype.Datum{}
	if c.n.Name == "nth_value" {
		if nth, err = c.arg(ctx, i, 1); err != nil {
			return nth, err
		}
	}
	var buf [3]span
	row, err := c.windowCall.row(c.frames.pieces(buf[:0], c.p, i, s), nth, c.p.n)
	if row < 0 || err != nil {
		return sqltype.NullDatum, err
	}
	return c.arg(ctx, row, 0)
}

// growing adds each row once and asks for the result whenever the frame grows.
func (c *largeCall) growing(ctx context.Context, from, to int) error {
	one := newOut(c.n.Typ)
	for i := from; i < to; i++ {
		s, err := c.frame(i)
		if err != nil {
			return err
		}
		if s.hi != c.lastHi {
			if err := c.feed(ctx, c.agg, span{c.done, s.hi}, 0); err != nil {
				return err
			}
			c.done, c.lastHi = max(c.done, s.hi), s.hi
			one.Reset(1)
			if err := c.agg.Result(0, 1, one); err != nil {
				return err
			}
			c.last = one.Get(0)
		}
		c.out.Set(i-from, c.last)
	}
	return nil
}

// each adds to a group of its own the rows of the frame of each row.
func (c *largeCall) each(ctx context.Context, from, to int) error {
	agg := c.n.Agg.New(c.c.Env)
	agg.Grow(to - from)
	var buf [3]span
	for i := from; i < to; i++ {
		s, err := c.frame(i)
		if err != nil {
			return err
		}
		for _, piece := range c.frames.pieces(buf[:0], c.p, i, s) {
			if err := c.feed(ctx, agg, piece, int32(i-from)); err != nil {
				return err
			}
		}
	}
	return agg.Result(0, to-from, c.out)
}

// feed adds the rows of a span to a group.
func (c *largeCall) feed(ctx context.Context, agg fn.Aggregator, s span, group int32) error {
	groups := make([]int32, 0, vec.BatchSize)
	for i := s.lo; i < s.hi; {
		if err := canceled(ctx); err != nil {
			return err
		}
		b, row, err := c.pages.at(ctx, i)
		if err != nil {
			return err
		}
		n := min(b.Len-row, s.hi-i)
		sel := make([]int32, 0, n)
		for r := row; r < row+n; r++ {
			if c.pass < 0 || passes(b.Cols[c.pass], r) {
				sel = append(sel, int32(r))
			}
		}
		for len(groups) < b.Len {
			groups = append(groups, 0)
		}
		for _, r := range sel {
			groups[r] = group
		}
		if len(sel) > 0 {
			if err := agg.Add(b.Len, sel, groups[:b.Len], b.Cols[:len(c.types)]); err != nil {
				return err
			}
		}
		i += n
	}
	return nil
}
