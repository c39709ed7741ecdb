package timeseries

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Tiers are made as points are sealed, in the same transaction: what is sealed and its
// rows never differ. Where the points of a window are gone, late ones are added to its row.
// A pass of retention makes the tiers of policies that are new, moves the cuts, and then
// removes what is before them; each step can be done again after a crash.

// retainEvery is how often it is looked for what is to be removed.
const retainEvery = 10 * time.Second

// retainBatch is how many blocks one transaction removes, and columns one rolls up.
const retainBatch = 256

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
		if from := max(ch.min, cut); from <= ch.max {
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
		if err := s.amend(tx, at, kind, t, between(ch.late, math.MinInt64, before(cut)), ch.deleted, &next); err != nil {
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
func (s *Store) amend(tx *txn.Tx, at column, kind block.Kind, t *retainedTier, late *block.Points, deleted []span, next *change) error {
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
		x.points(cut(late, 0, n))
		if err := s.putRows(tx, at, kind, start, start, []rollup{x}); err != nil {
			return err
		}
		next.touch(start, end)
		late = cut(late, n, late.Len())
	}
	return nil
}

// retention is what a pass of retention works on.
type retention struct {
	*Store
	m     *Metric
	st    *retained
	stats *SealStats
}

// retain carries out the policies of a database.
func (s *Store) retain(ctx context.Context, stats *SealStats) error {
	var work []retention
	err := s.txns.View(ctx, func(tx *txn.Tx) error {
		work = work[:0]
		list, err := s.policies(tx)
		if err != nil {
			return err
		}
		metrics, err := s.MetricsTx(tx)
		if err != nil {
			return err
		}
		for _, m := range metrics {
			st, err := s.retained(tx, m.id)
			if err != nil {
				return err
			}
			if p := policyOf(list, m.Name); p != nil || st != nil {
				work = append(work, retention{s, m, st.follow(p), stats})
			}
		}
		return nil
	})
	for i := range work {
		if err == nil {
			err = work[i].run(ctx)
		}
	}
	return err
}

// follow is what is to be kept by a policy, of what is; tiers of windows that both have
// stay. A tier without an id is to be made.
func (r *retained) follow(p *RetentionPolicy) *retained {
	out := &retained{cut: math.MinInt64}
	if r != nil {
		out.cut, out.ranAt = r.cut, r.ranAt
	}
	if p == nil {
		return out
	}
	out.keep = p.Keep
	for _, t := range p.Tiers {
		x := retainedTier{Tier: t, cut: math.MinInt64}
		if r != nil {
			for _, old := range r.tiers {
				if old.Interval == t.Interval {
					x.id, x.cut, x.built = old.id, old.cut, old.built
				}
			}
		}
		out.tiers = append(out.tiers, x)
	}
	return out
}

func (r *retention) run(ctx context.Context) error {
	if err := r.adopt(ctx); err != nil {
		return fmt.Errorf("take up the retention policy of %q: %w", r.m.Name, err)
	}
	for i := range r.st.tiers {
		if !r.st.tiers[i].built {
			if err := r.build(ctx, i); err != nil {
				return fmt.Errorf("roll up %q: %w", r.m.Name, err)
			}
		}
	}
	if err := r.cut(ctx); err != nil {
		return fmt.Errorf("remove old points of %q: %w", r.m.Name, err)
	}
	return nil
}

// save changes the record of what is kept, from what it is by now.
func (r *retention) save(ctx context.Context, change func(tx *txn.Tx, now *retained) (*retained, error)) error {
	return r.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
		if err := tx.Guard(r.metricKey(r.m.Name)); err != nil { // of a metric that is dropped nothing is kept
			return err
		}
		m, ok, err := r.metric(tx, r.m.Name)
		if err != nil || !ok || m.id != r.m.id {
			return err
		}
		now, err := r.retained(tx, r.m.id)
		if err != nil {
			return err
		}
		st, err := change(tx, now)
		if err != nil || st == nil {
			return err
		}
		r.st = st
		return tx.Put(r.retainedKey(r.m.id), st.append(nil))
	})
}

// adopt makes the record one of the policy; tiers that it no longer has are dropped.
func (r *retention) adopt(ctx context.Context) error {
	want := r.st
	for i := range want.tiers {
		if want.tiers[i].id == 0 {
			id, err := r.ids.take(ctx, r.db, 1)
			if err != nil {
				return err
			}
			want.tiers[i].id = id
		}
	}
	return r.save(ctx, func(tx *txn.Tx, now *retained) (*retained, error) {
		if now != nil && string(now.append(nil)) == string(want.append(nil)) {
			return nil, nil
		}
		if now != nil {
			for _, t := range now.tiers {
				if !slices.ContainsFunc(want.tiers, func(x retainedTier) bool { return x.id == t.id }) {
					if err := tx.Put(enc.AppendUint(appendObject(nil, r.db, objDropped), t.id), nil); err != nil {
						return nil, err
					}
				}
			}
		}
		return want, nil
	})
}

