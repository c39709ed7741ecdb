package document

import (
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Objects of keyspace.SpaceDocument. Part of the format: docs/format/document.md.
// Collections and indexes have ids of one series.
const (
	objCollections keyspace.ObjectID = 0  // name → collection
	objNextID      keyspace.ObjectID = 1  // one record: the next id
	objExpiry      keyspace.ObjectID = 2  // instant, collection id, index id, document id → nothing
	objParts       keyspace.ObjectID = 3  // collection id, value id, number → part of a long document
	objDropped     keyspace.ObjectID = 4  // id → nothing: its keys are to be removed
	objSecret      keyspace.ObjectID = 5  // one record, in the system database: the key of cursors
	objBuilding    keyspace.ObjectID = 6  // index id → name of its collection: it is being built
	objTexts       keyspace.ObjectID = 7  // name → collection of a full-text index that stands alone
	firstID        keyspace.ObjectID = 16 // of collections and indexes
)

// buf is where short keys are made without an allocation.
type buf [128]byte

func appendObject(dst []byte, db keyspace.DatabaseID, obj keyspace.ObjectID) []byte {
	return keyspace.AppendPrefix(dst, db, keyspace.SpaceDocument, obj)
}

func (s *Store) appendCollectionKey(dst []byte, name string) []byte {
	return enc.AppendString(appendObject(dst, s.db, s.list()), name)
}

// list is the object that has the names of the collections.
func (s *Store) list() keyspace.ObjectID {
	if s.hidden {
		return objTexts
	}
	return objCollections
}

// appendDocumentKey: the id ends the key, so it needs no escaping.
func appendDocumentKey(dst []byte, db keyspace.DatabaseID, coll keyspace.ObjectID, id string) []byte {
	return append(appendObject(dst, db, coll), id...)
}

func appendExpiryKey(dst []byte, db keyspace.DatabaseID, at int64, coll, index keyspace.ObjectID, id string) []byte {
	dst = enc.AppendTime(appendObject(dst, db, objExpiry), at)
	dst = enc.AppendUint(enc.AppendUint(dst, uint64(coll)), uint64(index))
	return append(dst, id...)
}

func cutExpiryKey(tuple []byte) (at int64, coll, index keyspace.ObjectID, id string, err error) {
	at, rest, err := enc.DecodeTime(tuple)
	if err != nil {
		return 0, 0, 0, "", err
	}
	c, rest, err := enc.DecodeUint(rest)
	if err != nil {
		return 0, 0, 0, "", err
	}
	x, rest, err := enc.DecodeUint(rest)
	return at, keyspace.ObjectID(c), keyspace.ObjectID(x), string(rest), err
}

func appendPartsPrefix(dst []byte, db keyspace.DatabaseID, coll keyspace.ObjectID) []byte {
	return enc.AppendUint(appendObject(dst, db, objParts), uint64(coll))
}

func appendPartKey(dst []byte, db keyspace.DatabaseID, coll keyspace.ObjectID, value [16]byte, n int) []byte {
	return enc.AppendUint(enc.AppendUUID(appendPartsPrefix(dst, db, coll), value), uint64(n))
}

func appendNumberKey(dst []byte, db keyspace.DatabaseID, obj, id keyspace.ObjectID) []byte {
	return enc.AppendUint(appendObject(dst, db, obj), uint64(id))
}

// within is the iteration over all keys that start with prefix.
func within(prefix []byte) txn.IterOptions {
	return txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)}
}
