package txn_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestSweepDuringFlush: what a read at the horizon of a flush sees is kept until it is
// stored, even where the history passes it meanwhile. The flush stands still at its
// first SSTable while memory is swept; after a restart, the sorted store alone answers.
func TestSweepDuringFlush(t *testing.T) {
	ctx := context.Background()
	reached, goOn := make(chan struct{}), make(chan struct{})
	var armed atomic.Bool
	disk := vfs.NewMem()
	fault := vfs.NewFault(disk, func(op vfs.Op) error {
		if op.Kind == vfs.OpCreate && strings.HasSuffix(op.Path, ".sst") && armed.CompareAndSwap(true, false) {
			close(reached)
			<-goOn
		}
		return nil
	})
	c := clock.NewManual(time.Unix(1000, 0))
	b := openBacked(t, fault, txn.Options{Clock: c, History: time.Minute})
	const keys = 50
	write := func(value string, deleted func(i int) bool) {
		t.Helper()
		if err := b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
			for i := range keys {
				key := fmt.Appendf(nil, "k%02d", i)
				if deleted(i) {
					if err := tx.Delete(key); err != nil {
						return err
					}
				} else if err := tx.Put(key, []byte(value)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Checkpoint(ctx); err != nil { // makes the sorted store
		t.Fatal(err)
	}
	write("old", func(int) bool { return false })
	before := b.LastCommit()
	c.Advance(30 * time.Second)
	write("new", func(i int) bool { return i%3 == 0 })
	after := b.LastCommit()
	c.Advance(45 * time.Second) // the history begins between the two

	armed.Store(true)
	flushed := make(chan error)
	go func() {
		_, err := b.Checkpoint(ctx)
		flushed <- err
	}()
	<-reached
	c.Advance(time.Hour) // and now after both
	b.Sweep()
	close(goOn)
	if err := <-flushed; err != nil {
		t.Fatal(err)
	}
	horizon := txn.Timestamp(b.disk.Horizon())
	if horizon < before || horizon >= after {
		t.Fatalf("the flush had the horizon %d, want one between %d and %d", horizon, before, after)
	}
	b.Sweep() // nothing holds it back any more
	if st := b.Stats(); st.Stale != 0 {
		t.Errorf("%d superseded versions are left in memory after the flush", st.Stale)
	}
	b.close(t)

	b = openBacked(t, disk, txn.Options{Clock: c, History: 24 * time.Hour})
	defer func() { b.close(t) }()
	tx, err := b.Begin(ctx, txn.TxOptions{AsOf: horizon})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for i := range keys {
		if v, _, err := tx.Get(fmt.Appendf(nil, "k%02d", i)); string(v) != "old" || err != nil {
			t.Errorf("k%02d at the horizon of the flush: got %q, %v, want the old version", i, v, err)
		}
	}
}
