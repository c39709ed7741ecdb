package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// writing is what INSERT, UPDATE and DELETE share: all of the input is read
// before anything is written, everything is written before the first row comes out, and
// what comes out is Returning over the rows that were written.
type writing struct {
	c         *Context
	in        Operator
	rows      *rowList    // of the input, with what prepare has added; nil where it is streamed
	returning []evaluator // nil for none
	returns   bool
	views     []viewCheck // what must hold of the rows that were written
	// prepare, where set, makes what is kept of a batch of the input.
	prepare func(b *vec.Batch) (*vec.Batch, error)
	// do writes the rows and says how many were written.
	do func(ctx context.Context) (n int64, err error)
	// stream says that do reads the input itself and writes it as it comes.
	stream bool
	// result, where set, is what Returning is over, of a batch of rows.
	result func(b *vec.Batch) *vec.Batch

	ran    bool
	n      int64
	reader *rowReader // of what Returning is over
	out    vec.Batch
}

// newWriting builds the input, and a list for rows of the given types, where there are any:
// an operator that streams keeps none.
func newWriting(c *Context, input plan.Node, types []sqltype.Type, returning []plan.Expr) (*writing, error) {
	if c.Tx == nil {
		return nil, dberr.SQL(dberr.StateInternal, "a write without a transaction")
	}
	exprs, err := compileAll(c, returning)
	if err != nil {
		return nil, err
	}
	in, err := Build(c, input)
	if err != nil {
		return nil, err
	}
	w := &writing{c: c, in: in, returning: exprs, returns: returning != nil}
	if types != nil {
		w.rows = newRowList(c, types)
	}
	return w, nil
}

func (w *writing) Next(ctx context.Context) (*vec.Batch, error) {
	if !w.ran {
		if err := w.run(ctx); err != nil {
			return nil, err
		}
	}
	if !w.returns || w.reader == nil {
		return nil, nil
	}
	b, err := w.reader.next(ctx)
	if b == nil || err != nil {
		return nil, err
	}
	if w.result != nil {
		b = w.result(b)
	}
	cols, err := evalAll(w.returning, b, nil, w.out.Cols)
	w.out = vec.Batch{Len: b.Len, Cols: cols}
	return &w.out, err
}

func (w *writing) run(ctx context.Context) error {
	if !w.stream {
		if err := w.load(ctx); err != nil {
			return err
		}
	}
	w.ran = true
	sp := w.c.Tx.Savepoint()
	w.c.writes(sp)
	n, err := w.do(ctx)
	if err == nil {
		err = w.checkViews(ctx)
	}
	if err != nil {
		w.reader = nil
		if rerr := w.c.Tx.RollbackTo(sp); rerr != nil {
			return rerr
		}
		return err
	}
	w.n = n
	if w.reader == nil && w.returns {
		w.reader = w.rows.reader()
	}
	return nil
}

// load reads the input.
func (w *writing) load(ctx context.Context) error {
	for {
		b, err := w.in.Next(ctx)
		if b == nil || err != nil {
			return err
		}
		if w.prepare != nil {
			if b, err = w.prepare(b); err != nil {
				return err
			}
		}
		if err := w.rows.add(b); err != nil {
			return err
		}
	}
}

