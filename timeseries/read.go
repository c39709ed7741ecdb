package timeseries

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// layer is an open record: points, or a deletion from min to max, both included.
type layer struct {
	at       txn.Timestamp // of its commit; of the transaction's own the greatest there is
	number   uint64
	min, max int64
	points   *block.Points // nil: a deletion
	key      []byte        // of an open record, where asked for
}

// layers reads what is not sealed of a column and touches [from, to], in the order in
// which it takes effect: open records, and points of batches.
func (s *Store) layers(tx *txn.Tx, c column, from, to int64) (list []layer, err error) {
	return s.layersUntil(tx, c, from, to, math.MaxUint64)
}

// layersUntil reads what was committed up to a commit; the greatest is no bound.
func (s *Store) layersUntil(tx *txn.Tx, c column, from, to int64, until uint64) (list []layer, err error) {
	if err := s.head.start(context.Background(), s.core); err != nil {
		return nil, err
	}
	prefix := s.openPrefix(c)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		_, number, err := cutOpen(it.Key()[objectLen(s):])
		if err != nil {
			return nil, corrupt("the key %x of open points is malformed", it.Key())
		}
		l := layer{at: it.Timestamp(), number: number}
		if l.at == 0 {
			l.at = math.MaxUint64
		}
		if uint64(l.at) > until {
			continue
		}
		if err := l.read(it.Value(), from, to); err != nil {
			return nil, err
		}
		if l.max < from || l.min > to {
			continue
		}
		if until != math.MaxUint64 {
			l.key = slices.Clone(it.Key())
		}
		list = append(list, l)
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	order := func(a, b layer) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) }
	slices.SortFunc(list, order)
	more, err := s.batchesOf(tx, c, from, to, until, list)
	if err != nil || len(more) == 0 {
		return list, err
	}
	list = append(list, more...)
	slices.SortStableFunc(list, order)
	return list, nil
}

// objectLen is the length of what stands ahead of the tuple in keys of objOpen.
func objectLen(s *Store) int { return len(appendObject(nil, s.db, objOpen)) }

// span reads from when to when a record is.
func (l *layer) span(v []byte) error {
	if len(v) == 0 {
		return corrupt("an open record is empty")
	}
	switch v[0] {
	case openPoints:
		h, err := block.ReadHeader(v[1:])
		l.min, l.max = h.MinTime, h.MaxTime
		return err
	case openDeletion:
		r := enc.NewReader(v[1:])
		if l.min, l.max = r.Varint(), r.Varint(); !r.Done() || l.min > l.max {
			return corrupt("a deletion of points is malformed")
		}
		return nil
	}
	return corrupt("an open record has form %d", v[0])
}

// read reads a record; points only where they touch [from, to].
func (l *layer) read(v []byte, from, to int64) error {
	if err := l.span(v); err != nil || v[0] != openPoints || l.max < from || l.min > to {
		return err
	}
	l.points = &block.Points{}
	return block.Decode(v[1:], l.points)
}

// visitor is given a column in the order of time: whole blocks that nothing touches, as
// they are stored, and points of what had to be put together.
type visitor struct {
	block  func(h *block.Header, raw []byte) error
	points func(p *block.Points) error
}

// walk visits the points of a column from from to to, both included. A block is given
// whole only where all of it is within.
func (s *Store) walk(tx *txn.Tx, c column, policy Policy, from, to int64, v visitor) error {
	return s.walkMany(tx, nil, c, policy, from, to, v)
}

// walkMany is walk, with what is known of many columns.
func (s *Store) walkMany(tx *txn.Tx, o *many, c column, policy Policy, from, to int64, v visitor) error {
	list, err := s.layersMany(tx, o, c, from, to)
	if err != nil {
		return err
	}
	var mixed *block.Points
	if len(list) > 0 {
		base := &block.Points{}
		err := s.blocksMany(tx, o, c, from, to, func(h *block.Header, raw []byte) error {
			if touched(list, h) {
				return block.Decode(raw, base)
			}
			return nil
		})
		if err != nil {
			return err
		}
		mixed = between(resolve(base, list, policy), from, to)
	}
	at := 0
	until := func(t int64, all bool) error {
		if mixed == nil {
			return nil
		}
		start := at
		for at < mixed.Len() && (all || mixed.Times[at] < t) {
			at++
		}
		if at == start {
			return nil
		}
		return v.points(cut(mixed, start, at))
	}
	err = s.blocksMany(tx, o, c, from, to, func(h *block.Header, raw []byte) error {
		if len(list) > 0 && touched(list, h) {
			return nil
		}
		if err := until(h.MinTime, false); err != nil {
			return err
		}
		if h.MinTime >= from && h.MaxTime <= to {
			return v.block(h, raw)
		}
		p := &block.Points{}
		if err := block.Decode(raw, p); err != nil {
			return err
		}
		return v.points(between(p, from, to))
	})
	if err != nil {
		return err
	}
	return until(0, true)
}

