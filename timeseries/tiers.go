package timeseries

import (
	"math"
	"strconv"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries/block"
)

// A query of a metric with a retention policy reads points where they are, and rows of
// tiers for what is before them, from the coarsest tier, which reaches furthest back, to
// the finest. Where the windows of a query are made of whole windows of a tier it reads
// rows instead of points, too, up to the first point that is not sealed yet.

// rolled says whether the function can be computed of rows.
func (f Function) rolled() bool {
	switch f.Name {
	case "median", "percentile", "derivative", "integral":
		return false
	}
	return true
}

// retainedFor looks at what is kept of the metric, and refuses what cannot be answered
// from it.
func (r *run) retainedFor() error {
	st, err := r.s.retained(r.tx, r.m.id)
	if err != nil || st == nil {
		return err
	}
	rows := (r.q.Mode == Downsample || r.q.Mode == Instant) && r.q.Function.rolled() && !r.q.RawOnly
	if rows {
		r.kept = st
		r.used = make([]bool, len(st.tiers)+1)
		return nil
	}
	if r.q.From >= st.cut {
		return nil
	}
	if r.q.Mode != Raw && !r.q.RawOnly && len(st.tiers) > 0 {
		what := r.q.Function.Name
		if r.q.Mode == Rolling {
			what = "a rolling aggregation"
		}
		return dberr.New(dberr.ErrConstraint, "NOT_ROLLED_UP", "%s needs points, which metric %q has from %s on; what is before is rolled up", what, shorten(r.m.Name), time.Unix(0, st.cut).UTC().Format(time.RFC3339)).
			WithField("start").WithHint(`begin there, ask for what there are points of by "tier": "raw", or use count, sum, avg, min, max, first, last, stddev, variance, increase, rate or delta by windows`)
	}
	r.q.From = min(max(r.q.From, st.cut), max(r.q.To, r.q.From))
	return nil
}

// Tiers are what an answer is made of, as "raw" and the lengths of windows; nil for a
// metric without a policy.
func (r *run) tiers() (names []string) {
	for i, used := range r.used {
		if used && i == 0 {
			names = append(names, "raw")
		} else if used {
			names = append(names, FormatInterval(r.kept.tiers[i-1].Interval))
		}
	}
	return names
}

// FormatInterval is a span of time as ParseInterval reads it.
func FormatInterval(d time.Duration) string {
	for _, u := range []struct {
		name string
		d    time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}} {
		if d%u.d == 0 {
			return strconv.FormatInt(int64(d/u.d), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

// column goes through the points of a column, or the rows that stand for them.
func (v *tally) column(c column, kind block.Kind) error {
	r := v.r
	from := r.q.From
	if st := r.kept; st != nil {
		for i := len(st.tiers) - 1; i >= 0; i-- {
			reach := st.reach(i)
			to := min(before(reach), r.last())
			if reach == math.MinInt64 || from > to {
				continue
			}
			if err := v.rows(c, i, kind, from, to); err != nil {
				return err
			}
			from = reach
		}
		from = max(from, st.cut)
		if i := v.tierFor(); i >= 0 {
			return v.quick(c, i, kind, from)
		}
	}
	return v.raw(c, from, r.last())
}

func (v *tally) raw(c column, from, to int64) error {
	if from > to {
		return nil
	}
	r := v.r
	return r.s.walkMany(r.tx, r.many, c, r.m.Duplicates, from, to, visitor{points: v.points, block: v.block})
}

// sawPoints notes that the answer is made of points, too.
func (r *run) sawPoints() {
	if r.used != nil {
		r.used[0] = true
	}
}

// tierFor is the coarsest tier of whose windows those of the query are made; -1 where
// there is none.
func (v *tally) tierFor() int {
	q, st := v.r.q, v.r.kept
	for i := len(st.tiers) - 1; i >= 0; i-- {
		step := int64(st.tiers[i].Interval)
		fits := q.Mode == Instant
		if q.Mode == Downsample {
			fits = q.Interval.Fixed > 0 && int64(q.Interval.Fixed)%step == 0 || q.Interval.Fixed == 0 && q.Zone == time.UTC && int64(day)%step == 0
			fits = fits && int64(q.Offset)%step == 0
		}
		if fits && st.tiers[i].built {
			return i
		}
	}
	return -1
}

// quick reads rows of whole windows, and points of what is around them.
func (v *tally) quick(c column, tier int, kind block.Kind, from int64) error {
	r, step := v.r, int64(v.r.kept.tiers[tier].Interval)
	open, err := r.firstOpen(c)
	if err != nil {
		return err
	}
	low, high := floorTo(from, step), floorTo(min(open, r.last()), step)
	if low < from {
		low = lastOf(from, step) + 1
	}
	if r.last() == math.MaxInt64 && open == math.MaxInt64 {
		high = math.MaxInt64
	}
	if low >= high || low < from {
		return v.raw(c, from, r.last())
	}
	if err := v.raw(c, from, before(low)); err != nil {
		return err
	}
	if err := v.rows(c, tier, kind, low, before(high)); err != nil {
		return err
	}
	return v.raw(c, high, r.last())
}

// firstOpen is the time of the first point that is not sealed, or that a deletion does
// not reach below; the greatest int64 where all is sealed.
func (r *run) firstOpen(c column) (int64, error) {
	list, err := r.s.layersMany(r.tx, r.many, c, math.MinInt64, math.MaxInt64)
	first := int64(math.MaxInt64)
	for i := range list {
		first = min(first, list[i].min)
	}
	return first, err
}

// rows goes through rows of windows that begin from from to to.
func (v *tally) rows(c column, tier int, kind block.Kind, from, to int64) error {
	r := v.r
	at := column{r.kept.tiers[tier].id, c.series, c.field}
	return r.s.rows(r.tx, at, kind, from, to, func(rows []rollup) error {
		r.used[tier+1] = true
		for i := range rows {
			if err := v.row(&rows[i]); err != nil {
				return err
			}
		}
		return r.ctx.Err()
	})
}

func (v *tally) row(x *rollup) error {
	if err := v.enter(x.start); err != nil {
		return err
	}
	if !functions[v.f.Name].ordered {
		a, err := v.cell(v.start)
		if err == nil {
			a.addRow(&x.part)
		}
		return err
	}
	v.next(v.f, x.firstAt, x.first.number())
	if x.n > 1 {
		inner := x.grew
		if v.f.Name == "delta" {
			inner = x.last.number() - x.first.number()
		}
		v.course.total += inner
		v.course.has = true
		v.course.prevAt, v.course.prev = x.lastAt, x.last.number()
	}
	v.firstAt, v.lastAt = min(v.firstAt, x.firstAt), x.lastAt
	return nil
}
