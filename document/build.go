package document

import (
	"context"
	"errors"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// An index is built while the collection is written. Its definition is committed
// first, as one that is being built: every transaction that has not seen it and
// writes the collection is refused at its commit, and all later ones keep the index.
// Then the documents that are there are entered, a batch in a transaction, and at
// last the index is marked as complete, and read. If the process ends in between, the
// next one goes on from the beginning, which finds most entries there.

// buildBatch is how many documents one transaction enters.
const buildBatch = 512

// CreateIndex makes an index and returns when it is complete. One that is there with
// the same definition is returned with created false; with another, it is an error
// of class ErrExists. Where the documents do not allow the index it is removed.
func (s *Store) CreateIndex(ctx context.Context, collection string, x Index) (_ Index, created bool, err error) {
	if s.tx != nil {
		return x, false, errNotWithin
	}
	if err := x.Check(); err != nil {
		return x, false, err
	}
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		created = false
		c, err := s.ensure(tx, collection)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(c.Indexes, func(o Index) bool { return o.Name == x.Name }); i >= 0 {
			other := c.Indexes[i]
			if !other.same(&x) {
				return dberr.New(dberr.ErrExists, "INDEX_EXISTS", "collection %q has another index %q already", shorten(collection), x.Name).WithField("name")
			}
			x = other
			return nil
		}
		if len(c.Indexes) >= MaxIndexes {
			return dberr.New(dberr.ErrTooLarge, "TOO_MANY_INDEXES", "collection %q has %d indexes, which is the maximum", shorten(collection), MaxIndexes)
		}
		created = true
		return s.addIndex(tx, collection, &x)
	})
	if err != nil || !x.Building {
		return x, created && err == nil, err
	}
	if err := s.build(ctx, collection, x.ID); err != nil {
		if errors.Is(err, dberr.ErrConstraint) || errors.Is(err, dberr.ErrTooLarge) || ctx.Err() != nil {
			err = errors.Join(err, s.dropIndex(context.WithoutCancel(ctx), collection, x.ID))
		}
		return x, false, err
	}
	c, err := s.Collection(ctx, collection)
	if err != nil {
		return x, created, err
	}
	for _, now := range c.Indexes {
		if now.ID == x.ID {
			x = now
		}
	}
	return x, created, nil
}

var errNotWithin = dberr.New(dberr.ErrUnsupported, "NOT_IN_TRANSACTION", "indexes of collections are not made or dropped within a transaction")

// same says whether two definitions are one.
func (x *Index) same(o *Index) bool {
	ttl := x.TTL == nil && o.TTL == nil || x.TTL != nil && o.TTL != nil && *x.TTL == *o.TTL
	return slices.Equal(x.Fields, o.Fields) && x.Kind == o.Kind && x.Unique == o.Unique && x.Partial == o.Partial && ttl
}

func (s *Store) addIndex(tx *txn.Tx, collection string, x *Index) (err error) {
	if x.ID, err = s.nextID(tx); err != nil {
		return err
	}
	x.Building, x.Multikey = true, false
	if err := tx.Put(appendNumberKey(nil, s.db, objBuilding, x.ID), []byte(collection)); err != nil {
		return err
	}
	_, err = s.change(tx, collection, func(c *Collection) error {
		c.Indexes = append(c.Indexes, *x)
		return nil
	})
	return err
}

// build enters the documents that are there.
func (s *Store) build(ctx context.Context, collection string, id keyspace.ObjectID) error {
	var from []byte
	for done := false; !done; {
		if ctx.Err() != nil {
			return dberr.New(dberr.ErrCanceled, "CANCELED", "the building of the index was ended").Wrap(context.Cause(ctx))
		}
		var next []byte
		_, err := s.update(ctx, func(tx *txn.Tx) (err error) {
			next, done, err = s.buildBatch(tx, collection, id, from)
			return err
		})
		if err != nil {
			return err
		}
		from = next
	}
	_, err := s.update(ctx, func(tx *txn.Tx) error {
		if err := tx.Delete(appendNumberKey(nil, s.db, objBuilding, id)); err != nil {
			return err
		}
		_, err := s.change(tx, collection, func(c *Collection) error {
			for i := range c.Indexes {
				if c.Indexes[i].ID == id {
					c.Indexes[i].Building = false
				}
			}
			return nil
		})
		return err
	})
	return err
}

// buildBatch enters documents from a key on, and returns where the next ones begin.
func (s *Store) buildBatch(tx *txn.Tx, collection string, id keyspace.ObjectID, from []byte) (next []byte, done bool, err error) {
	c, err := s.toWrite(tx, collection)
	if err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(c.indexes, func(x *index) bool { return x.ID == id })
	if i < 0 {
		return nil, false, dberr.New(dberr.ErrNotFound, "INDEX_NOT_FOUND", "the index was dropped while it was built")
	}
	opts := within(appendObject(nil, s.db, c.ID))
	prefix := len(opts.Lower)
	if from != nil {
		opts.Lower = from
	}
	it := tx.Iter(opts)
	defer it.Close()
	for n := 0; it.Next(); n++ {
		if n == buildBatch {
			return slices.Clone(it.Key()), false, nil
		}
		docID := string(it.Key()[prefix:])
		var r record
		if err := r.decode(it.Value()); err != nil {
			return nil, false, err
		}
		v, err := s.load(tx, c.ID, &r)
		if err != nil {
			return nil, false, err
		}
		if err := s.enter(tx, c, c.indexes[i], docID, Document{Value: v}); err != nil {
			return nil, false, err
		}
	}
	return nil, true, it.Err()
}

// enter puts the entries of a document that is there into an index.
func (s *Store) enter(tx *txn.Tx, c *compiled, x *index, id string, d Document) error {
	entries, multikey, err := x.entries(d.Value)
	if err != nil {
		return err
	}
	if multikey && !x.Multikey {
		if err := s.markMultikey(tx, c, x); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := s.putEntry(tx, c, x, e, id); err != nil {
			return err
		}
	}
	if at, ok := x.expiry(d.Value); ok {
		return tx.Put(appendExpiryKey(nil, s.db, at, c.ID, x.ID, id), nil)
	}
	return nil
}

// DropIndex removes an index by name.
func (s *Store) DropIndex(ctx context.Context, collection, name string) error {
	if s.tx != nil {
		return errNotWithin
	}
	var id keyspace.ObjectID
	err := s.View(ctx, func(tx *txn.Tx) error {
		c, err := s.find(tx, collection)
		if err != nil {
			return err
		}
		for _, x := range c.indexes {
			if x.Name == name {
				id = x.ID
				return nil
			}
		}
		return dberr.New(dberr.ErrNotFound, "INDEX_NOT_FOUND", "collection %q has no index %q", shorten(collection), shorten(name)).WithField("index")
	})
	if err != nil {
		return err
	}
	return s.dropIndex(ctx, collection, id)
}

func (s *Store) dropIndex(ctx context.Context, collection string, id keyspace.ObjectID) error {
	_, err := s.update(ctx, func(tx *txn.Tx) error {
		if err := tx.Delete(appendNumberKey(nil, s.db, objBuilding, id)); err != nil {
			return err
		}
		if err := tx.Put(appendNumberKey(nil, s.db, objDropped, id), nil); err != nil {
			return err
		}
		_, err := s.change(tx, collection, func(c *Collection) error {
			c.Indexes = slices.DeleteFunc(c.Indexes, func(x Index) bool { return x.ID == id })
			return nil
		})
		return err
	})
	return err
}
