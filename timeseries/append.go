package timeseries

import (
	"context"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Appender gathers floats of one field, for series that the caller holds references of, and
// writes them by one transaction. It is the way to write that costs least: what Write is
// given for a point is a metric, tags and fields, of which each call has to look at all.
// It may be used again and again, by one goroutine at a time.
type Appender struct {
	s      *Store
	field  string
	refs   []*Ref
	times  []int64
	values []float64
}

// Appender returns an appender to a field, DefaultField where it is empty.
func (s *Store) Appender(field string) *Appender {
	if field == "" {
		field = DefaultField
	}
	return &Appender{s: s, field: field}
}

// Append adds a point; at is in nanoseconds since 1970.
func (a *Appender) Append(ref *Ref, at int64, v float64) {
	a.refs = append(a.refs, ref)
	a.times = append(a.times, at)
	a.values = append(a.values, v)
}

// Len is how many points were added.
func (a *Appender) Len() int { return len(a.refs) }

// Reset lets go of the points that were added.
func (a *Appender) Reset() {
	clear(a.refs)
	a.refs, a.times, a.values = a.refs[:0], a.times[:0], a.values[:0]
}

// Commit is Write of the points that were added, all or none, and then Reset. After an
// error they are still there.
func (a *Appender) Commit(ctx context.Context) error {
	if err := a.s.admit(ctx); err != nil {
		return err
	}
	err := a.s.update(ctx, func(tx *txn.Tx) error {
		w, err := a.s.writer(ctx, tx)
		if err != nil {
			return err
		}
		if err := w.addAll(a); err != nil {
			return err
		}
		return w.finish()
	})
	if err == nil {
		a.Reset()
	}
	return err
}

// addAll adds the points of an appender.
func (w *writer) addAll(a *Appender) error {
	var t *target // of the point before, where it takes floats as they are
	var b *slab
	field := -1
	for i, ref := range a.refs {
		v, at := a.values[i], a.times[i]
		if place := ref.at.Load(); t != nil && at >= t.oldest && w.serves(place, t) {
			b.addFloat(place.series, at, v)
			if len(t.few) < batchColumns {
				t.note(place.series, field)
			}
			continue
		}
		one := [1]Field{{Name: a.field, Value: FloatValue(v)}}
		if err := w.add(&Point{Ref: ref, Time: at, Fields: one[:]}); err != nil {
			return err
		}
		if t = w.last; !t.known {
			t = nil
		} else if field = t.Field(a.field); t.Fields[field].Kind != block.Float {
			t = nil
		} else {
			b = t.slab(field)
		}
	}
	return nil
}
