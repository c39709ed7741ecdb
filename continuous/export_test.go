package continuous

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Runner steps a query in the caller's goroutine, for services with Options.Idle.
type Runner struct{ r *runner }

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
	return &Runner{r}, nil
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
