package kv

import (
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
)

// record is what is stored under a key.
//
//	version (1) · flags (1) · created (8) · expires (8) · content type length (1) · content type · value
//
// where created, expires and content type are there if their flag is, and value is
// the bytes, or with flagParts the id (16) and the size (uvarint) of a value that
// is kept in parts. Instants are nanoseconds since 1970, little-endian.
type record struct {
	flags       byte
	created     int64 // 0: this is the first version, made by the commit that wrote it
	expires     int64 // 0: never
	contentType string
	value       []byte
	parts       [16]byte
	size        int // of the value
}

const recordVersion = 1

const (
	flagJSON    = 1 << iota // the value is JSON
	flagCreated             // not the first version
	flagExpires
	flagType
	flagParts // the value is kept in parts
	flagKnown = 1<<iota - 1
)

// partBytes is the size of all parts but the last of a value that has parts, and
// the longest value that has none.
const partBytes = 1 << 20

func (r *record) json() bool { return r.flags&flagJSON != 0 }

// append appends the record; the flags of optional fields follow from them.
func (r *record) append(dst []byte) []byte {
	flags := r.flags & (flagJSON | flagParts)
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
		return binary.AppendUvarint(append(dst, r.parts[:]...), uint64(r.size))
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
	r.value, r.size = b, len(b)
	return nil
}

func (r *record) decodeParts(b []byte) error {
	if len(b) < 17 {
		return damaged("is cut short in the id of its parts")
	}
	copy(r.parts[:], b)
	size, n := binary.Uvarint(b[16:])
	if n <= 0 || n != len(b)-16 || n > 1 && b[len(b)-1] == 0 || size <= partBytes || size > MaxValueBytes {
		return damaged("has a value in parts of a size that cannot be")
	}
	r.size = int(size)
	return nil
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
