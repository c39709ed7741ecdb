package document

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/storage/txn"
)

// TestCheck: a store that is whole has no findings, and each way to break it has one.
func TestCheck(t *testing.T) {
	ttl := int64(60)
	for name, c := range map[string]struct {
		harm func(s *Store, tx *txn.Tx, coll *compiled) error
		want string
	}{
		"nothing": {func(*Store, *txn.Tx, *compiled) error { return nil }, ""},
		"entry": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			x := coll.indexes[0]
			return tx.Delete(s.entryKey(nil, x, x.appendValue(nil, 0, doc.Of(doc.AppendInt(nil, 1))), "a"))
		}, `lacks an entry of the document "a"`},
		"strange entry": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			x := coll.indexes[0]
			return tx.Put(s.entryKey(nil, x, x.appendValue(nil, 0, doc.Of(doc.AppendInt(nil, 7))), "a"), nil)
		}, `an entry that the document "a" does not have`},
		"document": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			return tx.Delete(appendDocumentKey(nil, s.db, coll.ID, "b"))
		}, `the document "b", which is not there`},
		"bytes": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			return tx.Put(appendDocumentKey(nil, s.db, coll.ID, "b"), []byte{recordVersion, 0, 0xee})
		}, "unknown tag"},
		"id": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			v := doc.AppendObject(nil, []doc.Field{{Name: IDField, Value: doc.Of(doc.AppendString(nil, "x"))}})
			return tx.Put(appendDocumentKey(nil, s.db, coll.ID, "z"), (&record{value: v}).append(nil))
		}, `stored under "z"`},
		"unique": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			x := coll.indexes[1]
			return tx.Put(s.entryKey(nil, x, x.appendValue(nil, 0, doc.Of(doc.AppendString(nil, "one"))), "a"), []byte("b"))
		}, `has the values of the document "a" for "b"`},
		"expiry": {func(s *Store, tx *txn.Tx, coll *compiled) error {
			it := tx.Iter(within(appendObject(nil, s.db, objExpiry)))
			it.Next()
			key := append([]byte(nil), it.Key()...)
			if err := it.Close(); err != nil {
				return err
			}
			return tx.Delete(key)
		}, "would never expire"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			insert(t, s, "c", `{"_id":"a","n":1,"u":"one","at":0}`, `{"_id":"b","n":[2,3],"u":"two"}`)
			createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "n"}}})
			createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "u"}}, Unique: true})
			createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "at"}}, TTL: &ttl})
			if err := s.Update(t.Context(), func(tx *txn.Tx) error {
				coll, err := s.find(tx, "c")
				if err != nil {
					return err
				}
				return c.harm(s, tx, coll)
			}); err != nil {
				t.Fatal(err)
			}
			var problems []string
			n, err := s.Check(t.Context(), func(p string) { problems = append(problems, p) })
			if err != nil || n.Collections != 1 || n.Indexes != 3 {
				t.Errorf("got %+v, %v", n, err)
			}
			got := strings.Join(problems, "\n")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.want != "" { // for the check at the end of each test
				if err := s.DropCollection(t.Context(), "c"); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
