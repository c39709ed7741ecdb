package txn

import (
	"context"
	"sync"
)

// Transactions whose memory is used again. A Tx that Begin returned answers with
// TRANSACTION_ENDED for as long as somebody holds on to it. Where it is sure that nobody
// does, Release, Apply and Look give its memory to the next transaction; in a build with the
// race detector they do not, so that use after the end is still told.

var released = sync.Pool{New: func() any { return new(Tx) }}

func newTx() *Tx { return released.Get().(*Tx) } //nolint:forcetypeassert // nothing else is in it

// Release is Rollback of a transaction that nobody holds on to, nor to an iterator or a view
// of it, nor to what was read in it: its memory is used for others. It also follows a Commit.
func (tx *Tx) Release() {
	tx.Rollback()
	if tx.of != nil || keepReleased {
		return
	}
	tx.reads.recycle()
	*tx = Tx{}
	released.Put(tx)
}

// Apply is Update for a function that keeps nothing of the transaction, as Release says. It
// returns the timestamp of the commit, 0 where nothing was written.
func (s *Store) Apply(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) (at Timestamp, err error) {
	err = s.update(ctx, opts, fn, func(tx *Tx) {
		at = tx.CommitTimestamp()
		tx.Release()
	})
	return at, err
}

// Look is View for a function that keeps nothing of the transaction, as Release says.
func (s *Store) Look(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := s.Begin(ctx, TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Release()
	return fn(tx)
}
