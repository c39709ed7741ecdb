package sorted

import (
	"bytes"
	"context"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/cockroachkvs"
)

// DropRange deletes every version at or before ts of the keys in [lower, upper), at
// once without reading them; versions after ts stay. Nil bounds are open. It
// can be repeated. Where FlushGeneration has noted the drop, the note goes with it.
//
// It is not transactional: reads at any timestamp find the range without those
// versions from now on, and an incremental backup does not see it happen. Iterators
// that are open keep what they had. It knows nothing of entries that have not been
// flushed: a caller that drops a range at ts must not flush entries of it at or
// before ts afterwards.
//
// The range is marked as deleted, together with copies of what stays; files that
// lie in it go as soon as that is merged, which takes no reading. (Pebble can also
// cut a range out of its files, but takes a file that it cannot read at that moment
// for one that has nothing to keep.)
func (s *Store) DropRange(ctx context.Context, lower, upper []byte, ts uint64) error {
	if err := s.beginWrite(ctx); err != nil {
		return err
	}
	defer s.endWrite()
	from, to := storedBounds(lower, upper)
	span, err := s.dropSpan(from, to)
	if err != nil {
		return s.wrap("drop range", err)
	}
	b := *s.books.Load()
	noted := len(b.drops)
	b.drops = slices.DeleteFunc(slices.Clone(b.drops), func(d Drop) bool { return d.equal(&Drop{lower, upper, ts}) })
	if span == nil && len(b.drops) == noted {
		return nil
	}
	w := s.newWriter()
	defer w.abort()
	if span != nil {
		w.drop.start, w.drop.end = span.Start, span.End
	}
	if span != nil && ts < b.applied {
		if err := s.copyAfter(ctx, w, span, ts); err != nil {
			return s.wrap("drop range", err)
		}
	}
	if err := w.ingest(ctx, b); err != nil {
		return s.wrap("drop range", err)
	}
	return nil
}

// dropSpan is the range as the engine takes it: with an end. It is nil where there
// is nothing to drop.
func (s *Store) dropSpan(from, to []byte) (*pebble.KeyRange, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsOnly, LowerBound: from, UpperBound: to})
	if err != nil {
		return nil, err
	}
	defer func() { _ = it.Close() }() // its error is looked at
	if bytes.Equal(from, to) || !it.Last() {
		return nil, it.Error()
	}
	if to == nil {
		key, _, ok := cutVersion(it.Key())
		if !ok {
			return nil, s.damaged("key %x is not in the form of this store", it.Key())
		}
		to = append(appendPrefix(nil, key), 0) // the smallest key that is greater
	}
	return &pebble.KeyRange{Start: from, End: to}, nil
}

// copyAfter writes the versions after ts to w.
func (s *Store) copyAfter(ctx context.Context, w *writer, span *pebble.KeyRange, ts uint64) error {
	filters := make([]pebble.BlockPropertyFilter, 0, 2)
	it, err := s.db.NewIter(&pebble.IterOptions{
		KeyTypes: pebble.IterKeyTypePointsOnly, LowerBound: span.Start, UpperBound: span.End,
		PointKeyFilters: append(filters, cockroachkvs.NewMVCCTimeIntervalFilter(ts+1, MaxTimestamp)),
	})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // its error is looked at
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n++; n%ctxEvery == 0 && ctx.Err() != nil {
			return canceled(ctx)
		}
		key, version, isVersion := cutVersion(it.Key())
		if !isVersion {
			return s.damaged("key %x is not in the form of this store", it.Key())
		}
		if version <= ts {
			continue
		}
		stored, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := w.set(key, version, userValue(stored), len(stored) == 0); err != nil {
			return err
		}
	}
	return it.Error()
}
