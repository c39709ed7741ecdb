package sorted

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	pvfs "github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/storage/vfs"
)

// tableOps is a disk that counts what is done to SSTables, and fails what fail says.
type tableOps struct {
	counts map[vfs.OpKind]int
	fail   func(vfs.Op) error
}

func (o *tableOps) disk() *vfs.Fault {
	o.counts = map[vfs.OpKind]int{}
	return vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		if !strings.HasSuffix(op.Path, ".sst") {
			return nil
		}
		o.counts[op.Kind]++
		if o.fail != nil {
			return o.fail(op)
		}
		return nil
	})
}

func (o *tableOps) guard() *guard {
	return &guard{FS: o.disk(), books: "books", failed: func() error { return nil }, fail: func(error) {}}
}

// writeTable writes content in pieces of the size of blocks.
func writeTable(g *guard, name string, content []byte) error {
	f, err := g.Create(name, categoryStore)
	if err != nil {
		return err
	}
	for rest := content; len(rest) > 0; {
		n := min(len(rest), 1+len(rest)*7%9000)
		if _, err := f.Write(rest[:n]); err != nil {
			return errors.Join(err, f.Close())
		}
		rest = rest[n:]
	}
	return errors.Join(f.Sync(), f.Close())
}

func tableContent(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{3}).Read(b) // never fails
	return b
}

// TestTablesInPieces: what is written and read a block at a time goes to the disk in
// large pieces, and is what comes back, also read in no order.
func TestTablesInPieces(t *testing.T) {
	for _, size := range []int{0, 1, aheadBytes, gatherBytes, gatherBytes + 1, 1 << 20} {
		var ops tableOps
		g := ops.guard()
		content := tableContent(size)
		if err := writeTable(g, "a.sst", content); err != nil {
			t.Fatal(err)
		}
		if n, most := ops.counts[vfs.OpWrite], size/gatherBytes+1; n > most {
			t.Errorf("%d bytes were written by %d writes, want at most %d", size, n, most)
		}
		f, err := g.Open("a.sst", pvfs.SequentialReadsOption)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 0, size)
		for len(got) < size {
			n := min(4000, size-len(got))
			if _, err := f.ReadAt(got[len(got):len(got)+n:size], int64(len(got))); err != nil {
				t.Fatalf("read %d at %d of %d: %v", n, len(got), size, err)
			}
			got = got[:len(got)+n]
		}
		if !bytes.Equal(got, content) {
			t.Errorf("%d bytes: something else comes back", size)
		}
		if n, most := ops.counts[vfs.OpRead], size/(aheadBytes-4000)+1; n > most {
			t.Errorf("%d bytes were read by %d reads, want at most %d", size, n, most)
		}
		for range 200 {
			from, n := rand.IntN(size+1), rand.IntN(2*aheadBytes)
			part := make([]byte, n)
			k, err := f.ReadAt(part, int64(from))
			if want := min(n, size-from); k != want || (k < n) != (err != nil) || !bytes.Equal(part[:k], content[from:from+k]) {
				t.Fatalf("read %d at %d of %d: got %d bytes, %v", n, from, size, k, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTableWriteFails: where a write of what was gathered fails, the file cannot be
// synced, whichever write it was.
func TestTableWriteFails(t *testing.T) {
	for n := 1; n <= 3; n++ {
		var ops tableOps
		ops.fail = vfs.FailFrom(n, false, errors.New("lost"), vfs.On(".sst", vfs.OpWrite))
		g := ops.guard()
		if err := writeTable(g, "a.sst", tableContent(2*gatherBytes+5)); !errors.Is(err, vfs.ErrInjected) {
			t.Errorf("write %d of 3 failed: got %v", n, err)
		}
	}
}

// TestReadAheadFails: what lies behind what is asked for and cannot be read is not
// missed.
func TestReadAheadFails(t *testing.T) {
	var ops tableOps
	bad := int64(10_000) // from here on nothing can be read
	ops.fail = func(op vfs.Op) error {
		if op.Kind == vfs.OpRead && op.Offset+int64(op.Length) > bad {
			return fmt.Errorf("%s: %w", op, vfs.ErrInjected)
		}
		return nil
	}
	g := ops.guard()
	content := tableContent(20_000)
	if err := writeTable(g, "a.sst", content); err != nil {
		t.Fatal(err)
	}
	f, err := g.Open("a.sst", pvfs.SequentialReadsOption)
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 4000)
	if n, err := f.ReadAt(part, 5000); err != nil || !bytes.Equal(part[:n], content[5000:9000]) {
		t.Errorf("before the bad place: got %d bytes, %v", n, err)
	}
	if _, err := f.ReadAt(part, 8000); !errors.Is(err, vfs.ErrInjected) {
		t.Errorf("at the bad place: got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
