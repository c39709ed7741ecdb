package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// windowCall computes one window function.
type windowCall struct {
	c      *Context
	n      *plan.WindowCall
	args   []evaluator
	filter evaluator
	frames *frames
	types  []sqltype.Type
}

func newWindowCall(c *Context, w *plan.Window, n *plan.WindowCall) (*windowCall, error) {
	call := &windowCall{c: c, n: n, types: exprTypes(n.Args)}
	var err error
	if call.args, err = compileAll(c, n.Args); err != nil {
		return nil, err
	}
	if call.filter, err = compileOpt(c, n.Filter); err != nil {
		return nil, err
	}
	call.frames, err = newFrames(c, &n.Frame, w.Order)
	return call, err
}

func (w *windowCall) compute(ctx context.Context, p *partition) (*vec.Vector, error) {
	if w.n.Agg != nil {
		return w.aggregate(ctx, p)
	}
	args, err := evalAll(w.args, p.rows, nil, nil)
	if err != nil {
		return nil, err
	}
	out := vec.NewVector(w.n.Typ, p.n)
	switch w.n.Name {
	case "row_number":
		for i := range p.n {
			out.I[i] = int64(i + 1)
		}
	case "rank":
		for i := range p.n {
			out.I[i] = int64(p.from(i) + 1)
		}
	case "dense_rank":
		for i := range p.n {
			out.I[i] = int64(p.group[i] + 1)
		}
	case "percent_rank":
		for i := range p.n {
			if p.n > 1 {
				out.F[i] = float64(p.from(i)) / float64(p.n-1)
			}
		}
	case "cume_dist":
		for i := range p.n {
			out.F[i] = float64(p.to(i)) / float64(p.n)
		}
	case "ntile":
		err = ntile(out, args[0], p.n)
	case "lag", "lead":
		w.shift(out, args, p.n)
	case "first_value", "last_value", "nth_value":
		err = w.pick(out, args, p)
	default:
		err = dberr.SQL(dberr.StateInternal, "no window function %s", w.n.Name)
	}
	return out, err
}

// ntile deals the rows into as equal buckets as can be, the larger ones first.
func ntile(out, arg *vec.Vector, n int) error {
	d := arg.Get(0)
	for i := range n {
		v, err := tile(d, i, n)
		if err != nil {
			return err
		}
		out.Set(i, v)
	}
	return nil
}

// tile is the bucket of row i of n.
func tile(d sqltype.Datum, i, n int) (sqltype.Datum, error) {
	if d.Null {
		return d, nil
	}
	if d.Int <= 0 {
		return d, dberr.SQL("22014", "argument of ntile must be greater than zero")
	}
	buckets := int(min(d.Int, int64(n)))
	size, larger := n/buckets, n%buckets
	edge := larger * (size + 1)
	if i < edge {
		return sqltype.Datum{Int: int64(i/(size+1) + 1)}, nil
	}
	return sqltype.Datum{Int: int64(larger + (i-edge)/size + 1)}, nil
}

// shift is lag and lead.
func (w *windowCall) shift(out *vec.Vector, args []*vec.Vector, n int) {
	for i := range n {
		off := int64(1)
		if len(args) > 1 {
			d := args[1].Get(i)
			if d.Null {
				out.SetNull(i)
				continue
			}
			off = d.Int
		}
		if w.n.Name == "lag" {
			off = -off
		}
		switch at := int64(i) + off; {
		case at >= 0 && at < int64(n):
			out.Set(i, args[0].Get(int(at)))
		case len(args) > 2:
			out.Set(i, args[2].Get(i))
		default:
			out.SetNull(i)
		}
	}
}

// pick is first_value, last_value and nth_value: a row of the frame.
func (w *windowCall) pick(out *vec.Vector, args []*vec.Vector, p *partition) error {
	bounds, err := w.frames.bounds(p)
	if err != nil {
		return err
	}
	var buf [3]span
	for i := range p.n {
		nth := sqltype.Datum{}
		if w.n.Name == "nth_value" {
			nth = args[1].Get(i)
		}
		row, err := w.row(w.frames.pieces(buf[:0], p, i, bounds[i]), nth, p.n)
		if err != nil {
			return err
		}
		if row < 0 {
			out.SetNull(i)
			continue
		}
		out.Set(i, args[0].Get(row))
	}
	return nil
}

// row finds the row of a frame that first_value, last_value or nth_value asks for; -1
// where there is none.
func (w *windowCall) row(pieces []span, nth sqltype.Datum, n int) (int, error) {
	total := 0
	for _, s := range pieces {
		total += s.hi - s.lo
	}
	at := 0
	switch w.n.Name {
	case "last_value":
		at = total - 1
	case "nth_value":
		if nth.Null {
			return -1, nil
		}
		if nth.Int <= 0 {
			return -1, dberr.SQL("22016", "argument of nth_value must be greater than zero")
		}
		at = int(min(nth.Int-1, int64(n)))
	}
	if at < 0 || at >= total {
		return -1, nil
	}
	for _, s := range pieces {
		if at < s.hi-s.lo {
			return s.lo + at, nil
		}
		at -= s.hi - s.lo
	}
	return -1, nil
}

