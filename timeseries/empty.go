package timeseries

import (
	"context"
	"math"
	"time"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// A series whose points are all gone, by a retention policy or a deletion, is forgotten: its
// tags, its entries of the index and the place that it takes among the series that a metric
// may have. Who writes to it meanwhile runs again: writers guard a key of the metric that
// every removal of series writes, and the removal guards what writers write.

const (
	emptyBatch = 64              // series that one transaction forgets
	emptyEvery = 5 * time.Minute // between two searches of a metric
)

// goneKey is the key that removals of series of a metric write.
func (s *Store) goneKey(metric uint64) []byte { return s.of(objGone, metric) }

// forgetEmpty forgets the series without points of metrics that have lost some.
func (s *Store) forgetEmpty(ctx context.Context, all bool, stats *SealStats) error {
	list, err := s.Metrics(ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	for _, m := range list {
		key := metricKey{s.db, m.id}
		last, looked := s.seal.looked[key]
		if looked && !s.seal.emptied[key] || !all && looked && now.Sub(last) < emptyEvery {
			continue
		}
		if err := s.forgetEmptyOf(ctx, m, stats); err != nil {
			return err
		}
		delete(s.seal.emptied, key)
		s.seal.looked[key] = now
	}
	return nil
}

func (s *Store) forgetEmptyOf(ctx context.Context, m *Metric, stats *SealStats) error {
	var list []found
	err := s.txns.View(ctx, func(tx *txn.Tx) error {
		all, err := s.scanSeries(tx, m)
		if err != nil {
			return err
		}
		st, err := s.retained(tx, m.id)
		if err != nil {
			return err
		}
		at, err := s.mark(tx, m.id)
		if err != nil {
			return err
		}
		var lies columnCounter // series with points in batches that no pass has come to
		s.head.eachColumn(metricKey{s.db, m.id}, at.now, func(_ int, series uint64) { lies.add(0, series) })
		for i := 0; i < len(all) && err == nil; i++ {
			if lies.has(0, all[i].id) {
				continue
			}
			var empty bool
			if empty, err = s.empty(tx, m, st, all[i].id); empty {
				list = append(list, all[i])
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
		return err
	})
	for len(list) > 0 && err == nil {
		n := min(len(list), emptyBatch)
		err = s.forgetSome(ctx, m, list[:n], stats)
		list = list[n:]
	}
	return err
}

// empty says whether a series has no points, nor rows of any tier.
func (s *Store) empty(tx *txn.Tx, m *Metric, st *retained, series uint64) (bool, error) {
	prefixes := [][]byte{enc.AppendUint(appendObject(nil, s.db, keyspace.ObjectID(m.id)), series), enc.AppendUint(s.of(objOpen, m.id), series)}
	if st != nil {
		for _, t := range st.tiers {
			prefixes = append(prefixes, enc.AppendUint(appendObject(nil, s.db, keyspace.ObjectID(t.id)), series))
		}
	}
	for _, prefix := range prefixes {
		it := tx.Iter(within(prefix))
		any := it.Next()
		if err := it.Close(); err != nil || any {
			return false, err
		}
	}
	for field := range m.Fields {
		list, err := s.batchesOf(tx, column{m.id, series, field}, math.MinInt64, math.MaxInt64, math.MaxUint64, nil)
		if err != nil || len(list) > 0 {
			return false, err
		}
	}
	return true, nil
}

// forgetSome forgets those of some series that are still empty.
func (s *Store) forgetSome(ctx context.Context, m *Metric, list []found, stats *SealStats) error {
	done := 0
	err := s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
		done = 0
		alive, err := s.stays(tx, m)
		if err != nil || !alive {
			return err
		}
		now, _, err := s.metric(tx, m.Name) // its fields may be more by now
		if err != nil {
			return err
		}
		st, err := s.retained(tx, m.id)
		if err != nil {
			return err
		}
		batches := s.of(objBatch, m.id)
		if err := tx.GuardRange(batches, keyspace.End(batches)); err != nil {
			return err
		}
		for _, f := range list {
			open := enc.AppendUint(s.of(objOpen, m.id), f.id)
			if err := tx.GuardRange(open, keyspace.End(open)); err != nil {
				return err
			}
			_, there, err := tx.Get(s.tagsKey(m.id, f.id))
			if err != nil {
				return err
			}
			empty, err := s.empty(tx, now, st, f.id)
			if err != nil {
				return err
			}
			if !there || !empty {
				continue
			}
			if err := s.removeSeries(tx, m, f); err != nil {
				return err
			}
			done++
		}
		if done == 0 {
			return nil
		}
		return tx.Put(s.goneKey(m.id), nil)
	})
	if err == nil {
		stats.Forgotten += done
	}
	return err
}