// build rolls up what was there before the tier. Rows that are there already are made
// anew, so that it can be done again.
func (r *retention) build(ctx context.Context, tier int) error {
	var list []found
	err := r.txns.View(ctx, func(tx *txn.Tx) (err error) {
		list, err = r.scanSeries(tx, r.m)
		return err
	})
	if err != nil {
		return err
	}
	for len(list) > 0 {
		n := min(len(list), retainBatch/max(1, len(r.m.Fields))+1)
		err := r.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
			for _, f := range list[:n] {
				for field := range r.m.Fields {
					c := column{r.m.id, f.id, field}
					rows, err := r.remake(tx, r.m, r.st, tier, c, math.MinInt64, math.MaxInt64)
					if err != nil || len(rows) == 0 {
						return err
					}
					at := column{r.st.tiers[tier].id, f.id, field}
					if err := r.putRows(tx, at, r.m.Fields[field].Kind, rows[0].start, rows[len(rows)-1].start, rows); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		list = list[n:]
	}
	return r.save(ctx, func(_ *txn.Tx, now *retained) (*retained, error) {
		now.tiers[tier].built, now.ranAt = true, r.Now().UnixNano()
		return now, nil
	})
}

// cut moves the cuts to where they are by now, and removes what is before them. Before it
// is cut off, what lies open is sealed, and so rolled up.
func (r *retention) cut(ctx context.Context) error {
	cuts := r.st.cuts(r.Now().UnixNano())
	moved := cuts[0] > r.st.cut
	for i, t := range r.st.tiers {
		moved = moved || cuts[i+1] > t.cut
	}
	if !moved {
		return nil
	}
	if err := r.sealOf(ctx, r.m, r.stats); err != nil {
		return err
	}
	err := r.save(ctx, func(_ *txn.Tx, now *retained) (*retained, error) {
		now.cut, now.ranAt = max(now.cut, cuts[0]), r.Now().UnixNano()
		for i := range now.tiers {
			now.tiers[i].cut = max(now.tiers[i].cut, cuts[i+1])
		}
		return now, nil
	})
	if err != nil {
		return err
	}
	if err := r.removeBefore(ctx, r.m.id, r.st.cut); err != nil {
		return err
	}
	for _, t := range r.st.tiers {
		if err := r.removeBefore(ctx, t.id, t.cut); err != nil {
			return err
		}
	}
	return nil
}

// removeBefore removes the blocks of an object that end before a time.
func (r *retention) removeBefore(ctx context.Context, object uint64, cut int64) error {
	if cut == math.MinInt64 {
		return nil
	}
	prefix := appendObject(nil, r.db, keyspace.ObjectID(object))
	for from := prefix; from != nil; {
		var keys [][]byte
		err := r.txns.View(ctx, func(tx *txn.Tx) (err error) {
			keys, from, err = r.oldBlocks(tx, prefix, from, cut)
			return err
		})
		if err != nil {
			return err
		}
		err = r.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
			for _, key := range keys {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		r.stats.Expired += len(keys)
	}
	return nil
}

// oldBlocks finds blocks that end before a time, column by column, from a key on; next is
// where to go on, nil at the end.
func (r *retention) oldBlocks(tx *txn.Tx, prefix, from []byte, cut int64) (keys [][]byte, next []byte, err error) {
	opts := within(prefix)
	opts.Lower = from
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		key := it.Key()
		rest := key[len(prefix):]
		if _, rest, err = enc.DecodeUint(rest); err != nil {
			return nil, nil, corrupt("the key %x of a block is malformed", key)
		}
		if _, rest, err = enc.DecodeUint(rest); err != nil {
			return nil, nil, corrupt("the key %x of a block is malformed", key)
		}
		at, _, err := enc.DecodeTime(rest)
		if err != nil {
			return nil, nil, corrupt("the key %x of a block is malformed", key)
		}
		if at < cut {
			if len(keys) == retainBatch {
				return keys, slices.Clone(key), it.Err()
			}
			keys = append(keys, slices.Clone(key))
			continue
		}
		it.Seek(keyspace.End(key[:len(key)-len(rest)])) // the next column
	}
	return keys, nil, it.Err()
}

// sealOf seals all that lies open of a metric.
func (s *Store) sealOf(ctx context.Context, m *Metric, stats *SealStats) error {
	var due []column
	err := s.txns.View(ctx, func(tx *txn.Tx) error {
		due = due[:0]
		prefix := s.of(objOpen, m.id)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			c, _, err := cutOpen(it.Key()[objectLen(s):])
			if err != nil {
				return corrupt("the key %x of open points is malformed", it.Key())
			}
			if n := len(due); n == 0 || due[n-1] != c {
				due = append(due, c)
			}
		}
		return it.Err()
	})
	for len(due) > 0 && err == nil {
		n := min(sealBatch, len(due))
		err = s.sealColumns(ctx, map[uint64]*Metric{m.id: m}, due[:n], stats)
		due = due[n:]
	}
	return err
}

// dropTiers removes what is kept of a metric that was dropped.
func (s *Store) dropTiers(ctx context.Context, metric uint64) error {
	st, err := s.retainedNow(ctx, metric)
	if err != nil || st == nil {
		return err
	}
	for _, t := range st.tiers {
		prefix := appendObject(nil, s.db, keyspace.ObjectID(t.id))
		if err := s.txns.DropRange(ctx, prefix, keyspace.End(prefix)); err != nil {
			return err
		}
	}
	return s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Delete(s.retainedKey(metric)) })
}

func (s *Store) retainedNow(ctx context.Context, metric uint64) (st *retained, err error) {
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		st, err = s.retained(tx, metric)
		return err
	})
	return st, err
}

// tierPrefixes are where the rows of a series lie.
func (s *Store) tierPrefixes(ctx context.Context, metric, series uint64) (list [][]byte, err error) {
	st, err := s.retainedNow(ctx, metric)
	if err != nil || st == nil {
		return nil, err
	}
	for _, t := range st.tiers {
		list = append(list, enc.AppendUint(appendObject(nil, s.db, keyspace.ObjectID(t.id)), series))
	}
	return list, nil
}
