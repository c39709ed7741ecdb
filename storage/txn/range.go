package txn

import "errors"

// HasWrites says whether the transaction has written anything that was not rolled back.
func (tx *Tx) HasWrites() bool {
	if tx.of != nil {
		return min(tx.seen, len(tx.of.writes.log)) > 0
	}
	return len(tx.writes.log) > 0
}

// ReadRange records [lower, upper) as read, as an iterator over all of it would. A nil upper
// is no bound. It is for readers that know the range's content at the transaction's snapshot
// from elsewhere. It fails as a read would, where the transaction has ended.
func (tx *Tx) ReadRange(lower, upper []byte) error {
	if err := tx.usable(); err != nil {
		return err
	}
	if tx.of != nil {
		tx = tx.of
	}
	if tx.tracksReads() {
		tx.reads.addRange(lower, upper)
	}
	return nil
}

// Taken reports whether a key has a value, for a caller that writes the key if it has not. An
// absence is not recorded as read, since the write is validated; it must not be undone by
// RollbackTo while the transaction goes on to commit.
func (tx *Tx) Taken(key []byte) (bool, error) {
	if tx.of != nil || !tx.tracksReads() {
		_, taken, err := tx.Get(key)
		return taken, err
	}
	if err := tx.usable(); err != nil {
		return false, err
	}
	tx.looked = true
	if w := tx.writes.get(key); w != nil {
		return !w.deleted, nil
	}
	_, _, taken, err := tx.store.pool.Get(key, tx.snapshot)
	if taken && err == nil {
		tx.reads.addKey(key)
	}
	return taken, err
}

// ConflictKey is the key over which a transaction failed with an error of class
// dberr.ErrConflict; nil where the error names none. A transaction that locks it before
// anything else, and is run again, does not fail over it again.
func ConflictKey(err error) []byte {
	var c *conflictAt
	if errors.As(err, &c) {
		return c.key
	}
	return nil
}
