package timeseries

import (
	"context"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// retainBatch is how many blocks one transaction removes, and columns one rolls up.
const retainBatch = 256

// removeBefore removes the blocks of an object that end before a time.
func (r *retention) removeBefore(ctx context.Context, object uint64, cut int64) error {
	if cut == math.MinInt64 {
		return nil
	}
	prefix := appendObject(nil, r.db, keyspace.ObjectID(object))
	for from := prefix; from != nil; {
		var keys [][]byte
		err := r.txns.View(ctx, func(tx *txn.Tx) (err error) {
			keys, from, err = r.oldBlocks(tx, prefix, from, cut)
			return err
		})
		if err != nil {
			return err
		}
		err = r.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
			for _, key := range keys {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if r.stats.Expired += len(keys); len(keys) > 0 {
			r.seal.emptied[metricKey{r.db, r.m.id}] = true
		}
	}
	return nil
}

// oldBlocks finds blocks that end before a time, column by column, from a key on; next is
// where to go on, nil at the end.
func (r *retention) oldBlocks(tx *txn.Tx, prefix, from []byte, cut int64) (keys [][]byte, next []byte, err error) {
	opts := within(prefix)
	opts.Lower = from
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		key := it.Key()
		rest := key[len(prefix):]
		if _, rest, err = enc.DecodeUint(rest); err != nil {
			return nil, nil, corrupt("the key %x of a block is malformed", key)
		}
		if _, rest, err = enc.DecodeUint(rest); err != nil {
			return nil, nil, corrupt("the key %x of a block is malformed", key)
		}
		at, _, err := enc.DecodeTime(rest)
		if err != nil {
			return nil, nil, corrupt("the key %x of a block is malformed", key)
		}
		if at < cut {
			if len(keys) == retainBatch {
				return keys, slices.Clone(key), it.Err()
			}
			keys = append(keys, slices.Clone(key))
			continue
		}
		it.Seek(keyspace.End(key[:len(key)-len(rest)])) // the next column
	}
	return keys, nil, it.Err()
}

// dropTiers removes what is kept of a metric that was dropped.
func (s *Store) dropTiers(ctx context.Context, metric uint64) error {
	st, err := s.retainedNow(ctx, metric)
	if err != nil || st == nil {
		return err
	}
	for _, t := range st.tiers {
		prefix := appendObject(nil, s.db, keyspace.ObjectID(t.id))
		if err := s.txns.DropRange(ctx, prefix, keyspace.End(prefix)); err != nil {
			return err
		}
	}
	return s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Delete(s.retainedKey(metric)) })
}

func (s *Store) retainedNow(ctx context.Context, metric uint64) (st *retained, err error) {
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		st, err = s.retained(tx, metric)
		return err
	})
	return st, err
}

// tierPrefixes are where the rows of a series lie.
func (s *Store) tierPrefixes(ctx context.Context, metric, series uint64) (list [][]byte, err error) {
	st, err := s.retainedNow(ctx, metric)
	if err != nil || st == nil {
		return nil, err
	}
	for _, t := range st.tiers {
		list = append(list, enc.AppendUint(appendObject(nil, s.db, keyspace.ObjectID(t.id)), series))
	}
	return list, nil
}
