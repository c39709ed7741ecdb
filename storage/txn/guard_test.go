package txn

import (
	"context"
	"errors"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
)

// TestGuard checks that what a snapshot transaction guards is validated at commit, and
// what it only reads is not.
func TestGuard(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		guard func(tx *Tx) error
		want  bool // the commit is refused
	}{
		"read":        {func(tx *Tx) error { _, _, err := tx.Get([]byte("b")); return err }, false},
		"key":         {func(tx *Tx) error { return tx.Guard([]byte("b")) }, true},
		"other key":   {func(tx *Tx) error { return tx.Guard([]byte("c")) }, false},
		"range":       {func(tx *Tx) error { return tx.GuardRange([]byte("a"), []byte("c")) }, true},
		"other range": {func(tx *Tx) error { return tx.GuardRange([]byte("c"), nil) }, false},
	} {
		s, err := NewMemory(Options{})
		if err != nil {
			t.Fatal(err)
		}
		tx, err := s.Begin(ctx, TxOptions{Isolation: Snapshot})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.guard(tx), tx.Put([]byte("x"), nil)); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(ctx, TxOptions{}, func(tx *Tx) error { return tx.Put([]byte("b"), []byte("1")) }); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(ctx); errors.Is(err, dberr.ErrConflict) != c.want {
			t.Errorf("%s: commit gives %v, want a conflict: %t", name, err, c.want)
		}
	}
}
