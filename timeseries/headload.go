package timeseries

import (
	"cmp"
	"math"
	"slices"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
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
			x, err := s.readBatches(tx, m.id, since, true)
			if err != nil {
				return err
			}
			if len(x.batches) > 0 {
				h.metrics[metricKey{db, m.id}] = x
				h.points.Add(int64(x.points))
			}
		}
	}
	return nil
}

// readBatches makes a metric of its committed batches, up to a commit; of what is not
// sealed, where asked for.
func (s *Store) readBatches(tx *txn.Tx, metric uint64, until uint64, unsealed bool) (*headMetric, error) {
	x := &headMetric{}
	var m mark
	if unsealed {
		var err error
		if m, err = s.mark(tx, metric); err != nil {
			return nil, err
		}
	}
	var list []batchAt
	it := tx.Iter(within(s.of(objBatch, metric)))
	defer it.Close()
	for it.Next() {
		n, err := s.cutBatch(it.Key(), metric)
		if err != nil {
			return nil, err
		}
		if at := uint64(it.Timestamp()); at != 0 && at <= until {
			list = append(list, batchAt{at, n})
		}
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b batchAt) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) })
	var into slab
	for _, b := range list {
		v, _, err := tx.Get(s.batchKey(metric, b.number))
		if err != nil {
			return nil, err
		}
		if err := x.add(b, v, &into, &m); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// mark reads how far the batches of a metric are sealed.
func (s *Store) mark(tx *txn.Tx, metric uint64) (m mark, err error) {
	v, ok, err := tx.Get(s.markKey(metric))
	if err == nil && ok {
		err = m.decode(v)
	}
	return m, err
}

// add adds a batch; what is sealed by the mark is left out.
func (x *headMetric) add(at batchAt, v []byte, into *slab, m *mark) error {
	seq := x.base + uint32(len(x.batches))
	x.batches = append(x.batches, at)
	return readBatch(v, into, func(b *slab) error {
		for i, id := range b.series {
			if m.now != 0 && at.at <= m.of(column{series: id, field: b.field}) {
				continue
			}
			c := x.columns.open(columnKey{id, b.field})
			c.kind = b.points.Kind
			c.times = append(c.times, b.points.Times[i])
			c.seq = append(c.seq, seq)
			switch c.kind {
			case block.Float:
				c.bits = append(c.bits, math.Float64bits(b.points.Floats[i]))
			case block.Int:
				c.bits = append(c.bits, uint64(b.points.Ints[i]))
			case block.Bool:
				c.bits = append(c.bits, uint64(btoi(b.points.Bools[i])))
			case block.Text:
				c.texts = append(c.texts, b.points.Texts[i])
			}
			x.points++
		}
		return nil
	})
}
