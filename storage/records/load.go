package records

import (
	"bytes"
	"context"

	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/sorted"
)

// Ranges that are read come into memory whole, so that the next read of them need not
// ask the sorted store: neither for their rows, nor for keys that are not there.

const (
	maxRanges = 32 // wait to be loaded; what comes then is not
	loadKeys  = 64 // are loaded in one go, so that commits do not wait long
	// MaxLoads is how many loads one range that was read is worth.
	MaxLoads = 64
)

// offerRange says that a range was read of which not all is in memory: it begins in
// the page of key, at key.
func (s *Store) offerRange(key []byte) {
	ch := s.ranges.Load()
	if ch == nil || (!s.roomy.Load() && !s.ghost.seen(key)) {
		return
	}
	select {
	case *ch <- append([]byte{}, key...):
	default:
	}
}

// Loaded is a range that was read from the sorted store, to be admitted.
type Loaded struct {
	low, high []byte
	found     []buffer.Version
	applied   uint64
	whole     bool // found is all there is to see of the range
}

// LoadRange reads what the sorted store has of a range that begins at from, as far as
// high, where the page in memory ends (PageOf), and loadKeys allow. It is not the
// writer's. There is nothing to be loaded where ok is false.
func (s *Store) LoadRange(ctx context.Context, from, high []byte) (l Loaded, ok bool, err error) {
	disk := s.disk.Load()
	if disk == nil || ctx.Err() != nil {
		return l, false, nil
	}
	l = Loaded{low: from, high: high, applied: s.Applied(), whole: true}
	drops := s.Drops() // before the read: what is executed until then is not in it
	it := disk.NewVersions(sorted.VersionOptions{Lower: from, Upper: high})
	defer it.Close() // its error is looked at
	var last []byte
	for it.Next() {
		if last != nil && bytes.Equal(last, it.Key()) {
			continue // an older version
		}
		if len(l.found) == loadKeys {
			l.high = bytes.Clone(it.Key())
			break
		}
		last = bytes.Clone(it.Key())
		value := it.Value()
		if it.Deleted() || len(value) > maxAdmitted {
			l.whole = false // a read of the past may see something behind it
			continue
		}
		l.found = append(l.found, buffer.Version{Key: last, Value: bytes.Clone(value), TS: it.TS()})
	}
	if err := it.Err(); err != nil {
		return l, false, err
	}
	for _, d := range drops {
		if (l.high == nil || bytes.Compare(d.Lower, l.high) < 0) && (d.Upper == nil || bytes.Compare(l.low, d.Upper) < 0) {
			return l, false, nil
		}
	}
	return l, true, nil
}

// AdmitLoaded lets a range into memory, unless something newer came in between, and
// returns where the next one begins, nil where the page ended. It is the writer's.
func (s *Store) AdmitLoaded(l Loaded) (keys int, next []byte) {
	for _, d := range s.Drops() {
		if d.TS > l.applied { // it came since
			return 0, nil
		}
	}
	if l.whole {
		keys, ok := s.AdmitRange(l.low, l.high, l.found, l.applied)
		if !ok {
			return 0, nil
		}
		return keys, l.high
	}
	for _, v := range l.found {
		if s.Pool.Admit(v.Key, v.Value, v.TS, l.applied) {
			keys++
		}
	}
	return keys, l.high
}
