package sorted

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/weftdb/weft/storage/vfs"
)

// TestReserve fills the disk under a guard. What makes changes official is still
// written, into room that was kept for it, while nothing new is begun; and once there
// is room again, new files are created again.
func TestReserve(t *testing.T) {
	full := false
	room := int64(0) // what is allocated of the manifest beyond its end
	disk := vfs.NewFault(vfs.NewCrashableMem(), func(op vfs.Op) error {
		switch {
		case full && (op.Kind == vfs.OpPreallocate || op.Kind == vfs.OpWrite && room < int64(op.Length)):
			return fmt.Errorf("%s: %w", op, syscall.ENOSPC)
		case op.Kind == vfs.OpPreallocate:
			room += int64(op.Length)
		case op.Kind == vfs.OpWrite:
			room -= int64(op.Length)
		}
		return nil
	})
	if err := disk.MkdirAll("books", 0o755); err != nil {
		t.Fatal(err)
	}
	var failure error
	g := &guard{FS: disk, books: "books", failed: func() error { return failure }, fail: func(err error) { failure = err }}
	manifest, err := g.Create("books/MANIFEST-1", "")
	if err != nil {
		t.Fatal(err)
	}
	edit := make([]byte, 1000)
	write := func(n int) {
		t.Helper()
		for range n {
			if _, err := manifest.Write(edit); err != nil || failure != nil {
				t.Fatalf("writing the manifest: %v, the store: %v", err, failure)
			}
		}
	}
	create := func(want error) {
		t.Helper()
		f, err := g.Create("books/1.sst", "")
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("creating a table: got %v, want %v", err, want)
		}
		if err == nil {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(500)
	create(nil)
	full = true
	create(nil) // there is enough ahead for what this begins
	write(100)
	create(syscall.ENOSPC)
	if err := g.Link("books/1.sst", "books/2.sst"); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("linking a table: got %v, want no space", err)
	}
	write(80)
	full = false
	create(nil)
	full = true
	create(nil)
	write(180)
	if err := manifest.Close(); err != nil {
		t.Fatal(err)
	}
	create(nil) // the next manifest will say
}

// TestReserveUnsupported checks that a disk which reserves nothing is used without.
func TestReserveUnsupported(t *testing.T) {
	asked := 0
	disk := vfs.NewFault(vfs.NewCrashableMem(), func(op vfs.Op) error {
		if op.Kind == vfs.OpPreallocate {
			asked++
			return syscall.EOPNOTSUPP
		}
		return nil
	})
	g := &guard{FS: disk, books: ".", failed: func() error { return nil }, fail: func(error) {}}
	manifest, err := g.Create("MANIFEST-1", "")
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, err := manifest.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.Create("1.sst", ""); err != nil || asked != 1 {
		t.Fatalf("creating a table: %v, after asking %d times for room; want no error, once", err, asked)
	}
}
