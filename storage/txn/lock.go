package txn

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
)

// Lock locks key, which need not exist, until the transaction ends or goes back to
// a savepoint set before. It returns false where LockSkip found the key locked.
// From then on no other transaction commits a write of key; reads go on.
//
// Errors of class dberr.ErrConflict mean that the transaction is to be run again:
// SERIALIZATION_FAILURE where the key was written after the transaction's snapshot,
// which a commit would be refused for (one that has read and written nothing yet
// gets a new snapshot instead), and DEADLOCK_DETECTED where the holder of the lock
// waits for this transaction. LOCK_NOT_AVAILABLE is the answer to LockNoWait.
func (tx *Tx) Lock(ctx context.Context, key []byte, mode LockMode, wait LockPolicy) (bool, error) {
	if err := tx.writable(); err != nil {
		return false, err
	}
	s := tx.store
	switch {
	case len(key) == 0:
		return false, dberr.New(dberr.ErrInvalid, "EMPTY_KEY", "a key must have at least one byte")
	case mode != LockShared && mode != LockExclusive:
		return false, dberr.New(dberr.ErrInvalid, "LOCK_MODE", "lock mode %d is neither shared nor exclusive", mode)
	case wait > LockSkip:
		return false, dberr.New(dberr.ErrInvalid, "LOCK_WAIT", "way of waiting %d is none of those there are", wait)
	case !tx.room(len(key) + lockOverhead):
		return false, dberr.New(dberr.ErrTooLarge, "TRANSACTION_TOO_LARGE", "the locks of the transaction are over the maximum of %d bytes", s.opts.MaxTxBytes).
			WithHint("lock in several transactions, or raise the limit")
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("lock: %w", contextError(ctx))
	}
	ok, err := s.locks.acquire(ctx, tx.owner(), key, mode, wait)
	if err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	if !ok {
		return false, nil
	}
	if err := tx.usable(); err != nil {
		return false, err
	}
	s.settleLock()
	at, _, err := s.pool.Changed(key, tx.snapshot)
	if err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	if at > tx.snapshot && tx.blank() {
		if err := tx.renew(ctx, at); err != nil {
			return false, fmt.Errorf("lock: %w", err)
		}
	}
	if at > tx.snapshot {
		return false, fmt.Errorf("lock: %w", s.conflict(&clash{key, at}))
	}
	return true, nil
}

// blank says whether nothing has been read or written yet, so that nobody knows
// which snapshot the transaction has.
func (tx *Tx) blank() bool { return !tx.looked && len(tx.writes.log) == 0 }

// renew takes a new snapshot that has the commit of at.
func (tx *Tx) renew(ctx context.Context, at uint64) error {
	s := tx.store
	if err := s.waitPublished(ctx, at); err != nil {
		return err
	}
	s.reenter(tx)
	return nil
}

// settleLock waits for the commit that may have looked for locks before the last
// one was granted: what it wrote is in the buffer afterwards.
func (s *Store) settleLock() {
	s.commit.Lock()
	defer s.commit.Unlock()
}

// owner is what the transaction's locks are held by.
func (tx *Tx) owner() *lockOwner {
	if o := tx.locks.Load(); o != nil {
		return o
	}
	tx.locks.CompareAndSwap(nil, &lockOwner{}) // who takes its weak locks over may have been faster
	return tx.locks.Load()
}
