package weft_test

import (
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/vfs"
)

// TestKV: keys outlive the process, databases are apart, and a database takes its
// keys with it.
func TestKV(t *testing.T) {
	fs, ctx := vfs.NewMem(), t.Context()
	db, err := weft.Open("d", weft.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	put := func(s *kv.Store, value string) {
		t.Helper()
		if _, err := s.Put(ctx, "b", []byte("k"), kv.JSON([]byte(value)), kv.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(s *kv.Store, value string) {
		t.Helper()
		e, _, err := s.Get(ctx, "b", []byte("k"))
		if err != nil || string(e.Value.Data) != value {
			t.Errorf("got %q, want %q, %v", e.Value.Data, value, err)
		}
	}
	if _, err := db.KVIn(ctx, "sales", false); err == nil {
		t.Error("there is a database that nobody made")
	}
	sales, err := db.KVIn(ctx, "sales", true)
	if err != nil {
		t.Fatal(err)
	}
	put(db.KV(), "1")
	put(sales, "2")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = weft.Open("d", weft.Options{FS: fs}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if sales, err = db.KVIn(ctx, "sales", false); err != nil {
		t.Fatal(err)
	}
	want(db.KV(), "1")
	want(sales, "2")
	if err := db.Engine().DropDatabase(ctx, "sales"); err != nil {
		t.Fatal(err)
	}
	want(sales, "")
	want(db.KV(), "1")
}
