package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Checked counts what a check has looked at.
type Checked struct {
	Collections, Documents, Indexes, Entries int64
}

// Check reads every document of every database as of one moment, and every index,
// whose entries must be the very ones that building it anew would make. What is wrong
// goes to found; the error is for what kept the check from its end.
func (s *Store) Check(ctx context.Context, found func(problem string)) (n Checked, err error) {
	dbs, err := s.databases(ctx)
	if err != nil {
		return n, fmt.Errorf("check documents: %w", err)
	}
	tx, err := s.txns.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return n, fmt.Errorf("check documents: %w", err)
	}
	defer tx.Rollback()
	for _, db := range dbs {
		for _, hidden := range []bool{false, true} {
			c := &checker{s: &Store{core: s.core, db: db, tx: tx, hidden: hidden}, tx: tx, ctx: ctx, n: &n, found: found}
			if err := c.collections(); err != nil {
				return n, fmt.Errorf("check documents: %w", err)
			}
		}
	}
	return n, nil
}

// checker checks the collections of one list of one database.
type checker struct {
	s     *Store
	tx    *txn.Tx
	ctx   context.Context
	n     *Checked
	found func(problem string)
}

func (c *checker) problem(format string, args ...any) {
	c.found(fmt.Sprintf("database %d: ", c.s.db) + fmt.Sprintf(format, args...))
}

// take makes damage a finding, and returns any other error.
func (c *checker) take(err error, format string, args ...any) error {
	if err == nil || !errors.Is(err, dberr.ErrCorrupt) {
		return err
	}
	c.problem(format+": %v", append(args, err)...)
	return nil
}

func (c *checker) collections() error {
	list, err := c.s.CollectionsTx(c.tx)
	if err != nil {
		return c.take(err, "the collections")
	}
	for i := range list {
		c.n.Collections++
		coll, err := c.s.find(c.tx, list[i].Name)
		if err == nil {
			err = c.collection(coll)
		}
		if err := c.take(err, "collection %q", list[i].Name); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) collection(coll *compiled) error {
	opts := within(appendObject(nil, c.s.db, coll.ID))
	it := c.tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		if c.n.Documents++; c.n.Documents%256 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		id := string(it.Key()[len(opts.Lower):])
		v, err := c.document(coll, id, it.Value())
		if err != nil {
			if err := c.take(err, "collection %q, document %q", coll.Name, id); err != nil {
				return err
			}
			continue
		}
		for _, x := range coll.indexes {
			if err := c.has(coll, x, id, v); err != nil {
				return err
			}
		}
	}
	for _, x := range coll.indexes {
		c.n.Indexes++
		if err := c.index(coll, x); err != nil {
			return err
		}
	}
	return it.Err()
}

// document reads a document with every byte of it.
func (c *checker) document(coll *compiled, id string, stored []byte) (doc.Value, error) {
	var r record
	if err := r.decode(stored); err != nil {
		return doc.Value{}, err
	}
	v, err := c.s.load(c.tx, coll.ID, &r)
	if err != nil {
		return v, err
	}
	if v, err = doc.FromBytes(v.Bytes()); err != nil {
		return v, err
	}
	if v.Kind() != doc.Object || string(v.Field(IDField).Str()) != id {
		return v, damaged("it is stored under %q and says _id %s", id, v.Field(IDField).JSON())
	}
	return v, nil
}

// has holds that an index has all the entries of a document.
func (c *checker) has(coll *compiled, x *index, id string, v doc.Value) error {
	entries, multikey, err := x.entries(v)
	if err != nil {
		c.problem("collection %q, index %q cannot have the document %q: %v", coll.Name, x.Name, id, err)
		return nil
	}
	if x.Building {
		return nil // it is not complete, and not read
	}
	if multikey && !x.Multikey {
		c.problem("collection %q, index %q does not know that the document %q has an array", coll.Name, x.Name, id)
	}
	for _, e := range entries {
		other, ok, err := c.tx.Get(c.s.entryKey(nil, x, e, id))
		switch {
		case err != nil:
			return err
		case !ok:
			c.problem("collection %q, index %q lacks an entry of the document %q", coll.Name, x.Name, id)
		case x.Unique && string(other) != id:
			c.problem("collection %q, unique index %q has the values of the document %q for %q", coll.Name, x.Name, id, other)
		}
	}
	if at, ok := x.expiry(v); ok {
		if _, there, err := c.tx.Get(appendExpiryKey(nil, c.s.db, at, coll.ID, x.ID, id)); err != nil || !there {
			if err != nil {
				return err
			}
			c.problem("collection %q, index %q: the document %q would never expire", coll.Name, x.Name, id)
		}
	}
	return nil
}

// index holds that every entry of an index is one of a document that is there.
func (c *checker) index(coll *compiled, x *index) error {
	prefix := appendObject(nil, c.s.db, x.ID)
	it := c.tx.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
	defer it.Close()
	for it.Next() {
		if c.n.Entries++; c.n.Entries%256 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		entry, id, err := c.s.cutEntry(x, it.Key(), it.Value())
		if err != nil {
			c.problem("collection %q: %v", coll.Name, err)
			continue
		}
		stored, ok, err := c.tx.Get(appendDocumentKey(nil, c.s.db, coll.ID, id))
		if err != nil {
			return err
		}
		if !ok {
			c.problem("collection %q, index %q has an entry of the document %q, which is not there", coll.Name, x.Name, id)
			continue
		}
		v, err := c.document(coll, id, stored)
		if errors.Is(err, dberr.ErrCorrupt) {
			continue // it was told of
		}
		if err != nil {
			return err
		}
		entries, _, err := x.entries(v)
		if err == nil && !slices.ContainsFunc(entries, func(e []byte) bool { return bytes.Equal(e, entry) }) {
			c.problem("collection %q, index %q has an entry that the document %q does not have", coll.Name, x.Name, id)
		}
	}
	return it.Err()
}
