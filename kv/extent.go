package kv

import (
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Extents are where in the key space a bucket lies: its keys, and the parts of long
// values.
func (s *Store) Extents(b Bucket) (list [][2][]byte) {
	for _, prefix := range [][]byte{appendObject(nil, s.db, b.id), appendPartsPrefix(nil, s.db, b.id)} {
		list = append(list, [2][]byte{prefix, keyspace.End(prefix)})
	}
	return list
}

// DefinitionKey is the key of the store under which a bucket is defined.
func (s *Store) DefinitionKey(bucket string) []byte {
	return appendBucketKey(nil, s.db, orDefault(bucket))
}

// EntryTx returns what is stored of a key of a bucket, also where it has expired, which
// alive tells. Its value is valid until the transaction ends.
func (s *Store) EntryTx(tx *txn.Tx, b Bucket, key []byte) (e Entry, alive, ok bool, err error) {
	var r record
	version, ok, alive, err := s.look(tx, b.id, key, &r)
	if err != nil || !ok {
		return e, false, false, err
	}
	e.Key = key
	e.fill(&r, version)
	e.Value.Data, err = s.load(tx, b.id, &r)
	return e, alive, true, err
}
