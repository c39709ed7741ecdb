package sorted

import (
	"context"
	"fmt"
	"testing"

	"github.com/weftdb/weft/storage/vfs"
)

type sliceEntries struct {
	e []Entry
	i int
}

func (s *sliceEntries) Next() (*Entry, error) {
	if s.i == len(s.e) {
		return nil, nil
	}
	s.i++
	return &s.e[s.i-1], nil
}

func TestSmoke(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, err := Open(fs, "d", [16]byte{1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var es []Entry
	for i := range 1000 {
		es = append(es, Entry{Key: fmt.Appendf(nil, "k%05d", i), TS: uint64(i + 1), Value: fmt.Appendf(nil, "v%d", i)})
	}
	st, err := s.Flush(context.Background(), &sliceEntries{e: es}, 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", st)
	v, err := s.Get(nil, []byte("k00010"), 1000)
	t.Logf("%+v %v", v, err)
	n := 0
	it := s.NewIter(IterOptions{TS: 500, Reverse: true})
	for it.Next() {
		n++
	}
	t.Log(n, it.Close())
	if err := s.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s.Stats())
	if _, err := s.Checkpoint(context.Background(), "c"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(fs, "d", [16]byte{1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.Applied())
	s.Close()
}
