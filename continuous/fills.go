package continuous

import (
	"context"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// Fills are the queries of one database that fill metrics. Safe for concurrent use.
type Fills struct {
	s        *Service
	db       keyspace.DatabaseID
	database string
	series   *timeseries.Store
}

// Fills returns the queries of a database that fill metrics.
func (s *Service) Fills(ctx context.Context, database string) (*Fills, error) {
	id, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return s.fills(id, database), nil
}

func (s *Service) fills(db keyspace.DatabaseID, database string) *Fills {
	return &Fills{s: s, db: db, database: database, series: s.series.In(db)}
}

func errNoFill(name string) error {
	return dberr.New(dberr.ErrNotFound, "CONTINUOUS_QUERY_NOT_FOUND", "there is no continuous query %q", shorten(name)).WithField("name")
}

// Create makes a query and starts it; one that is there is an error of class ErrExists.
func (f *Fills) Create(ctx context.Context, d Fill) (FillStatus, error) {
	now := f.s.now()
	if err := d.settle(now); err != nil {
		return FillStatus{}, err
	}
	st, err := f.statement(ctx, d.Query)
	if err != nil {
		return FillStatus{}, err
	}
	var r *fillRecord
	err = f.update(ctx, func(tx *txn.Tx) error {
		there, err := loadFill(tx, f.db, d.Name)
		if err != nil {
			return err
		}
		if there != nil {
			return dberr.New(dberr.ErrExists, "CONTINUOUS_QUERY_EXISTS", "there is a continuous query %q already", shorten(d.Name)).WithField("name").
				WithHint("delete it first; what it has written stays")
		}
		r = &fillRecord{Fill: d, created: now, target: st.target, fillState: fillState{next: d.Start, seen: tx.ReadTimestamp()}}
		return r.save(tx, f.db)
	})
	if err != nil {
		return FillStatus{}, err
	}
	return r.status(), nil
}

// update changes definitions, which the service hears of.
func (f *Fills) update(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if err := f.s.listen(ctx); err != nil {
		return err
	}
	return f.s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Serializable}, fn)
}

// Get describes a query.
func (f *Fills) Get(ctx context.Context, name string) (st FillStatus, err error) {
	err = f.s.txns.View(ctx, func(tx *txn.Tx) error {
		r, err := loadFill(tx, f.db, name)
		if err != nil {
			return err
		}
		if r == nil {
			return errNoFill(name)
		}
		st = r.status()
		return nil
	})
	return st, err
}

// List describes all queries, by name.
func (f *Fills) List(ctx context.Context) (list []FillStatus, err error) {
	err = f.s.txns.View(ctx, func(tx *txn.Tx) error {
		list = nil
		all, err := fillRecords(tx, f.db)
		for _, r := range all {
			list = append(list, r.status())
		}
		return err
	})
	return list, err
}

// Delete removes a query. What it has written stays.
func (f *Fills) Delete(ctx context.Context, name string) error {
	return f.update(ctx, func(tx *txn.Tx) error {
		r, err := loadFill(tx, f.db, name)
		if err != nil {
			return err
		}
		if r == nil {
			return errNoFill(name)
		}
		return r.remove(tx, f.db)
	})
}

// Pause has a query run no more until it is resumed.
func (f *Fills) Pause(ctx context.Context, name string) (FillStatus, error) {
	return f.change(ctx, name, func(r *fillRecord) error {
		r.Paused = true
		return nil
	})
}

// Resume has a query go on: with the window that is next, or where start is not zero with
// the first that begins at it or later, be it that windows are run once more, or left out.
// One that runs already goes on from there, too.
func (f *Fills) Resume(ctx context.Context, name string, start time.Time) (FillStatus, error) {
	return f.change(ctx, name, func(r *fillRecord) error {
		r.Paused = false
		if start.IsZero() {
			return nil
		}
		d := r.Fill
		d.Start = start
		if err := d.settle(f.s.now()); err != nil {
			return err
		}
		r.next, r.Start = d.Start, d.Start
		return nil
	})
}

// change changes the definition of a query, which has it begin anew with that.
func (f *Fills) change(ctx context.Context, name string, fn func(r *fillRecord) error) (st FillStatus, err error) {
	err = f.update(ctx, func(tx *txn.Tx) error {
		r, err := loadFill(tx, f.db, name)
		if err != nil {
			return err
		}
		if r == nil {
			return errNoFill(name)
		}
		if err := fn(r); err != nil {
			return err
		}
		st = r.status()
		return r.save(tx, f.db)
	})
	return st, err
}

// shorten cuts a text of a message down.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
