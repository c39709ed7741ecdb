package txn_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

func set(t *testing.T, s *txn.Store, key, value string) {
	t.Helper()
	if err := put(t.Context(), s, txn.DurabilityDefault, key, value); err != nil {
		t.Fatal(err)
	}
}

// TestEachEnds: a walk ends with the transaction, and says so.
func TestEachEnds(t *testing.T) {
	s := memory(t, txn.Options{})
	set(t, s, "a", "1")
	set(t, s, "b", "2")
	for _, readOnly := range []bool{true, false} {
		tx := begin(t, s, txn.TxOptions{ReadOnly: readOnly})
		rows := 0
		err := tx.Each(txn.IterOptions{}, func(_, _ []byte, _ txn.Timestamp) bool {
			rows++
			tx.Rollback()
			return true
		})
		if rows != 1 {
			t.Errorf("read-only %v: %d rows came, one of them before the end", readOnly, rows)
		}
		wantCode(t, err, dberr.ErrInvalid, "TRANSACTION_ENDED")
		wantCode(t, tx.Each(txn.IterOptions{}, nil), dberr.ErrInvalid, "TRANSACTION_ENDED")
	}
}

// TestEachOfMany: walks of several goroutines in one transaction, each with another inside,
// have memory of their own.
func TestEachOfMany(t *testing.T) {
	s := memory(t, txn.Options{})
	for i := range 100 {
		set(t, s, fmt.Sprintf("%02d", i), fmt.Sprint(i))
	}
	tx := begin(t, s, txn.TxOptions{ReadOnly: true})
	defer tx.Rollback()
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() {
			for round := range 20 {
				from, to := (c*7+round)%50, 50+(c*11+round)%50
				next := from
				err := tx.Each(txn.IterOptions{Lower: fmt.Appendf(nil, "%02d", from), Upper: fmt.Appendf(nil, "%02d", to)}, func(key, _ []byte, _ txn.Timestamp) bool {
					inner := to
					if err := tx.Each(txn.IterOptions{Lower: key, Upper: fmt.Appendf(nil, "%02d", to), Reverse: true}, func(key, _ []byte, _ txn.Timestamp) bool {
						inner--
						if string(key) != fmt.Sprintf("%02d", inner) {
							t.Errorf("the inner walk came to %q, not to %d", key, inner)
						}
						return true
					}); err != nil {
						t.Error(err)
					}
					if inner != next || string(key) != fmt.Sprintf("%02d", next) {
						t.Errorf("the walk came to %q, not to %d, and the one in it to %d", key, next, inner)
					}
					next++
					return true
				})
				if err != nil || next != to {
					t.Errorf("the walk ended at %d, not at %d: %v", next, to, err)
				}
			}
		})
	}
	wg.Wait()
}
