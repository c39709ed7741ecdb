package document

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// record is what is stored under the key of a document.
//
//	version (1) · flags (1) · created (8) · document
//
// where created is there if its flag is, in nanoseconds since 1970, little-endian;
// without it the commit that wrote the record made the document. With flagParts a
// value id (16) and a size (uvarint) stand for a document that is kept in parts.
type record struct {
	created int64
	value   []byte
	parts   uuid.UUID
	size    int // of a document in parts, 0 for any other
}

const (
	recordVersion = 1
	flagCreated   = 1 << 0
	flagParts     = 1 << 1
	partBytes     = 1 << 20 // of all parts but the last; a shorter document has none
)

func (r *record) append(dst []byte) []byte {
	flags := byte(0)
	if r.created != 0 {
		flags |= flagCreated
	}
	if r.size != 0 {
		flags |= flagParts
	}
	dst = append(dst, recordVersion, flags)
	if r.created != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.created))
	}
	if r.size != 0 {
		return binary.AppendUvarint(append(dst, r.parts[:]...), uint64(r.size))
	}
	return append(dst, r.value...)
}

// decode reads a record; value is a piece of b.
func (r *record) decode(b []byte) error {
	*r = record{}
	if len(b) < 2 {
		return damaged("the record of a document is cut short at %d bytes", len(b))
	}
	if b[0] != recordVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a document's record has version %d, and this program knows %d", b[0], recordVersion)
	}
	flags := b[1]
	if flags&^(flagCreated|flagParts) != 0 {
		return damaged("the record of a document has the unknown flags %#x", flags)
	}
	b = b[2:]
	if flags&flagCreated != 0 {
		if len(b) < 8 {
			return damaged("the record of a document is cut short")
		}
		if r.created = int64(binary.LittleEndian.Uint64(b)); r.created == 0 {
			return damaged("the record of a document was made at no time")
		}
		b = b[8:]
	}
	if flags&flagParts == 0 {
		if len(b) == 0 {
			return damaged("the record of a document is empty")
		}
		r.value = b
		return nil
	}
	if len(b) < 17 {
		return damaged("the record of a document is cut short in the id of its parts")
	}
	copy(r.parts[:], b)
	size, n := binary.Uvarint(b[16:])
	if n <= 0 || n != len(b)-16 || size <= partBytes || size > MaxDocumentBytes {
		return damaged("the record of a document has parts of a size that cannot be")
	}
	r.size = int(size)
	return nil
}

// load returns the document of a record.
func (s *Store) load(tx *txn.Tx, coll keyspace.ObjectID, r *record) (doc.Value, error) {
	if r.size == 0 {
		return doc.Trusted(r.value), nil
	}
	out := make([]byte, 0, r.size)
	for n := 0; len(out) < r.size; n++ {
		part, ok, err := tx.Get(appendPartKey(nil, s.db, coll, r.parts, n))
		if err != nil {
			return doc.Value{}, err
		}
		if !ok || len(part) == 0 || len(part) > r.size-len(out) {
			return doc.Value{}, damaged("part %d of a long document is missing or of the wrong size", n)
		}
		out = append(out, part...)
	}
	return doc.Trusted(out), nil
}

// putParts stores a long document in parts and leaves their id in r.
func (s *Store) putParts(tx *txn.Tx, coll keyspace.ObjectID, r *record) error {
	r.parts, r.size = uuid.New(), len(r.value)
	for n := 0; n*partBytes < len(r.value); n++ {
		part := r.value[n*partBytes : min((n+1)*partBytes, len(r.value))]
		if err := tx.Put(appendPartKey(nil, s.db, coll, r.parts, n), part); err != nil {
			return err
		}
	}
	r.value = nil
	return nil
}

func (s *Store) dropParts(tx *txn.Tx, coll keyspace.ObjectID, r *record) error {
	for n := 0; n*partBytes < r.size; n++ {
		if err := tx.Delete(appendPartKey(nil, s.db, coll, r.parts, n)); err != nil {
			return err
		}
	}
	return nil
}

// document makes what the caller sees of a record that was read at a version.
func (s *Store) document(tx *txn.Tx, coll keyspace.ObjectID, id string, r *record, at txn.Timestamp) (d Document, err error) {
	d = Document{ID: id, Version: at}
	switch {
	case r.created != 0:
		d.Created = time.Unix(0, r.created).UTC()
	case at != 0:
		d.Created = at.Time()
	}
	d.Value, err = s.load(tx, coll, r)
	return d, err
}
