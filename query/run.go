package query

import (
	"context"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// runPlan runs a plan in the session's transaction and notes how it changes row counts.
func (s *Session) runPlan(ctx context.Context, c *compiled, params []exec.Param, env *fn.Env, out func(*vec.Batch) error) (int64, error) {
	x, err := s.execContext(ctx, env)
	if err != nil {
		return 0, err
	}
	return s.runIn(x, c, params, out)
}

// runIn is runPlan in a context that has been made.
func (s *Session) runIn(x *exec.Context, c *compiled, params []exec.Param, out func(*vec.Batch) error) (int64, error) {
	x.Params = params
	n, err := exec.Run(x, c.root, out)
	if err != nil {
		return n, err
	}
	s.countChanges(c.root, n)
	return n, nil
}

// execContext makes the context of a run in the session's transaction.
func (s *Session) execContext(ctx context.Context, env *fn.Env) (*exec.Context, error) {
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return nil, err
	}
	return s.execContextAt(ctx, snap, env), nil
}

// execContextAt is execContext for who has the catalog as the transaction sees it.
func (s *Session) execContextAt(ctx context.Context, snap *catalog.Snapshot, env *fn.Env) *exec.Context {
	st := s.stage()
	st.s, st.system = s, systemSource{e: s.e, s: s, db: s.db.Name, snap: snap, tx: s.tx}
	st.Context = exec.Context{
		Ctx: ctx, Tx: s.tx, Env: env, LockTimeout: s.set.lockTimeout,
		Memory: s.memory(), SpillFS: s.e.opts.SpillFS, SpillDir: s.e.opts.SpillDir, Columns: s.e.columns, Catalog: snap,
		Host: st, Virtual: &st.system, Sources: s.e.opts.Sources,
	}
	if !s.tx.ReadOnly() {
		st.Deferral = s.deferral()
	}
	env.Host = st
	return &st.Context
}

// stage is the run of a plan with what it asks of its session.
type stage struct {
	exec.Context
	s      *Session
	system systemSource
}

// Rules implements exec.Host: the bound rules of a table that foreign keys write to.
func (st *stage) Rules(t *catalog.Table) (*exec.TableRules, error) {
	checks, parts, defaults, err := plan.BindRules(st.s.scope(st.Catalog, nil), t)
	if err != nil {
		return nil, err
	}
	return &exec.TableRules{Checks: checks, IndexExprs: parts, Defaults: defaults}, nil
}

// Past implements exec.Host.
func (st *stage) Past(ts uint64) (*txn.Tx, error) { return st.s.past(ts) }

// Sleep implements fn.Host.
func (st *stage) Sleep(d time.Duration) error { return exec.Sleep(st.Ctx, d) }

// Search implements fn.Host.
func (st *stage) Search(t fn.TextSearch) (fn.TextHits, error) {
	return st.s.searchText(st.Ctx, st.ReadTx(), t)
}

// Setting implements fn.Host.
func (st *stage) Setting(name string) (string, bool) { return st.s.currentSetting(name) }

// SetSetting implements fn.Host.
func (st *stage) SetSetting(name string, value *string, local bool) (string, error) {
	return st.s.setConfig(name, value, local)
}

// Dice implements fn.Host.
func (st *stage) Dice() **fn.Dice { return &st.s.dice }

// Schemas implements fn.Host.
func (st *stage) Schemas(all bool) []string { return st.s.schemas(all) }

// alone is the host of an expression that no plan has: it has the settings.
type alone struct{ s *Session }

// Sleep implements fn.Host.
func (alone) Sleep(time.Duration) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "waiting is not supported here")
}

// Search implements fn.Host.
func (alone) Search(fn.TextSearch) (fn.TextHits, error) {
	return fn.TextHits{}, dberr.SQL(dberr.StateFeatureNotSupported, "full-text search is not supported here")
}

// Setting implements fn.Host.
func (a alone) Setting(name string) (string, bool) { return a.s.currentSetting(name) }

// SetSetting implements fn.Host.
func (a alone) SetSetting(name string, value *string, local bool) (string, error) {
	return a.s.setConfig(name, value, local)
}

// Dice implements fn.Host.
func (a alone) Dice() **fn.Dice { return &a.s.dice }

// Schemas implements fn.Host.
func (a alone) Schemas(all bool) []string { return a.s.schemas(all) }

// systemSource gives the rows of system views.
type systemSource struct {
	e    *Engine
	s    *Session
	db   string
	snap *catalog.Snapshot
	tx   *txn.Tx
}

