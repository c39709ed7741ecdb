// Package continuous runs continuous queries: what is defined once and does its work for
// as long as it is. There are two kinds.
//
// A Query aggregates the messages of a channel in windows of time, and writes the results
// to a channel or to a table. A Fill is an INSERT … SELECT of SQL that fills a metric from
// others, and is run once for each window of time, after it has ended:
//
//	INSERT INTO ts.cpu_5m SELECT $1 AS time, host, avg(value) AS value
//	  FROM ts.cpu WHERE time >= $1 AND time < $2 GROUP BY host
//
// Both have one life: a definition that is committed is run, one that is changed is begun
// anew with what it is now, and one that is paused or removed ends; how far a query is and
// what it wrote are committed in one transaction, so a crash or a restart neither loses nor
// repeats a result; what fails is tried again, with pauses that grow, holds up no other
// query, and is told. Nothing is skipped in silence.
//
// Of queries over channels it promises that the results are those of package window for
// the messages in the order of their offsets, whatever happens meanwhile, and that who
// reads the output sees the results of a message and all before it or none of them.
// Expressions are SQL's, and see the columns of stream.<channel> in the state of that
// transaction. A query holds its windows in memory; MaxWindows and MaxBytes bound them, and
// one that would need more stops before the message that needs it. What a transaction
// writes is bounded by batches (see step).
//
// Of queries that fill metrics it promises that windows are run in order and, once that has
// succeeded, not again but for what was written into them later, no later than the bound of
// the definition, also where the program was down meanwhile. A run again replaces points by
// points of the same time and tags; those of which the statement gives none any more stay.
// Late is what was written to metrics: of tables and other models that a statement reads it
// is not noticed.
//
// It owns the keys of keyspace.SpaceContinuous (docs/format/continuous.md) and reads object
// 1 of keyspace.SpaceDerived, where former versions kept definitions; and while there are
// queries a hook of commits, a goroutine that starts and ends them, and one for each that
// is not paused.
//
// It refuses queries over several channels, sub-queries and windows of SQL within
// expressions, and to write results where they would come back as messages; and statements
// that write anything else than one metric, that read the metric they write, and that do
// not name both ends of the window.
package continuous

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// The limits of every query.
const (
	MaxNameBytes    = 255
	MaxKeys         = 16
	MaxAggregates   = 64
	MaxExprBytes    = 16 << 10
	MaxGroupBytes   = 2 << 10 // of the keys of a group, as they are kept
	DefaultWindows  = 100_000 // that are open or kept
	MaxWindows      = 1_000_000
	MaxBytes        = 256 << 20 // of the records of windows
	batchMessages   = 1000      // that one transaction reads
	batchResults    = 1000      // that one transaction writes, about
	batchStateBytes = 4 << 20   // of windows that one transaction writes, about
)

// Options tunes a Service. The zero value is good.
type Options struct {
	// Failed, where set, is told of each step that failed; it is tried again.
	Failed func(database, name string, err error)
	// Batch is how many messages one transaction reads. Default 1,000.
	Batch int
	// Retry is the wait after the first failure; it doubles up to 64 times that. Default 500 ms.
	Retry time.Duration
	// Idle has no query run, so that only Step does; for tests.
	Idle bool
}

// Service is the continuous queries of a store. Safe for concurrent use.
type Service struct {
	txns     *txn.Store
	engine   *query.Engine
	channels *streaming.Store
	series   *timeseries.Store
	opts     Options

	ctx  context.Context
	end  context.CancelFunc
	work sync.WaitGroup
	wake chan struct{} // has a token where definitions may have changed

	// mu is taken by the hook of commits for nothing; it takes no other.
	mu struct {
		sync.Mutex
		closed  bool
		stop    func() // of the hook; nil before the first query
		running map[ref]*running
		faults  map[ref]fault
	}

	// moves has what is closed, and replaced, when a query has got on, or does not, or a
	// definition has changed. Its lock is a leaf: the hook of commits takes it.
	moves struct {
		sync.Mutex
		moved chan struct{}
	}
}

// ref names a query for good: ids are given out once in a database.
type ref struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

// running is a query that runs.
type running struct {
	version txn.Timestamp // of its definition
	end     context.CancelFunc
	done    chan struct{}
}

// fault is why a query does not get on.
type fault struct {
	err error
	at  time.Time
}

// Open returns the service, and starts the queries that are there. Close ends it, and
// must come before the engine and the store are closed.
func Open(txns *txn.Store, engine *query.Engine, channels *streaming.Store, series *timeseries.Store, opts Options) (*Service, error) {
	if opts.Batch <= 0 {
		opts.Batch = batchMessages
	}
	if opts.Retry <= 0 {
		opts.Retry = 500 * time.Millisecond
	}
	s := &Service{txns: txns, engine: engine, channels: channels, series: series, opts: opts, wake: make(chan struct{}, 1)}
	s.mu.running, s.mu.faults = map[ref]*running{}, map[ref]fault{}
	s.moves.moved = make(chan struct{})
	s.ctx, s.end = context.WithCancel(context.Background())
	found := 0
	err := txns.View(s.ctx, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for _, space := range []keyspace.Space{keyspace.SpaceContinuous, keyspace.SpaceDerived} {
			dbs, err := keyspace.Databases(it, space)
			if err != nil {
				return err
			}
			found += len(dbs)
		}
		return nil
	})
	if err != nil {
		s.end()
		return nil, fmt.Errorf("open continuous queries: %w", err)
	}
	if found > 0 {
		if err := s.listen(s.ctx); err != nil {
			s.end()
			return nil, fmt.Errorf("open continuous queries: %w", err)
		}
	}
	return s, nil
}

