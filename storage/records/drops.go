package records

import (
	"bytes"
	"sort"

	"github.com/weftdb/weft/storage/sorted"
)

// dropSet is the dropped ranges, by their lower bounds. It is never changed; nil is
// the empty one.
type dropSet struct {
	list  []sorted.Drop
	reach [][]byte // of each, the greatest upper bound of it and those before; nil is none
}

func newDropSet(list []sorted.Drop) *dropSet {
	if len(list) == 0 {
		return nil
	}
	s := &dropSet{list: list, reach: make([][]byte, len(list))}
	sort.SliceStable(list, func(i, j int) bool { return bytes.Compare(list[i].Lower, list[j].Lower) < 0 })
	for i := range list {
		s.reach[i] = list[i].Upper
		if i > 0 && list[i].Upper != nil && (s.reach[i-1] == nil || bytes.Compare(s.reach[i-1], list[i].Upper) > 0) {
			s.reach[i] = s.reach[i-1]
		}
	}
	return s
}

// with returns the set with one more.
func (s *dropSet) with(d sorted.Drop) *dropSet {
	return newDropSet(append(append([]sorted.Drop{}, s.all()...), d))
}

// without returns the set without the drop of a timestamp.
func (s *dropSet) without(ts uint64) *dropSet {
	var left []sorted.Drop
	for _, d := range s.all() {
		if d.TS != ts {
			left = append(left, d)
		}
	}
	return newDropSet(left)
}

func (s *dropSet) all() []sorted.Drop {
	if s == nil {
		return nil
	}
	return s.list
}

// covering calls fn for the drops of ranges with key in them, until it returns false.
func (s *dropSet) covering(key []byte, fn func(d *sorted.Drop) bool) {
	if s == nil {
		return
	}
	i := sort.Search(len(s.list), func(i int) bool { return bytes.Compare(s.list[i].Lower, key) > 0 })
	for i--; i >= 0 && (s.reach[i] == nil || bytes.Compare(s.reach[i], key) > 0); i-- {
		if d := &s.list[i]; d.Covers(key) && !fn(d) {
			return
		}
	}
}

// hides says whether a drop that a reader at ts sees hides the version of key that
// was written at.
func (s *dropSet) hides(key []byte, at, ts uint64) (hidden bool) {
	s.covering(key, func(d *sorted.Drop) bool {
		hidden = at <= d.TS && d.TS <= ts
		return !hidden
	})
	return hidden
}
