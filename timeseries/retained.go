package timeseries

import (
	"math"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// retained is what is kept of a metric with a policy.
type retained struct {
	keep  time.Duration
	cut   int64 // points before it are gone; the smallest int64 where none is
	ranAt int64 // nanoseconds since 1970; 0: never
	tiers []retainedTier
	// refuses says that points before the cut are refused.
	refuses bool
}

// retainedTier is a tier: rows of windows, in blocks of an object of its own.
type retainedTier struct {
	Tier
	id    uint64
	cut   int64 // rows of windows before it are gone
	built bool  // it has rows of all that its source had when it was made
}

// A record has the first version, or the second where late points are refused.
const retainedVersion, retainedRefuses = 1, 2

func (r *retained) append(dst []byte) []byte {
	dst = appendUvarint(append(dst, byte(retainedVersion+btoi(r.refuses))), uint64(r.keep))
	dst = appendUvarint(appendVarint(dst, r.cut), uint64(r.ranAt))
	dst = appendUvarint(dst, uint64(len(r.tiers)))
	for _, t := range r.tiers {
		dst = appendUvarint(appendUvarint(appendUvarint(dst, t.id), uint64(t.Interval)), uint64(t.Keep))
		dst = append(appendVarint(dst, t.cut), byte(btoi(t.built)))
	}
	return dst
}

func (r *retained) decode(v []byte) error {
	if len(v) == 0 || v[0] != retainedVersion && v[0] != retainedRefuses {
		return corrupt("a record of retention has no version that is known")
	}
	rd := enc.NewReader(v[1:])
	r.refuses = v[0] == retainedRefuses
	r.keep, r.cut, r.ranAt = time.Duration(rd.Uvarint()), rd.Varint(), int64(rd.Uvarint())
	n := rd.Uvarint()
	for range min(n, MaxTiers) {
		t := retainedTier{id: rd.Uvarint(), Tier: Tier{time.Duration(rd.Uvarint()), time.Duration(rd.Uvarint())}, cut: rd.Varint(), built: rd.Byte() == 1}
		if t.Interval <= 0 || t.id < uint64(firstID) {
			rd.Fail()
		}
		r.tiers = append(r.tiers, t)
	}
	if !rd.Done() || n > MaxTiers {
		return corrupt("a record of retention is malformed")
	}
	return nil
}

func (s *Store) retainedKey(metric uint64) []byte {
	return enc.AppendUint(appendObject(nil, s.db, objRetained), metric)
}

// retained reads what is kept of a metric; nil where no policy was carried out for it.
func (s *Store) retained(tx *txn.Tx, metric uint64) (*retained, error) {
	v, ok, err := tx.Get(s.retainedKey(metric))
	if err != nil || !ok {
		return nil, err
	}
	r := &retained{}
	return r, r.decode(v)
}

// oldest is the time before which points of a metric are refused. What a write brings that began
// before it moved is added to the tiers, where it is older; to have that run again would end
// every transaction that takes longer than a pass of retention is away.
func (s *Store) oldest(tx *txn.Tx, metric uint64) (int64, error) {
	r, err := s.retained(tx, metric)
	if err != nil || r == nil || !r.refuses {
		return math.MinInt64, err
	}
	return r.cut, nil
}

func errTooOld(metric string, at, oldest int64) error {
	text := func(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }
	return dberr.New(dberr.ErrConstraint, "POINT_TOO_OLD", "a point of %s is older than what is kept of metric %q, which has points from %s on", text(at), shorten(metric), text(oldest)).
		WithField("timestamp").WithHint(`leave it out, keep points for longer by the retention policy, or have that add late points to its tiers by "late": "add"`)
}

func (r *retained) describe(metric string) RetainedMetric {
	d := RetainedMetric{Metric: metric}
	if r == nil {
		return d
	}
	at := func(t int64) time.Time {
		if t == math.MinInt64 {
			return time.Time{}
		}
		return time.Unix(0, t).UTC()
	}
	d.Raw = at(r.cut)
	if r.ranAt != 0 {
		d.RanAt = at(r.ranAt)
	}
	for _, t := range r.tiers {
		d.Tiers = append(d.Tiers, RetainedTier{t.Tier, at(t.cut), t.built})
	}
	return d
}

// source is up to where what a tier is made of is gone: points, or rows of the tier below.
func (r *retained) source(tier int) int64 {
	if tier == 0 {
		return r.cut
	}
	return r.tiers[tier-1].cut
}

// reach is up to where rows of a tier are read: source, or the end of the window that it is
// in. Cuts are at ends of windows of the tiers that there were when they moved, and a policy
// may have got others since; such a window is read of its row, which has all of it.
func (r *retained) reach(tier int) int64 {
	at, step := r.source(tier), int64(r.tiers[tier].Interval)
	if at == math.MinInt64 || floorTo(at, step) == at {
		return at
	}
	return lastOf(at, step) + 1
}

// cuts are up to where points and the rows of the tiers go by now. What is cut off are
// whole windows of the next tier.
func (r *retained) cuts(now int64) []int64 {
	out := make([]int64, len(r.tiers)+1)
	keep := r.keep
	for i := range out {
		step := time.Second
		if i < len(r.tiers) {
			step = r.tiers[i].Interval
		}
		out[i] = math.MinInt64
		if keep > 0 {
			out[i] = floorTo(now-int64(keep), int64(step))
		}
		if i < len(r.tiers) {
			keep = r.tiers[i].Keep
		}
	}
	return out
}

// floorTo is the greatest multiple of step up to t.
func floorTo(t, step int64) int64 {
	r := t % step
	if r < 0 {
		r += step
	}
	if t < math.MinInt64+r {
		return math.MinInt64
	}
	return t - r
}
