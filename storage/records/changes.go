package records

import (
	"bytes"

	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/sorted"
)

// Changed says whether key has a version newer than since, and when it was written.
func (s *Store) Changed(key []byte, since uint64) (at uint64, changed bool, err error) {
	return s.ChangedAt(s.Find(key), key, since)
}

// ChangedAt is Changed for a key that was found in memory.
func (s *Store) ChangedAt(place buffer.Place, key []byte, since uint64) (at uint64, changed bool, err error) {
	if at = s.NewestAt(place); at != 0 || since >= s.Gone() {
		return at, at > since, nil
	}
	disk := s.disk.Load()
	if disk == nil {
		return 0, false, nil
	}
	v, err := disk.Get(nil, key, sorted.MaxTimestamp)
	return v.TS, v.TS > since, err
}

// ChangedIn returns a key in [lower, upper) that has a version newer than since, and
// when that was written. It sees at least what was written before the call.
func (s *Store) ChangedIn(lower, upper []byte, since uint64) (key []byte, at uint64, changed bool, err error) {
	if key, at, changed = s.ChangedSince(lower, upper, since); changed || since >= s.Gone() {
		return key, at, changed, nil
	}
	disk := s.disk.Load()
	if disk == nil {
		return nil, 0, false, nil
	}
	it := disk.NewVersions(sorted.VersionOptions{Lower: lower, Upper: upper, After: since})
	if it.Next() {
		key, at, changed = bytes.Clone(it.Key()), it.TS(), true
	}
	return key, at, changed, it.Close()
}

// Versions calls fn for every version in [lower, upper) that is newer than since
// and not newer than until, keys in order and the newest version of each first,
// until it returns false. The bytes are valid during the call. A reader at since
// must keep them from being swept. Range drops are no versions of what they hide.
func (s *Store) Versions(lower, upper []byte, since, until uint64, fn func(key, value []byte, deleted bool, ts uint64) bool) error {
	w := &walk{s: s, upper: upper, since: since, until: until, fn: fn}
	defer w.shut()
	for from, first := lower, true; first || from != nil; first = false {
		var more bool
		if from, more = w.page(from); !more {
			break
		}
	}
	return w.err
}

// walk is a Versions that is running.
type walk struct {
	s            *Store
	upper        []byte
	since, until uint64
	fn           func(key, value []byte, deleted bool, ts uint64) bool

	disk   *sorted.Versions
	on     bool // disk stands on a version
	covers uint64
	err    error
}

// page gives the versions of the part of the range that lies in one page of memory,
// and returns where the next one begins, nil where there is none.
func (w *walk) page(from []byte) (next []byte, more bool) {
	mem, high := w.s.PageVersions(from, w.upper, w.since, w.until)
	end := w.upper
	if high != nil && (end == nil || bytes.Compare(high, end) < 0) {
		end = high
	}
	if w.since < w.s.Gone() {
		w.open(from)
	}
	for w.err == nil {
		stored := w.stored(end)
		if len(mem) == 0 && !stored {
			break
		}
		order := -1
		if stored {
			order = 1
			if len(mem) > 0 {
				order = compareVersions(&mem[0], w.disk)
			}
		}
		ok := false
		if order <= 0 {
			v := &mem[0]
			mem = mem[1:]
			ok = w.fn(v.Key, v.Value, v.Deleted, v.TS)
		} else {
			value := w.disk.Value()
			if w.err = w.disk.Err(); w.err != nil {
				break
			}
			ok = w.fn(w.disk.Key(), value, w.disk.Deleted(), w.disk.TS())
		}
		if order >= 0 {
			w.step()
		}
		if !ok {
			return nil, false
		}
	}
	if w.err != nil || high == nil || (w.upper != nil && bytes.Compare(high, w.upper) >= 0) {
		return nil, false
	}
	return high, true
}

func compareVersions(m *buffer.Version, d *sorted.Versions) int {
	if c := bytes.Compare(m.Key, d.Key()); c != 0 {
		return c
	}
	switch {
	case m.TS > d.TS():
		return -1
	case m.TS < d.TS():
		return 1
	}
	return 0
}

// open sees to it that disk has all that left memory until now.
func (w *walk) open(from []byte) {
	if w.disk != nil && w.s.Gone() <= w.covers {
		return
	}
	disk := w.s.disk.Load()
	if disk == nil {
		return
	}
	w.shut()
	w.covers = disk.Applied()
	w.disk = disk.NewVersions(sorted.VersionOptions{Lower: from, Upper: w.upper, After: w.since, Until: w.until})
	w.step()
}

func (w *walk) step() {
	if w.on = w.disk.Next(); !w.on && w.err == nil {
		w.err = w.disk.Err()
	}
}

// stored says whether disk stands on a version before end.
func (w *walk) stored(end []byte) bool {
	return w.on && (end == nil || bytes.Compare(w.disk.Key(), end) < 0)
}

func (w *walk) shut() {
	if w.disk != nil {
		if err := w.disk.Close(); err != nil && w.err == nil {
			w.err = err
		}
		w.disk, w.on = nil, false
	}
}
