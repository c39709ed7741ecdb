package timeseries

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// TierWindow is what the points of a series come to in one window of a tier. Sum, Avg, Min
// and Max have no kind where the field is of text; those of bools count true as 1.
type TierWindow struct {
	Start       int64 // where the window begins, in nanoseconds since 1970
	Count       int64
	Sum, Avg    Value
	Min, Max    Value
	First, Last Value
	Overflow    bool // a sum of ints is beyond 64 bits, so that Sum has no kind
}

// MaxTierWindows is how many windows ReadTierTx gives at most.
const MaxTierWindows = 1 << 20

// TierID names a tier for as long as there is it: a later one of the same metric and
// interval has another.
type TierID uint64

// TiersTx are the tiers that a retention policy made for a metric, from the finest to the
// coarsest, and their ids; none without a policy.
func (s *Store) TiersTx(tx *txn.Tx, m *Metric) (tiers []RetainedTier, ids []TierID, err error) {
	r, err := s.retained(tx, m.id)
	if err != nil || r == nil {
		return nil, nil, err
	}
	for _, t := range r.tiers {
		ids = append(ids, TierID(t.id))
	}
	return r.describe(m.Name).Tiers, ids, nil
}

// ReadTierTx gives the windows of a tier that begin from from to to, both included, of a
// field of a series, in order: what the tier holds of what is gone, and what there is of
// points, down to those that no tier has yet. It refuses a tier that is not ready, and more
// than MaxTierWindows windows.
func (s *Store) ReadTierTx(ctx context.Context, tx *txn.Tx, m *Metric, x Selected, field int, interval time.Duration, from, to int64) ([]TierWindow, error) {
	st, err := s.retained(tx, m.id)
	if err != nil {
		return nil, err
	}
	i := -1
	if st != nil {
		i = slices.IndexFunc(st.tiers, func(t retainedTier) bool { return t.Interval == interval })
	}
	if i < 0 {
		return nil, dberr.New(dberr.ErrNotFound, "TIER_NOT_FOUND", "metric %q has no tier of %s", shorten(m.Name), FormatInterval(interval))
	}
	if !st.tiers[i].built {
		return nil, dberr.New(dberr.ErrUnavailable, "TIER_NOT_READY", "the tier of %s of metric %q is being made of the points that were there before it", FormatInterval(interval), shorten(m.Name)).
			WithHint("try again in some seconds; GET /api/v1/timeseries/retention says when it is ready")
	}
	step := int64(interval)
	if from = max(from, st.tiers[i].cut); from != math.MinInt64 && floorTo(from, step) < from {
		from = lastOf(from, step) + 1
	}
	if to < math.MaxInt64-step {
		to = floorTo(to, step) + step
	} else {
		to = math.MaxInt64
	}
	if from >= to {
		return nil, nil
	}
	every := Interval{Fixed: interval}
	q := Query{Metric: m.Name, From: from, To: to, Mode: Downsample, Function: everything, Interval: every, Zone: time.UTC, MaxPoints: MaxTierWindows}
	r := &run{s: s, ctx: ctx, tx: tx, q: &q, m: m, window: window{every, time.UTC, 0}, kept: st, used: make([]bool, len(st.tiers)+1)}
	t := table{r: r, f: everything, at: make(map[int64]int)}
	if err := t.series(found{x.id, x.Tags}, field); err != nil {
		if len(t.list) == MaxTierWindows {
			err = tooLarge("TOO_MANY_WINDOWS", "time", "a series of metric %q has more than %d windows of %s in the range", shorten(m.Name), MaxTierWindows, FormatInterval(interval)).
				WithHint("narrow the range of time, or read a coarser tier").Wrap(err)
		}
		return nil, err
	}
	slices.SortFunc(t.list, func(a, b cell) int { return cmp.Compare(a.start, b.start) })
	return tierWindows(t.list), nil
}

func tierWindows(list []cell) []TierWindow {
	out := make([]TierWindow, len(list))
	for i := range list {
		c, w := &list[i], &out[i]
		w.Start, w.Count, w.First, w.Last = c.start, c.n, c.first, c.last
		if c.kind == block.Text {
			continue
		}
		w.Min, w.Max, w.Avg = plainNumber(c.min), plainNumber(c.max), FloatValue((c.sum+c.comp)/float64(c.n))
		switch {
		case c.kind == block.Float:
			w.Sum = FloatValue(c.sum + c.comp)
		case c.overflow:
			w.Overflow = true
		default:
			w.Sum = IntValue(c.isum)
		}
	}
	return out
}

// CountTier counts the rows of a tier by what its blocks say of themselves, up to limit, of
// each series by the fullest of its fields.
func (s *Store) CountTier(ctx context.Context, metric string, interval time.Duration, limit int64) (n int64, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		n = 0
		m, ok, err := s.metric(tx, metric)
		if err != nil || !ok {
			return err
		}
		st, err := s.retained(tx, m.id)
		if err != nil || st == nil {
			return err
		}
		i := slices.IndexFunc(st.tiers, func(t retainedTier) bool { return t.Interval == interval })
		if i < 0 {
			return nil
		}
		list, err := s.find(tx, m, nil)
		for k := 0; k < len(list) && n < limit && err == nil; k++ {
			var most int64
			for field := 0; field < len(m.Fields) && err == nil; field++ {
				var of int64
				of, err = s.countRows(ctx, tx, column{st.tiers[i].id, list[k].id, field})
				most = max(most, of)
			}
			n += most
		}
		return err
	})
	return min(n, limit), err
}

// countRows counts the rows of a column of a tier.
func (s *Store) countRows(ctx context.Context, tx *txn.Tx, c column) (n int64, err error) {
	err = s.rowBlocks(tx, c, math.MinInt64, math.MaxInt64, func(_, v []byte) error {
		first, _, err := rowsBlock(v)
		if err != nil {
			return err
		}
		h, err := block.ReadHeader(first)
		if err != nil {
			return err
		}
		n += int64(h.Count)
		return ctx.Err()
	})
	return n, err
}
