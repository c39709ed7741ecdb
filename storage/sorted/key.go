package sorted

import (
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2/cockroachkvs"
)

// The form of keys and values is part of the format (docs/format/sst.md).
//
//	+-----+----+-----------------------+----+
//	| key | 00 | timestamp, big-endian | 09 |   one version
//	+-----+----+-----------------------+----+
//	| key | 00 |                              before all versions of key
//	+-----+----+
//
// Versions sort by key, then from new to old. The key 00 without a version is the
// books. (Pebble's columnar blocks cannot hold a single empty key.) Users' keys are
// greater than 00, so the books sort before them.
//
// A value is stored as it is, except that an empty one and one whose first byte is
// 0 get a 0 in front. So no bytes at all mean that the key was deleted, and this
// can be told without loading the value.
const (
	versionBytes = 10 // what a version's key has beyond the user's
	escape       = 0x00
)

var (
	booksKey = []byte{0, 0}    // before every key
	firstKey = []byte{0, 0, 0} // before every version of the first key there can be
)

// validKey says that a user's key is one that the store can hold.
func validKey(key []byte) bool { return len(key) > 1 || len(key) == 1 && key[0] != 0 }

// appendVersion appends the stored key of a version. ts is not 0.
func appendVersion(dst, key []byte, ts uint64) []byte {
	dst = append(append(dst, key...), 0)
	return append(binary.BigEndian.AppendUint64(dst, ts), versionBytes-1)
}

// appendPrefix appends what sorts before all versions of key and after those of
// every smaller one.
func appendPrefix(dst, key []byte) []byte { return append(append(dst, key...), 0) }

// cutVersion splits the stored key of a version. It is false for other keys.
func cutVersion(stored []byte) (key []byte, ts uint64, ok bool) {
	n := len(stored) - versionBytes
	if n < 1 || stored[len(stored)-1] != versionBytes-1 || stored[n] != 0 {
		return nil, 0, false
	}
	return stored[:n], binary.BigEndian.Uint64(stored[n+1:]), true
}

// storedValue gives v as it is stored, in buf where it has to be changed.
func storedValue(buf *[]byte, v []byte) []byte {
	if len(v) > 0 && v[0] != escape {
		return v
	}
	*buf = append(append((*buf)[:0], escape), v...)
	return *buf
}

// userValue is the inverse for values that are not deletions.
func userValue(stored []byte) []byte {
	if len(stored) > 0 && stored[0] == escape {
		return stored[1:]
	}
	return stored
}

// compareStored orders stored keys.
func compareStored(a, b []byte) int { return cockroachkvs.Compare(a, b) }

// bounds turns the user's range into one of stored keys. Nil bounds are open;
// upper stays nil where it is.
func storedBounds(lower, upper []byte) (from, to []byte) {
	from = firstKey
	if validKey(lower) {
		from = appendPrefix(nil, lower)
	}
	if upper != nil {
		to = appendPrefix(nil, upper)
		if compareStored(to, from) < 0 {
			to = from
		}
	}
	return from, to
}
