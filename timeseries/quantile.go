package timeseries

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// bucketTag names the upper bound of a bucket of a histogram, as in Prometheus: the series
// counts what is at most that, and grows.
const bucketTag = "le"

// bucket is what a bucket of a histogram grew by.
type bucket struct{ upper, count float64 }

// buckets sorts the series of a group by the bounds of their buckets.
func (r *run) buckets(g group) (map[float64][]found, error) {
	by := make(map[float64][]found)
	for _, f := range g.series {
		i := slices.IndexFunc(f.tags, func(t Tag) bool { return t.Key == bucketTag })
		if i < 0 {
			return nil, invalid("NO_HISTOGRAM", "function", "histogram_quantile needs series with the tag %q, the upper bound of a bucket; metric %q has one without", bucketTag, shorten(r.m.Name))
		}
		upper, err := strconv.ParseFloat(f.tags[i].Value, 64)
		if err != nil || math.IsNaN(upper) {
			return nil, invalid("NO_HISTOGRAM", "function", "the tag %q of metric %q is %q, which is no upper bound of a bucket", bucketTag, shorten(r.m.Name), shorten(f.tags[i].Value))
		}
		by[upper] = append(by[upper], f)
	}
	return by, nil
}

// quantiles estimates a quantile of each window from what the buckets of a histogram grew
// by in it.
func (r *run) quantiles(g group, field int) ([]Sample, error) {
	by, err := r.buckets(g)
	if err != nil {
		return nil, err
	}
	at := make(map[int64][]bucket)
	last := int64(math.MinInt64)
	for upper, series := range by {
		grown, err := r.grown(series, field)
		if err != nil {
			return nil, err
		}
		for _, x := range grown {
			at[x.Time] = append(at[x.Time], bucket{upper, x.Value.Float})
			last = max(last, x.Time)
		}
		if len(at) > r.q.MaxPoints {
			return nil, r.tooMany()
		}
	}
	if r.q.Mode == Instant { // one value, of whatever ends last
		var all []bucket
		for _, list := range at {
			all = append(all, list...)
		}
		at = map[int64][]bucket{last: all}
	}
	var samples []Sample
	for t, list := range at {
		if v, ok := quantileOf(r.q.Function.Percent/100, list); ok {
			samples = append(samples, Sample{t, FloatValue(v)})
		}
	}
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Time, b.Time) })
	if r.q.Mode == Rolling {
		return samples, nil
	}
	return r.fill(samples)
}

// grown is what the series of one bucket grew by in each window; of a rolling one, in that
// which ends at each of their points.
func (r *run) grown(series []found, field int) ([]Sample, error) {
	f := Function{Name: "increase"}
	if r.q.Mode != Rolling {
		return r.table(f, series, field)
	}
	sum := make(map[int64]float64)
	for _, s := range series {
		list, err := r.rollingOf(f, s, field)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			if x.Value.Kind != 0 {
				sum[x.Time] += x.Value.Float
			}
		}
	}
	out := make([]Sample, 0, len(sum))
	for t, v := range sum {
		out = append(out, Sample{t, FloatValue(v)})
	}
	return out, nil
}

// quantileOf interpolates within the bucket that the quantile falls into, as
// histogram_quantile of Prometheus does. Without a bucket for everything, or without
// anything in it, there is none.
func quantileOf(q float64, list []bucket) (float64, bool) {
	slices.SortFunc(list, func(a, b bucket) int { return cmp.Compare(a.upper, b.upper) })
	merged := list[:0]
	for _, b := range list {
		if n := len(merged); n > 0 && merged[n-1].upper == b.upper {
			merged[n-1].count += b.count
			continue
		}
		merged = append(merged, b)
	}
	n := len(merged)
	if n < 2 || !math.IsInf(merged[n-1].upper, 1) {
		return 0, false
	}
	for i := 1; i < n; i++ { // what is at most more is not fewer
		merged[i].count = max(merged[i].count, merged[i-1].count)
	}
	total := merged[n-1].count
	if total <= 0 || math.IsNaN(total) {
		return 0, false
	}
	rank := q * total
	i, _ := slices.BinarySearchFunc(merged[:n-1], rank, func(b bucket, rank float64) int { return cmp.Compare(b.count, rank) })
	if i == n-1 {
		return merged[n-2].upper, true
	}
	if i == 0 && merged[0].upper <= 0 {
		return merged[0].upper, true
	}
	lower, count := 0.0, merged[i].count
	if i > 0 {
		lower = merged[i-1].upper
		count -= merged[i-1].count
		rank -= merged[i-1].count
	}
	if count == 0 {
		return lower, true
	}
	return lower + (merged[i].upper-lower)*(rank/count), true
}
