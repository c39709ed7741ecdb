package wal

import (
	"io"
	"testing"

	"github.com/weftdb/weft/storage/vfs"
)

// TestDumpOfRecycledFile: a file that was made ready for the next segment and not begun still has the
// header of the segment that it was. Whoever looks at the log must not take it for a begun one, or the
// end of the segment before it would look like damage.
func TestDumpOfRecycledFile(t *testing.T) {
	fs := vfs.NewMem()
	l, _, _ := opened(t, fs, "d", small, 0)
	es := entries(1, 60)
	for _, e := range es {
		put(t, l, e)
	}
	closed(t, l)
	names := l.Segments()
	if len(names) < 2 {
		t.Fatalf("%d segments: too few", len(names))
	}
	ready := fileName(segmentPrefix, names[len(names)-1].Sequence+1)
	copyFile(t, fs, names[0].Name, fs.PathJoin("d", ready))
	var records int64
	list, err := Dump(fs, "d", func(string, int64, Record) error { records++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if d := list[len(list)-1]; fs.PathBase(d.Name) != ready || d.First != 0 || d.Records != 0 || d.Ends == "" {
		t.Errorf("the file that is not begun is dumped as %+v", d)
	}
	if records != int64(len(es)) {
		t.Errorf("%d records are dumped, want %d", records, len(es))
	}
}

func copyFile(t *testing.T, fs vfs.FS, from, to string) {
	t.Helper()
	src, err := fs.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	b, err := io.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	dst, err := fs.Create(to, vfs.CategoryLog)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dst.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
}
