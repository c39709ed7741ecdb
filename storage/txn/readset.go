package txn

import (
	"bytes"
	"slices"
	"sync"
)

// readSet is what a serializable transaction has read: keys and ranges. It takes
// bounded memory: over maxReads entries, equal and overlapping ones are merged,
// and where that is not enough, neighbours are joined, which can only refuse more.
type readSet struct {
	few   *fewReads // nil before the first read
	spans []span
	arena arena
	limit int // len(spans) at which the next compaction is due
}

// span is the keys in [lower, upper). A nil upper is no bound. A point is a span
// with point set, whose upper is not used.
type span struct {
	lower, upper []byte
	point        bool
}

const (
	compactReads = 4 << 10
	maxReads     = 1 << 20
)

// fewReads is room for a small read set in one piece of memory, which commits use again.
type fewReads struct {
	spans [12]span
	piece [512]byte
}

var fewReadSets = sync.Pool{New: func() any { return new(fewReads) }}

func (r *readSet) makeFew() {
	f := fewReadSets.Get().(*fewReads) //nolint:forcetypeassert // nothing else is in it
	r.few, r.spans, r.arena.piece = f, f.spans[:0], f.piece[:0]
}

// recycle gives the memory of the read set to others. Nobody may use what is in it.
func (r *readSet) recycle() {
	f := r.few
	if f == nil {
		return
	}
	*r = readSet{}
	clear(f.spans[:])
	poison(f.piece[:])
	fewReadSets.Put(f)
}

func (r *readSet) addKey(key []byte) {
	if r.spans == nil {
		r.makeFew()
	}
	r.spans = append(r.spans, span{lower: r.arena.copy(key), point: true})
	r.bound()
}

// addRange records [lower, upper), both copied; a nil upper is no bound.
func (r *readSet) addRange(lower, upper []byte) {
	if upper != nil && bytes.Compare(lower, upper) >= 0 {
		return
	}
	if r.spans == nil {
		r.makeFew()
	}
	s := span{lower: r.arena.copy(lower)}
	if upper != nil {
		s.upper = r.arena.copy(upper)
	}
	r.spans = append(r.spans, s)
	r.bound()
}

func (r *readSet) bound() {
	if len(r.spans) < max(r.limit, compactReads) {
		return
	}
	r.merge()
	for len(r.spans) > maxReads {
		r.coarsen()
	}
	r.limit = 2 * len(r.spans)
	var fresh arena
	for i := range r.spans {
		s := &r.spans[i]
		s.lower = fresh.copy(s.lower)
		if s.upper != nil {
			s.upper = fresh.copy(s.upper)
		}
	}
	r.arena = fresh
}

// end compares as the upper bound of s: the first key that is not in it.
func (s span) covers(key []byte) bool {
	if s.point {
		return bytes.Equal(s.lower, key)
	}
	return bytes.Compare(s.lower, key) <= 0 && (s.upper == nil || bytes.Compare(key, s.upper) < 0)
}

// merge sorts the spans and joins those that touch.
func (r *readSet) merge() {
	slices.SortFunc(r.spans, func(a, b span) int {
		if c := bytes.Compare(a.lower, b.lower); c != 0 {
			return c
		}
		switch {
		case a.point == b.point:
			return 0
		case a.point:
			return 1 // ranges first, so that they swallow their first key
		}
		return -1
	})
	out := r.spans[:0]
	for _, s := range r.spans {
		if n := len(out); n > 0 && out[n-1].touches(s) {
			out[n-1] = out[n-1].join(s)
			continue
		}
		out = append(out, s)
	}
	clear(r.spans[len(out):])
	r.spans = out
}

// touches says whether next, which does not begin before s, overlaps s or begins
// where it ends.
func (s span) touches(next span) bool {
	if s.point {
		return next.point && bytes.Equal(s.lower, next.lower)
	}
	return s.upper == nil || bytes.Compare(next.lower, s.upper) <= 0
}

// join returns the smallest span that holds s and next, which does not begin before s.
func (s span) join(next span) span {
	if s.point && next.point && bytes.Equal(s.lower, next.lower) {
		return s
	}
	j := span{lower: s.lower, upper: s.upper}
	if s.point {
		j.upper = after(s.lower)
	}
	upper := next.upper
	if next.point {
		upper = after(next.lower)
	}
	if j.upper != nil && (upper == nil || (next.upper == nil && !next.point) || bytes.Compare(upper, j.upper) > 0) {
		j.upper = upper
	}
	return j
}

// coarsen joins every second span with its neighbour.
func (r *readSet) coarsen() {
	out := r.spans[:0]
	for i := 0; i < len(r.spans); i += 2 {
		s := r.spans[i]
		if i+1 < len(r.spans) {
			s = s.join(r.spans[i+1])
		}
		out = append(out, s)
	}
	clear(r.spans[len(out):])
	r.spans = out
}

// after returns the first key after key.
func after(key []byte) []byte { return append(append(make([]byte, 0, len(key)+1), key...), 0) }
