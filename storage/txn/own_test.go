package txn_test

import (
	"fmt"
	"testing"

	"github.com/weftdb/weft/storage/txn"
)

// TestOwn: a transaction tells its own writes of a range, the newest of each key, as they
// are after savepoints, and a view those of before.
func TestOwn(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(tx *txn.Tx, key, value string) {
		t.Helper()
		if err := tx.Put([]byte(key), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("b0"), nil) }); err != nil {
		t.Fatal(err)
	}
	tx, err := s.Begin(t.Context(), txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	own := func(tx *txn.Tx) (out string) {
		tx.Own([]byte("b"), []byte("c"), func(key, value []byte, deleted bool) bool {
			out += fmt.Sprintf("%s=%s,%v ", key, value, deleted)
			return true
		})
		return out
	}
	put(tx, "a", "1")
	put(tx, "b2", "1")
	put(tx, "b1", "1")
	put(tx, "c", "1")
	sp := tx.Savepoint()
	put(tx, "b1", "2")
	if err := tx.Delete([]byte("b2")); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ have, want string }{
		{own(tx), "b1=2,false b2=,true "},
		{own(tx.Before(sp)), "b1=1,false b2=1,false "},
	} {
		if x.have != x.want {
			t.Errorf("own writes %q, want %q", x.have, x.want)
		}
	}
	if err := tx.RollbackTo(sp); err != nil {
		t.Fatal(err)
	}
	if have, want := own(tx), "b1=1,false b2=1,false "; have != want {
		t.Errorf("after going back %q, want %q", have, want)
	}
}
