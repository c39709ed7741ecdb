package kv

import (
	"fmt"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Walker is a scan in steps. It sees the transaction as it was when it was made.
type Walker struct {
	s    *Store
	tx   *txn.Tx
	b    Bucket
	it   txn.Iterator
	head int
	keys bool
	rec  record
	e    Entry
	err  error
}

// WalkTx begins a scan that its caller moves on. A bucket that is not there has no
// entries. Close must be called.
func (s *Store) WalkTx(tx *txn.Tx, bucket string, scan Scan) (*Walker, error) {
	b, ok, err := s.bucket(tx, bucket)
	if err != nil || !ok {
		return &Walker{}, err
	}
	lower, upper := scan.bounds(s.db, b.id)
	return &Walker{
		s: s, tx: tx, b: b, head: len(appendObject(nil, s.db, b.id)), keys: scan.KeysOnly,
		it: tx.Iter(txn.IterOptions{Lower: lower, Upper: upper, Reverse: scan.Reverse}),
	}, nil
}

// Next moves to the following entry that is alive; false at the end or at an error.
func (w *Walker) Next() bool {
	if w.it == nil || w.err != nil {
		return false
	}
	for w.it.Next() {
		key := w.it.Key()[w.head:]
		if err := w.rec.decode(w.it.Value()); err != nil {
			w.err = fmt.Errorf("read key %q: %w", abbreviate(key), err)
			return false
		}
		if !w.rec.alive(w.tx) {
			continue
		}
		w.e = Entry{Key: key}
		w.e.fill(&w.rec, w.it.Timestamp())
		if !w.keys {
			w.e.Value.Data, w.err = w.s.load(w.tx, w.b.id, &w.rec)
		}
		return w.err == nil
	}
	w.err = w.it.Err()
	return false
}

// Entry is the one that Next has moved to. It is valid until the following Next.
func (w *Walker) Entry() *Entry { return &w.e }

// Err is why Next ended, if not for want of entries.
func (w *Walker) Err() error { return w.err }

// Close ends the scan.
func (w *Walker) Close() error {
	if w.it == nil {
		return nil
	}
	it := w.it
	w.it = nil
	return it.Close()
}

// ID is the object under which the keys of a bucket lie. It is never given out twice.
func (b *Bucket) ID() keyspace.ObjectID { return b.id }

// StoreKey is the key of an entry in the store, for locks: who writes the entry writes it.
func (s *Store) StoreKey(dst []byte, b Bucket, key []byte) []byte {
	return appendDataKey(dst, s.db, b.id, key)
}
