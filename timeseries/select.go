package timeseries

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Selected is a series that a search found.
type Selected struct {
	Tags []Tag // by name; not to be changed

	id uint64
}

// StoreKey is a key that stands for a point of a series, for locks. No record has it.
func (s *Store) StoreKey(m *Metric, x Selected, at int64) []byte {
	return enc.AppendTime(enc.AppendUint(s.of(objTags, m.id), x.id), at)
}

// CountUpTo counts the points of a metric by the fullest field of each series, up to
// limit, mostly by what blocks say of themselves.
func (s *Store) CountUpTo(ctx context.Context, metric string, limit int64) (n int64, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		n = 0
		m, ok, err := s.metric(tx, metric)
		if err != nil || !ok {
			return err
		}
		list, err := s.find(tx, m, nil)
		for i := 0; i < len(list) && n < limit && err == nil; i++ {
			var most int64
			for field := range m.Fields {
				var of int64
				err = ignore(s.walk(tx, column{m.id, list[i].id, field}, m.Duplicates, math.MinInt64, math.MaxInt64, visitor{
					points: func(p *block.Points) error { of += int64(p.Len()); return ctx.Err() },
					block: func(h *block.Header, _ []byte) error {
						if of += int64(h.Count); n+of >= limit {
							return errEnough
						}
						return ctx.Err()
					},
				}), errEnough)
				most = max(most, of)
			}
			n += most
		}
		return err
	})
	return min(n, limit), err
}

// View runs fn in a read-only transaction, or in the caller's.
func (s *Store) View(ctx context.Context, fn func(tx *txn.Tx) error) error { return s.view(ctx, fn) }

// SelectTx finds the series of a metric for which all matchers hold, in the order of
// their tags.
func (s *Store) SelectTx(tx *txn.Tx, m *Metric, matchers []Matcher) ([]Selected, error) {
	found, err := s.find(tx, m, matchers)
	if err != nil {
		return nil, err
	}
	list := make([]Selected, len(found))
	for i, f := range found {
		list[i] = Selected{f.tags, f.id}
	}
	slices.SortFunc(list, func(a, b Selected) int { return compareTags(a.Tags, b.Tags) })
	return list, nil
}

// ReadTx visits the points of a field of a series from from to to, both included, in the
// order of time. What fn is given holds only during the call; buf is memory to decode
// blocks in.
func (s *Store) ReadTx(ctx context.Context, tx *txn.Tx, m *Metric, x Selected, field int, from, to int64, buf *block.Points, fn func(p *block.Points) error) error {
	return s.walk(tx, column{m.id, x.id, field}, m.Duplicates, from, to, decoding(ctx, buf, fn))
}

// HasPointsTx says whether a series has points from from to to, both included, in any of
// its fields.
func (s *Store) HasPointsTx(tx *txn.Tx, m *Metric, x Selected, from, to int64) (bool, error) {
	for field := range m.Fields {
		err := s.walk(tx, column{m.id, x.id, field}, m.Duplicates, from, to, visitor{
			points: func(p *block.Points) error {
				if p.Len() > 0 {
					return errEnough
				}
				return nil
			},
			block: func(*block.Header, []byte) error { return errEnough },
		})
		if err != nil {
			return errors.Is(err, errEnough), ignore(err, errEnough)
		}
	}
	return false, nil
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// TagNamesTx are the names of the tags that series of a metric have, in the order of
// their bytes. It reads one key for each.
func (s *Store) TagNamesTx(tx *txn.Tx, m *Metric) (names []string, err error) {
	opts := within(s.of(objIndex, m.id))
	for {
		name, ok, err := s.firstTag(tx, opts, len(s.of(objIndex, m.id)))
		if err != nil || !ok {
			return names, err
		}
		names = append(names, name)
		opts.Lower = within(enc.AppendString(s.of(objIndex, m.id), name)).Upper
	}
}

func (s *Store) firstTag(tx *txn.Tx, opts txn.IterOptions, skip int) (name string, ok bool, err error) {
	it := tx.Iter(opts)
	defer it.Close()
	if !it.Next() {
		return "", false, it.Err()
	}
	if name, _, err = enc.DecodeString(it.Key()[skip:]); err != nil {
		return "", false, corrupt("the key %x of the tag index is malformed", it.Key())
	}
	return name, true, nil
}

// TagValuesTx are the values of a tag of a metric, in the order of their bytes. It reads
// one key for each.
func (s *Store) TagValuesTx(tx *txn.Tx, m *Metric, tag string) (values []string, err error) {
	prefix := enc.AppendString(s.of(objIndex, m.id), tag)
	opts := within(prefix)
	for {
		value, ok, err := s.firstTag(tx, opts, len(prefix))
		if err != nil || !ok {
			return values, err
		}
		values = append(values, value)
		opts.Lower = within(enc.AppendString(slices.Clip(prefix), value)).Upper
	}
}

// Description is what is said of a metric beside its points.
type Description struct {
	Metric      string
	Type        Type
	Unit        string
	Description string
}

// Describe says of metrics what they are, and makes those that are missing. What is
// empty is left as it is.
func (s *Store) Describe(ctx context.Context, list []Description) error {
	return s.update(ctx, func(tx *txn.Tx) error {
		for i := range list {
			if err := s.describe(ctx, tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) describe(ctx context.Context, tx *txn.Tx, d *Description) error {
	if len(d.Unit) > MaxNameBytes {
		return tooLarge("UNIT_TOO_LARGE", "unit", "a unit of %d bytes is over the maximum of %d", len(d.Unit), MaxNameBytes)
	}
	if len(d.Description) > MaxTagValueBytes {
		return tooLarge("DESCRIPTION_TOO_LARGE", "description", "a description of %d bytes is over the maximum of %d", len(d.Description), MaxTagValueBytes)
	}
	m, ok, err := s.metric(tx, d.Metric)
	if err != nil {
		return err
	}
	if !ok {
		return s.makeMetric(ctx, tx, &Metric{Name: d.Metric, Type: d.Type, Unit: d.Unit, Description: d.Description})
	}
	old := *m
	m.Type = d.Type
	if d.Unit != "" {
		m.Unit = d.Unit
	}
	if d.Description != "" {
		m.Description = d.Description
	}
	if m.Type == old.Type && m.Unit == old.Unit && m.Description == old.Description {
		return nil
	}
	return tx.Put(s.metricKey(m.Name), m.append(nil))
}
