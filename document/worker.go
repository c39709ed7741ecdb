package document

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

const (
	expireBatch = 256 // documents that one transaction removes

	// dropGrace is how long the keys of what was dropped stay, for transactions that
	// began before.
	dropGrace = 10 * time.Second
)

// worker is the goroutine of the model.
type worker struct {
	quit context.CancelFunc
	done sync.WaitGroup
}

func (w *worker) stop() {
	w.quit()
	w.done.Wait()
}

// startWorker works until the worker is stopped.
func (c *core) startWorker() {
	ctx, cancel := context.WithCancel(context.Background())
	c.work.quit = cancel
	if c.opts.SweepEvery < 0 {
		return
	}
	c.work.done.Go(func() {
		tick := time.NewTicker(c.opts.SweepEvery)
		defer tick.Stop()
		resumed := false
		for {
			if !resumed {
				err := c.resume(ctx)
				c.report(ctx, err)
				resumed = err == nil
			}
			select {
			case <-tick.C:
				_, err := c.sweep(ctx)
				c.report(ctx, err)
			case <-ctx.Done():
				return
			}
		}
	})
}

func (c *core) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && c.opts.Events.Failed != nil {
		c.opts.Events.Failed(err)
	}
}

// Sweep removes what has expired by now in every database, and what was dropped
// left. It returns how many documents expired. The store does so by itself.
func (s *Store) Sweep(ctx context.Context) (expired int, err error) { return s.sweep(ctx) }

func (c *core) sweep(ctx context.Context) (expired int, err error) {
	dbs, err := c.databases(ctx)
	if err != nil {
		return 0, err
	}
	for _, db := range dbs {
		s := &Store{core: c, db: db}
		if err := s.removeDropped(ctx); err != nil {
			return expired, err
		}
		for more := true; more; {
			var n int
			if n, more, err = s.expireBatch(ctx); err != nil {
				return expired, err
			}
			expired += n
			if n > 0 && c.opts.Events.Expired != nil {
				c.opts.Events.Expired(n)
			}
		}
	}
	return expired, nil
}

// resume completes the indexes whose building was cut off when the process before
// ended. The ones that the documents do not allow are removed.
func (c *core) resume(ctx context.Context) error {
	dbs, err := c.databases(ctx)
	if err != nil {
		return err
	}
	for _, db := range dbs {
		s := &Store{core: c, db: db}
		var todo []expiring
		err := c.txns.View(ctx, func(tx *txn.Tx) error {
			return s.eachKey(tx, objBuilding, func(tuple, value []byte) error {
				id, _, err := enc.DecodeUint(tuple)
				todo = append(todo, expiring{index: keyspace.ObjectID(id), id: string(value)})
				return err
			})
		})
		if err != nil {
			return err
		}
		for _, b := range todo {
			err := s.build(ctx, b.id, b.index)
			if errors.Is(err, dberr.ErrConstraint) || errors.Is(err, dberr.ErrTooLarge) {
				c.report(ctx, err)
				err = s.dropIndex(ctx, b.id, b.index)
			}
			if err != nil && !errors.Is(err, dberr.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// eachKey calls fn for what follows an object in each of its keys.
func (s *Store) eachKey(tx *txn.Tx, obj keyspace.ObjectID, fn func(tuple, value []byte) error) error {
	prefix := appendObject(nil, s.db, obj)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		if err := fn(it.Key()[len(prefix):], it.Value()); err != nil {
			return err
		}
	}
	return it.Err()
}

// databases returns the databases that have keys of this model.
func (c *core) databases(ctx context.Context) (dbs []keyspace.DatabaseID, err error) {
	err = c.txns.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		dbs, err = keyspace.Databases(it, keyspace.SpaceDocument)
		return err
	})
	return slices.DeleteFunc(dbs, func(db keyspace.DatabaseID) bool { return db == keyspace.System }), err
}

// removeDropped takes back the space of what was dropped. A range that was dropped
// twice is no harm, so that a crash in between is none either.
func (s *Store) removeDropped(ctx context.Context) error {
	var ids []keyspace.ObjectID
	err := s.View(ctx, func(tx *txn.Tx) error {
		prefix := appendObject(nil, s.db, objDropped)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			id, _, err := enc.DecodeUint(it.Key()[len(prefix):])
			if err != nil {
				return damaged("the key %x of what was dropped is malformed", it.Key())
			}
			if s.Now().Sub(it.Timestamp().Time()) >= dropGrace {
				ids = append(ids, keyspace.ObjectID(id))
			}
		}
		return it.Err()
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.closeText(id, s.db); err != nil {
			return err
		}
		s.tallies.of.Delete(collectionRef{s.db, id})
		for _, prefix := range [][]byte{appendObject(nil, s.db, id), appendPartsPrefix(nil, s.db, id)} {
			if err := s.txns.DropRange(ctx, prefix, keyspace.End(prefix)); err != nil {
				return err
			}
		}
		if _, err := s.update(ctx, func(tx *txn.Tx) error { return tx.Delete(appendNumberKey(nil, s.db, objDropped, id)) }); err != nil {
			return err
		}
	}
	return nil
}

// expiring is an entry of the expiry index.
type expiring struct {
	key         []byte
	coll, index keyspace.ObjectID
	id          string
	at          int64
}

// expireBatch removes documents that have expired by now.
func (s *Store) expireBatch(ctx context.Context) (removed int, more bool, err error) {
	due, err := s.due(ctx)
	if err != nil || len(due) == 0 {
		return 0, false, err
	}
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		removed = 0
		names, err := s.collectionNames(tx)
		if err != nil {
			return err
		}
		for i := range due {
			gone, err := s.expire(tx, &due[i], names)
			if err != nil {
				return err
			}
			if gone {
				removed++
			}
		}
		return nil
	})
	return removed, len(due) == expireBatch, err
}

func (s *Store) due(ctx context.Context) (due []expiring, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		due = due[:0]
		prefix := appendObject(nil, s.db, objExpiry)
		it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: enc.AppendTime(slices.Clone(prefix), s.Now().UnixNano()+1)})
		defer it.Close()
		for len(due) < expireBatch && it.Next() {
			e := expiring{key: slices.Clone(it.Key())}
			if e.at, e.coll, e.index, e.id, err = cutExpiryKey(it.Key()[len(prefix):]); err != nil {
				return damaged("the key %x of the expiry index is malformed", it.Key())
			}
			due = append(due, e)
		}
		return it.Err()
	})
	return due, err
}

func (s *Store) collectionNames(tx *txn.Tx) (map[keyspace.ObjectID]string, error) {
	list, err := s.CollectionsTx(tx)
	names := make(map[keyspace.ObjectID]string, len(list))
	for i := range list {
		names[list[i].ID] = list[i].Name
	}
	return names, err
}

// expire removes a document, unless it was written anew meanwhile, and in any case
// its entry in the expiry index.
func (s *Store) expire(tx *txn.Tx, e *expiring, names map[keyspace.ObjectID]string) (gone bool, err error) {
	name, ok := names[e.coll]
	if !ok {
		return false, tx.Delete(e.key)
	}
	c, err := s.toWrite(tx, name)
	if err != nil {
		return false, err
	}
	w, err := s.slot(tx, c, e.id)
	if err != nil {
		return false, err
	}
	for _, x := range c.indexes {
		if at, expires := x.expiry(w.old.Value); x.ID == e.index && expires && at == e.at {
			return true, w.remove()
		}
	}
	return false, tx.Delete(e.key)
}
