package txn

// Reads is what a serializable transaction that writes or might has read: keys and
// ranges, also those where nothing was.
type Reads struct{ set readSet }

// Reads returns what the transaction has read so far. It outlives the transaction.
func (tx *Tx) Reads() *Reads {
	for _, it := range tx.iters {
		it.cover()
	}
	r := &Reads{}
	for _, s := range tx.reads.spans {
		if s.point {
			r.set.addKey(s.lower)
		} else {
			r.set.addRange(s.lower, s.upper)
		}
	}
	r.set.merge()
	return r
}

// Touched says whether a commit wrote something of what was read, so that reading it
// again might give something else.
func (r *Reads) Touched(set *ChangeSet) bool {
	for i := range set.Ops {
		if r.set.has(set.Ops[i].Key) {
			return true
		}
	}
	return false
}