// touched says whether open records may change what a block holds.
func touched(list []layer, h *block.Header) bool {
	for i := range list {
		if list[i].max >= h.MinTime && list[i].min <= h.MaxTime {
			return true
		}
	}
	return false
}

// between cuts points down to those from from to to, both included.
func between(p *block.Points, from, to int64) *block.Points {
	i, _ := slices.BinarySearch(p.Times, from)
	j, ok := slices.BinarySearch(p.Times, to)
	if ok {
		j++
	}
	return cut(p, i, max(i, j))
}

// blocks visits the sealed blocks of a column that touch [from, to], in order. The bytes
// are valid during the call.
func (s *Store) blocks(tx *txn.Tx, c column, from, to int64, fn func(h *block.Header, raw []byte) error) error {
	return s.blocksMany(tx, nil, c, from, to, fn)
}

// blocksMany is blocks, with what is known of many columns.
func (s *Store) blocksMany(tx *txn.Tx, o *many, c column, from, to int64, fn func(h *block.Header, raw []byte) error) error {
	it, done := s.blocksFrom(tx, o, c, from)
	defer done()
	prefix := s.blockPrefix(c)
	for it.Next() && bytes.HasPrefix(it.Key(), prefix) {
		h, err := block.ReadHeader(it.Value())
		if err != nil {
			return err
		}
		if h.MinTime > to {
			break
		}
		if err := fn(&h, it.Value()); err != nil {
			return err
		}
	}
	return it.Err()
}

// resolve puts sealed points, in order, and open records together.
func resolve(base *block.Points, list []layer, policy Policy) *block.Points {
	if inOrder(base, list) {
		for i := range list {
			if list[i].points != nil {
				if base.Kind == 0 {
					base.Kind = list[i].points.Kind
				}
				join(base, list[i].points)
			}
		}
		return base
	}
	all := entries(base, list)
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.layer, b.layer))
	})
	value := func(e entry) Value {
		if e.layer < 0 {
			return valueAt(base, e.i)
		}
		return valueAt(list[e.layer].points, e.i)
	}
	out := &block.Points{Kind: base.Kind}
	for i := 0; i < len(all); {
		v, t := value(all[i]), all[i].t
		for i++; i < len(all) && all[i].t == t; i++ {
			if later := value(all[i]); policy.prefers(v, later) {
				v = later
			}
		}
		v.appendTo(out, t)
	}
	return out
}

// entry is a point and the layer that wrote it; -1 is sealed.
type entry struct {
	t     int64
	layer int
	i     int
}

// entries are all points but those that were deleted later.
func entries(base *block.Points, list []layer) (all []entry) {
	for i, t := range base.Times {
		all = append(all, entry{t, -1, i})
	}
	var deletions []int
	for n := range list {
		l := &list[n]
		if l.points == nil {
			deletions = append(deletions, n)
			continue
		}
		if base.Kind == 0 {
			base.Kind = l.points.Kind
		}
		for i, t := range l.points.Times {
			all = append(all, entry{t, n, i})
		}
	}
	return slices.DeleteFunc(all, func(e entry) bool {
		for _, n := range deletions {
			if n > e.layer && list[n].min <= e.t && e.t <= list[n].max {
				return true
			}
		}
		return false
	})
}

// inOrder says whether the records only add behind each other.
func inOrder(base *block.Points, list []layer) bool {
	any, last := base.Len() > 0, int64(0)
	if any {
		last = base.Times[base.Len()-1]
	}
	for i := range list {
		if list[i].points == nil || any && list[i].min <= last {
			return false
		}
		any, last = true, list[i].max
	}
	return true
}
