package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/deadline"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Session is a sequence of requests that may share a transaction: BEGIN in one
// and COMMIT in a later one. Not safe for concurrent use.
type Session struct {
	e        *Engine
	number   int64 // among the sessions of the process: its pid in system catalogs
	db       catalog.Database
	set      settings
	prepared map[string]*preparedText // nil before the first PREPARE

	tx      *txn.Tx
	block   bool // between BEGIN and COMMIT
	failed  bool // an error has happened in the block
	several bool // the request has several statements
	managed bool // somebody else ends the transaction, not SQL
	work    txWork
	saves   []savepoint
	opts    txn.TxOptions // of the transaction that an implicit begin makes
	call    *Request
	begun   time.Time      // when the statement that is running was; zero before the first
	met     *txn.Contended // keys over which the request has failed, nil before that

	cursors map[string]*cursor
	dice    *fn.Dice // of random(), nil before setseed()

	shownNames shownNames // what was looked up to show object ids
	pasts      *pasts     // of the statement that is running

	advisory sessionLocks

	turn     *turn  // that it is part of, for one request; nil for others
	quiet    bool   // it holds the quiet of its database
	temp     string // the schema of temporary objects, "" before the first
	onCommit map[keyspace.ObjectID]ast.OnCommit
}

// txWork is what a transaction has done outside of its writes, to be settled when it ends.
type txWork struct {
	start    time.Time
	rows     tableCounts                // change of row counts
	changed  tableCounts                // rows written
	analyzed []tableKey                 // tables whose statistics it has stored
	drops    bool                       // something waits to be removed
	touched  map[tableKey]bool          // tables of which the count is no longer known
	saved    settings                   // to go back to on rollback
	locals   map[string]string          // values of before SET LOCAL, by setting
	opts     txn.TxOptions              // it was begun with
	queried  bool                       // it has done more than to change settings
	locked   bool                       // LOCK TABLE has run, or advisory locks were asked for first
	advised  bool                       // an advisory lock was asked for
	waited   bool                       // one was waited for
	advisory []advisoryKey              // its advisory locks
	types    []*catalog.UserType        // changed ones, to be made known after the commit
	wait     *exec.Deferral             // what deferred constraints are to be checked for
	modes    constraintModes            // what SET CONSTRAINTS has said
	made     map[keyspace.ObjectID]bool // types that were made
	counters []tableKey                 // of sequences, that were made
}

type savepoint struct {
	name string
	at   txn.Savepoint
	rows tableCounts
	set  settings
}

