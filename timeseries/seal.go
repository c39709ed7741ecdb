package timeseries

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Sealing folds the open records of a column into blocks that do not overlap. It reads
// all open records that it sees, so what is left open was committed later, and goes over
// what is sealed. It writes blocks and removes what it has read, which writers do not
// touch. A crash in between leaves either.

const (
	blockPoints = 4096 // of a full block
	sealRecords = 16   // open records of a column that call for it
	sealPoints  = 1024 // or points in them
	sealBatch   = 64   // columns that one transaction seals
	// dropGrace is how long the points of what was dropped stay: transactions that
	// began before may still write there.
	dropGrace = 10 * time.Second
)

// SealStats are what a pass did.
type SealStats struct {
	Columns int // that were sealed
	Points  int // that were written into blocks
	Bytes   int // of these blocks
	Dropped int // metrics and series whose points were removed
	Expired int // blocks that were removed by retention policies
	// Forgotten are series that were removed since they have no points any more.
	Forgotten int

	waiting bool // something is left for a later pass
}

func (s *SealStats) add(done SealStats) {
	s.Columns += done.Columns
	s.Points += done.Points
	s.Bytes += done.Bytes
	s.waiting = s.waiting || done.waiting
}

type sealer struct {
	quit context.CancelFunc
	done sync.WaitGroup
	mu   sync.Mutex // one pass at a time
	// crowded are metrics with columns that can only be sealed by a pass. Under mu.
	crowded map[metricKey]bool
	emptied map[metricKey]bool      // metrics of which series may have lost their last point. Under mu.
	looked  map[metricKey]time.Time // when that was looked for last. Under mu.
	due     atomic.Int64            // when the next pass of retention is, in nanoseconds since 1970
}

func (w *sealer) stop() {
	w.quit()
	w.done.Wait()
}

func (c *core) startSealer() {
	ctx, cancel := context.WithCancel(context.Background())
	c.seal.quit = cancel
	c.seal.crowded, c.seal.emptied, c.seal.looked = make(map[metricKey]bool), make(map[metricKey]bool), make(map[metricKey]time.Time)
	if c.opts.SealEvery < 0 {
		return
	}
	c.seal.done.Go(func() {
		t := time.NewTimer(c.opts.SealEvery)
		defer t.Stop()
		last, waiting := txn.Timestamp(0), true
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			case <-c.head.kick:
			}
			c.head.tick()
			began := time.Now()
			if now := c.txns.LastCommit(); now != last || waiting || c.retainDue() { // else there is nothing to do
				if stats, err := c.sealOnce(ctx, false); err != nil {
					if ctx.Err() == nil && c.opts.Events.SealFailed != nil {
						c.opts.Events.SealFailed(err)
					}
				} else {
					last, waiting = now, stats.waiting
					if stats.Columns > 0 && c.opts.Events.Sealed != nil {
						c.opts.Events.Sealed(stats)
					}
				}
			}
			t.Reset(max(c.opts.SealEvery, 10*time.Since(began))) // a tenth of the time at most
		}
	})
}

func (c *core) retainDue() bool { return c.now().UnixNano() >= c.seal.due.Load() }

// Seal folds everything that lies open in every database into blocks, and removes what
// was dropped, and carries out retention policies. The store does so by itself as it is
// needed.
func (s *Store) Seal(ctx context.Context) (SealStats, error) { return s.sealOnce(ctx, true) }

