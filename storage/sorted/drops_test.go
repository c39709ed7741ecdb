package sorted

import (
	"context"
	"testing"

	"github.com/weftdb/weft/storage/vfs"
)

// noEntries is an empty generation.
type noEntries struct{}

func (noEntries) Next() (*Entry, error) { return nil, nil }

// TestDropsInBooks: drops that a flush brings are there after the store is opened
// again, and each goes with its execution.
func TestDropsInBooks(t *testing.T) {
	fs, ctx := vfs.NewMem(), context.Background()
	open := func() *Store {
		s, err := Open(fs, "d", testID, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	drops := []Drop{{[]byte("a"), []byte("b"), 3}, {[]byte("c"), nil, 5}}
	s := open()
	if _, err := s.FlushGeneration(ctx, noEntries{}, Generation{Applied: 4, Drops: drops[:1]}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FlushGeneration(ctx, noEntries{}, Generation{Applied: 6, Horizon: 6, Drops: drops[1:]}); err != nil {
		t.Fatal(err)
	}
	for len(drops) > 0 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
		if got := s.Drops(); len(got) != len(drops) || !got[0].equal(&drops[0]) {
			t.Fatalf("got %v, want %v", got, drops)
		}
		if s.Applied() != 6 || s.Horizon() != 6 {
			t.Fatalf("applied %d, horizon %d, want 6", s.Applied(), s.Horizon())
		}
		if err := s.DropRange(ctx, drops[0].Lower, drops[0].Upper, drops[0].TS+1); err != nil {
			t.Fatal(err) // another drop, which takes no note away
		}
		if err := s.DropRange(ctx, drops[0].Lower, drops[0].Upper, drops[0].TS); err != nil {
			t.Fatal(err)
		}
		drops = drops[1:]
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if got := s.Drops(); len(got) != 0 {
		t.Errorf("all were executed, %v are left", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
