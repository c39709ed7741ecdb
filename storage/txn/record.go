package txn

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
)

// Record types of the log. Part of the format: they never change meaning. The
// payloads are described in docs/format/commit.md.
const (
	recordCommit    = 1
	recordDropRange = 2
)

const (
	commitVersion = 1
	dropVersion   = 1
)

// appendCommit appends the payload of a commit whose ops are in key order:
//
//	version (1) · count (uvarint) · count × op
//	op: shared (uvarint) · rest length (uvarint) · rest · 1 + value length, or 0 for a deletion (uvarint) · value
//
// where the key is the first shared bytes of the key before it, and rest.
func appendCommit(dst []byte, ops []Op) []byte {
	size := 16
	for i := range ops {
		size += len(ops[i].Key) + len(ops[i].Value) + 8
	}
	if cap(dst)-len(dst) < size {
		dst = append(make([]byte, 0, len(dst)+size), dst...)
	}
	dst = append(dst, commitVersion)
	dst = binary.AppendUvarint(dst, uint64(len(ops)))
	var last []byte
	for i := range ops {
		op := &ops[i]
		shared := commonPrefix(last, op.Key)
		dst = binary.AppendUvarint(dst, uint64(shared))
		dst = binary.AppendUvarint(dst, uint64(len(op.Key)-shared))
		dst = append(dst, op.Key[shared:]...)
		if op.Deleted {
			dst = append(dst, 0)
		} else {
			dst = binary.AppendUvarint(dst, uint64(len(op.Value))+1)
			dst = append(dst, op.Value...)
		}
		last = op.Key
	}
	return dst
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// countWrites is how many writes a commit payload says that it holds.
func countWrites(payload []byte) int {
	d := decoder{rest: payload}
	d.byte()
	return int(min(d.uvarint(), uint64(len(payload))))
}

// decodeCommit calls fn for every op of a commit payload, in key order. The key
// is valid during the call, the value as long as payload.
func decodeCommit(payload []byte, fn func(key, value []byte, deleted bool)) error {
	d := decoder{rest: payload}
	if v := d.byte(); v != commitVersion {
		return d.versionError("commit record", v, commitVersion)
	}
	count := d.uvarint()
	if count == 0 || count > uint64(len(d.rest)/3)+1 {
		return d.malformed("commit record of %d writes in %d bytes", count, len(payload))
	}
	key := make([]byte, 0, 64)
	for i := range count {
		shared := d.uvarint()
		if shared > uint64(len(key)) {
			return d.malformed("key %d shares %d bytes with one of %d", i, shared, len(key))
		}
		rest := d.bytes(d.uvarint())
		if i > 0 && bytes.Compare(rest, key[shared:]) <= 0 {
			return d.malformed("key %d is not after the one before it", i)
		}
		if i > 0 && int(shared) < len(key) && len(rest) > 0 && rest[0] == key[shared] {
			return d.malformed("key %d shares more than it says", i)
		}
		key = append(key[:shared], rest...)
		n := d.uvarint()
		var value []byte
		if n > 0 {
			value = d.bytes(n - 1)
		}
		if d.bad {
			return d.malformed("commit record is cut short in write %d", i)
		}
		if len(key) == 0 {
			return d.malformed("key %d is empty", i)
		}
		fn(key, value, n == 0)
	}
	if len(d.rest) != 0 {
		return d.malformed("%d bytes follow the commit record", len(d.rest))
	}
	return nil
}

// appendDropRange appends the payload of a range drop:
//
//	version (1) · lower length (uvarint) · lower · 1 + upper length, or 0 for no bound (uvarint) · upper
func appendDropRange(dst, lower, upper []byte) []byte {
	dst = append(dst, dropVersion)
	dst = binary.AppendUvarint(dst, uint64(len(lower)))
	dst = append(dst, lower...)
	if upper == nil {
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(upper))+1)
	return append(dst, upper...)
}

func decodeDropRange(payload []byte) (lower, upper []byte, err error) {
	d := decoder{rest: payload}
	if v := d.byte(); v != dropVersion {
		return nil, nil, d.versionError("drop record", v, dropVersion)
	}
	lower = d.bytes(d.uvarint())
	if n := d.uvarint(); n > 0 {
		upper = d.bytes(n - 1)
	}
	if d.bad || len(d.rest) != 0 {
		return nil, nil, d.malformed("drop record of %d bytes", len(payload))
	}
	return lower, upper, nil
}

// decoder takes a payload apart; once it is found short, bad is set and all that
// follows is zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.bad = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

// uvarint refuses encodings longer than needed, so that one content has one form.
func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || (n > 1 && d.rest[n-1] == 0) {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}

func (d *decoder) versionError(what string, got, want byte) error {
	if d.bad {
		return d.malformed("%s is empty", what)
	}
	return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "%s has format %d; this version reads %d", what, got, want)
}
