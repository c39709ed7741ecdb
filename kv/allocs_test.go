//go:build !race

package kv_test

import (
	"testing"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

// TestReadAllocatesNothing: a read into memory that is there takes none. (Beside the race
// detector every transaction has memory of its own.)
func TestReadAllocatesNothing(t *testing.T) {
	txns, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer txns.Close()
	s, err := kv.Open(txns, kv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, key := t.Context(), []byte("k")
	if _, err := s.Put(ctx, "b", key, kv.Raw([]byte("value")), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	var dst []byte
	if n := testing.AllocsPerRun(1000, func() {
		if dst, _, err = s.AppendValue(ctx, dst[:0], "b", key); err != nil || string(dst) != "value" {
			t.Fatalf("%q, %v", dst, err)
		}
	}); n >= 1 {
		t.Errorf("a read allocates %v times", n)
	}
}
