package timeseries

import (
	"math"
	"slices"
	"sort"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// How points of batches become layers of a column, in the order of their commits.

// batchesOf returns the layers of a column that are from batches: those that were
// committed up to until, of which stops are the other layers, in order.
func (s *Store) batchesOf(tx *txn.Tx, c column, from, to int64, until uint64, stops []layer) ([]layer, error) {
	prefix := s.of(objBatch, c.metric)
	if err := tx.ReadRange(prefix, keyspace.End(prefix)); err != nil {
		return nil, err
	}
	h, snapshot := &s.head, uint64(tx.ReadTimestamp())
	h.settle(snapshot)
	v, ok, err := h.view(metricKey{s.db, c.metric}, snapshot)
	if err != nil {
		return nil, err
	}
	if !ok {
		if v, err = s.pastView(tx, c.metric, snapshot); err != nil {
			return nil, err
		}
	}
	w := layerer{from: from, to: to, stops: stops}
	var after uint64
	marked := false
	for _, r := range v.runs {
		f, i, j := r.column(c)
		if i == j {
			continue
		}
		if !marked {
			m, err := s.mark(tx, c.metric)
			if err != nil {
				return nil, err
			}
			after, marked = m.of(c), true
		}
		w.run(r, f, i, j, after, min(snapshot, until))
	}
	if until == math.MaxUint64 {
		err = s.own(tx, c, &w)
	}
	return w.list, err
}

// layerer makes layers of points as they come in the order of commits.
type layerer struct {
	from, to int64
	stops    []layer
	stop     int // of stops are behind
	list     []layer
}

// run adds the points of a column in a run, from i to j, that are of commits after after and
// up to until.
func (w *layerer) run(r *headRun, f *runField, i, j int, after, until uint64) {
	if low := r.after(after); low > 0 {
		i += sort.Search(j-i, func(k int) bool { return int(f.seq[i+k]) >= low })
	}
	if high := r.after(until); high < len(r.batches) {
		j = i + sort.Search(j-i, func(k int) bool { return int(f.seq[i+k]) >= high })
	}
	for ; i < j; i++ {
		t := f.time(i)
		if t < w.from || t > w.to {
			continue
		}
		b := &r.batches[f.seq[i]]
		f.appendTo(w.room(b.at, b.number, t, f.kind), i, t)
	}
}

// room is where a point at t goes: to the layer of the ones before where it follows them
// and nothing else came between.
func (w *layerer) room(at, number uint64, t int64, kind block.Kind) *block.Points {
	fresh := len(w.list) == 0 || w.list[len(w.list)-1].max >= t
	for w.stop < len(w.stops) && w.stops[w.stop].before(at, number) {
		w.stop++
		fresh = true
	}
	if fresh {
		w.list = append(w.list, layer{at: txn.Timestamp(at), number: number, min: t, points: &block.Points{Kind: kind}})
	}
	l := &w.list[len(w.list)-1]
	l.max = t
	return l.points
}

func (l *layer) before(at, number uint64) bool {
	return uint64(l.at) < at || uint64(l.at) == at && l.number < number
}

// own adds what the transaction itself has put into batches.
func (s *Store) own(tx *txn.Tx, c column, w *layerer) (err error) {
	prefix := s.of(objBatch, c.metric)
	tx.Own(prefix, keyspace.End(prefix), func(key, value []byte, deleted bool) bool {
		if deleted {
			return true
		}
		var n uint64
		if n, err = s.cutBatch(key, c.metric); err != nil {
			return false
		}
		var list []columnPoints
		if list, err = s.head.past.columns(s.db, c.metric, n, value); err != nil {
			return false
		}
		i, ok := slices.BinarySearchFunc(list, c, func(x columnPoints, c column) int { return x.column.compare(c) })
		if !ok {
			return true
		}
		p := list[i].points
		for k, t := range p.Times {
			if t >= w.from && t <= w.to {
				q := w.room(math.MaxUint64, n, t, p.Kind)
				valueAt(p, k).appendTo(q, t)
			}
		}
		return true
	})
	return err
}
