package timeseries

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Mode says what a query makes of points.
type Mode uint8

// The modes.
const (
	Raw        Mode = iota // the points themselves
	Downsample             // a value for each window of an interval
	Instant                // one value for the whole range
	Rolling                // a value for each point, of the window that ends with it
)

// FillMode says what windows without points have.
type FillMode uint8

// The ways of filling.
const (
	FillNone     FillMode = iota // they are left out
	FillNull                     // none
	FillPrevious                 // the value of the window before
	FillLinear                   // what lies between the neighbours
	FillValue                    // a value
)

// Query says what is wanted.
type Query struct {
	Metric   string
	Fields   []string // empty: all
	Matchers []Matcher
	// From and To bound the times: From is included, To is not, unless it is the
	// greatest int64, which is no bound.
	From, To int64
	// Limit bounds the points of each series: the oldest ones, or with Newest the newest
	// ones, in ascending order of time either way. 0: all. Of windows it counts those.
	Limit  int
	Newest bool

	Mode     Mode
	Function Function
	Interval Interval // of Downsample; of Rolling a fixed one
	Offset   time.Duration
	Zone     *time.Location // nil: UTC
	Fill     FillMode
	FillWith float64
	// GroupBy, where not nil, makes one series of all that agree in these tags.
	GroupBy []string
	Grouped bool

	// RawOnly keeps to points, also where a retention policy has rolled older ones up.
	RawOnly bool

	// MaxPoints bounds the points of the answer. 0: DefaultMaxPoints.
	MaxPoints int
}

// DefaultMaxPoints is how many points an answer has at most where nothing else is said.
const DefaultMaxPoints = 1_000_000

// Sample is a value at a time: of a point, or of a window by its beginning.
type Sample struct {
	Time  int64
	Value Value
}

// Series is one series of an answer.
type Series struct {
	Field   string
	Tags    []Tag
	Samples []Sample
}

// Answer is what a query found.
type Answer struct {
	Metric *Metric
	Series []Series // by tags, then in the order of the fields
	Points int      // of all series
	// Tiers are what the answer is made of where the metric has a retention policy: "raw",
	// and the lengths of the windows of tiers.
	Tiers []string
}

// Query reads points.
func (s *Store) Query(ctx context.Context, q Query) (a *Answer, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		a, err = s.QueryTx(ctx, tx, q)
		return err
	})
	return a, err
}

// QueryTx is Query in a transaction.
func (s *Store) QueryTx(ctx context.Context, tx *txn.Tx, q Query) (*Answer, error) {
	r, err := s.run(ctx, tx, &q)
	if err != nil {
		return nil, err
	}
	if err := r.all(); err != nil {
		return nil, err
	}
	r.answer.Tiers = r.tiers()
	return r.answer, nil
}

// run begins a query.
func (s *Store) run(ctx context.Context, tx *txn.Tx, q *Query) (*run, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	m, err := s.MetricTx(tx, q.Metric)
	if err != nil {
		return nil, err
	}
	fields, err := q.fields(m)
	if err != nil {
		return nil, err
	}
	list, err := s.find(tx, m, q.Matchers)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b found) int { return compareTags(a.tags, b.tags) })
	r := &run{s: s, ctx: ctx, tx: tx, q: q, m: m, fields: fields, groups: q.groups(list), answer: &Answer{Metric: m}, window: window{q.Interval, q.Zone, int64(q.Offset)}}
	return r, r.retainedFor()
}