func (c *core) sealOnce(ctx context.Context, all bool) (stats SealStats, err error) {
	c.seal.mu.Lock()
	defer c.seal.mu.Unlock()
	dbs, at, err := c.databases(ctx)
	if err != nil || len(dbs) == 0 && !c.head.on.Load() { // where there are no series nobody need hear of commits
		return stats, err
	}
	if err := c.head.start(ctx, c); err != nil {
		return stats, fmt.Errorf("seal time series: %w", err)
	}
	c.head.dropDatabases(dbs, at)
	retain := all || c.retainDue()
	for _, db := range dbs {
		s := &Store{core: c, db: db}
		if err := s.sealDatabase(ctx, all, &stats); err != nil {
			return stats, fmt.Errorf("seal time series: %w", err)
		}
		if err := s.sweepDropped(ctx, &stats); err != nil {
			return stats, fmt.Errorf("remove dropped time series: %w", err)
		}
		if !retain {
			continue
		}
		if err := s.retain(ctx, &stats); err != nil {
			return stats, fmt.Errorf("keep to retention policies: %w", err)
		}
		if err := s.forgetEmpty(ctx, all, &stats); err != nil {
			return stats, fmt.Errorf("forget series without points: %w", err)
		}
	}
	if retain {
		c.seal.due.Store(c.now().Add(retainEvery).UnixNano())
	}
	return stats, nil
}

// databases returns the databases that have keys of this model, and as of which commit.
func (c *core) databases(ctx context.Context) (dbs []keyspace.DatabaseID, at uint64, err error) {
	err = c.txns.View(ctx, func(tx *txn.Tx) error {
		at = uint64(tx.ReadTimestamp())
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		dbs, err = keyspace.Databases(it, keyspace.SpaceSeries)
		return err
	})
	return dbs, at, err
}

// ripe is a column with open records.
type ripe struct {
	column
	records, points int
	oldest          time.Time
}

func (r *ripe) due(now time.Time, age time.Duration) bool {
	return r.records >= sealRecords || r.points >= sealPoints || now.Sub(r.oldest) >= age
}

// sealDatabase seals the columns that are due, or all.
func (s *Store) sealDatabase(ctx context.Context, all bool, stats *SealStats) error {
	metrics := make(map[uint64]*Metric)
	var due []column
	var at uint64
	err := s.txns.View(ctx, func(tx *txn.Tx) error {
		at = uint64(tx.ReadTimestamp())
		list, err := s.MetricsTx(tx)
		if err != nil {
			return err
		}
		for _, m := range list {
			metrics[m.id] = m
		}
		due, err = s.due(tx, metrics, all, stats)
		return err
	})
	if err == nil {
		err = s.passes(ctx, metrics, at, all, stats)
	}
	for len(due) > 0 && err == nil {
		n := min(sealBatch, len(due))
		err = s.sealColumns(ctx, metrics, due[:n], stats)
		due = due[n:]
	}
	return err
}

func (s *Store) due(tx *txn.Tx, metrics map[uint64]*Metric, all bool, stats *SealStats) (due []column, err error) {
	prefix := appendObject(nil, s.db, objOpen)
	it := tx.Iter(within(prefix))
	defer it.Close()
	now := s.Now()
	var r ripe
	flush := func() {
		if r.records == 0 || metrics[r.metric] == nil {
			return
		}
		if all || r.due(now, s.opts.SealAge) {
			due = append(due, r.column)
		} else {
			stats.waiting = true
		}
	}
	for it.Next() {
		c, _, err := cutOpen(it.Key()[len(prefix):])
		if err != nil {
			return nil, corrupt("the key %x of open points is malformed", it.Key())
		}
		if c != r.column {
			flush()
			r = ripe{column: c, oldest: it.Timestamp().Time()}
		}
		r.records++
		if t := it.Timestamp().Time(); t.Before(r.oldest) {
			r.oldest = t
		}
		if v := it.Value(); len(v) > 0 && v[0] == openPoints {
			h, err := block.ReadHeader(v[1:])
			if err != nil {
				return nil, err
			}
			r.points += h.Count
		}
	}
	flush()
	return due, it.Err()
}