// OpenVirtual implements exec.VirtualSource.
func (v *systemSource) OpenVirtual(ctx context.Context, _ *exec.Context, n *plan.Virtual) (exec.Operator, error) {
	read := v.rows
	if n.Source == plan.SequenceSource {
		read = v.sequenceRow
	}
	rows, err := read(ctx, n.Object)
	if err != nil {
		return nil, err
	}
	types := make([]sqltype.Type, len(n.Out))
	for i, f := range n.Out {
		types[i] = f.Type
	}
	return &viewScan{rows: rows, cols: n.Cols, types: types}, nil
}

// sequenceRow is the row of a sequence. Nothing is logged ahead, so log_cnt is 0.
func (v *systemSource) sequenceRow(ctx context.Context, object string) ([][]sqltype.Datum, error) {
	for _, q := range v.snap.Sequences() {
		if q.Schema+"."+q.Name != object {
			continue
		}
		last, fresh, err := v.e.seqs.position(ctx, v.tx, q)
		if err != nil {
			return nil, err
		}
		return [][]sqltype.Datum{{{Int: last}, {}, boolDatum(!fresh)}}, nil
	}
	return nil, dberr.SQL(dberr.StateUndefinedTable, "relation %q does not exist", object)
}

func (v *systemSource) rows(ctx context.Context, object string) ([][]sqltype.Datum, error) {
	snap, err := v.e.withExternal(v.tx, v.snap)
	if err != nil {
		return nil, err
	}
	return v.viewRows(ctx, snap, object)
}

// viewScan gives rows that have been made.
type viewScan struct {
	rows  [][]sqltype.Datum
	cols  []int
	types []sqltype.Type
}

// Next implements exec.Operator.
func (v *viewScan) Next(context.Context) (*vec.Batch, error) {
	if len(v.rows) == 0 {
		return nil, nil
	}
	n := min(len(v.rows), vec.BatchSize)
	b := vec.NewBatch(v.types)
	for _, row := range v.rows[:n] {
		for i, c := range v.cols {
			b.Cols[i].AppendDatum(row[c])
		}
	}
	b.Len = n
	v.rows = v.rows[n:]
	return b, nil
}

// Close implements exec.Operator.
func (v *viewScan) Close() error { return nil }

// countChanges notes what a finished plan did to the row counts. Where the number
// cannot be told from the result the table is counted anew.
func (s *Session) countChanges(root plan.Node, n int64) {
	if t := written(root); t != nil && t.External != nil {
		s.noteWrites(root)
		return
	}
	switch r := root.(type) {
	case *plan.Insert:
		s.work.addChanges(keyOf(r.Table), n)
		if r.Conflict == nil {
			s.work.addRows(keyOf(r.Table), n)
			return
		}
	case *plan.Delete:
		s.work.addChanges(keyOf(r.Table), n)
		s.work.addRows(keyOf(r.Table), -n)
		return
	case *plan.Update:
		s.work.addChanges(keyOf(r.Table), n)
	}
	s.noteWrites(root)
}

func (s *Session) noteWrites(n plan.Node) {
	switch r := n.(type) {
	case *plan.Insert:
		s.touch(r.Table)
	case *plan.Delete:
		s.touch(r.Table)
	case *plan.Values, *plan.Scan:
		return
	}
	for _, c := range n.Children() {
		s.noteWrites(c)
	}
}

// addChanges counts rows that were written.
func (w *txWork) addChanges(k tableKey, n int64) { w.changed.add(k, n) }

// written is the table that a node writes; nil where it writes none.
func written(n plan.Node) *catalog.Table {
	switch n := n.(type) {
	case *plan.Insert:
		return n.Table
	case *plan.Update:
		return n.Table
	case *plan.Delete:
		return n.Table
	}
	return nil
}

func (s *Session) touch(t *catalog.Table) {
	if t.External != nil {
		return
	}
	k := keyOf(t)
	if s.work.touched == nil {
		s.work.touched = map[tableKey]bool{}
	}
	s.work.touched[k] = true
}

// runMeasured runs a plan and gives the figures of its nodes.
func (s *Session) runMeasured(ctx context.Context, c *compiled, params []exec.Param, env *fn.Env, out func(*vec.Batch) error) (func(plan.Node) (plan.Actual, bool), error) {
	x, err := s.execContext(ctx, env)
	if err != nil {
		return nil, err
	}
	figures := exec.NewStats()
	x.Stats = figures
	_, err = s.runIn(x, c, params, out)
	return func(n plan.Node) (plan.Actual, bool) {
		f := figures.Of(n)
		if f == nil {
			return plan.Actual{}, false
		}
		return plan.Actual{Rows: f.Rows, Loops: f.Loops, Time: f.Total, Startup: f.Startup, Bytes: f.Memory, Spill: f.Spilled, Files: f.Files,
			Entries: f.Entries, Fetched: f.Fetched, ReadBytes: f.Reads.Bytes, Columns: f.Columns, Unmatched: f.Unmatched}, true
	}, err
}
