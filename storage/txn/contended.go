package txn

import (
	"bytes"
	"context"
	"fmt"
	"slices"
)

// maxContended bounds the keys that a transaction which is run again locks beforehand.
const maxContended = 8

// Contended are the keys over which the attempts at a transaction have failed so far, for
// who begins and commits transactions without Update. A key that everybody changes is then
// passed from one to the next, where each attempt would meet another commit otherwise. The
// zero value has none. Not safe for concurrent use.
type Contended struct{ keys [][]byte }

// Learn notes the key over which an attempt has failed, so that the next one
// (TxOptions.After) has it to itself. It reports whether the key is a new one; the next
// attempt then needs no pause.
func (c *Contended) Learn(err error) bool {
	key := ConflictKey(err)
	at, found := slices.BinarySearchFunc(c.keys, key, bytes.Compare)
	if len(key) == 0 || found || len(c.keys) >= maxContended {
		return false
	}
	c.keys = slices.Insert(c.keys, at, bytes.Clone(key))
	return true
}

// lock locks them for tx, in order, so that two who do so cannot meet in a circle.
func (c *Contended) lock(ctx context.Context, tx *Tx) error {
	for _, key := range c.keys {
		if _, err := tx.Lock(ctx, key, LockExclusive, LockWait); err != nil {
			return fmt.Errorf("begin transaction: %w", err)
		}
	}
	return nil
}
