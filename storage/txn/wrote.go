package txn

import "bytes"

// WroteWithin says whether the transaction has written a key of [lower, upper), and not
// taken it back.
func (tx *Tx) WroteWithin(lower, upper []byte) bool {
	for i := range tx.writes.slots {
		s := &tx.writes.slots[i]
		if s.head != none && bytes.Compare(s.key, lower) >= 0 && (upper == nil || bytes.Compare(s.key, upper) < 0) {
			return true
		}
	}
	return false
}
