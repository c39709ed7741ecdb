package timeseries

import (
	"cmp"
	"math"
	"slices"

	"github.com/weftdb/weft/timeseries/block"
)

// bounds is the window of a time: for the whole range all of it.
func (r *run) bounds(t int64) (start, end int64) {
	if r.q.Mode == Instant {
		return r.q.From, r.q.To
	}
	return r.window.at(t)
}

// windows computes the function of each window, over all series of a group.
func (r *run) windows(g group, field int) ([]Sample, error) {
	samples, err := r.table(r.q.Function, g.series, field)
	if err != nil {
		return nil, err
	}
	return r.fill(samples)
}

// table computes a function of each window, over several series.
func (r *run) table(f Function, series []found, field int) ([]Sample, error) {
	t := table{r: r, f: f, at: make(map[int64]int)}
	for _, f := range series {
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
	return samples, nil
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
	if err := v.column(r.column(f, field), r.m.Fields[field].Kind); err != nil {
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
	v.r.sawPoints()
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
	v.r.sawPoints()
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
