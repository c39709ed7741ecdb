package txn

import "bytes"

// WroteWithin says whether the transaction has written a key of [lower, upper), and not
// taken it back.
func (tx *Tx) WroteWithin(lower, upper []byte) bool {
	w, seen := &tx.writes, len(tx.writes.log)
	if tx.of != nil {
		w, seen = &tx.of.writes, tx.seen
	}
	for i := range w.slots {
		s := &w.slots[i]
		if w.before(s, seen) != nil && bytes.Compare(s.key, lower) >= 0 && (upper == nil || bytes.Compare(s.key, upper) < 0) {
			return true
		}
	}
	return false
}
