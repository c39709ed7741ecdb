package continuous

import (
	"bytes"
	"context"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Runner steps a query in the caller's goroutine, for services with Options.Idle.
type Runner struct {
	r         *runner
	Conflicts int // that Disturb has made
}

// NewRunner makes what steps a query, reading at most batch messages at once.
func (s *Service) NewRunner(ctx context.Context, database, name string, batch int) (*Runner, error) {
	db, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return nil, err
	}
	var q *Query
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		q, err = lookup(tx, db, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	if q == nil {
		return nil, errNoQuery(name)
	}
	r := s.newRunner(ref{db, q.id}, database, name)
	r.batch = batch
	return &Runner{r: r}, nil
}

// Disturb has each step for which when says so meet a conflict: the definition is changed
// just before the step commits, or where change is nil written anew.
func (r *Runner) Disturb(when func() bool, change func() error) {
	r.r.committing = func() error {
		if !when() {
			return nil
		}
		r.Conflicts++
		if change != nil {
			return change()
		}
		return r.r.s.txns.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			key := queryKey(r.r.at.db, r.r.name)
			v, _, err := tx.Get(key)
			if err != nil {
				return err
			}
			return tx.Put(key, v)
		})
	}
}

// Step is one transaction.
func (r *Runner) Step(ctx context.Context) (more bool, err error) {
	for {
		if more, err = r.r.step(ctx); !dberr.RunAgain(err) {
			return more, err
		}
	}
}

// CatchUp steps to the end of the channel.
func (r *Runner) CatchUp(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = r.Step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes what dropped queries have left.
func (s *Service) Sweep() error { return s.sweep() }

// FillRunner runs what fills metrics in the caller's goroutine, for services with
// Options.Idle.
type FillRunner struct {
	s       *Service
	tasks   map[ref]*task
	version map[ref]txn.Timestamp
}

// NewFillRunner makes one, which has begun with nothing.
func (s *Service) NewFillRunner() *FillRunner {
	return &FillRunner{s, map[ref]*task{}, map[ref]txn.Timestamp{}}
}

// RunDue runs what is due, as the background does, and returns when there is something to
// do next.
func (f *FillRunner) RunDue(ctx context.Context) (time.Duration, error) {
	want, err := f.s.defined(ctx)
	if err != nil {
		return 0, err
	}
	for at, t := range f.tasks {
		if want[at].version != f.version[at] {
			t.stop()
			delete(f.tasks, at)
		}
	}
	least := lookEvery
	for at, w := range want {
		if w.fill == nil {
			continue
		}
		if f.tasks[at] == nil {
			f.tasks[at], f.version[at] = w.fill(), w.version
		}
		if wait, ok := f.tasks[at].step(ctx); ok {
			least = min(least, wait)
		}
	}
	return least, nil
}

// PutFormerFill has a query in the record of former versions, as it is now, and no longer
// in that of this one.
func (s *Service) PutFormerFill(ctx context.Context, database, name string) error {
	db, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return err
	}
	return s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		r, err := loadFill(tx, db, name)
		if err != nil {
			return err
		}
		w := writer{formerVersion}
		w.text(r.Name)
		w.text(r.Query)
		w.numbers(uint64(r.Every), uint64(r.Delay), uint64(r.Late))
		w.times(r.Start)
		paused := byte(0)
		if r.Paused {
			paused = 1
		}
		w = append(w, paused)
		w.text(r.target)
		w.times(r.created, r.next)
		w.numbers(uint64(r.seen), r.runs, r.again, r.points, r.failed, r.tooLate)
		w.runs(r.last)
		if err := r.remove(tx, db); err != nil {
			return err
		}
		return tx.Put(formerKey(db, name), w)
	})
}

// FormerFills counts the records of former versions.
func (s *Service) FormerFills(ctx context.Context, database string) (n int, err error) {
	db, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return 0, err
	}
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(within(formerPrefix(db)))
		defer it.Close()
		for n = 0; it.Next(); {
			n++
		}
		return it.Err()
	})
	return n, err
}

// Harm says what Damage does.
type Harm struct{ LoseWindow, CutWindow, MoveWindow, LoseState, LoseQuery, LoseFill bool }

// Damage harms the records of the query q over a channel, or of f that fills a metric, of
// the default database.
func (s *Service) Damage(ctx context.Context, q, f string, h Harm) error {
	db, err := s.engine.DatabaseID(ctx, "", false)
	if err != nil {
		return err
	}
	return s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		def, err := lookup(tx, db, q)
		if err != nil {
			return err
		}
		fill, err := loadFill(tx, db, f)
		if err != nil {
			return err
		}
		it := tx.Iter(within(appendObject(nil, db, def.id)))
		defer it.Close()
		it.Next()
		key, rec := bytes.Clone(it.Key()), bytes.Clone(it.Value())
		switch {
		case h.LoseWindow:
			return tx.Delete(key)
		case h.CutWindow:
			return tx.Put(key, rec[:len(rec)-1])
		case h.MoveWindow:
			key[len(key)-1]++
			return tx.Put(key, rec)
		case h.LoseState:
			return tx.Delete(appendOf(db, objStates, def.id))
		case h.LoseQuery:
			return tx.Delete(queryKey(db, q))
		case h.LoseFill:
			return tx.Delete(appendOf(db, objStates, fill.id))
		}
		return nil
	})
}
