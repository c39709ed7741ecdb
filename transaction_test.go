package weft_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/kv"
)

// TestUpdate: conflicts run again and lose nothing, a failed step leaves the rest, an
// error or a panic leaves nothing.
func TestUpdate(t *testing.T) {
	ctx := t.Context()
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(ctx, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if err := db.Update(ctx, func(tx *weft.Tx) error {
					if _, err := tx.Exec(ctx, "UPDATE t SET n = n + 1 WHERE id = 1"); err != nil {
						return err
					}
					_, _, err := tx.KV().Increment(ctx, "b", []byte("n"), 1, kv.PutOptions{})
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	boom := errors.New("boom")
	if err := db.Update(ctx, func(tx *weft.Tx) error {
		if err := tx.Try(func() error {
			_, _, err := tx.KV().Increment(ctx, "b", []byte("n"), 1000, kv.PutOptions{})
			return errors.Join(err, boom)
		}); !errors.Is(err, boom) {
			t.Errorf("Try: got %v", err)
		}
		_, err := tx.Exec(ctx, "UPDATE t SET n = n + 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *weft.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM t"); err != nil {
			return err
		}
		return boom
	}); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.Update(ctx, func(tx *weft.Tx) error {
			_, _ = tx.Exec(ctx, "DELETE FROM t")
			panic("fn")
		})
	}()
	if err := db.View(ctx, func(tx *weft.Tx) error {
		rows, err := tx.Query(ctx, "SELECT n FROM t")
		if err != nil {
			return err
		}
		rows.Next()
		e, _, err := tx.KV().Get(ctx, "b", []byte("n"))
		if got := fmt.Sprint(rows.Values()[0], " ", string(e.Value.Data)); got != "201 200" {
			t.Errorf("row and key count %s, want 201 200", got)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *weft.Tx) error {
		_, err := tx.Exec(ctx, "COMMIT")
		return err
	}); !errors.Is(err, weft.ErrInvalid) {
		t.Errorf("COMMIT in Update: got %v", err)
	}
}
