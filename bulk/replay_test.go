package bulk

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReplay(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), keepInMemory/8) // twice what is kept in memory
	for _, first := range []int{1, 1000, keepInMemory - 1, keepInMemory + 1, len(data) - 1, len(data)} {
		dir := t.TempDir()
		r := NewReplay(bytes.NewReader(data), dir)
		in, err := r.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, in, int64(first)); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, name := range files {
			if text, err := os.ReadFile(name); err != nil || len(text) == 0 || bytes.Contains(text, data[:16]) {
				t.Fatalf("the temporary file has %d bytes, or the input as it is: %v", len(text), err)
			}
		}
		if (first > keepInMemory) != (len(files) > 0) {
			t.Fatalf("after %d bytes there are files %v", first, files)
		}
		in, err = r.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("after %d bytes: got %d bytes, %v", first, len(got), err)
		}
		if _, err := r.Open(); err == nil {
			t.Fatal("a third reading was given")
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Fatalf("left behind: %v, %v", left, err)
		}
	}
}
