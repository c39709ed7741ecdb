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
	r := run{s: s, ctx: ctx, tx: tx, q: &q, m: m, answer: &Answer{Metric: m}, window: window{q.Interval, q.Zone, int64(q.Offset)}}
	groups := q.groups(list)
	for _, g := range groups {
		for _, field := range fields {
			if err := r.group(g, field); err != nil {
				return nil, err
			}
		}
	}
	return r.answer, nil
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
	case q.Grouped && (q.Mode == Raw || q.Mode == Rolling):
		return invalid("INVALID_QUERY", "group_by", "group_by needs an aggregation by windows or over the whole range")
	case q.Fill != FillNone && q.Mode != Downsample:
		return invalid("INVALID_QUERY", "fill", "fill needs an aggregation by windows")
	case q.Mode == Rolling && q.Interval.Fixed == 0:
		return invalid("INVALID_INTERVAL", "window", "the window of a rolling aggregation must be a fixed span of time, not days, months or years")
	case q.Offset < 0:
		return invalid("INVALID_INTERVAL", "offset", "the offset is negative")
	}
	return nil
}

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

// run is a query under way.
type run struct {
	s      *Store
	ctx    context.Context
	tx     *txn.Tx
	q      *Query
	m      *Metric
	answer *Answer
	window window
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
	return r.s.walk(r.tx, r.column(f, field), r.m.Duplicates, from, r.last(), visitor{
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

// rolling computes for each point the function of the points of the window that ends
// with it.
func (r *run) rolling(f found, field int) (samples []Sample, err error) {
	var p block.Points
	if err := r.each(f, field, r.q.From, func(q *block.Points) error {
		p.Kind = q.Kind
		join(&p, q)
		if p.Len() > r.q.MaxPoints {
			return r.tooMany()
		}
		return nil
	}); err != nil {
		return nil, err
	}
	fn, from := r.q.Function, 0
	for i, t := range p.Times {
		for p.Times[from] <= t-int64(r.q.Interval.Fixed) {
			from++
		}
		var a sums
		part := cut(&p, from, i+1)
		if functions[fn.Name].ordered {
			var c course
			for j, at := range part.Times {
				c.next(fn, at, valueAt(part, j).number())
			}
			a.total, a.has = c.close(fn, r.q.Interval.Fixed.Seconds())
		} else {
			a.add(part, fn)
		}
		v, err := a.result(fn)
		if err != nil {
			return nil, err
		}
		samples = append(samples, Sample{t, v})
		if i%1024 == 0 && r.ctx.Err() != nil {
			return nil, context.Cause(r.ctx)
		}
	}
	return samples, nil
}

// bounds is the window of a time: for the whole range all of it.
func (r *run) bounds(t int64) (start, end int64) {
	if r.q.Mode == Instant {
		return r.q.From, r.q.To
	}
	return r.window.at(t)
}

// windows computes the function of each window, over all series of a group.
func (r *run) windows(g group, field int) ([]Sample, error) {
	t := table{r: r, f: r.q.Function, at: make(map[int64]int)}
	for _, f := range g.series {
		if err := t.series(f, field); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(t.list, func(a, b cell) int { return cmp.Compare(a.start, b.start) })
	samples := make([]Sample, 0, len(t.list))
	for i := range t.list {
		v, err := t.list[i].result(t.f)
		if err != nil {
			return nil, err
		}
		if v.Kind != 0 {
			samples = append(samples, Sample{t.list[i].start, v})
		}
	}
	if r.q.Mode == Instant && len(samples) > 0 {
		samples[0].Time = t.list[0].lastAt
	}
	return r.fill(samples)
}

// table is the windows of a group.
type table struct {
	r    *run
	f    Function
	at   map[int64]int
	list []cell
}

type cell struct {
	start int64
	sums
}

func (t *table) cell(start int64) (*sums, error) {
	i, ok := t.at[start]
	if !ok {
		if i = len(t.list); i >= t.r.q.MaxPoints {
			return nil, t.r.tooMany()
		}
		t.at[start] = i
		t.list = append(t.list, cell{start: start})
	}
	return &t.list[i].sums, nil
}

// series adds the points of one series.
func (t *table) series(f found, field int) error {
	r := t.r
	v := tally{table: t}
	err := r.s.walk(r.tx, r.column(f, field), r.m.Duplicates, r.q.From, r.last(), visitor{points: v.points, block: v.block})
	if err != nil {
		return err
	}
	return v.finish()
}

// tally goes through one series, window by window.
type tally struct {
	*table
	course
	buf             block.Points
	open            bool // there is a window
	start, end      int64
	firstAt, lastAt int64 // of the points in it
}

// finish ends a window of a function that needs the points in their order.
func (v *tally) finish() error {
	if !v.open || !functions[v.f.Name].ordered {
		return nil
	}
	seconds := float64(v.end-v.start) / 1e9
	if v.r.q.Mode == Instant {
		seconds = float64(v.lastAt-v.firstAt) / 1e9
	}
	x, has := v.course.close(v.f, seconds)
	a, err := v.cell(v.start)
	if err != nil {
		return err
	}
	if has {
		a.total, a.has = a.total+x, true
	}
	a.lastAt = max(a.lastAt, v.lastAt)
	return nil
}

// enter makes the window of a time the one that is gone through.
func (v *tally) enter(at int64) error {
	if v.open && at >= v.start && at < v.end {
		return nil
	}
	if err := v.finish(); err != nil {
		return err
	}
	v.start, v.end = v.r.bounds(at)
	v.open, v.firstAt = true, at
	return nil
}

func (v *tally) points(p *block.Points) error {
	for i := 0; i < p.Len(); {
		if err := v.enter(p.Times[i]); err != nil {
			return err
		}
		n, _ := slices.BinarySearch(p.Times[i:], v.end)
		n = max(n, 1) // at the end of time the end is included
		part := cut(p, i, i+n)
		i += n
		if functions[v.f.Name].ordered {
			for k, at := range part.Times {
				v.next(v.f, at, valueAt(part, k).number())
			}
			v.lastAt = part.Times[part.Len()-1]
			continue
		}
		a, err := v.cell(v.start)
		if err != nil {
			return err
		}
		a.add(part, v.f)
	}
	return v.r.ctx.Err()
}

// block takes a block by its statistics where all of it is in one window.
func (v *tally) block(h *block.Header, raw []byte) error {
	if start, end := v.r.bounds(h.MinTime); h.MaxTime < end && v.f.byStats(h) {
		a, err := v.cell(start)
		if err == nil {
			a.addBlock(h)
		}
		return err
	}
	v.buf.Reset(0)
	if err := block.Decode(raw, &v.buf); err != nil {
		return err
	}
	return v.points(&v.buf)
}

// fill adds the windows that have no points, from the first to the last of the range
// where it has bounds, and of the points else.
func (r *run) fill(samples []Sample) ([]Sample, error) {
	if r.q.Fill == FillNone || len(samples) == 0 {
		return samples, nil
	}
	at, end := samples[0].Time, samples[len(samples)-1].Time+1
	if r.q.From != math.MinInt64 {
		at, _ = r.window.at(r.q.From)
	}
	if r.q.To != math.MaxInt64 {
		end = r.q.To
	}
	var out []Sample
	i := 0
	for at < end {
		if len(out) > r.q.MaxPoints {
			return nil, r.tooMany()
		}
		_, next := r.window.at(at)
		if i < len(samples) && samples[i].Time == at {
			out = append(out, samples[i])
			i++
		} else {
			out = append(out, Sample{at, r.filler(samples, i, at)})
		}
		at = next
	}
	return out, nil
}

// filler is the value of a window at t ahead of samples[i].
func (r *run) filler(samples []Sample, i int, t int64) Value {
	switch r.q.Fill {
	case FillValue:
		return FloatValue(r.q.FillWith)
	case FillPrevious:
		if i > 0 {
			return samples[i-1].Value
		}
	case FillLinear:
		if i > 0 && i < len(samples) && samples[i].Value.Kind != block.Text {
			a, b := samples[i-1], samples[i]
			part := float64(t-a.Time) / float64(b.Time-a.Time)
			return FloatValue(a.Value.number() + part*(b.Value.number()-a.Value.number()))
		}
	}
	return Value{}
}
