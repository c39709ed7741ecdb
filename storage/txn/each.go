package txn

import (
	"bytes"
	"sync"

	"github.com/weftdb/weft/storage/records"
)

// Each calls fn for the entries of a range in their order, until it returns false. Key and
// value are valid during the call and must not be changed; at is the timestamp of the commit
// that wrote the entry, 0 where the transaction itself did. It sees what Iter would, and costs
// less: what it needs is used again by the next one.
func (tx *Tx) Each(opts IterOptions, fn func(key, value []byte, at Timestamp) bool) error {
	if tx.of != nil || !tx.opts.ReadOnly {
		return tx.eachOfIter(opts, fn)
	}
	if err := tx.usable(); err != nil {
		return err
	}
	w := walks.Get().(*walk)
	defer w.end(tx)
	w.begin(tx, opts)
	for {
		if err := tx.usable(); err != nil {
			return err
		}
		if !w.base.Next() {
			return w.base.Err()
		}
		key := w.base.Key()
		if !w.within(key) {
			return nil
		}
		value := w.base.Value()
		if err := w.base.Err(); err != nil {
			return err
		}
		if !fn(key, value, Timestamp(w.base.Timestamp())) {
			return nil
		}
	}
}

func (tx *Tx) eachOfIter(opts IterOptions, fn func(key, value []byte, at Timestamp) bool) error {
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		if !fn(it.Key(), it.Value(), it.Timestamp()) {
			break
		}
	}
	return it.Err()
}

// walk is what Each needs in a transaction without writes, reads to validate and own rows.
type walk struct {
	base         records.Iter
	reverse      bool
	lower, upper []byte // nil: open
	bounds       []byte // their memory
}

var walks = sync.Pool{New: func() any { return &walk{bounds: make([]byte, 0, 128)} }}

// begin copies the bounds, so that those of the caller may lie on its stack.
func (w *walk) begin(tx *Tx, opts IterOptions) {
	w.bounds = append(append(w.bounds[:0], opts.Lower...), opts.Upper...)
	if w.lower, w.upper = nil, nil; opts.Lower != nil {
		w.lower = w.bounds[:len(opts.Lower):len(opts.Lower)]
	}
	from := w.lower
	if opts.Upper != nil {
		w.upper = w.bounds[len(opts.Lower):]
	}
	if w.reverse = opts.Reverse; w.reverse {
		from = w.upper
	}
	w.base = tx.store.pool.Iter(tx.snapshot, w.lower, w.upper, w.reverse, &tx.stored)
	w.base.Seek(from)
}

// within checks the bound that the walk runs towards.
func (w *walk) within(key []byte) bool {
	if w.reverse {
		return bytes.Compare(key, w.lower) >= 0
	}
	return w.upper == nil || bytes.Compare(key, w.upper) < 0
}

// end lets go of what the walk holds. One that the transaction was told of, since it held on
// to files, is not used again: whoever ends the transaction may still be about to close it.
func (w *walk) end(tx *Tx) {
	known := w.base.Owned()
	w.base.Close()
	if known || tx.ended.Load() {
		return
	}
	w.base, w.lower, w.upper = records.Iter{}, nil, nil
	walks.Put(w)
}
