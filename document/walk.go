package document

import (
	"bytes"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Walk says which documents a Walker comes to, and in what order.
type Walk struct {
	Filter *match.Filter // nil: all
	// Index is the name of the index through which to go where the filter bounds it; else,
	// and where Index is empty, the collection is walked in the order of ids.
	Index   string
	IDs     []IDRange // only these ids, in order, without overlap; nil: all
	Reverse bool
}

// IDRange is the ids in [Lower, Upper); an Upper of nil is no bound.
type IDRange struct{ Lower, Upper []byte }

// Walker is a walk through a collection in steps. It sees the transaction as it was when
// it came to each piece of an index.
type Walker struct {
	f     finder
	spans []span
	it    txn.Iterator
	k     candidate
	err   error
}

// WalkTx begins a walk that its caller moves on. Close must be called.
func (s *Store) WalkTx(tx *txn.Tx, collection string, o Walk) (*Walker, error) {
	c, err := s.find(tx, collection)
	if err != nil {
		return nil, err
	}
	if o.Filter == nil {
		o.Filter = match.All()
	}
	p := &plan{c: c, filter: o.Filter, back: o.Reverse}
	conds := conjuncts(o.Filter.Root(), nil)
	for _, x := range c.indexes {
		if x.Name == o.Index {
			p.access = s.access(x, conds)
		}
	}
	if p.access != nil {
		p.spans = p.access.spans
	} else {
		p.spans = s.idRanges(c, o.IDs)
	}
	w := &Walker{f: finder{s: s, tx: tx, plan: p}, spans: slices.Clone(p.spans)}
	if o.Reverse {
		slices.Reverse(w.spans)
	}
	return w, nil
}

// idRanges are the pieces of a collection that ranges of ids are.
func (s *Store) idRanges(c *compiled, ids []IDRange) (spans []span) {
	base := appendObject(nil, s.db, c.ID)
	if ids == nil {
		return []span{{base, keyspace.End(base)}}
	}
	for _, r := range ids {
		sp := span{slices.Concat(base, r.Lower), keyspace.End(base)}
		if r.Upper != nil {
			sp.upper = slices.Concat(base, r.Upper)
		}
		if bytes.Compare(sp.lower, sp.upper) < 0 {
			spans = append(spans, sp)
		}
	}
	return spans
}

// Next moves to the following document; false at the end or at an error.
func (w *Walker) Next() bool {
	for w.err == nil {
		if w.it == nil {
			if len(w.spans) == 0 {
				return false
			}
			sp := w.spans[0]
			w.spans = w.spans[1:]
			w.it = w.f.tx.Iter(txn.IterOptions{Lower: sp.lower, Upper: sp.upper, Reverse: w.f.plan.back})
		}
		for w.it.Next() {
			w.k.key = w.it.Key()
			ok, err := w.f.read(w.k.key, w.it.Value(), w.it.Timestamp(), &w.k)
			if err != nil {
				w.err = err
				return false
			}
			if ok {
				return true
			}
		}
		w.err = w.it.Close()
		w.it = nil
	}
	return false
}

// Document is the one that Next has moved to. It refers to memory of the transaction.
func (w *Walker) Document() *Document { return &w.k.d }

// Err is why Next ended, if not for want of documents.
func (w *Walker) Err() error { return w.err }

// ByIndex reports whether the walk goes through the index that was asked for.
func (w *Walker) ByIndex() bool { return w.f.plan.access != nil }

// Close ends the walk.
func (w *Walker) Close() error {
	w.spans = nil
	if w.it == nil {
		return nil
	}
	it := w.it
	w.it = nil
	return it.Close()
}

// LookupTx is CollectionTx that says whether there is one, and the timestamp of the
// commit that wrote its definition last, 0 where the transaction itself did.
func (s *Store) LookupTx(tx *txn.Tx, name string) (c Collection, version txn.Timestamp, ok bool, err error) {
	found, err := s.look(tx, name)
	if err != nil || found == nil {
		return c, 0, false, err
	}
	c = *found.Collection
	c.Indexes = slices.Clone(c.Indexes)
	return c, found.version, true, nil
}

// StoreKey is the key of a document in the store, for locks: who writes the document
// writes it.
func (s *Store) StoreKey(dst []byte, c *Collection, id string) []byte {
	return appendDocumentKey(dst, s.db, c.ID, id)
}

// IDOf is the id that a document would be inserted with, empty where it would be made.
func IDOf(v doc.Value) string {
	if own := v.Field(IDField); own.Kind() == doc.String {
		return string(own.Str())
	}
	if v.Field(IDField).Exists() {
		return ""
	}
	return string(v.Field("id").Str())
}

// CountEntries counts the entries of an index, up to limit, that a walk would come to
// before its filter is looked at; ok is false where the filter does not bound the index.
func (s *Store) CountEntries(tx *txn.Tx, collection string, o Walk, limit int64) (n int64, ok bool, err error) {
	c, err := s.find(tx, collection)
	if err != nil || o.Filter == nil {
		return 0, false, err
	}
	conds := conjuncts(o.Filter.Root(), nil)
	for _, x := range c.indexes {
		if x.Name != o.Index {
			continue
		}
		a := s.access(x, conds)
		if a == nil {
			return 0, false, nil
		}
		for _, sp := range a.spans {
			it := tx.Iter(txn.IterOptions{Lower: sp.lower, Upper: sp.upper})
			for n < limit && it.Next() {
				n++
			}
			if err := it.Close(); err != nil {
				return n, true, err
			}
		}
		return n, true, nil
	}
	return 0, false, nil
}