// each calls f for the rows that were read, a batch at a time.
func (w *writing) each(ctx context.Context, f func(b *vec.Batch) error) error {
	for r := w.rows.reader(); ; {
		b, err := r.next(ctx)
		if b == nil || err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
}

func (w *writing) written() int64 { return w.n }

func (w *writing) Close() error {
	w.ran, w.reader = true, nil
	if w.rows == nil {
		return w.in.Close()
	}
	return firstError(w.rows.reset(), w.in.Close())
}

// readsNoTable reports whether rows do not come from tables, so that writing some of them
// cannot change others.
func readsNoTable(n plan.Node) bool {
	calls := func(es []plan.Expr) bool {
		free := true
		for _, e := range es {
			plan.Walk(e, func(x plan.Expr) bool {
				_, sub := x.(*plan.SubPlan)
				free = free && !sub
				return true
			})
		}
		return free
	}
	sets := func(list []*plan.SetCall) bool {
		for _, s := range list {
			if s != nil && !calls(s.Args) {
				return false
			}
		}
		return true
	}
	switch n := n.(type) {
	case *plan.Values:
		for _, row := range n.Rows {
			if !calls(row) {
				return false
			}
		}
		return true
	case *plan.FuncScan:
		return sets(n.Calls)
	case *plan.Virtual:
		return n.Source == plan.BulkSource
	case *plan.Project:
		return sets(n.Sets) && calls(n.Exprs) && readsNoTable(n.Input)
	}
	return false
}

// streamed makes an INSERT write its rows as they come.
func (w *writing) streamed(n *plan.Insert) {
	w.stream = true
	w.do = func(ctx context.Context) (rows int64, err error) {
		ch := newChanges(w.c)
		t, err := ch.writer(n.Table, &TableRules{Checks: n.Checks, IndexExprs: n.IndexExprs})
		if err != nil {
			return 0, err
		}
		for {
			if err := canceled(ctx); err != nil {
				return 0, err
			}
			b, err := w.in.Next(ctx)
			if err != nil {
				return 0, err
			}
			if b == nil {
				return rows, ch.finish()
			}
			if err := t.insert(b, nil); err != nil {
				return 0, err
			}
			rows += int64(b.Rows())
		}
	}
}

func newInsert(c *Context, n *plan.Insert) (Operator, error) {
	var types []sqltype.Type
	stream := n.Conflict == nil && n.Returning == nil && n.Views == nil && n.Table.External == nil && readsNoTable(n.Input)
	if !stream {
		types = typesOf(n.Input.Fields())
	}
	w, err := newWriting(c, n.Input, types, n.Returning)
	if err != nil {
		return nil, err
	}
	if stream {
		w.streamed(n)
		return w, nil
	}
	if err := w.compileViews(n.Table, n.Views); err != nil {
		return nil, err
	}
	if n.Table.External != nil {
		insertExternal(c, n, w)
		return w, nil
	}
	w.do = func(ctx context.Context) (int64, error) {
		ch := newChanges(c)
		t, err := ch.writer(n.Table, &TableRules{Checks: n.Checks, IndexExprs: n.IndexExprs})
		if err != nil {
			return 0, err
		}
		if n.Conflict == nil {
			if err := w.each(ctx, func(b *vec.Batch) error { return t.insert(b, nil) }); err != nil {
				return 0, err
			}
			return int64(w.rows.len()), ch.finish()
		}
		u, err := newUpserter(t, n.Conflict)
		if err != nil {
			return 0, err
		}
		if err := w.each(ctx, u.insert); err != nil {
			return 0, err
		}
		if err := w.rows.reset(); err != nil { // what was proposed gives place to what was written
			return 0, err
		}
		w.rows = u.result
		return int64(u.result.len()), ch.finish()
	}
	return w, nil
}

func newDelete(c *Context, n *plan.Delete) (Operator, error) {
	w, err := newWriting(c, n.Input, typesOf(n.Input.Fields()), n.Returning)
	if err != nil {
		return nil, err
	}
	k := len(n.Table.Columns)
	w.in = c.firstTargets(w.in, n.Input, k, n.Strict)
	w.do = func(ctx context.Context) (int64, error) {
		ch := newChanges(c)
		t, err := ch.writer(n.Table, &TableRules{IndexExprs: n.IndexExprs})
		if err != nil {
			return 0, err
		}
		err = w.each(ctx, func(b *vec.Batch) error {
			return t.remove(&vec.Batch{Len: b.Len, Cols: b.Cols[:k]}, b.Cols[k])
		})
		if err != nil {
			return 0, err
		}
		return int64(w.rows.len()), ch.finish()
	}
	if n.Table.External != nil {
		deleteExternal(c, n, w)
	}
	w.result = func(b *vec.Batch) *vec.Batch {
		return &vec.Batch{Len: b.Len, Cols: append(append([]*vec.Vector(nil), b.Cols[:k]...), b.Cols[k+1:]...)}
	}
	return w, nil
}

// updating is an UPDATE: the rows that it keeps are those of the input, and behind
// them the new values.
type updating struct {
	n       *plan.Update
	sets    []evaluator
	changed []bool
	k       int // columns of the table; the key is column k
	in      int // columns of the input
}

func newUpdate(c *Context, n *plan.Update) (Operator, error) {
	u := &updating{n: n, changed: make([]bool, len(n.Table.Columns)), k: len(n.Table.Columns), in: len(n.Input.Fields())}
	exprs, types := make([]plan.Expr, len(n.Sets)), make([]sqltype.Type, len(n.Sets))
	for i, s := range n.Sets {
		exprs[i], types[i] = s.Expr, n.Table.Columns[s.Col].Type
		u.changed[s.Col] = true
	}
	w, err := newWriting(c, n.Input, append(typesOf(n.Input.Fields()), types...), n.Returning)
	if err != nil {
		return nil, err
	}
	if u.sets, err = compileAll(c, exprs); err != nil {
		return nil, err
	}
	if err := w.compileViews(n.Table, n.Views); err != nil {
		return nil, err
	}
	w.in = c.firstTargets(w.in, n.Input, u.k, n.Strict)
	w.prepare, w.result = u.prepare, u.result
	w.do = func(ctx context.Context) (int64, error) {
		ch := newChanges(c)
		t, err := ch.writer(n.Table, &TableRules{Checks: n.Checks, IndexExprs: n.IndexExprs})
		if err != nil {
			return 0, err
		}
		if err := u.write(ctx, w, t); err != nil {
			return 0, err
		}
		return int64(w.rows.len()), ch.finish()
	}
	if n.Table.External != nil {
		updateExternal(c, u, w)
	}
	return w, nil
}

// prepare computes the new values of a batch.
func (u *updating) prepare(b *vec.Batch) (*vec.Batch, error) {
	cols := make([]*vec.Vector, u.in, u.in+len(u.sets))
	copy(cols, b.Cols)
	for _, x := range u.sets {
		v, err := x.eval(b, b.Sel)
		if err != nil {
			return nil, err
		}
		cols = append(cols, v)
	}
	return &vec.Batch{Len: b.Len, Sel: b.Sel, Cols: cols}, nil
}

// rows gives the old and the new rows of a batch that was kept.
func (u *updating) rows(b *vec.Batch) (old, fresh *vec.Batch) {
	old = &vec.Batch{Len: b.Len, Cols: b.Cols[:u.k:u.k]}
	fresh = &vec.Batch{Len: b.Len, Cols: append([]*vec.Vector(nil), old.Cols...)}
	for i, s := range u.n.Sets {
		fresh.Cols[s.Col] = b.Cols[u.in+i]
	}
	return old, fresh
}

func (u *updating) result(b *vec.Batch) *vec.Batch {
	_, fresh := u.rows(b)
	fresh.Cols = append(fresh.Cols, b.Cols[u.k+1:u.in]...)
	return fresh
}

// write changes the rows, in the order in which they were found.
func (u *updating) write(ctx context.Context, w *writing, t *tableWriter) error {
	return w.each(ctx, func(b *vec.Batch) error {
		old, fresh := u.rows(b)
		return t.update(old, fresh, b.Cols[u.k], u.changed)
	})
}

// firstTargets passes the first of the rows that name the same target row, whose
// key is in column k: a row is changed once by a statement. With strict a second one
// is an error.
func (c *Context) firstTargets(in Operator, n plan.Node, k int, strict bool) Operator {
	if strict {
		if c.changed == nil {
			c.changed = map[string]struct{}{}
		}
		return &unchanged{c: c, in: in, k: k, strict: true}
	}
	if scan, ok := n.(*plan.Scan); !ok || !scan.NeedRowKey { // a scan gives no row twice
		keys := func(b *vec.Batch) ([]*vec.Vector, error) { return b.Cols[k : k+1], nil }
		in = &firstRows{in: in, set: newSetCore(c, typesOf(n.Fields()), []sqltype.Type{sqltype.TBytea}, keys, firstOnly)}
	}
	if c.changed == nil {
		return in
	}
	return &unchanged{c: c, in: in, k: k}
}

// firstRows passes the first rows of each key.
type firstRows struct {
	in  Operator
	set *setCore
}

func (f *firstRows) Next(ctx context.Context) (*vec.Batch, error) { return f.set.next(ctx, f.in) }

func (f *firstRows) Close() error { return firstError(f.set.close(), f.in.Close()) }

// unchanged passes the rows that the statement has not changed yet, and notes them.
type unchanged struct {
	c   *Context
	in  Operator
	k   int
	out vec.Batch
	// strict has a row that was changed already be an error.
	strict bool
}

func (u *unchanged) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		b, err := u.in.Next(ctx)
		if b == nil || err != nil {
			return nil, err
		}
		sel, keys := make([]int32, 0, b.Rows()), b.Cols[u.k]
		for _, i := range live(b) {
			key := keys.S[keys.At(int(i))]
			_, twice := u.c.changed[key]
			if twice && u.strict {
				return nil, dberr.SQL(dberr.StateCardinalityViolation, "MERGE command cannot affect row a second time").
					WithHint("Ensure that not more than one source row matches any one target row.")
			}
			if !twice {
				u.c.changed[key] = struct{}{}
				sel = append(sel, i)
			}
		}
		if len(sel) > 0 {
			u.out = vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
			return &u.out, nil
		}
	}
}

func (u *unchanged) Close() error { return u.in.Close() }
