package sorted

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/cockroachkvs"
)

// VersionOptions bounds an iteration over versions. Nil bounds are open.
type VersionOptions struct {
	Lower, Upper []byte
	// After and Until bound the timestamps: versions after After, at or before Until.
	// Until 0 is open. Blocks and files without such versions are not read.
	After, Until uint64
}

// Versions walks all versions of all keys, deletions too, keys in order and the
// versions of each from new to old. It is what backups are made from: all changes
// after one are the versions after its timestamp. The rules are those of Iterator.
type Versions struct {
	s            *Store
	it           *pebble.Iterator
	after, until uint64
	begun        bool
	err          error
	closed       bool

	key     []byte
	ts      uint64
	deleted bool
}

// NewVersions returns an iterator over versions before its first one. After may not
// be before Horizon, unless it is 0, for everything there is: changes of before the
// horizon may be gone.
func (s *Store) NewVersions(o VersionOptions) *Versions {
	v := &Versions{s: s, after: o.After, until: o.Until}
	if o.Until == 0 {
		v.until = MaxTimestamp
	}
	if v.err = s.beginRead(); v.err != nil {
		v.closed = true
		return v
	}
	if h := s.Horizon(); o.After != 0 && o.After < h {
		v.err = historyGone(o.After, h)
		return v
	}
	lower, upper := storedBounds(o.Lower, o.Upper)
	opts := &pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsOnly, LowerBound: lower, UpperBound: upper}
	if v.after != 0 || v.until != MaxTimestamp {
		filters := make([]pebble.BlockPropertyFilter, 0, 2)
		opts.PointKeyFilters = append(filters, cockroachkvs.NewMVCCTimeIntervalFilter(v.after+1, v.until))
	}
	if v.it, v.err = s.db.NewIter(opts); v.err != nil {
		v.err = s.wrap("iterate over versions", v.err)
	}
	return v
}

// Next moves to the next version and says whether there is one.
func (v *Versions) Next() bool {
	if v.err != nil || v.closed {
		return false
	}
	ok := false
	if v.begun {
		ok = v.it.Next()
	} else {
		v.begun = true
		ok = v.it.First()
	}
	// The filter lets blocks through, and in them versions of other times. Among these
	// may be some that were deleted, where the block with the deletion was skipped.
	for ; ok; ok = v.it.Next() {
		key, ts, isVersion := cutVersion(v.it.Key())
		if !isVersion {
			v.err = v.s.wrap("iterate over versions", v.s.damaged("key %x is not in the form of this store", v.it.Key()))
			return false
		}
		if ts > v.after && ts <= v.until {
			value := v.it.LazyValue()
			v.key, v.ts, v.deleted = key, ts, value.Len() == 0
			return true
		}
	}
	if err := v.it.Error(); err != nil {
		v.err = v.s.wrap("iterate over versions", err)
	}
	return false
}

// Key is the key of the version.
func (v *Versions) Key() []byte { return v.key }

// TS is the commit timestamp of the version.
func (v *Versions) TS() uint64 { return v.ts }

// Deleted says that the version is a deletion.
func (v *Versions) Deleted() bool { return v.deleted }

// Value is the value of the version, nil for deletions. It may fail; then it is nil
// and Err tells.
func (v *Versions) Value() []byte {
	if v.err != nil || v.closed || v.deleted {
		return nil
	}
	stored, err := v.it.ValueAndErr()
	if err != nil {
		v.err = v.s.wrap("iterate over versions", err)
		return nil
	}
	return userValue(stored)
}

// Err is what ended the iteration early, if anything did.
func (v *Versions) Err() error { return v.err }

// Close releases the iterator and returns Err. It may be called more than once.
func (v *Versions) Close() error {
	if v.closed {
		return v.err
	}
	v.closed = true
	if v.it != nil {
		_ = v.it.Close() // its error is that of the last step, which Err has
	}
	v.s.endRead()
	return v.err
}
