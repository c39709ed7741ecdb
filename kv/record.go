package kv

import (
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
)

// record is what is stored under a key.
//
//	version (1) · flags (1) · created (8) · expires (8) · content type length (1) · content type · value
//
// where created, expires and content type are there if their flag is, and value is
// the bytes, with flagPacked a frame of storage/compress that holds them, or with
// flagParts the id (16) and the size (uvarint) of a value that is kept in parts, of
// which those of a frame have its length (uvarint) and algorithm (1) beside. Instants
// are nanoseconds since 1970, little-endian.
type record struct {
	flags       byte
	created     int64 // 0: this is the first version, made by the commit that wrote it
	expires     int64 // 0: never
	contentType string
	value       []byte // as it is stored: a frame with flagPacked
	parts       [16]byte
	size        int // of the value as its writer has it
	stored      int // of what is stored for it
	algorithm   compress.Algorithm
}

const recordVersion = 1

const (
	flagJSON    = 1 << iota // the value is JSON
	flagCreated             // not the first version
	flagExpires
	flagType
	flagParts  // the value is kept in parts
	flagPacked // what is kept is a compressed frame
	flagKnown  = 1<<iota - 1
)

// partBytes is the size of all parts but the last of a value that has parts, and
// the longest value that has none.
const partBytes = 1 << 20

func (r *record) json() bool { return r.flags&flagJSON != 0 }

// append appends the record; the flags of optional fields follow from them.
func (r *record) append(dst []byte) []byte {
	flags := r.flags & (flagJSON | flagParts | flagPacked)
	if r.created != 0 {
		flags |= flagCreated
	}
	if r.expires != 0 {
		flags |= flagExpires
	}
	if r.contentType != "" {
		flags |= flagType
	}
	dst = append(dst, recordVersion, flags)
	if r.created != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.created))
	}
	if r.expires != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.expires))
	}
	if r.contentType != "" {
		dst = append(append(dst, byte(len(r.contentType))), r.contentType...)
	}
	if flags&flagParts != 0 {
		dst = binary.AppendUvarint(append(dst, r.parts[:]...), uint64(r.size))
		if flags&flagPacked != 0 {
			dst = append(binary.AppendUvarint(dst, uint64(r.stored)), byte(r.algorithm))
		}
		return dst
	}
	return append(dst, r.value...)
}

// decode reads a record. The value is a piece of b.
func (r *record) decode(b []byte) error {
	if len(b) < 2 {
		return damaged("is cut short at %d bytes", len(b))
	}
	if b[0] != recordVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a key-value record has version %d, and this program knows %d", b[0], recordVersion)
	}
	*r = record{flags: b[1]}
	if r.flags&^flagKnown != 0 {
		return damaged("has the unknown flags %#x", r.flags)
	}
	b = b[2:]
	var err error
	if r.flags&flagCreated != 0 {
		if r.created, b, err = cutInstant(b); err != nil {
			return err
		}
	}
	if r.flags&flagExpires != 0 {
		if r.expires, b, err = cutInstant(b); err != nil {
			return err
		}
	}
	if r.flags&flagType != 0 {
		if len(b) == 0 || b[0] == 0 || len(b) < 1+int(b[0]) {
			return damaged("is cut short in its content type")
		}
		n := 1 + int(b[0])
		r.contentType, b = string(b[1:n]), b[n:]
	}
	if r.flags&flagParts != 0 {
		return r.decodeParts(b)
	}
	r.value, r.size, r.stored = b, len(b), len(b)
	if r.flags&flagPacked != 0 {
		return r.decodeFrame(b)
	}
	return nil
}

// decodeFrame reads what the header of a frame says; the frame itself is read by who
// wants the value.
func (r *record) decodeFrame(b []byte) (err error) {
	if r.size, err = compress.RawLen(b); err != nil {
		return damaged("has a value whose frame cannot be: %v", err)
	}
	r.algorithm = compress.Algorithm(b[0])
	return r.checkPacked()
}

// checkPacked holds the form of a packed value against what a writer leaves behind.
func (r *record) checkPacked() error {
	if r.algorithm == compress.None || r.size > MaxValueBytes || r.stored >= r.size {
		return damaged("has a compressed value of a size that cannot be")
	}
	return nil
}

func (r *record) decodeParts(b []byte) error {
	if len(b) < 17 {
		return damaged("is cut short in the id of its parts")
	}
	copy(r.parts[:], b)
	var ok bool
	if r.size, b, ok = cutSize(b[16:]); !ok {
		return damaged("has a value in parts of a size that cannot be")
	}
	r.stored = r.size
	if r.flags&flagPacked != 0 {
		if r.stored, b, ok = cutSize(b); !ok || len(b) != 1 {
			return damaged("has a compressed value in parts of a size that cannot be")
		}
		r.algorithm, b = compress.Algorithm(b[0]), b[1:]
		if err := r.checkPacked(); err != nil {
			return err
		}
	}
	if len(b) != 0 {
		return damaged("goes on behind the size of its parts")
	}
	return nil
}

// cutSize cuts the size of what is in parts, in its shortest form.
func cutSize(b []byte) (size int, rest []byte, ok bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 || v <= partBytes || v > MaxValueBytes {
		return 0, nil, false
	}
	return int(v), b[n:], true
}

// pack compresses the value where that makes it shorter.
func (r *record) pack(c compress.Codec) {
	if c.Algorithm == compress.None || len(r.value) < minPacked {
		return
	}
	frame := compress.AppendFrame(nil, r.value, c)
	if compress.Algorithm(frame[0]) == compress.None || len(frame) >= len(r.value) {
		return
	}
	r.value, r.stored, r.algorithm = frame, len(frame), compress.Algorithm(frame[0])
	r.flags |= flagPacked
}

// minPacked is the shortest value that is tried to be compressed.
const minPacked = 64

// unpack returns the value that is stored as b.
func (r *record) unpack(b []byte) ([]byte, error) {
	if r.flags&flagPacked == 0 {
		return b, nil
	}
	value, err := compress.AppendContent(make([]byte, 0, r.size), b, r.size)
	if err == nil && len(value) != r.size {
		err = damaged("has a value of %d bytes, not %d", len(value), r.size)
	}
	return value, err
}

func cutInstant(b []byte) (int64, []byte, error) {
	if len(b) < 8 {
		return 0, nil, damaged("is cut short in an instant")
	}
	v := int64(binary.LittleEndian.Uint64(b))
	if v == 0 {
		return 0, nil, damaged("has an instant that is 0")
	}
	return v, b[8:], nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: a key-value record %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}