// Close ends all queries where they are, and returns once nothing of them runs.
func (s *Service) Close() error {
	s.mu.Lock()
	s.mu.closed = true
	stop := s.mu.stop
	s.mu.Unlock()
	s.end()
	if stop != nil {
		stop()
	}
	s.work.Wait()
	return nil
}

// listen begins to hear of definitions, and to run what is defined.
func (s *Service) listen(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return dberr.New(dberr.ErrUnavailable, "SHUTTING_DOWN", "continuous queries are closed")
	}
	if s.mu.stop != nil {
		return nil
	}
	since, stop := s.txns.OnCommitBriefly(s.hear)
	if err := s.txns.WaitVisible(ctx, since); err != nil {
		stop()
		return err
	}
	s.mu.stop = stop
	if s.opts.Idle {
		return nil
	}
	s.work.Add(1)
	go s.supervise()
	s.poke()
	return nil
}

func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// hear is the hook of commits.
func (s *Service) hear(set *txn.ChangeSet) {
	for i := range set.Ops {
		_, space, obj, _, ok := keyspace.Split(set.Ops[i].Key)
		if ok && space == keyspace.SpaceContinuous && (obj == objQueries || obj == objFills) {
			s.poke()
			s.move() // who waits for a query of which nothing runs yet
			return
		}
	}
}

// sweepEvery is how often what dropped queries have left is looked for.
const sweepEvery = 10 * time.Second

// supervise starts and ends queries as they are defined.
func (s *Service) supervise() {
	defer s.work.Done()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(s.reconcile(), s.sweep()); err != nil && s.ctx.Err() == nil && s.opts.Failed != nil {
			s.opts.Failed("", "", fmt.Errorf("read the definitions of continuous queries: %w", err))
		}
		select {
		case <-s.wake:
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// wanted is a query that is to run.
type wanted struct {
	version txn.Timestamp
	query   func() *runner // one of the two
	fill    func() *task
}

// run runs the query until it is gone, paused or changed, or ctx ends.
func (w *wanted) run(ctx context.Context) {
	if w.fill != nil {
		w.fill().loop(ctx)
		return
	}
	w.query().run(ctx)
}

// defined is what is defined and not paused.
func (s *Service) defined(ctx context.Context) (map[ref]wanted, error) {
	want, former := map[ref]wanted{}, map[keyspace.DatabaseID]bool{}
	err := s.each(ctx, func(tx *txn.Tx, database string, db keyspace.DatabaseID) error {
		list, err := queries(tx, db)
		if err != nil {
			return err
		}
		for _, q := range list {
			if at := (ref{db, q.id}); !q.Paused {
				want[at] = wanted{version: q.version, query: func() *runner { return s.newRunner(at, database, q.Name) }}
			}
		}
		fills, err := fillRecords(tx, db)
		for _, r := range fills {
			switch {
			case r.id == 0:
				former[db] = true
			case !r.Paused:
				want[ref{db, r.id}] = wanted{version: r.version, fill: func() *task { return &task{f: s.fills(db, database), id: r.id, name: r.Name} }}
			}
		}
		return err
	})
	if err != nil || len(former) == 0 {
		return want, err
	}
	for db := range former {
		if err := s.adopt(ctx, db); err != nil {
			return nil, err
		}
	}
	return s.defined(ctx)
}

// reconcile starts what is defined and not paused, and ends all else.
func (s *Service) reconcile() error {
	want, err := s.defined(s.ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	var over []*running
	for at, r := range s.mu.running {
		if w, ok := want[at]; !ok || w.version != r.version {
			over = append(over, r)
		}
	}
	s.mu.Unlock()
	for _, r := range over {
		r.end()
		<-r.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, w := range want {
		if s.mu.running[at] == nil {
			s.startLocked(at, w)
		}
	}
	return nil
}

func (s *Service) startLocked(at ref, w wanted) {
	ctx, end := context.WithCancel(s.ctx)
	r := &running{version: w.version, end: end, done: make(chan struct{})}
	s.mu.running[at] = r
	s.work.Go(func() {
		defer func() {
			s.mu.Lock()
			delete(s.mu.running, at)
			delete(s.mu.faults, at)
			s.move() // it may be paused now
			s.mu.Unlock()
			end()
			close(r.done)
			s.poke() // it may have been resumed since
		}()
		w.run(ctx)
	})
}

// now is the time of the store's clock.
func (s *Service) now() time.Time { return s.txns.Clock().Now() }

// each calls fn for each database.
func (s *Service) each(ctx context.Context, fn func(tx *txn.Tx, database string, db keyspace.DatabaseID) error) error {
	list, err := s.engine.Databases(ctx)
	if err != nil {
		return err
	}
	for _, d := range list {
		id, err := s.engine.DatabaseID(ctx, d.Name, false)
		if errors.Is(err, dberr.ErrNotFound) {
			continue // it was dropped meanwhile
		}
		if err == nil {
			err = s.txns.View(ctx, func(tx *txn.Tx) error { return fn(tx, d.Name, id) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fail notes why a query does not get on; nil: it does.
func (s *Service) fail(r *runner, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.mu.faults, r.at)
		return
	}
	s.mu.faults[r.at] = fault{err, time.Now()}
	s.move()
}

// moved is closed when a query has got on, or does not, or a definition has changed.
func (s *Service) moved() <-chan struct{} {
	s.moves.Lock()
	defer s.moves.Unlock()
	return s.moves.moved
}

func (s *Service) move() {
	s.moves.Lock()
	defer s.moves.Unlock()
	close(s.moves.moved)
	s.moves.moved = make(chan struct{})
}
