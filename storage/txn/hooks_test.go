package txn_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/weftdb/weft/storage/txn"
)

// TestPanickingHookDoesNotHoldUpClose: the commit was made, and is over.
func TestPanickingHookDoesNotHoldUpClose(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.OnCommit(func(*txn.ChangeSet) { panic("hook") })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_ = s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k"), nil) })
	}()
	closed := make(chan struct{})
	go func() { defer close(closed); s.Close() }()
	<-closed // for ever, where the commit is still counted
}

// TestKeptSets: who may keep what it is called with finds it as it was, though others come
// and go, and the memory of what nobody keeps is used again.
func TestKeptSets(t *testing.T) {
	s := memory(t, txn.Options{})
	_, stop := s.OnCommitBriefly(func(*txn.ChangeSet) {})
	defer stop()
	put := func(n int) {
		if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k"), strconv.AppendInt(nil, int64(n), 10)) }); err != nil {
			t.Fatal(err)
		}
	}
	var kept []*txn.ChangeSet
	for round := range 20 {
		put(-1)
		stop := s.OnCommit(func(set *txn.ChangeSet) { kept = append(kept, set) })
		put(2 * round)
		put(2*round + 1)
		stop()
		put(-1)
	}
	for i, set := range kept {
		if have := string(set.Ops[0].Value); have != strconv.Itoa(i) || i > 0 && set.Timestamp <= kept[i-1].Timestamp {
			t.Errorf("set %d is %s at %d now", i, have, set.Timestamp)
		}
	}
	if len(kept) != 40 {
		t.Errorf("%d sets", len(kept))
	}
}
