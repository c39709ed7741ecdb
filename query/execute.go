package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// statement runs one statement of a text.
func (s *Session) statement(ctx context.Context, text *parsed, i int, st ast.Stmt, sink Sink) (err error) {
	from, to := st.Range()
	r := s.running()
	*r = running{s: s, ctx: ctx, sink: sink, number: i, sql: text.sql[from:to], text: text, begun: time.Now()}
	defer r.endPasts()
	s.begun = r.begun
	if e := s.e.opts.Events.Statement; e != nil {
		defer func() {
			e(StatementEvent{SQL: r.sql, Database: s.db.Name, Command: r.command, Duration: time.Since(r.begun),
				Planning: r.planning, Rows: r.rows, PlanCache: r.cached, Err: err})
		}()
	}
	if done, err := s.control(ctx, r, text.stmts[i:], st); done {
		return err
	}
	if s.failed {
		return dberr.SQL(dberr.StateFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	switch d := st.(type) {
	case *ast.CreateDatabase:
		return r.databaseStatement(st)
	case *ast.Drop:
		if d.Kind == ast.KindDatabase {
			return r.databaseStatement(st)
		}
	}
	if done, err := r.externalIndex(st); done || err != nil {
		return err
	}
	if c, ok := st.(*ast.CreateIndex); ok && (c.Concurrently || s.tx == nil && !s.several) {
		return r.createIndexOnline(c)
	}
	if s.tx == nil {
		reads := text.reads
		if i > 0 {
			reads = onlyReads(text.stmts[i:])
		}
		if err := s.open(ctx, reads, s.opts); err != nil {
			return err
		}
	}
	return r.run(st)
}

// running is one statement on its way.
type running struct {
	s      *Session
	ctx    context.Context
	sink   Sink
	number int
	sql    string
	text   *parsed
	params []Param // in place of the request's, for EXECUTE
	pasts  *pasts  // in which it reads tables as of other times
	begun  time.Time
	snap   *catalog.Snapshot // for which it was planned, nil before
	// declares says that the query is planned for a cursor.
	declares bool

	command  string
	rows     int64
	planning time.Duration
	cached   bool
}

func (r *running) databaseStatement(st ast.Stmt) error {
	tag, err := r.s.databaseStatement(r.ctx, st)
	if err != nil {
		return err
	}
	return r.done(tag)
}

// done reports a statement without rows.
func (r *running) done(command string) error {
	r.command = command
	if err := r.sink.Begin(r.number, nil); err != nil {
		return err
	}
	return r.sink.End(Tag{Command: command})
}

// table reports a result made of values.
func (r *running) table(command string, cols []Column, rows [][]sqltype.Datum) error {
	r.command, r.rows = command, int64(len(rows))
	sink, shownCols := r.shown(r.sink, cols)
	if err := sink.Begin(r.number, shownCols); err != nil {
		return err
	}
	types := make([]sqltype.Type, len(cols))
	for i, c := range cols {
		types[i] = c.Type
	}
	for len(rows) > 0 {
		n := min(len(rows), vec.BatchSize)
		b := vec.NewBatch(types)
		for _, row := range rows[:n] {
			for i, d := range row {
				b.Cols[i].AppendDatum(d)
			}
		}
		b.Len = n
		if err := sink.Batch(b); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return r.sink.End(Tag{Command: command, Rows: r.rows})
}

// run runs a statement within the open transaction.
func (r *running) run(st ast.Stmt) (err error) {
	switch st.(type) {
	case *ast.Set, *ast.Reset, *ast.Show, *ast.SetTransaction, *ast.Discard, *ast.Deallocate, *ast.LockTable:
	default:
		fresh := r.s.fresh()
		defer func() { err = r.s.afterLocks(st, fresh, err) }()
	}
	switch st := st.(type) {
	case *ast.Select, *ast.Insert, *ast.Update, *ast.Delete, *ast.Merge:
		return r.query(st)
	case *ast.Explain:
		return r.explain(st)
	case *ast.Execute:
		return r.execute(st)
	}
	if done, err := r.utility(st); done {
		return err
	}
	return r.ddl(st)
}

// compiled is a plan with what is needed to know whether it still holds.
type compiled struct {
	stamp   catalog.Stamp
	root    plan.Node
	cols    []Column // nil where the statement returns no rows
	command string
	params  []sqltype.Type
	writes  bool
	lasting bool // it writes to more than temporary tables
	told    map[tableKey]told
	// external are the tables of other models that the plan reads or writes.
	external map[tableKey]toldExternal
	locks    []tableLock
	rowKeys  []plan.RowKey // of a cursor's query: what its last columns are
	once     bool          // it is for this moment alone
	choice   *choice       // nil where this plan is always the one to use
	custom   bool          // made for the values of one execution
}

// planKey finds a plan. The settings in it are those that change what a text means.
type planKey struct {
	db        uint32
	sql       string
	params    string
	zone      string
	style     sqltype.Style
	path      string
	set       opt.Settings
	mysql     bool
	maintains bool
}

func paramKey(params []Param) string {
	if len(params) == 0 {
		return ""
	}
	b := make([]byte, 0, 8*len(params))
	for _, p := range params {
		b = append(b, byte(p.Type.ID), byte(p.Type.Elem), byte(p.Type.Mod), byte(p.Type.Mod>>8), byte(p.Type.Mod>>16), byte(p.Type.Mod>>24))
	}
	return string(b)
}

// given is the values of the parameters as the caller gave them.
func (r *running) given() []Param {
	if r.params != nil {
		return r.params
	}
	return r.s.call.Params
}

func (s *Session) scope(snap *catalog.Snapshot, params []Param) *plan.Scope {
	s.isKnown() // to the plan
	types := make([]sqltype.Type, len(params))
	for i, p := range params {
		types[i] = p.Type
	}
	return &plan.Scope{
		Catalog: snap, Path: s.set.path, Temp: s.temp, CatalogFunc: (&catalogCall{s, snap}).catalogFunction, Database: s.db.Name, Params: types,
		Env:      s.TextEnv(),
		Virtual:  virtualTable,
		Implies:  opt.Implies,
		External: s.external,
		Cursor:   s.currentRow,
		Sequence: s.e.seqs.function, SequenceBy: s.e.seqs.functionBy,
	}
}

// namesOnly is a scope in which relations can be found, and no expressions be bound.
func (s *Session) namesOnly(snap *catalog.Snapshot) *plan.Scope {
	return &plan.Scope{Catalog: snap, Path: s.set.path, Temp: s.temp, Database: s.db.Name, Virtual: virtualTable, External: s.external}
}

// general finds or makes the plan of a statement for all values of its parameters.
func (r *running) general(st ast.Stmt) (*compiled, error) {
	s := r.s
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return nil, err
	}
	r.snap = snap
	params := r.given()
	if c, err := r.again(st, params); c != nil || err != nil {
		return c, err
	}
	key := planKey{db: uint32(s.db.ID), sql: r.sql, params: paramKey(params), zone: s.set.zone.String(), style: s.set.style, path: s.temp + "," + strings.Join(s.set.path, ","), set: s.set.planner, mysql: r.text.mysql, maintains: r.text.maintains}
	if c, ok := s.e.plans.get(key, r.holds); ok && !r.declares {
		holds, err := s.externalHolds(r.ctx, c)
		if err != nil {
			return nil, err
		}
		if holds {
			r.cached = true
			r.remember(st, params, c)
			return c, nil
		}
	}
	begun := time.Now()
	defer func() { r.planning = time.Since(begun) }()
	scope := s.scope(snap, params)
	scope.History, scope.External = r.history, r.external
	scope.MySQL, scope.Maintains = r.text.mysql, r.text.maintains
	scope.RowKeys = r.declares
	c, err := s.e.plan(r.ctx, scope, st, s.set.planner)
	if err != nil {
		return nil, err
	}
	c.stamp = snap.Stamp
	if r.pasts == nil && !r.declares && !c.once { // other times are not the same the next time
		c.choice = newChoice(st, c)
		s.e.plans.put(key, c)
	}
	return c, nil
}

// holds reports whether a plan that was kept is one for the catalog and the statistics of now.
func (r *running) holds(c *compiled) bool { return c.stamp == r.snap.Stamp && !r.s.e.stale(c) }

func (e *Engine) stale(c *compiled) bool {
	for k, n := range c.told {
		if e.stats.generation(k) != n.gen || e.rows.moved(k, n.rows) {
			return true
		}
	}
	return false
}

// plan binds and optimizes a statement.
func (e *Engine) plan(ctx context.Context, scope *plan.Scope, st ast.Stmt, set opt.Settings) (*compiled, error) {
	return e.planWith(ctx, scope, st, set, nil)
}

// planWith plans a statement for the values of its parameters, where there are any.
func (e *Engine) planWith(ctx context.Context, scope *plan.Scope, st ast.Stmt, set opt.Settings, params []exec.Param) (*compiled, error) {
	q, err := plan.Bind(scope, st)
	if err != nil {
		return nil, err
	}
	if len(params) > 0 {
		withValues(q, params)
	}
	source := e.newPlanSource(ctx)
	for _, t := range q.External {
		source.TableStats(t)
	}
	res, err := opt.Optimize(q, source, set)
	if err != nil {
		return nil, fmt.Errorf("plan statement: %w", err)
	}
	c := &compiled{root: res.Root, command: q.Command, params: q.Params, writes: q.Writes, lasting: q.Lasting, once: q.Once, told: source.told, external: source.external}
	c.locks = usedTables(q, scope.Catalog)
	if q.Out != nil {
		c.rowKeys = q.RowKeys
		seen := q.Out
		for _, k := range q.RowKeys {
			seen = seen[:len(seen)-k.Cols]
		}
		c.cols = make([]Column, 0, len(seen))
		for _, col := range seen {
			c.cols = append(c.cols, Column{Name: q.Info[col].Name, Type: q.Info[col].Type})
		}
	}
	return c, nil
}

// values converts the given parameters to the types that the plan wants.
func (r *running) values(c *compiled) ([]exec.Param, error) {
	given := r.given()
	out := r.s.room(len(c.params))
	for i, t := range c.params {
		if i >= len(given) {
			return nil, dberr.SQL(dberr.StateUndefinedParameter, "there is no parameter $%d", i+1)
		}
		out[i] = exec.Param{Type: t, Datum: given[i].Datum}
		if given[i].Type.ID != sqltype.Unknown || given[i].Datum.Null {
			continue
		}
		d, err := sqltype.ParseEnv(&sqltype.Env{Now: r.s.work.start, Location: r.s.set.zone, Style: r.s.set.style}, t, given[i].Datum.Str)
		if err != nil {
			if e := dberr.As(err); e != nil {
				_ = e.WithField(fmt.Sprintf("params[%d]", i))
			}
			return nil, err
		}
		out[i].Datum = d
	}
	return out, nil
}

// sqlUser is who current_user says one is: SQL knows one user.
const sqlUser = "weft"

func (r *running) env() *fn.Env {
	s := r.s
	begun := r.begun
	if begun.IsZero() { // what runs is no statement of a client's
		begun = time.Now()
	}
	env := s.environment()
	*env = fn.Env{
		Now: s.work.start, Location: s.set.zone, Style: s.set.style, Database: s.db.Name, User: sqlUser,
		Statement: begun, Backend: s.number, ServerVersion: s.e.opts.Version, Session: &s.set.sequences, Host: alone{s}, Names: names{s},
	}
	return env
}

// query runs a statement that has a plan.
func (r *running) query(st ast.Stmt) error {
	c, err := r.compileLocked(st)
	if err != nil {
		return err
	}
	r.command = c.command
	if c.lasting && r.s.set.readOnly {
		return dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute %s in a read-only transaction", c.command)
	}
	sink, cols := r.shown(r.sink, c.cols)
	if err := sink.Begin(r.number, cols); err != nil {
		return err
	}
	out := sink.Batch
	if c.cols == nil {
		out = nil
	} else if limit := r.maxRows(); limit > 0 {
		out = limited(sink, limit)
	}
	n, err := r.exec(c, out)
	if err != nil {
		return err
	}
	r.rows = n
	r.ranWell(c)
	return r.sink.End(Tag{Command: c.command, Rows: n, Write: c.command != "SELECT"})
}

func (r *running) maxRows() int {
	n := r.s.call.MaxRows
	if n == 0 {
		n = r.s.e.opts.MaxRows
	}
	return n
}

// limited refuses results with too many rows: they are never cut short.
func limited(to Sink, limit int) func(*vec.Batch) error {
	seen := 0
	return func(b *vec.Batch) error {
		if seen += b.Rows(); seen > limit {
			return dberr.SQL(dberr.StateProgramLimit, "the result has more than %d rows", limit).
				WithHint("Add LIMIT, ask for more with max_rows, or stream the result.")
		}
		return to.Batch(b)
	}
}

// exec runs a plan that compile has given in the open transaction.
func (r *running) exec(c *compiled, out func(*vec.Batch) error) (int64, error) {
	params, err := r.values(c)
	if err != nil {
		return 0, err
	}
	if r.pasts != nil {
		defer r.reading()()
	}
	return r.s.runIn(r.s.execContextAt(r.ctx, r.snap, r.env()), c, params, out)
}

// onlyReads reports whether statements, up to the end of their transaction, only read.
func onlyReads(stmts []ast.Stmt) bool {
	for _, st := range stmts {
		switch st := st.(type) {
		case *ast.Commit, *ast.Rollback:
			return true
		case *ast.Select:
			if !selectReads(st) {
				return false
			}
		case *ast.Show, *ast.ShowTables, *ast.Describe, *ast.Set, *ast.Reset, *ast.Deallocate, *ast.Prepare:
		case *ast.Explain:
			if sel, ok := st.Query.(*ast.Select); !ok && st.Analyze || ok && !selectReads(sel) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func selectReads(sel *ast.Select) bool {
	reads := true
	ast.Walk(sel, func(n any) bool {
		switch n := n.(type) {
		case *ast.Insert, *ast.Update, *ast.Delete, *ast.Merge:
			reads = false
		case *ast.Select:
			reads = reads && len(n.Locking) == 0
		}
		return reads
	})
	return reads
}

// control runs the statements that begin and end transactions.
func (s *Session) control(ctx context.Context, r *running, rest []ast.Stmt, st ast.Stmt) (done bool, err error) {
	if s.managed {
		if err := s.refuseControl(st); err != nil {
			return true, err
		}
	}
	switch st := st.(type) {
	case *ast.Begin:
		err = s.beginBlock(ctx, rest, st)
		if err == nil {
			err = r.done("BEGIN")
		}
	case *ast.Commit:
		if st.Chain && !s.block {
			return true, s.inBlock(st, "COMMIT AND CHAIN")
		}
		tag := "COMMIT"
		chain := s.opts
		if s.failed {
			tag = "ROLLBACK"
			s.rollback()
		} else if err = s.commit(ctx); err != nil {
			return true, err
		}
		err = s.chained(ctx, st.Chain, rest, chain, r, tag)
	case *ast.Rollback:
		if st.Chain && !s.block {
			return true, s.inBlock(st, "ROLLBACK AND CHAIN")
		}
		chain := s.opts
		s.rollback()
		err = s.chained(ctx, st.Chain, rest, chain, r, "ROLLBACK")
	case *ast.Savepoint:
		if err = s.inBlock(st, "SAVEPOINT"); err == nil {
			s.saves = append(s.saves, savepoint{name: st.Name, at: s.tx.Savepoint(), rows: slices.Clone(s.work.rows), set: s.set})
			err = r.done("SAVEPOINT")
		}
	case *ast.ReleaseSavepoint:
		if err = s.inBlock(st, "RELEASE SAVEPOINT"); err == nil {
			var i int
			if i, err = s.findSave(st.Name, st); err == nil {
				s.saves = s.saves[:i]
				err = r.done("RELEASE")
			}
		}
	case *ast.RollbackTo:
		err = s.rollbackTo(r, st)
	default:
		return false, nil
	}
	return true, err
}

func (s *Session) chained(ctx context.Context, chain bool, rest []ast.Stmt, opts txn.TxOptions, r *running, tag string) error {
	if chain {
		s.block = true
		if err := s.begin(ctx, nil, opts); err != nil {
			return err
		}
	}
	return r.done(tag)
}

func (s *Session) inBlock(st ast.Stmt, what string) error {
	if !s.block {
		return dberr.SQL(dberr.StateNoActiveTransaction, "%s can only be used in transaction blocks", what).At(st.Pos())
	}
	if s.failed {
		return dberr.SQL(dberr.StateFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	return nil
}

func (s *Session) findSave(name string, st ast.Stmt) (int, error) {
	for i := len(s.saves) - 1; i >= 0; i-- {
		if s.saves[i].name == name {
			return i, nil
		}
	}
	return 0, dberr.SQL(dberr.StateInvalidSavepoint, "savepoint %q does not exist", name).At(st.Pos())
}

func (s *Session) rollbackTo(r *running, st *ast.RollbackTo) error {
	if !s.block {
		return s.inBlock(st, "ROLLBACK TO SAVEPOINT")
	}
	i, err := s.findSave(st.Name, st)
	if err != nil {
		return err
	}
	if err := s.tx.RollbackTo(s.saves[i].at); err != nil {
		return fmt.Errorf("roll back to savepoint %q: %w", st.Name, err)
	}
	s.saves, s.failed = s.saves[:i+1], false
	for name, c := range s.cursors {
		if c.level > i {
			delete(s.cursors, name)
		}
	}
	s.work.rows = slices.Clone(s.saves[i].rows)
	s.set = s.saves[i].set
	return r.done("ROLLBACK")
}

// beginBlock runs BEGIN. Statements of the same text before it belong to the block.
func (s *Session) beginBlock(ctx context.Context, rest []ast.Stmt, st *ast.Begin) error {
	if s.failed {
		return dberr.SQL(dberr.StateFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	opts := s.withDefaults(s.opts)
	applyModes(&opts, st.Modes)
	if st.AsOf != nil {
		if s.tx != nil {
			return dberr.SQL(dberr.StateActiveTransaction, "BEGIN AS OF SYSTEM TIME within a transaction").At(st.AsOf.Pos())
		}
		if st.Modes.ReadOnly == ast.No {
			return dberr.SQL(dberr.StateSyntax, "AS OF SYSTEM TIME cannot be READ WRITE").At(st.Pos())
		}
		ts, err := s.asOf(ctx, st.AsOf)
		if err != nil {
			return err
		}
		opts.AsOf, opts.ReadOnly = ts, true
	}
	if s.tx != nil { // BEGIN within a transaction changes nothing but that COMMIT is waited for
		s.block = true
		return nil
	}
	if !hasEnd(rest) {
		rest = rest[:1] // more statements may come with a later call
	}
	s.block = true
	if err := s.begin(ctx, rest[1:], opts); err != nil {
		s.block = false
		return err
	}
	return nil
}

// hasEnd reports whether the text also ends the transaction that it begins.
func hasEnd(rest []ast.Stmt) bool {
	for _, st := range rest[1:] {
		switch st.(type) {
		case *ast.Commit, *ast.Rollback:
			return true
		}
	}
	return false
}

// applyModes sets isolation and access mode. READ COMMITTED and weaker levels get
// snapshot isolation, which is stronger, as PostgreSQL's REPEATABLE READ does.
func applyModes(o *txn.TxOptions, m ast.TxnModes) {
	switch m.Isolation {
	case ast.IsolationDefault:
	case ast.Serializable:
		o.Isolation = txn.Serializable
	default:
		o.Isolation = txn.Snapshot
	}
	switch m.ReadOnly {
	case ast.Yes:
		o.ReadOnly = true
	case ast.No:
		o.ReadOnly = false
	}
}
