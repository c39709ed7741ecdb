package kv

import "github.com/weftdb/weft/storage/keyspace"

// Extents are where in the key space a bucket lies: its keys, and the parts of long
// values.
func (s *Store) Extents(b Bucket) (list [][2][]byte) {
	for _, prefix := range [][]byte{appendObject(nil, s.db, b.id), appendPartsPrefix(nil, s.db, b.id)} {
		list = append(list, [2][]byte{prefix, keyspace.End(prefix)})
	}
	return list
}
