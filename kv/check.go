package kv

import (
	"context"
	"errors"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Checked counts what a check has looked at.
type Checked struct {
	Buckets, Keys int64
}

// Check reads every key of every database as of one moment, with its value, and holds
// the index of expiries against them. What is wrong goes to found; the error is for
// what kept the check from its end.
func (s *Store) Check(ctx context.Context, found func(problem string)) (n Checked, err error) {
	dbs, err := s.databases(ctx)
	if err != nil {
		return n, fmt.Errorf("check keys: %w", err)
	}
	tx, err := s.txns.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return n, fmt.Errorf("check keys: %w", err)
	}
	defer tx.Rollback()
	for _, db := range dbs {
		c := &checker{s: &Store{core: s.core, db: db}, tx: tx, ctx: ctx, n: &n, found: found, names: map[keyspace.ObjectID]string{}}
		if err := c.database(); err != nil {
			return n, fmt.Errorf("check keys: %w", err)
		}
	}
	return n, nil
}

// checker checks one database.
type checker struct {
	s     *Store
	tx    *txn.Tx
	ctx   context.Context
	n     *Checked
	found func(problem string)
	names map[keyspace.ObjectID]string
}

func (c *checker) problem(format string, args ...any) {
	c.found(fmt.Sprintf("database %d: ", c.s.db) + fmt.Sprintf(format, args...))
}

func (c *checker) database() error {
	list, err := c.s.BucketsTx(c.tx)
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("the buckets: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	for i := range list {
		c.n.Buckets++
		c.names[list[i].id] = list[i].Name
		if err := c.bucket(&list[i]); err != nil {
			return err
		}
	}
	return c.expiries()
}

func (c *checker) bucket(b *Bucket) error {
	prefix := appendObject(nil, c.s.db, b.id)
	it := c.tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		if c.n.Keys++; c.n.Keys%256 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		key := it.Key()[len(prefix):]
		var r record
		err := r.decode(it.Value())
		if err == nil {
			_, err = c.s.load(c.tx, b.id, &r)
		}
		switch {
		case errors.Is(err, dberr.ErrCorrupt):
			c.problem("bucket %q, key %q: %v", b.Name, abbreviate(key), err)
			continue
		case err != nil:
			return err
		case r.expires == 0:
			continue
		}
		_, there, err := c.tx.Get(appendExpiryKey(nil, c.s.db, r.expires, b.id, key))
		if err != nil {
			return err
		}
		if !there {
			c.problem("bucket %q: the key %q would never be removed when it expires", b.Name, abbreviate(key))
		}
	}
	return it.Err()
}

// expiries holds that every entry of the index is that of a key. Those of dropped
// buckets are removed when their time comes.
func (c *checker) expiries() error {
	prefix := appendObject(nil, c.s.db, objExpiry)
	it := c.tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		at, id, key, err := cutExpiryKey(it.Key()[len(prefix):])
		if err != nil {
			c.problem("the key %x of the index of expiries is malformed", it.Key())
			continue
		}
		name, live := c.names[id]
		if !live {
			continue
		}
		var r record
		_, found, _, err := c.s.look(c.tx, id, key, &r)
		switch {
		case errors.Is(err, dberr.ErrCorrupt): // it was told of
		case err != nil:
			return err
		case !found || r.expires != at:
			c.problem("bucket %q: the index of expiries has the key %q, which does not expire then", name, abbreviate(key))
		}
	}
	return it.Err()
}
