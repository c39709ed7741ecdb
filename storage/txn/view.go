package txn

// Before returns a view of a transaction: it reads what the transaction read at sp, its own
// writes of before included and those since left out. What is read through it counts as read
// by the transaction, with which it ends. It refuses to write, to lock and to commit, and
// Rollback does nothing. A view is not to be used once the transaction has gone back to a
// savepoint set before sp.
func (tx *Tx) Before(sp Savepoint) *Tx {
	of, seen := tx, sp.writes
	if tx.of != nil {
		of, seen = tx.of, min(tx.seen, sp.writes)
	}
	return &Tx{store: of.store, opts: of.opts, of: of, seen: seen}
}

// getBefore is GetVersion that sees the first writes of the transaction.
func (tx *Tx) getBefore(key []byte, seen int) (value []byte, at Timestamp, ok bool, err error) {
	if err := tx.usable(); err != nil {
		return nil, 0, false, err
	}
	if !tx.opts.ReadOnly {
		tx.looked = true
		if run, i, found := tx.writes.find(key); found {
			if w := tx.writes.before(&tx.writes.slots[tx.writes.order[run][i]], seen); w != nil {
				return w.value, 0, !w.deleted, nil
			}
		}
		if tx.opts.Isolation == Serializable {
			tx.reads.addKey(key)
		}
	}
	value, ts, ok, err := tx.store.pool.Get(key, tx.snapshot)
	return value, Timestamp(ts), ok, err
}
