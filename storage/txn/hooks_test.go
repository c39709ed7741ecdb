package txn_test

import (
	"context"
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