// NewSession opens a session on a database.
func (e *Engine) NewSession(ctx context.Context, database string) (*Session, error) {
	db, err := e.database(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return e.session(db), nil
}

func (e *Engine) session(db catalog.Database) *Session {
	return &Session{e: e, number: e.nextSession(), db: db, set: e.defaultSettings()}
}

// nextSession numbers a session, from 1; numbers come again after 2³¹-1.
func (e *Engine) nextSession() int64 { return (e.sessions.Add(1)-1)%math.MaxInt32 + 1 }

// InTransaction reports whether a BEGIN waits for its COMMIT or ROLLBACK.
func (s *Session) InTransaction() bool { return s.block }

// Failed reports whether the open transaction can only be rolled back.
func (s *Session) Failed() bool { return s.failed }

// Close rolls back what is open and drops what is temporary.
func (s *Session) Close() {
	s.rollback()
	s.unlockAllAdvisory(nil)
	s.dropTemp()
}

// Execute runs a request. What it writes is durable once nil is returned; on
// error the transaction that the request made has been rolled back. A transaction that
// conflicts with another is run again, as long as no result has left the engine.
func (e *Engine) Execute(ctx context.Context, req Request, sink Sink) error {
	create := req.CreateDatabase && !isDefault(req.Database)
	if create { // a mistyped name in a query must not become a database
		text, err := e.parse(req.SQL, req.Dialect)
		if err != nil {
			return err
		}
		create = !text.reads
	}
	db, err := e.database(ctx, req.Database, create)
	if err != nil {
		return err
	}
	t := e.turn(db)
	defer t.done()
	return t.execute(ctx, req, sink)
}

// Execute runs a request in the session.
func (s *Session) Execute(ctx context.Context, req Request, sink Sink) (err error) {
	limit := req.Timeout
	if limit == 0 {
		limit = s.e.opts.Timeout
	}
	bounded := deadline.New(ctx, limit)
	defer bounded.Cancel(nil)
	ctx = bounded
	defer func() { err = s.classify(ctx, err) }()
	defer s.letGo()
	text, err := s.e.parseFor(req.SQL, req.Dialect, req.Maintains)
	if err != nil {
		return s.abort(err)
	}
	if n := text.params; len(req.Params) != n && (len(req.Params) < n || n > 0 || len(text.stmts) > 0) && !(len(req.Params) > n && len(text.stmts) == 0) {
		return s.abort(dberr.SQL(dberr.StateUndefinedParameter, "the statement has %d parameters, but %d values were given", n, len(req.Params)).WithField("params"))
	}
	if req.OneStatement && len(text.stmts) > 1 {
		return s.abort(dberr.New(dberr.ErrInvalid, "SEVERAL_STATEMENTS", "the text has %d statements, but only one can be run here", len(text.stmts)).WithField("sql"))
	}
	s.call, s.several, s.met = s.called(req), len(text.stmts) > 1, nil
	locked := s.markAdvisory()
	for attempt := 0; ; attempt++ {
		var held *heldSink // nil for what only reads, which never conflicts
		out := sink
		if !text.reads {
			held = s.hold(sink)
			out = held
		}
		inBlock, started := s.block, s.work.queried || len(s.saves) > 0
		err := s.runAll(ctx, text, req, out)
		if err == nil {
			return held.release()
		}
		if !dberr.RunAgain(err) || inBlock && started || held == nil || held.sent || attempt >= s.e.opts.Retries || !sameTransaction(text.stmts) {
			return err
		}
		if inBlock && s.tx == nil {
			return err // its COMMIT failed, so there is no block any more
		}
		if e := dberr.As(err); inBlock && s.work.locked && e != nil && e.SQLState == dberr.StateDeadlock {
			return err // it would go on to hold what the others wait for
		}
		s.unlockAllAdvisory(locked)
		if e := s.e.opts.Events.Retry; e != nil {
			e(attempt + 1)
		}
		if inBlock { // its first query: nobody knows yet what it has read
			if rerr := s.restart(ctx, s.work.opts); rerr != nil {
				return rerr
			}
		} else {
			s.rollback()
			if attempt > 0 && !s.quiet && defines(text.stmts) { // writers would be in its way for ever
				release, err := s.e.quiet.hold(ctx, s.db.ID)
				if err != nil {
					return err
				}
				s.quiet = true
				defer func() { s.quiet = false; release() }()
			}
			if s.met == nil {
				s.met = new(txn.Contended)
			}
			if s.met.Learn(err) && attempt < 4 {
				continue // it waits for the key instead of some time
			}
		}
		if err := backoff(ctx, attempt); err != nil {
			return err
		}
	}
}

// defines reports whether a statement changes the catalog.
func defines(stmts []ast.Stmt) bool {
	for _, st := range stmts {
		switch st.(type) {
		case *ast.AlterTable, *ast.CreateTable, *ast.CreateTableAs, *ast.CreateIndex, *ast.Reindex, *ast.RefreshMatView, *ast.Drop,
			*ast.Truncate, *ast.Rename, *ast.SetSchema, *ast.AlterEnum, *ast.AlterDomain, *ast.AlterSequence:
			return true
		}
	}
	return false
}

// sameTransaction reports whether all statements make one transaction, so that
// running all of them again does nothing twice.
func sameTransaction(stmts []ast.Stmt) bool {
	for i, st := range stmts {
		switch st := st.(type) {
		case *ast.Commit, *ast.Rollback:
			if i != len(stmts)-1 {
				return false
			}
		case *ast.CreateDatabase:
			return false
		case *ast.Drop:
			if st.Kind == ast.KindDatabase {
				return false
			}
		}
	}
	return true
}

// backoff waits a random time that grows with the attempts.
func backoff(ctx context.Context, attempt int) error {
	limit := min(time.Millisecond<<min(attempt, 6), 50*time.Millisecond)
	t := time.NewTimer(rand.N(limit) + 50*time.Microsecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// limited runs one statement within statement_timeout, which a statement before it
// may have set.
func (s *Session) limited(ctx context.Context, text *parsed, i int, st ast.Stmt, sink Sink) error {
	if s.set.statementTimeout <= 0 {
		return s.statement(ctx, text, i, st, sink)
	}
	ctx, cancel := context.WithTimeout(ctx, s.set.statementTimeout)
	defer cancel()
	return s.classify(ctx, s.statement(ctx, text, i, st, sink))
}

// classify gives the errors of contexts the classes that callers act on.
func (s *Session) classify(ctx context.Context, err error) error {
	if err == nil || dberr.As(err) != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.Canceled):
		e := dberr.SQL(dberr.StateQueryCanceled, "canceling statement due to statement timeout")
		e.Class, e.Code = dberr.ErrTimeout, "STATEMENT_TIMEOUT"
		return e
	case errors.Is(err, context.Canceled):
		return dberr.SQL(dberr.StateQueryCanceled, "canceling statement due to user request")
	}
	return err
}

// parsed is a text with its statements.
type parsed struct {
	sql   string
	mysql bool // the dialect in which it means what stmts say
	// maintains says that it may write to materialized views.
	maintains bool
	stmts     []ast.Stmt
	params    int  // the highest parameter number
	reads     bool // all statements only read
	// recent is the plan that the only statement of the text ran last.
	recent atomic.Pointer[recentPlan]
}

// textKey finds a parsed text.
type textKey struct {
	sql       string
	mysql     bool
	maintains bool
}

func (e *Engine) parse(sql, dialect string) (*parsed, error) {
	return e.parseFor(sql, dialect, false)
}

// parseFor is parse, for who may write to materialized views or not: the plans of a text
// are kept with it.
func (e *Engine) parseFor(sql, dialect string, maintains bool) (*parsed, error) {
	key := textKey{sql: sql, maintains: maintains}
	switch dialect {
	case "", "postgresql":
	case "mysql":
		key.mysql = true
	default:
		return nil, dberr.New(dberr.ErrUnsupported, "UNKNOWN_DIALECT", "dialect %q is not supported", dialect).WithField("dialect").
			WithHint(`The dialects are "postgresql" and "mysql".`)
	}
	if p, ok := e.texts.get(key, nil); ok {
		return p, nil
	}
	read := parse.Parse
	if key.mysql {
		read = parse.ParseMySQL
	}
	stmts, err := read(sql, parse.Limits{MaxBytes: e.opts.MaxSQLBytes, MaxNesting: e.opts.MaxNesting})
	if err != nil {
		return nil, err
	}
	p := &parsed{sql: sql, mysql: key.mysql, maintains: maintains, stmts: stmts, reads: onlyReads(stmts)}
	for _, st := range stmts {
		if _, ok := st.(*ast.Prepare); !ok { // its parameters are those of EXECUTE
			p.params = max(p.params, ast.MaxParam(st))
		}
	}
	if len(sql) <= 16<<10 {
		e.texts.put(key, p)
	}
	return p, nil
}

// abort marks an open block as failed and passes the error on.
func (s *Session) abort(err error) error {
	if err != nil && s.block {
		s.failed = true
	}
	return err
}

// letGo gives back the locks of a transaction in which a statement has failed, as far as it
// can only go back: those who wait for them need not wait for its ROLLBACK.
func (s *Session) letGo() {
	if !s.failed || s.tx == nil {
		return
	}
	if n := len(s.saves); n == 0 {
		s.tx.ReleaseLocks()
	} else {
		_ = s.tx.RollbackTo(s.saves[n-1].at) // ROLLBACK TO does so again, and says what is wrong
	}
}

// runAll runs the statements of a text. Those outside of BEGIN and COMMIT are one transaction.
func (s *Session) runAll(ctx context.Context, text *parsed, req Request, sink Sink) error {
	s.opts = txn.TxOptions{Isolation: req.Isolation, ReadOnly: req.ReadOnly, Durability: req.Durability}
	if s.opts.Durability == txn.DurabilityDefault {
		s.opts.Durability = txn.DurabilityOf(ctx)
	}
	s.opts = s.withDefaults(s.opts)
	for i, st := range text.stmts {
		if err := s.limited(ctx, text, i, st, sink); err != nil {
			if s.block {
				s.failed = true
			} else {
				s.rollback()
			}
			return err
		}
	}
	if !s.block {
		return s.commit(ctx)
	}
	return nil
}

// withDefaults applies what SET has made the default of transactions.
func (s *Session) withDefaults(o txn.TxOptions) txn.TxOptions {
	if s.set.defaultIsolation == txn.Snapshot {
		o.Isolation = txn.Snapshot
	}
	o.ReadOnly = o.ReadOnly || s.set.defaultReadOnly
	return o
}

// restart begins the block's transaction anew. Settings stay as they are.
func (s *Session) restart(ctx context.Context, opts txn.TxOptions) error {
	opts.After = nil // the one before, which may hold those locks, ends only when the new one has begun
	opts.Session = uint64(s.number)
	tx, err := s.e.store.Begin(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	w := &s.work
	if w.locked {
		tx.Inherit(s.tx)
	}
	s.joinHolder(tx)
	s.tx.Rollback()
	s.tx, s.failed, s.saves = tx, false, nil
	s.work = txWork{start: time.Now(), saved: w.saved, locals: w.locals, opts: opts, locked: w.locked, advisory: w.advisory}
	return nil
}

// begin opens the transaction where none is open. Where rest, everything until its
// end, only reads, so does it, and then it keeps no read set; nil rest is not known.
func (s *Session) begin(ctx context.Context, rest []ast.Stmt, opts txn.TxOptions) error {
	if s.tx != nil {
		return nil
	}
	return s.open(ctx, len(rest) > 0 && onlyReads(rest), opts)
}

// open opens the transaction, of which reads says that it only reads.
func (s *Session) open(ctx context.Context, reads bool, opts txn.TxOptions) error {
	asked := opts.ReadOnly
	opts.ReadOnly = reads || opts.ReadOnly && (s.temp == "" || opts.AsOf != 0) // temporary tables may be written to
	if !opts.ReadOnly && !s.quiet {
		if err := s.e.quiet.wait(ctx, s.db.ID); err != nil {
			return err
		}
	}
	if s.met != nil {
		opts.After = s.met
	}
	opts.Session = uint64(s.number)
	tx, err := s.e.store.Begin(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	s.joinHolder(tx)
	s.tx = tx
	s.work = txWork{start: s.begun, saved: s.set, opts: opts}
	if s.turn != nil {
		s.turn.counting(&s.work)
	}
	if s.begun.IsZero() {
		s.work.start = time.Now()
	}
	s.set.readOnly = asked
	s.set.isolation = opts.Isolation
	return nil
}

// commit ends the transaction, if there is one, and settles what goes with it.
func (s *Session) commit(ctx context.Context) error {
	if s.tx == nil {
		return nil
	}
	if err := s.beforeCommit(ctx); err != nil {
		s.rollback()
		return err
	}
	tx, work := s.tx, s.work
	if d := s.set.durability; d != txn.DurabilityDefault {
		tx.SetDurability(d)
	}
	if err := tx.Commit(ctx); err != nil {
		s.rollback()
		return err
	}
	s.end()
	if s.turn != nil {
		s.turn.ended = tx
	}
	for name, was := range work.locals {
		if err := s.restore(name, was); err != nil {
			return err
		}
	}
	s.set.isolation, s.set.readOnly = work.saved.isolation, work.saved.readOnly
	for _, t := range work.types {
		t.Register()
	}
	s.settleCounters(work.counters)
	s.e.rows.apply(work.rows, work.touched, tx.CommitTimestamp())
	s.e.stats.addChanges(work.changed)
	for _, k := range work.analyzed {
		s.e.stats.committed(k, nil)
	}
	if work.drops {
		// The drop has happened; only space waits to be given back. What fails here is
		// done at the next start.
		if err := s.e.runDrops(s.e.ctx); err != nil && s.e.opts.Events.Background != nil {
			s.e.opts.Events.Background(err)
		}
	}
	return nil
}

// past gives the transaction in which the running statement reads as of a time.
func (s *Session) past(ts uint64) (*txn.Tx, error) {
	if s.pasts == nil {
		return nil, dberr.SQL(dberr.StateInternal, "a statement reads the past without having asked for it")
	}
	return s.pasts.at(ts)
}

func (s *Session) rollback() {
	if s.tx != nil {
		s.tx.Rollback()
		s.set = s.work.saved
		s.settleCounters(s.work.counters)
	}
	s.end()
}

// settleCounters removes what the ended transaction has left of sequences that are not
// there. What fails here is done at the next start.
func (s *Session) settleCounters(made []tableKey) {
	if err := s.e.seqs.ended(s.e.ctx, made); err != nil && s.e.opts.Events.Background != nil {
		s.e.opts.Events.Background(err)
	}
}

func (s *Session) end() {
	s.endCursors()
	s.endAdvisory()
	if s.managed { // the transaction is the session
		s.unlockAllAdvisory(nil)
	}
	s.tx, s.block, s.failed, s.saves, s.work = nil, false, false, nil, txWork{}
}

func (w *txWork) addRows(k tableKey, n int64) {
	if n != 0 {
		w.rows.add(k, n)
	}
}
