package txn

// HasWrites says whether the transaction has written anything that was not rolled back.
func (tx *Tx) HasWrites() bool { return len(tx.writes.log) > 0 }

// ReadRange records [lower, upper) as read, as an iterator over all of it would. A nil upper
// is no bound. It is for readers that know the range's content at the transaction's snapshot
// from elsewhere. It fails as a read would, where the transaction has ended.
func (tx *Tx) ReadRange(lower, upper []byte) error {
	if err := tx.usable(); err != nil {
		return err
	}
	if tx.tracksReads() {
		tx.reads.addRange(lower, upper)
	}
	return nil
}