// all goes through the groups.
func (r *run) all() (err error) {
	series := 0
	for i := range r.groups {
		series += len(r.groups[i].series)
	}
	if r.many, err = r.s.many(r.tx, r.m, series); err != nil {
		return err
	}
	defer r.many.close()
	for _, g := range r.groups {
		for _, field := range r.fields {
			if err := r.group(g, field); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *Query) check() error {
	if q.From > q.To {
		return invalid("INVALID_RANGE", "end", "the range ends before it starts")
	}
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	if q.MaxPoints == 0 {
		q.MaxPoints = DefaultMaxPoints
	}
	switch {
	case q.Grouped && (q.Mode == Raw || q.Mode == Rolling && !q.histogram()):
		return invalid("INVALID_QUERY", "group_by", "group_by needs an aggregation by windows or over the whole range")
	case q.Fill != FillNone && q.Mode != Downsample:
		return invalid("INVALID_QUERY", "fill", "fill needs an aggregation by windows")
	case q.Mode == Rolling && q.Interval.Fixed == 0:
		return invalid("INVALID_INTERVAL", "window", "the window of a rolling aggregation must be a fixed span of time, not days, months or years")
	case q.histogram() && slices.Contains(q.GroupBy, bucketTag):
		return invalid("INVALID_QUERY", "group_by", "histogram_quantile is of all buckets of a group, so it cannot be grouped by %q", bucketTag)
	case q.Offset < 0:
		return invalid("INVALID_INTERVAL", "offset", "the offset is negative")
	}
	return nil
}

// histogram says whether series are buckets, which come to one series together.
func (q *Query) histogram() bool { return q.Mode != Raw && functions[q.Function.Name].buckets }

func (q *Query) fields(m *Metric) (list []int, err error) {
	if len(q.Fields) == 0 {
		for i := range m.Fields {
			list = append(list, i)
		}
	}
	for _, name := range q.Fields {
		i := m.Field(name)
		if i < 0 {
			return nil, dberr.New(dberr.ErrNotFound, "FIELD_NOT_FOUND", "metric %q has no field %q", m.Name, shorten(name)).WithField("fields")
		}
		list = append(list, i)
	}
	if q.Mode == Raw {
		return list, nil
	}
	usable := list[:0]
	for _, i := range list {
		if err = q.Function.accepts(m.Name, m.Fields[i].Name, m.Fields[i].Kind); err == nil {
			usable = append(usable, i)
		} else if len(q.Fields) > 0 {
			return nil, err // it was asked for by name
		}
	}
	if len(usable) == 0 {
		return nil, err
	}
	return usable, nil
}

func compareTags(a, b []Tag) int {
	return slices.CompareFunc(a, b, func(x, y Tag) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), strings.Compare(x.Value, y.Value))
	})
}

// group is the series that become one.
type group struct {
	tags   []Tag
	series []found
}

func (q *Query) groups(list []found) (groups []group) {
	if !q.Grouped && q.histogram() {
		return bucketGroups(list)
	}
	if !q.Grouped {
		for _, f := range list {
			groups = append(groups, group{f.tags, []found{f}})
		}
		return groups
	}
	at := make(map[string]int)
	names := slices.Clone(q.GroupBy)
	slices.Sort(names)
	names = slices.Compact(names)
	for _, f := range list {
		var tags []Tag
		var key []byte
		for _, name := range names {
			value := ""
			for _, t := range f.tags {
				if t.Key == name {
					value = t.Value
				}
			}
			key = appendText(key, value)
			if value != "" {
				tags = append(tags, Tag{name, value})
			}
		}
		i, ok := at[string(key)]
		if !ok {
			i = len(groups)
			at[string(key)] = i
			groups = append(groups, group{tags: tags})
		}
		groups[i].series = append(groups[i].series, f)
	}
	slices.SortFunc(groups, func(a, b group) int { return compareTags(a.tags, b.tags) })
	return groups
}

// bucketGroups has one group of all series that agree in all tags but that of the bucket.
func bucketGroups(list []found) (groups []group) {
	at := make(map[string]int)
	for _, f := range list {
		tags := slices.DeleteFunc(slices.Clone(f.tags), func(t Tag) bool { return t.Key == bucketTag })
		var key []byte
		for _, t := range tags {
			key = appendText(appendText(key, t.Key), t.Value)
		}
		i, ok := at[string(key)]
		if !ok {
			i = len(groups)
			at[string(key)] = i
			groups = append(groups, group{tags: tags})
		}
		groups[i].series = append(groups[i].series, f)
	}
	slices.SortFunc(groups, func(a, b group) int { return compareTags(a.tags, b.tags) })
	return groups
}

// run is a query under way.
type run struct {
	s      *Store
	ctx    context.Context
	tx     *txn.Tx
	q      *Query
	m      *Metric
	fields []int
	groups []group
	answer *Answer
	window window
	emit   func(part *Series) error // where the points are streamed
	part   []Sample                 // memory of a part
	kept   *retained                // where tiers are read, too
	used   []bool                   // which of points and tiers were
	many   *many
}

