package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// cteRows is the rows of a CTE, made as they are asked for.
type cteRows struct {
	c     *Context
	n     *plan.CTE
	rows  *rowList  // that have been made
	op    Operator  // what makes them: the plan, then the step
	seen  *keyTable // of UNION; it stays in memory, as in PostgreSQL
	round *rowList  // that the step reads
	next  *rowList  // that the step has made of it
	step  bool
	busy  bool
	done  bool
	held  reserved // of seen
}

func newCTERows(c *Context, n *plan.CTE) *cteRows {
	types := typesOf(n.Plan.Fields())
	r := &cteRows{c: c, n: n, rows: newRowList(c, types), next: newRowList(c, types)}
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
	before := r.rows.len()
	for r.rows.len() == before && !r.done {
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
	return r.rows.len() > before, nil
}

// pull takes a batch of what op makes.
func (r *cteRows) pull(ctx context.Context) error {
	if r.step {
		if r.c.work == nil {
			r.c.work = map[int]*rowList{}
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
		r.held.set(r.seen.size())
	}
	if r.n.Recursive {
		if err := r.next.add(b); err != nil {
			return err
		}
	}
	return r.rows.add(b)
}

// turn begins the next round of a recursive CTE, or ends.
func (r *cteRows) turn() (err error) {
	if !r.n.Recursive || r.next.len() == 0 {
		r.done = true
		err := r.op.Close()
		r.op, r.seen = nil, nil
		r.held.drop()
		return firstError(err, r.next.reset(), r.round.reset())
	}
	if err := r.round.reset(); err != nil {
		return err
	}
	r.round, r.next = r.next, newRowList(r.c, typesOf(r.n.Plan.Fields()))
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
	err := firstError(r.rows.reset(), r.next.reset(), r.round.reset())
	if r.op == nil {
		return err
	}
	err = firstError(r.op.Close(), err)
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
		if c.Tx == nil {
			return nil, dberr.SQL(dberr.StateInternal, "a write without a transaction")
		}
		c.writes(c.Tx.Savepoint())
		if c.changed == nil {
			c.changed = map[string]struct{}{}
		}
		if c.added == nil {
			c.added = map[string]struct{}{}
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
	return -1
}

func (t *cte) Close() error {
	if t.body == nil {
		return t.rows.close()
	}
	return firstError(t.rows.close(), t.body.Close())
}

// rowsScan gives the rows of a list.
type rowsScan struct {
	find   func(ctx context.Context) (*rowList, error)
	reader *rowReader
	done   bool
}

func (s *rowsScan) Next(ctx context.Context) (*vec.Batch, error) {
	if s.done {
		return nil, nil
	}
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	if s.reader == nil {
		rows, err := s.find(ctx)
		if err != nil {
			return nil, err
		}
		s.reader = rows.reader()
	}
	return s.reader.next(ctx)
}

func (s *rowsScan) Close() error {
	s.done = true
	return nil
}

// cteScan reads the rows of a CTE, again after a restart.
type cteScan struct {
	rows   *cteRows
	reader *rowReader
}

func newCTEScan(c *Context, n *plan.CTEScan) (Operator, error) {
	rows := c.ctes[n.ID]
	if rows == nil {
		return nil, dberr.SQL(dberr.StateInternal, "CTE %q is not there", n.Name)
	}
	return &cteScan{rows: rows, reader: rows.rows.reader()}, nil
}

func (s *cteScan) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		b, err := s.reader.next(ctx)
		if b != nil || err != nil {
			return b, err
		}
		more, err := s.rows.more(ctx)
		if !more || err != nil {
			return nil, err
		}
	}
}

func (s *cteScan) restart() bool { s.reader.rewind(); return true }
func (s *cteScan) Close() error  { return nil }

func newColumns(fields []plan.Field) *vec.Batch { return vec.NewBatch(typesOf(fields)) }

func newWorkScan(c *Context, n *plan.WorkScan) (Operator, error) {
	return &workScan{rowsScan{find: func(context.Context) (*rowList, error) {
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
	s.reader, s.done = nil, false
	return true
}

// materialize keeps its input's rows, so that they can be read again.
type materialize struct {
	rowsScan
	in     Operator
	rows   *rowList
	filled bool
}

func newMaterialize(c *Context, n *plan.Materialize) (Operator, error) {
	in, err := Build(c, n.Input)
	if err != nil {
		return nil, err
	}
	m := &materialize{in: in, rows: newRowList(c, typesOf(n.Out))}
	m.find = func(ctx context.Context) (*rowList, error) {
		if m.filled {
			return m.rows, nil
		}
		err := collectInto(ctx, m.rows, in)
		m.filled = err == nil
		return m.rows, err
	}
	return m, nil
}

func (m *materialize) Close() error {
	return firstError(m.rowsScan.Close(), m.rows.reset(), m.in.Close())
}

// collectInto keeps the whole output of an operator in a list.
func collectInto(ctx context.Context, rows *rowList, op Operator) error {
	for {
		b, err := op.Next(ctx)
		if b == nil || err != nil {
			return err
		}
		if err := rows.add(b); err != nil {
			return err
		}
	}
}
