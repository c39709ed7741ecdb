package txn_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/weftdb/weft/storage/txn"
)

// TestMemoryIsUsedAgain: the memory of a transaction that was committed is that of later
// ones, but not what a hook has kept of it, nor a feed, nor a copy; and not while others
// still commit.
func TestMemoryIsUsedAgain(t *testing.T) {
	s := memory(t, txn.Options{})
	var mu sync.Mutex
	var list []*txn.ChangeSet
	stop := s.OnCommit(func(set *txn.ChangeSet) {
		mu.Lock()
		list = append(list, set)
		mu.Unlock()
	})
	_, done := s.OnCommitBriefly(func(set *txn.ChangeSet) {
		mu.Lock()
		list = append(list, set.Clone())
		mu.Unlock()
	})
	feed, err := s.Feed(t.Context(), txn.FeedOptions{Now: true})
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	run := func() {
		var wg sync.WaitGroup
		for client := range 4 {
			wg.Go(func() {
				for i := range 50 {
					name := fmt.Sprintf("key %d of client %d", i, client)
					if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error {
						for n := range 3 {
							if err := tx.Put(fmt.Appendf(nil, "%s, %d", name, n), fmt.Appendf(nil, "value of %s, %d", name, n)); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	check := func(what string, set *txn.ChangeSet) {
		t.Helper()
		if len(set.Ops) != 3 {
			t.Fatalf("%s: %d writes", what, len(set.Ops))
		}
		for n, op := range set.Ops {
			if !bytes.Equal(op.Value, append([]byte("value of "), op.Key...)) || !bytes.HasSuffix(op.Key, fmt.Appendf(nil, ", %d", n)) {
				t.Fatalf("%s: %q has %q", what, op.Key, op.Value)
			}
		}
	}
	run()
	stop()
	run() // now nothing keeps the memory of others
	done()
	run()
	if len(list) != 2*200+200 {
		t.Fatalf("%d change sets", len(list))
	}
	for _, set := range list {
		check("kept", set)
	}
	for range 600 {
		set, err := feed.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		check("fed", set)
	}
}
