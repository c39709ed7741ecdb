package prom

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// MinTime and MaxTime are the ends of time of a search without bounds.
var (
	MinTime = time.Unix(0, -1<<63).UTC()
	MaxTime = time.Unix(0, 1<<63-1).UTC()
)

// Find is a search for series, or for what their labels are.
type Find struct {
	Sets       [][]*labels.Matcher // a series must meet one of them; none: all series
	Start, End time.Time           // it must have points between, both included
	Limit      int                 // of what is found; 0: none
}

// each runs fn for each set of matchers, in one snapshot.
func (f *Find) each(ctx context.Context, store *timeseries.Store, fn func(q storage.Querier, set []*labels.Matcher) error) error {
	sets := f.Sets
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	return store.View(ctx, func(tx *txn.Tx) error {
		q, err := Over(store, tx).Querier(toMillis(f.Start.UnixNano()), toMillis(f.End.UnixNano()))
		if err != nil {
			return err
		}
		defer q.Close()
		for _, set := range sets {
			if err := fn(q, set); err != nil {
				return err
			}
		}
		return nil
	})
}

// FindSeries finds series, in the order of their labels; cut says that the limit left
// some out.
func FindSeries(ctx context.Context, store *timeseries.Store, f Find) (list []labels.Labels, cut bool, err error) {
	hints := &storage.SelectHints{Start: toMillis(f.Start.UnixNano()), End: toMillis(f.End.UnixNano()), Func: "series"}
	if f.Limit > 0 {
		hints.Limit = f.Limit + 1
	}
	err = f.each(ctx, store, func(q storage.Querier, set []*labels.Matcher) error {
		found := q.Select(ctx, true, hints, set...)
		for found.Next() {
			list = append(list, found.At().Labels())
		}
		return found.Err()
	})
	slices.SortFunc(list, labels.Compare)
	list = slices.CompactFunc(list, labels.Equal)
	if cut = f.Limit > 0 && len(list) > f.Limit; cut {
		list = list[:f.Limit]
	}
	return list, cut, err
}

// FindLabels finds the names of labels, in order.
func FindLabels(ctx context.Context, store *timeseries.Store, f Find) (list []string, cut bool, err error) {
	return f.texts(ctx, store, func(q storage.Querier, set []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, nil, set...)
		return names, err
	})
}

// FindValues finds the values of a label, in order.
func FindValues(ctx context.Context, store *timeseries.Store, label string, f Find) (list []string, cut bool, err error) {
	return f.texts(ctx, store, func(q storage.Querier, set []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, label, nil, set...)
		return values, err
	})
}

func (f *Find) texts(ctx context.Context, store *timeseries.Store, fn func(q storage.Querier, set []*labels.Matcher) ([]string, error)) (list []string, cut bool, err error) {
	err = f.each(ctx, store, func(q storage.Querier, set []*labels.Matcher) error {
		more, err := fn(q, set)
		list = append(list, more...)
		return err
	})
	slices.Sort(list)
	list = slices.Compact(list)
	if cut = f.Limit > 0 && len(list) > f.Limit; cut {
		list = list[:f.Limit]
	}
	return list, cut, err
}
