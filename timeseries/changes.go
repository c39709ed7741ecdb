package timeseries

import (
	"bytes"
	"errors"
	"math"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// ID names the metric for good: ids are given out once.
func (m *Metric) ID() uint64 { return m.id }

// DefinitionKey is the key of the store under which a metric is defined.
func (s *Store) DefinitionKey(metric string) []byte { return s.metricKey(metric) }

// ChangeRanges are the keys whose writes are changes of a metric, in order. What moves
// points into blocks is none.
func (s *Store) ChangeRanges(m *Metric) (list []txn.Range) {
	for _, obj := range []keyspace.ObjectID{objTags, objOpen, objBatch} {
		prefix := s.of(obj, m.id)
		list = append(list, txn.Range{Lower: prefix, Upper: keyspace.End(prefix)})
	}
	return list
}

// Change is what one record of a commit did to a series: points that were written to
// one of its fields, or a removal of what lies between two times.
type Change struct {
	Tags     []Tag
	Field    string        // empty: all
	Points   *block.Points // nil: a removal
	From, To int64         // both are of it
}

// ChangesOf reads a write within ChangeRanges; it may be no change, or several. before and
// after see what was just before its commit, and after it.
func (s *Store) ChangesOf(before, after *txn.Tx, m *Metric, op *txn.Op) ([]Change, error) {
	if !bytes.HasPrefix(op.Key, s.of(objBatch, m.id)) {
		ch, ok, err := s.changeOf(before, after, m, op)
		if err != nil || !ok {
			return nil, err
		}
		return []Change{ch}, nil
	}
	if op.Deleted {
		return nil, nil // it went into blocks
	}
	list, err := columnsOf(op.Value, m.id)
	if err != nil {
		return nil, err
	}
	out := make([]Change, len(list))
	for i, x := range list {
		if x.field >= len(m.Fields) {
			return nil, corrupt("a batch of metric %q has field %d", m.Name, x.field)
		}
		ch := &out[i]
		ch.Field, ch.Points, ch.From, ch.To = m.Fields[x.field].Name, x.points, x.points.Times[0], x.points.Times[x.points.Len()-1]
		if i > 0 && list[i-1].series == x.series {
			ch.Tags = out[i-1].Tags
			continue
		}
		if ch.Tags, err = s.tagsOf(after, before, m, x.series); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// changeOf reads a write that is one change at most.
func (s *Store) changeOf(before, after *txn.Tx, m *Metric, op *txn.Op) (ch Change, ok bool, err error) {
	if tags := s.of(objTags, m.id); bytes.HasPrefix(op.Key, tags) {
		if !op.Deleted {
			return ch, false, nil // a series that is new
		}
		series, _, err := enc.DecodeUint(op.Key[len(tags):])
		if err != nil {
			return ch, false, corrupt("the key %x of a series is malformed", op.Key)
		}
		if _, dropped, err := after.Get(s.droppedKey(m.id, series)); err != nil || !dropped {
			return ch, false, err // it had no points and was forgotten
		}
		v, ok, err := before.Get(op.Key)
		if err != nil || !ok {
			return ch, false, err
		}
		ch.From, ch.To = math.MinInt64, math.MaxInt64
		ch.Tags, err = decodeTags(v)
		return ch, true, err
	}
	if op.Deleted {
		return ch, false, nil // it went into blocks
	}
	c, _, err := cutOpen(op.Key[objectLen(s):])
	if err != nil || c.field >= len(m.Fields) {
		return ch, false, errors.Join(err, corrupt("the key %x of open points is malformed", op.Key))
	}
	ch.Field = m.Fields[c.field].Name
	if ch.Tags, err = s.tagsOf(after, before, m, c.series); err != nil {
		return ch, false, err
	}
	var l layer
	if err := l.read(op.Value, math.MinInt64, math.MaxInt64); err != nil {
		return ch, false, err
	}
	ch.Points, ch.From, ch.To = l.points, l.min, l.max
	return ch, true, nil
}

// tagsOf finds the tags of a series in one of the transactions.
func (s *Store) tagsOf(a, b *txn.Tx, m *Metric, series uint64) ([]Tag, error) {
	for _, tx := range []*txn.Tx{a, b} {
		v, ok, err := tx.Get(s.tagsKey(m.id, series))
		if err != nil {
			return nil, err
		}
		if ok {
			return decodeTags(v)
		}
	}
	return nil, nil // it was written to and removed at once
}

// EachTx calls fn with the points of a metric, series by series and field by field.
func (s *Store) EachTx(tx *txn.Tx, m *Metric, fn func(ch *Change) error) error {
	it := tx.Iter(within(s.of(objTags, m.id)))
	defer it.Close()
	for it.Next() {
		series, rest, err := enc.DecodeUint(it.Key()[len(s.of(objTags, m.id)):])
		if err != nil || len(rest) != 0 {
			return errors.Join(err, corrupt("the key %x of a series is malformed", it.Key()))
		}
		ch := Change{}
		if ch.Tags, err = decodeTags(it.Value()); err != nil {
			return err
		}
		give := func(p *block.Points) error {
			if p.Len() == 0 {
				return nil
			}
			ch.Points, ch.From, ch.To = p, p.Times[0], p.Times[p.Len()-1]
			return fn(&ch)
		}
		for field := range m.Fields {
			ch.Field = m.Fields[field].Name
			err := s.walk(tx, column{m.id, series, field}, m.Duplicates, math.MinInt64, math.MaxInt64, visitor{
				points: give,
				block: func(_ *block.Header, raw []byte) error {
					p := &block.Points{}
					if err := block.Decode(raw, p); err != nil {
						return err
					}
					return give(p)
				},
			})
			if err != nil {
				return err
			}
		}
	}
	return it.Err()
}

// WriteRanges are the keys whose writes are those of points, and removals of spans of
// time, of all metrics, in order.
func (s *Store) WriteRanges() (list []txn.Range) {
	for _, obj := range []keyspace.ObjectID{objOpen, objBatch} {
		prefix := appendObject(nil, s.db, obj)
		list = append(list, txn.Range{Lower: prefix, Upper: keyspace.End(prefix)})
	}
	return list
}

// WrittenBy says of which metric, and from when to when, both included, a write within
// WriteRanges is; false where it only moves points into blocks.
func (s *Store) WrittenBy(op *txn.Op) (metric uint64, from, to int64, ok bool, err error) {
	if op.Deleted {
		return 0, 0, 0, false, nil
	}
	if batches := appendObject(nil, s.db, objBatch); bytes.HasPrefix(op.Key, batches) {
		if metric, _, err = enc.DecodeUint(op.Key[len(batches):]); err != nil {
			return 0, 0, 0, false, corrupt("the key %x of a batch is malformed", op.Key)
		}
		list, err := columnsOf(op.Value, metric)
		from, to = math.MaxInt64, math.MinInt64
		for _, x := range list {
			from, to = min(from, x.points.Times[0]), max(to, x.points.Times[x.points.Len()-1])
		}
		return metric, from, to, err == nil && from <= to, err
	}
	c, _, err := cutOpen(op.Key[objectLen(s):])
	if err != nil {
		return 0, 0, 0, false, errors.Join(err, corrupt("the key %x of open points is malformed", op.Key))
	}
	var l layer
	if err := l.span(op.Value); err != nil {
		return 0, 0, 0, false, err
	}
	return c.metric, l.min, l.max, true, nil
}
