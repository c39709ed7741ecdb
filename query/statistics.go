package query

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// statistics keeps what ANALYZE found, decoded, and how much has changed since.
type statistics struct {
	store *txn.Store

	// mu is a leaf. Never held over a read.
	mu struct {
		sync.Mutex
		tables map[tableKey]*tableStats
	}
}

// tableStats is what is known of one table.
type tableStats struct {
	loaded  bool
	table   *stats.Table // nil where the table was never analyzed
	gen     uint64       // grows with every change of table
	changed int64        // rows written since the last ANALYZE of this process
}

func newStatistics(store *txn.Store) *statistics {
	s := &statistics{store: store}
	s.mu.tables = map[tableKey]*tableStats{}
	return s
}

func (s *statistics) entryLocked(k tableKey) *tableStats {
	t := s.mu.tables[k]
	if t == nil {
		t = &tableStats{}
		s.mu.tables[k] = t
	}
	return t
}

// of gives the statistics of a table, nil where there are none, and their generation.
func (s *statistics) of(ctx context.Context, k tableKey) (*stats.Table, uint64, error) {
	s.mu.Lock()
	t := s.entryLocked(k)
	if t.loaded {
		defer s.mu.Unlock()
		return t.table, t.gen, nil
	}
	gen := t.gen
	s.mu.Unlock()
	var found *stats.Table
	err := s.store.View(ctx, func(tx *txn.Tx) error {
		b, ok, err := tx.Get(catalog.StatsKey(k.db, k.id))
		if err != nil || !ok {
			return err
		}
		found, err = stats.Decode(b)
		return err
	})
	if err != nil {
		return nil, gen, fmt.Errorf("read statistics of table %d: %w", k.id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.gen == gen { // otherwise newer ones have come meanwhile
		t.loaded, t.table = true, found
	}
	return t.table, t.gen, nil
}

// generation is that of the statistics that a plan would be made with.
func (s *statistics) generation(k tableKey) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.mu.tables[k]; t != nil {
		return t.gen
	}
	return 0
}

// committed says that statistics have been stored; nil is not known.
func (s *statistics) committed(k tableKey, t *stats.Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entryLocked(k)
	e.gen++
	e.loaded, e.table, e.changed = t != nil, t, 0
}

// addChanges counts rows that commits have written.
func (s *statistics) addChanges(rows tableCounts) {
	if len(rows) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range rows {
		s.entryLocked(t.key).changed += t.n
	}
}

// due lists the tables of which so much has changed that they should be analyzed.
func (s *statistics) due(o AutoAnalyze) (list []tableKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.mu.tables {
		rows := 0.0
		if t.table != nil {
			rows = t.table.Rows
		}
		if float64(t.changed) >= float64(o.Threshold)+float64(o.Percent)/100*rows {
			list = append(list, k)
		}
	}
	return list
}

// forget drops what is known of a table that is gone.
func (s *statistics) forget(k tableKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.tables, k)
}

// fullRows is up to how many rows every row of a table is looked at. Of a larger table
// as many rows are taken, evenly.
const fullRows = 1 << 20

// sampler reads the rows of a table, or some of them, for ANALYZE.
type sampler struct {
	ctx  context.Context
	it   txn.Iterator
	dec  *rowstore.Decoder
	out  vec.Batch
	take uint64 // a row is taken if a random number is below; 0 takes all
	rng  *rand.Rand
	rows int64
}

func newSampler(ctx context.Context, tx *txn.Tx, t *catalog.Table, expected float64) *sampler {
	l := rowstore.Of(t)
	cols := make([]int, len(t.Columns))
	types := make([]sqltype.Type, len(cols))
	for i := range cols {
		cols[i], types[i] = i, t.Columns[i].Type
	}
	prefix := indexPrefix(t, &t.Indexes[0])
	s := &sampler{ctx: ctx, dec: l.NewDecoder(&l.Indexes[0], cols), rng: rand.New(rand.NewPCG(uint64(t.ID), 2))}
	s.it = tx.Iter(txn.IterOptions{Lower: prefix, Upper: prefixEnd(prefix)})
	s.out.Cols = vec.NewBatch(types).Cols
	if expected > fullRows {
		s.take = uint64(fullRows / expected * (1 << 63))
	}
	return s
}

// OpenVirtual implements exec.VirtualSource.
func (s *sampler) OpenVirtual(context.Context, *exec.Context, *plan.Virtual) (exec.Operator, error) {
	return s, nil
}

// Next implements exec.Operator.
func (s *sampler) Next(context.Context) (*vec.Batch, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	n := 0
	s.dec.Begin(s.out.Cols, vec.BatchSize)
	for n < vec.BatchSize && s.it.Next() {
		s.rows++
		if s.take > 0 && s.rng.Uint64()>>1 >= s.take {
			if s.rows%4096 == 0 && s.ctx.Err() != nil {
				return nil, s.ctx.Err()
			}
			continue
		}
		if err := s.dec.Add(n, s.it.Key(), s.it.Value()); err != nil {
			return nil, err
		}
		n++
	}
	if err := s.it.Err(); err != nil || n == 0 {
		return nil, err
	}
	s.dec.End(n)
	s.out.Len = n
	return &s.out, nil
}

// Close implements exec.Operator.
func (s *sampler) Close() error { return s.it.Close() }

