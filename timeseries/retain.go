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
)

// A pass of retention makes the tiers of policies that are new, moves the cuts, and then
// removes what is before them; each step can be done again after a crash.

// retainEvery is how often it is looked for what is to be removed.
const retainEvery = 10 * time.Second

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
// stay. A tier without an id is to be made. One that is finer than one that stays begins where
// there is what it is made of, for what is before is in that one.
func (r *retained) follow(p *RetentionPolicy) *retained {
	out := &retained{cut: math.MinInt64}
	if r != nil {
		out.cut, out.ranAt = r.cut, r.ranAt
	}
	if p == nil {
		return out
	}
	out.keep, out.refuses = p.Keep, p.RefuseLate
	fresh := 0 // tiers at the end that are new
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
		if fresh++; x.id != 0 {
			n := len(out.tiers)
			for i := n - fresh; i < n-1; i++ {
				out.tiers[i].cut = out.source(i)
			}
			fresh = 0
		}
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
					if err != nil {
						return err
					}
					if len(rows) == 0 {
						continue
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

// sealOf seals all that lies open of a metric.
func (s *Store) sealOf(ctx context.Context, m *Metric, stats *SealStats) error {
	if err := s.pass(ctx, m, stats); err != nil {
		return err
	}
	due, err := s.openColumns(ctx, m)
	for len(due) > 0 && err == nil {
		n := min(sealBatch, len(due))
		err = s.sealColumns(ctx, map[uint64]*Metric{m.id: m}, due[:n], stats)
		due = due[n:]
	}
	return err
}

// openColumns are the columns of a metric with open records, in order.
func (s *Store) openColumns(ctx context.Context, m *Metric) (list []column, err error) {
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		list = list[:0]
		prefix := s.of(objOpen, m.id)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			c, _, err := cutOpen(it.Key()[objectLen(s):])
			if err != nil {
				return corrupt("the key %x of open points is malformed", it.Key())
			}
			if n := len(list); n == 0 || list[n-1] != c {
				list = append(list, c)
			}
			it.Seek(keyspace.End(s.openPrefix(c)))
		}
		return it.Err()
	})
	return list, err
}
