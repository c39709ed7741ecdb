package compress

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestCanterbury compresses the Canterbury corpus with each codec, whole and in
// blocks as SSTables and backups have them: everything comes back, and each codec
// makes of the whole corpus what it is known for.
func TestCanterbury(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files := canterbury(t, filepath.Join(root, "canterbury", "Canterbury-Corpus", "cantrbry.tar.gz"))
	if len(files) != 11 {
		t.Errorf("%d files, want 11", len(files))
	}
	for _, c := range []struct {
		codec  Codec
		block  int
		at     float64 // the raw bytes for each byte stored, at least
		atMost float64 // and at most, or it is not that codec
	}{
		{Codec{}, 1 << 20, 0.99, 1},
		{Codec{Algorithm: Snappy}, 1 << 20, 2, 3},
		{Codec{Algorithm: LZ4}, 1 << 20, 2, 3.2},
		{Codec{Algorithm: Zstd}, 1 << 20, 3.7, 6},
		{Codec{Algorithm: Zstd, Level: 1}, 1 << 20, 3.2, 6},
		{Codec{Algorithm: Zstd, Level: 9}, 1 << 20, 4, 7},
		{Codec{Algorithm: Snappy}, 8 << 10, 1.8, 3},
		{Codec{Algorithm: Zstd}, 8 << 10, 2.6, 5},
	} {
		var raw, stored int
		for name, b := range files {
			for len(b) > 0 {
				part := b[:min(c.block, len(b))]
				b = b[len(part):]
				frame := AppendFrame(nil, part, c.codec)
				got, err := AppendContent(nil, frame, len(part))
				if err != nil || !bytes.Equal(got, part) {
					t.Fatalf("%s, %s in blocks of %d: comes back as %d bytes, %v", name, c.codec, c.block, len(got), err)
				}
				raw += len(part)
				stored += len(frame)
			}
		}
		if ratio := float64(raw) / float64(stored); ratio < c.at || ratio > c.atMost {
			t.Errorf("%s in blocks of %d: %.2f to 1, want %.1f to %.1f", c.codec, c.block, ratio, c.at, c.atMost)
		} else {
			t.Logf("%s in blocks of %d: %.2f to 1", c.codec, c.block, ratio)
		}
	}
}

// canterbury reads the files of the corpus.
func canterbury(t *testing.T, path string) map[string][]byte {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the public test data is not here: set WEFT_CORPORA")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = b
	}
}