// collect reads a table through tx and makes its statistics.
func (e *Engine) collect(ctx context.Context, tx *txn.Tx, scope *plan.Scope, t *catalog.Table) (*stats.Table, error) {
	exprs, list, err := indexExpressions(scope, t)
	if err != nil {
		return nil, err
	}
	src := newSampler(ctx, tx, t, e.rows.expected(t))
	fields := make([]plan.Field, len(t.Columns))
	out := make([]plan.Expr, len(t.Columns), len(t.Columns)+len(exprs))
	for i, c := range t.Columns {
		fields[i] = plan.Field{Name: c.Name, Type: c.Type}
		out[i] = &plan.Slot{Typ: c.Type, Index: i, Name: c.Name}
	}
	var root plan.Node = &plan.Virtual{Base: plan.Base{Out: fields}}
	if len(exprs) > 0 {
		all := fields
		for i, x := range exprs {
			all, out = append(all, plan.Field{Name: "expr", Type: list[i].Type}), append(out, x)
		}
		root = &plan.Project{Base: plan.Base{Out: all}, Input: root, Exprs: out}
	}
	c := stats.NewCollector(t, list)
	x := &exec.Context{Ctx: ctx, Env: &fn.Env{Location: time.UTC}, Virtual: src}
	if _, err := exec.Run(x, root, func(b *vec.Batch) error { c.Add(b); return nil }); err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return c.Finish(float64(src.rows), time.Now().UnixNano()), src.Close()
}

// indexExpressions are the expressions by which a table is indexed as a whole.
func indexExpressions(scope *plan.Scope, t *catalog.Table) (exprs []plan.Expr, list []stats.Expr, err error) {
	_, parts, _, err := plan.BindRules(scope, t)
	if err != nil || parts == nil {
		return nil, nil, err
	}
	have := map[string]bool{}
	for i := range t.Indexes {
		for k, c := range t.Indexes[i].Columns {
			if c.Expr == "" || t.Indexes[i].Predicate != "" || have[c.Expr] {
				continue
			}
			have[c.Expr] = true
			exprs, list = append(exprs, parts.Parts[i][k]), append(list, stats.Expr{Text: c.Expr, Type: c.Type})
		}
	}
	return exprs, list, nil
}

// analyze collects the statistics of tables. Outside of a transaction block it reads and
// stores in transactions of its own, so that nobody waits for it or conflicts with it;
// within one its result belongs to the block.
func (r *running) analyze(st *ast.Analyze) error { return r.analyzeAs(st, "ANALYZE") }

func (r *running) analyzeAs(st *ast.Analyze, tag string) error {
	s := r.s
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return err
	}
	tables := snap.Tables()
	if len(st.Tables) > 0 {
		tables = nil
		for _, t := range st.Tables {
			rel, err := s.lookup(snap, t.Table)
			if err != nil {
				return err
			}
			if rel.Table != nil {
				tables = append(tables, rel.Table)
			}
		}
	}
	for _, t := range tables {
		if s.block || s.several {
			err = s.analyzeHere(r.ctx, snap, t)
		} else {
			err = s.e.analyzeApart(r.ctx, s.db.Name, keyOf(t))
		}
		if err != nil {
			return fmt.Errorf("analyze table %q: %w", t.Name, err)
		}
	}
	return r.done(tag)
}

// analyzeHere analyzes a table as the session's transaction sees it.
func (s *Session) analyzeHere(ctx context.Context, snap *catalog.Snapshot, t *catalog.Table) error {
	st, err := s.e.collect(ctx, s.tx, s.scope(snap, nil), t)
	if err != nil {
		return err
	}
	if err := s.tx.Put(catalog.StatsKey(t.DB, t.ID), stats.Encode(st)); err != nil {
		return err
	}
	s.work.analyzed = append(s.work.analyzed, keyOf(t))
	return nil
}

// analyzeApart analyzes a table as of the last commit.
func (e *Engine) analyzeApart(ctx context.Context, database string, k tableKey) error {
	var st *stats.Table
	err := e.store.View(ctx, func(tx *txn.Tx) error {
		snap, err := e.cat.At(tx, k.db)
		if err != nil {
			return err
		}
		t := snap.Table(k.id)
		if t == nil {
			return nil
		}
		scope := &plan.Scope{Catalog: snap, Path: []string{catalog.PublicSchema}, Database: database,
			Env: &sqltype.Env{Location: time.UTC}, Virtual: virtualTable, Sequence: e.seqs.function, SequenceBy: e.seqs.functionBy}
		if st, err = e.collect(ctx, tx, scope, t); err == nil {
			e.rows.settled(k, int64(st.Rows))
		}
		return err
	})
	if err != nil {
		return err
	}
	stored := false
	err = e.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		snap, err := e.cat.At(tx, k.db)
		stored = err == nil && st != nil && snap.Table(k.id) != nil
		if !stored {
			return err
		}
		return tx.Put(catalog.StatsKey(k.db, k.id), stats.Encode(st))
	})
	switch {
	case err != nil:
		return err
	case stored:
		e.stats.committed(k, st)
	default: // dropped meanwhile
		e.stats.forget(k)
	}
	if f := e.opts.Events.Analyzed; f != nil && stored {
		f(AnalyzeEvent{Table: uint64(k.id), Rows: int64(st.Rows), Sampled: int64(st.Sampled)})
	}
	return nil
}

// autoAnalyze analyzes, again and again, the tables of which much has changed.
func (e *Engine) autoAnalyze() {
	defer e.background.Done()
	tick := time.NewTicker(e.opts.AutoAnalyze.Interval)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
			e.analyzeDue(e.ctx)
		}
	}
}

func (e *Engine) analyzeDue(ctx context.Context) {
	for _, k := range e.stats.due(e.opts.AutoAnalyze) {
		if err := e.analyzeApart(ctx, "", k); err != nil && ctx.Err() == nil {
			if f := e.opts.Events.Background; f != nil {
				f(fmt.Errorf("analyze table %d of database %d: %w", k.id, k.db, err))
			}
		}
	}
}
