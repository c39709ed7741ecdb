package txn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// Update runs fn in a transaction and commits it; it rolls back on error and on
// panic, and runs fn again (with jittered backoff) on a write conflict until ctx
// ends or the retry limit is reached.
func (s *Store) Update(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, opts, fn)
		if err == nil || !errors.Is(err, dberr.ErrConflict) {
			return err
		}
		if attempt > s.opts.MaxRetries {
			return fmt.Errorf("gave up after %d conflicts: %w", attempt, err)
		}
		if werr := s.backOff(ctx, attempt, err); werr != nil {
			return fmt.Errorf("%w (after %d conflicts)", werr, attempt)
		}
		if f := s.opts.Events.Retried; f != nil {
			f(attempt)
		}
	}
}

func (s *Store) once(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	tx, err := s.Begin(ctx, opts)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// View runs fn in a read-only transaction.
func (s *Store) View(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := s.Begin(ctx, TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(tx)
}

const (
	backOffFrom = 20 * time.Microsecond
	backOffTo   = 20 * time.Millisecond
)

// backOff waits until the commit that was in the way is visible, since before
// that the conflict is bound to happen again, and then for a random while that
// grows with the attempts.
func (s *Store) backOff(ctx context.Context, attempt int, conflict error) error {
	var at conflictAt
	if errors.As(conflict, &at) {
		if err := s.waitPublished(ctx, uint64(at)); err != nil {
			return err
		}
		if attempt == 1 {
			return nil
		}
	}
	most := min(backOffFrom<<min(attempt, 20), backOffTo)
	t := time.NewTimer(rand.N(most))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}
