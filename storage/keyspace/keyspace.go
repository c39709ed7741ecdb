// Package keyspace is the one table of key prefixes: which model owns which keys.
//
// Every key of the store is
//
//	database id (ordered uvarint) · space (1 byte) · object id (ordered uvarint) · tuple
//
// where the tuple is in the order-preserving encoding of internal/enc. Database
// 0 is the system database: it holds the list of databases and what is not of
// any one of them. A space byte, once given out, is part of the stored format
// and never changes meaning. The package refuses nothing at run time; it is a
// table and three functions.
package keyspace

import (
	"fmt"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
)

// DatabaseID names a database; 0 is the system database.
type DatabaseID uint32

// System is the database that holds the store's own records.
const System DatabaseID = 0

// ObjectID names a table, index, bucket, collection, metric or channel within
// its database and space. Ids are never given out twice.
type ObjectID uint64

// Space says which model owns a key.
type Space byte

// The spaces. Gaps leave room for neighbours to stay together in key order.
const (
	SpaceMeta       Space = 0x01 // store and database records: format, id counters, list of databases
	SpaceAnswer     Space = 0x04 // answers of requests, kept for when they are sent again
	SpaceCatalog    Space = 0x08 // SQL catalog: schemas, tables, views, sequences, statistics
	SpaceSequence   Space = 0x0c // sequence values
	SpaceIndex      Space = 0x10 // SQL rows and index entries; object id = index id, the primary index holds the row
	SpaceKV         Space = 0x20 // key-value buckets
	SpaceDocument   Space = 0x30 // document collections
	SpaceSeries     Space = 0x40 // time series
	SpaceStream     Space = 0x50 // channels and consumer groups
	SpaceContinuous Space = 0x54 // continuous queries
	SpaceObject     Space = 0x60 // object buckets
	SpaceDerived    Space = 0x70 // applied timestamps of what is derived from the log
)

var spaceNames = map[Space]string{
	SpaceMeta: "meta", SpaceCatalog: "catalog", SpaceSequence: "sequence", SpaceIndex: "index", SpaceKV: "kv", SpaceDocument: "document",
	SpaceSeries: "series", SpaceStream: "stream", SpaceContinuous: "continuous", SpaceObject: "object", SpaceDerived: "derived",
}

// String is the name of the space, or its number where it has none.
func (s Space) String() string {
	if name := spaceNames[s]; name != "" {
		return name
	}
	return "space " + strconv.Itoa(int(s))
}

// AppendPrefix appends the prefix of all keys of an object.
func AppendPrefix(dst []byte, db DatabaseID, space Space, obj ObjectID) []byte {
	dst = enc.AppendOrderedUvarint(dst, uint64(db))
	dst = append(dst, byte(space))
	return enc.AppendOrderedUvarint(dst, uint64(obj))
}

// AppendDatabasePrefix appends the prefix of all keys of a database.
func AppendDatabasePrefix(dst []byte, db DatabaseID) []byte {
	return enc.AppendOrderedUvarint(dst, uint64(db))
}

// AppendSpacePrefix appends the prefix of all keys of a space in a database.
func AppendSpacePrefix(dst []byte, db DatabaseID, space Space) []byte {
	return append(enc.AppendOrderedUvarint(dst, uint64(db)), byte(space))
}

// Split cuts a key into its prefix parts and the tuple that follows.
func Split(key []byte) (db DatabaseID, space Space, obj ObjectID, tuple []byte, ok bool) {
	d, rest, err := enc.DecodeOrderedUvarint(key)
	if err != nil || len(rest) == 0 || d > 1<<32-1 {
		return 0, 0, 0, nil, false
	}
	space = Space(rest[0])
	o, rest, err := enc.DecodeOrderedUvarint(rest[1:])
	if err != nil {
		return 0, 0, 0, nil, false
	}
	return DatabaseID(d), space, ObjectID(o), rest, true
}

// End returns the first key after every key that starts with prefix, or nil
// where there is none.
func End(prefix []byte) []byte { return AppendEnd(nil, prefix) }

// AppendEnd appends what End returns; nil where there is none, whatever dst has.
func AppendEnd(dst, prefix []byte) []byte {
	from := len(dst)
	dst = append(dst, prefix...)
	for i := len(dst) - 1; i >= from; i-- {
		if dst[i] != 0xff {
			dst[i]++
			return dst[:i+1]
		}
	}
	return nil
}

// Walker walks over keys in order, as an iterator of a transaction does.
type Walker interface {
	Next() bool
	Seek(key []byte)
	Key() []byte
	Err() error
}

// Databases returns the databases that have keys in a space, in order. it is over all
// keys, and is left to the caller to close; few of them are looked at.
func Databases(it Walker, space Space) (dbs []DatabaseID, err error) {
	for it.Next() {
		db, at, _, _, ok := Split(it.Key())
		if !ok {
			return nil, fmt.Errorf("%w: the key %x has no database", dberr.ErrCorrupt, it.Key())
		}
		if at < space {
			it.Seek(AppendSpacePrefix(nil, db, space))
			continue
		}
		if at == space {
			dbs = append(dbs, db)
		}
		next := End(AppendDatabasePrefix(nil, db))
		if next == nil {
			break
		}
		it.Seek(next)
	}
	return dbs, it.Err()
}