func (s *Store) sealColumns(ctx context.Context, metrics map[uint64]*Metric, list []column, stats *SealStats) error {
	var done SealStats
	err := s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
		done = SealStats{}
		guarded := make(map[uint64]bool)
		for _, c := range list {
			m := metrics[c.metric]
			if !guarded[c.metric] { // a metric that is dropped takes no more blocks
				guarded[c.metric] = true
				if err := tx.Guard(s.metricKey(m.Name)); err != nil {
					return err
				}
			}
			now, ok, err := s.metric(tx, m.Name)
			if err != nil {
				return err
			}
			if !ok || now.id != c.metric {
				continue
			}
			st, err := s.retained(tx, c.metric)
			if err != nil {
				return err
			}
			if err := s.sealColumn(tx, c, now, st, uint64(tx.ReadTimestamp()), false, &done); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		stats.add(done)
	}
	return err
}

// sealColumn folds the open records of a column into its blocks, and into the rows of its
// tiers. What is before the cut of a retention policy goes into rows only.
// Only what was committed up to until is sealed; a column with points of batches only where
// these are sealed of all columns (batches).
func (s *Store) sealColumn(tx *txn.Tx, c column, m *Metric, st *retained, until uint64, batches bool, stats *SealStats) error {
	list, err := s.layersUntil(tx, c, math.MinInt64, math.MaxInt64, until)
	if err != nil || len(list) == 0 {
		return err
	}
	if !batches && slices.ContainsFunc(list, func(l layer) bool { return l.key == nil }) {
		stats.waiting = true
		if len(list) >= passRecords {
			s.seal.crowded[metricKey{s.db, c.metric}] = true
		}
		return nil
	}
	stats.Columns++
	for i := range list {
		if list[i].key == nil {
			continue
		}
		if err := tx.Delete(list[i].key); err != nil {
			return err
		}
	}
	ch := change{min: math.MaxInt64, max: math.MinInt64}
	if st != nil {
		list, ch.late, ch.deleted = lateOf(list, st.cut, m.Duplicates)
	}
	for i := range list {
		ch.touch(list[i].min, list[i].max)
	}
	if len(list) == 0 {
		s.seal.emptied[metricKey{s.db, c.metric}] = true
	} else {
		if err := s.sealLayers(tx, c, list, m.Duplicates, ch.min, ch.max, stats); err != nil {
			return err
		}
	}
	if st == nil {
		return nil
	}
	return s.roll(tx, m, st, c, ch)
}

func (s *Store) sealLayers(tx *txn.Tx, c column, list []layer, policy Policy, low, high int64, stats *SealStats) error {
	plan, err := s.plan(tx, c, list, policy, low, high)
	if err != nil {
		return err
	}
	for _, key := range plan.gone {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	if len(plan.parts) == 0 {
		s.seal.emptied[metricKey{s.db, c.metric}] = true
	}
	for _, p := range plan.parts {
		if err := s.putBlocks(tx, c, p, stats); err != nil {
			return err
		}
	}
	return nil
}

// sealPlan is what sealing does to a column: blocks that go, and points that come, in
// parts between which blocks lie that stay.
type sealPlan struct {
	gone  [][]byte
	parts []*block.Points
}

func (s *Store) plan(tx *txn.Tx, c column, list []layer, policy Policy, low, high int64) (plan sealPlan, err error) {
	base := &block.Points{}
	var stay []span // blocks that nothing touches, in order
	err = s.blocks(tx, c, low, high, func(h *block.Header, raw []byte) error {
		if touched(list, h) {
			plan.gone = append(plan.gone, s.blockKey(c, h.MaxTime))
			return block.Decode(raw, base)
		}
		stay = append(stay, span{h.MinTime, h.MaxTime})
		return nil
	})
	if err != nil {
		return plan, err
	}
	all := resolve(base, list, policy)
	at := 0
	for i := 0; i <= len(stay); i++ {
		start := at
		for at < all.Len() && (i == len(stay) || all.Times[at] < stay[i].min) {
			at++
		}
		if at > start {
			plan.parts = append(plan.parts, cut(all, start, at))
		}
	}
	for i, p := range plan.parts {
		after := int64(math.MinInt64) // what is up to there is the part before
		if i > 0 {
			before := plan.parts[i-1]
			after = before.Times[before.Len()-1]
		}
		if plan.parts[i], err = s.grow(tx, c, p, after, &plan); err != nil {
			return plan, err
		}
	}
	return plan, nil
}

type span struct{ min, max int64 }

// grow takes blocks just ahead of a part into it, down to the part before, as long as
// they are small beside it, so that each point is written a few times on its way into a
// full block.
func (s *Store) grow(tx *txn.Tx, c column, p *block.Points, after int64, plan *sealPlan) (*block.Points, error) {
	opts := within(s.blockPrefix(c))
	opts.Upper = s.blockKey(c, p.Times[0])
	opts.Reverse = true
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		h, err := block.ReadHeader(it.Value())
		if err != nil {
			return nil, err
		}
		if h.Count >= 4*p.Len() || h.Count+p.Len() > blockPoints || h.MinTime <= after && after != math.MinInt64 || plan.holds(it.Key()) {
			break
		}
		q := &block.Points{}
		if err := block.Decode(it.Value(), q); err != nil {
			return nil, err
		}
		join(q, p)
		p = q
		plan.gone = append(plan.gone, append([]byte(nil), it.Key()...))
	}
	return p, it.Err()
}

