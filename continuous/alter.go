package continuous

import (
	"context"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Change is what of a query over a channel may become another while it runs: what is nil
// stays as it is. All else decides what the windows hold, and would have them hold what
// no query gives.
type Change struct {
	Paused     *bool
	Delay      *time.Duration
	Lateness   *time.Duration
	Idle       *time.Duration // 0: never
	OnChange   *bool
	SkipFaulty *bool
	LateTo     *string // empty: late messages are dropped
	MaxWindows *int    // 0: DefaultWindows
	Output     *Output // where results go from then on
}

// Alter changes a query. What it reads from then on, and what it writes, is by the new
// definition: a step of the query that runs meanwhile is either before the change or after
// it. Windows stay, with what they hold.
//
// With more Lateness windows that were given up stay given up: a message for them is late
// as before. With more Delay the watermark stays where it is until messages are that far
// ahead of it. Results that were given stay where they are when Output becomes another; a
// result that takes the place of one of them goes to the new one.
func (s *Service) Alter(ctx context.Context, database, name string, c Change) error {
	if c == (Change{}) {
		return invalid("MISSING_FIELD", "", "there is nothing to be changed").
			WithHint("what may change is paused, delay_ms, lateness_ms, idle_ms, emit, on_error, late_channel, max_windows and output")
	}
	return s.update(ctx, database, func(t *query.Transaction, db keyspace.DatabaseID) error {
		q, err := lookup(t.Tx(), db, name)
		if err == nil && q == nil {
			err = errNoQuery(name)
		}
		if err != nil {
			return err
		}
		was := *q
		if err := s.apply(ctx, t, db, q, &c); err != nil {
			return err
		}
		return s.rewrite(ctx, t.Tx(), db, &was, q)
	})
}

// apply makes the change to a definition, and holds what comes of it against the rules.
func (s *Service) apply(ctx context.Context, t *query.Transaction, db keyspace.DatabaseID, q *Query, c *Change) error {
	moved := c.Output != nil && (c.Output.Channel != q.Output.Channel || c.Output.Schema != q.Output.Schema || c.Output.Table != q.Output.Table)
	if moved {
		if q.Output.View != 0 {
			return dberr.New(dberr.ErrConstraint, "QUERY_OF_VIEW", "continuous query %q keeps the materialized view %s, so it writes there", q.Name, q.Output.name()).WithField("output")
		}
		q.Output = Output{Channel: c.Output.Channel, Schema: c.Output.Schema, Table: c.Output.Table}
	}
	if c.Lateness != nil && *c.Lateness > q.Lateness {
		st, err := readState(t.Tx(), db, q.id)
		if err != nil {
			return err
		}
		if st.watermark != window.None {
			q.forgotten = max(q.forgotten, st.watermark-q.Lateness.Microseconds())
		}
	}
	set(&q.Paused, c.Paused)
	set(&q.Delay, c.Delay)
	set(&q.Lateness, c.Lateness)
	set(&q.Idle, c.Idle)
	set(&q.OnChange, c.OnChange)
	set(&q.SkipFaulty, c.SkipFaulty)
	set(&q.LateTo, c.LateTo)
	if c.MaxWindows != nil {
		if q.MaxWindows = *c.MaxWindows; q.MaxWindows == 0 {
			q.MaxWindows = DefaultWindows
		}
	}
	if err := q.check(); err != nil {
		return err
	}
	if !moved || q.Output.Table == "" {
		return nil
	}
	conf, err := q.config(describer(ctx, t, ""))
	if err != nil {
		return err
	}
	return makeTable(ctx, t, q, q.columns(conf))
}

// set gives a field the value that a change has for it.
func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// rewrite writes a definition that was changed. One that is the same as it was is left
// alone, so that the query is not begun anew for it.
func (s *Service) rewrite(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, was, q *Query) error {
	before, err := was.record()
	if err != nil {
		return err
	}
	rec, err := q.record()
	if err != nil || string(rec) == string(before) {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	return tx.Put(queryKey(db, q.Name), rec)
}

// SetPaused has a query wait where it is, or go on from there.
func (s *Service) SetPaused(ctx context.Context, database, name string, paused bool) error {
	return s.Alter(ctx, database, name, Change{Paused: &paused})
}

// FillChange is what of a query that fills a metric may become another while it runs: what
// is nil stays as it is. From where it goes on is for Resume.
type FillChange struct {
	Paused      *bool
	Delay, Late *time.Duration
}

// Alter changes a query: with less Late, what comes later than that is counted as too
// late, and with more, what is written from then on has windows run again that would not
// have been.
func (f *Fills) Alter(ctx context.Context, name string, c FillChange) (FillStatus, error) {
	if c == (FillChange{}) {
		return FillStatus{}, invalid("MISSING_FIELD", "", "there is nothing to be changed").WithHint("what may change is paused, delay and late")
	}
	return f.change(ctx, name, func(r *fillRecord) error {
		set(&r.Paused, c.Paused)
		set(&r.Delay, c.Delay)
		set(&r.Late, c.Late)
		return r.Fill.checkSpans()
	})
}
