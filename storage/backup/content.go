package backup

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/wal"
)

// Entry is one key of a full backup, its value, and the timestamp of the commit
// that wrote it.
type Entry struct {
	Key, Value []byte
	TS         uint64
}

// The raw content of a data block is a sequence of items without a gap. Numbers
// are unsigned LEB128 in the shortest form. The block begins anew: its first key
// shares nothing, its first timestamp is whole.
//
//	entry:   shared · rest length · rest · timestamp (zig-zag, less the one before) · value length · value
//	record:  type (1) · timestamp (less the one before) · payload length · payload
//
// Keys ascend, and so do the timestamps of records.

// encoder appends items to a block.
type encoder struct {
	buf   []byte
	key   []byte
	ts    uint64
	items int64
}

func (e *encoder) reset() { e.buf, e.key, e.ts = e.buf[:0], e.key[:0], 0 }

func (e *encoder) entry(x *Entry) {
	shared := 0
	for n := min(len(e.key), len(x.Key)); shared < n && e.key[shared] == x.Key[shared]; shared++ {
	}
	e.buf = binary.AppendUvarint(e.buf, uint64(shared))
	e.buf = binary.AppendUvarint(e.buf, uint64(len(x.Key)-shared))
	e.buf = append(e.buf, x.Key[shared:]...)
	e.buf = binary.AppendVarint(e.buf, int64(x.TS-e.ts))
	e.buf = binary.AppendUvarint(e.buf, uint64(len(x.Value)))
	e.buf = append(e.buf, x.Value...)
	e.key, e.ts = append(e.key[:0], x.Key...), x.TS
	e.items++
}

func (e *encoder) record(r *wal.Record) {
	e.buf = append(e.buf, r.Type)
	e.buf = binary.AppendUvarint(e.buf, r.Timestamp-e.ts)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(r.Payload)))
	e.buf = append(e.buf, r.Payload...)
	e.ts = r.Timestamp
	e.items++
}

// decoder takes the raw content of a block apart.
type decoder struct {
	rest  []byte
	key   []byte
	first bool
	ts    uint64
}

func (d *decoder) reset(raw []byte) { d.rest, d.key, d.first, d.ts = raw, d.key[:0], true, 0 }

func (d *decoder) done() bool { return len(d.rest) == 0 }

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}

var errShort = malformed("an item is cut short, or a number is not in its shortest form")

// entry reads the next entry, which is valid until the following call.
func (d *decoder) entry(x *Entry) error {
	shared, ok1 := d.uvarint()
	rest, ok2 := d.bytes()
	delta, ok3 := d.varint()
	value, ok4 := d.bytes()
	switch {
	case !ok1 || !ok2 || !ok3 || !ok4:
		return errShort
	case shared > uint64(len(d.key)):
		return malformed("a key shares %d bytes with one of %d", shared, len(d.key))
	case d.first && len(rest) == 0:
		return malformed("a key is empty")
	case !d.first && bytes.Compare(rest, d.key[shared:]) <= 0:
		return malformed("a key is not after the one before it")
	case int(shared) < len(d.key) && rest[0] == d.key[shared]:
		return malformed("a key shares more than it says")
	}
	d.key = append(d.key[:shared], rest...)
	d.ts += uint64(delta)
	d.first = false
	x.Key, x.Value, x.TS = d.key, value, d.ts
	return nil
}

// record reads the next record, which is valid as long as the block.
func (d *decoder) record(r *wal.Record) error {
	if len(d.rest) == 0 {
		return errShort
	}
	r.Type = d.rest[0]
	d.rest = d.rest[1:]
	delta, ok1 := d.uvarint()
	payload, ok2 := d.bytes()
	switch {
	case !ok1 || !ok2:
		return errShort
	case delta == 0 || d.ts+delta < d.ts:
		return malformed("a record is not after the one before it")
	}
	d.ts += delta
	r.Timestamp, r.Payload = d.ts, payload
	return nil
}

func (d *decoder) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || n > 1 && d.rest[n-1] == 0 {
		return 0, false
	}
	d.rest = d.rest[n:]
	return v, true
}

func (d *decoder) varint() (int64, bool) {
	u, ok := d.uvarint()
	return int64(u>>1) ^ -int64(u&1), ok
}

func (d *decoder) bytes() ([]byte, bool) {
	n, ok := d.uvarint()
	if !ok || n > uint64(len(d.rest)) {
		return nil, false
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b, true
}
