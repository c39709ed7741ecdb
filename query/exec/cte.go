package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// cteRows is the rows of a CTE, made at the first need.
type cteRows struct {
	n      *plan.CTE
	rows   *vec.Batch
	making bool
	plan   Operator // built ahead where it changes data
	held   reserved
}

// get runs the CTE the first time.
func (r *cteRows) get(ctx context.Context, c *Context) (*vec.Batch, error) {
	if r.rows != nil {
		return r.rows, nil
	}
	if r.making {
		return nil, dberr.SQL(dberr.StateInternal, "CTE %d reads itself", r.n.ID)
	}
	r.making = true
	defer func() { r.making = false }()
	rows, err := r.first(ctx, c)
	if err == nil && r.n.Recursive {
		rows, err = r.recurse(ctx, c, rows)
	}
	if err != nil {
		return nil, err
	}
	r.held.c = c
	r.held.set(batchBytes(rows))
	r.rows = rows
	return rows, nil
}

// first runs the CTE's plan.
func (r *cteRows) first(ctx context.Context, c *Context) (*vec.Batch, error) {
	if r.plan == nil {
		return runCollect(ctx, c, r.n.Plan)
	}
	rows, err := collect(ctx, r.plan, typesOf(r.n.Plan.Fields()))
	return rows, firstError(err, r.plan.Close())
}

// recurse runs the step on the rows of the round before until a round adds none.
func (r *cteRows) recurse(ctx context.Context, c *Context, first *vec.Batch) (*vec.Batch, error) {
	types := typesOf(r.n.Plan.Fields())
	var seen *keyTable
	if r.n.Union {
		seen = newKeyTable(types)
		first = onlyNew(seen, first)
	}
	if c.work == nil {
		c.work = map[int]*vec.Batch{}
	}
	outside, nested := c.work[r.n.ID]
	defer func() {
		if nested {
			c.work[r.n.ID] = outside
		} else {
			delete(c.work, r.n.ID)
		}
	}()
	all := vec.NewBatch(types)
	for round := first; round.Len > 0; {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		all.Append(round)
		c.work[r.n.ID] = round
		next, err := runCollect(ctx, c, r.n.Step)
		if err != nil {
			return nil, err
		}
		if seen != nil {
			next = onlyNew(seen, next)
		}
		round = next
	}
	return all, nil
}

// onlyNew returns the rows of b that are not in seen yet, and adds them.
func onlyNew(seen *keyTable, b *vec.Batch) *vec.Batch { return onlyNewBy(seen, b, b.Cols) }

// onlyNewBy is onlyNew by some of the columns. It returns b where all rows are new.
func onlyNewBy(seen *keyTable, b *vec.Batch, keys []*vec.Vector) *vec.Batch {
	nums := make([]int32, b.Len)
	next := int32(seen.len())
	seen.assign(keys, b.Len, nil, nums)
	sel := make([]int32, 0, b.Len)
	for i, g := range nums {
		if g == next {
			sel = append(sel, int32(i))
			next++
		}
	}
	if len(sel) == b.Len {
		return b
	}
	part := vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
	return part.Clone()
}

// runCollect keeps the whole output of a plan.
func runCollect(ctx context.Context, c *Context, n plan.Node) (*vec.Batch, error) {
	op, err := Build(c, n)
	if err != nil {
		return nil, err
	}
	rows, err := collect(ctx, op, typesOf(n.Fields()))
	return rows, firstError(err, op.Close())
}

// cte makes a named query available to its body.
type cte struct {
	c     *Context
	n     *plan.CTE
	state *cteRows
	body  Operator
	begun bool
}

func newCTE(c *Context, n *plan.CTE) (Operator, error) {
	if c.ctes == nil {
		c.ctes = map[int]*cteRows{}
	}
	t := &cte{c: c, n: n, state: &cteRows{n: n}}
	c.ctes[n.ID] = t.state
	if n.Modifies {
		c.early++ // all scans see the rows as they are before any change
		defer func() { c.early-- }()
		op, err := Build(c, n.Plan)
		if err != nil {
			return nil, err
		}
		t.state.plan = op
	}
	body, err := Build(c, n.Body)
	t.body = body
	return t, err
}

func (t *cte) Next(ctx context.Context) (*vec.Batch, error) {
	if !t.begun && t.n.Modifies {
		if _, err := t.state.get(ctx, t.c); err != nil {
			return nil, err
		}
	}
	t.begun = true
	return t.body.Next(ctx)
}

func (t *cte) written() int64 {
	if w, ok := unwrap(t.body).(writer); ok {
		return w.written()
	}
	return 0
}

func (t *cte) Close() error {
	t.state.held.drop()
	if t.state.plan != nil {
		return firstError(t.state.plan.Close(), t.body.Close())
	}
	return t.body.Close()
}

// rowsScan gives kept rows.
type rowsScan struct {
	find func(ctx context.Context) (*vec.Batch, error)
	rows *vec.Batch
	at   int
	out  *vec.Batch
	done func()
}

func (s *rowsScan) Next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	if s.rows == nil {
		rows, err := s.find(ctx)
		if err != nil {
			return nil, err
		}
		s.rows = rows
	}
	n := min(s.rows.Len-s.at, vec.BatchSize)
	if n <= 0 {
		return nil, nil
	}
	idx := vec.Live(n, nil)
	if s.at > 0 {
		idx = between(s.at, s.at+n)
	}
	for k, col := range s.out.Cols {
		col.Gather(s.rows.Cols[k], idx)
	}
	s.out.Len, s.out.Sel = n, nil
	s.at += n
	return s.out, nil
}

func (s *rowsScan) Close() error {
	if s.rows == nil {
		s.rows = &vec.Batch{}
	}
	s.at = s.rows.Len
	if s.done != nil {
		s.done()
	}
	return nil
}

func newCTEScan(c *Context, n *plan.CTEScan) (Operator, error) {
	state := c.ctes[n.ID]
	if state == nil {
		return nil, dberr.SQL(dberr.StateInternal, "CTE %q is not there", n.Name)
	}
	return &cteScan{rowsScan{out: newColumns(n.Out), find: func(ctx context.Context) (*vec.Batch, error) {
		return state.get(ctx, c)
	}}}, nil
}

// cteScan reads the rows of a CTE, again after a restart.
type cteScan struct{ rowsScan }

func (s *cteScan) restart() bool { s.at = 0; return true }

func newColumns(fields []plan.Field) *vec.Batch { return vec.NewBatch(typesOf(fields)) }

func newWorkScan(c *Context, n *plan.WorkScan) (Operator, error) {
	return &rowsScan{out: newColumns(n.Out), find: func(context.Context) (*vec.Batch, error) {
		rows := c.work[n.ID]
		if rows == nil {
			return nil, dberr.SQL(dberr.StateInternal, "CTE %d is not being computed", n.ID)
		}
		return rows, nil
	}}, nil
}

// materialize keeps its input's rows, so that they can be read again.
type materialize struct {
	rowsScan
	types []sqltype.Type
	in    Operator
	held  reserved
}

func newMaterialize(c *Context, n *plan.Materialize) (Operator, error) {
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	m := &materialize{in: in, types: typesOf(n.Out)}
	m.held.c = c
	m.out = newColumns(n.Out)
	m.find = func(ctx context.Context) (*vec.Batch, error) {
		rows, err := collect(ctx, in, m.types)
		if err == nil {
			m.held.set(batchBytes(rows))
		}
		return rows, err
	}
	return m, nil
}

func (m *materialize) Close() error {
	m.held.drop()
	return firstError(m.rowsScan.Close(), m.in.Close())
}