func (r *run) column(f found, field int) column { return column{r.m.id, f.id, field} }

// last is the last time that is included.
func (r *run) last() int64 {
	if r.q.To == math.MaxInt64 { // no bound
		return math.MaxInt64
	}
	return r.q.To - 1
}

func (r *run) empty() bool { return r.q.From == r.q.To }

func (r *run) group(g group, field int) error {
	if err := r.ctx.Err(); err != nil {
		return context.Cause(r.ctx)
	}
	var samples []Sample
	var err error
	switch {
	case r.empty():
	case r.streams():
		return r.rawParts(g, field)
	case r.q.histogram():
		samples, err = r.quantiles(g, field)
	case r.q.Mode == Raw:
		samples, err = r.raw(g.series[0], field)
	case r.q.Mode == Rolling:
		samples, err = r.rolling(g.series[0], field)
	default:
		samples, err = r.windows(g, field)
	}
	if err != nil || len(samples) == 0 {
		return err
	}
	if n := r.q.Limit; n > 0 && len(samples) > n {
		if r.q.Newest {
			samples = samples[len(samples)-n:]
		} else {
			samples = samples[:n]
		}
	}
	if r.emit != nil {
		return r.parts(g, field, samples)
	}
	r.answer.Points += len(samples)
	if r.answer.Points > r.q.MaxPoints {
		return r.tooMany()
	}
	r.answer.Series = append(r.answer.Series, Series{Field: r.m.Fields[field].Name, Tags: g.tags, Samples: samples})
	return nil
}

func (r *run) tooMany() error {
	return tooLarge("TOO_MANY_POINTS", "limit", "the answer has more than %d points", r.q.MaxPoints).
		WithHint("narrow the range, give a limit, or aggregate by longer windows")
}

var errEnough = errors.New("enough")

// each calls fn with the points of a column that are wanted, in order.
func (r *run) each(f found, field int, from int64, fn func(p *block.Points) error) error {
	var p block.Points
	return r.s.walkMany(r.tx, r.many, r.column(f, field), r.m.Duplicates, from, r.last(), visitor{
		points: fn,
		block: func(_ *block.Header, raw []byte) error {
			p.Reset(0)
			if err := block.Decode(raw, &p); err != nil {
				return err
			}
			return fn(&p)
		},
	})
}

func (r *run) raw(f found, field int) ([]Sample, error) {
	from := r.q.From
	if r.q.Newest && r.q.Limit > 0 {
		var err error
		if from, err = r.newestFrom(f, field); err != nil {
			return nil, err
		}
	}
	samples, err := r.points(f, field, from)
	if err == nil && from > r.q.From && len(samples) < r.q.Limit { // what lies open has taken some away
		samples, err = r.points(f, field, r.q.From)
	}
	return samples, err
}

func (r *run) points(f found, field int, from int64) (samples []Sample, err error) {
	most := r.q.MaxPoints - r.answer.Points
	if r.q.Limit > 0 && !r.q.Newest {
		most = min(most+1, r.q.Limit)
	} else {
		most++
	}
	err = r.each(f, field, from, func(p *block.Points) error {
		for i, t := range p.Times {
			if samples = append(samples, Sample{t, valueAt(p, i)}); len(samples) >= most && !r.q.Newest {
				return errEnough
			}
		}
		return r.ctx.Err()
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return samples, err
}

// newestFrom is a time from which on the sealed blocks have as many points as are wanted.
func (r *run) newestFrom(f found, field int) (int64, error) {
	c := r.column(f, field)
	opts := within(r.s.blockPrefix(c))
	opts.Lower, opts.Reverse = r.s.blockKey(c, r.q.From), true
	if last := r.last(); last < math.MaxInt64 { // of blocks that reach further not all counts
		opts.Upper = r.s.blockKey(c, last+1)
	}
	it := r.tx.Iter(opts)
	defer it.Close()
	n := 0
	for it.Next() {
		h, err := block.ReadHeader(it.Value())
		if err != nil {
			return 0, err
		}
		if n += h.Count; n >= r.q.Limit {
			return max(h.MinTime, r.q.From), it.Err()
		}
	}
	return r.q.From, it.Err()
}
