package bulk

import (
	"bytes"
	"io"
	"os"
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
