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
	v, ok, err := h.view(s.db, c, snapshot)
	if err != nil {
		return nil, err
	}
	if !ok {
		if v, err = s.pastView(tx, c, snapshot); err != nil {
			return nil, err
		}
	}
	w := layerer{from: from, to: to, stops: stops}
	if len(v.times) > 0 {
		m, err := s.mark(tx, c.metric)
		if err != nil {
			return nil, err
		}
		w.view(&v, m.of(c), min(snapshot, until))
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

func (w *layerer) view(v *headView, after, until uint64) {
	at := func(i int) *batchAt { return &v.batches[v.seq[i]-v.base] }
	i := sort.Search(len(v.seq), func(i int) bool { return at(i).at > after })
	for ; i < len(v.seq); i++ {
		b := at(i)
		if b.at > until {
			return
		}
		t := v.times[i]
		if t < w.from || t > w.to {
			continue
		}
		p := w.room(b.at, b.number, t, v.kind)
		p.Times = append(p.Times, t)
		switch v.kind {
		case block.Float:
			p.Floats = append(p.Floats, math.Float64frombits(v.bits[i]))
		case block.Int:
			p.Ints = append(p.Ints, int64(v.bits[i]))
		case block.Bool:
			p.Bools = append(p.Bools, v.bits[i] != 0)
		case block.Text:
			p.Texts = append(p.Texts, v.texts[i])
		}
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