// aggregate computes an aggregate over the frame of each row.
func (w *windowCall) aggregate(ctx context.Context, p *partition) (*vec.Vector, error) {
	bounds, err := w.frames.bounds(p)
	if err != nil {
		return nil, err
	}
	part := vec.Batch{Len: p.n, Cols: p.rows.Cols}
	var pass *vec.Vector
	if w.filter != nil {
		v, err := w.filter.eval(&part, nil)
		if err != nil {
			return nil, err
		}
		pass = kept(v, p.n)
		part.Sel = make([]int32, 0, p.n)
		for i := range p.n {
			if passes(pass, i) {
				part.Sel = append(part.Sel, int32(i))
			}
		}
	}
	args, err := evalAll(w.args, &part, part.Sel, nil)
	if err != nil {
		return nil, err
	}
	in := &frameInput{p: p, args: args, pass: pass}
	if w.n.Frame.Exclude == 0 && growing(bounds) {
		return w.running(ctx, in, bounds)
	}
	return w.each(ctx, in, bounds)
}

// growing reports whether all frames begin with the partition and end no earlier
// than those before them.
func growing(bounds []span) bool {
	last := 0
	for _, s := range bounds {
		if s.lo != 0 || s.hi < last {
			return false
		}
		last = s.hi
	}
	return true
}

// frameInput is the arguments of an aggregate for the rows of a partition.
type frameInput struct {
	p    *partition
	args []*vec.Vector
	pass *vec.Vector // nil where all rows are aggregated
}

// rows appends the rows of a span that are aggregated.
func (in *frameInput) rows(dst []int32, s span) []int32 {
	for i := s.lo; i < s.hi; i++ {
		if in.pass == nil || passes(in.pass, i) {
			dst = append(dst, int32(i))
		}
	}
	return dst
}

// running adds each row once and asks for the result whenever the frame grows.
func (w *windowCall) running(ctx context.Context, in *frameInput, bounds []span) (*vec.Vector, error) {
	agg := w.n.Agg.New(w.c.Env)
	agg.Grow(1)
	n := in.p.n
	out, one := vec.NewVector(w.n.Typ, n), newOut(w.n.Typ)
	groups := make([]int32, n)
	done := -1
	var sel []int32
	for i, s := range bounds {
		if s.hi != done {
			if i%vec.BatchSize == 0 {
				if err := canceled(ctx); err != nil {
					return nil, err
				}
			}
			if sel = in.rows(sel[:0], span{max(done, 0), s.hi}); len(sel) > 0 {
				if err := agg.Add(n, sel, groups, in.args); err != nil {
					return nil, err
				}
			}
			done = s.hi
			one.Reset(1)
			if err := agg.Result(0, 1, one); err != nil {
				return nil, err
			}
		}
		out.Set(i, one.Get(0))
	}
	return out, nil
}

// each adds to a group of its own the rows of each different frame.
func (w *windowCall) each(ctx context.Context, in *frameInput, bounds []span) (*vec.Vector, error) {
	n := in.p.n
	agg := w.n.Agg.New(w.c.Env)
	f := &frameFeed{in: in, agg: agg}
	for _, a := range in.args {
		f.cols = append(f.cols, newOut(a.Type))
	}
	frame := make([]int32, n)
	next := int32(-1)
	var buf [3]span
	for i, s := range bounds {
		if i%256 == 0 {
			if err := canceled(ctx); err != nil {
				return nil, err
			}
		}
		if i > 0 && w.n.Frame.Exclude == 0 && s == bounds[i-1] {
			frame[i] = next
			continue
		}
		next++
		frame[i] = next
		agg.Grow(int(next) + 1)
		for _, piece := range w.frames.pieces(buf[:0], in.p, i, s) {
			if err := f.add(ctx, piece, next); err != nil {
				return nil, err
			}
		}
	}
	if err := f.flush(); err != nil {
		return nil, err
	}
	results := vec.NewVector(w.n.Typ, int(next)+1)
	if err := agg.Result(0, int(next)+1, results); err != nil {
		return nil, err
	}
	out := newOut(w.n.Typ)
	out.Gather(results, frame)
	return out, nil
}

// frameFeed collects rows for an aggregator.
type frameFeed struct {
	in  *frameInput
	agg interface {
		Add(n int, sel []int32, groups []int32, args []*vec.Vector) error
	}
	idx    []int32
	groups []int32
	cols   []*vec.Vector
}

func (f *frameFeed) add(ctx context.Context, s span, group int32) error {
	for i := s.lo; i < s.hi; i++ {
		if f.in.pass != nil && !passes(f.in.pass, i) {
			continue
		}
		f.idx, f.groups = append(f.idx, int32(i)), append(f.groups, group)
		if len(f.idx) == vec.BatchSize {
			if err := f.flush(); err != nil {
				return err
			}
			if err := canceled(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *frameFeed) flush() error {
	if len(f.idx) == 0 {
		return nil
	}
	for k, col := range f.cols {
		col.Gather(f.in.args[k], f.idx)
	}
	err := f.agg.Add(len(f.idx), nil, f.groups, f.cols)
	f.idx, f.groups = f.idx[:0], f.groups[:0]
	return err
}
