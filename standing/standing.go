// Package standing runs continuous queries: named INSERT … SELECT statements of SQL
// that fill a metric from others, window by window, as time passes.
//
//	INSERT INTO ts.cpu_5m SELECT $1 AS time, host, avg(value) AS value
//	  FROM ts.cpu WHERE time >= $1 AND time < $2 GROUP BY host
//
// runs once for each window [$1, $2) of the length that its definition says, after the
// window has ended and its delay has passed.
//
// It promises that each window is run in order and, once it has succeeded, not again but
// for what came late; that what a run wrote and that it has run commit in one transaction,
// so that no crash runs a window twice or leaves one out; that a window into which
// something was written after it had run, no later than the definition's bound, is run
// again, also where the program was down meanwhile; that definitions, progress and the
// last runs survive restarts; and that a run that fails is tried again, with pauses that
// grow, and holds up the windows behind it and no other query.
//
// A run again replaces points by points of the same time and tags; those of which the
// statement gives none any more stay. Late is what was written to metrics: of tables and
// other models that a statement reads it is not noticed. A statement should depend on its
// window and on what it reads alone.
//
// It owns object 1 of keyspace.SpaceDerived (docs/format/standing.md) and a goroutine
// for each query. It refuses statements that write anything else than one metric, that
// read the metric they write, and that do not name both ends of the window.
package standing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// Options tunes the model. The zero value is good.
type Options struct {
	// Manual has no query run but by RunDue.
	Manual bool
	// Events, where set, is told what runs. It must be quick.
	Events Events
}

// Events are told what happens in the background. Any may be nil.
type Events struct {
	// Failed is called where a run failed; it is tried again.
	Failed func(database, name string, err error)
}

// Store is the continuous queries of one database. Safe for concurrent use.
type Store struct {
	*core
	db       keyspace.DatabaseID
	database string
	series   *timeseries.Store
}

// core is what the stores of all databases share.
type core struct {
	txns   *txn.Store
	engine *query.Engine
	models *timeseries.Store
	opts   Options
	ctx    context.Context // until Close
	end    context.CancelFunc
	work   sync.WaitGroup

	// mu guards the tasks; it is held over no I/O, and takes nothing.
	mu struct {
		sync.Mutex
		tasks  map[taskID]*task
		closed bool
	}
}

type taskID struct {
	db   keyspace.DatabaseID
	name string
}

// Open starts the queries of all databases. Close ends them, and must come before engine,
// model and store are closed.
func Open(txns *txn.Store, engine *query.Engine, models *timeseries.Store, opts Options) (*Store, error) {
	c := &core{txns: txns, engine: engine, models: models, opts: opts}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.mu.tasks = make(map[taskID]*task)
	s, err := (&Store{core: c}).In(c.ctx, "", false)
	if err == nil {
		err = c.startAll()
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("open continuous queries of time series: %w", err)
	}
	return s, nil
}

// startAll starts the queries that there are.
func (c *core) startAll() error {
	list, err := c.engine.Databases(c.ctx)
	if err != nil {
		return err
	}
	for _, d := range list {
		s, err := (&Store{core: c}).In(c.ctx, d.Name, false)
		if err != nil {
			return err
		}
		queries, err := s.List(c.ctx)
		if err != nil {
			return err
		}
		for i := range queries {
			s.start(queries[i].Name)
		}
	}
	return nil
}

// In returns the queries of another database, which is made where it is missing and
// create is set.
func (s *Store) In(ctx context.Context, database string, create bool) (*Store, error) {
	id, err := s.engine.DatabaseID(ctx, database, create)
	if err != nil {
		return nil, err
	}
	return &Store{core: s.core, db: id, database: database, series: s.models.In(id)}, nil
}

// Close ends what runs; a run under way counts for nothing, and is done in the next life.
func (s *Store) Close() error {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.end()
	s.work.Wait()
	return nil
}

func (c *core) now() time.Time { return c.txns.Clock().Now() }

// objQueries is the object of keyspace.SpaceDerived with the records of queries. Part of
// the format: docs/format/standing.md.
const objQueries keyspace.ObjectID = 1

func (s *Store) prefix() []byte {
	return keyspace.AppendPrefix(nil, s.db, keyspace.SpaceDerived, objQueries)
}

