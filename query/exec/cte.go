package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// cteRows is the rows of a CTE, made as they are asked for.
type cteRows struct {
	c     *Context
	n     *plan.CTE
	rows  *vec.Batch // that have been made
	op    Operator   // what makes them: the plan, then the step
	seen  *keyTable  // of UNION
	round *vec.Batch // that the step reads
	next  *vec.Batch // that the step has made of it
	step  bool
	busy  bool
	done  bool
	held  reserved
}

func newCTERows(c *Context, n *plan.CTE) *cteRows {
	types := typesOf(n.Plan.Fields())
	r := &cteRows{c: c, n: n, rows: vec.NewBatch(types), next: vec.NewBatch(types)}
	r.held.c = c
	if n.Recursive && n.Union {
		r.seen = newKeyTable(types)
	}
	return r
}

// more makes further rows; false at the end.
func (r *cteRows) more(ctx context.Context) (bool, error) {
	if r.busy {
		return false, dberr.SQL(dberr.StateInternal, "CTE %d reads itself", r.n.ID)
	}
	r.busy = true
	defer func() { r.busy = false }()
	before := r.rows.Len
	for r.rows.Len == before && !r.done {
		if err := canceled(ctx); err != nil {
			return false, err
		}
		if r.op == nil {
			op, err := Build(r.c, r.n.Plan)
			if err != nil {
				return false, err
			}
			r.op = op
		}
		if err := r.pull(ctx); err != nil {
			return false, err
		}
	}
	return r.rows.Len > before, nil
}

// pull takes a batch of what op makes.
func (r *cteRows) pull(ctx context.Context) error {
	if r.step {
		if r.c.work == nil {
			r.c.work = map[int]*vec.Batch{}
		}
		outside, nested := r.c.work[r.n.ID]
		r.c.work[r.n.ID] = r.round
		defer func() {
			delete(r.c.work, r.n.ID)
			if nested {
				r.c.work[r.n.ID] = outside
			}
		}()
	}
	b, err := r.op.Next(ctx)
	if err != nil {
		return err
	}
	if b == nil {
		return r.turn()
	}
	if r.seen != nil {
		b = onlyNew(r.seen, b)
	}
	r.rows.Append(b)
	if r.n.Recursive {
		r.next.Append(b)
	}
	r.held.add(rowBytes(b))
	return nil
}

// turn begins the next round of a recursive CTE, or ends.
func (r *cteRows) turn() (err error) {
	if !r.n.Recursive || r.next.Len == 0 {
		r.done = true
		err := r.op.Close()
		r.op = nil
		return err
	}
	r.round, r.next = r.next, vec.NewBatch(typesOf(r.n.Plan.Fields()))
	if !r.step {
		r.step = true
		if err := r.op.Close(); err != nil {
			return err
		}
		r.op, err = Build(r.c, r.n.Step)
		return err
	}
	r.op, err = restart(r.c, r.op, r.n.Step)
	return err
}

func (r *cteRows) close() error {
	r.held.drop()
	r.done = true
	if r.op == nil {
		return nil
	}
	err := r.op.Close()
	r.op = nil
	return err
}

// onlyNew returns the rows of b that are not in seen yet, and adds them.
func onlyNew(seen *keyTable, b *vec.Batch) *vec.Batch { return onlyNewBy(seen, b, b.Cols) }

// onlyNewBy is onlyNew by some of the columns. It returns b where all rows are new.
func onlyNewBy(seen *keyTable, b *vec.Batch, keys []*vec.Vector) *vec.Batch {
	nums := make([]int32, b.Len)
	next := int32(seen.len())
	seen.assign(keys, b.Len, b.Sel, nums)
	sel := make([]int32, 0, b.Len)
	for _, i := range live(b) {
		if nums[i] == next {
			sel = append(sel, i)
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
	rows  *cteRows
	body  Operator
	begun bool
}

func newCTE(c *Context, n *plan.CTE) (Operator, error) {
	if c.ctes == nil {
		c.ctes = map[int]*cteRows{}
	}
	t := &cte{c: c, n: n, rows: newCTERows(c, n)}
	c.ctes[n.ID] = t.rows
	if n.Modifies {
		c.early++ // all scans see the rows as they are before any change
		defer func() { c.early-- }()
		if c.changed == nil {
			c.changed = map[string]struct{}{}
		}
		op, err := Build(c, n.Plan)
		if err != nil {
			return nil, err
		}
		t.rows.op = op
	}
	body, err := Build(c, n.Body)
	t.body = body
	return t, err
}

func (t *cte) Next(ctx context.Context) (*vec.Batch, error) {
	for !t.begun && t.n.Modifies {
		more, err := t.rows.more(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			break
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
	if t.body == nil {
		return t.rows.close()
	}
	return firstError(t.rows.close(), t.body.Close())
}

// rowsScan gives kept rows.
type rowsScan struct {
	find func(ctx context.Context) (*vec.Batch, error)
	rows *vec.Batch
	at   int
	out  *vec.Batch
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
	if s.at >= s.rows.Len {
		return nil, nil
	}
	s.at += copyRows(s.out, s.rows, s.at)
	return s.out, nil
}

// copyRows fills out with up to a batch of rows from at; it returns how many.
func copyRows(out, rows *vec.Batch, at int) int {
	n := min(rows.Len-at, vec.BatchSize)
	idx := vec.Live(n, nil)
	if at > 0 {
		idx = between(at, at+n)
	}
	for k, col := range out.Cols {
		col.Gather(rows.Cols[k], idx)
	}
	out.Len, out.Sel = n, nil
	return n
}

func (s *rowsScan) Close() error {
	if s.rows == nil {
		s.rows = &vec.Batch{}
	}
	s.at = s.rows.Len
	return nil
}

// cteScan reads the rows of a CTE, again after a restart.
type cteScan struct {
	rows *cteRows
	at   int
	out  *vec.Batch
}

func newCTEScan(c *Context, n *plan.CTEScan) (Operator, error) {
	rows := c.ctes[n.ID]
	if rows == nil {
		return nil, dberr.SQL(dberr.StateInternal, "CTE %q is not there", n.Name)
	}
	return &cteScan{rows: rows, out: newColumns(n.Out)}, nil
}

func (s *cteScan) Next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	if s.at == s.rows.rows.Len {
		more, err := s.rows.more(ctx)
		if !more || err != nil {
			return nil, err
		}
	}
	s.at += copyRows(s.out, s.rows.rows, s.at)
	return s.out, nil
}

func (s *cteScan) restart() bool { s.at = 0; return true }
func (s *cteScan) Close() error  { return nil }

func newColumns(fields []plan.Field) *vec.Batch { return vec.NewBatch(typesOf(fields)) }

func newWorkScan(c *Context, n *plan.WorkScan) (Operator, error) {
	return &workScan{rowsScan{out: newColumns(n.Out), find: func(context.Context) (*vec.Batch, error) {
		rows := c.work[n.ID]
		if rows == nil {
			return nil, dberr.SQL(dberr.StateInternal, "CTE %d is not being computed", n.ID)
		}
		return rows, nil
	}}}, nil
}

// workScan reads the rows of the last round of a recursive CTE.
type workScan struct{ rowsScan }

func (s *workScan) restart() bool {
	s.rows, s.at = nil, 0
	return true
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
