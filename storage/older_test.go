package storage_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// TestOlderStores opens the directories in testdata/stores, which earlier versions
// wrote: "log" one that had no sorted store, "sorted" one with a sorted store and a
// range drop in its books. All hold the same. New ones may be added; none changes.
func TestOlderStores(t *testing.T) {
	names, err := os.ReadDir("testdata/stores")
	if err != nil || len(names) < 2 {
		t.Fatal(err, names)
	}
	for _, name := range names {
		t.Run(name.Name(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata/stores", name.Name()))); err != nil {
				t.Fatal(err)
			}
			for life := range 3 {
				s, err := storage.Open(vfs.OS(), dir, storage.Options{SegmentBytes: 8192, History: -1})
				if err != nil {
					t.Fatal(err)
				}
				checkOlder(t, s, life)
				if _, err := s.Checkpoint(context.Background()); err != nil {
					t.Fatal(err)
				}
				checkOlder(t, s, life)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func checkOlder(t *testing.T, s *storage.Store, life int) {
	t.Helper()
	want := map[string]string{}
	for i := range 100 {
		key, value := fmt.Sprintf("k%03d", i), "first"
		switch {
		case i == 25 || i == 26:
			value = "third"
		case i >= 20 && i < 30 || i == 99:
			continue
		case i >= 50 && i < 60:
			value = "second"
		}
		want[key] = value
	}
	if err := s.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		n := 0
		for ; it.Next(); n++ {
			if want[string(it.Key())] != string(it.Value()) {
				t.Errorf("life %d: %q is %q, want %q", life, it.Key(), it.Value(), want[string(it.Key())])
			}
		}
		if n != len(want) {
			t.Errorf("life %d: %d keys, want %d", life, n, len(want))
		}
		for i := range 100 {
			key := fmt.Sprintf("k%03d", i)
			v, ok, err := tx.Get([]byte(key))
			if err != nil || string(v) != want[key] || ok != (want[key] != "") {
				t.Errorf("life %d: get %q: got %q %v %v, want %q", life, key, v, ok, err, want[key])
			}
		}
		return it.Err()
	}); err != nil {
		t.Fatal(err)
	}
}
