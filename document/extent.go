package document

import "github.com/weftdb/weft/storage/keyspace"

// Extents are where in the key space a collection lies: its documents, and the parts
// of long ones. IndexExtents is where its indexes do.
func (s *Store) Extents(c Collection) (list [][2][]byte) {
	for _, prefix := range [][]byte{appendObject(nil, s.db, c.ID), appendPartsPrefix(nil, s.db, c.ID)} {
		list = append(list, [2][]byte{prefix, keyspace.End(prefix)})
	}
	return list
}

// IndexExtents are where in the key space the indexes of a collection lie.
func (s *Store) IndexExtents(c Collection) (list [][2][]byte) {
	for i := range c.Indexes {
		prefix := appendObject(nil, s.db, c.Indexes[i].ID)
		list = append(list, [2][]byte{prefix, keyspace.End(prefix)})
	}
	return list
}

// DefinitionKey is the key of the store under which a collection is defined.
func (s *Store) DefinitionKey(collection string) []byte {
	return s.appendCollectionKey(nil, collection)
}
