package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// VirtualSource opens the rows of system views and of other models' tables. The
// operator that it returns gives the columns n.Cols, in this order; it may leave
// n.Filter to the executor, which applies it in any case.
type VirtualSource interface {
	OpenVirtual(ctx context.Context, c *Context, n *plan.Virtual) (Operator, error)
}

// virtual gives the rows of a source that the filter lets through.
type virtual struct {
	c    *Context
	n    *plan.Virtual
	in   Operator // nil before the first Next
	cond *condition
	done bool
	out  vec.Batch
}

func newVirtual(c *Context, n *plan.Virtual) (Operator, error) {
	if c.Virtual == nil {
		return nil, dberr.SQL(dberr.StateInternal, "there is no source for %s.%s", n.Source, n.Object)
	}
	v := &virtual{c: c, n: n}
	if n.Filter != nil {
		x, err := compile(c, n.Filter)
		if err != nil {
			return nil, err
		}
		v.cond = &condition{x: x}
	}
	return v, nil
}

func (v *virtual) Next(ctx context.Context) (*vec.Batch, error) {
	if v.done {
		return nil, nil
	}
	if v.in == nil {
		in, err := v.c.Virtual.OpenVirtual(ctx, v.c, v.n)
		if err != nil {
			return nil, err
		}
		v.in = in
	}
	for {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		b, err := v.in.Next(ctx)
		if b == nil || err != nil {
			return nil, err
		}
		v.out = *b
		if v.cond != nil {
			some, err := v.cond.apply(&v.out)
			if err != nil {
				return nil, err
			}
			if !some {
				continue
			}
		}
		return &v.out, nil
	}
}

func (v *virtual) restart() bool {
	if v.in != nil && v.in.Close() != nil {
		return false
	}
	v.in = nil
	return !v.done
}

func (v *virtual) Close() error {
	v.done = true
	if v.in == nil {
		return nil
	}
	return v.in.Close()
}
