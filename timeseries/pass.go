package timeseries

import (
	"cmp"
	"context"
	"slices"

	"github.com/weftdb/weft/storage/txn"
)

// A pass seals the batches of a metric. What was committed up to its beginning goes into
// blocks, column by column in the order of columns and some in each transaction, which moves
// the mark with them: so at any moment, and after a crash, a column is sealed up to a commit
// that the mark names, and what came later goes over its blocks. Once all columns are
// through, the batches are removed; nobody reads them any more.

const (
	passPoints  = 1 << 17 // that one transaction seals
	passRecords = 256     // open records of a column with batches that call for a pass
)

// passColumns is how many columns one transaction seals.
var passColumns = 512

// passes runs the passes that are due, or all, of the metrics that there were at a commit.
func (s *Store) passes(ctx context.Context, metrics map[uint64]*Metric, at uint64, all bool, stats *SealStats) error {
	s.head.drop(func(key metricKey) bool { return key.db != s.db || metrics[key.metric] != nil }, at)
	var rest []openMetric
	for _, m := range metrics {
		key := metricKey{s.db, m.id}
		x := s.head.open(key)
		if x.oldest == 0 {
			continue
		}
		old := s.Now().Sub(txn.Timestamp(x.oldest).Time()) >= s.opts.SealAge
		full := x.points >= max(x.columns, batchColumns)*sealPoints && x.points >= s.head.count(key)*sealPoints
		if !all && !old && !s.seal.crowded[key] && !full {
			x.Metric = m
			rest = append(rest, x)
			continue
		}
		if err := s.pass(ctx, m, stats); err != nil {
			return err
		}
		delete(s.seal.crowded, key)
	}
	stats.waiting = stats.waiting || len(rest) > 0
	if s.head.points.Load() <= s.head.limit {
		return nil
	}
	// There is too much of it all: the largest go first, down to a half.
	slices.SortFunc(rest, func(a, b openMetric) int { return cmp.Compare(b.points, a.points) })
	for _, x := range rest {
		if s.head.points.Load() <= s.head.limit/2 {
			break
		}
		if err := s.pass(ctx, x.Metric, stats); err != nil {
			return err
		}
	}
	return nil
}

// pass seals what there is of a metric's batches, and goes on with a pass that was not
// finished first.
func (s *Store) pass(ctx context.Context, m *Metric, stats *SealStats) error {
	var at mark
	var now uint64
	err := s.txns.View(ctx, func(tx *txn.Tx) (err error) {
		now = uint64(tx.ReadTimestamp())
		at, err = s.mark(tx, m.id)
		return err
	})
	if err != nil {
		return err
	}
	if at.now != at.done {
		if err := s.passFrom(ctx, m, at, stats); err != nil {
			return err
		}
		at.done = at.now
	}
	if s.head.open(metricKey{s.db, m.id}).oldest == 0 {
		return nil
	}
	return s.passFrom(ctx, m, mark{done: at.done, now: now}, stats)
}

// passFrom seals columns behind the mark, and ends the pass.
func (s *Store) passFrom(ctx context.Context, m *Metric, at mark, stats *SealStats) error {
	s.head.settle(at.now)
	s.head.begin(metricKey{s.db, m.id}, at.now)
	list, err := s.ripeColumns(ctx, m, at.now)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(c ripeColumn) bool { return at.of(c.column) == at.now })
	for len(list) > 0 {
		n, points := 0, 0
		for n < len(list) && n < passColumns && points < passPoints {
			points += max(list[n].points, 1)
			n++
		}
		at.series, at.field = list[n-1].series, list[n-1].field
		if alive, err := s.passSome(ctx, m, list[:n], at, stats); err != nil || !alive {
			return err
		}
		list = list[n:]
	}
	at = mark{done: at.now, now: at.now}
	err = s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
		alive, err := s.stays(tx, m)
		if err != nil || !alive {
			return err
		}
		return tx.Put(s.markKey(m.id), at.append(nil))
	})
	if err != nil {
		return err
	}
	s.head.finish(metricKey{s.db, m.id}, at.done)
	return s.removeBatches(ctx, m.id, at.done)
}

// ripeColumns are the columns of a metric with something that is not sealed of commits up
// to until, in order.
func (s *Store) ripeColumns(ctx context.Context, m *Metric, until uint64) ([]ripeColumn, error) {
	list, err := s.head.columns(metricKey{s.db, m.id}, until)
	if err != nil {
		return nil, err
	}
	open, err := s.openColumns(ctx, m)
	if err != nil {
		return nil, err
	}
	other := make([]ripeColumn, len(open))
	for i, c := range open {
		other[i] = ripeColumn{column: c}
	}
	slices.SortFunc(other, func(a, b ripeColumn) int { return a.compare(b.column) })
	other = slices.CompactFunc(other, func(a, b ripeColumn) bool { return a.column == b.column })
	return joinColumns(list, other), nil
}

// stays says whether a metric is still there, and has the commit refused where it is
// dropped meanwhile.
func (s *Store) stays(tx *txn.Tx, m *Metric) (bool, error) {
	if err := tx.Guard(s.metricKey(m.Name)); err != nil {
		return false, err
	}
	now, ok, err := s.metric(tx, m.Name)
	return ok && err == nil && now.id == m.id, err
}

// passSome seals some columns and moves the mark to the last of them.
func (s *Store) passSome(ctx context.Context, m *Metric, list []ripeColumn, at mark, stats *SealStats) (alive bool, err error) {
	var done SealStats
	err = s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) (err error) {
		done = SealStats{}
		if alive, err = s.stays(tx, m); err != nil || !alive {
			return err
		}
		now, _, err := s.metric(tx, m.Name)
		if err != nil {
			return err
		}
		st, err := s.retained(tx, m.id)
		if err != nil {
			return err
		}
		for _, c := range list {
			_, there, err := tx.Get(s.tagsKey(m.id, c.series))
			if err == nil && there {
				err = s.sealColumn(tx, c.column, now, st, at.now, true, &done)
			}
			if err != nil {
				return err
			}
		}
		return tx.Put(s.markKey(m.id), at.append(nil))
	})
	if err != nil || !alive {
		return alive, err
	}
	s.head.trim(metricKey{s.db, m.id}, list)
	stats.add(done)
	return true, nil
}

// removeBatches removes the batches of commits up to until.
func (s *Store) removeBatches(ctx context.Context, metric, until uint64) error {
	var keys [][]byte
	err := s.txns.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(within(s.of(objBatch, metric)))
		defer it.Close()
		for it.Next() {
			if uint64(it.Timestamp()) <= until {
				keys = append(keys, slices.Clone(it.Key()))
			}
		}
		return it.Err()
	})
	for len(keys) > 0 && err == nil {
		n := min(len(keys), 1024)
		err = s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
			for _, key := range keys[:n] {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		keys = keys[n:]
	}
	return err
}
