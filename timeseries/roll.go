package timeseries

import (
	"math"
	"slices"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Tiers are made as points are sealed, in the same transaction: what is sealed and its
// rows never differ. Where the points of a window are gone, late ones are added to its row.

// change is what has changed in a column: the span of what was sealed, late points whose
// windows cannot be made anew, and spans that were deleted.
type change struct {
	min, max int64 // none where min > max
	late     *block.Points
	deleted  []span
}

func (c *change) touch(from, to int64) { c.min, c.max = min(c.min, from), max(c.max, to) }

// lateOf takes what is before the cut out of open records.
func lateOf(list []layer, cut int64, policy Policy) (rest []layer, late *block.Points, deleted []span) {
	if cut == math.MinInt64 {
		return list, &block.Points{}, nil
	}
	var old []layer
	for _, l := range list {
		a, b := l, l
		a.max, b.min = min(l.max, cut-1), max(l.min, cut)
		if l.points != nil {
			a.points, b.points = between(l.points, math.MinInt64, cut-1), between(l.points, cut, math.MaxInt64)
		}
		if l.min < cut && (l.points == nil || a.points.Len() > 0) {
			old = append(old, a)
			if l.points == nil {
				deleted = append(deleted, span{a.min, a.max})
			}
		}
		if l.max >= cut && (l.points == nil || b.points.Len() > 0) {
			rest = append(rest, b)
		}
	}
	return rest, resolve(&block.Points{}, old, policy), deleted
}

// roll brings the rows of all tiers up to what was sealed.
func (s *Store) roll(tx *txn.Tx, m *Metric, st *retained, c column, ch change) error {
	kind := m.Fields[c.field].Kind
	for i := range st.tiers {
		t, cut := &st.tiers[i], st.source(i)
		step := int64(t.Interval)
		next := change{min: math.MaxInt64, max: math.MinInt64}
		at := column{t.id, c.series, c.field}
		// A window that is there in parts is not made anew of these.
		if from := max(ch.min, cut, st.reach(i)); from <= ch.max {
			from, to := floorTo(from, step), lastOf(ch.max, step)
			rows, err := s.remake(tx, m, st, i, c, from, to)
			if err == nil {
				err = s.putRows(tx, at, kind, from, to, rows)
			}
			if err != nil {
				return err
			}
			next.touch(from, to)
		}
		if err := s.amend(tx, at, m, t, between(ch.late, math.MinInt64, before(cut)), ch.deleted, &next); err != nil {
			return err
		}
		// What this tier does not keep goes on to the next as points.
		next.late, next.deleted = between(ch.late, math.MinInt64, before(t.cut)), ch.deleted
		ch = next
	}
	return nil
}

// before is the last time before t.
func before(t int64) int64 {
	if t == math.MinInt64 {
		return t
	}
	return t - 1
}

// lastOf is the last time of the window that holds t.
func lastOf(t, step int64) int64 {
	if start := floorTo(t, step); start <= math.MaxInt64-(step-1) {
		return start + step - 1
	}
	return math.MaxInt64
}

// remake makes rows anew of what they are made of: sealed points, or rows of the tier
// below.
func (s *Store) remake(tx *txn.Tx, m *Metric, st *retained, tier int, c column, from, to int64) ([]rollup, error) {
	r := roller{step: int64(st.tiers[tier].Interval)}
	if tier > 0 {
		below := column{st.tiers[tier-1].id, c.series, c.field}
		err := s.rows(tx, below, m.Fields[c.field].Kind, max(from, st.source(tier)), to, func(rows []rollup) error {
			for i := range rows {
				r.window(rows[i].start).row(&rows[i])
			}
			return nil
		})
		return r.list, err
	}
	var p block.Points
	err := s.blocks(tx, c, max(from, st.cut), to, func(_ *block.Header, raw []byte) error {
		p.Reset(0)
		if err := block.Decode(raw, &p); err != nil {
			return err
		}
		return r.points(between(&p, max(from, st.cut), to))
	})
	return r.list, err
}

// amend changes rows whose points are gone: rows that lie in a deletion go, and late
// points are added.
func (s *Store) amend(tx *txn.Tx, at column, m *Metric, t *retainedTier, late *block.Points, deleted []span, next *change) error {
	kind := m.Fields[at.field].Kind
	for _, d := range deleted {
		from := max(floorTo(d.min, int64(t.Interval)), t.cut)
		if from < d.min && from+int64(t.Interval) > from {
			from += int64(t.Interval)
		}
		to := floorTo(d.max, int64(t.Interval))
		if lastOf(d.max, int64(t.Interval)) > d.max {
			to = before(to)
		}
		if from > to {
			continue
		}
		if err := s.putRows(tx, at, kind, from, to, nil); err != nil {
			return err
		}
		next.touch(from, to)
	}
	late = between(late, t.cut, math.MaxInt64)
	for late.Len() > 0 {
		start := floorTo(late.Times[0], int64(t.Interval))
		end := lastOf(late.Times[0], int64(t.Interval))
		n, _ := slices.BinarySearch(late.Times, end)
		for n < late.Len() && late.Times[n] <= end {
			n++
		}
		x := rollup{start: start}
		err := s.rows(tx, at, kind, start, start, func(rows []rollup) error {
			x = rows[0]
			return nil
		})
		if err != nil {
			return err
		}
		x.amend(cut(late, 0, n), m.Duplicates)
		if err := s.putRows(tx, at, kind, start, start, []rollup{x}); err != nil {
			return err
		}
		next.touch(start, end)
		late = cut(late, n, late.Len())
	}
	return nil
}

// amend adds late points to a row whose points are gone. Of these it still has the first
// and the last, so it knows late ones for the same again where there are no others, and else
// where nothing changes by them; all others are added.
func (x *rollup) amend(late *block.Points, policy Policy) {
	known := x.known()
	if int64(known.Len()) == x.n {
		*x = rollup{start: x.start}
		x.points(resolve(known, []layer{{min: late.Times[0], max: late.Times[late.Len()-1], points: late}}, policy))
		return
	}
	fresh := &block.Points{Kind: late.Kind}
	for i, t := range late.Times {
		v := valueAt(late, i)
		if k, ok := slices.BinarySearch(known.Times, t); ok {
			if old := valueAt(known, k); old.same(v) || !policy.prefers(old, v) {
				continue
			}
		}
		v.appendTo(fresh, t)
	}
	x.points(fresh)
}

// known are the points that a row still has: the first, the last, and the one behind the
// first where it is in the first millisecond.
func (x *rollup) known() *block.Points {
	p := &block.Points{Kind: x.kind}
	if x.n > 0 {
		x.first.appendTo(p, x.firstAt)
	}
	if x.rest != nil && x.rest.n > 1 {
		x.rest.first.appendTo(p, x.rest.firstAt)
	}
	if x.n > 0 && x.lastAt > x.firstAt {
		x.last.appendTo(p, x.lastAt)
	}
	return p
}
