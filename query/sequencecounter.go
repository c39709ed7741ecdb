package query

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// usableLocked refuses a counter that is no longer that of a sequence. The transaction has read
// the stamp of the catalog, so it cannot commit after a drop that it has not seen.
func (s *sequences) usableLocked(tx *txn.Tx, q *catalog.Sequence) error {
	k := tableKey{q.DB, q.Counter()}
	if _, ok := s.mu.open[k]; ok {
		s.mu.open[k] = true
		return nil
	}
	snap, err := s.cat.At(tx, q.DB)
	if err != nil {
		return err
	}
	if now := snap.Sequence(q.ID); now == nil || now.Counter() != q.Counter() {
		return dberr.SQL(dberr.StateSerializationFailure, "sequence %q was dropped or restarted by another transaction", q.Name).
			WithHint("Run the transaction again.")
	}
	return nil
}

// putSequence stores a sequence in the catalog. A new counter is known to be this
// transaction's until that ends.
func (d *definer) putSequence(q *catalog.Sequence) error {
	if old := d.e.Sequence(q.ID); old == nil || old.Counter() != q.Counter() {
		k := tableKey{d.s.db.ID, q.Counter()}
		d.s.e.seqs.opened(k)
		d.s.work.counters = append(d.s.work.counters, k)
	}
	return d.e.PutSequence(q)
}

func (s *sequences) opened(k tableKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.open[k] = false
}

// ended is told of the counters that a transaction made, after its end. Values of those that
// the catalog does not know, since it was rolled back or has dropped them again, are removed.
func (s *sequences) ended(ctx context.Context, counters []tableKey) error {
	if len(counters) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var used []tableKey
	for _, k := range counters {
		if s.mu.open[k] {
			used = append(used, k)
		}
		delete(s.mu.open, k)
	}
	if len(used) == 0 {
		return nil
	}
	err := s.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		snap, err := s.cat.At(tx, used[0].db)
		if err != nil {
			return err
		}
		known := countersOf(snap)
		for _, k := range used {
			if !known[k.id] {
				if err := tx.Delete(keyspace.AppendPrefix(nil, k.db, keyspace.SpaceSequence, k.id)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove values of sequences that are not there: %w", err)
	}
	return nil
}

// countersOf gives the counters of all sequences.
func countersOf(snap *catalog.Snapshot) map[keyspace.ObjectID]bool {
	known := map[keyspace.ObjectID]bool{}
	for _, q := range snap.Sequences() {
		known[q.Counter()] = true
	}
	return known
}

// unknown gives those of the counters which, as of now, have a value and are of no sequence, not even
// of one that an open transaction is making.
func (s *sequences) unknown(ctx context.Context, db keyspace.DatabaseID, ids []keyspace.ObjectID) (list []keyspace.ObjectID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.store.View(ctx, func(tx *txn.Tx) error {
		snap, err := s.cat.At(tx, db)
		if err != nil {
			return err
		}
		known := countersOf(snap)
		for _, id := range ids {
			if _, open := s.mu.open[tableKey{db, id}]; open || known[id] {
				continue
			}
			_, there, err := tx.Get(keyspace.AppendPrefix(nil, db, keyspace.SpaceSequence, id))
			if err != nil {
				return err
			}
			if there {
				list = append(list, id)
			}
		}
		return nil
	})
	return list, err
}

// dropStrayCounters removes values of sequences whose transaction a crash has ended.
func (e *Engine) dropStrayCounters(ctx context.Context, db catalog.Database) error {
	return e.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		snap, err := e.cat.At(tx, db.ID)
		if err != nil {
			return err
		}
		known := countersOf(snap)
		prefix := keyspace.AppendSpacePrefix(nil, db.ID, keyspace.SpaceSequence)
		it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
		defer it.Close() //nolint:errcheck // Err is looked at
		var stray [][]byte
		for it.Next() {
			if _, _, id, _, ok := keyspace.Split(it.Key()); ok && !known[id] {
				stray = append(stray, append([]byte(nil), it.Key()...))
			}
		}
		if err := it.Err(); err != nil {
			return err
		}
		for _, key := range stray {
			if err := tx.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
}