func (s *Store) key(name string) []byte { return enc.AppendString(s.prefix(), name) }

// load reads a record; nil where there is none.
func (s *Store) load(tx *txn.Tx, name string) (*record, error) {
	v, ok, err := tx.Get(s.key(name))
	if err != nil || !ok {
		return nil, err
	}
	r := &record{}
	if err := r.decode(v); err != nil {
		return nil, fmt.Errorf("continuous query %q: %w", name, err)
	}
	return r, nil
}

func errNoQuery(name string) error {
	return dberr.New(dberr.ErrNotFound, "CONTINUOUS_QUERY_NOT_FOUND", "there is no continuous query %q", shorten(name)).WithField("name")
}

// Create makes a query and starts it; one that is there is an error of class ErrExists.
func (s *Store) Create(ctx context.Context, d Definition) (Status, error) {
	now := s.now()
	if err := d.settle(now); err != nil {
		return Status{}, err
	}
	st, err := s.statement(ctx, d.Query)
	if err != nil {
		return Status{}, err
	}
	r := &record{Definition: d, created: now, next: d.Start, target: st.target}
	err = s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Serializable}, func(tx *txn.Tx) error {
		there, err := s.load(tx, d.Name)
		if err != nil {
			return err
		}
		if there != nil {
			return dberr.New(dberr.ErrExists, "CONTINUOUS_QUERY_EXISTS", "there is a continuous query %q already", shorten(d.Name)).WithField("name").
				WithHint("delete it first; what it has written stays")
		}
		r.seen = tx.ReadTimestamp()
		return tx.Put(s.key(d.Name), r.append(nil))
	})
	if err != nil {
		return Status{}, err
	}
	s.start(d.Name)
	return r.status(), nil
}

// Get describes a query.
func (s *Store) Get(ctx context.Context, name string) (st Status, err error) {
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		r, err := s.load(tx, name)
		if err != nil {
			return err
		}
		if r == nil {
			return errNoQuery(name)
		}
		st = r.status()
		return nil
	})
	return st, err
}

// List describes all queries, by name.
func (s *Store) List(ctx context.Context) (list []Status, err error) {
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		list = nil
		prefix := s.prefix()
		it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
		defer it.Close()
		for it.Next() {
			var r record
			if err := r.decode(it.Value()); err != nil {
				return fmt.Errorf("continuous query at %x: %w", it.Key(), err)
			}
			list = append(list, r.status())
		}
		return it.Err()
	})
	return list, err
}

// Delete removes a query. What it has written stays.
func (s *Store) Delete(ctx context.Context, name string) error {
	_, err := s.change(ctx, name, func(*record) error { return errGone })
	return err
}

// Pause has a query run no more until it is resumed.
func (s *Store) Pause(ctx context.Context, name string) (Status, error) {
	return s.change(ctx, name, func(r *record) error {
		r.Paused = true
		return nil
	})
}

// Resume has a query go on: with the window that is next, or where start is not zero with
// the first that begins at it or later, be it that windows are run once more, or left out.
// One that runs already goes on from there, too.
func (s *Store) Resume(ctx context.Context, name string, start time.Time) (Status, error) {
	return s.change(ctx, name, func(r *record) error {
		r.Paused = false
		if start.IsZero() {
			return nil
		}
		d := r.Definition
		d.Start = start
		if err := d.settle(s.now()); err != nil {
			return err
		}
		r.next, r.Start = d.Start, d.Start
		return nil
	})
}

// errGone removes the record that change has read.
var errGone = errors.New("to be removed")

// change changes the record of a query, and has the query look at it.
func (s *Store) change(ctx context.Context, name string, fn func(r *record) error) (st Status, err error) {
	err = s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Serializable}, func(tx *txn.Tx) error {
		r, err := s.load(tx, name)
		if err != nil {
			return err
		}
		if r == nil {
			return errNoQuery(name)
		}
		switch err := fn(r); {
		case errors.Is(err, errGone):
			return tx.Delete(s.key(name))
		case err != nil:
			return err
		}
		st = r.status()
		return tx.Put(s.key(name), r.append(nil))
	})
	if err == nil {
		s.start(name) // wakes it
	}
	return st, err
}

// shorten cuts a text of a message down.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
