package timeseries

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// How the head is made of the batches that are in the store.

func (h *head) load(tx *txn.Tx, c *core, since uint64) error {
	h.floor = uint64(tx.ReadTimestamp())
	it := tx.Iter(txn.IterOptions{})
	dbs, err := keyspace.Databases(it, keyspace.SpaceSeries)
	it.Close()
	if err != nil {
		return err
	}
	for _, db := range dbs {
		s := &Store{core: c, db: db}
		list, err := s.MetricsTx(tx)
		if err != nil {
			return err
		}
		for _, m := range list {
			x := &headMetric{}
			at, err := s.mark(tx, m.id)
			if err != nil {
				return err
			}
			x.done = at.done
			if err := s.readBatches(tx, m.id, since, x); err != nil {
				return err
			}
			if len(x.waiting) > 0 {
				h.metrics[metricKey{db, m.id}] = x
				h.points.Add(int64(x.points))
			}
		}
	}
	return nil
}

// readBatches adds the committed batches of a metric, up to a commit, that are not sealed in
// all columns.
func (s *Store) readBatches(tx *txn.Tx, metric uint64, until uint64, x *headMetric) error {
	var list []batchAt
	it := tx.Iter(within(s.of(objBatch, metric)))
	defer it.Close()
	for it.Next() {
		n, err := s.cutBatch(it.Key(), metric)
		if err != nil {
			return err
		}
		if at := uint64(it.Timestamp()); at != 0 && at <= until && at > x.done {
			list = append(list, batchAt{at: at, number: n})
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b batchAt) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) })
	for _, b := range list {
		v, _, err := tx.Get(s.batchKey(metric, b.number))
		if err != nil {
			return err
		}
		if err := x.add(b, v); err != nil {
			return err
		}
	}
	return nil
}

// mark reads how far the batches of a metric are sealed.
func (s *Store) mark(tx *txn.Tx, metric uint64) (m mark, err error) {
	v, ok, err := tx.Get(s.markKey(metric))
	if err == nil && ok {
		err = m.decode(v)
	}
	return m, err
}

// add adds a batch, of which it takes a copy.
func (x *headMetric) add(b batchAt, v []byte) error {
	err := scanBatch(v, func(_, points int, _, _ []byte) { b.points += points })
	if err == nil {
		x.waiting = append(x.waiting, waitingBatch{b, bytes.Clone(v)})
		x.points += b.points
	}
	return err
}
