package txn

import (
	"bytes"

	"github.com/weftdb/weft/storage/records"
)

// iterator merges a snapshot of the store with the transaction's own writes as
// they were when it was made.
type iterator struct {
	tx    *Tx
	opts  IterOptions
	base  records.Iter
	own   cursor
	start []byte // where this run began: inclusive forward, exclusive (nil: no bound) in reverse
	count int    // rows from the snapshot since start was set
	moved bool   // Next was called since start was set
	ended bool   // and has returned false
	open  bool

	baseKey []byte // entry that base stands on, nil where it has none
	ownKey  []byte
	ownW    *write
	pull    uint8 // which sources move before the next comparison
	key     []byte
	value   []byte
	at      uint64
	err     error
}

const (
	pullBase = 1 << iota
	pullOwn
)

// Iter implements Reader.
func (tx *Tx) Iter(opts IterOptions) Iterator {
	if tx.of != nil {
		return tx.of.iter(opts, min(tx.seen, len(tx.of.writes.log)))
	}
	return tx.iter(opts, len(tx.writes.log))
}

// iter makes an iterator that sees the first writes of the transaction.
func (tx *Tx) iter(opts IterOptions, writes int) Iterator {
	it := &iterator{tx: tx, opts: IterOptions{bytes.Clone(opts.Lower), bytes.Clone(opts.Upper), opts.Reverse}, open: true}
	if it.err = tx.usable(); it.err != nil {
		return it
	}
	it.base = tx.store.pool.Iter(tx.snapshot, it.opts.Lower, it.opts.Upper, opts.Reverse, &tx.stored)
	it.own = cursor{w: &tx.writes, seq: writes}
	if !tx.opts.ReadOnly {
		tx.looked = true
		tx.iters = append(tx.iters, it)
	}
	if opts.Reverse {
		it.begin(it.opts.Upper)
	} else {
		it.begin(it.opts.Lower)
	}
	return it
}

// begin starts a run at key: at or after it forward, under it in reverse.
func (it *iterator) begin(key []byte) {
	it.start, it.moved, it.ended = key, false, false
	it.pull = pullBase | pullOwn
	it.base.Seek(key)
	it.own.seek(key, it.opts.Reverse)
	it.key, it.value = nil, nil
}

// Seek implements Iterator.
func (it *iterator) Seek(key []byte) {
	if it.err != nil || !it.open {
		return
	}
	it.cover()
	if it.opts.Reverse {
		to := after(key)
		if it.opts.Upper != nil && bytes.Compare(to, it.opts.Upper) > 0 {
			to = it.opts.Upper
		}
		it.begin(to)
		return
	}
	if bytes.Compare(key, it.opts.Lower) < 0 {
		key = it.opts.Lower
	}
	it.begin(bytes.Clone(key))
}

// Next implements Iterator.
func (it *iterator) Next() bool {
	if it.err != nil || it.ended || !it.open {
		return false
	}
	if it.err = it.tx.usable(); it.err != nil {
		it.key, it.value = nil, nil
		return false
	}
	it.moved = true
	for {
		if it.advance(); it.err != nil {
			it.key, it.value = nil, nil
			return false
		}
		switch it.compare() {
		case 0:
			it.ended, it.key, it.value = true, nil, nil
			return false
		case pullBase:
			it.count++
			it.pull, it.key, it.value, it.at = pullBase, it.baseKey, it.base.Value(), it.base.Timestamp()
			if it.err = it.base.Err(); it.err != nil {
				it.key, it.value = nil, nil
				return false
			}
			return true
		case pullOwn:
			it.pull = pullOwn
		default:
			it.pull = pullBase | pullOwn // the own write hides what the snapshot has
		}
		if !it.ownW.deleted {
			it.key, it.value, it.at = it.ownKey, it.ownW.value, 0
			return true
		}
	}
}

// advance moves the sources that gave the last entry.
func (it *iterator) advance() {
	if it.pull&pullBase != 0 {
		it.baseKey = nil
		if !it.base.Next() {
			it.err = it.base.Err()
		} else if key := it.base.Key(); it.within(key) {
			it.baseKey = key
		}
	}
	if it.pull&pullOwn != 0 {
		it.ownKey, it.ownW = it.own.next(it.opts.Reverse)
		if it.ownKey != nil && !it.within(it.ownKey) {
			it.ownKey, it.ownW = nil, nil
		}
	}
	it.pull = 0
}

// undone hides the own writes after the first n, and takes back the step to the
// next one, which may be among them.
func (it *iterator) undone(n int) {
	it.own.seq = min(it.own.seq, n)
	if it.ownKey == nil || it.pull&pullOwn != 0 {
		return
	}
	at := it.ownKey
	if it.opts.Reverse {
		at = after(at)
	}
	it.own.seek(at, it.opts.Reverse)
	it.pull |= pullOwn
}

// within checks the bound that the iteration runs towards.
func (it *iterator) within(key []byte) bool {
	if it.opts.Reverse {
		return bytes.Compare(key, it.opts.Lower) >= 0
	}
	return it.opts.Upper == nil || bytes.Compare(key, it.opts.Upper) < 0
}

// compare says which sources stand on the entry that is next: 0 for none.
func (it *iterator) compare() uint8 {
	switch {
	case it.baseKey == nil && it.ownKey == nil:
		return 0
	case it.ownKey == nil:
		return pullBase
	case it.baseKey == nil:
		return pullOwn
	}
	c := bytes.Compare(it.baseKey, it.ownKey)
	if it.opts.Reverse {
		c = -c
	}
	switch {
	case c < 0:
		return pullBase
	case c > 0:
		return pullOwn
	}
	return pullBase | pullOwn
}

// cover records the range that was read since start: up to the entry that Next
// stands on, or to the bound where it found no more.
func (it *iterator) cover() {
	if !it.moved || !it.tx.tracksReads() {
		return
	}
	it.moved = false
	it.tx.scanned += it.count
	it.count = 0
	switch {
	case it.opts.Reverse && it.ended:
		it.tx.reads.addRange(it.opts.Lower, it.start)
	case it.opts.Reverse:
		it.tx.reads.addRange(it.key, it.start)
	case it.ended:
		it.tx.reads.addRange(it.start, it.opts.Upper)
	default:
		it.tx.reads.addRange(it.start, after(it.key))
	}
}

func (it *iterator) Key() []byte   { return it.key }
func (it *iterator) Value() []byte { return it.value }
func (it *iterator) Err() error    { return it.err }

// Timestamp implements Iterator.
func (it *iterator) Timestamp() Timestamp { return Timestamp(it.at) }

// Close implements Iterator.
func (it *iterator) Close() error {
	if !it.open {
		return it.err
	}
	if it.err == nil {
		it.cover()
	}
	it.open, it.key, it.value = false, nil, nil
	it.base.Close()
	for i, other := range it.tx.iters {
		if other == it {
			last := len(it.tx.iters) - 1
			it.tx.iters[i] = it.tx.iters[last]
			it.tx.iters[last] = nil
			it.tx.iters = it.tx.iters[:last]
			break
		}
	}
	return it.err
}
