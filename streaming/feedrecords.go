package streaming

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// A feed has no record of its own, but its groups and webhooks have, under the id of the
// object. Here is how they are found without its name, and removed when the object is gone:
// who drops it knows nothing of them.

// recordedFeeds returns the ids of the feeds that have records in one of some objects.
func (s *Store) recordedFeeds(tx *txn.Tx, objs ...keyspace.ObjectID) (ids map[keyspace.ObjectID]bool, err error) {
	ids = map[keyspace.ObjectID]bool{}
	for _, obj := range objs {
		prefix := appendObject(nil, s.db, obj)
		it := tx.Iter(txn.IterOptions{Lower: appendOf(nil, s.db, obj, FirstFeed), Upper: keyspace.End(prefix)})
		for it.Next() {
			id, _, err := enc.DecodeUint(it.Key()[len(prefix):])
			if err != nil {
				it.Close() //nolint:errcheck // it only read
				return nil, fmt.Errorf("%w: the key %x of a feed is malformed", dberr.ErrCorrupt, it.Key())
			}
			ids[keyspace.ObjectID(id)] = true
			it.Seek(appendOf(nil, s.db, obj, keyspace.ObjectID(id+1)))
		}
		err := it.Err()
		it.Close() //nolint:errcheck // it only read
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// feedsOf returns those of some feeds whose objects are there.
func (s *Store) feedsOf(tx *txn.Tx, ids map[keyspace.ObjectID]bool) (list []Channel, err error) {
	if len(ids) == 0 || s.feeds.changes == nil {
		return nil, nil
	}
	names, err := s.FeedsTx(tx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		c, ok, err := s.findFeed(tx, name)
		if err != nil {
			return nil, err
		}
		if ok && ids[c.id] {
			list = append(list, c)
		}
	}
	return list, nil
}

// sweepFeeds has removed what feeds leave whose objects are gone.
func (s *Store) sweepFeeds(ctx context.Context) error {
	if s.feeds.changes == nil {
		return nil // nothing can be told of them
	}
	var ids map[keyspace.ObjectID]bool
	if err := s.View(ctx, func(tx *txn.Tx) (err error) {
		if ids, err = s.recordedFeeds(tx, objsOfChannel...); err != nil {
			return err
		}
		there, err := s.feedsOf(tx, ids)
		for i := range there {
			delete(ids, there[i].id)
		}
		return err
	}); err != nil || len(ids) == 0 {
		return err
	}
	return s.Update(ctx, func(tx *txn.Tx) error {
		for id := range ids {
			key := appendOf(nil, s.db, objDropped, id)
			if _, known, err := tx.Get(key); err != nil || known {
				if err != nil {
					return err
				}
				continue // it waits for its time
			}
			if err := tx.Put(key, nil); err != nil {
				return err
			}
		}
		return nil
	})
}
