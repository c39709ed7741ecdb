package txn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// Update runs fn in a transaction and commits it; it rolls back on error and on
// panic, and runs fn again (with jittered backoff) on a write conflict until ctx
// ends or the retry limit is reached.
//
// Where fn takes locks, those of a failed attempt are held until the next one has
// begun, whose snapshot then has the newest version of these keys: whoever has
// waited for a lock once does not wait again, and a key that everybody writes is
// passed from one to the next.
func (s *Store) Update(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	return s.update(ctx, opts, fn, nil)
}

// update is Update that calls done, where it is not nil, for every transaction that has ended.
func (s *Store) update(ctx context.Context, opts TxOptions, fn func(tx *Tx) error, done func(tx *Tx)) error {
	var held retry
	if opts.After != nil {
		for _, key := range opts.After.keys {
			held.add(string(key), LockExclusive)
		}
		opts.After = nil
	}
	defer func() { s.locks.release(held.owner) }()
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, opts, &held, fn, done)
		if err == nil || !dberr.RunAgain(err) {
			return err
		}
		if attempt > s.opts.MaxRetries {
			return fmt.Errorf("gave up after %d conflicts: %w", attempt, err)
		}
		s.learn(&held, err)
		if werr := s.backOff(ctx, attempt, err, &held, opts.ReadUnsynced); werr != nil {
			return fmt.Errorf("%w (after %d conflicts)", werr, attempt)
		}
		if f := s.opts.Events.Retried; f != nil {
			f(attempt)
		}
	}
}

// retry is what one attempt of Update leaves to the next.
type retry struct {
	owner *lockOwner // of the locks that are held from one attempt to the next
	need  []need     // locks to hold when the next attempt begins, in key order
	ahead bool       // the next attempt reads what is not visible yet
}

type need struct {
	key  string
	mode LockMode
}

// learn notes what the next attempt is to hold: what this one held and, after a
// deadlock, what it did not get. For that it lets go of everything.
func (s *Store) learn(r *retry, err error) {
	s.locks.each(r.owner, r.add)
	var c *conflictAt
	if errors.As(err, &c) && c.at == 0 {
		r.add(string(c.key), LockExclusive)
		s.locks.release(r.owner)
	}
}

func (r *retry) add(key string, mode LockMode) {
	i, ok := slices.BinarySearchFunc(r.need, key, func(n need, key string) int { return cmp.Compare(n.key, key) })
	if ok {
		r.need[i].mode = max(r.need[i].mode, mode)
		return
	}
	r.need = slices.Insert(r.need, i, need{key, mode})
}

// lockNeeded acquires what r needs. Where that meets a deadlock, everything is let go and
// acquired in key order, which cannot meet with others who do so.
func (s *Store) lockNeeded(ctx context.Context, r *retry) error {
	if len(r.need) == 0 {
		return nil
	}
	if r.owner == nil {
		r.owner = &lockOwner{}
	}
	for again := 0; ; again++ {
		err := s.lockAll(ctx, r)
		if err == nil || again == s.opts.MaxRetries || !dberr.RunAgain(err) {
			return err
		}
		s.locks.release(r.owner)
	}
}

func (s *Store) lockAll(ctx context.Context, r *retry) error {
	for _, n := range r.need {
		if _, err := s.locks.acquire(ctx, r.owner, []byte(n.key), n.mode, LockWait); err != nil {
			return err
		}
	}
	return nil
}

// beginLocked begins the next attempt of an Update, on a snapshot that has the
// newest versions of the keys it holds.
func (s *Store) beginLocked(ctx context.Context, opts TxOptions, r *retry) (*Tx, error) {
	if err := s.lockNeeded(ctx, r); err != nil {
		return nil, err
	}
	if len(r.need) > 0 {
		s.settleLock()
	}
	for {
		tx, err := s.begin(ctx, opts, r.ahead)
		if err != nil {
			return nil, err
		}
		tx.keepLocks = true
		if r.owner == nil {
			return tx, nil
		}
		tx.locks.Store(r.owner)
		var newest uint64
		for _, n := range r.need {
			newest = max(newest, s.pool.Newest([]byte(n.key)))
		}
		if newest <= tx.snapshot {
			return tx, nil
		}
		tx.Rollback()
		if err := s.waitPublished(ctx, newest); err != nil {
			return nil, err
		}
	}
}

func (s *Store) once(ctx context.Context, opts TxOptions, r *retry, fn func(tx *Tx) error, done func(tx *Tx)) error {
	tx, err := s.beginLocked(ctx, opts, r)
	if err != nil {
		return err
	}
	defer func() {
		tx.Rollback()
		r.owner = tx.locks.Load()
		if done != nil {
			done(tx)
		}
	}()
	if err = fn(tx); err == nil {
		if err := tx.Commit(ctx); err != nil {
			return err
		}
	}
	if r.ahead && tx.commitTS == 0 && !dberr.RunAgain(err) { // the outcome follows from what may not come to be
		if werr := s.waitPublished(ctx, tx.snapshot); werr != nil {
			return werr
		}
	}
	return err
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
// grows with the attempts; not so where the next attempt has locks to begin with. With
// unsynced the next attempt reads that commit as it is, unless it is visible by now.
func (s *Store) backOff(ctx context.Context, attempt int, conflict error, r *retry, unsynced bool) error {
	var c *conflictAt
	r.ahead = false
	if errors.As(conflict, &c) {
		if unsynced && c.at > s.published.Load() {
			r.ahead = true
		} else if err := s.waitPublished(ctx, c.at); err != nil {
			return err
		}
		if attempt == 1 || len(r.need) > 0 {
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
