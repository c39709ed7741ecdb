package timeseries

import (
	"math"
	"slices"
	"sync"

	"github.com/weftdb/weft/timeseries/block"
)

// How batches become runs.

// fold makes runs of the batches of a metric that wait, up to a commit, and puts runs
// together while they are small beside each other. Nobody waits for it but others that want
// runs of the metric.
func (h *head) fold(x *headMetric, until uint64) {
	x.folding.Lock()
	defer x.folding.Unlock()
	f := folders.Get().(*folder)
	defer folders.Put(f)
	for {
		h.mu.RLock()
		part, err := x.part(until), x.err
		h.mu.RUnlock()
		if err != nil || len(part) == 0 {
			return
		}
		r, err := f.fold(part)
		h.mu.Lock()
		if err != nil {
			x.err = err
		} else {
			x.runs = append(slices.Clip(x.runs), r)
			clear(x.waiting[:len(part)])
			x.waiting = x.waiting[len(part):]
		}
		h.mu.Unlock()
		for err == nil && h.join(x) {
		}
	}
}

// part is as many of the batches that wait as one run takes. No run goes across the end of a
// pass.
func (x *headMetric) part(until uint64) []waitingBatch {
	points := 0
	for i := range x.waiting {
		b := &x.waiting[i]
		points += b.points
		switch {
		case b.at > until, i == maxRunBatches, i > 0 && points > maxRunPoints, i > 0 && x.waiting[0].at <= x.sealing && b.at > x.sealing:
			return x.waiting[:i:i]
		}
	}
	return x.waiting[:len(x.waiting):len(x.waiting)]
}

// join puts the last two runs together where that is worth it. Held: folding.
func (h *head) join(x *headMetric) bool {
	h.mu.RLock()
	runs, sealing, done := x.runs, x.sealing, x.done
	h.mu.RUnlock()
	n := len(runs)
	if n < 2 {
		return false
	}
	a, b := runs[n-2], runs[n-1]
	if a.points > 2*b.points || a.points+b.points > maxRunPoints || len(a.batches)+len(b.batches) > maxRunBatches ||
		a.last() <= max(sealing, done) && b.last() > max(sealing, done) {
		return false
	}
	r := joinRuns(a, b)
	h.mu.Lock()
	defer h.mu.Unlock()
	n = len(x.runs) // some may have been let go of
	if n < 2 || x.runs[n-2] != a || x.runs[n-1] != b || a.last() <= x.sealing && b.last() > x.sealing {
		return false
	}
	x.runs = append(slices.Clone(x.runs[:n-2]), r)
	return true
}

// folder is memory in which runs are made.
type folder struct {
	fields []foldField
	slab   slab
}

var folders = sync.Pool{New: func() any { return new(folder) }}

// foldField is points of one field, as they come.
type foldField struct {
	kind  block.Kind
	slots map[uint64]uint32 // of series, in the order in which they came
	ids   []uint64          // of each slot
	count []uint32          // of points of each slot
	at    []int64           // of each batch
	one   bool              // all points of each batch are of one time
	slot  []uint32          // of each point
	seq   []uint16
	times []int64
	bits  []uint64
	texts []string
}

func (f *foldField) reset() {
	clear(f.slots)
	clear(f.texts)
	*f = foldField{slots: f.slots, ids: f.ids[:0], count: f.count[:0], at: f.at[:0], one: true, slot: f.slot[:0], seq: f.seq[:0],
		times: f.times[:0], bits: f.bits[:0], texts: f.texts[:0]}
}

// fold makes a run of batches.
func (f *folder) fold(list []waitingBatch) (*headRun, error) {
	for i := range f.fields {
		f.fields[i].reset()
	}
	r := &headRun{batches: make([]batchAt, len(list))}
	last := -1
	for i := range list {
		r.batches[i] = list[i].batchAt
		r.points += list[i].points
		err := readBatch(list[i].raw, &f.slab, func(b *slab) error {
			for b.field >= len(f.fields) {
				f.fields = append(f.fields, foldField{slots: make(map[uint64]uint32), one: true})
			}
			last = max(last, b.field)
			return f.fields[b.field].add(b, i, len(list))
		})
		if err != nil {
			return nil, err
		}
	}
	r.fields = make([]runField, last+1)
	for i := range r.fields {
		f.fields[i].run(&r.fields[i])
	}
	return r, nil
}

// add adds the points of a batch.
func (f *foldField) add(b *slab, seq, batches int) error {
	if f.kind == 0 {
		f.kind = b.points.Kind
		f.at = slices.Grow(f.at[:0], batches)[:batches]
		for i := range f.at {
			f.at[i] = math.MinInt64
		}
	}
	if f.kind != b.points.Kind {
		return corrupt("the points of a field are of kind %v in one batch and %v in another", f.kind, b.points.Kind)
	}
	times := b.points.Times
	first := times[0]
	if first != times[len(times)-1] || first == math.MinInt64 || f.at[seq] != math.MinInt64 && f.at[seq] != first {
		f.one = false
	}
	f.at[seq] = first
	next := uint32(0)
	for _, id := range b.series {
		if next >= uint32(len(f.ids)) || f.ids[next] != id {
			var ok bool
			if next, ok = f.slots[id]; !ok {
				next = uint32(len(f.ids))
				f.slots[id] = next
				f.ids, f.count = append(f.ids, id), append(f.count, 0)
			}
		}
		f.slot = append(f.slot, next)
		f.seq = append(f.seq, uint16(seq))
		f.count[next]++
		next++
	}
	f.times = append(f.times, times...)
	switch f.kind {
	case block.Float:
		for _, v := range b.points.Floats {
			f.bits = append(f.bits, math.Float64bits(v))
		}
	case block.Int:
		for _, v := range b.points.Ints {
			f.bits = append(f.bits, uint64(v))
		}
	case block.Bool:
		for _, v := range b.points.Bools {
			f.bits = append(f.bits, uint64(btoi(v)))
		}
	case block.Text:
		f.texts = append(f.texts, b.points.Texts...)
	}
	return nil
}

// run brings what was added into the order of series.
func (f *foldField) run(r *runField) {
	n := len(f.slot)
	if n == 0 {
		return
	}
	order := make([]uint32, len(f.ids))
	for i := range order {
		order[i] = uint32(i)
	}
	if !slices.IsSorted(f.ids) {
		slices.SortFunc(order, func(a, b uint32) int {
			if f.ids[a] < f.ids[b] {
				return -1
			}
			return 1
		})
	}
	*r = runField{kind: f.kind, series: make([]uint64, len(order)), from: make([]uint32, len(order)+1), seq: make([]uint16, n)}
	next, at := f.count, uint32(0) // where the next point of a slot goes
	for i, slot := range order {
		r.series[i], r.from[i] = f.ids[slot], at
		at, next[slot] = at+f.count[slot], at
	}
	r.from[len(order)] = at
	if f.one {
		r.at = slices.Clone(f.at)
	} else {
		r.times = make([]int64, n)
	}
	if f.kind == block.Text {
		r.texts = make([]string, n)
	} else {
		r.bits = make([]uint64, n)
	}
	for i, slot := range f.slot {
		to := next[slot]
		next[slot]++
		r.seq[to] = f.seq[i]
		if r.times != nil {
			r.times[to] = f.times[i]
		}
		if r.texts != nil {
			r.texts[to] = f.texts[i]
		} else {
			r.bits[to] = f.bits[i]
		}
	}
}
