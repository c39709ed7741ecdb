package txn

import "bytes"

// Own calls fn for what the transaction itself has written in [lower, upper) and not taken
// back, keys in order and the newest write of each, until it returns false. A nil upper is
// no bound. The bytes must not be changed.
func (tx *Tx) Own(lower, upper []byte, fn func(key, value []byte, deleted bool) bool) {
	c := cursor{w: &tx.writes, seq: len(tx.writes.log)}
	if tx.of != nil {
		c = cursor{w: &tx.of.writes, seq: min(tx.seen, len(tx.of.writes.log))}
	}
	if c.seq == 0 {
		return
	}
	for c.seek(lower, false); ; {
		key, w := c.next(false)
		if key == nil || upper != nil && bytes.Compare(key, upper) >= 0 || !fn(key, w.value, w.deleted) {
			return
		}
	}
}

// Reserve has the commit leave room for n more events in the numbers of its change set
// (ChangeSet.Number), for writes of which each is several.
func (tx *Tx) Reserve(n int) { tx.reserved += n }
