package kv

import (
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Objects of keyspace.SpaceKV. Part of the format: docs/format/kv.md.
const (
	objBuckets keyspace.ObjectID = 0  // name → bucket
	objNextID  keyspace.ObjectID = 1  // one record: the next bucket's id
	objExpiry  keyspace.ObjectID = 2  // instant, bucket id, key → nothing
	objParts   keyspace.ObjectID = 3  // bucket id, value id, number → part of a long value
	objDropped keyspace.ObjectID = 4  // bucket id → nothing: its keys are to be removed
	objSecret  keyspace.ObjectID = 5  // one record, in the system database: the key of cursors
	firstID    keyspace.ObjectID = 16 // of buckets
)

// buf is where short keys are made without an allocation.
type buf [96]byte

func appendObject(dst []byte, db keyspace.DatabaseID, obj keyspace.ObjectID) []byte {
	return keyspace.AppendPrefix(dst, db, keyspace.SpaceKV, obj)
}

func appendBucketKey(dst []byte, db keyspace.DatabaseID, name string) []byte {
	return enc.AppendString(appendObject(dst, db, objBuckets), name)
}

// appendDataKey: the key's own bytes end it, so they need no escaping, and a key
// of 4 KiB stays one.
func appendDataKey(dst []byte, db keyspace.DatabaseID, id keyspace.ObjectID, key []byte) []byte {
	return append(appendObject(dst, db, id), key...)
}

func appendExpiryKey(dst []byte, db keyspace.DatabaseID, at int64, id keyspace.ObjectID, key []byte) []byte {
	dst = enc.AppendTime(appendObject(dst, db, objExpiry), at)
	return append(enc.AppendUint(dst, uint64(id)), key...)
}

// cutExpiryKey reads what follows the object of an expiry key.
func cutExpiryKey(tuple []byte) (at int64, id keyspace.ObjectID, key []byte, err error) {
	at, rest, err := enc.DecodeTime(tuple)
	if err != nil {
		return 0, 0, nil, err
	}
	n, key, err := enc.DecodeUint(rest)
	return at, keyspace.ObjectID(n), key, err
}

func appendPartsPrefix(dst []byte, db keyspace.DatabaseID, id keyspace.ObjectID) []byte {
	return enc.AppendUint(appendObject(dst, db, objParts), uint64(id))
}

func appendPartKey(dst []byte, db keyspace.DatabaseID, id keyspace.ObjectID, value [16]byte, n int) []byte {
	dst = enc.AppendUUID(appendPartsPrefix(dst, db, id), value)
	return enc.AppendUint(dst, uint64(n))
}

func appendDroppedKey(dst []byte, db keyspace.DatabaseID, id keyspace.ObjectID) []byte {
	return enc.AppendUint(appendObject(dst, db, objDropped), uint64(id))
}

// within is the iteration over all keys that start with prefix.
func within(prefix []byte) txn.IterOptions {
	return txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)}
}