func (plan *sealPlan) holds(key []byte) bool {
	for _, k := range plan.gone {
		if string(k) == string(key) {
			return true
		}
	}
	return false
}

// putBlocks writes points as blocks of even size.
func (s *Store) putBlocks(tx *txn.Tx, c column, p *block.Points, stats *SealStats) error {
	n := (p.Len() + blockPoints - 1) / blockPoints
	for i := range n {
		part := cut(p, i*p.Len()/n, (i+1)*p.Len()/n)
		for part.Len() > 0 {
			size := partLen(part, 0)
			one := cut(part, 0, size)
			part = cut(part, size, part.Len())
			effort := block.Small
			if one.Len() < blockPoints/8 {
				effort = block.Fast
			}
			v, err := block.Append(nil, one, effort)
			if err != nil {
				return err
			}
			if err := tx.Put(s.blockKey(c, one.Times[one.Len()-1]), v); err != nil {
				return err
			}
			stats.Points += one.Len()
			stats.Bytes += len(v)
		}
	}
	return nil
}

// sweepDropped removes the points of dropped metrics and series. A range that is dropped
// twice is no harm, so that a crash in between is none either.
func (s *Store) sweepDropped(ctx context.Context, stats *SealStats) error {
	prefix := appendObject(nil, s.db, objDropped)
	var keys [][]byte
	err := s.txns.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			if s.Now().Sub(it.Timestamp().Time()) < dropGrace {
				stats.waiting = true
				continue
			}
			keys = append(keys, append([]byte(nil), it.Key()...))
		}
		return it.Err()
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		metric, rest, err := enc.DecodeUint(key[len(prefix):])
		if err != nil {
			return corrupt("the key %x of what was dropped is malformed", key)
		}
		prefixes := s.prefixes(metric)
		if len(rest) > 0 {
			series, _, err := enc.DecodeUint(rest)
			if err != nil {
				return corrupt("the key %x of what was dropped is malformed", key)
			}
			tiers, err := s.tierPrefixes(ctx, metric, series)
			if err != nil {
				return err
			}
			prefixes = append(tiers, enc.AppendUint(prefixes[0], series), enc.AppendUint(prefixes[1], series))
		} else if err := s.dropTiers(ctx, metric); err != nil {
			return err
		}
		for _, p := range prefixes {
			if err := s.txns.DropRange(ctx, p, keyspace.End(p)); err != nil {
				return err
			}
		}
		if err := s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Delete(key) }); err != nil {
			return err
		}
		stats.Dropped++
	}
	return nil
}
