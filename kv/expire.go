package kv

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Nobody sees an expired key. The sweep takes its memory back: it walks the expiry
// index, which is in the order of instants, up to now, and removes the keys in
// small transactions, which are changes like any others. It also removes what
// dropped buckets leave behind.

const (
	sweepBatch = 512 // keys that are removed by one transaction
	sweepScan  = 256 // dropped buckets that are looked at in one pass

	// dropGrace is how long the keys of a dropped bucket stay: transactions with
	// snapshot isolation that began before it was dropped may still write there.
	dropGrace = 10 * time.Second
)

type sweeper struct {
	quit context.CancelFunc
	done sync.WaitGroup
}

func (w *sweeper) stop() {
	w.quit()
	w.done.Wait()
}

// startSweeper sweeps until the sweeper is stopped.
func (c *core) startSweeper() {
	ctx, cancel := context.WithCancel(context.Background())
	c.sweep.quit = cancel
	if c.opts.SweepEvery < 0 {
		return
	}
	c.sweep.done.Go(func() {
		tick := time.NewTicker(c.opts.SweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if _, err := c.sweepOnce(ctx, true); err != nil && ctx.Err() == nil && c.opts.Events.SweepFailed != nil {
					c.opts.Events.SweepFailed(err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
}

// Sweep removes all that has expired by now in every database, and what dropped
// buckets left. It returns how many keys it removed. The store does so by itself.
func (s *Store) Sweep(ctx context.Context) (removed int, err error) {
	return s.sweepOnce(ctx, false)
}

// sweepOnce goes through all databases. Where it is paced it keeps to the rate.
func (c *core) sweepOnce(ctx context.Context, paced bool) (removed int, err error) {
	dbs, err := c.databases(ctx)
	if err != nil {
		return 0, err
	}
	now := c.txns.Clock().Now().UnixNano()
	for _, db := range dbs {
		if err := c.sweepDropped(ctx, db); err != nil {
			return removed, fmt.Errorf("remove dropped buckets: %w", err)
		}
		for more := true; more; {
			var n int
			if n, more, err = c.sweepBatch(ctx, db, now); err != nil {
				return removed, fmt.Errorf("remove expired keys: %w", err)
			}
			removed += n
			if n > 0 && c.opts.Events.Expired != nil {
				c.opts.Events.Expired(n)
			}
			if more && paced {
				if err := c.pace(ctx); err != nil {
					return removed, err
				}
			}
		}
	}
	return removed, nil
}

// pace waits for as long as a batch may take at the rate of the options.
func (c *core) pace(ctx context.Context) error {
	t := time.NewTimer(sweepBatch * time.Second / time.Duration(c.opts.SweepRate))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return dberr.New(dberr.ErrCanceled, "CANCELED", "the sweep was ended").Wrap(context.Cause(ctx))
	}
}

// databases returns the databases that have keys of this model.
func (c *core) databases(ctx context.Context) (dbs []keyspace.DatabaseID, err error) {
	err = c.txns.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		dbs, err = keyspace.Databases(it, keyspace.SpaceKV)
		return err
	})
	return dbs, err
}

// expired is an entry of the expiry index.
type expired struct {
	at  int64
	id  keyspace.ObjectID
	key []byte
}

// sweepBatch removes up to sweepBatch keys that expired by now.
func (c *core) sweepBatch(ctx context.Context, db keyspace.DatabaseID, now int64) (removed int, more bool, err error) {
	due, err := c.due(ctx, db, now)
	if err != nil || len(due) == 0 {
		return 0, false, err
	}
	s := &Store{core: c, db: db}
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		removed = 0
		for i := range due {
			gone, err := s.expire(tx, &due[i])
			if err != nil {
				return err
			}
			if gone {
				removed++
			}
		}
		return nil
	})
	return removed, len(due) == sweepBatch, err
}

// due reads the expiry index up to now, in a transaction of its own, so that the
// one that removes does not conflict with every new TTL.
func (c *core) due(ctx context.Context, db keyspace.DatabaseID, now int64) (due []expired, err error) {
	err = c.txns.View(ctx, func(tx *txn.Tx) error {
		prefix := appendObject(nil, db, objExpiry)
		it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: enc.AppendTime(appendObject(nil, db, objExpiry), now+1)})
		defer it.Close()
		for len(due) < sweepBatch && it.Next() {
			at, id, key, err := cutExpiryKey(it.Key()[len(prefix):])
			if err != nil {
				return fmt.Errorf("%w: the key %x of the expiry index is malformed", dberr.ErrCorrupt, it.Key())
			}
			due = append(due, expired{at: at, id: id, key: append([]byte(nil), key...)})
		}
		return it.Err()
	})
	return due, err
}

// expire removes a key whose time has come, unless it was written anew meanwhile,
// and its entry in the expiry index.
func (s *Store) expire(tx *txn.Tx, x *expired) (gone bool, err error) {
	w := slot{s: s, tx: tx, key: x.key, bucket: Bucket{id: x.id}}
	if w.version, w.found, w.alive, err = s.look(tx, x.id, x.key, &w.old); err != nil {
		return false, err
	}
	if w.found && w.old.expires == x.at {
		return true, w.remove()
	}
	return false, tx.Delete(appendExpiryKey(nil, s.db, x.at, x.id, x.key)) // of a bucket that was dropped
}

// sweepDropped removes the keys of dropped buckets. A range that was dropped twice
// is no harm, so that a crash in between is none either.
func (c *core) sweepDropped(ctx context.Context, db keyspace.DatabaseID) error {
	var ids []keyspace.ObjectID
	err := c.txns.View(ctx, func(tx *txn.Tx) error {
		prefix := appendObject(nil, db, objDropped)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for len(ids) < sweepScan && it.Next() {
			id, rest, err := enc.DecodeUint(it.Key()[len(prefix):])
			if err != nil || len(rest) != 0 {
				return fmt.Errorf("%w: the key %x of a dropped bucket is malformed", dberr.ErrCorrupt, it.Key())
			}
			if c.txns.Clock().Now().Sub(it.Timestamp().Time()) >= dropGrace {
				ids = append(ids, keyspace.ObjectID(id))
			}
		}
		return it.Err()
	})
	for _, id := range ids {
		if err != nil {
			return err
		}
		err = c.removeDropped(ctx, db, id)
	}
	return err
}

func (c *core) removeDropped(ctx context.Context, db keyspace.DatabaseID, id keyspace.ObjectID) error {
	for _, prefix := range [][]byte{appendObject(nil, db, id), appendPartsPrefix(nil, db, id)} {
		if err := c.txns.DropRange(ctx, prefix, keyspace.End(prefix)); err != nil {
			return err
		}
	}
	return c.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		return tx.Delete(appendDroppedKey(nil, db, id))
	})
}
